"""AWS accounts through the commands: what policies decide together, and who can become whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import aws_world as world
from tests.e2e.shell import sod

WRITERS = {"admin", "denied", "deploy", "second", "trusted", "writer"}
BURNERS = {"admin", "second", "writer"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = world.write(tmp_path_factory.mktemp("library"))
    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)
    assert said.code == 4, said.err  # nobody has a person here, and no organisation was read
    return folder


def ask(folder: Path, *arguments: str) -> dict[str, Any]:
    said = sod(*arguments, "--in", "out", "--format", "json", cwd=folder)
    told: dict[str, Any] = json.loads(said.out)
    return told


def who(folder: Path, *arguments: str) -> tuple[set[str], set[str]]:
    """Who can, and of whom it is not decided."""
    rows = ask(folder, "who-can", *arguments)["rows"]
    open_ = {row["name"] for row in rows if row["group"] == "not decided"}
    return {row["name"] for row in rows} - open_, open_


@pytest.mark.parametrize(
    ("action", "further", "able"),
    [
        ("aws:s3:PutObject", ["--on", world.BOOKS], WRITERS),
        ("aws:s3:putobject", ["--app", "library"], WRITERS),
        ("aws:s3:DeleteObject", ["--on", world.BOOKS], BURNERS),
        ("aws:s3:DeleteObject", ["--app", "library"], BURNERS),
        ("aws:s3:GetObject", ["--on", world.BOOKS], WRITERS - {"deploy", "trusted"} | {"member"}),
        ("aws:s3:DeleteObject", ["--on", "aws-prod:arn:aws:s3:::x"], {"admin", "denied", "second"}),
        ("aws:iam:CreateAccessKey", ["--on", world.of("user", "strong")], {"admin", "stronger"}),
        ("aws:iam:Delete*", [], {"admin"}),
        ("write", ["--app", "library"], WRITERS),
        ("burn", ["--app", "library"], BURNERS),
    ],
)
def test_policies_decide_together(
    library: Path, action: str, further: list[str], able: set[str]
) -> None:
    can, open_ = who(library, action, *further)

    assert can == able
    # A boundary without its document says neither yes nor no.
    assert open_ == ({"bound"} if "iam" not in action else set())


def test_can_says_of_everyone_what_who_can_says(library: Path) -> None:
    everyone = [each["UserName"] for each in (*world.LOGINS, *world.ELSEWHERE)]
    answers = {
        name: ask(library, "can", name, "aws:s3:DeleteObject", "--on", world.BOOKS)["answer"]
        for name in everyone
    }

    expected = dict.fromkeys(everyone, "no") | dict.fromkeys(BURNERS, "yes")
    assert answers == {**expected, "bound": "unknown"}


def test_what_decided_is_named(library: Path) -> None:
    rows = ask(library, "who-can", "aws:s3:PutObject", "--on", world.BOOKS)["rows"]
    told = {row["name"]: row["resource"] for row in rows}

    own = f"{world.of('user', 'writer')}: own: statement 1"
    said = f"aws-prod: s3:PutObject on {world.BOOKS} (identity policy: {own})"
    assert told["writer"] == said
    assert world.of("policy", "gone") in told["bound"]


def test_another_factor_is_a_condition(library: Path) -> None:
    rows = ask(library, "who-can", "aws:s3:PutObject", "--on", world.BOOKS)["rows"]
    means = {row["name"]: row["means"] for row in rows}

    assert means["second"] == "held, conditional"
    assert means["writer"] == "held, sure"


@pytest.mark.parametrize(
    ("changes", "more"),
    [("1", {"keyed", "strong"}), ("2", {"keyed", "strong", "stronger"})],
)
def test_changes_of_ones_own_are_counted(library: Path, changes: str, more: set[str]) -> None:
    can, _ = who(
        library, "write", "--app", "library", "--means", "self-grant", "--max-changes", changes
    )

    assert can == WRITERS | more


def test_a_change_is_named_on_the_path(library: Path) -> None:
    told = ask(library, "can", "keyed", "write", "--app", "library", "--means", "self-grant")
    (row,) = told["rows"]

    assert row["means"] == "self-grant by 1 own change, sure"
    assert "iam:CreateAccessKey" in row["hops"][1]["also"]
    assert row["hops"][1]["note"] == "one own change"


def test_rules_see_what_policies_allow(library: Path) -> None:
    found = json.loads((library / "out" / "findings.json").read_text("utf-8"))
    broken = {
        row["subject"]["key"].rpartition("/")[2]: place["verdict"]
        for row in found["core"]["findings"]
        for place in row["places"]
        if row["rule"] == "LIB-01" and place["place"] == "library"
    }

    assert broken == dict.fromkeys(BURNERS, "violation") | {"bound": "not-evaluable"}


def test_an_organisation_forbids(tmp_path: Path) -> None:
    folder = world.write(tmp_path)
    shut = world.document(world.allow("*"), world.deny("s3:Delete*"))
    tree = {
        "Id": "r-1",
        "Policies": [{"Content": json.dumps(shut), "Type": "SERVICE_CONTROL_POLICY"}],
        "Children": [
            {
                "Id": number,
                "Policies": [
                    {
                        "Content": json.dumps(world.document(world.allow("*"))),
                        "Type": "SERVICE_CONTROL_POLICY",
                    }
                ],
            }
            for number in (world.PROD, world.TEST)
        ],
    }
    (folder / "aws" / "organizations").mkdir()
    path = folder / "aws" / "organizations" / "tree.json"
    path.write_text(json.dumps(tree), encoding="utf-8")

    sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)

    assert who(folder, "burn", "--app", "library") == (set(), set())
    assert who(folder, "write", "--app", "library") == (WRITERS, {"bound"})


def test_lists_of_users_alone_are_refused(tmp_path: Path) -> None:
    folder = world.write(tmp_path)
    path = folder / "aws" / "iam" / "prod.json"
    path.write_text(json.dumps({"Users": world.LOGINS}), encoding="utf-8")

    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)
    found = json.loads((folder / "out" / "findings.json").read_text("utf-8"))

    assert said.code == 4
    assert "leaves out boundaries and policies" in json.dumps(found)


def test_two_accounts_of_one_system_are_refused(tmp_path: Path) -> None:
    folder = world.write(tmp_path)
    text = (folder / "sod.yaml").read_text("utf-8").replace('accounts: {"', 'email_tag: "')
    plain = "\n".join(line for line in text.splitlines() if "email_tag" not in line)
    (folder / "sod.yaml").write_text(plain, encoding="utf-8")

    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)

    assert said.code == 2
    assert world.PROD in said.err
    assert world.TEST in said.err
