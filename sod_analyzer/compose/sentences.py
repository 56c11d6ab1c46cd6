"""A finding in one plain sentence, by the kind of its rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sod_analyzer.compose.words import counted, joined, listed, lower_first
from sod_analyzer.model.finding import PLACE_ALL, PLACE_ANYWHERE, PLACE_UNMAPPED, Verdict
from sod_analyzer.model.ruleset import Duty, Holder, HygieneCheck, Rule, RuleKind, Subjects

Row = dict[str, Any]

PLACE_TITLES = {
    PLACE_ALL: "every application",
    PLACE_UNMAPPED: "resources that no application claims",
    PLACE_ANYWHERE: "anywhere",
}


#: A title that says several things itself, so that it cannot stand between commas or "and".
_SEVERAL = re.compile(r",| and | or ")


class Slot(Enum):
    """What a template leaves open."""

    NAME = "name"
    WHERE = "where"
    REASON = "reason"


#: A sentence with gaps: texts and slots in their order.
Template = tuple[str | Slot, ...]


def acts_of(rule: Rule, duties: Mapping[str, Duty]) -> Template:
    """What breaks the rule and where, as a verb phrase: "change code and deploy it in Payments"."""
    acts = [lower_first(duties[d].title) for d in rule.duties]
    if rule.kind is RuleKind.COMBINATION and rule.count < len(acts):
        if rule.count == 1:
            return (f"{joined(acts, ' or ')} ", Slot.WHERE)
        return (f"do {rule.count} of these {len(acts)} ", Slot.WHERE, f": {joined(acts, '; ')}")
    if len(acts) == 1 or not any(_SEVERAL.search(act) for act in acts):
        return (f"{joined(acts, ' and ')} ", Slot.WHERE)
    # "A or B and C" would leave open what belongs together.
    *first, last = acts
    told = f"{first[0]}, and also {last}" if len(acts) == 2 else f"{'; '.join(first)}; and {last}"  # noqa: PLR2004
    return (f"{told}, ", Slot.WHERE)


def where_of(places: Sequence[Row]) -> str:
    """Titles of places as the end of a sentence."""
    where = joined([p["place_title"] for p in places], " and ")
    if where == PLACE_TITLES[PLACE_UNMAPPED]:
        return f"on {where}"
    return where if where.startswith("anywhere") else f"in {where}"


def template(rule: Rule, duties: Mapping[str, Duty], verdict: str) -> Template:
    """What a finding about one subject says, by the worst verdict of its places.

    The name is the subject's, the places are those with that verdict, and the reason is that of
    the first of them.
    """
    if rule.kind is RuleKind.HYGIENE:
        return (Slot.NAME, ": ", Slot.REASON, ".")
    who = "Whoever has " if rule.holder is Holder.ROLE else ""
    claim: Template = (" can ", *acts_of(rule, duties))
    if rule.kind is RuleKind.MAX_GRANT_HOURS:
        claim = (*claim, f" for longer than {counted(rule.count, 'hour')}")
    if verdict == Verdict.NOT_EVALUABLE:
        doubt = f"Nobody can say whether {lower_first(who)}"
        return (doubt, Slot.NAME, *claim, ": ", Slot.REASON, ".")
    if rule.kind is RuleKind.ONLY:
        claim = (*claim, f", and only {those(rule.allowed)} should")
    if verdict == Verdict.VIOLATION:
        return (who, Slot.NAME, *claim, ".")
    return (who, Slot.NAME, *claim, ", but ", Slot.REASON, ".")


def filled(gaps: Template, **told: str | None) -> str:
    """A template with its slots filled, each named in lower case."""
    return "".join(str(told[piece.value]) if isinstance(piece, Slot) else piece for piece in gaps)


def sentence(
    rule: Rule, duties: Mapping[str, Duty], name: str, places: Sequence[Row], worst: Row
) -> str:
    """A finding about one subject."""
    same = [p for p in places if p["verdict"] == worst["verdict"]]
    gaps = template(rule, duties, worst["verdict"])
    return filled(gaps, name=name, where=where_of(same), reason=same[0]["reason"])


def wanted(rule: Rule) -> str:
    """What a rule that counts people asks for."""
    if rule.kind is RuleKind.MAX_HOLDERS:
        return f"at most {counted(rule.count, 'person', 'people')}"
    if rule.kind is RuleKind.MIN_HOLDERS:
        return f"at least {counted(rule.count, 'person', 'people')}"
    return f"no fewer than {counted(rule.count, 'person', 'people')} together"


def headcount(rule: Rule, duties: Mapping[str, Duty], row: Row) -> str:
    """A finding about a place and its people, from its row among the measures."""
    what = filled(acts_of(rule, duties), where=where_of([row]))
    if row["verdict"] == Verdict.NOT_EVALUABLE:
        return f"Nobody can say whether {wanted(rule)} can {what}: {row['reason']}."
    found = counted(row["found"], "person", "people") if row["found"] else "Nobody"
    if rule.kind is RuleKind.MIN_PEOPLE:
        together = "alone" if row["found"] == 1 else "together"
        claim = f"{found} {together} can {what}, and it should take {rule.count}"
    else:
        limit = "no more than" if rule.kind is RuleKind.MAX_HOLDERS else "at least"
        claim = f"{found} can {what}, and {limit} {rule.count} should"
    but = f"; but {row['reason']}" if row["verdict"] == Verdict.GATED else ""
    # Behind "should" and a colon stood those who should, and not those who can.
    names = f" {'It is' if row['found'] == 1 else 'They are'} {row['people']}."
    return f"{claim}{but}.{names if row['people'] else ''}"


def logic(rule: Rule) -> str:
    """The rule's condition in one line."""
    names = ", ".join(rule.duties)
    if rule.kind is RuleKind.COMBINATION:
        if rule.count == len(rule.duties):
            return " and ".join(rule.duties)
        return f"{rule.count} of {names}"
    if rule.kind is RuleKind.HYGIENE:
        return _check(rule)
    said = {
        RuleKind.ONLY: f"only {those(rule.allowed)} may have {names}",
        RuleKind.MAY_HOLD_ONLY: f"nobody of these has {names}",
        RuleKind.MAX_GRANT_HOURS: f"nobody is given {names} for longer than {rule.count} hours",
    }
    return said.get(rule.kind) or f"{wanted(rule)} have {names}"


