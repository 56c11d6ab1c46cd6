"""Rows written together are those that the library writes cell by cell, to the byte."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from unittest import mock

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sod_analyzer.report.joined import joined
from sod_analyzer.report.workbook import grid
from sod_analyzer.report.workbook.grid import Grid
from sod_analyzer.report.workbook.sheet import Book
from tests.report.bank import clean

SCHEMA = pa.schema(
    {
        "text": pa.string(),
        "word": pa.dictionary(pa.int32(), pa.string()),
        "count": pa.int64(),
        "flag": pa.bool_(),
        "moment": pa.timestamp("s", tz="UTC"),
        "day": pa.date32(),
        "other": pa.string(),
    }
)
#: What is written otherwise than it is, somewhere or other.
ODD = "<>&\"' \t\n\r\x07\x0b\x1c\x7f\x85\xa0\u2003\u3000\u202e\ufffe\uffff_x0041é\U0001f648"
PARTS = ("<r>", "</r>", "_x0041_", "_xfFfF_", "a", "b c", "=1+1", "0")

texts = st.one_of(
    st.text(ODD, max_size=12),
    st.lists(st.sampled_from(PARTS), max_size=4).map("".join),
    st.integers(1, 400).map("long ".__mul__),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
moments = st.datetimes(datetime(1905, 1, 1), datetime(2999, 1, 1))  # noqa: DTZ001 - made aware below
rows = st.fixed_dictionaries(
    {
        "text": st.none() | texts,
        "word": st.none() | texts,
        "count": st.none() | st.integers(-(10**4), 10**4) | st.integers(-(2**63), 2**63 - 1),
        "flag": st.none() | st.booleans(),
        "moment": st.none() | moments.map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),
        "day": st.none() | st.dates(date(1905, 1, 1), date(2999, 1, 1)),
        "other": st.none() | texts,
    }
)


def written(found: Sequence[Mapping[str, Any]], *, together: bool) -> tuple[dict[str, bytes], Book]:
    """The files of a workbook of these rows, and what was counted on the way."""
    table = pa.Table.from_pylist(list(found), schema=SCHEMA)
    made = Grid("Rows", joined(table), "rows", widths={"text": 9})
    stream = io.BytesIO()

    def one_by_one(sheet: Any, _: pa.Schema) -> Any:
        return grid._one_by_one(sheet, made, placed.parts[0])

    with tempfile.TemporaryDirectory() as scratch, mock.patch.object(grid, "_BATCH", 3):
        book = Book.opened(stream, clean(), row_limit=100, sheet_limit=1, scratch=scratch)
        # Which of them is asked for first does not matter to a reader.
        for style in book.formats.values():
            style._get_xf_index()
        placed = grid.placed(book, made)
        with mock.patch.object(grid, "_together", grid._together if together else one_by_one):
            grid.write(placed)
        placed.sheets[0].text(len(found) + 1, 0, "below")
        book.workbook.close()
    with zipfile.ZipFile(stream) as opened:
        return {name: opened.read(name) for name in opened.namelist()}, book


@given(st.lists(rows, max_size=8))
@settings(max_examples=150, deadline=None)
@example([])
@example([dict.fromkeys(SCHEMA.names), {"flag": True}])
@example([{"text": "<r></r></is></c><c>&</c></r>"}, {"text": " x"}, {"text": "_x0041_\n"}])
def test_rows_are_those_that_are_written_cell_by_cell(found: list[dict[str, Any]]) -> None:
    files, book = written(found, together=True)
    expected, plain = written(found, together=False)

    assert files == expected
    assert (book.odd_texts, book.cut_texts) == (plain.odd_texts, plain.cut_texts)
