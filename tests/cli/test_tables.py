"""Tables of text: nothing lost, nothing wider than the terminal."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sod_analyzer.cli.tables import Look, drawn

OPEN = Look(width=None, whole=(), styles={})
_TEXT = st.text(st.sampled_from("ab-. é日"), max_size=30).map(str.strip)


def narrow(width: int, *whole: str) -> Look:
    return Look(width=width, whole=whole, styles={})


def test_columns_are_as_wide_as_their_widest_cell_and_no_line_ends_in_blanks() -> None:
    assert drawn(["name", "rule_id"], [["Ann", "R-1"], ["Jo", ""]], OPEN) == [
        "name   rule id",
        "──────────────",
        "Ann    R-1",
        "Jo",
    ]


def test_a_cell_that_does_not_fit_is_broken_at_blanks() -> None:
    lines = drawn(["who", "path"], [["Ann", "one two three"]], narrow(14))

    assert lines[2:] == ["Ann   one two", "      three"]


def test_a_word_that_is_longer_than_its_column_is_broken_anywhere() -> None:
    lines = drawn(["who", "path"], [["Ann", "abcdefghijk"]], narrow(14))

    assert lines[2:] == ["Ann   abcdefgh", "      ijk"]


def test_the_widest_column_gives_way_first() -> None:
    lines = drawn(["a", "b"], [["x" * 4, "y" * 40]], narrow(27))

    assert lines[2:] == ["xxxx   " + "y" * 20, "       " + "y" * 20]


def test_columns_that_are_copied_stay_whole_while_the_others_can_be_read() -> None:
    row = ["F-0123456789ab", "a long story that is told at length"]

    lines = drawn(["finding", "story"], [row], narrow(30, "finding"))
    hopeless = drawn(["finding", "story"], [row], narrow(12, "finding"))

    assert any(line.startswith("F-0123456789ab   ") for line in lines)
    assert max(map(len, hopeless)) <= 12


def test_wide_letters_take_two_cells() -> None:
    assert drawn(["n", "m"], [["日本", "x"], ["abc", "y"]], OPEN)[2:] == ["日本   x", "abc    y"]


def test_only_known_cells_are_coloured_and_blanks_are_not() -> None:
    look = Look(width=None, whole=(), styles={"high": "\x1b[31m"})

    lines = drawn(["severity", "name"], [["high", "Ann"]], look)

    assert lines[0] == "\x1b[1mseverity\x1b[0m   \x1b[1mname\x1b[0m"
    assert lines[2] == "\x1b[31mhigh\x1b[0m       Ann"


def test_a_table_without_rows_has_its_head() -> None:
    assert drawn(["a"], [], OPEN) == ["a", "─"]


@settings(max_examples=100)
@given(st.lists(st.lists(_TEXT, min_size=3, max_size=3), max_size=5), st.integers(20, 60))
def test_folding_loses_no_letter_and_fits(rows: list[list[str]], width: int) -> None:
    lines = drawn(["a", "b", "c"], rows, narrow(width))

    assert all(cell_len(line) <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    seen = sorted(re.sub(r"\s", "", "".join(lines[2:])))
    assert seen == sorted(re.sub(r"\s", "", "".join(cell for row in rows for cell in row)))


@given(rows=st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_table_that_fits_is_drawn_as_if_nothing_could_be_folded(
    rows: list[tuple[str, ...]],
) -> None:
    columns = ["name", "rule_id", "path"]

    assert drawn(columns, rows, OPEN) == drawn(columns, rows, narrow(10_000))
