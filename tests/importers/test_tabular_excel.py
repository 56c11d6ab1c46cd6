"""Excel as tables: what cells become text, and workbooks that are damaged or meant to harm."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.tabular.excel import number_text, open_sheet
from sod_analyzer.importers.tabular.options import ExcelOptions, Matrix
from sod_analyzer.model.batch import Waterfall
from tests.importers.tabular_kit import Columns, Loaded, run, spec_for

MEMBERS = Columns(account="Login", group="Team")
Fill = Callable[[Any, Any], None]


def members(base: Path, fill: Fill, **keys: Any) -> Loaded:
    """Loads a workbook whose first sheet `fill` writes below a header in row 1."""
    with xlsxwriter.Workbook(base / "a.xlsx") as book:
        sheet = book.add_worksheet("Access")
        sheet.write_row(0, 0, ["Login", "Team"])
        fill(book, sheet)
    return run(base, "excel", "a.xlsx", **{"columns": MEMBERS, **keys})


def pairs(loaded: Loaded) -> list[tuple[str, str, int]]:
    return [(holder[4:], target[4:], record) for holder, _, target, record in loaded.grants]


def test_cells_become_the_text_that_excel_would_show(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        zeros = book.add_format({"num_format": "00000"})
        hours = book.add_format({"num_format": "hh:mm"})
        moment = datetime(2026, 1, 2, 15, 30)  # noqa: DTZ001  cells have no zone
        sheet.write_column(1, 1, ["t"] * 11)
        sheet.write_string(1, 0, "007")
        sheet.write_number(2, 0, 7)
        sheet.write_number(3, 0, 7, zeros)
        sheet.write_number(4, 0, 0.1 + 0.2)
        sheet.write_number(5, 0, 1e-7)
        sheet.write_datetime(6, 0, moment.replace(hour=0, minute=0), day)
        sheet.write_datetime(7, 0, moment, day)
        sheet.write_boolean(8, 0, 1)
        sheet.write_formula(9, 0, '="a"&"b"', value="ab")
        sheet.write_string(10, 0, "=1+1")
        sheet.write_datetime(11, 0, moment.time(), hours)

    loaded = members(tmp_path, fill)

    assert [login for login, _, _ in pairs(loaded)] == [
        "007",
        "7",
        "00007",
        "0.3",
        "0.0000001",
        "2026-01-02",
        "2026-01-02T15:30:00",
        "TRUE",
        "ab",
        "=1+1",
        "15:30:00",
    ]
    assert loaded.issues == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7.0, "7"),
        (-7.0, "-7"),
        (123456789012345.0, "123456789012345"),
        (1.5, "1.5"),
        (1e21, "1000000000000000000000"),
        (1.1 * 3, "3.3"),
        (0.0, "0"),
    ],
)
def test_numbers_lose_their_noise_only(value: float, expected: str) -> None:
    assert expected == number_text(value)


def test_every_row_is_accounted_for_by_its_number_on_the_sheet(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(2, 0, ["jd", "a"])
        sheet.write_row(3, 0, ["jd", "a"])
        sheet.write_row(4, 0, ["jd", "a", "more"])
        sheet.write_row(5, 0, ["kl", ""])
        sheet.write_row(6, 0, [" ", ""])
        sheet.write_row(8, 0, ["mn", "b", ""])

    loaded = members(tmp_path, fill)

    assert pairs(loaded) == [("jd", "a", 3), ("mn", "b", 9)]
    assert loaded.waterfall == {
        "lines": 9,
        "header": 1,
        "blank": 3,
        "rejected": 2,
        "duplicate": 1,
        "loaded": 2,
    }
    assert loaded.issues == [("ragged-record", "yes", 5), ("missing-value", "yes", 6)]
    assert loaded.source["record_template"] == "row {record}"


def test_errors_and_formulas_without_a_value_reject_their_record(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Login", "Team", "Note"])
    sheet.append(["=A9", "a", "x"])
    sheet.append(["#N/A", "a", "x"])
    sheet.append(["jd", "b", "=A9"])
    book.save(tmp_path / "a.xlsx")

    loaded = run(tmp_path, "excel", "a.xlsx", columns=MEMBERS)

    assert pairs(loaded) == [("jd", "b", 4)]
    assert loaded.texts("unreadable-cell") == [
        (
            "a.xlsx: record not loaded: column 'Login' holds a formula without a calculated value; "
            "open the workbook, calculate and save it"
        ),
        "a.xlsx: record not loaded: column 'Login' holds the error #N/A",
    ]


def test_a_day_outside_the_calendar_rejects_its_record(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_number(1, 0, 9e9, day)
        sheet.write(1, 1, "a")

    loaded = members(tmp_path, fill)

    assert loaded.issues == [("unreadable-cell", "yes", 2)]


def test_the_first_sheet_is_read_or_the_named_one(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(1, 0, ["jd", "a"])
        other = book.add_worksheet("Other")
        other.write_row(0, 0, ["Report"])
        other.write_row(2, 0, ["Login", "Team"])
        other.write_row(3, 0, ["kl", "b"])
        other.hide()
        other.set_row(3, None, None, {"hidden": True})

    first = members(tmp_path, fill)
    named = members(tmp_path, fill, sheet="Other", header_row=3)

    assert pairs(first) == [("jd", "a", 2)]
    assert pairs(named) == [("kl", "b", 4)]
    assert named.waterfall == {"lines": 4, "header": 3, "loaded": 1}


def test_a_matrix_is_read_from_a_sheet_too(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 2, ["Pay", "Approve"])
        sheet.write_row(1, 0, ["jd", "", 1, ""])

    loaded = members(
        tmp_path,
        fill,
        columns=Columns(account="Login"),
        matrix=Matrix(first_column="3", marks=("1",)),
        constants={"resource": "*"},
    )

    assert loaded.grants == [("sys:jd", "assigned", "sys:Pay@*", 2)]


def failed(base: Path, **keys: Any) -> str:
    loaded = run(base, "excel", "a.xlsx", **{"columns": MEMBERS, **keys})
    assert loaded.source["status"] == "failed"
    assert loaded.waterfall.get("loaded", 0) == 0
    (issue,) = loaded.rows("issues")
    assert (issue["kind"], issue["hides"]) == ("unreadable-file", "yes")
    return str(issue["text"])


def test_an_unknown_sheet_is_named_with_what_is_near(tmp_path: Path) -> None:
    members(tmp_path, lambda book, sheet: None)

    assert failed(tmp_path, sheet="Acess") == ("a.xlsx: no sheet 'Acess'; did you mean 'Access'?")


def test_an_empty_sheet_fails(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "a.xlsx")

    assert failed(tmp_path) == "a.xlsx: the sheet has no header, only empty rows"


def test_a_header_row_that_is_empty_fails(tmp_path: Path) -> None:
    members(tmp_path, lambda book, sheet: None)

    assert failed(tmp_path, header_row=4) == "a.xlsx: the header should be in row 4; it is empty"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old binary workbook (.xls)"),
        (b"Login;Team\n", "damaged zip file"),
        (b"PK\x03\x04" + bytes(100), "damaged zip file"),
    ],
)
def test_what_is_no_workbook_fails(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)

    assert failed(tmp_path).startswith(f"a.xlsx: {message}")


def rewrite(path: Path, changes: dict[str, bytes | None]) -> None:
    """Replaces parts of a workbook, or takes them out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **changes}.items():
            if content is not None:
                archive.writestr(name, content)


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def row(number: int, *texts: str) -> bytes:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{cells}</row>'.encode()


