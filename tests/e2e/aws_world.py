"""Two AWS accounts with a library in one of them, and who can do what in it, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROD, TEST = "111122223333", "444455556666"
BOOKS = "arn:aws:s3:::books"
Record = dict[str, Any]

CONFIG = f"""
name: Library
ruleset: rules.yaml
catalogue: catalogue.yaml
as_of: 2026-11-20
systems:
  aws-prod: {{product: aws, environment: prod, owner: Library}}
  aws-test: {{product: aws, environment: test, owner: Library}}
sources:
  aws:
    system: aws-prod
    importer: aws
    path: aws
    accounts: {{"{PROD}": aws-prod, "{TEST}": aws-test}}
    extracted_at: 2026-11-20T00:00:00Z
    extracted_by: the library
    query: sod pull aws
"""
CATALOGUE = """
applications:
  library:
    title: Library
    tier: internal
    owner: Library
    resources:
      - {system: aws-prod, resource: "arn:aws:s3:::books*"}
"""
RULES = """
ruleset: library
version: "1"
owner: Library
duties:
  write:
    title: Write a book
    ways: [{product: aws, action: "s3:PutObject", environment: prod}]
  burn:
    title: Burn a book
    ways: [{product: aws, action: "s3:DeleteObject", environment: prod}]
rules:
  LIB-01:
    title: Write and burn the same library's books
    duties: {all_of: [write, burn]}
    scope: application
    severity: {default: high, tier: {}}
    why: Nobody would notice.
    references: {sox: ["404"]}
  LIB-02:
    title: A role writes and burns by itself
    role_conflicts: LIB-01
    scope: application
    severity: high
    why: Whoever has it has both.
    references: {sox: ["404"]}
  LIB-03:
    title: A group whose members let others in
    hygiene: {check: self-managed-group}
    scope: system
    severity: medium
    why: A member may let in whom they like.
    references: {sox: ["404"]}
"""


def allow(action: str | list[str], resource: str = "*", **more: object) -> Record:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: object) -> Record:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def login(name: str, *statements: Record, account: str = PROD, **more: object) -> Record:
    own = {"PolicyName": "own", "PolicyDocument": document(*statements)}
    return {
        "UserName": name,
        "Arn": f"arn:aws:iam::{account}:user/{name}",
        "UserPolicyList": [own] if statements else [],
        **more,
    }


def role(name: str, trusts: Record, *statements: Record, **more: object) -> Record:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusts}
    return {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{PROD}:role/{name}",
        "AssumeRolePolicyDocument": document(trust),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(*statements)}],
        **more,
    }


def of(kind: str, name: str) -> str:
    return f"arn:aws:iam::{PROD}:{kind}/{name}"


MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
GONE = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": of("policy", "gone")}
LOGINS = [
    login("admin", allow("*")),
    login("bound", allow("s3:*"), PermissionsBoundary={**GONE}),
    login("denied", allow("s3:*"), deny("s3:Delete*", f"{BOOKS}*")),
    login("keyed", allow("iam:CreateAccessKey", of("user", "writer"))),
    login("member", GroupList=["readers"]),
    login("second", allow("s3:*", "*", **MFA)),
    login("strong", allow("iam:PutUserPolicy", of("user", "strong"))),
    login("stronger", allow("iam:CreateAccessKey", of("user", "strong"))),
    login("trusted", allow("sts:AssumeRole", of("role", "deploy"))),
    login("writer", allow("s3:*", f"{BOOKS}*")),
]
ELSEWHERE = [login("outsider", allow("s3:*"), account=TEST)]
GROUPS = [
    {
        "GroupName": "readers",
        "Arn": of("group", "readers"),
        "GroupPolicyList": [
            {
                "PolicyName": "read",
                "PolicyDocument": document(allow("s3:GetObject", f"{BOOKS}/*")),
            }
        ],
    }
]
ROLES = [
    role("deploy", {"AWS": of("user", "trusted")}, allow("s3:PutObject", f"{BOOKS}/*")),
    role("vendor", {"AWS": "999999999999"}, allow("s3:GetObject", f"{BOOKS}/*")),
]


def write(folder: Path, **lists: list[Record]) -> Path:
    """The folder with all of it; lists of the production account can be others."""
    (folder / "aws" / "iam").mkdir(parents=True)
    prod = {
        "UserDetailList": LOGINS,
        "GroupDetailList": GROUPS,
        "RoleDetailList": ROLES,
        "Policies": [],
        **lists,
    }
    test = {"UserDetailList": ELSEWHERE, **{key: [] for key in list(prod)[1:]}}
    for name, export in (("prod", prod), ("test", test)):
        path = folder / "aws" / "iam" / f"{name}.json"
        path.write_text(json.dumps(export), encoding="utf-8")
    texts = {"sod.yaml": CONFIG, "catalogue.yaml": CATALOGUE, "rules.yaml": RULES}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
