"""Kubernetes objects as far as access needs them, taken from their JSON.

Every function raises `ShapeError` where an object is not of the shape its API promises. Lists and
objects that are null count as empty, as they do for Kubernetes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.importers.json_text import (
    ShapeError,
    as_object,
    list_at,
    name_at,
    object_at,
    text_at,
    texts_at,
)

Record = Mapping[str, object]

RBAC_GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The record that states something."""

    source_id: str
    record: int


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a role, as written."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on the labels of an object."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleObject:
    """A Role (with a namespace) or a ClusterRole (without).

    `selectors` are alternatives: a ClusterRole that meets all requirements of one of them lends its
    rules to this one. No requirement at all is met by everything.
    """

    name: str
    namespace: str | None
    rules: tuple[PolicyRule, ...]
    labels: Mapping[str, str]
    selectors: tuple[tuple[Requirement, ...], ...]
    origin: Origin

    @property
    def kind(self) -> str:
        """Kubernetes' own word for it."""
        return "ClusterRole" if self.namespace is None else "Role"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a binding names."""

    kind: str
    name: str
    namespace: str | None


@dataclass(frozen=True, slots=True)
class Binding:
    """A RoleBinding (with a namespace) or a ClusterRoleBinding (without)."""

    name: str
    namespace: str | None
    role_kind: str
    role_name: str
    subjects: tuple[Subject, ...]
    origin: Origin

    @property
    def title(self) -> str:
        """Kind and name, as one writes them."""
        if self.namespace is None:
            return f"ClusterRoleBinding {self.name}"
        return f"RoleBinding {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A workload's login."""

    name: str
    namespace: str
    origin: Origin


def role_object(record: Record, origin: Origin, *, namespaced: bool) -> RoleObject:
    """A Role or ClusterRole."""
    metadata = object_at(record, "metadata")
    rules = tuple(_rule(as_object(each, "a rule")) for each in list_at(record, "rules"))
    labels = object_at(metadata, "labels")
    aggregation = object_at(record, "aggregationRule")
    selectors = (
        ()
        if namespaced
        else tuple(
            _requirements({} if each is None else as_object(each, "a selector"))
            for each in list_at(aggregation, "clusterRoleSelectors")
        )
    )
    return RoleObject(
        name=name_at(metadata, "name"),
        namespace=name_at(metadata, "namespace") if namespaced else None,
        rules=rules,
        labels={key: text for key, text in labels.items() if isinstance(text, str)},
        selectors=selectors,
        origin=origin,
    )


def binding(record: Record, origin: Origin, *, namespaced: bool) -> Binding:
    """A RoleBinding or ClusterRoleBinding."""
    metadata = object_at(record, "metadata")
    role = object_at(record, "roleRef")
    return Binding(
        name=name_at(metadata, "name"),
        namespace=name_at(metadata, "namespace") if namespaced else None,
        role_kind=name_at(role, "kind"),
        role_name=name_at(role, "name"),
        subjects=tuple(
            _subject(as_object(each, "a subject")) for each in list_at(record, "subjects")
        ),
        origin=origin,
    )


def service_account(record: Record, origin: Origin) -> ServiceAccount:
    """A ServiceAccount."""
    metadata = object_at(record, "metadata")
    return ServiceAccount(name_at(metadata, "name"), name_at(metadata, "namespace"), origin)


def _rule(record: Record) -> PolicyRule:
    return PolicyRule(
        verbs=texts_at(record, "verbs"),
        groups=texts_at(record, "apiGroups"),
        resources=texts_at(record, "resources"),
        names=texts_at(record, "resourceNames"),
        urls=texts_at(record, "nonResourceURLs"),
    )


def _subject(record: Record) -> Subject:
    return Subject(name_at(record, "kind"), name_at(record, "name"), text_at(record, "namespace"))


def _requirements(selector: Record) -> tuple[Requirement, ...]:
    found = []
    for key, value in object_at(selector, "matchLabels").items():
        if not isinstance(value, str):
            raise ShapeError(f"label '{key[:80]}' of a selector is no text")
        found.append(Requirement(key, "In", (value,)))
    for each in list_at(selector, "matchExpressions"):
        expression = as_object(each, "a match expression")
        found.append(
            Requirement(
                name_at(expression, "key"),
                name_at(expression, "operator"),
                texts_at(expression, "values"),
            )
        )
    return tuple(found)
