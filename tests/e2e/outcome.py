"""What a written folder says, read back the way any reader would."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

#: Every file that `sod run` writes beside the snapshot and the settings.
REPORTS = ("evidence.xlsx", "findings.csv", "findings.json", "paths.csv", "report.html")
Row = dict[str, Any]


def findings(folder: Path) -> Mapping[str, Any]:
    """The whole of `findings.json`."""
    whole: dict[str, Any] = json.loads((folder / "findings.json").read_bytes())
    return whole


def table(folder: Path, name: str) -> list[Row]:
    """One table of the report as rows; it is stored by column."""
    columns = findings(folder)["context"]["tables"][name]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def exceptions(folder: Path) -> list[str]:
    """Every exception on one line: kind, file, record, text."""
    return [
        f"{row['kind']} | {row['file']} | {row['at']} | {row['text']}"
        for row in table(folder, "exceptions")
    ]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The records of a CSV file, however long their cells."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def cells(path: Path) -> Mapping[str, tuple[tuple[Any, ...], ...]]:
    """Every cell of a workbook, by sheet."""
    book = load_workbook(path)
    return {
        sheet.title: tuple(tuple(cell.value for cell in row) for row in sheet.iter_rows())
        for sheet in book.worksheets
    }
