"""Paths into JSON: where the records are, and where a column of a record is.

environments[].access[]     every element of every `access` list; the last `[]` may be left out
[]                          every element of the top-level list
.                           every document, or the elements of those that are lists
groups{}.members[]          every member of every value of the object `groups`
name, owner.login           a key of the record, and a key inside one
.                           the record itself, when it is a text and not an object
^.name, ^^.name             a key of what the record's list stands in, and one further out
$index, $key, ^.$key        the record's place in its list or object, and that of its parent
roles[].name                several texts: every name in a list inside the record
'a.b'.c                     quotes around a key that has dots, brackets or braces in it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

_PIECE = re.compile(r"'([^']*)'|\[\]|\{\}|\.|[^.\[\]{}']+")


class Walk(StrEnum):
    """Steps that go into every part of a value."""

    ELEMENTS = "[]"
    VALUES = "{}"


@dataclass(frozen=True, slots=True)
class Key:
    """The step to the value under one key."""

    name: str


Step = Key | Walk


class Level(NamedTuple):
    """A value that a walk came to, and its index or key there."""

    value: Any
    label: str


class Found(NamedTuple):
    """A record with everything it stands in, outermost first; the record itself is the last."""

    levels: tuple[Level, ...]


class Misplaced(NamedTuple):
    """A place where records should be and are not; `soft` when that may mean there are none."""

    text: str
    key: str = ""
    known: tuple[str, ...] = ()
    soft: bool = False


def parse_steps(path: str) -> tuple[Step, ...]:
    """The steps of a path without `^` and `$`.

    Raises:
        ValueError: the path has no such form.
    """
    steps: list[Step] = []
    position = 0
    joined = True  # whether a key may come now
    while position < len(path):
        match = _PIECE.match(path, position)
        if match is None:
            raise ValueError(f"'{path[position:]}' is not understood")
        position = match.end()
        piece = match[0]
        if piece in {Walk.ELEMENTS, Walk.VALUES}:
            steps.append(Walk(piece))
            joined = False
        elif piece == ".":
            if joined:
                raise ValueError("a key is missing before a dot")
            joined = True
        elif not joined:
            raise ValueError(f"a dot is missing before '{piece}'")
        else:
            steps.append(Key(match[1] if match[1] is not None else piece))
            joined = False
    if joined:
        raise ValueError("a key is missing at the end" if path else "it is empty")
    return tuple(steps)


def find_records(document: Any, steps: tuple[Step, ...]) -> Iterator[Found | Misplaced]:
    """The records of one document, in its order, and the places where there are none."""
    yield from _walk(document, (Level(document, ""),), steps, "")


def _walk(
    value: Any, levels: tuple[Level, ...], steps: tuple[Step, ...], at: str
) -> Iterator[Found | Misplaced]:
    if not steps:
        if isinstance(value, list):  # a list is no record: its elements are meant
            steps = (Walk.ELEMENTS,)
        else:
            yield Found(levels)
            return
    step, rest = steps[0], steps[1:]
    inner = len(levels) > 1
    if isinstance(step, Key):
        if not isinstance(value, dict):
            yield Misplaced(f"{_shape(value)} at {at or 'the top'}, not an object")
        elif step.name not in value:
            text = f"no '{step.name}' at {at or 'the top'}"
            yield Misplaced(text, step.name, tuple(value), soft=inner)
        else:
            yield from _walk(value[step.name], levels, rest, f"{at}.{step.name}".lstrip("."))
        return
    wanted, said = (list, "a list") if step is Walk.ELEMENTS else (dict, "an object")
    if value is None and inner:
        return  # a program that writes null for an empty list is common
    if not isinstance(value, wanted):
        yield Misplaced(f"{_shape(value)} at {at or 'the top'}, not {said}")
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for label, element in pairs:
        place = f"{at}[{label}]"
        yield from _walk(element, (*levels, Level(element, str(label))), rest, place)


def _shape(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a single value"


class Missing:
    """Stands for what a record does not have."""


MISSING = Missing()

Getter = Callable[[Found], Any]


def parse_column(path: str) -> Getter:
    """What gets the column's value from a record: text, None for null, a list, or `MISSING`.

    Raises:
        ValueError: the path has no such form.
    """
    up = len(path) - len(path.lstrip("^"))
    rest = path[up:]
    if up:
        if rest and not rest.startswith("."):
            raise ValueError("a dot is missing after '^'")
        rest = rest[1:] or "."
    if rest in {"$index", "$key"}:
        return lambda found: found.levels[-1 - up].label if up < len(found.levels) else MISSING
    if rest.startswith("$"):
        raise ValueError(f"'{rest}' is none of $file, $index and $key")
    steps = () if rest == "." else parse_steps(rest)

    def get(found: Found) -> Any:
        return _value(found.levels[-1 - up].value, steps) if up < len(found.levels) else MISSING

    return get


def _value(value: Any, steps: tuple[Step, ...]) -> Any:
    for number, step in enumerate(steps):
        if isinstance(step, Key):
            if not isinstance(value, dict) or step.name not in value:
                return MISSING
            value = value[step.name]
            continue
        parts = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(parts, list):
            return MISSING
        found = (_value(part, steps[number + 1 :]) for part in parts)
        return [part for part in found if part is not MISSING]
    return value
