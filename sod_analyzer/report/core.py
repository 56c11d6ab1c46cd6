"""The canonical core: what was found, and nothing about where, when or by whom it was read.

The core is the value that the findings digest is taken of. It names each violation's rule,
subject, places, verdicts, means and certainty, and the nodes and edge kinds of each witness. File
names, records, display names, times and the ruleset's wording are outside it, so the same facts
in another file, row order or layout give the same digest.

Every edge that a hop goes by stands once in the list `edges`, sorted by its five members, and legs
name edges by their numbers in that list. Rows of the table `edges` that are equal in these five
members, as where somebody holds a right and could also take it, are one edge here; rows that no
hop names are left out.

A leg names its holder only where that is not the finding's own subject: in a finding about one
person it would say the same again.

Source: RFC 8785 (JSON Canonicalization Scheme), restricted to texts, integers, null, arrays and
objects with ASCII names.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from sod_analyzer.errors import ReportError
from sod_analyzer.model.memory import give_back
from sod_analyzer.report.nested import core_pieces

#: A core up to here stays in memory, and beyond the other number is not kept, but made again.
_SMALL, _LARGE = 16 << 20, 1 << 30
_CHUNK = 4 << 20
_TABLES = ("violations", "places", "legs", "edges", "hops")


def core_of(tables: Mapping[str, pa.Table]) -> bytes:
    """The canonical core as UTF-8 JSON, from the tables violations, places, legs, edges and hops.

    Sorted by finding id, place, duty, holder, part and hop, whatever the order of the rows.

    Raises:
        ReportError: the tables do not hang together; see `ties_of`.

    Cost: linear in hops where they come leg by leg, as a report's do, else a sort of them; no
    Python object per row.
    """
    return b"".join(core_pieces(tables))


class Digest(str):  # noqa: SLOT000 - it keeps more than its text
    """A findings digest, and the core that it was taken of, kept until the digest is gone.

    An analysis takes the digest first, since every file prints it, and writes `findings.json`
    later. Making the core takes longer than copying it.
    """

    def __init__(self, _text: str) -> None:
        self._tables: tuple[weakref.ref[pa.Table], ...] = ()
        self._core: BinaryIO | None = None

    def keep(self, tables: Mapping[str, pa.Table], core: BinaryIO) -> None:
        """Keep the core of these tables."""
        self._tables = tuple(weakref.ref(tables[name]) for name in _TABLES)
        self._core = core
        weakref.finalize(self, core.close)

    def core(self, tables: Mapping[str, pa.Table]) -> BinaryIO | None:
        """The core from its beginning, if it was kept and these are the tables it is of."""
        pairs = zip(self._tables, _TABLES, strict=False)
        if self._core is None or any(ref() is not tables[name] for ref, name in pairs):
            return None
        self._core.seek(0)
        return self._core


def findings_digest(tables: Mapping[str, pa.Table]) -> Digest:
    """SHA-256 of `core_of(tables)`, as 64 hex digits."""
    digest = hashlib.sha256()
    keeper = _Keeper()
    for piece in core_pieces(tables):
        digest.update(piece)
        keeper.write(piece)
    give_back()
    found = Digest(digest.hexdigest())
    if keeper.stream is not None:
        found.keep(tables, keeper.stream)
    return found


def digest_of(tables: Mapping[str, pa.Table]) -> str:
    """The findings digest alone: nothing is kept."""
    digest = hashlib.sha256()
    for piece in core_pieces(tables):
        digest.update(piece)
    return digest.hexdigest()


def write_core(tables: Mapping[str, pa.Table], digest: str, stream: BinaryIO) -> None:
    """Write the core that the digest is of.

    Raises:
        ReportError: the tables have another digest.
    """
    kept = digest.core(tables) if isinstance(digest, Digest) else None
    if kept is not None:
        shutil.copyfileobj(kept, stream, _CHUNK)
        return
    found = hashlib.sha256()
    for piece in core_pieces(tables):
        found.update(piece)
        stream.write(piece)
    if found.hexdigest() != digest:
        raise ReportError(
            f"the report carries findings digest {digest}, but its tables have {found.hexdigest()}"
        )


class _Keeper:
    """Takes the core piece by piece, and gives up where it grows too large or finds no room."""

    def __init__(self) -> None:
        # Not in a block: it outlives this one, and its digest closes it.
        spooled: Any = tempfile.SpooledTemporaryFile(_SMALL)  # noqa: SIM115
        self.stream: BinaryIO | None = spooled
        self._size = 0

    def write(self, piece: pa.Buffer | bytes) -> None:
        if self.stream is None:
            return
        self._size += len(piece)
        try:
            if self._size <= _LARGE:
                self.stream.write(piece)
                return
        except OSError:
            pass
        self.stream.close()
        self.stream = None
