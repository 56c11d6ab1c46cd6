"""What is not so yet: what sleeping accounts and own changes would break, what nobody places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.texts import dense, lists, offsets_of, put, taken, words
from sod_analyzer.compose.words import LISTED, listed
from sod_analyzer.detect.combination import rule_lens
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.evaluate.lens import COUNTED, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Facts, Flow, Keys, among, distinct, spans
from sod_analyzer.graph.edges import Edges, Flag
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import PLACE_ALL
from sod_analyzer.model.ruleset import Duty, Holder, Means, RuleKind

Row = dict[str, Any]
Bits = npt.NDArray[np.bool_]

#: Kinds of rule that an account which sleeps, or a change of one's own, could break.
_ABOUT_SUBJECTS = frozenset({RuleKind.COMBINATION, RuleKind.ONLY, RuleKind.MAY_HOLD_ONLY})


def would_be(judge: Judge, names: Names, results: Iterable[RuleResult]) -> Mapping[str, pa.Array]:
    """The columns of `DORMANT`: what a dormant account used again, or a change, would break.

    Cost: what the wider lenses see of each rule, then of what they see beyond it.
    """
    results = list(results)
    rule, code, place, own = (
        np.concatenate(column) for column in zip(*_found(judge, results), strict=True)
    )
    subjects = distinct(code)
    number = np.searchsorted(subjects, code)
    accounts, listing = _asleep(judge, names, subjects)
    ids = [result.rule.rule_id for result in results]
    by_id = {rule_id: n for n, rule_id in enumerate(sorted(ids))}
    places = judge.engine.columns.atlas.places
    spots, (spot,) = dense(judge.engine.n_places + 1, place)
    keys = [PLACE_ALL if n == len(places) else places[n].label for n in spots.tolist()]
    ranked = {key: n for n, key in enumerate(sorted(set(keys)))}
    called = names.names(subjects)
    # "could become …" comes before "if re-enabled …".
    order = np.lexsort(
        (
            np.where(own > 0, 0, _rank(listing)[number]),
            np.array([ranked[key] for key in keys], dtype=np.int64)[spot],
            _rank(called)[number],
            np.array([by_id[rule_id] for rule_id in ids], dtype=np.int64)[rule],
        )
    )
    number, taken = number[order], pa.array(number[order])
    dormant = put(["if re-enabled: ", listing], len(subjects)).take(taken)
    could = "could become a violation by one own change"
    return {
        "rule_id": words(rule[order], ids),
        "subject": names.ids(subjects).take(taken),
        "name": called.take(taken),
        "place": words(spot[order], keys),
        "accounts": accounts.take(taken),
        "why": pc.if_else(pa.array(own[order] > 0), could, dormant),
    }


def _rank(texts: pa.Array) -> Keys:
    """The place of each text among the distinct ones, from 1 on."""
    rank = pc.rank(texts, sort_keys="ascending", tiebreaker="dense")
    return np.asarray(rank.to_numpy(), dtype=np.int64)


#: By rule: its number, subjects, places, and whether by a change of their own.
_Piece = tuple[Keys, Keys, Keys, Keys]


def _found(judge: Judge, results: Iterable[RuleResult]) -> Iterator[_Piece]:
    empty = np.empty(0, dtype=np.int64)
    yield empty, empty, empty, empty
    further = _Further(judge)
    for number, result in enumerate(results):
        if result.rule.kind not in _ABOUT_SUBJECTS or result.rule.holder is not Holder.IDENTITY:
            continue
        lens = rule_lens(result.rule)
        wider = [(replace(lens, dormant=True), Flag.DORMANT)]
        if lens.means is not Means.SELF_GRANT:
            # Whoever may change something may activate something, too.
            flags = Flag.SELF_GRANTED | (Flag(0) if lens.flags & Flag.ELIGIBLE else Flag.ELIGIBLE)
            wider.append((replace(lens, means=Means.SELF_GRANT, changes=1), flags))
        for each, flags in wider:
            if judge.engine.same(each, lens):
                continue
            subject, place = further.beyond(result, each, flags)
            code = judge.subjects.start + subject
            by_change = np.full(len(code), int(Flag.SELF_GRANTED in flags))
            yield np.full(len(code), number), code, place, by_change


class _Further:
    """What wider lenses see, of those who come to any grant that only they let in."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._holdings: dict[Flag, Mapping[Lens, Holding]] = {}

    def beyond(self, result: RuleResult, lens: Lens, flags: Flag) -> tuple[Keys, Keys]:
        """The subjects and places that a lens sees and the rule's own does not.

        `flags` are what grants may carry that only the wider one lets in.
        """
        judge = self._judge
        stride = judge.engine.n_places + 1
        broken = result.subject[result.broken] * stride + result.place[result.broken]
        everywhere = broken[broken % stride == judge.engine.n_places] // stride
        if flags not in self._holdings:
            self._holdings[flags] = judge.narrowed(coming_to(judge, flags))
        subject, place = judge.places_seen(result.rule, lens, self._holdings[flags])
        further = ~among(subject * stride + place, broken) & ~among(subject, everywhere)
        return subject[further], place[further]


