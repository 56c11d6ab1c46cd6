"""What every name in the source stands for: the index made by the first of two readings.

Memory: one small record per entry, its name, and its logins; no attribute values.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sod_analyzer.importers.ldif import vocabulary as words
from sod_analyzer.importers.ldif.accounts import Clock, is_machine, lockout_of
from sod_analyzer.importers.ldif.dn import Dn
from sod_analyzer.importers.ldif.options import LdifOptions, name_matcher
from sod_analyzer.importers.ldif.reader import Entry, Value, shorten
from sod_analyzer.model.access import IdentityClass, NodeKind

_RANGE = re.compile(r"range=(\d{1,9})-(\d{1,9}|\*)", re.ASCII)
_SECURITY_GROUP = 0x8000_0000
_GROUP_RANK = {name: rank for rank, name in enumerate(words.GROUP_CLASSES)}
_NO_RANK = len(_GROUP_RANK)


class Mark:
    """What the entries of one name show; the marks of several entries add up.

    Plain numbers: an `IntFlag` costs a call per test, and every membership makes several.
    """

    CLASSED = 1 << 0
    ACCOUNT = 1 << 1
    SIGN_IN = 1 << 2
    GROUP = 1 << 3
    MACHINE = 1 << 4
    CONTACT = 1 << 5
    FOREIGN = 1 << 6
    CONTAINER = 1 << 7
    LIKE_ACCOUNT = 1 << 8
    LIKE_GROUP = 1 << 9
    MANAGED_SERVICE = 1 << 10
    WORKLOAD = 1 << 11
    IGNORED = 1 << 12
    NESTED_ROLE = 1 << 13
    DYNAMIC = 1 << 14
    MAIL_ONLY = 1 << 15
    SECURITY = 1 << 16


@dataclass(slots=True)
class Known:
    """One name: what its entries show, and where the first of them stands."""

    file: int
    line: int
    digest: bytes
    marks: int
    label: str  # the classes, for those that are neither account nor group
    rank: int  # of the most telling group class
    repeated: bool = False
    #: its nodes, once asked for
    nodes: tuple[tuple[NodeKind, str], ...] | None = None

    @property
    def is_group(self) -> bool:
        if self.marks & Mark.IGNORED:
            return False
        if self.marks & Mark.GROUP:
            return True
        return bool(self.marks & Mark.LIKE_GROUP) and not self.marks & (
            Mark.ACCOUNT | Mark.FOREIGN | Mark.MACHINE
        )

    @property
    def is_account(self) -> bool:
        """Somebody who can sign in. Errs: what only looks like an account is one."""
        if self.marks & (Mark.IGNORED | Mark.MACHINE) or self.is_contact:
            return False
        if self.marks & Mark.ACCOUNT:
            return True
        return bool(self.marks & Mark.LIKE_ACCOUNT) and not self.marks & (
            Mark.GROUP | Mark.LIKE_GROUP | Mark.FOREIGN | Mark.CONTAINER
        )

    @property
    def is_contact(self) -> bool:
        return bool(self.marks & Mark.CONTACT) and not self.marks & Mark.SIGN_IN

    @property
    def may_join(self) -> bool:
        """Neither account nor group, but becomes an account if a group lists it."""
        return not (
            self.is_account
            or self.is_group
            or self.marks & (Mark.IGNORED | Mark.FOREIGN)
            or (self.marks & Mark.CONTAINER and not self.marks & Mark.MACHINE)
        )

    @property
    def grants_nothing(self) -> bool:
        return bool(self.marks & Mark.MAIL_ONLY) and not self.marks & Mark.SECURITY

    @property
    def group_kind(self) -> str:
        """The group class in its usual spelling, else the entry's own classes."""
        return list(words.GROUP_CLASSES.values())[self.rank] if self.rank < _NO_RANK else self.label

    @property
    def left_out_because(self) -> str:
        if self.marks & Mark.IGNORED:
            return "ignored by the configuration"
        if self.marks & Mark.FOREIGN:
            return "a foreign security principal"
        if self.marks & Mark.MACHINE:
            return "a machine that no group lists"
        if self.is_contact:
            return "a contact, which cannot sign in"
        if not self.marks & Mark.CLASSED:
            return "not an account or a group: no objectClass"
        return f"not an account or a group: {self.label}"


