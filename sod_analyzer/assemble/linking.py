"""Accounts tied to people: the links as a table, and the edges that they mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import (
    Codes,
    canonical,
    flags,
    picked,
    sorted_rows,
    take,
    whole,
)
from sod_analyzer.assemble.edges import Edges
from sod_analyzer.assemble.ids import Ids
from sod_analyzer.assemble.merge import MERGINGS
from sod_analyzer.identity.link import LinkResult
from sod_analyzer.identity.tables import plain_holds, plain_links, plain_rests
from sod_analyzer.model.access import LINKS, MatchMethod, NodeKind

#: Links that become edges at a time: in columns they are much larger than as edges.
_BLOCK = 2**18
#: In the order of their words, as links of one account and person are sorted.
_METHODS = tuple(sorted((MatchMethod.EMAIL, MatchMethod.EMPLOYEE_ID)))


def add_edges(
    edges: Mapping[str, Edges],
    linked: LinkResult,
    *,
    nodes: Mapping[NodeKind, pa.Table],
    first: Mapping[NodeKind, int],
    rank: Codes,
) -> None:
    """Adds the `holds` edges and their records to the edges of the batches.

    `nodes` are all nodes, `first` has the first code of each kind, and `rank` the final place of
    each person that was linked.
    """
    everyone = linked.plain
    for begin in range(0, len(everyone.easy), _BLOCK):
        plain = everyone.slice(begin, begin + _BLOCK)
        holder = rank[plain.person] + np.int32(first[NodeKind.IDENTITY])
        target = (plain.easy + first[NodeKind.ACCOUNT]).astype(np.int32)
        edges["grants"].add_coded(holder, target, plain_holds(plain, linked.accounts))
        stated, rests = plain_rests(plain, linked.people)
        edges["derivations"].add_coded(holder[stated], target[stated], rests)
    add_named(edges["grants"], linked.hard_grants, nodes=nodes, first=first)
    add_named(edges["derivations"], linked.hard_derivations, nodes=nodes, first=first)


def add_named(
    edges: Edges,
    table: pa.Table,
    *,
    nodes: Mapping[NodeKind, pa.Table],
    first: Mapping[NodeKind, int],
) -> None:
    """Adds rows of a batch table, all of whose ends are nodes, when ids have no numbers any more.

    Cost: a pass over the ids of the nodes of every kind that is named.

    Raises:
        ValueError: an end is no node.
    """
    codes = []
    for end in ("holder", "target"):
        kinds, names = table.column(f"{end}_kind"), table.column(end)
        found = np.full(table.num_rows, -1, dtype=np.int32)
        for kind in nodes if table.num_rows else ():
            rows = np.flatnonzero(flags(pc.equal(kinds, str(kind))))
            if len(rows):
                named = names.take(pa.array(rows)).cast(pa.string())
                known = _rows(named, nodes[kind].column(MERGINGS[kind].key))
                found[rows] = np.where(known < 0, known, known + np.int32(first[kind]))
        if len(found) and found.min() < 0:
            raise ValueError(f"an edge has a {end} that is no node")
        codes.append(found)
    ends = ["holder_kind", "holder", "target_kind", "target"]
    edges.add_coded(codes[0], codes[1], table.drop_columns(ends))


def link_table(linked: LinkResult, identities: pa.Table) -> pa.Table:
    """All links in canonical order: by account, identity and method.

    `identities` is the final table, in whose order links come.
    """
    hard = linked.hard_links
    accounts = linked.accounts.column("account")
    known = {
        "account": _rows(hard.column("account"), accounts).astype(np.int64),
        "identity": _rows(hard.column("identity"), identities.column("identity")).astype(np.int64),
    }
    hard = canonical(hard, first=("account", "identity", "method"), known=known)
    easy = [plain_links(linked.plain, method) for method in _METHODS]
    # An account is easy or hard, never both, and an easy one is one person's: so each lot is in
    # order, and all are once accounts are, if none is moved past another of its account.
    lots = [each.account for each in easy]
    account = np.concatenate([*lots, _rows(hard.column("account"), accounts)])
    rest = hard.drop_columns("account")
    table = pa.concat_tables([*(each.table(linked.people) for each in easy), rest])
    if (np.diff(account) < 0).any():
        order, account = sorted_rows(account)
        table = take(table, order)
    # Most accounts have one link: then their ids stand there as they are.
    return table.add_column(0, LINKS.field("account"), picked(accounts, account))


def _rows(names: pa.ChunkedArray, among: pa.ChunkedArray) -> Codes:
    """The rows in which these few names stand in a long column; -1 for null."""
    few = Ids()
    numbers = few.of(whole(names))
    return np.append(few.rows_in(among), np.int32(-1))[numbers]
