"""Kubernetes' RBAC decision, written straight from its rules and sharing no code with the importer.

`allowed` answers for one request; `covers` says whether a right in the importer's documented
notation covers a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Obj = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A request; `url` alone is set for one that is about no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    sub: str = ""
    namespace: str = ""
    name: str = ""
    url: str = ""


def allowed(objects: Iterable[Obj], login: str, groups: set[str], request: Request) -> bool:
    """Whether some binding grants it, or the group that needs none."""
    if "system:masters" in groups:
        return True
    objects = list(objects)
    for binding in objects:
        kind, meta = binding["kind"], binding["metadata"]
        if kind == "ClusterRoleBinding":
            where = None
        elif kind == "RoleBinding" and request.namespace == meta["namespace"] and not request.url:
            where = meta["namespace"]
        else:
            continue
        if any(applies(s, login, groups, where) for s in binding.get("subjects") or ()):
            ref = binding["roleRef"]
            if any(rule_allows(rule, request) for rule in rules_of(objects, ref, where)):
                return True
    return False


def applies(subject: Obj, login: str, groups: set[str], where: str | None) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == login)
    if subject["kind"] == "Group":
        return subject["name"] in groups
    namespace = subject.get("namespace") or where
    return namespace is not None and login == f"system:serviceaccount:{namespace}:{subject['name']}"


def rules_of(objects: list[Obj], ref: Obj, where: str | None) -> list[Obj]:
    found: list[Obj] = []
    for role in objects:
        if role["kind"] != ref["kind"] or role["metadata"]["name"] != ref["name"]:
            continue
        if role["kind"] == "Role" and role["metadata"]["namespace"] == where:
            found += role.get("rules") or []
        elif role["kind"] == "ClusterRole":
            found += aggregated(objects, role, {ref["name"]})
    return found


def aggregated(objects: list[Obj], role: Obj, seen: set[str]) -> list[Obj]:
    found = list(role.get("rules") or [])
    selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []
    for other in objects:
        if other["kind"] != "ClusterRole" or other["metadata"]["name"] in seen:
            continue
        labels = other["metadata"].get("labels") or {}
        if any(selects(selector or {}, labels) for selector in selectors):
            found += aggregated(objects, other, seen | {other["metadata"]["name"]})
    return found


def selects(selector: Obj, labels: Mapping[str, str]) -> bool:
    if any(labels.get(k) != v for k, v in (selector.get("matchLabels") or {}).items()):
        return False
    for e in selector.get("matchExpressions") or []:
        has, value = e["key"] in labels, labels.get(e["key"])
        verdict = {
            "In": has and value in (e.get("values") or []),
            "NotIn": not has or value not in (e.get("values") or []),
            "Exists": has,
            "DoesNotExist": not has,
        }[e["operator"]]
        if not verdict:
            return False
    return True


def rule_allows(rule: Obj, request: Request) -> bool:
    verbs = rule.get("verbs") or []
    if "*" not in verbs and request.verb not in verbs:
        return False
    if request.url:
        return any(
            url in ("*", request.url)
            or (url.endswith("*") and request.url.startswith(url.rstrip("*")))
            for url in rule.get("nonResourceURLs") or []
        )
    groups = rule.get("apiGroups") or []
    if "*" not in groups and request.group not in groups:
        return False
    asked = f"{request.resource}/{request.sub}" if request.sub else request.resource
    wanted = {"*", asked} | ({f"*/{request.sub}"} if request.sub else set())
    if not wanted & set(rule.get("resources") or []):
        return False
    names = rule.get("resourceNames") or []
    return not names or request.name in names


def covers(action: str, resource: str, request: Request) -> bool:
    """Whether the right to `action` on `resource` covers the request."""
    return covers_action(action, request) and covers_place(resource, request)


def covers_action(action: str, request: Request) -> bool:
    if action == "*":
        return not request.url
    verb, thing = action.split(" ", 1)
    if verb not in ("*", request.verb):
        return False
    if thing.startswith("/") or request.url:
        return covers_url(thing, request.url)
    base, dot, group = thing.partition(".")
    if not dot:
        group = "*" if base == "*" else "core"
    if group not in ("*", request.group or "core"):
        return False
    asked = f"{request.resource}/{request.sub}" if request.sub else request.resource
    if base.startswith("*/"):
        return bool(request.sub) and base == f"*/{request.sub}"
    return base in ("*", asked)


def covers_url(written: str, url: str) -> bool:
    if written.endswith("*"):
        return bool(url) and url.startswith(written.rstrip("*"))
    return written == url


def covers_place(resource: str, request: Request) -> bool:
    if resource == "*":
        return True
    namespace, _, name = resource.partition("/")
    if namespace not in {"(cluster)", request.namespace}:
        return False
    return not name or name == request.name
