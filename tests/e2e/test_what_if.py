"""Every finding comes with a way to try its fix, and trying it tells what `analyze` would."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.model.ruleset import RuleKind
from sod_analyzer.rules import builtin_rulesets, load_ruleset
from tests.e2e.conftest import Ran
from tests.e2e.shell import sod

RULES = load_ruleset(builtin_rulesets()["devops"])


@pytest.fixture(scope="module")
def findings(northbank: Ran) -> list[dict[str, str]]:
    with (northbank.folder / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def attempts(findings: list[dict[str, str]]) -> list[dict[str, str]]:
    """One finding of each rule that has something to try, the first of each."""
    first: dict[str, dict[str, str]] = {}
    for row in findings:
        if row["attempt"] and row["verdict"] == "violation":
            first.setdefault(row["rule_id"], row)
    return list(first.values())


def tried(northbank: Ran, *arguments: str) -> dict[str, Any]:
    said = sod(
        "what-if", *arguments, "--all", "--in", northbank.folder, "--format", "json",
        cwd=northbank.folder,
    )  # fmt: skip
    assert said.code in {0, 4}, said.err
    told: dict[str, Any] = json.loads(said.out)
    return told


def test_nearly_every_violation_of_a_person_has_something_to_try(
    findings: list[dict[str, str]],
) -> None:
    about_people = [
        row
        for row in findings
        if row["verdict"] == "violation" and row["rule_kind"] in {"combination", "only"}
    ]

    without = [row["finding_id"] for row in about_people if not row["attempt"]]

    assert about_people
    assert without == []


def test_what_a_finding_suggests_can_be_tried_and_harms_nothing(
    northbank: Ran, findings: list[dict[str, str]]
) -> None:
    chosen = attempts(findings)[:4]
    assert chosen

    for row in chosen:
        words = shlex.split(row["attempt"])
        assert words[:2] == ["sod", "what-if"]
        told = tried(northbank, *words[2:])
        # Only fewer people than a rule asks for can be news when access is taken away.
        kinds = {RULES.rule[r["rule"]].kind for r in told["rows"] if r["change"] == "new"}
        assert kinds <= {RuleKind.MIN_HOLDERS}
        assert told["people_affected"] >= 1, row["attempt"]


def test_trying_counts_every_finding_once(northbank: Ran, findings: list[dict[str, str]]) -> None:
    row = attempts(findings)[0]

    told = tried(northbank, *shlex.split(row["attempt"])[2:])

    places = {(r["finding_id"], r["place"]) for r in findings}
    before = {(r["finding"], r["place"]) for r in told["rows"] if r["before"] != "clear"}
    everywhere = {finding for finding, place in places if place == "all"}
    # One row for everything stands for each place in which something is left afterwards.
    assert places <= before
    assert {finding for finding, _ in before - places} <= everywhere
    assert sum(told["numbers"].values()) == len(told["rows"])


def test_a_grant_that_is_not_there_is_an_error_that_names_what_is_near(
    northbank: Ran, tmp_path: Path
) -> None:
    said = sod("what-if", "--remove", "nobody > nothing", "--in", northbank.folder, cwd=tmp_path)

    assert said.code == 2
    assert "nothing is called 'nobody'" in said.err
    assert said.out == ""


def test_nothing_to_try_is_a_mistake(northbank: Ran, tmp_path: Path) -> None:
    said = sod("what-if", "--in", northbank.folder, cwd=tmp_path)

    assert said.code == 2
    assert "--remove or --add" in said.err
