"""Pieces of the columnar engine, each against what Python says of one cell at a time."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
import pyarrow as pa

from sod_analyzer.importers.tabular import days, statements
from sod_analyzer.importers.tabular.statements import Fact


def number_of(year: int, month: int, day: int) -> int | None:
    """The day counted from 1970, if the calendar has it."""
    try:
        return (date(year, month, day) - date(1970, 1, 1)).days
    except ValueError:
        return None


def test_days_are_those_of_the_calendar() -> None:
    years = (0, 1, 1600, 1900, 1969, 1970, 2000, 2023, 2024, 2100, 9999)
    asked = list(product(years, range(14), range(34)))
    year, month, day = (np.array(column, dtype=np.int64) for column in zip(*asked, strict=True))

    found, real = days._civil(year, month, day)

    expected = [number_of(*each) for each in asked]
    told = [number if known else None for number, known in zip(found.tolist(), real, strict=True)]
    wrong = [three for three, one, other in zip(asked, told, expected, strict=True) if one != other]
    assert wrong[:5] == []


def test_records_go_with_the_things_that_they_state() -> None:
    cells = {"account": pa.array([f"a{n}" for n in range(9)])}
    codes = np.array([5, 3, 6, 4], dtype=np.int32)

    fact, records = statements._in_place(Fact(cells, codes), np.array([10, 20, 30, 40]))

    assert fact.codes is not None
    stated = dict(zip(codes.tolist(), [10, 20, 30, 40], strict=True))
    assert dict(zip(fact.codes.tolist(), records.tolist(), strict=True)) == stated
    assert fact.codes.tolist() == [3, 4, 5, 6]
