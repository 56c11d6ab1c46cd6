"""From each fact to the next one on its shortest path, remembered: for many walks at once.

Different walks soon meet, since people share groups: what leads on from a group is looked for
once. The choice is that of `Guide`: of the edges to a fact one hop nearer, the first by target.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Facts, Keys, distinct, offsets, spans
from sod_analyzer.graph.edges import Flag

Bits = npt.NDArray[np.bool_]

#: Edges looked at together; each takes some fifty bytes for a moment.
_TOGETHER = 1_000_000
#: A table of so many states is kept; beyond, each is searched for.
_CELLS = 1 << 23


class Edges:
    """Which edges may be walked through a lens: as they are, and by a change of one's own."""

    def __init__(self, engine: Engine, lens: Lens) -> None:
        self.edges = engine.edges
        self.first = engine.roles.start  # what edges lead to is mostly from here on
        self.counts = engine.allowed(lens)
        self.takable: Bits | None = None
        if lens.changes:
            mine = (self.edges.flags & np.uint8(Flag.SELF_GRANTED)) != 0
            self.takable = engine.allowed(lens, Flag.SELF_GRANTED) & mine


class Trail:
    """Facts of one kind in all layers of a reach, and where each of them goes next.

    A *state* is the number of a fact, counted through the layers. Distances fall by one with every
    edge, so no walk comes to a state twice.

    Cost: of each distinct state that a walk comes to, the edges that leave its node, once.
    """

    def __init__(self, edges: Edges, layers: list[Facts], *, becoming: bool) -> None:
        self._edges = edges
        self._becoming = becoming
        self._layers = layers
        self._offset = np.cumsum([0, *(len(facts.key) for facts in layers)])
        self._stride = layers[0].stride
        one = len(layers) == 1
        self.key: Keys = layers[0].key if one else np.concatenate([f.key for f in layers])
        self.distance = layers[0].distance if one else np.concatenate([f.distance for f in layers])
        total = len(self.key)
        self.edge = np.full(total, -1, dtype=np.int32)
        self.own = np.zeros(total, dtype=bool)
        self._next = np.zeros(total, dtype=np.int32)
        self._has = np.zeros(edges.edges.n_nodes, dtype=bool)
        for facts in layers:
            self._has[facts.key // self._stride] = True

    def states(self, key: Keys, layer: Keys | None = None) -> Keys:
        """The states of facts, by default of the last layer; -1 where one does not hold."""
        last = len(self._layers) - 1
        if layer is None or not last:
            return self._in(last, key)
        found = np.full(len(key), -1, dtype=np.int64)
        for number in range(len(self._layers)):
            mine = np.flatnonzero(layer == number)
            found[mine] = self._in(number, key[mine])
        return found

    def _in(self, number: int, key: Keys) -> Keys:
        facts = self._layers[number]
        if not len(facts.key):
            return np.full(len(key), -1, dtype=np.int64)
        spot = np.minimum(np.searchsorted(facts.key, key), len(facts.key) - 1)
        return np.where(facts.key[spot] == key, spot + self._offset[number], -1)

    def _reached(self, number: int, node: npt.NDArray[np.int32], column: Keys) -> Keys:
        """The states of columns at nodes that edges lead to, mostly roles and rights."""
        known = self._known[number]
        if known is None:
            return self._in(number, node.astype(np.int64) * self._stride + column)
        found = known.at(node, column)
        rest = np.flatnonzero(node < known.first)
        if len(rest):
            found[rest] = self._in(
                number, node[rest].astype(np.int64) * self._stride + column[rest]
            )
        return found

    @cached_property
    def _known(self) -> list[_Known | None]:
        """By layer, the states of what roles and rights have; None where that is too many."""
        first = self._edges.first
        return [
            _Known.of(facts, first, int(offset), self._edges.edges.n_nodes)
            for facts, offset in zip(self._layers, self._offset, strict=False)
        ]

    def layer(self, state: Keys) -> Keys:
        """The layer of each state."""
        if len(self._layers) == 1:
            return np.zeros(len(state), dtype=np.int64)
        return np.searchsorted(self._offset, state, side="right") - 1

    def settled(self, state: Keys) -> Keys:
        """The same facts in the lowest layers in which they are as near."""
        if len(self._layers) == 1:
            return state
        state = state.copy()
        for number in range(len(self._layers) - 1, 0, -1):
            here = np.flatnonzero(self.layer(state) == number)
            below = self._in(number - 1, self.key[state[here]])
            near = (below >= 0) & (self.distance[below] == self.distance[state[here]])
            state[here[near]] = below[near]
        return state

    def next(self, state: Keys) -> Keys:
        """The settled states one hop on; `edge` and `own` then say by which edge."""
        unknown = distinct(state[self.edge[state] < 0])
        if len(unknown):
            self._look(unknown)
        return self._next[state].astype(np.int64)

    # -- looking ---------------------------------------------------------------------------------

    def _look(self, state: Keys) -> None:
        """Find the next hop of distinct states, which ascend."""
        leaving = self._edges.edges.leaving
        node = self.key[state] // self._stride
        ends = np.cumsum(leaving[node + 1] - leaving[node])
        low = 0
        while low < len(state):
            before = int(ends[low - 1]) if low else 0
            high = max(low + 1, int(np.searchsorted(ends, before + _TOGETHER, side="right")))
            self._look_at(state[low:high])
            low = high

    def _look_at(self, state: Keys) -> None:
        layer = self.layer(state)
        missing = np.ones(len(state), dtype=bool)
        for number in range(len(self._layers)):
            mine = np.flatnonzero(layer == number)
            row, edge, onto = self._nearer(state[mine], self._edges.counts, layer=number)
            self._note(state[mine[row]], edge, onto, own=False)
            missing[mine[row]] = False
        takable = self._edges.takable
        for number in range(1, len(self._layers)):
            mine = np.flatnonzero((layer == number) & missing)
            if not len(mine) or takable is None:
                continue
            row, edge, onto = self._nearer(state[mine], takable, layer=number - 1)
            self._note(state[mine[row]], edge, onto, own=True)
            missing[mine[row]] = False
        if missing.any():
            lost = int(state[missing][0])
            raise AssertionError(
                f"no way on from node {self.key[lost] // self._stride}, "
                f"column {self.key[lost] % self._stride}, {self.distance[lost]} hops left"
            )

    def _note(self, state: Keys, edge: Keys, onto: Keys, *, own: bool) -> None:
        self.edge[state] = edge
        self.own[state] = own
        self._next[state] = self.settled(onto)

    def _nearer(self, state: Keys, counts: Bits, *, layer: int) -> tuple[Keys, Keys, Keys]:
        """Of each state that has one: its position, the first edge to a nearer fact, that fact."""
        key = self.key[state]
        of_state = key // self._stride
        column = key - of_state * self._stride
        # States of a node follow each other: its edges are looked through once for all of them.
        fresh = np.diff(of_state, prepend=-1) != 0
        first, edge = self._useful(of_state[fresh], counts)
        owner = np.cumsum(fresh) - 1
        row, spot = spans(first[owner], first[owner + 1])
        edge = edge[spot]
        onto = self._reached(layer, self._edges.edges.target[edge], column[row])
        nearer = (onto >= 0) & (self.distance[onto] == self.distance[state][row] - 1)
        row, edge, onto = row[nearer], edge[nearer], onto[nearer]
        first = np.ones(len(row), dtype=bool)
        first[1:] = row[1:] != row[:-1]
        return row[first], edge[first], onto[first]

    def _useful(self, node: Keys, counts: Bits) -> tuple[Keys, Keys]:
        """The edges of nodes that count and lead to any fact at all, and where each node's begin.

        Most memberships are of groups that no duty needs.
        """
        edges = self._edges.edges
        leaving = edges.leaving
        row, edge = spans(leaving[node].astype(np.int64), leaving[node + 1].astype(np.int64))
        usable = counts[edge] & self._has[edges.target[edge]]
        if not self._becoming:
            usable &= ~edges.becomes(edge)
        kept = np.flatnonzero(usable)
        return offsets(row[kept], len(node)), edge[kept]


@dataclass(frozen=True, slots=True)
class _Known:
    """The states of facts by node and column, for nodes from `first` on: a table of both."""

    first: int
    row: npt.NDArray[np.int32]  # by node; 0 for those that have nothing
    place: npt.NDArray[np.int32]  # by column; 0 for those that nobody has
    table: npt.NDArray[np.int32]

    @classmethod
    def of(cls, facts: Facts, first: int, offset: int, n_nodes: int) -> _Known | None:
        """From the facts of a layer, whose states begin at `offset`."""
        low = int(np.searchsorted(facts.key, first * facts.stride))
        key = facts.key[low:]
        node = key // facts.stride
        column = key - node * facts.stride
        columns = distinct(column)
        fresh = np.diff(node, prepend=-1) != 0
        if max(facts.stride, (int(fresh.sum()) + 1) * (len(columns) + 1)) > _CELLS:
            return None
        row = np.zeros(n_nodes, dtype=np.int32)
        row[node[fresh]] = np.arange(1, int(fresh.sum()) + 1)
        place = np.zeros(facts.stride, dtype=np.int32)
        place[columns] = np.arange(1, len(columns) + 1)
        table = np.full((int(fresh.sum()) + 1, len(columns) + 1), -1, dtype=np.int32)
        table[row[node], place[column]] = np.arange(low, len(facts.key)) + offset
        return cls(first, row, place, table)

    def at(self, node: npt.NDArray[np.int32], column: Keys) -> Keys:
        """The state of each column at each node; -1 for none, and for nodes before the first."""
        return self.table[self.row[node], self.place[column]].astype(np.int64)
