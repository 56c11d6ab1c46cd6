"""The files of a world, by column: no Python object per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks.world.bad import BadRows
from tests.benchmarks.world.config import AS_OF
from tests.benchmarks.world.members import (
    CONDITIONS,
    DAYS,
    Members,
    People,
    condition_of,
    day_of,
    self_granted,
)
from tests.benchmarks.world.nesting import Codes
from tests.benchmarks.world.sizes import Size

_ROWS = 1_000_000
_DICTIONARY_BYTES = 64 << 20

_FIRST = ("Ann", "Ben", "Carla", "Dev", "Ewa", "Finn", "Grace", "Hugo", "Ines", "Jan", "Kofi")
_LAST = ("Lee", "Ray", "Novak", "Silva", "Khan", "Weber", "Rossi", "Byrne", "Ito", "Okafor", "Lund")
_DEPARTMENTS = tuple(
    f"{where} {what}"
    for what in ("Payments", "Loans", "Markets", "Cards", "Systems", "Risk", "Audit", "Treasury")
    for where in ("North", "South", "East", "West", "Central", "Online")
)
_TITLES = tuple(
    f"{rank} {what}"
    for rank in ("Junior", "Senior", "Lead", "Deputy")
    for what in ("Clerk", "Analyst", "Officer", "Engineer", "Adviser", "Trader", "Controller")
)
_STATUSES = ("active", "on leave", "left")


@dataclass(frozen=True)
class Names:
    """The texts of a world by number. Numbers on the line of groups are not those in the names."""

    logins: pa.Array
    employee_ids: pa.Array
    groups: pa.Array


def names_of(size: Size, people: People, chance: np.random.Generator) -> Names:
    """Ids of eight digits, zeros in front; logins and groups numbered by chance."""
    second = np.arange(size.accounts) >= size.people
    number = chance.permutation(size.people)[people.person]
    logins = _joined("u", _padded(number, 7), pa.array(np.where(second, "-adm", "")))
    groups = _joined("grp-", _padded(chance.permutation(size.groups), 6))
    return Names(logins, _padded(np.arange(size.people), 8), groups)


def _padded(numbers: Codes, width: int) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, padding="0")


def _joined(*parts: str | pa.Array) -> pa.Array:
    """Texts side by side; a plain one stands in every row."""
    return pc.binary_join_element_wise(*parts, "")


def roster(size: Size, names: Names, chance: np.random.Generator) -> Iterator[pa.Table]:
    """employee_id, name, email, department, title, status; in no order."""
    order = chance.permutation(size.people)
    for start in range(0, size.people, _ROWS):
        rows = order[start : start + _ROWS]
        first = chance.integers(0, len(_FIRST), len(rows))
        last = chance.integers(0, len(_LAST), len(rows))
        status = np.searchsorted((0.98, 0.99), chance.random(len(rows)), side="right")
        given, family = pa.array(_FIRST).take(first), pa.array(_LAST).take(last)
        number = pa.array(rows).cast(pa.string())
        yield pa.table(
            {
                "employee_id": names.employee_ids.take(rows),
                "name": _joined(given, " ", family),
                "email": _joined(given, ".", family, number, "@bank.example"),
                "department": pa.array(_DEPARTMENTS).take(
                    chance.integers(0, len(_DEPARTMENTS), len(rows))
                ),
                "title": pa.array(_TITLES).take(chance.integers(0, len(_TITLES), len(rows))),
                "status": pa.array(_STATUSES).take(status),
            }
        )


def accounts(people: People, names: Names, chance: np.random.Generator) -> Iterator[pa.Table]:
    """login, employee_id, enabled; in no order."""
    order = chance.permutation(len(people.person))
    words = pa.array(["no", "yes"])
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        yield pa.table(
            {
                "login": names.logins.take(rows),
                "employee_id": names.employee_ids.take(people.person[rows]),
                "enabled": words.take(people.enabled[rows].astype(np.int64)),
            }
        )


def edges(columns: Sequence[tuple[str, pa.Array, Codes]], order: Codes) -> Iterator[pa.Table]:
    """Tables of texts by their numbers, in this order of rows."""
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        yield pa.table({name: texts.take(codes[rows]) for name, texts, codes in columns})


def memberships(members: Members, names: Names) -> Iterator[pa.Table]:
    """login, group, valid_until, condition, self_granted."""
    every = np.arange(Members.tails())
    day, condition = day_of(every), np.minimum(condition_of(every), len(CONDITIONS) - 1)
    days = [""] + [
        (AS_OF + timedelta(days=n - DAYS - 1 if n <= DAYS else n - DAYS)).isoformat()
        for n in range(1, 2 * DAYS + 1)
    ]
    texts = {
        "valid_until": pa.array(days).take(np.minimum(day, 2 * DAYS)),
        "condition": pa.array(CONDITIONS).take(condition),
        "self_granted": pa.array(["", "yes"]).take(self_granted(every).astype(np.int64)),
    }
    for start in range(0, len(members.packed), _ROWS):
        piece = slice(start, start + _ROWS)
        tail = members.tail(piece)
        yield pa.table(
            {
                "login": names.logins.take(members.account(piece)),
                "group": names.groups.take(members.group(piece)),
                **{name: column.take(tail) for name, column in texts.items()},
            }
        )


def write_csv(path: Path, tables: Iterator[pa.Table], *, bad: BadRows | None = None) -> int:
    """Write a header and every row, none of which needs quotes; returns the rows."""
    written = 0
    with path.open("wb") as stream:
        for table in tables:
            if written == 0:
                stream.write(",".join(table.column_names).encode() + b"\n")
            lines = _lines(table)
            if bad is not None:
                lines = bad.among(lines, first=written)
            stream.write(_bytes(lines))
            written += table.num_rows
    return written


def _lines(table: pa.Table) -> pa.Array:
    """One text per row, its end of line included."""
    columns = [column.combine_chunks().cast(pa.large_string()) for column in table.columns]
    end, none, comma = (pa.scalar(text, pa.large_string()) for text in ("\n", "", ","))
    last = pc.binary_join_element_wise(columns.pop(), end, none)
    return pc.binary_join_element_wise(*columns, last, comma).cast(pa.large_binary())


def _bytes(lines: pa.Array) -> memoryview:
    """All texts of an array after each other."""
    _, offsets, values = lines.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[[lines.offset, lines.offset + len(lines)]]
    return memoryview(values)[int(bounds[0]) : int(bounds[1])]


def write_parquet(path: Path, tables: Iterator[pa.Table]) -> int:
    """Write every row as texts under dictionaries that hold a whole row group's words."""
    writer: pq.ParquetWriter | None = None
    written = 0
    try:
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(
                    path, table.schema, dictionary_pagesize_limit=_DICTIONARY_BYTES
                )
            writer.write_table(table, row_group_size=_ROWS)
            written += table.num_rows
    finally:
        if writer is not None:
            with suppress(OSError):
                writer.close()
    return written
