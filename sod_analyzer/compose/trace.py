"""Witnesses as a reader follows them: hop by hop, each with its file and record."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import pyarrow as pa

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.derived import Derived
from sod_analyzer.compose.words import counted, lower_first
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Hop, Witness
from sod_analyzer.graph.edges import KINDS, Edges, Flag
from sod_analyzer.model.access import BY_POLICY, WHOLE_SYSTEM, GrantKind, NodeKind
from sod_analyzer.model.settings import UNREAD, Unread

Row = dict[str, Any]

#: What is said of an account whose links disagree, behind its id.
UNDECIDED_LINK = " may be this person's account, but its links disagree"
#: What is said of what a holder may or may not have, behind its id.
UNDECIDED_GRANT = " may be had, but a document that decides it is missing or not understood"

_UNREAD_WORDS = {
    Unread.GATES: "gates not evaluated",
    Unread.PIPELINES: "pipeline reach not evaluated",
}


class Notes:
    """What is special about edges, in words."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges

    @cached_property
    def _condition(self) -> pa.ChunkedArray:
        return self.edges.snapshot["grants"].column("condition")

    @cached_property
    def _periods(self) -> list[pa.ChunkedArray]:
        grants = self.edges.snapshot["grants"]
        return [grants.column(name) for name in ("valid_from", "valid_until", "lasts_hours")]

    def note(self, edge: int, own_change: bool) -> str | None:  # noqa: FBT001 - the two parts of a hop
        """What is special about one hop: its condition, what it takes, its days."""
        rows = self.edges.rows_of(edge)
        flags = Flag(int(self.edges.flags[edge]))
        notes = []
        if Flag.CONDITIONAL in flags:
            condition = self._condition[int(rows[0])].as_py()
            notes.append(f"conditional: {condition or 'condition not stated'}")
        if Flag.ELIGIBLE in flags:
            notes.append("eligible")
        if own_change:
            notes.append("one own change")
        if Flag.UNDECIDED in flags:
            notes.append("undecided")
        if Flag.DORMANT in flags:
            notes.append("dormant account")
        if Flag.OUT_OF_TIME in flags:
            notes.append("not valid on this day")
        periods = dict.fromkeys(filter(None, (self._period(int(each)) for each in rows)))
        notes += [" or ".join(periods)] if periods else []
        return "; ".join(notes) or None

    def _period(self, row: int) -> str:
        """For which days a record grants something, as far as it says."""
        first, last, hours = (column[row].as_py() for column in self._periods)
        words = [f"from {first}"] if first else []
        words += [f"until {last}"] if last else []
        words += [f"for {counted(hours, 'hour')}"] if hours is not None else []
        return " ".join(words)


