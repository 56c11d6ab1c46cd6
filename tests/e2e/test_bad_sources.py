"""A bad export never stops the run and never looks clean.

It becomes a counted issue that names file and record, the input is incomplete, the exit code is 4,
and a rule that needs the export is not evaluable.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable

import pytest

from tests.e2e import outcome
from tests.e2e.estate import CATALOGUE, DIRECTORY, ROSTER, Estate, binding, cluster, group
from tests.e2e.shell import Said, sod

HEAD = "LOGIN,EMP,RIGHT,APP\n"
MAPPING = {
    "columns": {"account": "LOGIN", "employee_id": "EMP", "permission": "RIGHT", "resource": "APP"}
}
BIG = "x" * 10_000_000


def tickets(
    estate: Estate, content: str | bytes, *, path: str = "tickets.csv", importer: str = "csv"
) -> None:
    """One more system, of which Payments has a part, from one table."""
    more = {"records": "[]"} if importer == "json" else {}
    estate.add("tickets", "tickets", importer, path, **MAPPING, **more)
    estate.write(path, content)
    estate.write("catalogue.yaml", CATALOGUE + "      - {system: tickets, resource: PAY}\n")


def _github(estate: Estate, members: str | bytes) -> None:
    estate.add("github", "github", "github", "github")
    estate.write("github/members.json", members)


def _bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/workbook.xml", "<workbook/>")
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(64):
                sheet.write(b"0" * 2**20)
    return made.getvalue()


def _remove(estate: Estate, path: str) -> None:
    (estate.folder / path).unlink()


def _folder(estate: Estate, path: str) -> None:
    _remove(estate, path)
    (estate.folder / path).mkdir()


def _loop(estate: Estate, path: str) -> None:
    _remove(estate, path)
    (estate.folder / path).symlink_to((estate.folder / path).name)


def _pipe(estate: Estate, path: str) -> None:
    _remove(estate, path)
    os.mkfifo(estate.folder / path)


def _long_name(estate: Estate) -> None:
    estate.config["sources"]["ldap"]["path"] = "n" * 300
    estate.save()


def _table_folder(estate: Estate) -> None:
    tickets(estate, HEAD)
    _folder(estate, "tickets.csv")


def _bomb_in_yaml(estate: Estate) -> None:
    estate.config["sources"]["k8s"]["path"] = "k8s/access.yaml"
    estate.save()
    estate.write("k8s/access.yaml", "items: &a [x]\nmore: [*a, *a]\n")


BROKEN_MEMBER = "member:: dWl%%%kPWJvYg"
EVE = "\ndn: uid=eve,ou=people,dc=bank\nobjectClass: person\nuid: eve\nsn: E\n"

#: What was done to the estate; the exceptions it must cause.
FAILED: dict[str, tuple[Callable[[Estate], object], str]] = {
    "table in another encoding": (
        lambda e: tickets(e, (HEAD + "ann,001,promote,PÄY\n").encode("cp1252")),
        "unreadable-file | tickets.csv | line 2 | tickets.csv: not UTF-8: byte 0xC4",
    ),
    "table that is empty": (
        lambda e: tickets(e, b""),
        "unreadable-file | tickets.csv | None | tickets.csv: the file is empty",
    ),
    "table that is a folder": (
        _table_folder,
        "missing-source | tickets.csv | None | 'tickets.csv' is a folder where a file should be",
    ),
    "workbook that is a zip bomb": (
        lambda e: tickets(e, _bomb(), path="tickets.xlsx", importer="excel"),
        "unreadable-file | tickets.xlsx | None | tickets.xlsx: 'xl/worksheets/sheet1.xml' inside",
    ),
    "workbook that is empty": (
        lambda e: tickets(e, b"", path="tickets.xlsx", importer="excel"),
        "unreadable-file | tickets.xlsx | None | tickets.xlsx: the file is empty",
    ),
    "workbook that is none": (
        lambda e: tickets(e, HEAD, path="tickets.xlsx", importer="excel"),
        "unreadable-file | tickets.xlsx | None | tickets.xlsx: ",
    ),
    "JSON table that is empty": (
        lambda e: tickets(e, b"", path="tickets.json", importer="json"),
        "unreadable-file | tickets.json | None | tickets.json: the file is empty",
    ),
    "JSON table that is cut short": (
        lambda e: tickets(e, '[{"LOGIN": "ann", "EM', path="tickets.json", importer="json"),
        "unreadable-file | tickets.json | [] #1 | tickets.json: the JSON ends in the middle",
    ),
    "directory that is missing": (
        lambda e: _remove(e, "ldap/directory.ldif"),
        "missing-source | ldap/directory.ldif | None | no such file: 'ldap/directory.ldif'",
    ),
    "directory that is an empty folder": (
        lambda e: _folder(e, "ldap/directory.ldif"),
        "missing-source | ldap/directory.ldif | None | 'ldap/directory.ldif' names no file",
    ),
    "directory that is a symlink loop": (
        lambda e: _loop(e, "ldap/directory.ldif"),
        "missing-source | ldap/directory.ldif | None | ",
    ),
    "directory that is a pipe": (
        lambda e: _pipe(e, "ldap/directory.ldif"),
        "missing-source | ldap/directory.ldif | None | 'ldap/directory.ldif' is not a plain file",
    ),
    "directory with too long a name": (_long_name, "missing-source | "),
    "cluster that is missing": (
        lambda e: _remove(e, "k8s/access.json"),
        "missing-source | k8s/access.json | None | no such file: 'k8s/access.json'",
    ),
    "cluster that is empty": (
        lambda e: e.write("k8s/access.json", ""),
        "unreadable-file | k8s/access.json | None | k8s/access.json: the file is empty",
    ),
    "cluster that is cut short": (
        lambda e: e.write("k8s/access.json", cluster()[:-200]),
        "unreadable-file | k8s/access.json | None | k8s/access.json:1",
    ),
    "cluster nested without end": (
        lambda e: e.write("k8s/access.json", "[" * 200_000),
        "unreadable-file | k8s/access.json | None | k8s/access.json:1: nested deeper than",
    ),
    "cluster in YAML with aliases": (
        _bomb_in_yaml,
        "unreadable-file | k8s/access.yaml | None | k8s/access.yaml:1: ",
    ),
}

#: Flaws that leave the rest of their file readable, so that rules are judged by what was read.
FLAWED: dict[str, tuple[Callable[[Estate], object], str]] = {
    "roster in another encoding": (
        lambda e: e.write("hr/roster.csv", ROSTER.replace("Ann", "Änn").encode("latin-1")),
        "unreadable-file | hr/roster.csv | line 2 | hr/roster.csv: not UTF-8: byte 0xC4",
    ),
    "roster that is empty": (
        lambda e: e.write("hr/roster.csv", ""),
        "unreadable-file | hr/roster.csv | None | hr/roster.csv: the file is empty",
    ),
    "roster that is missing": (
        lambda e: _remove(e, "hr/roster.csv"),
        "missing-source | hr/roster.csv | None | no such file: 'hr/roster.csv'",
    ),
    "roster that is a folder": (
        lambda e: _folder(e, "hr/roster.csv"),
        "missing-source | hr/roster.csv | None | 'hr/roster.csv' is a folder",
    ),
    "roster with a cell of 10 MB": (
        lambda e: e.write("hr/roster.csv", f"{ROSTER}003,{BIG},c@bank.example,active\n"),
        "oversized-cell | hr/roster.csv | line 4 | ",
    ),
    "roster with a ragged row": (
        lambda e: e.write("hr/roster.csv", f"{ROSTER}003,Cy\n"),
        "ragged-record | hr/roster.csv | line 4 | ",
    ),
    "roster with a NUL": (
        lambda e: e.write("hr/roster.csv", f"{ROSTER}003,C\0y,c@bank.example,active\n"),
        "unreadable-text | hr/roster.csv | line 4 | ",
    ),
    "table with too few cells": (
        lambda e: tickets(e, HEAD + "ann,001,promote,PAY\nbob,002,browse\n"),
        "ragged-record | tickets.csv | line 3 | ",
    ),
    "table with too many cells": (
        lambda e: tickets(e, HEAD + "ann,001,promote,PAY\nbob,002,browse,PAY,x\n"),
        "ragged-record | tickets.csv | line 3 | ",
    ),
    "table with a cell of 10 MB": (
        lambda e: tickets(e, f"{HEAD}ann,001,promote,PAY\nbob,002,{BIG},PAY\n"),
        "oversized-cell | tickets.csv | line 3 | ",
    ),
    "directory that is empty": (
        lambda e: e.write("ldap/directory.ldif", ""),
        "empty-source | ldap/directory.ldif | None | ldap/directory.ldif holds no entry",
    ),
    "directory with broken base64": (
        lambda e: e.write(
            "ldap/directory.ldif",
            DIRECTORY.replace("member: uid=bob,ou=people,dc=bank", BROKEN_MEMBER),
        ),
        "broken-base64 | ldap/directory.ldif | line 25 | ",
    ),
    "directory with a value of 10 MB": (
        lambda e: e.write("ldap/directory.ldif", f"{DIRECTORY}{EVE}cn: {BIG}\n"),
        "oversized-cell | ldap/directory.ldif | line 31 | ",
    ),
    "directory that ends inside an entry": (
        lambda e: e.write("ldap/directory.ldif", DIRECTORY + "\ndn: uid=eve,ou=people,dc=b"),
        "| ldap/directory.ldif | line 27 | ",
    ),
    "cluster with a name of 10 MB": (
        lambda e: e.write("k8s/access.json", cluster(binding("x", "deployer", group(BIG)))),
        "bad-record | k8s/access.json | items/6 | ",
    ),
    "organisation that is cut short": (
        lambda e: _github(e, '[{"login": "ann", "id": 1, "type": "Us'),
        "unreadable-file | github/members.json | None | github/members.json:1",
    ),
    "organisation that is empty": (
        lambda e: _github(e, ""),
        "unreadable-file | github/members.json | None | github/members.json: the file is empty",
    ),
}


def _incomplete(estate: Estate) -> Said:
    said = sod("run", "--force", cwd=estate.folder)
    out = estate.folder / "out"

    assert said.code == 4, said
    assert "input: Incomplete: " in said.err
    assert "No conflicts" not in said.err + (out / "report.html").read_text("utf-8")
    assert outcome.findings(out)["context"]["completeness"]["complete"] is False
    assert sorted((*outcome.REPORTS, "reach", "settings", "snapshot")) == sorted(
        path.name for path in out.iterdir()
    )
    _no_leftovers(estate)
    return said


def _no_leftovers(estate: Estate) -> None:
    assert [path for path in estate.folder.rglob(".*") if path.name.startswith(".")] == []


@pytest.mark.parametrize(("flaw", "exception"), FAILED.values(), ids=FAILED)
def test_a_source_that_cannot_be_read_leaves_its_rules_open(
    estate: Estate, flaw: Callable[[Estate], object], exception: str
) -> None:
    flaw(estate)

    said = _incomplete(estate)

    out = estate.folder / "out"
    assert any(line.startswith(exception) for line in outcome.exceptions(out)), outcome.exceptions(
        out
    )
    # Whoever holds one duty for certain may hold the other; or nobody's is certain.
    assert "1 result not evaluable" in said.err or "1 rule not evaluable" in said.err


@pytest.mark.parametrize(("flaw", "exception"), FLAWED.values(), ids=FLAWED)
def test_a_flaw_in_a_source_is_a_gap_that_names_file_and_record(
    estate: Estate, flaw: Callable[[Estate], object], exception: str
) -> None:
    flaw(estate)

    _incomplete(estate)

    out = estate.folder / "out"
    assert any(exception in line for line in outcome.exceptions(out)), outcome.exceptions(out)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_a_missing_source(estate: Estate) -> None:
    (estate.folder / "ldap/directory.ldif").chmod(0)

    _incomplete(estate)

    assert any("ldap/directory.ldif" in line for line in outcome.exceptions(estate.folder / "out"))


def test_a_folder_that_leads_back_into_itself_is_read_once(estate: Estate) -> None:
    (estate.folder / "ldap/again").symlink_to("..")
    estate.config["sources"]["ldap"]["path"] = "ldap"
    estate.save()

    said = sod("run", cwd=estate.folder)

    assert said.code == 0, said
    sources = outcome.table(estate.folder / "out", "sources")
    assert [(row["path"], row["loaded"]) for row in sources if row["system"] == "ldap"] == [
        ("ldap/directory.ldif", 4)
    ]


def test_a_failed_run_leaves_the_folder_of_the_last_one(estate: Estate) -> None:
    sod("run", cwd=estate.folder)
    before = {p: p.read_bytes() for p in (estate.folder / "out").rglob("*") if p.is_file()}
    estate.write("catalogue.yaml", "applications: {payments: {}}\n")

    said = sod("run", "--force", cwd=estate.folder)

    assert said.code == 2
    assert before == {p: p.read_bytes() for p in (estate.folder / "out").rglob("*") if p.is_file()}
    _no_leftovers(estate)


def test_a_run_does_not_replace_a_folder_unasked(estate: Estate) -> None:
    sod("run", cwd=estate.folder)

    said = sod("run", cwd=estate.folder)

    assert said.code == 2
    assert "replace it with --force" in said.err


def test_a_json_table_says_which_element_was_wrong(estate: Estate) -> None:
    rows = [
        {"LOGIN": "ann", "EMP": "001", "RIGHT": "promote", "APP": "PAY"},
        {"LOGIN": "bob", "EMP": "002", "RIGHT": ["promote", {"x": 1}], "APP": "PAY"},
        "neither",
    ]
    tickets(estate, json.dumps(rows), path="tickets.json", importer="json")

    _incomplete(estate)

    told = outcome.exceptions(estate.folder / "out")
    assert any(line.startswith("unreadable-cell | tickets.json | [] #1 | ") for line in told), told
    assert any(line.startswith("missing-value | tickets.json | [] #2 | ") for line in told), told


def test_base64_that_hides_a_broken_name_is_told_in_place(estate: Estate) -> None:
    name = base64.b64encode(b"\xff\xfe").decode()
    estate.write("ldap/directory.ldif", DIRECTORY.replace("cn: Ann Lee", f"cn:: {name}"))

    said = sod("run", cwd=estate.folder)

    assert said.code in {0, 4}
    assert any("line 6" in line for line in outcome.exceptions(estate.folder / "out"))
