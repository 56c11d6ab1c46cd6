"""Verdicts and witnesses by column: findings, their places and legs, before they are tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.columns import UNRESTRICTED
from sod_analyzer.compose import sentences
from sod_analyzer.compose.doubts import leg_reasons, spot_reasons
from sod_analyzer.compose.gathered import SHOWN, Gathered, Gatherer
from sod_analyzer.compose.ids import SubjectIds, subject_ids
from sod_analyzer.compose.legs import FoundLegs, Told, find_legs
from sod_analyzer.compose.places import PlaceNames
from sod_analyzer.compose.small_teams import SmallTeams
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.words import LISTED, counted, joined, lower_first
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.detect.results import Count
from sod_analyzer.evaluate.lens import COUNTED, narrowings
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys, among, distinct
from sod_analyzer.model.finding import UNRESTRICTED_RULE, Verdict
from sod_analyzer.model.memory import give_back
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
Bits = npt.NDArray[np.bool_]

#: Access to a whole system, as if it were a duty.
_EVERYTHING = Duty(UNRESTRICTED, "Do everything in a system", ())


@dataclass
class Findings:
    """Everything that was found, as arrays. Spots and legs are in the order they were written in.

    `verdict`, `severity` and `reason` of spots change when mitigations are weighed.
    """

    results: Sequence[RuleResult]  # by the numbers that findings use
    gathered: Gathered
    legs: FoundLegs
    told: Told
    leg_reason: Keys  # lexicon number of `gathered.reasons`
    ids: SubjectIds
    writer: FindingWriter
    measured: Mapping[int, Sequence[Row]]  # by result, a row for each of its counts
    spot_reason: Keys  # why each spot is no plain violation, before any mitigation
    verdict: Keys  # of spots, by rank
    severity: Keys
    reason: Keys
    small_team: Keys
    mitigation: Keys = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    #: What is added to the sentences of findings that a mitigation has changed.
    added: dict[int, str] = field(default_factory=dict)

    @property
    def measures(self) -> list[Row]:
        """What rules that count people counted, clear places too."""
        return [row for rows in self.measured.values() for row in rows]

    @property
    def waiting(self) -> Mapping[str, Keys]:
        """By rule, subjects that are told as one line on the rule."""
        return self.gathered.waiting

    @cached_property
    def first(self) -> Keys:
        """The first spot of each finding; one longer than the findings."""
        finding = self.gathered.spots.finding
        return np.append(np.flatnonzero(np.diff(finding, prepend=-1)), len(finding))

    def reason_of(self, spot: int) -> str | None:
        """The reason of one spot as it stands."""
        number = int(self.reason[spot])
        return None if number < 0 else str(self.gathered.reasons.text(number))

    @cached_property
    def folded_under(self) -> Keys:
        """The finding of unrestricted access that implies each finding; -1 where none does."""
        heads = self.gathered.heads
        own = np.array([r.rule.rule_id == UNRESTRICTED_RULE for r in self.results], dtype=bool)
        above = np.flatnonzero(own[heads.rule] & (self.said == Verdict.VIOLATION.rank))
        above = above[np.argsort(heads.code[above], kind="stable")]
        under = np.full(len(heads.rule), -1, dtype=np.int64)
        mine = np.flatnonzero(heads.folded & ~own[heads.rule])
        if len(above) and len(mine):
            code = heads.code[above]
            spot = np.minimum(np.searchsorted(code, heads.code[mine]), len(code) - 1)
            under[mine] = np.where(code[spot] == heads.code[mine], above[spot], -1)
        return under

    def worst(self) -> Keys:
        """The spot that speaks for each finding: worst verdict, then severity, then the first."""
        return worst_of(self.verdict, self.severity, self.first)

    @cached_property
    def said(self) -> Keys:
        """The verdict that each finding's sentence tells: its worst before any mitigation."""
        spots = self.gathered.spots
        return spots.verdict[worst_of(spots.verdict, spots.severity, self.first)]


def worst_of(verdict: Keys, severity: Keys, first: Keys) -> Keys:
    """By run of spots: the worst verdict, of these the most severe, of these the first."""
    if len(first) == 1:
        return np.empty(0, dtype=np.int64)
    rank = verdict * len(Severity) + (len(Severity) - 1 - severity)
    best = np.minimum.reduceat(rank * len(verdict) + np.arange(len(verdict)), first[:-1])
    return np.asarray(best % len(verdict))


@dataclass(frozen=True)
class Unfollowed:
    """What results say, with no path yet."""

    results: Sequence[RuleResult]
    gathered: Gathered
    measured: Mapping[int, Sequence[Row]]


