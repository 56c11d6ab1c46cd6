"""What the page shows, cut to a size a browser bears, as plain values for its templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from sod_analyzer.model.finding import Report, Verdict
from sod_analyzer.report import facts
from sod_analyzer.report.drawing import Edge, Lane, Node, drawing


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows the page shows before it counts the rest."""

    findings: int = 2_000
    folded: int = 50  # under one finding
    places: int = 4  # of one finding, drawn with their paths
    people: int = 500
    rows: int = 500  # of any other table


@dataclass(frozen=True, slots=True)
class Some:
    """The first rows of a table, and how many it has."""

    rows: list[dict[str, Any]]
    total: int

    @property
    def more(self) -> int:
        """How many are left out."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of a finding, drawn."""

    facts: dict[str, Any]
    legs: list[dict[str, Any]]
    hops: list[dict[str, Any]]
    picture: Markup


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, with what opens under it."""

    facts: dict[str, Any]
    rank: int
    places: list[PlaceView]
    place_rows: Some
    folded: Some


@dataclass(frozen=True, slots=True)
class FindingsView:
    """The findings shown, what they can be filtered by, and how many there are."""

    shown: list[FindingView]
    total: int  # findings that stand for themselves
    folded: int
    choices: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at first; `filters` preset the findings table, else `target` is shown."""

    tone: str  # look | warn
    count: int
    text: str
    target: str
    filters: str = ""


def some(table: pa.Table, most: int) -> Some:
    """The first rows of the table."""
    return Some(facts.rows(table.slice(0, most)), table.num_rows)


def findings(report: Report, limits: Limits) -> FindingsView:
    """The findings to show, in report order, each with its folded ones under it.

    A folded finding whose own finding is not shown stands for itself.
    """
    violations = report["violations"]
    alone = violations.filter(pc.is_null(violations["folded_under"]))
    top = facts.rows(alone.slice(0, limits.findings))
    shown = {row["finding_id"] for row in top}
    under: dict[str, list[dict[str, Any]]] = {}
    for row in facts.rows(violations.filter(pc.is_valid(violations["folded_under"]))):
        if row["folded_under"] in shown:
            under.setdefault(row["folded_under"], []).append(row)
        elif len(top) < limits.findings:
            top.append(row)
    details = _Details(report, [row["finding_id"] for row in top])
    views = [details.view(row, under.get(row["finding_id"], []), limits) for row in top]
    return FindingsView(
        shown=views,
        total=alone.num_rows,
        folded=violations.num_rows - alone.num_rows,
        choices={
            "severity": [s for s in facts.SEVERITIES if any(r["severity"] == s for r in top)],
            "verdict": facts.unique(row["verdict"] for row in top),
            "rule": facts.unique(row["rule_id"] for row in top),
            "system": facts.unique(s for row in top for s in facts.split(row["systems"])),
            "department": facts.unique(row["department"] for row in top),
            "status": facts.unique(row["status_hr"] for row in top),
        },
    )


class _Details:
    """Places, legs and hops of the findings shown, by finding."""

    def __init__(self, report: Report, wanted: list[str]) -> None:
        chosen = pa.array(wanted, pa.string())
        self._by: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for name in ("places", "legs", "hops"):
            table = report[name]
            mine = table.filter(pc.is_in(table["finding_id"], value_set=chosen))
            groups: dict[str, list[dict[str, Any]]] = {}
            for row in facts.rows(mine):
                groups.setdefault(row["finding_id"], []).append(row)
            self._by[name] = groups

    def view(
        self, row: dict[str, Any], folded: list[dict[str, Any]], limits: Limits
    ) -> FindingView:
        key = row["finding_id"]
        places = self._by["places"].get(key, [])
        views = [self._place(row, place) for place in places[: limits.places]]
        severity = row["severity"]
        ranks = facts.SEVERITIES
        return FindingView(
            facts=row,
            rank=len(ranks) - ranks.index(severity) if severity in ranks else 0,
            places=views,
            place_rows=Some(places[: limits.folded], len(places)),
            folded=Some(folded[: limits.folded], len(folded)),
        )

    def _place(self, row: dict[str, Any], place: dict[str, Any]) -> PlaceView:
        key = row["finding_id"]
        legs = [leg for leg in self._by["legs"].get(key, []) if leg["place"] == place["place"]]
        hops = [hop for hop in self._by["hops"].get(key, []) if hop["place"] == place["place"]]
        lanes = [lane for leg in legs for lane in _lanes(leg, hops)]
        subject = Node(row["subject_kind"], row["subject"], row["name"] or row["subject"])
        return PlaceView(place, legs, hops, drawing(subject, lanes))


