"""The roster: people, their status, and rows that contradict each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.documents import Problems, bind, bound, read_document
from sod_analyzer.errors import ConfigError
from sod_analyzer.importers.hr import HrOptions, RosterColumns
from sod_analyzer.model.access import IdentityClass, Status
from tests.importers.tabular_kit import Loaded, run


def load(base: Path, text: str, **keys: Any) -> Loaded:
    (base / "roster.csv").write_text(text)
    return run(base, "hr", "roster.csv", **keys)


def people(loaded: Loaded, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in loaded.rows("identities")]


def test_common_header_names_are_understood(tmp_path: Path) -> None:
    text = (
        "Employee ID;Full Name;E-Mail;Manager ID;Dept;Job Title;Status;Worker Type;"
        "Hire Date;End Date;Shoe size\n"
        "007;Ann Lee;ann@x;12;Risk;Analyst;Active;Employee;2020-01-02;;38\n"
    )

    loaded = load(tmp_path, text)

    (row,) = loaded.rows("identities")
    assert row == {
        "identity": "sys:007",
        "name": "Ann Lee",
        "email": "ann@x",
        "employee_id": "007",
        "manager": "12",
        "department": "Risk",
        "title": "Analyst",
        "status": "active",
        "kind": "person",
        "start_on": date(2020, 1, 2),
        "end_on": None,
        "source_id": "src",
        "record": 2,
    }
    assert loaded.issues == []
    assert (loaded.source["kind"], loaded.source["status"]) == ("hr", "read")


def test_stated_columns_win_over_common_names(tmp_path: Path) -> None:
    text = "emp_no,PNr,name,Vorgesetzter\n1,2,Ann,3\n"

    loaded = load(tmp_path, text, columns=RosterColumns(employee_id="PNr", manager="Vorgesetzter"))

    assert people(loaded, "employee_id", "name", "manager") == [("2", "Ann", "3")]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Active", "active"),
        ("A", "active"),
        ("On leave", "active"),
        ("Maternity-Leave", "active"),
        ("LEAVER", "leaver"),
        ("Terminated", "leaver"),
        ("inactive", "leaver"),
        ("future", "future"),
        ("Pre-Hire", "future"),
    ],
)
def test_status_words_are_understood(tmp_path: Path, word: str, expected: str) -> None:
    loaded = load(tmp_path, f"employee_id,status\n1,{word}\n")

    assert people(loaded, "status") == [(expected,)]
    assert loaded.issues == []


def test_status_words_can_be_stated_and_overruled(tmp_path: Path) -> None:
    text = "employee_id,status\n1,Weg\n2,inactive\n"
    words = {Status.LEAVER: ("weg",), Status.ACTIVE: ("Inactive",)}

    loaded = load(tmp_path, text, status=words)

    assert people(loaded, "status") == [("leaver",), ("active",)]


def test_an_unknown_or_empty_status_counts_as_active(tmp_path: Path) -> None:
    loaded = load(tmp_path, "employee_id,status\n1,Gone fishing\n2,\n3,Gone fishing\n")

    assert people(loaded, "status") == [("active",)] * 3
    assert loaded.issues == [("unknown-value", "no", 3), ("unknown-value", "no", 2)]
    assert loaded.texts("unknown-value") == [
        "roster.csv: '' is no known status; taken as active, so that nothing is missed (1 record)",
        (
            "roster.csv: 'Gone fishing' is no known status; taken as active, so that nothing is "
            "missed (2 records)"
        ),
    ]


def test_a_stated_status_is_believed_over_the_dates(tmp_path: Path) -> None:
    loaded = load(tmp_path, "employee_id,status,end_on\n1,active,2020-01-01\n")

    assert people(loaded, "status", "end_on") == [("active", date(2020, 1, 1))]


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        ("", "2026-10-29", "UTC", "leaver"),
        ("", "2026-10-30", "UTC", "active"),
        ("", "2026-10-30", "Asia/Tokyo", "leaver"),
        ("2026-10-31", "", "UTC", "future"),
        ("2026-10-31", "", "Asia/Tokyo", "active"),
        ("2026-10-30", "", "UTC", "active"),
        ("", "", "UTC", "active"),
    ],
)
def test_without_a_status_column_the_dates_tell(
    tmp_path: Path, start: str, end: str, zone: str, expected: str
) -> None:
    """The last day is worked; the day is that of the extraction, in the roster's zone."""
    text = f"employee_id,start_on,end_on\n1,{start},{end}\n"

    loaded = load(tmp_path, text, more={"timezone": zone})

    assert people(loaded, "status") == [(expected,)]


