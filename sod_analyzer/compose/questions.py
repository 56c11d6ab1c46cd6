"""Ad-hoc questions: who can do something, whether someone can, and what someone has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas, Place, PlaceKind
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.why_not import WhyNot
from sod_analyzer.compose.words import listed
from sod_analyzer.detect.judge import Judge
from sod_analyzer.errors import QueryError, near
from sod_analyzer.evaluate.lens import PLAIN, Lens, narrowings
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.forward import Forward
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Guide
from sod_analyzer.graph.edges import Edges
from sod_analyzer.model.access import WHOLE_SYSTEM, IdentityClass, NodeKind, Snapshot, Status
from sod_analyzer.model.finding import PLACE_ANYWHERE
from sod_analyzer.model.ruleset import Duty, Ruleset, Selector, Way

Row = dict[str, Any]

#: Groups of an answer, in the order in which they are printed.
CAN_NOW = "can now"
LEAVER = "leaver, can now"
NOT_STARTED = "not started, can now"
IF = "can, if"
NO_PERSON = "account without a person"
WORKLOAD = "workload"
UNDECIDED = "not decided"
_ORDER = (CAN_NOW, LEAVER, NOT_STARTED, IF, NO_PERSON, WORKLOAD, UNDECIDED)


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


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows for the reader, and what must be said beside them."""

    rows: tuple[Row, ...]
    caveats: tuple[str, ...]
    undecided: bool


