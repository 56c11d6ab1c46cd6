"""One world: planned as numbers, written as files, with what a right answer finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.benchmarks.world import writing
from tests.benchmarks.world.bad import NEWLINE, BadRows, plant
from tests.benchmarks.world.config import write_config
from tests.benchmarks.world.expecting import (
    Expected,
    broken,
    expect_anywhere,
    expect_in_applications,
    masks_of,
    over_people,
    rows_that_count,
)
from tests.benchmarks.world.facts import Facts, facts_of
from tests.benchmarks.world.laws import ANYWHERE, IN_APPLICATION, Laws
from tests.benchmarks.world.members import Members, People, counts, members_of, people_of
from tests.benchmarks.world.nesting import Nest, nest
from tests.benchmarks.world.rights import (
    OWNERS,
    Rights,
    rights_anywhere,
    rights_in_applications,
)
from tests.benchmarks.world.sizes import Size

SEED = 7
#: Parts of the plan, each with chances of its own: a change of one moves no other.
_NESTING, _RIGHTS, _PEOPLE, _MEMBERS, _BAD, _NAMES, _ORDER = range(7)


@dataclass(frozen=True)
class World:
    """Everything that is known of a world before it is written."""

    size: Size
    laws: Laws
    nest: Nest
    rights: Rights
    people: People
    members: Members
    names: writing.Names
    bad: BadRows | None
    expected: Expected


def plan(size: Size, *, scoped: bool = False, bad: bool = False, seed: int = SEED) -> World:
    """The world of this size and seed; the same ones give the same world."""

    def chance(part: int) -> np.random.Generator:
        return np.random.default_rng((seed, part))

    laws = IN_APPLICATION if scoped else ANYWHERE
    nested = nest(size.groups, size.nesting, cycles=size.cycles, chance=chance(_NESTING))
    if scoped:
        rights = rights_in_applications(size, nested, chance(_RIGHTS))
    else:
        rights = rights_anywhere(size, nested, laws, chance(_RIGHTS))
    people = people_of(size, chance(_PEOPLE))
    owners = None
    if rights.owner_group is not None:
        enabled = np.flatnonzero(people.enabled[: size.people])
        owners = (chance(_PEOPLE).choice(enabled, OWNERS, replace=False), rights.owner_group)
    members = members_of(size, rights.reached, chance(_MEMBERS), owners=owners)
    names = writing.names_of(size, people, chance(_NAMES))
    planted = _plant(members, people, rights, names, chance(_BAD)) if bad else None
    heard = members if planted is None else _with_newlines(members, planted)
    if scoped:
        expected = expect_in_applications(laws, nested, people, heard, rights)
    else:
        expected = expect_anywhere(laws, people, heard, rights)
    return World(size, laws, nested, rights, people, members, names, planted, expected)


def _plant(
    members: Members,
    people: People,
    rights: Rights,
    names: writing.Names,
    chance: np.random.Generator,
) -> BadRows:
    useful = rights.reached != 0
    if rights.owner_group is not None:
        useful[rights.owner_group] = False
    return plant(
        len(members.packed),
        accounts=np.flatnonzero(people.enabled),
        groups=np.flatnonzero(useful),
        names=(names.logins, names.groups),
        chance=chance,
    )


def _with_newlines(members: Members, bad: BadRows) -> Members:
    """The rows that are loaded: those with a quoted end of line are, the other bad ones not."""
    fine = bad.kind == NEWLINE
    more = Members.packing(bad.account[fine], bad.group[fine])
    return Members(np.concatenate((members.packed, more)))


def make(
    size: Size,
    folder: Path,
    *,
    scoped: bool = False,
    bad: bool = False,
    form: str = "csv",
    seed: int = SEED,
) -> Facts:
    """Write a world into a folder, with `expected.npz` beside it, and tell its facts."""
    world = plan(size, scoped=scoped, bad=bad, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, world.laws, applications=world.rights.applications, form=form)
    _write_tables(world, folder, form=form, chance=np.random.default_rng((seed, _ORDER)))
    expected: dict[str, NDArray[Any]] = {
        "rule": world.expected.rule.astype(np.int16),
        "person": world.expected.person.astype(np.int32),
        "application": world.expected.application.astype(np.int32),
        "legs": world.expected.legs.astype(np.int8),
    }
    if world.bad is not None:
        expected |= {"bad_line": world.bad.line(), "bad_kind": world.bad.kind.astype(np.int8)}
    np.savez(folder / "expected.npz", allow_pickle=False, **expected)
    facts = facts_of(world, folder)
    folder.joinpath("world.json").write_text(facts.json(), encoding="utf-8")
    return facts


def _write_tables(world: World, folder: Path, *, form: str, chance: np.random.Generator) -> None:
    names, rights = world.names, world.rights
    right, resource = pa.array(rights.action), pa.array(rights.resource)
    tables = {
        "accounts": writing.accounts(world.people, names, chance),
        "members": writing.memberships(world.members, names),
        "nesting": writing.edges(
            [
                ("group", names.groups, world.nest.child),
                ("parent", names.groups, world.nest.parent),
            ],
            chance.permutation(len(world.nest.child)),
        ),
        "rights": writing.edges(
            [
                ("group", names.groups, rights.group),
                ("right", right, rights.right),
                ("resource", resource, rights.right),
            ],
            chance.permutation(len(rights.group)),
        ),
    }
    writing.write_csv(folder / "people.csv", writing.roster(world.size, names, chance))
    for name, table in tables.items():
        if form == "parquet":
            writing.write_parquet(folder / f"{name}.parquet", table)
        else:
            bad = world.bad if name == "members" else None
            writing.write_csv(folder / f"{name}.csv", table, bad=bad)


def misread(world: World) -> dict[str, int]:
    """How many findings a reader would tell who misunderstood one thing; each must differ."""
    laws, people, members = world.laws, world.people, world.members
    reached = world.rights.reached

    def count(rows: np.ndarray[tuple[int], np.dtype[np.int64]], whose: People) -> int:
        masks = masks_of(members, whose, reached, rows)
        return len(broken(laws, over_people(whose, laws.duties_of(masks))).rule)

    rows = rows_that_count(members, people)
    masks = masks_of(members, people, reached, rows)
    in_one = laws.duties_of(over_people(people, masks))
    everybody = replace(people, enabled=np.ones_like(people.enabled))
    every = np.arange(len(members.packed))
    return {
        "right": count(rows, people),
        "parts meet over accounts": len(broken(laws, in_one).rule),
        "disabled accounts count": count(counts(members, everybody, every), everybody),
        "every membership counts": count(every[people.enabled[members.account()]], people),
        "conditional ones do not": count(rows[~members.is_conditional(rows)], people),
    }
