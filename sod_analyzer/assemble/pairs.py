"""Pairs of codes in order, with what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sod_analyzer.assemble.columns import Codes, Flags

Integers = npt.NDArray[np.integer]
Words = npt.NDArray[np.uint64]

_WORD: Final = 64
#: Rows that are looked at together, few enough to stay in the cache.
_BLOCK: Final = 2**17


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs sorted by the first, then the second, then the row they stood in."""

    first: Codes
    second: Codes
    told: tuple[Integers, ...]  # of each pair, as it was given
    again: Flags  # whether a pair equals the one before it


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a pair and its row are packed into one word: first, second, row."""

    low: int  # smallest second
    second_bits: int
    row_bits: int

    @property
    def room(self) -> int:
        """Bits that are left for the first."""
        return _WORD - self.second_bits - self.row_bits

    def pack(self, first: Codes, second: Codes, piece: tuple[int, int]) -> Words:
        """The rows whose first lies in this range, not sorted."""
        begin, end = piece
        words = np.empty(np.count_nonzero((first >= begin) & (first < end)), dtype=np.uint64)
        at = 0
        for start in range(0, len(first), _BLOCK):
            some = first[start : start + _BLOCK]
            rows = np.flatnonzero((some >= begin) & (some < end))
            word = (some[rows] - np.int32(begin)).astype(np.uint64)
            word <<= np.uint64(self.second_bits)
            word |= (second[start : start + _BLOCK][rows] - np.int32(self.low)).astype(np.uint64)
            word <<= np.uint64(self.row_bits)
            word |= (rows + start).astype(np.uint64)
            words[at : at + len(word)] = word
            at += len(word)
        return words

    def unpack(self, words: Words, begin: int, into: Pairs, told: Sequence[Integers]) -> None:
        """Writes sorted words as pairs, and what is told of the row of each."""
        before = None
        for start in range(0, len(words), _BLOCK):
            word = words[start : start + _BLOCK]
            place = slice(start, start + len(word))
            rows = (word & np.uint64(2**self.row_bits - 1)).astype(np.intp)
            for given, found in zip(told, into.told, strict=True):
                # No row is out of bounds; the other modes copy their result.
                np.take(given, rows, out=found[place], mode="clip")
            pair = word >> np.uint64(self.row_bits)
            again = into.again[place]
            again[0] = before is not None and pair[0] == before
            np.equal(pair[1:], pair[:-1], out=again[1:])
            before = pair[-1]
            into.second[place] = pair & np.uint64(2**self.second_bits - 1)
            into.first[place] = pair >> np.uint64(self.second_bits)
        into.first[...] += np.int32(begin)
        into.second[...] += np.int32(self.low)


def sort_pairs(first: Codes, second: Codes, told: Sequence[Integers] = ()) -> Pairs:
    """Two columns of codes as sorted pairs, in place of the columns; `told` follows its rows.

    Cost: both codes and the row number go into one integer, and integers are sorted; codes too
    large for that are sorted in pieces.
    """
    count = len(first)
    again = np.zeros(count, dtype=np.bool_)
    found = Pairs(first, second, tuple(np.empty_like(each) for each in told), again)
    if not count:
        return found
    low, high = int(second.min()), int(second.max())
    layout = _Layout(low, (high - low).bit_length(), (count - 1).bit_length())
    pieces = _pieces(first, layout.room)
    # Every pair is packed before the first one is written over.
    words = [layout.pack(first, second, piece) for piece in pieces]
    words.reverse()
    at = 0
    for begin, _ in pieces:
        packed = words.pop()
        packed.sort()
        span = slice(at, at + len(packed))
        into = Pairs(first[span], second[span], tuple(e[span] for e in found.told), again[span])
        layout.unpack(packed, begin, into, told)
        at = span.stop
    return found


def _pieces(first: Codes, room: int) -> list[tuple[int, int]]:
    """Ranges of codes, each small enough for `room` bits."""
    pieces = [(int(first.min()), int(first.max()) + 1)]
    found: list[tuple[int, int]] = []
    while pieces:
        begin, end = pieces.pop()
        if (end - 1 - begin).bit_length() <= room:
            found.append((begin, end))
        else:
            middle = (begin + end) // 2
            pieces += [(begin, middle), (middle, end)]
    return sorted(found)
