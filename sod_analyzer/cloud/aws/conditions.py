"""The `Condition` block of a statement: parsed from any JSON, decided as far as a request is known.

Sources, pages of the AWS guide to IAM: "IAM JSON policy elements: Condition operators" (operators,
missing keys, `IfExists`, `Null`, negation under set operators), "Conditions with multiple context
keys or values" (AND over operators and keys, OR over values, NOR for negated operators),
"Single-valued vs. multivalued context keys" (set operators, null sets), "IAM policy elements:
Variables and tags" (a variable without a value equals nothing and is like nothing).

Where these pages are silent or disagree:

- Names of operators are read without case. No page says so, but a stored policy passed the check
  of AWS, and no two operators differ in case alone. A spelling that is not the documented one is
  reported.
- A key with several values under an operator without `ForAllValues` or `ForAnyValue`, which the
  pages tell not to write: any value that matches suffices; negated, none may match.
- `ForAnyValue` with a negated operator and a missing key is false, as the page on set operators
  says of missing keys; the general rule for negated operators would say true. One example table,
  on `ForAllValues:StringNotLike`, contradicts the rules beside it; the rules are followed.
- `Null` on a key whose only value is an empty text stays open: the page calls it a null set, and
  elsewhere compares it like any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from sod_analyzer.cloud.aws.comparisons import COMPARISONS, Comparison, boolean
from sod_analyzer.cloud.aws.context import Context, State, text_of
from sod_analyzer.cloud.aws.variables import Filled, fill
from sod_analyzer.cloud.globs import Wildcard
from sod_analyzer.cloud.truth import Answer

_LONGEST_NAME = 120
_LONGEST_VALUES = 200
_LARGEST_NUMBER = 10**40
_SUFFIX = "IfExists"


class SetOperator(Enum):
    """How many values of the request must pass."""

    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True)
class Operator:
    """An operator that is known.

    Attributes:
        name: As the AWS page spells it, with prefix and suffix.
        comparison: What it does to two values; None for `Null`.
        over: The set operator before it, if any.
        if_exists: Whether a missing key passes.
    """

    name: str
    comparison: Comparison | None
    over: SetOperator | None = None
    if_exists: bool = False


@dataclass(frozen=True)
class Condition:
    """One key under one operator.

    Attributes:
        name: The operator, spelt as documented if it is known, else as written.
        key: The condition key as written; empty if there was none to read.
        values: What to compare with; None stands for a value that is no text, number or boolean.
        operator: What the name means; None if that is not known, or if nothing under it could be
            read. Such a condition is never settled.
    """

    name: str
    key: str
    values: tuple[str | None, ...]
    operator: Operator | None

    @property
    def text(self) -> str:
        """The condition in one short line: key, operator, values in alphabetical order."""
        values = sorted({"(unreadable)" if each is None else each for each in self.values})
        parts = (
            _clipped(self.key, _LONGEST_NAME),
            self.name,
            _clipped(", ".join(values), _LONGEST_VALUES),
        )
        return " ".join(filter(None, parts))


@dataclass(frozen=True)
class Conditions:
    """A whole block. All of its conditions must hold; an empty block always does."""

    each: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Held:
    """Whether a block holds.

    `open` has one line per condition that is not settled, sorted; it is empty unless the answer is
    CONDITIONAL.
    """

    answer: Answer
    open: tuple[str, ...] = ()


def parse(block: object) -> tuple[Conditions, tuple[str, ...]]:
    """The conditions of a block as JSON gives it, and what is wrong with it.

    Nothing is skipped: what cannot be read becomes a condition that is never settled. Operators
    and keys that differ only in case are kept beside each other, and all must hold.
    """
    if not isinstance(block, dict):
        return (
            Conditions((Condition("Condition", "", (), None),)),
            (f"Condition is no object but {_kind(block)}",),
        )
    found: list[Condition] = []
    problems: list[str] = []
    seen: set[tuple[str, str]] = set()
    for written, keys in block.items():
        operator = _operator(str(written))
        name = operator.name if operator else _clipped(str(written), _LONGEST_NAME)
        if operator is None:
            problems.append(f"{name}: no known condition operator")
        elif name != written:
            problems.append(f"{name}: spelt {_clipped(str(written), _LONGEST_NAME)}")
        if not isinstance(keys, dict):
            problems.append(f"{name}: no object of condition keys but {_kind(keys)}")
            found.append(Condition(name, "", (), None))
            continue
        for key, value in keys.items():
            values = _values(value)
            condition = Condition(name, str(key), values, operator if values else None)
            label = f"{_clipped(condition.key, _LONGEST_NAME)} {name}"
            place = (name.lower(), condition.key.lower())
            if place in seen:
                problems.append(f"{label}: given more than once; all must hold")
            seen.add(place)
            problems += [f"{label}: {wrong}" for wrong in _wrong(condition)]
            found.append(condition)
    return Conditions(tuple(found)), tuple(problems)


def evaluate(conditions: Conditions, context: Context, *, variables: bool) -> Held:
    """Whether the block holds for a request.

    Args:
        conditions: The block.
        context: What is known of the request.
        variables: Whether the policy has variables, that is, is of version 2012-10-17.

    Returns:
        NO if one condition is false, whatever the others are; YES if all are true; otherwise
        CONDITIONAL with the conditions that are open. YES and NO hold however the unknown part of
        the request turns out. CONDITIONAL errs on the side of open: conditions are settled one by
        one, so two that cannot both hold stay open, as does one that every value of its key would
        meet, save for `*` under `StringLike`.

    Cost: every value of the block is compared with every value of its key once.
    """
    unsettled = set()
    for condition in conditions.each:
        met = _met(condition, context, variables=variables)
        if met is False:
            return Held(Answer.NO)
        if met is None:
            unsettled.add(condition.text)
    return Held(Answer.CONDITIONAL, tuple(sorted(unsettled))) if unsettled else Held(Answer.YES)


def _met(condition: Condition, context: Context, *, variables: bool) -> bool | None:
    operator = condition.operator
    if operator is None:
        return None
    known = context.get(condition.key)
    if operator.comparison is None:
        return _null(condition.values, known)
    if known is State.ABSENT:
        return _without_key(operator)
    wanted = [
        None
        if value is None
        else fill(
            value,
            context,
            variables=variables and operator.comparison.filled,
            wildcards=operator.comparison.wildcards,
        )
        for value in condition.values
    ]
    if isinstance(known, tuple):
        return _with_values(operator, wanted, known)
    if known is State.PRESENT:
        return _with_any_value(operator, wanted, hollow=False)
    return _agreed(_without_key(operator), _with_any_value(operator, wanted, hollow=True))


def _null(values: Sequence[str | None], known: tuple[str, ...] | State) -> bool | None:
    asked = [None if value is None else boolean(value) for value in values]
    absent = _any(asked)
    present = _any([None if each is None else not each for each in asked])
    if known is State.ABSENT:
        return absent
    if known is State.PRESENT or (isinstance(known, tuple) and any(known)):
        return present
    return _agreed(absent, present)


def _without_key(operator: Operator) -> bool:
    if operator.if_exists or operator.over is SetOperator.ALL:
        return True
    if operator.over is SetOperator.ANY:
        return False
    return operator.comparison is not None and operator.comparison.negated


def _with_values(
    operator: Operator, wanted: Sequence[Filled | None], given: Sequence[str]
) -> bool | None:
    comparison = operator.comparison
    if comparison is None:
        return None
    if operator.over is not None and not any(given):
        return operator.over is SetOperator.ALL  # nothing but empty texts: a null set
    passed = []
    for text in given:
        matched = _any(_compared(comparison, each, text) for each in wanted)
        passed.append(_not(matched) if comparison.negated else matched)
    # Without a set operator a negated one is the negation of "any value matches": none does.
    if operator.over is SetOperator.ALL or (operator.over is None and comparison.negated):
        return _not(_any(_not(each) for each in passed))
    return _any(passed)


def _compared(comparison: Comparison, wanted: Filled | None, given: str) -> bool | None:
    if wanted is None:
        return None
    return False if wanted.absent else comparison.match(wanted, given)


def _with_any_value(
    operator: Operator, wanted: Sequence[Filled | None], *, hollow: bool
) -> bool | None:
    """The answer that every value of the key gives, if they all give one.

    Args:
        operator: The operator.
        wanted: The values to compare with.
        hollow: Whether the key may have empty texts for values.
    """
    comparison = operator.comparison
    if comparison is None:
        return None
    if all(each is not None and each.absent for each in wanted):
        matched = False
    elif comparison is COMPARISONS["StringLike"] or comparison is COMPARISONS["StringNotLike"]:
        if not any(each is not None and _is_all(each) for each in wanted):
            return None
        matched = True
    else:
        return None
    passed = matched is not comparison.negated
    if hollow and operator.over is not None and passed is not (operator.over is SetOperator.ALL):
        return None  # a null set would answer the other way
    return passed


def _is_all(wanted: Filled) -> bool:
    """Whether it is `*`, or several of them, and so matches every text."""
    return (
        bool(wanted.pieces)
        and not wanted.absent
        and not wanted.unknown
        and all(piece is Wildcard.MANY for piece in wanted.pieces)
    )


def _any(parts: Iterable[bool | None]) -> bool | None:
    """OR: true if one is true; open if none is true and one is open."""
    answer: bool | None = False
    for part in parts:
        if part:
            return True
        if part is None:
            answer = None
    return answer


def _not(part: bool | None) -> bool | None:  # noqa: FBT001
    return None if part is None else not part


def _agreed(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001
    return one if one is other else None


def _operator(written: str) -> Operator | None:
    """The operator of this name, read without case; None if there is none."""
    prefix, colon, rest = written.rpartition(":")
    over = _SET_OPERATORS.get(prefix.lower())
    if colon and over is None:
        return None
    if_exists = rest.lower().endswith(_SUFFIX.lower())
    name = _NAMES.get((rest[: -len(_SUFFIX)] if if_exists else rest).lower())
    if name is None or (name == "Null" and (if_exists or over is not None)):
        return None
    whole = f"{over.value}:" if over else ""
    return Operator(
        f"{whole}{name}{_SUFFIX if if_exists else ''}", COMPARISONS.get(name), over, if_exists
    )


_SET_OPERATORS = {each.value.lower(): each for each in SetOperator}
_NAMES = {name.lower(): name for name in (*COMPARISONS, "Null")}


def _values(value: object) -> tuple[str | None, ...]:
    return tuple(_scalar(each) for each in (value if isinstance(value, list) else [value]))


def _scalar(value: object) -> str | None:
    if isinstance(value, int) and abs(value) >= _LARGEST_NUMBER:
        return None  # Python refuses to write numbers that are long enough
    return text_of(value) if isinstance(value, str | bool | int | float) else None


def _wrong(condition: Condition) -> Iterable[str]:
    """What is wrong with the values of a condition."""
    if not condition.values:
        yield "no values"
    if None in condition.values:
        yield "a value that is no text, number or boolean"
    operator = condition.operator
    if operator is None:
        return
    readable = operator.comparison.readable if operator.comparison else _is_boolean
    for value in sorted({each for each in condition.values if each is not None}):
        if not readable(value):
            yield f"cannot be compared with {_clipped(value, _LONGEST_VALUES)}"


def _is_boolean(text: str) -> bool:
    return boolean(text) is not None


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}.get(
        type(value), "a number"
    )
