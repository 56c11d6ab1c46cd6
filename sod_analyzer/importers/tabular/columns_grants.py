"""Grants and rights by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.importers.tabular.engine import KINDS
from sod_analyzer.importers.tabular.facts import Facts, Told, stage
from sod_analyzer.importers.tabular.fields import Read, combine
from sod_analyzer.importers.tabular.options import Relation
from sod_analyzer.importers.tabular.plan import MODES
from sod_analyzer.importers.tabular.statements import Fact, tally
from sod_analyzer.importers.tabular.words import Codes, Flags, Rows, Words, joined, spread
from sod_analyzer.model.access import Hides, NodeKind
from sod_analyzer.model.batch import BatchBuilder


@dataclass(frozen=True, slots=True)
class End:
    """The nodes at one end of the grants of some rows."""

    kind: NodeKind
    ids: pa.Array  # none twice
    counts: Rows | None  # how many each row names; None: one each
    codes: Codes  # of all nodes, in order of rows


def put_grants(
    builder: BatchBuilder,
    relation: Relation,
    holder: End,
    target: End,
    *,
    records: Rows,
    validity: Mapping[str, Any],
    source_id: str,
) -> None:
    """A grant from each holder of a row to each of its targets."""
    holders, targets, rows = holder.codes, target.codes, None
    if holder.counts is not None or target.counts is not None:
        holding = np.ones(len(records), np.int64) if holder.counts is None else holder.counts
        held = np.ones(len(records), np.int64) if target.counts is None else target.counts
        rows, first, second = _pairs(holding, held)
        holders, targets, records = holders[first], targets[second], records[rows]
    columns: dict[str, Any] = {"conditional": False, "eligible": False, "self_granted": False}
    columns |= {name: _column(cells, rows) for name, cells in validity.items()}
    builder.columns(
        "grants",
        len(records),
        holder_kind=str(holder.kind),
        holder=_coded(holders, holder.ids),
        target_kind=str(target.kind),
        target=_coded(targets, target.ids),
        kind=str(KINDS[relation]),
        undecided=False,
        source_id=source_id,
        record=pa.array(records),
        **columns,
    )


def _coded(codes: Codes, values: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32, copy=False)), values)


def _pairs(holding: Rows, held: Rows) -> tuple[Rows, Rows, Rows]:
    """Row, place among all holders and place among all targets of each pair within a row."""
    total = holding * held
    rows = np.repeat(np.arange(len(total)), total)
    place = spread(np.zeros(len(total), np.int64), total)
    width = held[rows]
    first = (np.cumsum(holding) - holding)[rows] + place // width
    second = (np.cumsum(held) - held)[rows] + place % width
    return rows, first, second


def _column(cells: Any, rows: Rows | None) -> Any:
    """Cells as the batch wants them: an array, or what stands in every row."""
    if isinstance(cells, Fact):
        fact = cells if rows is None else cells.of(rows)
        (values,) = fact.cells.values()
        if fact.codes is None:
            return values[0].as_py()
        none = fact.codes < 0
        indices = pa.array(fact.codes, mask=none if none.any() else None)
        return pa.DictionaryArray.from_arrays(indices, values)
    if isinstance(cells, Told):
        known = cells.known if rows is None else cells.known[rows]
        values = cells.values if rows is None else cells.values[rows]
        if not known.any():
            return None
        return pa.array(values, mask=None if known.all() else ~known)
    if np.ndim(cells) == 0:
        return bool(cells)
    return pa.array(cells if rows is None else cells[rows])


def rights(
    reads: Mapping[str, Read],
    facts: Facts,
    known: RightsSoFar,
    *,
    system: str,
    wildcards: bool | None,
) -> tuple[End, Fact, Rows]:
    """The rights of the rows as an end; those that are new as facts, and the row of each.

    Notes modes that are none, and rights that look like wildcards where nobody said what they are.
    """
    modes = _modes(reads, facts)
    actions, resources = reads["permission"], reads["resource"]
    acting, action = _flat_values(actions)
    covered, resource = _flat_values(resources)
    counts = rows = None
    if acting is not None or covered is not None:
        acting = np.ones(facts.count, np.int64) if acting is None else acting
        covered = np.ones(facts.count, np.int64) if covered is None else covered
        rows, first, second = _pairs(acting, covered)
        counts, action, resource = acting * covered, action[first], resource[second]
        modes = modes if modes is None or rows is None else modes[rows]
    names, places = actions.words.values, resources.words.values
    starred = pc.match_substring(names, "*").to_numpy(zero_copy_only=False)
    if wildcards is None and starred.any():
        _note_wildcards(facts, names, action, starred=starred, rows=rows)
    columns = [(action, len(names)), (resource, len(places))]
    if modes is not None:
        columns.append((modes, len(MODES)))
    codes, firsts = combine(columns)
    mode = np.zeros(len(firsts), np.int32) if modes is None else modes[firsts]
    key = action[firsts].astype(np.int64) * len(places) + resource[firsts]
    number, new = known.numbers((actions.words, resources.words), key * len(MODES) + mode)
    suffixes = pa.array(["", *(f" ({each})" for each in MODES[1:])])
    stated = firsts[new]
    told = {
        "action": names.take(pa.array(action[stated])),
        "resource": places.take(pa.array(resource[stated])),
        "mode": pa.array(MODES).take(pa.array(mode[new])),
        "wildcard": pa.array(starred[action[stated]] & (wildcards is not False)),
    }
    suffix = suffixes.take(pa.array(mode[new]))
    told["entitlement"] = joined(f"{system}:", told["action"], "@", told["resource"], suffix)
    ids = known.ids(told["entitlement"], number)
    # `a@b` on `c` and `a` on `b@c` are two entitlements of one id.
    distinct = ids.dictionary_encode()
    meant = codes
    if len(distinct.dictionary) < len(ids):
        meant, ids = np.asarray(distinct.indices)[codes], distinct.dictionary
    order = np.argsort(stated, kind="stable")
    stating: Rows = (stated[order] if rows is None else rows[stated[order]]).astype(np.int64)
    fact = Fact(told, order.astype(np.int32))
    return End(NodeKind.ENTITLEMENT, ids, counts, meant), fact, stating


class RightsSoFar:
    """The rights that the blocks of a file have named, so that each is stated once.

    Where the texts of a block are others than those of the one before, it starts anew.
    """

    def __init__(self) -> None:
        self._words: tuple[Words, ...] = ()
        self._keys = pa.array([], pa.int64())
        self._ids = pa.array([], pa.string())

    def numbers(self, words: tuple[Words, ...], keys: Rows) -> tuple[Codes, Rows]:
        """The number of each of these rights, none of them twice; and where the new ones stand."""
        if len(words) != len(self._words) or any(
            one is not other for one, other in zip(words, self._words, strict=True)
        ):
            self._words, self._keys, self._ids = words, self._keys[:0], self._ids[:0]
        told = pa.concat_arrays([self._keys, pa.array(keys)]).dictionary_encode()
        number = np.asarray(told.indices)[len(self._keys) :]
        new = np.flatnonzero(number >= len(self._keys))
        self._keys = told.dictionary
        return number, new

    def ids(self, new: pa.Array, numbers: Codes) -> pa.Array:
        """The ids of rights with these numbers, after those of the new ones were told."""
        self._ids = pa.concat_arrays([self._ids, new])
        return new if len(new) == len(numbers) else self._ids.take(pa.array(numbers))


def _flat_values(read: Read) -> tuple[Rows | None, Codes]:
    """How many values each row has, and all of them in order of rows."""
    counts, words = read.flat()
    value_of = read.words.value_of
    return counts, words if value_of is None else value_of[words]


def _modes(reads: Mapping[str, Read], facts: Facts) -> Codes | None:
    """The mode of each row's right, as a place in `MODES`; None where all are the first."""
    if "mode" not in reads:
        return None
    read = reads["mode"]
    words = [word.lower() for word in read.words.values.to_pylist()]
    known = [MODES.index(word) if word in MODES else 0 for word in words]
    strange = np.array([word not in MODES for word in words] + [False])
    by_text = read.by_text()
    for text, row, times in read.tally(strange[by_text]):
        word = read.value_of(text)
        facts.notes.add(
            "unknown-value",
            f"'{word}' is no mode of a right ({', '.join(MODES)}); taken as {MODES[0]}, "
            "so that the access counts",
            subject=word,
            hides=Hides.NO,
            stage=stage("mode"),
            row=row,
            times=times,
        )
    found = np.array([*known, 0], dtype=np.int32)[by_text]
    return np.asarray(np.broadcast_to(read.pick(found), facts.count))


def _note_wildcards(
    facts: Facts, names: pa.Array, action: Codes, *, starred: Flags, rows: Rows | None
) -> None:
    """Notes each right with a star; `rows` has the row of each, if they are not one per row."""
    places = np.flatnonzero(starred[action])
    if not len(places):
        return
    counts, first = tally(action[places], len(names))
    for code in np.flatnonzero(counts).tolist():
        place = int(places[first[code]])
        word = names[code].as_py()
        facts.notes.add(
            "wildcard-not-stated",
            f"'{word}' was taken as a wildcard; state wildcards: true or false",
            subject=word,
            hides=Hides.NO,
            stage=stage("wildcard", place),
            row=place if rows is None else int(rows[place]),
            times=int(counts[code]),
        )
