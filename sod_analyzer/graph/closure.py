"""What flows to whom: sets of (node, column) facts closed over edges, with shortest distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
Distances = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Distance of a fact that does not hold.
UNREACHED = np.iinfo(np.int64).max // 4
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts `node * stride + column`, sorted and distinct, each with its distance in hops."""

    stride: int
    key: Keys
    distance: Distances

    @classmethod
    def of(cls, stride: int, key: Keys, distance: Distances) -> Facts:
        """From any order; of repeated keys the least distance stays."""
        order = np.lexsort((distance, key))
        key, distance = key[order], distance[order]
        fresh = np.ones(len(key), dtype=bool)
        fresh[1:] = key[1:] != key[:-1]
        return cls(stride, key[fresh], distance[fresh])

    @property
    def node(self) -> Keys:
        return self.key // self.stride

    @property
    def column(self) -> Keys:
        return self.key % self.stride

    def distance_at(self, key: Keys) -> Distances:
        """The distance of each key, `UNREACHED` where the fact does not hold."""
        if not len(self.key):
            return np.full(len(key), UNREACHED, dtype=np.int64)
        spot = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        return np.where(self.key[spot] == key, self.distance[spot], UNREACHED)

    def at(self, node: int, column: int) -> int | None:
        """The distance of one fact, None where it does not hold."""
        key = node * self.stride + column
        spot = int(np.searchsorted(self.key, key))
        if spot < len(self.key) and self.key[spot] == key:
            return int(self.distance[spot])
        return None

    def within(self, nodes: range) -> Facts:
        """Only the facts of a contiguous range of nodes."""
        low, high = np.searchsorted(self.key, [nodes.start * self.stride, nodes.stop * self.stride])
        return Facts(self.stride, self.key[low:high], self.distance[low:high])


class Flow:
    """Edges arranged for flowing from targets to their holders."""

    def __init__(
        self,
        n_nodes: int,
        holder: npt.NDArray[np.integer[Any]],
        target: npt.NDArray[np.integer[Any]],
    ) -> None:
        order = np.argsort(target, kind="stable")
        self._holder = holder[order].astype(np.int64)
        self._ptr = offsets(target[order], n_nodes)

    def to_holders(self, key: Keys, stride: int) -> Keys:
        """The same columns at every holder of each key's node; unsorted, with repeats."""
        node = key // stride
        start, stop = self._ptr[node], self._ptr[node + 1]
        source, offset = spans(start, stop)
        if not len(source):
            return np.empty(0, dtype=np.int64)
        holder = self._holder[offset]
        return np.asarray(holder * stride + key[source] % stride, dtype=np.int64)

    def spread(self, seeds: Facts, *, wanted: Callable[[Keys], Flags] | None = None) -> Facts:
        """The least set that holds the seeds and flows along every edge, with least distances.

        A seed starts at its own distance. Cycles end by themselves: a fact enters once. With
        `wanted`, facts that it refuses are left out, and nothing flows on from them.

        Cost: every fact is sorted among the known ones a few times, in as many rounds as the
        longest shortest path; a round costs the edges out of the new facts.
        """
        stride = seeds.stride
        known = _Runs()
        waiting = np.unique(seeds.distance)
        frontier = np.empty(0, dtype=np.int64)
        now = 0
        while len(frontier) or len(waiting):
            if not len(frontier):
                now = int(waiting[0])
            if len(waiting) and waiting[0] == now:
                frontier = np.concatenate([frontier, seeds.key[seeds.distance == now]])
                waiting = waiting[1:]
            fresh = known.absent(distinct(frontier))
            if wanted is not None:
                fresh = fresh[wanted(fresh)]
            known.add(fresh, now)
            frontier = self.to_holders(fresh, stride)
            now += 1
        return Facts(stride, *known.merged())

    def step(self, facts: Facts) -> Facts:
        """What one edge carries, and no more: each fact at every holder, one hop further."""
        stride = facts.stride
        node = facts.key // stride
        count = self._ptr[node + 1] - self._ptr[node]
        moved = self.to_holders(facts.key, stride)
        return Facts.of(stride, moved, np.repeat(facts.distance, count) + 1)


class _Runs:
    """Facts found so far: sorted runs, the large ones first, each several times the next.

    One sorted array would be written anew in every round, and a chain of groups has as many rounds
    as groups.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Distances]] = []

    def absent(self, keys: Keys) -> Keys:
        """Those of the sorted keys that no run has."""
        for run, _ in self._runs:
            keys = keys[~among(keys, run)]
        return keys

    def add(self, keys: Keys, distance: int) -> None:
        """Take in sorted keys that are new, all at one distance."""
        if not len(keys):
            return
        self._runs.append((keys, np.full(len(keys), distance)))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 4 * len(self._runs[-1][0]):
            self._merge()

    def merged(self) -> tuple[Keys, Distances]:
        """Everything, sorted."""
        while len(self._runs) > 1:
            self._merge()
        return self._runs[0] if self._runs else (np.empty(0, np.int64), np.empty(0, np.int64))

    def _merge(self) -> None:
        (one, one_at), (other, other_at) = self._runs[-2:]
        keys = np.concatenate([one, other])
        # Two sorted runs: a stable sort merges them.
        order = np.argsort(keys, kind="stable")
        self._runs[-2:] = [(keys[order], np.concatenate([one_at, other_at])[order])]


def spans(start: Keys, stop: Keys) -> tuple[Keys, Keys]:
    """Every number of every span, with the position of its span: `(position, number)`."""
    count = stop - start
    total = int(count.sum())
    source = np.repeat(np.arange(len(count)), count)
    begins = np.cumsum(count) - count
    number = np.arange(total) + np.repeat(start - begins, count)
    return source, number


def joined(*facts: Facts) -> Facts:
    """What any of them says, with the least distances."""
    return Facts.of(
        facts[0].stride,
        np.concatenate([f.key for f in facts]),
        np.concatenate([f.distance for f in facts]),
    )


def offsets(codes: npt.NDArray[np.integer[Any]], count: int) -> Keys:
    """Where each code's run begins among sorted codes, and at last where all end."""
    begins = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    starts = np.concatenate([np.zeros(min(len(codes), 1), dtype=np.int64), begins])
    sizes = np.zeros(count + 1, dtype=np.int64)
    sizes[codes[starts].astype(np.int64) + 1] = np.diff(starts, append=len(codes))
    return np.cumsum(sizes)


def places_of(chosen: Flags) -> npt.NDArray[np.int32]:
    """Where the chosen are.

    In four bytes each, and piece by piece: of very many, eight bytes at once are too much.
    """
    found = np.empty(int(np.count_nonzero(chosen)), dtype=np.int32)
    begin = 0
    for start in range(0, len(chosen), _PIECE):
        here = np.flatnonzero(chosen[start : start + _PIECE])
        found[begin : begin + len(here)] = here + start
        begin += len(here)
    return found


def distinct(keys: Keys) -> Keys:
    """The keys sorted, each once.

    `np.unique` hashes before it sorts, which takes several times as long on keys like these.
    """
    keys = np.sort(keys)
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = keys[1:] != keys[:-1]
    return keys[fresh]


def among(keys: Keys, known: Keys) -> npt.NDArray[np.bool_]:
    """Which of the keys are among the known ones, which are sorted.

    `np.isin` hashes or sorts both sides each time it is asked.
    """
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    spot = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[spot] == keys)
