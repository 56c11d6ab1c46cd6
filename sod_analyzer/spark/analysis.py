"""An analysis in two looks: who is found, by masks; then how, by the memberships of those found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.globs import matches
from sod_analyzer.compose.engines import engine_of
from sod_analyzer.compose.findings import unrestricted_result
from sod_analyzer.compose.gathered import SHOWN
from sod_analyzer.compose.report import Analysis
from sod_analyzer.detect.combination import Combination
from sod_analyzer.detect.headcount import Headcount
from sod_analyzer.detect.hygiene import HygieneRule
from sod_analyzer.detect.judge import Judge
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Facts, Flow, Keys
from sod_analyzer.graph.edges import (
    Edges,
    Flag,
    compile_edges,
    dormant_accounts,
    node_hours,
)
from sod_analyzer.model.access import NodeKind, Snapshot
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.mitigation import Mitigation
from sod_analyzer.model.ruleset import Holder, HygieneCheck, Rule, RuleKind, Ruleset
from sod_analyzer.spark.engine import FarEngine, FarJudge
from sod_analyzer.spark.lake import Lake
from sod_analyzer.spark.memberships import Memberships
from sod_analyzer.spark.rows import Bits, Pick, Plan, packed
from sod_analyzer.spark.session import spark_session
from sod_analyzer.spark.whole import as_grants, coded


@contextmanager
def far_memberships(snapshot: Snapshot, path: str, *, rows: int) -> Iterator[FarMemberships]:
    """Analyses of a snapshot whose grants stay at a path that Spark reads, for as long as it runs.

    `snapshot` has every table but grants, and an empty one for those; `rows` is how many grants
    there must be.

    Raises:
        ConfigError: Spark or Java is not there, or somebody holds a person.
        StoreError: there are no grants at the path, or other ones.
    """
    with spark_session() as spark, ExitStack() as until:
        yield FarMemberships(Lake(spark, path, snapshot, rows), until)


class Far(Protocol):
    """Grants that stay where they are; see `Lake`."""

    @property
    def rows(self) -> int: ...

    def flags(self, as_of: date) -> Flag: ...

    def near(self) -> pa.Table: ...

    def fetch(self, pick: Pick) -> pa.Table: ...

    def fetch_own(self) -> pa.Table: ...

    def fetch_taken(self, roles: Iterable[int]) -> pa.Table: ...

    def fetch_pairs(self, pairs: Iterable[tuple[int, int]]) -> pa.Table: ...

    def memberships(self, plan: Plan) -> AbstractContextManager[Memberships]: ...


class FarMemberships:
    """Analyses over far memberships, which are asked for until `until` is closed."""

    def __init__(self, lake: Far, until: ExitStack) -> None:
        self._lake = lake
        self._until = until

    @property
    def grants(self) -> int:
        """How many grants there are, wherever they are."""
        return self._lake.rows

    def analyse(
        self,
        snapshot: Snapshot,
        ruleset: Ruleset,
        *,
        as_of: date,
        unknown_systems: Iterable[str] = (),
        register: Iterable[Mitigation] = (),
    ) -> Analysis:
        """As `compose.report.analyse`, and the same report comes of it.

        Cost: here, of everything but memberships, and of the memberships of those who are found;
        on the workers, one look at all memberships, and one at the useful ones for each lens.
        """
        unknown = frozenset(unknown_systems)
        near = _Near(self._lake, snapshot, ruleset, as_of)
        far = self._until.enter_context(self._lake.memberships(near.plan))
        found = _found(FarJudge(near.engine(far), unknown_systems=unknown), ruleset)
        edges, here = near.with_those_of(found)
        engine = FarEngine(edges.snapshot, near.columns, edges, far, here)
        judge = FarJudge(engine, unknown_systems=unknown)
        results = judge.judge_all(ruleset.rules)
        names = Names(edges.snapshot)
        return Analysis(edges.snapshot, ruleset, as_of, judge, names, results, tuple(register))


class _Near:
    """Everything but memberships, and those few memberships that have to be here as well."""

    def __init__(self, lake: Far, snapshot: Snapshot, ruleset: Ruleset, as_of: date) -> None:
        self.lake = lake
        self.ruleset = ruleset
        self.as_of = as_of
        self.accounts = snapshot.ranges[NodeKind.ACCOUNT]
        self.roles = snapshot.ranges[NodeKind.ROLE]
        self.n_nodes = snapshot["nodes"].num_rows
        self._bare = snapshot
        #: What may be done where does not depend on who has it.
        self._engine = engine_of(snapshot, ruleset, compile_edges(snapshot, as_of=as_of))
        self.columns: Columns = self._engine.columns
        self._near = coded(lake.near())
        more = [lake.fetch(self._pick), *self._of_groups()]
        self._fetched = as_grants([self._near, *map(coded, more)])

    def engine(self, far: Memberships) -> FarEngine:
        """What finds out who is found."""
        edges = self._compiled(self._fetched)
        return FarEngine(edges.snapshot, self.columns, edges, far)

    def _compiled(self, grants: pa.Table) -> Edges:
        tables = {**self._bare.tables, "grants": grants}
        edges = compile_edges(replace(self._bare, tables=tables), as_of=self.as_of)
        flags = self.lake.flags(self.as_of)
        if len(dormant_accounts(self._bare, self.as_of)):
            flags |= Flag.DORMANT
        return replace(edges, elsewhere=flags)

    # -- what is where ---------------------------------------------------------------------------

    @cached_property
    def _inner(self) -> Bits:
        """Accounts that others than people hold, by offset: facts flow through them."""
        held = np.zeros(len(self.accounts), dtype=bool)
        holder, target = (self._near.column(name).to_numpy() for name in ("holder", "target"))
        inner = (holder >= self.accounts.start) & (target < self.accounts.stop)
        held[target[inner] - self.accounts.start] = True
        return held

    @cached_property
    def _inward(self) -> Flow:
        """From what is held to the accounts and roles that hold it."""
        holder, target = (self._near.column(name).to_numpy() for name in ("holder", "target"))
        rows = np.flatnonzero(holder >= self.accounts.start)
        return Flow(self.n_nodes, holder[rows], target[rows])

    def _leading(self, nodes: Keys) -> Bits:
        """Nodes after the accounts that lead to any of these, or are among them."""
        seeds = np.unique(nodes)
        facts = Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64))
        leads = np.zeros(self.n_nodes, dtype=bool)
        leads[self._inward.spread(facts).key] = True
        return leads[self.accounts.stop :]

    @cached_property
    def _useful(self) -> Bits:
        """Nodes after the accounts that lead to anything a duty needs, whatever they carry."""
        rights = np.concatenate([self.columns.sure.node, self.columns.possible.node])
        return self._leading(rights.astype(np.int64)) | self._to_accounts

    @cached_property
    def _to_accounts(self) -> Bits:
        """Nodes after the accounts that lead to one."""
        return self._leading(np.flatnonzero(self._inner) + self.accounts.start)

    @cached_property
    def plan(self) -> Plan:
        """How far memberships are made narrow."""
        useful = self._useful
        number = np.where(useful, np.cumsum(useful) - 1, -1).astype(np.int32)
        asleep = np.zeros(len(self.accounts), dtype=bool)
        asleep[dormant_accounts(self._bare, self.as_of) - self.accounts.start] = True
        hours = None
        if any(rule.kind is RuleKind.MAX_GRANT_HOURS for rule in self.ruleset.rules):
            least, most = node_hours(self._bare)
            mine = slice(self.accounts.start, self.accounts.stop)
            hours = (least[mine], most[mine])
        return Plan(self.accounts, number, packed(asleep), self.as_of, hours)

    # -- what is fetched at once -----------------------------------------------------------------

    @cached_property
    def _pick(self) -> Pick:
        """Memberships that rules look at one by one, of whomever they are.

        Those of accounts that others hold, and of roles that hold accounts; of roles that rules
        name, and of privileged ones; and those that lead to what no application claims.
        """
        wanted = self._to_accounts | self._leading(self._named) | self._leading(self._unclaimed)
        if self._checks(HygieneCheck.DORMANT_PRIVILEGED):
            marked = pc.fill_null(self._bare["roles"].column("privileged"), False)  # noqa: FBT003
            rows = np.flatnonzero(marked.to_numpy(zero_copy_only=False))
            wanted = wanted | self._leading(rows + self.roles.start)
        return Pick(self.accounts, packed(self._inner), packed(wanted))

    def _checks(self, check: HygieneCheck) -> list[Rule]:
        return [r for r in self.ruleset.rules if r.hygiene and r.hygiene.check is check]

    @cached_property
    def _named(self) -> Keys:
        """Roles by which a rule or an exclusion narrows whom it is about."""
        subjects = []
        for rule in self.ruleset.rules:
            subjects += [rule.subjects, rule.allowed, *(e.subjects for e in rule.exclusions)]
        globs = sorted({glob for each in subjects if each for glob in each.roles})
        if not globs:
            return np.empty(0, dtype=np.int64)
        ids = self._bare.ids.slice(self.roles.start, len(self.roles)).to_pylist()
        named = [any(matches(glob, name) for glob in globs) for name in ids]
        return np.flatnonzero(named) + self.roles.start

    @cached_property
    def _unclaimed(self) -> Keys:
        """Rights on resources that no application claims."""
        if not self.columns.unmapped:
            return np.empty(0, dtype=np.int64)
        table = self._bare["entitlements"]
        system, resource = (table.column(n).to_pylist() for n in ("system", "resource"))
        spots = self.columns.unmapped.keys()
        here = [pair in spots for pair in zip(system, resource, strict=True)]
        return np.flatnonzero(here) + self._bare.ranges[NodeKind.ENTITLEMENT].start

    def _of_groups(self) -> list[pa.Table]:
        """What a rule about groups that manage themselves looks at."""
        rules = self._checks(HygieneCheck.SELF_MANAGED_GROUP)
        if not rules:
            return []
        # Who owns a group is stated with the group.
        population = Judge(self._engine).population(Holder.ROLE)
        rule = HygieneRule(self._engine, rules[0], population, {}, unknown_systems=frozenset())
        mine = self.accounts
        pairs = [(h, g) for g, owners in rule.owners().items() for h in owners if h in mine]
        return [
            self.lake.fetch_own(),
            self.lake.fetch_pairs(pairs),
            self.lake.fetch_taken(rule.managed.tolist()),
        ]

    # -- what is fetched then --------------------------------------------------------------------

    def with_those_of(self, nodes: Keys) -> tuple[Edges, Bits]:
        """The edges with all useful memberships of some nodes; and the nodes that have all."""
        here = np.zeros(self.n_nodes, dtype=bool)
        here[nodes] = True
        holder, target = (self._near.column(name).to_numpy() for name in ("holder", "target"))
        people = np.flatnonzero(holder < self.accounts.start)
        here[target[people[here[holder[people]]]]] = True
        mine = here[self.accounts.start : self.accounts.stop]
        both = (packed(mine), packed(self._useful))
        table = self.lake.fetch(replace(self._pick, both=both))
        mine |= self._inner
        here[self.accounts.stop :] = True
        return self._compiled(as_grants([self._fetched, coded(table)])), here


def _found(judge: FarJudge, ruleset: Ruleset) -> Keys:
    """Codes of all whose paths a report may show."""
    everything, unknown = unrestricted_result(judge), judge.unknown_systems
    found = [everything.subjects.start + everything.subject]
    for rule in ruleset.rules:
        if rule.kind is RuleKind.HYGIENE:
            continue  # told by the edges that show it
        holder = Holder.IDENTITY if rule.kind.counts_people else rule.holder
        population, holdings = judge.population(holder), judge.everyone(holder)
        if rule.kind.counts_people:
            counted = Headcount(judge.engine, rule, population, holdings, unknown_systems=unknown)
            found += [
                np.array([member.code for member in count.members[:SHOWN]], dtype=np.int64)
                for count in counted.result().counts
                if count.verdict is not Verdict.CLEAR
            ]
            continue
        looked = Combination(judge.engine, rule, population, holdings, unknown_systems=unknown)
        found.append(population.range.start + looked.found.subject)
    return np.unique(np.concatenate(found)).astype(np.int64)
