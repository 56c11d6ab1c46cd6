"""The grants of a snapshot where Spark reads them: what is fetched from there, and what is asked.

*Far* are memberships: adding edges of accounts to roles and entitlements. All other grants are
*near*; they are fetched, since there are no more of them than people and groups make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sod_analyzer.errors import ConfigError, SourceRef, StoreError
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import ADDING, GRANTS, NodeKind, Snapshot
from sod_analyzer.spark.memberships import Memberships
from sod_analyzer.spark.rows import ENDS, Pick, Plan, Question, answered, narrowed, picked
from sod_analyzer.spark.session import first_line

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

#: The types in Spark's words of the columns of grants.
_SPARK_TYPES = {
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.string(): "string",
}
_FLAGS = {
    "conditional": Flag.CONDITIONAL,
    "eligible": Flag.ELIGIBLE,
    "self_granted": Flag.SELF_GRANTED,
    "undecided": Flag.UNDECIDED,
}

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class _Sums:
    """What one look over all rows says of them."""

    rows: int
    flags: Flag
    latest: date | None  # first day of validity
    soonest: date | None  # last day of validity


class Lake:
    """The grants of one snapshot, at a path that Spark reads.

    Raises:
        StoreError: there is nothing, or not the grants of this snapshot.
        ConfigError: somebody holds a person, which is not followed here.
    """

    def __init__(self, spark: SparkSession, path: str, snapshot: Snapshot, rows: int) -> None:
        self._spark = spark
        self._path = path
        self._snapshot = snapshot
        self._rows = rows
        self.accounts = snapshot.ranges[NodeKind.ACCOUNT]
        self.n_nodes = snapshot["nodes"].num_rows
        with self._told():
            self._all = self._read()
            self._sums = self._looked_over()

    @property
    def rows(self) -> int:
        """How many grants there are, near and far."""
        return self._sums.rows

    def flags(self, as_of: date) -> Flag:
        """What any row carries on that day, but for whether its accounts are dormant."""
        latest, soonest = self._sums.latest, self._sums.soonest
        late = latest is not None and latest > as_of
        over = soonest is not None and soonest < as_of
        return self._sums.flags | (Flag.OUT_OF_TIME if late or over else Flag(0))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of Spark in one line, with the path."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - an extra
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

        try:
            yield
        except (PySparkException, Py4JError) as error:
            raise self._wrong(f"Spark cannot read it: {_cause(error)}") from error

    def _wrong(self, text: str) -> StoreError:
        return StoreError(text, where=SourceRef(self._path))

    def _read(self) -> DataFrame:
        frame = self._spark.read.parquet(self._path)
        known = dict(frame.dtypes)
        wrong = []
        for field in GRANTS:
            kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            wanted = _SPARK_TYPES[kind]
            if known.get(field.name) != wanted:
                wrong.append(f"{field.name} is {known.get(field.name, 'missing')}, not {wanted}")
        if wrong:
            raise self._wrong(f"these are no grants of a snapshot: {'; '.join(wrong)}")
        return frame.select(*GRANTS.names)

    def _looked_over(self) -> _Sums:
        from pyspark.sql import functions as f  # noqa: PLC0415 - an extra

        asked = [f.count(f.lit(1)).alias("rows"), f.collect_set("kind").alias("kinds")]
        for name in ENDS:
            asked += [f.min(name).alias(f"{name}_min"), f.max(name).alias(f"{name}_max")]
        for name in (*ENDS, "kind"):
            asked.append(f.count_if(f.isnull(name)).alias(f"{name}_null"))
        asked += [f.max(name).alias(name) for name in _FLAGS]
        asked += [f.max("valid_from").alias("latest"), f.min("valid_until").alias("soonest")]
        found = self._all.agg(*asked).collect()[0].asDict()
        self._check(found)
        flags = Flag(0)
        for name, flag in _FLAGS.items():
            flags |= flag if found[name] else Flag(0)
        return _Sums(int(found["rows"]), flags, found["latest"], found["soonest"])

    def _check(self, found: dict[str, Any]) -> None:
        if found["rows"] != self._rows:
            raise self._wrong(f"{found['rows']:,} rows where the manifest says {self._rows:,}")
        strange = sorted(set(found["kinds"]) - set(KINDS))
        if strange:
            raise self._wrong(f"there is no kind of grant called {', '.join(strange)}")
        for name in ENDS:
            low, high = found[f"{name}_min"], found[f"{name}_max"]
            if low is not None and not 0 <= low <= high < self.n_nodes:
                raise self._wrong(f"{name} names a node that does not exist")
        for name in (*ENDS, "kind"):
            if found[f"{name}_null"]:
                count = found[f"{name}_null"]
                raise self._wrong(f"{name} is missing in {count:,} row{'s'[: count > 1]}")
        people = self._snapshot.ranges[NodeKind.IDENTITY]
        if found["target_min"] is not None and found["target_min"] < people.stop:
            raise ConfigError(
                "somebody holds a person here, and the engine spark does not follow that; "
                "use --engine local"
            )

    # -- fetching --------------------------------------------------------------------------------

    @cached_property
    def _far_condition(self) -> Column:
        from pyspark.sql import functions as f  # noqa: PLC0415 - an extra

        adding = f.col("kind").isin(*sorted(map(str, ADDING)))
        of_account = f.col("holder").between(self.accounts.start, self.accounts.stop - 1)
        return adding & of_account & (f.col("target") >= self.accounts.stop)

    @property
    def _far(self) -> DataFrame:
        return self._all.where(self._far_condition)

    def near(self) -> pa.Table:
        """All grants but memberships, in no order."""
        with self._told():
            return self._all.where(~self._far_condition).toArrow()

    def fetch(self, pick: Pick) -> pa.Table:
        """Some memberships, in no order."""
        if not (pick.holders.any() or pick.targets.any() or pick.both):
            return GRANTS.empty_table()
        with self._told(), self._sent(pick) as sent:
            return self._far.mapInArrow(_Work(picked, sent), self._all.schema).toArrow()

    def fetch_own(self) -> pa.Table:
        """Memberships that somebody has and can also give to themselves: both rows."""
        from pyspark.sql import functions as f  # noqa: PLC0415 - an extra

        own = f.coalesce(f.col("self_granted"), f.lit(False))  # noqa: FBT003
        pairs = (
            self._far.groupBy(*ENDS)
            .agg(f.max(own).alias("some"), f.min(own).alias("all"))
            .where(f.col("some") & ~f.col("all"))
            .select(*ENDS)
        )
        with self._told():
            return self._far.join(pairs, list(ENDS), "leftsemi").select(*GRANTS.names).toArrow()

    def fetch_taken(self, roles: Iterable[int]) -> pa.Table:
        """One membership of any of these roles that somebody can give himself, if there is one."""
        from pyspark.sql import functions as f  # noqa: PLC0415 - an extra

        wanted = [(role,) for role in roles]
        if not wanted or not self._sums.flags & Flag.SELF_GRANTED:
            return GRANTS.empty_table()
        with self._told():
            frame = self._spark.createDataFrame(wanted, "target int")
            own = self._far.where(f.col("self_granted")).join(frame, "target", "leftsemi")
            return own.limit(1).select(*GRANTS.names).toArrow()

    def fetch_pairs(self, pairs: Iterable[tuple[int, int]]) -> pa.Table:
        """The memberships between some accounts and roles, if there are any."""
        wanted = sorted(pairs)
        if not wanted:
            return GRANTS.empty_table()
        with self._told():
            frame = self._spark.createDataFrame(wanted, "holder int, target int")
            return self._far.join(frame, list(ENDS), "leftsemi").select(*GRANTS.names).toArrow()

    # -- asking ----------------------------------------------------------------------------------

    @contextmanager
    def _sent(self, what: object) -> Iterator[Any]:
        sent = self._spark.sparkContext.broadcast(what)
        try:
            yield sent
        finally:
            sent.destroy()

    @contextmanager
    def memberships(self, plan: Plan) -> Iterator[Memberships]:
        """The memberships of something useful, kept narrow until the end of the block."""
        from pyspark import StorageLevel  # noqa: PLC0415 - an extra

        with self._sent(plan) as sent:
            narrow = self._far.select(*plan.columns).mapInArrow(
                _Work(narrowed, sent), _spelled(plan.schema)
            )
            kept = narrow.persist(StorageLevel.MEMORY_AND_DISK)

            def ask(question: Question) -> pa.Table:
                with self._told(), self._sent(question) as asked:
                    work = _Work(answered, asked)
                    return kept.mapInArrow(work, _spelled(question.schema)).toArrow()

            try:
                yield Memberships(plan, ask)
            finally:
                kept.unpersist()


class _Work:
    """A function of `rows` and what it is told, as a worker is given it.

    Spark asks a function for its name, so this is no `partial`.
    """

    def __init__(self, work: Callable[[Batches, Any], Batches], sent: Any) -> None:
        self._work = work
        self._sent = sent
        self.__name__ = work.__name__

    def __call__(self, batches: Batches) -> Batches:
        return self._work(batches, self._sent.value)


def _spelled(schema: pa.Schema) -> str:
    """A schema in Spark's words."""
    names = {pa.int8(): "tinyint", **_SPARK_TYPES}
    return ", ".join(f"{field.name} {names[field.type]}" for field in schema)


def _cause(error: BaseException) -> str:
    """What Spark says went wrong, in one line."""
    text = first_line(error)
    lines = str(error).splitlines()
    causes = [line.strip() for line in lines if line.strip().startswith("Caused by: ")]
    return causes[-1].removeprefix("Caused by: ") if causes else text
