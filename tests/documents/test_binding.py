"""How a tree becomes the caller's dataclass, and how each mistake is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from sod_analyzer.documents import Keyed, Word, load
from sod_analyzer.errors import ConfigError, SourceRef


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    where: SourceRef
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """One field of every kind that a shape may have."""

    text: str
    where: SourceRef
    flag: bool = False
    number: int = 0
    share: float = 0.0
    day: date | None = None
    at: datetime | None = None
    colour: Colour = Colour.RED
    side: Literal["left", "right"] = "left"
    one_or_many: str | tuple[str, ...] = ()
    word: Word | None = None
    words: tuple[Word, ...] = ()
    part: Part | None = None
    text_or_part: str | Part = ""
    parts: tuple[Part, ...] = ()
    named: Mapping[str, Part] | None = None
    colours: Mapping[Colour, int] | None = None
    pair: tuple[str, int] | None = None
    tree: Keyed | None = None
    anything: Any = None
    limited: Annotated[int, Field(ge=1)] = 1

    def __post_init__(self) -> None:
        if self.text == "unwanted":
            raise ValueError("Unwanted text")


def bound(folder: Path, content: str) -> Shape:
    path = folder / "doc.yaml"
    path.write_text(content, encoding="utf-8")
    return load(path, Shape, error=ConfigError, shown="doc.yaml")


def refusal(folder: Path, content: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        bound(folder, content)
    return [str(problem) for problem in caught.value.problems]


def test_text_becomes_what_the_field_asks_for(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """\
text: NO
flag: true
number: -12
share: 0.5
day: 2026-10-31
at: 2026-10-30T23:00:00+01:00
colour: green
side: right
one_or_many: [a, b]
word: here
words: [x, y]
part: {name: p, amount: 3}
text_or_part: {name: q}
parts:
  - name: r
  - name: s
named:
  t: {name: u}
