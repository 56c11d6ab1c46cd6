"""The finance sample: what the tool finds is what was planted, in both directions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer import pipeline
from sod_analyzer.compose.report import tables_of
from sod_analyzer.config import Config, load_config
from sod_analyzer.detect.plain import plain_rows
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline import Judged
from sod_analyzer.pipeline.approving import approve_now
from sod_analyzer.pipeline.papers import load_papers
from sod_analyzer.rules import find_ruleset, load_ruleset
from sod_analyzer.rules.approvals import What
from tests.conftest import ROOT

SAMPLE = ROOT / "samples" / "finance"
MADE = {".csv", ".json", ".md", ".yaml"}

Key = tuple[str, str, str]  # rule, subject key, place


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """What the generator planted, written before the tool ever ran."""
    truth: dict[str, Any] = json.loads((SAMPLE / "EXPECTED.json").read_text(encoding="utf-8"))
    return truth


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(SAMPLE / "sod.yaml")


@pytest.fixture(scope="module")
def ruleset(config: Config) -> Ruleset:
    return load_ruleset(find_ruleset(config.ruleset, config.base))


@pytest.fixture(scope="module")
def judged(config: Config, ruleset: Ruleset) -> Judged:
    """The sample, imported and judged, with nothing approved."""
    return pipeline.judge(config, pipeline.import_exports(config), ruleset)


def found(judged: Judged) -> Iterator[tuple[Key, str]]:
    """Every verdict that is not clear."""
    for result in judged.analysis.results:
        for row in plain_rows(judged.analysis.judge, result):
            yield (result.rule.rule_id, row.subject_key, row.place), str(row.verdict)


def planted(expected: dict[str, Any]) -> dict[Key, str]:
    return {(rule, key, place): verdict for rule, key, place, verdict in expected["findings"]}


def test_the_rules_are_those_that_the_generator_answers(
    ruleset: Ruleset, expected: dict[str, Any]
) -> None:
    assert sorted(ruleset.rule) == expected["rules"]


def test_every_verdict_is_the_planted_one_and_every_planted_one_is_found(
    judged: Judged, expected: dict[str, Any]
) -> None:
    open_ = {"mitigated": "violation"}
    wanted = {key: open_.get(verdict, verdict) for key, verdict in planted(expected).items()}

    assert wanted == dict(found(judged))


def test_no_rule_is_left_open(judged: Judged) -> None:
    open_ = [
        result.rule.rule_id
        for result in judged.analysis.results
        if result.dead or result.open_places or result.blank
    ]

    assert open_ == []


def test_every_plant_and_its_near_miss_get_their_verdicts(
    judged: Judged, expected: dict[str, Any]
) -> None:
    verdicts = dict(found(judged))

    wrong = []
    for plant in expected["plants"]:
        for who, place, verdict in (plant["who"], plant["near_miss"]):
            got = verdicts.get((plant["rule"], who, place), "clear")
            if got != verdict.replace("mitigated", "violation"):
                wrong.append((plant["title"], who, got))
    assert wrong == []
    assert len(expected["plants"]) >= 45
    assert all(plant["who"][2] != plant["near_miss"][2] for plant in expected["plants"])


def test_an_approved_control_excuses_what_it_was_approved_for(
    tmp_path: Path, expected: dict[str, Any]
) -> None:
    """One mitigation is in force, and the other ended in September."""
    folder = shutil.copytree(SAMPLE, tmp_path / "finance")
    config = load_config(folder / "sod.yaml")
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    snapshot = pipeline.import_exports(config)
    before = pipeline.judge(config, snapshot, ruleset, load_papers(config, ruleset))
    approve_now(
        config,
        ruleset,
        [What.MITIGATIONS],
        by="Audit committee",
        on=date(2026, 9, 1),
        analysis=before.analysis,
    )

    after = pipeline.judge(config, snapshot, ruleset, load_papers(config, ruleset))

    assert _excused(before) == set()
    assert _excused(after) == {
        key for key, verdict in planted(expected).items() if verdict == "mitigated"
    }


def _excused(judged: Judged) -> set[Key]:
    tables = tables_of(judged.analysis)
    keys = {
        row["finding_id"]: (row["rule_id"], row["subject_key"])
        for row in tables["violations"].to_pylist()
    }
    return {
        (*keys[row["finding_id"]], row["place"])
        for row in tables["places"].to_pylist()
        if row["verdict"] == Verdict.MITIGATED
    }


def contents(folder: Path) -> dict[str, bytes]:
    """The sample's made files by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in MADE and "out" not in path.relative_to(folder).parts
    }


@pytest.mark.parametrize(("seed", "zone"), [("0", "UTC"), ("4711", "Pacific/Kiritimati")])
def test_the_generator_gives_the_same_bytes_anywhere(tmp_path: Path, seed: str, zone: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONDONTWRITEBYTECODE": "1"}

    subprocess.run(
        [sys.executable, str(SAMPLE / "generate.py"), "--out", str(tmp_path / "made")],
        cwd=tmp_path,
        env=environment,
        check=True,
    )

    assert contents(SAMPLE) == contents(tmp_path / "made")


def test_the_generator_knows_nothing_of_the_tool() -> None:
    sources = [SAMPLE / "generate.py", *(SAMPLE / "desk").glob("*.py")]

    assert [path.name for path in sources if "sod_analyzer" in path.read_text("utf-8")] == []


def test_both_parts_of_a_way_stand_in_rows_of_their_own() -> None:
    rows = (SAMPLE / "sap" / "authorisations.csv").read_text(encoding="utf-8").splitlines()

    assert "AP_PAYMENT_1000;tcode;F110;*" in rows
    assert "AP_PAYMENT_1000;object;F_REGU_BUK fbtch=21;1000" in rows
