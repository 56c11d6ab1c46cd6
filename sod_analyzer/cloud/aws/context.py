"""What is known of a request: the values of its condition keys.

Sources: the AWS pages "IAM JSON policy elements: Condition" (names of keys are compared without
case) and "Single-valued vs. multivalued context keys" (a key without a value is a null set).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Scalar: TypeAlias = str | bool | int | float
Given: TypeAlias = Scalar | Iterable[Scalar]


_OF_TAGS = "aws:principaltag/"


class State(Enum):
    """What is known of a key whose values are not known."""

    ABSENT = "absent"
    PRESENT = "present"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Context:
    """A request as far as it is known. Make one with `of`, which brings keys to lower case.

    A key is known with its values, known to be absent, known to be present with some value that is
    no empty text, or unknown. In a complete context every key that is not listed is absent; with
    `tags_known` every tag of the caller that is not.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    complete: bool = False
    tags_known: bool = False

    @classmethod
    def of(
        cls,
        values: Mapping[str, Given] | None = None,
        *,
        absent: Iterable[str] = (),
        present: Iterable[str] = (),
        complete: bool = False,
    ) -> Context:
        """The context with these keys. A key given twice is present, not absent; values win.

        Spellings of one key that differ in case give it the values of all of them. A key with an
        empty sequence of values is absent: AWS treats a null set as no key. An empty text is a
        value.
        """
        known: dict[str, tuple[str, ...]] = {}
        hollow: set[str] = set()
        for key, given in (values or {}).items():
            name, texts = key.lower(), _texts(given)
            if texts:
                known[name] = tuple(dict.fromkeys((*known.get(name, ()), *texts)))
            else:
                hollow.add(name)
        there = frozenset(key.lower() for key in present) - known.keys()
        gone = (hollow | {key.lower() for key in absent}) - known.keys() - there
        return cls(known, frozenset(gone), there, complete)

    def knowing(self, values: Mapping[str, Given]) -> Context:
        """The same request with these values, in place of what was known of their keys."""
        return self._over(Context.of(values))

    def without(self, *keys: str) -> Context:
        """The same request, known not to carry these keys."""
        return self._over(Context.of(absent=keys))

    def carrying(self, *keys: str) -> Context:
        """The same request, known to carry these keys with values that are not known."""
        return self._over(Context.of(present=keys))

    def get(self, key: str) -> tuple[str, ...] | State:
        """The values of the key, never none of them, or what else is known of it."""
        name = key.lower()
        if name in self.values:
            return self.values[name]
        if name in self.present:
            return State.PRESENT
        if name in self.absent or self.complete:
            return State.ABSENT
        if self.tags_known and name.startswith(_OF_TAGS):
            return State.ABSENT
        return State.UNKNOWN

    def _over(self, newer: Context) -> Context:
        told = newer.values.keys() | newer.absent | newer.present
        kept = {key: texts for key, texts in self.values.items() if key not in told}
        return Context(
            {**kept, **newer.values},
            (self.absent - told) | newer.absent,
            (self.present - told) | newer.present,
            self.complete,
            self.tags_known or newer.tags_known,
        )


def text_of(value: Scalar) -> str:
    """A value as a policy writes it: `true` and `false` for booleans, digits for numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _texts(given: Given) -> tuple[str, ...]:
    if isinstance(given, str | bool | int | float):
        return (text_of(given),)
    return tuple(text_of(each) for each in given)
