"""CSV files as blocks of columns: what `csv_file.open_csv` and `table.sift` give, without records.

The record reader is the law; `tests/importers/test_tabular_blocks.py` holds both to the same
answers on random text. What is plain goes through Arrow (`blocks_text`, `blocks_parse`), texts
become codes (`blocks_codes`), and codes tell which records are repeated (`blocks_repeats`).
"""

from __future__ import annotations

import codecs
import contextlib
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import InputError, SourceRef
from sod_analyzer.importers.files import OpenText, is_utf_8
from sod_analyzer.importers.tabular.blocks_codes import Coded, Coding
from sod_analyzer.importers.tabular.blocks_parse import Parsed, Parser
from sod_analyzer.importers.tabular.blocks_repeats import Mask, alike, repeats
from sod_analyzer.importers.tabular.blocks_text import Cutter, Ints, open_utf_8
from sod_analyzer.importers.tabular.csv_file import (
    Dialect,
    Head,
    Reading,
    open_lines,
    read_head,
    read_records,
    start,
)
from sod_analyzer.importers.tabular.table import Record, Skip
from sod_analyzer.model.batch import RawFile, Waterfall
from sod_analyzer.model.memory import give_back

Numbers = npt.NDArray[np.integer]

#: Is told of every record that cannot be used, in file order, `wrong` being set; it counts it.
Refuse = Callable[[Record], None]

#: Rows of a block, at most.
BLOCK_ROWS: Final = 2**21
#: Bytes of text that are cut and parsed at a time, and how many such pieces may wait.
_TEXT_BYTES: Final = 8 * 2**20
_WORKERS: Final = max(os.cpu_count() or 1, 1)
_AHEAD: Final = _WORKERS + 2
#: Rows of a file whose texts leave enough memory free to be given back.
_MANY: Final = 2**18
#: Encodings, by the beginning of Python's names, whose text never has half a character.
_WHOLE: Final = ("ascii", "cp", "iso8859", "koi8", "mac", "utf-16", "utf-32")
#: Every character that `str.strip` takes away.
_SPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Records that can be loaded, by column, in file order.

    All blocks of a file share one dictionary per column. It has no null and no value twice, and it
    may hold values that no row of the block, or of any block, has.
    """

    columns: tuple[str, ...]
    cells: tuple[pa.DictionaryArray | None, ...]  # one per column; None where it is not wanted
    records: npt.NDArray[np.int64]  # the physical line where each row's record begins

    def take(self, kept: Mask) -> Block:
        """The rows of this mask."""
        chosen = pa.array(kept)
        cells = tuple(None if each is None else each.filter(chosen) for each in self.cells)
        return Block(self.columns, cells, self.records[kept])


@dataclass(frozen=True, slots=True)
class BlockTable:
    """A file opened for reading by blocks: its columns, trimmed, and its blocks, to be read once.

    Iterating may raise `InputError` after the blocks that could be read, as iterating over the
    records of a `Table` does.
    """

    columns: tuple[str, ...]
    blocks: Iterator[Block]
    template: str
    encoding: str | None = None


@contextlib.contextmanager
def open_csv_blocks(
    file: RawFile,
    counts: Waterfall,
    *,
    dialect: Dialect,
    wanted: Collection[str],
    refuse: Refuse,
) -> Iterator[BlockTable]:
    """The file's table by blocks; counts lines, header, blank, continued and repeated ones.

    The cells of every column named in `wanted` are given, of the others none. Repeated records
    are those equal to an earlier one in all columns, wanted or not.

    Cost: reads the file twice, and once more where records are alike in what is wanted and there
    are other columns. Holds 4 bytes for every cell that is wanted and every different text once;
    the first block comes when the last line has been read.

    Raises:
        InputError, ConfigError: as `csv_file.open_csv`.
    """
    with open_lines(file, dialect) as opened:
        reading = start(file, counts, opened)
        parser, head = read_head(opened, reading, dialect=dialect, wanted=wanted)
        job = _Job(opened, reading, dialect, head, wanted, refuse)
        if _fits_arrow(opened, dialect, head):
            blocks = _by_column(job)
        else:
            blocks = _by_record(job, read_records(parser, reading, width=len(head.columns)))
        yield BlockTable(head.columns, blocks, "line {record}", opened.encoding)


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to be read by blocks."""

    opened: OpenText
    reading: Reading
    dialect: Dialect
    head: Head
    wanted: Collection[str]
    refuse: Refuse

    @property
    def used(self) -> tuple[int, ...]:
        """The columns that are wanted."""
        return tuple(n for n, name in enumerate(self.head.columns) if name in self.wanted)

    def coding(self, columns: Sequence[int], pool: Executor, *, most: int) -> Coding:
        """What codes these columns of so many rows at most."""
        names = [self.head.columns[column] for column in columns]
        return Coding(names, self.reading.file.path, pool, most=most)


