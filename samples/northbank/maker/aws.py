"""The bank's AWS organisation: three accounts, what limits them, and who signs in where.

`gives` states by hand what somebody who uses a set or a role ends up with, limits and further roles
included. The policies say the same as AWS takes them; nothing computes one from the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from maker import bank
from maker.tables import Counts
from maker.world import AwsLogin, World, draw

FOLDER = "aws"
REGION = "eu-west-1"
ROOT, PROD, BUILD = "100200300401", "100200300402", "100200300403"
#: The accounts, by the systems that they are.
ACCOUNTS = {"aws-root": ROOT, "aws-prod": PROD, "aws-build": BUILD}
_TITLES = {ROOT: "northbank-management", PROD: "northbank-production", BUILD: "northbank-build"}
_ORGANISATION, _TOP = "o-northbank1", "r-nb01"
_UNITS = {PROD: ("ou-nb01-prod0001", "Production"), BUILD: ("ou-nb01-build001", "Build")}
_INSTANCE = "arn:aws:sso:::instance/ssoins-6508a1b2c3d4e5f6"
_SETS = "arn:aws:sso:::permissionSet/ssoins-6508a1b2c3d4e5f6"

Json = dict[str, object]


def _function(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{PROD}:function:{name}"


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{PROD}:table/{name}"


def _images(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{BUILD}:repository/{name}"


def _role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


KEYS = {
    "onboarding": f"arn:aws:kms:{REGION}:{PROD}:key/0b0a2d6e-5b0e-4c55-9d5b-6f1f8a3c1001",
    "payments": f"arn:aws:kms:{REGION}:{PROD}:key/5e771e00-0c4d-4f0e-8a55-2d9b7c6e2002",
}
#: What of the catalogue lies in AWS, by system and application.
CLAIMED: dict[tuple[str, str], tuple[str, ...]] = {
    ("aws-prod", "onboarding"): (
        _function("onboarding-*"),
        _table("onboarding-*"),
        KEYS["onboarding"],
    ),
    ("aws-prod", "payments"): (_function("payments-*"), _table("payments-*"), KEYS["payments"]),
    ("aws-build", "onboarding"): (_images("onboarding-*"),),
    ("aws-build", "payments"): (_images("payments-*"),),
}


def _allow(actions: str | list[str], resources: str | list[str] = "*", **more: object) -> Json:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def _deny(actions: str | list[str], resources: str | list[str] = "*") -> Json:
    return {"Effect": "Deny", "Action": actions, "Resource": resources}


def _document(*statements: Json) -> Json:
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
_RETIRE = ["kms:DescribeKey", "kms:DisableKey", "kms:ScheduleKeyDeletion"]

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
        (_allow(_WATCH), _allow("sts:AssumeRole", _role(PROD, "onboarding-deploy"))),
        {"aws-build": _SHIP_ONBOARDING},
    ),
    # The same, but the role does not trust it.
    "ReleaseTraining": AccessSet(
        (_allow(_WATCH), _allow("sts:AssumeRole", _role(PROD, "onboarding-deploy"))),
        {"aws-build": ()},
    ),
    # The management account is bound by no policy of the organisation, production is.
    "AccessDesk": AccessSet(
        (_allow("iam:AddUserToGroup", "arn:aws:iam::*:group/auditors"), _allow(_TRAIL)),
        {
            "aws-root": (
                f"{bank.CLOUD_ACCESS} aws-root group/auditors",
                f"{bank.STOP_LOGS} aws-root *",
            ),
            "aws-prod": (f"{bank.CLOUD_ACCESS} aws-prod group/auditors",),
        },
    ),
    "DataRepair": AccessSet(
        (_allow("sts:AssumeRole", _role(PROD, "onboarding-data-repair")),),
        {"aws-prod": (f"{bank.DATA} aws-prod onboarding",)},
    ),
    "DataSupport": AccessSet(
        (_allow("sts:AssumeRole", _role(PROD, "onboarding-data-support")),),
        {"aws-prod": ()},
    ),
    "PaymentsOperations": AccessSet(
        (_allow("lambda:*", _function("payments-*")),), {"aws-prod": _SHIP_PAYMENTS}
    ),
    "PaymentsWatch": AccessSet(
        (
            _allow("lambda:*", _function("payments-*")),
            _deny(["lambda:Add*", "lambda:Create*", "lambda:Put*", "lambda:Update*"]),
        ),
        {"aws-prod": ()},
    ),
    "OnboardingHotfix": AccessSet(
        (_allow("lambda:UpdateFunctionCode", _function("onboarding-*"), **_MFA),),
        {"aws-prod": _SHIP_ONBOARDING},
        conditional=True,
    ),
    "OnboardingRobots": AccessSet(
        (_allow("lambda:UpdateFunctionCode", _function("onboarding-*"), **_BY_SERVICE),),
        {"aws-prod": ()},
    ),
    "Publisher": AccessSet(
        (_allow(["ecr:BatchGetImage", "ecr:PutImage"], _images("payments-*")),),
        {"aws-build": (f"{bank.RELEASE} aws-build payments",)},
    ),
    "Puller": AccessSet(
        (_allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], _images("payments-*")),),
        {"aws-build": ()},
    ),
    "KeyCustodian": AccessSet(
        (_allow(_RETIRE, KEYS["onboarding"]),),
        {"aws-prod": (f"{bank.KEYS} aws-prod onboarding",)},
    ),
    "PaymentsKeys": AccessSet(
        (_allow("sts:AssumeRole", _role(PROD, "payments-custodian")),),
        {"aws-prod": (f"{bank.KEYS} aws-prod payments",)},
    ),
    "Emergency": AccessSet(
        (_allow("sts:AssumeRole", "arn:aws:iam::*:role/break-glass*"),),
        {"aws-root": (f"{bank.EMERGENCY} aws-prod role/break-glass", *_ALL_OF_PRODUCTION)},
        everything=True,
    ),
    # The same policy; the role trusts the other set.
    "EmergencyDrill": AccessSet(
        (_allow("sts:AssumeRole", "arn:aws:iam::*:role/break-glass*"),), {"aws-root": ()}
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
    return _role(account, path)


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
        (_allow(_ITEMS, _table("onboarding-*")),),
        (f"{bank.DATA} aws-prod onboarding",),
    ),
    (PROD, "onboarding-data-support"): Role(
        (_trusts(PROD, "DataSupport"),),
        (_allow(_ITEMS, _table("onboarding-*")),),
        boundary="look-only",
    ),
    (PROD, "onboarding-deploy"): Role(
        (_trusts(BUILD, "ReleaseDesk"),),
        (_allow(["lambda:GetFunction", "lambda:UpdateFunctionCode"], _function("onboarding-*")),),
        _SHIP_ONBOARDING,
    ),
    (PROD, "onboarding-serve"): Role(
        (_serves("lambda"),), (_allow("dynamodb:GetItem", _table("onboarding-*")),)
    ),
    (PROD, "payments-custodian"): Role(
        (_trusts(PROD, "PaymentsKeys"),),
        (_allow(_RETIRE, KEYS["payments"]),),
        (f"{bank.KEYS} aws-prod payments",),
    ),
    (PROD, "payments-settle"): Role(
        (_serves("lambda"),),
        (_allow(_ITEMS, _table("payments-*")),),
        (f"{bank.DATA} aws-prod payments",),
    ),
    (BUILD, "build-onboarding"): Role(
        (_serves("codebuild"),),
        (_allow("ecr:PutImage", _images("onboarding-*")),),
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
        (_allow("ecr:PutImage", _images("payments-*")),),
        (f"{bank.RELEASE} aws-build payments",),
    ),
}
#: What runs, and as which role.
_FUNCTIONS = {
    "onboarding-forms": "onboarding-serve",
    "onboarding-photos": "onboarding-serve",
    "payments-settlement": "payments-settle",
}
_LOOK_ONLY = _document(
    _allow(["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"])
)
_FULL = _document(_allow("*"))
_KEEP_THE_TRAIL = _document(_deny([*_TRAIL, "cloudtrail:PutEventSelectors", "logs:DeleteLogGroup"]))
_STAY = _document(_deny("organizations:LeaveOrganization"))
#: Every account has the group that the access desk fills.
_AUDITORS = _document(_allow(["cloudtrail:LookupEvents", "iam:Get*", "iam:List*"]))


def write_aws(world: World) -> tuple[dict[str, bytes], dict[str, Counts]]:
    """Every export of the organisation by path, and how many records each list of IAM has."""
    files: dict[str, object] = {}
    counts: dict[str, Counts] = {}
    for number in ACCOUNTS.values():
        lists = _details(world, number)
        path = f"{FOLDER}/iam/{number}.json"
        files[path] = lists
        records = sum(len(each) for each in lists.values() if isinstance(each, list))
        counts[path] = _all_read(records)
    for part, told in (
        ("organizations", _organisation()),
        ("identity-center", _center(world)),
        ("resource-policies", _key_policies()),
        ("inventory", _inventory()),
    ):
        files |= {f"{FOLDER}/{part}/{name}.json": content for name, content in told}
    return {path: _text(content) for path, content in files.items()}, counts


def _all_read(records: int) -> Counts:
    return {
        "lines": records, "continued": 0, "header": 0, "blank": 0, "parsed": records,
        "rejected": 0, "duplicate": 0, "filtered": 0, "loaded": records,
    }  # fmt: skip


def _text(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


# IAM


def _details(world: World, number: str) -> Json:
    """What `aws iam get-account-authorization-details` prints for one account."""
    policies = [_managed(f"arn:aws:iam::aws:policy/{name}", _FULL) for name in _managed_in(number)]
    if number == PROD:
        policies.append(_managed(f"arn:aws:iam::{PROD}:policy/look-only", _LOOK_ONLY))
    return {
        "UserDetailList": [_login(each) for each in world.aws_logins if each.account == number],
        "GroupDetailList": [
            {
                "Path": "/",
                "GroupName": "auditors",
                "GroupId": _id("AGPA", f"auditors {number}"),
                "Arn": f"arn:aws:iam::{number}:group/auditors",
                "CreateDate": "2024-02-01T09:00:00+00:00",
                "GroupPolicyList": [{"PolicyName": "look", "PolicyDocument": _AUDITORS}],
                "AttachedManagedPolicies": [],
            }
        ],
        "RoleDetailList": [
            *(
                _role_record(number, name, role)
                for (of, name), role in ROLES.items()
                if of == number
            ),
            *_reserved_records(number),
        ],
        "Policies": policies,
        "IsTruncated": False,
    }


def _managed_in(number: str) -> list[str]:
    system = next(each for each, of in ACCOUNTS.items() if of == number)
    used = {name for each in SETS.values() if system in each.gives for name in each.managed}
    used |= {name for (of, _), role in ROLES.items() if of == number for name in role.managed}
    return sorted(used)


def _managed(arn: str, document: Json) -> Json:
    name = arn.rpartition("/")[2]
    return {
        "PolicyName": name,
        "PolicyId": _id("ANPA", arn),
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "IsAttachable": True,
        "CreateDate": "2024-02-01T09:00:00+00:00",
        "PolicyVersionList": [
            {
                "VersionId": "v1",
                "IsDefaultVersion": True,
                "CreateDate": "2024-02-01T09:00:00+00:00",
                "Document": document,
            }
        ],
    }


def _id(kind: str, of: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    number = draw(f"id {of}", 32**17)
    return kind + "".join(letters[number // 32**place % 32] for place in range(17))


def _login(login: AwsLogin) -> Json:
    arn = login_arn(login)
    return {
        "Path": "/",
        "UserName": login.name,
        "UserId": _id("AIDA", arn),
        "Arn": arn,
        "CreateDate": "2024-06-03T08:00:00+00:00",
        "GroupList": list(login.groups),
        "AttachedManagedPolicies": [],
        "Tags": [{"Key": "email", "Value": login.email}] if login.email else [],
    }


def login_arn(login: AwsLogin) -> str:
    """What names a login everywhere."""
    return f"arn:aws:iam::{login.account}:user/{login.name}"


def _role_record(number: str, name: str, role: Role) -> Json:
    record: Json = {
        **_head(_role(number, name), _document(*role.trust)),
        "RolePolicyList": _inline("own", role.statements),
        "AttachedManagedPolicies": _attached(role.managed),
        "RoleLastUsed": {"LastUsedDate": role.last_used, "Region": REGION}
        if role.last_used
        else {},
    }
    if role.boundary:
        record["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": f"arn:aws:iam::{number}:policy/{role.boundary}",
        }
    return record


def _reserved_records(number: str) -> Iterator[Json]:
    """The roles that Identity Center made, one for each set that is assigned in the account."""
    provider = f"arn:aws:iam::{number}:saml-provider/AWSSSO_5f0c4d3b2a190807_DO_NOT_DELETE"
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    }
    for name, each in SETS.items():
        if number in {ACCOUNTS[system] for system in each.gives}:
            yield {
                **_head(reserved(number, name), _document(trust)),
                "RolePolicyList": _inline("AwsSSOInlinePolicy", each.statements),
                "AttachedManagedPolicies": _attached(each.managed),
                "RoleLastUsed": {},
            }


def _head(arn: str, trust: Json) -> Json:
    path, _, name = arn.partition(":role")[2].rpartition("/")
    return {
        "Path": f"{path}/",
        "RoleName": name,
        "RoleId": _id("AROA", arn),
        "Arn": arn,
        "CreateDate": "2024-02-01T09:00:00+00:00",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [],
        "Tags": [],
    }


def _inline(name: str, statements: tuple[Json, ...]) -> list[Json]:
    return [{"PolicyName": name, "PolicyDocument": _document(*statements)}] if statements else []


def _attached(names: tuple[str, ...]) -> list[Json]:
    return [{"PolicyName": name, "PolicyArn": f"arn:aws:iam::aws:policy/{name}"} for name in names]


# Organizations


def _organisation() -> Iterator[tuple[str, object]]:
    """What `aws organizations` prints, call by call: the root, two units, three accounts."""
    yield (
        "describe-organization",
        {
            "Organization": {
                "Id": _ORGANISATION,
                "Arn": f"arn:aws:organizations::{ROOT}:organization/{_ORGANISATION}",
                "MasterAccountId": ROOT,
                "FeatureSet": "ALL",
            }
        },
    )
    scp, rcp = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
    enabled = [{"Type": scp, "Status": "ENABLED"}]
    yield (
        "list-roots",
        {
            "Roots": [
                {"Id": _TOP, "Arn": _thing("root", _TOP), "Name": "Root", "PolicyTypes": enabled}
            ]
        },
    )
    units = [
        {"Id": code, "Arn": _thing("ou", code), "Name": name} for code, name in _UNITS.values()
    ]
    yield f"list-organizational-units-for-parent/{_TOP}", {"OrganizationalUnits": units}
    yield f"list-accounts-for-parent/{_TOP}", {"Accounts": [_account(ROOT)]}
    for number, (code, _) in _UNITS.items():
        yield f"list-organizational-units-for-parent/{code}", {"OrganizationalUnits": []}
        yield f"list-accounts-for-parent/{code}", {"Accounts": [_account(number)]}
    places = [_TOP, *(code for code, _ in _UNITS.values()), *ACCOUNTS.values()]
    production = _UNITS[PROD][0]
    policies = {
        "p-FullAWSAccess": ("FullAWSAccess", _FULL, places),
        "p-keeptrail": ("keep-the-trail", _KEEP_THE_TRAIL, [production]),
        "p-stay": ("stay-in-the-organisation", _STAY, [_TOP]),
    }
    summaries = {
        code: {"Id": code, "Arn": _thing("policy", code), "Name": name, "Type": scp}
        for code, (name, _, _) in policies.items()
    }
    yield f"list-policies/{scp}", {"Policies": list(summaries.values())}
    yield f"list-policies/{rcp}", {"Policies": []}
    for code, (_, document, targets) in policies.items():
        told = {"PolicySummary": summaries[code], "Content": json.dumps(document)}
        yield f"describe-policy/{code}", {"Policy": told}
        listed = [{"TargetId": each, "Type": _type(each)} for each in targets]
        yield f"list-targets-for-policy/{code}", {"Targets": listed}


def _thing(kind: str, code: str) -> str:
    return f"arn:aws:organizations::{ROOT}:{kind}/{_ORGANISATION}/{code}"


def _account(number: str) -> Json:
    return {"Id": number, "Arn": _thing("account", number), "Name": _TITLES[number]}


def _type(target: str) -> str:
    return {"r": "ROOT", "o": "ORGANIZATIONAL_UNIT"}.get(target[0], "ACCOUNT")


# Identity Center


def person_code(key: str) -> str:
    """The id of a person in Identity Center's own directory."""
    mark = f"{draw(f'identity {key}', 16**24):024x}"
    return f"93670f2c11-{mark[:8]}-{mark[8:12]}-{mark[12:]}"


