"""The classic grid: every duty by every duty, and which rules forbid one person to have both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, Ruleset, Severity

Row = dict[str, object]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """The rules about one pair of duties, or about one duty, and the worst severity of them."""

    rules: tuple[str, ...]  # ids, each with what it asks beyond the pair: "DEV-07 (3 of 4)"
    severity: Severity

    @property
    def text(self) -> str:
        """Severity and rules, as the grid shows them."""
        return f"{self.severity}: {', '.join(self.rules)}"


@dataclass(frozen=True)
class Matrix:
    """A ruleset as a grid. Only duties that some cell is about have a row and a column."""

    title: str
    subtitle: str
    duties: tuple[Duty, ...]
    cells: Mapping[Pair, Cell]  # by both orders; a duty with itself: rules about it alone
    left_out: tuple[str, ...]  # rules that are about no duty

    def cell(self, one: str, other: str) -> Cell | None:
        """The cell of two duties, or of one duty twice."""
        return self.cells.get((one, other))

    def rows(self) -> list[Row]:
        """One row per duty: its id, then a text for each duty in the same order."""
        return [
            {
                "duty": one.duty_id,
                **{
                    other.duty_id: cell.text
                    if (cell := self.cell(one.duty_id, other.duty_id))
                    else ""
                    for other in self.duties
                },
            }
            for one in self.duties
        ]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("duty", *(duty.duty_id for duty in self.duties))


def matrix(ruleset: Ruleset) -> Matrix:
    """The grid of a ruleset.

    A pair is forbidden by a rule that both have a part in. Where it takes further duties to break
    the rule, or where the rule counts people, the cell says so. Rules about one duty stand on the
    diagonal. A leg of alternatives stands for each of them, a duty in one environment for the duty,
    and "anything but" for what it leaves out of.
    """
    found: dict[Pair, list[tuple[str, Severity]]] = {}
    for rule in ruleset.rules:
        worst = max((rule.severity, *rule.tiers.values()), key=lambda severity: severity.rank)
        for pair, mark in _pairs(rule):
            found.setdefault(pair, []).append((f"{rule.rule_id}{mark}", worst))
            if pair[0] != pair[1]:
                found.setdefault((pair[1], pair[0]), []).append((f"{rule.rule_id}{mark}", worst))
    cells = {
        pair: Cell(
            tuple(sorted({name for name, _ in rules})),
            max((severity for _, severity in rules), key=lambda severity: severity.rank),
        )
        for pair, rules in sorted(found.items())
    }
    named = {one for one, _ in cells}
    return Matrix(
        title=ruleset.title,
        subtitle=f"{ruleset.name} {ruleset.version}, digest {ruleset.digest[:16]}",
        duties=tuple(duty for duty in ruleset.duties if duty.duty_id in named),
        cells=cells,
        left_out=tuple(rule.rule_id for rule in ruleset.rules if not rule.duties),
    )


def _pairs(rule: Rule) -> Iterator[tuple[Pair, str]]:
    """The pairs of named duties that a rule is about, each once, and what it asks beyond them."""
    legs = [_named(leg) for leg in rule.duties]
    mark = _mark(rule)
    # One duty is enough, whichever it is.
    if len(legs) == 1 or (rule.kind is RuleKind.COMBINATION and rule.count == 1):
        for name in sorted({name for leg in legs for name in leg}):
            yield (name, name), mark
        return
    pairs = {
        (min(one, other), max(one, other))
        for left, right in combinations(legs, 2)
        for one in left
        for other in right
        if one != other
    }
    for pair in sorted(pairs):
        yield pair, mark


def _mark(rule: Rule) -> str:
    count, legs = rule.count, len(rule.duties)
    if rule.kind is RuleKind.COMBINATION:
        return f" ({count} of {legs})" if count > 2 else ""  # noqa: PLR2004 - two are the pair
    return {
        RuleKind.ONLY: " (only some)",
        RuleKind.MAY_HOLD_ONLY: " (nothing else)",
        RuleKind.MAX_HOLDERS: f" (at most {count} people)",
        RuleKind.MIN_HOLDERS: f" (at least {count} people)",
        RuleKind.MIN_PEOPLE: f" (at least {count} people together)",
        RuleKind.MAX_GRANT_HOURS: f" (at most {count} hours)",
    }.get(rule.kind, "")


def _named(leg: str) -> tuple[str, ...]:
    """The named duties of a leg, by the ids that rules give to what they make."""
    return tuple(leg.partition("[")[0].partition("!")[0].split("+"))
