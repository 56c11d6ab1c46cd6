"""Values of parsed JSON or YAML, narrowed to the shape they should have.

Each getter returns the value, or says in a `ShapeError` what it is instead.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Longer texts are refused; no name and no label comes near.
MAX_TEXT_CHARS = 1_000_000
_SHAPES = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}


class ShapeError(Exception):
    """A value is not of the shape the format promises; the message says which and what it is."""


def as_object(value: object, what: str) -> Mapping[str, object]:
    """The value as an object. Raises `ShapeError` if it is none."""
    if not isinstance(value, dict):
        raise ShapeError(f"{what} is {shape(value)}, expected an object")
    return value


def object_at(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The object under the key; empty when absent or null. Raises `ShapeError` otherwise."""
    value = holder.get(key)
    return {} if value is None else as_object(value, f"'{key}'")


def list_at(holder: Mapping[str, object], key: str) -> list[object]:
    """The list under the key; empty when absent or null. Raises `ShapeError` otherwise."""
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ShapeError(f"'{key}' is {shape(value)}, expected a list")
    return value


def texts_at(holder: Mapping[str, object], key: str) -> tuple[str, ...]:
    """The list of texts under the key; empty when absent or null. Raises `ShapeError` otherwise."""
    return tuple(_text(value, f"an entry of '{key}'") for value in list_at(holder, key))


def text_at(holder: Mapping[str, object], key: str) -> str | None:
    """The text under the key; null when absent, null or empty. Raises `ShapeError` otherwise."""
    value = holder.get(key)
    return None if value is None else _text(value, f"'{key}'") or None


def name_at(holder: Mapping[str, object], key: str) -> str:
    """The text under the key. Raises `ShapeError` also when there is none, or only blanks."""
    value = text_at(holder, key)
    if value is None or not value.strip():
        raise ShapeError(f"'{key}' is missing")
    return value


def shape(value: object) -> str:
    """What kind of value this is, in words."""
    if value is None:
        return "null"
    return _SHAPES.get(type(value), "a number")


def shown(text: str, *, most: int = 80) -> str:
    """The text as it may stand in a sentence: one line, of bounded length."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in text[: most + 1])
    return line if len(line) <= most else f"{line[:most]}…"


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ShapeError(f"{what} is {shape(value)}, expected a text")
    if len(value) > MAX_TEXT_CHARS:
        raise ShapeError(f"{what} is longer than {MAX_TEXT_CHARS:,} characters")
    return value
