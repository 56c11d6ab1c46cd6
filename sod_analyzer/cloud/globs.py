"""Patterns as policies of AWS write them: what they match, cover and share.

`*` stands for any run of characters, also for none and across `/` and `:`; `?` stands for exactly
one character; every other character is itself. Source: "Specifying a resource ARN" of the page
"IAM JSON policy elements: Resource", and `StringLike` of "Condition operators".

Where patterns are compared with each other, strings may hold any character. The comparison is
exact as long as the patterns leave one character of Unicode unnamed, which all documents do.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import TypeAlias

_WILDCARD = re.compile(r"[*?]")
_LOWER = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
#: What stands for "any other character", the most readable first.
_READABLE = "xyzwvutsrqponmlkjihgfedcba0123456789"


class Wildcard(Enum):
    """A wildcard; never equal to the text that spells it."""

    MANY = "*"
    ONE = "?"


Piece: TypeAlias = str | Wildcard


@dataclass(frozen=True)
class Glob:
    """A pattern: plain texts and wildcards, in one spelling per language.

    Neighbouring texts are one text, and a run of wildcards is its `?`s before at most one `*`.
    Two globs are equal exactly when they match the same strings.
    """

    pieces: tuple[Piece, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", _one_spelling(self.pieces))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Glob], tuple[tuple[Piece, ...]]]:
        """Without what is remembered: texts have other hashes in other processes."""
        return Glob, (self.pieces,)

    @cached_property
    def _hash(self) -> int:
        return hash(self.order)

    @classmethod
    def parse(cls, text: str) -> Glob:
        """From the text of a policy that has no variables. Every text is a pattern."""
        pieces: list[Piece] = []
        at = 0
        for found in _WILDCARD.finditer(text):
            pieces += [text[at : found.start()], Wildcard(found[0])]
            at = found.end()
        return cls((*pieces, text[at:]))

    @classmethod
    def literal(cls, text: str) -> Glob:
        """Matches this text only, whatever is in it."""
        return cls((text,))

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Glob:
        """From texts, in which nothing is a wildcard, and wildcards between them."""
        return cls(tuple(pieces))

    def __str__(self) -> str:
        """For a reader: a `*` or `?` that is plain text is written `${*}` or `${?}`, as AWS does.

        Not for parsing again.
        """
        return "".join(
            piece.value if isinstance(piece, Wildcard) else _WILDCARD.sub(r"${\g<0>}", piece)
            for piece in self.pieces
        )

    @property
    def is_literal(self) -> bool:
        """Whether it matches one string only."""
        return not any(isinstance(piece, Wildcard) for piece in self.pieces)

    @property
    def is_everything(self) -> bool:
        """Whether it matches every string."""
        return self.pieces == (Wildcard.MANY,)

    @cached_property
    def order(self) -> tuple[tuple[bool, str], ...]:
        """A key to sort by."""
        return tuple(
            (True, piece.value) if isinstance(piece, Wildcard) else (False, piece)
            for piece in self.pieces
        )

    def matches(self, text: str, *, fold: bool = False) -> bool:
        """Whether the whole text is of this pattern; with `fold`, whatever the case of A to Z.

        Cost: linear in both, with one exception: where a text is looked for that has `?` inside,
        a character costs the 64th part of that text. Nothing is ever tried again.
        """
        if fold:
            return self.lowered._shape.fits(_lower(text))  # noqa: SLF001 - another of this class
        return self._shape.fits(text)

    @cached_property
    def named(self) -> frozenset[str]:
        """The characters that it names."""
        return frozenset(c for piece in self.pieces if isinstance(piece, str) for c in piece)

    @cached_property
    def _cut(self) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
        """The text, in it a character for each `?`; where each `*` stands, and where each `?`."""
        texts: list[str] = []
        cuts: list[int] = []
        gaps: list[int] = []
        length = 0
        for piece in self.pieces:
            if piece is Wildcard.MANY:
                cuts.append(length)
                continue
            if isinstance(piece, Wildcard):
                gaps.append(length)
            texts.append(piece if isinstance(piece, str) else "?")
            length += len(texts[-1])
        return "".join(texts), tuple(cuts), tuple(gaps)

    @cached_property
    def positions(self) -> Positions:
        """What a simulation of it needs."""
        loops = free = size = 0
        named: dict[str, int] = {}
        for piece in self.pieces:
            if piece is Wildcard.MANY:
                loops |= 1 << size
            elif isinstance(piece, Wildcard):
                free |= 1 << size
                size += 1
            else:
                for c in piece:
                    named[c] = named.get(c, 0) | 1 << size
                    size += 1
        return Positions(size, loops, free, named)

    @cached_property
    def _shape(self) -> _Shape:
        return _Shape.of(self.pieces)

    @cached_property
    def lowered(self) -> Glob:
        """The same with A to Z in lower case."""
        pieces = (p if isinstance(p, Wildcard) else _lower(p) for p in self.pieces)
        return Glob(tuple(pieces))


@dataclass(frozen=True)
class Positions:
    """The positions in a glob as bits: bit n is set where n characters other than `*` are behind.

    At `loops` a character may be passed without going on; `free` takes any character to the next
    position, `named` the character that it names. The position `size` is the end.
    """

    size: int
    loops: int
    free: int
    named: Mapping[str, int]


def covers(one: Glob, other: Glob) -> bool:
    """Whether every string of `other` is a string of `one`. Exact.

    `one` is matched against the text of `other`, in which a `?` is a character that `one` does not
    name and a `*` is a cut that only a `*` can take. This is enough: where it fails, some string
    of `other` fails, namely the one with nothing for the cuts that lie where `?`s of `one` still
    wait for characters, and very many unnamed characters for all other cuts.

    Cost: that of a match.
    """
    text, cuts, gaps = other._cut  # noqa: SLF001 - one module
    if gaps:
        stranger, signs = unnamed(one.named), list(text)
        for gap in gaps:
            signs[gap] = stranger
        text = "".join(signs)
    return one._shape.fits(text, cuts)  # noqa: SLF001 - one module


def disjoint(one: Glob, other: Glob) -> bool:
    """Whether no string is of both. Exact.

    Two globs with a `*` each share a string exactly when their beginnings agree and their ends do:
    in between there is room for both middles, one behind the other.

    Cost: linear; if one has no `*` but a `?`, its length times the 64th part of the other.
    """
    if one.positions.loops and other.positions.loops:
        first, second = one._shape, other._shape  # noqa: SLF001 - one module
        return not (first.head.begins_like(second.head) and first.tail.ends_like(second.tail))
    fixed, free = (other, one) if one.positions.loops else (one, other)
    if fixed.is_literal:
        return not free.matches("".join(str(piece) for piece in fixed.pieces))
    where = free.positions
    anything = (1 << where.size) - 1
    states = 1
    for piece in fixed.pieces:
        for c in piece if isinstance(piece, str) else (None,):
            taken = anything if c is None else where.named.get(c, 0) | where.free
            states = (states & taken) << 1 | (states & where.loops)
    return not states >> where.size & 1


def unnamed(named: Iterable[str]) -> str:
    """A character that is none of these: a readable one, while there is one."""
    taken = frozenset(named)
    others = (chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000)  # noqa: PLR2004 - halves
    return next(c for c in chain(_READABLE, others) if c not in taken)


class _Block:
    """Texts and single `?`s at fixed distances, matched as one."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.size = sum(1 if isinstance(piece, Wildcard) else len(piece) for piece in pieces)
        self.text: str | None = None
        if not pieces:
            self.text = ""
        elif len(pieces) == 1 and isinstance(pieces[0], str):
            self.text = pieces[0]
        self._texts: list[tuple[int, str]] = []
        self._named: dict[str, int] = {}
        self._free = at = 0
        for piece in pieces:
            if isinstance(piece, str):
                self._texts.append((at, piece))
                at += len(piece)
            else:
                self._free |= 1 << at
                at += 1
        if self.text is None:
            for start, text in self._texts:
                for n, c in enumerate(text, start):
                    self._named[c] = self._named.get(c, self._free) | 1 << n

    def stands(self, text: str, at: int) -> bool:
        """Whether the text has it at a place where there is room for it."""
        if self.text is not None:
            return text.startswith(self.text, at)
        return all(text.startswith(part, at + offset) for offset, part in self._texts)

    def find(self, text: str, at: int, end: int) -> int:
        """Where the text first has it between two places, or -1."""
        if self.text is not None:
            return text.find(self.text, at, end)
        # Bit n of `begun` says that the first n + 1 characters of the block stand just before here.
        begun, whole = 0, 1 << self.size - 1
        for n in range(at, end):
            begun = (begun << 1 | 1) & self._named.get(text[n], self._free)
            if begun & whole:
                return n - self.size + 1
        return -1

    def begins_like(self, other: _Block) -> bool:
        """Whether a string may begin with both."""
        size = min(self.size, other.size)
        return _agree(self._window(0, size), other._window(0, size))

    def ends_like(self, other: _Block) -> bool:
        """Whether a string may end with both."""
        size = min(self.size, other.size)
        return _agree(
            self._window(self.size - size, self.size), other._window(other.size - size, other.size)
        )

    def _window(self, start: int, stop: int) -> str | list[str | None]:
        """Its characters from one place to another, None for any."""
        if self.text is not None:
            return self.text[start:stop]
        spread: list[str | None] = [None] * self.size
        for at, text in self._texts:
            spread[at : at + len(text)] = text
        return spread[start:stop]


