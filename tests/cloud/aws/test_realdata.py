"""Real exports, and accounts in which a published path to more access was planted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.authorization import Details, read
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import decide
from sod_analyzer.cloud.aws.escalation import Escalation
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.truth import Answer

pytestmark = pytest.mark.realdata

#: Plans whose later steps exist only once the first has changed something.
_CHANGES_TRUST = "iam:UpdateAssumeRolePolicy"


@cache
def catalogue() -> Published:
    return Published()


def loaded(folder: Path) -> Details:
    return read(
        (path.name, json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))
    )


def may(details: Details, caller: Principal, action: str, resource: str) -> Answer:
    estate = Estate(details.principals)
    return decide(estate, caller, action, resource, Context(), catalogue=catalogue()).answer


def contexts(details: Details, start: Principal) -> list[Principal]:
    """Whoever starts, and every role that it can become, one after the other."""
    found = [start]
    for caller in found:
        found += [
            other
            for other in details.principals.values()
            if other.kind is Kind.ROLE
            and other not in found
            and may(details, caller, "sts:AssumeRole", other.arn) is Answer.YES
        ]
    return found


def concrete(details: Details, pattern: str, account: str) -> Iterator[str]:
    """Things of the account that a plan's pattern stands for."""
    everything = [*details.principals, *details.groups, *details.managed]
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    yield from (arn for arn in everything if wanted.fullmatch(arn))
    if ":lambda:" in pattern:
        name = pattern.rpartition("/")[2]
        yield f"arn:aws:lambda:us-east-1:{account}:function:{name}"


def test_whoever_starts_a_published_path_may_do_what_its_plan_says(realdata: Path) -> None:
    labs = realdata / "aws" / "escalation_labs"
    asked = 0
    for plan in json.loads((labs / "expectations.json").read_text("utf-8")):
        details = loaded(labs / plan["dir"])
        assert details.problems == (), plan["dir"]
        steps: list[dict[str, Any]] = plan["required_permissions"]
        changed = any(step["action"] == _CHANGES_TRUST for step in steps)
        for step in steps:
            start = details.principals.get(step["principal"])
            if start is None or (changed and step["action"] == "sts:AssumeRole"):
                continue
            found = {
                may(details, caller, step["action"], resource)
                for caller in contexts(details, start)
                for resource in concrete(details, step["resource"], start.account)
            }
            assert max(found) >= Answer.CONDITIONAL, (plan["dir"], step)
            asked += 1
    assert asked > 40


def test_who_may_not_assume_a_role_yet_is_told_no(realdata: Path) -> None:
    labs = realdata / "aws" / "escalation_labs"
    [folder] = labs.glob("*iam-012-iam-updateassumerolepolicy")
    details = loaded(folder)
    [start] = [each for arn, each in details.principals.items() if "starting-user" in arn]
    [target] = [arn for arn in details.principals if arn.endswith("target-role")]

    assert may(details, start, _CHANGES_TRUST, target) is Answer.YES
    assert may(details, start, "sts:AssumeRole", target) is Answer.NO


@pytest.mark.parametrize(
    ("name", "principals"), [("example-authz-details.json", 6), ("example.json", 122)]
)
def test_real_exports_are_read_whole(realdata: Path, name: str, principals: int) -> None:
    export = json.loads((realdata / "aws" / name).read_text("utf-8"))

    details = read([(name, export)])

    listed = export["UserDetailList"] + export["RoleDetailList"]
    assert len(details.principals) == len(listed) == principals
    assert set(details.principals) == {each["Arn"] for each in listed}
    assert len(details.managed) == len(export["Policies"])


def rules(details: Details, mine: Principal) -> bool:
    """Whether somebody can do two things that only an administrator of all of it can."""
    made, ended = (
        f"arn:aws:iam::{mine.account}:user/new",
        f"arn:aws:ec2:x:{mine.account}:instance/i",
    )
    answers = {
        may(details, mine, "iam:CreateUser", made),
        may(details, mine, "ec2:TerminateInstances", ended),
    }
    return answers == {Answer.YES}


def test_whoever_starts_a_published_path_reaches_its_end(realdata: Path) -> None:
    labs = realdata / "aws" / "escalation_labs"
    plans = json.loads((labs / "expectations.json").read_text("utf-8"))
    for plan in plans:
        details = loaded(labs / plan["dir"])
        estate = Estate(details.principals, read_accounts=details.read_accounts)
        moves = Escalation(estate, details, catalogue(), Context())
        for name in plan["starts"]:
            start = details.principals[name]
            reached = moves.from_(start, max_changes=1)
            declared = {each for each in plan["declared_principals"] if each in details.principals}
            assert declared <= {each.principal.arn for each in reached}, plan["dir"]
            ends = [each for each in reached if rules(details, each.principal)]
            assert ends, plan["dir"]
            assert not rules(details, start), plan["dir"]
            # To assume a role that trusts one is no change; the other paths need one.
            fewest = min(end.changes for end in ends)
            assumed = {step["action"] for step in plan["required_permissions"]} <= {
                "sts:AssumeRole"
            }
            assert fewest == (0 if assumed else 1), plan["dir"]
    assert len(plans) == 32
