"""The end of a path that policies decide: the action, where, and the statement that allows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.compose.legs import Told
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.finding import PLACE_ANYWHERE


class Endings:
    """Paths, and what policies say at the end of each that ends in whatever they allow."""

    def __init__(self, columns: Columns, names: Names, told: Told) -> None:
        self._columns = columns
        self._names = names
        self._told = told
        self._witnesses = told.legs.witnesses
        self._paths = told.paths
        self._new: list[str] = []
        self._known: dict[tuple[int, int], int] = {}
        self._anywhere = columns.atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]

    def paths(self, witness: Keys, place: Keys) -> tuple[Keys, pa.Array]:
        """For each witness (-1: none) in a place, the number of its path, and all paths.

        A place that is none of the engine's is all of them. A way of several parts keeps what its
        rights are called. Cost: a question for each right, way and place, of policies alone.
        """
        if self._columns.deciding is None:
            return witness, self._paths
        number = witness.copy()
        for row in np.flatnonzero(self._by_policy[witness] & (witness >= 0)).tolist():
            number[row] = self._one(int(witness[row]), int(place[row]))
        return number, pa.concat_arrays([self._paths, pa.array(self._new, pa.string())])

    @cached_property
    def _by_policy(self) -> Keys:
        """Which witnesses are of one part, and end in what policies allow."""
        first, part = self._witnesses.first, self._witnesses.part
        whole = np.zeros(len(self._witnesses) + 1, dtype=bool)  # the last one is for no witness
        last = first[1:] - 1
        single = (first[1:] > first[:-1]) & (part[last] == part[np.minimum(first[:-1], last)])
        chosen = np.flatnonzero(single)
        ids = self._ids(self._ends(last[chosen]))
        rights = self._rights
        whole[chosen] = [each in rights for each in ids]
        return whole

    def _ends(self, hop: Keys) -> Keys:
        """The nodes that hops lead to."""
        steps = self._told.steps
        return np.asarray(steps.nodes[steps.to_node[steps.number[hop]]], dtype=np.int64)

    def _ids(self, nodes: Keys) -> Sequence[str]:
        distinct, number = np.unique(nodes, return_inverse=True)
        ids = self._names.ids(distinct).to_pylist()
        return [ids[n] for n in number.tolist()]

    @cached_property
    def _rights(self) -> frozenset[str]:
        deciding = self._columns.deciding
        return frozenset() if deciding is None else frozenset(deciding.policies.rights)

    def _one(self, witness: int, place: int) -> int:
        """The number of the path of one witness in one place."""
        found = self._known.get((witness, place))
        if found is None:
            found = self._known[witness, place] = self._new_one(witness, place)
        return found

    def _new_one(self, witness: int, place: int) -> int:
        where = place if place < len(self._columns.atlas.places) else self._anywhere
        last = int(self._witnesses.first[witness + 1]) - 1
        (node,) = self._ends(np.array([last])).tolist()
        (right,) = self._ids(np.array([node]))
        way = int(self._witnesses.way[witness])
        if way < 0:
            return witness
        # What is held over the whole system counts in the place, whatever lies there.
        said = self._columns.decided(right, way, where) or self._columns.decided(
            right, way, self._anywhere
        )
        if said is None:
            return witness
        path = self._paths[witness].as_py()
        self._new.append(path.removesuffix(self._names.name(node)) + said)
        return len(self._paths) + len(self._new) - 1
