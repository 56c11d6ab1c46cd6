"""Columns as fields of CSV: neighbours of few words become one, so that a row is few pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import Codes, Owners, decided, flat, used, value_type, words
from sod_analyzer.report.joined import Column, Joined
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.quoting import csv_escaped, csv_texts, number_texts, pieced, with_null

#: Words of two columns that are written out in all pairs; so few stay close to the processor.
_PAIRS = 4_096
#: Counts up to here are words like any others.
_SMALL = 64

#: What a row is put together from: texts, or a text that is the same in every row.
Part: TypeAlias = "pa.Array | str"
Field: TypeAlias = Callable[[int, int], Sequence[Part]]


def fields_of(table: Joined) -> list[Field]:
    """What gives the texts of one or more columns, from one row to another.

    The fields of a row, one after another, are the row, with commas and line end.
    """
    last = table.columns[-1]
    tasks = [
        partial(_source, column, "\r\n" if column is last else ",") for column in table.columns
    ]
    pairs = zip(table.columns, in_order(tasks), strict=True)
    fields: list[Field] = []
    for _, group in groupby(pairs, key=lambda pair: id(pair[0].rows)):
        columns, sources = zip(*group, strict=True)
        rows, known = columns[0].rows, len(columns[0].values)
        merged = _merged(sources)
        if rows is not None and 2 * known < len(rows):
            # Every row of theirs stands in several of ours: its text is made once.
            parts = [part for source in merged for part in source.parts(None, 0, known)]
            fields.append(partial(_repeated, pieced(*parts), rows))
        else:
            fields += [partial(source.parts, rows) for source in merged]
    return fields


def _repeated(texts: pa.Array, rows: Owners, start: int, stop: int) -> Sequence[Part]:
    return (texts.take(pa.array(rows[start:stop])),)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Columns of words, and what is written for each, ends of fields included."""

    codes: Codes  # one more than rows: the last is that of a row that is not there
    texts: pa.Array

    def parts(self, rows: Owners | None, start: int, stop: int) -> Sequence[Part]:
        codes = self.codes[start:stop] if rows is None else self.codes[rows[start:stop]]
        return (self.texts.take(pa.array(codes)),)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A column written row by row."""

    values: pa.ChunkedArray
    end: str

    def parts(self, rows: Owners | None, start: int, stop: int) -> Sequence[Part]:
        if rows is None:
            values = flat(self.values.slice(start, stop - start))
        else:
            chosen = rows[start:stop]
            values = flat(self.values.take(pa.array(chosen, mask=chosen < 0)))
        if not pa.types.is_string(values.type):
            return number_texts(values).fill_null(""), self.end
        if values.null_count:
            return csv_texts(values), self.end
        return '"', csv_escaped(values), f'"{self.end}'


def _source(column: Column, end: str) -> _Coded | _Plain:
    values = column.values
    if values.null_count == len(values):
        return _Coded(np.zeros(len(values) + 1, np.int32), pa.array([end], pa.string()))
    if pa.types.is_dictionary(values.type) and pa.types.is_string(value_type(values.type)):
        found = used(words(values))
        codes, texts = found.codes, pieced('"', csv_escaped(found.texts), f'"{end}')
    elif _is_small(values):
        codes = values.fill_null(_SMALL).to_numpy().astype(np.int32)
        texts = pa.array([f"{number}{end}" for number in range(_SMALL)], pa.string())
    else:
        return _Plain(values, end)
    return _Coded(np.append(codes, np.int32(len(texts))), with_null(texts, end))


def _is_small(values: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(values.type):
        return False
    span = pc.min_max(values)
    return bool(span["min"].as_py() >= 0 and span["max"].as_py() < _SMALL)


def _merged(sources: Iterable[_Coded | _Plain]) -> list[_Coded | _Plain]:
    merged: list[_Coded | _Plain] = []
    for source in sources:
        last = merged[-1] if merged else None
        both = _both(last, source)
        if both is None:
            merged.append(source)
        else:
            merged[-1] = both
    return merged


def _both(one: _Coded | _Plain | None, other: _Coded | _Plain) -> _Coded | None:
    """Two neighbours as one, where that is cheaper: few pairs, or one decides the other."""
    if not isinstance(one, _Coded) or not isinstance(other, _Coded):
        return None
    many, more = len(one.texts), len(other.texts)
    if many * more <= _PAIRS:
        pairs = np.arange(many * more)
        texts = _beside(one.texts, pairs // more, other.texts, pairs % more)
        return _Coded((one.codes * more + other.codes).astype(np.int32, copy=False), texts)
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
