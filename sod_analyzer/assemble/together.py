"""Roles that somebody has by having several others: known once all memberships are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import (
    ADDING,
    GRANTS,
    NODE_KINDS,
    TOGETHER,
    GrantKind,
    NodeKind,
)

_Codes = npt.NDArray[np.int64]
_Bits = npt.NDArray[np.bool_]
_CONDITION = "being in all of them is not sure"


def with_those_of_several(tables: Mapping[str, pa.Table], *, as_of: date) -> dict[str, pa.Table]:
    """The tables of a snapshot, in which whoever has all roles that make up one has that one.

    What makes up a role stands in `policies`, and is taken out of it. Of two roles the same login
    has to have both; of a login and a role the same person. Memberships that somebody could only
    give himself do not count, nor do those that are not valid on the day.

    Cost: a look at all memberships for each level of groups that lead to such a role.
    """
    policies = tables["policies"]
    mine = pc.equal(policies.column("kind").cast(pa.string()), TOGETHER)
    asked = policies.filter(mine).to_pylist()
    if not asked:
        return dict(tables)
    net = _Net(tables, as_of)
    rows = [row for each in asked for row in net.holders_of(each)]
    added = pa.Table.from_pylist(rows, schema=GRANTS)
    grants = pa.concat_tables([tables["grants"], added]).unify_dictionaries()
    order = pc.sort_indices(grants, [("holder", "ascending"), ("target", "ascending")])
    return {
        **tables,
        "policies": policies.filter(pc.invert(mine)),
        "grants": grants.take(order),
    }


class _Net:
    """Who has which roles, by memberships of a day."""

    def __init__(self, tables: Mapping[str, pa.Table], as_of: date) -> None:
        grants = tables["grants"]
        self._holder, self._target = (
            grants.column(name).to_numpy().astype(np.int64) for name in ("holder", "target")
        )
        kinds = grants.column("kind").cast(pa.string())
        adds = _bits(pc.is_in(kinds, pa.array(sorted(map(str, ADDING)))))
        self._holds = _bits(pc.equal(kinds, str(GrantKind.HOLDS)))
        valid = _bits(pc.fill_null(pc.less_equal(grants.column("valid_from"), as_of), True))  # noqa: FBT003
        valid &= _bits(pc.fill_null(pc.greater_equal(grants.column("valid_until"), as_of), True))  # noqa: FBT003
        open_ = np.zeros(len(self._holder), dtype=bool)
        for name in ("conditional", "eligible", "undecided"):
            open_ |= _bits(pc.fill_null(grants.column(name), False))  # noqa: FBT003
        own = _bits(pc.fill_null(grants.column("self_granted"), False))  # noqa: FBT003
        self._valid = valid & ~own
        self._sure = ~open_
        self._adds = adds & self._valid
        nodes = tables["nodes"]
        kinds = nodes.column("kind").cast(pa.string())
        starts = [pc.sum(pc.equal(kinds, str(kind))).as_py() or 0 for kind in NODE_KINDS]
        self._first = dict(zip(NODE_KINDS, np.cumsum([0, *starts[:-1]]).tolist(), strict=True))
        self._count = nodes.num_rows
        self._ids = nodes.column("id")
        self._known: dict[tuple[int, bool], _Bits] = {}

    def holders_of(self, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The rows by which accounts have a role that several others make up."""
        target = self._code(NodeKind.ROLE, asked["policy"])
        parts = [tuple(each) for each in json.loads(asked["document"])]
        surely, perhaps = (self._in_all(parts, sure=sure) for sure in (True, False))
        for code in np.flatnonzero(perhaps).tolist():
            sure = bool(surely[code])
            yield {
                "holder": code,
                "target": target,
                "kind": str(GrantKind.MEMBER),
                "conditional": not sure,
                "eligible": False,
                "self_granted": False,
                "undecided": False,
                "condition": None if sure else _CONDITION,
                "source_id": asked["source_id"],
                "record": asked["record"],
            }

    def _in_all(self, parts: list[tuple[str, str]], *, sure: bool) -> _Bits:
        """The accounts that have every part."""
        accounts = range(self._first[NodeKind.ACCOUNT], self._first[NodeKind.ROLE])
        logins = [name for kind, name in parts if kind == NodeKind.ACCOUNT]
        found = np.zeros(self._count, dtype=bool)
        found[accounts.start : accounts.stop] = True
        for kind, name in parts:
            if kind == NodeKind.ROLE:
                having = self._having(self._code(NodeKind.ROLE, name), sure=sure)
                found &= self._same_people(having) if logins else having
        if logins:
            itself = np.zeros(self._count, dtype=bool)
            itself[self._code(NodeKind.ACCOUNT, logins[0])] = True
            found &= itself
        return found

    def _having(self, role: int, *, sure: bool) -> _Bits:
        """All that have a role, through others too."""
        found = self._known.get((role, sure))
        if found is None:
            found = np.zeros(self._count, dtype=bool)
            found[role] = True
            rows = self._adds & self._sure if sure else self._adds
            holder, target = self._holder[rows], self._target[rows]
            while len(more := holder[found[target] & ~found[holder]]):
                found[more] = True
            self._known[role, sure] = found
        return found

    def _same_people(self, having: _Bits) -> _Bits:
        """The accounts of those people of whom some account is among these."""
        rows = self._holds & self._valid & self._sure
        holder, target = self._holder[rows], self._target[rows]
        people = np.zeros(self._count, dtype=bool)
        people[holder[having[target]]] = True
        found = np.zeros(self._count, dtype=bool)
        found[target[people[holder]]] = True
        return found

    def _code(self, kind: NodeKind, name: str) -> int:
        kinds = list(NODE_KINDS)
        start = self._first[kind]
        later = kinds[kinds.index(kind) + 1 :]
        stop = self._first[later[0]] if later else self._count
        at = pc.index(self._ids.slice(start, stop - start), name).as_py()
        if at < 0:
            raise ValueError(f"{name} is no {kind}")
        return int(start + at)


def _bits(column: pa.ChunkedArray) -> _Bits:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)
