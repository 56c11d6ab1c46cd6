"""Records to grants: one engine for every table, whatever file it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sod_analyzer.importers.tabular.bind import Binding, MatrixColumn, bind
from sod_analyzer.importers.tabular.drive import read_file
from sod_analyzer.importers.tabular.options import Relation
from sod_analyzer.importers.tabular.plan import (
    ACCOUNT_FIELDS,
    GRANT_FIELDS,
    GROUP_FIELDS,
    MODES,
    Plan,
)
from sod_analyzer.importers.tabular.table import Cell, Notes, Record, Table, Wrong, reject, sift
from sod_analyzer.importers.tabular.values import (
    NO_DAY,
    Day,
    Texts,
    comes_after,
    hours_between,
)
from sod_analyzer.model.access import GrantKind, Hides, IdentityClass, NodeKind
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, RawFile, SourceSpec, Waterfall

Reader = Callable[[RawFile, Waterfall, Plan], AbstractContextManager[Table]]
Node = tuple[NodeKind, str]

KINDS: Mapping[Relation, GrantKind] = {
    Relation.ACCESS: GrantKind.ASSIGNED,
    Relation.MEMBERSHIP: GrantKind.MEMBER,
    Relation.NESTING: GrantKind.MEMBER,
    Relation.ROLE_RIGHTS: GrantKind.CONTAINS,
    Relation.USES: GrantKind.USES,
    Relation.CONTROLS: GrantKind.CONTROLS,
}
#: The fields whose values hold, and those whose values are held.
ENDS: Mapping[Relation, tuple[str, str]] = {
    Relation.ACCESS: ("account", "permission"),
    Relation.MEMBERSHIP: ("account", "group"),
    Relation.NESTING: ("member", "group"),
    Relation.ROLE_RIGHTS: ("group", "permission"),
    Relation.USES: ("identity", "account"),
    Relation.CONTROLS: ("identity", "account"),
}
#: What an account is where the relation itself says so and no column does.
CLASSES: Mapping[Relation, IdentityClass] = {
    Relation.USES: IdentityClass.SHARED,
    Relation.CONTROLS: IdentityClass.WORKLOAD,
}
#: A file with more different periods than this is read without remembering the rest.
_VALIDITIES_KEPT = 100_000


def load(raw: Raw, plan: Plan, reader: Reader, *, kind: str, unit: str) -> Iterator[Batch]:
    """What the files state, in batches; one row of `sources` per file."""
    builder = BatchBuilder(raw.spec)
    for file in raw.files:
        counts = Waterfall(unit)
        loader = _Loader(builder, plan, file, counts)
        opened = reader(file, counts, plan)
        yield from read_file(builder, file, counts, opened, loader.consume, kind=kind)
    yield builder.take()


def extraction_day(spec: SourceSpec, file: RawFile) -> date:
    """The day on which the file was taken from its system, in the source's zone."""
    return (spec.extracted_at or file.modified_at).astimezone(ZoneInfo(spec.timezone)).date()


