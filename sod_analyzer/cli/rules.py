"""The bench of rule authors: `sod rules`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sod_analyzer.cli.exit import Exit
from sod_analyzer.cli.output import emit, format_option, voice

if TYPE_CHECKING:
    from sod_analyzer.rulebench.opening import Opened

_RULESETS = ("ruleset", "version", "owner", "rules", "duties", "cases", "title")
_RULES = ("rule", "kind", "severity", "scope", "title", "asks", "ruleset", "status")
_LISTS = ("hit", "miss", "gated", "mitigated", "not-evaluable")


@click.group()
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
@format_option
def test(*, rulesets: tuple[str, ...], form: str) -> int:
    """Run the cases of each RULESET; without one, of all built-in ones.

    Exit 3 when a case does not come out, or when a rule lacks a hit, or a miss that is one fact
    from a hit.
    """
    from sod_analyzer.rulebench.examining import examine, matrix_rows

    opened = _opened(rulesets)
    examined = tuple(examine(each.ruleset, each.cases) for each in opened)
    problems = [problem for each in examined for problem in each.problems]
    rows = [row for each in examined for row in each.rows()]
    columns = ("ruleset", "rule", "kind", *_LISTS, "failed")
    about = {
        "passed": not problems,
        "cases": sum(len(each.results) for each in examined),
        "kinds": matrix_rows(examined),
        "problems": [str(problem) for problem in problems],
    }
    emit(rows, columns if form == "table" else (*columns, "problems"), form=form, about=about)
    if form == "table":
        emit(matrix_rows(examined), ("kind", *_LISTS), form=form)
    say = voice()
    for problem in problems:
        say.error(str(problem), kind="failed")
    say.talk(f"{about['cases']} cases of {len(rows)} rules; {len(problems)} problems")
    return Exit.FINDINGS if problems else Exit.DONE
