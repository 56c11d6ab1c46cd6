"""Answers that rest on a part of the edges are those that all of them give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.compose.answers import GROUPS
from sod_analyzer.compose.questions import Asker, Question
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.detect.judge import Judge
from sod_analyzer.evaluate.lens import Lens, narrowings
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Guide
from sod_analyzer.graph.edges import Edges, compile_edges
from sod_analyzer.graph.packed import Packed, taken_edges, with_own_grants
from sod_analyzer.model.access import NodeKind, Snapshot
from sod_analyzer.model.ruleset import Means
from tests.strategies import DUTIES, worlds
from tests.world import TODAY, Edge, World, ruleset, snapshot_of

NODES = ("i0", "i1", "i2", "a0", "a1", "r0", "r1", "r2", "e0", "e1")
RULES = ruleset(list(DUTIES.values()), ())
ends = st.sampled_from(NODES)
#: Anything may hold anything, as if no source had any sense.
mad = st.lists(st.builds(Edge, ends, ends, becoming=st.booleans()), min_size=1, max_size=14).map(
    lambda edges: World(
        systems={"x": ("x", "prod")},
        placements=[],
        entitlements={name: ("x", "c", name, False) for name in ("e0", "e1")},
        edges=list(dict.fromkeys(edges)),
        nodes=NODES,
    )
)
questions = st.builds(
    lambda what, place, means, conditional: Question(
        what,
        **place,
        lens=Lens(
            means=means, changes=2 if means is Means.SELF_GRANT else 0, conditional=conditional
        ),
    ),
    st.sampled_from(sorted(DUTIES)),
    st.sampled_from([{}, {"application": "app-a"}, {"application": "app-b"}]),
    st.sampled_from(Means),
    st.booleans(),
)


def compiled(world: World) -> Edges:
    return compile_edges(snapshot_of(world), as_of=TODAY)


def numbers(some: Edges, among: Edges) -> list[int]:
    """Which of the edges they are, by what they say and by the rows that state them."""
    told = [told_of(among, n) for n in range(len(among))]
    return [told.index(told_of(some, n)) for n in range(len(some))]


def told_of(edges: Edges, n: int) -> tuple[Any, ...]:
    columns = (edges.holder, edges.target, edges.kind, edges.flags, edges.becomes())
    return (*(column[n].item() for column in columns), edges.rows_of(n).tolist())


def towards(edges: Edges, nodes: set[int]) -> list[int]:
    """Edge by edge: whatever leads to one of the nodes, or to what leads there."""
    while True:
        found = [n for n, node in enumerate(edges.target.tolist()) if node in nodes]
        further = {int(edges.holder[n]) for n in found} - nodes
        if not further:
            return found
        nodes = nodes | further


def onward(edges: Edges, nodes: set[int]) -> list[int]:
    """Edge by edge: whatever one comes to from the nodes."""
    while True:
        found = [n for n, node in enumerate(edges.holder.tolist()) if node in nodes]
        further = {int(edges.target[n]) for n in found} - nodes
        if not further:
            return found
        nodes = nodes | further


@given(mad, st.sets(st.integers(0, len(NODES) - 1), min_size=1, max_size=2))
@settings(max_examples=100, deadline=None)
def test_edges_towards_and_onward_are_found_whoever_holds_whom(
    world: World, nodes: set[int]
) -> None:
    edges = compiled(world)
    packed = Packed.of(edges)
    start = min(nodes)

    found = packed.towards(np.array(sorted(nodes)), edges.snapshot)

    assert numbers(found, edges) == towards(edges, nodes)
    assert packed.onward(start).tolist() == onward(edges, {start})


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_packed_edges_are_all_edges(world: World) -> None:
    edges = compiled(world)
    packed = Packed.of(edges)

    again = packed.only(np.arange(len(packed)), edges.snapshot)

    assert numbers(again, edges) == list(range(len(edges)))
    assert again.n_rows == edges.n_rows
    assert again.leaving.tolist() == edges.leaving.tolist()


def shuffled(snapshot: Snapshot) -> Snapshot:
    """The same with its grants the other way round, and each stated once more."""
    grants = snapshot["grants"]
    order: npt.NDArray[np.int64] = np.repeat(np.arange(grants.num_rows)[::-1], 2)
    return replace(snapshot, tables={**snapshot.tables, "grants": grants.take(order)})


@given(worlds(), st.data())
@settings(max_examples=50, deadline=None)
def test_some_edges_keep_the_rows_that_state_them(world: World, data: st.DataObject) -> None:
    edges = compile_edges(shuffled(snapshot_of(world)), as_of=TODAY)
    some = sorted(data.draw(st.sets(st.integers(0, len(edges) - 1))))
    packed = Packed.of(edges)

    by_packed = packed.only(np.array(some, dtype=np.int64), edges.snapshot)
    by_edges = taken_edges(edges, np.array(some, dtype=np.int64))
    own = with_own_grants(by_edges)

    assert packed.first is not None
    assert numbers(by_packed, edges) == numbers(by_edges, edges) == some
    every = edges.snapshot["grants"].to_pylist()
    mine = own.snapshot["grants"].to_pylist()
    for n, number in enumerate(some):
        stated = [every[row] for row in edges.rows_of(number).tolist()]
        assert [mine[row] for row in own.rows_of(n).tolist()] == stated
    assert len(mine) == own.n_rows


# -- who can, one by one ---------------------------------------------------------------------------


def who_can(snapshot: Snapshot, question: Question) -> list[dict[str, Any]]:
    """Row by row, over every edge: the specification of `Asker.who_can`."""
    asker = Asker(snapshot, RULES, compile_edges(snapshot, as_of=TODAY), question)
    engine = Engine(
        snapshot,
        Columns(snapshot, [asker.duty], Atlas(snapshot)),
        compile_edges(snapshot, as_of=TODAY),
    )
    judge, names = Judge(engine), Names(snapshot)
    tracer, guide = Tracer(engine, names), Guide(engine)
    rows, known = [], set()
    for lens in (*narrowings(question.lens), replace(question.lens, possible=True)):
        everyone = np.arange(len(judge.subjects))
        pairs = everyone * engine.n_places + asker.place
        held = judge.holding(lens).at(asker.duty.duty_id, pairs)
        for code in (np.flatnonzero(held) + judge.subjects.start).tolist():
            if code not in known:
                known.add(code)
                rows.append(row_of(code, lens, asker, tracer, guide))
    rows.sort(key=lambda row: (GROUPS.index(row["group"]), row["name"], row["identity"]))
    return rows


def row_of(code: int, lens: Lens, asker: Asker, tracer: Tracer, guide: Guide) -> dict[str, Any]:
    person = tracer.names.row(code)
    witness = guide.witness(lens, code, asker.duty.duty_id, asker.place)
    assert witness is not None
    hops = tracer.hops(witness)
    ends = [tracer.end(run) for run in witness.runs]
    group = "not decided" if lens.possible else "can, if"
    if (lens.means, lens.conditional, lens.possible) == (Means.HELD, False, False):
        group = "can now"
    why = tracer.why_unknown(witness, asker.duty.duty_id, asker.place) if lens.possible else None
    resources = [
        f"{end['system']}:{'everything' if end['resource'] == '*' else end['resource']}"
        for end in ends
    ]
    return {
        "group": group,
        "identity": person["identity"],
        "name": tracer.names.name(code),
        "email": person["email"],
        "department": person["department"],
        "status": person["status"],
        "account": tracer.first_account(witness.runs[0]),
        "means": None if lens.possible else lens.pair,
        "resource": "; ".join(dict.fromkeys(resources)),
        "path": tracer.text(code, witness),
        "source": f"{hops[-1]['file']} {hops[-1]['at']}",
        "why": why,
        "hops": [{**hop, "decided": None} for hop in hops],
    }


@given(worlds(), questions)
@settings(max_examples=100, deadline=None)
def test_everyone_who_can_is_told_as_one_by_one(world: World, question: Question) -> None:
    snapshot = snapshot_of(world)
    edges = compile_edges(snapshot, as_of=TODAY)

    answer = Asker(snapshot, RULES, edges, question).who_can()

    expected = who_can(snapshot, question)
    assert list(answer.rows) == expected
    assert len(answer.rows) == len(expected)
    assert sum(answer.rows.counts.values()) == len(expected)
    assert list(answer.rows.whys()) == [(r["name"], r["why"]) for r in expected if r["why"]]


@given(worlds(), questions, st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_a_page_is_a_part_of_all_rows(
    world: World, question: Question, start: int, count: int
) -> None:
    snapshot = snapshot_of(world)
    edges = compile_edges(snapshot, as_of=TODAY)
    asker = Asker(snapshot, RULES, edges, question)
    everything = list(asker.who_can().rows)

    page = asker.who_can().rows.page(start, count, ("identity", "path"))

    wanted = everything[start : start + count]
    assert page == [{name: row[name] for name in ("identity", "path")} for row in wanted]


@given(worlds(), questions)
@settings(max_examples=50, deadline=None)
def test_who_can_names_those_of_whom_can_says_yes(world: World, question: Question) -> None:
    snapshot = snapshot_of(world)
    asker = Asker(snapshot, RULES, compile_edges(snapshot, as_of=TODAY), question)
    rows = {row["identity"]: row for row in asker.who_can().rows}

    for code in snapshot.ranges[NodeKind.IDENTITY]:
        said = asker.can(code)
        row = rows.get(snapshot.id_of(code))
        if row is None:
            assert said["answer"] == "no"
            continue
        assert said["answer"] == ("unknown" if row["group"] == "not decided" else "yes")
        assert said["path"] == row["path"]
        assert said["hops"] == row["hops"]
