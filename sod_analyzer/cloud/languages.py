"""Whether some string is of several sets of globs at once and of none of others.

The question is NP-hard, so the search has a budget, and running out of it is an answer of its own.
Strings may hold any character: of those that no glob names, one stands for all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import accumulate, combinations, product
from math import prod
from typing import TypeAlias

from sod_analyzer.cloud.globs import Glob, Wildcard, covers, disjoint, unnamed

#: States that a search may see: some tenths of a second for those that see them all.
BUDGET = 20_000
#: Positions that a state may have for the price of one; with more it costs more time and memory.
_POSITIONS = 1_024
#: With more positions than this, three times the longest document of AWS, no search begins.
_MOST = 65_536
#: Answers that are remembered: many principals have the same policies.
_REMEMBERED = 8_192
#: Characters that are compared ahead of a search, which spares work and changes no answer.
_COMPARED = 1_000_000
#: Choices of one glob per group that are followed one by one; more are followed together.
_CHOICES = 64

Group: TypeAlias = frozenset[Glob]
_EVERYTHING = Glob((Wildcard.MANY,))


class Outcome(Enum):
    """How a search ended."""

    FOUND = "found"
    NOTHING = "nothing"
    TOO_COMPLEX = "too complex"


@dataclass(frozen=True)
class Witness:
    """A string, the proof that there is none, or neither; `text` is there only if one is found.

    `TOO_COMPLEX` says nothing at all: who must not overlook a string takes it for `FOUND`.
    """

    outcome: Outcome
    text: str | None = None


_NOTHING = Witness(Outcome.NOTHING)
_TOO_COMPLEX = Witness(Outcome.TOO_COMPLEX)


def witness(
    inside: Sequence[Sequence[Glob]], outside: Sequence[Glob] = (), *, budget: int = BUDGET
) -> Witness:
    """A string that is of some glob of every group of `inside`, and of no glob of `outside`.

    Args:
        inside: Groups of globs. With no group every string is inside, with an empty one none is.
        outside: Globs that the string must not be of.
        budget: How many states the search may see.

    Returns:
        The shortest such string. Of several, the first in the order of code points, before which
        comes the character that stands for all that no glob names: `x`, unless one names it. The
        order and the repetition of groups and globs change nothing, and neither does a larger
        budget once the outcome is settled.

    Cost: a match per glob where the least string of a group is the answer, a comparison per pair
    where one glob settles it; else at worst exponential, up to the budget. A state costs a few
    operations on as many bits as the globs have characters in all, and counts as several where
    these are many. Beyond 65,536 the outcome is `TOO_COMPLEX` whatever the budget. What was asked
    lately is remembered.
    """
    groups = frozenset(frozenset(group) for group in inside)
    return _witness(groups, frozenset(outside), budget)


@lru_cache(maxsize=_REMEMBERED)
def _witness(inside: frozenset[Group], outside: Group, budget: int) -> Witness:
    stranger = unnamed(c for part in (*inside, outside) for glob in part for c in glob.named)
    first = _first(inside or [frozenset({_EVERYTHING})], outside, stranger)
    if first is not None:
        return Witness(Outcome.FOUND, first)
    groups, denied = _reduced(inside, outside)
    if not all(groups):
        return _NOTHING
    starts = _starts(groups, denied)
    denied = _largest(frozenset(glob for _, against in starts for glob in against))
    globs = sorted(denied.union(*(chosen for chosen, _ in starts)), key=lambda glob: glob.order)
    positions = sum(glob.positions.size + 1 for glob in globs)
    if positions > _MOST:
        return _TOO_COMPLEX
    machine = _Machine(globs, groups, denied)
    return _search(
        machine,
        [machine.at_start(chosen | (against & denied)) for chosen, against in starts],
        stranger,
        budget // (1 + positions // _POSITIONS),
    )


def _first(groups: Collection[Group], outside: Group, stranger: str) -> str | None:
    """The answer, if it is the first of all strings of a group, which it most often is."""
    for group in groups:
        firsts = (
            "".join(
                piece if isinstance(piece, str) else stranger
                for piece in glob.pieces
                if piece is not Wildcard.MANY
            )
            for glob in group
        )
        text = min(firsts, key=lambda text: _order(text, stranger), default=None)
        if (
            text is not None
            and all(any(glob.matches(text) for glob in other) for other in groups)
            and not any(glob.matches(text) for glob in outside)
        ):
            return text
    return None


def _order(text: str, stranger: str) -> tuple[int, list[str]]:
    """A key by which answers are preferred: no code point comes before the empty text."""
    return len(text), ["" if c == stranger else c for c in text]


def _reduced(groups: Collection[Group], outside: Group) -> tuple[list[Group], Group]:
    """The same question with fewer globs: none that decides nothing, none that is left nothing."""
    asked: set[Group] = set()
    for group in groups:
        if any(glob.is_everything for glob in group):
            continue
        left = group
        if _few(group, outside):
            left = frozenset(g for g in group if not any(covers(other, g) for other in outside))
        asked.add(_largest(left))
    if any(glob.is_everything for glob in outside):
        return [frozenset()], outside
    narrow = sorted(asked, key=lambda group: sorted(glob.order for glob in group))
    for group in tuple(narrow):
        # One at a time: of two groups that say the same, one must stay.
        if any(other != group and _within(other, group) for other in narrow):
            narrow.remove(group)
    return narrow or [frozenset({_EVERYTHING})], outside


def _within(one: Group, other: Group) -> bool:
    """Whether each glob of one is covered by one glob of the other; if unsure, not."""
    return _few(one, other) and all(any(covers(b, a) for b in other) for a in one)


def _largest(globs: Group) -> Group:
    """Those that no other one covers."""
    if not _few(globs, globs):
        return globs
    return frozenset(g for g in globs if not any(o != g and covers(o, g) for o in globs))


def _few(one: Collection[Glob], other: Collection[Glob]) -> bool:
    """Whether comparing each with each is cheap."""
    return len(one) * _characters(other) + len(other) * _characters(one) <= _COMPARED


def _characters(globs: Iterable[Glob]) -> int:
    return sum(glob.positions.size + 1 for glob in globs)


def _starts(groups: Sequence[Group], outside: Group) -> list[tuple[Group, Group]]:
    """Globs to follow together, at least one per group, and what can deny a string of them."""
    within = frozenset().union(*groups)
    if not _few(within, outside | within):
        return [(within, outside)]
    denies = {
        glob: frozenset(other for other in outside if not disjoint(glob, other)) for glob in within
    }
    if prod(map(len, groups)) > _CHOICES:
        against = (frozenset().union(*(denies[glob] for glob in group)) for group in groups)
        return [(within, frozenset.intersection(*against))]
    choices = {frozenset(choice) for choice in product(*groups)}
    return [
        (choice, frozenset.intersection(*(denies[glob] for glob in choice)))
        for choice in sorted(choices, key=lambda choice: sorted(glob.order for glob in choice))
        if not any(disjoint(*pair) for pair in combinations(choice, 2))
        and not any(other < choice for other in choices)
    ]


class _Machine:
    """Many globs at once: a state is one number, a bit for each position where a glob can be.

    Of the positions of a glob, those before its last `*` reached are forgotten: whatever they lead
    to, that `*` leads to as well. This keeps states few.
    """

    def __init__(self, globs: Sequence[Glob], groups: Iterable[Group], outside: Group) -> None:
        self._bases = list(accumulate((glob.positions.size + 1 for glob in globs), initial=0))
        self._base = dict(zip(globs, self._bases, strict=False))
        self._loops = self._free = 0
        self.named: dict[str, int] = {}
        for glob, base in self._base.items():
            where = glob.positions
            self._loops |= where.loops << base
            self._free |= where.free << base
            for c, bits in where.named.items():
                self.named[c] = self.named.get(c, 0) | bits << base
        self.characters = sorted(self.named)
        self._width = self._bases[-1] // 8 + 1
        whole = {glob: (2 << glob.positions.size) - 1 << base for glob, base in self._base.items()}
        end = {glob: 1 << glob.positions.size + base for glob, base in self._base.items()}
        self._groups = [
            (_joined(whole.get(g, 0) for g in group), _joined(end.get(g, 0) for g in group))
            for group in groups
        ]
        self._denied = _joined(end[glob] for glob in outside)
        self._doomed = self._denied & self._loops

    def at_start(self, globs: Group) -> int:
        """Where these globs are before the first character; the others are never followed."""
        return _joined(1 << self._base[glob] for glob in globs)

    def after(self, state: int, c: str | None) -> int:
        """The state one character later, None being one that no glob names."""
        taken = self._free if c is None else self._free | self.named[c]
        stays = state & self._loops
        moved = (state & taken) << 1
        reached = moved & self._loops & ~stays
        state = moved | stays
        while reached:
            last = reached.bit_length() - 1
            base = self._bases[bisect_right(self._bases, last) - 1]
            forgotten = ~((1 << last) - (1 << base))
            state &= forgotten
            reached &= forgotten & ~(1 << last)
        return state

    def key(self, state: int) -> bytes:
        """What to look the state up by: numbers whose bits lie 61 apart have one hash."""
        return state.to_bytes(self._width, "little")

    def hopeless(self, state: int) -> bool:
        """Whether surely no string from here on is wanted."""
        return bool(state & self._doomed) or not all(state & whole for whole, _ in self._groups)

    def wants(self, state: int) -> bool:
        """Whether the string that leads here is wanted."""
        return not state & self._denied and all(state & end for _, end in self._groups)


def _joined(bits: Iterable[int]) -> int:
    joined = 0
    for each in bits:
        joined |= each
    return joined


@dataclass(frozen=True, slots=True)
class _Way:
    """How a state was reached: from which one, by what; `rank` orders the strings of a level."""

    rank: int
    before: _Way | None
    by: str

    def text(self) -> str:
        backwards = []
        way: _Way | None = self
        while way is not None:
            backwards.append(way.by)
            way = way.before
        return "".join(reversed(backwards))


#: A state's place among those of its level, as the rank of the one before and the number of the
#: symbol; the way to the one before; the state.
_Reached: TypeAlias = tuple[tuple[int, int], _Way, int]
_Level: TypeAlias = Sequence[tuple[int, _Way]]


def _search(machine: _Machine, starts: Iterable[int], stranger: str, budget: int) -> Witness:
    """Breadth first, each level in the order of its strings, so the first found is the answer."""
    possible = [state for state in dict.fromkeys(starts) if not machine.hopeless(state)]
    level: _Level = [(state, _Way(0, None, "")) for state in possible]
    seen = {machine.key(state) for state in possible}
    while level and len(seen) <= budget:
        for state, way in level:
            if machine.wants(state):
                return Witness(Outcome.FOUND, way.text())
        fresh = _onward(machine, level, seen, budget)
        level = _ranked(fresh, (stranger, *machine.characters))
    return _NOTHING if len(seen) <= budget else _TOO_COMPLEX


def _onward(machine: _Machine, level: _Level, seen: set[bytes], budget: int) -> list[_Reached]:
    """The states one character later that are new; not all once more than the budget is seen.

    A state is kept as it is first reached, which is by its first string: states of different
    starts are never equal, or the globs alive in both would make a choice smaller than either.
    """
    fresh: list[_Reached] = []
    for state, way in level:
        for symbol, c in enumerate((None, *machine.characters)):
            # A character that no position waits for does what an unnamed one does.
            if c is not None and not state & machine.named[c]:
                continue
            following = machine.after(state, c)
            key = machine.key(following)
            if key not in seen and not machine.hopeless(following):
                seen.add(key)
                fresh.append(((way.rank, symbol), way, following))
        if len(seen) > budget:
            break
    return fresh


def _ranked(fresh: Iterable[_Reached], symbols: Sequence[str]) -> _Level:
    """The states in the order of their strings; those of one string get one rank."""
    ranked: list[tuple[int, _Way]] = []
    rank, last = -1, (-1, -1)
    for place, way, state in sorted(fresh, key=lambda each: each[0]):
        if place != last:
            rank, last = rank + 1, place
        ranked.append((state, _Way(rank, way, symbols[place[1]])))
    return ranked
