"""A cluster's objects as accounts, roles, rights and grants.

Source: Kubernetes' RBAC authoriser. Rights only ever add up; a RoleBinding holds in its namespace,
a ClusterRoleBinding everywhere; a Role is looked up in the binding's own namespace only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sod_analyzer.cloud.kubernetes.aggregate import OPERATORS, lenders
from sod_analyzer.cloud.kubernetes.decide import MASTERS, SERVICE_ACCOUNTS, Authority, RoleKey
from sod_analyzer.cloud.kubernetes.objects import AccessPolicy, Binding, Entry, Origin, RoleObject
from sod_analyzer.cloud.kubernetes.rights import ANY, EVERYTHING, Right, expand
from sod_analyzer.cloud.shapes import (
    shown,
)
from sod_analyzer.importers.kubernetes.subjects import Node, Subjects
from sod_analyzer.model.access import EVERY_ACTION, WHOLE_SYSTEM, GrantKind, Hides, NodeKind
from sod_analyzer.model.batch import BatchBuilder

#: Parent of a named object that a ClusterRoleBinding reaches wherever it is: no namespace can have
#: this name, so the right covers nothing but that name.
ANYWHERE = "(cluster)"
#: An action and a resource.
Spot = tuple[str, str]
#: Whom everybody who signs in, or nobody in particular, belongs to.
_EVERYBODY = frozenset({"system:authenticated", "system:unauthenticated"})


#: Policies of EKS, and the ClusterRoles that are in every cluster and allow the same.
_LIKE = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}


@dataclass(slots=True)
class Basis:
    """The record of the role that has a right, and of the roles it was aggregated from."""

    origin: Origin
    lenders: list[Origin] = field(default_factory=list)


class Loader:
    """Writes one cluster's tables. Cost: one row per right of each role in each of its places."""

    def __init__(self, builder: BatchBuilder, authority: Authority, subjects: Subjects) -> None:
        self._builder = builder
        self._system = builder.spec.system
        self._subjects = subjects
        self._bindings = authority.cluster.bindings
        self._authority = authority
        self._roles = authority.roles
        self._expansions: dict[int, tuple[Right, ...]] = {}
        self._done: set[str] = set()
        self._entitlements: dict[Spot, str] = {}
        #: Roles that policies of EKS stand for, where they hold.
        self.given: set[tuple[RoleKey, str]] = set()
        #: Whether all service accounts, listed or not, have a right worth naming.
        self.serves_every_workload = False

    def load(self) -> Iterator[None]:
        """Everything, with a pause after each binding and role in which a batch may be taken."""
        for named in self._roles.values():
            self._note_oddities(named)
        for each in self._bindings:
            self._bind(each)
            yield
        for entry in self._authority.cluster.entries:
            self._subjects.entry(entry)
        for association in self._authority.cluster.pod_identities:
            self._subjects.pod_identity(association)
        for policy in self._authority.cluster.access_policies:
            self._give(policy)
            yield
        bound = {(each.role_kind, each.role_name) for each in self._bindings}
        for namespace, name in sorted(self._roles, key=lambda key: (key[0] or "", key[1])):
            if namespace is not None:
                self.instance((namespace, name), namespace)
            elif ("ClusterRole", name) not in bound:
                # Held by nobody, and yet a role may break a rule by itself.
                self.instance((None, name), None)
            yield

    # Bindings.

    def _bind(self, each: Binding) -> None:
        subjects = self._subjects.nodes(each)
        key = self._role_named(each)
        masters = subjects.get((NodeKind.ROLE, MASTERS))
        if masters is not None:
            self.superusers(masters, each.origin)
        if key is None:
            return
        target = self.instance(key, each.namespace)
        for (kind, name), holder in subjects.items():
            self._grant(holder, target, GrantKind.ASSIGNED, each.origin)
            if kind is NodeKind.ROLE and (name in _EVERYBODY or name.startswith(SERVICE_ACCOUNTS)):
                self._note_everybody(each, name, self._rights(key, each.namespace))

    def _give(self, each: AccessPolicy) -> None:
        """What EKS gives by a policy of its own, as the ClusterRole that it was made after."""
        entries = self._authority.cluster.entries
        login = next((e.login for e in entries if e.principal == each.principal), each.principal)
        account = self._subjects.entry(Entry(each.principal, login, (), each.origin))
        key: RoleKey = (None, _LIKE.get(each.policy, ""))
        if key not in self._roles:
            self._issue(
                "unread-access-policy",
                f"{login} has {shown(each.policy)} in {self._system}, and what that allows is not "
                "in the export",
                each.origin,
                subject=login,
                hides=Hides.UNKNOWN,
            )
            return
        for place in each.namespaces or (None,):
            self.given.add((key, place or ""))
            self._grant(account, self.instance(key, place), GrantKind.ASSIGNED, each.origin)

    def superusers(self, masters: Node, origin: Origin) -> None:
        """The API server lets this group do everything before it asks for any binding."""
        if self._is_new(MASTERS):
            for right in EVERYTHING:
                self._contains(masters, self._entitlement(right.action, WHOLE_SYSTEM), origin)

    def _role_named(self, each: Binding) -> RoleKey | None:
        """The key of the bound role; null, with an issue, when the binding grants nothing."""
        cluster_wide = each.role_kind == "ClusterRole"
        if not cluster_wide and (each.role_kind != "Role" or each.namespace is None):
            self._issue(
                "meaningless-binding",
                f"{each.title} names a {each.role_kind}, which it cannot; it grants nothing",
                each.origin,
                subject=each.title,
            )
            return None
        key = (None if cluster_wide else each.namespace, each.role_name)
        if key in self._roles:
            return key
        self._issue(
            "dangling-role-ref",
            f"{each.title} names {each.role_kind} {each.role_name}, which the export does not "
            "have; it grants nothing until somebody creates that role",
            each.origin,
            subject=each.title,
        )
        return None

    def _note_everybody(self, each: Binding, group: str, rights: Iterable[Spot]) -> None:
        """Reading version and health pages and asking about oneself is given to all by default."""
        beyond = sorted(action for action, _ in rights if not _is_harmless(action))
        if not beyond:
            return
        if group not in _EVERYBODY:
            self.serves_every_workload = True
            return
        many = f"'{beyond[0]}' and {len(beyond) - 1} more" if beyond[1:] else f"'{beyond[0]}'"
        if group == "system:unauthenticated":
            self._issue(
                "anonymous-access",
                f"{each.title} grants {many} to everyone without signing in",
                each.origin,
                subject=each.title,
            )
        self._issue(
            "granted-to-everyone",
            f"{each.title} grants {many} to group {group}; people who can sign in and appear "
            "nowhere else in the export have it too and are not listed",
            each.origin,
            subject=each.title,
            hides=Hides.UNKNOWN,
        )

    # Roles and their rights.

    def instance(self, key: RoleKey, place: str | None) -> Node:
        """The role as it holds in a namespace, or cluster-wide; written when first asked for."""
        namespace, name = key
        if namespace is not None:
            node_id = f"role/{namespace}/{name}"
        else:
            node_id = f"clusterrole/{name}" + (f"@{place}" if place is not None else "")
        node: Node = (NodeKind.ROLE, f"{self._system}:{node_id}")
        if not self._is_new(node_id):
            return node
        first = self._roles[key][0]
        rights = self._rights(key, place)
        where = "cluster-wide" if place is None else f"in {place}"
        self._builder.role(
            node[1],
            kind=first.kind,
            name=name,
            title=f"{name} {where}",
            privileged=any(action == EVERY_ACTION for action, _ in rights),
            source_id=first.origin.source_id,
            record=first.origin.record,
        )
        self._contain(node, rights)
        return node

    def _contain(self, role: Node, rights: Mapping[Spot, Basis]) -> None:
        """The role's rights, by column: a role has hundreds in each place where it is bound."""
        targets = [self._entitlement(action, resource) for action, resource in rights]
        self._builder.many(
            "grants",
            len(targets),
            holder_kind=str(role[0]),
            holder=role[1],
            target_kind=str(NodeKind.ENTITLEMENT),
            target=targets,
            kind=str(GrantKind.CONTAINS),
            conditional=False,
            eligible=False,
            self_granted=False,
            undecided=False,
            source_id=[basis.origin.source_id for basis in rights.values()],
            record=[basis.origin.record for basis in rights.values()],
        )
        lent = [
            (target, lender)
            for target, basis in zip(targets, rights.values(), strict=True)
            for lender in basis.lenders
        ]
        self._builder.many(
            "derivations",
            len(lent),
            holder_kind=str(role[0]),
            holder=role[1],
            target_kind=str(NodeKind.ENTITLEMENT),
            target=[target for target, _ in lent],
            part="aggregated from",
            source_id=[lender.source_id for _, lender in lent],
            record=[lender.record for _, lender in lent],
        )

    def _rights(self, key: RoleKey, place: str | None) -> dict[Spot, Basis]:
        """What the role allows in this place, and on which records that rests."""
        own: dict[Spot, Basis] = {}
        for role in self._roles[key]:
            for spot in self._spots(role, place):
                own.setdefault(spot, Basis(role.origin))
        borrowed: dict[Spot, Basis] = {}
        for role in self._roles[key]:
            for lender in lenders(role, self._authority.cluster_roles) if role.selectors else ():
                for spot in self._spots(lender, place):
                    if spot not in own:
                        basis = borrowed.setdefault(spot, Basis(role.origin))
                        basis.lenders.append(lender.origin)
        return own | borrowed

    def _spots(self, role: RoleObject, place: str | None) -> Iterator[Spot]:
        for right in self._expanded(role):
            if place is None:
                yield right.action, f"{ANYWHERE}/{right.name}" if right.name else WHOLE_SYSTEM
            elif right.local is not None:
                yield right.local, f"{place}/{right.name}" if right.name else place

    def _expanded(self, role: RoleObject) -> tuple[Right, ...]:
        rights = self._expansions.get(id(role))
        if rights is None:
            every = (right for rule in role.rules for right in expand(rule).rights)
            rights = self._expansions[id(role)] = tuple(dict.fromkeys(every))
        return rights

    def _note_oddities(self, named: Sequence[RoleObject]) -> None:
        first = named[0]
        title = f"{first.kind} {first.name}"
        if first.namespace is not None:
            title = f"{first.kind} {first.namespace}/{first.name}"
        for other in named[1:]:
            if (other.rules, other.selectors) != (first.rules, first.selectors):
                self._issue(
                    "conflicting-object",
                    f"{title} is there more than once with different rules; what any of them "
                    "allows counts",
                    other.origin,
                    subject=title,
                )
        for role in named:
            void = sorted({entry for rule in role.rules for entry in expand(rule).void})
            if void:
                listed = ", ".join(f"'{shown(entry, most=60)}'" for entry in void[:3])
                more = f" and {len(void) - 3} more" if void[3:] else ""
                self._issue(
                    "meaningless-rule",
                    f"{title} has entries that match no request: {listed}{more}; a * is a wildcard "
                    "only as a whole entry",
                    role.origin,
                    subject=title,
                )
            operators = {each.operator for selector in role.selectors for each in selector}
            if operators - OPERATORS:
                self._issue(
                    "meaningless-selector",
                    f"{title} selects by an operator that does not exist: "
                    f"'{shown(min(operators - OPERATORS))}'; that selector adds nothing",
                    role.origin,
                    subject=title,
                    hides=Hides.UNKNOWN,
                )

    # Rows.

    def _entitlement(self, action: str, resource: str) -> str:
        known = self._entitlements.get((action, resource))
        if known is None:
            known = self._builder.entitlement(action, resource, wildcard=ANY in action)
            self._entitlements[action, resource] = known
        return known

    def _contains(self, role: Node, entitlement: str, origin: Origin) -> None:
        self._grant(role, (NodeKind.ENTITLEMENT, entitlement), GrantKind.CONTAINS, origin)

    def _grant(self, holder: Node, target: Node, kind: GrantKind, origin: Origin) -> None:
        self._builder.grant(holder, target, kind, source_id=origin.source_id, record=origin.record)

    def _is_new(self, node_id: str) -> bool:
        if node_id in self._done:
            return False
        self._done.add(node_id)
        return True

    def _issue(
        self, kind: str, text: str, origin: Origin, *, subject: str, hides: Hides = Hides.NO
    ) -> None:
        self._builder.issue(
            kind,
            text,
            hides=hides,
            source_id=origin.source_id,
            record=origin.record,
            subject=subject,
        )


def _is_harmless(action: str) -> bool:
    verb, _, thing = action.partition(" ")
    return (verb == "get" and thing.startswith("/")) or (
        verb == "create" and thing.startswith("self") and "reviews." in thing
    )
