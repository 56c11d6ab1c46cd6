"""What flows to whom, and where the parts of a way meet."""

from __future__ import annotations

import numpy as np

from sod_analyzer.catalogue.columns import UNRESTRICTED
from sod_analyzer.evaluate.lens import PLAIN, Lens
from sod_analyzer.graph.closure import Facts
from sod_analyzer.model.ruleset import Means
from tests.engine.kit import can, places_with, right, world
from tests.world import Edge


def test_rights_flow_through_any_depth_of_nesting() -> None:
    nested = world("i0 > a0 > r0 > r1 > r2 > r3 > r4 > r5 > x-prod c ra")

    assert can(nested)


def test_rights_flow_from_targets_to_holders_only() -> None:
    """Who holds the group's parent gains nothing from being below; nor does the parent."""
    nested = world("i0 > a0 > r0", "i1 > a1 > r1 > r0", "r1 > x-prod c ra")

    assert not can(nested)
    assert can(nested, who="i1")


def test_a_circle_of_roles_gives_each_of_them_the_same() -> None:
    circle = world("i0 > a0 > r0 > r1 > r2 > r0", "r2 > x-prod c ra", "i1 > a1 > r1")

    assert can(circle)
    assert can(circle, who="i1")


def test_finished_duties_cross_any_number_of_becoming_edges() -> None:
    chain = world("i0 > a0 > a1 > r0 > a2 > a3 > x-prod c ra")

    assert can(chain)


def test_parts_of_a_way_meet_in_one_account_and_nowhere_else() -> None:
    together = world("i0 > a0 > r0 > x-prod c ra", "a0 > x-prod v ra")
    apart = world("i0 > a0 > x-prod c ra", "i0 > a1 > x-prod v ra")
    beyond = world("i0 > a0 > x-prod c ra", "a0 > a1 > x-prod v ra")

    assert can(together, "both")
    assert not can(apart, "both")
    assert not can(beyond, "both")


def test_one_part_is_not_a_way() -> None:
    assert not can(world("i0 > a0 > x-prod c ra", rights=["x-prod v ra"]), "both")
    assert not can(world("i0 > a0 > x-prod v ra", rights=["x-prod c ra"]), "both")


def test_parts_of_a_way_must_all_hold_in_the_scope() -> None:
    split = world("i0 > a0 > x-prod c ra", "a0 > x-prod v rb")

    got = places_with(split, "both")

    assert got == {"anywhere", "system:x-prod"}


def test_a_part_of_any_scope_may_hold_elsewhere() -> None:
    split = world("i0 > a0 > x-prod d ra", "a0 > x-test v ra")
    lacking = world("i0 > a0 > x-prod d ra", rights=["x-test v ra"])

    assert places_with(split, "launch") == {"anywhere", "system:x-prod", "app-a"}
    assert places_with(lacking, "launch") == set()


def test_a_part_over_a_whole_system_meets_a_part_on_a_resource() -> None:
    covered = world("i0 > a0 > x-prod c *", "a0 > x-prod v ra", rights=["x-prod v rb"])

    got = places_with(covered, "both")

    assert got == {"anywhere", "system:x-prod", "app-a"}


def test_each_own_change_that_builds_on_another_is_counted() -> None:
    chain = world(
        Edge("i0", "a0", becoming=True),
        Edge("a0", "r0", self_granted=True),
        Edge("r0", "r1", self_granted=True),
        Edge("r1", right("x-prod c ra")),
    )

    got = [can(chain, lens=Lens(means=Means.SELF_GRANT, changes=n)) for n in (1, 2, 3)]

    assert got == [False, True, True]
    assert not can(chain)


def test_own_changes_side_by_side_do_not_add() -> None:
    beside = world(
        Edge("i0", "a0", becoming=True),
        Edge("a0", right("x-prod c ra"), self_granted=True),
        Edge("a0", right("x-prod v ra"), self_granted=True),
    )

    got = can(beside, "both", lens=Lens(means=Means.SELF_GRANT, changes=1))

    assert got


def test_unrestricted_is_everything_on_the_whole_system_and_nothing_less() -> None:
    whole = world("i0 > a0 > x-prod * *", "i1 > a1 > x-prod * ra", "i2 > a2 > x-prod c *")

    got = {who: can(whole, "commit", who=who) for who in ("i0", "i1", "i2")}
    looked = Lens(only_unrestricted=True)
    unrestricted = {who: can(whole, "commit", who=who, lens=looked) for who in got}

    assert got == {"i0": True, "i1": True, "i2": True}
    assert unrestricted == {"i0": True, "i1": False, "i2": False}
    assert UNRESTRICTED not in got


def test_an_undecided_account_is_possible_and_not_sure() -> None:
    undecided = world(Edge("i0", "a0", becoming=True, undecided=True), "a0 > x-prod c ra")

    assert not can(undecided, lens=PLAIN)
    assert can(undecided, lens=Lens(possible=True))


def test_of_a_fact_that_is_known_twice_the_shortest_distance_stays() -> None:
    facts = Facts.of(10, np.array([7, 3, 7, 3]), np.array([5, 1, 2, 4]))

    assert facts.key.tolist() == [3, 7]
    assert facts.distance.tolist() == [1, 2]
