"""What a world says of itself, and what it must have to be a fair one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.world import members as rows_of
from tests.benchmarks.world.nesting import distinct

if TYPE_CHECKING:
    from tests.benchmarks.world.making import World

_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Numbers of a world as it was written; shares are of memberships unless named otherwise."""

    size: str
    people: int
    accounts: int
    groups: int
    memberships: int
    nesting: int
    rights: int
    role_rights: int
    bytes: int
    useful: float
    duplicate: float
    expired: float
    conditional: float
    self_granted: float
    disabled_accounts: float
    second_accounts: float
    largest_group: int
    cycles: int
    depth: int
    duties: int
    duties_of_three_parts: int
    rules: int
    bad_rows: int
    violations: int
    places: int
    paths: int
    applications: int
    pairs_in_applications: int

    def json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def facts_of(world: World, folder: Path) -> Facts:
    """Counted in the plan, but for the bytes, which are those of the files."""
    size, nest, rights, members = world.size, world.nest, world.rights, world.members
    total = len(members.packed)
    tally: Counter[str] = Counter()
    in_group = np.zeros(size.groups, dtype=np.int64)
    for start in range(0, total, _BLOCK):
        block = slice(start, start + _BLOCK)
        tail = members.tail(block)
        day = rows_of.day_of(tail)
        tally["expired"] += int(((day > 0) & (day <= rows_of.DAYS)).sum())
        tally["conditional"] += int((rows_of.condition_of(tail) > 0).sum())
        tally["self_granted"] += int(rows_of.self_granted(tail).sum())
        in_group += np.bincount(members.group(block), minlength=size.groups)
    edges = nest.child * size.groups + nest.parent
    back = nest.parent * size.groups + nest.child
    return Facts(
        size=size.name,
        people=size.people,
        accounts=size.accounts,
        groups=size.groups,
        memberships=total,
        nesting=len(distinct(edges)),
        rights=len(distinct(rights.right)),
        role_rights=len(rights.group),
        bytes=sum(path.stat().st_size for path in _tables(folder)),
        useful=int(in_group[rights.reached != 0].sum()) / total,
        duplicate=1 - members.pairs() / total,
        expired=tally["expired"] / total,
        conditional=tally["conditional"] / total,
        self_granted=tally["self_granted"] / total,
        disabled_accounts=float(1 - world.people.enabled.mean()),
        second_accounts=(size.accounts - size.people) / size.people,
        largest_group=int(in_group.max()),
        cycles=int(np.isin(edges, back, kind="sort").sum()) // 2,
        depth=rights.rounds,
        duties=len(world.laws.duties),
        duties_of_three_parts=sum(len(duty.actions) == 3 for duty in world.laws.duties),
        rules=len(world.laws.rules),
        bad_rows=0 if world.bad is None else len(world.bad.kind),
        violations=len(world.expected.pairs()),
        places=len(world.expected.rule),
        paths=int(world.expected.legs.sum()),
        applications=rights.applications,
        pairs_in_applications=_pairs_in_applications(world, in_group),
    )


def _tables(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in {".csv", ".parquet"}]


def _pairs_in_applications(world: World, in_group: NDArray[np.int64]) -> int:
    """Pairs of a membership and an application that its group reaches."""
    if world.rights.cells is None:
        return 0
    return int((np.bitwise_count(world.rights.reached) * in_group).sum())


def shortcomings(facts: Facts) -> list[str]:
    """What a world of size L lacks to be the one that the benchmark speaks of; shares at any."""
    large = facts.size == "L"
    wanted = {
        "35 to 40 % of memberships useful": 0.35 <= facts.useful <= 0.40,
        "3 % duplicates": 0.025 <= facts.duplicate <= 0.035,
        "5 % expired": 0.045 <= facts.expired <= 0.055,
        "10 % conditional or self-granted": (
            0.09 <= facts.conditional + facts.self_granted <= 0.11
        ),
        "two accounts for 20 % of people": abs(facts.second_accounts - 0.2) <= 0.001,
        "depth of at least 10": facts.depth >= 10 or facts.groups < 2_000,
        "300 cycles": facts.cycles >= 300 or facts.groups < 2_000,
        "bad rows of 0.1 %": facts.bad_rows in {0, max(5, facts.memberships // 1_000)},
    }
    if facts.applications == 0:
        wanted |= {
            "ten duties of three parts among forty": (
                facts.duties == 40 and facts.duties_of_three_parts == 10
            ),
            "thirty rules": facts.rules == 30,
            "290,000 violations": facts.violations >= 290_000 or not large,
            "640,000 paths": facts.paths >= 640_000 or not large,
        }
    elif large:
        wanted |= {
            "5,000 applications and six duties": (
                facts.applications == 5_000 and facts.duties == 6
            ),
            "22 million pairs of membership and application": (
                20e6 <= facts.pairs_in_applications <= 24e6
            ),
            "at most some hundred thousand violations": facts.places <= 500_000,
        }
    if large:
        wanted |= {
            "240 MB": facts.bytes >= 240_000_000,
            "10 million memberships": facts.memberships == 10_000_000,
            "300,000 nesting edges": facts.nesting == 300_000,
            "200,000 rights": facts.rights == 200_000,
            "2 million edges to rights": facts.role_rights == 2_000_000,
        }
    return [what for what, met in wanted.items() if not met]
