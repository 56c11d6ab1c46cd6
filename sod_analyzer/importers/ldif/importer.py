"""LDIF exports of a directory: people, service accounts, groups and who is in them."""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sod_analyzer.errors import ConfigError, InputError
from sod_analyzer.importers.files import find_files, open_bytes
from sod_analyzer.importers.ldif import vocabulary as words
from sod_analyzer.importers.ldif.accounts import Clock
from sod_analyzer.importers.ldif.directory import Directory
from sod_analyzer.importers.ldif.dn import DnError, leaf, normalise
from sod_analyzer.importers.ldif.loader import Loader
from sod_analyzer.importers.ldif.options import LdifOptions, check_options
from sod_analyzer.importers.ldif.reader import Entry, Flaw, LdifReader, shorten
from sod_analyzer.importers.ldif.sid import sid_text
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, RawFile, SourceSpec, Waterfall

_BINARY = {"objectsid": sid_text, "sidhistory": sid_text}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PATTERNS = ("*.ldif", "*.ldf", "*.ldif.gz", "*.ldf.gz")
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class LdifImporter:
    """Reads every file of the source twice: names first, then rows."""

    name: str = "ldif"
    options: type[LdifOptions] = LdifOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The files of this source; in a folder, those that are named like LDIF.

        Raises:
            InputError: there is none.
        """
        return Raw(spec, find_files(spec, patterns=_PATTERNS))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """Accounts, roles, memberships and issues of all files taken as one directory.

        Cost: reads each file three times; memory grows with the number of entries, not of
        memberships, but for one group's members at a time.

        Raises:
            ConfigError: the options name an attribute that is never read, or the zone is unknown.
        """
        return _Source(raw).batches()


class _Source:
    """One run over one source."""

    def __init__(self, raw: Raw) -> None:
        self._files = raw.files
        self._spec = raw.spec
        options = raw.spec.options or LdifOptions()
        check_options(options, raw.spec)
        self._builder = BatchBuilder(raw.spec)
        self._directory = Directory(options, _clock(raw))
        self._loader = Loader(
            self._builder, self._directory, raw.files, employee_id=options.employee_id_attribute
        )
        asked = {
            *(self._directory.member_dn | self._directory.member_of),
            *((options.employee_id_attribute.lower(),) if options.employee_id_attribute else ()),
        }
        self._wanted = words.WANTED | asked
        # The index needs to know that a group lists somebody, not whom.
        self._noted = frozenset(
            self._directory.member_dn | self._directory.member_of | words.MEMBER_VALUES
        )
        self._readers: dict[int, LdifReader] = {}
        self._returns: set[int] = set()  # files whose lines carriage returns end
        self._failed: dict[int, LdifReader | None] = {}

    def batches(self) -> Iterator[Batch]:
        for number, file in enumerate(self._files):
            self._learn(number, file)
        for number, file in enumerate(self._files):
            if number not in self._failed:
                yield from self._load(number, file)
        for _ in self._loader.finish():
            yield from self._full()
        self._count_left_out()
        for number, file in enumerate(self._files):
            self._source_row(number, file)
        yield self._builder.take()

    def _learn(self, number: int, file: RawFile) -> None:
        """Puts the names of one file into the index, unless the file cannot be read whole."""
        try:
            with _open(file) as stream:  # to the end: half a file is never loaded
                if _only_returns(stream):
                    self._returns.add(number)
            with _open(file) as stream:
                reader = self._reader(number, stream, noted=self._noted)
                for found in reader:
                    named = _named(found) if isinstance(found, Entry) else None
                    if isinstance(found, Entry) and named is not None:
                        self._directory.add(number, found, leaf(found.dn), named)
        except (InputError, UnicodeError) as error:
            self._failed[number] = None
            self._file_issue(file, "unreadable-source", f"cannot be read: {error}", place=None)
            return
        if reader.counts.lines == reader.counts.blank + reader.counts.header:
            self._failed[number] = reader
            self._file_issue(file, "empty-source", "holds no entry", place=None)
        elif not reader.entries:
            self._failed[number] = reader
            self._file_issue(file, "not-ldif", "has no line that begins an entry", place=1)

    def _load(self, number: int, file: RawFile) -> Iterator[Batch]:
        with _open(file) as stream:
            reader = self._readers[number] = self._reader(number, stream)
            for found in reader:
                if isinstance(found, Flaw):
                    self._flaw(file, found)
                elif (number, found.line) in self._directory.identical:
                    reader.counts.duplicate += 1
                elif (named := _named(found)) is not None and not self._is_root_holder(
                    found, named
                ):
                    self._loader.load(number, found, named)
                else:
                    reader.counts.rejected += 1
                    self._flaw(file, _unnamed(found))
                yield from self._full()
        stated = reader.stated_entries
        if stated is not None and stated > reader.entries:
            text = f"says that the search returned {stated:,} entries, but holds {reader.entries:,}"
            self._file_issue(file, "entries-missing", text, place=reader.counts.lines)

    def _is_root_holder(self, entry: Entry, normal: str) -> bool:
        """Whether the tree's root, which has no name, says that it is somebody, or in a group."""
        if normal:
            return False
        known = self._directory.names[normal]
        in_group = not self._directory.member_of.isdisjoint(entry.values)
        return known.is_account or known.is_group or in_group

    def _reader(
        self, number: int, stream: IO[bytes], *, noted: frozenset[str] = frozenset()
    ) -> LdifReader:
        returns = number in self._returns
        return LdifReader(stream, wanted=self._wanted, noted=noted, binary=_BINARY, returns=returns)

    def _full(self) -> Iterator[Batch]:
        if self._builder.full:
            yield self._builder.take()

    def _count_left_out(self) -> None:
        for number, normal in self._loader.left_out:
            if not self._loader.joined(normal):
                reason = self._directory.names[normal].left_out_because
                self._readers[number].counts.pass_over(reason)

    def _source_row(self, number: int, file: RawFile) -> None:
        failed = number in self._failed
        reader = self._failed[number] if failed else self._readers[number]
        self._builder.source(
            file,
            reader.counts if reader else Waterfall("line"),
            kind="ldif",
            record_template="line {record}",
            status="failed" if failed else "read",
            encoding=_encoding(file) if reader else None,
        )

    def _flaw(self, file: RawFile, flaw: Flaw) -> None:
        self._builder.issue(
            flaw.kind,
            f"{file.path}:{flaw.line}: {flaw.text}",
            hides=flaw.hides,
            source_id=file.source_id,
            record=flaw.line,
            subject=flaw.subject or file.path,
        )

    def _file_issue(self, file: RawFile, kind: str, text: str, *, place: int | None) -> None:
        self._builder.issue(
            kind,
            f"{file.path} {text}",
            hides=Hides.YES,
            source_id=file.source_id,
            record=place,
            subject=file.path,
        )


