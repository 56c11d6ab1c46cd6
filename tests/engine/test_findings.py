"""Findings as rows: ids, severities, folding, records, and what the input leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sod_analyzer.compose.engines import engine_issues
from sod_analyzer.compose.report import Analysis, numbers_of, result_line, tables_of
from sod_analyzer.model.finding import UNRESTRICTED_RULE, Completeness
from sod_analyzer.model.ruleset import Selector, Severity
from tests.engine.kit import COMMIT, analysis_of, right, world
from tests.report.plainly import hops as hops_of
from tests.world import Edge, World, duty, rule

R = rule("R", "commit", "deploy")
BOTH = ("i0 > a0 > x-prod c ra", "i0 > a1 > x-prod d ra")
TIERED = replace(R, tiers={"gold": Severity.CRITICAL, "tin": Severity.LOW})
TIERS = {"applications": {"app-a": {"tier": "tin"}, "app-b": {"tier": "gold"}}}
COMPLETE = Completeness(complete=True, line="Complete: no gaps.", open_gaps=0, accepted_gaps=0)
INCOMPLETE = Completeness(complete=False, line="Incomplete.", open_gaps=1, accepted_gaps=0)


def rows(analysis: Analysis, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tables_of(analysis)[name].to_pylist()
    return found


def the_line(analysis: Analysis, completeness: Completeness = COMPLETE) -> str:
    return result_line(numbers_of(analysis, tables_of(analysis)), completeness)


def test_a_place_has_its_tiers_severity_and_a_violation_its_worst_places() -> None:
    two = world(*BOTH, "i0 > a0 > x-prod c rb", "i0 > a0 > x-prod d rb")

    analysis = analysis_of(two, TIERED, facts=TIERS)

    got = {row["place"]: row["severity"] for row in rows(analysis, "places")}
    assert got == {"app-a": "low", "app-b": "critical"}
    assert [row["severity"] for row in rows(analysis, "violations")] == ["critical"]


def test_an_application_without_a_tier_has_the_rules_own_severity() -> None:
    analysis = analysis_of(world(*BOTH), TIERED)

    assert [row["severity"] for row in rows(analysis, "violations")] == ["high"]


def test_one_row_for_everything_has_the_worst_severity_of_all_tiers() -> None:
    everything = world(
        "i0 > a0 > x-prod c *",
        "a0 > x-prod d *",
        "i1 > a1 > x-prod c rb",
        systems={"x-prod": ("x", "prod")},
    )

    analysis = analysis_of(everything, TIERED, facts=TIERS)

    got = [(row["place"], row["severity"]) for row in rows(analysis, "places")]
    assert got == [("all", "critical")]


def test_what_unrestricted_access_implies_is_folded_under_it_and_counted_apart() -> None:
    owner = world("i0 > a0 > x-prod * *", *(s.replace("0", "5") for s in BOTH))

    analysis = analysis_of(owner, R)

    by_rule = {(v["subject"], v["rule_id"]): v for v in rows(analysis, "violations")}
    above = by_rule["i0", UNRESTRICTED_RULE]
    assert by_rule["i0", "R"]["folded_under"] == above["finding_id"]
    assert above["folded_under"] is None
    assert by_rule["i5", "R"]["folded_under"] is None
    numbers = numbers_of(analysis, tables_of(analysis))
    assert (numbers["violations"], numbers["violations_folded"], numbers["unrestricted"]) == (
        2,
        1,
        1,
    )
    assert the_line(analysis) == (
        "2 violations by 2 people, 1 of them unrestricted access, which implies 1 more"
    )


def test_a_violation_that_unrestricted_access_does_not_imply_is_not_folded() -> None:
    """Everything in one system, one duty of the two in another."""
    beside = world(
        "i0 > a0 > x-prod * *",
        "i0 > a1 > y c ra",
        systems={"x-prod": ("x", "prod"), "y": ("y", None)},
        placements=[("app-a", "x-prod", "zz", None), ("app-y", "y", "ra", None)],
    )
    deploy_y = rule("R", "commit", "deploy-y")
    duties = (COMMIT, duty("deploy-y", [Selector("y", ("c",))]))

    found = rows(analysis_of(beside, deploy_y, duties=duties), "violations")

    assert {v["rule_id"]: v["folded_under"] for v in found} == {
        "R": None,
        UNRESTRICTED_RULE: None,
    }


def test_a_finding_keeps_its_id_whatever_else_is_there() -> None:
    before = rows(analysis_of(world(*BOTH), R), "violations")
    after = rows(
        analysis_of(
            world(
                *BOTH,
                "i0 > a9 > r9 > x-prod c ra",  # another path
                "i0 > a9 > x-prod c rb",  # another place
                "i0 > a9 > x-prod d rb",
                "i- > a00 > x-prod c ra",  # another person, sorted before
                "a00 > x-prod d ra",
            ),
            replace(R, title="Renamed"),
        ),
        "violations",
    )

    got = {v["subject"]: v["finding_id"] for v in after}
    assert got["i0"] == before[0]["finding_id"]
    assert len(set(got.values())) == len(got) == 2


def test_a_finding_is_known_by_the_employee_id_unless_two_people_have_it() -> None:
    two = world(*BOTH, "i1 > a2 > x-prod c ra", "i1 > a3 > x-prod d ra")

    def ids(*numbers: str) -> dict[str, tuple[str, str]]:
        facts = {
            "identities": {f"i{n}": {"employee_id": number} for n, number in enumerate(numbers)}
        }
        found = rows(analysis_of(two, R, facts=facts), "violations")
        assert len({v["finding_id"] for v in found}) == 2
        return {v["subject"]: (v["subject_kind"], v["subject_key"]) for v in found}

    assert ids("007", "7") == {"i0": ("identity", "007"), "i1": ("identity", "7")}
    assert ids("7", "7") == {"i0": ("identity", "i0"), "i1": ("identity", "i1")}


def test_a_hop_names_the_first_record_that_states_it_and_how_many_do() -> None:
    """Records of a world are the positions of its edges."""
    stated = world(*BOTH)
    twice = replace(stated, edges=[*stated.edges, Edge("a0", right("x-prod c ra"))])

    hops = hops_of(tables_of(analysis_of(twice, R)))

    got = [(h["from_id"], h["to_id"], h["record"], h["same"], h["file"]) for h in hops]
    assert got == [
        ("i0", "a0", 0, 1, "s.csv"),
        ("a0", right("x-prod c ra"), 1, 2, "s.csv"),
        ("i0", "a1", 2, 1, "s.csv"),
        ("a1", right("x-prod d ra"), 3, 1, "s.csv"),
    ]


def test_a_result_through_a_system_whose_gates_are_not_read_says_so() -> None:
    rights = {f"e-git:{action}@ra": ("e-git", action, "ra", False) for action in "cd"}
    held = World(
        systems={"e-git": ("github", None)},
        placements=[("app-a", "e-git", "ra", None)],
        entitlements=rights,
        edges=[Edge("i0", "a0", becoming=True), *(Edge("a0", each) for each in rights)],
    )
    duties = (
        duty("commit", [Selector("github", ("c",))]),
        duty("deploy", [Selector("github", ("d",))]),
    )

    found = rows(analysis_of(held, R, duties=duties), "violations")

    assert [v["caveats"] for v in found] == [
        "gates not evaluated (e-git); pipeline reach not evaluated (e-git)"
    ]


def test_what_rules_find_wanting_in_the_data_are_gaps() -> None:
    wanting = world(
        "i0 > a0 > x-prod c zz",
        "i0 > a0 > x-some d ra",
        systems={"x-prod": ("x", "prod"), "x-some": ("x", None)},
        placements=[("app-a", "x-some", "ra", None)],
    )
    both = rule("S", "commit", "both")
    prod = rule("T", "commit", "deploy-prod")

    analysis = analysis_of(wanting, both, prod)
    issues = engine_issues(analysis.judge.engine, analysis.ruleset).to_pylist()

    assert [(i["kind"], i["system"], i["subject"], i["hides"]) for i in issues] == [
        ("unmapped-resource", "x-prod", "zz", "yes"),
        ("unknown-environment", "x-some", "ra", "yes"),
        ("dead-duty", None, "both", "yes"),
    ]


def test_no_conflicts_is_said_only_when_nothing_at_all_is_open() -> None:
    clean = world("i0 > a0 > x-prod c ra", "i0 > a0 > x-prod d rb")
    half = world("i0 > a0 > x-prod c ra")
    nobody = world(rights=["x-prod c ra"], nodes=["i0"])
    judged = "No violation found in what could be judged"

    assert the_line(analysis_of(clean, R)) == "No conflicts"
    assert the_line(analysis_of(clean, R), INCOMPLETE) == judged
    assert the_line(analysis_of(half, R)) == (f"{judged}; 1 rule not evaluable")
    assert the_line(analysis_of(nobody, R)) == f"{judged}; 1 rule not evaluable"


def test_what_would_be_a_violation_is_listed_apart_with_its_reason() -> None:
    could = world(
        "i0 > a0 > x-prod c ra",
        "i0 > a1 > x-prod d ra",
        "i1 > a2 > x-prod c ra",
        Edge("a2", right("x-prod d ra"), self_granted=True),
        "i2 > a3 > x-prod c ra",
        "a3 > x-prod d rb",
        disabled=frozenset({"a1"}),
    )

    analysis = analysis_of(could, R)

    assert rows(analysis, "violations") == []
    assert [
        (d["subject"], d["place"], d["accounts"], d["why"]) for d in rows(analysis, "dormant")
    ] == [
        ("i0", "app-a", "a1", "if re-enabled: a1"),
        ("i1", "app-a", None, "could become a violation by one own change"),
    ]


def test_the_population_tells_conflict_unknown_clear_and_not_judged_apart() -> None:
    people = world(
        *BOTH,
        "i1 > a2 > x-prod c ra",
        Edge("i1", "a3", becoming=True, undecided=True),
        "a3 > x-prod d ra",
        "i2 > a4 > x-prod c ra",
        "i3 > a5 > x-prod c ra",
        "a5 > x-prod d ra",
    )

    analysis = analysis_of(people, R, facts={"identities": {"i3": {"kind": "workload"}}})

    got = {p["identity"]: (p["result"], p["accounts"]) for p in rows(analysis, "population")}
    assert got == {
        "i0": ("conflict", 2),
        "i1": ("not evaluable", 1),
        "i2": ("no conflict", 1),
        "i3": ("not judged", 1),
    }


@pytest.mark.parametrize(("unknown", "state"), [([], "evaluated"), (["x-prod"], "not evaluable")])
def test_a_rule_that_nobody_can_be_judged_by_says_so(unknown: list[str], state: str) -> None:
    analysis = analysis_of(world(*BOTH), R, unknown_systems=unknown)

    got = [row["state"] for row in rows(analysis, "rules")]

    assert got == [state]
