"""Rules and patterns as rows: what each rule found, and what each pattern matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from sod_analyzer.compose import sentences
from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.held import Held
from sod_analyzer.compose.ids import KINDS
from sod_analyzer.compose.words import counted, joined, listed, lower_first
from sod_analyzer.detect.combination import duties_needed
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.access import Status
from sod_analyzer.model.finding import NOBODY, Verdict
from sod_analyzer.model.ruleset import RuleKind, Ruleset
from sod_analyzer.model.settings import UNREAD

Row = dict[str, Any]
Bits = npt.NDArray[np.bool_]

#: State of a pattern of a product that nobody uses.
_UNUSED = "product not used"
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
    held: Held,
) -> list[Row]:
    """One row per rule, sorted by id."""
    alone = _alone(judge)
    counts = _Counts.of(found)
    patterns = _Patterns(judge, ruleset, held)
    rows = []
    for result in results:
        rule = result.rule
        number = counts.number[rule.rule_id]
        folded = int(counts.folded[number])
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
                "people_violating": int(counts.people[number]),
                "violations": int(counts.broken[number]),
                "places": int(counts.places[number]),
                **{
                    name: int(counts.by_verdict[number, verdict.rank])
                    for name, verdict in _COUNTED.items()
                },
                "state": state_of(judge, result),
                "notes": "; ".join(
                    [
                        *([f"{folded} more that unrestricted access implies"] if folded else []),
                        *_waiting(ruleset, result, len(found.waiting.get(rule.rule_id, ()))),
                        *_notes(judge, patterns, result, alone),
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


def _waiting(ruleset: Ruleset, result: RuleResult, waiting: int) -> list[str]:
    if not waiting:
        return []
    titles = [lower_first(ruleset.duty[duty].title) for duty in result.dead]
    who = counted(waiting, "subject has", "subjects have")
    return [f"{who} the rest, but nothing that was read lets anyone {joined(titles, ' or ')}"]


@dataclass(frozen=True, slots=True)
class _Counts:
    """What each rule found, counted by column; rows are rules by `number`."""

    number: Mapping[str, int]
    by_verdict: Keys  # [rule, verdict]
    broken: Keys  # violations that no unrestricted access implies
    folded: Keys
    people: Keys  # subjects of the broken ones that are somebody
    places: Keys  # places of the broken ones

    @classmethod
    def of(cls, found: Findings) -> _Counts:
        """One pass over findings and one over their places."""
        heads, spots = found.gathered.heads, found.gathered.spots
        n_rules = len(found.results)
        verdict = found.verdict[found.worst()]
        pairs = np.bincount(heads.rule * len(Verdict) + verdict, minlength=n_rules * len(Verdict))
        violated = verdict == Verdict.VIOLATION.rank
        broken = violated & (found.folded_under < 0)
        nobody = np.array([KINDS.index(kind) for kind in sorted(NOBODY)])
        somebody = broken & ~np.isin(found.ids.kind, nobody)
        place = broken[spots.finding] & (found.verdict == Verdict.VIOLATION.rank)

        def of_rule(rows: Bits) -> Keys:
            return np.bincount(heads.rule[rows], minlength=n_rules)

        return cls(
            {result.rule.rule_id: n for n, result in enumerate(found.results)},
            pairs.reshape(n_rules, len(Verdict)),
            of_rule(broken),
            of_rule(violated & ~broken),
            of_rule(somebody),
            np.bincount(heads.rule[spots.finding[place]], minlength=n_rules),
        )


def _notes(judge: Judge, patterns: _Patterns, result: RuleResult, alone: int) -> list[str]:
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
    notes += _unmatched(patterns, result)
    systems = {s for duty in result.rule.duties for s in columns.systems_of(duty)}
    for system in sorted(systems):
        for unread in UNREAD.get(columns.atlas.systems[system].product, ()):
            notes.append(f"{str(unread).replace('-', ' ')} ({system})")
    if alone:
        notes.append(f"{counted(alone, 'unmatched account')} assessed under their own names")
    return notes


def _unmatched(patterns: _Patterns, result: RuleResult) -> list[str]:
    """Patterns of the rule's duties that found nothing, and products that nobody uses."""
    dead, unused = [], set()
    for duty in result.rule.duties:
        for row in patterns.of(duty):
            if row["state"] == "dead":
                dead.append(f"{duty}: {row['pattern']}")
            elif row["state"] == _UNUSED:
                unused.add(row["pattern"].partition(":")[0])
    notes = [f"patterns that match nothing: {listed(dead, most=5)}"] if dead else []
    return notes + ([f"products not used: {', '.join(sorted(unused))}"] if unused else [])


def _alone(judge: Judge) -> int:
    """Judged accounts that no person could be found for."""
    statuses = judge.engine.snapshot["identities"].column("status")
    unknown = pc.equal(statuses, str(Status.UNKNOWN)).fill_null(False)  # noqa: FBT003
    return int((unknown.to_numpy() & judge.judged).sum())


def pattern_rows(judge: Judge, ruleset: Ruleset, held: Held) -> list[Row]:
    """One row per selector of every duty, sorted by duty, way, part."""
    patterns = _Patterns(judge, ruleset, held)
    # Duties that a rule made of others have no patterns of their own.
    return [row for duty in ruleset.duties if not duty.made_of for row in patterns.of(duty.duty_id)]


class _Patterns:
    """The selectors of duties, and what they matched; of each duty once."""

    def __init__(self, judge: Judge, ruleset: Ruleset, held: Held) -> None:
        self._judge = judge
        self._held = held
        self._ruleset = ruleset
        self._rows: dict[str, list[Row]] = {}

    def of(self, duty: str) -> list[Row]:
        """A row per selector of one duty."""
        found = self._rows.get(duty)
        if found is None:
            found = self._rows[duty] = self._made(duty)
        return found

    def _made(self, duty: str) -> list[Row]:
        columns = self._judge.engine.columns
        people = self._held.people[duty]
        rows = []
        for number in columns.ways_of.get(duty, ()):
            way = columns.ways[number]
            for ordinal, part in enumerate(way.parts, start=1):
                use = columns.use_of(part)
                state = "live" if use.entitlements else "dead" if use.systems else _UNUSED
                rows.append(
                    {
                        "duty": duty,
                        "duty_title": self._ruleset.duty[duty].title,
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
