"""Tables that are longer than a sheet: further sheets, and which rows stand where."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sod_analyzer.model.finding import REPORT_TABLES, Report
from sod_analyzer.report.flat import PATHS
from sod_analyzer.report.workbook import REPORTER, Evidence
from tests.report.bank import clean
from tests.report.conftest import rendered
from tests.report.test_workbook import cells, opened


@pytest.fixture(scope="module")
def book(report: Report) -> Workbook:
    """The workbook with a sheet for each table."""
    return opened(rendered(REPORTER, report))


def notes(sheet: Worksheet) -> list[str]:
    """What row 1 says beside the names of the columns, with a column between."""
    header = cells(sheet)[0]
    return [str(name) for name in header[header.index(None) + 1 :]] if None in header else []


def rows_of(book: Workbook, title: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows under the names of each sheet of a table, without what notes stand beside them."""
    found = {}
    for sheet in book.worksheets:
        if re.fullmatch(rf"{title}( \(\d+\))?", sheet.title):
            header, *rows = cells(sheet)
            width = header.index(None) if None in header else len(header)
            found[sheet.title] = [header[:width], *(row[:width] for row in rows)]
            assert not [value for row in rows for value in row[width:] if value is not None]
    return found


def test_rows_beyond_the_limit_go_on_in_further_sheets(report: Report, book: Workbook) -> None:
    small = rendered(Evidence(row_limit=20, sheet_limit=100), report)

    parts = opened(small)

    for title in ("Violations", "Paths", "Exceptions"):
        whole, split = rows_of(book, title)[title], rows_of(parts, title)
        assert list(split) == [title, *(f"{title} ({n})" for n in range(2, len(split) + 1))]
        assert len(split) > 1
        assert all(len(rows) <= 20 for rows in split.values())
        assert all(rows[0] == whole[0] for rows in split.values())
        assert whole[1:] == [row for rows in split.values() for row in rows[1:]]
        for name in split:
            assert parts[name].freeze_panes in ("B2", "C2")
            assert parts[name].auto_filter.ref == f"A1:{letter(whole)}{len(split[name])}"
    values = opened(small, values=True)["Summary"]
    assert "CHECK" not in [value for row in cells(values) for value in row]


def letter(rows: list[tuple[Any, ...]]) -> str:
    return str(get_column_letter(len(rows[0])))


def test_sheets_that_go_on_say_where_and_from_where(report: Report) -> None:
    total = report["violations"].num_rows
    assert 38 < total <= 57

    book = opened(rendered(Evidence(row_limit=20, sheet_limit=100), report))

    assert [notes(book[name]) for name in ("Violations", "Violations (2)", "Violations (3)")] == [
        [f"Rows 1 to 19 of {total}; continues on sheet Violations (2)"],
        [
            (
                f"Rows 20 to 38 of {total}; continued from sheet Violations; "
                "continues on sheet Violations (3)"
            )
        ],
        [f"Rows 39 to {total} of {total}; continued from sheet Violations (2)"],
    ]
    assert notes(book["Dormant"]) == []
    cover = {row[1]: row[2:4] for row in cells(book["Cover"])}
    assert cover["Violations (2)"] == (
        (
            f"one row per rule and subject. Rows 20 to 38 of {total}; continued from sheet "
            "Violations; continues on sheet Violations (3)"
        ),
        19,
    )


def test_rows_beyond_the_most_sheets_stand_in_the_file_that_is_named(report: Report) -> None:
    data = rendered(Evidence(row_limit=20, sheet_limit=2), report)

    book, values = opened(data), opened(data, values=True)

    for title, table, file in (
        ("Paths", "hops", "paths.csv"),
        ("Places", "places", "findings.csv"),
        ("Violations", "violations", "findings.json"),
    ):
        total = report[table].num_rows
        assert list(rows_of(book, title)) == [title, f"{title} (2)"]
        assert notes(book[title])[0].endswith(f"rows 39 to {total} stand in {file} only")
        assert notes(book[f"{title} (2)"]) == [
            (
                f"Rows 20 to 38 of {total}; continued from sheet {title}; "
                f"rows 39 to {total} stand in {file} only"
            )
        ]
        assert (f"{title}: further rows, in {file}", total - 38) in [
            row[2:4] for row in cells(book["Cover"])
        ]
        [said] = [
            str(row[1]) for row in cells(book["Summary"]) if str(row[1]).startswith(f"{title}:")
        ]
        assert said.startswith(f"{title}: {total - 38} of {total} rows, in {file}")
    checks = [
        value for row in cells(values["Summary"]) for value in row if value in ("OK", "CHECK")
    ]
    assert set(checks) == {"OK"}
    written = csv.reader(io.StringIO(rendered(PATHS, report).decode("utf-8-sig"), newline=""))
    sheets = [row for rows in rows_of(book, "Paths").values() for row in rows[1:]]
    assert len(sheets) < len(list(written)) - 1 == report["hops"].num_rows


@pytest.mark.slow
def test_table_of_more_rows_than_a_sheet_has_is_whole(tmp_path: Path) -> None:
    rows = 1_048_574 + 3
    numbers = pa.array(range(rows), pa.int64())
    words = pa.array(["counted"] * rows)
    table = pa.table(
        [words, words, words, numbers, pa.nulls(rows, pa.string())],
        schema=REPORT_TABLES["reconciliation"],
    )
    told = clean()
    told = dataclasses.replace(told, tables={**told.tables, "reconciliation": table})
    path = tmp_path / "evidence.xlsx"
    with path.open("wb") as stream:
        REPORTER.render(told, stream)

    book = openpyxl.load_workbook(path, read_only=True)
    first = [row[3] for row in book["Reconciliation"].iter_rows(values_only=True)]
    second = list(book["Reconciliation (2)"].iter_rows(values_only=True))

    assert first[0] == "count"
    assert first[1:] == list(range(1_048_574))
    assert second[0][:5] == ("what", "system", "kind", "count", "note")
    assert (
        second[0][6]
        == "Rows 1,048,575 to 1,048,577 of 1,048,577; continued from sheet Reconciliation"
    )
    assert [row[3] for row in second[1:]] == [1_048_574, 1_048_575, 1_048_576]
