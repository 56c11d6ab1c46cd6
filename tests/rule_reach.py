"""Who has what where, spelled out. Standard library only, nothing of the package.

Where the package closes sets over arrays, this walks paths one by one; where it keeps cells, this
asks of each right in each place anew. Places are texts, `kind:key`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from tests.rule_texts import (
    WHOLE,
    Edge,
    Leg,
    Part,
    Rule,
    Way,
    World,
    covers,
    fits,
    meet,
    touch,
    words,
)

# -- looking ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lens:
    """Which access is looked at."""

    eligible: bool = True
    conditional: bool = True
    changes: int = 0  # own ones, that build on each other
    possible: bool = False
    alone: frozenset[str] = frozenset()  # duties that count only without somebody's approval
    all_alone: bool = False
    longer: int | None = None  # than so many hours


def lens_of(rule: Rule) -> Lens:
    counts = rule.text.get("counts", {})
    means = words(counts.get("means")) or ("held", "eligible")
    sureness = words(counts.get("certainty")) or ("sure", "conditional")
    changes = int(counts.get("max_changes", "1")) if "self-grant" in means else 0
    lens = Lens("eligible" in means, "conditional" in sureness, changes)
    if rule.kind == "max_grant_hours":
        lens = replace(lens, longer=int(rule.text["max_grant_hours"]["hours"]))
    return lens


class Reach:
    """One world, asked about rules."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._live: dict[Lens, dict[str, list[Edge]]] = {}
        self._had: dict[tuple[str, Lens, bool], dict[str, int]] = {}
        self._spots: dict[tuple[Part, str, bool], frozenset[str]] = {}

    # Who comes to what, and by how many own changes.

    def asleep(self, account: str) -> bool:
        facts = self.world.accounts.get(account, {})
        over = facts.get("expires")
        return facts.get("enabled") is False or (over is not None and over < self.world.today)

    def lasts_longer(self, edge: Edge, hours: int, *, possible: bool) -> bool:
        """A day counts whole, so two days leave open when in them a grant begins and ends."""

        def span(since: date | None, until: date | None) -> bool:
            if until is None:
                return True
            if since is None:
                return possible
            days = (until - since).days
            return (days + 1) * 24 > hours if possible else (days - 1) * 24 >= hours

        own = edge.hours > hours if edge.hours is not None else span(edge.since, edge.until)
        ends = [self.world.accounts.get(node, {}) for node in (edge.holder, edge.target)]
        return own and all(span(end.get("created"), end.get("expires")) for end in ends)

    def counts(self, edge: Edge, lens: Lens) -> bool:
        today = self.world.today
        return (
            (lens.eligible or not edge.eligible)
            and (lens.conditional or not edge.conditional)
            and (lens.possible or not edge.undecided)
            and (lens.changes > 0 or not edge.self_grant)
            and (edge.since is None or edge.since <= today)
            and (edge.until is None or edge.until >= today)
            and not self.asleep(edge.holder)
            and not self.asleep(edge.target)
            and (
                lens.longer is None or self.lasts_longer(edge, lens.longer, possible=lens.possible)
            )
        )

    def live(self, lens: Lens) -> dict[str, list[Edge]]:
        if lens not in self._live:
            found = self._live[lens] = {}
            for edge in self.world.edges:
                if self.counts(edge, lens):
                    found.setdefault(edge.holder, []).append(edge)
        return self._live[lens]

    def had(self, node: str, lens: Lens, *, becoming: bool) -> dict[str, int]:
        """Every node had from here, with the least number of own changes it takes."""
        key = (node, lens, becoming)
        if key not in self._had:
            best, queue, live = {node: 0}, [node], self.live(lens)
            while queue:
                here = queue.pop()
                for edge in live.get(here, ()):
                    cost = best[here] + edge.self_grant
                    usable = becoming or edge.kind == "adding"
                    if usable and cost <= lens.changes and cost < best.get(edge.target, 10**9):
                        best[edge.target] = cost
                        queue.append(edge.target)
            self._had[key] = best
        return self._had[key]

    def contexts(self, subject: str, lens: Lens) -> Iterable[set[str]]:
        """The rights of each context that the subject comes to, one set per context.

        A role is a context only to itself: what it contains meets in whatever account has it.
        """
        role = subject in self.world.roles
        for node, spent in self.had(subject, lens, becoming=True).items():
            if node in self.world.accounts or (role and node in self.world.roles):
                within = self.had(node, lens, becoming=False)
                yield {
                    right
                    for right, cost in within.items()
                    if right in self.world.rights and spent + cost <= lens.changes
                }

    # Where a right performs a part.

    def performs(self, part: Part, right: str) -> bool:
        """Whether the right is one of those the part asks for, wherever it holds."""
        system, action, resource, _ = self.world.rights[right]
        facts = self.world.systems[system]
        if facts["product"] != part.product or facts.get("scope", "in-scope") != "in-scope":
            return False
        if part.system is not None and not fits(part.system, system):
            return False
        if not any(meet(action, a) if "*" in action else fits(a, action) for a in part.actions):
            return False
        wanted = part.resource
        return (
            wanted is None
            or resource == WHOLE
            or covers(wanted, resource)
            or wanted.startswith(resource + "/")
        )

    def spared(self, part: Part, right: str) -> list[str | None]:
        """The environments (None: any) in which an exception leaves the right out."""
        system, action, resource, _ = self.world.rights[right]
        return [
            other.environment
            for other in part.unless
            if self.world.systems[system]["product"] == other.product
            and (other.system is None or fits(other.system, system))
            and any(a == "*" or (action != "*" and fits(a, action)) for a in other.actions)
            and (other.resource is None or (resource != WHOLE and covers(other.resource, resource)))
        ]

    def there(self, part: Part, right: str, actual: str | None, *, possible: bool) -> bool:
        """Whether the part is performed where the environment is this one."""
        wanted, open_ = part.environment, actual is None and possible
        if wanted is not None and wanted != actual and not open_:
            return False
        return all(
            but is not None and but != actual and (actual is not None or possible)
            for but in self.spared(part, right)
        )

    def placed(self, system: str, resource: str) -> list[tuple[str, str, str | None]]:
        """Application, glob and environment of each placement that a right here reaches."""
        default = self.world.systems[system].get("environment")
        return [
            (app, glob, env or default)
            for app, where, glob, env in self.world.placements
            if where == system
            and (resource == WHOLE or covers(glob, resource) or glob.startswith(resource + "/"))
        ]

    def spots(self, part: Part, right: str, *, possible: bool) -> frozenset[str]:
        """Every place in which this right performs this part, as `kind:key`."""
        key = (part, right, possible)
        if key not in self._spots:
            self._spots[key] = frozenset(self._places_of(part, right, possible=possible))
        return self._spots[key]

    def _places_of(self, part: Part, right: str, *, possible: bool) -> Iterable[str]:
        if not self.performs(part, right):
            return
        system, _, resource, _ = self.world.rights[right]
        placed = self.placed(system, resource)
        apps = {
            f"application:{app}"
            for app, glob, env in placed
            if self._inside(part, resource, glob)
            and self.there(part, right, env, possible=possible)
        }
        here = self.world.systems[system].get("environment")
        loose = (resource == WHOLE or not placed) and self.there(
            part, right, here, possible=possible
        )
        yield from apps
        if apps or loose:
            yield "anywhere:"
            yield f"system:{system}"
        if loose and (resource != WHOLE or self._reaches_unplaced(part, system)):
            yield "unmapped:"
        yield from self._resources_of(part, right, possible=possible)

    def _inside(self, part: Part, resource: str, glob: str) -> bool:
        """Whether what the right reaches of a placement is what the part asks for."""
        if part.resource is None or (resource != WHOLE and covers(glob, resource)):
            return True
        return touch(part.resource, glob)

    def _resources_of(self, part: Part, right: str, *, possible: bool) -> Iterable[str]:
        system, _, resource, _ = self.world.rights[right]
        here = self.world.systems[system].get("environment")
        for at, name in self.resources():
            inside = resource in (WHOLE, name) or name.startswith(resource + "/")
            wanted = part.resource is None or covers(part.resource, name)
            if at != system or not inside or not wanted:
                continue
            envs = [env for _, _, env in self.placed(at, name)] or [here]
            if any(self.there(part, right, env, possible=possible) for env in envs):
                yield f"resource:{at}:{name}"

    def _reaches_unplaced(self, part: Part, system: str) -> bool:
        """Whether the system has something that nobody placed and the part is about."""
        return any(
            at == system
            and resource != WHOLE
            and not self.placed(at, resource)
            and self.performs(part, right)
            and self.there(part, right, self.world.systems[at].get("environment"), possible=True)
            for right, (at, _, resource, _) in self.world.rights.items()
        )

    def resources(self) -> list[tuple[str, str]]:
        return sorted({(s, r) for s, _, r, _ in self.world.rights.values() if r != WHOLE})

    # What a subject can do.

    def usable(self, way: Way, right: str, lens: Lens) -> bool:
        needs_nobody = self.world.rights[right][3] == "alone"
        return needs_nobody or not (lens.all_alone or way.names & lens.alone)

    def _by_some_way(
        self, subject: str, leg: Leg, lens: Lens, test: Callable[[Way, set[str]], bool]
    ) -> bool:
        return any(
            test(way, {right for right in context if self.usable(way, right, lens)})
            for context in self.contexts(subject, lens)
            for way in leg
        )

    def holds(self, subject: str, leg: Leg, place: str, lens: Lens) -> bool:
        """Whether the parts of one way meet in one context, in this place."""

        def at(part: Part, context: set[str], spot: str) -> bool:
            return any(spot in self.spots(part, r, possible=lens.possible) for r in context)

        def test(way: Way, context: set[str]) -> bool:
            if place == "unmapped:":
                # Nobody knows whether two parts meet there, so either may be elsewhere.
                return any(at(p, context, place) for p in way.scoped) and all(
                    at(p, context, place) or at(p, context, "anywhere:") for p in way.parts
                )
            return all(at(p, context, place if p in way.scoped else "anywhere:") for p in way.parts)

        return self._by_some_way(subject, leg, lens, test)

    def systems_of(self, leg: Leg) -> list[str]:
        """The systems in which the leg has a way."""
        return [s for s in self.world.systems if any(self.could(w, s, "anywhere:") for w in leg)]

    def could(self, way: Way, system: str, place: str) -> bool:
        """Whether a right over the whole system would perform the way in this place."""
        return all(self._could(part, system, place) for part in way.scoped)

    def _could(self, part: Part, system: str, place: str) -> bool:
        facts = self.world.systems[system]
        if facts["product"] != part.product or facts.get("scope", "in-scope") != "in-scope":
            return False
        if part.system is not None and not fits(part.system, system):
            return False

        def open_to(env: str | None) -> bool:
            return part.environment in (None, env) or env is None

        kind, _, key = place.partition(":")
        placed = self.placed(system, WHOLE)
        here = facts.get("environment")
        if kind == "application":
            return any(
                app == key
                and (part.resource is None or touch(part.resource, glob))
                and open_to(env)
                for app, glob, env in placed
            )
        if kind == "resource":
            at, _, name = key.partition(":")
            envs = [env for _, _, env in self.placed(system, name)] or [here]
            named = part.resource is None or covers(part.resource, name)
            return at == system and named and any(map(open_to, envs))
        if kind == "system" and key != system:
            return False
        return any(open_to(env) for env in [here, *(env for _, _, env in placed)])

    def covers_all(self, subject: str, leg: Leg, lens: Lens) -> bool:
        """Whether the subject has the leg over each whole system in which it has a way."""

        def over(way: Way, context: set[str], *, system: str) -> bool:
            return all(
                any("anywhere:" in self.spots(p, r, possible=lens.possible) for r in context)
                if p not in way.scoped
                else any(
                    self.world.rights[r][2] == WHOLE
                    and f"system:{system}" in self.spots(p, r, possible=True)
                    for r in context
                )
                for p in way.parts
            )

        systems = self.systems_of(leg)
        return bool(systems) and all(
            self._by_some_way(subject, leg, lens, partial(over, system=system))
            for system in systems
        )

    # What nobody can know.

    def alive(self, leg: Leg) -> bool:
        """Whether some way finds rights for all of its parts, held or not."""
        return any(
            all(
                any(self.performs(part, right) for right in self.world.rights) for part in way.parts
            )
            for way in leg
        )

    def unread(self, leg: Leg) -> bool:
        """Whether the leg has a way in some system that was not read."""
        return any(
            facts.get("missing") and any(self.could(way, system, f"system:{system}") for way in leg)
            for system, facts in self.world.systems.items()
        )

    def blank(self, leg: Leg, place: str) -> bool:
        """Whether a source that was not read would say who has the leg here."""
        if place == "unmapped:":
            return False
        return not self.alive(leg) or any(
            facts.get("missing") and any(self.could(way, system, place) for way in leg)
            for system, facts in self.world.systems.items()
        )
