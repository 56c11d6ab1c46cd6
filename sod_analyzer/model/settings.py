"""What the configuration says around the exports: systems, federation, aliases, accepted gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import APPLICATIONS, PLACEMENTS, SOURCES, SYSTEMS, _schema

#: Source id of the configuration file itself; grants that it alone states name it.
CONFIG_SOURCE = "config"

#: Explicit links between accounts and people, as a table that the pipeline reads.
ALIASES = _schema(
    account=pa.string(),  # full id, `system:native-id`
    employee_id=pa.string(),
    since=pa.string(),  # as written; no link depends on it
    why=pa.string(),
    source_id=pa.string(),
    record=pa.int64(),
)


class FederationKey(StrEnum):
    """What of the other account the sign-in system puts into this account's login."""

    LOGIN = "login"
    EMAIL = "email"
    EMPLOYEE_ID = "employee_id"


@dataclass(frozen=True, slots=True)
class GroupsFrom:
    """Groups of `system` are filled by the roles of `origin` whose name follows `prefix`."""

    system: str
    origin: str
    prefix: str
    where: SourceRef


@dataclass(frozen=True, slots=True)
class AccountsFrom:
    """Accounts of `system` sign in through accounts of `origin`: login = `prefix` + its `by`."""

    system: str
    origin: str
    by: FederationKey
    prefix: str
    where: SourceRef


@dataclass(frozen=True, slots=True)
class Federation:
    """Every federation that the configuration declares; at most one of each kind per system."""

    groups: tuple[GroupsFrom, ...] = ()
    accounts: tuple[AccountsFrom, ...] = ()


class Acceptance(Protocol):
    """A gap that somebody answers for, so that it no longer causes exit 4."""

    @property
    def gap(self) -> str:
        """`kind:system`, or `kind:system:subject`."""
        ...

    @property
    def owner(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def until(self) -> date:
        """The last day of it."""
        ...

    @property
    def most(self) -> int | None:
        """More gaps than this open all of them again."""
        ...

    @property
    def where(self) -> SourceRef: ...


class Unread(StrEnum):
    """What a product has and no importer reads yet; the gap's kind."""

    GATES = "gates-not-evaluated"
    PIPELINES = "pipeline-reach-not-evaluated"


#: Products whose branch rules or pipelines shape access that their importer does not read.
UNREAD: Mapping[str, tuple[Unread, ...]] = {"github": (Unread.GATES, Unread.PIPELINES)}


@dataclass(frozen=True)
class Estate:
    """What assembly needs beside the batches: the configuration, already read into tables."""

    name: str
    systems: pa.Table  # SYSTEMS
    applications: pa.Table = field(default_factory=APPLICATIONS.empty_table)
    placements: pa.Table = field(default_factory=PLACEMENTS.empty_table)
    aliases: pa.Table = field(default_factory=ALIASES.empty_table)
    documents: pa.Table = field(default_factory=SOURCES.empty_table)  # SOURCES, system null
    federation: Federation = Federation()
    as_of: date | None = None  # None: the newest extraction

    def __post_init__(self) -> None:
        for table, schema in (
            (self.systems, SYSTEMS),
            (self.applications, APPLICATIONS),
            (self.placements, PLACEMENTS),
            (self.aliases, ALIASES),
            (self.documents, SOURCES),
        ):
            if table.schema != schema:
                raise TypeError(f"expected the columns {schema.names}, got {table.schema.names}")
