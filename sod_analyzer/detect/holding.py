"""Which subjects hold which duty where: the table that rules and questions read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys, among, distinct

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Holding:
    """What one lens sees of a contiguous range of subjects, duty by duty.

    Subjects are counted from the start of the range.
    """

    engine: Engine
    lens: Lens
    subjects: range

    @cached_property
    def _ways(self) -> tuple[Keys, Keys, Keys]:
        facts = self.engine.at(self.lens).ways.within(self.subjects)
        engine = self.engine
        return (
            facts.node - self.subjects.start,
            facts.column // engine.n_ways,
            facts.column % engine.n_ways,
        )

    def explicit(self, duty: str, ways: tuple[int, ...] | None = None) -> Keys:
        """Sorted (subject * n_places + place) pairs at which the duty is held, covers as such.

        With `ways`, held by one of these.
        """
        chosen = self.engine.columns.ways_of.get(duty, ()) if ways is None else ways
        found = self._explicit.get(chosen)
        if found is None:
            subject, place, _ = self._ways
            mine = self._of_ways(chosen)
            found = distinct(subject[mine] * self.engine.n_places + place[mine])
            self._explicit[chosen] = found
        return found

    def _of_ways(self, chosen: tuple[int, ...]) -> Bits:
        """Which facts are of the chosen ways."""
        table = np.zeros(self.engine.n_ways, dtype=bool)
        table[list(chosen)] = True
        return np.asarray(table[self._ways[2]])

    @cached_property
    def _explicit(self) -> dict[tuple[int, ...], Keys]:
        """Answers of `explicit`: every rule asks for its duties again and again."""
        return {}

    @cached_property
    def _over(self) -> dict[tuple[str, int], Keys]:
        """Answers of `holders_over`."""
        return {}

    def holders_over(self, system: str, way: int) -> Keys:
        """Subjects that have the way over the whole system, sorted."""
        found = self._over.get((system, way))
        if found is None:
            subject, place, number = self._ways
            cover = self._covers[system]
            found = distinct(subject[(place == cover) & (number == way)])
            self._over[system, way] = found
        return found

    @cached_property
    def _covers(self) -> dict[str, int]:
        places = self.engine.columns.atlas.places
        return {p.system: n for n, p in enumerate(places) if p.kind is PlaceKind.COVER}

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
        ways = self.engine.columns.ways_of.get(duty, ())
        if alone is None or not gated:
            return self._at(duty, pairs, ways)
        free = tuple(way for way in ways if way not in gated)
        return self._at(duty, pairs, free) | alone._at(duty, pairs, gated)  # noqa: SLF001 - same class

    def _at(self, duty: str, pairs: Keys, ways: tuple[int, ...]) -> Bits:
        n_places = self.engine.n_places
        subject, place = pairs // n_places, pairs % n_places
        held = among(pairs, self.explicit(duty, ways))
        for system, covered in self._covered.items():
            for way in ways:
                if way in covered:
                    over = self.holders_over(system, way)
                    held |= among(subject, over) & self.reaches(system, way)[place]
        return held

    @cached_property
    def _covered(self) -> dict[str, frozenset[int]]:
        """The ways that somebody has over a whole system, by system; few systems have any."""
        _, place, way = self._ways
        return {
            system: frozenset(way[place == cover].tolist())
            for system, cover in self._covers.items()
            if np.any(place == cover)
        }

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
        ways = self.engine.columns.ways_of.get(duty, ())
        if alone is None or not gated:
            return self._who(ways, place)
        free = tuple(way for way in ways if way not in gated)
        both = (self._who(free, place), alone._who(gated, place))  # noqa: SLF001 - same class
        return distinct(np.concatenate(both))

    def _who(self, ways: tuple[int, ...], place: int) -> Keys:
        sorted_places, subjects = self._by_place(ways)
        low, high = np.searchsorted(sorted_places, [place, place + 1])
        over = [
            self.holders_over(system, way)
            for system in self._covers
            for way in ways
            if len(self.holders_over(system, way)) and self.reaches(system, way)[place]
        ]
        return distinct(np.concatenate([subjects[low:high], *over]))

    def _by_place(self, ways: tuple[int, ...]) -> tuple[Keys, Keys]:
        found = self._placed.get(ways)
        if found is None:
            pairs = self.explicit("", ways)
            order = np.argsort(pairs % self.engine.n_places, kind="stable")
            n_places = self.engine.n_places
            found = self._placed[ways] = (pairs[order] % n_places, pairs[order] // n_places)
        return found

    @cached_property
    def _placed(self) -> dict[tuple[int, ...], tuple[Keys, Keys]]:
        """Answers of `_by_place`."""
        return {}

    @cached_property
    def _reached(self) -> dict[tuple[str, int], Bits]:
        """Answers of `reaches`."""
        return {}

    def reaches(self, system: str, way: int) -> Bits:
        """For each place: does the way, held over the whole system, hold there?"""
        found = self._reached.get((system, way))
        if found is None:
            found = self._reached[system, way] = self._reaches(system, way)
        return found

    def _reaches(self, system: str, way: int) -> Bits:
        table = self.engine.columns.covered_ways
        possible = 1 if self.lens.possible else 0
        return np.array(
            [
                way in table.get((n, system), (frozenset(), frozenset()))[possible]
                for n in range(self.engine.n_places)
            ],
            dtype=bool,
        )

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
            for way in self.engine.columns.ways_of.get(duty, ()):
                seen = alone if alone is not None and way in gated else self
                over[seen.holders_over(system, way)] = True
            answer &= over
        return answer

    def covers_some(self, duty: str) -> Bits:
        """For each subject: does it have the duty over at least one whole system?"""
        answer = np.zeros(len(self.subjects), dtype=bool)
        for system in self._covers:
            for way in self.engine.columns.ways_of.get(duty, ()):
                answer[self.holders_over(system, way)] = True
        return answer
