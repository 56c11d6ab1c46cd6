"""Pairs of codes in order, with the row each one came from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sod_analyzer.assemble.columns import Codes, Flags

Words = npt.NDArray[np.uint64]

_WORD: Final = 64
#: Rows that are looked at together, few enough to stay in the cache.
_BLOCK: Final = 2**17
#: Fewer rows than this are sorted in one go.
_WORTH_A_THREAD: Final = 2**18


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs sorted by the first, then the second, then the row."""

    first: Codes
    second: Codes
    row: Codes
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

    def unpack(self, words: Words, begin: int, into: tuple[Codes, Codes, Codes], at: int) -> None:
        """Writes first, second and row of these words from a place on."""
        for start in range(0, len(words), _BLOCK):
            word = words[start : start + _BLOCK]
            place = slice(at + start, at + start + len(word))
            into[2][place] = word & np.uint64(2**self.row_bits - 1)
            word = word >> np.uint64(self.row_bits)
            into[1][place] = word & np.uint64(2**self.second_bits - 1)
            into[0][place] = word >> np.uint64(self.second_bits)
        place = slice(at, at + len(words))
        into[0][place] += np.int32(begin)
        into[1][place] += np.int32(self.low)


def sort_pairs(first: Codes, second: Codes) -> Pairs:
    """Two columns of codes as sorted pairs, in place of the columns.

    Cost: both codes and the row number go into one integer, and integers are sorted, in two
    threads; codes too large for that are sorted in more pieces.
    """
    count = len(first)
    again = np.zeros(count, dtype=np.bool_)
    row = np.empty(count, dtype=np.int32)
    if not count:
        return Pairs(first, second, row, again)
    low, high = int(second.min()), int(second.max())
    layout = _Layout(low, (high - low).bit_length(), (count - 1).bit_length())
    pieces = _pieces(first, layout.room)
    with ThreadPoolExecutor(2) as threads:
        words = list(threads.map(lambda piece: layout.pack(first, second, piece), pieces))
        list(threads.map(np.ndarray.sort, words))
    words.reverse()
    at = 0
    for begin, _ in pieces:
        piece = words.pop()
        layout.unpack(piece, begin, (first, second, row), at)
        at += len(piece)
    again[1:] = first[1:] == first[:-1]
    again[1:] &= second[1:] == second[:-1]
    return Pairs(first, second, row, again)


def _pieces(first: Codes, room: int) -> list[tuple[int, int]]:
    """Ranges of codes, each small enough for `room` bits, and two at least if that pays."""
    begin, end = int(first.min()), int(first.max()) + 1
    pieces = [(begin, end)]
    if len(first) > _WORTH_A_THREAD:
        middle = int(np.median(first[:: len(first) // 4096 + 1]))
        pieces = [(begin, middle), (middle, end)] if begin < middle < end else pieces
    found: list[tuple[int, int]] = []
    while pieces:
        begin, end = pieces.pop()
        if (end - 1 - begin).bit_length() <= room:
            found.append((begin, end))
        else:
            middle = (begin + end) // 2
            pieces += [(begin, middle), (middle, end)]
    return sorted(found)
