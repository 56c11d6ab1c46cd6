"""A column of text to numbers, over a whole file, and to one dictionary without repetition."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.importers.tabular.blocks_text import Ints

Codes = npt.NDArray[np.int32]

#: Parts by which a column of many different texts is coded, so that the table of one part fits
#: into the processor's cache: at a million texts that is four times as fast, as measured.
PARTS: Final = 32
#: A column has many texts when its beginning repeats as little as if drawn from so many.
_MANY: Final = 200_000
_SAMPLE: Final = 50_000
_FEW: Final = 1_000
#: Letters that are held as text, at most, before they are coded.
_ROUND_BYTES: Final = 128 * 2**20
#: Arrow counts the letters of one array in 31 bits; offsets are counted along.
_MOST_BYTES: Final = 2**31 - 2**20


class Coding:
    """Codes several columns at once, block after block."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._coders: list[Coder] = []
        self._round: list[list[Future[Split]]] = []
        self._orders: list[Ints | None] = []
        self._held = 0

    def add(self, texts: Sequence[pa.StringArray], order: Ints | None = None) -> None:
        """The next block; `order` says which of its rows comes first, second and so on."""
        if not self._coders:
            self._coders = [Coder(_has_many(text)) for text in texts]
        self._round.append(
            [
                self._pool.submit(split, text, many=coder.many)
                for text, coder in zip(texts, self._coders, strict=True)
            ]
        )
        self._orders.append(order)
        self._held += sum(text.nbytes for text in texts)
        if self._held >= _ROUND_BYTES:
            self._code()

    def _code(self) -> None:
        columns = list(zip(*self._round, strict=True))
        self._round.clear()
        self._held = 0
        splits = [[each.result() for each in column] for column in columns]
        pairs = list(zip(self._coders, splits, strict=True))
        begun = [coder.begin(column, self._pool) for coder, column in pairs]
        for (coder, column), coded in zip(pairs, begun, strict=True):
            coder.finish(column, coded)

    def take(self, column: int) -> tuple[Codes, pa.StringArray]:
        """The code of every row, and the texts that the codes stand for; once for each column.

        Raises:
            OverflowError: more different text than one array of Arrow can hold.
        """
        if self._round:
            self._code()
        if not self._coders:
            return np.empty(0, np.int32), pa.array([], pa.string())
        return self._coders[column].take(self._orders)


def _has_many(text: pa.StringArray) -> bool:
    sample = text.slice(0, _SAMPLE)
    repeated = len(sample) - len(sample.unique())
    # Of n drawn out of m texts about n * n / (2 * m) are repeated, while n is small beside m.
    return len(sample) > _FEW and repeated * 2 * _MANY < len(sample) ** 2


@dataclass(frozen=True, slots=True)
class Split:
    """Texts by part: `part` tells it of every row, `rows` has the rows part by part."""

    pieces: tuple[pa.StringArray, ...]
    part: npt.NDArray[np.uint8] | None = None
    rows: Ints | None = None


def split(text: pa.StringArray, *, many: bool) -> Split:
    """The texts as `Coder.add` takes them; safe to call in several threads at a time."""
    if not many:
        return Split((text,))
    part = _part(text)
    rows = np.argsort(part, kind="stable")
    sorted_by_part = text.take(pa.array(rows))
    ends = np.cumsum(np.bincount(part, minlength=PARTS)).tolist()
    starts = [0, *ends[:-1]]
    pieces = [sorted_by_part.slice(a, b - a) for a, b in zip(starts, ends, strict=True)]
    return Split(tuple(pieces), part, rows)


def _part(text: pa.StringArray) -> npt.NDArray[np.uint8]:
    """A number below `PARTS` that depends on nothing but the text, spread if not evenly."""
    _, ends_buffer, bytes_buffer = text.buffers()
    bounds = np.frombuffer(ends_buffer, dtype=np.int32)[text.offset : text.offset + len(text) + 1]
    if bytes_buffer is None or bytes_buffer.size == 0:
        return np.zeros(len(text), dtype=np.uint8)
    letters = np.frombuffer(bytes_buffer, dtype=np.uint8)
    starts, ends = bounds[:-1], bounds[1:]
    lengths = ends - starts
    mixed = lengths.astype(np.uint16)
    # Names end alike (a domain) or begin alike (a prefix), so letters from several places count.
    # Those of a shorter text count more than once.
    for spot in (ends - 1, ends - 2, ends - 3, starts + lengths // 2, starts + lengths // 3):
        mixed *= np.uint16(0x6255)
        mixed += letters.take(np.maximum(spot, starts), mode="clip")
    mixed ^= mixed >> np.uint16(7)
    mixed[lengths == 0] = 0
    return (mixed % np.uint16(PARTS)).astype(np.uint8)


@dataclass(slots=True)
class Coder:
    """Codes one column, round by round. Inside a part the code of a text never changes."""

    many: bool
    _known: list[pa.StringArray] = field(default_factory=list)
    _codes: list[Codes] = field(default_factory=list)
    _parts: list[npt.NDArray[np.uint8] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = [pa.array([], pa.string())] * (PARTS if self.many else 1)

    def begin(self, splits: Sequence[Split], pool: Executor) -> list[Future[_Coded]]:
        """Has the next blocks coded, part by part; `finish` must follow before the next `begin`.

        Cost: hashes every text, and once more every one that is known.
        """
        return [
            pool.submit(_code, known, [each.pieces[part] for each in splits])
            for part, known in enumerate(self._known)
        ]

    def finish(self, splits: Sequence[Split], coded: Sequence[Future[_Coded]]) -> None:
        """Takes up what `begin` had coded."""
        done = [each.result() for each in coded]
        self._known = [known for known, _ in done]
        for block, each in enumerate(splits):
            codes = np.concatenate([codes[block] for _, codes in done])
            if each.rows is not None:
                codes[each.rows] = codes.copy()
            self._codes.append(codes)
            self._parts.append(each.part)

    def take(self, orders: Sequence[Ints | None]) -> tuple[Codes, pa.StringArray]:
        """The code of every row, block after block, each put into its order; and the texts.

        Raises:
            OverflowError: more different text than one array of Arrow can hold.
        """
        if sum(known.nbytes for known in self._known) > _MOST_BYTES:
            raise OverflowError
        before = np.cumsum([0, *map(len, self._known)])[:-1].astype(np.int32)
        for block, (part, order) in enumerate(zip(self._parts, orders, strict=True)):
            if part is not None:
                self._codes[block] += before[part]
            if order is not None:
                self._codes[block] = self._codes[block][order]
        codes = np.concatenate([np.empty(0, np.int32), *self._codes])
        self._codes.clear()
        return codes, pa.concat_arrays(self._known)


_Coded = tuple[pa.StringArray, list[Codes]]


def _code(known: pa.StringArray, pieces: Sequence[pa.StringArray]) -> _Coded:
    # Arrow drops empty chunks.
    coded = pa.chunked_array([each for each in (known, *pieces) if len(each)], pa.string())
    chunks = iter(coded.dictionary_encode().chunks)
    if len(known):
        # The known texts come first and differ, so each is its own code, in this round as before.
        known = next(chunks).dictionary
    codes = []
    for each in pieces:
        chunk = next(chunks) if len(each) else None
        codes.append(np.empty(0, np.int32) if chunk is None else np.asarray(chunk.indices))
        known = known if chunk is None else chunk.dictionary
    return known, codes
