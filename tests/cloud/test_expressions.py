"""Patterns of other tools: what they match, what is none, and none that takes for ever."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.expressions import MAX_LENGTH, PatternError, alternatives_glob, regex


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "a/b", True),
        ("**", "", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("?", "\n", True),
        ("*", "a\nb", True),
        ("[abc]", "b", True),
        ("[a-c]", "b", True),
        ("[a-c]", "-", False),
        ("[ac-]", "-", True),
        ("[!a-c]", "d", True),
        ("[!a-c]", "b", False),
        ("[\\]]", "]", True),
        ("[^a]", "^", True),
        ("{a,b}", "b", True),
        ("{a,b}", "c", False),
        ("{a,}b", "b", True),
        ("{a,{b,c}d}", "cd", True),
        ("{a*,b}c", "axc", True),
        ("a,b", "a,b", True),
        ("a}", "a}", True),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("\\{a\\}", "{a}", True),
        (".", "a", False),
        ("(a|b)+", "(a|b)+", True),
        ("é?", "éß", True),
        ("A", "a", False),
    ],
)
def test_a_glob_with_alternatives_matches_whole_texts(
    pattern: str, text: str, *, expected: bool
) -> None:
    assert (alternatives_glob(pattern).fullmatch(text) is not None) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_stars_and_question_marks_are_those_of_file_names(pattern: str, text: str) -> None:
    assert (alternatives_glob(pattern).fullmatch(text) is not None) is fnmatchcase(text, pattern)


@given(st.text("ab*?[]{},!-\\", max_size=12), st.text("ab{}[]", max_size=8))
def test_every_text_is_a_pattern_or_is_refused(pattern: str, text: str) -> None:
    try:
        found = alternatives_glob(pattern).fullmatch(text)
    except PatternError:
        return
    assert found is None or "*" in pattern or len(text) <= len(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["[", "[a", "[]", "[!]", "[z-a]", "{", "{a", "{a,{b}", "a\\", "{" * 9 + "}" * 9, "\ud800",
     "a" * (MAX_LENGTH + 1)],
)  # fmt: skip
def test_what_is_no_glob_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        alternatives_glob(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(", "a**", "[z-a]", "(?=a)", "(a)\\1", "a{1001}", "(?:a{900}){900}", "\ud800",
     "a" * (MAX_LENGTH + 1)],
)  # fmt: skip
def test_what_is_no_expression_or_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        regex(pattern)


def test_expressions_are_found_anywhere_and_compared_whole() -> None:
    assert regex("b+").search("abbc") is not None
    assert regex("b+").fullmatch("abbc") is None
    assert regex("a|bc").fullmatch("bc") is not None


def test_no_pattern_takes_long() -> None:
    """With a matcher that goes back, each of these would run until the test's time limit."""
    text = "a" * 5_000

    assert regex("(a*)*b").fullmatch(text) is None
    assert regex("(a|a)*b").search(text) is None
    assert alternatives_glob("*a" * 500 + "b").fullmatch(text) is None


def test_the_message_says_what_is_wrong() -> None:
    with pytest.raises(PatternError, match="missing"):
        regex("(a")
    with pytest.raises(PatternError, match="later character"):
        alternatives_glob("[z-a]")
