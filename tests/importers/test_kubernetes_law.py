"""On random clusters the tables say what Kubernetes itself would decide."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.evaluate.kubernetes import Answer, Caller
from sod_analyzer.evaluate.kubernetes import Request as Asked
from sod_analyzer.evaluate.kubernetes import load as ask
from sod_analyzer.importers.kubernetes import IMPORTER
from tests.importers.access_world import edges, load, reach, rows
from tests.importers.kubernetes_oracle import Request, allowed, covers
from tests.importers.kubernetes_world import FILLER, held

RBAC = "rbac.authorization.k8s.io"
NAMESPACES = ("pay", "lend")
#: Resource, its group, and whether it lives in a namespace.
RESOURCES = (
    ("pods", "", True),
    ("secrets", "", True),
    ("deployments", "apps", True),
    ("nodes", "", False),
    ("clusterroles", RBAC, False),
)
USERS = ("ann", "bob")
GROUPS = ("devs", "system:authenticated", "system:masters", "system:serviceaccounts:pay")
IMPLIED = ("system:authenticated", "system:unauthenticated")

few = st.lists
one = st.sampled_from

#: Verbs whose requests name no object, of those below.
UNNAMED = ("create", "list")
VERBS = ("get", "list", "create", "delete", "bind", "*", "g*")
KINDS = (
    *("pods", "pods/exec", "secrets", "deployments", "deployments/scale", "nodes"),
    *("clusterroles", "*", "*/scale", "*/exec", "pods/*", "dep*"),
)
resource_rules = st.fixed_dictionaries(
    {
        "verbs": few(one(VERBS), min_size=1, max_size=2),
        "apiGroups": few(one(("", "apps", RBAC, "*")), min_size=1, max_size=2),
        "resources": few(one(KINDS), min_size=1, max_size=2),
        "resourceNames": st.just([]) | st.none() | few(one(("web", "", "w*")), max_size=2),
    }
)
url_rules = st.fixed_dictionaries(
    {
        "verbs": few(one(("get", "*")), min_size=1, max_size=1),
        "nonResourceURLs": few(one(("/healthz", "/logs/*", "*", "/healthz/*")), min_size=1),
    }
)
gaps = st.fixed_dictionaries(
    {}, optional={key: st.none() for key in ("verbs", "apiGroups", "resources")}
)
rules = st.one_of(*([resource_rules] * 6), url_rules, gaps)
names = one(("r1", "r2"))
labels = st.dictionaries(one(("a", "b")), one(("1", "2")), min_size=1, max_size=2)
expressions = st.fixed_dictionaries(
    {"key": one(("a", "b")), "operator": one(("In", "NotIn", "Exists", "DoesNotExist"))},
    optional={"values": few(one(("1", "2")), max_size=2)},
)
selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": few(expressions, max_size=1)}
)
subjects = (
    st.builds(lambda name: {"kind": "User", "name": name}, one(USERS))
    | st.builds(lambda name: {"kind": "Group", "name": name}, one(GROUPS))
    | st.builds(
        lambda namespace: {"kind": "ServiceAccount", "name": "ci", "namespace": namespace},
        one((*NAMESPACES, None)),
    )
)


@st.composite
def roles(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {"rules": draw(few(rules, max_size=2) | st.none())}
    if draw(one((True, False, False))):
        return body | {
            "kind": "Role",
            "metadata": {"name": draw(names), "namespace": draw(one(NAMESPACES))},
        }
    if draw(st.booleans()):
        body["aggregationRule"] = {"clusterRoleSelectors": draw(few(selectors, max_size=2))}
    return body | {
        "kind": "ClusterRole",
        "metadata": {"name": draw(names), "labels": draw(labels)},
    }


@st.composite
def bindings(draw: st.DrawFn) -> dict[str, Any]:
    body = {
        "roleRef": {"kind": draw(one(("Role", "ClusterRole"))), "name": draw(names)},
        "subjects": draw(few(subjects, min_size=1, max_size=2) | st.none()),
    }
    number = str(draw(st.integers(0, 10_000)))
    if draw(st.booleans()):
        metadata = {"name": number, "namespace": draw(one(NAMESPACES))}
        return body | {"kind": "RoleBinding", "metadata": metadata}
    return body | {"kind": "ClusterRoleBinding", "metadata": {"name": number}}


def all_requests() -> list[Request]:
    """Requests as the API server makes them of HTTP: who is named, and in which namespace."""
    found = [Request("get", url=url) for url in ("/healthz", "/logs/a", "/healthz/x", "/other")]
    for resource, group, namespaced in RESOURCES:
        for where in (*NAMESPACES, "") if namespaced else ("",):
            found += [Request(verb, group, resource, "", where) for verb in ("list", "create")]
            if where or not namespaced:
                found += [
                    Request(verb, group, resource, "", where, name)
                    for verb in ("get", "delete", "list")
                    for name in ("web", "api")
                ]
    for where in NAMESPACES:
        found += [
            Request("create", "", "pods", "exec", where, "web"),
            Request("get", "apps", "deployments", "scale", where, "db"),
            # Whether somebody may bind a ClusterRole is asked in the namespace of the binding.
            Request("bind", RBAC, "clusterroles", "", where, "web"),
        ]
    return found


def vars_of(request: Request) -> dict[str, str]:
    return {name: getattr(request, name) for name in Asked.__slots__}


def implied(login: str) -> set[str]:
    groups = set(IMPLIED)
    if login.startswith("system:serviceaccount:"):
        groups |= {"system:serviceaccounts", f"system:serviceaccounts:{login.split(':')[2]}"}
    return groups


def loosened(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects as the importer errs: an empty name with `*` resources stands for any name."""
    found = json.loads(json.dumps(objects))
    for each in found:
        for rule in list(each.get("rules") or ()):
            names, resources = rule.get("resourceNames") or (), rule.get("resources") or ()
            verbs = rule.get("verbs") or ()
            unnamed = ["create", "list"] if "*" in verbs else [v for v in verbs if v in UNNAMED]
            if "" in names and "*" in resources and unnamed:
                more = {"verbs": unnamed, "apiGroups": rule.get("apiGroups"), "resources": ["*"]}
                each["rules"].append(more)
    return list(found)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(few(roles(), min_size=2, max_size=5), few(bindings(), min_size=2, max_size=5))
