"""Every simple path of one leg."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.paths import Guide, Hop
from sod_analyzer.graph.closure import Facts
from sod_analyzer.graph.edges import Flag


@dataclass(frozen=True, slots=True)
class Route:
    """One path from a subject to an entitlement that is one part of a way."""

    way: int
    part: int
    hops: tuple[Hop, ...]


class Walker:
    """Walks every way on, not only the shortest, but only where the fact is still ahead.

    Cost: simple paths may be exponentially many; callers take as many as they want and stop.
    Errs: with own changes, a route may take them in another order than it prints; no route is
    printed whose end the subject does not reach.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.edges = engine.edges
        self.guide = Guide(engine)

    def routes(self, lens: Lens, subject: int, duty: str, place: int | None) -> Iterator[Route]:
        """Every route of every part of every way, in an order that depends on codes only.

        Without a place: of the duty over each whole system in which it exists.
        """
        layer = self.engine.at(lens).layers[-1]
        columns = self.engine.columns
        told: set[tuple[int, tuple[Hop, ...]]] = set()
        for way in columns.ways_of.get(duty, ()):
            for source in self._sources(lens, duty, place, way):
                column = source * self.engine.n_ways + way
                for prefix, node in self._walk(layer.ways, lens, subject, column, becoming=True):
                    if layer.finished.at(node, column) is None:
                        continue
                    for part in columns.ways[way].parts:
                        for tail in self._tails(layer.parts, lens, node, source, part):
                            hops = (*prefix, *tail)
                            if (part, hops) not in told:
                                told.add((part, hops))
                                yield Route(way, part, hops)

    def _sources(self, lens: Lens, duty: str, place: int | None, way: int) -> Iterator[int]:
        if place is not None:
            yield from self.guide.sources(lens, place, way)
            return
        for system in self.engine.columns.systems_of(duty):
            yield self.guide.covers[system]

    def _tails(
        self, parts: Facts, lens: Lens, node: int, place: int, part: int
    ) -> Iterator[tuple[Hop, ...]]:
        for source in self.guide.part_sources(lens, place, part):
            column = source * self.engine.n_parts + part
            for tail, end in self._walk(parts, lens, node, column, becoming=False):
                if parts.at(end, column) == 0:
                    yield tail

    def _walk(
        self, facts: Facts, lens: Lens, start: int, column: int, *, becoming: bool
    ) -> Iterator[tuple[tuple[Hop, ...], int]]:
        """Every simple walk along which the fact stays ahead, and where it has come to."""
        if facts.at(start, column) is None:
            return
        counts = self.engine.allowed(lens, *((Flag.SELF_GRANTED,) if lens.changes else ()))
        stack: list[tuple[int, tuple[Hop, ...], frozenset[int]]] = [
            (start, (), frozenset((start,)))
        ]
        while stack:
            node, hops, seen = stack.pop()
            yield hops, node
            begin, end = self.edges.leaving[node], self.edges.leaving[node + 1]
            for edge in reversed(range(int(begin), int(end))):
                target = int(self.edges.target[edge])
                if (
                    not counts[edge]
                    or (self.edges.becomes(edge) and not becoming)
                    or target in seen
                    or facts.at(target, column) is None
                ):
                    continue
                own = bool(self.edges.flags[edge] & int(Flag.SELF_GRANTED))
                stack.append((target, (*hops, Hop(edge, own)), seen | {target}))
