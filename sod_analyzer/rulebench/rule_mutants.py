"""Every small change of one rule that its cases should notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from sod_analyzer.model.ruleset import (
    Certainty,
    Holder,
    HygieneCheck,
    Means,
    Rule,
    RuleKind,
    ScopeKind,
    Subjects,
)

Change = tuple[str, str, Rule]

#: A rule that needs holders looks at what they have now, whatever `counts` says.
_WITHOUT_COUNTS = frozenset({RuleKind.HYGIENE, RuleKind.MIN_HOLDERS})


def rule_changes(rule: Rule) -> Iterator[Change]:
    """Kind, words, and the changed rule; changes that change no answer are left out."""
    yield from _count(rule)
    yield from _scope(rule)
    yield from _environment(rule)
    yield from _alternatives(rule)
    yield from _narrowings(rule)
    yield from _counts(rule)
    yield from _holder(rule)


def _count(rule: Rule) -> Iterator[Change]:
    legs, check = len(rule.duties), rule.hygiene
    near = (rule.count - 1, rule.count + 1)
    if rule.kind is RuleKind.COMBINATION:
        for count, kind in ((1, "any_of for all_of"), (legs, "all_of for any_of")):
            if count != rule.count:
                yield kind, f"{count} of {legs} duties", replace(rule, count=count)
        others = [count for count in near if 1 < count < legs]
    elif check is not None and check.check is HygieneCheck.DORMANT_PRIVILEGED:
        for days in (check.days - 1, check.days + 1):
            changed = replace(rule, hygiene=replace(check, days=days))
            yield "count", f"{days} days for {check.days}", changed
        others = []
    else:
        most = {RuleKind.MIN_PEOPLE: legs}.get(rule.kind, rule.count + 1)
        others = [count for count in near if 1 <= count <= most and rule.count > 0]
        if rule.kind in {RuleKind.ONLY, RuleKind.MAY_HOLD_ONLY}:
            others = []
    for count in others:
        yield "count", f"{count} for {rule.count}", replace(rule, count=count)


def _scope(rule: Rule) -> Iterator[Change]:
    # A check of accounts and roles is by system, or everywhere at once.
    known = (ScopeKind.SYSTEM, ScopeKind.ANYWHERE) if rule.kind is RuleKind.HYGIENE else ScopeKind
    for scope in known:
        if scope is not rule.scope:
            yield "scope", f"scope {scope}", replace(rule, scope=scope)


def _environment(rule: Rule) -> Iterator[Change]:
    if rule.environment is None:
        return
    tail = f"[{rule.environment}]"
    legs = tuple(leg.removesuffix(tail) for leg in rule.duties)
    if legs != rule.duties:
        yield "drop an environment", f"not only {rule.environment}", replace(rule, duties=legs)


def _alternatives(rule: Rule) -> Iterator[Change]:
    """One alternative of a leg less."""
    for n, leg in enumerate(rule.duties):
        inner, bracket, environment = leg.partition("[")
        if "+" not in inner or "!" in inner:
            continue
        members = inner.split("+")
        for name in members:
            rest = "+".join(each for each in members if each != name)
            legs = (*rule.duties[:n], f"{rest}{bracket}{environment}", *rule.duties[n + 1 :])
            yield "drop an alternative", f"{leg} without {name}", replace(rule, duties=legs)


def _narrowings(rule: Rule) -> Iterator[Change]:
    for exclusion in rule.exclusions:
        rest = tuple(each for each in rule.exclusions if each is not exclusion)
        yield "drop an exclusion", f"{exclusion} too", replace(rule, exclusions=rest)
    for duty in rule.gates:
        gates = {name: kinds for name, kinds in rule.gates.items() if name != duty}
        yield "drop a gate", f"no gate before {duty}", replace(rule, gates=gates)
    for name, less in _without_each(rule.subjects):
        yield "drop subjects", f"whatever the {name}", replace(rule, subjects=less)
    for name, less in _without_each(rule.allowed):
        yield "drop holders", f"not for {name}", replace(rule, allowed=less)
    if rule.only_tiers:
        yield "drop tiers", "applications of every tier", replace(rule, only_tiers=())


def _without_each(subjects: Subjects) -> Iterator[tuple[str, Subjects]]:
    for each in fields(subjects):
        if getattr(subjects, each.name):
            yield each.name, replace(subjects, **{each.name: ()})


def _counts(rule: Rule) -> Iterator[Change]:
    # A role holds what it contains: no case can say that it does so only now and then.
    if rule.kind in _WITHOUT_COUNTS or rule.holder is Holder.ROLE:
        return
    ladder, counts = tuple(Means), rule.counts
    rungs = len(counts.means)
    if rungs < len(ladder):
        wider = replace(counts, means=ladder[: rungs + 1])
        yield "widen means", f"{ladder[rungs]} too", replace(rule, counts=wider)
    if rungs > 1:
        narrower = replace(counts, means=ladder[: rungs - 1])
        yield "narrow means", f"not {ladder[rungs - 1]}", replace(rule, counts=narrower)
    if Certainty.CONDITIONAL in counts.certainty:
        sure = replace(counts, certainty=(Certainty.SURE,))
        yield "narrow certainty", "only what is sure", replace(rule, counts=sure)


def _holder(rule: Rule) -> Iterator[Change]:
    if rule.kind.counts_people or rule.kind is RuleKind.HYGIENE:
        return
    for holder in Holder:
        # A rule about people says the same of their roles only by chance.
        if holder is not rule.holder and holder is not Holder.ROLE:
            yield "holder", f"judges each {holder}", replace(rule, holder=holder)
