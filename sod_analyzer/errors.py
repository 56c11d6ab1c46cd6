"""Where something stands in a source, and the exceptions that carry it.

    SodError
    ├── InputError      a source cannot be read at all
    ├── ConfigError     sod.yaml or the command line says something impossible
    ├── RulesetError    a ruleset, catalogue or cases file is wrong
    ├── StoreError      a stored snapshot or analysis is missing, damaged or of another version
    ├── QueryError      a question names something that does not exist
    ├── PluginError     an importer or reporter is missing or claimed twice
    └── ReportError     a report cannot be written

A bad data row is not an exception: it is a `DataIssue` in the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceRef:
    """One place in one file: the path as the reader knows it, and a line, row or pointer in it."""

    path: str
    line: int | None = None
    pointer: str | None = None

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return place if self.pointer is None else f"{place} ({self.pointer})"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said in full: what, what was expected, what is near it."""

    text: str
    where: SourceRef | None = None

    def __str__(self) -> str:
        return self.text if self.where is None else f"{self.where}: {self.text}"


class SodError(Exception):
    """An error to show to the person at the terminal, without a traceback.

    Carries every problem that was found, not only the first.
    """

    #: how many problems `str` prints before it counts the rest
    shown = 20

    def __init__(
        self, problems: str | Problem | Iterable[Problem], *, where: SourceRef | None = None
    ) -> None:
        if isinstance(problems, str):
            problems = (Problem(problems, where),)
        elif isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[: self.shown]]
        rest = len(self.problems) - len(lines)
        if rest > 0:
            lines.append(f"… and {rest} more")
        return "\n".join(lines)


class InputError(SodError):
    """A source cannot be read at all."""


class ConfigError(SodError):
    """`sod.yaml` or the command line asks for something impossible."""


class RulesetError(SodError):
    """A ruleset, catalogue or cases file is wrong."""


class StoreError(SodError):
    """A stored snapshot or analysis is missing, damaged, or of another version."""


class QueryError(SodError):
    """A question names something that does not exist."""


class PluginError(SodError):
    """An importer or reporter is missing, broken, or claimed by two packages."""


class ReportError(SodError):
    """A report cannot be written."""


def near(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """The tail of an error message: the known words near `word`, or what there is to choose from.

    Empty when nothing is known at all.
    """
    # Only for an error: the library would otherwise delay every start.
    import difflib  # noqa: PLC0415

    choices = sorted(set(known))
    close = difflib.get_close_matches(word, choices, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not choices:
        return ""
    listed = ", ".join(f"'{choice}'" for choice in choices[:most])
    more = f" and {len(choices) - most} more" if len(choices) > most else ""
    return f"; known: {listed}{more}"
