"""The pages about rules and configuration: their examples load, and every key is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from sod_analyzer import config
from sod_analyzer.rulebench import run_cases
from sod_analyzer.rules import check_cases, load_cases, load_catalogue, load_ruleset, shapes
from sod_analyzer.rules.cases import Differs
from sod_analyzer.rules.catalogue import ApplicationShape, ResourceShape
from tests.conftest import ROOT

DOCS = ROOT / "docs"


def blocks(page: str) -> Iterator[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    yield from re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_of_the_configuration_shows_one_that_loads(tmp_path: Path) -> None:
    (block,) = blocks("configuration.md")

    loaded = config.load_config(written(tmp_path, "sod.yaml", block))

    assert (loaded.name, len(loaded.systems), len(loaded.sources)) == ("Northbank", 4, 3)


def test_the_page_of_the_catalogue_shows_one_that_loads(tmp_path: Path) -> None:
    (block,) = blocks("catalogue.md")

    catalogue = load_catalogue(written(tmp_path, "catalogue.yaml", block))

    assert list(catalogue.applications) == ["onboarding", "payments"]


def test_the_page_of_rules_shows_a_ruleset_that_loads(tmp_path: Path) -> None:
    (block,) = blocks("rules.md")

    ruleset = load_ruleset(written(tmp_path, "example.yaml", block))

    assert list(ruleset.rule) == ["DEV-01"]


def test_the_guide_adds_a_rule_whose_cases_come_out(tmp_path: Path) -> None:
    (whole,) = blocks("rules.md")
    duties, rules, cases = blocks("add-a-rule.md")
    whole = whole.replace("rules:\n", duties.removeprefix("duties:\n") + "rules:\n", 1)
    example = whole[: whole.index("  DEV-01:")] + rules.removeprefix("rules:\n")

    ruleset = load_ruleset(written(tmp_path, "example.yaml", example))
    found = load_cases(written(tmp_path, "example.cases.yaml", cases))
    check_cases(found, ruleset)

    assert [str(result) for result in run_cases(ruleset, found) if not result.passed] == []


@pytest.mark.parametrize(
    ("page", "shape"),
    [
        ("configuration.md", config._ConfigShape),
        ("configuration.md", config._SystemShape),
        ("configuration.md", config._SourceShape),
        ("configuration.md", config._IdentityShape),
        ("configuration.md", config.AcceptedGap),
        ("catalogue.md", ApplicationShape),
        ("catalogue.md", ResourceShape),
        ("rules.md", shapes.RulesetShape),
        ("rules.md", shapes.DutyShape),
        ("rules.md", shapes.PartShape),
        ("rules.md", shapes.RuleShape),
        ("rules.md", shapes.CountsShape),
    ],
)
def test_every_key_has_a_line_in_a_table(page: str, shape: type) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))

    lacking = {field.name for field in fields(shape)} - {"where"} - explained

    assert lacking == set()


def test_the_guide_names_every_way_in_which_a_miss_differs() -> None:
    text = (DOCS / "add-a-rule.md").read_text(encoding="utf-8")

    assert [kind for kind in Differs if f"`{kind}`" not in text] == []
