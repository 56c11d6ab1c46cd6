"""Rules and patterns as rows: what each rule found, and what each pattern matched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sod_analyzer.compose import sentences
from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.words import counted, joined, listed, lower_first
from sod_analyzer.detect.combination import duties_needed
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.model.finding import NOBODY, Verdict
from sod_analyzer.model.ruleset import RuleKind, Ruleset
from sod_analyzer.model.settings import UNREAD

Row = dict[str, Any]

#: States of a rule.
EVALUATED, NOT_EVALUABLE, NOT_APPLICABLE = "evaluated", "not evaluable", "not applicable"

#: Columns that count a rule's findings, with the verdict of each.
_COUNTED = {
    "not_evaluable": Verdict.NOT_EVALUABLE,
    "mitigated": Verdict.MITIGATED,
    "gated": Verdict.GATED,
}


def rule_rows(
    judge: Judge,
    ruleset: Ruleset,
    results: Iterable[RuleResult],
    found: Findings,
) -> list[Row]:
    """One row per rule, sorted by id."""
    violations, places = found.rows.violations, found.rows.places
    alone = _alone(judge)
    rows = []
    for result in results:
        rule = result.rule
        mine = [v for v in violations if v["rule_id"] == rule.rule_id]
        violated = [v for v in mine if v["verdict"] == Verdict.VIOLATION]
        broken = [v for v in violated if v.get("folded_under") is None]
        folded = len(violated) - len(broken)
        ids = {v["finding_id"] for v in broken}
        mine_places = [p for p in places if p["finding_id"] in ids]
        rows.append(
            {
                "rule_id": rule.rule_id,
                "title": rule.title,
                "kind": str(rule.kind),
                "ruleset": rule.ruleset or ruleset.name,
                "severity": str(rule.severity),
                "tiers": "; ".join(f"{t}: {s}" for t, s in sorted(rule.tiers.items())) or None,
                "scope": str(rule.scope),
                "logic": sentences.logic(rule),
                "subjects": sentences.about(rule),
                "why": rule.why,
                "counts": "; ".join(
                    [*map(str, rule.counts.means), *map(str, rule.counts.certainty)]
                ),
                "gates": "; ".join(f"{d}: {', '.join(k)}" for d, k in rule.gates.items()) or None,
                "controls": "; ".join(rule.controls) or None,
                "references": "; ".join(
                    f"{name} {', '.join(ids)}" for name, ids in sorted(rule.references.items())
                )
                or None,
                "false_positives": "; ".join(rule.false_positives) or None,
                "status": rule.status,
                "people_violating": len({v["subject"] for v in broken if _is_somebody(v)}),
                "violations": len(broken),
                "places": sum(p["verdict"] == Verdict.VIOLATION for p in mine_places),
                **{name: _with(mine, verdict) for name, verdict in _COUNTED.items()},
                "state": state_of(judge, result),
                "notes": "; ".join(
                    [
                        *([f"{folded} more that unrestricted access implies"] if folded else []),
                        *_waiting(ruleset, result, found.waiting.get(rule.rule_id, set())),
                        *_notes(judge, ruleset, result, alone),
                    ]
                )
                or None,
            }
        )
    return sorted(rows, key=lambda r: r["rule_id"])


def state_of(judge: Judge, result: RuleResult) -> str:
    """Whether a rule could be judged: evaluated, not evaluable, or not applicable.

    A duty that exists only in products that somebody has declared not used or out of scope is one
    that nobody has. A rule that cannot be broken without it is not applicable.
    """
    if result.rule.kind is RuleKind.HYGIENE and any(result.blind.values()):
        # A check has no duties whose places could be unknown: what was not read is all unknown.
        return NOT_EVALUABLE
    if not result.not_evaluable:
        return EVALUATED
    absent = [judge.engine.columns.is_absent(duty) for duty in result.dead]
    elsewhere = result.blank or any(result.blind.values())
    if not absent or not all(absent) or elsewhere:
        return NOT_EVALUABLE
    left = len(result.rule.duties) - len(absent)
    needed = duties_needed(result.rule)
    whole = result.rule.kind.counts_people or left < needed
    return NOT_APPLICABLE if whole else EVALUATED


def _waiting(ruleset: Ruleset, result: RuleResult, waiting: set[int]) -> list[str]:
    if not waiting:
        return []
    titles = [lower_first(ruleset.duty[duty].title) for duty in result.dead]
    who = counted(len(waiting), "subject has", "subjects have")
    return [f"{who} the rest, but nothing that was read lets anyone {joined(titles, ' or ')}"]


def _is_somebody(finding: Row) -> bool:
    return finding["subject_kind"] not in NOBODY


def _with(violations: Sequence[Row], verdict: Verdict) -> int:
    return sum(v["verdict"] == verdict for v in violations)


def _notes(judge: Judge, ruleset: Ruleset, result: RuleResult, alone: int) -> list[str]:
    columns = judge.engine.columns
    notes = [f"no live way to {duty}" for duty in result.dead]
    notes += result.blank
    if result.left:
        notes.append(f"{counted(len(result.left), 'result')} left out by exclusions")
    notes += [
        f"{duty}: {', '.join(systems)} not read completely"
        for duty, systems in sorted(result.blind.items())
        if systems
    ]
    notes += _patterns(judge, ruleset, result)
    systems = {s for duty in result.rule.duties for s in columns.systems_of(duty)}
    for system in sorted(systems):
        for unread in UNREAD.get(columns.atlas.systems[system].product, ()):
            notes.append(f"{str(unread).replace('-', ' ')} ({system})")
    if alone:
        notes.append(f"{counted(alone, 'unmatched account')} assessed under their own names")
    return notes


def _patterns(judge: Judge, ruleset: Ruleset, result: RuleResult) -> list[str]:
    """Patterns of the rule's duties that found nothing, and products that nobody uses."""
    dead, unused = [], set()
    for duty in result.rule.duties:
        for row in pattern_rows_of(judge, ruleset, duty):
            if row["state"] == "dead":
                dead.append(f"{duty}: {row['pattern']}")
            elif row["state"] == "product not used":
                unused.add(row["pattern"].partition(":")[0])
    notes = [f"patterns that match nothing: {listed(dead, most=5)}"] if dead else []
    return notes + ([f"products not used: {', '.join(sorted(unused))}"] if unused else [])


