"""How tall rows must be for their texts, and which texts need changing, a column at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.text import CELL_LIMIT, LINE_LIMIT, visible

#: The tallest a row may be, in lines.
TALLEST = 12
#: Characters that `visible` changes; lone surrogates, which it changes too, no table can hold.
_ODD = (
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x{9f}\\x{fffe}\\x{ffff}"
    "\\x{61c}\\x{200b}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2060}\\x{2066}-\\x{2069}\\x{feff}]"
)


def lines_of(text: str | None, width: float) -> int:
    """How many lines the text takes in a cell of that width, counted generously."""
    if not text:
        return 1
    shown = visible(text[:CELL_LIMIT]).split("\n", TALLEST)
    return sum(max(1, math.ceil(len(line) / _room(width))) for line in shown)


def heights(columns: Sequence[pa.Array], widths: Sequence[float]) -> list[int]:
    """The lines each row takes, by its texts in the columns; at most the tallest there is."""
    most = np.ones(len(columns[0]), dtype=np.int64)
    for column, width in zip(columns, widths, strict=True):
        if pa.types.is_string(column.type):
            np.maximum(most, _lines(column, width), out=most)
    found: list[int] = np.minimum(most, TALLEST).tolist()
    return found


def changing(texts: pa.Array) -> npt.NDArray[np.int64]:
    """The rows whose texts a cell may not show as they are; a few more, but none less."""
    found = pc.match_substring_regex(texts, _ODD)
    # In UTF-8 a text has at least as many bytes as it has UTF-16 units.
    found = pc.or_(found, pc.greater(pc.binary_length(texts), CELL_LIMIT))
    found = pc.or_(found, pc.greater(pc.count_substring(texts, "\n"), LINE_LIMIT))
    return np.flatnonzero(found.fill_null(False).to_numpy(zero_copy_only=False))  # noqa: FBT003


def _lines(texts: pa.Array, width: float) -> npt.NDArray[np.int64]:
    letters = pc.utf8_length(texts).fill_null(0).to_numpy()
    lines: npt.NDArray[np.int64] = np.ceil(letters / _room(width)).astype(np.int64)
    broken = pc.fill_null(pc.match_substring(texts, "\n"), False)  # noqa: FBT003
    for row in {*np.flatnonzero(broken.to_numpy(zero_copy_only=False)), *changing(texts)}:
        lines[row] = lines_of(texts[int(row)].as_py(), width)
    return lines


def _room(width: float) -> float:
    return max(width * 1.15, 1)
