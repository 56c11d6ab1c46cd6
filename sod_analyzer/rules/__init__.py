"""What people write for the tool to judge by: rulesets, the application catalogue, rule cases.

A part is loaded when it is asked for: who reads a ruleset does not wait for cases and spreadsheets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load the part that a name belongs to; Python asks for each name once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found
