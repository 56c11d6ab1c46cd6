"""Corners that a second reading of the rules' judges found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sod_analyzer.compose.dossier import dossier
from sod_analyzer.compose.report import analyse, numbers_of, result_line, tables_of
from sod_analyzer.explain.names import Names
from sod_analyzer.model.access import IdentityClass, NodeKind, Snapshot
from sod_analyzer.model.finding import Completeness
from sod_analyzer.model.ruleset import (
    Exclusion,
    Holder,
    Hygiene,
    HygieneCheck,
    Rule,
    RuleKind,
    ScopeKind,
    Selector,
    Subjects,
)
from sod_analyzer.remediate.edits import find_edit
from tests.engine.kit import COMMIT, DEPLOY, PLACEMENTS, analysis_of, plain, world
from tests.world import TODAY, Edge, duty, rule, ruleset, snapshot_of, table

BOTH = rule("R", "commit", "deploy")
ONE_SYSTEM = {"x-prod": ("x", "prod")}


def without(one: Rule, **narrow: Any) -> Rule:
    """The rule with one exclusion."""
    return replace(one, exclusions=(Exclusion("tried", "risk", TODAY, **narrow),))


def rows_of(analysis: Any, name: str) -> list[dict[str, Any]]:
    """One table of the report."""
    rows: list[dict[str, Any]] = tables_of(analysis)[name].to_pylist()
    return rows


# -- explaining ------------------------------------------------------------------------------------


def test_a_finding_about_a_login_is_explained_though_no_identity_has_its_id() -> None:
    dormant = replace(
        rule("R", count=0, scope=ScopeKind.ANYWHERE),
        kind=RuleKind.HYGIENE,
        hygiene=Hygiene(HygieneCheck.DORMANT_PRIVILEGED),
    )
    analysis = analysis_of(
        world("i0 > a0 > r0"), dormant, facts={"roles": {"r0": {"privileged": True}}}
    )
    (found,) = rows_of(analysis, "violations")

    told = dossier(analysis, found["finding_id"], max_paths=5)

    assert [(row["from_id"], row["to_id"]) for row in told.rows] == [("a0", "r0")]


# -- exclusions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("placements", [(), PLACEMENTS[:1]])
@pytest.mark.parametrize("pattern", ["sandbox", "al*", "?ll"])
def test_an_exclusion_of_other_places_leaves_whoever_has_everything(
    placements: Any, pattern: str
) -> None:
    whole = world("i0 > a0 > x-prod * *", systems=ONE_SYSTEM, placements=placements)

    got = plain(analysis_of(whole, without(BOTH, places=(pattern,))))

    assert got == {("i0", "all"): "violation"}


@pytest.mark.parametrize("pattern", ["*", "all"])
def test_an_exclusion_of_every_place_leaves_nothing_of_one_person(pattern: str) -> None:
    whole = world("i0 > a0 > x-prod * *", systems=ONE_SYSTEM, placements=())
    one = without(BOTH, subjects=Subjects(people=("i0",)), places=(pattern,))

    assert plain(analysis_of(whole, one)) == {}


MOST_TWO = replace(rule("R", "deploy", count=2), kind=RuleKind.MAX_HOLDERS)


@pytest.mark.parametrize("places", [(), ("app-a",)])
def test_whom_a_headcount_does_not_count_is_told(places: tuple[str, ...]) -> None:
    three = world(*(f"i{n} > a{n} > x-prod d ra" for n in range(3)))
    one = without(MOST_TWO, subjects=Subjects(people=("i0",)), places=places)

    analysis = analysis_of(three, one)

    (told,) = rows_of(analysis, "exclusions")
    assert plain(analysis) == {}
    assert (told["state"], told["hidden"], told["people"]) == ("applied", 1, "i0")


def test_where_no_application_is_known_nobody_says_that_few_enough_can() -> None:
    three = world(
        *(f"i{n} > a{n} > x-prod d *" for n in range(3)), systems=ONE_SYSTEM, placements=()
    )

    analysis = analysis_of(three, MOST_TWO)

    tables = tables_of(analysis)
    assert tables["rules"]["state"].to_pylist() == ["not evaluable"]
    assert "No conflicts" not in result_line(numbers_of(analysis, tables), WHOLE)


WHOLE = Completeness(complete=True, line="", open_gaps=0, accepted_gaps=0)


def test_what_only_a_gate_stands_before_is_no_clean_bill() -> None:
    person = world("i0 > a0 > x-prod c ra", "a0 > x-prod d ra")
    gated = replace(BOTH, gates={"deploy": ("approval",)})
    facts = {"entitlements": {"e:x-prod d ra": {"mode": "with-approval"}}}

    analysis = analysis_of(person, gated, facts=facts)

    told = result_line(numbers_of(analysis, tables_of(analysis)), WHOLE)
    assert told == "No open violation; 1 gated"


# -- ways whose parts lie in two systems -----------------------------------------------------------

CROSS = duty("cross", [Selector("x", ("c",)), Selector("y", ("c",))])
ACROSS = (*PLACEMENTS, ("app-a", "y", "ra", None))


def test_whoever_meets_a_way_across_two_systems_is_counted() -> None:
    two = world("i0 > a0 > x-prod c ra", "a0 > y c ra", placements=ACROSS)
    nobody = replace(rule("R", "cross", count=0), kind=RuleKind.MAX_HOLDERS)

    got = plain(analysis_of(two, nobody, duties=[CROSS]))

    assert got == {("app-a", "app-a"): "violation"}


def test_a_way_across_two_systems_is_unknown_where_one_of_them_was_not_read() -> None:
    half = world("i0 > a0 > x-prod c ra", "a0 > x-prod d ra", placements=ACROSS, rights=["y c ra"])
    both = rule("R", "cross", "deploy")

    got = plain(analysis_of(half, both, duties=[CROSS, DEPLOY], unknown_systems=["y"]))

    assert got == {("i0", "app-a"): "not-evaluable"}


# -- counting people -------------------------------------------------------------------------------


def renamed(snapshot: Snapshot, kind: str, old: str, new: str) -> Snapshot:
    """The snapshot with another id for one node."""
    tables = dict(snapshot.tables)
    for name, column in {"nodes": "id", _TABLE_OF[kind]: kind}.items():
        rows = snapshot[name].to_pylist()
        for row in rows:
            if row[column] == old and row.get("kind", kind) in {kind, *IdentityClass, None}:
                row[column] = new
        tables[name] = table(name, rows)
    return replace(snapshot, tables=tables)


_TABLE_OF = {"identity": "identities", "role": "roles"}


def test_a_role_that_is_called_what_an_account_is_makes_nobody_a_conflict() -> None:
    snapshot = snapshot_of(world("i0 > a0", "r0 > x-prod c ra", "r0 > x-prod d ra"))
    same = renamed(renamed(snapshot, "identity", "i0", "a0"), "role", "r0", "a0")
    by_role = replace(BOTH, holder=Holder.ROLE)

    analysis = analyse(same, ruleset([COMMIT, DEPLOY], [by_role]), as_of=TODAY)

    tables = tables_of(analysis)
    assert tables["population"]["result"].to_pylist() == ["no conflict"]
    assert tables["rules"]["violations"].to_pylist() == [1]
    assert tables["rules"]["people_violating"].to_pylist() == [0]
    assert numbers_of(analysis, tables)["people_violating"] == 0


# -- exceptions ------------------------------------------------------------------------------------


def test_an_exception_in_another_environment_leaves_no_doubt() -> None:
    beyond = duty(
        "else",
        [
            Selector(
                "x", ("*",), environment="prod",
                unless=(Selector("x", ("c",), environment="test"),),
            )
        ],
    )  # fmt: skip
    one = rule("R", "else", count=1, scope=ScopeKind.ANYWHERE)

    got = plain(analysis_of(world("i0 > a0 > x-prod c *"), one, duties=[beyond]))

    assert got == {("i0", "anywhere"): "violation"}


# -- what is over ----------------------------------------------------------------------------------

YESTERDAY = TODAY - timedelta(days=1)


def check_of(check: HygieneCheck) -> Rule:
    """A rule of one hygiene check."""
    one = rule("R", count=0, scope=ScopeKind.ANYWHERE)
    return replace(one, kind=RuleKind.HYGIENE, hygiene=Hygiene(check))


@pytest.mark.parametrize(("until", "found"), [(TODAY, False), (YESTERDAY, True)])
def test_whoever_no_longer_controls_a_robot_does_not_answer_for_it(
    until: date, *, found: bool
) -> None:
    robot = world("i0 > a0", "i1 > a1", Edge("a0", "a1", becoming=True, valid_until=until))
    facts = {
        "identities": {"i1": {"status": "unknown", "kind": "workload"}},
        "accounts": {"a1": {"kind": "workload"}},
    }

    got = plain(analysis_of(robot, check_of(HygieneCheck.NOBODY_BEHIND), facts=facts))

    assert got == ({("a1", "anywhere"): "violation"} if found else {})


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ([Edge("a0", "a1", becoming=True)], {"a2"}),
        ([Edge("a0", "a1", becoming=True, assumes=True)], {"a2"}),
        ([Edge("a0", "a1", becoming=True), Edge("a1", "a2", becoming=True)], set()),
        ([Edge("a0", "a1", becoming=True, self_granted=True)], {"a1", "a2"}),
        ([Edge("a2", "a1", becoming=True)], {"a1", "a2"}),
        ([Edge("a2", "a1", becoming=True), Edge("a1", "a2", becoming=True)], {"a1", "a2"}),
        ([Edge("r0", "a1", becoming=True)], {"a2"}),
    ],
    ids=[
        "somebody keeps it", "somebody assumes it", "through another", "somebody could",
        "nobody assumes it", "each the other", "a group uses it",
    ],
)  # fmt: skip
def test_whoever_assumes_a_robot_answers_for_it_if_somebody_answers_for_him(
    edges: list[Edge], found: set[str]
) -> None:
    robots = world("i0 > a0", "i1 > a1", "i2 > a2", *edges, nodes=("r0",))
    nobody = {"status": "unknown", "kind": "workload"}
    facts = {
        "identities": {"i1": nobody, "i2": nobody},
        "accounts": {"a1": {"kind": "workload"}, "a2": {"kind": "workload"}},
    }

    got = plain(analysis_of(robots, check_of(HygieneCheck.NOBODY_BEHIND), facts=facts))

    assert {account for account, _ in got} == found


# -- trying a fix ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "add"), [("a0 > r0", False), ("a0 > r1", True)])
def test_the_grants_of_an_account_assessed_under_its_own_name_can_be_edited(
    text: str, *, add: bool
) -> None:
    snapshot = snapshot_of(world("i0 > a0 > r0 > x-prod d ra", nodes=("r1",)))
    alone = renamed(snapshot, "identity", "i0", "a0")

    edit = find_edit(alone, Names(alone), text, add=add)

    assert edit.holder_kind is NodeKind.ACCOUNT
