"""Who has everything in an account, and about whom a resource's own policy is asked."""

from __future__ import annotations

from typing import Any

import pytest

from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Account, Level
from sod_analyzer.cloud.aws.resource_policies import ResourcePolicies
from sod_analyzer.cloud.aws.rights import Holder, Rights
from tests.cloud.aws.kit import (
    BUCKET,
    ONE,
    TWO,
    Small,
    allow,
    deny,
    login,
    on,
    policy,
    role,
)

ALL = [allow("*")]
ABROAD = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
OUTSIDE = {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}


def asked(
    own: list[dict[str, Any]],
    limits: list[dict[str, Any]] | None,
    *,
    managing: bool = False,
    boundary: list[dict[str, Any]] | None = None,
) -> tuple[bool, bool]:
    """Whether somebody with this policy has everything; and all that the organisation leaves."""
    bound = None if boundary is None else policy(*boundary, name="boundary")
    me = login(*own, boundary=bound)
    levels = () if limits is None else (Level("root", (policy(*limits, name="limit"),)),)
    rights = Rights(
        Details({me.arn: me}, {}, {}, {}, frozenset({ONE}), ()),
        Small(),
        (Account(ONE, levels, management=managing),),
        ResourcePolicies({}, {}, frozenset()),
    )
    holder = Holder(me.arn)
    return rights.unrestricted(holder), rights.unrestricted(holder, within_organisation=True)


@pytest.mark.parametrize(
    ("own", "limits", "answers"),
    [
        (ALL, None, (True, True)),
        (ALL, ALL, (True, True)),
        (ALL, [*ALL, deny("organizations:LeaveOrganization")], (False, True)),
        (ALL, [*ALL, deny("*", "arn:aws:s3:::vault/*")], (False, True)),
        (ALL, [*ALL, {**OUTSIDE, "Condition": ABROAD}], (False, True)),
        (ALL, [*ALL, OUTSIDE], (False, False)),
        (ALL, [*ALL, deny("*")], (False, False)),
        (ALL, [*ALL, deny("*:*")], (False, False)),
        (ALL, [allow("s3:*")], (False, False)),
        (ALL, [], (False, False)),
        ([*ALL, deny("s3:DeleteObject")], None, (False, False)),
        ([allow("*", when=ABROAD)], None, (False, False)),
        ([allow("s3:*")], [*ALL, deny("iam:CreateLogin")], (False, False)),
    ],
)
def test_what_the_organisation_denies_everybody_makes_nobody_less(
    own: list[dict[str, Any]], limits: list[dict[str, Any]] | None, answers: tuple[bool, bool]
) -> None:
    assert asked(own, limits) == answers


def test_a_boundary_is_somebodys_own_limit() -> None:
    limited = [*ALL, deny("iam:CreateAccessKey")]

    assert asked(ALL, None, boundary=limited) == (False, False)
    assert asked(ALL, None, boundary=ALL) == (True, True)


def test_the_managing_account_has_no_limits() -> None:
    assert asked(ALL, [*ALL, deny("*")], managing=True) == (True, True)


ANN, APP = f"arn:aws:iam::{ONE}:user/ann", f"arn:aws:iam::{ONE}:role/app"
READ = frozenset({"s3:getobject"})


@pytest.mark.parametrize(
    ("statement", "login_may", "role_may"),
    [
        (allow("s3:GetObject", to={"AWS": ANN}), True, False),
        (allow("s3:GetObject", to={"AWS": APP}), False, True),
        (allow("s3:Get*", to={"AWS": [ANN, APP]}), True, True),
        (allow("s3:GetObject", to="*"), True, True),
        (allow("s3:GetObject", to={"AWS": f"arn:aws:sts::{ONE}:assumed-role/app/x"}), False, True),
        # What the account may do, its own policies must allow.
        (allow("s3:GetObject", to={"AWS": ONE}), False, False),
        (allow("s3:GetObject", to={"AWS": TWO}), False, False),
        (deny("s3:GetObject", to={"AWS": ANN}), False, False),
        (allow("s3:PutObject", to={"AWS": ANN}), False, False),
        (allow("*", to={"AWS": ANN}), True, False),
        ({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*",
          "Principal": {"AWS": ANN}}, True, False),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
          "NotPrincipal": {"AWS": ANN}}, True, True),
    ],
)  # fmt: skip
def test_a_policy_of_a_resource_is_asked_about_whom_it_names(
    statement: dict[str, Any], *, login_may: bool, role_may: bool
) -> None:
    me, app = login(), role()
    rights = Rights(
        Details({me.arn: me, app.arn: app}, {}, {}, {}, frozenset({ONE}), ()),
        Small(),
        (),
        ResourcePolicies(dict(on(BUCKET, statement)), {BUCKET: ONE}, frozenset({"s3"})),
    )

    assert (rights.perhaps(Holder(me.arn), ONE) >= READ) is login_may
    assert (rights.perhaps(Holder(app.arn), ONE) >= READ) is role_may


def test_a_policy_that_cannot_be_read_may_be_about_anybody() -> None:
    me = login()
    torn = {BUCKET: Policy.missing("the policy of a bucket")}
    rights = Rights(
        Details({me.arn: me}, {}, {}, {}, frozenset({ONE}), ()),
        Small(),
        (),
        ResourcePolicies(torn, {BUCKET: ONE}, frozenset({"s3"})),
    )

    assert rights.perhaps(Holder(me.arn), ONE) >= READ
    assert not any(name.startswith("iam:") for name in rights.perhaps(Holder(me.arn), ONE))
