"""Cells to the values of fields: texts, days and flags. Nothing is reinterpreted unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sod_analyzer.importers.tabular.options import Column
from sod_analyzer.importers.tabular.table import Cell

#: A field's cache is emptied at this size: cells that repeat are common, endless ones are not.
_CACHE_LIMIT = 200_000

_YES = frozenset({"true", "yes", "y", "1", "t", "x", "on", "active", "enabled"})
_NO = frozenset({"false", "no", "n", "0", "f", "off", "inactive", "disabled", "locked"})

#: Where a part of a field comes from: a column's number, or a text that is the same for all.
Part = int | str


class Texts(NamedTuple):
    """The values of a text field in one record, none when empty."""

    values: tuple[str, ...]
    as_written: tuple[str, ...]  # the same before letter case was folded
    unlisted: tuple[str, ...] = ()  # values that a strict translation does not list


NO_TEXT = Texts((), ())


@dataclass(frozen=True, slots=True)
class TextRule:
    """How the text of a field is cleaned."""

    column: Column
    constant: str | None = None
    translate: Mapping[str, str] | None = None
    strict: bool = False
    separator: str | None = None  # between several values in one cell

    def clean(self, raw: Sequence[str]) -> Texts:
        """The values of these raw texts: split, trimmed, stripped, translated, folded."""
        pieces = [piece.strip() for text in raw for piece in self._split(text)]
        pieces = [piece for piece in pieces if piece]
        if not pieces and self.constant is not None:
            return Texts((self.constant,), (self.constant,))
        stripped = (self._strip(piece) for piece in pieces)
        kept = tuple(dict.fromkeys(piece for piece in stripped if piece))
        unlisted: tuple[str, ...] = ()
        if self.translate is not None:
            if self.strict:
                unlisted = tuple(piece for piece in kept if piece not in self.translate)
            kept = tuple(dict.fromkeys(self.translate.get(piece, piece) for piece in kept))
        if not self.column.lower:
            return Texts(kept, kept, unlisted)
        folded = {piece.lower(): piece for piece in reversed(kept)}
        return Texts(tuple(reversed(folded)), tuple(reversed(folded.values())), unlisted)

    def _split(self, text: str) -> Sequence[str]:
        return (text,) if self.separator is None else text.split(self.separator)

    def _strip(self, text: str) -> str:
        """Drops the prefix whatever its letter case: a domain is written both ways."""
        prefix, suffix = self.column.strip_prefix, self.column.strip_suffix
        if prefix and text[: len(prefix)].lower() == prefix.lower():
            text = text[len(prefix) :]
        if suffix and text[-len(suffix) :].lower() == suffix.lower():
            text = text[: -len(suffix)]
        return text


class TextField:
    """Reads a text field from records, remembering what it made of cells that repeat."""

    def __init__(self, rule: TextRule, parts: Sequence[Part]) -> None:
        self.rule = rule
        self._parts = tuple(parts)
        self._single = parts[0] if len(parts) == 1 and isinstance(parts[0], int) else None
        self._always = rule.clean(()) if not parts else None
        self._cache: dict[Cell | tuple[Cell, ...], Texts] = {}

    def read(self, cells: Sequence[Cell]) -> Texts:
        """The field's values in this record."""
        if self._always is not None:
            return self._always
        key: Cell | tuple[Cell, ...]
        if self._single is not None:
            key = cells[self._single]
        else:
            key = tuple(cells[part] if isinstance(part, int) else part for part in self._parts)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            found = self._cache[key] = self._made(cells)
        return found

    def _made(self, cells: Sequence[Cell]) -> Texts:
        if self._single is not None:
            return self.rule.clean(_raw(cells[self._single]))
        lists = [_raw(cells[part]) if isinstance(part, int) else (part,) for part in self._parts]
        trimmed = [[text.strip() for text in texts if text.strip()] for texts in lists]
        return self.rule.clean(tuple(map(self.rule.column.separator.join, product(*trimmed))))


def _raw(cell: Cell) -> tuple[str, ...]:
    if cell is None:
        return ()
    return cell if isinstance(cell, tuple) else (cell,)


class Day(NamedTuple):
    """A day, or the text that is none."""

    day: date | None
    unreadable: str | None = None


NO_DAY = Day(None)


class DayField:
    """Reads a day from records, in the source's time zone."""

    def __init__(self, text: TextField, formats: Sequence[str], zone: ZoneInfo) -> None:
        self._text = text
        self._formats = tuple(formats)
        self._zone = zone
        self._cache: dict[str, Day] = {}

    def read(self, cells: Sequence[Cell]) -> Day:
        """The day in this record; no day when the cell is empty."""
        values = self._text.read(cells).values
        if not values:
            return NO_DAY
        if len(values) > 1:
            return Day(None, ", ".join(values))
        found = self._cache.get(values[0])
        if found is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            found = self._cache[values[0]] = self._made(values[0])
        return found

    def _made(self, text: str) -> Day:
        for form in self._formats:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007  the zone is the source's
            except ValueError:
                continue
            return Day(self._day(moment))
        # Always understood beside the stated formats: it can be no other day, and workbooks'
        # own dates come like this.
        if text[4:5] == text[7:8] == "-":
            try:
                return Day(self._day(datetime.fromisoformat(text)))
            except ValueError:
                pass
        return Day(None, text)

    def _day(self, moment: datetime) -> date:
        if moment.tzinfo is None:
            return moment.date()
        try:
            return moment.astimezone(self._zone).date()
        except OverflowError:  # year 1 or 9999: no zone can matter
            return moment.date()


class Flag(NamedTuple):
    """Yes, no or nothing said, or the text that is neither."""

    state: bool | None
    text: str = ""
    unreadable: str | None = None


NO_FLAG = Flag(None)


class FlagField:
    """Reads yes or no from records, by the words that the mapping states or the common ones."""

    def __init__(self, text: TextField) -> None:
        column = text.rule.column
        stated = bool(column.true or column.false)
        self._text = text
        self._yes = frozenset(map(str.lower, column.true)) if stated else _YES
        self._no = frozenset(map(str.lower, column.false)) if stated else _NO

    def read(self, cells: Sequence[Cell]) -> Flag:
        """What this record says; nothing when the cell is empty."""
        values = self._text.read(cells).values
        if not values:
            return NO_FLAG
        text = ", ".join(values)
        word = text.lower()
        if word in self._yes:
            return Flag(state=True, text=text)
        if word in self._no:
            return Flag(state=False, text=text)
        return Flag(None, text, text)
