"""Columns as integers that sort like their values, and tables in canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.identity.words import order_of, ordered, spans_of

Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

#: Rows that are looked at together, few enough for what is made of them to stay in the cache.
_BLOCK = 2**16
#: Sorts before every record, day and instant.
_NULL = -(2**62)


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def flags(values: pa.Array | pa.ChunkedArray) -> Flags:
    """Yes and no of a column that has no nulls."""
    found: Flags = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return found


def is_word(kind: pa.DataType) -> bool:
    """Whether a column is dictionary-coded."""
    return bool(pa.types.is_dictionary(kind))


def spelled(table: pa.Table) -> pa.Table:
    """The table with plain text in place of every dictionary. For small tables."""
    fields = [
        each.with_type(each.type.value_type) if is_word(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))


def coded(column: pa.ChunkedArray | pa.Array) -> tuple[Codes, pa.Array]:
    """The words of a dictionary-coded column: each row's place among them, and they, in order.

    Only words that some row has are among them; a null's place is -1. Chunks may have different
    dictionaries; each distinct one is looked at once.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    numbers: list[Codes | int] = []
    used: list[pa.Array] = []
    for chunk in chunks:
        places, values = _used(chunk)
        numbers.append(places)
        used.append(values)
    words = pa.chunked_array(used, pa.string()).unique().drop_null()
    words = words.take(pa.array(order_of(spans_of(words))))
    found = np.empty(len(column), dtype=np.int32)
    begin = 0
    for chunk, places, values in zip(chunks, numbers, used, strict=True):
        place = pc.index_in(values, value_set=words, skip_nulls=True).fill_null(-1)
        final = np.append(np.asarray(place, dtype=np.int32), np.int32(-1))
        found[begin : begin + len(chunk)] = final[places]
        begin += len(chunk)
    return found, words


def _used(chunk: pa.DictionaryArray) -> tuple[Codes | int, pa.Array]:
    """Each row's place among the values that rows have, -1 for null, and those values.

    One place stands for all rows if it is the same.
    """
    indices = chunk.indices
    if indices.null_count == len(indices):
        return -1, chunk.dictionary[:0]
    ends = pc.min_max(indices)
    if not indices.null_count and ends["min"].equals(ends["max"]):
        return 0, chunk.dictionary.slice(ends["min"].as_py(), 1)
    places = np.asarray(indices.fill_null(-1) if indices.null_count else indices)
    some = np.zeros(len(chunk.dictionary) + 1, dtype=np.bool_)
    some[places] = True
    rows = np.flatnonzero(some[:-1])
    if len(rows) == len(chunk.dictionary):
        return places, chunk.dictionary
    renumbered = np.full(len(some), -1, dtype=np.int32)
    renumbered[rows] = np.arange(len(rows), dtype=np.int32)
    return renumbered[places], chunk.dictionary.take(pa.array(rows))


def in_words(codes: Codes, words: pa.Array) -> pa.DictionaryArray:
    """A dictionary-coded column of these places, -1 for null."""
    if len(codes) and not codes.any():
        # Memory that nobody has written to costs none.
        codes = np.zeros(len(codes), dtype=np.int32)
    absent = codes < 0 if len(codes) and codes.min() < 0 else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=absent), words)


