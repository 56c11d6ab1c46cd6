"""Files as importers find and open them: what the configuration names, hashed, decoded, bounded.

Everything here treats a file as hostile: what is too big, not a plain file, not the text it claims
to be, or compressed beyond reason ends in an `InputError` that says where and what to do.
"""

from __future__ import annotations

import codecs
import contextlib
import glob
import gzip
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Literal, TextIO

import numpy as np

from sod_analyzer.errors import ConfigError, InputError, SourceRef, near
from sod_analyzer.model.batch import RawFile, SourceSpec

#: Largest file that is read, after unpacking when it is compressed.
MAX_FILE_BYTES = 2 * 1024**3
#: A longer cell or attribute value rejects its record.
MAX_CELL_CHARS = 1_000_000
#: A longer physical line fails its file: it would be held in memory whole.
MAX_LINE_CHARS = 64 * 1024**2
#: Limits of a workbook, which is a zip file. A sheet of equal rows packs about 100 to 1.
MAX_ZIP_ENTRIES = 10_000
MAX_ZIP_BYTES = 1024**3
MAX_ZIP_RATIO = 250
#: Entries below this size may pack as well as they like.
_RATIO_FREE_BYTES = 1024**2
#: Where bytes that are not UTF-8 may stand: in one line of a hundred, and in this many. Beyond,
#: the file was written in another encoding, and what looks right may be wrong as well.
UNDECODABLE_SHARE = 100
MAX_UNDECODABLE_LINES = 100_000

_FEED = 10
_CHUNK = 1024**2
#: Small, because a decoding error carries a copy of all that was to be decoded.
_CHECKED_CHUNK = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
#: Longer marks first: the UTF-32 mark begins like the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Folders = Literal["allowed", "refused", "required"]


def find_files(
    spec: SourceSpec,
    *,
    patterns: Sequence[str] = ("*",),
    folders: Folders = "allowed",
    max_bytes: int = MAX_FILE_BYTES,
) -> tuple[RawFile, ...]:
    """The files that `spec.path` names, hashed, sorted by printed path; never empty.

    The path is a file, a folder, or a glob of either, relative to `spec.base`. In a folder every
    file at any depth whose name matches one of `patterns` counts, letter case aside; names that
    begin with a dot do not. One plain file keeps the spec's source id; otherwise each file has
    `<source id>/<path below the folder or the glob's fixed part>`.

    Cost: reads every file once, to hash it; several files at a time.

    Raises:
        InputError: nothing is there, a folder stands where a file should (or the reverse), a file
            is too big, unreadable, or no plain file.
    """
    written = spec.base / spec.path
    if written.is_dir():
        if folders == "refused":
            raise InputError(
                f"'{spec.path}' is a folder where a file should be; name the file, "
                f"or a glob such as '{spec.path.rstrip('/')}/{patterns[0]}'",
                where=spec.where,
            )
        return _raw_files(spec, _below(written, patterns), written, patterns, max_bytes)
    if written.exists():
        if folders == "required":
            raise InputError(f"'{spec.path}' is a file where a folder should be", where=spec.where)
        return (_raw_file(spec, written, spec.source_id, max_bytes),)
    if not glob.has_magic(spec.path):
        raise InputError(_missing(written, spec.path), where=spec.where)
    root = spec.base / _fixed_part(Path(spec.path))
    return _raw_files(spec, _matches(spec, patterns, folders), root, patterns, max_bytes)


def _raw_files(
    spec: SourceSpec,
    found: Iterable[Path],
    root: Path,
    patterns: Sequence[str],
    max_bytes: int,
) -> tuple[RawFile, ...]:
    paths = sorted(set(found), key=lambda path: _posix(path, spec.base))
    if not paths:
        wanted = " or ".join(patterns)
        raise InputError(f"'{spec.path}' names no file ({wanted})", where=spec.where)

    def read(path: Path) -> RawFile:
        return _raw_file(spec, path, f"{spec.source_id}/{_posix(path, root)}", max_bytes)

    # hashlib lets other threads run. The first error in order of path is the one that is raised.
    with ThreadPoolExecutor(max_workers=min(len(paths), os.cpu_count() or 1)) as pool:
        return tuple(pool.map(read, paths))


