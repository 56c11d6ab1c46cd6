"""One person: who is meant, and everything that the person comes to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.words import listed
from sod_analyzer.errors import QueryError, near
from sod_analyzer.evaluate.lens import PLAIN, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.forward import Forward
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.model.access import BY_POLICY, NodeKind, Snapshot

Row = dict[str, Any]

#: Of so many nodes that somebody comes to, what is said is read beforehand.
_FEW = 20_000


class Few(Names):
    """Names of what one person comes to, read at once, not one by one."""

    def __init__(self, engine: Engine, code: int) -> None:
        super().__init__(engine.snapshot)
        edges = engine.edges
        nodes = distinct(np.concatenate([[code], edges.holder, edges.target]).astype(np.int64))
        self._said: dict[int, Row] = {}
        self._name: dict[int, str] = {}
        self._id: dict[int, str] = {}
        if len(nodes) > _FEW:
            return
        codes = nodes.tolist()
        self._name.update(zip(codes, self.names(nodes).to_pylist(), strict=True))
        self._id.update(zip(codes, self.ids(nodes).to_pylist(), strict=True))
        rights = engine.snapshot.ranges[NodeKind.ENTITLEMENT]
        mine = nodes[nodes >= rights.start]
        said = self.table(NodeKind.ENTITLEMENT).take(pa.array(mine - rights.start)).to_pylist()
        self._said.update(zip(mine.tolist(), said, strict=True))

    def row(self, code: int) -> Row:
        """Everything the snapshot holds about one node."""
        found = self._said.get(int(code))
        return super().row(code) if found is None else found

    def name(self, code: int) -> str:
        """A short name for a reader; not unique."""
        found = self._name.get(int(code))
        return super().name(code) if found is None else found

    def id(self, code: int) -> str:
        """The id of one node."""
        found = self._id.get(int(code))
        return super().id(code) if found is None else found


def find_identity(names: Names, who: str) -> int:
    """The identity that a name, e-mail, employee id, login or node id stands for.

    Cost: a pass over these columns; over the grants of people only where a login is named.

    Raises:
        QueryError: nobody, or several people.
    """
    snapshot = names.snapshot
    wanted = who.strip().casefold()
    span = snapshot.ranges[NodeKind.IDENTITY]
    columns = ("identity", "employee_id", "email", "name")
    matches = span.start + _said(snapshot, "identities", columns, wanted)
    if not len(matches):
        matches = _by_account(snapshot, wanted)
    if not len(matches):
        people = set(names.names(np.arange(span.start, span.stop)).unique().to_pylist())
        raise QueryError(f"nobody is called '{who}'{near(who, people)}")
    if len(matches) > 1:
        ids, called = names.ids(matches).to_pylist(), names.names(matches).to_pylist()
        several = listed(f"{name} ({node})" for name, node in zip(called, ids, strict=True))
        raise QueryError(f"'{who}' could be several: {several}; name one by id")
    return int(matches[0])


def _by_account(snapshot: Snapshot, wanted: str) -> Keys:
    """Whoever holds an account of that id or login for certain."""
    logins = _said(snapshot, "accounts", ("account", "login"), wanted)
    if not len(logins):
        return logins
    accounts = logins + snapshot.ranges[NodeKind.ACCOUNT].start
    identities = snapshot.ranges[NodeKind.IDENTITY]
    grants = snapshot["grants"]
    target = grants.column("target").to_numpy()
    rows = np.flatnonzero((target == accounts[0]) if len(accounts) == 1 else _in(target, accounts))
    holder = grants.column("holder").to_numpy()[rows]
    undecided = grants.column("undecided").to_numpy()[rows].astype(bool)
    mine = (holder >= identities.start) & (holder < identities.stop) & ~undecided
    return distinct(holder[mine].astype(np.int64))


def _in(target: npt.NDArray[np.int32], accounts: Keys) -> npt.NDArray[np.bool_]:
    found = np.zeros(max(int(target.max(initial=-1)), int(accounts.max())) + 1, dtype=bool)
    found[accounts] = True
    return np.asarray(found[target])


def _said(snapshot: Snapshot, table: str, columns: tuple[str, ...], wanted: str) -> Keys:
    """Rows of a table of which one of the columns says this, whatever the case; ascending."""
    rows = [_folded(snapshot[table].column(name), wanted) for name in columns if wanted]
    return distinct(np.concatenate([np.empty(0, dtype=np.int64), *rows]))


def _folded(column: pa.ChunkedArray, wanted: str) -> Keys:
    """Rows that are this text but for their case, as `str.casefold` has it."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    plain = pc.string_is_ascii(column)
    # Python's folding of plain letters is their lower case; it is asked of the others only.
    same = pc.and_(plain, pc.equal(pc.ascii_lower(column), wanted))
    others = np.flatnonzero(_true(pc.invert(plain)))
    texts = column.take(pa.array(others)).to_pylist()
    further = [row for row, text in zip(others.tolist(), texts, strict=True) if _is(text, wanted)]
    return np.concatenate([np.flatnonzero(_true(same)), further]).astype(np.int64)


def _is(text: str, wanted: str) -> bool:
    return text.casefold() == wanted


def _true(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    known = pc.fill_null(values, pa.scalar(value=False))
    return np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool)


def access(engine: Engine, names: Names, code: int, lens: Lens = PLAIN) -> list[Row]:
    """Every entitlement one identity comes to, each by its shortest path, sorted.

    Of a right that policies decide, the resource says which policies these are.
    """
    forward, tracer = Forward(engine), Tracer(engine, names)
    deciding = engine.columns.deciding
    policies = None if deciding is None else deciding.policies
    best: dict[int, Row] = {}
    for context in forward.contexts(code, lens):
        for right, stop in forward.bundle(context, lens).items():
            path = (*context.path, *stop.path)
            if right in best and best[right]["n_hops"] <= len(path):
                continue
            row = names.row(right)
            last = tracer.hop(path[-1])
            placed = engine.columns.atlas.placed(row["system"], row["resource"])
            resource = row["resource"]
            if row["mode"] == BY_POLICY and policies is not None:
                resource = _allowed(*policies.deciding(policies.rights[row["entitlement"]]))
            best[right] = {
                "system": row["system"],
                "action": row["action"],
                "resource": resource,
                "mode": row["mode"],
                "applications": "; ".join(sorted({a for a, _ in placed})) or None,
                "account": names.id(context.node),
                "path": " > ".join(tracer.nodes(code, path)),
                "source": f"{last['file']} {last['at']}",
                "n_hops": len(path),
            }
    rows = sorted(best.values(), key=lambda r: (r["system"], r["resource"], r["action"]))
    return [{k: v for k, v in row.items() if k != "n_hops"} for row in rows]


def _allowed(policies: tuple[str, ...], boundary: str | None) -> str:
    """What somebody may do whose rights these decide."""
    what = f"what {listed(policies)} allow{'s' * (len(policies) == 1)}"
    if not policies:
        what = "what policies of resources allow"
    return what if boundary is None else f"{what}, within {boundary}"
