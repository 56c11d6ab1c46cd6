"""JSON is read as exports hold it, and refused with its place when it is not JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.shapes import (
    ShapeError,
    list_at,
    shown,
    text_at,
)
from sod_analyzer.errors import InputError
from sod_analyzer.importers.json_text import (
    MAX_DEPTH,
    depth_of,
    parse_json,
    read_json,
)
from sod_analyzer.model.batch import RawFile

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def raw_file(path: Path) -> RawFile:
    facts = path.stat()
    modified_at = datetime.fromtimestamp(int(facts.st_mtime), UTC)
    return RawFile("src", path.name, path, "", facts.st_size, modified_at)


def recursive_depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(recursive_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(recursive_depth, value), default=0)
    return 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1]", ([1],)),
        ("[1][2]\n[3]", ([1], [2], [3])),
        ('{"a":1}\n{"a":2}\n', ({"a": 1}, {"a": 2})),
        ("[1]\r\n\r\n[2]", ([1], [2])),
    ],
    ids=["one", "pages", "lines", "crlf"],
)
def test_all_top_level_values_are_read(text: str, expected: tuple[object, ...]) -> None:
    assert expected == parse_json(text, path="x").values


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_byte_order_are_understood(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes('["é"]'.encode(encoding))

    assert read_json(raw_file(path)).values == (["é"],)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1},\n {"b"', "x:2: the JSON is cut short: "),
        ('["abc', "x:1: the JSON is cut short: "),
        ("[1,\n2,,3]", "x:2: not JSON: Expecting value at column 3"),
        ("[1]\nnonsense", "x:2: not JSON: Expecting value at column 1"),
        ("<html>", "x:1: not JSON"),
        ("[NaN]", "x:1: not JSON: NaN is no JSON value"),
        ("[-Infinity]", "x:1: not JSON: -Infinity"),
        ("", "x: the file is empty"),
        ("  \n ", "x: the file is empty"),
        ("[1]\n[" + "9" * 5000 + "]", "x:2: not JSON: "),
        ("[" * 100_000, "x:1: nested deeper than 200 levels"),
        ("[" * 300 + "]" * 300, "x:1: nested deeper than 200 levels"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_json(text, path="x")

    assert str(caught.value).startswith(expected)


def test_a_key_stated_twice_is_reported_and_the_last_value_counts() -> None:
    read = parse_json('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}', path="x")

    assert (read.values, read.repeated) == (({"a": 3, "b": {"c": 2}},), ("c", "a"))


def test_half_of_a_surrogate_pair_becomes_a_replacement_character() -> None:
    read = parse_json(r'{"\ud800": ["\udfff", "\ud83d\ude00"]}', path="x")

    assert (read.values, read.mended) == (({"\ufffd": ["\ufffd", "😀"]},), True)


def test_a_whole_surrogate_pair_is_plain_text() -> None:
    assert not parse_json(r'["\ud83d\ude00"]', path="x").mended


@given(NESTED)
def test_depth_counts_what_a_recursive_count_does(value: object) -> None:
    assert recursive_depth(value) == depth_of(value, most=MAX_DEPTH)


@given(st.lists(NESTED, min_size=1, max_size=4))
def test_what_another_writer_wrote_comes_back(values: list[object]) -> None:
    import json

    text = "\n".join(json.dumps(value) for value in values)

    assert tuple(values) == parse_json(text, path="x").values


def test_a_value_of_another_shape_is_named() -> None:
    with pytest.raises(ShapeError, match="'rules' is a text, expected a list"):
        list_at({"rules": "all"}, "rules")


def test_null_and_empty_text_are_absent() -> None:
    assert [text_at(each, "a") for each in ({}, {"a": None}, {"a": ""})] == [None, None, None]


def test_text_in_a_sentence_is_one_short_line() -> None:
    assert (shown("a\nb"), shown("x" * 200)) == ("a\ufffdb", "x" * 80 + "…")
