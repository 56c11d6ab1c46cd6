"""AWS IAM Identity Center: people and groups, and whose sign-in leads to which role where.

Source: "ListInstances", "ListPermissionSets", "DescribePermissionSet" and "ListAccountAssignments"
of the IAM Identity Center API reference; "ListUsers", "ListGroups" and "ListGroupMemberships" of
the Identity Store API reference. Names of roles: "How AWS CLI and SDK access works", and "Security
best practices" on roles below `/aws-reserved/sso.amazonaws.com/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sod_analyzer.cloud.aws.documents import Policy, parse
from sod_analyzer.cloud.aws.pages import Pages, Record, account_in, stem

_KNOWN = (
    "Instances", "PermissionSets", "PermissionSet", "InlinePolicy", "AttachedManagedPolicies",
    "CustomerManagedPolicyReferences", "AccountAssignments", "Users", "Groups",
    "GroupMemberships", "AccountIds",
)  # fmt: skip
_ROLE = re.compile(
    r"arn:[^:]+:iam::\d+:role/aws-reserved/sso\.amazonaws\.com/(?:[^/]+/)*"
    r"AWSReservedSSO_(.+)_[0-9a-f]{16}"
)


@dataclass(frozen=True)
class Person:
    """Somebody in an identity store; `enabled` is None where it does not say."""

    code: str
    login: str
    email: str = ""
    title: str = ""
    enabled: bool | None = None


@dataclass(frozen=True)
class Group:
    """A group of an identity store, with the codes of its members; groups do not nest."""

    code: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccessSet:
    """What AWS calls a permission set: a role that is put into each account it is assigned in."""

    arn: str
    name: str
    inline: Policy | None = None
    managed: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Assignment:
    """A person or a group may use a set in an account."""

    account: str
    access_set: str
    group: bool
    holder: str


@dataclass(frozen=True, order=True)
class Use:
    """A person may act as a role, by a group or by itself (an empty text).

    Not `sure` where several roles of the account have the set's name.
    """

    person: str
    role: str
    group: str
    sure: bool = True
    #: By which of them, if several lead there.
    by: Assignment | None = field(default=None, compare=False)


@dataclass(frozen=True)
class IdentityCenter:
    """People, groups and sets by their codes, who is assigned what, and what is missing."""

    people: Mapping[str, Person]
    groups: Mapping[str, Group]
    access_sets: Mapping[str, AccessSet]
    assignments: tuple[Assignment, ...]
    problems: tuple[str, ...] = ()
    #: Which export says so, by its place among those given: of a person by code, of an assignment,
    #: and of a group's member by both codes.
    said_in: Mapping[object, int] = field(default_factory=dict, compare=False)

    def uses(self, roles: Iterable[str]) -> tuple[tuple[Use, ...], tuple[str, ...]]:
        """Who may act as which of these roles, sorted, and what could not be told.

        Args:
            roles: ARNs of the roles that exports of IAM have; others than those of Identity Center
                are passed over.

        A role is known by the name of its set, since no export says more. Errs: where several
        roles of an account have the name, each is used, and none for sure. Of roles that no
        assignment leads to nothing is said here: `led_to` leaves them out.
        """
        roles = sorted(set(roles))
        there = _by_set(roles)
        accounts = {account_in(arn) for arn in roles}
        problems: list[str] = []
        uses: set[Use] = set()
        for each in self.assignments:
            key = self._set_of(each)
            if key is None:
                continue  # said when it was read
            candidates = there.get(key, [])
            if len(candidates) != 1:
                problems.append(_not_one(key, candidates, known=each.account in accounts))
            for role in candidates:
                sure = len(candidates) == 1
                if each.group:
                    group = self.groups.get(each.holder)
                    members = group.members if group is not None else ()
                    uses |= {Use(person, role, each.holder, sure, each) for person in members}
                else:
                    uses.add(Use(each.holder, role, "", sure, each))
        return tuple(sorted(uses)), tuple(dict.fromkeys(problems))

    def led_to(self, roles: Iterable[str]) -> tuple[str, ...]:
        """Those of these roles that an assignment leads to, sorted, whoever it was given to.

        Who uses another role of Identity Center is not known. Errs: as `uses`, towards each of
        several roles of one name.
        """
        assigned = {self._set_of(each) for each in self.assignments}
        found = _by_set(roles)
        return tuple(sorted(role for key in found if key in assigned for role in found[key]))

    def _set_of(self, assignment: Assignment) -> tuple[str, str] | None:
        """The account of an assignment and the name of its set; None where that has no name."""
        access_set = self.access_sets.get(assignment.access_set)
        if access_set is None or not access_set.name:
            return None
        return assignment.account, access_set.name


def _by_set(roles: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Roles of Identity Center, sorted, by their account and the name of their set."""
    there: dict[tuple[str, str], list[str]] = {}
    for arn in sorted(set(roles)):
        if (found := _ROLE.fullmatch(arn)) is not None:
            there.setdefault((account_in(arn), found[1]), []).append(arn)
    return there


