"""Batches of all sources, and what the configuration says, to one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.checks import check_sources, check_systems, day_of, undeclared_sources
from sod_analyzer.assemble.columns import canonical, spelled, worded
from sod_analyzer.assemble.merge import MERGINGS, merge
from sod_analyzer.assemble.nodes import NODE_TABLES, Codes, code, complete
from sod_analyzer.identity import federate, link
from sod_analyzer.model.access import (
    DERIVATIONS,
    GRANTS,
    SNAPSHOT_TABLES,
    GrantKind,
    IdentityClass,
    NodeKind,
    Snapshot,
)
from sod_analyzer.model.batch import Batch, join_batches
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.model.settings import Estate

__all__ = ["assemble"]

#: Edges are sorted by their ends and then by their records, so that the first row of an edge
#: states it in the smallest record.
_GRANT_ORDER = ("holder", "target", "kind", "part", "source_id", "record")


def assemble(batches: Iterable[Batch], estate: Estate) -> Snapshot:
    """The snapshot of everything that was read.

    Rows that describe one node are merged; rows that are equal in every column count once. The
    order of batches and rows changes nothing. A grant to something that no source describes
    stays, with a node made for it and an issue.

    Cost: a few sorts of every table; linking goes through accounts one by one.

    Errs: see `merge.MERGINGS` for records that contradict each other: access is kept.

    Raises:
        ConfigError: rows or federations name systems that are not declared, or no day is known.
        InputError: two different descriptions of one source.
    """
    tables = {name: spelled(table) for name, table in join_batches(tuple(batches)).items()}
    check_systems(tables, estate)
    as_of = day_of(estate, tables["sources"])
    tables["sources"] = canonical(pa.concat_tables([tables["sources"], estate.documents]))
    check_sources(tables["sources"])
    issues = [tables["issues"]]
    nodes: dict[NodeKind, pa.Table] = {}
    for kind, name in NODE_TABLES.items():
        nodes[kind], clashes = merge(tables[name], MERGINGS[kind])
        issues.append(clashes)
    described, strange = complete(nodes, (tables["grants"], tables["derivations"]))
    issues.append(strange)
    linked = _link(described, tables["grants"], estate)
    issues += linked["issues"]
    everyone = pa.concat_tables([described[NodeKind.IDENTITY], *linked["identities"]])
    described = {
        **described,
        NodeKind.IDENTITY: merge(everyone, MERGINGS[NodeKind.IDENTITY])[0],
    }
    codes = code(described)
    grants = pa.concat_tables([tables["grants"], *linked["grants"]])
    derivations = pa.concat_tables([tables["derivations"], *linked["derivations"]])
    result = {
        "systems": canonical(estate.systems),
        "sources": tables["sources"],
        "nodes": codes.nodes,
        **{name: described[kind] for kind, name in NODE_TABLES.items()},
        "grants": _coded(grants, codes, GRANTS),
        "derivations": _coded(derivations, codes, DERIVATIONS),
        "links": _sorted_links(pa.concat_tables(linked["links"]), described),
        "applications": canonical(estate.applications),
        "placements": canonical(estate.placements),
    }
    issues.append(undeclared_sources(result))
    result["issues"] = canonical(pa.concat_tables(issues))
    ordered = {name: worded(result[name], schema) for name, schema in SNAPSHOT_TABLES.items()}
    return Snapshot(ordered, as_of, estate.name, tables_digest(ordered, as_of=as_of))


def _link(
    nodes: Mapping[NodeKind, pa.Table], grants: pa.Table, estate: Estate
) -> dict[str, list[pa.Table]]:
    """What identity and federation add, by table."""
    accounts = nodes[NodeKind.ACCOUNT]
    federated = federate(
        accounts,
        nodes[NodeKind.ROLE],
        grants,
        systems=estate.systems,
        federation=estate.federation,
    )
    found = link(
        accounts,
        nodes[NodeKind.IDENTITY],
        aliases=estate.aliases,
        federated=federated,
        shared_known=_shared_known(accounts, grants),
    )
    return {
        "links": [spelled(found.links)],
        "identities": [spelled(found.identities)],
        "grants": [spelled(federated.grants), spelled(found.grants)],
        "derivations": [spelled(found.derivations)],
        "issues": [federated.issues, found.issues],
    }


def _sorted_links(links: pa.Table, nodes: Mapping[NodeKind, pa.Table]) -> pa.Table:
    """Links in canonical order; account and identity sort by their rows, which are in order."""
    known = {
        name: pc.index_in(links.column(name), value_set=nodes[kind].column(name).combine_chunks())
        .fill_null(-1)
        .to_numpy()
        .astype(np.int64)
        for name, kind in (("account", NodeKind.ACCOUNT), ("identity", NodeKind.IDENTITY))
    }
    return canonical(links, first=("account", "identity", "method"), known=known)


def _shared_known(accounts: pa.Table, grants: pa.Table) -> frozenset[str]:
    """The shared accounts that some grant lets a person use or control."""
    shared = accounts.filter(pc.equal(accounts.column("kind"), str(IdentityClass.SHARED)))
    reaching = pa.array([str(GrantKind.USES), str(GrantKind.CONTROLS), str(GrantKind.HOLDS)])
    reached = grants.filter(pc.is_in(grants.column("kind"), value_set=reaching)).column("target")
    return frozenset(shared.column("account").to_pylist()).intersection(
        pc.unique(reached).to_pylist()
    )


def _coded(table: pa.Table, codes: Codes, schema: pa.Schema) -> pa.Table:
    """An edge table with codes for ids, in canonical order."""
    holder = codes.of(table.column("holder_kind"), table.column("holder"))
    target = codes.of(table.column("target_kind"), table.column("target"))
    ends = [pa.array(holder.astype(np.int32)), pa.array(target.astype(np.int32))]
    rest = [table.column(name) for name in schema.names[2:]]
    coded = pa.Table.from_arrays([*ends, *rest], names=schema.names)
    ends_first = [name for name in _GRANT_ORDER if name in schema.names]
    return canonical(coded, first=ends_first, known={"holder": holder, "target": target})