@contextlib.contextmanager
def _open(file: RawFile) -> Iterator[IO[bytes]]:
    """The file's bytes as UTF-8, whatever its byte order mark says."""
    with open_bytes(file) as stream:
        if _encoding(file) == "utf-16":
            yield io.BufferedReader(_Transcoded(stream), _CHUNK)
        else:
            yield stream


def _only_returns(stream: IO[bytes]) -> bool:
    """Whether nothing but carriage returns ends a line, as some editors write it; reads it all."""
    returns = feeds = False
    while piece := stream.read(_CHUNK):
        returns = returns or b"\r" in piece
        feeds = feeds or b"\n" in piece
    return returns and not feeds


def _encoding(file: RawFile) -> str:
    with open_bytes(file) as stream:
        return "utf-16" if stream.read(2) in _UTF16_MARKS else "utf-8"


class _Transcoded(io.RawIOBase):
    """A UTF-16 stream as UTF-8. A class because `io.BufferedReader` asks for one."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("strict")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = self._stream.read(_CHUNK)
            self._rest = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _clock(raw: Raw) -> Clock:
    moments: list[datetime] = [file.modified_at for file in raw.files]
    extracted_at = raw.spec.extracted_at or max(moments)
    try:
        return Clock(extracted_at, ZoneInfo(raw.spec.timezone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"no time zone '{raw.spec.timezone}'", where=raw.spec.where) from error


def _named(entry: Entry) -> str | None:
    try:
        return normalise(entry.dn)
    except DnError:
        return None


def _unnamed(entry: Entry) -> Flaw:
    # The root itself has the empty name, and is neither an account nor a group.
    text = f"'{shorten(entry.dn)}' is no distinguished name of an entry; the entry is left out"
    return Flaw("invalid-dn", entry.line, text, Hides.YES, entry.dn, rejects=True)


IMPORTER = LdifImporter()
