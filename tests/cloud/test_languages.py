"""Many globs at once: is a string left, and which."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud import languages
from sod_analyzer.cloud.globs import Glob
from sod_analyzer.cloud.languages import Outcome, Witness, witness
from tests.cloud.glob_oracle import LONGEST, expression, globs, left, patterns

groups = st.lists(st.lists(patterns, max_size=4), max_size=3)
denials = st.lists(patterns, max_size=5)
NOTHING = Witness(Outcome.NOTHING)


def asked(inside: list[list[str]], outside: list[str], budget: int = languages.BUDGET) -> Witness:
    return witness([globs(group) for group in inside], globs(outside), budget=budget)


def found(text: str) -> Witness:
    return Witness(Outcome.FOUND, text)


def check(inside: list[list[str]], outside: list[str], answer: Witness) -> None:
    """Holds an answer to the question itself and to all short strings."""
    expected = left(inside, outside)
    if answer.text is not None:
        assert answer.outcome is Outcome.FOUND
        assert all(any(expression(p).fullmatch(answer.text) for p in group) for group in inside)
        assert not any(expression(p).fullmatch(answer.text) for p in outside)
    if expected:
        assert answer == found(expected[0])
    else:
        assert answer == NOTHING or (answer.text is not None and len(answer.text) > LONGEST)


@settings(max_examples=500)
@given(groups, denials)
def test_the_answer_is_what_all_short_strings_say(
    inside: list[list[str]], outside: list[str]
) -> None:
    check(inside, outside, asked(inside, outside))


@pytest.mark.parametrize("compared", [0, 150, languages._COMPARED])
@pytest.mark.parametrize("choices", [1, 8])
def test_short_cuts_change_no_answer(
    compared: int, choices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them, and where only some comparisons are few enough to be made."""
    monkeypatch.setattr(languages, "_first", lambda *_: None)
    monkeypatch.setattr(languages, "_COMPARED", compared)
    monkeypatch.setattr(languages, "_CHOICES", choices)

    @given(groups, denials)
    def same(inside: list[list[str]], outside: list[str]) -> None:
        check(inside, outside, asked(inside, outside))

    same()


