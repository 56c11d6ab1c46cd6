"""The exports, as each system would give them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from desk.truth import role_names
from desk.world import SIGNED, World, rights_of

#: Islands' ledger has words of its own; sod.yaml translates them back.
ISLANDS_WORDS = {
    "create-vendor": "VEND-NEW", "change-bank-details": "VEND-BANK", "enter-invoice": "INV-IN",
    "run-payment": "PAY-RUN", "release-payment": "PAY-OK", "reconcile-bank": "BANK-REC",
    "administer-access": "USR-ADM", "view-vendor": "VEND-SEE", "enter-journal": "JNL-IN",
    "view-journal": "JNL-SEE",
}  # fmt: skip


def exports(world: World) -> dict[str, bytes]:
    """Every export by its path."""
    return {
        "hr/roster.csv": _roster(world),
        "sap/logins.csv": _logins(world),
        "sap/assignments.csv": _assignments(world),
        "sap/authorisations.csv": _authorisations(),
        "sap-dev/access.csv": _development(world),
        "islands/rights.csv": _islands(world),
        "treasury/rights.csv": _treasury(world),
        "bank/approvers.csv": _bank(world),
        "transfer/folders.csv": _transfer(world),
        "git/members.csv": _git(world),
    }


def _text(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _roster(world: World) -> bytes:
    head = ("employee_id", "name", "email", "manager", "department", "title", "status", "kind")
    rows = [
        (p.number, p.name, p.email, p.manager, p.department, p.title, p.status, p.kind)
        for _, p in sorted(world.people.items())
    ]
    return _text([head, *rows])


def _of(world: World, system: str) -> Iterable[tuple[str, str, str, tuple[str, str, str]]]:
    """Login, number, address and each right, of one system."""
    for _, login in sorted(world.logins.items()):
        if login.system == system:
            for right in login.rights:
                yield login.login, login.number, login.email, right


def _logins(world: World) -> bytes:
    head = ("BNAME", "PERNR", "USTYP", "UFLAG", "TRDAT")
    rows = [
        (a.login, a.number, "B" if a.kind == "workload" else "A", "64" if a.locked else "0",
         "30.10.2026")
        for _, a in sorted(world.logins.items())
        if a.system == "sap-prd"
    ]  # fmt: skip
    return _text([head, *rows], ";")


def _assignments(world: World) -> bytes:
    rows = [
        (account.login, *role)
        for _, account in sorted(world.logins.items())
        if account.system == "sap-prd"
        for role in account.roles
    ]
    return _text([("UNAME", "AGR_NAME", "FROM_DAT", "TO_DAT"), *rows], ";")


def _authorisations() -> bytes:
    """One row for each value of each role: transaction and object stand apart."""
    rows = [
        (role, *action.split(" ", 1), org)
        for role in role_names()
        for action, org in rights_of(role)
    ]
    return _text([("AGR_NAME", "KIND", "VALUE", "ORG"), *rows], ";")


def _development(world: World) -> bytes:
    rows = [
        (login, number, *action.split(" ", 1), package)
        for login, number, _, (action, package, _) in _of(world, "sap-dev")
    ]
    return _text([("UNAME", "PERNR", "KIND", "VALUE", "DEVCLASS"), *rows], ";")


def _islands(world: World) -> bytes:
    rows = [
        (login, number, ISLANDS_WORDS[action], company)
        for login, number, _, (action, company, _) in _of(world, "erp-islands")
    ]
    return _text([("LOGIN", "EMPLOYEE", "RIGHT", "COMPANY"), *rows])


def _treasury(world: World) -> bytes:
    rows = [
        (login, number, action, company, "4-EYES" if mode == SIGNED else "SINGLE")
        for login, number, _, (action, company, mode) in _of(world, "tms")
    ]
    return _text([("LOGIN", "EMPLOYEE", "RIGHT", "COMPANY", "SIGNATURE"), *rows])


def _bank(world: World) -> bytes:
    rows = [
        (login, number, mail, action, company)
        for login, number, mail, (action, company, _) in _of(world, "bank")
    ]
    return _text([("LOGIN", "PERSON", "EMAIL", "RIGHT", "ENTITY"), *rows], ";")


def _transfer(world: World) -> bytes:
    kinds = {login.login: login.kind for login in world.logins.values()}
    rows = [
        (login, kinds[login], number, action, company)
        for login, number, _, (action, company, _) in _of(world, "transfer")
    ]
    return _text([("LOGIN", "KIND", "EMPLOYEE", "RIGHT", "FOLDER"), *rows])


def _git(world: World) -> bytes:
    rows = [(login, mail, action, repo) for login, _, mail, (action, repo, _) in _of(world, "git")]
    return _text([("LOGIN", "EMAIL", "RIGHT", "REPOSITORY"), *rows])
