"""Whoever is taken for another one is answered as if nobody else were there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Account, Level
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.aws.resource_policies import ResourcePolicies
from sod_analyzer.cloud.aws.rights import Holder, Rights
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import (
    BUCKET,
    CONDITIONAL,
    MFA,
    NO,
    ONE,
    TWO,
    UNKNOWN,
    YES,
    Small,
    allow,
    deny,
    login,
    on,
    policy,
    role,
)

ANN = f"arn:aws:iam::{ONE}:user/ann"
#: The actions of a question, and the resources.
QUESTIONS = (
    (frozenset({"s3:getobject", "s3:deleteobject"}), ("arn:aws:s3:::*",)),
    (frozenset({"iam:createaccesskey"}), (f"arn:aws:iam::{ONE}:*",)),
    (frozenset({"sts:assumerole"}), (f"arn:aws:iam::{ONE}:*",)),
)
_WHENS = (
    None,
    MFA,
    {"StringEquals": {"aws:PrincipalArn": ANN}},
    {"StringLike": {"aws:username": "a*"}},
    {"StringEquals": {"aws:PrincipalTag/team": "books"}},
)
_ON = ("*", f"{BUCKET}/*", f"{BUCKET}/${{aws:username}}/*", ANN)

some = st.builds(
    lambda effect, action, where, when: effect(action, where, when=when),
    st.sampled_from([allow, allow, deny]),
    st.sampled_from(["s3:*", "s3:GetObject", "iam:*", "*", "sts:AssumeRole"]),
    st.sampled_from(_ON),
    st.sampled_from(_WHENS),
)
#: Few, so that several principals have the same.
contents = st.lists(st.lists(some, max_size=2), min_size=1, max_size=2)


def known(statement: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in statement.items() if each is not None}


@st.composite
def worlds(draw: st.DrawFn) -> Rights:
    pool = [[known(each) for each in several] for several in draw(contents)]
    chosen = st.sampled_from(pool)
    principals: list[Principal] = []
    for name in ("ann", "art", "bob", "eve"):
        made = login(*draw(chosen), name=name, account=draw(st.sampled_from([ONE, ONE, TWO])))
        # The policies of each are called after it, as in an export.
        mine = replace(made.policies[0], name=made.arn)
        if draw(st.sampled_from([False] * 4 + [True])):
            mine = replace(mine, damaged=True, problems=(f"{made.arn}: torn",))
        limit = draw(st.sampled_from([None, None, *pool]))
        tags = draw(st.sampled_from([(), (("team", "books"),)]))
        bound = None if limit is None else policy(*limit, name="boundary")
        principals.append(
            replace(
                made, unique_id=f"AIDA{name.upper()}", policies=(mine,), boundary=bound, tags=tags
            )
        )
    trusted = draw(st.sampled_from([ANN, ONE, "*"]))
    trust = [allow("sts:AssumeRole", None, to={"AWS": trusted})]
    principals.append(role(name="open", trust=trust))
    resources: dict[str, Policy] = {}
    if draw(st.booleans()):
        resources = dict(on(BUCKET, allow("s3:GetObject", f"{BUCKET}/*", to={"AWS": ANN})))
    accounts: tuple[Account, ...] = ()
    if draw(st.booleans()):
        top = policy(allow("*"), *draw(chosen), name="limit")
        accounts = (Account(ONE, (Level("root", (top,)),)), Account(TWO, ()))
    everyone = {each.arn: each for each in principals}
    read = frozenset({ONE, TWO})
    return Rights(
        Details(everyone, {}, {}, {}, read, ()),
        Small(),
        accounts,
        ResourcePolicies(resources, {BUCKET: ONE}, frozenset({"s3"})),
    )


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_everyone_is_answered_as_if_nobody_had_been_asked_before(rights: Rights) -> None:
    for arn in rights.details.principals:
        alone = replace(rights)
        for names, resources in QUESTIONS:
            together = rights.best(Holder(arn), names, resources, owner=ONE)
            single = alone.best(Holder(arn), names, resources, owner=ONE)
            # Of what is not allowed nobody asks where it was looked for.
            assert together == single or together.decision.answer is single.decision.answer is NO


GET = allow("s3:GetObject", f"{BUCKET}/*")
OWN = {"StringEquals": {"aws:PrincipalArn": ANN}}
ELSEWHERE = policy(allow("s3:*", "arn:aws:s3:::other/*"), name="boundary")
FREE = policy(allow("*"), name="boundary")
TORN = replace(policy(GET), damaged=True)
ON_A = allow("s3:GetObject", f"{BUCKET}/a")
ON_B = allow("s3:GetObject", f"{BUCKET}/b")
UNDER_MFA = {"Condition": MFA}
TAKEN_AWAY = policy(GET, deny("s3:GetObject", f"{BUCKET}/*"))


def named(name: str, *statements: dict[str, Any], **more: Any) -> Principal:
    """A login whose policy is called after it, as in an export."""
    made = login(*statements, name=name, **more)
    policies = tuple(replace(each, name=made.arn) for each in made.policies)
    return replace(made, unique_id=f"AIDA{name.upper()}", policies=policies)


@pytest.mark.parametrize(
    ("ann", "bob", "limits", "resource", "answers"),
    [
        (named("ann", GET), named("bob", GET), [deny("*", when=OWN)], None, (NO, YES)),
        (named("ann", GET), named("bob", GET), [], None, (YES, YES)),
        (
            named("ann", GET, deny("*", when=OWN)),
            named("bob", GET, deny("*", when=OWN)),
            [],
            None,
            (NO, YES),
        ),
        (named("ann"), named("bob"), [], allow("s3:*", to={"AWS": ANN}), (YES, NO)),
        (named("ann"), named("bob"), [], allow("s3:*", to={"AWS": f"{ANN}x"}), (NO, NO)),
        (
            named("ann", allow("s3:GetObject", f"{BUCKET}/*", when=MFA)),
            named("bob", allow("s3:GetObject", f"{BUCKET}/*", when=MFA)),
            [],
            allow("s3:*", f"{BUCKET}/*", to={"AWS": ANN}),
            (YES, CONDITIONAL),
        ),
        (
            named("ann", GET, boundary=ELSEWHERE),
            named("bob", GET, boundary=FREE),
            [],
            None,
            (NO, YES),
        ),
        (
            named("ann", allow("s3:GetObject", f"{BUCKET}/*", when=MFA)),
            named("bob", GET),
            [],
            None,
            (CONDITIONAL, YES),
        ),
        (
            replace(named("ann"), policies=(policy(GET),)),
            replace(named("bob"), policies=(TORN,)),
            [],
            None,
            (YES, UNKNOWN),
        ),
        (
            named("ann"),
            replace(named("bob"), policies=(Policy.missing("gone"),)),
            [],
            None,
            (NO, UNKNOWN),
        ),
        (
            replace(named("ann"), policies=(replace(policy(), name="gone"),)),
            replace(named("bob"), policies=(Policy.missing("gone"),)),
            [],
            None,
            (NO, UNKNOWN),
        ),
        # What is found for one is no place for the other, nor is nothing.
        (
            named("ann", ON_A, {**ON_B, **UNDER_MFA}),
            named("bob", {**ON_A, **UNDER_MFA}, ON_B),
            [],
            None,
            (YES, YES),
        ),
        (
            replace(named("ann"), policies=(TAKEN_AWAY,)),
            replace(named("bob"), policies=(replace(TAKEN_AWAY, damaged=True),)),
            [],
            None,
            (NO, UNKNOWN),
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_whoever_is_asked_first_decides_for_nobody_else(
    ann: Principal,
    bob: Principal,
    limits: list[dict[str, Any]],
    resource: dict[str, Any] | None,
    answers: tuple[Answer, Answer],
    *,
    turned: bool,
) -> None:
    top = policy(allow("*"), *limits, name="limit")
    rights = Rights(
        Details({each.arn: each for each in (ann, bob)}, {}, {}, {}, frozenset({ONE}), ()),
        Small(),
        (Account(ONE, (Level("root", (top,)),)),),
        ResourcePolicies(
            {} if resource is None else dict(on(BUCKET, resource)),
            {BUCKET: ONE},
            frozenset({"s3"}),
        ),
    )
    # Both are near something, so that neither is passed over.
    names = frozenset({"s3:getobject"})
    order = [bob, ann] if turned else [ann, bob]

    found = {
        each.arn: rights.best(Holder(each.arn), names, ["arn:aws:s3:::*"], owner=ONE)
        for each in order
    }

    assert tuple(found[each.arn].decision.answer for each in (ann, bob)) == answers


def test_principals_with_the_same_documents_are_sought_once() -> None:
    same = [allow("s3:GetObject", f"{BUCKET}/*")]
    ann, bob = (
        replace(each, policies=(replace(each.policies[0], name=each.arn),))
        for each in (login(*same, name="ann"), login(*same, name="bob"))
    )
    people = {each.arn: each for each in (ann, bob)}
    rights = Rights(Details(people, {}, {}, {}, frozenset({ONE}), ()), Small())
    names = frozenset({"s3:getobject"})

    found = [rights.best(Holder(arn), names, ["arn:aws:s3:::*"], owner=ONE) for arn in people]

    assert found[0].resource == found[1].resource
    assert [str(each.decision.statement) for each in found] == [
        str(ann.policies[0].statements[0]),
        str(bob.policies[0].statements[0]),
    ]
    assert rights._alike.of(ann, names) == rights._alike.of(bob, names)
