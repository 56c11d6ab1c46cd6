"""Legs by column: how somebody comes to each duty that a place rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.compose.gathered import DROPPED, Gathered, Shown
from sod_analyzer.compose.steps import Steps
from sod_analyzer.compose.texts import NOTHING, lists
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.walks import Walks, Wanted, Witnesses, groups
from sod_analyzer.graph.closure import Keys, distinct, spans
from sod_analyzer.graph.edges import KINDS
from sod_analyzer.model.access import GrantKind, NodeKind
from sod_analyzer.model.memory import give_back

Bits = npt.NDArray[np.bool_]

#: Legs that a thread looks at together.
_TOGETHER = 2**18
_THREADS = 2
#: With more legs than these there are many nodes, too, and whatever is done takes memory for each.
_MANY = 2**20
#: What nobody takes away to mend a finding: that a login is somebody's.
_NOT_REMOVED = KINDS.index(GrantKind.HOLDS)


@dataclass(frozen=True)
class FoundLegs:
    """Legs with their witnesses. Parallel arrays in the order of spots, as they were written."""

    spot: Keys
    subject: Keys
    duty: Keys
    sure: Bits
    blank: Keys  # what is said of a leg without a witness
    lens: Keys  # number in `lenses`; `NOTHING` where no lens sees it
    witness: Keys  # number in `witnesses`; `NOTHING` for none
    shown: Keys  # number in `shown`, of what edges show by themselves; `NOTHING` for a duty
    lenses: Sequence[Lens]
    witnesses: Witnesses
    by_edges: Sequence[Shown]

    def __len__(self) -> int:
        return len(self.spot)

    def of(self, rows: Keys) -> FoundLegs:
        """The same legs in another order, or some of them."""
        return FoundLegs(
            self.spot[rows],
            self.subject[rows],
            self.duty[rows],
            self.sure[rows],
            self.blank[rows],
            self.lens[rows],
            self.witness[rows],
            self.shown[rows],
            self.lenses,
            self.witnesses,
            self.by_edges,
        )

    @cached_property
    def edges_each(self) -> Keys:
        """How many hops each leg's witness has, repeated ones counted again."""
        count = np.zeros(len(self), dtype=np.int64)
        known = self.witness >= 0
        first = self.witnesses.first
        count[known] = (first[1:] - first[:-1])[self.witness[known]]
        return count


def are_few(gathered: Gathered) -> bool:
    """Whether legs are so few that time matters more than memory."""
    return len(gathered.legs.spot) <= _MANY


def find_legs(engine: Engine, gathered: Gathered) -> FoundLegs:
    """Each leg's witness through the first lens of its chain that sees one.

    Cost: see `Walks`; every lens of a chain looks only at the legs that no earlier one saw. Two
    threads look, each at a share of the legs; one, where there are so many that memory matters.
    """
    legs = gathered.legs
    lenses: dict[Lens, int] = {}
    chains = [_stages(engine, chain, lenses) for chain in gathered.chains]
    lens = np.full(len(legs.spot), NOTHING, dtype=np.int64)
    witness = np.full(len(legs.spot), NOTHING, dtype=np.int64)
    wanted = Wanted(legs.subject, legs.duty, _place_of(gathered))
    known = list(lenses)
    walks, pieces, before = Walks(engine), [Witnesses.none()], 0
    n_threads = _THREADS if are_few(gathered) else 1
    pending, stage = np.arange(len(legs.spot)), 0
    while len(pending):
        turn = np.array([c[stage] if stage < len(c) else NOTHING for c in chains], dtype=np.int64)
        number = turn[legs.chain[pending]]
        pending, number = pending[number >= 0], number[number >= 0]
        shares = [
            (each, mine)
            for each, rows in groups(number)
            for mine in _by_subject(pending[rows], legs.subject, n_threads)
        ]

        def look(share: tuple[int, Keys]) -> tuple[Keys, Witnesses]:
            each, mine = share
            return walks.look(known[each], wanted.of(mine), gathered.duties).witnesses()

        with ThreadPoolExecutor(n_threads) as threads:
            for (each, mine), (found, piece) in zip(shares, threads.map(look, shares), strict=True):
                had = found >= 0
                lens[mine[had]] = each
                witness[mine[had]] = found[had] + before
                before += len(piece)
                pieces.append(piece)
        pending, stage = pending[lens[pending] < 0], stage + 1
    give_back()
    kept = np.flatnonzero((lens >= 0) | (legs.blank != DROPPED))
    return _with_shown(
        FoundLegs(
            legs.spot[kept],
            legs.subject[kept],
            legs.duty[kept],
            legs.sure[kept],
            legs.blank[kept],
            lens[kept],
            witness[kept],
            np.full(len(kept), NOTHING),
            known,
            Witnesses.joined(pieces),
            gathered.shown,
        )
    )


