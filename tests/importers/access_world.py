"""Runs an importer over files a test writes, and walks the tables it gives back."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.batch import Importer, SourceSpec, join_batches

Tables = Mapping[str, pa.Table]


def write(folder: Path, files: Mapping[str, object]) -> None:
    """Each value as JSON, or as it is when it is text or bytes; `.gz` names are packed."""
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = value if isinstance(value, (str, bytes)) else json.dumps(value)
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)


def load(importer: Importer, base: Path, path: str, system: str, **options: Any) -> Tables:
    """All tables of one source."""
    spec = SourceSpec(
        source_id="src",
        system=system,
        product=importer.name,
        importer=importer.name,
        path=path,
        base=base,
        options=importer.options(**options),
        where=SourceRef("sod.yaml", 1),
    )
    return join_batches(list(importer.parse(importer.fetch(spec))))


def rows(tables: Tables, table: str, *columns: str) -> list[Any]:
    """The rows of these columns as tuples, or as plain values when it is one column."""
    picked = [tables[table].column(name).to_pylist() for name in columns]
    return picked[0] if len(picked) == 1 else list(zip(*picked, strict=True))


def edges(tables: Tables) -> set[tuple[str, str, str]]:
    """Holder, kind and target of every grant but those of a role's own rights."""
    grants = rows(tables, "grants", "holder", "kind", "target")
    return {grant for grant in grants if grant[1] != "contains"}


def reach(tables: Tables, holder: str) -> set[tuple[str, str]]:
    """Action and resource of every right the node has, by any path."""
    onward: dict[str, set[str]] = defaultdict(set)
    for held, target in rows(tables, "grants", "holder", "target"):
        onward[held].add(target)
    seen = {holder}
    todo = [holder]
    while todo:
        new = onward[todo.pop()] - seen
        seen |= new
        todo += new
    rights = rows(tables, "entitlements", "entitlement", "action", "resource")
    return {(action, resource) for right, action, resource in rights if right in seen}


def issues(tables: Tables) -> set[tuple[str, str, str]]:
    """Kind, subject and hides of every issue."""
    return set(rows(tables, "issues", "kind", "subject", "hides"))


def waterfall(tables: Tables) -> dict[str, tuple[int, int, int, int, int]]:
    """Parsed, rejected, duplicate, filtered and loaded, by path."""
    counted = rows(
        tables, "sources", "path", "parsed", "rejected", "duplicate", "filtered", "loaded"
    )
    return {path: tuple(counts) for path, *counts in counted}
