"""What a register of mitigations means, in each of its formats, and how its mistakes are told."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell import Cell

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.access import SOURCES
from sod_analyzer.model.mitigation import Mitigation, Pin
from sod_analyzer.rules.pins import Pins, load_pins, pins_text, write_pins
from sod_analyzer.rules.register import Register, load_register

FULL = """\
# What we live with until the team grows
mitigations:
  M-002:
    rule: DEV-02
    place: payments
    control: CC-CODE
    owner: E2000
    approver: E2001
    performer: E2002
    approved_on: 2026-03-01
    valid_until: 2026-03-31
    evidence: wiki page 7
  M-001:
    rule: DEV-01
    people: [E1001, E1002]
    places: [payments, lending]
    control: CC-DEPLOY
    owner: E2000
    approver: E2001
    performer: E2002
    approved_on: 2026-01-01
    valid_until: 2026-12-31
    frequency: weekly
    last_performed: 2026-10-25
    evidence: tickets CHG-1 to CHG-9
"""
HEADER: list[object] = [
    *("ID", "Rule", "People", "Places", "Control", "Owner", "Approver", "Performer"),
    *("Approved on", "Valid until", "Frequency", "Last performed", "Evidence"),
]
TABLE: list[list[object]] = [
    [
        *("M-002", "DEV-02", None, "payments", "CC-CODE", "E2000", "E2001", "E2002"),
        *(date(2026, 3, 1), date(2026, 3, 31), None, None, "wiki page 7"),
    ],
    [
        *("M-001", "DEV-01", "E1001; E1002", "payments;lending", "CC-DEPLOY"),
        *("E2000", "E2001", "E2002", datetime(2026, 1, 1), date(2026, 12, 31)),  # noqa: DTZ001
        *("weekly", "2026-10-25", "tickets CHG-1 to CHG-9"),
    ],
]


def loaded(folder: Path, content: str, *, pins: Pins | None = None) -> Register:
    path = folder / "mitigations.yaml"
    path.write_text(content, encoding="utf-8")
    return load_register(path, pins=pins)


def workbook(folder: Path, rows: list[list[object]], *, sheet: str = "Register") -> Path:
    book = Workbook()
    assert book.active is not None
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    path = folder / "mitigations.xlsx"
    book.save(path)
    return path


def table(folder: Path, rows: list[list[object]], *, delimiter: str = ",") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(
        [
            [cell.isoformat()[:10] if isinstance(cell, date) else cell for cell in row]
            for row in rows
        ]
    )
    path = folder / "mitigations.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        load_register(path)
    return [str(problem) for problem in caught.value.problems]


def test_lists_become_one_mitigation_each_sorted(tmp_path: Path) -> None:
    found = loaded(tmp_path, FULL).mitigations

    assert [(m.mitigation_id, m.subject_key, m.place) for m in found] == [
        ("M-001", "E1001", "lending"),
        ("M-001", "E1001", "payments"),
        ("M-001", "E1002", "lending"),
        ("M-001", "E1002", "payments"),
        ("M-002", "payments", "payments"),
    ]
    assert found[0] == Mitigation(
        mitigation_id="M-001",
        control="CC-DEPLOY",
        rule_id="DEV-01",
        subject_key="E1001",
        place="lending",
        owner="E2000",
        approver="E2001",
        performer="E2002",
        approved_on=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        frequency_days=7,
        last_performed=date(2026, 10, 25),
        evidence="tickets CHG-1 to CHG-9",
    )
    assert [str(m.where) for m in found] == [
        *("mitigations.yaml:13",) * 4,
        "mitigations.yaml:3",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_says_the_same_as_the_yaml(tmp_path: Path, delimiter: str) -> None:
    path = table(tmp_path, [HEADER, *TABLE], delimiter=delimiter)

    found = load_register(path)

    wanted = loaded(tmp_path, FULL)
    assert (found.mitigations, found.digest) == (wanted.mitigations, wanted.digest)
    assert str(found.mitigations[-1].where) == "mitigations.csv:2"


def test_a_workbook_says_the_same_as_the_yaml(tmp_path: Path) -> None:
    path = workbook(tmp_path, [[], HEADER, [], *TABLE])

    found = load_register(path)

    wanted = loaded(tmp_path, FULL)
    assert (found.mitigations, found.digest) == (wanted.mitigations, wanted.digest)
    assert str(found.mitigations[-1].where) == "mitigations.xlsx:4 (Register!4)"
    assert found.content == path.read_bytes()


def test_employee_numbers_keep_the_zeros_that_excel_shows(tmp_path: Path) -> None:
    path = tmp_path / "mitigations.xlsx"
    book = Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.active.append([*TABLE[0][:2], 42, *TABLE[0][3:]])
    book.active["C2"].number_format = "00000"
    book.save(path)

    (found,) = load_register(path).mitigations

    assert found.subject_key == "00042"


@pytest.mark.parametrize(
    ("rows", "source"),
    [
        ("yaml", ("line", "line {record}", 25, 23, 0, 0, 2)),
        ("csv", ("line", "line {record}", 3, 0, 1, 0, 2)),
        ("xlsx", ("row", "row {record}", 5, 0, 1, 2, 2)),
    ],
)
def test_the_file_has_a_row_of_sources_whose_waterfall_adds_up(
    tmp_path: Path, rows: str, source: tuple[object, ...]
) -> None:
    if rows == "yaml":
        found = loaded(tmp_path, FULL)
    elif rows == "csv":
        found = load_register(table(tmp_path, [HEADER, *TABLE]))
    else:
        found = load_register(workbook(tmp_path, [[], HEADER, [], *TABLE]))

    row = found.source
    assert set(row) <= set(SOURCES.names)
    told = ("unit", "record_template", "lines", "continued", "header", "blank", "loaded")
    assert tuple(row[key] for key in told) == source


def test_comments_order_and_performances_do_not_change_the_digest(tmp_path: Path) -> None:
    head, _, first = FULL.partition("  M-001:")
    start, _, second = head.partition("mitigations:\n")
    turned = f"mitigations:\n  M-001:{first}{second}".replace("2026-10-25", "2026-10-30")

    assert start
    assert loaded(tmp_path, turned).digest == loaded(tmp_path, FULL).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("valid_until: 2026-12-31", "valid_until: 2027-12-31"),
        (
            "performer: E2002\n    approved_on: 2026-01",
            "performer: E2003\n    approved_on: 2026-01",
        ),
        ("people: [E1001, E1002]", "people: [E1001, E1003]"),
        ("weekly", "monthly"),
        ("CHG-1 to", "CHG-2 to"),
    ],
)
def test_what_was_approved_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert old in FULL

    assert loaded(tmp_path, FULL.replace(old, new)).digest != loaded(tmp_path, FULL).digest


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", 1),
        ("weekly", 7),
        ("monthly", 31),
        ("quarterly", 92),
        ("yearly", 366),
        ("30 days", 30),
        ("1 day", 1),
    ],
)
def test_each_frequency_is_a_number_of_days(tmp_path: Path, text: str, days: int) -> None:
    found = loaded(tmp_path, FULL.replace("weekly", text)).mitigations

    assert found[0].frequency_days == days


# Each: what stands in FULL, what is written instead, and the message with its line.
FAULTS = [
    (
        "people: [E1001, E1002]",
        "people: ['*']",
        "15: M-001: people: '*' is a wildcard; name each person, as a list",
    ),
    (
        "people: [E1001, E1002]",
        "person: all",
        "15: M-001: person: 'all' is a wildcard; name each person, as a list",
    ),
    (
        "places: [payments, lending]",
        "place: pay*",
        "16: M-001: place: 'pay*' is a wildcard; name each place, as a list",
    ),
    (
        "places: [payments, lending]",
        "places: [payments, ALL]",
        "16: M-001: places: 'ALL' is a wildcard; name each place, as a list",
    ),
    ("rule: DEV-01", 'rule: "DEV-*"', "14: M-001: rule: 'DEV-*' is a wildcard; name each rule"),
    (
        "    approver: E2001\n    performer: E2002\n    approved_on: 2026-01",
        "    performer: E2002\n    approved_on: 2026-01",
        "13: M-001: 'approver' is missing: who approved it, by employee id",
    ),
    (
        "    evidence: wiki page 7\n",
        "",
        "3: M-002: 'evidence' is missing: where to see that the control is performed",
    ),
    (
        "    owner: E2000\n    approver: E2001\n    performer: E2002\n    approved_on: 2026-03",
        "    owner: ''\n    approver: E2001\n    performer: E2002\n    approved_on: 2026-03",
        "7: M-002: 'owner' is missing: who answers for it, by employee id",
    ),
    (
        "valid_until: 2026-03-31",
        "valid_until: 2026-02-28",
        "11: M-002: valid_until: 2026-02-28 is before 2026-03-01, when it was approved",
    ),
    (
        "valid_until: 2026-03-31",
        "valid_until: 31/03/2026",
        "11: M-002: valid_until: '31/03/2026' is not a date, such as 2026-10-31",
    ),
    (
        "valid_until: 2026-03-31",
        "valid_until: 2026-02-30",
        "11: M-002: valid_until: '2026-02-30' is no day of the calendar",
    ),
    (
        "last_performed:",
        "last_preformed:",
        "24: M-001: unknown key 'last_preformed'; did you mean 'last_performed'?",
    ),
    (
        "weekly",
        "weakly",
        (
            "23: M-001: frequency: 'weakly' is neither daily, weekly, monthly, quarterly, yearly "
            "nor a number such as '30 days'; did you mean 'weekly'?"
        ),
    ),
    (
        "people: [E1001, E1002]",
        "people: [E1001, E1001]",
        "15: M-001: people: 'E1001' stands twice",
    ),
    (
        "people: [E1001, E1002]",
        "people: [E1001]\n    person: E1002",
        "15: M-001: has both 'person' and 'people'; keep one",
    ),
    ("people: [E1001, E1002]", "people: []", "15: M-001: people: is empty"),
    ("    place: payments\n", "", "3: M-002: 'place' is missing"),
    ("  M-002:", "  M 002:", "3: M 002: an id has letters, digits"),
    ("  M-002:", "  M-001:", "13: key 'M-001' stands twice, first in line 3"),
    ("control: CC-CODE", "control: [CC-CODE, CC-X]", "6: M-002: control: must be one, not a list"),
    ("control: CC-CODE", "control: {id: CC-CODE}", "6: M-002: control is a mapping"),
    ("mitigations:", "mitigation:", "2: key 'mitigations' is missing"),
    ("mitigations:", "mitigation:", "2: unknown key 'mitigation'; known: 'mitigations'"),
    (
        "  M-002:\n    rule: DEV-02\n    place: payments",
        "  M-002:\n    rule: DEV-01\n    person: E1001\n    place: payments",
        (
            "3: M-002: DEV-01 for E1001 in payments stands twice: M-001 in line 14 holds until "
            "2026-12-31; remove one, or end it before the other is approved"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FULL
    path = tmp_path / "mitigations.yaml"
    path.write_text(FULL.replace(old, new, 1), encoding="utf-8")

    messages = refusal(path)

    # One mistake may stand for several lines: the ones after an inserted line move by one.
    assert [m for m in messages if m.startswith(f"mitigations.yaml:{message}")] != [], messages


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = FULL.replace("weekly", "weakly").replace("rule: DEV-02", "rule: all")
    path = tmp_path / "mitigations.yaml"
    path.write_text(text.replace("place: payments", "place: '?'"), encoding="utf-8")

    assert [message.split(":")[1] for message in refusal(path)] == ["4", "5", "23"]


def test_a_renewal_may_follow_when_the_earlier_one_is_over(tmp_path: Path) -> None:
    later = FULL.partition("  M-001:")[0].partition("mitigations:\n")[2]
    later = later.replace("M-002", "M-003").replace("2026-03-01", "2026-04-01")

    found = loaded(tmp_path, FULL + later.replace("2026-03-31", "2026-06-30"))

    assert [m.mitigation_id for m in found.mitigations if m.rule_id == "DEV-02"] == [
        "M-002",
        "M-003",
    ]


# Each: row, column and value to put into the sheet, and the message with its cell.
CELL_FAULTS = [
    (2, "J", "=TODAY()", "2 (Register!J2): M-002: valid_until is a formula; write the value"),
    (2, "G", "=B2", "2 (Register!G2): M-002: approver is a formula; write the value"),
    (3, "C", "E1001; *", "3 (Register!C3): M-001: people: '*' is a wildcard"),
    (3, "D", "all", "3 (Register!D3): M-001: places: 'all' is a wildcard"),
    (2, "G", None, "2 (Register!2): M-002: 'approver' is missing: who approved it"),
    (2, "I", 46000, "2 (Register!I2): M-002: approved_on: '46000' is not a date"),
    (2, "I", datetime(2026, 3, 1, 9, 30), "2 (Register!I2): M-002: approved_on: '2026-03-01 09:30"),  # noqa: DTZ001
    (3, "A", "M-002", "3 (Register!A3): M-002: stands twice, first in Register!2"),
    (3, "A", None, "3 (Register!3): the id is empty"),
    (3, "A", "=A2", "3 (Register!A3): the id is a formula; write the value"),
    (1, "G", "Aprover", "1 (Register!G1): unknown column 'Aprover'; did you mean 'approver'?"),
    (1, "G", None, "1: there is no column 'approver': who approved it, by employee id"),
    (1, "G", "Owner", "1 (Register!G1): column 'owner' stands twice"),
    (1, "A", "Number", "1: there is no column 'id'"),
    (2, "P", "note", "2 (Register!P2): 'note' stands in a column without a name"),
]


@pytest.mark.parametrize(("row", "column", "value", "message"), CELL_FAULTS)
def test_each_mistake_in_a_workbook_is_told_with_its_cell(
    tmp_path: Path, row: int, column: str, value: object, message: str
) -> None:
    path = tmp_path / "mitigations.xlsx"
    book = Workbook()
    assert book.active is not None
    book.active.title = "Register"
    for each in (HEADER, *TABLE):
        book.active.append(each)
    cell = book.active[f"{column}{row}"]
    assert isinstance(cell, Cell)
    cell.value = value  # type: ignore[assignment]
    if isinstance(value, int):
        cell.number_format = "General"  # a number, not a day
    book.save(path)

    messages = refusal(path)

    assert [m for m in messages if m.startswith(f"mitigations.xlsx:{message}")] != [], messages


def test_a_missing_column_is_one_problem_and_not_one_for_every_row(tmp_path: Path) -> None:
    rows = [[*row[:6], *row[7:]] for row in [HEADER, *TABLE]]

    assert refusal(table(tmp_path, rows)) == [
        "mitigations.csv:1: there is no column 'approver': who approved it, by employee id"
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.yaml", None, "gone.yaml: no such file"),
        ("gone.xlsx", None, "gone.xlsx: no such file"),
        (
            "register.txt",
            b"id",
            "register.txt: a register of mitigations is a .yaml, .xlsx or .csv",
        ),
        ("empty.csv", b"", "empty.csv: the file is empty"),
        ("blank.csv", b"\n,,\n", "blank.csv: there is no header, only empty rows"),
        ("latin.csv", b"id,rule\n\nM\xfcller,x\n", "latin.csv:3: not UTF-8: byte 0xFC"),
        ("open.csv", b'id,rule\n"M-1,x\n', "open.csv:2: not valid CSV"),
        ("text.xlsx", b"not a zip", "text.xlsx: the workbook cannot be read: BadZipFile"),
        ("old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old.xlsx: an old binary workbook"),
    ],
)
def test_a_file_that_is_no_register_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    (found, *_) = refusal(tmp_path / name)

    assert found.startswith(message)


def test_a_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (101 * 1024**2))

    (message,) = refusal(path)

    assert "unpacks to" in message


def test_a_row_number_beyond_reason_is_refused_at_once(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEADER, *TABLE])
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(damaged, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b'<row r="3"', b'<row r="999999999"')
            new.writestr(name, content)

    (message,) = refusal(damaged)

    assert "row 999,999,999 follows row 2" in message


def test_of_several_sheets_the_one_called_mitigations_counts(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = Workbook()
    assert book.active is not None
    book.active.title = "Notes"
    sheet = book.create_sheet("Mitigation")
    for row in (HEADER, *TABLE):
        sheet.append(row)
    book.save(path)
    (message,) = refusal(path)
    sheet.title = "mitigations"
    book.save(path)

    assert message == (
        "book.xlsx: several sheets, and none is called 'Mitigations'; did you mean 'Mitigation'?"
    )
    assert len(load_register(path).mitigations) == 5


# -- pins ------------------------------------------------------------------------------------------

PIN = Pin("abc", ("held, sure",), {"commit": ("github: push",), "deploy": ("k8s: a", "k8s: b")})


def test_a_pin_finds_its_mitigation(tmp_path: Path) -> None:
    pins = Pins("digest", {("M-001", "E1002", "lending"): PIN, ("M-009", "x", "y"): PIN})

    found = loaded(tmp_path, FULL, pins=pins)

    assert [m.pin for m in found.mitigations] == [None, None, PIN, None, None]
    assert (found.pinned_digest, loaded(tmp_path, FULL).pinned_digest) == ("digest", None)


def test_pins_are_read_as_they_were_written_and_always_the_same(tmp_path: Path) -> None:
    one = Pins("d", {("M-2", "E2", "b"): Pin("r", (), {}), ("M-1", "E1", "a"): PIN})
    other = Pins("d", dict(sorted(one.pins.items())))
    path = tmp_path / "approvals" / "pins.yaml"

    write_pins(path, one)

    assert load_pins(path) == other
    assert pins_text(one) == pins_text(other)
    assert [each.name for each in path.parent.iterdir()] == ["pins.yaml"]


def test_no_pins_are_no_file(tmp_path: Path) -> None:
    assert load_pins(tmp_path / "pins.yaml") is None


NASTY = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.tuples(NASTY, NASTY, NASTY), NASTY, st.lists(NASTY, max_size=3, unique=True))
def test_any_text_in_a_pin_comes_back(
    key: tuple[str, str, str], duty: str, ways: list[str]
) -> None:
    pins = Pins("d", {key: Pin("r", tuple(ways), {duty: tuple(sorted(ways))})})

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pins.yaml"
        write_pins(path, pins)

        assert load_pins(path) == pins


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "held, sure",
            "held, conditional",
            "3: digest: the file does not fit it, so it was changed",
        ),
        ('register: "d"', 'register: "e"', "3: digest: the file does not fit it"),
        ("    means:", "    mean:", "9: pins[0]: unknown key 'mean'; did you mean 'means'?"),
    ],
)
def test_pins_changed_by_hand_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "pins.yaml"
    write_pins(path, Pins("d", {("M-1", "E1", "a"): PIN}))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(RulesetError) as caught:
        load_pins(path)

    messages = [str(problem) for problem in caught.value.problems]
    assert [m for m in messages if m.startswith(f"pins.yaml:{message}")] != [], messages
