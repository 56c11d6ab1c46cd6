"""The files of a world as numbers, for peers that have no reader of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from tests.benchmarks.world.config import AS_OF
from tests.benchmarks.world.laws import Laws

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Tables:
    """Accounts, groups and rights by number; memberships that count only.

    `action` by edge to a right: the number of the action in the laws, -1 for any other.
    """

    employee_ids: list[str]
    person: Codes
    member_account: Codes
    member_group: Codes
    n_groups: int
    child: Codes
    parent: Codes
    holder: Codes
    right: Codes
    action: Codes


def read(world: Path, laws: Laws) -> Tables:
    """Read and number everything, by column."""
    accounts = _table(world / "accounts.csv")
    members = _table(world / "members.csv")
    nesting = _table(world / "nesting.csv")
    rights = _table(world / "rights.csv")
    until = members["valid_until"]
    # Days are written as 2026-10-31, so that their texts sort like them.
    counts = pc.or_(pc.equal(until, ""), pc.greater_equal(until, AS_OF.isoformat()))
    members = members.filter(pc.and_(counts, pc.equal(members["self_granted"], "")))
    person = accounts["employee_id"].combine_chunks().dictionary_encode()
    account = _codes(members["login"], accounts["login"])
    enabled = pc.equal(accounts["enabled"], "yes").to_numpy(zero_copy_only=False)
    groups = pc.unique(
        pa.chunked_array(
            [
                chunk
                for column in (members["group"], nesting["group"], nesting["parent"])
                for chunk in column.chunks
            ]
            + rights["group"].chunks
        )
    )
    usable = enabled[account]
    right = pc.binary_join_element_wise(rights["right"], rights["resource"], " on ")
    return Tables(
        person.dictionary.to_pylist(),
        _numbers(person.indices),
        account[usable],
        _codes(members["group"], groups)[usable],
        len(groups),
        _codes(nesting["group"], groups),
        _codes(nesting["parent"], groups),
        _codes(rights["group"], groups),
        _numbers(right.combine_chunks().dictionary_encode().indices),
        _codes(rights["right"], pa.array(laws.actions)),
    )


def _table(path: Path) -> pa.Table:
    with path.open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(",")
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return csv.read_csv(path, convert_options=options)


def _codes(column: pa.ChunkedArray, words: pa.Array | pa.ChunkedArray) -> Codes:
    found = pc.index_in(column, words)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return _numbers(pc.fill_null(found, -1))


def _numbers(column: pa.Array) -> Codes:
    numbers: Codes = column.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers
