"""Small turns of phrase that sentences share."""

from __future__ import annotations

from collections.abc import Iterable


def lower_first(text: str) -> str:
    """A title inside a sentence: "Deploy to production" becomes "deploy to production".

    A word in capitals stays as it is.
    """
    first, second = text[:1], text[1:2]
    return text if second.isupper() else first.lower() + text[1:]


def joined(words: Iterable[str], last: str) -> str:
    """Words as a list for a sentence: commas, and `last` before the last one; or `; ` only."""
    known = list(words)
    if len(known) < 2 or last == "; ":  # noqa: PLR2004
        return "; ".join(known)
    return f"{', '.join(known[:-1])}{last}{known[-1]}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, in the singular for one."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


#: So many names stand in a list; the rest are counted.
LISTED = 20


def listed(names: Iterable[str], *, most: int = LISTED, more: int = 0) -> str:
    """Names joined by "; ", the rest counted; `more` are further ones that are not named here."""
    known = list(names)
    rest = max(len(known) - most, 0) + more
    tail = f"; and {rest} more" if rest else ""
    return "; ".join(known[:most]) + tail
