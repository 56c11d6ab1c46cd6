"""Parquet: a table in columns, read by blocks; a string is met once per dictionary, not per row.

Source: the Apache Parquet format, as pyarrow reads it. The record is the number of the row,
counted from 1 over the whole file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sod_analyzer.errors import InputError, Problem, SourceRef
from sod_analyzer.importers.files import MAX_FILE_BYTES, check_unchanged, find_files
from sod_analyzer.importers.tabular.blocks import (
    BLOCK_ROWS,
    Block,
    BlockTable,
    Refuse,
    in_pieces,
)
from sod_analyzer.importers.tabular.blocks_repeats import alike, repeats
from sod_analyzer.importers.tabular.columns import load_blocks
from sod_analyzer.importers.tabular.options import ParquetOptions
from sod_analyzer.importers.tabular.parquet_codes import ColumnCoder, Narrow
from sod_analyzer.importers.tabular.parquet_text import is_text, refusal
from sod_analyzer.importers.tabular.plan import Plan, make_plan
from sod_analyzer.importers.tabular.table import Record, Wrong, header_row
from sod_analyzer.importers.tabular.words import Flags, Rows
from sod_analyzer.model.batch import Batch, Importer, Raw, RawFile, SourceSpec, Waterfall

PATTERNS = ("*.parquet", "*.parq", "*.pq")
#: More rows in one file are refused: a small hostile file can claim any number.
MAX_ROWS = 250_000_000
#: A row group in which one column unpacks to more is refused.
MAX_COLUMN_BYTES = 2 * 1024**3
#: Rows that are decoded at a time.
_STEP = 2**20


@dataclass(frozen=True, slots=True)
class ParquetImporter:
    """Tables in Parquet files, through a mapping."""

    name: str = "parquet"
    options: type[ParquetOptions] = ParquetOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or the files of a folder or a glob, as a lake writes them."""
        limit = spec.options.max_bytes or MAX_FILE_BYTES
        return Raw(spec, find_files(spec, patterns=PATTERNS, max_bytes=limit))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """What the rows state, through the mapping; see `docs/importers/parquet.md`."""
        plan = make_plan(raw.spec.options, raw.spec)

        def reader(
            file: RawFile, counts: Waterfall, plan: Plan, refuse: Refuse
        ) -> AbstractContextManager[BlockTable]:
            return open_parquet_blocks(file, counts, wanted=plan.wanted, refuse=refuse)

        yield from load_blocks(raw, plan, reader, kind="parquet", unit="row")


IMPORTER: Importer = ParquetImporter()


@contextlib.contextmanager
def open_parquet_blocks(
    file: RawFile, counts: Waterfall, *, wanted: Collection[str], refuse: Refuse
) -> Iterator[BlockTable]:
    """The file's table by blocks; counts rows and repeated ones.

    Cost: one pass over the columns that are wanted, and one over the others where rows are equal
    in what is wanted. Holds 4 bytes for every cell that is wanted and every different text once;
    the first block comes when the last row has been read.

    Raises:
        InputError: not Parquet, beyond the limits, or a wanted column holds what is no text,
            number or day; while reading, a row group is damaged. The row groups before it are
            loaded.
    """
    where = SourceRef(file.path)
    try:
        check_unchanged(file)
        with _damage("damaged Parquet file", where), pq.ParquetFile(file.local) as plain:
            arrow = plain.schema_arrow
            texts = [
                each.name for each in arrow if each.name.strip() in wanted and is_text(each.type)
            ]
        with _damage("damaged Parquet file", where):
            # Without a buffer before it: a row group may be large.
            opened = pq.ParquetFile(file.local, read_dictionary=texts, pre_buffer=False)
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=where) from error
    with opened:
        counts.lines = _checked_rows(opened, arrow, where)
        columns = header_row(arrow.names)
        used = tuple(n for n, name in enumerate(columns) if name in wanted)
        _check_types(arrow, used, where)
        job = _Job(file, counts, opened, arrow, columns, used, refuse)
        yield BlockTable(columns, _blocks(job), "row {record}")


