"""AWS policy documents, from whatever form an export has them in, to statements.

A document that cannot be read in part is kept with what could be read and is *damaged*: whoever
decides by it must not take its silence for an answer.

Source: "Grammar of the IAM JSON policy language" of the IAM documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from urllib.parse import unquote

from sod_analyzer.cloud.aws.conditions import Conditions
from sod_analyzer.cloud.aws.conditions import parse as parse_conditions

#: Versions of the language; only the later one has variables.
_VERSIONS = ("2008-10-17", "2012-10-17")
#: AWS allows a managed policy 6,144 characters and a bucket policy 20 KB. Beyond this is no policy.
_LONGEST = 1_000_000
_KEYS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


class Form(StrEnum):
    """What a document is attached to, which decides the elements that it must have."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


@dataclass(frozen=True)
class Listed:
    """An element and its opposite: these, or with `negated` everything but these."""

    texts: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Principals:
    """Whom a statement names, by the kind of name; with `negated`, everyone else."""

    aws: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical: tuple[str, ...] = ()
    negated: bool = False

    @property
    def everyone(self) -> bool:
        """Whether it says `*`."""
        return "*" in self.aws


@dataclass(frozen=True)
class Statement:
    """One statement. `resources` and `principals` are None where it has no such element."""

    policy: str
    number: int
    sid: str | None
    allows: bool
    actions: Listed
    resources: Listed | None
    principals: Principals | None
    conditions: Conditions
    #: Whether `${…}` is a variable and not a text.
    variables: bool = True

    def __str__(self) -> str:
        name = f" ({self.sid})" if self.sid else ""
        return f"{self.policy}: statement {self.number}{name}"


@dataclass(frozen=True)
class Policy:
    """A document's statements, and what is wrong with it.

    `damaged` means that something in it could not be read that may allow or deny.
    """

    name: str
    statements: tuple[Statement, ...] = ()
    problems: tuple[str, ...] = ()
    damaged: bool = False

    @cached_property
    def about(self) -> dict[tuple[str, bool], tuple[Statement, ...]]:
        """Statements by an action and by whether they allow, as far as somebody asked for them.

        Most policies say nothing of most actions, and each is asked about often.
        """
        return {}

    @cached_property
    def of_service(self) -> dict[tuple[str, bool], tuple[tuple[Statement, Listed], ...]]:
        """The same by a service, with those of their actions that may be of it."""
        return {}

    @classmethod
    def missing(cls, name: str, why: str = "its document is not in the export") -> Policy:
        """A policy that is attached and cannot be read."""
        return cls(name, problems=(f"{name}: {why}",), damaged=True)


@dataclass
class _Reader:
    name: str
    form: Form
    problems: list[str] = field(default_factory=list)
    damaged: bool = False

    def say(self, text: str) -> None:
        self.problems.append(f"{self.name}: {text}")

    def lose(self, text: str) -> None:
        """Something that may allow or deny is lost."""
        self.say(text)
        self.damaged = True


def parse(document: object, name: str, form: Form = Form.IDENTITY) -> Policy:
    """A document as an object, as JSON text or as URL-encoded JSON text.

    Never raises: what is wrong stands in `problems`, each with the name and the statement.
    """
    reader = _Reader(name, form)
    read = _opened(document, reader)
    if read is None:
        return Policy(name, (), tuple(reader.problems), damaged=True)
    version = read.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        reader.lose(f"Version {_short(version)} is not one of {' and '.join(_VERSIONS)}")
    for key in sorted(str(key) for key in read if key not in ("Version", "Id", "Statement")):
        reader.lose(f"{_short(key)} is no element of a policy")
    found = read.get("Statement", [])
    if "Statement" not in read:
        reader.lose("it has no Statement")
    statements = []
    for number, each in enumerate(found if isinstance(found, list) else [found], 1):
        statement = _statement(each, number, reader, variables=version == _VERSIONS[1])
        if statement is not None:
            statements.append(statement)
    return Policy(name, tuple(statements), tuple(reader.problems), damaged=reader.damaged)


def _opened(document: object, reader: _Reader) -> Mapping[str, object] | None:
    if isinstance(document, str):
        if len(document) > _LONGEST:
            reader.say(f"a text of {len(document):,} characters is no policy")
            return None
        text = document.strip()
        # A raw API response has documents URL-encoded; a plain one begins with a brace.
        if text.startswith("%"):
            text = unquote(text)
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            reader.say(f"{_short(text)} is no JSON")
            return None
    if not isinstance(document, Mapping):
        reader.say(f"{_short(document)} is no policy, which is an object with a Statement")
        return None
    return document


