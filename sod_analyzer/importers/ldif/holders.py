"""From what a group lists to who that is: names, logins, numbers, security identifiers.

A value that names nobody in the source becomes one issue per target, whatever lists it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from sod_analyzer.importers.ldif.directory import Directory, Known, Mark
from sod_analyzer.importers.ldif.dn import DnError, leaf, normalise
from sod_analyzer.importers.ldif.reader import shorten
from sod_analyzer.importers.ldif.sid import EVERYONE, MACHINE, known_text
from sod_analyzer.model.access import Hides, NodeKind
from sod_analyzer.model.batch import BatchBuilder, RawFile

Holder = tuple[NodeKind, str]

_OPTIONAL_UID = re.compile(r"#'[01]*'B\s*$")
_FOREIGN_PARENT = "cn=foreignsecurityprincipals"
#: What AD puts around or before a name when asked: time to live, GUID, SID.
_TIME_TO_LIVE = re.compile(r"<TTL=(\d{1,12}),(.*)>", re.DOTALL | re.ASCII)
_EXTENDED = re.compile(r"(?:<(?:GUID|SID)=[0-9A-Fa-f-]*>;){1,2}", re.ASCII)
EVERYONE_NAME = "everyone"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One line of one file of the source."""

    file: int
    line: int


class Where(TypedDict):
    """The two columns that name a record."""

    source_id: str
    record: int


@dataclass(slots=True)
class _Dangling:
    count: int
    group: str
    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class MemberName:
    """A member value taken apart: the name, and how long it is still valid, if limited."""

    text: str
    ttl_seconds: int | None = None


def member_name(text: str, *, optional_uid: bool) -> MemberName:
    """What a member value names.

    `optional_uid`: the value may end in a bit string (RFC 4517, 3.3.21), which is not compared.
    """
    if optional_uid:
        text = _OPTIONAL_UID.sub("", text)
    ttl = None
    if found := _TIME_TO_LIVE.fullmatch(text.strip()):
        ttl, text = int(found[1]), found[2]
    return MemberName(_EXTENDED.sub("", text, count=1), ttl)


