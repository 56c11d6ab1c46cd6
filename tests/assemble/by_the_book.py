"""Assembly row by row, in plain Python: what the columns are held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sod_analyzer.identity import LinkResult
from sod_analyzer.model.access import NODE_KINDS

Row = Mapping[str, Any]

KEYS = {"identities": "identity", "accounts": "account", "roles": "role"}
LOWEST = {("identities", "kind"), ("accounts", "kind"), ("accounts", "created_at")}
HIGHEST = {
    ("accounts", "enabled"),
    ("accounts", "expires_on"),
    ("accounts", "last_used_at"),
    ("roles", "privileged"),
    ("entitlements", "wildcard"),
}
OTHERWISE = {
    ("identities", "kind"): "person",
    ("identities", "status"): "unknown",
    ("accounts", "kind"): "person",
}
NEVER_DIFFER = {"last_used_at", "created_at", "dormant_why", "source_id", "record"}


def none_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def merged(table: str, rows: Iterable[Row], names: Sequence[str]) -> tuple[list[Row], list[str]]:
    """One row per id, in order, and the ids whose rows differ."""
    key = KEYS.get(table, "entitlement")
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    place = [name for name in ("source_id", "record") if name in names]
    order = [*place, *(name for name in names if name not in place)]
    found: list[Row] = []
    clashing = []
    for node, group in sorted(groups.items()):
        group.sort(key=lambda row: [none_first(row[name]) for name in order])
        result = {name: value_of(table, name, group) for name in names}
        if len(group) > 1 and result.get("enabled"):
            result["dormant_why"] = None
        found.append(result)
        told = [name for name in names if name not in NEVER_DIFFER]
        if any(len({row[name] for row in group} - {None}) > 1 for name in told):
            clashing.append(node)
    return found, clashing


def value_of(table: str, name: str, group: Sequence[Row]) -> Any:
    values = [row[name] for row in group if row[name] is not None]
    if not values:
        return OTHERWISE.get((table, name))
    if (table, name) in LOWEST:
        return min(values)
    return max(values) if (table, name) in HIGHEST else values[0]


def edges(
    rows: Iterable[Row], codes: Mapping[tuple[str, str], int], names: Sequence[str]
) -> list[Row]:
    """Coded rows in order, each once; codes by kind and id."""
    first = [n for n in ("holder", "target", "kind", "part", "source_id", "record") if n in names]
    order = [*first, *(name for name in names if name not in first)]
    coded = [
        {
            **row,
            "holder": codes[row["holder_kind"], row["holder"]],
            "target": codes[row["target_kind"], row["target"]],
        }
        for row in rows
    ]
    distinct = {tuple(row[name] for name in order) for row in coded}
    ordered = sorted(distinct, key=lambda cells: [none_first(cell) for cell in cells])
    return [dict(zip(order, cells, strict=True)) for cells in ordered]


def codes_of(tables: Mapping[str, pa.Table]) -> Mapping[tuple[str, str], int]:
    """Codes by kind and id, from the tables of nodes."""
    nodes = [
        (str(kind), node)
        for kind, name in zip(
            NODE_KINDS, ("identities", "accounts", "roles", "entitlements"), strict=True
        )
        for node in tables[name].column(0).to_pylist()
    ]
    return {node: code for code, node in enumerate(nodes)}


def links_of(result: LinkResult, codes: Mapping[tuple[str, str], int]) -> list[Row]:
    """Links in order, each once."""
    rows = {tuple(row.items()) for row in result.links.to_pylist()}

    def place(cells: tuple[tuple[str, Any], ...]) -> list[Any]:
        row = dict(cells)
        rest = ("method", "value", "outcome", "source_id", "record")
        return [
            codes["account", row["account"]],
            codes.get(("identity", row["identity"] or ""), -1),
            *(none_first(row[name]) for name in rest),
        ]

    return [dict(cells) for cells in sorted(rows, key=place)]