def _not_one(key: tuple[str, str], candidates: list[str], *, known: bool) -> str:
    account, name = key
    if candidates:
        said = " and ".join(candidates)
        return f"account {account}: {said} both have the name of {name}; either may be used"
    if known:
        return f"account {account}: {name} is assigned there and no role has its name"
    return f"account {account}: {name} is assigned there and no role of the account was read"


def read(exports: Iterable[tuple[str, object]]) -> IdentityCenter:
    """What named exports say of people and of what is assigned to them.

    Each is what one call of `aws sso-admin` or `aws identitystore` printed, or several in one
    object. What a call does not repeat stands in its file's name: `ps-….json` for the policies of
    a set, the group's code for its memberships.
    """
    reader = _Reader(Pages())
    for reader.export, (name, export) in enumerate(exports):
        for where, each in reader.pages.opened(name, export):
            reader.take(where, each)
    return reader.made()


@dataclass
class _Reader:
    pages: Pages
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of sets, by ARN
    inline: dict[str, Policy] = field(default_factory=dict)  # by `ps-…`
    managed: dict[str, set[str]] = field(default_factory=dict)  # by `ps-…`
    assignments: set[Assignment] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)  # kinds of lists that were there
    said_in: dict[object, int] = field(default_factory=dict)
    export: int = 0

    def take(self, where: str, export: Record) -> None:
        """What one call printed, or several in one object."""
        known = [key for key in _KNOWN if key in export]
        if not known:
            self.pages.say(where, f"it has none of {', '.join(_KNOWN)} and is left out")
            return
        self.asked.update(known)
        self._sets(where, export)
        self._policies(where, export, stem(where))
        for place, each in self.pages.records(where, export, "AccountAssignments"):
            self._assignment(place, each)
        for place, each in self.pages.records(where, export, "Users"):
            self._person(place, each)
        for place, each in self.pages.records(where, export, "Groups"):
            code = self.pages.needed(place, each, "GroupId")
            if code is not None:
                self.groups[code] = self.pages.text(place, each, "DisplayName")
        if "GroupMemberships" in export:
            self.members.setdefault(stem(where), set())
        for place, each in self.pages.records(where, export, "GroupMemberships"):
            self._membership(place, each)

    def _sets(self, where: str, export: Record) -> None:
        listed = export.get("PermissionSets")
        if isinstance(listed, list) and any(isinstance(each, Mapping) for each in listed):
            for place, each in self.pages.records(where, export, "PermissionSets"):
                self._set(place, each)
        else:
            for arn in self.pages.texts(where, export, "PermissionSets"):
                self.names.setdefault(arn, "")
        if export.get("PermissionSet") is not None:
            found = self.pages.inner(where, export, "PermissionSet")
            self._set(f"{where}: PermissionSet", found)

    def _set(self, where: str, record: Record) -> None:
        arn = self.pages.needed(where, record, "PermissionSetArn")
        if arn is None:
            return
        name = self.pages.text(where, record, "Name")
        if name and self.names.get(arn) not in (None, "", name):
            self.pages.say(where, f"{arn} is called both {self.names[arn]} and {name}")
        self.names[arn] = name or self.names.get(arn, "")
        self._policies(where, record, _short(arn))

    def _policies(self, where: str, export: Record, about: str) -> None:
        """The policies of a set, which its roles have too."""
        found = export.get("InlinePolicy")
        managed = [
            self.pages.text(place, each, "Arn") or self.pages.text(place, each, "Name")
            for key in ("AttachedManagedPolicies", "CustomerManagedPolicyReferences")
            for place, each in self.pages.records(where, export, key)
        ]
        if (found or managed) and not about.startswith("ps-"):
            self.pages.say(where, "no set is named of which these are; name the file ps-….json")
            return
        if found:  # a set without one has an empty text
            self.inline[about] = parse(found, f"inline policy of {about}")
        if managed:
            self.managed.setdefault(about, set()).update(filter(None, managed))

    def _assignment(self, where: str, record: Record) -> None:
        account = self.pages.needed(where, record, "AccountId")
        access_set = self.pages.needed(where, record, "PermissionSetArn")
        holder = self.pages.needed(where, record, "PrincipalId")
        kind = self.pages.needed(where, record, "PrincipalType")
        if account is None or access_set is None or holder is None or kind is None:
            return
        if kind not in ("USER", "GROUP"):
            self.pages.say(where, f"PrincipalType {kind} is not USER or GROUP; it is left out")
            return
        found = Assignment(account, access_set, kind == "GROUP", holder)
        self.assignments.add(found)
        self.said_in.setdefault(found, self.export)

    def _person(self, where: str, record: Record) -> None:
        code = self.pages.needed(where, record, "UserId")
        if code is None:
            return
        status = self.pages.text(where, record, "UserStatus")
        person = Person(
            code,
            self.pages.text(where, record, "UserName"),
            self._email(where, record),
            self.pages.text(where, record, "DisplayName"),
            {"ENABLED": True, "DISABLED": False}.get(status),
        )
        if not person.login:
            self.pages.say(where, f"person {code} has no UserName")
        self.said_in.setdefault(code, self.export)
        if self.people.setdefault(code, person) != person:
            self.pages.say(where, f"person {code} is there twice and differs; the first is taken")

    def _email(self, where: str, record: Record) -> str:
        """The primary address, or else the first."""
        first = ""
        for place, each in self.pages.records(where, record, "Emails"):
            address = self.pages.text(place, each, "Value")
            if address and each.get("Primary") is True:
                return address
            first = first or address
        return first

    def _membership(self, where: str, record: Record) -> None:
        group = self.pages.needed(where, record, "GroupId")
        inner = self.pages.inner(where, record, "MemberId")
        member = self.pages.needed(f"{where}: MemberId", inner, "UserId")
        if group is not None and member is not None:
            self.members.setdefault(group, set()).add(member)
            self.said_in.setdefault((group, member), self.export)

    def made(self) -> IdentityCenter:
        """Everything that was taken, and what it speaks of and does not have."""
        for text in self._missing():
            self.pages.say("identity center", text)
        damaged = (text for _, each in sorted(self.inline.items()) for text in each.problems)
        self.pages.problems.extend(damaged)
        return IdentityCenter(
            dict(sorted(self.people.items())),
            {
                code: Group(code, name, tuple(sorted(self.members.get(code, ()))))
                for code, name in sorted(self.groups.items())
            },
            {
                arn: AccessSet(
                    arn,
                    name,
                    self.inline.get(_short(arn)),
                    tuple(sorted(self.managed.get(_short(arn), ()))),
                )
                for arn, name in sorted(self.names.items())
            },
            tuple(sorted(self.assignments)),
            self.pages.done(),
            self.said_in,
        )

    def _missing(self) -> Iterator[str]:
        for key in ("AccountAssignments", "Users", "Groups", "GroupMemberships"):
            if key not in self.asked:
                yield f"no {key} were read"
        used = {each.access_set for each in self.assignments}
        for arn in sorted(used | {*self.names}):
            if not self.names.get(arn):
                yield f"{arn} has no name: which roles it stands for is unknown"
        for each in sorted(self.assignments):
            kind, listed = ("group", self.groups) if each.group else ("person", self.people)
            if each.holder not in listed:
                yield f"{kind} {each.holder} has access to account {each.account} and is not listed"
            elif each.group and each.holder not in self.members:
                yield f"members of group {self.groups[each.holder] or each.holder} were not read"
        for group, members in sorted(self.members.items()):
            for member in sorted(members - {*self.people}):
                yield f"person {member} is in group {group} and is not listed"


def _short(arn: str) -> str:
    """`ps-…`, of `arn:aws:sso:::permissionSet/ssoins-…/ps-…`."""
    return arn.rpartition("/")[2]
