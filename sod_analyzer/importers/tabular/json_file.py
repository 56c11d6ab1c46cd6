"""JSON: records at a stated path, in one document or in several written after each other."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sod_analyzer.errors import ConfigError, InputError, SourceRef, near
from sod_analyzer.importers.files import find_files, open_text
from sod_analyzer.importers.tabular.engine import load
from sod_analyzer.importers.tabular.json_path import (
    Found,
    Getter,
    Missing,
    Step,
    find_records,
    parse_column,
    parse_steps,
)
from sod_analyzer.importers.tabular.options import JsonOptions
from sod_analyzer.importers.tabular.plan import Plan, make_plan
from sod_analyzer.importers.tabular.table import Cell, Record, Table, Wrong, text_record
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import (
    Batch,
    BatchBuilder,
    Importer,
    Raw,
    RawFile,
    SourceSpec,
    Waterfall,
)

PATTERNS = ("*.json", "*.jsonl", "*.ndjson")
#: A document is held in memory, where it takes about ten times its size.
MAX_JSON_BYTES = 512 * 1024**2
#: Between documents: white space, and the mark of RFC 7464.
_BETWEEN = re.compile(r"[\s\x1e]*")
_KEYS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class JsonImporter:
    """Records in JSON files, through a mapping."""

    name: str = "json"
    options: type[JsonOptions] = JsonOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or the files of a glob."""
        limit = spec.options.max_bytes or MAX_JSON_BYTES
        return Raw(spec, find_files(spec, patterns=PATTERNS, folders="refused", max_bytes=limit))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """What the records state, through the mapping; see `docs/importers/tabular.md`."""
        options: JsonOptions = raw.spec.options
        plan = make_plan(options, raw.spec)
        way = _way(options, plan, raw.spec.where)
        seen = _Seen()

        def reader(
            file: RawFile, counts: Waterfall, plan: Plan
        ) -> contextlib.AbstractContextManager[Table]:
            del plan
            return open_json(file, counts, way=way, seen=seen)

        yield from load(raw, plan, reader, kind="json", unit="element")
        builder = BatchBuilder(raw.spec)
        seen.report(builder, plan, way, raw.files[0])
        yield builder.take()


IMPORTER: Importer = JsonImporter()


@dataclass(frozen=True, slots=True)
class Way:
    """Where records and columns are, and how the text is read."""

    records: str
    steps: tuple[Step, ...]
    columns: Mapping[str, Getter]
    encoding: str | None
    max_bytes: int
    where: SourceRef


def _way(options: JsonOptions, plan: Plan, where: SourceRef) -> Way:
    try:
        steps = () if options.records == "." else parse_steps(options.records)
    except ValueError as error:
        place = SourceRef(where.path, where.line, "records")
        raise ConfigError(f"path '{options.records}': {error}", where=place) from error
    columns: dict[str, Getter] = {}
    for name in sorted(plan.wanted):
        try:
            columns[name] = parse_column(name)
        except ValueError as error:
            place = SourceRef(where.path, where.line, "columns")
            raise ConfigError(f"column '{name}': {error}", where=place) from error
    limit = options.max_bytes or MAX_JSON_BYTES
    return Way(options.records, steps, columns, options.encoding, limit, where)


@dataclass(slots=True)
class _Seen:
    """What was met over all files of the source: a key absent from one file may be in another."""

    records: int = 0
    present: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    soft: dict[str, int] = field(default_factory=dict)

    def record(self, found: Found, cells: Sequence[object], names: Sequence[str]) -> None:
        """Notes which columns the record has, and keys to suggest instead of those it lacks."""
        self.records += 1
        if len(self.present) < len(names):
            self.present.update(
                name for name, cell in zip(names, cells, strict=True) if cell is not None
            )
            value = found.levels[-1].value
            if isinstance(value, dict) and len(self.keys) < _KEYS_KEPT:
                self.keys.update(value)

    def report(self, builder: BatchBuilder, plan: Plan, way: Way, file: RawFile) -> None:
        """Issues about columns that no record has, and places that have no list of records."""
        for name in sorted(set(way.columns) - self.present) if self.records else ():
            filled = sorted(key for key, column in plan.columns.items() if name in column.sources)
            builder.issue(
                "absent-column",
                f"no record of this source has '{name}' ({', '.join(filled) or 'skip'})"
                f"{near(name, self.keys)}",
                hides=_hides(filled, plan),
                source_id=file.source_id,
                subject=name,
            )
        if not self.records:
            builder.issue(
                "no-records",
                f"not one record at {way.records} in any file of this source",
                hides=Hides.UNKNOWN,
                source_id=file.source_id,
                subject=way.records,
            )
        for text, count in sorted(self.soft.items()):
            builder.issue(
                "records-not-found",
                f"{text} in {count:,} places of {way.records}; taken as no records there",
                hides=Hides.UNKNOWN,
                source_id=file.source_id,
                subject=way.records,
            )


