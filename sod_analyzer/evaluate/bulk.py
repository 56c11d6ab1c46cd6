"""Reach of everyone at once, as masks: the same answer as `reach`, without distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from threading import RLock
from typing import Protocol

import numpy as np

from sod_analyzer.catalogue.columns import Columns, WayColumn
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.net import Net, Rows
from sod_analyzer.graph.closure import (
    Facts,
    Flags,
    Flow,
    Keys,
    among,
    distinct,
    joined,
    offsets,
    places_of,
    spans,
)
from sod_analyzer.graph.masks import (
    Cells,
    Nodes,
    Source,
    Table,
    Words,
    combined,
    empty,
    has_all,
    mask_of,
    words,
)

#: Sets of core facts of which the useful last edges are kept.
_SOURCES_KEPT = 2


@dataclass(frozen=True)
class Level:
    """What everyone has after so many own changes.

    `parts` and `ways` are of accounts and roles; `core_…` are the facts that flow on from nodes
    which somebody holds.
    """

    core_parts: Facts
    parts: Table
    finished: Table
    core_ways: Facts
    ways: Table


@dataclass(frozen=True)
class Seen:
    """A lens, the parts that entitlements are through it, and the edges that count."""

    lens: Lens
    seeds: Facts
    allowed: Flags
    takable: Flags  # those that their holder can give to itself
    only: Flags | None = None  # the nodes that are asked about; without, all

    def of(self, rows: Rows, holder: Nodes, *, taking: bool = False) -> Rows:
        """Those of these edges that count, or can be taken, and are asked about."""
        rows = rows[(self.takable if taking else self.allowed)[rows]]
        return rows if self.only is None else rows[self.only[holder[rows]]]


class Elsewhere(Protocol):
    """Last edges beyond those of the net, kept where they are too many for one machine."""

    def reach(self, source: Source, seen: Seen, *, taking: bool) -> Cells:
        """What accounts have through those that count, or can be taken, by offset in `holders`."""


class Bulk:
    """Masks for one set of duties over one net; remembers what several lenses share.

    Edges that are kept elsewhere are looked at whenever everybody is asked about. Whoever asks
    about some brings all edges of theirs. Threads may ask beside each other.
    """

    def __init__(self, net: Net, columns: Columns, elsewhere: Elsewhere | None = None) -> None:
        self.net = net
        self.columns = columns
        self.elsewhere = elsewhere
        self.n_places = len(columns.atlas.places)
        self.n_parts = columns.n_parts
        self.n_ways = len(columns.ways)
        # What is remembered is found by one thread, for which others wait.
        self._lock = RLock()
        self._spread: dict[tuple[bytes, bytes], Facts] = {}
        self._sources: dict[int, tuple[Facts, Source, Rows, Cells]] = {}
        self._covering: dict[bool, list[tuple[int, Words]]] = {}

    def levels(self, seen: Seen) -> tuple[Level, ...]:
        """Levels from no own change to as many as the lens allows."""
        core = self._core_parts(seen.seeds, seen)
        found = [self._level(seen, core, self._last(core, seen), None)]
        for _ in range(seen.lens.changes):
            before = found[-1]
            core = self._next_core(before.core_parts, seen)
            # What was had before is had again: every level only adds.
            parts = self._last(core, seen).joined(self._last(before.core_parts, seen, taking=True))
            found.append(self._level(seen, core, parts, before))
        return tuple(found)

    def _next_core(self, core: Facts, seen: Seen) -> Facts:
        """What core nodes have after one more change of their own."""
        edges, rows = self.net.edges, self.net.adding[0]
        # Whoever is asked about: roles stand between people and what is taken.
        taken = rows[seen.takable[rows]]
        if not len(taken):
            return core
        step = Flow(self.net.n_nodes, edges.holder[taken], edges.target[taken]).step(core)
        return self._core_parts(joined(core, step), seen)

    # -- people without contexts -----------------------------------------------------------------

    def direct(self, seen: Seen) -> Table | None:
        """The ways of people, straight from the memberships of their accounts.

        Only where it does not matter what meets in which account: every way has one part, and
        nobody but people holds an account. None elsewhere.
        """
        net, edges = self.net, self.net.edges
        carrying, people = net.carrying
        taking = seen.lens.changes > 0
        if self._several or len(carrying) or not isinstance(net.adding[1], slice):
            return None
        if self.elsewhere is not None and seen.only is None:
            return None
        if taking and len(seen.of(people, edges.holder, taking=True)):
            return None
        core = before = self._core_parts(seen.seeds, seen)
        for _ in range(seen.lens.changes):
            before, core = core, self._next_core(core, seen)
        if core is not before:
            return None
        people = seen.of(people, edges.holder)
        source, useful, _ = self._useful(core)
        counts = seen.allowed[useful]
        if taking:
            counts |= seen.takable[useful]
        rows = useful[counts]
        accounts = net.accounts
        first = offsets(edges.holder[rows] - accounts.start, len(accounts))
        account = edges.target[people] - accounts.start
        person, spot = spans(first[account], first[account + 1])
        return source.to_holders(
            edges.holder[people][person], edges.target[rows[spot]], net.identities, self._single
        )

    # -- parts -----------------------------------------------------------------------------------

    def _core_parts(self, seeds: Facts, seen: Seen) -> Facts:
        net, edges = self.net, self.net.edges
        rows = net.adding[0]
        rows = rows[seen.allowed[rows]]
        # Lenses differ mostly in memberships; they share what happens among groups.
        digest = (_hash(rows), _hash(seeds.key) + _hash(seeds.distance))
        with self._lock:
            found = self._spread.get(digest)
            if found is None:
                seeded = np.zeros(net.n_nodes, dtype=bool)
                seeded[seeds.node] = True
                # Most rights are part of no duty: only roles and what has parts can carry any.
                seeded[net.holders.start : net.holders.stop] = True
                rows = rows[seeded[edges.target[rows]]]
                flow = Flow(net.n_nodes, edges.holder[rows], edges.target[rows])
                found = self._spread[digest] = flow.spread(seeds)
            return found

    def _last(self, core: Facts, seen: Seen, *, taking: bool = False) -> Table:
        """The parts of accounts."""
        net, edges = self.net, self.net.edges
        source, useful, here = self._useful(core)
        rows = seen.of(useful, edges.holder, taking=taking)
        table = source.to_holders(edges.holder[rows], edges.target[rows], net.holders)
        if self.elsewhere is not None and seen.only is None:
            table = table.with_cells(self.elsewhere.reach(source, seen, taking=taking))
        return table if taking else table.with_cells(here)

    def useful(self, core: Facts) -> Rows:
        """The last edges that lead to anything that core nodes have, sorted by holder."""
        return self._useful(core)[1]

    def _useful(self, core: Facts) -> tuple[Source, Rows, Cells]:
        """What core nodes have, and the last edges that lead to any of it.

        Most memberships are of groups that no duty needs; they are looked at once for all lenses.
        """
        with self._lock:
            found = self._sources.get(id(core))
            if found is None:
                # With the facts, so that their id stays theirs.
                found = self._sources[id(core)] = (core, *self._last_to(core))
                while len(self._sources) > _SOURCES_KEPT:
                    del self._sources[next(iter(self._sources))]
            return found[1:]

    def _last_to(self, core: Facts) -> tuple[Source, Rows, Cells]:
        cells = Cells.of(core, n_places=self.n_places, n_columns=self.n_parts)
        source = Source.of(cells, self.net.n_nodes)
        last = self.net.adding[1]
        useful = places_of(source.busy[source.slot[self.net.edges.target[last]]])
        rows = useful + np.int32(last.start) if isinstance(last, slice) else last[useful]
        return source, rows, self._here(cells, self.net.accounts)

    def _here(self, cells: Cells, nodes: range) -> Cells:
        """Those cells that are of some of the accounts and roles, by offset."""
        first = self.net.holders.start * self.n_places
        span = [nodes.start * self.n_places, nodes.stop * self.n_places]
        low, high = np.searchsorted(cells.key, span)
        return Cells(self.n_places, cells.key[low:high] - first, cells.mask[:, low:high])

    def _step(self, rows: Rows, facts: Facts, chosen: Flags) -> Facts:
        edges = self.net.edges
        rows = rows[chosen[rows]]
        return Flow(self.net.n_nodes, edges.holder[rows], edges.target[rows]).step(facts)

    # -- ways ------------------------------------------------------------------------------------

    def _level(self, seen: Seen, core: Facts, parts: Table, before: Level | None) -> Level:
        finished = self._finish(parts, seen.lens)
        rows, edges = self.net.carrying[0], self.net.edges
        seeds = self._seeds_of(finished, rows)
        if before is not None:
            taken = self._step(rows, before.core_ways, seen.takable)
            seeds = joined(before.core_ways, seeds, taken)
        rows = rows[seen.allowed[rows]]
        flow = Flow(self.net.n_nodes, edges.holder[rows], edges.target[rows])
        flowing = flow.spread(seeds)
        cells = Cells.of(flowing, n_places=self.n_places, n_columns=self.n_ways)
        ways = finished.with_cells(self._here(cells, self.net.holders))
        return Level(core, parts, finished, flowing, ways)

    def _seeds_of(self, finished: Table, rows: Rows) -> Facts:
        """The finished ways of accounts that somebody other than a person holds."""
        edges, net = self.net.edges, self.net
        target = np.zeros(net.n_nodes, dtype=bool)
        target[edges.target[rows]] = True
        if not len(rows):
            return Facts.of(self.n_places * self.n_ways, *_nothing())
        cells = finished.cells()
        mine = target[cells.key // self.n_places + net.holders.start]
        key = cells.key[mine] + net.holders.start * self.n_places
        return Cells(self.n_places, key, cells.mask[:, mine]).facts(self.n_ways)

    def of_people(self, levels: Sequence[Level], seen: Seen) -> Table:
        """The ways of identities, through the accounts and roles they hold."""
        net, edges = self.net, self.net.edges
        found: Table | None = None
        for taking, level in zip((False, True), reversed(levels), strict=False):
            rows = seen.of(net.carrying[1], edges.holder, taking=taking)
            if taking and not len(rows):
                continue
            source = Source.from_table(level.ways, net.n_nodes)
            table = source.to_holders(edges.holder[rows], edges.target[rows], net.identities)
            found = table if found is None else found.joined(table)
        return found or empty(net.identities, self.n_places, self.n_ways)

    # -- meeting in a context --------------------------------------------------------------------

    def _finish(self, parts: Table, lens: Lens) -> Table:
        """The ways that each account's own context finishes; only accounts have parts here."""
        done = parts.mapped(self._in_one_place)
        keys, masks = [], []
        for number, _ in self._several:
            spots = self._across(parts, number, lens)
            if len(spots):
                keys.append(spots)
                bits = mask_of([number], self.n_ways)
                masks.append(np.repeat(bits[:, None], len(spots), axis=1))
        if not keys:
            return done
        met = combined(np.concatenate(keys), np.concatenate(masks, axis=1))
        return done.with_cells(Cells(self.n_places, *met))

    @cached_property
    def _several(self) -> list[tuple[int, WayColumn]]:
        """Ways of several parts, by number."""
        return [(n, way) for n, way in enumerate(self.columns.ways) if len(way.parts) > 1]

    def _in_one_place(self, mask: Words) -> Words:
        """Masks of parts to masks of the ways whose parts are all among them."""
        found = self._single(mask)
        for number, way in self._several:
            met = has_all(mask, mask_of(way.parts, self.n_parts))
            found[number // 64, met] |= np.uint64(1 << number % 64)
        return found

    @cached_property
    def _ways_of_part(self) -> list[tuple[int, Words]]:
        """Parts that finish ways by themselves, each with the mask of these ways."""
        ways: dict[int, list[int]] = {}
        for number, way in enumerate(self.columns.ways):
            if len(way.parts) == 1:
                ways.setdefault(way.parts[0], []).append(number)
        return [(part, mask_of(numbers, self.n_ways)) for part, numbers in sorted(ways.items())]

    @cached_property
    def _by_byte(self) -> Words:
        """The ways that each value of each byte of a mask of parts means, `[byte, value, word]`."""
        table = np.zeros((words(self.n_parts) * 8, 256, words(self.n_ways)), dtype=np.uint64)
        values = np.arange(256)
        for part, ways in self._ways_of_part:
            table[part // 8, (values >> (part % 8) & 1).astype(bool)] |= ways
        return table

    def _single(self, mask: Words) -> Words:
        """Masks of parts to masks of the ways that one part finishes."""
        if all(way.parts == (n,) for n, way in enumerate(self.columns.ways)):
            return mask
        found = np.zeros((words(self.n_ways), mask.shape[1]), dtype=np.uint64)
        for byte, table in enumerate(self._by_byte):
            used = np.flatnonzero(table.any(axis=0))
            if not len(used):
                continue
            shift = np.uint64(byte % 8 * 8)
            value = np.right_shift(mask[byte // 8], shift).astype(np.uint8)
            for word in used:
                found[word] |= table[value, word]
        return found

    def _across(self, parts: Table, number: int, lens: Lens) -> Keys:
        """(offset, place) pairs in which a way's parts meet though not all are had there.

        A part counts where the account covers a whole system, where nobody placed the resource,
        and anywhere if the rule says so; all of that is rare.
        """
        way = self.columns.ways[number]
        wanted = mask_of(way.parts, self.n_parts)
        spots = self._candidates(parts, wanted, loose=self._loose[number])
        if not len(spots):
            return spots
        got = parts.at(spots) | self._elsewhere(parts, spots, number, lens)
        return spots[has_all(got, wanted)]

    @cached_property
    def _loose(self) -> Mapping[int, bool]:
        """By way of several parts: whether one of them may be had anywhere."""
        return {n: len(self.columns.scoped(way)) < len(way.parts) for n, way in self._several}

    def _candidates(self, parts: Table, wanted: Words, *, loose: bool) -> Keys:
        """Where an account has one of the parts; everywhere, if it covers several systems."""
        covering = parts.with_any(wanted, self._is_cover) // self.n_places
        if loose:
            pairs = parts.with_any(wanted)
        else:
            lost = np.arange(self.n_places) == self._unmapped
            pairs = parts.with_any(wanted, lost)
            if len(covering):
                mine = parts.with_any(wanted)
                pairs = np.concatenate([pairs, mine[among(mine // self.n_places, covering)]])
        several = distinct(covering[1:][covering[1:] == covering[:-1]])
        everywhere = (several[:, None] * self.n_places + np.arange(self.n_places)[None, :]).ravel()
        return distinct(np.concatenate([pairs, everywhere]))

    @cached_property
    def _is_cover(self) -> Flags:
        places = self.columns.atlas.places
        return np.array([place.kind is PlaceKind.COVER for place in places], dtype=bool)

    def _elsewhere(self, parts: Table, spots: Keys, number: int, lens: Lens) -> Words:
        """Parts that count in a place though the account has them elsewhere: covers, any scope."""
        columns, n_places = self.columns, self.n_places
        way = columns.ways[number]
        account, place = spots // n_places, spots % n_places
        found = np.zeros((words(self.n_parts), len(spots)), dtype=np.uint64)
        for source, reaches in self.covers(lens):
            somewhere = np.asarray(reaches.any(axis=0))
            here = np.flatnonzero(somewhere[place])
            over = parts.at(account[here] * n_places + source)
            found[:, here] |= over & reaches[:, place[here]]
        scoped = set(columns.scoped(way))
        loose = mask_of([p for p in way.parts if p not in scoped], self.n_parts)
        full = mask_of(way.parts, self.n_parts)
        unmapped = place == self._unmapped
        # A part on an unmapped resource and another anywhere: nobody knows whether they meet.
        anywhere = parts.at(account * n_places)
        return found | (anywhere & np.where(unmapped, full[:, None], loose[:, None]))

    @cached_property
    def _unmapped(self) -> int:
        places = self.columns.atlas.places
        return next(n for n, p in enumerate(places) if p.kind is PlaceKind.UNMAPPED)

    def covers(self, lens: Lens) -> list[tuple[int, Words]]:
        """Cover places, each with the parts that hold in every place, `[word, place]`."""
        found = self._covering.get(lens.possible)
        if found is None:
            found = []
            places = self.columns.atlas.places
            for source in np.flatnonzero(self._is_cover).tolist():
                reaches = np.zeros((words(self.n_parts), self.n_places), dtype=np.uint64)
                for target in range(self.n_places):
                    covered = self.columns.covered.get((target, places[source].system))
                    if covered is not None:
                        parts = sorted(covered[1 if lens.possible else 0])
                        reaches[:, target] = mask_of(parts, self.n_parts)
                if reaches.any():
                    found.append((source, reaches))
            self._covering[lens.possible] = found
        return found


def _nothing() -> tuple[Keys, Keys]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)


def _hash(array: Keys | Rows) -> bytes:
    """What stands for an array in a dictionary of answers."""
    return blake2b(array.tobytes(), digest_size=16).digest()
