"""Masks of everyone against facts with distances: two ways to the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.evaluate import tracing
from sod_analyzer.evaluate.lens import COUNTED, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph import closure, masks
from sod_analyzer.graph.closure import Facts
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.graph.masks import (
    Cells,
    Source,
    Words,
    combined,
    has,
    has_all,
    mask_of,
    table_of,
)
from sod_analyzer.model.ruleset import Means
from tests.engine import kit
from tests.strategies import DUTIES, worlds
from tests.world import TODAY, Edge, World, snapshot_of

lenses = st.builds(
    Lens,
    means=st.sampled_from(list(Means)),
    changes=st.integers(0, 2),
    conditional=st.booleans(),
    possible=st.booleans(),
    dormant=st.booleans(),
    out_of_time=st.booleans(),
    only_unrestricted=st.booleans(),
    alone=st.booleans(),
    roles=st.booleans(),
).map(
    lambda lens: (
        lens
        if lens.means is Means.SELF_GRANT
        else Lens(
            lens.means,
            0,
            lens.conditional,
            lens.possible,
            lens.dormant,
            lens.out_of_time,
            lens.only_unrestricted,
            lens.alone,
            lens.roles,
        )
    )
)


SIMPLE = [duty for duty in DUTIES.values() if all(len(way.parts) == 1 for way in duty.ways)]


def engine_of(world: World, *, simple: bool = False) -> Engine:
    snapshot = snapshot_of(world)
    columns = Columns(snapshot, SIMPLE if simple else DUTIES.values(), Atlas(snapshot))
    return Engine(snapshot, columns, compile_edges(snapshot, as_of=TODAY))


def by_masks(engine: Engine, lens: Lens, nodes: range) -> list[int]:
    cells = engine.table(lens, nodes).cells()
    return [int(key) for key in cells.facts(engine.n_ways).key]


def by_facts(engine: Engine, lens: Lens, nodes: range) -> list[int]:
    facts = engine.at(lens).ways.within(nodes)
    return [int(key) for key in facts.key - nodes.start * facts.stride]


@pytest.mark.parametrize("dense", [0, 2, 100])
@given(world=worlds(), lens=lenses, simple=st.booleans())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_masks_say_what_facts_say(dense: int, world: World, lens: Lens, *, simple: bool) -> None:
    """For people, accounts and roles, through role lenses for roles alone, however kept."""
    engine = engine_of(world, simple=simple)
    kinds = [engine.roles] if lens.roles else [engine.identities, engine.accounts, engine.roles]
    with mock.patch.multiple(masks, _DENSE=dense, _PIECE=3, _EDGES=2, _CELLS=4, _CHANGED=2):
        for nodes in kinds:
            assert by_masks(engine, lens, nodes) == by_facts(engine, lens, nodes)


@given(worlds(), lenses, st.booleans(), st.sets(st.integers(0, 2)))
@settings(max_examples=120, deadline=None)
def test_a_table_of_some_says_of_them_what_one_of_all_says(
    world: World,
    lens: Lens,
    simple: bool,  # noqa: FBT001 - drawn
    chosen: set[int],
) -> None:
    engine = engine_of(world, simple=simple)
    nodes = engine.roles if lens.roles else engine.identities
    only = np.array(sorted(n for n in chosen if n < len(nodes)), dtype=np.int64)

    some = engine.table(lens, nodes, only).cells().facts(engine.n_ways)

    width = engine.n_places * engine.n_ways
    expected = [key for key in by_facts(engine, lens, nodes) if key // width in chosen]
    assert [int(key) for key in some.key if key // width in chosen] == expected


@given(worlds(), st.lists(lenses, min_size=2, max_size=3))
@settings(max_examples=60, deadline=None)
def test_threads_that_ask_beside_each_other_hear_what_one_would(
    world: World, several: list[Lens]
) -> None:
    engine = engine_of(world)
    asked = [(lens, engine.roles if lens.roles else engine.identities) for lens in several * 2]

    with ThreadPoolExecutor(len(asked)) as threads:
        found = list(threads.map(lambda each: by_masks(engine, *each), asked))

    assert found == [by_facts(engine, *each) for each in asked]


class Meanwhile(dict[tuple[int, str], Any]):
    """A mapping; the first look into it asks something else first."""

    def __init__(self, other: Mapping[tuple[int, str], Any], ask: Callable[[], object]) -> None:
        super().__init__(other)
        self.ask: Callable[[], object] | None = ask

    def get(self, key: tuple[int, str], default: Any = None) -> Any:
        ask, self.ask = self.ask, None
        if ask is not None:
            ask()
        return super().get(key, default)


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: engine._bulk.covers(COUNTED),
        lambda engine: engine._sources(engine.columns.ways[0].parts[0], COUNTED),
    ],
)
def test_whoever_asks_while_an_answer_is_found_hears_all_of_it(
    ask: Callable[[Engine], Sequence[object]],
) -> None:
    covering = kit.world("i0 > a0 > x-prod c *", "a0 > y c *", "a0 > x-prod c ra")
    expected, engine = len(ask(kit.engine_of(covering))), kit.engine_of(covering)
    heard: list[int] = []

    covered = Meanwhile(engine.columns.covered, lambda: heard.append(len(ask(engine))))
    with mock.patch.object(engine.columns, "covered", covered):
        found = len(ask(engine))

    assert [found] == heard == [expected]
    assert expected


pairs = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 129)), max_size=60)


def cells_of(rows: list[tuple[int, int, int]]) -> Cells:
    keys = np.array([(node * 6 + place) * 130 + column for node, place, column in rows], np.int64)
    facts = Facts.of(6 * 130, keys, np.zeros(len(keys), np.int64))
    return Cells.of(facts, n_places=6, n_columns=130)


@given(pairs)
def test_cells_are_their_facts(rows: list[tuple[int, int, int]]) -> None:
    facts = cells_of(rows).facts(130)

    assert facts.key.tolist() == sorted({(n * 6 + p) * 130 + c for n, p, c in rows})


@given(pairs, st.integers(0, 4), st.lists(st.tuples(st.integers(20, 24), st.integers(0, 12))))
def test_holders_have_what_their_targets_have(
    rows: list[tuple[int, int, int]], dense: int, edges: list[tuple[int, int]]
) -> None:
    edges = sorted(edges)
    holder = np.array([h for h, _ in edges], dtype=np.int32)
    target = np.array([t for _, t in edges], dtype=np.int32)
    with mock.patch.multiple(masks, _DENSE=dense, _PIECE=5, _EDGES=3, _CELLS=4, _CHANGED=3):
        table = Source.of(cells_of(rows), 25).to_holders(holder, target, range(20, 25))

    expected = sorted(
        {((h - 20) * 6 + p) * 130 + c for h, t in edges for n, p, c in rows if n == t}
    )
    assert table.cells().facts(130).key.tolist() == expected


KEPT = {0, 1, 3}


def some_of_the_first(mask: Words) -> Words:
    """Columns 0, 1 and 3 of those in the first word."""
    return np.asarray(mask[:1] & np.uint64(0b1011))


@given(pairs, st.integers(0, 4), st.lists(st.tuples(st.integers(20, 24), st.integers(0, 12))))
def test_masks_may_be_changed_on_their_way_to_holders(
    rows: list[tuple[int, int, int]], dense: int, edges: list[tuple[int, int]]
) -> None:
    rows = [(n, p, c % 5 + 62 * (c > 100)) for n, p, c in rows]
    edges = sorted(edges)
    holder = np.array([h for h, _ in edges], dtype=np.int32)
    target = np.array([t for _, t in edges], dtype=np.int32)
    with mock.patch.multiple(masks, _DENSE=dense, _PIECE=5, _EDGES=3, _CELLS=4, _CHANGED=3):
        source = Source.of(cells_of(rows), 25)
        table = source.to_holders(holder, target, range(20, 25), some_of_the_first)
        afterwards = source.to_holders(holder, target, range(20, 25)).mapped(some_of_the_first)

    expected = sorted(
        {((h - 20) * 6 + p) * 4 + c for h, t in edges for n, p, c in rows if n == t and c in KEPT}
    )
    assert table.cells().facts(4).key.tolist() == expected
    assert afterwards.cells().facts(4).key.tolist() == expected
    assert (table.mask != 0).any(axis=0).all()


@given(pairs, pairs, st.integers(0, 3))
def test_tables_join_whatever_they_keep_dense(
    rows: list[tuple[int, int, int]], others: list[tuple[int, int, int]], dense: int
) -> None:
    nodes = range(13)
    edges = np.arange(13, dtype=np.int32)
    with mock.patch.object(masks, "_DENSE", dense):
        one = Source.of(cells_of(rows), 13).to_holders(edges, edges, nodes)
    other = table_of(cells_of(others).facts(130), nodes, n_places=6, n_columns=130)

    both = [one.joined(other), other.joined(one), one.with_cells(other.cells())]

    expected = cells_of([*rows, *others]).facts(130).key.tolist()
    assert all(table.cells().facts(130).key.tolist() == expected for table in both)


@given(
    pairs,
    st.integers(0, 3),
    st.lists(st.integers(0, 129), min_size=1, max_size=5),
    st.sets(st.integers(0, 12)),
    st.sampled_from([1, 5, 1000]),
)
def test_a_table_answers_of_pairs_and_places(
    rows: list[tuple[int, int, int]], dense: int, wanted: list[int], some: set[int], block: int
) -> None:
    edges = np.arange(13, dtype=np.int32)
    with mock.patch.object(masks, "_DENSE", dense):
        table = Source.of(cells_of(rows), 13).to_holders(edges, edges, range(13))
    bits = mask_of(wanted, 130)
    held = {(n, p) for n, p, c in rows if c in wanted}

    everywhere = np.arange(13 * 6)
    found = table.at(everywhere)

    with mock.patch.object(masks, "_CELLS", block):
        assert set(np.flatnonzero(has(found, bits)).tolist()) == {n * 6 + p for n, p in held}
        assert table.with_any(bits).tolist() == sorted(n * 6 + p for n, p in held)
        for place in range(6):
            there = sorted(n for n, p in held if p == place)
            assert table.nodes_with(bits, place).tolist() == there
        only = np.array([place == 3 for place in range(6)])
        assert table.with_any(bits, only).tolist() == sorted(n * 6 + 3 for n, p in held if p == 3)
        others = sorted(n * 6 + p for n, p in held if p != 3)
        assert table.with_any(bits, ~only).tolist() == others
        assert table.within(range(13)) is table
        part = table.within(range(4, 9))
        inside = sorted((n - 4) * 6 + p for n, p in held if 4 <= n < 9)
        assert part.with_any(bits).tolist() == inside
        chosen = np.array(sorted(some), dtype=np.int64)
        expected = sorted(n * 6 + p for n, p in held if n in some and p == 3)
        assert table.any_of(chosen, bits, only).tolist() == expected


def test_masks_ask_for_any_bit_or_for_all() -> None:
    mask = np.stack([mask_of(each, 70) for each in ([1], [1, 69], [69], [])], axis=1)
    wanted = mask_of([1, 69], 70)

    assert has(mask, wanted).tolist() == [True, True, True, False]
    assert has_all(mask, wanted).tolist() == [False, True, False, False]


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**63 - 1)), max_size=20))
def test_keys_combine_however_large_they_are(rows: list[tuple[int, int]]) -> None:
    key = np.array([k for k, _ in rows], dtype=np.int64)
    mask: npt.NDArray[np.uint64] = np.array([[m for _, m in rows]], dtype=np.uint64)

    got_key, got_mask = combined(key, mask)

    expected: dict[int, int] = {}
    for k, m in rows:
        expected[k] = expected.get(k, 0) | m
    assert dict(zip(got_key.tolist(), got_mask[0].tolist(), strict=True)) == expected
    assert got_key.tolist() == sorted(expected)


@pytest.mark.parametrize("most", [0, 1000])
def test_a_chain_of_bots_is_traced_to_its_end(most: int) -> None:
    names = [f"a{n:02}" for n in range(40)]
    chain = [Edge(*pair, becoming=True) for pair in pairwise(["i0", *names])]
    right = "a39 > x-prod c ra"
    snapshot = snapshot_of(kit.world(*chain, right))
    columns = Columns(snapshot, [kit.COMMIT], Atlas(snapshot))
    engine = Engine(snapshot, columns, compile_edges(snapshot, as_of=TODAY))
    keys = engine.at(COUNTED).ways.within(engine.identities).key

    with mock.patch.object(tracing, "_MOST_DISTANCES", most):
        traced = engine.traced(COUNTED, keys)

    assert traced.ways.distance_at(keys).tolist() == [len(chain) + 1] * len(keys)
    assert len(keys)
    assert len(traced.layers[-1].ways.key) >= len(names)


@pytest.mark.parametrize("most", [0, 1000])
@given(world=worlds(), lens=lenses, chosen=st.sets(st.integers(0, 10_000), max_size=12))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_traced_facts_are_those_of_everyone(
    most: int, world: World, lens: Lens, chosen: set[int]
) -> None:
    """Distances of what was asked, and a neighbour one hop nearer on every way to it."""
    engine = engine_of(world)
    full = engine.at(lens)
    stride = engine.n_places * engine.n_ways
    people = len(engine.identities) * stride
    # Some that are had and some that are not.
    had = full.ways.within(engine.identities).key
    keys = np.array(
        sorted(
            {int(had[n % len(had)]) if len(had) and n % 3 else n % max(people, 1) for n in chosen}
        ),
        dtype=np.int64,
    )

    with mock.patch.object(tracing, "_MOST_DISTANCES", most):
        traced = engine.traced(lens, keys)

    assert len(traced.layers) == len(full.layers)
    assert traced.ways.distance_at(keys).tolist() == full.ways.distance_at(keys).tolist()
    for one, other in zip(traced.layers, full.layers, strict=True):
        for name in ("parts", "ways", "finished"):
            got, all_ = getattr(one, name), getattr(other, name)
            assert got.distance.tolist() == all_.distance_at(got.key).tolist(), name


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 7))
def test_the_chosen_are_where_they_are_whatever_the_pieces(flags: list[bool], piece: int) -> None:
    with mock.patch.object(closure, "_PIECE", piece):
        found = closure.places_of(np.array(flags, dtype=bool))

    assert found.tolist() == [place for place, flag in enumerate(flags) if flag]
    assert found.dtype == np.int32
