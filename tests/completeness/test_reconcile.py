"""People and accounts are counted both ways, and the counts tie."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa

from sod_analyzer.assemble import assemble
from sod_analyzer.completeness import check
from sod_analyzer.completeness.reconcile import reconcile
from sod_analyzer.model.access import Snapshot
from tests.assemble.worlds import account, batch, estate, person, source


def world() -> Snapshot:
    return assemble(
        [
            batch(
                sources=[source("hr"), source("ldap"), source("k8s")],
                identities=[
                    person("1", email="a@x"),
                    person("2", email="b@x"),
                    person("3", status="leaver"),
                    person("4", status="leaver"),
                    person("5", status="future"),
                    person("6", kind="vendor", status="leaver"),
                ],
                accounts=[
                    account("ldap:a", employee_id="1", email="a@x"),
                    account("ldap:b", employee_id="1", email="b@x"),
                    account("ldap:c", employee_id="3", enabled=True),
                    account("ldap:d", employee_id="4", enabled=False),
                    account("ldap:e", employee_id="6", expires_on=date(2026, 1, 1)),
                    account("ldap:f"),
                    account("k8s:bot", kind="workload"),
                    account("k8s:g", employee_id="3"),
                ],
            )
        ],
        estate(),
    )


def counted(snapshot: Snapshot) -> dict[tuple[str, str | None, str], int]:
    result = check(snapshot, max_skew_days=7, accepted_gaps=[])
    return {
        (row["what"], row["system"], row["kind"]): row["count"]
        for row in result.reconciliation.to_pylist()
    }


def test_every_number_is_the_one_counted_by_hand() -> None:
    assert counted(world()) == {
        ("accounts", "k8s", "person"): 1,
        ("accounts", "k8s", "workload"): 1,
        ("accounts", "ldap", "person"): 6,
        ("accounts linked by email and employee-id", "ldap", "person"): 1,
        ("accounts linked by employee-id", "k8s", "person"): 1,
        ("accounts linked by employee-id", "ldap", "person"): 3,
        ("accounts undecided", "ldap", "person"): 1,
        ("accounts unmatched", "k8s", "workload"): 1,
        ("accounts unmatched", "ldap", "person"): 1,
        ("leavers with a live account", None, "person"): 1,
        ("leavers with a live account", None, "vendor"): 0,
        ("live accounts of leavers", "k8s", "person"): 1,
        ("live accounts of leavers", "ldap", "person"): 1,
        ("people, active", None, "person"): 2,
        ("people, active, with an account", None, "person"): 1,
        ("people, active, without an account", None, "person"): 1,
        ("people, future", None, "person"): 1,
        ("people, future, with an account", None, "person"): 0,
        ("people, future, without an account", None, "person"): 1,
        ("people, leaver", None, "person"): 2,
        ("people, leaver", None, "vendor"): 1,
        ("people, leaver, with an account", None, "person"): 2,
        ("people, leaver, with an account", None, "vendor"): 1,
        ("people, leaver, without an account", None, "person"): 0,
        ("people, leaver, without an account", None, "vendor"): 0,
    }


def test_accounts_tie_by_system() -> None:
    counts = counted(world())

    for system in ("ldap", "k8s"):
        parts = sum(
            count
            for (what, at, _), count in counts.items()
            if at == system and what.startswith("accounts ")
        )
        whole = sum(
            count for (what, at, _), count in counts.items() if at == system and what == "accounts"
        )
        assert whole == parts


def test_rows_are_sorted() -> None:
    rows = check(world(), max_skew_days=7, accepted_gaps=[]).reconciliation.to_pylist()

    keys = [(row["what"], row["system"] or "", row["kind"]) for row in rows]
    assert sorted(keys) == keys


def test_links_count_and_edges_are_only_a_shorter_way_to_them() -> None:
    snapshot = world()
    edges = snapshot["grants"]
    expected = reconcile(snapshot, as_of=snapshot.as_of)

    without = replace(snapshot, tables={**snapshot.tables, "grants": edges.slice(0, 0)})
    wrong = edges.set_column(0, edges.schema.field(0), pa.array([0] * len(edges), pa.int32()))
    others = replace(snapshot, tables={**snapshot.tables, "grants": wrong})

    assert expected == reconcile(without, as_of=snapshot.as_of)
    assert expected == reconcile(others, as_of=snapshot.as_of)


def test_links_in_any_order_count_the_same() -> None:
    snapshot = world()
    links = snapshot["links"]
    shuffled = links.take(pa.array(range(links.num_rows - 1, -1, -1)))

    found = replace(snapshot, tables={**snapshot.tables, "links": shuffled})

    assert reconcile(snapshot, as_of=snapshot.as_of) == reconcile(found, as_of=snapshot.as_of)
