"""People to accounts and accounts to people, counted both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from sod_analyzer.model.access import LinkOutcome, Snapshot, Status
from sod_analyzer.model.finding import RECONCILIATION
from sod_analyzer.model.rows import Rows


class _Tie(NamedTuple):
    """What the links say of one account."""

    outcome: str
    methods: tuple[str, ...]
    identities: frozenset[str]


class _Account(NamedTuple):
    account: str
    system: str
    kind: str
    live: bool


_Key = tuple[str, str | None, str | None]  # what, system, kind

_UNTIED = _Tie(LinkOutcome.UNMATCHED, (), frozenset())
_NOTES: Mapping[str, str] = {
    "accounts undecided": "assessed under their own names; unknown for each candidate",
    "accounts unmatched": "assessed under their own names",
    "leavers with a live account": "people; an account counts unless known disabled or expired",
}


def reconcile(snapshot: Snapshot, *, as_of: date) -> pa.Table:
    """RECONCILIATION rows, sorted.

    Per system, `accounts` equals the accounts linked by each set of methods, unmatched and
    undecided together. A live account is one that is not known to be disabled or expired.
    """
    ties = _ties(snapshot)
    roster = _roster(snapshot)
    leavers = {name for name, (_, status) in roster.items() if status == Status.LEAVER}
    counts: Counter[_Key] = Counter()
    held: set[str] = set()
    live: set[str] = set()
    for account in _accounts(snapshot, as_of):
        tie = ties.get(account.account, _UNTIED)
        where = (account.system, account.kind)
        counts["accounts", *where] += 1
        counts[_what(tie), *where] += 1
        if tie.outcome != LinkOutcome.LINKED:
            continue
        held |= tie.identities
        if account.live:
            live |= tie.identities
            counts["live accounts of leavers", *where] += not leavers.isdisjoint(tie.identities)
    for identity, (kind, status) in roster.items():
        counts[f"people, {status}", None, kind] += 1
        counts[f"people, {status}, with an account", None, kind] += identity in held
        counts[f"people, {status}, without an account", None, kind] += identity not in held
        if identity in leavers:
            counts["leavers with a live account", None, kind] += identity in live
    return _table(counts)


def _what(tie: _Tie) -> str:
    if tie.outcome == LinkOutcome.LINKED:
        return f"accounts linked by {' and '.join(tie.methods)}"
    undecided = tie.outcome == LinkOutcome.CANDIDATE
    return "accounts undecided" if undecided else "accounts unmatched"


def _ties(snapshot: Snapshot) -> Mapping[str, _Tie]:
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    links = snapshot["links"]
    for account, outcome, method, identity in zip(
        *(links.column(name).to_pylist() for name in ("account", "outcome", "method", "identity")),
        strict=True,
    ):
        found.setdefault(account, []).append((outcome, method, identity))
    return {
        account: _Tie(
            rows[0][0],
            tuple(sorted({method for _, method, _ in rows})),
            frozenset(identity for _, _, identity in rows if identity is not None),
        )
        for account, rows in found.items()
    }


def _accounts(snapshot: Snapshot, as_of: date) -> list[_Account]:
    table = snapshot["accounts"]
    names = ("account", "system", "kind", "enabled", "expires_on")
    return [
        _Account(
            account, system, kind, enabled is not False and (expires is None or expires >= as_of)
        )
        for account, system, kind, enabled, expires in zip(
            *(table.column(name).to_pylist() for name in names), strict=True
        )
    ]


def _roster(snapshot: Snapshot) -> Mapping[str, tuple[str, str]]:
    """Class and status of everyone whom the roster names, by identity."""
    table = snapshot["identities"]
    names = ("identity", "kind", "status", "employee_id")
    return {
        identity: (kind, status or Status.UNKNOWN)
        for identity, kind, status, employee_id in zip(
            *(table.column(name).to_pylist() for name in names), strict=True
        )
        if employee_id is not None or status not in (None, Status.UNKNOWN)
    }


def _table(counts: Counter[_Key]) -> pa.Table:
    rows = Rows(RECONCILIATION)
    for key in sorted(counts, key=lambda key: tuple(part or "" for part in key)):
        what, system, kind = key
        note = _NOTES.get(what)
        rows.add(what=what, system=system, kind=kind, count=counts[key], note=note)
    return rows.table()
