"""Columns as fields of CSV: neighbours of few words become one, so that a row is few pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import (
    Codes,
    Numbers,
    Owners,
    decided,
    plain,
    taken,
    used,
    value_type,
    words,
)
from sod_analyzer.report.joined import Column, Joined
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.quoting import (
    csv_escaped,
    csv_texts,
    number_texts,
    octets,
    pieced,
    with_null,
)

#: Words of two columns that are written out in all pairs; so few stay close to the processor.
_PAIRS = 4_096
#: How often a word must stand in a column for its neighbours to be written beside it.
_REPEATED = 3
#: Counts up to here are words like any others.
_SMALL = 64
#: Rows that are made into texts at once, and bytes of texts that are kept for rows to come.
_PIECE, _ROOM = 50_000, 1 << 30

#: What a row is put together from: texts, or a text that is the same in every row.
Part: TypeAlias = "pa.Array | str"
#: Codes by where they stand in memory, kept there, and what was made of them.
_Shared: TypeAlias = dict[tuple[int, int, int], tuple[Codes, npt.NDArray[np.integer]]]
Field: TypeAlias = Callable[[int, int], Sequence[Part]]


def fields_of(table: Joined) -> list[Field]:
    """What gives the texts of one or more columns, from one row to another.

    The fields of a row, one after another, are the row, with commas and line end.
    """
    last = table.columns[-1]
    shared: _Shared = {}
    tasks = [
        partial(_source, column, "\r\n" if column is last else ",", shared)
        for column in table.columns
    ]
    groups: list[tuple[Column, list[_Coded | _Plain]]] = []
    # One after another, since every column that is not merged yet takes room.
    for column, source in zip(table.columns, in_order(tasks), strict=True):
        if not groups or groups[-1][0].rows is not column.rows:
            groups.append((column, []))
        _merge(groups[-1][1], source)
    fields: list[Field] = []
    while groups:
        # A group is let go of once its texts are made.
        column, sources = groups.pop(0)
        rows, known = column.rows, len(column.values)
        texts = None
        if rows is not None and 2 * known < len(rows):
            # Every row of theirs stands in several of ours: its text is made once.
            texts = _pooled(sources, known)
        if rows is None or texts is None:
            fields += [partial(source.parts, rows) for source in sources]
        else:
            fields.append(partial(_repeated, texts, rows))
    return fields


def _pooled(sources: Sequence[_Coded | _Plain], known: int) -> pa.Array | None:
    """The text of every row, and of one that is not there; None where that takes much room."""
    each = np.append(np.arange(known, dtype=np.int32), np.int32(-1))
    ends = np.zeros(known + 2, dtype=np.int32)
    found = pa.BufferOutputStream()
    size = 0
    for start in range(0, known + 1, _PIECE):
        stop = min(start + _PIECE, known + 1)
        texts = pieced(*(part for source in sources for part in source.parts(each, start, stop)))
        reached = size + np.cumsum(pc.binary_length(texts).to_numpy(), dtype=np.int64)
        size = int(reached[-1])
        if size > _ROOM:
            return None
        ends[start + 1 : stop + 1] = reached
        found.write(octets(texts))
    return pa.StringArray.from_buffers(known + 1, pa.py_buffer(ends), found.getvalue())


def _repeated(texts: pa.Array, rows: Numbers, start: int, stop: int) -> Sequence[Part]:
    chosen = rows[start:stop]
    return (texts.take(pa.array(np.where(chosen < 0, len(texts) - 1, chosen))),)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Columns of words, and what is written for each, ends of fields included."""

    codes: npt.NDArray[
        np.integer
    ]  # one more than rows: the last is that of a row that is not there
    texts: pa.Array

    def parts(self, rows: Numbers | None, start: int, stop: int) -> Sequence[Part]:
        codes = self.codes[start:stop] if rows is None else self.codes[rows[start:stop]]
        return (self.texts.take(pa.array(codes)),)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A column written row by row."""

    values: pa.ChunkedArray
    end: str

    def parts(self, rows: Numbers | None, start: int, stop: int) -> Sequence[Part]:
        if rows is None:
            values = plain(self.values.slice(start, stop - start))
        else:
            values = taken(self.values, rows[start:stop])
        if not pa.types.is_string(values.type):
            return (number_texts(values, self.end).fill_null(self.end),)
        if values.null_count:
            return csv_texts(values), self.end
        return '"', csv_escaped(values), f'"{self.end}'


def _source(column: Column, end: str, shared: _Shared) -> _Coded | _Plain:
    values = column.values
    if values.null_count == len(values):
        return _Coded(np.zeros(len(values) + 1, np.int16), pa.array([end], pa.string()))
    if pa.types.is_dictionary(values.type) and pa.types.is_string(value_type(values.type)):
        coded = words(values)
        if len(coded.texts) > max(_PAIRS, len(coded) // _REPEATED):
            coded = used(coded)
        if len(coded.texts) > max(_PAIRS, len(coded) // _REPEATED):
            # Words that hardly repeat are written where they stand: all at once take much room.
            return _Plain(values, end)
        found = used(coded)
        codes, texts = found.codes, pieced('"', csv_escaped(found.texts), f'"{end}')
    elif _is_small(values):
        codes = values.fill_null(_SMALL).to_numpy().astype(np.int32)
        texts = pa.array([f"{number}{end}" for number in range(_SMALL)], pa.string())
    else:
        return _Plain(values, end)
    pool = with_null(texts, end)
    # Columns with the same codes, as a node's id and name, go on sharing them.
    key = (codes.__array_interface__["data"][0], len(codes), len(texts))
    made = _narrow(np.append(codes, np.int32(len(texts))), pool)
    return _Coded(shared.setdefault(key, (codes, made))[1], pool)


def _narrow(codes: npt.NDArray[np.integer], texts: pa.Array) -> npt.NDArray[np.integer]:
    """The codes in half the room where the words are few."""
    return codes.astype(np.int16 if len(texts) <= np.iinfo(np.int16).max else np.int32, copy=False)


def _is_small(values: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(values.type):
        return False
    span = pc.min_max(values)
    return bool(span["min"].as_py() >= 0 and span["max"].as_py() < _SMALL)


def _merge(merged: list[_Coded | _Plain], source: _Coded | _Plain) -> None:
    """Put a source behind the others, or into the last of them."""
    both = _both(merged[-1], source) if merged else None
    if both is None:
        merged.append(source)
    else:
        merged[-1] = both


def _both(one: _Coded | _Plain, other: _Coded | _Plain) -> _Coded | None:
    """Two neighbours as one, where that is cheaper: few pairs, or one decides the other."""
    if not isinstance(one, _Coded) or not isinstance(other, _Coded):
        return None
    many, more = len(one.texts), len(other.texts)
    if many * more <= _PAIRS:
        pairs = np.arange(many * more)
        texts = _beside(one.texts, pairs // more, other.texts, pairs % more)
        codes = one.codes if more == 1 else one.codes * np.int32(more) + other.codes
        return _Coded(_narrow(codes, texts), texts)
    if max(many, more) * _REPEATED > len(one.codes):
        return None
    part = decided(one.codes, other.codes, many)
    if part is not None:
        return _Coded(one.codes, _beside(one.texts, np.arange(many), other.texts, part))
    part = decided(other.codes, one.codes, more)
    if part is not None:
        return _Coded(other.codes, _beside(one.texts, part, other.texts, np.arange(more)))
    return None


def _beside(
    one: pa.Array, here: Codes | Owners, other: pa.Array, there: Codes | Owners
) -> pa.Array:
    return pieced(one.take(pa.array(here)), other.take(pa.array(there)))
