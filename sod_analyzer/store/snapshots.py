"""Snapshots on disk: one Parquet file per table, and a manifest with their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

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
_AGAIN = "run 'sod import' again"


def write_snapshot(snapshot: Snapshot, folder: Path, *, replace: bool = False) -> None:
    """Stores a snapshot as a folder; the same snapshot gives the same bytes.

    Raises:
        StoreError: `folder` holds something and `replace` is not given, or what it holds is not a
            snapshot, or it cannot be written.
    """
    with atomic_folder(folder, marker=MANIFEST, replace=replace) as grown:
        try:
            tables = {
                name: _write_table(snapshot[name], grown / f"{name}.parquet")
                for name in SNAPSHOT_TABLES
            }
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


def _write_table(table: pa.Table, path: Path) -> dict[str, int | str]:
    pq.write_table(table, path, compression="zstd", compression_level=3, version="2.6")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"rows": table.num_rows, "sha256": digest}


@dataclass(frozen=True, slots=True)
class _Manifest:
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
    manifest = _read_manifest(folder)
    tables: dict[str, pa.Table] = {}
    problems: list[Problem] = []
    for name, schema in SNAPSHOT_TABLES.items():
        path = folder / f"{name}.parquet"
        try:
            tables[name] = _read_table(path, schema, manifest.tables[name])
        except (OSError, ValueError, pa.ArrowException) as error:
            said = getattr(error, "strerror", None) or str(error)
            problems.append(Problem(f"{said}; {_AGAIN}", SourceRef(path.as_posix())))
    problems += [
        Problem(f"{text}; {_AGAIN}", SourceRef((folder / "grants.parquet").as_posix()))
        for text in ([] if problems else _dangling(tables))
    ]
    if problems:
        raise StoreError(problems)
    if tables_digest(tables, as_of=manifest.as_of) != manifest.digest:
        raise StoreError(
            f"the digest is not that of the tables; {_AGAIN}",
            where=SourceRef((folder / MANIFEST).as_posix()),
        )
    return Snapshot(tables, manifest.as_of, manifest.name, manifest.digest)


def _read_table(path: Path, schema: pa.Schema, expected: tuple[int, str]) -> pa.Table:
    """The table in a file. Raises `ValueError` or `OSError` saying what is wrong with it."""
    rows, digest = expected
    # Read once, so that what is hashed is what is parsed.
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError("the file is damaged or was changed: its hash is not the manifest's")
    # Without Arrow's threads: one that lets go of Python's bytes while the interpreter ends, as it
    # does when the next file is damaged, takes the process down with it (apache/arrow#34314).
    words = [each.name for each in schema if pa.types.is_dictionary(each.type)]
    with pq.ParquetFile(pa.BufferReader(content), pre_buffer=False, read_dictionary=words) as file:
        table = file.read(use_threads=False)
    if table.schema != _stored(schema):
        raise ValueError(f"the columns are not those of schema version {SCHEMA_VERSION}")
    if table.num_rows != rows:
        raise ValueError(f"{table.num_rows:,} rows where the manifest says {rows:,}")
    return table.cast(schema)


def _stored(schema: pa.Schema) -> pa.Schema:
    """The schema as Parquet gives it back: it knows no whole seconds."""
    milliseconds = pa.timestamp("ms", tz="UTC")
    return pa.schema(
        field.with_type(milliseconds) if pa.types.is_timestamp(field.type) else field
        for field in schema
    )


def _dangling(tables: Mapping[str, pa.Table]) -> list[str]:
    """What would send a reader outside of the tables."""
    count = tables["nodes"].num_rows
    wrong = []
    for name in ("grants", "derivations"):
        for end in ("holder", "target"):
            span = pc.min_max(tables[name].column(end)).as_py()
            if tables[name].num_rows and not (0 <= (span["min"] or 0) <= span["max"] < count):
                wrong.append(f"{name}.{end} names a node that does not exist")
    return wrong


def _read_manifest(folder: Path) -> _Manifest:
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
        raise StoreError(f"this is no manifest of a snapshot; {_AGAIN}", where=where) from error


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


def _checked(found: Any) -> _Manifest:
    """A manifest with the right things in it; raises whatever reading wrong ones raises."""
    if found["format"] != _FORMAT:
        raise ValueError(found["format"])
    version = found["schema_version"]
    if version != SCHEMA_VERSION:
        tool = found.get("tool_version", "unknown")
        raise StoreError(
            f"schema version {version!s:.20} (written by sod-analyzer {tool!s:.20}), "
            f"and this tool reads version {SCHEMA_VERSION}; {_AGAIN}"
        )
    name, digest = found["name"], found["digest"]
    if not isinstance(name, str) or not isinstance(digest, str):
        raise TypeError(name, digest)
    missing = sorted(SNAPSHOT_TABLES.keys() - found["tables"].keys())
    if missing:
        raise StoreError(f"tables are missing: {', '.join(missing)}; {_AGAIN}")
    tables = {
        table: (int(found["tables"][table]["rows"]), str(found["tables"][table]["sha256"]))
        for table in SNAPSHOT_TABLES
    }
    return _Manifest(name, date.fromisoformat(found["as_of"]), digest, tables)
