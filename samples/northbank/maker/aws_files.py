"""Writes the exports of the AWS organisation, as `sod pull aws` does."""

from __future__ import annotations

import json
from collections.abc import Iterator

from maker.aws import (
    ACCOUNTS,
    AUDITORS,
    BUILD,
    FOLDER,
    FULL,
    FUNCTIONS,
    KEEP_THE_TRAIL,
    KEYS,
    LOOK_ONLY,
    PROD,
    REGION,
    RETIRE,
    ROLES,
    ROOT,
    SETS,
    STAY,
    Json,
    Role,
    allow,
    document,
    function,
    login_arn,
    person_code,
    reserved,
    role_arn,
)
from maker.tables import Counts
from maker.world import AwsLogin, World, draw

_TITLES = {ROOT: "northbank-management", PROD: "northbank-production", BUILD: "northbank-build"}
_ORGANISATION, _TOP = "o-northbank1", "r-nb01"
_UNITS = {PROD: ("ou-nb01-prod0001", "Production"), BUILD: ("ou-nb01-build001", "Build")}
_INSTANCE = "arn:aws:sso:::instance/ssoins-6508a1b2c3d4e5f6"
_SETS = "arn:aws:sso:::permissionSet/ssoins-6508a1b2c3d4e5f6"


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
    policies = [_managed(f"arn:aws:iam::aws:policy/{name}", FULL) for name in _managed_in(number)]
    if number == PROD:
        policies.append(_managed(f"arn:aws:iam::{PROD}:policy/look-only", LOOK_ONLY))
    return {
        "UserDetailList": [_login(each) for each in world.aws_logins if each.account == number],
        "GroupDetailList": [
            {
                "Path": "/",
                "GroupName": "auditors",
                "GroupId": _id("AGPA", f"auditors {number}"),
                "Arn": f"arn:aws:iam::{number}:group/auditors",
                "CreateDate": "2024-02-01T09:00:00+00:00",
                "GroupPolicyList": [{"PolicyName": "look", "PolicyDocument": AUDITORS}],
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


def _role_record(number: str, name: str, role: Role) -> Json:
    record: Json = {
        **_head(role_arn(number, name), document(*role.trust)),
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
                **_head(reserved(number, name), document(trust)),
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
    return [{"PolicyName": name, "PolicyDocument": document(*statements)}] if statements else []


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
        "p-FullAWSAccess": ("FullAWSAccess", FULL, places),
        "p-keeptrail": ("keep-the-trail", KEEP_THE_TRAIL, [production]),
        "p-stay": ("stay-in-the-organisation", STAY, [_TOP]),
    }
    summaries = {
        code: {"Id": code, "Arn": _thing("policy", code), "Name": name, "Type": scp}
        for code, (name, _, _) in policies.items()
    }
    yield f"list-policies/{scp}", {"Policies": list(summaries.values())}
    yield f"list-policies/{rcp}", {"Policies": []}
    for code, (_, stated, targets) in policies.items():
        told = {"PolicySummary": summaries[code], "Content": json.dumps(stated)}
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
        inline = json.dumps(document(*each.statements)) if each.statements else ""
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
    custodian = {"Principal": {"AWS": role_arn(PROD, "payments-custodian")}}
    documents = {
        "onboarding": document({**allow("kms:*"), **to_account}),
        "payments": document({**allow(look), **to_account}, {**allow(RETIRE), **custodian}),
    }
    for number in ACCOUNTS.values():
        yield f"{number}/describe-regions", {"Regions": [{"RegionName": REGION}]}
        mine = documents if number == PROD else {}
        listed = [{"KeyId": KEYS[a].rpartition("/")[2], "KeyArn": KEYS[a]} for a in sorted(mine)]
        yield f"{number}/{REGION}/list-keys", {"Keys": listed}
        for application, stated in sorted(mine.items()):
            code = KEYS[application].rpartition("/")[2]
            told = {"Policy": json.dumps(stated), "PolicyName": "default"}
            yield f"{number}/{REGION}/get-key-policy/{code}", told


def _inventory() -> Iterator[tuple[str, object]]:
    """Functions and builds, and the roles that they run as."""
    project = f"arn:aws:codebuild:{REGION}:{BUILD}:project/onboarding"
    for number in ACCOUNTS.values():
        yield f"{number}/describe-regions", {"Regions": [{"RegionName": REGION}]}
        functions = FUNCTIONS if number == PROD else {}
        listed = [
            {"FunctionName": name, "FunctionArn": function(name), "Role": role_arn(PROD, role)}
            for name, role in sorted(functions.items())
        ]
        yield f"{number}/{REGION}/list-functions", {"Functions": listed}
        builds = ["onboarding"] if number == BUILD else []
        yield f"{number}/{REGION}/list-projects", {"projects": builds}
        runs = {
            "name": "onboarding",
            "arn": project,
            "serviceRole": role_arn(BUILD, "build-onboarding"),
        }
        yield f"{number}/{REGION}/batch-get-projects", {"projects": [runs] if builds else []}
