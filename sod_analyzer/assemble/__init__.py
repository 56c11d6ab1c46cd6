"""Batches of all sources, and what the configuration says, to one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.checks import check_sources, check_systems, day_of, undeclared_sources
from sod_analyzer.assemble.columns import Codes, canonical, flags, text_ranks, worded
from sod_analyzer.assemble.intake import NODE_TABLES, Intake
from sod_analyzer.assemble.linking import add_edges, add_named, link_table
from sod_analyzer.assemble.merge import MERGINGS, merge
from sod_analyzer.assemble.nodes import complete, node_table
from sod_analyzer.assemble.rights import with_rights
from sod_analyzer.assemble.together import with_those_of_several
from sod_analyzer.identity import Federated, LinkResult, federate, link, needs_members
from sod_analyzer.model.access import (
    SNAPSHOT_TABLES,
    GrantKind,
    IdentityClass,
    NodeKind,
    Snapshot,
)
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.digest import tables_digest
from sod_analyzer.model.memory import give_back
from sod_analyzer.model.settings import Estate

__all__ = ["assemble"]

#: Kinds of grants that say who uses a shared account.
_REACHING = frozenset({str(GrantKind.USES), str(GrantKind.CONTROLS), str(GrantKind.HOLDS)})


def assemble(batches: Iterable[Batch], estate: Estate) -> Snapshot:
    """The snapshot of everything that was read.

    Rows that describe one node are merged; rows that are equal in every column count once. The
    order of batches and rows changes nothing. A grant to something that no source describes
    stays, with a node made for it and an issue.

    Cost: a hash table of all ids, a sort of each kind's ids, a sort of the edges as integers; a
    batch may be let go of once the next one is asked for. Linking goes one by one through the
    accounts that are not beyond doubt.

    Errs: see `merge.MERGINGS` for records that contradict each other: access is kept.

    Raises:
        ConfigError: rows or federations name systems that are not declared, or no day is known.
        InputError: two different descriptions of one source.
    """
    intake = Intake(with_rights(batches))
    check_systems(intake, estate)
    as_of = day_of(estate, intake.sources)
    sources = canonical(pa.concat_tables([intake.sources, estate.documents]))
    check_sources(sources)
    issues = [intake.issues, complete(intake)]
    nodes, clashes = _described(intake)
    federated = _federate(nodes, intake, estate)
    linked = link(
        nodes[NodeKind.ACCOUNT],
        nodes[NodeKind.IDENTITY],
        aliases=estate.aliases,
        federated=federated,
        shared_known=_shared_known(nodes[NodeKind.ACCOUNT], intake),
    )
    give_back()
    issues += [*clashes, federated.issues, linked.issues]
    nodes[NodeKind.IDENTITY], rank = _everyone(linked)
    tables = {
        "systems": canonical(estate.systems),
        "sources": sources,
        **{name: nodes[kind] for kind, name in NODE_TABLES.items()},
        "links": link_table(linked, nodes[NodeKind.IDENTITY]),
        "applications": canonical(estate.applications),
        "placements": canonical(estate.placements),
        "policies": canonical(intake.policies),
    }
    tables["nodes"], first = node_table(nodes)
    add_named(intake.edges["grants"], federated.grants, nodes=nodes, first=first)
    add_edges(intake.edges, linked, nodes=nodes, first=first, rank=rank)
    codes = {kind: each.codes(nodes[kind], first[kind]) for kind, each in intake.nodes.items()}
    del linked, federated, nodes, rank
    intake.settle()
    # Taken out one by one: a table and what becomes of it need not both be kept.
    ordered = {name: worded(tables.pop(name), SNAPSHOT_TABLES[name]) for name in list(tables)}
    ordered |= {name: edges.table(codes) for name, edges in intake.edges.items()}
    ordered = with_those_of_several(ordered, as_of=as_of)
    del codes
    give_back()
    issues.append(undeclared_sources(ordered))
    ordered["issues"] = canonical(pa.concat_tables(issues))
    ordered = {name: ordered[name] for name in SNAPSHOT_TABLES}
    digest = tables_digest(ordered, as_of=as_of)
    give_back()
    return Snapshot(ordered, as_of, estate.name, digest)


def _described(intake: Intake) -> tuple[dict[NodeKind, pa.Table], list[pa.Table]]:
    """The nodes of each kind, one row each, in the order of their ids; and issues."""
    nodes: dict[NodeKind, pa.Table] = {}
    issues = []
    intake.order()
    for kind, described in intake.nodes.items():
        table, keys = described.rows()
        nodes[kind], clashes = merge(table, keys, MERGINGS[kind])
        issues.append(clashes)
        del table, keys
        give_back()
    return nodes, issues


def _federate(nodes: Mapping[NodeKind, pa.Table], intake: Intake, estate: Estate) -> Federated:
    filled: frozenset[str] = frozenset()
    if needs_members(estate.systems, estate.federation):
        holders = (NodeKind.ACCOUNT, NodeKind.ROLE)
        rows = intake.nodes[NodeKind.ROLE].named(
            intake.edges["grants"].targets(of=NodeKind.ROLE, holders=holders)
        )
        filled = frozenset(nodes[NodeKind.ROLE].column("role").take(pa.array(rows)).to_pylist())
    return federate(
        nodes[NodeKind.ACCOUNT],
        nodes[NodeKind.ROLE],
        filled=filled,
        systems=estate.systems,
        federation=estate.federation,
    )


def _shared_known(accounts: pa.Table, intake: Intake) -> frozenset[str]:
    """The shared accounts that some grant lets a person use or control."""
    shared = flags(pc.equal(accounts.column("kind"), str(IdentityClass.SHARED)))
    if not shared.any():
        return frozenset()
    reached = np.zeros(len(shared), dtype=np.bool_)
    reached[
        intake.nodes[NodeKind.ACCOUNT].named(intake.edges["grants"].targets(kinds=_REACHING))
    ] = True
    return frozenset(accounts.column("account").filter(pa.array(shared & reached)).to_pylist())


def _everyone(linked: LinkResult) -> tuple[pa.Table, Codes]:
    """All identities in order, those of accounts included; and where each person went."""
    count = linked.people.num_rows
    if not linked.identities.num_rows:
        return linked.people, np.arange(count, dtype=np.int32)
    table = pa.concat_tables([linked.people, linked.identities])
    keys = text_ranks(table.column("identity"))
    return merge(table, keys, MERGINGS[NodeKind.IDENTITY])[0], keys[:count]