@pytest.mark.parametrize(
    "changes",
    [
        {SHEET: None},
        {"xl/workbook.xml": b"<no"},
        {"xl/workbook.xml": None},
        {"[Content_Types].xml": None},
        {SHEET: HEAD + row(1, "Login", "Team")[:-10]},
        {SHEET: HEAD + row(1, "Login", "Team") + b'<row r="2"><c t="s"><v>99</v></c></row>' + TAIL},
        {SHEET: HEAD + row(1, "Login", "Team") + b'<row r="2"><c><v>x</v></c></row>' + TAIL},
        {SHEET: HEAD + b'<row r="x"/>' + TAIL},
        {
            SHEET: HEAD
            + row(1, "Login", "Team")
            + b'<row r="2"><c><v>'
            + b"9" * 9000
            + b"</v></c></row>"
            + TAIL
        },
    ],
)
def test_a_damaged_workbook_fails_without_a_traceback(
    tmp_path: Path, changes: dict[str, bytes | None]
) -> None:
    members(tmp_path, lambda book, sheet: sheet.write_row(1, 0, ["jd", "a"]))
    rewrite(tmp_path / "a.xlsx", changes)

    loaded = run(tmp_path, "excel", "a.xlsx", columns=MEMBERS)

    assert loaded.source["status"] == "failed"
    assert [issue[:2] for issue in loaded.issues] == [("unreadable-file", "yes")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (row(3, "jd", "a") + row(2, "kl", "a"), "row 2 follows row 3: the sheet is damaged"),
        (row(2, "jd", "a") + row(2, "kl", "a"), "row 2 follows row 2: the sheet is damaged"),
        (
            row(2, "jd", "a") + row(999_999_999, "kl", "a"),
            "row 999,999,999 follows row 2: the sheet is damaged",
        ),
    ],
)
def test_row_numbers_that_cannot_be_fail_the_file(
    tmp_path: Path, rows: bytes, message: str
) -> None:
    """A reader that fills gaps would count for hours; one that trusts numbers would lose rows."""
    members(tmp_path, lambda book, sheet: None)
    rewrite(tmp_path / "a.xlsx", {SHEET: HEAD + row(1, "Login", "Team") + rows + TAIL})

    loaded = run(tmp_path, "excel", "a.xlsx", columns=MEMBERS)

    assert loaded.source["status"] == "failed"
    assert loaded.texts("unreadable-file") == [f"a.xlsx: {message}"]


