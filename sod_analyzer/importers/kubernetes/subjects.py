"""Whom bindings name: accounts, groups, and the groups that Kubernetes puts everyone in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.importers.json_text import shown
from sod_analyzer.importers.kubernetes.objects import Binding, Origin, ServiceAccount, Subject
from sod_analyzer.model.access import GrantKind, Hides, IdentityClass, NodeKind
from sod_analyzer.model.batch import BatchBuilder

Node = tuple[NodeKind, str]

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
SERVICE_ACCOUNTS = "system:serviceaccounts"
ANONYMOUS = "system:anonymous"
_SERVICE_ACCOUNT = "system:serviceaccount:"

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

    def __init__(self, builder: BatchBuilder, *, strip_prefix: str | None) -> None:
        self._builder = builder
        self._system = builder.spec.system
        self._strip_prefix = strip_prefix or ""
        self._accounts: dict[str, _Account] = {}
        self._groups: dict[str, Origin] = {}

    def service_account(self, each: ServiceAccount) -> None:
        """A ServiceAccount of the export, bound or not."""
        self._account(f"{_SERVICE_ACCOUNT}{each.namespace}:{each.name}", each.origin)

    def nodes(self, binding: Binding) -> Mapping[tuple[NodeKind, str], Node]:
        """The nodes that a binding names, by kind and name, in the order of its subjects."""
        found: dict[tuple[NodeKind, str], Node] = {}
        for subject in binding.subjects:
            if subject.kind == "Group":
                found[NodeKind.ROLE, subject.name] = self._group(subject.name, binding.origin)
                continue
            login = self._login(subject, binding)
            if login is not None:
                found[NodeKind.ACCOUNT, login] = self._account(login, binding.origin)
        return found

    def finish(self) -> None:
        """Write the accounts, and who is in the groups that Kubernetes fills by itself."""
        for login, account in sorted(self._accounts.items()):
            self._write(account)
            for group in _groups_of(login):
                if group in self._groups:
                    self._builder.grant(
                        (NodeKind.ACCOUNT, f"{self._system}:{login}"),
                        (NodeKind.ROLE, self._group_id(group)),
                        GrantKind.MEMBER,
                        source_id=account.origin.source_id,
                        record=account.origin.record,
                    )

    def _login(self, subject: Subject, binding: Binding) -> str | None:
        if subject.kind == "User":
            return subject.name
        if subject.kind == "ServiceAccount":
            namespace = subject.namespace or binding.namespace
            if namespace is not None:
                return f"{_SERVICE_ACCOUNT}{namespace}:{subject.name}"
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
        self._builder.account(
            f"{self._system}:{login}",
            login=login,
            email=None if workload else email,
            kind=IdentityClass.WORKLOAD if workload else IdentityClass.PERSON,
            source_id=account.origin.source_id,
            record=account.origin.record,
        )

    def _group(self, name: str, origin: Origin) -> Node:
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


def _groups_of(login: str) -> tuple[str, ...]:
    """The groups Kubernetes puts this login in.

    What it gives to nobody in particular it gives to everybody, hence the second group.
    """
    if login == ANONYMOUS:
        return (UNAUTHENTICATED,)
    groups = (AUTHENTICATED, UNAUTHENTICATED)
    namespace, colon, name = login.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if not login.startswith(_SERVICE_ACCOUNT) or not (namespace and colon and name):
        return groups
    return (*groups, SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")
