"""Rows about nodes, each different one once per file, by column: what `_Loader` puts once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.importers.tabular.words import Codes, Flags, Rows, codes_of, take
from sod_analyzer.model.batch import BatchBuilder

Numbers = npt.NDArray[np.integer]

#: With so many times as many numbers as rows, rows are sorted, and numbers not looked at.
_FEW_ROWS = 16


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that rows say, by number: cells of one or more columns of a batch table.

    No two numbers have equal cells. `codes` has -1 for nothing said; where it is None, every row
    says the one thing there is.
    """

    cells: Mapping[str, pa.Array]
    codes: Codes | None

    def of(self, rows: Rows | slice) -> Fact:
        """What these rows say."""
        return self if self.codes is None else Fact(self.cells, self.codes[rows])


def tally(codes: Numbers, size: int) -> tuple[Rows, Codes]:
    """How often each number below `size` occurs, and the first row that has it, -1 for none."""
    return np.bincount(codes, minlength=size), firsts(codes, size)


def firsts(codes: Numbers, size: int) -> Codes:
    """The first row of each number below `size`; -1 for none."""
    found = np.full(size, -1, dtype=np.int32)
    # Of several rows with one number the last that is written stays, so the rows go backwards.
    found[codes[::-1]] = np.arange(len(codes) - 1, -1, -1, dtype=np.int32)
    return found


def first_rows(facts: Sequence[Fact], count: int) -> Rows:
    """The rows that say what no earlier row says, in order.

    Cost: a few passes per fact; rows are hashed only where a fact differs within what the facts
    before it have in common.
    """
    told = [fact for fact in facts if fact.codes is not None]
    if not told or not count:
        return np.arange(min(count, 1), dtype=np.int64)
    group: Codes = np.zeros(count, dtype=np.int32)
    groups = 1
    for fact in told:
        codes = fact.codes
        if codes is None:
            continue
        if groups == 1 and codes.min() >= 0:
            group = codes.astype(np.int32, copy=False)
            groups = len(next(iter(fact.cells.values())))
            continue
        group, groups = _refined(group, groups, codes)
    if len(group) * _FEW_ROWS < groups:
        return _first_of_few(group)
    first = firsts(group, groups)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[first[first >= 0]] = True
    return np.flatnonzero(chosen)


def _first_of_few(group: Codes) -> Rows:
    """The first row of each number, in order, where there are far more numbers than rows."""
    order = np.argsort(group, kind="stable")
    in_order = group[order]
    first = np.append(True, in_order[1:] != in_order[:-1])[: len(order)]
    return np.sort(order[first])


def _refined(group: Codes, groups: int, codes: Codes) -> tuple[Codes, int]:
    """Groups of rows that are equal in what they were grouped by and in these numbers."""
    first = firsts(group, groups)
    if np.count_nonzero(first >= 0) == len(group):
        return group, groups  # no two rows are equal as it is
    common = np.where(first >= 0, codes[first], -1)
    other = np.flatnonzero(common[group] != codes)
    if not len(other):
        return group, groups
    pairs = (group[other].astype(np.int64) << 32) + codes[other].astype(np.int64) + 1
    coded = pa.array(pairs).dictionary_encode()
    refined = group.copy()
    refined[other] = np.asarray(coded.indices) + groups
    return refined, groups + len(coded.dictionary)