def _alone(judge: Judge) -> int:
    """Judged accounts that no person could be found for."""
    statuses = judge.engine.snapshot["identities"].column("status").to_pylist()
    return sum(
        status == "unknown" and bool(judged)
        for status, judged in zip(statuses, judge.judged, strict=True)
    )


def pattern_rows(judge: Judge, ruleset: Ruleset) -> list[Row]:
    """One row per selector of every duty, sorted by duty, way, part."""
    # Duties that a rule made of others have no patterns of their own.
    return [
        row
        for duty in ruleset.duties
        if not duty.made_of
        for row in pattern_rows_of(judge, ruleset, duty.duty_id)
    ]


def pattern_rows_of(judge: Judge, ruleset: Ruleset, duty: str) -> list[Row]:
    """The selectors of one duty, and what they matched."""
    columns = judge.engine.columns
    people = _people_with(judge, duty)
    rows = []
    for number in columns.ways_of.get(duty, ()):
        way = columns.ways[number]
        for ordinal, part in enumerate(way.parts, start=1):
            use = columns.use_of(part)
            state = "live" if use.entitlements else "dead" if use.systems else "product not used"
            rows.append(
                {
                    "duty": duty,
                    "duty_title": ruleset.duty[duty].title,
                    "way": way.ordinal,
                    "part": ordinal,
                    "pattern": str(columns.parts[part]),
                    "systems": "; ".join(use.systems) or None,
                    "entitlements": use.entitlements,
                    "people": people,
                    "state": state,
                }
            )
    return rows


def _people_with(judge: Judge, duty: str) -> int:
    pairs = judge.holding(COUNTED).explicit(duty)
    subjects = np.unique(pairs // judge.engine.n_places)
    return int(judge.judged[subjects].sum())
