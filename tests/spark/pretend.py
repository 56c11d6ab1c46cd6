"""A lake without Spark: partitions in memory, looked at by the functions that workers run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa

from sod_analyzer.graph.edges import Flag, row_flags
from sod_analyzer.model.access import ADDING, GRANTS, NodeKind, Snapshot
from sod_analyzer.spark.analysis import FarMemberships
from sod_analyzer.spark.memberships import Memberships
from sod_analyzer.spark.rows import Pick, Plan, Question, answered, narrowed, picked

Work = Callable[[Iterable[pa.RecordBatch], Any], Iterator[pa.RecordBatch]]


def bare(snapshot: Snapshot) -> Snapshot:
    """The snapshot without its grants."""
    return replace(snapshot, tables={**snapshot.tables, "grants": GRANTS.empty_table()})


def spelled(table: pa.Table) -> pa.Table:
    """Rows as Spark gives them: words spelled out."""
    return table.cast(
        pa.schema(
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in table.schema
        )
    )


@dataclass
class PretendLake:
    """Rows of grants, shuffled and dealt out to a few partitions of a few batches."""

    snapshot: Snapshot
    seed: int = 0
    partitions: int = 2
    batch: int = 5

    def __post_init__(self) -> None:
        table = spelled(self.snapshot["grants"])
        order = list(range(table.num_rows))
        random.Random(self.seed).shuffle(order)  # noqa: S311 - seeded
        self._all = table.take(pa.array(order, pa.int64()))
        accounts = self.snapshot.ranges[NodeKind.ACCOUNT]
        rows = self._all.to_pylist()
        far = [
            row["holder"] in accounts and row["target"] >= accounts.stop and row["kind"] in ADDING
            for row in rows
        ]
        self._near = self._all.filter(pa.array([not each for each in far], pa.bool_()))
        mine = self._all.filter(pa.array(far, pa.bool_()))
        self._far = [
            mine.take(pa.array(part, pa.int64())) for part in dealt(mine.num_rows, self.partitions)
        ]

    @property
    def rows(self) -> int:
        return int(self._all.num_rows)

    def flags(self, as_of: date) -> Flag:
        found = Flag(0)
        for each in row_flags(self._all, as_of=as_of).tolist():
            found |= Flag(each)
        return found

    def near(self) -> pa.Table:
        return self._near

    def fetch(self, pick: Pick) -> pa.Table:
        return run(self._far, picked, pick, self._all.schema, batch=self.batch)

    def fetch_own(self) -> pa.Table:
        rows = [row for part in self._far for row in part.to_pylist()]
        own = {(r["holder"], r["target"]) for r in rows if r["self_granted"]}
        given = {(r["holder"], r["target"]) for r in rows if not r["self_granted"]}
        return self._between(own & given)

    def fetch_taken(self, roles: Iterable[int]) -> pa.Table:
        wanted = set(roles)
        rows = [row for part in self._far for row in part.to_pylist()]
        taken = [row for row in rows if row["self_granted"] and row["target"] in wanted]
        return pa.Table.from_pylist(taken[:1], schema=self._all.schema)

    def fetch_pairs(self, pairs: Iterable[tuple[int, int]]) -> pa.Table:
        return self._between(set(pairs))

    def _between(self, pairs: set[tuple[int, int]]) -> pa.Table:
        rows = [row for part in self._far for row in part.to_pylist()]
        kept = [row for row in rows if (row["holder"], row["target"]) in pairs]
        return pa.Table.from_pylist(kept, schema=self._all.schema)

    @contextmanager
    def memberships(self, plan: Plan) -> Iterator[Memberships]:
        columns = [part.select(plan.columns) for part in self._far]
        narrow = [run([part], narrowed, plan, plan.schema, batch=self.batch) for part in columns]

        def ask(question: Question) -> pa.Table:
            return run(narrow, answered, question, question.schema, batch=self.batch)

        yield Memberships(plan, ask)


def dealt(count: int, hands: int) -> list[list[int]]:
    return [list(range(n, count, hands)) for n in range(hands)]


def run(
    parts: Sequence[pa.Table], work: Work, told: Any, schema: pa.Schema, *, batch: int
) -> pa.Table:
    found = [
        each
        for part in parts
        for each in work(iter(part.combine_chunks().to_batches(max_chunksize=batch)), told)
    ]
    return pa.Table.from_batches(found, schema=schema)


def pretended(snapshot: Snapshot, seed: int = 0) -> FarMemberships:
    """Analyses of a snapshot whose memberships are far."""
    return FarMemberships(PretendLake(snapshot, seed), ExitStack())
