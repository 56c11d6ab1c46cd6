"""What every rule of the rulesets on delivery and access must say, and what it may cite."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sod_analyzer.model.ruleset import Rule, Ruleset

#: Requirements whose documents were seen, by framework; nothing else may be cited.
CITED: Mapping[str, frozenset[str]] = {
    "sox": frozenset({"404"}),
    "cobit-2019": frozenset({"DSS06.03"}),
    "nist-800-53": frozenset(
        {
            *("AC-2", "AC-3(2)", "AC-5", "AC-6", "AC-6(1)", "AC-6(5)", "AC-6(7)", "AC-6(9)"),
            *("AU-9", "AU-9(4)", "AU-9(5)", "CM-3", "CM-3(2)", "CM-4(1)", "CM-5", "CM-5(1)"),
            *("CM-5(4)", "CP-9", "CP-9(7)", "IA-4", "IA-5"),
        }
    ),
    "pci-dss-4.0.1": frozenset({"6.5.3", "6.5.4", "7.2.4"}),
    "iso-27001-2022": frozenset(
        {
            *("A.5.3", "A.5.15", "A.5.16", "A.5.18", "A.5.19", "A.8.2", "A.8.3", "A.8.4"),
            *("A.8.13", "A.8.15", "A.8.16", "A.8.19", "A.8.20", "A.8.31", "A.8.32"),
        }
    ),
    "soc2": frozenset({"CC6.3", "CC8.1"}),
    "dora-rts-2024-1774": frozenset({"Art. 17(1)(b)", "Art. 21(a)", "Art. 21(b)", "Art. 21(c)"}),
    "owasp-cicd": frozenset({"CICD-SEC-1", "CICD-SEC-4", "CICD-SEC-5", "CICD-SEC-6"}),
}


def unsaid(rule: Rule, ruleset: Ruleset) -> list[str]:
    """What an auditor would ask and the rule does not answer; empty when all is said."""
    said = {
        "a story of the loss": len(rule.why.split()) >= 20,
        "harmless hits": bool(rule.false_positives),
        "controls": bool(rule.controls) and set(rule.controls) <= ruleset.control.keys(),
        "how long a control may stand in": rule.control_max_days is not None,
        "since when": rule.since is not None,
        "two frameworks": len(rule.references) >= 2,
        "a danger for a name": rule.slug != rule.rule_id.lower(),
    }
    return [question for question, answered in said.items() if not answered]


def uncited(references: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """References that may not be cited here."""
    return {
        (framework, requirement)
        for framework, requirements in references.items()
        for requirement in requirements
        if requirement not in CITED.get(framework, frozenset())
    }


def rule_ids(page: str) -> set[str]:
    """The rules that a page's crosswalk and text name."""
    return set(re.findall(r"\b[A-Z]{3}-\d{2}\b", page))
