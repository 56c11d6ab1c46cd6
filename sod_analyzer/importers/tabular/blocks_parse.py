"""A block of plain lines to columns of text, by Arrow; and by `csv` where Arrow declines."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from sod_analyzer.errors import InputError
from sod_analyzer.importers.tabular import csv_file
from sod_analyzer.importers.tabular.blocks_text import Cut, Ints
from sod_analyzer.importers.tabular.csv_file import Dialect, Head
from sod_analyzer.importers.tabular.table import Record, is_blank, ragged


@dataclass(frozen=True, slots=True)
class Parsed:
    """The records of a block: `texts` has the columns that were asked for, all of one length.

    Rows stand in the order of `records` once `order` has been applied, where there is one.
    A line without any character is a row of empty texts.
    """

    records: Ints
    texts: tuple[pa.StringArray, ...]
    order: Ints | None = None
    refused: tuple[Record, ...] = ()
    blank: int = 0
    failed: InputError | None = None


@dataclass(frozen=True, slots=True)
class Parser:
    """How to read plain lines, and which columns of them."""

    dialect: Dialect
    head: Head
    columns: tuple[int, ...]

    def parse(self, cut: Cut) -> Parsed:
        """The block's records; safe to call in several threads at a time."""
        numbers = cut.numbers()
        odd: list[tuple[int, list[str]]] = []
        try:
            texts = self._arrow(cut.plain, odd)
            there = np.ones(len(numbers), dtype=np.bool_)
            there[[spot for spot, _ in odd]] = False
            if int(there.sum()) != len(texts[0]):
                raise pa.ArrowInvalid("rows are not lines")  # noqa: TRY301  handled as any refusal
        except (pa.ArrowInvalid, pa.ArrowCapacityError, IndexError):
            texts, there, odd = self._line_by_line(cut.plain, len(numbers))
        refused = [record for record in cut.records if record.wrong is not None]
        blank = 0
        for spot, cells in odd:
            if is_blank(cells):
                blank += 1
            else:
                refused.append(ragged(int(numbers[spot]), len(cells), len(self.head.columns)))
        refused.sort(key=lambda record: record.number)
        if odd:
            numbers = numbers[there]
        good = [record for record in cut.records if record.wrong is None]
        if not good:
            return Parsed(numbers, texts, None, tuple(refused), blank, cut.failed)
        more = [pa.array([record.cells[n] for record in good], pa.string()) for n in self.columns]
        joined = tuple(pa.concat_arrays(pair) for pair in zip(texts, more, strict=True))
        more_numbers = np.array([record.number for record in good], dtype=np.int64)
        before = np.searchsorted(numbers, more_numbers)
        rows = np.arange(len(numbers) + len(good))
        order = np.insert(rows[: len(numbers)], before, rows[len(numbers) :])
        return Parsed(
            np.insert(numbers, before, more_numbers),
            joined,
            order,
            tuple(refused),
            blank,
            cut.failed,
        )

    def _arrow(self, plain: bytes, odd: list[tuple[int, list[str]]]) -> tuple[pa.StringArray, ...]:
        """Columns; puts the place of every line that has another number of cells into `odd`."""
        if not plain:
            return tuple(pa.array([], pa.string()) for _ in self.columns)

        def put(row: pv.InvalidRow) -> str:
            odd.append((row.number - 1, self._cells(row.text)))
            return "skip"

        # Arrow drops what looks like a mark: one is given to it to be dropped.
        mark = codecs.BOM_UTF8 if plain.startswith(codecs.BOM_UTF8) else b""
        names = [str(number) for number in range(len(self.head.columns))]
        quote = False if self.dialect.quote == "none" else self.dialect.quote
        table = pv.read_csv(
            pa.BufferReader(mark + plain),
            # In one thread and one block: only then rows are numbered.
            read_options=pv.ReadOptions(
                use_threads=False, block_size=len(plain) + 4, column_names=names
            ),
            parse_options=pv.ParseOptions(
                delimiter=self.head.delimiter,
                quote_char=quote,
                double_quote=True,
                escape_char=False,
                newlines_in_values=False,
                ignore_empty_lines=False,
                invalid_row_handler=put,
            ),
            convert_options=pv.ConvertOptions(
                check_utf8=False,  # `open_text` has looked at every byte
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
                include_columns=[names[number] for number in self.columns],
            ),
        )
        return tuple(_one(column) for column in table.columns)

    def _line_by_line(
        self, plain: bytes, count: int
    ) -> tuple[tuple[pa.StringArray, ...], np.ndarray, list[tuple[int, list[str]]]]:
        there = np.ones(count, dtype=np.bool_)
        odd: list[tuple[int, list[str]]] = []
        columns: list[list[str]] = [[] for _ in self.columns]
        for spot, cells in enumerate(self._plainly(plain)):
            # Arrow makes an empty row of an empty line; so here.
            if len(cells) == len(self.head.columns):
                for column, number in zip(columns, self.columns, strict=True):
                    column.append(cells[number])
            else:
                odd.append((spot, cells))
                there[spot] = False
        return tuple(pa.array(column, pa.string()) for column in columns), there, odd

    def _plainly(self, plain: bytes) -> Iterator[list[str]]:
        for line in plain.split(b"\n")[: None if not plain.endswith(b"\n") else -1]:
            yield self._cells(line.decode())

    def _cells(self, line: str) -> list[str]:
        parser = csv_file.make_parser([line], self.head.delimiter, self.dialect, strict=True)
        return next(parser, [])


def _one(column: pa.ChunkedArray) -> pa.StringArray:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays([pa.array([], pa.string()), *column.chunks])
