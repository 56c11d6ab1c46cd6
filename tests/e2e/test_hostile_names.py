"""Hostile names are shown harmless on the terminal, page and workbook; the data keep them exactly.

The two CSV files give every text back exactly, but for the mark that stops a formula.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import unicodedata
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.e2e import outcome
from tests.e2e.estate import CATALOGUE, DIRECTORY, RBAC, ROSTER, Estate, binding, cluster, role
from tests.e2e.shell import Said, sod

LONG = "L" * 32_768
NAMES = {
    "formula": "=cmd|' /C calc'!A1",
    "plus": '+HYPERLINK("http://evil.example")',
    "script": "</script><script>alert(1)</script>",
    "bidi": "\u202eEve\u2066 Lee",
    "long": LONG,
    "controls": "bell\x07 escape\x1b[2J delete\x7f",
    "separators": "line\u2028paragraph\u2029end",
    "template": "{{ 7 * 7 }}{% raw %}",
    "markdown": "| [x](javascript:alert(1)) `",
}
BOTH = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]},
    {"apiGroups": [RBAC], "resources": ["rolebindings"], "verbs": ["create"]},
]
CATCH_ALL = CATALOGUE + '      - {system: k8s, resource: "*"}\n'


def _in_the_roster(estate: Estate, name: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow(["003", name, "eve@bank.example", "active"])
    estate.write("hr/roster.csv", ROSTER + written.getvalue())
    member = "\nmember: uid=eve,ou=people,dc=bank\n"
    account = (
        "\ndn: uid=eve,ou=people,dc=bank\nobjectClass: person\nuid: eve\nmail: eve@bank.example\n"
    )
    groups = DIRECTORY.rstrip("\n").replace(
        "member: uid=ann,ou=people,dc=bank",
        "member: uid=ann,ou=people,dc=bank" + member.rstrip("\n"),
    )
    estate.write("ldap/directory.ldif", groups + member + account)


def _in_the_directory(estate: Estate, name: str) -> None:
    coded = base64.b64encode(name.encode()).decode()
    account = f"\ndn: uid=eve,ou=people,dc=bank\nobjectClass: person\nuid: eve\ncn:: {coded}\n"
    members = "member: uid={},ou=people,dc=bank\nmember: uid=eve,ou=people,dc=bank"
    text = DIRECTORY
    for who in ("ann", "bob"):
        text = text.replace(f"member: uid={who},ou=people,dc=bank", members.format(who))
    estate.write("ldap/directory.ldif", text + account)


def _in_the_cluster(estate: Estate, name: str) -> None:
    eve = {"kind": "User", "apiGroup": RBAC, "name": name}
    objects = [role(name, BOTH, namespace=name), binding(name, name, eve, namespace=name)]
    estate.write("k8s/access.json", cluster(*objects))
    estate.write("catalogue.yaml", CATCH_ALL)


def _in_the_organisation(estate: Estate, name: str) -> None:
    owner = {"login": name, "id": 7, "type": "User"}
    estate.add("github", "github", "github", "github")
    for file, content in {
        "org": {"login": "bank", "id": 1, "default_repository_permission": "none"},
        "members": [owner],
        "owners": [owner],
        "teams": [{"id": 1, "name": name, "slug": name, "parent": None}],
        "repos": [],
        "outside_collaborators": [],
    }.items():
        estate.write(f"github/{file}.json", json.dumps(content))


def _in_a_table(estate: Estate, name: str) -> None:
    columns = {"account": "LOGIN", "permission": "RIGHT", "resource": "APP"}
    estate.add("tickets", "tickets", "csv", "tickets.csv", columns=columns)
    written = io.StringIO()
    csv.writer(written).writerows([["LOGIN", "RIGHT", "APP"], [name, "promote", name]])
    estate.write("tickets.csv", written.getvalue())


PLACES = {
    "roster": _in_the_roster,
    "directory": _in_the_directory,
    "cluster": _in_the_cluster,
    "organisation": _in_the_organisation,
    "table": _in_a_table,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("place", ["roster", "cluster"])
def test_a_hostile_name_that_breaks_a_rule_harms_no_reader(
    estate: Estate, place: str, name: str
) -> None:
    PLACES[place](estate, name)

    said = sod("run", cwd=estate.folder)

    assert "result: 1 violation by 1 person" in said.err, said.err
    (row,) = outcome.table(estate.folder / "out", "violations")
    assert row["name"] == name
    _harmless(estate, said)


@pytest.mark.parametrize("place", PLACES)
def test_many_hostile_names_at_once_harm_no_reader(estate: Estate, place: str) -> None:
    for name in ("=1+1</script>\u202e\x1b[2J",):
        PLACES[place](estate, name)

    said = sod("run", cwd=estate.folder)

    assert said.code in {0, 4}
    _harmless(estate, said)
    for question in (("who-can", "deploy"), ("access", "Ann Lee"), ("who-can", "keep")):
        for form in ("table", "csv", "md", "json"):
            answer = sod(*question, "--format", form, cwd=estate.folder)
            _plain_text(answer.out + answer.err)


@pytest.mark.parametrize("place", PLACES)
def test_a_nul_is_told_or_shown_and_never_obeyed(estate: Estate, place: str) -> None:
    PLACES[place](estate, "nul\x00nul")

    said = sod("run", cwd=estate.folder)

    assert said.code in {0, 4}
    _harmless(estate, said)


def _harmless(estate: Estate, said: Said) -> None:
    _plain_text(said.out + said.err)
    out = estate.folder / "out"
    page = (out / "report.html").read_text("utf-8")
    assert "alert(1)</script>" not in page
    assert page.count("<script") == page.count("</script>")
    assert "\x00" not in page
    assert not re.search("[\x01-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", page)
    for name in ("findings.csv", "paths.csv"):
        for row in outcome.rows_of(out / name):
            for text in row.values():
                assert not text.startswith(("=", "+", "@", "\t", "\r", "\0")), (name, text[:80])
    for sheet in load_workbook(out / "evidence.xlsx").worksheets:
        for cell in (cell for line in sheet.iter_rows() for cell in line):
            _workbook_cell(cell)


def _workbook_cell(cell: Any) -> None:
    """Formulas are the tool's own: they count, sum and link, and hold nothing from an export."""
    if cell.data_type == "f":
        assert "cmd" not in str(cell.value)
        assert "evil" not in str(cell.value)
        assert "1+1" not in str(cell.value)
    elif isinstance(cell.value, str):
        assert len(cell.value) <= 32_767
        assert "\x1b" not in cell.value


def _plain_text(text: str) -> None:
    """No letter that acts on a terminal or turns the writing direction."""
    bad = {c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}}
    assert bad == set()
