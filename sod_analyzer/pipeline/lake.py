"""A folder whose memberships stay where they are, for Spark to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sod_analyzer.model.finding import Report, RunFacts
from sod_analyzer.pipeline.judging import Judged, judge, report_of
from sod_analyzer.pipeline.papers import load_papers
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.pipeline.workspace import SNAPSHOT, Workspace, open_to_ask
from sod_analyzer.spark import FarMemberships, far_memberships
from sod_analyzer.store import read_without_grants


@dataclass(frozen=True)
class LakeSpace:
    """A folder, and its memberships wherever they are."""

    space: Workspace
    far: FarMemberships

    def judge(self, *, as_of: date | None = None, progress: Progress = silent) -> Judged:
        """As `judging.judge`, and with the same answer."""
        space = self.space
        return judge(
            space.config,
            space.snapshot,
            space.ruleset,
            space.papers,
            as_of=as_of,
            progress=progress,
            by=self.far.analyse,
        )

    def report_of(self, judged: Judged, *, run: RunFacts, progress: Progress = silent) -> Report:
        """As `judging.report_of`, and with the same answer."""
        report = report_of(judged, self.space.config, run=run, progress=progress)
        # The analysis knows only of those grants that it has fetched.
        return replace(report, numbers={**report.numbers, "grants": self.far.grants})


@contextmanager
def open_lake(
    folder: Path, *, rules: str | None = None, grants: str | None = None
) -> Iterator[LakeSpace]:
    """A folder as it was written, and Spark, which runs until the block ends.

    `grants` is where Spark finds the rows of `grants.parquet`, in one file or many; without, it is
    that file itself.

    Raises:
        StoreError: the folder holds no snapshot, or a damaged or changed one; or there are no
            grants at the path, or others than the snapshot's.
        ConfigError: Spark or Java is not there.
    """
    space = open_to_ask(folder, rules=rules)
    snapshot, rows = read_without_grants(folder / SNAPSHOT, elsewhere=grants is not None)
    papers = load_papers(space.config, space.ruleset, copies=True)
    path = grants or (folder / SNAPSHOT / "grants.parquet").resolve().as_uri()
    with far_memberships(snapshot, path, rows=rows) as far:
        yield LakeSpace(replace(space, snapshot=snapshot, papers=papers), far)
