"""Policy variables: what stands in a text once a request has filled it in.

Source: the AWS page "IAM policy elements: Variables and tags". Variables exist in policies of
version 2012-10-17 only; elsewhere they are plain text. What is filled in is plain text too: a
wildcard inside it matches itself, so that whoever sets a tag cannot widen a policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sod_analyzer.cloud.aws.context import Context, State
from sod_analyzer.cloud.globs import Glob, Piece, Wildcard

_VARIABLE = re.compile(
    r"\$\{(?:(?P<special>[*?$])|(?P<key>[^{}$,']+)(?:, *'(?P<default>[^']*)')?)\}"
)


@dataclass(frozen=True)
class Filled:
    """A text with its variables filled in.

    `absent` names the variables that have no value: with one of them the element matches nothing,
    whatever the others are. `unknown` names those that cannot be told; each is a `Wildcard.MANY`
    among the pieces, so what the pieces do not match is not matched by any value.
    """

    pieces: tuple[Piece, ...]
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The whole as plain text, or None if a wildcard or an unknown variable is left."""
        texts = [piece for piece in self.pieces if isinstance(piece, str)]
        return "".join(texts) if len(texts) == len(self.pieces) else None


def fill(text: str, context: Context, *, variables: bool, wildcards: bool = True) -> Filled:
    """The text as pieces of plain text and wildcards, as far as the context tells.

    Args:
        text: A text of a policy.
        context: What is known of the request.
        variables: Whether the policy has variables, that is, is of version 2012-10-17.
        wildcards: Whether `*` and `?` in the text are wildcards; otherwise they are plain.

    Returns:
        The pieces. Left unknown, because the page leaves it open: a variable whose key has several
        values (the page only says that it cannot be used), one whose value is an empty text (it
        may count as no value), and a text in `${…}` that is not of a documented form.

    Cost: linear in the text and in what is filled in.
    """
    if not variables:
        return Filled(_joined(_literal(text, wildcards=wildcards)))
    pieces: list[Piece] = []
    absent: dict[str, None] = {}
    unknown: dict[str, None] = {}
    at = 0
    while (start := text.find("${", at)) >= 0:
        pieces += _literal(text[at:start], wildcards=wildcards)
        found = _VARIABLE.match(text, start)
        if found is None:
            # Nobody can say where a broken variable ends, so nothing behind it is known either.
            unknown[text[start:]] = None
            pieces.append(Wildcard.MANY)
            at = len(text)
            break
        at = found.end()
        match _value(found, context):
            case str(value):
                pieces.append(value)
            case State.ABSENT:
                absent[found["key"]] = None
            case _:
                unknown[found["key"]] = None
                pieces.append(Wildcard.MANY)
    pieces += _literal(text[at:], wildcards=wildcards)
    return Filled(_joined(pieces), tuple(absent), tuple(unknown))


def matches(pieces: Iterable[Piece], text: str) -> bool:
    """Whether the pieces match the whole text."""
    return Glob.of(pieces).matches(text)


def _value(found: re.Match[str], context: Context) -> str | State:
    if found["special"] is not None:
        return found["special"]
    key = found["key"]
    if key != key.strip():
        return State.UNKNOWN
    match context.get(key):
        case (str(only),) if only:
            return only
        case State.ABSENT:
            return State.ABSENT if found["default"] is None else found["default"]
        case _:
            return State.UNKNOWN


def _literal(text: str, *, wildcards: bool) -> list[Piece]:
    return list(Glob.parse(text).pieces) if wildcards else [text]


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The same pieces with neighbouring texts made one and empty ones left out."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)
