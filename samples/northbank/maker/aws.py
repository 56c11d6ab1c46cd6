"""The bank's AWS organisation: three accounts, what limits them, and who signs in where.

`gives` states by hand what somebody who uses a set or a role ends up with, limits and further roles
included. The policies say the same as AWS takes them; nothing computes one from the other.
"""

from __future__ import annotations

from typing import NamedTuple

from maker import bank
from maker.world import AwsLogin, draw

FOLDER = "aws"
REGION = "eu-west-1"
ROOT, PROD, BUILD = "100200300401", "100200300402", "100200300403"
#: The accounts, by the systems that they are.
ACCOUNTS = {"aws-root": ROOT, "aws-prod": PROD, "aws-build": BUILD}

Json = dict[str, object]


def function(name: str) -> str:
    """A function of production."""
    return f"arn:aws:lambda:{REGION}:{PROD}:function:{name}"


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{PROD}:table/{name}"


def _images(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{BUILD}:repository/{name}"


def role_arn(account: str, name: str) -> str:
    """What names a role everywhere."""
    return f"arn:aws:iam::{account}:role/{name}"


KEYS = {
    "onboarding": f"arn:aws:kms:{REGION}:{PROD}:key/0b0a2d6e-5b0e-4c55-9d5b-6f1f8a3c1001",
    "payments": f"arn:aws:kms:{REGION}:{PROD}:key/5e771e00-0c4d-4f0e-8a55-2d9b7c6e2002",
}
#: What of the catalogue lies in AWS, by system and application.
CLAIMED: dict[tuple[str, str], tuple[str, ...]] = {
    ("aws-prod", "onboarding"): (
        function("onboarding-*"),
        _table("onboarding-*"),
        KEYS["onboarding"],
    ),
    ("aws-prod", "payments"): (function("payments-*"), _table("payments-*"), KEYS["payments"]),
    ("aws-build", "onboarding"): (_images("onboarding-*"),),
    ("aws-build", "payments"): (_images("payments-*"),),
}


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: object) -> Json:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str | list[str], resources: str | list[str] = "*") -> Json:
    """A statement that denies."""
    return {"Effect": "Deny", "Action": actions, "Resource": resources}


def document(*statements: Json) -> Json:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


#: What everything in an account is; what only production or only test has is added there.
_ANYTHING = (
    bank.COMMIT, bank.REVIEW, bank.APPROVE_OWN, bank.MERGE, bank.MERGE_UNREVIEWED, bank.RELEASE,
    bank.PIPELINE, bank.GATES, bank.CLOUD_ACCESS, bank.IDENTITIES, bank.DETECTION,
)  # fmt: skip
_OF_PRODUCTION = (
    bank.DEPLOY, bank.SECRETS, bank.DATA, bank.DATABASE_AUDIT, bank.BACKUPS, bank.NETWORK,
)  # fmt: skip
#: Everything in production: the organisation leaves nobody there a way to stop the log, and the key
#: of Payments is its custodian's alone.
_ALL_OF_PRODUCTION = (
    *(f"{duty} aws-prod *" for duty in (*_ANYTHING, *_OF_PRODUCTION)),
    f"{bank.KEYS} aws-prod onboarding",
)


class AccessSet(NamedTuple):
    """A set of Identity Center: what it allows, and what that comes to in each account."""

    statements: tuple[Json, ...]
    gives: dict[str, tuple[str, ...]]
    managed: tuple[str, ...] = ()
    #: Whether its holder has all that the organisation leaves to an account, this or another one.
    everything: bool = False
    conditional: bool = False


_MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
_BY_SERVICE = {"Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}}}
_SHIP_ONBOARDING = (f"{bank.DEPLOY} aws-prod onboarding",)
_SHIP_PAYMENTS = (f"{bank.DEPLOY} aws-prod payments",)
_WATCH = ["codebuild:BatchGetBuilds", "codebuild:ListBuilds"]
_TRAIL = ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail"]
_ITEMS = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
RETIRE = ["kms:DescribeKey", "kms:DisableKey", "kms:ScheduleKeyDeletion"]

SETS: dict[str, AccessSet] = {
    "AdministratorAccess": AccessSet(
        (),
        {
            "aws-root": tuple(f"{d} aws-root *" for d in (*_ANYTHING, bank.STOP_LOGS)),
            "aws-prod": _ALL_OF_PRODUCTION,
            "aws-build": tuple(
                f"{d} aws-build *" for d in (*_ANYTHING, bank.STOP_LOGS, bank.DEVELOP)
            ),
        },
        ("AdministratorAccess",),
        everything=True,
    ),
    # Signs in to the build account, and goes on to production from there.
    "ReleaseDesk": AccessSet(
        (allow(_WATCH), allow("sts:AssumeRole", role_arn(PROD, "onboarding-deploy"))),
        {"aws-build": _SHIP_ONBOARDING},
    ),
    # The same, but the role does not trust it.
    "ReleaseTraining": AccessSet(
        (allow(_WATCH), allow("sts:AssumeRole", role_arn(PROD, "onboarding-deploy"))),
        {"aws-build": ()},
    ),
    # The management account is bound by no policy of the organisation, production is.
    "AccessDesk": AccessSet(
        (allow("iam:AddUserToGroup", "arn:aws:iam::*:group/auditors"), allow(_TRAIL)),
        {
            "aws-root": (
                f"{bank.CLOUD_ACCESS} aws-root group/auditors",
                f"{bank.STOP_LOGS} aws-root *",
            ),
            "aws-prod": (f"{bank.CLOUD_ACCESS} aws-prod group/auditors",),
        },
    ),
    "DataRepair": AccessSet(
        (allow("sts:AssumeRole", role_arn(PROD, "onboarding-data-repair")),),
        {"aws-prod": (f"{bank.DATA} aws-prod onboarding",)},
    ),
    "DataSupport": AccessSet(
        (allow("sts:AssumeRole", role_arn(PROD, "onboarding-data-support")),),
        {"aws-prod": ()},
    ),
    "PaymentsOperations": AccessSet(
        (allow("lambda:*", function("payments-*")),), {"aws-prod": _SHIP_PAYMENTS}
    ),
    "PaymentsWatch": AccessSet(
        (
            allow("lambda:*", function("payments-*")),
            deny(["lambda:Add*", "lambda:Create*", "lambda:Put*", "lambda:Update*"]),
        ),
        {"aws-prod": ()},
    ),
    "OnboardingHotfix": AccessSet(
        (allow("lambda:UpdateFunctionCode", function("onboarding-*"), **_MFA),),
        {"aws-prod": _SHIP_ONBOARDING},
        conditional=True,
    ),
    "OnboardingRobots": AccessSet(
        (allow("lambda:UpdateFunctionCode", function("onboarding-*"), **_BY_SERVICE),),
        {"aws-prod": ()},
    ),
    "Publisher": AccessSet(
        (allow(["ecr:BatchGetImage", "ecr:PutImage"], _images("payments-*")),),
        {"aws-build": (f"{bank.RELEASE} aws-build payments",)},
    ),
    "Puller": AccessSet(
        (allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], _images("payments-*")),),
        {"aws-build": ()},
    ),
    "KeyCustodian": AccessSet(
        (allow(RETIRE, KEYS["onboarding"]),),
        {"aws-prod": (f"{bank.KEYS} aws-prod onboarding",)},
    ),
    "PaymentsKeys": AccessSet(
        (allow("sts:AssumeRole", role_arn(PROD, "payments-custodian")),),
        {"aws-prod": (f"{bank.KEYS} aws-prod payments",)},
    ),
    "Emergency": AccessSet(
        (allow("sts:AssumeRole", "arn:aws:iam::*:role/break-glass*"),),
        {"aws-root": (f"{bank.EMERGENCY} aws-prod role/break-glass", *_ALL_OF_PRODUCTION)},
        everything=True,
    ),
    # The same policy; the role trusts the other set.
    "EmergencyDrill": AccessSet(
        (allow("sts:AssumeRole", "arn:aws:iam::*:role/break-glass*"),), {"aws-root": ()}
    ),
}


class Role(NamedTuple):
    """A role that no set made: whom it trusts, what its policy allows, and what that comes to."""

    trust: tuple[Json, ...]
    statements: tuple[Json, ...]
    gives: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    boundary: str = ""
    last_used: str = ""
    #: Whether its holder has all that the organisation leaves to the account.
    everything: bool = False

    @property
    def minded(self) -> bool:
        """Whether somebody assumes it; services and runners are nobody."""
        return any("AWS" in dict(each["Principal"]) for each in self.trust)  # type: ignore[call-overload]


