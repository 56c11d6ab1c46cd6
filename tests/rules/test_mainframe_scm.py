"""The change manager's ruleset: the seats agreed, every promise kept, every case in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind, ScopeKind
from sod_analyzer.rulebench.examining import examine
from sod_analyzer.rules import builtin_rulesets, load_cases, load_ruleset
from sod_analyzer.rules.cases import Differs
from tests.conftest import ROOT
from tests.rules.signed import cases_of, differences, unconfirmed, unsaid

PATH = builtin_rulesets()["mainframe-scm"]
RULESET = load_ruleset(PATH)
CASES = load_cases(PATH.with_name("mainframe-scm.cases.yaml"))
PAGE = (ROOT / "docs" / "rulesets" / "mainframe-scm.md").read_text(encoding="utf-8")

by_rule = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: str(rule.rule_id))

REQUEST, SIGN, AUTHORISE = "request-unit", "end-user-sign-off", "authorise-activation"
RELEASE = "release-management"
IDENTITY, ROLE = Holder.IDENTITY, Holder.ROLE
APPLICATION, SYSTEM = ScopeKind.APPLICATION, ScopeKind.SYSTEM


def test_the_rules_are_those_agreed() -> None:
    found = {
        rule.rule_id: (rule.kind, rule.duties, rule.count, rule.holder, rule.scope)
        for rule in RULESET.rules
    }

    only = "operate-change-manager!"
    assert found == {
        "SCM-01": (RuleKind.COMBINATION, (REQUEST, SIGN), 2, IDENTITY, APPLICATION),
        "SCM-02": (RuleKind.COMBINATION, (REQUEST, RELEASE), 2, IDENTITY, APPLICATION),
        "SCM-03": (RuleKind.COMBINATION, (SIGN, RELEASE), 2, IDENTITY, APPLICATION),
        "SCM-04": (RuleKind.ONLY, ("update-library",), 1, IDENTITY, APPLICATION),
        "SCM-05": (RuleKind.COMBINATION, ("promote-change",), 1, IDENTITY, APPLICATION),
        "SCM-06": (RuleKind.MAY_HOLD_ONLY, (f"{only}{REQUEST}",), 1, ROLE, SYSTEM),
        "SCM-07": (RuleKind.MAY_HOLD_ONLY, (f"{only}{SIGN}",), 1, ROLE, SYSTEM),
        "SCM-08": (RuleKind.MAY_HOLD_ONLY, (f"{only}{RELEASE}",), 1, ROLE, SYSTEM),
        "SCM-09": (RuleKind.COMBINATION, (REQUEST, SIGN, RELEASE), 2, ROLE, APPLICATION),
        "SCM-10": (RuleKind.MIN_PEOPLE, (REQUEST, SIGN, AUTHORISE), 3, IDENTITY, APPLICATION),
        "SCM-11": (RuleKind.MAX_HOLDERS, (AUTHORISE,), 7, IDENTITY, APPLICATION),
        "SCM-12": (RuleKind.MIN_HOLDERS, (AUTHORISE,), 2, IDENTITY, APPLICATION),
    }


def test_each_seat_is_one_entitlement() -> None:
    seats = {
        duty: {action for way in RULESET.duty[duty].ways for action in way.parts[0].actions}
        for duty in (REQUEST, SIGN, AUTHORISE, RELEASE)
    }

    assert seats == {
        REQUEST: {"PrmUnit"},
        SIGN: {"PrdEnduser"},
        AUTHORISE: {"PrdRelmgnt"},
        RELEASE: {"PrmQA", "PrdRelmgnt"},
    }


def test_only_a_promotion_is_gated_by_the_approvals_before_it() -> None:
    gates = {rule.rule_id: dict(rule.gates) for rule in RULESET.rules if rule.gates}

    assert gates == {"SCM-05": {"promote-change": ("approval_before_deploy",)}}


@by_rule
def test_every_rule_says_all_that_an_auditor_asks(rule: Rule) -> None:
    assert unsaid(rule, RULESET) == []
    assert unconfirmed(rule) == set()


def test_every_case_comes_out_and_none_is_missing() -> None:
    assert [str(problem) for problem in examine(RULESET, CASES).problems] == []


@by_rule
def test_every_rule_has_several_hits_each_with_its_place(rule: Rule) -> None:
    hits = cases_of(CASES, rule, Verdict.VIOLATION)

    assert len(hits) >= (2 if rule.kind.counts_people else 4)
    assert all(case.at for case in hits)


@by_rule
def test_every_rule_has_a_miss_of_every_kind_that_it_can_have(rule: Rule) -> None:
    found = differences(CASES, rule)

    wanted = {Differs.RIGHT}
    if rule.kind in {RuleKind.MIN_HOLDERS, RuleKind.MAX_HOLDERS}:
        wanted |= {Differs.COUNT}
    if rule.scope is APPLICATION and (len(rule.duties) > 1 or rule.kind.counts_people):
        wanted |= {Differs.APPLICATION}
    if len(rule.duties) > 1:
        wanted |= {Differs.DUTY}
    if rule.holder is ROLE:
        wanted |= {Differs.CONTEXT}
    if rule.rule_id == "SCM-04":
        wanted |= {Differs.ENVIRONMENT}
    if rule.subjects or rule.allowed:
        wanted |= {Differs.SUBJECT}
    assert wanted <= found


def test_the_page_names_every_rule_and_shows_a_ruleset_that_builds_on_it(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "ours.yaml"
    path.write_text(block, encoding="utf-8")

    ours = load_ruleset(path)

    assert {rule.rule_id for rule in RULESET.rules} <= set(re.findall(r"[A-Z]{3}-[0-9]{2}", PAGE))
    assert {imported.name for imported in ours.imports} == {RULESET.name}
