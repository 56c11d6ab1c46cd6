"""What a rule says, by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sod_analyzer.detect.holding import Bits
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Exclusion, Rule

#: States of a leg.
NO, UNKNOWN, YES = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom a rule about a place counts, and the duties for which it does."""

    code: int  # node code of the identity
    duties: tuple[str, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class Count:
    """What a rule that counts people found in one place; clear places too."""

    place: int
    found: int | None  # people for certain, or the size of the smallest team; None: cannot be done
    possible: int | None  # if everything unknown turns out for the worst
    members: tuple[Member, ...]
    verdict: Verdict
    reason: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """One result that an exclusion leaves out: subject offset (-1: none) and place number."""

    exclusion: Exclusion
    subject: int
    place: int


@dataclass(frozen=True)
class RuleResult:
    """What one rule says of all it judges. Parallel arrays, sorted by subject and place.

    `subject` counts from the start of `subjects`, the codes of identities, accounts or roles; a
    rule that counts people has places for subjects, and -1 here. `place` is a place number, or
    `n_places` for "all". `legs` has a row per result and a column per duty of the rule: 2 yes,
    1 unknown, 0 no. `pairs` tells through which of `lenses` each row is broken. Whoever has no row
    is clear wherever `open_places` does not say otherwise.
    """

    rule: Rule
    subjects: range
    subject: Keys
    place: Keys
    verdict: npt.NDArray[np.int64]  # Verdict.rank
    legs: Keys
    lenses: tuple[Lens, ...]
    pairs: Bits
    folded: Bits  # every duty comes from unrestricted access to a whole system
    open_places: tuple[int, ...] = ()  # places that are not evaluable for anybody
    dead: tuple[str, ...] = ()  # duties without a live way
    blind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # duty to unread systems
    reasons: Mapping[int, str] = field(default_factory=dict)  # row to why, where legs do not say
    edges: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # row to edges that show it
    counts: tuple[Count, ...] = ()  # of rules that count people, every place
    left: tuple[Left, ...] = ()  # what exclusions leave out
    blank: tuple[str, ...] = ()  # why a check could not be made at all

    @property
    def violation(self) -> Bits:
        """Which rows are violations."""
        return np.asarray(self.verdict == Verdict.VIOLATION.rank)

    @property
    def broken(self) -> Bits:
        """Which rows are broken counting all access: violations, and what gates stand before."""
        return np.asarray(self.violation | (self.verdict == Verdict.GATED.rank))

    @property
    def not_evaluable(self) -> bool:
        """Whether the rule as a whole leaves something open, beside its rows."""
        return bool(self.dead or self.open_places or self.blank)

    def rows_of(self, verdict: Verdict) -> Keys:
        """Row numbers of one verdict."""
        return np.flatnonzero(self.verdict == verdict.rank)
