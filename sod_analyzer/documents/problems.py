"""Everything that is wrong with one document, gathered and raised once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from sod_analyzer.errors import Problem, SodError, SourceRef, near

#: A document with more mistakes than this is not read further.
MOST = 200
#: Longer words have no near neighbour worth the search.
_SUGGESTED_CHARS = 100
_QUOTED_CHARS = 60


class Problems:
    """Collects problems of one file; `settle` raises them, by line, as one error.

    A class because readers and checks add to it over many calls.
    """

    def __init__(self, path: str, error: type[SodError]) -> None:
        self.path = path
        self._error = error
        self._found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def say(self, line: int | None, text: str) -> None:
        """Adds one problem; raises all of them once there are too many to be of use."""
        self._found.append(Problem(_shown(text), SourceRef(self.path, line)))
        if len(self._found) >= MOST:
            self.settle()

    def take(self, found: Iterable[Problem]) -> None:
        """Adds problems of other files; they are told after those of this one."""
        self._found += found

    @property
    def found(self) -> tuple[Problem, ...]:
        """What was said so far, in order."""
        return tuple(self._sorted())

    def fail(self, line: int | None, text: str) -> NoReturn:
        """Adds one problem that leaves nothing to go on with, and raises all of them."""
        self._found.append(Problem(_shown(text), SourceRef(self.path, line)))
        raise self._error(self._sorted())

    def settle(self) -> None:
        """Raises what was found, sorted by line; does nothing when all is well.

        Raises:
            SodError: of the class chosen by the caller.
        """
        if self._found:
            raise self._error(self._sorted())

    def _sorted(self) -> list[Problem]:
        return sorted(dict.fromkeys(self._found), key=self._order)

    def _order(self, problem: Problem) -> tuple[bool, str, int]:
        where = problem.where or SourceRef(self.path)
        return where.path != self.path, where.path, where.line or 0


def _shown(text: str) -> str:
    """The text without characters that would act on a terminal: keys stand in messages as read."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(text: str) -> str:
    """The text as an error message shows it: on one line, shortened, nothing hidden in it."""
    shown = text if len(text) <= _QUOTED_CHARS else text[: _QUOTED_CHARS - 1] + "…"
    if shown.isprintable() and "'" not in shown:
        return f"'{shown}'"
    return repr(shown)


def suggest(word: str, known: Iterable[str]) -> str:
    """As `errors.near`, for words that nobody vouches for."""
    return near(word[:_SUGGESTED_CHARS], known)
