"""One file from open to its row of `sources`, whatever its records become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sod_analyzer.errors import InputError
from sod_analyzer.importers.tabular.table import Notes
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Batch, BatchBuilder, RawFile, Waterfall


class Opened(Protocol):
    """A file opened by a reader, by record or by block."""

    @property
    def template(self) -> str: ...

    @property
    def encoding(self) -> str | None: ...


T = TypeVar("T", bound=Opened)

#: Puts a table's records into the builder; yields, as often as there may be a batch to hand out,
#: how many more were loaded.
Consume = Callable[[T, Notes], Iterator[int]]


def read_file(
    builder: BatchBuilder,
    file: RawFile,
    counts: Waterfall,
    opened: AbstractContextManager[T],
    consume: Consume[T],
    *,
    kind: str,
) -> Iterator[Batch]:
    """Batches of this file's rows, the last of them still in the builder.

    A file that cannot be read, or not to its end, is `failed` and an issue that could hide a
    conflict. What was read before stays loaded; what follows counts as continued.
    """
    notes = Notes()
    loaded = 0
    status = "read"
    encoding = None
    template = f"{counts.unit} {{record}}"
    try:
        with opened as table:
            encoding, template = table.encoding, table.template
            for kept in consume(table, notes):
                loaded += kept
                if builder.full:
                    yield builder.take()
    except InputError as error:
        status = "failed"
        counts.continued += counts.loaded - loaded
        for problem in error.problems:
            builder.issue(
                "unreadable-file",
                f"{file.path}: {problem.text}",
                hides=Hides.YES,
                source_id=file.source_id,
                record=problem.where.line if problem.where else None,
                subject=file.path,
            )
    notes.flush(builder, file)
    if status == "read" and not counts.parsed:
        builder.issue(
            "no-records",
            f"{file.path}: not one record",
            # A header without records may be an export that was cut off; in JSON an empty list was
            # written on purpose, and whole sources without records are judged by the importer.
            hides=Hides.NO if counts.unit == "element" else Hides.UNKNOWN,
            source_id=file.source_id,
            subject=file.path,
        )
    builder.source(
        file, counts, kind=kind, record_template=template, status=status, encoding=encoding
    )
