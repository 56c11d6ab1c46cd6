"""Hops as a reader follows them, by column: each distinct one told once, with file and record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.derived import places_at
from sod_analyzer.compose.texts import (
    NOTHING,
    Lexicon,
    Rows,
    dense,
    distinct_rows,
    few,
    lists,
    offsets_of,
    taken,
    words,
)
from sod_analyzer.compose.trace import Notes, Tracer
from sod_analyzer.graph.closure import Keys, distinct, spans
from sod_analyzer.graph.edges import KINDS, Edges, Flag
from sod_analyzer.graph.packed import taken_edges, with_own_grants
from sod_analyzer.model.access import NodeKind

Bits = npt.NDArray[np.bool_]

#: Hops whose further records are told together.
_TOGETHER = 2**18
_NODE_KINDS = [str(kind) for kind in NodeKind]


class Steps:
    """Distinct hops: edges as they are, and edges that their holders give to themselves.

    They stand in the order of the table `edges`, which follows from the facts alone.

    Cost: of each distinct hop once, however many witnesses share it.
    """

    def __init__(self, tracer: Tracer, edge: npt.NDArray[np.int32], own: Bits) -> None:
        self.tracer = tracer
        self.names = tracer.names
        edges = tracer.engine.edges
        #: Of each hop given, the number of the distinct one.
        self.number, self.edge, self.own = self._distinct(edges, edge, own)
        known = distinct(self.edge)
        #: These edges alone, and of each hop the number among them. There are many more edges and
        #: grants, which may be let go of: only those that hops show are read.
        self.near = with_own_grants(taken_edges(edges, known))
        self.near_edge = np.searchsorted(known, self.edge)
        self.holder = self.near.holder[self.near_edge].astype(np.int64)
        self.target = self.near.target[self.near_edge].astype(np.int64)
        self.nodes, (self.from_node, self.to_node) = dense(edges.n_nodes, self.holder, self.target)
        self.node_ids = self.names.ids(self.nodes)
        self.node_names = self.names.names(self.nodes)
        of_node = self._kinds(self.nodes).astype(np.int8)
        self.from_kind, self.to_kind = of_node[self.from_node], of_node[self.to_node]

    def columns(self) -> Mapping[str, pa.Array]:
        """The columns of `EDGES`, a row for each distinct hop."""
        edges = self.near
        first, behind = edges.places_of(self.near_edge)
        rows = edges.rows_at(first)
        same = (behind - first).astype(np.int32)
        grants = edges.snapshot["grants"]
        source = taken(grants.column("source_id"), rows).dictionary_encode()
        record = taken(grants.column("record"), rows)
        code = source.indices.fill_null(NOTHING).to_numpy()
        told = source.dictionary.to_pylist()
        start, end, origin = (Rows(number) for number in (self.from_node, self.to_node, code))
        note, notes = self._notes(rows, same)
        return {
            "from_kind": few(self.from_kind, _NODE_KINDS),
            "from_id": start.words(self.node_ids),
            "from_name": start.words(self.node_names),
            "kind": few(edges.kind[self.near_edge], [str(kind) for kind in KINDS]),
            "to_kind": few(self.to_kind, _NODE_KINDS),
            "to_id": end.words(self.node_ids),
            "to_name": end.words(self.node_names),
            "note": words(note, notes),
            "source_id": origin.words(told),
            "file": origin.words([self.names.file(each) for each in told]),
            "record": record,
            "at": places_at(self.names, code, told, record),
            "also": self._also(),
            "same": same,
        }

    # -- order -----------------------------------------------------------------------------------

    def _distinct(
        self, edges: Edges, edge: npt.NDArray[np.int32], own: Bits
    ) -> tuple[npt.NDArray[np.int32], Keys, Bits]:
        """The number of each hop, and the edges of the distinct ones and whether they are taken."""
        number = np.empty(len(edge), dtype=np.int32)
        pieces: list[Keys] = []
        before = 0
        for chosen in (~own, own) if own.any() else (~own,):
            found, (numbers,) = dense(len(edges), edge[chosen])
            number[chosen] = numbers + before
            before += len(found)
            pieces.append(found)
        every = np.concatenate(pieces)
        taken_ = np.zeros(before, dtype=bool)
        taken_[len(pieces[0]) :] = True
        order = self._order(edges, every, taken_)
        place = np.empty(before, dtype=np.int32)
        place[order] = np.arange(before, dtype=np.int32)
        return place[number], every[order], taken_[order]

    def _order(self, edges: Edges, edge: Keys, own: Bits) -> Keys:
        """Distinct hops by the words of their kinds and by ids, ends first.

        Codes stand in the order of ids within a kind, but kinds not in that of their words. Edges
        come sorted by holder, target, kind and flags, so that a stable sort leaves flags as they
        are.
        """
        n_nodes = edges.n_nodes
        ends = [edges.holder[edge].astype(np.int64), edges.target[edge].astype(np.int64)]
        rank = _ranks([str(kind) for kind in self.names.snapshot.ranges])
        key = np.zeros(len(edge), dtype=np.int64)
        for code in ends:
            key = key * (len(rank) * n_nodes) + rank[self._kinds(code)] * n_nodes + code
        key = key * len(KINDS) + _ranks([str(kind) for kind in KINDS])[edges.kind[edge]]
        return np.argsort(key * 2 + own, kind="stable")

    def _kinds(self, code: Keys) -> Keys:
        """The kind of each node, as its number among the ranges of codes."""
        starts = [span.start for span in self.names.snapshot.ranges.values()]
        # The last of the ranges that begin there: an empty one has no nodes.
        return np.searchsorted(starts, code, side="right") - 1

    # -- notes -----------------------------------------------------------------------------------

    def _notes(
        self, rows: Keys, same: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int32], pa.Array]:
        """What is special about each hop, as the number of a text; most have nothing."""
        flags = self.near.flags[self.near_edge]
        number = np.full(len(self.edge), NOTHING, dtype=np.int64)
        lexicon = Lexicon()
        dated = self._dated()
        several = dated & (same > 1)
        special = np.flatnonzero(((flags != 0) | self.own | dated) & ~several)
        if len(special):
            number[special] = self._told_once(special, rows, dated, lexicon)
        for step in np.flatnonzero(several).tolist():
            number[step] = lexicon.number(self._note(step))
        return number.astype(np.int32), lexicon.array()

    def _told_once(self, special: Keys, rows: Keys, dated: Bits, lexicon: Lexicon) -> Keys:
        """The notes of hops that one record dates, or none: few are distinct."""
        grants = self.near.snapshot["grants"]
        condition = np.full(len(special), NOTHING, dtype=np.int64)
        under = (self.near.flags[self.near_edge[special]] & int(Flag.CONDITIONAL)) != 0
        condition[under] = _coded(taken(grants.column("condition"), rows[special[under]]))
        columns = [self.near.flags[self.near_edge[special]], self.own[special], condition]
        when = dated[special]
        if when.any():
            for name in ("valid_from", "valid_until", "lasts_hours"):
                value = np.full(len(special), NOTHING, dtype=np.int64)
                value[when] = _coded(taken(grants.column(name), rows[special[when]]))
                columns.append(value)
        shown, code = distinct_rows(columns)
        told = [self._note(step) for step in special[shown].tolist()]
        return lexicon.numbers(told)[code]

    def _note(self, step: int) -> str | None:
        return self._words.note(int(self.near_edge[step]), bool(self.own[step]))

    @cached_property
    def _words(self) -> Notes:
        return Notes(self.near)

    def _dated(self) -> Bits:
        """Whether any record of each hop says when it holds."""
        edges = self.near
        grants = edges.snapshot["grants"]
        columns = [grants.column(name) for name in ("valid_from", "valid_until", "lasts_hours")]
        columns = [column for column in columns if column.null_count < len(column)]
        dated = np.zeros(len(self.edge), dtype=bool)
        if not columns:
            return dated
        step, place = spans(*edges.places_of(self.near_edge))
        rows = edges.rows_at(place)
        for column in columns:
            known = taken(column, rows).is_valid().to_numpy(zero_copy_only=False)
            dated[step[known]] = True
        return dated

    # -- further records -------------------------------------------------------------------------

    def _also(self) -> pa.Array:
        """The further records that each hop rests on, sorted, each once; null where none are."""
        ends = (slice(low, low + _TOGETHER) for low in range(0, len(self.edge), _TOGETHER))
        pieces = (self._also_of(self.holder[each], self.target[each]) for each in ends)
        return pa.concat_arrays([pa.array([], pa.string()), *pieces])

    def _also_of(self, holder: Keys, target: Keys) -> pa.Array:
        behind = self.tracer.behind
        low, high = behind.spans_of(holder, target)
        step, spot = spans(low, high)
        if not len(step):
            return pa.nulls(len(holder), pa.string())
        text = behind.texts(self.names, spot)
        count = high - low
        if count.max() > 1:
            order = pc.sort_indices(
                pa.table({"step": step, "text": text}),
                [("step", "ascending"), ("text", "ascending")],
            )
            step, text = step[order.to_numpy()], text.take(order)
            fresh = np.ones(len(step), dtype=bool)
            again = pc.equal(text[1:], text[:-1]).to_numpy(zero_copy_only=False)
            fresh[1:] = (step[1:] != step[:-1]) | ~again
            step, text = step[fresh], text.filter(pa.array(fresh))
        joined = lists(offsets_of(step, len(holder)), text, "; ")
        return pc.if_else(pa.array(count > 0), joined, None)


def _ranks(texts: list[str]) -> Keys:
    """Where each of some distinct texts stands when they are sorted."""
    return np.argsort(np.argsort(np.array(texts)))


def _coded(values: pa.Array) -> Keys:
    """A number for each distinct value, `NOTHING` for null."""
    number = values.dictionary_encode().indices.fill_null(NOTHING).to_numpy()
    return np.asarray(number, dtype=np.int64)
