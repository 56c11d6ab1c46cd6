"""A column of a Parquet file to numbers, over the whole file, and to one dictionary of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from sod_analyzer.importers.tabular.parquet_text import faults, texts_of
from sod_analyzer.importers.tabular.words import Codes, Rows

#: Bytes of dictionaries that wait before they become one.
_ROUND_BYTES = 64 * 2**20

Fault = tuple[str, str]
Narrow = npt.NDArray[np.signedinteger]


class ColumnCoder:
    """Codes one column, piece by piece. The code 0 is the empty text, and that of a null.

    Most pieces share the dictionary of their row group, and each dictionary is looked at once.
    """

    def __init__(self, most: int) -> None:
        self._codes: Narrow = np.empty(most, dtype=np.int8)
        self._end = 0
        self._known = pa.array([""])
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
        if sum(texts.nbytes for texts in self._waiting) > _ROUND_BYTES:
            self._merge()
        texts, found = faults(texts_of(dictionary))
        self._waiting.append(texts)
        self._last = dictionary, found
        return found

    def _merge(self) -> None:
        """Makes the dictionaries that wait part of the one."""
        chunks = [self._known, *self._waiting]
        filled = iter(
            pa.chunked_array([each for each in chunks if len(each)], pa.string())
            .dictionary_encode()
            .chunks
        )
        self._known = next(filled).dictionary
        places: list[Codes] = []
        for each in self._waiting:
            place = np.zeros(len(each) + 1, dtype=np.int32)  # the last for null: the empty text
            if len(each):
                chunk = next(filled)
                place[:-1] = np.asarray(chunk.indices)
                self._known = chunk.dictionary
            places.append(place)
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
        return self._codes[:count], self._known


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
