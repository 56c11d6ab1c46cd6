"""The keys that a CSV, Parquet, Excel or JSON source adds to its entry in `sod.yaml`.

The option classes share their mapping keys by inheritance: the configuration is flat, so the keys
of one source are the fields of one class. `docs/importers/tabular.md` explains every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from sod_analyzer.errors import SourceRef


class Relation(StrEnum):
    """What one record of a table states."""

    ACCESS = "access"  # an account has a right
    MEMBERSHIP = "membership"  # an account is in a group
    NESTING = "nesting"  # a group is in a group
    ROLE_RIGHTS = "role-rights"  # a group has a right
    USES = "uses"  # a person uses a shared account
    CONTROLS = "controls"  # a person controls a bot's account
    ACCOUNTS = "accounts"  # an account exists


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where a field's text comes from, and what is done to it before it is used."""

    where: SourceRef | None = field(default=None, compare=False)
    column: str | None = None
    columns: tuple[str, ...] = ()  # several, joined by `separator`
    separator: str = "/"
    strip_prefix: str = ""
    strip_suffix: str = ""
    lower: bool = False
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return self.columns or ((self.column,) if self.column else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The fields a record can fill, each with the column that fills it."""

    where: SourceRef | None = field(default=None, compare=False)
    account: str | Column | None = None
    employee_id: str | Column | None = None
    email: str | Column | None = None
    name: str | Column | None = None
    owner: str | Column | None = None
    kind: str | Column | None = None
    enabled: str | Column | None = None
    created_at: str | Column | None = None
    last_used_at: str | Column | None = None
    expires_on: str | Column | None = None
    group: str | Column | None = None
    group_title: str | Column | None = None
    group_owner: str | Column | None = None
    privileged: str | Column | None = None
    member: str | Column | None = None
    permission: str | Column | None = None
    resource: str | Column | None = None
    mode: str | Column | None = None
    identity: str | Column | None = None
    valid_from: str | Column | None = None
    valid_until: str | Column | None = None
    conditional: str | Column | None = None
    eligible: str | Column | None = None
    self_granted: str | Column | None = None
    condition: str | Column | None = None

    def stated(self) -> dict[str, Column]:
        """The fields that have a column, by name."""
        found: dict[str, Column] = {}
        for name in FIELDS:
            column = getattr(self, name)
            if column is not None:
                found[name] = Column(column=column) if isinstance(column, str) else column
        return found


FIELDS: tuple[str, ...] = tuple(each.name for each in fields(Columns) if each.name != "where")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A wide table: holders down, one column per right (or group) across, marks where they meet."""

    where: SourceRef | None = field(default=None, compare=False)
    first_column: str  # a header name, or a number counted from 1
    last_column: str | None = None
    header: str = "permission"  # the field that the header names give
    cells: str | None = None  # the field that the cells give, when they hold more than a mark
    marks: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()  # texts that mean no, beside an empty cell


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingOptions:
    """The keys that every table has, whatever file it comes in."""

    columns: Columns = Columns()
    relation: Relation | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    translate: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    strict: bool = False
    multi: Mapping[str, str] = field(default_factory=dict)
    skip: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_format: str | tuple[str, ...] = ()
    group_kind: str = "group"
    group_system: str | None = None
    identity_system: str | None = None
    wildcards: bool | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions(MappingOptions):
    """The keys of a CSV source."""

    delimiter: str | None = None
    quote: str = '"'  # one character, or `none`
    encoding: str | None = None
    header_row: int | None = None
    header: tuple[str, ...] = ()
    matrix: Matrix | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetOptions(MappingOptions):
    """The keys of a Parquet source: a file that tells all the rest itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcelOptions(MappingOptions):
    """The keys of an Excel source."""

    sheet: str | None = None
    header_row: int | None = None
    header: tuple[str, ...] = ()
    matrix: Matrix | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOptions(MappingOptions):
    """The keys of a JSON source."""

    records: str
    encoding: str | None = None
