"""Why legs are not certain, by column: each reason told once."""

from __future__ import annotations

import numpy as np

from sod_analyzer.compose.gathered import DROPPED, PENDING, Gathered
from sod_analyzer.compose.legs import Told
from sod_analyzer.compose.texts import NOTHING, Lexicon, distinct_rows, lists, offsets_of, put
from sod_analyzer.compose.trace import UNDECIDED_GRANT, UNDECIDED_LINK
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import GrantKind


def leg_reasons(told: Told, gathered: Gathered) -> Keys:
    """For each leg, the number of why it is unknown; `NOTHING` where it is not.

    Cost: texts once per distinct account whose link is undecided, and once per distinct
    combination of duty and rights.
    """
    legs = told.legs
    reason = np.full(len(legs), NOTHING, dtype=np.int64)
    said = (legs.witness < 0) | (legs.shown >= 0)
    reason[said] = legs.blank[said]
    open_ = np.flatnonzero(~said & ~legs.sure & (legs.blank != DROPPED))
    if len(open_):
        lost = gathered.spots.place[legs.spot[open_]] == told.tracer.engine.unmapped
        reason[open_] = _doubts(told, gathered, open_, lost)
    return reason


def _doubts(told: Told, gathered: Gathered, rows: Keys, lost: Keys) -> Keys:
    witness = told.legs.witness[rows]
    node, edge = (each[witness] for each in _undecided(told))
    reason = np.full(len(rows), NOTHING, dtype=np.int64)
    linked = np.flatnonzero(node >= 0)
    if len(linked):
        held = told.steps.near.kind[told.steps.near_edge][edge] == KINDS.index(GrantKind.HOLDS)
        for mine, said in (
            (linked[held[linked]], UNDECIDED_LINK),
            (linked[~held[linked]], UNDECIDED_GRANT),
        ):
            if not len(mine):
                continue
            nodes = distinct(node[mine])
            texts = put([told.tracer.names.ids(nodes), said], len(nodes))
            reason[mine] = gathered.reasons.take_in(texts) + np.searchsorted(nodes, node[mine])
    rest = np.flatnonzero(node < 0)
    if len(rest):
        reason[rest] = _by_rights(told, gathered, rows[rest], lost[rest])
    return reason


def _undecided(told: Told) -> tuple[Keys, Keys]:
    """By witness, what is behind its first undecided edge, and that edge; -1 where all are sure."""
    steps = told.steps
    flags = steps.near.flags[steps.near_edge]
    hops = np.flatnonzero((flags[steps.number] & int(Flag.UNDECIDED)) != 0)
    node = np.full(len(told.legs.witnesses), -1, dtype=np.int64)
    # The first of each witness is written last.
    node[told.owner[hops[::-1]]] = steps.target[steps.number[hops[::-1]]]
    edge = np.full(len(told.legs.witnesses), -1, dtype=np.int64)
    edge[told.owner[hops[::-1]]] = steps.number[hops[::-1]]
    return node, edge


def _by_rights(told: Told, gathered: Gathered, rows: Keys, lost: Keys) -> Keys:
    witnesses = told.legs.witnesses
    ends = np.flatnonzero(np.append(witnesses.hop[1:] == 1, True))
    runs = np.bincount(told.owner[ends], minlength=len(witnesses))
    first = np.cumsum(runs) - runs
    witness = told.legs.witness[rows]
    count = runs[witness]
    rights = np.full((len(rows), int(count.max())), -1, dtype=np.int64)
    for part in range(rights.shape[1]):
        mine = np.flatnonzero(count > part)
        end = ends[first[witness[mine]] + part]
        rights[mine, part] = told.steps.target[told.steps.number[end]]
    duty = told.legs.duty[rows]
    shown, code = distinct_rows([duty, lost, *rights.T])
    texts = [
        told.tracer.doubt(
            [right for right in rights[row].tolist() if right >= 0],
            gathered.duties[duty[row]],
            lost=bool(lost[row]),
        )
        for row in shown.tolist()
    ]
    return gathered.reasons.numbers(texts)[code]


def spot_reasons(told: Told, reasons: Keys, stated: Keys, lexicon: Lexicon) -> Keys:
    """For each spot, why it is not evaluable: as stated, else what its legs say, each once."""
    legs = told.legs
    result = stated.copy()
    result[stated == PENDING] = lexicon.number("")
    mine = (reasons >= 0) & (legs.shown < 0) & (stated[legs.spot] == PENDING)
    spot, reason = legs.spot[mine], reasons[mine]
    if not len(spot):
        return result
    starts = np.flatnonzero(np.diff(spot, prepend=-1))
    result[spot[starts]] = reason[starts]
    least, most = np.minimum.reduceat(reason, starts), np.maximum.reduceat(reason, starts)
    several = np.zeros(len(stated), dtype=bool)
    several[spot[starts[least != most]]] = True
    rows = np.flatnonzero(several[spot])
    if len(rows):
        where, numbers = _joined(spot[rows], reason[rows], lexicon)
        result[where] = numbers
    return result


def _joined(spot: Keys, reason: Keys, lexicon: Lexicon) -> tuple[Keys, Keys]:
    """Spots that have several reasons, and the number of these in one text."""
    order = np.lexsort((np.arange(len(spot)), reason, spot))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (spot[order][1:] != spot[order][:-1]) | (reason[order][1:] != reason[order][:-1])
    kept = np.sort(order[fresh])
    where = distinct(spot[kept])
    owner = np.searchsorted(where, spot[kept])
    texts = lexicon.array().take(reason[kept])
    joined = lists(offsets_of(owner, len(where)), texts, "; ").dictionary_encode()
    return where, joined.indices.to_numpy() + lexicon.take_in(joined.dictionary)
