"""Duties made of duties: composed ones, groups, one environment only, and anything but.

The engine knows one duty for each leg of a rule, so whatever a rule asks beyond that becomes a duty
here. Each way keeps the duty that states it, so that a finding names what the author named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from sod_analyzer.model.ruleset import Duty, Selector, Way


def circle(includes: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Duties that include each other all around, the first one again at the end; else empty.

    Begins with the smallest id of the circle.
    """
    ordered = {duty: sorted(each) for duty, each in sorted(includes.items())}
    try:
        TopologicalSorter(ordered).prepare()
    except CycleError as error:
        # Reported from the included one to the including, the first one twice.
        found: list[str] = error.args[1][:0:-1]
        start = found.index(min(found))
        return (*found[start:], *found[:start], found[start])
    return ()


def composed(stated: Mapping[str, Duty]) -> dict[str, Duty]:
    """The duties, each with the ways of all that it includes after its own.

    What is included and not there is passed over. The duties must not include each other in a
    circle.
    """
    made: dict[str, Duty] = {}
    order = TopologicalSorter({name: duty.includes for name, duty in sorted(stated.items())})
    for name in order.static_order():
        if name not in stated:
            continue
        duty = stated[name]
        taken = [way for each in duty.includes if each in made for way in _stated(made[each])]
        made[name] = replace(duty, ways=tuple(dict.fromkeys((*duty.ways, *taken))))
    return made


def included(duty: str, stated: Mapping[str, Duty]) -> frozenset[str]:
    """Every duty that this one includes, directly or further on."""
    found: set[str] = set()
    waiting = [duty]
    while waiting:
        each = stated.get(waiting.pop())
        fresh = set(each.includes) - found if each else set()
        found |= fresh
        waiting += fresh
    return frozenset(found)


def group(duties: Iterable[Duty]) -> Duty:
    """Alternatives as one duty: whoever has one of them has it."""
    members = sorted(duties, key=lambda each: each.duty_id)
    first, *others = (each.title for each in members)
    return Duty(
        duty_id="+".join(each.duty_id for each in members),
        title=" or ".join((first, *map(_lowered, others))),
        ways=tuple(dict.fromkeys(way for each in members for way in _taken(each))),
        made_of=_base(members),
        where=members[0].where,
    )


def in_environment(duty: Duty, environment: str) -> Duty:
    """The duty in one environment only.

    A part that says none, and must be in the place that the rule judges, is held to this one. A way
    with a part elsewhere is left out, so the duty may have none left.
    """
    ways = [_held_to(way, environment) for way in _taken(duty)]
    return replace(
        duty,
        duty_id=f"{duty.duty_id}[{environment}]",
        title=f"{duty.title} ({environment})",
        ways=tuple(dict.fromkeys(filter(None, ways))),
        includes=(),
        made_of=_base((duty,)),
    )


def anything_but(within: Duty, allowed: Iterable[Duty]) -> Duty:
    """What `within` matches and no allowed duty does.

    Errs: over-reports where an allowed duty needs several rights together; such a way excuses none
    of them.
    """
    members = sorted(allowed, key=lambda each: each.duty_id)
    spared = [way.parts[0] for each in members for way in each.ways if len(way.parts) == 1]
    but = " or ".join(_lowered(each.title) for each in members)
    return Duty(
        duty_id=f"{within.duty_id}!{'+'.join(each.duty_id for each in members)}",
        title=f"Do more than {but}",
        ways=tuple(
            replace(way, parts=tuple(_sparing(part, spared) for part in way.parts))
            for way in _taken(within)
        ),
        made_of=_base((within, *members)),
        where=within.where,
    )


def _stated(duty: Duty) -> Iterable[Way]:
    """The duty's ways, each with the duty that states it."""
    return (replace(way, origin=way.origin or duty.duty_id) for way in duty.ways)


def _taken(duty: Duty) -> Iterable[Way]:
    """The duty's ways, each with the duty that a rule names: gates and readers know that one."""
    return (way if duty.made_of else replace(way, origin=duty.duty_id) for way in duty.ways)


def _base(duties: Iterable[Duty]) -> tuple[str, ...]:
    return tuple(sorted({name for each in duties for name in each.made_of or (each.duty_id,)}))


def _held_to(way: Way, environment: str) -> Way | None:
    placed = [part for part in way.parts if not part.any_scope]
    if any(part.environment not in (None, environment) for part in placed):
        return None
    return replace(
        way,
        parts=tuple(
            part if part.any_scope else replace(part, environment=environment) for part in way.parts
        ),
    )


def _sparing(part: Selector, spared: Iterable[Selector]) -> Selector:
    same = (other for other in spared if other.product == part.product)
    return replace(part, unless=tuple(dict.fromkeys((*part.unless, *same))))


def _lowered(title: str) -> str:
    """The title inside a sentence; an abbreviation stays as it is."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
