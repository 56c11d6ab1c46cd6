"""Texts as numbers: each distinct text gets one, whatever column or file it stands in.

A hash table over whole columns: every step looks at all texts at once, so that a million of them
cost about a tenth of a second and no Python object each.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.identity.words import Spans, spans_of

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
_Number = TypeVar("_Number", bound=np.generic)

_EMPTY: Final = -1
_LEAST_BITS: Final = 10
#: Texts longer than this are hashed and compared one by one, so that one huge text does not cost
#: a pass over all the others for each of its words.
_LONG: Final = 256
#: Texts that are looked at together: few enough for what is made of them to stay in the cache.
_BLOCK: Final = 2**16
_HALF: Final = np.uint64(32)


class Texts:
    """A set of texts that numbers its members from 0, in no particular order.

    Equal texts have equal numbers, and no two texts share one. A null has the number -1.
    """

    def __init__(self) -> None:
        # Secret, so that nobody can prepare ids that all fall into one slot. The numbers that
        # come out of here are sorted away before anything is stored.
        self._seed = secrets.token_bytes(16)
        odd = np.frombuffer(self._seed, dtype=np.uint64) | np.uint64(1)
        self._first, self._second = odd
        self._count = 0
        self._pool = np.zeros(1024, dtype=np.uint8)
        self._starts = np.zeros(2**_LEAST_BITS + 1, dtype=np.int64)
        self._hashes = np.zeros(2**_LEAST_BITS, dtype=np.uint64)
        self._bits = _LEAST_BITS
        self._table = np.full(2**_LEAST_BITS, _EMPTY, dtype=np.int32)

    def __len__(self) -> int:
        return self._count

    def add(self, texts: pa.Array) -> Codes:
        """The numbers of these texts; those not seen before get new ones.

        Cost: some 0.1 µs per text.
        """
        return self._look(texts, adding=True)

    def find(self, texts: pa.Array) -> Codes:
        """The numbers of these texts, -1 for those that were never added."""
        return self._look(texts, adding=False)

    def array(self) -> pa.Array:
        """Every text, by number; shares memory with what is added later, but does not see it."""
        used = int(self._starts[self._count])
        starts = self._starts[: self._count + 1]
        content = pa.py_buffer(self._pool[:used])
        if used < 2**31:
            offsets = pa.py_buffer(starts.astype(np.int32))
            return pa.StringArray.from_buffers(self._count, offsets, content)
        offsets = pa.py_buffer(starts.copy())
        return pa.LargeStringArray.from_buffers(self._count, offsets, content)

    def spans(self) -> Spans:
        """Every text, by number, as places in one block of bytes."""
        starts = self._starts[: self._count]
        return Spans(self._pool, starts, np.diff(self._starts[: self._count + 1]))

    def _look(self, texts: pa.Array, *, adding: bool) -> Codes:
        found = np.empty(len(texts), dtype=np.int32)
        before = self._count
        for begin in range(0, len(texts), _BLOCK):
            block = texts.slice(begin, _BLOCK)
            if adding:
                # As many of the rest will be new as were so far: room for others is not made.
                share = (self._count - before) / max(begin, 1)
                self._make_room(len(block), expected=int((len(texts) - begin) * share))
            found[begin : begin + _BLOCK] = self._look_at(block, adding=adding)
        return found

    def _look_at(self, texts: pa.Array, *, adding: bool) -> Codes:
        found = np.full(len(texts), -1, dtype=np.int32)
        spans = spans_of(texts)
        hashes = self._hashed(spans)
        waiting: Rows = np.arange(len(texts))
        if texts.null_count:
            waiting = np.flatnonzero(np.asarray(texts.is_valid()))
        mask = 2**self._bits - 1
        slot = (hashes >> np.uint64(64 - self._bits)).astype(np.int64)
        while len(waiting):
            held = self._table[slot[waiting]]
            full = held >= 0
            rows, codes = waiting[full], held[full]
            same = self._same(spans, hashes, rows, codes)
            found[rows[same]] = codes[same]
            others = rows[~same]
            slot[others] = (slot[others] + 1) & mask
            empty = waiting[~full]
            lost = self._claim(texts, hashes, slot, empty, found) if adding else empty[:0]
            waiting = np.concatenate([others, lost])
        return found

    def _claim(self, texts: pa.Array, hashes: Hashes, slot: Rows, rows: Rows, found: Codes) -> Rows:
        """New numbers for rows at empty slots; the rows that lost their slot to another one."""
        if not len(rows):
            return rows
        at = slot[rows]
        claims = np.arange(len(rows), dtype=np.int32)
        self._table[at] = claims
        won = self._table[at] == claims
        lost: Rows = rows[~won]
        rows, at = rows[won], at[won]
        codes = np.arange(self._count, self._count + len(rows), dtype=np.int32)
        self._table[at] = codes
        found[rows] = codes
        self._append(texts if len(rows) == len(texts) else texts.take(pa.array(rows)))
        self._hashes[codes] = hashes[rows]
        self._count += len(rows)
        return lost

    def _append(self, texts: pa.Array) -> None:
        spans = spans_of(texts)
        begin = int(self._starts[self._count])
        end = begin + len(spans.content)
        if end + 8 > len(self._pool):
            size = max(end + 8, len(self._pool) * 3 // 2)
            self._pool = _grown(self._pool, size, begin)
        self._pool[begin:end] = spans.content
        ends = begin + spans.starts + spans.lengths
        self._starts[self._count + 1 : self._count + 1 + len(texts)] = ends

    def _make_room(self, more: int, *, expected: int) -> None:
        """Sees to it that the table stays at most half full, whatever comes."""
        wanted = self._count + more
        if wanted > len(self._hashes):
            size = max(wanted, self._count + expected, len(self._hashes) * 5 // 4)
            self._hashes = _grown(self._hashes, size, self._count)
            self._starts = _grown(self._starts, size + 1, self._count + 1)
        if 2 * wanted <= 2**self._bits:
            return
        bits = max(_LEAST_BITS, (2 * max(wanted, self._count + expected) - 1).bit_length())
        self._bits = bits
        self._table = np.full(2**bits, _EMPTY, dtype=np.int32)
        slot = (self._hashes[: self._count] >> np.uint64(64 - bits)).astype(np.int64)
        waiting = np.arange(self._count, dtype=np.int32)
        while len(waiting):
            at = slot[waiting]
            free = self._table[at] == _EMPTY
            self._table[at[free]] = waiting[free]
            waiting = waiting[self._table[at] != waiting]
            slot[waiting] = (slot[waiting] + 1) & (2**bits - 1)

    def _hashed(self, spans: Spans) -> Hashes:
        hashes: Hashes = spans.lengths.astype(np.uint64) * self._second
        short = spans.lengths <= _LONG
        rows: Rows | None = None if short.all() else np.flatnonzero(short)
        for word in range(_LONG // 8):
            rows = spans.longer(8 * word, rows)
            if rows is None:
                hashes = self._mixed(hashes ^ spans.word(word))
            elif len(rows):
                hashes[rows] = self._mixed(hashes[rows] ^ spans.word(word, rows))
            else:
                break
        for row in np.flatnonzero(~short).tolist():
            digest = hashlib.blake2b(spans.one(row), digest_size=8, key=self._seed).digest()
            hashes[row] = int.from_bytes(digest, "little")
        return hashes

    def _mixed(self, hashes: Hashes) -> Hashes:
        mixed: Hashes = hashes * self._first
        mixed ^= mixed >> _HALF
        mixed *= self._second
        return mixed

    def _same(self, spans: Spans, hashes: Hashes, rows: Rows, codes: Codes) -> Flags:
        """Whether the text in each row is the one with that number."""
        same: Flags = self._hashes[codes] == hashes[rows]
        if not same.all():
            likely = np.flatnonzero(same)
            same[likely] = self._equal(spans, rows[likely], codes[likely])
            return same
        return self._equal(spans, rows, codes)

    def _equal(self, spans: Spans, rows: Rows, codes: Codes) -> Flags:
        starts = self._starts[codes]
        known = Spans(self._pool, starts, self._starts[codes + 1] - starts)
        asked = Spans(spans.padded, spans.starts[rows], spans.lengths[rows])
        same: Flags = known.lengths == asked.lengths
        pending = None if same.all() else np.flatnonzero(same)
        for word in range(_LONG // 8):
            pending = asked.longer(8 * word, pending)
            if pending is None:
                right = known.word(word) == asked.word(word)
                if not right.all():
                    same &= right
                    pending = np.flatnonzero(same)
            elif len(pending):
                right = known.word(word, pending) == asked.word(word, pending)
                same[pending[~right]] = False
                pending = pending[right]
            else:
                return same
        rest = np.flatnonzero(same & (asked.lengths > _LONG))
        for at in rest.tolist():
            same[at] = known.one(at) == asked.one(at)
        return same


def _grown(numbers: npt.NDArray[_Number], size: int, used: int) -> npt.NDArray[_Number]:
    """The numbers that are used, in a larger array; memory for the others is taken as needed."""
    grown = np.empty(size, dtype=numbers.dtype)
    grown[:used] = numbers[:used]
    return grown
