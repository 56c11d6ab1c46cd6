"""What one entry says about the account it is: names, whether it works, since and until when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar

from sod_analyzer.importers.ldif.dn import Dn
from sod_analyzer.importers.ldif.reader import Entry, Value
from sod_analyzer.importers.ldif.times import (
    day_before,
    filetime,
    generalized,
    last_day_before,
    seconds,
)
from sod_analyzer.importers.ldif.vocabulary import EMPLOYEE_ID, LOGIN, NAME, SWITCHES

#: Bits of userAccountControl (Microsoft): switched off; and the kinds of machine and trust account.
_UAC_DISABLED = 0x2
_UAC_MACHINE = 0x800 | 0x1000 | 0x2000
_MACHINE_TYPES = frozenset({"805306369", "805306370"})  # sAMAccountType: machine, trust
#: pwdAccountLockedTime of an account that only an administrator unlocks (ppolicy draft, 5.3.3).
_LOCKED_FOR_GOOD = "000001010000Z"

_T = TypeVar("_T")
_MOST_SECONDS = 10**9
#: Called with a value that cannot be read, and why.
Complain = Callable[[str, Value, str], None]


@dataclass(frozen=True, slots=True)
class Clock:
    """When the file was extracted, in which zone its days count, how long lockouts last.

    `lockout` is nothing when no entry states it.
    """

    extracted_at: datetime
    zone: tzinfo = field(default=UTC)
    lockout: timedelta | None = None
    lifted_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts of one account; what the entry does not say is nothing.

    `lock_uncertain`: it is locked, but the lock may have lapsed by itself.
    """

    login: str | None
    name: str | None
    email: str | None
    employee_id: str | None
    enabled: bool | None
    dormant_why: str | None
    expires_on: date | None
    created_at: datetime | None
    last_used_at: datetime | None
    lock_uncertain: bool = False

    def merged(self, other: AccountFacts) -> AccountFacts:
        """The facts of two entries of one name; each fact comes from the first that has it.

        Errs: an account that one of them calls enabled counts as enabled, and the later of two
        expiries holds, so this over-reports.
        """
        working = next((each for each in (self, other) if each.enabled), None)
        state = working or (self if self.enabled is not None else other)
        expiries = [day for day in (self.expires_on, other.expires_on) if day]
        return AccountFacts(
            login=_first(self.login, other.login),
            name=_first(self.name, other.name),
            email=_first(self.email, other.email),
            employee_id=_first(self.employee_id, other.employee_id),
            enabled=state.enabled,
            dormant_why=state.dormant_why,
            expires_on=max(expiries, default=None),
            created_at=_first(self.created_at, other.created_at),
            last_used_at=_first(self.last_used_at, other.last_used_at),
            lock_uncertain=state.lock_uncertain,
        )


def account_facts(
    entry: Entry, dn: Dn, *, clock: Clock, complain: Complain, employee_id: str | None = None
) -> AccountFacts:
    """The facts of one entry; `complain` hears of each value that cannot be read."""
    enabled, why, uncertain = _state(entry, clock, complain)
    return AccountFacts(
        login=next(filter(None, (naming(entry, dn, name) for name in LOGIN)), dn.first()),
        name=next(filter(None, (naming(entry, dn, name) for name in NAME)), None),
        email=text_of(entry, "mail"),
        employee_id=next(
            filter(
                None, (text_of(entry, n) for n in ((employee_id,) if employee_id else EMPLOYEE_ID))
            ),
            None,
        ),
        enabled=enabled,
        dormant_why=why,
        expires_on=_expires_on(entry, clock, complain),
        created_at=_moment(entry, ("whencreated", "createtimestamp"), generalized, complain),
        last_used_at=_last_used(entry, complain),
        lock_uncertain=uncertain,
    )


def text_of(entry: Entry, name: str) -> str | None:
    """One value of the attribute, the same however the values are ordered; language tags last."""
    values = entry.all(name)
    plain = [value for value in values if not value.options] or list(values)
    return min((value.text.strip() for value in plain if value.text.strip()), default=None)


def naming(entry: Entry, dn: Dn, name: str) -> str | None:
    """The attribute's value that is part of the entry's name, else one of its values."""
    own = dn.first(name)
    if own is not None and own.strip():
        return own.strip()
    return text_of(entry, name)