def _fits_arrow(opened: OpenText, dialect: Dialect, head: Head) -> bool:
    """Whether Arrow reads this kind of text at all, once it is UTF-8."""
    known = is_utf_8(opened.encoding) or codecs.lookup(opened.encoding).name.startswith(_WHOLE)
    marks = [head.delimiter, *([] if dialect.quote == "none" else [dialect.quote])]
    plain = all(mark == "\t" or (mark.isascii() and mark.isprintable()) for mark in marks)
    return (
        known
        and plain
        and len(set(marks)) == len(marks)
        and opened.newline == "\n"
        and bool(head.columns)
    )


def _by_record(job: _Job, records: Iterator[Record]) -> Iterator[Block]:
    """Blocks made of the record reader's records: for the few files that have no other way."""
    used = job.used
    counts = job.reading.counts
    texts: list[list[Any]] = [[] for _ in used]
    numbers: list[int] = []
    seen: set[bytes] = set()
    failed: InputError | None = None
    try:
        for record in records:
            if record.wrong is not None:
                job.refuse(record)
            elif record.digest in seen:
                counts.duplicate += 1
            else:
                seen.add(record.digest)
                numbers.append(record.number)
                for column, index in zip(texts, used, strict=True):
                    column.append(record.cells[index])
    except InputError as error:
        failed = error
    coded = [pa.array(column, pa.string()).dictionary_encode() for column in texts]
    pairs = [(np.asarray(column.indices), column.dictionary) for column in coded]
    whole = _Whole(np.array(numbers, dtype=np.int64), pairs, failed)
    yield from _cut(job, whole, np.ones(len(numbers), dtype=np.bool_))


def _by_column(job: _Job) -> Iterator[Block]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        whole = _read(job, pool)
    if len(whole.records) > _MANY:
        # What a thread gave back is kept for that thread until it has ended and this is asked for.
        give_back()
    with ThreadPoolExecutor(_WORKERS) as pool:
        kept = _kept(job, whole, pool)
    yield from _cut(job, whole, kept)


def _cut(job: _Job, whole: _Whole, kept: Mask) -> Iterator[Block]:
    """The rows that are kept, some at a time; empties `whole`, and keeps no block handed out."""
    columns = [whole.columns.pop(0) for _ in job.used]
    texts = [each for _, each in columns]
    pieces = in_pieces([*(codes for codes, _ in columns), whole.records], kept, BLOCK_ROWS)
    whole.columns, whole.records, columns = [], whole.records[:0], []
    for *codes, records in pieces:
        if not len(records):
            continue
        cells: list[pa.DictionaryArray | None] = [None] * len(job.head.columns)
        for index, code, words in zip(job.used, codes, texts, strict=True):
            cells[index] = pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), words)
        yield Block(job.head.columns, tuple(cells), records.astype(np.int64))
    if whole.failed is not None:
        raise whole.failed


def in_pieces(columns: list[Numbers], kept: Mask, rows: int) -> Iterator[list[Numbers]]:
    """The columns by so many rows, of which only those are given that are kept; empties the list.

    Each piece has memory of its own: what a file was read into in one piece need not be kept for
    as long as any of its rows is.
    """
    spans = [slice(begin, begin + rows) for begin in range(0, len(kept), rows)]
    every = [bool(kept[span].all()) for span in spans]
    lots: list[list[Numbers]] = [[] for _ in spans]
    columns.reverse()
    while columns:
        column = columns.pop()
        for lot, span, full in zip(lots, spans, every, strict=True):
            lot.append(column[span].copy() if full else column[span][kept[span]])
        del column
    lots.reverse()
    return _handed_out(lots)


def _handed_out(lots: list[list[Numbers]]) -> Iterator[list[Numbers]]:
    while lots:
        yield lots.pop()


@dataclass(slots=True)
class _Whole:
    """All rows of the file that could be read, blank and repeated ones included."""

    records: Ints
    columns: list[Coded]  # those that are wanted, and the first where none is
    failed: InputError | None


def _read(job: _Job, pool: Executor) -> _Whole:
    counts = job.reading.counts
    # Half the memory, where the numbers are small enough.
    narrow = np.int32 if counts.lines < 2**31 else np.int64
    used = job.used or (0,)
    records: Ints = np.empty(counts.lines, dtype=narrow)
    coding = job.coding(used, pool, most=counts.lines)
    end = 0
    failed = None
    for parsed in _scan(job, job.reading, used, pool):
        for record in parsed.refused:
            job.refuse(record)
        counts.blank += parsed.blank
        failed = parsed.failed
        coding.add(parsed.texts, parsed.order)
        end += len(parsed.records)
        records[end - len(parsed.records) : end] = parsed.records
    return _Whole(records[:end], coding.take(), failed)


