"""Texts by column: words that repeat are numbers, and lists are joined without a loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.explain.names import flat
from sod_analyzer.graph.closure import Keys, spans
from sod_analyzer.model.finding import REPORT_TABLES

Bits = npt.NDArray[np.bool_]

#: A row that says nothing.
NOTHING = -1
#: Combinations of so many bits are told apart by counting.
_FEW = 16


class Lexicon:
    """Texts with numbers, each text once where it is told by itself."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._pieces: list[pa.Array] = []
        self._told: list[str] = []
        self._size = 0

    def number(self, text: str | None) -> int:
        """The number of a text; `NOTHING` for none."""
        if text is None:
            return NOTHING
        found = self._number.get(text)
        if found is None:
            found = self._number[text] = self._size
            self._told.append(text)
            self._size += 1
        return found

    def numbers(self, texts: Iterable[str | None]) -> Keys:
        """The numbers of several texts."""
        return np.array([self.number(text) for text in texts], dtype=np.int64)

    def take_in(self, texts: pa.Array) -> int:
        """The number of the first of further texts, which follow each other."""
        self._close()
        self._pieces.append(texts)
        start, self._size = self._size, self._size + len(texts)
        return start

    def text(self, number: int) -> str:
        """One text."""
        return str(self.array()[number].as_py())

    def array(self) -> pa.Array:
        """Every text, by number."""
        self._close()
        return pa.concat_arrays([pa.array([], pa.string()), *self._pieces])

    def _close(self) -> None:
        if self._told:
            self._pieces.append(pa.array(self._told, pa.string()))
            self._told = []


class Rows:
    """For each row a number; columns whose words have the same numbers share them."""

    def __init__(self, number: npt.NDArray[Any]) -> None:
        #: Below zero for a row that says nothing.
        self.number = number.astype(np.int32, copy=False)
        nothing = len(number) > 0 and self.number.min() < 0
        self.index = pa.array(self.number, mask=self.number < 0 if nothing else None)

    def words(self, texts: pa.Array | Sequence[str | None]) -> pa.DictionaryArray:
        """The column of these texts, by their numbers; a null text is null."""
        if not isinstance(texts, pa.Array):
            texts = pa.array(texts, pa.string())
        if not texts.null_count:
            return pa.DictionaryArray.from_arrays(self.index, texts)
        known = np.append(texts.is_valid().to_numpy(zero_copy_only=False), False)
        index = pa.array(self.number, mask=~known[self.number])
        return pa.DictionaryArray.from_arrays(index, texts)


def words(number: npt.NDArray[Any], texts: pa.Array | Sequence[str | None]) -> pa.DictionaryArray:
    """A column of words from their numbers; a negative number is null."""
    return Rows(number).words(texts)


def few(number: npt.NDArray[Any], texts: Sequence[str]) -> pa.DictionaryArray:
    """A column of very few words, in a byte each."""
    return pa.DictionaryArray.from_arrays(pa.array(number.astype(np.int8, copy=False)), texts)


def taken(column: pa.ChunkedArray, rows: Keys) -> pa.Array:
    """Some rows of a column, its words as plain texts.

    Cost: of the rows asked for; a dictionary is neither opened nor joined with another.
    """
    if column.num_chunks == 1:
        return flat(column.chunk(0).take(pa.array(rows)))
    ends = np.cumsum([len(chunk) for chunk in column.chunks], dtype=np.int64)
    of_chunk = np.searchsorted(ends, rows, side="right")
    order = np.argsort(of_chunk, kind="stable")
    bounds = np.searchsorted(of_chunk[order], np.arange(column.num_chunks + 1))
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    pieces = [pa.array([], plain)]
    for number, chunk in enumerate(column.chunks):
        mine = order[bounds[number] : bounds[number + 1]]
        if len(mine):
            begins = int(ends[number]) - len(chunk)
            pieces.append(flat(chunk.take(pa.array(rows[mine] - begins))))
    whole = pa.concat_arrays(pieces)
    if np.array_equal(order, np.arange(len(rows))):
        return whole
    back = np.empty(len(rows), dtype=np.int64)
    back[order] = np.arange(len(rows))
    return whole.take(pa.array(back))


