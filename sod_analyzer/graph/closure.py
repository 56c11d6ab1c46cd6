"""What flows to whom: sets of (node, column) facts closed over edges, with shortest distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
Distances = npt.NDArray[np.int64]

#: Distance of a fact that does not hold.
UNREACHED = np.iinfo(np.int64).max // 4


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

    def __init__(self, n_nodes: int, holder: Keys, target: Keys) -> None:
        order = np.argsort(target, kind="stable")
        self._holder = holder[order]
        self._ptr = np.searchsorted(target[order], np.arange(n_nodes + 1))

    def to_holders(self, key: Keys, stride: int) -> Keys:
        """The same columns at every holder of each key's node; unsorted, with repeats."""
        node = key // stride
        start, stop = self._ptr[node], self._ptr[node + 1]
        count = stop - start
        total = int(count.sum())
        if not total:
            return np.empty(0, dtype=np.int64)
        source = np.repeat(np.arange(len(key)), count)
        offset = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
        holder = self._holder[start[source] + offset]
        return np.asarray(holder * stride + key[source] % stride, dtype=np.int64)

    def spread(self, seeds: Facts) -> Facts:
        """The least set that holds the seeds and flows along every edge, with least distances.

        A seed starts at its own distance. Cycles end by themselves: a fact enters once.

        Cost: every fact is sorted into the known ones once, in as many rounds as the longest
        shortest path; a round costs the known facts plus the edges out of the new ones.
        """
        stride = seeds.stride
        known = np.empty(0, dtype=np.int64)
        known_at = np.empty(0, dtype=np.int64)
        waiting = np.unique(seeds.distance)
        frontier = np.empty(0, dtype=np.int64)
        now = 0
        while len(frontier) or len(waiting):
            if not len(frontier):
                now = int(waiting[0])
            if len(waiting) and waiting[0] == now:
                frontier = np.concatenate([frontier, seeds.key[seeds.distance == now]])
                waiting = waiting[1:]
            fresh = _absent(distinct(frontier), known)
            merged = np.concatenate([known, fresh])
            order = np.argsort(merged, kind="stable")
            known = merged[order]
            known_at = np.concatenate([known_at, np.full(len(fresh), now)])[order]
            frontier = self.to_holders(fresh, stride)
            now += 1
        return Facts(stride, known, known_at)

    def step(self, facts: Facts) -> Facts:
        """What one edge carries, and no more: each fact at every holder, one hop further."""
        stride = facts.stride
        node = facts.key // stride
        count = self._ptr[node + 1] - self._ptr[node]
        moved = self.to_holders(facts.key, stride)
        return Facts.of(stride, moved, np.repeat(facts.distance, count) + 1)


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


def _absent(keys: Keys, known: Keys) -> Keys:
    """Those of the sorted keys that the sorted known ones lack."""
    return np.asarray(keys[~among(keys, known)])
