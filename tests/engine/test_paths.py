"""Which path is printed, which others there are, and the same answer from the other end."""

from __future__ import annotations

from collections.abc import Iterable

from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.evaluate.lens import PLAIN, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.all_paths import Walker
from sod_analyzer.explain.forward import Forward
from sod_analyzer.explain.paths import Guide, Hop
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Means
from tests.engine.kit import engine_of, places_in, right, world
from tests.world import Edge


def witness(
    engine: Engine, name: str, *, lens: Lens = PLAIN, app: str | None = None
) -> list[list[str]]:
    """The runs of i0's witness, each as the nodes it comes to."""
    place = engine.columns.atlas.number[Place(PlaceKind.APPLICATION, app)] if app is not None else 0
    found = Guide(engine).witness(lens, engine.snapshot.codes[NodeKind.IDENTITY, "i0"], name, place)
    assert found is not None
    return [nodes(engine, run) for run in found.runs]


def nodes(engine: Engine, hops: Iterable[Hop]) -> list[str]:
    return [engine.snapshot.node_ids[engine.edges.target[hop.edge]] for hop in hops]


def test_of_equally_short_paths_the_one_through_the_smallest_codes_is_printed() -> None:
    tie = engine_of(
        world("i0 > a2 > r2 > x-prod c ra", "i0 > a1 > r3 > x-prod c ra", "a1 > r1 > x-prod c ra")
    )

    got = witness(tie, "commit")

    assert got == [["a1", "r1", right("x-prod c ra")]]


def test_the_shortest_path_is_printed_whatever_the_codes() -> None:
    longer = engine_of(world("i0 > a1 > r1 > x-prod c ra", "i0 > a2 > x-prod c ra"))

    got = witness(longer, "commit")

    assert got == [["a2", right("x-prod c ra")]]


def test_of_several_ways_the_nearest_is_printed() -> None:
    ways = engine_of(
        world(
            "i0 > a1 > r1 > x-prod c ra",
            "i0 > a2 > y c ra",
            placements=[("app-a", "x-prod", "ra", None), ("app-a", "y", "ra", None)],
        )
    )

    assert witness(ways, "commit") == [["a2", right("y c ra")]]
    assert witness(ways, "commit", app="app-a") == [["a2", right("y c ra")]]


def test_a_nearer_right_over_the_whole_system_is_printed_for_an_application() -> None:
    cover = engine_of(world("i0 > a1 > r1 > x-prod c ra", "a1 > x-prod c *"))

    got = witness(cover, "commit", app="app-a")

    assert got == [["a1", right("x-prod c *")]]


def test_each_part_of_a_way_has_a_run_through_the_account_where_they_meet() -> None:
    parts = engine_of(
        world("i0 > a0 > x-prod c ra", "i0 > a1 > a2 > x-prod c ra", "a2 > r0 > x-prod v ra")
    )

    got = witness(parts, "both")

    assert got == [
        ["a1", "a2", right("x-prod c ra")],
        ["a1", "a2", "r0", right("x-prod v ra")],
    ]


def test_every_simple_path_is_found_and_each_once() -> None:
    many = engine_of(
        world(
            "i0 > a1 > r1 > x-prod c ra",
            "a1 > r2 > r1",
            "r1 > r2 > x-prod c ra",
            "i0 > a2 > x-prod c ra",
            "i0 > a3 > r3",
        )
    )
    subject = many.snapshot.codes[NodeKind.IDENTITY, "i0"]

    found = [nodes(many, r.hops) for r in Walker(many).routes(PLAIN, subject, "commit", 0)]

    target = right("x-prod c ra")
    assert sorted(found) == [
        ["a1", "r1", target],
        ["a1", "r1", "r2", target],
        ["a1", "r2", target],
        ["a1", "r2", "r1", target],
        ["a2", target],
    ]


def forward(engine: Engine, name: str, lens: Lens) -> set[str]:
    """Where i0 has a duty, asked from i0's end; as `places_in` names places."""
    walk = Forward(engine)
    subject = engine.snapshot.codes[NodeKind.IDENTITY, "i0"]
    return {
        f"system:{place.key}" if place.kind is PlaceKind.SYSTEM else place.key
        for number, place in enumerate(engine.columns.atlas.places)
        if place.kind is not PlaceKind.COVER and walk.can(lens, subject, name, number)
    }


def test_asking_one_person_counts_a_right_over_the_whole_system_too() -> None:
    cover = engine_of(world("i0 > a0 > x-prod c *"))

    got = forward(cover, "commit", PLAIN)

    assert got == places_in(cover, "commit") == {"anywhere", "app-a", "app-b", "system:x-prod"}


def test_asking_one_person_counts_own_changes_over_the_whole_way() -> None:
    """One change to come into the account, one more inside of it."""
    chain = engine_of(
        world(
            Edge("i0", "a0", becoming=True),
            Edge("a0", "a1", becoming=True, self_granted=True),
            Edge("a1", right("x-prod c ra"), self_granted=True),
        )
    )
    lenses = [Lens(means=Means.SELF_GRANT, changes=n) for n in (1, 2)]

    got = [bool(forward(chain, "commit", lens)) for lens in lenses]

    assert got == [False, True]
    assert [bool(places_in(chain, "commit", lens=lens)) for lens in lenses] == got
