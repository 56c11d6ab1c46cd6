"""What rules leave out: exclusions, how much each hides, and rules that are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from sod_analyzer.compose.words import listed
from sod_analyzer.detect.judge import Judge
from sod_analyzer.detect.results import Left, RuleResult
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import distinct
from sod_analyzer.model.ruleset import Ruleset

Row = dict[str, Any]


def exclusion_rows(
    judge: Judge, ruleset: Ruleset, results: Sequence[RuleResult], names: Names, as_of: date
) -> list[Row]:
    """One row per exclusion and per dropped rule, sorted by rule and text."""
    places = judge.engine.columns.atlas.places
    rows: list[Row] = []
    for result in results:
        for exclusion in result.rule.exclusions:
            left = [each for each in result.left if each.exclusion == exclusion]
            over = exclusion.until is not None and exclusion.until < as_of
            rows.append(
                {
                    "rule_id": result.rule.rule_id,
                    "what": str(exclusion),
                    "reason": exclusion.reason,
                    "by": exclusion.by,
                    "on": exclusion.on,
                    "until": exclusion.until,
                    "state": "over" if over else "applied" if left else "matches nothing",
                    "hidden": len(left),
                    "people": listed(_named(left, result, names, places)) or None,
                }
            )
    rows += [
        {
            "rule_id": dropped.rule_id,
            "what": f"the whole rule: {dropped.title}",
            "reason": dropped.reason,
            "by": dropped.by,
            "on": dropped.on,
            "state": "dropped",
            "hidden": 0,
        }
        for dropped in ruleset.dropped
    ]
    return sorted(rows, key=lambda row: (row["rule_id"], row["what"], row["reason"]))


def _named(
    left: Sequence[Left], result: RuleResult, names: Names, places: Sequence[Any]
) -> list[str]:
    """Whom or what is left out, sorted, each once."""
    subjects = np.array([each.subject for each in left if each.subject >= 0], dtype=np.int64)
    called = names.names(result.subjects.start + distinct(subjects))
    spots = {each.place for each in left if each.subject < 0}
    return sorted({*called.unique().to_pylist(), *(places[n].label for n in spots)})
