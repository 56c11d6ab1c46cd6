"""Engine and judge over near edges and far memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.judge import Judge
from sod_analyzer.evaluate.bulk import Elsewhere
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine, Reach
from sod_analyzer.graph.closure import Keys
from sod_analyzer.graph.edges import Edges
from sod_analyzer.graph.masks import Table
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Holder
from sod_analyzer.spark.rows import Bits


class FarEngine(Engine):
    """Asks the workers about everyone, and answers itself for those whose memberships are here.

    `here` are the nodes of which every useful edge is among the edges; without, nobody is asked
    about alone. What it cannot answer it refuses: an answer from half of the edges would be wrong.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        columns: Columns,
        edges: Edges,
        far: Elsewhere,
        here: Bits | None = None,
    ) -> None:
        super().__init__(snapshot, columns, edges, far)
        self._here = here

    def at(self, lens: Lens) -> Reach:
        """Refuses: distances of everyone would need the edges of everyone."""
        raise RuntimeError(f"distances through {lens} are not known for everyone")

    def traced(self, lens: Lens, keys: Keys) -> Reach:
        """As for local edges, for nodes whose edges are here."""
        self._must_be_here(keys // (self.n_places * self.n_ways))
        return super().traced(lens, keys)

    def table(self, lens: Lens, subjects: range, only: Keys | None = None) -> Table:
        """As for local edges."""
        if only is not None:
            if self._here is None:
                only = None
            else:
                self._must_be_here(only + subjects.start)
        return super().table(lens, subjects, only)

    def _must_be_here(self, nodes: Keys) -> None:
        if self._here is None or not np.all(self._here[nodes]):
            raise RuntimeError("somebody is asked about whose memberships were not fetched")

    def _simplified(self, lens: Lens) -> Lens:
        simple = super()._simplified(lens)
        # Only the workers know whether hours leave anything open, so it may.
        return replace(simple, possible=lens.possible) if lens.longer_than is not None else simple


class FarJudge(Judge):
    """Looks at everyone where others look at those whom they can tell from the edges."""

    def narrowed(self, only: Keys, holder: Holder = Holder.IDENTITY) -> Mapping[Lens, Holding]:
        """What lenses see of everyone: who is meant was told from edges that are not all here."""
        del only
        return self.everyone(holder)

    def everyone(self, holder: Holder) -> Mapping[Lens, Holding]:
        """What each lens sees of everyone."""
        return self._of(holder)
