"""What somebody can make of the rights of a role: other logins, other roles.

Sources: Kubernetes' own checks (`EscalationAllowed`, `BindingAuthorized`, the impersonation filter)
and its page on good practices for role-based access. Making and changing roles or bindings gains
nothing by itself, since Kubernetes lets one give only what one has; it takes `escalate` or `bind`.

Not followed: what a node's own credentials allow, which privileged pods and volumes of the host
lead to; approval of certificates by hand of another; changes of what others wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sod_analyzer.cloud.kubernetes.decide import MASTERS, Authority, Caller, RoleKey, Said, role_key
from sod_analyzer.cloud.kubernetes.objects import RBAC_GROUP, PolicyRule, Thing
from sod_analyzer.cloud.kubernetes.rights import ANY

CHANGE = ("update", "patch")
#: What makes pods of the maker's choice, service account and image included.
MAKERS: tuple[tuple[str, str], ...] = (
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
)
_KIND_OF = {
    "pods": "Pod",
    "replicationcontrollers": "ReplicationController",
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "cronjobs": "CronJob",
    "jobs": "Job",
}
#: A pod's account cannot be changed, nor can what a job makes.
_FIXED = frozenset({"pods", "jobs"})
#: Ways into a pod that runs: verbs and subresource. A web socket asks by `get`.
_INTO_PODS = (
    (("create", "get"), "pods/exec"),
    (("create", "get"), "pods/attach"),
    (CHANGE, "pods/ephemeralcontainers"),
)
_READ = ("get", "list", "watch")
_SIGNER = "kubernetes.io/kube-apiserver-client"

#: Names of objects; null: all of them.
Named = frozenset[str] | None
NONE: Named = frozenset()


class Become(StrEnum):
    """What a move leads to."""

    WORKLOAD = "service account"  # one, by namespace and name
    WORKLOADS = "any service account"  # of a namespace, or of the cluster
    LOGIN = "login"  # one
    LOGINS = "any login"  # of people
    GROUP = "group"  # one
    ROLE = "role"  # one, in a namespace or everywhere
    MADE = "a role of one's own making"  # in a namespace or everywhere; rights to make use of it
    EVERYTHING = "everything"  # in a namespace or everywhere


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What somebody can become, or have. `place` is a namespace; none: the whole cluster."""

    what: Become
    place: str = ""
    name: str = ""
    #: Of a role, the namespace it is kept in; none: a ClusterRole.
    home: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One step, by which rules; `condition` is what it takes besides, that no export says."""

    target: Target
    how: str
    own: bool
    condition: str = ""
    rules: tuple[Said, ...] = ()

    @property
    def rank(self) -> tuple[bool, bool, str]:
        """Less is better: sure, and without a change of one's own."""
        return bool(self.condition), self.own, self.how


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody has in a namespace (none: everywhere), and its rules."""

    role: RoleKey
    place: str
    rules: tuple[Said, ...]
    #: Whether its rules come from others by label.
    aggregated: bool = False
    #: Whether the role exists; if not, whoever makes it decides what it allows.
    exists: bool = True


#: Verbs and resources of steps that several roles may have to allow together.
_VERBS = frozenset({ANY, "approve", "bind", "escalate", "impersonate"})
_PARTS = frozenset(
    {
        ANY,
        "certificatesigningrequests",
        "certificatesigningrequests/approval",
        "clusterrolebindings",
        "clusterroles",
        "rolebindings",
        "roles",
        "secrets",
    }
)


def held_role(authority: Authority, key: RoleKey, place: str) -> Held:
    """A role as it holds in a namespace, or, without one, everywhere."""
    named = authority.roles.get(key, [])
    aggregated = any(role.selectors for role in named)
    return Held(key, place, authority.rules(key), aggregated, exists=bool(named))


def held_by(authority: Authority, caller: Caller) -> list[Held]:
    """The roles that a caller has, each once in each place, those that do not exist included."""
    spots = {(each.role, each.place or ""): None for each in authority.bound(caller)}
    return [held_role(authority, key, place) for key, place in spots]


def combines(held: Held) -> bool:
    """Whether a role may have a part in a step that takes several."""
    if not held.exists or held.aggregated:
        return True
    return any(
        _VERBS & {*said.rule.verbs} or _PARTS & {*said.rule.resources} for said in held.rules
    )


def escalates(held: Held) -> bool:
    """Whether a role may let whoever has it add rights to other roles of theirs."""
    return any({ANY, "escalate"} & {*said.rule.verbs} for said in held.rules)


def every_right(held: Iterable[Held], place: str) -> bool:
    """Whether somebody may do everything with every resource of a namespace, or everywhere."""
    return any(
        ANY in rule.verbs and ANY in rule.groups and ANY in rule.resources and not rule.names
        for each in held
        if each.place in {"", place}
        for rule in (said.rule for said in each.rules)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Which objects some verb is allowed on, whether unnamed ones, and by which rules."""

    names: Named = NONE
    unnamed: bool = False
    rules: tuple[Said, ...] = ()

    @property
    def any(self) -> bool:
        return self.names != NONE


