"""One row per id: what several records say of the same account, role, right or person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.clashes import clash_issues
from sod_analyzer.assemble.columns import (
    Codes,
    Flags,
    Numbers,
    Rows,
    coded,
    flags,
    in_words,
    is_word,
    ordering,
    ranks,
    sortable,
    sorted_rows,
    whole,
)
from sod_analyzer.model.access import ISSUES, IdentityClass, NodeKind, Status
from sod_analyzer.model.memory import give_back


class Pick(Enum):
    """Which of several values counts; nulls never do while there is another."""

    FIRST = auto()  # of the smallest source id and record
    LOWEST = auto()
    HIGHEST = auto()


@dataclass(frozen=True, slots=True)
class Merging:
    """How the rows of one table become one row per id."""

    noun: str
    key: str
    picks: Mapping[str, Pick] = field(default_factory=dict)  # the others: FIRST
    harmless: frozenset[str] = frozenset()  # differing values cannot hide a conflict
    silent: frozenset[str] = frozenset()  # may differ: no issue at all
    otherwise: Mapping[str, str] = field(default_factory=dict)  # where no record says anything


#: Errs: an account that one record calls enabled is enabled, one that any record calls a person's
#: is a person's, and the latest expiry counts: each of them keeps access in the verdicts. Whatever
#: nobody calls a workload is taken for a person, since rules judge people.
MERGINGS: Mapping[NodeKind, Merging] = {
    NodeKind.IDENTITY: Merging(
        "Identity",
        "identity",
        picks={"kind": Pick.LOWEST},
        harmless=frozenset({"name"}),
        otherwise={"kind": IdentityClass.PERSON, "status": Status.UNKNOWN},
    ),
    NodeKind.ACCOUNT: Merging(
        "Account",
        "account",
        # person < shared < vendor < workload
        picks={
            "kind": Pick.LOWEST,
            "enabled": Pick.HIGHEST,
            "expires_on": Pick.HIGHEST,
            "last_used_at": Pick.HIGHEST,
            "created_at": Pick.LOWEST,
        },
        harmless=frozenset({"login", "name", "owner"}),
        silent=frozenset({"last_used_at", "created_at", "dormant_why"}),
        otherwise={"kind": IdentityClass.PERSON},
    ),
    NodeKind.ROLE: Merging(
        "Role",
        "role",
        picks={"privileged": Pick.HIGHEST},
        harmless=frozenset({"title", "owner", "kind"}),
    ),
    NodeKind.ENTITLEMENT: Merging(
        "Entitlement",
        "entitlement",
        picks={"wildcard": Pick.HIGHEST},
        harmless=frozenset({"title"}),
    ),
}

_PLACE = ("source_id", "record")
#: Pairs of rows that are compared together.
_BLOCK = 2**18
#: Tables of more rows are made a column at a time: what making one takes is many times its rows.
_MANY = 2**20


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows with the same id side by side, in the order of their records."""

    order: Rows  # rows of the table
    starts: Rows  # where in that order each id begins
    of: Rows  # number of the id, in that order
    again: Flags  # whether it is the one before, in that order

    @property
    def several(self) -> Flags:
        """Which ids have more than one row."""
        found: Flags = np.diff(self.starts, append=len(self.order)) > 1
        return found

    def members(self, ids: Rows) -> tuple[Rows, Rows]:
        """Where the rows of these ids are in the order, one id after the other, and how many."""
        ends = np.append(self.starts, len(self.order))
        sizes = ends[ids + 1] - ends[ids]
        first = np.repeat(ends[ids] - np.cumsum(sizes) + sizes, sizes)
        return first + np.arange(len(first)), sizes


