"""Whom one can become, what one can give oneself, and in how many changes that build on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sod_analyzer.cloud.aws import escalation
from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.launches import LAUNCHES
from sod_analyzer.cloud.aws.tags import TAG
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import CONDITIONAL, MFA, ONE, TWO, YES, allow, deny

ASSUME = "sts:AssumeRole"
FULL = allow("*")
LIMIT = f"arn:aws:iam::{ONE}:policy/limit"


def arn(name: str, account: str = ONE) -> str:
    return f"arn:aws:iam::{account}:{name}"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def login(name: str, *statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}]
    named = {"UserName": name, "Arn": arn(f"user/{name}"), "Tags": []}
    return {**named, "UserPolicyList": inline, **more}


def role(name: str, trusts: Any, *statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A role; `trusts` is a principal of its trust policy."""
    path = more.get("Path", "/")
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}]
    return {
        "RoleName": name,
        "Arn": arn(f"role{path}{name}"),
        "AssumeRolePolicyDocument": document(allow(ASSUME, None, to=trusts)),
        "RolePolicyList": inline,
        "Tags": [],
        **more,
    }


def group(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}]
    return {"GroupName": name, "Arn": arn(f"group/{name}"), "GroupPolicyList": inline}


def managed(name: str, *statements: dict[str, Any], **older: dict[str, Any]) -> dict[str, Any]:
    """A policy with the version in force, and older ones of one statement each."""
    versions = [{"VersionId": "v9", "IsDefaultVersion": True, "Document": document(*statements)}]
    for number, statement in older.items():
        versions.append(
            {"VersionId": number, "IsDefaultVersion": False, "Document": document(statement)}
        )
    return {"Arn": arn(f"policy/{name}"), "DefaultVersionId": "v9", "PolicyVersionList": versions}


def account(*records: dict[str, Any]) -> aws.Aws:
    export: dict[str, list[Any]] = {
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []
    }  # fmt: skip
    kinds = {"user": 0, "group": 1, "role": 2, "policy": 3}
    for record in records:
        kind = record["Arn"].split(":", 5)[5].partition("/")[0]
        export[list(export)[kinds[kind]]].append(record)
    return aws.load([("account.json", export)])


def changes_to_rule(
    asked: aws.Aws, start: str, most: int = 3, at_least: aws.Answer = CONDITIONAL
) -> int | None:
    """The fewest changes after which everything in the account can be done; None if never."""
    for reached in asked.reach(start, max_changes=most, at_least=at_least):
        mine = reached.principal
        if mine.boundary is None and any(
            "*" in statement.actions.texts and statement.allows
            for policy in mine.policies
            for statement in policy.statements
        ):
            return reached.changes
    return None


