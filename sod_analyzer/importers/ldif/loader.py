"""The second reading: rows for accounts and roles; memberships are found beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sod_analyzer.importers.ldif import closing
from sod_analyzer.importers.ldif import vocabulary as words
from sod_analyzer.importers.ldif.accounts import AccountFacts, account_facts, naming, text_of
from sod_analyzer.importers.ldif.directory import Directory, Known, Mark
from sod_analyzer.importers.ldif.dn import Dn, DnError, leaf, normalise
from sod_analyzer.importers.ldif.holders import Holders, Place
from sod_analyzer.importers.ldif.memberships import Memberships, own_right
from sod_analyzer.importers.ldif.reader import Entry, Value, shorten
from sod_analyzer.model.access import Hides, IdentityClass, NodeKind
from sod_analyzer.model.batch import BatchBuilder, RawFile


@dataclass(frozen=True, slots=True)
class _Account:
    facts: AccountFacts
    kind: IdentityClass
    owner: str | None
    place: Place
    primary: tuple[tuple[str, Place], ...] = ()


class Loader:
    """Turns entries into rows; `finish` hands out what only the last entry settles."""

    def __init__(
        self,
        builder: BatchBuilder,
        directory: Directory,
        files: Sequence[RawFile],
        *,
        employee_id: str | None,
    ) -> None:
        self._builder = builder
        self._directory = directory
        self._employee_id = employee_id.lower() if employee_id else None
        self._holders = Holders(directory, builder, files)
        self._memberships = Memberships(builder, directory, self._holders)
        self._merging: dict[str, _Account] = {}
        self._waiting: dict[str, _Account] = {}
        self._rows_of: set[str] = set()  # roles of repeated names that have their row
        self._mail_lists: list[Place] = []
        self._uncertain_locks: list[Place] = []
        #: entries without rows so far: their file and name
        self.left_out: list[tuple[int, str]] = []

    def load(self, file: int, entry: Entry, normal: str) -> None:
        """Takes one entry of the index."""
        known = self._directory.names[normal]
        place = Place(file, entry.line)
        dn = leaf(entry.dn)
        if known.is_account:
            self._load_account(entry, dn, normal, place)
        if known.is_group:
            self._load_role(entry, dn, normal, known, place)
            self._memberships.of_group(file, entry, normal)
        if not known.is_account and not known.is_group:
            self.left_out.append((file, normal))
            if known.may_join:
                self._hold_back(entry, dn, normal, place)
        if not known.marks & Mark.IGNORED:
            self._memberships.of_member(file, entry, normal, known)

    def joined(self, normal: str) -> bool:
        """Whether the entry became an account because a group lists it."""
        return normal in self._holders.joined

    def finish(self) -> Iterator[None]:
        """The rows and issues that need all entries; pauses after each so that batches can go."""
        for normal, account in self._merging.items():
            self._account_row(normal, account)
            yield
        for normal, first in sorted(self._holders.joined.items()):
            self._joined_row(normal, first)
            yield
        yield from self._memberships.referenced()
        yield from self._memberships.everyone()
        yield from self._holders.flush_dangling()
        yield from closing.unexported_members(
            self._directory, self._holders, frozenset(self._memberships.filled)
        )
        yield from closing.incomplete_ranges(self._directory, self._holders)
        yield from closing.repeated_names(self._directory, self._holders)
        yield from closing.missing_primaries(self._holders, self._memberships.unresolved)
        closing.mail_lists(self._holders, self._mail_lists)
        closing.uncertain_locks(self._holders, self._uncertain_locks)

    def _load_account(self, entry: Entry, dn: Dn, normal: str, place: Place) -> None:
        account = self._account(entry, dn, normal, place)
        if not self._directory.names[normal].repeated:
            self._account_row(normal, account)
            return
        earlier = self._merging.get(normal)
        if earlier is None:
            self._merging[normal] = account
            return
        for role, at in account.primary:
            self._memberships.grant((NodeKind.ACCOUNT, self._id(normal)), role, at)
        merged = earlier.facts.merged(account.facts)
        self._merging[normal] = replace(earlier, facts=merged, owner=earlier.owner or account.owner)

    def _hold_back(self, entry: Entry, dn: Dn, normal: str, place: Place) -> None:
        """Keeps the facts of machines and contacts until it is known whether a group lists them."""
        known = self._directory.names[normal]
        if normal in self._waiting or not (known.marks & Mark.MACHINE or known.is_contact):
            return
        self._waiting[normal] = self._account(entry, dn, normal, place)

    def _account(self, entry: Entry, dn: Dn, normal: str, place: Place) -> _Account:
        # Most machines are left out in the end: what they lack is not worth an issue.
        matters = self._directory.names[normal].is_account

        def complain(name: str, value: Value, why: str) -> None:
            if not matters:
                return
            self._holders.issue(
                "unreadable-value",
                f"'{name}' of '{shorten(normal)}' cannot be read ({why}); the value is left out",
                hides=Hides.UNKNOWN,
                place=Place(place.file, value.line),
                subject=normal,
            )

        facts = account_facts(
            entry,
            dn,
            clock=self._directory.clock,
            complain=complain,
            employee_id=self._employee_id,
        )
        kind = self._directory.kind_of(normal)
        owner = None if kind is IdentityClass.PERSON else self._owner(entry, words.OWNER)
        primary = self._memberships.primary(place, entry, normal, note_missing=matters)
        return _Account(facts, kind, owner, place, tuple(primary))

    def _account_row(self, normal: str, account: _Account) -> None:
        facts = account.facts
        if facts.lock_uncertain:
            self._uncertain_locks.append(account.place)
        self._builder.account(
            self._id(normal),
            login=facts.login,
            kind=account.kind,
            enabled=facts.enabled,
            name=facts.name,
            email=facts.email,
            employee_id=facts.employee_id,
            dormant_why=facts.dormant_why,
            expires_on=facts.expires_on,
            created_at=facts.created_at,
            last_used_at=facts.last_used_at,
            owner=account.owner,
            **self._holders.where(account.place),
        )
        for role, at in account.primary:
            self._memberships.grant((NodeKind.ACCOUNT, self._id(normal)), role, at)

    def _joined_row(self, normal: str, first: Place) -> None:
        """The account of an entry that is one only because a group lists it."""
        known = self._directory.names[normal]
        account = self._waiting.get(normal)
        if account and known.is_contact:
            facts = replace(account.facts, enabled=False, dormant_why="a contact cannot sign in")
            account = replace(account, facts=facts)
        if account:
            self._account_row(normal, account)
            return
        self._builder.account(
            self._id(normal),
            login=leaf(normal).first(),
            kind=self._directory.kind_of(normal),
            **self._holders.where(first),
        )
        self._holders.issue(
            "unrecognised-member",
            f"'{shorten(normal)}' is in a group, but its class ({known.label or 'none'}) is not "
            "known as an account; it is taken for one. 'account_classes' can name the class",
            hides=Hides.NO,
            place=first,
            subject=normal,
        )

    def _load_role(self, entry: Entry, dn: Dn, normal: str, known: Known, place: Place) -> None:
        if known.repeated:
            if normal in self._rows_of:
                return
            self._rows_of.add(normal)
        name = naming(entry, dn, "cn") or dn.first()
        admin = any(value.text.strip() == "1" for value in entry.all("admincount"))
        self._builder.role(
            self._id(normal),
            kind=known.group_kind or "group",
            name=name,
            title=text_of(entry, "description"),
            privileged=True if admin else None,
            owner=self._owner(entry, words.ROLE_OWNER),
            **self._holders.where(place),
        )
        if known.grants_nothing:
            self._mail_lists.append(place)
        else:
            own_right(self._builder, self._holders, normal, name, place)

    def _owner(self, entry: Entry, names: tuple[str, ...]) -> str | None:
        """Who answers for the entry: the id of an account of the source, else as written."""
        for name in names:
            written = text_of(entry, name)
            if written is None:
                continue
            try:
                normal = normalise(written)
            except DnError:
                return written
            known = self._directory.names.get(normal)
            return self._id(normal) if known and known.is_account else written
        return None

    def _id(self, normal: str) -> str:
        return self._holders.node_id(normal)
