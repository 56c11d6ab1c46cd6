"""A plan tied to one file's header: which cells each field reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from sod_analyzer.errors import InputError, SourceRef, near
from sod_analyzer.importers.tabular.options import Column, Matrix
from sod_analyzer.importers.tabular.plan import DATE_FIELDS, FILE_STEM, FLAG_FIELDS, Plan
from sod_analyzer.importers.tabular.table import Skip, column_indexes
from sod_analyzer.importers.tabular.values import (
    DayField,
    FlagField,
    Part,
    TextField,
    TextRule,
    Texts,
)
from sod_analyzer.model.batch import RawFile


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """One column across: what its header names, and how its cells are read (None: as marks)."""

    index: int
    name: str
    header: Texts
    cells: TextField | None


@dataclass(frozen=True, slots=True)
class Binding:
    """The fields of a plan, ready to read the records of one file."""

    texts: Mapping[str, TextField]
    days: Mapping[str, DayField]
    flags: Mapping[str, FlagField]
    used: Mapping[int, str]  # the columns that are read, by number
    skips: Sequence[Skip]
    across: Sequence[MatrixColumn]


def bind(plan: Plan, columns: Sequence[str], file: RawFile, zone: ZoneInfo) -> Binding:
    """The plan over these columns.

    Raises:
        InputError: a column the plan wants is missing or occurs twice.
    """
    where = SourceRef(file.path)
    indexes = column_indexes(columns, plan.wanted, where)
    stem = _stem(file.path)

    def field(name: str) -> TextField:
        column = plan.columns.get(name, Column())
        parts: list[Part] = [
            stem if source == FILE_STEM else indexes[source] for source in column.sources
        ]
        return TextField(_rule(plan, name), parts)

    named = [*plan.columns, *(name for name in plan.options.constants if name not in plan.columns)]
    formats = plan.options.date_format
    across = _across(plan, plan.matrix, columns, where) if plan.matrix else ()
    return Binding(
        texts={name: field(name) for name in named},
        days={
            name: DayField(field(name), (formats,) if isinstance(formats, str) else formats, zone)
            for name in named
            if name in DATE_FIELDS
        },
        flags={name: FlagField(field(name)) for name in named if name in FLAG_FIELDS},
        used={
            **{index: name for name, index in indexes.items()},
            **{column.index: column.name for column in across},
        },
        skips=tuple(
            Skip(name, indexes[name], frozenset(values))
            for name, values in sorted(plan.options.skip.items())
        ),
        across=across,
    )


def _rule(plan: Plan, name: str) -> TextRule:
    translate = plan.options.translate.get(name)
    return TextRule(
        column=plan.columns.get(name, Column()),
        constant=plan.options.constants.get(name),
        translate=translate,
        strict=plan.options.strict and translate is not None,
        separator=plan.options.multi.get(name),
    )


def _stem(path: str) -> str:
    name = PurePosixPath(path).name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    return PurePosixPath(name).stem


def _across(
    plan: Plan, matrix: Matrix, columns: Sequence[str], where: SourceRef
) -> tuple[MatrixColumn, ...]:
    first = _position(matrix.first_column, columns, where)
    last = len(columns) - 1
    if matrix.last_column is not None:
        last = _position(matrix.last_column, columns, where)
    rule = _rule(plan, matrix.header)
    found: dict[str, MatrixColumn] = {}
    for index in range(first, last + 1):
        name = columns[index]
        if not name:
            # A right without a name cannot be judged, and must not vanish.
            raise InputError(f"column {index + 1} of the matrix has no name", where=where)
        if name in found:
            raise InputError(f"two columns of the matrix are named '{name}'", where=where)
        cells = TextField(_rule(plan, matrix.cells), (index,)) if matrix.cells else None
        found[name] = MatrixColumn(index, name, rule.clean((name,)), cells)
    if not found:
        raise InputError("the matrix has no columns", where=where)
    return tuple(found.values())


def _position(column: str, columns: Sequence[str], where: SourceRef) -> int:
    """A column by its name or, when no column has that name, by its number from 1."""
    if column in columns:
        return column_indexes(columns, (column,), where)[column]
    if column.isascii() and column.isdigit() and 0 < int(column) <= len(columns):
        return int(column) - 1
    raise InputError(f"no column '{column}'{near(column, filter(None, columns))}", where=where)
