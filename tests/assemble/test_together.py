"""Who has a role by having several others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble
from sod_analyzer.model.access import Snapshot
from tests.assemble.worlds import Cells, account, batch, estate, grant, person, role, source

SOURCES = batch(sources=[source("hr"), source("ldap"), source("k8s")])
BOTH = "k8s:(a and b)"
A, B = ("role", "k8s:a"), ("role", "k8s:b")


def together(*parts: tuple[str, str]) -> dict[str, Any]:
    return {
        "policy": BOTH,
        "system": "k8s",
        "kind": "several roles",
        "document": json.dumps(parts),
        "source_id": "k8s",
        "record": 7,
    }


def made(
    *grants: Cells,
    accounts: tuple[str, ...] = ("ldap:ann", "ldap:bob", "k8s:ann"),
    parts: tuple[tuple[str, str], ...] = (A, B),
) -> Snapshot:
    """Ann has two accounts, bob one."""
    owners = {"ann": "1", "bob": "2"}
    return assemble(
        [
            SOURCES,
            batch(
                identities=[person(each) for each in owners.values()],
                accounts=[
                    account(each, employee_id=owners[each.partition(":")[2]]) for each in accounts
                ],
                roles=[role(each) for each in ("k8s:a", "k8s:b", "ldap:in", BOTH)],
                grants=list(grants),
                policies=[together(*parts)],
            ),
        ],
        estate(),
    )


def having(snapshot: Snapshot) -> dict[str, bool]:
    """Who has the role of both, and whether surely."""
    ids = snapshot.node_ids
    return {
        ids[row["holder"]]: not row["conditional"]
        for row in snapshot["grants"].to_pylist()
        if ids[row["target"]] == BOTH
    }


def joins(who: str, what: tuple[str, str], **more: Any) -> Cells:
    return grant(("account", who), what, **more)


IN_A = grant(("role", "ldap:in"), A)


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([joins("ldap:ann", A), joins("ldap:ann", B)], {"ldap:ann": True}),
        ([joins("ldap:ann", A), joins("ldap:bob", B)], {}),
        # Two accounts of one person are two logins.
        ([joins("ldap:ann", A), joins("k8s:ann", B)], {}),
        ([joins("ldap:ann", ("role", "ldap:in")), IN_A, joins("ldap:ann", B)], {"ldap:ann": True}),
        ([joins("ldap:ann", A), joins("ldap:ann", B, conditional=True)], {"ldap:ann": False}),
        ([joins("ldap:ann", A), joins("ldap:ann", B, eligible=True)], {"ldap:ann": False}),
        ([joins("ldap:ann", A), joins("ldap:ann", B, self_granted=True)], {}),
        ([joins("ldap:ann", A), joins("ldap:ann", B, kind="assumes")], {}),
        ([joins("ldap:ann", A)], {}),
    ],
)
def test_whoever_is_in_both_has_the_role_of_both(
    grants: list[Cells], expected: dict[str, bool]
) -> None:
    assert having(made(*grants)) == expected


def test_a_login_and_a_role_have_to_be_one_persons() -> None:
    parts = (A, ("account", "k8s:ann"))

    assert having(made(joins("ldap:ann", A), parts=parts)) == {"k8s:ann": True}
    assert having(made(joins("ldap:bob", A), parts=parts)) == {}


def test_the_edge_names_the_record_and_nothing_else_is_kept() -> None:
    snapshot = made(joins("ldap:ann", A), joins("ldap:ann", B))

    ids = snapshot.node_ids
    (row,) = [each for each in snapshot["grants"].to_pylist() if ids[each["target"]] == BOTH]
    assert (row["kind"], row["source_id"], row["record"]) == ("member", "k8s", 7)
    assert snapshot["policies"].num_rows == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ldap:ann", "ldap:bob", "k8s:ann", "in")),
            st.sampled_from(("a", "b", "in")),
        ),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_in_any_world_they_are_those_in_both(stated: list[tuple[str, str]]) -> None:  # fmt: skip
    names = {"a": A, "b": B, "in": ("role", "ldap:in")}
    edges = {(names.get(who, ("account", who)), names[what]) for who, what in stated}

    def all_of(target: tuple[str, str]) -> set[tuple[str, str]]:
        found = {target}
        for _ in range(len(edges)):
            found |= {holder for holder, held in edges if held in found}
        return found

    snapshot = made(*(grant(holder, target) for holder, target in sorted(edges)))

    expected = {name for kind, name in all_of(A) & all_of(B) if kind == "account"}
    assert having(snapshot) == dict.fromkeys(expected, True)
    ends = snapshot["grants"].select(["holder", "target"]).to_pylist()
    assert ends == sorted(ends, key=lambda row: (row["holder"], row["target"]))
