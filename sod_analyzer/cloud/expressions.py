"""Patterns of other tools, which may be hostile: matched in linear time, whatever they say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol, cast

import re2

#: A longer pattern, or one that needs more memory once compiled, is taken for damaged.
MAX_LENGTH = 4_096
_MEMORY = 1 << 20
#: How deep alternatives may stand in one another.
_DEPTH = 8


_WILDCARDS = {"*": ".*", "?": "."}
#: What ends one of several alternatives, and what ends all of them.
_WITHIN = {",": "|", "}": ")"}


class Expression(Protocol):
    """A compiled pattern."""

    def fullmatch(self, text: str) -> object | None:
        """Something, if the whole text is of the pattern."""

    def search(self, text: str) -> object | None:
        """Something, if a part of the text is of the pattern."""


class PatternError(ValueError):
    """A pattern is not one of its language."""


@lru_cache(maxsize=16_384)
def regex(text: str) -> Expression:
    """A regular expression without back references and looks around, as of Go and RE2.

    Raises:
        PatternError: it is none, or too long.
    """
    _check(text)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return cast(Expression, re2.compile(text, options))
    except re2.error as error:
        said = error.args[0] if error.args else b"no regular expression"
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(text) from error


@lru_cache(maxsize=16_384)
def alternatives_glob(text: str) -> Expression:
    """A glob without separators in which `{a,b}` is either and `[a-c]` or `[!a]` one character.

    `*` and `**` are any text, `?` is any character, and a backslash takes the next character for
    itself. Source: the package `gobwas/glob` of Go, of which this is the language.

    Raises:
        PatternError: a bracket or a brace that is not closed, a set of nothing, or too long.
    """
    _check(text)
    return regex("(?s)" + "".join(_Reader(text).parts()))


def _check(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise PatternError(f"longer than {MAX_LENGTH:,} characters")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise PatternError("half a character")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parts(self) -> Iterator[str]:
        """A regular expression, piece by piece."""
        while self._at < len(self._text):
            yield self._next()
        if self._depth:
            raise PatternError("'{' is not closed")

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise PatternError("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _next(self) -> str:
        c = self._take()
        if c in _WILDCARDS:
            return _WILDCARDS[c]
        if c == "[":
            return self._set()
        if c == "{":
            self._depth += 1
            if self._depth > _DEPTH:
                raise PatternError("alternatives stand too deep in one another")
            return "(?:"
        if self._depth and c in ",}":
            self._depth -= c == "}"
            return _WITHIN[c]
        return str(re2.escape(self._take() if c == "\\" else c))

    def _set(self) -> str:
        """Characters in brackets: some by name, or from one to another."""
        negated = self._text[self._at : self._at + 1] == "!"
        self._at += negated
        found: list[str] = []
        while (c := self._take()) != "]":
            found.append(self._take() if c == "\\" else c)
        if not found:
            raise PatternError("'[]' is no character")
        if len(found) == 3 and found[1] == "-":  # noqa: PLR2004 - from, dash, to
            if found[0] > found[2]:
                raise PatternError(
                    f"[{''.join(found)}] is from a later character to an earlier one"
                )
            inside = f"{re2.escape(found[0])}-{re2.escape(found[2])}"
        else:
            inside = "".join(map(re2.escape, found))
        return f"[{'^' if negated else ''}{inside}]"
