"""Rows on stdout: as many as were asked for, and none made that is not printed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.cli import output
from sod_analyzer.cli.output import TABLE_ROWS, Pages, emit, harmless

_SETTINGS = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
_CELL = st.none() | st.booleans() | st.integers() | st.text()
_ANY = st.recursive(
    _CELL, lambda deep: st.lists(deep, max_size=3) | st.dictionaries(st.text(), deep, max_size=3)
)


def counted(count: int) -> tuple[Pages, list[int]]:
    """Numbered rows, and a list of those that were made."""
    made: list[int] = []

    def page(at: int, size: int) -> list[dict[str, int]]:
        made.extend(range(at, at + size))
        return [{"n": n} for n in range(at, at + size)]

    return Pages(count, page), made


def said(capsys: pytest.CaptureFixture[str], rows: Any, form: str, **more: Any) -> str:
    capsys.readouterr()
    emit(rows, ["n"], form=form, **more)
    return capsys.readouterr().out


def test_a_long_table_shows_its_first_rows_and_says_how_many_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages, made = counted(290_121)

    lines = said(capsys, pages, "table").splitlines()

    assert [line.strip() for line in lines[2:-1]] == [str(n) for n in range(TABLE_ROWS)]
    assert lines[-1] == "1,000 of 290,121 shown; --format csv for all"
    assert made == list(range(TABLE_ROWS))


def test_a_table_that_is_not_too_long_says_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    pages, _ = counted(TABLE_ROWS)

    assert len(said(capsys, pages, "table").splitlines()) == TABLE_ROWS + 2


@pytest.mark.parametrize("sized", [True, False])
def test_rows_that_are_no_pages_are_counted_too(
    capsys: pytest.CaptureFixture[str], *, sized: bool
) -> None:
    rows = [{"n": n} for n in range(1001)]

    text = said(capsys, rows if sized else iter(rows), "table")

    assert text.splitlines()[-1] == "1,000 of 1,001 shown; --format csv for all"


def test_every_other_format_has_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    expected = list(range(70_000))

    def numbers(form: str) -> Any:
        return said(capsys, counted(70_000)[0], form)

    assert [row["n"] for row in json.loads(numbers("json"))["rows"]] == expected
    assert [json.loads(line)["n"] for line in numbers("jsonl").splitlines()] == expected
    assert [int(n) for (n,) in list(csv.reader(io.StringIO(numbers("csv"))))[1:]] == expected
    assert [int(line.strip("| ")) for line in numbers("md").splitlines()[2:]] == expected


def test_pages_are_made_as_they_are_printed() -> None:
    pages, made = counted(200_000)

    reading = iter(pages)
    next(reading)
    first = len(made)
    for _ in range(1000):
        next(reading)

    assert (first, len(pages)) == (1000, 200_000)
    assert len(made) < 50_000


@_SETTINGS
@given(
    st.dictionaries(st.text(), _ANY, max_size=4).filter(lambda about: "rows" not in about),
    st.lists(st.fixed_dictionaries({"n": _ANY}), max_size=4),
)
def test_json_that_is_streamed_is_json_that_is_printed_whole(
    capsys: pytest.CaptureFixture[str], about: dict[str, Any], rows: list[Mapping[str, Any]]
) -> None:
    text = said(capsys, rows, "json", about=about)

    whole = json.dumps({**about, "rows": rows}, indent=2, ensure_ascii=False) + "\n"
    if harmless(whole.replace("\n", "")) == whole.replace("\n", ""):
        assert text == whole
    assert json.loads(text) == json.loads(whole)


@settings(max_examples=200)
@given(st.text(st.characters()))
def test_what_is_printable_is_harmless(text: str) -> None:
    """The quick look and the thorough one agree."""
    assert harmless(text) == output._HARMFUL.sub(lambda m: ascii(m[0])[1:-1], text)


def test_every_harmful_letter_is_unprintable() -> None:
    letters = [chr(n) for n in range(0x110000)]

    assert [letter for letter in letters if output._HARMFUL.match(letter)] == [
        letter for letter in letters if output._HARMFUL.match(letter) and not letter.isprintable()
    ]


def test_rows_that_fail_midway_fail_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Iterator[Mapping[str, Any]]:
        yield {"n": 1}
        raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        said(capsys, broken(), "json")


@pytest.mark.parametrize("form", ["csv", "jsonl", "md"])
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_rows_that_are_written_together_are_all_there_in_order(
    form: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"n": n} for n in range(count)]

    text = said(capsys, rows, form)

    begins = {"csv": ["n"], "jsonl": [], "md": ["| n |", "| --- |"]}[form]
    line = {"csv": "{}", "jsonl": '{{"n": {}}}', "md": "| {} |"}[form]
    assert text.splitlines() == begins + [line.format(n) for n in range(count)]
