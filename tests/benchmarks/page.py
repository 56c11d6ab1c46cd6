"""The measured parts of docs/performance.md, each between two marks."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.comparing import Compared
from tests.benchmarks.running import Run
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "performance.md"
_KINDS = {
    "clean": "the clean world",
    "bad": "0.1 % bad rows",
    "scoped": "5 rules in applications",
}
_KEYS = {
    "-texts": ", text keys, pairs only",
    "-codes": ", coded keys, pairs only",
    "-whole": ", the whole job",
}
_LIBRARIES = ("numpy", "pyarrow", "duckdb", "networkx")


def put(mark: str, lines: Iterable[str], *, page: Path = PAGE) -> None:
    """Replace what stands between the marks of this name.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- measured: {mark} -->\n", f"<!-- end of {mark} -->"
    found = re.search(re.escape(begin) + ".*?" + re.escape(end), text, re.DOTALL)
    if found is None:
        raise ValueError(f"{page.name} has no place for {mark}")
    body = "\n".join(lines)
    page.write_text(
        f"{text[: found.start()]}{begin}\n{body}\n\n{end}{text[found.end() :]}", encoding="utf-8"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table: the first column is text, the others numbers."""
    rule = ["---", *("---:" for _ in header[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def machine() -> str:
    """On what it was measured, without the machine's name."""
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    day = datetime.now(UTC).date().isoformat()
    return (
        f"{day}, {os.cpu_count()} cores, {pages:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def world_lines(compared: Compared) -> list[str]:
    """What the world holds, in a sentence or two."""
    facts = compared.facts
    holds = (
        f"{facts.people:,} people, {facts.accounts:,} accounts, {facts.groups:,} groups, "
        f"{facts.memberships:,} memberships, {facts.nesting:,} nestings with {facts.cycles:,} "
        f"cycles and paths settled after {facts.depth} rounds, {facts.rights:,} rights, "
        f"{facts.role_rights:,} edges to rights; {facts.bytes / 1e6:,.0f} MB of CSV."
    )
    found = f"{facts.violations:,} violations with {facts.paths:,} paths"
    return [holds, f"{found}, {compared.written_mb:,.0f} MB written."]


def comparison(compared: Compared) -> list[str]:
    """One row per process: what it took, beside the floor and beside ours."""
    ours = compared.stage.reach or 0.0
    rows = [
        _row("pyarrow: read and code the files", compared.floor, None, compared, ours),
        _row("`sod run`", compared.whole, compared.stage.reach, compared, ours),
        *(_row(_title(peer), peer, peer.reach, compared, ours) for peer in compared.peers),
    ]
    header = (
        "process", "whole, s", "x floor", "x ours", "CPU s", "peak MB", "reach and rules, s",
        "x ours",
    )  # fmt: skip
    return table(header, rows)


def _row(
    title: str, run: Run, reach: float | None, compared: Compared, ours: float
) -> tuple[str, ...]:
    return (
        title,
        seconds(run.whole),
        f"{run.whole / compared.floor.wall:.1f}",
        f"{run.whole / compared.whole.wall:.2f}",
        seconds(run.cpu + run.whole - run.wall),
        f"{run.peak_mb:,.0f}",
        "" if reach is None else seconds(reach),
        "" if reach is None else f"{reach / ours:,.1f}",
    )


def _title(peer: Run) -> str:
    words = peer.name.replace("duckdb-", "DuckDB, ").replace("networkx-", "networkx, ")
    words = words.replace("per-person", "descendants of each account")
    words = words.replace("using-key", "USING KEY").replace("union", "UNION")
    for kind, said in _KEYS.items():
        words = words.replace(kind, said)
    if peer.scale > 1:
        share = f"{peer.notes['sample']:,.0f} of {peer.notes['people']:,.0f} people"
        words += f" (extrapolated from {share})"
    return words


def seconds(value: float) -> str:
    """Three digits, or whole seconds above a hundred."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def kinds(results: Mapping[str, Compared]) -> list[str]:
    """Ours on the same world with bad rows, and on one with rules in applications."""
    rows = []
    for kind, one in results.items():
        rows.append(
            (
                _KINDS[kind],
                f"{one.facts.violations:,}",
                seconds(one.whole.wall),
                f"{one.whole.wall / one.floor.wall:.1f}",
                seconds(one.whole.cpu),
                f"{one.whole.peak_mb:,.0f}",
                seconds(one.stage.reach or 0.0),
            )
        )
    header = ("`sod run` on", "violations", "whole, s", "x floor", "CPU s", "peak MB",
        "reach and rules, s")  # fmt: skip
    return table(header, rows)


def targets(results: Mapping[str, Compared]) -> list[tuple[str, float, float]]:
    """What is asked at L: its name, what was measured, and the limit.

    Ratios to peers are those of the best formulation.
    """
    clean = results["clean"]
    ours = clean.stage.reach or float("nan")
    asked = [
        ("whole process, x floor, at most", clean.whole.wall / clean.floor.wall, 3.5),
        ("whole process, peak MB, at most", clean.whole.peak_mb, 1_200.0),
    ]
    if "bad" in results:
        ratio = results["bad"].whole.wall / clean.whole.wall
        asked.append(("with bad rows, x clean, at most", ratio, 1.3))
    for what, prefix, least in (
        ("reach and rules, DuckDB's best x ours, at least", "duckdb", 3.0),
        ("reach and rules, condensation x ours, at least", "networkx-condensation", 20.0),
        ("reach and rules, per person x ours, at least", "networkx-per-person", 1_000.0),
    ):
        named = [peer for peer in clean.peers if peer.name.startswith(prefix)]
        if named:
            asked.append((what, min(peer.reach or 0.0 for peer in named) / ours, least))
    # A process that names pairs alone leaves out what the others spend most of their time on.
    telling = [peer.whole for peer in clean.peers if peer.name.endswith("-whole")]
    if telling:
        ratio = min(telling) / clean.whole.wall
        asked.append(("whole process, fastest peer that does it all x ours, at least", ratio, 1.0))
    if "scoped" in results:
        scoped = results["scoped"]
        asked += [
            ("in applications: reach and rules, s, at most", scoped.stage.reach or 0.0, 3.0),
            ("in applications: whole process, s, at most", scoped.whole.wall, 12.0),
            ("in applications: peak MB, at most", scoped.whole.peak_mb, 1_500.0),
        ]
    return asked


def target_lines(rows: Iterable[tuple[str, float, float]]) -> list[str]:
    """The targets as a table."""
    told = []
    for what, measured, limit in rows:
        met = measured >= limit if what.endswith("at least") else measured <= limit
        told.append((what, f"{limit:,g}", f"{measured:,.2f}", "met" if met else "not met"))
    return table(("target", "asked", "measured", ""), told)
