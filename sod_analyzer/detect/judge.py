"""Rules over holdings: each rule goes to the judge of its kind, and holdings are shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sod_analyzer.detect.combination import PLACES_OF, Combination
from sod_analyzer.detect.headcount import Headcount
from sod_analyzer.detect.holding import Bits, Holding
from sod_analyzer.detect.hygiene import HOLDER_OF, HygieneRule
from sod_analyzer.detect.results import RuleResult
from sod_analyzer.detect.subjects import Population
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind

__all__ = ["PLACES_OF", "Judge", "RuleResult"]


class _Holdings(dict[Lens, Holding]):
    """What each lens sees of one population, computed when first asked for."""

    def __init__(
        self,
        engine: Engine,
        subjects: range,
        *,
        all_: _Holdings | None = None,
        only: Keys | None = None,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._subjects = subjects
        self._all = all_
        self._only = only

    def __missing__(self, lens: Lens) -> Holding:
        if self._all is not None and lens in self._all:
            return self._all[lens]
        # Lenses that cannot but see the same share what they see.
        alike = (seen for other, seen in self.items() if self._engine.same(lens, other))
        found = next(alike, None) or Holding(self._engine, lens, self._subjects, self._only)
        self[lens] = found
        return found

    def of(self, only: Keys) -> _Holdings:
        """The same, of which only some subjects are asked any more."""
        return _Holdings(self._engine, self._subjects, all_=self, only=only)


class Judge:
    """Judges rules over one engine.

    `unknown_systems` are those whose required source is missing, failed or too old: what anyone
    holds there is unknown.
    """

    def __init__(self, engine: Engine, *, unknown_systems: Iterable[str] = ()) -> None:
        self.engine = engine
        self.subjects = engine.snapshot.ranges[NodeKind.IDENTITY]
        self.unknown_systems = frozenset(unknown_systems)
        self._populations: dict[Holder, Population] = {}
        self._holdings: dict[Holder, _Holdings] = {}

    def forget(self) -> None:
        """Keep what lenses saw no longer; it is computed again if it is asked for.

        For whoever has asked what needs everybody: masks take more memory than findings.
        """
        self._holdings = {}
        self.engine.forget()

    @property
    def judged(self) -> Bits:
        """Identities that rules judge unless they say otherwise: all but workloads."""
        return ~self.population(Holder.IDENTITY).workloads

    def population(self, holder: Holder) -> Population:
        """The nodes that rules with this holder judge."""
        found = self._populations.get(holder)
        if found is None:
            found = self._populations[holder] = Population(self.engine, holder)
        return found

    def holding(self, lens: Lens, holder: Holder = Holder.IDENTITY) -> Holding:
        """What a lens sees of every identity, account or role."""
        return self._of(holder)[lens]

    def _of(self, holder: Holder) -> _Holdings:
        found = self._holdings.get(holder)
        if found is None:
            span = self.population(holder).range
            found = self._holdings[holder] = _Holdings(self.engine, span)
        return found

    def judge(self, rule: Rule) -> RuleResult:
        """The rule's verdict on all that it is about."""
        if rule.kind is RuleKind.HYGIENE and rule.hygiene is not None:
            holder = HOLDER_OF[rule.hygiene.check]
            return HygieneRule(
                self.engine,
                rule,
                self.population(holder),
                self._of(holder),
                unknown_systems=self.unknown_systems,
            ).result()
        if rule.kind.counts_people:
            return Headcount(
                self.engine,
                rule,
                self.population(Holder.IDENTITY),
                self._of(Holder.IDENTITY),
                unknown_systems=self.unknown_systems,
            ).result()
        return self._combination(rule).result()

    def judge_all(self, rules: Iterable[Rule]) -> tuple[RuleResult, ...]:
        """The verdicts of several rules, in their order.

        What differs between lenses matters only for those whom a rule finds, and they are known
        once every rule was looked at through its own lens. So the other lenses look at nobody else.
        """
        rules = tuple(rules)
        waiting = {
            rule.rule_id: self._combination(rule)
            for rule in rules
            if rule.kind is not RuleKind.HYGIENE and not rule.kind.counts_people
        }
        found: dict[Holder, list[Keys]] = {}
        for each in waiting.values():
            found.setdefault(each.rule.holder, []).append(each.found.subject)
        for holder, subjects in found.items():
            narrow = self._of(holder).of(distinct(np.concatenate(subjects)))
            for each in waiting.values():
                if each.rule.holder is holder:
                    each.holdings = narrow
        return tuple(
            waiting[rule.rule_id].result() if rule.rule_id in waiting else self.judge(rule)
            for rule in rules
        )

    def narrowed(self, only: Keys, holder: Holder = Holder.IDENTITY) -> Mapping[Lens, Holding]:
        """What lenses see of some subjects, by their offsets; of the others it may say nothing."""
        return self._of(holder).of(only)

    def places_seen(
        self, rule: Rule, lens: Lens, holdings: Mapping[Lens, Holding] | None = None
    ) -> tuple[Keys, Keys]:
        """Subjects and places where a lens sees enough duties of a rule about subjects.

        Of everyone, or of those whom `narrowed` holdings say something of.
        """
        looking = self._combination(rule)
        looking.holdings = holdings if holdings is not None else looking.holdings
        return looking.places_seen(lens)

    def _combination(self, rule: Rule) -> Combination:
        return Combination(
            self.engine,
            rule,
            self.population(rule.holder),
            self._of(rule.holder),
            unknown_systems=self.unknown_systems,
        )
