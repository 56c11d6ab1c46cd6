"""A ruleset's test: every case comes out, and every rule has the cases that pin it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.errors import Problem
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Rule, RuleKind, Ruleset
from sod_analyzer.rulebench.cases import Bench, CaseResult
from sod_analyzer.rulebench.difference import lacking
from sod_analyzer.rules.cases import EXPECTED, CaseFile

_VERDICTS: tuple[tuple[str, Verdict], ...] = tuple(EXPECTED.items())


@dataclass(frozen=True)
class Examined:
    """What a ruleset's cases say of it."""

    ruleset: Ruleset
    results: tuple[CaseResult, ...]
    problems: tuple[Problem, ...]  # failures, and cases that are not there; by place

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def rows(self) -> list[dict[str, object]]:
        """One row per rule that the ruleset states itself: its cases by list, and what is wrong."""
        counts = Counter((r.case.rule_id, r.case.verdict) for r in self.results)
        failed = Counter(r.case.rule_id for r in self.results if not r.passed)
        return [
            {
                "ruleset": self.ruleset.name,
                "rule": rule.rule_id,
                "kind": str(rule.kind),
                **{name: counts[rule.rule_id, verdict] for name, verdict in _VERDICTS},
                "failed": failed[rule.rule_id],
                "problems": [str(p) for p in self.problems if rule.rule_id in p.text.split()],
            }
            for rule in own_rules(self.ruleset)
        ]


def own_rules(ruleset: Ruleset) -> tuple[Rule, ...]:
    """The rules that the ruleset states itself: imported ones have their cases where they stand."""
    return tuple(rule for rule in ruleset.rules if rule.ruleset in {"", ruleset.name})


def examine(ruleset: Ruleset, cases: CaseFile | None) -> Examined:
    """Runs the cases, and looks for those that are missing.

    Every rule that the ruleset states needs a hit, and misses that are one fact from a hit: in
    another scope, in another environment where one is asked for, with another right, and one duty
    short. `difference.needed` says which of these a rule of each kind can have.
    """
    rules = own_rules(ruleset)
    if cases is None:
        without = [
            Problem(f"{rule.rule_id} has no cases: there is no file of cases", rule.where)
            for rule in rules
        ]
        return Examined(ruleset, (), tuple(without))
    bench = Bench(ruleset, cases)
    results = bench.run()
    problems = [
        Problem(f"{r.case.rule_id} {r.case.person}: {r.sentence}", r.case.where)
        for r in results
        if not r.passed
    ]
    for rule in rules:
        problems += _gaps(rule, ruleset, cases)
    ordered = sorted(
        problems, key=lambda p: (p.where.path, p.where.line or 0) if p.where else ("",)
    )
    return Examined(ruleset, results, tuple(ordered))


def _gaps(rule: Rule, ruleset: Ruleset, cases: CaseFile) -> list[Problem]:
    """What is missing among the cases of one rule."""
    mine = [case for case in cases.cases if case.rule_id == rule.rule_id]
    hits = [case for case in mine if case.hit]
    if not hits:
        return [Problem(f"{rule.rule_id} has no case that must be hit", rule.where)]
    if not any(case.verdict is Verdict.CLEAR for case in mine):
        return [Problem(f"{rule.rule_id} has no case that must be missed", rule.where)]
    return [
        Problem(f"{rule.rule_id} has no miss that is one fact from a hit: {text}", rule.where)
        for text in lacking(rule, ruleset.duty, cases)
    ]


def matrix_rows(examined: Iterable[Examined]) -> list[dict[str, object]]:
    """How many cases there are of each rule kind and verdict; every kind has a row."""
    counts: Counter[tuple[RuleKind, Verdict]] = Counter()
    for each in examined:
        rules: Mapping[str, Rule] = each.ruleset.rule
        counts.update((rules[r.case.rule_id].kind, r.case.verdict) for r in each.results)
    return [
        {"kind": str(kind), **{name: counts[kind, verdict] for name, verdict in _VERDICTS}}
        for kind in RuleKind
        if any(counts[kind, verdict] for _, verdict in _VERDICTS)
    ]
