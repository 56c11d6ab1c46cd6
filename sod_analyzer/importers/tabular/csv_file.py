"""CSV: a table in a text file, read by physical line.

Source: RFC 4180 for quoting; the `sep=` line is Excel's, the `#TYPE` line PowerShell's.
"""

from __future__ import annotations

import contextlib
import csv
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import NoReturn

from sod_analyzer.errors import ConfigError, InputError, SourceRef
from sod_analyzer.importers.files import (
    MAX_FILE_BYTES,
    MAX_LINE_CHARS,
    OpenText,
    Undecodable,
    not_encoded,
    open_text,
)
from sod_analyzer.importers.tabular.table import (
    Record,
    Table,
    Wrong,
    header_row,
    is_blank,
    ragged,
    text_record,
)
from sod_analyzer.model.batch import RawFile, Waterfall

#: Tried in this order when the configuration states none.
DELIMITERS = (",", ";", "\t", "|")
#: A quoted cell that spans more lines than this has lost its closing quote.
MAX_RECORD_LINES = 1000

PATTERNS = ("*.csv", "*.txt", "*.tsv")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is cut into cells; None where the file itself shall tell."""

    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    header_row: int | None = None
    header: tuple[str, ...] = ()
    max_bytes: int | None = None
    where: SourceRef | None = None

    def check(self) -> None:
        """Raises `ConfigError` when no text can be cut that way."""
        if self.delimiter is not None and not _one_character(self.delimiter):
            raise ConfigError(
                f"delimiter '{self.delimiter}' is not one character", where=self.where
            )
        if not _one_character(self.quote) and self.quote != "none":
            raise ConfigError(
                f"quote '{self.quote}' is neither one character nor 'none'", where=self.where
            )
        if self.quote == self.delimiter:
            raise ConfigError("quote and delimiter are the same character", where=self.where)
        check_header(self.header_row, self.header, where=self.where)


def _one_character(text: str) -> bool:
    return len(text) == 1 and text not in "\r\n\0"


def check_header(row: int | None, header: tuple[str, ...], *, where: SourceRef | None) -> None:
    """Raises `ConfigError` when the header is both in the file and in the configuration."""
    if row is not None and row < 0:
        raise ConfigError(f"header_row {row} is below 0", where=where)
    if (row == 0) != bool(header):
        raise ConfigError(
            "header_row: 0 (the file has no header) and header: [names] go together", where=where
        )


@dataclass(slots=True)
class Place:
    """How far the file has been read: the lines handed to the parser, and a record's first."""

    number: int = 0
    started: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One file under way."""

    file: RawFile
    counts: Waterfall
    undecodable: tuple[Undecodable, ...] = ()
    place: Place = field(default_factory=Place)

    def stray(self, first: int, last: int) -> Undecodable | None:
        """What is not text in these lines, both included."""
        found = bisect_left(self.undecodable, first, key=lambda spot: spot.line)
        if found == len(self.undecodable) or self.undecodable[found].line > last:
            return None
        return self.undecodable[found]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the records: `lines` of them, to be passed over."""

    columns: tuple[str, ...]
    delimiter: str
    lines: int


@contextlib.contextmanager
def open_csv(
    file: RawFile, counts: Waterfall, *, dialect: Dialect, wanted: Collection[str]
) -> Iterator[Table]:
    """The file's table; counts lines, header, blank and continued lines as it goes.

    `wanted` helps to tell the delimiter: it is the one by which most of these columns appear.
    UTF-8 in which few lines hold bytes that are none loses the records of those lines only.

    Raises:
        InputError: the file is empty or not text; while reading, a quote is never closed or a
            line is too long. What follows that place is counted, not loaded.
        ConfigError: the stated encoding does not exist.
    """
    with open_lines(file, dialect) as opened:
        reading = start(file, counts, opened)
        parser, head = read_head(opened, reading, dialect=dialect, wanted=wanted)
        records = read_records(parser, reading, width=len(head.columns))
        yield Table(head.columns, records, "line {record}", opened.encoding)


def open_lines(file: RawFile, dialect: Dialect) -> contextlib.AbstractContextManager[OpenText]:
    """The file's text, cut as the dialect says."""
    limit = dialect.max_bytes or MAX_FILE_BYTES
    return open_text(
        file,
        encoding=dialect.encoding,
        where=dialect.where,
        max_bytes=limit,
        undecodable="kept",
    )


def start(file: RawFile, counts: Waterfall, opened: OpenText) -> Reading:
    """Counts the lines. Raises `InputError` when there is none."""
    # The parser's own limit is global to the process and would cut a record in the middle of a
    # quoted cell; `text_record` judges the cells once they are whole.
    csv.field_size_limit(2**31 - 1)
    counts.lines = opened.lines
    if not opened.lines:
        raise InputError("the file is empty", where=SourceRef(file.path))
    return Reading(file, counts, opened.undecodable)


def longest_line() -> int:
    """How many characters a line may have, its end included."""
    return MAX_LINE_CHARS


def read_lines(readline: Callable[[], str], reading: Reading) -> Iterator[str]:
    """Physical lines, counted; gives up on a record or a line that has no end."""
    place = reading.place
    for line in iter(readline, ""):
        if len(line) > MAX_LINE_CHARS:
            _fail(reading, f"a line of more than {MAX_LINE_CHARS:,} characters")
        if place.number - place.started >= MAX_RECORD_LINES:
            _fail(reading, f"a quoted cell spans more than {MAX_RECORD_LINES:,} lines")
        place.number += 1
        yield line
    place.ended = True


