"""Who has which account, and who is in which group: the long table of a world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.world.nesting import Codes, Masks, distinct
from tests.benchmarks.world.sizes import Size

Flags = NDArray[np.bool_]

#: Share of memberships in groups that reach what some duty asks for.
USEFUL = 0.37
DUPLICATES = 0.03
EXPIRED = 0.05
#: Memberships that end on a day to come.
ENDING = 0.10
CONDITIONAL = 0.05
SELF_GRANTED = 0.05
DISABLED = 0.02
#: No group has more than this share of its kind's memberships.
_LARGEST = 0.01

#: Rows planned in one go.
_BLOCK = 4_000_000

#: How a row of memberships is packed: account, group, day, condition, self-granted.
_GROUP_BITS, _DAY_BITS, _CONDITION_BITS = 20, 10, 3
_ACCOUNT_SHIFT = _GROUP_BITS + _DAY_BITS + _CONDITION_BITS + 1
_GROUP_SHIFT = _DAY_BITS + _CONDITION_BITS + 1
#: Days 1 to 400 are past, 401 to 800 to come; 0 is none.
DAYS = 400
CONDITIONS = ("", "second factor", "office network", "managed device", "open ticket")


@dataclass(frozen=True)
class People:
    """Per account its person and whether it is enabled; the first accounts are one per person."""

    person: Codes
    enabled: Flags


@dataclass(frozen=True)
class Members:
    """Rows of memberships, shuffled, duplicates included, each packed into one number.

    One number a row, because a hundred million rows must fit in memory beside their sorting.
    """

    packed: Codes

    def account(self, rows: slice | Codes = slice(None)) -> Codes:
        return self.packed[rows] >> _ACCOUNT_SHIFT

    def group(self, rows: slice | Codes = slice(None)) -> Codes:
        return (self.packed[rows] >> _GROUP_SHIFT) & ((1 << _GROUP_BITS) - 1)

    def tail(self, rows: slice | Codes = slice(None)) -> Codes:
        """Day, condition and self-granted in one number below `tails()`."""
        return self.packed[rows] & ((1 << _GROUP_SHIFT) - 1)

    def is_conditional(self, rows: slice | Codes = slice(None)) -> Flags:
        conditional: Flags = condition_of(self.tail(rows)) > 0
        return conditional

    def pairs(self) -> int:
        """How many different pairs of account and group there are."""
        pairs = self.packed >> _GROUP_SHIFT
        pairs.sort()
        return 1 + int(np.count_nonzero(pairs[1:] != pairs[:-1]))

    @staticmethod
    def tails() -> int:
        return 1 << _GROUP_SHIFT

    @staticmethod
    def packing(account: Codes, group: Codes) -> Codes:
        """Memberships under a condition, in force."""
        packed: Codes = (account << _ACCOUNT_SHIFT) | (group << _GROUP_SHIFT) | (1 << 1)
        return packed


def day_of(tail: Codes) -> Codes:
    return tail >> (_CONDITION_BITS + 1)


def condition_of(tail: Codes) -> Codes:
    return (tail >> 1) & ((1 << _CONDITION_BITS) - 1)


def self_granted(tail: Codes) -> Flags:
    own: Flags = (tail & 1) == 1
    return own


def counts(members: Members, people: People, rows: slice | Codes) -> Codes:
    """Those of the rows that give what their group has: in force, not by the holder's own hand.

    A condition does not matter: what may be counts like what is.
    """
    tail = members.tail(rows)
    day = day_of(tail)
    gives = ((day == 0) | (day > DAYS)) & ~self_granted(tail)
    gives &= people.enabled[members.account(rows)]
    if isinstance(rows, slice):
        rows = np.arange(*rows.indices(len(members.packed)))
    return np.compress(gives, rows)


def people_of(size: Size, chance: np.random.Generator) -> People:
    """One account for everybody, and a second one for a fifth of them."""
    second = np.sort(chance.permutation(size.people)[: size.accounts - size.people])
    person = np.concatenate((np.arange(size.people), second))
    return People(person, chance.random(size.accounts) >= DISABLED)


def members_of(
    size: Size, reached: Masks, chance: np.random.Generator, *, owners: tuple[Codes, int] | None
) -> Members:
    """So many rows, of which 3 % are there twice, in no order.

    `owners`: accounts that are in a group of which nobody else is a member.
    """
    copied = int(size.memberships * DUPLICATES)
    own = np.empty(0, dtype=np.int64)
    if owners is not None:
        accounts, group = owners
        own = (accounts << _GROUP_BITS) | group
    wanted = size.memberships - copied - len(own)
    useful = int(wanted * USEFUL)
    is_useful = reached != 0
    if owners is not None:
        is_useful[owners[1]] = False
    pairs = np.concatenate(
        [
            _pairs(size, np.flatnonzero(is_useful), useful, chance),
            _pairs(size, _others(is_useful, owners), wanted - useful, chance),
        ]
    )
    packed = np.concatenate((own, pairs))
    del pairs
    packed <<= _GROUP_SHIFT
    for start in range(len(own), len(packed), _BLOCK):
        block = packed[start : start + _BLOCK]
        block |= _tails(len(block), chance)
    chance.shuffle(packed)
    packed = np.concatenate((packed, packed[:copied]))
    chance.shuffle(packed)
    return Members(packed)


def _others(is_useful: Flags, owners: tuple[Codes, int] | None) -> Codes:
    others = ~is_useful
    if owners is not None:
        others[owners[1]] = False
    return np.flatnonzero(others)


def _pairs(size: Size, groups: Codes, wanted: int, chance: np.random.Generator) -> Codes:
    """Different pairs of an account and one of these groups; groups and accounts heavy-tailed."""
    weight = chance.pareto(1.1, len(groups)) + 0.2
    for _ in range(3):
        weight = np.minimum(weight, weight.sum() * _LARGEST)
    bound = np.cumsum(weight)
    each = chance.lognormal(0.0, 0.6, size.accounts)
    each /= each.sum()
    pairs = np.empty(0, dtype=np.int64)
    count = wanted + wanted // 20 + 100
    while len(pairs) < wanted:
        drawn = _drawn(chance.multinomial(count, each), groups, bound, chance)
        pairs = drawn if len(pairs) == 0 else distinct(np.concatenate((pairs, drawn)))
    chance.shuffle(pairs)
    return pairs[:wanted]


def _drawn(
    often: Codes, groups: Codes, bound: NDArray[np.float64], chance: np.random.Generator
) -> Codes:
    """Different pairs, sorted, of each account with as many groups; block by block of accounts."""
    ends = np.cumsum(often)
    blocks, first = [], 0
    while first < len(often):
        before = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, before + _BLOCK, side="right")), first + 1)
        account = np.repeat(np.arange(first, last), often[first:last])
        at = np.searchsorted(bound, chance.random(len(account)) * bound[-1], side="right")
        group = groups[np.minimum(at, len(groups) - 1)]
        blocks.append(distinct((account << _GROUP_BITS) | group))
        first = last
    return np.concatenate(blocks)


def _tails(count: int, chance: np.random.Generator) -> Codes:
    """Cells after the group, packed."""
    dice = chance.random(count)
    past = chance.integers(1, DAYS + 1, count)
    day = np.where(dice < EXPIRED, past, np.where(dice < EXPIRED + ENDING, past + DAYS, 0))
    dice = chance.random(count)
    condition = np.where(dice < CONDITIONAL, chance.integers(1, len(CONDITIONS), count), 0)
    own = (dice >= CONDITIONAL) & (dice < CONDITIONAL + SELF_GRANTED)
    tails: Codes = (((day << _CONDITION_BITS) | condition) << 1) | own
    return tails
