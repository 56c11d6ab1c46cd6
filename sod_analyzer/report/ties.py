"""Which place, leg and hop belongs to which finding, place and leg: by row number, checked once.

The tables of a report stand in step: places in the order of their violations, legs in the order
of their places, hops in the order of their legs. So most often the rows are tied by walking both
tables, and texts are compared only to be sure. Where tables stand otherwise, the rows are looked
up by their words.
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
    order_by,
    plain,
    runs,
    spread,
    taken,
    translated,
    words,
)

_TIED = ("violations", "places", "legs", "hops")


@dataclass(frozen=True, slots=True)
class Ties:
    """For each place its violation, for each leg its place, for each hop its leg, by row."""

    of_place: Owners
    of_leg: Owners
    of_hop: Owners


#: What was found last, as long as those tables are there: every file asks for the same.
_LAST: list[tuple[tuple[weakref.ref[pa.Table], ...], Ties]] = []


def ties_of(tables: Mapping[str, pa.Table]) -> Ties:
    """How the tables violations, places, legs and hops hang together.

    Raises:
        ReportError: a row is stated twice, or a hop, leg or place belongs to nothing.

    Cost: linear where the tables stand in step; else a look-up of every word of the keys.
    """
    asked = [tables[name] for name in _TIED]
    for refs, known in _LAST:
        if all(ref() is table for ref, table in zip(refs, asked, strict=True)):
            return known
    found = _ties(*asked)
    _LAST[:] = [(tuple(weakref.ref(table) for table in asked), found)]
    return found


def _ties(violations: pa.Table, places: pa.Table, legs: pa.Table, hops: pa.Table) -> Ties:
    names = ("finding_id", "place", "duty", "holder")
    _check_distinct(violations, names[:1], names[:1], "places")
    of_place = _owners(places, violations, names[:1], "places")
    _check_distinct(places, names[1:2], names[:2], "legs", of_place)
    of_leg = _owners(legs, places, names[:2], "legs")
    _check_distinct(legs, names[2:], names, "hops", of_leg)
    with_hops = pc.fill_null(pc.greater(legs["hops"], 0), False)  # noqa: FBT003
    return Ties(of_place, of_leg, _owners(hops, legs, names, "hops", _rows(with_hops)))


def _rows(chosen: pa.ChunkedArray) -> Owners:
    return np.flatnonzero(chosen.to_numpy())


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


def _owners(
    child: pa.Table,
    parent: pa.Table,
    names: Sequence[str],
    what: str,
    likely: Owners | None = None,
) -> Owners:
    """The parent's row for each row of the child; `likely` are parents that have any."""
    starts = _starts(child, names)
    for rows in (np.arange(parent.num_rows), likely):
        if (
            rows is not None
            and len(rows) == len(starts)
            and all(taken(child[name], starts).equals(taken(parent[name], rows)) for name in names)
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
