"""What a reader calls a node, a record, a place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sod_analyzer.model.access import WHOLE_SYSTEM, NodeKind, Snapshot

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


class Names:
    """Looks up what the snapshot says of nodes, sources and applications."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._rows: dict[NodeKind, Mapping[str, dict[str, Any]]] = {}

    def row(self, code: int) -> dict[str, Any]:
        """Everything the snapshot holds about one node."""
        kind = self.snapshot.kind_of(code)
        return self._table(kind)[self.snapshot.node_ids[code]]

    def _table(self, kind: NodeKind) -> Mapping[str, dict[str, Any]]:
        rows = self._rows.get(kind)
        if rows is None:
            column = _ID_COLUMN[kind]
            rows = {row[column]: row for row in self.snapshot[_TABLES[kind]].to_pylist()}
            self._rows[kind] = rows
        return rows

    def name(self, code: int) -> str:
        """A short name for a reader; not unique."""
        kind, row = self.snapshot.kind_of(code), self.row(code)
        if kind is NodeKind.IDENTITY:
            return str(row["name"] or row["employee_id"] or row["identity"])
        if kind is NodeKind.ACCOUNT:
            return str(row["login"] or _native(row["account"]))
        if kind is NodeKind.ROLE:
            return str(row["name"] or row["title"] or _native(row["role"]))
        resource = row["resource"]
        where = "everything" if resource == WHOLE_SYSTEM else resource
        if row["action"] == "*":
            return f"every right on {where}"
        return f"{row['action']} on {where}"

    def system(self, code: int) -> str:
        """The system a node lives in; empty for a person."""
        row = self.row(code)
        return str(row.get("system") or "")

    @cached_property
    def sources(self) -> Mapping[str, dict[str, Any]]:
        """Sources by id."""
        return {row["source_id"]: row for row in self.snapshot["sources"].to_pylist()}

    def file(self, source_id: str | None) -> str | None:
        """The path of a source's file, as the configuration names it."""
        source = self.sources.get(source_id or "")
        return source["path"] if source else source_id

    def at(self, source_id: str | None, record: int | None) -> str | None:
        """A record as a reader finds it in the file: a line, a row, a pointer."""
        if record is None:
            return None
        source = self.sources.get(source_id or "")
        template = (source["record_template"] if source else None) or "record {record}"
        # Not str.format: a template comes from a plugin, and its braces must reach nothing else.
        return str(template).replace("{record}", str(record))

    def place_of(self, source_id: str | None, record: int | None) -> str:
        """File and record in one text."""
        return " ".join(filter(None, (self.file(source_id), self.at(source_id, record))))

    @cached_property
    def applications(self) -> Mapping[str, dict[str, Any]]:
        """Applications by id."""
        return {row["application"]: row for row in self.snapshot["applications"].to_pylist()}

    @cached_property
    def subject_keys(self) -> Mapping[int, tuple[str, str]]:
        """For each identity code: what kind of key stands for it in a finding id, and the key.

        The employee id where the roster has one that nobody else carries, else the identity's id,
        which for an account assessed under its own name is the account's.
        """
        first = self.snapshot.ranges[NodeKind.IDENTITY].start
        table = self.snapshot["identities"]
        ids = table.column("identity").to_pylist()
        numbers = table.column("employee_id").to_pylist()
        times: dict[str, int] = {}
        for number in numbers:
            if number:
                times[number] = times.get(number, 0) + 1
        codes = self.snapshot.codes
        return {
            first + n: ("identity", number)
            if number and times[number] == 1
            else ("account" if (NodeKind.ACCOUNT, key) in codes else "identity", key)
            for n, (key, number) in enumerate(zip(ids, numbers, strict=True))
        }


def _native(node_id: str) -> str:
    return node_id.partition(":")[2] or node_id
