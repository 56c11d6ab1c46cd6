"""Columns say what rows say: merging, ordering and coding, under random worlds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sod_analyzer.assemble as assembling
from sod_analyzer.assemble import assemble, facts, pairs, spreading
from sod_analyzer.assemble.columns import coded, in_words, text_ranks
from sod_analyzer.assemble.facts import Facts
from sod_analyzer.assemble.merge import MERGINGS, merge
from sod_analyzer.assemble.pairs import sort_pairs
from sod_analyzer.identity import LinkResult, link
from sod_analyzer.model.access import BATCH_TABLES, NodeKind, Snapshot
from sod_analyzer.model.batch import Batch
from tests.assemble.by_the_book import codes_of, edges, links_of, merged
from tests.assemble.worlds import Cells, account, batch, estate, grant, person, right, role, source

TABLES = {
    NodeKind.IDENTITY: "identities",
    NodeKind.ACCOUNT: "accounts",
    NodeKind.ROLE: "roles",
    NodeKind.ENTITLEMENT: "entitlements",
}
NAMES = st.sampled_from(["p", "pp", "q", "é", "p\0", "long" * 12])
OFTEN_NONE = st.none() | st.none()
PLACES = {
    "source_id": st.sampled_from(["hr", "ldap", "k8s", None]),
    "record": st.none() | st.integers(0, 3),
}


def rows_of(make: Any, key: str, ids: st.SearchStrategy[str], **cells: Any) -> Any:
    """Lists of rows of one node table with cells drawn from these."""
    return st.lists(
        st.builds(
            lambda node, more: {**make(node), key: node, **more}, ids, st.fixed_dictionaries(cells)
        ),
        max_size=9,
    )


DAYS = OFTEN_NONE | st.sampled_from([date(2020, 1, 1), date(2030, 1, 1)])
INSTANTS = OFTEN_NONE | st.sampled_from(
    [datetime(1960, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)]
)
TEXTS = OFTEN_NONE | st.sampled_from(["a", "b", ""])
CLASSES = st.sampled_from([None, "person", "shared", "workload"])
PEOPLE = rows_of(
    lambda _: person("1"),
    "identity",
    st.sampled_from(["hr:1", "hr:2", "ldap:p"]),
    name=TEXTS,
    status=st.sampled_from([None, "active", "leaver"]),
    kind=CLASSES,
    start_on=DAYS,
    employee_id=st.sampled_from([None, "1", "2", "3"]),
    email=OFTEN_NONE | st.sampled_from(["p@x", "q@x"]),
    **PLACES,
)
LOGINS = rows_of(
    account,
    "account",
    st.builds("ldap:{}".format, NAMES),
    login=TEXTS,
    email=OFTEN_NONE | st.sampled_from(["p@x", "q@x"]),
    employee_id=st.sampled_from([None, "1", "2"]),
    enabled=st.sampled_from([None, True, False]),
    dormant_why=TEXTS,
    kind=CLASSES,
    created_at=INSTANTS,
    last_used_at=INSTANTS,
    expires_on=DAYS,
    **PLACES,
)
ROLES = rows_of(
    role,
    "role",
    st.builds("ldap:{}".format, NAMES),
    title=TEXTS,
    kind=TEXTS,
    privileged=st.sampled_from([None, True, False]),
    **PLACES,
)
RIGHTS = rows_of(
    right,
    "entitlement",
    st.sampled_from(["ldap:a@x", "ldap:b@x"]),
    title=TEXTS,
    mode=TEXTS,
    wildcard=st.sampled_from([None, True, False]),
)
HOLDERS = st.tuples(st.sampled_from(["account", "role"]), st.builds("ldap:{}".format, NAMES))
TARGETS = HOLDERS | st.tuples(st.just("entitlement"), st.sampled_from(["ldap:a@x", "ldap:b@x"]))
GRANTS = st.lists(
    st.builds(
        lambda holder, target, more: grant(holder, target, **more),
        HOLDERS,
        TARGETS,
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["member", "assigned", None]),
                "conditional": st.sampled_from([None, True, False]),
                "valid_until": DAYS,
                "lasts_hours": OFTEN_NONE | st.integers(-5, 5),
                "condition": TEXTS,
                **PLACES,
            }
        ),
    ),
    max_size=12,
)


@st.composite
def worlds(draw: st.DrawFn) -> Batch:
    """Rows of every table, with clashes, repeats, nulls and dangling ends."""
    stated = draw(GRANTS)
    stated += draw(st.lists(st.sampled_from(stated), max_size=3)) if stated else []
    rests: list[Cells] = [
        {name: row[name] for name in BATCH_TABLES["derivations"].names if name in row}
        for row in draw(GRANTS)
    ]
    return batch(
        sources=[source("hr"), source("ldap"), source("k8s")],
        identities=draw(PEOPLE),
        accounts=draw(LOGINS),
        roles=draw(ROLES),
        entitlements=draw(RIGHTS),
        grants=stated,
        derivations=rests,
    )


def assembled(world: Batch, cut: int) -> tuple[Snapshot, LinkResult]:
    """The snapshot of a world that comes in two batches, and the links in it."""
    seen: list[LinkResult] = []

    def linking(*tables: pa.Table, **more: Any) -> LinkResult:
        seen.append(link(*tables, **more))
        return seen[-1]

    halves = [
        Batch({name: table.slice(0, cut) for name, table in world.tables.items()}),
        Batch({name: table.slice(cut) for name, table in world.tables.items()}),
    ]
    with patch.object(assembling, "link", linking):
        return assemble(halves, estate("hr", "ldap", "k8s")), seen[0]


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(0, 6))
def test_assembly_by_column_is_assembly_by_the_book(world: Batch, cut: int) -> None:
    snapshot, linked = assembled(world, cut)

    codes = codes_of(snapshot.tables)
    clashing = []
    for name in TABLES.values():
        rows = world.tables[name].to_pylist()
        if name == "identities":
            rows += linked.identities.to_pylist()
        expected, differing = merged(name, rows, snapshot[name].schema.names)
        named = {row[next(iter(row))] for row in expected}
        kept = [row for row in snapshot[name].to_pylist() if next(iter(row.values())) in named]
        assert expected == kept
        if name == "identities":
            differing = merged(name, world.tables[name].to_pylist(), snapshot[name].schema.names)[1]
        clashing += differing
    assert sorted(clashing) == sorted(
        row["subject"]
        for row in snapshot["issues"].to_pylist()
        if row["kind"] == "conflicting-attributes"
    )
    for name, held in (("grants", linked.grants), ("derivations", linked.derivations)):
        stated = [*world.tables[name].to_pylist(), *held.to_pylist()]
        expected = edges(stated, codes, snapshot[name].schema.names)
        assert expected == [
            {key: row[key] for key in expected[0]} for row in snapshot[name].to_pylist()
        ]
    assert links_of(linked, codes) == snapshot["links"].to_pylist()


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_one_row_per_id_is_only_put_in_order(kind: NodeKind) -> None:
    schema = BATCH_TABLES[TABLES[kind]]
    table = pa.Table.from_pylist([{schema.names[0]: node} for node in "cab"], schema=schema)

    found, issues = merge(table, text_ranks(table.column(0)), MERGINGS[kind])

    assert found.column(0).to_pylist() == ["a", "b", "c"]
    assert (found.schema, issues.num_rows) == (schema, 0)


CODES = st.sampled_from([0, 1, 5, 2**30, 2**31 - 2, 2**31 - 1])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CODES, CODES), max_size=40))
def test_pairs_are_sorted_however_many_bits_there_are(rows: list[tuple[int, int]]) -> None:
    """Two codes and a row may need more bits than a word has: then there are several pieces."""
    first, second = (np.array([row[n] for row in rows], dtype=np.int32) for n in (0, 1))

    with patch.object(pairs, "_BLOCK", 7):
        found = sort_pairs(first.copy(), second.copy(), (np.arange(len(rows)),))

    order = sorted(range(len(rows)), key=lambda row: (rows[row], row))
    assert order == found.told[0].tolist()
    assert [rows[row] for row in order] == [
        *zip(found.first.tolist(), found.second.tolist(), strict=True)
    ]
    repeated = [n > 0 and rows[order[n]] == rows[order[n - 1]] for n in range(len(rows))]
    assert repeated == found.again.tolist()


def test_more_cases_than_two_bytes_can_tell_are_told_apart() -> None:
    facts = Facts(pa.schema([("condition", pa.dictionary(pa.int32(), pa.string()))]))
    said = [[f"{number}" for number in range(start, start + 40_000)] for start in (0, 40_000)]

    found = [
        facts.add(pa.record_batch([pa.array(each).dictionary_encode()], names=["condition"]))
        for each in said
    ]

    known = facts.so_far().column("condition")
    assert [known.take(pa.array(numbers)).to_pylist() for numbers in found] == said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.none() | st.sampled_from(["b", "a", "é", ""]), max_size=5), max_size=3))
def test_words_keep_their_rows_whatever_the_dictionaries(chunks: list[list[str | None]]) -> None:
    column = pa.chunked_array(
        [pa.array(chunk, pa.string()).dictionary_encode() for chunk in chunks],
        pa.dictionary(pa.int32(), pa.string()),
    )
    cells = [cell for chunk in chunks for cell in chunk]

    codes, words = coded(column)

    assert words.to_pylist() == sorted({cell for cell in cells if cell is not None})
    assert in_words(codes, words).to_pylist() == cells


def test_links_by_several_methods_are_in_the_order_of_accounts() -> None:
    world = batch(
        sources=[source("hr"), source("ldap")],
        identities=[person("1", email="a@x"), person("2", email="b@x")],
        accounts=[
            account("ldap:b", employee_id="1"),
            account("ldap:a", email="b@x"),
            account("ldap:c", employee_id="2", email="b@x"),
        ],
    )

    snapshot, _ = assembled(world, 0)

    assert [(row["account"], row["method"]) for row in snapshot["links"].to_pylist()] == [
        ("ldap:a", "email"),
        ("ldap:b", "employee-id"),
        ("ldap:c", "email"),
        ("ldap:c", "employee-id"),
    ]


def test_only_records_that_are_merged_settle_why_an_account_is_dormant() -> None:
    rows = [
        account("ldap:a", enabled=True, dormant_why="odd"),
        account("ldap:b", enabled=True, record=1),
        account("ldap:b", enabled=False, dormant_why="locked", record=2),
    ]

    snapshot, _ = assembled(batch(sources=[source("ldap")], accounts=rows), 0)

    assert snapshot["accounts"].column("dormant_why").to_pylist() == ["odd", None]


def test_a_row_without_a_record_comes_before_one_with_record_0() -> None:
    ends = ("account", "ldap:p"), ("role", "ldap:d")
    rows = [grant(*ends, record=0), grant(*ends, record=-1), {**grant(*ends), "record": None}]

    snapshot, _ = assembled(batch(sources=[source("ldap")], grants=rows), 0)

    found = [row["record"] for row in snapshot["grants"].to_pylist() if row["kind"] == "member"]
    assert found == [None, -1, 0]


def test_many_different_facts_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """More combinations than are counted in an array, in more rows than one block."""
    monkeypatch.setattr(facts, "_MOST_COUNTED", 8)
    monkeypatch.setattr(facts, "_BLOCK", 16)
    monkeypatch.setattr(spreading, "_BLOCK", 16)
    holder, target = ("account", "ldap:p"), ("role", "ldap:d")
    stated = [
        grant(
            holder,
            target,
            record=1 + n % 2,
            lasts_hours=None if n % 7 == 0 else n % 11,
            condition=f"when {n % 5}" if n % 3 else None,
            valid_until=date(2026, 1, 1 + n % 4),
            eligible=n % 2 == 0,
        )
        for n in range(300)
    ]
    world = batch(sources=[source("ldap")], accounts=[account("ldap:p")], grants=stated)

    snapshot = assemble([world], estate("ldap"))

    given_rows = world.tables["grants"].to_pylist()
    expected = edges(given_rows, codes_of(snapshot.tables), snapshot["grants"].schema.names)
    found = [row for row in snapshot["grants"].to_pylist() if row["kind"] == "member"]
    assert expected == [{key: row[key] for key in expected[0]} for row in found]
