"""evidence.xlsx: sheets for people first, then data sheets that any tool can take as they are."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import BinaryIO

from xlsxwriter.exceptions import XlsxWriterException

from sod_analyzer.errors import ReportError
from sod_analyzer.model.finding import Report
from sod_analyzer.report.workbook.grid import placed, write
from sod_analyzer.report.workbook.grids import grids
from sod_analyzer.report.workbook.people import cover, method
from sod_analyzer.report.workbook.sheet import Book
from sod_analyzer.report.workbook.summary import summary

#: Rows of one sheet: one less than it may have (Excel specifications and limits). An area down to
#: the very last row is written as whole columns, which some readers cannot take.
ROW_LIMIT = 1_048_575
#: Sheets that one table may take: with more the file could be opened by few.
SHEET_LIMIT = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """The reporter of `evidence.xlsx`.

    Rows beyond a sheet's limit go on in a further sheet, and beyond the most sheets that a table
    may take they stand in another file. The first row of each such sheet says which are where.
    """

    row_limit: int = ROW_LIMIT
    sheet_limit: int = SHEET_LIMIT
    name: str = "workbook"
    filename: str = "evidence.xlsx"

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the workbook; equal reports give equal cells.

        Raises:
            ReportError: a cell could not be written; nothing is dropped in silence.

        Cost: one row of each sheet in memory; about 75 microseconds a row of 14 cells.
        """
        with tempfile.TemporaryDirectory(prefix="sod-workbook-") as scratch:
            book = Book.opened(
                stream,
                report,
                row_limit=self.row_limit,
                sheet_limit=self.sheet_limit,
                scratch=scratch,
            )
            try:
                _fill(book)
                book.workbook.close()
            except XlsxWriterException as error:
                raise ReportError(f"the workbook cannot be written: {error}") from error
            finally:
                book.discard()


def _fill(book: Book) -> None:
    first, second = book.sheet("Cover", upright=True), book.sheet("Summary")
    made = {grid.title: placed(book, grid) for grid in grids(book.report)}
    last = book.sheet("Method", upright=True)
    for entry in made.values():
        write(entry)
    summary(second, book, made)
    method(last, book)
    # The cover comes last: it says how many texts had to be changed.
    cover(first, book, made)


REPORTER = Evidence()
