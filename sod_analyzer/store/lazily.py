"""Stored snapshots of which only what is asked for is read: a question needs little of them."""

from __future__ import annotations

import errno
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sod_analyzer.errors import Problem, SourceRef, StoreError
from sod_analyzer.model.access import SCHEMA_VERSION, SNAPSHOT_TABLES, NodeKind, Snapshot
from sod_analyzer.model.by_column import ByColumn
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.model.memory import give_back
from sod_analyzer.store.hashed import Ahead, Hashed
from sod_analyzer.store.snapshots import (
    AGAIN,
    MANIFEST,
    WRONG_DIGEST,
    Manifest,
    as_stored,
    dangling,
    in_one_piece,
    manifest_of,
)

Rows = npt.NDArray[np.int64]

#: So many rows are in memory at once where only some of them are wanted.
_BATCH = 2**16

#: So often some rows of a column are read by themselves, where a whole analysis asks.
_PATIENCE = 8
#: A table of more rows than these is read column by column where memory matters. Below, it costs
#: some megabytes, and a column would be opened for every row that somebody asks for.
MANY = 2**17

_TABLE_OF = {
    NodeKind.IDENTITY: "identities",
    NodeKind.ACCOUNT: "accounts",
    NodeKind.ROLE: "roles",
    NodeKind.ENTITLEMENT: "entitlements",
}


class StoredTable(ByColumn):
    """Some columns of a table of a stored snapshot; each is read when it is first asked for.

    The file is held against the manifest before anything of it is used.
    """

    def __init__(self, file: StoredFile, names: Iterable[str]) -> None:
        super().__init__(pa.schema([file.schema.field(name) for name in names]), file.rows)
        self.file = file

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, which is kept."""
        return self.file.column(self.schema.field(name).name)

    def select(self, names: Iterable[str]) -> StoredTable:
        """Some of the columns."""
        return StoredTable(self.file, names)

    def slice(self, offset: int, length: int) -> StoredRows:
        """Some rows that follow each other."""
        return StoredRows(self, np.arange(offset, min(offset + length, self.num_rows)))

    def take(self, rows: pa.Array | Rows) -> StoredRows:
        """Some rows, in the order asked for."""
        return StoredRows(self, np.asarray(rows, dtype=np.int64))


class StoredRows(ByColumn):
    """Some rows of a stored table, read column by column when they are asked for."""

    def __init__(self, table: StoredTable, rows: Rows) -> None:
        super().__init__(table.schema, len(rows))
        self.table = table
        self._rows = rows
        self._columns: dict[str, pa.ChunkedArray] = {}

    def take(self, rows: pa.Array | Rows) -> StoredRows:
        """Some of these rows, in the order asked for."""
        return StoredRows(self.table, self._rows[np.asarray(rows, dtype=np.int64)])

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of these rows, which is kept."""
        found = self._columns.get(name)
        if found is None:
            kind = self.schema.field(name).type
            found = pa.chunked_array([self.table.file.values(name, self._rows)], kind)
            self._columns[name] = found
        return found


