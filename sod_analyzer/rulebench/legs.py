"""The legs of rules, made anew after a duty has changed.

A ruleset holds one duty for each leg: what an author named, and what a rule made of it. When a
named duty changes, everything made of it has to be made again, in the same way as at loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from sod_analyzer.model.ruleset import Duty, Rule, Ruleset, Way
from sod_analyzer.rules.deriving import anything_but, composed, group, in_environment

_NONE: Mapping[str, Duty] = {}


class Legs:
    """Makes legs from the duties that authors named, changed ones among them."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset

    @cached_property
    def stated(self) -> Mapping[str, Duty]:
        """The named duties, each with its own ways only."""
        return {
            duty.duty_id: replace(duty, ways=tuple(w for w in duty.ways if w.origin is None))
            for duty in self._ruleset.duties
            if not duty.made_of
        }

    @cached_property
    def _under(self) -> Mapping[str, frozenset[str]]:
        """Each named duty, with those it includes, directly or further on."""
        found: dict[str, frozenset[str]] = {}

        def under(name: str) -> frozenset[str]:
            known = found.get(name)
            if known is None:
                inner = (under(each) for each in self.stated[name].includes if each in self.stated)
                known = found[name] = frozenset({name}).union(*inner)
            return known

        for name in self.stated:
            under(name)
        return found

    def bases(self, leg: str) -> frozenset[str]:
        """The named duties that a leg depends on."""
        named = (leg,) if leg in self.stated else self._named(leg)
        return frozenset().union(*(self._under[name] for name in named))

    def _named(self, leg: str) -> tuple[str, ...]:
        """The named duties that the id of a leg is made of."""
        inner = leg.partition("[")[0]
        return tuple(inner.replace("!", "+").split("+"))

    def rules_of(self, duty: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
        """Ids of the rules that a named duty has a part in."""
        return tuple(
            rule.rule_id for rule in rules if any(duty in self.bases(leg) for leg in rule.duties)
        )

    def leg(self, leg: str, changed: Mapping[str, Duty] = _NONE) -> Duty:
        """The duty of this leg id, after some named duties have changed."""
        bases = self.bases(leg)
        mine = {name: duty for name, duty in changed.items() if name in bases}
        if not mine and leg in self._ruleset.duty:
            return self._ruleset.duty[leg]
        return self._made(leg, composed({**{b: self.stated[b] for b in bases}, **mine}))

    def _made(self, leg: str, duties: Mapping[str, Duty]) -> Duty:
        """By the ids that `rules.deriving` gives: within!allowed, several+together, one[place]."""
        if leg in duties:
            return duties[leg]
        if leg.endswith("]"):
            inner, _, environment = leg[:-1].rpartition("[")
            return in_environment(self._made(inner, duties), environment)
        within, but, allowed = leg.partition("!")
        if but:
            members = [duties[name] for name in allowed.split("+")]
            return anything_but(self._made(within, duties), members)
        return group(duties[name] for name in leg.split("+"))

    def ways(self, leg: str, changed: Mapping[str, Duty] = _NONE) -> tuple[Way, ...]:
        """The ways of a leg, each with the duty that gates know it by."""
        duty = self.leg(leg, changed)
        if duty.made_of:
            # Whoever made it has said so of every way.
            return duty.ways
        return tuple(replace(way, origin=leg) for way in duty.ways)
