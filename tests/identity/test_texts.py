"""Texts as numbers, and their order: equal to what Python says, whatever the texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.identity import texts as texts_module
from sod_analyzer.identity.texts import Texts
from sod_analyzer.identity.words import order_of, spans_of

#: Shared beginnings, zero bytes, texts that end inside another, all lengths of UTF-8.
PIECES = st.sampled_from(
    ["", "a", "ab", "core:u0", "0", "9", "\0", "é", "€", "😀", "\ud7ff", "z" * 9]
)
TEXTS = st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=12)
LONG = st.integers(250, 270).map("x".__mul__) | st.just("x" * 257 + "y")
LISTS = st.lists(st.none() | TEXTS | LONG, max_size=40)


def array(cells: Sequence[str | None]) -> pa.Array:
    return pa.array(cells, pa.string())


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS | LONG, max_size=60))
def test_order_is_that_of_code_points(cells: list[str]) -> None:
    order = order_of(spans_of(array(cells)))

    assert sorted(range(len(cells)), key=cells.__getitem__) == order.tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=30), st.data())
def test_some_rows_are_ordered_like_all(cells: list[str], choice: st.DataObject) -> None:
    rows = choice.draw(st.lists(st.integers(0, max(len(cells) - 1, 0)), unique=True))
    rows = rows if cells else []

    order = order_of(spans_of(array(cells)), np.array(rows, dtype=np.intp))

    assert sorted(rows, key=lambda row: cells[row]) == [
        *sorted(order.tolist(), key=lambda row: (cells[row], rows.index(row)))
    ]
    assert [cells[row] for row in order] == sorted(cells[row] for row in rows)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: f"core:u{n:07d}",
        lambda n: f"{'erp' if n % 3 else 'directory'}:cn={n * 7919 % 100003:x},ou=People",
        lambda n: f"{n * 2654435761 % 2**64:064b}"[: n % 60],
        lambda n: ("same" * 20) + chr(n % 7) + "\0" * (n % 5),
    ],
)
def test_many_texts_are_in_order(make: object) -> None:
    cells = [make(n * 733 % 5003) for n in range(5003)]  # type: ignore[operator]

    order = order_of(spans_of(array(cells)))

    assert sorted(range(len(cells)), key=cells.__getitem__) == order.tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(LISTS, max_size=4), LISTS)
def test_equal_texts_have_equal_numbers_and_others_have_others(
    added: list[list[str | None]], asked: list[str | None]
) -> None:
    texts = Texts()
    numbers: dict[str | None, int] = {None: -1}

    for cells in added:
        for cell, number in zip(cells, texts.add(array(cells)).tolist(), strict=True):
            assert numbers.setdefault(cell, number) == number

    assert len(set(numbers.values())) == len(numbers)
    assert sorted(numbers.values()) == [*range(-1, len(texts))]
    assert texts.find(array(asked)).tolist() == [numbers.get(cell, -1) for cell in asked]
    assert [numbers[cell] for cell in texts.array().to_pylist()] == [*range(len(texts))]


def test_slices_blocks_and_growth_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "_BLOCK", 64)
    cells = [f"k8s:{n % 700}" for n in range(3000)]
    whole, texts = array(["k8s:odd", None, *cells, "end"]), Texts()

    numbers = texts.add(whole.slice(2, 3000))

    assert len(texts) == 700
    assert texts.array().take(pa.array(numbers)).to_pylist() == cells
    assert texts.find(whole.slice(0, 3)).tolist() == [-1, -1, numbers[0]]


def test_texts_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: Texts, spans: object) -> object:
        return np.zeros(len(spans.starts), dtype=np.uint64)  # type: ignore[attr-defined]

    monkeypatch.setattr(Texts, "_hashed", nothing)
    cells = ["a", "b", "a" * 300, "a" * 299 + "b", "", "abcdefgh", "abcdefgi"]
    texts = Texts()

    numbers = texts.add(array(cells + cells)).tolist()

    assert numbers[:7] == numbers[7:]
    assert sorted(numbers[:7]) == [*range(7)]
