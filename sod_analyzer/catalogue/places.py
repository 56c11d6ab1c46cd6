"""Where a right holds: applications, resources, systems, and what no application claims."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from sod_analyzer.catalogue.globs import ancestors, matches, places, resource_globs_meet
from sod_analyzer.model.access import WHOLE_SYSTEM, Snapshot, SystemScope
from sod_analyzer.model.finding import PLACE_ANYWHERE, PLACE_UNMAPPED
from sod_analyzer.model.ruleset import Selector

#: A glob up to its first wildcard.
_LITERAL = re.compile(r"[^*?]*")


class PlaceKind(IntEnum):
    """What a scope value is."""

    ANYWHERE = 0
    APPLICATION = 1
    UNMAPPED = 2
    COVER = 3  # everything in one system
    SYSTEM = 4
    RESOURCE = 5


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One scope value. `system` is empty where the kind has none."""

    kind: PlaceKind
    key: str
    system: str = ""

    @property
    def label(self) -> str:
        """The key that reports print."""
        if self.kind is PlaceKind.RESOURCE and self.system:
            return f"{self.system}:{self.key}"
        return self.key


class Truth(IntEnum):
    """A fact that the data may leave open. Ordered, so `max` is "or" and `min` is "and"."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    @property
    def opposite(self) -> Truth:
        """Not so: what is unknown stays unknown."""
        return Truth(2 - self)


@dataclass(frozen=True, slots=True)
class System:
    """One instance of a product."""

    system: str
    product: str
    environment: str | None
    in_scope: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """One line of the catalogue: an application's resources in one system."""

    application: str
    system: str
    resource: str
    environment: str | None


def meets_environment(wanted: str | None, actual: str | None) -> Truth:
    """Whether a resource in `actual` is one in `wanted`; unknown when nobody says where it is."""
    if wanted is None or wanted == actual:
        return Truth.YES
    return Truth.UNKNOWN if actual is None else Truth.NO


class _Index:
    """The placements of one system, found by resource without trying them all."""

    def __init__(self, placements: Iterable[Placement]) -> None:
        self._sorted = sorted(placements, key=lambda p: p.resource)
        self._texts = [p.resource for p in self._sorted]
        self._exact: dict[str, list[Placement]] = {}
        self._globs: dict[str, list[Placement]] = {}
        for placement in self._sorted:
            literal = _LITERAL.match(placement.resource)[0]  # type: ignore[index]  # may be empty
            if literal == placement.resource:
                self._exact.setdefault(literal, []).append(placement)
            else:
                self._globs.setdefault(literal, []).append(placement)
        self._lengths = sorted({len(literal) for literal in self._globs})

    def near(self, resource: str) -> Iterator[Placement]:
        """The placements that name the resource, something above it, or something below it."""
        for part in ancestors(resource):
            yield from self._exact.get(part, ())
        for length in self._lengths:
            # A glob that matches the resource or a part of it begins as the resource does.
            for placement in self._globs.get(resource[:length], ()):
                if places(placement.resource, resource):
                    yield placement
        below = resource + "/"
        at = bisect_left(self._texts, below)
        while at < len(self._texts) and self._texts[at].startswith(below):
            yield self._sorted[at]
            at += 1


