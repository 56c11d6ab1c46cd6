"""Days and flags, read once per distinct text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.importers.tabular.values import Day, DayField, FlagField
from sod_analyzer.importers.tabular.words import Codes, Flags, Rows, codes_of

_EPOCH = date(1970, 1, 1)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_MICROS = 1_000_000
#: Days and moments as most exports write them; what else is a day, `DayField` tells.
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?$"
_ISO_DAY = len("2026-10-31")
#: Fewer texts than this are read one by one.
_FEW = 64


@dataclass(frozen=True, slots=True)
class Days:
    """The days that texts mean; the last row stands for no text."""

    day: Codes  # days from 1970; 0 where there is none
    known: Flags
    moment: Rows  # microseconds from 1970 in UTC; 0 where no time is written
    timed: Flags
    midnight: Flags
    unreadable: Flags

    def of(self, by_text: Codes) -> Days:
        """The days of further texts, each of which means what one of these does; -1 nothing."""
        return Days(
            self.day[by_text],
            self.known[by_text],
            self.moment[by_text],
            self.timed[by_text],
            self.midnight[by_text],
            self.unreadable[by_text],
        )


def read_days(reader: DayField, texts: pa.Array) -> Days:
    """The days that these texts mean, as `reader.of` sees each.

    Cost: some passes over texts written as ISO 8601 in whole seconds, where no format is stated
    and, for texts with a time, the zone is UTC; a Python call for each of the others.
    """
    size = len(texts) + 1
    found = Days(
        np.zeros(size, np.int32),
        np.zeros(size, np.bool_),
        np.zeros(size, np.int64),
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
    )
    rest = np.arange(len(texts))
    if len(texts) >= _FEW and not reader.formats:
        rest = _plain(reader, texts, found)
    for row, text in zip(rest.tolist(), texts.take(pa.array(rest)).to_pylist(), strict=True):
        _put(found, row, reader.of(text))
    return found


def _put(found: Days, row: int, day: Day) -> None:
    found.unreadable[row] = day.unreadable is not None
    if day.day is not None:
        found.known[row] = True
        found.day[row] = (day.day - _EPOCH).days
    if day.moment is not None:
        since = day.moment - _START
        found.timed[row] = True
        found.moment[row] = (since.days * _DAY_SECONDS + since.seconds) * _MICROS
        found.moment[row] += since.microseconds
    found.midnight[row] = day.midnight


def _plain(reader: DayField, texts: pa.Array, found: Days) -> npt.NDArray[np.intp]:
    """Reads the texts in the common form; gives the rows of the others."""
    shaped = np.flatnonzero(pc.match_substring_regex(texts, _ISO).to_numpy(zero_copy_only=False))
    chosen = texts.take(pa.array(shaped))
    timed = pc.greater(pc.binary_length(chosen), _ISO_DAY).to_numpy(zero_copy_only=False)
    year, month, day = (_number(chosen, *place) for place in ((0, 4), (5, 7), (8, 10)))
    days, real = _civil(year, month, day)
    seconds = np.zeros(len(shaped), dtype=np.int64)
    if timed.any():
        real &= ~timed | (reader.zone.key == "UTC")
        rows = np.flatnonzero(timed)
        clock = chosen.take(pa.array(rows))
        hour, minute, second = (_number(clock, *place) for place in ((11, 13), (14, 16), (17, 19)))
        seconds[rows] = hour * 3600 + minute * 60 + second
        real[rows] &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004  of a clock
    rows = shaped[real]
    found.day[rows] = days[real]
    found.known[rows] = True
    found.timed[rows] = timed[real]
    moment = (days.astype(np.int64) * _DAY_SECONDS + seconds) * _MICROS
    found.moment[rows] = np.where(timed, moment, 0)[real]
    found.midnight[rows] = (timed & (seconds == 0))[real]
    others = np.ones(len(texts), dtype=np.bool_)
    others[rows] = False
    return np.flatnonzero(others)


def _number(texts: pa.Array, start: int, stop: int) -> Rows:
    digits = pc.utf8_slice_codeunits(texts, start=start, stop=stop)
    return np.asarray(digits.cast(pa.int64()))


def _civil(year: Rows, month: Rows, day: Rows) -> tuple[Codes, Flags]:
    """Days from 1970 of calendar days, and which of them exist."""
    sound = (year >= 1) & (month >= 1) & (month <= 12)  # noqa: PLR2004  months
    months = (np.where(sound, year, 1970) - 1970) * 12 + np.where(sound, month, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    real = sound & (day >= 1) & (day <= after - first)
    return (first + day - 1).astype(np.int32), real


def instants(reader: DayField, days: Days) -> tuple[pa.Array, Codes]:
    """The different instants that these days are, and the one of each; -1 for none."""
    seconds = days.moment // _MICROS
    plain = np.flatnonzero(days.known & ~days.timed)
    if len(plain):
        coded = pa.array(days.day[plain]).dictionary_encode()
        begins = [_begin(reader, day) for day in coded.dictionary.to_pylist()]
        seconds[plain] = np.array(begins, dtype=np.int64)[np.asarray(coded.indices)]
    distinct = pa.array(seconds, mask=~days.known).dictionary_encode()
    return distinct.dictionary.cast(pa.timestamp("s", tz="UTC")), codes_of(distinct)


def _begin(reader: DayField, day: int) -> int:
    """Seconds from 1970 to the beginning of a day in the reader's zone."""
    begin = reader.instant(Day(date.fromordinal(_EPOCH.toordinal() + day)))
    if begin is None:
        raise AssertionError("a day that is known has a beginning")
    since = begin - _START
    return since.days * _DAY_SECONDS + since.seconds


def distinct_days(days: Days) -> tuple[pa.Array, Codes]:
    """The different days, and the one of each; -1 for none."""
    coded = pa.array(days.day, mask=~days.known).dictionary_encode()
    return coded.dictionary.cast(pa.date32()), codes_of(coded)


@dataclass(frozen=True, slots=True)
class FlagsRead:
    """What texts say of yes and no; the last row stands for no text."""

    yes: Flags
    no: Flags
    unreadable: Flags


def read_flags(reader: FlagField, texts: pa.Array) -> FlagsRead:
    """What these texts say, as `reader.of` sees each."""
    read = [reader.of(text) for text in texts.to_pylist()]
    return FlagsRead(
        np.array([flag.state is True for flag in read] + [False]),
        np.array([flag.state is False for flag in read] + [False]),
        np.array([flag.unreadable is not None for flag in read] + [False]),
    )
