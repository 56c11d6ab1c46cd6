"""A snapshot of which little is read says the same, and damage to what is read is noticed."""

from __future__ import annotations

import gc
import hashlib
import json
import tempfile
import weakref
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import StoreError
from sod_analyzer.model.access import SNAPSHOT_TABLES, Snapshot
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.store import MANIFEST, hashed, lazily, read_snapshot, snapshots, write_snapshot
from sod_analyzer.store.hashed import Ahead, Hashed
from sod_analyzer.store.lazily import Resident, StoredFile, StoredTable, open_snapshot
from tests.engine.kit import right, world
from tests.world import snapshot_of

HELD = "x-prod c ra"
NAMES = sorted(f"i{n}" for n in range(40))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    made = snapshot_of(world(*(f"i{n} > a{n} > r{n % 3} > {HELD}" for n in range(40))))
    digest = tables_digest(made.tables, as_of=made.as_of)
    return Snapshot(made.tables, made.as_of, made.name, digest)


@pytest.fixture
def folder(snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored snapshot whose tables have several groups of rows."""
    monkeypatch.setattr(snapshots, "_PACKING", {**snapshots._PACKING, "row_group_size": 7})
    target = tmp_path / "snapshot"
    write_snapshot(snapshot, target)
    return target


def test_every_table_is_what_was_written(snapshot: Snapshot, folder: Path) -> None:
    found = open_snapshot(folder)

    assert (found.as_of, found.name, found.digest) == (
        snapshot.as_of,
        snapshot.name,
        snapshot.digest,
    )
    assert found.ranges == snapshot.ranges
    assert set(found.tables) == set(SNAPSHOT_TABLES)
    assert len(found.tables) == len(SNAPSHOT_TABLES)
    for name, table in snapshot.tables.items():
        assert found[name].num_rows == len(found[name]) == table.num_rows
        assert found[name].column_names == table.schema.names
        assert found[name].to_pylist() == table.to_pylist()
        assert found[name].whole().schema == table.schema


def test_a_table_that_was_let_go_of_is_gone_and_read_again(
    snapshot: Snapshot, folder: Path
) -> None:
    tables = Resident(
        {name: pa.table(table.columns, table.schema) for name, table in snapshot.tables.items()}
    )
    before = weakref.ref(tables["grants"])
    others = {name: table for name, table in tables.items() if name != "grants"}

    tables.let_go(folder, "grants")

    gc.collect()
    assert before() is None
    assert isinstance(tables["grants"], StoredTable)
    assert tables["grants"].to_pylist() == snapshot["grants"].to_pylist()
    assert list(tables) == list(snapshot.tables)
    assert all(tables[name] is table for name, table in others.items())


@given(rows=st.lists(st.integers(0, 39)), kept=st.booleans())
@settings(max_examples=60, deadline=None)
def test_rows_are_read_in_the_order_asked_for(rows: list[int], *, kept: bool) -> None:
    other, table = table_of(40), table_of(40)
    whole = pa.table({name: other[name] for name in other.column_names})
    if kept:
        table.column("word")

    some = table.take(np.array(rows, dtype=np.int64))

    expected = whole.take(pa.array(rows, pa.int64()))
    assert some.to_pylist() == expected.to_pylist()
    assert some["number"].to_pylist() == expected["number"].to_pylist()
    assert some.column("word").type == table.schema.field("word").type
    again = list(range(len(rows)))[::-1]
    assert some.take(np.array(again, dtype=np.int64)).to_pylist() == expected.to_pylist()[::-1]
    assert len(some) == some.num_rows == len(rows)


def table_of(rows: int) -> StoredTable:
    """A stored table with several groups of rows, whose file is gone as soon as it is open."""
    schema = pa.schema(
        {"word": pa.dictionary(pa.int32(), pa.string()), "number": pa.int64(), "text": pa.string()}
    )
    words = pa.array(["ab"[n % 2] if n % 5 else None for n in range(rows)]).dictionary_encode()
    numbers = pa.array([None if n == 3 else n * n for n in range(rows)], pa.int64())
    texts = pa.array([f"t{n}" for n in range(rows)])
    table = pa.Table.from_arrays([words, numbers, texts], schema=schema)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            writer.write_table(table, row_group_size=7)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        file = StoredFile(Hashed(path), schema, rows=rows, sha256=sha256)
        stored = StoredTable(file, schema.names)
        stored.take(np.array([0])).column("text")
    return stored


def test_a_column_asked_for_bit_by_bit_is_kept_until_it_is_released(
    snapshot: Snapshot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "_PATIENCE", 2)
    tables = Resident(dict(snapshot.tables))
    tables.let_go(folder, "identities")
    table = tables["identities"]
    read: list[str] = []
    whole = StoredFile.read

    def noted(file: StoredFile, name: str) -> pa.ChunkedArray:
        read.append(name)
        return whole(file, name)

    monkeypatch.setattr(StoredFile, "read", noted)

    def name(row: int) -> str:
        return str(table.select(["name"]).take(np.array([row])).column("name")[0].as_py())

    assert [name(row) for row in (3, 1)] == ["i11", "i1"] == [NAMES[row] for row in (3, 1)]
    assert read == []
    assert [name(row) for row in (0, 2)] == [NAMES[row] for row in (0, 2)]
    assert read == ["name"]
    tables.release()
    assert name(39) == NAMES[39]
    assert read == ["name", "name"]


def test_what_is_in_memory_is_not_released(snapshot: Snapshot) -> None:
    tables = Resident(dict(snapshot.tables))

    tables.release()
    snapshot.release()

    assert tables["grants"] is snapshot["grants"]


def test_large_tables_in_memory_are_worth_letting_go_of(
    snapshot: Snapshot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "MANY", snapshot["accounts"].num_rows)
    tables = Resident(dict(snapshot.tables))

    assert set(tables.large()) == {"nodes", "grants"}
    tables.let_go(folder, *tables.large())
    assert tables.large() == ()


def test_a_slice_is_some_rows(snapshot: Snapshot, folder: Path) -> None:
    table = open_snapshot(folder)["identities"]

    assert table.slice(3, 2).to_pylist() == snapshot["identities"].slice(3, 2).to_pylist()
    assert table.slice(38, 9).num_rows == 2


def test_some_columns_are_read_without_the_others(folder: Path) -> None:
    table = open_snapshot(folder)["identities"]

    some = table.select(["name"]).take(np.array([1]))

    assert some.column("name").to_pylist() == ["i1"]
    assert some.schema.names == ["name"]
    with pytest.raises(KeyError):
        some.column("email")


def test_what_is_not_asked_for_is_not_looked_at(folder: Path) -> None:
    (folder / "issues.parquet").write_bytes(b"")

    found = open_snapshot(folder)

    assert found["identities"].column("name").to_pylist()[0] == "i0"


def test_every_missing_file_is_named_before_anything_is_answered(folder: Path) -> None:
    (folder / "grants.parquet").unlink()
    (folder / "nodes.parquet").unlink()

    with pytest.raises(StoreError) as refused:
        open_snapshot(folder)

    named = [str(each) for each in refused.value.problems]
    assert len(named) == 2
    assert all("No such file or directory; run 'sod import' again" in each for each in named)
    assert "nodes.parquet" in named[0]
    assert "grants.parquet" in named[1]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    path.write_bytes((path.parent / "roles.parquet").read_bytes())


@pytest.mark.parametrize("damage", [flip, swap])
@pytest.mark.parametrize("ahead", [False, True])
def test_damage_is_noticed_by_whoever_asks(
    folder: Path, damage: Callable[[Path], None], *, ahead: bool
) -> None:
    damage(folder / "identities.parquet")
    names = ("identities", "roles") if ahead else ()
    found = open_snapshot(folder, Ahead(folder / f"{name}.parquet" for name in names))

    with pytest.raises(StoreError, match=r"identities\.parquet.*run 'sod import' again"):
        found["identities"].column("name")
    assert found["roles"].num_rows == 3


def test_columns_that_were_read_ahead_are_those_of_the_file(
    snapshot: Snapshot, folder: Path
) -> None:
    found = open_snapshot(folder)

    found.read_ahead("identities", "name", "status")

    table = found["identities"]
    assert table.column("name").to_pylist() == snapshot["identities"].column("name").to_pylist()
    assert table.take(np.array([3, 1])).to_pylist() == [
        snapshot["identities"].to_pylist()[n] for n in (3, 1)
    ]


def test_damage_found_while_reading_ahead_is_told_to_whoever_asks(
    folder: Path, recwarn: pytest.WarningsRecorder
) -> None:
    flip(folder / "identities.parquet")
    found = open_snapshot(folder)

    found.read_ahead("identities", "name")

    with pytest.raises(StoreError, match=r"identities\.parquet.*run 'sod import' again"):
        found["identities"].column("name")
    assert not recwarn.list


def changed(folder: Path, table: str, **said: object) -> None:
    """Let the manifest say something else of a table."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["tables"][table].update(said)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def test_nodes_are_as_many_as_their_tables_have_rows(folder: Path) -> None:
    changed(folder, "roles", rows=4)

    with pytest.raises(StoreError, match="the nodes are not those of the tables"):
        open_snapshot(folder)


def test_rows_are_as_many_as_the_manifest_says(folder: Path) -> None:
    changed(folder, "grants", rows=4)

    with pytest.raises(StoreError, match=r"grants\.parquet.*80|grants\.parquet"):
        open_snapshot(folder)["grants"].column("kind")


def test_a_folder_without_a_snapshot_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no snapshot"):
        open_snapshot(tmp_path / "none")


def test_whole_reading_and_reading_what_is_asked_for_agree(folder: Path) -> None:
    whole, lazily = read_snapshot(folder), open_snapshot(folder)

    assert lazily.ids.to_pylist() == whole.ids.to_pylist()
    assert lazily.find(next(iter(whole.ranges)), "i7") == whole.find(next(iter(whole.ranges)), "i7")
    assert lazily.as_of == whole.as_of != date(1970, 1, 1)
    assert right(HELD) in whole.ids.to_pylist()


def test_a_file_that_is_closed_while_it_is_hashed_ends_quietly(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a program ends that has asked ahead."""

    def closed(stream: BinaryIO, room: object) -> str:
        del room
        stream.close()
        return str(len(stream.read()))

    monkeypatch.setattr(hashed, "hash_of", closed)
    found = open_snapshot(folder, Ahead([folder / "grants.parquet"]))

    with pytest.raises(StoreError, match=r"grants\.parquet.*closed file"):
        found["grants"].column("record")
