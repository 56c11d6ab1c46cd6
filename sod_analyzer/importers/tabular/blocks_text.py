"""A CSV file's lines in blocks: what Arrow may read, apart from what only `csv` reads rightly.

A line is *plain* when both readers take it for the same one record, whatever stands around it:
it is text, has no NUL and no lone carriage return, and quotes stand only where cells begin and
end. A record that begins in any other line is read by the record reader, to its own end.
"""

from __future__ import annotations

import codecs
import contextlib
import io
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.errors import InputError
from sod_analyzer.importers.files import (
    MAX_CELL_CHARS,
    MAX_FILE_BYTES,
    OpenText,
    is_utf_8,
    open_bytes,
)
from sod_analyzer.importers.tabular import csv_file
from sod_analyzer.importers.tabular.csv_file import Dialect, Head, Reading
from sod_analyzer.importers.tabular.table import Record
from sod_analyzer.model.batch import RawFile

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_FEED, _RETURN = 10, 13


class Lines:
    """Whole lines as UTF-8, by the block or one by one."""

    def __init__(self, read: Callable[[int], bytes], *, size: int, held: bytes = b"") -> None:
        self._read = read
        self._size = size
        self._held = held

    def block(self) -> bytes:
        """The next lines, of about `size` bytes; empty at the end."""
        pieces: list[bytes | memoryview] = [self._held]
        while True:
            text = self._read(self._size)
            cut = text.rfind(b"\n") + 1
            if cut or not text:
                break
            pieces.append(text)
            if not self._short(pieces):
                break
        pieces.append(memoryview(text)[:cut])
        self._held = text[cut:] if cut else b""
        return b"".join(pieces)

    def line(self) -> bytes:
        """The next line with its end, or the beginning of one that is too long to be read."""
        pieces = [self._held]
        while b"\n" not in pieces[-1] and self._short(pieces):
            pieces.append(self._read(self._size))
            if not pieces[-1]:
                break
        text = b"".join(pieces)
        cut = text.find(b"\n") + 1 or len(text)
        self._held = text[cut:]
        return text[:cut]

    @staticmethod
    def _short(pieces: Sequence[bytes | memoryview]) -> bool:
        """Whether a line of these pieces could still be short enough (4 bytes a character)."""
        return sum(map(len, pieces)) <= 4 * (csv_file.longest_line() + 1)


@contextlib.contextmanager
def open_utf_8(file: RawFile, opened: OpenText, dialect: Dialect, *, size: int) -> Iterator[Lines]:
    """The file's lines from the first, in UTF-8 whatever their encoding, without a mark."""
    limit = dialect.max_bytes or MAX_FILE_BYTES
    with open_bytes(file, max_bytes=limit) as raw:
        if not is_utf_8(opened.encoding):
            text = io.TextIOWrapper(raw, encoding=opened.encoding, newline="\n")
            yield Lines(lambda count: text.read(count).encode(), size=size)
            return
        held = b""
        if codecs.lookup(opened.encoding).name == "utf-8-sig":
            held = raw.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        yield Lines(raw.read, size=size, held=held)


@dataclass(frozen=True, slots=True)
class Cut:
    """A block of lines. `first` is the number of its first line.

    `plain` has the bytes of all lines but those in `gone`, pairs of first line and line after the
    last, counted from 0 in the block; `records` is what these were read to, blank ones left out.
    """

    first: int
    lines: int
    plain: bytes
    gone: tuple[tuple[int, int], ...] = ()
    records: tuple[Record, ...] = ()
    failed: InputError | None = None

    def numbers(self) -> Ints:
        """The number of every line in `plain`."""
        if not self.gone:
            return np.arange(self.first, self.first + self.lines)
        there = np.ones(self.lines, dtype=np.bool_)
        for start, end in self.gone:
            there[start:end] = False
        return np.flatnonzero(there) + self.first


