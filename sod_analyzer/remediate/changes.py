"""What differs between two analyses: findings that go, come or change, and who has other rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.forward import Forward
from sod_analyzer.graph.closure import Facts, Flow
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import PLACE_ALL, PLACE_UNMAPPED, Verdict
from sod_analyzer.remediate.edits import Edit

Row = dict[str, Any]


#: Places that "all" does not stand for.
_APART = frozenset({PLACE_ALL, PLACE_UNMAPPED})


@dataclass(frozen=True, slots=True)
class Change:
    """One finding in one place, before and after; None where it is clear."""

    finding_id: str
    rule_id: str
    name: str
    place: str
    severity: str
    before: str | None
    after: str | None

    @property
    def what(self) -> str:
        """Gone, new, changed or unchanged: gone and new are about violations."""
        broken = (self.before == Verdict.VIOLATION, self.after == Verdict.VIOLATION)
        if self.before == self.after:
            return "unchanged"
        if broken == (True, False):
            return "gone"
        return "new" if broken == (False, True) else "changed"


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose rights would be others."""

    identity: str
    name: str
    lost: tuple[str, ...]  # entitlement ids
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that would follow from some edits."""

    changes: tuple[Change, ...]  # sorted: new, gone, changed, unchanged; then rule, name, place
    affected: tuple[Affected, ...]  # sorted by name, identity

    def of(self, what: str) -> tuple[Change, ...]:
        """The changes of one sort."""
        return tuple(change for change in self.changes if change.what == what)


_ORDER = ("new", "gone", "changed", "unchanged")


def compare(
    before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]
) -> tuple[Change, ...]:
    """Every finding of either side, place by place; the rows are of violations and places."""
    old, new = _by_place(before), _by_place(after)
    changes = []
    for key in sorted(old.keys() | new.keys()):
        row = new.get(key) or old[key]
        changes.append(
            Change(
                key[0],
                row["rule_id"],
                row["name"],
                row["place"],
                row["severity"],
                _verdict(old, key),
                _verdict(new, key),
            )
        )
    return tuple(sorted(changes, key=lambda c: (_ORDER.index(c.what), c.rule_id, c.name, c.place)))


def _verdict(rows: Mapping[tuple[str, str], Row], key: tuple[str, str]) -> str | None:
    """The verdict of a finding in a place: its own row, or the one row that stands for them all."""
    finding, place = key
    row = rows.get(key)
    if row is None and place not in _APART:
        row = rows.get((finding, PLACE_ALL))
    return None if row is None else str(row["verdict"])


def _by_place(tables: Mapping[str, Sequence[Row]]) -> Mapping[tuple[str, str], Row]:
    findings = {row["finding_id"]: row for row in tables["violations"]}
    return {
        (row["finding_id"], row["place"]): {
            **row,
            "rule_id": findings[row["finding_id"]]["rule_id"],
            "name": findings[row["finding_id"]]["name"],
        }
        for row in tables["places"]
    }


def affected_by(
    before: Engine, after: Engine, edits: Iterable[Edit], names: Mapping[str, str]
) -> tuple[Affected, ...]:
    """Every identity that would lose or gain a right, sorted by name.

    Cost: one closure for who stands before an edited grant, then two walks for each of them.
    """
    edits = list(edits)
    people = _upstream(before, edits) | _upstream(after, edits)
    old, new = Forward(before), Forward(after)
    found = []
    for identity in sorted(people):
        had, has = _rights(old, identity), _rights(new, identity)
        if had != has:
            found.append(
                Affected(
                    identity,
                    names[identity],
                    tuple(sorted(had - has)),
                    tuple(sorted(has - had)),
                )
            )
    return tuple(sorted(found, key=lambda a: (a.name, a.identity)))


def _upstream(engine: Engine, edits: Iterable[Edit]) -> set[str]:
    """Identities that come to the holder of an edited grant."""
    codes = engine.snapshot.codes
    seeds = np.array(sorted({codes[e.holder_kind, e.holder] for e in edits}), dtype=np.int64)
    counts = engine.allowed(COUNTED)
    flow = Flow(engine.edges.n_nodes, engine.edges.holder[counts], engine.edges.target[counts])
    reached = flow.spread(Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64)))
    ids = engine.snapshot.node_ids
    return {ids[int(code)] for code in reached.within(engine.identities).key}


def _rights(forward: Forward, identity: str) -> frozenset[str]:
    snapshot = forward.engine.snapshot
    code = snapshot.codes[NodeKind.IDENTITY, identity]
    return frozenset(
        snapshot.node_ids[right]
        for context in forward.contexts(code, COUNTED)
        for right in forward.bundle(context, COUNTED)
    )
