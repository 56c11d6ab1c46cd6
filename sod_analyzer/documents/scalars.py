"""Text to numbers, dates and times: only what can be read in one way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("is neither true nor false")
    return text == "true"


def _int(text: str) -> int:
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text) is None:
        raise ValueError("is not a whole number, such as 7")
    return int(text)


def _float(text: str) -> float:
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?", text) is None:
        raise ValueError("is not a number, such as 0.5")
    return float(text)


def _date(text: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError("is not a date, such as 2026-10-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day of the calendar") from None


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _datetime(text: str) -> datetime:
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("is not a time, such as 2026-10-30T22:00:00Z")
    if found["zone"] is None:
        raise ValueError("has no time zone; add Z for UTC, or an offset such as +01:00")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time of the calendar") from None


#: Each raises ValueError with a text that goes on after the quoted value.
CONVERSIONS: Mapping[Any, Callable[[str], object]] = {
    str: str,
    bool: _bool,
    int: _int,
    float: _float,
    date: _date,
    datetime: _datetime,
}
