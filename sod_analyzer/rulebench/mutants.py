"""Every small change of a ruleset that its cases should notice.

A mutant changes one thing, in the parsed rules and not in their text. Only what the ruleset states
itself is changed: what it imports is tested where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from sod_analyzer.catalogue.actions import action_within
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import EVERY_ACTION
from sod_analyzer.model.ruleset import Duty, Rule, Ruleset, Selector, Way
from sod_analyzer.rulebench.examining import own_rules
from sod_analyzer.rulebench.legs import Legs
from sod_analyzer.rulebench.rule_mutants import rule_changes

#: A way of more combinations of actions than this is compared as a whole.
_MOST_ATOMS = 2_000


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: another rule, or another duty. `legs` are the leg ids of a changed rule."""

    kind: str
    text: str
    where: SourceRef | None
    rules: tuple[str, ...]  # ids of the rules that it could change
    rule: Rule | None = None
    duty: Duty | None = field(default=None, compare=False)


def mutants(ruleset: Ruleset, legs: Legs) -> Iterator[Mutant]:
    """Every mutant of the rules that the ruleset states, and of the duties that they use.

    Left out are changes that change no answer: see `same_meaning`.
    """
    rules = own_rules(ruleset)
    for rule in rules:
        for kind, text, other in rule_changes(rule):
            name = f"{rule.rule_id}: {text}"
            yield Mutant(kind, name, rule.where, (rule.rule_id,), rule=other)
    for duty in legs.stated.values():
        touched = legs.rules_of(duty.duty_id, rules)
        if not touched:
            continue
        for kind, text, where, changed in duty_changes(duty, ruleset.path):
            if not same_meaning(duty.ways, changed.ways):
                yield Mutant(kind, f"{duty.duty_id}: {text}", where, touched, duty=changed)


Change = tuple[str, str, SourceRef | None, Duty]


def duty_changes(duty: Duty, path: str) -> Iterator[Change]:
    """Every change of the ways that this file gives the duty."""
    for n, way in enumerate(duty.ways):
        if all(part.where is None or part.where.path == path for part in way.parts):
            yield from _way_changes(duty, n, way)
    for name in duty.includes:
        rest = tuple(each for each in duty.includes if each != name)
        if rest or duty.ways:
            yield "drop a way", f"without duty {name}", duty.where, replace(duty, includes=rest)


def _way_changes(duty: Duty, n: int, way: Way) -> Iterator[Change]:
    def instead(*ways: Way) -> Duty:
        return replace(duty, ways=(*duty.ways[:n], *ways, *duty.ways[n + 1 :]))

    where = way.parts[0].where
    if len(duty.ways) > 1:
        yield "drop a way", f"without {way}", where, instead()
    if len(way.parts) > 1:
        loose = (replace(way, parts=(part,)) for part in way.parts)
        yield "any_of for all_of", f"any part of {way}", where, instead(*loose)
        for part in way.parts:
            rest = replace(way, parts=tuple(each for each in way.parts if each is not part))
            yield "drop a part", f"{way} without {part}", part.where, instead(rest)
    for k, part in enumerate(way.parts):
        for kind, text, changed in part_changes(part, alone=len(way.parts) == 1):
            parts = (*way.parts[:k], changed, *way.parts[k + 1 :])
            yield kind, text, part.where, instead(replace(way, parts=parts))
    yield from _joined(duty, n, where)


def _joined(duty: Duty, n: int, where: SourceRef | None) -> Iterator[Change]:
    """Two ways of one part each as one way that needs both."""
    pair = duty.ways[n : n + 2]
    if len(pair) == 2 and all(len(way.parts) == 1 for way in pair):  # noqa: PLR2004
        (one,), (other,) = (way.parts for way in pair)
        if one.product == other.product:
            both = replace(pair[0], parts=(one, other))
            changed = replace(duty, ways=(*duty.ways[:n], both, *duty.ways[n + 2 :]))
            yield "all_of for any_of", f"{one} and {other} together", where, changed


def part_changes(part: Selector, *, alone: bool) -> Iterator[tuple[str, str, Selector]]:
    """Every change of one part; `alone`: it is the only part of its way."""
    if len(part.actions) > 1:
        for action in part.actions:
            rest = tuple(each for each in part.actions if each != action)
            text = f"{part.product}: without {action}"
            yield "drop a pattern", text, replace(part, actions=rest)
    if part.actions != (EVERY_ACTION,):
        yield "widen a pattern", f"{part}: any action", replace(part, actions=(EVERY_ACTION,))
    if part.system is not None:
        yield "widen a pattern", f"{part}: any system", replace(part, system=None)
    if part.resource is not None:
        yield "widen a pattern", f"{part}: any resource", replace(part, resource=None)
    if part.environment is not None:
        yield "drop an environment", f"{part}: anywhere", replace(part, environment=None)
    if part.any_scope and not alone:
        yield "narrow the place", f"{part}: in the same place", replace(part, any_scope=False)
    for other in part.unless:
        for action in other.actions:
            left = tuple(each for each in other.actions if each != action)
            spared = (replace(other, actions=left),) if left else ()
            unless = tuple(
                each for one in part.unless for each in (spared if one is other else (one,))
            )
            yield "drop an exclusion", f"{part}: {action} too", replace(part, unless=unless)


def same_meaning(before: tuple[Way, ...], after: tuple[Way, ...]) -> bool:
    """Whether two sets of ways are provably the same: no case could tell them apart.

    A way is taken apart into its combinations of one action per part. Each that only one side has
    must be covered by one of the other: for each part of the covering combination there is a part
    of the covered one with the same product and exceptions, whose action lies within its action and
    which is narrowed at least as far by system, resource and environment.

    Errs: says no where it cannot prove it, so a mutant may survive that nothing could kill.
    """
    if before == after:
        return True
    old, new = _atoms(before), _atoms(after)
    return all(_covered(atom, new) for atom in old - new) and all(
        _covered(atom, old) for atom in new - old
    )


def _atoms(ways: Iterable[Way]) -> frozenset[tuple[Selector, ...]]:
    found: set[tuple[Selector, ...]] = set()
    for way in ways:
        count = 1
        for part in way.parts:
            count *= len(part.actions)
        if count > _MOST_ATOMS:
            found.add(way.parts)
            continue
        choices = (
            [replace(part, actions=(action,)) for action in part.actions] for part in way.parts
        )
        found |= set(product(*choices))
    return frozenset(found)


def _covered(atom: tuple[Selector, ...], others: frozenset[tuple[Selector, ...]]) -> bool:
    return any(all(any(_within(part, wide) for part in atom) for wide in other) for other in others)


def _within(part: Selector, wide: Selector) -> bool:
    """Whether every right that performs `part` performs `wide`, in the same places."""
    return (
        part.product == wide.product
        and part.any_scope == wide.any_scope
        and set(wide.unless) <= set(part.unless)
        and all(
            getattr(wide, name) in (None, getattr(part, name))
            for name in ("system", "resource", "environment")
        )
        and all(
            any(
                action == pattern or action_within(part.product, action, pattern, wildcard=True)
                for pattern in wide.actions
            )
            for action in part.actions
        )
    )


def kinds(found: Iterable[Mutant]) -> Mapping[str, int]:
    """How many mutants there are of each kind, sorted."""
    counts: dict[str, int] = {}
    for mutant in found:
        counts[mutant.kind] = counts.get(mutant.kind, 0) + 1
    return dict(sorted(counts.items()))
