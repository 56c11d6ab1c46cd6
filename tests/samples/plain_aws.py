"""A plain reader of the sample bank's AWS organisation: from files to duties, nothing of the tool.

It tries single requests on resources that it knows, one for each application and service, and knows
no more of policies than the sample needs; on anything else it raises.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Fact = tuple[str, str, str]  # duty, system, resource
Json = dict[str, Any]

_SYSTEMS = {"100200300401": "aws-root", "100200300402": "aws-prod", "100200300403": "aws-build"}
_REGION = "eu-west-1"
#: One resource of each application, by system and service; the keys are found by their policies.
_OF_APPLICATIONS: dict[tuple[str, str], dict[str, str]] = {
    ("aws-prod", "lambda"): {a: f"function:{a}-x" for a in ("onboarding", "payments")},
    ("aws-prod", "dynamodb"): {a: f"table/{a}-x" for a in ("onboarding", "payments")},
    ("aws-build", "ecr"): {a: f"repository/{a}-x" for a in ("onboarding", "payments")},
}
_ANYWHERE: dict[str, tuple[str, ...]] = {
    "commit": ("codecommit:GitPush",),
    "review": ("codecommit:UpdatePullRequestApprovalState",),
    "approve-own": ("codepipeline:PutApprovalResult",),
    "merge": ("codecommit:MergePullRequestBySquash",),
    "merge-unreviewed": ("codecommit:OverridePullRequestApprovalRules",),
    "release": ("ecr:PutImage",),
    "administer-pipeline": ("codebuild:UpdateProject", "codepipeline:UpdatePipeline"),
    "control-gates": ("codepipeline:OverrideStageCondition",),
    "administer-cloud-access": ("iam:AddUserToGroup", "iam:PutRolePolicy"),
    "create-identities": ("iam:CreateUser",),
    "stop-logs": ("cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"),
    "administer-detection": ("guardduty:DeleteDetector",),
}
_IN_PRODUCTION: dict[str, tuple[str, ...]] = {
    "deploy": ("lambda:UpdateFunctionCode", "codedeploy:CreateDeployment"),
    "read-secrets": ("secretsmanager:GetSecretValue",),
    "change-production-data": ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    "administer-database-audit": ("rds:StopActivityStream",),
    "delete-backups": ("backup:DeleteRecoveryPoint", "rds:DeleteDBSnapshot"),
    "change-network-rules": ("ec2:AuthorizeSecurityGroupIngress",),
    "manage-keys": ("kms:DisableKey", "kms:ScheduleKeyDeletion"),
}
_IN_TEST: dict[str, tuple[str, ...]] = {"develop": ("lambda:UpdateFunctionCode",)}
_DUTIES = {
    "aws-root": _ANYWHERE,
    "aws-prod": _ANYWHERE | _IN_PRODUCTION,
    "aws-build": _ANYWHERE | _IN_TEST,
}


@dataclass
class _Role:
    arn: str
    account: str
    statements: list[Json]
    trust: list[Json]
    boundary: list[Json] | None = None
    facts: set[Fact] = field(default_factory=set)

    @property
    def system(self) -> str:
        return _SYSTEMS[self.account]


def aws_facts(folder: Path) -> dict[str, set[Fact]]:
    """Every account of the organisation with its duties, as the files state them."""
    return _Organisation(folder / "aws").facts()


class _Organisation:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.denied = _denied(folder / "organizations")
        self.keys = _key_policies(folder / "resource-policies")
        self.roles: dict[str, _Role] = {}
        self.logins: list[tuple[str, str]] = []
        for path in sorted((folder / "iam").glob("*.json")):
            self._read(path.stem, json.loads(path.read_text("utf-8")))

    def _read(self, account: str, lists: Json) -> None:
        managed = {
            each["Arn"]: each["PolicyVersionList"][0]["Document"]["Statement"]
            for each in lists["Policies"]
        }
        for each in lists["RoleDetailList"]:
            statements = [
                s for p in each["RolePolicyList"] for s in p["PolicyDocument"]["Statement"]
            ]
            for attached in each["AttachedManagedPolicies"]:
                statements += managed[attached["PolicyArn"]]
            limit = each.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
            self.roles[each["Arn"]] = _Role(
                each["Arn"],
                account,
                statements,
                each["AssumeRolePolicyDocument"]["Statement"],
                managed[limit] if limit else None,
            )
        for each in lists["GroupDetailList"]:
            for policy in each["GroupPolicyList"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    for action in statement["Action"]:
                        assert action.partition(":")[2].startswith(("Get", "List", "Lookup"))
        for each in lists["UserDetailList"]:
            assert not each["AttachedManagedPolicies"]
            self.logins.append((account, each["Arn"]))

    def facts(self) -> dict[str, set[Fact]]:
        for role in self.roles.values():
            role.facts = set(self._own(role))
        while True:
            before = sum(len(role.facts) for role in self.roles.values())
            for role in self.roles.values():
                for other in self.roles.values():
                    if self._assumes(role, other):
                        role.facts |= other.facts
                        if "/break-glass" in other.arn:
                            role.facts.add(
                                ("use-emergency-access", other.system, "role/break-glass")
                            )
            if sum(len(role.facts) for role in self.roles.values()) == before:
                break
        found = {f"{role.system}:{role.arn}": role.facts for role in self.roles.values()}
        found |= {f"{_SYSTEMS[account]}:{arn}": set() for account, arn in self.logins}
        for person, facts in self._people().items():
            found[f"aws-root:identity-center/{person}"] = facts
        return found

    def _own(self, role: _Role) -> Iterator[Fact]:
        for duty, actions in _DUTIES[role.system].items():
            for action in actions:
                for place in self._where(role, action):
                    yield duty, role.system, place

    def _where(self, role: _Role, action: str) -> Iterator[str]:
        """Where the role may do it: in everything, or for which applications."""
        service = action.partition(":")[0]
        if service == "kms":
            for application, (key, policy) in self.keys.items():
                if self._by_key(role, action, key, policy):
                    yield application
            return
        if self._may(role, action, f"arn:aws:{service}:{_REGION}:{role.account}:other/x"):
            yield "*"
        elif service == "iam":
            if self._may(role, action, f"arn:aws:iam::{role.account}:group/auditors"):
                yield "group/auditors"
        else:
            for application, name in _OF_APPLICATIONS.get((role.system, service), {}).items():
                arn = f"arn:aws:{service}:{_REGION}:{role.account}:{name}"
                if self._may(role, action, arn):
                    yield application

    def _may(self, role: _Role, action: str, resource: str) -> bool:
        limits = [role.statements] if role.boundary is None else [role.statements, role.boundary]
        return (
            not any(_says(s, action, resource) for s in self.denied[role.account])
            and all(any(_says(s, action, resource, "Allow") for s in each) for each in limits)
            and not any(_says(s, action, resource) for each in limits for s in each)
        )

    def _by_key(self, role: _Role, action: str, key: str, policy: list[Json]) -> bool:
        """A key needs its own policy: it names the role, or leaves it to the account."""
        whom = {
            statement["Principal"]["AWS"]
            for statement in policy
            if _says({**statement, "Resource": "*"}, action, key, "Allow")
        }
        if role.arn in whom:
            return True
        return f"arn:aws:iam::{role.account}:root" in whom and self._may(role, action, key)

    def _assumes(self, role: _Role, other: _Role) -> bool:
        named = any(each["Principal"].get("AWS") == role.arn for each in other.trust)
        asked = self._may(role, "sts:AssumeRole", other.arn)
        return named and (asked or role.account == other.account)

    def _people(self) -> Mapping[str, set[Fact]]:
        center = self.folder / "identity-center"
        members: dict[str, list[str]] = defaultdict(list)
        for path in sorted((center / "list-group-memberships").glob("*.json")):
            for each in json.loads(path.read_text("utf-8"))["GroupMemberships"]:
                members[each["GroupId"]].append(each["MemberId"]["UserId"])
        users = json.loads((center / "list-users.json").read_text("utf-8"))["Users"]
        found: dict[str, set[Fact]] = {each["UserId"]: set() for each in users}
        for path in sorted((center / "list-account-assignments").glob("*/*.json")):
            described = center / "describe-permission-set" / f"{path.parent.name}.json"
            name = json.loads(described.read_text("utf-8"))["PermissionSet"]["Name"]
            (role,) = (
                each
                for arn, each in self.roles.items()
                if f"/AWSReservedSSO_{name}_" in arn and each.account == path.stem
            )
            for each in json.loads(path.read_text("utf-8"))["AccountAssignments"]:
                holder = each["PrincipalId"]
                people = [holder] if each["PrincipalType"] == "USER" else members[holder]
                for person in people:
                    found[person] |= role.facts
        return found


def _says(statement: Json, action: str, resource: str, effect: str = "Deny") -> bool:
    assert statement.keys() <= {"Action", "Condition", "Effect", "Principal", "Resource"}
    if statement["Effect"] != effect:
        return False
    for operator, keys in statement.get("Condition", {}).items():
        assert (operator, effect) == ("Bool", "Allow")
        # People show a second factor, and are no service of AWS.
        if keys != {"aws:MultiFactorAuthPresent": "true"}:
            assert keys == {"aws:PrincipalIsAWSService": "true"}
            return False
    return _among(statement["Action"], action) and _among(statement["Resource"], resource)


def _among(patterns: str | list[str], text: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text, pattern) for pattern in listed)


def _denied(folder: Path) -> dict[str, list[Json]]:
    """What the organisation denies in each account; every level must allow all else."""

    def read(name: str) -> Json:
        found: Json = json.loads((folder / f"{name}.json").read_text("utf-8"))
        return found

    managing = read("describe-organization")["Organization"]["MasterAccountId"]
    root = read("list-roots")["Roots"][0]["Id"]
    above = {managing: [root]}
    for unit in read(f"list-organizational-units-for-parent/{root}")["OrganizationalUnits"]:
        for account in read(f"list-accounts-for-parent/{unit['Id']}")["Accounts"]:
            above[account["Id"]] = [root, unit["Id"], account["Id"]]
    denied: dict[str, list[Json]] = {account: [] for account in above}
    free: dict[str, set[str]] = {account: set() for account in above}
    for policy in read("list-policies/SERVICE_CONTROL_POLICY")["Policies"]:
        told = read(f"describe-policy/{policy['Id']}")["Policy"]
        statements = json.loads(told["Content"])["Statement"]
        targets = {
            each["TargetId"] for each in read(f"list-targets-for-policy/{policy['Id']}")["Targets"]
        }
        for account, levels in above.items():
            for statement in statements:
                if statement["Effect"] == "Allow":
                    assert (statement["Action"], statement["Resource"]) == ("*", "*")
                    free[account] |= targets & set(levels)
                elif account != managing and targets & set(levels):
                    denied[account].append(statement)
    assert all(free[account] == set(levels) for account, levels in above.items())
    assert denied[managing] == []
    return denied


def _key_policies(folder: Path) -> dict[str, tuple[str, list[Json]]]:
    """The keys by the application that has them, which the longer policy tells."""
    found: list[tuple[str, list[Json]]] = []
    for path in sorted(folder.glob("*/*/get-key-policy/*.json")):
        told = json.loads(path.read_text("utf-8"))["Policy"]
        key = f"arn:aws:kms:{_REGION}:{path.parts[-4]}:key/{path.stem}"
        found.append((key, json.loads(told)["Statement"]))
    onboarding, payments = sorted(found, key=lambda each: len(each[1]))
    return {"onboarding": onboarding, "payments": payments}
