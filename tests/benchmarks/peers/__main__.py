"""`python -m tests.benchmarks.peers NAME WORLD OUT`: one peer, its stages told on stdout."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.peers.laps import Laps

#: Peers by name; each imports its library only when it is the one that runs.
NAMES = (
    "floor-texts",
    "floor-blocks",
    "networkx-per-person",
    "networkx-condensation",
    *(
        f"duckdb-{way}-{kind}"
        for way in ("union", "using-key", "masks")
        for kind in ("texts", "codes", "whole")
    ),
)


def main() -> None:
    """Run the peer that is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("world", type=Path)
    parser.add_argument("out", type=Path)
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    laps = Laps()
    _peer(told.name)(told.world, told.out, laps)
    laps.tell()


def _peer(name: str) -> Callable[[Path, Path, Laps], None]:
    if name.startswith("floor"):
        from tests.benchmarks.peers import floor

        read = floor.read_then_code if name == "floor-texts" else floor.code_while_reading
        return lambda world, _out, laps: read(world, laps)
    if name.startswith("duckdb"):
        from tests.benchmarks.peers import duck

        way, _, kind = name.removeprefix("duckdb-").rpartition("-")
        return lambda world, out, laps: duck.run(world, out, laps, way=way, kind=kind)
    from tests.benchmarks.peers import graphs

    walk = graphs.per_person if name == "networkx-per-person" else graphs.condensed

    def peer(world: Path, out: Path, laps: Laps) -> None:
        found = walk(world, out, laps)
        with laps.lap("write"), (out / "findings.csv").open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("rule", "employee_id"))
            writer.writerows(found)

    return peer


if __name__ == "__main__":
    main()
