"""The devops ruleset keeps its own promises: metadata, narrative, and cases one fact apart."""

from __future__ import annotations

from collections import Counter

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import (
    Control,
    Holder,
    HygieneCheck,
    Rule,
    RuleKind,
    ScopeKind,
    Severity,
)
from sod_analyzer.rulebench.difference import lacking
from sod_analyzer.rules import builtin_rulesets, check_cases, load_cases, load_ruleset
from tests.conftest import ROOT
from tests.rules.shipped import rule_ids, uncited, unsaid

PATH = builtin_rulesets()["devops"]
RULESET = load_ruleset(PATH)
CASES = load_cases(PATH.with_name("devops.cases.yaml"))
PAGE = ROOT / "docs" / "rulesets" / "devops.md"

by_rule = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: str(rule.rule_id))
by_control = pytest.mark.parametrize(
    "control", RULESET.controls, ids=lambda control: str(control.control_id)
)


def test_the_first_five_rules_mean_what_they_always_did() -> None:
    found = {
        rule.rule_id: (rule.duties, rule.scope, rule.severity, dict(rule.tiers))
        for rule in RULESET.rules
        if rule.rule_id <= "DEV-05"
    }

    assert found == {
        "DEV-01": (
            ("commit", "deploy"),
            ScopeKind.APPLICATION,
            Severity.HIGH,
            {"customer-acquisition": Severity.HIGH, "move-money": Severity.CRITICAL},
        ),
        "DEV-02": (
            ("approve", "deploy"),
            ScopeKind.APPLICATION,
            Severity.MEDIUM,
            {"move-money": Severity.HIGH},
        ),
        "DEV-03": (
            ("administer-access", "deploy"),
            ScopeKind.APPLICATION,
            Severity.HIGH,
            {"customer-acquisition": Severity.HIGH, "move-money": Severity.CRITICAL},
        ),
        "DEV-04": (
            ("administer-access", "administer-logs"),
            ScopeKind.SYSTEM,
            Severity.CRITICAL,
            {},
        ),
        "DEV-05": (
            ("change-pipeline", "administer-access"),
            ScopeKind.APPLICATION,
            Severity.HIGH,
            {},
        ),
    }


def test_every_kind_of_rule_is_there() -> None:
    kinds = Counter(rule.kind for rule in RULESET.rules)

    assert kinds == {
        RuleKind.COMBINATION: 27,
        RuleKind.ONLY: 1,
        RuleKind.MAY_HOLD_ONLY: 1,
        RuleKind.MAX_HOLDERS: 1,
        RuleKind.MIN_HOLDERS: 2,
        RuleKind.MIN_PEOPLE: 1,
        RuleKind.MAX_GRANT_HOURS: 1,
        RuleKind.HYGIENE: 4,
    }
    assert {rule.hygiene.check for rule in RULESET.rules if rule.hygiene} == set(HygieneCheck)
    assert {rule.holder for rule in RULESET.rules} == set(Holder)


