"""Ten ways to a right by two changes of one's own that build on each other, and no right by one.

Each way has a start `cN`, and a look-alike `dN` that lacks one link of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import aws_world as world
from tests.e2e.aws_world import allow, document, login, of, role
from tests.e2e.shell import sod
from tests.e2e.test_aws import ask, who

Record = dict[str, Any]
PUT = allow("s3:PutObject", f"{world.BOOKS}/*")
NOBODY = {"Service": "nothing.amazonaws.com"}
STARTS = {f"c{number}" for number in range(1, 11)}
LOOK_ALIKES = {f"d{number}" for number in range(1, 11)}
FUNCTION = f"arn:aws:lambda:eu-west-1:{world.PROD}:function:f6"


def managed(name: str, *versions: Record) -> Record:
    """A policy whose first version is in force."""
    return {
        "PolicyName": name,
        "Arn": of("policy", name),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": f"v{number}", "IsDefaultVersion": number == 1, "Document": each}
            for number, each in enumerate(versions, 1)
        ],
    }


def attached(name: str) -> list[Record]:
    return [{"PolicyName": name, "PolicyArn": of("policy", name)}]


def boundary(name: str) -> Record:
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": of("policy", name)}


def key_of(name: str) -> Record:
    return allow("iam:CreateAccessKey", of("user", name))


LOGINS = [
    # 1: a key of somebody who may give himself a policy
    login("c1", key_of("k1")),
    login("d1", key_of("k1x")),
    login("k1", allow("iam:PutUserPolicy", of("user", "k1"))),
    login("k1x", allow("iam:PutUserPolicy", of("user", "somebody-else"))),
    # 2: the password of somebody who may attach himself one
    login("c2", allow("iam:UpdateLoginProfile", of("user", "k2"))),
    login("d2", allow("iam:GetLoginProfile", of("user", "k2"))),
    login("k2", allow("iam:AttachUserPolicy", of("user", "k2")), LoginProfile={}),
    # 3: another trust policy of a role that may give itself a policy
    login("c3", allow(["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], of("role", "r3"))),
    login("d3", allow("sts:AssumeRole", of("role", "r3"))),
    # 4: into a group that may make keys
    login("c4", allow("iam:AddUserToGroup", of("group", "g4"))),
    login("d4", allow("iam:AddUserToGroup", of("group", "g4x"))),
    login("k4", PUT),
    # 5: an older version of one's own policy that may make keys
    login("c5", allow("iam:SetDefaultPolicyVersion", of("policy", "p5")),
          AttachedManagedPolicies=attached("p5")),
    login("d5", allow("iam:SetDefaultPolicyVersion", of("policy", "p5"))),
    # 6: the code of a function, whose role may open another role
    login("c6", allow("lambda:UpdateFunctionCode", FUNCTION)),
    login("d6", allow("lambda:UpdateFunctionCode", f"{FUNCTION}x")),
    # 7: a role passed to a function of one's own, which may make keys
    login("c7", allow("iam:PassRole", of("role", "r7")),
          allow(["lambda:CreateFunction", "lambda:InvokeFunction"])),
    login("d7", allow("iam:PassRole", of("role", "r7")), allow("lambda:InvokeFunction")),
    # 8: a key of somebody who may take off his boundary
    login("c8", key_of("k8")),
    login("d8", key_of("k8x")),
    login("k8", allow("s3:*"), allow("iam:DeleteUserPermissionsBoundary", of("user", "k8")),
          PermissionsBoundary=boundary("keys")),
    login("k8x", allow("s3:*"), PermissionsBoundary=boundary("keys")),
    # 9: a key of somebody who may write the next version of his own policy
    login("c9", key_of("k9")),
    login("d9", key_of("k9x")),
    login("k9", allow("iam:CreatePolicyVersion", of("policy", "p9")),
          AttachedManagedPolicies=attached("p9")),
    login("k9x", allow("iam:CreatePolicyVersion", of("policy", "p9"))),
    # 10: a role that is assumed, passes another one to a machine, and that one sets a password
    login("c10", allow("sts:AssumeRole", of("role", "r10"))),
    login("d10", allow("sts:AssumeRole", of("role", "r10x"))),
    login("k10", PUT),
]  # fmt: skip
GROUPS = [
    {
        "GroupName": name,
        "Arn": of("group", name),
        "GroupPolicyList": [{"PolicyName": "own", "PolicyDocument": document(statement)}],
    }
    for name, statement in (("g4", key_of("k4")), ("g4x", key_of("nobody")))
]
ROLES = [
    role("r3", NOBODY, allow("iam:PutRolePolicy", of("role", "r3"))),
    role("r6", {"Service": "lambda.amazonaws.com"},
         allow(["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], of("role", "r6b"))),
    role("r6b", NOBODY, PUT),
    role("r7", {"Service": "lambda.amazonaws.com"}, key_of("k4")),
    role("r10", {"AWS": of("user", "c10")}, allow("iam:PassRole", of("role", "r10b")),
         allow("ec2:RunInstances")),
    role("r10x", {"AWS": of("user", "d10")}, allow("iam:PassRole", of("role", "r10b"))),
    role("r10b", {"Service": "ec2.amazonaws.com"},
         allow("iam:CreateLoginProfile", of("user", "k10")),
         InstanceProfileList=[{"Arn": of("instance-profile", "r10b")}]),
]  # fmt: skip
POLICIES = [
    managed("p5", document(allow("s3:ListBucket")), document(key_of("k4"))),
    managed("p9", document(allow("s3:ListBucket"))),
    managed("keys", document(allow("iam:*"))),
]
INVENTORY = {
    "Functions": [
        {"FunctionName": "f6", "FunctionArn": FUNCTION, "Role": of("role", "r6"), "Runtime": "x"}
    ]
}


RULES = """
ruleset: chains
version: "1"
owner: Library
duties:
  write:
    title: Write a book
    ways: [{product: aws, action: "s3:PutObject", environment: prod}]
