"""The command line's frame: lazy start, exit codes, formats, and hostile text."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date

import click
import pytest
from click.testing import CliRunner, Result

from sod_analyzer import __version__, cli, errors
from sod_analyzer.cli import output
from sod_analyzer.cli.exit import Exit, exit_for, exit_of
from sod_analyzer.cli.progress import progress
from tests.conftest import ROOT

#: What no command needs before it does its work.
HEAVY = [
    "boto3",
    "botocore",
    "defusedxml",
    "difflib",
    "importlib.metadata",
    "jinja2",
    "networkx",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "pydantic",
    "pyspark",
    "rich",
    "sod_analyzer.config",
    "sod_analyzer.model",
    "sod_analyzer.pipeline",
    "sod_analyzer.plugins",
    "sod_analyzer.rules",
    "traceback",
    "xlsxwriter",
    "yaml",
]
HOSTILE = "=cmd|'/c calc'!A1\x1b[2J\u202eevil\n<script>|[bold]"


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter outside of a terminal."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> type[Planted]:
    Planted.raises = None
    monkeypatch.setattr(
        cli, "COMMANDS", {**cli.COMMANDS, "plant": (f"{__name__}:plant", "A planted command.")}
    )
    return Planted


class Planted:
    """What the planted command does when it runs."""

    raises: BaseException | None = None


@click.command()
@click.option("--code", type=int, default=0)
@output.format_option
@click.pass_context
def plant(ctx: click.Context, *, code: int, form: str) -> None:
    """Do as planted."""
    if Planted.raises is not None:
        raise Planted.raises
    with progress(steps=2) as say:
        say("reading")
        say("writing")
    output.emit([{"name": "Ann", "on": date(2026, 1, 2)}], ["name", "on"], form=form)
    output.talk("done")
    ctx.exit(code)


def sod(*arguments: str) -> Result:
    return CliRunner().invoke(cli.sod, arguments)


def loaded_by(*arguments: str, **environment: str) -> str:
    """The exit code of a command in a fresh interpreter, and what it should not have loaded."""
    code = (
        "import sys\n"
        "from sod_analyzer.cli import main\n"
        f"sys.argv = ['sod', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    code = stop.code\n"
        f"print(code, sorted(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)\n"
    )
    return python("-S", "-c", _WITH_PATH + code, **environment).stderr.strip()


#: Without `site`, so that what an editable install or another package loads at start is not seen.
_WITH_PATH = f"import sys; sys.path[:] = {[str(ROOT), *sys.path]!r}\n"


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), (), *((name, "--help") for name in cli.COMMANDS)],
    ids=" ".join,
)
def test_help_and_version_load_no_heavy_library(arguments: tuple[str, ...]) -> None:
    code = Exit.DONE if arguments else Exit.USAGE

    assert loaded_by(*arguments).splitlines()[-1] == f"{int(code)} []"


def test_help_of_a_command_below_a_command_loads_no_heavy_library() -> None:
    assert loaded_by("rules", "coverage", "--help") == "0 []"


@pytest.mark.parametrize("words", ["sod wh", "sod run --o", "sod rules co"])
def test_completion_answers_without_a_heavy_library(words: str) -> None:
    told = loaded_by(
        _SOD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    )

    assert told == "0 []"


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_answer_at_once(argument: str) -> None:
    """Ten times what a quiet machine takes: this finds a library at start, not a slow machine."""
    started = time.perf_counter()
    python("-m", "sod_analyzer", argument)

    assert time.perf_counter() - started < 1


def test_help_names_every_command_in_the_order_of_the_day() -> None:
    listed = sod("--help").stdout.partition("Commands:")[2]

    found = [line.split()[0] for line in listed.splitlines() if line.strip()]
    assert found == list(cli.COMMANDS)


def test_each_line_of_help_is_the_first_sentence_of_its_command() -> None:
    for name, (_, line) in cli.COMMANDS.items():
        command = cli.sod.get_command(click.Context(cli.sod), name)

        assert command is not None
        text = " ".join((command.help or "").split("\n\n")[0].split())
        assert text.startswith(line.rstrip(".")), name


def test_the_module_runs_as_the_command_does() -> None:
    done = python("-m", "sod_analyzer", "--version")

    assert done.stdout.strip() == f"sod, version {__version__}"


def test_an_unknown_command_suggests_the_nearest_and_exits_2() -> None:
    result = sod("docter")

    assert result.exit_code == Exit.USAGE
    assert "Did you mean 'doctor'?" in result.stderr


def test_an_unknown_option_exits_2_and_says_where_help_is() -> None:
    result = sod("doctor", "--formt", "json")

    assert result.exit_code == Exit.USAGE
    assert "see: sod doctor --help" in result.stderr


@pytest.mark.parametrize("code", list(Exit))
def test_a_command_chooses_its_exit_code(planted: type[Planted], code: Exit) -> None:
    del planted

    assert sod("plant", "--code", str(int(code))).exit_code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("bad"), 2),
        (errors.RulesetError("bad"), 2),
        (errors.QueryError("bad"), 2),
        (errors.InputError("bad"), 1),
        (errors.StoreError("bad"), 1),
        (errors.PluginError("bad"), 1),
        (errors.ReportError("bad"), 1),
    ],
)
def test_an_error_is_one_message_on_stderr_with_its_exit_code(
    planted: type[Planted], error: errors.SodError, code: int
) -> None:
    planted.raises = error

    result = sod("plant")

    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "error: bad\n")
    assert exit_for(error) == code


def test_an_error_shows_its_place_and_no_escape_sequence(planted: type[Planted]) -> None:
    where = errors.SourceRef("in/a\x1b[2J.csv", 7)
    planted.raises = errors.InputError("broken", where=where)

    assert sod("plant").stderr == "error: in/a\\x1b[2J.csv:7: broken\n"


def test_a_crash_is_one_line_and_never_looks_like_an_answer(planted: type[Planted]) -> None:
    planted.raises = ValueError("oops")

    result = sod("plant")

    assert result.exit_code == Exit.BROKEN
    assert result.stderr.startswith("internal error: ValueError: oops; run `sod --debug")
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_of_a_crash(planted: type[Planted]) -> None:
    planted.raises = ValueError("oops")

    assert "Traceback" in sod("--debug", "plant").stderr


def test_a_file_that_cannot_be_written_is_named(planted: type[Planted]) -> None:
    planted.raises = PermissionError(13, "Permission denied", "out/x.json")

    result = sod("plant")

    assert (result.exit_code, result.stderr) == (1, "error: out/x.json: Permission denied\n")


def test_an_interrupt_exits_1_without_a_traceback(planted: type[Planted]) -> None:
    planted.raises = KeyboardInterrupt()

    result = sod("plant")

    assert result.exit_code == Exit.BROKEN
    assert result.stderr.strip() == "error: stopped"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_asked_to_stop_cleans_up_first(how: signal.Signals) -> None:
    code = (
        "import signal, sys, time, types, click\nfrom sod_analyzer import cli\n"
        # Where a suite runs in the background, a shell lets its children ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "cli.COMMANDS = {'wait': ('wait:wait', '')}\n"
        "@click.command()\ndef wait():\n"
        "    try:\n        print('waiting', flush=True)\n        time.sleep(60)\n"
        "    finally:\n        print('swept', flush=True)\n"
        "sys.modules['wait'] = types.SimpleNamespace(wait=wait)\n"
        "sys.argv = ['sod', 'wait']\ncli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(how)
        out, err = running.communicate()

    assert (running.returncode, out, err.strip()) == (Exit.BROKEN, "swept\n", "error: stopped")


def test_a_reader_that_goes_away_causes_no_noise() -> None:
    code = (
        "import sys\nfrom sod_analyzer import cli\n"
        "cli.COMMANDS = {'flood': ('flood:flood', '')}\n"
        "import types, click\nfrom sod_analyzer.cli.output import emit\n"
        "@click.command()\ndef flood():\n"
        "    emit(({'n': n} for n in range(200000)), ['n'], form='jsonl')\n"
        "sys.modules['flood'] = types.SimpleNamespace(flood=flood)\n"
        "sys.argv = ['sod', 'flood']\ncli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.stdout.close()

        said = running.stderr.read()

    assert (first, said) == (b'{"n": 0}\n', b"")


def test_quiet_silences_talk_and_keeps_the_answer(planted: type[Planted]) -> None:
    del planted

    assert sod("plant").stderr == "done\n"
    assert sod("-q", "plant").stderr == ""
    assert "Ann" in sod("-q", "plant").stdout


@pytest.mark.parametrize(
    ("color", "environment", "colored"),
    [
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", {}, False),
    ],
)
def test_colour_follows_the_option_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, color: str, environment: dict[str, str], *, colored: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert output.Voice(color=color).colored(io.StringIO()) is colored


def test_findings_win_over_an_incomplete_input() -> None:
    assert exit_of(findings=True, incomplete=True) == Exit.FINDINGS
    assert exit_of(findings=False, incomplete=True) == Exit.INCOMPLETE
    assert exit_of(findings=False, incomplete=False) == Exit.DONE


def printed(form: str, capsys: pytest.CaptureFixture[str], **cells: object) -> str:
    output.emit([cells], list(cells), form=form)
    return capsys.readouterr().out


@pytest.mark.parametrize("form", output.FORMATS)
def test_no_format_lets_a_name_act_on_the_terminal(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(form, capsys, name=HOSTILE, tag="\U000e0041\ud800\x7f\x9b31m")

    assert output.harmless(text.replace("\n", "")) == text.replace("\n", "")


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_holds_the_exact_text(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(form, capsys, name=HOSTILE, tag="\U000e0041\x7f\x9b")

    whole = json.loads(text)
    row = whole["rows"][0] if form == "json" else whole
    assert row == {"name": HOSTILE, "tag": "\U000e0041\x7f\x9b"}


def test_csv_holds_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed("csv", capsys, a="=1+1", b="+47", c="-1", d="@x", e="plain")

    assert list(csv.reader(io.StringIO(text)))[1] == ["'=1+1", "'+47", "'-1", "'@x", "plain"]


def test_markdown_keeps_html_bars_and_links_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed("md", capsys, a="<b>|[x](y)")

    assert text.splitlines()[2] == r"| &lt;b&gt;\|\[x\](y) |"


def test_a_table_takes_no_markup_from_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert "[bold]Ann[/bold]" in printed("table", capsys, name="[bold]Ann[/bold]")


def test_a_table_off_a_terminal_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert "x" * 5000 in printed("table", capsys, name="x" * 5000, other="y")


def test_a_table_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit([], ["name"], form="table")

    assert capsys.readouterr().out == "(none)\n"


def test_every_format_shows_the_same_fields_in_the_same_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = {"zeta": None, "alpha": True, "list": ["x", 2], "on": date(2026, 1, 2)}

    shown = {form: printed(form, capsys, **cells) for form in output.FORMATS}

    assert list(json.loads(shown["json"])["rows"][0]) == list(cells)
    assert list(json.loads(shown["jsonl"])) == list(cells)
    assert shown["csv"] == "zeta,alpha,list,on\n,yes,x; 2,2026-01-02\n"
    assert shown["md"].splitlines()[0] == "| zeta | alpha | list | on |"
    assert shown["table"].splitlines()[0].split() == list(cells)


def test_json_puts_what_the_rows_are_about_first(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit([], ["name"], form="json", about={"question": "who", "exit_code": 4})

    assert json.loads(capsys.readouterr().out) == {"question": "who", "exit_code": 4, "rows": []}


def test_progress_off_a_terminal_is_said_only_when_asked_for_more(
    planted: type[Planted],
) -> None:
    del planted

    assert sod("-v", "plant").stderr == "reading\nwriting\ndone\n"
    assert sod("plant").stderr == "done\n"


def test_a_terminal_without_unicode_still_gets_the_answer() -> None:
    code = "from sod_analyzer.cli import sod; sod.main(['doctor'])"

    done = python("-c", code, PYTHONIOENCODING="ascii")

    assert "Traceback" not in done.stderr
    assert "python" in done.stdout


def test_doctor_lists_programs_libraries_plugins_and_rulesets() -> None:
    whole = json.loads(sod("doctor", "--format", "json").stdout)

    parts = {(row["part"], row["name"]) for row in whole["rows"]}
    assert {("program", "sod"), ("library", "pyarrow"), ("importer", "ldif")} <= parts
    assert {("reporter", "workbook"), ("optional", "soffice")} <= parts


def test_doctor_is_well_and_exits_0() -> None:
    result = sod("doctor", "--format", "json")

    sick = [
        row
        for row in json.loads(result.stdout)["rows"]
        if row["state"] != "ok" and row["part"] != "optional"
    ]
    assert sick == []
    assert result.exit_code == Exit.DONE