def _below(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if not name.startswith(".") and _fits(name, patterns):
                yield Path(parent, name)


def _matches(spec: SourceSpec, patterns: Sequence[str], folders: Folders) -> Iterator[Path]:
    for name in glob.glob(spec.path, root_dir=spec.base, recursive=True):  # noqa: PTH207  base may hold magic
        path = spec.base / name
        if not path.is_dir():
            if folders != "required":
                yield path
        elif folders != "refused":
            yield from _below(path, patterns)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    lowered = name.lower()
    return any(fnmatchcase(lowered, pattern.lower()) for pattern in patterns)


def _fixed_part(pattern: Path) -> Path:
    fixed = pattern
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    return fixed


def _missing(path: Path, written: str) -> str:
    """Says what is missing and what stands nearest to it."""
    parent = path.parent
    absent = path.name
    while not parent.is_dir() and parent != parent.parent:
        absent = parent.name
        parent = parent.parent
    try:
        names = [each.name for each in parent.iterdir() if not each.name.startswith(".")]
    except OSError:
        names = []
    return f"no such file: '{written}'{near(absent, names)}"


def _raw_file(spec: SourceSpec, path: Path, source_id: str, max_bytes: int) -> RawFile:
    shown = _posix(path, spec.base)
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise InputError(f"'{shown}' is not a plain file", where=spec.where)
        if facts.st_size > max_bytes:
            raise InputError(
                f"'{shown}' has {facts.st_size:,} bytes; the limit is {max_bytes:,}",
                where=spec.where,
            )
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read '{shown}': {error.strerror}", where=spec.where) from error
    modified_at = datetime.fromtimestamp(int(facts.st_mtime), UTC)
    return RawFile(source_id, shown, path, digest, facts.st_size, modified_at)


def _posix(path: Path, start: Path) -> str:
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()


@contextlib.contextmanager
def open_bytes(file: RawFile, *, max_bytes: int = MAX_FILE_BYTES) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked when it is gzip (known by its first bytes, not by its name).

    Raises:
        InputError: the file cannot be opened; while reading, when it is damaged or unpacks to
            more than `max_bytes`.
    """
    where = SourceRef(file.path)
    try:
        stream = file.local.open("rb")
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=where) from error
    with stream:
        packed = stream.read(2) == _GZIP_MAGIC
        stream.seek(0)
        bounded = _Bounded(stream, where=where, max_bytes=max_bytes, packed=packed)
        with io.BufferedReader(bounded, _CHUNK) as reader:
            yield reader


class _Bounded(io.RawIOBase):
    """A stream that gives up beyond a limit, and says of damaged gzip that it is damaged.

    A class because `io.TextIOWrapper` and `io.BufferedReader` ask for one.
    """

    def __init__(
        self, stream: io.BufferedReader, *, where: SourceRef, max_bytes: int, packed: bool
    ) -> None:
        super().__init__()
        self._stream: io.BufferedReader | gzip.GzipFile = (
            gzip.GzipFile(fileobj=stream) if packed else stream
        )
        self._where = where
        self._max_bytes = max_bytes
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            count = self._stream.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"damaged gzip: {error}", where=self._where) from error
        except OSError as error:
            raise InputError(f"cannot read on: {error.strerror}", where=self._where) from error
        self._seen += count
        if self._seen > self._max_bytes:
            raise InputError(
                f"the file unpacks to more than {self._max_bytes:,} bytes", where=self._where
            )
        return count


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A line that holds bytes which are not the file's encoding, and the first of them."""

    line: int
    offset: int
    byte: int


@dataclass(frozen=True, slots=True)
class OpenText:
    """A file's text. `lines` counts as `wc -l` does, plus a last line that has no newline.

    `undecodable` is sorted by line; the text has lone surrogates in those lines (PEP 383).
    """

    stream: TextIO
    encoding: str
    lines: int
    newline: str
    undecodable: tuple[Undecodable, ...] = ()


@contextlib.contextmanager
def open_text(
    file: RawFile,
    *,
    encoding: str | None = None,
    where: SourceRef | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    undecodable: Literal["refused", "kept"] = "refused",
) -> Iterator[OpenText]:
    r"""The file's text; `where` is the place of a stated `encoding`.

    Without a stated encoding the file is UTF-8, or what its byte order mark says (UTF-8, UTF-16,
    UTF-32); nothing is guessed. The mark is not part of the text. Lines end with `\n` only, so a
    `\r` before it stays; a file whose only line ends are `\r` is split at those.

    Where the caller can leave out single records, `undecodable` may be kept: UTF-8 in which few
    lines hold other bytes is then opened, with those lines named.

    Cost: reads the file twice. The first pass checks all of it, so an importer that gets a stream
    will not meet a decoding error halfway, and never loads half a file.

    Raises:
        InputError: not that encoding (naming byte offset and line), damaged, too big, or no longer
            the file that was hashed.
        ConfigError: the stated encoding does not exist.
    """
    name = _encoding(file, encoding, where=where, max_bytes=max_bytes)
    stated = encoding is not None
    if is_utf_8(name):
        kept = undecodable == "kept"
        checked = _check_utf_8(file, name, stated=stated, kept=kept, max_bytes=max_bytes)
    else:
        checked = _check(file, name, stated=stated, max_bytes=max_bytes)
    errors = "surrogateescape" if checked.undecodable else "strict"
    with open_bytes(file, max_bytes=max_bytes) as raw:
        text = io.TextIOWrapper(raw, encoding=name, errors=errors, newline=checked.newline)
        yield OpenText(text, name, checked.lines, checked.newline, checked.undecodable)


def is_utf_8(encoding: str) -> bool:
    """Whether this is a name of UTF-8, with or without its mark."""
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}