@given(groups, denials, st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_and_repetition_change_nothing(
    inside: list[list[str]], outside: list[str], chance: random.Random, budget: int
) -> None:
    before = asked(inside, outside, budget)
    mixed = [chance.sample(group, len(group)) + group[:1] for group in inside + inside[:1]]
    chance.shuffle(mixed)

    after = asked(mixed, chance.sample(outside, len(outside)) + outside[:1], budget)

    assert after == before


@given(groups, denials)
def test_a_larger_budget_changes_no_settled_answer(
    inside: list[list[str]], outside: list[str]
) -> None:
    settled = asked(inside, outside)
    answers = [asked(inside, outside, budget) for budget in range(30)]
    complex_ = [answer.outcome is Outcome.TOO_COMPLEX for answer in answers]

    assert {answer for answer in answers if answer.outcome is not Outcome.TOO_COMPLEX} <= {settled}
    assert complex_ == sorted(complex_, reverse=True)


@given(groups, denials, patterns)
def test_one_denial_more_leaves_no_shorter_string(
    inside: list[list[str]], outside: list[str], more: str
) -> None:
    before, after = asked(inside, outside), asked(inside, [*outside, more])

    if after.text is not None:
        assert before.text is not None
        assert len(before.text) <= len(after.text)


BUCKET = "arn:aws:s3:::bucket"


@pytest.mark.parametrize(
    ("inside", "outside", "answer"),
    [
        ([[f"{BUCKET}/*"]], [f"{BUCKET}/secret/*"], found(f"{BUCKET}/")),
        ([[f"{BUCKET}/?*"]], [f"{BUCKET}/secret/*"], found(f"{BUCKET}/x")),
        ([[f"{BUCKET}/secret/*"]], [f"{BUCKET}/*"], NOTHING),
        ([[BUCKET], [f"{BUCKET}/*"]], [], NOTHING),
        ([[BUCKET, f"{BUCKET}/*"], [f"{BUCKET}/*"]], [], found(f"{BUCKET}/")),
        ([[f"{BUCKET}*"]], [BUCKET], found(f"{BUCKET}x")),
        ([[f"{BUCKET}*"]], [BUCKET, f"{BUCKET}?*"], NOTHING),
        ([["*"]], ["*"], NOTHING),
        ([], [], found("")),
        ([], ["*"], NOTHING),
        ([["*"], []], [], NOTHING),
        ([["*"]], ["", "?", "??"], found("xxx")),
        ([["*"]], ["", "??*"], found("x")),
        ([["?"]], ["x"], found("y")),
        (
            [["arn:aws:iam::*:role/app-*"], ["arn:aws:iam::111122223333:role/*"]],
            [],
            found("arn:aws:iam::111122223333:role/app-"),
        ),
        (
            [["arn:aws:iam::*:role/app-*"], ["arn:aws:iam::111122223333:role/*"]],
            ["*:role/app-", "*-prod"],
            found("arn:aws:iam::111122223333:role/app-x"),
        ),
        (
            [["arn:aws:iam::*:role/app-*"], ["arn:aws:iam::111122223333:role/*"]],
            ["*:role/a*"],
            NOTHING,
        ),
        # What holds an a and a b holds one of them first, and only the two together say so.
        ([["*a*"], ["*b*"]], ["*a*b*", "*b*a*"], NOTHING),
        ([["*a*"], ["*b*"]], ["*a*b*"], found("ba")),
        # Neither denial covers the allow; both do.
        ([[f"{BUCKET}/*"]], [f"{BUCKET}/", f"{BUCKET}/?*"], NOTHING),
        # The character that nothing names comes first, whichever glob allows it.
        ([["ab", "?a"]], [], found("xa")),
        ([["?bb?", "??c?"], ["*a", "*b"]], [], found("xxca")),
        ([["ab*", "cd*", "e*f"]], ["*b*", "*d*", "*e*"], NOTHING),
    ],
)
def test_known_answers(inside: list[list[str]], outside: list[str], answer: Witness) -> None:
    assert asked(inside, outside) == answer


def test_a_text_filled_in_for_a_variable_is_no_wildcard() -> None:
    name = Glob.literal("*")

    assert witness([[Glob.parse("?")]], [name]) == found("x")
    assert witness([[name]], [Glob.parse("?")]) == NOTHING
    assert witness([[name], [Glob.parse("*\n*")]]) == NOTHING


@pytest.mark.parametrize("c", ["\n", "\0", "\ud800", "\U0001f600", "é"])
def test_odd_characters_are_characters(c: str) -> None:
    assert asked([[f"*{c}*"], ["?b"]], [f"x{c}*"]) == found(f"{c}b")


def test_free_characters_are_those_that_no_glob_names_even_where_it_decides_nothing() -> None:
    assert asked([["a?"], ["*"]], ["box"]) == found("ay")


def equal_halves(size: int) -> tuple[list[list[str]], list[str]]:
    """Strings of a and b whose second half repeats the first, as globs: a search sees all halves.

    Whether a string of a given length over two letters avoids all of some globs is as hard as
    satisfiability: a clause is a glob with a `?` for each variable that it does not have.
    """
    length = 2 * size

    def at(letters: dict[int, str]) -> str:
        return "".join(letters.get(n, "?") for n in range(length))

    inside = [[at({n: "a"}), at({n: "b"})] for n in range(length)]
    outside = [at({n: c, n + size: d}) for n in range(size) for c, d in (("a", "b"), ("b", "a"))]
    return inside, outside


def test_a_hard_question_with_an_answer_is_settled_when_the_budget_allows() -> None:
    inside, outside = equal_halves(5)

    assert asked(inside, outside) == found("a" * 10)
    assert asked(inside, outside, budget=31).outcome is Outcome.TOO_COMPLEX


def test_running_out_of_budget_is_never_nothing() -> None:
    inside, outside = equal_halves(5)
    # Different last letters, where equal ones are asked for: no string is left.
    outside += ["????a????a", "????b????b"]

    assert asked(inside, outside) == NOTHING
    for budget in (0, 1, 10, 31):
        assert asked(inside, outside, budget=budget).outcome is Outcome.TOO_COMPLEX


def test_the_default_budget_ends_a_search_that_would_last() -> None:
    inside, outside = equal_halves(30)
    outside += [f"{'?' * 29}{c}{'?' * 29}{c}" for c in "ab"]

    assert asked(inside, outside).outcome is Outcome.TOO_COMPLEX


def distant(size: int) -> tuple[list[list[str]], list[str]]:
    """An a, and so many characters later a b; a search remembers where all letters were."""
    some, half = "?" * size, "?" * (size // 2)
    denied = [f"a{some}b", f"*a{half}b*", f"*b{some}a*", "*aa*", "*bb*"]
    return [[f"*a{some}b*"]], denied


def test_question_marks_behind_a_star_end_at_the_budget_too() -> None:
    assert asked(*distant(8)) == found("xaxxxxxxxxb")
    assert asked(*distant(20)).outcome is Outcome.TOO_COMPLEX


def test_globs_beyond_any_document_are_too_complex_unless_a_comparison_settles_them() -> None:
    long, end = "a" * 40_000 + "*", "*" + "b" * 40_000

    assert asked([[long], [end]], [], budget=10**9).outcome is Outcome.TOO_COMPLEX
    assert asked([[long], ["b*"]], []) == NOTHING
    assert asked([[long]], ["*"]) == NOTHING
    assert asked([[long]], [end]) == found("a" * 40_000)


def test_what_stands_before_the_last_star_reached_is_forgotten() -> None:
    """Where the letters were that the first part waited for would make eight times the states."""
    answer = asked([["*a?????*b?????*c*"], ["*d"]], [], budget=200)

    assert answer == found("axxxxxbxxxxxcd")


def test_many_globs_end_at_the_budget_too() -> None:
    many = [f"*a{n}*b" for n in range(5_000)]

    assert asked([many, many[::2]], many[::3], budget=200).outcome is Outcome.TOO_COMPLEX
