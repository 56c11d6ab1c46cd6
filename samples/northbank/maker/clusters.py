"""Writes the two clusters' RBAC objects, each as the List that kubectl prints."""

from __future__ import annotations

import json
from typing import NamedTuple

from maker import bank
from maker.tables import Counts, counts
from maker.world import Account, Fact, World

_API = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch")

Json = dict[str, object]


class Rights(NamedTuple):
    """One rule of a role: verbs, resources, API group, and names it is limited to."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...]
    group: str = ""
    names: tuple[str, ...] = ()


_VIEW = (
    Rights(_READ, ("pods", "pods/log", "services", "configmaps")),
    Rights(_READ, ("deployments", "statefulsets", "daemonsets"), "apps"),
)
_EDIT = (
    *_VIEW,
    Rights((*_WRITE, "delete"), ("pods", "services", "configmaps")),
    Rights((*_WRITE, "delete"), ("deployments", "statefulsets"), "apps"),
)
CLUSTER_ROLES: dict[str, tuple[Rights, ...]] = {
    "cluster-admin": (Rights(("*",), ("*",), "*"),),
    "admin": (*_EDIT, Rights((*_WRITE, "delete"), ("roles", "rolebindings"), _API)),
    "edit": _EDIT,
    "view": _VIEW,
    "nb-deployer": (
        Rights(_READ, ("pods", "services")),
        Rights((*_READ, *_WRITE), ("deployments", "statefulsets"), "apps"),
        Rights((*_READ, *_WRITE), ("jobs", "cronjobs"), "batch"),
    ),
    "release-manager": (Rights((*_READ, "update", "patch"), ("deployments",), "apps"),),
    "binding-manager": (Rights((*_READ, *_WRITE), ("rolebindings",), _API),),
    "cluster-binder": (Rights(("bind",), ("clusterroles",), _API),),
    "role-reader": (Rights(_READ, ("roles", "clusterroles", "rolebindings"), _API),),
    "workload-admin": (Rights(("get", "update"), ("*",), "apps"),),
    "all-scaler": (Rights(("get", "update", "patch"), ("*/scale",), "apps"),),
    "deployment-patcher": (Rights(("get", "patch"), ("deployments",), "apps"),),
    "deployment-scaler": (Rights(("get", "update", "patch"), ("deployments/scale",), "apps"),),
    "pod-debugger": (Rights(("create",), ("pods/exec",)),),
    "pod-log-reader": (Rights(("get",), ("pods/log",)),),
    "pod-fixer": (Rights(("patch", "update"), ("pods/ephemeralcontainers",)),),
    "pod-watcher": (Rights(_READ, ("pods",)),),
    "gitops-controller": (
        Rights((*_READ, *_WRITE, "delete"), ("deployments", "statefulsets"), "apps"),
        Rights((*_READ, *_WRITE), ("rolebindings",), _API),
    ),
}

#: Roles of single namespaces, by cluster, namespace and name.
ROLES: dict[tuple[str, str, str], tuple[Rights, ...]] = {
    ("k8s-prod", "payments", "releaser"): (Rights(("update", "patch"), ("deployments",), "apps"),),
    ("k8s-prod", "onboarding", "releaser"): (Rights(_READ, ("deployments",), "apps"),),
    ("k8s-prod", "payments", "api-patcher"): (
        Rights(("get", "patch"), ("deployments",), "apps", ("payments-api",)),
    ),
    ("k8s-prod", "payments", "api-creator"): (
        Rights(("create",), ("deployments",), "apps", ("payments-api",)),
    ),
    ("k8s-prod", "logging", "log-agent-operator"): (
        Rights(("get", "update", "patch"), ("daemonsets",), "apps"),
        Rights(("get", "update"), ("configmaps",)),
    ),
    ("k8s-prod", "logging", "log-config-editor"): (
        Rights(("get", "update", "patch"), ("configmaps",)),
    ),
    ("k8s-test", "logging", "log-reader"): (Rights(_READ, ("pods/log",)),),
}

#: Groups of the directory and what they are bound to: cluster, namespace, role, group.
_GROUPS: tuple[tuple[str, str, str, str], ...] = (
    ("k8s-prod", "", "cluster-admin", "platform-breakglass"),
    ("k8s-prod", "", "nb-deployer", "platform-deployers"),
    ("k8s-prod", "", "cluster-binder", "platform-binders"),
    ("k8s-prod", "", "role-reader", "platform-role-readers"),
    ("k8s-prod", "payments", "nb-deployer", "payments-deployers"),
    ("k8s-prod", "payments", "nb-deployer", "payments-release"),
    ("k8s-prod", "payments", "view", "payments-viewers"),
    ("k8s-prod", "payments", "view", "payments-tribe-guests"),
    ("k8s-prod", "payments", "admin", "payments-ns-admins"),
    ("k8s-prod", "payments", "edit", "payments-ns-editors"),
    ("k8s-prod", "payments", "binding-manager", "payments-binders"),
    ("k8s-prod", "payments", "api-patcher", "payments-api-patchers"),
    ("k8s-prod", "payments", "api-creator", "payments-api-creators"),
    ("k8s-prod", "payments", "view", "Release Night"),
    ("k8s-prod", "onboarding", "nb-deployer", "onboarding-deployers"),
    ("k8s-prod", "onboarding", "nb-deployer", "onboarding-übergabe"),
    ("k8s-prod", "onboarding", "view", "onboarding-viewers"),
    ("k8s-prod", "onboarding", "view", "onboarding-everyone"),
    ("k8s-prod", "onboarding", "pod-debugger", "onboarding-debuggers"),
    ("k8s-prod", "onboarding", "pod-log-reader", "onboarding-log-readers"),
    ("k8s-prod", "internet-banking", "nb-deployer", "ib-deployers"),
    ("k8s-prod", "internet-banking", "release-manager", "release-prod"),
    ("k8s-prod", "internet-banking", "view", "ib-viewers"),
    ("k8s-prod", "internet-banking", "deployment-patcher", "ib-patchers"),
    ("k8s-prod", "internet-banking", "deployment-scaler", "ib-scalers"),
    ("k8s-prod", "internet-banking", "workload-admin", "ib-workload-admins"),
    ("k8s-prod", "internet-banking", "all-scaler", "ib-all-scalers"),
    ("k8s-prod", "internet-banking", "pod-fixer", "ib-ephemeral-fixers"),
    ("k8s-prod", "internet-banking", "pod-watcher", "ib-pod-watchers"),
    ("k8s-prod", "treasury", "nb-deployer", "treasury-deployers"),
    ("k8s-prod", "treasury", "view", "treasury-viewers"),
    ("k8s-prod", "logging", "log-agent-operator", "logging-ops"),
    ("k8s-prod", "logging", "log-config-editor", "log-config"),
    ("k8s-prod", "logging", "view", "log-readers"),
    ("k8s-test", "", "nb-deployer", "test-deployers"),
    ("k8s-test", "internet-banking", "release-manager", "release-test"),
    ("k8s-test", "payments", "binding-manager", "payments-test-binders"),
    ("k8s-test", "logging", "log-reader", "log-readers"),
)

#: Service accounts, what they are bound to, and the duties that gives. Nobody judges them.
_SERVICES: tuple[tuple[str, str, str, str, str, tuple[str, ...]], ...] = (
    (
        "k8s-prod", "argocd", "argocd-application-controller", "", "gitops-controller",
        (bank.DEPLOY, bank.CLUSTER_ACCESS, bank.TOUCH),
    ),
    ("k8s-prod", "payments", "payments-api", "payments", "view", ()),
    ("k8s-prod", "onboarding", "onboarding-api", "onboarding", "view", ()),
    ("k8s-prod", "internet-banking", "ib-web", "internet-banking", "view", ()),
    ("k8s-prod", "logging", "fluent-bit", "", "pod-log-reader", ()),
    ("k8s-prod", "treasury", "treasury-batch", "treasury", "view", ()),
    (
        "k8s-test", "argocd", "argocd-application-controller", "", "gitops-controller",
        (bank.DEVELOP, bank.CLUSTER_ACCESS),
    ),
    ("k8s-test", "payments", "payments-api", "payments", "view", ()),
)  # fmt: skip


def add_service_accounts(world: World) -> None:
    """Put the clusters' own workloads among the accounts."""
    for cluster, namespace, name, where, _, duties in _SERVICES:
        key = f"{cluster}:system:serviceaccount:{namespace}:{name}"
        facts = {Fact(duty, cluster, where or "*") for duty in duties}
        world.accounts[key] = Account(
            key, cluster, key.partition(":")[2], None, workload=True, facts=facts
        )


