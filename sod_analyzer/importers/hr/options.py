"""What a roster's columns and words mean, and the keys of a roster source in `sod.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sod_analyzer.errors import ConfigError, InputError, Problem, SourceRef, near
from sod_analyzer.importers.tabular.csv_file import Dialect
from sod_analyzer.model.access import IdentityClass, Status
from sod_analyzer.model.batch import SourceSpec

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
#: The fields that are texts, and those that are days.
TEXTS = ("employee_id", "name", "email", "manager", "department", "title", "status", "kind")
DAYS = ("start_on", "end_on")


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


def roster_dialect(options: HrOptions, spec: SourceSpec) -> Dialect:
    """How the options say that the text is cut.

    Raises:
        ConfigError: no text can be cut that way, or a word has two meanings.
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
    for words in (options.status, options.kind):
        plain = [folded(text) for texts in words.values() for text in texts]
        twice = sorted({text for text in plain if plain.count(text) > 1})
        if twice:
            raise ConfigError(f"'{twice[0]}' is listed for two meanings", where=spec.where)
    if Status.UNKNOWN in options.status:
        raise ConfigError("status: a roster cannot say unknown", where=spec.where)
    return dialect


def all_names() -> frozenset[str]:
    """Every common name of a column, as `folded` writes it."""
    return frozenset(name for names in KNOWN_NAMES.values() for name in names)


def folded(text: str) -> str:
    """Without letter case, spaces, dots and dashes."""
    return _NOISE.sub("", text).lower()


def meanings(known: Mapping[str, T], stated: Mapping[T, tuple[str, ...]]) -> dict[str, T]:
    """The common words, overruled by those that the configuration states."""
    own = {folded(text): meaning for meaning, texts in stated.items() for text in texts}
    return {**known, **own}


def named_columns(
    stated: Mapping[str, str], columns: Sequence[str], where: SourceRef
) -> dict[str, str]:
    """The column of each field: the stated one, else the one with a common name.

    Raises:
        InputError: two columns could be the same field, or none is the employee id.
    """
    named = dict(stated)
    problems = []
    for name, known in KNOWN_NAMES.items():
        if name in named:
            continue
        found = [column for column in columns if folded(column) in known]
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
