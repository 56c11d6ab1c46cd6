"""Rows under rows, in the order of a nested document: findings, their places and legs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import (
    Numbers,
    Owners,
    order_by,
    runs,
)
from sod_analyzer.report.quoting import grouped

_COMMAS = pa.array([",", ""], pa.string())


@dataclass(frozen=True, slots=True)
class Level:
    """One table in the document's order: its rows, and where those of each parent begin.

    `ends` has one number more than there are parents.
    """

    rows: Owners
    ends: Owners

    @classmethod
    def top(cls, ids: pa.Array) -> Level:
        """The rows sorted by their ids, all under one parent."""
        return cls(pc.sort_indices(ids).to_numpy().astype(np.int64), np.array([0, len(ids)]))

    @classmethod
    def under(cls, parent: Level, owner: Owners, *names: Callable[[], Numbers]) -> Level:
        """The rows in the order of their owners in the parent, then sorted by the names.

        A name is asked for only where those before it leave rows equal.
        """
        spots = np.empty(len(parent.rows), dtype=np.int64)
        spots[parent.rows] = np.arange(len(parent.rows))
        spot = spots[owner]
        counts = np.bincount(spot, minlength=len(spots))
        rows = _moved(spot, counts, names)
        if rows is None:
            rows = _sorted(spot, names)
        return cls(rows, np.concatenate([[0], np.cumsum(counts)]))

    def commas(self, start: int, stop: int) -> pa.Array:
        """What stands before each row of the span: nothing for the first of its parent."""
        first = np.zeros(stop - start, dtype=np.int8)
        begins = self.ends[np.searchsorted(self.ends, start) : np.searchsorted(self.ends, stop)]
        first[begins - start] = 1
        return _COMMAS.take(pa.array(first))

    def listed(self, start: int, stop: int, texts: Callable[[int, int], pa.Array]) -> pa.Array:
        """For each parent of the span the texts of its rows, one after another."""
        ends = self.ends[start : stop + 1]
        return grouped(texts(int(ends[0]), int(ends[-1])), ends - ends[0])


def _moved(spot: Owners, counts: Owners, names: Sequence[Callable[[], Numbers]]) -> Owners | None:
    """The order where each parent's rows stand together and in order, so that none is compared."""
    starts = runs(spot)
    if len(starts) != np.count_nonzero(counts):
        return None
    tied = spot[1:] == spot[:-1]
    for name in names:
        if not tied.any():
            break
        values = name()
        if bool((tied & (values[1:] < values[:-1])).any()):
            return None
        tied &= values[1:] == values[:-1]
    run = np.full(len(counts), -1, dtype=np.int64)
    run[spot[starts]] = np.arange(len(starts))
    run = run[run >= 0]
    sizes = np.diff(np.append(starts, len(spot)))[run]
    return np.repeat(starts[run] - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(spot))


def _sorted(spot: Owners, names: Sequence[Callable[[], Numbers]]) -> Owners:
    columns: list[Numbers] = [spot]
    order = order_by(spot)
    for name in names:
        columns.append(name())
        order = order_by(*columns)
        if len(runs(*(column[order] for column in columns))) == len(spot):
            break
    return order
