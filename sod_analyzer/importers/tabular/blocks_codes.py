"""Columns of text to numbers, over a whole file, and to one dictionary each without repetition."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.errors import InputError, SourceRef
from sod_analyzer.importers.tabular.blocks_text import Ints
from sod_analyzer.model.memory import give_back

#: Numbers of any width that is enough.
Codes = npt.NDArray[np.signedinteger[Any]]
Coded = tuple[Codes, pa.StringArray]
_Number = TypeVar("_Number", bound=np.integer[Any])

#: Parts by which a column of many different texts is coded, so that the table of one part fits
#: into the processor's cache: at a million texts that is four times as fast, as measured.
PARTS: Final = 32
#: A column has many texts when its beginning repeats as little as if drawn from so many.
_MANY: Final = 200_000
_SAMPLE: Final = 50_000
_FEW: Final = 1_000
#: Bytes that are held as text, at most, before they are coded.
_ROUND_BYTES: Final = 64 * 2**20
#: Rows that are looked at in one go, where a copy of all would be large.
_STEP: Final = 2**18
#: Arrow counts the letters of one array in 31 bits; offsets are counted along.
_MOST_BYTES: Final = 2**31 - 2**20


class Coding:
    """Codes several columns at once, block after block; `most` is how many rows there may be."""

    def __init__(self, names: Sequence[str], path: str, pool: Executor, *, most: int) -> None:
        self._names = names
        self._path = path
        self._pool = pool
        self._most = most
        self._coders: list[Coder] = []
        self._round: list[list[Future[Split]]] = []
        self._orders: list[Ints | None] = []
        self._held = 0

    def add(self, texts: Sequence[pa.StringArray], order: Ints | None = None) -> None:
        """The next block; `order` says which of its rows comes first, second and so on."""
        if not self._coders:
            self._coders = [Coder(self._most, many=_has_many(text)) for text in texts]
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
            # The texts of a round leave holes that those of the next do not fit into.
            give_back()

    def _code(self) -> None:
        columns = list(zip(*self._round, strict=True))
        self._round.clear()
        self._held = 0
        splits = [[each.result() for each in column] for column in columns]
        pairs = list(zip(self._coders, splits, strict=True))
        begun = [coder.begin(column, self._pool) for coder, column in pairs]
        for (coder, column), coded in zip(pairs, begun, strict=True):
            coder.finish(column, coded, self._orders)
        self._orders.clear()

    def take(self) -> list[Coded]:
        """Of every column the code of each row, and the texts that the codes stand for.

        Raises:
            InputError: more different text than one array of Arrow can hold.
        """
        if self._round:
            self._code()
        coders = self._coders or [Coder(0, many=False) for _ in self._names]
        for name, coder in zip(self._names, coders, strict=True):
            if coder.nbytes > _MOST_BYTES:
                raise InputError(
                    f"column '{name}' holds more than 2 GiB of different text",
                    where=SourceRef(self._path),
                )
        return list(self._pool.map(Coder.take, coders))


def _has_many(text: pa.StringArray) -> bool:
    sample = text.slice(0, _SAMPLE)
    repeated = len(sample) - len(sample.unique())
    # Of n drawn out of m texts about n * n / (2 * m) are repeated, while n is small beside m.
    return len(sample) > _FEW and repeated * 2 * _MANY < len(sample) ** 2


@dataclass(frozen=True, slots=True)
class Split:
    """A block's texts, part by part; `rows` and `part` tell of each where it stood and its part.

    Without `rows` each stands where it stood. Rows that are not named are empty.
    """

    count: int
    pieces: tuple[pa.StringArray, ...]
    rows: npt.NDArray[np.int32] | None = None
    part: npt.NDArray[np.uint8] | None = None


def split(text: pa.StringArray, *, many: bool) -> Split:
    """The texts as `Coder.begin` takes them; safe to call in several threads at a time."""
    count = len(text)
    rows = None
    filled = np.flatnonzero(np.diff(_bounds(text)))
    if 2 * len(filled) < count:  # in many columns most cells are empty
        rows = filled.astype(np.int32)
        text = text.take(pa.array(rows))
    if not many:
        return Split(count, (text,), rows)
    part = _part(text)
    order = np.argsort(part, kind="stable").astype(np.int32)
    text = text.take(pa.array(order))
    ends = np.cumsum(np.bincount(part, minlength=PARTS)).tolist()
    pieces = [text.slice(a, b - a) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return Split(count, tuple(pieces), order if rows is None else rows[order], part[order])


def _bounds(text: pa.StringArray) -> npt.NDArray[np.int32]:
    """Where each text begins, and where the last one ends."""
    bounds = np.frombuffer(text.buffers()[1] or b"", dtype=np.int32)
    return bounds[text.offset : text.offset + len(text) + 1]


def _part(text: pa.StringArray) -> npt.NDArray[np.uint8]:
    """A number below `PARTS` that depends on nothing but the text, spread if not evenly.

    That of the empty text is 0.
    """
    letters = np.frombuffer(text.buffers()[2] or b"\0", dtype=np.uint8)
    bounds = _bounds(text)
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


class Coder:
    """Codes one column, round by round. Inside a part the code of a text never changes."""

    def __init__(self, most: int, *, many: bool) -> None:
        self.many = many
        nothing = pa.array([], pa.string())
        # The empty text has the code 0 and the part 0, whether it occurs or not.
        self._known = [pa.array([""]), *[nothing] * (PARTS - 1 if many else 0)]
        # In one piece from the beginning: small ones would leave holes in memory when they go.
        self._codes: Codes = np.empty(most, dtype=np.int8)
        self._part = np.empty(most if many else 0, dtype=np.uint8)
        self._end = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all texts known."""
        return sum(known.nbytes for known in self._known)

    def begin(self, splits: Sequence[Split], pool: Executor) -> list[Future[_Part]]:
        """Has the next blocks coded, part by part; `finish` must follow before the next `begin`.

        Cost: hashes every text, and once more every one that is known.
        """
        return [
            pool.submit(code, known, [each.pieces[part] for each in splits])
            for part, known in enumerate(self._known)
        ]

    def finish(
        self,
        splits: Sequence[Split],
        coded: Sequence[Future[_Part]],
        orders: Sequence[Ints | None],
    ) -> None:
        """Takes up what `begin` had coded, each block put into its order."""
        done = [each.result() for each in coded]
        self._known = [known for known, _ in done]
        self._widen(max(map(len, self._known)))
        for block, (each, order) in enumerate(zip(splits, orders, strict=True)):
            found = np.concatenate([codes[block] for _, codes in done])
            rows = slice(self._end, self._end + each.count)
            self._end += each.count
            self._codes[rows] = _spread(found, each, order)
            if self.many:
                self._part[rows] = 0 if each.part is None else _spread(each.part, each, order)

    def _widen(self, count: int) -> None:
        width = next(w for w in (np.int8, np.int16, np.int32) if count <= np.iinfo(w).max)
        if np.iinfo(width).max > np.iinfo(self._codes.dtype).max:
            wider: Codes = np.empty(len(self._codes), dtype=width)
            wider[: self._end] = self._codes[: self._end]
            self._codes = wider

    def take(self) -> Coded:
        """The code of every row, and the texts; once."""
        before = np.cumsum([0, *map(len, self._known)])
        self._widen(int(before[-1]))
        codes = self._codes[: self._end]
        if self.many:
            first = before[:-1].astype(codes.dtype)
            for start in range(0, len(codes), _STEP):
                rows = slice(start, start + _STEP)
                codes[rows] += first[self._part[: self._end][rows]]
        known, self._known = self._known, []
        return codes, pa.concat_arrays(known)


def _spread(found: npt.NDArray[_Number], each: Split, order: Ints | None) -> npt.NDArray[_Number]:
    """What was found about the rows of a block, in the order of its rows."""
    if each.rows is not None:
        spread = np.zeros(each.count, dtype=found.dtype)
        spread[each.rows] = found
        found = spread
    return found if order is None else found[order]


_Part = tuple[pa.StringArray, list[npt.NDArray[np.int32]]]


def code(known: pa.StringArray, pieces: Sequence[pa.StringArray]) -> _Part:
    """All distinct texts, the known ones first, and the place of each text of the pieces."""
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
