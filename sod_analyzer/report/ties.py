"""Which place, leg and hop belongs to which finding, place and leg: by row number, checked once.

The tables of a report stand in step: places in the order of their violations, legs in the order
of their places. So most often the rows are tied by walking both tables, and texts are compared
only to be sure. Where tables stand otherwise, the rows are looked up by their words. A hop names
the rows of its leg and of its edge itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import ReportError
from sod_analyzer.report.columns import (
    ROOM,
    Codes,
    Owners,
    changes,
    distinct_words,
    flat,
    numbered,
    order_by,
    plain,
    runs,
    spread,
    taken,
    translated,
    words,
)

_TIED = ("violations", "places", "legs", "edges", "hops")


@dataclass(frozen=True, slots=True)
class Ties:
    """For each place its violation, for each leg its place, for each hop its leg, by row.

    `edge` is the row of each hop in the table `edges`. `in_order` says whether hops stand by leg,
    part and hop.
    """

    of_place: Owners
    of_leg: Owners
    of_hop: Codes
    edge: Codes
    in_order: bool


#: What was found last, as long as those tables are there: every file asks for the same.
_LAST: list[tuple[tuple[weakref.ref[pa.Table], ...], Ties]] = []


def ties_of(tables: Mapping[str, pa.Table]) -> Ties:
    """How the tables violations, places, legs, edges and hops hang together.

    Edges that no hop names are allowed: nothing is said of them.

    Raises:
        ReportError: a row is stated twice, a hop, leg or place belongs to nothing, or a leg has
            hops though it says that it has none, or none though it says that it has some.

    Cost: linear where the tables stand in step; else a look-up of every word of the keys.
    """
    asked = [tables[name] for name in _TIED]
    for refs, known in _LAST:
        if all(ref() is table for ref, table in zip(refs, asked, strict=True)):
            return known
    found = _ties(*asked)
    _LAST[:] = [(tuple(weakref.ref(table) for table in asked), found)]
    return found


def _ties(
    violations: pa.Table, places: pa.Table, legs: pa.Table, edges: pa.Table, hops: pa.Table
) -> Ties:
    names = ("finding_id", "place", "duty", "holder")
    _check_distinct(violations, names[:1], names[:1], "violations")
    of_place = _owners(places, violations, names[:1], "places")
    _check_distinct(places, names[1:2], names[:2], "places", of_place)
    of_leg = _owners(legs, places, names[:2], "legs")
    _check_distinct(legs, names[2:], names, "legs", of_leg)
    of_hop = _rows_named(hops, "leg", "legs", legs.num_rows)
    edge = _rows_named(hops, "edge", "edges", edges.num_rows)
    part, hop = numbered(hops["part"]), numbered(hops["hop"])
    in_order = _ascending(of_hop, part, hop)
    if not in_order:
        order = order_by(of_hop, part, hop)
        if len(runs(of_hop[order], part[order], hop[order])) < len(order):
            raise ReportError("the report states a row twice: hops, by leg, part, hop")
    _check_hops(legs, of_hop)
    return Ties(of_place, of_leg, of_hop, edge, in_order)


def _rows_named(hops: pa.Table, name: str, table: str, rows: int) -> Codes:
    """The rows of another table that hops name, each of them there."""
    column = hops[name]
    if column.null_count:
        raise ReportError(f"the report has a hop without its row of {table}")
    found: Codes = flat(column).to_numpy()
    if len(found) and not (found.min() >= 0 and found.max() < rows):
        wrong = int(found[np.argmax((found < 0) | (found >= rows))])
        raise ReportError(f"the report has no row {wrong} of {table}; expected by hops")
    return found


def _ascending(*columns: npt.NDArray[np.integer]) -> bool:
    """Whether every row is beyond the one before, by the first column that differs."""
    first, *rest = columns
    if bool((first[1:] < first[:-1]).any()):
        return False
    same = first[1:] == first[:-1]
    for column in rest:
        if bool((same & (column[1:] < column[:-1])).any()):
            return False
        same &= column[1:] == column[:-1]
    return not same.any()


def _check_hops(legs: pa.Table, of_hop: Codes) -> None:
    """Refuse hops of a leg that says it has none, and a leg without those that it says it has."""
    has = np.bincount(of_hop, minlength=legs.num_rows) > 0
    said = pc.fill_null(pc.greater(legs["hops"], 0), False).to_numpy()  # noqa: FBT003
    if not np.array_equal(has, said):
        row = int(np.argmax(has != said))
        named = ", ".join(f"{name} {legs[name][row].as_py()!r}" for name in ("finding_id", "duty"))
        found, other = ("hops", "none") if has[row] else ("no hop", "some")
        raise ReportError(f"the report has {found} of the leg with {named}, which says {other}")


def _check_distinct(
    table: pa.Table,
    names: Sequence[str],
    key: Sequence[str],
    what: str,
    owner: Owners | None = None,
) -> None:
    """Refuse a table with two rows of one key: of one owner, with the same words in `names`."""
    columns: list[npt.NDArray[np.integer]] = [] if owner is None else [owner]
    for name in names:
        # The first words most often tell all rows apart, so that the next need no code.
        columns.append(distinct_words(table[name]).codes)
        order = order_by(*columns)
        if len(runs(*(column[order] for column in columns))) == table.num_rows:
            return
    raise ReportError(f"the report states a row twice: {what}, by {', '.join(key)}")


def _owners(child: pa.Table, parent: pa.Table, names: Sequence[str], what: str) -> Owners:
    """The parent's row for each row of the child."""
    starts = _starts(child, names)
    rows = np.arange(parent.num_rows)
    if len(rows) == len(starts) and all(
        taken(child[name], starts).equals(taken(parent[name], rows)) for name in names
    ):
        return spread(rows, starts, child.num_rows)
    return _searched(child, parent, names, what)


