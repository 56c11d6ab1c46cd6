"""One request to a cluster, decided by role-based access.

Source: `RBACAuthorizer.Authorize` and `RuleAllows` of Kubernetes. Rights only ever add up: there is
no deny and no condition, so an answer is yes or no, or unknown where the export lacks a kind of
object that could say yes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sod_analyzer.cloud.kubernetes.aggregate import lenders
from sod_analyzer.cloud.kubernetes.objects import (
    Binding,
    Cluster,
    Origin,
    PolicyRule,
    RoleObject,
    Subject,
)
from sod_analyzer.cloud.kubernetes.rights import ANY, outside_namespaces
from sod_analyzer.cloud.truth import Answer

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
SERVICE_ACCOUNTS = "system:serviceaccounts"
ANONYMOUS = "system:anonymous"
SERVICE_ACCOUNT = "system:serviceaccount:"

#: Said with every answer: what could let somebody in, or is never asked.
NOT_EVALUATED = (
    "other authorisers (Node, ABAC, webhooks, access entries of EKS, IAM of GKE, Azure RBAC) are "
    "not evaluated: they could say yes"
)

#: Namespace (null for a ClusterRole) and name.
RoleKey = tuple[str | None, str]


class Layer(StrEnum):
    """What decided."""

    UNLIMITED = "group system:masters"  # asks nobody
    BINDING = "binding"
    NOTHING = "no binding"
    MISSING = "objects not in the export"


@dataclass(frozen=True, slots=True, order=True)
class Caller:
    """Who asks: the name it signs in with, and the groups that its sign-in brings along.

    Without a name it is anybody of those groups.
    """

    login: str
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        groups = f" of {', '.join(self.groups)}" if self.groups else ""
        return f"{self.login or 'anybody'}{groups}"

    @property
    def every_group(self) -> tuple[str, ...]:
        """The groups above, and those in which the cluster puts everyone of that name."""
        return tuple(dict.fromkeys((*self.groups, *implicit_groups(self.login))))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. Without a name, all objects or none yet; without a namespace, all.

    A request with a `url` is about no resource.
    """

    verb: str
    resource: str = ""
    group: str = ""
    sub: str = ""
    namespace: str = ""
    name: str = ""
    url: str = ""

    @classmethod
    def of(cls, verb: str, what: str, *, namespace: str = "", name: str = "") -> Request:
        """From a notation such as `pods`, `pods/exec`, `deployments.apps`, or `/healthz`.

        A subresource may stand before the group or behind it. The namespace of what lives outside
        namespaces is left out, as the API server does.
        """
        if what.startswith("/"):
            return cls(verb, url=what)
        whole, dot, group = what.partition(".")
        resource, slash, sub = whole.partition("/")
        if dot and not slash:
            group, _, sub = group.partition("/")
        if outside_namespaces(verb, group, resource):
            namespace = ""
        return cls(verb, resource, group, sub, namespace, name)


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, and what it rests on: the binding, and the rule of the role, counted from 1.

    `records` are those of binding and role in their sources.
    """

    answer: Answer
    layer: Layer
    statement: str
    notes: tuple[str, ...] = ()
    records: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A role as somebody has it: by which binding, in which namespace (null: everywhere)."""

    binding: Binding
    role: RoleKey
    by: str

    @property
    def place(self) -> str | None:
        """The namespace that it holds in; null: everywhere, and outside namespaces too."""
        return self.binding.namespace


@dataclass(frozen=True, slots=True)
class Said:
    """A rule, and where it stands: the role, and the rule's number in it from 1."""

    role: RoleObject
    number: int
    rule: PolicyRule

    def __str__(self) -> str:
        where = "" if self.role.namespace is None else f"{self.role.namespace}/"
        return f"{self.role.kind} {where}{self.role.name}, rule {self.number}"


