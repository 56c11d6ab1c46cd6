"""Columns as numbers: words coded, rows tied to their parents, orders, all without Python rows.

A text column is worked on by its codes: each distinct word has a number, and what is compared,
sorted or looked up is the numbers. Nothing depends on which number a word has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
Owners = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer]

#: Keys are packed into 63 bits; more words than that are numbered anew on the way.
ROOM = 2**62
_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Words:
    """A text column: the code of every row, and the words they stand for.

    Null has the code `len(texts)`.
    """

    codes: Codes
    texts: pa.Array

    def __len__(self) -> int:
        return len(self.codes)


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array; chunks may have different dictionaries."""
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    if pa.types.is_dictionary(column.type):
        coded = words(column)
        indices = pa.array(coded.codes, mask=coded.codes == len(coded.texts))
        return pa.DictionaryArray.from_arrays(indices, coded.texts)
    return pa.concat_arrays(column.chunks)


def plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array of its values: what is dictionary-coded is decoded."""
    array = flat(column)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def taken(column: pa.ChunkedArray, rows: npt.NDArray[np.integer]) -> pa.Array:
    """The values in some rows, decoded; -1 is a row of null.

    Arrow by itself would first make one dictionary of all that the chunks have, where it can.
    """
    if pa.types.is_dictionary(column.type):
        coded = words(column)
        if not len(coded):
            return pa.nulls(len(rows), coded.texts.type)
        codes = np.take(coded.codes, np.maximum(rows, 0))
        missing = (rows < 0) | (codes == len(coded.texts))
        return coded.texts.take(pa.array(codes, mask=missing))
    return flat(column.take(pa.array(rows, mask=rows < 0)))


def taken_rows(table: pa.Table, rows: npt.NDArray[np.integer]) -> pa.Table:
    """Some rows of the table, decoded."""
    columns = [taken(column, rows) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whether they are dictionary-coded or not."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def words(column: pa.ChunkedArray | pa.Array) -> Words:
    """The column coded as it comes: with several dictionaries a word may have several codes."""
    if not pa.types.is_dictionary(column.type):
        return _encoded(flat(column))
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    begins: dict[tuple[int, ...], int] = {}
    texts: list[pa.Array] = []
    codes = []
    total = 0
    for chunk in chunks:
        # Chunks most often share one dictionary, which is then taken once.
        known = _address(chunk.dictionary)
        if known not in begins:
            begins[known] = total
            texts.append(chunk.dictionary)
            total += len(chunk.dictionary)
        codes.append(_indices(chunk, begins[known]))
    if len(codes) == 1:
        return _settled(codes[0], texts[0], nulls=column.null_count)
    whole = pa.concat_arrays(texts) if texts else pa.array([], column.type.value_type)
    joined = np.concatenate(codes) if codes else np.zeros(0, np.int32)
    return _settled(joined, whole, nulls=column.null_count)


def _indices(chunk: pa.DictionaryArray, begin: int) -> Codes:
    """The codes of a chunk whose dictionary begins there; -1 for null."""
    indices = chunk.indices.cast(pa.int32())
    found = (indices.fill_null(-1) if indices.null_count else indices).to_numpy()
    return np.asarray(np.where(found < 0, -1, found + begin) if begin else found)


def distinct_words(column: pa.ChunkedArray | pa.Array) -> Words:
    """The column coded so that equal words have equal codes, and only words that occur."""
    coded = words(column)
    if not pa.types.is_dictionary(column.type):
        return coded
    coded = used(coded)
    again = coded.texts.dictionary_encode()
    if len(again.dictionary) == len(coded.texts):
        return coded
    new = np.append(again.indices.to_numpy(), len(again.dictionary)).astype(np.int32)
    return Words(np.take(new, coded.codes), again.dictionary)


def _address(texts: pa.Array) -> tuple[int, ...]:
    found = tuple(0 if part is None else part.address for part in texts.buffers())
    return (*found, texts.offset, len(texts))


def _encoded(texts: pa.Array) -> Words:
    """Plain texts coded; runs of one text are hashed once."""
    if not len(texts):
        return Words(np.zeros(0, np.int32), texts)
    begins = np.ones(len(texts), dtype=bool)
    begins[1:] = changes(texts)
    starts = np.flatnonzero(begins)
    if 2 * len(starts) > len(texts):
        coded = texts.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    else:
        coded = texts.take(pa.array(starts)).dictionary_encode()
        of_run = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        codes = of_run[np.cumsum(begins) - 1]
    return _settled(codes, coded.dictionary, nulls=texts.null_count)


def changes(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each text but the first differs from the one before; null equals null."""
    before, after = texts[:-1], texts[1:]
    differs = pc.fill_null(pc.not_equal(before, after), False)  # noqa: FBT003
    if texts.null_count:
        differs = pc.or_(differs, pc.not_equal(pc.is_null(before), pc.is_null(after)))
    return np.asarray(differs.to_numpy(zero_copy_only=False), dtype=bool)


