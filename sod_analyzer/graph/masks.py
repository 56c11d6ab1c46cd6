"""Who has what in which place, as bit masks: a column is a bit, a place a cell.

Most nodes have the same few places, and for those a mask per node is kept whether or not it is
empty (*dense*). Where places are many, as thousands of applications are, each node has few of them
and only those are kept (*sparse*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sod_analyzer.graph.closure import Facts, Flags, Keys, offsets, places_of, spans
from sod_analyzer.model.memory import give_back

Words = npt.NDArray[np.uint64]
Nodes = npt.NDArray[np.int32]

_BITS = 64
#: So many places at most are kept dense.
_DENSE = 4
#: Pairs of edge and cell that are looked at at once: what stays in the processor's cache.
_PIECE = 2**16
#: And so many edges, and cells.
_EDGES = 2**20
_CELLS = 2**18
#: And so many nodes whose masks are changed.
_CHANGED = 2**18
_THREADS = 2
#: After so many cells that were moved, what they took is given back.
_KEPT = 2**22


def words(columns: int) -> int:
    """How many words hold so many bits."""
    return max(1, -(-columns // _BITS))


def mask_of(columns: npt.ArrayLike, count: int) -> Words:
    """One mask with these bits, of as many words as `count` columns need."""
    mask = np.zeros(words(count), dtype=np.uint64)
    numbers = np.asarray(columns, dtype=np.int64)
    bits = np.left_shift(np.uint64(1), (numbers % _BITS).astype(np.uint64))
    np.bitwise_or.at(mask, numbers // _BITS, bits)
    return mask


@dataclass(frozen=True, slots=True)
class Cells:
    """Masks by (node, place): `key = node * n_places + place`, sorted, each once.

    `mask` has a row per word and a column per key.
    """

    n_places: int
    key: Keys
    mask: Words

    @classmethod
    def of(cls, facts: Facts, *, n_places: int, n_columns: int) -> Cells:
        """The facts of `place * n_columns + column` as masks."""
        key, column = facts.key // n_columns, facts.key % n_columns
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        mask = np.zeros((words(n_columns), len(starts)), dtype=np.uint64)
        if len(starts):
            bit = np.left_shift(np.uint64(1), (column % _BITS).astype(np.uint64))
            for word in range(len(mask)):
                mine = np.where(column // _BITS == word, bit, np.uint64(0))
                mask[word] = np.bitwise_or.reduceat(mine, starts)
        return cls(n_places, key[starts], mask)

    def facts(self, n_columns: int) -> Facts:
        """The same as facts, all at distance 0."""
        keys = [
            self.key[here] * n_columns + column
            for column in range(n_columns)
            if len(here := np.flatnonzero(has(self.mask, mask_of([column], n_columns))))
        ]
        key = np.concatenate(keys) if keys else np.empty(0, dtype=np.int64)
        key.sort()
        return Facts(self.n_places * n_columns, key, np.zeros(len(key), dtype=np.int64))


def has(mask: Words, wanted: Words) -> Flags:
    """Which masks have any of the wanted bits."""
    found = np.zeros(mask.shape[1], dtype=bool)
    for word, bits in zip(mask, wanted, strict=True):
        if bits:
            found |= (word & bits) != 0
    return found


def has_bit(mask: Words, column: Keys) -> Flags:
    """Whether each mask has the one column that is asked of it."""
    word, bit = column // _BITS, (column % _BITS).astype(np.uint64)
    mine = mask[word, np.arange(len(column))]
    return np.asarray(np.right_shift(mine, bit) & np.uint64(1), dtype=bool)


def has_all(mask: Words, wanted: Words) -> Flags:
    """Which masks have all of the wanted bits."""
    found = np.ones(mask.shape[1], dtype=bool)
    for word, bits in zip(mask, wanted, strict=True):
        if bits:
            found &= (word & bits) == bits
    return found


@dataclass(frozen=True)
class Table:
    """Masks of a contiguous range of nodes; offsets count from its start.

    `dense[place, word, offset]` for the `dense_places`; the rest in `key`
    (`offset * n_places + place`, sorted) and `mask[word, position]`.
    """

    nodes: range
    n_places: int
    dense_places: Keys
    dense: Words
    key: Keys
    mask: Words

    @property
    def n_words(self) -> int:
        return len(self.mask)

    @property
    def nbytes(self) -> int:
        """What the masks take."""
        return self.dense.nbytes + self.key.nbytes + self.mask.nbytes

    @cached_property
    def slot(self) -> Keys:
        """Each place's position among the dense ones, -1 for the others."""
        slot = np.full(self.n_places, -1, dtype=np.int64)
        slot[self.dense_places] = np.arange(len(self.dense_places))
        return slot

    @cached_property
    def first(self) -> Keys:
        """Offsets into `key`: those of a node's sparse cells."""
        return offsets(self.key // self.n_places, len(self.nodes))

    def at(self, pairs: Keys) -> Words:
        """The masks of (offset, place) pairs, empty where nothing is known."""
        found = np.zeros((self.n_words, len(pairs)), dtype=np.uint64)
        offset, place = pairs // self.n_places, pairs % self.n_places
        slot = self.slot[place]
        here = np.flatnonzero(slot >= 0)
        if len(here) == len(pairs) and len(pairs) and slot.min() == slot.max():
            return np.take(self.dense[slot[0]], offset, axis=1)
        if len(here):
            found[:, here] = self.dense[slot[here], :, offset[here]].T
        if len(self.key):
            there = np.flatnonzero(slot < 0)
            spot = np.minimum(np.searchsorted(self.key, pairs[there]), len(self.key) - 1)
            hit = self.key[spot] == pairs[there]
            found[:, there[hit]] = self.mask[:, spot[hit]]
        return found

    def with_any(self, wanted: Words, places: Flags | None = None) -> Keys:
        """The (offset, place) pairs that have any of these bits, sorted."""
        return self._where(lambda mask: has(mask, wanted), places)

    def with_several(self, wanted: Sequence[Words], count: int, places: Flags) -> Keys:
        """The (offset, place) pairs that have something of at least so many masks, sorted."""

        def enough(mask: Words) -> Flags:
            found = np.zeros(mask.shape[1], dtype=np.int8)
            for each in wanted:
                found += has(mask, each)
            return np.asarray(found >= count)

        return self._where(enough, places)

    def nodes_with(self, wanted: Words, place: int) -> Keys:
        """Offsets of the nodes that have any of these bits in one place, sorted."""
        if self.slot[place] >= 0:
            return np.flatnonzero(has(self.dense[self.slot[place]], wanted))
        where = self._by_place
        low, high = np.searchsorted(where[0], [place, place + 1])
        cells = where[1][low:high]
        return np.asarray(self.key[cells[has(self.mask[:, cells], wanted)]] // self.n_places)

    @cached_property
    def _by_place(self) -> tuple[Keys, Keys]:
        order = np.argsort(self._place, kind="stable")
        return self._place[order].astype(np.int64), order

    def cells(self) -> Cells:
        """Every cell that is not empty, by offset and place."""
        full = mask_of(range(self.n_words * _BITS), self.n_words * _BITS)
        pairs = self._where(lambda mask: has(mask, full), None)
        return Cells(self.n_places, pairs, self.at(pairs))

    def _where(self, test: Callable[[Words], Flags], places: Flags | None) -> Keys:
        found: list[Keys] = []
        for slot, place in enumerate(self.dense_places.tolist()):
            if places is None or places[place]:
                found.append(np.flatnonzero(test(self.dense[slot])) * self.n_places + place)
        found.append(self.key[self._cells_where(test, places)])
        found = [each for each in found if len(each)]
        if not found:
            return np.empty(0, dtype=np.int64)
        if len(found) == 1:
            return found[0]
        pairs = np.concatenate(found)
        pairs.sort(kind="stable")  # sorted runs, which a stable sort merges
        return pairs

    def _cells_where(self, test: Callable[[Words], Flags], places: Flags | None) -> Keys:
        """The positions of the sparse cells that pass, sorted.

        Some cells at a time, whose masks then stay near the processor from one look to the next.
        What leaves out more is asked first: few places, or else the test.
        """
        if places is not None and not places.any():
            return np.empty(0, dtype=np.int64)
        few = places is not None and 2 * np.count_nonzero(places) < len(places)
        found = [np.empty(0, dtype=np.int64)]
        for start in range(0, len(self.key), _CELLS):
            here = slice(start, start + _CELLS)
            if places is not None and few:
                hits = np.flatnonzero(places[self._place[here]])
                if len(hits):
                    hits = hits[test(self.mask[:, here][:, hits])]
            else:
                hits = np.flatnonzero(test(self.mask[:, here]))
                if places is not None and len(hits):
                    hits = hits[places[self._place[here][hits]]]
            found.append(hits + start)
        return np.concatenate(found)

    @cached_property
    def _place(self) -> npt.NDArray[np.int32]:
        """The place of each sparse cell: dividing takes longer than all else."""
        place = np.empty(len(self.key), dtype=np.int32)
        for start in range(0, len(self.key), _CELLS):
            here = slice(start, start + _CELLS)
            place[here] = self.key[here] % self.n_places
        return place

    def any_of(self, offsets: Keys, wanted: Words, places: Flags) -> Keys:
        """As `with_any`, of some nodes only, whose offsets are sorted.

        Cost: of their cells.
        """
        found: list[Keys] = []
        for slot, place in enumerate(self.dense_places.tolist()):
            if places[place]:
                mine = offsets[has(self.dense[slot][:, offsets], wanted)]
                found.append(mine * self.n_places + place)
        # Few are asked about: to look for theirs takes less than to know where everyone's begin.
        low = np.searchsorted(self.key, offsets * self.n_places)
        high = np.searchsorted(self.key, (offsets + 1) * self.n_places)
        _, cell = spans(low, high)
        key = self.key[cell]
        found.append(key[has(self.mask[:, cell], wanted) & places[key % self.n_places]])
        return np.sort(np.concatenate(found))

    def within(self, nodes: range) -> Table:
        """The same of a part of its nodes."""
        if nodes == self.nodes:
            return self
        low, high = nodes.start - self.nodes.start, nodes.stop - self.nodes.start
        begin, end = np.searchsorted(self.key, [low * self.n_places, high * self.n_places])
        return Table(
            nodes,
            self.n_places,
            self.dense_places,
            self.dense[:, :, low:high],
            self.key[begin:end] - low * self.n_places,
            self.mask[:, begin:end],
        )

    def mapped(self, change: Callable[[Words], Words]) -> Table:
        """Every mask changed, cell by cell; an empty one stays so, and sparse ones are dropped."""
        key, mask = _changed(self.key, self.mask, change)
        dense = [_side_by_side(each, change) for each in self.dense]
        return replace(
            self,
            dense=np.stack(dense)
            if dense
            else np.zeros((0, len(mask), len(self.nodes)), np.uint64),
            key=key,
            mask=mask,
        )

    def joined(self, other: Table) -> Table:
        """What either has, of two tables with the same nodes and words; their places may differ."""
        if np.array_equal(self.dense_places, other.dense_places):
            key, mask = combined(
                np.concatenate([self.key, other.key]),
                np.concatenate([self.mask, other.mask], axis=1),
            )
            return replace(self, dense=self.dense | other.dense, key=key, mask=mask)
        return self.with_cells(other.cells())

    def with_cells(self, cells: Cells) -> Table:
        """What the table has and these cells, which name nodes by offset."""
        if not len(cells.key):
            return self
        offset, slot = cells.key // self.n_places, self.slot[cells.key % self.n_places]
        here = np.flatnonzero(slot >= 0)
        dense = self.dense.copy()
        dense[slot[here], :, offset[here]] |= cells.mask[:, here].T
        there = np.flatnonzero(slot < 0)
        key, mask = combined(
            np.concatenate([self.key, cells.key[there]]),
            np.concatenate([self.mask, cells.mask[:, there]], axis=1),
        )
        return replace(self, dense=dense, key=key, mask=mask)


def _side_by_side(mask: Words, change: Callable[[Words], Words]) -> Words:
    """The masks changed, some at a time and two such pieces beside each other.

    What is empty stays empty, so pieces in which few have anything are changed for those alone.
    """

    def changed(here: slice) -> Words:
        piece = mask[:, here]
        used = places_of(np.asarray(piece.any(axis=0)))
        if 2 * len(used) > piece.shape[1]:
            return change(piece)
        some = change(piece[:, used])
        found = np.zeros((len(some), piece.shape[1]), dtype=np.uint64)
        found[:, used] = some
        return found

    count = mask.shape[1]
    pieces = [slice(begin, min(begin + _CHANGED, count)) for begin in range(0, count, _CHANGED)]
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to put beside
        return changed(slice(0, count))
    with ThreadPoolExecutor(_THREADS) as threads:
        return np.concatenate(list(threads.map(changed, pieces)), axis=1)


def table_of(facts: Facts, nodes: range, *, n_places: int, n_columns: int) -> Table:
    """The facts of a range of nodes, all of them sparse."""
    cells = Cells.of(facts.within(nodes), n_places=n_places, n_columns=n_columns)
    none = empty(nodes, n_places, n_columns)
    return replace(none, key=cells.key - nodes.start * n_places, mask=cells.mask)


def empty(nodes: range, n_places: int, n_columns: int) -> Table:
    """A table in which nobody has anything."""
    n_words = words(n_columns)
    none = np.empty(0, dtype=np.int64)
    return Table(
        nodes,
        n_places,
        none,
        np.zeros((0, n_words, len(nodes)), np.uint64),
        none,
        np.zeros((n_words, 0), np.uint64),
    )


def combined(key: Keys, mask: Words) -> tuple[Keys, Words]:
    """The keys sorted, each once, with all bits that stand beside it."""
    if not len(key):
        return key, mask
    fresh = np.diff(key) > 0
    if fresh.all():
        return key, mask
    if np.any(key[1:] < key[:-1]):
        key, mask = _sorted(key, mask)
        fresh = np.diff(key) > 0
    starts = np.flatnonzero(np.concatenate([[True], fresh]))
    merged = np.stack([np.bitwise_or.reduceat(word, starts) for word in mask])
    return key[starts], merged


def _sorted(key: Keys, mask: Words) -> tuple[Keys, Words]:
    """In the order of the keys. Sorts numbers that carry their position, or their bits, along."""
    low = int(key.min())
    room = 63 - int(key.max() - low).bit_length()
    if len(mask) == 1:
        width = int(mask.max()).bit_length()
        if width <= room:
            packed = np.left_shift(key - low, width) | mask[0].astype(np.int64)
            packed.sort()
            bits = (packed & ((1 << width) - 1)).astype(np.uint64)
            return np.right_shift(packed, width) + low, bits[None, :]
    width = len(key).bit_length()
    if width <= room:
        packed = np.left_shift(key - low, width) | np.arange(len(key))
        packed.sort()
        order = packed & ((1 << width) - 1)
    else:
        order = np.argsort(key, kind="stable")
    return key[order], mask[:, order]


@dataclass(frozen=True)
class Source:
    """What nodes have, arranged for their holders: `slot` has each node's row, 0 for nothing."""

    n_places: int
    slot: Nodes
    dense_places: Keys
    dense: Words  # place, word, row
    first: Keys  # row r has the sparse cells from first[r] up to first[r + 1]
    place: Keys
    mask: Words

    @classmethod
    def of(cls, cells: Cells, n_nodes: int) -> Source:
        """From cells that name nodes by code."""
        n_places = cells.n_places
        node, place = cells.key // n_places, cells.key % n_places
        fresh = np.diff(node, prepend=-1) != 0
        row = np.cumsum(fresh).astype(np.int32)
        slot = np.zeros(n_nodes, dtype=np.int32)
        slot[node[fresh]] = row[fresh]
        chosen = _busiest(place, n_places)
        dense_slot = np.full(n_places, -1, dtype=np.int64)
        dense_slot[chosen] = np.arange(len(chosen))
        rows = int(row[-1]) + 1 if len(row) else 1
        dense = np.zeros((len(chosen), len(cells.mask), rows), dtype=np.uint64)
        spot = dense_slot[place]
        here = np.flatnonzero(spot >= 0)
        dense[spot[here], :, row[here]] = cells.mask[:, here].T
        there = np.flatnonzero(spot < 0)
        first = offsets(row[there], rows)
        return cls(n_places, slot, chosen, dense, first, place[there], cells.mask[:, there])

    @classmethod
    def from_table(cls, table: Table, n_nodes: int) -> Source:
        """From a table, whose offsets move up by one to leave a row for nothing."""
        slot = np.zeros(n_nodes, dtype=np.int32)
        slot[table.nodes.start : table.nodes.stop] = np.arange(1, len(table.nodes) + 1)
        pad = np.zeros((*table.dense.shape[:2], 1), dtype=np.uint64)
        return cls(
            table.n_places,
            slot,
            table.dense_places,
            np.concatenate([pad, table.dense], axis=2),
            np.concatenate([[0], table.first]),
            table.key % table.n_places,
            table.mask,
        )

    @cached_property
    def busy(self) -> Flags:
        """Which rows have anything."""
        sparse = self.first[1:] > self.first[:-1]
        return np.asarray(self.dense.any(axis=(0, 1)) | sparse)

    def to_holders(
        self,
        holder: Nodes,
        target: Nodes,
        nodes: range,
        change: Callable[[Words], Words] | None = None,
    ) -> Table:
        """What holders of a contiguous range have through these edges, which are sorted by holder.

        With `change`, as `mapped` by it.

        Cost: a gather per edge, dense place and word; a sort of the sparse cells of holders with
        several edges. Edges are looked at piece by piece, so what it needs in between stays small,
        and two pieces at a time, since numpy lets others work while it does.
        """
        dense = np.zeros((*self.dense.shape[:2], len(nodes)), dtype=np.uint64)

        def look(here: slice) -> list[tuple[Keys, Words]]:
            row = self.slot[target[here]]
            useful = np.flatnonzero(self.busy[row])
            row, offset = row[useful], holder[here][useful].astype(np.int64) - nodes.start
            self._put(dense, offset, row)
            cells = self._sparse(offset, row)
            return [(k, m) if change is None else _changed(k, m, change) for k, m in cells]

        stretches = list(_runs_of(holder))
        if len(stretches) > 1:
            with ThreadPoolExecutor(_THREADS) as threads:
                pieces = [piece for found in threads.map(look, stretches) for piece in found]
        else:
            pieces = [piece for here in stretches for piece in look(here)]
        nothing = np.zeros((self.dense.shape[1], 0), dtype=np.uint64)
        table = Table(
            nodes, self.n_places, self.dense_places, dense, np.empty(0, dtype=np.int64), nothing
        )
        if change is not None:
            table = table.mapped(change)
        key, mask = _put_together(pieces, len(table.mask))
        return replace(table, key=key, mask=mask)

    def _put(self, dense: Words, offset: Keys, row: Nodes) -> None:
        """The dense places of some holders."""
        starts = np.flatnonzero(np.diff(offset, prepend=-1))
        if not len(starts):
            return
        for into, column in zip(
            dense.reshape(-1, dense.shape[2]),
            self.dense.reshape(-1, self.dense.shape[2]),
            strict=True,
        ):
            into[offset[starts]] = np.bitwise_or.reduceat(column[row], starts)

    def _sparse(self, offset: Keys, row: Nodes) -> Iterator[tuple[Keys, Words]]:
        """The sparse cells of runs of holders, so many at once."""
        if not len(self.place):
            return
        count = self.first[row + 1] - self.first[row]
        edges = np.flatnonzero(count)
        offset, row, count = offset[edges], row[edges], count[edges]
        total = np.cumsum(count)
        begin = 0
        while begin < len(offset):
            done = total[begin] - count[begin]
            end = int(np.searchsorted(total, done + _PIECE, side="right"))
            # A holder's edges stay together.
            end = int(np.searchsorted(offset, offset[max(end - 1, begin)], side="right"))
            yield self._expanded(offset[begin:end], row[begin:end])
            begin = end

    def _expanded(self, offset: Keys, row: Nodes) -> tuple[Keys, Words]:
        low, high = self.first[row], self.first[row + 1]
        edge, cell = spans(low, high)
        key = (offset * self.n_places)[edge] + self.place[cell]
        mask = self.mask[:, cell]
        # Cells of holders with one edge come sorted; where they are many, only the others are
        # sorted, in place, since every holder's cells lie together.
        same = offset[1:] == offset[:-1]
        if not same.any():
            return key, mask
        mixed = np.zeros(len(offset), dtype=bool)
        mixed[1:] |= same
        mixed[:-1] |= same
        if int((high - low)[mixed].sum()) < len(key) // 2:
            spots = np.flatnonzero(mixed[edge])
            key[spots], mask[:, spots] = _sorted(key[spots], mask[:, spots])
        return combined(key, mask)


def _changed(key: Keys, mask: Words, change: Callable[[Words], Words]) -> tuple[Keys, Words]:
    """Cells with their masks changed, without those that become empty."""
    mask = change(mask)
    used = mask.any(axis=0)
    if np.all(used):
        return key, mask
    kept = np.flatnonzero(used)
    return key[kept], mask[:, kept]


def _put_together(pieces: list[tuple[Keys, Words]], n_words: int) -> tuple[Keys, Words]:
    """Cells one after the other. Takes them out of the list, so that none is there twice."""
    count = sum(len(key) for key, _ in pieces)
    keys, masks = np.empty(count, dtype=np.int64), np.empty((n_words, count), dtype=np.uint64)
    begin = kept = 0
    pieces.reverse()
    while pieces:
        key, mask = pieces.pop()
        here = slice(begin, begin + len(key))
        keys[here], masks[:, here] = key, mask
        begin = here.stop
        del key, mask
        if begin - kept >= _KEPT:
            give_back()
            kept = begin
    return keys, masks


def _runs_of(holder: Nodes) -> Iterator[slice]:
    """Pieces of sorted edges; those of one holder stay together."""
    begin = 0
    while begin < len(holder):
        end = min(begin + _EDGES, len(holder))
        end = int(np.searchsorted(holder, holder[end - 1], side="right"))
        yield slice(begin, end)
        begin = end


def _busiest(place: Keys, n_places: int) -> Keys:
    """The places to keep dense: all if they are few, else those that most nodes have."""
    count = np.bincount(place, minlength=n_places)
    order = np.lexsort((np.arange(n_places), -count))[:_DENSE]
    return np.sort(order[count[order] > 0])
