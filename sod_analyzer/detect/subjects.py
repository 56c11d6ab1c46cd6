"""Whom a rule is about: which nodes it judges, and whom its narrowings fit.

Every answer is three-valued per node: where the data does not say a person's department, nobody
can tell whether a rule about that department is about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.globs import matches
from sod_analyzer.catalogue.places import Truth
from sod_analyzer.detect.holding import Bits
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Facts, Flow, Keys
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import SELF_GRANTED_ROLE, GrantKind, IdentityClass, NodeKind, Status
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind, Subjects

#: A `Truth` for each node, in a byte: every rule asks for everyone's.
Truths = npt.NDArray[np.int8]

_KINDS: Mapping[Holder, NodeKind] = {
    Holder.IDENTITY: NodeKind.IDENTITY,
    Holder.ACCOUNT: NodeKind.ACCOUNT,
    Holder.ROLE: NodeKind.ROLE,
}
_TABLES = {Holder.IDENTITY: "identities", Holder.ACCOUNT: "accounts", Holder.ROLE: "roles"}
_HOLDS = KINDS.index(GrantKind.HOLDS)


@dataclass(frozen=True)
class Words:
    """A text or nothing for each of many nodes: few texts, and which of them each has."""

    codes: Keys  # position in `words`; -1 for nothing
    words: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Words:
        """The texts of a column, whichever way it is kept."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
        return cls(coded.indices.fill_null(-1).to_numpy().astype(np.int64), coded.dictionary)

    @classmethod
    def none(cls, count: int) -> Words:
        """Nothing for anybody."""
        return cls(np.full(count, -1, dtype=np.int64), pa.array([], pa.string()))

    def at(self, row: int) -> str | None:
        """The text of one node."""
        code = int(self.codes[row])
        return None if code < 0 else str(self.words[code].as_py())

    def among(self, *wanted: str) -> Bits:
        """Which nodes have one of these texts."""
        chosen = [word in wanted for word in self.words.to_pylist()]
        return np.asarray(np.array([*chosen, False])[self.codes], dtype=bool)

    def matching(self, globs: tuple[str, ...]) -> Truths:
        """For each node, whether a glob matches its text; unknown where it has none."""
        known = [
            int(Truth.YES if any(matches(glob, word) for glob in globs) else Truth.NO)
            for word in self.words.to_pylist()
        ]
        return np.array([*known, int(Truth.UNKNOWN)], dtype=np.int8)[self.codes]