def not_encoded(file: RawFile, encoding: str, spot: Undecodable, *, stated: bool) -> InputError:
    """That the file is not what its encoding says, and where."""
    advice = "" if stated else "; state the file's encoding, such as cp1252"
    shown = encoding.removesuffix("-sig").upper()
    return InputError(
        f"not {shown}: byte 0x{spot.byte:02X} at offset {spot.offset:,}{advice}",
        where=SourceRef(file.path, spot.line),
    )


def _encoding(file: RawFile, stated: str | None, *, where: SourceRef | None, max_bytes: int) -> str:
    with open_bytes(file, max_bytes=max_bytes) as raw:
        head = raw.read(4096)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if stated is None:
        if marked is None and b"\0" in head and head.count(b"\0") * 3 > len(head):
            raise InputError(
                "this looks like UTF-16 without a byte order mark; "
                "state the encoding, such as utf-16-le",
                where=SourceRef(file.path),
            )
        return marked or "utf-8"
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=stated).read()
    except (LookupError, ValueError) as error:
        raise ConfigError(
            f"no encoding '{stated}'{near(stated, ('utf-8', 'utf-16', 'cp1252', 'latin-1'))}",
            where=where,
        ) from error
    plain = codecs.lookup(stated).name
    if marked is None or plain.removesuffix("-sig").startswith(marked.removesuffix("-sig")):
        return marked if marked == "utf-8-sig" else stated
    raise InputError(
        f"the configuration says {stated}, but the file begins with a byte order mark of "
        f"{marked.removesuffix('-sig').upper()}; leave 'encoding' out",
        where=SourceRef(file.path),
    )


@dataclass(frozen=True, slots=True)
class _Checked:
    lines: int
    newline: str
    undecodable: tuple[Undecodable, ...] = ()


def _check_utf_8(
    file: RawFile, encoding: str, *, stated: bool, kept: bool, max_bytes: int
) -> _Checked:
    """Counts lines and finds every line that is not UTF-8; raises where that is not `kept`."""
    strays: list[Undecodable] = []
    stray = _Strays(strays)
    feeds = returns = fed = 0
    last = b""
    with open_bytes(file, max_bytes=max_bytes) as raw:
        while chunk := raw.read(_CHECKED_CHUNK):
            stray.find(chunk, fed=fed, line=feeds + 1)
            if len(strays) > (MAX_UNDECODABLE_LINES if kept else 0):
                raise not_encoded(file, encoding, strays[0], stated=stated)
            fed += len(chunk)
            # Three times as fast as `bytes.count`, which looks for each of them anew.
            feeds += int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == _FEED))
            if not feeds:
                returns += chunk.count(b"\r")
            last = chunk[-1:]
    stray.end(fed=fed, line=feeds + 1)
    check_unchanged(file)
    newline = "\r" if returns and not feeds else "\n"
    ends = returns if newline == "\r" else feeds
    lines = ends + (last not in {b"", newline.encode()})
    # Without line feeds all of it was taken for one line, which says nothing about a share.
    if strays and not (kept and feeds and len(strays) * UNDECODABLE_SHARE <= lines):
        raise not_encoded(file, encoding, strays[0], stated=stated)
    return _Checked(lines, newline, tuple(strays))


