"""What every shipped rule must say before an auditor signs it, and what its cases must show."""

from __future__ import annotations

from collections.abc import Mapping

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Rule, Ruleset
from sod_analyzer.rules import Case, CaseFile
from sod_analyzer.rules.cases import Differs

#: Requirements whose documents were seen, by framework; nothing else may be cited here.
CONFIRMED: Mapping[str, frozenset[str]] = {
    "cobit-2019": frozenset({"DSS06.03"}),
    "nist-800-53": frozenset({"AC-5", "AC-6", "CM-3", "CM-5", "CM-5(1)"}),
    "pci-dss-4.0.1": frozenset({"6.5.1", "6.5.3", "6.5.4", "7.2.4"}),
    "iso-27001-2022": frozenset({"A.5.3", "A.5.18", "A.8.4", "A.8.15", "A.8.31", "A.8.32"}),
    "soc2": frozenset({"CC6.3", "CC8.1"}),
    "dora-2022-2554": frozenset({"Art. 9(4)(c)", "Art. 9(4)(e)"}),
    "dora-rts-2024-1774": frozenset({"Art. 17(1)(b)", "Art. 21(b)"}),
}


def unsaid(rule: Rule, ruleset: Ruleset) -> list[str]:
    """What an auditor would ask and the rule does not answer; empty when all is said."""
    said = {
        "a story of the loss": len(rule.why.split()) >= 25,
        "harmless hits": bool(rule.false_positives),
        "controls": bool(rule.controls) and set(rule.controls) <= ruleset.control.keys(),
        "how long a control may stand in": rule.control_max_days is not None,
        "since when": rule.since is not None,
        "several frameworks": len(rule.references) >= 3,
        "a danger for a name": rule.slug != rule.rule_id.lower(),
    }
    return [question for question, answered in said.items() if not answered]


def unconfirmed(rule: Rule) -> set[tuple[str, str]]:
    """References whose document nobody has seen."""
    return {
        (framework, requirement)
        for framework, requirements in rule.references.items()
        for requirement in requirements
        if requirement not in CONFIRMED.get(framework, frozenset())
    }


def cases_of(cases: CaseFile, rule: Rule, verdict: Verdict) -> tuple[Case, ...]:
    """The rule's cases that expect this verdict."""
    return tuple(c for c in cases.cases if c.rule_id == rule.rule_id and c.verdict is verdict)


def differences(cases: CaseFile, rule: Rule) -> set[Differs | None]:
    """The facts in which the rule's misses differ from hits."""
    return {case.differs for case in cases_of(cases, rule, Verdict.CLEAR)}
