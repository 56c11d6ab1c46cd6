"""Writes docs/commands.md from the commands themselves: `make docs`, or run this module."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.util import find_spec

import click

from sod_analyzer.cli import COMMANDS, sod
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "commands.md"

HEAD = """# Commands

Made by `make docs` from the commands' own help; do not edit by hand.

Answers go to stdout and talk goes to stderr, so `sod … --format json > answer.json` \
holds the answer alone.
The formats `table`, `json`, `jsonl`, `csv` and `md` show the same fields in the same order.
On a terminal a table leaves out fields that would not fit; off a terminal no field is left out, \
folded or cut.
A table shows at most 1,000 rows and says how many there are; the other formats have all of them.
On a terminal, a stage of the work that takes more than a second is shown with its count and rate.
JSON holds the exact text; the others show control characters and marks of writing direction \
as escapes, and CSV puts a `'` before a text that a spreadsheet would take for a formula.
The exit codes stand in [exit-codes.md](exit-codes.md).

Shell completion: put the output of `_SOD_COMPLETE=bash_source sod` (or `zsh_source`, \
`fish_source`) where your shell reads completions from.
"""


def page() -> str:
    """The whole page."""
    top = click.Context(sod, info_name="sod", **sod.context_settings)
    parts = [HEAD, *_section(sod, top)]
    for name, (target, _) in COMMANDS.items():
        if find_spec(target.partition(":")[0]) is None:
            continue
        command = sod.get_command(top, name)
        if command is None:
            raise LookupError(name)
        parts.extend(_sections(command, click.Context(command, info_name=name, parent=top)))
    return "\n".join(parts)


def _sections(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """The section of a command, and of every command under it."""
    yield from _section(command, ctx)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            under = command.get_command(ctx, name)
            if under is None:
                raise LookupError(name)
            yield from _sections(under, click.Context(under, info_name=name, parent=ctx))


def _section(command: click.Command, ctx: click.Context) -> list[str]:
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    text = inspect.cleandoc(command.help or "").replace("\f", "").strip()
    rows = list(_rows(command, ctx))
    table = ["| option | means |", "|---|---|", *rows, ""] if rows else []
    return [f"## {ctx.command_path}", "", f"`{usage}`", "", text, "", *table]


def _rows(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for parameter in command.get_params(ctx):
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        value = "" if parameter.is_flag else f" {_value(parameter, ctx)}"
        default = parameter.get_default(ctx) if parameter.show_default else None
        notes = [
            parameter.help or "",
            "Needed." if parameter.required else "",
            f"Environment: `{parameter.envvar}`." if parameter.show_envvar else "",
            f"Default: `{default}`." if default not in (None, (), "") else "",
        ]
        means = " ".join(note for note in notes if note)
        yield f"| `{names}{value}` | {means} |".replace("|`", "| `")


def _value(option: click.Option, ctx: click.Context) -> str:
    if isinstance(option.type, click.Choice):
        # A bar would end the cell of the table.
        return " / ".join(str(choice) for choice in option.type.choices)
    return option.make_metavar(ctx)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
