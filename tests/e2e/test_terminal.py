"""Answers on a terminal of 120 columns: what is copied stays whole, and nothing is too wide."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.e2e.conftest import Ran

_WIDE = 120
_STYLE = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


def on_a_terminal(*arguments: str) -> list[str]:
    """The lines that a command draws on a terminal, without their colours."""
    shown, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sod_analyzer", *arguments],
        stdout=screen,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": str(_WIDE)},
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
    return [line.rstrip() for line in _STYLE.sub("", drawn.decode()).splitlines()]


@pytest.mark.parametrize(
    "question",
    [
        ("who-can", "deploy@payments"),
        ("can", "001358", "deploy@payments"),
        ("can", "001652", "commit"),
        ("access", "001358"),
        ("explain", "F-31002213f17a"),
    ],
    ids=" ".join,
)
def test_no_line_is_wider_than_the_terminal(northbank: Ran, question: tuple[str, ...]) -> None:
    lines = on_a_terminal(*question, "--in", str(northbank.folder))

    assert len(lines) > 2
    assert [line for line in lines if len(line) > _WIDE] == []


def test_a_path_has_a_line_per_hop_and_names_its_file_whole(northbank: Ran) -> None:
    lines = on_a_terminal("explain", "F-31002213f17a", "--in", str(northbank.folder))

    assert lines[0] == "payments: Siobhán O'Rourke: commit"
    assert lines[1].split() == ["hop", "from", "how", "to", "stated", "in"]
    assert any(line.startswith("1.1 ") and "github/members.json" in line for line in lines)
    assert any(line.startswith("payments: ") and line.endswith(": deploy") for line in lines)


def test_ids_that_are_copied_are_never_broken(northbank: Ran) -> None:
    lines = on_a_terminal("analyze", "--in", str(northbank.folder))

    ids = [line for line in lines if re.search(r"F-[0-9a-f]", line)]
    assert len(ids) > 100
    assert all(re.search(r"F-[0-9a-f]{12}$", line) for line in ids)
