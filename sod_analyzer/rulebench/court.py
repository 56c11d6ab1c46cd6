"""One world of rule cases before the real engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble import assemble
from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.detect.mitigations import Excuse
from sod_analyzer.detect.plain import PlainVerdict, plain_rows
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import Edges, compile_edges
from sod_analyzer.model.access import WHOLE_SYSTEM, Snapshot
from sod_analyzer.model.finding import PLACE_ANYWHERE, Verdict
from sod_analyzer.model.mitigation import Standing
from sod_analyzer.model.ruleset import Control, Duty, Holder, Rule, RuleKind, ScopeKind, Way
from sod_analyzer.rulebench.mitigating import excuse
from sod_analyzer.rulebench.people import Stage
from sod_analyzer.rulebench.worlds import World
from sod_analyzer.rules.case_rights import CaseRight
from sod_analyzer.rules.cases import Case, CaseFile

#: The duty that holds every way of many legs; no author can name it.
_POOL = "(pool)"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of a case: the worst over its places, and where that is."""

    verdict: Verdict
    places: tuple[str, ...] = ()  # sorted; empty when clear
    reason: str | None = None


CLEAR = Said(Verdict.CLEAR)


class Court:
    """Judges the cases of one world by any rule.

    Cost: an assembly at first; one engine for each set of duties that a rule names.
    """

    def __init__(self, world: World, cases: CaseFile, controls: Mapping[str, Control]) -> None:
        self._world = world
        self._cases = cases
        self._controls = controls
        self._judges: dict[tuple[tuple[Duty, ...], bool], Judge] = {}

    @property
    def stages(self) -> Mapping[int, Stage]:
        """The nodes of each case of this world, by position in the file."""
        return self._world.stages

    @cached_property
    def snapshot(self) -> Snapshot:
        """The world, assembled as exports are."""
        return assemble([self._world.batch], self._world.estate)

    @cached_property
    def _edges(self) -> Edges:
        return compile_edges(self.snapshot, as_of=self._cases.as_of)

    def judge(self, duties: tuple[Duty, ...], *, resources: bool) -> Judge:
        """A judge over these duties; `resources`: with a place for each resource."""
        key = (duties, resources)
        found = self._judges.get(key)
        if found is None:
            found = self._new_judge(duties, resources=resources)
            self._judges = {key: found}
        return found

    def _new_judge(self, duties: tuple[Duty, ...], *, resources: bool) -> Judge:
        view = self._view(duties)
        atlas = Atlas(view, resources=_resources(view) if resources else ())
        engine = Engine(self.snapshot, Columns(self.snapshot, duties, atlas), self._edges)
        return Judge(engine, unknown_systems=self._world.unknown_systems)

    def pooled_judge(self, legs: Mapping[str, tuple[Way, ...]], *, resources: bool) -> Judge:
        """A judge over many legs that have most of their ways in common.

        Every way is computed once, however many legs have it.
        """
        pool = tuple(dict.fromkeys(way for ways in legs.values() for way in ways))
        judge = self._new_judge((Duty(_POOL, _POOL, pool),), resources=resources)
        columns = judge.engine.columns
        number = dict(zip(pool, columns.ways_of.get(_POOL, ()), strict=True))
        columns.ways_of = {
            **columns.ways_of,
            **{leg: tuple(number[way] for way in ways) for leg, ways in legs.items()},
        }
        return judge

    def _view(self, duties: tuple[Duty, ...]) -> Snapshot:
        """The world with only what can matter to these duties in these cases.

        Systems in which the duties cannot exist have nothing to say, nor have applications in which
        no case has or names a right: nobody has a leg there. Each of them costs places.
        """
        tables = dict(self.snapshot.tables)
        for name in ("applications", "placements"):
            column = tables[name].column("application")
            tables[name] = tables[name].filter(pc.is_in(column, value_set=self._applications))
        products = {part.product for duty in duties for way in duty.ways for part in way.parts}
        if products:
            column = tables["systems"].column("product")
            named = pc.is_in(column, value_set=pa.array(sorted(products)))
            tables["systems"] = tables["systems"].filter(named)
        return replace(self.snapshot, tables=tables)

    @cached_property
    def _applications(self) -> pa.Array:
        """The applications that some case of this world is about."""
        atlas = Atlas(self.snapshot)
        cases = [self._cases.cases[number] for number in self.stages]
        known = {case.at for case in cases if case.at is not None}
        for case in cases:
            for right in _rights(case, self._cases):
                known |= _applications_of(atlas, right)
        return pa.array(sorted(known), pa.string())

    def say(
        self, rule: Rule, duties: tuple[Duty, ...], numbers: Sequence[int]
    ) -> Mapping[int, Said]:
        """What the rule says of these cases of the world."""
        legs = tuple(duty for duty in duties if duty.duty_id in rule.duties)
        judge = self.judge(legs, resources=rule.scope is ScopeKind.RESOURCE)
        return self.say_by(judge, rule, numbers)

    def say_by(self, judge: Judge, rule: Rule, numbers: Sequence[int]) -> Mapping[int, Said]:
        """The same, by a judge over this world that knows the rule's legs."""
        result = judge.judge(rule)
        rows = plain_rows(judge, result)
        by_subject: dict[str, list[PlainVerdict]] = {}
        for row in rows:
            by_subject.setdefault(row.subject, []).append(row)
        said: dict[int, Said] = {}
        for number in numbers:
            mine = self._rows(rule, judge, result, by_subject, number)
            case, stage = self._cases.cases[number], self.stages[number]
            if case.mitigation is not None:
                told = excuse(case, stage, judge, result, rows, controls=self._controls)
                mine = [_excused(row, case, told) for row in mine]
            said[number] = _worst(mine)
        return said

    def _rows(
        self,
        rule: Rule,
        judge: Judge,
        result: RuleResult,
        by_subject: Mapping[str, Sequence[PlainVerdict]],
        number: int,
    ) -> list[PlainVerdict]:
        """What is said of the subjects of a case, place by place."""
        case, stage = self._cases.cases[number], self.stages[number]
        if rule.kind.counts_people:
            wanted = [case.at] if case.at else self._touched(judge, rule, case)
            return [row for place in wanted for row in by_subject.get(place, ())]
        nodes = _judged(rule, stage)
        rows = [row for node in nodes for row in by_subject.get(node, ())]
        return rows + self._open(judge, rule, result, case, rows)

    def _open(
        self,
        judge: Judge,
        rule: Rule,
        result: RuleResult,
        case: Case,
        rows: Iterable[PlainVerdict],
    ) -> list[PlainVerdict]:
        """Places of the case that are not evaluable for anybody, and have no row of their own."""
        if result.blank:
            return [PlainVerdict("", "", PLACE_ANYWHERE, Verdict.NOT_EVALUABLE, result.blank[0])]
        if not result.open_places:
            return []
        labels = [place.label for place in judge.engine.columns.atlas.places]
        touched = {case.at} if case.at else set(self._touched(judge, rule, case))
        known = {row.place for row in rows}
        reason = (
            f"nothing that was read lets anyone {' or '.join(result.dead)}" if result.dead else None
        )
        return [
            PlainVerdict("", "", labels[place], Verdict.NOT_EVALUABLE, reason)
            for place in result.open_places
            if labels[place] in touched and labels[place] not in known
        ]

    def _touched(self, judge: Judge, rule: Rule, case: Case) -> tuple[str, ...]:
        """The places that the case's own rights lie in, and those that exist in it."""
        atlas = judge.engine.columns.atlas
        found: set[str] = set()
        for right in _rights(case, self._cases):
            if rule.scope is ScopeKind.ANYWHERE:
                found.add(PLACE_ANYWHERE)
            elif rule.scope is ScopeKind.SYSTEM:
                found.add(right.system)
            elif rule.scope is ScopeKind.RESOURCE:
                found |= {
                    atlas.places[n].label
                    for n in atlas.resources_under(right.system, right.resource)
                }
            else:
                found |= _applications_of(atlas, right)
        return tuple(sorted(found))


