"""Witnesses of many legs at once are those that one asks for one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.evaluate.lens import COUNTED, PLAIN, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.paths import Guide, Hop, Witness
from sod_analyzer.explain.walks import Walks, Wanted, Witnesses, groups
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Means
from tests.engine.kit import DUTIES, engine_of, right, world
from tests.strategies import DUTIES as RANDOM_DUTIES
from tests.strategies import worlds
from tests.test_oracle import engine_of as random_engine
from tests.world import Edge, World

lenses = st.builds(
    Lens,
    means=st.sampled_from(Means),
    conditional=st.booleans(),
    possible=st.booleans(),
    dormant=st.booleans(),
    alone=st.booleans(),
    roles=st.booleans(),
).map(lambda lens: replace(lens, changes=2 if lens.means is Means.SELF_GRANT else 0))


def one(found: Witnesses, number: int) -> Witness:
    """One of many witnesses, as `Guide` gives it."""
    runs: dict[int, list[Hop]] = {}
    for spot in range(int(found.first[number]), int(found.first[number + 1])):
        run = runs.setdefault(int(found.part[spot]), [])
        run.append(Hop(int(found.edge[spot]), own_change=bool(found.own[spot])))
        assert found.hop[spot] == len(run)
    return Witness(int(found.way[number]), tuple(tuple(run) for run in runs.values()))


def everything(engine: Engine, n_duties: int) -> Wanted:
    """Every node that is somebody, every duty, every place, and everywhere."""
    last = engine.snapshot.ranges[NodeKind.ENTITLEMENT].start
    shape = (last, n_duties, engine.n_places + 1)
    subject, duty, place = (axis.ravel() for axis in np.indices(shape))
    return Wanted(subject, duty, place)


def agree(engine: Engine, lens: Lens, duties: list[str]) -> int:
    """Hold both ways of asking equal; returns how many witnesses there are."""
    wanted = everything(engine, len(duties))
    look = Walks(engine).look(lens, wanted, duties)
    number, found = look.witnesses()
    hops = found.hops(len(engine.edges))
    guide = Guide(engine)
    for row in range(len(number)):
        place = int(wanted.place[row])
        expected = guide.witness(
            lens,
            int(wanted.subject[row]),
            duties[wanted.duty[row]],
            None if place == engine.n_places else place,
        )
        assert (expected is not None) == bool(look.had[row]) == bool(number[row] >= 0)
        if expected is not None:
            assert one(found, int(number[row])) == expected
            assert hops[number[row]] == expected.hops
    return len(found)


@given(worlds(), lenses)
@settings(max_examples=120, deadline=None)
def test_many_witnesses_at_once_are_those_asked_for_one_by_one(world: World, lens: Lens) -> None:
    duties = list(RANDOM_DUTIES.values())

    agree(random_engine(world, duties), lens, sorted(RANDOM_DUTIES))


def test_parts_meet_in_the_context_that_the_shortest_way_leads_to() -> None:
    parts = engine_of(
        world(
            "i0 > a0 > x-prod c ra",
            "i0 > a1 > a2 > x-prod c ra",
            "a2 > r0 > x-prod v ra",
            "a2 > x-prod d *",
            "i1 > a3 > x-prod * *",
            "a3 > y c *",
        )
    )

    for lens in (PLAIN, COUNTED):
        assert agree(parts, lens, [duty.duty_id for duty in DUTIES])


def test_own_changes_are_taken_where_the_single_path_takes_them() -> None:
    chain = engine_of(
        world(
            Edge("i0", "a0", becoming=True),
            Edge("a0", "a1", becoming=True, self_granted=True),
            Edge("a0", "r0", self_granted=True),
            Edge("a1", right("x-prod c ra"), self_granted=True),
            Edge("r0", right("x-prod c ra"), self_granted=True),
            Edge("a1", right("x-prod d ra")),
        )
    )

    for changes in (1, 2):
        lens = Lens(means=Means.SELF_GRANT, changes=changes)
        assert agree(chain, lens, [duty.duty_id for duty in DUTIES])


def test_nobody_at_all_has_no_witness() -> None:
    empty = engine_of(world("i0 > a0", rights=["x-prod c ra"]))

    assert agree(empty, PLAIN, [duty.duty_id for duty in DUTIES]) == 0


def test_groups_give_every_position_once_and_in_order() -> None:
    got = {value: rows.tolist() for value, rows in groups(np.array([3, 1, 3, 70_000, 1]))}

    assert got == {1: [1, 4], 3: [0, 2], 70_000: [3]}
    assert list(groups(np.empty(0, dtype=np.int64))) == []
