"""Snapshots survive the disk unchanged, and damage never goes unnoticed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble
from sod_analyzer.errors import StoreError
from sod_analyzer.model.access import SNAPSHOT_TABLES, Snapshot
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.store import MANIFEST, lazily, read_snapshot, write_snapshot
from tests.assemble.worlds import account, batch, estate, grant, person, role, source


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return assemble(
        [
            batch(
                sources=[source("hr"), source("ldap"), source("k8s")],
                identities=[person("007", start_on=date(2020, 2, 29))],
                accounts=[
                    account(
                        "ldap:=cmd()\u202e</script>",
                        employee_id="007",
                        enabled=True,
                        created_at=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
                        name="x" * 40_000,
                    )
                ],
                roles=[role("ldap:dev")],
                grants=[grant(("account", "ldap:=cmd()\u202e</script>"), ("role", "ldap:dev"))],
            )
        ],
        estate(),
    )


@pytest.fixture
def folder(snapshot: Snapshot, tmp_path: Path) -> Path:
    target = tmp_path / "snapshot"
    write_snapshot(snapshot, target)
    return target


def by_column(folder: Path) -> Snapshot:
    """A snapshot all of whose tables stay on disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazily, "MANY", -1)
        return lazily.read_by_column(folder)


READERS = pytest.mark.parametrize("read", [read_snapshot, by_column], ids=["whole", "by_column"])


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_read_is_what_was_written(snapshot: Snapshot, folder: Path) -> None:
    found = read_snapshot(folder)

    assert found == snapshot
    assert dict(found.tables) == dict(snapshot.tables)
    assert found.digest == tables_digest(found.tables, as_of=found.as_of)
    assert sorted(bytes_of(folder)) == sorted(
        [MANIFEST, *(f"{name}.parquet" for name in SNAPSHOT_TABLES)]
    )


def test_the_same_snapshot_gives_the_same_bytes(
    snapshot: Snapshot, folder: Path, tmp_path: Path
) -> None:
    write_snapshot(read_snapshot(folder), tmp_path / "again")

    assert bytes_of(tmp_path / "again") == bytes_of(folder)


def test_a_snapshot_is_replaced_only_when_asked(snapshot: Snapshot, folder: Path) -> None:
    with pytest.raises(StoreError, match="exists"):
        write_snapshot(snapshot, folder)

    write_snapshot(snapshot, folder, replace=True)

    assert read_snapshot(folder).digest == snapshot.digest


def test_a_folder_of_other_things_is_not_replaced(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(StoreError, match="did not write"):
        write_snapshot(snapshot, tmp_path, replace=True)


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.none() | st.text(max_size=6),
    "dictionary<values=string, indices=int32, ordered=0>": st.none() | st.text(max_size=3),
    "dictionary<values=string, indices=int8, ordered=0>": st.none() | st.text(max_size=3),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "bool": st.none() | st.booleans(),
    "date32[day]": st.none() | st.dates(),
    "timestamp[s, tz=UTC]": st.none() | st.integers(-(10**10), 10**11),
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, pa.Table]:
    """Tables of the snapshot's schemas with any values; edges stay inside the nodes."""
    found: dict[str, pa.Table] = {}
    for name, schema in SNAPSHOT_TABLES.items():
        count = draw(st.integers(0, 3))
        columns = {
            field.name: draw(st.lists(CELLS[str(field.type)], min_size=count, max_size=count))
            for field in schema
        }
        if name in {"grants", "derivations"}:
            nodes = found["nodes"].num_rows
            count = count if nodes else 0
            inside = st.lists(st.integers(0, max(nodes - 1, 0)), min_size=count, max_size=count)
            columns = {column: cells[:count] for column, cells in columns.items()}
            columns |= {"holder": draw(inside), "target": draw(inside)}
        found[name] = pa.table(columns, schema=schema)
    return found


@settings(max_examples=15, deadline=None)
@given(tables(), st.text(max_size=5), st.dates())
def test_any_tables_survive_the_disk(found: dict[str, pa.Table], name: str, day: date) -> None:
    given_ = Snapshot(found, day, name, tables_digest(found, as_of=day))

    with tempfile.TemporaryDirectory() as place:
        write_snapshot(given_, Path(place, "s"))
        result = read_snapshot(Path(place, "s"))
        stored = by_column(Path(place, "s"))
        for table, content in found.items():
            assert stored[table].to_pylist() == content.to_pylist()

    assert (stored.name, stored.as_of, stored.digest) == (name, day, given_.digest)
    assert (result.name, result.as_of, result.digest) == (name, day, given_.digest)
    for table, content in found.items():
        assert result[table].schema == content.schema
        assert result[table].to_pylist() == content.to_pylist()


