"""Excel: a table on one sheet of an `.xlsx` workbook, read by sheet row.

openpyxl unpacks the workbook and knows its sheets and date formats. The rows come from its sheet
parser rather than from `iter_rows`, which passes over a row whose number is not higher than the
one before, and cannot tell an empty cell from a formula that was never calculated. The shared
texts are read here, since openpyxl undoes half of their escapes.

Source: ECMA-376 part 1, 18.3.1.4 (cells) and 22.9.2.19 (`_xHHHH_` escapes).
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from sod_analyzer.errors import InputError, SourceRef, near
from sod_analyzer.importers.files import MAX_FILE_BYTES, check_unchanged, check_zip, find_files
from sod_analyzer.importers.tabular.csv_file import check_header
from sod_analyzer.importers.tabular.engine import load
from sod_analyzer.importers.tabular.options import ExcelOptions
from sod_analyzer.importers.tabular.plan import Plan, make_plan
from sod_analyzer.importers.tabular.table import (
    Record,
    Table,
    header_row,
    is_blank,
    ragged,
    text_record,
)
from sod_analyzer.model.batch import Batch, Importer, Raw, RawFile, SourceSpec, Waterfall

PATTERNS = ("*.xlsx", "*.xlsm")
#: The rows a sheet can have; a higher number is a trick to make readers count for hours.
MAX_ROWS = 1_048_576
#: First bytes of the container that old and password-protected workbooks come in.
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_ROWS_AT_ONCE = 1000
_SHARED = f"{{{SHEET_MAIN_NS}}}si"
_TEXT = f"{{{SHEET_MAIN_NS}}}t"
_PHONETIC = f"{{{SHEET_MAIN_NS}}}rPh"

#: A row: its number, its cells' texts, and what is wrong with some of them.
Row = tuple[int, list[str], Mapping[int, str] | None]


@dataclass(frozen=True, slots=True)
class ExcelImporter:
    """Tables on sheets of Excel workbooks, through a mapping."""

    name: str = "excel"
    options: type[ExcelOptions] = ExcelOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The workbook, or the workbooks of a glob."""
        limit = spec.options.max_bytes or MAX_FILE_BYTES
        return Raw(spec, find_files(spec, patterns=PATTERNS, folders="refused", max_bytes=limit))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """What the rows state, through the mapping; see `docs/importers/tabular.md`."""
        options: ExcelOptions = raw.spec.options
        plan = make_plan(options, raw.spec, matrix=options.matrix)
        check_header(options.header_row, options.header, where=raw.spec.where)

        def reader(
            file: RawFile, counts: Waterfall, plan: Plan
        ) -> contextlib.AbstractContextManager[Table]:
            del plan
            return open_sheet(file, counts, options)

        yield from load(raw, plan, reader, kind="xlsx", unit="row")


IMPORTER: Importer = ExcelImporter()


@contextlib.contextmanager
def open_sheet(file: RawFile, counts: Waterfall, options: ExcelOptions) -> Iterator[Table]:
    """The table on the stated sheet, or on the first; hidden sheets and rows count like others.

    Raises:
        InputError: not a workbook, a bomb, or no such sheet; while reading, when it is damaged.
    """
    where = SourceRef(file.path)
    with _guarded(where):
        _check_kind(file)
        check_zip(file)
        check_unchanged(file)
        book = _open_book(file)
    with contextlib.closing(book):
        with _guarded(where):
            sheet = _sheet(book, options.sheet, where)
        rows = _guarded_rows(_rows(sheet), where)
        columns, records = _cut(rows, counts, options, where)
        yield Table(columns, records, "row {record}")


def _check_kind(file: RawFile) -> None:
    with file.local.open("rb") as stream:
        head = stream.read(len(_OLE_MAGIC))
    if head == _OLE_MAGIC:
        raise InputError(
            "an old binary workbook (.xls) or one with a password; save it as .xlsx without one",
            where=SourceRef(file.path),
        )
    if not head:
        raise InputError("the file is empty", where=SourceRef(file.path))


@contextlib.contextmanager
def _guarded(where: SourceRef) -> Iterator[None]:
    """Turns what openpyxl says or raises over a damaged workbook into an `InputError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        # The library promises no exceptions of its own for a hostile file: XML, zip, key, index,
        # value, type and attribute errors were all seen.
        except Exception as error:
            raise InputError(f"the workbook cannot be read: {_said(error)}", where=where) from error


def _said(error: BaseException) -> str:
    """The first thing that went wrong: what openpyxl wraps around it names the local file."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _guarded_rows(rows: Iterator[Row], where: SourceRef) -> Iterator[Row]:
    while True:
        with _guarded(where):
            some = list(islice(rows, _ROWS_AT_ONCE))
        if not some:
            return
        yield from some


def _open_book(file: RawFile) -> Any:
    opener = _Opener(file.local, read_only=True, data_only=True, keep_links=False)
    try:
        opener.read()
    except BaseException:
        opener.archive.close()
        raise
    return opener.wb


