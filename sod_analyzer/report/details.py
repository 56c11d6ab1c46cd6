"""What opens under the findings of the page: places, holders and their paths, cut to its limits.

Only rows that are shown become Python objects; what is counted is counted by column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from sod_analyzer.model.finding import Report
from sod_analyzer.report import facts
from sod_analyzer.report.columns import (
    Codes,
    Owners,
    distinct_words,
    flat,
    order_by,
    runs,
    taken,
    taken_rows,
)
from sod_analyzer.report.drawing import Edge, Lane, Node, drawing
from sod_analyzer.report.joined import hop_rows_at
from sod_analyzer.report.ties import ties_of


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows the page shows before it counts the rest."""

    findings: int = 2_000
    folded: int = 50  # under one finding
    places: int = 4  # of one finding, drawn with their paths
    holders: int = 6  # of one place, drawn with their paths
    named: int = 500  # of one place, named beside those
    people: int = 500
    rows: int = 500  # of any other table


@dataclass(frozen=True, slots=True)
class Some:
    """The first rows of a table, and how many it has."""

    rows: list[dict[str, Any]]
    total: int

    @property
    def more(self) -> int:
        """How many are left out."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class HolderView:
    """How one holder comes to duties in a place, drawn."""

    name: str
    node_id: str
    duties: str
    legs: list[dict[str, Any]]
    hops: list[dict[str, Any]]
    picture: Markup


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of a finding: its subject's paths, or those of everybody who counts there."""

    facts: dict[str, Any]
    several: bool  # whether the holders are others than the subject
    duties: int  # how many different ones
    holders: list[HolderView]
    left_out: list[HolderView]  # named, not drawn
    unnamed: int  # holders that are neither


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, with what opens under it."""

    facts: dict[str, Any]
    rank: int
    places: list[PlaceView]
    place_rows: Some
    folded: Some


class Firsts:
    """The first rows of each owner, and how many each has; an owner of -1 is nobody."""

    def __init__(self, owner: Owners, owners: int, most: int) -> None:
        owned = np.flatnonzero(owner >= 0)
        order = owned[order_by(owner[owned])]
        self._totals = np.bincount(owner[order], minlength=owners)
        begins = np.cumsum(self._totals) - self._totals
        kept = np.arange(len(order)) - begins[owner[order]] < most
        self.rows = order[kept]
        self._ends = np.cumsum(np.concatenate([[0], np.minimum(self._totals, most)]))

    def span(self, number: int) -> slice:
        """Where the rows of one owner stand among `rows`."""
        return slice(int(self._ends[number]), int(self._ends[number + 1]))

    def total(self, number: int) -> int:
        """How many rows the owner has."""
        return int(self._totals[number])


class Details:
    """Places, legs and hops of the findings shown."""

    def __init__(self, report: Report, chosen: Owners, limits: Limits) -> None:
        ties = ties_of(report.tables)
        self._limits = limits
        owner = _numbers(chosen, report["violations"].num_rows)[ties.of_place]
        most = max(limits.folded, limits.places)
        self._listed = Firsts(owner, len(chosen), most)
        self._places = facts.rows(taken_rows(report["places"], self._listed.rows))
        drawn = Firsts(owner, len(chosen), limits.places)
        self._drawn = drawn
        self._holders = _Holders(report, drawn.rows, limits)

    def view(self, row: dict[str, Any], number: int, folded: Some) -> FindingView:
        """The finding that was chosen as that number."""
        span = self._drawn.span(number)
        places = self._places[self._listed.span(number)]
        ranks = facts.SEVERITIES
        severity = row["severity"]
        return FindingView(
            facts=row,
            rank=len(ranks) - ranks.index(severity) if severity in ranks else 0,
            places=[
                self._holders.view(row, place, spot)
                for place, spot in zip(places, range(span.start, span.stop), strict=False)
            ],
            place_rows=Some(places[: self._limits.folded], self._listed.total(number)),
            folded=folded,
        )


def _numbers(chosen: Owners, rows: int) -> Owners:
    """For each row its number among the chosen, else -1."""
    numbers = np.full(rows, -1, dtype=np.int64)
    numbers[chosen] = np.arange(len(chosen))
    return numbers


class _Holders:
    """Who holds the duties of some places, by row: the first of each drawn, further ones named."""

    def __init__(self, report: Report, places: Owners, limits: Limits) -> None:
        ties = ties_of(report.tables)
        self._limits = limits
        place = _numbers(places, report["places"].num_rows)[ties.of_leg]
        legs = np.flatnonzero(place >= 0)
        place = place[legs]
        table = taken_rows(report["legs"], legs)
        subject = taken(report["violations"]["subject"], ties.of_place[ties.of_leg[legs]])
        stated = flat(table["holder"])
        has_one = pc.fill_null(pc.not_equal(stated, ""), False)  # noqa: FBT003
        holder = pc.if_else(has_one, stated, subject)
        other = pc.fill_null(pc.not_equal(holder, subject), False)  # noqa: FBT003
        self._several = np.zeros(len(places), dtype=bool)
        self._several[place[other.to_numpy(zero_copy_only=False)]] = True
        self._duties = _pairs(place, distinct_words(table["duty"]).codes, len(places))

        rank = _ranks(place, distinct_words(holder).codes)
        self._total = np.zeros(len(places), dtype=np.int64)
        np.maximum.at(self._total, place, rank + 1)
        shown = np.flatnonzero(rank < limits.holders + limits.named)
        shown = shown[order_by(place[shown], rank[shown])]
        self._ends = np.searchsorted(place[shown], np.arange(len(places) + 1))
        self._rank = rank[shown].tolist()
        self._leg = legs[shown].tolist()
        self._legs = facts.rows(taken_rows(table, shown))
        self._known = holder.take(pa.array(shown)).to_pylist()
        self._hops: dict[int, list[dict[str, Any]]] = {}
        drawn = np.zeros(report["legs"].num_rows, dtype=bool)
        drawn[legs[rank < limits.holders]] = True
        hops = np.flatnonzero(drawn[ties.of_hop])
        found = facts.rows(hop_rows_at(report, hops))
        for leg, hop in zip(ties.of_hop[hops].tolist(), found, strict=True):
            self._hops.setdefault(leg, []).append(hop)

    def view(self, row: dict[str, Any], place: dict[str, Any], number: int) -> PlaceView:
        """The place that was given as that number."""
        by_rank: dict[int, list[int]] = {}
        for spot in range(int(self._ends[number]), int(self._ends[number + 1])):
            by_rank.setdefault(self._rank[spot], []).append(spot)
        views = [self._holder(row, spots) for spots in by_rank.values()]
        return PlaceView(
            facts=place,
            several=bool(self._several[number]),
            duties=int(self._duties[number]),
            holders=views[: self._limits.holders],
            left_out=views[self._limits.holders :],
            unnamed=int(self._total[number]) - len(views),
        )

    def _holder(self, row: dict[str, Any], spots: list[int]) -> HolderView:
        legs = [self._legs[spot] for spot in spots]
        hops = [hop for spot in spots for hop in self._hops.get(self._leg[spot], ())]
        return _holder(row, self._known[spots[0]], legs, hops)


def _pairs(owner: Owners, codes: Codes, owners: int) -> Owners:
    """How many different codes each owner has."""
    order = order_by(owner, codes)
    return np.bincount(owner[order][runs(owner[order], codes[order])], minlength=owners)


def _ranks(owner: Owners, codes: Codes) -> Owners:
    """For each row which of its owner's different codes it has, from 0, by first rows."""
    order = order_by(owner, codes)
    starts = runs(owner[order], codes[order])
    sizes = np.diff(np.append(starts, len(order)))
    first = np.empty(len(order), dtype=np.int64)
    first[order] = np.repeat(order[starts], sizes)
    groups = order[starts][order_by(owner[order[starts]], order[starts])]
    begins = runs(owner[groups])
    rank = np.arange(len(groups)) - np.repeat(begins, np.diff(np.append(begins, len(groups))))
    of_first = np.zeros(len(order), dtype=np.int64)
    of_first[groups] = rank
    return of_first[first]