def _center(world: World) -> Iterator[tuple[str, object]]:
    """What `aws sso-admin` and `aws identitystore` print."""
    store = "d-9367000001"
    yield (
        "list-instances",
        {"Instances": [{"InstanceArn": _INSTANCE, "IdentityStoreId": store}]},
    )
    arns = {name: f"{_SETS}/ps-{draw(f'ps {name}', 16**16):016x}" for name in SETS}
    yield "list-permission-sets", {"PermissionSets": sorted(arns.values())}
    for name, each in SETS.items():
        code = arns[name].rpartition("/")[2]
        described = {"Name": name, "PermissionSetArn": arns[name], "SessionDuration": "PT8H"}
        yield f"describe-permission-set/{code}", {"PermissionSet": described}
        inline = json.dumps(_document(*each.statements)) if each.statements else ""
        yield f"get-inline-policy-for-permission-set/{code}", {"InlinePolicy": inline}
        attached = [{"Name": n, "Arn": f"arn:aws:iam::aws:policy/{n}"} for n in each.managed]
        yield (
            f"list-managed-policies-in-permission-set/{code}",
            {"AttachedManagedPolicies": attached},
        )
        for system in each.gives:
            number = ACCOUNTS[system]
            yield (
                f"list-account-assignments/{code}/{number}",
                {"AccountAssignments": _assignments(world, name, system, arns[name])},
            )
    people = [
        {
            "UserId": each.code,
            "IdentityStoreId": store,
            "UserName": each.login,
            "DisplayName": each.name,
            "Emails": [{"Value": each.email, "Type": "work", "Primary": True}],
        }
        for each in world.aws_people.values()
    ]
    yield "list-users", {"Users": sorted(people, key=lambda each: str(each["UserId"]))}
    administrators = "93670f2c11-00000000-0000-000000000001"
    listed = [{"GroupId": administrators, "DisplayName": "platform-administrators"}]
    yield "list-groups", {"Groups": listed}
    members = [
        {
            "MembershipId": person_code(f"member {each.code}"),
            "GroupId": administrators,
            "MemberId": {"UserId": each.code},
        }
        for each in world.aws_people.values()
        if "AdministratorAccess" in {name for name, _ in each.sets}
    ]
    members.sort(key=lambda each: str(each["MembershipId"]))
    yield f"list-group-memberships/{administrators}", {"GroupMemberships": members}


