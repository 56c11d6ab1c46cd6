"""`python -m tests.benchmarks --stages PEOPLE`: seconds, ratios and peak memory by stage."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from sod_analyzer import pipeline, plugins
from sod_analyzer.compose.report import analyse
from sod_analyzer.config import load_config
from sod_analyzer.rules import find_ruleset, load_ruleset
from sod_analyzer.store import read_snapshot, write_snapshot
from tests.benchmarks import plain
from tests.benchmarks.estate import bank


@dataclass(frozen=True, slots=True)
class Lap:
    """One stage. `peer` names the lap that its ratio is taken to."""

    stage: str
    seconds: float
    peak_mb: float
    peer: str | None = None


class Clock:
    """Runs stages one after the other and remembers what each took."""

    def __init__(self) -> None:
        self.laps: list[Lap] = []

    def lap(self, stage: str, work: Callable[[], Any], *, peer: str | None = None) -> Any:
        """The stage's result; its time and the process's peak memory during it are kept."""
        _forget_peak()
        began = time.perf_counter()
        result = work()
        self.laps.append(Lap(stage, time.perf_counter() - began, _peak_mb(), peer))
        return result


def _forget_peak() -> None:
    """Start the peak anew; where the system cannot, peaks are those of the whole run so far."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    for line in status.read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure(people: int, folder: Path) -> list[Lap]:
    """Every stage of the whole job on a generated bank."""
    made = bank(folder, people=people)
    config = load_config(folder / "sod.yaml")
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    clock = Clock()
    clock.lap("peer: read every cell", lambda: plain.read_files(made))
    clock.lap("peer: masks in dictionaries", lambda: plain.close_masks(made))
    snapshot = clock.lap(
        "import", lambda: pipeline.import_exports(config), peer="peer: read every cell"
    )
    clock.lap("write snapshot", lambda: write_snapshot(snapshot, folder / "snapshot"))
    clock.lap("read snapshot", lambda: read_snapshot(folder / "snapshot"))
    clock.lap(
        "reach and rules",
        lambda: analyse(snapshot, ruleset, as_of=snapshot.as_of),
        peer="peer: masks in dictionaries",
    )
    judged = clock.lap(
        "judge, with completeness", lambda: pipeline.judge(config, snapshot, ruleset)
    )
    facts = pipeline.run_facts("benchmark", datetime.now(UTC))
    report = clock.lap("report tables", lambda: pipeline.report_of(judged, config, run=facts))
    for name in plugins.reporters(builtin_only=True):
        reporter = plugins.reporter(name, builtin_only=True)
        clock.lap(f"write {reporter.filename}", partial(reporter.render, report, BytesIO()))
    sys.stdout.write(
        f"{people:,} people, {len(made.members):,} memberships, "
        f"{report.numbers['violations']:,} violations\n"
    )
    return clock.laps


def show(people: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        laps = measure(people, Path(folder))
    seconds = {lap.stage: lap.seconds for lap in laps}
    sys.stdout.write(f"{'stage':30} {'seconds':>9} {'x peer':>8} {'peak MB':>9}\n")
    for lap in laps:
        ratio = f"{lap.seconds / seconds[lap.peer]:.1f}" if lap.peer else ""
        sys.stdout.write(f"{lap.stage:30} {lap.seconds:9.2f} {ratio:>8} {lap.peak_mb:9.0f}\n")
