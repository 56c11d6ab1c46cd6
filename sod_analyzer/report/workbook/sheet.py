"""Cells of evidence.xlsx, through a wrapper that makes no formula of data and loses no write.

XlsxWriter says by return code when it drops a cell or cuts a text; here that is an error. Its
`write()`, which guesses types, is never called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sod_analyzer.errors import ReportError
from sod_analyzer.model.finding import Report
from sod_analyzer.report.literal import LiteralSheet
from sod_analyzer.report.text import cell_text, odd, visible
from sod_analyzer.report.workbook.heights import TALLEST, changing, lines_of

#: Height of one line of text, in points.
_LINE = 13.5

_BASE: dict[str, Any] = {"font_name": "Arial", "font_size": 10, "valign": "top"}
_INK, _SOFT, _RULE = "#17202E", "#526074", "#C9D0DB"
FORMATS: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "wrap": {"text_wrap": True},
    "number": {"num_format": "#,##0", "align": "right", "indent": 1},
    "when": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "head": {"bold": True, "bg_color": "#E8ECF3", "bottom": 1, "border_color": _RULE,
             "text_wrap": True, "valign": "vcenter"},
    "head-number": {"bold": True, "bg_color": "#E8ECF3", "bottom": 1, "border_color": _RULE,
                    "text_wrap": True, "valign": "vcenter", "align": "right", "indent": 1},
    "title": {"bold": True, "font_size": 20, "font_color": "#13233B", "valign": "vcenter"},
    "subtitle": {"font_size": 11, "font_color": _SOFT},
    "section": {"bold": True, "font_size": 12, "font_color": "#13233B", "bottom": 1,
                "border_color": _RULE, "valign": "vcenter"},
    "label": {"font_color": _SOFT, "text_wrap": True},
    "bold": {"bold": True, "text_wrap": True},
    "link": {"font_color": "#1F57B3", "underline": 1},
    "approved": {"text_wrap": True},
    "changed": {"text_wrap": True, "bold": True, "font_color": "#8C1029"},
    "missing": {"text_wrap": True, "bold": True, "font_color": "#6E5000"},
    "mono": {"font_name": "Courier New", "font_size": 9, "text_wrap": True},
    "blank": {"bottom": 1, "border_color": _RULE},
    "cell": {"text_wrap": True, "bottom": 4, "border_color": _RULE},
    "count": {"num_format": "#,##0", "align": "right", "indent": 1, "bottom": 4,
              "border_color": _RULE},
    "total": {"num_format": "#,##0", "align": "right", "indent": 1, "bold": True, "top": 1,
              "border_color": _RULE},
    "incomplete": {"bold": True, "font_size": 13, "text_wrap": True, "font_color": "#8C1029",
                   "bg_color": "#FDEEF0", "valign": "vcenter", "indent": 1},
    "caution": {"bold": True, "font_size": 13, "text_wrap": True, "font_color": "#6E5000",
                "bg_color": "#FDF5E2", "valign": "vcenter", "indent": 1},
    "clean": {"bold": True, "font_size": 13, "text_wrap": True, "font_color": "#14603A",
              "bg_color": "#E9F6EE", "valign": "vcenter", "indent": 1},
}  # fmt: skip
_FAILING = ("not pinned", "not yet", "expired", "overdue", "lapsed", "not independent",
            "not allowed", "changed since approval")  # fmt: skip
_WORTH_A_LOOK = ("unused", "over", "matches nothing", "not approved")
#: Colours that repeat what the text of a cell says already.
TONES: Mapping[str, dict[str, Any]] = {
    "critical": {"font_color": "#9D1030", "bold": True},
    "high": {"font_color": "#A8430A", "bold": True},
    "medium": {"font_color": "#7D5B00", "bold": True},
    "violation": {"font_color": "#8C1029"},
    "not-evaluable": {"font_color": "#6E5000"},
    "mitigated": {"font_color": "#14603A"},
    "gated": {"font_color": "#1F57B3"},
    "clear": {"font_color": "#526074"},
    "in force": {"font_color": "#14603A"},
    **{word: {"font_color": "#8C1029", "bold": True} for word in _FAILING},
    **{word: {"font_color": "#6E5000", "bold": True} for word in _WORTH_A_LOOK},
    "approved": {"font_color": "#14603A"},
    "open": {"font_color": "#8C1029", "bold": True},
    "no input": {"font_color": "#8C1029", "bold": True},
    "CHECK": {"font_color": "#8C1029", "bg_color": "#FDEEF0", "bold": True},
    "OK": {"font_color": "#14603A"},
}


@dataclass(slots=True)
class Book:
    """The workbook: formats, sheets in order, and how often a text had to be changed."""

    workbook: Workbook
    report: Report
    row_limit: int
    sheet_limit: int
    formats: dict[str, Format] = field(default_factory=dict)
    tones: dict[str, Format] = field(default_factory=dict)
    odd_texts: int = 0
    cut_texts: int = 0

    @classmethod
    def opened(
        cls, stream: BinaryIO, report: Report, *, row_limit: int, sheet_limit: int, scratch: str
    ) -> Book:
        """A workbook that keeps one row of each sheet in memory, the others in `scratch`.

        Its date is the day of the report, never today's, so equal reports give equal files.
        """
        options = {
            "constant_memory": True,
            "tmpdir": scratch,
            "default_format_properties": {"font_name": "Arial", "font_size": 10},
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        workbook = Workbook(stream, options)
        workbook.set_properties(
            {
                "title": visible(f"{report.name}: segregation of duties"),
                "author": "sod_analyzer",
                "created": datetime.combine(report.as_of, time(), UTC).replace(tzinfo=None),
            }
        )
        book = cls(workbook, report, row_limit, sheet_limit)
        book.formats = {
            name: workbook.add_format({**_BASE, **more}) for name, more in FORMATS.items()
        }
        book.tones = {name: workbook.add_format(more) for name, more in TONES.items()}
        return book

    def discard(self) -> None:
        """Close what a workbook that will not be finished holds open."""
        for made in self.workbook.worksheets():
            if made.row_data_fh is not None and not made.row_data_fh.closed:
                made.row_data_fh.close()
        self.workbook.fileclosed = True

    def sheet(self, name: str, *, upright: bool = False) -> Sheet:
        """A new sheet after the others, with the footer that every page carries."""
        made = self.workbook.add_worksheet(name, LiteralSheet)
        if upright:
            made.set_portrait()
        else:
            made.set_landscape()
        made.set_paper(9)
        made.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        made.fit_to_pages(1, 0)
        made.hide_gridlines(2)
        made.set_footer(self._footer())
        return Sheet(self, made, name)

    def _footer(self) -> str:
        # Excel allows 255 characters; a lone & starts a code.
        words = [f"Findings {self.report.findings_digest[:16]}", self.report.classification]
        left = " | ".join(visible(word)[:60].replace("\n", " ") for word in words if word)
        return f"&L&8{left.replace('&', '&&')}&C&8&A&R&8Page &P of &N"


@dataclass(slots=True)
class Sheet:
    """One sheet, written row by row from the top."""

    book: Book
    made: Worksheet
    name: str

    def text(self, row: int, column: int, value: str | None, style: str = "plain") -> None:
        """A text cell, whatever the text looks like; nothing for null."""
        if value is None:
            return
        self.as_is(row, column, self._shown(value), style)

    def shown(self, texts: pa.Array) -> pa.Array:
        """The texts as cells show them; what had to be changed is counted."""
        rows = changing(texts)
        if not len(rows):
            return texts
        mask = np.zeros(len(texts), dtype=bool)
        mask[rows] = True
        shown = [self._shown(text) for text in texts.take(pa.array(rows)).to_pylist()]
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(shown, pa.string()))

    def before(self, row: int) -> None:
        """Write whatever stands above a row, so that text may be written from there on."""
        self.made._write_single_row(row)  # noqa: SLF001 - the library has no way in

    def behind(self, row: int) -> None:
        """Go on below a row up to which text was written."""
        self._checked(self.made._check_dimensions(row, 0))  # noqa: SLF001
        self.made.previous_row = row

    def _shown(self, value: str) -> str:
        shown = cell_text(value)
        if shown is not value and shown != value:
            self.book.odd_texts += odd(value)
            self.book.cut_texts += len(shown) < len(visible(value))
        return shown

    def as_is(self, row: int, column: int, value: str, style: str = "wrap") -> None:
        """A text cell with a text that `shown` gave."""
        self._checked(self.made.write_string(row, column, value, self.book.formats[style]))

    def number(self, row: int, column: int, value: int | None, style: str = "number") -> None:
        """A count; nothing for null, so that a missing number never reads as zero."""
        if value is not None:
            self._checked(self.made.write_number(row, column, value, self.book.formats[style]))

    def when(self, row: int, column: int, value: datetime | None) -> None:
        """A moment in UTC, as a real date."""
        if value is not None:
            naive = value.astimezone(UTC).replace(tzinfo=None)
            self._checked(self.made.write_datetime(row, column, naive, self.book.formats["when"]))

    def day(self, row: int, column: int, value: date | None) -> None:
        """A day, as a real date; nothing for null."""
        if value is not None:
            self._checked(self.made.write_datetime(row, column, value, self.book.formats["day"]))

    def formula(
        self, row: int, column: int, formula: str, value: int | str, style: str = "count"
    ) -> None:
        """A formula of ours with the value it must give; never made of anything read."""
        self._checked(
            self.made.write_formula(row, column, formula, self.book.formats[style], value)
        )

    def link(self, row: int, column: int, sheet: str) -> None:
        """A link to another sheet of this workbook."""
        self._checked(
            self.made.write_url(
                row, column, f"internal:'{sheet}'!A1", self.book.formats["link"], sheet
            )
        )

    def height(self, row: int, texts: Sequence[tuple[str | None, float]], least: float = 1) -> None:
        """Make the row tall enough for its texts, each given with the width of its cell."""
        lines = max([least, *(lines_of(text, width) for text, width in texts)])
        self._checked(self.made.set_row(row, min(lines, TALLEST) * _LINE + 3))

    def rows_of_one_line(self) -> None:
        """Make every row as tall as one line, but for those that are made taller."""
        self.made.set_default_row(_LINE + 3)

    def lines(self, row: int, lines: int) -> None:
        """Make the row as tall as so many lines, where rows are of one line else."""
        if lines > 1:
            self._checked(self.made.set_row(row, lines * _LINE + 3))

    def tone(self, first: int, last: int, column: int, words: Sequence[str]) -> None:
        """Colour cells of a column that hold one of the words of `TONES`."""
        for word in words:
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{word}"',
                "format": self.book.tones[word],
            }
            self._checked(
                self.made.conditional_format(first, column, max(first, last), column, rule)
            )

    def _checked(self, code: int | None) -> None:
        if code:
            raise ReportError(f"sheet '{self.name}': a cell was not written (code {code})")


Formula = Callable[[int, Mapping[str, str], Mapping[str, Any]], tuple[str, int | str]]
