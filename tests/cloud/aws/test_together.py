"""Rule A27: what works on several resources at once is allowed where all of them are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import decide
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.patterns import decide_any
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import (
    CONDITIONAL,
    FILE,
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
KIND, PROMPTS = "arn:*:ec2:*:*", "arn:*:bedrock:*:*:prompt/*"
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

    assert "ec2:AttachVolume needs arn:*:ec2:*:*:volume/* too, where it is not allowed" in notes
    assert "ec2:AttachVolume is allowed on arn:*:ec2:*:*:volume/*, which it needs too" in conditions


#: Of an answer about some resource, what else the request needs, and whether it has it.
BESIDE = (
    ("both, and asked of one", f"; it is allowed on {KIND}:instance/*, which it needs too"),
    ("the other under a condition",
     f"; it is allowed, perhaps under conditions, on {KIND}:volume/*, which it needs too"),
    ("one alone, where one may stand in for the other",
     f"; it was not found to be allowed on {PROMPTS}:*"),
    ("one alone under a condition, where it may",
     f"; it was not found to be allowed on {PROMPTS}:*"),
)  # fmt: skip


@pytest.mark.parametrize(("title", "said"), BESIDE, ids=[title for title, _ in BESIDE])
def test_whether_the_others_are_allowed_is_said(title: str, said: str) -> None:
    case = next(each for each in CASES if each.title == title)
    action = "bedrock:DeletePrompt" if case.action == DELETE else "ec2:AttachVolume"
    (note,) = [each for each in found(case)[2] if "several resources" in each]

    assert note.startswith(f"{action} works on several resources at once; this is the answer for ")
    assert note.endswith(said)
    assert note.count(KIND) + note.count(PROMPTS) == 1


@pytest.mark.parametrize(
    ("action", "resource", "others"),
    [
        (ATTACH, f"{EC2}:volume/v", f"{KIND}:instance/*"),
        ("EC2:attachvolume", f"{EC2}:instance/i", f"{KIND}:volume/*"),
        (ATTACH, "arn:aws:s3:::b", f"{KIND}:instance/* and {KIND}:volume/*"),
        (DELETE, PROMPT, f"{PROMPTS}:*"),
        (DELETE, f"{PROMPT}:2", PROMPTS),
    ],
)
@pytest.mark.parametrize("allowed", [YES, NO])
def test_a_question_about_one_resource_says_what_was_not_looked_at(
    action: str, resource: str, others: str, allowed: Answer
) -> None:
    caller = login(allow(action if allowed is YES else "s3:*", resource))
    estate = Estate({caller.arn: caller}, read_services=frozenset({"ec2"}))

    decision = decide(estate, caller, action, resource, Context(), catalogue=Small())

    name = "bedrock:DeletePrompt" if action == DELETE else "ec2:AttachVolume"
    assert decision.answer is allowed
    assert decision.notes[0] == (
        f"{name} works on several resources at once; this is the answer for {resource}; whether it "
        f"is allowed on {others}, which it needs too, was not looked at"
    )


def test_what_works_on_one_resource_has_no_such_note() -> None:
    caller = login(allow("*"))
    estate = Estate({caller.arn: caller}, read_services=frozenset({"s3"}))

    decision = decide(estate, caller, "s3:GetObject", FILE, Context(), catalogue=Small())

    assert decision.answer is YES
    assert not any("several" in each for each in decision.notes)


def test_the_published_catalogue_says_what_a_start_of_machines_needs() -> None:
    needed = Published().needed_by("ec2:RunInstances")

    kinds = {arn.rpartition(":")[2].partition("/")[0] for arn in needed}
    assert {"image", "instance", "network-interface", "security-group", "subnet"} <= kinds
    assert Published().needed_by("s3:GetObject") == ()
