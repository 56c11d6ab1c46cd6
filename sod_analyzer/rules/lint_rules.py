"""Lint of rules: what always holds, never holds, is said twice, or contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from difflib import get_close_matches

from sod_analyzer.documents import quoted, suggest
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import IdentityClass
from sod_analyzer.model.ruleset import (
    Exclusion,
    Holder,
    Rule,
    RuleKind,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Subjects,
    Way,
)
from sod_analyzer.rules.building import RULE_ID
from sod_analyzer.rules.containment import (
    EVERYTHING,
    Duties,
    globs_apart,
    resources_apart,
    subjects_within,
)
from sod_analyzer.rules.lint_notes import SOON
from sod_analyzer.rules.lint_places import Places, Say
from sod_analyzer.rules.subsuming import Subsuming, as_bad

#: How the frameworks that rules refer to are written.
FRAMEWORKS = frozenset(
    {
        *("cobit-2019", "coso-2013", "dora-2022-2554", "dora-rts-2024-1774", "fda-21-cfr-11"),
        *("iso-27001-2022", "nist-800-171", "nist-800-53", "nist-csf-2.0", "owasp-cicd"),
        *("pci-dss-4.0.1", "slsa", "soc2", "sox", "swift-cscf"),
    }
)
#: A word that is so much like a known one is meant to be it.
_NEAR = 0.75
_COMBINED = frozenset({RuleKind.COMBINATION, RuleKind.MIN_PEOPLE})


def lint_rules(ruleset: Ruleset, duties: Duties, places: Places, say: Say, *, as_of: date) -> None:
    """Says what is odd about the rules. Of imported ones only what is certainly wrong."""
    for rule in ruleset.rules:
        _lint_legs(rule, ruleset, duties, places, say)
        _lint_never(rule, places, say, as_of=as_of)
        _lint_scope(rule, ruleset, places, say)
        _lint_defined(rule, ruleset, places, say)
        for exclusion in rule.exclusions:
            if exclusion.where is None or exclusion.where.path == ruleset.path:
                _lint_exclusion(exclusion, rule, places, say, as_of=as_of)
        if places.own(rule):
            _lint_texts(rule, ruleset, places, say)
    _lint_pairs(ruleset, Subsuming(duties), places, say)


# -- one right, one duty ---------------------------------------------------------------------------


def _lint_legs(rule: Rule, ruleset: Ruleset, duties: Duties, places: Places, say: Say) -> None:
    if rule.kind is not RuleKind.COMBINATION:
        return
    if rule.count == 1:
        _lint_single(rule, ruleset, places, say)
        return
    for leg in rule.duties:
        given = [other for other in rule.duties if duties.within(leg, other)]
        if len(given) >= rule.count:
            also = " and ".join(f"'{other}'" for other in given if other != leg)
            text = (
                f"whoever has duty '{leg}' has {also}, so one duty breaks {rule.rule_id}; "
                "take apart what the two share"
            )
            say("one-duty-enough", text, places.rule(rule, "duties"))
            return
    enough = next(_enough(rule, duties), None)
    if enough is not None and places.own(rule):
        way, legs = enough
        text = (
            f"one right breaks {rule.rule_id} alone: '{way}' performs "
            f"{' and '.join(repr(leg) for leg in legs)}; if that is meant, make it a duty of its "
            "own that is critical"
        )
        say("one-right-enough", text, places.rule(rule, "duties"))


def _enough(rule: Rule, duties: Duties) -> Iterator[tuple[Way, list[str]]]:
    """Ways that perform as many legs as the rule needs."""
    for leg in rule.duties:
        for way in duties.duty[leg].ways:
            legs = [each for each in rule.duties if any(duties.index(each).around(way))]
            if len(legs) >= rule.count:
                yield way, legs


def _lint_single(rule: Rule, ruleset: Ruleset, places: Places, say: Say) -> None:
    """A critical duty that any right at all performs, for everybody and everywhere."""
    if rule.subjects or rule.only_tiers or rule.exclusions:
        return
    for leg in rule.duties:
        for way in ruleset.duty[leg].ways:
            if all(_is_any(part) for part in way.parts):
                text = (
                    f"{rule.rule_id} is broken by whoever has any right in {way.parts[0].product}: "
                    f"'{way}' of duty '{leg}'; name the actions, or say whom it is about"
                )
                say("always-broken", text, places.rule(rule, "duties"))
                return


def _is_any(part: Selector) -> bool:
    narrowed = (part.system, part.resource, part.environment)
    return (
        all(each in (None, EVERYTHING) for each in narrowed)
        and not part.unless
        and any(not action.strip(EVERYTHING) for action in part.actions)
    )


def _lint_never(rule: Rule, places: Places, say: Say, *, as_of: date) -> None:
    if rule.kind is RuleKind.ONLY and _is_everybody(rule.allowed):
        text = f"the holders are everybody, so nobody breaks {rule.rule_id}; name who may"
        say("never-broken", text, places.rule(rule, "only"))
    for exclusion in rule.exclusions:
        if exclusion.until is not None and exclusion.until < as_of:
            continue
        everywhere = not exclusion.places or any(not p.strip("*") for p in exclusion.places)
        judged = rule.subjects
        all_of_them = not exclusion.subjects or _is_everybody(exclusion.subjects)
        all_of_them |= bool(judged) and subjects_within(judged, exclusion.subjects)
        if everywhere and all_of_them:
            text = (
                f"the exclusion leaves out everything that {rule.rule_id} is about; "
                "narrow it, or drop the rule"
            )
            say("never-broken", text, exclusion.where or places.rule(rule, "exclude"))


def _is_everybody(subjects: Subjects) -> bool:
    """Whether the narrowing leaves nobody out. Not all have a department, a title or a role."""
    if not subjects or subjects.departments or subjects.titles or subjects.roles:
        return False
    given = [each for each in (subjects.accounts, subjects.people) if each]
    every_class = not subjects.kinds or set(IdentityClass) <= set(subjects.kinds)
    return every_class and all(any(not glob.strip("*:") for glob in each) for each in given)


# -- scope -----------------------------------------------------------------------------------------


def _lint_scope(rule: Rule, ruleset: Ruleset, places: Places, say: Say) -> None:
    """Duties that must meet in one system or resource have to be about one product."""
    several = rule.kind in _COMBINED and len(rule.duties) > 1
    if not several or rule.scope not in (ScopeKind.RESOURCE, ScopeKind.SYSTEM):
        return
    needed = len(rule.duties) if rule.kind is RuleKind.MIN_PEOPLE else rule.count
    if needed < 2:  # noqa: PLR2004 - one duty meets itself
        return
    parts = [
        [part for way in ruleset.duty[leg].ways for part in _placed(way)] for leg in rule.duties
    ]
    if any(
        1
        + sum(
            any(_meet(part, other, rule.scope) for other in leg)
            for leg in parts[:n] + parts[n + 1 :]
        )
        >= needed
        for n, leg_parts in enumerate(parts)
        for part in leg_parts
    ):
        return
    products = sorted({part.product for leg in parts for part in leg})
    text = (
        f"{needed} of the duties of {rule.rule_id} can never meet in one {rule.scope}: they are "
        f"about {', '.join(products)}; use scope application, or ways that share one"
    )
    say("unrelated-scope", text, places.rule(rule, "scope"))


def _placed(way: Way) -> Iterable[Selector]:
    """The parts that say where a way is; a way without one is everywhere of its product."""
    return [part for part in way.parts if not part.any_scope] or way.parts


def _meet(one: Selector, other: Selector, scope: ScopeKind) -> bool:
    if one.product != other.product:
        return False
    if one.system and other.system and globs_apart(one.system, other.system):
        return False
    anywhere = one.any_scope or other.any_scope or scope is ScopeKind.SYSTEM
    return anywhere or not resources_apart(one.resource, other.resource)


# -- one rule against another ----------------------------------------------------------------------


def _lint_pairs(ruleset: Ruleset, compare: Subsuming, places: Places, say: Say) -> None:
    told: set[str] = set()
    # Own rules last: of two that are the same, the one that can be changed here is told.
    rules = sorted(ruleset.rules, key=lambda rule: (places.own(rule), rule.rule_id))
    for n, rule in enumerate(rules):
        for m, wide in enumerate(rules):
            if n == m or not (places.own(rule) or places.own(wide)):
                continue
            if not compare.implies(rule, wide):
                continue
            same = compare.implies(wide, rule)
            if same and n > m:
                text = f"{rule.rule_id} asks the same as {wide.rule_id}; keep one"
                say("duplicate-rule", text, places.rule(rule))
            elif not same and as_bad(wide, rule) and rule.rule_id not in told:
                told.add(rule.rule_id)
                text = (
                    f"whatever breaks {rule.rule_id} breaks {wide.rule_id}, which is as severe; "
                    "remove it, make it more severe, or make it ask something else"
                )
                say("subsumed-rule", text, places.rule(rule))
    _lint_headcounts(ruleset, places, say)


def _lint_headcounts(ruleset: Ruleset, places: Places, say: Say) -> None:
    for low in (rule for rule in ruleset.rules if rule.kind is RuleKind.MIN_HOLDERS):
        for high in (rule for rule in ruleset.rules if rule.kind is RuleKind.MAX_HOLDERS):
            if (low.duties, low.scope) != (high.duties, high.scope) or low.count <= high.count:
                continue
            if low.only_tiers and high.only_tiers and not {*low.only_tiers} & {*high.only_tiers}:
                continue
            if low.subjects or high.subjects:
                continue
            text = (
                f"{low.rule_id} asks for at least {low.count} holders of '{low.duties[0]}', and "
                f"{high.rule_id} allows {high.count}; one of them is always broken"
            )
            say("contradicting-counts", text, places.rule(low, "min_holders"))


# -- exclusions, controls, texts -------------------------------------------------------------------


def _lint_exclusion(
    exclusion: Exclusion, rule: Rule, places: Places, say: Say, *, as_of: date
) -> None:
    where = exclusion.where or places.rule(rule, "exclude")
    what = f"the exclusion of {exclusion} from {rule.rule_id}"
    if exclusion.until is None:
        text = f"{what} has no end; give the day on which somebody decides again, as 'until'"
        say("exclusion-without-end", text, where)
    elif exclusion.until < as_of:
        text = f"{what} is over since {exclusion.until}; remove it, or decide it anew"
        say("exclusion-over", text, where)
    elif exclusion.until <= as_of + timedelta(days=SOON):
        text = f"{what} ends on {exclusion.until}; decide now what comes after it"
        say("exclusion-ending", text, where)


def _lint_defined(rule: Rule, ruleset: Ruleset, places: Places, say: Say) -> None:
    for control in rule.controls:
        if control not in ruleset.control:
            near = suggest(control, ruleset.control)
            text = f"{rule.rule_id} allows control {quoted(control)}, which is not defined{near}"
            say("undefined-control", f"{text}; describe it under controls", _allowed(rule, places))


def _allowed(rule: Rule, places: Places) -> SourceRef:
    return places.rule(rule, "controls", "allowed")


def _lint_texts(rule: Rule, ruleset: Ruleset, places: Places, say: Say) -> None:
    severe = max((rule.severity, *rule.tiers.values()), key=lambda each: each.rank)
    # A role that breaks a rule is mended and a leaver's login is closed; nothing stands for that.
    mended = rule.holder is Holder.ROLE or rule.kind is RuleKind.HYGIENE
    if not rule.controls and severe.rank >= Severity.HIGH.rank and not mended:
        text = (
            f"{rule.rule_id} is {severe} and allows no control; say under controls what may stand "
            "for it where people are too few"
        )
        say("missing-control", text, places.rule(rule))
    for framework in rule.references:
        known = _known(framework)
        if known is not None:
            text = f"framework {quoted(framework)} is written '{known}' elsewhere"
            say(
                "unknown-framework",
                f"{text}; write it alike, or a crosswalk lists it apart",
                places.rule(rule, "references", framework),
            )
    if rule.status == "deprecated" and not _successor(rule, ruleset.rule):
        text = f"{rule.rule_id} is deprecated; say in 'why' which rule takes its place, by its id"
        say("deprecated-without-successor", text, places.rule(rule, "status"))


def _known(framework: str) -> str | None:
    """The known framework that this seems to be, when it is not one."""
    if framework in FRAMEWORKS:
        return None
    folded = _folded(framework)
    for known in sorted(FRAMEWORKS):
        other = _folded(known)
        if other == folded or (len(folded) > 2 and other.startswith(folded)):  # noqa: PLR2004
            return known
    close = get_close_matches(framework.casefold(), sorted(FRAMEWORKS), n=1, cutoff=_NEAR)
    return close[0] if close else None


def _folded(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.casefold())


def _successor(rule: Rule, rules: Mapping[str, Rule]) -> bool:
    told = " ".join((rule.title, rule.why, *rule.false_positives))
    return any(name in rules and name != rule.rule_id for name in RULE_ID.findall(told))
