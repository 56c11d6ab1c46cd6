"""Far memberships as the engine asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from sod_analyzer.evaluate.bulk import Seen
from sod_analyzer.graph.closure import Keys
from sod_analyzer.graph.masks import Cells, Source, combined
from sod_analyzer.spark.rows import Plan, Question

#: All that an answer depends on.
_Key = tuple[bytes, int, bool, int | None, bool]


class Memberships:
    """Asks workers what accounts have through their memberships; remembers every answer.

    Cost: of an answer a pass over the narrow rows on the workers, and here sixteen bytes for each
    account and place that has anything.
    """

    def __init__(self, plan: Plan, ask: Callable[[Question], pa.Table]) -> None:
        self._ask = ask
        self._useful: Keys = np.flatnonzero(plan.number >= 0) + plan.accounts.stop
        self._known: dict[_Key, Cells] = {}

    def reach(self, source: Source, seen: Seen, *, taking: bool) -> Cells:
        """What accounts have through the memberships that a lens sees, by offset."""
        lens = seen.lens
        hours = lens.longer_than
        question = Question(
            # Workers number the nodes that memberships lead to without gaps.
            replace(source, slot=source.slot[self._useful]),
            int(lens.flags),
            taking,
            hours,
            lens.possible and hours is not None,
        )
        key = (_digest(question.source), question.allowed, taking, hours, question.possibly)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._asked(question)
        return found

    def _asked(self, question: Question) -> Cells:
        source = question.source
        n_words = source.dense.shape[1]
        if not source.slot.any():
            none = np.empty(0, dtype=np.int64)
            return Cells(source.n_places, none, np.zeros((n_words, 0), dtype=np.uint64))
        key, *words = (column.to_numpy() for column in self._ask(question).columns)
        mask = np.stack([word.view(np.uint64) for word in words])
        return Cells(source.n_places, *combined(key, mask))


def _digest(source: Source) -> bytes:
    digest = blake2b(digest_size=16)
    arrays = (
        source.slot,
        source.dense_places,
        source.dense,
        source.first,
        source.place,
        source.mask,
    )
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