def _fail(reading: Reading, what: str) -> NoReturn:
    """Ends the file here: the record at hand is lost, and with it whatever follows."""
    counts = reading.counts
    counts.rejected += 1
    first = reading.place.started + 1
    raise InputError(
        f"{what}; lines {first:,} to {counts.lines:,} are not loaded",
        where=SourceRef(reading.file.path, first),
    )


Parser = Iterator[list[str]]


def read_head(
    opened: OpenText, reading: Reading, *, dialect: Dialect, wanted: Collection[str]
) -> tuple[Parser, Head]:
    """The parser, ready for the first record, and what stands above it."""
    place = reading.place
    lines = read_lines(partial(opened.stream.readline, MAX_LINE_CHARS + 1), reading)
    first, hinted = _first_line(lines, reading, row=dialect.header_row)
    place.started = place.number - 1
    delimiter = dialect.delimiter or hinted or _detect(first, dialect, wanted=wanted)
    parser = make_parser(chain([first], lines), delimiter, dialect, strict=True)
    columns = header_row(dialect.header) if dialect.header else _header(parser, reading)
    spot = reading.stray(1, place.started)
    if spot is not None:
        raise not_encoded(reading.file, "utf-8", spot, stated=dialect.encoding is not None)
    return parser, Head(columns, delimiter, place.started)


def _header(parser: Parser, reading: Reading) -> tuple[str, ...]:
    place = reading.place
    try:
        cells = next(parser)
    except csv.Error as error:
        where = SourceRef(reading.file.path, place.started + 1)
        raise InputError(f"the header cannot be read: {_said(error)}", where=where) from error
    reading.counts.header += 1
    reading.counts.continued += place.number - place.started - 1
    place.started = place.number
    return header_row(cells)


def _first_line(
    lines: Iterator[str], reading: Reading, *, row: int | None
) -> tuple[str, str | None]:
    """The line where the header (or the first record) begins, and the delimiter stated above it."""
    counts, place = reading.counts, reading.place
    hinted = None
    for line in lines:
        text = line.rstrip("\r\n")
        if row is not None and place.number >= row:
            return line, hinted
        if row is not None:
            counts.header += 1
        elif place.number == 1 and text.startswith("sep=") and len(text) == len("sep=;"):
            hinted = text[-1]
            counts.header += 1
        elif place.number == 1 and text.startswith("#TYPE "):
            counts.header += 1
        elif not text.strip():
            counts.blank += 1
        else:
            return line, hinted
        place.started = place.number
    where = SourceRef(reading.file.path)
    if row is None:
        raise InputError("the file has no header, only empty lines", where=where)
    raise InputError(
        f"the header should be in line {row:,}, but the file has {counts.lines:,} lines",
        where=where,
    )


def make_parser(lines: Iterable[str], delimiter: str, dialect: Dialect, *, strict: bool) -> Parser:
    """The cells of record after record."""
    plain = dialect.quote == "none"
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar='"' if plain else dialect.quote,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        strict=strict,
    )


def _detect(first: str, dialect: Dialect, *, wanted: Collection[str]) -> str:
    """The delimiter by which the header shows most of the wanted columns, then most columns."""
    best = (-1, -1)
    chosen = DELIMITERS[0]
    for delimiter in DELIMITERS:
        try:
            cells = next(make_parser([first], delimiter, dialect, strict=False))
        except csv.Error:
            continue
        columns = header_row(cells)
        score = (len(set(columns) & set(wanted)), len(columns))
        if score > best:
            best, chosen = score, delimiter
    return chosen


def read_records(parser: Parser, reading: Reading, *, width: int) -> Iterator[Record]:
    """Record after record, to the end of the file; blank ones are counted instead."""
    while True:
        try:
            record = read_record(parser, reading, width=width)
        except StopIteration:
            return
        if record is not None:
            yield record


def read_record(parser: Parser, reading: Reading, *, width: int) -> Record | None:
    """The next record, or None where it is blank; counts blank and continued lines.

    Raises:
        StopIteration: there is none.
        InputError: what follows cannot be read.
    """
    counts, place = reading.counts, reading.place
    line = place.started + 1
    try:
        cells = next(parser)
    except csv.Error as error:
        if place.ended:
            _fail(reading, "a quoted cell is never closed")
        record: Record | None = Record(line, (), b"", Wrong("malformed-record", _said(error)))
    else:
        record = judge(reading, line, cells, width=width)
    counts.continued += place.number - line
    place.started = place.number
    return record


def judge(reading: Reading, line: int, cells: list[str], *, width: int) -> Record | None:
    """The record of these cells, or None where it is blank, which is counted."""
    if is_blank(cells):
        reading.counts.blank += 1
        return None
    if len(cells) != width:
        return ragged(line, len(cells), width)
    spot = reading.stray(line, reading.place.number) if reading.undecodable else None
    if spot is not None:
        text = f"byte 0x{spot.byte:02X} at offset {spot.offset:,} is not UTF-8"
        return Record(line, (), b"", Wrong("unreadable-text", text))
    return text_record(line, cells)


def _said(error: csv.Error) -> str:
    text = str(error)
    if text.startswith("new-line character"):
        return "a carriage return inside a cell that is not quoted"
    return f"malformed quoting: {text}"
