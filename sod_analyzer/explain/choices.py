"""Of all ways and places by which somebody has a duty in a place, the nearest: for many at once.

The same choice as `Guide.witness` makes for one: the least distance, then the smallest way, then
the smallest place that the way is had at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import UNREACHED, Facts, Keys, spans

Bits = npt.NDArray[np.bool_]

#: Greater than any option.
_NONE = np.iinfo(np.int64).max

#: Place and system, to what holds there for certain and perhaps.
_Covered = Mapping[tuple[int, str], tuple[frozenset[int], frozenset[int]]]


@dataclass(frozen=True, slots=True)
class Reaches:
    """Whole systems that reach places, as pairs sorted by place."""

    place: Keys
    cover: Keys  # place number of the whole system
    order: Keys  # 1 for the first whole system there is, and so on

    def at(self, place: Keys) -> tuple[Keys, Keys, Keys]:
        """For each of these places: its row number here, the cover and its order."""
        low = np.searchsorted(self.place, place, side="left")
        high = np.searchsorted(self.place, place, side="right")
        row, spot = spans(low, high)
        return row, self.cover[spot], self.order[spot]


class Sources:
    """Where a way or a part counts for a place: there, over a whole system, or anywhere."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        places = engine.columns.atlas.places
        self.covers = {p.system: n for n, p in enumerate(places) if p.kind is PlaceKind.COVER}
        self._order = {system: n for n, system in enumerate(self.covers, start=1)}
        self._ways: dict[bool, Mapping[int, Reaches]] = {}
        self._parts: dict[bool, Mapping[int, Reaches]] = {}

    def of_way(self, way: int, *, possible: bool) -> Reaches | None:
        """The whole systems over which a way reaches places; None where it reaches none."""
        if possible not in self._ways:
            self._ways[possible] = self._reaches(self.engine.columns.covered_ways, possible)
        return self._ways[possible].get(way)

    def of_part(self, part: int, *, possible: bool) -> Reaches | None:
        """The same of a part."""
        if possible not in self._parts:
            self._parts[possible] = self._reaches(self.engine.columns.covered, possible)
        return self._parts[possible].get(part)

    def _reaches(self, covered: _Covered, possible: bool) -> Mapping[int, Reaches]:  # noqa: FBT001 - a key
        rows: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for (place, system), held in covered.items():
            cover = self.covers.get(system)
            if cover is None or cover == place:
                continue
            for number in held[1 if possible else 0]:
                rows[number].append((place, cover, self._order[system]))
        return {
            number: Reaches(*np.array(sorted(found), dtype=np.int64).T)
            for number, found in rows.items()
        }


class Choices:
    """Chooses in one engine.

    Cost: one lookup per leg, way of its duty, and whole system that reaches its place.
    """

    def __init__(self, engine: Engine, sources: Sources) -> None:
        self.engine = engine
        self.sources = sources

    def keys(self, lens: Lens, subject: Keys, duty: str, place: Keys) -> Keys:
        """Every key of `Reach.ways` that a choice for these subjects and places looks at."""
        stride = self.engine.n_places * self.engine.n_ways
        whole = place == self.engine.n_places
        found = [
            subject[~whole][row] * stride + source * self.engine.n_ways + way
            for row, source, way in self._options(lens, duty, place[~whole])
        ]
        systems = self.engine.columns.systems_of(duty) if whole.any() else ()
        found += [
            subject[whole] * stride + self.sources.covers[system] * self.engine.n_ways + way
            for system in systems
            for way in self.engine.columns.ways_of.get(duty, ())
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    def _options(self, lens: Lens, duty: str, place: Keys) -> Iterator[tuple[Keys, Keys, int]]:
        """Rows of the places, the places that count for them, and the way that counts there."""
        everyone = np.arange(len(place))
        lost = np.flatnonzero(place == self.engine.unmapped)
        for way in self.engine.columns.ways_of.get(duty, ()):
            yield everyone, place, way
            reaches = self.sources.of_way(way, possible=lens.possible)
            if reaches is not None:
                row, cover, _ = reaches.at(place)
                if len(row):
                    yield row, cover, way
            if len(lost):
                yield lost, np.zeros(len(lost), dtype=np.int64), way

    def nearest(
        self, ways: Facts, lens: Lens, subject: Keys, duty: str, place: Keys
    ) -> tuple[Keys, Bits]:
        """For each subject and place: the column by which the duty is had, and whether it is."""
        n_ways, n_places = self.engine.n_ways, self.engine.n_places
        best = np.full(len(subject), _NONE, dtype=np.int64)
        for row, source, way in self._options(lens, duty, place):
            column = source * n_ways + way
            distance = ways.distance_at(subject[row] * ways.stride + column).astype(np.int64)
            option = (distance * n_ways + way) * n_places + source
            np.minimum.at(best, row, np.where(distance < UNREACHED, option, _NONE))
        source, way_of = best % n_places, best // n_places % n_ways
        return source * n_ways + way_of, best < _NONE

    def everywhere(
        self, ways: Facts, subject: Keys, duty: str
    ) -> tuple[npt.NDArray[np.int64], Bits]:
        """For each subject: a column per system of the duty, and whether there is one for each."""
        engine = self.engine
        found = []
        had = np.ones(len(subject), dtype=bool)
        systems = engine.columns.systems_of(duty)
        for system in systems:
            cover = self.sources.covers[system]
            best = np.full(len(subject), _NONE, dtype=np.int64)
            for way in engine.columns.ways_of.get(duty, ()):
                column = cover * engine.n_ways + way
                distance = ways.distance_at(subject * ways.stride + column).astype(np.int64)
                option = np.where(distance < UNREACHED, distance * engine.n_ways + way, _NONE)
                np.minimum(best, option, out=best)
            had &= best < _NONE
            found.append(cover * engine.n_ways + best % engine.n_ways)
        if not found:
            return np.empty((len(subject), 0), dtype=np.int64), np.zeros(len(subject), dtype=bool)
        return np.stack(found, axis=1), had
