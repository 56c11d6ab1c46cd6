"""Which rules serve which requirement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sod_analyzer.model.ruleset import Ruleset

Row = dict[str, object]


def crosswalk(rulesets: Iterable[Ruleset]) -> list[Row]:
    """One row per framework and requirement: the rules and the compensating controls that cite it.

    Sorted by framework, then by requirement with its numbers as numbers.
    """
    rules: dict[tuple[str, str], set[str]] = {}
    controls: dict[tuple[str, str], set[str]] = {}
    for ruleset in rulesets:
        for rule in ruleset.rules:
            for framework, ids in rule.references.items():
                for each in ids:
                    rules.setdefault((framework, each), set()).add(rule.rule_id)
        for control in ruleset.controls:
            for framework, ids in control.references.items():
                for each in ids:
                    controls.setdefault((framework, each), set()).add(control.control_id)
    return [
        {
            "framework": framework,
            "requirement": requirement,
            "rules": sorted(rules.get((framework, requirement), ())),
            "controls": sorted(controls.get((framework, requirement), ())),
        }
        for framework, requirement in sorted(rules.keys() | controls.keys(), key=_order)
    ]


def _order(key: tuple[str, str]) -> tuple[str, list[tuple[int, int, str]]]:
    framework, requirement = key
    parts = re.findall(r"[0-9]+|[^0-9]+", requirement)
    return framework, [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]
