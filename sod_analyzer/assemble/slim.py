"""Edge tables that keep four numbers a row and make a column when somebody asks for it.

Ten million memberships say few different things, so the columns that say them repeat what a
number tells as well: two bytes a row instead of twenty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.assemble.columns import Flags, looked_up
from sod_analyzer.assemble.facts import Ordered
from sod_analyzer.assemble.lots import EdgeRows
from sod_analyzer.assemble.pairs import Integers
from sod_analyzer.assemble.spreading import Spreading
from sod_analyzer.model.by_column import ByColumn

#: Rows of a piece; a multiple of eight.
PIECE_ROWS: Final = 2**20
#: Tables of fewer rows are made at once and whole.
_WORTH_IT: Final = 2**16
#: So are tables with fewer rows than this for each different thing that they say.
_LEAST_REPEATED: Final = 8
_Rows = slice | npt.NDArray[np.integer]
_CODES: Final = ("holder", "target")


class SlimTable(ByColumn):
    """An edge table of which nothing that it makes is kept."""

    def __init__(self, rows: EdgeRows, facts: Ordered, schema: pa.Schema) -> None:
        super().__init__(schema, len(rows.holder))
        self._rows = rows
        self._known = facts.known_records()
        told = [name for name in schema.names if name not in {*_CODES, "record"}]
        self._told = Spreading(facts.table.select(told), schema)

    def whole(self) -> pa.Table:
        """Every column, made together."""
        return self._made(slice(0, self.num_rows))

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, in one piece. Cost: that of codes is there already."""
        found = self._column(self.schema.field(name).name, slice(0, self.num_rows))
        return pa.chunked_array([found])

    def pieced(self, name: str) -> Pieces:
        """One column, of which a piece is made at a time."""
        return Pieces(self, self.schema.field(name).name)

    def slice(self, offset: int = 0, length: int | None = None) -> pa.Table:
        """Some rows that follow each other, as a table of Arrow."""
        end = self.num_rows if length is None else min(offset + length, self.num_rows)
        return self._made(slice(offset, end))

    def take(self, rows: pa.Array | npt.NDArray[np.integer]) -> pa.Table:
        """Some rows in the order asked for, as a table of Arrow."""
        return self._made(np.asarray(rows))

    def _made(self, rows: _Rows) -> pa.Table:
        fact = self._rows.fact[rows]
        told = [name for name in self.schema.names if name not in {*_CODES, "record"}]
        columns = dict(self._told.columns(fact, told))
        columns |= {name: self._column(name, rows) for name in (*_CODES, "record")}
        arrays = [columns[name] for name in self.schema.names]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _column(self, name: str, rows: _Rows) -> pa.Array:
        if name in _CODES:
            return pa.array(getattr(self._rows, name)[rows])
        fact = self._rows.fact[rows]
        if name == "record":
            return _records(self._rows.record[rows], fact, self._known)
        return self._told.column(name, fact)

    def absent(self, name: str) -> tuple[bool, bool]:
        """Whether some value of a column is null, and whether every one is."""
        if name in _CODES or not self.num_rows:
            return False, False
        # Every fact is some row's.
        none = ~self._known if name == "record" else self._told.nulls(name)
        return bool(none.any()), bool(none.all())


@dataclass(frozen=True, slots=True)
class Pieces:
    """A column of a slim table, made piece by piece; pieces of words share one dictionary.

    It is in order, and each word of it is some row's.
    """

    table: SlimTable
    name: str

    @property
    def type(self) -> pa.DataType:
        """The type of every piece."""
        return self.table.schema.field(self.name).type

    @property
    def some_null(self) -> bool:
        """Whether a value is null."""
        return self.table.absent(self.name)[0]

    @property
    def all_null(self) -> bool:
        """Whether every value is null."""
        return self.table.absent(self.name)[1]

    def __len__(self) -> int:
        return self.table.num_rows

    @property
    def chunks(self) -> Iterator[pa.Array]:
        """The pieces, made one after the other; each time anew."""
        for begin in range(0, max(len(self), 1), PIECE_ROWS):
            end = min(begin + PIECE_ROWS, len(self))
            yield self.table._column(self.name, slice(begin, end))  # noqa: SLF001 - one module


def edge_table(rows: EdgeRows, facts: Ordered, schema: pa.Schema) -> pa.Table | SlimTable:
    """The table of these rows: slim, unless it is small or says other things in most rows."""
    slim = SlimTable(rows, facts, schema)
    if len(slim) < max(_WORTH_IT, _LEAST_REPEATED * facts.table.num_rows):
        return slim.whole()
    return slim


def _records(record: Integers, fact: Integers, known: Flags) -> pa.Array:
    wide = record.astype(np.int64)
    if known.all():
        return pa.array(wide)
    valid = pa.py_buffer(np.packbits(looked_up(known, fact), bitorder="little"))
    return pa.Array.from_buffers(pa.int64(), len(record), [valid, pa.py_buffer(wide)])
