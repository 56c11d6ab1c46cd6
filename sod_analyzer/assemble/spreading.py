"""Columns of many rows out of few values: each row tells which of them it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import whole

#: Rows that are looked at together, few enough to stay in the cache; a multiple of eight, so that
#: no two blocks share a byte of bits.
_BLOCK: Final = 2**16
_THREADS: Final = 2

Places = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class _Fill:
    """Memory that is to be filled with what each row has, as numbers or as bits."""

    values: npt.NDArray[Any]
    content: npt.NDArray[Any]

    def fill(self, begin: int, rows: npt.NDArray[np.intp]) -> None:
        """Fills the block that begins with this row."""
        if self.values.dtype == np.bool_:
            bits = np.packbits(self.values[rows], bitorder="little")
            self.content[begin // 8 : begin // 8 + len(bits)] = bits
        else:
            place = slice(begin, begin + len(rows))
            # No place is out of bounds; the other modes copy their result.
            np.take(self.values, rows, out=self.content[place], mode="clip")


@dataclass(frozen=True, slots=True)
class _Told:
    """The values of a column, ready to be spread."""

    kind: pa.DataType
    valid: npt.NDArray[np.bool_]
    plain: npt.NDArray[Any]
    words: pa.Array | None  # what the values are places among

    def planned(self, count: int, fills: list[_Fill]) -> list[pa.Buffer | None]:
        """Validity and values of so many rows, which `fills` will fill as far as need be."""
        valid = None
        if not self.valid.all():
            valid = _fill(self.valid, count, fills)
        return [valid, _fill(self.plain, count, fills)]

    def made(self, count: int, buffers: list[pa.Buffer | None]) -> pa.Array:
        """The column in which these buffers are."""
        column = pa.Array.from_buffers(self.kind, count, buffers)
        return column if self.words is None else pa.DictionaryArray.from_arrays(column, self.words)


class Spreading:
    """The values of a table that is small beside the rows that have them.

    Words, which the table has spelled, become dictionary-coded as the schema has them: every text
    column does. Each dictionary is in order and without a word that no row of the table has.
    """

    def __init__(self, table: pa.Table, schema: pa.Schema) -> None:
        self._told = {
            name: _told(whole(table.column(name)), schema.field(name).type)
            for name in table.schema.names
        }

    def nulls(self, name: str) -> npt.NDArray[np.bool_]:
        """Which values of a column are null."""
        return ~self._told[name].valid

    def column(self, name: str, rows: Places) -> pa.Array:
        """One column of these rows. Cost: one pass over them, or none."""
        return self._made([name], rows, _Fills.one_by_one)[name]

    def columns(self, rows: Places, names: Iterable[str]) -> Mapping[str, pa.Array]:
        """Some columns of these rows.

        Cost: one pass over the rows for all columns together, in two threads. A column that is
        null, no or the first word everywhere costs nothing, not even memory.
        """
        return self._made(names, rows, _Fills.side_by_side)

    def _made(self, names: Iterable[str], rows: Places, work: Any) -> Mapping[str, pa.Array]:
        fills: list[_Fill] = []
        buffers = {name: self._told[name].planned(len(rows), fills) for name in names}
        if fills:
            work(_Fills(fills, rows))
        return {name: self._told[name].made(len(rows), each) for name, each in buffers.items()}


@dataclass(frozen=True, slots=True)
class _Fills:
    """Memory to be filled by what these rows have."""

    fills: list[_Fill]
    rows: Places

    def one_by_one(self) -> None:
        """Fills everything here and now."""
        self._every(0, _BLOCK)

    def side_by_side(self) -> None:
        """Fills everything in two threads."""
        with ThreadPoolExecutor(_THREADS) as threads:
            begins = range(0, _BLOCK * _THREADS, _BLOCK)
            list(threads.map(lambda begin: self._every(begin, _BLOCK * _THREADS), begins))

    def _every(self, begin: int, step: int) -> None:
        for start in range(begin, len(self.rows), step):
            some = self.rows[start : start + _BLOCK].astype(np.intp)
            for each in self.fills:
                each.fill(start, some)


def spread(table: pa.Table, rows: Places, schema: pa.Schema) -> Mapping[str, pa.Array]:
    """By column, the values in these rows of a small table; see `Spreading`."""
    return Spreading(table, schema).columns(rows, table.schema.names)


def _told(values: pa.Array, kind: pa.DataType) -> _Told:
    words = None
    if pa.types.is_string(values.type):
        words = pc.unique(values).drop_null()
        words = words.take(pc.sort_indices(words))
        places = pc.index_in(values, value_set=words, skip_nulls=True)
        values = places.cast(kind.index_type)
    valid = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if pa.types.is_boolean(values.type):
        plain = np.asarray(values.fill_null(pa.scalar(value=False)), dtype=np.bool_)
        return _Told(values.type, valid, plain, words)
    numbers = values
    if not pa.types.is_integer(values.type):
        wide = values.type.bit_width == 8 * np.int64().itemsize
        numbers = values.view(pa.int64() if wide else pa.int32())
    return _Told(values.type, valid, np.asarray(numbers.fill_null(0)), words)


def _fill(values: npt.NDArray[Any], count: int, fills: list[_Fill]) -> pa.Buffer:
    bits = values.dtype == np.bool_
    size = (count + 7) // 8 if bits else count
    # Memory that nobody writes to costs none.
    content = np.zeros(size, dtype=np.uint8 if bits else values.dtype)
    if values.any():
        fills.append(_Fill(values, content))
    return pa.py_buffer(content)
