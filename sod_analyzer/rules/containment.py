"""Whether one pattern, way or duty lies wholly within another.

Every "yes" is a proof over all entitlements there could ever be. "No" means that there is no simple
proof. Errs: so a duty that lies within another may be missed, and none is claimed wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from sod_analyzer.model.ruleset import Duty, Selector, Subjects, Way

EVERYTHING = "*"
_WILD = re.compile(r"[*?]")
#: Kubernetes' suffix for the core group, which has no name of its own.
_CORE = "core"


def glob_covers(wide: str, narrow: str) -> bool:
    """Whether every text of `narrow` is one of `wide`.

    A star of `narrow` is taken for a letter that only a star of `wide` stands for.
    """
    head, whole = _compiled(wide)
    return narrow.startswith(head) and whole.fullmatch(narrow) is not None


@lru_cache(maxsize=65_536)
def _compiled(glob: str) -> tuple[str, re.Pattern[str]]:
    """What stands before the first wildcard, and the whole."""
    pieces = (".*" if c == "*" else "[^*]" if c == "?" else re.escape(c) for c in glob)
    return _WILD.split(glob)[0], re.compile("".join(pieces), re.DOTALL)


def globs_apart(one: str, other: str) -> bool:
    """Whether no text can match both: their letters differ before or after every wildcard."""
    if not _WILD.search(one):
        return not glob_covers(other, one)
    if not _WILD.search(other):
        return not glob_covers(one, other)
    heads = (_WILD.split(one)[0], _WILD.split(other)[0])
    tails = (_WILD.split(one)[-1], _WILD.split(other)[-1])
    return not (_nested(*heads) and _nested(tails[0][::-1], tails[1][::-1]))


def _nested(one: str, other: str) -> bool:
    """Whether the shorter text begins the longer one."""
    return one.startswith(other) or other.startswith(one)


def resources_apart(one: str | None, other: str | None) -> bool:
    """Whether no resource lies in or below both globs."""
    if one is None or other is None:
        return False
    pairs = ((one, other), (f"{one}/*", other), (one, f"{other}/*"))
    return all(globs_apart(*pair) for pair in pairs)


def action_covers(product: str, wide: str, narrow: str) -> bool:
    """Whether the pattern `wide` matches every entitlement that `narrow` does."""
    if wide in (EVERYTHING, narrow):
        return True
    if product != "kubernetes":
        return glob_covers(wide, narrow)
    wides, narrows = _fields(wide), _fields(narrow)
    if wides is None or narrows is None:
        return False
    return all(glob_covers(w, n) for w, n in zip(wides, narrows, strict=True))


def _fields(action: str) -> tuple[str, str, str] | None:
    """Verb, resource and API group, which are matched one by one; None for a URL."""
    verb, _, rest = action.partition(" ")
    if not rest or rest.startswith("/"):
        return None
    resource, dot, group = rest.partition(".")
    if not dot:
        group = EVERYTHING if resource == EVERYTHING else ""
    return verb, resource, "" if group == _CORE else group


def actions_cover(product: str, wide: Iterable[str], narrow: Iterable[str]) -> bool:
    """Whether each pattern of `narrow` is covered by some pattern of `wide`."""
    each = tuple(wide)
    return all(any(action_covers(product, w, n) for w in each) for n in narrow)


def part_within(narrow: Selector, wide: Selector) -> bool:
    """Whether whatever performs the part `narrow`, wherever it counts, performs `wide` there."""
    return (
        narrow.product == wide.product
        and (wide.any_scope or not narrow.any_scope)
        and wide.environment in (None, narrow.environment)
        and _narrowed(narrow.system, wide.system)
        and _narrowed(narrow.resource, wide.resource)
        and actions_cover(narrow.product, wide.actions, narrow.actions)
        and all(any(part_within(u, v) for v in narrow.unless) for u in wide.unless)
    )


def _narrowed(narrow: str | None, wide: str | None) -> bool:
    return wide in (None, EVERYTHING) or (narrow is not None and glob_covers(wide or "", narrow))


def way_within(narrow: Way, wide: Way) -> bool:
    """Whether whoever goes the way `narrow` goes `wide` too."""
    return all(any(part_within(n, w) for n in narrow.parts) for w in wide.parts)


class WayIndex:
    """Ways by the actions that they need, so that few are compared with one that is asked for."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self.ways = tuple(ways)
        self._exact: dict[tuple[str, str], list[Way]] = {}
        self._begins: dict[tuple[str, str], list[Way]] = {}
        for way in self.ways:
            product = way.parts[0].product
            for action in way.parts[0].actions:
                head = _head(product, action)
                if head is None:
                    self._exact.setdefault((product, action), []).append(way)
                else:
                    self._begins.setdefault((product, head), []).append(way)

    def around(self, narrow: Way) -> Iterator[Way]:
        """The ways that `narrow` lies within, itself included; some of them twice."""
        for part in narrow.parts:
            action = part.actions[0]
            near = list(self._exact.get((part.product, action), ()))
            for length in range(len(action) + 1):
                near += self._begins.get((part.product, action[:length]), ())
            yield from (way for way in near if way_within(narrow, way))


def _head(product: str, action: str) -> str | None:
    """What every action that the pattern covers begins with; None: it covers only itself."""
    if product == "kubernetes":
        # What is called `pods.core` is `pods` too, so only the verb is sure to begin alike.
        action = action.partition(" ")[0]
        return _WILD.split(action)[0]
    return _WILD.split(action)[0] if _WILD.search(action) else None


class Duties:
    """Which duties lie within which; a class to remember what was compared."""

    def __init__(self, duty: Mapping[str, Duty]) -> None:
        self.duty = duty
        self._index: dict[str, WayIndex] = {}
        self._within: dict[tuple[str, str], bool] = {}

    def index(self, duty: str) -> WayIndex:
        """The ways of one duty."""
        if duty not in self._index:
            self._index[duty] = WayIndex(self.duty[duty].ways)
        return self._index[duty]

    def within(self, narrow: str, wide: str) -> bool:
        """Whether whoever has the duty `narrow` has `wide` too."""
        if narrow == wide:
            return True
        if (narrow, wide) not in self._within:
            ways, index = self.duty[narrow].ways, self.index(wide)
            found = bool(ways) and all(any(index.around(way)) for way in ways)
            self._within[narrow, wide] = found
        return self._within[narrow, wide]


def subjects_within(narrow: Subjects, wide: Subjects) -> bool:
    """Whether whoever fits the narrowing `narrow` fits `wide`, where both narrow by the same."""
    pairs = (
        (narrow.kinds, wide.kinds),
        (narrow.departments, wide.departments),
        (narrow.titles, wide.titles),
        (narrow.roles, wide.roles),
        (narrow.accounts, wide.accounts),
        (narrow.people, wide.people),
    )
    return all(
        not w or (bool(n) and all(any(glob_covers(g, each) for g in w) for each in n))
        for n, w in pairs
    )
