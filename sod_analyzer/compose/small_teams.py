"""Where people are too few to separate duties: said so, with what the standards allow instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sod_analyzer.compose.words import counted
from sod_analyzer.detect.combination import rule_lens
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.judge import Judge
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.model.ruleset import Control, Holder, Rule, RuleKind


class SmallTeams:
    """Counts who works in each place."""

    def __init__(self, judge: Judge, controls: Mapping[str, Control]) -> None:
        self.judge = judge
        self.controls = controls
        self._judged = judge.judged
        self._counted: dict[tuple[Lens, str], Keys] = {}

    def notes(self, rule: Rule, places: Keys) -> list[str | None]:
        """For each place: what to do where it has fewer people than the rule has duties.

        Counted is everyone, known to the roster or not, who has any of the rule's duties there, so
        an account that nobody could be found for makes a team look larger, never smaller.

        Cost: a look at the holders of a duty, and of the next one where a place may be small yet;
        then, one by one, the places that may be small.
        """
        engine = self.judge.engine
        judged = rule.kind is RuleKind.COMBINATION and rule.holder is Holder.IDENTITY
        if not judged or rule.count == 1:
            return [None] * len(places)
        holding = self.judge.holding(replace(rule_lens(rule), possible=True))
        at_least = np.zeros(engine.n_places + 1, dtype=np.int64)
        # Of everything at once, nobody asks who works there.
        at_least[engine.n_places] = rule.count
        for duty in rule.duties:
            if not (at_least[places] < rule.count).any():
                break
            np.maximum(at_least, self._holders(holding, duty), out=at_least)
        small = at_least[places] < rule.count
        return [
            self._note(rule, holding, place) if few else None
            for place, few in zip(places.tolist(), small.tolist(), strict=True)
        ]

    def _holders(self, holding: Holding, duty: str) -> Keys:
        """How many judged people have a duty in each place by itself."""
        known = self._counted.get((holding.lens, duty))
        if known is None:
            n_places = self.judge.engine.n_places
            pairs = holding.explicit(duty)
            place = pairs[self._judged[pairs // n_places]] % n_places
            known = np.bincount(place, minlength=n_places + 1)
            self._counted[holding.lens, duty] = known
        return known

    def _note(self, rule: Rule, holding: Holding, place: int) -> str | None:
        held = distinct(np.concatenate([holding.who(duty, place) for duty in rule.duties]))
        people = int(self._judged[held].sum())
        if people >= rule.count:
            return None
        few = counted(people, "person has", "people have")
        start = f"Only {few} any of these duties here, too few to keep {rule.count} apart"
        allowed = [self._control(control) for control in rule.controls]
        if not allowed:
            return f"{start}. The rule allows no control instead"
        return f"{start}. The rule allows instead: {'; or '.join(allowed)}"

    def _control(self, control_id: str) -> str:
        control = self.controls.get(control_id)
        if control is None:
            return control_id
        text = f"{control_id}, {control.title}"
        if control.references:
            ids = [f"{name} {', '.join(ids)}" for name, ids in sorted(control.references.items())]
            text += f" ({'; '.join(ids)})"
        if control.needs:
            text += f", which needs: {', '.join(control.needs)}"
        return text
