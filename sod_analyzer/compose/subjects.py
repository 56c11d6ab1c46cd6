"""Whom findings are about, by column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.places import NamedPlaces
from sod_analyzer.compose.texts import NOTHING, Rows, dense, taken
from sod_analyzer.explain.names import Names, flat, stated
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.access import NodeKind

#: Columns of a finding, by the column of its subject's table that they are taken from.
_FACTS = {
    NodeKind.IDENTITY: {
        "email": "email",
        "status_hr": "status",
        "identity_kind": "kind",
        "title": "title",
        "department": "department",
        "manager": "manager",
    },
    NodeKind.ACCOUNT: {"email": "email", "identity_kind": "kind"},
    NodeKind.ROLE: {"title": "title"},
}


class Subjects:
    """The subjects of findings; `code` is -1 where a finding is about a place.

    Cost: of the distinct subjects.
    """

    def __init__(self, names: Names, code: Keys) -> None:
        self._names = names
        self._code = code
        self._known, (place,) = dense(names.snapshot["nodes"].num_rows, code[code >= 0])
        #: Of each finding, its subject among the distinct ones.
        self.number = np.full(len(code), NOTHING, dtype=np.int64)
        self.number[code >= 0] = place

    @cached_property
    def _called(self) -> pa.Array:
        return self._names.names(self._known)

    @cached_property
    def names(self) -> pa.Array:
        """What the subject of each finding is called; null for a place."""
        return self._called.take(_indices(self.number))

    def name_rank(self) -> Keys:
        """Where each name stands among those of its kind; 0 for a place."""
        rank = np.zeros(len(self._known) + 1, dtype=np.int64)
        for span in self._names.snapshot.ranges.values():
            low, high = np.searchsorted(self._known, [span.start, span.stop]).tolist()
            if low < high:
                mine = pc.rank(self._called[low:high], sort_keys="ascending", tiebreaker="dense")
                rank[low:high] = mine.to_numpy()
        return rank[self.number]

    def columns(self, order: Keys, place: Keys, places: NamedPlaces) -> Mapping[str, pa.Array]:
        """The columns of `VIOLATIONS` that say who, in an order; `place` is of those about one."""
        number = self.number[order]
        about = number < 0
        # Places stand behind the nodes.
        subject = Rows(np.where(about, len(self._known) + place, number))
        who = Rows(number)
        facts = self._facts()
        facts["manager"] = self._managers(facts["manager"])
        return {
            "subject": subject.words(_with(self._names.ids(self._known), places.key)),
            "name": subject.words(_with(self._called, places.title)),
            **{
                column: who.words(texts) if column == "email" else _worded(texts, number)
                for column, texts in facts.items()
            },
        }

    def _facts(self) -> dict[str, pa.Array]:
        """By column, a text per distinct subject; null where its table has none."""
        pieces: dict[str, list[pa.Array]] = {
            column: [pa.array([], pa.string())] for column in _FACTS[NodeKind.IDENTITY]
        }
        for kind, span in self._names.snapshot.ranges.items():
            low, high = np.searchsorted(self._known, [span.start, span.stop])
            table = self._names.table(kind)
            for column, found in pieces.items():
                source = _FACTS.get(kind, {}).get(column)
                rows = self._known[low:high] - span.start
                found.append(
                    pa.nulls(len(rows), pa.string())
                    if source is None
                    else taken(table.column(source), rows)
                )
        return {column: pa.concat_arrays(found) for column, found in pieces.items()}

    def _managers(self, manager: pa.Array) -> pa.Array:
        """Managers as "name (employee id)" where the roster has their names."""
        coded = manager.dictionary_encode()
        known = stated(coded.dictionary)
        table = self._names.table(NodeKind.IDENTITY)
        employee = stated(flat(table.column("employee_id")))
        found = pc.index_in(employee, value_set=known, skip_nulls=True)
        rows = np.flatnonzero(
            pc.and_(found.is_valid(), stated(flat(table.column("name"))).is_valid()).to_numpy(
                zero_copy_only=False
            )
        )
        row = np.full(len(known), NOTHING, dtype=np.int64)
        row[found.take(pa.array(rows)).to_numpy()] = rows
        name = taken(table.column("name"), np.maximum(row, 0)) if len(table) else known
        told = pc.binary_join_element_wise(
            name, pc.binary_join_element_wise("(", known, ")", ""), " "
        )
        texts = pc.if_else(pa.array(row >= 0), told, coded.dictionary)
        return pa.DictionaryArray.from_arrays(coded.indices, texts)


def _with(texts: pa.Array, further: list[str]) -> pa.Array:
    return pa.concat_arrays([texts, pa.array(further, pa.string())])


def _indices(number: Keys) -> pa.Array:
    return pa.array(number, mask=number < 0)


def _worded(texts: pa.Array, number: Keys) -> pa.DictionaryArray:
    """A text per subject as a column of words."""
    coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    return coded.take(_indices(number))
