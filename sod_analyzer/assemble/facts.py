"""What rows say beside their ends and record: few rows differ in that, so each case is kept once.

Ten million memberships of one file state perhaps a hundred different combinations of kind,
source, validity and condition. A row then needs one number for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import (
    Codes,
    Flags,
    Numbers,
    is_word,
    ordering,
    ranks,
    sortable,
    spelled,
    whole,
)

#: Column that tells rows whose record is not known.
NO_RECORD = "no_record"
#: Combinations are counted in an array of this size at most; beyond, they are sorted.
_MOST_COUNTED = 2**22


class Facts:
    """Collects the distinct combinations of some columns, and numbers them."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._pieces: list[pa.Table] = []
        self._count = 0

    def add(self, rows: pa.RecordBatch) -> Codes:
        """A number for what each row says; rows that say the same have the same within a call."""
        number = np.zeros(rows.num_rows, dtype=np.int64)
        size = 1
        for name in self._schema.names:
            places, span = _narrow(rows.column(name))
            if places is None:
                continue
            if size * span > _MOST_COUNTED:
                number, size = _dense(number, size)
            number = number * span + places
            size *= span
        number, size = _dense(number, size)
        first = np.empty(size, dtype=np.int64)
        first[number[::-1]] = np.arange(rows.num_rows - 1, -1, -1)
        columns = rows.select(self._schema.names).take(pa.array(first))
        self._pieces.append(spelled(pa.Table.from_batches([columns])))
        found = (number + self._count).astype(np.int32)
        self._count += size
        return found

    def so_far(self) -> pa.Table:
        """What each number given out stands for, words spelled."""
        return pa.concat_tables([spelled(self._schema.empty_table()), *self._pieces])

    def done(self, *, first: Sequence[str]) -> Ordered:
        """All combinations, each once, sorted by the columns `first` and then the others."""
        table = self.so_far()
        keys = {name: sortable(table.column(name)) for name in table.schema.names}
        names = [*first, *(name for name in table.schema.names if name not in first)]
        order, fresh = ordering([keys[name] for name in names], count=table.num_rows)
        number = np.empty(len(order), dtype=np.int32)
        number[order] = np.cumsum(fresh, dtype=np.int32) - 1
        table = table.take(pa.array(order[fresh])).combine_chunks()
        return Ordered(table, number, self._schema)


class Ordered:
    """Distinct combinations in order, and what each collected number became."""

    def __init__(self, table: pa.Table, number: Codes, schema: pa.Schema) -> None:
        self.table = table
        self.number = number
        self._schema = schema

    @property
    def names(self) -> Sequence[str]:
        """The columns."""
        names: list[str] = self._schema.names
        return names

    def ranks(self, name: str) -> Numbers:
        """Numbers that sort as this column does, per combination."""
        return ranks(self.table.column(name))

    def known_records(self) -> Flags:
        """Whether rows of each combination name a record."""
        return ~np.asarray(self.table.column(NO_RECORD).to_numpy(), dtype=np.bool_)

    def column(self, name: str, rows: npt.NDArray[np.integer]) -> pa.Array:
        """The values of this column for rows of these combinations."""
        kind = self._schema.field(name).type
        values = whole(self.table.column(name))
        if is_word(kind):
            words = pc.unique(values).drop_null()
            words = words.take(pc.sort_indices(words))
            codes = pc.index_in(values, value_set=words, skip_nulls=True).fill_null(-1)
            return _spread_words(np.asarray(codes, dtype=np.int32), words, rows)
        return spread(values, rows)


def _spread_words(
    codes: Codes, words: pa.Array, rows: npt.NDArray[np.integer]
) -> pa.DictionaryArray:
    if len(codes) and codes.min() < 0:
        indices = spread(pa.array(codes, mask=codes < 0), rows)
    else:
        indices = spread(pa.array(codes), rows)
    return pa.DictionaryArray.from_arrays(indices, words)


def spread(values: pa.Array, rows: npt.NDArray[np.integer]) -> pa.Array:
    """The values at these places, of which there are many more than values.

    Cost: nothing for a column that is the same everywhere; a pass with a small table otherwise.
    """
    count = len(rows)
    if values.null_count == len(values) and len(values):
        return _zeros(values.type, count, empty=True)
    valid = None
    if values.null_count:
        known = np.asarray(values.is_valid())
        valid = _bits(known[rows])
    if pa.types.is_boolean(values.type):
        filled = np.asarray(values.fill_null(pa.scalar(value=False)), dtype=np.bool_)
        if filled.any():
            return pa.Array.from_buffers(values.type, count, [valid, _bits(filled[rows])])
        return _zeros(values.type, count, valid=valid)
    width = np.int64 if values.type.bit_width == 64 else np.int32  # noqa: PLR2004
    plain = values.view(pa.int64() if width is np.int64 else pa.int32()).fill_null(0)
    numbers = np.asarray(plain, dtype=width)
    if len(numbers) == 1 and valid is None and not numbers[0]:
        return _zeros(values.type, count)
    content = np.take(numbers, rows)
    return pa.Array.from_buffers(values.type, count, [valid, pa.py_buffer(content)])


def _zeros(
    kind: pa.DataType, count: int, *, valid: pa.Buffer | None = None, empty: bool = False
) -> pa.Array:
    """Zeros, or nulls; memory that nobody writes to costs none."""
    width = max(kind.bit_width // 8, 1)
    content = pa.py_buffer(np.zeros(count * width, dtype=np.uint8))
    if empty:
        valid = pa.py_buffer(np.zeros((count + 7) // 8, dtype=np.uint8))
    return pa.Array.from_buffers(kind, count, [valid, content])


def _bits(values: Flags) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _narrow(column: pa.Array) -> tuple[Numbers | None, int]:
    """Small numbers that tell a column's values apart, and how many there may be.

    None for a column that is the same in every row.
    """
    if column.null_count == len(column):
        return None, 1
    if is_word(column.type):
        places, span = column.indices, len(column.dictionary)
        low = 0
    elif pa.types.is_boolean(column.type):
        places, low, span = column.cast(pa.int8()), 0, 2
    else:
        places = column.view(pa.int64() if column.type.bit_width == 64 else pa.int32())  # noqa: PLR2004
        ends = pc.min_max(places)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        span = high - low + 1
    if column.null_count:
        numbers = np.asarray(places.fill_null(low), dtype=np.int64) - low
        numbers[~np.asarray(column.is_valid())] = span
        return numbers, span + 1
    numbers = np.asarray(places)
    if not len(numbers) or numbers.min() == numbers.max():
        return None, 1
    return numbers.astype(np.int64) - low, span


def _dense(number: Numbers, size: int) -> tuple[Numbers, int]:
    """The numbers counted from 0 without gaps, in the same order, and how many there are."""
    if not len(number):
        return number, 0
    if size <= _MOST_COUNTED:
        some = np.zeros(size, dtype=np.bool_)
        some[number] = True
        place = np.cumsum(some) - 1
        return place[number], int(place[-1]) + 1
    distinct = np.sort(number)
    distinct = distinct[np.append(True, np.diff(distinct) != 0)]
    return np.searchsorted(distinct, number), len(distinct)
