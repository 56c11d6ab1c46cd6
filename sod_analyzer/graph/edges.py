"""Grants as arrays: one edge per distinct grant, with the source rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntFlag
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import BECOMING, GrantKind, NodeKind, Snapshot

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.int64]

_DAY = 24
#: Hours of a grant that never ends.
ENDLESS = np.iinfo(np.int64).max // 4

KINDS: tuple[GrantKind, ...] = tuple(GrantKind)
_KIND_NUMBER = {kind: n for n, kind in enumerate(KINDS)}


class Flag(IntFlag):
    """What must be allowed for an edge to count; an edge without flags always counts."""

    CONDITIONAL = 1
    ELIGIBLE = 2
    SELF_GRANTED = 4
    UNDECIDED = 8
    DORMANT = 16  # one end is an account that cannot be used now
    OUT_OF_TIME = 32  # expired, or not valid yet


@dataclass(frozen=True)
class Edges:
    """Distinct edges, sorted by holder, target, kind, flags; parallel arrays."""

    n_nodes: int
    holder: Codes
    target: Codes
    kind: Codes  # position in KINDS
    flags: Flags
    becoming: npt.NDArray[np.bool_]
    first: Codes  # first of the edge's rows in `rows`; one longer than the edges
    rows: Codes  # rows of the snapshot's grants table, in table order within an edge
    as_of: date
    least: Codes  # hours that the edge lasts at least, by its longest row
    most: Codes  # hours that it lasts at most

    def __len__(self) -> int:
        return len(self.holder)

    def rows_of(self, edge: int) -> Codes:
        """The grant rows that state this edge, first the one that reports print."""
        return self.rows[self.first[edge] : self.first[edge + 1]]

    def allowed(self, flags: Flag) -> npt.NDArray[np.bool_]:
        """Which edges carry no flag but these."""
        return np.asarray((self.flags & ~int(flags)) == 0)

    def any(self, flag: Flag) -> bool:
        """Whether some edge carries this flag."""
        return bool(self._carried & int(flag))

    @cached_property
    def _carried(self) -> int:
        """Every flag that some edge carries: witnesses ask for them leg by leg."""
        return int(np.bitwise_or.reduce(self.flags)) if len(self.flags) else 0

    def longer(self, hours: int, *, possibly: bool) -> npt.NDArray[np.bool_]:
        """Which edges last longer than so many hours, for certain or possibly."""
        return np.asarray((self.most if possibly else self.least) > hours)

    @cached_property
    def leaving(self) -> Codes:
        """Offsets: edges of holder n are `leaving[n]` up to `leaving[n + 1]`, by target."""
        return np.searchsorted(self.holder, np.arange(self.n_nodes + 1))


def dormant_accounts(snapshot: Snapshot, as_of: date) -> Codes:
    """Codes of the accounts that cannot be used on that day: disabled, locked or expired."""
    accounts = snapshot["accounts"]
    disabled = pc.fill_null(pc.equal(accounts.column("enabled"), pa.scalar(False)), False)  # noqa: FBT003
    over = pc.fill_null(pc.less(accounts.column("expires_on"), pa.scalar(as_of)), False)  # noqa: FBT003
    asleep = pc.or_(disabled, over).to_numpy(zero_copy_only=False)
    codes = snapshot.codes
    ids = accounts.column("account").to_pylist()
    return np.array(
        sorted(codes[NodeKind.ACCOUNT, ids[row]] for row in np.flatnonzero(asleep)), dtype=np.int64
    )


def compile_edges(snapshot: Snapshot, *, as_of: date) -> Edges:
    """Every grant of the snapshot as an edge, with what must be allowed for it to count.

    Cost: one sort of the grants.
    """
    grants = snapshot["grants"]
    n_nodes = snapshot["nodes"].num_rows
    holder = grants.column("holder").to_numpy().astype(np.int64)
    target = grants.column("target").to_numpy().astype(np.int64)
    encoded = grants.column("kind").combine_chunks().dictionary_encode()
    numbers = np.array(
        [_KIND_NUMBER[GrantKind(kind)] for kind in encoded.dictionary.to_pylist()], dtype=np.int64
    )
    kind = numbers[encoded.indices.to_numpy()] if len(numbers) else np.empty(0, dtype=np.int64)
    flags = _flags(snapshot, holder, target, as_of)
    # Stable, so that within one edge the rows keep the table's order: source, then record.
    order = np.lexsort((flags, kind, target, holder))
    columns = [column[order] for column in (holder, target, kind, flags)]
    starts = np.ones(len(order), dtype=bool)
    if len(order):
        starts[1:] = np.any([c[1:] != c[:-1] for c in columns], axis=0)
    first = np.flatnonzero(starts)
    holder, target, kind, flags = (column[first] for column in columns)
    becoming_kinds = np.array([k in BECOMING for k in KINDS])
    least, most = _lifetimes(snapshot)
    return Edges(
        n_nodes,
        holder,
        target,
        kind,
        flags,
        becoming_kinds[kind] if len(kind) else np.empty(0, dtype=bool),
        np.append(first, len(order)),
        order,
        as_of,
        *(_longest(hours, order, first) for hours in _bounded(snapshot, least, most)),
    )


def _longest(hours: Codes, order: Codes, first: Codes) -> Codes:
    return np.maximum.reduceat(hours[order], first) if len(first) else hours[:0]


def _lifetimes(snapshot: Snapshot) -> tuple[Codes, Codes]:
    """The least and most hours that each row of the grants table lasts.

    By the hours that the source states; else by its days, each of which counts whole, so that two
    days leave a span open. Without a last day a grant never ends.
    """
    grants = snapshot["grants"]
    stated = grants.column("lasts_hours")
    days = _days(grants.column("valid_from"), grants.column("valid_until"))
    least, most = days
    known = stated.is_valid().to_numpy(zero_copy_only=False)
    hours = pc.fill_null(stated, 0).to_numpy().astype(np.int64)
    return np.where(known, hours, least), np.where(known, hours, most)


def _days(start: pa.ChunkedArray, end: pa.ChunkedArray) -> tuple[Codes, Codes]:
    begins = start.is_valid().to_numpy(zero_copy_only=False)
    ends = end.is_valid().to_numpy(zero_copy_only=False)
    first, last = (
        pc.fill_null(column.cast(pa.int32()), 0).to_numpy().astype(np.int64)
        for column in (start, end)
    )
    span = (last - first) * _DAY
    least = np.where(begins, np.maximum(span - _DAY + 1, 0), 0)
    most = np.where(begins, np.maximum(span + _DAY, 0), ENDLESS)
    return np.where(ends, least, ENDLESS), np.where(ends, most, ENDLESS)


def _bounded(snapshot: Snapshot, least: Codes, most: Codes) -> tuple[Codes, Codes]:
    """No grant outlives the account at either of its ends."""
    accounts = snapshot["accounts"]
    created = accounts.column("created_at").cast(pa.date32())
    shortest, longest = _days(created, accounts.column("expires_on"))
    codes = snapshot.codes
    n_nodes = snapshot["nodes"].num_rows
    at_least = np.full(n_nodes, ENDLESS, dtype=np.int64)
    at_most = np.full(n_nodes, ENDLESS, dtype=np.int64)
    spots = [codes[NodeKind.ACCOUNT, name] for name in accounts.column("account").to_pylist()]
    at_least[spots], at_most[spots] = shortest, longest
    for column in ("holder", "target"):
        nodes = snapshot["grants"].column(column).to_numpy()
        least = np.minimum(least, at_least[nodes])
        most = np.minimum(most, at_most[nodes])
    return least, most


def _flags(snapshot: Snapshot, holder: Codes, target: Codes, as_of: date) -> Flags:
    grants = snapshot["grants"]

    def column(name: str) -> npt.NDArray[np.bool_]:
        values = pc.fill_null(grants.column(name), False)  # noqa: FBT003
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)

    def compared(name: str, *, later: bool) -> npt.NDArray[np.bool_]:
        compare = pc.greater if later else pc.less
        values = pc.fill_null(compare(grants.column(name), pa.scalar(as_of)), False)  # noqa: FBT003
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)

    flags = np.zeros(grants.num_rows, dtype=np.int64)
    flags |= column("conditional") * int(Flag.CONDITIONAL)
    flags |= column("eligible") * int(Flag.ELIGIBLE)
    flags |= column("self_granted") * int(Flag.SELF_GRANTED)
    flags |= column("undecided") * int(Flag.UNDECIDED)
    timely = ~(compared("valid_from", later=True) | compared("valid_until", later=False))
    flags |= ~timely * int(Flag.OUT_OF_TIME)
    asleep = np.zeros(snapshot["nodes"].num_rows, dtype=bool)
    asleep[dormant_accounts(snapshot, as_of)] = True
    flags |= (asleep[holder] | asleep[target]) * int(Flag.DORMANT)
    return flags
