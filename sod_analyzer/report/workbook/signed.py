"""The sheets of what people signed and what rules counted: measures, registers, approvals."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from sod_analyzer.model.finding import Report, Verdict
from sod_analyzer.model.mitigation import Standing
from sod_analyzer.report import facts, registers
from sod_analyzer.report.workbook.grid import Grid, chosen, from_rows

_STANDINGS = tuple(str(standing) for standing in Standing)
_VERDICTS = tuple(str(verdict) for verdict in Verdict)


def grids(report: Report) -> Mapping[str, Grid]:
    """The sheets by the name of what they show."""
    return {
        "measures": _measures(report),
        "mitigations": _mitigations(report),
        "exclusions": _exclusions(report),
        "approvals": _approvals(report),
        "changes": _changes(report),
    }


def _measures(report: Report) -> Grid:
    first = ("rule_id", "place", "place_title", "wanted", "found", "possible", "verdict", "people",
             "reason", "tier")  # fmt: skip
    return Grid(
        "People counts",
        chosen(report["measures"], first),
        "how many people rules counted in each place, and the smallest teams; clear ones too",
        {"rule_id": 15, "place": 20, "place_title": 24, "wanted": 26, "found": 9, "possible": 10,
         "verdict": 14, "people": 60, "reason": 36, "tier": 18},
        frozen=2,
        tones={"verdict": _VERDICTS},
    )  # fmt: skip


def _mitigations(report: Report) -> Grid:
    first = ("mitigation_id", "standing", "why", "control", "rule_id", "name", "place",
             "valid_until", "last_performed", "excuses")  # fmt: skip
    return Grid(
        "Mitigations",
        chosen(report["mitigations"], first),
        "the register of compensating controls: how each stands, why, and how much rests on it",
        {"mitigation_id": 14, "standing": 16, "why": 44, "control": 22, "rule_id": 14, "name": 26,
         "place": 18, "valid_until": 12, "last_performed": 14, "excuses": 10, "subject_key": 16,
         "owner": 26, "approver": 30, "performer": 26, "approved_on": 13, "frequency_days": 12,
         "evidence": 36, "file": 26, "record": 9},
        tones={"standing": _STANDINGS},
    )  # fmt: skip


def _exclusions(report: Report) -> Grid:
    first = ("rule_id", "what", "state", "hidden", "reason", "by", "on", "until", "people")
    return Grid(
        "Exclusions",
        chosen(report["exclusions"], first),
        "what rules leave out, who answers for it, and what that hides",
        {"rule_id": 15, "what": 40, "state": 16, "hidden": 9, "reason": 40, "by": 20, "on": 12,
         "until": 12, "people": 50},
        tones={"state": ("over", "matches nothing")},
    )  # fmt: skip


def _approvals(report: Report) -> Grid:
    found = facts.rows(report["approvals"])
    for row in found:
        row["changes_since"] = len(registers.changes_of(row))
    texts = ("what", "name", "state", "by")
    columns: dict[str, pa.DataType] = dict.fromkeys(texts, pa.string())
    columns |= {"on": pa.date32(), "changes_since": pa.int64()}
    columns |= dict.fromkeys(("approved_digest", "digest"), pa.string())
    return Grid(
        "Approvals",
        from_rows(found, columns),
        "what was approved, by whom, and whether it is what was used",
        {"what": 18, "name": 26, "state": 24, "by": 32, "on": 12, "changes_since": 17,
         "approved_digest": 68, "digest": 68},
        tones={"state": (registers.APPROVED, registers.CHANGED, registers.NOT_APPROVED)},
    )  # fmt: skip


def _changes(report: Report) -> Grid:
    found = [
        {"what": row["what"], "name": row["name"], "change": change}
        for row in facts.rows(report["approvals"])
        for change in registers.changes_of(row)
    ]
    return Grid(
        "Changes since approval",
        from_rows(found, dict.fromkeys(("what", "name", "change"), pa.string())),
        "what differs from what was approved, one change a line",
        {"what": 18, "name": 26, "change": 110},
        frozen=2,
    )
