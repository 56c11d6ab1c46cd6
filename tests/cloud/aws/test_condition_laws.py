"""Laws of conditions, under any block and any request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws.conditions import evaluate, parse
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.truth import Answer
from tests.cloud.aws.test_conditions import Block, answer, held

NO, CONDITIONAL, YES = Answer.NO, Answer.CONDITIONAL, Answer.YES
SETS = ["", "ForAllValues:", "ForAnyValue:"]
SUFFIXES = ["", "IfExists"]
STRINGS = ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"]


def named(family: str, names: Iterable[str], suffixes: Sequence[str] = SUFFIXES) -> list[str]:
    return [
        f"{over}{family}{name}{suffix}" for over in SETS for name in names for suffix in suffixes
    ]


STRING_OPERATORS = named("String", STRINGS)
OPERATORS = [
    *STRING_OPERATORS,
    *named("Arn", ["Like", "NotLike"], [""]),
    *named("Numeric", ["Equals", "NotEquals", "LessThan"], [""]),
    *named("", ["Bool", "DateLessThan"], [""]),
    *("IpAddress", "NotIpAddressIfExists", "BinaryEquals", "Null", "StringIs"),
]
POLICY_TEXTS = ["", "a", "b", "A", "*", "a*", "?", "${j}", "${j, 'a'}x", "*${j}", "${", "1", "2"]
POLICY_TEXTS += ["true", "2026-01-01", "10.0.0.0/8", "a:b:c:d:e:*", "QQ=="]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WANTED = st.sampled_from(POLICY_TEXTS)
TEXTS = ["", "a", "A", "b", "ax", "*", "1", "3", "true", "false", "2020-05-05", "10.1.1.1"]
TEXTS += ["::1", "a:b:c:d:e:f", "QQ=="]
VALUES = st.lists(st.sampled_from(TEXTS), max_size=3)
NAMES = st.sampled_from(["k", "j"])
BLOCKS = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(NAMES, WANTED | st.lists(WANTED, max_size=3), max_size=2),
    max_size=3,
)
CONTEXTS = st.builds(
    lambda values, absent, present: Context.of(values, absent=absent, present=present),
    st.dictionaries(NAMES, VALUES, max_size=1),
    st.sets(NAMES, max_size=1),
    st.sets(NAMES, max_size=1),
)


@given(st.dictionaries(st.sampled_from(OPERATORS) | st.text(max_size=9), JSON, max_size=3) | JSON)
def test_any_json_value_is_parsed_and_evaluated(block: object) -> None:
    conditions, problems = parse(block)

    found = evaluate(conditions, Context.of({"k": "a"}), variables=True)
    assert isinstance(problems, tuple)
    assert bool(found.open) == (found.answer == CONDITIONAL)


@given(BLOCKS)
def test_what_json_gives_back_is_the_same_block(block: Block) -> None:
    assert parse(json.loads(json.dumps(block))) == parse(block)


@given(BLOCKS, CONTEXTS, NAMES, VALUES, st.booleans())
def test_learning_more_of_a_request_never_contradicts_a_settled_answer(
    block: Block,
    context: Context,
    name: str,
    values: list[str],
    variables: bool,  # noqa: FBT001
) -> None:
    before = answer(block, context, variables=variables)
    if name in context.values or name in context.absent:
        return
    if name in context.present and not any(values):
        return
    after = answer(block, context.knowing({name: values}), variables=variables)

    assert before in (CONDITIONAL, after)


@given(BLOCKS, CONTEXTS, st.randoms(use_true_random=False))
def test_the_order_of_operators_keys_and_values_changes_nothing(
    block: Block, context: Context, chance: Any
) -> None:
    def mixed(parts: Iterable[Any]) -> list[Any]:
        parts = list(parts)
        chance.shuffle(parts)
        return parts

    other = {
        name: {
            key: mixed(value) if isinstance(value, list) else value
            for key, value in mixed(block[name].items())
        }
        for name in mixed(block)
    }
    turned = Context.of(
        {key: mixed(texts) for key, texts in context.values.items()},
        absent=context.absent,
        present=context.present,
    )

    assert held(other, turned) == held(block, context)
    assert set(parse(other)[1]) == set(parse(block)[1])


def globbed(pattern: str, text: str) -> bool:
    parts = [{"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern]
    return re.fullmatch("".join(parts), text) is not None


def oracle(operator: str, wanted: Sequence[str], given: Sequence[str]) -> bool:
    """The table of the page on operators, row by row; no values stand for a missing key."""
    over, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    compare = {
        "Equals": lambda pattern, text: pattern == text,
        "EqualsIgnoreCase": lambda pattern, text: pattern.lower() == text.lower(),
        "Like": globbed,
    }[name.removeprefix("String").removeprefix("Not")]
    match = [[compare(pattern, text) for pattern in wanted] for text in given]
    if not given and rest.endswith("IfExists"):
        return True
    null_set = not given or set(given) == {""}
    if "Not" not in name:
        passed = [any(row) for row in match]
    elif over:
        passed = [not any(row) for row in match]
    else:
        return not any(any(row) for row in match)
    if over == "ForAllValues":
        return null_set or all(passed)
    return any(passed) and not (over and null_set)


@given(
    st.sampled_from(STRING_OPERATORS),
    st.lists(st.text("aAb*?", max_size=3), min_size=1, max_size=3),
    st.lists(st.text("aAb*", max_size=3), max_size=3),
)
def test_A21_string_operators_follow_the_table_of_their_page(  # noqa: N802
    operator: str, wanted: list[str], given: list[str]
) -> None:
    expected = YES if oracle(operator, wanted, given) else NO

    assert answer({operator: {"k": wanted}}, Context.of({"k": given}, complete=True)) == expected


def refined(texts: Sequence[str]) -> Iterator[Context]:
    """The key missing, and with every choice of one or two of the texts."""
    yield Context.of(complete=True)
    for size in (1, 2):
        for values in combinations(texts, size):
            yield Context.of({"k": values}, complete=True)


def choices(values: Sequence[str]) -> list[list[str]]:
    return [[each] for each in values] + [list(pair) for pair in combinations(values, 2)]


ARN = "a:b:c:d:e:f"
UNIVERSE: list[tuple[list[str], list[str], list[str]]] = [
    (STRING_OPERATORS, ["a", "b", "*", "a*", "${gone}", ""], ["", "a", "a*", "b", "*", "zz"]),
    (named("Numeric", ["Equals", "NotEquals", "LessThan"]), ["1", "2"], ["0", "1", "2", "3"]),
    (named("", ["Bool"]), ["true", "false"], ["", "true", "false"]),
    (
        named("Arn", ["Like", "NotEquals"]),
        [ARN, "a:b:c:d:*:*", "a:b:c:d:e:${gone}"],
        ["", ARN, "a:b:c:d:x:y", "none"],
    ),
    (
        ["IpAddress", "NotIpAddressIfExists"],
        ["10.0.0.0/8", "::/0"],
        ["10.0.0.1", "11.0.0.1", "::1"],
    ),
    (["Null"], ["true", "false"], ["x"]),
]


def test_conditional_means_that_requests_exist_with_either_answer() -> None:
    wrong = []
    for operators, values, texts in UNIVERSE:
        for operator, wanted in product(operators, choices(values)):
            block = {operator: {"k": wanted}}
            before = answer(block, Context.of(absent=["gone"]))
            after = {answer(block, each) for each in refined(texts)}
            if not (after >= {NO, YES} if before == CONDITIONAL else after == {before}):
                wrong.append((operator, wanted))

    # Exceptions: a request that carries a value other than the two booleans would be open, so
    # naming both is not taken for a condition that every request meets.
    both = ["true", "false"]
    assert wrong == [
        ("BoolIfExists", both),
        ("ForAllValues:Bool", both),
        ("ForAllValues:BoolIfExists", both),
    ]


def test_conditions_that_exclude_each_other_stay_open() -> None:
    block = {"StringEquals": {"k": "a"}, "Null": {"k": "true"}}

    assert answer(block, Context()) == CONDITIONAL
    assert {answer(block, each) for each in refined(["a", "b"])} == {NO}
