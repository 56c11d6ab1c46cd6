"""Batches built row by row, and the estate they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import BATCH_TABLES, SOURCES, SYSTEMS, Snapshot
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.rows import Rows
from sod_analyzer.model.settings import (
    ALIASES,
    AccountsFrom,
    Estate,
    Federation,
    FederationKey,
    GroupsFrom,
)

EXTRACTED = datetime(2026, 10, 30, 22, tzinfo=UTC)
PRODUCTS = {"hr": "hr", "ldap": "ldap", "k8s": "kubernetes"}
Cells = Mapping[str, object]


def batch(**tables: list[Cells]) -> Batch:
    """A batch of these rows; columns that a row does not name are null."""
    filled = {}
    for name, rows in tables.items():
        table = Rows(BATCH_TABLES[name])
        for row in rows:
            table.add(**row)
        filled[name] = table.table()
    return Batch(filled)


def source(source_id: str, **more: object) -> Cells:
    """A row of `sources` for a file that was read, in the system of its own name."""
    return {
        "source_id": source_id,
        "system": source_id,
        "importer": source_id,
        "kind": source_id,
        "path": f"{source_id}.txt",
        "status": "read",
        "unit": "line",
        "record_template": "line {record}",
        "extracted_at": EXTRACTED,
        "extracted_at_basis": "stated",
        **dict.fromkeys(("lines", "parsed", "loaded"), 1),
        **dict.fromkeys(("continued", "header", "blank", "rejected", "duplicate", "filtered"), 0),
    } | more


def person(employee_id: str, *, record: int = 1, **more: object) -> Cells:
    return {
        "identity": f"hr:{employee_id}",
        "name": f"Person {employee_id}",
        "employee_id": employee_id,
        "status": "active",
        "kind": "person",
        "source_id": "hr",
        "record": record,
    } | more


def account(name: str, /, *, record: int = 1, **more: object) -> Cells:
    system, _, login = name.partition(":")
    return {
        "account": name,
        "system": system,
        "login": login,
        "kind": "person",
        "source_id": system,
        "record": record,
    } | more


def role(name: str, /, *, record: int = 1, **more: object) -> Cells:
    system, _, rest = name.partition(":")
    return {
        "role": name,
        "system": system,
        "kind": "group",
        "name": rest.removeprefix("group/"),
        "source_id": system,
        "record": record,
    } | more


def right(name: str, /, **more: object) -> Cells:
    system, _, rest = name.partition(":")
    action, _, resource = rest.partition("@")
    return {
        "entitlement": name,
        "system": system,
        "action": action,
        "resource": resource,
        "mode": "alone",
        "wildcard": False,
    } | more


def grant(
    holder: tuple[str, str], target: tuple[str, str], *, record: int = 1, **more: object
) -> Cells:
    return {
        "holder_kind": holder[0],
        "holder": holder[1],
        "target_kind": target[0],
        "target": target[1],
        "kind": "member",
        "conditional": False,
        "eligible": False,
        "self_granted": False,
        "undecided": False,
        "source_id": holder[1].partition(":")[0],
        "record": record,
    } | more


def estate(
    *names: str,
    aliases: tuple[tuple[str, str], ...] = (),
    federated: bool = False,
    as_of: date | None = None,
) -> Estate:
    """The systems hr, ldap and k8s (or those named), with the configuration as a source."""
    systems = Rows(SYSTEMS)
    for line, name in enumerate(names or PRODUCTS, 1):
        systems.add(
            system=name,
            product=PRODUCTS.get(name, name),
            scope="in-scope",
            source_id="config",
            record=line,
        )
    table = Rows(ALIASES)
    for line, (name, employee_id) in enumerate(aliases, 2):
        table.add(account=name, employee_id=employee_id, source_id="aliases", record=line)
    documents = Rows(SOURCES)
    for name in ("config", "aliases"):
        documents.add(source_id=name, kind=name, path=name, record_template="line {record}")
    where = SourceRef("sod.yaml", 7)
    federation = Federation(
        (GroupsFrom("k8s", "ldap", "oidc:", where),),
        (AccountsFrom("k8s", "ldap", FederationKey.LOGIN, "oidc:", where),),
    )
    return Estate(
        "Northbank",
        systems.table(),
        aliases=table.table(),
        documents=documents.table(),
        federation=federation if federated else Federation(),
        as_of=as_of,
    )


def edges(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """Holder, kind and target of every grant, in the snapshot's order."""
    ids = snapshot.node_ids
    return [
        (ids[row["holder"]], row["kind"], ids[row["target"]])
        for row in snapshot["grants"].to_pylist()
    ]


def issue_kinds(snapshot: Snapshot) -> list[tuple[str, str | None, str]]:
    """Kind, subject and effect of every issue."""
    return [(row["kind"], row["subject"], row["hides"]) for row in snapshot["issues"].to_pylist()]
