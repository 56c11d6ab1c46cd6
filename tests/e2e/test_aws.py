"""AWS accounts through the commands: what policies decide together, and who can become whom."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import aws_world as world
from tests.e2e.shell import sod

WRITERS = {"admin", "denied", "deploy", "second", "trusted", "writer"}
BURNERS = {"admin", "second", "writer"}
READERS = {"admin", "denied", "member", "second", "vendor", "writer"}


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
        ("aws:s3:GetObject", ["--on", world.BOOKS], READERS),
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


def test_access_names_the_policies_that_decide(library: Path) -> None:
    told = {
        name: {
            row["resource"]
            for row in ask(library, "access", name)["rows"]
            if row["path"].count(" > ") == 2
        }
        for name in ("writer", "bound")
    }

    assert told == {
        "writer": {f"what {world.of('user', 'writer')}: own allows"},
        "bound": {
            f"what {world.of('user', 'bound')}: own allows, within {world.of('policy', 'gone')}"
        },
    }


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
        if row["rule"] == "LIB-01" and place["place"] in {"library", "all"}
    }

    assert broken == dict.fromkeys(BURNERS, "violation") | {"bound": "not-evaluable"}


def test_paths_of_rules_end_with_the_statement_that_decides(library: Path) -> None:
    found = json.loads((library / "out" / "findings.json").read_text("utf-8"))
    legs = found["context"]["tables"]["legs"]
    ends = {
        (holder.rpartition("/")[2], place, duty): path.rpartition(" > ")[2]
        for holder, place, duty, path in zip(
            *(legs[name] for name in ("holder", "place", "duty", "path")), strict=True
        )
        if path
    }

    def said(name: str, action: str, on: str, more: str = "") -> str:
        statement = f"{world.of('user', name)}: own: statement 1{more}"
        return f"aws-prod: {action}{on} (identity policy: {statement})"

    books = f" on {world.BOOKS}*"
    assert ends["writer", "library", "write"] == said("writer", "s3:PutObject", books)
    assert ends["writer", "library", "burn"] == said("writer", "s3:DeleteObject", books)
    assert ends["second", "library", "burn"] == said(
        "second", "s3:DeleteObject", books, ", if aws:MultiFactorAuthPresent Bool true"
    )
    assert not any("whatever" in end for (_, place, _), end in ends.items() if place == "library")


def test_what_could_be_taken_is_no_role_of_anybody(library: Path) -> None:
    """Rules about roles judge those that there are, and not what somebody could give itself."""
    found = json.loads((library / "out" / "findings.json").read_text("utf-8"))
    judged = [row["rule"] for row in found["core"]["findings"]]
    rules = found["context"]["tables"]["rules"]
    states = dict(zip(rules["rule_id"], rules["state"], strict=True))

    assert "LIB-02" not in judged
    # That logins could widen their own rights does not say who manages groups.
    assert states["LIB-03"] == "not evaluable"


def test_what_was_not_read_is_said(library: Path) -> None:
    with (library / "out" / "findings.json").open(encoding="utf-8") as stream:
        told = json.load(stream)
    said = told["context"]["tables"]["exceptions"]
    issues = set(zip(said["kind"], said["system"], strict=True))

    assert ("unread-policies", "aws-prod") in issues
    assert ("unread-policies", "aws-test") in issues
    assert ("outside-trust", "aws-prod") in issues
    assert ("policy-not-understood", "aws-prod") in issues
    assert "missing-source" not in {kind for kind, _ in issues}


def test_people_sign_in_and_what_runs_is_known(tmp_path: Path) -> None:
    reserved = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Books_0011223344556677"
    provider = {"Federated": f"arn:aws:iam::{world.PROD}:saml-provider/AWSSSO"}
    by_set = world.role(reserved, provider, world.allow("s3:*", f"{world.BOOKS}*"))
    starter = world.login("starter", world.allow("lambda:UpdateFunctionCode"))
    folder = world.write(
        tmp_path,
        UserDetailList=[*world.LOGINS, starter],
        RoleDetailList=[
            world.role("runs", {"Service": "lambda.amazonaws.com"}, world.allow("s3:PutObject")),
            by_set,
        ],
    )
    access_set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    put(
        folder / "aws",
        {
            "identity-center/list-permission-sets.json": {"PermissionSets": [access_set]},
            "identity-center/describe-permission-set/ps-1.json": {
                "PermissionSet": {"Name": "Books", "PermissionSetArn": access_set}
            },
            "identity-center/list-account-assignments/ps-1/1.json": {
                "AccountAssignments": [
                    {
                        "AccountId": world.PROD,
                        "PermissionSetArn": access_set,
                        "PrincipalType": "USER",
                        "PrincipalId": "u-1",
                    }
                ]
            },
            "identity-center/list-users.json": {
                "Users": [{"UserId": "u-1", "UserName": "lee", "DisplayName": "Ann Lee"}]
            },
            f"inventory/{world.PROD}/eu-west-1/list-functions.json": {
                "Functions": [
                    {
                        "FunctionArn": f"arn:aws:lambda:eu-west-1:{world.PROD}:function:f",
                        "Role": world.of("role", "runs"),
                        "Environment": {"Variables": {"KEY": "not-to-be-kept"}},
                    }
                ]
            },
        },
    )
    report = folder / "aws" / "credentials" / "get-credential-report.csv"
    report.parent.mkdir()
    report.write_text(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
        "access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,"
        "access_key_2_last_used_date\n"
        f"writer,{world.of('user', 'writer')},2026-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,"
        "false,N/A,N/A,false,N/A,N/A\n",
        encoding="utf-8",
    )

    sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)

    can, _ = who(folder, "burn", "--app", "library")
    assert "Ann Lee" in can  # by the role of her set
    assert "writer" not in can  # has neither a password nor a key
    able, _ = who(folder, "write", "--app", "library", "--means", "self-grant")
    assert "starter" in able  # changes what runs as the role
    kept = pq.read_table(folder / "out" / "snapshot" / "policies.parquet").to_pylist()
    assert "function:f" in json.dumps(kept)
    assert "not-to-be-kept" not in json.dumps(kept)
    # Who signs in to the roles of people is known.
    assert "outside-trust" not in kinds_of_issues(folder)
    shutil.rmtree(folder / "aws" / "identity-center")
    sod("import", "--config", "sod.yaml", "--out", "out", "--force", cwd=folder)
    assert "outside-trust" in kinds_of_issues(folder)


def kinds_of_issues(folder: Path) -> set[str]:
    table = pq.read_table(folder / "out" / "snapshot" / "issues.parquet")
    return set(table.column("kind").to_pylist())


def test_whoever_can_do_everything_has_one_way_to_it(library: Path) -> None:
    """Everybody in the account can be had as well; by that nothing more is allowed."""
    snapshot = library / "out" / "snapshot"
    nodes = pq.read_table(snapshot / "nodes.parquet").column("id").to_pylist()
    grants = pq.read_table(snapshot / "grants.parquet").to_pylist()
    onward: dict[str, set[str]] = {}
    for row in grants:
        onward.setdefault(nodes[row["holder"]], set()).add(nodes[row["target"]])
    admin, crowd = (
        f"aws-prod:{world.of('user', 'admin')}",
        "aws-prod:any login or role of the account",
    )

    assert crowd in onward[admin]
    assert not [
        target for target in onward[crowd] if target.endswith(("rights)", "any policy allows"))
    ]
    assert f"aws-prod:{world.of('user', 'writer')}" in onward[crowd]
    # What anybody may do to somebody rests on whom it is done to.
    accounts = pq.read_table(snapshot / "accounts.parquet").to_pylist()
    records = {each["account"]: each["record"] for each in accounts}
    from_crowd = [row for row in grants if nodes[row["holder"]] == crowd]
    assert [row["record"] for row in from_crowd] == [
        records[nodes[row["target"]]] for row in from_crowd
    ]


def put(folder: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_everything_ends_at_limits_and_at_the_account(tmp_path: Path) -> None:
    """A right on all there is ends at a boundary, and in another account at what lets it in."""
    fence = {
        "PolicyName": "fence",
        "Arn": world.of("policy", "fence"),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {
                "VersionId": "v1",
                "IsDefaultVersion": True,
                "Document": world.document(world.allow("s3:*", f"{world.BOOKS}*")),
            }
        ],
    }
    limit = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": fence["Arn"]}
    fenced = world.login("fenced", world.allow("s3:*"), PermissionsBoundary=limit)
    folder = world.write(tmp_path, UserDetailList=[*world.LOGINS, fenced], Policies=[fence])
    lent = {"Principal": {"AWS": f"arn:aws:iam::{world.PROD}:root"}}
    lending = world.document(world.allow("s3:*", "arn:aws:s3:::lent/*", **lent))
    shared = [{"Resource": "arn:aws:s3:::lent", "Policy": lending, "Account": world.TEST}]
    put(folder / "aws", {"resource-policies/policies.json": shared})

    sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)

    def burns(where: str) -> set[str]:
        return who(folder, "aws:s3:DeleteObject", "--on", where)[0]

    assert "fenced" in burns(world.BOOKS)
    assert "fenced" not in burns("aws-prod:arn:aws:s3:::x")
    assert "admin" in burns("aws-test:arn:aws:s3:::lent/a")
    assert burns("aws-test:arn:aws:s3:::private/a") == {"outsider"}


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


@pytest.mark.realdata
def test_whoever_starts_a_published_path_reaches_its_end(realdata: Path, tmp_path: Path) -> None:
    labs = realdata / "aws" / "escalation_labs"
    plans = json.loads((labs / "expectations.json").read_text("utf-8"))
    for plan in plans:
        folder = tmp_path / plan["dir"]
        folder.mkdir()
        shutil.copytree(labs / plan["dir"], folder / "aws")
        (folder / "rules.yaml").write_text(world.RULES, encoding="utf-8")
        numbers = sorted(path.stem.rpartition("-")[2] for path in (folder / "aws").glob("*.json"))
        systems = "".join(f"  aws-{n}: {{product: aws, environment: prod}}\n" for n in numbers)
        accounts = ", ".join(f'"{n}": aws-{n}' for n in numbers)
        (folder / "sod.yaml").write_text(
            f"name: Lab\nruleset: rules.yaml\nas_of: 2026-11-20\nsystems:\n{systems}"
            f"sources:\n  aws: {{system: aws-{numbers[0]}, importer: aws, path: aws, "
            f"accounts: {{{accounts}}}}}\n",
            encoding="utf-8",
        )
        sod("import", "--config", "sod.yaml", "--out", "out", cwd=folder)
        target = "aws:ec2:TerminateInstances"
        at_once, _ = who(folder, target)
        can, _ = who(folder, target, "--means", "self-grant", "--max-changes", "1")
        assumed = {step["action"] for step in plan["required_permissions"]} <= {"sts:AssumeRole"}
        starts = {arn.rpartition("/")[2] for arn in plan["starts"]}
        assert starts <= can, plan["dir"]
        # To assume a role that trusts one is no change; the other paths need one.
        assert (starts <= at_once) == assumed, plan["dir"]
    assert len(plans) == 32
