"""The tables that linking fills, kept as columns: there is a row or two per account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.identity.evidence import Account, Claim, Roster
from sod_analyzer.identity.federation import SignIn
from sod_analyzer.identity.plain import Flags, Numbers, Plain
from sod_analyzer.model.access import (
    BATCH_DERIVATIONS,
    BATCH_GRANTS,
    DERIVATIONS,
    GRANTS,
    IDENTITIES,
    LINKS,
    GrantKind,
    LinkOutcome,
    MatchMethod,
    NodeKind,
    Status,
)
from sod_analyzer.model.settings import CONFIG_SOURCE


def plain_links(plain: Plain, method: MatchMethod) -> PlainLinks:
    """The links of easy accounts by employee id or e-mail, in the order of the accounts."""
    by_id = method is MatchMethod.EMPLOYEE_ID
    said = plain.by_id if by_id else plain.by_email
    keys = plain.account_keys.employee_id if by_id else plain.account_keys.email
    rows = plain.easy[said]
    every = len(rows) == len(keys)
    return PlainLinks(
        method, rows, plain.person[said], keys if every else keys.take(pa.array(rows))
    )


@dataclass(frozen=True, slots=True)
class PlainLinks:
    """Links by one method: rows of `accounts` and `identities`, and what matched."""

    method: MatchMethod
    account: Numbers
    person: Numbers
    value: pa.Array

    def table(self, identities: pa.Table) -> pa.Table:
        """LINKS rows, in the same order, without the accounts."""
        people = pa.array(self.person)
        cells = {
            "identity": identities.column("identity").take(people),
            "value": self.value,
            "source_id": identities.column("source_id").take(people),
            "record": identities.column("record").take(people),
        }
        constants = {"method": str(self.method), "outcome": str(LinkOutcome.LINKED)}
        return filled(LINKS, cells, constants, without=("account",))


def plain_holds(plain: Plain, accounts: pa.Table) -> pa.Table:
    """What is stated of the `holds` edges of easy accounts, in the order of `plain`."""
    rows = pa.array(plain.easy)
    cells = {name: accounts.column(name).take(rows) for name in ("source_id", "record")}
    return filled(GRANTS, cells, {**_HOLDS, "undecided": False}, without=("holder", "target"))


def plain_rests(plain: Plain, identities: pa.Table) -> tuple[Flags, pa.Table]:
    """The records of people that those edges rest on, and which edges have one."""
    people = pa.array(plain.person)
    cells = {name: identities.column(name).take(people) for name in ("source_id", "record")}
    stated = pc.is_valid(cells["source_id"])
    cells = {name: column.filter(stated) for name, column in cells.items()}
    rests = filled(DERIVATIONS, cells, {"part": "roster"}, without=("holder", "target"))
    return np.asarray(stated.to_numpy(zero_copy_only=False), dtype=np.bool_), rests


class Tables:
    """Collects what is decided one by one: links, `holds` edges with records, own identities."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._links: list[tuple[Any, ...]] = []
        self._holds: list[tuple[Any, ...]] = []
        self._rests: list[tuple[Any, ...]] = []
        self._own: list[tuple[Any, ...]] = []

    def holds(self, account: Account, identity: str, *, undecided: bool = False) -> None:
        """The edge from an identity to its account, as the account's own record states it."""
        self._holds.append(
            (identity, account.account, undecided, account.source_id, account.record)
        )

    def link(self, account: Account, claim: Claim, outcome: LinkOutcome) -> None:
        """One method that ties the account to an identity."""
        self._links.append(
            (
                account.account,
                claim.identity,
                str(claim.method),
                claim.value,
                str(outcome),
                claim.source_id,
                claim.record,
            )
        )

    def unmatched(self, account: Account) -> None:
        """That no method ties the account to anyone."""
        none, outcome = str(MatchMethod.NONE), str(LinkOutcome.UNMATCHED)
        self._links.append((account.account, None, none, None, outcome, None, None))

    def rests_on(self, account: Account, claim: Claim, sign_ins: Iterable[SignIn]) -> None:
        """The records behind a claim: the roster's, and those of alias file or sign-in."""
        person = self._roster.people.get(claim.identity)
        if person is not None:
            self._rest(claim, account, "roster", person.source_id, person.record)
        if claim.method is MatchMethod.ALIAS:
            self._rest(claim, account, "alias", claim.source_id, claim.record)
        elif claim.method is MatchMethod.FEDERATION:
            self._rest(claim, account, "account", claim.source_id, claim.record)
            for sign_in in sign_ins:
                if sign_in.account == claim.value:
                    self._rest(claim, account, "federation", CONFIG_SOURCE, sign_in.line)

    def _rest(
        self, claim: Claim, account: Account, part: str, source_id: str | None, record: int | None
    ) -> None:
        if source_id is not None:
            self._rests.append((claim.identity, account.account, part, source_id, record))

    def own_identity(self, account: Account, identity: str) -> None:
        """The identity that stands for an account of its own."""
        # No employee id: one that ties it to a person would have linked it.
        self._own.append(
            (
                identity,
                account.name,
                account.email,
                account.kind,
                account.source_id,
                account.record,
            )
        )

    def links(self) -> pa.Table:
        """LINKS rows."""
        return _table(LINKS, LINKS.names, self._links, {})

    def identities(self) -> pa.Table:
        """IDENTITIES rows of the accounts' own identities."""
        columns = ("identity", "name", "email", "kind", "source_id", "record")
        return _table(IDENTITIES, columns, self._own, {"status": str(Status.UNKNOWN)})

    def grants(self) -> pa.Table:
        """BATCH_GRANTS rows of kind `holds`."""
        columns = ("holder", "target", "undecided", "source_id", "record")
        return _table(BATCH_GRANTS, columns, self._holds, {**_ENDS, **_HOLDS})

    def derivations(self) -> pa.Table:
        """BATCH_DERIVATIONS rows of those edges."""
        columns = ("holder", "target", "part", "source_id", "record")
        rests = list(dict.fromkeys(self._rests))  # two claims rest on one roster record
        return _table(BATCH_DERIVATIONS, columns, rests, _ENDS)


