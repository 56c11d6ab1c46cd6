"""A column of a Parquet file to numbers, over the whole file, and to one dictionary of texts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from sod_analyzer.importers.tabular.blocks_codes import Split, code, split
from sod_analyzer.importers.tabular.parquet_text import faults, texts_of
from sod_analyzer.importers.tabular.words import Codes, Rows
from sod_analyzer.model.memory import give_back

#: Bytes of dictionaries that wait before they become one, at least.
_ROUND_BYTES = 64 * 2**20
#: More texts than this are kept in parts.
_MANY = 2**16
_THREADS = 2

Fault = tuple[str, str]
Narrow = npt.NDArray[np.signedinteger]


class ColumnCoder:
    """Codes one column, piece by piece. The code 0 is the empty text, and that of a null.

    Most pieces share the dictionary of their row group, and each dictionary is looked at once.
    """

    def __init__(self, most: int) -> None:
        self._codes: Narrow = np.empty(most, dtype=np.int8)
        self._end = 0
        self._known = Numbered()
        self._last: tuple[pa.Array, dict[int, Fault]] | None = None
        self._waiting: list[pa.Array] = []
        self._pieces: list[tuple[int, int, int]] = []  # begin, end, which of those that wait

    def add(self, cells: pa.Array, rows: Rows | None = None) -> list[tuple[int, Fault]]:
        """The next cells, or these of them; gives place and fault of those that are no text.

        Raises:
            ValueError: a cell points beyond its dictionary.
        """
        coded = cells if types.is_dictionary(cells.type) else cells.dictionary_encode()
        found = self._faults(coded.dictionary)
        codes = _indices(coded)
        if rows is not None:
            codes = codes[rows]
        self._widen(len(coded.dictionary))
        begin, self._end = self._end, self._end + len(codes)
        self._codes[begin : self._end] = codes
        self._pieces.append((begin, self._end, len(self._waiting) - 1))
        if not found:
            return []
        odd = np.zeros(len(coded.dictionary) + 1, dtype=np.bool_)
        odd[list(found)] = True
        return [
            (begin + int(place), found[int(codes[place])]) for place in np.flatnonzero(odd[codes])
        ]

    def _faults(self, dictionary: pa.Array) -> dict[int, Fault]:
        """Has a dictionary wait, if it is not the last one again; what is wrong in it."""
        if self._last is not None and self._waiting and _same(self._last[0], dictionary):
            return self._last[1]
        # Whatever waits is put beside all that is known: that should be worth it.
        most = max(_ROUND_BYTES, self._known.nbytes // 2)
        if sum(texts.nbytes for texts in self._waiting) > most:
            self._merge()
            give_back()
        texts, found = faults(texts_of(dictionary))
        self._waiting.append(texts)
        self._last = dictionary, found
        return found

    def _merge(self) -> None:
        """Makes the dictionaries that wait part of the one."""
        places = self._known.add(self._waiting)
        self._widen(len(self._known))
        for begin, end, which in self._pieces:
            self._codes[begin:end] = places[which][self._codes[begin:end]]
        self._waiting, self._pieces, self._last = [], [], None

    def _widen(self, count: int) -> None:
        """Makes room for numbers below this one; most columns need little."""
        width = next(w for w in (np.int8, np.int16, np.int32) if count <= np.iinfo(w).max)
        if np.dtype(width).itemsize > self._codes.itemsize:
            wider: Narrow = np.empty(len(self._codes), dtype=width)
            wider[: self._end] = self._codes[: self._end]
            self._codes = wider

    def take(self, count: int) -> tuple[Narrow, pa.Array]:
        """The codes of the first cells, and the texts that they stand for."""
        self._merge()
        return self._codes[:count], self._known.texts()


class Numbered:
    """Distinct texts by number, of which 0 is the empty one.

    Many are kept in parts by what they look like, so that the table of one part fits into the
    processor's cache.
    """

    def __init__(self) -> None:
        self._parts: list[pa.Array] = [pa.array([""])]
        self._numbers: list[Codes] = [np.zeros(1, dtype=np.int32)]
        self._count = 1

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes of all texts."""
        return sum(part.nbytes for part in self._parts)

    def add(self, lots: Sequence[pa.Array]) -> list[Codes]:
        """The number of each text of each lot, new ones included; and 0 at the end of each."""
        if not lots:
            return []
        if len(self._parts) == 1 and self._count + sum(map(len, lots)) > _MANY:
            self._part()
        with ThreadPoolExecutor(_THREADS) as pool:
            splits = list(pool.map(self._split, lots))
            coded = list(pool.map(partial(self._coded, splits), range(len(self._parts))))
        places = [np.zeros(len(each) + 1, dtype=np.int32) for each in lots]
        done = [0] * len(lots)
        for part, (known, codes) in enumerate(coded):
            more = len(known) - len(self._parts[part])
            new = np.arange(self._count, self._count + more, dtype=np.int32)
            number = self._numbers[part] = np.append(self._numbers[part], new)
            self._parts[part] = known
            self._count += more
            for lot, (each, found) in enumerate(zip(splits, codes, strict=True)):
                here = slice(done[lot], done[lot] + len(found))
                done[lot] = here.stop
                rows = here if each.rows is None else each.rows[here]
                places[lot][rows] = number[found]
        return places

    def texts(self) -> pa.Array:
        """All of them, in the order of their numbers."""
        if len(self._parts) == 1:
            return self._parts[0]
        place = np.empty(self._count, dtype=np.int32)
        place[np.concatenate(self._numbers)] = np.arange(self._count, dtype=np.int32)
        return pa.concat_arrays(self._parts).take(pa.array(place))

    def _part(self) -> None:
        """Cuts what is known into parts; the empty text is the first one of the first part."""
        cut = split(self._parts[0].slice(1), many=True)
        rows = np.arange(len(self._parts[0]) - 1) if cut.rows is None else cut.rows
        ends = np.cumsum([len(piece) for piece in cut.pieces])
        self._numbers = np.split(self._numbers[0][1:][rows], ends[:-1])
        self._numbers[0] = np.append(np.int32(0), self._numbers[0])
        self._parts = [pa.concat_arrays([pa.array([""]), cut.pieces[0]]), *cut.pieces[1:]]

    def _split(self, texts: pa.Array) -> Split:
        return split(texts, many=len(self._parts) > 1)

    def _coded(self, splits: Sequence[Split], part: int) -> tuple[pa.Array, list[Codes]]:
        return code(self._parts[part], [each.pieces[part] for each in splits])


def _indices(coded: pa.DictionaryArray) -> Codes:
    """The place in its dictionary of each cell, -1 for null."""
    indices = coded.indices
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(-1)
    codes = np.asarray(indices)
    if len(codes) and int(codes.max()) >= len(coded.dictionary):
        raise ValueError("a cell points beyond its dictionary")
    if len(codes) and int(codes.min()) < -1:
        raise ValueError("a cell points before its dictionary")
    found: Codes = codes.astype(np.int32, copy=False)
    return found


def _same(one: pa.Array, other: pa.Array) -> bool:
    if len(one) != len(other) or one.type != other.type:
        return False
    return _places(one) == _places(other) or bool(one.equals(other))


def _places(values: pa.Array) -> Sequence[object]:
    buffers = values.buffers()
    return [values.offset, *(None if each is None else each.address for each in buffers)]
