"""The sample bank is what its generator makes, and its files say what was planted."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.samples.plain_aws import aws_facts
from tests.samples.plain_reader import facts_of, ldif_entries, locked_accounts

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "northbank"
GENERATOR = FOLDER / "generate.py"
VERDICTS = {"violation", "not-evaluable", "mitigated"}
SIGNED = "approvals"  # by people, and so not made by the generator
DORMANT_PLANTS = {"A disabled account is dormant", "A leaver whose account still works"}
MADE = {".yaml", ".csv", ".ldif", ".json", ".md"}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """What EXPECTED.json says."""
    found: dict[str, Any] = json.loads((FOLDER / "EXPECTED.json").read_text("utf-8"))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """The sample's made files by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in MADE and path.relative_to(folder).parts[0] not in (SIGNED, "out")
    }


@pytest.mark.parametrize(("seed", "zone"), [("0", "UTC"), ("4711", "Pacific/Kiritimati")])
def test_the_generator_gives_the_same_bytes_anywhere(tmp_path: Path, seed: str, zone: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONDONTWRITEBYTECODE": "1"}

    subprocess.run(
        [sys.executable, str(GENERATOR), "--out", str(tmp_path / "made")],
        cwd=tmp_path,
        env=environment,
        check=True,
    )

    assert contents(FOLDER) == contents(tmp_path / "made")


def test_the_generator_knows_nothing_of_the_tool() -> None:
    sources = [GENERATOR, *(FOLDER / "maker").glob("*.py")]

    importing = [path.name for path in sources if "sod_analyzer" in path.read_text("utf-8")]

    assert importing == []


def told(expected: dict[str, Any], rule: str, subject: str, place: str) -> str:
    """The planted verdict; in the place `all` it stands for every place."""
    places = expected["results"].get(rule, {}).get(subject, {})
    return str(places.get(place, "all" if "all" in places else "clear"))


def test_every_plant_has_a_near_miss_with_another_verdict(expected: dict[str, Any]) -> None:
    plants = expected["plants"]

    found = [
        tuple(
            told(expected, plant["rule"], plant[who], plant["place"])
            for who in ("person", "near_miss")
        )
        for plant in plants
    ]

    excused = {"violation": "violation", "mitigated": "violation"}
    assert [(excused.get(hit, hit), near) for hit, near in found] == [
        (plant["verdict"], plant["near_miss_verdict"]) for plant in plants
    ]
    assert [plant["id"] for plant in plants if plant["verdict"] == plant["near_miss_verdict"]] == []
    assert len({plant["title"] for plant in plants}) == len(plants) >= 75


def test_everyone_of_the_roster_is_told_of(expected: dict[str, Any]) -> None:
    with (FOLDER / "hr/roster.csv").open(encoding="utf-8", newline="") as roster:
        names = {row["employee_id"]: row["name"] for row in csv.DictReader(roster)}

    assert len(names) == 300
    assert names.items() <= expected["people"].items()


def test_every_rule_that_can_be_judged_here_has_a_verdict_or_a_clear_reason(
    expected: dict[str, Any],
) -> None:
    silent = {
        rule
        for rule, state in expected["rules"].items()
        if state == "evaluated" and rule not in expected["results"]
    }
    verdicts = {
        verdict
        for subjects in expected["results"].values()
        for places in subjects.values()
        for verdict in places.values()
    }

    # Enough people deploy everywhere, and no role of the bank spans the systems of DEV-34.
    assert silent == {"DEV-31", "DEV-34"}
    assert verdicts == VERDICTS
    assert len(expected["rules"]) == 38
    assert expected["results"].keys() <= expected["rules"].keys()


def test_only_the_planted_break_a_rule_about_people(expected: dict[str, Any]) -> None:
    planted = {plant[who] for plant in expected["plants"] for who in ("person", "near_miss")}
    # The near miss of "Employee numbers are text" leaves its account to stand alone.
    planted.add("changeman:NB01106")

    breaking = {
        subject
        for rule, subjects in expected["results"].items()
        for subject in subjects.keys() & expected["people"].keys()
        if rule != "DEV-37"  # a login that belongs to nobody is nobody's plant
        and ":role/" not in subject  # nor is a role of AWS
    }

    assert breaking - planted == set()


def test_the_files_say_what_was_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of the files that shares nothing with the generator finds the planted duties."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    generate = importlib.import_module("generate")

    planted = {
        key: {tuple(fact) for fact in account.facts}
        for key, account in generate.make_world().accounts.items()
    }

    assert planted == facts_of(FOLDER) | aws_facts(FOLDER)


def test_dormant_accounts_are_those_the_directory_locks(expected: dict[str, Any]) -> None:
    dormant = set(expected["dormant_accounts"])

    assert dormant == locked_accounts(FOLDER)
    assert {row["person"] for row in expected["dormant"]} == {
        plant["near_miss"] for plant in expected["plants"] if plant["title"] in DORMANT_PLANTS
    }


def test_tables_have_rows_of_equal_width() -> None:
    widths = {
        path: {
            len(row) for row in csv.reader(text.splitlines(keepends=True), delimiter=mark) if row
        }
        for path, encoding, mark in (
            ("hr/roster.csv", "utf-8", ","),
            ("aliases.csv", "utf-8", ","),
            ("changeman/access.csv", "cp1252", ";"),
        )
        for text in [(FOLDER / path).read_bytes().decode(encoding)]
    }

    assert widths == {"hr/roster.csv": {10}, "aliases.csv": {4}, "changeman/access.csv": {7}}


def test_directory_entries_have_a_name_and_a_class() -> None:
    entries = [e for path in sorted((FOLDER / "ldap").glob("*.ldif")) for e in ldif_entries(path)]

    nameless = [entry for entry in entries if not (entry["dn"] and entry["objectclass"])]

    assert nameless == []
    assert len(entries) == len({entry["dn"][0] for entry in entries})


def test_waterfalls_add_up_and_count_physical_lines(expected: dict[str, Any]) -> None:
    lines = {}
    for path, told in expected["counts"].items():
        assert told["lines"] - told["continued"] - told["header"] - told["blank"] == told["parsed"]
        left = told["parsed"] - told["rejected"] - told["duplicate"] - told["filtered"]
        assert left == told["loaded"]
        content = (FOLDER / path).read_bytes()
        if path.endswith((".csv", ".ldif")):
            lines[path] = content.count(b"\n")
        else:
            value = json.loads(content)
            if path.startswith("aws/"):
                value = [each for part in value.values() if isinstance(part, list) for each in part]
            records = value.get("items", [value]) if isinstance(value, dict) else value
            lines[path] = len(records)

    assert lines == {path: told["lines"] for path, told in expected["counts"].items()}


def test_what_a_bank_calls_a_trap_is_in_the_files() -> None:
    roster = (FOLDER / "hr/roster.csv").read_text("utf-8")
    people = (FOLDER / "ldap/people.ldif").read_text("utf-8")
    groups = (FOLDER / "ldap/groups.ldif").read_text("utf-8")

    missing = [
        trap
        for trap, found in {
            "formula": "=HYPERLINK(" in roster and "=cmd|" in roster,
            "markup": "</script>" in roster,
            "bidi control": "\u202e" in roster,
            "apostrophe": "O'Rourke" in roster,
            "comma in a name": '"Marlow, Jr., Peter"' in roster,
            "base64 name": re.search(r"^cn:: ", people, re.MULTILINE),
            "base64 dn": re.search(r"^dn:: ", groups, re.MULTILINE),
            "folded line": "\n " in people,
            "locks": "pwdAccountLockedTime: " in people and "loginDisabled: TRUE" in people,
        }.items()
        if not found
    ]

    assert missing == []


def test_the_folder_stays_small() -> None:
    size = sum(len(content) for content in contents(FOLDER).values())

    assert size < 1_500_000