def reserved(account: str, name: str) -> str:
    """The ARN of the role that a set has in an account."""
    mark = f"{draw(f'set {name} {account}', 16**16):016x}"
    path = f"aws-reserved/sso.amazonaws.com/{REGION}/AWSReservedSSO_{name}_{mark}"
    return role_arn(account, path)


def _trusts(account: str, name: str) -> Json:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": reserved(account, name)},
        "Action": "sts:AssumeRole",
    }


def _serves(service: str) -> Json:
    return {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


_GITHUB = "token.actions.githubusercontent.com"
ROLES: dict[tuple[str, str], Role] = {
    (PROD, "break-glass"): Role(
        (_trusts(ROOT, "Emergency"),),
        (),
        _ALL_OF_PRODUCTION,
        ("AdministratorAccess",),
        last_used="2026-03-14T02:12:00+00:00",
        everything=True,
    ),
    (PROD, "onboarding-data-repair"): Role(
        (_trusts(PROD, "DataRepair"),),
        (allow(_ITEMS, _table("onboarding-*")),),
        (f"{bank.DATA} aws-prod onboarding",),
    ),
    (PROD, "onboarding-data-support"): Role(
        (_trusts(PROD, "DataSupport"),),
        (allow(_ITEMS, _table("onboarding-*")),),
        boundary="look-only",
    ),
    (PROD, "onboarding-deploy"): Role(
        (_trusts(BUILD, "ReleaseDesk"),),
        (allow(["lambda:GetFunction", "lambda:UpdateFunctionCode"], function("onboarding-*")),),
        _SHIP_ONBOARDING,
    ),
    (PROD, "onboarding-serve"): Role(
        (_serves("lambda"),), (allow("dynamodb:GetItem", _table("onboarding-*")),)
    ),
    (PROD, "payments-custodian"): Role(
        (_trusts(PROD, "PaymentsKeys"),),
        (allow(RETIRE, KEYS["payments"]),),
        (f"{bank.KEYS} aws-prod payments",),
    ),
    (PROD, "payments-settle"): Role(
        (_serves("lambda"),),
        (allow(_ITEMS, _table("payments-*")),),
        (f"{bank.DATA} aws-prod payments",),
    ),
    (BUILD, "build-onboarding"): Role(
        (_serves("codebuild"),),
        (allow("ecr:PutImage", _images("onboarding-*")),),
        (f"{bank.RELEASE} aws-build onboarding",),
    ),
    # GitHub's runners: which of them become it, no export tells.
    (BUILD, "build-payments"): Role(
        (
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{BUILD}:oidc-provider/{_GITHUB}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{_GITHUB}:aud": "sts.amazonaws.com",
                        f"{_GITHUB}:sub": "repo:northbank/payments-api:ref:refs/heads/main",
                    }
                },
            },
        ),
        (allow("ecr:PutImage", _images("payments-*")),),
        (f"{bank.RELEASE} aws-build payments",),
    ),
}
#: What runs, and as which role.
FUNCTIONS = {
    "onboarding-forms": "onboarding-serve",
    "onboarding-photos": "onboarding-serve",
    "payments-settlement": "payments-settle",
}
LOOK_ONLY = document(
    allow(["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"])
)
FULL = document(allow("*"))
KEEP_THE_TRAIL = document(deny([*_TRAIL, "cloudtrail:PutEventSelectors", "logs:DeleteLogGroup"]))
STAY = document(deny("organizations:LeaveOrganization"))
#: Every account has the group that the access desk fills.
AUDITORS = document(allow(["cloudtrail:LookupEvents", "iam:Get*", "iam:List*"]))


def login_arn(login: AwsLogin) -> str:
    """What names a login everywhere."""
    return f"arn:aws:iam::{login.account}:user/{login.name}"


def person_code(key: str) -> str:
    """The id of a person in Identity Center's own directory."""
    mark = f"{draw(f'identity {key}', 16**24):024x}"
    return f"93670f2c11-{mark[:8]}-{mark[8:12]}-{mark[12:]}"
