"""A roster by blocks of columns: what `hr.records` makes of it, without an object per person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import InputError
from sod_analyzer.importers.hr.options import (
    KIND_WORDS,
    STATUS_WORDS,
    TEXTS,
    HrOptions,
    folded,
    meanings,
)
from sod_analyzer.importers.hr.records import Bound, bind_roster
from sod_analyzer.importers.tabular.blocks import Block, BlockTable, skipped_mask
from sod_analyzer.importers.tabular.days import read_days
from sod_analyzer.importers.tabular.engine import extraction_day
from sod_analyzer.importers.tabular.fields import Field, NoteBook, Read
from sod_analyzer.importers.tabular.statements import firsts
from sod_analyzer.importers.tabular.table import Notes
from sod_analyzer.importers.tabular.words import Codes, Flags, Rows, joined, take
from sod_analyzer.model.access import Hides, IdentityClass, Status
from sod_analyzer.model.batch import BatchBuilder, RawFile, Waterfall

T = TypeVar("T", Status, IdentityClass)

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(slots=True)
class Known:
    """The people of the files read so far, each with the place that first names the person."""

    files: list[RawFile] = field(default_factory=list)
    _ids: list[pa.Array] = field(default_factory=list)
    _file: list[Codes] = field(default_factory=list)
    _records: list[Rows] = field(default_factory=list)

    def places(self, ids: pa.Array) -> tuple[Codes, Rows]:
        """The file (-1 for none) and record that name these people."""
        if not self._ids:
            return np.full(len(ids), -1, np.int32), np.zeros(len(ids), np.int64)
        found = pc.index_in(ids, value_set=pa.concat_arrays(self._ids)).fill_null(-1)
        row = np.asarray(found)
        # One more place, to which -1 points.
        file = np.concatenate([*self._file, np.array([-1], np.int32)])
        record = np.concatenate([*self._records, np.zeros(1, np.int64)])
        return file[row], record[row]

    def add(self, file: RawFile, ids: pa.Array, records: Rows) -> None:
        """The people whom a file names first."""
        self._ids.append(ids)
        self._file.append(np.full(len(ids), len(self.files), np.int32))
        self._records.append(records)
        self.files.append(file)


class ColumnLoader:
    """Puts the people of one file into the builder; knows those of the files before it."""

    def __init__(
        self,
        builder: BatchBuilder,
        options: HrOptions,
        file: RawFile,
        counts: Waterfall,
        known: Known,
    ) -> None:
        self._builder = builder
        self._options = options
        self._file = file
        self._counts = counts
        self._known = known
        self._today = extraction_day(builder.spec, file).toordinal() - _EPOCH
        self._bound = Bound({}, {}, ())
        self._places: tuple[Codes, Rows] | None = None  # of each employee id of this file

    def consume(self, table: BlockTable, notes: Notes) -> Iterator[int]:
        """Loads block after block; yields how many people of each were loaded."""
        zone = ZoneInfo(self._builder.spec.timezone)
        self._bound = bind_roster(self._options, table.columns, self._file, zone)
        readers = {**self._bound.texts, **{n: day.text for n, day in self._bound.days.items()}}
        fields = {name: Field(name, reader) for name, reader in readers.items()}
        try:
            for block in table.blocks:
                yield self._load(block, fields, notes)
        except InputError:
            self._remember(fields["employee_id"])
            raise
        self._remember(fields["employee_id"])

    def _remember(self, ids: Field) -> None:
        """Keeps this file's people for the files after it."""
        if self._places is None or ids.words is None:
            return
        file, record = self._places
        mine = np.flatnonzero(file == len(self._known.files))
        self._known.add(self._file, ids.words.values.take(pa.array(mine)), record[mine])

    def _load(self, block: Block, fields: Mapping[str, Field], notes: Notes) -> int:
        """Loads what the block states; says why of the people it does not load."""
        if self._bound.skips:
            skipped = skipped_mask(block, self._bound.skips, self._counts)
            if skipped.any():
                block = block.take(~skipped)
        reads = {name: each.read(block) for name, each in fields.items()}
        kept = self._kept(reads["employee_id"], block.records)
        records = block.records
        if not kept.all():
            reads = {name: read.of(kept) for name, read in reads.items()}
            records = records[kept]
        if len(records):
            book = NoteBook(notes, records)
            self._put(reads, book, records)
            book.close()
        return len(records)

    def _kept(self, ids: Read, records: Rows) -> Flags:
        """Which rows are the first that name a person; says why of the others."""
        code = ids.values()
        kept = code >= 0
        self._reject(np.flatnonzero(~kept), records, "missing-value", "no employee id")
        rows = np.flatnonzero(kept)
        named, here = code[rows], len(self._known.files)
        if self._places is None:
            self._places = self._known.places(ids.words.values)
        file, record = self._places
        first = firsts(named, len(file))
        new = np.flatnonzero((first >= 0) & (file < 0))
        file[new] = here
        record[new] = records[rows[first[new]]]
        clash = rows[(file[named] != here) | (record[named] != records[rows])]
        kept[clash] = False
        if len(clash):
            self._clash(clash, records, ids.words.values, code)
        return kept

    def _clash(self, rows: Rows, records: Rows, ids: pa.Array, code: Codes) -> None:
        """Rejects rows about people of whom an earlier row said other things."""
        if self._places is None:
            return
        file, record = (each[code[rows]] for each in self._places)
        paths = [*(f"{each.path} " for each in self._known.files), ""]
        person = ids.take(pa.array(code[rows]))
        text = joined(
            "line ",
            pa.array(records[rows]).cast(pa.string()),
            " says of employee id '",
            person,
            "' other things than ",
            pa.array(paths).take(pa.array(file)),
            "line ",
            pa.array(record).cast(pa.string()),
            ", which was kept",
        )
        self._reject(rows, records, "conflicting-identity", text, subject=person)

    def _reject(
        self,
        rows: Rows,
        records: Rows,
        kind: str,
        text: str | pa.Array,
        *,
        subject: pa.Array | None = None,
    ) -> None:
        if not len(rows):
            return
        self._counts.rejected += len(rows)
        said = joined(f"{self._file.path}: record not loaded: ", text)
        self._builder.columns(
            "issues",
            len(rows),
            kind=kind,
            system=self._builder.spec.system,
            subject=self._file.path if subject is None else subject,
            text=said if isinstance(said, pa.Array) else said.as_py(),
            hides=str(Hides.YES),
            source_id=self._file.source_id,
            record=pa.array(records[rows]),
        )

    def _put(self, reads: Mapping[str, Read], book: NoteBook, records: Rows) -> None:
        columns: dict[str, Any] = {}
        for name in TEXTS:
            if name in reads and name not in {"status", "kind"}:
                columns[name] = _texts(reads[name], coded=name in {"department", "title"})
        system = self._builder.spec.system
        days = {name: self._day(name, reads[name], book) for name in self._bound.days}
        if "status" in reads:
            status = self._status(reads["status"], book)
        else:
            status = _by_days(days, self._today, len(records))
        kind = self._kind(reads["kind"], book) if "kind" in reads else str(IdentityClass.PERSON)
        for name, (day, known) in days.items():
            columns[name] = pa.array(day, mask=None if known.all() else ~known)
        self._builder.columns(
            "identities",
            len(records),
            identity=joined(f"{system}:", columns["employee_id"]),
            status=status,
            kind=kind,
            source_id=self._file.source_id,
            record=pa.array(records),
            **columns,
        )

    def _day(self, name: str, read: Read, book: NoteBook) -> tuple[Codes, Flags]:
        """The day of each row, and which rows have one."""
        reader = self._bound.days[name]
        days = read.field.keep("days", read.words, lambda: read_days(reader, read.words.values))
        days = days.of(read.by_text())
        if days.unreadable.any():
            for text, row, times in read.tally(days.unreadable):
                word = read.value_of(text)
                book.add(
                    "unreadable-date",
                    f"'{word}' is not a day ({name}); taken as not stated",
                    subject=word,
                    hides=Hides.NO,
                    stage=(("start_on", "end_on").index(name), 0),
                    row=row,
                    times=times,
                )
        return read.pick(days.day), read.pick(days.known)

    def _status(self, read: Read, book: NoteBook) -> pa.Array:
        """What the roster says; an empty cell, too, is no known status."""
        known = meanings(STATUS_WORDS, self._options.status)
        words = ["" if word is None else word for word in [*read.words.values.to_pylist(), None]]
        meant = [known.get(folded(word)) for word in words]
        strange = np.array([each is None for each in meant])[read.by_text()]
        for text, row, times in read.tally(strange):
            word = words[int(read.by_text()[text])]
            book.add(
                "unknown-value",
                f"'{word}' is no known status; taken as active, so that nothing is missed",
                subject=word,
                hides=Hides.NO,
                stage=(2, 0),
                row=row,
                times=times,
            )
        return _words(read, meant, Status.ACTIVE)

    def _kind(self, read: Read, book: NoteBook) -> pa.Array:
        known = meanings(KIND_WORDS, self._options.kind)
        words = read.words.values.to_pylist()
        meant = [*(known.get(folded(word)) for word in words), IdentityClass.PERSON]
        strange = np.array([each is None for each in meant])[read.by_text()]
        for text, row, times in read.tally(strange):
            word = read.value_of(text)
            book.add(
                "unknown-value",
                f"'{word}' is no known class of people; taken as person, so that it is judged",
                subject=word,
                hides=Hides.NO,
                stage=(3, 0),
                row=row,
                times=times,
            )
        return _words(read, meant, IdentityClass.PERSON)


