"""`python -m tests.benchmarks.ours FOLDER`: reach and rules alone, on a snapshot that a run left.

The whole run is `sod run` itself; this is the part of it that peers are compared with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sod_analyzer import pipeline
from sod_analyzer.compose.report import analyse
from tests.benchmarks.peers.laps import Laps

REPORTERS = ("findings-json", "findings-csv", "paths-csv")


def main() -> None:
    """Open the folder, then judge every rule over everybody."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ours")
    parser.add_argument("folder", type=Path)
    told = parser.parse_args()
    laps = Laps()
    with laps.lap("read"):
        space = pipeline.open_workspace(told.folder)
    with laps.lap("reach"):
        analysis = analyse(space.snapshot, space.ruleset, as_of=space.snapshot.as_of)
    laps.notes["rules"] = len(analysis.results)
    laps.tell()


if __name__ == "__main__":
    main()
