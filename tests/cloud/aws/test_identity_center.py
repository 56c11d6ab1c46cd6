"""People of Identity Center, and the roles that their sign-in leads to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import identity_center
from sod_analyzer.cloud.aws.identity_center import Assignment, Group, Person, Use
from tests.cloud.aws.kit import ONE, TWO, allow

INSTANCE = "ssoins-1111222233334444"
ADMIN = f"arn:aws:sso:::permissionSet/{INSTANCE}/ps-admin"
READ = f"arn:aws:sso:::permissionSet/{INSTANCE}/ps-read"
ANN, BEN, OPS = "u-ann", "u-ben", "g-ops"
RESERVED = "role/aws-reserved/sso.amazonaws.com/eu-west-1"
ADMIN_ROLE = f"arn:aws:iam::{ONE}:{RESERVED}/AWSReservedSSO_Admin_Break_00112233445566ff"
READ_ROLE = f"arn:aws:iam::{TWO}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Read_0123456789abcdef"  # fmt: skip  # noqa: E501
OTHER = f"arn:aws:iam::{TWO}:role/AWSReservedSSO_Read_0123456789abcdef"


def assigned(account: str, access_set: str, kind: str, holder: str) -> dict[str, str]:
    return {
        "AccountId": account, "PermissionSetArn": access_set,
        "PrincipalType": kind, "PrincipalId": holder,
    }  # fmt: skip


def pieces() -> dict[str, Any]:
    """What each call printed: ann administers one, and operators, among them ben, read two."""
    inline = {"Version": "2012-10-17", "Statement": [allow("s3:*")]}
    return {
        "list-instances.json": {"Instances": [{"InstanceArn": INSTANCE, "IdentityStoreId": "d-1"}]},
        "list-permission-sets.json": {"PermissionSets": [ADMIN, READ]},
        "describe-permission-set/ps-admin.json": {
            "PermissionSet": {"Name": "Admin_Break", "PermissionSetArn": ADMIN}
        },
        "describe-permission-set/ps-read.json": {
            "PermissionSet": {"Name": "Read", "PermissionSetArn": READ}
        },
        "get-inline-policy-for-permission-set/ps-admin.json": {"InlinePolicy": inline},
        "get-inline-policy-for-permission-set/ps-read.json": {"InlinePolicy": ""},
        "list-managed-policies-in-permission-set/ps-read.json": {
            "AttachedManagedPolicies": [
                {"Name": "ReadOnlyAccess", "Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
            ]
        },
        f"list-account-assignments/ps-admin/{ONE}.json": {
            "AccountAssignments": [assigned(ONE, ADMIN, "USER", ANN)]
        },
        f"list-account-assignments/ps-read/{TWO}.json": {
            "AccountAssignments": [assigned(TWO, READ, "GROUP", OPS)]
        },
        "list-users.json": {
            "Users": [
                {
                    "UserId": ANN, "UserName": "ann", "DisplayName": "Ann Lee",
                    "Emails": [
                        {"Value": "old@acme.example"},
                        {"Value": "ann@acme.example", "Primary": True},
                    ],
                },
                {"UserId": BEN, "UserName": "ben", "Emails": None, "UserStatus": "DISABLED"},
            ]
        },
        "list-groups.json": {"Groups": [{"GroupId": OPS, "DisplayName": "operators"}]},
        f"list-group-memberships/{OPS}.json": {
            "GroupMemberships": [{"GroupId": OPS, "MemberId": {"UserId": BEN}}]
        },
    }  # fmt: skip


def in_one() -> dict[str, Any]:
    """The same in one object; sets with what belongs to them."""
    found: dict[str, Any] = {"AccountAssignments": []}
    for piece in pieces().values():
        if "AccountAssignments" in piece:
            found["AccountAssignments"] += piece["AccountAssignments"]
        elif any(key in piece for key in ("Users", "Groups", "GroupMemberships")):
            found |= piece
    found["PermissionSets"] = [
        {
            "PermissionSetArn": ADMIN, "Name": "Admin_Break",
            "InlinePolicy": {"Version": "2012-10-17", "Statement": [allow("s3:*")]},
        },
        {
            "PermissionSetArn": READ, "Name": "Read",
            "AttachedManagedPolicies": [{"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        },
    ]  # fmt: skip
    return found


def read(found: dict[str, Any]) -> identity_center.IdentityCenter:
    return identity_center.read(sorted(found.items()))


@pytest.mark.parametrize("found", [pieces(), {"all.json": in_one()}], ids=["pieces", "one object"])
def test_people_groups_sets_and_assignments_are_read(found: dict[str, Any]) -> None:
    centre = read(found)

    assert centre.problems == ()
    assert centre.people == {
        ANN: Person(ANN, "ann", "ann@acme.example", "Ann Lee", None),
        BEN: Person(BEN, "ben", "", "", enabled=False),
    }
    assert centre.groups == {OPS: Group(OPS, "operators", (BEN,))}
    assert centre.assignments == (
        Assignment(ONE, ADMIN, group=False, holder=ANN),
        Assignment(TWO, READ, group=True, holder=OPS),
    )  # fmt: skip
    admin, reading = centre.access_sets[ADMIN], centre.access_sets[READ]
    assert admin.inline is not None
    assert [each.actions.texts for each in admin.inline.statements] == [("s3:*",)]
    assert (reading.inline, reading.managed) == (None, ("arn:aws:iam::aws:policy/ReadOnlyAccess",))


def test_assignments_lead_to_the_roles_that_have_the_name_of_the_set() -> None:
    uses, problems = read(pieces()).uses([ADMIN_ROLE, READ_ROLE, OTHER])

    assert problems == ()
    assert uses == (Use(ANN, ADMIN_ROLE, ""), Use(BEN, READ_ROLE, OPS))


def test_a_role_that_is_not_there_is_said() -> None:
    uses, problems = read(pieces()).uses([ADMIN_ROLE, OTHER])

    assert uses == (Use(ANN, ADMIN_ROLE, ""),)
    assert problems == (f"account {TWO}: Read is assigned there and no role has its name",)
    assert read(pieces()).uses([ADMIN_ROLE])[1] == (
        f"account {TWO}: Read is assigned there and no role of the account was read",
    )


def test_roles_of_one_name_are_each_used_and_none_is_sure() -> None:
    twin = READ_ROLE.replace("0123456789abcdef", "ffffffffffffffff")
    uses, problems = read(pieces()).uses([ADMIN_ROLE, READ_ROLE, twin])

    assert uses == (
        Use(ANN, ADMIN_ROLE, ""),
        Use(BEN, READ_ROLE, OPS, sure=False),
        Use(BEN, twin, OPS, sure=False),
    )  # fmt: skip
    assert problems == (
        f"account {TWO}: {READ_ROLE} and {twin} both have the name of Read; either may be used",
    )


def test_roles_that_an_assignment_leads_to_are_told_from_others() -> None:
    further = READ_ROLE.replace("_Read_", "_Audit_")
    elsewhere = ADMIN_ROLE.replace(ONE, TWO)
    twin = READ_ROLE.replace("0123456789abcdef", "ffffffffffffffff")
    nameless = pieces()
    del nameless["describe-permission-set/ps-read.json"]

    roles = [further, elsewhere, twin, READ_ROLE, ADMIN_ROLE, OTHER]
    assert read(pieces()).led_to(roles) == (ADMIN_ROLE, READ_ROLE, twin)
    assert read(nameless).led_to(roles) == (ADMIN_ROLE,)
    assert read(pieces()).uses([ADMIN_ROLE, READ_ROLE, further])[1] == ()


def test_a_role_is_led_to_by_whomever_it_was_given_to() -> None:
    found = pieces()
    del found["list-groups.json"], found[f"list-group-memberships/{OPS}.json"]

    assert read(found).led_to([READ_ROLE]) == (READ_ROLE,)
    assert read(found).uses([READ_ROLE])[0] == ()
    said = f"identity center: group {OPS} has access to account {TWO} and is not listed"
    assert said in read(found).problems


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (f"list-group-memberships/{OPS}.json", "members of group operators were not read"),
        ("list-groups.json", f"group {OPS} has access to account {TWO} and is not listed"),
        ("list-users.json", f"person {ANN} has access to account {ONE} and is not listed"),
        ("list-users.json", f"person {BEN} is in group {OPS} and is not listed"),
        ("describe-permission-set/ps-read.json", f"{READ} has no name"),
        ("list-users.json", "no Users were read"),
    ],
)
def test_what_is_spoken_of_and_missing_is_said(left_out: str, said: str) -> None:
    found = pieces()
    del found[left_out]

    assert any(said in each for each in read(found).problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Users": {}}, "Users: {} is no list"),
        ({"Users": [{"UserName": "x"}]}, "Users[1]: UserId is missing; the record is left out"),
        ({"Users": [{"UserId": "x"}]}, "person x has no UserName"),
        ({"NextToken": "more"}, "a page is missing, the export says that it goes on"),
        (
            {"AccountAssignments": [assigned(ONE, ADMIN, "ROBOT", "x")]},
            "AccountAssignments[1]: PrincipalType ROBOT is not USER or GROUP",
        ),
        ({"InlinePolicy": "{}"}, "no set is named of which these are"),
        ({"GroupMemberships": [{"GroupId": OPS}]}, "MemberId: UserId is missing"),
        ({"PermissionSets": [4]}, "PermissionSets[1]: 4 is no text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], said: str) -> None:
    found = read({"all.json": {**in_one(), **change}})

    assert any(said in each for each in found.problems), found.problems


def test_people_who_differ_are_said_and_an_unreadable_policy_too() -> None:
    found = {**pieces(), "more.json": {"Users": [{"UserId": ANN, "UserName": "anne"}]}}
    found["get-inline-policy-for-permission-set/ps-admin.json"] = {"InlinePolicy": "{"}

    problems = read(found).problems

    assert any(f"person {ANN} is there twice and differs" in each for each in problems)
    assert any("inline policy of ps-admin" in each for each in problems)


@given(
    st.dictionaries(
        st.sampled_from(identity_center._KNOWN),
        st.none() | st.text(max_size=3) | st.lists(
            st.none() | st.text(max_size=3) | st.dictionaries(
                st.sampled_from(["UserId", "GroupId", "MemberId", "PermissionSetArn", "Emails"]),
                st.none() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
                max_size=3),
            max_size=3),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_nothing_that_is_json_makes_it_fail(found: dict[str, Any]) -> None:
    centre = identity_center.read([("all.json", found)])

    assert centre.uses([ADMIN_ROLE]) == ((), ())
    assert centre.led_to([ADMIN_ROLE]) == ()
