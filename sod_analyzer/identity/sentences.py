"""What linking has to say to a reader, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sod_analyzer.identity.evidence import Account, Claim, Person, Roster
from sod_analyzer.model.access import IdentityClass, MatchMethod
from sod_analyzer.model.rows import shown

_METHODS = {
    MatchMethod.ALIAS: "alias file",
    MatchMethod.EMPLOYEE_ID: "employee id",
    MatchMethod.EMAIL: "e-mail",
    MatchMethod.FEDERATION: "sign-in through",
}


def undecided(
    account: Account, claims: Iterable[Claim], roster: Roster, *, unknown_id: bool
) -> str:
    """Why an account is nobody's for now: who it could be, and what says so."""
    text = f"Account '{shown(account.account)}' is tied to {_sides(claims, roster)}"
    if unknown_id:
        text += f", yet it states employee id '{shown(account.employee_id)}', not in the roster"
    return text + "; it is assessed under its own name until the alias file decides."


def workload(account: Account, claims: Iterable[Claim], roster: Roster) -> str:
    """Why a bot that looks like a person's account is not that person's."""
    return (
        f"Account '{shown(account.account)}' is a workload, and is tied to "
        f"{_sides(claims, roster)}; it is assessed under its own name, since an owner's address on "
        "a bot gives no reach. The alias file can say that it is the person's own."
    )


def unmatched(account: Account, roster: Roster, *, known: bool) -> str:
    """Why an account is assessed under its own name."""
    text = f"Account '{shown(account.account)}' "
    if account.kind == IdentityClass.WORKLOAD:
        return text + "is a workload: it is assessed under its own name, as a class of its own."
    if account.kind == IdentityClass.SHARED:
        if known:
            return text + "is shared by people whom grants name; it is assessed under its own name."
        return text + "is shared, and nothing says who uses it; it is assessed under its own name."
    if account.kind == IdentityClass.VENDOR:
        text += "is a vendor's, and "
    return f"{text}belongs to nobody of the roster: {_nothing(account, roster)}."


def shared_login(account: Account, identities: Sequence[str], roster: Roster) -> str:
    """Why a shared account that is tied to one person is not settled by that."""
    who = " and ".join(_name(identity, roster) for identity in identities)
    return (
        f"Account '{shown(account.account)}' is shared and tied to {who}; "
        "nothing says who else uses it."
    )


def shared_address(address: str, owners: Sequence[Person], *, accounts: int) -> str:
    """Why an address links nobody."""
    who = " and ".join(_person(person) for person in owners)
    carry = "1 account carries it" if accounts == 1 else f"{accounts:,} accounts carry it"
    return f"E-mail '{shown(address)}' belongs to {who}, so it links no account; {carry}."


def _nothing(account: Account, roster: Roster) -> str:
    reasons = []
    if account.employee_id:
        reasons.append(f"employee id '{shown(account.employee_id)}' is not in the roster")
    address = (account.email or "").strip()
    if address:
        owners = roster.by_email.get(address.lower(), ())
        says = f"is {len(owners)} people's" if owners else "is nobody's"
        reasons.append(f"e-mail '{shown(address)}' {says}")
    return " and ".join(reasons) or "it has neither employee id nor e-mail, and no alias"


def _sides(claims: Iterable[Claim], roster: Roster) -> str:
    """Who is named by what: "Ann (hr:1) by employee id '1' and e-mail 'a@x' and to Bob …"."""
    by_identity: dict[str, list[str]] = {}
    for claim in sorted(claims, key=lambda claim: (claim.identity, claim.method, claim.value)):
        said = f"{_METHODS[claim.method]} '{shown(claim.value)}'"
        known = by_identity.setdefault(claim.identity, [])
        if said not in known:
            known.append(said)
    return " and to ".join(
        f"{_name(identity, roster)} by {' and '.join(said)}"
        for identity, said in sorted(by_identity.items())
    )


def _name(identity: str, roster: Roster) -> str:
    person = roster.people.get(identity)
    return f"'{shown(identity)}'" if person is None else _person(person)


def _person(person: Person) -> str:
    return f"{shown(person.name)} ({shown(person.identity)})"