@contextlib.contextmanager
def _damage(what: str, where: SourceRef) -> Iterator[None]:
    """Says of whatever pyarrow finds wrong in a file that it is damaged."""
    try:
        yield
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        said = " ".join(str(error).split())
        raise InputError(f"{what}: {said[:200]}", where=where) from error


def _checked_rows(opened: pq.ParquetFile, arrow: pa.Schema, where: SourceRef) -> int:
    """The number of rows, if the file is within the limits.

    Cost: the first page of each column that can be read, in each row group.
    """
    facts = opened.metadata
    rows = int(facts.num_rows)
    if rows > MAX_ROWS:
        raise InputError(
            f"{rows:,} rows in one file; the limit is {MAX_ROWS:,}, so write it in parts",
            where=where,
        )
    names = [each.name for each in arrow if refusal(each.type) is None]
    stated = 0
    for group in range(facts.num_row_groups):
        each = facts.row_group(group)
        stated += each.num_rows
        if each.num_rows < 0:
            raise InputError(
                f"damaged Parquet file: {each.num_rows:,} rows in row group {group + 1}",
                where=where,
            )
        if each.num_rows:
            _check_sizes(opened, group, names, where)
    if stated != rows:
        raise InputError(
            f"damaged Parquet file: {rows:,} rows stated, {stated:,} in its row groups", where=where
        )
    return rows


def _check_sizes(opened: pq.ParquetFile, group: int, names: list[str], where: SourceRef) -> None:
    """Refuse a row group of which a column that can be read is too large."""
    if not names:
        return
    # What is wrong with a column's facts is an error when it is read, and ends the process when
    # they are asked for. Whoever reads the row group says so in its place.
    try:
        for _ in opened.iter_batches(1, row_groups=[group], columns=names):
            break
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        return
    each = opened.metadata.row_group(group)
    for leaf in range(each.num_columns):
        if opened.schema.column(leaf).path not in names:
            continue  # a part of a nested column, which is not read
        size = each.column(leaf).total_uncompressed_size
        if size > MAX_COLUMN_BYTES:
            raise InputError(
                f"a column of row group {group + 1} unpacks to {size:,} bytes; "
                f"the limit is {MAX_COLUMN_BYTES:,}, so write smaller row groups",
                where=where,
            )


def _check_types(arrow: pa.Schema, used: Sequence[int], where: SourceRef) -> None:
    problems = []
    for index in used:
        each = arrow.field(index)
        why = refusal(each.type)
        if why is not None:
            problems.append(Problem(f"column '{each.name}' {why}", where))
    if problems:
        raise InputError(problems)


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to be read by blocks."""

    file: RawFile
    counts: Waterfall
    opened: pq.ParquetFile
    arrow: pa.Schema
    columns: tuple[str, ...]
    used: tuple[int, ...]
    refuse: Refuse

    @property
    def others(self) -> tuple[int, ...]:
        """The columns that are not wanted, as far as their cells can be compared."""
        return tuple(
            index
            for index, each in enumerate(self.arrow)
            if index not in self.used and refusal(each.type) is None
        )

    def batches(self, group: int, columns: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The cells of these columns in a row group, some rows at a time."""
        names = [self.arrow.field(index).name for index in columns]
        for batch in self.opened.iter_batches(_STEP, row_groups=[group], columns=names):
            yield [batch.column(name) for name in names]


@dataclass(slots=True)
class _Whole:
    """All rows of the file that could be read."""

    count: int = 0
    columns: list[tuple[Narrow, pa.Array]] = field(default_factory=list)
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)  # by row, from 0
    failed: InputError | None = None


