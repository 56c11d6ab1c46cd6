"""What more than one format says: figures, verdict line, gaps, systems and sources.

Everything is counted here from the report's tables, once, so that the page and the workbook
cannot say different numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import SystemScope
from sod_analyzer.model.finding import NOBODY, Report, Verdict
from sod_analyzer.model.ruleset import Severity
from sod_analyzer.report.columns import (
    Words,
    distinct_words,
    numbered,
    order_by,
    plain,
    runs,
    taken_rows,
)
from sod_analyzer.report.counting import Behind, Mask, filled, is_word, once, tally
from sod_analyzer.report.ties import ties_of
from sod_analyzer.report.words import MEANINGS

#: Severities, worst first.
SEVERITIES: tuple[str, ...] = tuple(str(severity) for severity in reversed(Severity))

#: Columns of the severity matrix: verdict, whether folded, and what readers call it. A verdict is
#: written as a spreadsheet's criterion, so that `<>` is every other one: no finding is left out.
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("violation", "no", "violations"),
    ("not-evaluable", "no", "not evaluable"),
    ("mitigated", "no", "mitigated"),
    ("gated", "no", "gated"),
    ("violation", "yes", "folded violations"),
    ("<>violation", "yes", "folded, other"),
)
_CLEAN_CLAIM = re.compile(r"\bno conflicts?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """One named count and what it counts."""

    name: str
    value: int
    meaning: str

    @property
    def title(self) -> str:
        """The name as a heading."""
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Headline:
    """The first lines of every format. `tone` is incomplete, findings, caution or clean."""

    tone: str
    word: str
    completeness: str
    result: str


@dataclass(frozen=True, slots=True)
class Gap:
    """All exceptions that one gap id names, as far as they are in one state."""

    gap: str
    state: str  # open | accepted
    kind: str
    system: str
    hides: str
    count: int
    accepted: str | None
    text: str  # of the first


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """The table's rows as dictionaries; for tables that are shown whole, not for hops."""
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def folded(row: dict[str, Any]) -> str:
    """`yes` for a finding that another one implies."""
    return "no" if row["folded_under"] is None else "yes"


def matrix(report: Report) -> dict[str, list[int]]:
    """Findings by severity (worst first), one count for each of `COLUMNS`."""
    found = report["violations"]
    folds = pc.if_else(found["folded_under"].is_valid(), "yes", "no")
    counts = tally(found.append_column("folded", folds), "severity", "verdict", "folded")
    unlisted = sorted({str(severity) for severity, _, _ in counts} - set(SEVERITIES))

    def cell(severity: str, criterion: str, fold: str) -> int:
        verdict = criterion.removeprefix("<>")
        return sum(
            count
            for (found_severity, found_verdict, found_fold), count in counts.items()
            if (found_severity, found_fold) == (severity, fold)
            and (found_verdict == verdict) != criterion.startswith("<>")
        )

    return {
        severity: [cell(severity, verdict, fold) for verdict, fold, _ in COLUMNS]
        for severity in (*SEVERITIES, *unlisted)
    }


@once
def figures(report: Report) -> tuple[Figure, ...]:
    """The key numbers, in reading order."""
    found, places = report["violations"], report["places"]
    breaks = is_word(found["verdict"], Verdict.VIOLATION)
    counted = breaks & ~filled(found["folded_under"])
    verdicts = {verdict: count for (verdict,), count in tally(found, "verdict").items()}
    here = is_word(places["verdict"], Verdict.VIOLATION)
    values = {
        "people_assessed": report["population"].num_rows,
        "people_violating": behind(report).count(counted),
        "violations": int(counted.sum()),
        "places": int((counted[ties_of(report.tables).of_place] & here).sum()),
        "violations_folded": int((breaks & ~counted).sum()),
        "not_evaluable": verdicts.get(Verdict.NOT_EVALUABLE, 0),
        "mitigated": verdicts.get(Verdict.MITIGATED, 0),
        "gated": verdicts.get(Verdict.GATED, 0),
        "excluded": pc.sum(report["exclusions"]["hidden"]).as_py() or 0,
        "paths": _paths(report),
        "dormant": report["dormant"].num_rows,
        "open_gaps": report.completeness.open_gaps,
        "accepted_gaps": report.completeness.accepted_gaps,
    }
    return tuple(Figure(name, value, MEANINGS[name]) for name, value in values.items())


def figure(report: Report, name: str) -> int:
    """One of the key numbers."""
    return next(figure.value for figure in figures(report) if figure.name == name)


def headline(report: Report) -> Headline:
    """Completeness first, then the result; clean only if nothing is missing and nothing found.

    Errs: a result line that claims there is nothing while something is missing, mitigated or gated
    is replaced; while exclusions leave something out, it says how much.
    """
    counts = {figure.name: figure.value for figure in figures(report)}
    whole = report.completeness.complete and not report.completeness.open_gaps
    undecided = counts["not_evaluable"] + int(
        is_word(report["rules"]["state"], "not evaluable").sum()
    )
    claims = bool(_CLEAN_CLAIM.search(report.result))
    result, line = report.result, report.completeness.line
    if claims and (undecided or not whole):
        result = "Nothing found in what could be judged. This is no clean bill."
    excused = counts["mitigated"] + counts["gated"]
    if claims and excused and result == report.result:
        result = f"No open violation; {counts['mitigated']} mitigated, {counts['gated']} gated"
    if claims and counts["excluded"]:
        result += f"; {counts['excluded']:,} left out by exclusions"
    if not whole:
        return Headline("incomplete", "Incomplete", line, result)
    if counts["violations"] + counts["violations_folded"]:
        return Headline("findings", "Conflicts found", line, result)
    if excused and not undecided:
        return Headline("caution", "No violation stands open", line, result)
    if undecided or not claims:
        return Headline("caution", "Not everything could be judged", line, result)
    if counts["excluded"] or report.completeness.accepted_gaps:
        excluded = "No conflicts but for exclusions"
        word = excluded if counts["excluded"] else "Complete but for accepted gaps"
        return Headline("caution", word, line, result)
    return Headline("clean", "No conflicts", line, result)


