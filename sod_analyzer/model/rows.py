"""A table filled row by row, for the places where rows are few enough to be written one by one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


class Rows:
    """Collects rows of one schema; columns that a row does not name are null."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns: dict[str, list[Any]] = {name: [] for name in schema.names}

    def add(self, **values: Any) -> None:
        """One row. Raises `TypeError` for a column that the schema does not have."""
        unknown = values.keys() - self._columns.keys()
        if unknown:
            raise TypeError(f"no column {', '.join(sorted(unknown))}")
        for name, cells in self._columns.items():
            cells.append(values.get(name))

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def table(self) -> pa.Table:
        """Everything added so far, in that order."""
        return pa.table(self._columns, schema=self._schema)


def shown(text: str | None, *, most: int = 120) -> str:
    """A name as it may stand inside a sentence: long ones are cut, with the cut visible."""
    if text is None:
        return "(none)"
    return text if len(text) <= most else text[: most - 1] + "…"
