"""Text from sources, made safe to show: nothing invisible, nothing that runs, nothing too long.

What is changed is changed visibly. The text as it was read is always in findings.json.
"""

from __future__ import annotations

import re

#: Longest text of a workbook cell, in UTF-16 units. Source: Excel specifications and limits.
CELL_LIMIT = 32_767
#: Line feeds that one workbook cell may hold. Source: Excel specifications and limits.
LINE_LIMIT = 253
#: Longest text the page shows in one place.
PAGE_LIMIT = 1_000

# C0 and C1 controls but for tab and line feed, lone surrogates, and the two noncharacters that
# XML 1.0 forbids.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Characters that reorder or hide their neighbours: a name could be shown as another.
_HIDDEN = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
_ODD = re.compile(f"{_CONTROL.pattern}|{_HIDDEN.pattern}|\r")


def visible(text: str) -> str:
    """The text with line ends as LF, controls as U+FFFD and hidden characters as `‹U+202E›`."""
    if _ODD.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("\ufffd", text)
    return _HIDDEN.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def odd(text: str) -> bool:
    """Whether the text holds a control character or one that hides or reorders."""
    return bool(_CONTROL.search(text.replace("\r\n", "\n")) or _HIDDEN.search(text))


def clipped(text: str, limit: int) -> str:
    """The text in at most `limit` UTF-16 units; a cut is marked, with the length it had."""
    if len(text) * 2 <= limit:
        return text
    units = len(text) + sum(character > "\uffff" for character in text)
    if units <= limit:
        return text
    mark = f" … [cut here: {units:,} characters, whole in findings.json]"
    room = limit - len(mark)
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore")
    return kept + mark


def cell_text(text: str) -> str:
    """What a workbook cell shows: visible, short enough, and not too many lines."""
    shown = visible(text)
    if shown.count("\n") > LINE_LIMIT:
        *head, rest = shown.split("\n", LINE_LIMIT - 1)
        shown = "\n".join(head) + "\n" + rest.replace("\n", " ¶ ")
    return clipped(shown, CELL_LIMIT)


def page_text(text: str) -> str:
    """What the page shows: visible, and cut where nobody reads on."""
    return clipped(visible(text), PAGE_LIMIT)