def _lanes(leg: dict[str, Any], hops: Iterable[dict[str, Any]]) -> list[Lane]:
    title = leg["duty_title"] or leg["duty"]
    parts: dict[int, list[Edge]] = {}
    for hop in hops:
        if hop["duty"] == leg["duty"]:
            target = Node(hop["to_kind"], hop["to_id"], hop["to_name"] or hop["to_id"])
            parts.setdefault(hop["part"], []).append(Edge(hop["kind"], hop["note"], target))
    if not parts:
        return [Lane(title, (), leg["reason"] or "no path recorded")]
    if len(parts) == 1:
        return [Lane(title, tuple(edges)) for edges in parts.values()]
    return [
        Lane(f"{title} (part {number} of {len(parts)})", tuple(edges))
        for number, edges in enumerate(parts.values(), start=1)
    ]


def people(report: Report, limits: Limits) -> Some:
    """People with a violation or something not evaluable, most violations first."""
    table = report["population"]
    found = facts.rows(
        table.filter(
            pc.or_(pc.greater(table["violations"], 0), pc.greater(table["not_evaluable"], 0))
        )
    )
    found.sort(key=lambda row: (-row["violations"], -row["not_evaluable"], row["name"] or ""))
    links: dict[str, list[dict[str, Any]]] = {}
    for row in facts.rows(report["violations"].select(["finding_id", "subject", "rule_id"])):
        links.setdefault(row["subject"], []).append(row)
    shown = found[: limits.people]
    for row in shown:
        row["findings"] = links.get(row["identity"], [])[: limits.folded]
    return Some(shown, len(found))


def attention(report: Report) -> list[Attention]:
    """What a reader must look at, what is missing first."""
    found = facts.rows(
        report["violations"].select(["verdict", "severity", "rule_id", "status_hr", "folded_under"])
    )
    alone = [row for row in found if row["folded_under"] is None]
    breaks = [row for row in alone if row["verdict"] == Verdict.VIOLATION]
    open_gaps = [gap for gap in facts.gaps(report) if gap.state == "open"]
    uncovered = [row for row in facts.systems(report) if row["coverage"] == "no input"]
    unequal = [row for row in facts.sources(report) if row["difference"] or not row["ties"]]

    def of(column: str, value: str) -> int:
        return sum(row[column] == value for row in breaks)

    found_here = (
        Attention("look", len(open_gaps), "open gaps: no clean bill until closed", "gaps"),
        Attention("look", len(uncovered), "systems in scope without input", "systems"),
        Attention("look", of("rule_id", "UNRESTRICTED"), "with unrestricted access to a system",
                  "findings", "rule=UNRESTRICTED"),
        Attention("look", of("severity", "critical"), "critical violations",
                  "findings", "severity=critical&verdict=violation"),
        Attention("look", of("status_hr", "leaver"), "violations by leavers with live access",
                  "findings", "status=leaver&verdict=violation"),
        Attention("warn", len(alone) - len(breaks), "findings that could not be judged",
                  "findings", "verdict=not-evaluable"),
        Attention("warn", len(unequal), "inputs whose counts do not agree", "inputs"),
        Attention("warn", report.completeness.accepted_gaps, "gaps accepted by an owner", "gaps"),
        Attention("warn", report["unmapped"].num_rows, "resources no application claims",
                  "unmapped"),
        Attention("warn", report["dormant"].num_rows,
                  "would be violations if a dormant account worked again", "dormant"),
    )  # fmt: skip
    return [entry for entry in found_here if entry.count]
