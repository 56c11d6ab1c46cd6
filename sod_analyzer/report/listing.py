"""Tables by column as JSON, piece by piece, without a Python object per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from threading import Lock
from typing import Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import Codes, flat, narrowed, plain, value_type, words
from sod_analyzer.report.quoting import (
    json_escaped,
    json_texts,
    number_texts,
    octets,
    pieced,
    with_null,
)

#: Rows turned into text at once.
_PIECE = 100_000
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

#: What stands in the file, in a few stretches of bytes; a comma after every member.
Piece: TypeAlias = "tuple[pa.Buffer | bytes, ...]"
Task: TypeAlias = Callable[[], Piece]


def text_task(text: bytes) -> Task:
    """A task that gives what is known already."""
    return partial(_given, text)


def table_tasks(table: pa.Table, names: Iterable[str]) -> Iterator[Task]:
    """Tasks that give the named columns, sorted by name, as one object of arrays.

    Texts, integers, flags, days as `2026-10-31` and moments in UTC as `2026-10-31T08:00:00Z`.
    """
    ordered = sorted(names)
    before = b"{"
    column = _prepared(table[ordered[0]])
    yield column.ready
    for name, then in pairwise([*ordered, ""]):
        # The words of the next column are made while this one is written, and then let go of.
        following = _prepared(table[then]) if then else column
        if following is not column:
            yield following.ready
        yield text_task(b'%s"%s":[' % (before, name.encode()))
        for start in range(0, table.num_rows, _PIECE):
            stop = min(start + _PIECE, table.num_rows)
            yield partial(_members, column, start, stop, last=stop == table.num_rows)
        before, column = b"],", following
    yield text_task(b"]}")


def _given(text: bytes) -> Piece:
    return (text,)


class _Column(Protocol):
    def ready(self) -> Piece:
        """Prepare what all pieces need; gives nothing."""
        ...

    def members(self, start: int, stop: int) -> Piece:
        """The values from one row to another, with a comma after each."""
        ...


def _members(column: _Column, start: int, stop: int, *, last: bool) -> Piece:
    pieces = column.members(start, stop)
    if not last:
        return pieces
    *most, end = pieces
    return (*most, end[:-1])


def _prepared(column: pa.ChunkedArray) -> _Column:
    if not pa.types.is_dictionary(column.type):
        return _Rows(column)
    if pa.types.is_string(value_type(column.type)):
        return _Coded(column)
    return _Rows(pa.chunked_array([plain(column)]))


class _Coded:
    """A column of words: each is written once and then copied."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column
        self._lock = Lock()
        self._made: tuple[Codes, pa.Array] | None = None

    def ready(self) -> Piece:
        self._words()
        return ()

    def members(self, start: int, stop: int) -> Piece:
        codes, texts = self._words()
        chosen = codes[start:stop]
        if bool((chosen == chosen[0]).all()):
            return (texts[int(chosen[0])].as_py().encode() * len(chosen),)
        return (octets(texts.take(pa.array(chosen))),)

    def _words(self) -> tuple[Codes, pa.Array]:
        with self._lock:
            if self._made is None:
                coded = narrowed(words(self._column))
                texts = pieced('"', json_escaped(coded.texts), '",')
                self._made = coded.codes, with_null(texts, "null,")
            return self._made


class _Rows:
    """Any other column, written row by row."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def ready(self) -> Piece:
        return ()

    def members(self, start: int, stop: int) -> Piece:
        values = flat(self._column.slice(start, stop - start))
        if values.null_count == len(values):
            return (b"null," * len(values),)
        if not pa.types.is_string(values.type):
            return _others(values)
        if values.null_count:
            return (octets(pieced(json_texts(values), ",")),)
        texts = json_escaped(values)
        whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
        return b'"', octets(pc.binary_join(whole, '","')), b'",'


def _others(values: pa.Array) -> Piece:
    if pa.types.is_timestamp(values.type):
        texts = pieced('"', pc.strftime(values.cast(pa.timestamp("s", "UTC")), _MOMENT), '"')
    elif pa.types.is_date(values.type):
        texts = pieced('"', values.cast(pa.string()), '"')
    else:
        if not values.null_count and pc.all(pc.equal(values, values[0])).as_py():
            return (number_texts(values[:1], ",")[0].as_py().encode() * len(values),)
        return (octets(number_texts(values, ",").fill_null("null,")),)
    return (octets(pieced(texts.fill_null("null"), ",")),)
