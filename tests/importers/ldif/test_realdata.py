"""Real exports: what is read equals what other programs count."""

from __future__ import annotations

import importlib
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.importers.ldif.tables import read

pytestmark = pytest.mark.realdata

PLANET_EXPRESS = "dc=planetexpress,dc=com"


def other_reader(file: Path) -> list[tuple[str, dict[str, list[str]]]]:
    """What PyPI's `ldif` reads; it takes the version line and comments before it for an entry."""
    parser: Any = importlib.import_module("ldif").LDIFParser
    with file.open("rb") as stream:
        return [(dn, entry) for dn, entry in parser(stream, strict=False).parse() if dn]


def count_names(file: Path) -> int:
    found = subprocess.run(
        ["grep", "-c", "^dn:", str(file)], capture_output=True, text=True, check=False
    )
    return int(found.stdout)


def ldif_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("ldif_*/*.ldif"), *folder.glob("ldif_*/*.out")])


def test_every_file_has_as_many_entries_as_names(realdata: Path) -> None:
    files = ldif_files(realdata)

    expected = {file.name: count_names(file) for file in files}

    found = {}
    for file in files:
        tables = read(file.name, file.parent)
        nameless = [row for row in tables.rows["issues"] if row["kind"] == "entry-without-dn"]
        found[file.name] = tables.source["parsed"] - len(nameless)
        assert tables.source["status"] == "read"
    assert len(files) == 24
    assert found == expected


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("ldif_openldap/its9282_exampledb.ldif", 1011),
        ("ldif_openldap/nis_sample.ldif", 1265),
        ("ldif_openldap/test-ordered.ldif", 19),
        ("ldif_openldap/memberof.out", 69),
        ("ldif_samba_ad/samba_ad_users_groups.ldif", 1752),
        ("ldif_samba_ad/groups_ldbsearch.ldif", 48),
    ],
)
def test_another_reader_finds_the_same_entries_and_members(
    realdata: Path, file: str, entries: int
) -> None:
    path = realdata / file
    others = other_reader(path)

    tables = read(path.name, path.parent)

    assert len(others) == entries
    assert tables.source["parsed"] == entries
    mentioned = {
        row["record"]
        for row in tables.rows["grants"]
        if row["kind"] == "member" and row["target"] != "ldap-north:everyone"
    }
    lines = path.read_text().split("\n")
    names = "member|uniqueMember|memberOf|memberUid|gidNumber|primaryGroupID"
    stating = re.compile(f"({names}):", re.IGNORECASE)
    stated = {number for number, line in enumerate(lines, 1) if stating.match(line)}
    assert mentioned <= stated


def test_the_organisation_of_openldap(realdata: Path) -> None:
    tables = read("its9282_exampledb.ldif", realdata / "ldif_openldap")

    assert tables.source["parsed"] == 1011
    assert tables.source["loaded"] == len(tables.accounts) == 999
    assert tables.source["filtered"] == 12
    assert tables.issues == []


def test_every_person_of_the_samba_directory_has_the_primary_group(realdata: Path) -> None:
    file = realdata / "ldif_samba_ad/samba_ad_users_groups.ldif"
    lines = file.read_text().split("\n")

    tables = read(file.name, file.parent)

    primary = {
        (holder, target)
        for holder, target, line in tables.membership_lines
        if lines[line - 1].startswith("primaryGroupID: ")
    }
    people = {name for name in tables.accounts if re.match(r"cn=user \d{4},", name)}
    assert len(people) == 1700
    assert {holder for holder, _ in primary} >= people
    groups = Counter(target for holder, target in primary if holder in people)
    assert groups == Counter(
        {"cn=domain users,cn=users,dc=example,dc=test": 1699, **_other_primary(file)}
    )


