"""Columns of many rows out of few values: each row tells which of them it has."""

from __future__ import annotations

from collections.abc import Mapping
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


def spread(
    table: pa.Table, rows: npt.NDArray[np.integer], schema: pa.Schema
) -> Mapping[str, pa.Array]:
    """By column, the values in these rows of a table that is small beside their number.

    Words, which the table has spelled, become dictionary-coded as the schema has them: every text
    column does.

    Cost: one pass over the rows for all columns together, in two threads. A column that is null,
    no or the first word everywhere costs nothing, not even memory.
    """
    fills: list[_Fill] = []
    count = len(rows)
    columns = {}
    for name in table.schema.names:
        values, words = whole(table.column(name)), None
        if pa.types.is_string(values.type):
            values, words = _numbered(values, schema.field(name).type.index_type)
        buffers = _planned(values, count, fills)
        columns[name] = (values.type, buffers, words)

    def work(begin: int) -> None:
        for start in range(begin, count, _BLOCK * _THREADS):
            some = rows[start : start + _BLOCK].astype(np.intp)
            for each in fills:
                each.fill(start, some)

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, range(0, _BLOCK * _THREADS, _BLOCK)))
    found = {}
    for name, (kind, buffers, words) in columns.items():
        column = pa.Array.from_buffers(kind, count, list(buffers))
        found[name] = column if words is None else pa.DictionaryArray.from_arrays(column, words)
    return found


def _numbered(values: pa.Array, kind: pa.DataType) -> tuple[pa.Array, pa.Array]:
    words = pc.unique(values).drop_null()
    words = words.take(pc.sort_indices(words))
    return pc.index_in(values, value_set=words, skip_nulls=True).cast(kind), words


def _planned(
    values: pa.Array, count: int, fills: list[_Fill]
) -> tuple[pa.Buffer | None, pa.Buffer]:
    """Validity and values of a column, part of which `fills` will fill."""
    valid = None
    if values.null_count == len(values):
        valid = pa.py_buffer(np.zeros((count + 7) // 8, dtype=np.uint8))
    elif values.null_count:
        valid = _fill(np.asarray(values.is_valid()), count, fills)
    if pa.types.is_boolean(values.type):
        plain = np.asarray(values.fill_null(pa.scalar(value=False)), dtype=np.bool_)
    else:
        if not pa.types.is_integer(values.type):
            wide = values.type.bit_width == 8 * np.int64().itemsize
            values = values.view(pa.int64() if wide else pa.int32())
        plain = np.asarray(values.fill_null(0))
    return valid, _fill(plain, count, fills)


def _fill(values: npt.NDArray[Any], count: int, fills: list[_Fill]) -> pa.Buffer:
    bits = values.dtype == np.bool_
    size = (count + 7) // 8 if bits else count
    # Memory that nobody writes to costs none.
    content = np.zeros(size, dtype=np.uint8 if bits else values.dtype)
    if values.any():
        fills.append(_Fill(values, content))
    return pa.py_buffer(content)
