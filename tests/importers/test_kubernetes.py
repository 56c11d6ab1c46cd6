"""A cluster's access objects become accounts, groups, roles where they are bound, and grants."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.importers.kubernetes import IMPORTER
from sod_analyzer.model.access import GrantKind
from tests.importers.access_world import edges, issues, load, reach, rows, waterfall
from tests.importers.kubernetes_world import (
    APPS,
    EVERYTHING,
    RBAC,
    bind,
    group,
    held,
    load_objects,
    obj,
    person,
    role,
)


def rights(tmp_path: Path, rule: dict[str, Any], *, namespace: str | None = None) -> Any:
    """What a person has through one rule, bound cluster-wide or in a namespace."""
    tables = load_objects(tmp_path, role("r", rule), bind("r", person("ann"), namespace=namespace))
    return reach(tables, "k8s:ann")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (APPS, {"patch deployments.apps"}),
        ({"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}, {"create pods"}),
        (
            {"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["get", "create"]},
            {"get pods", "create pods", "get pods/exec", "create pods/exec"},
        ),
        (
            {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]},
            {"update deployments/scale.apps"},
        ),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}, {"get *"}),
        ({"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}, {"get *.core"}),
        ({"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}, {"* *.apps"}),
        (
            {"apiGroups": ["*"], "resources": ["deployments"], "verbs": ["get"]},
            {"get deployments.*"},
        ),
        ({"apiGroups": [""], "resources": ["*/scale"], "verbs": ["get"]}, {"get */scale.core"}),
        ({"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["get"]}, {"get */scale.*"}),
        (EVERYTHING, {"*"}),
        (
            {"apiGroups": ["", "*"], "resources": ["pods", "*"], "verbs": ["get", "*"]},
            {"*"},
        ),
        (
            {"nonResourceURLs": ["/healthz", "/logs/*"], "verbs": ["get"]},
            {"get /healthz", "get /logs/*"},
        ),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, {"* /*"}),
        ({"apiGroups": None, "resources": None, "verbs": None}, set()),
        ({"apiGroups": [], "resources": ["pods"], "verbs": ["get"]}, set()),
    ],
)
def test_a_rule_becomes_actions(tmp_path: Path, rule: dict[str, Any], expected: set[str]) -> None:
    held = rights(tmp_path, rule)

    assert {(action, "*") for action in expected} == held


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (APPS, {("patch deployments.apps", "pay")}),
        (EVERYTHING, {("*", "pay")}),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, set()),
        ({"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}, set()),
        (
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["patch"]},
            {("patch namespaces", "pay")},
        ),
        (
            {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["*"]},
            {(f"bind clusterroles.{RBAC}", "pay")},
        ),
    ],
)
def test_a_role_binding_limits_a_cluster_role_to_its_namespace(
    tmp_path: Path, rule: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    held = rights(tmp_path, rule, namespace="pay")

    assert expected == held


@pytest.mark.parametrize(
    ("verbs", "resource", "expected"),
    [
        (["get", "create", "deletecollection"], "secrets", {"get secrets"}),
        (["list", "watch"], "secrets", {"list secrets", "watch secrets"}),
        (["create"], "pods/exec", {"create pods/exec"}),
    ],
)
def test_named_objects_are_resources_of_their_own(
    tmp_path: Path, verbs: list[str], resource: str, expected: set[str]
) -> None:
    rule = {"apiGroups": [""], "resources": [resource], "verbs": verbs, "resourceNames": ["db"]}

    inside = rights(tmp_path, rule, namespace="pay")
    everywhere = rights(tmp_path, rule)

    assert {(action, "pay/db") for action in expected} == inside
    assert {(action, "(cluster)/db") for action in expected} == everywhere


def test_every_verb_on_a_named_object_leaves_out_what_names_nothing(tmp_path: Path) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"], "resourceNames": ["db"]}

    actions = {action for action, _ in rights(tmp_path, rule)}

    assert {"get secrets", "update secrets", "delete secrets"} <= actions
    assert set() == {"create secrets", "deletecollection secrets", "* secrets"} & actions


def test_a_star_inside_a_word_grants_nothing_and_is_reported(tmp_path: Path) -> None:
    rule = {"apiGroups": ["apps", "core"], "resources": ["dep*", "pods/*"], "verbs": ["get"]}
    named = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["w-*"]}
    tables = load_objects(tmp_path, role("r", rule, named), bind("r", person("ann")))

    assert set() == reach(tables, "k8s:ann")
    assert {("meaningless-rule", "ClusterRole r", "no")} == issues(tables)


def test_a_role_is_looked_up_in_the_bindings_namespace_only(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        role("r", APPS, namespace="pay"),
        bind("r", person("ann"), namespace="lend", kind="Role"),
        bind("r", person("bob"), namespace="pay", kind="Role"),
    )

    assert set() == reach(tables, "k8s:ann")
    assert {("patch deployments.apps", "pay")} == reach(tables, "k8s:bob")
    assert {("dangling-role-ref", "RoleBinding lend/bind-r", "no")} == issues(tables)


def test_a_cluster_role_binding_cannot_name_a_role(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path, role("r", APPS, namespace="pay"), bind("r", person("ann"), kind="Role")
    )

    assert set() == reach(tables, "k8s:ann")
    assert {("meaningless-binding", "ClusterRoleBinding bind-r", "no")} == issues(tables)


def test_nodes_are_named_by_where_the_role_is_bound(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        role("r", APPS),
        role("r", APPS, namespace="pay"),
        bind("r", person("ann")),
        bind("r", group("devs"), namespace="pay"),
        bind("r", {"kind": "ServiceAccount", "name": "ci"}, namespace="pay", kind="Role"),
    )

    assert {
        ("k8s:ann", "assigned", "k8s:clusterrole/r"),
        ("k8s:group/devs", "assigned", "k8s:clusterrole/r@pay"),
        ("k8s:system:serviceaccount:pay:ci", "assigned", "k8s:role/pay/r"),
    } <= edges(tables)


def test_a_service_account_is_the_login_of_the_same_name(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        obj("ServiceAccount", "ci", "pay"),
        role("r", APPS),
        bind("r", person("system:serviceaccount:pay:ci")),
        bind("r", {"kind": "ServiceAccount", "name": "x", "namespace": "lend"}, namespace="pay"),
    )

    accounts = dict(rows(tables, "accounts", "account", "kind"))
    assert accounts["k8s:system:serviceaccount:pay:ci"] == "workload"
    assert ("patch deployments.apps", "*") in reach(tables, "k8s:system:serviceaccount:pay:ci")
    assert ("patch deployments.apps", "pay") in reach(tables, "k8s:system:serviceaccount:lend:x")


def test_the_group_masters_is_unrestricted_whatever_it_is_bound_to(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, role("r"), bind("r", group("system:masters")))

    assert {("*", "*"), ("* /*", "*")} == reach(tables, "k8s:group/system:masters")


def test_what_everybody_signed_in_may_do_is_given_to_all_and_is_a_gap(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        role("r", APPS),
        bind("r", group("system:authenticated")),
        bind("x", person("ann")),
    )

    assert {("patch deployments.apps", "*")} == reach(tables, "k8s:ann")
    assert ("granted-to-everyone", "ClusterRoleBinding bind-r", "unknown") in issues(tables)


def test_what_nobody_in_particular_may_do_is_given_to_all(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, role("r", APPS), bind("r", group("system:unauthenticated")))

    assert {("patch deployments.apps", "*")} == reach(tables, "k8s:idle")
    assert ("anonymous-access", "ClusterRoleBinding bind-r", "no") in issues(tables)


def test_what_kubernetes_gives_everybody_by_default_is_no_issue(tmp_path: Path) -> None:
    reviews = {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews"],
        "verbs": ["create"],
    }
    pages = {"nonResourceURLs": ["/healthz", "/version"], "verbs": ["get"]}

    tables = load_objects(
        tmp_path,
        role("a", reviews, pages),
        bind("a", group("system:authenticated")),
        role("b", pages),
        bind("b", group("system:unauthenticated")),
    )

    assert set() == issues(tables)


def test_service_accounts_are_in_their_groups_and_people_are_not(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        obj("ServiceAccount", "ci", "pay"),
        obj("ServiceAccount", "ci", "lend"),
        role("r", APPS),
        bind("r", group("system:serviceaccounts:pay"), namespace="pay"),
    )

    assert reach(tables, "k8s:system:serviceaccount:pay:ci")
    assert not reach(tables, "k8s:system:serviceaccount:lend:ci")
    assert not reach(tables, "k8s:idle")


def aggregate(name: str, *selectors: Any, **more: Any) -> dict[str, Any]:
    return role(name, aggregationRule={"clusterRoleSelectors": list(selectors)}, **more)


def test_an_empty_aggregate_takes_the_rules_of_those_it_selects_and_names_them(
    tmp_path: Path,
) -> None:
    tables = load_objects(
        tmp_path,
        aggregate("all", {"matchLabels": {"in": "mid"}}, {"matchLabels": {"in": "x"}}),
        aggregate("mid", {"matchLabels": {"in": "low"}}, labels={"in": "mid"}),
        role("low", APPS, labels={"in": "low"}),
        role("other", EVERYTHING, labels={"in": "other"}),
        bind("all", person("ann")),
    )

    assert {("patch deployments.apps", "*")} == reach(tables, "k8s:ann")
    derived = rows(tables, "derivations", "holder", "part", "record")
    assert ("k8s:clusterrole/all", "aggregated from", 2) in derived


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, True),
        ({"key": "a", "operator": "In", "values": ["2"]}, False),
        ({"key": "b", "operator": "In", "values": ["1"]}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, False),
        ({"key": "b", "operator": "NotIn", "values": ["1"]}, True),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "b", "operator": "DoesNotExist"}, True),
        ({"key": "a", "operator": "DoesNotExist"}, False),
    ],
)
def test_selectors_follow_their_expressions(
    tmp_path: Path, *, expression: dict[str, Any], met: bool
) -> None:
    tables = load_objects(
        tmp_path,
        aggregate("all", {"matchExpressions": [expression], "matchLabels": {"only": "r"}}),
        role("r", APPS, labels={"a": "1", "only": "r"}),
        bind("all", person("ann")),
    )

    assert met == bool(reach(tables, "k8s:ann"))


def test_a_selector_with_an_operator_that_does_not_exist_is_a_gap(tmp_path: Path) -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "Resembles"}]}

    tables = load_objects(tmp_path, aggregate("all", selector), role("r", APPS))

    assert {("meaningless-selector", "ClusterRole all", "unknown")} == issues(tables)


def test_people_are_known_by_address_after_the_clusters_prefix(tmp_path: Path) -> None:
    names = ["oidc:ann@x.org", "bob@x.org", "oidc:cat", "system:kube-scheduler"]
    names.append("ci@project.iam.gserviceaccount.com")

    tables = load_objects(
        tmp_path, role("r"), *(bind("r", person(name)) for name in names), strip_prefix="oidc:"
    )

    found = {row[0]: row[1:] for row in rows(tables, "accounts", "login", "email", "kind")}
    assert found["oidc:ann@x.org"] == ("ann@x.org", "person")
    assert found["bob@x.org"] == ("bob@x.org", "person")
    assert found["oidc:cat"] == (None, "person")
    assert found["system:kube-scheduler"] == (None, "workload")
    assert found["ci@project.iam.gserviceaccount.com"] == (None, "workload")


def test_a_role_nobody_is_bound_to_is_loaded(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, role("r", APPS), role("s", APPS, namespace="pay"))

    assert {("patch deployments.apps", "*")} == reach(tables, "k8s:clusterrole/r")
    assert {("patch deployments.apps", "pay")} == reach(tables, "k8s:role/pay/s")


def test_grants_and_rights_rest_on_the_records_that_state_them(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path, role("zero"), role("r", APPS), bind("r", person("ann"), namespace="pay")
    )

    grants = rows(tables, "grants", "holder", "target", "record")
    assert ("k8s:ann", "k8s:clusterrole/r@pay", 2) in grants
    assert ("k8s:clusterrole/r@pay", "k8s:patch deployments.apps@pay", 1) in grants
    assert rows(tables, "sources", "record_template", "unit") == [("items/{record}", "element")]


@pytest.mark.realdata
def test_the_default_objects_of_a_real_cluster_are_read(realdata: Path) -> None:
    folder = realdata / "kubernetes"

    tables = load(IMPORTER, folder, "bootstrap-1.20-combined.json", "k8s")

    assert waterfall(tables) == {"bootstrap-1.20-combined.json": (115, 0, 0, 0, 115)}
    nodes = rows(tables, "roles", "role", "kind")
    names = {node.partition("@")[0] for node, kind in nodes if kind == "ClusterRole"}
    assert (len(names), sum(kind == "Role" for _, kind in nodes)) == (60, 7)
    assert {("missing-part", "ServiceAccount", "no")} == issues(tables)
    assert {("*", "*"), ("* /*", "*")} == held(tables, "k8s:clusterrole/cluster-admin")
    assert ("*", "*") in reach(tables, "k8s:group/system:masters")


@pytest.mark.realdata
def test_known_facts_of_a_real_cluster_hold(realdata: Path) -> None:
    tables = load(IMPORTER, realdata / "kubernetes", "bootstrap-1.20-combined.json", "k8s")

    edit = reach(tables, "k8s:clusterrole/edit")
    admin = reach(tables, "k8s:clusterrole/admin")
    view = reach(tables, "k8s:clusterrole/view")
    assert ("patch deployments.apps", "*") in edit & admin
    assert (f"create rolebindings.{RBAC}", "*") in admin - edit
    assert ("get secrets", "*") in edit - view
    assert view < edit < admin
    signer = reach(tables, "k8s:system:serviceaccount:kube-system:bootstrap-signer")
    assert ("update configmaps", "kube-public/cluster-info") in signer
    assert ("update configmaps", "kube-public") not in signer
    scheduler = reach(tables, "k8s:system:kube-scheduler")
    assert ("create pods/binding", "*") in scheduler
    collector = reach(tables, "k8s:system:serviceaccount:kube-system:generic-garbage-collector")
    assert ("delete *", "*") in collector


@pytest.mark.realdata
def test_every_binding_of_a_real_cluster_is_counted_as_jq_counts_it(realdata: Path) -> None:
    """Each binding with subjects carries grants of its own element, and no other element does."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    file = realdata / "kubernetes" / "bootstrap-1.20-combined.json"
    query = (
        '[.items | to_entries[] | select((.value.kind | endswith("Binding")) and '
        "((.value.subjects // []) | length > 0)) | .key]"
    )
    done = subprocess.run(
        ["jq", "--compact-output", query, str(file)], capture_output=True, check=True, text=True
    )

    tables = load(IMPORTER, file.parent, file.name, "k8s")

    grants = rows(tables, "grants", "kind", "record")
    bound = {record for kind, record in grants if kind == GrantKind.ASSIGNED}
    assert sorted(bound) == json.loads(done.stdout)
    assert len(bound) == 41 + 7 - 1  # system:node is bound to nobody by default