class Moves:
    """The steps that some roles allow whoever has them all."""

    def __init__(self, held: Sequence[Held], authority: Authority) -> None:
        self.held = held
        self.authority = authority
        self.cluster = authority.cluster
        self.places = sorted({each.place for each in held})

    def found(self) -> tuple[Move, ...]:
        """The best move to each target, sorted.

        Whoever has every right somewhere is told which service accounts it can become there, and
        nothing else: the rest gains nothing.
        """
        best: dict[Target, Move] = {}
        for move in self._all():
            before = best.get(move.target)
            if before is None or move.rank < before.rank:
                best[move.target] = move
        return tuple(best[target] for target in sorted(best))

    def _all(self) -> Iterator[Move]:
        for place in self.places:
            yield from self._workloads(place)
            if every_right(self.held, place):
                continue
            yield from self._roles(place)
            if not place:
                yield from self._others()

    # -- rights ----------------------------------------------------------------------------------

    def _on(self, verbs: Iterable[str], group: str, resource: str, place: str) -> _Found:
        """Where a verb is allowed: in a namespace, or, without one, everywhere and outside."""
        names: set[str] = set()
        every = unnamed = False
        rules: list[Said] = []
        for each in self.held:
            if each.place not in {"", place}:
                continue
            for said in each.rules:
                if not any(_covers(said.rule, verb, group, resource) for verb in verbs):
                    continue
                rules.append(said)
                every |= not said.rule.names
                unnamed |= not said.rule.names or "" in said.rule.names
                names |= {name for name in said.rule.names if name}
        return _Found(None if every else frozenset(names), unnamed, tuple(rules))

    # -- service accounts ------------------------------------------------------------------------

    def _workloads(self, place: str) -> Iterator[Move]:
        for verb, resource, how in (
            ("impersonate", "serviceaccounts", "impersonate service accounts"),
            ("create", "serviceaccounts/token", "ask for tokens of service accounts"),
        ):
            found = self._on((verb,), "", resource, place)
            yield from self._accounts(found.names, place, how, found.rules)
        for group, resource in MAKERS:
            found = self._on(("create",), group, resource, place)
            if found.unnamed:
                yield self._any(place, f"create {_called(resource, group)}", found.rules, own=True)
            if resource not in _FIXED:
                yield from self._changed(group, resource, place)
        yield from self._entered(place)
        yield from self._tokens(place)

    def _any(
        self, place: str, how: str, rules: tuple[Said, ...], *, own: bool, condition: str = ""
    ) -> Move:
        return Move(Target(Become.WORKLOADS, place), how, own, condition, rules)

    def _accounts(
        self, names: Named, place: str, how: str, rules: tuple[Said, ...]
    ) -> Iterator[Move]:
        if names is None:
            yield self._any(place, how, rules, own=False)
            return
        for where in [place] if place else self._namespaces():
            for name in sorted(names):
                yield Move(Target(Become.WORKLOAD, where, name), how, own=False, rules=rules)

    def _namespaces(self) -> list[str]:
        """Namespaces that service accounts are known of."""
        return sorted({each.namespace for each in self.cluster.service_accounts})

    def _changed(self, group: str, resource: str, place: str) -> Iterator[Move]:
        """What is there can be made to run as another account of its namespace."""
        found = self._on(CHANGE, group, resource, place)
        if not found.any:
            return
        how = f"change {_called(resource, group)}"
        kind = _KIND_OF[resource]
        if kind not in self.cluster.kinds:
            condition = f"there is one of the {resource} that may be changed"
            yield self._any(place, how, found.rules, own=True, condition=condition)
            return
        for each in self._things(kind, place, found.names):
            yield self._any(each.namespace, how, found.rules, own=True)

    def _things(self, kind: str, place: str, names: Named) -> Iterator[Thing]:
        for each in self.cluster.things:
            if each.kind == kind and place in {"", each.namespace} and _named(names, each.name):
                yield each

    def _entered(self, place: str) -> Iterator[Move]:
        """Whoever gets into a pod has its account's token."""
        for verbs, resource in _INTO_PODS:
            found = self._on(verbs, "", resource, place)
            if found.any:
                how = f"{verbs[0]} {resource}"
                own = resource.endswith("containers")
                yield from self._of_pods(found.names, place, how, found.rules, own=own)
        found = self._on(CHANGE, "", "pods", place)
        if found.any:
            how = "change the image of pods"
            yield from self._of_pods(found.names, place, how, found.rules, own=True)
        if not place:
            found = self._on(("create", "get"), "", "nodes/proxy", place)
            if found.any:
                yield from self._of_pods(
                    None, place, "ask the nodes to run commands", found.rules, own=False
                )

    def _of_pods(
        self, names: Named, place: str, how: str, rules: tuple[Said, ...], *, own: bool
    ) -> Iterator[Move]:
        if "Pod" not in self.cluster.kinds:
            condition = "a pod that may be entered runs as it"
            yield self._any(place, how, rules, own=own, condition=condition)
            return
        for each in self._things("Pod", place, names):
            if each.account is not None:
                target = Target(Become.WORKLOAD, each.namespace, each.account)
                yield Move(target, how, own, rules=rules)

    def _tokens(self, place: str) -> Iterator[Move]:
        """Tokens that are kept as secrets, and those that are made for a secret."""
        read = self._on(_READ, "", "secrets", place)
        if not read.any:
            return
        made = self._on(("create",), "", "secrets", place)
        if made.unnamed:
            rules = read.rules + made.rules
            yield self._any(place, "make token secrets and read them", rules, own=True)
        how = "read token secrets"
        if "Secret" not in self.cluster.kinds:
            condition = "a token of it is kept as a secret that may be read"
            yield self._any(place, how, read.rules, own=False, condition=condition)
            return
        for each in self._things("Secret", place, read.names):
            if each.account is not None:
                target = Target(Become.WORKLOAD, each.namespace, each.account)
                yield Move(target, how, own=False, rules=read.rules)

    # -- people and groups -----------------------------------------------------------------------

    def _others(self) -> Iterator[Move]:
        """Those whom the API server can be told to take one for; asked outside namespaces."""
        logins = self._on(("impersonate",), "", "users", "")
        how = "impersonate users"
        yield from self._logins(logins.names, how, logins.rules, own=False)
        accounts = self._on(("impersonate",), "", "serviceaccounts", "")
        groups = self._on(("impersonate",), "", "groups", "")
        # A group can only be added to somebody whom one impersonates.
        if groups.any and (logins.any or accounts.any):
            rules = groups.rules + (logins.rules or accounts.rules)
            yield from self._groups(groups.names, "impersonate groups", rules)
        group = "certificates.k8s.io"
        asked = self._on(("create",), group, "certificatesigningrequests", "")
        approved = self._on(CHANGE, group, "certificatesigningrequests/approval", "")
        signed = self._on(("approve",), group, "signers", "")
        if asked.unnamed and approved.any and (signed.names is None or _SIGNER in signed.names):
            how = "have certificates signed for any name"
            rules = asked.rules + approved.rules + signed.rules
            yield from self._logins(None, how, rules, own=True)

    def _logins(
        self, names: Named, how: str, rules: tuple[Said, ...], *, own: bool
    ) -> Iterator[Move]:
        if names is None:
            yield Move(Target(Become.LOGINS), how, own, rules=rules)
            return
        for name in sorted(names):
            yield Move(Target(Become.LOGIN, "", name), how, own, rules=rules)

    def _groups(self, names: Named, how: str, rules: tuple[Said, ...]) -> Iterator[Move]:
        # Of all groups, this one alone can do everything.
        for name in [MASTERS] if names is None or MASTERS in names else sorted(names):
            yield Move(Target(Become.GROUP, "", name), how, own=False, rules=rules)

    # -- roles -----------------------------------------------------------------------------------

    def _roles(self, place: str) -> Iterator[Move]:
        bound = list(self._bound(place))
        yield from bound
        yield from self._escalated(place)
        if not place and not any(self._is_everything(move.target) for move in bound):
            for where in self._all_namespaces():
                yield from self._bound(where)

    def _is_everything(self, target: Target) -> bool:
        key = (target.home or None, target.name)
        return every_right([Held(key, target.place, self.authority.rules(key))], target.place)

    def _all_namespaces(self) -> list[str]:
        """Every namespace that an object names."""
        found = {each.namespace for each in self.cluster.service_accounts}
        found |= {each.namespace or "" for each in self.cluster.roles}
        found |= {each.namespace or "" for each in self.cluster.bindings}
        found |= {each.namespace for each in self.cluster.things}
        return sorted(found - {""})

    def _bound(self, place: str) -> Iterator[Move]:
        """Roles that `bind` lets one give to oneself, by a new binding or an existing one."""
        bindings = "rolebindings" if place else "clusterrolebindings"
        created = self._on(("create",), RBAC_GROUP, bindings, place)
        changed = self._on(CHANGE, RBAC_GROUP, bindings, place)
        if not (created.unnamed or changed.any):
            return
        for kind in ("clusterroles", "roles") if place else ("clusterroles",):
            bind = self._on(("bind",), RBAC_GROUP, kind, place)
            if not bind.any:
                continue
            how, rules = f"bind {kind}", created.rules + bind.rules
            keys = self._bindable(kind, bind.names, place)
            if not created.unnamed:
                how, rules = f"add oneself to a binding of {kind}", changed.rules + bind.rules
                keys = [key for key in keys if self._in_bindings(key, place, changed.names)]
            for key in self._strongest(keys, place):
                target = Target(Become.ROLE, place, key[1], key[0] or "")
                yield Move(target, how, own=True, rules=rules)
            if kind == "roles" and bind.names is None and created.unnamed:
                yield from self._made(place, created.rules + bind.rules)

    def _bindable(self, kind: str, names: Named, place: str) -> list[RoleKey]:
        """The roles of these names that one has not got yet."""
        home = place if kind == "roles" else None
        found = sorted(
            key[1] for key in self.authority.roles if key[0] == home and _named(names, key[1])
        )
        held = {each.role for each in self.held if each.place in {"", place}}
        return [(home, name) for name in found if (home, name) not in held]

    def _strongest(self, keys: list[RoleKey], place: str) -> list[RoleKey]:
        """Of roles one that can do everything, which stands for all others; else all."""
        for key in keys:
            if every_right([Held(key, place, self.authority.rules(key))], place):
                return [key]
        return keys

    def _in_bindings(self, key: RoleKey, place: str, names: Named) -> bool:
        return any(
            _named(names, each.name) and (each.namespace or "") == place and role_key(each) == key
            for each in self.cluster.bindings
        )

    def _made(self, place: str, rules: tuple[Said, ...]) -> Iterator[Move]:
        """A role of any rights, made first and bound then."""
        made = self._on(("create",), RBAC_GROUP, "roles", place)
        escalate = self._on(("escalate",), RBAC_GROUP, "roles", place)
        if made.unnamed and escalate.unnamed:
            yield Move(
                Target(Become.MADE, place),
                "make a role of any rights",
                own=True,
                rules=made.rules + escalate.rules + rules,
            )

    def _escalated(self, place: str) -> Iterator[Move]:
        """Roles that one has and that `escalate` lets one add any right to."""
        for each in self.held:
            if place and each.place != place:
                continue
            home, name = each.role
            kind, where = ("roles", home) if home is not None else ("clusterroles", "")
            if where and place not in {"", where}:
                continue
            changed = self._on(CHANGE, RBAC_GROUP, kind, where)
            made = self._on(("create",), RBAC_GROUP, kind, where)
            escalate = self._on(("escalate",), RBAC_GROUP, kind, where)
            target = Target(Become.EVERYTHING, each.place)
            if each.exists and _named(changed.names, name) and _named(escalate.names, name):
                rules = changed.rules + escalate.rules
                yield Move(target, f"add rights to one's own {kind}", own=True, rules=rules)
            if made.unnamed and escalate.unnamed and (each.aggregated or not each.exists):
                rules = made.rules + escalate.rules
                how = "lends to one's own role" if each.exists else "one is bound to already"
                yield Move(target, f"make one of the {kind} that {how}", own=True, rules=rules)


def _covers(rule: PolicyRule, verb: str, group: str, resource: str) -> bool:
    if not {ANY, verb} & {*rule.verbs} or not {ANY, group} & {*rule.groups}:
        return False
    base, slash, sub = resource.partition("/")
    asked = {ANY, resource} | ({f"{ANY}/{sub}"} if slash else set())
    return bool(asked & {*rule.resources}) and bool(base)


def _named(names: Named, name: str) -> bool:
    return names is None or name in names


def _called(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource
