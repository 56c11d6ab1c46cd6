"""Writes the directory as LDIF (RFC 2849): folded lines, base64, names spelled in several ways."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from maker import bank
from maker.tables import Counts, counts
from maker.world import LdapEntry, World, draw

PEOPLE = "ldap/people.ldif"
GROUPS = "ldap/groups.ldif"
_WIDTH = 60
_SAFE = re.compile(
    r"[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*"
)
_UNITS = ("people", "contractors", "services", "groups")

Line = tuple[str, str]


def write_directory(world: World) -> tuple[dict[str, bytes], dict[str, Counts]]:
    """The two LDIF files, and how many lines of each are what."""
    frame = [_root(), *(_unit(name) for name in _UNITS)]
    people = [_person(world, entry) for _, entry in sorted(world.ldap_entries.items())]
    groups = [_group(world, cn) for cn in sorted(bank.GROUPS)]
    groups += [_posix_group(world, cn) for cn in sorted(bank.POSIX_GROUPS)]
    files, told = {}, {}
    for path, entries, filtered in ((PEOPLE, [*frame, *people], len(frame)), (GROUPS, groups, 0)):
        text = _ldif(entries)
        lines, blank = text.count("\n"), text.count("\n\n")
        files[path] = text.encode()
        told[path] = counts(
            lines=lines,
            header=1,
            blank=blank,
            continued=lines - 1 - blank - len(entries),
            parsed=len(entries),
            filtered=filtered,
        )
    return files, told


def _ldif(entries: Iterable[list[Line]]) -> str:
    blocks = ["version: 1"]
    blocks += ["\n".join(_attribute(*line) for line in entry) for entry in entries]
    return "\n\n".join(blocks) + "\n"


def _attribute(name: str, value: str) -> str:
    """One attribute, in base64 where RFC 2849 asks for it, folded at 60 columns."""
    plain = name.endswith("!")  # already as it shall be written
    name = name.removesuffix("!")
    if not plain and _SAFE.fullmatch(value) and not value.endswith(" "):
        text = f"{name}: {value}"
    else:
        text = f"{name}:: {base64.b64encode(value.encode()).decode()}"
    pieces = [text[:_WIDTH]]
    rest = text[_WIDTH:]
    while rest:
        pieces.append(" " + rest[: _WIDTH - 1])
        rest = rest[_WIDTH - 1 :]
    return "\n".join(pieces)


def _root() -> list[Line]:
    return [
        ("dn", bank.BASE_DN),
        ("objectClass", "top"),
        ("objectClass", "dcObject"),
        ("objectClass", "organization"),
        ("dc", "northbank"),
        ("o", "Northbank plc"),
    ]


def _unit(name: str) -> list[Line]:
    return [
        ("dn", f"ou={name},{bank.BASE_DN}"),
        ("objectClass", "top"),
        ("objectClass", "organizationalUnit"),
        ("ou", name),
    ]


def _person(world: World, entry: LdapEntry) -> list[Line]:
    lines = [
        ("dn", entry.dn),
        ("objectClass", "top"),
        ("objectClass", "person"),
        ("objectClass", "organizationalPerson"),
        ("objectClass", "inetOrgPerson"),
    ]
    if entry.gid:
        lines.append(("objectClass", "posixAccount"))
    lines += [("uid", entry.uid), ("cn", entry.cn), ("sn", entry.cn.split()[-1])]
    if entry.mail:
        lines.append(("mail", entry.mail))
    if entry.number:
        lines.append(("employeeNumber", entry.number))
    if entry.ou != "services":
        lines += [("title", entry.title), ("departmentNumber", entry.department)]
    if entry.gid:
        lines += [
            ("uidNumber", str(20000 + draw(entry.uid, 10000))),
            ("gidNumber", str(entry.gid)),
            ("homeDirectory", f"/home/{entry.uid}"),
        ]
    last = world.last_used.get(f"ldap-north:{entry.dn}")
    if last:
        lines.append(("authTimestamp", f"{last.replace('-', '')}081500Z"))
    if entry.lock:
        name, _, value = entry.lock.partition(": ")
        lines.append((name, value))
    return lines


def _group(world: World, cn: str) -> list[Line]:
    group = bank.GROUPS[cn]
    lines = [
        ("dn", group_dn(cn)),
        ("objectClass", "top"),
        ("objectClass", "groupOfNames"),
        ("cn", cn),
    ]
    if group.about:
        lines.append(("description", group.about))
    if cn in world.group_owners:
        lines.append(("owner", world.group_owners[cn]))
    members = [_other_escape(group_dn(child)) for child in group.contains]
    members += world.group_members[cn]
    if not members:
        message = f"group {cn} has no member, which groupOfNames does not allow"
        raise ValueError(message)
    return lines + [_spelled(cn, dn) for dn in sorted(members)]


def _posix_group(world: World, cn: str) -> list[Line]:
    lines = [
        ("dn", group_dn(cn)),
        ("objectClass", "top"),
        ("objectClass", "posixGroup"),
        ("cn", cn),
        ("gidNumber", str(bank.POSIX_GROUPS[cn])),
    ]
    return lines + [("memberUid", uid) for uid in sorted(world.memberuids.get(cn, ()))]


def group_dn(cn: str) -> str:
    """The distinguished name of a group, its comma escaped (RFC 4514)."""
    escaped = cn.replace(",", "\\,")
    return f"cn={escaped},ou=groups,{bank.BASE_DN}"


def _other_escape(dn: str) -> str:
    return dn.replace("\\,", "\\2C")


def _spelled(cn: str, dn: str) -> Line:
    """A member as different tools write it: spaces, letter case, base64."""
    way = draw(f"spelling {cn} {dn}", 8)
    if way == 0 and "\\" not in dn:
        return "member", dn.replace(",", ", ")
    if way == 1:
        head, _, tail = dn.partition(",ou=")
        return "member", f"{head},OU={tail.replace('dc=', 'DC=')}"
    if way == 2:  # noqa: PLR2004  one spelling of eight
        return "member", dn.replace("northbank", "Northbank").replace("ou=people", "ou=People")
    if way == 3 or not dn.isascii():  # noqa: PLR2004  one spelling of eight
        return "member!", dn
    return "member", dn
