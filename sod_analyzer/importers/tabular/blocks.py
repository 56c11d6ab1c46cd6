"""CSV files as blocks of columns: what `csv_file.open_csv` and `table.sift` give, without records.

The record reader is the law; `tests/importers/test_tabular_blocks.py` holds both to the same
answers on random text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import InputError
from sod_analyzer.importers.tabular.csv_file import Dialect, open_csv
from sod_analyzer.importers.tabular.table import Record, Skip, Table
from sod_analyzer.model.batch import RawFile, Waterfall

Mask = npt.NDArray[np.bool_]
#: Is told of every record that cannot be used, in file order, `wrong` being set; it counts it.
Refuse = Callable[[Record], None]

#: Rows of a block, at most.
BLOCK_ROWS: Final = 2**21
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())


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

    Raises:
        InputError, ConfigError: as `csv_file.open_csv`.
    """
    with open_csv(file, counts, dialect=dialect, wanted=wanted) as table:
        blocks = _from_records(table, counts, wanted=wanted, refuse=refuse)
        yield BlockTable(table.columns, blocks, table.template, table.encoding)


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


#: Every character that `str.strip` takes away.
_SPACE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


def _from_records(
    table: Table, counts: Waterfall, *, wanted: Collection[str], refuse: Refuse
) -> Iterator[Block]:
    """Blocks made of the record reader's records: for the few files that have no other way."""
    used = [n for n, name in enumerate(table.columns) if name in wanted]
    texts: list[list[Any]] = [[] for _ in used]
    numbers: list[int] = []
    seen: set[bytes] = set()
    failed: InputError | None = None
    try:
        for record in table.records:
            if record.wrong is not None:
                refuse(record)
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
    cells: list[pa.DictionaryArray | None] = [None] * len(table.columns)
    for index, column in zip(used, coded, strict=True):
        cells[index] = column
    yield from _cut(Block(table.columns, tuple(cells), np.array(numbers, dtype=np.int64)))
    if failed is not None:
        raise failed


def _cut(whole: Block) -> Iterator[Block]:
    for start in range(0, len(whole.records), BLOCK_ROWS):
        cells = tuple(None if c is None else c.slice(start, BLOCK_ROWS) for c in whole.cells)
        yield Block(whole.columns, cells, whole.records[start : start + BLOCK_ROWS])
