"""Tables that have no columns yet: each is read or made when somebody asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import pyarrow as pa


class ByColumn(ABC):
    """Answers as an Arrow table does; what it does not know how to do, its whole table does."""

    def __init__(self, schema: pa.Schema, rows: int) -> None:
        self.schema = schema
        self.num_rows = rows

    @abstractmethod
    def column(self, name: str) -> pa.ChunkedArray:
        """One column.

        Raises:
            KeyError: there is none of that name.
        """

    def whole(self) -> pa.Table:
        """Every column, as a table of Arrow, which is not kept."""
        columns = [self.column(name) for name in self.schema.names]
        return pa.Table.from_arrays(columns, schema=self.schema)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def __len__(self) -> int:
        return self.num_rows

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        return self.column(name)

    def __getattr__(self, name: str) -> Any:
        # Names of ours are looked for before there is anything to look at, as when one is copied.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole(), name)
