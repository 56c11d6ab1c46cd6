"""What an importer is, what it gets, and the builder with which it fills its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from mmap import mmap
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import BATCH_TABLES, GrantKind, Hides, IdentityClass, NodeKind


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What the configuration says about one source.

    `options` are the importer's own keys, already validated into the importer's `options` class.
    """

    source_id: str
    system: str
    product: str
    importer: str
    path: str  # as written: a file, a folder or a glob, relative to `base`
    base: Path  # folder of the configuration file
    options: Any  # an instance of the importer's own options class
    where: SourceRef
    extracted_at: datetime | None = None
    extracted_by: str | None = None
    query: str | None = None
    evidence: str | None = None
    expected_count: int | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file as found: nothing is interpreted yet."""

    source_id: str  # of this file; equals the spec's when the spec names one file only
    path: str  # as printed: relative to the configuration file, forward slashes
    local: Path
    sha256: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Raw:
    """What `fetch` brings: the spec and its files, sorted by path; never empty."""

    spec: SourceSpec
    files: tuple[RawFile, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of some tables, each of the schema in `BATCH_TABLES`."""

    tables: Mapping[str, pa.Table]


class Importer(Protocol):
    """One kind of source. Registered under the entry-point group `sod_analyzer.importers`."""

    @property
    def name(self) -> str: ...

    @property
    def options(self) -> type[Any]:
        """A frozen dataclass whose fields are the keys this importer adds to a source entry."""
        ...

    def fetch(self, spec: SourceSpec) -> Raw:
        """The files of this source, unread. Raises `InputError` when there is none."""
        ...

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """Tables and issues of those files, in batches; never changes `raw`.

        Every file yields exactly one row of `sources`. A file that cannot be read at all becomes
        a row with status `failed` and an issue that could hide a conflict; a bad record becomes an
        issue and counts as rejected. Raises only for mistakes in the options.
        """
        ...


@dataclass(slots=True)
class Waterfall:
    """Counts of one file, from its first physical line to what was loaded."""

    unit: str  # line | row | element
    lines: int = 0
    continued: int = 0  # further lines of a record that spans several, comments between records
    header: int = 0
    blank: int = 0
    rejected: int = 0
    duplicate: int = 0
    filtered: dict[str, int] = field(default_factory=dict)  # by reason

    @property
    def parsed(self) -> int:
        return self.lines - self.continued - self.header - self.blank

    @property
    def loaded(self) -> int:
        return self.parsed - self.rejected - self.duplicate - sum(self.filtered.values())

    def pass_over(self, reason: str) -> None:
        """Count one record as filtered, for the given reason."""
        self.filtered[reason] = self.filtered.get(reason, 0) + 1


