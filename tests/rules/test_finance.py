"""The finance rulesets keep their promises: metadata, narrative, and cases one fact apart."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind, ScopeKind, Severity, Way
from sod_analyzer.rulebench import run_cases
from sod_analyzer.rules import (
    Case,
    CaseRight,
    builtin_rulesets,
    check_cases,
    load_cases,
    load_ruleset,
)
from sod_analyzer.rules.cases import Differs
from tests.conftest import ROOT

#: The ruleset that has everything, and the processes it is made of.
WHOLE = "finance"
PROCESSES = ("procure-to-pay", "record-to-report", "hr-payroll", "order-to-cash", "treasury")
NAMES = (*PROCESSES, WHOLE)
PAGE = ROOT / "docs" / "rulesets" / "finance.md"

RULESETS = {name: load_ruleset(builtin_rulesets()[name]) for name in NAMES}
CASES = {
    name: load_cases(builtin_rulesets()[name].with_name(f"{name}.cases.yaml")) for name in NAMES
}
RULES = {rule.rule_id: rule for rule in RULESETS[WHOLE].rules}

by_name = pytest.mark.parametrize("name", NAMES)
COMBINATIONS = [
    rule for rule in RULES.values() if rule.kind is RuleKind.COMBINATION and rule.count > 1
]
by_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: str(rule.rule_id))

#: The framework ids that these rulesets may cite.
CITED = {
    "sox": {"404"},
    "pcaob": {"AS 1105.10"},
    "coso-2013": {"Principle 10", "Principle 11"},
    "cobit-2019": {"DSS06.03"},
    "nist-800-53": {
        "AC-2", "AC-3(2)", "AC-5", "AC-6", "AC-6(1)", "AC-6(5)", "AC-6(7)", "CM-5", "CM-5(1)",
    },
    "iso-27001-2022": {"A.5.3", "A.5.16", "A.5.18", "A.8.2", "A.8.4", "A.8.31", "A.8.32"},
    "soc2": {"CC6.3", "CC8.1"},
    "dora-2022-2554": {"Art. 9(4)(c)"},
    "dora-rts-2024-1774": {"Art. 17(1)(b)", "Art. 21(b)"},
}  # fmt: skip

Fact = tuple[str, str, str, str | None, bool]


def cases_of(rule: Rule, verdict: Verdict) -> list[Case]:
    cases = CASES[rule.ruleset].cases
    return [case for case in cases if case.rule_id == rule.rule_id and case.verdict is verdict]


def test_the_rules_are_those_agreed() -> None:
    found = Counter(rule_id.rpartition("-")[0] for rule_id in RULES)

    assert found == {"P2P": 21, "R2R": 12, "HR": 12, "O2C": 12, "TR": 15, "XD": 12}


def test_every_kind_of_rule_is_there() -> None:
    assert {rule.kind for rule in RULES.values()} == set(RuleKind)
    assert {rule.scope for rule in RULES.values()} == set(ScopeKind)
    assert RULES["P2P-15"].count == 3
    assert len(RULES["P2P-15"].duties) == 4
    assert RULES["P2P-20"].holder is Holder.ROLE


def test_what_moves_money_alone_is_critical() -> None:
    wanted = ("P2P-01", "P2P-09", "HR-01", "O2C-06", "TR-06", "TR-09", "XD-01", "XD-04", "XD-06")

    assert {RULES[rule_id].severity for rule_id in wanted} == {Severity.CRITICAL}


@by_rule
def test_every_rule_says_all_that_an_auditor_asks(rule: Rule) -> None:
    assert len(rule.why.split()) >= 14
    assert rule.false_positives
    assert rule.since == "2026.2"
    assert rule.slug != rule.rule_id.lower()
    assert len(rule.references) >= 2
    cited = {(framework, each) for framework, ids in rule.references.items() for each in ids}
    assert cited <= {(framework, each) for framework, ids in CITED.items() for each in ids}


@by_rule
def test_every_allowed_control_is_described_and_not_for_ever(rule: Rule) -> None:
    controls = RULESETS[WHOLE].control

    assert set(rule.controls) <= controls.keys()
    assert bool(rule.controls) == bool(rule.control_max_days)
    # Nobody can stand in for a missing releaser, a leaver's login or the cut of a role.
    exempt = {RuleKind.MIN_HOLDERS, RuleKind.HYGIENE}
    assert rule.controls or rule.kind in exempt or rule.holder is Holder.ROLE


@by_name
def test_every_control_says_what_must_be_shown_and_how_often(name: str) -> None:
    for control in RULESETS[name].controls:
        assert control.needs
        assert control.frequency_days
        assert control.references.items()
        assert {
            (framework, each) for framework, ids in control.references.items() for each in ids
        } <= {(framework, each) for framework, ids in CITED.items() for each in ids}
    assert {control.control_id for control in RULESETS[name].controls} == {
        control_id for rule in RULESETS[name].rules for control_id in rule.controls
    }


@by_name
def test_every_duty_is_used_by_a_rule(name: str) -> None:
    ruleset = RULESETS[name]
    used = {duty for rule in ruleset.rules for duty in rule.duties}
    used |= {base for each in used for base in ruleset.duty[each].made_of}
    while further := {i for each in used for i in ruleset.duty[each].includes} - used:
        used |= further

    assert {duty.duty_id for duty in ruleset.duties} == used


@by_name
def test_the_cases_come_out(name: str) -> None:
    results = run_cases(RULESETS[name], CASES[name])

    assert [str(result) for result in results if not result.passed] == []
    assert len(results) == len(CASES[name].cases)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_cases_fit_their_ruleset(name: str) -> None:
    check_cases(CASES[name], RULESETS[name])


@by_rule
def test_every_rule_has_hits_and_misses_of_its_own(rule: Rule) -> None:
    assert cases_of(rule, Verdict.VIOLATION)
    assert cases_of(rule, Verdict.CLEAR)
    assert bool(cases_of(rule, Verdict.GATED)) == bool(rule.gates)


#: How a miss differs where only the place does, by the scope of its rule.
ELSEWHERE = {
    ScopeKind.APPLICATION: {Differs.APPLICATION},
    ScopeKind.RESOURCE: {Differs.RESOURCE},
    ScopeKind.SYSTEM: {Differs.SYSTEM},
    ScopeKind.ANYWHERE: set(),
}


@pytest.mark.parametrize("rule", COMBINATIONS, ids=lambda rule: str(rule.rule_id))
def test_every_combination_has_a_miss_of_every_kind(rule: Rule) -> None:
    found = {case.differs for case in cases_of(rule, Verdict.CLEAR)}
    wanted = {Differs.ENVIRONMENT, Differs.RIGHT, Differs.DUTY} | ELSEWHERE[rule.scope]
    if rule.holder is Holder.IDENTITY:
        wanted.add(Differs.MEANS)
    if rule.rule_id == "XD-05":  # a pipeline has no environment, and the formula's is tested
        wanted.discard(Differs.ENVIRONMENT)

    assert wanted <= found


@by_name
def test_every_way_of_several_parts_is_tried_whole_short_and_split(name: str) -> None:
    several = {
        way
        for duty in RULESETS[name].duties
        for way in duty.ways
        if len(way.parts) > 1 and duty.where is not None and name in duty.where.path
    }
    misses = [case for case in CASES[name].cases if case.verdict is Verdict.CLEAR]

    for way in several:
        whole = [case for case in misses if case.differs is Differs.CONTEXT and _has(case, way)]
        assert any(len({right.account for right in case.rights}) > 1 for case in whole), str(way)
        for n in range(len(way.parts)):
            rest = Way(tuple(part for m, part in enumerate(way.parts) if m != n))
            short = [case for case in misses if case.differs is Differs.DUTY and _has(case, rest)]
            assert [case for case in short if not _has(case, way)], str(way)


@pytest.mark.parametrize(
    "rule",
    [rule for rule in COMBINATIONS if rule.holder is Holder.IDENTITY],
    ids=lambda rule: str(rule.rule_id),
)
def test_every_miss_is_one_fact_from_a_hit_and_says_which(rule: Rule) -> None:
    hits = [_facts(case.rights) for case in cases_of(rule, Verdict.VIOLATION)]

    for miss in cases_of(rule, Verdict.CLEAR):
        assert miss.differs is not None
        facts = _facts(miss.rights)
        apart = {_apart(hit, facts, rule.ruleset) for hit in hits}
        if miss.differs is not Differs.SYSTEM:  # the other system has words of its own
            assert miss.differs in apart, f"{miss.where}: {miss.differs} is none of {apart}"


def test_a_site_can_leave_a_company_out_of_a_rule(tmp_path: Path) -> None:
    """An exclusion hides the place it names, and nothing else."""
    (tmp_path / "site.yaml").write_text(
        """
