"""The organisation's nodes: ids, and the rows each node needs once, whoever names it first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.shapes import (
    name_at,
    text_at,
)
from sod_analyzer.importers.github.folder import login_record
from sod_analyzer.importers.github.levels import ARCHIVED, RepositoryRole
from sod_analyzer.model.access import (
    EVERY_ACTION,
    WHOLE_SYSTEM,
    GrantKind,
    IdentityClass,
    NodeKind,
)
from sod_analyzer.model.batch import BatchBuilder

Node = tuple[NodeKind, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """The record that states something."""

    source_id: str
    record: int


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: its full name as written, and the record that names it."""

    name: str
    archived: bool
    origin: Origin


@dataclass(slots=True)
class Account:
    """A login, and the facts that any of its records state; the first record to state one wins."""

    login: str
    origin: Origin
    workload: bool = False
    suspended: bool = False
    name: str | None = None
    email: str | None = None


class Nodes:
    """Hands out nodes and fills the tables that describe them.

    Logins, slugs and repository names are compared without case, as GitHub does: ids hold them in
    lower case. Accounts are held back until `finish`, because later files may know more of them.
    """

    def __init__(self, builder: BatchBuilder) -> None:
        self._builder = builder
        self._system = builder.spec.system
        self._accounts: dict[str, Account] = {}
        self._roles: set[str] = set()

    def account(self, record: Mapping[str, object], origin: Origin) -> tuple[str, Node]:
        """The account that a record is about: its login in lower case, and its node.

        Raises:
            ShapeError: the record has no login, or a fact of the wrong shape.
        """
        record = login_record(record)
        written = name_at(record, "login")
        kind = text_at(record, "type")
        name, email = text_at(record, "name"), text_at(record, "email")
        login = written.lower()
        account = self._accounts.setdefault(login, Account(written, origin))
        account.workload |= kind == "Bot" or login.endswith("[bot]")
        account.suspended |= bool(record.get("suspended") or record.get("suspended_at"))
        account.name = account.name or name
        account.email = account.email or email
        return login, (NodeKind.ACCOUNT, f"{self._system}:{login}")

    def finish(self) -> None:
        """Write the accounts, by login."""
        for login, account in sorted(self._accounts.items()):
            self._builder.account(
                f"{self._system}:{login}",
                login=account.login,
                name=account.name,
                email=account.email,
                kind=IdentityClass.WORKLOAD if account.workload else IdentityClass.PERSON,
                # The lists do not say that an account works; they may say that it does not.
                enabled=False if account.suspended else None,
                dormant_why="suspended" if account.suspended else None,
                source_id=account.origin.source_id,
                record=account.origin.record,
            )

    def team(self, slug: str, origin: Origin, *, title: str | None = None) -> Node:
        """A team's role."""
        return self._role(f"team/{slug}", "team", origin, name=slug, title=title)

    def owner(self, organisation: str, origin: Origin) -> Node:
        """The role of the organisation's owners, which is unrestricted."""
        role = f"org/{organisation.lower()}#owner"
        new = self._is_new(role)
        title = f"Owner of {organisation}"
        node = self._role(role, "organization owner", origin, title=title, privileged=True)
        if new:
            right = self._builder.entitlement(EVERY_ACTION, WHOLE_SYSTEM, wildcard=True)
            self._contains(node, (right,), origin)
        return node

    def member(self, organisation: str, base: RepositoryRole | None, origin: Origin) -> Node:
        """The role of every member: the base permission, on every repository."""
        role = f"org/{organisation.lower()}#member"
        new = self._is_new(role)
        title = f"Member of {organisation}"
        node = self._role(role, "organization member", origin, title=title)
        if new and base is not None:
            self._contains(node, self._rights(base.actions, WHOLE_SYSTEM), origin)
        return node

    def organisation_role(self, organisation: str, role: RepositoryRole, origin: Origin) -> Node:
        """An organisation role: what it allows, it allows on every repository."""
        node_id = f"org/{organisation.lower()}#role:{role.name}"
        new = self._is_new(node_id)
        node = self._role(node_id, "organization role", origin, name=role.name)
        if new:
            self._contains(node, self._rights(role.actions, WHOLE_SYSTEM), origin)
        return node

    def repository(self, repository: Repository, role: RepositoryRole) -> Node:
        """A role on one repository; of an archived one only reading is left."""
        node_id = f"repo/{repository.name.lower()}#{role.name}"
        new = self._is_new(node_id)
        node = self._role(
            node_id,
            "custom repository role" if role.custom else "repository role",
            repository.origin,
            title=f"{role.name} on {repository.name}",
            privileged=role.name == "admin",
        )
        if new:
            actions = ARCHIVED if repository.archived else role.actions
            self._contains(node, self._rights(actions, repository.name), repository.origin)
        return node

    def _rights(self, actions: Iterable[str], resource: str) -> tuple[str, ...]:
        return tuple(self._builder.entitlement(action, resource) for action in actions)

    def _contains(self, role: Node, rights: Iterable[str], origin: Origin) -> None:
        for right in rights:
            self._builder.grant(
                role,
                (NodeKind.ENTITLEMENT, right),
                GrantKind.CONTAINS,
                source_id=origin.source_id,
                record=origin.record,
            )

    def _is_new(self, role: str) -> bool:
        return role not in self._roles

    def _role(
        self,
        role: str,
        kind: str,
        origin: Origin,
        *,
        name: str | None = None,
        title: str | None = None,
        privileged: bool | None = None,
    ) -> Node:
        node_id = f"{self._system}:{role}"
        if self._is_new(role):
            self._roles.add(role)
            self._builder.role(
                node_id,
                kind=kind,
                name=name,
                title=title,
                privileged=privileged,
                source_id=origin.source_id,
                record=origin.record,
            )
        return NodeKind.ROLE, node_id
