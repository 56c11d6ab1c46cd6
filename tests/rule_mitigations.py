"""Whether the mitigation of a case stands: spelled out, and apart from the package.

A mitigation was approved for a place, for how strongly the rule was broken there, and for the ways
held; it stands while all that is so, in its days, when performed in time by somebody independent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from tests.rule_oracle import BROKEN, Oracle
from tests.rule_reach import Lens, lens_of
from tests.rule_texts import Leg, Part, Plain, Rule, Way, words

_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
_MEANS = ("held", "eligible", "self-grant")
#: How it is had (0 held, 1 eligible, then own changes), and whether under a condition.
Strength = tuple[int, bool]


def days_of(text: str) -> int:
    return _DAYS[text] if text in _DAYS else int(text.removesuffix(" days"))


def in_time(stated: Plain, controls: Plain, rule: Rule, today: date) -> bool:
    """Whether the days fit: of the approval, of the rule's limit, of the last performance."""

    def day(name: str) -> date | None:
        return date.fromisoformat(stated[name]) if name in stated else None

    start = day("approved_on") or today - timedelta(days=30)
    end = day("valid_until") or today + timedelta(days=30)
    limit = rule.text.get("controls", {}).get("max_days")
    if not start <= today <= end or (limit is not None and (end - start).days > int(limit)):
        return False
    rhythm = [
        days_of(each["frequency"])
        for each in (stated, controls.get(stated["control"], {}))
        if "frequency" in each
    ]
    last = day("last_performed")
    last = last if last is not None and last <= today else start
    return not rhythm or (today - last).days <= min(rhythm)


def independent(stated: Plain, rule: Rule, oracle: Oracle, subject: str, place: str) -> bool:
    """Whether no performer or approver is whom it is for, reports to them, or breaks it too."""
    people = oracle.world.people
    for role in ("performer", "approver"):
        who = stated.get(role)
        if who is None:
            continue
        seen: list[str] = []
        above: str | None = who
        while above is not None and above not in seen:
            seen.append(above)
            above = people.get(above, {}).get("manager")
        if subject in seen or who not in people:
            return False
        if rule.counts_people or rule.kind == "hygiene":
            continue
        if BROKEN in (oracle.verdict(rule, who, place), oracle.everywhere(rule, who)):
            return False
    return True


def read_strength(text: str) -> Strength:
    """A pair in words, such as "self-grant by 2 own changes, sure"."""
    means, _, certainty = text.partition(", ")
    changes = re.search(r"by (\d+) own", means)
    step = 1 + int(changes[1]) if changes else _MEANS.index(means)
    return step, certainty == "conditional"


def strengths(rule: Rule, oracle: Oracle, subject: str, place: str) -> set[Strength]:
    """Every strength with which the rule is broken there."""
    widest = lens_of(rule)
    steps = [(0, replace(widest, eligible=False, changes=0))]
    if widest.eligible:
        steps.append((1, replace(widest, changes=0)))
    steps += [(1 + n, replace(widest, changes=n)) for n in range(1, widest.changes + 1)]
    return {
        (step, conditional)
        for step, lens in steps
        for conditional in {False, widest.conditional}
        if oracle.enough(rule, subject, place, replace(lens, conditional=conditional), blanks=False)
    }


def as_strong(pinned: Strength, found: Strength) -> bool:
    """Whether what was approved is no weaker than what is found, on both axes."""
    return pinned[0] <= found[0] and pinned[1] <= found[1]


def way_text(way: Way) -> str:
    return " + ".join(map(_part_text, way.parts))


def _part_text(part: Part) -> str:
    narrowed = [
        f"{name}={value}"
        for name, value in (
            ("system", part.system),
            ("resource", part.resource),
            ("environment", part.environment),
        )
        if value is not None
    ]
    tail = f" [{', '.join(narrowed)}]" if narrowed else ""
    return f"{part.product}: {' | '.join(part.actions)}{tail}"


def ways_held(leg: Leg, oracle: Oracle, subject: str, place: str, lens: Lens) -> set[str]:
    return {way_text(way) for way in leg if oracle.reach.holds(subject, (way,), place, lens)}


def as_approved(pin: Plain, rule: Rule, oracle: Oracle, subject: str, place: str) -> bool:
    """Whether what is found is what was approved; what the pin leaves out is as found."""
    if "rule_digest" in pin:
        return False
    if "means" in pin:
        pinned = [read_strength(each) for each in words(pin["means"])]
        found = strengths(rule, oracle, subject, place)
        best = {s for s in found if not any(as_strong(o, s) for o in found - {s})}
        if not all(any(as_strong(each, s) for each in pinned) for s in best):
            return False
    approved: Mapping[str, Iterable[str]] = pin.get("ways", {})
    return not approved or all(
        ways_held(leg, oracle, subject, place, lens_of(rule)) <= set(approved.get(name, ()))
        for name, leg in zip(rule.text["duties"]["all_of"], rule.legs, strict=True)
    )


def stands(
    stated: Plain, controls: Plain, rule: Rule, oracle: Oracle, *, subject: str, place: str
) -> bool:
    """Whether it excuses this subject in this place, where the rule is broken."""
    if place.startswith("all") or stated.get("pin") == "none":
        return False
    return (
        stated["control"] in words(rule.text.get("controls", {}).get("allowed"))
        and in_time(stated, controls, rule, oracle.world.today)
        and independent(stated, rule, oracle, subject, place)
        and as_approved(stated.get("pin", {}), rule, oracle, subject, place)
    )
