"""Mutation: does any case notice, when a rule is changed a little?

A mutant is killed when a case that comes out by the ruleset no longer does. What survives shows
what the cases do not pin down.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.ruleset import Rule, Ruleset, ScopeKind, Way
from sod_analyzer.rulebench.cases import Bench, passes
from sod_analyzer.rulebench.court import Court
from sod_analyzer.rulebench.examining import Examined, own_rules
from sod_analyzer.rulebench.legs import Legs
from sod_analyzer.rulebench.mitigating import MARK
from sod_analyzer.rulebench.mutants import Mutant, mutants
from sod_analyzer.rulebench.opening import Opened, open_path
from sod_analyzer.rules.cases import CaseFile


@dataclass(frozen=True)
class Mutated:
    """How many mutants of a ruleset its cases kill."""

    ruleset: str
    killed: tuple[Mutant, ...]
    survived: tuple[Mutant, ...]

    def __str__(self) -> str:
        killed, count = len(self.killed), len(self.killed) + len(self.survived)
        return f"{self.ruleset}: {killed} of {count} mutants noticed, {self.percent} %"

    @property
    def percent(self) -> float:
        """The share that is killed; 100 when there is nothing to kill."""
        return percent(len(self.killed), len(self.survived))

    def of_rule(self, rule: str) -> dict[str, object]:
        """The counts of one rule. A mutant of a duty counts for each rule that it touches."""
        killed = sum(rule in mutant.rules for mutant in self.killed)
        survived = sum(rule in mutant.rules for mutant in self.survived)
        return {
            "mutants": killed + survived,
            "noticed": killed,
            "score": percent(killed, survived),
        }


def survivor_rows(mutated: Mutated) -> list[dict[str, object]]:
    """One row per mutant that no case notices."""
    return [
        {"at": str(mutant.where or mutated.ruleset), "kind": mutant.kind, "survivor": mutant.text}
        for mutant in mutated.survived
    ]


def merged_rows(
    examined: Iterable[Examined], mutated: Iterable[Mutated]
) -> list[dict[str, object]]:
    """One row per rule that its ruleset states: its cases, and what they notice."""
    scores = {each.ruleset: each for each in mutated}
    rows = [row for each in examined for row in each.rows()]
    for row in rows:
        score = scores.get(str(row["ruleset"]))
        if score is not None:
            row.update(score.of_rule(str(row["rule"])))
    return rows


def percent(killed: int, survived: int) -> float:
    """Killed of all, in percent, rounded down to a tenth; 100 of none."""
    count = killed + survived
    return (1000 * killed // count) / 10 if count else 100.0


@dataclass(frozen=True, slots=True)
class _Variant:
    """A mutant as one rule sees it: the rule, and ways for each of its legs."""

    mutant: int
    rule: Rule
    legs: Mapping[str, tuple[Way, ...]]


def mutate(ruleset: Ruleset, cases: CaseFile) -> Mutated:
    """Every mutant of what the ruleset states, judged by the cases of the rules that it touches.

    A mutant that gives every rule the very same legs is no mutant, and is not counted.

    Cost: per rule and world one closure over all the ways of all its mutants, then one judgement
    per mutant. A mutant is judged until a case kills it; rules that count people, whose cases have
    a world each, come last.
    """
    bench, legs = Bench(ruleset, cases), Legs(ruleset)
    found = list(mutants(ruleset, legs))
    alive = dict(enumerate(found))
    real: set[int] = set()
    rules = own_rules(ruleset)
    for rule in sorted(rules, key=lambda rule: (rule.kind.counts_people, rule.rule_id)):
        variants = [
            variant
            for number, mutant in alive.items()
            if rule.rule_id in mutant.rules
            and (variant := _variant(number, mutant, rule, legs)) is not None
        ]
        real |= {variant.mutant for variant in variants}
        for number in _killed(bench, rule, legs, variants):
            alive.pop(number, None)
    return Mutated(
        ruleset.name,
        tuple(mutant for n, mutant in enumerate(found) if n not in alive),
        tuple(mutant for n, mutant in alive.items() if n in real),
    )


def mutate_all(opened: Iterable[Opened]) -> tuple[Mutated, ...]:
    """As `mutate`, for every ruleset that has cases, in that order; on all cores.

    Each ruleset is read again by the process that changes it, so none may change meanwhile.
    """
    paths = [each.path for each in opened if each.cases is not None]
    workers = min(len(paths), os.cpu_count() or 1)
    if workers < 2:  # noqa: PLR2004 - one process is the one we are in
        return tuple(map(_mutate_file, paths))
    # Threads of Arrow do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return tuple(pool.map(_mutate_file, paths))


def _mutate_file(path: Path) -> Mutated:
    opened = open_path(path)
    if opened.cases is None:
        raise RulesetError(f"{opened.ruleset.path}: no cases stand beside it any longer")
    return mutate(opened.ruleset, opened.cases)


def _variant(number: int, mutant: Mutant, rule: Rule, legs: Legs) -> _Variant | None:
    """The rule as the mutant has it; None when that is the rule as it is."""
    changed = {} if mutant.duty is None else {mutant.duty.duty_id: mutant.duty}
    stated = mutant.rule or rule
    made = {leg: legs.ways(leg, changed) for leg in stated.duties}
    if mutant.rule is None and all(made[leg] == legs.ways(leg) for leg in stated.duties):
        return None
    named = {leg: f"{leg}{MARK}{number}" for leg in stated.duties}
    return _Variant(
        number,
        replace(stated, duties=tuple(named[leg] for leg in stated.duties)),
        {named[leg]: ways for leg, ways in made.items()},
    )


def _killed(bench: Bench, rule: Rule, legs: Legs, variants: Sequence[_Variant]) -> Iterator[int]:
    """The mutants that some case of this rule notices."""
    left = list(variants)
    numbers = bench.numbers_of(rule.rule_id)
    as_is = _Variant(-1, rule, {leg: legs.ways(leg) for leg in rule.duties})
    for court in bench.courts:
        mine = [number for number in numbers if number in court.stages]
        if not mine or not left:
            continue
        dead = {variant.mutant for variant in _fallen(bench, court, as_is, left, mine)}
        yield from sorted(dead)
        left = [variant for variant in left if variant.mutant not in dead]


def _fallen(
    bench: Bench,
    court: Court,
    as_is: _Variant,
    variants: Iterable[_Variant],
    numbers: Sequence[int],
) -> Iterator[_Variant]:
    """The variants under which a case of this world fails that comes out as it is."""
    cases = bench.cases.cases
    for resources in (False, True):
        chosen = [v for v in variants if (v.rule.scope is ScopeKind.RESOURCE) is resources]
        if not chosen:
            continue
        plain = as_is.rule.scope is ScopeKind.RESOURCE
        judge = court.pooled_judge(
            {leg: ways for each in (as_is, *chosen) for leg, ways in each.legs.items()},
            resources=resources,
        )
        known = court.pooled_judge(as_is.legs, resources=plain) if plain is not resources else judge
        usual = court.say_by(known, as_is.rule, numbers)
        sound = [number for number in numbers if passes(cases[number], usual[number])]
        for variant in chosen:
            said = court.say_by(judge, variant.rule, sound)
            if any(not passes(cases[number], said[number]) for number in sound):
                yield variant
