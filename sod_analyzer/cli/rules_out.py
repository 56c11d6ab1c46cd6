"""The parts of `sod rules` that say what rules cover, as grids, schemas and lists, and approve."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from sod_analyzer.cli.exit import Exit, exit_of
from sod_analyzer.cli.folders import config_of, config_option, day_option, folder_of, in_option
from sod_analyzer.cli.output import emit, format_option, voice

if TYPE_CHECKING:
    from sod_analyzer.compose.report import Analysis
    from sod_analyzer.config import Config
    from sod_analyzer.model.ruleset import Ruleset
    from sod_analyzer.rulebench.matrix import Matrix

_SHARES = ("what", "count", "mapped", "elsewhere", "unmapped", "percent")
_UNMAPPED = ("people", "system", "action", "resources", "such_as", "privileged", "who")
_PATTERNS = ("duty", "way", "part", "pattern", "state", "at")
_TEAMS = ("rule_id", "place", "found", "possible", "people", "verdict", "reason")
_APPROVALS = ("what", "name", "state", "by", "on", "digest")


def on_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--on`: the day of what is done; today unless stated."""

    def day(ctx: click.Context, param: click.Parameter, value: datetime | None) -> date:
        del ctx, param
        # What a person signs is signed on the day of their own calendar.
        return value.date() if value else date.today()  # noqa: DTZ011

    return click.option(
        "--on",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=day,
        metavar="YYYY-MM-DD",
        help="The day; default: today.",
    )(command)


@click.command()
@click.option("--rules", metavar="RULESET", help="Another ruleset: a built-in name or a file.")
@day_option
@in_option
@format_option
def coverage(*, rules: str | None, folder: Path | None, as_of: date | None, form: str) -> int:
    """Show what duties see of a written folder: shares, rights of no duty, dead patterns, teams.

    Rights of no duty come by the number of people who have them. Of patterns that match nothing,
    the table shows those whose product is used; JSON has all. For rules that ask how many people it
    takes, the smallest team of each application is named.
    """
    from sod_analyzer.cli.stages import pipeline
    from sod_analyzer.model.ruleset import RuleKind
    from sod_analyzer.rulebench.coverage import coverage as surveyed

    space = pipeline.open_workspace(folder_of(folder), rules=rules)
    day = as_of or space.snapshot.as_of
    found = surveyed(space.snapshot, space.ruleset, as_of=day)
    kinds = {rule.rule_id: rule.kind for rule in space.ruleset.rules}
    teams = [
        row
        for row in pipeline.measures_of(space)
        if kinds.get(str(row["rule_id"])) is RuleKind.MIN_PEOPLE
    ]
    about = {
        "ruleset": space.ruleset.name,
        "as_of": day,
        "shares": found.summary(),
        "patterns": found.patterns,
        "teams": [{name: row[name] for name in _TEAMS} for row in teams],
    }
    if form == "table":
        emit(found.summary(), _SHARES, form=form)
    emit(found.unmapped, _UNMAPPED, form=form, about=about)
    if form == "table":
        dead = [row for row in found.patterns if row["state"] == "dead"]
        emit(dead, _PATTERNS, form=form)
        emit(teams, _TEAMS, form=form)
    complete = pipeline.completeness_of(space, as_of=as_of).completeness
    unused = sum(row["state"] != "dead" for row in found.patterns)
    voice().talk(
        f"{len(found.unmapped)} actions of no duty; {len(found.patterns) - unused} dead patterns, "
        f"{unused} of products that are not used"
    )
    voice().talk(f"input: {complete.line}")
    return exit_of(findings=False, incomplete=not complete.complete)


