"""Steps that rights of a cluster allow, as edges of its roles and logins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cloud.kubernetes.test_decide import given, may
from tests.cloud.kubernetes.test_moves import (
    ADMIN,
    BIND,
    BINDINGS,
    ESCALATE,
    WRITE_ROLES,
    rbac,
    several,
    split,
)
from tests.importers.access_world import Tables, rows
from tests.importers.kubernetes_world import (
    EVERYTHING,
    bind,
    group,
    load_objects,
    obj,
    person,
    role,
)

ANYBODY_IN_PAY = "k8s:(any service account in pay)"


def steps(tables: Tables, holder: str) -> dict[str, dict[str, Any]]:
    """The edges of a node that are steps, by target."""
    how: dict[tuple[str, str], list[str]] = {}
    for row in tables["derivations"].to_pylist():
        how.setdefault((row["holder"], row["target"]), []).append(row["part"])
    return {
        row["target"]: row | {"how": how[holder, row["target"]]}
        for row in tables["grants"].to_pylist()
        if row["holder"] == holder and (holder, row["target"]) in how
    }


def test_whoever_may_start_pods_has_one_edge_to_all_service_accounts(tmp_path: Path) -> None:
    accounts = [obj("ServiceAccount", f"s{number}", "pay") for number in range(20)]
    tables = load_objects(
        tmp_path,
        *accounts,
        obj("ServiceAccount", "other", "lend"),
        role("p", may("pods", "create")),
        bind("p", person("ann"), namespace="pay"),
        bind("p", person("bob"), namespace="pay"),
    )

    found = steps(tables, "k8s:clusterrole/p@pay")
    there = {row[2] for row in rows(tables, "grants", "kind", "holder", "target")
             if row[1] == ANYBODY_IN_PAY}  # fmt: skip

    assert set(found) == {ANYBODY_IN_PAY}
    assert found[ANYBODY_IN_PAY]["self_granted"] is True
    assert found[ANYBODY_IN_PAY]["conditional"] is False
    assert found[ANYBODY_IN_PAY]["how"] == ["create pods"]
    assert found[ANYBODY_IN_PAY]["record"] == len(accounts) + 1
    assert there == {f"k8s:system:serviceaccount:pay:s{number}" for number in range(20)}
    assert steps(tables, "k8s:ann") == {}


def test_what_takes_something_besides_is_conditional(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path, *given(may("pods/exec", "create"), at="pay"), obj("ServiceAccount", "ci", "pay")
    )

    found = steps(tables, "k8s:clusterrole/r@pay")[ANYBODY_IN_PAY]

    assert (found["self_granted"], found["conditional"]) == (False, True)
    assert found["condition"] == "a pod that may be entered runs as it"


def test_an_account_that_nothing_names_is_nobody(tmp_path: Path) -> None:
    rule = may("serviceaccounts/token", "create", resourceNames=["ghost"])
    tables = load_objects(tmp_path, *given(rule, at="pay"))

    assert steps(tables, "k8s:clusterrole/r@pay") == {}
    assert not [name for name in rows(tables, "accounts", "account") if "ghost" in name]


def test_a_role_that_may_be_bound_is_an_edge_by_an_own_change(tmp_path: Path) -> None:
    strong = role("strong", EVERYTHING)
    tables = load_objects(tmp_path, strong, *several(BIND, BINDINGS, at="pay"))

    found = steps(tables, "k8s:clusterrole/r@pay")

    assert set(found) == {"k8s:clusterrole/strong@pay"}
    assert found["k8s:clusterrole/strong@pay"]["self_granted"] is True
    assert "k8s:clusterrole/strong@pay" in rows(tables, "roles", "role")


def test_what_takes_two_roles_is_an_edge_of_whoever_has_both(tmp_path: Path) -> None:
    both = split(BIND, BINDINGS)
    tables = load_objects(tmp_path, ADMIN, *both, bind("r0", person("bob")))

    assert set(steps(tables, "k8s:ann")) == {"k8s:clusterrole/cluster-admin"}
    assert sorted(steps(tables, "k8s:ann")["k8s:clusterrole/cluster-admin"]["how"]) == [
        "bind clusterroles",
        "bind clusterroles",
    ]
    assert steps(tables, "k8s:bob") == {}
    assert steps(tables, "k8s:clusterrole/r0") == {}


def test_what_two_groups_allow_together_is_that_of_whoever_is_in_both(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        ADMIN,
        role("b", BIND),
        role("w", BINDINGS),
        bind("b", group("binders")),
        bind("w", group("writers")),
        bind("w", person("bob")),
    )

    both = "k8s:(binders and writers)"
    stated = {
        policy: json.loads(document)
        for policy, kind, document in rows(tables, "policies", "policy", "kind", "document")
        if kind == "several roles"
    }

    assert set(steps(tables, both)) == {"k8s:clusterrole/cluster-admin"}
    assert steps(tables, "k8s:group/binders") == {}
    assert stated == {
        both: [["role", "k8s:group/binders"], ["role", "k8s:group/writers"]],
        "k8s:(binders and bob)": [["role", "k8s:group/binders"], ["account", "k8s:bob"]],
    }


def test_groups_that_allow_it_by_themselves_are_not_told_of_together(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        ADMIN,
        role("b", BIND, BINDINGS),
        bind("b", group("binders")),
        role("w", BINDINGS),
        bind("w", group("writers")),
    )

    assert rows(tables, "policies", "policy") == []


def test_a_role_of_ones_own_making_takes_two_changes(tmp_path: Path) -> None:
    rules = (rbac("roles", "create escalate bind"), rbac("rolebindings", "create"))
    tables = load_objects(tmp_path, *several(*rules, at="pay"))

    made = steps(tables, "k8s:clusterrole/r@pay")
    then = steps(tables, "k8s:(a role of one's own making in pay)")

    assert set(made) == {"k8s:(a role of one's own making in pay)"}
    assert set(then) == {"k8s:(everything in pay)"}
    assert made.popitem()[1]["self_granted"] is True
    assert then.popitem()[1]["self_granted"] is True
    rights = rows(tables, "grants", "holder", "kind", "target")
    assert ("k8s:(everything in pay)", "contains", "k8s:*@pay") in rights


def test_a_role_that_one_may_rewrite_is_everything(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, *several(WRITE_ROLES, ESCALATE))

    assert "k8s:(everything)" in steps(tables, "k8s:clusterrole/r")
    rights = rows(tables, "grants", "holder", "kind", "target")
    assert ("k8s:(everything)", "contains", "k8s:*@*") in rights


def test_impersonating_any_group_is_being_a_superuser(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, *given(may("users groups", "impersonate")))

    found = steps(tables, "k8s:clusterrole/r")
    rights = rows(tables, "grants", "holder", "kind", "target")

    assert "k8s:group/system:masters" in found
    assert found["k8s:group/system:masters"]["self_granted"] is False
    assert ("k8s:group/system:masters", "contains", "k8s:*@*") in rights


def test_whoever_has_everything_can_be_any_service_account(tmp_path: Path) -> None:
    superuser = bind("cluster-admin", group("system:masters"))
    tables = load_objects(
        tmp_path, ADMIN, superuser, *given(EVERYTHING), obj("ServiceAccount", "ci", "pay")
    )

    for holder in ("k8s:clusterrole/r", "k8s:group/system:masters"):
        found = steps(tables, holder)
        assert set(found) == {"k8s:(any service account)"}
        assert found["k8s:(any service account)"]["self_granted"] is False


def test_states_are_no_roles_of_the_cluster(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path, *given(may("pods", "create"), at="pay"), obj("ServiceAccount", "ci", "pay")
    )

    kinds = dict(rows(tables, "roles", "role", "kind"))

    assert kinds[ANYBODY_IN_PAY] == "self-granted rights"


def test_any_role_that_one_has_can_be_rewritten(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        role("w", rbac("roles", "escalate update")),
        bind("w", person("ann")),
        role("plain", may("pods", "get"), namespace="pay"),
        bind("plain", person("ann"), namespace="pay", kind="Role"),
    )

    assert set(steps(tables, "k8s:ann")) == {"k8s:(everything in pay)"}
