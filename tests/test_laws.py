"""The laws that always hold, on random worlds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.evaluate.lens import Lens, lens_of
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.forward import Forward
from sod_analyzer.explain.paths import Guide, Witness, replay
from sod_analyzer.graph.edges import KINDS
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Counts, Rule, ScopeKind
from tests.oracle import Oracle
from tests.strategies import DUTIES, edges, worlds
from tests.test_oracle import engine_of, legs, lenses, plain, verdicts
from tests.world import TODAY, Edge, World, rule

ALL = list(DUTIES.values())


def _rule(wanted: tuple[tuple[str, ...], int], counts: Counts) -> Rule:
    duties, count = wanted
    return rule("R", *duties, count=count, counts=counts, scope=ScopeKind.APPLICATION)


def _witnesses(engine: Engine, result: RuleResult) -> dict[tuple[str, int, str], Witness]:
    """Every leg's witness, by identity, place and duty."""
    guide = Guide(engine)
    first = engine.snapshot.ranges[NodeKind.IDENTITY].start
    found = {}
    for row in range(len(result.subject)):
        place = int(result.place[row])
        everywhere = place == engine.n_places
        for leg, duty in enumerate(result.rule.duties):
            if result.legs[row, leg] == 0:
                continue
            lens = _lens(result, possible=result.legs[row, leg] == 1)
            subject = first + int(result.subject[row])
            witness = guide.witness(lens, subject, duty, None if everywhere else place)
            assert witness is not None
            found[engine.snapshot.node_ids[subject], place, duty] = witness
    return found


def _lens(result: RuleResult, *, possible: bool) -> Lens:
    return replace(result.lenses[-1], possible=possible)


@given(worlds(), legs, lenses)
@settings(max_examples=150, deadline=None)
def test_every_witness_replays_and_is_as_short_as_reach_says(
    world: World, wanted: tuple[tuple[str, ...], int], lens: tuple[Counts, dict[str, Any]]
) -> None:
    engine = engine_of(world, ALL)
    result = Judge(engine).judge(_rule(wanted, lens[0]))

    for (identity, _, _), witness in _witnesses(engine, result).items():
        subject = engine.snapshot.codes[NodeKind.IDENTITY, identity]
        assert replay(engine, subject, witness)


@given(worlds(), edges(flags=False), legs, lenses)
@settings(max_examples=150, deadline=None)
def test_one_more_grant_never_hides_a_violation(
    world: World,
    extra: Edge,
    wanted: tuple[tuple[str, ...], int],
    lens: tuple[Counts, dict[str, Any]],
) -> None:
    if extra.target[0] == "e" and extra.target not in world.entitlements:
        return  # a new right may be a new resource; here only grants change
    before = engine_of(world, ALL)
    after = engine_of(replace(world, edges=[*world.edges, extra]), ALL)
    the_rule = _rule(wanted, lens[0])

    had = {
        k for k, v in verdicts(before, Judge(before).judge(the_rule)).items() if v == "violation"
    }
    has = {k for k, v in verdicts(after, Judge(after).judge(the_rule)).items() if v == "violation"}
    assert had <= has


