"""What duties see of a snapshot, on worlds whose answer is known by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.assemble import assemble
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Selector
from sod_analyzer.rulebench.coverage import coverage, sounds_privileged
from sod_analyzer.rulebench.worlds import worlds
from tests.rulebench.small import DAY, cases, duty, rule, ruleset

WRITE = duty("write", Selector("gh", ("push",)))
SHIP = duty("ship", Selector("k8s", ("deploy", "roll*"), environment="prod"))
DEAD = duty("dead", Selector("gh", ("merge",)), Selector("aws", ("ec2:*",)))


def snapshot(folder: Path, *people: str) -> Snapshot:
    told = "".join(f"    - {each}\n" for each in people)
    found = cases(folder, f"R1-01:\n  hit:\n{told}")
    (world,) = worlds(found, ruleset(rule()))
    return assemble([world.batch], world.estate)


def test_shares_count_entitlements_once_and_leave_other_environments_aside(tmp_path: Path) -> None:
    bank = snapshot(
        tmp_path,
        "ann: [gh push o/web, gh pull o/web, k8s deploy pay, test deploy pay]",
        "bob: [gh push o/web, k8s look pay, k8s rollback pay via=root privileged]",
        "cat: [gh pull o/pay-api, k8s look web via=root privileged]",
    )

    found = coverage(bank, ruleset(rule(), duties=(WRITE, SHIP)), as_of=DAY)

    # push, deploy and rollback are mapped; deploy in test is elsewhere; two pulls, two looks.
    assert found.summary() == [
        {
            "what": "entitlements",
            "count": 8,
            "mapped": 3,
            "elsewhere": 1,
            "unmapped": 4,
            "percent": 42.9,
        },
        {
            "what": "privileged",
            "count": 2,
            "mapped": 1,
            "elsewhere": 0,
            "unmapped": 1,
            "percent": 50.0,
        },
    ]


def test_the_unmapped_come_by_people_and_bots_are_nobody(tmp_path: Path) -> None:
    bank = snapshot(
        tmp_path,
        "ann: [gh pull o/web, gh pull o/pay-api]",
        "bob: [gh pull o/web eligible, k8s look pay via=oncall>ops]",
        "cat: [gh pull o/web undecided, k8s look pay expired]",
        "job: {class: workload, rights: [gh pull o/web]}",
    )

    rows = coverage(bank, ruleset(rule(), duties=(WRITE, SHIP)), as_of=DAY).unmapped

    # Cat's undecided login is somebody, under its own name.
    assert [(row["system"], row["action"], row["people"], row["resources"]) for row in rows] == [
        ("gh", "pull", 3, 2),
        ("k8s", "look", 1, 1),
    ]
    assert rows[0]["who"] == "ann; bob; cat~0002"
    assert rows[0]["such_as"] == "o/pay-api"


def test_many_holders_are_counted_and_a_few_are_named(tmp_path: Path) -> None:
    people = [f"p{n}: [gh pull o/web]" for n in range(7)]

    (row,) = coverage(
        snapshot(tmp_path, *people), ruleset(rule(), duties=(WRITE,)), as_of=DAY
    ).unmapped

    assert (row["people"], row["who"]) == (7, "p0; p1; p2; p3; p4 and 2 more")


def test_patterns_that_match_nothing_are_dead_or_of_no_used_product(tmp_path: Path) -> None:
    bank = snapshot(tmp_path, "ann: [gh push o/web, k8s deploy pay]")

    rows = coverage(bank, ruleset(rule(), duties=(WRITE, SHIP, DEAD)), as_of=DAY).patterns

    assert [(row["duty"], row["way"], row["pattern"], row["state"]) for row in rows] == [
        ("dead", 1, "gh: merge", "dead"),
        ("dead", 2, "aws: ec2:*", "product not used"),
    ]


def test_everything_in_a_system_is_mapped_and_privileged(tmp_path: Path) -> None:
    found = coverage(
        snapshot(tmp_path, "ann: [gh * *]"), ruleset(rule(), duties=(WRITE,)), as_of=DAY
    )

    assert (found.entitlements.mapped, found.privileged.mapped) == (1, 1)


@pytest.mark.parametrize(
    ("action", "privileged"),
    [
        ("admin", True),
        ("site_admin", True),
        ("manageOwner", True),
        ("bind clusterroles.rbac.authorization.k8s.io", True),
        ("iam:PassRole", False),
        ("administrate", False),
        ("rooted", False),
        ("*", False),
    ],
)
def test_an_action_is_privileged_by_one_of_its_words(action: str, privileged: bool) -> None:  # noqa: FBT001
    assert sounds_privileged(action, wildcard=False) is privileged


def test_every_action_is_privileged_where_the_star_is_a_wildcard() -> None:
    assert sounds_privileged("*", wildcard=True)
