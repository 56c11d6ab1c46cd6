"""The digest sees every value, and nothing but values."""

from __future__ import annotations

import hashlib
import random
import struct
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.model.digest import tables_digest

WORD = pa.dictionary(pa.int32(), pa.string())
DAY = date(2026, 10, 31)
TABLE = pa.table(
    {
        "text": pa.array(["ab", None, "", "c"], pa.string()),
        "count": pa.array([1, None, 0, -1], pa.int64()),
        "flag": pa.array([True, None, False, True], pa.bool_()),
        "day": pa.array([DAY, None, DAY, None], pa.date32()),
        "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 4, pa.timestamp("s", tz="UTC")),
        "code": pa.array([1, 2, 3, 4], pa.int32()),
        "word": pa.array(["b", None, "a", "b"], WORD),
        "never": pa.array([None] * 4, pa.int32()),
    }
)


def digest(table: pa.Table) -> str:
    return tables_digest({"t": table}, as_of=DAY)


def by_hand(table: pa.Table) -> str:
    """The same digest from Python values, one by one."""
    content = b"sod-analyzer snapshot 3 2026-10-31\n"
    content += f"table t {table.num_rows}\n".encode()
    for field in table.schema:
        kind = "word" if pa.types.is_dictionary(field.type) else field.type
        column = hashlib.sha256(of_column(table.column(field.name).to_pylist(), str(kind)))
        content += f"column {field.name} {kind} {column.hexdigest()}\n".encode()
    return hashlib.sha256(content).hexdigest()


def of_column(cells: list[Any], kind: str) -> bytes:
    """What is hashed of a column."""
    if cells and not any(cell is not None for cell in cells):
        return b"none"
    begin = b"full"
    if None in cells:
        begin = b"null" + bytes(cell is not None for cell in cells)
    if kind == "string":
        return begin + text(cells)
    if kind == "word":
        words = sorted({cell for cell in cells if cell is not None})
        width = "<B" if len(words) <= 256 else "<H" if len(words) <= 65_536 else "<I"
        places = [0 if cell is None else words.index(cell) for cell in cells]
        begin += struct.pack("<q", len(words)) + text(words)
        return begin + b"".join(struct.pack(width, place) for place in places)
    if kind == "bool":
        return begin + bytes(bool(cell) for cell in cells)
    width = "<i" if kind in {"int32", "date32[day]"} else "<q"
    return begin + b"".join(struct.pack(width, number(cell)) for cell in cells)


def text(cells: list[str | None]) -> bytes:
    texts = [(cell or "").encode() for cell in cells]
    return b"".join(struct.pack("<i", len(text)) for text in texts) + b"".join(texts)


def number(cell: int | date | datetime | None) -> int:
    if isinstance(cell, datetime):
        return int(cell.timestamp())
    if isinstance(cell, date):
        return (cell - date(1970, 1, 1)).days
    return cell or 0


def test_the_digest_is_what_its_description_says() -> None:
    assert by_hand(TABLE) == digest(TABLE)


def test_chunks_and_offsets_do_not_matter() -> None:
    pieces = [TABLE.slice(0, 1), TABLE.slice(1, 2), TABLE.slice(3)]
    padded = pa.concat_tables([TABLE, TABLE]).combine_chunks().slice(4)

    assert digest(TABLE) == digest(pa.concat_tables(pieces)) == digest(padded)


@pytest.mark.parametrize("column", TABLE.schema.names)
def test_every_column_counts(column: str) -> None:
    at = TABLE.schema.get_field_index(column)
    cells = TABLE.column(column).to_pylist()
    other = cells[:1] * 3 + [None] if column != "never" else [0, None, None, None]
    changed = TABLE.set_column(
        at, TABLE.schema.field(at), [pa.array(other, TABLE.schema.types[at])]
    )

    assert digest(TABLE) != digest(changed)


def test_null_is_not_empty_and_neighbours_do_not_run_together() -> None:
    texts = [["a", "bc"], ["ab", "c"], ["abc", ""], ["abc", None], ["", "abc"]]

    found = {digest(pa.table({"t": pa.array(row, pa.string())})) for row in texts}

    assert len(found) == len(texts)


def test_the_day_and_the_tables_name_count() -> None:
    assert tables_digest({"t": TABLE}, as_of=date(2026, 1, 1)) != digest(TABLE)
    assert tables_digest({"u": TABLE}, as_of=DAY) != digest(TABLE)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 65_536, 65_537])
def test_places_of_words_are_as_wide_as_their_number_needs(count: int) -> None:
    words = [f"{n:05d}" for n in range(count)]
    table = pa.table({"w": pa.array([*words, words[-1]], WORD)})

    content = b"full" + struct.pack("<q", count) + text([*words])
    width = "B" if count <= 256 else "H" if count <= 65_536 else "I"
    content += struct.pack(f"<{count + 1}{width}", *range(count), count - 1)
    column = hashlib.sha256(content).hexdigest()
    whole = f"sod-analyzer snapshot 3 {DAY}\ntable t {count + 1}\ncolumn w word {column}\n"
    assert hashlib.sha256(whole.encode()).hexdigest() == digest(table)


CELLS = st.lists(st.none() | st.sampled_from(["", "a", "b", "ab", "é"]), max_size=12)


@settings(max_examples=100, deadline=None)
@given(CELLS, st.randoms(use_true_random=False))
def test_the_dictionary_does_not_matter(cells: list[str | None], chance: random.Random) -> None:
    """Neither its order, nor words that no row has, nor one that stands in it twice."""
    expected = digest(pa.table({"w": pa.array(cells, WORD)}))
    cut = chance.randint(0, len(cells))
    pieces = []
    for part in (cells[:cut], cells[cut:]):
        words = ["", "a", "b", "ab", "é", "unused", None, *chance.choices(["a", "b"], k=2)]
        chance.shuffle(words)
        places = [
            None
            if cell is None and chance.random() < 0.5
            else chance.choice([n for n, word in enumerate(words) if word == cell])
            for cell in part
        ]
        pieces.append(
            pa.DictionaryArray.from_arrays(
                pa.array(places, pa.int32()), pa.array(words, pa.string())
            )
        )

    assert expected == digest(pa.table({"w": pa.chunked_array(pieces)}))


@settings(max_examples=100, deadline=None)
@given(CELLS, CELLS)
def test_two_columns_have_one_digest_only_if_they_are_equal(
    left: list[str | None], right: list[str | None]
) -> None:
    for kind in (pa.string(), WORD):
        one, other = (digest(pa.table({"c": pa.array(each, kind)})) for each in (left, right))

        assert (left == right) == (one == other)


def test_an_unused_word_in_its_place_does_not_matter() -> None:
    words = pa.array(["a", "b", "c"], pa.string())
    wide = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2], pa.int32()), words)

    assert digest(pa.table({"w": wide})) == digest(pa.table({"w": pa.array(["c", "a", "c"], WORD)}))