class Directory:
    """The index of one source."""

    def __init__(self, options: LdifOptions, clock: Clock) -> None:
        self.clock = clock
        self.names: dict[str, Known] = {}
        #: names by login, gidNumber, SID (present and former), and cn of a group
        self.logins: dict[str, list[str]] = {}
        self.group_ids: dict[str, list[str]] = {}
        self.sids: dict[str, list[str]] = {}
        self.group_names: dict[str, list[str]] = {}
        #: pages of a member list: from, to (nothing for the last page), file, line
        self.ranges: dict[str, list[tuple[int, int | None, int, int]]] = {}
        #: entries that repeat an earlier one of the same file word for word: file, line
        self.identical: set[tuple[int, int]] = set()
        #: further entries of a name, with other content: file, line, name
        self.differing: list[tuple[int, int, str]] = []
        self.member_dn = words.MEMBER_DN | _lowered(options.member_attributes)
        self.member_of = words.MEMBER_OF | _lowered(options.member_of_attributes)
        self._account_classes = words.ACCOUNT_CLASSES | _lowered(options.account_classes)
        self._group_classes = words.GROUP_CLASSES.keys() | _lowered(options.group_classes)
        self._group_hints = words.GROUP_HINTS | self.member_dn
        self._ignored = name_matcher(options.ignore)
        self._kinds = (
            (name_matcher(options.shared), IdentityClass.SHARED),
            (name_matcher(options.vendors), IdentityClass.VENDOR),
            (name_matcher(options.workloads), IdentityClass.WORKLOAD),
        )
        self._copies: dict[str, set[tuple[int, bytes]]] = {}

    def add(self, file: int, entry: Entry, dn: Dn, normal: str) -> None:
        """Takes note of one entry."""
        marks, label, rank = self._show(entry, normal)
        known = self.names.get(normal)
        if known is None:
            self.names[normal] = Known(file, entry.line, entry.digest, marks, label, rank)
        elif self._is_copy(file, entry, known, normal):
            self.identical.add((file, entry.line))
            return
        else:
            known.marks |= marks
            known.label = known.label or label
            known.rank = min(known.rank, rank)
            known.repeated = True
            self.differing.append((file, entry.line, normal))
        self.clock = lockout_of(entry, self.clock)
        self._index(file, entry, dn, normal)

    def kind_of(self, normal: str) -> IdentityClass:
        """Whose account this is: the configuration's word first, then the entry's classes."""
        for fits, kind in self._kinds:
            if fits(normal):
                return kind
        known = self.names.get(normal)
        workload = known and known.marks & (Mark.WORKLOAD | Mark.MACHINE)
        return IdentityClass.WORKLOAD if workload else IdentityClass.PERSON

    def _is_copy(self, file: int, entry: Entry, known: Known, normal: str) -> bool:
        copies = self._copies.setdefault(normal, {(known.file, known.digest)})
        if (file, entry.digest) in copies:
            return True
        copies.add((file, entry.digest))
        return False

    def _show(self, entry: Entry, normal: str) -> tuple[int, str, int]:
        classes = {value.text.strip().lower() for value in entry.all("objectclass")}
        marks = 0
        for mark, telling in self._telling_classes():
            if not classes.isdisjoint(telling):
                marks |= mark
        marks |= Mark.CLASSED if classes else 0
        marks |= Mark.LIKE_ACCOUNT if words.ACCOUNT_HINTS & entry.values.keys() else 0
        marks |= Mark.LIKE_GROUP if self._group_hints & entry.values.keys() else 0
        marks |= self._further(entry, normal)
        if marks & Mark.MANAGED_SERVICE:  # such a class is below `computer`
            marks &= ~Mark.MACHINE
        rank = min((_GROUP_RANK[name] for name in classes & _GROUP_RANK.keys()), default=_NO_RANK)
        return marks, shorten("+".join(sorted(classes - {"top"} or classes))), rank

    def _telling_classes(self) -> tuple[tuple[int, Collection[str]], ...]:
        return (
            (Mark.ACCOUNT, self._account_classes),
            (Mark.SIGN_IN, words.SIGN_IN_CLASSES),
            (Mark.GROUP, self._group_classes),
            (Mark.MACHINE, words.MACHINE_CLASSES),
            (Mark.CONTACT, (words.CONTACT_CLASS,)),
            (Mark.FOREIGN, (words.FOREIGN_CLASS,)),
            (Mark.CONTAINER, words.CONTAINER_CLASSES),
            (Mark.MANAGED_SERVICE, words.MANAGED_SERVICE_CLASSES),
            (Mark.WORKLOAD, words.WORKLOAD_CLASSES),
            (Mark.DYNAMIC, words.DYNAMIC_CLASSES),
            (Mark.NESTED_ROLE, (words.NESTED_ROLE_CLASS,)),
        )

    def _further(self, entry: Entry, normal: str) -> int:
        """What attributes and the configuration say beyond the classes."""
        marks = Mark.IGNORED if self._ignored(normal) else 0
        if is_machine(entry, _ignore):
            marks |= Mark.MACHINE
        if any(
            value.text.lower().startswith("ldap:///") or name == "nsrolefilter"
            for name in words.DYNAMIC_FILTERS & entry.values.keys()
            for value in entry.all(name)
        ):
            marks |= Mark.DYNAMIC
        for value in entry.all("grouptype"):
            secure = not _is_number(value.text) or int(value.text) & _SECURITY_GROUP
            marks |= Mark.SECURITY if secure else Mark.MAIL_ONLY
        return marks

    def _index(self, file: int, entry: Entry, dn: Dn, normal: str) -> None:
        known = self.names[normal]
        if not known.marks & (Mark.GROUP | Mark.LIKE_GROUP) or known.marks & Mark.ACCOUNT:
            for value in (*entry.all("uid"), *entry.all("samaccountname")):
                _note(self.logins, value.text.strip().casefold(), normal)
        if known.marks & (Mark.GROUP | Mark.LIKE_GROUP):
            for value in entry.all("gidnumber"):
                _note(self.group_ids, value.text.strip(), normal)
            for value in entry.all("cn"):
                _note(self.group_names, value.text.strip().casefold(), normal)
            if own := dn.first("cn"):
                _note(self.group_names, own.strip().casefold(), normal)
            self._note_ranges(file, entry, normal)
        for value in (*entry.all("objectsid"), *entry.all("sidhistory")):
            _note(self.sids, value.text, normal)

    def _note_ranges(self, file: int, entry: Entry, normal: str) -> None:
        for name in self.member_dn & entry.values.keys():
            for options, line in {value.options: value.line for value in entry.all(name)}.items():
                for found in filter(None, map(_RANGE.fullmatch, options)):
                    last = None if found[2] == "*" else int(found[2])
                    pages = self.ranges.setdefault(normal, [])
                    pages.append((int(found[1]), last, file, line))


def _note(index: dict[str, list[str]], key: str, normal: str) -> None:
    if not key:
        return
    names = index.setdefault(key, [])
    if not names or names[-1] != normal:
        names.append(normal)


def _lowered(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in names)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d{1,19}\s*", text, re.ASCII) is not None


def _ignore(_name: str, _value: Value, _why: str) -> None:
    """The second reading complains."""
