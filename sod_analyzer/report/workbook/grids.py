"""Which data sheets there are, with which columns, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.finding import Report
from sod_analyzer.report import facts, joined
from sod_analyzer.report.workbook import signed
from sod_analyzer.report.workbook.grid import Grid, chosen, from_rows

_SEVERITY = ("critical", "high", "medium")
_VERDICT = ("violation", "not-evaluable", "mitigated", "gated")
_CHECK = ("OK", "CHECK")


def grids(report: Report) -> tuple[Grid, ...]:
    """The data sheets in the order in which they stand."""
    registers = signed.grids(report)
    return (
        _completeness(report),
        _systems(report),
        _gaps(report),
        Grid(
            "Reconciliation",
            chosen(report["reconciliation"], ("what", "system", "kind", "count", "note")),
            "people and accounts, counted both ways",
            {"what": 46, "system": 18, "kind": 14, "count": 12, "note": 50},
        ),
        _violations(report),
        _places(report),
        _paths(report),
        registers["measures"],
        registers["mitigations"],
        registers["exclusions"],
        _population(report),
        _exceptions(report),
        Grid(
            "Unmapped",
            chosen(report["unmapped"], ("system", "resource", "duties", "holders", "people")),
            "resources that no application claims",
            {"system": 18, "resource": 40, "duties": 26, "holders": 10, "people": 60},
        ),
        Grid(
            "Dormant",
            chosen(report["dormant"], ("rule_id", "name", "place", "accounts", "why", "subject")),
            "would be violations if a dormant account worked again",
            {"rule_id": 14, "name": 28, "place": 22, "accounts": 40, "why": 44, "subject": 24},
        ),
        _rules(report),
        _coverage(report),
        registers["approvals"],
        registers["changes"],
        _parameters(report),
        _verbatim(report),
    )


def _flag(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_valid(column), "yes", "no")


def _completeness(report: Report) -> Grid:
    found = facts.sources(report)
    for row in found:
        row["check"] = "OK" if row["ties"] else "CHECK"
    numbers = ("lines", "continued", "header", "blank", "rejected", "duplicate", "filtered")
    columns: dict[str, pa.DataType] = {"path": pa.string()}
    columns |= dict.fromkeys((*numbers, "loaded"), pa.int64())
    columns |= {"check": pa.string(), "unit": pa.string(), "parsed": pa.int64()}
    columns |= dict.fromkeys(("expected_count", "source_parsed", "difference"), pa.int64())
    columns |= {"filtered_why": pa.string()}
    columns |= {"status": pa.string(), "system": pa.string(), "importer": pa.string()}
    columns |= {"source_id": pa.string(), "extracted_at": pa.timestamp("s", tz="UTC")}
    columns |= {"extracted_at_basis": pa.string(), "age_days": pa.int64()}
    texts = ("extracted_by", "query", "evidence", "kind", "encoding", "record_template", "sha256")
    columns |= dict.fromkeys(texts, pa.string())
    columns["bytes"] = pa.int64()
    return Grid(
        "Completeness",
        from_rows(found, columns),
        "every input: from its first line to what was loaded, and its hash",
        {"path": 46, **dict.fromkeys((*numbers, "loaded"), 11), "check": 9, "sha256": 68,
         "query": 40, "evidence": 30, "extracted_at": 20, "filtered_why": 30},
        tones={"check": _CHECK},
        formulas={"check": _tie},
    )  # fmt: skip


def _tie(row: int, letters: Mapping[str, str], facts_: Mapping[str, Any]) -> tuple[str, str]:
    taken = "".join(
        f"-{letters[name]}{row}"
        for name in ("continued", "header", "blank", "rejected", "duplicate", "filtered")
    )
    formula = f'=IF({letters["lines"]}{row}{taken}={letters["loaded"]}{row},"OK","CHECK")'
    return formula, str(facts_["check"])


def _systems(report: Report) -> Grid:
    names = ("system", "title", "product", "environment", "owner", "inputs", "coverage", "reason")
    columns = dict.fromkeys((*names, "scope"), pa.string()) | {"inputs": pa.int64()}
    return Grid(
        "Systems",
        from_rows(facts.systems(report), columns),
        "every declared system, with and without input",
        {"system": 20, "title": 30, "owner": 24, "reason": 44},
        tones={"coverage": ("no input",)},
    )


def _gaps(report: Report) -> Grid:
    names = ("gap", "state", "hides", "system", "kind", "cases", "text", "accepted")
    columns = dict.fromkeys(names, pa.string()) | {"cases": pa.int64()}
    found = [
        {
            "gap": gap.gap,
            "state": gap.state,
            "hides": gap.hides,
            "system": gap.system,
            "kind": gap.kind,
            "cases": gap.count,
            "text": gap.text,
            "accepted": gap.accepted,
        }
        for gap in facts.gaps(report)
    ]
    return Grid(
        "Gaps",
        from_rows(found, columns),
        "missing facts that could hide a conflict, open and accepted",
        {"gap": 34, "state": 11, "hides": 10, "cases": 8, "text": 60, "accepted": 40},
        tones={"state": ("open",)},
    )


def _violations(report: Report) -> Grid:
    table = report["violations"].append_column(
        "folded", _flag(report["violations"]["folded_under"])
    )
    first = ("finding_id", "rule_id", "severity", "verdict", "folded", "name", "department",
             "places", "means", "sentence", "attempt", "subject_kind",
             "rule_kind")  # fmt: skip
    return Grid(
        "Violations",
        chosen(table, first),
        "one row per rule and subject",
        {"finding_id": 17, "rule_id": 15, "severity": 11, "verdict": 14, "folded": 9, "name": 26,
         "department": 22, "places": 9, "means": 20, "sentence": 54, "rule_title": 34,
         "email": 30, "accounts": 44, "subject": 26, "caveats": 36, "manager": 26,
         "folded_under": 17, "attempt": 60, "rule_kind": 16},
        tones={"severity": _SEVERITY, "verdict": _VERDICT},
    )  # fmt: skip


def _places(report: Report) -> Grid:
    folds = _flag(report["violations"]["folded_under"])
    table = joined.findings(report).with_column(joined.of_finding(report, "folded", folds))
    verdicts = report["violations"]["verdict"]
    table = table.with_column(joined.of_finding(report, "finding_verdict", verdicts))
    first = ("finding_id", "rule_id", "name", "place", "severity", "verdict", "means", "reason",
             "mitigation", "small_team", "place_title", "tier", "holders")  # fmt: skip
    wide = {name: 44.0 for name in table.schema.names if name.endswith(("_path", "_reason"))}
    return Grid(
        "Places",
        chosen(table, first),
        "one row per place of a violation, with its legs",
        {"finding_id": 17, "rule_id": 15, "name": 26, "place": 22, "place_title": 26, "tier": 20,
         "severity": 11, "verdict": 14, "means": 18, "reason": 34, "mitigation": 34,
         "small_team": 44, "sentence": 54, "accounts": 44, "email": 30, "holders": 44,
         "attempt": 60, **wide},
        tones={"severity": _SEVERITY, "verdict": _VERDICT},
        file="findings.csv",
    )  # fmt: skip


def _paths(report: Report) -> Grid:
    # Beside where a path ends, if anything stands there at all.
    decided = ("decided",) if report["decisions"].num_rows else ()
    first = ("finding_id", "duty", "part", "hop", "from_name", "kind", "to_name", *decided, "note",
             "file", "at")  # fmt: skip
    return Grid(
        "Paths",
        chosen(joined.hops(report), first),
        "one row per hop, with the file and record that state it",
        {"finding_id": 17, "duty": 18, "part": 7, "hop": 7, "from_name": 34, "kind": 12,
         "to_name": 34, "note": 18, "file": 38, "at": 14, "from_id": 44, "to_id": 44, "also": 40,
         "holder": 26, "decided": 60},
        file="paths.csv",
    )  # fmt: skip


def _population(report: Report) -> Grid:
    table = report["population"]
    judged = facts.judged(report)
    table = table.set_column(
        table.column_names.index("result"), "result", pa.array(judged, pa.string())
    )
    first = ("name", "kind", "status", "department", "result", "violations", "not_evaluable",
             "mitigated", "gated", "duties", "title", "accounts")  # fmt: skip
    return Grid(
        "Population",
        chosen(table, first),
        "everyone assessed",
        {"name": 28, "kind": 12, "status": 10, "department": 24, "title": 24, "result": 20,
         "violations": 12, "not_evaluable": 16, "mitigated": 10, "gated": 8, "accounts": 10,
         "duties": 36, "identity": 26,
         "email": 30, "account_ids": 50, "manager": 26},
    )  # fmt: skip


def _exceptions(report: Report) -> Grid:
    first = ("kind", "hides", "system", "subject", "text", "file", "at", "gap", "accepted")
    return Grid(
        "Exceptions",
        chosen(report["exceptions"], first),
        "everything wrong or unknown about the input",
        {"kind": 22, "hides": 10, "system": 16, "subject": 26, "text": 60, "file": 34, "at": 12,
         "gap": 28, "accepted": 30},
    )  # fmt: skip


def _rules(report: Report) -> Grid:
    first = ("rule_id", "title", "severity", "logic", "violations", "not_evaluable", "mitigated",
             "gated", "state", "notes", "kind", "ruleset", "people_violating", "places",
             "subjects", "gates")  # fmt: skip
    return Grid(
        "Rules",
        chosen(report["rules"], first),
        "every rule, what it says and what it found",
        {"rule_id": 15, "title": 36, "severity": 11, "logic": 32, "people_violating": 12,
         "violations": 12, "places": 9, "not_evaluable": 16, "mitigated": 10, "gated": 8,
         "state": 15, "notes": 40, "why": 50, "subjects": 36, "gates": 34, "references": 50,
         "false_positives": 40, "controls": 26},
        tones={"severity": _SEVERITY},
    )  # fmt: skip


def _coverage(report: Report) -> Grid:
    first = ("duty", "way", "part", "pattern", "state", "entitlements", "people", "systems")
    return Grid(
        "Rule coverage",
        chosen(report["patterns"], first),
        "what each pattern of each duty matched",
        {"duty": 22, "way": 7, "part": 7, "pattern": 60, "state": 18, "entitlements": 13,
         "people": 10, "systems": 36, "duty_title": 36},
    )  # fmt: skip


def _parameters(report: Report) -> Grid:
    def row(key: str, value: str, origin: str, meaning: str) -> dict[str, str]:
        return {"key": key, "value": value, "origin": origin, "meaning": meaning}

    found = facts.rows(report["parameters"])
    found += [
        row("findings_digest", report.findings_digest, "result", "SHA-256 of the findings' core."),
        row("snapshot_digest", report.snapshot_digest, "result", "SHA-256 of what was imported."),
        row("ruleset_digest", report.ruleset_digest, "result", "SHA-256 of the rules' meaning."),
    ]
    if report.run is not None:
        meaning = "Of this run; the only rows that differ between two runs over the same files."
        run = report.run
        for key in ("run_id", "started_at", "finished_at", "command"):
            found.append(row(key, getattr(run, key), "run", meaning))
        for tool, version in sorted(run.versions.items()):
            found.append(row(f"version of {tool}", version, "run", meaning))
    return Grid(
        "Parameters",
        from_rows(found, dict.fromkeys(("key", "value", "origin", "meaning"), pa.string())),
        "every setting and where it came from, digests, this run",
        {"key": 28, "value": 70, "origin": 14, "meaning": 60},
    )


def _verbatim(report: Report) -> Grid:
    found = [
        {"document": document, "line": number, "text": text}
        for document, whole in (
            ("ruleset", report.ruleset_text),
            ("configuration", report.config_text),
        )
        for number, text in enumerate(whole.splitlines(), start=1)
    ]
    columns = {"document": pa.string(), "line": pa.int64(), "text": pa.string()}
    return Grid(
        "Verbatim",
        from_rows(found, columns),
        "the ruleset and the configuration, line by line",
        {"document": 16, "line": 8, "text": 130},
        frozen=2,
    )
