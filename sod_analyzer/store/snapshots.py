"""Snapshots on disk: one Parquet file per table, and a manifest with their hashes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sod_analyzer import __version__
from sod_analyzer.errors import Problem, SourceRef, StoreError, near
from sod_analyzer.model.access import SCHEMA_VERSION, SNAPSHOT_TABLES, Snapshot
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.store.atomic import atomic_folder

MANIFEST = "manifest.json"
_FORMAT = "sod-analyzer snapshot"
#: A manifest is a few kilobytes; whatever is larger is none.
_MAX_MANIFEST_BYTES = 1024**2
AGAIN = "run 'sod import' again"
WRONG_DIGEST = f"the digest is not that of the tables; {AGAIN}"
_CHANGED = "the file is damaged or was changed: its hash is not the manifest's"


#: How tables are packed. Numbers as differences to their neighbours, which is small for codes in
#: order; a little compression costs a third of much of it and leaves files as small.
_PACKING: Mapping[str, Any] = {
    "version": "2.6",
    "compression": "zstd",
    "compression_level": 1,
    # A dictionary that does not fit is given up, and each row spelled out.
    "dictionary_pagesize_limit": 2**26,
    "row_group_size": 2**20,
    "write_statistics": False,
}
_THREADS = 2


def write_snapshot(snapshot: Snapshot, folder: Path, *, replace: bool = False) -> None:
    """Stores a snapshot as a folder; the same snapshot gives the same bytes.

    Shares nothing with other calls, so it may run in a thread of its own.

    Raises:
        StoreError: `folder` holds something and `replace` is not given, or what it holds is not a
            snapshot, or it cannot be written.
    """
    with atomic_folder(folder, marker=MANIFEST, replace=replace) as grown:

        def write(name: str) -> dict[str, int | str]:
            return _write_table(snapshot[name], grown / f"{name}.parquet")

        # The largest first, so that no thread is left alone with it in the end.
        names = sorted(SNAPSHOT_TABLES, key=lambda name: -snapshot[name].num_rows)
        try:
            with ThreadPoolExecutor(_THREADS) as threads:
                tables = dict(zip(names, threads.map(write, names), strict=True))
            manifest = {
                "format": _FORMAT,
                "schema_version": SCHEMA_VERSION,
                "tool_version": __version__,
                "name": snapshot.name,
                "as_of": snapshot.as_of.isoformat(),
                "digest": snapshot.digest,
                "tables": tables,
            }
            text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
            (grown / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise StoreError(f"cannot write '{folder}': {error.strerror or error}") from error


class _Hashed(io.RawIOBase):
    """A file that hashes what is written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return self._stream.write(content)