def _by_subject(rows: Keys, subject: Keys, n_threads: int) -> Iterator[Keys]:
    """Some legs at a time, all of one subject together, since they may share a witness.

    A look takes a few hundred bytes for each leg that it looks at.
    """
    count = -(-len(rows) * n_threads // (_TOGETHER * _THREADS))
    if count <= 1:
        yield rows
        return
    count += -count % n_threads  # all threads have as much to do
    theirs = subject[rows]
    at = np.arange(1, count) * len(rows) // count
    bounds = distinct(np.partition(theirs, at)[at])
    for _, mine in groups(np.searchsorted(bounds, theirs, side="right")):
        yield rows[mine]


def _place_of(gathered: Gathered) -> Keys:
    return gathered.spots.place[gathered.legs.spot]


def _stages(engine: Engine, chain: Sequence[Lens], lenses: dict[Lens, int]) -> list[int]:
    """The lenses of a chain without those that see no more than an earlier one."""
    stages: list[Lens] = []
    for lens in chain:
        if not any(engine.same(lens, other) for other in stages):
            stages.append(lens)
    return [lenses.setdefault(lens, len(lenses)) for lens in stages]


def _with_shown(legs: FoundLegs) -> FoundLegs:
    """The legs that edges show by themselves among the others, each with a witness of its own."""
    shown = legs.by_edges
    if not shown:
        return legs
    first = np.concatenate([[0], np.cumsum([len(each.edges) for each in shown])]).astype(np.int64)
    edge = np.array([edge for each in shown for edge in each.edges], dtype=np.int32)
    owner = np.repeat(np.arange(len(shown)), np.diff(first))
    witnesses = Witnesses(
        np.full(len(shown), NOTHING),
        first,
        (np.arange(len(edge)) - first[owner] + 1).astype(np.int32),
        np.ones(len(edge), dtype=np.int32),
        edge,
        np.zeros(len(edge), dtype=bool),
    )
    nothing = np.full(len(shown), NOTHING)

    def with_shown(column: Keys, values: Sequence[int] | Keys) -> Keys:
        return np.concatenate([column, np.asarray(values, dtype=column.dtype)])

    both = FoundLegs(
        with_shown(legs.spot, [each.spot for each in shown]),
        with_shown(legs.subject, [each.subject for each in shown]),
        with_shown(legs.duty, [each.duty for each in shown]),
        np.append(legs.sure, [each.sure for each in shown]),
        with_shown(legs.blank, [each.reason for each in shown]),
        with_shown(legs.lens, nothing),
        with_shown(legs.witness, len(legs.witnesses) + np.arange(len(shown))),
        with_shown(legs.shown, np.arange(len(shown))),
        legs.lenses,
        Witnesses.joined([legs.witnesses, witnesses]),
        shown,
    )
    return both.of(np.argsort(both.spot, kind="stable"))


#: Witnesses that are told together.
_TOLD = 50_000


class Told:
    """What is said of witnesses, each once however many legs share it."""

    def __init__(self, legs: FoundLegs, tracer: Tracer) -> None:
        self.legs = legs
        self.tracer = tracer
        witnesses = legs.witnesses
        self.steps = Steps(tracer, witnesses.edge, witnesses.own)
        self.hops = witnesses.hops(len(tracer.engine.edges))
        count = np.arange(len(witnesses), dtype=np.int32)
        #: Of each hop, its witness.
        self.owner = np.repeat(count, np.diff(witnesses.first))

    @cached_property
    def subject(self) -> Keys:
        """The node that each witness starts from."""
        subject = np.zeros(len(self.legs.witnesses), dtype=np.int64)
        known = self.legs.witness >= 0
        subject[self.legs.witness[known]] = self.legs.subject[known]
        return subject

    @cached_property
    def paths(self) -> pa.Array:
        """Each witness in one line."""
        count = len(self.legs.witnesses)
        # Some at a time: the names of all nodes on the way at once would be large.
        pieces = (self._lines(low, min(low + _TOLD, count)) for low in range(0, count, _TOLD))
        return pa.concat_arrays([pa.array([], pa.string()), *pieces])

    def _lines(self, low: int, high: int) -> pa.Array:
        """Some witnesses that follow each other, each in one line."""
        first, hop = self.legs.witnesses.first, self.legs.witnesses.hop
        start, stop = int(first[low]), int(first[high])
        begins = start + np.flatnonzero(hop[start:stop] == 1)  # of each run, its first hop
        ends = np.append(begins, stop)[1:]
        of_witness = self.owner[begins]
        subject = np.searchsorted(self.steps.nodes, self.subject[of_witness])
        texts = self._runs(subject, begins, ends)
        runs = np.bincount(of_witness - low, minlength=high - low)
        if (runs == 1).all():
            return texts
        return lists(np.concatenate([[0], np.cumsum(runs)]).astype(np.int64), texts, " + ")

    def _runs(self, subject: Keys, begins: Keys, ends: Keys) -> pa.Array:
        """Some runs: the name of the subject, then that of every node the run comes to."""
        first = np.concatenate([[0], np.cumsum(ends - begins + 1)]).astype(np.int64)
        node = np.empty(int(first[-1]), dtype=np.int64)
        run, hop = spans(begins, ends)
        node[first[:-1]] = subject
        node[first[run] + 1 + hop - begins[run]] = self.steps.to_node[self.steps.number[hop]]
        return lists(first, self.steps.node_names.take(pa.array(node)), " > ")

    def first_removed(self, witness: Keys) -> Keys:
        """The edge that is tried first to mend each witness.

        The first grant of somebody's own; of a role, what it contains; else that a login is
        somebody's, which is what leaving ends.
        """
        pieces = [
            self._first_removed(witness[low : low + _TOLD]) for low in range(0, len(witness), _TOLD)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *pieces])

    def _first_removed(self, witness: Keys) -> Keys:
        first, steps = self.legs.witnesses.first, self.steps
        of, spot = spans(first[witness], first[witness + 1])
        step = steps.number[spot]
        kind = steps.near.kind[steps.near_edge[step]]
        role = list(NodeKind).index(NodeKind.ROLE)
        rank = np.where(kind == _NOT_REMOVED, 2, np.where(steps.from_kind[step] == role, 1, 0))
        best = rank * len(self.owner) + spot
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        chosen = np.minimum.reduceat(best, starts) % len(self.owner)
        return np.asarray(steps.number[chosen], dtype=np.int64)
