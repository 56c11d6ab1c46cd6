"""The application catalogue: which resources make up which application, and how it ranks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from sod_analyzer.documents import (
    Document,
    Problems,
    bind,
    bound,
    document_source_row,
    quoted,
    read_document,
    suggest,
)
from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.access import APPLICATIONS, PLACEMENTS, SOURCES
from sod_analyzer.model.finding import PLACE_ALL, PLACE_ANYWHERE, PLACE_UNMAPPED

CATALOGUE_SOURCE = "catalogue"

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_RESERVED = frozenset({PLACE_ALL, PLACE_ANYWHERE, PLACE_UNMAPPED})


@dataclass(frozen=True, slots=True)
class ResourceShape:
    """One line of an application: a glob of resources in one system."""

    system: str
    resource: str
    where: SourceRef
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationShape:
    """One application."""

    resources: tuple[ResourceShape, ...]
    where: SourceRef
    title: str | None = None
    tier: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class _CatalogueShape:
    applications: Mapping[str, ApplicationShape]


@dataclass(frozen=True)
class Catalogue:
    """The applications of one file, by id."""

    document: Document
    applications: Mapping[str, ApplicationShape]

    @property
    def text(self) -> str:
        """The file verbatim, for the evidence."""
        return self.document.text

    @cached_property
    def tables(self) -> Mapping[str, pa.Table]:
        """`applications` and `placements`, sorted, and the file's row of `sources`."""
        applications, placements = catalogue_rows(self.applications, CATALOGUE_SOURCE)
        source = document_source_row(
            self.document,
            source_id=CATALOGUE_SOURCE,
            kind="catalogue",
            records=_lines(self.applications.values()),
        )
        return {
            "applications": pa.Table.from_pylist(applications, schema=APPLICATIONS),
            "placements": pa.Table.from_pylist(placements, schema=PLACEMENTS),
            "sources": pa.Table.from_pylist([source], schema=SOURCES),
        }


def _lines(applications: Iterable[ApplicationShape]) -> Iterator[int]:
    for application in applications:
        for where in (application.where, *(each.where for each in application.resources)):
            yield where.line or 0


def load_catalogue(
    path: Path, *, systems: Collection[str] | None = None, shown: str | None = None
) -> Catalogue:
    """The catalogue in this file. With `systems`, a resource of any other system is refused.

    Raises:
        RulesetError: with every problem and its line.
    """
    document = read_document(path, error=RulesetError, shown=path.name if shown is None else shown)
    problems = Problems(document.path, RulesetError)
    shape = bound(bind(document.root, _CatalogueShape, problems), problems)
    check_applications(shape.applications, systems, document, problems)
    problems.settle()
    return Catalogue(document, dict(sorted(shape.applications.items())))


def check_applications(
    applications: Mapping[str, ApplicationShape],
    systems: Collection[str] | None,
    document: Document,
    problems: Problems,
) -> None:
    """Says what is wrong with applications that have the right shape."""
    for name, application in applications.items():
        at = f"applications.{name}"
        line = document.line("applications", name)
        if _ID.fullmatch(name) is None:
            problems.say(line, f"{at}: an id is lower-case letters, digits and '-'")
        if name in _RESERVED:
            problems.say(line, f"{at}: this id has a meaning of its own in reports; choose another")
        for key in ("title", "tier", "owner"):
            if getattr(application, key) == "":
                problems.say(document.line("applications", name, key), f"{at}.{key}: is empty")
        if not application.resources:
            problems.say(
                line, f"{at}.resources: there is none, so no rule could ever be broken here"
            )
        _check_resources(application, at, systems, problems)


def _check_resources(
    application: ApplicationShape,
    at: str,
    systems: Collection[str] | None,
    problems: Problems,
) -> None:
    first: dict[tuple[str, str], int | None] = {}
    for n, resource in enumerate(application.resources):
        line = resource.where.line
        here = f"{at}.resources[{n}]"
        if systems is not None and resource.system not in systems:
            near = suggest(resource.system, systems)
            problems.say(line, f"{here}: system {quoted(resource.system)} is not declared{near}")
        if not resource.resource:
            problems.say(line, f"{here}.resource: is empty; everything in a system is '*'")
        if resource.environment == "":
            problems.say(line, f"{here}.environment: is empty")
        key = (resource.system, resource.resource)
        if key in first:
            problems.say(line, f"{here}: stands twice, first in line {first[key]}")
        first.setdefault(key, line)


def catalogue_rows(
    applications: Mapping[str, ApplicationShape], source_id: str
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Rows of `applications` and of `placements`, both sorted."""
    named: list[dict[str, object]] = [
        {
            "application": name,
            "title": application.title or name,
            "tier": application.tier,
            "owner": application.owner,
            "source_id": source_id,
            "record": application.where.line,
        }
        for name, application in sorted(applications.items())
    ]
    placed: list[dict[str, object]] = [
        {
            "application": name,
            "system": each.system,
            "resource": each.resource,
            "environment": each.environment,
            "source_id": source_id,
            "record": each.where.line,
        }
        for name, application in sorted(applications.items())
        for each in sorted(application.resources, key=lambda each: (each.system, each.resource))
    ]
    return named, placed
