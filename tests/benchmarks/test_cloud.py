"""The accounts that are measured, the peer beside ours, and the part of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.evaluate import aws
from tests.benchmarks import accounts, asking, cloud
from tests.benchmarks.running import Run, RunError

SMALL = accounts.generated(logins=6, roles=6)


def load(*exports: accounts.Record) -> aws.Aws:
    return aws.load([(f"copy {n}", each) for n, each in enumerate(exports)])


def test_there_are_48_capabilities_and_each_is_an_action() -> None:
    catalogue = Published()

    assert len(set(accounts.CAPABILITIES)) == 48
    assert [name for name in accounts.CAPABILITIES if catalogue.arns_of(name) is None] == []


def test_a_capability_is_asked_about_in_an_account() -> None:
    catalogue = Published()

    push = accounts.resource_of("codecommit:GitPush", "111122223333", catalogue)
    put = accounts.resource_of("s3:PutObject", "111122223333", catalogue)
    rules = "codecommit:UpdateApprovalRuleTemplateContent"

    assert push == "arn:aws:codecommit:eu-west-1:111122223333:books"
    assert put.split(":")[4] == "111122223333"
    assert accounts.resource_of(rules, "111122223333", catalogue) == "*"


def test_the_same_seed_gives_the_same_accounts() -> None:
    assert accounts.generated(3) == accounts.generated(3)
    assert accounts.generated(3) != accounts.generated(4)
    assert load(accounts.generated()).problems == ()


def test_copies_have_nothing_in_common_and_answer_alike() -> None:
    first, second, third = accounts.copies(SMALL, 3)
    alone, together = load(first), load(first, second, third)

    assert first == SMALL
    assert together.problems == ()
    assert len(together.estate.principals) == 3 * len(alone.estate.principals)
    assert len(together.details.managed) == 3 * len(alone.details.managed)
    matrix = asking.shared(together)
    expected = sorted(asking.shared(alone).values())
    for number, principals in asking.by_account(together).items():
        assert sorted(matrix[arn] for arn in principals) == expected, number
    assert "Y" in "".join(expected)


def test_policies_of_aws_stay_what_they_are_in_every_copy() -> None:
    own = {
        "PolicyName": "Admin",
        "Arn": "arn:aws:iam::aws:policy/Admin",
        "PolicyId": "ANPA12345678",
    }
    _, copy = accounts.copies({**SMALL, "Policies": [*SMALL["Policies"], own]}, 2)

    assert copy["Policies"][-1] == own


def test_the_peer_finds_the_same() -> None:
    account = load(*accounts.copies(SMALL, 2))
    some = sorted(account.estate.principals)[::5]

    alone = asking.alone(account, some)

    cloud.compare(asking.shared(account), alone)
    assert len(alone) == 5


def test_another_answer_and_none_at_all_are_refused() -> None:
    cloud.compare({"a": "Y.", "b": "??"}, {"a": "Y."})

    with pytest.raises(RunError, match="1 differ: a"):
        cloud.compare({"a": "Y."}, {"a": "YY"})
    with pytest.raises(RunError, match="of 0 principals"):
        cloud.compare({"a": "Y."}, {})


def test_accounts_are_asked_through_the_commands_too(tmp_path: Path) -> None:
    done = cloud.ask("generated", SMALL, 1, tmp_path, peer=False)

    assert [each.name.split()[1] for each in done.commands] == ["import", "who-can", "who-can"]
    assert done.shared.notes["people"] == 12
    assert json.loads((tmp_path / "shared.json").read_text("utf-8")).keys() == {
        each["Arn"] for kind in ("UserDetailList", "RoleDetailList") for each in SMALL[kind]
    }
    assert 0 < done.first < done.shared.wall


def test_the_page_tells_what_was_asked_and_what_the_peer_took() -> None:
    shared = Run(
        "shared", 9.0, 9.0, 200.0, {"load": 0.5, "who-can": 2.0, "reach": 4.0},
        {"people": 100, "sample": 100, "policies": 70},
    )  # fmt: skip
    alone = Run("alone", 9.0, 9.0, 200.0, {"reach": 6.0}, {"people": 100, "sample": 10})
    command = Run("sod import", 3.0, 4.0, 90.0)
    one = cloud.Asked("generated", 1, shared, alone, [command])
    many = cloud.Asked("generated, 8 copies", 8, shared, None, [])

    text = cloud.lines([one, many], 1.25)

    assert "1.2 other processes" in text[1]
    assert "| generated | 1 | 100 | 70 | 0.50 | 2.00 | 4.00 | 200 | 60.0 (from 10) | 15 |" in text
    assert "| generated, 8 copies | 8 | 100 | 70 | 0.50 | 2.00 | 4.00 | 200 |  |  |" in text
    assert "| generated | `sod import` | 3.00 | 4.00 | 90 |" in text
    assert [line.split("|")[-2].strip() for line in text[-4:]] == [
        "met", "not met", "met", "met",
    ]  # fmt: skip


def test_real_exports_are_taken_where_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOD_REALDATA", raising=False)
    assert [copies for _, copies in cloud.worlds().values()] == [1, cloud.COPIES]
    (tmp_path / "aws").mkdir()
    for name in ("example.json", "example-authz-details.json"):
        (tmp_path / "aws" / name).write_text(json.dumps({"name": name}), encoding="utf-8")
    monkeypatch.setenv("SOD_REALDATA", str(tmp_path))

    taken = [(export["name"], copies) for export, copies in cloud.worlds().values()]

    assert taken == [
        ("example-authz-details.json", 1),
        ("example.json", 1),
        ("example.json", cloud.COPIES),
    ]