ANN, BEN, CAT = arn("user/ann"), arn("user/ben"), arn("user/cat")
KEY, ATTACH = "iam:CreateAccessKey", "iam:AttachUserPolicy"
LAMBDA = {"Service": "lambda.amazonaws.com"}
EC2 = {"Service": "ec2.amazonaws.com"}
#: Two changes, of which the second can only be made after the first.
CHAINS: dict[str, Sequence[dict[str, Any]]] = {
    "a key of one who can strengthen itself": (
        login("ann", allow(KEY, BEN)), login("ben", allow(ATTACH, BEN))),
    "a key of one who has a key of one who rules": (
        login("ann", allow(KEY, BEN)), login("ben", allow(KEY, CAT)), login("cat", FULL)),
    "a password of one who can change trust": (
        login("ann", allow("iam:UpdateLoginProfile", BEN)),
        login("ben", allow("iam:UpdateAssumeRolePolicy", arn("role/top"))),
        role("top", {"AWS": TWO}, FULL)),
    "a group whose members strengthen themselves": (
        login("ann", allow("iam:AddUserToGroup", arn("group/g"))),
        group("g", allow("iam:PutUserPolicy", ANN))),
    "a function that runs as one who can strengthen the group": (
        login("ann", allow(["iam:PassRole", "lambda:*"]), GroupList=["g"]),
        role("job", LAMBDA, allow("iam:PutGroupPolicy", arn("group/g"))),
        group("g"),
        role("job2", LAMBDA, allow("iam:PutRolePolicy", arn("role/job2")))),
    "trust, and then a policy of the role": (
        login("ann", allow("iam:UpdateAssumeRolePolicy", arn("role/r"))),
        role("r", {"AWS": TWO}, allow("iam:PutRolePolicy", arn("role/r")))),
    "a boundary that goes, and then a policy": (
        login("ann", allow(["iam:DeleteUserPermissionsBoundary", ATTACH], ANN),
              PermissionsBoundary={"PermissionsBoundaryArn": LIMIT}),
        managed("limit", allow("iam:DeleteUserPermissionsBoundary"))),
    "an instance that runs as one with a key": (
        login("ann", allow(["iam:PassRole", "ec2:RunInstances"])),
        role("box", EC2, allow(KEY, CAT)), login("cat", FULL)),
    "a role one may assume, whose key is of one who changes versions": (
        login("ann", allow(ASSUME, arn("role/r"))),
        role("r", {"AWS": ANN}, allow(KEY, BEN)),
        login("ben", allow("iam:CreatePolicyVersion", arn("policy/p")),
              AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("s3:ListBucket"))),
    "a key, and then a role that trusts its login and can be changed by it": (
        login("ann", allow(KEY, BEN)),
        login("ben", allow("iam:AttachRolePolicy", arn("role/r"))),
        role("r", {"AWS": BEN}, allow("s3:ListBucket"))),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_changes_that_build_on_each_other_are_counted(name: str) -> None:
    asked = account(*CHAINS[name])

    assert asked.problems == ()
    assert changes_to_rule(asked, ANN) == 2
    assert changes_to_rule(asked, ANN, most=1) is None
    for reached in asked.reach(ANN, max_changes=3):
        assert sum(move.changes for move in reached.moves) == reached.changes


SIDE_BY_SIDE: dict[str, Sequence[dict[str, Any]]] = {
    "a policy of another, and a key of it": (
        login("ann", allow([KEY, ATTACH], BEN)), login("ben")),
    "a policy of a role, and its trust": (
        login("ann", allow(["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"])),
        role("r", {"AWS": TWO})),
    "a version of a policy of a role that is assumed": (
        login("ann", allow(["iam:CreatePolicyVersion", ASSUME])),
        role("r", {"AWS": ANN}, AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("s3:ListBucket"))),
    "an older version of one's own policy": (
        login("ann", AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("iam:SetDefaultPolicyVersion", arn("policy/p")), v3=FULL)),
    "an older version of a policy of a role that is assumed": (
        login("ann", allow([ASSUME, "iam:SetDefaultPolicyVersion"])),
        role("r", {"AWS": ANN}, AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("s3:ListBucket"), v1=allow("s3:*"), v2=FULL)),
    "a role that is passed to a new function": (
        login("ann", allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])),
        role("r", LAMBDA, FULL)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SIDE_BY_SIDE))
def test_changes_side_by_side_are_one(name: str) -> None:
    asked = account(*SIDE_BY_SIDE[name])

    assert changes_to_rule(asked, ANN) == 1
    assert changes_to_rule(asked, ANN, most=0) is None


