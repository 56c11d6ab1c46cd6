"""Rules and worlds as the oracle reads them. Standard library only, nothing of the package.

A rule is a plain dictionary, the way it stands in its file, with every scalar a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

WHOLE = "*"
Plain = Mapping[str, Any]


# -- texts -----------------------------------------------------------------------------------------


@cache
def fits(glob: str, text: str) -> bool:
    """`*` is any run of characters, `?` any one; the whole text must match."""
    marks = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(marks.get(c, re.escape(c)) for c in glob), text, re.DOTALL))


@cache
def meet(one: str, other: str) -> bool:
    """Whether some text fits both globs."""
    if one[:1] == "*":
        return meet(one[1:], other) or (bool(other) and meet(one, other[1:]))
    if other[:1] == "*":
        return meet(other, one)
    if not one or not other:
        return one == other
    return (one[0] == other[0] or "?" in (one[0], other[0])) and meet(one[1:], other[1:])


def covers(glob: str, resource: str) -> bool:
    """Whether the glob names the resource or something above it."""
    steps = resource.split("/")
    return any(fits(glob, "/".join(steps[:n])) for n in range(1, len(steps) + 1))


def touch(one: str, other: str) -> bool:
    """Whether some resource lies in or below both globs."""
    return meet(one, other) or meet(one + "/*", other) or meet(one, other + "/*")


# -- the world -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edge:
    """One grant. `kind`: adding, holds, controls or uses."""

    holder: str
    target: str
    kind: str = "adding"
    eligible: bool = False
    conditional: bool = False
    self_grant: bool = False
    undecided: bool = False
    since: date | None = None
    until: date | None = None
    hours: int | None = None


@dataclass(frozen=True)
class World:
    """All there is. Ids are whatever; each stands in one of the tables."""

    today: date
    systems: Mapping[str, Plain]  # product, environment, missing, scope
    placements: Sequence[tuple[str, str, str, str | None]] = ()  # app, system, glob, environment
    tiers: Mapping[str, str | None] = field(default_factory=dict)  # every application
    people: Mapping[str, Plain] = field(default_factory=dict)  # class, status, key, department …
    accounts: Mapping[str, Plain] = field(default_factory=dict)  # system, class, enabled …
    roles: Mapping[str, Plain] = field(default_factory=dict)  # system, privileged, owner
    rights: Mapping[str, tuple[str, str, str, str]] = field(default_factory=dict)  # …, mode
    edges: Sequence[Edge] = ()


# -- rules -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    product: str
    actions: tuple[str, ...]
    system: str | None
    resource: str | None
    environment: str | None
    any_scope: bool
    unless: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Way:
    parts: tuple[Part, ...]
    names: frozenset[str]  # every duty through which the rule comes to it

    @property
    def scoped(self) -> tuple[Part, ...]:
        """The parts that must hold in the place; all, when none is marked otherwise."""
        return tuple(p for p in self.parts if not p.any_scope) or self.parts


Leg = tuple[Way, ...]


@dataclass(frozen=True)
class Rule:
    """A rule read from its dictionary. `kind` is the word that stands in the file."""

    rule_id: str
    kind: str
    legs: tuple[Leg, ...]
    count: int
    scope: str
    holder: str
    text: Plain

    @property
    def counts_people(self) -> bool:
        return self.kind in ("max_holders", "min_holders", "min_people")


def words(value: object) -> tuple[str, ...]:
    """One text or several."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def read_part(text: Plain) -> Part:
    part = Part(
        text["product"],
        words(text["action"]),
        text.get("system"),
        text.get("resource"),
        text.get("environment"),
        text.get("any_scope") == "true",
    )
    but = words(text.get("except"))
    return replace(part, unless=(replace(part, actions=but, any_scope=False),)) if but else part


def read_duty(duties: Plain, name: str) -> Leg:
    """The ways of a duty, and those of the duties it includes."""
    text = duties[name]
    own = [
        Way(tuple(map(read_part, way.get("all_of", [way]))), frozenset({name}))
        for way in text.get("ways", [])
    ]
    taken = [
        replace(way, names=way.names | {name})
        for other in text.get("includes", [])
        for way in read_duty(duties, other)
    ]
    return (*own, *taken)


def in_environment(leg: Leg, environment: str | None) -> Leg:
    if environment is None:
        return leg
    kept = []
    for way in leg:
        if all(p.any_scope or p.environment in (None, environment) for p in way.parts):
            parts = (p if p.any_scope else replace(p, environment=environment) for p in way.parts)
            kept.append(replace(way, parts=tuple(parts)))
    return tuple(kept)


def read_leg(ruleset: Plain, word: Any, environment: str | None) -> Leg:
    """One leg: a duty's name, or a group of alternatives."""
    names = words(word["any_of"]) if isinstance(word, dict) else (word,)
    found = tuple(way for name in names for way in read_duty(ruleset["duties"], name))
    return in_environment(found, environment)


def read_rule(ruleset: Plain, rule_id: str) -> Rule:
    """The rule as the oracle wants it."""
    text = ruleset["rules"][rule_id]
    if "role_conflicts" in text:
        other = read_rule(ruleset, text["role_conflicts"])
        both = {**other.text, **text}
        return replace(other, rule_id=rule_id, scope=text["scope"], holder="role", text=both)
    kind, legs, count = _asked(text)
    read = tuple(read_leg(ruleset, word, text.get("environment")) for word in legs)
    rule = Rule(rule_id, kind, read, count, text["scope"], text.get("holder", "identity"), text)
    if kind != "may_hold_only":
        return rule
    allowed = [
        way.parts[0]
        for name in words(text[kind]["duties"])
        for way in read_leg(ruleset, name, text.get("environment"))
        if len(way.parts) == 1
    ]
    return replace(rule, legs=(tuple(_sparing(way, allowed) for way in read[0]),))


def _asked(text: Plain) -> tuple[str, list[Any], int]:
    """Kind, legs as written, and how many of them (or of people) matter."""
    if "duties" in text:
        logic = text["duties"]
        if "at_least" in logic:
            return "at_least", logic["at_least"]["of"], int(logic["at_least"]["count"])
        if "critical" in logic:
            return "critical", [logic["critical"]], 1
        return "all_of", logic["all_of"], len(logic["all_of"])
    kinds = {
        "only": ("duty", None),
        "may_hold_only": ("within", None),
        "max_holders": ("duty", "count"),
        "min_holders": ("duty", "count"),
        "min_people": ("duties", "count"),
        "max_grant_hours": ("duty", None),
        "hygiene": (None, None),
    }
    (kind,) = kinds.keys() & text.keys()
    legs, count = kinds[kind]
    inner = text[kind]
    found = [] if legs is None else inner[legs] if legs == "duties" else [inner[legs]]
    return kind, found, 1 if count is None else int(inner[count])


def _sparing(way: Way, allowed: Iterable[Part]) -> Way:
    return replace(way, parts=tuple(replace(p, unless=(*p.unless, *allowed)) for p in way.parts))
