"""Edits of a snapshot: a grant taken away, or one given, as somebody would do it in the source.

An edit is written `HOLDER > TARGET`. Both are node ids, or names that only one node has; the target
of a new grant may also be a right that nobody has yet, written `SYSTEM ACTION RESOURCE`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import Problem, QueryError, near
from sod_analyzer.explain.names import Names
from sod_analyzer.model.access import (
    EVERY_ACTION,
    SNAPSHOT_TABLES,
    GrantKind,
    NodeKind,
    Snapshot,
)

#: Source that grants of an edit name: no file states them.
WHAT_IF = "what-if"

_ARROW = " > "
_RIGHT_WORDS = 3
_ARTICLES: Mapping[NodeKind, str] = {
    NodeKind.IDENTITY: "an identity",
    NodeKind.ACCOUNT: "an account",
    NodeKind.ROLE: "a role",
    NodeKind.ENTITLEMENT: "a right",
}
#: How a new grant between two kinds of node is read.
_KIND_OF: Mapping[tuple[NodeKind, NodeKind], GrantKind] = {
    (NodeKind.IDENTITY, NodeKind.ACCOUNT): GrantKind.HOLDS,
    (NodeKind.ACCOUNT, NodeKind.ACCOUNT): GrantKind.CONTROLS,
    (NodeKind.ACCOUNT, NodeKind.ROLE): GrantKind.MEMBER,
    (NodeKind.ACCOUNT, NodeKind.ENTITLEMENT): GrantKind.ASSIGNED,
    (NodeKind.ROLE, NodeKind.ROLE): GrantKind.MEMBER,
    (NodeKind.ROLE, NodeKind.ENTITLEMENT): GrantKind.CONTAINS,
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One grant to take away or to give."""

    add: bool
    holder: str  # node id
    target: str  # node id; of a right that nobody has yet, the id it would have
    holder_kind: NodeKind
    target_kind: NodeKind
    right: tuple[str, str, str] | None = None  # system, action, resource of a right that is new

    def __str__(self) -> str:
        return f"{'add' if self.add else 'remove'} {self.holder}{_ARROW}{self.target}"


def find_edit(snapshot: Snapshot, names: Names, text: str, *, add: bool) -> Edit:
    """The edit that a text means.

    Raises:
        QueryError: it has no arrow, a name is nobody's or several nodes', the grant to take away
            does not exist, or the grant to give exists already or cannot be.
    """
    problems: list[Problem] = []
    # An id may have the arrow in it, so every split that could be meant is tried.
    splits = [
        (text[:at].strip(), text[at + len(_ARROW) :].strip())
        for at in range(len(text))
        if text.startswith(_ARROW, at)
    ]
    if not splits:
        raise QueryError(f"'{text}' must be 'HOLDER > TARGET'")
    for left, right in splits:
        try:
            return _edit(snapshot, names, left, right, add=add)
        except QueryError as error:
            problems += error.problems
    raise QueryError(problems)


def _edit(snapshot: Snapshot, names: Names, left: str, right: str, *, add: bool) -> Edit:
    """The first edit that can be made of what the two texts may mean; else what is wrong."""
    holders = _nodes(snapshot, names, left, (NodeKind.IDENTITY, NodeKind.ACCOUNT, NodeKind.ROLE))
    problems: list[Problem] = []
    for edit in _meanings(snapshot, names, holders, right, add=add):
        try:
            _check(snapshot, edit)
        except QueryError as error:
            problems += error.problems
        else:
            return edit
    raise QueryError(problems[:1])


def _meanings(
    snapshot: Snapshot, names: Names, holders: Sequence[int], right: str, *, add: bool
) -> list[Edit]:
    new = _new_right(snapshot, right) if add else None
    if new is None:
        kinds = (NodeKind.ACCOUNT, NodeKind.ROLE, NodeKind.ENTITLEMENT)
        targets = _nodes(snapshot, names, right, kinds)
        return [
            _of(snapshot, holder, snapshot.node_ids[t], snapshot.kind_of(t), add=add)
            for holder in holders
            for t in targets
        ]
    target, parts = new
    known = (NodeKind.ENTITLEMENT, target) in snapshot.codes
    edits = [_of(snapshot, h, target, NodeKind.ENTITLEMENT, add=add) for h in holders]
    return edits if known else [replace(edit, right=parts) for edit in edits]


def _of(snapshot: Snapshot, holder: int, target: str, kind: NodeKind, *, add: bool) -> Edit:
    return Edit(add, snapshot.node_ids[holder], target, snapshot.kind_of(holder), kind)


def _check(snapshot: Snapshot, edit: Edit) -> None:
    pair = (edit.holder_kind, edit.target_kind)
    if edit.add and pair not in _KIND_OF:
        raise QueryError(
            f"{edit.holder}, {_ARTICLES[edit.holder_kind]}, cannot be given {edit.target}, "
            f"{_ARTICLES[edit.target_kind]}; name one of the person's accounts"
        )
    exists = edit.right is None and bool(_rows_of(snapshot, edit).any())
    if not edit.add and not exists:
        had = _targets(snapshot, edit)
        raise QueryError(f"nothing gives {edit.holder} {edit.target}{near(edit.target, had)}")
    if edit.add and exists:
        raise QueryError(f"{edit.holder} has {edit.target} already")