CLEAN: dict[str, Sequence[dict[str, Any]]] = {
    "reads everything": (login("ann", allow(["*:Get*", "*:List*"])), login("cat", FULL)),
    "may take keys of others only": (
        login("ann", allow(KEY, arn("user/other"))), login("cat", FULL)),
    "is denied": (login("ann", allow("iam:*", CAT), deny("iam:*")), login("cat", FULL)),
    "may assume what does not trust it": (
        login("ann", allow(ASSUME)), role("r", {"AWS": TWO}, FULL)),
    "is trusted by its account and may not assume": (login("ann"), role("r", {"AWS": ONE}, FULL)),
    "passes a role to a service that it does not trust": (
        login("ann", allow(["iam:PassRole", "lambda:*"])), role("r", EC2, FULL)),
    "passes a role to one service and starts another": (
        login("ann", allow("iam:PassRole", when={"StringEquals": {
            "iam:PassedToService": "ec2.amazonaws.com"}}),
              allow(["lambda:CreateFunction", "lambda:InvokeFunction"])),
        role("r", LAMBDA, FULL)),
    "starts functions and passes no role": (
        login("ann", allow(["lambda:CreateFunction", "lambda:InvokeFunction"])),
        role("r", LAMBDA, FULL)),
    "changes policies that it does not have": (
        login("ann", allow("iam:CreatePolicyVersion")), managed("p", allow("s3:ListBucket"))),
    "changes a role that is reserved": (
        login("ann", allow(["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"])),
        role("r", {"AWS": TWO}, FULL, Path="/aws-reserved/x/")),
    "strengthens itself within a boundary that stays": (
        login("ann", allow(ATTACH, ANN), PermissionsBoundary={"PermissionsBoundaryArn": LIMIT}),
        managed("limit", allow("iam:AttachUserPolicy"))),
    "puts versions in force that give no more": (
        login("ann", allow("iam:SetDefaultPolicyVersion"),
              AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("s3:ListBucket"), v1=allow("s3:*"))),
    "has an older version and may not put it in force": (
        login("ann", AttachedManagedPolicies=[{"PolicyArn": arn("policy/p")}]),
        managed("p", allow("s3:ListBucket"), v1=FULL)),
    "changes versions of what AWS made": (
        login("ann", allow("iam:CreatePolicyVersion"), AttachedManagedPolicies=[
            {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnly"}]),
        {**managed("x", allow("s3:ListBucket")), "Arn": "arn:aws:iam::aws:policy/ReadOnly"}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_an_account_without_a_path_has_none(name: str) -> None:
    assert changes_to_rule(account(*CLEAN[name]), ANN) is None


def test_moves_say_who_does_what_by_which_statement() -> None:
    asked = account(*CHAINS["a key of one who can strengthen itself"])

    [top] = [each for each in asked.reach(ANN, max_changes=2) if each.changes == 2]

    assert [(move.who, move.how, move.whom) for move in top.moves] == [
        (ANN, (KEY,), BEN),
        (BEN, (ATTACH,), BEN),
    ]
    assert top.answer is YES
    assert top.gained == ("any policy",)
    assert [str(decision.statement) for move in top.moves for decision in move.decisions] == [
        f"{ANN}: own: statement 1",
        f"{BEN}: own: statement 1",
    ]


def test_what_depends_on_a_condition_is_conditional_and_left_out_of_what_is_sure() -> None:
    asked = account(login("ann", allow(KEY, CAT, when=MFA)), login("cat", FULL))

    [other] = [each for each in asked.reach(ANN) if each.principal.arn == CAT]

    assert other.answer is CONDITIONAL
    assert other.moves[0].open == ("aws:MultiFactorAuthPresent Bool true",)
    assert changes_to_rule(asked, ANN, at_least=YES) is None


def test_a_sure_way_is_told_beside_a_shorter_one_under_a_condition() -> None:
    asked = account(
        login("ann", allow(ASSUME, arn("role/top"), when=MFA), allow(KEY, BEN)),
        login("ben", allow(ASSUME, arn("role/top"))),
        role("top", {"AWS": ONE}, FULL),
    )

    reached = [each for each in asked.reach(ANN) if each.principal.arn == arn("role/top")]

    as_it_is = [(each.changes, each.answer) for each in reached if not each.gained]
    assert as_it_is == [(0, CONDITIONAL), (1, YES)]
    found = asked.who_can("ec2:RunInstances", "*", max_changes=1)[ANN]
    assert found.answer is YES
    assert asked.who_can("ec2:RunInstances", "*", max_changes=0)[ANN].answer is CONDITIONAL


def test_a_sure_way_is_not_hidden_by_one_of_as_many_changes_under_a_condition() -> None:
    asked = account(
        login("ann", allow(KEY, BEN, when=MFA), allow("iam:UpdateLoginProfile", CAT)),
        login("ben", allow(ASSUME, arn("role/top"))),
        login("cat", allow(ASSUME, arn("role/top"))),
        role("top", {"AWS": ONE}, FULL),
    )

    top = [each for each in asked.reach(ANN) if each.principal.arn == arn("role/top")]

    assert [(each.changes, each.answer) for each in top] == [(1, YES)]


def test_of_roles_side_by_side_those_that_trust_the_service_are_had() -> None:
    asked = account(
        login("ann", allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])),
        role("job", LAMBDA),
        role("box", EC2),
    )

    had = {each.principal.arn for each in asked.reach(ANN) if each.changes}

    assert had == {arn("role/job")}


def test_what_runs_already_may_run_as_any_role_that_trusts_its_service() -> None:
    asked = account(login("ann", allow("lambda:UpdateFunctionCode")), role("r", LAMBDA, FULL))

    assert changes_to_rule(asked, ANN) == 1
    assert changes_to_rule(asked, ANN, at_least=YES) is None
    [other] = [each for each in asked.reach(ANN) if each.changes]
    assert other.moves[0].open == (f"something of lambda.amazonaws.com runs as {arn('role/r')}",)


def test_every_method_names_actions_that_there_are() -> None:
    methods = {
        *escalation._INTO_LOGIN,
        *escalation._STRENGTHEN_GROUP,
        *(name for names in escalation._STRENGTHEN.values() for name in names),
        *(name for names in escalation._UNBIND.values() for name in names),
        *(name for names in TAG.values() for name in names),
        *(name for launch in LAUNCHES for name in launch.actions),
        "iam:AddUserToGroup",
        "iam:CreatePolicyVersion",
        "iam:PassRole",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        ASSUME,
    }

    assert [name for name in sorted(methods) if Published().arns_of(name) is None] == []


TRUSTED = (
    "*", ONE, TWO, arn("root"), ANN, BEN, arn("role/team/r0"), arn("role/r0"), "AIDAANN", "AROAOLD",
    f"arn:aws:sts::{ONE}:assumed-role/r0/s", f"arn:aws:sts::{ONE}:assumed-role/other/s",
)  # fmt: skip


@pytest.mark.parametrize("negated", [False, True])
def test_every_role_that_may_be_assumed_is_found_whoever_it_names(*, negated: bool) -> None:
    everyone = allow(ASSUME)
    records = [
        login("ann", everyone, UserId="AIDAANN"),
        login("ben", everyone),
        role("r0", {"AWS": TWO}, everyone, Path="/team/"),
    ]
    for number, name in enumerate(TRUSTED, 1):
        made = role(f"r{number}", {"AWS": name}, everyone)
        if negated:
            statement = allow(ASSUME, None, NotPrincipal={"AWS": name})
            made["AssumeRolePolicyDocument"] = document(statement)
        records.append(made)
    asked = account(*records)
    roles = [each for each in asked.estate.principals if ":role/" in each]

    for start in asked.estate.principals:
        reached = [each for each in asked.reach(start, max_changes=0) if each.moves]
        may = {
            target
            for target in roles
            if target != start and asked.decide(start, ASSUME, target).answer >= CONDITIONAL
        }
        assert may <= {each.principal.arn for each in reached}, start
        assert {each.moves[0].whom for each in reached} <= may, start


TEAM = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
READ = "s3:GetObject"
BOOK = "arn:aws:s3:::books/b"
TAG_ANN = allow("iam:TagUser", ANN)
OWN_FOLDER = allow(READ, "arn:aws:s3:::books/${aws:PrincipalTag/team}")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((login("ann", TAG_ANN, allow(READ, when=TEAM)),), CONDITIONAL),
        ((login("ann", TAG_ANN, OWN_FOLDER),), CONDITIONAL),
        ((login("ann", allow("iam:UntagUser", ANN), deny("s3:*", when=TEAM), allow(READ),
                Tags=[{"Key": "team", "Value": "ops"}]),), CONDITIONAL),
        ((login("ann", allow("iam:TagUser", ANN, when=MFA), allow(READ, when=TEAM)),), CONDITIONAL),
        ((login("ann", allow(READ, when=TEAM)),), None),
        ((login("ann", allow("iam:TagUser", BEN), allow(READ, when=TEAM)),), None),
        ((login("ann", TAG_ANN, deny("iam:TagUser"), allow(READ, when=TEAM)),), None),
        ((login("ann", TAG_ANN, allow(READ, when={"StringEquals": {"aws:username": "x"}})),), None),
        ((login("ann", allow(KEY, BEN)),
          login("ben", allow("iam:TagUser", BEN), allow(READ, when=TEAM))), None),
        ((login("ann", allow([KEY, "iam:TagUser"], BEN)), login("ben", allow(READ, when=TEAM))),
         CONDITIONAL),
        ((login("ann", allow(ASSUME), allow("iam:TagRole", arn("role/r"))),
          role("r", {"AWS": ANN}, allow(READ, when=TEAM))), CONDITIONAL),
    ],
)  # fmt: skip
def test_whoever_changes_a_tag_has_what_policies_give_by_tags(
    records: tuple[dict[str, Any], ...], expected: aws.Answer | None
) -> None:
    asked = account(*records)
    held, could = (asked.who_can(READ, BOOK, max_changes=most) for most in (0, 1))

    assert ANN not in held
    found = could.get(ANN)
    assert (None if found is None else found.answer) == expected


def test_tags_are_no_gain_where_nothing_asks_for_them_or_sessions_have_any() -> None:
    trust = document(allow([ASSUME, "sts:TagSession"], None, to={"AWS": ANN}))
    any_session = role("r", {"AWS": ANN}, allow("iam:TagRole"), allow(READ, when=TEAM))
    asked = account(
        login("ann", TAG_ANN, allow(READ)),
        {**any_session, "AssumeRolePolicyDocument": trust},
    )
    alone = account(login("ann", TAG_ANN, allow(READ)))

    assert [each.gained for each in alone.reach(ANN)] == [()]
    assert {each.gained for each in asked.reach(arn("role/r"))} == {()}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        ([{"Key": "team", "Value": "x"}], None),
        ([{"Key": "team", "Value": "ops"}], YES),
        ([{"Key": "a", "Value": "b"}, "team"], CONDITIONAL),
        ([{"Value": "ops"}], CONDITIONAL),
        ({"team": "x"}, CONDITIONAL),
        (None, CONDITIONAL),
    ],
)
def test_tags_that_cannot_be_read_are_open(tags: object, expected: aws.Answer | None) -> None:
    asked = account(login("ann", allow(READ, when=TEAM), Tags=tags))

    found = asked.who_can(READ, BOOK).get(ANN)

    assert (None if found is None else found.answer) == expected


def test_a_change_of_tags_is_one_change_of_a_path() -> None:
    asked = account(login("ann", TAG_ANN, allow(KEY, BEN, when=TEAM)), login("ben", FULL))

    assert changes_to_rule(asked, ANN, most=1) is None
    assert changes_to_rule(asked, ANN, most=2) == 2
    assert changes_to_rule(asked, ANN, most=3, at_least=YES) is None
    tagged = next(each for each in asked.reach(ANN) if each.gained)
    assert (tagged.gained, tagged.moves[0].how) == (("any tags",), ("iam:TagUser",))
