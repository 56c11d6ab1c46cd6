"""Rights that documents decide, as answers to what a selector asks in a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from sod_analyzer.catalogue.places import Truth
from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.kept import Kept, Record
from sod_analyzer.cloud.aws.patterns import Found
from sod_analyzer.cloud.aws.rights import Holder, Rights, rights_of
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Selector


@dataclass(frozen=True, slots=True)
class Right:
    """An entitlement that stands for what policies allow a holder, surely or under conditions."""

    holder: Holder
    sure: bool
    system: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Where in a system something is asked for: of some resources, within others, without some."""

    system: str
    resources: tuple[str, ...]
    without: tuple[str, ...] = ()


def by_policy(snapshot: Snapshot) -> ByPolicy:
    """What decides the rights of a snapshot; the same for all who ask, with what was found."""
    found = snapshot.derived.get("by-policy")
    if found is None:
        found = snapshot.derived["by-policy"] = ByPolicy(snapshot)
    return cast("ByPolicy", found)


class ByPolicy:
    """Decides the rights of one snapshot that depend on policies.

    Cost: the documents are read once; an answer is that of `Rights`, each found once.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        table = snapshot["policies"]
        records: list[Kept] = []
        #: By the id of the entitlement, what it stands for.
        self.rights: dict[str, Right] = {}
        #: By system, the number of its account.
        self.numbers: dict[str, str] = {}
        names = ("policy", "system", "kind", "document")
        for row in table.select(names).to_pylist():
            each = Kept(Record(row["kind"]), row["policy"], row["document"])
            if each.kind is Record.RIGHTS:
                self.rights[each.about] = _right(each, row["system"])
                continue
            if each.kind is Record.ACCOUNT:
                self.numbers[str(each.said["system"])] = each.about
            records.append(each)
        self._records = records

    @cached_property
    def decided(self) -> Rights:
        """Whatever answers."""
        return rights_of(self._records, Published())

    def deciding(self, right: Right) -> tuple[tuple[str, ...], str | None]:
        """The policies that allow what a right stands for, sorted, and the boundary on it."""
        caller = self.decided.caller(right.holder)
        boundary = None if caller.boundary is None else caller.boundary.name
        return tuple(sorted(policy.name for policy in caller.policies)), boundary

    def everywhere(self, right: Right, selector: Selector) -> bool:
        """Whether it is a selector's right on all there is in its own account, for sure."""
        if not right.sure or selector.unless:
            return False
        return self.decided.everywhere(right.holder, self._names(selector.actions))

    def near(self, right: Right, selectors: Sequence[Selector], system: str) -> tuple[int, ...]:
        """Which selectors, by their places, may find something of a right in a system.

        Most find nothing, and whoever has a right to nothing near is not asked about.
        """
        perhaps = self.decided.perhaps(right.holder, self.numbers[system])
        if not perhaps:
            return ()
        found = self._nearby.get((perhaps, system))
        if found is None or found[0] is not selectors:
            near = tuple(
                place
                for place, selector in enumerate(selectors)
                if not perhaps.isdisjoint(self._names(selector.actions))
            )
            found = self._nearby[perhaps, system] = selectors, near
        return found[1]

    @cached_property
    def _nearby(
        self,
    ) -> dict[tuple[frozenset[str], str], tuple[Sequence[Selector], tuple[int, ...]]]:
        return {}

    def unrestricted(self, right: Right) -> bool:
        """Whether it is all that the organisation leaves to its own account, for sure."""
        return right.sure and self.decided.unrestricted(right.holder, within_organisation=True)

    def found(
        self, right: Right, selector: Selector, asked: Asked, environment: str | None
    ) -> Found | None:
        """The best answer to what a selector asks in a place; None where nothing is asked.

        Errs: where the environment is unknown, exceptions for one environment do not apply.
        """
        best: Found | None = None
        within = ("*",) if selector.resource is None else _with_below([selector.resource])
        for names, spared in self._asked(selector, environment):
            one = self.decided.best(
                right.holder,
                names,
                asked.resources,
                owner=self.numbers[asked.system],
                within=within,
                without=(*asked.without, *spared),
            )
            if best is None or one.decision.answer > best.decision.answer:
                best = one
        return best

    def truth(self, right: Right, found: Found | None) -> Truth:
        """What an answer is for a right: what depends on conditions is another right's.

        What does not is none of that one's, so that no condition is told of what has none.
        """
        if found is None:
            return Truth.NO
        answer = found.decision.answer
        if right.sure:
            return _SURE.get(answer, Truth.NO)
        return Truth.YES if answer is Answer.CONDITIONAL else Truth.NO

    def universe(self, system: str) -> tuple[str, ...]:
        """Patterns of all ARNs of an account, and of those that name none."""
        return (f"arn:*:*:*:{self.numbers[system]}:*", "arn:*:*:*::*")

    def _asked(
        self, selector: Selector, environment: str | None
    ) -> Sequence[tuple[frozenset[str], tuple[str, ...]]]:
        """Actions, and the resources that are left out for them."""
        found = self._questions.get((selector, environment))
        if found is None:
            found = self._questions[selector, environment] = tuple(
                self._grouped(selector, environment)
            )
        return found

    def _grouped(
        self, selector: Selector, environment: str | None
    ) -> Iterator[tuple[frozenset[str], tuple[str, ...]]]:
        groups: dict[tuple[str, ...], list[str]] = {}
        exceptions = [
            (self._names(each.actions), each.resource)
            for each in selector.unless
            if each.environment in (None, environment)
        ]
        for name in self._names(selector.actions):
            spared: list[str] = []
            for names, resource in exceptions:
                if name in names:
                    spared += ["*"] if resource is None else _with_below([resource])
            groups.setdefault(tuple(sorted(set(spared))), []).append(name)
        for spared_here, mine in sorted(groups.items()):
            if "*" not in spared_here:
                yield frozenset(mine), spared_here

    @cached_property
    def _questions(
        self,
    ) -> dict[tuple[Selector, str | None], Sequence[tuple[frozenset[str], tuple[str, ...]]]]:
        return {}

    def _names(self, patterns: Sequence[str]) -> frozenset[str]:
        found = self._expanded.get(tuple(patterns))
        if found is None:
            catalogue = self.decided.catalogue
            found = frozenset(name for text in patterns for name in catalogue.actions_like(text))
            self._expanded[tuple(patterns)] = found
        return found

    @cached_property
    def _expanded(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}


_SURE: Mapping[Answer, Truth] = {Answer.YES: Truth.YES, Answer.UNKNOWN: Truth.UNKNOWN}


def below(globs: Iterable[str]) -> tuple[str, ...]:
    """Resources, and everything below them."""
    return tuple(_with_below(globs))


def _with_below(globs: Iterable[str]) -> list[str]:
    return [text for glob in globs for text in (glob, f"{glob}/*")]


def _right(each: Kept, system: str) -> Right:
    said = each.said
    gained = said["gained"]
    names = tuple(map(str, gained)) if isinstance(gained, list) else ()
    return Right(Holder(str(said["principal"]), names), bool(said["sure"]), system)
