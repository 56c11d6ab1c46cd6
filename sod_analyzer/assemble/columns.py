"""Columns as integers that sort like their values, and tables in canonical order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def ranks(column: pa.ChunkedArray | pa.Array) -> Numbers:
    """Each value's place among the distinct values, from 0; -1 for null.

    Text sorts by code point, false before true. Cost: a sort of the distinct values.
    """
    encoded = whole(column).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1  # where the index of a null points
    found: Numbers = place[encoded.indices.fill_null(-1).to_numpy()]
    return found


def ordering(keys: Sequence[Numbers]) -> npt.NDArray[np.intp]:
    """Row numbers that sort by the first key, then the second, and so on."""
    telling = [key for key in keys if len(key) and key.min() != key.max()]
    if not telling:
        return np.arange(len(keys[0]) if keys else 0)
    return np.lexsort(telling[::-1])


def canonical(table: pa.Table, *, leading: Sequence[Numbers] = ()) -> pa.Table:
    """The table sorted by its columns, first to last, without exact repeats.

    `leading` are numbers that stand for the first columns, if the caller has them anyway.
    """
    if table.num_rows < 2:  # noqa: PLR2004  nothing to sort
        return table.combine_chunks()
    keys = [*leading, *(ranks(column) for column in table.columns[len(leading) :])]
    order = ordering(keys)
    fresh = np.zeros(len(order), dtype=bool)
    fresh[0] = True
    for key in keys:
        in_order = key[order]
        fresh[1:] |= in_order[1:] != in_order[:-1]
    return take(table, order[fresh])


def take(table: pa.Table, rows: npt.NDArray[np.intp]) -> pa.Table:
    """These rows, in this order, in one piece."""
    return table.take(pa.array(rows)).combine_chunks()
