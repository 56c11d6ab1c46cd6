"""A small ruleset, and rules of every kind over its duties, without any file of rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sod_analyzer.model.ruleset import (
    Duty,
    Rule,
    RuleKind,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Way,
)
from sod_analyzer.rulebench import CaseResult, run_cases
from sod_analyzer.rules.cases import CaseFile, load_cases

HEAD = """\
ruleset: small
systems:
  gh: {product: gh}
  k8s: {product: k8s, environment: prod}
  test: {product: k8s, environment: test}
  vault: {product: vault, missing: true}
applications:
  pay:
    tier: money
    resources:
      - {system: gh, resource: "o/pay-*"}
      - {system: k8s, resource: pay}
      - {system: test, resource: pay}
  web: {resources: [{system: gh, resource: o/web}, {system: k8s, resource: web}]}
  safe: {resources: [{system: gh, resource: o/safe}, {system: vault, resource: safe}]}
"""

DAY = date(2026, 10, 1)


def duty(name: str, *ways: Way | Selector) -> Duty:
    """A duty of these ways; a selector alone is a way of one part."""
    return Duty(name, name.title(), tuple(w if isinstance(w, Way) else Way((w,)) for w in ways))


WRITE = duty("write", Selector("gh", ("push",)))
SHIP = duty("ship", Selector("k8s", ("deploy",), environment="prod"), Selector("vault", ("open",)))
START = duty("start", Way((Selector("k8s", ("run",)), Selector("k8s", ("lend",), any_scope=True))))
DUTIES = (SHIP, START, WRITE)


def rule(rule_id: str = "R1-01", **facts: Any) -> Rule:
    """Write and ship in one application, but for what `facts` say."""
    stated: dict[str, Any] = {
        "rule_id": rule_id,
        "slug": rule_id.lower(),
        "title": rule_id,
        "duties": ("write", "ship"),
        "count": 2,
        "scope": ScopeKind.APPLICATION,
        "severity": Severity.HIGH,
        "why": "Loss.",
        "digest": f"digest of {rule_id}",
    }
    return Rule(**{**stated, **facts})


def counting(kind: RuleKind, count: int, *duties: str, **facts: Any) -> Rule:
    """A rule that counts people."""
    return rule(kind=kind, count=count, duties=duties, **facts)


def ruleset(*rules: Rule, duties: tuple[Duty, ...] = DUTIES) -> Ruleset:
    """These rules over these duties."""
    return Ruleset(
        "small",
        "1",
        "Small",
        "me",
        tuple(sorted(duties, key=lambda d: d.duty_id)),
        tuple(sorted(rules, key=lambda r: r.rule_id)),
        "digest",
        "small.yaml",
    )


def cases(folder: Path, body: str, *, head: str = HEAD) -> CaseFile:
    """The cases of a file with the usual head."""
    path = folder / "small.cases.yaml"
    path.write_text(head + body, encoding="utf-8")
    return load_cases(path)


def run(folder: Path, body: str, *rules: Rule, **facts: Any) -> tuple[CaseResult, ...]:
    """The cases of this body, judged by these rules."""
    return run_cases(ruleset(*(rules or (rule(),)), **facts), cases(folder, body))


def failures(results: tuple[CaseResult, ...]) -> list[str]:
    """What did not come out."""
    return [str(result) for result in results if not result.passed]
