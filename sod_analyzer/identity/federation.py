"""Sign-in from another system: which accounts and groups it carries over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import ConfigError, Problem, SourceRef, near
from sod_analyzer.model.access import (
    BATCH_GRANTS,
    ISSUES,
    GrantKind,
    Hides,
    NodeKind,
    SystemScope,
)
from sod_analyzer.model.rows import Rows, shown
from sod_analyzer.model.settings import (
    CONFIG_SOURCE,
    AccountsFrom,
    Federation,
    FederationKey,
    GroupsFrom,
)

#: Product whose groups live outside of it: the API server is told them at sign-in.
_KUBERNETES = "kubernetes"
#: Groups that Kubernetes gives out itself, without any directory.
_IMPLICIT = "system:"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The account through which another one signs in, and the line that says so."""

    account: str
    line: int | None


@dataclass(frozen=True)
class Federated:
    """What sign-in carries over.

    `sign_ins` has, per account, the accounts it may sign in through, sorted. `order` lists the
    systems so that each comes after the one its accounts sign in through.
    """

    grants: pa.Table  # BATCH_GRANTS
    issues: pa.Table  # ISSUES
    sign_ins: Mapping[str, tuple[SignIn, ...]]
    order: tuple[str, ...]


def federate(
    accounts: pa.Table,
    roles: pa.Table,
    *,
    filled: AbstractSet[str],
    systems: pa.Table,
    federation: Federation,
) -> Federated:
    """Edges from account to account and from role to group, as the configuration declares them.

    `accounts` and `roles` have one row per node; `filled` are the roles that some account or role
    is in by the exports alone, which nobody asks unless `needs_members`. A group for which nothing
    supplies members is an issue: its rights go to people nobody sees.

    Errs: a role name that occurs twice in the origin fills the group from both; an account that
    could sign in through several accounts gets an edge to each, marked conditional.

    Raises:
        ConfigError: a federation names an undeclared system, or accounts sign in in a circle.
    """
    order = _order(federation, systems.column("system").to_pylist())
    edges = Rows(BATCH_GRANTS)
    issues = Rows(ISSUES)
    sign_ins: dict[str, tuple[SignIn, ...]] = {}
    for rule in sorted(federation.accounts, key=lambda rule: rule.system):
        sign_ins |= _join_accounts(rule, accounts, edges)
    by_system = {rule.system: rule for rule in federation.groups}
    for row in systems.select(["system", "product", "scope"]).to_pylist():
        rule_of = by_system.get(row["system"])
        if _is_told(row["product"], rule_of):
            told = row["scope"] in (None, SystemScope.IN_SCOPE)
            _fill_groups(
                row["system"],
                rule_of,
                roles=roles,
                filled=filled,
                edges=edges,
                issues=issues if told else None,
            )
    return Federated(edges.table(), issues.table(), sign_ins, order)


def needs_members(systems: pa.Table, federation: Federation) -> bool:
    """Whether `federate` asks at all which roles have members."""
    by_system = {rule.system: rule for rule in federation.groups}
    return any(
        _is_told(row["product"], by_system.get(row["system"]))
        for row in systems.select(["system", "product"]).to_pylist()
    )


def _is_told(product: str | None, rule: GroupsFrom | None) -> bool:
    """Whether a system's groups get their members at sign-in."""
    return rule is not None or product == _KUBERNETES


def _order(federation: Federation, systems: Iterable[str]) -> tuple[str, ...]:
    """Systems, origins first."""
    known = sorted(set(systems))
    wrong: list[Problem] = []
    rules: tuple[GroupsFrom | AccountsFrom, ...] = (*federation.groups, *federation.accounts)
    for rule in rules:
        wrong += [
            Problem(f"no system '{name}' is declared{near(name, known)}", rule.where)
            for name in (rule.system, rule.origin)
            if name not in known
        ]
    if wrong:
        raise ConfigError(wrong)
    origin = {rule.system: rule.origin for rule in federation.accounts}
    where = {rule.system: rule.where for rule in federation.accounts}
    order: list[str] = []
    for system in known:
        chain = [system]
        while chain[-1] in origin and chain[-1] not in order:
            following = origin[chain[-1]]
            if following in chain:
                circle = " > ".join([*chain, following])
                raise ConfigError(f"accounts sign in in a circle: {circle}", where=where[chain[-1]])
            chain.append(following)
        order += [each for each in reversed(chain) if each not in order]
    return tuple(order)


