"""YAML text to a tree of marked values, refusing what could hide a second meaning.

Built from the parser's events, not from `yaml.compose`: the events come lazily and without
recursion, so a nesting bomb stops at the limit and not at the end of the stack.

Every scalar is text: `NO`, `2026.10` and `007` stay what they are. Refused, each with its line:
duplicate keys, anchors, aliases, tags, merge keys, several documents, values left empty, and a bare
`null`, which some readers take for nothing and others for a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import yaml

from sod_analyzer.documents.problems import Problems, quoted
from sod_analyzer.errors import SourceRef

if TYPE_CHECKING:
    from yaml.events import Event

#: Deeper documents are refused; ours need eight levels.
MAX_DEPTH = 40

_NOTHING = frozenset({"~", "null", "Null", "NULL"})
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A piece of text."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A sequence."""

    elements: tuple[Value, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a mapping, and the line of its key."""

    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Keyed:
    """A mapping, in the order written."""

    entries: Mapping[str, Entry]
    line: int

    def only(self, keys: Iterable[str]) -> Keyed:
        """The entries with these keys."""
        wanted = frozenset(keys)
        return Keyed({key: e for key, e in self.entries.items() if key in wanted}, self.line)

    def without(self, keys: Iterable[str]) -> Keyed:
        """The entries with other keys."""
        unwanted = frozenset(keys)
        return Keyed({key: e for key, e in self.entries.items() if key not in unwanted}, self.line)


Value: TypeAlias = Scalar | Listed | Keyed


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar in a shape that needs to know where it stands."""

    text: str
    where: SourceRef

    def __str__(self) -> str:
        return self.text


def line_of(value: Value, way: Iterable[object], line: int) -> int:
    """The line of what the way of keys and positions leads to, or of what is nearest above it."""
    for step in way:
        if isinstance(value, Keyed) and str(step) in value.entries:
            line = value.entries[str(step)].line
            value = value.entries[str(step)].value
        elif isinstance(value, Listed) and isinstance(step, int) and step < len(value.elements):
            value = value.elements[step]
            line = value.line
    return line


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end has not come yet."""

    line: int
    keyed: bool
    elements: list[Value] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str, int] | None = None


def compose(text: str, problems: Problems) -> Value:
    """The tree of the one document in `text`.

    Cost: one pass; the pure-Python parser, used where PyYAML was built without libyaml, takes about
    ten times as long.

    Raises:
        SodError: when the text is not YAML, nested too deep, or refused; every problem up to there.
    """
    root: Value | None = None
    composer = _Composer(problems)
    try:
        for event in _events(text):
            root = composer.take(event) or root
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, problems)
    except yaml.YAMLError as error:
        problems.fail(None, f"not valid YAML: {error}")
    if root is None:
        problems.fail(None, "the file is empty")
    problems.settle()
    return root


def _events(text: str) -> Iterator[Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)


def _refuse_syntax(error: yaml.MarkedYAMLError, text: str, problems: Problems) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    reason = " ".join(filter(None, (error.context, error.problem)))
    began = error.context_mark
    if began is not None and mark is not None and began.line != mark.line:
        reason += f" (it begins in line {began.line + 1})"
    if mark is not None and "\t" in _indent(text, mark.line):
        reason += "; the line begins with a tab, indent it with spaces"
    problems.fail(None if mark is None else mark.line + 1, f"not valid YAML: {reason}")


def _indent(text: str, line: int) -> str:
    """What stands before the first word of a line; lines count from 0."""
    found = text.split("\n")[line : line + 1]
    return found[0][: len(found[0]) - len(found[0].lstrip())] if found else ""


class _Composer:
    """Builds the tree event by event, on a stack of its own."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: Event) -> Value | None:
        """The root, once its last event has come."""
        mark = event.start_mark
        line = 1 if mark is None else mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._problems.fail(line, "a second document begins here; one file holds one")
            return None
        if isinstance(event, yaml.AliasEvent):
            self._problems.say(line, f"alias '*{event.anchor}': aliases are not allowed, repeat it")
            return self._add(Scalar("", line))
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            return self._close()
        if isinstance(event, yaml.NodeEvent):
            self._refuse_marks(event, line)
            if isinstance(event, yaml.ScalarEvent):
                return self._scalar(event, line)
            self._open(line, keyed=isinstance(event, yaml.MappingStartEvent))
        return None

    def _refuse_marks(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            name = f"anchor '&{event.anchor}'"
            text = f"{name}: anchors are not allowed, write the value where it is used"
            self._problems.say(line, text)
        tag = getattr(event, "tag", None)
        if tag is not None:
            text = f"tag {quoted(str(tag))}: tags are not allowed, leave it out"
            self._problems.say(line, text)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Value | None:
        # libyaml gives "" as the style of a plain scalar, the pure parser gives None.
        plain = not event.style
        above = self._stack[-1] if self._stack else None
        if above is not None and above.keyed and above.key is None:
            self._key(above, event.value, line, plain=plain)
            return None
        if plain and not event.value:
            if above is None:
                return None
            name = f"'{above.key[0]}'" if above.key else "this element"
            line = above.key[1] if above.key else line
            self._problems.say(line, f"{name} has no value; write one, or leave it out")
        elif plain and event.value in _NOTHING:
            self._problems.say(
                line, f"{event.value} means nothing here; leave it out, or quote it as text"
            )
        return self._add(Scalar(event.value, line))

    def _key(self, above: _Open, text: str, line: int, *, plain: bool) -> None:
        above.key = (text, line)
        if plain and text == _MERGE:
            self._problems.say(line, "merge key '<<': merging is not allowed, repeat the keys")
        elif not text:
            self._problems.say(line, "a key is empty")
        elif text in above.entries:
            first = above.entries[text].line
            self._problems.say(line, f"key {quoted(text)} stands twice, first in line {first}")

    def _open(self, line: int, *, keyed: bool) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._problems.fail(line, f"nested more than {MAX_DEPTH} levels deep")
        above = self._stack[-1] if self._stack else None
        if above is not None and above.keyed and above.key is None:
            self._problems.fail(line, "a key must be text, not a list or a mapping")
        self._stack.append(_Open(line, keyed))

    def _close(self) -> Value | None:
        done = self._stack.pop()
        if done.keyed:
            return self._add(Keyed(done.entries, done.line))
        return self._add(Listed(tuple(done.elements), done.line))

    def _add(self, value: Value) -> Value | None:
        if not self._stack:
            return value
        above = self._stack[-1]
        if not above.keyed:
            above.elements.append(value)
        elif above.key is None:
            self._problems.fail(value.line, "a key must be text, not an alias")
        else:
            key, line = above.key
            above.entries.setdefault(key, Entry(value, line))
            above.key = None
        return None
