"""One process at a time, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

#: Exit codes of the tool that are answers: 3 and 4 say what was found, not that it failed.
_ANSWERS = frozenset({0, 3, 4})


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

    `tells`: its last line on stdout says its stages. The peak is the system's own count of the
    process; this one is small, so that what a child shares with it before it begins is nothing.

    Raises:
        RunError: it failed.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=complained)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in _ANSWERS:
            complained.seek(0)
            text = complained.read().decode(errors="replace")[-2_000:]
            raise RunError(f"{name} ended with {child.returncode}: {text}")
        told: Mapping[str, Mapping[str, float]] = {}
        if tells:
            said.seek(0)
            told = json.loads(said.read().decode().splitlines()[-1])
    cpu = usage.ru_utime + usage.ru_stime
    # Kilobytes here, bytes on a Mac.
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    peak = usage.ru_maxrss / unit
    return Run(name, wall, cpu, peak, told.get("seconds", {}), told.get("notes", {}))


def python(module: str, *words: str | Path) -> list[str]:
    """A command that runs a module by this interpreter."""
    return [sys.executable, "-m", module, *map(str, words)]
