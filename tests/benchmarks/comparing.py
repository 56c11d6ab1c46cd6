"""Ours and every peer on the same files, each in a process of its own, with the same answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks import answers
from tests.benchmarks.ours import REPORTERS
from tests.benchmarks.peers.__main__ import NAMES
from tests.benchmarks.running import Run, RunError, python, run
from tests.benchmarks.world import Size
from tests.benchmarks.world.facts import Facts, shortcomings

FLOORS = tuple(name for name in NAMES if name.startswith("floor"))
PEERS = tuple(name for name in NAMES if not name.startswith("floor"))
KINDS = ("clean", "bad", "scoped")


@dataclass(frozen=True)
class Compared:
    """What one world took: the floor, ours and the peers."""

    facts: Facts
    floor: Run
    whole: Run
    stage: Run
    peers: tuple[Run, ...] = ()
    written_mb: float = 0.0


def world_at(size: Size, folder: Path, *, kind: str) -> Path:
    """The folder of a world, which is made unless it stands there already.

    Raises:
        RunError: it is not the world it should be.
    """
    place = folder / f"{size.name}-{kind}"
    if not (place / "world.json").is_file():
        words = [] if kind == "clean" else [f"--{kind}"]
        run("world", python("tests.benchmarks.world", size.name, place, *words))
    lacking = shortcomings(facts_at(place))
    if lacking:
        raise RunError(f"{place} is not so: {'; '.join(lacking)}")
    return place


def facts_at(world: Path) -> Facts:
    """What the world told when it was written."""
    return Facts(**json.loads(world.joinpath("world.json").read_text(encoding="utf-8")))


def floor_of(world: Path, scratch: Path) -> Run:
    """Reading and coding the files by pyarrow, the faster of two ways."""
    runs = [
        run(name, python("tests.benchmarks.peers", name, world, scratch / name), tells=True)
        for name in FLOORS
    ]
    return min(runs, key=lambda one: one.wall)


def compare(world: Path, scratch: Path, *, floor: Run, peers: Sequence[str] = PEERS) -> Compared:
    """Run ours and these peers; nothing else runs beside them.

    `floor` is that of the same files, or of the clean ones where these have bad rows: pyarrow
    reads none of a file that has any.

    Raises:
        RunError: one of them failed, or found other than what the world holds.
    """
    wanted = answers.expected(world)
    out = scratch / "sod"
    only = [word for name in REPORTERS for word in ("--only", name)]
    shutil.rmtree(out, ignore_errors=True)
    whole = run(
        "sod run",
        python("sod_analyzer", "run", "--config", world / "sod.yaml", "--out", out, *only),
    )
    same(answers.of_tool(out), wanted, name="sod run")
    stage = run("sod stage", python("tests.benchmarks.ours", out), tells=True)
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    runs = tuple(_peer(name, world, scratch / name, wanted) for name in peers)
    return Compared(facts_at(world), floor, whole, stage, runs, written)


def _peer(name: str, world: Path, out: Path, wanted: answers.Keys) -> Run:
    measured = run(name, python("tests.benchmarks.peers", name, world, out), tells=True)
    found = answers.of_peer(out)
    sample = out / "people.csv"
    if sample.is_file():
        wanted = answers.about(wanted, sample)
    same(found, wanted, name=name)
    return measured


def same(found: answers.Keys, wanted: answers.Keys, *, name: str) -> None:
    """Nothing, when both are the same.

    Raises:
        RunError: they are not.
    """
    if not np.array_equal(found, wanted):
        lost = len(np.setdiff1d(wanted, found))
        more = len(np.setdiff1d(found, wanted))
        raise RunError(f"{name} found {len(found):,}: {lost:,} are missing, {more:,} are not so")
