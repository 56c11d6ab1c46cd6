"""docs/snapshot.md describes every table and column, and none that is not there."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from sod_analyzer.model.access import (
    SNAPSHOT_TABLES,
    GrantKind,
    IdentityClass,
    LinkOutcome,
    MatchMethod,
    Status,
    SystemScope,
)
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "snapshot.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", TEXT, re.MULTILINE | re.DOTALL))
TYPES = {
    "text": pa.string(),
    "word": pa.dictionary(pa.int32(), pa.string()),
    "tag": pa.dictionary(pa.int8(), pa.string()),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "yes/no": pa.bool_(),
    "day": pa.date32(),
    "instant": pa.timestamp("s", tz="UTC"),
}


def test_every_table_has_a_section_in_the_order_of_the_model() -> None:
    assert list(SNAPSHOT_TABLES) == list(SECTIONS)


@pytest.mark.parametrize("table", SNAPSHOT_TABLES)
def test_every_column_is_described_with_its_type(table: str) -> None:
    rows = re.findall(r"^\| (\w+) \| ([\w/]+) \| (.+) \|$", SECTIONS[table], re.MULTILINE)

    described = pa.schema([(name, TYPES[kind]) for name, kind, _ in rows if name != "column"])

    assert SNAPSHOT_TABLES[table] == described


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("systems", SystemScope),
        ("identities", Status),
        ("accounts", IdentityClass),
        ("grants", GrantKind),
        ("links", MatchMethod),
        ("links", LinkOutcome),
    ],
)
def test_every_coded_word_is_named(table: str, words: type[GrantKind]) -> None:
    assert [word for word in words if f"`{word}`" not in SECTIONS[table]] == []
