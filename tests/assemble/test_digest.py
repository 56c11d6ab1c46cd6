"""The digest sees every value, and nothing but values."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from sod_analyzer.model.digest import tables_digest

DAY = date(2026, 10, 31)
TABLE = pa.table(
    {
        "text": pa.array(["ab", None, "", "c"], pa.string()),
        "count": pa.array([1, None, 0, -1], pa.int64()),
        "flag": pa.array([True, None, False, True], pa.bool_()),
        "day": pa.array([DAY, None, DAY, None], pa.date32()),
        "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 4, pa.timestamp("s", tz="UTC")),
        "code": pa.array([1, 2, 3, 4], pa.int32()),
    }
)


def digest(table: pa.Table) -> str:
    return tables_digest({"t": table}, as_of=DAY)


def by_hand(table: pa.Table) -> str:
    """The same digest from Python values, one by one."""
    content = b"sod-analyzer snapshot 2 2026-10-31\n"
    content += f"table t {table.num_rows}\n".encode()
    for field in table.schema:
        content += f"column {field.name} {field.type}\n".encode()
        cells = table.column(field.name).to_pylist()
        content += bytes(cell is not None for cell in cells)
        if field.type == pa.string():
            texts = [(cell or "").encode() for cell in cells]
            content += b"".join(struct.pack("<q", len(text)) for text in texts) + b"".join(texts)
        elif field.type == pa.bool_():
            content += bytes(bool(cell) for cell in cells)
        else:
            content += b"".join(struct.pack("<q", number(cell)) for cell in cells)
    return hashlib.sha256(content).hexdigest()


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
    other = cells[:1] * 3 + [None]
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
