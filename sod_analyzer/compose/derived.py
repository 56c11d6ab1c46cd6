"""Further records that a grant rests on, beside the one that states it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.texts import NOTHING, put, taken, words
from sod_analyzer.explain.names import Names, flat, stated
from sod_analyzer.explain.walks import groups
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.access import Snapshot


class Derived:
    """The derivations of a snapshot, by the grant that they belong to.

    Cost: a sort, unless they come sorted as a snapshot keeps them; then a search per grant.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot["derivations"]
        self._nodes = snapshot["nodes"].num_rows
        holder, target = (
            self._table.column(name).to_numpy().astype(np.int64) for name in ("holder", "target")
        )
        self._key: Keys = holder * self._nodes + target
        self._row: Keys | None = None
        if np.any(self._key[1:] < self._key[:-1]):
            self._row = np.argsort(self._key, kind="stable")
            self._key = self._key[self._row]

    def spans_of(self, holder: Keys, target: Keys) -> tuple[Keys, Keys]:
        """Of each grant, where its derivations begin and end."""
        key = holder * self._nodes + target
        low = np.searchsorted(self._key, key, side="left")
        return low, np.searchsorted(self._key, key, side="right")

    def texts(self, names: Names, spot: Keys) -> pa.Array:
        """Some derivations, each as "binding: k8s/prod.json items/12"."""
        rows = spot if self._row is None else self._row[spot]
        source = taken(self._table.column("source_id"), rows).dictionary_encode()
        code = source.indices.fill_null(NOTHING).to_numpy().astype(np.int64)
        told = source.dictionary.to_pylist()
        at = places_at(names, code, told, taken(self._table.column("record"), rows))
        file = flat(words(code, [names.file(each) for each in told]))
        file, at = stated(file), stated(at)
        # Null where either is missing; Arrow's own way of skipping nulls loses rows without any.
        place = pc.coalesce(put([file, " ", at], len(rows)), file, at, pa.scalar(""))
        part = taken(self._table.column("part"), rows).fill_null("None")
        return put([part, ": ", place], len(rows))

    def of(self, names: Names, holder: int, target: int) -> list[str]:
        """The derivations of one grant, sorted, each once."""
        (low,), (high,) = self.spans_of(np.array([holder]), np.array([target]))
        return sorted(set(self.texts(names, np.arange(low, high)).to_pylist()))


def places_at(names: Names, code: Keys, sources: list[str], record: pa.Array) -> pa.Array:
    """Records as a reader finds them in their files; `code` counts in `sources`, -1 for none."""
    text = record.cast(pa.string())
    if len(sources) == 1 and (code == 0).all():
        return _at(names, sources[0], text)
    pieces, order = [pa.array([], pa.string())], []
    for number, rows in groups(code - NOTHING):
        source = None if number + NOTHING < 0 else sources[number + NOTHING]
        pieces.append(_at(names, source, text.take(pa.array(rows))))
        order.append(rows)
    back = np.empty(len(code), dtype=np.int64)
    back[np.concatenate([np.empty(0, dtype=np.int64), *order])] = np.arange(len(code))
    return pa.concat_arrays(pieces).take(pa.array(back))


def _at(names: Names, source: str | None, record: pa.Array) -> pa.Array:
    first, *rest = names.template(source).split("{record}")
    pieces: list[str | pa.Array] = [first]
    for piece in rest:
        pieces += [record, piece]
    text = put(pieces, len(record))
    return pc.if_else(record.is_valid(), text, pa.scalar(None, pa.string()))
