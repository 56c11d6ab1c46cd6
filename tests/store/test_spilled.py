"""Tables on disk say what they said in memory, and their files are gone afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import StoreError
from sod_analyzer.store import spilled
from sod_analyzer.store.spilled import SpilledTables

SCHEMA = pa.schema(
    {
        "word": pa.dictionary(pa.int32(), pa.string()),
        "few": pa.dictionary(pa.int8(), pa.string()),
        "text": pa.string(),
        "number": pa.int32(),
        "yes": pa.bool_(),
    }
)


@pytest.fixture(autouse=True)
def every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilled, "LARGE", 0)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "word": None if n % 7 == 0 else f"w{n % 5}",
            "few": "ab"[n % 2],
            "text": "" if n % 3 else f"t{n}\u00e9",
            "number": None if n % 4 == 0 else n,
            "yes": n % 2 == 0,
        }
        for n in range(count)
    ]


def table_of(*counts: int) -> pa.Table:
    """A table with a chunk of so many rows for each number, every chunk with its own words."""
    return pa.concat_tables([pa.Table.from_pylist(rows(count), schema=SCHEMA) for count in counts])


def on_disk(tables: SpilledTables) -> int:
    """How many tables are mapped files."""
    return len(tables._maps)


def test_a_table_on_disk_is_the_table(tmp_path: Path) -> None:
    table = table_of(40)

    with SpilledTables(tmp_path) as tables:
        tables["hops"] = table

        assert on_disk(tables) == 1
        assert list(tmp_path.iterdir()) == []
        assert tables["hops"].schema == table.schema
        assert tables["hops"].to_pylist() == table.to_pylist()
        assert tables["hops"] is tables["hops"]
        assert dict(tables) == {"hops": table}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_chunks_with_words_of_their_own_are_put_together(counts: list[int]) -> None:
    table = table_of(*counts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilled, "LARGE", -1)
        with SpilledTables(Path.cwd()) as tables:
            tables["legs"] = table

            assert tables["legs"].to_pylist() == table.to_pylist()


def test_what_was_released_is_there_all_the_same(tmp_path: Path) -> None:
    numbers = pa.table({"number": np.arange(10**6)})

    with SpilledTables(tmp_path) as tables:
        tables["hops"] = numbers
        before = int(tables["hops"]["number"].to_numpy().sum())
        tables.release()

        assert int(tables["hops"]["number"].to_numpy().sum()) == before == 499999500000


def fail_with(folder: Path) -> None:
    with SpilledTables(folder) as tables:
        tables["legs"] = table_of(3)
        raise ZeroDivisionError


def test_files_are_gone_at_the_end_however_it_ends(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_table_outlives_its_file(tmp_path: Path) -> None:
    table = table_of(9)
    with SpilledTables(tmp_path) as tables:
        tables["legs"] = table
        kept = tables["legs"]

    assert kept.to_pylist() == table.to_pylist()


def test_a_name_may_be_given_again_or_up(tmp_path: Path) -> None:
    with SpilledTables(tmp_path) as tables:
        tables["legs"] = table_of(3)
        tables["legs"] = table_of(5)
        tables["hops"] = table_of(1)
        del tables["hops"]

        assert tables["legs"].num_rows == 5
        assert list(tables) == ["legs"]
        assert len(tables) == 1


def test_threads_put_tables_here_beside_each_other(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(20)]

    with SpilledTables(tmp_path) as tables:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda name: tables.update({name: table_of(int(name[1:]))}), names))

        assert {name: table.num_rows for name, table in tables.items()} == {
            name: int(name[1:]) for name in names
        }


def test_a_process_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, pyarrow as pa\nfrom pathlib import Path\n"
        "from sod_analyzer.store import spilled\nspilled.LARGE = 0\n"
        "tables = spilled.SpilledTables(Path(sys.argv[1])).__enter__()\n"
        "tables['hops'] = pa.table({'n': range(10**5)})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_small_tables_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilled, "LARGE", 10**6)
    table = table_of(3)

    with SpilledTables(tmp_path / "not" / "there") as tables:
        tables["legs"] = table

        assert tables["legs"] is table
        assert on_disk(tables) == 0


def test_the_first_folder_that_exists_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    make = tempfile.TemporaryFile

    def told(**named: Any) -> Any:
        asked.append(named["dir"])
        return make(**named)

    monkeypatch.setattr(tempfile, "TemporaryFile", told)

    with SpilledTables(tmp_path / "not" / "there") as tables:
        tables["legs"] = table_of(3)

    assert asked == [tmp_path]


def test_a_full_disk_is_an_error_that_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pa.ipc, "new_file", full)

    with (
        pytest.raises(StoreError, match=r"no room for tables near '.*': No space left"),
        SpilledTables(tmp_path) as tables,
    ):
        tables["legs"] = table_of(3)
    assert list(tmp_path.iterdir()) == []
