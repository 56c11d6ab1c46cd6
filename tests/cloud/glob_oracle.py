"""What globs mean, said the slow way: regular expressions over every short string.

The strings are of the letters a and b, which globs here may name, and x, which none of them does
and which stands for every other character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product

from hypothesis import strategies as st

from sod_analyzer.cloud.globs import Glob

#: In the order in which an answer prefers them.
LETTERS = "xab"
LONGEST = 6
STRINGS = tuple(
    "".join(letters) for size in range(LONGEST + 1) for letters in product(LETTERS, repeat=size)
)


@cache
def expression(pattern: str) -> re.Pattern[str]:
    """A pattern of a policy as a regular expression."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


@cache
def strings(pattern: str) -> frozenset[str]:
    """The short strings of a pattern."""
    return frozenset(text for text in STRINGS if expression(pattern).fullmatch(text))


def left(inside: Sequence[Sequence[str]], outside: Iterable[str]) -> list[str]:
    """The short strings that are of every group and of nothing outside, the preferred first."""
    remaining = set(STRINGS)
    for group in inside:
        remaining &= frozenset().union(*map(strings, group))
    for pattern in outside:
        remaining -= strings(pattern)
    return [text for text in STRINGS if text in remaining]


def globs(patterns: Iterable[str]) -> list[Glob]:
    return [Glob.parse(pattern) for pattern in patterns]


#: Many have a text with `?` inside that may stand anywhere, the hardest to look for.
patterns = st.text("aabb?**", max_size=5) | st.text("aab?", max_size=4).map("*{}*".format)
texts = st.text(LETTERS, max_size=LONGEST)