class Cutter:
    """Cuts the lines after the head into blocks, reading by `csv` whatever is not plain."""

    def __init__(self, lines: Lines, reading: Reading, dialect: Dialect, head: Head) -> None:
        self._lines = lines
        self._reading = reading
        self._width = len(head.columns)
        self._quote = None if dialect.quote == "none" else ord(dialect.quote)
        self._delimiter = ord(head.delimiter)
        self._block = b""
        self._spot = 0
        numbered = csv_file.read_lines(self._pull, reading)
        # One parser for all: between two records it has no state.
        self._parser = csv_file.make_parser(numbered, head.delimiter, dialect, strict=True)
        for _ in range(head.lines):
            lines.line()
        reading.place.number = reading.place.started = head.lines
        reading.place.ended = False

    def cuts(self) -> Iterator[Cut]:
        """Block after block; the last may have failed."""
        while block := self._lines.block():
            cut = self._cut(block)
            yield cut
            if cut.failed is not None:
                return

    def _pull(self) -> str:
        """The next line for `csv`, out of the block or, when that is used up, from the file."""
        if self._spot < len(self._block):
            end = self._block.find(b"\n", self._spot) + 1 or len(self._block)
            line = self._block[self._spot : end]
            self._spot = end
        else:
            line = self._lines.line()
        return line.decode("utf-8", "surrogateescape")

    def _cut(self, block: bytes) -> Cut:
        place = self._reading.place
        before = place.number
        view = np.frombuffer(block, dtype=np.uint8)
        ended = block.endswith(b"\n")
        count = int(np.count_nonzero(view == _FEED)) + (not ended)
        odd, ends = self._odd(block, view, before, count)
        if not len(odd):
            place.number = place.started = before + count
            return Cut(before + 1, count, block)
        self._block = block
        pieces: list[bytes] = []
        gone: list[tuple[int, int]] = []
        records: list[Record] = []
        failed = None
        done = spot = 0
        for index in odd.tolist():
            if index < done:  # inside a record that began further up
                continue
            start = int(ends[index - 1]) if index else 0
            pieces.append(block[spot:start])
            self._spot = spot = start
            place.number = place.started = before + index
            try:
                record = csv_file.read_record(self._parser, self._reading, width=self._width)
            except InputError as error:
                failed = error
                gone.append((index, count))
                break
            done = place.number - before
            gone.append((index, min(done, count)))
            spot = self._spot
            if record is not None:
                records.append(record)
        if failed is None:
            pieces.append(block[spot:])
            place.number = place.started = before + max(done, count)
        self._block = b""
        self._spot = 0
        return Cut(before + 1, count, b"".join(pieces), tuple(gone), tuple(records), failed)

    def _odd(self, block: bytes, view: Bytes, before: int, count: int) -> tuple[Ints, Ints]:
        """The lines of the block that are not plain, from 0, and where each line ends."""
        feeds: Ints | None = None
        spots: list[Ints] = []
        if 0 in block:
            spots.append(np.flatnonzero(view == 0))
        if _RETURN in block:
            followed = np.append(view[1:], np.uint8(0)) == _FEED
            spots.append(np.flatnonzero((view == _RETURN) & ~followed))
        if self._quote is not None and self._quote in block:
            feeds = np.flatnonzero(view == _FEED)
            spots.append(odd_quotes(view, feeds, quote=self._quote, delimiter=self._delimiter))
        spots.append(_long_lines(block))
        strays = self._reading.undecodable
        low = bisect_left(strays, before + 1, key=lambda spot: spot.line)
        high = bisect_left(strays, before + 1 + count, key=lambda spot: spot.line)
        known = [spot.line - before - 1 for spot in strays[low:high]]
        found = np.concatenate(spots)
        if not len(found) and not known:
            return found, found
        if feeds is None:
            feeds = np.flatnonzero(view == _FEED)
        lines = np.concatenate([np.searchsorted(feeds, found), np.array(known, dtype=np.int64)])
        odd = np.flatnonzero(np.bincount(lines))
        return odd, feeds + 1


def _long_lines(block: bytes) -> Ints:
    """A place in every line that may hold too long a cell."""
    # A line of more than two steps has one whole step without a line feed.
    step = max(min(MAX_CELL_CHARS, csv_file.longest_line()) // 2, 1)
    starts = range(0, len(block), step) if len(block) > step else ()
    empty = [start for start in starts if block.find(b"\n", start, start + step) < 0]
    return np.array(empty, dtype=np.int64)


def odd_quotes(view: Bytes, feeds: Ints, *, quote: int, delimiter: int) -> Ints:
    """Places of quotes, at least one in every line that is not quoted plainly.

    In a plain line quotes come in pairs: one before which a cell begins, one after which it ends.
    A quote doubled inside a cell is the end of one pair and the beginning of the next. `feeds` are
    the places of the line feeds.
    """
    spots = np.flatnonzero(view == quote)
    line = np.searchsorted(feeds, spots)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    counts = np.diff(first, append=len(spots))
    rank = np.arange(len(spots)) - np.repeat(first, counts)
    last = len(view) - 1
    before = np.where(spots > 0, view[np.maximum(spots - 1, 0)], _FEED)
    after = np.where(spots < last, view[np.minimum(spots + 1, last)], _FEED)
    # A carriage return that no line feed follows makes its line odd by itself.
    opens = (before == delimiter) | (before == _FEED) | (before == quote)
    closes = (after == delimiter) | (after == _FEED) | (after == _RETURN) | (after == quote)
    fits = np.where(rank % 2 == 0, opens, closes)
    single = first[counts % 2 == 1]
    return np.concatenate([spots[~fits], spots[single]])
