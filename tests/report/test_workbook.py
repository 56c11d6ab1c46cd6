"""evidence.xlsx as openpyxl sees it, and as LibreOffice recalculates it."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.utils.escape import unescape
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sod_analyzer.errors import ReportError
from sod_analyzer.model.finding import Report
from sod_analyzer.report import facts
from sod_analyzer.report.example import example
from sod_analyzer.report.text import visible
from sod_analyzer.report.workbook import REPORTER, Evidence
from sod_analyzer.report.workbook.sheet import Book
from tests.report.bank import HOSTILE, clean, rerun
from tests.report.conftest import rendered

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("Cover", "Summary", "Method")
WANTED = (
    "Cover",
    "Summary",
    "Completeness",
    "Reconciliation",
    "Violations",
    "Places",
    "Paths",
    "People counts",
    "Mitigations",
    "Exclusions",
    "Population",
    "Exceptions",
    "Unmapped",
    "Dormant",
    "Rules",
    "Rule coverage",
    "Approvals",
    "Changes since approval",
    "Parameters",
    "Method",
)


def opened(data: bytes, *, values: bool = False) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


@pytest.fixture(scope="module")
def data(report: Report) -> bytes:
    return rendered(REPORTER, report)


@pytest.fixture(scope="module")
def book(data: bytes) -> Workbook:
    return opened(data)


def data_sheets(book: Workbook) -> Iterator[Worksheet]:
    for sheet in book.worksheets:
        if sheet.title not in PEOPLE:
            yield sheet


def cells(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(values_only=True))


def column(sheet: Worksheet, name: str) -> list[Any]:
    header, *rows = cells(sheet)
    place = header.index(name)
    return [row[place] for row in rows]


def dump(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    return {sheet.title: cells(sheet) for sheet in opened(data).worksheets}


def test_every_sheet_is_there_in_order(book: Workbook) -> None:
    assert [name for name in book.sheetnames if name in WANTED] == list(WANTED)


def test_data_sheets_are_blocks_that_any_tool_can_take(book: Workbook) -> None:
    for sheet in data_sheets(book):
        header, *rows = cells(sheet)
        assert all(re.fullmatch("[a-z][a-z0-9_]*", str(name)) for name in header), sheet.title
        assert len(header) == len(set(header))
        assert all(any(value is not None for value in row) for row in rows), sheet.title
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes in ("B2", "C2")
        assert sheet.auto_filter.ref is not None
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        printed = re.search(r"\$A\$1:\$([A-Z]+)\$", str(sheet.print_area))
        assert printed is not None
        assert printed[1] <= "J"


def test_footers_name_the_findings_the_class_and_the_page(report: Report, book: Workbook) -> None:
    for sheet in book.worksheets:
        footer: Any = sheet.oddFooter
        assert footer.left.text == f"Findings {report.findings_digest[:16]} | Confidential"
        assert footer.center.text == "&A"
        assert footer.right.text == "Page &P of &N"


def test_ampersands_in_footers_are_doubled(report: Report) -> None:
    told = dataclasses.replace(report, classification="R&D only, &P")
    with zipfile.ZipFile(io.BytesIO(rendered(REPORTER, told))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    footer = re.search("<oddFooter>(.*?)</oddFooter>", sheet)

    assert footer is not None
    assert "R&amp;&amp;D only, &amp;&amp;P" in footer[1]
    assert len(footer[1]) < 255


def test_counts_are_those_of_the_tables(report: Report, book: Workbook) -> None:
    for title, table in (
        ("Violations", "violations"),
        ("Places", "places"),
        ("Paths", "hops"),
        ("Population", "population"),
        ("Exceptions", "exceptions"),
        ("Rules", "rules"),
        ("Rule coverage", "patterns"),
        ("Completeness", "sources"),
        ("Systems", "systems"),
        ("Unmapped", "unmapped"),
        ("Dormant", "dormant"),
        ("Reconciliation", "reconciliation"),
        ("People counts", "measures"),
        ("Mitigations", "mitigations"),
        ("Exclusions", "exclusions"),
        ("Approvals", "approvals"),
    ):
        assert report[table].num_rows == len(cells(book[title])) - 1, title


def test_index_on_the_cover_links_to_every_sheet_and_counts_its_rows(book: Workbook) -> None:
    cover: Any = book["Cover"]
    links = {
        str(cell.value): (cell.hyperlink.location, cover.cell(cell.row, 4).value)
        for row in cover.iter_rows()
        for cell in row
        if cell.hyperlink is not None
    }

    assert set(book.sheetnames) - {"Cover"} == set(links)
    for name, (location, rows) in links.items():
        assert location == f"'{name}'!A1"
        if name not in PEOPLE:
            assert rows == len(cells(book[name])) - 1


def test_cover_says_incomplete_before_anything_is_counted(book: Workbook) -> None:
    texts = [str(value) for row in cells(book["Cover"]) for value in row if value is not None]

    assert texts[2] == "Incomplete: 4 open gaps, 1 system without input, 1 gap accepted"
    assert not [text for text in texts if "no conflict" in text.lower()]


def test_incomplete_report_calls_nobody_clean(book: Workbook) -> None:
    assert "none found; input incomplete" in column(book["Population"], "result")
    assert "no conflict" not in column(book["Population"], "result")


def test_complete_report_without_findings_is_clean() -> None:
    book = opened(rendered(REPORTER, clean()))

    texts = [str(value) for row in cells(book["Cover"]) for value in row if value is not None]

    assert texts[2] == "No conflicts"
    assert len(cells(book["Violations"])) == 1


def test_formulas_stand_in_summary_and_completeness_only(book: Workbook) -> None:
    for sheet in book.worksheets:
        formulas = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        assert bool(formulas) == (sheet.title in ("Summary", "Completeness")), sheet.title
        for cell in formulas:
            assert re.match(r"=(COUNTIFS|IF|SUM)\(", str(cell.value))


def test_every_formula_has_a_value_and_every_tie_out_ties(data: bytes) -> None:
    formulas, values = opened(data), opened(data, values=True)
    checks = 0

    for title in ("Summary", "Completeness"):
        for row in formulas[title].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    stored = values[title][cell.coordinate].value
                    assert stored is not None
                    if str(cell.value).startswith("=IF("):
                        assert stored == "OK"
                        checks += 1

    assert checks > 10


def test_matrix_is_that_of_the_tables(report: Report, data: bytes) -> None:
    sheet = opened(data, values=True)["Summary"]
    rows = {row[1]: list(row[2:8]) for row in cells(sheet) if row[1] in facts.SEVERITIES}

    assert facts.matrix(report) == rows
    assert rows == {
        "critical": [10, 1, 0, 0, 3, 0],
        "high": [12, 4, 1, 1, 0, 0],
        "medium": [6, 0, 0, 0, 0, 0],
        "low": [9, 0, 0, 0, 0, 0],
    }


def test_cover_says_what_is_approved_and_what_has_changed_since(book: Workbook) -> None:
    texts = [row[2] for row in cells(book["Cover"])]

    assert (
        "Ruleset devops changed since approval by Change Advisory Board on 2026-10-01: 3 changes; "
        "see sheet Changes since approval"
    ) in texts
    assert "Catalogue catalogue.yaml approved by Change Advisory Board on 2026-10-01" in texts
    assert "Not approved: mitigations.yaml, systems in sod.yaml" in texts
    assert column(book["Approvals"], "changes_since") == [0, 0, 3, 0]
    assert cells(book["Changes since approval"])[1:] == [
        ("ruleset", "devops", "+ rule TEAM-01 Three people between a change and production"),
        (
            "ruleset",
            "devops",
            "~ rule DEV-02 gates: none before, commit behind independent_review now",
        ),
        ("ruleset", "devops", "- duty deploy, way kubernetes: delete deployments.apps"),
    ]


def test_ruleset_of_which_no_approval_is_stated_is_not_called_approved() -> None:
    texts = [str(row[2]) for row in cells(opened(rendered(REPORTER, clean()))["Cover"])]

    assert "Ruleset devops: no approval is stated" in texts
    assert not [text for text in texts if "approved by" in text]


def test_mitigations_show_how_they_stand_and_what_rests_on_a_control(data: bytes) -> None:
    book = opened(data, values=True)

    register = book["Mitigations"]
    standing = dict(
        zip(column(register, "mitigation_id"), column(register, "standing"), strict=True)
    )
    assert standing == {
        "M-001": "in force",
        "M-002": "lapsed",
        "M-003": "expired",
        "M-004": "not independent",
        "M-005": "unused",
        "M-006": "overdue",
    }
    assert column(register, "last_performed")[-1] == datetime(2026, 8, 1)  # noqa: DTZ001
    assert column(register, "record")[:3] == [10, 10, 20]
    rests = [row[1:6] for row in cells(book["Summary"]) if str(row[1]).startswith("CC-")]
    assert rests == [("CC-DEPLOY-REVIEW", 2, 2, 1, 2), ("CC-LOG-REVIEW", 0, 0, 0, 3)]


def test_verdicts_are_counted_apart_and_recounted(data: bytes) -> None:
    found = {row[1]: row[2:5] for row in cells(opened(data, values=True)["Summary"])}

    assert found["Violations"] == (37, 37, "OK")
    assert found["Not evaluable"] == (5, 5, "OK")
    assert found["Mitigated"] == (1, 1, "OK")
    assert found["Gated"] == (1, 1, "OK")
    assert found["Excluded"] == (6, 6, "OK")
    assert found["People violating"][0] == 32


def test_excluded_places_that_do_not_add_up_are_marked(report: Report) -> None:
    wrong = dataclasses.replace(report, numbers={**report.numbers, "excluded": 5})

    values = cells(opened(rendered(REPORTER, wrong), values=True)["Summary"])

    assert [row[2:5] for row in values if row[1] == "Excluded"] == [(5, 6, "CHECK")]


def test_places_tell_mitigation_small_team_and_everybody_who_counts(book: Workbook) -> None:
    header, *rows = cells(book["Places"])
    places = [dict(zip(header, row, strict=True)) for row in rows]

    [team] = [row for row in places if row["rule_id"] == "TEAM-01" and row["place"] == "onboarding"]
    assert team["holders"] == (
        "Esra Kowalczyk (Change source code, Deploy to production); "
        "Finn Sandoval (Approve a change)"
    )
    assert str(team["small_team"]).startswith("Only 2 people can do this work")
    mixed = {
        row["place"]: (row["verdict"], row["mitigation"], row["finding_verdict"])
        for row in places
        if (row["subject_key"], row["rule_id"]) == ("1020", "DEV-01")
    }
    assert mixed == {
        "payments": ("violation", None, "violation"),
        "ibank": ("mitigated", "M-001 in force until 2026-12-31", "violation"),
    }
    attempts = dict(
        zip(column(book["Violations"], "subject_key"), column(book["Violations"], "attempt"),
            strict=True)
    )  # fmt: skip
    assert attempts["1016"] == "sod what-if --remove 'github-hv:dev1016 > payments-api-devs'"


def test_numbers_that_do_not_agree_are_marked(report: Report) -> None:
    wrong = dataclasses.replace(report, numbers={"violations": 7})

    values = cells(opened(rendered(REPORTER, wrong), values=True)["Summary"])

    found = [row[2:5] for row in values if row[1] == "Violations"]
    assert found[0] == (7, 37, "CHECK")


def test_source_that_does_not_add_up_is_marked(report: Report) -> None:
    sources = report["sources"]
    wrong = sources.set_column(
        sources.column_names.index("loaded"), "loaded", pa.array([1] * 6, pa.int64())
    )
    told = dataclasses.replace(report, tables={**report.tables, "sources": wrong})

    checks = column(opened(rendered(REPORTER, told), values=True)["Completeness"], "check")

    assert checks == ["CHECK"] * 6


def test_hashes_stand_in_full_and_times_are_dates(report: Report, book: Workbook) -> None:
    assert report["sources"]["sha256"].to_pylist() == column(book["Completeness"], "sha256")
    expected = [at.replace(tzinfo=None) for at in report["sources"]["extracted_at"].to_pylist()]
    assert expected == column(book["Completeness"], "extracted_at")


def test_hostile_texts_are_text_and_what_changes_is_visible(book: Workbook) -> None:
    # openpyxl leaves the escape of a literal _x0041_ in place; spreadsheets undo it.
    names = [unescape(name) for name in column(book["Violations"], "name")]

    for what in ("formula", "array", "tab", "quote", "link", "script", "entity", "escape", "emoji"):
        assert HOSTILE[what] in names, what
    assert "Eve ‹U+202E›gnp.exe‹U+202C› ‹U+2066›x‹U+2069›" in names
    assert "Zo\u00eb\ufffd Bell\ufffd\ufffd[31m" in names
    assert "Line\nbreak\nand\nmore" in names
    assert "odd \ufffd\ufffd end" in names
    assert {"007", "1e5", "NA", "  padded  "} <= set(column(book["Population"], "name"))
    [cut] = [name for name in names if name.startswith("Long n")]
    assert len(cut) == 32_767
    assert cut.endswith(" … [cut here: 40,005 characters, whole in findings.json]")
    cover = " ".join(str(value) for row in cells(book["Cover"]) for value in row)
    assert re.search(r"[1-9]\d* held control or hidden characters", cover)
    assert re.search(r"[1-9]\d* were too long", cover)


#: What a library may take for rich text: alone, and with cells of its own making.
MARKUP = (
    "<r></r>",
    "<r><t>Ann</t></r>",
    "<r><b></r>",
    '<r><t/></r></is></c></row><row r="9"><c r="A9" t="inlineStr"><is><r><t>forged</t></r>',
    "<r>\x07_x0041_ & </r>",
)


@pytest.mark.parametrize("text", MARKUP)
def test_a_text_that_looks_like_markup_is_a_text(report: Report, text: str) -> None:
    names = pa.array([text] * report["violations"].num_rows)
    violations = report["violations"]
    place = violations.schema.get_field_index("name")
    told = {**report.tables, "violations": violations.set_column(place, "name", names)}

    dumped = dump(rendered(REPORTER, dataclasses.replace(report, tables=told)))

    header, *rows = dumped["Violations"]
    expected = {visible(text)}
    assert {unescape(row[header.index("name")]) for row in rows} == expected
    plain = dump(rendered(REPORTER, report))
    assert {name: len(found) for name, found in dumped.items()} == {
        name: len(found) for name, found in plain.items()
    }


def test_cut_never_splits_a_character() -> None:
    report = clean()
    told = dataclasses.replace(report, ruleset_text="\U0001f648" * 20_000)

    [text] = column(opened(rendered(REPORTER, told))["Verbatim"], "text")[:1]

    assert len(text.encode("utf-16-le")) // 2 <= 32_767
    assert text.startswith("\U0001f648" * 16_000)
    assert "\ufffd" not in text


def test_worked_example_leads_to_the_source_records(report: Report, book: Workbook) -> None:
    found = example(report)
    assert found is not None
    _, steps = found

    texts = [row[2] for row in cells(book["Method"]) if row[2] is not None]

    for step in steps:
        assert f"{step.file}, {step.at}" in texts


def test_workbook_holds_nothing_hidden_linked_or_dated_today(data: bytes, book: Workbook) -> None:
    assert all(sheet.sheet_state == "visible" for sheet in book.worksheets)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        core = archive.read("docProps/core.xml").decode()
        relations = [archive.read(name).decode() for name in names if name.endswith(".rels")]

    assert not [name for name in names if "vba" in name or "externalLink" in name]
    assert not [text for text in relations if 'TargetMode="External"' in text]
    assert {"2026-10-31T00:00:00Z"} == set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core))


def test_only_the_run_rows_differ_between_two_runs(report: Report, data: bytes) -> None:
    first, second = dump(data), dump(rendered(REPORTER, rerun(report)))

    origin = first["Parameters"][0].index("origin")
    for cells_ in (first, second):
        cells_["Parameters"] = [row for row in cells_["Parameters"] if row[origin] != "run"]
        cells_["Cover"] = [row for row in cells_["Cover"] if row[1] != "Parameters"]
    assert first == second


def test_cells_do_not_depend_on_hash_seed_time_zone_or_folder(tmp_path: Path) -> None:
    program = (
        "import io, sys\n"
        "from tests.report.bank import bank\n"
        "from sod_analyzer.report.workbook import REPORTER\n"
        "REPORTER.render(bank(), io.FileIO(sys.argv[1], 'w'))\n"
    )
    made = []
    for number, (seed, zone) in enumerate((("1", "UTC"), ("77", "Pacific/Auckland"))):
        path = tmp_path / f"{number}.xlsx"
        subprocess.run(
            [sys.executable, "-c", program, str(path)],
            check=True,
            cwd=(ROOT, tmp_path)[number],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)},
        )
        made.append(path.read_bytes())

    assert dump(made[0]) == dump(made[1])
    assert made[0] == made[1]


def test_write_that_fails_is_an_error(report: Report, tmp_path: Path) -> None:
    book = Book.opened(io.BytesIO(), report, row_limit=10, sheet_limit=1, scratch=str(tmp_path))
    sheet = book.sheet("One")

    with pytest.raises(ReportError, match="sheet 'One': a cell was not written"):
        sheet.text(1_048_576, 0, "below the last row")

    book.discard()


def test_failed_workbook_leaves_no_file_behind(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tables = {**report.tables, "violations": report["violations"].slice(1)}
    torn = dataclasses.replace(report, tables=tables)

    with pytest.raises(ReportError):
        rendered(REPORTER, torn)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.libreoffice
@pytest.mark.parametrize(("row_limit", "sheet_limit"), [(1_048_575, 4), (20, 100), (20, 2)])
def test_libreoffice_calculates_the_stored_values(
    report: Report, tmp_path: Path, row_limit: int, sheet_limit: int
) -> None:
    program = shutil.which("libreoffice") or shutil.which("soffice")
    if program is None:
        pytest.skip("no libreoffice on the path")
    source = tmp_path / "evidence.xlsx"
    source.write_bytes(rendered(Evidence(row_limit=row_limit, sheet_limit=sheet_limit), report))
    settings = tmp_path / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    # Without this LibreOffice shows the stored values and calculates nothing.
    settings.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        '<item oor:path="/org.openoffice.Office.Calc/Formula/Load">'
        '<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>'
        "</oor:items>\n",
        encoding="utf-8",
    )

    subprocess.run(
        [
            program,
            "--headless",
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(tmp_path / "again"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )

    formulas = openpyxl.load_workbook(source)
    stored = openpyxl.load_workbook(source, data_only=True)
    again = openpyxl.load_workbook(tmp_path / "again" / "evidence.xlsx", data_only=True)
    compared = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    calculated = again[sheet.title][cell.coordinate].value
                    assert stored[sheet.title][cell.coordinate].value == calculated, (
                        sheet.title,
                        cell.coordinate,
                    )
                    compared += 1
    assert compared > 40
