"""Cases run through the real engine, and fail when a rule no longer means what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Duty, Ruleset, ScopeKind, Selector, Way
from sod_analyzer.rulebench import CaseResult, run_cases
from sod_analyzer.rules import CaseFile, builtin_rulesets, load_cases, load_ruleset

RULES = """\
ruleset: small
version: 1
owner: me
duties:
  write: {title: Write, ways: [{product: gh, action: push}]}
  ship:
    title: Ship
    ways:
      - {product: k8s, action: ["patch deployments.apps"], environment: prod}
      - all_of:
          - {product: k8s, action: start, environment: prod}
          - {product: k8s, action: lend, environment: prod, any_scope: true}
rules:
  R1-01:
    title: Write and ship
    duties: {all_of: [write, ship]}
    scope: application
    severity: high
    why: Loss.
    references: {soc2: [CC6.3]}
"""

CASES = """\
ruleset: small
systems:
  gh: {product: gh}
  k8s: {product: k8s, environment: prod}
  test: {product: k8s, environment: test}
applications:
  pay:
    resources:
      - {system: gh, resource: "o/pay-*"}
      - {system: k8s, resource: pay}
      - {system: test, resource: pay}
  web: {resources: [{system: gh, resource: o/web}, {system: k8s, resource: web}]}
R1-01:
  hit:
    - alice: [gh push o/pay-api, k8s "patch deployments.apps" pay]
      at: pay
    - bob: [gh * *, k8s * *]
      at: all
    - carl: [gh push o/web, k8s start web, k8s lend pay]
      at: web
    - dora: [gh push o/web, k8s "patch deployments.apps" web/api]
  miss:
    - alice: [gh push o/pay-api, k8s "patch deployments.apps" web]
      differs: application
    - alice: [gh push o/pay-api, test "patch deployments.apps" pay]
      differs: environment
    - carl: [gh push o/web, k8s start pay, k8s lend pay]
      differs: application
    - carl: [gh push o/web, k8s start web]
      differs: right
"""


def small(folder: Path, *, rules: str = RULES, cases: str = CASES) -> tuple[Ruleset, CaseFile]:
    (folder / "small.yaml").write_text(rules)
    (folder / "small.cases.yaml").write_text(cases)
    return load_ruleset(folder / "small.yaml"), load_cases(folder / "small.cases.yaml")


def failures(results: tuple[CaseResult, ...]) -> list[str]:
    return [str(result) for result in results if not result.passed]


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_every_case_of_every_builtin_ruleset_comes_out(name: str) -> None:
    path = builtin_rulesets()[name]
    cases = load_cases(path.with_name(f"{name}.cases.yaml"))

    results = run_cases(load_ruleset(path), cases)

    assert len(results) == len(cases.cases)
    assert failures(results) == []


def test_hits_are_found_in_their_place_and_misses_are_clear(tmp_path: Path) -> None:
    results = run_cases(*small(tmp_path))

    assert [(result.verdict, result.places) for result in results] == [
        (Verdict.VIOLATION, ("pay",)),
        (Verdict.VIOLATION, ("all",)),
        (Verdict.VIOLATION, ("web",)),
        (Verdict.VIOLATION, ("web",)),
        (Verdict.CLEAR, ()),
        (Verdict.CLEAR, ()),
        (Verdict.CLEAR, ()),
        (Verdict.CLEAR, ()),
    ]
    assert failures(results) == []


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        (
            "at: pay\n    - bob",
            "at: web\n    - bob",
            "15: R1-01 alice: expected hit at web, found hit at pay",
        ),
        (
            "gh push o/pay-api, k8s",
            "gh pull o/pay-api, k8s",
            "15: R1-01 alice: expected hit at pay, found miss",
        ),
        ("web/api", "shop", "21: R1-01 dora: expected hit, found not-evaluable at unmapped"),
        (
            'test "patch deployments.apps" pay',
            'k8s "patch deployments.apps" pay',
            "25: R1-01 alice: expected miss, found hit at pay",
        ),
    ],
)
def test_a_case_that_does_not_come_out_says_what_was_found(
    tmp_path: Path, old: str, new: str, failing: str
) -> None:
    assert old in CASES

    results = run_cases(*small(tmp_path, cases=CASES.replace(old, new, 1)))

    assert failures(results) == [f"small.cases.yaml:{failing}"]


def without(ruleset: Ruleset, duty: Duty, way: Way, part: Selector) -> Ruleset:
    """The ruleset without one part of one way."""
    parts = tuple(each for each in way.parts if each is not part)
    ways = (Way(parts) if each is way else each for each in duty.ways)
    changed = replace(duty, ways=tuple(each for each in ways if each.parts))
    return replace(ruleset, duties=tuple(changed if d is duty else d for d in ruleset.duties))


def test_a_way_taken_out_of_a_duty_fails_a_case(tmp_path: Path) -> None:
    ruleset, cases = small(tmp_path)

    for duty in ruleset.duties:
        for way in duty.ways:
            for part in way.parts:
                assert failures(run_cases(without(ruleset, duty, way, part), cases)), str(part)


@pytest.mark.parametrize("scope", [ScopeKind.SYSTEM, ScopeKind.RESOURCE, ScopeKind.ANYWHERE])
def test_another_scope_fails_a_case(tmp_path: Path, scope: ScopeKind) -> None:
    ruleset, cases = small(tmp_path)
    changed = replace(ruleset, rules=tuple(replace(rule, scope=scope) for rule in ruleset.rules))

    assert failures(run_cases(changed, cases))
