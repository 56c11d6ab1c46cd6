"""What is refused of a document before its meaning is looked at, and where the message points."""

from __future__ import annotations

import os
import string
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.documents import (
    Document,
    Keyed,
    Listed,
    Scalar,
    Value,
    document_of,
    read_document,
    reading,
    shown_path,
)
from sod_analyzer.errors import ConfigError, RulesetError


def read(folder: Path, content: str | bytes) -> Document:
    path = folder / "doc.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path, error=RulesetError, shown="doc.yaml")


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(RulesetError) as caught:
        read(folder, content)
    return str(caught.value)


def bare(value: Value) -> object:
    """The tree as plain text, tuples and dicts."""
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Listed):
        return tuple(bare(element) for element in value.elements)
    return {key: bare(entry.value) for key, entry in value.entries.items()}


def test_every_scalar_stays_the_text_that_was_written(tmp_path: Path) -> None:
    document = read(
        tmp_path, "a: NO\nb: 2026.10\nc: 007\nd: 1e5\ne: 2026-10-31\nf: 'null'\ng: ''\nh: 12:30\n"
    )

    found = bare(document.root)

    assert found == {
        "a": "NO",
        "b": "2026.10",
        "c": "007",
        "d": "1e5",
        "e": "2026-10-31",
        "f": "null",
        "g": "",
        "h": "12:30",
    }


def test_lines_are_those_of_the_key_and_of_the_element(tmp_path: Path) -> None:
    document = read(tmp_path, "# head\n\na:\n  b:\n    - x\n    - {c: y}\n")

    found = [document.line("a"), document.line("a", "b", 0), document.line("a", "b", 1, "c")]

    assert found == [3, 5, 6]


def test_the_line_of_what_is_absent_is_that_of_what_is_above_it(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  c: 1\n")

    assert document.line("b", "d", 7) == 2


def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    assert bare(document.root) == {"a": "1", "b": "2"}
    assert document.encoding == "utf-8-sig"
    assert document.line("b") == 2
    assert document.lines == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "doc.yaml:3: key 'a' stands twice, first in line 1"),
        ("{a: 1, 'a': 2}", "doc.yaml:1: key 'a' stands twice, first in line 1"),
        (
            "a: &x 1\n",
            "doc.yaml:1: anchor '&x': anchors are not allowed, write the value where it is used",
        ),
        (
            "\na: !!int 1\n",
            "doc.yaml:2: tag 'tag:yaml.org,2002:int': tags are not allowed, leave it out",
        ),
        ("a: ! 1\n", "doc.yaml:1: tag '!': tags are not allowed, leave it out"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            (
                "doc.yaml:1: tag 'tag:yaml.org,2002:python/object/apply:os.system': "
                "tags are not allowed, leave it out"
            ),
        ),
        (
            "a:\n  <<: {b: 1}\n",
            "doc.yaml:2: merge key '<<': merging is not allowed, repeat the keys",
        ),
        ("a: 1\n---\nb: 2\n", "doc.yaml:2: a second document begins here; one file holds one"),
        ("", "doc.yaml: the file is empty"),
        ("# nothing\n\n", "doc.yaml: the file is empty"),
        ("---\n", "doc.yaml: the file is empty"),
        ("a: 1\nb:\n", "doc.yaml:2: 'b' has no value; write one, or leave it out"),
        ("a:\n  - x\n  -\n", "doc.yaml:3: this element has no value; write one, or leave it out"),
        ("a: null\n", "doc.yaml:1: null means nothing here; leave it out, or quote it as text"),
        ("a: ~\n", "doc.yaml:1: ~ means nothing here; leave it out, or quote it as text"),
        ("'': 1\n", "doc.yaml:1: a key is empty"),
        ("? [a]\n: 1\n", "doc.yaml:1: a key must be text, not a list or a mapping"),
        ("a: \x07\n", "doc.yaml:1: character U+0007 is not allowed; remove it"),
        ("a: 1\nb: \u202eevil\n", "doc.yaml:2: character U+202E is not allowed; remove it"),
        ("a: x\u2028b: y\n", "doc.yaml:1: character U+2028 is not allowed; remove it"),
        ("a: 1\rb: 2\n", "doc.yaml:1: character U+000D is not allowed; remove it"),
        (b"a: 1\nb: caf\xe9\n", "doc.yaml:2: not UTF-8: byte 0xE9; save it as UTF-8"),
        ("a: 1".encode("utf-16"), "doc.yaml: UTF-16; save the file as UTF-8"),
        ("a: " + "[" * 41 + "]" * 41, "doc.yaml:1: nested more than 40 levels deep"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert message == refusal(tmp_path, content)


def test_an_alias_bomb_is_refused_at_its_first_alias(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(3))

    message = refusal(tmp_path, bomb)

    assert "doc.yaml:2: alias '*a': aliases are not allowed, repeat it" in message.splitlines()


def test_all_problems_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    message = refusal(tmp_path, "a: 1\nb: !t 2\na: 3\nc: &x 4\n")

    assert [int(line.split(":")[1]) for line in message.splitlines()] == [2, 3, 4]


@pytest.mark.parametrize(
    ("content", "line"),
    [("a: [1\nb: 2\n", 2), ("a: 'x\n", 2), ("a: b: c\n", 1), ("\ta: 1", 1), ("- a\nb: 1", 2)],
)
def test_broken_yaml_names_the_line(tmp_path: Path, content: str, line: int) -> None:
    message = refusal(tmp_path, content)

    assert message.startswith(f"doc.yaml:{line}: not valid YAML: ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("content", ["a: ! 1\n", "a: 1\na: 2\n", "", "a:\n", "- a\nb: 1", "a: ~\n"])
def test_the_pure_parser_refuses_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    fast = refusal(tmp_path, content).split(" YAML: ")[0]
    monkeypatch.delattr(yaml, "CSafeLoader")

    slow = refusal(tmp_path, content).split(" YAML: ")[0]

    assert fast == slow


def test_a_nesting_bomb_of_megabytes_ends_at_the_limit(tmp_path: Path) -> None:
    message = refusal(tmp_path, "[" * 4_000_000)

    assert message == "doc.yaml:1: nested more than 40 levels deep"


def test_a_file_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)

    message = refusal(tmp_path, "abc: defghij")

    assert message == "doc.yaml: 12 bytes; a document has at most 10"


def test_a_file_full_of_mistakes_stops_after_some(tmp_path: Path) -> None:
    with pytest.raises(RulesetError) as caught:
        read(tmp_path, "a: 1\n" * 100_000)

    assert len(caught.value.problems) == 200
    assert str(caught.value).endswith("… and 180 more")


def test_a_missing_file_names_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "sod.yaml").write_text("a: 1")

    with pytest.raises(ConfigError) as caught:
        read_document(tmp_path / "sdo.yaml", error=ConfigError, shown="sdo.yaml")

    assert str(caught.value) == "sdo.yaml: no such file; did you mean 'sod.yaml'?"