def is_machine(entry: Entry, complain: Complain) -> bool:
    """Whether the entry's flags say that a computer or a trust stands behind it."""
    if any(value.text.strip() in _MACHINE_TYPES for value in entry.all("samaccounttype")):
        return True
    if any(set("WSI") & set(value.text) for value in entry.all("sambaacctflags")):
        return True
    flags = _number(entry, "useraccountcontrol", complain)
    return flags is not None and bool(flags & _UAC_MACHINE)


def _state(entry: Entry, clock: Clock, complain: Complain) -> tuple[bool | None, str | None, bool]:
    """Whether the account works, why not, and whether that answer may have lapsed."""
    reasons: list[str] = []
    said = False
    flags = _number(entry, "useraccountcontrol", complain)
    if flags is not None:
        said = True
        if flags & _UAC_DISABLED:
            reasons.append("disabled (userAccountControl)")
    for name, (off, on) in SWITCHES.items():
        for value in entry.all(name):
            word = value.text.strip().lower()
            said = said or word in on
            if word in off:
                reasons.append(f"disabled ({name})")
            elif word not in on and on:
                complain(name, value, "neither yes nor no")
    for value in entry.all("sambaacctflags"):
        said = True
        reasons += ["disabled (sambaAcctFlags)"] if "D" in value.text else []
        reasons += ["locked (sambaAcctFlags)"] if "L" in value.text else []
    if reasons:
        return False, "; ".join(sorted(set(reasons))), False
    locked, uncertain = _lock(entry, clock, complain)
    if locked:
        return False, locked, uncertain
    return (True if said else None), None, False


def _lock(entry: Entry, clock: Clock, complain: Complain) -> tuple[str | None, bool]:
    """Why the account is locked, and whether the lock may have lapsed before the extraction."""
    for value in entry.all("pwdaccountlockedtime"):
        if value.text.strip() == _LOCKED_FOR_GOOD:
            return "locked (pwdAccountLockedTime)", False
        return "locked (pwdAccountLockedTime)", True
    since = _moment(entry, ("lockouttime",), filetime, complain)
    if since is None:
        return None, False
    if clock.lockout is None:
        return "locked (lockoutTime)", not clock.lifted_by_hand
    if since + clock.lockout > clock.extracted_at:
        return "locked (lockoutTime)", False
    return None, False


def _expires_on(entry: Entry, clock: Clock, complain: Complain) -> date | None:
    """The last day on which the account works: the earliest that any attribute states."""
    days: list[date] = []
    moments = [
        _moment(entry, ("accountexpires",), filetime, complain),
        _moment(entry, ("krbprincipalexpiration", "loginexpirationtime"), generalized, complain),
    ]
    days += [last_day_before(moment, clock.zone) for moment in moments if moment]
    for value in entry.all("shadowexpire"):
        try:
            day = day_before(value.text)
        except ValueError as error:
            complain("shadowExpire", value, str(error))
        else:
            days += [day] if day else []
    return min(days, default=None)


def _last_used(entry: Entry, complain: Complain) -> datetime | None:
    found = (
        _moment(entry, ("lastlogon", "lastlogontimestamp"), filetime, complain, newest=True),
        _moment(
            entry,
            ("authtimestamp", "krblastsuccessfulauth", "logintime"),
            generalized,
            complain,
            newest=True,
        ),
    )
    return max((moment for moment in found if moment), default=None)


def _moment(
    entry: Entry,
    names: Sequence[str],
    read: Callable[[str], datetime | None],
    complain: Complain,
    *,
    newest: bool = False,
) -> datetime | None:
    """The earliest moment that any of these attributes states, or the newest."""
    found = []
    for name in names:
        for value in entry.all(name):
            try:
                moment = read(value.text)
            except ValueError as error:
                complain(name, value, str(error))
            else:
                found += [moment] if moment else []
    return (max if newest else min)(found, default=None)


def _number(entry: Entry, name: str, complain: Complain) -> int | None:
    for value in entry.all(name):
        try:
            return int(value.text)
        except ValueError:
            complain(name, value, "not a number")
    return None


def lockout_of(entry: Entry, clock: Clock) -> Clock:
    """The clock, with the lockout duration that this entry states, if it does.

    Errs: with several domains in one source the shortest duration counts for all, which takes
    accounts for working ones and so over-reports.
    """
    for value in entry.all("lockoutduration"):
        try:
            length = seconds(value.text)
        except ValueError:
            continue
        if length is None:
            return replace(clock, lifted_by_hand=True)
        stated = timedelta(seconds=min(length, _MOST_SECONDS))
        return replace(clock, lockout=min(stated, clock.lockout or stated))
    return clock


def _first(mine: _T | None, other: _T | None) -> _T | None:
    return other if mine is None else mine
