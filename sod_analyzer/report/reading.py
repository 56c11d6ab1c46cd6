"""findings.json read back, by column where it is laid out as this program writes it.

A file with other spaces or another order of members says the same, and is read as any JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from sod_analyzer.errors import ReportError, SourceRef, StoreError
from sod_analyzer.model.finding import (
    EDGES,
    REPORT_TABLES,
    REPORT_VERSION,
    Completeness,
    Report,
    RunFacts,
)
from sod_analyzer.report.columns import flat, value_type
from sod_analyzer.report.core import digest_of
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.layout import EDGE_ORIGIN, HEADER

#: Bytes that are searched at once, at first and at most: columns are short and long.
_CHUNK = (1 << 12, 1 << 24)


def load(path: Path) -> Report:
    """The report that `findings.json` was written from, equal to it in every field.

    Raises:
        StoreError: the file cannot be read, is of another version, or its core, tables and
            digest do not agree.
    """
    try:
        try:
            return _laid_out(path)
        except (ValueError, TypeError, KeyError, ArithmeticError, ReportError):
            # Damaged or only laid out otherwise: the thorough way tells which.
            return _any_json(path)
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=SourceRef(str(path))) from error
    except KeyError as error:
        raise StoreError(f"has no {error}", where=SourceRef(str(path))) from error
    except (ValueError, TypeError, ArithmeticError, RecursionError, ReportError) as error:
        raise StoreError(
            f"is damaged or was not written by this program: {error}", where=SourceRef(str(path))
        ) from error


def _any_json(path: Path) -> Report:
    stated = json.loads(path.read_bytes())
    _check_version(stated, path)
    report = _restored(stated)
    _agree(stated, report)
    return report


def _check_version(stated: Any, path: Path) -> None:
    if not isinstance(stated, dict):
        raise TypeError("it holds no object")
    version = stated["schema_version"]
    if version != REPORT_VERSION:
        raise StoreError(
            f"was written as version {version!r}; this program reads version {REPORT_VERSION}",
            where=SourceRef(str(path)),
        )


def _agree(stated: Mapping[str, Any], report: Report) -> None:
    canonical = json.dumps(
        stated["core"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    of_core = hashlib.sha256(canonical.encode()).hexdigest()
    of_tables = digest_of(report.tables)
    if of_core != report.findings_digest:
        raise ValueError(f"the core has digest {of_core}, not {report.findings_digest} as stated")
    if of_tables != of_core:
        raise ValueError("the tables under 'context' say something else than the core")


def _laid_out(path: Path) -> Report:
    """The report, from a file that is laid out as the writer lays it out.

    Raises:
        ValueError: it is not, or is damaged.
    """
    with pa.memory_map(str(path)) as file:
        whole = file.read_buffer()
    text = _Text(whole)
    text.expect(b'{"schema_version":%d,\n"findings_digest":"' % REPORT_VERSION)
    digest = text.until(b'",\n"core":').to_pybytes().decode("ascii")
    core = text.until(b',\n"provenance":')
    if hashlib.sha256(core).hexdigest() != digest:
        raise ValueError("the core has another digest")
    away = sorted(EDGE_ORIGIN)
    columns = text.arrays([("edges", name) for name in away], b'{"edges":{', b'},\n"context":')
    inside = [
        (table, name)
        for table in sorted(REPORT_TABLES)
        for name in sorted(REPORT_TABLES[table].names)
        if table != "edges" or name not in away
    ]
    first = b',"tables":{"%s":{"%s":[' % (inside[0][0].encode(), inside[0][1].encode())
    header = text.until(first).to_pybytes() + b"}"
    columns |= text.arrays(inside, b"", b'}},\n"run":')
    run = json.loads(text.until(b"}\n").to_pybytes())
    text.expect_end()
    made = in_order(_read_tasks(columns))
    tables = {
        name: pa.table([next(made) for _ in schema], schema=schema)
        for name, schema in REPORT_TABLES.items()
    }
    report = _report(json.loads(header), digest, tables, run)
    if digest_of(tables) != digest:
        raise ValueError("the tables have another digest")
    return report


class _Text:
    """The bytes of a file, taken one stretch after another."""

    def __init__(self, whole: pa.Buffer) -> None:
        self._whole = whole
        self._at = 0

    def expect(self, mark: bytes) -> None:
        """Go on behind a mark that stands here."""
        room = min(len(mark), self._whole.size - self._at)
        if self._whole.slice(self._at, room).to_pybytes() != mark:
            raise ValueError(f"{mark!r} does not stand at byte {self._at}")
        self._at += len(mark)

    def expect_end(self) -> None:
        """Nothing may stand here."""
        if self._at != self._whole.size:
            raise ValueError(f"something stands behind byte {self._at}")

    def until(self, mark: bytes) -> pa.Buffer:
        """What stands before the next such mark; go on behind it.

        A mark holds a quote that no escape stands before, so it never stands within a text.
        """
        begin = self._at
        start, size = begin, _CHUNK[0]
        while start < self._whole.size:
            chunk = self._whole.slice(start, min(size, self._whole.size - start)).to_pybytes()
            found = chunk.find(mark)
            if found >= 0:
                self._at = start + found + len(mark)
                return self._whole.slice(begin, start + found - begin)
            start += max(len(chunk) - len(mark) + 1, 1)
            size = min(2 * size, _CHUNK[1])
        raise ValueError(f"{mark!r} does not stand behind byte {begin}")

    def arrays(
        self, names: Sequence[tuple[str, str]], before: bytes, after: bytes
    ) -> dict[tuple[str, str], pa.Buffer]:
        """What stands in the arrays of some columns, by table and name.

        Without anything `before`, the first array has begun.
        """
        if before:
            self.expect(before + b'"%s":[' % names[0][1].encode())
        found = {}
        for (table, name), (other, following) in pairwise([*names, ("", "")]):
            same = b"" if table == other else b'},"%s":{' % other.encode()
            mark = b"]" + (same or b",") + b'"%s":[' % following.encode()
            found[table, name] = self.until(mark if other else b"]}" + after)
        return found


def _read_tasks(columns: Mapping[tuple[str, str], pa.Buffer]) -> Iterator[Callable[[], pa.Array]]:
    for table, schema in REPORT_TABLES.items():
        for field in schema:
            yield partial(_read, columns[table, field.name], field.type)


def _read(text: pa.Buffer, kind: pa.DataType) -> pa.Array:
    """The values of an array of JSON, read by Arrow as the one column of one row."""
    value = value_type(kind)
    stated = pa.string() if pa.types.is_temporal(value) else value
    whole = b'{"c":[' + text.to_pybytes() + b"]}"
    read = pyarrow.json.read_json(
        pa.BufferReader(whole),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(whole) + 1),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=pa.schema([("c", pa.list_(stated))]), unexpected_field_behavior="error"
        ),
    )
    if read.num_rows != 1:
        raise ValueError("a column holds something else than one array")
    values = flat(read["c"]).flatten()
    values.validate(full=True)
    if pa.types.is_temporal(value):
        return _column(values.to_pylist(), value)
    return values.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values


def _restored(stated: Mapping[str, Any]) -> Report:
    context = stated["context"]
    edges = {**stated["provenance"]["edges"], **context["tables"]["edges"]}
    columns = {**context["tables"], "edges": {name: edges[name] for name in EDGES.names}}
    tables = {name: _table(columns[name], schema) for name, schema in REPORT_TABLES.items()}
    return _report(context, stated["findings_digest"], tables, stated["run"])


def _report(
    header: Mapping[str, Any], digest: str, tables: Mapping[str, pa.Table], run: Any
) -> Report:
    return Report(
        as_of=date.fromisoformat(header["as_of"]),
        completeness=Completeness(**header["completeness"]),
        findings_digest=digest,
        limits=tuple(header["limits"]),
        numbers=header["numbers"],
        tables=tables,
        run=None if run is None else RunFacts(**run),
        **{name: header[name] for name in HEADER},
    )


def _table(columns: Mapping[str, list[Any]], schema: pa.Schema) -> pa.Table:
    return pa.table([_column(columns[field.name], field.type) for field in schema], schema=schema)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        values = [None if text is None else datetime.fromisoformat(text) for text in values]
    if pa.types.is_date(kind):
        values = [None if text is None else date.fromisoformat(text) for text in values]
    return pa.array(values, kind)
