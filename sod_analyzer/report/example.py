"""One violation of the report, to be traced by hand to the records that state it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sod_analyzer.model.finding import NOBODY, Report, Verdict
from sod_analyzer.report.counting import is_word
from sod_analyzer.report.facts import folded, rows
from sod_analyzer.report.joined import hop_rows_at
from sod_analyzer.report.ties import ties_of
from sod_analyzer.report.words import VERBS


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of the worked example, as an instruction to a person with the files at hand."""

    number: int
    duty: str
    says: str
    file: str
    at: str
    sha256: str


def example(report: Report) -> tuple[dict[str, Any], tuple[Step, ...]] | None:
    """One violation of this very report, and how to trace it by hand; None if there is none.

    The first about one person that passes several systems is taken, else the first about a person,
    else the first.
    """
    found = [
        row
        for row in rows(report["violations"].slice(0, 1_000))
        if row["verdict"] == Verdict.VIOLATION and folded(row) == "no"
    ]
    if not found:
        return None
    about = [row for row in found if row["subject_kind"] not in NOBODY] or found
    chosen = next((row for row in about if row["cross_system"]), about[0])
    hashes = {row["source_id"]: row["sha256"] for row in rows(report["sources"])}
    of_hop = ties_of(report.tables).of_hop
    here = is_word(report["legs"]["finding_id"], chosen["finding_id"])
    mine = rows(hop_rows_at(report, np.flatnonzero(here[of_hop])))
    duties = {row["duty"]: row["duty_title"] for row in rows(report["legs"].slice(0, 10_000))}
    first_place = [row for row in mine if row["place"] == mine[0]["place"]]
    steps = tuple(
        Step(
            number=number,
            duty=duties.get(row["duty"]) or row["duty"],
            says=_said(row),
            file=row["file"] or "(no file)",
            at=row["at"] or "",
            sha256=hashes.get(row["source_id"]) or "",
        )
        for number, row in enumerate(first_place, start=1)
    )
    return chosen, steps


def _said(hop: dict[str, Any]) -> str:
    holder, target = hop["from_name"] or hop["from_id"], hop["to_name"] or hop["to_id"]
    return f"{holder} {verb(hop['kind'])} {target}."


def verb(kind: str) -> str:
    """How a hop of this kind reads in a sentence."""
    return VERBS.get(kind, kind)
