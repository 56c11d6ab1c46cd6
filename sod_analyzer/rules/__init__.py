"""What people write for the tool to judge by: rulesets, the application catalogue, rule cases.

A part is loaded when it is asked for: who reads a ruleset does not wait for cases and spreadsheets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sod_analyzer.deferred import names_of

if TYPE_CHECKING:
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

#: Where each name above is at home.
_HOMES = {
    "case_rights": ("CaseRight",),
    "cases": ("Case", "CaseFile", "CaseSystem", "check_cases", "load_cases"),
    "catalogue": ("Catalogue", "load_catalogue"),
    "finding": ("builtin_rulesets", "find_ruleset"),
    "loading": ("load_ruleset",),
}

__getattr__ = names_of(__name__, _HOMES)
