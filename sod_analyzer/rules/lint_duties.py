"""Lint of duties: what nobody uses, says twice, or matches by accident."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from sod_analyzer.documents import quoted
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, Ruleset, Selector, Way
from sod_analyzer.rules.containment import (
    EVERYTHING,
    Duties,
    WayIndex,
    action_covers,
    actions_cover,
    globs_apart,
    way_within,
)
from sod_analyzer.rules.lint_places import Places, Say

#: Texts of which so much is alike are taken for one word, spelt in two ways.
_ALIKE = 0.85
#: Shorter words are alike by accident.
_SHORTEST = 4


def lint_duties(ruleset: Ruleset, duties: Duties, places: Places, say: Say) -> None:
    """Says what is odd about the duties that the ruleset states itself."""
    named = [duty for duty in ruleset.duties if not duty.made_of]
    own = [duty for duty in named if places.own(duty)]
    used = used_duties(ruleset)
    judged = _judged(ruleset)
    for duty in own:
        where = duty.where or places.head("duties", duty.duty_id)
        if duty.duty_id not in used:
            text = f"duty '{duty.duty_id}' is used by no rule; use it or remove it"
            say("unused-duty", text, where)
        twin = next((d for d in named if _twins(d, duty, duties) and _first(d, duty)), None)
        if twin is not None:
            text = f"duty '{duty.duty_id}' is performed by the same ways as '{twin.duty_id}'"
            say("duplicate-duty", f"{text}; keep one, or say how they differ", where)
        stated = [way for way in duty.ways if way.origin is None]
        _lint_ways(duty, stated, where, say)
        for part in (part for way in stated for part in way.parts):
            _lint_part(part, duty.duty_id, part.where or where, say)
            if duty.duty_id in judged and _is_everything(part):
                text = (
                    f"action '*' makes every right in {part.product} perform '{duty.duty_id}'; "
                    f"{judged[duty.duty_id]} is about that: name the actions, or narrow the part "
                    "by system, resource or environment"
                )
                say("every-action", text, part.where or where)
    _lint_spelling(ruleset, own, places, say)


def used_duties(ruleset: Ruleset) -> frozenset[str]:
    """Every duty that some rule is about, by itself or inside another."""
    waiting = [duty for rule in ruleset.rules for duty in rule.duties]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in ruleset.duty:
            continue
        found.add(name)
        duty = ruleset.duty[name]
        waiting += [*duty.made_of, *duty.includes]
    return frozenset(found)


def _judged(ruleset: Ruleset) -> Mapping[str, str]:
    """Duties that a rule forbids or counts as they stand, and the first such rule.

    What somebody may hold only a part of, and what only a few may hold, may well be everything.
    """
    found: dict[str, str] = {}
    spared = (RuleKind.MAY_HOLD_ONLY, RuleKind.ONLY)
    for rule in ruleset.rules:
        # One critical duty is looked at with its rule.
        single = rule.kind is RuleKind.COMBINATION and rule.count == 1 and not rule.exclusions
        if rule.kind in spared or single:
            continue
        for leg in rule.duties:
            for name in ruleset.duty[leg].made_of or (leg,):
                if not _few(rule):
                    found.setdefault(name, rule.rule_id)
    return found


def _few(rule: Rule) -> bool:
    """Whether the rule narrows by itself whom or what it is about."""
    return bool(rule.subjects or rule.only_tiers or rule.environment)


def _is_everything(part: Selector) -> bool:
    narrowed = (part.system, part.resource, part.environment)
    free = all(each in (None, EVERYTHING) for each in narrowed)
    return free and not part.unless and any(not each.strip(EVERYTHING) for each in part.actions)


def _twins(one: Duty, other: Duty, duties: Duties) -> bool:
    names = (one.duty_id, other.duty_id)
    return one is not other and duties.within(*names) and duties.within(*names[::-1])


def _first(one: Duty, other: Duty) -> bool:
    """Which of two duties stood there first; an imported one did."""
    here, there = one.where, other.where
    if here is None or there is None or here.path != there.path:
        return True
    return (here.line or 0, one.duty_id) < (there.line or 0, other.duty_id)


def _lint_ways(duty: Duty, stated: list[Way], where: SourceRef, say: Say) -> None:
    index = WayIndex(stated)
    # Of two that say the same, the first one stays.
    at = {id(way): n for n, way in enumerate(stated)}
    for n, way in enumerate(stated):
        for wider in index.around(way):
            if at[id(wider)] < n or (wider is not way and not way_within(wider, way)):
                text = f"'{way}' lies within '{wider}' of duty '{duty.duty_id}'"
                line = way.parts[0].where or where
                say("duplicate-pattern", f"{text}, so it adds nothing; remove it", line)
                break


def _lint_part(part: Selector, duty: str, where: SourceRef, say: Say) -> None:
    for action in part.actions:
        others = [each for each in part.actions if each != action]
        wider = next((o for o in others if action_covers(part.product, o, action)), None)
        if wider is not None:
            text = f"action {quoted(action)} lies within {quoted(wider)}, so it adds nothing"
            say("duplicate-pattern", f"{text}; remove it", where)
    for key, glob in _globs(part):
        if _is_substring(glob):
            text = (
                f"{key} {quoted(glob)} of duty '{duty}' matches by a piece of a name, whatever "
                "stands around it; name what is meant, or give the beginning"
            )
            say("substring-pattern", text, where)
    for but in part.unless:
        if actions_cover(part.product, but.actions, part.actions):
            text = f"'except' leaves nothing of {_quoted(part.actions)}; narrow it"
            say("nothing-left", text, where)
        for action in but.actions:
            if all(globs_apart(action, each) for each in part.actions):
                text = (
                    f"'except' names {quoted(action)}, which is no action of "
                    f"{_quoted(part.actions)}; it takes nothing away"
                )
                say("idle-except", text, where)


def _globs(part: Selector) -> Iterator[tuple[str, str]]:
    yield from (("action", action) for action in part.actions)
    for key in ("system", "resource"):
        glob = getattr(part, key)
        if glob is not None:
            yield key, glob


def _is_substring(glob: str) -> bool:
    """Whether letters alone, with anything before and behind, make a match."""
    inner = glob.strip("*")
    return glob[:1] == "*" and glob[-1:] == "*" and inner.isalnum()


def _quoted(words: Iterable[str]) -> str:
    return " or ".join(quoted(word) for word in words)


# -- one word in two spellings ---------------------------------------------------------------------


def _lint_spelling(ruleset: Ruleset, own: list[Duty], places: Places, say: Say) -> None:
    """A misspelt product or environment matches nothing, and that looks like a clean answer."""
    parts = [
        (part, part.where or duty.where or places.head("duties", duty.duty_id))
        for duty in ruleset.duties
        if not duty.made_of
        for way in duty.ways
        if way.origin is None
        for part in way.parts
    ]
    mine = {duty.where for duty in own} | {
        part.where for d in own for w in d.ways for part in w.parts
    }
    kinds: Mapping[str, list[tuple[str, SourceRef]]] = {
        "product": [(part.product, where) for part, where in parts],
        "environment": [
            *((part.environment, where) for part, where in parts if part.environment),
            *(
                (rule.environment, places.rule(rule, "environment"))
                for rule in ruleset.rules
                if rule.environment
            ),
        ],
        "tier": [
            (tier, places.rule(rule, key))
            for rule in ruleset.rules
            for key, tiers in (("severity", rule.tiers), ("tiers", rule.only_tiers))
            for tier in tiers
        ],
    }
    for kind, stated in kinds.items():
        for word, where, usual, elsewhere in _odd(stated):
            if where.path == ruleset.path or where in mine:
                text = f"{kind} {quoted(word)} looks like {quoted(usual)} in {elsewhere}"
                say("odd-spelling", f"{text}; spell both alike, or one matches nothing", where)


def _odd(stated: list[tuple[str, SourceRef]]) -> Iterator[tuple[str, SourceRef, str, SourceRef]]:
    """Words of which another spelling is more usual, or as usual and earlier."""
    counts = Counter(word for word, _ in stated)
    first: dict[str, SourceRef] = {}
    for word, where in stated:
        first[word] = min(first.get(word, where), where, key=_order)
    ranked = sorted(counts, key=lambda word: (-counts[word], _order(first[word]), word))
    for n, word in enumerate(ranked):
        usual = next((each for each in ranked[:n] if _alike(each, word)), None)
        if usual is not None:
            yield word, first[word], usual, first[usual]


def _order(where: SourceRef) -> tuple[str, int]:
    return where.path, where.line or 0


def _alike(one: str, other: str) -> bool:
    a, b = (_letters(word) for word in (one, other))
    if a == b:
        return True
    if min(len(a), len(b)) < _SHORTEST or _no_digits(a) == _no_digits(b):
        return False
    if a.startswith(b) or b.startswith(a):
        # `payroll` and `payroll-eu` are two things; `prodd` is none.
        return abs(len(a) - len(b)) == 1
    # Two letters that changed places, or one that is wrong in a long word.
    return sorted(a) == sorted(b) or SequenceMatcher(None, a, b, autojunk=False).ratio() >= _ALIKE


def _letters(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())


def _no_digits(word: str) -> str:
    return "".join(c for c in word if not c.isdigit())
