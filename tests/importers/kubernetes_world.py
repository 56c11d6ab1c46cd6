"""Kubernetes objects in few words, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.importers.kubernetes import IMPORTER
from tests.importers.access_world import Tables, load, reach, write

RBAC = "rbac.authorization.k8s.io"
#: Kinds of the group that has no name.
CORE = {"ConfigMap", "ServiceAccount", "Pod", "Secret"}
APPS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def obj(kind: str, name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
    metadata |= {"labels": more.pop("labels")} if "labels" in more else {}
    version = "v1" if kind in CORE else f"{RBAC}/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


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


def held(tables: Tables, holder: str) -> set[tuple[str, str]]:
    """What the node may do as itself: `reach` without steps that make it somebody else or more."""
    steps = {
        (row["holder"], row["target"])
        for row in tables["derivations"].to_pylist()
        if row["part"] != "aggregated from"
    }
    grants = [
        row
        for row in tables["grants"].to_pylist()
        if (row["holder"], row["target"]) not in steps and row["kind"] != "impersonates"
    ]
    kept = pa.Table.from_pylist(grants, schema=tables["grants"].schema)
    return reach({**tables, "grants": kept}, holder)
