"""Which facts the paths of some legs rest on, so that only those get distances.

Masks say what everyone has. A path needs, beside that, how far away it is, for the legs that are
shown and for whatever stands on the way from them: this walks from the legs towards the accounts
that finish their ways, and on to the parts in these accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.evaluate.bulk import Bulk, Level, Seen
from sod_analyzer.evaluate.net import Net, Rows
from sod_analyzer.graph.closure import UNREACHED, Facts, Keys, among, distinct, offsets, spans
from sod_analyzer.graph.masks import Nodes, Table, has, has_bit, mask_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What the paths of some legs may pass, as sorted keys of facts: `node * stride + column`."""

    ways: Keys
    parts: Keys  # of accounts and roles that nobody holds in turn


class Tracer:
    """Follows legs through one lens of one net."""

    def __init__(self, bulk: Bulk, seen: Seen, level: Level, people: Table) -> None:
        self.bulk = bulk
        self.net: Net = bulk.net
        self.seen = seen
        self.level = level
        self.people = people
        self.n_places, self.n_ways, self.n_parts = bulk.n_places, bulk.n_ways, bulk.n_parts

    def asked(self, keys: Keys) -> Asked:
        """What legs with these keys of ways rest on; keys of what nobody has are left out."""
        ways = self._ways(distinct(keys))
        return Asked(ways, self._parts(ways))

    # -- ways ------------------------------------------------------------------------------------

    def _ways(self, keys: Keys) -> Keys:
        found = frontier = self._held(keys)
        core, people = (rows[self.seen.allowed[rows]] for rows in self.net.carrying)
        while len(frontier):
            onto = [self._onto(frontier, rows) for rows in (core, people)]
            frontier = self._held(distinct(np.concatenate(onto)))
            frontier = frontier[~among(frontier, found)]
            found = distinct(np.concatenate([found, frontier]))
        return found

    def _onto(self, keys: Keys, rows: Rows) -> Keys:
        """The same columns at every node that these edges lead to; edges are sorted by holder."""
        stride, edges = self.n_places * self.n_ways, self.net.edges
        holder = edges.holder[rows]
        node = keys // stride
        low, high = (np.searchsorted(holder, node, side=side) for side in ("left", "right"))
        source, spot = spans(low, high)
        return edges.target[rows[spot]].astype(np.int64) * stride + keys[source] % stride

    def _held(self, keys: Keys) -> Keys:
        """Those of the keys that somebody has."""
        node = keys // (self.n_places * self.n_ways)
        held = np.zeros(len(keys), dtype=bool)
        for table in (self.people, self.level.ways):
            mine = np.flatnonzero((node >= table.nodes.start) & (node < table.nodes.stop))
            pair = keys[mine] // self.n_ways - table.nodes.start * self.n_places
            held[mine] = has_bit(table.at(pair), keys[mine] % self.n_ways)
        return keys[held]

    # -- parts -----------------------------------------------------------------------------------

    def _parts(self, ways: Keys) -> Keys:
        """The parts of these ways that accounts have, wherever they may count."""
        nodes, n_places = self.net.holders, self.n_places
        pair = ways // self.n_ways - nodes.start * n_places
        mine = np.flatnonzero(pair >= 0)
        pair, way = pair[mine], ways[mine] % self.n_ways
        done = has_bit(self.level.finished.at(pair), way)
        pair, way = pair[done], way[done]
        keys = []
        for number, column in enumerate(self.bulk.columns.ways):
            here = pair[way == number]
            if not len(here):
                continue
            sources = [here]
            if len(column.parts) > 1:
                account = distinct(here // n_places) * n_places
                sources.append(account)  # anywhere
                sources += [account + cover for cover, _ in self.bulk.covers(self.seen.lens)]
            spots = distinct(np.concatenate(sources))
            got = self.level.parts.at(spots)
            for part in column.parts:
                there = spots[has(got, mask_of([part], self.n_parts))]
                keys.append((there + nodes.start * n_places) * self.n_parts + part)
        if not keys:
            return np.empty(0, dtype=np.int64)
        return distinct(np.concatenate(keys))

    def part_facts(self, parts: Keys) -> Facts:
        """These parts with their distances, and everything that core nodes have."""
        core, edges = self.level.core_parts, self.net.edges
        stride = core.stride
        parts = parts[~among(parts, core.key)]
        rows = self.seen.of(self.bulk.useful(core), edges.holder)
        nodes = self.net.holders
        first = offsets(edges.holder[rows] - nodes.start, len(nodes))
        account = parts // stride - nodes.start
        low, high = first[account], first[account + 1]
        source, spot = spans(low, high)
        column = parts % stride
        distance = _Distances(core, column).at(edges.target[rows[spot]], column[source])
        starts = np.cumsum(high - low) - (high - low)
        nearest = np.minimum.reduceat(distance, starts) + 1 if len(parts) else distance
        if not len(core.key) or not len(parts) or parts[-1] < core.key[0]:
            return Facts(
                stride,
                np.concatenate([parts, core.key]),
                np.concatenate([nearest, core.distance]),
            )
        return Facts.of(
            stride,
            np.concatenate([parts, core.key]),
            np.concatenate([nearest, core.distance]),
        )


#: A table of so many distances is kept; beyond, each is searched for.
_MOST_DISTANCES = 2**26


class _Distances:
    """Distances of facts, to be asked for many times.

    Groups that have anything a duty needs are few, and so are the columns in use: a table of both
    answers at once where a search would take a dozen steps.
    """

    def __init__(self, facts: Facts, columns: Keys) -> None:
        self._facts = facts
        asked = distinct(columns)
        self._column = np.zeros(facts.stride, dtype=np.int32)
        self._column[asked] = np.arange(1, len(asked) + 1)
        node = facts.node
        fresh = np.diff(node, prepend=-1) != 0
        self._nodes = node[fresh]
        self._table: npt.NDArray[np.int32] | None = None
        if (len(self._nodes) + 1) * (len(asked) + 1) > _MOST_DISTANCES:
            return
        self._row = np.zeros(int(node[-1]) + 1 if len(node) else 0, dtype=np.int32)
        self._row[self._nodes] = np.arange(1, len(self._nodes) + 1)
        table = np.full((len(self._nodes) + 1, len(asked) + 1), _FAR, dtype=np.int32)
        table[self._row[node], self._column[facts.column]] = facts.distance
        table[:, 0] = _FAR
        self._table = table

    def at(self, node: Nodes, column: Keys) -> Keys:
        """The distance of each column at each node."""
        if self._table is None:
            return self._facts.distance_at(node.astype(np.int64) * self._facts.stride + column)
        if not len(self._row):
            return np.full(len(node), UNREACHED, dtype=np.int64)
        row = np.where(node < len(self._row), self._row[np.minimum(node, len(self._row) - 1)], 0)
        found = self._table[row, self._column[column]].astype(np.int64)
        return np.where(found == _FAR, UNREACHED, found)


_FAR = np.iinfo(np.int32).max
