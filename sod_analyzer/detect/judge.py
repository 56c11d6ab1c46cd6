"""Rules over holdings: for every subject and place a verdict, by column.

Each duty of a rule is yes, no or unknown in a place. With at least `count` yes it is a violation;
with fewer even if every unknown were a yes it is clear; in between nobody can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.detect.holding import Bits, Holding
from sod_analyzer.evaluate.lens import Lens, lens_of, narrowings
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.access import IdentityClass, NodeKind
from sod_analyzer.model.ruleset import Rule, ScopeKind

#: The places that a rule of each scope is judged in.
PLACES_OF = {
    ScopeKind.APPLICATION: (PlaceKind.APPLICATION, PlaceKind.UNMAPPED),
    ScopeKind.RESOURCE: (PlaceKind.RESOURCE,),
    ScopeKind.SYSTEM: (PlaceKind.SYSTEM,),
    ScopeKind.ANYWHERE: (PlaceKind.ANYWHERE,),
}
#: Scopes in which someone may hold every duty over all there is; then one row says so.
_FOLDS_TO_ALL = frozenset({ScopeKind.APPLICATION, ScopeKind.RESOURCE})


@dataclass(frozen=True)
class RuleResult:
    """What one rule says of everyone it judges. Parallel arrays, sorted by subject and place.

    `place` is a place number, or `n_places` for "all". `legs` has a row per result and a column
    per duty of the rule: 2 yes, 1 unknown, 0 no. `pairs` tells through which of `lenses` each
    violation holds. Subjects without a row are clear wherever `open_places` does not say otherwise.
    """

    rule: Rule
    subject: Keys
    place: Keys
    violation: Bits
    legs: Keys
    lenses: tuple[Lens, ...]
    pairs: Bits
    folded: Bits  # every duty comes from unrestricted access to a whole system
    open_places: tuple[int, ...]  # places that are not evaluable for anybody
    dead: tuple[str, ...]  # duties without a live way
    blind: Mapping[str, tuple[str, ...]]  # duty to the systems that should have been read


@dataclass(frozen=True)
class _Seen:
    """One lens over one rule: the places where enough duties are held."""

    pairs: Keys
    legs: Bits
    all: Bits


class Judge:
    """Judges rules over one engine.

    `unknown_systems` are those whose required source is missing, failed or too old: what anyone
    holds there is unknown.
    """

    def __init__(self, engine: Engine, *, unknown_systems: Iterable[str] = ()) -> None:
        self.engine = engine
        self.subjects = engine.snapshot.ranges[NodeKind.IDENTITY]
        self.unknown_systems = frozenset(unknown_systems)
        self._holdings: dict[Lens, Holding] = {}
        kinds = np.array(engine.snapshot["identities"].column("kind").to_pylist(), dtype=object)
        #: Conflict rules judge people; a workload cannot be held to account.
        self.judged: Bits = np.asarray(kinds != str(IdentityClass.WORKLOAD), dtype=bool)

    def holding(self, lens: Lens) -> Holding:
        """What a lens sees of every identity."""
        found = self._holdings.get(lens)
        if found is None:
            found = self._holdings[lens] = Holding(self.engine, lens, self.subjects)
        return found

    def judge(self, rule: Rule) -> RuleResult:
        """The rule's verdict on every identity and place."""
        lens = lens_of(rule.counts)
        dead = tuple(d for d in rule.duties if not self.engine.columns.is_live(d))
        known = self._seen(rule, lens, None)
        blanks = self._blanks(rule, dead)
        possible = self._seen(rule, replace(lens, possible=True), blanks)
        n_places = self.engine.n_places
        everywhere = np.flatnonzero(known.all & self.judged)
        sure = self._judged(known.pairs, without=everywhere)
        sure = sure[sure % n_places != self.engine.unmapped]
        maybe = np.setdiff1d(self._judged(possible.pairs, without=everywhere), sure)
        subject = np.concatenate([everywhere, sure // n_places, maybe // n_places])
        place = np.concatenate(
            [np.full(len(everywhere), n_places), sure % n_places, maybe % n_places]
        )
        violation = np.concatenate(
            [np.ones(len(everywhere) + len(sure), dtype=bool), np.zeros(len(maybe), dtype=bool)]
        )
        order = np.lexsort((place, subject))
        subject, place, violation = subject[order], place[order], violation[order]
        lenses = narrowings(lens)
        return RuleResult(
            rule,
            subject,
            place,
            violation,
            self._legs(rule, lens, subject, place, blanks),
            lenses,
            np.stack([self.holds(rule, narrow, subject, place) for narrow in lenses], axis=1)
            & violation[:, None],
            self.holds(rule, replace(lens, only_unrestricted=True), subject, place) & violation,
            tuple(
                int(p)
                for p in self._places(rule)
                if p != self.engine.unmapped and blanks[:, p].sum() >= rule.count
            ),
            dead,
            self._blind(rule),
        )

    def places_seen(self, rule: Rule, lens: Lens) -> list[tuple[int, int]]:
        """(subject, place) pairs where a lens sees enough duties, for everyone judged.

        A subject that has them over everything has the one place `n_places`. Sorted. What no
        application claims is left out: there nothing is certain.
        """
        seen = self._seen(rule, lens, None)
        n_places = self.engine.n_places
        everywhere = np.flatnonzero(seen.all & self.judged)
        pairs = self._judged(seen.pairs, without=everywhere)
        pairs = pairs[pairs % n_places != self.engine.unmapped]
        rows = [(int(s), n_places) for s in everywhere]
        rows += [(int(p) // n_places, int(p) % n_places) for p in pairs]
        return sorted(rows)

    # -- one lens --------------------------------------------------------------------------------

    def _places(self, rule: Rule) -> Keys:
        kinds = PLACES_OF[rule.scope]
        places = self.engine.columns.atlas.places
        return np.array([n for n, p in enumerate(places) if p.kind in kinds], dtype=np.int64)

    def _seen(self, rule: Rule, lens: Lens, blanks: Bits | None) -> _Seen:
        """Where enough duties are held; with `blanks`, counting what is unknown for everyone."""
        holding = self.holding(lens)
        n_places = self.engine.n_places
        places = self._places(rule)
        explicit = [holding.explicit(duty) for duty in rule.duties]
        candidates = np.unique(np.concatenate(explicit))
        candidates = candidates[np.isin(candidates % n_places, places)]
        covers = np.sum([holding.covers_some(duty) for duty in rule.duties], axis=0)
        free = int(blanks[:, places].sum(axis=0).max(initial=0)) if blanks is not None else 0
        wide = np.flatnonzero(covers >= max(1, rule.count - free))
        spread = (wide[:, None] * n_places + places[None, :]).ravel()
        candidates = np.union1d(candidates, spread)
        if rule.scope is ScopeKind.APPLICATION:
            # One duty over a whole system reaches what nobody placed there as well.
            lost = np.flatnonzero(covers) * n_places + self.engine.unmapped
            candidates = np.union1d(candidates, lost)
        legs = self._held(rule, holding, candidates)
        if blanks is not None:
            legs = legs | blanks[:, candidates % n_places].T
        enough = legs.sum(axis=1) >= rule.count
        everything = np.zeros(len(self.subjects), dtype=bool)
        if rule.scope in _FOLDS_TO_ALL:
            everything = (
                np.sum([holding.covers_all(duty) for duty in rule.duties], axis=0) >= rule.count
            )
        return _Seen(candidates[enough], legs[enough], everything)

    def _held(self, rule: Rule, holding: Holding, pairs: Keys) -> Bits:
        """Per pair and duty: held there. In `unmapped`, a duty held anywhere may count too."""
        legs = np.stack([holding.at(duty, pairs) for duty in rule.duties], axis=1)
        n_places = self.engine.n_places
        lost = np.flatnonzero((pairs % n_places == self.engine.unmapped) & legs.any(axis=1))
        if len(lost):
            anywhere = pairs[lost] // n_places * n_places
            legs[lost] |= np.stack([holding.at(duty, anywhere) for duty in rule.duties], axis=1)
        return legs

    def holds(self, rule: Rule, lens: Lens, subject: Keys, place: Keys) -> Bits:
        """For each (subject, place), places beyond the last meaning "all": does the lens see it?"""
        holding = self.holding(lens)
        n_places = self.engine.n_places
        everywhere = place == n_places
        pairs = subject * n_places + np.where(everywhere, 0, place)
        answer = self._held(rule, holding, pairs).sum(axis=1) >= rule.count
        if everywhere.any():
            covered = (
                np.sum([holding.covers_all(duty) for duty in rule.duties], axis=0) >= rule.count
            )
            answer = np.where(everywhere, covered[subject], answer)
        return np.asarray(answer, dtype=bool)

    def _legs(self, rule: Rule, lens: Lens, subject: Keys, place: Keys, blanks: Bits) -> Keys:
        n_places = self.engine.n_places
        everywhere = place == n_places
        pairs = subject * n_places + np.where(everywhere, 0, place)
        yes = self._held(rule, self.holding(lens), pairs)
        maybe = self._held(rule, self.holding(replace(lens, possible=True)), pairs)
        maybe |= blanks[:, np.where(everywhere, 0, place)].T
        if everywhere.any():
            covered = np.stack(
                [self.holding(lens).covers_all(duty)[subject] for duty in rule.duties], axis=1
            )
            yes = np.where(everywhere[:, None], covered, yes)
        # In `unmapped` nothing is more than unknown: the places may not be the same.
        yes &= (place != self.engine.unmapped)[:, None]
        return np.where(yes, 2, np.where(maybe, 1, 0)).astype(np.int64)

    def _judged(self, pairs: Keys, *, without: Keys) -> Keys:
        subject = pairs // self.engine.n_places
        return pairs[self.judged[subject] & ~np.isin(subject, without)]

    # -- what is unknown for everybody -----------------------------------------------------------

    def _blanks(self, rule: Rule, dead: tuple[str, ...]) -> Bits:
        """Per duty and place: would the data of a system that was not read say who has it?"""
        columns = self.engine.columns
        blanks = np.zeros((len(rule.duties), self.engine.n_places), dtype=bool)
        for row, duty in enumerate(rule.duties):
            if duty in dead:
                blanks[row, self._places(rule)] = True
                continue
            ways = set(columns.ways_of.get(duty, ()))
            for (place, system), (_, possible) in columns.covered_ways.items():
                if system in self.unknown_systems and ways & possible:
                    blanks[row, place] = True
        blanks[:, self.engine.unmapped] = False
        return blanks

    def _blind(self, rule: Rule) -> Mapping[str, tuple[str, ...]]:
        columns = self.engine.columns
        return {
            duty: tuple(s for s in columns.systems_of(duty) if s in self.unknown_systems)
            for duty in rule.duties
        }
