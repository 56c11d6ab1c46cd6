"""Kubernetes objects as far as access needs them, taken from their JSON.

Every function raises `ShapeError` where an object is not of the shape its API promises. Lists and
objects that are null count as empty, as they do for Kubernetes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sod_analyzer.cloud.kubernetes.links import Association
from sod_analyzer.cloud.shapes import (
    ShapeError,
    as_object,
    list_at,
    name_at,
    object_at,
    shown,
    text_at,
    texts_at,
)

Record = Mapping[str, object]

RBAC_GROUP = "rbac.authorization.k8s.io"

#: The API groups of the kinds that are read; the core group has no name.
_GROUP_OF: Mapping[str, frozenset[str]] = {
    kind: frozenset(groups)
    for groups, kinds in (
        ((RBAC_GROUP,), ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
        (("",), ("ServiceAccount", "Pod", "Secret", "ReplicationController")),
        (("apps", "extensions"), ("Deployment", "DaemonSet", "ReplicaSet")),
        (("apps",), ("StatefulSet",)),
        (("batch",), ("Job", "CronJob")),
    )
    for kind in kinds
}
#: Where the pod is described, beneath `spec`; elsewhere it is `template.spec`.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "CronJob": ("jobTemplate", "spec", "template", "spec"),
}
#: Annotations by which EKS and GKE give a service account an identity of the cloud.
_AWS_ROLE = "eks.amazonaws.com/role-arn"
_GOOGLE = "iam.gke.io/gcp-service-account"
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type
_TOKEN_OF = "kubernetes.io/service-account.name"  # noqa: S105 - an annotation


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
    """A workload's login, and the identities in clouds that it says it takes."""

    name: str
    namespace: str
    origin: Origin
    aws_role: str | None = None
    google: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """What runs as a service account, or keeps a token of one: a pod, a controller, a secret.

    `account` is the service account's name, in the same namespace; null: none of them.
    """

    kind: str
    name: str
    namespace: str
    account: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Entry:
    """A principal of AWS that signs in to an EKS cluster: under which name, in which groups."""

    principal: str
    login: str
    groups: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """A policy of EKS that a principal has, in some namespaces; none: everywhere."""

    principal: str
    policy: str
    namespaces: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """An association of EKS: pods of a service account get the credentials of a role."""

    said: Association
    origin: Origin


@dataclass(slots=True)
class Cluster:
    """The access objects of one cluster, in the order of files and records."""

    roles: list[RoleObject] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    service_accounts: list[ServiceAccount] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    access_policies: list[AccessPolicy] = field(default_factory=list)
    pod_identities: list[PodIdentity] = field(default_factory=list)
    #: Kinds that access needs and some file has, whether or not each object could be read.
    kinds: set[str] = field(default_factory=set)

    def add(self, record: Record, default: str | None, origin: Origin) -> str | None:
        """Take an object in. Returns why it is passed over, or null.

        Of a secret only its type and whose token it is are looked at.

        Raises:
            ShapeError: the object is not of the shape its API promises.
        """
        if self._takes_of_eks(record, origin):
            return None
        kind = text_at(record, "kind") or default
        if kind is None:
            raise ShapeError("'kind' is missing")
        group, slash, _ = (text_at(record, "apiVersion") or "").partition("/")
        expected = _GROUP_OF.get(kind)
        if expected is None or (slash and group not in expected):
            of = f" of {shown(group, most=60)}" if expected is not None else ""
            return f"of kind {shown(kind, most=60)}{of}"
        self.kinds.add(kind)
        namespaced = not kind.startswith("Cluster")
        if kind.endswith("Binding"):
            self.bindings.append(binding(record, origin, namespaced=namespaced))
        elif kind.endswith("Role"):
            self.roles.append(role_object(record, origin, namespaced=namespaced))
        elif kind == "ServiceAccount":
            self.service_accounts.append(service_account(record, origin))
        else:
            self.things.append(thing(kind, record, origin))
        return None

    def _takes_of_eks(self, record: Record, origin: Origin) -> bool:
        """Whether it is what the command line of EKS prints, which has no kind."""
        if "accessEntry" in record:
            self.entries.append(_entry(object_at(record, "accessEntry"), origin))
        elif "associatedAccessPolicies" in record:
            self.access_policies += _access_policies(record, origin)
        elif "association" in record:
            said = _association(object_at(record, "association"))
            self.pod_identities.append(PodIdentity(said, origin))
        elif list_at(record, "associations"):
            raise ShapeError(
                "a list of pod identity associations names no roles; 'aws eks "
                "describe-pod-identity-association' prints one with its role"
            )
        else:
            return "associations" in record
        return True


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
    notes = object_at(metadata, "annotations")
    return ServiceAccount(
        name_at(metadata, "name"),
        name_at(metadata, "namespace"),
        origin,
        aws_role=text_at(notes, _AWS_ROLE),
        google=text_at(notes, _GOOGLE),
    )


def thing(kind: str, record: Record, origin: Origin) -> Thing:
    """A pod, a secret, or what makes pods."""
    metadata = object_at(record, "metadata")
    name, namespace = name_at(metadata, "name"), name_at(metadata, "namespace")
    account: str | None
    if kind == "Secret":
        token = text_at(record, "type") == _TOKEN
        notes = object_at(metadata, "annotations")
        account = text_at(notes, _TOKEN_OF) if token else None
        return Thing(kind, name, namespace, account, origin)
    template = object_at(record, "spec")
    for key in _TEMPLATES.get(kind, ("template", "spec")):
        template = object_at(template, key)
    stated = text_at(template, "serviceAccountName") or text_at(template, "serviceAccount")
    return Thing(kind, name, namespace, stated or "default", origin)


def mapped(record: Record, key: str, origin: Origin) -> Entry:
    """A principal of `mapRoles` or `mapUsers` of `aws-auth`; `key` is where its ARN stands."""
    principal = name_at(record, key)
    login = text_at(record, "username") or principal
    return Entry(principal, login, texts_at(record, "groups"), origin)


def _entry(record: Record, origin: Origin) -> Entry:
    principal = name_at(record, "principalArn")
    login = text_at(record, "username") or principal
    return Entry(principal, login, texts_at(record, "kubernetesGroups"), origin)


def _association(record: Record) -> Association:
    cluster = name_at(record, "clusterName")
    # The association's own ARN begins as that of its cluster.
    head, slash, _ = (text_at(record, "associationArn") or "").partition(":podidentityassociation/")
    return Association(
        namespace=name_at(record, "namespace"),
        account=name_at(record, "serviceAccount"),
        role=name_at(record, "roleArn"),
        cluster=cluster,
        arn=f"{head}:cluster/{cluster}" if slash else None,
        tagged=record.get("disableSessionTags") is not True,
        limited=bool(record.get("policy")),
    )


def _access_policies(record: Record, origin: Origin) -> list[AccessPolicy]:
    principal = name_at(record, "principalArn")
    found = []
    for each in list_at(record, "associatedAccessPolicies"):
        association = as_object(each, "an associated policy")
        scope = object_at(association, "accessScope")
        kind = text_at(scope, "type")
        if kind not in {"cluster", "namespace"}:
            raise ShapeError(f"'accessScope.type' is {shown(kind or 'missing')}")
        namespaces = texts_at(scope, "namespaces")
        if (kind == "namespace") != bool(namespaces):
            raise ShapeError(f"an access scope of type {kind} with {len(namespaces)} namespaces")
        name = name_at(association, "policyArn").rpartition("/")[2]
        found.append(AccessPolicy(principal, name, namespaces, origin))
    return found


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
