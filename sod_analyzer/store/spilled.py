"""Tables that are put on disk as they are made, and looked at there."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import pyarrow as pa

from sod_analyzer.errors import StoreError

#: A table of more bytes than these is put on disk.
LARGE = 2**24


class SpilledTables(MutableMapping[str, pa.Table]):
    """Tables by name, the large ones as mapped files; a block at whose end the files are gone.

    A mapped table is an Arrow table like any other. What has been looked at of it counts as memory
    of the process until `release`; the system may take it back at any time, since it is on disk.

    The files have no names, so that nothing is left behind whatever ends the process. They take
    room where `near` is, or the first folder above it that exists. Threads may put tables here
    beside each other.
    """

    def __init__(self, near: Path) -> None:
        self._near = near
        self._tables: dict[str, pa.Table] = {}
        self._maps: list[mmap.mmap] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.clear()
        self._maps.clear()

    def __getitem__(self, name: str) -> pa.Table:
        return self._tables[name]

    def __setitem__(self, name: str, table: pa.Table) -> None:
        """Keep a table, in place of any that has the name.

        Raises:
            StoreError: it cannot be written.
        """
        self._tables[name] = self._mapped(table) if table.nbytes > LARGE else table

    def __delitem__(self, name: str) -> None:
        del self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def release(self) -> None:
        """Keep nothing of mapped tables in memory, where the system can be told to."""
        for mapped in self._maps:
            with suppress(OSError, AttributeError):
                mapped.madvise(mmap.MADV_DONTNEED)

    def _mapped(self, table: pa.Table) -> pa.Table:
        near = next(each for each in (self._near, *self._near.parents) if each.is_dir())
        try:
            with tempfile.TemporaryFile(dir=near) as stream:
                # A file has one dictionary for a column, whatever its chunks have.
                with pa.ipc.new_file(stream, table.schema) as writer:
                    writer.write_table(table.unify_dictionaries())
                stream.flush()
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            said = error.strerror or error
            raise StoreError(f"no room for tables near '{self._near}': {said}") from error
        self._maps.append(mapped)
        found = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all()
        return found.replace_schema_metadata(table.schema.metadata)
