"""One glob or two: matching, covering, sharing nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import product
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.globs import Glob, Wildcard, covers, disjoint, unnamed
from tests.cloud.glob_oracle import STRINGS, expression, patterns, strings, texts

MANY, ONE = Wildcard.MANY, Wildcard.ONE
ODD = "aAbB?*\n\r\0 /:${}éßİK\u212a\ud800\udfff\U0001f600"
SHORT = sorted({"".join(found) for size in range(4) for found in product("ab?*", repeat=size)})


@settings(max_examples=1_000)
@given(patterns, texts)
def test_matching_is_what_the_regular_expression_says(pattern: str, text: str) -> None:
    assert Glob.parse(pattern).matches(text) is (text in strings(pattern))


@given(st.text(ODD, max_size=8), st.text(ODD, max_size=8))
def test_odd_characters_are_characters(pattern: str, text: str) -> None:
    assert Glob.parse(pattern).matches(text) is bool(expression(pattern).fullmatch(text))


@given(st.text(ODD, max_size=8), st.text(ODD, max_size=8))
def test_folding_is_what_the_regular_expression_says_for_ascii_letters(
    pattern: str, text: str
) -> None:
    found = expression(_small(pattern)).fullmatch(_small(text))

    assert Glob.parse(pattern).matches(text, fold=True) is bool(found)


def _small(text: str) -> str:
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in text)


@given(st.lists(st.sampled_from(["a", "*", "?", "a?", "", MANY, ONE]), max_size=6), texts)
def test_a_text_among_pieces_has_no_wildcards(pieces: list[str | Wildcard], text: str) -> None:
    source = "".join(
        {MANY: ".*", ONE: "."}[piece] if isinstance(piece, Wildcard) else re.escape(piece)
        for piece in pieces
    )
    for each in (text, text.replace("b", "*").replace("x", "?")):
        assert Glob.of(pieces).matches(each) is bool(re.fullmatch(source, each, re.DOTALL))


@given(st.text(ODD, max_size=8), st.text(ODD, max_size=8))
def test_a_literal_matches_itself_only(text: str, other: str) -> None:
    assert Glob.literal(text).matches(text)
    assert Glob.literal(text).matches(other) is (text == other)


def test_globs_of_the_same_strings_are_equal_and_others_are_not() -> None:
    by_language: dict[frozenset[str], set[Glob]] = {}
    for pattern in SHORT:
        by_language.setdefault(strings(pattern), set()).add(Glob.parse(pattern))

    assert {len(found) for found in by_language.values()} == {1}
    assert len(by_language) == len({Glob.parse(pattern) for pattern in SHORT})


def test_a_run_of_wildcards_has_one_spelling() -> None:
    assert Glob.parse("a*?**?b") == Glob.parse("a??*b")
    assert hash(Glob.parse("*?")) == hash(Glob.parse("?*"))
    assert Glob.of(["a", "", "b", MANY, "", MANY]) == Glob.parse("ab*")


def test_a_star_from_outside_the_policy_is_not_a_wildcard() -> None:
    home = Glob.of(["arn:aws:s3:::home/", "*", "/", MANY])

    assert home.matches("arn:aws:s3:::home/*/a")
    assert not home.matches("arn:aws:s3:::home/ann/a")
    assert home != Glob.parse("arn:aws:s3:::home/*/*")
    assert str(home) == "arn:aws:s3:::home/${*}/*"


def test_a_reader_sees_wildcards_as_they_were_written() -> None:
    assert str(Glob.parse("arn:aws:s3:::b?/*")) == "arn:aws:s3:::b?/*"
    assert str(Glob.literal("what?")) == "what${?}"


@pytest.mark.parametrize(
    ("pattern", "literal", "everything"),
    [("", True, False), ("a", True, False), ("*", False, True), ("**", False, True)]
    + [(pattern, False, False) for pattern in ("?", "?*", "a*", "*a")],
)
def test_a_glob_knows_whether_it_is_one_string_or_every_string(
    *, pattern: str, literal: bool, everything: bool
) -> None:
    glob = Glob.parse(pattern)

    assert glob.is_literal is literal
    assert glob.is_everything is everything


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::bucket*", "arn:aws:s3:::bucket", True),
        ("arn:aws:iam::*:role/app-?", "arn:aws:iam::111122223333:role/app-1", True),
        ("arn:aws:iam::*:role/app-?", "arn:aws:iam::111122223333:role/app-", False),
        ("arn:aws:iam::*:role/app-?", "arn:aws:iam::111122223333:role/app-12", False),
        ("arn:aws:iam::*:role/App", "arn:aws:iam::111122223333:role/app", False),
        ("*", "", True),
        ("?*", "", False),
        ("*\n", "a\n", True),
        ("*/a?b/*", "arn:aws:s3:::bucket/aab/aabb/abb/", True),
        ("*/a?b/*", "arn:aws:s3:::bucket/ab/abab/a/", False),
    ],
)
def test_resources_match_as_aws_says(*, pattern: str, text: str, matches: bool) -> None:
    assert Glob.parse(pattern).matches(text) is matches


def test_folding_is_for_the_letters_of_ascii_only() -> None:
    assert Glob.parse("S3:Get*").matches("s3:getObject", fold=True)
    assert not Glob.parse("S3:Get*").matches("s3:getObject")
    # The sign for kelvin is a k to those who fold all of Unicode.
    assert not Glob.parse("k").matches("\u212a", fold=True)
    assert not Glob.parse("é").matches("É", fold=True)


@given(patterns, patterns)
def test_what_covers_has_all_strings_and_what_is_disjoint_shares_none(one: str, other: str) -> None:
    if covers(Glob.parse(one), Glob.parse(other)):
        assert strings(other) <= strings(one)
    if disjoint(Glob.parse(one), Glob.parse(other)):
        assert strings(other).isdisjoint(strings(one))


def test_all_short_globs_cover_and_avoid_each_other_as_their_strings_do() -> None:
    """Of two globs of up to four characters, the strings of up to six tell all."""
    short = sorted({"".join(found) for size in range(5) for found in product("ab?*", repeat=size)})
    # A number with a bit for each string, because there are so many pairs.
    bits = {
        Glob.parse(pattern): sum(1 << n for n, text in enumerate(STRINGS) if text in found)
        for pattern in short
        for found in (strings(pattern),)
    }

    wrong = [
        (str(one), str(other))
        for one, other in product(bits, repeat=2)
        if covers(one, other) is not (bits[other] & ~bits[one] == 0)
        or disjoint(one, other) is not (bits[other] & bits[one] == 0)
    ]

    assert wrong == []


@given(st.text("aab?***", max_size=9), st.text("aab?***", max_size=9))
def test_a_glob_made_wider_covers_what_it_was(one: str, other: str) -> None:
    wider = Glob.parse(f"{one}*{other}")

    for filling in ("", "?", "a*?", "*b?b*"):
        narrow = Glob.parse(f"{one}{filling}{other}")

        assert covers(wider, narrow)
        assert not disjoint(wider, narrow)
        assert wider == narrow or not covers(narrow, wider)


@given(patterns, patterns)
def test_sharing_nothing_goes_both_ways(one: str, other: str) -> None:
    first, second = Glob.parse(one), Glob.parse(other)

    assert disjoint(first, second) is disjoint(second, first)


@pytest.mark.parametrize(
    ("one", "other", "covering", "apart"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/secret/*", True, False),
        ("arn:aws:s3:::bucket/secret/*", "arn:aws:s3:::bucket/*", False, False),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*", False, True),
        ("arn:aws:iam::*:role/app-*", "arn:aws:iam::111122223333:role/*", False, False),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/app-*", True, False),
        ("arn:aws:iam::????????????:role/*", "arn:aws:iam::111122223333:role/a", True, False),
        ("*", "anything", True, False),
        # The `?`s of the first are met by the a, whatever the `*` before it holds.
        ("??*", "*a?", True, False),
        ("a??", "?b?", False, False),
        ("a??", "?b", False, True),
        ("a*b", "a?????", False, False),
        ("*é*", "?*", False, False),
    ],
)
def test_known_pairs(*, one: str, other: str, covering: bool, apart: bool) -> None:
    assert covers(Glob.parse(one), Glob.parse(other)) is covering
    assert disjoint(Glob.parse(one), Glob.parse(other)) is apart


def test_a_star_that_is_text_is_covered_by_a_wildcard_and_not_the_other_way() -> None:
    assert covers(Glob.parse("?"), Glob.literal("*"))
    assert not covers(Glob.literal("*"), Glob.parse("?"))
    assert disjoint(Glob.literal("*"), Glob.literal("?"))


def test_the_stranger_is_readable_as_long_as_possible() -> None:
    assert unnamed("") == "x"
    assert unnamed("xy") == "z"
    stranger = unnamed(map(chr, range(0xE000)))

    assert stranger == "\ue000"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 5_000 + "b", "a" * 10_000),
        ("*" + "a" * 9_998 + "b", "a" * 20_000),
        ("*a?" * 3_333 + "b", "a" * 10_000),
        ("*" + "a?" * 5_000 + "b*", "a" * 20_000),
        ("?*" * 5_000 + "b", "a" * 10_000),
        ("*" * 10_000 + "b", "a" * 10_000),
        ("*ab" * 3_333 + "*c", "ab" * 5_000),
    ],
)
def test_a_hostile_pattern_costs_a_few_steps_per_character(pattern: str, text: str) -> None:
    few = 30 * (len(pattern) + len(text))
    glob = Glob.parse(pattern)

    assert steps(lambda: glob.matches(text)) < few
    assert steps(lambda: glob.matches(text, fold=True)) < few
    assert steps(lambda: covers(glob, Glob.parse(pattern[::-1]))) < few
    assert steps(lambda: disjoint(glob, Glob.parse("a" + "?" * 9_998 + "c"))) < few
    assert not glob.matches(text)


def steps(work: Callable[[], object]) -> int:
    """How many lines run."""
    count = 0

    def watch(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