class _Strays:
    """The first byte that is not UTF-8 of every line, found chunk by chunk."""

    def __init__(self, found: list[Undecodable]) -> None:
        self._found = found
        self._held = b""  # a character of which the chunk has only the beginning
        self._skipping = False  # the rest of a line that is known already

    def find(self, chunk: bytes, *, fed: int, line: int) -> None:
        """Looks at the next chunk, which begins at this offset and in this line."""
        if not self._held and not self._skipping and chunk.isascii():
            return
        text = self._held + chunk
        begin = fed - len(self._held)
        self._held = b""
        start = counted = 0
        while True:
            if self._skipping:
                start = text.find(b"\n", start)
                if start < 0:
                    return
                self._skipping = False
            try:
                _, used = codecs.utf_8_decode(memoryview(text)[start:], "strict", False)  # noqa: FBT003  takes it by place only
            except UnicodeDecodeError as error:
                start += error.start
                line += text.count(b"\n", counted, start)
                counted = start
                self._found.append(Undecodable(line, begin + start, text[start]))
                self._skipping = True
            else:
                self._held = text[start + used :]
                return

    def end(self, *, fed: int, line: int) -> None:
        """The file has ended; a character that is still incomplete is none."""
        if self._held:
            self._found.append(Undecodable(line, fed - len(self._held), self._held[0]))


def _check(file: RawFile, encoding: str, *, stated: bool, max_bytes: int) -> _Checked:
    """Number of lines and what ends them; raises where the bytes are not that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    feeds = returns = fed = 0
    last = ""
    with open_bytes(file, max_bytes=max_bytes) as raw:
        while True:
            chunk = raw.read(_CHUNK)
            held = decoder.getstate()[0]
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                raise _undecodable(
                    file, encoding, error, stated=stated, offset=fed - len(held), line=feeds + 1
                ) from error
            fed += len(chunk)
            feeds += text.count("\n")
            if not feeds:
                returns += text.count("\r")
            last = text[-1:] or last
            if not chunk:
                break
    check_unchanged(file)
    newline = "\r" if returns and not feeds else "\n"
    ends = returns if newline == "\r" else feeds
    return _Checked(ends + (last not in {"", newline}), newline)


def _undecodable(
    file: RawFile, encoding: str, error: UnicodeError, *, stated: bool, offset: int, line: int
) -> InputError:
    if isinstance(error, UnicodeDecodeError):
        before = bytes(error.object[: error.start])
        line += before.decode(encoding, "replace").count("\n")
        spot = Undecodable(line, offset + error.start, error.object[error.start])
        return not_encoded(file, encoding, spot, stated=stated)
    advice = "" if stated else "; state the file's encoding, such as cp1252"
    return InputError(
        f"not {encoding.upper()}: offset {offset:,}{advice}", where=SourceRef(file.path, line)
    )


def check_unchanged(file: RawFile) -> None:
    """Refuses a file that was written to after it was hashed: its digest would prove nothing."""
    facts = file.local.stat()
    if (facts.st_size, int(facts.st_mtime)) != (file.bytes, int(file.modified_at.timestamp())):
        raise InputError("the file changed while it was read", where=SourceRef(file.path))


def check_zip(file: RawFile) -> None:
    """Refuses a zip file that would unpack beyond reason; reads only its directory.

    The sizes in the directory can be trusted as limits: `zipfile` never gives out more of an entry
    than the directory states.

    Raises:
        InputError: not a zip file, or too many entries, too big, or packed too well.
    """
    where = SourceRef(file.path)
    try:
        with zipfile.ZipFile(file.local) as archive:
            entries = archive.infolist()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=where) from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise InputError(f"damaged zip file: {error}", where=where) from error
    if len(entries) > MAX_ZIP_ENTRIES:
        raise InputError(
            f"{len(entries):,} files inside; the limit is {MAX_ZIP_ENTRIES:,}", where=where
        )
    total = sum(entry.file_size for entry in entries)
    if total > MAX_ZIP_BYTES:
        raise InputError(f"unpacks to {total:,} bytes; the limit is {MAX_ZIP_BYTES:,}", where=where)
    for entry in entries:
        if entry.file_size <= _RATIO_FREE_BYTES:
            continue
        if entry.file_size > entry.compress_size * MAX_ZIP_RATIO:
            raise InputError(
                f"'{entry.filename}' inside unpacks to more than {MAX_ZIP_RATIO} times its size: "
                "a decompression bomb",
                where=where,
            )
