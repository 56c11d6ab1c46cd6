"""How findings read: what belongs together, where, and who is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sod_analyzer.compose.sentences import headcount, sentence
from sod_analyzer.model.access import IdentityClass
from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, Subjects
from tests.world import rule

TITLES = {
    "commit": "Commit code",
    "deploy": "Deploy it",
    "pay": "Pay vendors or employees",
    "book": "Book payments",
}
DUTIES = {name: Duty(name, title, ()) for name, title in TITLES.items()}
COUNT = rule("R", "deploy", count=1)


def place(**further: Any) -> dict[str, Any]:
    return {"place_title": "Payments", "verdict": "violation", "reason": None, **further}


def told(the_rule: Rule, **further: Any) -> str:
    row = place(**further)
    return sentence(the_rule, DUTIES, "Ann", [row], row)


def counted(kind: RuleKind, *duties: str, **further: Any) -> str:
    the_rule = replace(rule("R", *duties, count=3), kind=kind)
    return headcount(the_rule, DUTIES, place(**further))


@pytest.mark.parametrize(
    ("the_rule", "said"),
    [
        (rule("R", "commit", "deploy"), "Ann can commit code and deploy it in Payments."),
        (
            rule("R", "pay", "book"),
            "Ann can pay vendors or employees, and also book payments, in Payments.",
        ),
        (
            rule("R", "commit", "pay", "book"),
            "Ann can commit code; pay vendors or employees; and book payments, in Payments.",
        ),
        (
            rule("R", "commit", "deploy", "book", count=2),
            "Ann can do 2 of these 3 in Payments: commit code; deploy it; book payments.",
        ),
    ],
)
def test_what_belongs_together_is_told_apart(the_rule: Rule, said: str) -> None:
    assert said == told(the_rule)


def test_what_is_for_some_only_says_who_should() -> None:
    only = replace(COUNT, kind=RuleKind.ONLY, allowed=Subjects(kinds=(IdentityClass.WORKLOAD,)))

    assert told(only) == "Ann can deploy it in Payments, and only workloads should."


def test_hours_are_said_when_nobody_can_say_whether_they_are_over() -> None:
    hours = replace(COUNT, kind=RuleKind.MAX_GRANT_HOURS, count=24)

    said = told(hours, verdict="not-evaluable", reason="its end is not known")

    assert said == (
        "Nobody can say whether Ann can deploy it in Payments for longer than 24 hours: "
        "its end is not known."
    )


def test_what_no_application_claims_is_no_place_to_be_in() -> None:
    said = told(COUNT, place_title="resources that no application claims")

    assert said == "Ann can deploy it on resources that no application claims."


@pytest.mark.parametrize(
    ("found", "people", "said"),
    [
        (1, "Ann", "1 person can deploy it in Payments, and at least 3 should. It is Ann."),
        (
            2,
            "Ann; Bo",
            "2 people can deploy it in Payments, and at least 3 should. They are Ann; Bo.",
        ),
        (0, None, "Nobody can deploy it in Payments, and at least 3 should."),
    ],
)
def test_those_who_can_are_not_read_as_those_who_should(
    found: int, people: str | None, said: str
) -> None:
    assert said == counted(RuleKind.MIN_HOLDERS, "deploy", found=found, people=people)


def test_the_smallest_team_is_named_with_its_duties() -> None:
    said = counted(RuleKind.MIN_PEOPLE, "commit", "deploy", found=1, people="Ann (commit, deploy)")

    assert said == (
        "1 person alone can commit code and deploy it in Payments, and it should take 3. "
        "It is Ann (commit, deploy)."
    )
