"""`python -m tests.benchmarks --cloud`: AWS accounts, from Python and through the commands."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import accounts, page
from tests.benchmarks.asking import CHANGES
from tests.benchmarks.running import Run, RunError, python, run

#: Copies side by side in the largest of the worlds.
COPIES = 8
_REAL = ("example-authz-details.json", "example.json")


@dataclass(frozen=True)
class Asked:
    """One world: asked from Python by us and by the peer, and through the commands."""

    title: str
    accounts: int
    shared: Run
    alone: Run | None
    commands: Sequence[Run]

    @property
    def first(self) -> float:
        """Seconds to load and answer one question."""
        return self.shared.seconds["load"] + self.shared.seconds["who-can"]


def worlds() -> Mapping[str, tuple[accounts.Record, int]]:
    """By title, an export and how many copies of it: of real exports where there are any."""
    real = os.environ.get("SOD_REALDATA")
    if real is None:
        made = accounts.generated()
        return {"generated": (made, 1), f"generated, {COPIES} copies": (made, COPIES)}
    place = Path(real) / "aws"
    small, large = (json.loads((place / name).read_text(encoding="utf-8")) for name in _REAL)
    return {
        "small real export": (small, 1),
        "large real export": (large, 1),
        f"large real export, {COPIES} copies": (large, COPIES),
    }


def ask(
    title: str, export: accounts.Record, copies: int, folder: Path, *, peer: bool = True
) -> Asked:
    """Everything, of one world.

    Raises:
        RunError: a process failed, or the peer answers otherwise.
    """
    numbers = accounts.write(folder, accounts.copies(export, copies))
    shared = run("shared", python("tests.benchmarks.asking", "shared", folder), tells=True)
    alone = None
    if peer:
        alone = run("alone", python("tests.benchmarks.asking", "alone", folder), tells=True)
        compare(*(_answers(folder, mode) for mode in ("shared", "alone")))
    out = folder / "out"
    config = folder / "sod.yaml"
    wanted = ("aws:iam:CreateAccessKey", "--in", out)
    words = {
        "sod import": ("import", "--config", config, "--out", out),
        "sod who-can aws:iam:CreateAccessKey": ("who-can", *wanted),
        f"sod who-can aws:iam:CreateAccessKey --means self-grant --max-changes {CHANGES}": (
            "who-can", *wanted, "--means", "self-grant", "--max-changes", str(CHANGES),
        ),
    }  # fmt: skip
    commands = [run(name, python("sod_analyzer", *each)) for name, each in words.items()]
    return Asked(title, len(numbers), shared, alone, commands)


def compare(shared: Mapping[str, str], alone: Mapping[str, str]) -> None:
    """Nothing, when the peer found the same of whomever it asked about.

    Raises:
        RunError: it found something else, or asked about nobody.
    """
    other = sorted(arn for arn, letters in alone.items() if shared.get(arn) != letters)
    if other or not alone:
        raise RunError(f"of {len(alone)} principals {len(other)} differ: {', '.join(other[:3])}")


def _answers(folder: Path, mode: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / f"{mode}.json").read_text(encoding="utf-8"))
    return found


def measure(scratch: Path, *, where: Path) -> None:
    """Ask every world, and write what it took."""
    busy = os.getloadavg()[0]
    done = []
    for number, (title, (export, copies)) in enumerate(worlds().items()):
        done.append(ask(title, export, copies, scratch / f"accounts-{number}"))
        sys.stdout.write(f"{title}: {done[-1].shared.wall:.1f} s\n")
    page.put("cloud", lines(done, busy), page=where)


def lines(done: Sequence[Asked], busy: float) -> list[str]:
    """The part of the page: what it took, from Python and by command, and what is asked of it."""
    header = ("accounts", "how many", "logins and roles", "policies", "load, s", "who-can, s",
        "matrix, s", "peak MB", "one by one, s", "x ours")  # fmt: skip
    text = [page.machine(), f"When it began, {busy:.1f} other processes wanted a core.", ""]
    text += page.table(header, map(_row, done))
    rows = [
        (
            each.title,
            f"`{one.name}`",
            page.seconds(one.wall),
            page.seconds(one.cpu),
            f"{one.peak_mb:,.0f}",
        )
        for each in done
        for one in each.commands
    ]
    text += ["", *page.table(("accounts", "command", "wall, s", "CPU s", "peak MB"), rows)]
    return [*text, "", *page.target_lines(targets(done))]


def _row(each: Asked) -> tuple[str, ...]:
    shared, alone = each.shared, each.alone
    ours = shared.seconds["reach"]
    peer: tuple[str, str] = ("", "")
    if alone is not None and alone.reach is not None:
        told = page.seconds(alone.reach)
        if alone.scale > 1:
            told += f" (from {alone.notes['sample']:,.0f})"
        peer = told, f"{alone.reach / ours:,.0f}"
    return (
        each.title,
        f"{each.accounts}",
        f"{shared.notes['people']:,.0f}",
        f"{shared.notes['policies']:,.0f}",
        page.seconds(shared.seconds["load"]),
        page.seconds(shared.seconds["who-can"]),
        page.seconds(ours),
        f"{shared.peak_mb:,.0f}",
        *peer,
    )


def targets(done: Sequence[Asked]) -> list[tuple[str, float, float]]:
    """What is asked: of single exports a second for each step, of the copies five and sixty."""
    asked: list[tuple[str, float, float]] = []
    for each in done:
        if "copies" in each.title:
            asked += [
                (f"{each.title}: load and who-can, s, at most", each.first, 5.0),
                (f"{each.title}: matrix, s, at most", each.shared.seconds["reach"], 60.0),
            ]
        else:
            asked += [
                (f"{each.title}: load, s, at most", each.shared.seconds["load"], 1.0),
                (f"{each.title}: who-can, s, at most", each.shared.seconds["who-can"], 1.0),
            ]
    return asked
