"""findings.csv and paths.csv: header, counts, formula leads, way back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from sod_analyzer.model.finding import EDGES, Report, Reporter
from sod_analyzer.report.flat import FINDINGS, PATHS
from sod_analyzer.report.joined import finding_rows, hop_rows
from tests.report.bank import HOSTILE, clean
from tests.report.conftest import rendered

LEADS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def read(data: bytes) -> list[list[str]]:
    csv.field_size_limit(10_000_000)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def undone(text: str) -> str:
    """What docs/report.md says to do to have the text back."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(LEADS) else text


@pytest.mark.parametrize(
    ("reporter", "table"), [(FINDINGS, finding_rows), (PATHS, hop_rows)], ids=["findings", "paths"]
)
def test_every_cell_comes_back(
    report: Report, reporter: Reporter, table: Callable[[Report], pa.Table]
) -> None:
    expected = table(report)

    header, *rows = read(rendered(reporter, report))

    assert expected.column_names == header
    assert expected.num_rows == len(rows)
    for number, name in enumerate(header):
        column = expected[name]
        if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
            assert [text or "" for text in column.to_pylist()] == [
                undone(row[number]) for row in rows
            ]
        else:
            texts = column.cast(pa.string()).to_pylist()
            assert [text or "" for text in texts] == [row[number] for row in rows]


@pytest.mark.parametrize("reporter", [FINDINGS, PATHS], ids=["findings", "paths"])
def test_no_text_runs_as_a_formula(report: Report, reporter: Reporter) -> None:
    cells = [cell for row in read(rendered(reporter, report)) for cell in row]

    assert not [cell for cell in cells if cell.startswith(LEADS)]
    assert "'" + HOSTILE["formula"] in cells


@pytest.mark.parametrize("reporter", [FINDINGS, PATHS], ids=["findings", "paths"])
def test_files_start_with_a_mark_and_end_lines_as_rfc_4180_says(
    report: Report, reporter: Reporter
) -> None:
    data = rendered(reporter, report)

    assert data.startswith(b"\xef\xbb\xbffinding_id,")
    assert data.endswith(b"\r\n")


def test_findings_have_one_row_per_place_and_paths_one_per_hop(report: Report) -> None:
    assert report["places"].num_rows == len(read(rendered(FINDINGS, report))) - 1
    assert report["hops"].num_rows == len(read(rendered(PATHS, report))) - 1


def test_legs_stand_beside_their_place(report: Report) -> None:
    legs: dict[tuple[str, str, str], dict[str, Any]] = {}
    for leg in report["legs"].to_pylist():  # of several holders the first
        legs.setdefault((leg["finding_id"], leg["place"], leg["duty"]), leg)

    rows = finding_rows(report).to_pylist()

    seen = 0
    for row in rows:
        for number in (1, 2, 3):
            duty = row[f"leg_{number}_duty"]
            if duty is not None:
                leg = legs[row["finding_id"], row["place"], duty]
                assert leg["path"] == row[f"leg_{number}_path"]
                assert leg["state"] == row[f"leg_{number}_state"]
                seen += 1
    assert len(legs) == seen


def test_everybody_who_counts_is_named_and_has_paths(report: Report) -> None:
    rows = {(row["rule_id"], row["place"]): row for row in finding_rows(report).to_pylist()}
    hops = hop_rows(report).to_pylist()

    release = rows["REL-01", "payments"]
    assert str(release["holders"]).count("(Deploy to production)") == 11
    assert len({hop["holder"] for hop in hops if hop["rule_id"] == "REL-01"}) == 11
    assert rows["DEV-04", "ibank"]["holders"] is None
    assert finding_rows(report).column_names[-5:] == [
        "mitigation",
        "small_team",
        "holders",
        "rule_kind",
        "attempt",
    ]


def test_what_policies_decide_stands_beside_the_hop_that_ends_there(report: Report) -> None:
    rows = hop_rows(report).to_pylist()

    told = {number: row["decided"] for number, row in enumerate(rows) if row["decided"]}

    some, whole = report["decisions"].to_pylist()
    assert told == {
        some["hop"]: f"aws-hv: ecs:UpdateService on {HOSTILE['formula']} ({some['by']})",
        whole["hop"]: "aws-hv: ecs:RunTask",
    }
    assert all(rows[number]["to_name"].startswith("patch deployments.apps ") for number in told)


def test_null_is_an_empty_field_and_empty_text_is_quoted(report: Report) -> None:
    data = rendered(FINDINGS, report)

    assert b'"ci-release-bot",,"unknown","workload","","",,' in data


def test_report_without_findings_has_headers_only() -> None:
    header, *rows = read(rendered(FINDINGS, clean()))

    assert "leg_2_path" in header
    assert rows == []
    hop = ["place", "duty", "part", "hop", *EDGES.names]
    assert [["finding_id", "rule_id", "name", *hop, "holder", "decided"]] == read(
        rendered(PATHS, clean())
    )


def test_pieces_make_the_same_file(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rendered(PATHS, report)
    monkeypatch.setattr("sod_analyzer.report.flat._PIECE", 11)

    assert whole == rendered(PATHS, report)
