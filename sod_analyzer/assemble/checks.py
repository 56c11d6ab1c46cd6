"""What must hold between batches and configuration before they can be joined."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import is_word
from sod_analyzer.assemble.intake import NODE_TABLES, Intake
from sod_analyzer.errors import ConfigError, InputError, Problem, near
from sod_analyzer.model.access import ISSUES, Hides
from sod_analyzer.model.rows import Rows, shown
from sod_analyzer.model.settings import Estate


def check_systems(intake: Intake, estate: Estate) -> None:
    """Refuses rows of systems that the configuration does not declare.

    Raises:
        ConfigError: naming every such system, or one declared twice.
    """
    declared: list[str] = estate.systems.column("system").to_pylist()
    if len(set(declared)) < len(declared):
        twice = sorted({name for name in declared if declared.count(name) > 1})
        raise ConfigError(f"systems are declared twice: {', '.join(twice)}")
    named: dict[str, str] = {}
    for kind, described in intake.nodes.items():
        for system in described.prefixes():
            named.setdefault(system, NODE_TABLES[kind])
    for kind, described in intake.nodes.items():
        for told in described.systems():
            named.setdefault(told or "", NODE_TABLES[kind])
    for told in pc.unique(intake.sources.column("system")).to_pylist():
        named.setdefault(told or "", "sources")
    wrong = [
        Problem(
            f"{table} belong to system '{shown(system)}', which is not declared"
            f"{near(system, declared)}"
        )
        for system, table in sorted(named.items())
        if system not in declared
    ]
    if wrong:
        raise ConfigError(wrong)


def check_sources(sources: pa.Table) -> None:
    """Refuses two different descriptions of one source, which would make records ambiguous.

    Raises:
        InputError: naming the sources.
    """
    ids: list[str] = sources.column("source_id").to_pylist()
    if len(set(ids)) < len(ids):
        twice = sorted({name for name in ids if ids.count(name) > 1})
        raise InputError(f"sources are described twice: {', '.join(twice)}")


def undeclared_sources(tables: Mapping[str, pa.Table]) -> pa.Table:
    """An issue for each source id that rows name and `sources` lacks: such rows prove nothing."""
    known = frozenset(tables["sources"].column("source_id").to_pylist())
    missing: dict[str, str] = {}
    for name in sorted(tables.keys() - {"sources"}):
        if "source_id" not in tables[name].schema.names:
            continue
        for source_id in _distinct(tables[name].column("source_id")):
            if source_id is not None and source_id not in known:
                missing.setdefault(source_id, name)
    issues = Rows(ISSUES)
    for source_id, name in sorted(missing.items()):
        issues.add(
            kind="undeclared-source",
            subject=source_id,
            text=f"Rows of {name} name source '{shown(source_id)}', of which no file is known.",
            hides=str(Hides.UNKNOWN),
        )
    return issues.table()


def _distinct(column: pa.ChunkedArray) -> list[str | None]:
    """The values of a column; a snapshot's words are all in use."""
    if is_word(column.type):
        return [value for chunk in column.chunks for value in chunk.dictionary.to_pylist()]
    return list(pc.unique(column).to_pylist())


def day_of(estate: Estate, sources: pa.Table) -> date:
    """The day to judge: as stated, else that of the newest extraction, in UTC.

    Files that could not be read count only when none could, and the configuration's own files
    only when there is no other.

    Raises:
        ConfigError: nothing tells.
    """
    if estate.as_of is not None:
        return estate.as_of
    read = sources.filter(pc.equal(sources.column("status"), "read"))
    for table in (read, sources, estate.documents):
        newest: datetime | None = pc.max(table.column("extracted_at")).as_py()
        if newest is not None:
            return newest.astimezone(UTC).date()
    raise ConfigError("no source says when it was extracted; state the day with 'as_of'")
