"""The issues that linking raises, each with the record to look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

from sod_analyzer.identity import sentences
from sod_analyzer.identity.evidence import Account, Roster, exact
from sod_analyzer.model.access import ISSUES, Hides, IdentityClass
from sod_analyzer.model.rows import Rows, shown


class IssueList:
    """Collects issues."""

    def __init__(self) -> None:
        self._rows = Rows(ISSUES)

    def table(self) -> pa.Table:
        """Everything reported so far."""
        return self._rows.table()

    def undecided(self, account: Account, text: str) -> None:
        """The methods disagree."""
        self._about(account, "undecided-link", text, Hides.YES)

    def workload(self, account: Account, text: str) -> None:
        """A bot looks like a person's account."""
        self._about(account, "workload-with-person-link", text, Hides.UNKNOWN)

    def unmatched(self, account: Account, roster: Roster, *, known: bool) -> None:
        """No method says anything. A workload hides nothing by that: it is a class of its own."""
        settled = known or account.kind == IdentityClass.WORKLOAD
        text = sentences.unmatched(account, roster, known=known)
        self._about(account, "unmatched-account", text, Hides.NO if settled else Hides.YES)

    def shared_login(self, account: Account, identities: Sequence[str], roster: Roster) -> None:
        """A shared account is tied to one person, and may have more."""
        text = sentences.shared_login(account, identities, roster)
        self._about(account, "shared-account-linked", text, Hides.YES)

    def add(
        self,
        kind: str,
        text: str,
        *,
        hides: Hides,
        system: str | None,
        subject: str | None,
        place: tuple[str | None, int | None],
    ) -> None:
        """Any issue; `place` is source id and record."""
        self._rows.add(
            kind=kind,
            system=system,
            subject=subject,
            text=text,
            hides=str(hides),
            source_id=place[0],
            record=place[1],
        )

    def _about(self, account: Account, kind: str, text: str, hides: Hides) -> None:
        self.add(
            kind,
            text,
            hides=hides,
            system=account.system,
            subject=account.account,
            place=(account.source_id, account.record),
        )


def alias_issues(
    report: IssueList, aliases: pa.Table, roster: Roster, accounts: Collection[str]
) -> None:
    """Reports the lines of the alias file that link nothing."""
    folded: dict[str, str] | None = None
    for row in aliases.to_pylist():
        account, employee_id = exact(row["account"]), exact(row["employee_id"])
        place = (row["source_id"], row["record"])
        system = account.partition(":")[0] if ":" in account else None
        if not account or not employee_id:
            missing = "account" if not account else "employee_id"
            report.add(
                "incomplete-alias",
                f"An alias has no {missing}, so it links nothing.",
                hides=Hides.UNKNOWN,
                system=system,
                subject=account or employee_id or None,
                place=place,
            )
            continue
        if account not in accounts:
            if folded is None:
                folded = {name.lower(): name for name in sorted(accounts)}
            close = folded.get(account.lower())
            hint = f"; did you mean '{shown(close)}'?" if close else "."
            report.add(
                "alias-unknown-account",
                f"An alias names account '{shown(account)}', which no source has{hint}",
                hides=Hides.UNKNOWN,
                system=system,
                subject=account,
                place=place,
            )
        if employee_id not in roster.by_employee_id:
            report.add(
                "alias-unknown-person",
                f"An alias ties account '{shown(account)}' to employee id "
                f"'{shown(employee_id)}', which the roster does not have.",
                hides=Hides.UNKNOWN,
                system=system,
                subject=account,
                place=place,
            )


def shared_address_issues(
    report: IssueList,
    roster: Roster,
    addresses: Mapping[str, str],
    linked: Mapping[str, Sequence[str]],
) -> None:
    """Reports each address of several people that some account carries.

    It hides nothing if every such account is linked to one of those people by other means.
    """
    carriers: dict[str, list[str]] = {}
    for account, address in addresses.items():
        if len(roster.by_email.get(address, ())) > 1:
            carriers.setdefault(address, []).append(account)
    for address, accounts in sorted(carriers.items()):
        owners = roster.by_email[address]
        ids = {person.identity for person in owners}
        settled = all(ids.issuperset(linked.get(account, ("",))) for account in accounts)
        report.add(
            "shared-email",
            sentences.shared_address(address, owners, accounts=len(accounts)),
            hides=Hides.NO if settled else Hides.UNKNOWN,
            system=owners[0].identity.partition(":")[0],
            subject=address,
            place=(owners[0].source_id, owners[0].record),
        )
