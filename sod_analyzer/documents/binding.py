"""From the tree to the caller's frozen dataclasses: text is converted here, pydantic checks shapes.

A shape is a plain dataclass. Its fields may be text, int, float, bool, date, datetime, enums,
Literals, `Word` (text with its place), `Keyed` (left as a tree), other shapes, `tuple[X, ...]`,
`Mapping[str, X]`, `X | None`, and a union whose members differ in kind (`str | tuple[str, ...]`).
A field `where: SourceRef` is filled with the place of the mapping and is not a key. A key that
Python keeps for itself is a field with an underscore after it: `class_` is the key `class`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from sod_analyzer.documents.hints import (
    choices_of,
    element_hints,
    field_hints,
    key_of,
    member,
    plain,
)
from sod_analyzer.documents.problems import Problems, quoted, suggest
from sod_analyzer.documents.reading import read_document
from sod_analyzer.documents.scalars import CONVERSIONS
from sod_analyzer.documents.tree import Keyed, Listed, Scalar, Value, Word, line_of
from sod_analyzer.errors import SodError, SourceRef

T = TypeVar("T")

#: Stands for a value that was refused; its problem has been said.
_REFUSED: Final = object()
#: A shape's field that receives the place of its mapping.
_WHERE = "where"


def load(path: Path, shape: type[T], *, error: type[SodError], shown: str | None = None) -> T:
    """The document as an instance of `shape`.

    Raises:
        SodError: of class `error`, with every problem and its line.
    """
    document = read_document(path, error=error, shown=shown)
    problems = Problems(document.path, error)
    return bound(bind(document.root, shape, problems), problems)


def bind(
    value: Value,
    shape: type[T],
    problems: Problems,
    *,
    at: str = "",
    line: int | None = None,
    also_known: Iterable[str] = (),
) -> T | None:
    """The value as an instance of `shape`, or None when `problems` say why not.

    `at` is the dotted way to the value, for messages; `line` the place of its key; `also_known`
    are keys that may stand here but are read elsewhere, for suggestions.
    """
    binder = _Binder(problems, frozenset(also_known))
    made = binder.shape(value, shape, at, value.line if line is None else line)
    return made if isinstance(made, shape) else None


def bound(instance: T | None, problems: Problems) -> T:
    """What `bind` gave, once it is sure that nothing was wrong.

    Raises:
        SodError: of the class that `problems` carry, with all of them.
    """
    problems.settle()
    if instance is None:
        problems.fail(None, "the document does not have the expected shape")
    return instance


class _Binder:
    """One walk over tree and type hints; a class only to carry the problems along."""

    def __init__(self, problems: Problems, also_known: frozenset[str]) -> None:
        self._problems = problems
        self._also_known = also_known

    def shape(self, value: Value, shape: type, at: str, line: int) -> object:
        """An instance of the dataclass, checked by pydantic, or `_REFUSED`."""
        if not isinstance(value, Keyed):
            return self._wrong_kind(value, "a mapping", at)
        hints = {key_of(name): hint for name, hint in field_hints(shape).items()}
        given: dict[str, object] = {}
        refused: set[str] = set()
        for key, entry in value.entries.items():
            if key == _WHERE or key not in hints:
                known = _joined(at, f"unknown key {quoted(key)}")
                names = (set(hints) | self._also_known) - {_WHERE}
                self._problems.say(entry.line, known + suggest(key, names))
                continue
            found = self._value(entry.value, hints[key], _dotted(at, key), entry.line)
            if found is _REFUSED:
                refused.add(key)
            else:
                given[key] = found
        if _WHERE in hints:
            given[_WHERE] = SourceRef(self._problems.path, line)
        named = {name: key_of(name) for name in field_hints(shape)}
        given = {name: given[key] for name, key in named.items() if key in given}
        return self._checked(value, shape, given=given, refused=refused, at=at, line=line)

    def _checked(
        self,
        value: Keyed,
        shape: type,
        *,
        given: Mapping[str, object],
        refused: set[str],
        at: str,
        line: int,
    ) -> object:
        from pydantic import ValidationError  # noqa: PLC0415 - `sod --help` must not load it

        try:
            (instance,) = _adapter(shape).validate_python((given,))
        except ValidationError as error:
            said: set[object] = set()
            for each in error.errors(include_url=False):
                way = each["loc"][1:]
                field = key_of(str(way[0])) if way else ""
                way = (field, *way[1:]) if way else way
                # One field, one message: a union reports each of its members.
                if field in refused or field in said or (refused and not field):
                    continue
                said.add(field)
                entry = value.entries.get(field)
                place = line if entry is None else line_of(entry.value, way[1:], entry.line)
                self._problems.say(place, _said(dict(each), at, way))
            return _REFUSED
        return _REFUSED if refused else instance

    def _value(self, value: Value, hint: Any, at: str, line: int) -> object:
        """What pydantic is to check: converted text, built shapes, plain containers."""
        hint = member(value, plain(hint))
        if hint is Any:
            return _bare(value)
        if hint is Keyed:
            return value if isinstance(value, Keyed) else self._wrong_kind(value, "a mapping", at)
        if is_dataclass(hint) and isinstance(hint, type) and hint is not Word:
            return self.shape(value, hint, at, line)
        if get_origin(hint) not in (None, Literal):
            return self._container(value, hint, at)
        if isinstance(value, Scalar):
            return self._scalar(value, hint, at)
        return self._wrong_kind(value, "text", at)

    def _scalar(self, value: Scalar, hint: Any, at: str) -> object:
        if hint is Word:
            return Word(value.text, SourceRef(self._problems.path, value.line))
        convert = CONVERSIONS.get(hint)
        if convert is None:
            return self._choice(value, hint, at)
        try:
            return convert(value.text)
        except ValueError as error:
            self._problems.say(value.line, _joined(at, f"{quoted(value.text)} {error}"))
            return _REFUSED

    def _choice(self, value: Scalar, hint: Any, at: str) -> object:
        """Text that must be one of few words; any other type takes the text as it is."""
        choices = choices_of(hint)
        if choices and value.text not in choices:
            text = f"{quoted(value.text)} is not one of {_listed(choices)}"
            near = suggest(value.text, choices)
            self._problems.say(value.line, _joined(at, text + near if "did you" in near else text))
            return _REFUSED
        return value.text

    def _container(self, value: Value, hint: Any, at: str) -> object:
        origin, inner = get_origin(hint), get_args(hint)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            if not isinstance(value, Keyed):
                return self._wrong_kind(value, "a mapping", at)
            pairs = {
                key: self._value(entry.value, inner[1], _dotted(at, key), entry.line)
                for key, entry in value.entries.items()
            }
            refused = [key for key in pairs if not self._key(key, inner[0], value, at)]
            return _REFUSED if refused or _REFUSED in pairs.values() else pairs
        if not isinstance(value, Listed):
            return self._wrong_kind(value, "a list", at)
        hints = element_hints(inner, len(value.elements))
        found = [
            self._value(element, each, f"{at}[{n}]", element.line)
            for n, (element, each) in enumerate(zip(value.elements, hints, strict=True))
        ]
        return _REFUSED if _REFUSED in found else tuple(found)

    def _key(self, key: str, hint: Any, within: Keyed, at: str) -> bool:
        choices = choices_of(plain(hint))
        if not choices or key in choices:
            return True
        line = within.entries[key].line
        self._problems.say(line, _joined(at, f"unknown key {quoted(key)}{suggest(key, choices)}"))
        return False

    def _wrong_kind(self, value: Value, wanted: str, at: str) -> object:
        kinds = {Scalar: "text", Listed: "a list", Keyed: "a mapping"}
        self._problems.say(value.line, _joined(at, f"must be {wanted}, not {kinds[type(value)]}"))
        return _REFUSED


@lru_cache(maxsize=256)
def _adapter(shape: type) -> Any:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - as above

    # In a tuple, since pydantic takes no configuration for a dataclass itself, and a caller's
    # class is not ours to mark.
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    return TypeAdapter(tuple[shape], config=config)  # type: ignore[valid-type]


def _bare(value: Value) -> object:
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Listed):
        return tuple(_bare(element) for element in value.elements)
    return {key: _bare(entry.value) for key, entry in value.entries.items()}


def _said(error: Mapping[str, Any], at: str, way: tuple[object, ...]) -> str:
    """One of pydantic's errors in our words."""
    if error["type"] == "missing" and len(way) == 1:
        required = f"key '{way[0]}' is missing"
        return _joined(at, required)
    for step in way:
        at = f"{at}[{step}]" if isinstance(step, int) else _dotted(at, str(step))
    context = error.get("ctx", {})
    text = _LIMITS.get(error["type"], "").format(**context)
    if not text:
        reason = str(error["msg"]).removeprefix("Value error, ")
        text = reason[:1].lower() + reason[1:]
    return _joined(at, text)


_LIMITS: Mapping[str, str] = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "must have at least {min_length} elements",
    "too_long": "must have at most {max_length} elements",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
}


def _dotted(at: str, key: str) -> str:
    shown = key if quoted(key) == f"'{key}'" else quoted(key)
    return f"{at}.{shown}" if at else shown


def _joined(at: str, text: str) -> str:
    return f"{at}: {text}" if at else text


def _listed(choices: Iterable[str]) -> str:
    return ", ".join(f"'{choice}'" for choice in choices)
