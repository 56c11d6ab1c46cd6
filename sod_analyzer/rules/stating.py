"""Duties and controls as one file states them, checked and built."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sod_analyzer.documents import Keyed, Problems, bind, quoted
from sod_analyzer.model.ruleset import Control, Duty, Selector, Way
from sod_analyzer.rules.frequency import FREQUENCIES, frequency_days
from sod_analyzer.rules.narrowing import listed
from sod_analyzer.rules.shapes import AllOfShape, ControlShape, DutyShape, PartShape
from sod_analyzer.rules.voice import Voice

#: No ':' and no '@', which questions use around duty ids; and none of '+', '!', '[', which the ids
#: of derived duties are made with.
_DUTY = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_CONTROL = re.compile(r"[A-Z][A-Z0-9-]{0,63}")


def duty_of(duty_id: str, shape: DutyShape, voice: Voice) -> Duty:
    """The duty with the ways that its file gives it; what it includes is not joined yet."""
    if _DUTY.fullmatch(duty_id) is None:
        voice.say_all("a duty id is lower-case letters, digits, '-' and '_'")
    voice.texts(shape, ("title", "why"))
    includes = tuple(word.text for word in shape.includes or ())
    if shape.includes is not None:
        voice.words("includes", includes)
    if duty_id in includes:
        voice.say("includes", "names the duty itself", includes.index(duty_id))
    if shape.ways is None and shape.includes is None:
        voice.say_all("key 'ways' is missing; a duty has ways, or includes other duties")
    ways = () if shape.ways is None else ways_of(shape.ways, voice)
    return Duty(duty_id, shape.title, ways, shape.why, includes, where=shape.where)


def ways_of(trees: Iterable[Keyed], voice: Voice) -> tuple[Way, ...]:
    """The ways under the key `ways`, in the order written."""
    given = tuple(trees)
    if not given:
        voice.say("ways", "there is none, so nobody could ever have this duty")
    at = f"{'.'.join(voice.way)}.ways"
    ways = [_way(tree, f"{at}[{n}]", voice.problems) for n, tree in enumerate(given)]
    return tuple(filter(None, ways))


def control_of(control_id: str, shape: ControlShape, voice: Voice) -> Control:
    """The control that a file describes."""
    if _CONTROL.fullmatch(control_id) is None:
        voice.say_all("a control id is capital letters, digits and '-'")
    voice.texts(shape, ("title",))
    if shape.needs:
        voice.words("needs", shape.needs)
    days = None
    if shape.frequency is not None:
        days = frequency_days(shape.frequency)
        if days is None:
            words = ", ".join(f"'{word}'" for word in FREQUENCIES)
            voice.say("frequency", f"{quoted(shape.frequency)} is not one of {words} or '30 days'")
    references = shape.references or {}
    for framework, ids in references.items():
        if not ids or not all(each.strip() for each in ids):
            voice.say("references", f"{framework} has an empty reference", framework)
    return Control(
        control_id, shape.title, shape.needs, days, dict(sorted(references.items())), shape.where
    )


def _way(tree: Keyed, at: str, problems: Problems) -> Way | None:
    if "all_of" not in tree.entries:
        single = bind(tree, PartShape, problems, at=at, also_known=("all_of",))
        return Way((_selector(single, at, problems),)) if single else None
    several = bind(tree, AllOfShape, problems, at=at)
    if several is None:
        return None
    if len(several.all_of) <= 1:
        problems.say(tree.line, f"{at}.all_of: must have at least two parts")
    parts = tuple(
        _selector(part, f"{at}.all_of[{n}]", problems) for n, part in enumerate(several.all_of)
    )
    products = sorted({part.product for part in parts})
    if len(products) > 1:
        problems.say(
            tree.line,
            f"{at}: parts name different products ({', '.join(products)}), "
            "but must meet in one account",
        )
    return Way(parts)


def _selector(part: PartShape, at: str, problems: Problems) -> Selector:
    line = part.where.line
    actions = listed(part.action)
    _check_actions(actions, f"{at}.action", line, problems)
    for key in ("product", "system", "resource", "environment"):
        if getattr(part, key) == "":
            problems.say(line, f"{at}.{key}: must not be empty")
    unless: tuple[Selector, ...] = ()
    if part.except_ is not None:
        excepted = listed(part.except_)
        _check_actions(excepted, f"{at}.except", line, problems)
        for action in sorted(set(actions) & set(excepted)):
            problems.say(line, f"{at}.except: {quoted(action)} is the action itself")
        unless = (Selector(part.product, excepted, part.system, part.resource, part.environment),)
    return Selector(
        product=part.product,
        actions=actions,
        system=part.system,
        resource=part.resource,
        environment=part.environment,
        any_scope=part.any_scope,
        unless=unless,
        where=part.where,
    )


def _check_actions(actions: tuple[str, ...], at: str, line: int | None, problems: Problems) -> None:
    if not actions or not all(actions):
        problems.say(line, f"{at}: must not be empty")
    for action in sorted({action for action in actions if actions.count(action) > 1}):
        problems.say(line, f"{at}: {quoted(action)} stands twice")
