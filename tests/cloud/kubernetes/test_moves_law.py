"""On random clusters, steps lead where an API server lets one go, and nowhere else."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cloud.kubernetes import api_server
from tests.cloud.kubernetes.api_server import ACCOUNTS, EVERYTHING, NAMESPACES, RBAC, Obj, Session
from tests.importers.access_world import Tables
from tests.importers.kubernetes_oracle import Request, covers
from tests.importers.kubernetes_world import load_objects, obj

LOGINS = ("ann", "bob")
#: Names that rules name, and nobody has: whoever may be one of them may be told its groups.
ANYBODY = (*LOGINS, "r1", "b1", "r3", "ci", "devs")
one = st.sampled_from
#: Verb, group, resources: what steps are made of, and one right that shows where somebody got to.
RIGHTS = (
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("create", "", "serviceaccounts/token"),
    ("create", "", "pods"),
    ("create", RBAC, "rolebindings"),
    ("create", RBAC, "clusterrolebindings"),
    ("update", RBAC, "rolebindings"),
    ("update", RBAC, "roles"),
    ("update", RBAC, "clusterroles"),
    ("escalate", RBAC, "roles"),
    ("escalate", RBAC, "clusterroles"),
    ("bind", RBAC, "roles"),
    ("bind", RBAC, "clusterroles"),
    ("get", "", "secrets"),
    ("delete", "apps", "deployments"),
)
NAMES: tuple[list[str], ...] = ([], [], [], [], ["r1", "b1"], ["r3", "ci"], ["bob", "devs"])
#: What together leads somewhere.
PAIRS = (
    [("bind", RBAC, "clusterroles"), ("create", RBAC, "rolebindings")],
    [("bind", RBAC, "clusterroles"), ("create", RBAC, "clusterrolebindings")],
    [("bind", RBAC, "roles"), ("update", RBAC, "rolebindings")],
    [("bind", RBAC, "clusterroles"), ("update", RBAC, "rolebindings")],
    [("escalate", RBAC, "roles"), ("update", RBAC, "roles")],
    [("escalate", RBAC, "clusterroles"), ("update", RBAC, "clusterroles")],
    [("impersonate", "", "users"), ("impersonate", "", "groups")],
)
SUBJECTS = (
    {"kind": "User", "name": "ann"},
    {"kind": "User", "name": "ann"},
    *({"kind": "User", "name": name} for name in LOGINS),
    {"kind": "Group", "name": "devs"},
    *(
        {"kind": "ServiceAccount", "name": name, "namespace": where}
        for where in NAMESPACES
        for name in ("ci", "db")
    ),
)
PROBES = tuple(
    Request(verb, group, resource, "", where, "x")
    for verb, group, resource in (("get", "", "secrets"), ("delete", "apps", "deployments"))
    for where in ("", *NAMESPACES)
)


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rights of one role, on objects of one name or of any."""
    rights = draw(st.lists(one(RIGHTS), min_size=1, max_size=3) | one(PAIRS))
    return [
        {
            "verbs": [verb],
            "apiGroups": [group],
            "resources": [resource],
            "resourceNames": draw(one(NAMES)),
        }
        for verb, group, resource in rights
    ]


@st.composite
def clusters(draw: st.DrawFn) -> list[Obj]:
    """A few roles and bindings; every service account is there, and both people are named."""
    found: list[Obj] = []
    for number in (1, 2, 3):
        home = draw(one((None, None, "pay")))
        body = draw(rules()) if number < 3 else [EVERYTHING]
        kind = "ClusterRole" if home is None else "Role"
        found.append(obj(kind, f"r{number}", home, rules=body))
    for number in range(1, draw(st.integers(2, 4)) + 1):
        where = draw(one((None, *NAMESPACES)))
        named = draw(one(found[:3] if number == 1 else found[:2]))
        if named["kind"] == "Role":
            where = "pay"
        kind = "ClusterRoleBinding" if where is None else "RoleBinding"
        subjects = [draw(one(SUBJECTS[5:] if named is found[2] else SUBJECTS))]
        role_ref = {"kind": named["kind"], "name": named["metadata"]["name"]}
        found.append(obj(kind, f"b{number}", where, roleRef=role_ref, subjects=subjects))
    idle = {"kind": "ClusterRole", "name": "none"}
    people = [{"kind": "User", "name": name} for name in LOGINS]
    found += [
        obj("ClusterRole", "none", rules=[]),
        obj("ClusterRoleBinding", "b0", roleRef=idle, subjects=people),
    ]
    for login in ACCOUNTS:
        _, _, where, name = login.split(":")
        found.append(obj("ServiceAccount", name, where))
    return found


def reached(tables: Tables, start: str, changes: int) -> set[tuple[str, str]]:
    """Action and resource of all that a node leads to by edges, with so many own changes."""
    onward: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in tables["grants"].to_pylist():
        if not row["conditional"]:
            onward[row["holder"]].append((row["target"], int(row["self_granted"])))
    least = {start: 0}
    todo = [start]
    while todo:
        node = todo.pop()
        for target, own in onward[node]:
            cost = least[node] + own
            if cost <= changes and cost < least.get(target, changes + 1):
                least[target] = cost
                todo.append(target)
    return {
        (row["action"], row["resource"])
        for row in tables["entitlements"].to_pylist()
        if row["entitlement"] in least
    }


def probed(objects: list[Obj], sessions: set[Session]) -> set[Request]:
    return {
        probe
        for probe in PROBES
        if any(api_server.can(objects, session, probe) for session in sessions)
    }


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_steps_lead_where_the_api_server_lets_one_go(objects: list[Obj]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = load_objects(Path(folder), *objects)
    for login in LOGINS:
        start: Session = (login, frozenset())
        sessions = api_server.everywhere(objects, start, ANYBODY)
        at_once = probed(objects, sessions)
        soon = set(at_once)
        for session in sessions:
            for wider, other in api_server.changes(objects, session):
                soon |= probed(wider, {other})
        ever = set(soon)
        for session in sessions:
            for wider, other in api_server.changes(objects, session):
                ever |= probed(wider, api_server.everywhere(wider, other, ANYBODY))

        held = _covered(reached(tables, f"k8s:{login}", 0))
        taken = _covered(reached(tables, f"k8s:{login}", 1))

        assert held == at_once, (login, objects)
        # What a change gives is followed on as far as one role goes by itself.
        assert soon <= taken <= ever, (login, objects)


def _covered(rights: set[tuple[str, str]]) -> set[Request]:
    return {
        probe for probe in PROBES if any(covers(action, place, probe) for action, place in rights)
    }
