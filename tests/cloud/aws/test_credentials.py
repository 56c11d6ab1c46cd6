"""The credential report: what each login can sign in with, and what a report does not say."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import credentials
from sod_analyzer.cloud.aws.credentials import Credentials, Key
from tests.cloud.aws.kit import ONE

COLUMNS = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used",
    "password_last_changed", "password_next_rotation", "mfa_active", "access_key_1_active",
    "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region",
    "access_key_1_last_used_service", "access_key_2_active", "access_key_2_last_rotated",
    "access_key_2_last_used_date", "access_key_2_last_used_region",
    "access_key_2_last_used_service", "cert_1_active", "cert_1_last_rotated", "cert_2_active",
    "cert_2_last_rotated",
)  # fmt: skip
MADE = "2024-01-02T03:04:05+00:00"
LATER = "2026-10-01T12:00:00+02:00"
ROOT, ANN, BOT = (f"arn:aws:iam::{ONE}:{name}" for name in ("root", "user/ann", "user/bot"))


def line(user: str, arn: str, **cells: str) -> str:
    plain = dict.fromkeys(COLUMNS, "N/A") | {
        "user": user, "arn": arn, "user_creation_time": MADE, "password_enabled": "false",
        "mfa_active": "false", "access_key_1_active": "false", "access_key_2_active": "false",
    }  # fmt: skip
    return ",".join((plain | cells)[column] for column in COLUMNS)


HEAD = ",".join(COLUMNS)
REPORT = "\n".join(
    (
        HEAD,
        line(
            "<root_account>", ROOT, password_enabled="not_supported",  # noqa: S106 - a column
            password_last_used=LATER, mfa_active="true",
        ),
        line(
            "ann", ANN, password_enabled="true", password_last_used="no_information",  # noqa: S106
            password_last_changed=MADE,
        ),
        line(
            "bot", BOT, access_key_1_active="true", access_key_1_last_rotated=MADE,
            access_key_1_last_used_date=LATER, access_key_2_last_rotated=MADE,
        ),
    )
)  # fmt: skip
FIRST = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
LAST = datetime(2026, 10, 1, 10, tzinfo=UTC)
#: What those lines mean, by hand.
EXPECTED = {
    ROOT: Credentials(
        ROOT, "<root_account>", root=True, created_at=FIRST, password=None,
        password_used_at=LAST, password_changed_at=None, mfa=True, keys=(),
    ),
    ANN: Credentials(
        ANN, "ann", root=False, created_at=FIRST, password=True, password_used_at=None,
        password_changed_at=FIRST, mfa=False, keys=(),
    ),
    BOT: Credentials(
        BOT, "bot", root=False, created_at=FIRST, password=False, password_used_at=None,
        password_changed_at=None, mfa=False,
        keys=(Key(1, active=True, rotated_at=FIRST, used_at=LAST),
              Key(2, active=False, rotated_at=FIRST)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "export",
    [
        REPORT,
        "\ufeff" + REPORT.replace("\n", "\r\n") + "\r\n",
        {"Content": base64.b64encode(REPORT.encode()).decode(), "ReportFormat": "text/csv"},
        {"Content": REPORT},
    ],
    ids=["text", "text of a spreadsheet", "base 64", "an object with text"],
)
def test_a_report_says_what_each_login_signs_in_with(export: object) -> None:
    found = credentials.read([("report.csv", export)])

    assert found.problems == ()
    assert found.logins == EXPECTED
    assert [each.usable for _, each in sorted(found.logins.items())] == [None, True, True]


def test_a_login_without_password_and_active_key_cannot_sign_in() -> None:
    text = f"{HEAD}\n{line('old', ANN, access_key_1_last_rotated=MADE)}\n"

    [found] = credentials.read([("report.csv", text)]).logins.values()

    assert found.usable is False
    assert found.keys == (Key(1, active=False, rotated_at=FIRST),)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (line("ann", "ann"), "line 2: 'ann' is no ARN; the row is left out"),
        ("ann,x", "line 2: it has 2 fields, expected 22; it is left out"),
        (line("ann", ANN, mfa_active="yes"), "line 2: mfa_active is 'yes', not true or false"),
        (line("ann", ANN, password_last_used="soon"), "password_last_used is 'soon', no date"),  # noqa: S106
        (
            line("ann", ANN, access_key_1_last_rotated="2024-01-02T03:04:05"),
            "line 2: access_key_1_last_rotated is '2024-01-02T03:04:05', without a time zone",
        ),
        (
            line("ann", ANN) + "\n" + line("ann", ANN, mfa_active="true"),
            f"line 3: {ANN} is there twice and differs; the first is taken",
        ),
        ('"ann', "line 2: unexpected end of data; what follows is left out"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(rows: str, said: str) -> None:
    found = credentials.read([("report.csv", f"{HEAD}\n{rows}")])

    assert len(found.problems) == 1
    assert found.problems[0].startswith("report.csv: line ")
    assert said in found.problems[0]


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ("", "it is empty"),
        ("user,arn\n", "lacks password_enabled, mfa_active, access_key_1_active"),
        ({"State": "COMPLETE"}, "is no credential report"),
        ({"Content": "§"}, "is no text in base 64"),
        (None, "null is no credential report"),
    ],
)
def test_what_is_no_report_is_said(export: object, said: str) -> None:
    found = credentials.read([("report.csv", export)])

    assert found.logins == {}
    assert said in found.problems[0]


@given(st.lists(st.lists(st.text(max_size=5), min_size=20, max_size=23), max_size=4))
def test_no_row_is_dropped_in_silence(rows: list[list[str]]) -> None:
    text = "\n".join([HEAD, *(",".join(row) for row in rows)])

    found = credentials.read([("report.csv", text)])

    # None of these has an ARN.
    assert found.logins == {}
    assert bool(found.problems) == any("".join(row) or row for row in rows)
