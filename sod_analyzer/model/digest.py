"""The snapshot's digest: one number for what the tables say, however they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import SCHEMA_VERSION

#: What a column's content begins with.
_FULL, _WITH_NULLS, _EMPTY = b"full", b"null", b"none"

_WIDE = 64


def tables_digest(tables: Mapping[str, Any], *, as_of: date) -> str:
    """SHA-256, in hex, over schema version, day and every value of every table.

    Takes the tables as they are: sort them first. How a table is cut into chunks or encoded
    changes nothing, nor does the order of a dictionary or a word in it that no row has. A null
    differs from an empty text and from zero; two neighbouring values never run into each other.

    Of each column, its own SHA-256 is taken: over `full`, `null` and a byte per row that says
    whether there is a value, or `none` if there is none at all; then over the values, in the
    column's own width, little-endian, zero where there is none. A yes or no is a byte. Of text,
    the lengths come first, in four bytes each, and then all bytes. Of words, their number in eight
    bytes and the distinct words in order, as text, come first, and then each row's place among
    them, in one, two or four bytes as their number requires.

    Cost: one pass over all bytes, in two threads.
    """
    digest = hashlib.sha256()
    digest.update(f"sod-analyzer snapshot {SCHEMA_VERSION} {as_of.isoformat()}\n".encode())
    columns = [(table, name) for _, table in sorted(tables.items()) for name in table.schema.names]
    with ThreadPoolExecutor(2) as threads:
        # Of a table on disk, each thread has one column in memory at a time.
        digests = threads.map(lambda at: _column_digest(_pieced(*at)), columns)
        for name, table in sorted(tables.items()):
            digest.update(f"table {name} {table.num_rows}\n".encode())
            for field in table.schema:
                kind = "word" if pa.types.is_dictionary(field.type) else field.type
                digest.update(f"column {field.name} {kind} {next(digests)}\n".encode())
    return digest.hexdigest()


class Pieced(Protocol):
    """A column of which a piece is made at a time, each time it is asked for.

    Pieces of words share one dictionary, which is in order; each of its words is some row's.
    """

    @property
    def type(self) -> pa.DataType: ...

    @property
    def some_null(self) -> bool: ...

    @property
    def all_null(self) -> bool: ...

    @property
    def chunks(self) -> Iterable[pa.Array]: ...

    def __len__(self) -> int: ...


class _There:
    """A column that is in memory, as the pieces that it has."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.chunks: Sequence[pa.Array] = column.chunks
        if pa.types.is_dictionary(column.type):
            self.chunks = [_in_order(_in_one_piece(column))]
        self.type: pa.DataType = column.type
        self._count = len(column)
        nulls = sum(chunk.null_count for chunk in self.chunks)
        self.some_null = nulls > 0
        self.all_null = nulls == self._count

    def __len__(self) -> int:
        return self._count


def _pieced(table: Any, name: str) -> Pieced:
    """A column in pieces: as the table makes them, if it does, else as they are."""
    makes = hasattr(type(table), "pieced")
    found: Pieced = table.pieced(name) if makes else _There(table.column(name))
    return found


def _column_digest(column: Pieced) -> str:
    digest = hashlib.sha256()
    if column.all_null or not len(column):
        digest.update(_EMPTY if len(column) else _FULL)
        return digest.hexdigest()
    if column.some_null:
        digest.update(_WITH_NULLS)
        for chunk in column.chunks:
            _add_fixed(digest, chunk.is_valid().cast(pa.uint8()))
    else:
        digest.update(_FULL)
    if pa.types.is_dictionary(column.type):
        _add_words(digest, column)
    elif pa.types.is_string(column.type):
        _add_text(digest, column.chunks)
    elif pa.types.is_boolean(column.type):
        for chunk in column.chunks:
            _add_fixed(digest, chunk.fill_null(pa.scalar(value=False)).cast(pa.uint8()))
    else:
        kind = pa.int64() if column.type.bit_width == _WIDE else pa.int32()
        for chunk in column.chunks:
            plain = chunk.cast(kind)
            _add_fixed(digest, plain.fill_null(0) if plain.null_count else plain)
    return digest.hexdigest()


def _add_text(digest: hashlib._Hash, chunks: Iterable[pa.Array]) -> None:
    filled = [chunk.fill_null("") if chunk.null_count else chunk for chunk in chunks]
    for chunk in filled:
        _add_fixed(digest, pc.binary_length(chunk))
    for chunk in filled:
        _, offsets, content = chunk.buffers()
        if content is not None and len(chunk):
            ends = memoryview(offsets).cast("i")
            span = ends[chunk.offset], ends[chunk.offset + len(chunk)]
            digest.update(memoryview(content)[span[0] : span[1]])


def _add_words(digest: hashlib._Hash, column: Pieced) -> None:
    words = None
    for chunk in column.chunks:
        if words is None:
            words = chunk.dictionary
            digest.update(len(words).to_bytes(8, "little"))
            _add_text(digest, [words])
        places = chunk.indices.cast(_narrow(len(words)))
        _add_fixed(digest, places.fill_null(0) if places.null_count else places)


def _in_one_piece(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of words with one dictionary, in which no word is null."""
    if any(chunk.dictionary.null_count for chunk in column.chunks):
        column = column.cast(pa.string()).dictionary_encode()
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _in_order(coded: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same with distinct words in order, each of which some row has."""
    known = coded.dictionary
    places = coded.indices.cast(_narrow(len(known)))
    used = pc.unique(places).drop_null()
    in_order = pc.all(pc.less(known[:-1], known[1:])).as_py() is not False
    if in_order and len(used) == len(known):
        return pa.DictionaryArray.from_arrays(places, known)
    words = pc.unique(known.take(used))
    words = words.take(pc.sort_indices(words))
    place = pc.index_in(known, value_set=words).cast(_narrow(len(words)))
    return pa.DictionaryArray.from_arrays(place.take(places), words)


def _narrow(count: int) -> pa.DataType:
    """The smallest type that holds places among so many words."""
    if count <= 2**8:
        return pa.uint8()
    return pa.uint16() if count <= 2**16 else pa.uint32()


def _add_fixed(digest: hashlib._Hash, values: pa.Array) -> None:
    """The values' bytes, little-endian as Arrow keeps them."""
    width = values.type.bit_width // 8
    content = values.buffers()[1]
    if content is not None and len(values):
        begin = values.offset * width
        digest.update(memoryview(content)[begin : begin + len(values) * width])
