"""LDIF as a stream of entries, each attribute value with its physical line.

Only the attributes that the caller names are kept. All others, passwords, keys and pictures among
them, pass by piece by piece: their base64 is checked, their content is never held.

Source: RFC 2849; the trailers of OpenLDAP's ldapsearch and Samba's ldbsearch.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import IO

from sod_analyzer.importers.files import MAX_CELL_CHARS
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Waterfall

_PIECE = 64 * 1024
_SHOWN_CHARS = 200
_MOST_DESCRIPTIONS = 10_000
_ALWAYS_READ = frozenset({"dn", "changetype"})
_SPACE = 0x20
_HASH = 0x23
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]*(={0,2})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
#: "# numEntries: 48" of ldapsearch, "# 48 entries" of ldbsearch.
_STATED_COUNT = re.compile(rb"# (?:numEntries: ([0-9]{1,12})|([0-9]{1,12}) entries)\s*")
#: What stands in a block of its own after a search, without being an entry.
_TRAILERS = frozenset(
    {"control", "matcheddn", "pagedresults", "ref", "result", "search", "sortresult", "text"}
)
#: Partitions of Active Directory that every search from the top refers to; they hold no people.
_HARMLESS_REFERRAL = re.compile(
    r"/(cn=configuration|dc=domaindnszones|dc=forestdnszones),", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value, the line on which it begins, and its attribute's options in lower case."""

    text: str
    line: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its name as written, and the wanted values by lower-case attribute name.

    `digest` is of the whole entry as it stands in the file, unwanted attributes included: two
    entries of one file are the same record if their digests are.
    """

    line: int
    dn: str
    values: Mapping[str, Sequence[Value]]
    digest: bytes

    def all(self, *names: str) -> Sequence[Value]:
        """The values of these attributes, attribute by attribute, each in file order."""
        found = [self.values[name] for name in names if name in self.values]
        if len(found) == 1:
            return found[0]
        return tuple(value for values in found for value in values)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something the reader could not take, in words that hold no attribute's content.

    `rejects`: the whole entry is left out, else only one value.
    """

    kind: str
    line: int
    text: str
    hides: Hides
    subject: str | None = None
    rejects: bool = False


class _Block(Enum):
    NONE = auto()
    ENTRY = auto()
    HEADER = auto()
    JUNK = auto()


@dataclass(slots=True)
class _Field:
    """A logical line while it is collected; `held` is nothing when its content is not wanted."""

    name: str
    options: tuple[str, ...]
    line: int
    form: str  # text | base64 | url
    held: bytearray | None
    size: int = 0
    padding: int = 0
    broken: bool = False

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.form == "base64" and not self.broken:
            self._check(piece)
        if self.held is not None and not self.oversized:
            self.held += piece

    def _check(self, piece: bytes) -> None:
        stripped = piece.strip(b" \r")
        found = _BASE64_LINE.fullmatch(stripped)
        self.size -= len(piece) - len(stripped)
        if not found or (self.padding and stripped.strip(b"=")):
            self.broken = True
        else:
            self.padding += len(found.group(1))

    @property
    def oversized(self) -> bool:
        return self.size > MAX_CELL_CHARS

    @property
    def bad_base64(self) -> bool:
        return self.form == "base64" and (
            self.broken or self.size % 4 != 0 or self.padding > 2  # noqa: PLR2004  at most ==
        )


@dataclass(slots=True)
class _Open:
    """An entry while it is collected."""

    line: int
    digest: hashlib.blake2b
    dn: str | None = None
    values: dict[str, list[Value]] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    broken: Flaw | None = None
    attributes: int = 0
    changing: bool = False

    @property
    def shown(self) -> str:
        return "without a readable name" if self.dn is None else f"'{shorten(self.dn)}'"


