"""Rulesets by name, each with the cases that stand beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sod_analyzer.errors import Problem, RulesetError, SourceRef, near
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.rules import builtin_rulesets, find_ruleset, load_cases, load_ruleset
from sod_analyzer.rules.cases import CaseFile


@dataclass(frozen=True)
class Opened:
    """A ruleset and its cases; None when no file of cases stands beside it."""

    path: Path
    ruleset: Ruleset
    cases: CaseFile | None


def open_rulesets(names: Iterable[str], base: Path) -> tuple[Opened, ...]:
    """The rulesets of these names or paths, in that order; all built-in ones when there is none.

    Raises:
        RulesetError: with every problem of every file.
    """
    chosen = tuple(dict.fromkeys(names)) or tuple(builtin_rulesets())
    opened: list[Opened] = []
    problems: list[Problem] = []
    for name in chosen:
        try:
            opened.append(open_path(find_ruleset(name, base)))
        except RulesetError as error:
            problems += error.problems
    if problems:
        # What one file imports is told again for each file that does.
        raise RulesetError(dict.fromkeys(problems))
    return tuple(opened)


def open_ruleset(name: str, base: Path) -> Opened:
    """The ruleset of this name or path.

    Raises:
        RulesetError: with every problem of its files.
    """
    (opened,) = open_rulesets([name], base)
    return opened


def cases_path(path: Path) -> Path:
    """Where the cases of a ruleset stand."""
    return path.with_name(f"{path.stem}.cases.yaml")


def open_path(path: Path) -> Opened:
    """The ruleset in this file, with the cases beside it.

    Raises:
        RulesetError: with every problem of its files.
    """
    ruleset = load_ruleset(path)
    beside = cases_path(path)
    if not beside.is_file():
        return Opened(path, ruleset, None)
    shown = ruleset.path.removesuffix(path.name) + beside.name
    cases = load_cases(beside, shown=shown)
    if cases.ruleset != ruleset.name:
        line = cases.document.line("ruleset")
        text = f"{shown}:{line}: cases of '{cases.ruleset}', but the ruleset is '{ruleset.name}'"
        raise RulesetError(text)
    strangers = dict.fromkeys(c.rule_id for c in cases.cases if c.rule_id not in ruleset.rule)
    if strangers:
        raise RulesetError(
            Problem(
                f"no rule '{name}' in {ruleset.name}{near(name, ruleset.rule)}",
                SourceRef(shown, cases.document.line(name)),
            )
            for name in strangers
        )
    return Opened(path, ruleset, cases)