def merge(table: pa.Table, keys: Codes, how: Merging) -> tuple[pa.Table, pa.Table]:
    """One row per id, and the issues of those ids whose records contradict each other.

    `keys` has each row's number of its id, from 0 without gaps; the result is sorted by it. A
    column's value is the one its pick names, among those that are not null. Source id and record
    are the smallest that describe the id.

    Cost: one sort of integers and a gather per column; texts are only compared between rows of
    one id of which both have one, and sorted only where records of one place differ.
    """
    count = int(keys.max()) + 1 if len(keys) else 0
    if count < len(keys):
        return _merged(table, keys, _grouped(table, keys), how)
    rows = None
    if (np.diff(keys) < 0).any():
        places = np.empty(count, dtype=np.intp)
        places[keys] = np.arange(count)
        rows = pa.array(places)

    def column(name: str) -> pa.Array:
        cells, words = _numbered(table.column(name))
        if rows is not None:
            cells = _taken(cells, rows)
        return _finished(cells, words, how.otherwise.get(name))

    return _table(table.schema, count, column), ISSUES.empty_table()


def _table(schema: pa.Schema, count: int, column: Callable[[str], pa.Array]) -> pa.Table:
    """A table of these columns, made in two threads; what one needs is let go of with it."""
    if count > _MANY:
        columns = []
        for name in schema.names:
            columns.append(column(name))
            give_back()
        return pa.Table.from_arrays(columns, schema=schema)
    with ThreadPoolExecutor(2) as threads:
        columns = list(threads.map(column, schema.names))
    return pa.Table.from_arrays(columns, schema=schema)


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array | None]:
    """A column in one piece; for words, the place of each among all of them, and those."""
    if not is_word(column.type):
        return whole(column), None
    codes, words = coded(column)
    return pa.array(codes, mask=codes < 0 if column.null_count else None), words


def _taken(column: pa.Array, rows: pa.Array) -> pa.Array:
    if column.null_count == len(column):
        return pa.nulls(len(rows), column.type)
    return column.take(rows)


