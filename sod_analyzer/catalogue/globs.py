"""The one meaning of a glob: `*` is any run of characters, `?` any one, the rest is literal.

The whole text must match, case counts, and `/` is a character like any other.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ANY = "*"
_ONE = "?"


@lru_cache(maxsize=65_536)
def _compiled(glob: str) -> re.Pattern[str]:
    pieces = (".*" if c == _ANY else "." if c == _ONE else re.escape(c) for c in glob)
    return re.compile("".join(pieces), re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """Whether the whole text is one of the texts the glob stands for."""
    if _ANY not in glob and _ONE not in glob:
        return glob == text
    return _compiled(glob).fullmatch(text) is not None


@lru_cache(maxsize=262_144)
def globs_meet(one: str, other: str) -> bool:
    """Whether some text matches both globs.

    Cost: product of the two lengths.
    """
    if _ANY not in one and _ONE not in one:
        return matches(other, one)
    if _ANY not in other and _ONE not in other:
        return matches(one, other)
    # Row by row over `one`: reachable[j] says whether a common text can have consumed
    # one[:i] and other[:j].
    reachable = _stars(other, [True] + [False] * len(other))
    for mark in one:
        nxt = [False] * (len(other) + 1)
        for j, here in enumerate(reachable):
            if mark == _ANY:
                # The star takes nothing, or swallows whatever `other` spells next.
                nxt[j] = nxt[j] or here
                if nxt[j] and j < len(other):
                    nxt[j + 1] = True
            elif here and j < len(other):
                letter = other[j]
                if letter == _ANY:
                    nxt[j] = True
                elif _ONE in (mark, letter) or mark == letter:
                    nxt[j + 1] = True
        reachable = _stars(other, nxt)
    return reachable[len(other)]


def _stars(glob: str, reachable: list[bool]) -> list[bool]:
    """Let each star of the glob take nothing."""
    for j, letter in enumerate(glob):
        if reachable[j] and letter == _ANY:
            reachable[j + 1] = True
    return reachable


def ancestors(resource: str) -> tuple[str, ...]:
    """The resource and everything above it, from the resource itself upwards; without `*`."""
    above = [resource]
    while (cut := resource.rfind("/")) > 0:
        resource = resource[:cut]
        above.append(resource)
    return tuple(above)


@lru_cache(maxsize=262_144)
def places(glob: str, resource: str) -> bool:
    """Whether a resource glob names this resource or something above it."""
    return any(matches(glob, part) for part in ancestors(resource))


@lru_cache(maxsize=65_536)
def resource_globs_meet(one: str, other: str) -> bool:
    """Whether some resource lies in or below both globs."""
    return globs_meet(one, other) or globs_meet(one + "/*", other) or globs_meet(one, other + "/*")