def _texts(read: Read, *, coded: bool) -> pa.Array:
    """The text of each row, null for none."""
    codes = read.values()
    if not coded:
        return take(read.words.values, codes)
    none = codes < 0
    indices = pa.array(codes, mask=none if none.any() else None)
    return pa.DictionaryArray.from_arrays(indices, read.words.values)


def _words(read: Read, meant: list[T | None], otherwise: T) -> pa.Array:
    """The meaning of each row's text, by code."""
    known = list(type(otherwise))
    codes = np.array([known.index(each or otherwise) for each in meant], dtype=np.int32)
    indices = pa.array(codes[read.values()])
    return pa.DictionaryArray.from_arrays(indices, pa.array([str(each) for each in known]))


def _by_days(days: Mapping[str, tuple[Codes, Flags]], today: int, count: int) -> pa.Array:
    """The status where the roster states none: only the days tell."""
    known = list(Status)
    codes = np.full(count, known.index(Status.ACTIVE), dtype=np.int32)
    if "start_on" in days:
        day, stated = days["start_on"]
        codes[stated & (day > today)] = known.index(Status.FUTURE)
    if "end_on" in days:
        day, stated = days["end_on"]
        codes[stated & (day < today)] = known.index(Status.LEAVER)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([str(each) for each in known]))
