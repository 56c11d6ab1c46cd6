"""The people of one case as rows of batch tables: accounts, roles, robots, shared logins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol

from sod_analyzer.model.access import EVERY_ACTION, GrantKind, IdentityClass, NodeKind, Status
from sod_analyzer.rules.case_people import ROLE, CasePerson
from sod_analyzer.rules.case_rights import MODE_ALONE, CaseRight
from sod_analyzer.rules.cases import Case, CaseFile

#: The system that the people of the cases come from, and the source that states everything.
ROSTER = "cases"

Row = dict[str, object]


class Naming(Protocol):
    """What a name of a case becomes, and whether it stayed as it is."""

    def __call__(self, kind: str, name: str, prefix: str = "") -> tuple[str, bool]: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """The nodes of one case, by id: of its first person, and who everybody is."""

    identities: tuple[str, ...]
    accounts: tuple[str, ...]
    roles: tuple[str, ...]
    keys: Mapping[str, str]  # people of the case by name and by stated employee id: subject keys


@dataclass(frozen=True, slots=True)
class Stated:
    """One case as rows, and what each exact name in it stands for."""

    number: int
    rows: Mapping[str, list[Row]]
    claims: Mapping[str, object]
    stage: Stage


def state(cases: CaseFile, number: int, *, naming: Naming, own_roles: bool) -> Stated:
    """The case at this position of the file as rows of batch tables, without its entitlements.

    With `own_roles` no other case may have a role of the same id, even with the same contents:
    rules about roles look at their members, too.
    """
    scribe = _Scribe(cases, cases.cases[number], number, naming)
    return scribe.written(own_roles=own_roles)


def entitlement_row(right: CaseRight) -> Row:
    """The row of the right's entitlement. An action with `*` in it is a wildcard."""
    suffix = "" if right.mode == MODE_ALONE else f" ({right.mode})"
    return {
        "entitlement": f"{right.system}:{right.action}@{right.resource}{suffix}",
        "system": right.system,
        "action": right.action,
        "resource": right.resource,
        "mode": right.mode,
        "wildcard": EVERY_ACTION in right.action,
    }


