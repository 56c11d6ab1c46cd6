"""How much of what there is the duties of a ruleset see, and what they do not see.

An entitlement is *mapped* when it performs a part of some named duty where it is, *elsewhere* when
it would in another environment, and *unmapped* otherwise. Only systems in scope count.

An entitlement is *privileged* when a role that its source marks as privileged contains it, directly
or through other roles; when it is every action of its system (`*`); or when one of the words of its
action speaks of administration: see `ADMIN_WORDS`.

Errs: a source that marks no role and names rights in its own words has fewer privileged ones here
than in truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Facts, Flow, Keys
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import EVERY_ACTION, IdentityClass, NodeKind, Snapshot
from sod_analyzer.model.ruleset import Duty, Ruleset, Way
from sod_analyzer.rulebench.telling import named_duties

Row = dict[str, object]

#: Words of an action that make it privileged, whatever stands around them.
ADMIN_WORDS = frozenset(
    {
        "admin",
        "administer",
        "administrator",
        "bind",
        "escalate",
        "impersonate",
        "maintain",
        "owner",
        "root",
        "sudo",
        "superuser",
    }
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: Groups of rights whose holders are looked for at once, so that facts stay few.
_AT_ONCE = 64
#: Holders of a group that are named.
_NAMED = 5

MAPPED, ELSEWHERE, UNMAPPED = "mapped", "elsewhere", "unmapped"


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some entitlements are mapped."""

    mapped: int
    elsewhere: int
    unmapped: int

    @property
    def all(self) -> int:
        return self.mapped + self.elsewhere + self.unmapped

    def row(self, what: str) -> Row:
        """The numbers, with the mapped share of those that are not elsewhere, in percent."""
        here = self.mapped + self.unmapped
        return {
            "what": what,
            "count": self.all,
            "mapped": self.mapped,
            "elsewhere": self.elsewhere,
            "unmapped": self.unmapped,
            "percent": round(100 * self.mapped / here, 1) if here else None,
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a ruleset sees of a snapshot."""

    entitlements: Share
    privileged: Share
    unmapped: tuple[Row, ...]  # by system and action; most people first
    patterns: tuple[Row, ...]  # that match nothing; sorted by duty, way, part

    def summary(self) -> list[Row]:
        """The two shares as rows."""
        return [self.entitlements.row("entitlements"), self.privileged.row("privileged")]


def coverage(snapshot: Snapshot, ruleset: Ruleset, *, as_of: date) -> Coverage:
    """What the named duties of the ruleset see of the snapshot on that day.

    Cost: the matching of an analysis, twice, and one closure for every 64 unmapped actions.
    """
    return _Survey(snapshot, named_duties(ruleset), as_of).coverage()


class _Survey:
    """One look at a snapshot; a class to carry what it finds along."""

    def __init__(self, snapshot: Snapshot, duties: tuple[Duty, ...], as_of: date) -> None:
        self._snapshot = snapshot
        self._atlas = Atlas(snapshot)
        self._columns = Columns(snapshot, duties, self._atlas)
        self._anywhere = Columns(snapshot, map(_everywhere, duties), self._atlas)
        self._edges = compile_edges(snapshot, as_of=as_of)
        self._engine = Engine(snapshot, self._columns, self._edges)
        self._first = snapshot.ranges[NodeKind.ENTITLEMENT].start
        self._rows = snapshot["entitlements"].to_pylist()

    def coverage(self) -> Coverage:
        states = self._states
        special = self._privileged
        groups: dict[tuple[str, str], list[int]] = {}
        for code, state in states.items():
            if state == UNMAPPED:
                row = self._rows[code - self._first]
                groups.setdefault((row["system"], row["action"]), []).append(code)
        return Coverage(
            _share(states.values()),
            _share(state for code, state in states.items() if code in special),
            tuple(self._unmapped(groups)),
            tuple(self._patterns()),
        )

    @cached_property
    def _states(self) -> Mapping[int, str]:
        """The state of each entitlement in scope, by code."""
        mapped = set(self._columns.possible.node.tolist())
        elsewhere = set(self._anywhere.possible.node.tolist())
        known = {name for name, system in self._atlas.systems.items() if system.in_scope}
        return {
            code: MAPPED if code in mapped else ELSEWHERE if code in elsewhere else UNMAPPED
            for code, row in enumerate(self._rows, start=self._first)
            if row["system"] in known
        }

    @cached_property
    def _privileged(self) -> frozenset[int]:
        found = {
            code
            for code, row in enumerate(self._rows, start=self._first)
            if sounds_privileged(row["action"], wildcard=bool(row["wildcard"]))
        }
        roles = self._snapshot["roles"]
        marked = [
            self._snapshot.codes[NodeKind.ROLE, role]
            for role, privileged in zip(
                roles.column("role").to_pylist(),
                roles.column("privileged").to_pylist(),
                strict=True,
            )
            if privileged
        ]
        # Downwards: from the role to what it contains.
        edges = self._edges
        inside = self._engine.allowed(COUNTED) & ~edges.becomes()
        flow = Flow(edges.n_nodes, edges.target[inside], edges.holder[inside])
        reached = flow.spread(Facts.of(1, *_seeds(marked)))
        return frozenset(found.union(reached.within(self._entitlements).key.tolist()))

    @property
    def _entitlements(self) -> range:
        return self._snapshot.ranges[NodeKind.ENTITLEMENT]

    def _unmapped(self, groups: Mapping[tuple[str, str], Sequence[int]]) -> list[Row]:
        holders = self._holders(list(groups.values()))
        rows: list[Row] = []
        for ((system, action), codes), people in zip(groups.items(), holders, strict=True):
            resources = sorted({str(self._rows[code - self._first]["resource"]) for code in codes})
            rows.append(
                {
                    "system": system,
                    "product": self._atlas.systems[system].product,
                    "action": action,
                    "people": len(people),
                    "who": _some(people),
                    "resources": len(resources),
                    "such_as": resources[0],
                    "privileged": not self._privileged.isdisjoint(codes),
                }
            )
        return sorted(
            rows, key=lambda row: (-int(str(row["people"])), row["system"], row["action"])
        )

    def _holders(self, groups: Sequence[Sequence[int]]) -> list[list[str]]:
        """The names of the people who have some entitlement of each group; no workloads."""
        identities = self._snapshot.ranges[NodeKind.IDENTITY]
        known = {row["identity"]: row for row in self._snapshot["identities"].to_pylist()}
        people = [known[self._snapshot.node_ids[code]] for code in identities]
        human = np.array([row["kind"] != IdentityClass.WORKLOAD for row in people], dtype=bool)
        edges, counts = self._edges, self._engine.allowed(COUNTED)
        flow = Flow(edges.n_nodes, edges.holder[counts], edges.target[counts])
        found: list[list[str]] = []
        for start in range(0, len(groups), _AT_ONCE):
            chunk = groups[start : start + _AT_ONCE]
            seeds = [code * len(chunk) + n for n, codes in enumerate(chunk) for code in codes]
            facts = flow.spread(Facts.of(len(chunk), *_seeds(seeds))).within(identities)
            who: list[list[str]] = [[] for _ in chunk]
            offsets = facts.node - identities.start
            for column, offset in zip(facts.column.tolist(), offsets.tolist(), strict=True):
                if human[offset]:
                    who[column].append(str(people[offset]["name"] or people[offset]["identity"]))
            found += who
        return found

    def _patterns(self) -> Iterable[Row]:
        columns = self._columns
        number = {part: n for n, part in enumerate(columns.parts)}
        for duty in columns.duties:
            for way_number, way in enumerate(duty.ways, start=1):
                for part_number, part in enumerate(way.parts, start=1):
                    use = columns.use_of(number[part])
                    if use.entitlements:
                        continue
                    yield {
                        "duty": duty.duty_id,
                        "way": way_number,
                        "part": part_number,
                        "pattern": str(part),
                        "state": "dead" if use.systems else "product not used",
                        "at": str(part.where or ""),
                    }


def sounds_privileged(action: str, *, wildcard: bool) -> bool:
    """Whether an action is privileged by its own name."""
    if wildcard and action == EVERY_ACTION:
        return True
    return not ADMIN_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(action))


def _some(names: Iterable[str]) -> str:
    """A few of the names, sorted, and how many more there are."""
    known = sorted(names)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return "; ".join(known[:_NAMED]) + more


def _seeds(keys: Iterable[int]) -> tuple[Keys, Keys]:
    chosen = np.array(sorted(keys), dtype=np.int64)
    return chosen, np.zeros(len(chosen), dtype=np.int64)


def _share(states: Iterable[str]) -> Share:
    found = list(states)
    return Share(found.count(MAPPED), found.count(ELSEWHERE), found.count(UNMAPPED))


def _everywhere(duty: Duty) -> Duty:
    """The duty without its environments."""
    ways = tuple(
        Way(tuple(replace(part, environment=None) for part in way.parts), way.origin)
        for way in duty.ways
    )
    return replace(duty, ways=ways)
