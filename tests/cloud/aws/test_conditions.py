"""Conditions: known answers per operator and rule.

Rule numbers in the names of cases: A16 negated conditions fire on a missing key; A20 AND, OR, NOR
and missing keys; A21 set operators; A22 every operator reads values its own way and none is
skipped; A23 variables; A24 keys that some credentials do not carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pytest

from sod_analyzer.cloud.aws.conditions import Conditions, Held, evaluate, parse
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.truth import Answer

NO, CONDITIONAL, YES = Answer.NO, Answer.CONDITIONAL, Answer.YES
Block: TypeAlias = Mapping[str, Mapping[str, Any]]


def held(block: object, context: Context, *, variables: bool = True) -> Held:
    return evaluate(parse(block)[0], context, variables=variables)


def answer(block: object, context: Context, *, variables: bool = True) -> Answer:
    return held(block, context, variables=variables).answer


# One key `k` under one operator; the request has the values given and nothing else.
COMPARED: list[tuple[str, str, object, object, Answer]] = [
    ("A22 a string is compared with case", "StringEquals", "Prod", "prod", NO),
    ("A22 StringEquals takes a star for itself", "StringEquals", "pro*", "prod", NO),
    ("A22 StringEquals finds a star", "StringEquals", "pro*", "pro*", YES),
    ("A22 an empty string is a value", "StringEquals", "", "", YES),
    ("A22 a JSON boolean is its word", "StringEquals", True, "true", YES),
    ("A22 a JSON number is its digits", "StringEquals", 12, "12", YES),
    ("A22 StringLike globs", "StringLike", "pr?d*", "prod/eu", YES),
    ("A22 StringLike keeps case", "StringLike", "PR*", "prod", NO),
    ("A22 StringLike matches the whole", "StringLike", "rod", "prod", NO),
    ("A22 ignoring case", "StringEqualsIgnoreCase", "PROD", "prod", YES),
    ("A22 ignoring case is no glob", "StringEqualsIgnoreCase", "pro*", "prod", NO),
    ("A22 letters that fold in two ways", "StringEqualsIgnoreCase", "SS", "ß", CONDITIONAL),
    ("A22 negated ignoring case", "StringNotEqualsIgnoreCase", "PROD", "prod", NO),
    ("A20 any value suffices", "StringEquals", ["a", "b"], "b", YES),
    ("A20 no value suits", "StringEquals", ["a", "b"], "c", NO),
    ("A20 negated values are NOR", "StringNotEquals", ["a", "b"], "b", NO),
    ("A20 negated, none matches", "StringNotEquals", ["a", "b"], "c", YES),
    ("A20 negated like is NOR", "StringNotLike", ["a*", "b*"], "bc", NO),
    ("A20 several values of a key, one matches", "StringEquals", "a", ["a", "b"], YES),
    ("A20 several values of a key, negated", "StringNotEquals", "a", ["a", "b"], NO),
    ("A22 numbers by size, not by letters", "NumericEquals", "10", "10.0", YES),
    ("A22 9 is less than 10", "NumericLessThan", "10", "9", YES),
    ("A22 less than is strict", "NumericLessThan", 10, 10, NO),
    ("A22 less or equal", "NumericLessThanEquals", 10, 10, YES),
    ("A22 greater than is strict", "NumericGreaterThan", "-1", "-1", NO),
    ("A22 greater or equal", "NumericGreaterThanEquals", "0.30", "0.3", YES),
    ("A22 decimals are exact", "NumericEquals", "0.1", "0.10000000000000000001", NO),
    ("A22 numeric not equal", "NumericNotEquals", ["1", "2"], "2.0", NO),
    ("A22 a number that is none", "NumericEquals", "ten", "10", CONDITIONAL),
    ("A22 a request's number that is none", "NumericLessThan", "10", "many", CONDITIONAL),
    ("A22 no wildcards in numbers", "NumericEquals", "1*", "10", CONDITIONAL),
    ("A22 no exponents in numbers", "NumericEquals", "1e1", "10", CONDITIONAL),
    ("A20 one readable match among unreadable", "NumericEquals", ["ten", "10"], "10", YES),
    ("A20 NOR with one match and one unreadable", "NumericNotEquals", ["ten", "10"], "10", NO),
    ("A20 NOR with an unreadable one", "NumericNotEquals", ["ten", "11"], "10", CONDITIONAL),
    ("A22 a date before", "DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", YES),
    ("A22 a date at", "DateLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", NO),
    ("A22 at or before", "DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", YES),
    ("A22 zones", "DateEquals", "2026-01-01T01:00+01:00", "2026-01-01T00:00:00.0Z", YES),
    ("A22 zones westward", "DateGreaterThan", "2026-01-01T00:00-02:00", "2026-01-01T01:59Z", NO),
    ("A22 epoch seconds", "DateEquals", "1767225600", "2026-01-01T00:00:00Z", YES),
    ("A22 before 1970", "DateGreaterThanEquals", "-86400", "1969-12-31", YES),
    ("A22 a month", "DateNotEquals", "2026-02", "2026-02-01T00:00:00Z", NO),
    ("A22 parts of a second", "DateGreaterThan", "2026-01-01T00:00:00.1Z", "2026-01-01", NO),
    ("A22 a time without a zone", "DateLessThan", "2026-01-01T00:00:00", "2000-01-01", CONDITIONAL),
    ("A22 a year or 2026 seconds", "DateLessThan", "2026", "2000-01-01", CONDITIONAL),
    ("A22 a day that is none", "DateLessThan", "2026-02-30", "2000-01-01", CONDITIONAL),
    ("A22 an hour that is none", "DateLessThan", "2026-02-03T24:00Z", "2000-01-01", CONDITIONAL),
    ("A22 a bool", "Bool", "true", "true", YES),
    ("A22 a bool that differs", "Bool", "true", "false", NO),
    ("A22 a JSON bool", "Bool", False, False, YES),
    ("A22 no other word is a bool", "Bool", "yes", "true", CONDITIONAL),
    ("A22 a bool in capitals is not documented", "Bool", "True", "true", CONDITIONAL),
    ("A22 bytes", "BinaryEquals", "QQ==", "QQ==", YES),
    ("A22 bytes differ", "BinaryEquals", "QQ==", "Qg==", NO),
    ("A22 bytes are no text", "BinaryEquals", "qq==", "QQ==", NO),
    ("A22 not base64", "BinaryEquals", "?", "QQ==", CONDITIONAL),
    ("A22 an address in a range", "IpAddress", "203.0.113.0/24", "203.0.113.9", YES),
    ("A22 an address outside", "IpAddress", "203.0.113.0/24", "203.0.114.9", NO),
    ("A22 host bits are ignored", "IpAddress", "203.0.113.77/24", "203.0.113.9", YES),
    ("A22 an address without a prefix", "IpAddress", "203.0.113.9", "203.0.113.8", NO),
    ("A22 outside all ranges", "NotIpAddress", ["10.0.0.0/8", "192.0.2.0/24"], "192.0.2.1", NO),
    ("A22 IPv6 range", "IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", YES),
    ("A22 IPv6 outside", "IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", NO),
    ("A22 the same IPv6 address", "IpAddress", "2001:db8::1", "2001:DB8:0::1", YES),
    ("A22 IPv6 without prefix, near", "IpAddress", "2001:db8::1", "2001:db8::2", CONDITIONAL),
    ("A22 IPv6 without prefix, far", "IpAddress", "2001:db8::1", "2001:db9::2", NO),
    ("A22 another family", "IpAddress", "0.0.0.0/0", "2001:db8::1", NO),
    ("A22 another family, negated", "NotIpAddress", "0.0.0.0/0", "2001:db8::1", YES),
    ("A22 a net mask is no prefix", "IpAddress", "10.0.0.0/255.0.0.0", "10.1.1.1", CONDITIONAL),
    ("A22 a zone is no part of an address", "IpAddress", "fe80::1", "fe80::1%eth0", CONDITIONAL),
    ("A22 a zone is no part of a range", "IpAddress", "fe80::%1/64", "fe80::1", CONDITIONAL),
    ("A22 a name is no address", "IpAddress", "10.0.0.0/8", "localhost", CONDITIONAL),
    ("A22 a range is no address", "NotIpAddress", "10.0.0.0/8", "10.0.0.0/8", CONDITIONAL),
    ("A22 an ARN", "ArnEquals", "arn:aws:sns:eu:1:t", "arn:aws:sns:eu:1:t", YES),
    ("A22 ArnEquals globs", "ArnEquals", "arn:aws:sns:*:1:t?", "arn:aws:sns:eu:1:tt", YES),
    ("A22 ArnLike globs per segment", "ArnLike", "arn:aws:s:*:1:f/*", "arn:aws:s:u:9:a:1:f/d", NO),
    ("A22 StringLike globs over colons", "StringLike", "arn:aws:s:*:f/*", "arn:aws:s:u:9:f/d", YES),
    ("A22 the sixth segment has colons", "ArnLike", "a:b:c:d:e:f:*", "a:b:c:d:e:f:g:h", YES),
    ("A22 an ARN with case", "ArnLike", "arn:aws:s3:::B", "arn:aws:s3:::b", NO),
    ("A22 ArnNotEquals is NOR", "ArnNotEquals", ["a:b:c:d:e:f", "a:*:c:d:e:g"], "a:b:c:d:e:g", NO),
    ("A22 ArnNotLike", "ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::c", YES),
    ("A22 what is no ARN", "ArnLike", "arn:*:*:*:*:*", "arn:aws:s3", NO),
    ("A22 a short pattern that fits as text", "ArnLike", "arn:*", "arn:aws:s3:::b", CONDITIONAL),
    ("A22 a short pattern that fits in no way", "ArnLike", "arn:aws:ec2*", "arn:aws:s3:::b", NO),
    ("A20 Null asks for presence", "Null", "false", "x", YES),
    ("A20 Null asks for absence", "Null", True, "x", NO),
    ("A20 Null of an empty text", "Null", "true", "", CONDITIONAL),
    ("A20 Null of something else", "Null", "maybe", "x", CONDITIONAL),
    ("A21 all values match", "ForAllValues:StringEquals", ["a", "b", "c"], ["a", "b"], YES),
    ("A21 one value does not", "ForAllValues:StringEquals", ["a", "b"], ["a", "c"], NO),
    ("A21 all of nothing", "ForAllValues:StringEquals", "a", [], YES),
    ("A21 all of an empty text", "ForAllValues:StringEquals", "a", "", YES),
    ("A21 any value matches", "ForAnyValue:StringEquals", "a", ["b", "a"], YES),
    ("A21 none does", "ForAnyValue:StringEquals", "a", ["b", "c"], NO),
    ("A21 any of nothing", "ForAnyValue:StringLike", "*", [], NO),
    ("A21 any of an empty text", "ForAnyValue:StringLike", "*", "", NO),
    ("A21 all negated: none matches", "ForAllValues:StringNotLike", ["a*", "b*"], ["c", "d"], YES),
    ("A21 all negated: one matches", "ForAllValues:StringNotLike", ["a*", "b*"], ["c", "ab"], NO),
    ("A21 all negated: nothing", "ForAllValues:StringNotEquals", "a", [], YES),
    ("A21 any negated: one does not", "ForAnyValue:StringNotEquals", "a", ["a", "b"], YES),
    ("A21 any negated: all match", "ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], NO),
    ("A21 any negated: nothing", "ForAnyValue:StringNotEquals", "a", [], NO),
    ("A21 if exists: nothing", "ForAnyValue:StringEqualsIfExists", "a", [], YES),
    ("A21 any ARN", "ForAnyValue:ArnLike", "arn:aws:s3:::*", ["x", "arn:aws:s3:::b"], YES),
    ("A21 all bools", "ForAllValues:Bool", "true", ["true", "false"], NO),
    ("A21 all numbers, one unreadable", "ForAllValues:NumericEquals", 1, ["1", "x"], CONDITIONAL),
    ("A21 all numbers, one too large", "ForAllValues:NumericLessThan", "5", ["9", "x"], NO),
    ("A22 an operator nobody knows", "StringMatches", "a", "a", CONDITIONAL),
    ("A22 a set operator nobody knows", "ForSomeValues:StringEquals", "a", "b", CONDITIONAL),
    ("A22 two set operators", "ForAllValues:ForAnyValue:StringEquals", "a", "b", CONDITIONAL),
    ("A22 a suffix in front", "IfExists:StringEquals", "a", "b", CONDITIONAL),
    ("A22 Null takes no suffix", "NullIfExists", "true", "b", CONDITIONAL),
    ("A22 Null takes no set operator", "ForAllValues:Null", "true", "b", CONDITIONAL),
    ("A22 an operator in other case", "foranyvalue:STRINGlikeifexists", "a*", "b", NO),
    ("A22 no values", "StringEquals", [], "a", CONDITIONAL),
    ("A22 no values, negated", "StringNotEquals", [], "a", CONDITIONAL),
    ("A22 null for a value", "StringEquals", None, "a", CONDITIONAL),
    ("A22 null beside a match", "StringEquals", [None, "a"], "a", YES),
    ("A22 a nested value", "StringNotEquals", [["a"], {"b": 1}], "a", CONDITIONAL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [case[1:] for case in COMPARED],
    ids=[case[0] for case in COMPARED],
)
def test_an_operator_compares_as_its_page_says(
    operator: str, wanted: object, given: Any, expected: Answer
) -> None:
    assert answer({operator: {"k": wanted}}, Context.of({"k": given}, complete=True)) == expected


# Operator, value, then the answer with the key absent, present with some value, and unknown.
UNTOLD: list[tuple[str, str, object, tuple[Answer, Answer, Answer]]] = [
    ("A20 positive", "StringEquals", "a", (NO, CONDITIONAL, CONDITIONAL)),
    ("A20 negated", "StringNotEquals", "a", (YES, CONDITIONAL, CONDITIONAL)),
    ("A16 negated if exists", "StringNotEqualsIfExists", "a", (YES, CONDITIONAL, CONDITIONAL)),
    ("A20 positive if exists", "NumericLessThanIfExists", 5, (YES, CONDITIONAL, CONDITIONAL)),
    ("A20 null true", "Null", "true", (YES, NO, CONDITIONAL)),
    ("A20 null false", "Null", False, (NO, YES, CONDITIONAL)),
    ("A20 null either", "Null", ["true", "false"], (YES, YES, YES)),
    ("A21 all", "ForAllValues:StringEquals", "a", (YES, CONDITIONAL, CONDITIONAL)),
    ("A21 any", "ForAnyValue:StringEquals", "a", (NO, CONDITIONAL, CONDITIONAL)),
    ("A21 any negated", "ForAnyValue:StringNotLike", "a", (NO, CONDITIONAL, CONDITIONAL)),
    ("A21 any if exists", "ForAnyValue:StringLikeIfExists", "a", (YES, CONDITIONAL, CONDITIONAL)),
    ("A22 star", "StringLike", "*", (NO, YES, CONDITIONAL)),
    ("A22 star if exists", "StringLikeIfExists", ["a", "**"], (YES, YES, YES)),
    ("A22 not star", "StringNotLike", "*", (YES, NO, CONDITIONAL)),
    ("A22 star is plain for equals", "StringEqualsIfExists", "*", (YES, CONDITIONAL, CONDITIONAL)),
    ("A21 all star", "ForAllValues:StringLike", "*", (YES, YES, YES)),
    ("A21 all not star", "ForAllValues:StringNotLike", "*", (YES, NO, CONDITIONAL)),
    ("A21 any not star", "ForAnyValue:StringNotLike", "*", (NO, NO, NO)),
    ("A21 any star", "ForAnyValue:StringLike", "*", (NO, YES, CONDITIONAL)),
    (
        "A21 any star if exists, for an empty text is no value",
        "ForAnyValue:StringLikeIfExists",
        "*",
        (YES, YES, CONDITIONAL),
    ),
    ("A23 absent variable", "StringEquals", "${gone}", (NO, NO, NO)),
    ("A23 absent variable negated", "StringNotEquals", "${gone}", (YES, YES, YES)),
    ("A23 absent variable if exists", "StringLikeIfExists", "${gone}*", (YES, NO, CONDITIONAL)),
    ("A23 absent variable in an ARN", "ArnNotLike", "a:b:c:d:e:${gone}", (YES, YES, YES)),
    ("A23 absent variable for all", "ForAllValues:StringLike", "${gone}", (YES, NO, CONDITIONAL)),
    ("A23 absent variable for any", "ForAnyValue:StringLike", "${gone}", (NO, NO, NO)),
    ("A23 absent beside another", "StringEquals", ["${gone}", "a"], (NO, CONDITIONAL, CONDITIONAL)),
    ("A23 star, absent", "StringLikeIfExists", ["*${gone}", ""], (YES, CONDITIONAL, CONDITIONAL)),
    ("A23 star and unknown", "StringLikeIfExists", "*${other}", (YES, CONDITIONAL, CONDITIONAL)),
    ("A22 unreadable", "NumericEquals", "x", (NO, CONDITIONAL, CONDITIONAL)),
    ("A22 unknown operator", "StringIs", "a", (CONDITIONAL,) * 3),
    ("A22 no values", "StringEqualsIfExists", [], (CONDITIONAL,) * 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [case[1:] for case in UNTOLD],
    ids=[case[0] for case in UNTOLD],
)
def test_a_key_without_known_values_answers_by_what_else_is_known_of_it(
    operator: str, wanted: object, expected: tuple[Answer, Answer, Answer]
) -> None:
    block = {operator: {"k": wanted}}
    start = Context.of(absent=["gone"])

    answers = [answer(block, each) for each in (start.without("k"), start.carrying("k"), start)]

    assert tuple(answers) == expected


ALICE = Context.of(
    {"aws:username": "alice", "aws:PrincipalTag/Team": "*", "aws:n": "1"}, absent=["aws:t"]
)

FILLED: list[tuple[str, str, object, str, bool, Answer]] = [
    ("A23 filled in", "StringLike", "home/${aws:username}/*", "home/alice/x", True, YES),
    ("A23 filled in, another", "StringLike", "home/${aws:username}/*", "home/bob/x", True, NO),
    ("A23 key without case", "StringEquals", "${AWS:UserName}", "alice", True, YES),
    ("A23 not in an old policy", "StringEquals", "${aws:username}", "alice", False, NO),
    ("A23 plain in an old policy", "StringEquals", "${aws:u}", "${aws:u}", False, YES),
    ("A23 a star filled in is a star", "StringLike", "${aws:PrincipalTag/Team}", "red", True, NO),
    ("A23 a star asked for", "StringLike", "${*}", "*", True, YES),
    ("A23 a star asked for is no glob", "StringLike", "a${*}", "ab", True, NO),
    ("A23 a default", "StringEquals", "${aws:t, 'none'}", "none", True, YES),
    ("A23 a default not needed", "StringEquals", "${aws:username, 'none'}", "none", True, NO),
    ("A23 an absent one", "StringLike", "*${aws:t}", "x", True, NO),
    ("A23 an absent one, negated", "StringNotEquals", "${aws:t}", "x", True, YES),
    ("A23 an absent one beside a match", "StringEquals", ["${aws:t}", "x"], "x", True, YES),
    ("A23 an unknown one that may fit", "StringEquals", "a-${aws:u}", "a-b", True, CONDITIONAL),
    ("A23 an unknown one that cannot fit", "StringEquals", "a-${aws:u}", "b-b", True, NO),
    ("A23 an unknown one, negated", "StringNotLike", "a-${aws:u}", "b-b", True, YES),
    ("A23 an unknown default", "StringEquals", "${aws:u, 'z'}", "z", True, CONDITIONAL),
    ("A23 ignoring case", "StringEqualsIgnoreCase", "${aws:username}", "ALICE", True, YES),
    ("A23 ignoring case, unknown", "StringEqualsIgnoreCase", "A${aws:u}", "ab", True, CONDITIONAL),
    ("A23 ignoring case, cannot fit", "StringEqualsIgnoreCase", "A${aws:u}", "b", True, NO),
    ("A23 in an ARN", "ArnLike", "a:b:c:d:e:u/${aws:username}", "a:b:c:d:e:u/alice", True, YES),
    ("A23 unknown in an ARN", "ArnEquals", "a:b:c:d:e:${aws:u}", "a:b:c:d:e:f", True, CONDITIONAL),
    ("A23 in an ARN that cannot fit", "ArnEquals", "a:b:c:d:e:${aws:u}", "a:b:c:d:x", True, NO),
    ("A23 a whole ARN", "ArnEquals", "${aws:u}", "a:b:c:d:e:f", True, CONDITIONAL),
    ("A23 none in numbers", "NumericEquals", "${aws:n}", "1", True, CONDITIONAL),
    ("A23 disputed in booleans", "Bool", "${aws:u}", "true", True, CONDITIONAL),
    ("A23 a broken one", "StringEquals", "${aws:username", "alice", True, CONDITIONAL),
    ("A23 a broken one that cannot fit", "StringEquals", "a${aws:username", "b", True, NO),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "variables", "expected"),
    [case[1:] for case in FILLED],
    ids=[case[0] for case in FILLED],
)
def test_variables_are_filled_in_before_values_are_compared(
    *, operator: str, wanted: object, given: str, variables: bool, expected: Answer
) -> None:
    context = ALICE.knowing({"k": given})

    assert answer({operator: {"k": wanted}}, context, variables=variables) == expected


MFA = "aws:MultiFactorAuthPresent"
TOKEN = "aws:TokenIssueTime"  # noqa: S105
KEYS = Context.of(absent=[MFA, TOKEN])
SESSION = Context.of(present=[MFA, TOKEN])


@pytest.mark.parametrize(
    ("block", "long_term", "session"),
    [
        ({"Bool": {MFA: "true"}}, NO, CONDITIONAL),
        ({"BoolIfExists": {MFA: "true"}}, YES, CONDITIONAL),
        ({"BoolIfExists": {MFA: "false"}}, YES, CONDITIONAL),
        ({"Null": {TOKEN: "true"}}, YES, NO),
        ({"Null": {MFA: False}, "Bool": {MFA: False}}, NO, CONDITIONAL),
        ({"DateLessThan": {TOKEN: "2026-01-01T00:00:00Z"}}, NO, CONDITIONAL),
    ],
)
def test_A24_a_session_can_meet_what_a_long_term_key_cannot(  # noqa: N802
    block: Block, long_term: Answer, session: Answer
) -> None:
    assert (answer(block, KEYS), answer(block, SESSION)) == (long_term, session)


def test_a_block_without_conditions_holds() -> None:
    assert held({}, Context()) == Held(YES)
    assert held({"StringEquals": {}}, Context()) == Held(YES)


def test_one_false_condition_settles_a_block_whatever_is_open() -> None:
    block = {
        "Bool": {"unknown": "true"},
        "NumericEquals": {"gone": "1"},
        "StringIs": {"k": "a"},
    }

    assert held(block, Context.of(absent=["gone"])) == Held(NO)


def test_A20_keys_of_one_operator_are_joined_by_and() -> None:  # noqa: N802
    context = Context.of({"a": "1", "b": "2"}, complete=True)

    assert answer({"StringEquals": {"a": "1", "b": "2"}}, context) == YES
    assert answer({"StringEquals": {"a": "1", "b": "3"}}, context) == NO


def test_A16_a_block_of_negated_conditions_fires_on_missing_keys() -> None:  # noqa: N802
    block = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
        "StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    nothing = Context.of(complete=True)

    assert answer(block, nothing) == YES
    assert answer(block, nothing.knowing({"aws:PrincipalOrgID": "o-1"})) == NO
    assert answer(block, nothing.knowing({"aws:SourceVpc": "vpc-2"})) == NO
    assert answer(block, nothing.knowing({"aws:PrincipalIsAWSService": True})) == NO
    assert answer(block, nothing.knowing({"aws:PrincipalOrgID": "o-2"})) == YES
    assert answer(block, nothing.carrying("aws:PrincipalOrgID")) == CONDITIONAL
    assert answer(block, Context()) == CONDITIONAL


def test_open_conditions_are_listed_each_once_and_sorted() -> None:
    block = {
        "stringlike": {"s3:prefix": ["b*", "a*"]},
        "Bool": {MFA: True, "settled": True},
        "NumericIsPrime": {"n": 7},
    }

    assert held(block, Context.of({"settled": True})) == Held(
        CONDITIONAL,
        (
            "aws:MultiFactorAuthPresent Bool true",
            "n NumericIsPrime 7",
            "s3:prefix StringLike a*, b*",
        ),
    )


def test_the_page_on_operators_in_its_own_examples() -> None:
    block = {
        "StringEqualsIgnoreCase": {"aws:RequestTag/environment": ["preprod", "storage"]},
        "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"},
    }

    def asked(keys: Sequence[str], tag: Sequence[str]) -> Answer:
        context = {"aws:TagKeys": keys, "aws:RequestTag/environment": tag}
        return answer(block, Context.of(context, complete=True))

    assert asked(["environment"], ["preprod"]) == YES
    assert asked(["environment", "costcenter"], ["PreProd"]) == YES
    assert asked(["Environment"], ["preprod"]) == NO
    assert asked([], ["storage"]) == NO
    assert asked(["environment"], []) == NO


@pytest.mark.parametrize(
    ("block", "problems"),
    [
        ({}, []),
        ({"StringEquals": {"k": ["a", True, 1, 1.5]}}, []),
        ({"ForAnyValue:ArnLikeIfExists": {"k": ["arn:aws:s3:::*", "${aws:u}"]}}, []),
        (None, ["Condition is no object but null"]),
        ("StringEquals", ["Condition is no object but a text"]),
        ([{}], ["Condition is no object but a list"]),
        (False, ["Condition is no object but a boolean"]),
        ({"StringEquals": 5}, ["StringEquals: no object of condition keys but a number"]),
        ({"StringIs": {"k": "a"}}, ["StringIs: no known condition operator"]),
        ({"stringequals": {"k": "a"}}, ["StringEquals: spelt stringequals"]),
        ({"Null": {"k": []}}, ["k Null: no values"]),
        ({"Null": {"k": "1"}}, ["k Null: cannot be compared with 1"]),
        (
            {"StringLike": {"k": [None, [], {}]}},
            ["k StringLike: a value that is no text, number or boolean"],
        ),
        ({"Null": {"k": 10**5000}}, ["k Null: a value that is no text, number or boolean"]),
        ({"NumericEquals": {"k": float("nan")}}, ["k NumericEquals: cannot be compared with nan"]),
        ({"IpAddress": {"k": "10.0.0.0/33"}}, ["k IpAddress: cannot be compared with 10.0.0.0/33"]),
        ({"ArnLike": {"k": "*"}}, ["k ArnLike: cannot be compared with *"]),
        (
            {"StringEquals": {"k": "a", "K": "b"}},
            ["K StringEquals: given more than once; all must hold"],
        ),
        (
            {"StringEquals": {"k": "a"}, "STRINGEQUALS": {"k": "a"}},
            [
                "StringEquals: spelt STRINGEQUALS",
                "k StringEquals: given more than once; all must hold",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_block_is_said(block: object, problems: list[str]) -> None:
    assert list(parse(block)[1]) == problems


@pytest.mark.parametrize(
    "block", [None, "", 0, [], True, {"StringEquals": None}, {"StringEquals": ["k"]}]
)
def test_what_cannot_be_read_never_holds_and_never_fails(block: object) -> None:
    found = held(block, Context.of(complete=True))

    assert found.answer == CONDITIONAL
    assert len(found.open) == 1


def test_operators_that_differ_in_case_are_both_kept() -> None:
    block = {"StringEquals": {"k": "a"}, "stringEquals": {"k": "b"}}

    assert answer(block, Context.of({"k": "a"})) == NO
    assert answer(block, Context.of({"k": ["a", "b"]})) == YES


def test_long_texts_are_cut_in_what_is_shown_and_not_in_what_is_compared() -> None:
    key, value = "k" * 5_000, "v" * 5_000
    block = {"StringEquals": {key: value}, "X" * 5_000: {key: value}}

    assert answer({"StringEquals": {key: value}}, Context.of({key: value})) == YES
    assert all(len(line) < 500 for line in (*held(block, Context()).open, *parse(block)[1]))


def test_hostile_patterns_are_answered_at_once() -> None:
    context = Context.of({"k": "a" * 2_000})

    assert answer({"StringLike": {"k": "*a" * 100 + "b"}}, context) == NO
    assert answer({"NumericEquals": {"k": "9" * 100_000}}, context) == CONDITIONAL


def test_conditions_can_be_made_and_compared() -> None:
    assert parse({"Bool": {"k": "true"}})[0] == parse({"Bool": {"k": True}})[0]
    assert Conditions() == parse({})[0]
