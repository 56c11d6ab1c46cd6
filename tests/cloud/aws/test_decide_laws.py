"""What must hold of decisions whatever the policies: and what a slow, separate evaluator says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import decide
from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.kit import BUCKET, CONDITIONAL, FILE, MFA, NO, ONE, TWO, YES, Small

ANN, BOB = f"arn:aws:iam::{ONE}:user/ann", f"arn:aws:iam::{TWO}:user/bob"
ROOT = f"arn:aws:iam::{ONE}:root"
#: Where the statements of a world stand.
PLACES = ("identity", "boundary", "session", "top", "account", "rcp", "resource")
LIMITS = ("boundary", "top", "account")


@dataclass(frozen=True)
class Said:
    """One statement of a world, and where it stands."""

    place: str
    allows: bool
    action: str
    resource: str
    conditional: bool
    to: str

    @property
    def statement(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "Effect": "Allow" if self.allows else "Deny",
            "Action": self.action,
            "Resource": self.resource,
        }
        if self.conditional:
            found["Condition"] = MFA
        if self.place in ("resource", "rcp"):
            found["Principal"] = "*" if self.place == "rcp" else {"AWS": self.to}
        return found

    def applies(self, *, mfa: bool) -> bool:
        """Whether it is about reading the file, in words of its own."""
        action = self.action in ("*", "s3:*", "s3:GetObject")
        resource = self.resource in ("*", FILE, f"{BUCKET}/*")
        return action and resource and (mfa or not self.conditional)


@dataclass(frozen=True)
class World:
    """Statements, and which documents are there: a place that has none may have an empty one."""

    said: tuple[Said, ...]
    there: frozenset[str]
    missing: frozenset[str] = frozenset()
    foreign: bool = False

    def at(self, place: str) -> Policy:
        if place in self.missing:
            return Policy.missing(place)
        form = Form.RESOURCE if place in ("resource", "rcp") else Form.IDENTITY
        mine = [each.statement for each in self.said if each.place == place]
        return parse({"Version": "2012-10-17", "Statement": mine}, place, form)

    def answer(self, context: Context | None = None) -> Answer:
        caller = Principal(
            BOB if self.foreign else ANN,
            TWO if self.foreign else ONE,
            Kind.LOGIN,
            "bob" if self.foreign else "ann",
            policies=(self.at("identity"),),
            boundary=self.at("boundary") if "boundary" in self.there else None,
        )
        levels = (
            Level("top", (self.at("top"),), (self.at("rcp"),)),
            Level("account", (self.at("account"),)),
        )
        bound = levels if "top" in self.there else None
        accounts = {ONE: Account(ONE, bound), TWO: Account(TWO, bound)}
        estate = Estate(
            {caller.arn: caller},
            accounts,
            {BUCKET: self.at("resource")} if "resource" in self.there else {},
            {BUCKET: ONE},
            frozenset({"s3"}),
        )
        sessions = (self.at("session"),) if "session" in self.there else ()
        return decide(
            estate, caller, "s3:GetObject", FILE, context or Context(),
            catalogue=Small(), sessions=sessions,
        ).answer  # fmt: skip

    def oracle(self, *, mfa: bool) -> bool:
        """The same with everything known, as sets of the places that speak."""
        here = [
            each
            for each in self.said
            if each.applies(mfa=mfa)
            and (each.place in self.there or each.place == "identity"
                 or (each.place in ("account", "rcp") and "top" in self.there))
        ]  # fmt: skip
        caller = BOB if self.foreign else ANN
        near = {"*", caller}
        around = near | {TWO if self.foreign else ONE} | (set() if self.foreign else {ROOT})
        denied = [
            each
            for each in here
            if not each.allows and (each.place != "resource" or each.to in around)
        ]
        if denied:
            return False
        allows = {each.place for each in here if each.allows and each.place != "resource"}
        named = {each.to for each in here if each.allows and each.place == "resource"}
        if "top" in self.there and not {"top", "account"} <= allows:
            return False
        limits = {"boundary", "session"} & self.there
        own = "identity" in allows and limits <= allows
        if self.foreign:
            return own and bool(named & around)
        # Named itself, a login needs nobody else's leave but that of a session policy, where the
        # documents are at odds.
        itself = bool(named & near)
        return own or itself

    @property
    def disputed(self) -> bool:
        """Whether the answer may rest on what the documents are at odds about."""
        return "session" in self.there and "resource" in self.there


said = st.builds(
    Said,
    st.sampled_from(PLACES),
    st.sampled_from([True, True, False]),
    st.sampled_from(["*", "s3:*", "s3:GetObject", "ec2:*"]),
    st.sampled_from(["*", FILE, f"{BUCKET}/*", BUCKET]),
    st.sampled_from([False, False, True]),
    st.sampled_from(["*", ANN, BOB, ONE, TWO, ROOT]),
)
#: Whatever limits allows everything, unless a world says otherwise: else nearly all answers are no.
full = st.sampled_from(
    [(), tuple(Said(place, True, "*", "*", False, "*") for place in PLACES if place != "rcp")]  # noqa: FBT003
)
worlds = st.builds(
    lambda some, further, there, foreign: World((*some, *further), there, foreign=foreign),
    full,
    st.lists(said, max_size=7).map(tuple),
    st.frozensets(st.sampled_from(["boundary", "session", "top", "resource"])),
    st.booleans(),
)
KNOWN = {
    True: Context.of({"aws:MultiFactorAuthPresent": True}),
    False: Context.of(absent=["aws:MultiFactorAuthPresent"]),
}


@given(worlds)
@settings(max_examples=400)
def test_with_everything_known_the_answer_is_that_of_the_oracle(world: World) -> None:
    for mfa, context in KNOWN.items():
        answer = world.answer(context)
        if world.disputed and answer is CONDITIONAL:
            continue
        assert (answer is YES) is world.oracle(mfa=mfa), (mfa, answer)


@given(worlds)
@settings(max_examples=300)
def test_what_is_settled_stays_whatever_turns_out(world: World) -> None:
    open_ = world.answer()

    if open_ in (YES, NO):
        assert {world.answer(context) for context in KNOWN.values()} <= {open_, CONDITIONAL}
    elif not world.disputed:
        denied = any(each.conditional and not each.allows for each in world.said)
        seen = {world.answer(context) for context in KNOWN.values()}
        # A grant and a deny under one condition are not held against each other.
        assert seen == {YES, NO} or denied


@given(worlds, st.data())
@settings(max_examples=300)
def test_to_take_an_allow_away_never_adds_and_a_deny_never_takes(
    world: World, data: st.DataObject
) -> None:
    if not world.said:
        return
    gone = data.draw(st.sampled_from(world.said))
    left = list(world.said)
    left.remove(gone)
    before, after = world.answer(), replace(world, said=tuple(left)).answer()

    assert after <= before if gone.allows else after >= before


@given(worlds, st.sampled_from(LIMITS))
@settings(max_examples=300)
def test_a_limit_whose_document_is_missing_never_gives_anything(world: World, lost: str) -> None:
    before = world.answer()
    after = replace(world, missing=frozenset({lost})).answer()

    assert after <= before or after is Answer.UNKNOWN


@given(worlds, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_the_order_of_statements_changes_no_answer(world: World, chance: Any) -> None:
    mixed = list(world.said)
    chance.shuffle(mixed)

    assert replace(world, said=tuple(mixed)).answer() is world.answer()


def test_the_worlds_have_answers_of_every_kind() -> None:
    whole = [Said(place, True, "*", "*", False, "*") for place in PLACES if place != "rcp"]  # noqa: FBT003
    every = frozenset({"boundary", "top"})
    rest = [
        World(tuple(whole), every),
        World(tuple(whole), every, frozenset({"boundary"})),
        World((*whole[1:], replace(whole[0], conditional=True)), every),
        World((), every),
    ]

    assert {world.answer() for world in chain(rest)} == set(Answer)
