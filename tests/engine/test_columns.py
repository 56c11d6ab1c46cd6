"""What tables say by column is what the row-by-row route says of each hop, leg and person."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.report import Analysis, analyse, tables_of
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.would_be import coming_to
from sod_analyzer.detect.combination import rule_lens
from sod_analyzer.detect.judge import Judge
from sod_analyzer.evaluate.lens import Lens, lens_of
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Guide
from sod_analyzer.graph.edges import Flag
from sod_analyzer.model.access import NodeKind, Snapshot
from sod_analyzer.model.finding import REPORT_TABLES
from sod_analyzer.model.ruleset import Counts, Means, ScopeKind
from tests.engine.kit import COMMIT, DEPLOY, right, stated, world
from tests.report.plainly import hops as hops_of
from tests.strategies import DUTIES, worlds
from tests.world import TODAY, Edge, World, rule, ruleset, snapshot_of, table

RULE = rule(
    "R",
    "commit",
    "deploy",
    scope=ScopeKind.SYSTEM,
    counts=Counts(means=(Means.HELD, Means.ELIGIBLE, Means.SELF_GRANT), max_changes=2),
)


def recorded(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """The snapshot with records, conditions, hours and further records of every sort."""
    tables = dict(snapshot.tables)
    grants = snapshot["grants"].to_pylist()
    for row in grants:
        row["source_id"] = chance.choice(["s", "t", "unknown", None])
        row["record"] = chance.choice([None, 1, 2, 77])
        row["condition"] = chance.choice([None, "", "MFA"])
        row["lasts_hours"] = chance.choice([None, None, 1, 30])
    tables["grants"] = table("grants", grants)
    tables["sources"] = table(
        "sources",
        [
            {"source_id": "s", "path": "s.csv", "record_template": "line {record}"},
            {"source_id": "t", "path": None, "record_template": "{record} of {record}"},
        ],
    )
    derived = [
        {
            "holder": row["holder"],
            "target": row["target"],
            "part": chance.choice(["rule", "binding"]),
            "source_id": chance.choice(["s", "t", "unknown"]),
            "record": chance.choice([None, 4, 5]),
        }
        for row in grants
        for _ in range(chance.choice([0, 0, 1, 3]))
    ]
    chance.shuffle(derived)
    tables["derivations"] = table("derivations", derived)
    return replace(snapshot, tables=tables)


@st.composite
def analyses(draw: st.DrawFn) -> Analysis:
    """The rule over a random world, with names that are missing or the same."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - worlds, no secrets
    names: dict[str, dict[str, Any]] = {
        f"i{n}": {
            "name": chance.choice([None, "", "Ann", "Bo 'B' Ray"]),
            "employee_id": chance.choice([None, "", "E1", "E2"]),
            "department": chance.choice([None, "D"]),
        }
        for n in range(3)
    }
    logins = {f"a{n}": {"login": chance.choice([None, "", "x:y"])} for n in range(5)}
    snapshot = stated(snapshot_of(draw(worlds())), {"identities": names, "accounts": logins})
    duties = [DUTIES[name] for name in RULE.duties]
    return analyse(recorded(snapshot, chance), ruleset(duties, [RULE]), as_of=TODAY)


def looked_through(leg: dict[str, Any]) -> Lens:
    """The lens that a leg of the rule says it was seen through."""
    widest = lens_of(RULE.counts)
    return replace(widest, possible=leg["state"] != "yes")


@given(analyses())
@settings(max_examples=80, deadline=None)
def test_hops_and_paths_are_those_of_the_single_witness(analysis: Analysis) -> None:
    engine, names = analysis.judge.engine, Names(analysis.snapshot)
    tables = tables_of(analysis)
    guide, tracer = Guide(engine), Tracer(engine, names)
    hops: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for hop in hops_of(tables):
        key = tuple(hop.pop(name) for name in ("finding_id", "place", "duty"))
        hop.pop("holder")
        assert hop.pop("decided") is None  # no policies are asked here
        hops.setdefault(key, []).append(hop)
    places = {
        p.label: n for n, p in enumerate(engine.columns.atlas.places) if p.kind is PlaceKind.SYSTEM
    }

    mine = {v["finding_id"] for v in tables["violations"].to_pylist() if v["rule_id"] == "R"}
    for leg in tables["legs"].to_pylist():
        if leg["path"] is None or leg["finding_id"] not in mine:
            continue
        code = analysis.snapshot.codes[NodeKind.IDENTITY, leg["holder"]]
        witnesses = [
            guide.witness(lens, code, leg["duty"], places[leg["place"]])
            for lens in (*analysis.results[0].lenses, looked_through(leg))
            if (leg["means"] is None) == lens.possible and leg["means"] in (None, lens.pair)
        ]
        witness = next(filter(None, witnesses))
        assert leg["holder_name"] == names.name(code)
        assert leg["hops"] == witness.hops
        assert leg["path"] == tracer.text(code, witness)
        assert hops[leg["finding_id"], leg["place"], leg["duty"]] == tracer.hops(witness)


