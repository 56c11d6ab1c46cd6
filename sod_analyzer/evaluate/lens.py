"""Which access is looked at: how it is had, how sure it is, and what else is let in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sod_analyzer.graph.edges import Flag
from sod_analyzer.model.ruleset import Certainty, Counts, Means


@dataclass(frozen=True, slots=True)
class Lens:
    """One way of looking. A wider lens sees everything a narrower one does.

    `possible` adds what the data leaves open, and so tells "unknown" from "no". `dormant` and
    `out_of_time` let in what does not count now; only explanations use them.
    """

    means: Means = Means.HELD
    changes: int = 0  # own-made changes, for self-grant
    conditional: bool = False
    possible: bool = False
    dormant: bool = False
    out_of_time: bool = False
    only_unrestricted: bool = False
    alone: bool = False  # without rights that somebody else must approve each time
    roles: bool = False  # parts meet in roles too, not only in accounts
    longer_than: int | None = None  # hours: without grants that are over by then

    @property
    def flags(self) -> Flag:
        """What an edge may carry to count without a change of its holder's own making."""
        allowed = Flag(0)
        if self.means is not Means.HELD:
            allowed |= Flag.ELIGIBLE
        if self.conditional:
            allowed |= Flag.CONDITIONAL
        if self.possible:
            allowed |= Flag.UNDECIDED
        if self.dormant:
            allowed |= Flag.DORMANT
        if self.out_of_time:
            allowed |= Flag.OUT_OF_TIME
        return allowed

    @property
    def pair(self) -> str:
        """Means and certainty in words, as a finding prints them."""
        certainty = Certainty.CONDITIONAL if self.conditional else Certainty.SURE
        if self.means is Means.SELF_GRANT:
            noun = "change" if self.changes == 1 else "changes"
            return f"{self.means} by {self.changes} own {noun}, {certainty}"
        return f"{self.means}, {certainty}"


#: What nobody can argue with: held now, under no condition.
PLAIN = Lens()
#: What counts by default: held or eligible, under a condition or not.
COUNTED = Lens(means=Means.ELIGIBLE, conditional=True)


def lens_of(counts: Counts) -> Lens:
    """The lens through which a rule looks."""
    means = max(counts.means, key=list(Means).index)
    return Lens(
        means=means,
        changes=counts.max_changes if means is Means.SELF_GRANT else 0,
        conditional=Certainty.CONDITIONAL in counts.certainty,
    )


def narrowings(lens: Lens) -> tuple[Lens, ...]:
    """Every (means, certainty) pair a lens includes, best first.

    Held before eligible before self-grant with ever more changes; sure before conditional.
    """
    steps: list[tuple[Means, int]] = [(Means.HELD, 0)]
    if lens.means is not Means.HELD:
        steps.append((Means.ELIGIBLE, 0))
    if lens.means is Means.SELF_GRANT:
        steps.extend((Means.SELF_GRANT, n) for n in range(1, lens.changes + 1))
    certainties = (False, True) if lens.conditional else (False,)
    return tuple(
        replace(lens, means=means, changes=changes, conditional=conditional)
        for means, changes in steps
        for conditional in certainties
    )


def best_pairs(held: list[Lens]) -> tuple[Lens, ...]:
    """Of the lenses through which something holds, those no better one makes superfluous."""
    return tuple(
        lens
        for lens in held
        if not any(other != lens and _at_least_as_good(other, lens) for other in held)
    )


def _at_least_as_good(one: Lens, other: Lens) -> bool:
    order = list(Means)
    return (order.index(one.means), one.changes) <= (
        order.index(other.means),
        other.changes,
    ) and one.conditional <= other.conditional
