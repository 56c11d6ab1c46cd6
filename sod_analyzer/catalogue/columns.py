"""Duties as columns: every way and its parts numbered, and the cells that entitlements fill.

A cell is (entitlement, place, part). *Sure* cells hold by the data; *possible* ones also hold if
everything unknown about places turns out for the worst, so sure is a subset of possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.actions import action_within, actions_meet
from sod_analyzer.catalogue.globs import places as lies_in
from sod_analyzer.catalogue.places import (
    Atlas,
    Place,
    PlaceKind,
    Truth,
    meets_environment,
    names_resource,
)
from sod_analyzer.model.access import BY_POLICY, EVERY_ACTION, WHOLE_SYSTEM, NodeKind, Snapshot
from sod_analyzer.model.finding import PLACE_ANYWHERE, PLACE_UNMAPPED
from sod_analyzer.model.ruleset import Duty, Selector

if TYPE_CHECKING:
    # At run time only snapshots with policies need what decides them.
    from sod_analyzer.catalogue.decided import Decided, Deciding, Reached

Codes = npt.NDArray[np.int64]

#: Parts, or ways, that are sure, and those that are possible (a superset).
_Parts = tuple[frozenset[int], frozenset[int]]

#: Mode of an entitlement that a review or an approval stands before.
WITH_APPROVAL = "with-approval"

#: Without these, nothing can be told: what is held anywhere, over whole systems, or is unplaced.
_ALWAYS = frozenset({PlaceKind.ANYWHERE, PlaceKind.COVER, PlaceKind.UNMAPPED})

#: Duty under which "holds everything in a system" is computed; no ruleset can name it.
UNRESTRICTED = "(unrestricted)"


@dataclass(frozen=True, slots=True)
class WayColumn:
    """One way of one duty: its number is its position among all ways."""

    duty: str
    ordinal: int  # 1-based, within its duty
    parts: tuple[int, ...]  # part numbers
    text: str
    base: str  # the duty whose way it is, where another duty takes it over


@dataclass(frozen=True, slots=True)
class Cells:
    """Parallel arrays: entitlement code, place number, part number. Sorted, without repeats."""

    node: Codes
    place: Codes
    part: Codes

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> Cells:
        """From any rows, in any order."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        table = table[np.lexsort(table.T[::-1])]
        fresh = np.ones(len(table), dtype=bool)
        fresh[1:] = np.any(table[1:] != table[:-1], axis=1)
        node, place, part = np.ascontiguousarray(table[fresh].T)
        return cls(node, place, part)

    def among(self, nodes: Codes) -> Cells:
        """Those of some nodes, which are then called by their place among them; sorted alike."""
        kept = np.flatnonzero(_known(self.node, nodes))
        place = np.searchsorted(nodes, self.node[kept]).astype(np.int64)
        return Cells(place, self.place[kept], self.part[kept])


def _known(codes: Codes, nodes: Codes) -> npt.NDArray[np.bool_]:
    """Which of the codes are among the nodes, which are sorted."""
    if not len(nodes):
        return np.zeros(len(codes), dtype=bool)
    spot = np.minimum(np.searchsorted(nodes, codes), len(nodes) - 1)
    return np.asarray(nodes[spot] == codes)


@dataclass(frozen=True, slots=True)
class PatternUse:
    """What one selector found in the snapshot."""

    systems: tuple[str, ...]  # in scope, of the selector's product
    entitlements: int