def _other_primary(file: Path) -> dict[str, int]:
    """The person whose primary group is another one, and its SID's group, from the other reader."""
    entries = other_reader(file)
    odd = [
        entry["primaryGroupID"][0]
        for dn, entry in entries
        if re.match(r"CN=User \d{4},", dn) and entry["primaryGroupID"] != ["513"]
    ]
    names = {
        _last_number(entry["objectSid"][0]): dn.lower()
        for dn, entry in entries
        if "group" in entry["objectClass"]
    }
    return dict(Counter(names[int(number)] for number in odd))


def _last_number(sid: str | bytes) -> int:
    octets = sid if isinstance(sid, bytes) else sid.encode("latin-1")
    return int.from_bytes(octets[-4:], "little")


def test_the_planted_groups_of_the_samba_directory(realdata: Path) -> None:
    tables = read("samba_ad_users_groups.ldif", realdata / "ldif_samba_ad")

    staff = "ou=staff,dc=example,dc=test"
    members = {
        group: {holder for holder, target in tables.memberships if target == f"cn={group},{staff}"}
        for group in (
            "all devs",
            "committers",
            "prod deployers",
            "loop a",
            "loop b",
            "distribution",
        )
    }
    assert len(members["all devs"]) == 1650
    # User 1660 has it as primary group, so no `member` value lists him.
    assert members["committers"] == {f"cn=all devs,{staff}", f"cn=user 1660,{staff}"}
    assert members["prod deployers"] == {f"cn=user 0001,{staff}", f"cn=user 1661,{staff}"}
    assert members["loop a"] == {f"cn=loop b,{staff}", f"cn=user 0002,{staff}"}
    assert members["loop b"] == {f"cn=loop a,{staff}"}
    assert members["distribution"] == {f"cn=user 0003,{staff}"}
    foreign = "cn=s-1-5-21-1111111111-2222222222-3333333333-1105,cn=foreignsecurityprincipals"
    subjects = [row["subject"] for row in tables.rows["issues"]]
    assert subjects == [f"{foreign},dc=example,dc=test", None]
    users = {holder for holder, target in tables.memberships if target.startswith("cn=users,cn=b")}
    assert users == {"everyone", "cn=domain users,cn=users,dc=example,dc=test"}
    assert {holder for holder, target in tables.memberships if target == "everyone"} == set(
        tables.accounts
    )


def test_planet_express_exactly(realdata: Path) -> None:
    tables = read("ldif_planetexpress", realdata)

    people = f"ou=people,{PLANET_EXPRESS}"
    assert {row["login"] for row in tables.rows["accounts"]} == {
        "amy",
        "bender",
        "fry",
        "hermes",
        "leela",
        "professor",
        "zoidberg",
    }
    assert f"cn=amy wong+sn=kroker,{people}" in tables.accounts
    assert tables.memberships == {
        (f"cn=hubert j. farnsworth,{people}", f"cn=admin_staff,{people}"),
        (f"cn=hermes conrad,{people}", f"cn=admin_staff,{people}"),
        (f"cn=philip j. fry,{people}", f"cn=ship_crew,{people}"),
        (f"cn=turanga leela,{people}", f"cn=ship_crew,{people}"),
        (f"cn=bender bending rodriguez,{people}", f"cn=ship_crew,{people}"),
    }
    assert tables.kinds == {"change-record"}
    assert len(tables.rows["entitlements"]) == 2


def test_the_nis_set(realdata: Path) -> None:
    file = realdata / "ldif_openldap/nis_sample.ldif"

    tables = read(file.name, file.parent)

    names = {dn.lower() for dn, entry in other_reader(file) if "posixAccount" in _classes(entry)}
    assert tables.source["parsed"] == 1265
    assert len(tables.accounts) == len(names) == 24
    assert len(tables.roles) == 16
    assert ("uid=root,o=sgi,c=us", "cn=adm,o=sgi,c=us") in tables.memberships


def _classes(entry: dict[str, list[str]]) -> list[str]:
    return [
        value for name, values in entry.items() if name.lower() == "objectclass" for value in values
    ]
