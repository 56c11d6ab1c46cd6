"""What a worker does with rows of grants: nothing here knows Spark, and everything is pickled.

A row comes in as the snapshot has it. It is narrowed once to who, to what, and what it carries;
each lens then looks at the narrow rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.graph.edges import ENDLESS, Codes, Flag, allowed_flags, row_flags, row_hours
from sod_analyzer.graph.masks import Source

Bits = npt.NDArray[np.bool_]
#: A yes or no by node, eight to a byte: what is sent to every worker should be small.
Packed = npt.NDArray[np.uint8]

#: What a row needs to be narrowed; `DAYS` only where some rule asks how long grants last.
ENDS = ("holder", "target")
CARRIED = ("conditional", "eligible", "self_granted", "undecided", "valid_from", "valid_until")
DAYS = ("lasts_hours",)


def packed(bits: Bits) -> Packed:
    """Yes or no, eight to a byte."""
    return np.packbits(bits, bitorder="little")


def among(bits: Packed, positions: npt.NDArray[np.integer]) -> Bits:
    """What is said of these positions."""
    word = bits[positions >> 3]
    return np.asarray(np.right_shift(word, (positions & 7).astype(np.uint8)) & 1, dtype=bool)


# -- narrowing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """How rows become narrow ones."""

    accounts: range
    number: npt.NDArray[np.int32]  # by node after the accounts: which useful one it is, -1: none
    asleep: Packed  # by account
    as_of: date
    hours: tuple[Codes, Codes] | None  # of each account, where some rule asks for them

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that narrowing reads."""
        return (*ENDS, *CARRIED, *(DAYS if self.hours else ()))

    @property
    def schema(self) -> pa.Schema:
        """Of narrow rows; `holder` counts accounts, `target` useful nodes."""
        fields = [("holder", pa.int32()), ("target", pa.int32()), ("flags", pa.int8())]
        if self.hours:
            fields += [("least", pa.int64()), ("most", pa.int64())]
        return pa.schema(fields)


def narrowed(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """Memberships of something useful, as narrow rows."""
    for batch in batches:
        target = batch.column("target").to_numpy() - plan.accounts.stop
        number = plan.number[target]
        rows = np.flatnonzero(number >= 0)
        if not len(rows):
            continue
        table = pa.Table.from_batches([batch]).take(pa.array(rows))
        holder = table.column("holder").to_numpy() - np.int32(plan.accounts.start)
        flags = row_flags(table, as_of=plan.as_of)
        flags[among(plan.asleep, holder)] |= np.uint8(Flag.DORMANT)
        columns = [holder, number[rows], flags.astype(np.int8)]
        if plan.hours is not None:
            columns += _hours(table, holder, plan.hours)
        yield pa.record_batch([pa.array(each) for each in columns], schema=plan.schema)


def _hours(
    table: pa.Table, holder: npt.NDArray[np.int32], hours: tuple[Codes, Codes]
) -> list[npt.NDArray[np.int64]]:
    """Hours by row; groups have no end, and stand behind the last account."""
    least, most = (np.append(each, ENDLESS) for each in hours)
    last = np.full(len(holder), len(least) - 1, dtype=np.int32)
    ends = {"holder": pa.array(holder), "target": pa.array(last)}
    days = {name: table.column(name) for name in ("valid_from", "valid_until", *DAYS)}
    return list(row_hours(pa.table({**ends, **days}), least, most))


# -- looking ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What one lens asks of narrow rows."""

    source: Source  # what useful nodes have; `slot` by their numbers
    allowed: int  # what a row may carry
    taking: bool  # only rows that their holder can give to itself
    hours: int | None  # only rows that last longer
    possibly: bool  # or that may last longer

    @property
    def schema(self) -> pa.Schema:
        """Of answers: `key` is `account * n_places + place`, then a column per word of the mask."""
        words = [(f"word{n}", pa.int64()) for n in range(self.source.dense.shape[1])]
        return pa.schema([("key", pa.int64()), *words])

    def counts(self, batch: pa.RecordBatch) -> Bits:
        """Which rows count."""
        flags = batch.column("flags").to_numpy().astype(np.uint8)
        own = Flag.SELF_GRANTED if self.taking else Flag(0)
        counts = allowed_flags(flags, Flag(self.allowed) | own)
        if self.taking:
            counts = counts & ((flags & np.uint8(Flag.SELF_GRANTED)) != 0)
        if self.hours is not None:
            lasts = batch.column("most" if self.possibly else "least").to_numpy()
            counts = counts & (lasts > self.hours)
        return counts


def answered(batches: Iterable[pa.RecordBatch], question: Question) -> Iterator[pa.RecordBatch]:
    """What the accounts of some rows have through them, as masks; empty ones are left out.

    An account whose rows come in several batches is answered several times.
    """
    source = question.source
    for batch in batches:
        rows = np.flatnonzero(question.counts(batch))
        if not len(rows):
            continue
        holder = batch.column("holder").to_numpy()[rows]
        target = batch.column("target").to_numpy()[rows]
        if np.any(holder[1:] < holder[:-1]):
            order = np.argsort(holder, kind="stable")
            holder, target = holder[order], target[order]
        fresh = np.ones(len(holder), dtype=bool)
        fresh[1:] = holder[1:] != holder[:-1]
        # Numbered without gaps: a table has room for every account between the first and the last.
        rank = (np.cumsum(fresh) - 1).astype(np.int32)
        table = source.to_holders(rank, target, range(int(rank[-1]) + 1))
        cells = table.cells()
        account = holder[fresh][cells.key // source.n_places].astype(np.int64)
        key = account * source.n_places + cells.key % source.n_places
        columns = [key, *cells.mask.view(np.int64)]
        yield pa.record_batch([pa.array(each) for each in columns], schema=question.schema)


# -- picking ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pick:
    """Which rows are fetched whole: those of some accounts, and those of some groups.

    With `both`, those of its accounts that lead to its groups, without the others.
    """

    accounts: range
    holders: Packed  # by account
    targets: Packed  # by node after the accounts
    both: tuple[Packed, Packed] | None = None


def picked(batches: Iterable[pa.RecordBatch], pick: Pick) -> Iterator[pa.RecordBatch]:
    """The rows that are asked for, as they are."""
    for batch in batches:
        holder = batch.column("holder").to_numpy() - pick.accounts.start
        target = batch.column("target").to_numpy() - pick.accounts.stop
        chosen = among(pick.holders, holder) | among(pick.targets, target)
        if pick.both is not None:
            holders, targets = pick.both
            chosen = ~chosen & among(holders, holder) & among(targets, target)
        if chosen.any():
            yield batch.filter(pa.array(chosen))
