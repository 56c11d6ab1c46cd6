"""The duties and rules of a world, as numbers for peers and as YAML for the tool."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_VERBS = ("create", "change", "approve", "release", "reconcile")
_THINGS = ("vendor", "invoice", "payment", "order", "journal", "salary", "limit", "customer")
#: What the three parts of a way are; they count only where one account has all of them.
_PARTS = ("transaction", "object", "terminal")
_STEPS = ("commit", "approve", "deploy", "administer-access", "edit-pipeline", "publish-release")


@dataclass(frozen=True, slots=True)
class Duty:
    """One way: the rights, by their action, that one account needs together."""

    id: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Broken by whoever fills so many slots; a slot is filled by any of its duties."""

    id: str
    slots: tuple[tuple[int, ...], ...]
    need: int


@dataclass(frozen=True)
class Laws:
    """A ruleset of combinations. Actions are numbered duty by duty, part by part."""

    duties: tuple[Duty, ...]
    rules: tuple[Rule, ...]
    scope: str

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Every action that some duty asks for."""
        return tuple(action for duty in self.duties for action in duty.actions)

    @cached_property
    def first_part(self) -> NDArray[np.int64]:
        """Per duty the number of its first action, and one past the last at the end."""
        return np.cumsum([0, *(len(duty.actions) for duty in self.duties)])

    def duties_of(self, parts: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Masks of duties from masks of actions that meet in one account."""
        done = np.zeros_like(parts)
        for number, duty in enumerate(self.duties):
            first = int(self.first_part[number])
            need = np.uint64(((1 << len(duty.actions)) - 1) << first)
            done |= ((parts & need) == need).astype(np.uint64) << np.uint64(number)
        return done

    def filled(self, rule: Rule, duties: NDArray[np.uint64]) -> NDArray[np.int64]:
        """How many slots of the rule masks of duties fill."""
        count = np.zeros(len(duties), dtype=np.int64)
        for slot in rule.slots:
            any_of = np.uint64(sum(1 << duty for duty in slot))
            count += (duties & any_of) != 0
        return count

    def yaml(self) -> str:
        """The same as a ruleset of the tool."""
        lines = ["ruleset: bench", "version: 2026.1", "owner: IT risk", "duties:"]
        for duty in self.duties:
            lines += [f"  {duty.id}:", f"    title: {duty.id.replace('-', ' ').title()}"]
            parts = [f"{{product: core-banking, action: {action}}}" for action in duty.actions]
            if len(parts) == 1:
                lines += ["    ways:", f"      - {parts[0]}"]
            else:
                lines += ["    ways:", "      - all_of:", *(f"          - {p}" for p in parts)]
        lines.append("rules:")
        for rule in self.rules:
            lines += [
                f"  {rule.id}:",
                f"    title: {self._title(rule)}",
                f"    duties: {self._asked(rule)}",
                f"    scope: {self.scope}",
                "    severity: high",
                "    why: One pair of hands begins what the same pair of hands ends.",
                "    references: {nist-800-53: [AC-5]}",
            ]
        return "\n".join(lines) + "\n"

    def _title(self, rule: Rule) -> str:
        names = [" or ".join(self.duties[duty].id for duty in slot) for slot in rule.slots]
        return f"{rule.id} on {' with '.join(names)}"

    def _asked(self, rule: Rule) -> str:
        slots = []
        for slot in rule.slots:
            ids = ", ".join(self.duties[duty].id for duty in slot)
            slots.append(ids if len(slot) == 1 else f"{{any_of: [{ids}]}}")
        listed = f"[{', '.join(slots)}]"
        if rule.need == len(rule.slots):
            return f"{{all_of: {listed}}}"
        return f"{{at_least: {{count: {rule.need}, of: {listed}}}}}"


def _duties() -> tuple[Duty, ...]:
    """Forty, of which every fourth has a way of three parts."""
    ids = [f"{verb}-{thing}" for thing in _THINGS for verb in _VERBS]
    return tuple(
        Duty(name, tuple(f"{name}.{part}" for part in _PARTS) if number % 4 == 3 else (name,))
        for number, name in enumerate(ids)
    )


def _pair(one: int, other: int) -> tuple[tuple[tuple[int, ...], ...], int]:
    return ((one,), (other,)), 2


def _rules() -> tuple[Rule, ...]:
    """Thirty: pairs, pairs with alternatives, triples, and two of three."""
    shapes: list[tuple[tuple[tuple[int, ...], ...], int]] = []
    shapes += [_pair(n, (n + 7) % 40) for n in range(0, 40, 4)]
    shapes += [_pair(n, (n + 13) % 40) for n in range(1, 40, 4)]
    shapes += [(((n,), (n + 5, n + 6)), 2) for n in (2, 10, 18)]
    triples = ((0, 1, 4), (0, 2, 5), (1, 2, 8), (0, 4, 5), (8, 9, 13))
    shapes += [(((a,), (b,), (c,)), 3) for a, b, c in triples]
    shapes += [(((n,), (n + 8,), (n + 11,)), 2) for n in (6, 22)]
    return tuple(
        Rule(f"BANK-{number:02d}", slots, need)
        for number, (slots, need) in enumerate(shapes, start=1)
    )


#: Forty duties and thirty rules that look at everything somebody has, wherever it is.
ANYWHERE = Laws(_duties(), _rules(), "anywhere")

#: Six duties that must meet in one application.
IN_APPLICATION = Laws(
    tuple(Duty(step, (step,)) for step in _STEPS),
    tuple(
        Rule(f"DEV-{number:02d}", slots, need)
        for number, (slots, need) in enumerate(
            (
                (((0,), (2,)), 2),
                (((0,), (1,)), 2),
                (((3,), (1, 2)), 2),
                (((4,), (2, 5)), 2),
                (((0,), (3,), (5,)), 2),
            ),
            start=1,
        )
    ),
    "application",
)
