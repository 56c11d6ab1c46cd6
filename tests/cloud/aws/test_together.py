"""Rule A27: what works on several resources at once is allowed where all of them are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.patterns import decide_any
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import (
    CONDITIONAL,
    MFA,
    NO,
    ONE,
    UNKNOWN,
    YES,
    Small,
    allow,
    deny,
    login,
    organisation,
    policy,
)

EC2 = f"arn:aws:ec2:eu-west-1:{ONE}"
INSTANCES, VOLUMES = f"{EC2}:instance/*", f"{EC2}:volume/*"
ALL_VOLUMES = f"arn:aws:ec2:*:{ONE}:volume/*"
ATTACH, DELETE = "ec2:AttachVolume", "bedrock:DeletePrompt"
PROMPT = f"arn:aws:bedrock:eu-west-1:{ONE}:prompt/a"
FULL = policy(allow("*"), name="full")
NO_VOLUMES = policy(allow("*"), deny(ATTACH, ALL_VOLUMES), name="no volumes")


@dataclass(frozen=True)
class Case:
    title: str
    expected: Answer
    caller: Principal
    resources: tuple[str, ...] = ("*",)
    action: str = ATTACH
    accounts: Mapping[str, Account] = field(default_factory=dict)


CASES = (
    Case("both, by one statement", YES, login(allow(ATTACH))),
    Case("both, by two", YES, login(allow(ATTACH, INSTANCES), allow(ATTACH, VOLUMES))),
    Case("one alone", NO, login(allow(ATTACH, INSTANCES))),
    Case("one alone, and asked of the other", NO, login(allow(ATTACH, INSTANCES)), (VOLUMES,)),
    Case("both, and asked of one", YES, login(allow(ATTACH)), (VOLUMES,)),
    Case("the other denied", NO, login(allow(ATTACH), deny(ATTACH, ALL_VOLUMES))),
    Case("the other denied in one region", YES, login(allow(ATTACH), deny(ATTACH, VOLUMES))),
    Case("one of the other denied", YES, login(allow(ATTACH), deny(ATTACH, f"{EC2}:volume/a"))),
    Case("the other under a condition", CONDITIONAL,
         login(allow(ATTACH, INSTANCES), allow(ATTACH, VOLUMES, when=MFA))),
    Case("the other limited by the organisation", NO, login(allow(ATTACH)),
         accounts=organisation(Level("root", (FULL,)), Level("team", (NO_VOLUMES,)))),
    Case("the other limited by a boundary", NO,
         login(allow(ATTACH), boundary=policy(allow(ATTACH, INSTANCES), name="boundary"))),
    Case("one alone, where one may stand in for the other", CONDITIONAL,
         login(allow(DELETE, PROMPT)), action=DELETE),
    Case("one alone under a condition, where it may", CONDITIONAL,
         login(allow(DELETE, PROMPT, when=MFA)), action=DELETE),
    Case("none", NO, login(allow("s3:*"))),
)  # fmt: skip


def found(case: Case) -> tuple[Answer, tuple[str, ...], tuple[str, ...]]:
    estate = Estate({case.caller.arn: case.caller}, case.accounts, read_services=frozenset({"ec2"}))
    decision = decide_any(
        estate, case.caller, [case.action], case.resources, Context(), catalogue=Small()
    ).decision
    return decision.answer, decision.conditions, decision.notes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_all_that_a_request_needs_must_be_allowed(case: Case) -> None:
    answer, conditions, _ = found(case)

    assert answer is case.expected
    assert answer is not UNKNOWN
    if answer is CONDITIONAL:
        assert conditions


def test_half_of_the_cases_are_no_or_conditional() -> None:
    assert 2 * sum(case.expected is not YES for case in CASES) >= len(CASES) >= 6


def test_what_else_is_needed_is_named() -> None:
    _, _, notes = found(next(each for each in CASES if each.title == "one alone"))
    _, conditions, _ = found(
        next(each for each in CASES if each.title == "the other under a condition")
    )

    assert "ec2:attachvolume needs arn:*:ec2:*:*:volume/* too, where it is not allowed" in notes
    assert any("volume/*, which it needs too" in each for each in conditions)


def test_the_published_catalogue_says_what_a_start_of_machines_needs() -> None:
    needed = Published().needed_by("ec2:RunInstances")

    kinds = {arn.rpartition(":")[2].partition("/")[0] for arn in needed}
    assert {"image", "instance", "network-interface", "security-group", "subnet"} <= kinds
    assert Published().needed_by("s3:GetObject") == ()
