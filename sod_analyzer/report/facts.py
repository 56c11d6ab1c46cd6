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

import pyarrow as pa

from sod_analyzer.model.access import SystemScope
from sod_analyzer.model.finding import NOBODY, Report, Verdict, people_behind
from sod_analyzer.model.ruleset import Severity
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
    found = report["violations"].select(["severity", "verdict", "folded_under"])
    counts = Counter((row["severity"], row["verdict"], folded(row)) for row in rows(found))
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


def figures(report: Report) -> tuple[Figure, ...]:
    """The key numbers, in reading order."""
    columns = ["finding_id", "subject_kind", "subject", "verdict", "folded_under"]
    found = rows(report["violations"].select(columns))
    breaks = [row for row in found if row["verdict"] == Verdict.VIOLATION]
    counted = {row["finding_id"]: row for row in breaks if folded(row) == "no"}
    verdicts = Counter(row["verdict"] for row in found)
    people = rows(report["population"].select(["identity", "account_ids"]))
    places = rows(report["places"].select(["finding_id", "verdict"]))
    values = {
        "people_assessed": report["population"].num_rows,
        "people_violating": len(people_behind(counted.values(), people)),
        "violations": len(counted),
        "places": sum(
            row["finding_id"] in counted and row["verdict"] == Verdict.VIOLATION for row in places
        ),
        "violations_folded": len(breaks) - len(counted),
        "not_evaluable": verdicts[Verdict.NOT_EVALUABLE],
        "mitigated": verdicts[Verdict.MITIGATED],
        "gated": verdicts[Verdict.GATED],
        "excluded": sum(hidden or 0 for hidden in report["exclusions"]["hidden"].to_pylist()),
        "paths": _paths(report["hops"]),
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
    undecided = counts["not_evaluable"] + sum(
        state == "not evaluable" for state in report["rules"]["state"].to_pylist()
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


def judged(report: Report) -> list[str | None]:
    """Everyone's result, worded so that missing input never reads as a clean bill."""
    results: list[str | None] = report["population"].column("result").to_pylist()
    if headline(report).tone != "incomplete":
        return results
    return [
        "none found; input incomplete" if result == "no conflict" else result for result in results
    ]


def gaps(report: Report) -> tuple[Gap, ...]:
    """Gaps, the open ones first, then by id."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows(report["exceptions"]):
        if row["gap"] is not None:
            state = "open" if row["accepted"] is None else "accepted"
            groups.setdefault((state, row["gap"]), []).append(row)
    return tuple(
        Gap(
            gap=gap,
            state=state,
            kind=members[0]["kind"],
            system=members[0]["system"],
            hides=members[0]["hides"],
            count=len(members),
            accepted=members[0]["accepted"],
            text=members[0]["text"],
        )
        for (state, gap), members in sorted(groups.items(), key=lambda group: _open_first(group[0]))
    )


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
    counts: Counter[str] = Counter()
    found: dict[str, list[dict[str, Any]]] = {}
    known = rows(report["population"].select(["identity", "account_ids"]))
    chosen = dict.fromkeys(["verdict", "folded_under", "subject_kind", "subject", column])
    for row in rows(report["violations"].select(list(chosen))):
        if column != "rule_id" and row["subject_kind"] in NOBODY:
            continue
        if row["verdict"] == Verdict.VIOLATION and folded(row) == "no":
            value = row[column] or "(none)"
            counts[value] += 1
            found.setdefault(value, []).append(row)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        (value, count, len(people_behind(found[value], known))) for value, count in ordered[:most]
    ]


def split(joined: str | None) -> list[str]:
    """The parts of a cell that holds several, "; "-joined."""
    return joined.split("; ") if joined else []


def _paths(hops: pa.Table) -> int:
    key = ["finding_id", "place", "holder", "duty", "part"]
    return int(hops.select(key).group_by(key).aggregate([]).num_rows)


def _open_first(group: tuple[str, str]) -> tuple[bool, str]:
    state, gap = group
    return (state != "open", gap)


def unique(values: Iterable[str | None]) -> list[str]:
    """The values that are there, sorted, each once."""
    return sorted({value for value in values if value})
