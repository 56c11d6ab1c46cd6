"""Rows of a data sheet, many at a time, as XlsxWriter writes them cell by cell.

All markup is the library's own: it writes each kind of row and cell once, and what differs from
row to row is put into that. A test holds the bytes equal.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import (
    CellDatetimeTuple,
    CellNumberTuple,
    CellStringTuple,
    Worksheet,
)

from sod_analyzer.report.quoting import octets, pieced
from sod_analyzer.report.workbook.sheet import Sheet

#: Whole numbers up to here have as many digits as the library writes.
_EXACT = 10**15
#: Texts that the library writes otherwise: blanks at an end, which Python knows more of than
#: regular expressions here do, escapes, and control characters.
_BLANK = (
    "[\\s\\v\\x1c-\\x1f\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"
    "\\x{202f}\\x{205f}\\x{3000}]"
)
_SPECIAL = (
    f"^{_BLANK}|{_BLANK}$|_x[0-9a-fA-F]{{4}}_|[\\x00-\\x08\\x0b-\\x1f]|[\\x{{fffe}}\\x{{ffff}}]"
)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


class Rows:
    """Writes rows of one sheet, whose columns are of these types, one row after the other.

    Cost: a few passes over each column; no Python object per cell, but for times and for texts
    that are written in a special way.
    """

    def __init__(self, sheet: Sheet, kinds: Sequence[pa.DataType]) -> None:
        self._sheet = sheet
        self._columns = [_column(sheet, place, kind) for place, kind in enumerate(kinds)]

    def write(self, first: int, columns: Sequence[pa.Array], lines: Sequence[int]) -> None:
        """The rows from `first` on, each as tall as so many lines."""
        number = pa.array(range(first + 1, first + 1 + len(lines))).cast(pa.string())
        self._sheet.before(first)
        shown, tall = np.unique(lines, return_inverse=True)
        heads = [self._head(first, each) for each in shown.tolist()]
        cells = [
            each.cells(values, number) for each, values in zip(self._columns, columns, strict=True)
        ]
        after = pa.array([end for _, end in heads]).take(pa.array(tall))
        texts = pieced(heads[0][0], number, after, *cells, "</row>")
        if all(values.null_count for values in columns):
            # A row without any cell is none.
            texts = texts.filter(reduce(pc.or_, [values.is_valid() for values in columns]))
        self._sheet.made.fh.write(octets(texts).to_pybytes().decode())
        self._sheet.behind(first + len(lines) - 1)

    def _head(self, row: int, lines: int) -> tuple[str, str]:
        """How a row of so many lines begins, up to its number and from there on."""
        made = self._sheet.made
        self._sheet.lines(row, lines)
        size = made.row_info.pop(row, None)
        return _around(_told(made, lambda: made._write_row(row, None, size)), f"{row + 1}")  # noqa: SLF001


class _Column(ABC):
    """The cells of a column, as many as there are rows, and nothing where it is null."""

    #: What the library takes a cell for, a value, and how that is written.
    cell: ClassVar[Any]
    sample: ClassVar[str | int]

    def __init__(self, sheet: Sheet, place: int, style: str) -> None:
        self.sheet = sheet
        self._place = place
        self._format = sheet.book.formats[style]
        self._letter = xl_col_to_name(place)
        self._begin, rest = _around(self._whole(self.sample), f"{self._letter}1")
        self._open, _, self._close = rest.partition(f">{self.sample}<")

    def cells(self, values: pa.Array, number: pa.Array) -> pa.Array | str:
        """The cells of rows with these numbers."""
        if values.null_count == len(values):
            return ""
        rests = self.rests(values)
        found = pieced(f"{self._begin}{self._letter}", number, rests)
        return found.fill_null("") if found.null_count else found

    @abstractmethod
    def rests(self, values: pa.Array) -> pa.Array:
        """What follows the row's number in each cell; null for null."""

    def around(self, texts: pa.Array) -> pa.Array:
        """What follows the row's number in cells in which these texts stand."""
        return pieced(f"{self._open}>", texts, f"<{self._close}")

    def rest(self, value: object) -> str:
        """What follows the row's number in the cell of a value."""
        return _around(self._whole(value), f"{self._letter}1")[1]

    def _whole(self, value: object) -> str:
        made, cell = self.sheet.made, self.cell(value, self._format)
        return _told(made, lambda: made._write_cell(0, self._place, cell))  # noqa: SLF001


class _Texts(_Column):
    cell = CellStringTuple
    sample = "x"

    def rests(self, values: pa.Array) -> pa.Array:
        texts = plain_texts = self.sheet.shown(values)
        for character, entity in _ENTITIES:
            if pc.any(pc.match_substring(texts, character)).as_py():
                texts = pc.replace_substring(texts, character, entity)
        found = self.around(texts)
        special = pc.match_substring_regex(plain_texts, _SPECIAL).fill_null(False)  # noqa: FBT003
        if not pc.any(special).as_py():
            return found
        own = [self.rest(text) for text in plain_texts.filter(special).to_pylist()]
        return pc.replace_with_mask(found, special, pa.array(own, pa.string()))


class _Flags(_Texts):
    def rests(self, values: pa.Array) -> pa.Array:
        return self.around(pc.if_else(values, "yes", "no"))


class _Numbers(_Column):
    cell = CellNumberTuple
    sample = 7

    def rests(self, values: pa.Array) -> pa.Array:
        ends = pc.min_max(values)
        if ends["min"].as_py() > -_EXACT and ends["max"].as_py() < _EXACT:
            return self.around(values.cast(pa.string()))
        return _each(values, self.rest)


class _Times(_Column):
    cell = CellDatetimeTuple
    sample = 7

    def rests(self, values: pa.Array) -> pa.Array:
        return _each(values, self._time)

    def _time(self, value: date | datetime) -> str:
        naive = value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
        return self.rest(self.sheet.made._convert_date_time(naive))  # noqa: SLF001


def _column(sheet: Sheet, place: int, kind: pa.DataType) -> _Column:
    if pa.types.is_integer(kind):
        return _Numbers(sheet, place, "number")
    if pa.types.is_timestamp(kind):
        return _Times(sheet, place, "when")
    if pa.types.is_date(kind):
        return _Times(sheet, place, "day")
    if pa.types.is_boolean(kind):
        return _Flags(sheet, place, "plain")
    return _Texts(sheet, place, "wrap")


def _each(values: pa.Array, told: Callable[[Any], str]) -> pa.Array:
    """What is told of each value, told once for equal ones."""
    coded = values.dictionary_encode()
    texts = pa.array([told(value) for value in coded.dictionary.to_pylist()], pa.string())
    return texts.take(coded.indices)


def _told(made: Worksheet, write: Callable[[], object]) -> str:
    """What the library writes."""
    stream, made.fh = made.fh, io.StringIO()
    try:
        write()
        return str(made.fh.getvalue())
    finally:
        made.fh = stream


def _around(text: str, reference: str) -> tuple[str, str]:
    """What stands before a reference, and what behind it."""
    before, _, after = text.partition(f'"{reference}"')
    return f'{before}"', f'"{after}'
