"""The alias file: accounts tied to people by hand, a CSV with a reason for every line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.tabular.csv_file import PATTERNS, Dialect, open_csv
from sod_analyzer.importers.tabular.drive import read_file
from sod_analyzer.importers.tabular.table import (
    Notes,
    Table,
    Wrong,
    column_indexes,
    reject,
    sift,
)
from sod_analyzer.model.access import SOURCES
from sod_analyzer.model.batch import BatchBuilder, RawFile, SourceSpec, Waterfall, join_batches
from sod_analyzer.model.settings import ALIASES

_NEEDED = ("account", "employee_id")
_TOLD = ("since", "why")


@dataclass(frozen=True, slots=True)
class Aliases:
    """What the alias file says: its rows, its row of `sources`, and what is wrong with it."""

    rows: pa.Table  # ALIASES
    source: pa.Table  # SOURCES
    issues: pa.Table  # ISSUES


def read_aliases(spec: SourceSpec) -> Aliases:
    """The alias file of a configuration.

    A row without an account or an employee id is rejected and counted, like any bad record.

    Raises:
        InputError: there is no such file.
    """
    (file,) = find_files(spec, patterns=PATTERNS, folders="refused")
    builder = BatchBuilder(spec)
    counts = Waterfall("line")
    rows: list[dict[str, Any]] = []

    def consume(table: Table, notes: Notes) -> Iterator[bool]:
        del notes
        yield from _consume(table, builder, file, counts, rows)

    dialect = Dialect(where=spec.where)
    opened = open_csv(file, counts, dialect=dialect, wanted=_NEEDED)
    batches = list(read_file(builder, file, counts, opened, consume, kind="alias"))
    batches.append(builder.take())
    tables = join_batches(batches)
    return Aliases(
        pa.Table.from_pylist(rows, schema=ALIASES), _by_hand(tables["sources"]), tables["issues"]
    )


def _by_hand(sources: pa.Table) -> pa.Table:
    """Written by hand, for all systems, not extracted: it has no part in the age of the facts."""
    for name in ("system", "extracted_at", "extracted_at_basis"):
        spot = SOURCES.get_field_index(name)
        empty = pa.nulls(sources.num_rows, SOURCES.field(name).type)
        sources = sources.set_column(spot, SOURCES.field(name), empty)
    return sources


def _consume(
    table: Table,
    builder: BatchBuilder,
    file: RawFile,
    counts: Waterfall,
    rows: list[dict[str, Any]],
) -> Iterator[bool]:
    told = [name for name in _TOLD if name in table.columns]
    spots = column_indexes(table.columns, (*_NEEDED, *told), builder.spec.where)
    for record in sift(table.records, builder, file, counts):
        cells = {name: str(record.cells[spot] or "").strip() for name, spot in spots.items()}
        empty = [name for name in _NEEDED if not cells[name]]
        if empty:
            wrong = Wrong("empty-cell", f"no {' and no '.join(empty)}")
            reject(record, wrong, builder, file, counts)
            yield False
            continue
        given = {name: text or None for name, text in cells.items()}
        rows.append({**given, "source_id": file.source_id, "record": record.number})
        yield True
