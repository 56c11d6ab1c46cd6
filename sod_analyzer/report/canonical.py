"""findings.json: the source of truth that every other file is a view of, written and read back.

    schema_version   of this layout
    findings_digest  SHA-256 of the canonical bytes of `core`
    core             what was found
    provenance       file and record of every edge that hops name
    context          everything else in the report: header, and the tables by column
    run              the only member that may differ between two runs over the same files

`core` stands in the file in its canonical bytes, so cutting it out and hashing it is enough to
check the digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from sod_analyzer.model.finding import (
    REPORT_TABLES,
    REPORT_VERSION,
    Report,
    RunFacts,
)
from sod_analyzer.model.memory import give_back
from sod_analyzer.report.core import write_core
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.layout import EDGE_ORIGIN, HEADER
from sod_analyzer.report.listing import Task, table_tasks, text_task
from sod_analyzer.report.reading import load

__all__ = ["REPORTER", "load"]


class _Canonical:
    """The reporter of `findings.json`."""

    name = "findings-json"
    filename = "findings.json"
    beside = True

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
            report.release()
        stream.write(b',\n"run":' + _bytes(_run(report.run)) + b"}\n")
        give_back()


REPORTER = _Canonical()


def _bytes(value: object) -> bytes:
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    # A lone surrogate has no UTF-8; as a JSON escape it survives.
    return text.encode(errors="backslashreplace")


def _provenance_tasks(report: Report) -> Iterator[Task]:
    yield text_task(b'{"edges":')
    yield from table_tasks(report["edges"], EDGE_ORIGIN)
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
        away = EDGE_ORIGIN if name == "edges" else ()
        columns = [column for column in schema.names if column not in away]
        yield from table_tasks(report[name], columns)
        report.release()
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
