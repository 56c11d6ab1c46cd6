"""What would follow from an edit: the same as if the source had said so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.compose.report import Analysis, analyse, tables_of
from sod_analyzer.errors import QueryError
from sod_analyzer.explain.names import Names
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Selector
from sod_analyzer.remediate.changes import affected_by, compare
from sod_analyzer.remediate.edits import Edit, apply_edits, find_edit
from tests.engine.kit import COMMIT, DEPLOY, plain, world
from tests.strategies import worlds
from tests.world import TODAY, World, duty, rule, ruleset, snapshot_of

RULES = ruleset([COMMIT, DEPLOY], [rule("R", "commit", "deploy")])
PAIR = ("i0 > a0 > r0 > x-prod c ra", "a0 > r1 > x-prod d ra")


def judged(snapshot: Snapshot) -> Analysis:
    """The small ruleset over a snapshot."""
    return analyse(snapshot, RULES, as_of=TODAY)


def edited(
    the_world: World, *, remove: Sequence[str] = (), add: Sequence[str] = ()
) -> tuple[Snapshot, list[Edit]]:
    """The world's snapshot after some edits."""
    snapshot = snapshot_of(the_world)
    names = Names(snapshot)
    edits = [find_edit(snapshot, names, text, add=False) for text in remove]
    edits += [find_edit(snapshot, names, text, add=True) for text in add]
    return apply_edits(snapshot, edits), edits


def changes(before: Snapshot, after: Snapshot) -> list[tuple[str, str, str]]:
    """(what, name, place) of every finding of either side."""
    sides = [
        {name: tables_of(judged(each))[name].to_pylist() for name in ("violations", "places")}
        for each in (before, after)
    ]
    return [(c.what, c.name, c.place) for c in compare(*sides)]


def test_a_removed_membership_ends_the_violation_it_made() -> None:
    before = world(*PAIR, "i1 > a1 > r0", "a1 > r1")

    after, _ = edited(before, remove=["a0 > r1"])

    assert changes(snapshot_of(before), after) == [
        ("gone", "i0", "app-a"),
        ("unchanged", "i1", "app-a"),
    ]


def test_an_added_membership_makes_the_violation_it_would_make() -> None:
    before = world("i0 > a0 > r0 > x-prod c ra", "i1 > a1 > r1 > x-prod d ra")

    after, _ = edited(before, add=["a1 > r0"])

    assert changes(snapshot_of(before), after) == [("new", "i1", "app-a")]


def test_a_right_that_nobody_had_can_be_given() -> None:
    before = world("i0 > a0 > x-prod c ra", "i1 > a1 > x-prod d rb")

    after, _ = edited(before, add=["a0 > x-prod d ra"])

    assert changes(snapshot_of(before), after) == [("new", "i0", "app-a")]


def test_whoever_keeps_some_places_of_all_has_no_new_violation() -> None:
    owner = world(
        "i0 > a0 > x-prod c *", "i0 > a1 > x-prod d *", "a1 > x-prod d ra",
        systems={"x-prod": ("x", "prod")},
        placements=[("app-a", "x-prod", "ra", None), ("app-b", "x-prod", "rb", None)],
    )  # fmt: skip
    commit = [duty("commit", [Selector("x", ("c",))]), DEPLOY]
    rules = ruleset(commit, [rule("R", "commit", "deploy")])
    snapshot = snapshot_of(owner)
    edit = find_edit(snapshot, Names(snapshot), "a1 > e:x-prod d *", add=False)

    sides = [
        tables_of(analyse(each, rules, as_of=TODAY))
        for each in (snapshot, apply_edits(snapshot, [edit]))
    ]
    rows = [{n: t[n].to_pylist() for n in ("violations", "places")} for t in sides]

    found = {(c.place, c.what) for c in compare(*rows) if c.rule_id == "R"}
    assert found == {("all", "gone"), ("app-a", "unchanged")}


def test_everyone_below_an_edited_grant_is_named_with_what_they_lose() -> None:
    before = world(*PAIR, "i1 > a1 > r0", "i2 > a2 > x-prod c rb")
    after, edits = edited(before, remove=["r0 > e:x-prod c ra"])
    old, new = (judged(s).judge.engine for s in (snapshot_of(before), after))

    found = affected_by(old, new, edits, {"i0": "Ann", "i1": "Bob", "i2": "Cy"})

    assert [(a.name, a.lost, a.gained) for a in found] == [
        ("Ann", ("e:x-prod c ra",), ()),
        ("Bob", ("e:x-prod c ra",), ()),
    ]


def test_a_right_that_is_had_twice_is_not_lost() -> None:
    before = world(*PAIR, "a0 > x-prod d ra")
    after, edits = edited(before, remove=["a0 > r1"])
    old, new = (judged(s).judge.engine for s in (snapshot_of(before), after))

    assert affected_by(old, new, edits, {"i0": "Ann"}) == ()


@pytest.mark.parametrize(
    ("text", "add", "said"),
    [
        ("a0 r1", False, "must be 'HOLDER > TARGET'"),
        ("a7 > r1", False, "nothing is called 'a7'"),
        ("a0 > r2", False, "nothing gives a0 r2"),
        ("a0 > r1", True, "a0 has r1 already"),
        ("i0 > r1", True, "i0, an identity, cannot be given r1"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(text: str, add: bool, said: str) -> None:  # noqa: FBT001
    snapshot = snapshot_of(world(*PAIR, "i1 > a1 > r2"))

    with pytest.raises(QueryError, match=said):
        find_edit(snapshot, Names(snapshot), text, add=add)


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_an_edited_snapshot_is_judged_like_a_world_without_that_edge(
    the_world: World, choice: st.DataObject
) -> None:
    """What-if and analyze never disagree."""
    edges = list(dict.fromkeys((e.holder, e.target) for e in the_world.edges))
    if not edges:
        return
    gone = choice.draw(st.sampled_from(edges))
    without = World(
        systems=the_world.systems,
        placements=the_world.placements,
        entitlements=the_world.entitlements,
        edges=[e for e in the_world.edges if (e.holder, e.target) != gone],
        nodes=sorted(the_world.all_nodes()),
        disabled=the_world.disabled,
        workloads=the_world.workloads,
    )

    after, _ = edited(the_world, remove=[" > ".join(gone)])

    assert plain(judged(after)) == plain(judged(snapshot_of(without)))