def coming_to(judge: Judge, flags: Flag) -> Keys:
    """Identities, by offset, who come to a grant that carries a flag and leads to a duty.

    Errs: names more than those, since it looks at no other flag on the way.
    """
    engine = judge.engine
    edges, roles = engine.edges, engine.roles
    every = np.ones(len(edges), dtype=bool)
    leads = np.zeros(edges.n_nodes, dtype=bool)
    # Accounts may always lead to a duty; of roles and rights it is known.
    leads[: roles.start] = True
    leads[np.asarray(engine.columns.possible.node)] = True
    inner = slice(int(edges.leaving[roles.start]), len(edges))
    while _step(edges, leads, every, inner):
        pass
    carry = np.flatnonzero((edges.flags & int(flags)) != 0)
    comes = np.zeros(edges.n_nodes, dtype=bool)
    comes[edges.holder[carry[leads[edges.target[carry]]]]] = True
    _spread(edges, comes, every, inner)
    people = judge.subjects
    return np.flatnonzero(comes[people.start : people.stop])


def _asleep(judge: Judge, names: Names, codes: Keys) -> tuple[pa.Array, pa.Array]:
    """The sleeping accounts of some identities: all of them, null for none; and as a list."""
    edges = judge.engine.edges
    row, edge = spans(
        edges.leaving[codes].astype(np.int64), edges.leaving[codes + 1].astype(np.int64)
    )
    asleep = (edges.flags[edge] & int(Flag.DORMANT)) != 0
    pair = distinct(row[asleep] * edges.n_nodes + edges.target[edge[asleep]])
    row, texts = pair // edges.n_nodes, names.ids(pair % edges.n_nodes)
    order = pc.sort_indices(
        pa.table({"row": row, "text": texts}), [("row", "ascending"), ("text", "ascending")]
    )
    row, texts = row[order.to_numpy()], texts.take(order)
    first = offsets_of(row, len(codes))
    every = lists(first, texts, "; ")
    count = np.diff(first)
    if not (count > LISTED).any():
        listing = every
    else:
        few = np.flatnonzero(np.arange(len(row)) - first[row] < LISTED)
        tail = [f"; and {n - LISTED} more" if n > LISTED else "" for n in count.tolist()]
        shown = lists(offsets_of(row[few], len(codes)), texts.take(pa.array(few)), "; ")
        listing = put([shown, pa.array(tail)], len(codes))
    return pc.if_else(pa.array(count > 0), every, None), listing


# -- what no application claims --------------------------------------------------------------------


