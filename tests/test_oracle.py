"""The engine against the oracle, on random worlds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas, PlaceKind
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Certainty, Counts, Duty, Means, Rule, ScopeKind
from tests.oracle import Oracle, Ways, verdict
from tests.strategies import DUTIES, worlds
from tests.world import TODAY, World, rule, snapshot_of


def engine_of(world: World, duties: list[Duty], **atlas: Any) -> Engine:
    snapshot = snapshot_of(world)
    columns = Columns(snapshot, duties, Atlas(snapshot, **atlas))
    return Engine(snapshot, columns, compile_edges(snapshot, as_of=TODAY))


def plain(duty: Duty) -> Ways:
    """A duty as the oracle reads it."""
    return [
        [(p.product, p.actions, p.environment, p.any_scope) for p in way.parts] for way in duty.ways
    ]


def verdicts(engine: Engine, result: RuleResult) -> dict[tuple[str, str], str]:
    """(identity, place key) to verdict; "all" is spelled out over the applications."""
    ids = engine.snapshot.node_ids
    first = engine.snapshot.ranges[NodeKind.IDENTITY].start
    places = engine.columns.atlas.places
    answer = {}
    for subject, place, violation in zip(
        result.subject, result.place, result.violation, strict=True
    ):
        keys = (
            [p.key for p in places if p.kind is PlaceKind.APPLICATION]
            if place == len(places)
            else [places[place].key]
        )
        for key in keys:
            answer[ids[first + subject], key] = "violation" if violation else "not-evaluable"
    return answer


lenses = st.sampled_from(
    [
        (Counts(), {"eligible": True, "conditional": True}),
        (
            Counts(means=(Means.HELD,), certainty=(Certainty.SURE,)),
            {"eligible": False, "conditional": False},
        ),
        (
            Counts(means=(Means.HELD,), certainty=tuple(Certainty)),
            {"eligible": False, "conditional": True},
        ),
        (
            Counts(means=tuple(Means), certainty=tuple(Certainty), max_changes=2),
            {"eligible": True, "conditional": True, "changes": 2},
        ),
    ]
)
legs = st.sampled_from(
    [
        (("commit", "deploy"), 2),
        (("commit", "launch"), 2),
        (("both", "deploy"), 2),
        (("commit", "deploy", "launch"), 2),
        (("commit", "both", "launch"), 3),
    ]
)


def _rule(duties: tuple[str, ...], count: int, counts: Counts, scope: ScopeKind) -> Rule:
    return rule("R", *duties, count=count, counts=counts, scope=scope)


@given(worlds(), legs, lenses)
@settings(max_examples=300, deadline=None)
def test_every_named_place_gets_the_verdict_that_the_definition_gives(
    world: World, wanted: tuple[tuple[str, ...], int], lens: tuple[Counts, dict[str, Any]]
) -> None:
    duties, count = wanted
    counts, oracle_lens = lens
    engine = engine_of(world, list(DUTIES.values()))
    result = Judge(engine).judge(_rule(duties, count, counts, ScopeKind.APPLICATION))
    got = verdicts(engine, result)

    for identity in ("i0", "i1", "i2"):
        for place in ("app-a", "app-b"):
            expected = verdict(
                world,
                TODAY,
                identity,
                duties=[plain(DUTIES[d]) for d in duties],
                count=count,
                place=place,
                **oracle_lens,
            )
            assert got.get((identity, place), "clear") == expected, (identity, place)


@given(worlds(), legs, lenses)
@settings(max_examples=150, deadline=None)
def test_one_row_for_everything_exactly_where_every_duty_covers_every_system(
    world: World, wanted: tuple[tuple[str, ...], int], lens: tuple[Counts, dict[str, Any]]
) -> None:
    duties, count = wanted
    counts, oracle_lens = lens
    engine = engine_of(world, list(DUTIES.values()))
    result = Judge(engine).judge(_rule(duties, count, counts, ScopeKind.APPLICATION))
    oracle = Oracle(world, TODAY, **oracle_lens)
    ids = engine.snapshot.node_ids
    first = engine.snapshot.ranges[NodeKind.IDENTITY].start

    expected = {
        i
        for i in ("i0", "i1", "i2")
        if sum(oracle.covers_all(i, plain(DUTIES[d])) for d in duties) >= count
    }

    got = {ids[first + s] for s in result.subject[result.place == engine.n_places]}
    assert got == expected


@given(worlds(), legs, lenses, st.sampled_from([ScopeKind.ANYWHERE, ScopeKind.SYSTEM]))
@settings(max_examples=150, deadline=None)
def test_wider_scopes_get_the_verdict_that_the_definition_gives(
    world: World,
    wanted: tuple[tuple[str, ...], int],
    lens: tuple[Counts, dict[str, Any]],
    scope: ScopeKind,
) -> None:
    duties, count = wanted
    counts, oracle_lens = lens
    engine = engine_of(world, list(DUTIES.values()))
    result = Judge(engine).judge(_rule(duties, count, counts, scope))
    got = verdicts(engine, result)
    places = ["anywhere"] if scope is ScopeKind.ANYWHERE else list(world.systems)

    for identity in ("i0", "i1", "i2"):
        for place in places:
            expected = verdict(
                world,
                TODAY,
                identity,
                duties=[plain(DUTIES[d]) for d in duties],
                count=count,
                place=place if scope is ScopeKind.ANYWHERE else f"system:{place}",
                **oracle_lens,
            )
            assert got.get((identity, place), "clear") == expected, (identity, place)


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_distances_are_the_least_number_of_hops(world: World) -> None:
    """Every fact but the seeds has a neighbour one hop nearer, and none nearer than that."""
    from sod_analyzer.evaluate.lens import PLAIN

    engine = engine_of(world, list(DUTIES.values()))
    parts = engine.at(PLAIN).parts
    allowed = engine.edges.allowed(PLAIN.flags) & ~engine.edges.becomes()
    holder, target = engine.edges.holder[allowed], engine.edges.target[allowed]

    for key, distance in zip(parts.key, parts.distance, strict=True):
        node, column = divmod(int(key), parts.stride)
        near = parts.distance_at(target[holder == node] * parts.stride + column)
        expected = 0 if node >= engine.snapshot.ranges[NodeKind.ENTITLEMENT].start else None
        if expected is None:
            expected = int(np.min(near)) + 1
        assert int(distance) == expected


def _lost(world: World) -> set[str]:
    """Rights of some duty on a resource that no application claims."""
    oracle = Oracle(world, TODAY, possible=True)
    parts = [part for d in DUTIES.values() for way in plain(d) for part in way]
    return {
        e
        for e, (system, _, resource, _) in world.entitlements.items()
        if resource != "*"
        and not oracle.environments(system, resource, None)
        and any(
            oracle.matches(part, e) and oracle.environment_fits(part[2], world.systems[system][1])
            for part in parts
        )
    }


def _unmapped_leg(world: World, identity: str, duty: str, **lens: Any) -> bool:
    """Whether a duty of one-part ways is held, or may be, on something nobody placed."""
    oracle = Oracle(world, TODAY, possible=True, **lens)
    lost = _lost(world)
    systems = {world.entitlements[e][0] for e in lost}

    def one(bundle: set[str]) -> bool:
        return any(
            oracle.matches(part, e)
            and oracle.environment_fits(part[2], world.systems[world.entitlements[e][0]][1])
            and (
                e in lost
                or (world.entitlements[e][2] == "*" and world.entitlements[e][0] in systems)
            )
            for (part,) in plain(DUTIES[duty])
            for e in bundle
        )

    return oracle._any_context(identity, one)


@given(worlds(), lenses)
@settings(max_examples=200, deadline=None)
def test_what_nobody_placed_is_never_a_violation_and_not_evaluable_with_enough_legs(
    world: World, lens: tuple[Counts, dict[str, Any]]
) -> None:
    counts, oracle_lens = lens
    duties = ("commit", "deploy")
    engine = engine_of(world, list(DUTIES.values()))
    result = Judge(engine).judge(_rule(duties, 2, counts, ScopeKind.APPLICATION))
    got = verdicts(engine, result)
    oracle = Oracle(world, TODAY, possible=True, **oracle_lens)
    sure = Oracle(world, TODAY, **oracle_lens)

    for identity in ("i0", "i1", "i2"):
        if all(sure.covers_all(identity, plain(DUTIES[d])) for d in duties):
            continue  # one row says it for every place
        lost = [_unmapped_leg(world, identity, d, **oracle_lens) for d in duties]
        held = [
            lost[n] or oracle.holds(identity, plain(DUTIES[d]), "anywhere")
            for n, d in enumerate(duties)
        ]
        expected = "not-evaluable" if any(lost) and all(held) else "clear"
        assert got.get((identity, "unmapped"), "clear") == expected, identity