def _holder(
    row: dict[str, Any], holder: str, legs: list[dict[str, Any]], hops: list[dict[str, Any]]
) -> HolderView:
    own = holder == row["subject"]
    name = (row["name"] if own else legs[0]["holder_name"]) or holder
    kind = hops[0]["from_kind"] if hops else row["subject_kind"] if own else "identity"
    lanes = [lane for leg in legs for lane in _lanes(leg, hops)]
    duties = ", ".join(leg["duty_title"] or leg["duty"] for leg in legs)
    return HolderView(name, holder, duties, legs, hops, drawing(Node(kind, holder, name), lanes))


def _lanes(leg: dict[str, Any], hops: Iterable[dict[str, Any]]) -> list[Lane]:
    title = leg["duty_title"] or leg["duty"]
    parts: dict[int, list[Edge]] = {}
    for hop in hops:
        if hop["duty"] == leg["duty"]:
            target = Node(hop["to_kind"], hop["to_id"], hop["to_name"] or hop["to_id"])
            if hop["decided"]:
                target = Node(hop["to_kind"], hop["decided"], hop["action"])
            parts.setdefault(hop["part"], []).append(Edge(hop["kind"], hop["note"], target))
    if not parts and leg["state"] == "yes":
        return []  # a fact about the subject by itself, such as a login nobody answers for
    if not parts:
        return [Lane(title, (), leg["reason"] or "no path recorded")]
    if len(parts) == 1:
        return [Lane(title, tuple(edges)) for edges in parts.values()]
    return [
        Lane(f"{title} (part {number} of {len(parts)})", tuple(edges))
        for number, edges in enumerate(parts.values(), start=1)
    ]
