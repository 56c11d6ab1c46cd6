"""Accounts to people: every method is asked, and only agreement links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.identity import sentences
from sod_analyzer.identity.evidence import (
    Account,
    Alias,
    Claim,
    Roster,
    aliases_of,
    exact,
    folded,
    own_claims,
    roster_of,
)
from sod_analyzer.identity.federation import Federated, SignIn
from sod_analyzer.identity.issues import IssueList, alias_issues, shared_address_issues
from sod_analyzer.identity.plain import Plain, sort_out
from sod_analyzer.identity.tables import (
    Tables,
    between,
    plain_holds,
    plain_links,
    plain_rests,
)
from sod_analyzer.model.access import (
    BATCH_DERIVATIONS,
    BATCH_GRANTS,
    LINKS,
    IdentityClass,
    LinkOutcome,
    MatchMethod,
)

_COLUMNS = (
    "account",
    "system",
    "kind",
    "name",
    "email",
    "employee_id",
    "source_id",
    "record",
    "login",
)


@dataclass(frozen=True)
class LinkResult:
    """What linking adds to a snapshot: by row for the easy accounts, spelled out for the others.

    `identities` has the accounts that stand for themselves. `hard_grants` has one `holds` edge per
    account and identity, `hard_derivations` the records such an edge rests on beside the account's
    own. `links`, `grants` and `derivations` have both kinds of accounts, spelled out.
    """

    accounts: pa.Table  # as they were given
    people: pa.Table
    plain: Plain
    hard_links: pa.Table  # LINKS
    hard_grants: pa.Table  # BATCH_GRANTS
    hard_derivations: pa.Table  # BATCH_DERIVATIONS
    identities: pa.Table  # IDENTITIES
    issues: pa.Table  # ISSUES

    @property
    def links(self) -> pa.Table:
        """LINKS rows of all accounts."""
        accounts = self.accounts.column("account")
        lots = [
            plain_links(self.plain, method)
            for method in (MatchMethod.EMPLOYEE_ID, MatchMethod.EMAIL)
        ]
        easy = [
            each.table(self.people).add_column(
                0, LINKS.field("account"), accounts.take(pa.array(each.account))
            )
            for each in lots
        ]
        return pa.concat_tables([*easy, self.hard_links])

    @property
    def grants(self) -> pa.Table:
        """BATCH_GRANTS rows of kind `holds`."""
        rest = plain_holds(self.plain, self.accounts)
        easy = between(BATCH_GRANTS, rest, *self._ends(np.ones(rest.num_rows, dtype=np.bool_)))
        return pa.concat_tables([easy, self.hard_grants])

    @property
    def derivations(self) -> pa.Table:
        """BATCH_DERIVATIONS rows of those edges."""
        stated, rest = plain_rests(self.plain, self.people)
        easy = between(BATCH_DERIVATIONS, rest, *self._ends(stated))
        return pa.concat_tables([easy, self.hard_derivations])

    def _ends(self, some: npt.NDArray[np.bool_]) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        person, account = pa.array(self.plain.person[some]), pa.array(self.plain.easy[some])
        return (
            self.people.column("identity").take(person),
            self.accounts.column("account").take(account),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided for one account.

    `claims` are the agreeing ones of a link, all of an undecided one; `own` is the identity made
    for the account when no single one was found.
    """

    outcome: LinkOutcome
    claims: tuple[Claim, ...] = ()
    own: str | None = None
    why: str = ""

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities claimed, each once, sorted."""
        return tuple(sorted({claim.identity for claim in self.claims}))


@dataclass(slots=True)
class _Linker:
    """What is known while accounts are gone through, origins of sign-in first."""

    roster: Roster
    taken: frozenset[str]  # identity ids that are no account's own
    aliases: Mapping[str, tuple[Alias, ...]]
    sign_ins: Mapping[str, tuple[SignIn, ...]]
    answers: dict[str, Answer] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)


def link(
    accounts: pa.Table,
    identities: pa.Table,
    *,
    aliases: pa.Table,
    federated: Federated,
    shared_known: frozenset[str] = frozenset(),
) -> LinkResult:
    """The identity of every account, with the method and record that say so.

    `accounts` and `identities` have one row per id. Alias file, employee id, unique e-mail and
    sign-in through another account are all asked; an account is linked only if all that answer
    name the same person. Whatever is not linked to exactly one person is assessed as an identity
    of its own. `shared_known` are the shared accounts whose people some grant names. The tables
    that come back are in no order.

    Errs: towards undecided. An account that states an employee id the roster does not know is not
    linked by e-mail or sign-in alone, since addresses are reused and employee ids are not.

    Cost: a few hash joins for the accounts that id and e-mail settle, and a pass in Python over
    the others, about 15 s per million of them.
    """
    alias_lines = aliases_of(aliases)
    special = frozenset(alias_lines).union(federated.sign_ins)
    special |= {each.account for found in federated.sign_ins.values() for each in found}
    plain = sort_out(accounts, identities, special=special)
    return _link(plain, accounts, identities, aliases, federated, shared_known)


def link_thoroughly(
    accounts: pa.Table,
    identities: pa.Table,
    *,
    aliases: pa.Table,
    federated: Federated,
    shared_known: frozenset[str] = frozenset(),
) -> LinkResult:
    """The same as `link`, every account one by one: what the fast route is held against."""
    everyone = frozenset(accounts.column("account").to_pylist())
    plain = sort_out(accounts, identities, special=everyone)
    return _link(plain, accounts, identities, aliases, federated, shared_known)


def _link(  # noqa: PLR0917  the same things under the same names
    plain: Plain,
    accounts: pa.Table,
    identities: pa.Table,
    aliases: pa.Table,
    federated: Federated,
    shared_known: frozenset[str],
) -> LinkResult:
    hard = accounts.take(pa.array(plain.hard))
    linker = _Linker(
        _roster(plain, identities, aliases),
        _taken(hard, identities),
        aliases_of(aliases),
        federated.sign_ins,
    )
    ordered = _ordered(hard, federated.order)
    linker.accounts = {account.account: account for account in ordered}
    tables = Tables(linker.roster)
    report = IssueList()
    for account in ordered:
        answer = _answer(linker, account)
        linker.answers[account.account] = answer
        _record(tables, linker, account, answer)
        _report(report, linker, account, answer, shared_known)
    named = pa.array(sorted(linker.aliases), pa.string())
    there = accounts.column("account")
    known = frozenset(linker.accounts).union(
        there.filter(pc.is_in(there, value_set=named)).to_pylist() if len(named) else ()
    )
    alias_issues(report, aliases, linker.roster, known)
    shared_address_issues(
        report,
        linker.roster,
        {account.account: folded(account.email) for account in ordered},
        {name: answer.identities for name, answer in linker.answers.items() if answer.own is None},
    )
    return LinkResult(
        accounts=accounts,
        people=identities,
        plain=plain,
        hard_links=tables.links(),
        hard_grants=tables.grants(),
        hard_derivations=tables.derivations(),
        identities=tables.identities(),
        issues=report.table(),
    )


def _roster(plain: Plain, identities: pa.Table, aliases: pa.Table) -> Roster:
    """The people that the hard accounts could be."""
    rows = pa.array(plain.hard)
    ids = {
        *plain.account_keys.employee_id.take(rows).to_pylist(),
        *(exact(text) for text in aliases.column("employee_id").to_pylist()),
    }
    emails = frozenset(plain.account_keys.email.take(rows).to_pylist())
    theirs = plain.person_keys
    wanted = pc.or_(
        pc.is_in(theirs.employee_id, value_set=pa.array(sorted(ids - {""}), pa.string())),
        pc.is_in(theirs.email, value_set=pa.array(sorted(emails - {""}), pa.string())),
    )
    has_ids = bool(pc.any(pc.not_equal(theirs.employee_id, "")).as_py())
    return roster_of(identities.filter(wanted), has_ids=has_ids)


def _taken(hard: pa.Table, identities: pa.Table) -> frozenset[str]:
    """All identity ids if some account has the same id as a person, else none."""
    ids = identities.column("identity")
    own = hard.column("account").combine_chunks()
    if not len(own) or not pc.any(pc.is_in(ids, value_set=own)).as_py():
        return frozenset()
    return frozenset(ids.to_pylist())


def _ordered(accounts: pa.Table, order: Sequence[str]) -> list[Account]:
    """These accounts, those of origin systems first, then by id."""
    place = {system: n for n, system in enumerate(order)}
    columns: list[list[Any]] = [accounts.column(name).to_pylist() for name in _COLUMNS]
    found = [
        Account(
            account,
            system,
            kind or IdentityClass.PERSON,
            name or login or account,
            email,
            exact(employee_id),
            source_id,
            record,
        )
        for account, system, kind, name, email, employee_id, source_id, record, login in zip(
            *columns, strict=True
        )
    ]
    found.sort(key=lambda account: (place.get(account.system, len(place)), account.account))
    return found


def _answer(linker: _Linker, account: Account) -> Answer:
    """The link of one account; accounts it signs in through were answered before."""
    roster = linker.roster
    claims = own_claims(
        roster,
        employee_id=account.employee_id,
        address=folded(account.email),
        aliases=linker.aliases.get(account.account, ()),
    )
    carried = _carried(linker, account)
    claims += [claim for claim in carried if claim.identity in roster.people]
    own = _own_id(account, linker.taken)
    explicit = any(claim.method is MatchMethod.ALIAS for claim in claims)
    if account.kind == IdentityClass.WORKLOAD and claims and not explicit:
        return Answer(
            LinkOutcome.UNMATCHED, own=own, why=sentences.workload(account, claims, roster)
        )
    if not claims:
        # Nobody of the roster: the account stands for whatever it signs in through, if for one.
        claims = [claim for claim in carried if claim.identity not in roster.people]
        if not claims:
            return Answer(LinkOutcome.UNMATCHED, own=own)
    named = {claim.identity for claim in claims}
    strange = (
        account.employee_id
        and not explicit
        and roster.has_ids
        and account.employee_id not in roster.by_employee_id
        and not named.isdisjoint(roster.people)
    )
    if len(named) == 1 and not strange:
        return Answer(LinkOutcome.LINKED, tuple(sorted(set(claims), key=_claim_order)))
    why = sentences.undecided(account, claims, roster, unknown_id=bool(strange))
    return Answer(LinkOutcome.CANDIDATE, tuple(sorted(set(claims), key=_claim_order)), own, why)


def _carried(linker: _Linker, account: Account) -> list[Claim]:
    """What the accounts say through which this one signs in."""
    claims: list[Claim] = []
    for sign_in in linker.sign_ins.get(account.account, ()):
        other = linker.accounts[sign_in.account]
        answer = linker.answers[sign_in.account]
        named = answer.identities or ((answer.own,) if answer.own else ())
        # A bot takes no name from a person's sign-in, nor from an unknown that may be one.
        if account.kind == IdentityClass.WORKLOAD and other.kind != IdentityClass.WORKLOAD:
            named = tuple(name for name in named if name in linker.roster.people)
        claims += [
            Claim(MatchMethod.FEDERATION, other.account, name, other.source_id, other.record)
            for name in named
        ]
    return claims


def _own_id(account: Account, taken: frozenset[str]) -> str:
    """The id of the identity that an account is for itself."""
    own = account.account
    while own in taken:  # an export of people and accounts under the same ids
        own += "#account"
    return own


def _claim_order(claim: Claim) -> tuple[str, str, str, str, int]:
    record = -1 if claim.record is None else claim.record
    return (claim.identity, claim.method, claim.value, claim.source_id or "", record)


def _record(tables: Tables, linker: _Linker, account: Account, answer: Answer) -> None:
    """Writes the links, edges and identities that an answer means."""
    if answer.own is not None:
        tables.own_identity(account, answer.own)
        tables.holds(account, answer.own)
    undecided = answer.outcome is LinkOutcome.CANDIDATE
    for name in answer.identities:
        tables.holds(account, name, undecided=undecided)
    for claim in answer.claims:
        tables.link(account, claim, answer.outcome)
        tables.rests_on(account, claim, linker.sign_ins.get(account.account, ()))
    if not answer.claims:
        tables.unmatched(account)


def _report(
    report: IssueList,
    linker: _Linker,
    account: Account,
    answer: Answer,
    shared_known: frozenset[str],
) -> None:
    """The issue that an answer deserves, if any."""
    if answer.outcome is LinkOutcome.CANDIDATE:
        report.undecided(account, answer.why)
    elif answer.outcome is LinkOutcome.UNMATCHED and answer.why:
        report.workload(account, answer.why)
    elif answer.outcome is LinkOutcome.UNMATCHED:
        report.unmatched(account, linker.roster, known=account.account in shared_known)
    elif account.account not in shared_known and _is_shared(account, answer, linker.roster):
        report.shared_login(account, answer.identities, linker.roster)


def _is_shared(account: Account, answer: Answer, roster: Roster) -> bool:
    """Whether several people use the account, by its own class or that of its identity."""
    people = (roster.people.get(name) for name in answer.identities)
    kinds = {account.kind, *(person.kind for person in people if person is not None)}
    return IdentityClass.SHARED in kinds
