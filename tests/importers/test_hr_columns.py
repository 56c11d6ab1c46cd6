"""The law of the columnar roster: it names the people that the record-by-record one names."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.importers.hr import IMPORTER, HrOptions, RosterColumns, by_block, by_record
from sod_analyzer.importers.tabular import blocks, days, words
from sod_analyzer.importers.tabular.table import Notes
from sod_analyzer.model.access import IdentityClass, Status
from sod_analyzer.model.batch import Batch, Raw, join_batches
from tests.importers.tabular_kit import spec_for

CELLS: Mapping[str, tuple[str, ...]] = {
    "Employee ID": ("1", "2", "3", " 1 ", "007", "", "\u00a07", "\u00c4"),
    "Name": ("Ann", "Bob", "\u00c4nn\u2003", ""),
    "E-Mail": ("a@x", "", "b@x "),
    "Dept": ("Risk", "IT", ""),
    "Status": ("active", "Left", "On Leave", "pre-hire", "?", "", "gone"),
    "Type": ("Employee", "contractor", "BOT", "robot!", "", "spook"),
    "Start": ("2020-01-02", "2026-10-31", "2027-01-01", "", "soon", "2026-11-01T00:30:00Z"),
    "End": ("2026-10-30", "2026-10-31", "2026-11-01", "", "never", "9999-12-31"),
}


def random_text(seed: int, count: int, header: tuple[str, ...]) -> str:
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    stream = io.StringIO()
    rows = [[chance.choice(CELLS[name]) for name in header] for _ in range(count)]
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def headers() -> st.SearchStrategy[tuple[str, ...]]:
    """The employee id and some of the other columns, in any order."""
    others = st.lists(st.sampled_from([*CELLS][1:]), unique=True)
    return others.flatmap(lambda names: st.permutations(["Employee ID", *names])).map(tuple)


def stated(base: Path, route: Callable[[Raw], Iterator[Batch]], **keys: Any) -> Mapping[str, Any]:
    """All rows of all tables, in canonical order, by a route."""
    spec = spec_for(base, "hr", "*.csv", HrOptions(**keys), timezone="Europe/Berlin")
    batches = tuple(route(IMPORTER.fetch(spec)))
    return {
        name: sorted(table.to_pylist(), key=repr) for name, table in join_batches(batches).items()
    }


@given(
    header=headers(),
    files=st.lists(
        st.tuples(st.integers(0, 2**32), st.sampled_from([0, 5, 40])), min_size=1, max_size=3
    ),
    keys=st.fixed_dictionaries(
        {
            "status": st.sampled_from([{}, {Status.LEAVER: ("gone",), Status.ACTIVE: ("left",)}]),
            "kind": st.sampled_from([{}, {IdentityClass.VENDOR: ("spook",)}]),
            "date_format": st.sampled_from([(), "%Y-%d-%m"]),
        }
    ),
    most=st.sampled_from([1, 3, 1000]),
    block=st.sampled_from([1, 7, 1000]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_by_block_is_what_it_is_by_record(
    tmp_path: Path,
    header: tuple[str, ...],
    files: list[tuple[int, int]],
    *,
    keys: dict[str, Any],
    most: int,
    block: int,
) -> None:
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    for n, (seed, count) in enumerate(files):
        (tmp_path / f"{n}.csv").write_text(random_text(seed, count, header), encoding="utf-8")
    columns = RosterColumns(kind="Type" if "Type" in header else None)
    skip = {"Name": ("Bob", "")} if "Name" in header else {}

    with (
        patch.object(blocks, "BLOCK_ROWS", block),
        patch.object(Notes, "most", most),
        patch.object(words, "_FEW", most % 3),
        patch.object(days, "_FEW", most % 3),
    ):
        expected = stated(tmp_path, by_record, columns=columns, skip=skip, **keys)
        actual = stated(tmp_path, by_block, columns=columns, skip=skip, **keys)

    assert actual == expected


@pytest.mark.parametrize("route", [by_block, by_record])
def test_a_person_of_an_earlier_file_is_named_with_it(
    tmp_path: Path, route: Callable[[Raw], Iterator[Batch]]
) -> None:
    """Both routes tell of the place that was kept, in this file or in the one before."""
    (tmp_path / "a.csv").write_text("employee_id,name\n1,Ann\n1,Bob\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("employee_id,name\n2,Cy\n1,Dee\n", encoding="utf-8")

    tables = stated(tmp_path, route)

    assert [row["name"] for row in tables["identities"]] == ["Ann", "Cy"]
    said = "line 3 says of employee id '1' other things than"
    assert [(row["text"], row["subject"]) for row in tables["issues"]] == [
        (f"a.csv: record not loaded: {said} line 2, which was kept", "1"),
        (f"b.csv: record not loaded: {said} a.csv line 2, which was kept", "1"),
    ]
