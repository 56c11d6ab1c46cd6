"""AWS accounts to measure on: a real export or a generated one, and copies of it side by side."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sod_analyzer.cloud.aws.actions import Catalogue

Record = dict[str, Any]
#: Actions by which software is changed, approved, built and brought out, and access is widened.
CAPABILITIES = (
    "codecommit:GitPush", "codecommit:CreateCommit", "codecommit:PutFile",
    "codecommit:CreatePullRequest", "codecommit:MergePullRequestByFastForward",
    "codecommit:MergePullRequestBySquash", "codecommit:MergePullRequestByThreeWay",
    "codecommit:MergeBranchesByFastForward", "codecommit:UpdatePullRequestApprovalState",
    "codecommit:OverridePullRequestApprovalRules", "codecommit:UpdateApprovalRuleTemplateContent",
    "codecommit:DeletePullRequestApprovalRule", "codepipeline:PutApprovalResult",
    "codepipeline:OverrideStageCondition", "codepipeline:StartPipelineExecution",
    "codepipeline:UpdatePipeline", "codepipeline:EnableStageTransition", "codebuild:StartBuild",
    "codebuild:CreateProject", "codebuild:UpdateProject", "codeartifact:PublishPackageVersion",
    "ecr:PutImage", "s3:PutObject", "codedeploy:CreateDeployment",
    "codedeploy:CreateDeploymentConfig", "lambda:UpdateFunctionCode", "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "ecs:UpdateService",
    "ecs:RegisterTaskDefinition", "ecs:RunTask", "cloudformation:CreateStack",
    "cloudformation:UpdateStack", "cloudformation:ExecuteChangeSet", "eks:CreateAccessEntry",
    "eks:AssociateAccessPolicy", "ec2:RunInstances", "ssm:SendCommand", "ssm:StartSession",
    "elasticbeanstalk:UpdateEnvironment", "apprunner:UpdateService", "iam:PassRole",
    "iam:CreateAccessKey", "iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
)  # fmt: skip
#: The number of an account, where it stands by itself.
_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
#: The id of a login, group, role or policy of one's own.
_CODE = re.compile(r"\b(A(?:IDA|GPA|ROA|NPA)[A-Z0-9]{8,})\b")
#: In the ARN of a policy of AWS's own, which every account has.
_AWS = ":aws:policy/"
_BLANK = re.compile(r"\$\{(\w+)\}")
_NAMES = {
    "UserDetailList": "UserName",
    "GroupDetailList": "GroupName",
    "RoleDetailList": "RoleName",
    "Policies": "PolicyName",
}
_WORKING = ("ec2.amazonaws.com", "lambda.amazonaws.com", "codebuild.amazonaws.com")


def resource_of(action: str, account: str, catalogue: Catalogue) -> str:
    """Something in an account that an action works on, and `*` where it works on nothing."""
    kinds = catalogue.arns_of(action) or ()
    own = [arn for arn in kinds if arn.split(":")[2] == action.partition(":")[0]]
    named = [arn for arn in own if "${Account}" in arn] or own or list(kinds)
    known = {"Partition": "aws", "Region": "eu-west-1", "Account": account}
    for arn in named[:1]:
        return _BLANK.sub(lambda blank: known.get(blank[1], "books"), arn)
    return "*"


def copies(export: Record, count: int) -> Iterator[Record]:
    """The same export so many times, each time of other accounts and with other names.

    The first is the export itself. In others the numbers of accounts and the ids differ, and the
    names of logins, roles, groups and policies of one's own end in the number of the copy, so that
    no two copies have a principal in common, or a document that names one.
    """
    yield export
    own = {
        str(record[key])
        for kind, key in _NAMES.items()
        for record in export.get(kind) or ()
        if _AWS not in record["Arn"]
    }
    names = "|".join(map(re.escape, sorted(own, reverse=True)))
    ends = re.compile(rf'(?<=[/"])({names})(?=")')
    for number in range(1, count):
        yield {
            kind: [_renamed(each, ends, number) for each in value]
            for kind, value in export.items()
            if isinstance(value, list)
        }


def _renamed(record: Record, ends: re.Pattern[str], number: int) -> Record:
    if _AWS in record["Arn"]:
        return record
    told = _NUMBER.sub(lambda found: _moved(found[0], number), json.dumps(record))
    told = _CODE.sub(rf"\g<1>{number:04}", told)
    made: Record = json.loads(ends.sub(rf"\g<1>-{number}", told))
    return made


def _moved(account: str, copy: int) -> str:
    """The number of an account's copy."""
    return f"{(int(account) + copy * 10**9) % 10**12:012}"


