"""A question that is not asked because nothing allowed is near has no answer but no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.patterns import decide_any
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.aws.resource_policies import ResourcePolicies
from sod_analyzer.cloud.aws.rights import Holder, Rights
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import (
    BUCKET,
    KNOWN,
    MFA,
    NO,
    ONE,
    TABLE,
    TWO,
    UNKNOWN,
    YES,
    Small,
    allow,
    deny,
    login,
    on,
    role,
)

ANN = f"arn:aws:iam::{ONE}:user/ann"
OPEN = f"arn:aws:iam::{ONE}:role/open"
OTHER = "arn:aws:s3:::other"
MINE = "arn:aws:s3:::ann/*"
KEY = f"arn:aws:kms:eu-west-1:{ONE}:key/a"
CHINA = "arn:aws-cn:s3:::ledger"
_ON = (
    "*", f"{BUCKET}/*", f"{OTHER}/*", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${aws:", ANN,
    OPEN, TABLE, f"arn:aws:*:*:{TWO}:*", "arn:aws-cn:s3:::*", KEY,
)  # fmt: skip
#: What a question is about: patterns of resources, as of an application.
ASKED = st.lists(
    st.sampled_from([
        MINE, f"{BUCKET}/*", f"{BUCKET}*", "arn:aws:s3:::o*", "arn:*:s3:::other/x",
        "arn:aws:athena:*", f"arn:aws:athena:*:{ONE}:workgroup/b*", f"arn:aws:sqs:*:{ONE}:*",
        f"arn:aws:iam::{ONE}:*", OPEN, KEY, f"arn:*:*:*:{ONE}:*", "arn:aws-cn:s3:::ledger/*", "*",
    ]),
    min_size=1, max_size=3,
)  # fmt: skip
ACTIONS = st.sets(st.sampled_from(sorted(KNOWN)), min_size=1, max_size=5) | st.just(set(KNOWN))

statements = st.builds(
    lambda effect, action, key, where, when: effect(
        action, None, **{key: where}, **({} if when is None else {"when": when})
    ),
    st.sampled_from([allow, allow, allow, deny]),
    st.sampled_from(["s3:*", "s3:GetObject", "iam:*", "*", "sts:*", "kms:*", "athena:*"]),
    st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]),
    st.lists(st.sampled_from(_ON), min_size=1, max_size=2),
    st.sampled_from([None, None, MFA]),
)
trusting = [allow("sts:*", None, to={"AWS": ANN}), allow("sts:*", None, to={"Federated": "*"})]


def world(
    ann: Principal,
    *others: Principal,
    resources: dict[str, Policy] | None = None,
    read: frozenset[str] = frozenset({"s3"}),
) -> Rights:
    everyone = {each.arn: each for each in (ann, role(name="open", trust=trusting), *others)}
    return Rights(
        Details(everyone, {}, {}, {}, frozenset({ONE, TWO}), ()),
        Small(),
        (),
        ResourcePolicies(resources or {}, {BUCKET: ONE, OTHER: TWO}, read),
    )


@st.composite
def worlds(draw: st.DrawFn) -> Rights:
    principals = []
    for name in ("ann", "art"):
        made = login(*draw(st.lists(statements, max_size=3)), name=name)
        if draw(st.sampled_from([False] * 4 + [True])):
            made = replace(made, policies=(replace(made.policies[0], damaged=True),))
        principals.append(made)
    resources: dict[str, Policy] = {}
    if draw(st.booleans()):
        to = draw(st.sampled_from([{"AWS": ANN}, {"AWS": ONE}, "*"]))
        resources = dict(on(BUCKET, allow("s3:GetObject", f"{BUCKET}/*", to=to)))
    read = draw(st.sampled_from([frozenset({"s3"}), frozenset({"s3", "kms"})]))
    return world(*principals, resources=resources, read=read)


def unfiltered(rights: Rights, arn: str, names: set[str], asked: list[str], owner: str) -> Answer:
    """The answer to the question itself, about the actions that may be allowed on something."""
    names = names & rights.perhaps(Holder(arn), owner)
    return decide_any(
        replace(rights.estate, owner=owner),
        rights.caller(Holder(arn)),
        names,
        asked,
        Context(),
        catalogue=rights.catalogue,
    ).decision.answer


@settings(max_examples=600, deadline=None)
@given(worlds(), ACTIONS, ASKED, st.sampled_from([ONE, TWO]))
def test_what_is_not_asked_is_a_no(
    rights: Rights, names: set[str], asked: list[str], owner: str
) -> None:
    for arn in rights.details.principals:
        found = rights.best(Holder(arn), frozenset(names), asked, owner=owner)

        assert found.decision.answer is unfiltered(rights, arn, names, asked, owner)


GET, TABLES = "s3:getobject", "athena:getworkgroup"
TORN = replace(login(allow("s3:*", f"{BUCKET}/*")).policies[0], damaged=True)


@pytest.mark.parametrize(
    ("rights", "action", "asked", "owner", "answer"),
    [
        (world(login(allow("s3:*", f"{OTHER}/*"))), GET, f"{BUCKET}/*", ONE, NO),
        (world(login(allow("s3:*", f"{BUCKET}/*"))), GET, f"{BUCKET}/x", ONE, YES),
        # A variable is whatever it may stand for.
        (world(login(allow("s3:*", "arn:aws:s3:::${aws:username}/*"))), GET, MINE, ONE, YES),
        # All but the other bucket; what a policy that cannot be read allows.
        (world(login(allow("s3:*", None, NotResource=f"{OTHER}/*"))), GET, f"{BUCKET}/*", ONE, YES),
        (world(replace(login(), policies=(TORN,))), GET, f"{BUCKET}2/*", ONE, UNKNOWN),
        # The resource's own policy, without one of the caller's.
        (
            world(login(), resources=dict(on(BUCKET, allow("s3:*", f"{BUCKET}/*", to="*")))),
            GET,
            f"{BUCKET}/*",
            ONE,
            YES,
        ),
        (world(login()), "sts:assumerole", OPEN, ONE, YES),
        (world(login(allow("kms:*", f"{KEY}b"))), "kms:decrypt", KEY, ONE, UNKNOWN),
        (world(login(allow("kms:*", KEY))), "kms:decrypt", f"{KEY}/b", ONE, UNKNOWN),
        # What works on no resource is no matter of which.
        (world(login(allow("athena:*"))), "athena:listworkgroups", TABLE, ONE, YES),
        (world(login(allow("athena:*", "?"))), "athena:listworkgroups", TABLE, ONE, YES),
        (world(login(allow("iam:*"))), "iam:listusers", f"{BUCKET}/*", ONE, YES),
        (world(login()), "sts:getcalleridentity", f"{BUCKET}/*", ONE, YES),
        # A kind of resource may be of any service that its pattern leaves open.
        (world(login(allow("*"))), TABLES, "arn:aws:*:workgroup/books", ONE, YES),
        (world(login(allow("*"))), TABLES, f"{BUCKET}/*", ONE, NO),
    ],
)
def test_only_what_is_near_is_asked_and_all_of_it(
    rights: Rights, action: str, asked: str, owner: str, answer: Answer
) -> None:
    found = rights.best(Holder(ANN), frozenset({action}), [asked], owner=owner)

    assert found.decision.answer is answer
    assert unfiltered(rights, ANN, {action}, [asked], owner) is answer


def test_nothing_is_sought_where_nothing_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("sod_analyzer.cloud.aws.rights.seek", unwanted)
    rights = world(login(allow("s3:*", f"{OTHER}/*"), allow("athena:*", TABLE)))

    names = frozenset({GET, TABLES})
    for asked in (f"{BUCKET}/*", f"arn:aws:sqs:*:{ONE}:*", f"arn:aws:athena:*:{ONE}:workgroup/z*"):
        assert rights.best(Holder(ANN), names, [asked], owner=ONE).decision.answer is NO
