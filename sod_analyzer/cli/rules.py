"""The bench of rule authors: `sod rules`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sod_analyzer.cli.exit import Exit
from sod_analyzer.cli.folders import config_option
from sod_analyzer.cli.output import emit, format_option, voice
from sod_analyzer.cli.rules_out import approve, coverage, crosswalk, matrix, on_option, schema

if TYPE_CHECKING:
    from sod_analyzer.rulebench.opening import Opened
    from sod_analyzer.rules.lint import LintNote

_RULESETS = ("ruleset", "version", "owner", "rules", "duties", "cases", "title")
_RULES = ("rule", "kind", "severity", "scope", "title", "asks", "ruleset", "status")
_LISTS = ("hit", "miss", "gated", "mitigated", "not-evaluable")
_TESTED = ("ruleset", "rule", "kind", *_LISTS, "failed")
_SCORES = ("mutants", "noticed", "score")


class _Bench(click.Group):
    """The commands in the order of an author's day, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names as they were added."""
        del ctx
        return list(self.commands)


@click.group(cls=_Bench)
def rules() -> None:
    """Look at rules, check them, and try them on cases.

    RULESET is a built-in name, such as devops, or a file, such as ./rules.yaml.
    """


def _opened(names: tuple[str, ...]) -> tuple[Opened, ...]:
    from sod_analyzer.rulebench.opening import open_rulesets

    return open_rulesets(names, Path.cwd())


@rules.command("list")
@click.argument("ruleset", required=False)
@format_option
def list_(*, ruleset: str | None, form: str) -> int:
    """List all built-in rulesets, or the rules of one RULESET."""
    from sod_analyzer.rulebench.telling import rule_rows, ruleset_rows

    if ruleset is None:
        emit(ruleset_rows(_opened(())), _RULESETS, form=form)
    else:
        (opened,) = _opened((ruleset,))
        emit(rule_rows(opened.ruleset), _RULES, form=form, about={"ruleset": opened.ruleset.name})
    return Exit.DONE


@rules.command()
@click.argument("ruleset")
@click.argument("name", metavar="[RULE|DUTY]", required=False)
@format_option
def show(*, ruleset: str, name: str | None, form: str) -> int:
    """Show everything about a RULESET, or about one RULE or DUTY of it, ways included."""
    from sod_analyzer.rulebench.telling import show as told

    (opened,) = _opened((ruleset,))
    emit(told(opened, name), ("field", "value"), form=form)
    return Exit.DONE


@rules.command()
@click.argument("rulesets", nargs=-1, metavar="[RULESET]...")
@on_option
@config_option
@format_option
def lint(*, rulesets: tuple[str, ...], on: date, config: Path | None, form: str) -> int:
    """Look for what is wrong or odd in each RULESET; without one, in all built-in ones.

    With --config, the ruleset that it names, its approvals and its register of mitigations. Exit 3
    when something is certainly wrong.
    """
    notes = _config_notes(config, on) if config is not None else []
    if rulesets or config is None:
        from sod_analyzer.rules.lint import lint as looked

        for each in _opened(rulesets):
            notes += looked(each.ruleset, each.cases, as_of=on)
    rows = [
        {"severity": n.severity, "at": str(n.where or ""), "code": n.code, "text": n.text}
        for n in notes
    ]
    emit(rows, ("severity", "at", "code", "text"), form=form)
    errors = sum(note.severity == "error" for note in notes)
    voice().talk(f"{errors} errors, {len(notes) - errors} warnings")
    return Exit.FINDINGS if errors else Exit.DONE


def _config_notes(path: Path, on: date) -> list[LintNote]:
    """What lint says of everything that a configuration names."""
    from sod_analyzer.cli.stages import pipeline
    from sod_analyzer.config import load_config
    from sod_analyzer.rulebench.opening import open_ruleset
    from sod_analyzer.rules.lint import lint as looked
    from sod_analyzer.rules.lint import lint_register

    told = load_config(path)
    opened = open_ruleset(told.ruleset, told.base)
    papers = pipeline.load_papers(told, opened.ruleset)
    notes = [*looked(opened.ruleset, opened.cases, as_of=on, approvals=papers.approvals)]
    if papers.register is not None:
        notes += lint_register(papers.register, opened.ruleset, as_of=on)
    return notes


@rules.command()
@click.argument("rulesets", nargs=-1, metavar="[RULESET]...")
@click.option(
    "--mutation", is_flag=True, help="Change rules in every small way, and see which case notices."
)
@click.option(
    "--min-score",
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    help="With --mutation: exit 3 when the cases of a ruleset notice less than this.",
)
@format_option
def test(*, rulesets: tuple[str, ...], mutation: bool, min_score: int | None, form: str) -> int:
    """Run the cases of each RULESET; without one, of all built-in ones.

    Exit 3 when a case does not come out, or when a rule lacks a hit, or a miss that is one fact
    from a hit.
    """
    if min_score is not None and not mutation:
        raise click.UsageError("--min-score is about --mutation")
    from sod_analyzer.rulebench.examining import examine, matrix_rows
    from sod_analyzer.rulebench.mutation import merged_rows, mutate_all, survivor_rows

    opened = _opened(rulesets)
    examined = [examine(each.ruleset, each.cases) for each in opened]
    mutated = mutate_all(opened) if mutation else ()
    problems = [str(problem) for each in examined for problem in each.problems]
    matrix = matrix_rows(examined)
    survivors = [row for each in mutated for row in survivor_rows(each)]
    about: dict[str, object] = {
        "passed": not problems,
        "cases": sum(len(each.results) for each in examined),
        "kinds": matrix,
        "problems": problems,
    }
    if mutation:
        about |= {"scores": {m.ruleset: m.percent for m in mutated}, "survivors": survivors}
    columns = [*_TESTED, *(_SCORES if mutation else ())]
    rows = merged_rows(examined, mutated)
    emit(rows, columns if form == "table" else [*columns, "problems"], form=form, about=about)
    if form == "table":
        emit(matrix, ("kind", *_LISTS), form=form)
        if survivors:
            emit(survivors, ("at", "kind", "survivor"), form=form)
    say = voice()
    for problem in problems:
        say.error(problem, kind="failed")
    say.talk(f"{about['cases']} cases of {len(rows)} rules; {len(problems)} problems")
    for each in mutated:
        say.talk(str(each))
    low = any(each.percent < (min_score or 0) for each in mutated)
    return Exit.FINDINGS if problems or low else Exit.DONE


for _command in (coverage, matrix, crosswalk, schema, approve):
    rules.add_command(_command)