def test_a_file_in_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(tmp_path / "no" / "a.yaml", error=ConfigError, shown="no/a.yaml")

    folder = (tmp_path / "no").as_posix()
    assert f"no/a.yaml: no such file; there is no folder '{folder}' either" == str(caught.value)


def test_a_folder_where_a_file_should_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(tmp_path, error=ConfigError, shown="rules")

    assert str(caught.value) == "rules: a folder, where a YAML file should be"


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    with pytest.raises(ConfigError) as caught:
        read_document(tmp_path / "pipe.yaml", error=ConfigError, shown="pipe.yaml")

    assert str(caught.value) == "pipe.yaml: not a plain file"


def test_a_null_character_in_a_path_is_an_error_not_a_traceback() -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(Path("a\0b"), error=ConfigError, shown="x")

    assert str(caught.value).startswith("x: cannot be read: ")


def test_paths_outside_the_folder_are_shown_relative(tmp_path: Path) -> None:
    assert shown_path(tmp_path / "b" / "c.yaml", tmp_path / "a") == "../b/c.yaml"


_text = st.text(
    string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "") + "éß€🙂"
)
_trees = st.recursive(
    _text,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_text.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(tree=_trees)
def test_what_yaml_writes_is_read_back_as_the_same_text(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, _data: object) -> bool:
            return True

    written = yaml.dump(tree, Dumper=Quoting, default_style='"', allow_unicode=True)
    folder = tmp_path_factory.mktemp("round")

    found = read(folder, written).root

    assert _tuples(tree) == bare(found)


def _tuples(tree: object) -> object:
    if isinstance(tree, list):
        return tuple(_tuples(each) for each in tree)
    if isinstance(tree, dict):
        return {key: _tuples(each) for key, each in tree.items()}
    return tree


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60) | st.text("ab:-[]{}&*!#'\"? \n|>%@<~,", max_size=40))
def test_any_bytes_are_read_or_refused_but_never_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        found: object = read(folder, content).root
    except RulesetError as error:
        found = error

    assert isinstance(found, (Scalar, Listed, Keyed, RulesetError))


@pytest.mark.parametrize("text", ["a: 1\n", "a: 1\r\nb: [x]\r\n", "ö: ü"])
def test_a_text_kept_elsewhere_is_the_same_document(tmp_path: Path, text: str) -> None:
    filed = read(tmp_path, text)

    kept = document_of(text, error=ConfigError, shown=filed.path)

    facts = ("path", "text", "sha256", "bytes", "encoding", "lines", "root")
    assert [getattr(kept, fact) for fact in facts] == [getattr(filed, fact) for fact in facts]


def test_a_text_kept_elsewhere_is_bounded_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)

    with pytest.raises(ConfigError, match="12 bytes; a document has at most 10"):
        document_of("a: 123456789", error=ConfigError, shown="kept.yaml")
    with pytest.raises(ConfigError, match="not UTF-8"):
        document_of("a: \ud800", error=ConfigError, shown="kept.yaml")