class Tracer:
    """Prints witnesses of one engine."""

    def __init__(self, engine: Engine, names: Names) -> None:
        self.engine = engine
        self.names = names

    @cached_property
    def _source(self) -> pa.ChunkedArray:
        return self.engine.snapshot["grants"].column("source_id")

    @cached_property
    def _record(self) -> pa.ChunkedArray:
        return self.engine.snapshot["grants"].column("record")

    @cached_property
    def notes(self) -> Notes:
        """What is special about edges."""
        return Notes(self.engine.edges)

    @cached_property
    def behind(self) -> Derived:
        """The further records that grants rest on."""
        return Derived(self.engine.snapshot)

    def hops(self, witness: Witness) -> list[Row]:
        """The hops of every run, in order; a run is one part, numbered from 1."""
        return [
            {"part": part, "hop": n, **self.hop(hop)}
            for part, run in enumerate(witness.runs, start=1)
            for n, hop in enumerate(run, start=1)
        ]

    def hop(self, hop: Hop) -> Row:
        """One hop with the source record that states it: the first in file and record order."""
        edges, names = self.engine.edges, self.names
        holder, target = int(edges.holder[hop.edge]), int(edges.target[hop.edge])
        rows = edges.rows_of(hop.edge)
        first = int(rows[0])
        source_id, record = self._source[first].as_py(), self._record[first].as_py()
        return {
            "from_kind": str(self.engine.snapshot.kind_of(holder)),
            "from_id": names.id(holder),
            "from_name": names.name(holder),
            "kind": str(KINDS[int(edges.kind[hop.edge])]),
            "to_kind": str(self.engine.snapshot.kind_of(target)),
            "to_id": names.id(target),
            "to_name": names.name(target),
            "note": self.notes.note(hop.edge, hop.own_change),
            "source_id": source_id,
            "file": names.file(source_id),
            "record": record,
            "at": names.at(source_id, record),
            "also": "; ".join(self.behind.of(names, holder, target)) or None,
            "same": len(rows),
        }

    def nodes(self, code: int, run: tuple[Hop, ...]) -> list[str]:
        """Names along a run, from the subject on."""
        targets = [int(self.engine.edges.target[hop.edge]) for hop in run]
        return [self.names.name(node) for node in (code, *targets)]

    def text(self, code: int, witness: Witness) -> str:
        """The witness in one line."""
        return " + ".join(" > ".join(self.nodes(code, run)) for run in witness.runs)

    def end(self, run: tuple[Hop, ...]) -> dict[str, Any]:
        """The entitlement a run ends at."""
        return self.names.row(int(self.engine.edges.target[run[-1].edge]))

    def caveats(self, systems: list[str]) -> list[str]:
        """What was not evaluated about results through these systems."""
        return unread_of(self.engine.columns, systems)

    def why_unknown(self, witness: Witness, duty: str, place: int) -> str:
        """Why a leg that has this witness is not certain to count."""
        for run in witness.runs:
            for hop in run:
                if Flag.UNDECIDED in Flag(int(self.engine.edges.flags[hop.edge])):
                    target = int(self.engine.edges.target[hop.edge])
                    link = KINDS[int(self.engine.edges.kind[hop.edge])] is GrantKind.HOLDS
                    said = UNDECIDED_LINK if link else UNDECIDED_GRANT
                    return f"{self.names.id(target)}{said}"
        ends = [int(self.engine.edges.target[run[-1].edge]) for run in witness.runs]
        return self.doubt(ends, duty, lost=place == self.engine.unmapped)

    def doubt(self, rights: Iterable[int], duty: str, *, lost: bool) -> str:
        """Why rights that somebody has are not certain to be the duty; `lost` where unmapped."""
        columns = self.engine.columns
        title = lower_first(next(d.title for d in columns.duties if d.duty_id == duty))
        ends = [self.names.row(right) for right in rights]
        if any(end["mode"] == BY_POLICY for end in ends) and not lost:
            return f"a document that decides on the right to {title} is missing or not understood"
        if lost:
            for end in ends:
                if (end["system"], end["resource"]) in columns.unmapped:
                    return f"no application claims {end['system']}:{end['resource']}"
            if any(end["resource"] == WHOLE_SYSTEM for end in ends):
                return f"the right to {title} reaches resources that no application claims"
            return f"the right to {title} is held, but perhaps elsewhere"
        for end in ends:
            environment = columns.atlas.environment_of(end["system"])
            if environment is None:
                return f"the environment of {end['system']}:{end['resource']} is not known"
        return f"the environment in which one can {title} is not known"

    def place_label(self, number: int) -> str:
        """A place as messages name it."""
        place = self.engine.columns.atlas.places[number]
        if place.kind is PlaceKind.APPLICATION:
            title = self.names.applications[place.key]["title"]
            return str(title or place.key)
        return place.label

    def first_account(self, run: tuple[Hop, ...]) -> str | None:
        """The account through which a run leaves the subject."""
        for hop in run:
            target = int(self.engine.edges.target[hop.edge])
            if self.engine.snapshot.kind_of(target) is NodeKind.ACCOUNT:
                return self.names.id(target)
        return None


def unread_of(columns: Columns, systems: Iterable[str]) -> list[str]:
    """What is not read of systems of the kinds that these are."""
    known, systems = columns.atlas.systems, list(systems)
    return [
        f"{_UNREAD_WORDS[unread]} ({system})"
        for unread in Unread
        for system in systems
        if system in known and unread in UNREAD.get(known[system].product, ())
    ]