def _nodes(
    snapshot: Snapshot, names: Names, text: str, kinds: Sequence[NodeKind]
) -> tuple[int, ...]:
    """What a text names: every node with this id, else the one node with this name.

    An account that nobody could be found for shares its id with the identity it is assessed as.
    """
    exact = [snapshot.codes[kind, text] for kind in kinds if (kind, text) in snapshot.codes]
    if exact:
        return tuple(exact)
    wanted = text.casefold()
    found = [
        code
        for kind in kinds
        for code in snapshot.ranges[kind]
        if names.name(code).casefold() == wanted
    ]
    if len(found) == 1:
        return (found[0],)
    if found:
        several = "; ".join(snapshot.node_ids[code] for code in found[:5])
        raise QueryError(f"'{text}' could be several: {several}; name one by id")
    known = [snapshot.node_ids[c] for kind in kinds for c in snapshot.ranges[kind]]
    raise QueryError(f"nothing is called '{text}'{near(text, known)}")


def _new_right(snapshot: Snapshot, text: str) -> tuple[str, tuple[str, str, str]] | None:
    """A right written in words, and the id of its node."""
    if any((kind, text) in snapshot.codes for kind in NodeKind):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    systems = set(snapshot["systems"].column("system").to_pylist())
    if len(words) != _RIGHT_WORDS or words[0] not in systems:
        return None
    system, action, resource = words
    return f"{system}:{action}@{resource}", (system, action, resource)


def _targets(snapshot: Snapshot, edit: Edit) -> list[str]:
    holder = snapshot.codes[edit.holder_kind, edit.holder]
    grants = snapshot["grants"]
    mine = pc.equal(grants.column("holder"), pa.scalar(holder, pa.int32()))
    return [snapshot.node_ids[t] for t in grants.filter(mine).column("target").to_pylist()]


def _rows_of(snapshot: Snapshot, edit: Edit) -> np.ndarray:
    """Which rows of the grants table state the edit's grant."""
    holder = snapshot.codes[edit.holder_kind, edit.holder]
    target = snapshot.codes[edit.target_kind, edit.target]
    grants = snapshot["grants"]
    return np.asarray(
        (grants.column("holder").to_numpy() == holder)
        & (grants.column("target").to_numpy() == target)
    )


def apply_edits(snapshot: Snapshot, edits: Iterable[Edit]) -> Snapshot:
    """The snapshot as it would be; the one given stays as it is.

    Cost: one pass over the grants per edit, and one over everything for rights that are new.
    """
    edits = list(edits)
    for edit in edits:
        if not edit.add:
            snapshot = _removed(snapshot, edit)
    fresh = {edit.target: edit.right for edit in edits if edit.add and edit.right is not None}
    snapshot = _with_rights(snapshot, fresh)
    added = [_grant(snapshot, edit, n) for n, edit in enumerate(edits, start=1) if edit.add]
    if not added:
        return snapshot
    schema = SNAPSHOT_TABLES["grants"]
    grants = pa.concat_tables([snapshot["grants"], pa.Table.from_pylist(added, schema=schema)])
    names = ("holder", "target", "kind", "source_id", "record")
    # Arrow sorts no dictionaries, whose order would say nothing either.
    keys = grants.select(names).set_column(2, "kind", grants.column("kind").cast(pa.string()))
    keys = keys.set_column(3, "source_id", grants.column("source_id").cast(pa.string()))
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in names])
    return _with(snapshot, grants=grants.take(order))


def _with(snapshot: Snapshot, **tables: pa.Table) -> Snapshot:
    # The digest names the snapshot that was edited: nothing of this is ever stored.
    return replace(snapshot, tables={**snapshot.tables, **tables})


def _removed(snapshot: Snapshot, edit: Edit) -> Snapshot:
    stays = ~_rows_of(snapshot, edit)
    return _with(snapshot, grants=snapshot["grants"].filter(pa.array(stays)))


def _grant(snapshot: Snapshot, edit: Edit, record: int) -> dict[str, Any]:
    kind = _KIND_OF[edit.holder_kind, edit.target_kind]
    return {
        "holder": snapshot.codes[edit.holder_kind, edit.holder],
        "target": snapshot.codes[edit.target_kind, edit.target],
        "kind": str(kind),
        **dict.fromkeys(("conditional", "eligible", "self_granted", "undecided"), False),
        "source_id": WHAT_IF,
        "record": record,
    }


def _with_rights(snapshot: Snapshot, fresh: Mapping[str, tuple[str, str, str] | None]) -> Snapshot:
    """The snapshot with further entitlements; codes move up to make room for them."""
    rows = [
        {
            "entitlement": node,
            "system": parts[0],
            "action": parts[1],
            "resource": parts[2],
            "mode": "alone",
            "wildcard": EVERY_ACTION in parts[1],
        }
        for node, parts in sorted(fresh.items())
        if parts is not None
    ]
    if not rows:
        return snapshot
    first = snapshot.ranges[NodeKind.ENTITLEMENT].start
    ids = sorted([*snapshot.node_ids[first:], *(n for n, parts in fresh.items() if parts)])
    place = {node: first + n for n, node in enumerate(ids)}
    moved = np.array(
        [*range(first), *(place[node] for node in snapshot.node_ids[first:])], dtype=np.int32
    )
    nodes = snapshot["nodes"].slice(0, first).to_pylist() + [
        {"code": place[node], "kind": str(NodeKind.ENTITLEMENT), "id": node} for node in ids
    ]
    tables = {
        "nodes": pa.Table.from_pylist(nodes, schema=SNAPSHOT_TABLES["nodes"]),
        "entitlements": pa.concat_tables(
            [
                snapshot["entitlements"],
                pa.Table.from_pylist(rows, schema=SNAPSHOT_TABLES["entitlements"]),
            ]
        ).sort_by("entitlement"),
    }
    for name in ("grants", "derivations"):
        table = snapshot[name]
        for column in ("holder", "target"):
            codes = pa.array(moved[table.column(column).to_numpy()], pa.int32())
            table = table.set_column(table.schema.get_field_index(column), column, codes)
        tables[name] = table
    return _with(snapshot, **tables)
