"""DuckDB: three ways to say it in SQL, over texts or numbers, for pairs or the whole job."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.benchmarks.peers.laps import Laps
from tests.benchmarks.world.config import AS_OF
from tests.benchmarks.world.laws import ANYWHERE, Laws

_SQL = Path(__file__).parent / "sql"
#: The files that say it, by the formulation's name.
WAYS = {
    "union": ("union.sql",),
    "using-key": ("using_key.sql", "masks_to_findings.sql"),
    "masks": ("masks.sql", "masks_to_findings.sql"),
}
#: What a process makes: pairs from texts, pairs from numbers, or all that a run of ours writes.
KINDS = ("texts", "codes", "whole")
_HOP = "struct(holder varchar, target varchar, file varchar, line bigint)"


def run(world: Path, out: Path, laps: Laps, *, way: str, kind: str) -> None:
    """Load the files, find who breaks what, and write it, all by DuckDB itself."""
    told = {
        "world": _quoted(world),
        "out": _quoted(out),
        "as_of": AS_OF.isoformat(),
        "hop": _HOP,
    }
    with duckdb.connect() as base:
        _laws(base, ANYWHERE)
        with laps.lap("read"):
            base.execute(_script(f"load_{kind}.sql", told))
        with laps.lap("reach"):
            for name in WAYS[way]:
                base.execute(_script(name, told))
        if kind == "whole":
            with laps.lap("paths"):
                base.execute(_script("paths.sql", told))
        with laps.lap("write"):
            base.execute(_script(f"write_{kind}.sql", told))


def _quoted(path: Path) -> str:
    return path.as_posix().replace("'", "''")


def _script(name: str, told: dict[str, str]) -> str:
    return _SQL.joinpath(name).read_text(encoding="utf-8").format(**told)


def _laws(base: duckdb.DuckDBPyConnection, laws: Laws) -> None:
    """part, duty, rule, slot and slot_mask: small tables that say what the rules ask."""
    base.execute("create table part (part integer, action varchar, duty integer)")
    base.execute("create table duty (duty integer, parts integer, mask bigint)")
    base.execute("create table rule (rule varchar, need integer)")
    base.execute("create table slot (rule varchar, slot integer, duty integer)")
    base.execute("create table slot_mask (rule varchar, mask bigint)")
    for number, duty in enumerate(laws.duties):
        first, count = int(laws.first_part[number]), len(duty.actions)
        mask = ((1 << count) - 1) << first
        base.execute("insert into duty values (?, ?, ?)", [number, count, mask])
        for part, action in enumerate(duty.actions, start=first):
            base.execute("insert into part values (?, ?, ?)", [part, action, number])
    for rule in laws.rules:
        base.execute("insert into rule values (?, ?)", [rule.id, rule.need])
        for number, slot in enumerate(rule.slots):
            mask = sum(1 << duty for duty in slot)
            base.execute("insert into slot_mask values (?, ?)", [rule.id, mask])
            for duty_number in slot:
                base.execute("insert into slot values (?, ?, ?)", [rule.id, number, duty_number])