def lists(first: Keys, texts: pa.Array, between: str) -> pa.Array:
    """Texts joined list by list; list n is `first[n]` up to `first[n + 1]`. An empty one is ""."""
    if len(first) == 1:
        return pa.array([], pa.string())
    offsets = pa.array(first.astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, texts), between)


def offsets_of(owner: npt.NDArray[np.integer[Any]], owners: int) -> Keys:
    """Where the rows of each owner begin; `owner` ascends."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=owners))]).astype(np.int64)


def distinct_rows(columns: Sequence[npt.NDArray[Any]]) -> tuple[Keys, Keys]:
    """Of parallel columns: a row for each distinct combination, and the number of each row's.

    Cost: one sort per column.
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for place, column in enumerate(columns):
        values, number = np.unique(column, return_inverse=True)
        if place:
            _, number = np.unique(code * len(values) + number, return_inverse=True)
        code = number.astype(np.int64)
    return _first_of(code), code


def distinct_bits(bits: Bits) -> tuple[Keys, Keys]:
    """Of rows of bits: a row for each distinct combination, and the number of each row's."""
    if bits.shape[1] > _FEW:
        return distinct_rows(list(np.packbits(bits, axis=1).T))
    code = np.zeros(len(bits), dtype=np.int64)
    for number, column in enumerate(bits.T):
        code |= column.astype(np.int64) << number
    _, (number_of,) = dense(1 << bits.shape[1], code)
    return _first_of(number_of.astype(np.int64)), number_of.astype(np.int64)


def _first_of(code: Keys) -> Keys:
    """The first row of each number."""
    shown = np.zeros(int(code.max(initial=-1)) + 1, dtype=np.int64)
    shown[code[::-1]] = np.arange(len(code))[::-1]
    return shown


def dense(size: int, *columns: npt.NDArray[Any]) -> tuple[Keys, list[npt.NDArray[np.int32]]]:
    """The distinct numbers below `size` that occur, ascending, and each column as places in them.

    Cost: five bytes for every number that could occur; nothing is sorted.
    """
    occurs = np.zeros(size, dtype=bool)
    for column in columns:
        occurs[column] = True
    values = np.flatnonzero(occurs)
    place = np.zeros(size, dtype=np.int32)
    place[values] = np.arange(len(values))
    return values, [place[column] for column in columns]


def rearranged(first: Keys, order: Keys) -> tuple[Keys, Keys]:
    """Lists in another order: the rows of all of them, and where each list now begins."""
    _, rows = spans(first[order], first[order + 1])
    length = np.diff(first)[order]
    return rows, np.concatenate([[0], np.cumsum(length)]).astype(np.int64)


def put(columns: Sequence[str | pa.Array], rows: int) -> pa.Array:
    """Row by row, the pieces put together; a plain text is the same in every row."""
    if not rows:
        return pa.array([], pa.string())
    if all(isinstance(piece, str) for piece in columns):
        return pa.repeat(pa.scalar("".join(str(piece) for piece in columns)), rows)
    return pc.binary_join_element_wise(*columns, "")


def shaped(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """A table of the report from its columns, whether they are words or texts.

    Raises:
        KeyError: a column is missing.
    """
    schema = REPORT_TABLES[name]
    return pa.table([_shaped(columns[field.name], field.type) for field in schema], schema=schema)


def _shaped(column: Any, kind: pa.DataType) -> pa.Array:
    values = column if isinstance(column, pa.Array) else pa.array(column)
    if values.type == kind:
        return values
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(values.type):
        return values.dictionary_encode()
    return values.cast(kind)