class _Loader:
    """Puts the records of one file into the builder; remembers what it has put there."""

    def __init__(self, builder: BatchBuilder, plan: Plan, file: RawFile, counts: Waterfall) -> None:
        self._builder = builder
        self._plan = plan
        self._file = file
        self._counts = counts
        self._notes = Notes()
        self._binding = Binding({}, {}, {}, {}, (), ())
        self._rights: dict[tuple[str, str, str], str] = {}
        self._said: set[tuple[object, ...]] = set()
        self._required: tuple[str, ...] = ()
        self._single: tuple[str, ...] = ()
        self._bounds: tuple[str, ...] = ()
        self._validities: dict[tuple[Texts, ...], dict[str, Any]] = {}
        self._ends: set[date | None] = set()

    def consume(self, table: Table, notes: Notes) -> Iterator[bool]:
        """Loads record after record; yields whether each was loaded or rejected."""
        zone = ZoneInfo(self._builder.spec.timezone)
        self._notes = notes
        self._binding = bind(self._plan, table.columns, self._file, zone)
        self._required, self._single = self._limits()
        self._bounds = tuple(name for name in GRANT_FIELDS if name in self._binding.texts)
        skips = self._binding.skips
        loaded = 0
        for record in sift(table.records, self._builder, self._file, self._counts, skips):
            wrong = self._load(record)
            if wrong is None:
                loaded += 1
            else:
                reject(record, wrong, self._builder, self._file, self._counts)
            yield wrong is None
        if loaded > 1:
            self._check_ends()

    def _limits(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The fields that need a value, and those that may have one only."""
        matrix = self._plan.matrix
        across = () if matrix is None else (matrix.header, matrix.cells)
        required = tuple(name for name in self._plan.needs if name not in across)
        mapped = self._plan.columns.keys()
        about = mapped & {*ACCOUNT_FIELDS, *GROUP_FIELDS, "mode"}
        if mapped & {*ACCOUNT_FIELDS}:
            about |= mapped & {"account"}
        return required, tuple(sorted(about))

    def _load(self, record: Record) -> Wrong | None:
        """Loads everything the record states, or nothing and why not."""
        cells = record.cells
        texts = {name: field.read(cells) for name, field in self._binding.texts.items()}
        wrong = self._wrong(record, texts)
        if wrong is not None:
            return wrong
        for name, text in texts.items():
            if text.unlisted:
                self._unlisted(name, text, record)
        put = {"source_id": self._file.source_id, "record": record.number}
        about = self._about(cells, texts, record)
        validity = self._validity(cells, texts, record)
        self._put_nodes(texts, about, self._group(cells, texts, record), put)
        if self._binding.across:
            for column in self._binding.across:
                found = self._crossing(column, record)
                if found:
                    self._put_nodes(found, about, {}, put)
                    self._put_grants({**texts, **found}, validity, put)
        elif self._plan.relation is not Relation.ACCOUNTS:
            self._put_grants(texts, validity, put)
        return None

    def _wrong(self, record: Record, texts: Mapping[str, Texts]) -> Wrong | None:
        """Why the record cannot be loaded, if it cannot."""
        if record.faults:
            read = self._binding.used
            for index, fault in sorted(record.faults.items()):
                if index in read:
                    return Wrong("unreadable-cell", f"column '{read[index]}' holds {fault}")
        for name in self._required:
            if not texts[name].values:
                return Wrong("missing-value", self._missing(name, record))
        for name in self._single:
            if len(texts[name].values) > 1:
                text = f"{len(texts[name].values)} values of {name} in what is said of one account"
                return Wrong("ambiguous-record", text)
        return None

    def _missing(self, name: str, record: Record) -> str:
        sources = self._plan.columns[name].sources
        cells = {
            used: record.cells[index]
            for index, used in self._binding.used.items()
            if used in sources
        }
        states = [
            f"'{source}' is {'missing' if cell is None else 'empty'}"
            for source, cell in sorted(cells.items())
            if not (isinstance(cell, str) and cell.strip()) or len(cells) == 1
        ]
        return f"no {name}: {' and '.join(states)}"

    def _unlisted(self, name: str, text: Texts, record: Record) -> None:
        for value in text.unlisted:
            self._notes.add(
                "unknown-value",
                f"'{value}' is not listed under translate.{name} and was taken as it is",
                subject=value,
                hides=Hides.UNKNOWN,
                record=record.number,
            )

    def _about(
        self, cells: Sequence[Cell], texts: Mapping[str, Texts], record: Record
    ) -> dict[str, Any]:
        """What the record says of its account."""
        about: dict[str, Any] = {"kind": CLASSES.get(self._plan.relation)}
        for name in ("employee_id", "email", "name", "owner"):
            if name in texts:
                about[name] = next(iter(texts[name].values), None)
        if texts.get("kind", None) and texts["kind"].values:
            about["kind"] = self._class(texts["kind"].values[0], record)
        if "enabled" in self._binding.flags:
            enabled = self._flag("enabled", cells, record)
            about["enabled"] = enabled
            if enabled is False:
                about["dormant_why"] = f"disabled ({texts['enabled'].values[0]})"
        for name in ("created_at", "last_used_at"):
            if name in texts:
                about[name] = self._instant(name, cells, record)
        if "expires_on" in texts:
            about["expires_on"] = self._day("expires_on", cells, record).day
        return about

    def _group(
        self, cells: Sequence[Cell], texts: Mapping[str, Texts], record: Record
    ) -> dict[str, Any]:
        """What the record says of its group."""
        told: dict[str, Any] = {
            column: next(iter(texts[name].values), None)
            for name, column in (("group_title", "title"), ("group_owner", "owner"))
            if name in texts
        }
        if "privileged" in texts:
            told["privileged"] = self._flag("privileged", cells, record)
        return told

    def _class(self, word: str, record: Record) -> IdentityClass:
        try:
            return IdentityClass(word.lower())
        except ValueError:
            known = ", ".join(IdentityClass)
            self._notes.add(
                "unknown-value",
                f"'{word}' is no class of account ({known}); taken as person, so that it is judged",
                subject=word,
                hides=Hides.NO,
                record=record.number,
            )
            return IdentityClass.PERSON

    def _validity(
        self, cells: Sequence[Cell], texts: Mapping[str, Texts], record: Record
    ) -> dict[str, Any]:
        """When and under which condition the record's grants hold; most records say the same."""
        if not self._bounds:
            return {}
        key = tuple(texts[name] for name in self._bounds)
        known = self._validities.get(key)
        if known is None:
            noted = self._notes.added
            known = self._new_validity(cells, texts, record)
            # What is worth a note is worth it in every record that shows it.
            if noted == self._notes.added and len(self._validities) < _VALIDITIES_KEPT:
                self._validities[key] = known
        return known

    def _new_validity(
        self, cells: Sequence[Cell], texts: Mapping[str, Texts], record: Record
    ) -> dict[str, Any]:
        validity: dict[str, Any] = {
            name: self._flag(name, cells, record) or False
            for name in ("conditional", "eligible", "self_granted")
            if name in texts
        }
        if "condition" in texts:
            validity["condition"] = "; ".join(texts["condition"].values) or None
            if "conditional" not in texts:
                validity["conditional"] = validity["condition"] is not None
        days = {
            name: self._day(name, cells, record)
            for name in ("valid_from", "valid_until")
            if name in texts
        }
        validity.update({name: day.day for name, day in days.items()})
        if len(days) > 1:
            validity["lasts_hours"] = hours_between(days["valid_from"], days["valid_until"])
        first, last = (days.get(name, NO_DAY) for name in ("valid_from", "valid_until"))
        if comes_after(first, last):
            self._notes.add(
                "impossible-validity",
                f"valid from {first.shown} until {last.shown}; taken as valid at any time",
                subject=f"{first.shown}/{last.shown}",
                hides=Hides.NO,
                record=record.number,
            )
            validity.update(valid_from=None, valid_until=None, lasts_hours=None)
        if "valid_until" in texts and len(self._ends) <= 1:
            self._ends.add(last.day)
        return validity

    def _flag(self, name: str, cells: Sequence[Cell], record: Record) -> bool | None:
        flag = self._binding.flags[name].read(cells)
        if flag.unreadable is not None:
            self._notes.add(
                "unknown-value",
                f"'{flag.unreadable}' says neither yes nor no to {name}; "
                "taken so that the access counts",
                subject=flag.unreadable,
                hides=Hides.NO,
                record=record.number,
            )
            # Privileged access is looked at more closely, not less.
            return True if name == "privileged" else None
        return flag.state

    def _day(self, name: str, cells: Sequence[Cell], record: Record) -> Day:
        day = self._binding.days[name].read(cells)
        if day.unreadable is not None:
            self._notes.add(
                "unreadable-date",
                f"'{day.unreadable}' is not a day ({name}); taken as no limit",
                subject=day.unreadable,
                hides=Hides.NO,
                record=record.number,
            )
        return day

    def _instant(self, name: str, cells: Sequence[Cell], record: Record) -> datetime | None:
        return self._binding.days[name].instant(self._day(name, cells, record))

    def _crossing(self, column: MatrixColumn, record: Record) -> dict[str, Texts]:
        """What the record and this column of the matrix state; empty where they state nothing."""
        matrix = self._plan.matrix
        cell = record.cells[column.index]
        mark = cell.strip() if isinstance(cell, str) else ""
        if matrix is None or not mark or mark in matrix.blanks:
            return {}
        if column.header.unlisted:
            self._unlisted(matrix.header, column.header, record)
        if column.cells is not None and matrix.cells is not None:
            text = column.cells.read(record.cells)
            self._unlisted(matrix.cells, text, record)
            return {matrix.header: column.header, matrix.cells: text} if text.values else {}
        if mark in matrix.marks:
            return {matrix.header: column.header}
        self._notes.add(
            "unknown-mark",
            f"'{mark}' is neither one of the marks nor of the blanks; taken as no mark",
            subject=mark,
            hides=Hides.YES,
            record=record.number,
        )
        return {}

    def _put_nodes(
        self,
        texts: Mapping[str, Texts],
        about: Mapping[str, Any],
        group: Mapping[str, Any],
        put: Mapping[str, Any],
    ) -> None:
        """The accounts and roles that are named, each once per file unless facts differ."""
        builder, system = self._builder, self._builder.spec.system
        if "account" in texts:
            facts = tuple(about.values())
            for value, login in zip(*texts["account"][:2], strict=True):
                if self._first("account", value, login, facts):
                    builder.row(
                        "accounts",
                        account=f"{system}:{value}",
                        system=system,
                        login=login,
                        **about,
                        **put,
                    )
        for name in ("group", "member"):
            if name not in texts or (name == "group" and self._plan.options.group_system):
                continue
            told = group if name == "group" else {}
            for value, written in zip(*texts[name][:2], strict=True):
                if self._first("role", value, written, *told.values()):
                    kind = self._plan.options.group_kind
                    builder.role(f"{system}:{value}", kind=kind, name=written, **told, **put)

    def _first(self, *fact: object) -> bool:
        if fact in self._said:
            return False
        self._said.add(fact)
        return True

    def _put_grants(
        self, texts: Mapping[str, Texts], validity: Mapping[str, Any], put: Mapping[str, Any]
    ) -> None:
        relation = self._plan.relation
        holding, held = ENDS[relation]
        targets = self._nodes(held, texts, put)
        for holder in self._nodes(holding, texts, put):
            for target in targets:
                self._builder.grant(holder, target, KINDS[relation], **put, **validity)

    def _nodes(self, name: str, texts: Mapping[str, Texts], put: Mapping[str, Any]) -> list[Node]:
        options, system = self._plan.options, self._builder.spec.system
        values = texts[name].values
        if name == "permission":
            mode = self._mode(texts, put["record"])
            return [
                (NodeKind.ENTITLEMENT, self._right(action, resource, mode, put["record"]))
                for action in values
                for resource in texts["resource"].values
            ]
        if name == "account":
            return [(NodeKind.ACCOUNT, f"{system}:{value}") for value in values]
        if name == "identity":
            return [(NodeKind.IDENTITY, f"{options.identity_system}:{value}") for value in values]
        owner = options.group_system if name == "group" and options.group_system else system
        return [(NodeKind.ROLE, f"{owner}:{value}") for value in values]

    def _mode(self, texts: Mapping[str, Texts], record: int) -> str:
        """Whether the record's right works by itself, which it does unless it says otherwise."""
        word = next(iter(texts["mode"].values), MODES[0]) if "mode" in texts else MODES[0]
        if word.lower() in MODES:
            return word.lower()
        self._notes.add(
            "unknown-value",
            f"'{word}' is no mode of a right ({', '.join(MODES)}); taken as {MODES[0]}, "
            "so that the access counts",
            subject=word,
            hides=Hides.NO,
            record=record,
        )
        return MODES[0]

    def _right(self, action: str, resource: str, mode: str, record: int) -> str:
        """The entitlement's id; its row is put once per file."""
        stated = self._plan.options.wildcards
        starred = "*" in action
        if starred and stated is None:
            self._notes.add(
                "wildcard-not-stated",
                f"'{action}' was taken as a wildcard; state wildcards: true or false",
                subject=action,
                hides=Hides.NO,
                record=record,
            )
        found = self._rights.get((action, resource, mode))
        if found is None:
            wildcard = starred and stated is not False
            found = self._builder.entitlement(action, resource, mode=mode, wildcard=wildcard)
            self._rights[action, resource, mode] = found
        return found

    def _check_ends(self) -> None:
        """Warns of end dates that are the moment the report ran: they would end all access."""
        if self._ends == {extraction_day(self._builder.spec, self._file)}:
            note_run_time(self._builder, self._file)


def note_run_time(builder: BatchBuilder, file: RawFile) -> None:
    """The issue of a file in which every record ends on the day of extraction."""
    builder.issue(
        "end-dates-are-run-time",
        f"{file.path}: every record ends on {extraction_day(builder.spec, file)}, the day of "
        "extraction, so these are probably no end dates; if so, take valid_until out of the "
        "mapping",
        hides=Hides.UNKNOWN,
        source_id=file.source_id,
        subject=file.path,
    )
