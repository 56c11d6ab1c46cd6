"""Rights that documents decide: an entitlement for whoever has any, and who can become whom.

What such an entitlement allows is decided when it is asked, since that depends on the question.
Who can become whom does not, and is decided here, once all sources are read: limits of one account
may stand in the export of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.clusters import PODS, Found, Link, issuers, joined
from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.escalation import Escalation, Move, Reached
from sod_analyzer.cloud.aws.gains import ANY_POLICY, has_all
from sod_analyzer.cloud.aws.kept import Kept, Record, kept
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.aws.rights import ADMINISTRATION, Holder, administrator, led_to, rights_of
from sod_analyzer.cloud.kubernetes.links import ASSOCIATION, LINKS, Association
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.model.access import (
    BATCH_TABLES,
    BY_POLICY,
    POLICIES,
    SELF_GRANTED_ROLE,
    TOGETHER,
    GrantKind,
    Hides,
    NodeKind,
)
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.rows import Rows, shown

Node: TypeAlias = tuple[NodeKind, str]
#: A source and a record in it.
_Place: TypeAlias = tuple[str, int]
_Steps: TypeAlias = Iterator[tuple[Principal, tuple[str, ...], Move]]

#: The id of a login or role that is gone, whose name may be somebody else's by now.
_UNIQUE = re.compile(r"A(IDA|ROA)[A-Z0-9]+")
#: What the entitlements are called that stand for policies.
_ALLOWED = "whatever its policies allow"
#: What the roles are called that stand for everybody in an account, and where people's lie.
_EVERYBODY = "any login or role of the account"
_OF_PEOPLE = ":role/aws-reserved/sso.amazonaws.com/"
_PROVIDER = ":saml-provider/"
#: Of one's own rights, so many changes one after the other are followed; becoming somebody else is
#: followed by the graph, however often.
_MOST_GAINED = 1


def with_rights(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches, and behind them what follows from the policies that they have."""
    found: list[pa.Table] = []
    links: list[Link] = []
    for batch in batches:
        table = batch.tables.get("policies")
        if table is None or not table.num_rows:
            yield batch
            continue
        is_link = pc.is_in(table.column("kind").cast(pa.string()), pa.array(sorted(LINKS)))
        links += [_link(row) for row in table.filter(is_link).to_pylist()]
        policies = table.filter(pc.invert(is_link))
        alone = policies.filter(pc.not_equal(policies.column("kind").cast(pa.string()), TOGETHER))
        if alone.num_rows:
            found.append(alone)
        yield Batch({**batch.tables, "policies": policies})
    if found or links:
        yield _Writer(pa.concat_tables([POLICIES.empty_table(), *found])).batch(links)


def _link(row: Mapping[str, Any]) -> Link:
    return Link(
        row["policy"],
        row["system"],
        row["kind"],
        row["document"],
        row["source_id"],
        row["record"],
    )


