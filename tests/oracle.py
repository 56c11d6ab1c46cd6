"""What an answer means, spelled out: slow, small, and sharing no code with the package.

Reads a world (plain attributes) and rules given as plain tuples. Standard library only.
A part is (product, actions, environment, any_scope); a duty a list of ways; a way a list of parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

Part = tuple[str, tuple[str, ...], str | None, bool]
Ways = Sequence[Sequence[Part]]


class Oracle:
    """`possible` also lets in whatever the world leaves open."""

    def __init__(
        self,
        world: Any,
        today: date,
        *,
        eligible: bool = True,
        conditional: bool = True,
        changes: int = 0,
        possible: bool = False,
    ) -> None:
        self.world = world
        self.possible = possible
        self.changes = changes
        self.live = [
            e
            for e in world.edges
            if (eligible or not e.eligible)
            and (conditional or not e.conditional)
            and (possible or not e.undecided)
            and (e.valid_from is None or e.valid_from <= today)
            and (e.valid_until is None or e.valid_until >= today)
            and e.holder not in world.disabled
            and e.target not in world.disabled
        ]

    # Who has what. `changes` counts the self-granted edges that build on each other.

    def steps(self, node: str, *, becoming: bool) -> set[tuple[str, int]]:
        """Every node had from here, with the least number of own changes it takes."""
        best = {node: 0}
        queue = [node]
        while queue:
            here = queue.pop()
            for e in self.live:
                if e.holder == here and (becoming or not e.becoming):
                    cost = best[here] + e.self_granted
                    if cost <= self.changes and cost < best.get(e.target, 10**9):
                        best[e.target] = cost
                        queue.append(e.target)
        return set(best.items())

    def bundle(self, account: str, budget: int) -> set[str]:
        had = self.steps(account, becoming=False)
        return {n for n, cost in had if n[0] == "e" and cost <= budget}

    # Where a right holds.

    def environment_fits(self, wanted: str | None, actual: str | None) -> bool:
        return wanted is None or wanted == actual or (actual is None and self.possible)

    def matches(self, part: Part, entitlement: str) -> bool:
        system, action, _, wildcard = self.world.entitlements[entitlement]
        product, actions, _, _ = part
        same = self.world.systems[system][0] == product
        return same and (action in actions or (wildcard and action == "*"))

    def environments(self, system: str, resource: str, app: str | None) -> list[str | None]:
        """Environments of the placements a right on the resource reaches, of one app or any."""
        default = self.world.systems[system][1]
        return [
            env or default
            for a, s, glob, env in self.world.placements
            if s == system
            and app in (None, a)
            and (
                resource in ("*", glob)
                or resource.startswith(glob + "/")
                or glob.startswith(resource + "/")
            )
        ]

    def part_in(self, part: Part, bundle: Iterable[str], place: str) -> bool:
        """place: an application, "anywhere", or "system:NAME"."""
        wanted = part[2]
        for e in bundle:
            if not self.matches(part, e):
                continue
            system, _, resource, _ = self.world.entitlements[e]
            app = None if place == "anywhere" or place.startswith("system:") else place
            if place.startswith("system:") and place != f"system:{system}":
                continue
            found = self.environments(system, resource, app)
            if app is None and (resource == "*" or not found):
                found = [*found, self.world.systems[system][1]]
            if any(self.environment_fits(wanted, actual) for actual in found):
                return True
        return False

    # What an identity can do.

    def holds(self, identity: str, duty: Ways, place: str) -> bool:
        return self._any_context(
            identity,
            lambda bundle: any(
                all(self.part_in(part, bundle, "anywhere" if part[3] else place) for part in way)
                for way in duty
            ),
        )

    def covers_all(self, identity: str, duty: Ways) -> bool:
        """Has the duty over each whole system in which it has ways."""
        systems = [s for s in self.world.systems if any(self._way_in(way, s) for way in duty)]
        return bool(systems) and all(
            self._any_context(
                identity,
                lambda bundle, s=system: any(  # type: ignore[misc]
                    all(self._part_over(part, bundle, s) for part in way) for way in duty
                ),
            )
            for system in systems
        )

    def _way_in(self, way: Sequence[Part], system: str) -> bool:
        product, default = self.world.systems[system]
        seen = [default, *self.environments(system, "*", None)]
        return all(
            part[0] == product and any(part[2] in (None, env) or env is None for env in seen)
            for part in way
            if not part[3]
        )

    def _part_over(self, part: Part, bundle: set[str], system: str) -> bool:
        if part[3]:
            return self.part_in(part, bundle, "anywhere")
        return any(
            self.matches(part, e)
            and self.world.entitlements[e][0] == system
            and self.world.entitlements[e][2] == "*"
            for e in bundle
        )

    def _any_context(self, identity: str, test: Callable[[set[str]], bool]) -> bool:
        return any(
            test(self.bundle(account, self.changes - spent))
            for account, spent in self.steps(identity, becoming=True)
            if account[0] == "a"
        )


def verdict(
    world: Any,
    today: date,
    identity: str,
    *,
    duties: Sequence[Ways],
    count: int,
    place: str,
    **lens: Any,
) -> str:
    """violation, not-evaluable or clear, for one identity in one named place."""
    sure, possible = Oracle(world, today, **lens), Oracle(world, today, possible=True, **lens)
    if sum(sure.holds(identity, duty, place) for duty in duties) >= count:
        return "violation"
    if sum(possible.holds(identity, duty, place) for duty in duties) >= count:
        return "not-evaluable"
    return "clear"
