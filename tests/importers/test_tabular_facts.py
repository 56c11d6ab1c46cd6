"""What a mapping makes of hours, moments, modes of rights, and what is said of groups."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.importers.tabular.options import Columns, Relation
from tests.importers.tabular_kit import Loaded, run

DATED = Columns(account="Login", group="Team", valid_from="From", valid_until="Until")


def load(base: Path, text: str, columns: Columns, **keys: Any) -> Loaded:
    (base / "a.csv").write_text(text)
    return run(base, "csv", "a.csv", columns=columns, **keys)


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [
        ("2026-10-29T08:00", "2026-10-29T20:00", 12),
        ("2026-10-29 22:15:00", "2026-10-30 10:15:01", 13),
        ("2026-10-29T22:00:00Z", "2026-10-30T22:00:00+02:00", 22),
        ("29.10.2026 08:00", "30.10.2026 08:00", 24),
        # The clocks go back on 25 October: that night is an hour longer.
        ("2026-10-24T20:00", "2026-10-25T08:00", 13),
        ("2026-10-29T20:00", "2026-10-30T00:00", 4),
        ("2026-10-29T08:00", "2026-10-29T08:00", 0),
        ("2026-10-29", "2026-10-30T08:00", None),
        ("2026-10-29T08:00", "2026-10-30", None),
        ("2026-10-29T08:00", "", None),
        # So many exports write days.
        ("2026-10-29 00:00:00", "2026-10-30 00:00:00", None),
    ],
)
def test_hours_are_told_where_both_ends_have_a_time(
    tmp_path: Path, begins: str, ends: str, hours: int | None
) -> None:
    text = f"Login,Team,From,Until\na,t,{begins},{ends}\n"

    loaded = load(
        tmp_path, text, DATED, date_format="%d.%m.%Y %H:%M", more={"timezone": "Europe/Dublin"}
    )

    assert [row["lasts_hours"] for row in loaded.rows("grants")] == [hours]
    assert loaded.issues == []


def test_a_day_without_a_time_in_its_format_states_no_hours(tmp_path: Path) -> None:
    text = "Login,Team,From,Until\na,t,29.10.2026,30.10.2026\n"

    loaded = load(tmp_path, text, DATED, date_format="%d.%m.%Y")

    assert [row["lasts_hours"] for row in loaded.rows("grants")] == [None]


def test_a_time_before_the_beginning_of_the_same_day_limits_nothing(tmp_path: Path) -> None:
    text = "Login,Team,From,Until\na,t,2026-10-29T12:00,2026-10-29T11:45\n"

    loaded = load(tmp_path, text, DATED)

    (row,) = loaded.rows("grants")
    assert (row["valid_from"], row["valid_until"], row["lasts_hours"]) == (None, None, None)
    assert loaded.texts("impossible-validity") == [
        (
            "a.csv: valid from 2026-10-29T12:00:00Z until 2026-10-29T11:45:00Z; "
            "taken as valid at any time (1 record)"
        )
    ]


def test_an_account_has_the_moments_of_its_making_and_last_use(tmp_path: Path) -> None:
    columns = Columns(
        account="Login", created_at="Made", last_used_at="Used", expires_on="End", owner="Owner"
    )
    text = (
        "Login,Made,Used,End,Owner\n"
        "a,2026-01-31,2026-07-01T08:30:15,2026-12-31,007\n"
        "b,2026-07-01,,,\n"
        "c,9999-12-31T23:00:00,soon,,\n"
    )

    loaded = load(
        tmp_path, text, columns, relation=Relation.ACCOUNTS, more={"timezone": "Europe/Dublin"}
    )

    assert [
        (row["created_at"], row["last_used_at"], row["expires_on"], row["owner"])
        for row in loaded.rows("accounts")
    ] == [
        (
            datetime(2026, 1, 31, tzinfo=UTC),
            datetime(2026, 7, 1, 7, 30, 15, tzinfo=UTC),
            date(2026, 12, 31),
            "007",
        ),
        (datetime(2026, 6, 30, 23, tzinfo=UTC), None, None, None),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), None, None, None),
    ]
    assert loaded.issues == [("unreadable-date", "no", 4)]


def test_a_group_may_be_privileged_and_have_an_owner(tmp_path: Path) -> None:
    columns = Columns(account="Login", group="Team", privileged="Priv", group_owner="Owner")
    text = "Login,Team,Priv,Owner\na,t,yes,007\na,u,no,\na,v,perhaps,\na,w,,\n"

    loaded = load(tmp_path, text, columns)

    assert [(row["name"], row["privileged"], row["owner"]) for row in loaded.rows("roles")] == [
        ("t", True, "007"),
        ("u", False, None),
        ("v", True, None),
        ("w", None, None),
    ]
    assert loaded.issues == [("unknown-value", "no", 4)]


def test_a_right_may_need_an_approval_each_time(tmp_path: Path) -> None:
    columns = Columns(account="Login", permission="Right", resource="System", mode="Mode")
    text = "Login,Right,System,Mode\na,P,pay,2\nb,P,pay,1\nc,P,pay,\nd,P,pay,3\n"

    loaded = load(tmp_path, text, columns, translate={"mode": {"1": "alone", "2": "with-approval"}})

    modes = {row["entitlement"]: row["mode"] for row in loaded.rows("entitlements")}
    assert modes == {"sys:P@pay": "alone", "sys:P@pay (with-approval)": "with-approval"}
    assert [target for _, _, target, _ in loaded.grants] == [
        "sys:P@pay (with-approval)",
        "sys:P@pay",
        "sys:P@pay",
        "sys:P@pay",
    ]
    assert loaded.texts("unknown-value") == [
        (
            "a.csv: '3' is no mode of a right (alone, with-approval); taken as alone, "
            "so that the access counts (1 record)"
        )
    ]


def test_all_rights_of_a_source_may_need_an_approval(tmp_path: Path) -> None:
    columns = Columns(group="Team", permission="Right", resource="System")

    loaded = load(
        tmp_path, "Team,Right,System\nops,P,pay\n", columns, constants={"mode": "with-approval"}
    )

    (right,) = loaded.rows("entitlements")
    assert right["mode"] == "with-approval"
