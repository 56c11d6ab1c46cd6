"""The three parts are the whole; and the exit code says what was found and what was missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.pipeline.importing import size_of
from tests.e2e import outcome
from tests.e2e.conftest import NORTHBANK, Ran
from tests.e2e.estate import DIRECTORY, Estate
from tests.e2e.shell import sod
from tests.e2e.test_determinism import RUN_PARAMETERS, _cells, _without_run

BOTH = DIRECTORY.replace(
    "member: uid=bob,ou=people,dc=bank",
    "member: uid=bob,ou=people,dc=bank\nmember: uid=ann,ou=people,dc=bank",
)


def test_the_three_parts_write_what_the_whole_writes(northbank: Ran, tmp_path: Path) -> None:
    config = NORTHBANK / "sod.yaml"

    codes = [
        sod(*arguments, cwd=tmp_path).code
        for arguments in (
            ("import", "--config", config, "--out", "parts"),
            ("analyze", "--in", "parts"),
            ("report", "--in", "parts"),
        )
    ]

    parts, whole = tmp_path / "parts", northbank.folder
    assert codes == [4, 4, 4]
    assert sorted(p.relative_to(whole) for p in whole.rglob("*")) == sorted(
        p.relative_to(parts) for p in parts.rglob("*")
    )
    for path in sorted(p for p in whole.rglob("*") if p.is_file()):
        other = parts / path.relative_to(whole)
        if path.name == "evidence.xlsx":
            assert _cells(path) == _cells(other)
        elif path.name == "report.html":
            assert _without_run(path.read_text("utf-8")) == _without_run(other.read_text("utf-8"))
        elif path.name == "findings.json":
            assert {**outcome.findings(whole), "run": 0} == {**outcome.findings(parts), "run": 0}
        else:
            assert path.read_bytes() == other.read_bytes(), path
    assert len(RUN_PARAMETERS) == 4


def test_a_clean_estate_exits_0_and_says_so(estate: Estate) -> None:
    said = sod("run", "--fail-on", "low", cwd=estate.folder)

    assert said.code == 0, said
    assert "result: No conflicts" in said.err
    assert "input: Complete: no gaps." in said.err
    assert "No conflicts" in (estate.folder / "out/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    "path", ["hr/roster.csv", "ldap/directory.ldif", "k8s/access.json"], ids=str
)
def test_one_file_less_is_never_clean(estate: Estate, path: str) -> None:
    (estate.folder / path).unlink()

    said = sod("run", "--fail-on", "low", cwd=estate.folder)

    assert said.code == 4
    assert "No conflicts" not in said.err
    assert "No violation found in what could be judged" in said.err
    assert "missing-source" in said.err


def test_every_part_and_question_says_that_something_is_missing(estate: Estate) -> None:
    (estate.folder / "ldap/directory.ldif").unlink()

    codes = [
        sod(*arguments, cwd=estate.folder).code
        for arguments in (
            ("import",),
            ("analyze",),
            ("report",),
            ("who-can", "deploy@payments"),
            ("can", "Ann Lee", "deploy@payments"),
            ("access", "Ann Lee"),
        )
    ]

    assert codes == [4] * 6


def test_findings_exit_3_only_when_asked_and_only_from_that_severity(estate: Estate) -> None:
    estate.write("ldap/directory.ldif", BOTH)

    plain = sod("run", cwd=estate.folder)
    high = sod("run", "--force", "--fail-on", "high", cwd=estate.folder)
    critical = sod("run", "--force", "--fail-on", "critical", cwd=estate.folder)
    again = sod("analyze", "--fail-on", "low", cwd=estate.folder)

    assert [plain.code, high.code, critical.code, again.code] == [0, 3, 0, 3]
    assert "result: 1 violation by 1 person" in plain.err


def test_3_wins_over_4_and_both_are_told(estate: Estate) -> None:
    estate.write("ldap/directory.ldif", BOTH)
    roster = (estate.folder / "hr/roster.csv").read_text("utf-8")
    estate.write("hr/roster.csv", roster + "003,too few\n")

    said = sod("run", "--fail-on", "high", "--format", "json", cwd=estate.folder)

    assert said.code == 3
    assert "input: Incomplete: " in said.err
    assert '"complete": false' in said.out
    assert '"violations": 1' in said.out


def test_accepting_its_gaps_brings_an_incomplete_estate_to_0(estate: Estate) -> None:
    roster = (estate.folder / "hr/roster.csv").read_text("utf-8")
    estate.write("hr/roster.csv", roster + "003,too few\n")
    before = sod("run", cwd=estate.folder)
    (gap,) = {row["gap"] for row in outcome.table(estate.folder / "out", "exceptions")} - {None}
    accepted = {"gap": gap, "owner": "Ann", "reason": "a test record", "until": "2027-01-31"}
    estate.config["accepted_gaps"] = [accepted]
    estate.save()

    after = sod("run", "--force", cwd=estate.folder)

    assert (before.code, after.code) == (4, 0)
    assert "input: Complete but for 1 accepted gap." in after.err
    page = (estate.folder / "out/report.html").read_text("utf-8")
    assert "a test record" in page
    estate.config["accepted_gaps"] = [{**accepted, "until": "2026-10-30"}]
    estate.save()
    assert sod("run", "--force", cwd=estate.folder).code == 4


def test_a_system_declared_unused_causes_nothing(estate: Estate) -> None:
    estate.config["systems"]["erp"] = {"product": "sap"}
    estate.save()
    missing = sod("run", cwd=estate.folder)
    estate.config["systems"]["erp"] |= {"scope": "not-used", "reason": "never bought"}
    estate.save()

    unused = sod("run", "--force", cwd=estate.folder)

    assert (missing.code, unused.code) == (4, 0)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("a.csv", 3),
        ("parts", 30),
        ("parts/*.csv", 10),
        ("parts/**/*.csv", 30),
        ("[.csv", 0),
        ("none", 0),
        ("none/*", 0),
        ("a\0b", 0),
    ],
)
def test_it_is_known_beforehand_how_much_there_is_to_read(
    tmp_path: Path, path: str, size: int
) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    for name, count in (("a.csv", 3), ("parts/b.csv", 10), ("parts/deep/c.csv", 20)):
        (tmp_path / name).write_bytes(b"x" * count)

    assert size_of(tmp_path, path) == size
