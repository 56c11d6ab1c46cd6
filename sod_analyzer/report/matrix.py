"""The grid of duties as a sheet and as a page."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from typing import BinaryIO, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.worksheet import Worksheet

from sod_analyzer.errors import ReportError
from sod_analyzer.model.ruleset import Duty, Severity
from sod_analyzer.report.literal import LiteralSheet
from sod_analyzer.report.text import cell_text, page_text

#: Any day: the same grid gives the same bytes.
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - the format of the file has no zone

_FILLS = {
    Severity.LOW: "#E8F0E0",
    Severity.MEDIUM: "#FFF2CC",
    Severity.HIGH: "#F8CBAD",
    Severity.CRITICAL: "#F4A0A0",
}


class GridCell(Protocol):
    """What stands where a row and a column meet."""

    @property
    def rules(self) -> Sequence[str]: ...

    @property
    def severity(self) -> Severity: ...


class Grid(Protocol):
    """A grid of duties."""

    @property
    def title(self) -> str: ...

    @property
    def subtitle(self) -> str: ...

    @property
    def duties(self) -> Sequence[Duty]: ...

    @property
    def left_out(self) -> Sequence[str]: ...

    def cell(self, one: str, other: str) -> GridCell | None:
        """The cell of two duties."""
        ...


def write_sheet(grid: Grid, stream: BinaryIO) -> None:
    """The grid as a workbook of one sheet; every cell is a text, and equal grids give equal files.

    Raises:
        ReportError: a cell could not be written.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with tempfile.TemporaryDirectory(prefix="sod-matrix-") as scratch:
        workbook = Workbook(stream, {"constant_memory": True, "tmpdir": scratch, **options})
        workbook.set_properties({"title": cell_text(grid.title), "created": _CREATED})
        try:
            _fill(workbook, workbook.add_worksheet("Duties", LiteralSheet), grid)
            workbook.close()
        except XlsxWriterException as error:
            raise ReportError(f"the grid cannot be written: {error}") from error


def _fill(workbook: Workbook, sheet: Worksheet, grid: Grid) -> None:
    bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    head = workbook.add_format({"bold": True, "rotation": 60, "valign": "bottom"})
    alone = workbook.add_format({"bg_color": "#D9D9D9"})
    fills = {
        severity: workbook.add_format(
            {"bg_color": color, "text_wrap": True, "valign": "top", "border": 1}
        )
        for severity, color in _FILLS.items()
    }
    sheet.freeze_panes(3, 2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 36)
    sheet.set_column(2, 1 + len(grid.duties), 14)
    _text(sheet, 0, 0, grid.title, bold)
    _text(sheet, 1, 0, grid.subtitle, None)
    for n, duty in enumerate(grid.duties):
        _text(sheet, 2, 2 + n, duty.duty_id, head)
    for n, one in enumerate(grid.duties):
        row = 3 + n
        _text(sheet, row, 0, one.duty_id, bold)
        _text(sheet, row, 1, one.title, bold)
        for k, other in enumerate(grid.duties):
            cell = grid.cell(one.duty_id, other.duty_id)
            if cell is not None:
                text = "\n".join([str(cell.severity), *cell.rules])
                _text(sheet, row, 2 + k, text, fills[cell.severity])
            elif n == k:
                _text(sheet, row, 2 + k, " ", alone)
    if grid.left_out:
        row = 4 + len(grid.duties)
        _text(sheet, row, 0, f"About no duty: {', '.join(grid.left_out)}", None)


def _text(sheet: Worksheet, row: int, column: int, text: str, style: object) -> None:
    code = sheet.write_string(row, column, cell_text(text), style)
    if code:
        raise ReportError(f"cell {row + 1}, {column + 1} cannot be written (code {code})")


def write_page(grid: Grid, stream: BinaryIO) -> None:
    """The grid as one page that fetches nothing and runs nothing."""
    folder = resources.files("sod_analyzer.report") / "templates"
    style = (folder / "matrix.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader("sod_analyzer.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template("matrix.html.j2")
    text = page.render(
        grid=grid,
        style=Markup(style),  # noqa: S704 - our own file, hashed beside it
        style_hash=f"sha256-{digest}",
    )
    stream.write(text.encode(errors="replace"))


def _shown(value: object) -> object:
    return page_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