def _agree(one: str | list[str | None], other: str | list[str | None]) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class _Shape:
    """A glob as a matcher wants it: blocks, and the least room before each but the first.

    The first block stands at the beginning, the last one at the end. Without a `*` there is no
    other block than the first. The `?`s before a `*` are room.
    """

    head: _Block
    middle: tuple[tuple[int, _Block], ...]
    room: int
    tail: _Block
    least: int
    fixed: bool

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> _Shape:
        stars = [n for n, piece in enumerate(pieces) if piece is Wildcard.MANY]
        parts: list[tuple[int, _Block]] = []
        room = start = 0
        for stop in stars:
            last = stop
            while last > start and pieces[last - 1] is Wildcard.ONE:
                last -= 1
            parts.append((room, _Block(pieces[start:last])))
            room, start = stop - last, stop + 1
        tail = _Block(pieces[start:])
        least = room + tail.size + sum(gap + block.size for gap, block in parts)
        if not stars:
            return cls(tail, (), 0, _Block(()), least, fixed=True)
        return cls(parts[0][1], tuple(parts[1:]), room, tail, least, fixed=False)

    def fits(self, text: str, cuts: Sequence[int] = ()) -> bool:
        """Whether the whole text is of this shape, and no block lies across a cut.

        Each block is put as far to the left as it can be, which leaves the most for the others.
        """
        size = len(text)
        if size < self.least or not self.head.stands(text, 0):
            return False
        if self.fixed:
            return size == self.least and not cuts
        at, start = self.head.size, size - self.tail.size
        if cuts and (cuts[0] < at or cuts[-1] > start):
            return False
        for room, block in self.middle:
            at = _find(block, text, at + room, cuts)
            if at < 0:
                return False
            at += block.size
        return at + self.room <= start and self.tail.stands(text, start)


def _find(block: _Block, text: str, at: int, cuts: Sequence[int]) -> int:
    """Where a block first stands from a place on, between two cuts, or -1."""
    for n in range(bisect_right(cuts, at), len(cuts)):
        found = block.find(text, at, cuts[n])
        if found >= 0:
            return found
        at = cuts[n]
    return block.find(text, at, len(text))


def _one_spelling(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    spelled: list[Piece] = []
    texts: list[str] = []
    ones, many = 0, False
    for piece in (*pieces, None):
        if isinstance(piece, Wildcard):
            if texts:
                spelled.append("".join(texts))
                texts = []
            if piece is Wildcard.MANY:
                many = True
            else:
                ones += 1
        elif piece != "":
            if ones or many:
                spelled += [Wildcard.ONE] * ones
                spelled += [Wildcard.MANY] * many
                ones, many = 0, False
            if piece is not None:
                texts.append(piece)
    return (*spelled, "".join(texts)) if texts else tuple(spelled)


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_LOWER)
