"""Whom bindings name: accounts, groups, and the groups that Kubernetes puts everyone in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.kubernetes.decide import (
    MASTERS,
    SERVICE_ACCOUNT,
    Caller,
    implicit_groups,
    login_of,
)
from sod_analyzer.cloud.kubernetes.links import ASSOCIATION, ENTRY, WORKLOAD, Workload
from sod_analyzer.cloud.kubernetes.objects import (
    Binding,
    Entry,
    Origin,
    PodIdentity,
    ServiceAccount,
    Subject,
)
from sod_analyzer.cloud.shapes import (
    shown,
)
from sod_analyzer.model.access import GrantKind, Hides, IdentityClass, NodeKind
from sod_analyzer.model.batch import BatchBuilder

Node = tuple[NodeKind, str]

_EMAIL = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+")
#: Google's service accounts sign in under an address of this domain.
_WORKLOAD_DOMAIN = ".gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class _Account:
    login: str
    origin: Origin


class Subjects:
    """Hands out the nodes of subjects and writes their rows once.

    The account of a ServiceAccount rests on its own record where the export has it, otherwise on
    the first binding that names it. User strings are compared with case, as Kubernetes does.
    """

    def __init__(
        self, builder: BatchBuilder, *, strip_prefix: str | None, issuer: str | None = None
    ) -> None:
        self._builder = builder
        self._system = builder.spec.system
        self._strip_prefix = strip_prefix or ""
        self._issuer = issuer
        self._entered: set[str] = set()
        self._accounts: dict[str, _Account] = {}
        self._groups: dict[str, Origin] = {}

    def service_account(self, each: ServiceAccount) -> None:
        """A ServiceAccount of the export, bound or not."""
        login = f"{SERVICE_ACCOUNT}{each.namespace}:{each.name}"
        self._account(login, each.origin)
        if self._issuer is not None or each.aws_role is not None:
            workload = Workload(login, self._issuer, each.aws_role)
            self._link(login, WORKLOAD, workload.text, each.origin)
        if each.google is not None:
            self._builder.issue(
                "unread-cloud-identity",
                f"{login} of {self._system} takes the identity {shown(each.google)} of Google "
                "Cloud, which is not read: what it may do there is not known",
                hides=Hides.UNKNOWN,
                source_id=each.origin.source_id,
                record=each.origin.record,
                subject=login,
            )

    def entry(self, each: Entry) -> Node:
        """The account under which a principal of AWS signs in, with the groups it is told.

        Who that is stands in AWS, so that it is nobody's own account here.
        """
        node = self._account(each.login, each.origin)
        self._entered.add(each.login)
        for group in each.groups:
            self._builder.grant(
                node,
                self.group(group, each.origin),
                GrantKind.MEMBER,
                source_id=each.origin.source_id,
                record=each.origin.record,
            )
        self._link(each.login, ENTRY, each.principal, each.origin)
        return node

    def pod_identity(self, each: PodIdentity) -> None:
        """A service account whose pods get the credentials of a role, in the export or not."""
        login = f"{SERVICE_ACCOUNT}{each.said.namespace}:{each.said.account}"
        self._account(login, each.origin)
        self._link(login, ASSOCIATION, each.said.text, each.origin)

    def _link(self, login: str, kind: str, said: str, origin: Origin) -> None:
        """What an account is in AWS; told once AWS is read."""
        self._builder.row(
            "policies",
            policy=f"{self._system}:{login}",
            system=self._system,
            kind=kind,
            document=said,
            source_id=origin.source_id,
            record=origin.record,
        )

    def nodes(self, binding: Binding) -> Mapping[tuple[NodeKind, str], Node]:
        """The nodes that a binding names, by kind and name, in the order of its subjects."""
        found: dict[tuple[NodeKind, str], Node] = {}
        for subject in binding.subjects:
            if subject.kind == "Group":
                found[NodeKind.ROLE, subject.name] = self.group(subject.name, binding.origin)
                continue
            login = self._login(subject, binding)
            if login is not None:
                found[NodeKind.ACCOUNT, login] = self._account(login, binding.origin)
        return found

    def node_of(self, caller: Caller) -> Node:
        """The node of somebody whom a binding names, or of the only group of a nameless caller."""
        if caller.login:
            return NodeKind.ACCOUNT, f"{self._system}:{caller.login}"
        return NodeKind.ROLE, self._group_id(caller.groups[0])

    def known(self, login: str) -> Node | None:
        """The account of this name, if an object names it."""
        return (NodeKind.ACCOUNT, f"{self._system}:{login}") if login in self._accounts else None

    def known_group(self, name: str) -> tuple[Node, Origin] | None:
        """The group of this name and the record that names it, if one does."""
        origin = self._groups.get(name)
        return None if origin is None else ((NodeKind.ROLE, self._group_id(name)), origin)

    def accounts(self, *, workloads: bool, within: str = "") -> list[tuple[Node, Origin]]:
        """Service accounts, of a namespace if it says so, or everybody else; by name."""
        begins = f"{SERVICE_ACCOUNT}{within}:" if within else SERVICE_ACCOUNT
        return [
            ((NodeKind.ACCOUNT, f"{self._system}:{login}"), account.origin)
            for login, account in sorted(self._accounts.items())
            if (login.startswith(begins) if workloads else not login.startswith(SERVICE_ACCOUNT))
        ]

    def finish(self) -> None:
        """Write the accounts, and who is in the groups that Kubernetes fills by itself."""
        for login, account in sorted(self._accounts.items()):
            self._write(account)
            for group in implicit_groups(login):
                if group in self._groups:
                    self._builder.grant(
                        (NodeKind.ACCOUNT, f"{self._system}:{login}"),
                        (NodeKind.ROLE, self._group_id(group)),
                        GrantKind.MEMBER,
                        source_id=account.origin.source_id,
                        record=account.origin.record,
                    )

    def _login(self, subject: Subject, binding: Binding) -> str | None:
        login = login_of(subject, binding)
        if login is not None:
            return login
        if subject.kind == "ServiceAccount":
            what, hides = "a ServiceAccount without a namespace, which is nobody", Hides.NO
        else:
            what, hides = f"a subject of kind '{shown(subject.kind)}'", Hides.UNKNOWN
        self._builder.issue(
            "unknown-subject",
            f"{binding.title} names {what}; it is left out",
            hides=hides,
            source_id=binding.origin.source_id,
            record=binding.origin.record,
            subject=binding.title,
        )
        return None

    def _account(self, login: str, origin: Origin) -> Node:
        self._accounts.setdefault(login, _Account(login, origin))
        return NodeKind.ACCOUNT, f"{self._system}:{login}"

    def _write(self, account: _Account) -> None:
        login = account.login
        address = login.removeprefix(self._strip_prefix)
        email = address if _EMAIL.fullmatch(address) else None
        workload = login.startswith("system:") or address.endswith(_WORKLOAD_DOMAIN)
        workload = workload or login in self._entered
        self._builder.account(
            f"{self._system}:{login}",
            login=login,
            email=None if workload else email,
            kind=IdentityClass.WORKLOAD if workload else IdentityClass.PERSON,
            source_id=account.origin.source_id,
            record=account.origin.record,
        )

    def group(self, name: str, origin: Origin) -> Node:
        """The role of a group, which rests on the first record that names it."""
        node_id = self._group_id(name)
        if name not in self._groups:
            self._groups[name] = origin
            self._builder.role(
                node_id,
                kind="Group",
                name=name,
                privileged=name == MASTERS,
                source_id=origin.source_id,
                record=origin.record,
            )
        return NodeKind.ROLE, node_id

    def _group_id(self, name: str) -> str:
        return f"{self._system}:group/{name}"
