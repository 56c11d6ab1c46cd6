"""Files of Kubernetes objects are read in every form exports have, and refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sod_analyzer.importers.kubernetes import IMPORTER
from tests.importers.access_world import edges, issues, load, reach, rows, waterfall, write
from tests.importers.kubernetes_world import (
    APPS,
    EVERYTHING,
    FILLER,
    bind,
    group,
    load_objects,
    obj,
    person,
    role,
)


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
    node = {"kind": "Node", "metadata": {"name": "n"}}
    settings = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "hunter2"}}
    openshift = role("r", EVERYTHING) | {"apiVersion": "authorization.openshift.io/v1"}

    tables = load_objects(tmp_path, node, settings, openshift)

    assert rows(tables, "sources", "filtered_why") == [
        "1 of kind ClusterRole of authorization.openshift.io; 1 of kind ConfigMap; 1 of kind Node"
    ]
    assert "hunter2" not in str([table.to_pylist() for table in tables.values()])


def test_of_a_secret_only_whose_token_it_is_is_read(tmp_path: Path) -> None:
    notes = {"kubernetes.io/service-account.name": "idle", "last": "hunter2"}
    metadata = {"name": "s", "namespace": "idle", "annotations": notes, "labels": {"l": "hunter2"}}
    secret = {
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": metadata,
        "data": {"token": "aHVudGVyMg=="},
        "stringData": {"token": "hunter2"},
    }

    tables = load_objects(tmp_path, secret)

    said = str([table.to_pylist() for table in tables.values()])
    assert "unter2" not in said
    assert "aHVudGVyMg" not in said
    assert rows(tables, "sources", "filtered_why") == [None]


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
