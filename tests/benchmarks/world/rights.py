"""What groups contain: most of it harmless, and what duties ask for in some families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.benchmarks.world.laws import IN_APPLICATION, Laws
from tests.benchmarks.world.nesting import DEEP, Codes, Masks, Nest, close, distinct
from tests.benchmarks.world.sizes import Size

#: Actions that no duty asks for.
HARMLESS = 340
#: Share of families in which a duty stands.
_HOT_FAMILIES = 0.45
#: The same where a duty stands in one application of many.
_HOT_FAMILIES_SCOPED = 0.9
#: Share of hot families in which a second duty stands.
_SECOND = 0.85
#: How often a way of three parts stands in a family with one part missing.
_PARTIAL = 0.3
OWNERS = 50
#: (application, duty) pairs that stand in a hot family: at most as many as a mask has bits.
_CELLS = 19


@dataclass(frozen=True)
class Rights:
    """Entitlements by number, edges from groups, and what each group reaches by them.

    `action` and `resource` by entitlement; `group` and `right` by edge; `reached` by group, closed
    over the nesting, bits by action of the laws; scoped, bits by cell of the group's family, and
    `cells` the key application * 6 + duty by family and bit, -1 where there is none.
    """

    action: list[str]
    resource: list[str]
    group: Codes
    right: Codes
    reached: Masks
    rounds: int
    applications: int = 0
    cells: Codes | None = None
    owner_group: int | None = None


def rights_anywhere(size: Size, nest: Nest, laws: Laws, chance: np.random.Generator) -> Rights:
    """Rights of which duties ask for some, whatever resource they are on."""
    copies = max(size.rights // 40_000, 1)
    hot = len(laws.actions) * copies
    position, part = _standing(nest, laws, chance)
    # In turn, so that every one of them is in some group.
    order = np.argsort(part, kind="stable")
    turn = np.empty_like(part)
    turn[order] = np.arange(len(part)) - np.searchsorted(part[order], part[order])
    right = part * copies + turn % copies
    key = distinct(position * size.rights + right)
    direct = np.zeros(size.groups, dtype=np.uint64)
    bits = np.left_shift(np.uint64(1), (key % size.rights // copies).astype(np.uint64))
    np.bitwise_or.at(direct, key // size.rights, bits)
    reached, rounds = close(nest, direct)
    group, right = _with_harmless(size, key, first=hot, chance=chance)
    harmless = size.rights - hot
    action = [name for name in laws.actions for _ in range(copies)]
    action += [f"view-{n % HARMLESS:03d}" for n in range(harmless)]
    resource = [f"ledger/{copy:04d}" for _ in laws.actions for copy in range(copies)]
    resource += [f"archive/{n // HARMLESS:05d}" for n in range(harmless)]
    return Rights(action, resource, group, right, reached, rounds)


def _standing(nest: Nest, laws: Laws, chance: np.random.Generator) -> tuple[Codes, Codes]:
    """Groups and the actions that they contain directly."""
    sizes = np.diff(nest.starts)
    hot = np.flatnonzero((chance.random(len(sizes)) < _HOT_FAMILIES) | (sizes == sizes.max()))
    # Every duty is somebody's, also in a small world.
    fewest = -(-len(laws.duties) // len(hot))
    counts = 1 + (chance.random(len(hot)) < _SECOND)
    families = np.repeat(hot, np.maximum(counts, fewest))
    popular = 1 / (np.arange(len(laws.duties)) + 4.0)
    duty = chance.choice(len(laws.duties), len(families), p=popular / popular.sum())
    duty[: len(laws.duties)] = np.arange(len(laws.duties))
    parts = np.diff(laws.first_part)[duty]
    lacking = (parts > 1) & (chance.random(len(duty)) < _PARTIAL)
    lacking[: len(laws.duties)] = False
    parts = parts - lacking
    which = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    # A part that is missing is now this one, now that.
    turn = np.repeat(np.where(lacking, chance.integers(0, 3, len(duty)), 0), parts)
    owner = np.repeat(duty, parts)
    length = np.diff(laws.first_part)[owner]
    part = laws.first_part[owner] + (which + turn) % length
    family = np.repeat(families, parts)
    return _low(nest, family, chance), part


def _low(nest: Nest, family: Codes, chance: np.random.Generator) -> Codes:
    """A group of each family, rather a low one: most rights are few groups away from people."""
    size = np.diff(nest.starts)[family]
    dice = chance.random(len(family))
    # In a deep family any group will do, or no path would be long.
    dice = np.where(size < DEEP[0], dice**4, dice)
    return nest.starts[family] + (dice * size).astype(np.int64)


def rights_in_applications(size: Size, nest: Nest, chance: np.random.Generator) -> Rights:
    """Rights that six duties ask for, each in one of 5,000 applications; owners have them all.

    Fewer applications in worlds smaller than L.
    """
    duties = len(IN_APPLICATION.duties)
    applications = min(5_000, size.rights // 12)
    sizes = np.diff(nest.starts)
    hot = (chance.random(len(sizes)) < _HOT_FAMILIES_SCOPED) | (sizes == sizes.max())
    # The first family has the owners' group.
    families = np.flatnonzero(hot[1:]) + 1
    cells = np.full((len(sizes), _CELLS), -1, dtype=np.int64)
    # Some applications are in many families' hands, most in few.
    spread = chance.random((len(families), _CELLS)) ** 2
    cells[families] = (spread * applications).astype(np.int64) * duties + chance.integers(
        0, duties, (len(families), _CELLS)
    )
    family = np.repeat(families, _CELLS)
    bit = np.tile(np.arange(_CELLS), len(families))
    position = _low(nest, family, chance)
    direct = np.zeros(size.groups, dtype=np.uint64)
    np.bitwise_or.at(direct, position, np.left_shift(np.uint64(1), bit.astype(np.uint64)))
    reached, rounds = close(nest, direct)
    used = distinct(cells[families].ravel())
    # No group lies in the first of a family: nobody owns by accident.
    owner_group = 0
    whole = size.rights - duties + np.arange(duties)
    right = np.searchsorted(used, cells[family, bit])
    key = distinct(
        np.concatenate((position * size.rights + right, owner_group * size.rights + whole))
    )
    group, right = _with_harmless(size, key, first=len(used), last=duties, chance=chance)
    harmless = size.rights - len(used) - duties
    action = [IN_APPLICATION.actions[cell % duties] for cell in used.tolist()]
    action += [f"view-{n % HARMLESS:03d}" for n in range(harmless)] + [*IN_APPLICATION.actions]
    resource = [application(cell // duties) for cell in used.tolist()]
    resource += [f"{application(n % applications)}/part-{n // HARMLESS}" for n in range(harmless)]
    resource += ["*"] * duties
    return Rights(action, resource, group, right, reached, rounds, applications, cells, owner_group)


def application(number: int) -> str:
    """The id of an application, which is also its resource."""
    return f"app-{number:04d}"


def _with_harmless(
    size: Size, key: Codes, *, first: int, chance: np.random.Generator, last: int = 0
) -> tuple[Codes, Codes]:
    """The edges and enough harmless ones; every harmless right is in some group."""
    harmless = size.rights - first - last
    every = chance.integers(0, size.groups, harmless) * size.rights + first + np.arange(harmless)
    keys = distinct(np.concatenate((key, every)))
    while len(keys) < size.role_rights:
        count = size.role_rights - len(keys)
        # Some rights are in many groups, most in few.
        right = first + (harmless * chance.random(count) ** 2).astype(np.int64)
        group = chance.integers(0, size.groups, count)
        keys = distinct(np.concatenate((keys, group * size.rights + right)))
    chance.shuffle(keys)
    return keys // size.rights, keys % size.rights