@given(analyses())
@settings(max_examples=40, deadline=None)
def test_findings_name_their_subjects_as_one_asks_for_them_alone(analysis: Analysis) -> None:
    names = Names(analysis.snapshot)
    tables = tables_of(analysis)

    for finding in tables["violations"].to_pylist():
        code = analysis.snapshot.codes[NodeKind.IDENTITY, finding["subject"]]
        row = names.row(code)
        assert (finding["subject_kind"], finding["subject_key"]) == names.subject(code)
        assert finding["name"] == names.name(code)
        assert finding["sentence"].startswith((names.name(code), "Nobody can say"))
        assert finding["department"] == row["department"]
    people = tables["population"].to_pylist()
    order = [(p["kind"] != "person", p["name"], p["identity"]) for p in people]
    assert order == sorted(order)
    told = Counter(
        (row["subject"], row["verdict"])
        for row in tables["violations"].to_pylist()
        if row["rule_id"] == RULE.rule_id
    )
    for person in people:
        assert person["violations"] == told[person["identity"], "violation"]
        assert person["not_evaluable"] >= told[person["identity"], "not-evaluable"]


def rows_of(analysis: Analysis, lens: Lens, *, narrowed: bool) -> set[tuple[int, int]]:
    """Where a lens sees the second rule broken: for everyone, or for those it may matter to."""
    judge = Judge(analysis.judge.engine)
    holdings = None
    if narrowed:
        flags = Flag.SELF_GRANTED if lens.means is Means.SELF_GRANT else Flag.DORMANT
        holdings = judge.narrowed(coming_to(judge, flags))
    subject, place = judge.places_seen(PLAIN_RULE, lens, holdings)
    return set(zip(subject.tolist(), place.tolist(), strict=True))


PLAIN_RULE = replace(RULE, counts=Counts())


@given(analyses())
@settings(max_examples=60, deadline=None)
def test_what_a_wider_lens_sees_further_it_sees_of_those_who_come_to_a_further_grant(
    analysis: Analysis,
) -> None:
    lens = rule_lens(PLAIN_RULE)
    own = rows_of(analysis, lens, narrowed=False)

    for wider in (replace(lens, dormant=True), replace(lens, means=Means.SELF_GRANT, changes=1)):
        everyone = rows_of(analysis, wider, narrowed=False)
        some = rows_of(analysis, wider, narrowed=True)
        assert everyone - own <= some <= everyone


def test_a_role_that_can_give_itself_a_right_makes_its_members_able_to() -> None:
    """Known by hand: the change is the role's, two hops behind the person."""
    changing = world(
        "i0 > a0 > r0", "a0 > x-prod d ra", Edge("r0", right("x-prod c ra"), self_granted=True)
    )
    analysis = analyse(
        snapshot_of(changing),
        ruleset([COMMIT, DEPLOY], [rule("R", "commit", "deploy")]),
        as_of=TODAY,
    )

    (row,) = tables_of(analysis)["dormant"].to_pylist()

    assert (row["subject"], row["place"]) == ("i0", "app-a")
    assert row["why"] == "could become a violation by one own change"


@given(analyses())
@settings(max_examples=60, deadline=None)
def test_edges_stand_once_each_in_the_order_of_their_facts(analysis: Analysis) -> None:
    tables = tables_of(analysis)
    edges = tables["edges"].to_pylist()

    keys = [
        (
            *(edge[name] for name in ("from_kind", "from_id", "to_kind", "to_id", "kind")),
            "one own change" in (edge["note"] or ""),
        )
        for edge in edges
    ]
    assert keys == sorted(keys)
    told = [(key, edge["note"]) for key, edge in zip(keys, edges, strict=True)]
    assert len(set(told)) == len(told)
    assert set(tables["hops"]["edge"].to_pylist()) == set(range(len(edges)))


@given(analyses())
@settings(max_examples=40, deadline=None)
def test_hops_name_their_legs_in_order(analysis: Analysis) -> None:
    tables = tables_of(analysis)
    hops, legs = tables["hops"].to_pylist(), tables["legs"].to_pylist()

    places = [(hop["leg"], hop["part"], hop["hop"]) for hop in hops]

    assert places == sorted(set(places))
    assert {hop["leg"] for hop in hops} == {n for n, leg in enumerate(legs) if leg["hops"]}
    edges = tables["edges"].to_pylist()
    for hop in hops:
        if hop["hop"] == 1:
            assert edges[hop["edge"]]["from_id"] == legs[hop["leg"]]["holder"]


def test_every_table_has_the_schema_that_the_report_states() -> None:
    nobody = analyse(snapshot_of(World()), ruleset([DUTIES["commit"]], []), as_of=TODAY)

    for name, found in tables_of(nobody).items():
        assert found.schema.equals(REPORT_TABLES[name])
        assert found.num_rows == 0 or name == "patterns"
