"""Gaps, and which of them somebody answers for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sod_analyzer.model.access import Hides
from sod_analyzer.model.settings import Acceptance

#: Stands for the system in the id of a gap that belongs to none.
NO_SYSTEM = "-"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that could hide a conflict; open unless somebody accepted it."""

    kind: str
    system: str | None
    subject: str | None
    text: str
    hides: Hides
    source_id: str | None
    record: int | None
    accepted: str | None = None  # "owner until day: reason"

    @property
    def whole(self) -> str:
        """The id that names every gap of this kind in this system."""
        return f"{self.kind}:{self.system or NO_SYSTEM}"

    @property
    def gap_id(self) -> str:
        """The id by which this one gap can be accepted."""
        if self.subject is None:
            return self.whole
        # The subject is often a node id, which begins with the system that is named already.
        return f"{self.whole}:{self.subject.removeprefix(f'{self.system}:')}"


def accept(
    gaps: Sequence[Gap], acceptances: Iterable[Acceptance], *, as_of: date
) -> tuple[tuple[Gap, ...], tuple[Acceptance, ...]]:
    """The gaps, the accepted ones marked, in the same order; and acceptances that match none.

    An acceptance of one subject comes before one of a kind and system, and the latter's `most`
    counts only what is then left. An expired one, or one of fewer gaps than there are, leaves all
    of them open, and their text says so.
    """
    result = list(gaps)
    idle: list[Acceptance] = []
    # Longer ids first: one subject before the whole kind.
    for given in sorted(acceptances, key=lambda given: (-given.gap.count(":"), given.gap)):
        named = [n for n, gap in enumerate(gaps) if given.gap in (gap.gap_id, gap.whole)]
        if not named:
            idle.append(given)
        left = [n for n in named if result[n].accepted is None]
        for n in left:
            result[n] = _marked(result[n], given, found=len(left), as_of=as_of)
    return tuple(result), tuple(sorted(idle, key=lambda given: given.gap))


def _marked(gap: Gap, given: Acceptance, *, found: int, as_of: date) -> Gap:
    if given.until < as_of:
        text = f"{gap.text} {given.owner} accepted it until {given.until}, which has passed."
        return replace(gap, text=text)
    if given.most is not None and found > given.most:
        text = f"{gap.text} {given.owner} accepted {given.most:,} of these; there are {found:,}."
        return replace(gap, text=text)
    return replace(gap, accepted=f"{given.owner} until {given.until}: {given.reason}")