def generated(seed: int = 7, *, logins: int = 50, roles: int = 70) -> Record:
    """An export of one account of middling size; the same seed gives the same."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    account = "111122223333"
    arn = f"arn:aws:iam::{account}"

    def statement() -> Record:
        service = chance.choice(CAPABILITIES).partition(":")[0]
        actions = [*chance.sample(CAPABILITIES, 3), chance.choice(["s3:Get*", f"{service}:*"])]
        found: Record = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        if chance.random() < 0.4:
            found["Resource"] = f"arn:aws:{service}:*:{account}:*books*"
        if chance.random() < 0.1:
            found["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        if chance.random() < 0.1:
            found["Effect"] = "Deny"
        return found

    def document(*statements: Record) -> Record:
        return {"Version": "2012-10-17", "Statement": list(statements)}

    def own(prefix: str) -> Record:
        made = document(*(statement() for _ in range(chance.randint(1, 2))))
        return {"PolicyName": f"{prefix}-own", "PolicyDocument": made}

    managed = [
        {
            "PolicyName": f"managed-{n}",
            "Arn": f"{arn}:policy/managed-{n}",
            "DefaultVersionId": "v1",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(statement())}
            ],
        }
        for n in range(80)
    ]

    def attached(count: int) -> list[Record]:
        chosen = chance.sample(managed, count)
        return [{"PolicyName": each["PolicyName"], "PolicyArn": each["Arn"]} for each in chosen]

    groups = [
        {"GroupName": f"group-{n}", "Arn": f"{arn}:group/group-{n}", "GroupPolicyList": [own("g")]}
        for n in range(6)
    ]
    people = [
        {
            "UserName": f"login-{n}",
            "UserId": f"AIDA{n:012}",
            "Arn": f"{arn}:user/login-{n}",
            "GroupList": [f"group-{n % 9}"] if n % 9 < len(groups) else [],
            "UserPolicyList": [own("u")] if n % 2 else [],
            "AttachedManagedPolicies": attached(1),
        }
        for n in range(logins)
    ]
    working = [
        {
            "RoleName": f"role-{n}",
            "RoleId": f"AROA{n:012}",
            "Arn": f"{arn}:role/role-{n}",
            "AssumeRolePolicyDocument": document(
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"{arn}:user/login-{n % logins}"}
                    if n % 3 == 0
                    else {"Service": _WORKING[n % len(_WORKING)]},
                }
            ),
            "RolePolicyList": [own("r")],
            "AttachedManagedPolicies": attached(n % 2),
        }
        for n in range(roles)
    ]
    return {
        "UserDetailList": people,
        "GroupDetailList": groups,
        "RoleDetailList": working,
        "Policies": managed,
    }


def write(folder: Path, exports: Iterable[Record]) -> Sequence[str]:
    """Exports as files beside a configuration, each account a system; the numbers of accounts."""
    place = folder / "aws"
    place.mkdir(parents=True, exist_ok=True)
    numbers: set[str] = set()
    for number, export in enumerate(exports):
        place.joinpath(f"{number:03}.json").write_text(json.dumps(export), encoding="utf-8")
        for kind in _NAMES:
            arns = [record["Arn"] for record in export[kind] if _AWS not in record["Arn"]]
            numbers |= {arn.split(":")[4] for arn in arns}
    known = sorted(numbers)
    systems = "".join(f"  aws-{each}: {{product: aws, environment: prod}}\n" for each in known)
    named = ", ".join(f'"{each}": aws-{each}' for each in known)
    folder.joinpath("sod.yaml").write_text(
        f"name: Accounts\nruleset: devops\nas_of: 2026-10-31\nsystems:\n{systems}sources:\n"
        f"  aws: {{system: aws-{known[0]}, importer: aws, path: aws, accounts: {{{named}}}}}\n",
        encoding="utf-8",
    )
    return known


def read(folder: Path) -> list[tuple[str, Record]]:
    """The exports that were written."""
    paths = sorted(folder.joinpath("aws").glob("*.json"))
    return [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
