"""The importer `csv`: by blocks of columns, or record by record where the table is wide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sod_analyzer.importers.files import MAX_FILE_BYTES, find_files
from sod_analyzer.importers.tabular.blocks import BlockTable, Refuse, open_csv_blocks
from sod_analyzer.importers.tabular.columns import load_blocks
from sod_analyzer.importers.tabular.csv_file import PATTERNS, Dialect, open_csv
from sod_analyzer.importers.tabular.engine import load
from sod_analyzer.importers.tabular.options import CsvOptions
from sod_analyzer.importers.tabular.plan import Plan, make_plan
from sod_analyzer.importers.tabular.table import Table
from sod_analyzer.model.batch import Batch, Importer, Raw, RawFile, SourceSpec, Waterfall


@dataclass(frozen=True, slots=True)
class CsvImporter:
    """Tables in CSV files, through a mapping."""

    name: str = "csv"
    options: type[CsvOptions] = CsvOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or the files of a glob."""
        limit = spec.options.max_bytes or MAX_FILE_BYTES
        return Raw(spec, find_files(spec, patterns=PATTERNS, folders="refused", max_bytes=limit))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """What the records state, through the mapping; see `docs/importers/tabular.md`."""
        options: CsvOptions = raw.spec.options
        plan = make_plan(options, raw.spec, matrix=options.matrix)
        dialect = csv_dialect(options, raw.spec)
        if options.matrix is None:
            yield from by_block(raw, plan, dialect)
        else:
            yield from by_record(raw, plan, dialect)


IMPORTER: Importer = CsvImporter()


def csv_dialect(options: CsvOptions, spec: SourceSpec) -> Dialect:
    """How the options say that the text is cut.

    Raises:
        ConfigError: no text can be cut that way.
    """
    dialect = Dialect(
        delimiter="\t" if options.delimiter == "tab" else options.delimiter,
        quote=options.quote,
        encoding=options.encoding,
        header_row=options.header_row,
        header=options.header,
        max_bytes=options.max_bytes,
        where=spec.where,
    )
    dialect.check()
    return dialect


def by_block(raw: Raw, plan: Plan, dialect: Dialect) -> Iterator[Batch]:
    """What the files state, read by column. The plan has no matrix."""

    def reader(
        file: RawFile, counts: Waterfall, plan: Plan, refuse: Refuse
    ) -> AbstractContextManager[BlockTable]:
        return open_csv_blocks(file, counts, dialect=dialect, wanted=plan.wanted, refuse=refuse)

    yield from load_blocks(raw, plan, reader, kind="csv", unit="line")


def by_record(raw: Raw, plan: Plan, dialect: Dialect) -> Iterator[Batch]:
    """What the files state, read record by record: the law that `by_block` is held to."""

    def reader(file: RawFile, counts: Waterfall, plan: Plan) -> AbstractContextManager[Table]:
        return open_csv(file, counts, dialect=dialect, wanted=plan.wanted)

    yield from load(raw, plan, reader, kind="csv", unit="line")
