"""The tables that linking fills, kept as columns: there is a row or two per account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.identity.evidence import Account, Claim, Roster
from sod_analyzer.identity.federation import SignIn
from sod_analyzer.identity.plain import Plain
from sod_analyzer.model.access import (
    BATCH_DERIVATIONS,
    BATCH_GRANTS,
    IDENTITIES,
    LINKS,
    GrantKind,
    LinkOutcome,
    MatchMethod,
    NodeKind,
    Status,
)
from sod_analyzer.model.settings import CONFIG_SOURCE


class Tables:
    """Collects links, `holds` edges with the records they rest on, and accounts' own identities."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._links: list[tuple[Any, ...]] = []
        self._holds: list[tuple[Any, ...]] = []
        self._rests: list[tuple[Any, ...]] = []
        self._own: list[tuple[Any, ...]] = []
        self._plain: dict[str, list[pa.Table]] = {"links": [], "grants": [], "derivations": []}

    def plain(self, plain: Plain, accounts: pa.Table, identities: pa.Table) -> None:
        """Links, edges and records of all the accounts that are easy to link."""
        rows, people = pa.array(plain.easy), pa.array(plain.person)
        account = accounts.column("account").take(rows)
        identity = identities.column("identity").take(people)
        source_id = identities.column("source_id").take(people)
        record = identities.column("record").take(people)
        for method, said, values in (
            (MatchMethod.EMPLOYEE_ID, plain.by_id, plain.account_keys.employee_id),
            (MatchMethod.EMAIL, plain.by_email, plain.account_keys.email),
        ):
            mask = pa.array(said)
            cells = {
                "account": account.filter(mask),
                "identity": identity.filter(mask),
                "value": values.take(rows).filter(mask),
                "source_id": source_id.filter(mask),
                "record": record.filter(mask),
            }
            constants: dict[str, object] = {
                "method": str(method),
                "outcome": str(LinkOutcome.LINKED),
            }
            self._plain["links"].append(_filled(LINKS, cells, constants))
        holds = {
            "holder": identity,
            "target": account,
            "source_id": accounts.column("source_id").take(rows),
            "record": accounts.column("record").take(rows),
        }
        constants = {**_HOLDS, "undecided": False}
        self._plain["grants"].append(_filled(BATCH_GRANTS, holds, constants))
        stated = pc.is_valid(source_id)
        rests = {"holder": identity, "target": account, "source_id": source_id, "record": record}
        cells = {name: column.filter(stated) for name, column in rests.items()}
        constants = {**_ENDS, "part": "roster"}
        self._plain["derivations"].append(_filled(BATCH_DERIVATIONS, cells, constants))

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
        rows = _table(LINKS, LINKS.names, self._links, {})
        return pa.concat_tables([*self._plain["links"], rows])

    def identities(self) -> pa.Table:
        """IDENTITIES rows of the accounts' own identities."""
        columns = ("identity", "name", "email", "kind", "source_id", "record")
        return _table(IDENTITIES, columns, self._own, {"status": str(Status.UNKNOWN)})

    def grants(self) -> pa.Table:
        """BATCH_GRANTS rows of kind `holds`."""
        columns = ("holder", "target", "undecided", "source_id", "record")
        rows = _table(BATCH_GRANTS, columns, self._holds, _HOLDS)
        return pa.concat_tables([*self._plain["grants"], rows])

    def derivations(self) -> pa.Table:
        """BATCH_DERIVATIONS rows of those edges."""
        columns = ("holder", "target", "part", "source_id", "record")
        rests = list(dict.fromkeys(self._rests))  # two claims rest on one roster record
        rows = _table(BATCH_DERIVATIONS, columns, rests, _ENDS)
        return pa.concat_tables([*self._plain["derivations"], rows])


_ENDS: Mapping[str, object] = {
    "holder_kind": str(NodeKind.IDENTITY),
    "target_kind": str(NodeKind.ACCOUNT),
}
_HOLDS: Mapping[str, object] = {
    **_ENDS,
    "kind": str(GrantKind.HOLDS),
    "conditional": False,
    "eligible": False,
    "self_granted": False,
}


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
    return _filled(schema, arrays, constants)


def _filled(
    schema: pa.Schema,
    cells: Mapping[str, pa.Array | pa.ChunkedArray],
    constants: Mapping[str, object],
) -> pa.Table:
    """A table of these columns, with constants in others and nulls in the rest."""
    count = len(next(iter(cells.values())))
    arrays = []
    for field in schema:
        if field.name in cells:
            arrays.append(cells[field.name])
        elif field.name in constants:
            constant = pa.scalar(constants[field.name], type=field.type)
            arrays.append(pa.repeat(constant, count))
        else:
            arrays.append(pa.nulls(count, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