def test_every_request_is_answered_as_kubernetes_would(
    some_roles: list[dict[str, Any]], some_bindings: list[dict[str, Any]]
) -> None:
    objects = [*some_roles, *some_bindings]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.json").write_text(json.dumps({"kind": "List", "items": objects}))
        tables = load(IMPORTER, Path(folder), "x.json", "k8s")
    known = [(login, implied(login), f"k8s:{login}") for login in rows(tables, "accounts", "login")]
    known += [
        ("nobody", {name}, f"k8s:group/{name}")
        for name, kind in rows(tables, "roles", "name", "kind")
        if kind == "Group"
    ]
    requests, loose = all_requests(), loosened(objects)
    cluster = ask([("x.json", {"items": [*objects, *FILLER]})])

    for login, groups, node in known:
        caller = Caller(login if login != "nobody" else "", tuple(sorted(groups)))
        rights = held(tables, node)
        for request in requests:
            # Who may list them all may list one; an empty resource name alone says otherwise.
            asked = [request, replace(request, name="")] if request.verb == "list" else [request]
            expected = any(allowed(loose, login, groups, each) for each in asked)
            actual = any(covers(action, place, request) for action, place in rights)
            assert expected == actual, (node, request, rights)
            exact = allowed(objects, login, groups | implied(login), request)
            said = cluster.authority.decide(caller, Asked(**vars_of(request)))
            assert said.answer is (Answer.YES if exact else Answer.NO), (node, request, said)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(few(roles(), max_size=4), few(bindings(), max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_no_access(
    some_roles: list[dict[str, Any]], some_bindings: list[dict[str, Any]], chance: Any
) -> None:
    objects = [*some_roles, *some_bindings]
    shuffled = list(objects)
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.json").write_text(json.dumps({"items": objects}))
        Path(folder, "y.json").write_text(json.dumps({"items": shuffled}))
        plain = load(IMPORTER, Path(folder), "x.json", "k8s")
        mixed = load(IMPORTER, Path(folder), "y.json", "k8s")

    assert edges(plain) == edges(mixed)
    for node in set(rows(plain, "accounts", "account")) | set(rows(plain, "roles", "role")):
        assert reach(plain, node) == reach(mixed, node)
