"""Counts over whole tables by column: rows by their words, and the people behind findings."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.finding import NOBODY, Report
from sod_analyzer.report.columns import (
    Codes,
    Words,
    distinct_words,
    plain,
    together,
    translated,
)

_T = TypeVar("_T")
Mask = npt.NDArray[np.bool_]


def once(function: Callable[[Report], _T]) -> Callable[[Report], _T]:
    """The function, which remembers its answer for the report asked of last.

    A report never changes, and every format asks for the same counts several times.
    """
    last: list[tuple[weakref.ref[Report], _T]] = []

    @wraps(function)
    def asked(report: Report) -> _T:
        if not last or last[0][0]() is not report:
            last[:] = [(weakref.ref(report), function(report))]
        return last[0][1]

    return asked


def is_word(column: pa.ChunkedArray, *texts: str) -> Mask:
    """Which rows hold one of the texts; null is none of them."""
    coded = distinct_words(column)
    chosen = pc.is_in(coded.texts, value_set=pa.array(texts, pa.string()))
    return np.take(np.append(chosen.to_numpy(zero_copy_only=False), False), coded.codes)


def filled(column: pa.ChunkedArray) -> Mask:
    """Which rows are not null."""
    found: Mask = column.is_valid().to_numpy()
    return found


def tally(table: pa.Table, *names: str) -> Counter[tuple[Any, ...]]:
    """How many rows have each combination of texts in the named columns, of few words each."""
    columns = [distinct_words(table[name]) for name in names]
    codes, parts = together(*columns)
    counts = np.bincount(codes, minlength=len(parts[0]))
    occurs = np.flatnonzero(counts)
    keys = [_texts(column, part[occurs]) for column, part in zip(columns, parts, strict=True)]
    return Counter(dict(zip(zip(*keys, strict=True), counts[occurs].tolist(), strict=True)))


def _texts(column: Words, codes: Codes) -> list[str | None]:
    known = pa.concat_arrays([column.texts, pa.nulls(1, pa.string())])
    found: list[str | None] = known.take(pa.array(codes)).to_pylist()
    return found


class Behind:
    """The identities that findings are about: what a login breaks, whoever holds it breaks."""

    def __init__(self, report: Report) -> None:
        violations, population = report["violations"], report["population"]
        self._subjects = distinct_words(violations["subject"])
        identities = distinct_words(population["identity"])
        own = translated(identities, self._subjects)
        accounts = pc.split_pattern(plain(population["account_ids"]).fill_null(""), "; ")
        of_account = pc.index_in(accounts.flatten(), value_set=self._subjects.texts).fill_null(-1)
        subject = np.concatenate([own, of_account.to_numpy()])
        rows = np.concatenate([np.arange(len(own)), pc.list_parent_indices(accounts).to_numpy()])
        linked = np.flatnonzero((subject >= 0) & (subject < len(self._subjects.texts)))
        # A role or a place may be called what an account is.
        self._about_somebody = ~is_word(violations["subject_kind"], *NOBODY)
        self._subject = subject[linked]
        self._identity = identities.codes[rows[linked]]
        self._known = len(identities.texts) + 1

    def count(self, findings: Mask) -> int:
        """How many identities are behind some rows of the violations."""
        asked = np.zeros(len(self._subjects.texts) + 1, dtype=bool)
        asked[self._subjects.codes[findings & self._about_somebody]] = True
        behind = np.zeros(self._known, dtype=bool)
        behind[self._identity[np.take(asked, self._subject)]] = True
        return int(behind.sum())
