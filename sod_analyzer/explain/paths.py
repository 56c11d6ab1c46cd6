"""Shortest witness paths: from an identity to the entitlements that make up a duty.

A path is read off the distances that reach computed: from each node go to a neighbour one hop
nearer, of several to the one with the smallest code. So the same facts give the same path,
whatever order they came in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine, Reach
from sod_analyzer.graph.closure import Facts
from sod_analyzer.graph.edges import Flag


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of a path."""

    edge: int
    own_change: bool = False  # the holder gives it to itself first


@dataclass(frozen=True, slots=True)
class Witness:
    """How a subject performs a duty: a run of hops for every part of the way.

    A duty held over everything has a run per system that it covers. The runs of one way share
    their beginning, from the subject to the account in whose context the parts meet.
    """

    way: int
    runs: tuple[tuple[Hop, ...], ...]

    @property
    def hops(self) -> int:
        """Distinct hops over all runs."""
        return len({hop for run in self.runs for hop in run})


class Guide:
    """Finds witnesses in one engine's reach.

    Cost: per hop one lookup per neighbour; nothing is searched.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.edges = engine.edges
        self._counts: dict[tuple[Lens, bool], npt.NDArray[np.bool_]] = {}
        self.covers = {
            place.system: n
            for n, place in enumerate(engine.columns.atlas.places)
            if place.kind is PlaceKind.COVER
        }

    def witness(self, lens: Lens, subject: int, duty: str, place: int | None) -> Witness | None:
        """The shortest way in which the subject (a node code) has the duty in a place.

        Without a place, the duty over every system in which it exists; the result then has a run
        per system. None when the lens does not see it.
        """
        reach = self.engine.at(lens)
        if place is None:
            return self._everywhere(reach, subject, duty)
        best: tuple[int, int, int] | None = None
        for way in self.engine.columns.ways_of.get(duty, ()):
            for source in self.sources(lens, place, way):
                distance = reach.ways.at(subject, source * self.engine.n_ways + way)
                if distance is not None:
                    option = (distance, way, source)
                    best = option if best is None else min(best, option)
        if best is None:
            return None
        _, way, source = best
        return Witness(way, tuple(self._runs(reach, subject, way, source)))

    def _everywhere(self, reach: Reach, subject: int, duty: str) -> Witness | None:
        runs: list[tuple[Hop, ...]] = []
        first: int | None = None
        for system in self.engine.columns.systems_of(duty):
            options = [
                (distance, way)
                for way in self.engine.columns.ways_of.get(duty, ())
                if (
                    distance := reach.ways.at(
                        subject, self.covers[system] * self.engine.n_ways + way
                    )
                )
                is not None
            ]
            if not options:
                return None
            _, way = min(options)
            first = way if first is None else first
            runs.extend(self._runs(reach, subject, way, self.covers[system]))
        return None if first is None else Witness(first, tuple(runs))

    def sources(self, lens: Lens, place: int, way: int) -> Iterator[int]:
        """The place itself, whole systems that reach it, and for `unmapped` anywhere at all."""
        yield place
        possible = 1 if lens.possible else 0
        for system, cover in self.covers.items():
            ways = self.engine.columns.covered_ways.get((place, system))
            if cover != place and ways is not None and way in ways[possible]:
                yield cover
        if place == self.engine.unmapped:
            yield 0

    # -- walking ---------------------------------------------------------------------------------

    def _runs(self, reach: Reach, subject: int, way: int, place: int) -> Iterator[tuple[Hop, ...]]:
        """From the subject to the context that finishes the way, then on to each part."""
        engine = self.engine
        column = place * engine.n_ways + way
        hops: list[Hop] = []
        node, level = subject, len(reach.layers) - 1
        left = _known(reach.layers[level].ways, node, column)
        while True:
            while level and reach.layers[level - 1].ways.at(node, column) == left:
                level -= 1
            layer = reach.layers[level]
            if layer.finished.at(node, column) == left:
                break
            hop, node, level = self._step(
                reach, node, column, left, level, facts="ways", becoming=True
            )
            hops.append(hop)
            left -= 1
        for part in engine.columns.ways[way].parts:
            source = self._part_source(reach.layers[level].parts, reach.lens, node, place, part)
            tail = self._to_entitlement(reach, node, source * engine.n_parts + part, level)
            yield (*hops, *tail)

    def _part_source(self, parts: Facts, lens: Lens, node: int, place: int, part: int) -> int:
        """Where the context has the part, nearest first."""
        options = [
            (distance, order, source)
            for order, source in enumerate(self.part_sources(lens, place, part))
            if (distance := parts.at(node, source * self.engine.n_parts + part)) is not None
        ]
        return min(options)[2]

    def part_sources(self, lens: Lens, place: int, part: int) -> Iterator[int]:
        """Places at which a part counts for this one: itself, whole systems, or anywhere."""
        engine = self.engine
        possible = 1 if lens.possible else 0
        yield place
        for system, cover in self.covers.items():
            covered = engine.columns.covered.get((place, system))
            if cover != place and covered is not None and part in covered[possible]:
                yield cover
        selectors = engine.columns.parts
        loose = part < len(selectors) and selectors[part].any_scope
        if loose or place == engine.unmapped:
            yield 0

    def _to_entitlement(self, reach: Reach, node: int, column: int, level: int) -> tuple[Hop, ...]:
        hops: list[Hop] = []
        left = _known(reach.layers[level].parts, node, column)
        while left:
            while level and reach.layers[level - 1].parts.at(node, column) == left:
                level -= 1
            hop, node, level = self._step(
                reach, node, column, left, level, facts="parts", becoming=False
            )
            hops.append(hop)
            left -= 1
        return tuple(hops)

    def _step(
        self,
        reach: Reach,
        node: int,
        column: int,
        left: int,
        level: int,
        *,
        facts: str,
        becoming: bool,
    ) -> tuple[Hop, int, int]:
        """The hop to the neighbour one nearer; taking an edge oneself leads a layer down."""
        here: Facts = getattr(reach.layers[level], facts)
        for edge in self._leaving(node, reach.lens, becoming=becoming):
            target = int(self.edges.target[edge])
            if here.at(target, column) == left - 1:
                return Hop(edge), target, level
        if level:
            below: Facts = getattr(reach.layers[level - 1], facts)
            for edge in self._leaving(node, reach.lens, becoming=becoming, taking=True):
                target = int(self.edges.target[edge])
                if self.edges.flags[edge] & int(Flag.SELF_GRANTED) and (
                    below.at(target, column) == left - 1
                ):
                    return Hop(edge, own_change=True), target, level - 1
        raise AssertionError(f"no way on from node {node}, column {column}, {left} hops left")

    def _leaving(
        self, node: int, lens: Lens, *, becoming: bool, taking: bool = False
    ) -> Iterator[int]:
        counts = self._counting(lens, taking=taking)
        start, stop = self.edges.leaving[node], self.edges.leaving[node + 1]
        for edge in range(int(start), int(stop)):
            if not counts[edge]:
                continue
            if becoming or not self.edges.becomes(edge):
                yield edge

    def _counting(self, lens: Lens, *, taking: bool) -> npt.NDArray[np.bool_]:
        found = self._counts.get((lens, taking))
        if found is None:
            further = (Flag.SELF_GRANTED,) if taking else ()
            found = self._counts[lens, taking] = self.engine.allowed(lens, *further)
        return found


def _known(facts: Facts, node: int, column: int) -> int:
    distance = facts.at(node, column)
    if distance is None:
        raise KeyError((node, column))
    return distance


def replay(engine: Engine, subject: int, witness: Witness) -> bool:
    """Whether every run goes edge by edge from the subject to an entitlement of its own."""
    edges = engine.edges
    for run in witness.runs:
        node = subject
        for hop in run:
            if int(edges.holder[hop.edge]) != node:
                return False
            node = int(edges.target[hop.edge])
        if not np.isin(node, engine.columns.possible.node):
            return False
    return bool(witness.runs)