rules:
""" + "".join(
    f"""
  BY-0{changes}:
    title: Nobody may write books by {changes} changes
    duties: {{critical: write}}
    scope: application
    severity: high
    counts: {{means: [held, eligible, self-grant], certainty: [sure], max_changes: {changes}}}
    why: Books are written by the library.
    references: {{sox: ["404"]}}
"""
    for changes in (1, 2)
)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = world.write(
        tmp_path_factory.mktemp("chains"),
        UserDetailList=LOGINS,
        GroupDetailList=GROUPS,
        RoleDetailList=ROLES,
        Policies=POLICIES,
    )
    path = folder / "aws" / "inventory" / "lambda" / "list-functions.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(INVENTORY), encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)
    assert said.code == 4, said.err  # nobody has a person here
    return folder


def able(estate: Path, changes: int) -> set[str]:
    can, _ = who(
        estate, "aws:s3:PutObject", "--on", world.BOOKS,
        "--means", "self-grant", "--max-changes", str(changes), "--sure",
    )  # fmt: skip
    return can


def test_what_takes_two_changes_is_reached_by_two_and_not_by_one(estate: Path) -> None:
    by_one, by_two = able(estate, 1), able(estate, 2)

    assert by_one & STARTS == set()
    assert by_two >= STARTS


def test_those_who_lack_a_link_stay_clean(estate: Path) -> None:
    assert able(estate, 9) & LOOK_ALIKES == set()


def test_a_rule_counts_as_many_changes_as_it_says(estate: Path) -> None:
    findings = json.loads((estate / "out" / "findings.json").read_text(encoding="utf-8"))
    found = {
        (row["rule"], row["subject"]["key"].rpartition("/")[2])
        for row in findings["core"]["findings"]
        if any(place["verdict"] == "violation" for place in row["places"])
    }

    assert {name for rule, name in found if rule == "BY-01"} & (STARTS | LOOK_ALIKES) == set()
    assert {name for rule, name in found if rule == "BY-02"} & (STARTS | LOOK_ALIKES) == STARTS


#: Who makes the two changes, by which actions, and the statement that allows what they lead to.
ANY = "a policy of its own making: statement 1"
STEPS = {
    "c1": (("c1", {"iam:CreateAccessKey"}), ("k1", {"iam:PutUserPolicy"}), ANY),
    "c2": (("c2", {"iam:UpdateLoginProfile"}), ("k2", {"iam:AttachUserPolicy"}), ANY),
    "c3": (("c3", {"iam:UpdateAssumeRolePolicy", "sts:AssumeRole"}),
           ("r3", {"iam:PutRolePolicy"}), ANY),
    "c4": (("c4", {"iam:AddUserToGroup"}), ("c4", {"iam:CreateAccessKey"}), "user/k4"),
    "c5": (("c5", {"iam:SetDefaultPolicyVersion"}), ("c5", {"iam:CreateAccessKey"}), "user/k4"),
    "c6": (("c6", {"lambda:UpdateFunctionCode"}),
           ("r6", {"iam:UpdateAssumeRolePolicy", "sts:AssumeRole"}), "role/r6b"),
    "c7": (("c7", {"iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"}),
           ("r7", {"iam:CreateAccessKey"}), "user/k4"),
    "c8": (("c8", {"iam:CreateAccessKey"}), ("k8", {"iam:DeleteUserPermissionsBoundary"}),
           "user/k8"),
    "c9": (("c9", {"iam:CreateAccessKey"}), ("k9", {"iam:CreatePolicyVersion"}), ANY),
    "c10": (("r10", {"iam:PassRole", "ec2:RunInstances"}),
            ("r10b", {"iam:CreateLoginProfile"}), "user/k10"),
}  # fmt: skip


def record_of(name: str) -> int:
    """The place of somebody's record in the export."""
    listed = [each["Arn"].rpartition("/")[2] for each in (*LOGINS, *GROUPS, *ROLES)]
    return listed.index(name)


@pytest.mark.parametrize("name", STEPS)
def test_the_path_names_both_changes_in_their_order(estate: Path, name: str) -> None:
    first, second, end = STEPS[name]
    told = ask(
        estate, "can", name, "aws:s3:PutObject", "--on", world.BOOKS,
        "--means", "self-grant", "--max-changes", "2",
    )  # fmt: skip

    assert told["answer"] == "yes"
    row = told["rows"][0]
    assert row["means"] == "self-grant by 2 own changes, sure"
    changes = [hop for hop in row["hops"] if "own change" in (hop["note"] or "")]
    assert len(changes) == 2
    for hop, (who_acts, actions) in zip(changes, (first, second), strict=True):
        # By whose statements, and by all of the actions that it takes.
        assert hop["record"] == record_of(who_acts), row
        assert set(hop["also"].rpartition(": ")[0].split(" + ")) >= actions, row
    if end is ANY:
        # What anybody may do is in no record, so that the step rests on whoever takes it.
        assert changes[1]["also"].endswith(f"record {record_of(second[0])}"), row
    said = end if end is ANY else f"{world.of(*end.split('/'))}: own: statement 1"
    assert row["resource"].endswith(f"(identity policy: {said})")


def test_every_start_has_its_steps() -> None:
    assert {*STEPS} == STARTS
