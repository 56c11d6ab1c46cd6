"""Ad-hoc questions: who can do something, and whether someone can.

What tells of an answer is loaded while the answer is found: that is work on arrays, which leaves
the interpreter to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas, Place, PlaceKind
from sod_analyzer.compose.found import Found
from sod_analyzer.detect.holding import Holding
from sod_analyzer.errors import QueryError, near
from sod_analyzer.evaluate.lens import PLAIN, Lens, narrowings
from sod_analyzer.evaluate.part import Part
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.graph.edges import Edges
from sod_analyzer.graph.packed import Packed, with_own_grants
from sod_analyzer.model.access import BY_POLICY, Snapshot
from sod_analyzer.model.finding import PLACE_ANYWHERE
from sod_analyzer.model.ruleset import Duty, Selector, Way

if TYPE_CHECKING:
    from sod_analyzer.compose.answers import Answer

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a duty id, or a raw `product:action`, perhaps narrowed."""

    what: str
    application: str | None = None
    environment: str | None = None
    resource: str | None = None
    lens: Lens = PLAIN

    def __str__(self) -> str:
        tail = [
            f"{word} {value}"
            for word, value in (
                ("on", self.resource),
                ("in application", self.application),
                ("in environment", self.environment),
            )
            if value
        ]
        return " ".join([self.what, *tail])


class Known(Protocol):
    """What a question needs of a ruleset."""

    @property
    def name(self) -> str: ...

    @property
    def duties(self) -> tuple[Duty, ...]: ...

    @property
    def duty(self) -> Mapping[str, Duty]: ...


