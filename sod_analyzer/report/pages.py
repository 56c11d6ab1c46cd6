"""What the page shows, cut to a size a browser bears, as plain values for its templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.finding import Report, Verdict
from sod_analyzer.report import facts, registers
from sod_analyzer.report.columns import plain, taken, taken_rows
from sod_analyzer.report.counting import filled, is_word
from sod_analyzer.report.details import Details, FindingView, Firsts, Limits, Some

__all__ = ["Limits", "Some"]


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
    is_folded = filled(violations["folded_under"])
    alone, folded = np.flatnonzero(~is_folded), np.flatnonzero(is_folded)
    shown = alone[: limits.findings]
    ids = taken(violations["finding_id"], shown)
    implied_by = taken(violations["folded_under"], folded)
    owner = pc.index_in(implied_by, value_set=ids).fill_null(-1).to_numpy().astype(np.int64)
    orphans = folded[owner < 0][: limits.findings - len(shown)]
    chosen = np.concatenate([shown, orphans])
    under = Firsts(owner, len(chosen), limits.folded)
    below = facts.rows(taken_rows(violations, folded[under.rows]))
    top = facts.rows(taken_rows(violations, chosen))
    details = Details(report, chosen, limits)
    views = [
        details.view(row, number, Some(below[under.span(number)], under.total(number)))
        for number, row in enumerate(top)
    ]
    return FindingsView(
        shown=views,
        total=len(alone),
        folded=len(folded),
        choices={
            "severity": [s for s in facts.SEVERITIES if any(r["severity"] == s for r in top)],
            "verdict": facts.unique(row["verdict"] for row in top),
            "rule": facts.unique(row["rule_id"] for row in top),
            "system": facts.unique(s for row in top for s in facts.split(row["systems"])),
            "department": facts.unique(row["department"] for row in top),
            "status": facts.unique(row["status_hr"] for row in top),
        },
    )


def people(report: Report, limits: Limits) -> Some:
    """People with a finding of any verdict, most violations first."""
    counts = ("violations", "not_evaluable", "mitigated", "gated")
    table = report["population"]
    columns = {name: table[name].fill_null(0) for name in counts}
    with_any = np.flatnonzero(sum(column.to_numpy() for column in columns.values()) > 0)
    names = pc.fill_null(plain(table["name"]), "")
    ranked = pa.table({**columns, "name": names}).take(pa.array(with_any))
    order = pc.sort_indices(
        ranked, [*((name, "descending") for name in counts), ("name", "ascending")]
    )
    shown = facts.rows(taken_rows(table, with_any[order[: limits.people].to_numpy()]))
    known = pa.array([row["identity"] for row in shown], pa.string())
    violations = report["violations"].select(["finding_id", "subject", "rule_id"])
    owner = pc.index_in(plain(violations["subject"]), value_set=known).fill_null(-1)
    found = Firsts(owner.to_numpy().astype(np.int64), len(shown), limits.folded)
    links = facts.rows(taken_rows(violations, found.rows))
    for number, row in enumerate(shown):
        row["findings"] = links[found.span(number)]
    return Some(shown, len(with_any))


def attention(report: Report) -> list[Attention]:
    """What a reader must look at, what is missing first."""
    violations = report["violations"]
    alone = ~filled(violations["folded_under"])
    breaks = alone & is_word(violations["verdict"], Verdict.VIOLATION)
    open_gaps = [gap for gap in facts.gaps(report) if gap.state == "open"]
    uncovered = [row for row in facts.systems(report) if row["coverage"] == "no input"]
    signed = registers.approvals(report)
    failing = registers.failing(report)
    unequal = [row for row in facts.sources(report) if row["difference"] or not row["ties"]]

    def of(column: str, value: str) -> int:
        return int((breaks & is_word(violations[column], value)).sum())

    def judged(verdict: Verdict) -> int:
        return int((alone & is_word(violations["verdict"], verdict)).sum())

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
        Attention("warn", int(is_word(report["exclusions"]["state"], "dropped").sum()),
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
