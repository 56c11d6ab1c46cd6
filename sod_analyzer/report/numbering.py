"""Edges of the core, each once with its number, and hops as numbers of edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import (
    Codes,
    Numbers,
    Owners,
    Words,
    distinct_words,
    numbered,
    order_by,
    ranks,
    runs,
    together,
)
from sod_analyzer.report.quoting import grouped, json_texts, number_texts, octets, pieced, with_null
from sod_analyzer.report.ties import Ties

#: Edges per piece of text.
_PIECE = 50_000


class Edges:
    """The edges that hops go by, sorted by their five members; equal ones are one.

    Cost: linear where the table stands in that order, as a report's does, else a sort.
    """

    def __init__(self, edges: pa.Table, named: Codes) -> None:
        used = np.zeros(edges.num_rows, dtype=bool)
        used[named] = True
        kinds = distinct_words(edges["kind"])
        self._from, self._to = _Ends(edges, "from"), _Ends(edges, "to")
        columns: list[Numbers] = [self._from.code, self._to.code, ranks(kinds.texts)[kinds.codes]]
        rows = np.flatnonzero(used)
        if len(rows) < len(used):
            columns = [column[rows] for column in columns]
        order = order_by(*columns)
        starts = runs(*(column[order] for column in columns))
        rows = rows[order]
        #: Of each row of the table the number of its edge; rows that no hop names have none.
        self.number = np.full(len(used), -1, dtype=np.int32)
        fresh = np.zeros(len(rows), dtype=np.int32)
        fresh[starts] = 1
        self.number[rows] = np.cumsum(fresh, dtype=np.int32) - 1
        self._rows = rows[starts]
        self._kind = kinds.codes
        self._kinds = with_null(json_texts(kinds.texts))

    def tasks(self) -> Iterator[Callable[[], pa.Buffer]]:
        """The edges piece by piece: their texts, with a comma before each but the first."""
        for start in range(0, len(self._rows), _PIECE):
            yield partial(self._texts, start)

    def _texts(self, start: int) -> pa.Buffer:
        rows = self._rows[start : start + _PIECE]
        kind = self._kinds.take(pa.array(self._kind[rows]))
        texts = pieced(
            ',{"from":', self._from.of(rows), ',"kind":', kind, ',"to":', self._to.of(rows), "}"
        )
        found = octets(texts)
        return found if start else found.slice(1)


class _Ends:
    """The nodes at one end of each edge: numbers in the order of kind and id, and their texts."""

    def __init__(self, edges: pa.Table, end: str) -> None:
        ids, kinds = (distinct_words(edges[f"{end}_{name}"]) for name in ("id", "kind"))
        codes, (name, kind) = together(ids, kinds)
        place = _places(ids, name, ranks(kinds.texts)[kind])
        self.code = np.take(place, codes)
        texts = pieced(
            with_null(json_texts(ids.texts)).take(pa.array(name)),
            f',"{end}_kind":',
            with_null(json_texts(kinds.texts)).take(pa.array(kind)),
        )
        back = np.empty(len(place), dtype=np.int32)
        back[place] = np.arange(len(place), dtype=np.int32)
        self._text, self._texts = back, texts

    def of(self, rows: Owners) -> pa.Array:
        """Id and kind of the nodes in some rows: `"id","from_kind":"role"`."""
        return self._texts.take(pa.array(self._text[self.code[rows]]))


def _places(ids: Words, name: Codes, kind: Numbers) -> npt.NDArray[np.int32]:
    """Where each node stands by kind, then id. Ids are compared only if they do not ascend."""
    order = order_by(kind)
    texts = ids.texts.take(pa.array(name[order], mask=name[order] == len(ids.texts)))
    same = kind[order[1:]] == kind[order[:-1]]
    # Null stands behind every text.
    ascend = pc.coalesce(pc.less(texts[:-1], texts[1:]), pc.is_valid(texts[:-1]))
    if bool((same & ~ascend.to_numpy(zero_copy_only=False)).any()):
        order = order_by(kind, ranks(ids.texts)[name])
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place


class Hops:
    """The hops of each leg as numbers of edges, part by part."""

    def __init__(self, hops: pa.Table, ties: Ties, number: Codes) -> None:
        self._edge, self._part = number[ties.edge], numbered(hops["part"])
        if not ties.in_order:
            order = order_by(ties.of_hop, self._part, numbered(hops["hop"]))
            self._edge, self._part = self._edge[order], self._part[order]
        count = np.bincount(ties.of_hop, minlength=len(ties.of_leg))
        self._first = np.concatenate([[0], np.cumsum(count)])
        texts = number_texts(pa.array(np.arange(int(number.max(initial=-1)) + 1)))
        # How a number stands first in its leg, first in a further part, and otherwise.
        self._numbers = len(texts)
        self._pool = pa.concat_arrays([pieced(lead, texts) for lead in ("[[", "],[", ",")])

    def texts(self, legs: Owners) -> pa.Array:
        """The parts of some legs: `[[3,17,20],[4,9]]`."""
        start = self._first[legs]
        count = self._first[legs + 1] - start
        ends = np.cumsum(count)
        total = int(ends[-1]) if len(ends) else 0
        rows = np.repeat(start - (ends - count), count) + np.arange(total)
        part = self._part[rows]
        lead = np.full(len(rows), 1, dtype=np.int32)
        lead[1:] += part[1:] == part[:-1]
        has = count > 0
        lead[(ends - count)[has]] = 0
        texts = self._pool.take(pa.array(lead * self._numbers + self._edge[rows]))
        listed = grouped(texts, np.concatenate([[0], ends]))
        return pieced(listed, pa.array(["[]", "]]"]).take(pa.array(has.astype(np.int8))))