def worded(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with its words in dictionaries in order, none of which has an unused one."""
    columns = []
    for each in schema:
        column = table.column(each.name)
        if not is_word(each.type):
            columns.append(column if column.type == each.type else column.cast(each.type))
        elif is_word(column.type):
            columns.append(in_words(*coded(column)))
        else:
            columns.append(in_words(*coded(whole(column).dictionary_encode())))
    return pa.Table.from_arrays(columns, schema=schema)


def ranks(column: pa.ChunkedArray | pa.Array) -> Numbers:
    """Each value's place among the distinct values, from 0; -1 for null.

    Text sorts by code point, false before true. Cost: a sort of the distinct values.
    """
    if is_word(column.type):
        return coded(column)[0].astype(np.int64)
    encoded = whole(column).dictionary_encode()
    values = encoded.dictionary
    if pa.types.is_string(values.type):
        order = order_of(spans_of(values))
    else:
        order = pc.sort_indices(values).to_numpy()
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1  # where the index of a null points
    found: Numbers = place[encoded.indices.fill_null(-1).to_numpy()]
    return found


def looked_up(table: npt.NDArray[Any], places: npt.NDArray[np.integer]) -> npt.NDArray[Any]:
    """`table[places]` for a table that is small beside the places, block by block."""
    found = np.empty(len(places), dtype=table.dtype)
    for begin in range(0, len(places), _BLOCK):
        some = places[begin : begin + _BLOCK].astype(np.intp)
        np.take(table, some, out=found[begin : begin + _BLOCK], mode="wrap")
    return found


def sorted_rows(keys: npt.NDArray[np.integer]) -> tuple[Rows, Rows]:
    """Row numbers that sort by keys, which are not negative, and the keys in that order.

    Equal keys keep their order. Cost: key and row number go into one integer, and integers are
    sorted; several times as fast as sorting the rows by their keys.
    """
    bits = max(len(keys) - 1, 0).bit_length()
    packed = keys.astype(np.int64)
    packed <<= bits
    for begin in range(0, len(packed), _BLOCK):
        some = packed[begin : begin + _BLOCK]
        some |= np.arange(begin, begin + len(some))
    packed.sort()
    rows = packed & (2**bits - 1)
    packed >>= bits
    return rows.astype(np.intp, copy=False), packed.astype(np.intp, copy=False)


def text_ranks(column: pa.ChunkedArray) -> Codes:
    """Each text's place among the distinct ones, from 0; there must be no null."""
    order, begins = ordered(spans_of(whole(column)))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.cumsum(begins, dtype=np.int32) - 1
    return place


def ordering(keys: Iterable[Numbers], *, count: int) -> tuple[Rows, Flags]:
    """Row numbers that sort by the first key, then the second …; and where a new key begins.

    The flags are in sorted order; a row without one equals the row before it in every key. Keys
    are taken one by one, and no more of them once all rows differ, so costly ones may come late
    in a generator.
    """
    order = np.arange(count)
    group = np.zeros(count, dtype=np.int64)
    groups = min(count, 1)
    for key in keys:
        if groups == count:
            break
        low, high = int(key.min()), int(key.max())
        if low == high:
            continue
        packed = _packed(group, groups, key, low, high)
        order = np.argsort(packed, kind="stable") if packed is not None else _lexed(key, group)
        group = _dense(order, [group, key] if packed is None else [packed])
        groups = int(group[order[-1]]) + 1
    in_order = group[order]
    return order, np.diff(in_order, prepend=-1) != 0


def _packed(group: Numbers, groups: int, key: Numbers, low: int, high: int) -> Numbers | None:
    """Group and key in one number, if they fit."""
    span = high - low + 1
    if groups * span >= 2**62:
        return None
    packed: Numbers = group * span + (key - low)
    return packed


def _lexed(key: Numbers, group: Numbers) -> Rows:
    order: Rows = np.lexsort((key, group))
    return order


def _dense(order: Rows, keys: Sequence[Numbers]) -> Numbers:
    """Numbers from 0 that order rows as these keys do."""
    fresh = np.zeros(len(order), dtype=bool)
    for key in keys:
        in_order = key[order]
        fresh[1:] |= in_order[1:] != in_order[:-1]
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(fresh)
    return group


def canonical(
    table: pa.Table, *, first: Sequence[str] = (), known: Mapping[str, Numbers] | None = None
) -> pa.Table:
    """The table without exact repeats, sorted by the columns `first`, then by the others.

    `known` has numbers that sort like a column, if the caller has them anyway.
    """
    known = known or {}
    names = [*first, *(name for name in table.schema.names if name not in first)]
    keys = (known[name] if name in known else sortable(table.column(name)) for name in names)
    order, fresh = ordering(keys, count=table.num_rows)
    return take(table, order[fresh])


def sortable(column: pa.ChunkedArray) -> Numbers:
    """Numbers that sort and differ as the values do, null first; not dense, unlike `ranks`."""
    if is_word(column.type) or pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
        return ranks(column)
    small = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
    numbers: Numbers = whole(small.cast(pa.int64())).fill_null(_NULL).to_numpy()
    return numbers


def picked(column: pa.Array | pa.ChunkedArray, rows: Rows) -> pa.Array | pa.ChunkedArray:
    """These rows of a column; rows that follow each other share its memory."""
    begin = int(rows[0]) if len(rows) else 0
    if len(rows) and int(rows[-1]) - begin == len(rows) - 1 and (np.diff(rows) == 1).all():
        return column.slice(begin, len(rows))
    return column.take(pa.array(rows))


def take(table: pa.Table, rows: Rows) -> pa.Table:
    """These rows, in this order, in one piece."""
    return table.take(pa.array(rows)).combine_chunks()