class Columns:
    """The ways of some duties over the entitlements of a snapshot.

    Cost: one comparison per distinct (product, action) and pattern, then one step per matching
    entitlement and place.
    Errs: where a resource's environment is unknown, `possible` over-reports and `sure` does not.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        duties: Iterable[Duty],
        atlas: Atlas,
        *,
        kinds: Iterable[PlaceKind] = PlaceKind,
    ) -> None:
        self.atlas = atlas
        #: Places of these kinds get cells: what nobody asks for costs as much as what is wanted.
        wanted = _ALWAYS.union(kinds)
        self._wanted = [place.kind in wanted for place in atlas.places]
        self.duties: tuple[Duty, ...] = tuple(sorted(duties, key=lambda d: d.duty_id))
        self.parts: tuple[Selector, ...] = tuple(
            dict.fromkeys(part for duty in self.duties for way in duty.ways for part in way.parts)
        )
        self._n_selected = len(self.parts)
        part_number = {part: n for n, part in enumerate(self.parts)}
        self.ways: tuple[WayColumn, ...] = (
            *(
                WayColumn(
                    duty.duty_id,
                    n,
                    tuple(part_number[p] for p in way.parts),
                    str(way),
                    way.origin or (duty.made_of[0] if len(duty.made_of) == 1 else duty.duty_id),
                )
                for duty in self.duties
                for n, way in enumerate(duty.ways, start=1)
            ),
            WayColumn(UNRESTRICTED, 1, (len(self.parts),), "everything in a system", UNRESTRICTED),
        )
        self.n_parts = len(self.parts) + 1
        self.ways_of: Mapping[str, tuple[int, ...]] = _group(self.ways)
        self._sure: list[tuple[int, int, int]] = []
        self._possible: list[tuple[int, int, int]] = []
        self._found: dict[int, int] = defaultdict(int)
        self._scoped: dict[WayColumn, tuple[int, ...]] = {}
        self.unmapped: dict[tuple[str, str], set[int]] = defaultdict(set)
        #: Codes of the entitlements that are everything in their system, and of those that
        #: somebody else must approve each time.
        self.whole: Codes = np.empty(0, dtype=np.int64)
        self.approval: Codes = np.empty(0, dtype=np.int64)
        #: Decides what depends on policies; None where nothing does.
        self.deciding: Deciding | None = None
        self._fill(snapshot)
        self.sure = Cells.of(self._sure)
        self.possible = Cells.of([*self._sure, *self._possible])

    # -- filling ---------------------------------------------------------------------------------

    def _fill(self, snapshot: Snapshot) -> None:
        table = snapshot["entitlements"]
        first = snapshot.ranges[NodeKind.ENTITLEMENT].start
        wildcard = _flags(pc.equal(table.column("wildcard"), pa.scalar(value=True)))
        self.approval = (
            np.flatnonzero(_flags(pc.equal(table.column("mode"), WITH_APPROVAL))) + first
        )
        every = _flags(pc.equal(table.column("action"), EVERY_ACTION)) & wildcard
        every &= _flags(pc.equal(table.column("resource"), WHOLE_SYSTEM))
        self.whole = np.flatnonzero(every) + first
        kind, kinds = _kinds_of_right(table, wildcard)
        matching = [self._parts_for(*each) for each in kinds]
        # Most rights are part of no duty, and nothing more is asked of them.
        told = np.array([bool(parts) for parts in matching], dtype=bool)[kind]
        by_policy = _flags(pc.equal(table.column("mode"), BY_POLICY))
        matched = np.flatnonzero(told & ~by_policy)
        resources = table.column("resource").take(pa.array(matched)).to_pylist()
        for row, resource in zip(matched.tolist(), resources, strict=True):
            system, action, wild = kinds[kind[row]]
            for part in matching[kind[row]]:
                if names_resource(self.parts[part], resource):
                    # Counted even where `unless` takes it out: a right that is left out shows
                    # that the pattern is alive.
                    self._found[part] += 1
                    but = self._but(self.parts[part], system, action, resource, wildcard=wild)
                    self._place(first + row, system, resource, part, but=but)
        rows = np.flatnonzero(by_policy)
        if len(rows):
            self._decide(snapshot, (rows + first).tolist())
        for code in self.whole.tolist():
            if by_policy[code - first]:
                continue
            system = kinds[kind[code - first]][0]
            cover = self.atlas.number.get(Place(PlaceKind.COVER, system, system))
            if cover is not None:
                self._sure.append((code, cover, self._n_selected))

    def _decide(self, snapshot: Snapshot, codes: Sequence[int]) -> None:
        """What rights that policies decide come to: in each place, whatever is asked there."""
        from sod_analyzer.catalogue.by_policy import by_policy  # noqa: PLC0415 - where needed
        from sod_analyzer.catalogue.decided import Deciding  # noqa: PLC0415

        deciding = self.deciding = Deciding(by_policy(snapshot), self.atlas)
        policies, table = deciding.policies, snapshot["entitlements"]
        first = snapshot.ranges[NodeKind.ENTITLEMENT].start
        rows = table.select(["entitlement", "resource"]).take([code - first for code in codes])
        for code, row in zip(codes, rows.to_pylist(), strict=True):
            right = policies.rights[row["entitlement"]]
            for part, system, reached in deciding.every(right, self.parts):
                self._found[part] += 1
                self._put_decided(reached, code, part, (system, row["resource"]))
            cover = self.atlas.number[Place(PlaceKind.COVER, right.system, right.system)]
            if policies.unrestricted(right):
                self._sure.append((code, cover, self._n_selected))
                self.whole = np.sort(np.append(self.whole, code))

    def _put_decided(self, reached: Reached, code: int, part: int, called: tuple[str, str]) -> None:
        number, (system, _) = self.atlas.number, called
        if reached.whole is Truth.YES:
            self._place(code, system, WHOLE_SYSTEM, part)
        elif reached.whole is Truth.UNKNOWN:
            self._possible.append((code, number[Place(PlaceKind.COVER, system, system)], part))
            self._put(Truth.UNKNOWN, code, self._of_system[system], part)
            self._put(Truth.UNKNOWN, code, self._anywhere, part)
        for place, truth in reached.places:
            if place.kind is PlaceKind.UNMAPPED and truth is not Truth.NO:
                self.unmapped[called].add(part)
                truth = Truth.YES  # noqa: PLW2901 - detection takes it for unknown there
            self._put(truth, code, number[place], part)

    def decision(self, entitlement: str, part: int, place: int) -> Decided | None:
        """What a right that policies decide comes to in a place, for one part; None of others.

        What is held over the whole system counts in the place, whatever lies there.
        """
        if self.deciding is None or part >= self._n_selected:
            return None
        right = self.deciding.policies.rights.get(entitlement)
        if right is None:
            return None
        selector, places = self.parts[part], self.atlas.places
        return self.deciding.decided(right, selector, places[place]) or self.deciding.decided(
            right, selector, places[self._anywhere]
        )

    def _parts_for(self, system: str, action: str, wildcard: bool) -> tuple[int, ...]:  # noqa: FBT001 - a cache key, spread
        return tuple(
            n
            for n, part in enumerate(self.parts)
            if self.atlas.could_be_in(part, system)
            and any(
                actions_meet(part.product, action, pattern, wildcard=wildcard)
                for pattern in part.actions
            )
        )

    def _but(
        self, part: Selector, system: str, action: str, resource: str, *, wildcard: bool
    ) -> tuple[Selector, ...]:
        """The exceptions of a part that this right lies within, environments aside."""
        return tuple(
            other
            for other in part.unless
            if self.atlas.could_be_in(other, system)
            and any(
                action_within(other.product, action, pattern, wildcard=wildcard)
                for pattern in other.actions
            )
            and (
                other.resource is None
                or (resource != WHOLE_SYSTEM and lies_in(other.resource, resource))
            )
        )

    def _place(
        self, code: int, system: str, resource: str, part: int, *, but: Sequence[Selector] = ()
    ) -> None:
        atlas, selector = self.atlas, self.parts[part]
        number = atlas.number
        wanted = selector.environment
        if wanted is not None:
            but = [other for other in but if other.environment in (None, wanted)]
        if but and any(other.environment in (None, wanted) for other in but):
            return
        if but and resource == WHOLE_SYSTEM:
            # Left out in some environments only. One cell stands for all of the system's places,
            # so none of them is certain.
            self._possible.append((code, number[Place(PlaceKind.COVER, system, system)], part))
            self._put(Truth.UNKNOWN, code, self._of_system[system], part)
            self._put(Truth.UNKNOWN, code, self._anywhere, part)
            return
        if resource == WHOLE_SYSTEM:
            # What a right over a whole system reaches is told apart by `applies_at`, later:
            # one cell stands for all of the system's applications.
            self._sure.append((code, number[Place(PlaceKind.COVER, system, system)], part))
            truth = atlas.applies_in(selector, system)
            self._put(truth, code, self._of_system[system], part)
            self._put(truth, code, self._anywhere, part)
            return
        placed = atlas.placed(system, resource)
        best = Truth.NO
        for application, environment in placed:
            truth = min(
                meets_environment(wanted, environment),
                *(meets_environment(o.environment, environment).opposite for o in but),
                Truth.YES,
            )
            best = max(best, truth)
            self._put(truth, code, self._of_application[application], part)
        if not placed:
            here = atlas.environment_of(system)
            best = min(
                meets_environment(wanted, here),
                *(meets_environment(o.environment, here).opposite for o in but),
                Truth.YES,
            )
            if best is not Truth.NO:
                self.unmapped[system, resource].add(part)
                # In `unmapped` a leg only ever counts as unknown; detection sees to that.
                unmapped = number[Place(PlaceKind.UNMAPPED, PLACE_UNMAPPED)]
                self._put(Truth.YES, code, unmapped, part)
        self._put(best, code, self._of_system[system], part)
        self._put(best, code, self._anywhere, part)
        for place in atlas.resources_under(system, resource):
            self._put(best, code, place, part)

    @cached_property
    def _of_system(self) -> Mapping[str, int]:
        """The number of each system's own place. Here and below: asked for right by right."""
        return self._numbers_of(PlaceKind.SYSTEM)

    @cached_property
    def _of_application(self) -> Mapping[str, int]:
        return self._numbers_of(PlaceKind.APPLICATION)

    @cached_property
    def _anywhere(self) -> int:
        return self.atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]

    def _numbers_of(self, kind: PlaceKind) -> Mapping[str, int]:
        return {place.key: n for n, place in enumerate(self.atlas.places) if place.kind is kind}

    def _put(self, truth: Truth, code: int, place: int, part: int) -> None:
        if not self._wanted[place]:
            return
        if truth is Truth.YES:
            self._sure.append((code, place, part))
        elif truth is Truth.UNKNOWN:
            self._possible.append((code, place, part))

    def among(self, nodes: Codes) -> Columns:
        """The same of some nodes, sorted, which are then called by their place among them."""
        part = copy(self)
        part.sure, part.possible = self.sure.among(nodes), self.possible.among(nodes)
        part.whole, part.approval = (
            np.searchsorted(nodes, codes[_known(codes, nodes)]).astype(np.int64)
            for codes in (self.whole, self.approval)
        )
        return part

    # -- asking ----------------------------------------------------------------------------------

    @cached_property
    def covered(self) -> Mapping[tuple[int, str], tuple[frozenset[int], frozenset[int]]]:
        """For each place and system: the parts that a right over the whole system has there.

        First the parts that are sure, then those that are possible (a superset).
        """
        answer: dict[tuple[int, str], _Parts] = {}
        # Most applications are alike: what is placed in them matters, not which they are.
        alike: dict[tuple[str, frozenset[str | None]], _Parts] = {}
        plain = all(selector.resource is None for selector in self.parts)
        for n, place in enumerate(self.atlas.places):
            for system in sorted(self.atlas.systems):
                found: _Parts | None = None
                key: tuple[str, frozenset[str | None]] | None = None
                if plain and place.kind is PlaceKind.APPLICATION:
                    key = (system, self.atlas.environments_at(place.key, system))
                    found = alike.get(key)
                if found is None:
                    found = self._parts_at(place, system)
                if key is not None:
                    alike[key] = found
                if found[1]:
                    answer[n, system] = found
        return answer

    def _parts_at(self, place: Place, system: str) -> _Parts:
        truths = {
            part: self._applies_at(selector, place, system)
            for part, selector in enumerate(self.parts)
        }
        sure = frozenset(p for p, truth in truths.items() if truth is Truth.YES)
        return sure, frozenset(p for p, truth in truths.items() if truth is not Truth.NO)

    def _applies_at(self, selector: Selector, place: Place, system: str) -> Truth:
        if place.kind is not PlaceKind.UNMAPPED:
            return self.atlas.applies_at(selector, place, system)
        if not self.atlas.could_be_in(selector, system):
            return Truth.NO
        wanted = meets_environment(selector.environment, self.atlas.environment_of(system))
        there = any(
            s == system and names_resource(selector, resource) for s, resource in self.unmapped
        )
        return Truth.YES if there and wanted is not Truth.NO else Truth.NO

    @cached_property
    def covered_ways(self) -> Mapping[tuple[int, str], tuple[frozenset[int], frozenset[int]]]:
        """As `covered`, for whole ways: every part that needs the scope holds there."""
        answer: dict[tuple[int, str], _Parts] = {}
        known: dict[frozenset[int], frozenset[int]] = {}
        for key, both in self.covered.items():
            for parts in both:
                if parts not in known:
                    known[parts] = frozenset(
                        n
                        for n, way in enumerate(self.ways)
                        if way.duty != UNRESTRICTED and parts.issuperset(self.scoped(way))
                    )
            lower, upper = (known[parts] for parts in both)
            if upper:
                answer[key] = (lower, upper)
        return answer

    @cached_property
    def reachable(self) -> Mapping[int, frozenset[int]]:
        """For each place: the ways that can exist there, in one of its systems or across them."""
        return self.ways_touching(self.atlas.systems)

    def ways_touching(self, systems: Iterable[str]) -> Mapping[int, frozenset[int]]:
        """For each place: the ways that can exist there with a part in one of these systems.

        The parts of a way may lie in several systems, since a login may be let in elsewhere.
        """
        chosen = frozenset(systems)
        there: dict[int, set[int]] = defaultdict(set)
        near: dict[int, set[int]] = defaultdict(set)
        for (place, system), (_, possible) in self.covered.items():
            there[place] |= possible
            if system in chosen:
                near[place] |= possible
        needed = [
            (n, frozenset(self.scoped(way)))
            for n, way in enumerate(self.ways)
            if way.duty != UNRESTRICTED
        ]
        return {
            place: frozenset(
                n for n, parts in needed if parts <= there[place] and not parts.isdisjoint(mine)
            )
            for place, mine in near.items()
        }

    def scoped(self, way: WayColumn) -> tuple[int, ...]:
        """The parts that must hold in the scope; all of them when none is marked otherwise."""
        found = self._scoped.get(way)
        if found is None:
            needed: tuple[int, ...] = ()
            if way.duty != UNRESTRICTED:
                needed = tuple(part for part in way.parts if not self.parts[part].any_scope)
            found = self._scoped[way] = needed or way.parts
        return found

    def systems_of(self, duty: str) -> tuple[str, ...]:
        """The systems in scope in which the duty has a way, sorted."""
        return tuple(
            system
            for system in sorted(self.atlas.systems)
            if any(
                all(
                    self.atlas.applies_in(self.parts[part], system) is not Truth.NO
                    for part in self.scoped(self.ways[way])
                )
                for way in self.ways_of.get(duty, ())
            )
        )

    def use_of(self, part: int) -> PatternUse:
        """What this selector found."""
        selector = self.parts[part]
        return PatternUse(
            tuple(s for s in sorted(self.atlas.systems) if self.atlas.could_be_in(selector, s)),
            self._found[part],
        )

    def is_absent(self, duty: str) -> bool:
        """Whether every way of the duty needs a product that is declared not used or out of scope.

        Then somebody has said that nobody can have it; a product that is not declared says nothing.
        """
        declared: dict[str, bool] = {}
        for system in self.atlas.systems.values():
            declared[system.product] = declared.get(system.product, False) or system.in_scope
        return all(
            any(declared.get(self.parts[part].product) is False for part in self.ways[way].parts)
            for way in self.ways_of.get(duty, ())
        )

    def is_live(self, duty: str) -> bool:
        """Whether at least one way of the duty has entitlements for all of its parts."""
        return any(
            all(self._found[part] for part in self.ways[way].parts)
            for way in self.ways_of.get(duty, ())
        )


