"""findings.json: the source of truth that every other file is a view of, written and read back.

    schema_version   of this layout
    findings_digest  SHA-256 of the canonical bytes of `core`
    core             what was found
    provenance       file and record of every hop
    context          everything else in the report: header, and the tables by column
    run              the only member that may differ between two runs over the same files

`core` stands in the file in its canonical bytes, so cutting it out and hashing it is enough to
check the digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from sod_analyzer.errors import ReportError, SourceRef, StoreError
from sod_analyzer.model.finding import (
    HOPS,
    REPORT_TABLES,
    REPORT_VERSION,
    Completeness,
    Report,
    RunFacts,
)
from sod_analyzer.report.columns import flat
from sod_analyzer.report.core import core_of, findings_digest

#: Columns of `hops` that say where a hop was read, and those that say which hop it is.
HOP_KEY = ("finding_id", "place", "holder", "duty", "part", "hop")
HOP_ORIGIN = ("source_id", "file", "record", "at", "also", "same")

#: Fields of `Report` that are plain texts.
HEADER = (
    "name",
    "result",
    "classification",
    "snapshot_digest",
    "ruleset",
    "ruleset_version",
    "ruleset_digest",
    "ruleset_text",
    "config_text",
)


class _Canonical:
    """The reporter of `findings.json`."""

    name = "findings-json"
    filename = "findings.json"

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the report whole, so that `load` gives it back.

        Raises:
            ReportError: the report's digest is not that of its tables.
        """
        core = core_of(report.tables)
        digest = hashlib.sha256(core).hexdigest()
        if digest != report.findings_digest:
            raise ReportError(
                f"the report carries findings digest {report.findings_digest}, "
                f"but its tables have {digest}"
            )
        stream.write(b'{"schema_version":%d,\n' % REPORT_VERSION)
        stream.write(b'"findings_digest":"%s",\n' % digest.encode())
        stream.write(b'"core":' + core + b",\n")
        stream.write(b'"provenance":' + _bytes(_provenance(report)) + b",\n")
        stream.write(b'"context":' + _bytes(_context(report)) + b",\n")
        stream.write(b'"run":' + _bytes(_run(report.run)) + b"}\n")


REPORTER = _Canonical()


def load(path: Path) -> Report:
    """The report that `findings.json` was written from, equal to it in every field.

    Raises:
        StoreError: the file cannot be read, is of another version, or its core, tables and
            digest do not agree.
    """
    try:
        stated = json.loads(path.read_bytes())
        _check_version(stated, path)
        report = _restored(stated)
        _agree(stated, report)
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=SourceRef(str(path))) from error
    except KeyError as error:
        raise StoreError(f"has no {error}", where=SourceRef(str(path))) from error
    except (ValueError, TypeError, ArithmeticError, RecursionError, ReportError) as error:
        raise StoreError(
            f"is damaged or was not written by this program: {error}", where=SourceRef(str(path))
        ) from error
    return report


def _check_version(stated: Any, path: Path) -> None:
    if not isinstance(stated, dict):
        raise TypeError("it holds no object")
    version = stated["schema_version"]
    if version != REPORT_VERSION:
        raise StoreError(
            f"was written as version {version!r}; this program reads version {REPORT_VERSION}",
            where=SourceRef(str(path)),
        )


def _agree(stated: Mapping[str, Any], report: Report) -> None:
    canonical = json.dumps(
        stated["core"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    of_core = hashlib.sha256(canonical.encode()).hexdigest()
    of_tables = findings_digest(report.tables)
    if of_core != report.findings_digest:
        raise ValueError(f"the core has digest {of_core}, not {report.findings_digest} as stated")
    if of_tables != of_core:
        raise ValueError("the tables under 'context' say something else than the core")


def _bytes(value: object) -> bytes:
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    # A lone surrogate has no UTF-8; as a JSON escape it survives.
    return text.encode(errors="backslashreplace")


def _provenance(report: Report) -> dict[str, Any]:
    hops = report["hops"]
    return {"hops": {name: _values(hops[name]) for name in (*HOP_KEY, *HOP_ORIGIN)}}


def _context(report: Report) -> dict[str, Any]:
    tables = {
        name: {
            column: _values(report[name][column])
            for column in schema.names
            if name != "hops" or column not in (*HOP_KEY, *HOP_ORIGIN)
        }
        for name, schema in REPORT_TABLES.items()
    }
    return {
        "as_of": report.as_of.isoformat(),
        "completeness": asdict(report.completeness),
        "limits": list(report.limits),
        "numbers": dict(report.numbers),
        "tables": tables,
        **{name: getattr(report, name) for name in HEADER},
    }


def _run(run: RunFacts | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "command": run.command,
        "versions": dict(run.versions),
    }


def _values(column: pa.ChunkedArray) -> list[Any]:
    values: list[Any] = flat(column).to_pylist()
    if pa.types.is_timestamp(column.type):
        return [None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in values]
    if pa.types.is_date(column.type):
        return [None if day is None else day.isoformat() for day in values]
    return values


def _restored(stated: Mapping[str, Any]) -> Report:
    context = stated["context"]
    hops = {**stated["provenance"]["hops"], **context["tables"]["hops"]}
    columns = {**context["tables"], "hops": {name: hops[name] for name in HOPS.names}}
    run = stated["run"]
    return Report(
        as_of=date.fromisoformat(context["as_of"]),
        completeness=Completeness(**context["completeness"]),
        findings_digest=stated["findings_digest"],
        limits=tuple(context["limits"]),
        numbers=context["numbers"],
        tables={name: _table(columns[name], schema) for name, schema in REPORT_TABLES.items()},
        run=None if run is None else RunFacts(**run),
        **{name: context[name] for name in HEADER},
    )


def _table(columns: Mapping[str, list[Any]], schema: pa.Schema) -> pa.Table:
    return pa.table([_column(columns[field.name], field.type) for field in schema], schema=schema)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        values = [None if text is None else datetime.fromisoformat(text) for text in values]
    if pa.types.is_date(kind):
        values = [None if text is None else date.fromisoformat(text) for text in values]
    return pa.array(values, kind)