class BatchBuilder:
    """Collects rows by column and hands them out as batches.

    Every method takes ids in full (`system:native-id`). Rows are not checked for repeats: the
    same role or entitlement may be added many times, assembly merges them.
    """

    def __init__(self, spec: SourceSpec, *, rows_per_batch: int = 50_000) -> None:
        self.spec = spec
        self._limit = rows_per_batch
        self._columns: dict[str, dict[str, list[Any]]] = {}
        self._tables: dict[str, list[pa.Table]] = {}
        self._same: dict[tuple[pa.DataType, Any], pa.Array] = {}
        self._zeros: mmap | bytes = b""
        self._rows = 0

    def row(self, table: str, **values: Any) -> None:
        """One row of any batch table; columns that are not named are null."""
        schema = BATCH_TABLES[table]
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = {name: [] for name in schema.names}
        unknown = values.keys() - columns.keys()
        if unknown:
            raise TypeError(f"table {table} has no column {', '.join(sorted(unknown))}")
        for name, cells in columns.items():
            cells.append(values.get(name))
        self._rows += 1

    def many(self, table: str, count: int, **values: Any) -> None:
        """As many rows at once: a list holds a cell for each of them, all else stands in every row.

        Cost: no Python call per row, which tells where one record makes hundreds of rows.
        """
        schema = BATCH_TABLES[table]
        columns = self._columns.setdefault(table, {name: [] for name in schema.names})
        unknown = values.keys() - columns.keys()
        if unknown:
            raise TypeError(f"table {table} has no column {', '.join(sorted(unknown))}")
        for name, cells in columns.items():
            value = values.get(name)
            added = value if isinstance(value, list) else [value] * count
            if len(added) != count:
                raise ValueError(f"column {name} has {len(added)} cells for {count} rows")
            cells.extend(added)
        self._rows += count

    def rows(self, table: str, rows: pa.Table) -> None:
        """Rows by column; columns that are not there are null. Nothing is copied."""
        cells = {name: rows.column(name) for name in rows.schema.names}
        self.columns(table, rows.num_rows, **cells)

    def columns(self, table: str, count: int, **values: Any) -> None:
        """As many rows by column: an Arrow array has a cell for each, all else stands in every row.

        Cost: none per row. What stands in every row is kept once for all calls, so a million rows
        take only the memory of the arrays given.
        """
        schema = BATCH_TABLES[table]
        unknown = values.keys() - set(schema.names)
        if unknown:
            raise TypeError(f"table {table} has no column {', '.join(sorted(unknown))}")
        arrays = []
        for each in schema:
            cells = values.get(each.name)
            if isinstance(cells, pa.Array | pa.ChunkedArray):
                arrays.append(cells if cells.type == each.type else cells.cast(each.type))
            else:
                arrays.append(self._repeated(each.type, cells, count))
        self._tables.setdefault(table, []).append(pa.Table.from_arrays(arrays, schema=schema))
        self._rows += count

    def _repeated(self, kind: pa.DataType, value: Any, count: int) -> pa.Array:
        """One value as often as asked; the arrays share their memory."""
        known = self._same.get((kind, value))
        if known is None or len(known) < count:
            size = 1 << max(count - 1, 63).bit_length()
            known = self._same[kind, value] = self._filled(kind, value, size)
        return known.slice(0, count)

    def _filled(self, kind: pa.DataType, value: Any, size: int) -> pa.Array:
        if pa.types.is_dictionary(kind):
            place = None if value is None else 0
            words = pa.array([] if value is None else [value], kind.value_type)
            places = self._repeated(kind.index_type, place, size)
            return pa.DictionaryArray.from_arrays(places, words)
        if value is None or (value == 0 and pa.types.is_primitive(kind)):
            if len(self._zeros) < 8 * (size + 1):  # enough for offsets, and for what is widest
                # Memory that nobody has written to: the system gives none for it.
                self._zeros = mmap(-1, 8 * (size + 1))
            return _zeros(kind, size, pa.py_buffer(self._zeros), valid=value is not None)
        return pa.repeat(pa.scalar(value, kind), size)

    def account(
        self,
        account: str,
        *,
        source_id: str,
        record: int,
        login: str | None = None,
        kind: IdentityClass = IdentityClass.PERSON,
        enabled: bool | None = None,
        **more: Any,
    ) -> None:
        """A login in the spec's system."""
        self.row(
            "accounts",
            account=account,
            system=self.spec.system,
            login=login,
            kind=str(kind),
            enabled=enabled,
            source_id=source_id,
            record=record,
            **more,
        )

    def role(self, role: str, *, kind: str, source_id: str, record: int, **more: Any) -> None:
        """A group, team, policy or other bundle in the spec's system."""
        self.row(
            "roles",
            role=role,
            system=self.spec.system,
            kind=kind,
            source_id=source_id,
            record=record,
            **more,
        )

    def entitlement(
        self,
        action: str,
        resource: str,
        *,
        mode: str = "alone",
        wildcard: bool = False,
        title: str | None = None,
    ) -> str:
        """A smallest right in the spec's system; returns its id."""
        suffix = "" if mode == "alone" else f" ({mode})"
        entitlement = f"{self.spec.system}:{action}@{resource}{suffix}"
        self.row(
            "entitlements",
            entitlement=entitlement,
            system=self.spec.system,
            action=action,
            resource=resource,
            mode=mode,
            wildcard=wildcard,
            title=title,
        )
        return entitlement

    def grant(
        self,
        holder: tuple[NodeKind, str],
        target: tuple[NodeKind, str],
        kind: GrantKind,
        *,
        source_id: str,
        record: int,
        valid_from: date | None = None,
        valid_until: date | None = None,
        lasts_hours: int | None = None,
        conditional: bool = False,
        eligible: bool = False,
        self_granted: bool = False,
        condition: str | None = None,
    ) -> None:
        """One edge, as one source record states it."""
        self.row(
            "grants",
            holder_kind=str(holder[0]),
            holder=holder[1],
            target_kind=str(target[0]),
            target=target[1],
            kind=str(kind),
            conditional=conditional,
            eligible=eligible,
            self_granted=self_granted,
            undecided=False,
            valid_from=valid_from,
            valid_until=valid_until,
            lasts_hours=lasts_hours,
            condition=condition,
            source_id=source_id,
            record=record,
        )

    def rests_on(
        self,
        holder: tuple[NodeKind, str],
        target: tuple[NodeKind, str],
        part: str,
        *,
        source_id: str,
        record: int,
    ) -> None:
        """A further record that the grant from `holder` to `target` rests on."""
        self.row(
            "derivations",
            holder_kind=str(holder[0]),
            holder=holder[1],
            target_kind=str(target[0]),
            target=target[1],
            part=part,
            source_id=source_id,
            record=record,
        )

    def issue(
        self,
        kind: str,
        text: str,
        *,
        hides: Hides,
        source_id: str,
        record: int | None = None,
        subject: str | None = None,
    ) -> None:
        """Something the reader of a report must know about this source."""
        self.row(
            "issues",
            kind=kind,
            system=self.spec.system,
            subject=subject,
            text=text,
            hides=str(hides),
            source_id=source_id,
            record=record,
        )

    def source(
        self,
        file: RawFile,
        counts: Waterfall,
        *,
        kind: str,
        record_template: str,
        status: str = "read",
        encoding: str | None = None,
        extracted_in_file: datetime | None = None,
    ) -> None:
        """The one row of `sources` that a file must have, once it has been read or given up."""
        spec = self.spec
        stated = spec.extracted_at
        instant = stated or extracted_in_file or file.modified_at
        basis = "stated" if stated else "in-file" if extracted_in_file else "file-time"
        self.row(
            "sources",
            source_id=file.source_id,
            system=spec.system,
            importer=spec.importer,
            kind=kind,
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            encoding=encoding,
            extracted_at=instant,
            extracted_at_basis=basis,
            extracted_by=spec.extracted_by,
            query=spec.query,
            evidence=spec.evidence,
            expected_count=spec.expected_count,
            status=status,
            unit=counts.unit,
            record_template=record_template,
            lines=counts.lines,
            continued=counts.continued,
            header=counts.header,
            blank=counts.blank,
            parsed=counts.parsed,
            rejected=counts.rejected,
            duplicate=counts.duplicate,
            filtered=sum(counts.filtered.values()),
            filtered_why="; ".join(f"{n} {why}" for why, n in sorted(counts.filtered.items()))
            or None,
            loaded=counts.loaded,
        )

    @property
    def full(self) -> bool:
        """Whether it is time to hand out a batch."""
        return self._rows >= self._limit

    def take(self) -> Batch:
        """What was collected since the last call, as a batch."""
        tables = {}
        for name in sorted(self._columns.keys() | self._tables.keys()):
            parts = []
            if name in self._columns:
                parts.append(pa.table(self._columns[name], schema=BATCH_TABLES[name]))
            parts += self._tables.get(name, [])
            tables[name] = parts[0] if len(parts) == 1 else pa.concat_tables(parts)
        self._columns = {}
        self._tables = {}
        self._rows = 0
        return Batch(tables)


def _zeros(kind: pa.DataType, size: int, content: pa.Buffer, *, valid: bool) -> pa.Array:
    """Nulls, zeros or noes out of a buffer that is nothing but zero bytes."""
    buffers = [None if valid else content, content]
    if pa.types.is_string(kind):
        buffers.append(content)
    return pa.Array.from_buffers(kind, size, buffers, null_count=0 if valid else size)


def join_batches(batches: Sequence[Batch]) -> Mapping[str, pa.Table]:
    """All rows of all batches, table by table; every batch table is present, if only empty."""
    return {
        name: pa.concat_tables(
            [batch.tables[name] for batch in batches if name in batch.tables] or [_empty(name)]
        )
        for name in BATCH_TABLES
    }


@cache
def _empty(name: str) -> pa.Table:
    return BATCH_TABLES[name].empty_table()
