"""Policy variables: what is filled in, what is left open, what the pieces match."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.context import Context, State
from sod_analyzer.cloud.aws.variables import Filled, fill, matches
from sod_analyzer.cloud.globs import Piece, Wildcard

MANY, ONE = Wildcard.MANY, Wildcard.ONE

ALICE = Context.of(
    {
        "aws:username": "alice",
        "aws:PrincipalTag/Team": "re*d?",
        "aws:PrincipalTag/cost centre": "7",
        "aws:PrincipalTag/hollow": "",
        "aws:TagKeys": ["a", "b"],
    },
    absent=["aws:TokenIssueTime"],
    present=["aws:SourceIp"],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home/${aws:username}/*", Filled(("home/alice/", MANY))),
        ("${AWS:UserName}", Filled(("alice",))),
        ("${aws:principaltag/team}", Filled(("re*d?",))),
        ("${aws:PrincipalTag/cost centre}", Filled(("7",))),
        ("${aws:username}${aws:username}", Filled(("alicealice",))),
        ("${aws:username, 'nobody'}", Filled(("alice",))),
        ("${aws:TokenIssueTime, 'never'}", Filled(("never",))),
        ("${aws:TokenIssueTime, 'n*'}?", Filled(("n*", ONE))),
        ("${aws:TokenIssueTime, ''}", Filled(())),
        ("${*}${?}${$}{x}", Filled(("*?${x}",))),
        ("a*?", Filled(("a", ONE, MANY))),
        ("$ {aws:username}", Filled(("$ {aws:username}",))),
        ("", Filled(())),
    ],
)
def test_a_text_is_filled_in_with_what_is_known(text: str, expected: Filled) -> None:
    assert fill(text, ALICE, variables=True) == expected


@pytest.mark.parametrize(
    ("text", "absent", "unknown"),
    [
        ("${aws:TokenIssueTime}", ["aws:TokenIssueTime"], []),
        ("${aws:TokenIssueTime}-${aws:SourceVpc}", ["aws:TokenIssueTime"], ["aws:SourceVpc"]),
        ("${aws:SourceVpc}", [], ["aws:SourceVpc"]),
        ("${aws:SourceVpc, 'none'}", [], ["aws:SourceVpc"]),
        ("${aws:SourceIp}", [], ["aws:SourceIp"]),
        # Several values: the page only says that such a key cannot be used.
        ("${aws:TagKeys}", [], ["aws:TagKeys"]),
        # An empty value may be read as no value.
        ("${aws:PrincipalTag/hollow}", [], ["aws:PrincipalTag/hollow"]),
        # Texts of no documented form.
        ("a${", [], ["${"]),
        ("a${aws:username", [], ["${aws:username"]),
        ("${}", [], ["${}"]),
        ("${ aws:username }", [], [" aws:username "]),
        ("${aws:username, nobody}", [], ["${aws:username, nobody}"]),
        ("${${aws:username}}", [], ["${${aws:username}}"]),
    ],
)
def test_a_variable_without_a_known_value_is_named(
    text: str, absent: list[str], unknown: list[str]
) -> None:
    filled = fill(text, ALICE, variables=True)

    assert (list(filled.absent), list(filled.unknown)) == (absent, unknown)


def test_an_unknown_variable_stands_as_a_wildcard_so_that_mismatches_are_certain() -> None:
    filled = fill("home/${aws:SourceVpc}/x", ALICE, variables=True)

    assert filled.pieces == ("home/", MANY, "/x")
    assert filled.text is None


def test_every_key_that_a_complete_request_lacks_is_a_variable_without_a_value() -> None:
    filled = fill("${aws:SourceVpc}", Context.of(complete=True), variables=True)

    assert filled.absent == ("aws:SourceVpc",)


def test_a_broken_variable_is_unknown_in_a_complete_request_too() -> None:
    filled = fill("${ aws:username }", Context.of(complete=True), variables=True)

    assert (filled.absent, filled.unknown) == ((), (" aws:username ",))


def test_a_policy_of_an_older_version_has_no_variables() -> None:
    filled = fill("${aws:username}-${*}", ALICE, variables=False)

    assert filled.pieces == ("${aws:username}-${", MANY, "}")


def test_a_text_without_wildcards_is_plain_and_still_filled_in() -> None:
    filled = fill("*${aws:username}?", ALICE, variables=True, wildcards=False)

    assert (filled.pieces, filled.text) == (("*alice?",), "*alice?")


@given(st.text("ab*?${}:,' ", max_size=12), st.booleans())
def test_any_text_is_filled_in_without_two_texts_side_by_side(text: str, known: bool) -> None:  # noqa: FBT001
    filled = fill(text, Context.of({"a": "b"}, complete=known), variables=True)

    kinds = [isinstance(piece, str) for piece in filled.pieces]
    assert "" not in filled.pieces
    assert not any(one and other for one, other in pairwise(kinds))


@given(st.text("ab*?", max_size=8), st.sampled_from(["*", "?", "a*", "b", "${*}"]))
def test_filling_in_equals_writing_the_value_with_its_wildcards_escaped(
    around: str, value: str
) -> None:
    variable = fill(f"{around}${{k}}{around}", Context.of({"k": value}), variables=True)
    escaped = re.sub(r"[*?$]", r"${\g<0>}", value)
    written = fill(f"{around}{escaped}{around}", Context.of(), variables=True)

    assert variable == written


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "*", MANY, ONE]), max_size=7),
    st.text("ab*", max_size=9),
)
def test_pieces_match_what_a_regular_expression_says(pieces: list[Piece], text: str) -> None:
    words = {MANY: ".*", ONE: "."}
    pattern = "".join(re.escape(p) if isinstance(p, str) else words[p] for p in pieces)

    assert matches(pieces, text) == (re.fullmatch(pattern, text, re.DOTALL) is not None)


def test_a_pattern_of_many_wildcards_is_answered_at_once() -> None:
    pieces: list[Piece] = [part for _ in range(40) for part in (MANY, "a")]

    assert not matches([*pieces, "b"], "a" * 2_000)


def test_a_context_answers_without_regard_to_the_case_of_keys() -> None:
    context = Context.of({"AWS:PrincipalTag/Team": ["x", "y"]}, absent=["AWS:SourceVpc"])

    assert context.get("aws:principalTAG/team") == ("x", "y")
    assert context.get("aws:sourcevpc") is State.ABSENT
    assert context.get("aws:SourceIp") is State.UNKNOWN


def test_booleans_and_numbers_become_the_texts_that_policies_write() -> None:
    context = Context.of({"a": True, "b": False, "c": 3600, "d": 2.5, "e": [1, "x"]})

    assert [context.get(key) for key in "abcde"] == [
        ("true",),
        ("false",),
        ("3600",),
        ("2.5",),
        ("1", "x"),
    ]


def test_a_key_with_no_values_is_absent_and_one_with_an_empty_text_is_not() -> None:
    context = Context.of({"none": [], "hollow": ""})

    assert context.get("none") is State.ABSENT
    assert context.get("hollow") == ("",)


def test_a_context_says_each_key_once_however_it_was_told() -> None:
    one = Context.of({"a": "1"})

    assert Context.of({"a": "1"}, absent=["a"], present=["A"]) == one
    assert Context.of(absent=["a"]).knowing({"a": "1"}) == one
    assert Context.of(present=["a"]).knowing({"a": "1"}) == one
    assert Context.of({"b": []}, present=["b"]) == Context.of(present=["b"])


def test_spellings_of_one_key_share_their_values() -> None:
    assert Context.of({"Env": "prod", "env": "test"}).get("ENV") == ("prod", "test")


def test_what_is_learnt_later_takes_the_place_of_what_was_known() -> None:
    context = Context.of({"a": "1", "b": "2"}, absent=["c"], present=["d"])

    later = context.knowing({"C": "3", "D": []}).without("A").carrying("B")

    assert [later.get(key) for key in "abcd"] == [
        State.ABSENT,
        State.PRESENT,
        ("3",),
        State.ABSENT,
    ]
    assert context.get("a") == ("1",)


def test_only_a_complete_context_takes_unlisted_keys_for_absent() -> None:
    assert Context.of({"a": "1"}, complete=True).get("b") is State.ABSENT
    assert Context.of({"a": "1"}).without("c").get("b") is State.UNKNOWN
    assert Context.of(complete=True).knowing({"a": "1"}).complete