class Atlas:
    """The systems, applications and resources of one snapshot, and what lies where.

    `resources` are wanted by a question; without them only applications are told apart.
    """

    def __init__(self, snapshot: Snapshot, *, resources: Iterable[tuple[str, str]] = ()) -> None:
        self.systems: Mapping[str, System] = {
            row["system"]: System(
                row["system"],
                row["product"],
                row["environment"],
                row["scope"] in (None, SystemScope.IN_SCOPE),
            )
            for row in snapshot["systems"].to_pylist()
        }
        self.applications: tuple[str, ...] = tuple(
            snapshot["applications"].column("application").to_pylist()
        )
        self.tiers: Mapping[str, str | None] = dict(
            zip(self.applications, snapshot["applications"].column("tier").to_pylist(), strict=True)
        )
        self.placements: Mapping[str, tuple[Placement, ...]] = self._placements(snapshot)
        self.resources = tuple(sorted(set(resources)))
        self._placed: dict[tuple[str, str], tuple[tuple[str, str | None], ...]] = {}

    def _placements(self, snapshot: Snapshot) -> Mapping[str, tuple[Placement, ...]]:
        by_system: dict[str, list[Placement]] = {}
        for row in snapshot["placements"].to_pylist():
            system = self.systems.get(row["system"])
            environment = row["environment"] or (system.environment if system else None)
            placement = Placement(row["application"], row["system"], row["resource"], environment)
            by_system.setdefault(placement.system, []).append(placement)
        return {
            system: tuple(sorted(rows, key=lambda p: (p.application, p.resource)))
            for system, rows in by_system.items()
        }

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every scope value, in a fixed order; its position is its number in the columns."""
        systems = sorted(self.systems)
        return (
            Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE),
            *(Place(PlaceKind.APPLICATION, name) for name in self.applications),
            Place(PlaceKind.UNMAPPED, PLACE_UNMAPPED),
            *(Place(PlaceKind.COVER, name, name) for name in systems),
            *(Place(PlaceKind.SYSTEM, name, name) for name in systems),
            *(Place(PlaceKind.RESOURCE, name, system) for system, name in self.resources),
        )

    @cached_property
    def number(self) -> Mapping[Place, int]:
        """The number of each place."""
        return {place: n for n, place in enumerate(self.places)}

    @cached_property
    def _under(self) -> Mapping[tuple[str, str], tuple[int, ...]]:
        found: dict[tuple[str, str], list[int]] = {}
        for number, place in enumerate(self.places):
            if place.kind is PlaceKind.RESOURCE:
                for above in ancestors(place.key):
                    found.setdefault((place.system, above), []).append(number)
        return {key: tuple(numbers) for key, numbers in found.items()}

    def resources_under(self, system: str, held: str) -> tuple[int, ...]:
        """Numbers of the resource places that a right on `held` reaches."""
        here, anywhere = self._under.get((system, held), ()), self._under.get(("", held), ())
        return (*here, *anywhere)

    def placed(self, system: str, resource: str) -> tuple[tuple[str, str | None], ...]:
        """The applications that a resource belongs to, each with the environment it is in there.

        A right on a resource reaches the placements below it too. Empty: no application claims it.
        """
        key = (system, resource)
        found = self._placed.get(key)
        if found is None:
            index = self._indexed.get(system)
            near = index.near(resource) if index else ()
            found = self._placed[key] = tuple(
                sorted(
                    {(p.application, p.environment) for p in near},
                    key=lambda pair: (pair[0], pair[1] or ""),
                )
            )
        return found

    @cached_property
    def _indexed(self) -> Mapping[str, _Index]:
        return {system: _Index(rows) for system, rows in self.placements.items()}

    def environment_of(self, system: str) -> str | None:
        """The environment that a whole system is declared to be."""
        found = self.systems.get(system)
        return found.environment if found else None

    def could_be_in(self, selector: Selector, system: str) -> bool:
        """Whether this part of a way can exist in this system at all; never where not in scope."""
        known = self.systems.get(system)
        if known is None or not known.in_scope or known.product != selector.product:
            return False
        return selector.system is None or matches(selector.system, system)

    def applies_in(self, selector: Selector, system: str) -> Truth:
        """Whether a right over the whole system includes this part somewhere in the system."""
        if not self.could_be_in(selector, system):
            return Truth.NO
        wanted = selector.environment
        best = meets_environment(wanted, self.environment_of(system))
        for environment in self._environments.get(system, ()):
            best = max(best, meets_environment(wanted, environment))
        return best

    @cached_property
    def _environments(self) -> Mapping[str, frozenset[str | None]]:
        """The environments that each system's resources are placed in."""
        return {
            system: frozenset(p.environment for p in placements)
            for system, placements in self.placements.items()
        }

    def environments_at(self, application: str, system: str) -> frozenset[str | None]:
        """The environments in which an application has something in a system."""
        placed = self._of_application.get((application, system), ())
        return frozenset(p.environment for p in placed)

    def applies_at(self, selector: Selector, place: Place, system: str) -> Truth:
        """Whether a right over the whole system includes this part in the given place."""
        if not self.could_be_in(selector, system):
            return Truth.NO
        if place.kind is PlaceKind.APPLICATION:
            return max(
                (
                    meets_environment(selector.environment, p.environment)
                    for p in self._of_application.get((place.key, system), ())
                    if _reaches(selector, p.resource)
                ),
                default=Truth.NO,
            )
        if place.kind is PlaceKind.RESOURCE:
            if place.system not in ("", system) or not _reaches(selector, place.key):
                return Truth.NO
            return self.at_resource(selector.environment, system, place.key)
        if place.kind in (PlaceKind.SYSTEM, PlaceKind.COVER):
            return self.applies_in(selector, system) if place.system == system else Truth.NO
        return self.applies_in(selector, system) if place.kind is PlaceKind.ANYWHERE else Truth.NO

    @cached_property
    def _of_application(self) -> Mapping[tuple[str, str], tuple[Placement, ...]]:
        found: dict[tuple[str, str], list[Placement]] = {}
        for system, placements in self.placements.items():
            for placement in placements:
                found.setdefault((placement.application, system), []).append(placement)
        return {key: tuple(rows) for key, rows in found.items()}

    def at_resource(self, wanted: str | None, system: str, resource: str) -> Truth:
        """Whether a resource is in the wanted environment, by the catalogue, else its system."""
        placed = self.placed(system, resource)
        if not placed:
            return meets_environment(wanted, self.environment_of(system))
        return max(meets_environment(wanted, environment) for _, environment in placed)


def _reaches(selector: Selector, resource_glob: str) -> bool:
    return selector.resource is None or resource_globs_meet(selector.resource, resource_glob)


def names_resource(selector: Selector, resource: str) -> bool:
    """Whether a right on the resource is one that the selector's `resource` asks for."""
    wanted = selector.resource
    if wanted is None or resource == WHOLE_SYSTEM:
        return True
    return places(wanted, resource) or wanted.startswith(resource + "/")
