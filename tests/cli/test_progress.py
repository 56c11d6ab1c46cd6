"""Progress: a line for stages that take their time, and nothing for anybody else."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import time

import pytest

from sod_analyzer.cli import progress as module
from sod_analyzer.cli.output import Voice
from sod_analyzer.cli.progress import Board, Stage, progress
from sod_analyzer.pipeline.progress import silent

_STYLE = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")

#: Stages of 0.4 s take long enough here, so that tests need not wait for whole seconds.
_HASTY = (
    "import time, sys\n"
    "from sod_analyzer.cli import progress as module\n"
    "from sod_analyzer.cli.progress import progress\n"
    "module.PATIENCE_S, module._TICK_S = 0.2, 0.05\n"
)


def on_a_terminal(code: str, **environment: str) -> str:
    """Everything that Python code draws on stderr, a terminal of 100 columns."""
    shown, screen = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-c", _HASTY + code],
        stdout=subprocess.DEVNULL,
        stderr=screen,
        env={**clean, "COLUMNS": "100", "TERM": "xterm-256color", **environment},
    ):
        os.close(screen)
        drawn = b""
        while True:
            try:
                part = os.read(shown, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            drawn += part
    os.close(shown)
    return drawn.decode()


COUNTING = (
    "with progress(steps=3) as say:\n"
    "    say('reading [bold]grants')\n"
    "    say.of(10_000_000, unit='rows')\n"
    "    for _ in range(12):\n"
    "        say.advance(100_000)\n"
    "        time.sleep(0.05)\n"
)


def test_a_long_stage_shows_its_number_name_count_and_rate() -> None:
    drawn = _STYLE.sub("", on_a_terminal(COUNTING))

    assert "1/3" in drawn
    assert "reading [bold]grants" in drawn
    found = re.search(r"([\d,]+) of 10,000,000 rows, ([\d,]+) rows/s", drawn)
    assert found is not None
    assert found[1].endswith("00,000")
    # A hundred thousand in a twentieth of a second: of that size, whatever else the machine does.
    assert 20_000 < int(found[2].replace(",", "")) < 200_000_000


def test_the_line_goes_when_the_work_ends_or_fails() -> None:
    ended = on_a_terminal(COUNTING)
    failed = on_a_terminal(f"try:\n    {COUNTING.replace(chr(10), chr(10) + '    ')}    1/0\n"
                           "except ZeroDivisionError:\n    pass\n")  # fmt: skip

    for drawn in (ended, failed):
        assert drawn.rstrip("\r\n").endswith("\x1b[2K")
        # The cursor is hidden while the line moves.
        assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1


def test_a_stage_that_is_over_at_once_is_never_seen() -> None:
    code = "with progress(steps=2) as say:\n    say('quick')\n    say('also quick')\n"

    assert on_a_terminal(code) == ""


def test_a_quick_stage_between_long_ones_does_not_flicker() -> None:
    code = (
        "with progress(steps=3) as say:\n"
        "    say('long one')\n    time.sleep(0.4)\n"
        "    say('quick')\n    time.sleep(0.06)\n"
        "    say('long two')\n    time.sleep(0.4)\n"
    )

    drawn = on_a_terminal(code)

    assert "long one" in drawn
    assert "3/3" in drawn
    assert "quick" not in drawn


def test_no_colour_is_used_where_none_is_wanted() -> None:
    def styles(drawn: str) -> set[str]:
        return {m for m in _STYLE.findall(drawn) if m.endswith("m") and m != "\x1b[0m"}

    assert styles(on_a_terminal(COUNTING))
    plain = styles(on_a_terminal(COUNTING, NO_COLOR="1"))
    assert not any(re.search(r"[\[;](3[0-7]|38|9[0-7])[;m]", mark) for mark in plain)


def test_a_name_cannot_act_on_the_terminal() -> None:
    code = (
        "with progress(steps=1) as say:\n    say('read\\x1b]0;evil\\x07ing')\n    time.sleep(0.4)\n"
    )

    assert "read\\x1b]0;evil\\x07ing" in on_a_terminal(code)


@pytest.mark.parametrize("setting", ["quiet", "dumb", "no terminal"])
def test_elsewhere_nothing_is_drawn_and_no_thread_runs(
    setting: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Voice(quiet=setting == "quiet")
    monkeypatch.setattr(module, "voice", lambda: said)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: setting != "no terminal", raising=False)
    monkeypatch.setenv("TERM", "dumb" if setting == "dumb" else "xterm")
    threads = threading.active_count()

    with progress(steps=1) as say:
        say("reading")
        say.of(5, unit="rows")
        say.advance(5)
        running = threading.active_count()

    assert running == threads
    assert capsys.readouterr().err == ""


def test_silence_costs_nothing_worth_mentioning() -> None:
    started = time.perf_counter()
    for _ in range(100_000):
        silent.advance(1)

    assert time.perf_counter() - started < 1


def test_counts_are_said_with_what_is_known() -> None:
    board = Board(2)
    board.advance(5)  # nothing to count in yet
    board("one")
    stage = board.stage
    assert stage is not None
    assert stage.counted(stage.began + 1) == ""

    board.of(None, unit="facts")
    board.advance(1500)
    assert stage.counted(stage.counting_since + 2) == "1,500 facts, 750 facts/s"

    board.of(4000, unit="facts")
    assert stage.counted(stage.counting_since + 2) == "0 of 4,000 facts"
    board.advance()
    board.advance(999)
    assert stage.counted(stage.counting_since + 0.5) == "1,000 of 4,000 facts, 2,000 facts/s"


def test_bytes_are_said_in_larger_units() -> None:
    stage = Stage(1, "reading", unit="bytes", total=240_000_000, done=12_500_000)

    assert stage.counted(stage.counting_since + 0.5) == "12.5 MB of 240.0 MB, 25.0 MB/s"
    stage.total, stage.done = None, 999
    assert stage.counted(stage.counting_since + 1) == "999 bytes, 999 bytes/s"
