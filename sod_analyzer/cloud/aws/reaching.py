"""Which actions of a question may be allowed on its resources at all: by kinds, and by policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.decide import ASSUMING, OF_ALL
from sod_analyzer.cloud.aws.documents import Statement
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.kinds import BLANK
from sod_analyzer.cloud.aws.patterns import with_objects
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.globs import Glob, disjoint

#: A variable; whatever it stands for, a `*` matches it.
_VARIABLE = re.compile(r"\$\{[^}]*\}?")
#: What an action on no resource is asked of.
_NO_RESOURCE = "*"
#: Segments of an ARN before its region: `arn`, the partition, the service.
_BEFORE_REGION = 3


class Reaching:
    """Finds questions that nothing allowed is near, without comparing any languages.

    Errs: towards something near. `meant` says which actions a statement is about, and `needed` of
    which services nothing is known without the policy of the resource.

    Cost: of a question, a comparison for each resource that statements allow and each asked about.
    """

    def __init__(
        self,
        estate: Estate,
        catalogue: Catalogue,
        meant: Callable[[Statement], frozenset[str]],
        needed: frozenset[str],
    ) -> None:
        self._estate = estate
        self._catalogue = catalogue
        self._meant = meant
        self._needed = needed
        self._allowed: dict[tuple[object, ...], tuple[Glob, ...] | None] = {}
        self._shared: dict[tuple[str, ...], bool] = {}
        self._apart: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._some: dict[object, tuple[str, ...]] = {}
        self._fit: dict[object, frozenset[str]] = {}
        self._by_service: dict[str, dict[Glob, list[tuple[Glob, frozenset[str]]]]] = {}

    def left(
        self, caller: Principal, names: tuple[str, ...], resources: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Those of the actions that may be allowed on some of the resources, sorted."""
        partition = caller.arn.split(":", 2)[1] if caller.arn else "*"
        names = self._working_on(names, resources, partition)
        if not names or self._has_policy(resources):
            return names
        allowed = self._of(caller, names)
        if allowed is None or any(_near(glob, resources) for glob in allowed):
            return names
        return self._kept(names)

    def _working_on(
        self, names: tuple[str, ...], resources: tuple[str, ...], partition: str
    ) -> tuple[str, ...]:
        """Those of the actions that work on such resources, or on none."""
        key = (names, resources, partition)
        found = self._some.get(key)
        if found is None:
            fitting = self._fitting(resources, partition)
            found = self._some[key] = tuple(name for name in names if name in fitting)
        return found

    def _fitting(self, resources: tuple[str, ...], partition: str) -> frozenset[str]:
        """All actions there are that work on such resources, or on none."""
        found = self._fit.get((resources, partition))
        if found is None:
            services = self._kinds(partition)
            found = self._fit[resources, partition] = self._of_none.union(
                *(
                    names
                    for service, kinds in services.items()
                    if _meets(service, resources)
                    for kind, names in kinds
                    if _meets(kind, resources)
                )
            )
        return found

    @cached_property
    def _of_none(self) -> frozenset[str]:
        """Actions that work on no resource, and those of which it is not known."""
        return frozenset(name for name in self._every if not self._catalogue.arns_of(name))

    @cached_property
    def _every(self) -> tuple[str, ...]:
        return tuple(self._catalogue.actions_like("*"))

    def _kinds(self, partition: str) -> Mapping[Glob, Sequence[tuple[Glob, frozenset[str]]]]:
        """The kinds of resources in a partition, by their services, with what works on them."""
        found = self._by_service.get(partition)
        if found is None:
            actions: dict[str, list[str]] = {}
            for name in self._every:
                for arn in self._catalogue.arns_of(name) or ():
                    actions.setdefault(arn, []).append(name)
            found = self._by_service[partition] = {}
            for arn, names in actions.items():
                parts = arn.split(":", _BEFORE_REGION)
                service = _kind(":".join([*parts[:_BEFORE_REGION], "*"]), partition)
                of = service if len(parts) > _BEFORE_REGION else _kind("*", partition)
                found.setdefault(of, []).append((_kind(arn, partition), frozenset(names)))
        return found

    def _kept(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Actions that something else than the caller's policies and the resource's may allow."""
        found = self._apart.get(names)
        if found is None:
            found = self._apart[names] = tuple(
                name
                for name in names
                if name in ASSUMING or name == OF_ALL or name.partition(":")[0] in self._needed
            )
        return found

    def _of(self, caller: Principal, names: tuple[str, ...]) -> tuple[Glob, ...] | None:
        """What the caller's policies allow any of the actions on; None if that is not known."""
        key = (names, *map(id, caller.policies))
        if key not in self._allowed:
            self._allowed[key] = self._found(caller, frozenset(names))
        return self._allowed[key]

    def _found(self, caller: Principal, names: frozenset[str]) -> tuple[Glob, ...] | None:
        globs: dict[Glob, None] = {}
        for policy in caller.policies:
            if policy.damaged:
                return None
            for each in policy.statements:
                if not each.allows or self._meant(each).isdisjoint(names):
                    continue
                if each.resources is None or each.resources.negated:
                    return None
                globs |= dict.fromkeys(map(_widest, each.resources.texts))
        return tuple(globs)

    def _has_policy(self, resources: tuple[str, ...]) -> bool:
        """Whether some of the resources have a policy of their own."""
        found = self._shared.get(resources)
        if found is None:
            found = self._shared[resources] = any(_near(glob, resources) for glob in self._own)
        return found

    @cached_property
    def _own(self) -> tuple[Glob, ...]:
        return tuple(self._with_policies())

    def _with_policies(self) -> Iterator[Glob]:
        for arn in sorted(self._estate.resources):
            yield from with_objects(arn)


@lru_cache(maxsize=65_536)
def _widest(text: str) -> Glob:
    """A pattern of a policy, its variables being anything."""
    return Glob.parse(_VARIABLE.sub("*", text))


def _kind(arn: str, partition: str) -> Glob:
    return Glob.parse(BLANK.sub("*", arn.replace("${Partition}", partition)))


def _near(glob: Glob, resources: tuple[str, ...]) -> bool:
    return _is_of_none(glob) or _meets(glob, resources)


@lru_cache(maxsize=65_536)
def _is_of_none(glob: Glob) -> bool:
    return glob.matches(_NO_RESOURCE)


@lru_cache(maxsize=262_144)
def _meets(glob: Glob, resources: tuple[str, ...]) -> bool:
    """Whether a resource may be of both."""
    return any(not disjoint(glob, each) for each in _globs(resources))


@lru_cache(maxsize=65_536)
def _globs(resources: tuple[str, ...]) -> tuple[Glob, ...]:
    return tuple(map(Glob.parse, resources))
