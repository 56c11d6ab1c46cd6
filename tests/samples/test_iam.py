"""The sample insurer: what the tool finds is what was planted, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.pipeline import Judged
from sod_analyzer.rules import builtin_rulesets, load_ruleset
from tests.samples.planted_kit import (
    contents,
    expected_of,
    folder_of,
    found_rows,
    judged_sample,
    made_again,
    planted_rows,
    wrong_plants,
)

SAMPLE = "iam"


@pytest.fixture(scope="module")
def judged() -> Judged:
    """The sample, imported and judged."""
    return judged_sample(SAMPLE)


@pytest.mark.parametrize(("seed", "zone"), [("0", "UTC"), ("4711", "Pacific/Kiritimati")])
def test_the_generator_gives_the_same_bytes_anywhere(tmp_path: Path, seed: str, zone: str) -> None:
    again = made_again(SAMPLE, tmp_path / "made", seed=seed, zone=zone)

    assert contents(folder_of(SAMPLE)) == again


def test_the_generator_knows_nothing_of_the_tool() -> None:
    texts = [path.read_text("utf-8") for path in folder_of(SAMPLE).glob("*.py")]

    assert texts
    assert not any("sod_analyzer" in text for text in texts)


def test_everything_planted_is_found_and_nothing_else(judged: Judged) -> None:
    assert found_rows(judged) == planted_rows(SAMPLE)


def test_every_plant_and_its_near_miss_have_their_verdicts(judged: Judged) -> None:
    plants = expected_of(SAMPLE)["plants"]

    assert wrong_plants(SAMPLE, found_rows(judged)) == []
    assert [plant for plant in plants if plant["verdict"] == plant["near_verdict"]] == []
    assert len({plant["title"] for plant in plants}) == len(plants)


def test_every_rule_of_the_ruleset_is_planted_once() -> None:
    rules = [rule.rule_id for rule in load_ruleset(builtin_rulesets()[SAMPLE]).rules]

    assert sorted(plant["rule"] for plant in expected_of(SAMPLE)["plants"]) == rules