def _rights(case: Case, cases: CaseFile) -> Iterator[CaseRight]:
    """Every right that a case has or names, those of the roles that it names among them."""
    waiting = [right for person in case.people for right in person.rights] + list(case.exists)
    seen: set[str] = set()
    while waiting:
        right = waiting.pop()
        yield right
        for name in {f"{right.system}:{name}" for name in right.via} - seen:
            seen.add(name)
            waiting += cases.roles[name].rights if name in cases.roles else ()


def _applications_of(atlas: Atlas, right: CaseRight) -> set[str]:
    """The applications that a right lies in."""
    if right.resource == WHOLE_SYSTEM:
        return {each.application for each in atlas.placements.get(right.system, ())}
    return {name for name, _ in atlas.placed(right.system, right.resource)}


def _resources(view: Snapshot) -> list[tuple[str, str]]:
    """The resources that rules of scope `resource` are judged in."""
    table = view["entitlements"]
    known = set(view["systems"].column("system").to_pylist())
    columns = [table.column(name).to_pylist() for name in ("system", "resource")]
    return sorted(
        {
            (system, resource)
            for system, resource in zip(*columns, strict=True)
            if resource != WHOLE_SYSTEM and system in known
        }
    )


def _judged(rule: Rule, stage: Stage) -> tuple[str, ...]:
    """The nodes that a rule about one subject judges in a case."""
    if rule.kind is RuleKind.HYGIENE:
        return tuple(dict.fromkeys((*stage.identities, *stage.accounts, *stage.roles)))
    return {
        Holder.IDENTITY: stage.identities,
        Holder.ACCOUNT: stage.accounts,
        Holder.ROLE: stage.roles,
    }[rule.holder]


def _excused(row: PlainVerdict, case: Case, told: Excuse | None) -> PlainVerdict:
    if told is None or row.verdict is not Verdict.VIOLATION or row.place != case.at:
        return row
    stands = told.standing is Standing.IN_FORCE
    verdict = Verdict.MITIGATED if stands else row.verdict
    return replace(row, verdict=verdict, reason=told.text)


def _worst(rows: Sequence[PlainVerdict]) -> Said:
    if not rows:
        return CLEAR
    worst = min((row.verdict for row in rows), key=lambda verdict: verdict.rank)
    worse = [row for row in rows if row.verdict is worst]
    reason = next((row.reason for row in worse if row.reason), None)
    return Said(worst, tuple(sorted({row.place for row in worse})), reason)
