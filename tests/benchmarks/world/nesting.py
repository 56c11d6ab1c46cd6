"""Groups inside groups: families that are deep, with cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Masks = NDArray[np.uint64]

#: Numbers of groups in a family: most are shallow, some are deep.
_SHALLOW, DEEP = (8, 20), (60, 100)
_DEEP_SHARE = 0.015
#: A group lies in groups that stand at most so many places above it.
_WINDOW = 6


@dataclass(frozen=True, slots=True)
class Nest:
    """Groups in a line of families: what a group contains in rights reaches only downwards.

    `family` by group; `starts` of the families and one past the last; `child` and `parent` by
    edge. Groups are numbered along the line here, and get their names by another order.
    """

    family: Codes
    starts: Codes
    child: Codes
    parent: Codes


def nest(groups: int, edges: int, *, cycles: int, chance: np.random.Generator) -> Nest:
    """So many different edges, none of a group to itself, `cycles` of them against the line.

    No group lies in the first of a family.
    """
    starts = _families(groups, chance)
    family = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    forward = np.empty(0, dtype=np.int64)
    while len(forward) < edges - cycles:
        child = chance.integers(0, groups, edges)
        parent = child + chance.integers(1, _WINDOW + 1, edges)
        parent = np.minimum(parent, starts[family[child] + 1] - 1)
        forward = distinct(np.concatenate((forward, (child * groups + parent)[child < parent])))
    chance.shuffle(forward)
    forward = forward[: edges - cycles]
    child, parent = np.divmod(forward, groups)
    first = starts[family[child]]
    back = forward[child != first][:cycles]
    return Nest(
        family,
        starts,
        np.concatenate((child, back % groups)),
        np.concatenate((parent, back // groups)),
    )


def _families(groups: int, chance: np.random.Generator) -> Codes:
    smallest = _SHALLOW[0]
    count = groups // smallest + 1
    deep = chance.random(count) < _DEEP_SHARE
    # One at the least, and not the first, of which nothing is asked.
    deep[1] = True
    sizes = np.where(
        deep, chance.integers(*DEEP, count, endpoint=True), chance.integers(*_SHALLOW, count)
    )
    starts = np.concatenate(([0], np.cumsum(sizes)))
    # The last family takes the rest, so that none is smaller than the smallest.
    return np.append(starts[starts <= groups - smallest], groups)


def close(nest_: Nest, masks: Masks) -> tuple[Masks, int]:
    """What each group has with everything above it, and in how many rounds that settled.

    Cost: edges times rounds. A mask has as many columns as it has bits.
    """
    order = np.argsort(nest_.child, kind="stable")
    child, parent = nest_.child[order], nest_.parent[order]
    heads = np.flatnonzero(np.diff(child, prepend=-1))
    receivers = child[heads]
    closed = masks.copy()
    rounds = 0
    while True:
        gained = closed.copy()
        gained[receivers] |= np.bitwise_or.reduceat(closed[parent], heads)
        if np.array_equal(gained, closed):
            return closed, rounds
        closed = gained
        rounds += 1


def distinct(keys: Codes) -> Codes:
    """Sorted, each once."""
    keys = np.sort(keys)
    return np.compress(np.diff(keys, prepend=keys[:1] - 1) != 0, keys)
