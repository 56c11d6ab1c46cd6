"""An LDIF text in, plain rows out: what the tests of this folder share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sod_analyzer.errors import SourceRef
from sod_analyzer.importers.ldif import IMPORTER
from sod_analyzer.importers.ldif.options import LdifOptions
from sod_analyzer.model.batch import SourceSpec, join_batches

EXTRACTED_AT = datetime(2026, 10, 30, 22, 0, tzinfo=UTC)
Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """Rows by table, and short views of them. Ids are shown without the system."""

    rows: Mapping[str, list[Row]]

    @property
    def memberships(self) -> set[tuple[str, str]]:
        """Who is in what, however many lines say so."""
        return {(holder, target) for holder, target, _ in self.membership_lines}

    @property
    def membership_lines(self) -> set[tuple[str, str, int]]:
        return {
            (_short(row["holder"]), _short(row["target"]), row["record"])
            for row in self.rows["grants"]
            if row["kind"] == "member"
        }

    @property
    def accounts(self) -> dict[str, Row]:
        return {_short(row["account"]): row for row in self.rows["accounts"]}

    @property
    def roles(self) -> dict[str, Row]:
        return {_short(row["role"]): row for row in self.rows["roles"]}

    @property
    def issues(self) -> list[tuple[str, str, int | None]]:
        """Kind, whether it could hide a conflict, record: sorted."""
        found = [(row["kind"], row["hides"], row["record"]) for row in self.rows["issues"]]
        return sorted(found, key=str)

    @property
    def kinds(self) -> set[str]:
        return {row["kind"] for row in self.rows["issues"]}

    @property
    def source(self) -> Row:
        (row,) = self.rows["sources"]
        return row


def spec_for(path: str, base: Path, options: LdifOptions | None = None) -> SourceSpec:
    return SourceSpec(
        source_id="ldap",
        system="ldap-north",
        product="ldap",
        importer="ldif",
        path=path,
        base=base,
        options=options or LdifOptions(),
        where=SourceRef("sod.yaml", 7),
        extracted_at=EXTRACTED_AT,
        timezone="Europe/Dublin",
    )


def read(path: str, base: Path, options: LdifOptions | None = None) -> Tables:
    """The tables of a source; checks what must hold of every source."""
    raw = IMPORTER.fetch(spec_for(path, base, options))
    tables = join_batches(list(IMPORTER.parse(raw)))
    rows = {name: table.to_pylist() for name, table in tables.items()}
    assert len(raw.files) == len(rows["sources"])
    for row in rows["sources"]:
        assert row["lines"] == row["continued"] + row["header"] + row["blank"] + row["parsed"]
        assert row["loaded"] == row["parsed"] - row["rejected"] - row["duplicate"] - row["filtered"]
        assert row["loaded"] >= 0
    return Tables(rows)


def load(folder: Path, text: str | bytes, **options: Any) -> Tables:
    """The tables of one file with this content."""
    content = text.encode() if isinstance(text, str) else text
    folder.joinpath("people.ldif").write_bytes(content)
    return read("people.ldif", folder, LdifOptions(**options))


def _short(node: str) -> str:
    return node.removeprefix("ldap-north:")