def unmapped(judge: Judge, names: Names, duties: Mapping[str, Duty]) -> list[Row]:
    """Every resource that no application claims and on which somebody could perform a duty.

    Cost: one pass over the rights that a duty asks for, and a few over the edges.
    """
    engine = judge.engine
    spots = sorted(engine.columns.unmapped)
    if not spots:
        return []
    number = {spot: n for n, spot in enumerate(spots)}
    rights = distinct(np.asarray(engine.columns.possible.node, dtype=np.int64))
    systems, resources = _placed(engine, rights)
    seeds = np.array(
        [
            right * len(spots) + number[pair]
            for right, pair in zip(
                rights.tolist(), zip(systems, resources, strict=True), strict=True
            )
            if pair in number
        ],
        dtype=np.int64,
    )
    flow = _towards(engine, seeds // len(spots))
    reached = flow.spread(Facts.of(len(spots), seeds, np.zeros(len(seeds), dtype=np.int64)))
    people = reached.within(judge.subjects)
    parts_of: dict[int, str] = {}
    for way in engine.columns.ways:
        if way.base in duties:
            parts_of.update(dict.fromkeys(way.parts, way.base))
    spot, node = people.column, people.node
    order = np.argsort(spot, kind="stable")
    first = offsets_of(spot[order], len(spots))
    rank = np.argsort(names.by_name, kind="stable")
    rows = []
    for n, (system, resource) in enumerate(spots):
        mine = node[order[first[n] : first[n + 1]]]
        shown = mine[np.argsort(rank[mine - judge.subjects.start], kind="stable")[:LISTED]]
        acts = sorted({parts_of[part] for part in engine.columns.unmapped[system, resource]})
        rows.append(
            {
                "system": system,
                "resource": resource,
                "duties": "; ".join(acts),
                "holders": len(mine),
                "people": listed(names.names(shown).to_pylist(), more=len(mine) - len(shown))
                or None,
            }
        )
    return rows


def _towards(engine: Engine, rights: Keys) -> Flow:
    """The edges on which anyone comes to some rights, for facts to flow along.

    Those of roles are looked at until nothing changes; those of people and accounts, which are
    many and mostly lead nowhere, only then.
    """
    edges = engine.edges
    allowed = edges.allowed(COUNTED.flags)
    reaches = np.zeros(edges.n_nodes, dtype=bool)
    reaches[rights] = True
    inner = slice(int(edges.leaving[engine.roles.start]), len(edges))
    _spread(edges, reaches, allowed, inner)
    chosen = np.flatnonzero(allowed & reaches[edges.target])
    return Flow(edges.n_nodes, edges.holder[chosen], edges.target[chosen])


def _spread(edges: Edges, reaches: Bits, allowed: Bits, inner: slice) -> None:
    """Mark whoever comes to what is marked; `inner` are the edges of roles."""
    while True:
        while _step(edges, reaches, allowed, inner):
            pass
        if not _step(edges, reaches, allowed, slice(0, inner.start)):
            break


def _step(edges: Edges, reaches: Bits, allowed: Bits, among_: slice) -> bool:
    """Mark the holders of what is marked; whether any of them is new."""
    holder = edges.holder[among_][allowed[among_] & reaches[edges.target[among_]]]
    fresh = ~reaches[holder]
    reaches[holder] = True
    return bool(fresh.any())


def _placed(engine: Engine, rights: Keys) -> tuple[list[str], list[str]]:
    """The system and the resource of each right."""
    rows = rights - engine.snapshot.ranges[NodeKind.ENTITLEMENT].start
    table = engine.snapshot["entitlements"]
    system, resource = (taken(table.column(name), rows) for name in ("system", "resource"))
    return system.to_pylist(), resource.to_pylist()


def open_environments(engine: Engine) -> list[tuple[str, str]]:
    """Resources on which a duty of some environment is possible, and nobody says which it is in."""
    columns = engine.columns
    places = columns.atlas.places
    n_places, n_parts = len(places), engine.n_parts
    known, maybe = (
        (np.asarray(cells.node, dtype=np.int64) * n_places + cells.place) * n_parts + cells.part
        for cells in (columns.sure, columns.possible)
    )
    anywhere = np.array([place.kind is PlaceKind.ANYWHERE for place in places])
    open_ = ~among(maybe, np.sort(known)) & anywhere[columns.possible.place]
    rights = distinct(np.asarray(columns.possible.node, dtype=np.int64)[open_])
    return sorted(set(zip(*_placed(engine, rights), strict=True)))