def _write_table(table: pa.Table, path: Path) -> dict[str, int | str]:
    words = [each.name for each in table.schema if pa.types.is_dictionary(each.type)]
    numbers = {
        each.name: "DELTA_BINARY_PACKED"
        for each in table.schema
        if pa.types.is_integer(each.type) or pa.types.is_date32(each.type)
    }
    packing = dict(_PACKING)
    size = packing.pop("row_group_size")
    packing |= {"use_dictionary": words, "column_encoding": numbers}
    with path.open("xb") as stream:
        hashed = _Hashed(stream)
        with pq.ParquetWriter(hashed, table.schema, **packing) as writer:
            # Of a table that makes its columns when asked, no more rows are made at a time.
            for begin in range(0, max(table.num_rows, 1), size):
                writer.write_table(table.slice(begin, size), size)
    return {"rows": table.num_rows, "sha256": hashed.digest.hexdigest()}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a stored snapshot says of itself."""

    name: str
    as_of: date
    digest: str
    tables: Mapping[str, tuple[int, str]]  # rows and SHA-256


def read_snapshot(folder: Path) -> Snapshot:
    """The snapshot in a folder, after checking every file against the manifest.

    The tables must give the digest that the manifest states, so a manifest that was changed
    together with its files is found out by its digest, which reports print.

    Cost: reads and hashes every file once, and every value once more for the digest.

    Raises:
        StoreError: nothing is there, it is of another version, or a file is missing, changed or
            not what it should be; every wrong file is named.
    """
    manifest = manifest_of(folder)
    tables = _read_tables(folder, manifest)
    if tables_digest(tables, as_of=manifest.as_of) != manifest.digest:
        raise StoreError(WRONG_DIGEST, where=SourceRef((folder / MANIFEST).as_posix()))
    return Snapshot(tables, manifest.as_of, manifest.name, manifest.digest)


def read_without_grants(folder: Path, *, elsewhere: bool) -> tuple[Snapshot, int]:
    """As `read_snapshot`, with no row of the table of grants; and how many it should have.

    Its file is held against the manifest, unless the rows are kept elsewhere. The digest is the
    one that the manifest states: only all rows could tell whether it is that of the tables.

    Raises:
        StoreError: as `read_snapshot`.
    """
    manifest = manifest_of(folder)
    tables = _read_tables(folder, manifest, unread="grants", unhashed=elsewhere)
    snapshot = Snapshot(tables, manifest.as_of, manifest.name, manifest.digest)
    return snapshot, manifest.tables["grants"][0]


def _read_tables(
    folder: Path, manifest: Manifest, *, unread: str | None = None, unhashed: bool = False
) -> Mapping[str, pa.Table]:
    """Every table, each held against the manifest; of one nothing is kept, and maybe looked at."""

    def read(name: str) -> pa.Table | Problem:
        path = folder / f"{name}.parquet"
        try:
            if name == unread:
                if not unhashed:
                    _check_hash(path, manifest.tables[name][1])
                return SNAPSHOT_TABLES[name].empty_table()
            return _read_table(path, SNAPSHOT_TABLES[name], manifest.tables[name])
        except (OSError, ValueError, pa.ArrowException) as error:
            said = getattr(error, "strerror", None) or str(error)
            return Problem(f"{said}; {AGAIN}", SourceRef(path.as_posix()))

    # The largest first, so that no thread is left alone with it in the end.
    names = sorted(SNAPSHOT_TABLES, key=lambda name: -manifest.tables[name][0])
    with ThreadPoolExecutor(_THREADS) as threads:
        results = dict(zip(names, threads.map(read, names), strict=True))
    found = {name: results[name] for name in SNAPSHOT_TABLES}
    problems = [each for each in found.values() if isinstance(each, Problem)]
    tables = {name: each for name, each in found.items() if not isinstance(each, Problem)}
    problems += [
        Problem(f"{text}; {AGAIN}", SourceRef((folder / "grants.parquet").as_posix()))
        for text in ([] if problems else dangling(tables))
    ]
    if problems:
        raise StoreError(problems)
    return tables


def _check_hash(path: Path, digest: str) -> None:
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
            raise ValueError(_CHANGED)


def _read_table(path: Path, schema: pa.Schema, expected: tuple[int, str]) -> pa.Table:
    """The table in a file. Raises `ValueError` or `OSError` saying what is wrong with it."""
    rows, digest = expected
    # Read once, so that what is hashed is what is parsed.
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(_CHANGED)
    # Without Arrow's threads: one that lets go of Python's bytes while the interpreter ends, as it
    # does when the next file is damaged, takes the process down with it (apache/arrow#34314).
    words = [each.name for each in schema if pa.types.is_dictionary(each.type)]
    with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False, read_dictionary=words) as file:
        if file.schema_arrow != as_stored(schema):
            raise ValueError(f"the columns are not those of schema version {SCHEMA_VERSION}")
        if file.metadata.num_rows != rows:
            raise ValueError(f"{file.metadata.num_rows:,} rows where the manifest says {rows:,}")
        # One by one: a column takes twice its memory while its row groups are joined.
        columns = [
            in_one_piece(file.read(columns=[each.name], use_threads=False).column(0), each.type)
            for each in schema
        ]
    return pa.Table.from_arrays(columns, schema=schema)


def in_one_piece(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """A column in one piece, words with one dictionary."""
    if not pa.types.is_dictionary(kind):
        same = column if column.type == kind else column.cast(kind)
        return same.combine_chunks()
    dictionaries = [chunk.dictionary for chunk in column.chunks]
    if any(not each.equals(dictionaries[0]) for each in dictionaries):
        return column.combine_chunks().cast(kind)
    # Each group of rows has the same dictionary again: it need not be looked at word by word.
    words = dictionaries[0] if dictionaries else pa.array([], pa.string())
    chunks = [chunk.indices.cast(kind.index_type) for chunk in column.chunks]
    places = pa.chunked_array(chunks, kind.index_type)
    return pa.DictionaryArray.from_arrays(places.combine_chunks(), words)


def as_stored(schema: pa.Schema) -> pa.Schema:
    """The schema as Parquet gives it back: with no whole seconds, and wide numbers of words."""
    word = pa.dictionary(pa.int32(), pa.string())
    milliseconds = pa.timestamp("ms", tz="UTC")

    def stored(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_dictionary(kind):
            return word
        return milliseconds if pa.types.is_timestamp(kind) else kind

    return pa.schema(field.with_type(stored(field.type)) for field in schema)


def dangling(tables: Mapping[str, pa.Table]) -> list[str]:
    """What would send a reader outside of the tables."""
    count = tables["nodes"].num_rows
    wrong = []
    for name in ("grants", "derivations"):
        for end in ("holder", "target"):
            span = pc.min_max(tables[name].column(end)).as_py()
            if tables[name].num_rows and not (0 <= (span["min"] or 0) <= span["max"] < count):
                wrong.append(f"{name}.{end} names a node that does not exist")
    return wrong


def manifest_of(folder: Path) -> Manifest:
    """What a folder says of the snapshot in it.

    Raises:
        StoreError: nothing is there, or it is of another version.
    """
    path = folder / MANIFEST
    where = SourceRef(path.as_posix())
    try:
        content = _manifest_bytes(folder, path)
    except OSError as error:
        raise StoreError(f"cannot read it: {error.strerror}", where=where) from error
    try:
        found = json.loads(content)
        return _checked(found)
    except StoreError as error:
        raise StoreError(str(error), where=where) from None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"this is no manifest of a snapshot; {AGAIN}", where=where) from error


def _manifest_bytes(folder: Path, path: Path) -> bytes:
    shown = folder.as_posix()
    if not folder.exists():
        parent = folder.parent
        names = [each.name for each in parent.iterdir()] if parent.is_dir() else []
        hint = near(folder.name, (name for name in names if not name.startswith(".")))
        raise StoreError(f"no snapshot at '{shown}'{hint}; make one with 'sod import'")
    if not folder.is_dir():
        raise StoreError(f"'{shown}' is a file; a snapshot is a folder")
    if not path.is_file():
        what = "holds no snapshot" if any(folder.iterdir()) else "is an empty folder"
        raise StoreError(f"'{shown}' {what} (it has no {MANIFEST}); make one with 'sod import'")
    with path.open("rb") as stream:
        return stream.read(_MAX_MANIFEST_BYTES)


def _checked(found: Any) -> Manifest:
    """A manifest with the right things in it; raises whatever reading wrong ones raises."""
    if found["format"] != _FORMAT:
        raise ValueError(found["format"])
    version = found["schema_version"]
    if version != SCHEMA_VERSION:
        tool = found.get("tool_version", "unknown")
        raise StoreError(
            f"schema version {version!s:.20} (written by sod-analyzer {tool!s:.20}), "
            f"and this tool reads version {SCHEMA_VERSION}; {AGAIN}"
        )
    name, digest = found["name"], found["digest"]
    if not isinstance(name, str) or not isinstance(digest, str):
        raise TypeError(name, digest)
    missing = sorted(SNAPSHOT_TABLES.keys() - found["tables"].keys())
    if missing:
        raise StoreError(f"tables are missing: {', '.join(missing)}; {AGAIN}")
    tables = {
        table: (int(found["tables"][table]["rows"]), str(found["tables"][table]["sha256"]))
        for table in SNAPSHOT_TABLES
    }
    return Manifest(name, date.fromisoformat(found["as_of"]), digest, tables)