@pytest.mark.parametrize(
    ("rule_id", "legs", "count"),
    [
        ("DEV-06", ["approve-own", "commit"], 2),
        ("DEV-07", ["commit", "merge-unreviewed"], 2),
        ("DEV-08", ["approve", "commit", "deploy", "sign-off-tests"], 3),
        ("DEV-09", ["commit+deploy", "control-gates"], 2),
        ("DEV-10", ["administer-pipeline", "commit"], 2),
        ("DEV-11", ["deploy+read-secrets", "stop-logs"], 2),
        ("DEV-12", ["administer-access", "certify-access"], 2),
        ("DEV-13", ["administer-access", "create-identities"], 2),
        ("DEV-14", ["change-production-data", "commit"], 2),
        ("DEV-15", ["administer-database-audit", "change-production-data"], 2),
        ("DEV-16", ["change-production-data", "manage-keys"], 2),
        ("DEV-17", ["manage-keys"], 2),
        ("DEV-18", ["administer-access+change-production-data+deploy", "delete-backups"], 2),
        ("DEV-19", ["commit", "sign-off-tests"], 2),
        ("DEV-20", ["administer-access+change-production-data+deploy", "administer-detection"], 2),
        ("DEV-21", ["administer-pipeline", "read-secrets"], 2),
        ("DEV-22", ["review-emergency-access", "use-emergency-access"], 2),
        ("DEV-23", ["use-emergency-access"], 24),
        ("DEV-24", ["administer-cloud-access", "administer-cluster-access", "control-gates"], 2),
        ("DEV-25", ["deploy", "develop"], 2),
        ("DEV-26", ["approve", "change-network-rules"], 2),
        ("DEV-27", ["administer-security"], 1),
        ("DEV-28", ["release"], 1),
        ("DEV-29", ["commit", "release"], 2),
        ("DEV-30", ["deploy"], 7),
        ("DEV-31", ["deploy"], 2),
        ("DEV-32", ["approve+merge", "commit", "deploy"], 3),
        ("DEV-33", ["access-production!read-production"], 1),
        ("DEV-34", ["commit", "deploy"], 2),
    ],
)
def test_each_further_rule_asks_what_was_agreed(rule_id: str, legs: list[str], count: int) -> None:
    rule = RULESET.rule[rule_id]

    assert (sorted(rule.duties), rule.count) == (legs, count)


def test_vendors_accounts_and_builds_are_told_apart() -> None:
    rules = RULESET.rule

    assert rules["DEV-25"].holder is Holder.ACCOUNT
    assert rules["DEV-27"].subjects.kinds == ("vendor",)
    assert rules["DEV-28"].allowed.kinds == ("workload",)
    assert rules["DEV-33"].subjects.kinds == ("vendor",)
    assert rules["DEV-34"].conflicts_of == "DEV-01"


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


def test_every_duty_is_asked_for_by_a_rule_or_by_another_duty() -> None:
    asked = {duty for rule in RULESET.rules for duty in rule.duties}
    asked |= {part for name in asked for part in RULESET.duty[name].made_of}
    for _ in RULESET.duties:
        asked |= {inner for name in asked for inner in RULESET.duty[name].includes}

    assert {duty.duty_id for duty in RULESET.duties} - asked == set()


def test_the_cases_fit_the_ruleset() -> None:
    check_cases(CASES, RULESET)


@by_rule
def test_every_hit_names_its_place_and_the_misses_are_one_fact_away(rule: Rule) -> None:
    hits = [c for c in CASES.cases if c.rule_id == rule.rule_id and c.hit]

    assert len(hits) >= 2
    assert all(case.at for case in hits)
    assert lacking(rule, RULESET.duty, CASES) == ()


def test_the_verdicts_between_are_shown_too() -> None:
    between = {
        case.verdict
        for case in CASES.cases
        if case.verdict not in {Verdict.VIOLATION, Verdict.CLEAR}
    }

    assert between == {Verdict.GATED, Verdict.MITIGATED, Verdict.NOT_EVALUABLE}


def test_every_action_of_the_ruleset_stands_in_a_case() -> None:
    # A pattern with a star is matched by a case's right; any other must be written there itself.
    used = {
        (CASES.systems[right.system].product, right.action)
        for case in CASES.cases
        for person in case.people
        for right in person.rights
    }
    named = {
        (part.product, action)
        for duty in RULESET.duties
        for way in duty.ways
        for part in way.parts
        for action in part.actions
        if "*" not in action
    }

    assert named - used == set()


def test_write_access_to_one_repository_breaks_no_rule() -> None:
    wanted = {"pull", "triage", "push", "merge", "approve", "edit-workflow", "run-workflow"}

    found = [
        case.hit
        for case in CASES.cases
        if {right.action for right in case.rights} == wanted
        and {(right.system, right.resource) for right in case.rights}
        == {("github-acme", "acme/payments-api")}
    ]

    assert found == [False]


def test_the_page_names_every_rule_and_no_other() -> None:
    assert rule_ids(PAGE.read_text(encoding="utf-8")) >= RULESET.rule.keys()
