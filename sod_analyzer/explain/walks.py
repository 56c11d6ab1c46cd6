"""Witnesses of many legs at once, as arrays: what `Guide.witness` says of each one by one.

A property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine, Reach
from sod_analyzer.explain.choices import Choices, Sources
from sod_analyzer.explain.trails import Edges, Trail
from sod_analyzer.graph.closure import Keys, distinct, spans

Bits = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int32]

#: Witnesses whose hops are counted together.
_TOGETHER = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Legs that a witness is looked for. Parallel arrays.

    `duty` counts in the names that come with it; `place` is a place number, or `n_places` for
    every system in which the duty exists.
    """

    subject: Keys  # node codes
    duty: Keys
    place: Keys

    def of(self, rows: Keys) -> Wanted:
        """Some of them."""
        return Wanted(self.subject[rows], self.duty[rows], self.place[rows])


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Distinct witnesses; the hops of witness n are `first[n]` up to `first[n + 1]`.

    Hops stand in the order of parts, numbered from 1, and within one from the subject on.
    """

    way: Keys  # of each witness, its (first) way
    first: Keys
    part: Small
    hop: Small
    edge: Small
    own: Bits

    def __len__(self) -> int:
        return len(self.way)

    @classmethod
    def none(cls) -> Witnesses:
        """No witness at all."""
        empty = np.empty(0, dtype=np.int32)
        return cls(np.empty(0, np.int64), np.zeros(1, np.int64), empty, empty, empty, empty > 0)

    @classmethod
    def joined(cls, pieces: list[Witnesses]) -> Witnesses:
        """One after the other."""
        pieces = pieces or [cls.none()]
        if len(pieces) == 1:
            return pieces[0]
        counts = np.concatenate([np.diff(piece.first) for piece in pieces])
        return cls(
            np.concatenate([piece.way for piece in pieces]),
            np.concatenate([[0], np.cumsum(counts)]),
            *(
                np.concatenate([getattr(piece, name) for piece in pieces])
                for name in ("part", "hop", "edge", "own")
            ),
        )

    def hops(self, n_edges: int) -> Keys:
        """How many distinct hops each witness has over all its runs."""
        total = np.diff(self.first)
        further = np.flatnonzero(self.part > 1)
        several = distinct(np.searchsorted(self.first, further, side="right") - 1)
        counted = total.copy()
        for low in range(0, len(several), _TOGETHER):
            mine = several[low : low + _TOGETHER]
            witness, spot = spans(self.first[mine], self.first[mine + 1])
            step = self.edge[spot].astype(np.int64) * 2 + self.own[spot]
            key = distinct(witness * (2 * n_edges) + step)
            counted[mine] = np.bincount(key // (2 * n_edges), minlength=len(mine))
        return counted


class Walks:
    """Finds witnesses of many legs in one engine's reach.

    Cost: a choice per leg, then each distinct fact on the way once; see `Trail`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sources = Sources(engine)
        self.choices = Choices(engine, self.sources)

    def look(self, lens: Lens, wanted: Wanted, duties: list[str]) -> Look:
        """What one lens sees of some legs; witnesses are then asked for of those that it sees."""
        return Look(self, lens, wanted, duties)


