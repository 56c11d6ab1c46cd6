"""What changed between two versions, one change to a line, for whoever has to approve it.

`+` is new, `-` is gone, `~` is different. A line never runs on: what stands in a value is shown on
one line, and long texts are cut with the cut visible.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from sod_analyzer.documents import quoted
from sod_analyzer.model.mitigation import Pin
from sod_analyzer.model.rows import shown
from sod_analyzer.model.ruleset import Dropped, Duty, Rule, Ruleset
from sod_analyzer.rules.pins import PinKey

#: The head of a ruleset, which is approved with it.
_HEAD = ("name", "version", "title", "owner")
#: Characters of two long texts that are shown before they differ.
_BEFORE = 20
#: Not what a rule says: where it stands, and what follows from all the rest.
_DERIVED = frozenset({"rule_id", "duty_id", "control_id", "digest", "where", "ways"})


def difference(old: Ruleset, new: Ruleset) -> tuple[str, ...]:
    """What changed in words, sorted; empty when the two say the same.

    Duties that rules made of others are left out: their changes are those of the duties and rules
    they are made of.
    """
    lines = [
        f"~ ruleset {name}: {_said(getattr(old, name))} -> {_said(getattr(new, name))}"
        for name in _HEAD
        if getattr(old, name) != getattr(new, name)
    ]
    lines += _imports(old, new)
    lines += _each("rule", _rules(old), _rules(new), _title)
    lines += _each("duty", _duties(old), _duties(new), _title)
    lines += _each("control", old.control, new.control, _title)
    lines += _each("dropped rule", _dropped(old), _dropped(new), lambda each: _said(each.reason))
    lines += _ways(_duties(old), _duties(new))
    return tuple(sorted(lines))


def text_changes(old: object, new: object) -> tuple[str, ...]:
    """What changed between two parsed documents, entry by entry, sorted.

    Entries of mappings are told apart by key; a list is a set of what stands in it.
    """
    return tuple(sorted(_changes("", plain(old), plain(new))))


def pin_changes(old: Mapping[PinKey, Pin], new: Mapping[PinKey, Pin]) -> tuple[str, ...]:
    """What an approval of mitigations takes over, sorted: what nobody has approved before."""
    lines = []
    for key in sorted({*old, *new}):
        mitigation, subject, place = key
        at = _said(f"{mitigation} for {subject} in {place}")
        before, after = old.get(key), new.get(key)
        if before is None and after is not None:
            lines.append(f"+ {at}: {'; '.join(after.means) or 'the place itself'}")
        elif after is None:
            lines.append(f"- {at}")
        elif before is not None and before != after:
            lines += [f"~ {at} {line}" for line in _pin(before, after)]
    return tuple(sorted(lines))


# -- rulesets --------------------------------------------------------------------------------------


def _rules(ruleset: Ruleset) -> Mapping[str, Rule]:
    return ruleset.rule


def _duties(ruleset: Ruleset) -> Mapping[str, Duty]:
    return {duty.duty_id: duty for duty in ruleset.duties if not duty.made_of}


def _dropped(ruleset: Ruleset) -> Mapping[str, Dropped]:
    return {each.rule_id: each for each in ruleset.dropped}


def _title(named: Any) -> str:
    return _said(named.title)


def _imports(old: Ruleset, new: Ruleset) -> Iterator[str]:
    before = {each.key: each for each in old.imports}
    after = {each.key: each for each in new.imports}
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if one is None and other is not None:
            yield f"+ import {_said(key)} {_said(other.version)}"
        elif other is None and one is not None:
            yield f"- import {_said(key)} {_said(one.version)}"
        elif one is not None and other is not None and one.digest != other.digest:
            yield f"~ import {_said(key)}: {_said(one.version)} -> {_said(other.version)}"


def _each(kind: str, old: Mapping[str, Any], new: Mapping[str, Any], title: Any) -> Iterator[str]:
    for key in sorted({*old, *new}):
        if key not in old:
            yield f"+ {kind} {key} {title(new[key])}"
        elif key not in new:
            yield f"- {kind} {key} {title(old[key])}"
        else:
            for name in (field.name for field in fields(new[key])):
                if name not in _DERIVED:
                    pair = (plain(getattr(old[key], name)), plain(getattr(new[key], name)))
                    yield from (_led(f"{kind} {key}", line) for line in _changes(name, *pair))


def _led(what: str, line: str) -> str:
    """`~ severity: …` as `~ rule DEV-01 severity: …`."""
    mark, rest = line.split(" ", 1)
    return f"{mark} {what} {rest}" if mark == "~" else f"~ {what}: {mark} {rest}"


def _ways(old: Mapping[str, Duty], new: Mapping[str, Duty]) -> Iterator[str]:
    for duty_id in sorted(old.keys() & new.keys()):
        before = {str(way) for way in old[duty_id].ways}
        after = {str(way) for way in new[duty_id].ways}
        yield from (f"~ duty {duty_id}: + way {_said(way)}" for way in sorted(after - before))
        yield from (f"~ duty {duty_id}: - way {_said(way)}" for way in sorted(before - after))


def _pin(before: Pin, after: Pin) -> Iterator[str]:
    if before.rule_digest != after.rule_digest:
        yield "the rule's meaning has changed"
    if before.means != after.means:
        yield f"means: {'; '.join(before.means)} -> {'; '.join(after.means)}"
    for duty in sorted({*before.ways, *after.ways}):
        held, holds = set(before.ways.get(duty, ())), set(after.ways.get(duty, ()))
        yield from (f"{duty}: + way {_said(way)}" for way in sorted(holds - held))
        yield from (f"{duty}: - way {_said(way)}" for way in sorted(held - holds))


# -- anything --------------------------------------------------------------------------------------


def _changes(at: str, old: Any, new: Any) -> Iterator[str]:
    if _canonical(old) == _canonical(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            here = f"{at}.{_said(key)}" if at else _said(key)
            if key not in old:
                yield from _stated("+", here, new[key])
            elif key not in new:
                yield from _stated("-", here, old[key])
            else:
                yield from _changes(here, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _set(old), _set(new)
        if before.keys() == after.keys():
            yield f"~ {at}: {_turned(old, new)}"
        yield from (f"+ {at}: {_said(after[key])}" for key in sorted(after.keys() - before.keys()))
        yield from (f"- {at}: {_said(before[key])}" for key in sorted(before.keys() - after.keys()))
    else:
        yield f"~ {at}: {_turned(old, new)}"


def _turned(old: Any, new: Any) -> str:
    """Both on one line; of two long texts the part in which they first differ."""
    one, other = _said(old), _said(new)
    if one == other and isinstance(old, str) and isinstance(new, str):
        pairs = enumerate(zip(old, new, strict=False))
        differ = next((n for n, (a, b) in pairs if a != b), min(len(old), len(new)))
        start = max(0, differ - _BEFORE)
        one, other = f"…{_said(old[start:])}", f"…{_said(new[start:])}"
    return f"{one} -> {other}"


def _stated(mark: str, at: str, value: Any) -> Iterator[str]:
    yield f"{mark} {at}" if value in (None, [], {}) else f"{mark} {at}: {_said(value)}"


def _set(values: Iterable[Any]) -> dict[str, Any]:
    return {_canonical(value): value for value in values}


def _canonical(value: Any) -> str:
    """Equal for what an approval takes for equal: the order of keys is none of it."""
    return json.dumps(value, sort_keys=True)


def _said(value: Any) -> str:
    """The value on one line."""
    if value is None:
        return "(none)"
    if isinstance(value, Mapping):
        told = ((key, _said(value[key])) for key in sorted(value))
        parts = (f"{_said(key)}: {each}" for key, each in told if each not in {"{}", "(none)"})
        return shown(f"{{{', '.join(parts)}}}", most=200)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return shown(", ".join(_said(each) for each in value) or "(none)", most=200)
    text = shown(str(value))
    return text if text.isprintable() and text else quoted(text)


def plain(value: object) -> Any:
    """A dataclass, or anything in it, as what JSON can hold; without the places in files."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: plain(getattr(value, each.name)) for each in fields(value) if each.compare
        }
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value)}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value
