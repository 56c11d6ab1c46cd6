"""How large a world is."""

from __future__ import annotations

from dataclasses import dataclass

from sod_analyzer.errors import ConfigError

#: At least so many groups, or the families are too few to hold forty duties.
_FEWEST_GROUPS = 400


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of rows that a world is asked to have; each is met exactly."""

    name: str
    people: int
    accounts: int
    groups: int
    memberships: int
    nesting: int
    rights: int
    role_rights: int

    @property
    def cycles(self) -> int:
        """Pairs of groups that are nested in each other."""
        return min(max(300, self.groups // 200), self.groups // 4)


def scaled(name: str, people: int, *, groups: int, memberships: int) -> Size:
    """The shares of L: a second account for 20 %, 3 parents, 2 rights, 20 edges a group."""
    return Size(
        name,
        people,
        accounts=people + people // 5,
        groups=groups,
        memberships=memberships,
        nesting=3 * groups,
        rights=2 * groups,
        role_rights=20 * groups,
    )


SIZES = {
    "S": scaled("S", 10_000, groups=2_000, memberships=100_000),
    "M": scaled("M", 200_000, groups=30_000, memberships=3_000_000),
    "L": scaled("L", 1_000_000, groups=100_000, memberships=10_000_000),
}


def size_of(text: str) -> Size:
    """S, M, L, or a number of people with ten memberships each.

    Raises:
        ConfigError: the text is none of these.
    """
    if text in SIZES:
        return SIZES[text]
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or int(digits) == 0:
        raise ConfigError(f"'{text}' is no size: name S, M, L or a number of people")
    people = int(digits)
    groups = max(people // 10, _FEWEST_GROUPS)
    return scaled(digits, people, groups=groups, memberships=10 * people)