def _settled(codes: Codes, texts: pa.Array, *, nulls: int) -> Words:
    """Codes with -1 for null, as words; texts that are null themselves are null rows."""
    if nulls:
        codes = np.where(codes < 0, np.int32(len(texts)), codes)
    if texts.null_count:
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
        new = np.append(np.cumsum(valid) - 1, valid.sum()).astype(np.int32)
        new[:-1][~valid] = valid.sum()
        return Words(new[codes], texts.drop_null())
    return Words(codes, texts)


def used(coded: Words) -> Words:
    """The words that occur, numbered anew in the same order."""
    # As wide numbers: numpy indexes by narrow ones several times slower.
    codes = coded.codes.astype(np.intp)
    occurs = np.zeros(len(coded.texts) + 1, dtype=bool)
    occurs[codes] = True
    kept = np.flatnonzero(occurs[:-1])
    if len(kept) == len(coded.texts):
        return coded
    new = np.full(len(occurs), len(kept), dtype=np.int32)
    new[kept] = np.arange(len(kept), dtype=np.int32)
    return Words(np.take(new, codes), coded.texts.take(pa.array(kept)))


def narrowed(coded: Words) -> Words:
    """The words, without those that do not occur where that leaves out many."""
    return used(coded) if len(coded.texts) > len(coded.codes) // 2 else coded


def mapped(column: pa.ChunkedArray | pa.Array, change: Callable[[str], str]) -> pa.Array:
    """The column with every text changed, once per distinct text; null stays null.

    For columns of few words: each of them becomes a Python text.
    """
    coded = distinct_words(column)
    changed = pa.array([*(change(text) for text in coded.texts.to_pylist()), None], pa.string())
    return changed.take(pa.array(coded.codes))


def ranks(texts: pa.Array) -> Numbers:
    """Where each of the distinct texts stands when they are sorted, null's code at the end."""
    order = pc.sort_indices(texts).to_numpy()
    found = np.empty(len(texts) + 1, dtype=np.int64)
    found[order] = np.arange(len(texts))
    found[-1] = len(texts)
    return found


def together(*columns: Words) -> tuple[Codes, tuple[Codes, ...]]:
    """The columns as one: a code for every row, and what each code is in every column.

    Rows that are equal in all columns have one code. Where the words of the column that has most
    of them decide the others, as an id does its name, that is found without sorting.
    """
    base = max(columns, key=lambda column: len(column.texts))
    parts = []
    for column in columns:
        size = len(base.texts) + 1
        part = np.arange(size) if column is base else decided(base.codes, column.codes, size)
        if part is None:
            return _combined(columns)
        parts.append(part.astype(np.int32, copy=False))
    return base.codes, tuple(parts)