@pytest.mark.parametrize(
    ("word", "expected", "issues"),
    [
        ("Contractor", "vendor", 0),
        ("full-time", "person", 0),
        ("Robot", "workload", 0),
        ("", "person", 0),
        ("Alien", "person", 1),
    ],
)
def test_classes_of_people_are_understood(
    tmp_path: Path, word: str, expected: str, issues: int
) -> None:
    loaded = load(tmp_path, f"employee_id,class\n1,{word}\n")

    assert people(loaded, "kind") == [(expected,)]
    assert len(loaded.issues) == issues


def test_a_row_without_an_employee_id_could_hide_a_person(tmp_path: Path) -> None:
    loaded = load(tmp_path, "employee_id,name\n ,Ann\n2,Ben\n")

    assert people(loaded, "employee_id") == [("2",)]
    assert loaded.issues == [("missing-value", "yes", 2)]
    assert loaded.waterfall == {"lines": 3, "header": 1, "rejected": 1, "loaded": 1}


def test_two_rows_for_one_person_are_named_and_the_first_is_kept(tmp_path: Path) -> None:
    text = "employee_id,name\n1,Ann\n1,Ann\n1,Anna\n"

    loaded = load(tmp_path, text)

    assert people(loaded, "employee_id", "name", "record") == [("1", "Ann", 2)]
    assert loaded.issues == [("conflicting-identity", "yes", 4)]
    assert loaded.rows("issues")[0]["subject"] == "1"
    assert loaded.texts("conflicting-identity") == [
        (
            "roster.csv: record not loaded: line 4 says of employee id '1' other things than "
            "line 2, which was kept"
        )
    ]
    assert loaded.waterfall == {
        "lines": 4,
        "header": 1,
        "rejected": 1,
        "duplicate": 1,
        "loaded": 1,
    }


def test_a_person_in_two_files_is_named_with_both(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("employee_id,name\n1,Ann\n")
    (tmp_path / "b.csv").write_text("employee_id,name\n1,Ann\n")

    loaded = run(tmp_path, "hr", "*.csv")

    assert loaded.texts("conflicting-identity") == [
        (
            "b.csv: record not loaded: line 2 says of employee id '1' other things than "
            "a.csv line 2, which was kept"
        )
    ]
    assert [row["loaded"] for row in loaded.rows("sources")] == [1, 0]


def test_people_can_be_skipped_by_a_reason_that_is_counted(tmp_path: Path) -> None:
    text = "employee_id,company\n1,Northbank\n2,Other\n"

    loaded = load(tmp_path, text, skip={"company": ("Other",)})

    assert people(loaded, "employee_id") == [("1",)]
    assert loaded.source["filtered_why"] == "1 company is 'Other'"


def test_an_unreadable_day_is_an_issue(tmp_path: Path) -> None:
    loaded = load(tmp_path, "employee_id,end_on\n1,31.12.2025\n")

    assert people(loaded, "status", "end_on") == [("active", None)]
    assert loaded.issues == [("unreadable-date", "no", 2)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Person,name", "no column for employee_id; known: 'Person', 'name'"),
        ("emp_no,employee_id", "employee_id could be 'emp_no' or 'employee_id'"),
    ],
)
def test_a_doubtful_header_fails_the_file(tmp_path: Path, header: str, message: str) -> None:
    loaded = load(tmp_path, f"{header}\n1,2\n")

    assert loaded.source["status"] == "failed"
    assert loaded.texts("unreadable-file")[0].startswith(f"roster.csv: {message}")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"status": {Status.ACTIVE: ("x",), Status.LEAVER: ("X",)}},
            "'x' is listed for two meanings",
        ),
        ({"status": {Status.UNKNOWN: ("x",)}}, "a roster cannot say unknown"),
        ({"delimiter": "ab"}, "is not one character"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, "employee_id\n1\n", **keys)


def test_options_come_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "o.yaml"
    path.write_text(
        "columns: {employee_id: PNr}\nstatus: {leaver: [weg]}\nkind: {vendor: [Extern]}\n"
        "date_format: '%d.%m.%Y'\ndelimiter: tab\n"
    )
    problems = Problems("o.yaml", ConfigError)

    options = bound(
        bind(read_document(path, error=ConfigError).root, HrOptions, problems), problems
    )

    assert options.columns == RosterColumns(employee_id="PNr")
    assert options.status == {Status.LEAVER: ("weg",)}
    assert options.kind == {IdentityClass.VENDOR: ("Extern",)}
    assert (options.date_format, options.delimiter) == ("%d.%m.%Y", "tab")
