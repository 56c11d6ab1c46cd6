"""Nodes and their codes, and rows for nodes that a grant names but no source describes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sod_analyzer.assemble.columns import Codes, Flags
from sod_analyzer.assemble.edges import Place
from sod_analyzer.assemble.intake import NODE_TABLES, Intake
from sod_analyzer.assemble.merge import MERGINGS
from sod_analyzer.model.access import (
    BATCH_TABLES,
    EVERY_ACTION,
    ISSUES,
    NODE_KINDS,
    NODES,
    WHOLE_SYSTEM,
    Hides,
    IdentityClass,
    NodeKind,
    Status,
)
from sod_analyzer.model.rows import Rows, shown


def complete(intake: Intake) -> pa.Table:
    """Adds a row for every id that an edge names and no row describes; an issue for each.

    The new row has what the id itself says, and the smallest record that names it.
    """
    known = {kind: _flagged(rows.used()) for kind, rows in intake.nodes.items()}
    places: dict[NodeKind, dict[int, Place]] = {}
    for edges in intake.edges.values():
        for kind, found in edges.undescribed(known).items():
            smallest = places.setdefault(kind, {})
            for number, place in found.items():
                if number not in smallest or _sortable(place) < _sortable(smallest[number]):
                    smallest[number] = place
    issues = Rows(ISSUES)
    for kind, found in places.items():
        rows = Rows(BATCH_TABLES[NODE_TABLES[kind]])
        names = intake.pools[kind].texts(np.array(list(found), dtype=np.intp)).to_pylist()
        for node, place in sorted(zip(names, found.values(), strict=True)):
            rows.add(**_minimal(kind, node, place))
            issues.add(
                kind="undefined-reference",
                system=node.partition(":")[0],
                subject=node,
                text=f"A grant names {kind} '{shown(node)}', which no source describes.",
                hides=str(Hides.UNKNOWN),
                source_id=place[0],
                record=place[1],
            )
        intake.nodes[kind].add(rows.table())
    return issues.table()


def _flagged(used: Flags) -> Codes:
    """0 for what is described, -1 for what is not."""
    return used.astype(np.int32) - np.int32(1)


def _sortable(place: Place) -> tuple[str, int]:
    return (place[0] or "", -1 if place[1] is None else place[1])


def _minimal(kind: NodeKind, node: str, place: Place) -> dict[str, str | int | bool | None]:
    system, _, native = node.partition(":")
    where: dict[str, str | int | bool | None] = {"source_id": place[0], "record": place[1]}
    if kind is NodeKind.IDENTITY:
        person = str(IdentityClass.PERSON)
        return where | {"identity": node, "kind": person, "status": str(Status.UNKNOWN)}
    if kind is NodeKind.ACCOUNT:
        person = str(IdentityClass.PERSON)
        return where | {"account": node, "system": system, "login": native, "kind": person}
    if kind is NodeKind.ROLE:
        return where | {"role": node, "system": system, "kind": "unknown", "name": native}
    action, _, resource = native.partition("@")
    gated = resource.endswith(" (with-approval)")
    return {
        "entitlement": node,
        "system": system,
        "action": action or EVERY_ACTION,
        "resource": resource.removesuffix(" (with-approval)") or WHOLE_SYSTEM,
        "mode": "with-approval" if gated else "alone",
        "wildcard": False,
    }


def node_table(nodes: Mapping[NodeKind, pa.Table]) -> tuple[pa.Table, Mapping[NodeKind, int]]:
    """The table of all nodes, and the code of the first one of each kind.

    `nodes` are sorted by id and have one row per id; the table shares their ids.
    """
    ids = {kind: nodes[kind].column(MERGINGS[kind].key) for kind in NODE_KINDS}
    first: dict[NodeKind, int] = {}
    count = 0
    for kind in NODE_KINDS:
        first[kind] = count
        count += len(ids[kind])
    kinds = np.repeat(
        np.arange(len(NODE_KINDS), dtype=np.int32), [len(ids[kind]) for kind in NODE_KINDS]
    )
    table = pa.Table.from_arrays(
        [
            pa.array(np.arange(count, dtype=np.int32)),
            pa.DictionaryArray.from_arrays(
                pa.array(kinds), pa.array([str(kind) for kind in NODE_KINDS])
            ),
            pa.chunked_array([chunk for kind in NODE_KINDS for chunk in ids[kind].chunks]),
        ],
        schema=NODES,
    )
    return table, first
