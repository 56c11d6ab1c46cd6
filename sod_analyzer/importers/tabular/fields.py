"""The fields of a mapping over the rows of a block: a number per row, and texts per number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.importers.tabular.blocks import Block
from sod_analyzer.importers.tabular.statements import Fact, Numbers, firsts
from sod_analyzer.importers.tabular.table import Notes
from sod_analyzer.importers.tabular.values import Part, TextField, TextRule
from sod_analyzer.importers.tabular.words import (
    Codes,
    Flags,
    Rows,
    Words,
    clean_all,
    trimmed,
)
from sod_analyzer.model.access import Hides

T = TypeVar("T")


class Field:
    """One field of a mapping, which reads block after block of a file."""

    def __init__(self, name: str, reader: TextField) -> None:
        self.name = name
        self.rule: TextRule = reader.rule
        self._parts: tuple[Part, ...] = reader.parts
        self._columns = tuple(part for part in self._parts if isinstance(part, int))
        self.words: Words | None = None
        self._made: dict[str, Any] = {}

    def read(self, block: Block) -> Read:
        """The field over this block. Cleaned texts are kept from block to block where they can."""
        if len(self._columns) > 1:
            codes, texts = self._combined(block)
            self.words, self._made = clean_all(self.rule, texts), {}
            return Read(self, self.words, codes, len(block.records))
        coded = block.cells[self._columns[0]] if self._columns else None
        if self.words is None:
            self.words = self._cleaned(None if coded is None else coded.dictionary)
        raw = None if coded is None else np.asarray(coded.indices)
        return Read(self, self.words, raw, len(block.records))

    def _cleaned(self, dictionary: pa.Array | None) -> Words:
        if not self._parts:
            found = self.rule.clean(())
            only = pa.array(found.values, pa.string())
            return Words(only, only, None, np.zeros(1, dtype=np.int32))
        if len(self._parts) == 1 and dictionary is not None:
            return clean_all(self.rule, dictionary)
        texts = self._joined([dictionary for _ in self._columns])
        distinct = texts.dictionary_encode()
        return _through(clean_all(self.rule, distinct.dictionary), np.asarray(distinct.indices))

    def _combined(self, block: Block) -> tuple[Codes, pa.Array]:
        """The different combinations of several columns, joined, and the one of each row."""
        cells = [block.cells[index] for index in self._columns]
        codes, first = combine(
            [(np.asarray(cell.indices), len(cell.dictionary)) for cell in cells if cell is not None]
        )
        texts = self._joined(
            [
                cell.dictionary.take(pa.array(np.asarray(cell.indices)[first]))
                for cell in cells
                if cell is not None
            ]
        )
        distinct = texts.dictionary_encode()
        return np.asarray(distinct.indices)[codes], distinct.dictionary

    def _joined(self, texts: Sequence[pa.Array | None]) -> pa.Array:
        """The parts side by side, trimmed; an empty text where one of them is empty."""
        columns = iter(texts)
        pieces: list[pa.Array | str] = []
        size = next((len(each) for each in texts if each is not None), 1)
        for part in self._parts:
            column = next(columns) if isinstance(part, int) else None
            pieces.append(part.strip() if isinstance(part, str) else trimmed(column))
        if not self._columns:
            pieces = [pa.array([piece], pa.string()) for piece in pieces]
        separated: list[pa.Array | str] = []
        for piece in pieces:
            separated += [self.rule.column.separator, piece] if separated else [piece]
        found = pc.binary_join_element_wise(*separated, "")
        for piece in pieces:
            if isinstance(piece, str):
                found = found if piece else pa.array([""] * size, pa.string())
            else:
                found = pc.if_else(pc.equal(piece, ""), "", found)
        return found

    def keep(self, name: str, words: Words, make: Callable[[], T]) -> T:
        """What `make` gives, made once for these words."""
        if words is not self.words:
            return make()
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found


def _through(words: Words, place: Codes) -> Words:
    """The words of texts that stand at these places among those cleaned."""
    several = words.several
    if several is not None:
        several = type(several)(several.counts[place], several.starts[place], several.flat)
    unlisted = (
        {
            raw: words.unlisted[int(code)]
            for raw, code in enumerate(place)
            if int(code) in words.unlisted
        }
        if words.unlisted
        else {}
    )
    first = words.words(place)
    return Words(words.written, words.values, words.value_of, first, None, several, unlisted)


def combine(columns: Sequence[tuple[Codes, int]]) -> tuple[Codes, Numbers]:
    """Numbers for the different combinations of these columns of numbers below a size each.

    Gives each row's number, and the first row of each number. Cost: a table of all combinations
    where they are not many more than rows, else a hash of each row.
    """
    codes, size = columns[0]
    packed: npt.NDArray[np.integer] = codes
    for further, count in columns[1:]:
        if size * count >= 1 << 62:
            coded = pa.array(packed).dictionary_encode()
            packed, size = np.asarray(coded.indices), len(coded.dictionary)
        packed = packed.astype(np.int64) * count + further
        size *= count
    if size > max(4 * len(packed), 1 << 16):
        coded = pa.array(packed).dictionary_encode()
        found = np.asarray(coded.indices)
        return found, firsts(found, len(coded.dictionary))
    first = firsts(packed, size)
    used = np.flatnonzero(first >= 0)
    place = np.zeros(size, dtype=np.int32)
    place[used] = np.arange(len(used))
    return place[packed], first[used]


@dataclass(frozen=True, slots=True)
class Read:
    """A field over some rows: `raw` numbers texts that `words` has cleaned."""

    field: Field
    words: Words
    raw: Codes | None  # None: text 0 in every row
    count: int

    def of(self, kept: Flags) -> Read:
        """The field over the rows of this mask."""
        count = int(np.count_nonzero(kept))
        return Read(self.field, self.words, None if self.raw is None else self.raw[kept], count)

    @property
    def texts(self) -> int:
        """How many raw texts there are."""
        words = self.words
        return len(words.written) if words.first is None else len(words.first)

    def by_text(self) -> Codes:
        """The value of each raw text, -1 for none."""

        def make() -> Codes:
            words = self.words
            every = np.arange(self.texts, dtype=np.int32)
            found: Codes = words.value(words.words(every)).astype(np.int32)
            return found

        return self.field.keep("value", self.words, make)

    def values(self) -> Codes:
        """The first value of each row; -1 for none."""
        found: Codes = np.asarray(np.broadcast_to(self.pick(self.by_text()), self.count))
        return found

    def pick(self, by_text: npt.NDArray[Any]) -> Any:
        """What each row's text has in this array; one number if all rows have the same text."""
        return by_text[0] if self.raw is None else by_text[self.raw]

    def fact(self, cells: Mapping[str, pa.Array], by_text: Codes) -> Fact:
        """What the rows say, where each text says one of these cells, -1 for nothing."""
        if self.raw is not None:
            return Fact(cells, by_text[self.raw])
        if by_text[0] >= 0 and len(next(iter(cells.values()))) == 1:
            return Fact(cells, None)
        return Fact(cells, np.full(self.count, by_text[0], dtype=np.int32))

    def flat(self) -> tuple[Rows | None, Codes]:
        """How many words each row has (None: one each), and all words in order of rows.

        Every row has a word at least.
        """
        raw = np.zeros(self.count, dtype=np.int32) if self.raw is None else self.raw
        if self.words.several is None:
            return None, self.words.filled(raw)
        return self.words.several.expand(raw)

    def tally(self, which: Flags) -> Iterator[tuple[int, int, int]]:
        """Raw text, first row and number of rows for each text of this mask that rows have."""
        if self.raw is None:
            if which[0] and self.count:
                yield 0, 0, self.count
            return
        rows = np.flatnonzero(which[self.raw])
        if not len(rows):
            return
        coded = pa.array(self.raw[rows]).dictionary_encode()
        codes = np.asarray(coded.indices)
        first = rows[firsts(codes, len(coded.dictionary))]
        counts = np.bincount(codes)
        yield from zip(coded.dictionary.to_pylist(), first.tolist(), counts.tolist(), strict=True)

    def value_of(self, text: int) -> str:
        """The first value of a raw text."""
        found: str = self.words.values[int(self.by_text()[text])].as_py()
        return found


@dataclass(slots=True)
class NoteBook:
    """Notes of one block, handed on in the order in which its records would have made them."""

    notes: Notes
    records: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    _found: list[tuple[int, int, int, tuple[str, str, str, Hides, int]]] = field(
        default_factory=list
    )

    def add(
        self,
        kind: str,
        text: str,
        *,
        subject: str,
        hides: Hides,
        stage: tuple[int, int],
        row: int,
        times: int,
    ) -> None:
        """As many records show it, `row` first; `stage` orders what is said of one record."""
        step, place = stage
        self._found.append((row, step, place, (kind, text, subject, hides, times)))

    def close(self) -> None:
        """Hands the block's notes on."""
        self._found.sort(key=lambda each: each[:3])
        for row, _, _, (kind, text, subject, hides, times) in self._found:
            self.notes.add(
                kind,
                text,
                subject=subject,
                hides=hides,
                record=int(self.records[row]),
                times=times,
            )
        self._found = []
