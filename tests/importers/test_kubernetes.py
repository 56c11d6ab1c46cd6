"""A cluster's access objects become accounts, groups, roles where they are bound, and grants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sod_analyzer.importers.kubernetes import IMPORTER
from tests.importers.access_world import (
    Tables,
    edges,
    issues,
    load,
    reach,
    rows,
    waterfall,
    write,
)

RBAC = "rbac.authorization.k8s.io"
APPS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def obj(kind: str, name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
    metadata |= {"labels": more.pop("labels")} if "labels" in more else {}
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, **more}


def role(name: str, *rules: Any, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    kind = "ClusterRole" if namespace is None else "Role"
    return obj(kind, name, namespace, rules=list(rules), **more)


def bind(
    name: str, subject: dict[str, Any], *, namespace: str | None = None, kind: str = "ClusterRole"
) -> dict[str, Any]:
    """A binding of the role of this name to one subject."""
    binding = "ClusterRoleBinding" if namespace is None else "RoleBinding"
    role_ref = {"apiGroup": RBAC, "kind": kind, "name": name}
    return obj(binding, f"bind-{name}", namespace, roleRef=role_ref, subjects=[subject])


def person(name: str) -> dict[str, Any]:
    return {"kind": "User", "name": name}


def group(name: str) -> dict[str, Any]:
    return {"kind": "Group", "name": name}


FILLER = [
    role("idle"),
    role("idle", namespace="idle"),
    bind("idle", person("idle")),
    bind("idle", person("idle"), namespace="idle", kind="Role"),
    obj("ServiceAccount", "idle", "idle"),
]


def load_objects(tmp_path: Path, *objects: Any, **options: Any) -> Tables:
    """The tables of these objects beside one idle object of each kind."""
    write(tmp_path, {"all.json": {"kind": "List", "items": [*objects, *FILLER]}})
    return load(IMPORTER, tmp_path, "all.json", "k8s", **options)


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


def test_one_file_per_kind_and_lists_without_kinds_are_read(tmp_path: Path) -> None:
    bare = [{key: value for key, value in role("r", APPS).items() if key in {"metadata", "rules"}}]
    files = {
        "k/roles.json": {"kind": "ClusterRoleList", "items": bare},
        "k/bindings.json": json.dumps(bind("r", person("ann"))) + "\n" + json.dumps(FILLER[0]),
        "k/rolebindings.json": [
            {key: value for key, value in FILLER[3].items() if key not in {"kind", "apiVersion"}}
        ],
        "k/rest.yaml": yaml.safe_dump_all(FILLER[1:]),
        "k/none.json": {"kind": "PodList", "items": None},
    }
    write(tmp_path, files)

    tables = load(IMPORTER, tmp_path, "k", "k8s")

    assert {("patch deployments.apps", "*")} == reach(tables, "k8s:ann")
    assert set() == issues(tables)
    assert waterfall(tables)["k/rolebindings.json"] == (1, 0, 0, 0, 1)


def test_other_kinds_and_groups_are_passed_over_by_name(tmp_path: Path) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p"}}
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "aHVudGVyMg=="}}
    openshift = role("r", EVERYTHING) | {"apiVersion": "authorization.openshift.io/v1"}

    tables = load_objects(tmp_path, pod, secret, openshift)

    assert rows(tables, "sources", "filtered_why") == [
        "1 of kind ClusterRole of authorization.openshift.io; 1 of kind Pod; 1 of kind Secret"
    ]
    assert "aHVudGVyMg" not in str([table.to_pylist() for table in tables.values()])


@pytest.mark.parametrize(
    ("kind", "hides"),
    [
        ("ClusterRole", "yes"),
        ("ClusterRoleBinding", "yes"),
        ("Role", "yes"),
        ("RoleBinding", "yes"),
        ("ServiceAccount", "no"),
    ],
)
def test_a_kind_the_export_lacks_is_a_gap(tmp_path: Path, kind: str, hides: str) -> None:
    write(tmp_path, {"x.json": {"items": [each for each in FILLER if each["kind"] != kind]}})

    tables = load(IMPORTER, tmp_path, "x.json", "k8s")

    assert ("missing-part", kind, hides) in issues(tables)


def test_unlisted_service_accounts_with_a_common_right_are_a_gap(tmp_path: Path) -> None:
    objects = [role("r", APPS), bind("r", group("system:serviceaccounts")), *FILLER[:-1]]
    write(tmp_path, {"x.json": {"items": objects}})

    tables = load(IMPORTER, tmp_path, "x.json", "k8s")

    assert {("missing-part", "ServiceAccount", "unknown")} == issues(tables)


def test_a_list_that_goes_on_elsewhere_is_a_gap(tmp_path: Path) -> None:
    write(tmp_path, {"x.json": {"metadata": {"continue": "abc"}, "items": FILLER}})

    tables = load(IMPORTER, tmp_path, "x.json", "k8s")

    assert {("truncated-export", "x.json", "yes")} == issues(tables)


def test_equal_objects_count_once_and_differing_ones_both(tmp_path: Path) -> None:
    read = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}

    tables = load_objects(
        tmp_path, role("r", APPS), role("r", APPS), role("r", read), bind("r", person("ann"))
    )

    assert {("patch deployments.apps", "*"), ("get pods", "*")} == reach(tables, "k8s:ann")
    assert {("conflicting-object", "ClusterRole r", "no")} == issues(tables)
    assert waterfall(tables)["all.json"] == (9, 0, 1, 0, 8)


HOSTILE: list[Any] = [
    None, 7, "x", [], {}, {"kind": 5}, {"kind": "Role"}, {"kind": "Role", "metadata": []},
    obj("Role", "no-namespace"), obj("ClusterRole", ""), obj("ClusterRole", "a", rules={}),
    obj("ClusterRole", "b", rules=[1]), obj("ClusterRole", "c", rules=[{"verbs": "get"}]),
    obj("ClusterRole", "d", rules=[{"verbs": [1]}]), obj("ClusterRole", "e", aggregationRule=[]),
    obj("ClusterRole", "f", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": 1}}]}),
    obj("ClusterRole", "g", aggregationRule={"clusterRoleSelectors": [5]}),
    obj("ClusterRole", "h", aggregationRule={"clusterRoleSelectors": [{"matchExpressions": [{}]}]}),
    obj("ClusterRoleBinding", "i"), obj("ClusterRoleBinding", "j", roleRef="r"),
    obj("ClusterRoleBinding", "k", roleRef={"kind": "ClusterRole", "name": "x"}, subjects={}),
    obj("ClusterRoleBinding", "l", roleRef={"kind": "ClusterRole", "name": "x"}, subjects=[None]),
    obj("ClusterRoleBinding", "m", roleRef={"kind": "ClusterRole", "name": "x"},
        subjects=[{"kind": "User"}]),
    obj("ServiceAccount", "no-namespace"), obj("ServiceAccount", "x" * 1_000_001, "pay"),
]  # fmt: skip


def test_objects_of_the_wrong_shape_are_counted_not_raised(tmp_path: Path) -> None:
    tables = load_objects(tmp_path, *HOSTILE)

    assert waterfall(tables)["all.json"] == (
        len(HOSTILE) + len(FILLER),
        len(HOSTILE),
        0,
        0,
        len(FILLER),
    )
    assert {("bad-record", "all.json", "yes")} == issues(tables)


def test_odd_but_readable_objects_are_loaded(tmp_path: Path) -> None:
    odd = [
        obj("ClusterRole", "a", rules=None, labels={"n": 5, "m": None}),
        obj("ClusterRole", "b", aggregationRule={"clusterRoleSelectors": [None]}),
        obj("ClusterRoleBinding", "c", roleRef={"kind": "ClusterRole", "name": "a"}, subjects=None),
    ]

    tables = load_objects(tmp_path, *odd)

    assert set() == issues(tables)


def test_a_subject_of_an_unknown_kind_is_left_out_and_a_gap(tmp_path: Path) -> None:
    tables = load_objects(
        tmp_path,
        role("r", APPS),
        bind("r", {"kind": "Robot", "name": "x"}),
        bind("r", {"kind": "ServiceAccount", "name": "y"}),
    )

    assert {
        ("unknown-subject", "ClusterRoleBinding bind-r", "unknown"),
        ("unknown-subject", "ClusterRoleBinding bind-r", "no"),
    } == issues(tables)


def test_hostile_names_pass_through_as_text(tmp_path: Path) -> None:
    names = ["=cmd()", "</script>", "\u202egpj.exe", "x" * 32_768, "a\nb", "../../etc"]

    tables = load_objects(tmp_path, role("r"), *(bind("r", person(name)) for name in names))

    assert set(names) <= set(rows(tables, "accounts", "login"))


@pytest.mark.parametrize(
    "content",
    [
        '{"kind": "List", "items": [{"kind": "Ro',
        "",
        "null",
        "5",
        '{"a": 1}',
        '{"kind": "List", "items": {}}',
        '{"kind": "Status", "status": "Failure", "message": "token abc"}',
        "a: [1, 2",
        "a: &x 1\nb: *x\n",
        "a: !!python/object:os.system x\n",
        "- " * 5_000 + "x",
        "a: b: c",
        "? [a]\n: b",
        "just text",
        "\t- x",
    ],
)
def test_a_file_that_holds_no_objects_fails_and_the_rest_is_loaded(
    tmp_path: Path, content: str
) -> None:
    write(tmp_path, {"k/a.yaml": content, "k/b.json": {"items": FILLER}})

    tables = load(IMPORTER, tmp_path, "k", "k8s")

    assert {("unreadable-file", "k/a.yaml", "yes")} == issues(tables)
    assert rows(tables, "sources", "path", "status") == [
        ("k/a.yaml", "failed"),
        ("k/b.json", "read"),
    ]
    assert rows(tables, "accounts", "account") == [
        "k8s:idle",
        "k8s:system:serviceaccount:idle:idle",
    ]


def test_yaml_gives_what_json_gives(tmp_path: Path) -> None:
    objects = [role("r", APPS, labels={"a": "no", "b": "1.10"}), bind("r", person("on")), *FILLER]
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    write(tmp_path, {"x.json": listed, "x.yaml": yaml.safe_dump(listed)})

    first = load(IMPORTER, tmp_path, "x.json", "k8s")
    second = load(IMPORTER, tmp_path, "x.yaml", "k8s")

    for table in ("accounts", "roles", "entitlements", "grants", "derivations", "issues"):
        assert first[table].equals(second[table])


def test_yaml_keeps_words_as_text_and_nothing_as_null(tmp_path: Path) -> None:
    text = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: 0123}
roleRef: {kind: ClusterRole, name: no}
subjects:
- kind: User
  name: yes
- kind: Group
  name: "null"
  namespace: null
  kind: Group
---
kind: ClusterRole
metadata: {name: no}
rules:
"""
    write(tmp_path, {"x.yaml": text})

    tables = load(IMPORTER, tmp_path, "x.yaml", "k8s")

    assert {
        ("k8s:yes", "assigned", "k8s:clusterrole/no"),
        ("k8s:group/null", "assigned", "k8s:clusterrole/no"),
    } == edges(tables)
    assert ("repeated-key", "x.yaml", "unknown") in issues(tables)


@pytest.mark.realdata
def test_the_default_objects_of_a_real_cluster_are_read(realdata: Path) -> None:
    folder = realdata / "kubernetes"

    tables = load(IMPORTER, folder, "bootstrap-1.20-combined.json", "k8s")

    assert waterfall(tables) == {"bootstrap-1.20-combined.json": (115, 0, 0, 0, 115)}
    nodes = rows(tables, "roles", "role", "kind")
    names = {node.partition("@")[0] for node, kind in nodes if kind == "ClusterRole"}
    assert (len(names), sum(kind == "Role" for _, kind in nodes)) == (60, 7)
    assert {("missing-part", "ServiceAccount", "no")} == issues(tables)
    assert {("*", "*"), ("* /*", "*")} == reach(tables, "k8s:clusterrole/cluster-admin")
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
