"""What ties an account to a person: one claim per method that says something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from sod_analyzer.model.access import MatchMethod


class Account(NamedTuple):
    """What linking looks at in an account."""

    account: str
    system: str
    kind: str
    name: str
    email: str | None
    employee_id: str
    source_id: str | None
    record: int | None


class Person(NamedTuple):
    """An identity of the roster, with the record that states it."""

    identity: str
    name: str
    employee_id: str | None
    kind: str | None
    source_id: str | None
    record: int | None


class Claim(NamedTuple):
    """One method's answer: this account is this identity's."""

    method: MatchMethod
    value: str
    identity: str
    source_id: str | None
    record: int | None


class Alias(NamedTuple):
    """One line of the alias file."""

    employee_id: str
    source_id: str | None
    record: int | None


@dataclass(frozen=True, slots=True)
class Roster:
    """People of the roster, leavers included, by every key that can tie an account.

    Need not hold everyone, only whoever the accounts in question could be.
    """

    people: Mapping[str, Person]  # by identity id
    by_employee_id: Mapping[str, tuple[Person, ...]]
    by_email: Mapping[str, tuple[Person, ...]]
    has_ids: bool  # whether anyone at all has an employee id


def roster_of(identities: pa.Table, *, has_ids: bool) -> Roster:
    """These people as an index. Cost: one object per person."""
    people: dict[str, Person] = {}
    by_employee_id: dict[str, list[Person]] = {}
    by_email: dict[str, list[Person]] = {}
    wanted = ("identity", "name", "employee_id", "kind", "source_id", "record", "email")
    for identity, name, employee_id, kind, source_id, record, email in zip(
        *(identities.column(column).to_pylist() for column in wanted), strict=True
    ):
        key = exact(employee_id)
        person = Person(identity, name or identity, key or None, kind, source_id, record)
        people[identity] = person
        if key:
            by_employee_id.setdefault(key, []).append(person)
        address = folded(email)
        if address:
            by_email.setdefault(address, []).append(person)
    return Roster(people, _sorted(by_employee_id), _sorted(by_email), has_ids)


def exact(text: str | None) -> str:
    """A key that is compared as written, leading zeros included, but for blanks around it."""
    return (text or "").strip()


def folded(email: str | None) -> str:
    """An address as it is compared: without blanks around it and without letter case."""
    return (email or "").strip().lower()


def aliases_of(aliases: pa.Table) -> Mapping[str, tuple[Alias, ...]]:
    """Alias lines by account, sorted; lines that miss one of the two names are left out."""
    found: dict[str, list[Alias]] = {}
    for row in aliases.to_pylist():
        account, employee_id = exact(row["account"]), exact(row["employee_id"])
        if account and employee_id:
            alias = Alias(employee_id, row["source_id"], row["record"])
            found.setdefault(account, []).append(alias)
    return {account: tuple(sorted(set(lines), key=_place)) for account, lines in found.items()}


def own_claims(
    roster: Roster, *, employee_id: str, address: str, aliases: Iterable[Alias]
) -> list[Claim]:
    """What alias file, employee id and e-mail say of one account; every one of them is asked.

    An address that belongs to several people says nothing. An employee id that several people
    have names each of them.
    """
    claims = [
        Claim(MatchMethod.ALIAS, alias.employee_id, person.identity, alias.source_id, alias.record)
        for alias in aliases
        for person in roster.by_employee_id.get(alias.employee_id, ())
    ]
    claims += [
        Claim(
            MatchMethod.EMPLOYEE_ID, employee_id, person.identity, person.source_id, person.record
        )
        for person in roster.by_employee_id.get(employee_id, ())
    ]
    owners = roster.by_email.get(address, ())
    if len(owners) == 1:
        person = owners[0]
        claims.append(
            Claim(MatchMethod.EMAIL, address, person.identity, person.source_id, person.record)
        )
    return claims


def _sorted(groups: Mapping[str, list[Person]]) -> dict[str, tuple[Person, ...]]:
    return {key: tuple(sorted(group)) for key, group in groups.items()}


def _place(alias: Alias) -> tuple[str, int, str]:
    return (alias.source_id or "", -1 if alias.record is None else alias.record, alias.employee_id)