class _Writer:
    """Writes down what one set of policies comes to."""

    def __init__(self, policies: pa.Table) -> None:
        named = ("entitlements", "roles", "grants", "derivations", "policies", "issues")
        self.rows = {name: Rows(BATCH_TABLES[name]) for name in named}
        stated = policies.to_pylist()
        records = [Kept(Record(row["kind"]), row["policy"], row["document"]) for row in stated]
        self.rights = rights_of(records, Published())
        self.systems: Mapping[str, str] = {
            each.about: str(each.said["system"]) for each in records if each.kind is Record.ACCOUNT
        }
        self.led_to = led_to(records)
        self.places: dict[str, _Place] = {}
        for row in sorted(stated, key=lambda row: (row["source_id"], row["record"] or 0)):
            if row["record"] is not None:
                self.places.setdefault(row["policy"], (row["source_id"], row["record"]))
        self.moves = Escalation(
            self.rights.estate,
            self.rights.details,
            self.rights.catalogue,
            Context(),
            self.rights.inventory,
        )
        self.states: set[Holder] = set()
        self.crowds: set[Node] = set()
        self.issuers: frozenset[str] = frozenset()

    def batch(self, links: Iterable[Link]) -> Batch:
        """All of it. Cost: that of the moves of every principal."""
        links = sorted(links, key=lambda link: (link.account, link.kind, link.said))
        self.issuers = issuers(links)
        for principal in self.rights.details.principals.values():
            if self._is_here(principal):
                self._write(Holder(principal.arn), (NodeKind.ACCOUNT, self._id(principal.arn)))
                self._follow(Reached(principal, (), 0, ()))
                self._outside(principal)
        self._unread()
        for each in joined(links, self._known(), self.rights.catalogue):
            self._join(each)
        self._without_pods(links)
        return Batch({name: rows.table() for name, rows in self.rows.items() if len(rows)})

    # -- what is not known -----------------------------------------------------------------------

    def _unread(self) -> None:
        """What of an account is left out of every answer about it."""
        bound = {each.account for each in self.rights.accounts if each.levels is not None}
        read = sorted(self.rights.resources.read_services)
        for number, system in sorted(self.systems.items()):
            lacking = [
                "policies of resources" + (f" but those of {', '.join(read)}" if read else "")
            ]
            if number not in bound:
                lacking.append("limits of its organisation")
            text = (
                f"of AWS account {number} ({system}) no {' and no '.join(lacking)} were read: "
                "policies of resources may let in others, or shut some out, and limits may forbid "
                "what here counts as allowed"
            )
            self._issue("unread-policies", system, number, text)

    def _outside(self, role: Principal) -> None:
        """Whom a role trusts that no export has."""
        if role.trust is None:
            return
        system = self.systems[role.account]
        led = self.led_to is not None and role.arn in self.led_to
        whom: set[str] = set()
        for each in role.trust.statements:
            if each.allows and each.principals is not None:
                whom |= {text for text in each.principals.aws if self._is_strange(text)}
                whom |= {
                    text
                    for text in each.principals.federated
                    if not self._signs(text) and not (led and _PROVIDER in text)
                }
                whom |= set(each.principals.canonical)
                if each.principals.negated:
                    whom.add("everybody but some")
        for text in sorted(whom):
            why = "of whom nothing was read: who assumes it from there is not known"
            if self.led_to is not None and _OF_PEOPLE in role.arn and _PROVIDER in text:
                why = (
                    "and no assignment of Identity Center that was read with it leads to it: who "
                    "signs in as it is not known"
                )
            said = f"role {role.name} in {system} trusts {shown(text)}, {why}"
            self._issue("outside-trust", system, role.arn, said, self.places.get(role.arn))

    def _signs(self, provider: str) -> bool:
        """Whether somebody who lets others in is a cluster that was read."""
        return any(provider.endswith(f":oidc-provider/{host}") for host in self.issuers)

    def _is_strange(self, text: str) -> bool:
        """Whether a name is not one of the accounts that were read."""
        parts = text.split(":", 5)
        number = parts[4] if len(parts) == 6 else text  # noqa: PLR2004 - segments of an ARN
        return number not in self.systems and not _UNIQUE.fullmatch(text)

    def _issue(
        self,
        kind: str,
        system: str,
        subject: str,
        text: str,
        place: _Place | None = None,
        *,
        hides: Hides = Hides.UNKNOWN,
    ) -> None:
        self.rows["issues"].add(
            kind=kind,
            system=system,
            subject=subject,
            text=text,
            hides=str(hides),
            source_id=place[0] if place else None,
            record=place[1] if place else None,
        )

    def _is_here(self, principal: Principal) -> bool:
        return principal.account in self.systems and principal.arn in self.places

    def _id(self, arn: str) -> str:
        return f"{self.systems[arn.split(':', 5)[4]]}:{arn}"

    def _system(self, arn: str) -> str:
        return self.systems[arn.split(":", 5)[4]]

    # -- clusters --------------------------------------------------------------------------------

    def _known(self) -> dict[str, Principal]:
        """The principals of accounts that are systems, by ARN."""
        found = self.rights.details.principals
        return {arn: each for arn, each in found.items() if self._is_here(each)}

    def _without_pods(self, links: Iterable[Link]) -> None:
        """Roles whose credentials EKS gives to pods of which nothing says which these are."""
        given = {Association.of(each.said).role for each in links if each.kind == ASSOCIATION}
        for arn, role in sorted(self._known().items()):
            statements = () if role.trust is None else role.trust.statements
            named = (each.principals for each in statements if each.allows)
            if arn not in given and any(who is not None and PODS in who.services for who in named):
                system = self.systems[role.account]
                text = (
                    f"role {role.name} in {system} lets in pods of EKS, and no association that "
                    "was read leads to it: which service accounts take it is not known"
                )
                self._issue("unread-cloud-identity", system, arn, text, self.places.get(arn))

    def _join(self, found: Found) -> None:
        """An edge between a login of a cluster and one of AWS, or why there is none."""
        link = found.link
        if found.issue is not None:
            kind, text = found.issue
            place = (link.source_id, link.record)
            hides = Hides.NO if kind == "link-refused" else Hides.UNKNOWN
            self._issue(kind, link.system, link.account, text, place, hides=hides)
            return
        there = (NodeKind.ACCOUNT, self._id(found.principal))
        here = (NodeKind.ACCOUNT, link.account)
        holder, target = (there, here) if found.into_cluster else (here, there)
        self.rows["grants"].add(
            holder_kind=str(holder[0]),
            holder=holder[1],
            target_kind=str(target[0]),
            target=target[1],
            kind=str(GrantKind.ASSUMES),
            conditional=found.answer is Answer.CONDITIONAL,
            eligible=False,
            self_granted=False,
            undecided=found.answer is Answer.UNKNOWN,
            condition=found.condition or None,
            source_id=link.source_id,
            record=link.record,
        )
        source_id, record = self.places[found.principal]
        self.rows["derivations"].add(
            holder_kind=str(holder[0]),
            holder=holder[1],
            target_kind=str(target[0]),
            target=target[1],
            part="access entry" if found.into_cluster else "trust",
            source_id=source_id,
            record=record,
        )

    # -- rights ----------------------------------------------------------------------------------

    def _write(self, holder: Holder, node: Node) -> None:
        """What policies allow a holder: for sure, and under conditions."""
        kind = GrantKind.ATTACHED if node[0] is NodeKind.ACCOUNT else GrantKind.CONTAINS
        for sure in (True, False):
            entitlement = f"{node[1]} ({'rights' if sure else 'conditional rights'})"
            self.rows["entitlements"].add(
                entitlement=entitlement,
                system=self._system(holder.principal),
                action=BY_POLICY,
                resource=_ALLOWED,
                mode=BY_POLICY,
                wildcard=False,
            )
            said = {
                "principal": holder.principal,
                "gained": list(holder.gained),
                "sure": sure,
            }
            record = kept(Record.RIGHTS, entitlement, said)
            self.rows["policies"].add(
                policy=entitlement,
                system=self._system(holder.principal),
                kind=str(record.kind),
                document=record.document,
                source_id=self.places[holder.principal][0],
            )
            condition = None if sure else "what the statement that allows it demands"
            target = (NodeKind.ENTITLEMENT, entitlement)
            self._grant(node, target, kind, holder.principal, condition=condition)
            self._rests(node, target, holder)

    def _rests(self, node: Node, target: Node, holder: Holder) -> None:
        """The records of groups and policies that decide, beside the holder's own."""
        caller = self.rights.caller(holder)
        groups = set(self.rights.details.members.get(holder.principal, ()))
        named = dict.fromkeys(sorted(groups), "group")
        limits = [] if caller.boundary is None else [caller.boundary.name]
        named |= dict.fromkeys(sorted(policy.name for policy in caller.policies), "policy")
        named |= dict.fromkeys(limits, "boundary")
        for arn, part in named.items():
            place = self.places.get(arn)
            if place is not None:
                self.rows["derivations"].add(
                    holder_kind=str(node[0]),
                    holder=node[1],
                    target_kind=str(target[0]),
                    target=target[1],
                    part=part,
                    source_id=place[0],
                    record=place[1],
                )

    def _grant(
        self,
        holder: Node,
        target: Node,
        kind: GrantKind,
        arn: str,
        *,
        condition: str | None = None,
        own: bool = False,
        undecided: bool = False,
    ) -> None:
        source_id, record = self.places[arn]
        self.rows["grants"].add(
            holder_kind=str(holder[0]),
            holder=holder[1],
            target_kind=str(target[0]),
            target=target[1],
            kind=str(kind),
            conditional=condition is not None,
            eligible=False,
            self_granted=own,
            undecided=undecided,
            condition=condition,
            source_id=source_id,
            record=record,
        )

    # -- becoming --------------------------------------------------------------------------------

    def _follow(self, had: Reached) -> None:
        """Edges from a principal to whatever one move makes of it; then from what that gained."""
        me = had.principal
        start = self._node(Holder(me.arn, had.gained))
        if not had.gained and self.rights.unrestricted(Holder(me.arn)):
            steps = self.moves.assumed(had, at_least=Answer.UNKNOWN)
            # Whoever can do everything gains nothing by giving it to somebody.
            self._grant(start, self._anybody(me), GrantKind.ATTACHED, me.arn)
        else:
            steps = self.moves.steps(had, at_least=Answer.UNKNOWN)
        fresh: list[Reached] = []
        for holder, move in self._best(steps):
            if holder == Holder(administrator(me.account).arn):
                self._administer(me)
            elif holder.gained and self._add_state(holder):
                fresh.append(Reached(self.rights.caller(holder), holder.gained, 0, ()))
            self._move(start, holder, move)
        for each in fresh:
            if len(each.gained) <= _MOST_GAINED:
                self._follow(each)

    def _best(self, steps: _Steps) -> list[tuple[Holder, Move]]:
        """Of moves to the same, the surest one without a change, and the surest with one."""
        best: dict[tuple[Holder, int], Move] = {}
        for target, gained, move in steps:
            if not self._is_here(target):
                continue
            holder = Holder(target.arn, gained)
            if ANY_POLICY in gained and has_all(target):
                holder = Holder(administrator(target.account).arn)
            before = best.get((holder, move.changes))
            if before is None or before.answer < move.answer:
                best[holder, move.changes] = move
        return [(holder, best[holder, changes]) for holder, changes in sorted(best)]

    def _administer(self, me: Principal) -> None:
        """What any policy allows in an account; from there, everybody in it can be had."""
        anybody = administrator(me.account)
        holder = Holder(anybody.arn)
        if holder not in self.states:
            self.places.setdefault(anybody.arn, self.places[me.arn])
            self._add_state(holder)
            self._grant(self._node(holder), self._anybody(me), GrantKind.ATTACHED, anybody.arn)

    def _anybody(self, me: Principal) -> Node:
        """Everybody in an account, for whoever can do everything there; has no rights itself."""
        system = self._system(me.arn)
        node = (NodeKind.ROLE, f"{system}:{_EVERYBODY}")
        if node not in self.crowds:
            self.crowds.add(node)
            anybody = administrator(me.account)
            source_id, record = self.places.setdefault(anybody.arn, self.places[me.arn])
            self.rows["roles"].add(
                role=node[1],
                system=system,
                kind=SELF_GRANTED_ROLE,
                name=_EVERYBODY,
                source_id=source_id,
                record=record,
            )
            steps = self.moves.steps(Reached(anybody, (), 0, ()), at_least=Answer.UNKNOWN)
            for other, move in self._best(steps):
                if not other.gained and other != Holder(anybody.arn):
                    self._move(node, other, move)
        return node

    def _node(self, holder: Holder) -> Node:
        if _is_anybody(holder.principal):
            return NodeKind.ROLE, f"{self._system(holder.principal)}:{ADMINISTRATION}"
        if not holder.gained:
            return NodeKind.ACCOUNT, self._id(holder.principal)
        return NodeKind.ROLE, f"{self._id(holder.principal)} with {', '.join(holder.gained)}"

    def _add_state(self, holder: Holder) -> bool:
        """Whether this is the first time that a principal with what it gained is met."""
        node = self._node(holder)
        if holder in self.states:
            return False
        self.states.add(holder)
        source_id, record = self.places[holder.principal]
        self.rows["roles"].add(
            role=node[1],
            system=self._system(holder.principal),
            kind=SELF_GRANTED_ROLE,
            name=_called(holder),
            source_id=source_id,
            record=record,
        )
        self._write(holder, node)
        return True

    def _move(self, start: Node, target: Holder, move: Move) -> None:
        node = self._node(target)
        kind = GrantKind.ASSUMES if not move.changes else GrantKind.CONTROLS
        if node[0] is NodeKind.ROLE:
            kind = GrantKind.ATTACHED
        condition: str | None = None
        if move.answer is Answer.CONDITIONAL:
            condition = "; ".join(move.open) or "a condition of a statement"
        self._grant(
            start,
            node,
            kind,
            # What anybody may do rests on whom it is done to.
            target.principal if _is_anybody(move.who) else move.who,
            condition=condition,
            own=move.changes > 0,
            undecided=move.answer is Answer.UNKNOWN,
        )
        known = move.who if _is_anybody(target.principal) else target.principal
        place = self.places.get(known)
        if place is not None:
            part = "trust" if not move.changes else " + ".join(move.how)
            self.rows["derivations"].add(
                holder_kind=str(start[0]),
                holder=start[1],
                target_kind=str(node[0]),
                target=node[1],
                part=part,
                source_id=place[0],
                record=place[1],
            )


def _is_anybody(arn: str) -> bool:
    """Whether this is no login of an export, but whoever may have any policy in an account."""
    return arn == administrator(arn.split(":", 5)[4]).arn


def _called(holder: Holder) -> str:
    """A holder as a reader knows it."""
    name = holder.principal.rpartition(":")[2]
    if _is_anybody(holder.principal):
        return ADMINISTRATION
    return f"{name} with {', '.join(holder.gained)}" if holder.gained else name