colours: {red: 1}
pair: [a, 7]
limited: 2
""",
    )

    assert (
        Shape(
            text="NO",
            where=SourceRef("doc.yaml", 1),
            flag=True,
            number=-12,
            share=0.5,
            day=date(2026, 10, 31),
            at=datetime(2026, 10, 30, 22, tzinfo=UTC),
            colour=Colour.GREEN,
            side="right",
            one_or_many=("a", "b"),
            word=Word("here", SourceRef("doc.yaml", 10)),
            words=(Word("x", SourceRef("doc.yaml", 11)), Word("y", SourceRef("doc.yaml", 11))),
            part=Part("p", SourceRef("doc.yaml", 12), 3),
            text_or_part=Part("q", SourceRef("doc.yaml", 13)),
            parts=(Part("r", SourceRef("doc.yaml", 15)), Part("s", SourceRef("doc.yaml", 16))),
            named={"t": Part("u", SourceRef("doc.yaml", 18))},
            colours={Colour.RED: 1},
            pair=("a", 7),
            limited=2,
        )
        == found
    )


def test_a_tree_is_left_as_it_is_and_anything_becomes_plain_text(tmp_path: Path) -> None:
    found = bound(tmp_path, "text: x\ntree: {a: 1}\nanything: {b: [1, true]}\n")

    assert found.tree is not None
    assert found.tree.entries["a"].line == 2
    assert found.anything == {"b": ("1", "true")}


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("flag: true\n", ["doc.yaml:1: key 'text' is missing"]),
        (
            "text: x\nnumbr: 1\n",
            ["doc.yaml:2: unknown key 'numbr'; did you mean 'number'?"],
        ),
        ("text: x\nwhere: y\n", ["doc.yaml:2: unknown key 'where'; did you mean 'share'?"]),
        ("- text: x\n", ["doc.yaml:1: must be a mapping, not a list"]),
        ("text: [x]\n", ["doc.yaml:1: text: must be text, not a list"]),
        ("text: {x: y}\n", ["doc.yaml:1: text: must be text, not a mapping"]),
        ("text: x\nflag: yes\n", ["doc.yaml:2: flag: 'yes' is neither true nor false"]),
        ("text: x\nflag: True\n", ["doc.yaml:2: flag: 'True' is neither true nor false"]),
        ("text: x\nnumber: 007\n", ["doc.yaml:2: number: '007' is not a whole number, such as 7"]),
        ("text: x\nnumber: 1_0\n", ["doc.yaml:2: number: '1_0' is not a whole number, such as 7"]),
        ("text: x\nnumber: 1.0\n", ["doc.yaml:2: number: '1.0' is not a whole number, such as 7"]),
        ("text: x\nnumber: ٣\n", ["doc.yaml:2: number: '٣' is not a whole number, such as 7"]),
        ("text: x\nshare: inf\n", ["doc.yaml:2: share: 'inf' is not a number, such as 0.5"]),
        (
            "text: x\nday: 31.10.2026\n",
            ["doc.yaml:2: day: '31.10.2026' is not a date, such as 2026-10-31"],
        ),
        (
            "text: x\nday: 1793404800\n",
            ["doc.yaml:2: day: '1793404800' is not a date, such as 2026-10-31"],
        ),
        ("text: x\nday: 2026-02-30\n", ["doc.yaml:2: day: '2026-02-30' is no day of the calendar"]),
        (
            "text: x\nat: 2026-10-30T22:00:00\n",
            [
                (
                    "doc.yaml:2: at: '2026-10-30T22:00:00' has no time zone; "
                    "add Z for UTC, or an offset such as +01:00"
                )
            ],
        ),
        (
            "text: x\nat: 2026-10-30\n",
            ["doc.yaml:2: at: '2026-10-30' is not a time, such as 2026-10-30T22:00:00Z"],
        ),
        (
            "text: x\nat: 0001-01-01T00:00:00+14:00\n",
            ["doc.yaml:2: at: '0001-01-01T00:00:00+14:00' is no time of the calendar"],
        ),
        (
            "text: x\ncolour: gren\n",
            ["doc.yaml:2: colour: 'gren' is not one of 'red', 'green'; did you mean 'green'?"],
        ),
        ("text: x\nside: up\n", ["doc.yaml:2: side: 'up' is not one of 'left', 'right'"]),
        (
            "text: x\none_or_many: {a: b}\n",
            ["doc.yaml:2: one_or_many: must be text, not a mapping"],
        ),
        ("text: x\nparts: {a: b}\n", ["doc.yaml:2: parts: must be a list, not a mapping"]),
        ("text: x\nnamed: [a]\n", ["doc.yaml:2: named: must be a mapping, not a list"]),
        ("text: x\nwords:\n  - a\n  - [b]\n", ["doc.yaml:4: words[1]: must be text, not a list"]),
        (
            "text: x\nparts:\n  - name: a\n  - amount: 1\n",
            ["doc.yaml:4: parts[1]: key 'name' is missing"],
        ),
        (
            "text: x\nnamed:\n  t: {name: u, amont: 1}\n",
            ["doc.yaml:3: named.t: unknown key 'amont'; did you mean 'amount'?"],
        ),
        (
            "text: x\ncolours: {blue: 1}\n",
            ["doc.yaml:2: colours: unknown key 'blue'; known: 'green', 'red'"],
        ),
        ("text: x\nlimited: 0\n", ["doc.yaml:2: limited: must be at least 1"]),
        ("text: unwanted\n", ["doc.yaml:1: unwanted text"]),
        (
            'text: x\ncolour: "a\\nb"\n',
            ["doc.yaml:2: colour: 'a\\nb' is not one of 'red', 'green'"],
        ),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, content: str, messages: list[str]
) -> None:
    assert messages == refusal(tmp_path, content)


def test_a_tuple_of_fixed_length_refuses_another(tmp_path: Path) -> None:
    (message,) = refusal(tmp_path, "text: x\npair: [a]\n")

    assert message.startswith("doc.yaml:2: pair")


def test_every_mistake_is_told_in_one_go(tmp_path: Path) -> None:
    messages = refusal(
        tmp_path, "flag: yes\nnumber: x\nparts:\n  - {amount: y}\nunknown_thing: 1\n"
    )

    assert messages == [
        "doc.yaml:1: flag: 'yes' is neither true nor false",
        "doc.yaml:1: key 'text' is missing",
        "doc.yaml:2: number: 'x' is not a whole number, such as 7",
        "doc.yaml:4: parts[0].amount: 'y' is not a whole number, such as 7",
        "doc.yaml:4: parts[0]: key 'name' is missing",
        "doc.yaml:5: unknown key 'unknown_thing'; known: 'anything', 'at', 'colour' and 17 more",
    ]


def test_a_hostile_key_is_shortened_and_shown_without_its_control_characters(
    tmp_path: Path,
) -> None:
    (message,) = refusal(tmp_path, f'text: x\n"{"k" * 70}\\e[31m": 1\n')

    assert f"doc.yaml:2: unknown key '{'k' * 59}…'" == message.split(";")[0]
    assert "\x1b" not in message


@settings(max_examples=100, deadline=None)
@given(
    number=st.integers(-(10**17), 10**17),
    day=st.dates(),
    at=st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    flag=st.booleans(),
)
def test_what_python_writes_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, number: int, day: date, at: datetime, *, flag: bool
) -> None:
    content = (
        f"text: x\nnumber: {number}\nday: {day.isoformat()}\nat: {at.isoformat()}\n"
        f"flag: {str(flag).lower()}\n"
    )

    found = bound(tmp_path_factory.getbasetemp(), content)

    assert (number, day, at, flag) == (found.number, found.day, found.at, found.flag)


def test_importing_the_room_loads_no_pydantic() -> None:
    program = "import sod_analyzer.documents, sys; sys.exit('pydantic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0


@dataclass(frozen=True, slots=True)
class _Kept:
    class_: int
    except_: tuple[str, ...] = ()


def test_a_key_that_python_keeps_for_itself_is_a_field_with_an_underscore(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text("class: 1\nexcept: [a]\n", encoding="utf-8")

    assert load(path, _Kept, error=ConfigError, shown="kept.yaml") == _Kept(1, ("a",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class: one\n", "kept.yaml:1: class: 'one' is not a whole number, such as 7"),
        ("except: []\n", "kept.yaml:1: key 'class' is missing"),
        ("class: 1\nclass_: 1\n", "kept.yaml:2: unknown key 'class_'; did you mean 'class'?"),
    ],
)
def test_messages_name_such_a_key_as_it_is_written(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load(path, _Kept, error=ConfigError, shown="kept.yaml")

    assert [str(problem) for problem in caught.value.problems] == [message]
