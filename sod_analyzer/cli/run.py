"""The whole job, and its three parts."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sod_analyzer.cli.exit import Exit, exit_of
from sod_analyzer.cli.folders import (
    config_of,
    config_option,
    day_option,
    folder_of,
    in_option,
    out_option,
)
from sod_analyzer.cli.listing import SHOWN, any_violation, listed_violations
from sod_analyzer.cli.output import emit, format_option, voice
from sod_analyzer.cli.progress import progress

if TYPE_CHECKING:
    from sod_analyzer.model.finding import Report
    from sod_analyzer.store.spilled import SpilledTables

_SEVERITIES = ("low", "medium", "high", "critical")
_WATERFALL = (
    "source_id",
    "path",
    "status",
    "lines",
    "continued",
    "header",
    "blank",
    "parsed",
    "rejected",
    "duplicate",
    "filtered",
    "loaded",
)


def _fail_on(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--fail-on",
        type=click.Choice(_SEVERITIES),
        help="Exit 3 when a violation of this severity or worse is found.",
    )
    return option(command)


def _no_plugins(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--no-plugins", is_flag=True, help="Use no importer or reporter of another package."
    )
    return option(command)


def _only(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--only",
        multiple=True,
        metavar="REPORTER",
        help="Write this reporter's file and no other, such as findings-csv; several times.",
    )
    return option(command)


def _force(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option("--force", is_flag=True, help="Replace the folder if it is there.")
    return option(command)


@click.command()
@config_option
@out_option
@day_option
@_force
@_only
@_no_plugins
@_fail_on
@format_option
def run(
    *,
    config: Path | None,
    out: Path | None,
    as_of: date | None,
    force: bool,
    only: tuple[str, ...],
    no_plugins: bool,
    fail_on: str | None,
    form: str,
) -> int:
    """Import, analyse and report, into one folder.

    Prints the violations and the files written. Nothing is left behind when it fails. Without
    findings-json, `sod report` has nothing to write from until `sod analyze` was run.
    """
    from sod_analyzer.cli.stages import pipeline, rules
    from sod_analyzer.config import load_config

    started = datetime.now(UTC)
    told = load_config(config_of(config))
    ruleset = rules.load_ruleset(rules.find_ruleset(told.ruleset, told.base))
    papers = pipeline.load_papers(told, ruleset)
    target = out or told.base / told.output
    pipeline.check_target(target, replace=force)
    steps = pipeline.steps_of(told, only, builtin_only=no_plugins)
    with pipeline.SpilledTables(target) as tables:
        with progress(steps=steps) as say:
            snapshot = pipeline.import_exports(told, progress=say, builtin_only=no_plugins)
            with pipeline.new_folder(target, replace_existing=force) as folder:
                folder.snapshot(snapshot, told, ruleset)
                judged = pipeline.judge(
                    told,
                    snapshot,
                    ruleset,
                    papers,
                    as_of=as_of,
                    progress=say,
                    compiled=partial(folder.let_go, snapshot),
                )
                folder.judged(judged)
                facts = pipeline.run_facts(_command(), started)
                report_ = pipeline.report_of(
                    judged, told, run=facts, progress=say, into=tables, last=True
                )
                del judged
                names = folder.reports(report_, only=only, builtin_only=no_plugins, progress=say)
        _show(report_, form)
        for name in names:
            voice().talk(f"wrote {(target / name).as_posix()}")
        return _exit(report_, fail_on)


@click.command("import")
@config_option
@out_option
@_force
@_no_plugins
@format_option
def import_(
    *, config: Path | None, out: Path | None, force: bool, no_plugins: bool, form: str
) -> int:
    """Read every source into a snapshot.

    Exit 4 when something was missing or could hide a conflict.
    """
    from sod_analyzer.cli.stages import pipeline, rules
    from sod_analyzer.config import load_config

    told = load_config(config_of(config))
    ruleset = rules.load_ruleset(rules.find_ruleset(told.ruleset, told.base))
    target = out or told.base / told.output
    pipeline.check_target(target, replace=force)
    with progress(steps=len(told.sources) + 1) as say:
        snapshot = pipeline.import_exports(told, progress=say, builtin_only=no_plugins)
    found = pipeline.write_import(snapshot, told, ruleset, target, replace_existing=force)
    about = {
        "snapshot_digest": snapshot.digest,
        "as_of": snapshot.as_of.isoformat(),
        "completeness": found.completeness.line,
        "complete": found.completeness.complete,
    }
    emit(snapshot["sources"].to_pylist(), _WATERFALL, form=form, about=about)
    voice().talk(f"snapshot {snapshot.digest[:12]} as of {snapshot.as_of}")
    voice().talk(found.completeness.line)
    return exit_of(findings=False, incomplete=not found.completeness.complete)


@click.command()
@in_option
@click.option("--rules", help="A built-in ruleset or a file, instead of the one imported with.")
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Who looks at the memberships: this process, or the workers of Spark (extra: spark).",
)
@click.option(
    "--grants",
    metavar="PATH",
    help="Where Spark finds the rows of grants.parquet, if not in the folder; any path it reads.",
)
@day_option
@_fail_on
@format_option
def analyze(
    *,
    folder: Path | None,
    rules: str | None,
    engine: str,
    grants: str | None,
    as_of: date | None,
    fail_on: str | None,
    form: str,
) -> int:
    """Judge the stored snapshot by the rules; store the findings beside it."""
    from sod_analyzer.cli.stages import pipeline

    started = datetime.now(UTC)
    place = folder_of(folder)
    if engine != "spark" and grants is not None:
        raise click.UsageError("--grants is for --engine spark")
    with pipeline.SpilledTables(place) as tables:
        if engine == "spark":
            report_ = _by_spark(place, rules=rules, grants=grants, as_of=as_of, started=started)
        else:
            report_ = _here(place, rules=rules, as_of=as_of, started=started, tables=tables)
        pipeline.write_findings(report_, place)
        _show(report_, form)
        voice().talk(f"wrote {(place / pipeline.FINDINGS).as_posix()}")
        return _exit(report_, fail_on)


def _here(
    place: Path,
    *,
    rules: str | None,
    as_of: date | None,
    started: datetime,
    tables: SpilledTables,
) -> Report:
    """The report of a folder, by this process; its tables are kept in those given."""
    from sod_analyzer.cli.stages import pipeline

    space = pipeline.open_workspace(place, rules=rules, by_column=True)
    with progress(steps=2) as say:
        judged = pipeline.judge(
            space.config,
            space.snapshot,
            space.ruleset,
            space.papers,
            as_of=as_of,
            progress=say,
            compiled=space.snapshot.release,
        )
        facts = pipeline.run_facts(_command(), started)
        pipeline.store_reach(judged, place)
        return pipeline.report_of(
            judged, space.config, run=facts, progress=say, into=tables, last=True
        )


def _by_spark(
    place: Path, *, rules: str | None, grants: str | None, as_of: date | None, started: datetime
) -> Report:
    """The same report, by workers. Questions find nothing stored: not all edges are here."""
    from sod_analyzer.cli.stages import pipeline

    with progress(steps=3) as say:
        say("starting Spark")
        with pipeline.open_lake(place, rules=rules, grants=grants) as lake:
            judged = lake.judge(as_of=as_of, progress=say)
            facts = pipeline.run_facts(_command(), started)
            return lake.report_of(judged, run=facts, progress=say)


@click.command()
@in_option
@_only
@_no_plugins
def report(*, folder: Path | None, only: tuple[str, ...], no_plugins: bool) -> int:
    """Write the stored findings as files: workbook, page, CSV.

    Exit 4 when the findings rest on incomplete input, as `analyze` did.
    """
    from sod_analyzer.cli.stages import pipeline

    place = folder_of(folder)
    stored = pipeline.stored_report(place)
    wanted = pipeline.reporters_of(only, builtin_only=no_plugins)
    with progress(steps=len(wanted)) as say:
        names = pipeline.write_reports(
            stored, place, progress=say, only=wanted, builtin_only=no_plugins
        )
    for name in names:
        click.echo((place / name).as_posix())
    return _exit(stored, None)


def _command() -> str:
    """The command as typed, without the folder the tool is installed in."""
    return shlex.join(["sod", *sys.argv[1:]])


def _show(report_: Report, form: str) -> None:
    """The findings on stdout; the result and the verdict on the input beside them on stderr."""
    about = {
        "name": report_.name,
        "as_of": report_.as_of.isoformat(),
        "result": report_.result,
        "completeness": report_.completeness.line,
        "complete": report_.completeness.complete,
        "findings_digest": report_.findings_digest,
        "numbers": dict(report_.numbers),
    }
    emit(listed_violations(report_), SHOWN, form=form, about=about)
    folded = report_.numbers["violations_folded"]
    say = voice()
    if folded:
        say.talk(f"{folded} more implied by unrestricted access, in the files")
    say.talk(f"result: {report_.result}")
    say.talk(f"input: {report_.completeness.line}")
    say.talk(f"findings digest: {report_.findings_digest}")


def _exit(report_: Report, fail_on: str | None) -> Exit:
    worst = None if fail_on is None else _SEVERITIES[_SEVERITIES.index(fail_on) :]
    return exit_of(
        findings=worst is not None and any_violation(report_, worst),
        incomplete=not report_.completeness.complete,
    )