def _starts(table: pa.Table, names: Sequence[str]) -> Owners:
    """The rows that differ from the one before in any of the columns, and the first."""
    begins = np.zeros(table.num_rows, dtype=bool)
    begins[:1] = True
    for name in names:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            codes = words(column).codes
            begins[1:] |= codes[1:] != codes[:-1]
        elif table.num_rows:
            begins[1:] |= changes(plain(column))
    return np.flatnonzero(begins)


def _searched(child: pa.Table, parent: pa.Table, names: Sequence[str], what: str) -> Owners:
    """The parent's row for each row of the child, wherever it stands; the parent's are distinct."""
    known, asked = [], []
    for name in names:
        theirs, ours = distinct_words(parent[name]), distinct_words(child[name])
        known.append(theirs.codes)
        asked.append(translated(ours, theirs))
    order = order_by(*known)
    starts = runs(*asked)
    found = _looked_up([codes[starts] for codes in asked], [codes[order] for codes in known])
    if (found < 0).any():
        row = int(starts[np.argmax(found < 0)])
        named = ", ".join(f"{name} {child[name][row].as_py()!r}" for name in names)
        raise ReportError(f"the report has no row for {named}; expected by {what}")
    return spread(order[found], starts, child.num_rows)


def _looked_up(asked: list[Codes], known: list[Codes]) -> Owners:
    """Where each asked key stands among the known ones, which are sorted and distinct; else -1."""
    keys = np.zeros(len(asked[0]), dtype=np.int64)
    those = np.zeros(len(known[0]), dtype=np.int64)
    size = 1
    for codes, column in zip(asked, known, strict=True):
        room = int(column.max(initial=0)) + 1
        if size * room >= ROOM:
            arranged = those[runs(those)]
            keys = _placed(keys, arranged)
            those = np.searchsorted(arranged, those)
            size = len(arranged)
        missing = (keys < 0) | (codes < 0) | (codes >= room)
        keys = np.where(missing, -1, keys * room + codes)
        those = those * room + column
        size *= room
    return _placed(keys, those)


def _placed(asked: npt.NDArray[np.int64], known: npt.NDArray[np.int64]) -> Owners:
    if not len(known):
        return np.full(len(asked), -1, dtype=np.int64)
    spot = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[spot] == asked, spot, -1)
