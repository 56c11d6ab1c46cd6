"""The command `sod` in a process of its own, and what it said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

#: No command may ever say these, whatever it is fed.
_NEVER = ("Traceback (most recent call last)", "internal error", "terminate called", "Aborted")


@dataclass(frozen=True)
class Said:
    """What a command answered: its exit code and both channels."""

    code: int
    out: str
    err: str


def sod(*arguments: str | Path, cwd: Path) -> Said:
    """Run `sod` as a process that skips the time of its imports; see `warm.py`.

    A crash that shows, in any way, fails the test at once.
    """
    return _without_a_crash(_WARM.run([str(each) for each in arguments], cwd))


def cold_sod(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Said:
    """Run `sod` as a process from its very start: what hash seed and time zone need."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env={**plain(), **(env or {})},
        capture_output=True,
        check=False,
        timeout=120,
        encoding="utf-8",
    )
    return _without_a_crash(Said(done.returncode, done.stdout, done.stderr))


def command(*arguments: str | Path) -> list[str]:
    """The command line of `sod` in this environment."""
    return [sys.executable, "-m", "sod_analyzer", *map(str, arguments)]


def plain() -> dict[str, str]:
    """The environment without what configures the tool or its terminal."""
    names = ("SOD_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def cool_down() -> None:
    """End the process that forks; the next command starts another."""
    _WARM.stop()


def _without_a_crash(said: Said) -> Said:
    for word in _NEVER:
        assert word not in said.out + said.err, said
    assert said.code in range(5), said
    return said


class _Warm:
    """The process of `warm.py`, started at the first command."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: list[str], cwd: Path) -> Said:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            told = {
                "argv": arguments,
                "cwd": str(cwd),
                "env": plain(),
                "out": str(out),
                "err": str(err),
            }
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            code = int(process.stdout.readline())
            return Said(code, out.read_text("utf-8"), err.read_text("utf-8"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.warm"],
                cwd=ROOT,
                env=plain(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        return self._process


_WARM = _Warm()
