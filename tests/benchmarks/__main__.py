"""`python -m tests.benchmarks [SIZE …]`: ours beside pyarrow, DuckDB and networkx.

Writes the measured parts of docs/performance.md, that on AWS accounts last. Other modes:
`--stages PEOPLE`, `--growth`, `--shapes`, `--cloud`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import page, questions
from tests.benchmarks.comparing import PEERS, Compared, compare, floor_of, world_at
from tests.benchmarks.running import Run
from tests.benchmarks.world import SIZES, size_of


def main() -> None:
    """Do what is asked, and M then L when nothing is."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help="S, M, L or a number of people")
    parser.add_argument("--worlds", type=Path, help="keep generated worlds in this folder")
    parser.add_argument("--kinds", nargs="*", default=("clean", "bad", "scoped"))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    parser.add_argument("--page", type=Path, default=page.PAGE, help="where tables are written")
    parser.add_argument("--stages", type=int, metavar="PEOPLE", help="time every stage of ours")
    parser.add_argument("--growth", action="store_true", help="from M to twice L, and its plot")
    parser.add_argument("--shapes", action="store_true", help="chains and stars of bad size")
    parser.add_argument("--cloud", action="store_true", help="AWS accounts alone")
    told = parser.parse_args()
    if told.stages is not None:
        from tests.benchmarks.stages import show

        show(told.stages)
        return
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        worlds = told.worlds or scratch
        worlds.mkdir(parents=True, exist_ok=True)
        if told.growth:
            from tests.benchmarks.growth import measure as measure_growth

            measure_growth(worlds, scratch, page_=told.page)
        elif told.shapes:
            from tests.benchmarks.shapes import measure as measure_shapes

            measure_shapes(scratch, page_=told.page)
        else:
            for size in () if told.cloud else told.sizes or ("M", "L"):
                _bench(size, worlds, scratch, kinds=told.kinds, peers=told.peers, where=told.page)
            if told.cloud or not told.sizes:
                from tests.benchmarks.cloud import measure as measure_cloud

                measure_cloud(scratch, where=told.page)


def _bench(
    named: str,
    worlds: Path,
    scratch: Path,
    *,
    kinds: Sequence[str],
    peers: Sequence[str],
    where: Path,
) -> None:
    """One size: every kind of world by ours, the clean one by the peers too."""
    size = size_of(named)
    results: dict[str, Compared] = {}
    floors: dict[str, Run] = {}
    asked: list[Run] = []
    for kind in kinds:
        world = world_at(size, worlds, kind=kind)
        # pyarrow reads nothing of a file with a bad row: its time is that of the clean files.
        if kind != "bad":
            floors[kind] = floor_of(world, scratch)
        elif "clean" not in floors:
            floors["clean"] = floor_of(world_at(size, worlds, kind="clean"), scratch)
        floor = floors["clean" if kind == "bad" else kind]
        several = peers if kind == "clean" else ()
        results[kind] = compare(world, scratch, floor=floor, peers=several)
        if kind == "clean":
            asked = questions.ask(scratch / "sod")
    said = _lines(results, asked)
    sys.stdout.write("\n".join([f"{named}", *said, ""]))
    if named in SIZES:
        page.put(named, said, page=where)


def _lines(results: dict[str, Compared], asked: list[Run]) -> list[str]:
    lines = [page.machine()]
    if "clean" in results:
        clean = results["clean"]
        lines += [*page.world_lines(clean), "", *page.comparison(clean)]
        lines += ["", *page.kinds(results), "", *questions.lines(asked)]
        lines += ["", *page.target_lines(page.targets(results))]
    else:
        lines += ["", *page.kinds(results)]
    return lines


if __name__ == "__main__":
    main()
