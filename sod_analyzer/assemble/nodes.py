"""Nodes and their codes, and rows for nodes that a grant names but no source describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import Numbers, spelled, take
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

#: Table of each kind of node, by its name in a batch.
NODE_TABLES: Mapping[NodeKind, str] = {
    NodeKind.IDENTITY: "identities",
    NodeKind.ACCOUNT: "accounts",
    NodeKind.ROLE: "roles",
    NodeKind.ENTITLEMENT: "entitlements",
}
_ENDS = (("holder_kind", "holder"), ("target_kind", "target"))


def complete(
    tables: Mapping[NodeKind, pa.Table], edges: Sequence[pa.Table]
) -> tuple[Mapping[NodeKind, pa.Table], pa.Table]:
    """The node tables with a row for every id that an edge names, and an issue for each new one.

    `edges` are batch tables with holder and target. The new row has what the id itself says, and
    the smallest record that names it.
    """
    found = dict(tables)
    issues = Rows(ISSUES)
    for kind in NODE_KINDS:
        key = MERGINGS[kind].key
        known = tables[kind].column(key).combine_chunks()
        unknown = _undescribed(kind, known, edges)
        if not unknown:
            continue
        rows = Rows(BATCH_TABLES[NODE_TABLES[kind]])
        for node, place in sorted(unknown.items()):
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
        both = pa.concat_tables([tables[kind], spelled(rows.table())])
        found[kind] = take(both, pc.sort_indices(both.column(key)).to_numpy())
    return found, issues.table()


def _undescribed(
    kind: NodeKind, known: pa.Array, edges: Sequence[pa.Table]
) -> dict[str, tuple[str | None, int | None]]:
    """Ids of a kind that edges name and `known` lacks, with the smallest record naming them."""
    places: dict[str, tuple[str | None, int | None]] = {}
    ends = [
        (table, name, pc.equal(table.column(kinds), str(kind)))
        for table in edges
        for kinds, name in _ENDS
    ]
    named = [table.column(name).filter(of_kind) for table, name, of_kind in ends]
    distinct = pc.unique(pa.chunked_array([c for ids in named for c in ids.chunks], pa.string()))
    strange = distinct.filter(pc.invert(pc.is_in(distinct, value_set=known)))
    if not len(strange):
        return places
    for table, name, of_kind in ends:
        rows = table.filter(of_kind)
        rows = rows.filter(pc.is_in(rows.column(name), value_set=strange))
        for node, source_id, record in zip(
            rows.column(name).to_pylist(),
            rows.column("source_id").to_pylist(),
            rows.column("record").to_pylist(),
            strict=True,
        ):
            place = (source_id, record)
            if node not in places or _sortable(place) < _sortable(places[node]):
                places[node] = place
    return places


def _sortable(place: tuple[str | None, int | None]) -> tuple[str, int]:
    return (place[0] or "", -1 if place[1] is None else place[1])


def _minimal(
    kind: NodeKind, node: str, place: tuple[str | None, int | None]
) -> dict[str, str | int | bool | None]:
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


@dataclass(frozen=True)
class Codes:
    """The nodes, and the code of any id."""

    nodes: pa.Table  # NODES
    _ids: Mapping[NodeKind, pa.Array]
    _first: Mapping[NodeKind, int]

    def of(self, kinds: pa.ChunkedArray, ids: pa.ChunkedArray) -> Numbers:
        """The codes of ids of these kinds, all of which are nodes."""
        codes = np.full(len(ids), -1, dtype=np.int64)
        for kind, known in self._ids.items():
            of_kind = pc.equal(kinds, str(kind))
            rows = np.flatnonzero(of_kind.to_numpy())
            if len(rows):
                wanted = ids if len(rows) == len(ids) else ids.filter(of_kind)
                place = pc.index_in(wanted, value_set=known).fill_null(-(2**31))
                codes[rows] = self._first[kind] + place.to_numpy()
        if len(codes) and codes.min() < 0:
            raise ValueError(f"a grant has an end of no known kind: {NODE_KINDS}")
        return codes


def code(tables: Mapping[NodeKind, pa.Table]) -> Codes:
    """Codes for the rows of the node tables, which are sorted by id and have one row per id."""
    ids = {kind: tables[kind].column(MERGINGS[kind].key).combine_chunks() for kind in NODE_KINDS}
    first: dict[NodeKind, int] = {}
    count = 0
    for kind in NODE_KINDS:
        first[kind] = count
        count += len(ids[kind])
    nodes = pa.Table.from_arrays(
        [
            pa.array(np.arange(count, dtype=np.int32)),
            pa.concat_arrays([pa.repeat(str(kind), len(ids[kind])) for kind in NODE_KINDS]),
            pa.concat_arrays([ids[kind] for kind in NODE_KINDS]),
        ],
        schema=NODES,
    )
    return Codes(nodes, ids, first)
