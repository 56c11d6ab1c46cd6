"""Which subjects hold which duty where: the table that rules and questions read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.graph.masks import Table, Words, has, mask_of

Bits = npt.NDArray[np.bool_]


#: Nobody, with no ways.
_NOBODY = (np.empty(0, dtype=np.int64), np.zeros((0, 0), dtype=np.uint64))


@dataclass(frozen=True)
class Holding:
    """What one lens sees of a contiguous range of subjects, duty by duty.

    Subjects are counted from the start of the range.
    """

    engine: Engine
    lens: Lens
    subjects: range
    only: Keys | None = None  # those that are asked about, sorted; of the others it may say nothing

    @cached_property
    def _table(self) -> Table:
        return self.engine.table(self.lens, self.subjects, self.only)

    def _mask(self, ways: Iterable[int]) -> Words:
        return mask_of(list(ways), self.engine.n_ways)

    def _ways(self, duty: str) -> tuple[int, ...]:
        return self.engine.columns.ways_of.get(duty, ())

    # -- where something is held -----------------------------------------------------------------

    def explicit(self, duty: str, ways: tuple[int, ...] | None = None) -> Keys:
        """Sorted (subject * n_places + place) pairs at which the duty is held, covers as such.

        With `ways`, held by one of these.
        """
        return self._table.with_any(self._mask(self._ways(duty) if ways is None else ways))

    def candidates(self, duties: Sequence[str], places: Bits) -> Keys:
        """Sorted pairs at which one of the duties is held, in one of the places marked."""
        ways = {way for duty in duties for way in self._ways(duty)}
        return self._table.with_any(self._mask(ways), places)

    def several(self, duties: Sequence[str], count: int, places: Bits) -> Keys:
        """Sorted pairs at which so many of the duties are held, each there and not by a cover."""
        wanted = [self._mask(self._ways(duty)) for duty in duties]
        return self._table.with_several(wanted, count, places)

    @cached_property
    def over_something(self) -> Keys:
        """Subjects that have anything over a whole system, sorted."""
        who = [who for who, _ in self._over.values()]
        return distinct(np.concatenate([np.empty(0, dtype=np.int64), *who]))

    def candidates_of(self, subjects: Keys, duties: Sequence[str], places: Bits) -> Keys:
        """As `candidates`, of some subjects only."""
        ways = {way for duty in duties for way in self._ways(duty)}
        return self._table.any_of(subjects, self._mask(ways), places)

    def holders_over(self, system: str, way: int) -> Keys:
        """Subjects that have the way over the whole system, sorted."""
        who, ways = self._over.get(system, _NOBODY)
        return who[has(ways, self._mask([way]))] if len(who) else who

    @cached_property
    def _covers(self) -> Mapping[str, int]:
        places = self.engine.columns.atlas.places
        return {p.system: n for n, p in enumerate(places) if p.kind is PlaceKind.COVER}

    @cached_property
    def _over(self) -> Mapping[str, tuple[Keys, Words]]:
        """Who has anything over a whole system, and which ways, by system; few people have."""
        n_places = self.engine.n_places
        places = np.zeros(n_places, dtype=bool)
        places[list(self._covers.values())] = True
        pairs = self._table.with_any(self._mask(range(self.engine.n_ways)), places)
        found: dict[str, tuple[Keys, Words]] = {}
        for system, place in self._covers.items():
            mine = pairs[pairs % n_places == place]
            if len(mine):
                found[system] = mine // n_places, self._table.at(mine)
        return found

    # -- asking of pairs -------------------------------------------------------------------------

    def masks(self, pairs: Keys) -> Words:
        """The ways held at each (subject, place) pair, explicitly or by a cover."""
        n_places = self.engine.n_places
        found = self._table.at(pairs)
        if not self._over:
            return found
        subject, place = pairs // n_places, pairs % n_places
        for system, (who, ways) in self._over.items():
            spot = np.minimum(np.searchsorted(who, subject), len(who) - 1)
            here = np.flatnonzero(who[spot] == subject)
            if len(here):
                found[:, here] |= ways[:, spot[here]] & self._reaching(system)[:, place[here]]
        return found

    def at(
        self,
        duty: str,
        pairs: Keys,
        *,
        gated: tuple[int, ...] = (),
        alone: Holding | None = None,
    ) -> Bits:
        """For each (subject, place) pair: is the duty held there, explicitly or by a cover?

        With `alone`, the gated ways count only as far as that holding sees them.
        """
        return self.legs((duty,), pairs, gated={duty: gated}, alone=alone)[:, 0]

    def legs(
        self,
        duties: Sequence[str],
        pairs: Keys,
        *,
        gated: Mapping[str, tuple[int, ...]] | None = None,
        alone: Holding | None = None,
    ) -> Bits:
        """As `at`, a column for each of several duties; every pair is looked up once."""
        masks = self.masks(pairs)
        legs = np.zeros((len(pairs), len(duties)), dtype=bool)
        behind: Words | None = None
        for column, duty in enumerate(duties):
            ways, gates = self._ways(duty), (gated or {}).get(duty, ())
            if alone is None or not gates:
                legs[:, column] = has(masks, self._mask(ways))
                continue
            free = self._mask(way for way in ways if way not in gates)
            behind = alone.masks(pairs) if behind is None else behind
            legs[:, column] = has(masks, free) | has(behind, self._mask(gates))
        return legs

    def who(
        self,
        duty: str,
        place: int,
        *,
        gated: tuple[int, ...] = (),
        alone: Holding | None = None,
    ) -> Keys:
        """Whoever has the duty in one place, sorted; as `at`, without asking everyone.

        Cost: of those who have it there.
        """
        ways = self._ways(duty)
        if alone is None or not gated:
            return self._who(ways, place)
        free = tuple(way for way in ways if way not in gated)
        both = (self._who(free, place), alone._who(gated, place))  # noqa: SLF001 - same class
        return distinct(np.concatenate(both))

    def _who(self, ways: tuple[int, ...], place: int) -> Keys:
        wanted = self._mask(ways)
        found = [self._table.nodes_with(wanted, place)]
        for system, (who, held) in self._over.items():
            there = wanted & self._reaching(system)[:, place]
            found.append(who[has(held, there)])
        return distinct(np.concatenate(found)) if len(found) > 1 else found[0]

    # -- covers ----------------------------------------------------------------------------------

    def reaches(self, system: str, way: int) -> Bits:
        """For each place: does the way, held over the whole system, hold there?"""
        return has(self._reaching(system), self._mask([way]))

    def _reaching(self, system: str) -> Words:
        """The ways that hold in each place when held over the whole system, `[word, place]`."""
        found = self._reached.get(system)
        if found is None:
            found = self._reached[system] = self._make_reaching(system)
        return found

    def _make_reaching(self, system: str) -> Words:
        table = self.engine.columns.covered_ways
        possible = 1 if self.lens.possible else 0
        reaching = np.zeros((len(self._mask(())), self.engine.n_places), dtype=np.uint64)
        masks: dict[frozenset[int], Words] = {}  # most places are alike
        for place in range(self.engine.n_places):
            found = table.get((place, system))
            if found is not None:
                ways = found[possible]
                if ways not in masks:
                    masks[ways] = self._mask(sorted(ways))
                reaching[:, place] = masks[ways]
        return reaching

    @cached_property
    def _reached(self) -> dict[str, Words]:
        """Answers of `_reaching`."""
        return {}

    def covers_all(
        self, duty: str, *, gated: tuple[int, ...] = (), alone: Holding | None = None
    ) -> Bits:
        """For each subject: does it have the duty over every system in which the duty exists?

        With `alone`, the gated ways count only as far as that holding sees them.
        """
        systems = self.engine.columns.systems_of(duty)
        answer = np.full(len(self.subjects), bool(systems))
        for system in systems:
            over = np.zeros(len(self.subjects), dtype=bool)
            for way in self._ways(duty):
                seen = alone if alone is not None and way in gated else self
                over[seen.holders_over(system, way)] = True
            answer &= over
        return answer

    def covers_some(self, duty: str) -> Bits:
        """For each subject: does it have the duty over at least one whole system?"""
        answer = np.zeros(len(self.subjects), dtype=bool)
        wanted = self._mask(self._ways(duty))
        for who, ways in self._over.values():
            answer[who[has(ways, wanted)]] = True
        return answer
