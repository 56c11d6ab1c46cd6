"""`sod.yaml`: which systems there are, where their exports lie, and what is accepted.

Every key is described in docs/configuration.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from sod_analyzer.documents import (
    Document,
    Keyed,
    Problems,
    bind,
    bound,
    document_source_row,
    quoted,
    read_document,
    suggest,
)
from sod_analyzer.errors import ConfigError, SourceRef
from sod_analyzer.model.access import SOURCES, SYSTEMS, SystemScope
from sod_analyzer.model.batch import SourceSpec

CONFIG_NAME = "sod.yaml"
#: Source ids that the tool gives itself.
CONFIG_SOURCE = "config"
RESERVED_SOURCES = frozenset({CONFIG_SOURCE, "aliases", "catalogue", "mitigations", "ruleset"})

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_GAP = re.compile(r"[a-z][a-z0-9-]*:[^\s:][^\n]*")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroupsFrom:
    """Groups of this system are groups of another: the same name, here after `prefix`."""

    system: str
    where: SourceRef
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class AccountsFrom:
    """Logins of this system are accounts of another: `by` that column, here after `prefix`."""

    system: str
    where: SourceRef
    by: Literal["login", "email", "employee_id"] = "login"
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class SystemEntry:
    """One instance of a product, as declared."""

    system: str
    product: str
    where: SourceRef
    title: str | None = None
    environment: str | None = None
    owner: str | None = None
    scope: SystemScope = SystemScope.IN_SCOPE
    reason: str | None = None
    groups_from: GroupsFrom | None = None
    accounts_from: AccountsFrom | None = None


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source, as declared. `options` are the importer's own keys, not yet validated."""

    source_id: str
    system: str
    importer: str
    path: str
    where: SourceRef
    options: Keyed
    extracted_at: datetime | None = None
    extracted_by: str | None = None
    query: str | None = None
    evidence: str | None = None
    expected_count: int | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """A gap that somebody has answered for, up to a day and a number."""

    gap: str
    owner: str
    reason: str
    until: date
    where: SourceRef
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything `sod.yaml` says. Systems and sources are sorted by id."""

    name: str
    document: Document
    ruleset: str  # a built-in name, or a path relative to `base`
    systems: tuple[SystemEntry, ...]
    sources: tuple[SourceEntry, ...]
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    catalogue: str | None = None
    aliases: str | None = None
    mitigations: str | None = None
    approvals: str = "approvals"
    as_of: date | None = None
    max_skew_days: int = 7
    classification: str = "Confidential"
    output: str = "out"

    @property
    def base(self) -> Path:
        """The folder that relative paths start from."""
        return self.document.local.parent

    @property
    def text(self) -> str:
        """The file verbatim, for the evidence."""
        return self.document.text

    @property
    def system(self) -> Mapping[str, SystemEntry]:
        """Systems by id."""
        return {entry.system: entry for entry in self.systems}


def find_config(start: Path) -> Path:
    """The nearest `sod.yaml`, in the folder `start` or above it.

    Raises:
        ConfigError: there is none.
    """
    folder = start.resolve()
    for each in (folder, *folder.parents):
        if (each / CONFIG_NAME).is_file():
            return each / CONFIG_NAME
    raise ConfigError(
        f"no {CONFIG_NAME} in '{folder.as_posix()}' or above it; name one with --config"
    )


def load_config(path: Path) -> Config:
    """The configuration in this file.

    Raises:
        ConfigError: with every problem and its line.
    """
    document = read_document(path, error=ConfigError, shown=path.name)
    problems = Problems(document.path, ConfigError)
    shape = bound(bind(document.root, _ConfigShape, problems), problems)
    _check_top(shape, document, problems)
    systems = _systems(shape, document, problems)
    sources = _sources(shape, document, problems)
    _check_gaps(shape, document, problems)
    problems.settle()
    return Config(
        name=shape.name,
        document=document,
        ruleset=shape.ruleset,
        systems=systems,
        sources=sources,
        accepted_gaps=tuple(sorted(shape.accepted_gaps, key=lambda accepted: accepted.gap)),
        catalogue=shape.catalogue,
        aliases=shape.identity.aliases if shape.identity else None,
        mitigations=shape.mitigations,
        approvals=shape.approvals,
        as_of=shape.as_of,
        max_skew_days=shape.max_skew_days,
        classification=shape.classification,
        output=shape.output,
    )


def validate_options(entry: SourceEntry, options_class: type[T]) -> T:
    """The importer's own keys of a source, as an instance of the importer's dataclass.

    Raises:
        ConfigError: an unknown or missing key, or a value of the wrong kind, with its line.
    """
    problems = Problems(entry.where.path, ConfigError)
    options = bind(
        entry.options,
        options_class,
        problems,
        at=f"sources.{entry.source_id}",
        line=entry.where.line,
        also_known=_COMMON,
    )
    return bound(options, problems)


def source_spec(config: Config, entry: SourceEntry, options: object) -> SourceSpec:
    """What an importer gets to know about a source; `options` as `validate_options` made them."""
    return SourceSpec(
        source_id=entry.source_id,
        system=entry.system,
        product=config.system[entry.system].product,
        importer=entry.importer,
        path=entry.path,
        base=config.base,
        options=options,
        where=entry.where,
        extracted_at=entry.extracted_at,
        extracted_by=entry.extracted_by,
        query=entry.query,
        evidence=entry.evidence,
        expected_count=entry.expected_count,
        timezone=entry.timezone,
    )


def config_tables(config: Config) -> Mapping[str, pa.Table]:
    """The declared `systems`, and the row of `sources` by which their lines are printed."""
    systems = [
        {
            "system": entry.system,
            "product": entry.product,
            "title": entry.title,
            "environment": entry.environment,
            "owner": entry.owner,
            "scope": str(entry.scope),
            "reason": entry.reason,
            "source_id": CONFIG_SOURCE,
            "record": entry.where.line,
        }
        for entry in config.systems
    ]
    source = document_source_row(
        config.document,
        source_id=CONFIG_SOURCE,
        kind="config",
        records=(entry.where.line or 0 for entry in config.systems),
    )
    return {
        "systems": pa.Table.from_pylist(systems, schema=SYSTEMS),
        "sources": pa.Table.from_pylist([source], schema=SOURCES),
    }


@dataclass(frozen=True, slots=True)
class _SystemShape:
    product: str
    where: SourceRef
    title: str | None = None
    environment: str | None = None
    owner: str | None = None
    scope: SystemScope = SystemScope.IN_SCOPE
    reason: str | None = None
    groups_from: GroupsFrom | None = None
    accounts_from: AccountsFrom | None = None


@dataclass(frozen=True, slots=True)
class _SourceShape:
    system: str
    importer: str
    path: str
    where: SourceRef
    extracted_at: datetime | None = None
    extracted_by: str | None = None
    query: str | None = None
    evidence: str | None = None
    expected_count: int | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class _IdentityShape:
    aliases: str | None = None


@dataclass(frozen=True, slots=True)
class _ConfigShape:
    name: str
    ruleset: str
    systems: Mapping[str, _SystemShape]
    sources: Mapping[str, Keyed]
    where: SourceRef
    classification: str = "Confidential"
    as_of: date | None = None
    catalogue: str | None = None
    output: str = "out"
    max_skew_days: int = 7
    identity: _IdentityShape | None = None
    mitigations: str | None = None
    approvals: str = "approvals"
    accepted_gaps: tuple[AcceptedGap, ...] = ()


#: Keys of a source that mean the same for every importer.
_COMMON = frozenset(each.name for each in fields(_SourceShape)) - {"where"}


def _systems(
    shape: _ConfigShape, document: Document, problems: Problems
) -> tuple[SystemEntry, ...]:
    if not shape.systems:
        problems.say(document.line("systems"), "systems: declare at least one")
    entries = []
    for name, given in sorted(shape.systems.items()):
        at = f"systems.{name}"
        _check_id(name, at, document.line("systems", name), problems)
        for link in ("groups_from", "accounts_from"):
            found: GroupsFrom | AccountsFrom | None = getattr(given, link)
            if found is None:
                continue
            line = document.line("systems", name, link, "system")
            if found.system == name:
                problems.say(line, f"{at}.{link}: a system cannot draw on itself")
            elif found.system not in shape.systems:
                problems.say(line, f"{at}.{link}: {_undeclared(found.system, shape)}")
        reason = given.reason
        if given.scope is not SystemScope.IN_SCOPE and not reason:
            line = document.line("systems", name, "scope")
            problems.say(line, f"{at}: key 'reason' is missing; say why it is {given.scope}")
        if given.scope is SystemScope.IN_SCOPE and reason:
            line = document.line("systems", name, "reason")
            problems.say(line, f"{at}: a reason explains a scope, and none is given")
        entries.append(SystemEntry(system=name, **_values(given)))
    return tuple(entries)


def _sources(
    shape: _ConfigShape, document: Document, problems: Problems
) -> tuple[SourceEntry, ...]:
    entries = []
    for name, tree in sorted(shape.sources.items()):
        at = f"sources.{name}"
        line = document.line("sources", name)
        _check_id(name, at, line, problems)
        if name in RESERVED_SOURCES:
            problems.say(line, f"{at}: this id is reserved; choose another")
        given = bind(tree.only(_COMMON), _SourceShape, problems, at=at, line=line)
        if given is None:
            continue
        _check_source(name, given, shape, document, problems)
        options = tree.without(_COMMON)
        entries.append(SourceEntry(source_id=name, options=options, **_values(given)))
    return tuple(entries)


def _check_source(
    name: str, given: _SourceShape, shape: _ConfigShape, document: Document, problems: Problems
) -> None:
    at = f"sources.{name}"
    system = shape.systems.get(given.system)
    if system is None:
        line = document.line("sources", name, "system")
        problems.say(line, f"{at}: {_undeclared(given.system, shape)}")
    elif system.scope is SystemScope.NOT_USED:
        line = document.line("sources", name, "system")
        problems.say(line, f"{at}: system '{given.system}' is declared not used")
    if not given.path:
        problems.say(document.line("sources", name, "path"), f"{at}.path: must not be empty")
    if given.expected_count is not None and given.expected_count < 0:
        line = document.line("sources", name, "expected_count")
        problems.say(line, f"{at}.expected_count: must be at least 0")
    try:
        ZoneInfo(given.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        line = document.line("sources", name, "timezone")
        shown = quoted(given.timezone)
        problems.say(line, f"{at}.timezone: no time zone {shown}; write it as Europe/Dublin")


def _check_gaps(shape: _ConfigShape, document: Document, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for n, accepted in enumerate(shape.accepted_gaps):
        at = f"accepted_gaps[{n}]"
        line = document.line("accepted_gaps", n, "gap")
        if _GAP.fullmatch(accepted.gap) is None:
            problems.say(
                line,
                f"{at}.gap: {quoted(accepted.gap)} is no gap id, which is "
                "kind:system or kind:system:subject",
            )
        elif accepted.gap in seen:
            first = seen[accepted.gap]
            problems.say(line, f"{at}.gap: '{accepted.gap}' stands twice, first in line {first}")
        seen.setdefault(accepted.gap, line)
        for key in ("owner", "reason"):
            if not getattr(accepted, key).strip():
                line = document.line("accepted_gaps", n, key)
                problems.say(line, f"{at}.{key}: must not be empty")
        if accepted.most is not None and accepted.most < 1:
            line = document.line("accepted_gaps", n, "most")
            problems.say(line, f"{at}.most: must be at least 1")


def _check_top(shape: _ConfigShape, document: Document, problems: Problems) -> None:
    for key in (
        "name",
        "ruleset",
        "output",
        "catalogue",
        "classification",
        "mitigations",
        "approvals",
    ):
        if getattr(shape, key) == "":
            problems.say(document.line(key), f"{key}: must not be empty")
    if shape.max_skew_days < 0:
        problems.say(document.line("max_skew_days"), "max_skew_days: must be at least 0")


def _check_id(name: str, at: str, line: int, problems: Problems) -> None:
    if _ID.fullmatch(name) is None:
        problems.say(line, f"{at}: an id has letters, digits, '.', '_' and '-' only, at most 100")


def _undeclared(system: str, shape: _ConfigShape) -> str:
    return f"system {quoted(system)} is not declared{suggest(system, shape.systems)}"


def _values(shape: object) -> dict[str, Any]:
    return {each.name: getattr(shape, each.name) for each in fields(shape)}  # type: ignore[arg-type]
