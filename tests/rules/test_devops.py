"""The devops ruleset keeps its own promises: metadata, narrative, and cases one fact apart."""

from __future__ import annotations

import pytest

from sod_analyzer.model.ruleset import Rule, ScopeKind, Severity
from sod_analyzer.rules import (
    Case,
    CaseRight,
    builtin_rulesets,
    check_cases,
    load_cases,
    load_ruleset,
)
from sod_analyzer.rules.cases import Differs

PATH = builtin_rulesets()["devops"]
RULESET = load_ruleset(PATH)
CASES = load_cases(PATH.with_name("devops.cases.yaml"))

by_rule = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: str(rule.rule_id))


def test_the_rules_are_the_five_agreed() -> None:
    found = {
        rule.rule_id: (rule.duties, rule.scope, rule.severity, dict(rule.tiers))
        for rule in RULESET.rules
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


@by_rule
def test_every_rule_says_all_that_an_auditor_asks(rule: Rule) -> None:
    assert len(rule.why.split()) >= 20
    assert rule.false_positives
    assert rule.controls
    assert rule.control_max_days
    assert rule.since
    assert len(rule.references) >= 5
    assert rule.slug != rule.rule_id.lower()


def test_the_cases_fit_the_ruleset() -> None:
    check_cases(CASES, RULESET)


@by_rule
def test_every_rule_has_several_hits_each_with_its_place(rule: Rule) -> None:
    hits = cases_of(rule, hit=True)

    assert len(hits) >= 4
    assert all(case.at for case in hits)


@by_rule
def test_every_rule_has_a_miss_of_every_kind(rule: Rule) -> None:
    kinds = {case.differs for case in cases_of(rule, hit=False)}

    assert kinds >= {Differs.APPLICATION, Differs.ENVIRONMENT, Differs.RIGHT, Differs.DUTY}


#: What a replaced word of a right, or a right left out, can stand for.
STANDS_FOR = {
    Differs.APPLICATION: {"resource"},
    Differs.SYSTEM: {"system"},
    Differs.ENVIRONMENT: {"environment"},
    Differs.RIGHT: {"action", "resource"},
    Differs.DUTY: {"duty"},
}


@by_rule
def test_every_miss_is_one_fact_from_a_hit_and_says_which(rule: Rule) -> None:
    hits = cases_of(rule, hit=True)

    for miss in cases_of(rule, hit=False):
        if miss.person == "hana":  # holds all that write access to a repository brings
            continue
        changes = [_changes(hit, miss) for hit in hits]
        assert miss.differs is not None
        assert any(len(each) == 1 and each <= STANDS_FOR[miss.differs] for each in changes), (
            f"{miss.where}: {miss.differs} is none of {changes}"
        )


def test_write_access_to_one_repository_breaks_no_rule() -> None:
    wanted = {"pull", "triage", "push", "merge", "approve", "edit-workflow", "run-workflow"}

    found = [
        case
        for case in CASES.cases
        if {right.action for right in case.rights} == wanted
        and {(right.system, right.resource) for right in case.rights}
        == {("github-acme", "acme/payments-api")}
    ]

    assert [case.hit for case in found] == [False]


def cases_of(rule: Rule, *, hit: bool) -> list[Case]:
    return [case for case in CASES.cases if case.rule_id == rule.rule_id and case.hit == hit]


def _changes(hit: Case, miss: Case) -> set[str]:
    """What separates the two; empty when it is more than one right."""
    before, after = _facts(hit), _facts(miss)
    gone, come = before - after, after - before
    if (len(gone), len(come)) == (1, 0):
        return {"duty"}
    if (len(gone), len(come)) == (1, 1):
        return _words_apart(*gone, *come)
    return set()


def _words_apart(one: tuple[str, str, str], other: tuple[str, str, str]) -> set[str]:
    names = ("system", "action", "resource")
    changed = {name for name, a, b in zip(names, one, other, strict=True) if a != b}
    if "system" in changed and _product(one[0]) == _product(other[0]):
        environments = CASES.systems[one[0]].environment, CASES.systems[other[0]].environment
        if environments[0] != environments[1]:
            changed = (changed - {"system"}) | {"environment"}
    return changed


def _product(system: str) -> str:
    return CASES.systems[system].product


def _facts(case: Case) -> frozenset[tuple[str, str, str]]:
    def plain(right: CaseRight) -> tuple[str, str, str]:
        return (right.system, right.action, right.resource)

    return frozenset(plain(right) for right in case.rights)
