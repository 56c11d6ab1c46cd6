"""Who belongs to which group, one grant for each line that says so.

Memberships are stated on the group (members by name, by login, as netgroup triples), on the member
(groups by name), or by a number that both have. All of them are taken; where two lines state the
same membership there are two grants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from sod_analyzer.importers.ldif import vocabulary as words
from sod_analyzer.importers.ldif.directory import Directory, Known, Mark
from sod_analyzer.importers.ldif.dn import DnError, leaf, normalise
from sod_analyzer.importers.ldif.holders import (
    EVERYONE_NAME,
    Holder,
    Holders,
    Place,
    member_name,
)
from sod_analyzer.importers.ldif.reader import Entry, shorten
from sod_analyzer.importers.ldif.sid import in_domain_of
from sod_analyzer.model.access import GrantKind, Hides, NodeKind
from sod_analyzer.model.batch import BatchBuilder

_TRIPLE = re.compile(r"\(\s*([^,()]*?)\s*,\s*([^,()]*?)\s*,\s*([^,()]*?)\s*\)")
_THROUGH_MAIL_LIST = "reached through a distribution list, which gives no rights by itself"
_ANY_LOGIN = "the netgroup names a machine and any login"


class Memberships:
    """Finds the memberships that entries state, and hands them to the builder."""

    def __init__(self, builder: BatchBuilder, directory: Directory, holders: Holders) -> None:
        self._builder = builder
        self._directory = directory
        self._holders = holders
        #: groups that only their members name: the name shown, and the first line
        self._by_reference: dict[str, tuple[str, Place]] = {}
        #: numbers of primary groups that no group has: the lines and names of accounts with them
        self.unresolved: dict[str, list[tuple[Place, str]]] = {}
        #: groups whose members the server computes, but which have some in the source
        self.filled: set[str] = set()

    def of_group(self, file: int, entry: Entry, normal: str) -> None:
        """Memberships that the group's own entry states."""
        self._members(file, entry, normal)
        self._logins(file, entry, normal)
        self._child_netgroups(file, entry, normal)
        self._triples(file, entry, normal)

    def _members(self, file: int, entry: Entry, normal: str) -> None:
        for name in sorted(self._directory.member_dn & entry.values.keys()):
            for value in entry.all(name):
                at = Place(file, value.line)
                member = member_name(value.text, optional_uid=name == "uniquemember")
                until = self._until(member.ttl_seconds)
                for holder in self._holders.named(member.text, group=normal, place=at):
                    self.grant(holder, normal, at, until=until)

    def _logins(self, file: int, entry: Entry, normal: str) -> None:
        for value in entry.all(words.MEMBER_LOGIN):
            at = Place(file, value.line)
            for holder in self._holders.logged_in(value.text, group=normal, place=at):
                self.grant(holder, normal, at)

    def _child_netgroups(self, file: int, entry: Entry, normal: str) -> None:
        for value in entry.all(words.NETGROUP_CHILD):
            at = Place(file, value.line)
            for holder in self._holders.children(value.text, group=normal, place=at):
                self.grant(holder, normal, at)

    def _triples(self, file: int, entry: Entry, normal: str) -> None:
        """Members of a netgroup: an empty login means any, a dash means none."""
        for value in entry.all(words.NETGROUP_TRIPLE):
            at = Place(file, value.line)
            triple = _TRIPLE.fullmatch(value.text.strip())
            if not triple:
                self._holders.issue(
                    "unreadable-value",
                    f"'{shorten(normal)}' has a netgroup triple that is none: "
                    f"'{shorten(value.text)}'",
                    hides=Hides.YES,
                    place=at,
                    subject=normal,
                )
                continue
            machine, login = triple[1], triple[2]
            if login == "-":
                continue
            if login:
                for holder in self._holders.logged_in(login, group=normal, place=at):
                    self.grant(holder, normal, at)
                continue
            for holder in self._holders.everyone(at):
                self.grant(holder, normal, at, condition=_ANY_LOGIN if machine else None)

    def of_member(self, file: int, entry: Entry, normal: str, known: Known) -> None:
        """Memberships that the holder's own entry states."""
        for name in sorted(self._directory.member_of & entry.values.keys()):
            backwards = name == "nsroledn" and known.marks & Mark.NESTED_ROLE
            for value in entry.all(name):
                at = Place(file, value.line)
                if backwards:  # a nested role lists the roles whose members it has
                    for holder in self._holders.named(value.text, group=normal, place=at):
                        self.grant(holder, normal, at)
                    continue
                group = self._group_named(value.text, normal, at)
                if group is None:
                    continue
                for holder in self._holders.known(normal, known, group=group, place=at):
                    self.grant(holder, group, at)

    def _group_named(self, text: str, holder: str, at: Place) -> str | None:
        """The group that a holder names; one that has no entry becomes a role by this."""
        try:
            normal = normalise(member_name(text, optional_uid=False).text)
        except DnError as error:
            self._holders.issue(
                "invalid-dn",
                f"'{shorten(holder)}' says it is in '{shorten(text)}', which is no distinguished "
                f"name ({error})",
                hides=Hides.YES,
                place=at,
                subject=holder,
            )
            return None
        known = self._directory.names.get(normal)
        if not normal or (known and known.marks & Mark.IGNORED):
            return None
        if (known is None or not known.is_group) and normal not in self._by_reference:
            self._by_reference[normal] = (leaf(normal).first() or normal, at)
        return normal

    def grant(
        self,
        holder: Holder,
        group: str,
        at: Place,
        *,
        until: date | None = None,
        condition: str | None = None,
    ) -> None:
        known = self._directory.names.get(group)
        if known and known.marks & Mark.DYNAMIC:
            self.filled.add(group)
        if holder[0] is NodeKind.ROLE and not (known and known.grants_nothing):
            through = self._directory.names.get(holder[1].removeprefix(self._holders.node_id("")))
            if through and through.grants_nothing:
                condition = condition or _THROUGH_MAIL_LIST
        self._builder.grant(
            holder,
            (NodeKind.ROLE, self._holders.node_id(group)),
            GrantKind.MEMBER,
            valid_until=until,
            conditional=condition is not None,
            condition=condition,
            **self._holders.where(at),
        )

    def primary(
        self, place: Place, entry: Entry, normal: str, *, note_missing: bool
    ) -> Iterator[tuple[str, Place]]:
        """The groups that the account belongs to by number: no group lists it for them."""
        own_number = {value.text.strip() for value in entry.all("uidnumber")}
        for value in entry.all("gidnumber"):
            at = Place(place.file, value.line)
            number = value.text.strip()
            groups = self._groups(self._directory.group_ids.get(number, ()))
            # A group of one's own, numbered like the login, often has no entry.
            if note_missing and not groups and number not in own_number:
                self.unresolved.setdefault(f"gidNumber {number}", []).append((at, normal))
            yield from ((group, at) for group in groups)
        for value in entry.all("primarygroupid"):
            at = Place(place.file, value.line)
            sids = [sid.text for sid in entry.all("objectsid")]
            groups = self._primary_by_sid(value.text.strip(), sids)
            if note_missing and not groups:
                number = in_domain_of(sids[0], value.text.strip()) if sids else value.text.strip()
                self.unresolved.setdefault(f"primaryGroupID {number}", []).append((at, normal))
            yield from ((group, at) for group in groups)

    def _primary_by_sid(self, number: str, sids: Sequence[str]) -> list[str]:
        """The group with this number in the account's own domain.

        Without the account's SID its domain is unknown: then any group with that number, which
        over-reports where one source holds several domains.
        """
        index = self._directory.sids
        if sids:
            wanted = (in_domain_of(sid, number) for sid in sids)
            return self._groups(name for sid in wanted for name in index.get(sid, ()))
        ending = f"-{number}"
        return self._groups(
            name
            for sid, names in index.items()
            if sid.startswith("S-1-5-21-") and sid.endswith(ending)
            for name in names
        )

    def _groups(self, names: Iterable[str]) -> list[str]:
        return sorted({name for name in names if self._directory.names[name].is_group})

    def referenced(self) -> Iterator[None]:
        """Rows of the groups that only their members name; pauses after each."""
        for normal, (name, place) in sorted(self._by_reference.items()):
            self._referenced_row(normal, name, place)
            yield

    def everyone(self) -> Iterator[None]:
        """The role of everyone with all its members, if some group lists it.

        Disabled accounts belong to it too: they are dormant, which is judged later.
        """
        place = self._holders.everyone_at
        if place is None:
            return
        node = self._holders.node_id(EVERYONE_NAME)
        self._builder.role(
            node,
            kind="well-known",
            name=EVERYONE_NAME,
            title="Whoever can sign in",
            **self._holders.where(place),
        )
        for normal, known in self._directory.names.items():
            if known.is_account:
                self._builder.grant(
                    (NodeKind.ACCOUNT, self._holders.node_id(normal)),
                    (NodeKind.ROLE, node),
                    GrantKind.MEMBER,
                    **self._holders.where(Place(known.file, known.line)),
                )
                yield

    def _referenced_row(self, normal: str, name: str, place: Place) -> None:
        known = self._directory.names.get(normal)
        self._builder.role(
            self._holders.node_id(normal),
            kind=known.label if known else "group",
            name=name,
            **self._holders.where(Place(known.file, known.line) if known else place),
        )
        own_right(self._builder, self._holders, normal, name, place)
        what = "has no entry in the export" if known is None else "is not known to be a group"
        self._holders.issue(
            "group-by-reference",
            f"'{shorten(normal)}' {what}; its members are only those whose own entries name it, "
            "and the groups it is in are unknown",
            hides=Hides.UNKNOWN,
            place=place,
            subject=normal,
        )

    def _until(self, ttl_seconds: int | None) -> date | None:
        if ttl_seconds is None:
            return None
        clock = self._directory.clock
        try:
            return (
                (clock.extracted_at + timedelta(seconds=ttl_seconds)).astimezone(clock.zone).date()
            )
        except OverflowError:
            return None


def own_right(
    builder: BatchBuilder, holders: Holders, normal: str, name: str | None, place: Place
) -> None:
    """Gives a group the right of being in it, from which applications derive theirs."""
    right = builder.entitlement("member", normal, title=name)
    builder.grant(
        (NodeKind.ROLE, holders.node_id(normal)),
        (NodeKind.ENTITLEMENT, right),
        GrantKind.CONTAINS,
        **holders.where(place),
    )