def _statement(found: object, number: int, reader: _Reader, *, variables: bool) -> Statement | None:
    where = f"statement {number}"
    if not isinstance(found, Mapping):
        reader.lose(f"{where} is {_short(found)}, not an object")
        return None
    for key in sorted(str(key) for key in found if key not in _KEYS):
        # A misspelled Condition or Resource says more than the rest does.
        reader.lose(f"{where}: {_short(key)} is no element of a statement")
    effect = found.get("Effect")
    if effect not in ("Allow", "Deny"):
        reader.lose(f"{where}: Effect is {_short(effect)}, not Allow or Deny")
        return None
    actions = _listed(found, "Action", where, reader)
    if actions is None:
        reader.lose(f"{where} has neither Action nor NotAction")
        return None
    actions = Listed(_well_formed(actions.texts, where, reader), actions.negated)
    resources = _listed(found, "Resource", where, reader)
    if resources is None and reader.form is Form.IDENTITY:
        reader.lose(f"{where} has neither Resource nor NotResource")
        return None
    principals = _principals(found, where, reader)
    conditions, problems = parse_conditions(found.get("Condition", {}))
    for problem in problems:
        reader.say(f"{where}: {problem}")
    sid = found.get("Sid")
    return Statement(
        reader.name,
        number,
        sid if isinstance(sid, str) and sid else None,
        effect == "Allow",
        actions,
        resources,
        principals,
        conditions,
        variables,
    )


def _listed(found: Mapping[str, object], key: str, where: str, reader: _Reader) -> Listed | None:
    opposite = f"Not{key}"
    if key in found and opposite in found:
        reader.lose(f"{where} has both {key} and {opposite}")
        return None
    name = key if key in found else opposite
    if name not in found:
        return None
    texts, others = _texts(found[name])
    for other in others:
        reader.lose(f"{where}: {name} holds {_short(other)}, not a text")
    return Listed(texts, negated=name == opposite)


def _texts(value: object) -> tuple[tuple[str, ...], list[object]]:
    """The texts of one text or a list, and what else was among them."""
    values = value if isinstance(value, list) else [value]
    return (
        tuple(each for each in values if isinstance(each, str)),
        [each for each in values if not isinstance(each, str)],
    )


def _well_formed(actions: tuple[str, ...], where: str, reader: _Reader) -> tuple[str, ...]:
    """Actions that can match anything; others match nothing, which nobody meant."""
    kept = []
    for action in actions:
        service, colon, name = action.partition(":")
        fits = all("!" <= c <= "~" and c not in ",;" for c in action)
        if fits and (action == "*" or (service and colon and name)):
            kept.append(action)
        else:
            reader.say(f"{where}: the action {_short(action)} is malformed and matches nothing")
    return tuple(kept)


def _principals(found: Mapping[str, object], where: str, reader: _Reader) -> Principals | None:
    listed = [key for key in ("Principal", "NotPrincipal") if key in found]
    if not listed:
        return None
    if len(listed) == 2:  # noqa: PLR2004 - both
        reader.lose(f"{where} has both Principal and NotPrincipal")
        return None
    value, negated = found[listed[0]], listed[0] == "NotPrincipal"
    if value == "*":
        return Principals(aws=("*",), negated=negated)
    if not isinstance(value, Mapping):
        reader.lose(f"{where}: {listed[0]} is {_short(value)}, not * or an object")
        return None
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, names in sorted(value.items(), key=lambda pair: str(pair[0])):
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            reader.lose(f"{where}: {_short(kind)} is no kind of principal")
            continue
        texts, others = _texts(names)
        for other in others:
            reader.lose(f"{where}: {listed[0]} holds {_short(other)}, not a text")
        for text in texts:
            if "*" in text and text != "*":
                reader.say(f"{where}: {_short(text)} names nobody, a principal has no wildcards")
        kinds[str(kind)] = texts
    return Principals(
        kinds.get("AWS", ()),
        kinds.get("Service", ()),
        kinds.get("Federated", ()),
        kinds.get("CanonicalUser", ()),
        negated,
    )


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - fits a line
