"""Actions that are looked for as one are answered as if each were looked for alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import patterns
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.groups import Groups
from sod_analyzer.cloud.aws.principals import Principal
from tests.cloud.aws.kit import BUCKET, MFA, ONE, TWO, allow, deny, login, on, policy

_FILES, _BUCKETS = "arn:${Partition}:s3:::${Bucket}/${Key}", "arn:${Partition}:s3:::${Bucket}"
_BOXES, _DISKS = (
    "arn:${Partition}:ec2:${Region}:${Account}:" + each for each in ("box/${Id}", "disk/${Id}")
)
#: Kinds of resources by action, and what is needed at once.
KINDS: dict[str, tuple[str, ...]] = {
    "s3:getobject": (_FILES,),
    "s3:putobject": (_FILES,),
    "s3:listbucket": (_BUCKETS,),
    "s3:tag": (_BUCKETS, _FILES),
    "ec2:attach": (_BOXES, _DISKS),
    "ec2:detach": (_BOXES, _DISKS),
    "ec2:start": (_BOXES,),
    "sts:getcalleridentity": (),
    "sts:getfederationtoken": (),
    "iam:listusers": (),
}
NEEDED = {"ec2:attach": (_BOXES, _DISKS)}
NAMES = tuple(sorted(KINDS))


class Several:
    """A catalogue of these."""

    version = "a catalogue of several"

    def arns_of(self, action: str) -> tuple[str, ...] | None:
        return KINDS.get(action.lower())

    def spelled(self, action: str) -> str:
        return action

    def needed_by(self, action: str) -> tuple[str, ...]:
        return NEEDED.get(action.lower(), ())

    def actions_like(self, pattern: str) -> tuple[str, ...]:
        raise NotImplementedError


_ACTIONS = ("*", "s3:*", "s3:Get*", "s3:*Object", "ec2:*", "ec2:Attach", "*:List*", "sts:*")
_ON = ("*", f"{BUCKET}/*", BUCKET, f"arn:aws:ec2:*:{ONE}:box/*", f"arn:aws:ec2:*:{ONE}:disk/*")
statements = st.lists(
    st.builds(
        lambda effect, action, where, when: effect(action, where, when=when),
        st.sampled_from([allow, allow, deny]),
        st.sampled_from(_ACTIONS),
        st.sampled_from(_ON),
        st.sampled_from([None, None, MFA]),
    ),
    max_size=3,
)
given_to = st.sampled_from([f"arn:aws:iam::{ONE}:user/ann", ONE, "*", TWO])


def found(
    estate: Estate, caller: Principal, resources: list[str], *, grouped: bool
) -> patterns.Sought:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "_MANY", 2 if grouped else len(NAMES) + 1)
        return patterns.seek(estate, caller, NAMES, resources, Context(), catalogue=Several())


def world(
    own: list[dict[str, Any]],
    bound: list[dict[str, Any]] | None,
    scps: list[dict[str, Any]],
    rcps: list[dict[str, Any]],
    resource: tuple[str, list[dict[str, Any]]] | None,
) -> tuple[Estate, Principal]:
    caller = login(*own)
    if bound is not None:
        caller = replace(caller, boundary=policy(*bound, name="boundary"))
    level = Level(
        "root",
        (policy(allow("*"), *scps, name="scp"),),
        (policy(*[{**each, "Principal": "*"} for each in rcps], name="rcp"),),
    )
    policies = {}
    if resource is not None:
        whom, said = resource
        policies = dict(on(BUCKET, *({**each, "Principal": {"AWS": whom}} for each in said)))
    estate = Estate(
        {caller.arn: caller},
        {ONE: Account(ONE, (level,)), TWO: Account(TWO, ())},
        resources=policies,
        owners={BUCKET: ONE},
        read_services=frozenset({"s3"}),
        read_accounts=frozenset({ONE}),
    )
    return estate, caller


worlds = st.builds(
    world,
    statements,
    st.none() | statements,
    statements,
    statements.map(lambda some: [each for each in some if each["Effect"] == "Deny"]),
    st.none() | st.tuples(given_to, statements),
)


@settings(max_examples=600, deadline=None)
@given(worlds, st.lists(st.sampled_from([*_ON, "arn:aws:s3:::other/*"]), min_size=1, max_size=2))
@example(world([allow("s3:*", BUCKET)], None, [], [], None), ["*"])
@example(world([allow("ec2:*", f"arn:aws:ec2:*:{ONE}:disk/*")], None, [], [], None), ["*"])
def test_grouped_actions_are_answered_as_single_ones(
    made: tuple[Estate, Principal], resources: list[str]
) -> None:
    estate, caller = made

    assert found(estate, caller, resources, grouped=True) == found(
        estate, caller, resources, grouped=False
    )


def groups(**changes: Any) -> Groups:
    """Groups of whoever may read files, with one more policy of some kind."""
    parts: dict[str, Any] = {"own": [allow("s3:*Object")], "bound": None, "scps": [], "rcps": []}
    estate, caller = world(**{**parts, "resource": None, **changes})
    return Groups(estate, caller, Several(), ())


def test_actions_of_one_kind_that_no_statement_tells_apart_are_one_group() -> None:
    of = groups().of

    assert of("s3:getobject") == of("s3:putobject")
    assert of("ec2:start") != of("ec2:detach") != of("ec2:attach")  # kinds; what is needed at once
    assert of("s3:listbucket") != of("s3:getobject")
    assert len({of("sts:getcalleridentity"), of("sts:getfederationtoken")}) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"own": [allow("s3:*Object"), deny("s3:PutObject")]},
        {"bound": [allow("s3:PutObject")]},
        {"scps": [deny("s3:PutObject")]},
        {"rcps": [deny("s3:PutObject")]},
        {"resource": (TWO, [allow("s3:PutObject")])},
    ],
    ids=["own", "boundary", "scp", "rcp", "resource"],
)
def test_a_statement_anywhere_tells_actions_apart(changes: dict[str, Any]) -> None:
    of = groups(**changes).of

    assert of("s3:getobject") != of("s3:putobject")
