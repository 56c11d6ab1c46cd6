"""Who is in what, in every way a directory states it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.ldif.tables import load, read

ANN = "dn: uid=ann,ou=people,dc=x\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann Lee\n"
BEN = "dn: uid=ben,ou=people,dc=x\nobjectClass: inetOrgPerson\nuid: ben\ncn: Ben Ode\n"
ANN_DN, BEN_DN = "uid=ann,ou=people,dc=x", "uid=ben,ou=people,dc=x"


def group(name: str, body: str, kind: str = "groupOfNames") -> str:
    return f"dn: cn={name},dc=x\nobjectClass: {kind}\ncn: {name}\n{body}\n"


def test_members_by_name_join_in_any_spelling(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN,
            BEN,
            group("g", "member: UID=Ann , OU=People;DC=X\nmember: uid=\\62en,ou=people,dc=x"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {(ANN_DN, "cn=g,dc=x", 14), (BEN_DN, "cn=g,dc=x", 15)}
    assert tables.issues == []


def test_a_group_has_the_right_of_being_in_it(tmp_path: Path) -> None:
    tables = load(
        tmp_path, group("Deployers", "description: May deploy\nmember: cn=deployers,dc=x")
    )

    (role,) = tables.rows["roles"]
    (right,) = tables.rows["entitlements"]
    contains = [row for row in tables.rows["grants"] if row["kind"] == "contains"]
    assert (role["role"], role["kind"], role["name"], role["title"], role["record"]) == (
        "ldap-north:cn=deployers,dc=x",
        "groupOfNames",
        "Deployers",
        "May deploy",
        1,
    )
    assert (right["action"], right["resource"], right["title"]) == (
        "member",
        "cn=deployers,dc=x",
        "Deployers",
    )
    assert [(row["holder"], row["target"], row["record"]) for row in contains] == [
        (role["role"], right["entitlement"], 1)
    ]


def test_groups_nest_and_cycles_do_no_harm(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN,
            group("a", f"member: {ANN_DN}\nmember: cn=c,dc=x"),
            group("b", "member: cn=a,dc=x\nmember: cn=b,dc=x"),
            group("c", "member: cn=b,dc=x"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {
        (ANN_DN, "cn=a,dc=x"),
        ("cn=c,dc=x", "cn=a,dc=x"),
        ("cn=a,dc=x", "cn=b,dc=x"),
        ("cn=b,dc=x", "cn=b,dc=x"),
        ("cn=b,dc=x", "cn=c,dc=x"),
    }
    assert tables.issues == []


def test_unique_members_may_carry_a_bit_string(tmp_path: Path) -> None:
    body = f"uniqueMember: {ANN_DN}#'0101'B\nuniqueMember: {BEN_DN}\nuniqueMember: #'1'B"

    tables = load(tmp_path, f"{ANN}\n{BEN}\n{group('g', body, 'groupOfUniqueNames')}")

    assert tables.memberships == {(ANN_DN, "cn=g,dc=x"), (BEN_DN, "cn=g,dc=x")}
    assert tables.issues == []


def test_posix_members_are_logins_and_the_primary_group_is_a_number(tmp_path: Path) -> None:
    text = (
        "dn: uid=ann,dc=x\nobjectClass: posixAccount\nuid: ann\nuidNumber: 7\ngidNumber: 100\n\n"
        "dn: uid=ben,dc=x\nobjectClass: posixAccount\nuid: ben\nuidNumber: 8\ngidNumber: 8\n\n"
        "dn: uid=cat,dc=x\nobjectClass: posixAccount\nuid: cat\nuidNumber: 9\ngidNumber: 555\n\n"
        + group("staff", "gidNumber: 100\nmemberUid: ben\nmemberUid: zoe", "posixGroup")
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {
        ("uid=ann,dc=x", "cn=staff,dc=x", 5),
        ("uid=ben,dc=x", "cn=staff,dc=x", 23),
    }
    assert tables.issues == [
        ("dangling-member", "unknown", 24),
        ("dangling-primary-group", "unknown", 17),
    ]


def test_a_group_may_list_names_and_logins_together(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN,
            BEN,
            group("g", f"objectClass: posixGroup\nmember: {ANN_DN}\nmemberUid: BEN"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {(ANN_DN, "cn=g,dc=x", 15), (BEN_DN, "cn=g,dc=x", 16)}


def test_a_login_of_two_accounts_counts_for_both(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "dn: uid=ann,ou=a,dc=x\nobjectClass: account\nuid: ann\n",
            "dn: uid=ann,ou=b,dc=x\nobjectClass: account\nuid: ann\n",
            group("g", "memberUid: ann", "posixGroup"),
            group("h", "memberUid: ann", "posixGroup"),
        ]
    )

    tables = load(tmp_path, text)

    assert ("uid=ann,ou=a,dc=x", "cn=g,dc=x") in tables.memberships
    assert ("uid=ann,ou=b,dc=x", "cn=g,dc=x") in tables.memberships
    assert tables.issues == [("ambiguous-login", "no", 12)]


def test_netgroups_have_triples_and_nest(tmp_path: Path) -> None:
    body = (
        "nisNetgroupTriple: (-,ann,x)\nnisNetgroupTriple: (host1,-,x)\n"
        "memberNisNetgroup: Inner\nmemberNisNetgroup: none\nnisNetgroupTriple: broken"
    )
    text = "\n".join(
        [
            ANN,
            BEN,
            group("outer", body, "nisNetgroup"),
            group("inner", "nisNetgroupTriple: (,ben,)", "nisNetgroup"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {
        (ANN_DN, "cn=outer,dc=x"),
        ("cn=inner,dc=x", "cn=outer,dc=x"),
        (BEN_DN, "cn=inner,dc=x"),
    }
    assert tables.issues == [("dangling-member", "unknown", 17), ("unreadable-value", "yes", 18)]


def test_an_empty_login_in_a_triple_is_everyone(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN,
            group("all", "nisNetgroupTriple: (,,)", "nisNetgroup"),
            group("machines", "nisNetgroupTriple: (host1,,)", "nisNetgroup"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {
        (ANN_DN, "everyone", 1),
        ("everyone", "cn=all,dc=x", 9),
        ("everyone", "cn=machines,dc=x", 14),
    }
    assert [row["target"] for row in tables.rows["grants"] if row["conditional"]] == [
        "ldap-north:cn=machines,dc=x"
    ]


def test_roles_of_389_stand_on_the_person_and_nest_the_other_way(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN + "nsRoleDN: cn=managed,dc=x\n",
            group("managed", "", "nsManagedRoleDefinition"),
            group("nested", "nsRoleDN: cn=managed,dc=x", "nsNestedRoleDefinition"),
            group("filtered", "nsRoleFilter: (o=x)", "nsFilteredRoleDefinition"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.membership_lines == {
        (ANN_DN, "cn=managed,dc=x", 5),
        ("cn=managed,dc=x", "cn=nested,dc=x", 15),
    }
    assert tables.issues == [("membership-not-exported", "yes", 17)]


def test_computed_groups_without_members_are_a_gap(tmp_path: Path) -> None:
    url = "memberURL: ldap:///dc=x??sub?(objectClass=person)"
    text = "\n".join(
        [
            ANN + "memberOf: cn=shown,dc=x\n",
            group("empty", url, "groupOfURLs"),
            group("shown", url, "groupOfURLs"),
            group("listed", f"{url}\nmember: {ANN_DN}", "groupOfURLs"),
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {(ANN_DN, "cn=shown,dc=x"), (ANN_DN, "cn=listed,dc=x")}
    assert tables.issues == [("membership-not-exported", "yes", 7)]


def test_both_directions_are_two_records(tmp_path: Path) -> None:
    text = f"{ANN}memberOf: cn=g,dc=x\n\n{group('g', f'member: {ANN_DN}')}"

    tables = load(tmp_path, text)

    assert tables.membership_lines == {(ANN_DN, "cn=g,dc=x", 5), (ANN_DN, "cn=g,dc=x", 10)}


def test_a_group_that_only_its_members_name_becomes_a_role(tmp_path: Path) -> None:
    text = f"{ANN}memberOf: CN=Prod Deployers,ou=groups,dc=x\n\n{BEN}isMemberOf: not a name\n"

    tables = load(tmp_path, text)

    role = tables.roles["cn=prod deployers,ou=groups,dc=x"]
    assert (role["name"], role["record"]) == ("prod deployers", 5)
    assert tables.memberships == {(ANN_DN, "cn=prod deployers,ou=groups,dc=x")}
    assert len(tables.rows["entitlements"]) == 1
    assert tables.issues == [("group-by-reference", "unknown", 5), ("invalid-dn", "yes", 11)]


def test_a_member_without_an_entry_is_one_issue_and_no_account(tmp_path: Path) -> None:
    text = "\n".join([group("b", "member: uid=Zoe,dc=x"), group("a", "member: uid=zoe,dc=x")])

    tables = load(tmp_path, text)

    (issue,) = tables.rows["issues"]
    assert tables.accounts == {}
    assert tables.memberships == set()
    assert (issue["kind"], issue["subject"], issue["record"], issue["hides"]) == (
        "dangling-member",
        "uid=zoe,dc=x",
        9,
        "unknown",
    )


def test_an_empty_member_is_a_placeholder(tmp_path: Path) -> None:
    tables = load(tmp_path, group("g", "member:"))

    assert tables.issues == []


def test_a_member_that_is_no_name_could_hide_a_conflict(tmp_path: Path) -> None:
    tables = load(tmp_path, group("g", "member: CN=Ann Lee/O=Acme, Inc"))

    assert tables.issues == [("invalid-dn", "yes", 4)]


def test_a_place_in_the_tree_is_nobody(tmp_path: Path) -> None:
    text = f"dn: ou=p,dc=x\nobjectClass: organizationalUnit\n\n{group('g', 'member: ou=p,dc=x')}"

    tables = load(tmp_path, text)

    assert tables.accounts == {}
    assert tables.issues == [("dangling-member", "unknown", 7)]


def test_a_machine_counts_only_if_a_group_lists_it(tmp_path: Path) -> None:
    text = (
        "dn: cn=pc1,dc=x\nobjectClass: device\ncn: pc1\n\n"
        "dn: cn=pc2,dc=x\nobjectClass: device\ncn: pc2\n\n" + group("g", "member: cn=pc2,dc=x")
    )

    tables = load(tmp_path, text)

    assert {name: row["kind"] for name, row in tables.accounts.items()} == {
        "cn=pc2,dc=x": "workload"
    }
    assert tables.memberships == {("cn=pc2,dc=x", "cn=g,dc=x")}
    assert tables.source["filtered_why"] == "1 a machine that no group lists"
    assert tables.source["loaded"] == 2
    assert tables.issues == []


def test_a_member_of_an_unknown_class_is_taken_for_an_account(tmp_path: Path) -> None:
    text = f"dn: cn=Odd,dc=x\nobjectClass: oddThing\ncn: Odd\n\n{group('g', 'member: cn=odd,dc=x')}"

    tables = load(tmp_path, text)

    assert tables.accounts["cn=odd,dc=x"]["kind"] == "person"
    assert tables.memberships == {("cn=odd,dc=x", "cn=g,dc=x")}
    assert tables.issues == [("unrecognised-member", "no", 1)]


@pytest.mark.parametrize("classes", ["", "objectClass: top\n", "objectClass: ownThing\n"])
def test_entries_of_no_known_class_are_known_by_their_attributes(
    tmp_path: Path, classes: str
) -> None:
    text = (
        f"dn: uid=ann,dc=x\n{classes}uid: ann\nmail: ann@x.test\n\n"
        f"dn: cn=g,dc=x\n{classes}member: uid=ann,dc=x\n"
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {("uid=ann,dc=x", "cn=g,dc=x")}
    assert tables.issues == []


def test_an_entry_may_be_account_and_group_at_once(tmp_path: Path) -> None:
    text = (
        "dn: uid=ann,dc=x\nobjectClass: posixAccount\nobjectClass: posixGroup\nuid: ann\n"
        "cn: ann\nuidNumber: 7\ngidNumber: 7\nmemberUid: ann\n\n"
        + group("g", "member: uid=ann,dc=x")
    )

    tables = load(tmp_path, text)

    holders = {
        (row["holder_kind"], row["target"])
        for row in tables.rows["grants"]
        if row["kind"] == "member"
    }
    assert holders == {
        ("account", "ldap-north:uid=ann,dc=x"),
        ("account", "ldap-north:cn=g,dc=x"),
        ("role", "ldap-north:cn=g,dc=x"),
    }


def test_a_further_entry_of_a_name_adds_to_the_first(tmp_path: Path) -> None:
    text = "\n".join(
        [
            ANN,
            BEN,
            group("g", f"member: {ANN_DN}"),
            "dn: CN=G,DC=X\nmember: uid=ben,ou=people,dc=x\n",
            "dn: UID=ann,ou=People,dc=x\nmail: ann@x.test\n",
        ]
    )

    tables = load(tmp_path, text)

    assert tables.memberships == {(ANN_DN, "cn=g,dc=x"), (BEN_DN, "cn=g,dc=x")}
    assert len(tables.rows["accounts"]) == 2
    assert tables.accounts[ANN_DN]["email"] == "ann@x.test"
    assert [row["role"] for row in tables.rows["roles"]] == ["ldap-north:cn=g,dc=x"]
    assert tables.issues == [("duplicate-entry", "no", 16), ("duplicate-entry", "no", 19)]


def test_an_identical_entry_counts_once(tmp_path: Path) -> None:
    tables = load(tmp_path, f"{ANN}\n{ANN}\n{group('g', f'member: {ANN_DN}')}")

    assert (tables.source["duplicate"], tables.source["loaded"]) == (1, 2)
    assert len(tables.rows["accounts"]) == 1
    assert tables.issues == []


def test_people_and_groups_may_stand_in_different_files(tmp_path: Path) -> None:
    tmp_path.joinpath("a.ldif").write_text(group("g", f"member: {ANN_DN}\nmemberUid: ben"))
    tmp_path.joinpath("b.ldif").write_text(f"{ANN}\n{BEN}")

    tables = read("*.ldif", tmp_path)

    assert tables.memberships == {(ANN_DN, "cn=g,dc=x"), (BEN_DN, "cn=g,dc=x")}
    assert {row["source_id"] for row in tables.rows["accounts"]} == {"ldap/b.ldif"}
    assert {row["source_id"] for row in tables.rows["grants"]} == {"ldap/a.ldif"}


def test_own_attributes_and_classes_can_be_named(tmp_path: Path) -> None:
    text = (
        "dn: cn=p,dc=x\nobjectClass: badge\ncn: p\nclubOf: cn=h,dc=x\n\n"
        "dn: cn=g,dc=x\nobjectClass: club\ncn: g\nclubMember: cn=p,dc=x\n\n"
        "dn: cn=h,dc=x\nobjectClass: club\ncn: h\n"
    )

    tables = load(
        tmp_path,
        text,
        account_classes=("Badge",),
        group_classes=("Club",),
        member_attributes=("clubMember",),
        member_of_attributes=("clubOf",),
    )

    assert tables.memberships == {("cn=p,dc=x", "cn=g,dc=x"), ("cn=p,dc=x", "cn=h,dc=x")}
    assert tables.issues == []
