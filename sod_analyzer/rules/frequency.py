"""How often a control is performed, from words to days."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Each word as its longest span, so that the calendar makes nobody late.
FREQUENCIES: Mapping[str, int] = {
    "daily": 1,
    "weekly": 7,
    "monthly": 31,
    "quarterly": 92,
    "yearly": 366,
}
_DAYS = re.compile(r"([1-9][0-9]{0,3}) days?")


def frequency_days(text: str) -> int | None:
    """The days of `weekly` or `30 days`; None when it is neither."""
    stated = _DAYS.fullmatch(text)
    return int(stated[1]) if stated else FREQUENCIES.get(text)
