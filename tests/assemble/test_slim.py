"""Rows of edges put in order lot by lot, and tables that make their columns when asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble, lots, slim
from sod_analyzer.assemble.lots import EdgeRows, Lots, Ties
from sod_analyzer.assemble.slim import SlimTable
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.store import write_snapshot
from tests.assemble.test_by_the_book import worlds
from tests.assemble.worlds import account, batch, estate, grant, role, source

HOLDERS = st.integers(0, 9) | st.sampled_from([2**20, 2**31 - 1])
ROWS = st.lists(
    st.tuples(HOLDERS, st.integers(0, 3), st.integers(0, 2), st.integers(0, 4)), max_size=60
)
#: By fact: what comes before the record, and whether there is one.
BEFORE = np.array([1, 0, 0])
KNOWN = np.array([True, True, False])


@settings(max_examples=200, deadline=None)
@given(ROWS, st.integers(1, 5), st.integers(1, 4), st.integers(0, 60))
def test_rows_are_sorted_lot_by_lot_as_they_are_all_at_once(
    rows: list[tuple[int, int, int, int]], size: int, most: int, cut: int
) -> None:
    columns = [np.array([row[n] for row in rows], dtype=np.int32) for n in range(4)]
    parts = [[column[:cut] for column in columns], [column[cut:] for column in columns]]

    with patch.object(lots, "_LOT_ROWS", size), patch.object(lots, "_MOST_LOTS", most):
        found = EdgeRows(
            Lots([part[0] for part in parts]), fact=np.dtype(np.uint16), record=np.dtype(np.int32)
        )
        for part in parts:
            found.put(*part)
        found.sort(Ties([BEFORE], KNOWN, -1))

    def key(row: tuple[int, int, int, int]) -> tuple[int, ...]:
        holder, target, fact, record = row
        return holder, target, BEFORE[fact], record if KNOWN[fact] else -1, fact

    # A record that is not known says nothing, so two rows may differ in it and be equal.
    expected = [key(row) for row in sorted(set(rows), key=key)]
    actual = zip(found.holder, found.target, found.fact, found.record, strict=True)
    assert [key(row) for row in actual] == list(dict.fromkeys(expected))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 9), st.integers(1, 5))
def test_no_holder_is_in_two_lots_and_lots_ascend(
    rows: list[tuple[int, int, int, int]], size: int, most: int
) -> None:
    holders = np.array(sorted(row[0] for row in rows), dtype=np.int32)

    with patch.object(lots, "_LOT_ROWS", size), patch.object(lots, "_MOST_LOTS", most):
        found = Lots([holders[::2], holders[1::2]])

    lot = found.of(holders)
    assert (np.diff(lot.astype(int)) >= 0).all()
    assert len(found.bounds) - 1 <= most
    assert np.bincount(lot, minlength=len(found.bounds) - 1).tolist() == [
        *np.diff(found.bounds).tolist()
    ]
    for holder in set(holders.tolist()):
        assert len(set(lot[holders == holder].tolist())) == 1


def both(world: Batch) -> tuple[Snapshot, Snapshot]:
    """The snapshot with slim tables in small pieces, and with whole ones."""
    whole = assemble([world], estate("hr", "ldap", "k8s"))
    with patch.object(slim, "_WORTH_IT", 0), patch.object(slim, "_LEAST_REPEATED", 0):
        return assemble([world], estate("hr", "ldap", "k8s")), whole


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from([8, 16, 2**20]), st.data())
def test_a_slim_table_is_the_whole_one(world: Batch, piece: int, data: st.DataObject) -> None:
    with patch.object(slim, "PIECE_ROWS", piece):
        thin, whole = both(world)
        assert thin.digest == whole.digest == tables_digest(whole.tables, as_of=whole.as_of)
    for name in ("grants", "derivations"):
        table: Any = thin[name]
        assert isinstance(table, SlimTable)
        assert isinstance(whole[name], pa.Table)
        assert table.to_pylist() == whole[name].to_pylist()
        assert (table.schema, table.num_rows) == (whole[name].schema, len(table))
        assert table.column_names == whole[name].column_names
        begin = data.draw(st.integers(0, len(table)))
        size = data.draw(st.integers(0, 9))
        assert table.slice(begin, size).equals(whole[name].slice(begin, size))
        rows = data.draw(st.lists(st.integers(0, len(table) - 1), max_size=5)) if len(table) else []
        taken = pa.array(rows, pa.int64())
        assert table.take(taken).to_pylist() == whole[name].take(taken).to_pylist()
        for column in table.column_names:
            assert table.column(column).type == whole[name].column(column).type
            assert table[column].to_pylist() == whole[name].column(column).to_pylist()


def held(count: int) -> Batch:
    """So many people in as many groups, with two files and days among them."""
    names = [f"ldap:{n}" for n in range(count)]
    stated = [
        grant(("account", name), ("role", names[n // 2]), record=n, conditional=n % 3 == 0)
        for n, name in enumerate(names)
    ]
    return batch(
        sources=[source("ldap")],
        accounts=[account(name) for name in names],
        roles=[role(name) for name in names],
        grants=stated,
    )


def test_what_is_written_is_the_same_however_the_table_is_kept(tmp_path: Path) -> None:
    thin, whole = both(held(100))

    write_snapshot(thin, tmp_path / "thin")
    write_snapshot(whole, tmp_path / "whole")

    manifests = [
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("thin", "whole")
    ]
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize(("least", "kind"), [(2, SlimTable), (10**6, pa.Table)])
def test_a_table_that_says_other_things_in_most_rows_is_whole(least: int, kind: type) -> None:
    with patch.object(slim, "_WORTH_IT", 1), patch.object(slim, "_LEAST_REPEATED", least):
        snapshot = assemble([held(40)], estate("ldap"))

    assert isinstance(snapshot["grants"], kind)


def test_what_a_slim_table_does_not_know_is_no_private_thing() -> None:
    thin, _ = both(held(3))

    with pytest.raises(AttributeError):
        thin["grants"]._nothing  # noqa: B018
