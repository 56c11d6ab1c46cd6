"""Grants and derivations as they come in: two numbers, a record and a case per row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.assemble.columns import Codes, Flags, Numbers, looked_up, ordering
from sod_analyzer.assemble.facts import NO_RECORD, Facts, Ordered
from sod_analyzer.assemble.ids import Ids
from sod_analyzer.assemble.lots import EdgeRows, Lots, Ties
from sod_analyzer.assemble.slim import SlimTable, edge_table
from sod_analyzer.model.access import NODE_KINDS, NodeKind
from sod_analyzer.model.memory import give_back

#: Edges are sorted by their ends and then by their records, so that the first row of an edge
#: states it in the smallest record. What else they say comes last.
_BEFORE_RECORD = ("kind", "part", "source_id")
_KINDS: Mapping[str, int] = {str(kind): n for n, kind in enumerate(NODE_KINDS)}
#: Sorts before every record.
_NO_RECORD = -(2**62)
#: Rows that become a part: what telling their facts apart takes is several times a part.
_TOGETHER = 2**19
#: Rows that go to their lots before the memory that they took is given back.
_GIVEN_BACK = 2**20
#: Lists of ids of which the codes are remembered: batches of one file share theirs.
_REMEMBERED = 4

Integers = npt.NDArray[np.integer]
Slim = type[np.uint16] | type[np.int32]
Places = Mapping[NodeKind, Codes]  # by kind and number of the id: its code, or -1
Place = tuple[str | None, int | None]  # source id and record


@dataclass(frozen=True, slots=True)
class _End:
    """Holders or targets of some rows, as places in a list of ids."""

    ids: Mapping[int, Codes]  # by kind: number of each id of the list
    at: Codes  # place in the list, by row
    kind: npt.NDArray[np.int8] | None  # by row; None if there is only one

    def places(self, known: _Known) -> Codes:
        """What `known` has for the id and kind of each row."""
        if self.kind is None:
            ((kind, ids),) = self.ids.items()
            return looked_up(known.of(kind, ids), self.at)
        found = np.empty(len(self.at), dtype=np.int32)
        for kind, rows in self.rows():
            found[rows] = known.of(kind, self.ids[kind])[self.at[rows]]
        return found

    def rows(self) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
        """The kinds there are, and the rows of each."""
        for kind in self.ids:
            alone = self.kind is None
            yield kind, np.arange(len(self.at)) if alone else np.flatnonzero(self.kind == kind)

    def among(self, kinds: Flags) -> Flags:
        """Whether the kind of each row is one of these; one answer may stand for all rows."""
        if self.kind is None:
            return kinds[list(self.ids)]
        found: Flags = kinds[self.kind]
        return found

    def lacking(self, known: _Known) -> Flags | None:
        """Which rows name an id that `known` lacks; None for none.

        Cost: looks at no row where every id of the list is known, as is the rule.
        """
        found: Flags | None = None
        for kind, ids in self.ids.items():
            absent = known.lacks(kind, ids)
            if absent is None:
                continue
            rows: Flags = absent[self.at]
            if self.kind is not None:
                rows &= self.kind == kind
            found = rows if found is None else found | rows
        return found if found is not None and found.any() else None


class _Known:
    """What is known of ids by their numbers, for the lists of ids that parts share."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # The lists stay referenced, so that none of these addresses is given out again.
        self._lists: dict[tuple[int, int, int], tuple[Codes, Codes]] = {}
        self._lacking: dict[tuple[int, int, int], tuple[Codes, Flags | None]] = {}

    def of(self, kind: int, ids: Codes) -> Codes:
        """What is known of each id of a list."""
        at = (kind, ids.ctypes.data, len(ids))
        if at not in self._lists:
            if len(self._lists) > _REMEMBERED:
                del self._lists[next(iter(self._lists))]
            self._lists[at] = ids, self._places[NODE_KINDS[kind]][ids]
        return self._lists[at][1]

    def lacks(self, kind: int, ids: Codes) -> Flags | None:
        """Which ids of a list are not known; None for none."""
        at = (kind, ids.ctypes.data, len(ids))
        if at not in self._lacking:
            absent = self._places[NODE_KINDS[kind]][ids] < 0
            self._lacking[at] = ids, absent if absent.any() else None
        return self._lacking[at][1]


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that came together. Ends are node codes where those are known already."""

    holder: _End | Codes
    target: _End | Codes
    fact: Integers
    record: Integers  # 0 where there is none


class Edges:
    """Collects the rows of one kind of edge table, and makes its snapshot table.

    Cost: some 16 bytes per row while rows come in, and one sort of integers at the end.
    """

    def __init__(self, schema: pa.Schema, pools: Mapping[NodeKind, Ids]) -> None:
        self._schema = schema
        self._names = [n for n in schema.names if n not in {"holder", "target", "record"}]
        told = [schema.field(name) for name in self._names]
        self._facts = Facts(pa.schema([*told, pa.field(NO_RECORD, pa.bool_())]))
        self._pools = pools
        self._parts: list[_Part] = []

    def add(self, table: pa.Table) -> None:
        """Rows of a batch table.

        Raises:
            ValueError: a row has no holder or target, or one of no known kind.
        """
        for batch in table.to_batches(max_chunksize=_TOGETHER):
            if batch.num_rows:
                self._put(self._end(batch, "holder"), self._end(batch, "target"), batch)

    def add_coded(self, holder: Codes, target: Codes, rest: pa.Table) -> None:
        """Rows between nodes whose codes are known; `rest` has the other columns."""
        begin = 0
        for batch in rest.to_batches():
            span = slice(begin, begin + batch.num_rows)
            if batch.num_rows:
                self._put(holder[span], target[span], batch)
            begin += batch.num_rows

    def _put(self, holder: _End | Codes, target: _End | Codes, batch: pa.RecordBatch) -> None:
        column = batch.column("record")
        columns = [*(batch.column(name) for name in self._names), column.is_null()]
        fact = self._facts.add(pa.record_batch(columns, names=[*self._names, NO_RECORD]))
        record = np.asarray(column.fill_null(0) if column.null_count else column)
        self._parts.append(_Part(holder, target, fact, _slim(record)))

    def _end(self, batch: pa.RecordBatch, name: str) -> _End:
        kinds, column = batch.column(f"{name}_kind"), batch.column(name)
        if column.null_count or kinds.null_count:
            raise ValueError(f"an edge has no {name}, or one of no kind")
        known = np.array([_KINDS.get(word, -1) for word in kinds.dictionary.to_pylist()], np.int8)
        place, at = np.asarray(kinds.indices), np.asarray(column.indices)
        several = None if place.min() == place.max() else known[place]
        found = (
            known[place[:1]] if several is None else np.flatnonzero(np.bincount(several + 1)) - 1
        )
        if found[0] < 0:
            raise ValueError(f"an edge has a {name} of no known kind: {', '.join(_KINDS)}")
        ids = {n: self._pools[NODE_KINDS[n]].of(column.dictionary) for n in found.tolist()}
        if any(len(each) and each.min() < 0 and each[at].min() < 0 for each in ids.values()):
            raise ValueError(f"an edge has no {name}")
        return _End(ids, at, several)

    def undescribed(self, known: Places) -> Mapping[NodeKind, Mapping[int, Place]]:
        """The ids that rows name and `known` lacks, with the smallest record that names them."""
        found: dict[NodeKind, list[tuple[Codes, Integers, Integers]]] = {}
        lists = _Known(known)
        for part in self._parts:
            for end in (part.holder, part.target):
                lacks = end.lacking(lists) if isinstance(end, _End) else None
                if lacks is None or not isinstance(end, _End):
                    continue
                for n, of_kind in end.rows():
                    rows = of_kind[lacks[of_kind]]
                    ids = end.ids[n][end.at[rows]]
                    if len(rows):
                        piece = ids, part.fact[rows], part.record[rows]
                        found.setdefault(NODE_KINDS[n], []).append(piece)
        return {kind: self._smallest(pieces) for kind, pieces in found.items()}

    def _smallest(self, pieces: list[tuple[Codes, Integers, Integers]]) -> Mapping[int, Place]:
        ids, facts, records = (np.concatenate(each) for each in zip(*pieces, strict=True))
        cases = self._facts.so_far()
        source, rank = cases.column("source_id"), _ranked(cases.column("source_id"))
        absent = np.asarray(cases.column(NO_RECORD).to_numpy(), dtype=np.bool_)[facts]
        number = np.where(absent, -1, records.astype(np.int64))
        order, _ = ordering([ids.astype(np.int64), rank[facts], number], count=len(ids))
        first = order[np.append(True, np.diff(ids[order]) != 0)]
        return {
            int(ids[row]): (
                source[int(facts[row])].as_py(),
                None if absent[row] else int(records[row]),
            )
            for row in first.tolist()
        }

    def targets(
        self,
        *,
        of: NodeKind | None = None,
        holders: Collection[NodeKind] | None = None,
        kinds: Collection[str] | None = None,
    ) -> Flags:
        """By number of an id, whether an edge with such holders and of such a kind leads to it.

        `of` is the kind of the target, which is no identity. Without one of these, any will do.
        Edges between nodes whose codes were known do not count.
        """
        flags = np.zeros(len(self._pools[NodeKind.ROLE]), dtype=np.bool_)
        words = self._facts.so_far().column("kind").to_pylist()
        fitting = np.array([kinds is None or word in kinds for word in words], dtype=np.bool_)
        wanted = np.array([holders is None or kind in holders for kind in NODE_KINDS])
        for part in self._parts if fitting.any() else ():
            holder, target = part.holder, part.target
            if not isinstance(holder, _End) or not isinstance(target, _End):
                continue
            some = fitting[part.fact] & holder.among(wanted)
            for n, rows in target.rows():
                kind = NODE_KINDS[n]
                if kind is of or (of is None and kind is not NodeKind.IDENTITY):
                    flags[target.ids[n][target.at[rows[some[rows]]]]] = True
        return flags

    def table(self, known: Places) -> pa.Table | SlimTable:
        """All rows with codes for ids, in canonical order, exact repeats once.

        Empties the collection, which saves the memory of the rows.
        """
        before = [name for name in _BEFORE_RECORD if name in self._names]
        facts = self._facts.done(first=before)
        parts, self._parts = self._parts, []
        give_back()
        rows = _rows(parts, facts, known)
        give_back()
        rows.sort(Ties([facts.ranks(n) for n in before], facts.known_records(), _NO_RECORD))
        give_back()
        return edge_table(rows, facts, self._schema)


def _rows(parts: list[_Part], facts: Ordered, known: Places) -> EdgeRows:
    """All rows, lot by lot. Takes the parts out of their list, to save memory."""
    slim: Slim = np.uint16 if len(facts.number) < 2**16 else np.int32
    wide = any(part.record.dtype == np.int64 for part in parts)
    number = facts.number.astype(slim)
    lists = _Known(known)
    for n, part in enumerate(parts):
        parts[n] = replace(part, holder=_codes(part.holder, lists))
        del part
    lots = Lots([part.holder for part in parts if not isinstance(part.holder, _End)])
    rows = EdgeRows(lots, fact=np.dtype(slim), record=np.dtype(np.int64 if wide else np.int32))
    parts.reverse()
    done = 0
    while parts:
        part = parts.pop()
        done += len(part.fact)
        target = _codes(part.target, lists)
        rows.put(_codes(part.holder, lists), target, looked_up(number, part.fact), part.record)
        del part, target
        if done > _GIVEN_BACK:
            # What they took is free now, and still counted as ours.
            give_back()
            done = 0
    return rows


def _codes(end: _End | Codes, known: _Known) -> Codes:
    """The codes of the nodes at an end."""
    codes = end.places(known) if isinstance(end, _End) else end
    if len(codes) and codes.min() < 0:
        raise ValueError("an edge has an end that is no node")
    return codes


def _ranked(source: pa.ChunkedArray) -> Numbers:
    """Numbers that sort as source ids do, null like an empty one."""
    texts = source.fill_null("").to_pylist()
    place = {text: n for n, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts], dtype=np.int64)


def _slim(record: Integers) -> Integers:
    """Records in four bytes each, if they fit."""
    if len(record) and record.min() >= -(2**31) and record.max() < 2**31:
        return record.astype(np.int32)
    return record
