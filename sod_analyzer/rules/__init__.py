"""What people write for the tool to judge by: rulesets, the application catalogue, rule cases."""

from __future__ import annotations

from sod_analyzer.rules.case_rights import CaseRight
from sod_analyzer.rules.cases import Case, CaseFile, CaseSystem, check_cases, load_cases
from sod_analyzer.rules.catalogue import Catalogue, load_catalogue
from sod_analyzer.rules.finding import builtin_rulesets, find_ruleset
from sod_analyzer.rules.loading import load_ruleset

__all__ = [
    "Case",
    "CaseFile",
    "CaseRight",
    "CaseSystem",
    "Catalogue",
    "builtin_rulesets",
    "check_cases",
    "find_ruleset",
    "load_cases",
    "load_catalogue",
    "load_ruleset",
]
