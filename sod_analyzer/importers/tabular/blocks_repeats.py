"""Which records are equal to an earlier one: exactly, by the codes of their cells."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sod_analyzer.importers.tabular.blocks_codes import Codes
from sod_analyzer.importers.tabular.blocks_text import Ints

Mask = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.uint32]

_BITS: Final = 63
#: Odd, so that multiplying by it loses nothing (2**64 divided by the golden ratio).
_MIX: Final = np.uint64(0x9E3779B97F4A7C15).view(np.int64)
#: Rows whose keys are made at a time: they stay in the processor's cache.
_STEP: Final = 2**18
#: From so many rows on, most are ruled out by half as long a key before any is sorted in full.
_WORTH_A_LOOK: Final = 2**18
#: Bits of that key, and those of them that tell which rows share theirs with another one.
_SHORT: Final = 32
_SHORTER: Final = 24


class Alike(NamedTuple):
    """Rows that share their key with another row, group after group, in a group ascending."""

    rows: Ints
    first: Mask  # of its group
    exact: bool  # whether equal keys mean equal cells


def alike(columns: Sequence[Codes], sizes: Sequence[int], pool: Executor) -> Alike:
    """The rows that are, or without `exact` may be, equal to others in these columns.

    `sizes` are the numbers of different codes. Nothing equal is missed.

    Cost: one sort of an int32 for each row, and of an int64 for those that may be equal to others,
    in two halves at a time.
    """
    count = len(columns[0])
    if count < _WORTH_A_LOOK:
        return _sorted_out(columns, sizes, pool)
    rows = _suspects(columns, pool)
    found = _sorted_out([column[rows] for column in columns], sizes, pool)
    return Alike(rows[found.rows], found.first, found.exact)


def _suspects(columns: Sequence[Codes], pool: Executor) -> Ints:
    """Rows, ascending, among which are all that are equal to another one."""
    count = len(columns[0])
    short = np.empty(count, dtype=np.uint32)

    def keyed(start: int) -> tuple[Shorts, Shorts]:
        key = short[start : start + _STEP]
        key[...] = _mixed_key([column[start : start + _STEP] for column in columns], _SHORT)
        side = (key & 1).astype(np.bool_)
        return key[side], key[~side]

    begin, end = 0, count
    halves = np.empty(count, dtype=np.uint32)
    for near, far in pool.map(keyed, range(0, count, _STEP)):
        halves[begin : begin + len(near)] = near
        halves[end - len(far) : end] = far
        begin += len(near)
        end -= len(far)
    shared = np.zeros(2**_SHORTER, dtype=np.bool_)

    def told(half: Shorts) -> Shorts:
        half.sort()
        twice: Shorts = half[1:][half[1:] == half[:-1]]
        return twice >> np.uint32(_SHORT - _SHORTER)

    for places in pool.map(told, (halves[:begin], halves[begin:])):
        shared[places] = True

    def suspected(start: int) -> Ints:
        places = (short[start : start + _STEP] >> np.uint32(_SHORT - _SHORTER)).astype(np.intp)
        return np.flatnonzero(shared.take(places)) + start

    return np.concatenate(list(pool.map(suspected, range(0, count, _STEP))))


def _sorted_out(columns: Sequence[Codes], sizes: Sequence[int], pool: Executor) -> Alike:
    """What `alike` gives, by a key for each row."""
    count = len(columns[0])
    low = max(count.bit_length(), 1)
    room = _BITS - low
    exact = prod(max(size, 1) for size in sizes) <= 2**room

    def keyed(start: int) -> tuple[Ints, Ints]:
        some = [column[start : start + _STEP] for column in columns]
        key = _exact_key(some, sizes) if exact else _mixed_key(some, room)
        side = (key * _MIX) < 0  # a bit that depends on all of the key
        key <<= low
        key |= np.arange(start, start + len(key))
        return key[side], key[~side]

    packed = np.empty(count, dtype=np.int64)
    begin, end = 0, count
    for near, far in pool.map(keyed, range(0, count, _STEP)):
        packed[begin : begin + len(near)] = near
        packed[end - len(far) : end] = far
        begin += len(near)
        end -= len(far)
    halves = [packed[:begin], packed[end:]]
    found = list(pool.map(lambda half: _neighbours(half, low), halves))
    rows, first = (np.concatenate(each) for each in zip(*found, strict=True))
    return Alike(rows, first, exact)


def _exact_key(columns: Sequence[Codes], sizes: Sequence[int]) -> Ints:
    key = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        key *= max(size, 1)
        key += column
    return key


def _mixed_key(columns: Sequence[Codes], room: int) -> Ints:
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        key ^= column
        key *= _MIX
        key ^= key >> 29
        key *= _MIX
    return (key >> (63 - room)) & ((1 << room) - 1)


def _neighbours(packed: Ints, low: int) -> tuple[Ints, Mask]:
    packed.sort()
    same = (packed[1:] ^ packed[:-1]) < (1 << low)
    shared = np.zeros(len(packed), dtype=np.bool_)
    shared[1:] = same
    shared[:-1] |= same
    first = np.ones(len(packed), dtype=np.bool_)
    first[1:] = ~same
    return packed[shared] & ((1 << low) - 1), first[shared]


def repeats(rows: Ints, columns: Sequence[Codes]) -> Ints:
    """Those of these rows that are equal to an earlier one; the columns hold these rows only.

    Cost: one sort per column.
    """
    keys: list[npt.NDArray[Any]] = [rows, *columns]
    order = np.lexsort(keys)
    same = np.ones(max(len(rows) - 1, 0), dtype=np.bool_)
    for column in columns:
        told = column[order]
        same &= told[1:] == told[:-1]
    return rows[order[1:][same]]
