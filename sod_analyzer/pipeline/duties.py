"""Duties as JSON can hold them, for questions that need nothing else of a ruleset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sod_analyzer.model.ruleset import Duty, Selector, Way


@dataclass(frozen=True)
class Duties:
    """The duties of a ruleset, and its name."""

    name: str
    duties: tuple[Duty, ...]

    @cached_property
    def duty(self) -> Mapping[str, Duty]:
        """Duties by id."""
        return {duty.duty_id: duty for duty in self.duties}


def told_duty(duty: Duty) -> dict[str, Any]:
    """A duty for JSON, without the places that state it."""
    return {
        "duty_id": duty.duty_id,
        "title": duty.title,
        "ways": [
            {"parts": [_told_part(part) for part in way.parts], "origin": way.origin}
            for way in duty.ways
        ],
        "why": duty.why,
        "includes": list(duty.includes),
        "made_of": list(duty.made_of),
    }


def _told_part(part: Selector) -> dict[str, Any]:
    return {
        "product": part.product,
        "actions": list(part.actions),
        "system": part.system,
        "resource": part.resource,
        "environment": part.environment,
        "any_scope": part.any_scope,
        "unless": [_told_part(other) for other in part.unless],
    }


def duty_told(said: Mapping[str, Any]) -> Duty:
    """The duty that `told_duty` told.

    Raises:
        KeyError, TypeError, AttributeError: it is none.
    """
    return Duty(
        _text(said["duty_id"]),
        _text(said["title"]),
        tuple(
            Way(tuple(_part(part) for part in way["parts"]), _perhaps(way["origin"]))
            for way in said["ways"]
        ),
        why=_perhaps(said["why"]),
        includes=tuple(_text(each) for each in said["includes"]),
        made_of=tuple(_text(each) for each in said["made_of"]),
    )


def _part(said: Mapping[str, Any]) -> Selector:
    return Selector(
        _text(said["product"]),
        tuple(_text(each) for each in said["actions"]),
        system=_perhaps(said["system"]),
        resource=_perhaps(said["resource"]),
        environment=_perhaps(said["environment"]),
        any_scope=said["any_scope"] is True,
        unless=tuple(_part(other) for other in said["unless"]),
    )


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise TypeError(type(said))
    return said


def _perhaps(said: object) -> str | None:
    return None if said is None else _text(said)
