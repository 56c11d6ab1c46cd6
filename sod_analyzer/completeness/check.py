"""Whether the input allows a clean bill: gaps, exceptions, and the one line that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from sod_analyzer.completeness.gaps import NO_SYSTEM, Gap, accept
from sod_analyzer.completeness.reconcile import reconcile
from sod_analyzer.completeness.sources import cover, in_scope
from sod_analyzer.model.access import Hides, Snapshot
from sod_analyzer.model.finding import EXCEPTIONS, Completeness
from sod_analyzer.model.rows import Rows, shown
from sod_analyzer.model.settings import CONFIG_SOURCE, UNREAD, Acceptance, Unread

_EFFECT = {Hides.YES: 0, Hides.UNKNOWN: 1, Hides.NO: 2}
_MOST_KINDS = 4


@dataclass(frozen=True)
class CompletenessResult:
    """What the input leaves open.

    `unknown_systems` has, by system, why nothing certain can be said about duties there.
    """

    completeness: Completeness
    gaps: tuple[Gap, ...]  # sorted like the exceptions
    exceptions: pa.Table  # EXCEPTIONS
    unknown_systems: Mapping[str, str]
    _snapshot: Snapshot
    _as_of: date
    _known: pa.Table | None = None

    @cached_property
    def reconciliation(self) -> pa.Table:
        """RECONCILIATION rows. Cost: a pass over all accounts, which few who ask want."""
        return reconcile(self._snapshot, as_of=self._as_of) if self._known is None else self._known


def check(
    snapshot: Snapshot,
    *,
    max_skew_days: int,
    accepted_gaps: Iterable[Acceptance],
    as_of: date | None = None,
    further: pa.Table | None = None,
    unread: Mapping[str, tuple[Unread, ...]] = UNREAD,
    reconciliation: pa.Table | None = None,
) -> CompletenessResult:
    """Everything about the input that could hide a conflict, open or accepted.

    `as_of` is the day to judge, the snapshot's unless given; `further` are issues (ISSUES) found
    after the import, such as resources that no application claims. Systems that are not in scope
    have exceptions but no gaps. The reconciliation is made when it is asked for, unless it is given
    from an earlier check of the same snapshot and day.
    """
    day = as_of or snapshot.as_of
    coverage = cover(snapshot, as_of=day, max_skew_days=max_skew_days, unread=unread)
    tables = [snapshot["issues"], coverage.issues, *([] if further is None else [further])]
    outside = _outside(snapshot)
    could: list[Gap] = []
    harmless: list[Gap] = []
    for table in tables:
        for row in table.to_pylist():
            gap = _gap(row)
            is_gap = gap.hides is not Hides.NO and gap.system not in outside
            (could if is_gap else harmless).append(gap)
    gaps, idle = accept(could, accepted_gaps, as_of=day)
    printer = _Printer(snapshot)
    ordered = sorted(gaps, key=printer.order)
    exceptions = _exceptions(printer, ordered, harmless, idle)
    return CompletenessResult(
        _verdict(ordered),
        tuple(ordered),
        exceptions,
        coverage.unknown,
        snapshot,
        day,
        reconciliation,
    )


def _outside(snapshot: Snapshot) -> frozenset[str]:
    """The declared systems that are not in scope."""
    declared = snapshot["systems"].column("system").to_pylist()
    return frozenset(declared).difference(in_scope(snapshot))


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        row["kind"],
        row["system"],
        row["subject"],
        row["text"],
        Hides(row["hides"]),
        row["source_id"],
        row["record"],
    )


class _Printer:
    """How places in sources are printed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._sources: Mapping[str, Mapping[str, Any]] = {
            row["source_id"]: row for row in snapshot["sources"].to_pylist()
        }

    def file(self, gap: Gap) -> str | None:
        """The path of the file that the gap points to."""
        if gap.source_id is None:
            return None
        found = self._sources.get(gap.source_id)
        return None if found is None else found["path"]

    def at(self, gap: Gap) -> str | None:
        """The record as a reader finds it."""
        if gap.record is None or gap.source_id is None:
            return None
        found = self._sources.get(gap.source_id, {}).get("record_template") or "record {record}"
        # Not str.format: a template comes from an importer, which need not be ours.
        return str(found).replace("{record}", str(gap.record))

    def order(self, gap: Gap) -> tuple[int, str, str, int, str, str, str]:
        """The order of exceptions: effect, kind, file, record, then the rest."""
        return (
            _EFFECT[gap.hides],
            gap.kind,
            self.file(gap) or "",
            -1 if gap.record is None else gap.record,
            gap.system or "",
            gap.subject or "",
            gap.text,
        )


def _exceptions(
    printer: _Printer, gaps: Sequence[Gap], harmless: Sequence[Gap], idle: Sequence[Acceptance]
) -> pa.Table:
    """Every issue, gaps or not, and acceptances that match nothing."""
    known = [(gap, gap.gap_id) for gap in gaps] + [(row, None) for row in harmless]
    known += [(_idle(given), None) for given in idle]
    table = Rows(EXCEPTIONS)
    for row, gap_id in sorted(known, key=lambda pair: printer.order(pair[0])):
        table.add(
            kind=row.kind,
            system=row.system,
            subject=row.subject,
            text=row.text,
            hides=str(row.hides),
            file=printer.file(row),
            record=row.record,
            at=printer.at(row),
            gap=gap_id,
            accepted=row.accepted,
        )
    return table.table()


def _idle(given: Acceptance) -> Gap:
    system = given.gap.split(":", 2)[1] if ":" in given.gap else NO_SYSTEM
    return Gap(
        "accepted-gap-unused",
        None if system == NO_SYSTEM else system,
        given.gap,
        f"Accepted gap '{shown(given.gap)}' matches nothing: it can be taken out.",
        Hides.NO,
        CONFIG_SOURCE,
        given.where.line,
    )


def _verdict(gaps: Sequence[Gap]) -> Completeness:
    still = Counter(gap.kind for gap in gaps if gap.accepted is None)
    accepted = sum(gap.accepted is not None for gap in gaps)
    count = still.total()
    if not count:
        line = "Complete: no gaps."
        if accepted:
            line = f"Complete but for {_counted(accepted, 'accepted gap')}."
        return Completeness(complete=True, line=line, open_gaps=0, accepted_gaps=accepted)
    most = sorted(still.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = ", ".join(f"{number:,} {kind}" for kind, number in most[:_MOST_KINDS])
    if len(most) > _MOST_KINDS:
        listed += f", {sum(number for _, number in most[_MOST_KINDS:]):,} of other kinds"
    line = f"Incomplete: {_counted(count, 'open gap')} ({listed})"
    line += f"; {_counted(accepted, 'accepted gap')}." if accepted else "."
    return Completeness(complete=False, line=line, open_gaps=count, accepted_gaps=accepted)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
