"""Says what is wrong with one entry of a file, at the line where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sod_analyzer.documents import Document, Problems, quoted


@dataclass(frozen=True, slots=True)
class Voice:
    """Speaks of the entry that `way` leads to.

    Keys that another file says anew are spoken of there: `instead`.
    """

    document: Document
    problems: Problems
    way: tuple[str, ...]
    instead: Mapping[str, Voice] = field(default_factory=dict)

    def inner(self, *way: str) -> Voice:
        """Speaks of an entry inside this one."""
        return Voice(self.document, self.problems, (*self.way, *way))

    def say(self, key: str, text: str, *further: object) -> None:
        """One problem of a key of the entry; `further` leads on to the line."""
        voice = self.speaker(key)
        line = voice.document.line(*voice.way, key, *further)
        voice.problems.say(line, f"{'.'.join((*voice.way, key))}: {text}")

    def say_all(self, text: str) -> None:
        """One problem of the whole entry."""
        self.problems.say(self.document.line(*self.way), f"{'.'.join(self.way)}: {text}")

    def speaker(self, key: str) -> Voice:
        """The voice of the file that states this key."""
        return self.instead.get(key, self)

    def texts(self, shape: object, keys: Iterable[str]) -> None:
        """Says which of these keys are given without a word."""
        for key in keys:
            value = getattr(shape, key)
            if value is not None and not str(value).strip():
                self.say(key, "must not be empty")

    def words(self, key: str, words: Iterable[str], *further: object, inner: str = "") -> None:
        """Says which words of a list are missing, empty or repeated; `inner` is a key in it."""
        listed = tuple(words)
        name = f"{inner}: " if inner else ""
        way = (*further, inner) if inner else further
        if not listed:
            self.say(key, f"{name}there is none", *way)
        elif not all(word.strip() for word in listed):
            self.say(key, f"{name}must not be empty", *way)
        for word in sorted({word for word in listed if listed.count(word) > 1}):
            self.say(key, f"{name}{quoted(word)} stands twice", *way)
