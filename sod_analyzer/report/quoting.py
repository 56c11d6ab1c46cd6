"""Texts as JSON and as CSV, by column: kernels change what needs changing, the rest is copied."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import Codes, Owners, flat, narrowed, plain, taken, words

_ENCODER = json.JSONEncoder(ensure_ascii=False)

#: What a spreadsheet may take a cell for a formula by, however many apostrophes are before it.
_LEAD = "^'*[=+\\-@\\t\\r\\n\\x00\uff1d\uff0b\uff0d\uff20]"
FORMULA_LEAD = re.compile(_LEAD)

#: Counts up to here are looked up, which takes a third of the time of writing each.
_SMALL = 1_000
_QUOTE, _BACKSLASH, _SPACE = ord('"'), ord("\\"), ord(" ")


def json_string(value: str) -> str:
    """One text as RFC 8785 writes it: short escapes, everything else as it is."""
    return _ENCODER.encode(value)


def pieced(*parts: str | pa.Array) -> pa.Array:
    """Row by row, the parts put together; a plain text is the same in every row.

    One array at least; null where any of them is null.
    """
    merged: list[str | pa.Array] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif not (isinstance(part, str) and not part):
            merged.append(part)
    return pc.binary_join_element_wise(*merged, "")


def octets(texts: pa.Array) -> pa.Buffer:
    """The bytes of all texts, one after another, without copying them; no text is null.

    Texts that were just put together lie so in memory.
    """
    _, offsets, joined = texts.buffers()
    if not len(texts) or joined is None:
        return pa.py_buffer(b"")
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return joined.slice(int(ends[0]), int(ends[-1] - ends[0]))


def grouped(texts: pa.Array, starts: npt.NDArray[np.int64]) -> pa.Array:
    """The texts of each group put together, without copying them; no text is null.

    `starts` are the first rows of the groups, and at the end the number of rows.
    """
    _, offsets, joined = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    bounds = pa.py_buffer(np.ascontiguousarray(ends[starts]))
    return pa.StringArray.from_buffers(len(starts) - 1, bounds, joined)


def _as_it_is(texts: pa.Array) -> pa.Array:
    return texts


class Written(Protocol):
    """A column as it is written."""

    def of(self, rows: Owners | slice) -> pa.Array:
        """The texts of some rows; -1 is a row of null."""
        ...


@dataclass(frozen=True, slots=True)
class _OfWords:
    codes: Codes  # and at the end that of null
    texts: pa.Array  # and at the end what is written for null

    def of(self, rows: Owners | slice) -> pa.Array:
        codes = self.codes[:-1][rows] if isinstance(rows, slice) else self.codes[rows]
        return self.texts.take(pa.array(codes))


@dataclass(frozen=True, slots=True)
class _OfRows:
    column: pa.ChunkedArray
    write: Callable[[pa.Array], pa.Array]
    null: str | None

    def of(self, rows: Owners | slice) -> pa.Array:
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self.column))
            values = flat(self.column.slice(start, stop - start))
        else:
            values = taken(self.column, rows)
        texts = self.write(values)
        return texts if self.null is None else texts.fill_null(self.null)


@dataclass(frozen=True, slots=True)
class _Nothing:
    rows: int
    null: str | None

    def of(self, rows: Owners | slice) -> pa.Array:
        count = len(range(self.rows)[rows]) if isinstance(rows, slice) else len(rows)
        return pa.repeat(pa.scalar(self.null, pa.string()), count)


def written(
    column: pa.ChunkedArray,
    write: Callable[[pa.Array], pa.Array] = _as_it_is,
    null: str | None = None,
) -> Written:
    """A column as a function writes it: words of a dictionary once, other values row by row."""
    if column.null_count == len(column):
        return _Nothing(len(column), null)
    if not pa.types.is_dictionary(column.type):
        return _OfRows(column, write, null)
    coded = narrowed(words(column))
    codes = np.append(coded.codes, np.int32(len(coded.texts)))
    return _OfWords(codes, with_null(write(coded.texts), null))


def with_null(texts: pa.Array, null: str | None = "null") -> pa.Array:
    """The texts and at the end what is written for null."""
    return pa.concat_arrays([texts, pa.array([null], pa.string())])


def number_texts(values: pa.Array, end: str = "") -> pa.Array:
    """Counts and flags as texts, with what stands behind each; null stays null."""
    if pa.types.is_integer(values.type) and values.null_count < len(values):
        span = pc.min_max(values)
        if span["min"].as_py() >= 0 and span["max"].as_py() < _SMALL:
            return _small(end).take(values)
    texts = values.cast(pa.string())
    return pieced(texts, end) if end else texts


@cache
def _small(end: str) -> pa.Array:
    return pa.array([f"{number}{end}" for number in range(_SMALL)], pa.string())


def json_texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Each text of the column as JSON, null as `null`."""
    quoted = pieced('"', json_escaped(plain(column)), '"')
    return quoted.fill_null("null") if quoted.null_count else quoted


def csv_texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Each text of the column as a field of CSV, null as an empty one."""
    quoted = pieced('"', csv_escaped(plain(column)), '"')
    return quoted.fill_null("") if quoted.null_count else quoted


def _bytes_of(texts: pa.Array) -> npt.NDArray[np.uint8]:
    return np.frombuffer(octets(texts), np.uint8)


def json_escaped(texts: pa.Array) -> pa.Array:
    """Each text as it stands between the quotes of JSON; null stays null."""
    found = _bytes_of(texts)
    controls = found[found < _SPACE]
    if (found == _BACKSLASH).any():
        texts = pc.replace_substring(texts, "\\", "\\\\")
    if (found == _QUOTE).any():
        texts = pc.replace_substring(texts, '"', '\\"')
    for code in np.flatnonzero(np.bincount(controls, minlength=1)):
        character = chr(code)
        texts = pc.replace_substring(texts, character, json_string(character)[1:-1])
    return texts


def csv_escaped(texts: pa.Array) -> pa.Array:
    """Each text as it stands between the quotes of CSV; null stays null."""
    leads = pc.match_substring_regex(texts, _LEAD)
    if pc.any(leads).as_py():
        texts = pc.if_else(leads, pieced("'", texts), texts)
    if (_bytes_of(texts) == _QUOTE).any():
        texts = pc.replace_substring(texts, '"', '""')
    return texts
