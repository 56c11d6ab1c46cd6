"""Verdicts and witnesses as rows: violations, their places, legs and hops."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sod_analyzer.catalogue.columns import UNRESTRICTED
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.words import joined, lower_first
from sod_analyzer.detect.judge import PLACES_OF, Judge, RuleResult
from sod_analyzer.evaluate.lens import Lens, best_pairs, narrowings
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Guide
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import (
    PLACE_ALL,
    PLACE_ANYWHERE,
    PLACE_UNMAPPED,
    UNRESTRICTED_RULE,
    Verdict,
)
from sod_analyzer.model.ruleset import Duty, Means, Rule, ScopeKind, Severity

Row = dict[str, Any]

_PLACE_TITLES = {
    PLACE_ALL: "every application",
    PLACE_UNMAPPED: "resources no application claims",
    PLACE_ANYWHERE: "anywhere",
}
#: Access to a whole system, as if it were a duty.
_EVERYTHING = Duty(UNRESTRICTED, "Do everything in a system", ())


def finding_id(rule_id: str, subject_kind: str, subject_key: str) -> str:
    """The id under which a violation is known from run to run."""
    text = f"{rule_id}\x1f{subject_kind}\x1f{subject_key}"
    return "F-" + hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass
class FindingRows:
    """Rows of the four tables, sorted for a reader."""

    violations: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    legs: list[Row] = field(default_factory=list)
    hops: list[Row] = field(default_factory=list)

    def sort(self) -> None:
        """Violations first, worst first; then by rule, name, id. The rest in the same order."""
        verdicts = [str(v) for v in Verdict]
        self.violations.sort(
            key=lambda v: (
                verdicts.index(v["verdict"]),
                -Severity(v["severity"]).rank,
                v["rule_id"],
                v["name"] or "",
                v["finding_id"],
            )
        )
        order = {v["finding_id"]: n for n, v in enumerate(self.violations)}
        self.places.sort(key=lambda p: (order[p["finding_id"]], p["place"]))
        duties = {
            (leg["finding_id"], leg["place"], leg["duty"]): n for n, leg in enumerate(self.legs)
        }

        def of_leg(row: Row) -> tuple[int, str, int]:
            key = (row["finding_id"], row["place"], row["duty"])
            return order[row["finding_id"]], row["place"], duties[key]

        self.legs.sort(key=of_leg)
        self.hops.sort(key=lambda h: (*of_leg(h), h["part"], h["hop"]))


@dataclass
class _Passed:
    """What the witnesses of one finding pass through."""

    systems: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)

    def note(self, hops: Iterable[Row]) -> None:
        for hop in hops:
            if hop["to_kind"] == NodeKind.ENTITLEMENT:
                self.systems.add(hop["to_id"].partition(":")[0])
            elif hop["to_kind"] == NodeKind.ACCOUNT:
                self.accounts.add(hop["to_id"])


class FindingWriter:
    """Turns rule results into rows.

    Cost: one witness per leg of every place that is not clear.
    """

    #: Through which unrestricted access is looked at.
    everything = Lens(means=Means.ELIGIBLE, conditional=True)

    def __init__(self, judge: Judge, names: Names, duties: Mapping[str, Duty]) -> None:
        self.judge = judge
        self.engine = judge.engine
        self.names = names
        self.duties = {**duties, UNRESTRICTED: _EVERYTHING}
        self.guide = Guide(self.engine)
        self.tracer = Tracer(self.engine, names)
        self.rows = FindingRows()
        self.rules: list[Rule] = []
        self._passed = _Passed()
        self._holder = ""
        self._holder_name = ""
        self._managers = self._manager_names()

    def write(self, results: Iterable[RuleResult]) -> FindingRows:
        """All findings of all rules, and who has everything in a system."""
        results = list(results)
        self.rules = [result.rule for result in results]
        whole = self._unrestricted()
        for result in results:
            self._rule(result, whole)
        self.rows.sort()
        return self.rows

    def number_of(self, rule_id: str, key: str) -> int | None:
        """The place number behind a place key of one rule's findings; None for "all"."""
        if key == PLACE_ALL:
            return None
        scope = ScopeKind.SYSTEM
        if rule_id != UNRESTRICTED_RULE:
            scope = next(r.scope for r in self.rules if r.rule_id == rule_id)
        places = self.engine.columns.atlas.places
        kinds = (PlaceKind.COVER,) if rule_id == UNRESTRICTED_RULE else PLACES_OF[scope]
        return next(n for n, p in enumerate(places) if p.kind in kinds and p.label == key)

    # -- one rule --------------------------------------------------------------------------------

    def _rule(self, result: RuleResult, whole: Mapping[int, str]) -> None:
        # Sorted by subject, so each subject's rows are one run.
        subjects, starts = np.unique(result.subject, return_index=True)
        stops = np.append(starts, len(result.subject))[1:]  # none for none
        for subject, start, stop in zip(subjects, starts, stops, strict=True):
            rows = range(int(start), int(stop))
            code = self.judge.subjects.start + int(subject)
            finding = self._finding_id(result.rule.rule_id, code)
            self._passed = _Passed()
            self._holder = self.engine.snapshot.node_ids[code]
            self._holder_name = self.names.name(code)
            places = [self._place(result, row, code, finding) for row in rows]
            worst = self._worst(places)
            violating = [row for row in rows if result.violation[row]]
            folded = bool(violating) and all(result.folded[r] for r in violating)
            pairs = best_pairs(
                [
                    lens
                    for n, lens in enumerate(result.lenses)
                    if any(result.pairs[r, n] for r in violating)
                ]
            )
            self._violation(
                result.rule,
                code,
                finding,
                places=places,
                worst=worst,
                means=pairs,
                folded_under=whole.get(code) if folded else None,
            )

    def _worst(self, places: Sequence[Row]) -> Row:
        verdicts = [str(v) for v in Verdict]
        return min(
            places,
            key=lambda p: (verdicts.index(p["verdict"]), -Severity(p["severity"]).rank),
        )

    def _place(self, result: RuleResult, row: int, code: int, finding: str) -> Row:
        rule, number = result.rule, int(result.place[row])
        key, title, tier = self._named(number)
        violation = bool(result.violation[row])
        severity = self._severity(rule, number)
        reasons = []
        for leg, duty in enumerate(rule.duties):
            state = int(result.legs[row, leg])
            if state:
                reason = self._leg(result, row, duty, code, finding, key=key, sure=state == 2)  # noqa: PLR2004
                reasons.append(reason)
        place: Row = {
            "finding_id": finding,
            "place": key,
            "place_title": title,
            "tier": tier,
            "severity": str(severity),
            "verdict": str(Verdict.VIOLATION if violation else Verdict.NOT_EVALUABLE),
            "means": "; ".join(
                lens.pair
                for lens in best_pairs(
                    [lens for n, lens in enumerate(result.lenses) if result.pairs[row, n]]
                )
            )
            or None,
            "reason": None if violation else joined(dict.fromkeys(filter(None, reasons)), "; "),
        }
        self.rows.places.append(place)
        return place

    def _severity(self, rule: Rule, number: int) -> Severity:
        if number == self.engine.n_places:
            tiers = [row["tier"] for row in self.names.applications.values()]
            return max((rule.severity_of(t) for t in tiers), default=rule.severity, key=_rank)
        _, _, tier = self._named(number)
        return rule.severity_of(tier)

    def _named(self, number: int) -> tuple[str, str, str | None]:
        """Key, title and tier of a place."""
        if number == self.engine.n_places:
            return PLACE_ALL, _PLACE_TITLES[PLACE_ALL], None
        place = self.engine.columns.atlas.places[number]
        if place.kind is PlaceKind.APPLICATION:
            row = self.names.applications[place.key]
            return place.key, row["title"] or place.key, row["tier"]
        if place.kind is PlaceKind.RESOURCE:
            return place.label, place.label, None
        return place.key, _PLACE_TITLES.get(place.key, place.key), None

    # -- one leg ---------------------------------------------------------------------------------

    def _leg(
        self,
        result: RuleResult,
        row: int,
        duty: str,
        code: int,
        finding: str,
        *,
        key: str,
        sure: bool,
    ) -> str | None:
        """Write a leg and its hops; returns why it is unknown, if it is."""
        number = int(result.place[row])
        spot = None if number == self.engine.n_places else number
        widest = result.lenses[-1]
        # In `unmapped` a leg is never sure, yet what is held is held: look without doubt first.
        candidates = [*result.lenses] if sure or spot == self.engine.unmapped else []
        if not sure:
            candidates.append(replace(widest, possible=True))
        for lens in candidates:
            witness = self.guide.witness(lens, code, duty, spot)
            if witness is not None:
                break
        else:
            blank = self._blank_reason(result, duty)
            self._leg_row(finding, key, duty, state="unknown", reason=blank)
            return blank
        reason = None if sure else self.tracer.why_unknown(witness, duty, number)
        leg = self._leg_row(
            finding,
            key,
            duty,
            state="yes" if sure else "unknown",
            reason=reason,
            means=None if lens.possible else lens.pair,
            way=self.engine.columns.ways[witness.way].text,
            hops=witness.hops,
        )
        hops = self.tracer.hops(witness)
        leg["path"] = self.tracer.text(code, witness)
        self._passed.note(hops)
        self.rows.hops.extend(
            {"finding_id": finding, "place": key, "holder": self._holder, "duty": duty, **hop}
            for hop in hops
        )
        return reason

    def _leg_row(self, finding: str, key: str, duty: str, **values: Any) -> Row:
        leg: Row = {
            "finding_id": finding,
            "place": key,
            "holder": self._holder,
            "holder_name": self._holder_name,
            "duty": duty,
            "duty_title": self.duties[duty].title,
            "hops": 0,
            **values,
        }
        self.rows.legs.append(leg)
        return leg

    def _blank_reason(self, result: RuleResult, duty: str) -> str:
        title = self.duties[duty].title
        if duty in result.dead:
            return f"nothing that was read lets anyone {lower_first(title)}"
        systems = ", ".join(result.blind.get(duty, ())) or "its systems"
        return f"{systems} was not read completely, so who can {lower_first(title)} is unknown"

    # -- one finding -----------------------------------------------------------------------------

    def _violation(
        self,
        rule: Rule,
        code: int,
        finding: str,
        *,
        places: Sequence[Row],
        worst: Row,
        means: Sequence[Lens],
        folded_under: str | None,
    ) -> None:
        person = self.names.row(code)
        kind, key = self.names.subject_keys[code]
        systems, accounts = sorted(self._passed.systems), sorted(self._passed.accounts)
        self.rows.violations.append(
            {
                "finding_id": finding,
                "rule_id": rule.rule_id,
                "rule_title": rule.title,
                "rule_kind": str(rule.kind),
                "subject_kind": kind,
                "subject_key": key,
                "subject": person["identity"],
                "name": self.names.name(code),
                "email": person["email"],
                "status_hr": person["status"],
                "identity_kind": person["kind"],
                "title": person["title"],
                "department": person["department"],
                "manager": self._managers.get(person["manager"], person["manager"]),
                "verdict": worst["verdict"],
                "severity": worst["severity"],
                "places": len(places),
                "means": "; ".join(lens.pair for lens in means) or None,
                "systems": "; ".join(systems),
                "cross_system": len(systems) > 1,
                "accounts": "; ".join(accounts),
                "folded_under": folded_under,
                "caveats": "; ".join(self.tracer.caveats(systems)) or None,
                "sentence": self._sentence(rule, code, places, worst),
            }
        )

    def _sentence(self, rule: Rule, code: int, places: Sequence[Row], worst: Row) -> str:
        name = self.names.name(code)
        acts = [lower_first(self.duties[d].title) for d in rule.duties]
        what = joined(acts, " and ")
        if rule.count < len(acts):
            what = f"do {rule.count} of: {', '.join(acts)}"
        same = [p for p in places if p["verdict"] == worst["verdict"]]
        where = joined([p["place_title"] for p in same], " and ")
        where = where if where.startswith("anywhere") else f"in {where}"
        if worst["verdict"] == Verdict.VIOLATION:
            return f"{name} can {what} {where}."
        return f"Nobody can say whether {name} can {what} {where}: {same[0]['reason']}."

    def _finding_id(self, rule_id: str, code: int) -> str:
        return finding_id(rule_id, *self.names.subject_keys[code])

    def _manager_names(self) -> Mapping[str, str]:
        table = self.engine.snapshot["identities"]
        return {
            row["employee_id"]: f"{row['name']} ({row['employee_id']})"
            for row in table.select(["employee_id", "name"]).to_pylist()
            if row["employee_id"] and row["name"]
        }

    # -- everything in a system ------------------------------------------------------------------

    def _unrestricted(self) -> Mapping[int, str]:
        """Write one finding per person who has, or may have, everything in a system."""
        rule = unrestricted_rule()
        lens = self.everything
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
            spots // self.engine.n_places,
            spots % self.engine.n_places,
            sure,
            np.where(sure, 2, 1)[:, None].astype(np.int64),
            lenses,
            pairs & sure[:, None],
            np.zeros(len(spots), dtype=bool),
            (),
            (),
            {},
        )
        self._rule(result, {})
        first = self.judge.subjects.start
        return {
            first + int(s): self._finding_id(rule.rule_id, first + int(s))
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
    )


def _rank(severity: Severity) -> int:
    return severity.rank