def decided(base: Numbers, other: Numbers, size: int) -> Codes | None:
    """For each code of the base the other's, if that is the same in every row; else nothing."""
    if _same(base, other):
        # What stands in no row may be beyond the other's last word.
        return np.asarray(np.minimum(np.arange(size, dtype=np.int32), other.max(initial=0)))
    part = np.zeros(size, dtype=np.int32)
    # The first rows most often show already that it is not.
    for rows in (slice(_SAMPLE), slice(None)):
        codes = base[rows].astype(np.intp)
        part[codes] = other[rows]
        if not bool((np.take(part, codes) == other[rows]).all()):
            return None
    return part


def _combined(columns: Sequence[Words]) -> tuple[Codes, tuple[Codes, ...]]:
    order = order_by(*(column.codes for column in columns))
    starts = np.zeros(len(order), dtype=np.int32)
    firsts = runs(*(column.codes[order] for column in columns))
    starts[firsts] = 1
    codes = np.empty(len(order), dtype=np.int32)
    codes[order] = np.cumsum(starts) - 1
    return codes, tuple(column.codes[order[firsts]] for column in columns)


def _same(one: Numbers, other: Numbers) -> bool:
    """Whether the numbers are the same because they stand in the same place."""
    here, there = one.__array_interface__["data"][0], other.__array_interface__["data"][0]
    return here == there and len(one) == len(other) and one.dtype == other.dtype


def numbered(column: pa.ChunkedArray) -> Numbers:
    """A column of counts from 0 on in the same order, null behind all others."""
    counts = flat(column)
    most = pc.max(counts).as_py() or 0
    found = counts.fill_null(most + 1).to_numpy()
    least = min(int(found.min(initial=0)), 0)
    narrow = np.int32 if most - least < np.iinfo(np.int32).max else np.int64
    return np.asarray((found - least if least else found).astype(narrow))


def order_by(*columns: npt.NDArray[np.integer]) -> Owners:
    """The rows sorted by the columns, the first first; equal rows stay in their order.

    The columns hold no negative number.
    """
    rows = len(columns[0])
    key = columns[0].astype(np.int64)
    size = int(key.max(initial=0)) + 1
    for column in columns[1:]:
        room = int(column.max(initial=0)) + 1
        if size * room >= ROOM:
            key, size = _dense(key)
        key = key * room + column
        size *= room
    if rows < 2 or bool((key[1:] >= key[:-1]).all()):  # noqa: PLR2004 - two make an order
        return np.arange(rows)
    if size * rows < ROOM:
        # Sorting key and row packed into one number takes half as long as sorting indirectly.
        return np.sort(key * rows + np.arange(rows)) % rows
    return np.argsort(key, kind="stable")


def _dense(key: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """The same order in the smallest numbers."""
    order = np.argsort(key, kind="stable")
    arranged = key[order]
    fresh = np.zeros(len(key), dtype=np.int64)
    fresh[1:] = arranged[1:] != arranged[:-1]
    found = np.empty(len(key), dtype=np.int64)
    found[order] = np.cumsum(fresh)
    return found, int(fresh.sum()) + 1


def runs(*columns: npt.NDArray[np.integer]) -> Owners:
    """The rows where any of the columns differs from the row before; the first row always."""
    begins = np.ones(len(columns[0]), dtype=bool)
    if len(begins):
        begins[1:] = False
        for column in columns:
            begins[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(begins)


def spread(values: npt.NDArray[np.int64], starts: Owners, rows: int) -> npt.NDArray[np.int64]:
    """One value per run as one per row."""
    return np.repeat(values, np.diff(np.append(starts, rows)))


def translated(coded: Words, into: Words) -> Codes:
    """The codes that other words have for the same texts; -1 where they have none."""
    if _address(coded.texts) == _address(into.texts):
        return coded.codes
    found = pc.index_in(coded.texts, value_set=into.texts).fill_null(-1)
    new = np.append(found.to_numpy(zero_copy_only=False), len(into.texts)).astype(np.int32)
    return new[coded.codes]