class Statements:
    """Gathers what one file says of the nodes of one table, and puts each statement once.

    The statement of the smallest record stays. `constant` are columns that are equal in all rows.
    """

    def __init__(self, table: str, *, constant: Mapping[str, object], recorded: bool) -> None:
        self._table = table
        self._constant = constant
        self._recorded = recorded
        self._parts: list[tuple[tuple[Fact, ...], Rows]] = []
        self._seen: tuple[Mapping[str, pa.Array], Flags] | None = None

    def add(self, facts: Sequence[Fact], records: Rows) -> None:
        """The statements of some rows, which have these records, in ascending order."""
        if all(fact.codes is None for fact in facts[1:]):
            new = self._new(facts[0])
            facts, records = [fact.of(new) for fact in facts], records[new]
        rows = first_rows(facts, len(records))
        self._parts.append((tuple(fact.of(rows) for fact in facts), records[rows]))

    def _new(self, fact: Fact) -> Rows | slice:
        """The rows that say what no part before said; blocks share their dictionaries."""
        if fact.codes is None:
            return slice(None)
        if self._seen is None or self._seen[0] is not fact.cells:
            self._seen = fact.cells, np.zeros(len(next(iter(fact.cells.values()))), np.bool_)
        seen = self._seen[1]
        new = np.flatnonzero(~seen[fact.codes])
        seen[fact.codes[new]] = True
        return new

    def flush(self, builder: BatchBuilder) -> None:
        """Puts every statement; nothing is gathered any more."""
        parts, self._parts, self._seen = self._parts, [], None
        if not parts:
            return
        records = np.concatenate([numbers for _, numbers in parts])
        counts = [len(numbers) for _, numbers in parts]
        facts = [
            _together(told, counts) for told in zip(*(facts for facts, _ in parts), strict=True)
        ]
        if len(parts) > 1:
            if np.any(records[1:] < records[:-1]):
                order = np.argsort(records, kind="stable")
                records, facts = records[order], [fact.of(order) for fact in facts]
            rows = first_rows(facts, len(records))
            records, facts = records[rows], [fact.of(rows) for fact in facts]
        if all(fact.codes is None for fact in facts[1:]):
            facts[0], records = _in_place(facts[0], records)
        columns: dict[str, object] = dict(self._constant)
        for fact in facts:
            for name, cells in fact.cells.items():
                columns[name] = (
                    cells[0].as_py() if fact.codes is None else _cells(cells, fact.codes)
                )
        if self._recorded:
            columns["record"] = pa.array(records)
        builder.columns(self._table, len(records), **columns)


def _in_place(fact: Fact, records: Rows) -> tuple[Fact, Rows]:
    """Rows that each say another thing, in the order in which those things are kept.

    What is kept in one piece then needs no copy, and whoever knows it by its place knows the rows.
    """
    codes = fact.codes
    if codes is None or not len(codes) or codes.min() < 0:
        return fact, records
    low, size = int(codes.min()), int(codes.max()) - int(codes.min()) + 1
    if size != len(codes):
        return fact, records
    ordered = np.empty_like(records)
    ordered[codes - low] = records
    return Fact(fact.cells, np.arange(low, low + size, dtype=np.int32)), ordered


def _cells(values: pa.Array, codes: Codes) -> pa.Array:
    """The values with these numbers, null for -1; a part of them is not copied."""
    begin = int(codes[0]) if len(codes) else -1
    if begin >= 0 and np.array_equal(codes, np.arange(begin, begin + len(codes))):
        return values.slice(begin, len(codes))
    return take(values, codes)


def _together(facts: Sequence[Fact], counts: Sequence[int]) -> Fact:
    """One fact over the rows of several, of which each has so many."""
    shared = facts[0].cells
    same = all(fact.cells is shared for fact in facts)
    if same and all(fact.codes is None for fact in facts):
        return facts[0]
    codes = [
        np.zeros(count, dtype=np.int32) if fact.codes is None else fact.codes
        for fact, count in zip(facts, counts, strict=True)
    ]
    if same:
        return Fact(shared, np.concatenate(codes))
    cells, places = _union([fact.cells for fact in facts])
    moved = [np.where(each < 0, -1, place[each]) for each, place in zip(codes, places, strict=True)]
    return Fact(cells, np.concatenate(moved).astype(np.int32))


def _union(several: Sequence[Mapping[str, pa.Array]]) -> tuple[Mapping[str, pa.Array], list[Rows]]:
    """All different cells, and where those of each lot stand among them."""
    columns = {name: pa.concat_arrays([cells[name] for cells in several]) for name in several[0]}
    total = len(next(iter(columns.values())))
    group: Codes = np.zeros(total, dtype=np.int32)
    groups = 1
    for column in columns.values():
        group, groups = _refined(group, groups, codes_of(column.dictionary_encode()))
    first = firsts(group, groups)
    used = np.flatnonzero(first >= 0)
    place = np.full(groups, -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    kept = {name: column.take(pa.array(first[used])) for name, column in columns.items()}
    ends = np.cumsum([len(next(iter(cells.values()))) for cells in several])
    # An empty lot has no place; one more place keeps "nothing" from pointing beyond its end.
    moved = [np.append(each, -1) for each in np.split(place[group], ends[:-1])]
    return kept, moved
