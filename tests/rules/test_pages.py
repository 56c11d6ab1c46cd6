"""The pages about rules and configuration: their examples load, and every key is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from sod_analyzer import config
from sod_analyzer.documents.hints import key_of
from sod_analyzer.model.ruleset import Holder, HygieneCheck, RuleKind, ScopeKind
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


def sections(text: str) -> dict[str, str]:
    """The top-level keys of a ruleset, each with what stands under it."""
    found = re.split(r"^([a-z]+):[ ]*(?=\S|\n)", text, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def example() -> str:
    """The first ruleset of the page, with the parts that the page adds to it further down."""
    whole, *parts = [block for block in blocks("rules.md") if not block.startswith("ruleset: bank")]
    joined = sections(whole)
    for part in parts:
        for key, text in sections(part).items():
            joined[key] = joined.get(key, "\n") + text.removeprefix("\n")
    return "".join(f"{key}: {text}" for key, text in joined.items())


def test_the_page_of_rules_shows_rulesets_that_load(tmp_path: Path) -> None:
    (bank,) = [block for block in blocks("rules.md") if block.startswith("ruleset: bank")]
    written(tmp_path, "whole.yaml", next(blocks("rules.md")))

    alone = load_ruleset(tmp_path / "whole.yaml")
    whole = load_ruleset(written(tmp_path, "example.yaml", example()))
    importing = load_ruleset(written(tmp_path, "bank.yaml", bank))

    assert list(alone.rule) == ["DEV-01"]
    assert [rule.rule_id for rule in whole.rules if rule.rule_id.startswith("DEV")] == [
        f"DEV-{n:02}" for n in range(1, 14)
    ]
    assert {rule.kind for rule in whole.rules} == set(RuleKind)
    assert {rule.hygiene.check for rule in whole.rules if rule.hygiene} == set(HygieneCheck)
    assert {rule.holder for rule in whole.rules} == set(Holder)
    assert [each.rule_id for each in importing.dropped] == ["DEV-09"]


def test_the_page_of_rules_names_what_the_tool_derives(tmp_path: Path) -> None:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    derived = [
        duty.duty_id
        for duty in load_ruleset(written(tmp_path, "example.yaml", example())).duties
        if duty.made_of
    ]

    named = re.findall(r"^\| `([a-z-]+[+!\[][^`]+)` \|", text, re.MULTILINE)

    assert set(named) <= set(derived)
    assert len(named) == 3


def test_the_guide_adds_a_rule_whose_cases_come_out(tmp_path: Path) -> None:
    whole = next(blocks("rules.md"))
    duties, rules, cases = blocks("add-a-rule.md")
    whole = whole.replace("rules:\n", duties.removeprefix("duties:\n") + "rules:\n", 1)
    one = whole[: whole.index("  DEV-01:")] + rules.removeprefix("rules:\n")

    ruleset = load_ruleset(written(tmp_path, "example.yaml", one))
    found = load_cases(written(tmp_path, "example.cases.yaml", cases))
    check_cases(found, ruleset)

    assert [str(result) for result in run_cases(ruleset, found) if not result.passed] == []


#: Where the page of rules has the table of each shape.
TABLES = {
    "RulesetShape": "The head",
    "ApprovedShape": "Approval",
    "DutyShape": "Duties",
    "PartShape": "Ways",
    "AllOfShape": "Ways",
    "RuleShape": "Rules, Kinds of rule",
    "LogicShape": "Combinations",
    "AtLeastShape": "Combinations",
    "AnyOfShape": "Combinations",
    "OnlyShape": "Nobody but these",
    "MayHoldOnlyShape": "Nothing but these",
    "HoldersShape": "Numbers of people",
    "PeopleShape": "Numbers of people",
    "GrantHoursShape": "Hours of a grant",
    "HygieneShape": "Accounts and roles by themselves",
    "SeverityShape": "Severity",
    "SubjectsShape": "Subjects",
    "ExclusionShape": "Exclusions",
    "CountsShape": "Counts",
    "ControlsShape": "Controls",
    "ControlShape": "Controls",
    "ImportShape": "Imports",
    "ExtendShape": "Extending",
    "RuleExtensionShape": "Extending",
    "DutyExtensionShape": "Extending",
    "DropShape": "Dropping",
}


def headed(page: str) -> dict[str, str]:
    """The text under each heading of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def tabled(text: str) -> set[str]:
    return set(re.findall(r"^\| `([a-z_-]+)` \|", text, re.MULTILINE))


def test_every_key_of_a_ruleset_has_a_line_in_the_table_of_its_shape() -> None:
    under = headed("rules.md")
    known = {
        name: {key_of(field.name) for field in fields(shape)} - {"where"}
        for name, shape in vars(shapes).items()
        if name.endswith("Shape") and is_dataclass(shape)
    }
    explained = {
        name: set[str]().union(*(tabled(under[heading]) for heading in headings.split(", ")))
        for name, headings in TABLES.items()
    }

    assert sorted(known) == sorted(TABLES)
    lacking = {name: keys - explained[name] for name, keys in known.items()}
    assert {name: keys for name, keys in lacking.items() if keys} == {}


def test_no_table_of_the_page_of_rules_explains_a_key_that_is_none() -> None:
    known = {
        key_of(field.name)
        for name, shape in vars(shapes).items()
        if name.endswith("Shape") and is_dataclass(shape)
        for field in fields(shape)
    }
    words = {str(each) for kind in (ScopeKind, Holder, HygieneCheck) for each in kind}
    products = {"github", "kubernetes", "ldap"}
    text = (DOCS / "rules.md").read_text(encoding="utf-8")

    assert tabled(text) - known - words - products == set()


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
    ],
)
def test_every_key_has_a_line_in_a_table(page: str, shape: type) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))

    lacking = {field.name for field in fields(shape)} - {"where"} - explained

    assert lacking == set()


def test_the_page_of_cases_names_every_way_in_which_a_miss_differs() -> None:
    text = (DOCS / "cases.md").read_text(encoding="utf-8")

    assert [kind for kind in Differs if f"`{kind}`" not in text] == []
