"""Trying a change before anybody makes it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from sod_analyzer.cli.exit import exit_of
from sod_analyzer.cli.folders import day_option, folder_of, in_option
from sod_analyzer.cli.output import emit, format_option, voice

_COLUMNS = ("change", "rule", "severity", "name", "place", "before", "after", "finding")
_RIGHTS = ("change", "name", "lost", "gained", "identity")


@click.command("what-if")
@click.option(
    "--remove",
    multiple=True,
    metavar="GRANT",
    help="Take away 'HOLDER > TARGET'; may be given several times.",
)
@click.option(
    "--add",
    multiple=True,
    metavar="GRANT",
    help="Give 'HOLDER > TARGET', or 'HOLDER > SYSTEM ACTION RESOURCE'; several times.",
)
@click.option("--all", "everything", is_flag=True, help="Show unchanged findings too.")
@click.option("--rules", help="Judge by another ruleset: a built-in name or a file.")
@day_option
@in_option
@format_option
def what_if(
    *,
    remove: tuple[str, ...],
    add: tuple[str, ...],
    everything: bool,
    rules: str | None,
    as_of: date | None,
    folder: Path | None,
    form: str,
) -> int:
    """What would follow if grants were taken away or given; nothing is changed.

    HOLDER and TARGET are ids as `sod explain` prints them, or names that only one thing has.
    Prints findings that would go, come or change, then everyone whose rights would be others.
    """
    from sod_analyzer.cli.stages import pipeline

    if not remove and not add:
        raise click.UsageError("name a grant with --remove or --add")
    space = pipeline.open_workspace(folder_of(folder), rules=rules)
    tried = pipeline.what_if(space, remove=remove, add=add, as_of=as_of)
    complete = tried.judged.completeness.completeness
    difference = tried.difference
    numbers = {what: len(difference.of(what)) for what in ("gone", "new", "changed", "unchanged")}
    rows = [
        {
            "change": change.what,
            "rule": change.rule_id,
            "severity": change.severity,
            "name": change.name,
            "place": change.place,
            "before": change.before or "clear",
            "after": change.after or "clear",
            "finding": change.finding_id,
        }
        for change in difference.changes
        if everything or change.what != "unchanged"
    ]
    affected = [
        {
            "change": "rights",
            "name": each.name,
            "lost": len(each.lost),
            "gained": len(each.gained),
            "rights": "; ".join([f"-{r}" for r in each.lost] + [f"+{r}" for r in each.gained]),
            "identity": each.identity,
        }
        for each in difference.affected
    ]
    about = {
        "edits": [str(edit) for edit in tried.edits],
        "numbers": numbers,
        "people_affected": len(affected),
        "affected": affected,
        "completeness": complete.line,
        "complete": complete.complete,
    }
    emit(rows, _COLUMNS, form=form, about=about)
    if form == "table" and affected:
        emit(affected, _RIGHTS, form=form)
    say = voice()
    for edit in tried.edits:
        say.talk(str(edit))
    told = ", ".join(f"{count} {what}" for what, count in numbers.items())
    who = "1 person" if len(affected) == 1 else f"{len(affected):,} people"
    say.talk(f"findings by place: {told}; {who} would have other rights")
    say.talk(f"input: {complete.line}")
    return exit_of(findings=False, incomplete=not complete.complete)
