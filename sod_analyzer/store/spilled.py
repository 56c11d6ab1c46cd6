"""Tables that are put on disk as they are made, and looked at there."""

from __future__ import annotations

import mmap
import shutil
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

    The files stand in a hidden folder in `near`, or in the first folder above it that exists. None
    is made as long as no table is large.
    """

    def __init__(self, near: Path) -> None:
        self._near = near
        self._folder: Path | None = None
        self._tables: dict[str, pa.Table] = {}
        self._maps: list[mmap.mmap] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.clear()
        self._maps.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __getitem__(self, name: str) -> pa.Table:
        return self._tables[name]

    def __setitem__(self, name: str, table: pa.Table) -> None:
        """Keep a table, in place of any that has the name.

        Raises:
            StoreError: it cannot be written.
        """
        self._tables[name] = self._mapped(name, table) if table.nbytes > LARGE else table

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

    def _place(self) -> Path:
        if self._folder is None:
            near = next(each for each in (self._near, *self._near.parents) if each.is_dir())
            self._folder = Path(tempfile.mkdtemp(prefix=".tables-", dir=near))
        return self._folder

    def _mapped(self, name: str, table: pa.Table) -> pa.Table:
        try:
            path = self._place() / f"{len(self._maps)}-{name}.arrow"
            # A file has one dictionary for a column, whatever its chunks have.
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table.unify_dictionaries())
            with path.open("rb") as stream:
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            said = error.strerror or error
            raise StoreError(f"no room for tables near '{self._near}': {said}") from error
        self._maps.append(mapped)
        found = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all()
        return found.replace_schema_metadata(table.schema.metadata)
