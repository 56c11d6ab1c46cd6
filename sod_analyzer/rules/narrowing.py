"""Whom and what a rule is about or leaves out, checked and built."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sod_analyzer.documents import quoted
from sod_analyzer.model.ruleset import Exclusion, Subjects
from sod_analyzer.rules.shapes import ExclusionShape, SubjectsShape
from sod_analyzer.rules.voice import Voice

#: Key in the file to field of `Subjects`.
_KEYS = {
    "class": "kinds",
    "department": "departments",
    "title": "titles",
    "role": "roles",
    "account": "accounts",
    "person": "people",
}
#: Keys whose values are ids, `system:name`.
_IDS = ("role", "account")


def listed(value: object) -> tuple[str, ...]:
    """One text or several, as a tuple; nothing stays nothing."""
    if value is None:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, tuple) else (str(value),)


def subjects_of(
    shape: SubjectsShape | None, voice: Voice, key: str, *further: object, optional: bool = True
) -> Subjects:
    """The narrowing that stands under `key`, or inside it. Says where it narrows nothing."""
    if shape is None:
        return Subjects()

    def say(text: str, *way: object) -> None:
        voice.say(key, text, *further, *way)

    found = _subjects(shape, say)
    if not found:
        tail = ", or leave it out" if optional else ""
        say(f"names nobody; give one of {_choices(_KEYS)}{tail}")
    return found


def exclusions_of(
    shapes: Iterable[ExclusionShape] | None, voice: Voice, key: str, *further: object
) -> tuple[Exclusion, ...]:
    """The exclusions that stand under `key`, in the order written."""
    return tuple(_exclusion(shape, voice, key, *further, n) for n, shape in enumerate(shapes or ()))


def _exclusion(shape: ExclusionShape, voice: Voice, key: str, *further: object) -> Exclusion:
    def say(text: str, *way: object) -> None:
        voice.say(key, text, *further, *way)

    subjects = _subjects(shape, say)
    places = listed(shape.place)
    if shape.place is not None:
        _check("place", places, say)
    if not subjects and not places:
        say(f"would leave out everybody everywhere; narrow it by one of {_choices(_KEYS, 'place')}")
    for name in ("reason", "by"):
        if not str(getattr(shape, name)).strip():
            say(f"{name}: must not be empty", name)
    if shape.until is not None and shape.until < shape.on:
        say(f"until: {shape.until} is before {shape.on}, the day of the decision", "until")
    return Exclusion(
        shape.reason, shape.by, shape.on, shape.until, subjects, places, where=shape.where
    )


def _subjects(shape: SubjectsShape | ExclusionShape, say: Callable[..., None]) -> Subjects:
    found: dict[str, tuple[str, ...]] = {}
    for key, field in _KEYS.items():
        value = getattr(shape, "class_" if key == "class" else key)
        if value is None:
            continue
        found[field] = listed(value)
        _check(key, found[field], say)
    return Subjects(**found)


def _check(key: str, words: tuple[str, ...], say: Callable[..., None]) -> None:
    if not words or not all(word.strip() for word in words):
        say(f"{key}: must not be empty", key)
    for word in sorted({word for word in words if words.count(word) > 1}):
        say(f"{key}: {quoted(word)} stands twice", key)
    for word in words if key in _IDS else ():
        # Without a system an id matches nothing, and the rule would look kept.
        if word.strip() and ":" not in word and "*" not in word:
            say(f"{key}: {quoted(word)} is no id; one is system:name", key)


def _choices(keys: Iterable[str], *more: str) -> str:
    return ", ".join(f"'{key}'" for key in (*keys, *more))
