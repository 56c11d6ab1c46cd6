"""Data sheets: column names in row 1, then one fact per cell, over as many sheets as it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from xlsxwriter.utility import xl_col_to_name

from sod_analyzer.report.workbook.sheet import Book, Formula, Sheet

#: Columns that a print shows; more would print too small to read.
PRINTED = 10
_BATCH = 5_000
_DEFAULT_WIDTH = 16.0


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as a data sheet: its rows, and how its columns look."""

    title: str
    table: pa.Table
    about: str  # one line for the index on the cover
    widths: Mapping[str, float] = field(default_factory=dict)
    frozen: int = 1
    tones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    formulas: Mapping[str, Formula] = field(default_factory=dict)


def chosen(table: pa.Table, first: Sequence[str]) -> pa.Table:
    """The table with these columns first; the others follow as they stand."""
    rest = [name for name in table.column_names if name not in first]
    return table.select([*first, *rest])


def from_rows(found: Sequence[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows as a table of these columns."""
    return pa.table(
        [pa.array([row[name] for row in found], kind) for name, kind in columns.items()],
        names=list(columns),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet that holds some of a grid's rows."""

    name: str
    rows: int
    letters: Mapping[str, str]

    def cells(self, column: str) -> str:
        """The column's cells, as a formula names them."""
        letter = self.letters[column]
        return f"'{self.name}'!${letter}$2:${letter}${max(self.rows, 1) + 1}"


@dataclass(slots=True)
class Placed:
    """A grid with its sheets, not yet written."""

    grid: Grid
    sheets: list[Sheet]
    parts: list[Part]


def placed(book: Book, grid: Grid) -> Placed:
    """The sheets for the grid: one, or as many as its rows need below the sheet's limit."""
    room = book.row_limit - 1
    total = grid.table.num_rows
    counts = [min(room, total - start) for start in range(0, total, room)] or [0]
    letters = {name: xl_col_to_name(n) for n, name in enumerate(grid.table.column_names)}
    made = Placed(grid, [], [])
    for number, count in enumerate(counts, start=1):
        name = grid.title if number == 1 else f"{grid.title} ({number})"
        made.sheets.append(book.sheet(name))
        made.parts.append(Part(name, count, letters))
    return made


def write(made: Placed) -> None:
    """Write every row of the grid, in order."""
    start = 0
    for sheet, part in zip(made.sheets, made.parts, strict=True):
        _write_part(sheet, made.grid, part, start)
        start += part.rows


def _write_part(sheet: Sheet, grid: Grid, part: Part, start: int) -> None:
    names = grid.table.column_names
    widths = [grid.widths.get(name, _DEFAULT_WIDTH) for name in names]
    _set_up(sheet, grid, part, widths)
    sheet.height(
        0, [(name.replace("_", " "), width) for name, width in zip(names, widths, strict=True)]
    )
    for column, (name, field_) in enumerate(zip(names, grid.table.schema, strict=True)):
        numeric = pa.types.is_integer(field_.type)
        sheet.text(0, column, name, "head-number" if numeric else "head")
    writers = [_writer(field.type) for field in grid.table.schema]
    for row, values in enumerate(_rows(grid.table.slice(start, part.rows)), start=1):
        # Columns that are not printed may be cut by the row: nobody wants tall rows for ids.
        seen = zip(values[:PRINTED], widths[:PRINTED], strict=True)
        texts = [(value, width) for value, width in seen if isinstance(value, str)]
        sheet.height(row, texts)
        facts = dict(zip(names, values, strict=True)) if grid.formulas else {}
        for column, (name, value) in enumerate(zip(names, values, strict=True)):
            made = grid.formulas.get(name)
            if made is None:
                writers[column](sheet, row, column, value)
            else:
                formula, result = made(row + 1, part.letters, facts)
                sheet.formula(row, column, formula, result, "plain")


def _set_up(sheet: Sheet, grid: Grid, part: Part, widths: Sequence[float]) -> None:
    made = sheet.made
    last = len(widths) - 1
    for column, width in enumerate(widths):
        made.set_column(column, column, width)
    made.freeze_panes(1, grid.frozen)
    made.autofilter(0, 0, max(part.rows, 1), last)
    made.repeat_rows(0)
    made.print_area(0, 0, part.rows, min(last, PRINTED - 1))
    for name, words in grid.tones.items():
        column = grid.table.column_names.index(name)
        sheet.tone(1, part.rows, column, words)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for start in range(0, table.num_rows, _BATCH):
        piece = table.slice(start, _BATCH)
        yield from zip(*[column.to_pylist() for column in piece.columns], strict=True)


def _writer(kind: pa.DataType) -> Any:
    if pa.types.is_integer(kind):
        return Sheet.number
    if pa.types.is_timestamp(kind):
        return Sheet.when
    if pa.types.is_date(kind):
        return Sheet.day
    if pa.types.is_boolean(kind):
        return _write_flag
    return _write_wrapped


def _write_flag(sheet: Sheet, row: int, column: int, value: bool | None) -> None:  # noqa: FBT001
    sheet.text(row, column, None if value is None else "yes" if value else "no")


def _write_wrapped(sheet: Sheet, row: int, column: int, value: str | None) -> None:
    sheet.text(row, column, value, "wrap")