class Authority:
    """What the objects of one cluster allow. Cost: an index of all bindings by subject."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.roles: Mapping[RoleKey, list[RoleObject]] = defaultdict(list)
        for role in cluster.roles:
            self.roles[role.namespace, role.name].append(role)
        self.cluster_roles = [role for role in cluster.roles if role.namespace is None]
        self._rules: dict[RoleKey, tuple[Said, ...]] = {}
        self._logins: dict[str, list[Binding]] = defaultdict(list)
        self._groups: dict[str, list[Binding]] = defaultdict(list)
        for each in sorted(cluster.bindings, key=lambda each: (each.title, each.origin)):
            for subject in each.subjects:
                if subject.kind == "Group":
                    self._groups[subject.name].append(each)
                login = login_of(subject, each)
                if login is not None:
                    self._logins[login].append(each)

    @cached_property
    def callers(self) -> tuple[Caller, ...]:
        """Everybody that the objects name: logins, and groups as anybody in them; sorted."""
        logins = {*self._logins}
        for each in self.cluster.service_accounts:
            logins.add(f"{SERVICE_ACCOUNT}{each.namespace}:{each.name}")
        groups = {Caller("", (name,)) for name in self._groups}
        return tuple(sorted({Caller(login) for login in logins} | groups))

    def bound(self, caller: Caller) -> Iterator[Bound]:
        """The roles that a caller has, those that no export has included; by name of binding."""
        seen: set[int] = set()
        named = [(caller.login, self._logins)] if caller.login else []
        groups = [(name, self._groups) for name in caller.every_group]
        for name, index in (*named, *groups):
            by = f"group {name}" if index is self._groups else name
            for each in index.get(name, ()):
                key = role_key(each)
                if key is not None and id(each) not in seen:
                    seen.add(id(each))
                    yield Bound(each, key, by)

    def rules(self, key: RoleKey) -> tuple[Said, ...]:
        """The rules of a role, and of those that lend to it; none for a role that nobody has."""
        found = self._rules.get(key)
        if found is None:
            own = self.roles.get(key, [])
            lent = [
                other
                for role in own
                if role.selectors
                for other in lenders(role, self.cluster_roles)
            ]
            roles = {id(role): role for role in (*own, *lent)}
            found = self._rules[key] = tuple(
                Said(role, number, rule)
                for role in roles.values()
                for number, rule in enumerate(role.rules, 1)
            )
        return found

    def decide(self, caller: Caller, request: Request) -> Decision:
        """Whether a caller may. Cost: of the rules of its roles."""
        notes = (NOT_EVALUATED,)
        if MASTERS in caller.groups:
            said = f"{caller} is in {MASTERS}, which no binding limits"
            return Decision(Answer.YES, Layer.UNLIMITED, said, notes)
        dangling = []
        for bound in self.bound(caller):
            if bound.place is not None and (request.url or bound.place != request.namespace):
                continue
            if bound.role not in self.roles:
                dangling.append(bound.binding)
            for said_rule in self.rules(bound.role):
                if allows(said_rule.rule, request):
                    return Decision(
                        Answer.YES,
                        Layer.BINDING,
                        f"{said_rule} by {bound.binding.title} to {bound.by}",
                        notes,
                        (bound.binding.origin, said_rule.role.origin),
                    )
        lacking = self._lacking(request, dangling)
        if lacking:
            return Decision(Answer.UNKNOWN, Layer.MISSING, "; ".join(lacking), notes)
        latent = tuple(
            f"{each.title} names {each.role_kind} {each.role_name}, which does not exist: whoever "
            "creates it decides what it allows"
            for each in dangling
        )
        records = tuple(each.origin for each in dangling)
        return Decision(
            Answer.NO,
            Layer.NOTHING,
            f"no rule bound to {caller} allows it",
            latent + notes,
            records,
        )

    def _lacking(self, request: Request, dangling: Iterable[Binding]) -> list[str]:
        """Kinds of objects that the export has none of, of which one could say yes."""
        kinds = self.cluster.kinds
        needed = ["ClusterRoleBinding"]
        if request.namespace:
            needed.append("RoleBinding")
        needed += sorted({each.role_kind for each in dangling})
        return [f"the export has no object of kind {kind}" for kind in needed if kind not in kinds]


def allows(rule: PolicyRule, request: Request) -> bool:
    """Whether a rule covers a request, wherever it is bound.

    A `*` is a wildcard as a whole entry; in `*/scale` it is any resource, at the end of a URL any
    rest. A rule that names objects covers no request that names none.
    """
    if not {ANY, request.verb} & {*rule.verbs}:
        return False
    if request.url:
        return any(_url(url, request.url) for url in rule.urls)
    if not {ANY, request.group} & {*rule.groups}:
        return False
    asked = {ANY, f"{request.resource}/{request.sub}" if request.sub else request.resource}
    if request.sub:
        asked.add(f"{ANY}/{request.sub}")
    if not asked & {*rule.resources}:
        return False
    return not rule.names or request.name in rule.names


def _url(written: str, asked: str) -> bool:
    if written in {ANY, asked}:
        return True
    return written.endswith(ANY) and asked.startswith(written.rstrip(ANY))


def role_key(each: Binding) -> RoleKey | None:
    """The role that a binding names; null where it names what it cannot, and grants nothing.

    A Role is that of the binding's own namespace.
    """
    if each.role_kind == "ClusterRole":
        return None, each.role_name
    if each.role_kind == "Role" and each.namespace is not None:
        return each.namespace, each.role_name
    return None


def login_of(subject: Subject, each: Binding) -> str | None:
    """The name that a subject of a binding signs in with; null for groups and for nobody."""
    if subject.kind == "User":
        return subject.name
    namespace = subject.namespace or each.namespace
    if subject.kind == "ServiceAccount" and namespace is not None:
        return f"{SERVICE_ACCOUNT}{namespace}:{subject.name}"
    return None


def implicit_groups(login: str) -> tuple[str, ...]:
    """The groups Kubernetes puts this login in; no login is anybody who signed in.

    What it gives to nobody in particular it gives to everybody, hence the second group.
    """
    if login == ANONYMOUS:
        return (UNAUTHENTICATED,)
    groups = (AUTHENTICATED, UNAUTHENTICATED)
    namespace, colon, name = login.removeprefix(SERVICE_ACCOUNT).partition(":")
    if not login.startswith(SERVICE_ACCOUNT) or not (namespace and colon and name):
        return groups
    return (*groups, SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")
