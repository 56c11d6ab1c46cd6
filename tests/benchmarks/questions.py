"""What short commands take: the start, and a question to a stored snapshot."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.page import seconds, table
from tests.benchmarks.running import Run, python, run
from tests.benchmarks.world.laws import ANYWHERE

#: A duty that many people have.
_DUTY = ANYWHERE.duties[0].id
#: Seconds above which reading the program from disk does not matter.
_SHORT = 5.0


def ask(folder: Path) -> list[Run]:
    """Start-up, and `who-can` on the folder of a run: rows on the screen, and all of them."""
    question = ("who-can", _DUTY, "--in", folder)
    commands: dict[str, tuple[str | Path, ...]] = {
        "sod --version": ("--version",),
        "sod --help": ("--help",),
        f"sod who-can {_DUTY}": question,
        f"sod who-can {_DUTY} --format csv": (*question, "--format", "csv"),
    }
    runs = []
    for name, words in commands.items():
        command = python("sod_analyzer", *words)
        first = run(name, command)
        # The first run reads the program from disk; what a second one takes is what people wait.
        runs.append(run(name, command) if first.wall < _SHORT else first)
    return runs


def lines(runs: list[Run]) -> list[str]:
    """A table of the commands."""
    rows = [
        (f"`{one.name}`", seconds(one.wall), seconds(one.cpu), f"{one.peak_mb:,.0f}")
        for one in runs
    ]
    return table(("command", "wall, s", "CPU s", "peak MB"), rows)
