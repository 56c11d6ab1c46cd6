"""The iam ruleset keeps its promises: metadata, narrative, and cases one fact apart."""

from __future__ import annotations

from collections import Counter

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Control, HygieneCheck, Rule, RuleKind
from sod_analyzer.rulebench.difference import lacking
from sod_analyzer.rules import builtin_rulesets, check_cases, load_cases, load_ruleset
from tests.conftest import ROOT
from tests.rules.shipped import rule_ids, uncited, unsaid

PATH = builtin_rulesets()["iam"]
RULESET = load_ruleset(PATH)
CASES = load_cases(PATH.with_name("iam.cases.yaml"))
PAGE = ROOT / "docs" / "rulesets" / "iam.md"

by_rule = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: str(rule.rule_id))
by_control = pytest.mark.parametrize(
    "control", RULESET.controls, ids=lambda control: str(control.control_id)
)


@pytest.mark.parametrize(
    ("rule_id", "legs", "count"),
    [
        ("IAM-01", ["approve-access", "request-access"], 2),
        ("IAM-02", ["approve-access", "grant-access"], 2),
        ("IAM-03", ["certify-access", "grant-access+request-access"], 2),
        ("IAM-04", ["create-identities", "grant-access"], 2),
        ("IAM-05", ["approve-access", "certify-access", "grant-access", "request-access"], 3),
        ("IAM-06", ["engineer-roles", "grant-access"], 2),
        ("IAM-07", ["approve-roles", "engineer-roles"], 2),
        ("IAM-08", ["administer-sod-rules", "approve-access+grant-access"], 2),
        ("IAM-09", ["administer-sod-rules", "approve-sod-rules"], 2),
        ("IAM-10", ["approve-access+grant-access+perform-controls", "approve-mitigations"], 2),
        ("IAM-11", ["approve-access+certify-access", "reset-credentials"], 2),
        ("IAM-12", ["certify-access+run-reviews", "link-accounts"], 2),
        ("IAM-13", ["administer-iga+grant-access", "administer-iga-log"], 2),
        ("IAM-14", ["change-identities", "engineer-roles"], 2),
        ("IAM-15", ["administer-iga"], 1),
        ("IAM-16", ["provision"], 1),
        ("IAM-17", ["administer-iga"], 5),
        ("IAM-18", ["approve-access"], 2),
        ("IAM-19", ["approve-access", "grant-access", "request-access"], 3),
        ("IAM-20", ["use-emergency-access"], 12),
        ("IAM-21", ["approve-access", "grant-access"], 2),
        ("IAM-22", ["use-iga!look-up+request-access+reset-credentials"], 1),
    ],
)
def test_each_rule_asks_what_was_agreed(rule_id: str, legs: list[str], count: int) -> None:
    rule = RULESET.rule[rule_id]

    assert (sorted(rule.duties), rule.count) == (legs, count)


def test_every_kind_of_rule_is_there() -> None:
    assert Counter(rule.kind for rule in RULESET.rules) == {
        RuleKind.COMBINATION: 16,
        RuleKind.ONLY: 1,
        RuleKind.MAY_HOLD_ONLY: 1,
        RuleKind.MAX_HOLDERS: 1,
        RuleKind.MIN_HOLDERS: 1,
        RuleKind.MIN_PEOPLE: 1,
        RuleKind.MAX_GRANT_HOURS: 1,
        RuleKind.HYGIENE: 4,
    }
    assert {rule.hygiene.check for rule in RULESET.rules if rule.hygiene} == set(HygieneCheck)


def test_only_the_approval_of_ones_own_request_is_gated() -> None:
    gates = {rule.rule_id: dict(rule.gates) for rule in RULESET.rules if rule.gates}

    assert gates == {"IAM-01": {"approve-access": ("independent_review",)}}


@by_rule
def test_every_rule_says_all_that_an_auditor_asks(rule: Rule) -> None:
    assert unsaid(rule, RULESET) == []
    assert uncited(rule.references) == set()


@by_control
def test_every_control_says_what_must_be_shown_and_some_rule_allows_it(control: Control) -> None:
    assert len(control.needs) >= 1
    assert control.frequency_days is not None
    assert uncited(control.references) == set()
    assert [rule for rule in RULESET.rules if control.control_id in rule.controls]


def test_the_cases_fit_the_ruleset() -> None:
    check_cases(CASES, RULESET)


@by_rule
def test_every_hit_names_its_place_and_the_misses_are_one_fact_away(rule: Rule) -> None:
    hits = [c for c in CASES.cases if c.rule_id == rule.rule_id and c.hit]

    assert len(hits) >= 2
    assert all(case.at for case in hits)
    assert lacking(rule, RULESET.duty, CASES) == ()


def test_the_verdicts_between_are_shown_too() -> None:
    verdicts = {case.verdict for case in CASES.cases}

    assert verdicts >= {Verdict.GATED, Verdict.NOT_EVALUABLE}


def test_the_page_names_every_rule_and_no_other() -> None:
    assert rule_ids(PAGE.read_text(encoding="utf-8")) >= RULESET.rule.keys()
