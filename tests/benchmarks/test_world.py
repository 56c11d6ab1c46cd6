"""A world is what it says, and a right answer finds in it what was planted."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import answers
from tests.benchmarks.comparing import PEERS, compare, floor_of
from tests.benchmarks.peers import floor
from tests.benchmarks.peers.laps import Laps
from tests.benchmarks.running import Run, python, run
from tests.benchmarks.world import SIZES, make, size_of
from tests.benchmarks.world.bad import KINDS
from tests.benchmarks.world.facts import shortcomings
from tests.benchmarks.world.laws import ANYWHERE, Rule
from tests.benchmarks.world.making import misread, plan
from tests.benchmarks.world.nesting import close, nest

TINY = size_of("2000")


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_ours_and_every_peer_find_exactly_what_is_planted(tmp_path: Path) -> None:
    world = tmp_path / "world"
    make(TINY, world)
    scratch = tmp_path / "scratch"

    compared = compare(world, scratch, floor=floor_of(world, scratch), peers=PEERS)

    assert len(answers.expected(world)) > 100
    assert [peer.name for peer in compared.peers] == list(PEERS)
    assert all(peer.reach is not None and peer.whole > 0 for peer in compared.peers)


@pytest.mark.parametrize("kind", ["bad", "scoped"])
def test_ours_finds_what_is_planted_among_bad_rows_and_in_applications(
    tmp_path: Path, kind: str
) -> None:
    world = tmp_path / "world"
    make(size_of("500"), world, bad=kind == "bad", scoped=kind == "scoped")

    compare(world, tmp_path / "scratch", floor=Run("floor", 1.0, 1.0, 1.0), peers=())

    assert len(answers.expected(world)) > 100


@pytest.mark.parametrize("way", ["union", "using-key", "masks"])
def test_the_peer_that_does_the_whole_job_tells_a_path_for_each_leg(
    tmp_path: Path, way: str
) -> None:
    """Hops follow each other, and each stands on the line of the file that it names."""
    world = tmp_path / "world"
    make(TINY, world)
    run("duckdb", python("tests.benchmarks.peers", f"duckdb-{way}-whole", world, tmp_path))

    with tmp_path.joinpath("paths.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = {path.name: path.read_text("utf-8").splitlines() for path in world.glob("*.csv")}
    with np.load(world / "expected.npz") as kept:
        told = {(row["rule"], row["employee_id"], row["slot"]) for row in rows}
        assert len(told) == kept["legs"].sum()
    for before, row in itertools.pairwise(rows):
        assert row["hop"] == "1" or row["holder"] == before["target"]
        line = lines[row["file"]][int(row["line"]) - 1]
        holder = row["target"] if row["hop"] == "1" else row["holder"]
        assert line.startswith(f"{holder},")
    findings = json.loads(tmp_path.joinpath("findings.json").read_text("utf-8"))
    steps = sum(len(leg["steps"]) for found in findings for leg in found["legs"])
    assert steps == len(rows)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        make(TINY, tmp_path / name, bad=True, seed=seed)

    one, again, other = (_digests(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one["members.csv"] != other["members.csv"]


@pytest.mark.parametrize("size", ["S", "2000"])
@pytest.mark.parametrize("kind", ["clean", "bad", "scoped"])
def test_a_world_keeps_its_shares(tmp_path: Path, size: str, kind: str) -> None:
    facts = make(size_of(size), tmp_path, bad=kind == "bad", scoped=kind == "scoped")

    assert shortcomings(facts) == []
    wanted = size_of(size)
    assert (facts.memberships, facts.nesting) == (wanted.memberships, wanted.nesting)
    assert (facts.rights, facts.role_rights) == (wanted.rights, wanted.role_rights)


def test_whoever_misunderstands_one_thing_finds_something_else() -> None:
    counted = misread(plan(SIZES["S"]))

    right = counted.pop("right")
    assert right > 1_000
    assert right not in counted.values(), counted


def test_bad_rows_stand_on_the_lines_that_are_told(tmp_path: Path) -> None:
    make(TINY, tmp_path, bad=True)

    lines = tmp_path.joinpath("members.csv").read_bytes().split(b"\n")
    with np.load(tmp_path / "expected.npz") as kept:
        found = {
            KINDS[kind]: lines[line - 1]
            for line, kind in zip(kept["bad_line"], kept["bad_kind"], strict=True)
        }
    assert found["blank"] == b""
    assert found["short"].count(b",") == 1
    assert found["long"].endswith(b",,,,more")
    assert b"\xe9" in found["byte"]
    assert found["newline"].endswith(b'"office')


def test_a_mask_reaches_down_to_every_group_that_lies_in_its_own() -> None:
    """Held against a walk from each group, cycles and all."""
    chance = np.random.default_rng(3)
    nested = nest(200, 600, cycles=30, chance=chance)
    direct = np.where(chance.random(200) < 0.1, np.arange(200) % 60, -1)
    masks = np.where(direct >= 0, np.uint64(1) << np.maximum(direct, 0).astype(np.uint64), 0)

    closed, rounds = close(nested, masks.astype(np.uint64))

    above: dict[int, set[int]] = {}
    for child, parent in zip(nested.child.tolist(), nested.parent.tolist(), strict=True):
        above.setdefault(child, set()).add(parent)
    for group in range(200):
        seen, work = {group}, [group]
        while work:
            new = above.get(work.pop(), set()) - seen
            seen |= new
            work += new
        wanted = sum({1 << int(direct[other]) for other in seen if direct[other] >= 0})
        assert int(closed[group]) == wanted
    assert rounds > 3


def test_parts_make_a_duty_only_together_and_slots_break_a_rule_only_in_number() -> None:
    three = next(n for n, duty in enumerate(ANYWHERE.duties) if len(duty.actions) == 3)
    first = int(ANYWHERE.first_part[three])
    parts = np.array([0b111 << first, 0b011 << first, 0b001], dtype=np.uint64)
    rule = Rule("X-01", ((0,), (three, 39)), 2)

    duties = ANYWHERE.duties_of(parts)

    assert duties.tolist() == [1 << three, 0, 1]
    together = np.array([1 | 1 << three, 1 | 1 << 39, 1 << three | 1 << 39], dtype=np.uint64)
    assert ANYWHERE.filled(rule, together).tolist() == [2, 2, 1]


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    arrow_csv = pytest.importorskip("pyarrow.csv")
    make(TINY, tmp_path / "csv")
    make(TINY, tmp_path / "parquet", form="parquet")

    for name in ("accounts", "members", "nesting", "rights"):
        table = pq.read_table(tmp_path / "parquet" / f"{name}.parquet")
        options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(table.column_names, "string"))
        read = arrow_csv.read_csv(tmp_path / "csv" / f"{name}.csv", convert_options=options)
        assert table.equals(read)


def test_both_floors_read_every_file(tmp_path: Path) -> None:
    make(TINY, tmp_path)

    for read in (floor.read_then_code, floor.code_while_reading):
        laps = Laps()
        read(tmp_path, laps)
        assert set(laps.seconds) == {"read", "code"}


def test_a_world_may_be_written_by_command(tmp_path: Path) -> None:
    run("world", python("tests.benchmarks.world", "1000", tmp_path / "world"))

    assert len(answers.expected(tmp_path / "world")) > 0
