"""`python -m tests.benchmarks.world SIZE FOLDER [--bad] [--scoped] [--parquet]`: write a world."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.benchmarks.world.facts import shortcomings
from tests.benchmarks.world.making import SEED, make
from tests.benchmarks.world.sizes import size_of


def main() -> int:
    """Write the world, print its facts; 1 when it is not the world it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.world")
    parser.add_argument("size", help="S, M, L or a number of people")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bad", action="store_true", help="0.1 %% bad rows in members.csv")
    parser.add_argument("--scoped", action="store_true", help="duties that meet in an application")
    parser.add_argument("--parquet", action="store_true", help="Parquet instead of CSV")
    parser.add_argument("--seed", type=int, default=SEED)
    told = parser.parse_args()
    if told.bad and told.parquet:
        parser.error("bad rows are a matter of CSV")
    began = time.perf_counter()
    facts = make(
        size_of(told.size),
        told.folder,
        scoped=told.scoped,
        bad=told.bad,
        form="parquet" if told.parquet else "csv",
        seed=told.seed,
    )
    sys.stdout.write(f"{facts.json()}{time.perf_counter() - began:.1f} s\n")
    lacking = shortcomings(facts)
    for what in lacking:
        sys.stderr.write(f"not so: {what}\n")
    return int(bool(lacking))


if __name__ == "__main__":
    sys.exit(main())
