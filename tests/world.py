"""Small worlds for tests, and the snapshots that state them.

A world is plain Python, so that the oracle can read it without this package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from sod_analyzer.model.access import (
    NODE_KINDS,
    SNAPSHOT_TABLES,
    GrantKind,
    NodeKind,
    Snapshot,
)
from sod_analyzer.model.ruleset import (
    Counts,
    Duty,
    Rule,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Way,
)

TODAY = date(2026, 10, 31)
_KIND_OF = {
    "i": NodeKind.IDENTITY,
    "a": NodeKind.ACCOUNT,
    "r": NodeKind.ROLE,
    "e": NodeKind.ENTITLEMENT,
}


@dataclass(frozen=True)
class Edge:
    """`holder` and `target` are ids whose first letter tells the kind: i, a, r or e."""

    holder: str
    target: str
    becoming: bool = False
    conditional: bool = False
    eligible: bool = False
    self_granted: bool = False
    undecided: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    assumes: bool = False  # of becoming: not to control a login, but to step into a role


@dataclass(frozen=True)
class World:
    """Everything the engine is told."""

    systems: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    placements: Sequence[tuple[str, str, str, str | None]] = ()  # app, system, resource, env
    # id to system, action, resource, wildcard
    entitlements: Mapping[str, tuple[str, str, str, bool]] = field(default_factory=dict)
    edges: Sequence[Edge] = ()
    nodes: Sequence[str] = ()  # further nodes, without an edge
    disabled: frozenset[str] = frozenset()
    workloads: frozenset[str] = frozenset()

    def all_nodes(self) -> set[str]:
        named = {e.holder for e in self.edges} | {e.target for e in self.edges}
        return named | set(self.nodes) | set(self.entitlements)


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A snapshot table from rows that name only the columns they need."""
    schema = SNAPSHOT_TABLES[name]
    return pa.table({c: [row.get(c) for row in rows] for c in schema.names}, schema=schema)


def snapshot_of(world: World) -> Snapshot:
    """The world as a snapshot; one source "s", one record per edge in the order given."""
    order = {kind: n for n, kind in enumerate(NODE_KINDS)}
    nodes = sorted(world.all_nodes(), key=lambda n: (order[_KIND_OF[n[0]]], n))
    code = {node: n for n, node in enumerate(nodes)}
    by_kind = {kind: [n for n in nodes if _KIND_OF[n[0]] is kind] for kind in NODE_KINDS}
    grants = sorted(
        (
            {
                "holder": code[edge.holder],
                "target": code[edge.target],
                "kind": str(_grant_kind(edge)),
                "conditional": edge.conditional,
                "eligible": edge.eligible,
                "self_granted": edge.self_granted,
                "undecided": edge.undecided,
                "valid_from": edge.valid_from,
                "valid_until": edge.valid_until,
                "source_id": "s",
                "record": n,
            }
            for n, edge in enumerate(world.edges)
        ),
        key=lambda g: (g["holder"], g["target"], g["kind"], g["record"]),
    )
    tables = {name: schema.empty_table() for name, schema in SNAPSHOT_TABLES.items()}
    tables["systems"] = table(
        "systems",
        [
            {"system": name, "product": product, "environment": env, "scope": "in-scope"}
            for name, (product, env) in sorted(world.systems.items())
        ],
    )
    tables["nodes"] = table(
        "nodes", [{"code": code[n], "kind": str(_KIND_OF[n[0]]), "id": n} for n in nodes]
    )
    tables["identities"] = table(
        "identities",
        [
            {
                "identity": n,
                "name": n,
                "status": "active",
                "kind": "workload" if n in world.workloads else "person",
            }
            for n in by_kind[NodeKind.IDENTITY]
        ],
    )
    tables["accounts"] = table(
        "accounts",
        [
            {"account": n, "login": n, "enabled": n not in world.disabled, "kind": "person"}
            for n in by_kind[NodeKind.ACCOUNT]
        ],
    )
    tables["roles"] = table("roles", [{"role": n, "name": n} for n in by_kind[NodeKind.ROLE]])
    tables["entitlements"] = table(
        "entitlements",
        [
            {
                "entitlement": n,
                "system": world.entitlements[n][0],
                "action": world.entitlements[n][1],
                "resource": world.entitlements[n][2],
                "wildcard": world.entitlements[n][3],
                "mode": "alone",
            }
            for n in by_kind[NodeKind.ENTITLEMENT]
        ],
    )
    tables["grants"] = table("grants", grants)
    tables["applications"] = table(
        "applications",
        [{"application": app} for app in sorted({p[0] for p in world.placements})],
    )
    tables["placements"] = table(
        "placements",
        [
            {"application": app, "system": system, "resource": resource, "environment": env}
            for app, system, resource, env in world.placements
        ],
    )
    tables["sources"] = table("sources", [{"source_id": "s", "path": "s.csv", "status": "read"}])
    return Snapshot(tables, TODAY, "world", "")


def _grant_kind(edge: Edge) -> GrantKind:
    if edge.becoming and edge.assumes:
        return GrantKind.ASSUMES
    if edge.becoming:
        return GrantKind.HOLDS if edge.holder[0] == "i" else GrantKind.CONTROLS
    return GrantKind.MEMBER if edge.target[0] != "e" else GrantKind.CONTAINS


def duty(name: str, *ways: Sequence[Selector]) -> Duty:
    """A duty of some ways, each a sequence of parts."""
    return Duty(name, name, tuple(Way(tuple(way)) for way in ways))


def rule(
    name: str,
    *duties: str,
    count: int | None = None,
    scope: ScopeKind = ScopeKind.APPLICATION,
    counts: Counts | None = None,
) -> Rule:
    """A rule over all of the duties, or `count` of them."""
    return Rule(
        name,
        name.lower(),
        name,
        duties,
        len(duties) if count is None else count,
        scope,
        Severity.HIGH,
        "why",
        counts=counts or Counts(),
    )


def ruleset(duties: Sequence[Duty], rules: Sequence[Rule]) -> Ruleset:
    """A ruleset of these."""
    return Ruleset("test", "1", "Test", "me", tuple(duties), tuple(rules), "d", "test.yaml")
