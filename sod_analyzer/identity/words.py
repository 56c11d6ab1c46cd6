"""Texts as words of eight bytes, read from a column at once; and the order of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_PAD: Final = 8
_ALL: Final = 2**64 - 1
#: By the number of bytes that are left of a text: the bits of a word that belong to it.
_KEPT: Final = np.array([_ALL ^ (_ALL >> 8 * left) for left in range(8)] + [_ALL], dtype=np.uint64)
#: Words whose changing bits lie in more pieces than this are compared whole.
_MOST_PIECES: Final = 12
_WORD: Final = 64
#: Texts that are looked at together, few enough to stay in the cache.
_BLOCK: Final = 2**15


@dataclass(frozen=True, slots=True)
class Spans:
    """Texts as places in one block of bytes, which goes on for eight bytes after the last."""

    padded: npt.NDArray[np.uint8]
    starts: Numbers
    lengths: Numbers

    @property
    def content(self) -> npt.NDArray[np.uint8]:
        """The bytes of all texts, if they stand side by side."""
        if not len(self.starts):
            return self.padded[:0]
        return self.padded[self.starts[0] : self.starts[-1] + self.lengths[-1]]

    def word(self, number: int, rows: Rows | None = None) -> Words:
        """These texts' eight bytes from byte `8 * number` on, first byte foremost.

        Bytes after a text's end are zero; every text must reach there.
        """
        starts, lengths = (self.starts, self.lengths) if rows is None else self._of(rows)
        view: npt.NDArray[np.uint64] = np.ndarray(
            (len(self.padded) - _PAD + 1,), dtype=">u8", buffer=self.padded, strides=(1,)
        )
        found = view[starts + 8 * number].astype(np.uint64)
        left = lengths - 8 * number
        if len(left) and left.min() < _PAD:
            found &= _KEPT[np.minimum(left, _PAD)]
        return found

    def longer(self, size: int, rows: Rows | None) -> Rows | None:
        """Those of these rows whose texts have more bytes than this; None for all there are."""
        if rows is None:
            some = self.lengths > size
            return None if some.all() and len(some) else np.flatnonzero(some)
        return rows[self.lengths[rows] > size]

    def one(self, row: int) -> bytes:
        """The bytes of one text."""
        start = self.starts[row]
        return self.padded[start : start + self.lengths[row]].tobytes()

    def _of(self, rows: Rows) -> tuple[Numbers, Numbers]:
        return self.starts[rows], self.lengths[rows]


def spans_of(texts: pa.Array) -> Spans:
    """The texts of a column; nulls are empty. Cost: a copy of the bytes."""
    wide = pa.types.is_large_string(texts.type)
    _, offsets, content = texts.buffers()
    if offsets is None or not len(texts):
        none = np.zeros(len(texts), dtype=np.int64)
        return Spans(np.zeros(_PAD, dtype=np.uint8), none, none)
    every = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)
    ends: Numbers = every[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    first, last = int(ends[0]), int(ends[-1])
    padded = np.zeros(last - first + _PAD, dtype=np.uint8)
    if content is not None:
        padded[: last - first] = np.frombuffer(content, dtype=np.uint8)[first:last]
    lengths = np.diff(ends)
    return Spans(padded, ends[:-1] - first, lengths)


def order_of(spans: Spans, rows: Rows | None = None) -> Rows:
    """The rows (all, if none are given) in the order of their texts, by code point.

    Equal texts keep their order.
    """
    return ordered(spans, rows)[0]


def ordered(spans: Spans, rows: Rows | None = None) -> tuple[Rows, Flags]:
    """The rows in the order of their texts, and where in that order a new text begins.

    UTF-8 sorts by byte as its texts sort by code point.

    Cost: a few passes and one sort of integers for ids that differ in few bits, which is four
    times as fast as sorting texts; one more of those that are still tied for every few words.
    """
    result = np.arange(len(spans.starts)) if rows is None else rows.copy()
    begins = np.ones(len(result), dtype=np.bool_)
    if len(result) < 2:  # noqa: PLR2004
        return result, begins
    # Tied texts: where they stand in the result, and a number for each group of equals so far.
    place: Rows = np.arange(len(result))
    group = np.zeros(len(result), dtype=np.uint64)
    number = 0
    while len(place):
        tied = result[place]
        key, bits, number, ended = _key(spans, tied, group, number)
        order = _sorted(key, bits)
        result[place] = tied[order]
        in_order = key[order]
        fresh = np.append(np.diff(in_order) != 0, True)
        if ended:
            begins[place[1:]] = fresh[:-1]
            begins[place[0]] = True
            break
        alone = fresh & np.append(True, fresh[:-1])
        group = np.cumsum(np.append(False, fresh[:-1])).astype(np.uint64)[~alone]
        place = place[~alone]
    return result, begins


def _key(spans: Spans, tied: Rows, group: Words, number: int) -> tuple[Words, int, int, bool]:
    """Numbers that sort tied texts by group and as many further words as fit.

    Also how many bits they have, the word to go on with, and whether the texts are at their ends,
    where the shorter one comes first: it is shorter by nothing but zero bytes.
    """
    room = _WORD - (len(tied) - 1).bit_length()
    key = _renumbered(group)
    bits = int(key[-1]).bit_length()
    lengths = spans.lengths[tied]
    longest = int(lengths.max())
    begun = number
    while 8 * number < longest:
        pieces, size = _changing(spans, number, tied)
        if bits + size > room:
            if number > begun:
                return key, bits, number, False
            return _paired(key, _word_or_zero(spans, number, tied)), _WORD, number + 1, False
        if size:
            _squeeze(spans, number, tied, pieces, key)
        bits += size
        number += 1
    if (lengths == longest).all():
        return key, bits, number, True
    size = longest.bit_length()
    if bits + size > room:
        if number > begun:
            return key, bits, number, False
        return _paired(key, lengths.astype(np.uint64)), _WORD, number, True
    return key << np.uint64(size) | lengths.astype(np.uint64), bits + size, number, True


def _word_or_zero(spans: Spans, number: int, rows: Rows) -> Words:
    """A word of each of these texts, zero for those that end before."""
    some = spans.lengths[rows] > 8 * number
    if some.all():
        return spans.word(number, rows)
    found = np.zeros(len(rows), dtype=np.uint64)
    found[some] = spans.word(number, rows[some])
    return found


def _renumbered(group: Words) -> Words:
    """Groups counted from 0 without gaps; they come in order."""
    if not len(group):
        return group
    return np.cumsum(np.append(False, np.diff(group) != 0)).astype(np.uint64)


def _changing(spans: Spans, number: int, rows: Rows) -> tuple[list[tuple[int, int]], int]:
    """Which bits of a word differ between these texts, in pieces, and how many.

    The order of the words is that of these bits: digits have four bits instead of eight, and what
    all ids begin with has none.
    """
    mask = 0
    first = _word_or_zero(spans, number, rows[:1])[0]
    for begin in range(0, len(rows), _BLOCK):
        words = _word_or_zero(spans, number, rows[begin : begin + _BLOCK])
        words ^= first
        mask |= int(np.bitwise_or.reduce(words))
    pieces = _pieces(mask)
    if len(pieces) > _MOST_PIECES:
        return [(0, _WORD)], _WORD
    return pieces, mask.bit_count()


def _squeeze(
    spans: Spans, number: int, rows: Rows, pieces: list[tuple[int, int]], key: Words
) -> None:
    """Adds these bits of a word to the right of the key."""
    for begin in range(0, len(rows), _BLOCK):
        words = _word_or_zero(spans, number, rows[begin : begin + _BLOCK])
        some = key[begin : begin + _BLOCK]
        for low, size in pieces:
            some <<= np.uint64(size)
            some |= words >> np.uint64(low) & np.uint64(2**size - 1)


def _pieces(mask: int) -> list[tuple[int, int]]:
    """The runs of set bits, highest first: lowest bit and number of each."""
    pieces = []
    high = _WORD
    while mask:
        high = mask.bit_length()
        size = 0
        while high - size > 0 and mask >> (high - size - 1) & 1:
            size += 1
        pieces.append((high - size, size))
        mask &= (1 << (high - size)) - 1
    return pieces


def _paired(key: Words, piece: Words) -> Words:
    """Dense numbers that sort by key, then by piece."""
    order = np.lexsort((piece, key))
    fresh = np.zeros(len(key), dtype=bool)
    fresh[1:] = (np.diff(key[order]) != 0) | (np.diff(piece[order]) != 0)
    dense = np.empty(len(key), dtype=np.uint64)
    dense[order] = np.cumsum(fresh)
    return dense


def _sorted(key: Words, bits: int) -> Rows:
    """The order of the keys; equal ones stay in theirs."""
    room = (len(key) - 1).bit_length()
    if bits + room > _WORD:
        return np.argsort(key, kind="stable")
    packed = key << np.uint64(room) | np.arange(len(key), dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64(2**room - 1)).astype(np.intp)
