"""Grants as arrays: one edge per distinct grant, with the source rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import IntFlag
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.graph.closure import offsets, places_of
from sod_analyzer.model.access import BECOMING, GrantKind, NodeKind, Snapshot

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

_DAY = 24
_BLOCK = 2**18
#: Hours of a grant that never ends.
ENDLESS = np.iinfo(np.int64).max // 4

KINDS: tuple[GrantKind, ...] = tuple(GrantKind)
_BECOMES = np.array([kind in BECOMING for kind in KINDS])
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
    """Distinct edges, sorted by holder, target, kind, flags; parallel arrays.

    Narrow types: there is an edge for every membership.
    """

    n_nodes: int
    holder: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]  # position in KINDS
    flags: npt.NDArray[np.uint8]
    #: The first of each edge's places in `rows`, and one more; None: each edge has one place.
    first: npt.NDArray[np.int32] | None
    #: By place, the row of the grants table, ascending in an edge; None: the same number.
    rows: npt.NDArray[np.int32] | None
    as_of: date
    snapshot: Snapshot = field(repr=False)
    elsewhere: Flag = field(default=Flag(0))  # what edges carry that are kept elsewhere

    def __len__(self) -> int:
        return len(self.holder)

    @property
    def n_rows(self) -> int:
        """How many grant rows state all edges."""
        return len(self) if self.first is None else int(self.first[-1])

    def becomes(self, edge: Any = slice(None)) -> Any:
        """Whether an edge, some edges, or each, are held by becoming their target."""
        return _BECOMES[self.kind[edge]]

    def places_of(self, edge: Codes) -> tuple[Codes, Codes]:
        """Of some edges, the first place of their rows and the one behind the last."""
        if self.first is None:
            start = np.asarray(edge, dtype=np.int64)
            return start, start + 1
        return self.first[edge].astype(np.int64), self.first[edge + 1].astype(np.int64)

    def rows_at(self, place: Codes) -> Codes:
        """The grant rows at some places."""
        if self.rows is None:
            return np.asarray(place, dtype=np.int64)
        return self.rows[place].astype(np.int64)

    def rows_of(self, edge: int) -> Codes:
        """The grant rows that state this edge, first the one that reports print."""
        start, stop = self.places_of(np.array([edge]))
        return self.rows_at(np.arange(start[0], stop[0]))

    def allowed(self, flags: Flag) -> npt.NDArray[np.bool_]:
        """Which edges carry no flag but these."""
        return allowed_flags(self.flags, flags)

    def any(self, flag: Flag) -> bool:
        """Whether some edge, here or elsewhere, carries this flag."""
        return bool(self._carried & int(flag))

    @cached_property
    def _carried(self) -> int:
        """Every flag that some edge carries: witnesses ask for them leg by leg."""
        here = int(np.bitwise_or.reduce(self.flags)) if len(self.flags) else 0
        return here | int(self.elsewhere)

    @property
    def least(self) -> Codes:
        """Hours that each edge lasts at least, by its longest row."""
        return self._hours[0]

    @property
    def most(self) -> Codes:
        """Hours that each edge lasts at most."""
        return self._hours[1]

    @cached_property
    def _hours(self) -> tuple[Codes, Codes]:
        """Few rules ask how long a grant lasts, and it takes sixteen bytes an edge."""
        found = row_hours(self.snapshot["grants"], *node_hours(self.snapshot))
        least, most = (hours if self.rows is None else hours[self.rows] for hours in found)
        if self.first is None or not len(self):
            return least, most
        starts = self.first[:-1]
        return np.maximum.reduceat(least, starts), np.maximum.reduceat(most, starts)

    def longer(self, hours: int, *, possibly: bool) -> npt.NDArray[np.bool_]:
        """Which edges last longer than so many hours, for certain or possibly."""
        return np.asarray((self.most if possibly else self.least) > hours)

    @cached_property
    def leaving(self) -> Codes:
        """Offsets: edges of holder n are `leaving[n]` up to `leaving[n + 1]`, by target."""
        return offsets(self.holder, self.n_nodes)


def allowed_flags(flags: Flags, allowed: Flag) -> npt.NDArray[np.bool_]:
    """Which of these carry no flag but those allowed."""
    return np.asarray((flags & np.uint8(~int(allowed) & 0xFF)) == 0)


def dormant_accounts(snapshot: Snapshot, as_of: date) -> Codes:
    """Codes of the accounts that cannot be used on that day: disabled, locked or expired; sorted.

    Cost: nothing per account in Python, since the accounts stand in the order of their codes.
    """
    accounts = snapshot["accounts"]
    disabled = pc.fill_null(pc.equal(accounts.column("enabled"), pa.scalar(False)), False)  # noqa: FBT003
    over = pc.fill_null(pc.less(accounts.column("expires_on"), pa.scalar(as_of)), False)  # noqa: FBT003
    asleep = pc.or_(disabled, over).to_numpy(zero_copy_only=False)
    return np.flatnonzero(asleep) + snapshot.ranges[NodeKind.ACCOUNT].start


def compile_edges(snapshot: Snapshot, *, as_of: date) -> Edges:
    """Every grant of the snapshot as an edge, with what must be allowed for it to count.

    Cost: a few passes over the grants, which come sorted by holder and target; only those that
    share both are sorted further.
    """
    grants = snapshot["grants"]
    holder = _int32(grants.column("holder"))
    target = _int32(grants.column("target"))
    flags = row_flags(grants, as_of=as_of)
    # Where they were read for this, the columns behind the flags are not needed any more.
    snapshot.release()
    kind = _kinds(grants.column("kind"))
    dormant = dormant_accounts(snapshot, as_of)
    if len(dormant):
        asleep = np.zeros(snapshot["nodes"].num_rows, dtype=bool)
        asleep[dormant] = True
        for some in _blocks(len(flags)):
            flags[some] |= (asleep[holder[some]] | asleep[target[some]]) * np.uint8(Flag.DORMANT)
    order = _order(holder, target, kind, flags)
    if order is not None:
        holder, target, kind, flags = holder[order], target[order], kind[order], flags[order]
    count = len(holder)
    starts = np.ones(count, dtype=bool)
    for some in _blocks(count - 1):
        after = slice(some.start + 1, some.stop + 1)
        differs = holder[after] != holder[some]
        for column in (target, kind, flags):
            differs |= column[after] != column[some]
        starts[after] = differs
    first: npt.NDArray[np.int32] | None = None
    if not starts.all():
        holder, target, kind, flags = holder[starts], target[starts], kind[starts], flags[starts]
        first = np.append(places_of(starts), np.int32(count))
    n_nodes = snapshot["nodes"].num_rows
    return Edges(n_nodes, holder, target, kind, flags, first, order, as_of, snapshot)


def _blocks(count: int) -> Iterator[slice]:
    """So many rows, some at a time: what is made of them stays small."""
    for start in range(0, count, _BLOCK):
        yield slice(start, min(start + _BLOCK, count))


def _int32(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    codes: npt.NDArray[np.int32] = column.to_numpy()
    return codes.astype(np.int32, copy=False)


def _kinds(column: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """The position in KINDS of each row's kind."""
    pieces = []
    for chunk in column.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        numbers = [_KIND_NUMBER[GrantKind(kind)] for kind in encoded.dictionary.to_pylist()]
        table = np.array(numbers or [0], dtype=np.int8)
        pieces.append(table[encoded.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int8)


def _order(
    holder: npt.NDArray[np.int32],
    target: npt.NDArray[np.int32],
    kind: npt.NDArray[np.int8],
    flags: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int32] | None:
    """Rows by holder, target, kind, flags, those of one edge in table order; None: as they are."""
    shared = np.zeros(len(holder), dtype=bool)
    wrong = False
    for some in _blocks(len(holder) - 1):
        after = slice(some.start + 1, some.stop + 1)
        same = holder[after] == holder[some]
        less = (holder[after] < holder[some]) | (same & (target[after] < target[some]))
        if less.any():
            return np.lexsort((flags, kind, target, holder)).astype(np.int32)
        same &= target[after] == target[some]
        shared[after] = same
        shared[some] |= same
        where = np.flatnonzero(same)
        one, other = where + some.start, where + after.start
        wrong = wrong or bool(
            np.any(
                (kind[other] < kind[one])
                | ((kind[other] == kind[one]) & (flags[other] < flags[one]))
            )
        )
    if not wrong:
        return None
    # Only rows that share holder and target can be out of order; they keep their places as a run.
    rows = np.flatnonzero(shared)
    order = np.arange(len(holder), dtype=np.int32)
    mine = np.lexsort((flags[rows], kind[rows], target[rows], holder[rows]))
    order[rows] = rows[mine]
    return order


def row_hours(grants: pa.Table, at_least: Codes, at_most: Codes) -> tuple[Codes, Codes]:
    """The least and most hours that each row of a grants table lasts.

    By the hours that the source states; else by its days, each of which counts whole, so that two
    days leave a span open. Without a last day a grant never ends. No grant outlives the account at
    either of its ends: `at_least` and `at_most` have the hours of each node.
    """
    stated = grants.column("lasts_hours")
    least, most = _days(grants.column("valid_from"), grants.column("valid_until"))
    known = stated.is_valid().to_numpy(zero_copy_only=False)
    hours = pc.fill_null(stated, 0).to_numpy().astype(np.int64)
    least, most = np.where(known, hours, least), np.where(known, hours, most)
    for column in ("holder", "target"):
        nodes = grants.column(column).to_numpy()
        least = np.minimum(least, at_least[nodes])
        most = np.minimum(most, at_most[nodes])
    return least, most


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


def node_hours(snapshot: Snapshot) -> tuple[Codes, Codes]:
    """The least and most hours that each node lasts: accounts have days, all others no end."""
    accounts = snapshot["accounts"]
    created = accounts.column("created_at").cast(pa.date32())
    shortest, longest = _days(created, accounts.column("expires_on"))
    n_nodes = snapshot["nodes"].num_rows
    at_least = np.full(n_nodes, ENDLESS, dtype=np.int64)
    at_most = np.full(n_nodes, ENDLESS, dtype=np.int64)
    span = snapshot.ranges[NodeKind.ACCOUNT]
    at_least[span.start : span.stop], at_most[span.start : span.stop] = shortest, longest
    return at_least, at_most


def row_flags(grants: pa.Table, *, as_of: date) -> Flags:
    """What each row of a grants table carries, but for whether its accounts are dormant."""
    flags = np.zeros(grants.num_rows, dtype=np.uint8)

    def put(values: pa.ChunkedArray, flag: Flag) -> None:
        if pc.any(values).as_py():
            begin = 0
            for chunk in values.chunks:
                # To multiply takes a fraction of the time that choosing rows does.
                carried = _ones(chunk)
                carried *= np.uint8(flag)
                flags[begin : begin + len(chunk)] |= carried
                begin += len(chunk)

    day = pa.scalar(as_of)
    put(grants.column("conditional"), Flag.CONDITIONAL)
    put(grants.column("eligible"), Flag.ELIGIBLE)
    put(grants.column("self_granted"), Flag.SELF_GRANTED)
    put(grants.column("undecided"), Flag.UNDECIDED)
    put(pc.greater(grants.column("valid_from"), day), Flag.OUT_OF_TIME)
    put(pc.less(grants.column("valid_until"), day), Flag.OUT_OF_TIME)
    return flags


def _ones(values: pa.BooleanArray) -> Flags:
    """1 for each that is true, 0 for others and for those that nobody knows."""
    valid, bits = values.buffers()
    packed = np.frombuffer(bits, dtype=np.uint8)
    if values.null_count:
        known = np.frombuffer(valid, dtype=np.uint8)
        packed = packed[: len(known)] & known[: len(packed)]
    stop = values.offset + len(values)
    return np.unpackbits(packed, count=stop, bitorder="little")[values.offset :]