def judged(report: Report) -> pa.Array:
    """Everyone's result, worded so that missing input never reads as a clean bill."""
    results = plain(report["population"]["result"])
    if headline(report).tone != "incomplete":
        return results
    clean = pc.fill_null(pc.equal(results, "no conflict"), False)  # noqa: FBT003
    return pc.if_else(clean, "none found; input incomplete", results)


def gaps(report: Report) -> tuple[Gap, ...]:
    """Gaps, the open ones first, then by id."""
    found = report["exceptions"].filter(report["exceptions"]["gap"].is_valid())
    gap, accepted = distinct_words(found["gap"]).codes, filled(found["accepted"]).astype(np.int8)
    order = order_by(gap, accepted)
    starts = runs(gap[order], accepted[order])
    counts = np.diff(np.append(starts, len(order))).tolist()
    # Of each gap the first row in report order; the sort keeps equal rows as they stand.
    firsts = rows(taken_rows(found, order[starts]))
    groups = [
        Gap(
            gap=row["gap"],
            state="open" if row["accepted"] is None else "accepted",
            kind=row["kind"],
            system=row["system"],
            hides=row["hides"],
            count=count,
            accepted=row["accepted"],
            text=row["text"],
        )
        for row, count in zip(firsts, counts, strict=True)
    ]
    return tuple(sorted(groups, key=lambda group: (group.state != "open", group.gap)))


def systems(report: Report) -> list[dict[str, Any]]:
    """Every system with its number of inputs and, in words, whether it is covered."""
    inputs = Counter(
        row["system"]
        for row in rows(report["sources"].select(["system", "status"]))
        if row["status"] == "read"
    )
    found = rows(report["systems"])
    for row in found:
        row["inputs"] = inputs[row["system"]]
        if row["scope"] != SystemScope.IN_SCOPE:
            row["coverage"] = str(row["scope"]).replace("-", " ")
        else:
            row["coverage"] = "covered" if row["inputs"] else "no input"
    return found


def ties(source: dict[str, Any]) -> bool:
    """Whether the source's counts add up from its first line to what was loaded."""
    names = ("continued", "header", "blank", "rejected", "duplicate", "filtered", "loaded")
    return bool((source["lines"] or 0) == sum(source[name] or 0 for name in names))


def sources(report: Report) -> list[dict[str, Any]]:
    """Every input file, with its age, whether its counts tie, and the difference to the expected.

    An expected count is of a whole source: where that has several files (`source/file`), the
    records of all of them are compared with it, and the difference stands on each.
    """
    found = rows(report["sources"])
    parsed: Counter[str] = Counter()
    for row in found:
        parsed[_source(row)] += row["parsed"] or 0
    for row in found:
        at, expected, total = row["extracted_at"], row["expected_count"], parsed[_source(row)]
        row["age_days"] = None if at is None else (report.as_of - at.date()).days
        row["ties"] = ties(row)
        row["source_parsed"] = total
        row["difference"] = None if expected is None else total - expected
    return found


def _source(row: dict[str, Any]) -> str:
    return str(row["source_id"]).partition("/")[0]


def top(report: Report, column: str, *, most: int = 10) -> list[tuple[str, int, int]]:
    """Values of a violations column with violations and people, most violations first.

    Roles and places have no department, so they count by rule only.
    """
    found = report["violations"]
    chosen = is_word(found["verdict"], Verdict.VIOLATION) & ~filled(found["folded_under"])
    if column != "rule_id":
        chosen &= ~is_word(found["subject_kind"], *NOBODY)
    values = distinct_words(found[column])
    counts = np.bincount(values.codes[chosen], minlength=len(values.texts) + 1)
    stated = pa.concat_arrays([values.texts, pa.array([None], pa.string())])
    names = pc.if_else(pc.fill_null(pc.equal(stated, ""), True), "(none)", stated)  # noqa: FBT003
    merged = (
        pa.table({"name": names, "count": counts}).group_by("name").aggregate([("count", "sum")])
    )
    some = merged.filter(pc.greater(merged["count_sum"], 0))
    order = pc.sort_indices(some, [("count_sum", "descending"), ("name", "ascending")])
    known = behind(report)
    return [
        (name, count, known.count(chosen & _named(values, names, name)))
        for name, count in zip(
            *(some.take(order[:most])[key].to_pylist() for key in ("name", "count_sum")),
            strict=True,
        )
    ]


def _named(values: Words, names: pa.Array, name: str) -> Mask:
    return np.take(pc.equal(names, name).to_numpy(zero_copy_only=False), values.codes)


@once
def behind(report: Report) -> Behind:
    """The people behind the findings."""
    return Behind(report)


def split(joined: str | None) -> list[str]:
    """The parts of a cell that holds several, "; "-joined."""
    return joined.split("; ") if joined else []


def _paths(report: Report) -> int:
    """Ways: one for each leg and part that has hops."""
    tied = ties_of(report.tables)
    leg, part = tied.of_hop, numbered(report["hops"]["part"])
    if tied.in_order:
        return len(runs(leg, part))
    order = order_by(leg, part)
    return len(runs(leg[order], part[order]))


def unique(values: Iterable[str | None]) -> list[str]:
    """The values that are there, sorted, each once."""
    return sorted({value for value in values if value})
