"""Rules about one subject at a time: so many duties together, in one place.

Each duty of a rule is yes, no or unknown in a place. With at least `count` yes it is broken; with
fewer even if every unknown were a yes it is clear; in between nobody can say. What is broken only
by rights that a gate stands before is gated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sod_analyzer.catalogue.globs import matches
from sod_analyzer.catalogue.places import PlaceKind, Truth
from sod_analyzer.detect.holding import Bits, Holding
from sod_analyzer.detect.results import Left, RuleResult
from sod_analyzer.detect.subjects import Population
from sod_analyzer.evaluate.lens import Lens, lens_of, narrowings
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys, among, distinct
from sod_analyzer.model.finding import PLACE_ALL, Verdict
from sod_analyzer.model.ruleset import Exclusion, Holder, Rule, RuleKind, ScopeKind

#: The places that a rule of each scope is judged in.
PLACES_OF = {
    ScopeKind.APPLICATION: (PlaceKind.APPLICATION, PlaceKind.UNMAPPED),
    ScopeKind.RESOURCE: (PlaceKind.RESOURCE,),
    ScopeKind.SYSTEM: (PlaceKind.SYSTEM,),
    ScopeKind.ANYWHERE: (PlaceKind.ANYWHERE,),
}
#: Scopes in which someone may hold every duty over all there is; then one row says so.
_FOLDS_TO_ALL = frozenset({ScopeKind.APPLICATION, ScopeKind.RESOURCE})
#: What names every place in an exclusion, whether or not there is one.
_EVERY_PLACE = frozenset({PLACE_ALL, "*"})


def rule_lens(rule: Rule) -> Lens:
    """The lens through which a rule looks at its subjects."""
    return replace(
        lens_of(rule.counts),
        roles=rule.holder is Holder.ROLE,
        longer_than=rule.count if rule.kind is RuleKind.MAX_GRANT_HOURS else None,
    )


def duties_needed(rule: Rule) -> int:
    """How many of its duties break a rule about one subject."""
    return 1 if rule.kind is RuleKind.MAX_GRANT_HOURS else rule.count


@dataclass(frozen=True)
class _Seen:
    """One lens over one rule: the places where enough duties are held.

    Places of whoever holds them over everything may be missing.
    """

    pairs: Keys
    all: Bits


@dataclass(frozen=True)
class Found:
    """Subjects and places in their order, and whether the rule is broken there for certain."""

    subject: Keys
    place: Keys
    broken: Bits


class Combination:
    """Judges one rule over one population.

    `holding` gives what a lens sees of the population; holdings are shared between rules.
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
        self.count = duties_needed(rule)
        self.lens = rule_lens(rule)
        self.truths = population.judged(rule)
        self.judged: Bits = np.asarray(self.truths != int(Truth.NO), dtype=bool)
        self.n_places = engine.n_places
        self.columns = engine.columns
        #: Ways that a gate may stand before, by duty.
        self.gated = gated_ways(engine, rule)

    @cached_property
    def found(self) -> Found:
        """Every place of every subject that is broken or cannot be judged."""
        lens, n_places = self.lens, self.n_places
        known = self._seen(lens, None)
        blanks = self._blanks
        widest = replace(lens, possible=True)
        open_ = bool(blanks[:, self.places].any()) or not self.engine.same(lens, widest)
        possible = self._seen(widest, blanks, known) if open_ else known
        everywhere = np.flatnonzero(known.all & self.judged)
        sure = self._judged(known.pairs, without=everywhere)
        sure = sure[sure % n_places != self.engine.unmapped]
        maybe = self._judged(possible.pairs, without=everywhere)
        maybe = maybe[~among(maybe, sure)] if open_ or len(maybe) > len(sure) else maybe[:0]
        subject = np.concatenate([everywhere, sure // n_places, maybe // n_places])
        place = np.concatenate(
            [np.full(len(everywhere), n_places), sure % n_places, maybe % n_places]
        )
        broken = np.concatenate(
            [np.ones(len(everywhere) + len(sure), dtype=bool), np.zeros(len(maybe), dtype=bool)]
        )
        if len(everywhere) or len(maybe):
            order = np.lexsort((place, subject))
            subject, place, broken = subject[order], place[order], broken[order]
        return Found(subject, place, broken)

    @cached_property
    def _dead(self) -> tuple[str, ...]:
        """Duties that nothing lets anyone do."""
        return tuple(d for d in self.rule.duties if not self.columns.is_live(d))

    @cached_property
    def _blanks(self) -> Bits:
        return self.blanks(self._dead)

    def result(self) -> RuleResult:
        """The rule's verdict on every subject and place."""
        rule, lens, dead, blanks = self.rule, self.lens, self._dead, self._blanks
        subject, place, broken = self.found.subject, self.found.place, self.found.broken
        kept, left = self._exclusions(subject, place)
        subject, place, broken = subject[kept], place[kept], broken[kept]
        verdict, reasons = self._verdicts(subject, place, broken, blanks)
        lenses = narrowings(lens)
        return RuleResult(
            rule,
            self.population.range,
            subject,
            place,
            verdict,
            self._legs(subject, place, blanks),
            lenses,
            self._seen_by(lenses, subject, place, broken) & broken[:, None],
            self._folded(subject, place) & broken,
            open_places=tuple(self._open_places(blanks).tolist()),
            dead=dead,
            blind=self.blind(),
            reasons=reasons,
            left=left,
        )

    def _seen_by(self, lenses: Sequence[Lens], subject: Keys, place: Keys, broken: Bits) -> Bits:
        """A column for each lens: does it see what the rule's own lens sees, which is `broken`?"""
        seen: list[tuple[Lens, Bits]] = [(self.lens, broken)]
        columns = []
        for lens in lenses:
            column = next((bits for other, bits in seen if self.engine.same(lens, other)), None)
            if column is None:
                column = self.holds(lens, subject, place)
                seen.append((lens, column))
            columns.append(column)
        return np.stack(columns, axis=1)

    def _open_places(self, blanks: Bits) -> Keys:
        """Where so much is unknown for everyone that anybody may break the rule."""
        open_ = blanks[:, self.places].sum(axis=0) >= self.count
        return np.asarray(self.places[open_ & (self.places != self.engine.unmapped)])

    def _folded(self, subject: Keys, place: Keys) -> Bits:
        """What holds by unrestricted access to whole systems alone."""
        if not len(self.columns.whole):
            return np.zeros(len(subject), dtype=bool)
        return self.holds(replace(self.lens, only_unrestricted=True), subject, place)

    def places_seen(self, lens: Lens) -> tuple[Keys, Keys]:
        """Subjects and places where a lens sees enough duties, for everyone judged.

        A subject that has them over everything has the one place `n_places`. Sorted by subject and
        place. What no application claims is left out: there nothing is certain. So is what an
        exclusion leaves out, and whoever the rule may not be about.
        """
        seen = self._seen(lens, None)
        about: Bits = np.asarray(self.truths == int(Truth.YES), dtype=bool)
        everywhere = np.flatnonzero(seen.all & about)
        pairs = self._judged(seen.pairs, without=everywhere)
        pairs = pairs[(pairs % self.n_places != self.engine.unmapped)]
        pairs = pairs[about[pairs // self.n_places]]
        subject = np.concatenate([everywhere, pairs // self.n_places])
        place = np.concatenate([np.full(len(everywhere), self.n_places), pairs % self.n_places])
        kept, _ = self._exclusions(subject, place)
        pairs = distinct(subject[kept] * (self.n_places + 1) + place[kept])
        return pairs // (self.n_places + 1), pairs % (self.n_places + 1)

    # -- one lens --------------------------------------------------------------------------------

    @cached_property
    def places(self) -> Keys:
        """Numbers of the places that the rule is judged in."""
        return places_of(self.engine, self.rule)

    def _seen(self, lens: Lens, blanks: Bits | None, known: _Seen | None = None) -> _Seen:
        """Where enough duties are held; with `blanks`, counting what is unknown for everyone.

        Whoever has them over everything, here or as far as is `known`, may have no further places:
        one row says so, and looking them up one by one would take long.
        """
        rule, n_places, places = self.rule, self.n_places, self.places
        holding = self.holdings[lens]
        judged = np.zeros(n_places, dtype=bool)
        judged[places] = True
        if blanks is not None and not blanks[:, places].any():
            blanks = None
        everything = np.zeros(len(self.population.range), dtype=bool)
        named = places[places != self.engine.unmapped]
        if rule.scope in _FOLDS_TO_ALL and (len(named) or not rule.only_tiers):
            everything = self._cover(holding).sum(axis=1) >= self.count
        asked = ~(everything if known is None else known.all)
        there = np.empty(0, dtype=np.int64)
        if blanks is None:
            # What somebody has in a place itself can be told cell by cell. Covers, and what lies
            # in no known place, are looked at pair by pair.
            there = holding.several(rule.duties, self.count, judged)
            lost = np.arange(n_places) == self.engine.unmapped
            candidates = holding.candidates(rule.duties, judged & lost)
            wide = holding.over_something
            wide = wide[asked[wide]]
            if len(wide):
                covering = holding.candidates_of(wide, rule.duties, judged)
                candidates = np.concatenate([candidates, covering])
        else:
            candidates = holding.candidates(rule.duties, judged)
        covers = np.sum([holding.covers_some(duty) for duty in rule.duties], axis=0)
        free = int(blanks[:, places].sum(axis=0).max(initial=0)) if blanks is not None else 0
        wide = np.flatnonzero((covers >= max(1, self.count - free)) & asked)
        further = [(wide[:, None] * n_places + places[None, :]).ravel()]
        if rule.scope is ScopeKind.APPLICATION:
            # One duty over a whole system reaches what nobody placed there as well.
            further.append(np.flatnonzero((covers > 0) & asked) * n_places + self.engine.unmapped)
        candidates = distinct(np.concatenate([candidates, *further]))
        legs = self._held(holding, candidates)
        if blanks is not None:
            legs = self._with_blanks(legs, blanks, candidates % n_places)
        enough = legs.sum(axis=1) >= self.count
        pairs = candidates[enough]
        if len(there):
            pairs = distinct(np.concatenate([there, pairs])) if len(pairs) else there
        return _Seen(pairs, everything)

    def _with_blanks(self, legs: Bits, blanks: Bits, place: Keys) -> Bits:
        """Legs, and what is unknown for everyone; in `unmapped` only beside a leg that is there."""
        counts = (place != self.engine.unmapped) | legs.any(axis=1)
        return np.asarray(legs | (blanks[:, place].T & counts[:, None]))

    def _cover(self, holding: Holding, alone: Holding | None = None) -> Bits:
        """Per subject and duty: held over everything there is."""
        return np.stack(
            [
                holding.covers_all(duty, gated=self.gated[duty], alone=alone)
                for duty in self.rule.duties
            ],
            axis=1,
        )

    def _held(self, holding: Holding, pairs: Keys, alone: Holding | None = None) -> Bits:
        """Per pair and duty: held there. In `unmapped`, a duty held anywhere may count too."""

        def at(spots: Keys) -> Bits:
            return holding.legs(self.rule.duties, spots, gated=self.gated, alone=alone)

        legs = at(pairs)
        n_places = self.n_places
        lost = np.flatnonzero((pairs % n_places == self.engine.unmapped) & legs.any(axis=1))
        if len(lost):
            legs[lost] |= at(pairs[lost] // n_places * n_places)
        return legs

    def holds(
        self,
        lens: Lens,
        subject: Keys,
        place: Keys,
        *,
        gates: bool = False,
        blanks: Bits | None = None,
    ) -> Bits:
        """For each (subject, place), places beyond the last meaning "all": does the lens see it?

        With `gates`, the duties that the rule names gates for count only as far as held alone.
        With `blanks`, what is unknown for everyone counts as held.
        """
        holding = self.holdings[lens]
        alone = self.holdings[replace(lens, alone=True)] if gates else None
        everywhere = place == self.n_places
        pairs = subject * self.n_places + np.where(everywhere, 0, place)
        legs = self._held(holding, pairs, alone)
        if blanks is not None:
            legs = self._with_blanks(legs, blanks, pairs % self.n_places)
        answer = legs.sum(axis=1) >= self.count
        if everywhere.any():
            covered = self._cover(holding, alone).sum(axis=1) >= self.count
            answer = np.where(everywhere, covered[subject], answer)
        return np.asarray(answer, dtype=bool)

    def _legs(self, subject: Keys, place: Keys, blanks: Bits) -> Keys:
        n_places, lens = self.n_places, self.lens
        everywhere = place == n_places
        pairs = subject * n_places + np.where(everywhere, 0, place)
        yes = self._held(self.holdings[lens], pairs)
        maybe = self._held(self.holdings[replace(lens, possible=True)], pairs)
        maybe = self._with_blanks(maybe, blanks, np.where(everywhere, 0, place))
        if everywhere.any():
            covered = self._cover(self.holdings[lens])[subject]
            yes = np.where(everywhere[:, None], covered, yes)
        # In `unmapped` nothing is more than unknown: the places may not be the same.
        yes &= (place != self.engine.unmapped)[:, None]
        return np.where(yes, 2, np.where(maybe, 1, 0)).astype(np.int64)

    def _judged(self, pairs: Keys, *, without: Keys) -> Keys:
        subject = pairs // self.n_places
        return pairs[self.judged[subject] & ~among(subject, without)]

    # -- verdicts --------------------------------------------------------------------------------

    def _verdicts(
        self, subject: Keys, place: Keys, broken: Bits, blanks: Bits
    ) -> tuple[Keys, Mapping[int, str]]:
        verdict = np.where(broken, Verdict.VIOLATION.rank, Verdict.NOT_EVALUABLE.rank)
        doubtful = self.truths[subject] == int(Truth.UNKNOWN)
        if any(self.gated.values()):
            # Only what could not be broken alone in any case is known to be gated.
            lens = replace(self.lens, possible=True)
            alone = self.holds(lens, subject, place, gates=True, blanks=blanks)
            # Of everything, a source that was not read may be a way around any gate.
            alone |= (place == self.n_places) & bool(self._unread())
            verdict = np.where(broken & ~alone, Verdict.GATED.rank, verdict)
        violation = verdict == Verdict.VIOLATION.rank
        verdict = np.where(violation & doubtful, Verdict.NOT_EVALUABLE.rank, verdict)
        reasons = {int(row): self._whether() for row in np.flatnonzero(violation & doubtful)}
        return verdict.astype(np.int64), reasons

    def _unread(self) -> list[str]:
        """Systems that were not read and in which a duty of the rule may be had."""
        return sorted({system for systems in self.blind().values() for system in systems})

    def _whether(self) -> str:
        about = str(self.rule.subjects) or f"anyone but {self.rule.allowed}"
        return f"the rule is about {about}, and nobody knows whether they are"

    def _exclusions(self, subject: Keys, place: Keys) -> tuple[Keys, tuple[Left, ...]]:
        """Row numbers that stay, and what was left out."""
        stays = np.ones(len(subject), dtype=bool)
        left: list[Left] = []
        for exclusion in in_force(self.engine, self.rule):
            fits = np.ones(len(subject), dtype=bool)
            if exclusion.subjects:
                certain = self.population.fits(exclusion.subjects) == int(Truth.YES)
                fits &= certain[subject]
            if exclusion.places:
                spots, spot = np.unique(place, return_inverse=True)
                named = np.array(
                    [names_place(self.engine, self.rule, exclusion, n) for n in spots.tolist()],
                    dtype=bool,
                )
                fits &= named[spot]
            left += [
                Left(exclusion, int(subject[row]), int(place[row]))
                for row in np.flatnonzero(fits & stays)
            ]
            stays &= ~fits
        return np.flatnonzero(stays), tuple(left)

    # -- what is unknown for everybody -----------------------------------------------------------

    def blanks(self, dead: tuple[str, ...]) -> Bits:
        """Per duty and place: would the data of a system that was not read say who has it?"""
        rule, columns = self.rule, self.columns
        blanks = np.zeros((len(rule.duties), self.n_places), dtype=bool)
        unread = columns.ways_touching(self.unknown_systems)
        for row, duty in enumerate(rule.duties):
            if duty in dead:
                blanks[row, self.places] = True
                continue
            ways = set(columns.ways_of.get(duty, ()))
            for place, possible in unread.items():
                if ways & possible:
                    blanks[row, place] = True
        # Nobody knows what in a system that was not read lies where nobody placed it.
        blanks[:, self.engine.unmapped] |= blanks[:, 0]
        return blanks

    def blind(self) -> Mapping[str, tuple[str, ...]]:
        """The systems that should have been read, by duty."""
        return {
            duty: tuple(s for s in self.columns.systems_of(duty) if s in self.unknown_systems)
            for duty in self.rule.duties
        }


def gated_ways(engine: Engine, rule: Rule) -> Mapping[str, tuple[int, ...]]:
    """By duty of a rule: the ways of those duties that it names gates for."""
    columns = engine.columns
    return {
        duty: tuple(
            way
            for way in columns.ways_of.get(duty, ())
            if columns.ways[way].base in rule.gates or duty in rule.gates
        )
        for duty in rule.duties
    }


def places_of(engine: Engine, rule: Rule) -> Keys:
    """Numbers of the places that a rule is judged in; of certain tiers where it says so."""
    kinds = PLACES_OF[rule.scope]
    atlas = engine.columns.atlas
    return np.array(
        [
            n
            for n, place in enumerate(atlas.places)
            if place.kind in kinds
            and (
                not rule.only_tiers
                or place.kind is not PlaceKind.APPLICATION
                or atlas.tiers[place.key] in rule.only_tiers
            )
        ],
        dtype=np.int64,
    )


def in_force(engine: Engine, rule: Rule) -> tuple[Exclusion, ...]:
    """The exclusions of a rule that are not over."""
    day = engine.edges.as_of
    return tuple(e for e in rule.exclusions if e.until is None or day <= e.until)


def names_place(engine: Engine, rule: Rule, exclusion: Exclusion, number: int) -> bool:
    """Whether an exclusion is about a place; about "all" when it is about every one of them."""
    places = engine.columns.atlas.places
    if number < len(places):
        return any(matches(glob, places[number].label) for glob in exclusion.places)
    # Word for word: a pattern such as `a*` is about applications, and "all" is none.
    if not _EVERY_PLACE.isdisjoint(exclusion.places):
        return True
    named = [n for n in places_of(engine, rule).tolist() if n != engine.unmapped]
    return bool(named) and all(names_place(engine, rule, exclusion, n) for n in named)
