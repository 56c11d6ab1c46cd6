"""Ids as numbers while batches come in: one number per id, whatever it is an id of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sod_analyzer.assemble.columns import Codes, Flags, Rows
from sod_analyzer.identity.texts import Texts
from sod_analyzer.identity.words import order_of

#: Batches of one file share their dictionaries; a few of the last ones are remembered.
_REMEMBERED = 8


class Ids:
    """Numbers ids, looking only once at a dictionary that several batches share."""

    def __init__(self) -> None:
        self._texts = Texts()
        self._most = 0
        # The arrays stay referenced, so that none of these addresses is given out again.
        self._known: dict[tuple[int, ...], tuple[pa.Array, Codes]] = {}

    def __len__(self) -> int:
        """How many numbers were given out, those of ids that are let go of included."""
        return max(len(self._texts), self._most)

    def of(self, ids: pa.Array) -> Codes:
        """The number of each id, -1 for null."""
        place = tuple(0 if each is None else each.address for each in ids.buffers())
        known = self._known.pop(place, None)
        if known is None or not _within(ids, known[0]):
            known = ids, self._texts.add(ids)
        self._known[place] = known
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        begin = ids.offset - known[0].offset
        return known[1][begin : begin + len(ids)]

    def forget(self) -> None:
        """Lets go of the dictionaries that are remembered."""
        self._known.clear()

    def clear(self) -> None:
        """Lets go of everything: no id is known any more, and numbers mean nothing here."""
        self._most = len(self)
        self._texts = Texts()
        self.forget()

    def find(self, ids: pa.Array) -> Codes:
        """The number of each id, -1 for those that nothing named."""
        return self._texts.find(ids)

    def texts(self, numbers: Rows) -> pa.Array:
        """The ids with these numbers."""
        return self._texts.array().take(pa.array(numbers)).cast(pa.string())

    def places(self, used: Flags) -> Codes:
        """The place of each of the flagged ids among them, in their order; -1 for the others."""
        rows = np.flatnonzero(used)
        place = np.full(len(used), -1, dtype=np.int32)
        place[order_of(self._texts.spans(), rows)] = np.arange(len(rows), dtype=np.int32)
        return place

    def rows_in(self, ids: pa.ChunkedArray) -> Codes:
        """By number of an id, its row in a column that has each id once; -1 if it is not there."""
        rows = np.full(len(self) + 1, -1, dtype=np.int32)
        begin = 0
        for chunk in ids.chunks if len(self) else ():
            rows[self.find(chunk)] = np.arange(begin, begin + len(chunk), dtype=np.int32)
            begin += len(chunk)
        return rows[:-1]


def _within(part: pa.Array, whole: pa.Array) -> bool:
    """Whether one slice of the same memory lies within another."""
    begin = part.offset - whole.offset
    return bool(0 <= begin <= len(whole) - len(part))
