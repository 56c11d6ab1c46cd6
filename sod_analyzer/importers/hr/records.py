"""A roster record by record: the law to which `hr.columns` is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sod_analyzer.errors import SourceRef
from sod_analyzer.importers.hr.options import (
    DAYS,
    KIND_WORDS,
    STATUS_WORDS,
    TEXTS,
    HrOptions,
    folded,
    meanings,
    named_columns,
)
from sod_analyzer.importers.tabular.engine import extraction_day
from sod_analyzer.importers.tabular.options import Column
from sod_analyzer.importers.tabular.table import (
    Cell,
    Notes,
    Record,
    Skip,
    Table,
    Wrong,
    column_indexes,
    reject,
    sift,
)
from sod_analyzer.importers.tabular.values import DayField, TextField, TextRule
from sod_analyzer.model.access import Hides, IdentityClass, Status
from sod_analyzer.model.batch import BatchBuilder, RawFile, Waterfall


@dataclass(frozen=True, slots=True)
class Bound:
    """The fields of a roster, ready to read the records of one file."""

    texts: Mapping[str, TextField]
    days: Mapping[str, DayField]
    skips: tuple[Skip, ...]


def bind_roster(options: HrOptions, columns: Sequence[str], file: RawFile, zone: ZoneInfo) -> Bound:
    """The fields over these columns.

    Raises:
        InputError: a column is missing, occurs twice or could be one of several.
    """
    where = SourceRef(file.path)
    named = named_columns(options.columns.stated(), columns, where)
    indexes = column_indexes(columns, {*named.values(), *options.skip}, where)
    formats = options.date_format
    stated = (formats,) if isinstance(formats, str) else formats
    readers = {
        name: TextField(TextRule(Column(column=column)), (indexes[column],))
        for name, column in named.items()
    }
    return Bound(
        texts={name: reader for name, reader in readers.items() if name not in DAYS},
        days={
            name: DayField(reader, stated, zone) for name, reader in readers.items() if name in DAYS
        },
        skips=tuple(
            Skip(column, indexes[column], frozenset(values))
            for column, values in sorted(options.skip.items())
        ),
    )


class RecordLoader:
    """Puts the people of one file into the builder; knows those of the files before it."""

    def __init__(
        self,
        builder: BatchBuilder,
        options: HrOptions,
        file: RawFile,
        counts: Waterfall,
        first_seen: dict[str, tuple[RawFile, int]],
    ) -> None:
        self._builder = builder
        self._options = options
        self._file = file
        self._counts = counts
        self._first_seen = first_seen
        self._notes = Notes()
        self._texts: Mapping[str, TextField] = {}
        self._days: Mapping[str, DayField] = {}
        self._today = extraction_day(builder.spec, file)
        self._statuses = meanings(STATUS_WORDS, options.status)
        self._kinds = meanings(KIND_WORDS, options.kind)

    def consume(self, table: Table, notes: Notes) -> Iterator[bool]:
        """Loads person after person; yields whether each was loaded or rejected."""
        self._notes = notes
        bound = bind_roster(
            self._options, table.columns, self._file, ZoneInfo(self._builder.spec.timezone)
        )
        self._texts, self._days = bound.texts, bound.days
        for record in sift(table.records, self._builder, self._file, self._counts, bound.skips):
            wrong = self._load(record)
            if wrong is not None:
                reject(record, wrong, self._builder, self._file, self._counts)
            yield wrong is None

    def _load(self, record: Record) -> Wrong | None:
        facts = {name: self._text(name, record.cells) for name in TEXTS}
        employee_id = facts["employee_id"]
        if employee_id is None:
            return Wrong("missing-value", "no employee id")
        earlier = self._first_seen.setdefault(employee_id, (self._file, record.number))
        if earlier != (self._file, record.number):
            return self._clash(employee_id, earlier, record)
        start_on = self._day("start_on", record)
        end_on = self._day("end_on", record)
        system = self._builder.spec.system
        self._builder.row(
            "identities",
            **{
                **facts,
                "identity": f"{system}:{employee_id}",
                "status": str(self._status(facts["status"], start_on, end_on, record)),
                "kind": str(self._kind(facts["kind"], record)),
                "start_on": start_on,
                "end_on": end_on,
                "source_id": self._file.source_id,
                "record": record.number,
            },
        )
        return None

    def _clash(self, employee_id: str, earlier: tuple[RawFile, int], record: Record) -> Wrong:
        """Two rows for one employee id: the first stays, and the issue names both."""
        file, line = earlier
        place = f"line {line}" if file == self._file else f"{file.path} line {line}"
        return Wrong(
            "conflicting-identity",
            f"line {record.number} says of employee id '{employee_id}' other things than {place}, "
            "which was kept",
            subject=employee_id,
        )

    def _text(self, name: str, cells: Sequence[Cell]) -> str | None:
        reader = self._texts.get(name)
        return None if reader is None else next(iter(reader.read(cells).values), None)

    def _day(self, name: str, record: Record) -> date | None:
        reader = self._days.get(name)
        if reader is None:
            return None
        day = reader.read(record.cells)
        if day.unreadable is not None:
            self._notes.add(
                "unreadable-date",
                f"'{day.unreadable}' is not a day ({name}); taken as not stated",
                subject=day.unreadable,
                hides=Hides.NO,
                record=record.number,
            )
        return day.day

    def _status(
        self, word: str | None, start_on: date | None, end_on: date | None, record: Record
    ) -> Status:
        """What the roster says; only a roster without a status column is read by its dates."""
        if "status" not in self._texts:
            if end_on is not None and end_on < self._today:
                return Status.LEAVER
            return Status.FUTURE if start_on and start_on > self._today else Status.ACTIVE
        status = self._statuses.get(folded(word or ""))
        if status is None:
            self._notes.add(
                "unknown-value",
                f"'{word or ''}' is no known status; taken as active, so that nothing is missed",
                subject=word or "",
                hides=Hides.NO,
                record=record.number,
            )
            return Status.ACTIVE
        return status

    def _kind(self, word: str | None, record: Record) -> IdentityClass:
        if word is None:
            return IdentityClass.PERSON
        kind = self._kinds.get(folded(word))
        if kind is None:
            self._notes.add(
                "unknown-value",
                f"'{word}' is no known class of people; taken as person, so that it is judged",
                subject=word,
                hides=Hides.NO,
                record=record.number,
            )
            return IdentityClass.PERSON
        return kind
