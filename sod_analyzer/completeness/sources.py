"""What sources, taken together, fail to cover: issues, and systems whose facts are not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import ISSUES, Hides, Snapshot, Status, SystemScope
from sod_analyzer.model.rows import Rows, shown
from sod_analyzer.model.settings import Unread

Row = Mapping[str, Any]
_COUNTS = (
    "lines",
    "continued",
    "header",
    "blank",
    "parsed",
    "rejected",
    "duplicate",
    "filtered",
    "loaded",
)


@dataclass(frozen=True)
class Coverage:
    """Issues of the sources as a whole; `unknown` has the reason by system."""

    issues: pa.Table  # ISSUES
    unknown: Mapping[str, str]


def in_scope(snapshot: Snapshot) -> Mapping[str, Row]:
    """The systems in scope, by id."""
    return {
        row["system"]: row
        for row in snapshot["systems"].to_pylist()
        if row["scope"] in (None, SystemScope.IN_SCOPE)
    }


def cover(
    snapshot: Snapshot,
    *,
    as_of: date,
    max_skew_days: int,
    unread: Mapping[str, tuple[Unread, ...]],
) -> Coverage:
    """What is missing, failed, too old, not tied, or not read by design.

    Systems that are not in scope cause nothing.
    """
    issues = Rows(ISSUES)
    unknown: dict[str, str] = {}
    systems = in_scope(snapshot)
    sources: list[Row] = snapshot["sources"].to_pylist()
    told = _already_told(snapshot)
    fed = _fed(snapshot)
    for name, system in systems.items():
        mine = [s for s in sources if s["system"] == name or (name, s["source_id"]) in fed]
        _without_source(issues, unknown, system, mine)
        for kind in unread.get(system["product"], ()):
            _unread(issues, system, kind)
    for source in sources:
        _waterfall(issues, source)
        if source["system"] in systems:
            _unreadable(issues, unknown, source, told=source["source_id"] in told)
            _age(issues, unknown, source, as_of, max_skew_days)
    _control_totals(issues, [source for source in sources if source["system"] in systems])
    _roster(issues, snapshot, systems)
    return Coverage(issues.table(), dict(sorted(unknown.items())))


def _fed(snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    """Systems with sources that are of another system, and hold theirs, too."""
    table = snapshot["policies"].select(["system", "source_id"]).group_by(["system", "source_id"])
    rows = table.aggregate([]).to_pylist()
    return frozenset((row["system"], row["source_id"]) for row in rows)


def _already_told(snapshot: Snapshot) -> frozenset[str]:
    """Sources of which some issue says already that a conflict could hide there."""
    table = snapshot["issues"]
    told = table.filter(pc.equal(table.column("hides"), str(Hides.YES)))
    return frozenset(pc.unique(told.column("source_id")).to_pylist())


def _without_source(
    issues: Rows, unknown: dict[str, str], system: Row, sources: Iterable[Row]
) -> None:
    if any(True for _ in sources):
        return
    name = system["system"]
    unknown[name] = "no source"
    _add(issues, "missing-source", f"System {name} is in scope and has no source.", row=system)


def _unread(issues: Rows, system: Row, kind: Unread) -> None:
    name = system["system"]
    if kind is Unread.GATES:
        text = f"Branch rules and reviews of {name} are not read: no gate is evaluated."
    else:
        text = f"Pipelines of {name} are not read: what they let people do is not evaluated."
    _add(issues, kind, text, row=system, hides=Hides.UNKNOWN)


def _unreadable(issues: Rows, unknown: dict[str, str], source: Row, *, told: bool) -> None:
    """A source that gave nothing. Its importer has mostly said so already, and why."""
    if source["status"] in (None, "read"):
        return
    source_id = source["source_id"]
    state = "missing" if source["status"] == "missing" else "not readable"
    unknown.setdefault(source["system"], f"source {source_id} is {state}")
    if not told:
        text = f"Source {source_id} ({shown(source['path'])}) is {state}."
        _add(issues, "failed-source", text, row=source, subject=source_id)


def _age(
    issues: Rows, unknown: dict[str, str], source: Row, as_of: date, max_skew_days: int
) -> None:
    if source["status"] not in (None, "read"):
        return
    source_id, instant = source["source_id"], source["extracted_at"]
    if instant is None:
        text = f"Nobody knows when source {source_id} was extracted."
        _add(
            issues,
            "extraction-time-unknown",
            text,
            row=source,
            subject=source_id,
            hides=Hides.UNKNOWN,
        )
        return
    day = instant.astimezone(UTC).date()
    if source["extracted_at_basis"] == "file-time":
        text = f"When source {source_id} was extracted is known from its file's time only ({day})."
        _add(
            issues,
            "extraction-time-unstated",
            text,
            row=source,
            subject=source_id,
            hides=Hides.NO,
        )
    age = (as_of - day).days
    if age > max_skew_days:
        text = f"extracted on {day}, {age} days before {as_of}"
        unknown.setdefault(source["system"], f"source {source_id} was {text}")
        text = f"Source {source_id} was {text}; more than {max_skew_days} is too old."
        _add(issues, "stale-source", text, row=source, subject=source_id)
    elif -age > max_skew_days:
        text = (
            f"Source {source_id} was extracted on {day}, {-age} days after {as_of}: "
            "access removed in between cannot be seen."
        )
        _add(issues, "as-of-before-extraction", text, row=source, subject=source_id)


def _waterfall(issues: Rows, source: Row) -> None:
    counts = [source[name] for name in _COUNTS]
    if all(count is None for count in counts):
        return
    lines, continued, header, blank, parsed, rejected, duplicate, filtered, loaded = (
        count or 0 for count in counts
    )
    ties = (
        lines - continued - header - blank == parsed
        and parsed - rejected - duplicate - filtered == loaded
        and min(count or 0 for count in counts) >= 0
    )
    if not ties:
        text = (
            f"The counts of source {source['source_id']} do not tie: "
            f"{lines} - {continued} - {header} - {blank} = {parsed} parsed, "
            f"- {rejected} - {duplicate} - {filtered} = {loaded} loaded."
        )
        _add(issues, "waterfall", text, row=source, subject=source["source_id"])


def _control_totals(issues: Rows, sources: Iterable[Row]) -> None:
    """Compares what owners expect with what was parsed, over all the files of a source."""
    files: dict[str, list[Row]] = {}
    for source in sources:
        files.setdefault(source["source_id"].partition("/")[0], []).append(source)
    for source_id, rows in sorted(files.items()):
        expected = max((row["expected_count"] for row in rows if row["expected_count"]), default=0)
        stated = any(row["expected_count"] is not None for row in rows)
        unread = any(row["status"] not in (None, "read") for row in rows)
        parsed = sum(row["parsed"] or 0 for row in rows)
        # A source's owner may have counted repeated records once or each time; both tie.
        distinct = parsed - sum(row["duplicate"] or 0 for row in rows)
        if not stated or unread or expected in {parsed, distinct}:
            continue
        text = f"Source {source_id} should have {expected:,} records and has {parsed:,}."
        hides = Hides.YES if parsed < expected else Hides.UNKNOWN
        _add(issues, "control-total", text, row=rows[0], subject=source_id, hides=hides)


def _roster(issues: Rows, snapshot: Snapshot, systems: Mapping[str, Row]) -> None:
    identities = snapshot["identities"]
    stated = pc.or_(
        pc.not_equal(identities.column("status").fill_null(str(Status.UNKNOWN)), Status.UNKNOWN),
        pc.is_valid(identities.column("employee_id")),
    )
    if pc.any(stated).as_py():
        return
    rosters = [row for row in systems.values() if row["product"] == "hr"]
    text = "There is no roster of people: no account can be tied to a person."
    row = rosters[0] if len(rosters) == 1 else {}
    _add(issues, "missing-roster", text, row=row)


def _add(
    issues: Rows,
    kind: str,
    text: str,
    *,
    row: Row,
    subject: str | None = None,
    hides: Hides = Hides.YES,
) -> None:
    """An issue about a system or a source; `row` is its row."""
    issues.add(
        kind=str(kind),
        system=row.get("system"),
        subject=subject,
        text=text,
        hides=str(hides),
        source_id=row.get("source_id"),
        record=row.get("record"),
    )
