"""One row per id: what several records say of the same account, role, right or person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows with the same id side by side, in the order of their records."""

    order: Rows  # rows of the table
    starts: Rows  # where in that order each id begins
    of: Rows  # number of the id, in that order

    @property
    def several(self) -> Flags:
        """Which ids have more than one row."""
        found: Flags = np.diff(self.starts, append=len(self.order)) > 1
        return found


def merge(table: pa.Table, keys: Codes, how: Merging) -> tuple[pa.Table, pa.Table]:
    """One row per id, and the issues of those ids whose records contradict each other.

    `keys` has each row's number of its id, from 0 without gaps; the result is sorted by it. A
    column's value is the one its pick names, among those that are not null. Source id and record
    are the smallest that describe the id.

    Cost: one sort of integers and a gather per column; texts are only compared between rows of
    one id of which both have one, and sorted only where records of one place differ.
    """
    numbered, words = _numbered(table)
    count = int(keys.max()) + 1 if len(keys) else 0
    issues = ISSUES.empty_table()
    if count < len(keys):
        numbered, issues = _merged(numbered, words, keys, how)
    elif (np.diff(keys) < 0).any():
        rows = np.empty(count, dtype=np.intp)
        rows[keys] = np.arange(count)
        numbered = numbered.take(pa.array(rows))
    return _filled(numbered, words, how).cast(table.schema), issues


def _numbered(table: pa.Table) -> tuple[pa.Table, dict[str, pa.Array]]:
    """The table with a word's place among the column's words instead of the word; and those."""
    words: dict[str, pa.Array] = {}
    columns = []
    for name in table.schema.names:
        column = table.column(name)
        if is_word(column.type):
            codes, words[name] = coded(column)
            column = pa.array(codes, mask=codes < 0)
        columns.append(whole(column))
    return pa.table(columns, names=table.schema.names), words


def _filled(table: pa.Table, words: Mapping[str, pa.Array], how: Merging) -> pa.Table:
    """The table with words again, and with what counts where no record says anything."""
    columns = []
    for name in table.schema.names:
        column = whole(table.column(name))
        if name in words:
            codes, known = np.asarray(column.fill_null(-1)), words[name]
            value = how.otherwise.get(name)
            if value is not None and column.null_count:
                known = pa.concat_arrays([known, pa.array([str(value)])])
                codes = np.where(codes < 0, np.int32(len(known) - 1), codes)
            column = in_words(codes, known)
        columns.append(column)
    return pa.table(columns, names=table.schema.names)


def _merged(
    table: pa.Table, words: Mapping[str, pa.Array], keys: Codes, how: Merging
) -> tuple[pa.Table, pa.Table]:
    groups = _grouped(table, keys)
    columns: list[pa.Array] = []
    clashes: dict[str, Flags] = {}
    for name in table.schema.names:
        column = whole(table.column(name))
        chosen = _chosen(column, groups, how.picks.get(name, Pick.FIRST))
        columns.append(column.take(chosen))
        if name not in _PLACE and name != how.key and name not in how.silent:
            clashes[name] = _clash(column, groups)
    merged = _settled(pa.table(columns, names=table.schema.names), groups.several)
    differing = np.flatnonzero(np.logical_or.reduce(list(clashes.values())))
    if not len(differing):
        return merged, ISSUES.empty_table()
    # Few of many: only these rows are looked at one by one.
    ends = np.append(groups.starts, len(groups.order))
    sizes = ends[differing + 1] - ends[differing]
    at = np.repeat(ends[differing] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    issues = clash_issues(
        _worded(table.take(pa.array(groups.order[at])), words).to_pylist(),
        _worded(merged.take(pa.array(differing)), words).to_pylist(),
        sizes.tolist(),
        [[name for name, flags in clashes.items() if flags[n]] for n in differing.tolist()],
        noun=how.noun,
        key=how.key,
        harmless=how.harmless,
    )
    return merged, issues


def _worded(table: pa.Table, words: Mapping[str, pa.Array]) -> pa.Table:
    for name, known in words.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, known.take(whole(table.column(at))))
    return table


def _grouped(table: pa.Table, keys: Codes) -> _Groups:
    order, of = sorted_rows(keys)
    again = np.append(False, of[1:] == of[:-1])
    place = [sortable(table.column(name)) for name in _PLACE if name in table.schema.names]
    wrong, tied = _against(place, order, again)
    rows = np.flatnonzero(tied)
    wrong[rows[~_alike(table, order[rows - 1], order[rows])]] = True
    if wrong.any():
        _reorder(table, place, order, of, wrong)
    return _Groups(order, np.flatnonzero(~again), of)


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
        column = whole(table.column(name))
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
        ranks(table.column(name).take(pa.array(rows)))
        for name in table.schema.names
        if name not in _PLACE
    )
    found, _ = ordering(
        chain([of[at].astype(np.int64)], (key[rows] for key in place), others), count=len(at)
    )
    order[at] = rows[found]


def _chosen(column: pa.Array, groups: _Groups, pick: Pick) -> pa.Array:
    """For each id the row that gives the value, null if none has one."""
    if not column.null_count and pick is Pick.FIRST:
        return pa.array(groups.order[groups.starts])
    if column.null_count == len(column):
        return pa.nulls(len(groups.starts), pa.int64())
    count = len(groups.order)
    fitting = flags(column.is_valid())[groups.order]
    if pick is not Pick.FIRST:
        values = sortable(column)[groups.order]
        if pick is Pick.HIGHEST:
            best = np.maximum.reduceat(values, groups.starts)
        else:
            best = np.minimum.reduceat(
                np.where(fitting, values, np.iinfo(np.int64).max), groups.starts
            )
        sizes = np.diff(groups.starts, append=count)
        fitting &= values == np.repeat(best, sizes)
    first = np.minimum.reduceat(np.where(fitting, np.arange(count), count), groups.starts)
    absent = first == count
    return pa.array(groups.order[np.where(absent, 0, first)], mask=absent)


def _clash(column: pa.Array, groups: _Groups) -> Flags:
    """Whether an id has two values that are not null."""
    clash = np.zeros(len(groups.starts), dtype=np.bool_)
    if column.null_count == len(column):
        return clash
    rows, of = groups.order, groups.of
    if column.null_count:
        valid = flags(column.is_valid())[rows]
        rows, of = rows[valid], of[valid]
    pairs = np.flatnonzero(of[1:] == of[:-1])
    if len(pairs):
        one = column.take(pa.array(rows[pairs]))
        other = column.take(pa.array(rows[pairs + 1]))
        clash[of[pairs[~flags(pc.equal(one, other))]]] = True
    return clash


def _settled(table: pa.Table, several: Flags) -> pa.Table:
    """An account that counts as enabled is not dormant for any reason."""
    if "dormant_why" not in table.schema.names:
        return table
    at = table.schema.get_field_index("dormant_why")
    column = whole(table.column(at))
    live = flags(table.column("enabled").fill_null(pa.scalar(value=False))) & several
    why = pc.if_else(pa.array(live), pa.scalar(None, column.type), column)
    return table.set_column(at, "dormant_why", why)
