"""A document's file: found, bounded, decoded, and composed into a tree."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from sod_analyzer.documents.problems import Problems, suggest
from sod_analyzer.documents.tree import Value, compose, line_of
from sod_analyzer.errors import SodError

MAX_BYTES = 5 * 1024**2

#: What may not stand in a document: control characters; the line ends that YAML counts and editors
#: do not, since every line number after them would be wrong; and the marks that reorder text on the
#: screen, since what is signed must be what is read.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufffe\uffff]|\r(?!\n)"
)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as read. `path` is how messages and reports name it."""

    path: str
    local: Path
    text: str  # without a byte order mark, line ends as in the file
    sha256: str  # of the bytes
    bytes: int
    encoding: str  # utf-8 | utf-8-sig
    lines: int  # physical lines, a last one without newline included
    root: Value = field(repr=False)

    def line(self, *way: object) -> int:
        """The line of what these keys and positions lead to, or of what is nearest above it."""
        return line_of(self.root, way, self.root.line)


def read_document(path: Path, *, error: type[SodError], shown: str | None = None) -> Document:
    """The file, decoded and composed; `shown` is how messages name it, by default as given.

    Raises:
        SodError: of class `error`: missing, a folder, too big, not UTF-8, not the YAML we take.
    """
    name = path.as_posix() if shown is None else shown
    problems = Problems(name, error)
    return _document(_content(path, problems), path, problems)


def document_of(text: str, *, error: type[SodError], shown: str) -> Document:
    """A document whose text was kept elsewhere; no file is read.

    Raises:
        SodError: of class `error`: too big, or not the YAML we take.
    """
    problems = Problems(shown, error)
    content = text.encode("utf-8", errors="surrogatepass")
    if len(content) > MAX_BYTES:
        problems.fail(None, f"{len(content):,} bytes; a document has at most {MAX_BYTES:,}")
    return _document(content, Path(shown), problems)


def _document(content: bytes, path: Path, problems: Problems) -> Document:
    text = _decoded(content, problems)
    _refuse_characters(text, problems)
    return Document(
        path=problems.path,
        local=path,
        text=text,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        encoding="utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8",
        lines=text.count("\n") + (not text.endswith("\n")),
        root=compose(text, problems),
    )


def shown_path(path: Path, base: Path) -> str:
    """How a path is printed: relative to the folder `base`, with forward slashes."""
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()


def _content(path: Path, problems: Problems) -> bytes:
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            problems.fail(None, "a folder, where a YAML file should be")
        if not stat.S_ISREG(facts.st_mode):
            problems.fail(None, "not a plain file")
        if facts.st_size > MAX_BYTES:
            problems.fail(None, f"{facts.st_size:,} bytes; a document has at most {MAX_BYTES:,}")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        problems.fail(None, f"no such file{_beside(path)}")
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        problems.fail(None, f"cannot be read: {reason}")


def _beside(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir() if each.suffix in {".yaml", ".yml"}]
    except OSError:
        return f"; there is no folder '{path.parent.as_posix()}' either"
    return suggest(path.name, names)


def _decoded(content: bytes, problems: Problems) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problems.fail(None, "UTF-16; save the file as UTF-8")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.fail(line, f"not UTF-8: byte 0x{error.object[error.start]:02X}; save it as UTF-8")


def _refuse_characters(text: str, problems: Problems) -> None:
    for found in _UNWANTED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        problems.say(line, f"character U+{ord(found.group()):04X} is not allowed; remove it")
    problems.settle()
