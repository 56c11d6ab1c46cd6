"""Data sheets: column names in row 1, then one fact per cell, over as many sheets as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import pyarrow as pa
from xlsxwriter.utility import xl_col_to_name

from sod_analyzer.report.columns import plain, value_type
from sod_analyzer.report.joined import Joined, joined
from sod_analyzer.report.workbook.heights import heights
from sod_analyzer.report.workbook.rows import Rows
from sod_analyzer.report.workbook.sheet import Book, Formula, Sheet

#: Columns that a print shows; more would print too small to read.
PRINTED = 10
_BATCH = 5_000
_DEFAULT_WIDTH = 16.0
_NOTE_WIDTH = 80.0

_Write: TypeAlias = Callable[[int, int, Any], None]
_WriteRows: TypeAlias = Callable[[int, Sequence[pa.Array], Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as a data sheet: its rows, and how its columns look."""

    title: str
    table: Joined
    about: str  # one line for the index on the cover
    widths: Mapping[str, float] = field(default_factory=dict)
    frozen: int = 1
    tones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    file: str = "findings.json"  # which has every row, however many there are


def chosen(table: pa.Table | Joined, first: Sequence[str]) -> Joined:
    """The table with these columns first; the others follow as they stand."""
    whole = joined(table) if isinstance(table, pa.Table) else table
    return whole.chosen(first)


def from_rows(found: Sequence[Mapping[str, Any]], columns: Mapping[str, pa.DataType]) -> Joined:
    """The rows as a table of these columns."""
    return joined(
        pa.table(
            [pa.array([row[name] for row in found], kind) for name, kind in columns.items()],
            names=list(columns),
        )
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet that holds some of a grid's rows."""

    name: str
    rows: int
    letters: Mapping[str, str]
    note: str = ""  # which rows these are and where the others stand, if it has not all of them

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

    @property
    def written(self) -> int:
        """How many rows the sheets have."""
        return sum(part.rows for part in self.parts)

    @property
    def left(self) -> int:
        """How many rows stand in the grid's file only."""
        return self.grid.table.num_rows - self.written

    def rest(self, column: str) -> pa.ChunkedArray:
        """A column's values in the rows that no sheet has."""
        values = self.grid.table.column(column).piece(self.written, self.grid.table.num_rows)
        return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])


def placed(book: Book, grid: Grid) -> Placed:
    """The sheets for the grid: one, or as many as its rows need below the sheet's limit.

    What does not fit into the most sheets that a table may take stands in the grid's file.
    """
    room = book.row_limit - 1
    total = grid.table.num_rows
    starts = range(0, total, room)[: book.sheet_limit] or range(1)
    names = [grid.title if n == 1 else f"{grid.title} ({n})" for n in range(1, len(starts) + 1)]
    left = total - min(total, room * len(starts))
    letters = {name: xl_col_to_name(n) for n, name in enumerate(grid.table.schema.names)}
    made = Placed(grid, [], [])
    for number, (name, start) in enumerate(zip(names, starts, strict=True)):
        rows = min(room, total - start)
        said = [f"Rows {start + 1:,} to {start + rows:,} of {total:,}"]
        if number:
            said.append(f"continued from sheet {names[number - 1]}")
        if number + 1 < len(names):
            said.append(f"continues on sheet {names[number + 1]}")
        if left:
            said.append(f"rows {total - left + 1:,} to {total:,} stand in {grid.file} only")
        made.sheets.append(book.sheet(name))
        made.parts.append(Part(name, rows, letters, "; ".join(said) if len(said) > 1 else ""))
    return made


def write(made: Placed) -> None:
    """Write the rows of the grid, in order."""
    start = 0
    for sheet, part in zip(made.sheets, made.parts, strict=True):
        _write_part(sheet, made.grid, part, start)
        start += part.rows


