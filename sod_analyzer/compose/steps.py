"""Hops as a reader follows them, by column: each distinct one told once, with file and record."""

from __future__ import annotations

from collections.abc import Mapping

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
    of_rows,
    offsets_of,
    taken,
    words,
)
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.graph.closure import Keys, spans
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import NodeKind

Bits = npt.NDArray[np.bool_]

_NODE_KINDS = [str(kind) for kind in NodeKind]


class Steps:
    """Distinct hops: edges as they are, then edges that their holders give to themselves.

    Cost: of each distinct hop once, however many witnesses share it.
    """

    def __init__(self, tracer: Tracer, edge: npt.NDArray[np.int32], own: Bits) -> None:
        self.tracer = tracer
        self.edges = tracer.engine.edges
        self.names = tracer.names
        #: Of each hop given, the number of the distinct one.
        self.number, self.edge, self.own = _distinct(edge, own, len(self.edges))
        self.holder = self.edges.holder[self.edge].astype(np.int64)
        self.target = self.edges.target[self.edge].astype(np.int64)
        self.nodes, (self.from_node, self.to_node) = dense(
            self.edges.n_nodes, self.holder, self.target
        )
        self.node_ids = self.names.ids(self.nodes)
        self.node_names = self.names.names(self.nodes)
        starts = [span.start for span in self.names.snapshot.ranges.values()]
        # The last of the ranges that begin there: an empty one has no nodes.
        of_node = (np.searchsorted(starts, self.nodes, side="right") - 1).astype(np.int8)
        self.from_kind, self.to_kind = of_node[self.from_node], of_node[self.to_node]

    def columns(self, step: npt.NDArray[np.int32] | None = None) -> Mapping[str, pa.Array]:
        """The columns of `HOPS` that a hop has by itself, for hops by their numbers.

        By default a row for each distinct hop.

        Cost: a few bytes per hop; texts once per distinct one.
        """
        edges = self.edges
        if step is None:
            step = np.arange(len(self.edge), dtype=np.int32)
        rows = edges.rows[edges.first[self.edge]].astype(np.int64)
        same = edges.first[self.edge + 1] - edges.first[self.edge]
        grants = self.names.snapshot["grants"]
        source = taken(grants.column("source_id"), rows).dictionary_encode()
        record = taken(grants.column("record"), rows)
        code = source.indices.fill_null(NOTHING).to_numpy()
        told = source.dictionary.to_pylist()
        every = Rows(step)
        start, end, origin = (Rows(number[step]) for number in (self.from_node, self.to_node, code))
        note, notes = self._notes(rows, same)
        return {
            "from_kind": few(self.from_kind[step], _NODE_KINDS),
            "from_id": start.words(self.node_ids),
            "from_name": start.words(self.node_names),
            "kind": few(edges.kind[self.edge][step], [str(kind) for kind in KINDS]),
            "to_kind": few(self.to_kind[step], _NODE_KINDS),
            "to_id": end.words(self.node_ids),
            "to_name": end.words(self.node_names),
            "note": words(note[step], notes),
            "source_id": origin.words(told),
            "file": origin.words([self.names.file(each) for each in told]),
            "record": of_rows(record, step),
            "at": every.words(places_at(self.names, code, told, record)),
            "also": every.words(self._also()),
            "same": same[step],
        }

    # -- notes -----------------------------------------------------------------------------------

    def _notes(
        self, rows: Keys, same: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int32], pa.Array]:
        """What is special about each hop, as the number of a text; most have nothing."""
        flags = self.edges.flags[self.edge]
        number = np.full(len(self.edge), NOTHING, dtype=np.int64)
        lexicon = Lexicon()
        dated = self._dated()
        several = dated & (same > 1)
        special = np.flatnonzero(((flags != 0) | self.own | dated) & ~several)
        if len(special):
            number[special] = self._told_once(special, rows, dated, lexicon)
        for step in np.flatnonzero(several).tolist():
            number[step] = lexicon.number(self.tracer.note(int(self.edge[step]), self.own[step]))
        return number.astype(np.int32), lexicon.array()

    def _told_once(self, special: Keys, rows: Keys, dated: Bits, lexicon: Lexicon) -> Keys:
        """The notes of hops that one record dates, or none: few are distinct."""
        grants = self.names.snapshot["grants"]
        condition = np.full(len(special), NOTHING, dtype=np.int64)
        under = (self.edges.flags[self.edge[special]] & int(Flag.CONDITIONAL)) != 0
        condition[under] = _coded(taken(grants.column("condition"), rows[special[under]]))
        columns = [self.edges.flags[self.edge[special]], self.own[special], condition]
        when = dated[special]
        if when.any():
            for name in ("valid_from", "valid_until", "lasts_hours"):
                value = np.full(len(special), NOTHING, dtype=np.int64)
                value[when] = _coded(taken(grants.column(name), rows[special[when]]))
                columns.append(value)
        shown, code = distinct_rows(columns)
        told = [
            self.tracer.note(int(self.edge[step]), bool(self.own[step]))
            for step in special[shown].tolist()
        ]
        return lexicon.numbers(told)[code]

    def _dated(self) -> Bits:
        """Whether any record of each hop says when it holds."""
        edges = self.edges
        grants = self.names.snapshot["grants"]
        columns = [grants.column(name) for name in ("valid_from", "valid_until", "lasts_hours")]
        columns = [column for column in columns if column.null_count < len(column)]
        dated = np.zeros(len(self.edge), dtype=bool)
        if not columns:
            return dated
        start = edges.first[self.edge].astype(np.int64)
        step, spot = spans(start, edges.first[self.edge + 1].astype(np.int64))
        rows = edges.rows[spot].astype(np.int64)
        for column in columns:
            known = taken(column, rows).is_valid().to_numpy(zero_copy_only=False)
            dated[step[known]] = True
        return dated

    # -- further records -------------------------------------------------------------------------

    def _also(self) -> pa.Array:
        """The further records that each hop rests on, sorted, each once; null where none are."""
        behind = self.tracer.behind
        low, high = behind.spans_of(self.holder, self.target)
        step, spot = spans(low, high)
        if not len(step):
            return pa.nulls(len(self.edge), pa.string())
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
        joined = lists(offsets_of(step, len(self.edge)), text, "; ")
        return pc.if_else(pa.array(count > 0), joined, None)


def _coded(values: pa.Array) -> Keys:
    """A number for each distinct value, `NOTHING` for null."""
    number = values.dictionary_encode().indices.fill_null(NOTHING).to_numpy()
    return np.asarray(number, dtype=np.int64)


def _distinct(
    edge: npt.NDArray[np.int32], own: Bits, n_edges: int
) -> tuple[npt.NDArray[np.int32], Keys, Bits]:
    """The number of each hop, and the edges of the distinct ones and whether they are taken."""
    number = np.empty(len(edge), dtype=np.int32)
    pieces: list[Keys] = []
    before = 0
    for chosen in (~own, own) if own.any() else (~own,):
        found, (numbers,) = dense(n_edges, edge[chosen])
        number[chosen] = numbers + before
        before += len(found)
        pieces.append(found)
    taken_ = np.zeros(before, dtype=bool)
    taken_[len(pieces[0]) :] = True
    return number, np.concatenate(pieces), taken_
