"""Whether every hit of one rule is a hit of another, proved from what the two ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from sod_analyzer.model.access import IdentityClass
from sod_analyzer.model.ruleset import Exclusion, Means, Rule, RuleKind, ScopeKind, Subjects
from sod_analyzer.rules.containment import Duties, subjects_within

#: More choices of legs than this are not gone through.
_MOST_CHOICES = 2_000
#: Rules that count who is not there: a narrower population is broken more easily, not less.
_FEWEST = frozenset({RuleKind.MIN_HOLDERS, RuleKind.MIN_PEOPLE})


@dataclass(frozen=True)
class Subsuming:
    """Compares rules over one set of duties."""

    duties: Duties

    def implies(self, rule: Rule, wide: Rule) -> bool:
        """Whether whatever breaks `rule` breaks `wide`, with no word on how bad either is.

        Errs: says no where it can prove nothing.
        """
        if (rule.kind, rule.holder) != (wide.kind, wide.holder):
            return False
        return (
            self._scope(rule, wide)
            and _population(rule, wide)
            and _counted(rule, wide)
            and self._asked(rule, wide)
        )

    def _scope(self, rule: Rule, wide: Rule) -> bool:
        if rule.scope is wide.scope:
            return True
        if rule.kind.counts_people:
            return False
        if wide.scope is ScopeKind.ANYWHERE:
            return True
        return rule.scope is ScopeKind.RESOURCE and wide.scope is ScopeKind.SYSTEM

    def _asked(self, rule: Rule, wide: Rule) -> bool:
        kind = rule.kind
        if kind is RuleKind.HYGIENE:
            one, other = rule.hygiene, wide.hygiene
            return bool(one and other and one.check is other.check and one.days >= other.days)
        if kind is RuleKind.MIN_PEOPLE:
            # Fewer people than `rule` asks for do all of it; so they do the part that is `wide`.
            return rule.count <= wide.count and self._each(wide.duties, rule.duties)
        if kind is RuleKind.MIN_HOLDERS:
            return rule.count <= wide.count and self._each(wide.duties, rule.duties)
        if kind in {RuleKind.MAX_HOLDERS, RuleKind.MAX_GRANT_HOURS}:
            return rule.count >= wide.count and self._each(rule.duties, wide.duties)
        if kind is RuleKind.ONLY and not subjects_within(wide.allowed, rule.allowed):
            return False
        return self._legs(rule, wide)

    def _each(self, narrow: Iterable[str], wide: Iterable[str]) -> bool:
        """Whether each of `narrow` gives one of `wide`; for one duty on both sides."""
        several = tuple(wide)
        return all(any(self.duties.within(n, w) for w in several) for n in narrow)

    def _legs(self, rule: Rule, wide: Rule) -> bool:
        """Whether any `rule.count` legs of one rule give `wide.count` legs of the other."""
        gives = {
            leg: frozenset(w for w in wide.duties if self._gives(leg, w, rule, wide))
            for leg in rule.duties
        }
        for n, chosen in enumerate(combinations(rule.duties, rule.count)):
            given = frozenset(w for leg in chosen for w in gives[leg])
            if len(given) < wide.count or n >= _MOST_CHOICES:
                return False
        return bool(rule.duties)

    def _gives(self, leg: str, other: str, rule: Rule, wide: Rule) -> bool:
        if not self.duties.within(leg, other):
            return False
        if not wide.gates:
            return True
        # A gate clears the wide rule. It must then clear the narrow one just as well.
        bases = self._bases(leg)
        return bases <= self._bases(other) and all(
            set(wide.gates.get(base, ())) <= set(rule.gates.get(base, ())) for base in bases
        )

    def _bases(self, leg: str) -> frozenset[str]:
        return frozenset(self.duties.duty[leg].made_of or (leg,))


def as_bad(wide: Rule, rule: Rule) -> bool:
    """Whether `wide` is at least as severe as `rule` in every tier."""
    tiers = (None, *wide.tiers, *rule.tiers)
    return all(wide.severity_of(t).rank >= rule.severity_of(t).rank for t in tiers)


def _population(rule: Rule, wide: Rule) -> bool:
    """Whether whomever and whatever one rule judges the other judges too."""
    left_out = {_what(each) for each in wide.exclusions}
    if rule.kind in _FEWEST:
        same = left_out == {_what(each) for each in rule.exclusions}
        if rule.subjects != wide.subjects or not same:
            return False
    tiers = set(rule.only_tiers)
    if wide.only_tiers and not (tiers and tiers <= set(wide.only_tiers)):
        return False
    workloads = IdentityClass.WORKLOAD in rule.subjects.kinds
    if workloads and not wide.subjects.kinds and rule.kind is not RuleKind.ONLY:
        return False
    return left_out <= {_what(e) for e in rule.exclusions} and subjects_within(
        rule.subjects, wide.subjects
    )


def _what(exclusion: Exclusion) -> tuple[Subjects, frozenset[str], object]:
    return exclusion.subjects, frozenset(exclusion.places), exclusion.until


def _counted(rule: Rule, wide: Rule) -> bool:
    """Whether the access that one rule counts counts for the other."""
    one, other = rule.counts, wide.counts
    if rule.kind in _FEWEST and one != other:
        return False
    deep = Means.SELF_GRANT not in one.means or one.max_changes <= other.max_changes
    return (
        set(one.means) <= set(other.means) and set(one.certainty) <= set(other.certainty) and deep
    )
