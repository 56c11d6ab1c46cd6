"""One process at a time, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

#: Exit codes of the tool that are answers: 3 and 4 say what was found, not that it failed.
_ANSWERS = frozenset({0, 3, 4})
_LAUNCHER = Path(__file__).with_name("launch.py")


class RunError(Exception):
    """A process that was to be measured failed, or answered wrongly."""


@dataclass(frozen=True)
class Run:
    """Wall and CPU seconds, peak of resident memory, and the stages that the process told."""

    name: str
    wall: float
    cpu: float
    peak_mb: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, float] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """By how much the stage `reach` is to be multiplied: people by those sampled."""
        return self.notes.get("people", 1) / self.notes.get("sample", 1)

    @property
    def reach(self) -> float | None:
        """Seconds of reach and rules alone, for everybody."""
        measured = self.seconds.get("reach")
        return None if measured is None else measured * self.scale

    @property
    def whole(self) -> float:
        """Seconds of the whole process, for everybody."""
        return self.wall + self.seconds.get("reach", 0.0) * (self.scale - 1)


def run(name: str, command: Sequence[str], *, tells: bool = False) -> Run:
    """Run a command to its end in the root of the checkout.

    `tells`: its last line on stdout says its stages. Times and peak are the system's own count.

    Raises:
        RunError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        said, complained, report = (Path(folder) / part for part in ("out", "err", "report"))
        with said.open("wb") as out, complained.open("wb") as err:
            words: list[str | Path] = [sys.executable, "-I", "-S", _LAUNCHER, report, *command]
            subprocess.run(words, cwd=ROOT, env=_environment(), stdout=out, stderr=err, check=True)
        took = json.loads(report.read_text(encoding="ascii"))
        if took.pop("code") not in _ANSWERS:
            text = complained.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise RunError(f"{name} failed: {text}")
        told = json.loads(said.read_text(encoding="utf-8").splitlines()[-1]) if tells else {}
    return Run(name, **took, seconds=told.get("seconds", {}), notes=told.get("notes", {}))


def _environment() -> dict[str, str]:
    """As here, where Python keeps what it has compiled: an installed program has been compiled."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def python(module: str, *words: str | Path) -> list[str]:
    """A command that runs a module by this interpreter."""
    return [sys.executable, "-m", module, *map(str, words)]
