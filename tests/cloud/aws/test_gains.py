"""What one's own denies take from what one can give oneself, and who can take them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.gains import ANY_POLICY, OwnDenies, has_all, strengthened
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import CONDITIONAL, MFA, ONE, allow, deny, policy
from tests.cloud.aws.test_escalation import (
    ANN,
    ASSUME,
    ATTACH,
    account,
    arn,
    group,
    login,
    managed,
    role,
)

NOBODY = Details({}, {}, {}, {}, frozenset(), ())
GOAL, VAULT = "s3:DeleteBucket", "arn:aws:s3:::vault"
#: Whatever is gained, this stays denied.
KEPT = deny(GOAL)
DETACH, DELETE, PUT = "iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:PutUserPolicy"
LEAVE, RENEW = "iam:RemoveUserFromGroup", "iam:CreatePolicyVersion"
LIMIT = {"PolicyArn": arn("policy/limit")}
THEIRS = {"PolicyArn": "arn:aws:iam::aws:policy/Limit"}
#: Leaves nothing but the one change that gives any policy.
ALL_ELSE = {"Effect": "Deny", "NotAction": [ATTACH], "Resource": "*"}


def own(*names: str, on: str = ANN) -> dict[str, Any]:
    return allow(list(names), on)


def of_aws(*statements: dict[str, Any]) -> dict[str, Any]:
    return {**managed("x", *statements), "Arn": THEIRS["PolicyArn"]}


#: By how many changes ann can do what her own policies deny; None is never.
CASES: dict[str, tuple[int | None, Sequence[dict[str, Any]]]] = {
    "nothing denies": (1, [login("ann", own(ATTACH))]),
    "with everything, one takes one's own deny away": (2, [login("ann", own(ATTACH), KEPT)]),
    "a deny that keeps itself": (None, [login("ann", own(ATTACH), ALL_ELSE)]),
    "a policy is written over": (1, [login("ann", own(PUT), KEPT)]),
    "one is given, the other one deleted": (1, [login("ann", own(ATTACH, DELETE), KEPT)]),
    "what denies is deleted with what it allows": (
        None, [login("ann", allow("s3:*"), own(DELETE), KEPT)]),
    "what denies is detached": (
        1, [login("ann", allow("s3:*"), own(DETACH), AttachedManagedPolicies=[LIMIT]),
            managed("limit", KEPT)]),
    "what denies is no policy of the login itself": (
        None, [login("ann", allow("s3:*"), own(DELETE), AttachedManagedPolicies=[LIMIT]),
               managed("limit", KEPT)]),
    "what denies is renewed": (
        1, [login("ann", allow("s3:*"), allow(RENEW, LIMIT["PolicyArn"]),
                  AttachedManagedPolicies=[LIMIT]),
            managed("limit", KEPT)]),
    "what AWS made is not renewed": (
        None, [login("ann", allow("s3:*"), allow(RENEW), AttachedManagedPolicies=[THEIRS]),
               of_aws(KEPT)]),
    "what AWS made is detached": (
        1, [login("ann", allow("s3:*"), own(DETACH), AttachedManagedPolicies=[THEIRS]),
            of_aws(KEPT)]),
    "a group is left": (
        1, [login("ann", allow("s3:*"), own(LEAVE, on=arn("group/g")), GroupList=["g"]),
            group("g", KEPT)]),
    "a group stays": (
        None, [login("ann", allow("s3:*"), own(LEAVE, on=arn("group/h")), GroupList=["g"]),
               group("g", KEPT)]),
    "a group's own policy is deleted": (
        1, [login("ann", allow("s3:*"), own("iam:DeleteGroupPolicy", on=arn("group/g")),
                  GroupList=["g"]),
            group("g", KEPT)]),
    "a policy is detached from a group": (
        1, [login("ann", allow("s3:*"), own("iam:DetachGroupPolicy", on=arn("group/g")),
                  GroupList=["g"]),
            {**group("g"), "AttachedManagedPolicies": [LIMIT]}, managed("limit", KEPT)]),
    "a group's policy is not that of the login": (
        None, [login("ann", allow("s3:*"), own(DETACH), GroupList=["g"]),
               {**group("g"), "AttachedManagedPolicies": [LIMIT]}, managed("limit", KEPT)]),
    "one policy twice, and both are taken away": (
        1, [login("ann", allow("s3:*"), own(DETACH), own(LEAVE, on=arn("group/g")),
                  GroupList=["g"], AttachedManagedPolicies=[LIMIT]),
            {**group("g"), "AttachedManagedPolicies": [LIMIT]}, managed("limit", KEPT)]),
    "one policy twice, and one of them stays": (
        None, [login("ann", allow("s3:*"), own(DETACH), GroupList=["g"],
                     AttachedManagedPolicies=[LIMIT]),
               {**group("g"), "AttachedManagedPolicies": [LIMIT]}, managed("limit", KEPT)]),
    "one policy twice, and the other one stays": (
        None, [login("ann", allow("s3:*"), own(LEAVE, on=arn("group/g")), GroupList=["g"],
                     AttachedManagedPolicies=[LIMIT]),
               {**group("g"), "AttachedManagedPolicies": [LIMIT]}, managed("limit", KEPT)]),
    "two policies, and one of them stays": (
        None, [login("ann", allow("s3:*"), own(DETACH), KEPT, AttachedManagedPolicies=[LIMIT]),
               managed("limit", KEPT)]),
    "a role's own policy is deleted": (
        1, [login("ann", allow([ASSUME, "iam:DeleteRolePolicy"])),
            role("r", {"AWS": ANN}, KEPT, AttachedManagedPolicies=[LIMIT]),
            managed("limit", allow("s3:*"))]),
    "a policy is detached from a role": (
        1, [login("ann", allow([ASSUME, "iam:DetachRolePolicy"])),
            role("r", {"AWS": ANN}, allow("s3:*"), AttachedManagedPolicies=[LIMIT]),
            managed("limit", KEPT)]),
    "a boundary goes too": (
        2, [login("ann", allow("iam:*"), KEPT,
                  PermissionsBoundary={"PermissionsBoundaryArn": LIMIT["PolicyArn"]}),
            managed("limit", allow("iam:*"))]),
    "a joined group denies": (
        None, [login("ann", own("iam:AddUserToGroup", on=arn("group/g"))),
               group("g", allow("s3:*"), KEPT)]),
    "a joined group denies what one's own policy denied": (
        None, [login("ann", own("iam:AddUserToGroup", on=arn("group/g")),
                     AttachedManagedPolicies=[LIMIT]),
               {**group("g", allow("s3:*"), own(DETACH)), "AttachedManagedPolicies": [THEIRS]},
               managed("limit", KEPT), of_aws(KEPT)]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_own_denies_stay_until_they_are_taken_away(name: str) -> None:
    expected, records = CASES[name]
    asked = account(*records)
    assert asked.problems == ()

    found = [
        changes
        for changes in range(4)
        if asked.who_can(GOAL, VAULT, max_changes=changes).get(ANN, _NO).answer is aws.Answer.YES
    ]

    assert found == ([] if expected is None else list(range(expected, 4)))


_NO = aws.load([("account.json", {"UserDetailList": [login("no")], "GroupDetailList": [],
                                  "RoleDetailList": [], "Policies": []})]).decide(
    arn("user/no"), GOAL, VAULT
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_was_gained_is_told_by_its_words_alone(name: str) -> None:
    """A principal is made anew from what it gained, which is all that is stored of it."""
    asked = account(*CASES[name][1])
    details = asked.details

    for reached in asked.reach(ANN, max_changes=3, at_least=CONDITIONAL):
        itself = details.principals[reached.principal.arn]
        made = strengthened(details, itself, reached.gained)
        assert made.boundary == reached.principal.boundary
        assert sorted(map(str, made.policies)) == sorted(map(str, reached.principal.policies))


def test_a_deny_that_goes_under_a_condition_is_gone_under_it() -> None:
    asked = account(
        login("ann", allow("s3:*"), allow(DETACH, ANN, when=MFA), AttachedManagedPolicies=[LIMIT]),
        managed("limit", KEPT),
    )

    assert ANN not in asked.who_can(GOAL, VAULT, max_changes=0)
    assert asked.who_can(GOAL, VAULT, max_changes=1)[ANN].answer is CONDITIONAL


def test_a_move_names_every_action_that_takes_denies_away() -> None:
    asked = account(
        login("ann", own(DETACH, DELETE), KEPT, AttachedManagedPolicies=[LIMIT]),
        managed("limit", KEPT),
    )

    (reached,) = [each for each in asked.reach(ANN, max_changes=1) if each.gained]

    assert reached.gained == ("no denies of its own",)
    assert reached.moves[0].how == (DELETE, DETACH)
    assert [each.answer for each in reached.moves[0].decisions] == [aws.Answer.YES] * 2
    assert OwnDenies(asked.details).ways(reached.principal) == ()


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        ((), True),
        ((policy(allow("s3:*")),), True),
        ((policy(KEPT),), False),
        ((Policy.missing("gone"),), False),
    ],
)
def test_only_what_surely_denies_nothing_leaves_everything(
    further: tuple[Policy, ...], *, expected: bool
) -> None:
    made = strengthened(NOBODY, Principal(ANN, ONE, Kind.LOGIN, policies=further), [ANY_POLICY])

    assert has_all(made) is expected
    assert not has_all(replace(made, boundary=policy(allow("*"))))


def test_a_document_without_denies_has_none_to_take_away() -> None:
    asked = account(login("ann", allow("*")))

    assert OwnDenies(asked.details).ways(asked.details.principals[ANN]) == ()
