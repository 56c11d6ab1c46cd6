"""Points in time as directories write them: GeneralizedTime, FILETIME, days since 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_GENERALIZED = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,]\d+)?(Z|[+-]\d\d(?:\d\d)?)", re.ASCII
)
_FILETIME_START = datetime(1601, 1, 1, tzinfo=UTC)
_FILETIME_PER_SECOND = 10_000_000
_UNIX_START = date(1970, 1, 1)
#: Both mean never (Microsoft, attribute accountExpires).
_NEVER = frozenset({0, 0x7FFF_FFFF_FFFF_FFFF})
_LAST_SECOND = 253_402_300_799 + 11_644_473_600  # 9999-12-31, counted from 1601


def generalized(text: str) -> datetime:
    """A GeneralizedTime (RFC 4517, 3.3.13), to the second.

    Raises:
        ValueError: it is none, or no such moment exists.
    """
    found = _GENERALIZED.fullmatch(text.strip())
    if not found:
        raise ValueError("not a GeneralizedTime")
    year, month, day, hour, minute, second, zone = found.groups(default="00")
    moment = datetime(
        int(year),
        int(month),
        int(day),
        int(hour),
        int(minute),
        min(int(second), 59),
        tzinfo=_offset(zone),
    )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


def filetime(text: str) -> datetime | None:
    """A FILETIME: 100 nanoseconds since 1601; nothing for the values that mean never.

    Raises:
        ValueError: not a number, or negative.
    """
    ticks = _integer(text)
    if ticks in _NEVER or ticks // _FILETIME_PER_SECOND > _LAST_SECOND:
        return None
    if ticks < 0:
        raise ValueError("negative")
    return _FILETIME_START + timedelta(seconds=ticks // _FILETIME_PER_SECOND)


def seconds(text: str) -> int | None:
    """A length of time, which Active Directory writes negative; nothing for "until lifted".

    Raises:
        ValueError: not a number.
    """
    ticks = _integer(text)
    return None if ticks in {0, -0x8000_0000_0000_0000} else abs(ticks) // _FILETIME_PER_SECOND


def last_day_before(moment: datetime, zone: tzinfo) -> date:
    """The last day of which some part lies before the moment, in that zone.

    An administrator's "end of 31 December" is stored as the first moment of 1 January.
    """
    try:
        return (moment - timedelta(seconds=1)).astimezone(zone).date()
    except OverflowError:
        return moment.date()


def day_before(text: str) -> date | None:
    """The last day before a day counted from 1970 (shadowExpire); nothing for never.

    Source: shadow(5): the account is off on the stated day; 0 is not to be used and means never
    here, negative means never.

    Raises:
        ValueError: not a number, or beyond the year 9999.
    """
    days = _integer(text)
    if days <= 0:
        return None
    try:
        return _UNIX_START + timedelta(days=days - 1)
    except OverflowError:
        raise ValueError("out of range") from None


def _offset(zone: str) -> timezone:
    if zone == "Z":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[3:5] or 0)
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # whose own words repeat the text
        raise ValueError("not a number") from None
