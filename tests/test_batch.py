"""The batch builder collects rows one by one and by column."""

from __future__ import annotations

from pathlib import Path

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
