"""Runs an importer over files as the pipeline would, and reads the rows it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.importers.hr import IMPORTER as HR
from sod_analyzer.importers.tabular.csv_source import IMPORTER as CSV
from sod_analyzer.importers.tabular.excel import IMPORTER as EXCEL
from sod_analyzer.importers.tabular.json_file import IMPORTER as JSON
from sod_analyzer.importers.tabular.options import Column, Columns
from sod_analyzer.importers.tabular.parquet_file import IMPORTER as PARQUET
from sod_analyzer.model.batch import Importer, SourceSpec, join_batches

IMPORTERS: Mapping[str, Importer] = {each.name: each for each in (CSV, EXCEL, JSON, HR, PARQUET)}
EXTRACTED_AT = datetime(2026, 10, 30, 22, 30, tzinfo=UTC)

__all__ = ["Column", "Columns", "Loaded", "run", "spec_for"]


@dataclass(frozen=True)
class Loaded:
    """What an importer gave, as rows."""

    tables: Mapping[str, pa.Table]

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.tables[table].to_pylist()
        return rows

    @property
    def source(self) -> dict[str, Any]:
        (row,) = self.rows("sources")
        return row

    @property
    def grants(self) -> list[tuple[str, str, str, int]]:
        return [
            (row["holder"], row["kind"], row["target"], row["record"])
            for row in self.rows("grants")
        ]

    @property
    def issues(self) -> list[tuple[str, str, int | None]]:
        return [(row["kind"], row["hides"], row["record"]) for row in self.rows("issues")]

    def texts(self, kind: str) -> list[str]:
        return [row["text"] for row in self.rows("issues") if row["kind"] == kind]

    @property
    def waterfall(self) -> dict[str, int]:
        """The counts of the one source, after checking that they tie."""
        row = self.source
        names = ("lines", "continued", "header", "blank", "rejected", "duplicate", "filtered")
        counts: dict[str, int] = {name: row[name] for name in (*names, "loaded")}
        parsed = row["lines"] - row["continued"] - row["header"] - row["blank"]
        assert row["parsed"] == parsed
        taken = row["rejected"] + row["duplicate"] + row["filtered"]
        assert row["loaded"] == parsed - taken
        return {name: count for name, count in counts.items() if count}


def spec_for(base: Path, importer: str, path: str, options: object, **more: Any) -> SourceSpec:
    return SourceSpec(
        source_id="src",
        system="sys",
        product="product",
        importer=importer,
        path=path,
        base=base,
        options=options,
        where=SourceRef("sod.yaml", 7),
        **{"extracted_at": EXTRACTED_AT, **more},
    )


def run(
    base: Path, importer: str, path: str, *, more: Mapping[str, Any] | None = None, **keys: Any
) -> Loaded:
    """Fetches and parses `path`; `keys` are the importer's own options, `more` the common ones."""
    door = IMPORTERS[importer]
    spec = spec_for(base, importer, path, door.options(**keys), **(more or {}))
    return Loaded(join_batches(tuple(door.parse(door.fetch(spec)))))