ruleset: site
version: 2026.1
owner: Group finance
imports: [finance]
extend:
  rules:
    P2P-01:
      exclude:
        - {place: [baltic], reason: A shell without payments, by: CFO, on: 2026-09-01}
drop:
  P2P-14: {reason: Expenses are in another tool, by: CFO, on: 2026-09-01}
""",
        encoding="utf-8",
    )
    (tmp_path / "site.cases.yaml").write_text(
        """
ruleset: site
systems:
  erp: {product: erp, environment: prod}
applications:
  alpine: {resources: [{system: erp, resource: "1000"}]}
  baltic: {resources: [{system: erp, resource: "2000"}]}
P2P-01:
  hit:
    - {ann: [erp create-vendor 1000, erp run-payment 1000], at: alpine}
  miss:
    - {bob: [erp create-vendor 2000, erp run-payment 2000], differs: exclusion}
P2P-08:
  hit:
    - {cas: [erp enter-invoice 2000, erp run-payment 2000], at: baltic}
""",
        encoding="utf-8",
    )
    ruleset = load_ruleset(tmp_path / "site.yaml")

    results = run_cases(ruleset, load_cases(tmp_path / "site.cases.yaml"))

    assert [str(result) for result in results if not result.passed] == []
    assert RULES.keys() - ruleset.rule.keys() == {"P2P-14"}
    assert [dropped.rule_id for dropped in ruleset.dropped] == ["P2P-14"]


def test_the_page_lists_every_rule_and_every_plain_action() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z0-9]+-\d+)` \| ([^|]+?) \|", text, re.MULTILINE))
    actions = {
        action
        for duty in RULESETS[WHOLE].duties
        for way in duty.ways
        for part in way.parts
        if part.product not in {"sap", "github"} and "*" not in "".join(part.actions)
        for action in part.actions
    }

    assert rows == {rule_id: rule.title for rule_id, rule in RULES.items()}
    assert [action for action in sorted(actions) if f"`{action}`" not in text] == []


def _facts(rights: tuple[CaseRight, ...]) -> frozenset[Fact]:
    return frozenset(
        (right.system, right.action, right.resource, right.account, right.self_grant)
        for right in rights
    )


def _has(case: Case, way: Way) -> bool:
    """Whether the case has a right for each part, in whatever account."""
    systems = CASES[case_file(case)].systems
    return all(
        any(
            systems[right.system].product == part.product
            and systems[right.system].environment in {part.environment or "prod", "dev"}
            and any(_fits(action, right.action) for action in part.actions)
            for right in case.rights
        )
        for part in way.parts
    )


def case_file(case: Case) -> str:
    """The ruleset whose cases these are."""
    return Path(case.where.path).name.removesuffix(".cases.yaml")


def _fits(pattern: str, action: str) -> bool:
    glob = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(glob, action) is not None


def _apart(hit: frozenset[Fact], miss: frozenset[Fact], name: str) -> Differs | None:
    """The one fact that separates the two, or None when it is more than one."""
    gone, come = hit - miss, miss - hit
    if (len(gone), len(come)) == (1, 0):
        return Differs.DUTY
    if gone and _produced(gone, name) == _produced(come, name):
        return Differs.ENVIRONMENT
    if (len(gone), len(come)) != (1, 1):
        return None
    (before,), (after,) = gone, come
    changed = [n for n in range(5) if before[n] != after[n]]
    if len(changed) != 1:
        return None
    kinds = (None, Differs.RIGHT, None, Differs.CONTEXT, Differs.MEANS)
    if changed == [2]:
        return _place(before, after, name)
    return kinds[changed[0]]


def _place(before: Fact, after: Fact, name: str) -> Differs:
    applications = [
        {
            app
            for app, shape in CASES[name].applications.items()
            for each in shape.resources
            if each.system == fact[0] and _fits(each.resource, fact[2])
        }
        for fact in (before, after)
    ]
    return Differs.RESOURCE if applications[0] == applications[1] else Differs.APPLICATION


def _produced(facts: frozenset[Fact], name: str) -> list[tuple[object, ...]]:
    """The facts with the product for the system, so that only the environment is lost."""
    return sorted((CASES[name].systems[fact[0]].product, *map(str, fact[1:])) for fact in facts)
