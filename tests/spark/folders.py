"""Folders of snapshots, judged by either engine."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sod_analyzer import pipeline
from sod_analyzer.config import load_config
from sod_analyzer.model.finding import Report, RunFacts
from sod_analyzer.pipeline.lake import open_lake
from sod_analyzer.report.canonical import REPORTER
from sod_analyzer.rules import find_ruleset, load_ruleset
from tests.spark.pretend import spelled

#: The same for both: a report says otherwise when it was made.
_RUN = RunFacts("run", "then", "later", "sod analyze", {})


def imported(config: Path, folder: Path) -> Path:
    """A folder as `sod import` writes it."""
    told = load_config(config)
    ruleset = load_ruleset(find_ruleset(told.ruleset, told.base))
    snapshot = pipeline.import_exports(told)
    pipeline.write_import(snapshot, told, ruleset, folder, replace_existing=False)
    return folder


def near_report(folder: Path) -> bytes:
    """`findings.json` by this process."""
    space = pipeline.open_workspace(folder)
    judged = pipeline.judge(space.config, space.snapshot, space.ruleset, space.papers)
    return _bytes(pipeline.report_of(judged, space.config, run=_RUN))


def far_report(folder: Path, grants: str | None = None) -> bytes:
    """`findings.json` by Spark."""
    with open_lake(folder, grants=grants) as lake:
        return _bytes(lake.report_of(lake.judge(), run=_RUN))


def _bytes(report: Report) -> bytes:
    stream = io.BytesIO()
    REPORTER.render(report, stream)
    return stream.getvalue()


def grants_of(folder: Path) -> pa.Table:
    """The grants of a folder, words spelled out."""
    return spelled(pq.read_table(folder / "snapshot" / "grants.parquet"))


def scattered(table: pa.Table, lake: Path, parts: int) -> str:
    """The rows dealt out to some files, as another program would keep them."""
    lake.mkdir()
    for part in range(parts):
        rows = pa.array(range(part, table.num_rows, parts))
        pq.write_table(table.take(rows), lake / f"part-{part}.parquet", row_group_size=50_000)
    return lake.as_uri()
