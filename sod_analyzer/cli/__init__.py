"""The command `sod`: its global options, its subcommands, and how errors reach the terminal.

A subcommand's module is imported when it is asked for, so that `sod --help` answers at once and
`sod doctor` still speaks when a library is broken.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sod_analyzer import __version__
from sod_analyzer.cli.exit import Exit, exit_for
from sod_analyzer.cli.output import Voice
from sod_analyzer.errors import SodError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Subcommands in the order of a working day: where each lives, and its line in `sod --help`.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("sod_analyzer.cli.run:run", "Import, analyse and report, into one folder."),
    "import": ("sod_analyzer.cli.run:import_", "Read every source into a snapshot."),
    "analyze": ("sod_analyzer.cli.run:analyze", "Judge the stored snapshot by the rules."),
    "report": ("sod_analyzer.cli.run:report", "Write the stored findings as files."),
    "who-can": ("sod_analyzer.cli.ask:who_can", "Everyone who can do WHAT."),
    "can": ("sod_analyzer.cli.ask:can", "Whether WHO can do WHAT, with the path; if not, why not."),
    "access": ("sod_analyzer.cli.ask:access", "Everything WHO comes to."),
    "explain": ("sod_analyzer.cli.ask:explain", "Every path of one FINDING."),
    "what-if": (
        "sod_analyzer.cli.what_if:what_if",
        "What would follow if grants were taken away or given.",
    ),
    "rules": ("sod_analyzer.cli.rules:rules", "Look at rules, check them, and try them on cases."),
    "pull": ("sod_analyzer.cli.pull:pull", "Copy what a cloud says of its access into files."),
    "doctor": (
        "sod_analyzer.cli.doctor:doctor",
        "Show versions, plugins, rulesets, and what is missing.",
    ),
}


class Frame(click.Group):
    """A group that imports its commands lazily and turns every error into one clear message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names, in the order of a working day."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; imports the module it lives in."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table above: nothing is imported for `--help`."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown name suggests the nearest one."""
        # click looks for near names in `commands`, which lazy commands never enter.
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=list(COMMANDS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names for the shell, again without importing the commands."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=line)
            for name, (_, line) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; in standalone mode, never returns and never shows a traceback."""
        if not extra.get("standalone_mode", True):
            return super().main(*args, **extra)
        voice = Voice()
        extra.update(standalone_mode=False, obj=voice)
        extra.setdefault("prog_name", "sod")
        _never_fail_to_encode()
        try:
            code = super().main(*args, **extra)
            # A reader that went away is only noticed when the last buffer is written.
            sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - the border: nothing may pass as a traceback
            _leave(error, voice)
        sys.exit(code if isinstance(code, int) else Exit.DONE)


def _leave(error: Exception, voice: Voice) -> NoReturn:
    """Say what stopped the command, on stderr, and exit with its code."""
    code: int = Exit.BROKEN
    if isinstance(error, click.Abort):
        voice.error("stopped")
    elif isinstance(error, click.ClickException):
        code = error.exit_code
        _show_usage(error, voice)
    elif isinstance(error, SodError):
        code = exit_for(error)
        voice.error(str(error))
        if voice.debug:
            _show_traceback(error)
    elif isinstance(error, OSError) and error.errno == errno.EPIPE:
        # The reader has what it wanted (`sod … | head`). Python would complain once more when
        # it closes the stream at exit, so the stream is pointed at nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    elif isinstance(error, OSError) and error.filename is not None and not voice.debug:
        voice.error(f"{error.filename}: {error.strerror}")
    elif voice.debug:
        _show_traceback(error)
    else:
        said = f"{type(error).__name__}: {error}".strip(": ")
        voice.error(f"{said}; run `sod --debug …` for the traceback", kind="internal error")
    sys.exit(code)


def _show_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _show_usage(error: click.ClickException, voice: Voice) -> None:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    voice.error(error.format_message())
    if ctx is not None:
        click.echo(f"see: {ctx.command_path} --help", err=True)


def _never_fail_to_encode() -> None:
    """A terminal that cannot show a letter gets its escape; no answer is lost to an encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@click.group(cls=Frame, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sod")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours; auto means on a terminal, unless NO_COLOR is set.",
)
@click.option("-q", "--quiet", is_flag=True, help="Errors only on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.option("--debug", is_flag=True, help="Show a traceback when something breaks.")
@click.pass_context
def sod(ctx: click.Context, *, color: str, quiet: bool, verbose: bool, debug: bool) -> None:
    """Find people who can do what no one person should, and prove it to an auditor.

    Answers go to stdout, talk goes to stderr.
    Exit codes: 0 done, 1 something broke, 2 usage or configuration, 3 findings at or above
    --fail-on, 4 input incomplete or something not evaluable.
    """
    voice = ctx.ensure_object(Voice)
    voice.color = color
    voice.quiet = quiet
    voice.verbose = verbose
    voice.debug = debug


def main() -> None:
    """Run `sod` with the arguments of the process; does not return."""
    # Whoever stops the process politely is treated like Ctrl-C: half-written folders are swept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sod.main()
    finally:
        # All that is left goes with the process; nothing need be looked for in it.
        gc.freeze()