def _flags(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """What holds for certain: null is no."""
    return np.asarray(values.fill_null(pa.scalar(value=False)).to_numpy(), dtype=bool)


def _kinds_of_right(
    table: pa.Table, wildcard: npt.NDArray[np.bool_]
) -> tuple[Codes, list[tuple[str, str, bool]]]:
    """Rights that say the same of system, action and wildcard: each right's kind, and the kinds."""
    coded = []
    for name in ("system", "action"):
        column = table.column(name).combine_chunks()
        coded.append(column.dictionary_encode() if pa.types.is_string(column.type) else column)
    system, action = (each.indices.to_numpy().astype(np.int64) for each in coded)
    words = [each.dictionary.to_pylist() for each in coded]
    packed = (system * max(len(words[1]), 1) + action) * 2 + wildcard
    distinct, kind = np.unique(packed, return_inverse=True)
    kinds = [
        (words[0][each // 2 // len(words[1])], words[1][each // 2 % len(words[1])], bool(each % 2))
        for each in distinct.tolist()
    ]
    return kind, kinds


def _group(ways: Sequence[WayColumn]) -> Mapping[str, tuple[int, ...]]:
    grouped: dict[str, Any] = defaultdict(list)
    for number, way in enumerate(ways):
        grouped[way.duty].append(number)
    return {duty: tuple(numbers) for duty, numbers in grouped.items()}
