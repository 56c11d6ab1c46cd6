"""What is written by column is what would be written row by row, however the tables are coded."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sod_analyzer.model.finding import REPORT_TABLES, Report, people_behind
from sod_analyzer.report import canonical, facts, flat, html, workbook
from sod_analyzer.report.core import core_of, findings_digest
from sod_analyzer.report.counting import Behind
from sod_analyzer.report.details import Limits
from tests.report import plainly
from tests.report.bank import bank, clean
from tests.report.conftest import rendered
from tests.report.test_workbook import dump

WAYS = (
    (flat.FINDINGS, plainly.findings_csv),
    (flat.PATHS, plainly.paths_csv),
    (canonical.REPORTER, plainly.findings_json),
)


def reported(tables: dict[str, pa.Table]) -> Report:
    """A report of those tables, with their digest."""
    base = clean()
    whole = {**base.tables, **tables}
    digest = hashlib.sha256(plainly.core(whole).encode()).hexdigest()
    return dataclasses.replace(base, tables=whole, findings_digest=digest)


def as_coded(report: Report, seed: int) -> Report:
    """The same report with its texts coded as dictionaries."""
    tables = {name: plainly.coded(table, seed) for name, table in report.tables.items()}
    return dataclasses.replace(report, tables=tables)


@given(plainly.worlds(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_files_are_those_written_row_by_row(tables: dict[str, pa.Table], seed: int) -> None:
    report = reported(tables)

    for given_ in (report, as_coded(report, seed)):
        assert core_of(given_.tables).decode() == plainly.core(tables)
        assert findings_digest(given_.tables) == report.findings_digest
        for reporter, plain in WAYS:
            written = rendered(reporter, given_)
            if tables["violations"].num_rows or reporter is canonical.REPORTER:
                header = written.partition(b"\r\n")[0]
                expected = plain(report)
                assert written == (expected if expected != b"\xef\xbb\xbf" else header + b"\r\n")


@given(plainly.worlds())
@settings(max_examples=30, deadline=None)
def test_csv_reads_back_as_written(tables: dict[str, pa.Table]) -> None:
    text = rendered(flat.PATHS, reported(tables)).decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(text, newline="")))

    assert len(rows) == tables["hops"].num_rows + 1
    assert len({len(row) for row in rows}) == 1


@given(plainly.worlds(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_findings_json_comes_back_as_tables(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, pa.Table], seed: int
) -> None:
    report = reported(tables)
    path = tmp_path_factory.mktemp("back") / "findings.json"
    path.write_bytes(rendered(canonical.REPORTER, as_coded(report, seed)))

    assert canonical.load(path) == report


@given(st.text(max_size=5), st.text(max_size=5))
@example("lone \ud800", "\udfff\x00")
@settings(max_examples=30, deadline=None)
def test_header_keeps_what_has_no_utf8(name: str, ruleset: str) -> None:
    report = dataclasses.replace(reported({}), name=name, ruleset_text=ruleset)

    written = rendered(canonical.REPORTER, report)

    assert written == plainly.findings_json(report)
    assert json.loads(written)["context"]["name"] == name


@pytest.mark.parametrize("made", [bank, clean, lambda: clean(gaps=2)])
def test_bank_is_written_as_row_by_row(made: Callable[[], Report]) -> None:
    report = made()

    for given_ in (report, as_coded(report, 1), as_coded(report, 2)):
        for reporter, plain in WAYS[: 3 if report["places"].num_rows else 0]:
            assert rendered(reporter, given_) == plain(report)
        assert rendered(html.REPORTER, given_) == rendered(html.REPORTER, report)
        assert rendered(canonical.REPORTER, given_) == plainly.findings_json(report)


def test_workbook_shows_coded_texts_alike(report: Report) -> None:
    assert dump(rendered(workbook.REPORTER, as_coded(report, 3))) == dump(
        rendered(workbook.REPORTER, report)
    )


@pytest.mark.parametrize("room", [1 << 30, 2_000])
def test_many_rows_are_written_as_few(
    report: Report, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    whole = [rendered(reporter, report) for reporter, _ in WAYS]
    for module, rows in (
        ("flat", 3),
        ("listing", 7),
        ("nested", 2),
        ("numbering", 3),
        ("fields", 5),
    ):
        monkeypatch.setattr(f"sod_analyzer.report.{module}._PIECE", rows)
    monkeypatch.setattr("sod_analyzer.report.fields._ROOM", room)
    tables = dict(report.tables)
    again = dataclasses.replace(report, tables=tables, findings_digest=str(report.findings_digest))

    assert [rendered(reporter, again) for reporter, _ in WAYS] == whole


@pytest.mark.parametrize("large", [False, True])
def test_core_that_was_kept_is_what_is_written(
    report: Report, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    if large:
        monkeypatch.setattr("sod_analyzer.report.core._LARGE", 10)
    digest = findings_digest(report.tables)
    assert (digest.core(report.tables) is None) == large
    kept = dataclasses.replace(report, findings_digest=digest)
    fresh = dataclasses.replace(report, findings_digest=str(digest))

    assert rendered(canonical.REPORTER, kept) == rendered(canonical.REPORTER, fresh)
    assert rendered(canonical.REPORTER, kept) == rendered(canonical.REPORTER, fresh)


def test_core_that_was_kept_is_of_no_other_tables(report: Report) -> None:
    digest = findings_digest(report.tables)

    tables = {**report.tables, "hops": report["hops"].slice(0)}

    assert digest.core(report.tables) is not None
    assert digest.core(tables) is None


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_people_behind_findings_are_those_of_the_rows(data: st.DataObject) -> None:
    names = st.sampled_from(["a", "b", "c", "d", "e"])
    kinds = st.sampled_from(["identity", "account", "role", "place"])
    found = data.draw(st.lists(st.tuples(kinds, names), max_size=6))
    people = data.draw(st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=5))
    rows = [
        {"finding_id": f"F-{number}", "subject_kind": kind, "subject": name}
        for number, (kind, name) in enumerate(found)
    ]
    known = [{"identity": name, "account_ids": "; ".join(ids) or None} for name, ids in people]
    report = reported(
        {
            "violations": pa.Table.from_pylist(rows, REPORT_TABLES["violations"]),
            "population": pa.Table.from_pylist(known, REPORT_TABLES["population"]),
        }
    )
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool
    )

    counted = Behind(report).count(chosen)

    some = [row for row, wanted in zip(rows, chosen, strict=True) if wanted]
    assert counted == len(people_behind(some, known))


def test_page_names_so_many_and_counts_the_others(report: Report) -> None:
    limits = Limits(holders=2, named=3)

    text = rendered(html.Page(limits), report).decode()

    body = next(
        part for part in text.split('<tbody class="finding"') if 'data-rule="REL-01"' in part
    )
    assert "And 9 more" in body
    assert "and 6 whom findings.csv names" in body


def test_matrix_counts_every_finding(report: Report) -> None:
    counted = sum(sum(row) for row in facts.matrix(as_coded(report, 4)).values())

    assert counted == report["violations"].num_rows


def test_schema_says_what_the_oracle_writes(tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(plainly.findings_json(bank()))

    assert canonical.load(path) == bank()
