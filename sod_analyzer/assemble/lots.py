"""Edge rows put in order lot by lot, a lot being the rows of some holders.

What is needed beside the rows themselves is a lot's worth, and a lot fits into the cache.
"""

from __future__ import annotations

import mmap as memory
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sod_analyzer.assemble.columns import Codes, Flags, Numbers, ordering
from sod_analyzer.assemble.pairs import Integers, sort_pairs

Lot = npt.NDArray[np.uint8]

#: Rows of a lot, about; more where there would be more lots than a byte can tell apart.
_LOT_ROWS: Final = 2**18
_MOST_LOTS: Final = 2**8
#: Holders are counted in as many bins as so many bits can number.
_BIN_BITS: Final = 16
_THREADS: Final = 2
#: Rows that are put into their lots together.
_BLOCK: Final = 2**19
#: Bytes from which on it matters when memory is given.
_PAGES: Final = 2**22


class Lots:
    """Which lot each holder belongs to: lots hold about as many rows each, in order of holders."""

    def __init__(self, holders: Sequence[Codes]) -> None:
        some = [each for each in holders if len(each)]
        self._low = min((int(each.min()) for each in some), default=0)
        high = max((int(each.max()) for each in some), default=0)
        self._shift = max((high - self._low).bit_length() - _BIN_BITS, 0)
        counts = np.zeros(((high - self._low) >> self._shift) + 1, dtype=np.int64)
        for each in some:
            counts += np.bincount(self._bins(each), minlength=len(counts))
        total = int(counts.sum())
        size = max(_LOT_ROWS, -(-total // _MOST_LOTS))
        before = np.cumsum(counts) - counts
        self._lot: Lot = (before // size).astype(np.uint8)
        sizes = np.zeros(int(self._lot[-1]) + 1, dtype=np.int64)
        np.add.at(sizes, self._lot, counts)
        #: Where each lot begins, and where the last one ends.
        self.bounds: Numbers = np.append(0, np.cumsum(sizes))

    def of(self, holders: Codes) -> Lot:
        """The lot of each of these holders."""
        found: Lot = self._lot[self._bins(holders)]
        return found

    def _bins(self, holders: Codes) -> Codes:
        bins: Codes = (holders - np.int32(self._low)) >> np.int32(self._shift)
        return bins


@dataclass(frozen=True, slots=True)
class Ties:
    """What orders rows between the same two nodes."""

    before: Sequence[Numbers]  # by fact, numbers that come before the record
    known: Flags  # by fact, whether it has a record
    no_record: int


class EdgeRows:
    """Rows of an edge table as numbers, each put into its lot when it comes."""

    def __init__(self, lots: Lots, *, fact: np.dtype, record: np.dtype) -> None:
        count = int(lots.bounds[-1])
        self._lots = lots
        self._next = lots.bounds[:-1].copy()
        self.holder: Codes = _untouched(count, np.dtype(np.int32))
        self.target: Codes = _untouched(count, np.dtype(np.int32))
        self.fact: Integers = _untouched(count, fact)
        self.record: Integers = _untouched(count, record)

    def put(self, holder: Codes, target: Codes, fact: Integers, record: Integers) -> None:
        """Further rows; in a lot they stay in the order in which they come."""
        for begin in range(0, len(holder), _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            self._put(holder[rows], target[rows], fact[rows], record[rows])

    def _put(self, holder: Codes, target: Codes, fact: Integers, record: Integers) -> None:
        lot = self._lots.of(holder)
        sizes = np.bincount(lot, minlength=len(self._next))
        # For numbers of one byte, a pass for each of them and no comparison.
        order = None if sizes.max(initial=0) == len(lot) else np.argsort(lot, kind="stable")
        ends = np.cumsum(sizes)
        for column, given in zip(self._columns(), (holder, target, fact, record), strict=True):
            sorted_ = given if order is None else given[order]
            for n in np.flatnonzero(sizes).tolist():
                begin = int(self._next[n])
                size = int(sizes[n])
                column[begin : begin + size] = sorted_[ends[n] - size : ends[n]]
        self._next += sizes

    def _columns(self) -> tuple[Integers, ...]:
        return self.holder, self.target, self.fact, self.record

    def sort(self, ties: Ties) -> None:
        """Puts all rows in order, those between the same nodes too; exact repeats stay once.

        Cost: one sort of integers for each lot, in two threads.
        """
        bounds = self._lots.bounds.tolist()
        spans = [slice(begin, end) for begin, end in pairwise(bounds)]
        with ThreadPoolExecutor(_THREADS) as threads:
            sizes = list(threads.map(lambda span: self._sort(span, ties), spans))
        end = 0
        for span, size in zip(spans, sizes, strict=True):
            if end < span.start:
                for column in self._columns():
                    column[end : end + size] = column[span.start : span.start + size]
            end += size
        self._cut(end)

    def _cut(self, count: int) -> None:
        """Keeps as many rows; the memory of the others is given up if it is worth a copy."""
        few = count < 0.9 * len(self.holder)
        for name in ("holder", "target", "fact", "record"):
            column = getattr(self, name)[:count]
            setattr(self, name, column.copy() if few else column)

    def _sort(self, span: slice, ties: Ties) -> int:
        """Puts the rows of a lot in order; how many are there then."""
        holder, target = self.holder[span], self.target[span]
        fact, record = self.fact[span], self.record[span]
        pairs = sort_pairs(holder, target, (fact, record))
        fact[...], record[...] = pairs.told
        again = pairs.again
        del pairs
        if not again.any():
            return len(again)
        kept = _settled(again, fact, record, ties)
        if kept is None:
            return len(again)
        count = int(np.count_nonzero(kept))
        for column in (holder, target, fact, record):
            column[:count] = column[kept]
        return count


def _untouched(count: int, kind: np.dtype) -> npt.NDArray[Any]:
    """Room for so many numbers, of which the system gives a part when it is written to.

    NumPy's own would be given in large pages: a row in each lot, and all of it is there.
    """
    if count * kind.itemsize < _PAGES:
        return np.empty(count, dtype=kind)
    room = memory.mmap(-1, count * kind.itemsize)
    with suppress(AttributeError, OSError, ValueError):  # not every system knows of large pages
        room.madvise(memory.MADV_NOHUGEPAGE)
    return np.frombuffer(room, dtype=kind)


def _settled(again: Flags, fact: Integers, record: Integers, ties: Ties) -> Flags | None:
    """Puts rows between the same nodes in order, and tells which rows repeat none before."""
    tied = again.copy()
    tied[:-1] |= again[1:]
    at = np.flatnonzero(tied)
    facts, records = fact[at], record[at]
    number = records.astype(np.int64)
    number[~ties.known[facts]] = ties.no_record
    keys: list[Numbers] = [np.cumsum(~again[at])]
    keys += [ranks[facts] for ranks in ties.before]
    keys += [number, facts.astype(np.int64)]
    order, fresh = ordering(keys, count=len(at))
    fact[at], record[at] = facts[order], records[order]
    if fresh.all():
        return None
    kept = np.ones(len(again), dtype=np.bool_)
    kept[at] = fresh
    return kept