class Holders:
    """Finds holders, and remembers what was found by nobody's entry."""

    def __init__(
        self, directory: Directory, builder: BatchBuilder, files: Sequence[RawFile]
    ) -> None:
        self._directory = directory
        self._builder = builder
        self._files = files
        #: entries that are no account by themselves but are listed by a group
        self.joined: dict[str, Place] = {}
        #: where the role of everyone was first needed
        self.everyone_at: Place | None = None
        self._dangling: dict[str, _Dangling] = {}
        self._ambiguous: set[str] = set()

    def named(self, text: str, *, group: str, place: Place) -> tuple[Holder, ...]:
        """Who the distinguished name is; nobody, with an issue, if it is none of the source.

        The empty name is the root of the tree, a common placeholder in groups that need a member.
        """
        try:
            normal = normalise(text)
        except DnError as error:
            self.issue(
                "invalid-dn",
                f"'{shorten(group)}' lists '{shorten(text)}', which is no distinguished name "
                f"({error})",
                hides=Hides.YES,
                place=place,
                subject=group,
            )
            return ()
        if not normal:
            return ()
        known = self._directory.names.get(normal)
        if known is not None:
            return self.known(normal, known, group=group, place=place)
        sid = _foreign_sid(text, normal)
        if sid is not None:
            return self._foreign(sid, normal, group=group, place=place)
        self._dangle(normal, group, place, "is not in the export")
        return ()

    def known(self, normal: str, known: Known, *, group: str, place: Place) -> tuple[Holder, ...]:
        """The nodes of an entry of the source; machines and the like become accounts by this."""
        if known.marks & Mark.IGNORED:
            return ()
        if known.nodes is None:
            known.nodes = self._nodes(normal, known)
        if holders := known.nodes:
            return holders
        if known.marks & Mark.FOREIGN:
            sid = _foreign_sid(normal, normal, must=True)
            return self._foreign(sid or normal, normal, group=group, place=place)
        if known.may_join:
            self.joined.setdefault(normal, Place(known.file, known.line))
            return ((NodeKind.ACCOUNT, self.node_id(normal)),)
        why = f"is a place in the tree ({known.label}), not somebody; who it stands for is unknown"
        self._dangle(normal, group, place, why)
        return ()

    def _nodes(self, normal: str, known: Known) -> tuple[Holder, ...]:
        """The nodes that the entry is by itself; an entry may be account and group at once."""
        node = self.node_id(normal)
        holders: list[Holder] = []
        if known.is_account:
            holders.append((NodeKind.ACCOUNT, node))
        if known.is_group:
            holders.append((NodeKind.ROLE, node))
        return tuple(holders)

    def logged_in(self, login: str, *, group: str, place: Place) -> tuple[Holder, ...]:
        """The accounts with this login, letter case aside.

        Errs: an entry that shares its login with another gives both, which over-reports.
        """
        login = login.strip()
        found: list[Holder] = []
        if not login:
            return ()
        names = [name for name in self._directory.logins.get(login.casefold(), ()) if name]
        for normal in names:
            known = self._directory.names[normal]
            if known.is_account:
                found.append((NodeKind.ACCOUNT, self.node_id(normal)))
            elif known.may_join:
                self.joined.setdefault(normal, Place(known.file, known.line))
                found.append((NodeKind.ACCOUNT, self.node_id(normal)))
        if not names:
            self._dangle(login, group, place, "is no login in the export")
        if len(found) > 1 and login.casefold() not in self._ambiguous:
            self._ambiguous.add(login.casefold())
            self.issue(
                "ambiguous-login",
                f"the login '{shorten(login)}' belongs to {len(found):,} accounts; what a group "
                "says of it counts for each",
                hides=Hides.NO,
                place=place,
                subject=login,
            )
        return tuple(found)

    def children(self, name: str, *, group: str, place: Place) -> tuple[Holder, ...]:
        """The netgroups of this name."""
        found = [
            (NodeKind.ROLE, self.node_id(normal))
            for normal in self._directory.group_names.get(name.strip().casefold(), ())
            if self._directory.names[normal].is_group
        ]
        if not found:
            self._dangle(name.strip(), group, place, "is no netgroup in the export")
        return tuple(found)

    def everyone(self, place: Place) -> tuple[Holder, ...]:
        """The role to which all accounts of the system belong."""
        self.everyone_at = min(self.everyone_at or place, place)
        return ((NodeKind.ROLE, self.node_id(EVERYONE_NAME)),)

    def node_id(self, native: str) -> str:
        """The id of the node for a normalised name."""
        return f"{self._builder.spec.system}:{native}"

    def where(self, place: Place) -> Where:
        """The columns that name the record at that place."""
        return {"source_id": self._files[place.file].source_id, "record": place.line}

    def issue(
        self, kind: str, text: str, *, hides: Hides, place: Place, subject: str | None
    ) -> None:
        """An issue whose text begins with the place."""
        file = self._files[place.file]
        self._builder.issue(
            kind,
            f"{file.path}:{place.line}: {text}",
            hides=hides,
            source_id=file.source_id,
            record=place.line,
            subject=subject,
        )

    def flush_dangling(self) -> Iterable[None]:
        """Hands out one issue per target that nobody is; pauses after each."""
        for target, dangling in sorted(self._dangling.items()):
            others = dangling.count - 1
            more = f" and {others:,} times more" if others else ""
            self.issue(
                "dangling-member",
                f"'{shorten(target)}', listed in '{shorten(dangling.group)}'{more}, {dangling.why}",
                hides=Hides.UNKNOWN,
                place=dangling.place,
                subject=target,
            )
            yield

    def _foreign(self, sid: str, normal: str, *, group: str, place: Place) -> tuple[Holder, ...]:
        """Who a security identifier from elsewhere is: everyone, somebody here, or unknown."""
        if sid in EVERYONE:
            return self.everyone(place)
        if sid in MACHINE:
            return ()
        found: list[Holder] = []
        for name in self._directory.sids.get(sid, ()):
            known = self._directory.names[name]
            if not known.marks & Mark.FOREIGN:
                found += self.known(name, known, group=group, place=place)
        if not found:
            self._dangle(normal, group, place, f"stands for {sid} of another domain")
        return tuple(found)

    def _dangle(self, target: str, group: str, place: Place, why: str) -> None:
        dangling = self._dangling.get(target)
        if dangling is None:
            self._dangling[target] = _Dangling(1, group, place, why)
            return
        dangling.count += 1
        # The smallest group speaks for all, so that the order of the entries does not show.
        dangling.group, dangling.place = min((dangling.group, dangling.place), (group, place))


def _foreign_sid(text: str, normal: str, *, must: bool = False) -> str | None:
    """The SID in the name of a foreign security principal, or nothing if it is not one."""
    if not must and f",{_FOREIGN_PARENT}," not in normal:
        return None
    try:
        return known_text(leaf(text).first("cn") or "")
    except ValueError:
        return None
