"""A part of a world by itself: what some edges say, at the cost of these edges alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys
from sod_analyzer.graph.edges import Edges
from sod_analyzer.graph.packed import onward, taken_edges
from sod_analyzer.model.access import NodeKind, Snapshot


@dataclass(frozen=True)
class Part:
    """Some edges and the nodes at their ends, which an engine calls by their place among them.

    The order of the places is that of the codes, so ties fall as they fall in the whole. What is
    had of anything by way of these edges only is had in the part as in the whole, just as far.
    """

    columns: Columns  # by codes
    edges: Edges  # by codes; the engine numbers them alike
    nodes: Keys  # codes, sorted
    engine: Engine

    @classmethod
    def of(cls, columns: Columns, edges: Edges) -> Part:
        """The part that these edges are, with whatever the columns need.

        Cost: of the edges, and five bytes for each node of the whole.
        """
        seen = np.zeros(edges.n_nodes, dtype=bool)
        for codes in (edges.holder, edges.target, columns.possible.node):
            seen[codes] = True
        nodes = np.flatnonzero(seen)
        place = np.empty(edges.n_nodes, dtype=np.int32)  # only those of nodes are ever touched
        place[nodes] = np.arange(len(nodes))
        ends = np.searchsorted(nodes, [span.stop for span in edges.snapshot.ranges.values()])
        spans: dict[NodeKind, range] = {}
        start = 0
        for kind, stop in zip(edges.snapshot.ranges, ends.tolist(), strict=True):
            spans[kind] = range(start, stop)
            start = stop
        whole = edges.snapshot
        snapshot = _Numbered(whole.tables, whole.as_of, whole.name, whole.digest, spans)
        numbered = Edges(
            len(nodes),
            place[edges.holder],
            place[edges.target],
            edges.kind,
            edges.flags,
            edges.first,
            edges.rows,
            edges.as_of,
            snapshot,
        )
        return cls(columns, edges, nodes, Engine(snapshot, columns.among(nodes), numbered))

    def places(self, codes: Keys) -> Keys:
        """The places of nodes that are in the part."""
        return np.searchsorted(self.nodes, codes)

    def from_(self, codes: Keys) -> Part:
        """The part of it that one can come to from some nodes."""
        edges = self.engine.edges
        number = onward(edges.leaving, edges.target, self.places(codes))
        return Part.of(self.columns, taken_edges(self.edges, number))


@dataclass(frozen=True)
class _Numbered(Snapshot):
    """A snapshot some of whose nodes are called by other numbers."""

    spans: Mapping[NodeKind, range]

    @cached_property
    def ranges(self) -> Mapping[NodeKind, range]:
        """The range of numbers of each kind."""
        return self.spans
