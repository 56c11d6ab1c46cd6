"""Whom a rule is about: which nodes it judges, and whom its narrowings fit.

Every answer is three-valued per node: where the data does not say a person's department, nobody
can tell whether a rule about that department is about them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.globs import matches
from sod_analyzer.catalogue.places import Truth
from sod_analyzer.detect.holding import Bits
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Facts, Flow, Keys
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import GrantKind, IdentityClass, NodeKind, Status
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind, Subjects

Truths = npt.NDArray[np.int64]

_KINDS: Mapping[Holder, NodeKind] = {
    Holder.IDENTITY: NodeKind.IDENTITY,
    Holder.ACCOUNT: NodeKind.ACCOUNT,
    Holder.ROLE: NodeKind.ROLE,
}
_TABLES = {Holder.IDENTITY: "identities", Holder.ACCOUNT: "accounts", Holder.ROLE: "roles"}
_IDS = {Holder.IDENTITY: "identity", Holder.ACCOUNT: "account", Holder.ROLE: "role"}


class Population:
    """The nodes of one kind, and what is known of each.

    Cost: one closure per narrowing by role.
    """

    def __init__(self, engine: Engine, holder: Holder) -> None:
        self.engine = engine
        self.holder = holder
        self.range = engine.snapshot.ranges[_KINDS[holder]]
        self._fits: dict[Subjects, Truths] = {}

    def _columns(self, name: str) -> list[str | None]:
        """One column of the nodes' table, in the order of their codes."""
        table = self.engine.snapshot[_TABLES[self.holder]]
        by_id = dict(
            zip(
                table.column(_IDS[self.holder]).to_pylist(),
                table.column(name).to_pylist(),
                strict=True,
            )
        )
        return [by_id[self.engine.snapshot.node_ids[code]] for code in self.range]

    @cached_property
    def kinds(self) -> list[str | None]:
        """Class of each node; roles have none."""
        return [None] * len(self.range) if self.holder is Holder.ROLE else self._columns("kind")

    @cached_property
    def workloads(self) -> Bits:
        """Which nodes are known to be workloads."""
        return np.array([kind == IdentityClass.WORKLOAD for kind in self.kinds], dtype=bool)

    # -- whom a rule judges ----------------------------------------------------------------------

    def judged(self, rule: Rule) -> Truths:
        """For each node, whether the rule is about it.

        Conflict rules judge people: a workload cannot be held to account. `only` judges everyone
        but those it allows, and a rule whose subjects name a class judges that class.
        """
        people = rule.kind is not RuleKind.ONLY and not rule.subjects.kinds
        truths = np.full(len(self.range), int(Truth.YES), dtype=np.int64)
        if people:
            truths[self.workloads] = int(Truth.NO)
        if rule.subjects:
            truths = np.minimum(truths, self.fits(rule.subjects))
        if rule.allowed:
            truths = np.minimum(truths, int(Truth.YES) - self.fits(rule.allowed))
        return truths

    def fits(self, subjects: Subjects) -> Truths:
        """For each node, whether every narrowing fits it."""
        found = self._fits.get(subjects)
        if found is None:
            truths = [
                self._words(self.kinds, subjects.kinds),
                self._words(self._of_people("department"), subjects.departments),
                self._words(self._of_people("title"), subjects.titles),
                self._having(NodeKind.ROLE, subjects.roles),
                self._having(NodeKind.ACCOUNT, subjects.accounts),
                self._words(self.keys, subjects.people),
            ]
            found = self._fits[subjects] = np.min(truths, axis=0)
        return found

    def _words(self, values: Sequence[str | None], globs: tuple[str, ...]) -> Truths:
        if not globs:
            return np.full(len(self.range), int(Truth.YES), dtype=np.int64)
        known = {
            value: int(Truth.YES if any(matches(g, value) for g in globs) else Truth.NO)
            for value in set(values)
            if value is not None
        }
        unknown = int(Truth.UNKNOWN)
        return np.array(
            [unknown if v is None else known[v] for v in values], dtype=np.int64
        ).reshape(-1)

    # -- what is known of people -----------------------------------------------------------------

    def _of_people(self, name: str) -> list[str | None]:
        """A column of the roster; an account has what its one person has, a role nothing."""
        if self.holder is Holder.IDENTITY:
            return self._columns(name)
        if self.holder is Holder.ROLE:
            return [None] * len(self.range)
        table = self.engine.snapshot["identities"].column(name).to_pylist()
        ids = self.engine.snapshot["identities"].column("identity").to_pylist()
        by_id = dict(zip(ids, table, strict=True))
        behind = self.behind
        return [by_id[behind[code]] if code in behind else None for code in self.range]

    @cached_property
    def behind(self) -> Mapping[int, str]:
        """The identity that holds each account, by account code; none where it is undecided."""
        edges = self.engine.edges
        holds = KINDS.index(GrantKind.HOLDS)
        decided = (edges.kind == holds) & (edges.flags & int(Flag.UNDECIDED) == 0)
        ids = self.engine.snapshot.node_ids
        return {
            int(edges.target[edge]): ids[edges.holder[edge]] for edge in np.flatnonzero(decided)
        }

    @cached_property
    def keys(self) -> list[str | None]:
        """Subject keys: employee ids where nobody else has them, else node ids."""
        ids: list[str | None] = [self.engine.snapshot.node_ids[code] for code in self.range]
        if self.holder is not Holder.IDENTITY:
            return ids
        numbers = self._columns("employee_id")
        times = Counter(filter(None, numbers))
        once = {number for number, n in times.items() if n == 1}
        return [number if number in once else key for key, number in zip(ids, numbers, strict=True)]

    @cached_property
    def statuses(self) -> list[str | None]:
        """What the roster says of each identity."""
        return self._columns("status")

    @cached_property
    def known_people(self) -> Bits:
        """Identities that the roster knows as people: each is one person, and nobody else."""
        people = {str(IdentityClass.PERSON), str(IdentityClass.VENDOR)}
        return np.array(
            [
                kind in people and status != Status.UNKNOWN
                for kind, status in zip(self.kinds, self.statuses, strict=True)
            ],
            dtype=bool,
        )

    @cached_property
    def active_people(self) -> Bits:
        """Of the known people, those who work here now."""
        active = np.array([status == Status.ACTIVE for status in self.statuses], dtype=bool)
        return np.asarray(self.known_people & active)

    @cached_property
    def maybe_people(self) -> Bits:
        """Logins behind which somebody may be who is not counted otherwise.

        An account that nobody could be found for, and a shared login that nobody is known to use.
        """
        uses = KINDS.index(GrantKind.USES)
        edges = self.engine.edges
        now = (edges.flags & int(Flag.OUT_OF_TIME)) == 0
        used = set(edges.target[(edges.kind == uses) & now].tolist())
        holds = KINDS.index(GrantKind.HOLDS)
        held: dict[int, set[int]] = {}
        for edge in np.flatnonzero(edges.kind == holds):
            held.setdefault(int(edges.holder[edge]), set()).add(int(edges.target[edge]))
        answer = np.zeros(len(self.range), dtype=bool)
        for n, code in enumerate(self.range):
            if self.workloads[n] or self.known_people[n]:
                continue
            answer[n] = not (held.get(code, set()) & used)
        return answer

    # -- having something ------------------------------------------------------------------------

    def _having(self, kind: NodeKind, globs: tuple[str, ...]) -> Truths:
        """Whether a node has one of the roles or accounts that the globs name, or is it."""
        if not globs:
            return np.full(len(self.range), int(Truth.YES), dtype=np.int64)
        ids = self.engine.snapshot.node_ids
        named = [
            code
            for code in self.engine.snapshot.ranges[kind]
            if any(matches(glob, ids[code]) for glob in globs)
        ]
        if self.holder is Holder.ROLE:
            # A role that contains a named one has more than that one, and is another role.
            itself = np.isin(np.array(self.range), named)
            return np.where(itself, int(Truth.YES), int(Truth.NO))
        sure = self._reaching(named, kind, possible=False)
        possible = self._reaching(named, kind, possible=True)
        return np.where(sure, int(Truth.YES), np.where(possible, int(Truth.UNKNOWN), 0))

    def _reaching(self, named: Iterable[int], kind: NodeKind, *, possible: bool) -> Bits:
        edges = self.engine.edges
        counts = self.engine.allowed(replace(COUNTED, possible=possible))
        if kind is NodeKind.ACCOUNT:
            # Controlling a robot's account does not make it one's own.
            counts = counts & (edges.kind == KINDS.index(GrantKind.HOLDS))
        flow = Flow(edges.n_nodes, edges.holder[counts], edges.target[counts])
        seeds: Keys = np.array(sorted(named), dtype=np.int64)
        reached = flow.spread(Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64)))
        answer = np.zeros(len(self.range), dtype=bool)
        answer[reached.within(self.range).key - self.range.start] = True
        return answer
