"""What a ruleset's test finds wrong, beside cases that do not come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, ScopeKind, Selector
from sod_analyzer.rulebench.difference import one_fact
from sod_analyzer.rulebench.examining import examine, matrix_rows
from tests.rulebench.small import DUTIES, cases, counting, duty, rule, ruleset

WRITE = duty("write", Selector("gh", ("push",)))
SHIP = duty("ship", Selector("k8s", ("deploy",), environment="prod"))

HIT = "    - ann: [gh push o/pay-api, k8s deploy pay]\n"
WEB = "    - ann: [gh push o/web, k8s deploy pay]\n      differs: application\n"
TEST = "    - ann: [gh push o/pay-api, test deploy pay]\n      differs: environment\n"
READ = "    - ann: [gh pull o/pay-api, k8s deploy pay]\n      differs: right\n"
SHORT = "    - ann: [k8s deploy pay]\n      differs: duty\n"


def found(folder: Path, body: str, *rules: Rule, duties: tuple[Duty, ...] = DUTIES) -> list[str]:
    """The problems without their places."""
    told = examine(ruleset(*(rules or (rule(),)), duties=duties), cases(folder, body))
    return [problem.text for problem in told.problems]


def body(*misses: str) -> str:
    return f"R1-01:\n  hit:\n{HIT}  miss:\n{''.join(misses)}"


def test_a_rule_with_every_miss_is_in_order(tmp_path: Path) -> None:
    assert found(tmp_path, body(WEB, TEST, READ, SHORT)) == []


@pytest.mark.parametrize(
    ("misses", "lacks"),
    [
        ((TEST, READ, SHORT), "another application"),
        ((WEB, READ, SHORT), "another environment"),
        ((WEB, TEST, SHORT), "another right, such as one that only reads"),
        ((WEB, TEST, READ), "one duty short"),
    ],
)
def test_a_miss_that_is_not_there_is_told(
    tmp_path: Path, misses: tuple[str, ...], lacks: str
) -> None:
    assert found(tmp_path, body(*misses)) == [
        f"R1-01 has no miss that is one fact from a hit: {lacks}"
    ]


@pytest.mark.parametrize(
    ("miss", "why"),
    [
        (
            "    - ann: [gh pull o/web, k8s look web]\n      differs: right\n",
            "it differs from every hit in more than one fact",
        ),
        (
            "    - ann: [gh push o/web, k8s deploy pay]\n      differs: right\n",
            "it says 'right', and differs from the nearest hit in: resource",
        ),
    ],
)
def test_a_miss_further_away_does_not_count_and_is_named(
    tmp_path: Path, miss: str, why: str
) -> None:
    (problem,) = found(tmp_path, body(WEB, TEST, SHORT, miss))

    assert problem.endswith(f"such as one that only reads; the case in line 26: {why}")


def test_a_rule_without_environment_and_place_needs_two_misses(tmp_path: Path) -> None:
    anywhere = rule(scope=ScopeKind.ANYWHERE)
    loose = (WRITE, duty("ship", Selector("k8s", ("deploy",))))

    assert found(tmp_path, body(READ, SHORT), anywhere, duties=loose) == []


def test_a_rule_about_one_duty_is_broken_everywhere(tmp_path: Path) -> None:
    one = rule(duties=("write",), count=1)
    told = "R1-01:\n  hit:\n    - ann: [gh push o/web]\n  miss:\n    - ann: [gh pull o/web]\n"

    assert found(tmp_path, f"{told}      differs: right\n", one) == []


def test_a_rule_without_hits_or_misses_or_cases_is_told(tmp_path: Path) -> None:
    twice = (rule(), rule("R1-02"))

    assert found(tmp_path, f"R1-01:\n  hit:\n{HIT}", *twice) == [
        "R1-01 has no case that must be missed",
        "R1-02 has no case that must be hit",
    ]
    assert [p.text for p in examine(ruleset(*twice), None).problems] == [
        "R1-01 has no cases: there is no file of cases",
        "R1-02 has no cases: there is no file of cases",
    ]


def test_a_case_that_does_not_come_out_is_a_problem_with_its_line(tmp_path: Path) -> None:
    wrong = body(WEB, TEST, READ, SHORT.replace("[k8s", "[gh push o/pay-api, k8s"))

    told = examine(ruleset(rule()), cases(tmp_path, wrong))

    assert "small.cases.yaml:26: R1-01 ann: expected miss, found hit at pay" in [
        str(problem) for problem in told.problems
    ]
    assert told.rows()[0]["failed"] == 1


def test_kinds_and_verdicts_are_counted(tmp_path: Path) -> None:
    count = counting(RuleKind.MAX_HOLDERS, 1, "ship", rule_id="R1-02")
    more = (
        "R1-02:\n  hit:\n    - ann: [k8s deploy pay]\n      bob: [k8s deploy pay]\n"
        "      at: pay\n  miss:\n    - ann: [k8s deploy pay]\n      differs: count\n"
    )

    told = examine(ruleset(rule(), count), cases(tmp_path, body(WEB, READ) + more))

    usual = {"gated": 0, "mitigated": 0, "not-evaluable": 0}
    assert matrix_rows((told,)) == [
        {"kind": "combination", "hit": 1, "miss": 2, **usual},
        {"kind": "max-holders", "hit": 1, "miss": 1, **usual},
    ]


@pytest.mark.parametrize(
    ("hit", "miss", "differs"),
    [
        ("ann: [gh a x, gh b x]", "bob: [gh b x, gh a x]", set()),
        ("ann: [gh a x]", "ann: [gh b x]", {"action"}),
        ("ann: [gh a x]", "ann: [gh a y]", {"resource"}),
        ("ann: [gh a x]", "ann: [k8s a y]", {"system", "resource"}),
        ("ann: [gh a x, gh b x]", "ann: [gh a x]", {"a right less"}),
        ("ann: [gh a x]", "ann: [gh a x, gh b x]", {"a right more"}),
        ("ann: [gh a x]", "ann: [gh a x eligible]", {"eligible"}),
        ("ann: [gh a x]", "ann: {title: Dev, rights: [gh a x]}", {"title"}),
        ("ann: [gh a x]", "ann: [gh a x]\n      bob: [gh b x]", {"people"}),
        ("ann: [gh a x, gh b x]", "ann: [gh a y, gh b y]", None),
        ("ann: [gh a x]", "ann: {title: Dev, rights: [gh b x]}", None),
        ("ann: [gh a x]", "ann: {title: Dev, class: vendor, rights: [gh a x]}", None),
        ("ann: [gh a x]\n      bob: [gh a x]", "ann: [gh b x]\n      bob: [gh b x]", None),
        ("ann: [gh a x]", "ann: [gh a x]\n      bob: []\n      cat: []", None),
        ("ann: [gh a x]", "ann: [gh a x]\n      exists: [gh b x]", None),
    ],
)
def test_one_fact_is_one_right_one_attribute_or_one_person(
    tmp_path: Path, hit: str, miss: str, differs: set[str] | None
) -> None:
    told = f"R1-01:\n  hit:\n    - {hit}\n  miss:\n    - {miss}\n      differs: right\n"
    one, other = cases(tmp_path, told).cases

    assert one_fact(other, one) == (None if differs is None else frozenset(differs))
