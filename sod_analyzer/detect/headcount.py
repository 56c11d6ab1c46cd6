"""Rules about a place and all of its people: too many, too few, or too small a team.

A count has two ends: people for certain, and people if everything unknown turns out for the worst.
A rule is broken by what is certain; what only the other end breaks is not evaluable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from sod_analyzer.catalogue.places import Truth
from sod_analyzer.detect.combination import (
    gated_ways,
    in_force,
    names_place,
    places_of,
    rule_lens,
)
from sod_analyzer.detect.holding import Bits, Holding
from sod_analyzer.detect.results import Count, Left, Member, RuleResult
from sod_analyzer.detect.subjects import Population, Truths
from sod_analyzer.evaluate.lens import PLAIN, Lens, narrowings
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import distinct
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Exclusion, Rule, RuleKind

#: Duties per subject as bits of an integer.
Masks = dict[int, int]

_OPEN = frozenset({Verdict.VIOLATION, Verdict.NOT_EVALUABLE, Verdict.GATED})


class Headcount:
    """Judges one rule that counts people.

    Cost: per place one pass over those who hold a duty there; a smallest team takes as many steps
    as there are distinct combinations of duties, times two to the number of duties.
    """

    def __init__(
        self,
        engine: Engine,
        rule: Rule,
        population: Population,
        holdings: Mapping[Lens, Holding],
        *,
        unknown_systems: frozenset[str],
    ) -> None:
        self.engine = engine
        self.rule = rule
        self.population = population
        self.holdings = holdings
        self.unknown_systems = unknown_systems
        self.columns = engine.columns
        self.full = (1 << len(rule.duties)) - 1
        self.lens = self._lens()
        self.truths: Truths = self._about()
        self.gated = gated_ways(engine, rule)

    def _lens(self) -> Lens:
        if self.rule.kind is RuleKind.MIN_HOLDERS:
            # Whoever must be able to act when it matters has the right now, surely and alone.
            return replace(PLAIN, alone=True)
        return rule_lens(self.rule)

    def _about(self) -> Truths:
        """Whom the rule counts: YES for certain, UNKNOWN if the worst is true."""
        people = self.population
        if self.rule.kind is RuleKind.MIN_PEOPLE:
            sure, maybe = ~people.workloads, ~people.workloads
        elif self.rule.kind is RuleKind.MIN_HOLDERS:
            sure, maybe = people.active_people, people.active_people | people.maybe_people
        else:
            sure, maybe = people.known_people, people.known_people | people.maybe_people
        unsure = np.where(maybe, np.int8(Truth.UNKNOWN), np.int8(Truth.NO))
        about = np.where(sure, np.int8(Truth.YES), unsure)
        if self.rule.subjects:
            about = np.minimum(about, people.fits(self.rule.subjects))
        return about

    def result(self) -> RuleResult:
        """The rule's verdict on every place in which its duties can exist."""
        rule = self.rule
        dead = tuple(d for d in rule.duties if not self.columns.is_live(d))
        counts = tuple(self._count(place, dead) for place in self._places(rule))
        counts, left = self._exclusions(counts)
        rows = [count for count in counts if count.verdict is not Verdict.CLEAR]
        n = len(rows)
        verdict = np.array([count.verdict.rank for count in rows], dtype=np.int64)
        lenses = narrowings(self.lens)
        legs = np.array(
            [[self._state(count, duty) for duty in rule.duties] for count in rows], dtype=np.int64
        ).reshape(n, len(rule.duties))
        return RuleResult(
            rule,
            self.population.range,
            np.full(n, -1, dtype=np.int64),
            np.array([count.place for count in rows], dtype=np.int64),
            verdict,
            legs,
            lenses,
            np.zeros((n, len(lenses)), dtype=bool),
            np.zeros(n, dtype=bool),
            dead=dead,
            blind=self._blind(),
            reasons={row: count.reason for row, count in enumerate(rows) if count.reason},
            counts=counts,
            left=left,
            blank=() if dead else self._nowhere(),
        )

    def _nowhere(self) -> tuple[str, ...]:
        """Why nothing was counted: whoever has a duty everywhere has it in no known place."""
        if self._places(replace(self.rule, only_tiers=())):
            return ()
        all_ = "all of these duties" if len(self.rule.duties) > 1 else "this duty"
        return (f"no {self.rule.scope} is known in which {all_} can exist, so nobody was counted",)

    def _state(self, count: Count, duty: str) -> int:
        states = [2 if m.sure else 1 for m in count.members if duty in m.duties]
        return max(states, default=0)

    def _places(self, rule: Rule) -> list[int]:
        """The places in which every duty can exist: it has a way in their systems."""
        reachable, nothing = self.columns.reachable, frozenset[int]()
        return [
            int(place)
            for place in places_of(self.engine, rule)
            if place != self.engine.unmapped
            and all(
                not reachable.get(int(place), nothing).isdisjoint(
                    self.columns.ways_of.get(duty, ())
                )
                for duty in self.rule.duties
            )
        ]

    # -- one place -------------------------------------------------------------------------------

    def _count(self, place: int, dead: Sequence[str]) -> Count:
        sure = self._masks(self.lens, place, int(Truth.YES))
        possible = self._masks(replace(self.lens, possible=True), place, int(Truth.UNKNOWN))
        unread = self._unread(place)
        judge = self._team if self.rule.kind is RuleKind.MIN_PEOPLE else self._number
        count = judge(place, sure, possible, unread=unread, dead=dead)
        if count.verdict is not Verdict.VIOLATION or not any(self.gated.values()):
            return count
        # Gated only where nothing unknown could break the rule without anybody's approval.
        alone = self._masks(self.lens, place, int(Truth.YES), gates=True)
        lens = replace(self.lens, possible=True)
        perhaps = self._masks(lens, place, int(Truth.UNKNOWN), gates=True)
        without = judge(place, alone, perhaps, unread=unread, dead=dead)
        nobody = without.possible is None and not unread and not dead
        if without.verdict is Verdict.CLEAR or nobody:
            return replace(count, verdict=Verdict.GATED)
        return count

    def _masks(self, lens: Lens, place: int, least: int, *, gates: bool = False) -> Masks:
        """The duties of everyone who counts at least so surely and has one there, as bits.

        With `gates`, duties that the rule names gates for count only as far as held alone.
        """
        holding = self.holdings[lens]
        alone = self.holdings[replace(lens, alone=True)] if gates else None
        masks: Masks = {}
        for bit, duty in enumerate(self.rule.duties):
            held = holding.who(duty, place, gated=self.gated[duty], alone=alone)
            held = held[self.truths[held] >= least]
            for _, fits in self._sparing(place):
                held = held[~fits[held]]
            for subject in held.tolist():
                masks[subject] = masks.get(subject, 0) | 1 << bit
        return masks

    def _sparing(self, place: int) -> list[tuple[Exclusion, Bits]]:
        """Exclusions that leave out some people here, each with whom."""
        return [
            (exclusion, fits)
            for exclusion, fits in self._spared
            if not exclusion.places or names_place(self.engine, self.rule, exclusion, place)
        ]

    @cached_property
    def _spared(self) -> list[tuple[Exclusion, Bits]]:
        return [
            (exclusion, np.asarray(self.population.fits(exclusion.subjects) == int(Truth.YES)))
            for exclusion in in_force(self.engine, self.rule)
            if exclusion.subjects
        ]

    def _unread(self, place: int) -> list[str]:
        """Systems that were not read and in which somebody may have a duty of this place."""
        return [system for system, open_ in self._open.items() if place in open_]

    @cached_property
    def _open(self) -> Mapping[str, frozenset[int]]:
        """By system that was not read: the places of which it may say more."""
        ways = {w for duty in self.rule.duties for w in self.columns.ways_of.get(duty, ())}
        return {
            system: frozenset(
                place
                for place, possible in self.columns.ways_touching([system]).items()
                if not possible.isdisjoint(ways)
            )
            for system in sorted(self.unknown_systems)
        }

    def _number(
        self,
        place: int,
        sure: Masks,
        possible: Masks,
        *,
        unread: Sequence[str],
        dead: Sequence[str],
    ) -> Count:
        rule = self.rule
        found, worst = len(sure), len(possible)
        too_many = rule.kind is RuleKind.MAX_HOLDERS
        broken = found > rule.count if too_many else worst < rule.count
        doubtful = worst > rule.count if too_many else found < rule.count
        reason = None
        if too_many and broken:
            verdict = Verdict.VIOLATION
        elif dead:
            verdict, reason = Verdict.NOT_EVALUABLE, "nothing that was read lets anyone do it"
        elif unread:
            verdict = Verdict.NOT_EVALUABLE
            reason = f"{', '.join(unread)} was not read completely, so there may be more"
            if not too_many and found >= rule.count:
                verdict, reason = Verdict.CLEAR, None
        elif broken:
            verdict = Verdict.VIOLATION
        elif doubtful:
            verdict = Verdict.NOT_EVALUABLE
            reason = (
                f"{found} for certain, {worst} if everyone counts whose right or person is not "
                "certain"
            )
        else:
            verdict = Verdict.CLEAR
        return Count(place, found, worst, self._members(sure, possible), verdict, reason)

    def _team(
        self,
        place: int,
        sure: Masks,
        possible: Masks,
        *,
        unread: Sequence[str],
        dead: Sequence[str],
    ) -> Count:
        rule = self.rule
        team, worst = smallest_team(sure, self.full), smallest_team(possible, self.full)
        found = None if team is None else len(team)
        least = None if worst is None else len(worst)
        members = self._members(team or {}, (worst or {}) if team is None else {})
        reason = None
        if found is not None and found < rule.count:
            verdict = Verdict.VIOLATION
        elif dead:
            verdict = Verdict.NOT_EVALUABLE
            reason = f"cannot be done: nothing that was read lets anyone {self._list(dead)}"
        elif unread:
            verdict = Verdict.NOT_EVALUABLE
            reason = f"{', '.join(unread)} was not read completely, so the team may be smaller"
        elif least is not None and least < rule.count:
            verdict = Verdict.NOT_EVALUABLE
            reason = f"{least} could do it, if what is not certain is true"
            members = self._members({}, worst or {})
        elif found is None:
            verdict = Verdict.NOT_EVALUABLE
            held = 0
            for mask in sure.values():
                held |= mask
            lacking = [d for bit, d in enumerate(rule.duties) if not held >> bit & 1]
            reason = f"cannot be done: nobody has {self._list(lacking)}"
        else:
            verdict = Verdict.CLEAR
        return Count(place, found, least, members, verdict, reason)

    def _list(self, duties: Sequence[str]) -> str:
        return " or ".join(duties)

    def _members(self, sure: Masks, possible: Masks) -> tuple[Member, ...]:
        members = [self._member(subject, mask, sure=True) for subject, mask in sure.items()]
        members += [
            self._member(subject, mask, sure=False)
            for subject, mask in possible.items()
            if subject not in sure
        ]
        return tuple(sorted(members, key=lambda m: (not m.sure, m.code)))

    def _member(self, subject: int, mask: int, *, sure: bool) -> Member:
        duties = tuple(d for bit, d in enumerate(self.rule.duties) if mask >> bit & 1)
        return Member(self.population.range.start + subject, duties, sure)

    # -- exclusions and unread systems -----------------------------------------------------------

    def _exclusions(self, counts: tuple[Count, ...]) -> tuple[tuple[Count, ...], tuple[Left, ...]]:
        """Leave out the places that an exclusion is about; in others, say who is not counted."""
        stays: list[Count] = []
        left: list[Left] = []
        about = [e for e in in_force(self.engine, self.rule) if e.places and not e.subjects]
        for count in counts:
            by = [e for e in about if names_place(self.engine, self.rule, e, count.place)]
            if not by:
                stays.append(count)
            elif count.verdict in _OPEN:
                left.append(Left(by[0], -1, count.place))
        for count in stays:
            left += self._not_counted(count.place)
        return tuple(stays), tuple(left)

    def _not_counted(self, place: int) -> list[Left]:
        """Whoever would count here, were it not for an exclusion; each under the first of them."""
        sparing = self._sparing(place)
        if not sparing:
            return []
        holding = self.holdings[replace(self.lens, possible=True)]
        held = distinct(np.concatenate([holding.who(duty, place) for duty in self.rule.duties]))
        held = held[self.truths[held] != int(Truth.NO)]
        left: list[Left] = []
        for exclusion, fits in sparing:
            left += [Left(exclusion, subject, place) for subject in held[fits[held]].tolist()]
            held = held[~fits[held]]
        return left

    def _blind(self) -> Mapping[str, tuple[str, ...]]:
        return {
            duty: tuple(s for s in self.columns.systems_of(duty) if s in self.unknown_systems)
            for duty in self.rule.duties
        }


def smallest_team(masks: Masks, full: int) -> Masks | None:
    """The fewest subjects who have every bit of `full` together, each with what it does; or None.

    Of several smallest teams the one with the smallest subjects. Each of its members is given
    only duties that no earlier member has.
    """
    first: dict[int, int] = {}
    for subject in sorted(masks):
        first.setdefault(masks[subject], subject)
    best: dict[int, tuple[int, ...]] = {0: ()}
    for _ in range(full.bit_count()):
        if full in best:
            break
        for have, team in sorted(best.items()):
            for mask, subject in sorted(first.items(), key=lambda pair: pair[1]):
                more = have | mask
                option = tuple(sorted((*team, subject)))
                if more != have and (more not in best or _shorter(option, best[more])):
                    best[more] = option
    if full not in best:
        return None
    shares: Masks = {}
    taken = 0
    for subject in best[full]:
        shares[subject] = masks[subject] & ~taken
        taken |= masks[subject]
    return shares


def _shorter(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return (len(one), one) < (len(other), other)
