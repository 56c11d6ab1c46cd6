"""What assembly makes of batches, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sod_analyzer.assemble import assemble
from sod_analyzer.errors import ConfigError, InputError
from sod_analyzer.model.access import NODE_KINDS, SNAPSHOT_TABLES, Snapshot
from tests.assemble.worlds import (
    account,
    batch,
    edges,
    estate,
    grant,
    issue_kinds,
    person,
    right,
    role,
    source,
)

SOURCES = batch(sources=[source("hr"), source("ldap"), source("k8s")])
ANN = account("ldap:ann", employee_id="1", record=5)


def row_of(snapshot: Snapshot, table: str, key: str) -> dict[str, Any]:
    """The one row of a table whose first column is this key."""
    rows: list[dict[str, Any]] = [
        row for row in snapshot[table].to_pylist() if next(iter(row.values())) == key
    ]
    (row,) = rows
    return row


def test_a_small_world_becomes_nodes_in_code_order_and_coded_grants() -> None:
    batches = [
        SOURCES,
        batch(identities=[person("1")], accounts=[ANN]),
        batch(
            roles=[role("ldap:dev")],
            entitlements=[right("ldap:member@dev")],
            grants=[
                grant(("role", "ldap:dev"), ("entitlement", "ldap:member@dev"), kind="contains"),
                grant(("account", "ldap:ann"), ("role", "ldap:dev"), record=9),
            ],
        ),
    ]

    snapshot = assemble(batches, estate())

    assert snapshot.node_ids == ("hr:1", "ldap:ann", "ldap:dev", "ldap:member@dev")
    assert snapshot["nodes"].column("kind").to_pylist() == [str(kind) for kind in NODE_KINDS]
    assert snapshot["nodes"].column("code").to_pylist() == [0, 1, 2, 3]
    assert edges(snapshot) == [
        ("hr:1", "holds", "ldap:ann"),
        ("ldap:ann", "member", "ldap:dev"),
        ("ldap:dev", "contains", "ldap:member@dev"),
    ]
    assert list(snapshot.tables) == list(SNAPSHOT_TABLES)
    assert all(snapshot[name].schema == SNAPSHOT_TABLES[name] for name in SNAPSHOT_TABLES)
    assert issue_kinds(snapshot) == []


def test_holding_an_account_rests_on_the_accounts_record_and_the_rosters() -> None:
    snapshot = assemble(
        [SOURCES, batch(identities=[person("1", record=3)], accounts=[ANN])], estate()
    )

    (holds,) = snapshot["grants"].to_pylist()
    (rests,) = snapshot["derivations"].to_pylist()
    assert (holds["source_id"], holds["record"]) == ("ldap", 5)
    assert (rests["part"], rests["source_id"], rests["record"]) == ("roster", "hr", 3)


def test_repeated_rows_are_united_and_the_smallest_record_speaks() -> None:
    rows = [
        account("ldap:ann", record=7, email="ann@x"),
        account("ldap:ann", record=5, login=None),
        account("ldap:ann", record=9, name="Ann"),
    ]

    snapshot = assemble([SOURCES, batch(accounts=rows[:1]), batch(accounts=rows[1:])], estate())

    ann = row_of(snapshot, "accounts", "ldap:ann")
    assert (ann["login"], ann["email"], ann["name"], ann["record"]) == ("ann", "ann@x", "Ann", 5)
    assert [kind for kind, _, _ in issue_kinds(snapshot)] == ["unmatched-account"]


def test_contradicting_records_are_an_issue_and_the_smallest_counts() -> None:
    rows = [account("ldap:ann", record=2, email="b@x"), account("ldap:ann", record=1, email="a@x")]

    snapshot = assemble([SOURCES, batch(accounts=rows)], estate())

    assert row_of(snapshot, "accounts", "ldap:ann")["email"] == "a@x"
    clash = snapshot["issues"].to_pylist()[0]
    assert (clash["kind"], clash["hides"]) == ("conflicting-attributes", "unknown")
    assert "email is 'a@x' and 'b@x', and 'a@x' counts" in clash["text"]


def test_an_account_that_one_record_calls_enabled_is_enabled() -> None:
    rows = [
        account("ldap:ann", record=1, enabled=False, dormant_why="disabled"),
        account("ldap:ann", record=2, enabled=True),
        account("ldap:bob", record=3, enabled=False, dormant_why="locked"),
        account("ldap:bob", record=4),
    ]

    snapshot = assemble([SOURCES, batch(accounts=rows)], estate())

    ann, bob = (row_of(snapshot, "accounts", f"ldap:{name}") for name in ("ann", "bob"))
    assert (ann["enabled"], ann["dormant_why"]) == (True, None)
    assert (bob["enabled"], bob["dormant_why"]) == (False, "locked")


def test_access_is_kept_where_records_differ() -> None:
    rows = [
        account("ldap:ann", record=1, kind="workload", expires_on=date(2026, 1, 1)),
        account("ldap:ann", record=2, kind="person", expires_on=date(2027, 1, 1)),
    ]

    snapshot = assemble([SOURCES, batch(accounts=rows)], estate())

    ann = row_of(snapshot, "accounts", "ldap:ann")
    assert (ann["kind"], ann["expires_on"]) == ("person", date(2027, 1, 1))


def test_what_nobody_classes_is_taken_for_a_person_unless_another_record_classes_it() -> None:
    rows = [
        account("ldap:ann", kind=None),
        account("ldap:bot", record=1, kind=None),
        account("ldap:bot", record=2, kind="workload"),
    ]
    staff = [person("1", kind=None, status=None)]

    snapshot = assemble([SOURCES, batch(accounts=rows, identities=staff)], estate())

    assert snapshot["accounts"].column("kind").to_pylist() == ["person", "workload"]
    found = row_of(snapshot, "identities", "hr:1")
    assert (found["kind"], found["status"]) == ("person", "unknown")


def test_differing_titles_hide_nothing_and_later_use_is_no_clash() -> None:
    used = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2)]
    batches = [
        SOURCES,
        batch(roles=[role("ldap:dev", title="Dev"), role("ldap:dev", title="Developers")]),
        batch(
            accounts=[account("ldap:bot", kind="workload", last_used_at=when) for when in used],
        ),
    ]

    snapshot = assemble(batches, estate())

    assert issue_kinds(snapshot) == [
        ("conflicting-attributes", "ldap:dev", "no"),
        ("unmatched-account", "ldap:bot", "no"),
    ]
    assert row_of(snapshot, "accounts", "ldap:bot")["last_used_at"] == used[1]


def test_ends_of_grants_that_nothing_describes_become_nodes_and_issues() -> None:
    grants = [
        grant(("account", "ldap:x"), ("role", "ldap:r"), record=8),
        grant(("account", "ldap:x"), ("role", "ldap:r"), record=4),
        grant(("role", "ldap:r"), ("entitlement", "k8s:get pods@ns (with-approval)"), record=6),
        grant(("identity", "hr:9"), ("account", "ldap:x"), kind="controls", record=2),
    ]

    snapshot = assemble([SOURCES, batch(grants=grants)], estate())

    strange = [row for row in snapshot["issues"].to_pylist() if "undefined" in row["kind"]]
    assert [(row["subject"], row["hides"], row["record"]) for row in strange] == [
        ("hr:9", "unknown", 2),
        ("k8s:get pods@ns (with-approval)", "unknown", 6),
        ("ldap:r", "unknown", 4),
        ("ldap:x", "unknown", 2),
    ]
    entitlement = snapshot["entitlements"].to_pylist()[0]
    assert (entitlement["action"], entitlement["resource"]) == ("get pods", "ns")
    assert entitlement["mode"] == "with-approval"
    assert ("ldap:x", "holds", "ldap:x") in edges(snapshot)


def test_every_source_record_of_a_grant_is_kept_and_exact_repeats_are_not() -> None:
    grants = [grant(("account", "ldap:ann"), ("role", "ldap:dev"), record=n) for n in (3, 1, 3)]
    nodes = batch(accounts=[ANN], identities=[person("1")], roles=[role("ldap:dev")])

    snapshot = assemble([SOURCES, nodes, batch(grants=grants)], estate())

    members = [row for row in snapshot["grants"].to_pylist() if row["kind"] == "member"]
    assert [row["record"] for row in members] == [1, 3]


def test_grants_that_differ_in_one_column_are_two() -> None:
    ends = ("account", "ldap:ann"), ("role", "ldap:dev")
    grants = [
        grant(*ends),
        grant(*ends, valid_until=date(2026, 1, 1)),
        grant(*ends, conditional=True),
        grant(*ends, condition=""),
    ]
    nodes = batch(accounts=[ANN], identities=[person("1")], roles=[role("ldap:dev")])

    snapshot = assemble([SOURCES, nodes, batch(grants=grants)], estate())

    assert len([row for row in snapshot["grants"].to_pylist() if row["kind"] == "member"]) == 4


def test_sign_in_adds_edges_from_account_and_group() -> None:
    nodes = batch(
        identities=[person("1")],
        accounts=[ANN, account("k8s:oidc:ann")],
        roles=[role("ldap:cn=dev", name="dev"), role("k8s:group/oidc:dev")],
    )

    snapshot = assemble([SOURCES, nodes], estate(federated=True))

    assert edges(snapshot) == [
        ("hr:1", "holds", "k8s:oidc:ann"),
        ("hr:1", "holds", "ldap:ann"),
        ("k8s:oidc:ann", "federated", "ldap:ann"),
        ("ldap:cn=dev", "federated", "k8s:group/oidc:dev"),
    ]


def test_a_shared_account_whose_people_are_granted_it_hides_nothing() -> None:
    nodes = batch(
        identities=[person("1")],
        accounts=[ANN, account("ldap:desk", kind="shared")],
        grants=[grant(("account", "ldap:ann"), ("account", "ldap:desk"), kind="uses")],
    )

    snapshot = assemble([SOURCES, nodes], estate())

    assert issue_kinds(snapshot) == [("unmatched-account", "ldap:desk", "no")]


def test_the_day_is_that_of_the_newest_extraction_in_utc() -> None:
    late = datetime.fromisoformat("2026-10-31T23:30:00-02:00")
    failed = source("hr", status="failed", extracted_at=datetime(2026, 12, 1, tzinfo=UTC))
    batches = [batch(sources=[source("ldap", extracted_at=late), failed])]

    snapshot = assemble(batches, estate())

    assert snapshot.as_of == date(2026, 11, 1)


def test_a_stated_day_wins() -> None:
    snapshot = assemble([SOURCES], estate(as_of=date(2026, 1, 1)))

    assert snapshot.as_of == date(2026, 1, 1)


def test_without_any_day_the_configuration_must_state_one() -> None:
    with pytest.raises(ConfigError, match="state the day with 'as_of'"):
        assemble([], estate())


def test_systems_that_are_not_declared_are_refused_all_at_once() -> None:
    batches = [SOURCES, batch(accounts=[account("lapd:x")], roles=[role("erp:r")])]

    with pytest.raises(ConfigError) as caught:
        assemble(batches, estate())

    assert len(caught.value.problems) == 2
    assert "accounts belong to system 'lapd', which is not declared" in str(caught.value)


def test_a_source_described_twice_is_refused() -> None:
    batches = [SOURCES, batch(sources=[source("hr", path="other.txt")])]

    with pytest.raises(InputError, match="described twice: hr"):
        assemble(batches, estate())


def test_rows_of_a_source_that_no_file_stands_for_are_an_issue() -> None:
    batches = [SOURCES, batch(accounts=[account("ldap:ann", source_id="ghost")])]

    snapshot = assemble(batches, estate())

    assert ("undeclared-source", "ghost", "unknown") in issue_kinds(snapshot)


def test_nothing_at_all_is_a_snapshot_too() -> None:
    snapshot = assemble([], estate(as_of=date(2026, 1, 1)))

    assert snapshot.node_ids == ()
    assert issue_kinds(snapshot) == []