def _assignments(world: World, name: str, system: str, arn: str) -> list[Json]:
    """Administrators by their group, everybody else by name."""
    head = {"AccountId": ACCOUNTS[system], "PermissionSetArn": arn}
    if name == "AdministratorAccess":
        code = "93670f2c11-00000000-0000-000000000001"
        return [{**head, "PrincipalType": "GROUP", "PrincipalId": code}]
    holders = sorted(each.code for each in world.aws_people.values() if (name, system) in each.sets)
    return [{**head, "PrincipalType": "USER", "PrincipalId": code} for code in holders]


# Keys, and what runs


def _key_policies() -> Iterator[tuple[str, object]]:
    """The policy of every key of the three accounts; only production has any."""
    look = ["kms:Describe*", "kms:Get*", "kms:List*"]
    to_account = {"Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}}
    custodian = {"Principal": {"AWS": _role(PROD, "payments-custodian")}}
    documents = {
        "onboarding": _document({**_allow("kms:*"), **to_account}),
        "payments": _document({**_allow(look), **to_account}, {**_allow(_RETIRE), **custodian}),
    }
    for number in ACCOUNTS.values():
        yield f"{number}/describe-regions", {"Regions": [{"RegionName": REGION}]}
        mine = documents if number == PROD else {}
        listed = [{"KeyId": KEYS[a].rpartition("/")[2], "KeyArn": KEYS[a]} for a in sorted(mine)]
        yield f"{number}/{REGION}/list-keys", {"Keys": listed}
        for application, document in sorted(mine.items()):
            code = KEYS[application].rpartition("/")[2]
            told = {"Policy": json.dumps(document), "PolicyName": "default"}
            yield f"{number}/{REGION}/get-key-policy/{code}", told


def _inventory() -> Iterator[tuple[str, object]]:
    """Functions and builds, and the roles that they run as."""
    project = f"arn:aws:codebuild:{REGION}:{BUILD}:project/onboarding"
    for number in ACCOUNTS.values():
        yield f"{number}/describe-regions", {"Regions": [{"RegionName": REGION}]}
        functions = _FUNCTIONS if number == PROD else {}
        listed = [
            {"FunctionName": name, "FunctionArn": _function(name), "Role": _role(PROD, role)}
            for name, role in sorted(functions.items())
        ]
        yield f"{number}/{REGION}/list-functions", {"Functions": listed}
        builds = ["onboarding"] if number == BUILD else []
        yield f"{number}/{REGION}/list-projects", {"projects": builds}
        runs = {
            "name": "onboarding",
            "arn": project,
            "serviceRole": _role(BUILD, "build-onboarding"),
        }
        yield f"{number}/{REGION}/batch-get-projects", {"projects": [runs] if builds else []}