class Look:
    """One lens over some legs, and the walks that it has found."""

    def __init__(self, walks: Walks, lens: Lens, wanted: Wanted, duties: list[str]) -> None:
        self.walks = walks
        self.engine = walks.engine
        self.lens = lens
        self.wanted = wanted
        by_duty = [(duties[number], rows) for number, rows in groups(wanted.duty)]
        keys = [
            walks.choices.keys(lens, wanted.subject[rows], duty, wanted.place[rows])
            for duty, rows in by_duty
        ]
        none = np.empty(0, dtype=np.int64)
        self.reach: Reach = self.engine.traced(lens, np.concatenate([none, *keys]))
        #: Whether each leg is had at all.
        self.had = np.zeros(len(wanted.subject), dtype=bool)
        self._column = np.full(len(wanted.subject), -1, dtype=np.int64)
        self._everywhere: list[tuple[Keys, Keys]] = []
        for duty, rows in by_duty:
            self._choose(duty, rows)

    def _choose(self, duty: str, rows: Keys) -> None:
        wanted, ways, choices = self.wanted, self.reach.ways, self.walks.choices
        whole = wanted.place[rows] == self.engine.n_places
        named, all_over = rows[~whole], rows[whole]
        if len(named):
            subject, place = wanted.subject[named], wanted.place[named]
            column, had = choices.nearest(ways, self.lens, subject, duty, place)
            self._column[named] = np.where(had, column, -1)
            self.had[named] = had
        if len(all_over):
            columns, had = choices.everywhere(ways, wanted.subject[all_over], duty)
            self.had[all_over] = had
            self._everywhere.append((all_over[had], columns[had]))

    def witnesses(self) -> tuple[Keys, Witnesses]:
        """For each leg the number of its witness, -1 for none; and the distinct witnesses."""
        stride = self.engine.n_places * self.engine.n_ways
        trail = self._trail("ways", becoming=True)
        named = np.flatnonzero(self._column >= 0)
        start = [trail.states(self.wanted.subject[named] * stride + self._column[named])]
        # A witness over everything has a stretch for every system; others have one.
        for rows, columns in self._everywhere:
            key = self.wanted.subject[rows][:, None] * stride + columns
            start.append(trail.states(key.ravel()))
        mark = np.full(len(trail.key), -1, dtype=np.int32)
        states = np.concatenate(start)
        mark[states] = 0
        begins = np.flatnonzero(mark == 0)
        mark[begins] = np.arange(len(begins))
        runs = self._runs(trail, begins)
        witness = np.full(len(self.wanted.subject), -1, dtype=np.int64)
        witness[named] = mark[start[0]]
        stretches = [np.arange(len(begins))]
        lengths = [np.ones(len(begins), dtype=np.int64)]
        total = len(begins)
        for (rows, columns), found in zip(self._everywhere, start[1:], strict=True):
            witness[rows] = np.arange(total, total + len(rows))
            total += len(rows)
            stretches.append(mark[found].astype(np.int64))
            lengths.append(np.full(len(rows), columns.shape[1]))
        return witness, runs.of(np.concatenate(stretches), np.concatenate(lengths))

    def _trail(self, facts: str, *, becoming: bool) -> Trail:
        layers = [getattr(layer, facts) for layer in self.reach.layers]
        return Trail(Edges(self.engine, self.lens), layers, becoming=becoming)

    # -- walking ---------------------------------------------------------------------------------

    def _runs(self, trail: Trail, begins: Keys) -> _Runs:
        """From subjects to the contexts that finish their ways, then on to each part."""
        done = np.zeros(len(trail.key), dtype=bool)
        for number, layer in enumerate(self.reach.layers):
            finished = layer.finished
            spot = trail.states(finished.key, np.full(len(finished.key), number))
            done[spot[trail.distance[spot] == finished.distance]] = True
        head = _walked(trail, begins, done)
        columns, n_ways = self.engine.columns, self.engine.n_ways
        stride = self.engine.n_places * n_ways
        context, column = trail.key[head.end] // stride, trail.key[head.end] % stride
        way, place, level = column % n_ways, column // n_ways, trail.layer(head.end)
        parts = [columns.ways[number].parts for number in range(n_ways)]
        count = np.array([len(each) for each in parts], dtype=np.int64)[way]
        table = np.full((n_ways, max((len(each) for each in parts), default=1)), -1)
        for number, each in enumerate(parts):
            table[number, : len(each)] = each
        walk = np.repeat(np.arange(len(begins)), count)
        first = np.concatenate([[0], np.cumsum(count)])
        ordinal = np.arange(len(walk)) - first[walk]
        part = table[way[walk], ordinal]
        trail = self._trail("parts", becoming=False)
        ends = self._parts(trail, context[walk], place[walk], part, level[walk])
        mark = np.full(len(trail.key), -1, dtype=np.int32)
        mark[ends] = 0
        tails = np.flatnonzero(mark == 0)
        mark[tails] = np.arange(len(tails))
        tail = _walked(trail, tails, trail.distance == 0)
        return _Runs(way, first, head, mark[ends].astype(np.int64), tail)

    def _parts(self, trail: Trail, node: Keys, place: Keys, part: Keys, layer: Keys) -> Keys:
        """The state of each part in a context: there, over a whole system or anywhere; nearest."""
        engine, lens = self.engine, self.lens
        n_places, stride = engine.n_places, engine.n_places * engine.n_parts
        last = len(self.walks.sources.covers) + 1
        none = np.iinfo(np.int64).max
        selectors = engine.columns.parts

        def options(row: Keys | slice, source: Keys, order: Keys | int, number: Keys | int) -> Keys:
            key = node[row] * stride + source * engine.n_parts + number
            state = trail.states(key, layer[row])
            distance = trail.distance[state].astype(np.int64)
            option = (distance * (last + 1) + order) * n_places + source
            return np.where(state >= 0, option, none)

        best = options(slice(None), place, 0, part)
        for number, rows in groups(part):
            reaches = self.walks.sources.of_part(number, possible=lens.possible)
            if reaches is not None:
                row, cover, order = reaches.at(place[rows])
                if len(row):
                    np.minimum.at(best, rows[row], options(rows[row], cover, order, number))
            loose = number < len(selectors) and selectors[number].any_scope
            lost = rows if loose else rows[place[rows] == engine.unmapped]
            if len(lost):
                anywhere = np.zeros(len(lost), dtype=np.int64)
                best[lost] = np.minimum(best[lost], options(lost, anywhere, last, number))
        key = node * stride + best % n_places * engine.n_parts + part
        return trail.settled(trail.states(key, layer))


