"""Roles of Identity Center: of whom it is known who signs in as them, and of whom not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import aws_world as world
from tests.e2e.shell import sod
from tests.e2e.test_aws import put

Record = dict[str, Any]
SETS = {"Books": "ps-1", "Audit": "ps-2"}
FAR = """
  far:
    system: aws-test
    importer: aws
    path: far
    extracted_at: 2026-11-20T00:00:00Z
    extracted_by: the library
    query: sod pull aws
"""


def of_set(name: str, account: str, *, twin: str = "0") -> Record:
    """The role that a set of this name has in an account."""
    path = f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_{twin}011223344556677"
    provider = {"Federated": f"arn:aws:iam::{account}:saml-provider/AWSSSO"}
    made = world.role(path, provider, world.allow("s3:*", f"{world.BOOKS}*"))
    return {**made, "Arn": f"arn:aws:iam::{account}:role/{path}"}


def assigned(*pairs: tuple[str, str]) -> dict[str, object]:
    """What Identity Center says where somebody was given sets in accounts."""
    found: dict[str, object] = {
        "list-users.json": {"Users": [{"UserId": "u-1", "UserName": "lee"}]},
        "list-groups.json": {"Groups": []},
        "list-group-memberships/g.json": {"GroupMemberships": []},
        "assignments.json": {
            "AccountAssignments": [
                {
                    "AccountId": account,
                    "PermissionSetArn": f"arn:aws:sso:::permissionSet/ssoins-1/{SETS[name]}",
                    "PrincipalType": "USER",
                    "PrincipalId": "u-1",
                }
                for name, account in pairs
            ]
        },
    }
    for name, short in SETS.items():
        arn = f"arn:aws:sso:::permissionSet/ssoins-1/{short}"
        found[f"describe-permission-set/{short}.json"] = {
            "PermissionSet": {"Name": name, "PermissionSetArn": arn}
        }
    return {f"identity-center/{path}": each for path, each in found.items()}


def issues(
    folder: Path, roles: list[Record], people: dict[str, object] | None, *, apart: bool = False
) -> list[Record]:
    """Issues that name a role of Identity Center, of two accounts that have some.

    Without those that every account has that belongs to nobody. `apart` is whether the second
    account is a source of its own, without people.
    """
    mine = [each for each in roles if f":{world.PROD}:" in each["Arn"]]
    world.write(folder, RoleDetailList=mine)
    path = folder / "aws" / "iam" / "test.json"
    export = json.loads(path.read_text("utf-8"))
    export["RoleDetailList"] = [each for each in roles if each not in mine]
    if apart:
        path.unlink()
        path = folder / "far" / "test.json"
        path.parent.mkdir()
        config = (folder / "sod.yaml").read_text("utf-8")
        both = f'accounts: {{"{world.PROD}": aws-prod, "{world.TEST}": aws-test}}'
        one = f'accounts: {{"{world.PROD}": aws-prod}}'
        (folder / "sod.yaml").write_text(config.replace(both, one) + FAR, encoding="utf-8")
    path.write_text(json.dumps(export), encoding="utf-8")
    put(folder / "aws", people or {})
    said = sod("import", "--config", "sod.yaml", "--out", "out", cwd=folder)
    assert said.code == 4, said.err  # no organisation was read, and nobody has a person here
    rows: list[Record] = pq.read_table(folder / "out" / "snapshot" / "issues.parquet").to_pylist()
    return [
        row
        for row in rows
        if "sso.amazonaws.com" in f"{row['subject']} {row['text']}"
        and row["kind"] != "unmatched-account"
    ]


BOOKS, BOOKS_THERE = of_set("Books", world.PROD), of_set("Books", world.TEST)
AUDIT, ALIKE = of_set("Audit", world.PROD), of_set("Books", world.PROD, twin="f")


@pytest.mark.parametrize("sources", [1, 2])
@pytest.mark.parametrize(
    ("given", "unknown"),
    [
        ([("Books", world.PROD)], [BOOKS_THERE]),
        ([("Books", world.PROD), ("Audit", world.TEST)], [BOOKS_THERE]),
        ([("Audit", world.PROD)], [BOOKS, BOOKS_THERE]),
        ([], [BOOKS, BOOKS_THERE]),
    ],
    ids=["this account", "another set there", "another set here", "nowhere"],
)
def test_a_role_that_no_assignment_leads_to_is_said_once(
    tmp_path: Path, given: list[tuple[str, str]], unknown: list[Record], sources: int
) -> None:
    found = issues(tmp_path, [BOOKS, BOOKS_THERE], assigned(*given), apart=sources == 2)

    systems = {world.PROD: "aws-prod", world.TEST: "aws-test"}
    assert [(row["kind"], row["subject"]) for row in found] == [
        ("outside-trust", each["Arn"]) for each in unknown
    ]
    for row, each in zip(found, unknown, strict=True):
        assert row["system"] == systems[each["Arn"].split(":")[4]]
        assert row["record"] is not None
        assert "no assignment of Identity Center that was read with it leads to it" in row["text"]


def test_an_assignment_leads_to_the_role_of_its_own_account(tmp_path: Path) -> None:
    both = assigned(("Books", world.PROD), ("Books", world.TEST))

    assert issues(tmp_path, [BOOKS, BOOKS_THERE], both) == []


def test_an_assignment_leads_not_into_another_source(tmp_path: Path) -> None:
    """Nobody follows it there, so that who signs in as the role is said not to be known."""
    both = assigned(("Books", world.PROD), ("Books", world.TEST))

    (row,) = issues(tmp_path, [BOOKS, BOOKS_THERE], both, apart=True)

    assert (row["kind"], row["subject"]) == ("outside-trust", BOOKS_THERE["Arn"])


def test_of_roles_of_one_name_either_may_be_meant(tmp_path: Path) -> None:
    found = issues(tmp_path, [BOOKS, ALIKE, AUDIT], assigned(("Books", world.PROD)))

    assert [row["subject"] for row in found if row["kind"] == "outside-trust"] == [AUDIT["Arn"]]
    (other,) = [row for row in found if row["kind"] != "outside-trust"]
    assert "both have the name of Books; either may be used" in other["text"]


def test_without_people_every_role_of_theirs_is_said(tmp_path: Path) -> None:
    found = issues(tmp_path, [BOOKS, BOOKS_THERE], None)

    assert [row["subject"] for row in found] == [BOOKS["Arn"], BOOKS_THERE["Arn"]]
    assert all("of whom nothing was read" in row["text"] for row in found)


def test_whom_else_a_role_trusts_is_said_though_an_assignment_leads_to_it(tmp_path: Path) -> None:
    further = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999999999999"}}
    trust = BOOKS["AssumeRolePolicyDocument"]
    wider = {**trust, "Statement": [*trust["Statement"], further]}
    role = {**BOOKS, "AssumeRolePolicyDocument": wider}

    (row,) = issues(tmp_path, [role], assigned(("Books", world.PROD)))

    assert "trusts 999999999999, of whom nothing was read" in row["text"]
