"""Whom a right answer must find, worked out from the plan of the world and not from its files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tests.benchmarks.world.laws import Laws
from tests.benchmarks.world.members import Members, People, counts
from tests.benchmarks.world.nesting import Codes, Masks, Nest
from tests.benchmarks.world.rights import Rights

#: Rows looked at in one go.
_BLOCK = 2_000_000
#: The place of whoever has a right over the whole system.
EVERYWHERE = -1


@dataclass(frozen=True)
class Expected:
    """One row per finding, sorted: number of the rule, person, application, and its legs.

    Unscoped, every application is `EVERYWHERE`.
    """

    rule: Codes
    person: Codes
    application: Codes
    legs: Codes

    def pairs(self) -> Codes:
        """Rule and person in one number each, sorted, each once."""
        key = (self.rule << 32) | self.person
        return np.compress(np.diff(key, prepend=-1) != 0, key)


def rows_that_count(members: Members, people: People) -> Codes:
    """Numbers of the rows of memberships that give something."""
    total = len(members.packed)
    blocks = [
        counts(members, people, slice(start, start + _BLOCK)) for start in range(0, total, _BLOCK)
    ]
    return np.concatenate(blocks)


def masks_of(members: Members, people: People, reached: Masks, rows: Codes) -> Masks:
    """Per account the actions that its groups reach, over these rows."""
    masks = np.zeros(len(people.person), dtype=np.uint64)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        group = members.group(block)
        useful = reached[group] != 0
        np.bitwise_or.at(masks, members.account(block[useful]), reached[group[useful]])
    return masks


def over_people(people: People, masks: Masks) -> Masks:
    """Per person what all of their accounts have."""
    count = int(people.person.max(initial=-1)) + 1
    joined = masks[:count].copy()
    np.bitwise_or.at(joined, people.person[count:], masks[count:])
    return joined


def broken(laws: Laws, duties: Masks) -> Expected:
    """Rules broken by people with these masks of duties; person is the place in the array."""
    rule, person, legs = [], [], []
    values, inverse = _values(duties)
    for number, law in enumerate(laws.rules):
        filled = laws.filled(law, values)
        found = np.flatnonzero((filled >= law.need)[inverse])
        rule.append(np.full(len(found), number))
        person.append(found)
        legs.append(filled[inverse[found]])
    everywhere = np.full(sum(map(len, person)), EVERYWHERE)
    return Expected(np.concatenate(rule), np.concatenate(person), everywhere, np.concatenate(legs))


def _values(masks: Masks) -> tuple[Masks, Codes]:
    """Distinct masks, and which of them each is: a rule is tested once for each."""
    values, inverse = np.unique(masks, return_inverse=True)
    return values, inverse.astype(np.int64)


def expect_anywhere(laws: Laws, people: People, members: Members, rights: Rights) -> Expected:
    """The parts of a way meet in one account; the duties of a rule, over all of somebody's."""
    rows = rows_that_count(members, people)
    masks = masks_of(members, people, rights.reached, rows)
    return broken(laws, over_people(people, laws.duties_of(masks)))


def expect_in_applications(
    laws: Laws, nest: Nest, people: People, members: Members, rights: Rights
) -> Expected:
    """The same in each application; whoever has a right over the system, once for all of them."""
    if rights.cells is None or rights.owner_group is None:
        raise ValueError("these rights are in no application")
    rows = rows_that_count(members, people)
    group = members.group(rows)
    owned = np.zeros(len(people.person), dtype=np.uint64)
    owned[members.account(rows[group == rights.owner_group])] = (1 << len(laws.duties)) - 1
    owners = over_people(people, owned)
    rows = rows[(rights.reached[group] != 0) & (group != rights.owner_group)]
    rows = rows[np.argsort(people.person[members.account(rows)], kind="stable")]
    found = [broken(laws, owners)]
    for block in _blocks(people.person[members.account(rows)]):
        person, cell = cells_of(nest, people, members, rights, rows[block])
        found.append(_in_block(laws, person, cell, applications=rights.applications))
    rule = np.concatenate([part.rule for part in found])
    person = np.concatenate([part.person for part in found])
    application = np.concatenate([part.application for part in found])
    legs = np.concatenate([part.legs for part in found])
    # Who owns the system is told once, not once more for each application.
    keep = (application == EVERYWHERE) | (owners[person] == 0)
    order = np.lexsort((application, person, rule))
    order = order[keep[order]]
    return Expected(rule[order], person[order], application[order], legs[order])


def _blocks(person: Codes) -> list[slice]:
    """Slices of sorted people, none of them cut in two."""
    bounds = [0]
    while bounds[-1] < len(person):
        last = person[min(bounds[-1] + _BLOCK, len(person)) - 1]
        bounds.append(int(np.searchsorted(person, last, side="right")))
    return [slice(a, b) for a, b in pairwise(bounds)]


def _in_block(laws: Laws, person: Codes, cell: Codes, *, applications: int) -> Expected:
    """Rules broken in an application by people with these cells, application * duties + duty."""
    duties = len(laws.duties)
    key = np.sort(person * applications * duties + cell)
    place = key // duties
    heads = np.flatnonzero(np.diff(place, prepend=-1))
    bits = np.left_shift(np.uint64(1), (key % duties).astype(np.uint64))
    found = broken(laws, np.bitwise_or.reduceat(bits, heads) if len(heads) else bits)
    where = place[heads][found.person]
    return Expected(found.rule, where // applications, where % applications, found.legs)


def cells_of(
    nest: Nest, people: People, members: Members, rights: Rights, rows: Codes
) -> tuple[Codes, Codes]:
    """One row for each (membership, application, duty): the person and the cell's key."""
    if rights.cells is None:
        raise ValueError("these rights are in no application")
    group = members.group(rows)
    person = people.person[members.account(rows)]
    owner, cells = [], []
    for bit in range(rights.cells.shape[1]):
        has = np.flatnonzero((rights.reached[group] >> np.uint64(bit)) & np.uint64(1))
        owner.append(person[has])
        cells.append(rights.cells[nest.family[group[has]], bit])
    return np.concatenate(owner), np.concatenate(cells)
