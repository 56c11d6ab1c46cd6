"""Random organisations, told in three shapes, against a walk up the tree in a few lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import organization
from sod_analyzer.cloud.aws.organization import RCP, SCP
from tests.cloud.aws.kit import allow

HEAD = "999999999999"
ROOT_ID = "r-top0"
ON = [{"Type": each, "Status": "ENABLED"} for each in (SCP, RCP)]
CONTENT = {"Version": "2012-10-17", "Statement": [allow("s3:*")]}


@dataclass(frozen=True)
class World:
    """What lies under what, and which policy of which kind is attached where."""

    parents: dict[str, str]
    policies: dict[str, tuple[str, frozenset[str]]]

    @property
    def accounts(self) -> list[str]:
        return [code for code in self.parents if code.isdigit()]

    def above(self, code: str) -> list[str]:
        """The oracle: from the root to the place itself."""
        return [*self.above(self.parents[code]), code] if code in self.parents else [code]

    def expected(self) -> dict[str, list[tuple[str, set[str], set[str]]]]:
        return {
            account: [
                (place, self._attached(SCP, place), self._attached(RCP, place))
                for place in self.above(account)
            ]
            for account in self.accounts
        }

    def _attached(self, kind: str, place: str) -> set[str]:
        return {
            f"{kind[0]}CP {code}"
            for code, (own, targets) in self.policies.items()
            if own == kind and place in targets
        }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    places = [ROOT_ID]
    parents: dict[str, str] = {}
    for number in range(draw(st.integers(0, 5))):
        code = f"ou-{number}"
        parents[code] = draw(st.sampled_from(places))
        places.append(code)
    for number in range(draw(st.integers(1, 4))):
        parents[f"{number + 1:012}"] = draw(st.sampled_from(places))
    everywhere = [ROOT_ID, *parents]
    policies = {
        f"p-{number}": (
            draw(st.sampled_from([SCP, RCP])),
            draw(st.frozensets(st.sampled_from(everywhere), max_size=4)),
        )
        for number in range(draw(st.integers(0, 5)))
    }
    # Both kinds are there: an organisation has a policy of each from AWS.
    policies["p-scp"] = (SCP, frozenset(everywhere))
    policies["p-rcp"] = (RCP, frozenset(everywhere))
    return World(parents, policies)


def summary(code: str, kind: str) -> dict[str, Any]:
    return {"Id": code, "Type": kind}


def calls(world: World) -> list[tuple[str, Any]]:
    """What each call prints, in files of its own."""
    found: list[tuple[str, Any]] = [
        ("about.json", {"Organization": {"Id": "o-x", "MasterAccountId": HEAD}}),
        ("list-roots.json", {"Roots": [{"Id": ROOT_ID, "PolicyTypes": ON}]}),
    ]
    for place in [ROOT_ID, *(code for code in world.parents if not code.isdigit())]:
        below = [code for code, parent in world.parents.items() if parent == place]
        units = [{"Id": code} for code in below if not code.isdigit()]
        accounts = [{"Id": code} for code in below if code.isdigit()]
        found.append((f"units/{place}.json", {"OrganizationalUnits": units}))
        found.append((f"accounts/{place}.json", {"Accounts": accounts}))
    for code, (kind, targets) in world.policies.items():
        policy = {"PolicySummary": summary(code, kind), "Content": json.dumps(CONTENT)}
        found.append((f"describe-policy/{code}.json", {"Policy": policy}))
        listed = [{"TargetId": target} for target in sorted(targets)]
        found.append((f"targets/{code}.json", {"Targets": listed}))
    return found


def one_object(world: World) -> list[tuple[str, Any]]:
    records = [{"Id": code, "ParentId": parent} for code, parent in world.parents.items()]
    whole = {
        "Organization": {"Id": "o-x", "MasterAccountId": HEAD},
        "Roots": [{"Id": ROOT_ID, "PolicyTypes": ON}],
        "OrganizationalUnits": [each for each in records if not each["Id"].isdigit()],
        "Accounts": [each for each in records if each["Id"].isdigit()],
        "Policies": [
            {
                **summary(code, kind),
                "Content": CONTENT,
                "Targets": [{"TargetId": target} for target in sorted(targets)],
            }
            for code, (kind, targets) in world.policies.items()
        ],
    }
    return [("organization.json", whole)]


def tree(world: World) -> list[tuple[str, Any]]:
    def place(code: str) -> dict[str, Any]:
        own = [
            {**summary(name, kind), "Content": CONTENT}
            for name, (kind, targets) in world.policies.items()
            if code in targets
        ]
        below = [place(each) for each, parent in world.parents.items() if parent == code]
        arn = f"arn:aws:organizations::{HEAD}:x/o-x/{code}"
        return {"Id": code, "Arn": arn, "Policies": own, "Children": below}

    return [("tree.json", place(ROOT_ID))]


def told(found: organization.Organization) -> dict[str, list[tuple[str, set[str], set[str]]]]:
    return {
        number: [
            (level.name, {each.name for each in level.scps}, {each.name for each in level.rcps})
            for level in account.levels or ()
        ]
        for number, account in found.accounts.items()
    }


@given(worlds())
def test_every_shape_tells_what_a_walk_up_the_tree_finds(world: World) -> None:
    for shape in (calls, one_object, tree):
        found = organization.read(shape(world))

        assert found.problems == (), shape.__name__
        assert told(found) == world.expected(), shape.__name__
        assert found.management == HEAD


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(world: World, random: Any) -> None:
    files = calls(world)
    mixed = list(files)
    random.shuffle(mixed)

    assert organization.read(mixed) == organization.read(files)


@given(worlds(), st.data())
def test_a_file_that_is_missing_is_said_or_told_nothing_new(
    world: World, draw: st.DataObject
) -> None:
    files = calls(world)
    lost = draw.draw(st.sampled_from([name for name, _ in files]))

    some = organization.read([each for each in files if each[0] != lost])

    # The root is known by what lies under it; a policy may be attached nowhere.
    assert some.problems or told(some) == world.expected()


@given(worlds(), st.data())
def test_a_policy_whose_content_or_targets_are_missing_frees_nobody(
    world: World, draw: st.DataObject
) -> None:
    code = draw.draw(st.sampled_from(sorted(world.policies)))
    folder = draw.draw(st.sampled_from(["describe-policy", "targets"]))
    _, targets = world.policies[code]

    some = organization.read([each for each in calls(world) if each[0] != f"{folder}/{code}.json"])

    limited = [number for number in world.accounts if targets & set(world.above(number))]
    for number in limited:
        levels = some.accounts[number].levels or ()
        assert any(each.damaged for level in levels for each in (*level.scps, *level.rcps))