class Asker:
    """Answers one question about one snapshot.

    Raises:
        QueryError: the duty, product, application, environment or resource does not exist.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        ruleset: Ruleset,
        edges: Edges,
        question: Question,
        *,
        unknown_systems: Iterable[str] = (),
    ) -> None:
        self.question = question
        atlas = Atlas(snapshot)
        resources = _resources(atlas, snapshot, question)
        atlas = Atlas(snapshot, resources=resources)
        self.duty = _narrowed(_duty(ruleset, atlas, question.what), question)
        columns = Columns(snapshot, [self.duty], atlas)
        self.engine = Engine(snapshot, columns, edges)
        self.judge = Judge(self.engine, unknown_systems=unknown_systems)
        self.names = Names(snapshot)
        self.guide = Guide(self.engine)
        self.tracer = Tracer(self.engine, self.names)
        self.places = _places(atlas, question, resources)
        self.why_not = WhyNot(
            self.judge, self.tracer, duty=self.duty, places=self.places, lens=question.lens
        )

    # -- who can ---------------------------------------------------------------------------------

    def who_can(self) -> Answer:
        """Everyone who can, the people who can act alone now first; then what is not decided."""
        rows = []
        states = [(lens, self._subjects(lens)) for lens in narrowings(self.question.lens)]
        known: set[int] = set()
        for lens, subjects in states:
            for subject in subjects:
                if subject not in known:
                    known.add(subject)
                    rows.append(self._row(subject, lens))
        possible = replace(self.question.lens, possible=True)
        rows += [
            self._row(subject, possible)
            for subject in self._subjects(possible)
            if subject not in known
        ]
        rows.sort(key=lambda r: (_ORDER.index(r["group"]), r["name"], r["identity"]))
        return Answer(tuple(rows), self.caveats(), any(r["group"] == UNDECIDED for r in rows))

    def _subjects(self, lens: Lens) -> list[int]:
        holding = self.judge.holding(lens)
        everyone = np.arange(len(self.judge.subjects))
        held = np.zeros(len(everyone), dtype=bool)
        for place in self.places:
            held |= holding.at(self.duty.duty_id, everyone * self.engine.n_places + place)
        return [self.judge.subjects.start + int(n) for n in np.flatnonzero(held)]

    def _row(self, code: int, lens: Lens) -> Row:
        person = self.names.row(code)
        place, witness = min(
            (
                (place, witness)
                for place in self.places
                if (witness := self.guide.witness(lens, code, self.duty.duty_id, place))
            ),
            key=lambda pair: (pair[1].hops, pair[0]),
        )
        hops = self.tracer.hops(witness)
        ends = [self.tracer.end(run) for run in witness.runs]
        why = self.tracer.why_unknown(witness, self.duty.duty_id, place) if lens.possible else None
        return {
            "group": _group(person, lens),
            "identity": person["identity"],
            "name": self.names.name(code),
            "email": person["email"],
            "department": person["department"],
            "status": person["status"],
            "account": self.tracer.first_account(witness.runs[0]),
            "means": None if lens.possible else lens.pair,
            "resource": "; ".join(dict.fromkeys(_resource_of(end) for end in ends)),
            "path": self.tracer.text(code, witness),
            "source": f"{hops[-1]['file']} {hops[-1]['at']}" if hops else None,
            "why": why,
            "hops": hops,
        }

    def caveats(self) -> tuple[str, ...]:
        """What was not evaluated for any answer to this question."""
        columns = self.engine.columns
        systems = columns.systems_of(self.duty.duty_id)
        caveats = self.tracer.caveats(list(systems))
        caveats += [
            f"{system} was not read completely: others may have it"
            for system in systems
            if system in self.judge.unknown_systems
        ]
        if not columns.is_live(self.duty.duty_id):
            caveats.append("nothing that was read matches this at all")
        return tuple(caveats)

    # -- can ... ---------------------------------------------------------------------------------

    def can(self, code: int) -> Row:
        """Whether one identity can, with the path; or why not.

        Decided by walking from the identity, so that it does not repeat what `who_can` computed.
        """
        forward = Forward(self.engine)
        for lens in narrowings(self.question.lens):
            if any(forward.can(lens, code, self.duty.duty_id, p) for p in self.places):
                return {"answer": "yes", **self._row(code, lens)}
        possible = replace(self.question.lens, possible=True)
        blind = [
            s
            for s in self.engine.columns.systems_of(self.duty.duty_id)
            if s in self.judge.unknown_systems
        ]
        if any(forward.can(possible, code, self.duty.duty_id, p) for p in self.places):
            return {"answer": "unknown", **self._row(code, possible)}
        person = self.names.row(code)
        reasons = self.why_not.reasons(code, forward)
        if blind:
            reasons.insert(0, f"{', '.join(blind)} was not read completely")
        return {
            "answer": "unknown" if blind else "no",
            "identity": person["identity"],
            "name": self.names.name(code),
            "email": person["email"],
            "why": "; ".join(reasons),
            "hops": [],
        }


def find_identity(names: Names, who: str) -> int:
    """The identity that a name, e-mail, employee id, login or node id stands for.

    Raises:
        QueryError: nobody, or several people.
    """
    snapshot = names.snapshot
    wanted = who.strip().casefold()
    matches: set[int] = set()
    for code in snapshot.ranges[NodeKind.IDENTITY]:
        row = names.row(code)
        texts = (row["identity"], row["employee_id"], row["email"], row["name"])
        if wanted in {t.casefold() for t in texts if t}:
            matches.add(code)
    if not matches:
        matches = _by_account(names, wanted)
    if not matches:
        people = [names.name(code) for code in snapshot.ranges[NodeKind.IDENTITY]]
        raise QueryError(f"nobody is called '{who}'{near(who, people)}")
    if len(matches) > 1:
        several = listed(f"{names.name(c)} ({snapshot.node_ids[c]})" for c in sorted(matches))
        raise QueryError(f"'{who}' could be several: {several}; name one by id")
    return matches.pop()


def _by_account(names: Names, wanted: str) -> set[int]:
    snapshot = names.snapshot
    accounts = {
        code
        for code in snapshot.ranges[NodeKind.ACCOUNT]
        if wanted
        in {t.casefold() for t in (names.row(code)["account"], names.row(code)["login"]) if t}
    }
    identities = snapshot.ranges[NodeKind.IDENTITY]
    grants = snapshot["grants"].select(["holder", "target", "undecided"]).to_pylist()
    return {
        g["holder"]
        for g in grants
        if g["target"] in accounts and g["holder"] in identities and not g["undecided"]
    }


def access(engine: Engine, names: Names, code: int, lens: Lens = PLAIN) -> list[Row]:
    """Every entitlement one identity comes to, each by its shortest path, sorted."""
    forward, tracer = Forward(engine), Tracer(engine, names)
    best: dict[int, Row] = {}
    for context in forward.contexts(code, lens):
        for right, stop in forward.bundle(context, lens).items():
            path = (*context.path, *stop.path)
            if right in best and best[right]["n_hops"] <= len(path):
                continue
            row = names.row(right)
            last = tracer.hop(path[-1])
            placed = engine.columns.atlas.placed(row["system"], row["resource"])
            best[right] = {
                "system": row["system"],
                "action": row["action"],
                "resource": row["resource"],
                "mode": row["mode"],
                "applications": "; ".join(sorted({a for a, _ in placed})) or None,
                "account": engine.snapshot.node_ids[context.node],
                "path": " > ".join(tracer.nodes(code, path)),
                "source": f"{last['file']} {last['at']}",
                "n_hops": len(path),
            }
    rows = sorted(best.values(), key=lambda r: (r["system"], r["resource"], r["action"]))
    return [{k: v for k, v in row.items() if k != "n_hops"} for row in rows]


def _group(person: Row, lens: Lens) -> str:
    if lens.possible:
        return UNDECIDED
    if person["kind"] == IdentityClass.WORKLOAD:
        return WORKLOAD
    if person["status"] == Status.UNKNOWN:
        return NO_PERSON
    if (lens.means, lens.conditional) != (PLAIN.means, PLAIN.conditional):
        return IF
    return {Status.LEAVER: LEAVER, Status.FUTURE: NOT_STARTED}.get(person["status"], CAN_NOW)


def _resource_of(end: Row) -> str:
    resource = end["resource"]
    return f"{end['system']}:{'everything' if resource == WHOLE_SYSTEM else resource}"


def _duty(ruleset: Ruleset, atlas: Atlas, what: str) -> Duty:
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
    known = {
        resource
        for at, resource in zip(
            table.column("system").to_pylist(), table.column("resource").to_pylist(), strict=True
        )
        if system in ("", at)
    }
    placed = {p.resource for s, rows in atlas.placements.items() if system in ("", s) for p in rows}
    if wanted not in known | placed:
        raise QueryError(f"no resource is called '{wanted}'{near(wanted, known | placed)}")
    return ((system, wanted),)


def _places(
    atlas: Atlas, question: Question, resources: Sequence[tuple[str, str]]
) -> tuple[int, ...]:
    """Numbers of the places any of which answers the question."""
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
        return (atlas.number[Place(PlaceKind.RESOURCE, resource, system)],)
    if application is not None:
        return (atlas.number[Place(PlaceKind.APPLICATION, application)],)
    return (atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)],)