def test_a_stated_size_of_the_sheet_is_not_believed(tmp_path: Path) -> None:
    members(tmp_path, lambda book, sheet: None)
    content = HEAD.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    rewrite(
        tmp_path / "a.xlsx",
        {SHEET: content + row(1, "Login", "Team") + row(2, "jd", "a") + TAIL},
    )

    loaded = run(tmp_path, "excel", "a.xlsx", columns=MEMBERS)

    assert pairs(loaded) == [("jd", "a", 2)]
    assert loaded.waterfall == {"lines": 2, "header": 1, "loaded": 1}


def test_a_zip_bomb_fails(tmp_path: Path) -> None:
    members(tmp_path, lambda book, sheet: None)
    rewrite(tmp_path / "a.xlsx", {SHEET: HEAD + b" " * 30_000_000 + TAIL})

    assert failed(tmp_path) == (
        "a.xlsx: 'xl/worksheets/sheet1.xml' inside unpacks to more than 250 times its size: "
        "a decompression bomb"
    )


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_entities_are_refused(tmp_path: Path, part: str) -> None:
    members(tmp_path, lambda book, sheet: None)
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        b"<worksheet>&b;</worksheet>"
    )
    rewrite(tmp_path / "a.xlsx", {part: bomb})

    assert "EntitiesForbidden" in failed(tmp_path)


def test_a_nul_character_rejects_its_record(tmp_path: Path) -> None:
    members(tmp_path, lambda book, sheet: None)
    rows = row(1, "Login", "Team") + row(2, "j_x0000_d", "a") + row(3, "j_xD83D_d", "a")
    rewrite(tmp_path / "a.xlsx", {SHEET: HEAD + rows + TAIL})

    loaded = run(tmp_path, "excel", "a.xlsx", columns=MEMBERS)

    assert loaded.issues == [("unreadable-text", "yes", 2), ("unreadable-text", "yes", 3)]


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
) | st.text("_x04DAF \r\n=", max_size=9)


@settings(max_examples=60, deadline=None)
@given(
    table=st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), max_size=5)
    )
)
def test_any_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    base = tmp_path_factory.mktemp("excel")
    width = len(table[0]) if table else 1
    expected = [
        (number, cells)
        for number, cells in enumerate(table, start=2)
        if any(cell.strip() for cell in cells)
    ]
    with xlsxwriter.Workbook(base / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate([[f"c{n}" for n in range(width)], *table]):
            for index, cell in enumerate(cells):
                sheet.write_string(number, index, cell)
    (file,) = find_files(spec_for(base, "excel", "a.xlsx", None))
    counts = Waterfall("row")

    with open_sheet(file, counts, ExcelOptions()) as opened:
        actual = [(record.number, list(record.cells)) for record in opened.records]

    assert expected == actual
    assert counts.parsed == len(expected)


def test_an_unstated_extraction_time_is_the_files(tmp_path: Path) -> None:
    loaded = members(tmp_path, lambda book, sheet: None, more={"extracted_at": None})

    assert loaded.source["extracted_at_basis"] == "file-time"
    assert loaded.source["extracted_at"].tzinfo is not None
    assert abs((datetime.now(UTC) - loaded.source["extracted_at"]).total_seconds()) < 60