def _write_part(sheet: Sheet, grid: Grid, part: Part, start: int) -> None:
    schema = grid.table.schema
    widths = [grid.widths.get(name, _DEFAULT_WIDTH) for name in schema.names]
    _set_up(sheet, grid, part, widths)
    titles = [name.replace("_", " ") for name in schema.names]
    sheet.height(0, list(zip(titles, widths, strict=True)))
    for column, field_ in enumerate(schema):
        numeric = pa.types.is_integer(field_.type)
        sheet.text(0, column, field_.name, "head-number" if numeric else "head")
    if part.note:
        # Beside the names, with a column between: it is always in view, and no row of the table.
        sheet.made.set_column(len(schema) + 1, len(schema) + 1, _NOTE_WIDTH)
        sheet.text(0, len(schema) + 1, part.note, "head")
    row = 1
    rows = _one_by_one(sheet, grid, part) if grid.formulas else _together(sheet, schema)
    for piece in _pieces(grid.table, start, part.rows):
        columns = [plain(column) for column in piece.columns]
        # Columns that are not printed may be cut by the row: nobody wants tall rows for ids.
        rows(row, columns, heights(columns[:PRINTED], widths[:PRINTED]))
        row += piece.num_rows


def _together(sheet: Sheet, schema: pa.Schema) -> _WriteRows:
    return Rows(sheet, [value_type(kind) for kind in schema.types]).write


def _one_by_one(sheet: Sheet, grid: Grid, part: Part) -> _WriteRows:
    """Cell by cell: formulas know the cells of their row."""
    writers = [
        _skip if field_.name in grid.formulas else _writer(sheet, value_type(field_.type))
        for field_ in grid.table.schema
    ]

    def write_rows(first: int, columns: Sequence[pa.Array], tall: Sequence[int]) -> None:
        shown = (sheet.shown(c) if pa.types.is_string(c.type) else c for c in columns)
        cells = [column.to_pylist() for column in shown]
        for row, (values, lines) in enumerate(
            zip(zip(*cells, strict=True), tall, strict=True), first
        ):
            sheet.lines(row, lines)
            for column, value in enumerate(values):
                if value is not None:
                    writers[column](row, column, value)
            _write_formulas(sheet, grid, part, row, values)

    return write_rows


def _write_formulas(
    sheet: Sheet, grid: Grid, part: Part, row: int, values: tuple[Any, ...]
) -> None:
    names = grid.table.schema.names
    facts = dict(zip(names, values, strict=True))
    for name, made in grid.formulas.items():
        formula, result = made(row + 1, part.letters, facts)
        sheet.formula(row, names.index(name), formula, result, "plain")


def _skip(_row: int, _column: int, _value: object) -> None:
    """A formula is written in its place."""


def _set_up(sheet: Sheet, grid: Grid, part: Part, widths: Sequence[float]) -> None:
    made = sheet.made
    last = len(widths) - 1
    for column, width in enumerate(widths):
        made.set_column(column, column, width)
    sheet.rows_of_one_line()
    made.freeze_panes(1, grid.frozen)
    made.autofilter(0, 0, max(part.rows, 1), last)
    made.repeat_rows(0)
    made.print_area(0, 0, part.rows, min(last, PRINTED - 1))
    for name, words in grid.tones.items():
        column = grid.table.schema.names.index(name)
        sheet.tone(1, part.rows, column, words)


def _pieces(table: Joined, start: int, rows: int) -> Iterator[pa.Table]:
    for begin in range(start, start + rows, _BATCH):
        yield table.piece(begin, min(begin + _BATCH, start + rows))


def _writer(sheet: Sheet, kind: pa.DataType) -> _Write:
    if pa.types.is_integer(kind):
        return sheet.number
    if pa.types.is_timestamp(kind):
        return sheet.when
    if pa.types.is_date(kind):
        return sheet.day
    if pa.types.is_boolean(kind):
        return partial(_write_flag, sheet)
    return sheet.as_is


def _write_flag(sheet: Sheet, row: int, column: int, value: bool) -> None:  # noqa: FBT001
    sheet.text(row, column, "yes" if value else "no")
