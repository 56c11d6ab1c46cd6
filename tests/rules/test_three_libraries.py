"""The libraries' ruleset: the rules agreed, every promise kept, every case as it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Rule, RuleKind, ScopeKind
from sod_analyzer.rulebench.examining import examine
from sod_analyzer.rules import builtin_rulesets, load_cases, load_ruleset
from sod_analyzer.rules.cases import Differs
from tests.conftest import ROOT
from tests.rules.signed import cases_of, differences, unconfirmed, unsaid

PATH = builtin_rulesets()["three-libraries"]
RULESET = load_ruleset(PATH)
CASES = load_cases(PATH.with_name("three-libraries.cases.yaml"))
PAGE = (ROOT / "docs" / "rulesets" / "three-libraries.md").read_text(encoding="utf-8")

by_rule = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: str(rule.rule_id))

COMBINATION, ONLY = RuleKind.COMBINATION, RuleKind.ONLY
MAY_HOLD_ONLY = RuleKind.MAY_HOLD_ONLY
DEVELOPERS = (("person",), ("*eveloper*", "*rogrammer*"))
VENDORS = (("vendor",), ())
EVERYONE: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def test_the_rules_are_those_agreed() -> None:
    found = {
        rule.rule_id: (
            rule.kind,
            rule.duties,
            rule.count,
            (rule.subjects.kinds, rule.subjects.titles),
        )
        for rule in RULESET.rules
    }

    full = "change-production-library+change-staged"
    assert found == {
        "LIB-01": (
            MAY_HOLD_ONLY,
            ("use-production-library!read-library",),
            1,
            DEVELOPERS,
        ),
        "LIB-02": (COMBINATION, ("use-production-library",), 1, DEVELOPERS),
        "LIB-03": (MAY_HOLD_ONLY, ("use-release!read-library+stage-release",), 1, DEVELOPERS),
        "LIB-04": (ONLY, ("change-production-library",), 1, EVERYONE),
        "LIB-05": (COMBINATION, ("move-release", full), 2, EVERYONE),
        "LIB-06": (COMBINATION, ("stage-release", "move-release"), 2, EVERYONE),
        "LIB-07": (RuleKind.MAX_GRANT_HOURS, ("emergency-change",), 24, (("person", "vendor"), ())),
        "LIB-08": (MAY_HOLD_ONLY, ("use-libraries!use-vendor-staging",), 1, VENDORS),
        "LIB-09": (ONLY, ("deliver-as-vendor",), 1, EVERYONE),
    }
    assert {rule.scope for rule in RULESET.rules} == {ScopeKind.APPLICATION}


def test_only_sensitive_applications_are_closed_to_developers_altogether() -> None:
    tiers = {rule.rule_id: rule.only_tiers for rule in RULESET.rules if rule.only_tiers}

    assert tiers == {"LIB-02": ("sensitive",)}


def test_only_the_move_into_production_is_gated() -> None:
    gates = {rule.rule_id: dict(rule.gates) for rule in RULESET.rules if rule.gates}

    assert gates == {"LIB-06": {"move-release": ("approval_before_deploy",)}}


@by_rule
def test_every_rule_says_all_that_an_auditor_asks(rule: Rule) -> None:
    assert unsaid(rule, RULESET) == []
    assert unconfirmed(rule) == set()


def test_every_case_comes_out_and_none_is_missing() -> None:
    assert [str(problem) for problem in examine(RULESET, CASES).problems] == []


@by_rule
def test_every_rule_has_several_hits_each_with_its_place(rule: Rule) -> None:
    hits = cases_of(CASES, rule, Verdict.VIOLATION)

    assert len(hits) >= 4
    assert all(case.at for case in hits)


@by_rule
def test_every_rule_has_a_miss_of_every_kind_that_it_can_have(rule: Rule) -> None:
    found = differences(CASES, rule)

    wanted = {Differs.MEANS, Differs.RIGHT}
    if len(rule.duties) > 1 or rule.only_tiers:
        wanted |= {Differs.APPLICATION}
    if len(rule.duties) > 1:
        wanted |= {Differs.DUTY}
    if rule.rule_id != "LIB-08":
        wanted |= {Differs.ENVIRONMENT}
    if rule.subjects or rule.allowed:
        wanted |= {Differs.SUBJECT}
    if rule.kind is RuleKind.MAX_GRANT_HOURS:
        wanted |= {Differs.HOURS}
    assert wanted <= found


def test_the_page_names_every_rule_and_shows_a_ruleset_that_builds_on_it(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "ours.yaml"
    path.write_text(block, encoding="utf-8")

    ours = load_ruleset(path)

    assert {rule.rule_id for rule in RULESET.rules} <= set(re.findall(r"[A-Z]{3}-[0-9]{2}", PAGE))
    assert {imported.name for imported in ours.imports} == {RULESET.name}
