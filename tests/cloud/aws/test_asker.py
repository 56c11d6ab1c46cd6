"""What is decided once for many resources is what is decided for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.asker import ASSUME, Asker
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.documents import Form
from sod_analyzer.cloud.aws.estate import Estate, Level
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import (
    MFA,
    NO,
    ONE,
    TWO,
    Small,
    allow,
    deny,
    login,
    organisation,
    policy,
    role,
)

KEY, PASS = "iam:CreateAccessKey", "iam:PassRole"
NAMES = ("ann", "bob", "eve")
ARNS = tuple(f"arn:aws:iam::{account}:user/{name}" for account in (ONE, TWO) for name in NAMES)
_ON = ("*", ARNS[0], f"arn:aws:iam::{ONE}:user/*", "arn:aws:iam::*:user/${aws:username}")

#: A limit that lets one of the logins be touched alone.
NARROW = Level("root", (policy(allow("iam:*", ARNS[0]), name="limit"),))

named = st.sampled_from(_ON)
whens = st.sampled_from(
    [None, None, None, MFA, {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}]
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from([allow, allow, deny]))
    key = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    action = draw(st.sampled_from(["iam:*", KEY, PASS, "*", "sts:AssumeRole", "s3:*"]))
    found = effect(action, None, when=draw(whens), **{key: draw(st.lists(named, min_size=1))})
    return {name: each for name, each in found.items() if each is not None}


several = st.lists(statements(), max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Principal, Estate]:
    me = login(*draw(several), name="ann")
    if draw(st.booleans()):
        me = replace(me, boundary=policy(*draw(several), name="boundary"))
    levels = [
        Level("root", (policy(*draw(several), allow("*"), name="limit"),))
        for _ in range(draw(st.integers(0, 1)))
    ]
    others = [login(name=name, account=number) for number in (ONE, TWO) for name in NAMES[1:]]
    roles = [
        role(name=name, trust=[allow("sts:AssumeRole", None, to={"AWS": trusted})])
        for name, trusted in (("mine", me.arn), ("ours", ONE), ("theirs", TWO))
    ]
    known = {each.arn: each for each in (me, *others, *roles)}
    return me, Estate(
        known, organisation(*levels) if levels else {}, read_accounts=frozenset({ONE})
    )


def alone(estate: Estate, me: Principal, action: str, on: str, context: Context) -> Decision:
    return decide(estate, me, action, on, context, catalogue=Small())


def same(found: Decision, alone: Decision) -> bool:
    """Of what is not allowed nobody asks why."""
    return found == alone or (found.answer is NO and alone.answer is NO)


@settings(max_examples=300, deadline=None)
@given(worlds(), st.permutations(ARNS))
@example((login(allow(KEY, "*"), deny(KEY, ARNS[0]), name="eve"), Estate()), list(ARNS))
@example((login(allow("iam:*"), boundary=policy(allow("iam:*", ARNS[0]))), Estate()), list(ARNS))
@example((login(allow("iam:*")), Estate({}, organisation(NARROW))), list(ARNS))
@example((login(allow("iam:*", None, NotResource=[*ARNS[:1], "*x"])), Estate()), list(ARNS))
def test_each_resource_is_answered_as_if_it_were_the_only_one(
    world: tuple[Principal, Estate], order: list[str]
) -> None:
    me, estate = world
    asker = Asker(me, estate, Small(), Context())
    passed = Context().knowing({"iam:PassedToService": "lambda.amazonaws.com"})
    for arn in order:
        assert same(asker.may(KEY, arn), alone(estate, me, KEY, arn, Context()))
        found = asker.may(PASS, arn, passed, "lambda.amazonaws.com")
        assert same(found, alone(estate, me, PASS, arn, passed))
        assert same(asker.may(PASS, arn), alone(estate, me, PASS, arn, Context()))


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_each_role_is_assumed_as_if_it_were_the_only_one(world: tuple[Principal, Estate]) -> None:
    me, estate = world
    asker = Asker(me, estate, Small(), Context())
    roles = [each for each in estate.principals.values() if each.trust is not None]
    for each in roles:
        assert same(asker.assumes(each), alone(estate, me, ASSUME, each.arn, Context()))
        trust = policy(
            allow("sts:AssumeRole", None, to={"AWS": me.arn}),
            form=Form.TRUST,
            name=f"a trust policy made by {me.arn}",
        )
        known = {**estate.principals, each.arn: replace(each, trust=trust)}
        then = alone(replace(estate, principals=known), me, ASSUME, each.arn, Context())
        assert same(asker.once_trusted(each), then)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from([None, 0, 1]))
def test_several_questions_at_once_are_answered_as_one_by_one(
    world: tuple[Principal, Estate], changes: int | None
) -> None:
    _, estate = world
    details = aws.load([]).details
    asked = aws.Aws(estate, details, Small(), ())
    requests = [(KEY, ARNS[0]), (PASS, ARNS[1]), ("s3:GetObject", "arn:aws:s3:::books/q3.csv")]
    together = asked.who_can_each(requests, max_changes=changes)

    for (action, on), found in zip(requests, together, strict=True):
        expected: dict[str, aws.Decision] = {}
        for arn in estate.principals:
            best = asked.decide(arn, action, on)
            for each in asked.reach(arn, max_changes=changes) if changes is not None else ():
                one = decide(estate, each.principal, action, on, Context(), catalogue=Small())
                best = max(best, replace(one, answer=min(one.answer, each.answer)), key=_answer)
            if best.answer is not NO:
                expected[arn] = best
        assert {arn: each.answer for arn, each in found.items()} == {
            arn: each.answer for arn, each in expected.items()
        }


def _answer(decision: aws.Decision) -> aws.Answer:
    return decision.answer
