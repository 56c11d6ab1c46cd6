"""A small table that people keep in a workbook or a CSV: every cell as text, with its place.

For documents of hundreds of rows that somebody signs, not for exports: it is read whole, and a
formula anywhere is refused, since what was signed must be what is read.

Source: ECMA-376 part 1, 18.3.1.4 (cells); RFC 4180 (quoting).
"""

from __future__ import annotations

import csv
import hashlib
import io
import stat
import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sod_analyzer.documents import quoted, suggest
from sod_analyzer.errors import Problem, RulesetError, SourceRef

WORKBOOKS = frozenset({".xlsx", ".xlsm"})
TEXTS = frozenset({".csv"})

MAX_BYTES = 5 * 1024**2
MAX_UNPACKED = 100 * 1024**2
MAX_ROWS = 20_000
MAX_COLUMNS = 200
_DELIMITERS = (",", ";", "\t")
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell; `fault` says why it cannot be taken."""

    text: str
    where: SourceRef
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column; those left empty are not there."""

    where: SourceRef
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its columns as written, and the rows below them that are not empty."""

    columns: Mapping[str, Cell]
    rows: tuple[Row, ...]
    content: bytes = field(repr=False)
    sha256: str
    encoding: str | None
    unit: str  # what a line number counts: line | row
    lines: int
    problems: tuple[Problem, ...]


#: A row's number, and its cells with what is wrong with each.
_Numbered = tuple[int, Sequence[tuple[str, str | None]]]


@dataclass(frozen=True, slots=True)
class _Raw:
    """The rows of a file, whatever its format."""

    rows: Sequence[_Numbered]
    sheet: str | None
    lines: int
    encoding: str | None


def read_grid(path: Path, *, shown: str, known: Collection[str], sheet: str) -> Grid:
    """The table in this file. Its first row that is not empty names the columns.

    `known` are the columns that the caller wants, to tell a CSV's delimiter by. Of a workbook with
    several sheets the one called `sheet` counts. Column names are compared in lower case, with
    `_` for spaces.

    Raises:
        RulesetError: the file cannot be read at all.
    """
    where = SourceRef(shown)
    content = _content(path, where)
    if path.suffix.lower() in WORKBOOKS:
        raw = _workbook(content, where, sheet)
    else:
        raw = _text(content, where, known)
    return _grid(raw, content, where)


def _content(path: Path, where: SourceRef) -> bytes:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise RulesetError("not a plain file", where=where)
        if facts.st_size > MAX_BYTES:
            raise RulesetError(
                f"{facts.st_size:,} bytes; a table that is signed has at most {MAX_BYTES:,}",
                where=where,
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise RulesetError(f"no such file{_beside(path)}", where=where) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RulesetError(f"cannot be read: {reason}", where=where) from error
    if not content:
        raise RulesetError("the file is empty", where=where)
    return content


def _beside(path: Path) -> str:
    try:
        return suggest(path.name, [each.name for each in path.parent.iterdir() if each.is_file()])
    except OSError:
        return ""


# -- from rows to a grid ---------------------------------------------------------------------------


def _grid(raw: _Raw, content: bytes, where: SourceRef) -> Grid:
    rows = [(number, cells) for number, cells in raw.rows if any(text or f for text, f in cells)]
    if not rows:
        raise RulesetError("there is no header, only empty rows", where=where)
    problems: list[Problem] = []
    head, *below = rows
    columns, named = _named(raw, head, where, problems)
    filled = tuple(_filled(raw, each, columns, where, problems) for each in below)
    return Grid(
        columns=named,
        rows=filled,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        encoding=raw.encoding,
        unit="line" if raw.sheet is None else "row",
        lines=raw.lines,
        problems=tuple(problems),
    )


def _named(
    raw: _Raw, head: _Numbered, where: SourceRef, problems: list[Problem]
) -> tuple[Mapping[int, str], Mapping[str, Cell]]:
    """The columns' names by position, and the header's cells by name."""
    columns: dict[int, str] = {}
    named: dict[str, Cell] = {}
    for index, (text, fault) in enumerate(head[1]):
        place = _place(where, raw.sheet, head[0], index)
        name = "_".join(text.lower().split())
        if fault:
            problems.append(Problem(f"the column's name is {fault}", place))
        elif name in named:
            problems.append(Problem(f"column {quoted(name)} stands twice", place))
        elif name:
            columns[index] = name
            named[name] = Cell(text, place)
    return columns, named


def _filled(
    raw: _Raw,
    row: _Numbered,
    columns: Mapping[int, str],
    where: SourceRef,
    problems: list[Problem],
) -> Row:
    number, cells = row
    found: dict[str, Cell] = {}
    for index, (text, fault) in enumerate(cells):
        place = _place(where, raw.sheet, number, index)
        if index in columns and (text or fault):
            found[columns[index]] = Cell(text, place, fault)
        elif text:
            problems.append(Problem(f"{quoted(text)} stands in a column without a name", place))
    return Row(_place(where, raw.sheet, number, None), found)


def _place(where: SourceRef, sheet: str | None, number: int, index: int | None) -> SourceRef:
    """`register.csv:7`, or `register.xlsx:7 (Mitigations!E7)`."""
    if sheet is None:
        return SourceRef(where.path, number)
    letter = "" if index is None else _letters(index)
    return SourceRef(where.path, number, f"{sheet}!{letter}{number}")


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# -- CSV -------------------------------------------------------------------------------------------


def _text(content: bytes, where: SourceRef, known: Collection[str]) -> _Raw:
    try:
        text = content.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RulesetError(
            f"not UTF-8: byte 0x{content[error.start]:02X}; save it as CSV UTF-8",
            where=SourceRef(where.path, line),
        ) from error
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda mark: _fit(header, mark, known))
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            if "\0" in "".join(cells):
                raise RulesetError("a null character", where=SourceRef(where.path, before + 1))
            # A cell that begins with = is a formula to every spreadsheet that opens the file.
            rows.append((before + 1, [_plain(cell) for cell in cells]))
            before = reader.line_num
    except csv.Error as error:
        raise RulesetError(
            f"not valid CSV: {error}", where=SourceRef(where.path, before + 1)
        ) from error
    encoding = "utf-8-sig" if content.startswith(_MARK) else "utf-8"
    return _Raw(rows, None, before, encoding)


def _fit(header: str, mark: str, known: Collection[str]) -> int:
    return sum("_".join(cell.strip(' "').lower().split()) in known for cell in header.split(mark))


def _plain(cell: str) -> tuple[str, str | None]:
    text = cell.strip()
    return text, "a formula; write the value" if text.startswith("=") else None


# -- workbooks -------------------------------------------------------------------------------------


def _workbook(content: bytes, where: SourceRef, wanted: str) -> _Raw:
    if content.startswith(_OLE_MAGIC):
        raise RulesetError(
            "an old binary workbook (.xls) or one with a password; save it as .xlsx without one",
            where=where,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _refuse_bomb(content)
            return _opened(content, where, wanted)
        except RulesetError:
            raise
        # The library promises no exceptions of its own for a hostile file: XML, zip, key, index,
        # value, type and attribute errors were all seen.
        except Exception as error:
            said = (str(error).splitlines() or [""])[0]
            reason = f"{type(error).__name__}: {said}"
            raise RulesetError(f"the workbook cannot be read: {reason}", where=where) from error


def _refuse_bomb(content: bytes) -> None:
    """The directory's sizes hold: `zipfile` never gives out more of an entry than they state."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > MAX_UNPACKED:
        raise ValueError(f"unpacks to {total:,} bytes; the limit is {MAX_UNPACKED:,}")