class StoredFile:
    """The file of a table, opened and held against the manifest when something is asked of it.

    A column of which some rows are asked for more often than `patience` is read whole and kept:
    each time costs as much as reading a good part of it.
    """

    def __init__(
        self,
        file: Hashed,
        schema: pa.Schema,
        *,
        rows: int,
        sha256: str,
        patience: int | None = None,
    ) -> None:
        self.path = file.path
        self.schema = schema
        self.rows = rows
        self._hashed = file
        self._sha256 = sha256
        self._patience = patience
        self._asked: Counter[str] = Counter()
        self._lock = threading.RLock()  # a file is read by one thread at a time
        self._columns: dict[str, pa.ChunkedArray] = {}

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read some columns; what goes wrong is for whoever asks for them."""
        with suppress(StoreError, OSError, pa.ArrowException):
            for name in names:
                self.column(name)

    def check(self) -> None:
        """Hold the file against the manifest now.

        Raises:
            StoreError: it is missing, was changed, or is not what it should be.
        """
        _ = self._file

    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column, which is kept until `release`."""
        with self._lock:
            found = self._columns.get(name)
            if found is None:
                found = self._columns[name] = self.read(name)
            return found

    def read(self, name: str, *, in_pieces: bool = False) -> pa.ChunkedArray:
        """A whole column, which is not kept; in one piece, or as the groups of rows it stands in.

        Cost: in one piece, twice its memory while the pieces are joined.
        """
        kind = self.schema.field(name).type
        with self._lock:
            file = self._file
            try:
                read = file.read(columns=[name], use_threads=False).column(0)
                if in_pieces and not pa.types.is_dictionary(kind):
                    return read if read.type == kind else read.cast(kind)
                return pa.chunked_array([in_one_piece(read, kind)], kind)
            except (OSError, ValueError, pa.ArrowException) as error:
                raise self._unfit(error) from error

    def release(self) -> None:
        """Keep no column any longer; they are read again when they are asked for."""
        with self._lock:
            self._columns = {}

    def values(self, name: str, rows: Rows) -> pa.Array:
        """Some values of a column.

        Cost: of the groups of rows that they stand in; little more than they is in memory.
        """
        kind = self.schema.field(name).type
        kept = self._columns.get(name)
        if kept is None and self._patience is not None:
            self._asked[name] += 1
            kept = self.column(name) if self._asked[name] > self._patience else None
        if kept is not None:
            return kept.take(pa.array(rows)).combine_chunks()
        if len(rows) > 1 and np.any(rows[1:] < rows[:-1]):
            order = np.argsort(rows, kind="stable")
            back = np.empty(len(order), dtype=np.int64)
            back[order] = np.arange(len(order))
            return self._ascending(name, kind, rows[order]).take(pa.array(back))
        return self._ascending(name, kind, rows)

    def _ascending(self, name: str, kind: pa.DataType, rows: Rows) -> pa.Array:
        pieces: list[pa.Array] = []
        begins, stop = 0, int(rows[-1]) + 1 if len(rows) else 0
        with self._lock:
            for group in range(self._file.metadata.num_row_groups):
                ends = begins + self._file.metadata.row_group(group).num_rows
                low, high = np.searchsorted(rows, [begins, min(ends, stop)])
                if low < high:
                    pieces += self._of_group(group, name, rows[low:high] - begins)
                begins = ends
        same = [each if each.type == kind else each.cast(kind) for each in pieces]
        return in_one_piece(pa.chunked_array(same, kind), kind)

    def _of_group(self, group: int, name: str, rows: Rows) -> Iterator[pa.Array]:
        begins = 0
        batches = self._file.iter_batches(
            _BATCH, row_groups=[group], columns=[name], use_threads=False
        )
        for batch in batches:
            ends = begins + batch.num_rows
            low, high = np.searchsorted(rows, [begins, ends])
            if low < high:
                yield batch.column(0).take(pa.array(rows[low:high] - begins))
            if high == len(rows):
                return
            begins = ends

    @cached_property
    def _file(self) -> pq.ParquetFile:
        try:
            return self._opened()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise self._unfit(error) from error

    def _unfit(self, error: Exception) -> StoreError:
        said = getattr(error, "strerror", None) or str(error)
        return StoreError(f"{said}; {AGAIN}", where=SourceRef(self.path.as_posix()))

    def _opened(self) -> pq.ParquetFile:
        # The stream that was hashed: what is checked is what is parsed.
        stream, sha256 = self._hashed.open()
        if sha256 != self._sha256:
            raise ValueError("the file is damaged or was changed: its hash is not the manifest's")
        words = [each.name for each in self.schema if pa.types.is_dictionary(each.type)]
        source = pa.PythonFile(stream, "r")
        file = pq.ParquetFile(source, pre_buffer=False, read_dictionary=words)
        if file.schema_arrow != as_stored(self.schema):
            raise ValueError(f"the columns are not those of schema version {SCHEMA_VERSION}")
        if file.metadata.num_rows != self.rows:
            stated = f"{file.metadata.num_rows:,} rows where the manifest says {self.rows:,}"
            raise ValueError(stated)
        return file


class StoredSnapshot(Snapshot):
    """A stored snapshot whose tables are read, and held against the manifest, when asked for.

    The digest is the one that the manifest states. Only reading everything can tell whether it is
    that of the tables: see `read_snapshot`.
    """

    def read_ahead(self, table: str, *columns: str) -> None:
        """Begin to read columns of a table that will be asked for whole, beside other work."""
        file = self.tables[table].file
        # The program waits for it at its end: Arrow cannot be left in the middle of a file.
        threading.Thread(target=file.read_ahead, args=(columns,), name="read").start()

    @cached_property
    def ranges(self) -> Mapping[NodeKind, range]:
        """The contiguous range of codes of each kind: a row of its table for each."""
        spans: dict[NodeKind, range] = {}
        start = 0
        for kind, table in _TABLE_OF.items():
            spans[kind] = range(start, start + self.tables[table].num_rows)
            start = spans[kind].stop
        return spans