@click.command()
@click.argument("ruleset", required=False)
@click.option("--xlsx", type=click.Path(path_type=Path), help="Write the grid as a workbook too.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the grid as a page too.")
@config_option
@format_option
def matrix(
    *,
    ruleset: str | None,
    xlsx: Path | None,
    html: Path | None,
    config: Path | None,
    form: str,
) -> int:
    """Print every duty against every duty: which rules forbid one person to have both.

    Without RULESET, that of the configuration. The diagonal names rules about one duty alone.
    """
    from sod_analyzer.report.matrix import write_page, write_sheet
    from sod_analyzer.rulebench.matrix import matrix as drawn

    grid = drawn(_ruleset(ruleset, config))
    for path, write in ((xlsx, write_sheet), (html, write_page)):
        if path is not None:
            _write(path, grid, write)
    emit(
        grid.rows(),
        grid.columns,
        form=form,
        about={"ruleset": grid.subtitle, "about_no_duty": list(grid.left_out)},
    )
    if grid.left_out:
        voice().talk(f"about no duty: {', '.join(grid.left_out)}")
    return Exit.DONE


def _write(path: Path, grid: Matrix, write: Callable[[Matrix, BinaryIO], None]) -> None:
    from sod_analyzer.store import atomic_file

    with atomic_file(path) as stream:
        write(grid, stream)
    voice().talk(f"wrote {path}")


def _ruleset(name: str | None, config: Path | None) -> Ruleset:
    from sod_analyzer.rules import find_ruleset, load_ruleset

    if name is not None:
        return load_ruleset(find_ruleset(name, Path.cwd()))
    return _configured(config)[1]


def _configured(config: Path | None) -> tuple[Config, Ruleset]:
    from sod_analyzer.config import load_config
    from sod_analyzer.rules import find_ruleset, load_ruleset

    told = load_config(config_of(config))
    return told, load_ruleset(find_ruleset(told.ruleset, told.base))


@click.command()
@click.option("--cases", is_flag=True, help="The schema of files of cases.")
def schema(*, cases: bool) -> int:
    """Print the JSON Schema of rulesets, for editors that complete and check."""
    from sod_analyzer.rules.schema import cases_schema, ruleset_schema

    found = cases_schema() if cases else ruleset_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    return Exit.DONE


@click.command()
@click.argument("rulesets", nargs=-1, metavar="[RULESET]...")
@format_option
def crosswalk(*, rulesets: tuple[str, ...], form: str) -> int:
    """List each requirement of each framework with the rules and controls that serve it."""
    from sod_analyzer.rulebench.crosswalk import crosswalk as listed
    from sod_analyzer.rulebench.opening import open_rulesets

    rows = listed(each.ruleset for each in open_rulesets(rulesets, Path.cwd()))
    emit(rows, ("framework", "requirement", "rules", "controls"), form=form)
    return Exit.DONE


@click.command()
@click.argument("what", nargs=-1)
@click.option("--by", required=True, metavar="NAME", help="Who approves.")
@on_option
@config_option
@in_option
@format_option
def approve(
    *,
    what: tuple[str, ...],
    by: str,
    on: date,
    config: Path | None,
    folder: Path | None,
    form: str,
) -> int:
    """Write down that WHAT is approved as it is: everything signed, unless some of it is named.

    WHAT is ruleset, catalogue, aliases, mitigations, systems or accepted-gaps. Mitigations are
    approved for what the written folder finds, so there must be one.
    """
    from sod_analyzer.cli.stages import pipeline
    from sod_analyzer.rules.approvals import What, find_what

    told, ruleset = _configured(config)
    chosen = [find_what(each) for each in what]
    pinned = told.mitigations is not None and (not chosen or What.MITIGATIONS in chosen)
    analysis = _analysis(told, ruleset, folder) if pinned else None
    rows = pipeline.approve_now(told, ruleset, chosen, by=by, on=on, analysis=analysis)
    emit(rows.to_pylist(), _APPROVALS, form=form)
    return Exit.DONE


def _analysis(config: Config, ruleset: Ruleset, folder: Path | None) -> Analysis:
    """What today's ruleset and configuration find in what was imported."""
    from sod_analyzer.cli.stages import pipeline

    space = pipeline.open_workspace(folder or config.base / config.output)
    return pipeline.judge(config, space.snapshot, ruleset).analysis
