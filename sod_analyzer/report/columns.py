"""Text made by column: JSON and CSV without a Python object per row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import ReportError

_ENCODER = json.JSONEncoder(ensure_ascii=False)

Owners = npt.NDArray[np.int64]


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array."""
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    return pa.concat_arrays(column.chunks)


def json_string(value: str) -> str:
    """One text as RFC 8785 writes it: short escapes, everything else as it is."""
    return _ENCODER.encode(value)


def mapped(column: pa.ChunkedArray | pa.Array, change: Callable[[str], str]) -> pa.Array:
    """The column with every text changed, once per distinct text; null stays null."""
    coded = flat(column).dictionary_encode()
    changed = pa.array([change(text) for text in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def json_texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Each text of the column as JSON, null as `null`."""
    return pc.fill_null(mapped(column, json_string), "null")


def pieced(*parts: str | pa.Array) -> pa.Array:
    """Row by row, the parts put together; a plain text is the same in every row."""
    return pc.binary_join_element_wise(*parts, "")


def objects(members: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """One JSON object per row, its members (JSON texts) in canonical order.

    A null leaves its member out of that row's object; the first member never is null.
    """
    if not rows:
        return pa.array([], pa.string())
    parts: list[str | pa.Array] = []
    for number, (name, values) in enumerate(sorted(members.items())):
        before = ("{" if number == 0 else ",") + json_string(name) + ":"
        parts += (
            [pc.fill_null(pieced(before, values), "")] if values.null_count else [before, values]
        )
    return pieced(*parts, "}")


def arrays(texts: pa.Array, owner: Owners, owners: int) -> pa.Array:
    """One JSON array per owner, of the texts whose `owner` it is; `owner` is ascending."""
    if not owners:
        return pa.array([], pa.string())
    offsets = np.searchsorted(owner, np.arange(owners + 1)).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts)
    return pieced("[", pc.binary_join(lists, ","), "]")


def keys(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """One unambiguous text per row for the named columns, whatever characters they hold."""
    if table.num_rows == 0:
        return pa.array([], pa.string())
    return pc.binary_join_element_wise(*[json_texts(table[name]) for name in names], ",")


def owners_of(child: pa.Table, parent: pa.Table, names: Sequence[str], *, what: str) -> Owners:
    """The parent's row number for each row of the child.

    Raises:
        ReportError: a child has no parent, or two parents have the same key.
    """
    parents = keys(parent, names)
    if pc.count_distinct(parents).as_py() != parent.num_rows:
        raise ReportError(f"the report states a row twice: {what}, by {', '.join(names)}")
    found = pc.index_in(keys(child, names), value_set=parents)
    if found.null_count:
        row = child.filter(pc.is_null(found)).slice(0, 1).to_pylist()[0]
        named = ", ".join(f"{name} {row[name]!r}" for name in names)
        raise ReportError(f"the report has no row for {named}; expected by {what}")
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