@dataclass(frozen=True, slots=True)
class _Walked:
    """Walks by column: the hops of walk n are `first[n]` up to `first[n + 1]`."""

    first: Keys
    edge: Small
    own: Bits
    end: Keys  # the state that each walk ends at


def _walked(trail: Trail, begins: Keys, done: Bits) -> _Walked:
    """Walk on from each state until one is done."""
    state = trail.settled(begins)
    end = state.copy()
    active = np.arange(len(begins))
    steps: list[tuple[Keys, Small, Bits]] = []
    while True:
        going = ~done[state]
        end[active[~going]] = state[~going]
        active, state = active[going], state[going]
        if not len(active):
            break
        onto = trail.next(state)
        steps.append((active, trail.edge[state], trail.own[state]))
        state = onto
    length = np.zeros(len(begins), dtype=np.int64)
    for walks, _, _ in steps:
        length[walks] += 1
    first = np.concatenate([[0], np.cumsum(length)])
    edge = np.empty(int(first[-1]), dtype=np.int32)
    own = np.empty(int(first[-1]), dtype=bool)
    for number, (walks, edges, owns) in enumerate(steps):
        edge[first[walks] + number] = edges
        own[first[walks] + number] = owns
    return _Walked(first, edge, own, end)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Stretches: a way in one place, from a subject to its context and on to every part."""

    way: Keys
    first: Keys  # of each stretch, its first run
    head: _Walked  # to the context, by stretch
    tail_of: Keys  # of each run, the walk from the context on
    tail: _Walked

    def of(self, stretch: Keys, count: Keys) -> Witnesses:
        """Witnesses of so many stretches each."""
        begins = np.cumsum(count) - count
        way = self.way[stretch[begins]] if len(begins) else np.empty(0, dtype=np.int64)
        at, run = spans(self.first[stretch], self.first[stretch + 1])
        walk, tail = stretch[at], self.tail_of[run]
        # A run is a piece of the walk to the context, and a piece of the walk on.
        start = np.empty(2 * len(run), dtype=np.int64)
        start[0::2], start[1::2] = self.head.first[walk], self.tail.first[tail]
        stop = np.empty(2 * len(run), dtype=np.int64)
        stop[0::2], stop[1::2] = self.head.first[walk + 1], self.tail.first[tail + 1]
        start[1::2] += len(self.head.edge)
        stop[1::2] += len(self.head.edge)
        _, spot = spans(start, stop)
        edge = np.concatenate([self.head.edge, self.tail.edge])[spot]
        own = np.concatenate([self.head.own, self.tail.own])[spot]
        length = (stop - start).reshape(-1, 2).sum(axis=1)
        ends = np.cumsum(length)
        hop = np.arange(1, len(edge) + 1, dtype=np.int32)
        hop -= np.repeat((ends - length).astype(np.int32), length)
        witness = np.repeat(np.arange(len(count)), count)[at]
        runs = np.bincount(witness, minlength=len(count))
        part = np.arange(1, len(run) + 1) - (np.cumsum(runs) - runs)[witness]
        last = np.cumsum(runs) - 1
        stops = ends[last] if len(last) else ends
        return Witnesses(
            way,
            np.concatenate([[0], stops]),
            np.repeat(part.astype(np.int32), length),
            hop,
            edge,
            own,
        )


def groups(values: Keys) -> Iterator[tuple[int, Keys]]:
    """Each value that occurs, with the positions of it, ascending."""
    if not len(values):
        return
    small = values.astype(np.uint16) if values.max() < 1 << 16 else values
    order = np.argsort(small, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    for start, stop in zip(first, [*first[1:], len(order)], strict=True):
        yield int(ordered[start]), order[start:stop]
