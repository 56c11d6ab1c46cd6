"""Where rights that policies decide reach: each place with how sure that is, and what decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sod_analyzer.catalogue.by_policy import Asked, ByPolicy, Right, below
from sod_analyzer.catalogue.places import (
    Atlas,
    Place,
    PlaceKind,
    Truth,
    meets_environment,
)
from sod_analyzer.cloud.aws.patterns import Found
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.model.access import WHOLE_SYSTEM
from sod_analyzer.model.finding import PLACE_ANYWHERE, PLACE_UNMAPPED, decided_text
from sod_analyzer.model.ruleset import Selector


@dataclass(frozen=True, slots=True)
class Reached:
    """What one right comes to in one system: all of the system, or else single places."""

    whole: Truth
    places: tuple[tuple[Place, Truth], ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What a right comes to in a place: an action, on which resource, and what decides it."""

    system: str
    action: str
    resource: str | None  # None for whatever there is
    by: str  # the layer and the statement, or what is missing; empty if nothing is said

    def __str__(self) -> str:
        return decided_text(self.system, self.action, self.resource, self.by)


@dataclass(frozen=True, slots=True)
class Deciding:
    """The policies of a snapshot, and the places that there are."""

    policies: ByPolicy
    atlas: Atlas

    def every(
        self, right: Right, selectors: Sequence[Selector]
    ) -> Iterator[tuple[int, str, Reached]]:
        """Where a right is one that selectors ask for: the place of the selector, and the system.

        Cost: that of `reached` for selectors that may find something in a system.
        """
        for system in sorted(self.policies.numbers):
            for place in self.policies.near(right, selectors, system):
                selector = selectors[place]
                if self.atlas.could_be_in(selector, system):
                    found = self.reached(right, selector, system)
                    if found is not None:
                        yield place, system, found

    def reached(self, right: Right, selector: Selector, system: str) -> Reached | None:
        """Where in a system a right is one that a selector asks for; None if nowhere.

        Cost: a question per placement of the system, unless one for all of them says no.
        """
        policies = self.policies
        everywhere = right.system == system and policies.everywhere(right, selector)
        found = policies.found(
            right, selector, Asked(system, policies.universe(system)), selector.environment
        )
        truth = Truth.YES if everywhere else policies.truth(right, found)
        # What is sure at one place may depend on conditions at another one.
        sure = found is not None and found.decision.answer is Answer.YES
        if truth is Truth.NO and (right.sure or not sure):
            return None
        # An action on no resource is one on the account.
        if everywhere or (found is not None and found.resource == WHOLE_SYSTEM):
            return None if truth is Truth.NO else Reached(truth)
        places = tuple(self._places(right, selector, system))
        some = any(there is not Truth.NO for _, there in places)
        return Reached(Truth.NO, places) if some else None

    def _places(
        self, right: Right, selector: Selector, system: str
    ) -> Iterator[tuple[Place, Truth]]:
        atlas, wanted = self.atlas, selector.environment
        best = Truth.NO
        placed = atlas.placements.get(system, ())
        for placement in placed:
            there = meets_environment(wanted, placement.environment)
            asked = Asked(system, below([placement.resource]))
            there = self._least(there, right, selector, asked, placement.environment)
            best = max(best, there)
            yield Place(PlaceKind.APPLICATION, placement.application), there
        taken = below(placement.resource for placement in placed)
        here = meets_environment(wanted, atlas.environment_of(system))
        elsewhere = Asked(system, self.policies.universe(system), taken)
        here = self._least(here, right, selector, elsewhere, wanted)
        yield Place(PlaceKind.UNMAPPED, PLACE_UNMAPPED), here
        best = max(best, here)
        yield Place(PlaceKind.SYSTEM, system, system), best
        yield Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE), best
        for place in atlas.places:
            if place.kind is PlaceKind.RESOURCE and self._is_of(right, place, system):
                there = atlas.at_resource(wanted, system, place.key)
                asked = Asked(system, below([place.key]))
                yield place, self._least(there, right, selector, asked, wanted)

    def _least(
        self, least: Truth, right: Right, selector: Selector, asked: Asked, environment: str | None
    ) -> Truth:
        """What is known of the place, and of the right there."""
        if least is Truth.NO:
            return least
        found = self.policies.found(right, selector, asked, environment)
        return min(least, self.policies.truth(right, found))

    def decided(self, right: Right, selector: Selector, place: Place) -> Decided | None:
        """The best that a right comes to in a place; None where it is not what is asked for."""
        best: tuple[Answer, Decided] | None = None
        for asked, environment in self._asked_at(right, selector, place):
            found = self.policies.found(right, selector, asked, environment)
            if found is None or self.policies.truth(right, found) is Truth.NO:
                continue
            answer = found.decision.answer
            if best is None or answer > best[0]:
                best = answer, self._told(found, asked)
        return None if best is None else best[1]

    def _told(self, found: Found, asked: Asked) -> Decided:
        decision = found.decision
        by = str(decision.statement or ", ".join(decision.missing))
        if decision.conditions:
            by = f"{by}, if {' and '.join(decision.conditions)}"
        anywhere = asked.resources == self.policies.universe(asked.system)
        return Decided(
            asked.system,
            self.policies.decided.catalogue.spelled(found.action or "something"),
            None if anywhere else asked.resources[0],
            f"{decision.layer}: {by}" if by else "",
        )

    def _is_of(self, right: Right, place: Place, system: str) -> bool:
        """Whether a resource is to be looked for in a system.

        An ARN names its account. Where it does not, the catalogue may; else it is taken for one
        of whoever asks.
        """
        if place.system:
            return place.system == system
        parts = place.key.split(":", 5)
        number = parts[4] if len(parts) == 6 else ""  # noqa: PLR2004 - segments of an ARN
        systems = self.policies.numbers
        if number:
            return systems[system] == number
        claimed = [each for each in systems if self.atlas.placed(each, place.key)]
        return system in (claimed or [right.system])

    def _asked_at(
        self, right: Right, selector: Selector, place: Place
    ) -> Iterator[tuple[Asked, str | None]]:
        """What is asked in a place, system by system."""
        atlas, wanted = self.atlas, selector.environment
        for system in sorted(self.policies.numbers):
            if not atlas.could_be_in(selector, system):
                continue
            if place.kind is PlaceKind.RESOURCE:
                if not self._is_of(right, place, system):
                    continue
                yield Asked(system, below([place.key])), wanted
            elif place.kind is not PlaceKind.APPLICATION:
                yield Asked(system, self.policies.universe(system)), wanted
            for placement in atlas.placements.get(system, ()):
                if placement.application == place.key and place.kind is PlaceKind.APPLICATION:
                    yield Asked(system, below([placement.resource])), placement.environment
