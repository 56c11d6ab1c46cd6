"""What the page shows, cut to a size a browser bears, as plain values for its templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from sod_analyzer.model.finding import Report, Verdict
from sod_analyzer.report import facts, registers
from sod_analyzer.report.drawing import Edge, Lane, Node, drawing


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows the page shows before it counts the rest."""

    findings: int = 2_000
    folded: int = 50  # under one finding
    places: int = 4  # of one finding, drawn with their paths
    holders: int = 6  # of one place, drawn with their paths
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
class HolderView:
    """How one holder comes to duties in a place, drawn."""

    name: str
    node_id: str
    duties: str
    legs: list[dict[str, Any]]
    hops: list[dict[str, Any]]
    picture: Markup


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of a finding: its subject's paths, or those of everybody who counts there."""

    facts: dict[str, Any]
    several: bool  # whether the holders are others than the subject
    duties: int  # how many different ones
    holders: list[HolderView]
    left_out: list[HolderView]  # not drawn


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


def first(found: list[dict[str, Any]], most: int) -> Some:
    """The first of the rows."""
    return Some(found[:most], len(found))


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
        views = [self._place(row, place, limits) for place in places[: limits.places]]
        severity = row["severity"]
        ranks = facts.SEVERITIES
        return FindingView(
            facts=row,
            rank=len(ranks) - ranks.index(severity) if severity in ranks else 0,
            places=views,
            place_rows=Some(places[: limits.folded], len(places)),
            folded=Some(folded[: limits.folded], len(folded)),
        )

    def _place(self, row: dict[str, Any], place: dict[str, Any], limits: Limits) -> PlaceView:
        key = row["finding_id"]
        legs = [leg for leg in self._by["legs"].get(key, []) if leg["place"] == place["place"]]
        hops = [hop for hop in self._by["hops"].get(key, []) if hop["place"] == place["place"]]
        known = [leg["holder"] or row["subject"] for leg in legs]
        several = any(holder != row["subject"] for holder in known)
        by_holder: dict[str, list[dict[str, Any]]] = {}
        for holder, leg in zip(known, legs, strict=True):
            by_holder.setdefault(holder, []).append(leg)
        views = [
            _holder(row, holder, mine, hops if number < limits.holders else ())
            for number, (holder, mine) in enumerate(by_holder.items())
        ]
        return PlaceView(
            facts=place,
            several=several,
            duties=len({leg["duty"] for leg in legs}),
            holders=views[: limits.holders],
            left_out=views[limits.holders :],
        )


def _holder(
    row: dict[str, Any], holder: str, legs: list[dict[str, Any]], of_place: Iterable[dict[str, Any]]
) -> HolderView:
    hops = [hop for hop in of_place if (hop["holder"] or row["subject"]) == holder]
    own = holder == row["subject"]
    name = (row["name"] if own else legs[0]["holder_name"]) or holder
    kind = hops[0]["from_kind"] if hops else row["subject_kind"] if own else "identity"
    lanes = [lane for leg in legs for lane in _lanes(leg, hops)]
    duties = ", ".join(leg["duty_title"] or leg["duty"] for leg in legs)
    return HolderView(name, holder, duties, legs, hops, drawing(Node(kind, holder, name), lanes))


def _lanes(leg: dict[str, Any], hops: Iterable[dict[str, Any]]) -> list[Lane]:
    title = leg["duty_title"] or leg["duty"]
    parts: dict[int, list[Edge]] = {}
    for hop in hops:
        if hop["duty"] == leg["duty"]:
            target = Node(hop["to_kind"], hop["to_id"], hop["to_name"] or hop["to_id"])
            parts.setdefault(hop["part"], []).append(Edge(hop["kind"], hop["note"], target))
    if not parts and leg["state"] == "yes":
        return []  # a fact about the subject by itself, such as a login nobody answers for
    if not parts:
        return [Lane(title, (), leg["reason"] or "no path recorded")]
    if len(parts) == 1:
        return [Lane(title, tuple(edges)) for edges in parts.values()]
    return [
        Lane(f"{title} (part {number} of {len(parts)})", tuple(edges))
        for number, edges in enumerate(parts.values(), start=1)
    ]


def people(report: Report, limits: Limits) -> Some:
    """People with a finding of any verdict, most violations first."""
    counts = ("violations", "not_evaluable", "mitigated", "gated")
    table = report["population"]
    total = pa.array([0] * table.num_rows, pa.int64())
    for name in counts:
        total = pc.add(total, pc.fill_null(table[name], 0))
    found = facts.rows(table.filter(pc.greater(total, 0)))
    found.sort(key=lambda row: (*(-(row[name] or 0) for name in counts), row["name"] or ""))
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
    signed = registers.approvals(report)
    failing = registers.failing(report)
    unequal = [row for row in facts.sources(report) if row["difference"] or not row["ties"]]

    def of(column: str, value: str) -> int:
        return sum(row[column] == value for row in breaks)

    def judged(verdict: Verdict) -> int:
        return sum(row["verdict"] == verdict for row in alone)

    found_here = (
        Attention("look", len(open_gaps), "open gaps: no clean bill until closed", "gaps"),
        Attention("look", len(uncovered), "systems in scope without input", "systems"),
        Attention("look", of("rule_id", "UNRESTRICTED"), "with unrestricted access to a system",
                  "findings", "rule=UNRESTRICTED"),
        Attention("look", of("severity", "critical"), "critical violations",
                  "findings", "severity=critical&verdict=violation"),
        Attention("look", of("status_hr", "leaver"), "violations by leavers with live access",
                  "findings", "status=leaver&verdict=violation"),
        Attention("look", sum(line.tone == "changed" for line in signed),
                  "approved texts that have changed since", "approvals"),
        Attention("look", failing, "mitigations that do not stand", "mitigations"),
        Attention("warn", judged(Verdict.NOT_EVALUABLE), "findings that could not be judged",
                  "findings", "verdict=not-evaluable"),
        Attention("warn", judged(Verdict.MITIGATED), "findings that a control stands for",
                  "findings", "verdict=mitigated"),
        Attention("warn", judged(Verdict.GATED), "findings behind a review or approval",
                  "findings", "verdict=gated"),
        Attention("warn", facts.figure(report, "excluded"),
                  "places of findings left out by exclusions", "exclusions"),
        Attention("warn", report["exclusions"]["state"].to_pylist().count("dropped"),
                  "rules dropped from the ruleset", "exclusions"),
        Attention("warn", registers.unapproved(report), "texts without an approval",
                  "approvals"),
        Attention("warn", len(unequal), "inputs whose counts do not agree", "inputs"),
        Attention("warn", report.completeness.accepted_gaps, "gaps accepted by an owner", "gaps"),
        Attention("warn", report["unmapped"].num_rows, "resources that no application claims",
                  "unmapped"),
        Attention("warn", report["dormant"].num_rows,
                  "would be violations if a dormant account worked again", "dormant"),
    )  # fmt: skip
    return [entry for entry in found_here if entry.count]