def change(folder: Path, **values: object) -> None:
    path = folder / MANIFEST
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(found | values), encoding="utf-8")


def rehash(folder: Path, table: str, content: pa.Table) -> None:
    """Swaps a table and makes the manifest agree, as somebody with intent would."""
    path = folder / f"{table}.parquet"
    pq.write_table(content, path)
    found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    found["tables"][table] = {
        "rows": content.num_rows,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / MANIFEST).write_text(json.dumps(found), encoding="utf-8")


def truncate(folder: Path) -> None:
    path = folder / "grants.parquet"
    path.write_bytes(path.read_bytes()[:-10])


def drop_rows(folder: Path) -> None:
    rehash(folder, "grants", pq.read_table(folder / "grants.parquet").slice(1))


def swap_columns(folder: Path) -> None:
    rehash(folder, "systems", pa.table({"system": ["x"]}))


def point_outside(folder: Path) -> None:
    table = pq.read_table(folder / "grants.parquet")
    codes = pa.array([9_999] * table.num_rows, pa.int32())
    rehash(folder, "grants", table.set_column(0, table.schema.field(0), codes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, r"grants\.parquet: the file is damaged or was changed"),
        (lambda f: (f / "roles.parquet").unlink(), r"roles\.parquet: No such file"),
        (lambda f: (f / "roles.parquet").write_bytes(b""), r"roles\.parquet: the file is damaged"),
        (lambda f: (f / MANIFEST).unlink(), r"holds no snapshot \(it has no manifest\.json\)"),
        (lambda f: (f / MANIFEST).write_text("{"), "this is no manifest"),
        (lambda f: (f / MANIFEST).write_text("[" * 100_000), "this is no manifest"),
        (lambda f: (f / MANIFEST).write_bytes(b"\xff\xfe"), "this is no manifest"),
        (lambda f: change(f, format="other"), "this is no manifest"),
        (lambda f: change(f, as_of="yesterday"), "this is no manifest"),
        (lambda f: change(f, name=None), "this is no manifest"),
        (lambda f: change(f, tables={}), "tables are missing: accounts, applications"),
        (lambda f: change(f, tables=[]), "this is no manifest"),
        (lambda f: change(f, schema_version=99), "schema version 99 .*reads version 3"),
        (lambda f: change(f, digest="0" * 64), "the digest is not that of the tables"),
        (lambda f: change(f, as_of="2020-01-01"), "the digest is not that of the tables"),
        (drop_rows, "the digest is not that of the tables"),
        (swap_columns, r"systems\.parquet: the columns are not those of schema version 3"),
        (point_outside, r"grants\.holder names a node that does not exist"),
    ],
)
@READERS
def test_damage_is_named_with_what_to_do(
    folder: Path,
    damage: Callable[[Path], object],
    message: str,
    read: Callable[[Path], Snapshot],
) -> None:
    damage(folder)

    with pytest.raises(StoreError, match=message) as caught:
        read(folder)

    assert "sod import" in str(caught.value)


@READERS
def test_every_damaged_file_is_named(folder: Path, read: Callable[[Path], Snapshot]) -> None:
    for name in ("roles", "nodes"):
        (folder / f"{name}.parquet").write_bytes(b"PAR1")

    with pytest.raises(StoreError) as caught:
        read(folder)

    assert len(caught.value.problems) == 2


def test_a_misspelt_folder_is_answered_with_the_one_meant(folder: Path) -> None:
    with pytest.raises(StoreError, match="did you mean 'snapshot'"):
        read_snapshot(folder.with_name("snapshto"))


def test_a_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()

    with pytest.raises(StoreError, match="is a file; a snapshot is a folder"):
        read_snapshot(tmp_path / "file")
    with pytest.raises(StoreError, match="is an empty folder"):
        read_snapshot(tmp_path / "empty")


def test_a_full_disk_leaves_nothing_behind(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_snapshot(snapshot, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_may_be_copied(folder: Path, snapshot: Snapshot, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")

    assert read_snapshot(tmp_path / "copy").digest == snapshot.digest
