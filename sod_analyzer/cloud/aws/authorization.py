"""`aws iam get-account-authorization-details`, one or many accounts, to principals.

Source: "GetAccountAuthorizationDetails" of the IAM API reference. Documents come URL-encoded from
the API and as objects from the command line; both are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.errors import InputError

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
Record = Mapping[str, object]


@dataclass(frozen=True)
class Managed:
    """A managed policy: the version in force, and the others, which may be put in force."""

    arn: str
    policy: Policy
    version: str
    others: Mapping[str, Policy]


@dataclass(frozen=True)
class Group:
    """A group, and the policies that its members have from it."""

    arn: str
    name: str
    account: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Details:
    """Principals, groups and managed policies by ARN, and what is wrong with the export."""

    principals: Mapping[str, Principal]
    groups: Mapping[str, Group]
    managed: Mapping[str, Managed]
    members: Mapping[str, tuple[str, ...]]  # login to the groups it is in
    read_accounts: frozenset[str]  # those whose roles are all here
    problems: tuple[str, ...]


def read(exports: Iterable[tuple[str, object]]) -> Details:
    """Everything that named exports say; an export is what its JSON holds.

    A policy that is attached and not in the export is kept as missing. Records that cannot be read
    are said in `problems`.

    Raises:
        InputError: an export is something else, such as the output of `list-users`, which
            leaves out boundaries and policies.
    """
    reader = _Reader()
    for name, export in exports:
        reader.take(name, export)
    return reader.details()


@dataclass
class _Reader:
    problems: list[str] = field(default_factory=list)
    logins: dict[str, Record] = field(default_factory=dict)
    groups: dict[str, Record] = field(default_factory=dict)
    roles: dict[str, Record] = field(default_factory=dict)
    policies: dict[str, Record] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    cut: bool = False

    def take(self, name: str, export: object) -> None:
        """One export: its records, each kept once."""
        if isinstance(export, list):
            for each in export:
                self.take(name, each)
            return
        if not isinstance(export, Mapping) or not any(key in export for key in _LISTS):
            raise InputError(_refusal(name, export))
        if export.get("IsTruncated") or export.get("Marker"):
            self.problems.append(f"{name}: a page is missing, the export says that it goes on")
            self.cut = True
        for key, kept in zip(
            _LISTS, (self.logins, self.groups, self.roles, self.policies), strict=True
        ):
            if key not in export:
                self.problems.append(f"{name}: it has no {key}")
                self.cut = True
            for record in _list(export.get(key)):
                self._keep(f"{name}: {key}", record, kept)

    def _keep(self, where: str, record: object, kept: dict[str, Record]) -> None:
        arn = record.get("Arn") if isinstance(record, Mapping) else None
        if not isinstance(record, Mapping) or not isinstance(arn, str) or not _account(arn):
            self.problems.append(f"{where}: a record has no ARN and is left out")
            self.cut = True
            return
        before = kept.setdefault(arn, record)
        if before != record:
            self.problems.append(f"{where}: {arn} is there twice and differs; neither is sure")
            self.torn.add(arn)

    def details(self) -> Details:
        """All that was taken."""
        managed = {arn: self._managed(arn, each) for arn, each in sorted(self.policies.items())}
        groups: dict[str, Group] = {}
        for arn, record in sorted(self.groups.items()):
            name = _text(record.get("GroupName"))
            groups[arn] = Group(
                arn, name, _account(arn), self._own(arn, record, "GroupPolicyList", managed)
            )
        by_name = {(group.account, group.name): group for group in groups.values()}
        principals: dict[str, Principal] = {}
        members: dict[str, tuple[str, ...]] = {}
        for arn, record in sorted(self.logins.items()):
            mine = []
            for listed in _list(record.get("GroupList")):
                group = by_name.get((_account(arn), _text(listed)))
                mine.append(
                    group
                    or Group(
                        "", _text(listed), _account(arn),
                        (Policy.missing(f"group {_text(listed)} of {arn}"),),
                    )
                )  # fmt: skip
            members[arn] = tuple(group.arn for group in mine if group.arn)
            login = self._principal(arn, record, Kind.LOGIN, managed)
            further = tuple(policy for group in mine for policy in group.policies)
            principals[arn] = replace(login, policies=(*login.policies, *further))
        for arn, record in sorted(self.roles.items()):
            role = self._principal(arn, record, Kind.ROLE, managed)
            trust = parse(record.get("AssumeRolePolicyDocument"), f"{arn}: trust", Form.TRUST)
            principals[arn] = replace(role, trust=trust)
        read = [policy for each in principals.values() for policy in _all_of(each)]
        said = {text for policy in read for text in policy.problems}
        return Details(
            principals,
            groups,
            managed,
            members,
            frozenset() if self.cut else frozenset(map(_account, principals)),
            (*self.problems, *sorted(said)),
        )

    def _principal(
        self, arn: str, record: Record, kind: Kind, managed: Mapping[str, Managed]
    ) -> Principal:
        key = "UserPolicyList" if kind is Kind.LOGIN else "RolePolicyList"
        name = record.get("UserName" if kind is Kind.LOGIN else "RoleName")
        code = record.get("UserId" if kind is Kind.LOGIN else "RoleId")
        limit = record.get("PermissionsBoundary")
        boundary: Policy | None = None
        if isinstance(limit, Mapping):
            boundary = _attached(_text(limit.get("PermissionsBoundaryArn")), managed)
        elif limit is not None:
            boundary = Policy.missing(f"boundary of {arn}", "it cannot be read")
        return Principal(
            arn,
            _account(arn),
            kind,
            _text(name) or arn.rpartition("/")[2],
            _text(record.get("Path")) or "/",
            _text(code),
            self._own(arn, record, key, managed),
            boundary,
            tags=tuple(
                (_text(tag.get("Key")), _text(tag.get("Value")))
                for tag in _list(record.get("Tags"))
                if isinstance(tag, Mapping)
            ),
            any_tags=not _are_tags(record.get("Tags")),
        )

    def _own(
        self, arn: str, record: Record, inline: str, managed: Mapping[str, Managed]
    ) -> tuple[Policy, ...]:
        found = []
        for each in _list(record.get(inline)):
            if not isinstance(each, Mapping):
                found.append(Policy.missing(f"a policy of {arn}", "it cannot be read"))
                continue
            name = f"{arn}: {_text(each.get('PolicyName'))}"
            found.append(parse(each.get("PolicyDocument"), name))
        for each in _list(record.get("AttachedManagedPolicies")):
            listed = each.get("PolicyArn") if isinstance(each, Mapping) else None
            found.append(_attached(_text(listed), managed))
        if arn in self.torn:
            found.append(Policy.missing(f"policies of {arn}", "it is there twice and differs"))
        return tuple(found)

    def _managed(self, arn: str, record: Record) -> Managed:
        default = _text(record.get("DefaultVersionId"))
        versions: dict[str, Policy] = {}
        for each in _list(record.get("PolicyVersionList")):
            if isinstance(each, Mapping):
                number = _text(each.get("VersionId"))
                versions[number] = parse(each.get("Document"), arn)
                if each.get("IsDefaultVersion") is True and not default:
                    default = number
        policy = versions.pop(default, None)
        if policy is None or arn in self.torn:
            policy = Policy.missing(arn, f"its version {default or 'in force'} is not known")
        return Managed(arn, policy, default, versions)


def _attached(arn: str, managed: Mapping[str, Managed]) -> Policy:
    found = managed.get(arn)
    return Policy.missing(arn or "a policy without an ARN") if found is None else found.policy


def _all_of(principal: Principal) -> Iterable[Policy]:
    yield from principal.policies
    for policy in (principal.boundary, principal.trust):
        if policy is not None:
            yield policy


def _refusal(name: str, export: object) -> str:
    wanted = "the output of `aws iam get-account-authorization-details`"
    if isinstance(export, Mapping) and ({"Users", "Roles"} & {str(key) for key in export}):
        return (
            f"{name}: this is the output of `aws iam list-users` or `list-roles`, which leaves out "
            f"boundaries and policies; give {wanted}"
        )
    return f"{name}: expected {wanted}, with {', '.join(_LISTS)}"


def _account(arn: str) -> str:
    """The account in an ARN; empty if it is none. AWS's own policies are of the account `aws`."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else ""  # noqa: PLR2004 - segments


def _are_tags(listed: object) -> bool:
    """Whether this says which tags there are; where it does not, any may be."""
    return isinstance(listed, list) and all(
        isinstance(tag, Mapping) and isinstance(tag.get("Key"), str) for tag in listed
    )


def _list(value: object) -> list[object]:
    """A list, or none where an export has null."""
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
