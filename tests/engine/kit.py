"""Short ways to ask the engine about small worlds whose answers one can work out by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas, PlaceKind
from sod_analyzer.compose.report import Analysis, analyse
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.plain import plain_rows
from sod_analyzer.evaluate.lens import PLAIN, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import NodeKind, Snapshot
from sod_analyzer.model.ruleset import Duty, Rule, Selector
from tests.world import TODAY, Edge, World, duty, ruleset, snapshot_of, table

#: Node kinds by table, with the column that holds the id.
_KEYS = {
    "identities": "identity",
    "accounts": "account",
    "systems": "system",
    "applications": "application",
    "sources": "source_id",
    "roles": "role",
    "entitlements": "entitlement",
}

COMMIT = duty("commit", [Selector("x", ("c", "cc"))], [Selector("y", ("c",))])
DEPLOY = duty("deploy", [Selector("x", ("d",))])
DEPLOY_PROD = duty("deploy-prod", [Selector("x", ("d",), environment="prod")])
BOTH = duty("both", [Selector("x", ("c",)), Selector("x", ("v",))])
LAUNCH = duty("launch", [Selector("x", ("d",)), Selector("x", ("v",), any_scope=True)])
DUTIES = (COMMIT, DEPLOY, DEPLOY_PROD, BOTH, LAUNCH)

SYSTEMS: Mapping[str, tuple[str, str | None]] = {
    "x-prod": ("x", "prod"),
    "x-test": ("x", "test"),
    "y": ("y", None),
}
PLACEMENTS = (
    ("app-a", "x-prod", "ra", None),
    ("app-b", "x-prod", "rb", None),
    ("app-a", "x-test", "ra", None),
)


def right(text: str) -> str:
    """The id of the right "system action resource"; a `*` as action is everything."""
    return f"e:{text}"


def world(
    *steps: str | Edge,
    systems: Mapping[str, tuple[str, str | None]] = SYSTEMS,
    placements: Sequence[tuple[str, str, str, str | None]] = PLACEMENTS,
    rights: Iterable[str] = (),
    **further: Any,
) -> World:
    """A world of chains such as "i0 > a0 > r0 > x-prod c ra"; `rights` exist, held or not.

    An identity's edges, and those to an account, become; all others add.
    """
    edges: list[Edge] = []
    for step in steps:
        if isinstance(step, Edge):
            edges.append(step)
            continue
        nodes = [part if " " not in part else right(part) for part in step.split(" > ")]
        edges += [
            Edge(holder, target, becoming=target[0] == "a")
            for holder, target in itertools.pairwise(nodes)
        ]
    named = {n for e in edges for n in (e.holder, e.target) if n[0] == "e"}
    named |= {right(text) for text in rights}
    return World(
        systems=systems,
        placements=placements,
        entitlements={n: _parts(n) for n in named},
        edges=list(dict.fromkeys(edges)),
        **further,
    )


def _parts(node: str) -> tuple[str, str, str, bool]:
    system, _, rest = node.removeprefix("e:").partition(" ")
    action, _, resource = rest.rpartition(" ")
    return system, action, resource, "*" in action


def stated(snapshot: Snapshot, facts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Snapshot:
    """The snapshot with further facts: table, id, column, value."""
    tables = dict(snapshot.tables)
    for name, by_id in facts.items():
        rows = [{**row, **by_id.get(row[_KEYS[name]], {})} for row in snapshot[name].to_pylist()]
        tables[name] = table(name, rows)
    return replace(snapshot, tables=tables)


def engine_of(
    the_world: World,
    duties: Sequence[Duty] = DUTIES,
    *,
    facts: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    as_of: date = TODAY,
    **atlas: Any,
) -> Engine:
    """The engine over a world."""
    snapshot = stated(snapshot_of(the_world), facts or {})
    columns = Columns(snapshot, duties, Atlas(snapshot, **atlas))
    return Engine(snapshot, columns, compile_edges(snapshot, as_of=as_of))


def places_with(
    the_world: World, name: str, *, who: str = "i0", lens: Lens = PLAIN, **engine: Any
) -> set[str]:
    """Where somebody has a duty: "anywhere", application ids, and "system:…"."""
    built = engine_of(the_world, **engine)
    return places_in(built, name, who=who, lens=lens)


def places_in(engine: Engine, name: str, *, who: str = "i0", lens: Lens = PLAIN) -> set[str]:
    """As `places_with`, of an engine that is there already."""
    holding = Holding(engine, lens, engine.identities)
    subject = engine.snapshot.codes[NodeKind.IDENTITY, who] - engine.identities.start
    found = set()
    for number, place in enumerate(engine.columns.atlas.places):
        if holding.at(name, np.array([subject * engine.n_places + number]))[0]:
            prefix = "system:" if place.kind is PlaceKind.SYSTEM else ""
            found.add(f"{prefix}{place.key}")
    return found - {p.key for p in engine.columns.atlas.places if p.kind is PlaceKind.COVER}


def can(the_world: World, name: str = "commit", **asked: Any) -> bool:
    """Whether somebody has a duty anywhere."""
    return "anywhere" in places_with(the_world, name, **asked)


def analysis_of(
    the_world: World,
    *rules: Rule,
    duties: Sequence[Duty] = DUTIES,
    facts: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    unknown_systems: Iterable[str] = (),
) -> Analysis:
    """What the rules say of a world."""
    wanted = {d for rule in rules for d in rule.duties}
    chosen = [d for d in duties if d.duty_id in wanted]
    snapshot = stated(snapshot_of(the_world), facts or {})
    return analyse(snapshot, ruleset(chosen, rules), as_of=TODAY, unknown_systems=unknown_systems)


def verdicts(analysis: Analysis) -> dict[tuple[str, str], str]:
    """(identity, place) to verdict, over all rules; what is clear is not there."""
    engine = analysis.judge.engine
    places = engine.columns.atlas.places
    answer = {}
    for result in analysis.results:
        for subject, place, violation in zip(
            result.subject, result.place, result.violation, strict=True
        ):
            who = engine.snapshot.node_ids[engine.identities.start + subject]
            where = "all" if place == len(places) else places[place].label
            answer[who, where] = "violation" if violation else "not-evaluable"
    return answer


def plain(analysis: Analysis) -> dict[tuple[str, str], str]:
    """(subject, place) to verdict, of rules of any kind; what is clear is not there."""
    return {
        (row.subject, row.place): str(row.verdict)
        for result in analysis.results
        for row in plain_rows(analysis.judge, result)
    }
