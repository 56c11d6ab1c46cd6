"""The mitigation of a case, weighed against what the engine finds in its world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.detect.mitigations import Excuse, weigh
from sod_analyzer.detect.plain import PlainVerdict
from sod_analyzer.evaluate.lens import best_pairs
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation, Pin
from sod_analyzer.model.ruleset import Control
from sod_analyzer.rulebench.people import Stage
from sod_analyzer.rules.case_people import CaseMitigation
from sod_analyzer.rules.cases import Case

#: Whoever performs or approves where a case names nobody: known, and nobody's subordinate.
_PERFORMER, _APPROVER = "somebody-else", "somebody-above"
_MONTH = timedelta(days=30)
#: Between the id of a leg and the number of the mutant that it is of; stands in no duty's id.
MARK = "#"


def excuse(
    case: Case,
    stage: Stage,
    judge: Judge,
    result: RuleResult,
    rows: Sequence[PlainVerdict],
    *,
    controls: Mapping[str, Control],
) -> Excuse | None:
    """How the case's mitigation stands at the case's place; None when it has nothing to excuse."""
    if case.mitigation is None or case.at is None:
        return None
    broken = {
        (row.subject_key, row.place): n
        for n, row in enumerate(rows)
        if row.verdict is Verdict.VIOLATION
    }
    mine = _subject(case, stage, judge, result, broken)
    if (mine, case.at) not in broken:
        return None
    own = _broken(judge, result, rows[broken[mine, case.at]], broken[mine, case.at])
    # Of what others break only that they break it counts: they may perform no control for it.
    others = [
        replace(own, subject_key=subject, place=place, means=(), ways={})
        for subject, place in broken
        if (subject, place) != (mine, case.at)
    ]
    managers, names = _roster(judge)
    weighed = weigh(
        [_mitigation(case, case.mitigation, stage, judge, own)],
        [own, *others],
        as_of=judge.engine.edges.as_of,
        managers=managers,
        names={**names, _PERFORMER: _PERFORMER, _APPROVER: _APPROVER},
        controls=controls,
    )
    return weighed.excuse.get((own.rule_id, own.subject_key, own.place))


def _subject(
    case: Case,
    stage: Stage,
    judge: Judge,
    result: RuleResult,
    broken: Collection[tuple[str, str]],
) -> str:
    """The key of whom the case is about, as findings have it.

    Of a rule about logins or roles, the first one of the case that breaks it at its place.
    """
    if result.rule.kind.counts_people:
        return str(case.at)
    lead = case.people[0].name
    key = stage.keys.get(lead)
    if result.subjects == judge.subjects and key is not None:
        return key
    nodes = (*stage.accounts, *stage.roles)
    return next(
        (node for node in nodes if (node, str(case.at)) in broken), nodes[0] if nodes else lead
    )


def _broken(judge: Judge, result: RuleResult, row: PlainVerdict, n: int) -> BrokenPlace:
    rule = result.rule
    held = [lens for k, lens in enumerate(result.lenses) if result.pairs[n, k]]
    return BrokenPlace(
        rule.rule_id,
        rule.digest,
        row.subject_key,
        row.place,
        tuple(lens.pair for lens in best_pairs(held)),
        # A leg of a mutant bears its number after its name.
        {
            duty.partition(MARK)[0]: ways
            for duty in rule.duties
            if (ways := _ways(judge, result, duty, n))
        },
        rule.controls,
        rule.control_max_days,
    )


def _ways(judge: Judge, result: RuleResult, duty: str, n: int) -> tuple[str, ...]:
    """Every way by which the subject of a row holds a duty in its place, in words, sorted."""
    engine, subject, place = judge.engine, int(result.subject[n]), int(result.place[n])
    if subject < 0 or place >= engine.n_places:
        return ()
    holding = judge.holding(result.lenses[-1], result.rule.holder)
    columns = engine.columns
    pair = np.array([subject * engine.n_places + place])
    held = set()
    for way in columns.ways_of.get(duty, ()):
        covered = any(
            subject in holding.holders_over(system, way) and holding.reaches(system, way)[place]
            for system in columns.atlas.systems
        )
        if covered or np.isin(pair, holding.explicit(duty, (way,))).any():
            held.add(columns.ways[way].text)
    return tuple(sorted(held))


def _mitigation(
    case: Case, stated: CaseMitigation, stage: Stage, judge: Judge, own: BrokenPlace
) -> Mitigation:
    day = judge.engine.edges.as_of

    def who(name: str | None, otherwise: str) -> str:
        return stage.keys.get(name, name) if name is not None else otherwise

    approver = who(stated.approver, _APPROVER)
    pin = stated.pin
    approved_on = stated.approved_on or day - _MONTH
    return Mitigation(
        mitigation_id="M-1",
        control=stated.control,
        rule_id=case.rule_id,
        subject_key=own.subject_key,
        place=own.place,
        owner=who(stated.owner, approver),
        approver=approver,
        performer=who(stated.performer, _PERFORMER),
        approved_on=approved_on,
        valid_until=stated.valid_until or day + _MONTH,
        frequency_days=stated.frequency_days,
        last_performed=stated.last_performed,
        evidence=stated.evidence,
        pin=Pin(
            own.rule_digest if pin.rule_digest is None else pin.rule_digest,
            own.means if pin.means is None else pin.means,
            own.ways if pin.ways is None else pin.ways,
        )
        if stated.pinned
        else None,
        where=stated.where,
    )


def _roster(judge: Judge) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Who is whose manager, and what people are called, by employee id."""
    table = judge.engine.snapshot["identities"]
    rows = table.select(["employee_id", "manager", "name"]).to_pylist()
    known = [row for row in rows if row["employee_id"]]
    return (
        {row["employee_id"]: row["manager"] for row in known if row["manager"]},
        {row["employee_id"]: row["name"] or row["employee_id"] for row in known},
    )