class Population:
    """The nodes of one kind, and what is known of each.

    Cost: one closure per narrowing by role.
    """

    def __init__(self, engine: Engine, holder: Holder) -> None:
        self.engine = engine
        self.holder = holder
        self.range = engine.snapshot.ranges[_KINDS[holder]]
        self._fits: dict[Subjects, Truths] = {}
        self._judged: dict[tuple[bool, Subjects, Subjects], Truths] = {}

    def _column(self, name: str) -> Words:
        """One column of the nodes' table, whose rows stand in the order of the codes."""
        return Words.of(self.engine.snapshot[_TABLES[self.holder]].column(name))

    @cached_property
    def kinds(self) -> Words:
        """Class of each node; roles have none."""
        if self.holder is Holder.ROLE:
            return Words.none(len(self.range))
        return self._column("kind")

    @cached_property
    def workloads(self) -> Bits:
        """Which nodes are known to be workloads."""
        return self.kinds.among(IdentityClass.WORKLOAD)

    # -- whom a rule judges ----------------------------------------------------------------------

    def judged(self, rule: Rule) -> Truths:
        """For each node, whether the rule is about it.

        Conflict rules judge people: a workload cannot be held to account. `only` judges everyone
        but those it allows, and a rule whose subjects name a class judges that class.
        """
        people = rule.kind is not RuleKind.ONLY and not rule.subjects.kinds
        key = (people, rule.subjects, rule.allowed)
        if key not in self._judged:
            self._judged[key] = self._truths(rule, people=people)
        return self._judged[key]

    def _truths(self, rule: Rule, *, people: bool) -> Truths:
        truths = np.full(len(self.range), int(Truth.YES), dtype=np.int8)
        if self.holder is Holder.ROLE:
            # Nobody has made these: they stand for what somebody could give itself.
            truths[self._column("kind").among(SELF_GRANTED_ROLE)] = int(Truth.NO)
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
            known: list[tuple[tuple[str, ...], Callable[[], Words]]] = [
                (subjects.kinds, lambda: self.kinds),
                (subjects.departments, lambda: self._of_people("department")),
                (subjects.titles, lambda: self._of_people("title")),
                (subjects.people, lambda: self._keys),
            ]
            truths = [words().matching(globs) for globs, words in known if globs]
            if subjects.roles:
                truths.append(self._having(NodeKind.ROLE, subjects.roles))
            if subjects.accounts:
                truths.append(self._having(NodeKind.ACCOUNT, subjects.accounts))
            everyone = np.full(len(self.range), int(Truth.YES), dtype=np.int8)
            found = self._fits[subjects] = np.min([everyone, *truths], axis=0)
        return found

    # -- what is known of people -----------------------------------------------------------------

    def _of_people(self, name: str) -> Words:
        """A column of the roster; an account has what its one person has, a role nothing."""
        if self.holder is Holder.IDENTITY:
            return self._column(name)
        if self.holder is Holder.ROLE:
            return Words.none(len(self.range))
        theirs = Words.of(self.engine.snapshot["identities"].column(name))
        person = self._behind
        codes = np.where(person >= 0, theirs.codes[person], -1) if len(theirs.codes) else person
        return Words(codes, theirs.words)

    @cached_property
    def _behind(self) -> Keys:
        """The row of the identity that holds each account; -1 where none does for certain."""
        edges = self.engine.edges
        decided = (edges.kind == _HOLDS) & (edges.flags & int(Flag.UNDECIDED) == 0)
        person = np.full(len(self.range), -1, dtype=np.int64)
        first = self.engine.identities.start
        person[edges.target[decided] - self.range.start] = edges.holder[decided] - first
        return person

    @cached_property
    def _keys(self) -> Words:
        return Words.of(self.keys)

    @cached_property
    def keys(self) -> pa.Array:
        """Subject keys: employee ids where nobody else has them, else node ids."""
        ids = self.engine.snapshot.ids.slice(self.range.start, len(self.range))
        if self.holder is not Holder.IDENTITY:
            return ids
        numbers = self.engine.snapshot["identities"].column("employee_id").combine_chunks()
        coded = Words.of(numbers)
        times = np.bincount(coded.codes + 1, minlength=len(coded.words) + 1)
        once = (times[coded.codes + 1] == 1) & (coded.codes >= 0)
        once &= pc.fill_null(pc.not_equal(numbers, ""), False).to_numpy(zero_copy_only=False)  # noqa: FBT003
        return pc.if_else(pa.array(once), numbers, ids)

    @cached_property
    def statuses(self) -> Words:
        """What the roster says of each identity."""
        return self._column("status")

    @cached_property
    def known_people(self) -> Bits:
        """Identities that the roster knows as people: each is one person, and nobody else."""
        people = self.kinds.among(IdentityClass.PERSON, IdentityClass.VENDOR)
        return people & ~self.statuses.among(Status.UNKNOWN)

    @cached_property
    def active_people(self) -> Bits:
        """Of the known people, those who work here now."""
        return self.known_people & self.statuses.among(Status.ACTIVE)

    @cached_property
    def maybe_people(self) -> Bits:
        """Logins behind which somebody may be who is not counted otherwise.

        An account that nobody could be found for, and a shared login that nobody is known to use.
        """
        edges = self.engine.edges
        now = (edges.flags & int(Flag.OUT_OF_TIME)) == 0
        used = np.zeros(edges.n_nodes, dtype=bool)
        used[edges.target[(edges.kind == KINDS.index(GrantKind.USES)) & now]] = True
        holds = np.flatnonzero(edges.kind == _HOLDS)
        minded = np.zeros(edges.n_nodes, dtype=bool)
        minded[edges.holder[holds[used[edges.target[holds]]]]] = True
        mine = minded[self.range.start : self.range.stop]
        return ~self.workloads & ~self.known_people & ~mine

    # -- having something ------------------------------------------------------------------------

    def _having(self, kind: NodeKind, globs: tuple[str, ...]) -> Truths:
        """Whether a node has one of the roles or accounts that the globs name, or is it."""
        span = self.engine.snapshot.ranges[kind]
        ids = self.engine.snapshot.ids.slice(span.start, len(span)).to_pylist()
        named = [
            code
            for code, name in zip(span, ids, strict=True)
            if any(matches(glob, name) for glob in globs)
        ]
        if self.holder is Holder.ROLE:
            # A role that contains a named one has more than that one, and is another role.
            itself = np.isin(np.array(self.range), named)
            return np.where(itself, np.int8(Truth.YES), np.int8(Truth.NO))
        sure = self._reaching(named, kind, possible=False)
        possible = self._reaching(named, kind, possible=True)
        known = np.where(possible, np.int8(Truth.UNKNOWN), np.int8(Truth.NO))
        return np.where(sure, np.int8(Truth.YES), known)

    def _reaching(self, named: Iterable[int], kind: NodeKind, *, possible: bool) -> Bits:
        edges = self.engine.edges
        counts = self.engine.allowed(replace(COUNTED, possible=possible))
        if kind is NodeKind.ACCOUNT:
            # Controlling a robot's account does not make it one's own.
            counts = counts & (edges.kind == _HOLDS)
        flow = Flow(edges.n_nodes, edges.holder[counts], edges.target[counts])
        seeds: Keys = np.array(sorted(named), dtype=np.int64)
        reached = flow.spread(Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64)))
        answer = np.zeros(len(self.range), dtype=bool)
        answer[reached.within(self.range).key - self.range.start] = True
        return answer
