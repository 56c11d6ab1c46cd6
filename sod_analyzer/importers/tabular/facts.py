"""What rows say of accounts, groups and grants, by column: flags, days, classes, validity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sod_analyzer.importers.tabular.bind import Binding
from sod_analyzer.importers.tabular.days import (
    Days,
    FlagsRead,
    distinct_days,
    instants,
    read_days,
    read_flags,
)
from sod_analyzer.importers.tabular.fields import NoteBook, Read
from sod_analyzer.importers.tabular.statements import Fact
from sod_analyzer.importers.tabular.values import NO_DAY
from sod_analyzer.importers.tabular.words import Codes, Flags
from sod_analyzer.model.access import Hides, IdentityClass

_HOUR_MICROS = 3_600_000_000

#: The order in which one record's oddities are noted, as `_Loader` comes across them.
_STAGES = {
    name: stage
    for stage, name in enumerate(
        (
            "unlisted",
            "kind",
            "enabled",
            "created_at",
            "last_used_at",
            "expires_on",
            "conditional",
            "eligible",
            "self_granted",
            "valid_from",
            "valid_until",
            "impossible",
            "privileged",
            "mode",
            "wildcard",
        )
    )
}


def stage(name: str, place: int = 0) -> tuple[int, int]:
    """Where a note stands among those of its record."""
    return _STAGES[name], place


@dataclass(frozen=True, slots=True)
class Told:
    """A number for each row that tells one."""

    values: Codes
    known: Flags


@dataclass(frozen=True, slots=True)
class Facts:
    """Reads facts from the fields of one block, and notes what is odd about them."""

    binding: Binding
    reads: Mapping[str, Read]
    notes: NoteBook
    count: int

    def unlisted(self) -> None:
        """Notes the values that a strict translation does not list."""
        place = 0
        for name, read in self.reads.items():
            unlisted = read.words.unlisted
            if not unlisted:
                continue
            which = np.zeros(read.texts, dtype=np.bool_)
            which[list(unlisted)] = True
            for text, row, times in read.tally(which):
                for n, value in enumerate(unlisted[text]):
                    self.notes.add(
                        "unknown-value",
                        f"'{value}' is not listed under translate.{name} and was taken as it is",
                        subject=value,
                        hides=Hides.UNKNOWN,
                        stage=stage("unlisted", place + n),
                        row=row,
                        times=times,
                    )
            place += 1 + max(map(len, unlisted.values()))

    def account(self, kind: Fact) -> list[Fact]:
        """What the rows say of their accounts; `kind` is the class where no column says it."""
        facts = [self._class(kind) if "kind" in self.reads else kind]
        texts = ("employee_id", "email", "name", "owner")
        facts += [self._text(name, name) for name in texts if name in self.reads]
        if "enabled" in self.binding.flags:
            facts.append(self._enabled())
        facts += [
            self._instant(name) for name in ("created_at", "last_used_at") if name in self.reads
        ]
        if "expires_on" in self.reads:
            facts.append(self._day("expires_on"))
        return facts

    def group(self) -> list[Fact]:
        """What the rows say of their groups."""
        facts = [
            self._text(name, column)
            for name, column in (("group_title", "title"), ("group_owner", "owner"))
            if name in self.reads
        ]
        if "privileged" in self.reads:
            read = self.reads["privileged"]
            said = self._flags("privileged")
            # Privileged access is looked at more closely, not less.
            yes = said.yes | said.unreadable
            state = np.where(yes, 1, np.where(said.no, 0, -1)).astype(np.int32)
            cells = read.field.keep("cells", read.words, lambda: _yes_no("privileged"))
            facts.append(read.fact(cells, state[read.by_text()]))
        return facts

    def _text(self, name: str, column: str) -> Fact:
        read = self.reads[name]
        cells = read.field.keep("cells", read.words, lambda: {column: read.words.values})
        return read.fact(cells, read.by_text())

    def _class(self, kind: Fact) -> Fact:
        read = self.reads["kind"]
        classes = list(IdentityClass)
        found = np.full(len(read.words.values) + 1, -1, dtype=np.int32)
        strange = np.zeros(len(found), dtype=np.bool_)
        for n, word in enumerate(read.words.values.to_pylist()):
            strange[n] = word.lower() not in frozenset(classes)
            known = IdentityClass.PERSON if strange[n] else IdentityClass(word.lower())
            found[n] = classes.index(known)
        otherwise = kind.cells["kind"][0].as_py()
        if otherwise is not None:
            found[-1] = classes.index(otherwise)
        for text, row, times in read.tally(strange[read.by_text()]):
            word = read.value_of(text)
            self.notes.add(
                "unknown-value",
                f"'{word}' is no class of account ({', '.join(classes)}); taken as person, "
                "so that it is judged",
                subject=word,
                hides=Hides.NO,
                stage=stage("kind"),
                row=row,
                times=times,
            )
        cells = read.field.keep(
            "cells", read.words, lambda: {"kind": pa.array([str(each) for each in classes])}
        )
        return read.fact(cells, found[read.by_text()])

    def _enabled(self) -> Fact:
        """Whether the account works; one that does not says in which word."""
        read = self.reads["enabled"]
        said = self._flags("enabled")

        def make() -> tuple[Mapping[str, pa.Array], Codes]:
            words = read.words.values.to_pylist()
            off = [n for n, no in enumerate(said.no[:-1]) if no]
            cells = {
                "enabled": pa.array([True, *(False for _ in off)], pa.bool_()),
                "dormant_why": pa.array(
                    [None, *(f"disabled ({words[n]})" for n in off)], pa.string()
                ),
            }
            codes = np.where(said.yes, 0, -1).astype(np.int32)
            codes[off] = np.arange(1, len(off) + 1)
            return cells, codes

        cells, codes = read.field.keep("cells", read.words, make)
        return read.fact(cells, codes[read.by_text()])

    def _instant(self, name: str) -> Fact:
        read, days = self.reads[name], self._days(name)

        def make() -> tuple[Mapping[str, pa.Array], Codes]:
            values, codes = instants(self.binding.days[name], days)
            return {name: values}, codes

        cells, codes = read.field.keep("cells", read.words, make)
        return read.fact(cells, codes[read.by_text()])

    def _day(self, name: str) -> Fact:
        read, days = self.reads[name], self._days(name)

        def make() -> tuple[Mapping[str, pa.Array], Codes]:
            values, codes = distinct_days(days)
            return {name: values}, codes

        cells, codes = read.field.keep("cells", read.words, make)
        return read.fact(cells, codes[read.by_text()])

    def _flags(self, name: str) -> FlagsRead:
        """What each value says; notes those that say neither yes nor no."""
        read = self.reads[name]
        reader = self.binding.flags[name]
        said = read.field.keep("flags", read.words, lambda: read_flags(reader, read.words.values))
        if said.unreadable.any():
            for text, row, times in read.tally(said.unreadable[read.by_text()]):
                word = read.value_of(text)
                self.notes.add(
                    "unknown-value",
                    f"'{word}' says neither yes nor no to {name}; taken so that the access counts",
                    subject=word,
                    hides=Hides.NO,
                    stage=stage(name),
                    row=row,
                    times=times,
                )
        return said

    def _days(self, name: str) -> Days:
        """The day that each value means; notes those that are none."""
        read = self.reads[name]
        reader = self.binding.days[name]
        days = read.field.keep("days", read.words, lambda: read_days(reader, read.words.values))
        if days.unreadable.any():
            for text, row, times in read.tally(days.unreadable[read.by_text()]):
                word = read.value_of(text)
                self.notes.add(
                    "unreadable-date",
                    f"'{word}' is not a day ({name}); taken as no limit",
                    subject=word,
                    hides=Hides.NO,
                    stage=stage(name),
                    row=row,
                    times=times,
                )
        return days

    def validity(self, ends: set[int | None]) -> dict[str, Any]:
        """When and under which condition the rows' grants hold: columns of `grants`.

        Puts the last days into `ends`, until there are two.
        """
        found: dict[str, Any] = {}
        for name in ("conditional", "eligible", "self_granted"):
            if name in self.reads:
                read = self.reads[name]
                found[name] = read.pick(self._flags(name).yes[read.by_text()])
        if "condition" in self.reads:
            self._condition(found)
        days = {
            name: self._days(name).of(self.reads[name].by_text())
            for name in ("valid_from", "valid_until")
            if name in self.reads
        }
        first, last = days.get("valid_from"), days.get("valid_until")
        known = {name: self.reads[name].pick(each.known) for name, each in days.items()}
        if first is not None and last is not None:
            known, hours = self._between(first, last, known)
            found |= {} if hours is None else {"lasts_hours": hours}
        for name, each in days.items():
            found[name] = self._told(self.reads[name].pick(each.day), known[name])
        if last is not None and self.count and len(ends) <= 1:
            _last_days(self.reads["valid_until"], last, ends)
        return found

    def _told(self, values: Any, known: Any) -> Told:
        return Told(
            np.ascontiguousarray(np.broadcast_to(values, self.count)),
            np.broadcast_to(known, self.count),
        )

    def _condition(self, found: dict[str, Any]) -> None:
        read = self.reads["condition"]

        def make() -> Codes:
            # An empty text is no condition.
            full = np.array([bool(text) for text in read.words.values.to_pylist()] + [False])
            return np.where(full[read.by_text()], read.by_text(), np.int32(-1))

        codes = read.field.keep("condition", read.words, make)
        found["condition"] = read.fact({"condition": read.words.values}, codes)
        if "conditional" not in self.reads:
            found["conditional"] = read.pick(codes >= 0)

    def _between(
        self, first: Days, last: Days, known: dict[str, Any]
    ) -> tuple[dict[str, Any], Told | None]:
        """Which days count, and the hours between them; a last day before the first counts not."""
        start, end = self.reads["valid_from"], self.reads["valid_until"]
        both = known["valid_from"] & known["valid_until"]
        begins, stops = start.pick(first.day), end.pick(last.day)
        after = both & (begins > stops)
        hours = None
        if first.timed.any() and last.timed.any():
            opened, closed = start.pick(first.moment), end.pick(last.moment)
            timed = both & start.pick(first.timed) & end.pick(last.timed)
            after = np.where(timed & (begins == stops), opened > closed, after)
            told = timed & ~(start.pick(first.midnight) & end.pick(last.midnight)) & ~after
            hours = self._told(
                np.asarray(-((opened - closed) // _HOUR_MICROS)).astype(np.int32), told
            )
        if np.any(after):
            self._note_impossible(np.broadcast_to(after, self.count))
            known = {name: each & ~after for name, each in known.items()}
        return known, hours

    def _note_impossible(self, after: Flags) -> None:
        rows = np.flatnonzero(after)
        pairs = np.zeros(len(rows), dtype=np.int64)
        for name in ("valid_from", "valid_until"):
            raw = self.reads[name].raw
            pairs = (pairs << 32) + (0 if raw is None else raw[rows])
        coded = pa.array(pairs).dictionary_encode()
        codes = np.asarray(coded.indices)
        first = np.full(len(coded.dictionary), -1)
        first[codes[::-1]] = rows[::-1]
        for pair, row, times in zip(
            coded.dictionary.to_pylist(), first.tolist(), np.bincount(codes).tolist(), strict=True
        ):
            begin = self._shown("valid_from", pair >> 32)
            end = self._shown("valid_until", pair & 0xFFFFFFFF)
            self.notes.add(
                "impossible-validity",
                f"valid from {begin} until {end}; taken as valid at any time",
                subject=f"{begin}/{end}",
                hides=Hides.NO,
                stage=stage("impossible"),
                row=row,
                times=times,
            )

    def _shown(self, name: str, text: int) -> str:
        read = self.reads[name]
        place = int(read.by_text()[text])
        day = NO_DAY if place < 0 else self.binding.days[name].of(read.value_of(text))
        return day.shown


def _yes_no(name: str) -> Mapping[str, pa.Array]:
    return {name: pa.array([False, True])}


def _last_days(read: Read, last: Days, ends: set[int | None]) -> None:
    """Puts the last days of the rows into the set, until there are two."""
    used = np.arange(1) if read.raw is None else np.flatnonzero(np.bincount(read.raw))
    known = last.known[used]
    days = last.day[used][known]
    if len(days):
        ends.update((int(days.min()), int(days.max())))
    if not known.all():
        ends.add(None)
