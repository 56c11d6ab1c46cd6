"""Small rosters and account lists, one line per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.identity import Federated, LinkResult, federate, link
from sod_analyzer.model.access import ACCOUNTS, BATCH_GRANTS, IDENTITIES, ROLES, SYSTEMS
from sod_analyzer.model.rows import Rows
from sod_analyzer.model.settings import (
    ALIASES,
    AccountsFrom,
    Federation,
    FederationKey,
    GroupsFrom,
)

NO_GRANTS = BATCH_GRANTS.empty_table()


def people(*rows: tuple[str, str | None], kind: str = "person") -> pa.Table:
    """A roster: employee id and e-mail of each; record is the row's number."""
    table = Rows(IDENTITIES)
    for record, (employee_id, email) in enumerate(rows, 2):
        table.add(
            identity=f"hr:{employee_id}",
            name=f"Person {employee_id}",
            email=email,
            employee_id=employee_id,
            kind=kind,
            status="active",
            source_id="hr",
            record=record,
        )
    return table.table()


def accounts(*rows: Mapping[str, object]) -> pa.Table:
    """Accounts; `account` is needed, its system is what stands before the colon."""
    table = Rows(ACCOUNTS)
    for record, row in enumerate(rows, 10):
        name = str(row["account"])
        system, _, login = name.partition(":")
        known = {"system": system, "login": login, "kind": "person", "source_id": system}
        table.add(**(known | {"record": record} | dict(row)))
    return table.table()


def roles(*rows: Mapping[str, object]) -> pa.Table:
    """Roles; `role` is needed, kind is group and name what follows the last slash or colon."""
    table = Rows(ROLES)
    for record, row in enumerate(rows, 20):
        name = str(row["role"])
        system, _, rest = name.partition(":")
        known = {"system": system, "kind": "Group", "name": rest.removeprefix("group/")}
        table.add(**(known | {"source_id": system, "record": record} | dict(row)))
    return table.table()


def systems(*rows: tuple[str, str]) -> pa.Table:
    """Systems in scope: name and product."""
    table = Rows(SYSTEMS)
    for record, (name, product) in enumerate(rows, 1):
        table.add(system=name, product=product, scope="in-scope", source_id="config", record=record)
    return table.table()


def aliases(*rows: tuple[str | None, str | None]) -> pa.Table:
    """An alias file: account and employee id of each line, from line 2."""
    table = Rows(ALIASES)
    for line, (account, employee_id) in enumerate(rows, 2):
        table.add(account=account, employee_id=employee_id, source_id="aliases", record=line)
    return table.table()


def signs_in(
    system: str, origin: str, *, by: FederationKey = FederationKey.LOGIN, prefix: str = "oidc:"
) -> AccountsFrom:
    """Accounts of a system come from another one; stated in line 40."""
    return AccountsFrom(system, origin, by, prefix, SourceRef("sod.yaml", 40))


def groups_from(system: str, origin: str, *, prefix: str = "oidc:") -> GroupsFrom:
    """Groups of a system come from another one; stated in line 41."""
    return GroupsFrom(system, origin, prefix, SourceRef("sod.yaml", 41))


def federated(
    logins: pa.Table,
    *rules: AccountsFrom,
    groups: Iterable[GroupsFrom] = (),
    bundles: pa.Table | None = None,
    declared: pa.Table | None = None,
    grants: pa.Table = NO_GRANTS,
) -> Federated:
    """What sign-in carries over, in a world of the systems that the tables name."""
    bundles = roles() if bundles is None else bundles
    if declared is None:
        named = {*logins.column("system").to_pylist(), *bundles.column("system").to_pylist()}
        named |= {name for rule in rules for name in (rule.system, rule.origin)}
        declared = systems(*((name, "ldap") for name in sorted(named)))
    filled = {
        row["target"]
        for row in grants.to_pylist()
        if row["target_kind"] == "role" and row["holder_kind"] in {"account", "role"}
    }
    return federate(
        logins,
        bundles,
        filled=filled,
        systems=declared,
        federation=Federation(tuple(groups), rules),
    )


def linked(
    logins: pa.Table,
    roster: pa.Table,
    *rules: AccountsFrom,
    alias: pa.Table | None = None,
    shared_known: frozenset[str] = frozenset(),
) -> LinkResult:
    """The links of these accounts."""
    return link(
        logins,
        roster,
        aliases=aliases() if alias is None else alias,
        federated=federated(logins, *rules),
        shared_known=shared_known,
    )


def links(result: LinkResult) -> list[tuple[str, str | None, str, str]]:
    """Account, identity, method and outcome of every link, sorted."""
    return sorted(
        (row["account"], row["identity"], row["method"], row["outcome"])
        for row in result.links.to_pylist()
    )


def held(result: LinkResult) -> list[tuple[str, str, bool]]:
    """Identity, account and whether undecided, of every `holds` edge, sorted."""
    return sorted(
        (row["holder"], row["target"], row["undecided"]) for row in result.grants.to_pylist()
    )


def kinds(result: LinkResult | Federated) -> list[tuple[str, str, str]]:
    """Kind, subject and effect of every issue, sorted."""
    return sorted((row["kind"], row["subject"], row["hides"]) for row in result.issues.to_pylist())
