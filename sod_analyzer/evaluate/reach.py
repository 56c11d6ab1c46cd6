"""Reach: which ways of which duties every node has, in which places, seen through a lens.

First bundles, then decisions, then becoming. Parts of ways flow from entitlements along adding
edges to accounts. In each account, and nowhere else, parts meet and finish a way. Finished ways
flow on along every edge: into the roles that may become that account, to their members, and to
the identities that hold them. Identity to account is a becoming edge like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import or_
from typing import cast

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.columns import Cells, Columns
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.bulk import Bulk, Elsewhere, Level, Seen
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.net import Net
from sod_analyzer.evaluate.tracing import Tracer
from sod_analyzer.graph.closure import UNREACHED, Facts, Flow, Keys, among, distinct, joined
from sod_analyzer.graph.edges import Edges, Flag
from sod_analyzer.graph.masks import Table, table_of
from sod_analyzer.model.access import NodeKind, Snapshot
from sod_analyzer.model.ruleset import Means


@dataclass(frozen=True, slots=True)
class Layer:
    """Reach after some number of own-made changes; the base layer has none.

    `parts` has columns `place * n_parts + part`, `ways` has `place * n_ways + way`. The seeds tell
    explanations where a fact begins: `finished` in an account's own context, `taken_…` at the
    far end of an edge that its holder gives to itself.
    """

    parts: Facts
    ways: Facts
    finished: Facts
    taken_parts: Facts
    taken_ways: Facts


@dataclass(frozen=True, slots=True)
class Reach:
    """What one lens sees: the layers from no change to as many as the lens allows."""

    lens: Lens
    layers: tuple[Layer, ...]

    @property
    def ways(self) -> Facts:
        return self.layers[-1].ways

    @property
    def parts(self) -> Facts:
        return self.layers[-1].parts


class Engine:
    """Answers `at(lens)` for one snapshot, one set of duties and one day; remembers each answer.

    `table` answers for everyone, by masks; `at` with the distances that paths are read off. A
    property test holds the two equal.

    Cost: of a table a few passes over the memberships per lens and own-made change; of `at` two
    closures, and a fact for every node, place and way. Lenses that let in no further edge share
    one.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        columns: Columns,
        edges: Edges,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.columns = columns
        self.edges = edges
        self.elsewhere = elsewhere
        self.accounts = snapshot.ranges[NodeKind.ACCOUNT]
        self.roles = snapshot.ranges[NodeKind.ROLE]
        self.identities = snapshot.ranges[NodeKind.IDENTITY]
        self.n_places = len(columns.atlas.places)
        self.n_parts = columns.n_parts
        self.n_ways = len(columns.ways)
        self._reach: dict[Lens, Reach] = {}
        self._plain: dict[Lens, Lens] = {}
        self._tables: dict[tuple[Lens, range], Table] = {}
        self._last_levels: tuple[Lens, tuple[Level, ...]] | None = None
        self._source: dict[tuple[int, bool], list[tuple[int, npt.NDArray[np.bool_]]]] = {}

    def forget(self) -> None:
        """Keep no answer any longer; each is computed again when it is asked for."""
        self._reach, self._tables, self._last_levels = {}, {}, None
        for name in ("_net", "_bulk"):
            self.__dict__.pop(name, None)

    @property
    def nbytes(self) -> int:
        """What the masks of remembered answers take."""
        return sum(table.nbytes for table in self._tables.values())

    def let_go(self) -> None:
        """Keep the edges no longer, nor anything made of them. Whoever needs them then is told."""
        self.forget()
        self.edges = cast("Edges", _Gone())

    # -- lenses ----------------------------------------------------------------------------------

    def at(self, lens: Lens) -> Reach:
        """What this lens sees."""
        plain = self._simplest(lens)
        found = self._reach.get(plain)
        if found is None:
            found = self._reach[plain] = self._compute(plain)
        return replace(found, lens=lens)

    def traced(self, lens: Lens, keys: Keys) -> Reach:
        """As `at`, for as much as paths of some legs rest on.

        `keys` are `node * stride + column` of the ways that are asked about; what is not on the
        way from any of them may be missing. Holds for every key: the fact and its distance are
        those of `at`.

        Cost: of what is asked, and one pass over the memberships that a duty needs.
        """
        plain = self._simplest(lens)
        stride = self.n_places * self.n_ways
        if plain.roles or plain.changes or not self._net.plain:
            nodes = distinct(keys // stride)
            return replace(self._restricted(plain, nodes), lens=lens)
        seen = self._seen(plain, distinct(keys // stride))
        levels = self._bulk.levels(seen)
        people = self._bulk.of_people(levels, seen)
        tracer = Tracer(self._bulk, seen, levels[-1], people)
        asked = tracer.asked(keys)
        parts = tracer.part_facts(asked.parts)
        finished = self._finish(parts, plain)
        kept = among(finished.key, asked.ways)
        finished = Facts(stride, finished.key[kept], finished.distance[kept])
        onward = self._onward(seen.allowed, asked.ways // stride)
        ways = onward.spread(finished, wanted=lambda found: among(found, asked.ways))
        none = Facts.of(1, *_empty())
        return Reach(lens, (Layer(parts, ways, finished, none, none),))

    def _onward(self, allowed: npt.NDArray[np.bool_], nodes: Keys) -> Flow:
        """The edges among some nodes along which ways flow."""
        inside = np.zeros(self.edges.n_nodes, dtype=bool)
        inside[nodes] = True
        rows = np.concatenate(self._net.carrying)
        rows = rows[allowed[rows]]
        holder, target = self.edges.holder[rows], self.edges.target[rows]
        kept = inside[holder] & inside[target]
        return Flow(self.edges.n_nodes, holder[kept], target[kept])

    def _seen(self, lens: Lens, nodes: Keys | None = None) -> Seen:
        only = None if nodes is None else self._net.beyond(nodes)
        return Seen(lens, self._seeds(lens), self.allowed(lens), self._takable(lens), only)

    def table(self, lens: Lens, subjects: range, only: Keys | None = None) -> Table:
        """The ways of a contiguous range of identities, accounts or roles, as masks.

        The same answer as `at(lens).ways`, without distances, for everyone. With `only`, offsets
        into the range, the others may be left empty.
        """
        plain = self._simplest(lens)
        found = self._tables.get((plain, subjects))
        if found is None:
            found = self._table(plain, subjects, only)
            if only is None:
                self._tables[plain, subjects] = found
        return found

    def _table(self, lens: Lens, subjects: range, only: Keys | None) -> Table:
        if lens.roles or not self._net.plain:
            # Roles, and whoever holds a person: few, so every fact may be kept on its own.
            nodes = np.arange(len(subjects)) if only is None else only
            ways = self._restricted(lens, nodes + subjects.start).ways
            return table_of(ways, subjects, n_places=self.n_places, n_columns=self.n_ways)
        seen = self._seen(lens, None if only is None else only + subjects.start)
        if subjects.start >= self._net.holders.start:
            return self._leveled(seen)[-1].ways.within(subjects)
        people = self._bulk.direct(seen)
        if people is None:
            people = self._bulk.of_people(self._leveled(seen), seen)
        return people.within(subjects)

    def _leveled(self, seen: Seen) -> tuple[Level, ...]:
        """The levels of a lens; of one over everybody, the last is kept."""
        if seen.only is not None:
            return self._bulk.levels(seen)
        if self._last_levels is None or self._last_levels[0] != seen.lens:
            self._last_levels = (seen.lens, self._bulk.levels(seen))
        return self._last_levels[1]

    @cached_property
    def _net(self) -> Net:
        return Net(self.edges, self.snapshot)

    @cached_property
    def _bulk(self) -> Bulk:
        return Bulk(self._net, self.columns, self.elsewhere)

    def same(self, one: Lens, other: Lens) -> bool:
        """Whether two lenses must see the same, since nothing here tells them apart."""
        return self._simplest(one) == self._simplest(other)

    def _simplest(self, lens: Lens) -> Lens:
        found = self._plain.get(lens)
        if found is None:
            found = self._plain[lens] = self._simplified(lens)
        return found

    def _simplified(self, lens: Lens) -> Lens:
        edges = self.edges
        if lens.means is Means.SELF_GRANT and not edges.any(Flag.SELF_GRANTED):
            lens = replace(lens, means=Means.ELIGIBLE, changes=0)
        if lens.means is Means.ELIGIBLE and not edges.any(Flag.ELIGIBLE):
            lens = replace(lens, means=Means.HELD)
        return replace(
            lens,
            conditional=lens.conditional and edges.any(Flag.CONDITIONAL),
            possible=lens.possible
            and (
                self._open_places
                or edges.any(Flag.UNDECIDED)
                or (
                    lens.longer_than is not None
                    and bool(
                        np.any(
                            edges.longer(lens.longer_than, possibly=True)
                            != edges.longer(lens.longer_than, possibly=False)
                        )
                    )
                )
            ),
            dormant=lens.dormant and edges.any(Flag.DORMANT),
            out_of_time=lens.out_of_time and edges.any(Flag.OUT_OF_TIME),
            alone=lens.alone and bool(len(self.columns.approval)),
        )

    @cached_property
    def _open_places(self) -> bool:
        columns = self.columns
        return len(columns.possible.node) > len(columns.sure.node) or any(
            sure != possible for sure, possible in columns.covered.values()
        )

    # -- computing -------------------------------------------------------------------------------

    def allowed(self, lens: Lens, *further: Flag) -> npt.NDArray[np.bool_]:
        """Which edges count through a lens, or would with a further flag."""
        allowed = self.edges.allowed(reduce(or_, further, lens.flags))
        if lens.longer_than is not None:
            allowed = allowed & self.edges.longer(lens.longer_than, possibly=lens.possible)
        return allowed

    def _takable(self, lens: Lens) -> npt.NDArray[np.bool_]:
        """Which edges a holder can give to itself, and then has through the lens."""
        mine = (self.edges.flags & np.uint8(Flag.SELF_GRANTED)) != 0
        return np.asarray(self.allowed(lens, Flag.SELF_GRANTED) & mine)

    def _restricted(self, lens: Lens, nodes: Keys) -> Reach:
        """What the lens sees of some nodes and of everything that they come to."""
        edges = self.edges
        flow = Flow(edges.n_nodes, edges.target, edges.holder)
        reached = flow.spread(Facts.of(1, nodes, np.zeros(len(nodes), dtype=np.int64)))
        beyond = np.zeros(edges.n_nodes, dtype=bool)
        beyond[reached.key] = True
        return self._compute(lens, within=beyond)

    def _compute(self, lens: Lens, within: npt.NDArray[np.bool_] | None = None) -> Reach:
        allowed = self.allowed(lens)
        if within is not None:
            allowed = allowed & within[self.edges.holder]
        adding = self._flow(allowed & ~self.edges.becomes())
        onward = self._flow(allowed)
        seeds = self._seeds(lens)
        none = Facts.of(1, *_empty())
        parts = adding.spread(seeds)
        finished = self._finish(parts, lens)
        layers = [Layer(parts, onward.spread(finished), finished, none, none)]
        if lens.changes:
            takable = self._takable(lens)
            if within is not None:
                takable = takable & within[self.edges.holder]
            taking_parts = self._flow(takable & ~self.edges.becomes())
            taking_ways = self._flow(takable)
            for _ in range(lens.changes):
                before = layers[-1]
                taken_parts = taking_parts.step(before.parts)
                parts = adding.spread(joined(before.parts, taken_parts))
                finished = self._finish(parts, lens)
                taken_ways = taking_ways.step(before.ways)
                ways = onward.spread(joined(before.ways, finished, taken_ways))
                layers.append(Layer(parts, ways, finished, taken_parts, taken_ways))
        return Reach(lens, tuple(layers))

    def _flow(self, chosen: npt.NDArray[np.bool_]) -> Flow:
        edges = self.edges
        return Flow(edges.n_nodes, edges.holder[chosen], edges.target[chosen])

    def _seeds(self, lens: Lens) -> Facts:
        cells: Cells = self.columns.possible if lens.possible else self.columns.sure
        stride = self.n_places * self.n_parts
        key = cells.node * stride + cells.place * self.n_parts + cells.part
        if lens.only_unrestricted:
            key = key[np.isin(cells.node, self.columns.whole)]
        elif lens.alone:
            key = key[~np.isin(cells.node, self.columns.approval)]
        return Facts.of(stride, key, np.zeros(len(key), dtype=np.int64))

    # -- meeting in a context --------------------------------------------------------------------

    def _finish(self, parts: Facts, lens: Lens) -> Facts:
        """The ways that each account's own context finishes, at the cost of all their parts."""
        # Accounts and roles are neighbours in the codes.
        last = self.roles if lens.roles else self.accounts
        here = parts.within(range(self.accounts.start, last.stop))
        stride = self.n_places * self.n_ways
        keys, costs = [], []
        account = here.node
        place, part = here.column // self.n_parts, here.column % self.n_parts
        for number, way in enumerate(self.columns.ways):
            if len(way.parts) == 1:
                mine = part == way.parts[0]
                spot, cost = account[mine] * self.n_places + place[mine], here.distance[mine]
            else:
                spot = self._candidates(here, way.parts)
                cost = self._meeting_cost(here, spot, number, lens)
                met = cost < UNREACHED
                spot, cost = spot[met], cost[met]
            keys.append(spot * self.n_ways + number)
            costs.append(cost)
        return Facts.of(stride, np.concatenate(keys), np.concatenate(costs))

    def _candidates(self, here: Facts, wanted: tuple[int, ...]) -> Keys:
        """(account, place) pairs in which a way of several parts might be finished.

        Where an account covers several systems, one part may be covered by one and the next by
        another, so every place is tried; otherwise the places it has cells in suffice.
        """
        place, part = here.column // self.n_parts, here.column % self.n_parts
        mine = np.isin(part, wanted)
        pairs = np.unique(here.node[mine] * self.n_places + place[mine])
        covers = self._cover_places
        holders = pairs[np.isin(pairs % self.n_places, covers)] // self.n_places
        several, count = np.unique(holders, return_counts=True)
        several = several[count > 1]
        if not len(several):
            return np.asarray(pairs, dtype=np.int64)
        everywhere = (several[:, None] * self.n_places + np.arange(self.n_places)[None, :]).ravel()
        return np.union1d(pairs, everywhere)

    @cached_property
    def _cover_places(self) -> Keys:
        places = self.columns.atlas.places
        return np.array([n for n, p in enumerate(places) if p.kind is PlaceKind.COVER])

    def _meeting_cost(self, here: Facts, spot: Keys, number: int, lens: Lens) -> Keys:
        way = self.columns.ways[number]
        scoped = set(self.columns.scoped(way))
        total = np.zeros(len(spot), dtype=np.int64)
        for part in way.parts:
            total = np.minimum(
                total + self.part_cost(here, spot, part, lens, anywhere=part not in scoped),
                UNREACHED,
            )
        return total

    def part_cost(self, parts: Facts, spot: Keys, part: int, lens: Lens, *, anywhere: bool) -> Keys:
        """How far each (account, place) pair is from a part: there, covered there, or anywhere."""
        account, place = spot // self.n_places, spot % self.n_places
        cost = parts.distance_at(spot * self.n_parts + part)
        for source, holds in self._sources(part, lens):
            reached = parts.distance_at((account * self.n_places + source) * self.n_parts + part)
            cost = np.minimum(cost, np.where(holds[place], reached, UNREACHED))
        loose = np.full(self.n_places, anywhere)
        # A part on an unmapped resource and another anywhere: nobody knows whether they meet.
        loose[self.unmapped] = True
        elsewhere = parts.distance_at(account * self.n_places * self.n_parts + part)
        return np.minimum(cost, np.where(loose[place], elsewhere, UNREACHED))

    def _sources(self, part: int, lens: Lens) -> list[tuple[int, npt.NDArray[np.bool_]]]:
        """Cover places with, for each place, whether their part holds there."""
        answer = self._source.get((part, lens.possible))
        if answer is not None:
            return answer
        answer = []
        places = self.columns.atlas.places
        for source in self._cover_places:
            holds = np.zeros(self.n_places, dtype=bool)
            for target in range(self.n_places):
                found = self.columns.covered.get((target, places[source].system))
                if found is not None:
                    holds[target] = part in found[1 if lens.possible else 0]
            if holds.any():
                answer.append((int(source), holds))
        self._source[part, lens.possible] = answer
        return answer

    @cached_property
    def unmapped(self) -> int:
        """Number of the place for what no application claims."""
        places = self.columns.atlas.places
        return next(n for n, p in enumerate(places) if p.kind is PlaceKind.UNMAPPED)


class _Gone:
    """What is left of edges that were let go of."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"the edges were let go of, and so was their '{name}'")


def _empty() -> tuple[Keys, Keys]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
