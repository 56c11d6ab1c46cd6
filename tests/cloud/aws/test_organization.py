"""The organisation's tree, in the shapes in which people have it, and what is missing of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import organization
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import NO, ONE, TWO, UNKNOWN, YES, Small, allow, deny

HEAD = "999999999999"
LATER = "333333333333"
ROOT_ID, PROD, TEAM = "r-ab12", "ou-ab12-prod", "ou-ab12-team"
FULL = {"Version": "2012-10-17", "Statement": [allow("*")]}
NO_KEYS = {"Version": "2012-10-17", "Statement": [deny("iam:CreateAccessKey")]}
INSIDE = {"Version": "2012-10-17", "Statement": [deny("s3:*", to="*")]}
SCP, RCP = organization.SCP, organization.RCP


def arn(kind: str, code: str) -> str:
    return f"arn:aws:organizations::{HEAD}:{kind}/o-acme/{code}"


def policy(code: str, kind: str, content: Any, *targets: str) -> dict[str, Any]:
    """A policy as the pieces of several calls have it."""
    found = {
        "PolicySummary": {"Id": code, "Arn": arn("policy", code), "Name": code[2:], "Type": kind},
        "Targets": [{"TargetId": each, "Type": "ROOT"} for each in targets],
    }
    return found if content is None else {**found, "Content": content}


#: root > prod > team > one; root > prod > two; root > the managing account.
POLICIES = (
    policy("p-full", SCP, json.dumps(FULL), ROOT_ID, PROD, TEAM, ONE, TWO, HEAD),
    policy("p-nokeys", SCP, json.dumps(NO_KEYS), PROD),
    policy("p-inside", RCP, json.dumps(INSIDE), TEAM),
)


def pieces(*policies: dict[str, Any]) -> dict[str, Any]:
    """What each call of the command line printed, by the file it was written to."""
    found: dict[str, Any] = {
        "describe-organization.json": {
            "Organization": {"Id": "o-acme", "MasterAccountId": HEAD, "FeatureSet": "ALL"}
        },
        "list-roots.json": {
            "Roots": [
                {
                    "Id": ROOT_ID,
                    "Arn": arn("root", ROOT_ID),
                    "Name": "Root",
                    "PolicyTypes": [{"Type": each, "Status": "ENABLED"} for each in (SCP, RCP)],
                }
            ]
        },
        f"list-organizational-units-for-parent/{ROOT_ID}.json": {
            "OrganizationalUnits": [{"Id": PROD, "Arn": arn("ou", PROD), "Name": "Prod"}]
        },
        f"list-organizational-units-for-parent/{PROD}.json": {
            "OrganizationalUnits": [{"Id": TEAM, "Arn": arn("ou", TEAM), "Name": "Team"}]
        },
        f"list-organizational-units-for-parent/{TEAM}.json": {"OrganizationalUnits": []},
        f"list-accounts-for-parent/{ROOT_ID}.json": {
            "Accounts": [{"Id": HEAD, "Arn": arn("account", HEAD), "Name": "head"}]
        },
        f"list-accounts-for-parent/{PROD}.json": {
            "Accounts": [{"Id": TWO, "Arn": arn("account", TWO), "Name": "two"}]
        },
        f"list-accounts-for-parent/{TEAM}.json": {
            "Accounts": [{"Id": ONE, "Arn": arn("account", ONE), "Name": "one"}]
        },
    }
    listed = policies or POLICIES
    for kind in (SCP, RCP):
        summaries = [each["PolicySummary"] for each in listed]
        found[f"list-policies/{kind}.json"] = {
            "Policies": [each for each in summaries if each["Type"] == kind]
        }
    for each in listed:
        code = each["PolicySummary"]["Id"]
        found[f"list-targets-for-policy/{code}.json"] = {"Targets": each["Targets"]}
        if "Content" in each:
            found[f"describe-policy/{code}.json"] = {
                "Policy": {key: each[key] for key in ("PolicySummary", "Content")}
            }
    return found


def in_one() -> dict[str, Any]:
    """The same in one object, with parents in the records."""
    return {
        "Organization": {"Id": "o-acme", "ManagementAccountId": HEAD},
        "Roots": pieces()["list-roots.json"]["Roots"],
        "OrganizationalUnits": [
            {"Id": PROD, "Name": "Prod", "ParentId": ROOT_ID},
            {"Id": TEAM, "Name": "Team", "ParentId": PROD},
        ],
        "Accounts": [
            {"Id": HEAD, "Name": "head", "ParentId": ROOT_ID},
            {"Id": TWO, "Name": "two", "ParentId": PROD},
            {"Id": ONE, "Name": "one", "ParentId": TEAM},
        ],
        "Policies": [{**each, "Content": json.loads(each["Content"])} for each in POLICIES],
    }


def tree() -> dict[str, Any]:
    """The same as a tree, each place with its policies."""

    def place(kind: str, code: str, name: str, *children: dict[str, Any]) -> dict[str, Any]:
        own = [
            {**each["PolicySummary"], "Content": each["Content"]}
            for each in POLICIES
            if code in {target["TargetId"] for target in each["Targets"]}
        ]
        return {
            "Id": code, "Arn": arn(kind, code), "Name": name, "Policies": own,
            "Children": list(children) or None,
        }  # fmt: skip

    team = place("ou", TEAM, "Team", place("account", ONE, "one"))
    prod = place("ou", PROD, "Prod", place("account", TWO, "two"), team)
    return place("root", ROOT_ID, "Root", place("account", HEAD, "head"), prod)


def read(found: Mapping[str, Any]) -> organization.Organization:
    return organization.read(sorted(found.items()))


def path(found: organization.Organization, number: str) -> list[tuple[str, list[str], list[str]]]:
    """Levels of an account, each with what its policies say of it."""
    levels = found.accounts[number].levels
    assert levels is not None
    return [
        (level.name, [each.name for each in level.scps], [each.name for each in level.rcps])
        for level in levels
    ]


FULL_NAME, KEYS_NAME = "SCP p-full (full)", "SCP p-nokeys (nokeys)"
INSIDE_NAME = "RCP p-inside (inside)"
#: Planted above: what lies above account one, and what is attached there.
ABOVE_ONE = [
    (f"{ROOT_ID} (Root)", [FULL_NAME], []),
    (f"{PROD} (Prod)", [FULL_NAME, KEYS_NAME], []),
    (f"{TEAM} (Team)", [FULL_NAME], [INSIDE_NAME]),
    (f"{ONE} (one)", [FULL_NAME], []),
]
SHAPES = {
    "pieces": pieces(),
    "one object": {"organization.json": in_one()},
    "a tree": {"tree.json": tree()},
    "a list with a tree": {"tree.json": [tree()]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_says_the_same(shape: str) -> None:
    found = read(SHAPES[shape])

    assert found.problems == ()
    assert found.name == "o-acme"
    assert found.management == HEAD
    assert found.titles == {ONE: "one", TWO: "two", HEAD: "head"}
    assert path(found, ONE) == ABOVE_ONE
    assert path(found, TWO) == [*ABOVE_ONE[:2], (f"{TWO} (two)", [FULL_NAME], [])]
    assert {number: each.management for number, each in found.accounts.items()} == {
        ONE: False, TWO: False, HEAD: True
    }  # fmt: skip


def login(account: str, *statements: dict[str, Any]) -> dict[str, Any]:
    inline = {"Version": "2012-10-17", "Statement": list(statements or [allow("*")])}
    return {
        "UserName": "ann", "Arn": f"arn:aws:iam::{account}:user/ann",
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": inline}],
    }  # fmt: skip


def exports(*accounts: str) -> list[tuple[str, Any]]:
    return [
        (
            f"{number}.json",
            {
                "UserDetailList": [login(number)],
                "GroupDetailList": None, "RoleDetailList": [], "Policies": [],
            },
        )
        for number in accounts
    ]  # fmt: skip


def answer(found: organization.Organization, account: str, action: str) -> aws.Answer:
    asked = aws.load(exports(account), organisation=found, catalogue=Small())
    ann = f"arn:aws:iam::{account}:user/ann"
    return asked.decide(ann, action, f"arn:aws:iam::{account}:user/ben").answer


def test_policies_limit_the_accounts_below_them_and_not_the_managing_one() -> None:
    found = read(pieces())

    assert answer(found, ONE, "iam:CreateAccessKey") is NO
    assert answer(found, TWO, "iam:CreateAccessKey") is NO
    assert answer(found, HEAD, "iam:CreateAccessKey") is YES
    assert answer(found, ONE, "sqs:SendMessage") is YES


def test_a_level_that_allows_nothing_denies() -> None:
    found = read(pieces(policy("p-full", SCP, FULL, ROOT_ID, PROD, ONE, HEAD), POLICIES[2]))

    assert found.problems == ()
    assert answer(found, ONE, "sqs:SendMessage") is NO  # nothing is attached to its unit
    assert answer(found, TWO, "sqs:SendMessage") is NO  # nothing is attached to itself


def test_content_that_is_missing_makes_what_it_limits_unknown() -> None:
    lacking = policy("p-nokeys", SCP, None, TEAM)
    found = read(pieces(POLICIES[0], lacking, POLICIES[2]))

    assert found.problems == ("SCP p-nokeys (nokeys): its document is not in the export",)
    assert answer(found, ONE, "sqs:SendMessage") is UNKNOWN
    assert answer(found, TWO, "sqs:SendMessage") is YES


def test_targets_that_are_missing_may_be_anywhere() -> None:
    found = pieces()
    del found["list-targets-for-policy/p-nokeys.json"]
    unsure = read(found)

    assert any("nobody says where policy p-nokeys is attached" in each for each in unsure.problems)
    assert answer(unsure, ONE, "sqs:SendMessage") is UNKNOWN
    assert answer(unsure, TWO, "sqs:SendMessage") is UNKNOWN


def test_targets_of_the_policy_that_allows_all_are_not_taken_for_none() -> None:
    found = pieces()
    del found["list-targets-for-policy/p-full.json"]

    assert answer(read(found), ONE, "sqs:SendMessage") is UNKNOWN


def test_policies_that_are_switched_off_limit_nobody() -> None:
    found = pieces()
    found["list-roots.json"]["Roots"][0]["PolicyTypes"] = [{"Type": RCP, "Status": "ENABLED"}]
    off = read(found)

    assert answer(off, ONE, "iam:CreateAccessKey") is YES
    assert path(off, ONE)[2][2] == [INSIDE_NAME]


def test_kinds_that_were_not_read_are_said() -> None:
    found = pieces()
    for kind in (SCP, RCP):
        listed = found.pop(f"list-policies/{kind}.json")["Policies"]
        for each in listed:
            found.pop(f"list-targets-for-policy/{each['Id']}.json")
            found.pop(f"describe-policy/{each['Id']}.json")
    nothing = read(found)
    with_rcps = {**found, f"list-policies/{RCP}.json": {"Policies": []}}

    assert nothing.problems == (
        "organisation o-acme: no service control policies were read: none limits an answer",
    )
    assert nothing.accounts[ONE].levels is None
    assert any("what they limit is unknown" in each for each in read(with_rcps).problems)
    assert answer(read(with_rcps), ONE, "sqs:SendMessage") is UNKNOWN
    with_scps = {**pieces()}
    for name in [name for name in with_scps if RCP in name or "p-inside" in name]:
        del with_scps[name]
    assert read(with_scps).problems == (
        "organisation o-acme: no resource control policies were read: none limits an answer",
    )


def test_an_account_whose_place_is_not_known_is_not_free() -> None:
    found = pieces()
    del found[f"list-organizational-units-for-parent/{PROD}.json"]
    lost = read(found)

    assert any("what limits account 111111111111 is unknown" in each for each in lost.problems)
    assert any("which OrganizationalUnits lie under ou-ab12-prod" in each for each in lost.problems)
    assert answer(lost, ONE, "sqs:SendMessage") is UNKNOWN
    assert answer(lost, TWO, "sqs:SendMessage") is YES


def test_places_that_lie_under_themselves_or_under_two_are_not_known() -> None:
    found = in_one()
    found["OrganizationalUnits"][0]["ParentId"] = TEAM
    circle = read({"o.json": found})
    twice = in_one()
    twice["Accounts"].append({"Id": ONE, "ParentId": PROD})
    two = read({"o.json": twice})

    assert any("lies under itself" in each for each in circle.problems)
    assert answer(circle, ONE, "sqs:SendMessage") is UNKNOWN
    assert any(f"lies under {PROD} and {TEAM}" in each for each in two.problems)
    assert answer(two, ONE, "sqs:SendMessage") is UNKNOWN


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Accounts": "none"}, "Accounts: 'none' is no list"),
        ({"Accounts": [7]}, "Accounts[1]: 7 is no object"),
        ({"Accounts": [{"Name": "x"}]}, "Accounts[1]: Id is missing; the record is left out"),
        ({"Accounts": [{"Id": 5}]}, "Accounts[1]: Id is 5, not a text; the record is left out"),
        ({"NextToken": "abc"}, "a page is missing, the export says that it goes on"),
        ({"Policies": [{"Id": "p-x"}]}, "Policies[1]: p-x has no Type and is left out"),
        ({"Organization": []}, "Organization is [], not an object"),
        ({"Targets": []}, "no policy is named of which these are the Targets"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], said: str) -> None:
    found = read({"o.json": {**in_one(), **change}})

    assert any(each.startswith("o.json: ") and said in each for each in found.problems), (
        found.problems
    )


def test_what_is_no_export_is_said() -> None:
    for wrong in (None, 7, "text", [3], {"Users": [7]}):
        assert any("x.json" in each for each in read({"x.json": wrong}).problems)


def test_a_policy_that_differs_is_not_sure() -> None:
    found = pieces()
    other = {**POLICIES[1], "Content": json.dumps(FULL)}
    found["describe-policy/again.json"] = {"Policy": other}
    torn = read(found)

    assert any("p-nokeys is there twice and differs" in each for each in torn.problems)
    assert answer(torn, ONE, "sqs:SendMessage") is UNKNOWN


def test_accounts_of_one_side_alone_are_said() -> None:
    found = read(pieces())

    asked = aws.load(exports(ONE, LATER), organisation=found, catalogue=Small())

    assert asked.problems == (
        f"account {TWO} (two) is in the organisation and has no export of IAM",
        f"account {HEAD} (head) is in the organisation and has no export of IAM",
        (
            f"account {LATER} has an export of IAM and is not in the organisation: "
            "no limit of it is applied there"
        ),
    )


def test_limits_given_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="accounts or organisation"):
        aws.load(exports(ONE), organisation=read(pieces()), accounts=[aws.limits(ONE, [])])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["Id", "Arn", "Name", "Policies", "Children", "Roots", "Accounts", "Targets",
             "Policy", "Content", "Organization", "OrganizationalUnits", "ParentId", "Type",
             "TargetId", "PolicySummary", "PolicyTypes"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(_JSON, max_size=3))
def test_nothing_that_is_json_makes_it_fail(found: list[Any]) -> None:
    names = [f"{name}.json" for name in ("p-1", "ou-1", SCP)]

    made = organization.read(zip(names, found, strict=False))

    assert made.problems  # none of these is an organisation with accounts, or all say too little
