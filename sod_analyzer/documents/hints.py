"""What a field's type hint says about how its value is written."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from sod_analyzer.documents.tree import Keyed, Listed, Scalar, Value, Word


@lru_cache(maxsize=256)
def field_hints(shape: type) -> Mapping[str, Any]:
    """The hints of the fields that a document may fill."""
    named = get_type_hints(shape, include_extras=True)
    return {field.name: named[field.name] for field in fields(shape) if field.init}


def key_of(name: str) -> str:
    """The key that fills a field: a field cannot be called `class`, so it is called `class_`."""
    return name.removesuffix("_")


def plain(hint: Any) -> Any:
    """The hint without its annotations and without `| None`: nothing can be written as none."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        members = tuple(each for each in get_args(hint) if each is not type(None))
        return members[0] if len(members) == 1 else Union[members]  # noqa: UP007
    return hint


def member(value: Value, hint: Any) -> Any:
    """Of a union, the member that a value of this kind can be; else the first."""
    if get_origin(hint) is not Union:
        return hint
    members = [plain(each) for each in get_args(hint)]
    return next((each for each in members if isinstance(value, kind_of(each))), members[0])


def kind_of(hint: Any) -> type[Scalar | Listed | Keyed]:
    """How a value of this hint is written."""
    origin = get_origin(hint)
    if hint is Word or origin is Literal:
        return Scalar
    if is_dataclass(hint) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return Keyed
    return Scalar if origin is None else Listed


def element_hints(inner: tuple[Any, ...], count: int) -> Iterable[Any]:
    """A hint for each element; a tuple of fixed length leaves a wrong count to pydantic."""
    if len(inner) == 1 or inner[-1] is Ellipsis:
        return (inner[0],) * count
    return (*inner, *(Any,) * count)[:count]


def choices_of(hint: Any) -> tuple[str, ...]:
    """The words that an enum or a Literal allows; empty when any text will do."""
    if get_origin(hint) is Literal:
        return tuple(str(each) for each in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(str(each.value) for each in hint)
    return ()
