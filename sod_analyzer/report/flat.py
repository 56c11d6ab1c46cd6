"""findings.csv and paths.csv: one header row of lower_snake_case names, then one fact per cell.

Source: RFC 4180 (CRLF, quotes doubled). The files start with a byte order mark, because Excel
takes a CSV without one for the local code page. Every text is quoted, null is an empty field
without quotes. A text that a spreadsheet would run as a formula is prefixed with an apostrophe;
`docs/report.md` says how to undo it without loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO

import pyarrow as pa

from sod_analyzer.model.finding import Report
from sod_analyzer.model.memory import give_back
from sod_analyzer.report import joined
from sod_analyzer.report.fields import Field, fields_of
from sod_analyzer.report.joined import Joined
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.quoting import octets, pieced

#: Rows turned into text at once.
_PIECE = 8_000


class _Flat:
    """A reporter of one table as CSV."""

    beside = True

    def __init__(self, name: str, filename: str) -> None:
        self.name = name
        self.filename = filename

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the table; every border of it is in the report already."""
        table = joined.findings(report) if self.name == "findings-csv" else joined.hops(report)
        stream.write(b"\xef\xbb\xbf" + ",".join(table.schema.names).encode() + b"\r\n")
        stream.writelines(in_order(_tasks(table)))
        give_back()


def _tasks(table: Joined) -> Iterator[Callable[[], pa.Buffer]]:
    fields = fields_of(table)
    for start in range(0, table.num_rows, _PIECE):
        yield partial(_lines, fields, start, min(start + _PIECE, table.num_rows))


def _lines(fields: Sequence[Field], start: int, stop: int) -> pa.Buffer:
    return octets(pieced(*(part for field in fields for part in field(start, stop))))


FINDINGS = _Flat("findings-csv", "findings.csv")
PATHS = _Flat("paths-csv", "paths.csv")
