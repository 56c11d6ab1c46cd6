"""What every reader gives: a header and records of text, each checked before anything uses it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from sod_analyzer.errors import InputError, Problem, SourceRef, near
from sod_analyzer.importers.files import MAX_CELL_CHARS
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import BatchBuilder, RawFile, Waterfall

#: A cell: its text, several texts (a JSON list), or None when a JSON record lacks the key.
Cell = str | tuple[str, ...] | None


class Wrong(NamedTuple):
    """Why a record cannot be used."""

    kind: str
    text: str
    subject: str | None = None  # what it is about, when that is not the file


class Record(NamedTuple):
    """One record. `faults` tells, by column number, of cells that hold no usable text."""

    number: int
    cells: Sequence[Cell]
    digest: bytes
    wrong: Wrong | None = None
    faults: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file opened by a reader: its columns, trimmed, and its records, to be read once."""

    columns: tuple[str, ...]
    records: Iterator[Record]
    template: str
    encoding: str | None = None


def text_record(
    number: int,
    cells: Sequence[str],
    *,
    key: str | None = None,
    faults: Mapping[int, str] | None = None,
) -> Record:
    """A record of these cells, or why their text cannot be used.

    `key` is what a repeated record has in common with the first; by default all cells. Sixteen
    bytes of a cryptographic digest stand for it: a plain hash could take two records for one and
    lose a grant.
    """
    joined = "\0".join(cells)
    if joined.count("\0") != max(len(cells) - 1, 0):
        return Record(number, (), b"", Wrong("unreadable-text", "a NUL character in the record"))
    if len(joined) > MAX_CELL_CHARS:
        longest = max(map(len, cells))
        if longest > MAX_CELL_CHARS:
            text = f"a cell of {longest:,} characters; the limit is {MAX_CELL_CHARS:,}"
            return Record(number, (), b"", Wrong("oversized-cell", text))
    try:
        digest = blake2b((joined if key is None else key).encode(), digest_size=16).digest()
        if key is not None:
            joined.encode()
    except UnicodeEncodeError:
        text = "half a character (a lone surrogate) in the record"
        return Record(number, (), b"", Wrong("unreadable-text", text))
    return Record(number, cells, digest, None, faults)


def header_row(cells: Iterable[str]) -> tuple[str, ...]:
    """Column names as they are referred to: trimmed, nothing else."""
    return tuple(cell.strip() for cell in cells)


def is_blank(cells: Sequence[str]) -> bool:
    """Whether no cell of the record holds anything but white space."""
    return not cells or (not cells[0].strip() and not any(cell.strip() for cell in cells))


def ragged(number: int, found: int, expected: int) -> Record:
    """The record that has too many or too few cells."""
    text = f"{found:,} cells where the header has {expected:,}"
    return Record(number, (), b"", Wrong("ragged-record", text))


def column_indexes(
    columns: Sequence[str], wanted: Collection[str], where: SourceRef
) -> dict[str, int]:
    """Where each wanted column stands.

    A name that occurs twice is an error only when it is wanted: an unmapped one changes nothing.

    Raises:
        InputError: names every wanted column that is missing or occurs twice.
    """
    problems = []
    for name in sorted(wanted):
        count = columns.count(name)
        if count == 0:
            text = f"no column '{name}'{near(name, filter(None, columns))}"
            problems.append(Problem(text, where))
        elif count > 1:
            problems.append(Problem(f"{count} columns are named '{name}'", where))
    if problems:
        raise InputError(problems)
    return {name: columns.index(name) for name in wanted}


@dataclass(frozen=True, slots=True)
class Skip:
    """Records to pass over: those whose cell in this column is one of these values."""

    column: str
    index: int
    values: frozenset[str]


def sift(
    records: Iterable[Record],
    builder: BatchBuilder,
    file: RawFile,
    counts: Waterfall,
    skips: Sequence[Skip] = (),
) -> Iterator[Record]:
    """The records to load. Those that are unusable, repeated or skipped are counted instead.

    Cost: remembers sixteen bytes of every record of the file.
    """
    seen: set[bytes] = set()
    for record in records:
        if record.wrong is not None:
            reject(record, record.wrong, builder, file, counts)
            continue
        if record.digest in seen:
            counts.duplicate += 1
            continue
        seen.add(record.digest)
        reason = _skipped(record, skips) if skips else None
        if reason is not None:
            counts.pass_over(reason)
            continue
        yield record


def reject(
    record: Record, wrong: Wrong, builder: BatchBuilder, file: RawFile, counts: Waterfall
) -> None:
    """Counts the record as rejected and says why; what it stated is lost, so it could hide."""
    counts.rejected += 1
    builder.issue(
        wrong.kind,
        f"{file.path}: record not loaded: {wrong.text}",
        hides=Hides.YES,
        source_id=file.source_id,
        record=record.number,
        subject=wrong.subject or file.path,
    )


def _skipped(record: Record, skips: Sequence[Skip]) -> str | None:
    for skip in skips:
        cell = record.cells[skip.index]
        for text in cell if isinstance(cell, tuple) else (cell or "",):
            if text.strip() in skip.values:
                return f"{skip.column} is '{text.strip()}'"
    return None


class Notes:
    """What is odd about the values of a file, said once per value and not once per record."""

    #: More different oddities than this of one kind are counted, not listed.
    most = 1000

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, Hides], list[int]] = {}
        self._beyond: dict[tuple[str, Hides], list[int]] = {}
        self._kinds: dict[str, int] = {}
        #: how often something was noted
        self.added = 0

    def add(
        self, kind: str, text: str, *, subject: str, hides: Hides, record: int, times: int = 1
    ) -> None:
        """So many records show it, `record` first; `text` says what and how it was taken."""
        self.added += times
        key = (kind, subject, text, hides)
        seen = self._found.get(key)
        if seen is None and self._kinds.get(kind, 0) < self.most:
            self._kinds[kind] = self._kinds.get(kind, 0) + 1
            seen = self._found.setdefault(key, [0, record])
        elif seen is None:
            seen = self._beyond.setdefault((kind, hides), [0, record])
        seen[0] += times

    def flush(self, builder: BatchBuilder, file: RawFile) -> None:
        """Hands out the issues, sorted, each with how many records show it and the first."""
        for (kind, subject, text, hides), (count, first) in sorted(self._found.items()):
            shown = f"{count:,} records" if count > 1 else "1 record"
            builder.issue(
                kind,
                f"{file.path}: {text} ({shown})",
                hides=hides,
                source_id=file.source_id,
                record=first,
                subject=subject,
            )
        for (kind, hides), (count, first) in sorted(self._beyond.items()):
            builder.issue(
                kind,
                f"{file.path}: {count:,} more records, with other values, not listed",
                hides=hides,
                source_id=file.source_id,
                record=first,
                subject=file.path,
            )
