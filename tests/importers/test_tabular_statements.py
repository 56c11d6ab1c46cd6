"""What a file says of its nodes, each different statement once."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.importers.tabular import statements
from sod_analyzer.importers.tabular.blocks import Numbers, in_pieces
from sod_analyzer.importers.tabular.statements import Fact, first_rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=12), st.sampled_from([0, 16, 10**6]))
def test_the_first_row_that_says_something_stays(codes: list[int], few: int) -> None:
    cells = {"name": pa.array([f"{n}" for n in range(100)])}

    with patch.object(statements, "_FEW_ROWS", few):
        found = first_rows([Fact(cells, np.array(codes, dtype=np.int32))], len(codes))

    assert found.tolist() == sorted({codes.index(code) for code in codes})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=12), st.integers(1, 5))
def test_columns_come_in_pieces_of_the_rows_that_are_kept(kept: list[bool], rows: int) -> None:
    columns: list[Numbers] = [np.arange(len(kept)), np.arange(len(kept), dtype=np.int8) * 2]
    before = list(columns)

    pieces = list(in_pieces(columns, np.array(kept, dtype=np.bool_), rows))

    assert not columns
    assert len(pieces) == -(-len(kept) // rows)
    for number, column in enumerate(before):
        expected = [cell for cell, keep in zip(column.tolist(), kept, strict=True) if keep]
        assert [cell for piece in pieces for cell in piece[number].tolist()] == expected
        assert not any(np.shares_memory(column, piece[number]) for piece in pieces)
