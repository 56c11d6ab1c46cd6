"""Checks of logins and groups by themselves: facts that make any separation of duties worthless."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.columns import UNRESTRICTED
from sod_analyzer.catalogue.places import Place, PlaceKind, Truth
from sod_analyzer.detect.combination import in_force, names_place
from sod_analyzer.detect.holding import Bits, Holding
from sod_analyzer.detect.results import Left, RuleResult
from sod_analyzer.detect.subjects import Population, Words
from sod_analyzer.errors import SodError
from sod_analyzer.evaluate.lens import COUNTED, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Facts, Flow, Keys
from sod_analyzer.graph.edges import KINDS, Flag, dormant_accounts
from sod_analyzer.model.access import (
    ADDING,
    SELF_GRANTED_ROLE,
    GrantKind,
    IdentityClass,
    NodeKind,
    Status,
)
from sod_analyzer.model.finding import PLACE_ANYWHERE, Verdict
from sod_analyzer.model.ruleset import Holder, HygieneCheck, Rule, ScopeKind

#: For columns that may say nothing.
_NO = pa.scalar(value=False)

#: Whom each check is about.
HOLDER_OF: Mapping[HygieneCheck, Holder] = {
    HygieneCheck.LEAVER_WITH_ACCESS: Holder.IDENTITY,
    HygieneCheck.DORMANT_PRIVILEGED: Holder.ACCOUNT,
    HygieneCheck.NOBODY_BEHIND: Holder.ACCOUNT,
    HygieneCheck.SELF_MANAGED_GROUP: Holder.ROLE,
}


@dataclass(frozen=True, slots=True)
class _Found:
    """One result: whom, in which system, and the edges that show it."""

    code: int
    system: str | None
    verdict: Verdict
    reason: str
    edges: tuple[int, ...] = ()


class HygieneRule:
    """Judges one hygiene rule.

    Cost: one pass over accounts or roles, and one closure for the privileged ones.
    """

    def __init__(
        self,
        engine: Engine,
        rule: Rule,
        population: Population,
        holdings: Mapping[Lens, Holding],
        *,
        unknown_systems: frozenset[str],
    ) -> None:
        if rule.hygiene is None:
            raise SodError(f"rule {rule.rule_id} states no check")
        self.engine = engine
        self.rule = rule
        self.hygiene = rule.hygiene
        self.population = population
        self.holdings = holdings
        self.unknown_systems = unknown_systems
        self.edges = engine.edges
        self.snapshot = engine.snapshot

    def result(self) -> RuleResult:
        """The check's verdict on everyone it is about."""
        checks: Mapping[HygieneCheck, Callable[[], Iterator[_Found]]] = {
            HygieneCheck.LEAVER_WITH_ACCESS: self._leavers,
            HygieneCheck.DORMANT_PRIVILEGED: self._dormant,
            HygieneCheck.NOBODY_BEHIND: self._nobody,
            HygieneCheck.SELF_MANAGED_GROUP: self._groups,
        }
        rows, left = self._narrowed(self._merged(checks[self.hygiene.check]()))
        n = len(rows)
        first = self.population.range.start
        lenses = (COUNTED,)
        return RuleResult(
            self.rule,
            self.population.range,
            np.array([found.code - first for found, _ in rows], dtype=np.int64),
            np.array([place for _, place in rows], dtype=np.int64),
            np.array([found.verdict.rank for found, _ in rows], dtype=np.int64),
            np.zeros((n, 0), dtype=np.int64),
            lenses,
            np.zeros((n, 1), dtype=bool),
            np.zeros(n, dtype=bool),
            blind={str(self.hygiene.check): tuple(sorted(self.unknown_systems))},
            reasons={row: found.reason for row, (found, _) in enumerate(rows)},
            edges={row: found.edges for row, (found, _) in enumerate(rows)},
            left=left,
            blank=self._blank(),
        )

    def _merged(self, found: Iterable[_Found]) -> list[tuple[_Found, int]]:
        """One result per subject and place, the worst first of several."""
        best: dict[tuple[int, int], _Found] = {}
        for one in found:
            key = (one.code, self._place(one.system))
            if key not in best or one.verdict.rank < best[key].verdict.rank:
                best[key] = one
        return [(best[key], key[1]) for key in sorted(best)]

    def _place(self, system: str | None) -> int:
        if self.rule.scope is ScopeKind.SYSTEM and system is not None:
            return self.engine.columns.atlas.number[Place(PlaceKind.SYSTEM, system, system)]
        return self.engine.columns.atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]

    def _narrowed(
        self, rows: list[tuple[_Found, int]]
    ) -> tuple[list[tuple[_Found, int]], tuple[Left, ...]]:
        """Only those the rule is about, without what its exclusions leave out."""
        first = self.population.range.start
        about = np.full(len(self.population.range), int(Truth.YES))
        if self.rule.subjects:
            about = self.population.fits(self.rule.subjects)
        stays: list[tuple[_Found, int]] = []
        left: list[Left] = []
        for found, place in rows:
            subject = found.code - first
            if about[subject] == int(Truth.NO):
                continue
            if about[subject] == int(Truth.UNKNOWN):
                found = replace(found, verdict=Verdict.NOT_EVALUABLE, reason=self._whether(found))  # noqa: PLW2901
            by = [
                e
                for e in in_force(self.engine, self.rule)
                if (not e.subjects or self.population.fits(e.subjects)[subject] == int(Truth.YES))
                and (not e.places or names_place(self.engine, self.rule, e, place))
            ]
            if by:
                left.append(Left(by[0], subject, place))
            else:
                stays.append((found, place))
        return stays, tuple(left)

    def _whether(self, found: _Found) -> str:
        return (
            f"{found.reason}; the rule is about {self.rule.subjects}, and nobody knows whether "
            "they are"
        )

    def _blank(self) -> tuple[str, ...]:
        """Why the check could not be made at all."""
        if self.hygiene.check is HygieneCheck.DORMANT_PRIVILEGED and not self._privileged.any():
            return (
                "no source says which roles are privileged, and nobody has unrestricted access",
            )
        if self.hygiene.check is HygieneCheck.SELF_MANAGED_GROUP and not self._says_who_manages:
            return ("no source says who manages a group",)
        return ()

    # -- facts -----------------------------------------------------------------------------------

    def _words(self, table: str, column: str) -> Words:
        return Words.of(self.snapshot[table].column(column))

    @cached_property
    def _system(self) -> Mapping[NodeKind, Words]:
        """The system of each account and role, in the order of the codes."""
        return {
            NodeKind.ACCOUNT: self._words("accounts", "system"),
            NodeKind.ROLE: self._words("roles", "system"),
        }

    def _system_of(self, code: int) -> str:
        kind = self.snapshot.kind_of(code)
        return str(self._system[kind].at(code - self.snapshot.ranges[kind].start))

    @cached_property
    def _asleep(self) -> Bits:
        """Nodes that cannot be used now."""
        asleep = np.zeros(self.edges.n_nodes, dtype=bool)
        asleep[dormant_accounts(self.snapshot, self.edges.as_of)] = True
        return asleep

    def _edges_of(self, kinds: Iterable[GrantKind], *, undecided: bool) -> Keys:
        numbers = [KINDS.index(kind) for kind in kinds]
        flags = int(Flag.UNDECIDED) if undecided else 0
        return np.flatnonzero(
            np.isin(self.edges.kind, numbers) & ((self.edges.flags & int(Flag.UNDECIDED)) == flags)
        )

    # -- checks ----------------------------------------------------------------------------------

    def _leavers(self) -> Iterator[_Found]:
        """Somebody has left, and a login still works."""
        people = self.snapshot.ranges[NodeKind.IDENTITY]
        gone = np.zeros(self.edges.n_nodes, dtype=bool)
        gone[people.start : people.stop] = self._words("identities", "status").among(Status.LEAVER)
        for undecided in (False, True):
            edges = self._edges_of((GrantKind.HOLDS,), undecided=undecided)
            for edge in edges[gone[self.edges.holder[edges]]].tolist():
                holder, account = int(self.edges.holder[edge]), int(self.edges.target[edge])
                if self._asleep[account]:
                    continue
                login = self.snapshot.id_of(account)
                yield _Found(
                    holder,
                    self._system_of(account),
                    Verdict.NOT_EVALUABLE if undecided else Verdict.VIOLATION,
                    f"{login} may be theirs: its links disagree"
                    if undecided
                    else f"left, and {login} still works",
                    (edge,),
                )

    @cached_property
    def _privileged(self) -> Bits:
        """Nodes that have a privileged role, or everything in a system."""
        marked = self.snapshot["roles"].column("privileged").fill_null(_NO)
        first = self.snapshot.ranges[NodeKind.ROLE].start
        seeds = np.flatnonzero(marked.to_numpy()) + first
        reached = self._flow.spread(Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64)))
        answer = np.zeros(self.edges.n_nodes, dtype=bool)
        answer[reached.key] = True
        everything = self.holdings[COUNTED].explicit(UNRESTRICTED) // self.engine.n_places
        answer[self.population.range.start + everything] = True
        return answer

    @cached_property
    def _counts(self) -> Bits:
        """Which edges count: asked for account by account."""
        return self.engine.allowed(COUNTED)

    @cached_property
    def _flow(self) -> Flow:
        counts = self._counts & ~self.edges.becomes()
        return Flow(self.edges.n_nodes, self.edges.holder[counts], self.edges.target[counts])

    def _dormant(self) -> Iterator[_Found]:
        """Privileged, able to sign in, and unused for longer than the rule allows."""
        limit = self.hygiene.days
        accounts = self.snapshot.ranges[NodeKind.ACCOUNT]
        span = slice(accounts.start, accounts.stop)
        rows = np.flatnonzero(self._privileged[span] & ~self._asleep[span])
        table = self.snapshot["accounts"].select(["last_used_at", "created_at"])
        told = table.take(pa.array(rows)).to_pylist()
        for code, row in zip((rows + accounts.start).tolist(), told, strict=True):
            used, made = _day(row["last_used_at"]), _day(row["created_at"])
            edges, system = self._to_privileged(code), self._system_of(code)
            if used is not None:
                unused = (self.edges.as_of - used).days
                if unused > limit:
                    text = f"privileged, and last used {used.isoformat()}, {unused} days ago"
                    yield _Found(code, system, Verdict.VIOLATION, text, edges)
            elif made is None or (self.edges.as_of - made).days > limit:
                text = "privileged, and no source says when it was last used"
                yield _Found(code, system, Verdict.NOT_EVALUABLE, text, edges)

    def _to_privileged(self, code: int) -> tuple[int, ...]:
        """The account's own first edge to something privileged, as the record to look at."""
        start, stop = self.edges.leaving[code], self.edges.leaving[code + 1]
        roles = self.snapshot.ranges[NodeKind.ROLE]
        for edge in range(int(start), int(stop)):
            target = int(self.edges.target[edge])
            if self._counts[edge] and target in roles and self._privileged[target]:
                return (edge,)
        return ()

    def _nobody(self) -> Iterator[_Found]:
        """A login that works and that nobody is known to answer for."""
        edges, accounts = self.edges, self.snapshot.ranges[NodeKind.ACCOUNT]
        people = self.snapshot.ranges[NodeKind.IDENTITY]
        known = np.zeros(edges.n_nodes, dtype=bool)
        statuses = self._words("identities", "status")
        known[people.start : people.stop] = ~statuses.among(Status.UNKNOWN)
        open_ = np.ones(edges.n_nodes, dtype=bool)
        holds = self._edges_of((GrantKind.HOLDS,), undecided=False)
        open_[edges.target[holds[known[edges.holder[holds]]]]] = False
        doubtful = self._edges_of((GrantKind.HOLDS,), undecided=True)
        maybe = np.full(edges.n_nodes, -1, dtype=np.int64)
        maybe[edges.target[doubtful]] = doubtful
        kinds = self._words("accounts", "kind")
        machine = kinds.among(IdentityClass.WORKLOAD, IdentityClass.SHARED)
        owner = self.snapshot["accounts"].column("owner")
        owned = pc.not_equal(owner, "").fill_null(_NO).to_numpy()
        span = slice(accounts.start, accounts.stop)
        told = ~open_
        told[people.start : people.stop] = known[people.start : people.stop]
        told[span] |= machine & owned
        minded = self._minded(told)
        lost = ~self._asleep[span] & open_[span] & ~(machine & (owned | minded[span]))
        for row in np.flatnonzero(lost).tolist():
            code = row + accounts.start
            system = self._system_of(code)
            if maybe[code] >= 0:
                text = "its links name several people"
                yield _Found(code, system, Verdict.NOT_EVALUABLE, text, (int(maybe[code]),))
                continue
            what = (
                "no owner is stated, and nobody is known to control or use it"
                if machine[row]
                else "no person in the roster could be found for it"
            )
            yield _Found(code, system, Verdict.VIOLATION, what)

    def _minded(self, told: Bits) -> Bits:
        """Nodes that somebody keeps, uses or assumes for whom somebody answers in turn.

        A role counts as such a somebody. That one could take a login over by a change of one's own
        is no answering for it.
        """
        kinds = (GrantKind.ASSUMES, GrantKind.CONTROLS, GrantKind.USES)
        minding = self._edges_of(kinds, undecided=False)
        now = self.edges.allowed(~(Flag.OUT_OF_TIME | Flag.SELF_GRANTED))
        minding = minding[now[minding]]
        holder, target = self.edges.holder[minding], self.edges.target[minding]
        roles = self.snapshot.ranges[NodeKind.ROLE]
        answered = told.copy()
        answered[roles.start : roles.stop] = True
        minded = np.zeros(self.edges.n_nodes, dtype=bool)
        while True:
            fresh = target[answered[holder] & ~minded[target]]
            if not len(fresh):
                return minded
            minded[fresh] = True
            answered[fresh] = True

    @cached_property
    def _says_who_manages(self) -> bool:
        if self._stated_owners:
            return True
        own = (self.edges.flags & int(Flag.SELF_GRANTED)) != 0
        return bool(np.isin(self.edges.target[own], self.managed).any())

    @cached_property
    def managed(self) -> Keys:
        """Roles that somebody can be let into: not those that stand for what one could take."""
        kinds = self._words("roles", "kind")
        first = self.snapshot.ranges[NodeKind.ROLE].start
        return np.flatnonzero(~kinds.among(SELF_GRANTED_ROLE)) + first

    def _groups(self) -> Iterator[_Found]:
        """A group whose members can let others in, or which an owner of it belongs to."""
        adding = self._edges_of(sorted(ADDING), undecided=False)
        adding = adding[(self.edges.flags[adding] & int(Flag.OUT_OF_TIME)) == 0]
        roles = self.snapshot.ranges[NodeKind.ROLE]
        own_making = adding[(self.edges.flags[adding] & int(Flag.SELF_GRANTED)) != 0]
        taking = {
            (int(self.edges.holder[e]), int(self.edges.target[e])): int(e) for e in own_making
        }
        owners = self.owners()
        told = [*owners, *(group for _, group in taking)]
        for edge in adding[np.isin(self.edges.target[adding], told)].tolist():
            holder, group = int(self.edges.holder[edge]), int(self.edges.target[edge])
            flags = int(self.edges.flags[edge])
            if group not in roles or flags & int(Flag.SELF_GRANTED | Flag.DORMANT):
                continue
            own = taking.get((holder, group))
            member = self.snapshot.id_of(holder)
            if own is not None:
                text = f"{member} is a member and can add members"
                yield _Found(group, self._system_of(group), Verdict.VIOLATION, text, (edge, own))
            elif holder in owners.get(group, ()):
                text = f"{member} owns it and is a member"
                yield _Found(group, self._system_of(group), Verdict.VIOLATION, text, (edge,))

    @cached_property
    def _stated_owners(self) -> Mapping[int, str]:
        """Roles that name an owner, by code, and the name."""
        column = self.snapshot["roles"].column("owner").combine_chunks()
        rows = np.flatnonzero(
            pc.not_equal(column, "").fill_null(_NO).to_numpy(zero_copy_only=False)
        )
        first = self.snapshot.ranges[NodeKind.ROLE].start
        names = column.take(pa.array(rows)).to_pylist()
        return dict(zip((rows + first).tolist(), names, strict=True))

    def owners(self) -> Mapping[int, frozenset[int]]:
        """Nodes that each role names as its owner, where they can be found in its system."""
        wanted = {name.casefold() for name in self._stated_owners.values()}
        known: dict[tuple[str, str], set[int]] = {}
        for table, columns, kind in (
            ("accounts", ("account", "login", "email"), NodeKind.ACCOUNT),
            ("roles", ("role",), NodeKind.ROLE),
        ):
            first = self.snapshot.ranges[kind].start
            for column in columns:
                for row, name in _called(self.snapshot[table].column(column), wanted):
                    system = self._system[kind].at(row)
                    known.setdefault((str(system), name), set()).add(first + row)
        return {
            code: frozenset(known.get((self._system_of(code), name.casefold()), ()))
            for code, name in self._stated_owners.items()
        }


def _called(column: pa.ChunkedArray, wanted: AbstractSet[str]) -> Iterator[tuple[int, str]]:
    """Rows whose name is one of the wanted ones, letter case aside, each with the name folded.

    In ASCII, folding is lowering, which Arrow does for all names at once.
    """
    if not wanted:
        return
    names = column.combine_chunks()
    ascii_ = pc.string_is_ascii(names).fill_null(_NO)
    hit = pc.is_in(pc.ascii_lower(names), value_set=pa.array(sorted(wanted), pa.string()))
    looked = pc.or_(hit, pc.invert(ascii_))
    rows = np.flatnonzero(looked.to_numpy(zero_copy_only=False))
    for row, name in zip(rows.tolist(), names.take(pa.array(rows)).to_pylist(), strict=True):
        if name and name.casefold() in wanted:
            yield row, name.casefold()


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()
