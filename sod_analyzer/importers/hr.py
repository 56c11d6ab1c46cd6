"""The HR roster, a CSV file: the people who can be held to account, leavers included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from sod_analyzer.errors import ConfigError, InputError, Problem, SourceRef, near
from sod_analyzer.importers.files import MAX_FILE_BYTES, find_files
from sod_analyzer.importers.tabular.csv_file import PATTERNS, Dialect, open_csv
from sod_analyzer.importers.tabular.drive import read_file
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
from sod_analyzer.model.batch import (
    Batch,
    BatchBuilder,
    Importer,
    Raw,
    RawFile,
    SourceSpec,
    Waterfall,
)

#: Header names that are understood unasked, written without spaces, dots, dashes, letter case.
KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "employee_id": ("employeeid", "employeenumber", "employeeno", "empid", "empno", "personnelno"),
    "name": ("name", "fullname", "displayname", "employeename"),
    "email": ("email", "mail", "emailaddress", "workemail"),
    "manager": ("manager", "managerid", "manageremployeeid", "managerno", "supervisorid"),
    "department": ("department", "dept", "orgunit", "costcentre", "costcenter"),
    "title": ("title", "jobtitle", "position", "job"),
    "status": ("status", "employmentstatus", "employeestatus"),
    "kind": ("kind", "class", "workertype", "employeetype", "employmenttype"),
    "start_on": ("starton", "startdate", "hiredate", "start", "joinedon"),
    "end_on": ("endon", "enddate", "terminationdate", "leavedate", "end", "leftondate", "lefton"),
}
#: Words for a status; someone on leave keeps the access and counts like anyone at work.
STATUS_WORDS: Mapping[str, Status] = {
    **dict.fromkeys(
        (
            "active",
            "a",
            "employed",
            "current",
            "onleave",
            "leave",
            "leaveofabsence",
            "loa",
            "maternityleave",
            "parentalleave",
            "sabbatical",
            "noticeperiod",
        ),
        Status.ACTIVE,
    ),
    **dict.fromkeys(
        ("leaver", "left", "terminated", "inactive", "former", "retired", "resigned", "deceased"),
        Status.LEAVER,
    ),
    **dict.fromkeys(
        ("future", "starter", "prehire", "notstarted", "pendingstart", "joiner"), Status.FUTURE
    ),
}
KIND_WORDS: Mapping[str, IdentityClass] = {
    **dict.fromkeys(
        (
            "person",
            "employee",
            "regular",
            "permanent",
            "fixedterm",
            "temporary",
            "intern",
            "trainee",
            "parttime",
            "fulltime",
        ),
        IdentityClass.PERSON,
    ),
    **dict.fromkeys(
        ("vendor", "contractor", "external", "consultant", "supplier", "agency", "thirdparty"),
        IdentityClass.VENDOR,
    ),
    **dict.fromkeys(("shared", "generic"), IdentityClass.SHARED),
    **dict.fromkeys(("workload", "service", "robot", "bot"), IdentityClass.WORKLOAD),
}
T = TypeVar("T")

_NOISE = re.compile(r"[\W_]+")
_TEXTS = ("employee_id", "name", "email", "manager", "department", "title", "status", "kind")
_DAYS = ("start_on", "end_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterColumns:
    """The columns of a roster; those left out are looked for under their common names."""

    where: SourceRef | None = field(default=None, compare=False)
    employee_id: str | None = None
    name: str | None = None
    email: str | None = None
    manager: str | None = None
    department: str | None = None
    title: str | None = None
    status: str | None = None
    kind: str | None = None
    start_on: str | None = None
    end_on: str | None = None

    def stated(self) -> dict[str, str]:
        """The columns that are stated, by field."""
        named = {name: getattr(self, name) for name in KNOWN_NAMES}
        return {name: column for name, column in named.items() if column is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class HrOptions:
    """The keys of a roster source."""

    columns: RosterColumns = RosterColumns()
    status: Mapping[Status, tuple[str, ...]] = field(default_factory=dict)
    kind: Mapping[IdentityClass, tuple[str, ...]] = field(default_factory=dict)
    skip: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_format: str | tuple[str, ...] = ()
    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    header_row: int | None = None
    header: tuple[str, ...] = ()
    max_bytes: int | None = None


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
        options: HrOptions = raw.spec.options
        dialect = _dialect(options, raw.spec)
        wanted = {*options.columns.stated().values(), *options.skip}
        builder = BatchBuilder(raw.spec)
        first_seen: dict[str, tuple[RawFile, int]] = {}
        for file in raw.files:
            counts = Waterfall("line")
            loader = _Loader(builder, options, file, counts, first_seen)
            opened = open_csv(file, counts, dialect=dialect, wanted=wanted or _all_names())
            yield from read_file(builder, file, counts, opened, loader.consume, kind="hr")
        yield builder.take()


IMPORTER: Importer = HrImporter()


def _dialect(options: HrOptions, spec: SourceSpec) -> Dialect:
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
    for words in (options.status, options.kind):
        folded = [_folded(text) for texts in words.values() for text in texts]
        twice = sorted({text for text in folded if folded.count(text) > 1})
        if twice:
            raise ConfigError(f"'{twice[0]}' is listed for two meanings", where=spec.where)
    if Status.UNKNOWN in options.status:
        raise ConfigError("status: a roster cannot say unknown", where=spec.where)
    return dialect


def _all_names() -> frozenset[str]:
    return frozenset(name for names in KNOWN_NAMES.values() for name in names)


def _folded(text: str) -> str:
    return _NOISE.sub("", text).lower()


class _Loader:
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
        self._texts: dict[str, TextField] = {}
        self._days: dict[str, DayField] = {}
        self._today = extraction_day(builder.spec, file)
        self._statuses = _words(STATUS_WORDS, options.status)
        self._kinds = _words(KIND_WORDS, options.kind)

    def consume(self, table: Table, notes: Notes) -> Iterator[bool]:
        """Loads person after person; yields whether each was loaded or rejected."""
        self._notes = notes
        skips = self._bind(table.columns)
        for record in sift(table.records, self._builder, self._file, self._counts, skips):
            wrong = self._load(record)
            if wrong is not None:
                reject(record, wrong, self._builder, self._file, self._counts)
            yield wrong is None

    def _bind(self, columns: Sequence[str]) -> tuple[Skip, ...]:
        where = SourceRef(self._file.path)
        named = _columns(self._options.columns.stated(), columns, where)
        indexes = column_indexes(columns, {*named.values(), *self._options.skip}, where)
        zone = ZoneInfo(self._builder.spec.timezone)
        formats = self._options.date_format
        for name, column in named.items():
            reader = TextField(TextRule(Column(column=column)), (indexes[column],))
            if name in _DAYS:
                stated = (formats,) if isinstance(formats, str) else formats
                self._days[name] = DayField(reader, stated, zone)
            else:
                self._texts[name] = reader
        return tuple(
            Skip(column, indexes[column], frozenset(values))
            for column, values in sorted(self._options.skip.items())
        )

    def _load(self, record: Record) -> Wrong | None:
        facts = {name: self._text(name, record.cells) for name in _TEXTS}
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
        status = self._statuses.get(_folded(word or ""))
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
        kind = self._kinds.get(_folded(word))
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


def _words(known: Mapping[str, T], stated: Mapping[T, tuple[str, ...]]) -> dict[str, T]:
    """The common words, overruled by those that the configuration states."""
    own = {_folded(text): meaning for meaning, texts in stated.items() for text in texts}
    return {**known, **own}


def _columns(stated: Mapping[str, str], columns: Sequence[str], where: SourceRef) -> dict[str, str]:
    """The column of each field: the stated one, else the one with a common name.

    Raises:
        InputError: two columns could be the same field, or none is the employee id.
    """
    named = dict(stated)
    problems = []
    for name, known in KNOWN_NAMES.items():
        if name in named:
            continue
        found = [column for column in columns if _folded(column) in known]
        if len(found) > 1:
            listed = " or ".join(f"'{column}'" for column in found)
            problems.append(Problem(f"{name} could be {listed}; state it under columns", where))
        elif found:
            named[name] = found[0]
    if "employee_id" not in named:
        hint = near("employee_id", filter(None, columns))
        text = f"no column for employee_id{hint}; state it under columns"
        problems.append(Problem(text, where))
    if problems:
        raise InputError(problems)
    return named
