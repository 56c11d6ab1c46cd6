"""The same question from the other end: what one subject comes to, context by context.

Reach answers for everyone by flowing from rights to people. This walks from one person to rights
and decides in each context it passes. The two must agree; a property test holds them to it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sod_analyzer.catalogue.columns import WayColumn
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.paths import Hop
from sod_analyzer.graph.edges import Flag
from sod_analyzer.model.access import NodeKind

#: Own changes spent, then hops: what a step costs, in the order that matters.
Cost = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stop:
    """A node that was come to, and how."""

    node: int
    cost: Cost
    path: tuple[Hop, ...]


class Forward:
    """Walks from subjects to what they have.

    Cost: one search over what the subject reaches, and one for each account among it.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.edges = engine.edges
        self._cells: dict[bool, Mapping[int, tuple[tuple[int, int], ...]]] = {}

    def stops(self, start: int, lens: Lens, *, becoming: bool, changes: int) -> dict[int, Stop]:
        """Every node within reach by at most so many own changes, by its cheapest path."""
        best: dict[int, Stop] = {start: Stop(start, (0, 0), ())}
        queue: list[tuple[Cost, int]] = [((0, 0), start)]
        while queue:
            cost, node = heapq.heappop(queue)
            if cost > best[node].cost:
                continue
            for hop, target in self._edges(node, lens, becoming=becoming):
                spent = (cost[0] + hop.own_change, cost[1] + 1)
                if spent[0] > changes:
                    continue
                if target not in best or spent < best[target].cost:
                    best[target] = Stop(target, spent, (*best[node].path, hop))
                    heapq.heappush(queue, (spent, target))
        return best

    def _edges(self, node: int, lens: Lens, *, becoming: bool) -> Iterator[tuple[Hop, int]]:
        flags = int(lens.flags)
        start, stop = self.edges.leaving[node], self.edges.leaving[node + 1]
        for edge in range(int(start), int(stop)):
            own = int(self.edges.flags[edge]) & ~flags
            if own & ~int(Flag.SELF_GRANTED) or (self.edges.becomes(edge) and not becoming):
                continue
            yield Hop(edge, own_change=bool(own)), int(self.edges.target[edge])

    def contexts(self, subject: int, lens: Lens) -> list[Stop]:
        """The accounts whose context the subject comes into, nearest first."""
        accounts = self.engine.snapshot.ranges[NodeKind.ACCOUNT]
        found = self.stops(subject, lens, becoming=True, changes=lens.changes)
        return sorted(
            (s for n, s in found.items() if n in accounts), key=lambda s: (s.cost, s.node)
        )

    def bundle(self, context: Stop, lens: Lens) -> dict[int, Stop]:
        """The entitlements an account has in its own context, with the changes that are left."""
        rights = self.engine.snapshot.ranges[NodeKind.ENTITLEMENT]
        left = lens.changes - context.cost[0]
        found = self.stops(context.node, lens, becoming=False, changes=left)
        return {n: s for n, s in found.items() if n in rights}

    def can(self, lens: Lens, subject: int, duty: str, place: int) -> bool:
        """Whether the subject can perform the duty in a place (a place number)."""
        ways = [self.engine.columns.ways[n] for n in self.engine.columns.ways_of.get(duty, ())]
        return any(
            self._meets(self.bundle(context, lens), way, place, lens)
            for context in self.contexts(subject, lens)
            for way in ways
        )

    def _meets(self, bundle: Iterable[int], way: WayColumn, place: int, lens: Lens) -> bool:
        held = {cell for right in bundle for cell in self._cells_of(lens).get(right, ())}
        scoped = set(self.engine.columns.scoped(way))
        return all(
            self.part_held(held, part, place, lens, anywhere=part not in scoped)
            for part in way.parts
        )

    def part_held(
        self, held: set[tuple[int, int]], part: int, place: int, lens: Lens, *, anywhere: bool
    ) -> bool:
        """Whether some (place, part) cell gives the part in the place: there, or by a cover."""
        if (place, part) in held or (anywhere and (0, part) in held):
            return True
        columns = self.engine.columns
        sure_or_possible = 1 if lens.possible else 0
        return any(
            spot.kind is PlaceKind.COVER
            and (number, part) in held
            and part in columns.covered.get((place, spot.system), _NOTHING)[sure_or_possible]
            for number, spot in enumerate(columns.atlas.places)
        )

    def _cells_of(self, lens: Lens) -> Mapping[int, tuple[tuple[int, int], ...]]:
        found = self._cells.get(lens.possible)
        if found is None:
            columns = self.engine.columns
            cells = columns.possible if lens.possible else columns.sure
            grouped: dict[int, list[tuple[int, int]]] = {}
            for node, place, part in zip(cells.node, cells.place, cells.part, strict=True):
                grouped.setdefault(int(node), []).append((int(place), int(part)))
            found = self._cells[lens.possible] = {n: tuple(c) for n, c in grouped.items()}
        return found

    def parts_held(self, context: Stop, way: WayColumn, place: int, lens: Lens) -> frozenset[int]:
        """Which parts of a way a context has in a place."""
        held = {
            cell
            for right in self.bundle(context, lens)
            for cell in self._cells_of(lens).get(right, ())
        }
        scoped = set(self.engine.columns.scoped(way))
        return frozenset(
            part
            for part in way.parts
            if self.part_held(held, part, place, lens, anywhere=part not in scoped)
        )


_NOTHING: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
