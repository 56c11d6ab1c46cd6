"""Texts and days cleaned many at a time are what they are one by one."""

from __future__ import annotations

from datetime import date
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.importers.tabular import days, words
from sod_analyzer.importers.tabular.days import Days, instants, read_days
from sod_analyzer.importers.tabular.options import Column
from sod_analyzer.importers.tabular.values import DayField, TextField, TextRule, Texts
from sod_analyzer.importers.tabular.words import BLANKS, Words, clean_all

LETTERS = st.sampled_from(
    [*"abAB;@\\ \t", "\u00c4", "\u00e4", "\u0130", "\u03a3", "\u2003", "\u212a"]
)
TEXTS = st.text(LETTERS, max_size=6)
RULES = st.builds(
    TextRule,
    column=st.builds(
        Column,
        lower=st.booleans(),
        strip_prefix=st.sampled_from(["", "A", "b\\", "\u00e4"]),
        strip_suffix=st.sampled_from(["", "B", "@a"]),
    ),
    constant=st.sampled_from([None, "a", "Z"]),
    translate=st.sampled_from([None, {"a": "A", "b": "", "B": "\u0130"}]),
    strict=st.booleans(),
    separator=st.sampled_from([None, ";", "@"]),
)


def test_blanks_are_what_strip_takes_away() -> None:
    assert sorted(BLANKS) == [chr(n) for n in range(0x110000) if chr(n).isspace()]


def one_by_one(found: Words, raw: int) -> Texts:
    """The values of one raw text."""
    if found.several is not None:
        counts, codes = found.several.expand(np.array([raw], dtype=np.int32))
        assert counts.tolist() == [len(codes)]
    else:
        first = int(found.words(np.array([raw], dtype=np.int32))[0])
        codes = np.array([first][: first >= 0], dtype=np.int32)
    return Texts(
        tuple(found.values[int(code)].as_py() for code in found.value(codes)),
        tuple(found.written[int(code)].as_py() for code in codes),
        found.unlisted.get(raw, ()),
    )


@given(rule=RULES, raw=st.lists(TEXTS, unique=True, max_size=8), few=st.sampled_from([0, 64]))
@settings(max_examples=200)
def test_texts_are_cleaned_as_one_by_one(rule: TextRule, raw: list[str], few: int) -> None:
    if rule.strict and rule.translate is None:
        return  # no mapping has that

    with patch.object(words, "_FEW", few):
        found = clean_all(rule, pa.array(raw, pa.string()))

    assert [one_by_one(found, n) for n in range(len(raw))] == [rule.clean((each,)) for each in raw]
    assert len(set(found.values.to_pylist())) == len(found.values)


def test_a_domain_goes_and_letter_case_is_folded() -> None:
    rule = TextRule(Column(lower=True, strip_prefix="DOM\\"), separator=";")

    found = clean_all(rule, pa.array(["dom\\Ann", " ann", "Bob;ann", ""]))

    assert [one_by_one(found, n)[:2] for n in range(4)] == [
        (("ann",), ("Ann",)),
        (("ann",), ("ann",)),
        (("bob", "ann"), ("Bob", "ann")),
        ((), ()),
    ]


WRITTEN = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat()),
    st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}Z".rjust(20, "0")),
    st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z?)?\Z"),
    st.sampled_from(["", "soon", "0000-01-01", "2026-1-1", "2026-10-31T10:00", "2026-W01-1"]),
)


@given(
    texts=st.lists(WRITTEN, unique=True, max_size=10),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo"]),
    formats=st.sampled_from([(), ("%Y-%d-%m",)]),
)
@settings(max_examples=200)
def test_days_are_read_as_one_by_one(texts: list[str], zone: str, formats: tuple[str, ...]) -> None:
    reader = DayField(TextField(TextRule(Column()), (0,)), formats, ZoneInfo(zone))

    with patch.object(days, "_FEW", 0):
        found = read_days(reader, pa.array(texts, pa.string()))
    moments, place = instants(reader, found)

    expected = [reader.of(text) for text in texts]
    assert shown(found)[:-1] == [
        (day.day, day.moment is not None, day.midnight, day.unreadable is not None)
        for day in expected
    ]
    assert [None if code < 0 else moments[int(code)].as_py() for code in place[:-1]] == [
        reader.instant(day) for day in expected
    ]
    timed = [day.moment for day in expected if day.moment is not None]
    assert [
        pa.scalar(int(each), pa.timestamp("us", tz="UTC")).as_py()
        for each in found.moment[found.timed]
    ] == timed


def shown(found: Days) -> list[tuple[date | None, bool, bool, bool]]:
    plain = pa.array(found.day, mask=~found.known).cast(pa.date32()).to_pylist()
    flags = (found.timed.tolist(), found.midnight.tolist(), found.unreadable.tolist())
    return list(zip(plain, *flags, strict=True))


@pytest.mark.parametrize(
    ("text", "day", "hours"),
    [
        ("2024-02-29", date(2024, 2, 29), 0),
        ("2026-10-31T09:30:00", date(2026, 10, 31), 9),
        ("2026-02-29", None, 0),
        ("2100-02-29", None, 0),
        ("2026-13-01", None, 0),
        ("2026-10-31T09:60:00", None, 0),
    ],
)
def test_days_that_exist_and_days_that_do_not(text: str, day: date | None, hours: int) -> None:
    reader = DayField(TextField(TextRule(Column()), (0,)), (), ZoneInfo("UTC"))

    with patch.object(days, "_FEW", 0):
        found = read_days(reader, pa.array([text]))

    assert shown(found)[0][0] == day
    assert int(found.moment[0]) // 3_600_000_000 % 24 == hours
