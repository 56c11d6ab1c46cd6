"""What an entry says about the account it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.importers.ldif.times import filetime, generalized
from tests.importers.ldif.tables import EXTRACTED_AT, Row, load

NEVER = 9223372036854775807


def ticks(moment: datetime) -> int:
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def account(folder: Path, body: str, **options: Any) -> Row:
    text = f"dn: uid=ann,dc=x\nobjectClass: inetOrgPerson\nuid: ann\n{body}\n"
    (row,) = load(folder, text, **options).rows["accounts"]
    return row


def test_the_names_of_an_account(tmp_path: Path) -> None:
    row = account(
        tmp_path,
        "cn;lang-fr: Anne\ncn: Ann Lee\ncn: Lee Ann\ndisplayName: Lee, Ann\nmail: ann@x.test\n"
        "mail: z@x.test\nemployeeNumber: 007\nmanager: uid=boss,dc=x",
    )

    assert (row["login"], row["name"], row["email"], row["employee_id"], row["owner"]) == (
        "ann",
        "Lee, Ann",
        "ann@x.test",
        "007",
        None,
    )
    assert (row["kind"], row["enabled"], row["record"]) == ("person", None, 1)


def test_the_value_in_the_name_is_the_login(tmp_path: Path) -> None:
    text = "dn: uid=Lee\\, Ann,dc=x\nobjectClass: account\nuid: aaa\nuid: Lee, Ann\n"

    (row,) = load(tmp_path, text).rows["accounts"]

    assert (row["account"], row["login"]) == ("ldap-north:uid=lee\\, ann,dc=x", "Lee, Ann")


def test_the_employee_number_may_stand_elsewhere(tmp_path: Path) -> None:
    row = account(
        tmp_path,
        "employeeNumber: 1\nextensionAttribute1: 42",
        employee_id_attribute="extensionAttribute1",
    )

    assert row["employee_id"] == "42"


@pytest.mark.parametrize(
    ("body", "enabled", "why"),
    [
        ("", None, None),
        ("userAccountControl: 512", True, None),
        ("userAccountControl: 514", False, "disabled (userAccountControl)"),
        ("userAccountControl: 512\nlockoutTime: 0", True, None),
        ("nsAccountLock: TRUE", False, "disabled (nsaccountlock)"),
        ("nsAccountLock: false", True, None),
        ("loginDisabled: TRUE", False, "disabled (logindisabled)"),
        ("ds-pwp-account-disabled: true", False, "disabled (ds-pwp-account-disabled)"),
        ("inetUserStatus: Inactive", False, "disabled (inetuserstatus)"),
        ("sambaAcctFlags: [UD         ]", False, "disabled (sambaAcctFlags)"),
        ("sambaAcctFlags: [U          ]", True, None),
        ("pwdAccountLockedTime: 000001010000Z", False, "locked (pwdAccountLockedTime)"),
    ],
)
def test_whether_it_works(tmp_path: Path, body: str, enabled: bool | None, why: str | None) -> None:  # noqa: FBT001
    row = account(tmp_path, body)

    assert (row["enabled"], row["dormant_why"]) == (enabled, why)


@pytest.mark.parametrize(
    ("domain", "since", "enabled", "gap"),
    [
        ("", timedelta(minutes=5), False, True),
        ("lockoutDuration: -18000000000", timedelta(minutes=5), False, False),
        ("lockoutDuration: -18000000000", timedelta(hours=5), True, False),
        ("lockoutDuration: 0", timedelta(days=500), False, False),
    ],
)
def test_a_lock_lasts_as_long_as_the_domain_says(
    tmp_path: Path,
    domain: str,
    since: timedelta,
    enabled: bool,  # noqa: FBT001
    gap: bool,  # noqa: FBT001
) -> None:
    text = (
        f"dn: uid=ann,dc=x\nobjectClass: user\nuserAccountControl: 512\n"
        f"lockoutTime: {ticks(EXTRACTED_AT - since)}\n\n"
        f"dn: dc=x\nobjectClass: domainDNS\n{domain}\n"
    )

    tables = load(tmp_path, text)

    assert tables.accounts["uid=ann,dc=x"]["enabled"] is enabled
    assert tables.kinds == ({"lock-may-have-lapsed"} if gap else set())


@pytest.mark.parametrize(
    ("body", "last_day"),
    [
        ("accountExpires: 0", None),
        (f"accountExpires: {NEVER}", None),
        (f"accountExpires: {ticks(datetime(2027, 1, 1, tzinfo=UTC))}", date(2026, 12, 31)),
        (f"accountExpires: {ticks(datetime(2026, 12, 31, 9, tzinfo=UTC))}", date(2026, 12, 31)),
        (f"accountExpires: {ticks(datetime(2026, 6, 30, 23, tzinfo=UTC))}", date(2026, 6, 30)),
        ("shadowExpire: 20454", date(2025, 12, 31)),
        ("shadowExpire: -1", None),
        ("shadowExpire: 0", None),
        ("krbPrincipalExpiration: 20270101000000Z", date(2026, 12, 31)),
        ("shadowExpire: 20454\nkrbPrincipalExpiration: 20270101000000Z", date(2025, 12, 31)),
    ],
)
def test_the_last_day_in_the_zone_of_the_source(
    tmp_path: Path, body: str, last_day: date | None
) -> None:
    assert account(tmp_path, body)["expires_on"] == last_day


def test_when_it_was_made_and_last_used(tmp_path: Path) -> None:
    used = ticks(datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC))

    row = account(
        tmp_path,
        f"createTimestamp: 20200102030405Z\nlastLogon: 0\nlastLogonTimestamp: {used}\n"
        "authTimestamp: 20260401000000Z",
    )

    assert row["created_at"] == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert row["last_used_at"] == datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "accountExpires: soon",
        "accountExpires: -5",
        "shadowExpire: 99999999999999",
        "userAccountControl: what",
        "nsAccountLock: maybe",
        "whenCreated: 20261332000000Z",
        "lastLogon: 1e9",
    ],
)
def test_a_value_that_cannot_be_read_is_said(tmp_path: Path, line: str) -> None:
    tables = load(tmp_path, f"dn: uid=ann,dc=x\nobjectClass: account\n{line}\n")

    assert tables.issues == [("unreadable-value", "unknown", 3)]
    assert line.partition(": ")[2] not in tables.rows["issues"][0]["text"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261121222024.0Z", datetime(2026, 11, 21, 22, 20, 24, tzinfo=UTC)),
        ("2026112122Z", datetime(2026, 11, 21, 22, tzinfo=UTC)),
        ("202611212220+0130", datetime(2026, 11, 21, 20, 50, tzinfo=UTC)),
        ("20261121222024-05", datetime(2026, 11, 22, 3, 20, 24, tzinfo=UTC)),
    ],
)
def test_generalized_time(text: str, moment: datetime) -> None:
    assert generalized(text) == moment


def test_a_filetime_beyond_the_calendar_is_never() -> None:
    assert filetime(str(NEVER - 1)) is None


def test_the_configuration_tells_whose_accounts_are_not_one_persons(tmp_path: Path) -> None:
    text = "".join(
        f"dn: uid={name},ou={unit},dc=x\nobjectClass: account\nuid: {name}\n"
        "manager: uid=a,ou=People,dc=x\n\n"
        for name, unit in [("a", "People"), ("b", "Svc"), ("c", "Shared"), ("d", "Partners")]
    )

    tables = load(
        tmp_path,
        text,
        workloads=("*, ou=SVC, dc=x",),
        shared=("uid=?,ou=Shared,*",),
        vendors=("*,ou=Partners,dc=x",),
    )

    assert {row["login"]: (row["kind"], row["owner"]) for row in tables.rows["accounts"]} == {
        "a": ("person", None),
        "b": ("workload", "ldap-north:uid=a,ou=people,dc=x"),
        "c": ("shared", "ldap-north:uid=a,ou=people,dc=x"),
        "d": ("vendor", "ldap-north:uid=a,ou=people,dc=x"),
    }


def test_ignored_entries_are_counted_and_join_nothing(tmp_path: Path) -> None:
    text = (
        "dn: uid=a,ou=old,dc=x\nobjectClass: account\nuid: a\nmemberOf: cn=g,dc=x\n\n"
        "dn: cn=g,dc=x\nobjectClass: groupOfNames\nmember: uid=a,ou=old,dc=x\nmemberUid: a\n"
    )

    tables = load(tmp_path, text, ignore=("*,OU=Old,dc=x",))

    assert tables.accounts == {}
    assert tables.memberships == set()
    assert tables.source["filtered_why"] == "1 ignored by the configuration"
    assert tables.issues == []


def test_a_person_with_an_service_name_stays_a_person(tmp_path: Path) -> None:
    assert account(tmp_path, "servicePrincipalName: HTTP/x")["kind"] == "person"


def test_programs_are_workloads(tmp_path: Path) -> None:
    text = "dn: cn=job,dc=x\nobjectClass: applicationProcess\ncn: job\nowner: Ops team\n"

    (row,) = load(tmp_path, text).rows["accounts"]

    assert (row["kind"], row["owner"]) == ("workload", "Ops team")