def _hides(filled: Sequence[str], plan: Plan) -> Hides:
    """Without its rights a record hides a conflict; without links to people it may."""
    if set(filled) & set(plan.needs):
        return Hides.YES
    return Hides.UNKNOWN if set(filled) & {"employee_id", "email"} else Hides.NO


@contextlib.contextmanager
def open_json(file: RawFile, counts: Waterfall, *, way: Way, seen: _Seen) -> Iterator[Table]:
    """The records at the stated path, numbered from 0 over the whole file.

    Raises:
        InputError: not text, or empty; while reading, where a document is not JSON, is cut off,
            is nested too deeply, or has a key twice in one object.
        ConfigError: the stated encoding does not exist.
    """
    with open_text(file, encoding=way.encoding, where=way.where, max_bytes=way.max_bytes) as opened:
        text = opened.stream.read()
        if not text.strip():
            raise InputError("the file is empty", where=SourceRef(file.path))
        records = _records(text, file, counts, way=way, seen=seen)
        template = f"{way.records} #{{record}}"
        yield Table(tuple(way.columns), records, template, opened.encoding)


def _records(
    text: str, file: RawFile, counts: Waterfall, *, way: Way, seen: _Seen
) -> Iterator[Record]:
    names = tuple(way.columns)
    getters = tuple(way.columns.values())
    for document in _documents(text, file.path):
        for found in find_records(document, way.steps):
            number = counts.lines
            if isinstance(found, Found):
                counts.lines += 1
                record = _record(number, found, getters)
                seen.record(found, record.cells or (None,) * len(names), names)
                yield record
            elif found.soft:
                said = f"no '{found.key}'"
                seen.soft[said] = seen.soft.get(said, 0) + 1
            else:
                counts.lines += 1
                hint = near(found.key, found.known) if found.key else ""
                yield Record(number, (), b"", Wrong("records-not-found", found.text + hint))


def _documents(text: str, path: str) -> Iterator[Any]:
    """The documents of the text: usually one; several when pages or lines were joined."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str
    )
    position = _skip(text, 0)
    while position < len(text):
        try:
            document, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
            said = "the JSON ends in the middle: cut off?" if cut else f"not JSON: {error.msg}"
            where = SourceRef(path, error.lineno)
            raise InputError(f"{said} (column {error.colno:,})", where=where) from error
        except _DuplicateKeyError as error:
            said = f"an object has the key '{error}' twice; one of them would be lost"
            raise InputError(said, where=SourceRef(path)) from error
        except RecursionError as error:
            raise InputError("nested too deeply", where=SourceRef(path)) from error
        yield document
        position = _skip(text, position)


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return position if match is None else match.end()


class _DuplicateKeyError(ValueError):
    """Carries the key; `json` would keep the last of the two and say nothing."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKeyError(next(name for name in names if names.count(name) > 1))
    return made


def _record(number: int, found: Found, getters: Sequence[Callable[[Found], Any]]) -> Record:
    cells: list[Cell] = []
    faults: dict[int, str] = {}
    for index, get in enumerate(getters):
        value = get(found)
        try:
            cells.append(_cell(value))
        except ValueError as error:
            cells.append("")
            faults[index] = str(error)
    flat = [text for cell in cells for text in (cell if isinstance(cell, tuple) else (cell or "",))]
    try:
        written = json.dumps(found.levels[-1].value, sort_keys=True, ensure_ascii=False)
    except RecursionError:
        return Record(number, (), b"", Wrong("unreadable-record", "nested too deeply"))
    record = text_record(number, flat, key=f"{written}\0{cells!r}", faults=faults or None)
    return record if record.wrong else record._replace(cells=cells)


def _cell(value: Any) -> Cell:
    """The value as text: numbers as written, booleans in words, null as an empty text."""
    if isinstance(value, list):
        return tuple(text for text in map(_scalar, value) if text)
    return None if isinstance(value, Missing) else _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    raise ValueError("an object" if isinstance(value, dict) else "a list in a list")
