"""Tables by column as JSON, piece by piece, without a Python object per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import flat, narrowed, plain, value_type, words
from sod_analyzer.report.quoting import json_escaped, json_texts, number_texts, octets, pieced

#: Rows turned into text at once.
_PIECE = 100_000
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

#: What stands in the file, in a few stretches of bytes; a comma after every member.
Piece = tuple[pa.Buffer | bytes, ...]
Task = Callable[[], Piece]


def text_task(text: bytes) -> Task:
    """A task that gives what is known already."""
    return partial(_given, text)


def table_tasks(table: pa.Table, names: Iterable[str]) -> Iterator[Task]:
    """Tasks that give the named columns, sorted by name, as one object of arrays."""
    before = b"{"
    for name in sorted(names):
        yield text_task(b'%s"%s":[' % (before, name.encode()))
        begun = None
        for task in members(table[name]):
            if begun is not None:
                yield begun
            begun = task
        if begun is not None:
            yield partial(_without_comma, begun)
        before = b"],"
    yield text_task(b"]}")


def _given(text: bytes) -> Piece:
    return (text,)


def _without_comma(task: Task) -> Piece:
    *most, last = task()
    return (*most, last[:-1])


def members(column: pa.ChunkedArray) -> Iterator[Task]:
    """Tasks that give the column's values as JSON, each followed by a comma.

    Texts, integers, flags, days as `2026-10-31` and moments in UTC as `2026-10-31T08:00:00Z`.
    """
    kind = value_type(column.type)
    if pa.types.is_dictionary(column.type) and pa.types.is_string(kind):
        coded = narrowed(words(column))
        pool = pa.concat_arrays(
            [pieced(json_texts(coded.texts), ","), pa.array(["null,"], pa.string())]
        )
        for start in range(0, len(column), _PIECE):
            yield partial(_looked_up, pool, coded.codes[start : start + _PIECE])
        return
    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array([plain(column)])
    write = _texts if pa.types.is_string(kind) else _others
    for start in range(0, len(column), _PIECE):
        yield partial(write, column.slice(start, _PIECE))


def _looked_up(pool: pa.Array, codes: np.ndarray) -> Piece:
    return (octets(pool.take(pa.array(codes))),)


def _nulls(rows: int) -> Piece:
    return (b"null," * rows,)


def _texts(column: pa.ChunkedArray) -> Piece:
    texts = flat(column)
    if texts.null_count == len(texts):
        return _nulls(len(texts))
    if texts.null_count:
        return (octets(pieced(json_texts(texts), ",")),)
    quoted = json_escaped(texts)
    whole = pa.ListArray.from_arrays(pa.array([0, len(quoted)], pa.int32()), quoted)
    return b'"', octets(pc.binary_join(whole, '","')), b'",'


def _others(column: pa.ChunkedArray) -> Piece:
    values = flat(column)
    if values.null_count == len(values):
        return _nulls(len(values))
    if pa.types.is_timestamp(values.type):
        texts = pieced('"', pc.strftime(values.cast(pa.timestamp("s", "UTC")), _MOMENT), '"')
    elif pa.types.is_date(values.type):
        texts = pieced('"', values.cast(pa.string()), '"')
    else:
        texts = number_texts(values)
    return (octets(pieced(texts.fill_null("null"), ",")),)
