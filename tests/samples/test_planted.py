"""The small samples: what the tool finds is what was planted, and nothing else."""

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

#: Each bears the name of the ruleset that it shows.
SAMPLES = ("iam", "mainframe-scm", "three-libraries")
each_sample = pytest.mark.parametrize("sample", SAMPLES)


@pytest.fixture(scope="module")
def analyses() -> dict[str, Judged]:
    """Every sample, imported and judged."""
    return {sample: judged_sample(sample) for sample in SAMPLES}


@each_sample
@pytest.mark.parametrize(("seed", "zone"), [("0", "UTC"), ("4711", "Pacific/Kiritimati")])
def test_the_generator_gives_the_same_bytes_anywhere(
    tmp_path: Path, sample: str, seed: str, zone: str
) -> None:
    again = made_again(sample, tmp_path / "made", seed=seed, zone=zone)

    assert contents(folder_of(sample)) == again


@each_sample
def test_the_generator_knows_nothing_of_the_tool(sample: str) -> None:
    texts = [path.read_text("utf-8") for path in folder_of(sample).glob("*.py")]

    assert texts
    assert not any("sod_analyzer" in text for text in texts)


@each_sample
def test_everything_planted_is_found_and_nothing_else(
    analyses: dict[str, Judged], sample: str
) -> None:
    assert found_rows(analyses[sample]) == planted_rows(sample)


@each_sample
def test_every_plant_and_its_near_miss_have_their_verdicts(
    analyses: dict[str, Judged], sample: str
) -> None:
    plants = expected_of(sample)["plants"]

    assert wrong_plants(sample, found_rows(analyses[sample])) == []
    assert [plant for plant in plants if plant["verdict"] == plant["near_verdict"]] == []
    assert len({plant["title"] for plant in plants}) == len(plants)


@each_sample
def test_every_rule_of_the_ruleset_is_planted(sample: str) -> None:
    rules = {rule.rule_id for rule in load_ruleset(builtin_rulesets()[sample]).rules}

    assert {plant["rule"] for plant in expected_of(sample)["plants"]} == rules


def test_each_rule_about_access_is_planted_once() -> None:
    planted = [plant["rule"] for plant in expected_of("iam")["plants"]]

    assert len(planted) == len(set(planted))


def _counts(judged: Judged, rule_id: str) -> dict[str, int | None]:
    """By place, what a rule that counts people found."""
    (result,) = (r for r in judged.analysis.results if r.rule.rule_id == rule_id)
    places = judged.analysis.judge.engine.columns.atlas.places
    return {places[count.place].key: count.found for count in result.counts}


def test_those_who_can_authorise_are_counted_by_application(analyses: dict[str, Judged]) -> None:
    """Five in the common group; Claims has two more, Policies three, the others their own."""
    counted = _counts(analyses["mainframe-scm"], "SCM-11")

    assert counted == {"payments": 5, "claims": 7, "policies": 8, "ledger": 2, "archive": 2}


def test_the_smallest_team_of_each_application_is_known(analyses: dict[str, Judged]) -> None:
    teams = _counts(analyses["mainframe-scm"], "SCM-10")

    assert teams == {"payments": 2, "claims": 2, "policies": 2, "ledger": 2, "archive": 3}


def test_the_desks_hours_are_read_from_its_list(analyses: dict[str, Judged]) -> None:
    """36, 24, 24¼ hours, two days, half a night; plain days say no hours."""
    grants = analyses["three-libraries"].analysis.snapshot["grants"].to_pylist()

    hours = sorted(row["lasts_hours"] or 0 for row in grants if row["kind"] == "uses")

    assert hours == [0, 0, 12, 24, 25, 36, 48]
