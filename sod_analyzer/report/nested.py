"""The core put together as text, from the tables, by column and piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import (
    Numbers,
    Owners,
    distinct_words,
    mapped,
    plain,
    ranks,
)
from sod_analyzer.report.lanes import in_order
from sod_analyzer.report.numbering import Edges, Hops
from sod_analyzer.report.quoting import (
    json_string,
    json_texts,
    octets,
    pieced,
    written,
)
from sod_analyzer.report.ties import Ties, ties_of
from sod_analyzer.report.tree import Level

#: Findings per piece of text. Arrow's texts hold 2 GiB at most, and a piece stays far below.
_PIECE = 4_000

#: What the core says of a row itself.
_FACTS = {
    "violations": ("finding_id", "folded_under", "rule_id", "subject_key", "subject_kind"),
    "places": ("place", "severity", "verdict"),
    "legs": ("duty", "state"),
}


def core_pieces(tables: Mapping[str, pa.Table]) -> Iterator[pa.Buffer | bytes]:
    """What `core_of` gives, piece by piece."""
    ties = ties_of(tables)
    edges = Edges(tables["edges"], ties.edge)
    yield b'{"edges":['
    yield from in_order(edges.tasks())
    yield b'],"findings":['
    hops = Hops(tables["hops"], ties, edges.number)
    del edges
    yield from in_order(_Core(tables, ties, hops).tasks())
    yield b"]}"


class _Core:
    """Violations, places and legs in the core's order, each row under its parent."""

    def __init__(self, tables: Mapping[str, pa.Table], ties: Ties, hops: Hops) -> None:
        self._hops = hops

        def ranked(table: str, name: str) -> Numbers:
            found = distinct_words(tables[table][name])
            return ranks(found.texts)[found.codes]

        self._violations = Level.top(plain(tables["violations"]["finding_id"]))
        self._places = Level.under(
            self._violations, ties.of_place, lambda: ranked("places", "place")
        )
        self._legs = Level.under(
            self._places,
            ties.of_leg,
            lambda: ranked("legs", "duty"),
            lambda: ranked("legs", "holder"),
        )

        self._facts = {
            (table, name): written(tables[table][name], json_texts, "null")
            for table, names in _FACTS.items()
            for name in names
        }
        for table in ("places", "legs"):
            self._facts[table, "means"] = written(tables[table]["means"], _means, "[]")
        self._holder = written(tables["legs"]["holder"])
        self._subject = written(tables["violations"]["subject"])
        self._of_leg = ties.of_place[ties.of_leg]

    def tasks(self) -> Iterator[Callable[[], pa.Buffer]]:
        """The findings piece by piece: their texts, with a comma before each but the first."""
        rows = len(self._violations.rows)
        for start in range(0, rows, _PIECE):
            yield partial(self._findings, start, min(start + _PIECE, rows))

    def _findings(self, start: int, stop: int) -> pa.Buffer:
        rows = self._violations.rows[start:stop]
        texts = pieced(
            self._violations.commas(start, stop),
            '{"finding":',
            self._facts["violations", "finding_id"].of(rows),
            ',"folded_under":',
            self._facts["violations", "folded_under"].of(rows),
            ',"places":[',
            self._places.listed(start, stop, self._place_texts),
            '],"rule":',
            self._facts["violations", "rule_id"].of(rows),
            ',"subject":{"key":',
            self._facts["violations", "subject_key"].of(rows),
            ',"kind":',
            self._facts["violations", "subject_kind"].of(rows),
            "}}",
        )
        return octets(texts)

    def _place_texts(self, start: int, stop: int) -> pa.Array:
        rows = self._places.rows[start:stop]
        return pieced(
            self._places.commas(start, stop),
            '{"legs":[',
            self._legs.listed(start, stop, self._leg_texts),
            '],"means":',
            self._facts["places", "means"].of(rows),
            ',"place":',
            self._facts["places", "place"].of(rows),
            ',"severity":',
            self._facts["places", "severity"].of(rows),
            ',"verdict":',
            self._facts["places", "verdict"].of(rows),
            "}",
        )

    def _leg_texts(self, start: int, stop: int) -> pa.Array:
        rows = self._legs.rows[start:stop]
        return pieced(
            self._legs.commas(start, stop),
            '{"duty":',
            self._facts["legs", "duty"].of(rows),
            self._other_holders(rows),
            ',"means":',
            self._facts["legs", "means"].of(rows),
            ',"parts":',
            self._hops.texts(rows),
            ',"state":',
            self._facts["legs", "state"].of(rows),
            "}",
        )

    def _other_holders(self, legs: Owners) -> pa.Array | str:
        """What legs say of their holder: nothing if that is the finding's subject or not stated."""
        holder, subject = self._holder.of(legs), self._subject.of(self._of_leg[legs])
        same = pc.fill_null(pc.equal(holder, subject), pc.is_null(holder))
        if pc.all(same).as_py():
            return ""
        return pc.if_else(same, "", pieced(',"holder":', json_texts(holder)))


def _means(texts: pa.Array) -> pa.Array:
    """`held, sure; eligible, conditional` as a list of pairs; null stays null."""
    return mapped(texts, _pairs)


def _pairs(text: str) -> str:
    pairs = []
    for pair in text.split("; "):
        means, _, certainty = pair.partition(", ")
        known = json_string(certainty) if certainty else "null"
        pairs.append(f'{{"certainty":{known},"means":{json_string(means)}}}')
    return f"[{','.join(sorted(pairs))}]"
