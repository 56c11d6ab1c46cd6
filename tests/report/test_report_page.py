"""docs/report.md says what every file holds."""

from __future__ import annotations

from pathlib import Path

from sod_analyzer.model.finding import REPORT_TABLES, Report
from sod_analyzer.report.words import MEANINGS
from sod_analyzer.report.workbook.grids import grids

TEXT = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def test_every_column_of_every_table_is_explained() -> None:
    parts = dict(part.split("\n", 1) for part in TEXT.split("\n### ")[1:])

    assert set(REPORT_TABLES) == set(parts)
    for name, schema in REPORT_TABLES.items():
        assert [line.split("`")[1] for line in parts[name].splitlines() if "| `" in line] == (
            schema.names
        )


def test_every_sheet_and_every_column_of_its_own_is_explained(report: Report) -> None:
    known = {column for schema in REPORT_TABLES.values() for column in schema.names}

    for grid in grids(report):
        assert f"| {grid.title} |" in TEXT
        for column in set(grid.table.schema.names) - known:
            assert column.startswith("leg_") or f"`{column}`" in TEXT, (grid.title, column)


def test_every_key_number_is_explained() -> None:
    for name, meaning in MEANINGS.items():
        assert f"| {name.replace('_', ' ')} | {meaning} |" in TEXT
