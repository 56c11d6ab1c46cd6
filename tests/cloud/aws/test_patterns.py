"""Questions over sets of resources, beside every single request that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import decide
from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.patterns import Found, decide_any
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.globs import Glob
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import (
    BUCKET,
    CONDITIONAL,
    FILE,
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
    organisation,
    policy,
    role,
)

OTHER = "arn:aws:s3:::other"


class Tiny:
    """One action on whatever there is, and one on nothing."""

    version = "a tiny catalogue"

    def arns_of(self, action: str) -> tuple[str, ...] | None:
        return {"t:do": ("${Anything}",), "t:see": ()}.get(action.lower())

    def spelled(self, action: str) -> str:
        return action

    def needed_by(self, action: str) -> tuple[str, ...]:
        return ()

    def actions_like(self, pattern: str) -> tuple[str, ...]:
        glob = Glob.parse(pattern)
        return tuple(name for name in ("t:do", "t:see") if glob.matches(name, fold=True))


def texts(longest: int) -> Iterator[str]:
    for length in range(longest + 1):
        yield from map("".join, product("ab/", repeat=length))


EVERY = tuple(texts(6))
globs = st.text("ab/*?", min_size=1, max_size=5) | st.sampled_from(["*", "a*", "*b", "a/*", "a?b"])
listed = st.lists(globs, min_size=1, max_size=2)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"])): draw(listed),
        "Action": "t:do",
    }
    if draw(st.sampled_from([False, False, True])):
        found["Condition"] = MFA
    if draw(st.sampled_from([False] * 5 + [True])):
        key = next(key for key in ("Resource", "NotResource") if key in found)
        found[key] = [*found[key], "a/${aws:PrincipalTag/x}"]
    return found


def documents(most: int) -> st.SearchStrategy[Policy]:
    made = st.lists(statements(), max_size=most).map(
        lambda some: parse({"Version": "2012-10-17", "Statement": some}, "p")
    )
    return made | st.just(policy(allow("*"))) | st.just(Policy.missing("p"))


@dataclass(frozen=True)
class World:
    """A caller with its limits, and what is asked about."""

    caller: Principal
    estate: Estate
    sessions: tuple[Policy, ...]
    wanted: Sequence[str]
    context: Context

    def one(self, resource: str) -> Answer:
        return decide(
            self.estate, self.caller, "t:do", resource, self.context,
            catalogue=Tiny(), sessions=self.sessions,
        ).answer  # fmt: skip

    def some(self, budget: int = 20_000) -> Found:
        return decide_any(
            self.estate, self.caller, ["t:do"], self.wanted, self.context,
            catalogue=Tiny(), sessions=self.sessions, budget=budget,
        )  # fmt: skip

    def best(self) -> Answer:
        """By asking about every short text."""
        wanted = [Glob.parse(text) for text in self.wanted]
        mine = (text for text in EVERY if any(glob.matches(text) for glob in wanted))
        return max((self.one(text) for text in mine), default=NO)


def made(
    *,
    identity: Policy,
    boundary: Policy | None,
    level: Policy | None,
    resource: tuple[str, Policy] | None,
    session: Policy | None,
    wanted: list[str],
    context: Context,
) -> World:
    arn = f"arn:aws:iam::{ONE}:role/app"
    caller = Principal(arn, ONE, Kind.ROLE, "app", policies=(identity,), boundary=boundary)
    levels = None if level is None else (Level("root", (level,)),)
    estate = Estate(
        {arn: caller},
        {ONE: Account(ONE, levels)},
        {} if resource is None else dict([resource]),
    )
    return World(caller, estate, () if session is None else (session,), wanted, context)


def of_resource(stated: list[dict[str, Any]], who: str) -> Policy:
    named = [{**each, "Principal": {"AWS": who}} for each in stated]
    return parse({"Version": "2012-10-17", "Statement": named}, "r", Form.RESOURCE)


worlds = st.builds(
    made,
    identity=documents(3),
    boundary=st.none() | documents(2),
    level=st.none() | documents(2),
    resource=st.none()
    | st.tuples(
        st.sampled_from(["a", "a/b", "b/a"]),
        st.builds(
            of_resource,
            st.lists(statements(), max_size=2),
            st.sampled_from(["*", ONE, f"arn:aws:iam::{ONE}:role/app", TWO]),
        ),
    ),
    session=st.none() | documents(1),
    wanted=listed,
    context=st.sampled_from(
        [
            Context(),
            Context.of({"aws:MultiFactorAuthPresent": True, "aws:PrincipalTag/x": "b"}),
            Context.of(absent=["aws:MultiFactorAuthPresent", "aws:PrincipalTag/x"]),
        ]
    ),
)


@given(worlds)
@settings(max_examples=150)
def test_what_patterns_say_is_the_best_that_single_requests_say(world: World) -> None:
    found, best = world.some(), world.best()

    assert found.decision.answer >= best
    if found.resource is not None:
        assert any(Glob.parse(text).matches(found.resource) for text in world.wanted)
        assert world.one(found.resource) is found.decision.answer
    else:
        # The search is short enough to end here, so no means no.
        assert found.decision.answer is best is NO


@given(worlds, st.integers(0, 3))
@settings(max_examples=60)
def test_a_search_that_is_cut_short_never_says_no(world: World, budget: int) -> None:
    whole, cut = world.some(), world.some(budget)

    if whole.decision.answer is not NO:
        assert cut.decision.answer is not NO
    if cut.resource is None and cut.decision.answer is not NO:
        assert cut.decision.answer is CONDITIONAL
        assert "too many to compare" in cut.decision.conditions[0]


@pytest.mark.parametrize("budget", [0, 1])
def test_a_search_that_is_cut_short_is_open(budget: int) -> None:
    """Two patterns that have strings in common, which takes more states to find than these."""
    caller = login(allow("t:do", "*a*b*"), deny("t:do", "*aba*"))
    world = World(caller, Estate({caller.arn: caller}), (), ("*b*a*",), Context())

    whole, cut = world.some(), world.some(budget)

    assert whole.decision.answer is YES
    assert cut.decision.answer is CONDITIONAL
    assert "too many to compare" in cut.decision.conditions[0]


def ask(caller: Principal, actions: Sequence[str], wanted: Sequence[str], **estate: Any) -> Found:
    roles = {each.arn: each for each in estate.pop("roles", ())}
    known = Estate(
        {caller.arn: caller, **roles},
        owners={BUCKET: ONE},
        read_services=frozenset({"s3", "athena", "sqs"}),
        read_accounts=frozenset({ONE}),
        **estate,
    )
    return decide_any(known, caller, actions, wanted, Context(), catalogue=Small())


def test_a_deny_that_leaves_something_leaves_it() -> None:
    caller = login(allow("s3:*"), deny("s3:*", f"{BUCKET}/secret/*"))

    some = ask(caller, ["s3:Get*"], [f"{BUCKET}/*"])
    none = ask(caller, ["s3:Get*"], [f"{BUCKET}/secret/*"])

    assert some.decision.answer is YES
    assert some.action == "s3:getobject"
    assert some.resource is not None
    assert some.resource.startswith(f"{BUCKET}/")
    assert not some.resource.startswith(f"{BUCKET}/secret/")
    assert none.decision.answer is NO
    assert (none.action, none.resource) == (None, None)


def test_denies_that_leave_nothing_together_leave_nothing() -> None:
    half = deny("s3:*", [f"{BUCKET}/a*", f"{BUCKET}/?"])
    rest = deny("s3:*", None, NotResource=[f"{BUCKET}/a*", f"{BUCKET}/?"])

    assert ask(login(allow("*"), half), ["s3:GetObject"], [f"{BUCKET}/*"]).resource is not None
    assert ask(login(allow("*"), half, rest), ["s3:GetObject"], ["*"]).decision.answer is NO


def test_the_policy_of_a_bucket_reaches_its_objects_alone() -> None:
    caller = login()
    resources = on(BUCKET, allow("s3:GetObject", f"{BUCKET}/*", to="*"))

    assert ask(caller, ["s3:GetObject"], ["*"], resources=resources).resource is not None
    elsewhere = ask(caller, ["s3:GetObject"], [f"{OTHER}/*"], resources=resources)
    assert elsewhere.decision.answer is NO


def test_a_bucket_is_asked_about_by_its_own_name_and_a_file_by_its() -> None:
    caller = login(allow("s3:*", BUCKET))

    found = ask(caller, ["s3:*"], ["arn:aws:s3:::ledger*"])

    assert (found.action, found.resource) == ("s3:listbucket", BUCKET)
    assert ask(caller, ["s3:GetObject"], ["*"]).decision.answer is NO


def test_a_role_is_assumed_where_its_trust_says_so() -> None:
    trusting = role(name="open", trust=[allow("sts:AssumeRole", None, to={"AWS": ONE})])
    closed = role(name="closed", trust=[allow("sts:AssumeRole", None, to={"AWS": TWO})])
    caller = login(allow("sts:AssumeRole", f"arn:aws:iam::{ONE}:role/*"))

    found = ask(caller, ["sts:AssumeRole"], ["*"], roles=[closed, trusting])

    assert found.decision.answer is YES
    assert found.resource == trusting.arn
    assert ask(caller, ["sts:AssumeRole"], ["*"], roles=[closed]).decision.answer is NO
    assert ask(login(), ["sts:AssumeRole"], ["*"], roles=[trusting]).decision.answer is NO


def test_an_action_on_no_resource_is_asked_of_as_such() -> None:
    assert ask(login(allow("iam:ListUsers")), ["iam:List*"], ["*"]).resource == "*"
    narrow = login(allow("iam:ListUsers", f"arn:aws:iam::{ONE}:*"))
    assert ask(narrow, ["iam:List*"], ["*"]).decision.answer is NO


@pytest.mark.parametrize(
    ("caller", "answer"),
    [
        (login(allow("athena:*")), YES),
        (login(allow("athena:*", when=MFA)), CONDITIONAL),
        (login(allow("athena:*"), boundary=Policy.missing("b")), UNKNOWN),
        (login(allow("athena:*"), boundary=policy(allow("s3:*"))), NO),
        (login(allow("athena:*", f"arn:aws:athena:*:{TWO}:*")), NO),
        (login(allow("athena:*"), deny("athena:*", when=MFA)), CONDITIONAL),
    ],
)
def test_every_kind_of_answer_is_given_for_patterns(caller: Principal, answer: Answer) -> None:
    assert ask(caller, ["athena:Get*"], ["*"]).decision.answer is answer


@pytest.mark.parametrize(
    ("allowed", "whom", "answer"),
    [
        ("sqs:*", ONE, YES),
        ("sqs:*", TWO, NO),
        ("s3:*", ONE, NO),
        ("kms:*", None, UNKNOWN),
        ("s3:*", None, NO),
    ],
)
def test_another_account_must_allow_too_and_what_was_not_read_is_unknown(
    allowed: str, whom: str | None, answer: Answer
) -> None:
    theirs = f"arn:aws:sqs:eu-west-1:{TWO}:books"
    resources = {} if whom is None else on(theirs, allow("sqs:*", theirs, to={"AWS": whom}))

    found = ask(
        login(allow(allowed)),
        ["sqs:SendMessage", "kms:Decrypt"],
        [f"arn:aws:*:*:{TWO}:*"],
        roles=[role(name="there", account=TWO)],
        resources=resources,
    )

    assert found.decision.answer is answer


def test_a_better_answer_elsewhere_is_the_answer() -> None:
    both = login(allow("s3:GetObject", f"{OTHER}/*", when=MFA), allow("s3:GetObject", FILE))

    found = ask(both, ["s3:*"], ["*"])

    assert (found.decision.answer, found.resource) == (YES, FILE)


def test_levels_of_the_organisation_limit_patterns() -> None:
    most = Level("root", (policy(allow("s3:*", f"{OTHER}/*")),))
    caller = login(allow("s3:*", f"{BUCKET}/*"), allow("s3:*", f"{OTHER}/x"))

    found = ask(caller, ["s3:GetObject"], ["*"], accounts=organisation(most))

    assert (found.decision.answer, found.resource) == (YES, f"{OTHER}/x")


def test_an_action_that_there_is_not_is_never_a_plain_no() -> None:
    caller = login(allow("*"))

    none = ask(caller, ["s3:Nothing*"], ["*"]).decision
    some = ask(caller, ["s3:Nothing*", "s3:GetObject"], ["*"]).decision
    clean = ask(login(), ["s3:Nothing*", "s3:GetObject"], ["*"]).decision

    assert none.answer is UNKNOWN
    assert none.missing == ("no action of a small catalogue is like s3:Nothing*",)
    assert (some.answer, some.notes[0]) == (YES, none.missing[0])
    assert (clean.answer, clean.notes[0]) == (NO, none.missing[0])


def test_a_no_says_what_was_not_read() -> None:
    unread = Estate({})

    decision = decide_any(
        unread, login(), ["s3:GetObject"], ["*"], Context(), catalogue=Small()
    ).decision

    assert decision.answer is NO
    assert set(decision.notes) == {
        f"no organisation was read that account {ONE} may belong to",
        f"no policy of resources of s3 in account {ONE} was read",
    }


def test_the_order_of_what_is_asked_changes_nothing() -> None:
    caller = login(allow("s3:GetObject", [f"{OTHER}/b", f"{BUCKET}/a"]))

    one = ask(caller, ["s3:Get*", "s3:List*"], [f"{OTHER}/*", f"{BUCKET}/*"])
    other = ask(caller, ["s3:List*", "s3:Get*"], [f"{BUCKET}/*", f"{OTHER}/*"])

    assert replace(one) == other


def test_a_variable_that_nobody_knows_neither_grants_nor_denies_for_sure() -> None:
    own = f"{BUCKET}/${{aws:PrincipalTag/team}}/*"

    granted = ask(role(allow("s3:GetObject", own)), ["s3:GetObject"], [f"{BUCKET}/*"])
    denied = ask(role(allow("*"), deny("*", own)), ["s3:GetObject"], [f"{BUCKET}/*/*"])
    spared = ask(role(allow("*"), deny("*", None, NotResource=own)), ["s3:GetObject"], ["*"])
    sure = ask(role(allow("s3:GetObject", [own, f"{OTHER}/x"])), ["s3:GetObject"], ["*"])

    assert granted.decision.answer is CONDITIONAL
    assert denied.decision.answer is CONDITIONAL
    assert spared.decision.answer is CONDITIONAL
    assert (sure.decision.answer, sure.resource) == (YES, f"{OTHER}/x")
