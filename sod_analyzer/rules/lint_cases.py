"""Lint of rule cases: rules without any, and the misses that would tell them apart from others.

Whether the cases come out, and whether a miss is one fact from a hit, only running them can tell.
"""

from __future__ import annotations

from collections.abc import Mapping

from sod_analyzer.documents import suggest
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, Ruleset, ScopeKind
from sod_analyzer.rules.cases import Case, CaseFile, Differs
from sod_analyzer.rules.lint_places import Say

_SCOPES = frozenset({Differs.APPLICATION, Differs.SYSTEM, Differs.RESOURCE})


def lint_cases(cases: CaseFile, ruleset: Ruleset, say: Say) -> None:
    """Says which cases no rule answers to, and which cases rules lack."""
    path, document = cases.document.path, cases.document
    if cases.ruleset != ruleset.name:
        text = f"cases of '{cases.ruleset}', but the ruleset is '{ruleset.name}'; name that one"
        say("cases-of-another-ruleset", text, SourceRef(path, document.line("ruleset")))
    by_rule: dict[str, list[Case]] = {}
    for case in cases.cases:
        by_rule.setdefault(case.rule_id, []).append(case)
    for rule_id in by_rule:
        if rule_id not in ruleset.rule:
            text = f"there is no rule '{rule_id}'{suggest(rule_id, ruleset.rule)}"
            say("case-of-unknown-rule", text, SourceRef(path, document.line(rule_id)))
    for rule in ruleset.rules:
        # Imported rules have their cases where they stand.
        if rule.ruleset in {"", ruleset.name}:
            _lint_lists(rule, ruleset, by_rule.get(rule.rule_id, []), cases, say)


def _lint_lists(rule: Rule, ruleset: Ruleset, mine: list[Case], cases: CaseFile, say: Say) -> None:
    path = cases.document.path
    if not mine:
        text = f"{rule.rule_id} has no case; add a hit and a miss to {path}"
        say("rule-without-case", text, rule.where or SourceRef(ruleset.path))
        return
    at = SourceRef(path, cases.document.line(rule.rule_id))
    lists = {case.verdict for case in mine}
    for verdict, name in ((Verdict.VIOLATION, "hit"), (Verdict.CLEAR, "miss")):
        if verdict not in lists:
            text = f"{rule.rule_id} has no case under '{name}'; add one"
            say("rule-without-case", text, at)
    if Verdict.CLEAR in lists:
        _lint_misses(rule, ruleset.duty, mine, at, say)


def _lint_misses(
    rule: Rule, duties: Mapping[str, Duty], mine: list[Case], at: SourceRef, say: Say
) -> None:
    there = {case.differs for case in mine}
    for words in wanted(rule, duties):
        if not words & there:
            named = " or ".join(sorted(words))
            text = f"{rule.rule_id} has no miss that differs by {named}; add one"
            say("missing-near-miss", text, at)


def wanted(rule: Rule, duties: Mapping[str, Duty]) -> tuple[frozenset[Differs], ...]:
    """What a rule's misses must differ by: one of each set.

    A rule about one duty alone is broken wherever it is held, so no other place makes a miss.
    """
    if rule.kind is RuleKind.HYGIENE:
        return ()
    found = [frozenset({Differs.RIGHT})]
    several = rule.kind is RuleKind.COMBINATION and rule.count > 1
    if rule.scope is not ScopeKind.ANYWHERE and (several or rule.kind.counts_people):
        found.append(_SCOPES)
    parts = (p for name in rule.duties for way in duties[name].ways for p in way.parts)
    if any(part.environment is not None for part in parts):
        found.append(frozenset({Differs.ENVIRONMENT}))
    if several:
        found.append(frozenset({Differs.DUTY}))
    return tuple(found)