class _Scribe:
    """Writes down one case; a class to carry its rows along."""

    def __init__(self, cases: CaseFile, case: Case, number: int, naming: Naming) -> None:
        self._cases = cases
        self._case = case
        self._number = number
        self._naming = naming
        self._identities: dict[str, Row] = {}
        self._accounts: dict[str, Row] = {}
        self._roles: dict[str, Row] = {}
        self._grants: dict[tuple[object, ...], Row] = {}
        self._contents: dict[str, set[str]] = {}
        self._claims: dict[str, object] = {}
        self._own: dict[tuple[str, str], str] = {}  # person and system: the first own account
        self._keys: dict[str, str] = {}
        self._role_names: dict[tuple[str, str], str] = {}

    def written(self, *, own_roles: bool) -> Stated:
        """Everything about the case."""
        for person in self._case.people:
            if person.in_roster:
                self._identity(person)
        first: tuple[set[str], set[str]] = (set(), set())
        for n, person in enumerate(self._case.people):
            accounts, roles = self._person(person)
            if n == 0:
                first = accounts, roles
        self._settle_owners()
        for role, contents in self._contents.items():
            if f"role {role}" in self._claims and not own_roles:
                row = {key: value for key, value in self._roles[role].items() if key != "record"}
                self._claims[f"role {role}"] = frozenset(contents), tuple(row.values())
        lead = self._case.people[0]
        accounts, roles = first
        identities = (
            (f"{ROSTER}:{self._keys[lead.name]}",) if lead.in_roster else tuple(sorted(accounts))
        )
        return Stated(
            self._number,
            {
                "identities": list(self._identities.values()),
                "accounts": list(self._accounts.values()),
                "roles": list(self._roles.values()),
                "grants": list(self._grants.values()),
            },
            self._claims,
            Stage(identities, tuple(sorted(accounts)), tuple(sorted(roles)), self._keys),
        )

    # -- people and their accounts ---------------------------------------------------------------

    def _identity(self, person: CasePerson) -> None:
        stated = person.employee_id or person.name
        employee = self._named("person", stated)
        self._keys[person.name] = employee
        self._keys.setdefault(stated, employee)
        day = self._cases.as_of
        self._identities[person.name] = {
            "identity": f"{ROSTER}:{employee}",
            "name": person.name,
            "email": f"{employee}@people.example",
            "employee_id": employee,
            "manager": person.manager,
            "department": person.department,
            "title": person.title,
            "status": person.status,
            "kind": person.kind,
            "start_on": day + timedelta(days=30) if person.status == Status.FUTURE else None,
            "end_on": day - timedelta(days=1) if person.status == Status.LEAVER else None,
            "source_id": ROSTER,
            "record": person.where.line,
        }

    def _person(self, person: CasePerson) -> tuple[set[str], set[str]]:
        """The accounts and roles that the person's rights lead through."""
        accounts: set[str] = set()
        roles: set[str] = set()
        if person.manager is not None:
            row = self._identities[person.name]
            row["manager"] = self._keys.get(person.manager, person.manager)
        for right in person.rights:
            if person.kind == ROLE:
                holder = NodeKind.ROLE, self._role(right.system, person.name, right)
                roles.add(holder[1])
            else:
                holder = NodeKind.ACCOUNT, self._account(person, right)
                accounts.add(holder[1])
            roles |= self._route(holder, right, person)
        return accounts, roles

    def _account(self, person: CasePerson, right: CaseRight) -> str:
        """The account that has the right; the person holds, controls or uses it."""
        login = right.bot or right.shared or right.account or person.name
        name = self._named("account", login, f"{right.system}:")
        account = f"{right.system}:{name}"
        row = self._accounts.setdefault(
            account,
            {
                "account": account,
                "system": right.system,
                "login": name,
                "enabled": True,
                "kind": self._kind(person, right),
                "last_used_at": _instant(self._cases.as_of),
                "source_id": ROSTER,
                "record": person.where.line,
            },
        )
        if right.bot or right.shared:
            kind = GrantKind.CONTROLS if right.bot else GrantKind.USES
            identity = f"{ROSTER}:{self._keys[person.name]}"
            ends = (NodeKind.IDENTITY, identity), (NodeKind.ACCOUNT, account)
            # What one right says of the account holds for all of them.
            doubtful = any(
                other.undecided
                for other in person.rights
                if (other.system, other.bot, other.shared)
                == (right.system, right.bot, right.shared)
            )
            self._grant(*ends, kind, right, undecided=doubtful)
        elif person.in_roster:
            self._own.setdefault((person.name, right.system), account)
            self._link(row, person, undecided=right.undecided)
        self._describe(row, right)
        return account

    def _link(self, row: Row, person: CasePerson, *, undecided: bool) -> None:
        employee = self._keys[person.name]
        if undecided:
            # An id that no roster knows beside a person's own address: nobody can tell whose the
            # account is, and the real linking says so.
            row["employee_id"] = f"strange-{self._number:04d}"
            row["email"] = f"{employee}@people.example"
        elif row.get("employee_id") is None:
            row["employee_id"] = employee

    def _kind(self, person: CasePerson, right: CaseRight) -> str:
        if right.bot:
            return str(IdentityClass.WORKLOAD)
        return str(IdentityClass.SHARED) if right.shared else person.kind

    def _describe(self, row: Row, right: CaseRight) -> None:
        """What the tags of one right say of the account that has it."""
        if right.disabled:
            row.update(enabled=False, dormant_why="disabled")
        if right.unused is not None:
            row["last_used_at"] = _instant(self._cases.as_of - timedelta(days=right.unused))
        if right.use_unknown:
            row["last_used_at"] = None
        if right.created is not None:
            row["created_at"] = _instant(right.created)
        if right.expires is not None:
            row["expires_on"] = right.expires
        if right.owner is not None and not right.via:
            row["owner"] = right.owner

    # -- roles and rights ------------------------------------------------------------------------

    def _route(
        self, holder: tuple[NodeKind, str], right: CaseRight, person: CasePerson
    ) -> set[str]:
        """Grants from the holder through its roles to the entitlement; the roles passed."""
        roles = [self._role(right.system, name, right) for name in right.via]
        if roles:
            self._describe_role(self._roles[roles[-1]], right)
        steps = [
            holder,
            *((NodeKind.ROLE, role) for role in roles),
            (NodeKind.ENTITLEMENT, str(entitlement_row(right)["entitlement"])),
        ]
        for n, (giver, target) in enumerate(pairwise(steps)):
            first = n == 0 and person.kind != ROLE
            self._step(giver, target, right, first=first)
        return set(roles)

    def _step(
        self,
        holder: tuple[NodeKind, str],
        target: tuple[NodeKind, str],
        right: CaseRight,
        *,
        first: bool,
    ) -> None:
        if holder[0] is NodeKind.ROLE:
            inner = target[0] is NodeKind.ROLE
            kind = GrantKind.ASSIGNED if inner else GrantKind.CONTAINS
            self._contents[holder[1]].add(f"{kind} {target[1]}")
        else:
            kind = GrantKind.MEMBER if target[0] is NodeKind.ROLE else GrantKind.ASSIGNED
        self._grant(holder, target, kind, right, own=first)

    def _role(self, system: str, name: str, right: CaseRight) -> str:
        """The role of this name, with all that the head of the file says it contains."""
        known = self._role_names.get((system, name))
        if known is not None:
            return known
        full = f"{system}:{self._named('role', name, f'{system}:')}"
        self._role_names[system, name] = full
        declared = self._cases.roles.get(f"{system}:{name}")
        self._contents[full] = set()
        self._roles[full] = {
            "role": full,
            "system": system,
            "kind": declared.kind if declared else ROLE,
            "name": name,
            "title": declared.title if declared else None,
            "privileged": declared.privileged if declared else False,
            "owner": declared.owner if declared else None,
            "source_id": ROSTER,
            "record": declared.where.line if declared else right.where.line,
        }
        for each in declared.rights if declared else ():
            steps = [
                (NodeKind.ROLE, full),
                *((NodeKind.ROLE, self._role(each.system, inner, each)) for inner in each.via),
                (NodeKind.ENTITLEMENT, str(entitlement_row(each)["entitlement"])),
            ]
            for giver, target in pairwise(steps):
                self._step(giver, target, each, first=False)
        return full

    def _describe_role(self, row: Row, right: CaseRight) -> None:
        if right.privileged:
            row["privileged"] = True
        if right.owner is not None:
            row["owner"] = right.owner

    def _grant(
        self,
        holder: tuple[NodeKind, str],
        target: tuple[NodeKind, str],
        kind: GrantKind,
        right: CaseRight,
        *,
        own: bool = False,
        undecided: bool = False,
    ) -> None:
        """One edge; `own` edges carry what the tags say of the grant."""
        until = right.valid_until
        if right.expired:
            until = self._cases.as_of - timedelta(days=1)
        facts: Row = {
            "conditional": own and right.conditional,
            "eligible": own and right.eligible,
            "self_granted": own and right.self_grant,
            "undecided": undecided,
            "valid_from": right.valid_from if own else None,
            "valid_until": until if own else None,
            "lasts_hours": right.hours if own else None,
            "condition": "a condition of the case" if own and right.conditional else None,
        }
        key = (holder, target, kind, *facts.values())
        self._grants.setdefault(
            key,
            {
                "holder_kind": str(holder[0]),
                "holder": holder[1],
                "target_kind": str(target[0]),
                "target": target[1],
                "kind": str(kind),
                **facts,
                "source_id": ROSTER,
                "record": right.where.line,
            },
        )

    # -- names -----------------------------------------------------------------------------------

    def _named(self, kind: str, name: str, prefix: str = "") -> str:
        """What the name becomes; one that stays as it is belongs to this case."""
        found, exact = self._naming(kind, name, prefix)
        if exact:
            self._claims[f"{kind} {prefix}{found}"] = self._number
        return found

    def _settle_owners(self) -> None:
        """An owner who is a person of the case is that person's login, where there is one."""
        for row in self._roles.values():
            owner, system = str(row["owner"]), str(row["system"])
            if row["owner"] is not None:
                login = self._own.get((owner, system))
                row["owner"] = login or self._role_names.get((system, owner), owner)
        for row in self._accounts.values():
            if row.get("owner") is not None:
                row["owner"] = self._keys.get(str(row["owner"]), row["owner"])


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
