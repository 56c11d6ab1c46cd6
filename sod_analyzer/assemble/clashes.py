"""The issues of ids whose records contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from sod_analyzer.model.access import ISSUES, Hides
from sod_analyzer.model.rows import Rows, shown

_MOST_VALUES = 4

Cells = Mapping[str, Any]


def clash_issues(
    rows: Sequence[Cells],
    merged: Sequence[Cells],
    sizes: Sequence[int],
    names: Sequence[Sequence[str]],
    *,
    noun: str,
    key: str,
    harmless: frozenset[str],
) -> pa.Table:
    """An issue (ISSUES) per merged row whose records differ.

    `rows` has the records of the first one, then those of the second …, as many of each as
    `sizes` says; `names` are the columns in which they differ.
    """
    issues = Rows(ISSUES)
    begin = 0
    for result, size, differing in zip(merged, sizes, names, strict=True):
        records = rows[begin : begin + size]
        begin += size
        node: str = result[key]
        issues.add(
            kind="conflicting-attributes",
            system=node.partition(":")[0],
            subject=node,
            text=f"{noun} '{shown(node)}' is described in different ways: "
            + "; ".join(_difference(name, records, result[name]) for name in differing)
            + ".",
            hides=str(Hides.NO if harmless.issuperset(differing) else Hides.UNKNOWN),
            source_id=result.get("source_id"),
            record=result.get("record"),
        )
    return issues.table()


def _difference(name: str, records: Sequence[Cells], chosen: object) -> str:
    values = sorted({_worded(row[name]) for row in records if row[name] is not None})
    more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
    listed = " and ".join(f"'{value}'" for value in values[:_MOST_VALUES])
    return f"{name} is {listed}{more}, and '{_worded(chosen)}' counts"


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(str(value), most=60)
