"""The HR roster, a CSV file: the people who can be held to account, leavers included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sod_analyzer.importers.files import MAX_FILE_BYTES, find_files
from sod_analyzer.importers.hr.columns import ColumnLoader, Known
from sod_analyzer.importers.hr.options import (
    KIND_WORDS,
    KNOWN_NAMES,
    STATUS_WORDS,
    HrOptions,
    RosterColumns,
    all_names,
    folded,
    roster_dialect,
)
from sod_analyzer.importers.hr.records import RecordLoader
from sod_analyzer.importers.tabular.blocks import open_csv_blocks
from sod_analyzer.importers.tabular.columns import refusing
from sod_analyzer.importers.tabular.csv_file import PATTERNS, open_csv
from sod_analyzer.importers.tabular.drive import read_file
from sod_analyzer.model.batch import (
    Batch,
    BatchBuilder,
    Importer,
    Raw,
    RawFile,
    SourceSpec,
    Waterfall,
)

__all__ = [
    "IMPORTER",
    "KIND_WORDS",
    "KNOWN_NAMES",
    "STATUS_WORDS",
    "HrImporter",
    "HrOptions",
    "RosterColumns",
    "by_block",
    "by_record",
]


@dataclass(frozen=True, slots=True)
class HrImporter:
    """People from a roster in CSV."""

    name: str = "hr"
    options: type[HrOptions] = HrOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or the files of a glob."""
        limit = spec.options.max_bytes or MAX_FILE_BYTES
        return Raw(spec, find_files(spec, patterns=PATTERNS, folders="refused", max_bytes=limit))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """One identity per person; see `docs/importers/hr.md`."""
        yield from by_block(raw)


IMPORTER: Importer = HrImporter()


def by_block(raw: Raw) -> Iterator[Batch]:
    """What the files state, read by column."""
    options: HrOptions = raw.spec.options
    dialect = roster_dialect(options, raw.spec)
    builder = BatchBuilder(raw.spec)
    known = Known()
    for file in raw.files:
        counts = Waterfall("line")
        loader = ColumnLoader(builder, options, file, counts, known)
        opened = open_csv_blocks(
            file,
            counts,
            dialect=dialect,
            wanted=_Wanted(_stated(options)),
            refuse=refusing(builder, file, counts),
        )
        yield from read_file(builder, file, counts, opened, loader.consume, kind="hr")
    yield builder.take()


def by_record(raw: Raw) -> Iterator[Batch]:
    """What the files state, read record by record: the law that `by_block` is held to."""
    options: HrOptions = raw.spec.options
    dialect = roster_dialect(options, raw.spec)
    wanted = _stated(options) or all_names()
    builder = BatchBuilder(raw.spec)
    first_seen: dict[str, tuple[RawFile, int]] = {}
    for file in raw.files:
        counts = Waterfall("line")
        loader = RecordLoader(builder, options, file, counts, first_seen)
        opened = open_csv(file, counts, dialect=dialect, wanted=wanted)
        yield from read_file(builder, file, counts, opened, loader.consume, kind="hr")
    yield builder.take()


def _stated(options: HrOptions) -> frozenset[str]:
    return frozenset({*options.columns.stated().values(), *options.skip})


class _Wanted(Collection[str]):
    """The columns to read: those that are stated, and those with a common name, however written.

    A class because which columns those are is known only once the header is.
    """

    def __init__(self, stated: frozenset[str]) -> None:
        self._stated = stated
        self._common = all_names()

    def __contains__(self, column: object) -> bool:
        return column in self._stated or folded(str(column)) in self._common

    def __iter__(self) -> Iterator[str]:
        return iter(self._stated or self._common)

    def __len__(self) -> int:
        return len(self._stated or self._common)