class _Opener(ExcelReader):
    """Reads the shared texts as they stand, with every escape undone once."""

    def read_strings(self) -> None:
        package: Any = self.package
        listed = package.find(SHARED_STRINGS)
        if listed is None:
            return
        with self.archive.open(listed.PartName[1:]) as stream:
            for _, node in iterparse(stream):
                if node.tag == _SHARED:
                    runs = (part for part in node if part.tag != _PHONETIC)
                    texts = (text.text or "" for run in runs for text in run.iter(_TEXT))
                    self.shared_strings.append(_unescaped("".join(texts)))
                    node.clear()


def _sheet(book: Any, name: str | None, where: SourceRef) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise InputError("the workbook has no sheet of cells", where=where)
    if name is None:
        return book.worksheets[0]
    if name not in sheets:
        raise InputError(f"no sheet '{name}'{near(name, sheets)}", where=where)
    return sheets[name]


def _rows(sheet: Any) -> Iterator[Row]:
    """The rows that the sheet holds, numbers rising, cells as text."""
    book = sheet.parent
    padding = _Padding(book)
    last = 0
    with sheet._get_source() as stream:  # noqa: SLF001  see the top of this file
        parser = _Parser(
            stream,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        for number, cells in parser.parse():
            if not last < number <= MAX_ROWS:
                raise InputError(f"row {number:,} follows row {last:,}: the sheet is damaged")
            last = number
            yield (number, *_texts(cells, padding))


class _Parser(WorkSheetParser):
    """Marks formulas whose result the workbook does not hold."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if isinstance(cell["value"], str) and element.get("t") in {"str", "inlineStr"}:
            cell["value"] = _unescaped(cell["value"])
        # A result that is an empty text says so in its type.
        untold = cell["value"] is None and element.get("t", "n") == "n"
        if untold and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        return cell


def _texts(
    cells: Sequence[Mapping[str, Any]], padding: _Padding
) -> tuple[list[str], Mapping[int, str] | None]:
    texts = [""] * (max(cell["column"] for cell in cells) if cells else 0)
    faults: dict[int, str] | None = None
    for cell in cells:
        index = cell["column"] - 1
        kind = cell["data_type"]
        if kind in {"f", "e"}:
            faults = faults or {}
            faults[index] = (
                "a formula without a calculated value; open the workbook, calculate and save it"
                if kind == "f"
                else f"the error {cell['value']}"
            )
        elif cell["value"] is not None:
            texts[index] = _text(cell["value"], cell["style_id"], padding)
    return texts, faults


def _text(value: object, style: int, padding: _Padding) -> str:
    """The cell's plain text, as Excel shows it without a number format."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value).zfill(padding.width(style))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def number_text(value: float) -> str:
    """The number with the 15 digits that Excel keeps, never in scientific notation."""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def _unescaped(text: str) -> str:
    """The text with `_xHHHH_` turned back; pairs of surrogates become one character."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class _Padding:
    """How many digits a cell style fills up with zeros: `00000` shows the number 7 as 00007.

    The one number format that is followed, because it is how employee numbers keep their zeros.
    """

    def __init__(self, book: Any) -> None:
        self._book = book
        self._widths: dict[int, int] = {}

    def width(self, style: int) -> int:
        """Digits at least; 0 when the style does not fill up."""
        found = self._widths.get(style)
        if found is None:
            found = self._widths[style] = self._look_up(style)
        return found

    def _look_up(self, style: int) -> int:
        number = self._book._cell_styles[style].numFmtId  # noqa: SLF001
        if number < BUILTIN_FORMATS_MAX_SIZE:
            form = BUILTIN_FORMATS.get(number, "General")
        else:
            form = self._book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE]  # noqa: SLF001
        return len(form) if form and set(form) == {"0"} else 0


def _cut(
    rows: Iterator[Row], counts: Waterfall, options: ExcelOptions, where: SourceRef
) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The column names and the records below them."""
    if options.header:
        columns = header_row(options.header)
        return columns, _records(rows, counts, width=len(columns))
    for number, cells, _ in rows:
        gap = number - counts.lines - 1
        counts.lines = number
        wanted = options.header_row
        if wanted is None and is_blank(cells):
            counts.blank += gap + 1
        elif wanted is None or number == wanted:
            if wanted is None:
                counts.blank += gap
            else:
                counts.header += gap
            counts.header += 1
            columns = header_row(_trimmed(cells))
            return columns, _records(rows, counts, width=len(columns))
        elif number > wanted:
            break
        else:
            counts.header += gap + 1
    if options.header_row is None:
        raise InputError("the sheet has no header, only empty rows", where=where)
    raise InputError(
        f"the header should be in row {options.header_row:,}; it is empty", where=where
    )


def _trimmed(cells: list[str]) -> list[str]:
    """The cells without the empty ones at the end, which a sheet may or may not hold."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return cells[:width]


def _records(rows: Iterator[Row], counts: Waterfall, *, width: int) -> Iterator[Record]:
    for number, cells, faults in rows:
        counts.blank += number - counts.lines - 1
        counts.lines = number
        if is_blank(cells) and not faults:
            counts.blank += 1
        elif len(cells) > width and len(_trimmed(cells)) > width:
            yield ragged(number, len(_trimmed(cells)), width)
        else:
            texts = (cells + [""] * (width - len(cells)))[:width]
            key = "\0".join(texts) + repr(sorted(faults.items())) if faults else None
            yield text_record(number, texts, key=key, faults=faults)
