"""Who is whose manager, and what people are called, by employee id: of those it is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.explain.names import Names, flat, stated
from sod_analyzer.model.access import NodeKind


class Known(Mapping[str, str]):
    """Texts by employee id: those of some people, and the ids of all of them.

    Whoever was not asked about looks as if nobody knew them, but is told among the ids.
    """

    def __init__(self, known: Mapping[str, str], everyone: pa.Array) -> None:
        self._known = known
        self._everyone = everyone

    def __getitem__(self, key: str) -> str:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._everyone.to_pylist())

    def __len__(self) -> int:
        return len(self._everyone)


@dataclass(frozen=True, slots=True)
class Roster:
    """What the roster says of some people and of everyone above them."""

    managers: Mapping[str, str]
    names: Mapping[str, str]


def roster_of(names: Names, asked: Iterable[str]) -> Roster:
    """What there is to know of some people, by employee id, and of their managers, all the way up.

    Cost: one pass over the roster for each step up.
    """
    table = names.table(NodeKind.IDENTITY)
    employee, manager, name = (
        stated(flat(table.column(column))) for column in ("employee_id", "manager", "name")
    )
    managers: dict[str, str] = {}
    called: dict[str, str] = {}
    seen: set[str] = set()
    while further := {key for key in asked if key} - seen:
        seen |= further
        mine = pc.is_in(employee, value_set=pa.array(sorted(further), pa.string()), skip_nulls=True)
        rows = pa.array(np.flatnonzero(mine.to_numpy(zero_copy_only=False)))
        above: set[str] = set()
        columns = (employee.take(rows), manager.take(rows), name.take(rows))
        for key, boss, text in zip(*(column.to_pylist() for column in columns), strict=True):
            called[key] = text or key
            if boss:
                managers[key] = boss
                above.add(boss)
        asked = above
    return Roster(managers, Known(called, employee.drop_null().unique()))
