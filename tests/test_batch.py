"""The batch builder collects rows one by one and by column."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import GrantKind, NodeKind
from sod_analyzer.model.batch import BatchBuilder, SourceSpec


def builder() -> BatchBuilder:
    return BatchBuilder(
        SourceSpec("src", "sys", "p", "i", "x", Path(), None, SourceRef("sod.yaml", 1))
    )


def test_rows_by_column_equal_rows_one_by_one() -> None:
    singly, together = builder(), builder()

    for target, record in (("sys:a", 1), ("sys:b", 2)):
        singly.grant(
            (NodeKind.ROLE, "sys:r"),
            (NodeKind.ENTITLEMENT, target),
            GrantKind.CONTAINS,
            source_id="src",
            record=record,
        )
    together.many(
        "grants",
        2,
        holder_kind="role",
        holder="sys:r",
        target_kind="entitlement",
        target=["sys:a", "sys:b"],
        kind="contains",
        conditional=False,
        eligible=False,
        self_granted=False,
        undecided=False,
        source_id="src",
        record=[1, 2],
    )

    assert singly.take().tables["grants"].equals(together.take().tables["grants"])


def test_a_column_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="column record has 1 cells for 2 rows"):
        builder().many("grants", 2, record=[1])


def test_a_column_the_table_lacks_is_refused() -> None:
    with pytest.raises(TypeError, match="no column colour"):
        builder().many("roles", 1, colour="red")


def test_arrays_are_rows_by_column() -> None:
    singly, together = builder(), builder()

    for role, record in (("sys:a", 1), ("sys:b", 2)):
        singly.role(role, kind="team", source_id="src", record=record)
    together.columns(
        "roles",
        2,
        role=pa.array(["sys:a", "sys:b"]),
        system="sys",
        kind="team",
        source_id="src",
        record=pa.array([1, 2]),
    )

    assert singly.take().tables["roles"].to_pylist() == together.take().tables["roles"].to_pylist()


def test_tables_are_appended_in_the_schema_of_the_batch() -> None:
    filled = builder()

    filled.rows("roles", pa.table({"kind": ["team"], "role": ["sys:a"], "record": [7]}))
    filled.role("sys:b", kind="team", source_id="src", record=8)

    assert [(row["role"], row["system"]) for row in filled.take().tables["roles"].to_pylist()] == [
        ("sys:b", "sys"),
        ("sys:a", None),
    ]
    assert filled.take().tables == {}


def test_what_stands_in_every_row_is_kept_once() -> None:
    filled = builder()

    for _ in range(3):
        filled.columns("roles", 1000, role=pa.array([f"sys:{n}" for n in range(1000)]), kind="team")
    kinds = filled.take().tables["roles"].column("kind").chunks

    assert len({chunk.indices.buffers()[1].address for chunk in kinds}) == 1
    assert {value for chunk in kinds for value in chunk.to_pylist()} == {"team"}


def test_an_array_of_the_wrong_length_or_name_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        builder().columns("roles", 2, role=pa.array(["sys:a", "sys:b"]), record=pa.array([1]))
    with pytest.raises(TypeError, match="no column colour"):
        builder().rows("roles", pa.table({"colour": ["red"]}))


def test_a_builder_is_full_by_columns_too() -> None:
    filled = builder()

    filled.columns("roles", 50_000, kind="team")

    assert filled.full
