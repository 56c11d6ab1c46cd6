"""JSON Schema of ruleset and cases files, for editors.

Generated from the shapes that the loader reads by, so the two cannot differ in a key. A schema
knows less than the loader: it sees no other file, no ids that must exist, and no keys that exclude
each other by what they say.

Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from typing import Annotated, Any, Union, get_args, get_origin

from sod_analyzer.documents import Keyed, Word
from sod_analyzer.documents.hints import choices_of, field_hints, key_of, plain
from sod_analyzer.rules.case_people import _CLASSES, MitigationShape, _PersonShape
from sod_analyzer.rules.cases import EXPECTED, _HeadShape, _MarksShape, _MissShape
from sod_analyzer.rules.schema_texts import TEXTS
from sod_analyzer.rules.shapes import KIND_KEYS, RulesetShape

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

#: An editor reads `version: 2026.1` as a number; the loader reads all of it as text.
_TEXT: Mapping[str, Any] = {"type": ["string", "number", "boolean"]}

_RULE_ID = "^[A-Z][A-Z0-9]{1,15}-[0-9]{2,4}$"
_DUTY_ID = "^[a-z][a-z0-9_-]{0,63}$"
#: What the keys of a mapping must look like.
_NAMES: Mapping[tuple[str, str], str] = {
    ("RulesetShape", "duties"): _DUTY_ID,
    ("RulesetShape", "rules"): _RULE_ID,
    ("RulesetShape", "controls"): "^[A-Z][A-Z0-9-]{0,63}$",
    ("RulesetShape", "drop"): _RULE_ID,
    ("ExtendShape", "duties"): _DUTY_ID,
    ("ExtendShape", "rules"): _RULE_ID,
}
_LEAST: Mapping[tuple[str, str], int] = {
    ("AtLeastShape", "count"): 2,
    ("PeopleShape", "count"): 2,
    ("HoldersShape", "count"): 1,
    ("GrantHoursShape", "hours"): 1,
    ("HygieneShape", "days"): 1,
    ("CountsShape", "max_changes"): 1,
    ("ControlsShape", "max_days"): 1,
}
_SEVERAL: Mapping[tuple[str, str], int] = {
    ("AllOfShape", "all_of"): 2,
    ("AnyOfShape", "any_of"): 2,
    ("LogicShape", "all_of"): 2,
    ("AtLeastShape", "of"): 2,
    ("PeopleShape", "duties"): 2,
}
#: Of these keys a mapping has exactly one.
_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "RuleShape": KIND_KEYS,
    "LogicShape": ("all_of", "at_least", "critical"),
}
#: Of these sets of keys a mapping has at least one whole.
_ANY_OF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "RulesetShape": (("imports",), ("duties", "rules")),
    "DutyShape": (("ways",), ("includes",)),
    "ExclusionShape": tuple(
        (key,) for key in ("class", "department", "title", "role", "account", "person", "place")
    ),
}
#: What a key that stays a tree is read by, where its hint does not say.
_TREES: Mapping[tuple[str, str], type] = {
    ("_MarksShape", "mitigation"): MitigationShape,
    ("_MissShape", "mitigation"): MitigationShape,
}


def ruleset_schema() -> dict[str, Any]:
    """The schema of a ruleset file."""
    known: dict[str, Any] = {}
    return {
        "$schema": _DRAFT,
        "title": "A ruleset of sod_analyzer",
        **_object(RulesetShape, known),
        "$defs": dict(sorted(known.items())),
    }


def cases_schema() -> dict[str, Any]:
    """The schema of a cases file, `<ruleset>.cases.yaml`."""
    known: dict[str, Any] = {}
    person = _object(_PersonShape, known)
    # The reader takes the class before it binds the rest.
    person["properties"]["class"] = {"enum": [str(each) for each in _CLASSES]}
    rights = {"type": "array", "items": {"type": "string"}}
    known["Person"] = {"anyOf": [rights, person]}
    hit = {**_object(_MarksShape, known), "additionalProperties": _ref("Person")}
    known["Case"] = {**hit, "minProperties": 1}
    known["Miss"] = {
        **_object(_MissShape, known),
        "additionalProperties": _ref("Person"),
        "minProperties": 2,  # a person, and what differs
    }
    lists = {
        name: {
            "type": "array",
            "items": _ref("Miss" if name == "miss" else "Case"),
            "minItems": 1,
        }
        for name in EXPECTED
    }
    return {
        "$schema": _DRAFT,
        "title": "Rule cases of sod_analyzer",
        **_object(_HeadShape, known),
        "patternProperties": {
            _RULE_ID: {"type": "object", "properties": lists, "additionalProperties": False}
        },
        "$defs": dict(sorted(known.items())),
    }


def _object(shape: type, known: dict[str, Any]) -> dict[str, Any]:
    """A mapping with the keys of a shape; what lies below goes into `known`."""
    name = shape.__name__
    hints = field_hints(shape)
    properties: dict[str, Any] = {}
    needed: list[str] = []
    for field in fields(shape):
        key = key_of(field.name)
        if key == "where":
            continue
        if field.default is MISSING and field.default_factory is MISSING:
            needed.append(key)
        tree = _TREES.get((name, key))
        found = _shape(tree, known) if tree else _value(hints[field.name], known)
        properties[key] = {**found, **_limits(name, key)}
        text = TEXTS.get(name, {}).get(key)
        if text is not None:
            properties[key]["description"] = text
    made: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if needed:
        made["required"] = needed
    if name in _ONE_OF:
        made["oneOf"] = [{"required": [key]} for key in _ONE_OF[name]]
    if name in _ANY_OF:
        made["anyOf"] = [{"required": list(keys)} for keys in _ANY_OF[name]]
    return made


def _limits(name: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (name, key) in _NAMES:
        found["propertyNames"] = {"pattern": _NAMES[name, key]}
    if (name, key) in _LEAST:
        found["minimum"] = _LEAST[name, key]
    if (name, key) in _SEVERAL:
        found["minItems"] = _SEVERAL[name, key]
    return found


def _value(hint: Any, known: dict[str, Any]) -> dict[str, Any]:
    if get_origin(hint) is Annotated:
        kept, *shapes = get_args(hint)
        return _any([_shape(each, known) for each in shapes]) if kept is Keyed else {}
    hint = plain(hint)
    if get_origin(hint) is Union:
        return _any([_value(each, known) for each in get_args(hint)])
    choices = choices_of(hint)
    if choices:
        return {"enum": list(choices)}
    if is_dataclass(hint) and isinstance(hint, type) and hint is not Word:
        return _shape(hint, known)
    return _container(hint, known) if get_args(hint) else dict(_SCALARS[hint])


def _container(hint: Any, known: dict[str, Any]) -> dict[str, Any]:
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _value(inner[0], known)}
    return {"type": "object", "additionalProperties": _value(inner[1], known)}


_SCALARS: Mapping[Any, Mapping[str, Any]] = {
    str: _TEXT,
    Word: _TEXT,
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    date: {"type": "string", "format": "date"},
}


def _shape(shape: type, known: dict[str, Any]) -> dict[str, Any]:
    name = shape.__name__.removesuffix("Shape")
    if name not in known:
        known[name] = {}  # first, so that a shape may hold itself
        known[name] = _object(shape, known)
    return _ref(name)


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _any(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
