"""Ways to a right by two changes of one's own that one thing stops, and the same ways without it.

Each way is written twice: as it is stopped, where nobody may come to its end, and without what
stops it, where its start must. So whoever stays clean does so by that one thing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import aws_world as world
from tests.e2e.aws_world import allow, deny, document, login, of, role
from tests.e2e.shell import sod
from tests.e2e.test_aws import put, who
from tests.e2e.test_aws_chains import NOBODY, PUT, RULES, Record, boundary, key_of, managed

#: Each start, and what stops it.
STOPS = {
    "e1": "the role that is opened may not give itself a policy",
    "e2": "the role of the function may not open the other role",
    "e3": "the role that is passed may not make keys",
    "e4": "the group that is joined may not make keys",
    "e5": "the role that is passed to a machine may not set passwords",
    "e6": "the first change is denied",
    "e7": "the later change is denied",
    "e8": "the later change is denied to a role",
    "e9": "a boundary leaves out the first change",
    "e10": "a boundary leaves out the later change",
    "e11": "a boundary leaves out what the later change would allow",
    "e12": "the organisation denies the first change",
    "e13": "the organisation denies the later change",
    "e14": "the organisation denies the later change to a role",
    "e15": "what one gives oneself is denied by one's own policy, which one may not take away",
}
FUNCTION = f"arn:aws:lambda:eu-west-1:{world.PROD}:function:g2"
LAMBDA = {"Service": "lambda.amazonaws.com"}
ATTACH = "iam:AttachUserPolicy"
ALL_ELSE = {"Effect": "Deny", "NotAction": [ATTACH], "Resource": "*"}
OPEN = ["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"]


def own_policy(name: str) -> Record:
    return allow("iam:PutUserPolicy", of("user", name))


def logins(*, stopped: bool) -> list[Record]:
    """Starts, and whose keys they make."""

    def only(*statements: Record) -> list[Record]:
        return [*statements] if stopped else []

    def within(name: str) -> Record:
        return {"PermissionsBoundary": boundary(name)} if stopped else {}

    return [
        login("end", PUT),
        login("e1", allow(OPEN, of("role", "q1"))),
        login("e2", allow("lambda:UpdateFunctionCode", FUNCTION)),
        login("e3", allow("iam:PassRole", of("role", "q3")),
              allow(["lambda:CreateFunction", "lambda:InvokeFunction"])),
        login("e4", allow("iam:AddUserToGroup", of("group", "h4"))),
        login("e5", allow("sts:AssumeRole", of("role", "q5"))),
        login("e6", key_of("l6"), *only(deny("iam:*", of("user", "l6")))),
        login("l6", own_policy("l6")),
        login("e7", key_of("l7")),
        login("l7", own_policy("l7"), *only(deny("iam:Put*", of("user", "l7")))),
        login("e8", allow(OPEN, of("role", "q8"))),
        login("e9", key_of("l9"), **within("lists")),
        login("l9", own_policy("l9")),
        login("e10", key_of("l10")),
        login("l10", own_policy("l10"), **within("lists")),
        login("e11", key_of("l11")),
        login("l11", own_policy("l11"), **within("reads")),
        login("e12", key_of("l12")),
        login("l12", own_policy("l12")),
        login("e13", key_of("l13")),
        login("l13", own_policy("l13")),
        login("e14", allow(OPEN, of("role", "q14"))),
        login("e15", key_of("l15")),
        login("l15", allow(ATTACH, of("user", "l15")), *only(ALL_ELSE)),
    ]  # fmt: skip


def roles(*, stopped: bool) -> list[Record]:
    """Roles on the way; the later link of some is missing where they are stopped."""

    def link(action: str | list[str], lacking: str, on: str) -> Record:
        return allow(lacking if stopped else action, on)

    denied = [deny("iam:PutRolePolicy")] if stopped else []
    return [
        role("q1", NOBODY, link("iam:PutRolePolicy", "iam:GetRolePolicy", of("role", "q1"))),
        role("q2", LAMBDA, link(OPEN, "sts:AssumeRole", of("role", "q2b"))),
        role("q2b", NOBODY, PUT),
        role("q3", LAMBDA, link("iam:CreateAccessKey", "iam:ListAccessKeys", of("user", "end"))),
        role("q5", {"AWS": of("user", "e5")}, allow("iam:PassRole", of("role", "q5b")),
             allow("ec2:RunInstances")),
        role("q5b", {"Service": "ec2.amazonaws.com"},
             link("iam:CreateLoginProfile", "iam:GetLoginProfile", of("user", "end")),
             InstanceProfileList=[{"Arn": of("instance-profile", "q5b")}]),
        role("q8", NOBODY, allow("iam:PutRolePolicy", of("role", "q8")), *denied),
        role("q14", NOBODY, allow("iam:PutRolePolicy", of("role", "q14"))),
    ]  # fmt: skip


def group(*, stopped: bool) -> Record:
    action = "iam:ListAccessKeys" if stopped else "iam:CreateAccessKey"
    own = {
        "PolicyName": "own",
        "PolicyDocument": document(allow(action, of("user", "end"))),
    }
    return {"GroupName": "h4", "Arn": of("group", "h4"), "GroupPolicyList": [own]}


POLICIES = [
    managed("lists", document(allow("s3:List*"))),
    managed("reads", document(allow("s3:Get*"), own_policy("l11"))),
]


def tree(*, stopped: bool) -> Record:
    """An organisation with both accounts."""
    denied = [
        deny("iam:CreateAccessKey", of("user", "l12")),
        deny("iam:PutUserPolicy", of("user", "l13")),
        deny("iam:PutRolePolicy", of("role", "q14")),
    ]

    def limits(*statements: Record) -> list[Record]:
        text = json.dumps(document(allow("*"), *statements))
        return [{"Content": text, "Type": "SERVICE_CONTROL_POLICY"}]

    below = [{"Id": number, "Policies": limits()} for number in (world.PROD, world.TEST)]
    top = limits(*denied) if stopped else limits()
    return {"Id": "r-1", "Policies": top, "Children": below}


def estate(folder: Path, *, stopped: bool) -> Path:
    world.write(
        folder,
        UserDetailList=logins(stopped=stopped),
        GroupDetailList=[group(stopped=stopped)],
        RoleDetailList=roles(stopped=stopped),
        Policies=POLICIES,
    )
    functions = [{"FunctionArn": FUNCTION, "Role": of("role", "q2"), "Runtime": "x"}]
    put(
        folder / "aws",
        {
            "inventory/lambda/list-functions.json": {"Functions": functions},
            "organizations/tree.json": tree(stopped=stopped),
        },
    )
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)
    assert said.code == 4, said.err  # nobody has a person here
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return estate(tmp_path_factory.mktemp("stopped"), stopped=True)


@pytest.fixture(scope="module")
def let(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return estate(tmp_path_factory.mktemp("let"), stopped=False)


def able(folder: Path, changes: int) -> set[str]:
    """Who may write, for sure or not, by so many changes of their own."""
    can, open_ = who(
        folder, "aws:s3:PutObject", "--on", world.BOOKS,
        "--means", "self-grant", "--max-changes", str(changes),
    )  # fmt: skip
    return can | open_


def broken(folder: Path, rule: str) -> set[str]:
    findings = json.loads((folder / "out" / "findings.json").read_text(encoding="utf-8"))
    return {
        row["subject"]["key"].rpartition("/")[2]
        for row in findings["core"]["findings"]
        if row["rule"] == rule
    }


@pytest.mark.parametrize("changes", [2, 9])
def test_whoever_is_stopped_stays_clean(stopped: Path, changes: int) -> None:
    assert able(stopped, changes) & {*STOPS} == set()
    assert "end" in able(stopped, changes)


def test_no_rule_finds_whoever_is_stopped(stopped: Path) -> None:
    assert broken(stopped, "BY-02") & {*STOPS} == set()
    assert "end" in broken(stopped, "BY-02")


def test_without_what_stops_them_all_come_there_by_two_changes(let: Path) -> None:
    assert able(let, 1) & {*STOPS} == set()
    assert able(let, 2) >= {*STOPS}
    assert broken(let, "BY-01") & {*STOPS} == set()
    assert broken(let, "BY-02") >= {*STOPS}