class FindingWriter:
    """Turns rule results into findings.

    Cost: one witness per distinct holder, duty and place; texts once for what is told alike.
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
        self.places = PlaceNames(self.engine, names)
        self.tracer = Tracer(self.engine, names)
        self.teams = SmallTeams(judge, controls or {})
        self.rules: list[Rule] = []

    def write(self, results: Iterable[RuleResult]) -> Findings:
        """All findings of all rules, and who has everything in a system; not sorted yet."""
        return self.follow(self.gather(results))

    def gather(self, results: Iterable[RuleResult]) -> Unfollowed:
        """What results say, before any path is looked for: all that needs what everyone holds."""
        known = [unrestricted_result(self.judge), *results]
        self.rules = [result.rule for result in known]
        gatherer = Gatherer(self.engine, self.places, self.teams, self.duties)
        measures: dict[int, list[Row]] = {}
        for number, result in enumerate(known):
            if result.rule.kind.counts_people:
                rows = [self._measure(result.rule, count) for count in result.counts]
                measures[number] = rows
                gatherer.counted(result, list(map(_told, rows, result.counts)))
            else:
                blanks = [self._blank(result, duty) for duty in result.rule.duties]
                gatherer.subjects(result, self._gate(result.rule), blanks)
        return Unfollowed(known, gatherer.done(), measures)

    def follow(self, pending: Unfollowed) -> Findings:
        """Findings with the path of every leg."""
        known, gathered, measures = pending.results, pending.gathered, pending.measured
        legs = find_legs(self.engine, gathered)
        give_back()
        told = Told(legs, self.tracer)
        leg_reason = leg_reasons(told, gathered)
        spots = gathered.spots
        reasons = spot_reasons(told, leg_reason, spots.reason, gathered.reasons)
        ids = subject_ids(self.names, gathered, self.rules, self.places)
        give_back()
        return Findings(
            known,
            gathered,
            legs,
            told,
            leg_reason,
            ids,
            self,
            measures,
            reasons,
            spots.verdict.copy(),
            spots.severity.copy(),
            reasons.copy(),
            spots.small_team.copy(),
            np.full(len(spots), -1, dtype=np.int64),
        )

    def number_of(self, rule_id: str, key: str) -> int | None:
        """The place number behind a place key of one rule's findings; None for "all"."""
        if rule_id == UNRESTRICTED_RULE:
            return self.places.number(ScopeKind.SYSTEM, key, cover=True)
        scope = next(r.scope for r in self.rules if r.rule_id == rule_id)
        return self.places.number(scope, key)

    # -- words of rules --------------------------------------------------------------------------

    def _gate(self, rule: Rule) -> str:
        gates = [
            f"{self._titled(duty)} ({' or '.join(kinds).replace('_', ' ')})"
            for duty, kinds in rule.gates.items()
        ]
        return f"somebody else must approve each time: {joined(gates, ' and ')}"

    def _titled(self, duty: str) -> str:
        known = self.duties.get(duty)
        return f"to {lower_first(known.title)}" if known else duty

    def _blank(self, result: RuleResult, duty: str) -> str:
        """Why nobody can say who has a duty, where no lens sees it."""
        title = self.duties[duty].title
        if duty in result.dead:
            return f"nothing that was read lets anyone {lower_first(title)}"
        systems = ", ".join(result.blind.get(duty, ())) or "its systems"
        return f"{systems} was not read completely, so who can {lower_first(title)} is unknown"

    def _measure(self, rule: Rule, count: Count) -> Row:
        key, title, tier = self.places.named(count.place)
        named = count.members[:LISTED]
        members = [(self.names.name(m.code), m.duties, m.sure) for m in named]
        return {
            "rule_id": rule.rule_id,
            "place": key,
            "place_title": title,
            "tier": tier,
            "wanted": sentences.wanted(rule),
            "found": count.found,
            "possible": count.possible,
            "people": sentences.names_of(
                members,
                duties=rule.kind is RuleKind.MIN_PEOPLE,
                more=len(count.members) - len(named),
            ),
            "verdict": str(count.verdict),
            "reason": self._gate(rule) if count.verdict is Verdict.GATED else count.reason,
        }


def _told(measure: Row, count: Count) -> str | None:
    """What is said of a counted place: its reason, and how many more people there are."""
    more = len(count.members) - SHOWN
    if more <= 0:
        return None if measure["reason"] is None else str(measure["reason"])
    further = f"{counted(more, 'person', 'people')} more, who are counted and not shown"
    return "; ".join(filter(None, (measure["reason"], further)))


# -- everything in a system ------------------------------------------------------------------------


def unrestricted_result(judge: Judge) -> RuleResult:
    """Everybody who has, or may have, everything in a system."""
    engine = judge.engine

    def having(lens: Any) -> Keys:
        return judge.holding(lens).explicit(UNRESTRICTED)

    known = having(COUNTED)
    spots = distinct(np.concatenate([known, having(replace(COUNTED, possible=True))]))
    spots = spots[judge.judged[spots // engine.n_places]]
    lenses = narrowings(COUNTED)
    sure = among(spots, known)
    # How they have it matters of them alone, who are few.
    theirs = judge.narrowed(distinct(spots // engine.n_places))
    pairs = np.stack([among(spots, theirs[lens].explicit(UNRESTRICTED)) for lens in lenses], axis=1)
    return RuleResult(
        unrestricted_rule(),
        judge.subjects,
        spots // engine.n_places,
        spots % engine.n_places,
        np.where(sure, Verdict.VIOLATION.rank, Verdict.NOT_EVALUABLE.rank).astype(np.int64),
        np.where(sure, 2, 1)[:, None].astype(np.int64),
        lenses,
        pairs & sure[:, None],
        np.zeros(len(spots), dtype=bool),
    )


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
