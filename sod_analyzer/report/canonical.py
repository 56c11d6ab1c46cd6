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
from collections.abc import Iterator, Mapping
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
from sod_analyzer.report.core import findings_digest, write_core
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.listing import Task, table_tasks, text_task

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
        stream.write(b'{"schema_version":%d,\n' % REPORT_VERSION)
        stream.write(b'"findings_digest":"%s",\n' % report.findings_digest.encode())
        stream.write(b'"core":')
        write_core(report.tables, report.findings_digest, stream)
        for name, tasks in (
            (b"provenance", _provenance_tasks(report)),
            (b"context", _context_tasks(report)),
        ):
            stream.write(b',\n"%s":' % name)
            for pieces in in_order(tasks):
                stream.writelines(pieces)
        stream.write(b',\n"run":' + _bytes(_run(report.run)) + b"}\n")


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


def _provenance_tasks(report: Report) -> Iterator[Task]:
    yield text_task(b'{"hops":')
    yield from table_tasks(report["hops"], (*HOP_KEY, *HOP_ORIGIN))
    yield text_task(b"}")


def _context_tasks(report: Report) -> Iterator[Task]:
    header = {
        "as_of": report.as_of.isoformat(),
        "completeness": asdict(report.completeness),
        "limits": list(report.limits),
        "numbers": dict(report.numbers),
        **{name: getattr(report, name) for name in HEADER},
    }
    for number, name in enumerate(sorted([*header, "tables"])):
        yield text_task((b"," if number else b"{") + _bytes(name) + b":")
        if name == "tables":
            yield from _tables_tasks(report)
        else:
            yield text_task(_bytes(header[name]))
    yield text_task(b"}")


def _tables_tasks(report: Report) -> Iterator[Task]:
    for number, (name, schema) in enumerate(sorted(REPORT_TABLES.items())):
        yield text_task((b"," if number else b"{") + _bytes(name) + b":")
        away = (*HOP_KEY, *HOP_ORIGIN) if name == "hops" else ()
        columns = [column for column in schema.names if column not in away]
        yield from table_tasks(report[name], columns)
    yield text_task(b"}")


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
