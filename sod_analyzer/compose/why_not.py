"""Why somebody cannot do something: what is missing, with the record that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.words import listed, lower_first
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.forward import Forward, Stop
from sod_analyzer.explain.paths import Guide, Hop
from sod_analyzer.graph.edges import Flag
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Duty, Means, Way


def in_any_environment(columns: Columns, duty: Duty, snapshot: Snapshot) -> Columns | None:
    """The columns of the same duty without its environments; None if it states none."""
    if not any(part.environment for way in duty.ways for part in way.parts):
        return None
    ways = tuple(
        Way(tuple(replace(part, environment=None) for part in way.parts)) for way in duty.ways
    )
    return Columns(snapshot, [replace(duty, ways=ways)], columns.atlas)


class WhyNot:
    """Reasons of one question: a duty in a place, seen through a lens.

    `anywhere` makes the columns of `in_any_environment`, once for all who are asked about.
    """

    def __init__(
        self,
        tracer: Tracer,
        *,
        duty: Duty,
        place: int,
        lens: Lens,
        anywhere: Callable[[], Columns | None],
    ) -> None:
        self.engine = tracer.engine
        self.tracer = tracer
        self.duty = duty
        self.place = place
        self.lens = lens
        self._anywhere = anywhere

    def reasons(self, code: int, forward: Forward) -> list[str]:
        """What is missing, nearest first; never empty."""
        contexts = forward.contexts(code, self.lens)
        reasons = [
            *self._if_things_were_otherwise(code, forward),
            *self._elsewhere(code, forward),
            *self._half_a_way(contexts, forward),
        ]
        if not contexts:
            reasons.append("no account that can be used")
        if not reasons:
            had = [self.tracer.names.id(c.node) for c in contexts]
            systems = " or ".join(self.engine.columns.systems_of(self.duty.duty_id))
            where = f" in {systems}" if systems else ""
            reasons.append(f"none of the accounts has a right{where} that does it: {listed(had)}")
        return reasons

    # -- if things were otherwise ----------------------------------------------------------------

    def _if_things_were_otherwise(self, code: int, forward: Forward) -> Iterator[str]:
        lens = self.lens
        asleep = self._dormant_accounts(code)
        if asleep and self._can(forward, code, replace(lens, dormant=True)):
            yield f"could, if re-enabled: {listed(asleep)}"
        late = replace(lens, out_of_time=True)
        if self._can(forward, code, late):
            ended = "; ".join(self._out_of_time(code, late))
            yield f"a grant that would give it has expired or is not valid yet: {ended}"
        if self._can(forward, code, replace(lens, conditional=True)):
            yield "only under a condition"
        if lens.means is Means.HELD and self._can(
            forward, code, replace(lens, means=Means.ELIGIBLE)
        ):
            yield "only after activating a right that is had just in time"
        if lens.means is not Means.SELF_GRANT and self._can(
            forward, code, replace(lens, means=Means.SELF_GRANT, changes=1)
        ):
            yield "could become able to, by one change of their own"

    def _dormant_accounts(self, code: int) -> list[str]:
        """Ids of the identity's accounts that cannot be used now, sorted."""
        edges = self.engine.edges
        mine = slice(int(edges.leaving[code]), int(edges.leaving[code + 1]))
        asleep = (edges.flags[mine] & int(Flag.DORMANT)) != 0
        return sorted({self.tracer.names.id(node) for node in edges.target[mine][asleep].tolist()})

    def _out_of_time(self, code: int, lens: Lens) -> Iterator[str]:
        """The grants on the shortest path that do not count on this day, with their dates."""
        shortest = Guide(self.engine).witness(lens, code, self.duty.duty_id, self.place)
        runs = shortest.runs if shortest else ()
        for hop in (hop for run in runs for hop in run):
            if Flag.OUT_OF_TIME in Flag(int(self.engine.edges.flags[hop.edge])):
                yield self._dated(hop)

    def _dated(self, hop: Hop) -> str:
        row = int(self.engine.edges.rows_of(hop.edge)[0])
        grants, told = self.engine.snapshot["grants"], self.tracer.hop(hop)
        dates = [
            f"{word} {day.isoformat()}"
            for word, column in (("from", "valid_from"), ("until", "valid_until"))
            if (day := grants.column(column)[row].as_py()) is not None
        ]
        valid = " ".join(dates) or "on no day"
        return (
            f"{told['from_name']} > {told['to_name']}, valid {valid} ({told['file']} {told['at']})"
        )

    # -- elsewhere -------------------------------------------------------------------------------

    def _elsewhere(self, code: int, forward: Forward) -> Iterator[str]:
        lens, duty = self.lens, self.duty.duty_id
        title = lower_first(self.duty.title)
        places = [
            self.tracer.place_label(n)
            for n, place in enumerate(self.engine.columns.atlas.places)
            if place.kind is PlaceKind.APPLICATION
            and n != self.place
            and forward.can(lens, code, duty, n)
        ]
        if places:
            yield f"can {title} only in {listed(places)}"
        elif self.place != 0 and forward.can(lens, code, duty, 0):
            yield f"can {title} only on other resources"
        yield from self._other_environment(code)

    def _other_environment(self, code: int) -> Iterator[str]:
        """The same right where another environment is, such as in the test cluster."""
        columns = self._anywhere()
        if columns is None:
            return
        relaxed = Engine(self.engine.snapshot, columns, self.engine.edges)
        if not self._can(Forward(relaxed), code, self.lens):
            return
        guide, tracer = Guide(relaxed), Tracer(relaxed, self.tracer.names)
        witness = guide.witness(self.lens, code, self.duty.duty_id, self.place)
        if witness is None:
            return
        system = tracer.end(witness.runs[0])["system"]
        last = tracer.hops(witness)[-1]
        wanted = sorted({p.environment for w in self.duty.ways for p in w.parts if p.environment})
        yield (
            f"has the right only outside {' and '.join(wanted)}, in {system}: "
            f"{tracer.text(code, witness)} ({last['file']} {last['at']})"
        )

    def _half_a_way(self, contexts: Sequence[Stop], forward: Forward) -> Iterator[str]:
        columns = self.engine.columns
        for context in contexts:
            for number in columns.ways_of[self.duty.duty_id]:
                way = columns.ways[number]
                held = forward.parts_held(context, way, self.place, self.lens)
                if held and len(way.parts) > 1:
                    lacks = [str(columns.parts[p]) for p in way.parts if p not in held]
                    account = self.tracer.names.id(context.node)
                    yield f"{account} has one part, and lacks {listed(lacks)}"

    def _can(self, forward: Forward, code: int, lens: Lens) -> bool:
        return forward.can(lens, code, self.duty.duty_id, self.place)
