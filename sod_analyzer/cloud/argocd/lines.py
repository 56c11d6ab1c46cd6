"""Lines of a policy of Argo CD: rules, and who has which role.

    p, subject, resource, action, object, effect
    g, member, role

Source: "RBAC Configuration" of the Argo CD documentation, and the loader of its policies, which
reads each line as CSV and drops blanks before a value, not behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

#: A longer line is no policy.
_MAX_LINE = 10_000
_RULE, _GROUPING = "p", "g"
_OF_RULE, _OF_GROUPING = 6, 3


class Effect(StrEnum):
    """What a rule does; one that is neither does nothing."""

    ALLOW = "allow"
    DENY = "deny"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands: a file or key of an object, and the line from 1."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source} line {self.line}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One `p` line."""

    subject: str
    resource: str
    action: str
    object: str
    effect: Effect
    place: Place

    def __str__(self) -> str:
        said = (_RULE, self.subject, self.resource, self.action, self.object, self.effect)
        return ", ".join(map(str, said))


@dataclass(frozen=True, slots=True)
class Grouping:
    """One `g` line: a member has a role, or a role has another one."""

    member: str
    role: str
    place: Place

    def __str__(self) -> str:
        return f"{_GROUPING}, {self.member}, {self.role}"


@dataclass(frozen=True, slots=True)
class Lines:
    """What texts say. `refused` are lines with which Argo CD takes nothing of a policy."""

    rules: tuple[Rule, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Lines) -> Lines:
        return Lines(
            self.rules + other.rules,
            self.groupings + other.groupings,
            self.refused + other.refused,
            self.warnings + other.warnings,
        )


def read(texts: Iterable[tuple[str, str]]) -> Lines:
    """The lines of texts with their names, in order."""
    found = Lines()
    for name, text in texts:
        for number, line in enumerate(text.split("\n"), 1):
            found += _line(line.strip(), Place(name, number))
    return found


def composed(values: Mapping[str, str], name: str) -> Lines:
    """The lines of an `argocd-rbac-cm`: of `policy.csv`, and of every `policy.*.csv` by name."""
    main = "policy.csv"
    others = sorted(
        key for key in values if key.startswith("policy.") and key.endswith(".csv") and key != main
    )
    keys = [key for key in (main, *others) if key in values]
    return read((f"{name} {key}", values[key]) for key in keys)


def _line(line: str, place: Place) -> Lines:
    if not line or line.startswith("#"):
        return Lines()
    try:
        tokens = _tokens(line)
    except (csv.Error, ValueError) as error:
        return Lines(refused=(f"{place}: no line of CSV: {error}",))
    kind, rest = tokens[0], tokens[1:]
    wanted = {_RULE: _OF_RULE, _GROUPING: _OF_GROUPING}.get(kind)
    if wanted is None:
        return Lines(refused=(f"{place}: expected p or g, found '{kind[:40]}'",))
    if len(tokens) != wanted:
        return Lines(refused=(f"{place}: expected {wanted} values, found {len(tokens)}",))
    warnings = tuple(_warnings(kind, rest, place))
    if kind == _GROUPING:
        member, role = rest
        return Lines(groupings=(Grouping(member, role, place),), warnings=warnings)
    *said, effect = rest
    known = {str(each): each for each in (Effect.ALLOW, Effect.DENY)}
    subject, resource, action, about = said
    rule = Rule(subject, resource, action, about, known.get(effect, Effect.NEITHER), place)
    return Lines(rules=(rule,), warnings=warnings)


def _tokens(line: str) -> list[str]:
    if len(line) > _MAX_LINE:
        raise ValueError(f"longer than {_MAX_LINE:,} characters")
    rows = list(csv.reader([line], skipinitialspace=True, strict=True))
    if len(rows) != 1 or not rows[0]:
        raise ValueError("nothing in it")
    return rows[0]


def _warnings(kind: str, rest: list[str], place: Place) -> Iterator[str]:
    for each in rest:
        if each != each.rstrip():
            yield f"{place}: the blank behind '{each.rstrip()}' counts, so that it is another name"
    if kind == _RULE and rest[-1] not in (Effect.ALLOW, Effect.DENY):
        yield f"{place}: the effect '{rest[-1]}' is neither allow nor deny, and does nothing"
