"""What policies decide at the end of a path: action, resource, and the statement that allows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.compose.legs import Told
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.finding import PLACE_ANYWHERE

if TYPE_CHECKING:
    # At run time only snapshots with policies need what decides them.
    from sod_analyzer.catalogue.decided import Decided


class Endings:
    """Paths, and what policies say at the end of each run that ends in whatever they allow."""

    def __init__(self, columns: Columns, names: Names, told: Told) -> None:
        self._columns = columns
        self._names = names
        self._told = told
        self._witnesses = told.legs.witnesses
        #: By witness and place: the number of the path that says so, once it is asked for.
        self._numbers: dict[tuple[int, int], int] = {}
        self._new: list[str] = []
        self._said: dict[tuple[int, int], tuple[tuple[int, Decided], ...]] = {}
        self._anywhere = columns.atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]

    def paths(self, witness: Keys, place: Keys) -> tuple[Keys, pa.Array]:
        """For each witness (-1: none) in a place, the number of its path, and all paths.

        A place that is none of the engine's is all of them. Cost: a question for each right, part
        of a way and place, of policies alone.
        """
        paths = self._told.paths
        if self._columns.deciding is None:
            return witness, paths
        number = witness.copy()
        for row in self._rows(witness).tolist():
            number[row] = self._number(int(witness[row]), int(place[row]))
        return number, pa.concat_arrays([paths, pa.array(self._new, pa.string())])

    def decisions(self, witness: Keys, place: Keys) -> list[tuple[int, int, Decided]]:
        """The row of a witness, how many of its hops come before, and what is decided there."""
        if self._columns.deciding is None:
            return []
        return [
            (row, hop, decided)
            for row in self._rows(witness).tolist()
            for hop, decided in self._of(int(witness[row]), int(place[row]))
        ]

    def _rows(self, witness: Keys) -> Keys:
        return np.flatnonzero(self._by_policy[witness] & (witness >= 0))

    @cached_property
    def _by_policy(self) -> Keys:
        """Which witnesses have a run that ends in what policies allow."""
        found = np.zeros(len(self._witnesses) + 1, dtype=bool)  # the last one is for no witness
        ends = self._ends(0, len(self._told.owner))
        rights = self._rights
        by_policy = np.array([each in rights for each in self._ids(self._targets(ends))], bool)
        found[self._told.owner[ends[by_policy]]] = True
        return found

    def _ends(self, start: int, stop: int) -> Keys:
        """The hops that end a run, of those of whole witnesses."""
        begins = start + np.flatnonzero(self._witnesses.hop[start:stop] == 1)
        return np.append(begins, stop)[1:] - 1 if len(begins) else begins

    def _targets(self, hops: Keys) -> Keys:
        """The nodes that hops lead to."""
        steps = self._told.steps
        return np.asarray(steps.nodes[steps.to_node[steps.number[hops]]], dtype=np.int64)

    def _ids(self, nodes: Keys) -> Sequence[str]:
        distinct, number = np.unique(nodes, return_inverse=True)
        ids = self._names.ids(distinct).to_pylist()
        return [ids[n] for n in number.tolist()]

    @cached_property
    def _rights(self) -> frozenset[str]:
        deciding = self._columns.deciding
        return frozenset() if deciding is None else frozenset(deciding.policies.rights)

    def _of(self, witness: int, place: int) -> tuple[tuple[int, Decided], ...]:
        """What is decided at the ends of the runs of one witness in one place."""
        found = self._said.get((witness, place))
        if found is None:
            found = self._said[witness, place] = tuple(self._found(witness, place))
        return found

    def _found(self, witness: int, place: int) -> list[tuple[int, Decided]]:
        where = place if place < len(self._columns.atlas.places) else self._anywhere
        way = int(self._witnesses.way[witness])
        if way < 0:
            return []
        start, stop = self._witnesses.first[witness : witness + 2].tolist()
        ends = self._ends(start, stop)
        parts: Sequence[tuple[int, ...]] = [(part,) for part in self._columns.ways[way].parts]
        if len(ends) != len(parts):
            parts = [self._in_any_system(way)] * len(ends)
        found: list[tuple[int, Decided]] = []
        for hop, right, asked in zip(
            ends.tolist(), self._ids(self._targets(ends)), parts, strict=True
        ):
            decided = (self._columns.decision(right, part, where) for part in asked)
            said = next((each for each in decided if each is not None), None)
            if said is not None:
                found.append((hop - start, said))
        return found

    def _in_any_system(self, way: int) -> tuple[int, ...]:
        """What may stand at the end of a path of a duty that has a path for each of its systems.

        Only the first of their ways is known; one of several parts is none of the others.
        """
        columns = self._columns
        every = (columns.ways[n].parts for n in columns.ways_of[columns.ways[way].duty])
        return tuple(dict.fromkeys(parts[0] for parts in every if len(parts) == 1))

    def _number(self, witness: int, place: int) -> int:
        """The number of the path of one witness in one place."""
        found = self._numbers.get((witness, place))
        if found is None:
            found = witness
            said = dict(self._of(witness, place))
            if said:
                found = len(self._told.paths) + len(self._new)
                self._new.append(self._text(witness, said))
            self._numbers[witness, place] = found
        return found

    def _text(self, witness: int, said: dict[int, Decided]) -> str:
        """The path in one line, what is decided in place of what the right is called."""
        start, stop = self._witnesses.first[witness : witness + 2].tolist()
        steps = self._told.steps
        targets = steps.node_names.take(pa.array(steps.to_node[steps.number[start:stop]]))
        names = [
            str(said[hop]) if hop in said else name for hop, name in enumerate(targets.to_pylist())
        ]
        subject = self._names.name(int(self._told.subject[witness]))
        bounds = [0, *(self._ends(start, stop) - start + 1).tolist()]
        return " + ".join(" > ".join([subject, *names[a:b]]) for a, b in pairwise(bounds))