def _blocks(job: _Job) -> Iterator[Block]:
    whole = _read(job)
    kept = np.ones(whole.count, dtype=np.bool_)
    for row, (kind, text) in sorted(whole.bad.items()):
        kept[row] = False
        job.refuse(Record(row + 1, (), b"", Wrong(kind, text)))
    repeated = _repeated(job, whole, kept)
    kept[repeated] = False
    job.counts.duplicate += len(repeated)
    del repeated
    texts = [each for _, each in whole.columns[: len(job.used)]]
    pieces = in_pieces([codes for codes, _ in whole.columns[: len(job.used)]], kept, BLOCK_ROWS)
    whole.columns = []
    for number, codes in enumerate(pieces):
        begin = number * BLOCK_ROWS
        rows = begin + np.flatnonzero(kept[begin : begin + BLOCK_ROWS])
        if not len(rows):
            continue
        cells: list[pa.DictionaryArray | None] = [None] * len(job.columns)
        for index, code, words in zip(job.used, codes, texts, strict=True):
            cells[index] = pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), words)
        yield Block(job.columns, tuple(cells), rows + 1)
    if whole.failed is not None:
        raise whole.failed


def _read(job: _Job) -> _Whole:
    """The wanted columns, row group by row group, to the end or to the first damage."""
    # Rows are equal or not in something: where nothing is wanted, in the first column.
    columns = job.used or job.others[:1]
    coders = [ColumnCoder(job.counts.lines) for _ in columns]
    whole = _Whole()
    first = 0
    for group in range(job.opened.num_row_groups if columns else 0):
        last = first + int(job.opened.metadata.row_group(group).num_rows)
        told = f"row group {group + 1} is damaged, so rows {first + 1:,} and after are not loaded"
        try:
            with _damage(told, SourceRef(job.file.path, first + 1)):
                _read_group(job, group, columns, coders, whole)
                if whole.count != last:
                    raise ValueError(f"{whole.count - first:,} rows of {last - first:,}")
        except InputError as error:
            whole.count, whole.failed = first, error
            break
        first = last
    if not columns:
        whole.count = job.counts.lines
    whole.bad = {row: fault for row, fault in whole.bad.items() if row < whole.count}
    whole.columns = [coder.take(whole.count) for coder in coders]
    return whole


def _read_group(
    job: _Job,
    group: int,
    columns: Sequence[int],
    coders: Sequence[ColumnCoder],
    whole: _Whole,
) -> None:
    for cells in job.batches(group, columns):
        for coder, column in zip(coders, cells, strict=True):
            for row, fault in coder.add(column):
                whole.bad.setdefault(row, fault)
        whole.count += len(cells[0])


def _repeated(job: _Job, whole: _Whole, kept: Flags) -> Rows:
    """The rows that are equal to an earlier one in every column that can be compared."""
    if whole.count < 2 or not whole.columns:  # noqa: PLR2004  one row repeats none
        return np.empty(0, dtype=np.int64)
    codes = [column for column, _ in whole.columns]
    with ThreadPoolExecutor() as pool:
        found = alike(codes, [len(texts) for _, texts in whole.columns], pool)
    others = job.others if job.used else job.others[1:]
    if found.exact and not others and not whole.bad:
        return found.rows[~found.first]
    rows = np.sort(found.rows[kept[found.rows]])
    if not len(rows):
        return rows
    further = [_others_at(job, column, rows, whole.count) for column in others]
    return repeats(rows, [*(column[rows] for column in codes), *further])


def _others_at(job: _Job, column: int, rows: Rows, count: int) -> Narrow:
    """The codes that a further column has in these rows, which are in order.

    Errs: rows of a damaged column count as different, and are loaded twice.
    """
    coder = ColumnCoder(len(rows))
    first = 0
    try:
        with _damage("", SourceRef(job.file.path)):
            for group in range(job.opened.num_row_groups):
                size = int(job.opened.metadata.row_group(group).num_rows)
                near, far = np.searchsorted(rows, (first, first + size))
                if near < far and first < count:
                    begin = first
                    for (cells,) in job.batches(group, (column,)):
                        here = np.searchsorted(rows, (begin, begin + len(cells)))
                        coder.add(cells, rows[slice(*here)] - begin)
                        begin += len(cells)
                first += size
    except InputError:
        return np.arange(len(rows), dtype=np.int32)
    return coder.take(len(rows))[0]