@given(worlds(), legs, lenses, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_order_and_repeats_change_nothing(
    world: World,
    wanted: tuple[tuple[str, ...], int],
    lens: tuple[Counts, dict[str, Any]],
    chance: Any,
) -> None:
    shuffled = [*world.edges, *chance.sample(list(world.edges), len(world.edges) // 2)]
    chance.shuffle(shuffled)
    one, other = engine_of(world, ALL), engine_of(replace(world, edges=shuffled), ALL)
    the_rule = _rule(wanted, lens[0])
    first, second = Judge(one).judge(the_rule), Judge(other).judge(the_rule)

    assert verdicts(one, first) == verdicts(other, second)
    assert _written(one, _witnesses(one, first)) == _written(other, _witnesses(other, second))


def _written(
    engine: Engine, witnesses: dict[tuple[str, int, str], Witness]
) -> dict[tuple[str, int, str], list[list[tuple[str, str, str]]]]:
    ids, edges_ = engine.snapshot.node_ids, engine.edges
    return {
        key: [
            [
                (ids[edges_.holder[h.edge]], KINDS[edges_.kind[h.edge]], ids[edges_.target[h.edge]])
                for h in run
            ]
            for run in witness.runs
        ]
        for key, witness in witnesses.items()
    }


@given(worlds(), legs, lenses)
@settings(max_examples=100, deadline=None)
def test_renaming_changes_names_and_nothing_else(
    world: World, wanted: tuple[tuple[str, ...], int], lens: tuple[Counts, dict[str, Any]]
) -> None:
    def renamed(node: str) -> str:
        """Reverses the order among accounts and among roles; keeps the kind's letter."""
        return f"{node[0]}z{9 - int(node[1:])}" if node[0] in "ar" else node

    other_world = replace(
        world,
        edges=[replace(e, holder=renamed(e.holder), target=renamed(e.target)) for e in world.edges],
        nodes=[renamed(n) for n in world.nodes],
        disabled=frozenset(renamed(n) for n in world.disabled),
    )
    one, other = engine_of(world, ALL), engine_of(other_world, ALL)
    the_rule = _rule(wanted, lens[0])
    first, second = Judge(one).judge(the_rule), Judge(other).judge(the_rule)

    assert verdicts(one, first) == verdicts(other, second)
    lengths = {k: w.hops for k, w in _witnesses(one, first).items() if len(w.runs) == 1}
    other_lengths = {k: w.hops for k, w in _witnesses(other, second).items() if len(w.runs) == 1}
    shared = lengths.keys() & other_lengths.keys()
    assert {k: lengths[k] for k in shared} == {k: other_lengths[k] for k in shared}


def test_people_holding_bots_holding_bots_have_what_the_last_one_has() -> None:
    """Finished duties cross any number of becoming edges; parts cross none."""
    chain = [
        Edge("i0", "a0", becoming=True),
        Edge("a0", "a1", becoming=True),
        Edge("a1", "r0"),
        Edge("r0", "a2", becoming=True),
        Edge("a2", "e:x-prod:c@ra"),
        Edge("a0", "e:y:d@ra"),
        # half of `both` (c and v in one context) in each of two bots: never finished
        Edge("a1", "e:x-prod:v@ra"),
    ]
    world = World(
        systems={"x-prod": ("x", "prod"), "y": ("y", "prod")},
        placements=(("app-a", "x-prod", "ra", None), ("app-a", "y", "ra", "prod")),
        entitlements={
            "e:x-prod:c@ra": ("x-prod", "c", "ra", False),
            "e:x-prod:v@ra": ("x-prod", "v", "ra", False),
            "e:y:d@ra": ("y", "d", "ra", False),
        },
        edges=chain,
    )
    engine = engine_of(world, ALL)

    got = verdicts(engine, Judge(engine).judge(rule("R", "commit", "deploy")))

    assert got == {("i0", "app-a"): "violation"}
    oracle = Oracle(world, TODAY)
    assert oracle.holds("i0", plain(DUTIES["commit"]), "app-a")
    assert not Judge(engine).holding(Lens()).at("both", _pair(engine, "i0", "x-prod")).any()


def _pair(engine: Engine, identity: str, system: str) -> Any:
    first = engine.snapshot.ranges[NodeKind.IDENTITY].start
    code = engine.snapshot.codes[NodeKind.IDENTITY, identity] - first
    place = engine.columns.atlas.number[Place(PlaceKind.SYSTEM, system, system)]
    return np.array([code * engine.n_places + place])


@given(worlds(), lenses, st.sampled_from(sorted(DUTIES)))
@settings(max_examples=150, deadline=None)
def test_asking_who_can_is_asking_everyone_whether_they_can(
    world: World, lens: tuple[Counts, dict[str, Any]], duty: str
) -> None:
    """One route flows from rights to people, the other walks from each person to rights."""
    engine = engine_of(world, ALL)
    forward = Forward(engine)
    subjects = engine.snapshot.ranges[NodeKind.IDENTITY]
    seen = lens_of(lens[0])
    places = [
        n
        for n, p in enumerate(engine.columns.atlas.places)
        if p.kind in (PlaceKind.ANYWHERE, PlaceKind.APPLICATION, PlaceKind.SYSTEM)
    ]

    for possible in (False, True):
        through = replace(seen, possible=possible)
        holding = Holding(engine, through, subjects)
        for place in places:
            pairs = np.arange(len(subjects)) * engine.n_places + place
            expected = [forward.can(through, code, duty, place) for code in subjects]
            assert holding.at(duty, pairs).tolist() == expected
