"""What a reader calls a node, a record, a place: one by one, and for many nodes by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import BY_POLICY, WHOLE_SYSTEM, NodeKind, Snapshot

Codes = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]

_TABLES = {
    NodeKind.IDENTITY: "identities",
    NodeKind.ACCOUNT: "accounts",
    NodeKind.ROLE: "roles",
    NodeKind.ENTITLEMENT: "entitlements",
}
_ID_COLUMN = {
    NodeKind.IDENTITY: "identity",
    NodeKind.ACCOUNT: "account",
    NodeKind.ROLE: "role",
    NodeKind.ENTITLEMENT: "entitlement",
}
#: What a node is called: by the first of these that is stated, else by its id in its system.
_NAME_COLUMNS = {
    NodeKind.IDENTITY: ("name", "employee_id", "identity"),
    NodeKind.ACCOUNT: ("login",),
    NodeKind.ROLE: ("name", "title"),
}
_EMPTY = pa.array([], pa.string())
#: Reading one row of a table takes as long as reading so many of all its rows at once.
_ONE_BY_ONE = 4
_NAMES_ONE_BY_ONE = 20


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """What stands for each identity in the ids of its findings, in the order of the codes."""

    key: pa.Array
    account: Bits  # the key is an account's, which is assessed under its own name

    def kind(self, offset: int) -> str:
        """What kind of key one identity has."""
        return str(NodeKind.ACCOUNT if self.account[offset] else NodeKind.IDENTITY)


class Names:
    """Looks up what the snapshot says of nodes, sources and applications.

    Relies on codes being rows: the node with the n-th code of a kind is row n of the kind's table.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._rows: dict[NodeKind, list[dict[str, Any]]] = {}
        self._names: dict[NodeKind, list[str]] = {}
        self._asked: Counter[tuple[NodeKind, str]] = Counter()

    # -- one node --------------------------------------------------------------------------------

    def row(self, code: int) -> dict[str, Any]:
        """Everything the snapshot holds about one node.

        Cost: of one row, until so many have been asked for that reading them all is cheaper.
        """
        kind, spot = self._spot(code)
        rows = self._rows.get(kind)
        if rows is None:
            table = self.table(kind)
            if not self._worth(kind, "row", _ONE_BY_ONE):
                return _only(table.slice(spot, 1))
            rows = self._rows[kind] = table.to_pylist()
        return rows[spot]

    def name(self, code: int) -> str:
        """A short name for a reader; not unique."""
        kind, spot = self._spot(code)
        names = self._names.get(kind)
        if names is None:
            table = self.table(kind)
            if not self._worth(kind, "name", _NAMES_ONE_BY_ONE):
                return str(_named(kind, table.slice(spot, 1))[0].as_py())
            names = self._names[kind] = _named(kind, table).to_pylist()
        return names[spot]

    def id(self, code: int) -> str:
        """The id of one node."""
        return str(self.snapshot["nodes"].column("id")[int(code)].as_py())

    def system(self, code: int) -> str:
        """The system a node lives in; empty for a person."""
        row = self.row(code)
        return str(row.get("system") or "")

    def _spot(self, code: int) -> tuple[NodeKind, int]:
        kind = self.snapshot.kind_of(code)
        return kind, int(code) - self.snapshot.ranges[kind].start

    def _worth(self, kind: NodeKind, what: str, one_by_one: int) -> bool:
        """Whether so many have been asked for that all may be read."""
        self._asked[kind, what] += 1
        return self._asked[kind, what] * one_by_one > len(self.snapshot.ranges[kind])

    # -- many nodes ------------------------------------------------------------------------------

    def table(self, kind: NodeKind) -> pa.Table:
        """The table of a kind, a row for each of its codes in their order."""
        return self.snapshot[_TABLES[kind]]

    def ids(self, codes: npt.NDArray[np.integer[Any]]) -> pa.Array:
        """The ids of nodes, in the order asked for."""
        return flat(self.snapshot["nodes"].select(["id"]).take(pa.array(codes)).column("id"))

    def names(self, codes: Codes) -> pa.Array:
        """What nodes are called. `codes` ascend, or are all of one kind.

        Cost: of the nodes asked for.
        """
        pieces = [_named(kind, table) for kind, table in self._tables_of(codes)]
        return pieces[0] if len(pieces) == 1 else pa.concat_arrays([_EMPTY, *pieces])

    def _tables_of(self, codes: Codes) -> list[tuple[NodeKind, pa.Table]]:
        """By kind, the rows of the nodes of that kind that are asked for."""
        found = []
        for kind, span in self.snapshot.ranges.items():
            mine = codes[(codes >= span.start) & (codes < span.stop)]
            if not len(mine):
                continue
            table = self.table(kind)
            if kind is NodeKind.ENTITLEMENT:
                table = table.select(["action", "resource"])
            else:
                table = table.select([*dict.fromkeys((*_NAME_COLUMNS[kind], _ID_COLUMN[kind]))])
            whole = len(mine) == len(span) and bool(
                np.all(mine == np.arange(span.start, span.stop))
            )
            found.append((kind, table if whole else table.take(pa.array(mine - span.start))))
        return found

    @cached_property
    def by_name(self) -> Codes:
        """The identities, as offsets, in the order of their names; of one name in that of ids.

        Cost: a sort of the distinct names.
        """
        people = self.snapshot.ranges[NodeKind.IDENTITY]
        coded = self.names(np.arange(people.start, people.stop)).dictionary_encode()
        rank = pc.rank(coded.dictionary, sort_keys="ascending").to_numpy().astype(np.int64)
        number = rank[coded.indices.to_numpy()]
        small = number.astype(np.uint16) if len(rank) < 1 << 16 else number
        return np.argsort(small, kind="stable")

    # -- sources ---------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> Mapping[str, dict[str, Any]]:
        """Sources by id."""
        return {row["source_id"]: row for row in self.snapshot["sources"].to_pylist()}

    def file(self, source_id: str | None) -> str | None:
        """The path of a source's file, as the configuration names it."""
        source = self.sources.get(source_id or "")
        return source["path"] if source else source_id

    def template(self, source_id: str | None) -> str:
        """How a record of a source is told, with `{record}` for its number."""
        source = self.sources.get(source_id or "")
        return str((source["record_template"] if source else None) or "record {record}")

    def at(self, source_id: str | None, record: int | None) -> str | None:
        """A record as a reader finds it in the file: a line, a row, a pointer."""
        if record is None:
            return None
        # Not str.format: a template comes from a plugin, and its braces must reach nothing else.
        return self.template(source_id).replace("{record}", str(record))

    def place_of(self, source_id: str | None, record: int | None) -> str:
        """File and record in one text."""
        return " ".join(filter(None, (self.file(source_id), self.at(source_id, record))))

    @cached_property
    def applications(self) -> Mapping[str, dict[str, Any]]:
        """Applications by id."""
        return {row["application"]: row for row in self.snapshot["applications"].to_pylist()}

    # -- who a finding is about ------------------------------------------------------------------

    def subject(self, code: int) -> tuple[str, str]:
        """What kind of key stands for a node in a finding's id, and the key."""
        kind, spot = self._spot(code)
        if kind is NodeKind.IDENTITY:
            keys = self.subject_keys
            return keys.kind(spot), str(keys.key[spot].as_py())
        return str(kind), self.id(code)

    @cached_property
    def subject_keys(self) -> SubjectKeys:
        """For each identity: what stands for it in a finding id.

        The employee id where the roster has one that nobody else carries, else the identity's id,
        which for an account assessed under its own name is the account's.
        """
        table = self.table(NodeKind.IDENTITY)
        ids, numbers = flat(table.column("identity")), stated(flat(table.column("employee_id")))
        once = _once(numbers)
        account = np.zeros(len(ids), dtype=bool)
        others = np.flatnonzero(~once)
        if not len(others):
            return SubjectKeys(numbers, account)
        rest = ids.take(pa.array(others))
        accounts = self.table(NodeKind.ACCOUNT).column("account")
        found = pc.index_in(accounts, value_set=rest).drop_null().to_numpy()
        account[others[found]] = True
        return SubjectKeys(pc.if_else(pa.array(once), numbers, ids), account)


