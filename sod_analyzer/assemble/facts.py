"""What rows say beside their ends and record: few rows differ in that, so each case is kept once.

Ten million memberships of one file state perhaps a hundred different combinations of kind,
source, validity and condition. A row then needs one number for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import (
    Codes,
    Flags,
    Numbers,
    is_word,
    looked_up,
    ordering,
    ranks,
    sortable,
    spelled,
)

#: Column that tells rows whose record is not known.
NO_RECORD = "no_record"
#: Combinations are counted in an array of this size at most; beyond, they are sorted.
_MOST_COUNTED = 2**22
_BLOCK = 2**16


class Facts:
    """Collects the distinct combinations of some columns, and numbers them."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._pieces: list[pa.Table] = []
        self._count = 0

    def add(self, rows: pa.RecordBatch) -> npt.NDArray[np.integer]:
        """A number for what each row says; rows that say the same have the same within a call."""
        told = [_told(rows.column(name)) for name in self._schema.names]
        number, size = _combined([each for each in told if each is not None], rows.num_rows)
        number, size = _dense(number, size)
        first = np.empty(size, dtype=np.int64)
        first[number[::-1]] = np.arange(rows.num_rows - 1, -1, -1)
        columns = rows.select(self._schema.names).take(pa.array(first))
        self._pieces.append(spelled(pa.Table.from_batches([columns])))
        begin, self._count = self._count, self._count + size
        # In two bytes each while they fit: there is one for every row.
        number += begin
        return number.astype(np.uint16 if self._count <= 2**16 else np.int32)

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
        return Ordered(table, number)


class Ordered:
    """Distinct combinations in order, and what each collected number became."""

    def __init__(self, table: pa.Table, number: Codes) -> None:
        self.table = table
        self.number = number

    def ranks(self, name: str) -> Numbers:
        """Numbers that sort as this column does, per combination."""
        return ranks(self.table.column(name))

    def known_records(self) -> Flags:
        """Whether rows of each combination name a record."""
        return ~np.asarray(self.table.column(NO_RECORD).to_numpy(), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class _Told:
    """A column whose values differ: how to tell them apart by numbers below `span`."""

    column: pa.Array
    low: int
    span: int

    def numbers(self, begin: int) -> npt.NDArray[np.integer]:
        """The numbers of a block of rows."""
        some = self.column.slice(begin, _BLOCK)
        if not some.null_count:
            return np.asarray(_integers(some)) - self.low
        numbers = np.asarray(_integers(some).fill_null(self.low)).astype(np.int64) - self.low
        numbers[~np.asarray(some.is_valid())] = self.span - 1
        return numbers


def _integers(column: pa.Array) -> pa.Array:
    if is_word(column.type):
        return column.indices
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    return column.view(pa.int32())


def _told(column: pa.Array) -> _Told | None:
    """How to tell a column's values apart; None if it is the same in every row."""
    nulls = column.null_count
    if nulls == len(column):
        return None
    ends = pc.min_max(column if pa.types.is_boolean(column.type) else _integers(column))
    low, high = int(ends["min"].as_py()), int(ends["max"].as_py())
    if low == high and not nulls:
        return None
    return _Told(column, low, high - low + 1 + bool(nulls))


def _combined(told: Sequence[_Told], count: int) -> tuple[Numbers, int]:
    """One number for all that is told of each row, and how many there may be."""
    number, size = np.zeros(count, dtype=np.int64), 1
    for each in told:
        if size * each.span > _MOST_COUNTED:
            number, size = _dense(number, size)
        for begin in range(0, count, _BLOCK):
            some = number[begin : begin + _BLOCK]
            some *= each.span
            some += each.numbers(begin)
        size *= each.span
    return number, size


def _dense(number: Numbers, size: int) -> tuple[Numbers, int]:
    """The numbers counted from 0 without gaps, in the same order, and how many there are."""
    if not len(number):
        return number, 0
    if size <= _MOST_COUNTED:
        some = np.bincount(number, minlength=size) > 0
        place = np.cumsum(some) - 1
        return looked_up(place, number), int(place[-1]) + 1
    distinct = np.sort(number)
    distinct = distinct[np.append(True, np.diff(distinct) != 0)]
    return np.searchsorted(distinct, number), len(distinct)
