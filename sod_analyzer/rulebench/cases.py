"""Rule cases as a small world of their own, judged by the real matcher, catalogue and kernel.

All cases of a file share one world, in which each case is a person of its own: a duty that only
some cases perform is then alive for all of them, as it would be in an organisation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import pyarrow as pa

from sod_analyzer.assemble import assemble
from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.documents import document_source_row
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import (
    APPLICATIONS,
    BATCH_TABLES,
    EVERY_ACTION,
    PLACEMENTS,
    SOURCES,
    SYSTEMS,
    WHOLE_SYSTEM,
    GrantKind,
    IdentityClass,
    NodeKind,
    Snapshot,
    Status,
)
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.finding import PLACE_ALL, Verdict
from sod_analyzer.model.ruleset import Ruleset, ScopeKind
from sod_analyzer.model.settings import Estate
from sod_analyzer.rules import Case, CaseFile
from sod_analyzer.rules.catalogue import catalogue_rows

#: The system that the people of the cases come from, and the source that states everything.
ROSTER = "cases"
#: Cases have no dates; any day will do, and it must not be today.
_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What the engine says of one case."""

    case: Case
    verdict: Verdict
    places: tuple[str, ...]  # where that verdict holds, sorted; empty when clear

    @property
    def passed(self) -> bool:
        """Whether a hit is a violation in the place it names, and a miss is clear."""
        if not self.case.hit:
            return self.verdict is Verdict.CLEAR
        wanted = self.case.at
        return self.verdict is Verdict.VIOLATION and (wanted is None or wanted in self.places)

    def __str__(self) -> str:
        wanted = "a hit" if self.case.hit else "a miss"
        at = f" at {self.case.at}" if self.case.at else ""
        found = f" at {', '.join(self.places)}" if self.places else ""
        return (
            f"{self.case.where}: {self.case.rule_id} {self.case.person}: "
            f"expected {wanted}{at}, found {self.verdict}{found}"
        )


def run_cases(ruleset: Ruleset, cases: CaseFile) -> tuple[CaseResult, ...]:
    """Every case judged by the rule it is about, in the order of the file.

    Cases of rules that the ruleset lacks are left out; `rules.check_cases` refuses them.

    Cost: one assembly and one judgement per rule, however many cases there are.
    """
    batch, estate = facts(cases)
    snapshot = assemble([batch], estate)
    resources = _resources(snapshot, ruleset)
    columns = Columns(snapshot, ruleset.duties, Atlas(snapshot, resources=resources))
    engine = Engine(snapshot, columns, compile_edges(snapshot, as_of=_DAY))
    judge = Judge(engine)
    verdicts = {
        rule.rule_id: _verdicts(engine, judge.judge(rule))
        for rule in ruleset.rules
        if any(case.rule_id == rule.rule_id for case in cases.cases)
    }
    return tuple(
        CaseResult(case, *verdicts[case.rule_id].get(person, (Verdict.CLEAR, ())))
        for person, case in _people(cases).items()
        if case.rule_id in verdicts
    )


def facts(cases: CaseFile) -> tuple[Batch, Estate]:
    """The cases as an importer would have read them, and the estate they happen in.

    Each case's person has one account in each system it names. An action with `*` in it is a
    wildcard.
    """
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in BATCH_TABLES}
    for person, case in _people(cases).items():
        record = {"source_id": ROSTER, "record": case.where.line}
        rows["identities"].append(
            {
                "identity": f"{ROSTER}:{person}",
                "name": case.person,
                "employee_id": person,
                "status": str(Status.ACTIVE),
                "kind": str(IdentityClass.PERSON),
                **record,
            }
        )
        for system in sorted({right.system for right in case.rights}):
            rows["accounts"].append(
                {
                    "account": f"{system}:{person}",
                    "system": system,
                    "login": person,
                    "employee_id": person,
                    "enabled": True,
                    "kind": str(IdentityClass.PERSON),
                    **record,
                }
            )
        for right in case.rights:
            entitlement = f"{right.system}:{right.action}@{right.resource}"
            rows["entitlements"].append(
                {
                    "entitlement": entitlement,
                    "system": right.system,
                    "action": right.action,
                    "resource": right.resource,
                    "mode": "alone",
                    "wildcard": EVERY_ACTION in right.action,
                }
            )
            rows["grants"].append(
                {
                    "holder_kind": str(NodeKind.ACCOUNT),
                    "holder": f"{right.system}:{person}",
                    "target_kind": str(NodeKind.ENTITLEMENT),
                    "target": entitlement,
                    "kind": str(GrantKind.ASSIGNED),
                    **dict.fromkeys(
                        ("conditional", "eligible", "self_granted", "undecided"), False
                    ),
                    "source_id": ROSTER,
                    "record": right.where.line,
                }
            )
    tables = {
        name: pa.Table.from_pylist(rows[name], schema=schema)
        for name, schema in BATCH_TABLES.items()
    }
    return Batch(tables), _estate(cases)


def _people(cases: CaseFile) -> Mapping[str, Case]:
    """A person of its own for every case, in the order of the file."""
    return {f"{n:04d}-{case.person}": case for n, case in enumerate(cases.cases)}


def _estate(cases: CaseFile) -> Estate:
    systems = [
        {
            "system": name,
            "product": system.product,
            "environment": system.environment,
            "scope": "in-scope",
            "source_id": ROSTER,
            "record": system.where.line,
        }
        for name, system in sorted(cases.systems.items())
    ]
    systems.append({"system": ROSTER, "product": ROSTER, "scope": "in-scope"})
    applications, placements = catalogue_rows(cases.applications, ROSTER)
    lines = [case.where.line or 0 for case in cases.cases]
    source = document_source_row(cases.document, source_id=ROSTER, kind="cases", records=lines)
    return Estate(
        name=cases.ruleset,
        systems=pa.Table.from_pylist(systems, schema=SYSTEMS),
        applications=pa.Table.from_pylist(applications, schema=APPLICATIONS),
        placements=pa.Table.from_pylist(placements, schema=PLACEMENTS),
        documents=pa.Table.from_pylist([source], schema=SOURCES),
        as_of=_DAY,
    )


def _resources(snapshot: Snapshot, ruleset: Ruleset) -> list[tuple[str, str]]:
    """The resources that rules of scope `resource` are judged in."""
    if all(rule.scope is not ScopeKind.RESOURCE for rule in ruleset.rules):
        return []
    columns = [snapshot["entitlements"].column(name).to_pylist() for name in ("system", "resource")]
    return sorted({pair for pair in zip(*columns, strict=True) if pair[1] != WHOLE_SYSTEM})


def _verdicts(engine: Engine, result: RuleResult) -> Mapping[str, tuple[Verdict, tuple[str, ...]]]:
    """By employee id: the worst verdict, and the places where it holds."""
    places = [*(place.label for place in engine.columns.atlas.places), PLACE_ALL]
    ids = engine.snapshot["identities"].column("employee_id").to_pylist()
    first = engine.identities.start
    rows = sorted(
        (str(ids[subject - first]), not violation, places[place])
        for subject, violation, place in zip(
            result.subject.tolist(), result.violation.tolist(), result.place.tolist(), strict=True
        )
    )
    verdicts: dict[str, tuple[Verdict, tuple[str, ...]]] = {}
    for (person, open_), group in groupby(rows, key=lambda row: row[:2]):
        verdict = Verdict.NOT_EVALUABLE if open_ else Verdict.VIOLATION
        verdicts.setdefault(person, (verdict, tuple(place for _, _, place in group)))
    return verdicts