def _check(rule: Rule) -> str:
    check = rule.hygiene
    if check is None:
        return str(rule.kind)
    dated = check.check is HygieneCheck.DORMANT_PRIVILEGED
    tail = f", unused for {counted(check.days, 'day')}" if dated else ""
    return f"{str(check.check).replace('-', ' ')}{tail}"


_CLASSES: Mapping[str, str] = {
    "person": "people",
    "workload": "workloads",
    "shared": "shared logins",
    "vendor": "vendors",
}


def those(subjects: Subjects) -> str:
    """Those whom a narrowing fits, as a noun: "workloads with account cm:SRV*"."""
    noun = " or ".join(_CLASSES.get(kind, kind) for kind in subjects.kinds) or "those"
    told = (
        ("department", subjects.departments),
        ("title", subjects.titles),
        ("role", subjects.roles),
        ("account", subjects.accounts),
        ("key", subjects.people),
    )
    tail = [f"{name} {' or '.join(values)}" for name, values in told if values]
    return f"{noun} with {joined(tail, ' and ')}" if tail else noun


def about(rule: Rule) -> str | None:
    """Whom the rule judges, where it says."""
    words = [those(rule.subjects)] if rule.subjects else []
    words += [f"everyone but {those(rule.allowed)}"] if rule.allowed else []
    words += [f"each {rule.holder}"] if rule.holder is not Holder.IDENTITY else []
    return "; ".join(words) or None


def names_of(
    members: Sequence[tuple[str, Sequence[str], bool]], *, duties: bool, more: int = 0
) -> str | None:
    """People as a list: name, what they do if that is asked for, and a mark where not certain.

    `more` are further people, whose names are not known here.
    """
    words = []
    for name, acts, sure in members:
        # A group of alternatives is called by the ids of its duties, joined by `+`.
        share = f" ({', '.join(act.replace('+', ' or ') for act in acts)})" if duties else ""
        words.append(f"{name}{share}{'' if sure else ' (not certain)'}")
    return listed(words, more=more) or None