def write_clusters(world: World) -> tuple[dict[str, bytes], dict[str, Counts]]:
    """One file per cluster, and how many objects each holds."""
    files, told = {}, {}
    for cluster in ("k8s-prod", "k8s-test"):
        items = [*_roles(cluster), *_bindings(world, cluster), *_services(cluster)]
        path = f"{cluster}/rbac.json"
        value = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}
        text = json.dumps(value, ensure_ascii=False, indent=1)
        files[path] = f"{text}\n".encode()
        told[path] = counts(lines=len(items), parsed=len(items))
    return files, told


def _roles(cluster: str) -> list[Json]:
    made = [
        _object("ClusterRole", name, rules=[_rule(r) for r in rights])
        for name, rights in sorted(CLUSTER_ROLES.items())
    ]
    return made + [
        _object("Role", name, namespace, rules=[_rule(r) for r in rights])
        for (where, namespace, name), rights in sorted(ROLES.items())
        if where == cluster
    ]


def _rule(rights: Rights) -> Json:
    rule: Json = {
        "apiGroups": [rights.group],
        "resources": list(rights.resources),
        "verbs": list(rights.verbs),
    }
    return {**rule, "resourceNames": list(rights.names)} if rights.names else rule


def _bindings(world: World, cluster: str) -> list[Json]:
    made = [_binding("cluster-admin", "", "ClusterRole", "cluster-admin", _named("system:masters"))]
    for where, namespace, role, group in _GROUPS:
        if where == cluster:
            kind = "Role" if (cluster, namespace, role) in ROLES else "ClusterRole"
            name = f"{role}-{group}".lower().replace(" ", "-").replace("ü", "ue")
            made.append(_binding(name, namespace, kind, role, _named(f"oidc:{group}")))
    for number, bound in enumerate(world.user_bindings):
        if bound.cluster == cluster:
            user = {"apiGroup": _API, "kind": "User", "name": bound.subject}
            name = f"{bound.role}-direct-{number}"
            made.append(_binding(name, bound.namespace, bound.role_kind, bound.role, user))
    for where, home, name, namespace, role, _ in _SERVICES:
        if where == cluster:
            subject: Json = {"kind": "ServiceAccount", "name": name, "namespace": home}
            made.append(_binding(f"{role}-{name}", namespace, "ClusterRole", role, subject))
    return made


def _named(group: str) -> Json:
    return {"apiGroup": _API, "kind": "Group", "name": group}


def _binding(name: str, namespace: str, kind: str, role: str, subject: Json) -> Json:
    return _object(
        "RoleBinding" if namespace else "ClusterRoleBinding",
        name,
        namespace,
        roleRef={"apiGroup": _API, "kind": kind, "name": role},
        subjects=[subject],
    )


def _services(cluster: str) -> list[Json]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
        }
        for where, namespace, name, *_ in _SERVICES
        if where == cluster
    ]


def _object(kind: str, name: str, namespace: str = "", **parts: object) -> Json:
    metadata: Json = {"creationTimestamp": "2025-02-03T08:15:00Z", "name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata, **parts}