def _once(values: pa.Array) -> Bits:
    """Which of the texts are stated, and stated only once."""
    if _ascends(values.drop_null()):
        return np.asarray(values.is_valid().to_numpy(zero_copy_only=False))
    coded = values.dictionary_encode()
    code = coded.indices.fill_null(-1).to_numpy()
    times = np.bincount(code + 1, minlength=len(coded.dictionary) + 1)
    times[0] = 0
    return np.asarray(times[code + 1] == 1)


def _ascends(values: pa.Array) -> bool:
    """Whether every text is greater than the one before; then no two are the same."""
    return len(values) < 2 or bool(pc.all(pc.less(values[:-1], values[1:])).as_py())  # noqa: PLR2004


def _named(kind: NodeKind, table: pa.Table) -> pa.Array:
    """What the nodes of some rows of a kind's table are called."""
    if kind is NodeKind.ENTITLEMENT:
        return _named_rights(flat(table.column("action")), flat(table.column("resource")))
    known: list[pa.Array] = []
    for name in _NAME_COLUMNS[kind]:
        known.append(stated(flat(table.column(name))))
        if known[0].null_count == 0:
            return known[0]
    if kind is not NodeKind.IDENTITY:
        known.append(_native(flat(table.column(_ID_COLUMN[kind]))))
    return pc.coalesce(*known)


def _named_rights(action: pa.Array, resource: pa.Array) -> pa.Array:
    where = pc.if_else(pc.equal(resource, WHOLE_SYSTEM), "everything", resource)
    whole = pc.binary_join_element_wise("every right on ", where, "")
    plain = pc.binary_join_element_wise(action, " on ", where, "")
    told = pc.if_else(pc.equal(action, "*"), whole, plain)
    return pc.if_else(pc.equal(action, BY_POLICY), where, told)


def _native(ids: pa.Array) -> pa.Array:
    """The part behind the first colon, which its own system knows; the whole where none is."""
    pieces = pc.split_pattern(ids, ":", max_splits=1)
    last = pieces.flatten().take(pc.subtract(pieces.offsets[1:], 1))
    return pc.if_else(pc.equal(last, ""), ids, last)


def _only(table: pa.Table) -> dict[str, Any]:
    (row,) = table.to_pylist()
    return dict(row)


def stated(column: pa.Array) -> pa.Array:
    """The texts, with null for what is empty."""
    empty = pc.equal(column, "")
    return (
        pc.if_else(empty, pa.scalar(None, pa.string()), column) if pc.any(empty).as_py() else column
    )


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column of texts or numbers as one array, its dictionary opened."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if isinstance(column, pa.Array):
        return column
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays([pa.array([], column.type), *column.chunks])
    )
