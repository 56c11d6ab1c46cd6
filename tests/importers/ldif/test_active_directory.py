"""Active Directory: group types, SIDs, primary groups, ranges, machines, foreign principals."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from sod_analyzer.importers.ldif.sid import sid_text
from tests.importers.ldif.tables import load

DOMAIN = "S-1-5-21-1-2-3"
FSP = "CN=ForeignSecurityPrincipals,DC=x"


def sid_bytes(sid: str) -> bytes:
    authority, *parts = (int(part) for part in sid.split("-")[2:])
    head = bytes([1, len(parts)]) + authority.to_bytes(6, "big")
    return head + b"".join(part.to_bytes(4, "little") for part in parts)


def coded(sid: str) -> str:
    return base64.b64encode(sid_bytes(sid)).decode()


def person(name: str, body: str = "") -> str:
    return (
        f"dn: CN={name},DC=x\nobjectClass: top\nobjectClass: person\nobjectClass: user\n"
        f"sAMAccountName: {name.lower()}\n{body}\n"
    )


def group(name: str, body: str = "") -> str:
    return f"dn: CN={name},DC=x\nobjectClass: group\ncn: {name}\n{body}\n"


@pytest.mark.parametrize(
    "sid", ["S-1-5-21-3780827705-278235263-646549118-513", "S-1-1-0", "S-1-5-32-544"]
)
def test_a_sid_is_read_from_bytes_and_from_text(sid: str) -> None:
    assert sid_text(sid_bytes(sid)) == sid
    assert sid_text(sid.lower().encode()) == sid


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01\x05" + b"\0" * 6, b"S-1-x", b"\xff" * 28])
def test_what_is_no_sid_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a security identifier"):
        sid_text(content)


def test_the_primary_group_is_found_by_its_number_in_the_own_domain(tmp_path: Path) -> None:
    text = "\n".join(
        [
            person("Ann", f"objectSid:: {coded(DOMAIN + '-1001')}\nprimaryGroupID: 513"),
            person("Ben", f"objectSid: {DOMAIN}-1002\nprimaryGroupID: 777"),
            group("Domain Users", f"objectSid:: {coded(DOMAIN + '-513')}"),
            group("Other Domain", "objectSid: S-1-5-21-9-9-9-513"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {("cn=ann,dc=x", "cn=domain users,dc=x", 7)}
    assert tables.issues == [("dangling-primary-group", "unknown", 15)]


def test_without_the_sid_any_group_of_that_number_counts(tmp_path: Path) -> None:
    text = f"{person('Ann', 'primaryGroupID: 513')}\n{group('DU', f'objectSid: {DOMAIN}-513')}"

    tables = load(tmp_path, text)

    assert tables.memberships == {("cn=ann,dc=x", "cn=du,dc=x")}


@pytest.mark.parametrize(
    ("number", "grants"),
    [("-2147483646", True), ("2147483650", True), ("2", False), ("8", False), ("what", True)],
)
def test_only_security_groups_grant_rights(tmp_path: Path, number: str, grants: bool) -> None:  # noqa: FBT001
    text = (
        f"{person('Ann')}\n{group('G', f'groupType: {number}' + chr(10) + 'member: CN=Ann,DC=x')}"
    )

    tables = load(tmp_path, text)

    assert len(tables.rows["entitlements"]) == (1 if grants else 0)
    assert tables.memberships == {("cn=ann,dc=x", "cn=g,dc=x")}
    assert ("distribution-lists" in tables.kinds) is not grants


def test_rights_that_pass_a_distribution_list_are_conditional(tmp_path: Path) -> None:
    text = "\n".join(
        [
            person("Ann"),
            group("List", "groupType: 2\nmember: CN=Ann,DC=x"),
            group("Secure", "groupType: -2147483646\nmember: CN=List,DC=x"),
        ]
    )

    tables = load(tmp_path, text)

    conditional = {
        row["target"]: row["conditional"]
        for row in tables.rows["grants"]
        if row["kind"] == "member"
    }
    assert conditional == {"ldap-north:cn=list,dc=x": False, "ldap-north:cn=secure,dc=x": True}


@pytest.mark.parametrize(
    ("pages", "issue"),
    [
        (["range=0-1499"], ("incomplete-range", "yes", 10)),
        (["range=0-1499", "range=1500-*"], None),
        (["range=1500-*"], ("incomplete-range", "yes", 10)),
        (["range=0-9", "range=20-*"], ("incomplete-range", "yes", 10)),
        (["range=0-*"], None),
        ([], None),
    ],
)
def test_a_member_list_in_pages_must_be_whole(
    tmp_path: Path, pages: list[str], issue: tuple[str, str, int] | None
) -> None:
    lines = [f"member;{page}: CN=Ann,DC=x" for page in pages] or ["member: CN=Ann,DC=x"]

    tables = load(
        tmp_path, f"{person('Ann')}\n{group('G', chr(10).join(lines))}".replace("cn: G\n", "")
    )

    assert tables.memberships == {("cn=ann,dc=x", "cn=g,dc=x")}
    assert tables.issues == ([issue] if issue else [])


def test_pages_of_one_list_may_stand_in_several_entries(tmp_path: Path) -> None:
    text = "\n".join(
        [
            person("Ann"),
            person("Ben"),
            group("G", "member;range=0-0: CN=Ann,DC=x"),
            group("G", "member;range=1-*: CN=Ben,DC=x"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {("cn=ann,dc=x", "cn=g,dc=x"), ("cn=ben,dc=x", "cn=g,dc=x")}
    assert tables.kinds == {"duplicate-entry"}


@pytest.mark.parametrize("listed", ["S-1-5-11", "S-1-1-0", "S-1-5-4"])
@pytest.mark.parametrize(
    "with_entry", ["", "dn: CN={sid},{fsp}\nobjectClass: foreignSecurityPrincipal\n\n"]
)
def test_well_known_principals_are_everyone(tmp_path: Path, listed: str, with_entry: str) -> None:
    text = with_entry.format(sid=listed, fsp=FSP) + "\n".join(
        [
            person("Ann"),
            person("Ben", "userAccountControl: 514"),
            group("G", f"member: CN={listed},{FSP}"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {
        ("cn=ann,dc=x", "everyone"),
        ("cn=ben,dc=x", "everyone"),
        ("everyone", "cn=g,dc=x"),
    }
    line = next(row["record"] for row in tables.rows["grants"] if "everyone" in row["holder"])
    assert text.splitlines()[line - 1] == f"member: CN={listed},{FSP}"
    assert tables.issues == []


def test_a_foreign_entry_that_names_its_groups_is_everyone_too(tmp_path: Path) -> None:
    text = (
        f"dn: CN=S-1-5-11,{FSP}\nobjectClass: foreignSecurityPrincipal\nmemberOf: CN=G,DC=x\n\n"
        f"{person('Ann')}\n{group('G')}"
    )

    tables = load(tmp_path, text)

    assert ("everyone", "cn=g,dc=x") in tables.memberships


def test_system_principals_are_nobody(tmp_path: Path) -> None:
    tables = load(tmp_path, group("G", f"member: CN=S-1-5-18,{FSP}\nmember: CN=S-1-5-9,{FSP}"))

    assert tables.memberships == set()
    assert tables.issues == []


def test_a_foreign_principal_is_found_by_its_sid_or_dangles(tmp_path: Path) -> None:
    text = "\n".join(
        [
            person("Ann", f"objectSid:: {coded('S-1-5-21-7-7-7-1105')}"),
            person("Ben", f"objectSid: {DOMAIN}-5\nsIDHistory:: {coded('S-1-5-21-8-8-8-9')}"),
            group(
                "G",
                f"member: CN=S-1-5-21-7-7-7-1105,{FSP}\nmember: CN=S-1-5-21-8-8-8-9,{FSP}\n"
                f"member: CN=S-1-5-21-6-6-6-6,{FSP}",
            ),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {("cn=ann,dc=x", "cn=g,dc=x"), ("cn=ben,dc=x", "cn=g,dc=x")}
    assert [row["subject"] for row in tables.rows["issues"]] == [
        "cn=s-1-5-21-6-6-6-6,cn=foreignsecurityprincipals,dc=x"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "objectClass: computer",
        "sAMAccountType: 805306369",
        "userAccountControl: 4096",
        "sambaAcctFlags: [W          ]",
    ],
)
def test_machines_are_no_people(tmp_path: Path, body: str) -> None:
    alone = load(tmp_path, person("PC1", f"{body}\nprimaryGroupID: 515"))
    listed = load(tmp_path, f"{person('PC1', body)}\n{group('G', 'member: CN=PC1,DC=x')}")

    assert alone.accounts == {}
    assert alone.source["filtered_why"] == "1 a machine that no group lists"
    assert alone.issues == []
    assert listed.accounts["cn=pc1,dc=x"]["kind"] == "workload"
    assert listed.accounts["cn=pc1,dc=x"]["login"] == "pc1"


def test_managed_service_accounts_are_workloads_although_they_are_computers(
    tmp_path: Path,
) -> None:
    body = (
        "objectClass: computer\nobjectClass: msDS-GroupManagedServiceAccount\n"
        "sAMAccountType: 805306369\nuserAccountControl: 4096\nmanagedBy: CN=Ann,DC=x"
    )

    tables = load(tmp_path, f"{person('Svc$', body)}\n{person('Ann')}")

    account = tables.accounts["cn=svc$,dc=x"]
    assert (account["kind"], account["enabled"], account["owner"]) == (
        "workload",
        True,
        "ldap-north:cn=ann,dc=x",
    )


def test_contacts_cannot_sign_in(tmp_path: Path) -> None:
    contact = "dn: CN=Cat,DC=x\nobjectClass: person\nobjectClass: contact\ncn: Cat\n"

    alone = load(tmp_path, contact)
    listed = load(tmp_path, f"{contact}\n{group('G', 'member: CN=Cat,DC=x')}")

    assert alone.accounts == {}
    assert listed.accounts["cn=cat,dc=x"]["enabled"] is False


def test_names_with_a_guid_a_sid_or_a_time_to_live_are_taken_apart(tmp_path: Path) -> None:
    body = "member: <GUID=0a-0b>;<SID=0105>;CN=Ann,DC=x\nmember: <TTL=90000,CN=Ben,DC=x>"

    tables = load(tmp_path, f"{person('Ann')}\n{person('Ben')}\n{group('G', body)}")

    until = {
        row["holder"]: str(row["valid_until"])
        for row in tables.rows["grants"]
        if row["kind"] == "member"
    }
    assert until == {"ldap-north:cn=ann,dc=x": "None", "ldap-north:cn=ben,dc=x": "2026-10-31"}