def _finished(column: pa.Array, words: pa.Array | None, otherwise: str | None) -> pa.Array:
    """The column with words again, and with what counts where no record says anything."""
    if words is None:
        return column
    codes = np.asarray(column.fill_null(-1) if column.null_count else column)
    if otherwise is not None and column.null_count:
        words = pa.concat_arrays([words, pa.array([str(otherwise)])])
        codes = np.where(codes < 0, np.int32(len(words) - 1), codes)
    return in_words(codes, words)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Chooses the value of each id, column by column; safe to ask in several threads at a time."""

    table: pa.Table
    keys: Codes
    groups: _Groups
    how: Merging
    clashes: dict[str, Rows] = field(default_factory=dict)
    alone: dict[tuple[int, int], pa.Array | None] = field(default_factory=dict)

    def cells(self, name: str) -> tuple[pa.Array, pa.Array | None]:
        """A column as `_numbered` gives it, a cell per id; notes the ids that clash."""
        column, how = self.table.column(name), self.how
        begin, end = _stated(column)
        if (begin, end) not in self.alone:
            self.alone[begin, end] = _alone(self.keys[begin:end], len(self.groups.starts))
        rows = self.alone[begin, end]
        if rows is not None:
            cells, words = _numbered(column.slice(begin, end - begin))
            return _taken(cells, rows), words
        cells, words = _numbered(column)
        pick = how.picks.get(name, Pick.FIRST)
        told = name not in _PLACE and name != how.key and name not in how.silent
        compared = told or pick is not Pick.FIRST
        rows, differing = _chosen(cells, self.groups, pick, compared=compared)
        if told and len(differing):
            self.clashes[name] = differing
        return _taken(cells, rows), words


def _merged(
    table: pa.Table, keys: Codes, groups: _Groups, how: Merging
) -> tuple[pa.Table, pa.Table]:
    choice = _Choice(table, keys, groups, how)
    live = np.zeros(0, dtype=np.bool_)
    if "enabled" in table.schema.names:
        live = _enabled(whole(table.column("enabled")), groups) & groups.several

    def column(name: str) -> pa.Array:
        cells, words = choice.cells(name)
        if name == "dormant_why" and cells.null_count < len(cells):
            # An account that counts as enabled is not dormant for any reason.
            cells = pc.if_else(pa.array(live), pa.scalar(None, cells.type), cells)
        return _finished(cells, words, None)

    merged = _table(table.schema, len(keys), column)
    issues = ISSUES.empty_table()
    if choice.clashes:
        issues = _issues(table, merged, groups, choice.clashes, how)

    def filled(name: str) -> pa.Array:
        cells, words = _numbered(merged.column(name))
        return _finished(cells, words, how.otherwise[name])

    for name in how.otherwise:
        at = merged.schema.get_field_index(name)
        if merged.column(at).null_count:
            merged = merged.set_column(at, merged.schema.field(at), filled(name))
    return merged, issues


def _stated(column: pa.ChunkedArray) -> tuple[int, int]:
    """The rows from the first to the last piece of a column in which some row has a value."""
    begin = end = at = 0
    for chunk in column.chunks:
        at += len(chunk)
        if chunk.null_count < len(chunk):
            begin, end = (begin if end else at - len(chunk)), at
    return begin, end


def _alone(keys: Codes, count: int) -> pa.Array | None:
    """The row of each id among these rows, null for none; None where an id has several.

    Most columns are stated by one file, which has a row per id: then nothing needs comparing.
    """
    row = np.full(count, -1, dtype=np.int32)
    row[keys] = np.arange(len(keys), dtype=np.int32)
    absent = row < 0
    if count - np.count_nonzero(absent) < len(keys):
        return None
    return pa.array(row, mask=absent if absent.any() else None)


def _enabled(column: pa.Array, groups: _Groups) -> Flags:
    """Whether an account counts as enabled: some record says so."""
    said = flags(column.fill_null(pa.scalar(value=False)))[groups.order]
    return np.logical_or.reduceat(said, groups.starts)


def _issues(
    table: pa.Table,
    merged: pa.Table,
    groups: _Groups,
    clashes: Mapping[str, Rows],
    how: Merging,
) -> pa.Table:
    """The issues of ids with differing values; they are few, and looked at one by one."""
    some = np.zeros(len(groups.starts), dtype=np.bool_)
    for differing in clashes.values():
        some[differing] = True
    ids = np.flatnonzero(some)
    at, sizes = groups.members(ids)
    named = {
        name: frozenset(clashes[name].tolist()) for name in table.schema.names if name in clashes
    }
    return clash_issues(
        table.take(pa.array(groups.order[at])).to_pylist(),
        merged.take(pa.array(ids)).to_pylist(),
        sizes.tolist(),
        [[name for name, differing in named.items() if n in differing] for n in ids.tolist()],
        noun=how.noun,
        key=how.key,
        harmless=how.harmless,
    )


def _grouped(table: pa.Table, keys: Codes) -> _Groups:
    order, of = sorted_rows(keys)
    again = np.append(False, of[1:] == of[:-1])
    place = _place(table)
    wrong, tied = _against(place, order, again)
    rows = np.flatnonzero(tied)
    wrong[rows[~_alike(table, order[rows - 1], order[rows])]] = True
    if wrong.any():
        _reorder(table, place, order, of, wrong)
    return _Groups(order, np.flatnonzero(~again), of, again)


def _place(table: pa.Table) -> Sequence[Numbers]:
    """Numbers that sort by source id and record; one for both, if they fit."""
    keys = [sortable(table.column(name)) for name in _PLACE if name in table.schema.names]
    ends = [(int(key.min()), int(key.max())) for key in keys if len(key)]
    keys = [key for key, (low, high) in zip(keys, ends, strict=True) if low < high]
    ends = [(low, high) for low, high in ends if low < high]
    if len(keys) < 2 or (ends[0][1] - ends[0][0] + 1) * (ends[1][1] - ends[1][0] + 1) >= 2**62:  # noqa: PLR2004
        return keys
    span = ends[1][1] - ends[1][0] + 1
    place = keys[0] - ends[0][0]
    place *= span
    place += keys[1]
    place -= ends[1][0]
    return [place]


def _against(place: Sequence[Numbers], order: Rows, again: Flags) -> tuple[Flags, Flags]:
    """Which rows belong before the one in front of them by their places, and which to the same."""
    wrong, tied = np.zeros(len(order), dtype=np.bool_), again.copy()
    for key in place:
        in_order = key[order]
        wrong[1:] |= tied[1:] & (in_order[1:] < in_order[:-1])
        tied[1:] &= in_order[1:] == in_order[:-1]
    return wrong, tied


def _alike(table: pa.Table, left: Rows, right: Rows) -> Flags:
    """Whether two rows say the same in every column."""
    alike = np.ones(len(left), dtype=np.bool_)
    for name in table.schema.names if len(left) else ():
        column, _ = _numbered(table.column(name))
        if column.null_count < len(column):
            one, other = column.take(pa.array(left)), column.take(pa.array(right))
            same = pc.equal(one, other)
            if same.null_count:
                neither = pc.and_(pc.is_null(one), pc.is_null(other))
                same = pc.if_else(pc.is_valid(same), same, neither)
            alike &= flags(same)
    return alike


def _reorder(
    table: pa.Table, place: Sequence[Numbers], order: Rows, of: Rows, wrong: Flags
) -> None:
    """Sorts the rows of the ids that have a row at a wrong place, by place and then all columns."""
    affected = np.zeros(int(of[-1]) + 1, dtype=np.bool_)
    affected[of[wrong]] = True
    at = np.flatnonzero(affected[of])
    rows = order[at]
    others = (
        ranks(whole(table.column(name)).take(pa.array(rows)))
        for name in table.schema.names
        if name not in _PLACE
    )
    found, _ = ordering(
        chain([of[at].astype(np.int64)], (key[rows] for key in place), others), count=len(at)
    )
    order[at] = rows[found]


def _chosen(
    column: pa.Array, groups: _Groups, pick: Pick, *, compared: bool
) -> tuple[pa.Array, Rows]:
    """For each id the row that gives the value, null if none has one; and the ids with several.

    The latter are not looked for unless they are to be `compared`.

    Cost: compares values only where an id has more than one.
    """
    count = len(groups.starts)
    if column.null_count == len(column):
        return pa.nulls(count, pa.int64()), np.empty(0, dtype=np.intp)
    rows, of, again = groups.order, groups.of, groups.again
    if not column.null_count and not compared:
        return pa.array(rows[groups.starts]), np.empty(0, dtype=np.intp)
    if column.null_count:
        valid = flags(column.is_valid())[rows]
        rows, of = rows[valid], of[valid]
        again = np.append(False, of[1:] == of[:-1])
    chosen = np.full(count, -1, dtype=np.int64)
    chosen[of[~again]] = rows[~again]
    differing = np.empty(0, dtype=np.intp)
    if compared and not _constant(column):
        differing = _differing(column, rows, of, again)
    if len(differing) and pick is not Pick.FIRST:
        at, sizes = groups.members(differing)
        chosen[differing] = _best(column, groups.order[at], sizes, pick)
    return pa.array(chosen, mask=chosen < 0 if column.null_count else None), differing


def _differing(column: pa.Array, rows: Rows, of: Rows, again: Flags) -> Rows:
    """The ids among whose values two differ; `rows` have values, those of one id together."""
    pairs = np.flatnonzero(again)
    if not len(pairs):
        return pairs
    differ = np.empty(len(pairs), dtype=np.bool_)
    for begin in range(0, len(pairs), _BLOCK):
        some = pairs[begin : begin + _BLOCK]
        one, other = column.take(pa.array(rows[some - 1])), column.take(pa.array(rows[some]))
        differ[begin : begin + _BLOCK] = ~flags(pc.equal(one, other))
    found: Rows = of[pairs[differ]]
    return found[np.append(True, np.diff(found) != 0)] if len(found) else found


def _constant(column: pa.Array) -> bool:
    """Whether all values are known to be the same, nulls aside."""
    if pa.types.is_string(column.type):
        return False
    ends = pc.min_max(column)
    return bool(ends["min"].equals(ends["max"]))


def _best(column: pa.Array, rows: Rows, sizes: Rows, pick: Pick) -> Rows:
    """For each group of rows the first one with the lowest or highest value."""
    values = sortable(column.take(pa.array(rows)))
    known = flags(column.is_valid())[rows]
    starts = np.cumsum(sizes) - sizes
    if pick is Pick.HIGHEST:
        best = np.maximum.reduceat(values, starts)
    else:
        best = np.minimum.reduceat(np.where(known, values, np.iinfo(np.int64).max), starts)
    fitting = known & (values == np.repeat(best, sizes))
    places = np.where(fitting, np.arange(len(rows)), len(rows))
    found: Rows = rows[np.minimum.reduceat(places, starts)]
    return found
