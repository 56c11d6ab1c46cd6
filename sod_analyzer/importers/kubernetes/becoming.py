"""What roles and logins of a cluster can make of their rights, as edges.

A step that one role allows by itself is an edge of that role, wherever it is bound; one that takes
several roles is an edge of the logins and groups that have them all. Where a step leads to any
service account, it leads to one node that stands for them, so that a role that may start pods has
one edge and not one to each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sod_analyzer.cloud.kubernetes.decide import (
    MASTERS,
    SERVICE_ACCOUNT,
    Authority,
    Caller,
    RoleKey,
)
from sod_analyzer.cloud.kubernetes.moves import (
    Become,
    Held,
    Move,
    Moves,
    Target,
    combines,
    escalates,
    held_by,
    held_role,
)
from sod_analyzer.cloud.kubernetes.objects import Origin
from sod_analyzer.cloud.kubernetes.rights import EVERYTHING
from sod_analyzer.importers.kubernetes.subjects import Node, Subjects
from sod_analyzer.model.access import (
    SELF_GRANTED_ROLE,
    TOGETHER,
    WHOLE_SYSTEM,
    GrantKind,
    Hides,
    NodeKind,
)
from sod_analyzer.model.batch import BatchBuilder

_ANYBODY = Target(Become.WORKLOADS)
_AS_THEM = "impersonate service accounts"
_SEVERAL = 2
#: More pairs than this are not looked at for what they allow together.
_MOST_PAIRS = 10_000
#: What writes a role as it holds in a namespace (null: everywhere).
Instance = Callable[[RoleKey, str | None], Node]


class Becoming:
    """Writes the edges. Cost: of each bound role the rights it has, of each different set once."""

    def __init__(
        self,
        builder: BatchBuilder,
        authority: Authority,
        subjects: Subjects,
        *,
        instance: Instance,
        superusers: Callable[[Node, Origin], None],
    ) -> None:
        self._builder = builder
        self._superusers = superusers
        self._authority = authority
        self._subjects = subjects
        self._instance = instance
        self._done: set[tuple[RoleKey, str]] = set()
        self._alone: dict[tuple[RoleKey, str], dict[Target, Move]] = {}
        self._together: dict[frozenset[tuple[RoleKey, str]], tuple[Move, ...]] = {}
        self._states: set[Target] = set()

    def write(self, given: Iterable[tuple[RoleKey, str]] = ()) -> None:
        """All of them, for everything that some binding names, and for roles given otherwise."""
        bound = {
            (each.role, each.place or "")
            for caller in self._authority.callers
            for each in self._authority.bound(caller)
            if each.role in self._authority.roles
        }
        for key, place in sorted(bound | set(given), key=_order):
            self._follow(key, place)
        entries = {Caller(each.login, each.groups) for each in self._authority.cluster.entries}
        for caller in sorted({*self._authority.callers, *entries}):
            self._combine(caller)
        self._divide()
        masters = self._subjects.known_group(MASTERS)
        if masters is not None:
            node, origin = masters
            self._superusers(node, origin)
            self._step(node, self._state(_ANYBODY, origin), GrantKind.ATTACHED, [origin], _AS_THEM)

    # -- by one role, by several -----------------------------------------------------------------

    def _follow(self, key: RoleKey, place: str) -> None:
        todo = [(key, place)]
        while todo:
            key, place = todo.pop()
            if (key, place) in self._done:
                continue
            self._done.add((key, place))
            found = Moves([held_role(self._authority, key, place)], self._authority).found()
            self._alone[key, place] = {move.target: move for move in found}
            todo += self._write(self._instance(key, place or None), found)

    def _combine(self, caller: Caller) -> None:
        fresh = self._fresh([self._able(caller)])
        if fresh:
            for key, place in self._write(self._subjects.node_of(caller), fresh):
                self._follow(key, place)

    def _able(self, caller: Caller) -> list[Held]:
        """The roles of somebody that may have a part in a step of several."""
        held = held_by(self._authority, caller)
        # Whatever role one has, `escalate` may lead on to adding rights to it.
        return held if any(map(escalates, held)) else [each for each in held if combines(each)]

    def _fresh(self, parts: Sequence[list[Held]]) -> list[Move]:
        """The steps of several roles that none of them allows by itself, nor one part of them."""
        spots = {(each.role, each.place): each for part in parts for each in part}
        if len(spots) < _SEVERAL:
            return []
        before = [self._alone.get(spot, {}) for spot in spots]
        if len(parts) > 1:
            before += [{move.target: move for move in self._of(part)} for part in parts]
        return [
            move
            for move in self._of(list(spots.values()))
            if not any(_is_told(move, moves) for moves in before)
        ]

    def _of(self, held: list[Held]) -> tuple[Move, ...]:
        spots = frozenset((each.role, each.place) for each in held)
        found = self._together.get(spots)
        if found is None:
            found = self._together[spots] = Moves(held, self._authority).found()
        return found

    def _divide(self) -> None:
        """What two groups allow together, of whoever is in both: that is not in the export."""
        able = [
            (caller, held)
            for caller in self._authority.callers
            if not _is_implicit(caller) and (held := self._able(caller))
        ]
        pairs = [
            ((one, other), self._fresh([mine, theirs]))
            for (one, mine), (other, theirs) in islice(_pairs(able), _MOST_PAIRS)
        ]
        left = sum(1 for _ in islice(_pairs(able), _MOST_PAIRS, None))
        if left:
            self._issue(f"{left:,} pairs of groups and logins were not looked at for what they "
                        "allow together")  # fmt: skip
        for both, fresh in pairs:
            if fresh:
                for key, place in self._write(self._of_both(both, fresh[0]), fresh):
                    self._follow(key, place)

    def _of_both(self, both: Sequence[Caller], first: Move) -> Node:
        """A role of whoever is in two groups, or is a login and in a group."""
        parts = [self._subjects.node_of(each) for each in both]
        called = " and ".join(each.login or each.groups[0] for each in both)
        system = self._builder.spec.system
        node = (NodeKind.ROLE, f"{system}:({called})")
        origin = min(said.role.origin for said in first.rules)
        self._builder.role(
            node[1],
            kind=SELF_GRANTED_ROLE,
            name=called,
            title=f"both {called}",
            source_id=origin.source_id,
            record=origin.record,
        )
        self._builder.row(
            "policies",
            policy=node[1],
            system=system,
            kind=TOGETHER,
            document=json.dumps([[str(kind), name] for kind, name in parts], ensure_ascii=False),
            source_id=origin.source_id,
            record=origin.record,
        )
        return node

    def _issue(self, text: str) -> None:
        origin = min(each.origin for each in self._authority.cluster.bindings)
        self._builder.issue(
            "divided-rights",
            text,
            hides=Hides.UNKNOWN,
            source_id=origin.source_id,
            subject=self._builder.spec.system,
        )

    def _write(self, holder: Node, moves: Iterable[Move]) -> list[tuple[RoleKey, str]]:
        """Edges of a holder. Returns the roles that it could give itself."""
        further: list[tuple[RoleKey, str]] = []
        for move in moves:
            target = move.target
            origins = sorted({said.role.origin for said in move.rules})
            node = self._node(target, origins[0])
            if node is None:
                continue
            if target.what is Become.ROLE:
                further.append(((target.home or None, target.name), target.place))
            kind = _KINDS.get(target.what, GrantKind.ATTACHED)
            if kind is GrantKind.IMPERSONATES and move.own:
                kind = GrantKind.CONTROLS
            self._step(
                holder, node, kind, origins, move.how, own=move.own, condition=move.condition
            )
        return further

    # -- what steps lead to ----------------------------------------------------------------------

    def _node(self, target: Target, origin: Origin) -> Node | None:
        """The node of a target, written when first asked for; null for a login nobody knows."""
        match target.what:
            case Become.WORKLOAD:
                return self._subjects.known(f"{SERVICE_ACCOUNT}{target.place}:{target.name}")
            case Become.LOGIN:
                return self._subjects.known(target.name)
            case Become.GROUP:
                return self._subjects.group(target.name, origin)
            case Become.ROLE:
                return self._instance((target.home or None, target.name), target.place or None)
            case _:
                return self._state(target, origin)

    def _state(self, target: Target, origin: Origin) -> Node:
        """A role that no object is: it stands for whatever a step leads to."""
        where = f" in {target.place}" if target.place else ""
        called = f"{target.what}{where}"
        node = (NodeKind.ROLE, f"{self._builder.spec.system}:({called})")
        if target in self._states:
            return node
        self._states.add(target)
        self._builder.role(
            node[1],
            kind=SELF_GRANTED_ROLE,
            name=called,
            title=called,
            source_id=origin.source_id,
            record=origin.record,
        )
        match target.what:
            case Become.WORKLOADS:
                self._stands_for(node, self._subjects.accounts(workloads=True, within=target.place))
            case Become.LOGINS:
                self._stands_for(node, self._subjects.accounts(workloads=False))
            case Become.MADE:
                everything = self._state(Target(Become.EVERYTHING, target.place), origin)
                how = "bind the role one made"
                self._step(node, everything, GrantKind.ATTACHED, [origin], how, own=True)
            case _:
                for right in EVERYTHING[:1] if target.place else EVERYTHING:
                    resource = target.place or WHOLE_SYSTEM
                    entitlement = self._builder.entitlement(right.action, resource, wildcard=True)
                    there = (NodeKind.ENTITLEMENT, entitlement)
                    self._grant(node, there, GrantKind.CONTAINS, origin)
                hub = self._state(Target(Become.WORKLOADS, target.place), origin)
                self._step(node, hub, GrantKind.ATTACHED, [origin], _AS_THEM)
        return node

    def _stands_for(self, node: Node, accounts: Iterable[tuple[Node, Origin]]) -> None:
        for account, origin in accounts:
            self._grant(node, account, GrantKind.IMPERSONATES, origin)

    # -- rows ------------------------------------------------------------------------------------

    def _step(
        self,
        holder: Node,
        target: Node,
        kind: GrantKind,
        origins: Sequence[Origin],
        how: str,
        *,
        own: bool = False,
        condition: str = "",
    ) -> None:
        """An edge that rests on all of these records, the first of which a path prints."""
        self._grant(holder, target, kind, origins[0], own=own, condition=condition)
        for origin in origins:
            self._builder.rests_on(
                holder, target, how, source_id=origin.source_id, record=origin.record
            )

    def _grant(
        self,
        holder: Node,
        target: Node,
        kind: GrantKind,
        origin: Origin,
        *,
        own: bool = False,
        condition: str = "",
    ) -> None:
        self._builder.grant(
            holder,
            target,
            kind,
            source_id=origin.source_id,
            record=origin.record,
            self_granted=own,
            conditional=bool(condition),
            condition=condition or None,
        )


_KINDS = {
    Become.WORKLOAD: GrantKind.IMPERSONATES,
    Become.LOGIN: GrantKind.IMPERSONATES,
    Become.GROUP: GrantKind.ASSIGNED,
    Become.ROLE: GrantKind.ASSIGNED,
}


_Able = tuple[Caller, list[Held]]


def _pairs(able: Sequence[_Able]) -> Iterator[tuple[_Able, _Able]]:
    """Each group with each other group and each login, once."""
    for one in able:
        for other in able:
            if not one[0].login and (other[0].login or other[0].groups > one[0].groups):
                yield one, other


def _is_told(move: Move, moves: Mapping[Target, Move]) -> bool:
    """Whether others lead there as well, or to the same everywhere."""
    known = [moves.get(move.target), moves.get(replace(move.target, place=""))]
    return any(each is not None and each.rank[:2] <= move.rank[:2] for each in known)


def _is_implicit(caller: Caller) -> bool:
    """Whether the cluster itself says who that is."""
    name = caller.login or caller.groups[0]
    return name.startswith("system:") or name == MASTERS


def _order(spot: tuple[RoleKey, str]) -> tuple[str, str, str]:
    (home, name), place = spot
    return home or "", name, place