_ENDS: Mapping[str, object] = {
    "holder_kind": str(NodeKind.IDENTITY),
    "target_kind": str(NodeKind.ACCOUNT),
}
_HOLDS: Mapping[str, object] = {
    "kind": str(GrantKind.HOLDS),
    "conditional": False,
    "eligible": False,
    "self_granted": False,
}


def between(
    schema: pa.Schema, rest: pa.Table, holder: pa.ChunkedArray, target: pa.ChunkedArray
) -> pa.Table:
    """Batch edges from identities to accounts: their ends, and what else is stated of them."""
    cells = {name: rest.column(name) for name in rest.schema.names}
    return filled(schema, {"holder": holder, "target": target, **cells}, _ENDS)


def _table(
    schema: pa.Schema,
    columns: Iterable[str],
    rows: list[tuple[Any, ...]],
    constants: Mapping[str, object],
) -> pa.Table:
    """Rows of some columns, with constants in others and nulls in the rest."""
    names = tuple(columns)
    cells = zip(*rows, strict=True) if rows else ((),) * len(names)
    arrays = {
        name: pa.array(column, type=schema.field(name).type)
        for name, column in zip(names, cells, strict=True)
    }
    return filled(schema, arrays, constants)


def filled(
    schema: pa.Schema,
    cells: Mapping[str, pa.Array | pa.ChunkedArray],
    constants: Mapping[str, object],
    *,
    without: Iterable[str] = (),
) -> pa.Table:
    """A table of these columns, with constants in others and nulls in the rest."""
    left_out = frozenset(without)
    count = len(next(iter(cells.values())))
    fields = [each for each in schema if each.name not in left_out]
    arrays = []
    for each in fields:
        if each.name in cells:
            column = cells[each.name]
            arrays.append(column if column.type == each.type else column.cast(each.type))
        elif each.name in constants:
            constant = pa.scalar(constants[each.name], type=each.type)
            arrays.append(pa.repeat(constant, count))
        else:
            arrays.append(pa.nulls(count, each.type))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
