"""Cells to the values of fields: texts, days and flags. Nothing is reinterpreted unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sod_analyzer.importers.tabular.options import Column
from sod_analyzer.importers.tabular.table import Cell

#: A field's cache is emptied at this size: cells that repeat are common, endless ones are not.
_CACHE_LIMIT = 200_000

_YES = frozenset({"true", "yes", "y", "1", "t", "x", "on", "active", "enabled"})
_NO = frozenset({"false", "no", "n", "0", "f", "off", "inactive", "disabled", "locked"})

#: The letters of `strptime` that read a time of day.
_TIME_MARKS = ("%H", "%I", "%c", "%X", "%s")
_ISO_DAY = len("2026-10-31")

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
        self.parts = tuple(parts)
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
            key = tuple(cells[part] if isinstance(part, int) else part for part in self.parts)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            found = self._cache[key] = self._made(cells)
        return found

    def _made(self, cells: Sequence[Cell]) -> Texts:
        if self._single is not None:
            return self.rule.clean(_raw(cells[self._single]))
        lists = [_raw(cells[part]) if isinstance(part, int) else (part,) for part in self.parts]
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
    moment: datetime | None = None  # in UTC; None where only a day is written
    midnight: bool = False  # the time is written, and is 00:00

    @property
    def shown(self) -> str:
        """The moment, else the day."""
        return str(self.day) if self.moment is None else f"{self.moment:%Y-%m-%dT%H:%M:%SZ}"


NO_DAY = Day(None)

_HOUR = timedelta(hours=1)


def comes_after(day: Day, other: Day) -> bool:
    """Whether a day is later than another, or a moment than another of the same day."""
    if day.day is None or other.day is None:
        return False
    if day.day != other.day or day.moment is None or other.moment is None:
        return day.day > other.day
    return day.moment > other.moment


def hours_between(first: Day, last: Day) -> int | None:
    """Hours from one moment to the other, rounded up; None where either is only a day.

    Two times of 00:00 are two days: many exports write every day like that, and nobody can tell
    whether the last one is included.
    """
    if first.moment is None or last.moment is None or (first.midnight and last.midnight):
        return None
    return -((first.moment - last.moment) // _HOUR)


class DayField:
    """Reads a day from records, in the source's time zone."""

    def __init__(self, text: TextField, formats: Sequence[str], zone: ZoneInfo) -> None:
        self.text = text
        self.formats = tuple(formats)
        self.zone = zone
        self._cache: dict[str, Day] = {}

    def read(self, cells: Sequence[Cell]) -> Day:
        """The day in this record; no day when the cell is empty."""
        values = self.text.read(cells).values
        if not values:
            return NO_DAY
        if len(values) > 1:
            return Day(None, ", ".join(values))
        found = self._cache.get(values[0])
        if found is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            found = self._cache[values[0]] = self.of(values[0])
        return found

    def of(self, text: str) -> Day:
        """The day that this text means."""
        for form in self.formats:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007  the zone is the source's
            except ValueError:
                continue
            return self._read(moment, timed=any(mark in form for mark in _TIME_MARKS))
        # Always understood beside the stated formats: it can be no other day, and workbooks'
        # own dates come like this.
        if text[4:5] == text[7:8] == "-":
            try:
                return self._read(datetime.fromisoformat(text), timed=len(text) > _ISO_DAY)
            except ValueError:
                pass
        return Day(None, text)

    def _read(self, written: datetime, *, timed: bool) -> Day:
        moment = written if written.tzinfo else written.replace(tzinfo=self.zone)
        try:
            day = moment.astimezone(self.zone).date()
            instant = moment.astimezone(UTC) if timed else None
        except OverflowError:  # year 1 or 9999: no zone can matter
            return Day(written.date())
        return Day(day, moment=instant, midnight=timed and written.time() == time())

    def instant(self, day: Day) -> datetime | None:
        """The moment, to the second; of a day without a time, its beginning in the zone."""
        if day.moment is not None:
            return day.moment.replace(microsecond=0)
        if day.day is None:
            return None
        try:
            return datetime.combine(day.day, time(), self.zone).astimezone(UTC)
        except OverflowError:
            return datetime.combine(day.day, time(), UTC)


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
        return self.of(", ".join(values))

    def of(self, text: str) -> Flag:
        """What this text says."""
        word = text.lower()
        if word in self._yes:
            return Flag(state=True, text=text)
        if word in self._no:
            return Flag(state=False, text=text)
        return Flag(None, text, text)