def _opened(content: bytes, where: SourceRef, wanted: str) -> _Raw:
    from openpyxl import load_workbook  # noqa: PLC0415 - a ruleset is read without it

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        sheet = _sheet(book, where, wanted)
        rows = []
        last = 0
        for number, cells in _parsed(book, sheet):
            if not last < number <= MAX_ROWS:
                raise ValueError(f"row {number:,} follows row {last:,}; at most {MAX_ROWS:,} rows")
            last = number
            rows.append((number, _row(book, cells)))
        return _Raw(rows, str(sheet.title), last, None)
    finally:
        book.close()


def _sheet(book: Any, where: SourceRef, wanted: str) -> Any:
    sheets = {str(sheet.title): sheet for sheet in book.worksheets}
    named = [title for title in sheets if title.strip().lower() == wanted.lower()]
    if named:
        return sheets[named[0]]
    if len(sheets) == 1:
        return next(iter(sheets.values()))
    raise RulesetError(
        f"several sheets, and none is called '{wanted}'{suggest(wanted, sheets)}", where=where
    )


def _parsed(book: Any, sheet: Any) -> Iterator[tuple[int, list[Mapping[str, Any]]]]:
    """The sheet's rows as its parser gives them.

    Not `iter_rows`, which passes over a row whose number is not higher than the one before, and
    fills the gap before a high number row by row.
    """
    from openpyxl.worksheet._reader import WorkSheetParser  # noqa: PLC0415 - as above

    with sheet._get_source() as stream:  # noqa: SLF001
        parser = WorkSheetParser(
            stream,
            sheet._shared_strings,  # noqa: SLF001
            data_only=False,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        yield from parser.parse()


def _row(book: Any, cells: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    width = max((cell["column"] for cell in cells), default=0)
    if width > MAX_COLUMNS:
        raise ValueError(f"{width:,} columns; the limit is {MAX_COLUMNS:,}")
    texts: list[tuple[str, str | None]] = [("", None)] * width
    for cell in cells:
        index = cell["column"] - 1
        if cell["data_type"] == "f":
            texts[index] = ("", "a formula; write the value")
        elif cell["data_type"] == "e":
            texts[index] = ("", f"the error {cell['value']}")
        elif cell["value"] is not None:
            texts[index] = (_value(cell["value"], book, cell["style_id"]).strip(), None)
    return texts


def _value(value: object, book: Any, style: int) -> str:
    """The cell's plain text; of number formats only leading zeros count, for employee numbers."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return str(value).zfill(_zeros(book, style))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _zeros(book: Any, style: int) -> int:
    """How many digits a format such as `00000` shows at least."""
    from openpyxl.styles.numbers import (  # noqa: PLC0415 - as above
        BUILTIN_FORMATS,
        BUILTIN_FORMATS_MAX_SIZE,
    )

    number = book._cell_styles[style].numFmtId  # noqa: SLF001
    if number < BUILTIN_FORMATS_MAX_SIZE:
        form = BUILTIN_FORMATS.get(number, "General")
    else:
        form = book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE]  # noqa: SLF001
    return len(form) if form and set(form) == {"0"} else 0