def _of_system(table: pa.Table, system: str) -> pa.Table:
    return table.filter(pc.equal(table.column("system"), system))


def _join_accounts(
    rule: AccountsFrom, accounts: pa.Table, edges: Rows
) -> dict[str, tuple[SignIn, ...]]:
    """The sign-ins that one rule makes; adds their edges."""
    by_key: dict[str, list[str]] = {}
    origin = _of_system(accounts, rule.origin)
    for account, value in zip(
        origin.column("account").to_pylist(), origin.column(rule.by).to_pylist(), strict=True
    ):
        key = _key(value, rule.by)
        if key:
            by_key.setdefault(key, []).append(account)
    line = rule.where.line
    found: dict[str, tuple[SignIn, ...]] = {}
    own = _of_system(accounts, rule.system)
    for account, login in zip(
        own.column("account").to_pylist(), own.column("login").to_pylist(), strict=True
    ):
        if login is None or not login.startswith(rule.prefix):
            continue
        others = sorted(by_key.get(_key(login.removeprefix(rule.prefix), rule.by), ()))
        if others:
            found[account] = tuple(SignIn(other, line) for other in others)
        for other in others:
            _edge(
                edges,
                (NodeKind.ACCOUNT, account),
                (NodeKind.ACCOUNT, other),
                rule.where,
                condition=None
                if len(others) == 1
                else f"one of {len(others)} accounts of {rule.origin} with this {rule.by.value}",
            )
    return found


def _key(value: str | None, by: FederationKey) -> str:
    # Directories compare logins and addresses without letter case; employee ids are exact text.
    trimmed = (value or "").strip()
    return trimmed if by is FederationKey.EMPLOYEE_ID else trimmed.lower()


def _edge(
    edges: Rows,
    holder: tuple[NodeKind, str],
    target: tuple[NodeKind, str],
    where: SourceRef,
    *,
    condition: str | None = None,
) -> None:
    edges.add(
        holder_kind=str(holder[0]),
        holder=holder[1],
        target_kind=str(target[0]),
        target=target[1],
        kind=str(GrantKind.FEDERATED),
        conditional=condition is not None,
        eligible=False,
        self_granted=False,
        undecided=False,
        condition=condition,
        source_id=CONFIG_SOURCE,
        record=where.line,
    )


def _fill_groups(
    system: str,
    rule: GroupsFrom | None,
    *,
    roles: pa.Table,
    filled: AbstractSet[str],
    edges: Rows,
    issues: Rows | None,
) -> None:
    """Adds the edges into the groups of one system, and an issue for each that stays empty."""
    by_name: dict[str, list[str]] = {}
    if rule is not None:
        for row in _of_system(roles, rule.origin).select(["role", "name"]).to_pylist():
            if row["name"]:
                by_name.setdefault(rule.prefix + row["name"], []).append(row["role"])
    for row in _of_system(roles, system).to_pylist():
        if (row["kind"] or "").lower() != "group":
            continue
        name: str = row["name"] or row["role"]
        others = sorted(by_name.get(name, ()))
        for other in others:
            if rule is not None:
                _edge(edges, (NodeKind.ROLE, other), (NodeKind.ROLE, row["role"]), rule.where)
        if others or row["role"] in filled or name.startswith(_IMPLICIT) or issues is None:
            continue
        issues.add(
            kind="group-without-members",
            system=system,
            subject=row["role"],
            text=f"Who is in group '{shown(name)}' of {system} is not known: {_why(name, rule)}.",
            hides=str(Hides.YES),
            source_id=row["source_id"],
            record=row["record"],
        )


def _why(name: str, rule: GroupsFrom | None) -> str:
    if rule is None:
        return "its members are decided at sign-in, and no groups_from says where"
    if not name.startswith(rule.prefix):
        return f"its name does not begin with '{rule.prefix}', as groups from {rule.origin} do"
    return f"{rule.origin} has no '{shown(name.removeprefix(rule.prefix))}'"
