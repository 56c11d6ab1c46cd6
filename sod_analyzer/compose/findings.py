"""Verdicts and witnesses as rows: violations, their places, legs and hops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.columns import UNRESTRICTED
from sod_analyzer.compose import sentences
from sod_analyzer.compose.finding_rows import FindingRows, finding_id, worst_of
from sod_analyzer.compose.legs import LegWriter
from sod_analyzer.compose.places import PlaceNames
from sod_analyzer.compose.small_teams import SmallTeams
from sod_analyzer.compose.words import counted, joined, lower_first
from sod_analyzer.detect.combination import duties_needed
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.detect.results import UNKNOWN, Count
from sod_analyzer.evaluate.lens import COUNTED, best_pairs, narrowings
from sod_analyzer.explain.names import Names
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import PLACE_ALL, UNRESTRICTED_RULE, Verdict
from sod_analyzer.model.mitigation import BrokenPlace
from sod_analyzer.model.ruleset import (
    Control,
    Duty,
    Holder,
    Rule,
    RuleKind,
    ScopeKind,
    Severity,
)

Row = dict[str, Any]

#: Access to a whole system, as if it were a duty.
_EVERYTHING = Duty(UNRESTRICTED, "Do everything in a system", ())
#: Of those whom a rule counts in one place, so many are shown with their paths; all are counted.
_SHOWN = 200


@dataclass
class Findings:
    """Every row of findings, and what mitigations are weighed against."""

    rows: FindingRows = field(default_factory=FindingRows)
    broken: list[BrokenPlace] = field(default_factory=list)
    measures: list[Row] = field(default_factory=list)
    #: By rule: subjects of whom nobody can say only because nothing lets anyone do the rest. They
    #: are told as one line on the rule, and counted there.
    waiting: dict[str, set[int]] = field(default_factory=dict)


class FindingWriter:
    """Turns rule results into rows.

    Cost: one witness per leg of every place that is not clear.
    """

    def __init__(
        self,
        judge: Judge,
        names: Names,
        duties: Mapping[str, Duty],
        controls: Mapping[str, Control] | None = None,
    ) -> None:
        self.judge = judge
        self.engine = judge.engine
        self.names = names
        self.duties = {**duties, UNRESTRICTED: _EVERYTHING}
        self.found = Findings()
        self.rows = self.found.rows
        self.places = PlaceNames(self.engine, names)
        self.legs = LegWriter(self.engine, names, self.duties, self.rows)
        self.tracer = self.legs.tracer
        self.teams = SmallTeams(judge, controls or {})
        self.rules: list[Rule] = []
        self._managers = self._manager_names()

    def write(self, results: Iterable[RuleResult]) -> Findings:
        """All findings of all rules, and who has everything in a system; not sorted yet."""
        results = list(results)
        self.rules = [result.rule for result in results]
        whole = self._unrestricted()
        for result in results:
            if result.rule.kind.counts_people:
                self._counted(result)
            else:
                self._rule(result, whole)
        return self.found

    def number_of(self, rule_id: str, key: str) -> int | None:
        """The place number behind a place key of one rule's findings; None for "all"."""
        if rule_id == UNRESTRICTED_RULE:
            return self.places.number(ScopeKind.SYSTEM, key, cover=True)
        scope = next(r.scope for r in self.rules if r.rule_id == rule_id)
        return self.places.number(scope, key)

    # -- rules about one subject -----------------------------------------------------------------

    def _rule(self, result: RuleResult, whole: Mapping[int, str]) -> None:
        told = self._told(result)
        # Sorted by subject, so each subject's rows are one run.
        subjects, starts = np.unique(result.subject[told], return_index=True)
        stops = np.append(starts, len(told))[1:]  # none for none
        for subject, start, stop in zip(subjects, starts, stops, strict=True):
            rows = [int(row) for row in told[start:stop]]
            code = result.subjects.start + int(subject)
            finding = finding_id(result.rule.rule_id, *self._subject(code))
            self.legs.begin(finding)
            places = [self._place(result, row, code, finding) for row in rows]
            broken = [row for row in rows if result.broken[row]]
            folded = bool(broken) and all(result.folded[r] for r in broken)
            pairs = self._pairs(result, broken)
            self._violation(
                result.rule,
                code,
                finding,
                places=places,
                means=pairs,
                folded_under=whole.get(code) if folded else None,
            )

    def _told(self, result: RuleResult) -> npt.NDArray[np.int64]:
        """Row numbers that become findings: all but those that wait for a duty nobody can have."""
        dead = [n for n, duty in enumerate(result.rule.duties) if duty in result.dead]
        if not dead:
            return np.arange(len(result.subject))
        others = np.delete(result.legs, dead, axis=1)
        stated = np.isin(np.arange(len(result.subject)), list(result.reasons))
        waits = (
            (result.verdict == Verdict.NOT_EVALUABLE.rank)
            & (np.sum(others >= UNKNOWN, axis=1) < duties_needed(result.rule))
            & ~stated
        )
        # What is declared not to be used is had by nobody, and leaves nothing to wait for.
        columns = self.engine.columns
        open_ = sum(not columns.is_absent(duty) for duty in result.dead)
        still = waits & (np.sum(others >= UNKNOWN, axis=1) + open_ >= duties_needed(result.rule))
        waiting = {result.subjects.start + int(s) for s in result.subject[still]}
        self.found.waiting[result.rule.rule_id] = waiting
        return np.flatnonzero(~waits)

    def _pairs(self, result: RuleResult, rows: Iterable[int]) -> str | None:
        held = [
            lens for n, lens in enumerate(result.lenses) if any(result.pairs[r, n] for r in rows)
        ]
        return "; ".join(lens.pair for lens in best_pairs(held)) or None

    def _place(self, result: RuleResult, row: int, code: int, finding: str) -> Row:
        rule, number = result.rule, int(result.place[row])
        key, title, tier = self.places.named(number)
        verdict = list(Verdict)[int(result.verdict[row])]
        reasons = self.legs.legs(result, row, code, key)
        stated = result.reasons.get(row)
        reason = None
        if verdict is Verdict.NOT_EVALUABLE or rule.kind is RuleKind.HYGIENE:
            reason = stated or joined(dict.fromkeys(reasons), "; ")
        elif verdict is Verdict.GATED:
            reason = self._gate(rule)
        place: Row = {
            "finding_id": finding,
            "place": key,
            "place_title": title,
            "tier": tier,
            "severity": str(self.places.severity(rule, number)),
            "verdict": str(verdict),
            "means": self._pairs(result, [row]),
            "reason": reason,
            "small_team": None,
        }
        if verdict is Verdict.VIOLATION and rule.rule_id != UNRESTRICTED_RULE:
            place["small_team"] = self.teams.note(rule, number)
            self._broken(result, row, code, key)
        self.rows.places.append(place)
        return place

    def _gate(self, rule: Rule) -> str:
        gates = [
            f"{self._titled(duty)} ({' or '.join(kinds).replace('_', ' ')})"
            for duty, kinds in rule.gates.items()
        ]
        return f"somebody else must approve each time: {joined(gates, ' and ')}"

    def _titled(self, duty: str) -> str:
        known = self.duties.get(duty)
        return f"to {lower_first(known.title)}" if known else duty

    def _broken(self, result: RuleResult, row: int, code: int, key: str) -> None:
        rule, number = result.rule, int(result.place[row])
        spot = None if key == PLACE_ALL else number
        lens = result.lenses[-1]
        held = [x for n, x in enumerate(result.lenses) if result.pairs[row, n]]
        self.found.broken.append(
            BrokenPlace(
                rule.rule_id,
                rule.digest,
                self._subject(code)[1],
                key,
                tuple(lens.pair for lens in best_pairs(held)),
                {
                    duty: ways
                    for duty in rule.duties
                    if (ways := self.legs.ways(lens, code, duty, spot))
                },
                rule.controls,
                rule.control_max_days,
            )
        )

    def _subject(self, code: int) -> tuple[str, str]:
        """What kind of key stands for a subject in a finding's id, and the key."""
        return self.names.subject(code)

    def _violation(
        self,
        rule: Rule,
        code: int,
        finding: str,
        *,
        places: Sequence[Row],
        means: str | None,
        folded_under: str | None,
    ) -> None:
        node = self.names.row(code)
        kind, key = self._subject(code)
        worst = worst_of(places)
        systems = sorted(self.legs.passed.systems)
        accounts = sorted(self.legs.passed.accounts)
        manager = node.get("manager")
        name = self.names.name(code)
        self.rows.violations.append(
            {
                "finding_id": finding,
                "rule_id": rule.rule_id,
                "rule_title": rule.title,
                "rule_kind": str(rule.kind),
                "subject_kind": kind,
                "subject_key": key,
                "subject": self.engine.snapshot.node_ids[code],
                "name": name,
                "email": node.get("email"),
                "status_hr": node.get("status"),
                "identity_kind": node["kind"] if kind != NodeKind.ROLE else None,
                "title": node.get("title"),
                "department": node.get("department"),
                "manager": self._managers.get(manager or "", manager),
                "verdict": worst["verdict"],
                "severity": worst["severity"],
                "places": len(places),
                "means": means,
                "systems": "; ".join(systems),
                "cross_system": len(systems) > 1,
                "accounts": "; ".join(accounts),
                "folded_under": folded_under,
                "caveats": "; ".join(self.tracer.caveats(systems)) or None,
                "sentence": sentences.sentence(rule, self.duties, name, places, worst),
                "attempt": None if worst["verdict"] == Verdict.NOT_EVALUABLE else self.legs.attempt,
            }
        )

    def _manager_names(self) -> Mapping[str, str]:
        table = self.engine.snapshot["identities"]
        return {
            row["employee_id"]: f"{row['name']} ({row['employee_id']})"
            for row in table.select(["employee_id", "name"]).to_pylist()
            if row["employee_id"] and row["name"]
        }

    # -- rules that count people -----------------------------------------------------------------

    def _counted(self, result: RuleResult) -> None:
        rule = result.rule
        for count in result.counts:
            measure = self._measure(rule, count)
            self.found.measures.append(measure)
            if count.verdict is Verdict.CLEAR:
                continue
            key = measure["place"]
            finding = finding_id(rule.rule_id, "place", key)
            self.legs.begin(finding)
            for member in count.members[:_SHOWN]:
                self.legs.member(result, count.place, key, member)
            self._about_place(rule, count, measure, finding)

    def _measure(self, rule: Rule, count: Count) -> Row:
        key, title, tier = self.places.named(count.place)
        members = [(self.names.name(m.code), m.duties, m.sure) for m in count.members]
        return {
            "rule_id": rule.rule_id,
            "place": key,
            "place_title": title,
            "tier": tier,
            "wanted": sentences.wanted(rule),
            "found": count.found,
            "possible": count.possible,
            "people": sentences.names_of(members, duties=rule.kind is RuleKind.MIN_PEOPLE),
            "verdict": str(count.verdict),
            "reason": self._gate(rule) if count.verdict is Verdict.GATED else count.reason,
        }

    def _about_place(self, rule: Rule, count: Count, measure: Row, finding: str) -> None:
        more = len(count.members) - _SHOWN
        reason = measure["reason"]
        if more > 0:
            further = f"{counted(more, 'person', 'people')} more, who are counted and not shown"
            reason = "; ".join(filter(None, (reason, further)))
        severity = str(self.places.severity(rule, count.place))
        shared = {"verdict": measure["verdict"], "severity": severity}
        self.rows.places.append(
            {
                **shared,
                "finding_id": finding,
                "place": measure["place"],
                "place_title": measure["place_title"],
                "tier": measure["tier"],
                "reason": reason,
            }
        )
        systems = sorted(self.legs.passed.systems)
        self.rows.violations.append(
            {
                **shared,
                "finding_id": finding,
                "rule_id": rule.rule_id,
                "rule_title": rule.title,
                "rule_kind": str(rule.kind),
                "subject_kind": "place",
                "subject_key": measure["place"],
                "subject": measure["place"],
                "name": measure["place_title"],
                "places": 1,
                "systems": "; ".join(systems),
                "cross_system": len(systems) > 1,
                "accounts": "; ".join(sorted(self.legs.passed.accounts)),
                "caveats": "; ".join(self.tracer.caveats(systems)) or None,
                "sentence": sentences.headcount(rule, self.duties, measure),
                "attempt": self.legs.attempt if self._too_many(rule, measure) else None,
            }
        )
        if measure["verdict"] == Verdict.VIOLATION:
            self.found.broken.append(
                BrokenPlace(
                    rule.rule_id,
                    rule.digest,
                    measure["place"],
                    measure["place"],
                    (),
                    self._holders(count),
                    rule.controls,
                    rule.control_max_days,
                )
            )

    def _too_many(self, rule: Rule, measure: Row) -> bool:
        """Whether less access could mend it: not where people are too few."""
        return rule.kind is not RuleKind.MIN_HOLDERS and measure["verdict"] == Verdict.VIOLATION

    def _holders(self, count: Count) -> Mapping[str, tuple[str, ...]]:
        """Who has each duty: a control stands for these people, and for nobody who comes later."""
        held: dict[str, set[str]] = {}
        for member in count.members:
            for duty in member.duties:
                held.setdefault(duty, set()).add(self._subject(member.code)[1])
        return {duty: tuple(sorted(keys)) for duty, keys in sorted(held.items())}

    # -- everything in a system ------------------------------------------------------------------

    def _unrestricted(self) -> Mapping[int, str]:
        """Write one finding per person who has, or may have, everything in a system."""
        rule = unrestricted_rule()
        lens = COUNTED
        known = self.judge.holding(lens).explicit(UNRESTRICTED)
        maybe = self.judge.holding(replace(lens, possible=True)).explicit(UNRESTRICTED)
        spots = np.union1d(known, maybe)
        spots = spots[self.judge.judged[spots // self.engine.n_places]]
        lenses = narrowings(lens)
        sure = np.isin(spots, known)
        pairs = np.stack(
            [np.isin(spots, self.judge.holding(x).explicit(UNRESTRICTED)) for x in lenses], axis=1
        )
        result = RuleResult(
            rule,
            self.judge.subjects,
            spots // self.engine.n_places,
            spots % self.engine.n_places,
            np.where(sure, Verdict.VIOLATION.rank, Verdict.NOT_EVALUABLE.rank).astype(np.int64),
            np.where(sure, 2, 1)[:, None].astype(np.int64),
            lenses,
            pairs & sure[:, None],
            np.zeros(len(spots), dtype=bool),
        )
        self._rule(result, {})
        first = self.judge.subjects.start
        return {
            first + int(s): finding_id(rule.rule_id, *self._subject(first + int(s)))
            for s in np.unique(result.subject[sure])
        }


def unrestricted_rule() -> Rule:
    """The rule that everyone with everything in a system breaks."""
    return Rule(
        UNRESTRICTED_RULE,
        "unrestricted-access",
        "Unrestricted access to a whole system",
        (UNRESTRICTED,),
        1,
        ScopeKind.SYSTEM,
        Severity.HIGH,
        "Whoever holds every right in a system can do there whatever its rules keep apart.",
        holder=Holder.IDENTITY,
    )
