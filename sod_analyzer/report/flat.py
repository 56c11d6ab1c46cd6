"""findings.csv and paths.csv: one header row of lower_snake_case names, then one fact per cell.

Source: RFC 4180 (CRLF, quotes doubled). The files start with a byte order mark, because Excel
takes a CSV without one for the local code page. Every text is quoted, null is an empty field
without quotes. A text that a spreadsheet would run as a formula is prefixed with an apostrophe;
`docs/report.md` says how to undo it without loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import BinaryIO

import pyarrow as pa

from sod_analyzer.model.finding import Report
from sod_analyzer.report import joined
from sod_analyzer.report.columns import Owners, value_type
from sod_analyzer.report.joined import Column, Joined
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.quoting import Written, csv_texts, number_texts, octets, pieced, written

#: Rows turned into text at once.
_PIECE = 20_000
#: The texts of a field from one row to another.
_Field = Callable[[int, int], pa.Array]


class _Flat:
    """A reporter of one table as CSV."""

    def __init__(self, name: str, filename: str) -> None:
        self.name = name
        self.filename = filename

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the table; every border of it is in the report already."""
        table = joined.findings(report) if self.name == "findings-csv" else joined.hops(report)
        stream.write(b"\xef\xbb\xbf" + ",".join(table.schema.names).encode() + b"\r\n")
        stream.writelines(in_order(_tasks(table)))


def _tasks(table: Joined) -> Iterator[Callable[[], pa.Buffer]]:
    fields = _fields(table)
    for start in range(0, table.num_rows, _PIECE):
        yield partial(_lines, fields, start, min(start + _PIECE, table.num_rows))


def _lines(fields: list[_Field], start: int, stop: int) -> pa.Buffer:
    parts: list[str | pa.Array] = []
    for field in fields:
        parts += [field(start, stop), ","]
    return octets(pieced(*parts[:-1], "\r\n"))


def _fields(table: Joined) -> list[_Field]:
    """What gives each column's texts, or those of several neighbours with the commas in them."""
    fields: list[_Field] = []
    for _, group in groupby(table.columns, key=lambda column: id(column.rows)):
        columns = list(group)
        rows = columns[0].rows
        if rows is not None and 2 * len(columns[0].values) < len(rows):
            # Every row of theirs stands in several of ours: its text is made once.
            fields.append(partial(_repeated, _row_texts(columns), rows))
        else:
            fields += [partial(_texts, _written(column), column.rows) for column in columns]
    return fields


def _row_texts(columns: list[Column]) -> pa.Array:
    parts: list[str | pa.Array] = []
    for column in columns:
        parts += [_written(column).of(slice(None)), ","]
    return pieced(*parts[:-1])


def _repeated(texts: pa.Array, rows: Owners, start: int, stop: int) -> pa.Array:
    return texts.take(pa.array(rows[start:stop]))


def _texts(texts: Written, rows: Owners | None, start: int, stop: int) -> pa.Array:
    return texts.of(slice(start, stop) if rows is None else rows[start:stop])


def _written(column: Column) -> Written:
    is_text = pa.types.is_string(value_type(column.values.type))
    return written(column.values, csv_texts if is_text else number_texts, "")


FINDINGS = _Flat("findings-csv", "findings.csv")
PATHS = _Flat("paths-csv", "paths.csv")