class Asker:
    """Answers one question about one snapshot.

    Of packed edges, only those that bear on the answer are looked at; the answer is the same.

    Raises:
        QueryError: the duty, product, application, environment or resource does not exist.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        ruleset: Known,
        edges: Edges | Packed,
        question: Question,
        *,
        unknown_systems: Iterable[str] = (),
    ) -> None:
        self.snapshot = snapshot
        self.question = question
        self.unknown_systems = frozenset(unknown_systems)
        self._edges = edges if isinstance(edges, Packed) else Packed.of(edges)
        atlas = Atlas(snapshot)
        resources = _resources(atlas, snapshot, question)
        self._atlas = Atlas(snapshot, resources=resources) if resources else atlas
        self.duty = _narrowed(_duty(ruleset, self._atlas, question.what), question)
        self.place = _place(self._atlas, question, resources)
        self.names = Names(snapshot)

    @cached_property
    def part(self) -> Part:
        """What anybody's having the duty in the place asked about rests on."""
        kinds = [self._atlas.places[self.place].kind]
        columns = Columns(self.snapshot, [self.duty], self._atlas, kinds=kinds)
        edges = self._edges.towards(distinct(columns.possible.node), self.snapshot)
        self._edges.let_go()
        return Part.of(columns, edges)

    # -- who can ---------------------------------------------------------------------------------

    def who_can(self) -> Answer:
        """Everyone who can, the people who can act alone now first; then what is not decided."""
        with ThreadPoolExecutor(1) as thread:
            finding = thread.submit(self._found)
            from sod_analyzer.compose.answers import Answer, People  # noqa: PLC0415 - meanwhile

            found = finding.result()
        people = People(self.part, self.names, self.duty.duty_id, self.place, found)
        return Answer(people, self.caveats())

    def _found(self) -> Found:
        """Whoever can by the first lens that sees it, the one of what is not decided last."""
        asked, part = self.question.lens, self.part.engine
        # An engine of its own, since what it remembers of everyone is needed only here.
        engine = Engine(part.snapshot, part.columns, part.edges)
        lenses = [*narrowings(asked), replace(asked, possible=True)]
        known = np.zeros(len(engine.identities), dtype=bool)
        found: list[Keys] = []
        for number, lens in enumerate(lenses):
            who = np.empty(0, dtype=np.int64)
            # What sees the same finds nobody new.
            if not any(engine.same(lens, other) for other in lenses[:number]):
                who = Holding(engine, lens, engine.identities).who(self.duty.duty_id, self.place)
            found.append(who[~known[who]])
            known[who] = True
        subject = self.part.nodes[np.concatenate(found) + engine.identities.start]
        lens_of = np.repeat(np.arange(len(lenses)), [len(who) for who in found])
        return Found(subject, lens_of, lenses)

    def caveats(self) -> tuple[str, ...]:
        """What was not evaluated for any answer to this question."""
        from sod_analyzer.compose.trace import unread_of  # noqa: PLC0415 - it tells

        # Which systems a duty lives in has nothing to do with places.
        columns = self.part.columns if "part" in self.__dict__ else self._columns
        systems = columns.systems_of(self.duty.duty_id)
        caveats = unread_of(columns, systems)
        caveats += [
            f"{system} was not read completely: others may have it"
            for system in systems
            if system in self.unknown_systems
        ]
        if not columns.is_live(self.duty.duty_id):
            caveats.append("nothing that was read matches this at all")
        return tuple(caveats)

    # -- can ... ---------------------------------------------------------------------------------

    def can(self, code: int) -> Row:
        """Whether one identity can, with the path; or why not.

        Decided by walking from the identity, so that it does not repeat what `who_can` computed.
        """
        from sod_analyzer.compose.persons import Few  # noqa: PLC0415 - of one person alone
        from sod_analyzer.compose.trace import Tracer  # noqa: PLC0415
        from sod_analyzer.compose.why_not import WhyNot  # noqa: PLC0415
        from sod_analyzer.explain.forward import Forward  # noqa: PLC0415

        engine = self._engine_from(code)
        names = Few(engine, code)
        forward = Forward(engine)
        for lens in narrowings(self.question.lens):
            if forward.can(lens, code, self.duty.duty_id, self.place):
                return {"answer": "yes", **self._row(engine, names, code, lens)}
        possible = replace(self.question.lens, possible=True)
        if forward.can(possible, code, self.duty.duty_id, self.place):
            return {"answer": "unknown", **self._row(engine, names, code, possible)}
        blind = [
            s for s in engine.columns.systems_of(self.duty.duty_id) if s in self.unknown_systems
        ]
        why_not = WhyNot(
            Tracer(engine, names),
            duty=self.duty,
            place=self.place,
            lens=self.question.lens,
            anywhere=lambda: self._anywhere,
        )
        reasons = why_not.reasons(code, forward)
        if blind:
            reasons.insert(0, f"{', '.join(blind)} was not read completely")
        row = pa.array([code - engine.identities.start])
        (email,) = self.snapshot["identities"].select(["email"]).take(row).column("email")
        return {
            "answer": "unknown" if blind else "no",
            "identity": names.id(code),
            "name": names.name(code),
            "email": email.as_py(),
            "why": "; ".join(reasons),
            "hops": [],
        }

    def _engine_from(self, code: int) -> Engine:
        """What one identity comes to, in every place; its snapshot has no other grants."""
        edges = with_own_grants(self._edges.only(self._edges.onward(code), self.snapshot))
        return Engine(edges.snapshot, self._columns, edges)

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.snapshot, [self.duty], self._atlas)

    @cached_property
    def _anywhere(self) -> Columns | None:
        from sod_analyzer.compose.why_not import in_any_environment  # noqa: PLC0415 - for a no

        return in_any_environment(self._columns, self.duty, self.snapshot)

    def _row(self, engine: Engine, names: Names, code: int, lens: Lens) -> Row:
        from sod_analyzer.compose.answers import People  # noqa: PLC0415 - it tells

        found = Found(np.array([code], dtype=np.int64), np.zeros(1, dtype=np.int64), [lens])
        part = Part.of(engine.columns, engine.edges)
        people = People(part, names, self.duty.duty_id, self.place, found)
        (row,) = people
        return row


