"""Edges as they are kept on disk, looked into without being read: a question needs few of them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.graph.closure import Facts, Flow, Keys, distinct, spans
from sod_analyzer.graph.edges import Edges
from sod_analyzer.model.access import NodeKind, Snapshot

Small = npt.NDArray[np.int32]
Bits = npt.NDArray[np.bool_]

#: So many edges are looked at together: what of them is in memory is small.
_PIECE = 2**20
#: So many looks at edges among groups cost less than putting them in order.
_ROUNDS = 20
#: Kinds of holders, those that are held by the others first.
_INWARD = (NodeKind.ENTITLEMENT, NodeKind.ROLE, NodeKind.ACCOUNT, NodeKind.IDENTITY)


@dataclass(frozen=True)
class Packed:
    """All edges of a snapshot on a day; edges of holder n are `leaving[n]` to `leaving[n + 1]`.

    Sorted as `Edges` are. The grant rows of edge n are `rows[first[n]:first[n + 1]]`; without
    `first`, row n alone, and without `rows`, the rows are in the order of the edges.
    """

    as_of: date
    leaving: Small
    target: Small
    kind: npt.NDArray[np.int8]
    flags: npt.NDArray[np.uint8]
    first: Small | None = None
    rows: Small | None = None

    def __len__(self) -> int:
        return len(self.target)

    @property
    def n_nodes(self) -> int:
        return len(self.leaving) - 1

    @classmethod
    def of(cls, edges: Edges) -> Packed:
        """The same edges; arrays that only count are left out."""
        # Each has a row of its own at least, so the last count says it of all.
        first = None if edges.n_rows == len(edges) else edges.first
        rows = None if edges.rows is None or _counts(edges.rows) else edges.rows
        leaving = edges.leaving.astype(np.int32)
        return cls(edges.as_of, leaving, edges.target, edges.kind, edges.flags, first, rows)

    def let_go(self) -> None:
        """Keep nothing of mapped arrays in memory, where the system can be told to.

        What was looked at counts as memory of the process until then. They stay usable.
        """
        for each in (self.leaving, self.target, self.kind, self.flags, self.first, self.rows):
            base: Any = each
            while base is not None and not isinstance(base, mmap.mmap):
                base = getattr(base, "base", None)
            if base is not None and hasattr(base, "madvise"):
                base.madvise(mmap.MADV_DONTNEED)

    # -- some of them ----------------------------------------------------------------------------

    def towards(self, nodes: Keys, snapshot: Snapshot) -> Edges:
        """Every edge from which one comes to some of the nodes, whatever must be allowed for it.

        What anybody has of these nodes rests on these edges alone.

        Cost: one look at every edge, more only where roles or accounts hold accounts or people.
        """
        reaches = np.zeros(self.n_nodes, dtype=bool)
        reaches[nodes] = True
        blocks = [_Block(self, snapshot.ranges[kind]) for kind in _INWARD]
        while True:
            found = [block.spread(reaches) for block in blocks]
            if not any(block.lags(reaches) for block in blocks):
                break
        edge, holder = (np.concatenate(column[::-1]) for column in zip(*found, strict=True))
        return self._only(edge, holder, snapshot)

    def onward(self, node: int) -> Keys:
        """Every edge that one can come to from a node, whatever must be allowed for it; sorted."""
        return onward(self.leaving, self.target, np.array([node], dtype=np.int64))

    def only(self, edge: Keys, snapshot: Snapshot) -> Edges:
        """Some of the edges, by sorted numbers."""
        return self._only(edge, self.holders(edge), snapshot)

    def _only(self, edge: Keys, holder: Small, snapshot: Snapshot) -> Edges:
        first, rows = None, edge
        if self.first is not None:
            start, stop = (self.first[edge + n].astype(np.int64) for n in (0, 1))
            first = _firsts(stop - start)
            _, rows = spans(start, stop)
        return Edges(
            self.n_nodes,
            holder,
            self.target[edge],
            self.kind[edge],
            self.flags[edge],
            first,
            rows.astype(np.int32) if self.rows is None else self.rows[rows],
            self.as_of,
            snapshot,
        )

    def holders(self, edge: Keys) -> Small:
        """The holder of each edge, of edges that ascend."""
        # Of the type of the offsets, which would be copied otherwise.
        numbers = np.searchsorted(self.leaving, edge.astype(np.int32), side="right")
        return np.asarray(numbers - 1, dtype=np.int32)


class _Block:
    """The edges of all holders of one kind, which are one run."""

    def __init__(self, packed: Packed, holders: range) -> None:
        self.packed = packed
        self.holders = holders
        self.start = int(packed.leaving[holders.start])
        self.stop = int(packed.leaving[holders.stop])
        inner, back = [], []
        for low, target in self._pieces():
            # Most hold nothing of their own kind, or of one that may hold them.
            within = np.flatnonzero(target < holders.stop)
            own = target[within] >= holders.start
            inner.append(within[own] + low)
            back.append(within[~own] + low)
        self.inner = _joined(inner)
        self.back = _joined(back)
        self._seen: Bits = np.empty(0, dtype=bool)

    def _pieces(self) -> Iterator[tuple[int, Small]]:
        for low in range(self.start, self.stop, _PIECE):
            yield low, self.packed.target[low : min(low + _PIECE, self.stop)]

    def spread(self, reaches: Bits) -> tuple[Keys, Small]:
        """Mark the holders of what is marked, and theirs of the same kind; edges to any of it."""
        packed = self.packed
        found = self._edges(reaches)
        holders = packed.holders(found)
        reaches[holders] = True
        if len(self.inner) and len(found):
            self._spread_within(reaches)
            found = self._edges(reaches)
            holders = packed.holders(found)
        self._seen = reaches[packed.target[self.back]]
        return found, holders

    def _spread_within(self, reaches: Bits) -> None:
        """Mark whoever of the block holds something of it that is marked, however far off."""
        holder, target = self.packed.holders(self.inner), self.packed.target[self.inner]
        for _ in range(_ROUNDS):
            fresh = holder[reaches[target] & ~reaches[holder]]
            if not len(fresh):
                return
            reaches[fresh] = True
        begins = self.holders.start
        flow = Flow(len(self.holders), holder - begins, target - begins)
        marked = np.flatnonzero(reaches[begins : self.holders.stop])
        seeds = Facts(1, marked, np.zeros(len(marked), dtype=np.int64))
        reaches[flow.spread(seeds).key + begins] = True

    def _edges(self, reaches: Bits) -> Keys:
        return _joined(
            [np.flatnonzero(np.take(reaches, target)) + low for low, target in self._pieces()]
        )

    def lags(self, reaches: Bits) -> bool:
        """Whether something of another kind was marked after edges to it were looked for here."""
        return not np.array_equal(self._seen, reaches[self.packed.target[self.back]])


def _joined(pieces: list[Keys]) -> Keys:
    return np.concatenate([np.empty(0, dtype=np.int64), *pieces])


def _counts(numbers: Small) -> bool:
    """Whether each number is its position."""
    pieces = (slice(low, low + _PIECE) for low in range(0, len(numbers), _PIECE))
    return all(
        bool(np.all(numbers[each] == np.arange(each.start, min(each.stop, len(numbers)))))
        for each in pieces
    )


def onward(leaving: Keys | Small, target: Small, nodes: Keys) -> Keys:
    """Every edge that one can come to from some nodes; sorted."""
    seen = np.zeros(len(leaving) - 1, dtype=bool)
    pieces = [np.empty(0, dtype=np.int64)]
    nodes = distinct(nodes)
    while len(nodes):
        seen[nodes] = True
        start, stop = (leaving[nodes + n].astype(np.int64) for n in (0, 1))
        _, edge = spans(start, stop)
        pieces.append(edge)
        nodes = distinct(target[edge].astype(np.int64))
        nodes = nodes[~seen[nodes]]
    return np.sort(np.concatenate(pieces))


def _firsts(count: Keys) -> Small:
    """Where each of so many begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int32)


def taken_edges(edges: Edges, number: Keys) -> Edges:
    """Some of the edges, by sorted numbers."""
    start, stop = edges.places_of(number)
    _, place = spans(start, stop)
    return Edges(
        edges.n_nodes,
        edges.holder[number],
        edges.target[number],
        edges.kind[number],
        edges.flags[number],
        None if edges.first is None else _firsts(stop - start),
        edges.rows_at(place).astype(np.int32),
        edges.as_of,
        edges.snapshot,
    )


def with_own_grants(edges: Edges) -> Edges:
    """The same edges over a snapshot that has no grants but theirs.

    Cost: of a stored table nothing yet; of its columns, the groups of rows that they stand in.
    """
    stated = edges.rows_at(np.arange(edges.n_rows))
    known = distinct(stated)
    grants = edges.snapshot["grants"].take(pa.array(known))
    own = replace(edges.snapshot, tables={**edges.snapshot.tables, "grants": grants})
    rows = np.searchsorted(known, stated).astype(np.int32)
    return replace(edges, rows=rows, snapshot=own)