class LdifReader:
    """Reads one file once.

    Of the attributes in `noted` an entry tells only that they are there, and with which options:
    one empty value for each run of values with the same options.

    With `returns`, carriage returns end the lines, as in files that have no line feed at all.

    `counts` and `stated_entries` are complete when the iteration is: every physical line is in
    `counts` once, entries that a flaw rejects are in `counts.rejected`.
    """

    def __init__(
        self,
        stream: IO[bytes],
        *,
        wanted: frozenset[str],
        noted: frozenset[str] = frozenset(),
        binary: Mapping[str, Callable[[bytes], str]] | None = None,
        returns: bool = False,
    ) -> None:
        self.counts = Waterfall("line")
        #: how many entries the search that wrote the file says it returned; None if it is silent
        self.stated_entries: int | None = None
        #: entries with a name, rejected ones included
        self.entries = 0
        self._stream = stream
        self._returns = returns
        self._wanted = {name: name for name in wanted - noted}
        self._noted = noted
        self._skipped = _Field("", (), 0, "text", None)
        self._descriptions: dict[bytes, tuple[str, tuple[str, ...]]] = {}
        self._binary = binary or {}
        self._block = _Block.NONE
        self._open: _Open | None = None
        self._field: _Field | None = None
        self._comment = False
        self._cut = False  # the last line read so far has no newline
        self._out: list[Entry | Flaw] = []

    def __iter__(self) -> Iterator[Entry | Flaw]:
        for piece, begins in self._pieces():
            if begins:
                self._begin(piece)
            elif self._field:
                self._extend(piece)
            if self._out:
                yield from self._out
                self._out.clear()
        self._end_block(at_end=True)
        yield from self._out

    def _pieces(self) -> Iterator[tuple[bytes, bool]]:
        """Physical lines, in several pieces where they are long, without what ends them."""
        begins = True
        first = True
        for piece, ends in self._cut_up():
            if first:
                piece = piece.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 - a mark, no content
                first = False
            if begins:
                self.counts.lines += 1
            self._cut = not ends
            yield piece, begins
            begins = ends

    def _cut_up(self) -> Iterator[tuple[bytes, bool]]:
        """Pieces of lines, and whether a line ends there.

        LDIF ends lines with a line feed, before which a carriage return may stand.
        """
        if not self._returns:
            while piece := self._stream.readline(_PIECE):
                ends = piece.endswith(b"\n")
                yield (piece[:-1].removesuffix(b"\r") if ends else piece), ends
            return
        while piece := self._stream.read(_PIECE):
            *whole, rest = piece.split(b"\r")
            yield from ((line, True) for line in whole)
            if rest:
                yield rest, False

    def _begin(self, piece: bytes) -> None:
        """Takes the first piece of a physical line."""
        if not piece:
            self._end_block()
            self.counts.blank += 1
        elif piece[0] == _SPACE and (self._field or self._comment):
            self._count_further()
            if self._field:
                self._extend(piece[1:])
        elif piece[0] == _HASH:
            self._end_field()
            self._comment = True
            self._count_further()
            self._note_count(piece)
        elif not piece.strip():
            self._end_block()
            self.counts.blank += 1
        else:
            self._comment = False
            self._end_field()
            self._begin_field(piece)

    def _count_further(self) -> None:
        if self._block in {_Block.ENTRY, _Block.JUNK}:
            self.counts.continued += 1
        elif self._block is _Block.HEADER and not self._comment:
            self.counts.header += 1
        else:
            self.counts.blank += 1

    def _note_count(self, piece: bytes) -> None:
        if found := _STATED_COUNT.fullmatch(piece):
            self.stated_entries = (self.stated_entries or 0) + int(found.group(1) or found.group(2))

    def _extend(self, piece: bytes) -> None:
        if self._open:
            self._open.digest.update(piece)
        if self._field:
            self._field.add(piece)

    def _begin_field(self, piece: bytes) -> None:
        description, colon, rest = piece.partition(b":")
        name, options = self._descriptions.get(description) or self._describe(description)
        if name == "dn" and colon:
            self._end_block()
            self._block = _Block.ENTRY
            self._open = _Open(self.counts.lines, hashlib.blake2b(digest_size=16))
            self.entries += 1
        elif self._block is _Block.NONE:
            self._begin_nameless(name, has_colon=bool(colon))
        elif self._block is _Block.HEADER:
            self.counts.header += 1
        else:
            self.counts.continued += 1
        if self._open:
            self._open.digest.update(b"\n" + piece)
            if self._open.changing:
                return
            if not colon or not name:
                self._break("malformed-line", "has a line that is no attribute")
                return
        self._field = self._new_field(name, options, rest)

    def _describe(self, description: bytes) -> tuple[str, tuple[str, ...]]:
        """Attribute name and options in lower case; no name if it is none."""
        name, *options = description.decode("ascii", "replace").lower().split(";")
        described = (name if _NAME.fullmatch(name) else "", tuple(options))
        if len(description) < _SHOWN_CHARS and len(self._descriptions) < _MOST_DESCRIPTIONS:
            self._descriptions[description] = described
        return described

    def _begin_nameless(self, name: str, *, has_colon: bool) -> None:
        """A block that does not begin with `dn:`: the version, a search's trailer, or junk."""
        if has_colon and (name == "version" or name in _TRAILERS):
            self._block = _Block.HEADER
            self.counts.header += 1
            return
        self._block = _Block.JUNK
        self.counts.rejected += 1
        text = "lines that belong to no entry: no 'dn:' before them"
        self._out.append(Flaw("entry-without-dn", self.counts.lines, text, Hides.YES, rejects=True))

    def _new_field(self, name: str, options: tuple[str, ...], rest: bytes) -> _Field | None:
        if self._block is _Block.JUNK:
            return None
        form = "text"
        if rest.startswith(b":"):
            form, rest = "base64", rest[1:]
        elif rest.startswith(b"<"):
            form, rest = "url", rest[1:]
        line = self.counts.lines
        entry = self._open
        if entry and name in self._noted:
            values = entry.values.setdefault(name, [])
            if not values or values[-1].options != options:
                values.append(Value("", line, options))
        kept = name in self._wanted or name in _ALWAYS_READ or entry is None
        if entry and not kept and form == "text":
            entry.attributes += 1
            return self._skipped
        made = _Field(name, options, line, form, bytearray() if kept and form != "url" else None)
        made.add(rest.lstrip(b" "))
        return made

    def _end_field(self) -> None:
        """Files away the logical line that is complete now."""
        ended, self._field = self._field, None
        if ended is None or ended is self._skipped:
            return
        if self._open is None:
            self._end_header_field(ended)
        elif ended.bad_base64:
            self._break("broken-base64", f"has broken base64 in '{_attribute(ended)}'", ended.line)
        elif ended.name == "dn":
            self._open.dn = self._text(ended)
            if self._open.dn is None and self._open.broken is None:
                self._break("unreadable-name", "has no text as its name", ended.line)
        else:
            self._end_attribute(self._open, ended)

    def _end_attribute(self, entry: _Open, ended: _Field) -> None:
        entry.attributes += 1
        if ended.form == "url":
            wanted = ended.name in self._wanted
            self._drop(
                ended,
                "url-value",
                "takes its value from a URL, which is not followed",
                hides=Hides.UNKNOWN if wanted else Hides.NO,
            )
        elif ended.held is None:
            return
        elif ended.name == "changetype":
            kind = (self._text(ended) or "").strip().lower()
            if kind != "add":
                entry.changing = True
                self._break(
                    "change-record",
                    f"is a change record ('{shorten(kind)}'), not what the directory holds; "
                    "only 'add' is read",
                    ended.line,
                )
        elif ended.oversized:
            self._drop(ended, "oversized-cell", f"is longer than {MAX_CELL_CHARS:,} characters")
        elif "deleted" not in ended.options:  # left behind by replication
            text = self._text(ended)
            if text is not None:
                value = Value(text, ended.line, ended.options)
                entry.values.setdefault(self._wanted[ended.name], []).append(value)

    def _end_header_field(self, ended: _Field) -> None:
        """Reads what the search that wrote the file says of itself."""
        text = "" if ended.held is None else ended.held[:_PIECE].decode("utf-8", "replace").strip()
        flaw: Flaw | None = None
        if ended.name == "version" and text != "1":
            flaw = Flaw(
                "unknown-version",
                ended.line,
                f"LDIF version '{shorten(text)}'; version 1 is the only one defined",
                Hides.UNKNOWN,
            )
        elif ended.name == "result" and text.split(" ")[0] != "0":
            flaw = Flaw(
                "search-incomplete",
                ended.line,
                f"the search that wrote this file ended with '{shorten(text)}': it is incomplete",
                Hides.YES,
            )
        elif ended.name == "ref" and not _HARMLESS_REFERRAL.search(text):
            flaw = Flaw(
                "search-incomplete",
                ended.line,
                f"a part of the directory is elsewhere and not in this file: '{shorten(text)}'",
                Hides.UNKNOWN,
            )
        if flaw:
            self._out.append(flaw)

    def _text(self, ended: _Field) -> str | None:
        """The text of a complete logical line, or nothing, with its flaw noted."""
        if ended.held is None:
            return None
        content = bytes(ended.held).removesuffix(b"\r")
        try:
            if ended.form == "base64":
                content = binascii.a2b_base64(content.replace(b" ", b""), strict_mode=True)
            decode = self._binary.get(ended.name)
            return decode(content) if decode else content.decode()
        except binascii.Error:
            self._break("broken-base64", f"has broken base64 in '{_attribute(ended)}'", ended.line)
        except UnicodeDecodeError:
            self._drop(ended, "wrong-encoding", "is not UTF-8")
        except ValueError as error:
            self._drop(ended, "unreadable-value", f"cannot be read: {error}")
        return None

    def _drop(self, ended: _Field, kind: str, what: str, *, hides: Hides = Hides.UNKNOWN) -> None:
        """Notes that one value of the open entry is left out."""
        if self._open and ended.name != "dn":
            text = (
                f"'{_attribute(ended)}' of entry {self._open.shown} {what}; the value is left out"
            )
            self._open.flaws.append(Flaw(kind, ended.line, text, hides, self._open.dn))

    def _break(self, kind: str, what: str, line: int | None = None) -> None:
        """Notes that the open entry is left out; the first reason counts."""
        entry = self._open
        if entry and entry.broken is None:
            text = f"entry {entry.shown} {what}; the entry is left out"
            place = self.counts.lines if line is None else line
            entry.broken = Flaw(kind, place, text, Hides.YES, entry.dn, rejects=True)

    def _end_block(self, *, at_end: bool = False) -> None:
        self._end_field()
        self._comment = False
        self._block = _Block.NONE
        entry, self._open = self._open, None
        if entry is None:
            return
        if at_end and self._cut and (entry.broken or not entry.attributes):
            entry.broken = Flaw(
                "truncated-entry",
                self.counts.lines,
                f"the file ends inside entry {entry.shown}; the entry is left out",
                Hides.YES,
                entry.dn,
                rejects=True,
            )
        self._out.extend(entry.flaws)
        if entry.broken or entry.dn is None:
            self.counts.rejected += 1
            self._out.extend([entry.broken] if entry.broken else [])
        else:
            self._out.append(Entry(entry.line, entry.dn, entry.values, entry.digest.digest()))


def shorten(text: str) -> str:
    """The text as it may stand in a sentence: not longer than a few words."""
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def _attribute(ended: _Field) -> str:
    return shorten(";".join((ended.name, *ended.options)))
