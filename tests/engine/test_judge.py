"""Verdicts: which duties must come together, where, for whom, and what nobody can say."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given, settings

from sod_analyzer.evaluate.bulk import Bulk
from sod_analyzer.model.ruleset import Holder, ScopeKind
from tests.engine.kit import SYSTEMS, analysis_of, right, verdicts, world
from tests.strategies import DUTIES, worlds
from tests.world import Edge, World, rule

R = rule("R", "commit", "deploy")
PROD = rule("R", "commit", "deploy-prod")
#: Rights that exist and that nobody in question has, so that every duty lives.
ALIVE = ("x-prod c rb", "x-prod d rb")
ONE = {"x-prod": SYSTEMS["x-prod"]}


def test_two_duties_on_one_application_are_a_violation_there() -> None:
    both = world("i0 > a0 > x-prod c ra", "i0 > a1 > x-prod d ra")

    got = verdicts(analysis_of(both, R))

    assert got == {("i0", "app-a"): "violation"}


def test_two_duties_on_two_applications_are_none() -> None:
    apart = world("i0 > a0 > x-prod c ra", "i0 > a0 > x-prod d rb")

    got = verdicts(analysis_of(apart, R))

    assert got == {}


@pytest.mark.parametrize(
    ("scope", "got"),
    [
        (ScopeKind.ANYWHERE, {("i0", "anywhere"), ("i1", "anywhere"), ("i2", "anywhere")}),
        (ScopeKind.SYSTEM, {("i1", "x-prod"), ("i2", "x-prod")}),
        (ScopeKind.RESOURCE, {("i2", "x-prod:ra")}),
        (ScopeKind.APPLICATION, {("i0", "app-a"), ("i2", "app-a")}),
    ],
)
def test_each_scope_asks_for_duties_in_one_of_its_places(
    scope: ScopeKind, got: set[tuple[str, str]]
) -> None:
    three = world(
        "i0 > a0 > x-prod c ra",  # one application in two systems
        "a0 > x-test d ra",
        "i1 > a1 > x-prod c ra",  # one system, two applications
        "a1 > x-prod d rb",
        "i2 > a2 > x-prod c ra",  # one resource
        "a2 > x-prod d ra",
    )

    found = verdicts(analysis_of(three, rule("R", "commit", "deploy", scope=scope)))

    assert found == dict.fromkeys(got, "violation")


def test_a_right_on_a_folder_counts_at_the_resources_below_it() -> None:
    below = world("i0 > a0 > x-prod c ra", "a0 > x-prod d ra/1")

    got = verdicts(analysis_of(below, rule("R", "commit", "deploy", scope=ScopeKind.RESOURCE)))

    assert got == {("i0", "x-prod:ra/1"): "violation"}


@pytest.mark.parametrize(
    ("count", "broken"), [(1, {"i1", "i2", "i3"}), (2, {"i2", "i3"}), (3, {"i3"})]
)
@pytest.mark.parametrize("where", ["ra", "*"])
def test_a_rule_is_broken_by_as_many_duties_as_it_says(
    count: int, broken: set[str], where: str
) -> None:
    people = world(
        f"i1 > a1 > x-prod c {where}",
        f"i2 > a2 > x-prod c {where}",
        "a2 > x-prod d ra",
        f"i3 > a3 > x-prod c {where}",
        "a3 > x-prod d ra",
        "a3 > x-prod v ra",
    )

    got = verdicts(analysis_of(people, rule("R", "commit", "deploy", "both", count=count)))

    # i3 alone has `v`, hence `both`.
    assert {who for who, _ in got} == broken
    assert set(got.values()) == {"violation"}


def test_a_right_over_a_whole_system_counts_in_its_applications_and_no_others() -> None:
    cover = world(
        "i0 > a0 > x-prod c *",
        "a0 > x-prod d ra",
        "a0 > x-test d rt",
        placements=[("app-a", "x-prod", "ra", None), ("app-t", "x-test", "rt", None)],
    )

    got = verdicts(analysis_of(cover, R))

    assert got == {("i0", "app-a"): "violation"}


def test_only_who_has_each_duty_over_every_system_has_one_row_for_all() -> None:
    """`commit` lives in three systems here, `deploy` in two."""
    covering = ["x-prod c *", "x-test c *", "y c *", "x-prod d *", "x-test d *"]
    all_ = world(*(f"i0 > a0 > {held}" for held in covering))
    most = world(*(f"i0 > a0 > {held}" for held in covering[1:]), rights=ALIVE)

    assert verdicts(analysis_of(all_, R)) == {("i0", "all"): "violation"}
    assert verdicts(analysis_of(most, R)) == {("i0", "app-a"): "violation"}


def test_people_are_judged_whatever_their_status_and_workloads_are_not() -> None:
    held = [f"i{n} > a{n} > x-prod {action} ra" for n in range(6) for action in "cd"]
    facts = {
        "identities": {
            "i0": {"kind": "workload"},
            "i1": {"kind": "vendor"},
            "i2": {"kind": "shared"},
            "i3": {"status": "leaver"},
            "i4": {"status": "unknown"},
            "i5": {"status": "future"},
        }
    }

    got = verdicts(analysis_of(world(*held), R, facts=facts))

    assert {who for who, _ in got} == {"i1", "i2", "i3", "i4", "i5"}


def test_where_a_system_was_not_read_its_duty_is_unknown_to_whoever_has_the_other() -> None:
    """Application b has resources in x-prod only: what is unknown of x-test cannot matter there."""
    held = world(
        "i0 > a0 > x-prod c ra",
        "i1 > a1 > x-prod c rb",
        "i2 > a2 > x-prod q ra",
        rights=["x-test d ra", "x-prod d rb"],
    )

    got = verdicts(analysis_of(held, R, unknown_systems=["x-test"]))

    assert got == {("i0", "app-a"): "not-evaluable"}
    assert verdicts(analysis_of(held, R)) == {}


def test_a_violation_stays_one_though_a_source_is_missing() -> None:
    both = world("i0 > a0 > x-prod c ra", "a0 > x-prod d ra")

    got = verdicts(analysis_of(both, R, unknown_systems=["x-test"]))

    assert got == {("i0", "app-a"): "violation"}


def test_a_duty_that_nothing_matches_is_unknown_and_never_clear() -> None:
    half = world("i0 > a0 > x-prod c ra", "i1 > a1 > x-prod q ra")

    analysis = analysis_of(half, R)

    assert verdicts(analysis)["i0", "app-a"] == "not-evaluable"
    assert "i1" not in {who for who, _ in verdicts(analysis)}
    assert analysis.results[0].dead == ("deploy",)


def test_an_environment_nobody_states_is_not_evaluable() -> None:
    some = world(
        "i0 > a0 > x-some c ra",
        "a0 > x-some d ra",
        systems={"x-some": ("x", None)},
        placements=[("app-a", "x-some", "ra", None)],
    )

    got = verdicts(analysis_of(some, PROD))

    assert got == {("i0", "app-a"): "not-evaluable"}


def test_an_undecided_account_is_not_evaluable_for_each_candidate_and_nobody_else() -> None:
    undecided = world(
        "i0 > a0 > x-prod c ra",
        "i1 > a1 > x-prod c ra",
        "i2 > a2 > x-prod c ra",
        Edge("i0", "a9", becoming=True, undecided=True),
        Edge("i1", "a9", becoming=True, undecided=True),
        "a9 > x-prod d ra",
    )

    got = verdicts(analysis_of(undecided, R))

    assert got == {("i0", "app-a"): "not-evaluable", ("i1", "app-a"): "not-evaluable"}


def test_resources_nobody_placed_are_not_evaluable_and_never_a_violation() -> None:
    lost = world("i0 > a0 > x-prod c zz", "a0 > x-prod d zz", "i1 > a1 > x-prod c zz", rights=ALIVE)

    got = verdicts(analysis_of(lost, R))

    assert got == {("i0", "unmapped"): "not-evaluable"}


def test_a_right_over_a_whole_system_reaches_what_nobody_placed() -> None:
    lost = world(
        "i0 > a0 > x-prod c *",
        "i0 > a0 > x-prod d rb",
        rights=["x-prod c zz"],
        placements=[("app-a", "x-prod", "ra", None), ("app-b", "x-prod", "rb", None)],
    )

    got = verdicts(analysis_of(lost, R))

    assert got == {("i0", "app-b"): "violation", ("i0", "unmapped"): "not-evaluable"}


RULES = (
    rule("R0", "commit", "deploy"),
    replace(rule("R1", "deploy", count=1), holder=Holder.ACCOUNT),
    rule("R2", "launch", "both"),
    replace(rule("R3", "commit", count=1), scope=ScopeKind.SYSTEM),
)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_rules_judged_together_say_what_each_says_alone(world: World) -> None:
    analysis = analysis_of(world, *RULES, duties=tuple(DUTIES.values()))

    for together in analysis.results:
        alone = analysis.judge.judge(together.rule)
        for name in ("subject", "place", "verdict", "legs", "pairs", "folded"):
            assert getattr(together, name).tolist() == getattr(alone, name).tolist(), name
        assert together.lenses == alone.lenses


def test_what_the_second_rule_finds_is_looked_at_through_every_lens() -> None:
    two = world(
        "i0 > a0 > x-prod c ra",
        Edge("i1", "a1", becoming=True, conditional=True),
        "a1 > x-prod d ra",
    )
    rules = (rule("R0", "commit", count=1), rule("R1", "deploy", count=1))

    best = [
        next(lens.pair for lens, met in zip(each.lenses, each.pairs[0], strict=True) if met)
        for each in analysis_of(two, *rules).results
    ]

    assert best == ["held, sure", "held, conditional"]


@pytest.mark.parametrize(("eligible", "looks"), [(False, 2), (True, 4)])
def test_lenses_that_must_see_the_same_look_once(*, eligible: bool, looks: int) -> None:
    two = world(
        "i0 > a0 > x-prod c ra",
        Edge("i1", "a1", eligible=eligible),
        Edge("a0", right("x-prod d ra"), conditional=True),
    )

    with mock.patch.object(Bulk, "direct", autospec=True, side_effect=Bulk.direct) as looked:
        [result] = analysis_of(two, R).results

    assert [lens.pair for lens, met in zip(result.lenses, result.pairs[0], strict=True) if met] == (
        ["held, conditional", "eligible, conditional"]
    )
    assert looked.call_count == looks
