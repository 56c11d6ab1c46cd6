"""One policy rule as rights, each an action in the notation of `docs/importers/kubernetes.md`.

Source: `RuleAllows` and its match functions in Kubernetes' RBAC authoriser. A `*` is a wildcard as
a whole entry only; in `*/scale` it stands for any resource, at the end of a URL for any rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sod_analyzer.cloud.kubernetes.objects import RBAC_GROUP, PolicyRule

ANY = "*"
#: Every URL begins with a slash, so this says the same as `*` without looking like a resource.
ANY_URL = "/*"
#: Suffix that tells the wildcards of the core group, which has no name, from those of all groups.
CORE = "core"

#: Verbs whose requests never name an object, unless a subresource follows.
_UNNAMED = ("create", "deletecollection", "list", "watch")
_NEVER_NAMED = frozenset({"create", "deletecollection"})
#: What `*` comes to when the rule names its objects: all verbs Kubernetes itself knows.
_NAMED_VERBS = (
    "approve", "attest", "bind", "delete", "escalate", "get", "impersonate", "list", "patch",
    "proxy", "sign", "update", "use", "watch",
)  # fmt: skip
#: Subresources that are created on a named object.
_CREATED_ON = (
    "attach", "binding", "eviction", "exec", "portforward", "proxy", "rollback", "token",
)  # fmt: skip

_VERB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_RESOURCE = re.compile(r"(?:\*|[A-Za-z0-9][A-Za-z0-9-]*)(?:/[^\s*?/]+)*")
_GROUP = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.-]*)?")
_URL = re.compile(r"/[^\s*?]*\**")
_NAME = re.compile(r"[^\s*?]+")

#: Built-in resources that live outside namespaces: a request for them names no namespace, so no
#: RoleBinding grants it. `namespaces` is not among them: a request for one names it.
_CLUSTER_SCOPED: dict[str, frozenset[str]] = {
    group: frozenset(names.split())
    for group, names in {
        "": "nodes persistentvolumes componentstatuses users groups",
        "admissionregistration.k8s.io": "mutatingwebhookconfigurations mutatingadmissionpolicies "
        "mutatingadmissionpolicybindings validatingwebhookconfigurations "
        "validatingadmissionpolicies validatingadmissionpolicybindings",
        "apiextensions.k8s.io": "customresourcedefinitions",
        "apiregistration.k8s.io": "apiservices",
        "authentication.k8s.io": "tokenreviews selfsubjectreviews userextras uids",
        "authorization.k8s.io": "subjectaccessreviews selfsubjectaccessreviews "
        "selfsubjectrulesreviews",
        "certificates.k8s.io": "certificatesigningrequests clustertrustbundles signers",
        "flowcontrol.apiserver.k8s.io": "flowschemas prioritylevelconfigurations",
        "internal.apiserver.k8s.io": "storageversions",
        "metrics.k8s.io": "nodes",
        "networking.k8s.io": "ingressclasses ipaddresses servicecidrs",
        "node.k8s.io": "runtimeclasses",
        "extensions": "podsecuritypolicies",
        "policy": "podsecuritypolicies",
        "resource.k8s.io": "deviceclasses resourceslices",
        RBAC_GROUP: "clusterroles clusterrolebindings",
        "scheduling.k8s.io": "priorityclasses",
        "storage.k8s.io": "csidrivers csinodes storageclasses volumeattachments "
        "volumeattributesclasses",
        "storagemigration.k8s.io": "storageversionmigrations",
    }.items()
}
#: Verbs on them that are asked with a namespace nevertheless.
_ASKED_IN_NAMESPACE = {
    (RBAC_GROUP, "clusterroles"): "bind",
    ("policy", "podsecuritypolicies"): "use",
    ("extensions", "podsecuritypolicies"): "use",
}


@dataclass(frozen=True, slots=True)
class Right:
    """An action, and the object's name when the rule limits it to one.

    `local` is what is left of it when a RoleBinding gives it: the action, or null for nothing.
    A `*` in an action is always a wildcard.
    """

    action: str
    name: str | None
    local: str | None


@dataclass(frozen=True, slots=True)
class Expansion:
    """Every right of a rule, sorted, and the entries that can never match a request."""

    rights: tuple[Right, ...]
    void: tuple[str, ...]


#: What the group `system:masters` has whatever its bindings say.
EVERYTHING = (
    Right(ANY, None, local=ANY),
    Right(f"{ANY} {ANY_URL}", None, local=None),
)


def expand(rule: PolicyRule) -> Expansion:
    """The rule's rights. A list that holds `*` is that `*` alone: the rest adds nothing.

    Errs: `*` verbs on named objects become the verbs that Kubernetes itself knows, so a verb that
    only an extension knows is missed there.
    """
    void: list[str] = []

    def valid(entries: Iterable[str], fits: Callable[[str], bool]) -> tuple[str, ...]:
        kept = []
        for entry in dict.fromkeys(entries):
            if fits(entry):
                kept.append(entry)
            else:
                void.append(entry)
        return (ANY,) if ANY in kept else tuple(kept)

    verbs = valid(rule.verbs, _is_verb)
    groups = valid(rule.groups, _is_group)
    resources = valid(rule.resources, _is_resource)
    names = tuple(dict.fromkeys(rule.names))
    void += [name for name in names if name and not _NAME.fullmatch(name)]
    rights: set[Right] = set()
    for group in groups:
        for resource in resources:
            if names:
                rights.update(_named(verbs, group, resource, names))
            else:
                rights.update(_right(verb, group, resource) for verb in verbs)
    for url in valid(rule.urls, _is_url):
        path = ANY_URL if not url.strip(ANY) else url.rstrip(ANY) + ANY * url.endswith(ANY)
        rights.update(Right(f"{verb} {path}", None, local=None) for verb in verbs)
    order = sorted(rights, key=lambda right: (right.action, right.name or ""))
    return Expansion(tuple(order), tuple(dict.fromkeys(void)))


def _named(
    verbs: tuple[str, ...], group: str, resource: str, names: tuple[str, ...]
) -> Iterable[Right]:
    """Rights on named objects. The empty name is that of requests which name none.

    Errs: who may list all by way of the empty name counts as able to list one, and by way of `*`
    resources as able to create what is below an object, such as `pods/exec` (over-reports).
    """
    below = "/" in resource
    for name in names:
        if not name:
            if not below:
                asked = _UNNAMED if ANY in verbs else set(verbs) & set(_UNNAMED)
                yield from (_right(verb, group, resource) for verb in asked)
            continue
        if not _NAME.fullmatch(name):
            continue
        if below:
            kept: Iterable[str] = (verb for verb in verbs if verb != "deletecollection")
        else:
            kept = _NAMED_VERBS if ANY in verbs else set(verbs) - _NEVER_NAMED
        yield from (_right(verb, group, resource, name) for verb in kept)
        if resource == ANY and (ANY in verbs or "create" in verbs):
            for sub in _CREATED_ON:
                yield _right("create", group, f"{ANY}/{sub}", name)


def _right(verb: str, group: str, resource: str, name: str | None = None) -> Right:
    if (verb, group, resource, name) == (ANY, ANY, ANY, None):
        return EVERYTHING[0]
    if group == ANY:
        suffix = "" if resource == ANY else f".{ANY}"
    elif group:
        suffix = f".{group}"
    else:
        suffix = f".{CORE}" if resource.startswith(ANY) else ""
    action = f"{verb} {resource}{suffix}"
    return Right(action, name, local=_local(verb, group, resource, action))


def outside_namespaces(verb: str, group: str, resource: str) -> bool:
    """Whether a request for a built-in resource names no namespace."""
    if resource not in _CLUSTER_SCOPED.get(group, frozenset()):
        return False
    return _ASKED_IN_NAMESPACE.get((group, resource)) != verb


def _local(verb: str, group: str, resource: str, action: str) -> str | None:
    """The action as a RoleBinding gives it; null when it gives nothing.

    Errs: for a wildcard group or resource the outside ones stay included (over-reports); the place
    is the namespace only.
    """
    base = resource.partition("/")[0]
    if base not in _CLUSTER_SCOPED.get(group, frozenset()):
        return action
    asked = _ASKED_IN_NAMESPACE.get((group, base))
    if asked is None or verb not in {ANY, asked}:
        return None
    return f"{asked} {action.partition(' ')[2]}"


def _is_verb(entry: str) -> bool:
    return entry == ANY or bool(_VERB.fullmatch(entry))


def _is_resource(entry: str) -> bool:
    return entry == ANY or bool(_RESOURCE.fullmatch(entry))


def _is_group(entry: str) -> bool:
    # `core` is a common slip: the core group's name is the empty text.
    return entry == ANY or (entry != CORE and bool(_GROUP.fullmatch(entry)))


def _is_url(entry: str) -> bool:
    return (bool(entry) and not entry.strip(ANY)) or bool(_URL.fullmatch(entry))