class Resident(Mapping[str, Any]):
    """The tables of a snapshot: in memory, or on disk and read when they are asked for.

    A table in memory can be let go of once it is on disk.
    """

    def __init__(self, tables: Mapping[str, pa.Table | StoredTable]) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> Any:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def let_go(self, folder: Path, *names: str) -> None:
        """From now on, read these tables from the folder that the snapshot was written to.

        Whoever has a table or column of them already keeps it.

        Raises:
            StoreError: the folder holds no snapshot.
        """
        self._tables |= _stored(folder, manifest_of(folder), names, patience=_PATIENCE)

    def large(self) -> tuple[str, ...]:
        """The tables in memory that are worth to be let go of."""
        return tuple(
            name
            for name, table in self._tables.items()
            if not isinstance(table, StoredTable) and table.num_rows > MANY
        )

    def release(self) -> None:
        """Keep no column in memory that is on disk; it is read again when it is asked for."""
        for table in self._tables.values():
            if isinstance(table, StoredTable):
                table.file.release()
        give_back()


def _stored(
    folder: Path,
    manifest: Manifest,
    names: Iterable[str],
    *,
    ahead: Ahead | None = None,
    patience: int | None = None,
) -> dict[str, StoredTable]:
    files = ahead or Ahead()
    tables = {}
    for name in names:
        rows, sha256 = manifest.tables[name]
        schema = SNAPSHOT_TABLES[name]
        hashed = files.file(folder / f"{name}.parquet")
        file = StoredFile(hashed, schema, rows=rows, sha256=sha256, patience=patience)
        tables[name] = StoredTable(file, schema.names)
    return tables


def open_snapshot(folder: Path, ahead: Ahead | None = None) -> StoredSnapshot:
    """The snapshot in a folder, of which a table is read and checked when it is asked for.

    `ahead` has files of which the hash was asked for before.

    Raises:
        StoreError: nothing is there, it is of another version, a table has no file, or its kinds
            of nodes are not as many as their tables have rows. A table that was changed is found
            when it is asked for.
    """
    manifest = manifest_of(folder)
    # Now, and not when half an answer has been printed.
    missing = [
        Problem(f"{os.strerror(errno.ENOENT)}; {AGAIN}", SourceRef(path.as_posix()))
        for path in (folder / f"{name}.parquet" for name in SNAPSHOT_TABLES)
        if not path.is_file()
    ]
    if missing:
        raise StoreError(missing)
    tables = _stored(folder, manifest, SNAPSHOT_TABLES, ahead=ahead)
    found = StoredSnapshot(Resident(tables), manifest.as_of, manifest.name, manifest.digest)
    if sum(len(span) for span in found.ranges.values()) != tables["nodes"].num_rows:
        where = SourceRef((folder / MANIFEST).as_posix())
        raise StoreError(f"the nodes are not those of the tables; {AGAIN}", where=where)
    return found


def read_by_column(folder: Path) -> Snapshot:
    """As `read_snapshot`, everything held against the manifest and its digest, in little memory.

    Tables of many rows stay on disk: a column is read when it is asked for, and kept until
    `Snapshot.release`.

    Cost: reads and hashes every file once, and every value once more for the digest; two columns
    are in memory at a time.

    Raises:
        StoreError: as `read_snapshot`.
    """
    manifest = manifest_of(folder)
    ahead = Ahead(folder / f"{name}.parquet" for name in SNAPSHOT_TABLES)
    stored = _stored(folder, manifest, SNAPSHOT_TABLES, ahead=ahead, patience=_PATIENCE)
    problems: list[Problem] = []
    for table in stored.values():
        try:
            table.file.check()
        except StoreError as error:
            problems += error.problems
    if problems:
        raise StoreError(problems)
    tables: dict[str, pa.Table | StoredTable] = {
        name: table if table.num_rows > MANY else table.whole() for name, table in stored.items()
    }
    wrong = dangling(tables)
    for table in stored.values():
        table.file.release()
    if wrong:
        where = SourceRef((folder / "grants.parquet").as_posix())
        raise StoreError([Problem(f"{text}; {AGAIN}", where) for text in wrong])
    passing = {
        name: _Passing(table) if isinstance(table, StoredTable) else table
        for name, table in tables.items()
    }
    if tables_digest(passing, as_of=manifest.as_of) != manifest.digest:
        raise StoreError(WRONG_DIGEST, where=SourceRef((folder / MANIFEST).as_posix()))
    return Snapshot(Resident(tables), manifest.as_of, manifest.name, manifest.digest)


class _Passing:
    """A stored table of which every column is looked at once and not kept."""

    def __init__(self, table: StoredTable) -> None:
        self._table = table
        self.schema = table.schema
        self.num_rows = table.num_rows

    def column(self, name: str) -> pa.ChunkedArray:
        """One column, read anew."""
        return self._table.file.read(name, in_pieces=True)