def _duty(ruleset: Known, atlas: Atlas, what: str) -> Duty:
    product, colon, action = what.partition(":")
    if not colon:
        duty = ruleset.duty.get(what)
        if duty is None:
            named = [each.duty_id for each in ruleset.duties if not each.made_of]
            raise QueryError(
                f"no duty is called '{what}' in ruleset {ruleset.name}{near(what, named)}"
            )
        return duty
    products = {system.product for system in atlas.systems.values()}
    if product not in products:
        raise QueryError(f"no system here is of product '{product}'{near(product, products)}")
    if not action:
        raise QueryError(f"'{what}' names no action; write product:action")
    selector = Selector(product, (action,))
    return Duty(what, f"Do {action} in {product}", (Way((selector,)),))


def _narrowed(duty: Duty, question: Question) -> Duty:
    wanted = question.environment
    if wanted is None:
        return duty
    ways = []
    for way in duty.ways:
        parts = tuple(
            part if part.any_scope or part.environment else replace(part, environment=wanted)
            for part in way.parts
        )
        if all(part.any_scope or part.environment == wanted for part in parts):
            ways.append(Way(parts))
    if not ways:
        known = {p.environment for way in duty.ways for p in way.parts if p.environment}
        raise QueryError(
            f"duty '{duty.duty_id}' is by definition about {', '.join(sorted(known))}, "
            f"not {wanted}; ask for a raw product:action instead"
        )
    return replace(duty, ways=tuple(ways))


def _resources(atlas: Atlas, snapshot: Snapshot, question: Question) -> Sequence[tuple[str, str]]:
    """The resource places a question needs: (system, resource), system empty for any."""
    wanted = question.resource
    if wanted is None:
        return ()
    system, colon, rest = wanted.partition(":")
    if colon and system in atlas.systems:
        wanted = rest
    else:
        system = ""
    table = snapshot["entitlements"]
    stated = table.column("resource")
    if system:
        stated = stated.filter(pc.equal(table.column("system"), system))
    by_policy = pc.equal(table.column("mode"), BY_POLICY)
    if wanted.startswith("arn:") and pc.any(by_policy).as_py():
        # Policies speak of resources that nobody lists.
        return ((system or _account_of(atlas, snapshot, wanted), wanted),)
    known = set(stated.unique().to_pylist())
    placed = {p.resource for s, rows in atlas.placements.items() if system in ("", s) for p in rows}
    if wanted not in known | placed:
        raise QueryError(f"no resource is called '{wanted}'{near(wanted, known | placed)}")
    return ((system, wanted),)


def _account_of(atlas: Atlas, snapshot: Snapshot, arn: str) -> str:
    """The system of a resource: its ARN names the account, or the catalogue; empty if neither."""
    table = snapshot["policies"].filter(pc.equal(snapshot["policies"].column("kind"), "account"))
    systems = dict(zip(*table.select(["policy", "system"]).to_pydict().values(), strict=True))
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[4]:  # noqa: PLR2004 - segments of an ARN
        return str(systems.get(parts[4], ""))
    claimed = [system for system in sorted(systems.values()) if atlas.placed(system, arn)]
    return claimed[0] if len(claimed) == 1 else ""


def _place(atlas: Atlas, question: Question, resources: Sequence[tuple[str, str]]) -> int:
    """The number of the place that the question is about."""
    application = question.application
    if application is not None and application not in atlas.applications:
        raise QueryError(
            f"no application is called '{application}'{near(application, atlas.applications)}"
        )
    if resources:
        (system, resource), *_ = resources
        if application is not None:
            systems = [system] if system else sorted(atlas.systems)
            if not any(application in dict(atlas.placed(s, resource)) for s in systems):
                raise QueryError(f"'{resource}' is no resource of application '{application}'")
        return atlas.number[Place(PlaceKind.RESOURCE, resource, system)]
    if application is not None:
        return atlas.number[Place(PlaceKind.APPLICATION, application)]
    return atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]
