"""In how many facts two cases of a rule differ, and in which.

A miss teaches something when it is one fact away from a hit: whoever reads both sees what makes
the rule let go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields

from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, ScopeKind
from sod_analyzer.rules.case_people import CasePerson
from sod_analyzer.rules.case_rights import CaseRight
from sod_analyzer.rules.cases import Case, CaseFile, Differs

REMOVED = "a right less"
ADDED = "a right more"
#: More people, or a person more: what rules that count people turn on.
PEOPLE = "people"
MITIGATION = "mitigation"

_RIGHT_FACTS = tuple(each.name for each in fields(CaseRight) if each.name != "where")
_PERSON_FACTS = tuple(
    each.name for each in fields(CasePerson) if each.name not in {"name", "where", "rights"}
)
_SCOPES = frozenset({Differs.APPLICATION, Differs.SYSTEM, Differs.RESOURCE})

#: What must differ between a miss and a hit for each word of `differs` that says what.
_MEANS: Mapping[Differs, frozenset[str]] = {
    Differs.APPLICATION: frozenset({"system", "resource"}),
    Differs.SYSTEM: frozenset({"system"}),
    Differs.RESOURCE: frozenset({"resource", "system"}),
    Differs.ENVIRONMENT: frozenset({"system", "resource"}),
    Differs.RIGHT: frozenset({"action", REMOVED, ADDED, "mode"}),
    Differs.DUTY: frozenset({REMOVED}),
}


def one_fact(miss: Case, hit: Case) -> frozenset[str] | None:
    """What differs from the hit to the miss, when that is one fact; None when it is not.

    One right that is missing, further, or changed is one fact, whatever changes in it; so is one
    person more or less, and one attribute of one person. Names of people and the order in which
    anything stands are no facts.
    """
    there = Counter(_right(right) for right in miss.exists)
    if there != Counter(_right(right) for right in hit.exists) or _keys(miss) != _keys(hit):
        return None
    if len(miss.people) != len(hit.people):
        return _count(miss.people, hit.people)
    return _pairwise(miss.people, hit.people)


def _keys(case: Case) -> object:
    """A mitigation without its place in the file."""
    each = case.mitigation
    return each and tuple(getattr(each, name.name) for name in fields(each) if name.name != "where")


def _count(miss: tuple[CasePerson, ...], hit: tuple[CasePerson, ...]) -> frozenset[str] | None:
    fewer, more = sorted((Counter(map(_whole, miss)), Counter(map(_whole, hit))), key=len_of)
    return frozenset({PEOPLE}) if fewer < more and len_of(more) - len_of(fewer) == 1 else None


def len_of(counter: Counter[object]) -> int:
    """How many there are, repeats counted."""
    return sum(counter.values())


def _pairwise(miss: tuple[CasePerson, ...], hit: tuple[CasePerson, ...]) -> frozenset[str] | None:
    left, right = list(miss), list(hit)
    for person in miss:
        twin = next((other for other in right if _whole(other) == _whole(person)), None)
        if twin is not None:
            left.remove(person)
            right.remove(twin)
    if not left:
        return frozenset()
    if len(left) != 1:
        return None
    ((one,), (other,)) = left, right
    said = {name for name in _PERSON_FACTS if getattr(one, name) != getattr(other, name)}
    rights = _rights(one.rights, other.rights)
    if rights is None or (said and rights) or len(said) > 1:
        return None
    return frozenset(said) | rights


def _rights(miss: Iterable[CaseRight], hit: Iterable[CaseRight]) -> frozenset[str] | None:
    mine, theirs = Counter(map(_right, miss)), Counter(map(_right, hit))
    more, less = list((mine - theirs).elements()), list((theirs - mine).elements())
    if len(more) > 1 or len(less) > 1:
        return None
    if more and less:
        pairs = zip(_RIGHT_FACTS, more[0], less[0], strict=True)
        return frozenset(name for name, one, other in pairs if one != other)
    if more:
        return frozenset({ADDED})
    return frozenset({REMOVED}) if less else frozenset()


def _right(right: CaseRight) -> tuple[object, ...]:
    return tuple(getattr(right, name) for name in _RIGHT_FACTS)


def _whole(person: CasePerson) -> object:
    said = tuple(getattr(person, name) for name in _PERSON_FACTS)
    return said, tuple(sorted((_right(right) for right in person.rights), key=repr))


def needed(rule: Rule, duties: Mapping[str, Duty]) -> Mapping[str, frozenset[Differs]]:
    """The misses that a rule must have, in words, each with the `differs` that count as one.

    A rule about one duty alone is broken wherever it is held, so no other place makes a miss.
    """
    if rule.kind is RuleKind.HYGIENE:
        return {}
    wanted: dict[str, frozenset[Differs]] = {}
    several = rule.kind is RuleKind.COMBINATION and rule.count > 1
    if rule.scope is not ScopeKind.ANYWHERE and (several or rule.kind.counts_people):
        wanted[f"another {rule.scope}"] = _SCOPES
    parts = [
        part
        for name in rule.duties
        if name in duties
        for w in duties[name].ways
        for part in w.parts
    ]
    if any(part.environment is not None for part in parts):
        wanted["another environment"] = frozenset({Differs.ENVIRONMENT})
    wanted["another right, such as one that only reads"] = frozenset({Differs.RIGHT})
    if several:
        wanted["one duty short"] = frozenset({Differs.DUTY})
    return wanted


def lacking(rule: Rule, duties: Mapping[str, Duty], cases: CaseFile) -> tuple[str, ...]:
    """The misses that a rule must have and has not, in words, with what comes near."""
    mine = [case for case in cases.cases if case.rule_id == rule.rule_id]
    hits = [case for case in mine if case.hit]
    why = {case: strays(case, hits) for case in mine if case.differs is not None}
    found = []
    for text, differs in needed(rule, duties).items():
        near = [(case, stray) for case, stray in why.items() if case.differs in differs]
        if all(stray is not None for _, stray in near):
            hint = f"; the case in line {near[0][0].where.line}: {near[0][1]}" if near else ""
            found.append(text + hint)
    return tuple(found)


def strays(case: Case, hits: Iterable[Case]) -> str | None:
    """Why a miss is not one fact from any of the hits, as its `differs` says; None when it is."""
    found = {facts for hit in hits if (facts := one_fact(case, hit)) is not None}
    if not found:
        return "it differs from every hit in more than one fact"
    wanted = _MEANS.get(case.differs) if case.differs else None
    if wanted is not None and not any(facts & wanted for facts in found):
        what = ", ".join(sorted({name for facts in found for name in facts})) or "nothing"
        return f"it says '{case.differs}', and differs from the nearest hit in: {what}"
    return None
