"""The JSON Schema of findings.json, made from the report's own tables.

`findings.schema.json` beside this file is its output; a test keeps the two equal.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from sod_analyzer.model.finding import REPORT_TABLES, REPORT_VERSION, Verdict
from sod_analyzer.report.layout import EDGE_ORIGIN, HEADER

_TEXT = {"type": "string"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0}
_MAYBE = {"type": ["string", "null"]}


def findings_schema() -> dict[str, Any]:
    """The schema (2020-12) that every findings.json of this version keeps."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "findings.json of sod_analyzer",
        "description": "The findings of one analysis. Between two runs over the same files only "
        "the member 'run' may differ.",
        **_object(
            {
                "schema_version": {"const": REPORT_VERSION},
                "findings_digest": {
                    "description": "SHA-256 of 'core' as RFC 8785 writes it.",
                    **_DIGEST,
                },
                "core": _core(),
                "provenance": _provenance(),
                "context": _context(),
                "run": _run(),
            }
        ),
    }


def schema_text() -> str:
    """The schema as the text of `findings.schema.json`."""
    return json.dumps(findings_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(members: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
        **more,
    }


def _array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _core() -> dict[str, Any]:
    means = _array(_object({"certainty": _MAYBE, "means": _TEXT}))
    edge = _object(
        {"from": _TEXT, "from_kind": _TEXT, "kind": _TEXT, "to": _TEXT, "to_kind": _TEXT}
    )
    hop = {"description": "Number of an edge in 'edges', from 0.", **_COUNT}
    leg = _object(
        {
            "duty": _TEXT,
            "holder": {"description": "Only where it is not the subject.", **_TEXT},
            "means": means,
            "parts": _array(_array(hop, minItems=1)),
            "state": {"enum": ["yes", "unknown"]},
        },
        required=["duty", "means", "parts", "state"],
    )
    place = _object(
        {
            "legs": _array(leg),
            "means": means,
            "place": _TEXT,
            "severity": _MAYBE,
            "verdict": {"enum": [str(v) for v in Verdict if v is not Verdict.CLEAR]},
        }
    )
    finding = _object(
        {
            "finding": _TEXT,
            "folded_under": _MAYBE,
            "places": _array(place),
            "rule": _TEXT,
            "subject": _object({"key": _TEXT, "kind": _TEXT}),
        }
    )
    edges = _array(
        edge,
        uniqueItems=True,
        description="Every edge that a hop goes by, once; sorted by from_kind, from, to_kind, to "
        "and kind.",
    )
    return _object({"edges": edges, "findings": _array(finding)}, description="What was found.")


def _column(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_integer(kind):
        return _array({"type": ["integer", "null"]})
    if pa.types.is_boolean(kind):
        return _array({"type": ["boolean", "null"]})
    if pa.types.is_timestamp(kind):
        return _array({"type": ["string", "null"], "format": "date-time"})
    if pa.types.is_date(kind):
        return _array({"type": ["string", "null"], "format": "date"})
    return _array(_MAYBE)


def _table(name: str, columns: tuple[str, ...]) -> dict[str, Any]:
    schema = REPORT_TABLES[name]
    return _object({column: _column(schema.field(column).type) for column in columns})


def _provenance() -> dict[str, Any]:
    return _object(
        {"edges": _table("edges", EDGE_ORIGIN)},
        description="File and record of every edge, by column; row n is row n of "
        "context.tables.edges.",
    )


def _context() -> dict[str, Any]:
    tables = {
        name: _table(
            name,
            tuple(
                column for column in schema.names if name != "edges" or column not in EDGE_ORIGIN
            ),
        )
        for name, schema in REPORT_TABLES.items()
    }
    completeness = {
        "complete": {"type": "boolean"},
        "line": _TEXT,
        "open_gaps": _COUNT,
        "accepted_gaps": _COUNT,
    }
    return _object(
        {
            "as_of": {"type": "string", "format": "date"},
            "completeness": _object(completeness),
            "limits": _array(_TEXT),
            "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
            "tables": _object(tables, description="Tables by column, rows in report order."),
            **dict.fromkeys(HEADER, _TEXT),
        }
    )


def _run() -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("run_id", "started_at", "finished_at", "command"), _TEXT)
    facts["versions"] = {"type": "object", "additionalProperties": _TEXT}
    return {
        "description": "Facts of this run: the only member that may differ between two runs.",
        "oneOf": [{"type": "null"}, _object(facts)],
    }