def _scan(
    job: _Job, reading: Reading, columns: tuple[int, ...], pool: Executor
) -> Iterator[Parsed]:
    """Block after block with the cells of these columns; the last may say that it failed."""
    parser = Parser(job.dialect, job.head, columns)
    ahead: deque[Future[Parsed]] = deque()
    with open_utf_8(reading.file, job.opened, job.dialect, size=_TEXT_BYTES) as lines:
        for cut in Cutter(lines, reading, job.dialect, job.head).cuts():
            ahead.append(pool.submit(parser.parse, cut))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _kept(job: _Job, whole: _Whole, pool: Executor) -> Mask:
    """The rows that are neither blank nor equal to an earlier one; counts the others."""
    counts = job.reading.counts
    kept = np.ones(len(whole.records), dtype=np.bool_)
    if not len(kept):
        return kept
    blank = _blank(whole.columns)
    similar = alike(
        [codes for codes, _ in whole.columns], [len(texts) for _, texts in whole.columns], pool
    )
    rest = tuple(set(range(len(job.head.columns))) - set(job.used or (0,)))
    rows = similar.rows
    if similar.exact and not rest:
        again = rows[~similar.first]
    else:
        rows = _marked(len(kept), rows, blank)
        columns = [(codes[rows], texts) for codes, texts in whole.columns]
        if rest and len(rows):
            columns += _reread(job, rest, whole.records[rows], pool)
            blank = rows[_blank(columns)]
        again = repeats(rows, [codes for codes, _ in columns])
    kept[again] = False
    kept[blank] = True
    counts.duplicate += len(kept) - int(np.count_nonzero(kept))
    kept[blank] = False
    counts.blank += len(blank)
    return kept


def _marked(count: int, *rows: Ints) -> Ints:
    """All these rows, each once, ascending."""
    marked = np.zeros(count, dtype=np.bool_)
    for each in rows:
        marked[each] = True
    return np.flatnonzero(marked)


def _reread(job: _Job, columns: tuple[int, ...], records: Ints, pool: Executor) -> list[Coded]:
    """The cells of these records in the columns that nobody wants, to compare them."""
    again = Reading(job.reading.file, Waterfall("line"), job.reading.undecodable)
    again.counts.lines = job.reading.counts.lines
    coding = job.coding(columns, pool, most=len(records))
    seen = 0
    for parsed in _scan(job, again, columns, pool):
        rows = _among(parsed.records, records)
        seen += len(rows)
        chosen = pa.array(rows if parsed.order is None else parsed.order[rows])
        coding.add(tuple(text.take(chosen) for text in parsed.texts))
    if seen != len(records):
        where = SourceRef(job.reading.file.path)
        raise InputError("the file changed while it was read", where=where)
    return coding.take()


def _among(numbers: Ints, records: Ints) -> Ints:
    """Where in `numbers` those of the records stand that are there; both ascend."""
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    begin = np.searchsorted(records, numbers[0])
    end = np.searchsorted(records, numbers[-1], side="right")
    found: Ints = np.searchsorted(numbers, records[begin:end])
    there: Ints = found[numbers[found] == records[begin:end]]
    return there


def _blank(columns: Sequence[Coded]) -> Ints:
    """The rows whose cells hold nothing but white space."""
    by_size = sorted(columns, key=lambda column: len(column[1]))
    empty = []
    for _, texts in by_size:
        found = pc.match_substring_regex(texts, f"^[{_SPACE}]*$").to_numpy(zero_copy_only=False)
        if not found.any():
            return np.empty(0, dtype=np.int64)
        empty.append(found)
    # From the column with the most different texts, of which the fewest rows are empty.
    codes = by_size[-1][0]
    rows = np.flatnonzero(empty[-1][codes])
    for (codes, _), found in zip(by_size[:-1], empty[:-1], strict=True):
        rows = rows[found[codes[rows]]]
    return rows


def skipped_mask(block: Block, skips: Sequence[Skip], counts: Waterfall) -> Mask:
    """Which rows the mapping passes over, as `sift` does; counts each under its reason.

    Cost: looks at every value of a column once per block, and at no row in Python.
    """
    skipped = np.zeros(len(block.records), dtype=np.bool_)
    for skip in skips:
        column = block.cells[skip.index]
        if column is None:
            raise ValueError(f"column {skip.column} is to be skipped by, but was not read")
        trimmed = pc.utf8_trim(column.dictionary, characters=_SPACE)
        values = pa.array(sorted(skip.values), pa.string())
        which = pc.fill_null(pc.index_in(trimmed, values), -1).to_numpy(zero_copy_only=False)
        found = which[np.asarray(column.indices)] if len(which) else np.empty(0, np.int32)
        found = np.where(skipped, -1, found)
        for code, times in enumerate(np.bincount(found[found >= 0], minlength=len(values))):
            if times:
                reason = f"{skip.column} is '{values[code].as_py()}'"
                counts.filtered[reason] = counts.filtered.get(reason, 0) + int(times)
        skipped |= found >= 0
    return skipped
