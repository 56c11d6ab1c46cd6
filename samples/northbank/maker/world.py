"""The bank as facts: people, accounts, and the duties each account was given, stated by hand.

Every method that gives access records it twice: once in the form in which the system's export shows
it, and once as plain facts (duty, system, resource). The truth is computed from the facts alone, so
a mistake in an export, or in a reader of it, cannot hide in the expected answers.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from maker import bank, names

SEED = "northbank-2026"
AS_OF = date(2026, 10, 31)
HEADCOUNT = 300

T = TypeVar("T")


def draw(key: str, below: int) -> int:
    """A number below `below` that depends on the seed and the key only, never on call order."""
    return int.from_bytes(hashlib.sha256(f"{SEED}:{key}".encode()).digest()[:8], "big") % below


def pick(key: str, options: Sequence[T]) -> T:
    """One of the options, the same on every run."""
    return options[draw(key, len(options))]


class Fact(NamedTuple):
    """A duty that an account can perform on a resource; `*` is everything in the system."""

    duty: str
    system: str
    resource: str


@dataclass(slots=True)
class Person:
    """One line of the roster."""

    number: str
    name: str
    email: str
    department: str
    title: str
    manager: str = ""
    status: str = "active"
    kind: str = "person"
    start_on: str = ""
    end_on: str = ""

    @property
    def handle(self) -> str:
        """The name in small ASCII letters, `first.last`."""
        return self.email.partition("@")[0]


@dataclass(slots=True)
class Account:
    """One login, whose it is, and what it can do."""

    key: str  # system:native-id
    system: str
    name: str
    owner: str | None  # employee number; None when no link is possible or the link is undecided
    candidates: tuple[str, ...] = ()  # of an undecided link
    dormant: str = ""
    workload: bool = False
    facts: set[Fact] = field(default_factory=set)
    unrestricted: bool = False
    minded: bool = False  # a robot's: somebody assumes it
    conditional: bool = False  # its facts hold where a condition is met


@dataclass(slots=True)
class LdapEntry:
    """One person entry of the directory."""

    uid: str
    cn: str
    mail: str
    number: str
    title: str
    department: str
    lock: str = ""  # an LDIF line that locks the account, or shows that it is not locked
    gid: int = 0  # 0: no posixAccount
    ou: str = "people"

    @property
    def dn(self) -> str:
        """The distinguished name as the directory writes it."""
        return f"uid={self.uid},ou={self.ou},{bank.BASE_DN}"


@dataclass(slots=True)
class GithubMember:
    """One GitHub login."""

    login: str
    owner: bool = False
    outside: bool = False
    teams: tuple[str, ...] = ()
    maintains: tuple[str, ...] = ()
    repos: dict[str, str] = field(default_factory=dict)  # repository to level, given directly


class UserBinding(NamedTuple):
    """A Kubernetes user named in a binding."""

    cluster: str
    namespace: str  # empty: bound cluster-wide
    role_kind: str
    role: str
    subject: str


class Line(NamedTuple):
    """One line of the change manager's export."""

    login: str
    number: str
    name: str
    letters: str
    code: str
    since: str
    until: str


@dataclass(slots=True)
class AwsPerson:
    """Somebody in Identity Center, and the sets assigned in accounts, by name and system."""

    code: str
    login: str
    name: str
    email: str
    sets: tuple[tuple[str, str], ...]


class AwsLogin(NamedTuple):
    """A login of IAM: the tag with its person's e-mail address, and its groups."""

    account: str
    name: str
    email: str = ""
    groups: tuple[str, ...] = ()


class Plant(NamedTuple):
    """One planted fact, and the person for whom exactly one fact is different."""

    title: str
    person: str
    near_miss: str
    rule: str
    place: str
    verdict: str
    near_miss_verdict: str
    fact: str


class World:
    """Everything that was planted, in the order of planting; writers sort."""

    def __init__(self, *, as_approved: bool = False) -> None:
        #: As it was on the day on which the papers in `approvals/` were signed.
        self.as_approved = as_approved
        self.people: dict[str, Person] = {}
        self.accounts: dict[str, Account] = {}
        self.ldap_entries: dict[str, LdapEntry] = {}
        self.group_members: dict[str, list[str]] = {cn: [] for cn in bank.GROUPS}
        self.group_owners: dict[str, str] = {}  # group to the DN of an account
        self.last_used: dict[str, str] = {}  # account to the day of its last sign-in
        self.memberuids: dict[str, list[str]] = {}
        self.github_members: dict[str, GithubMember] = {}
        self.user_bindings: list[UserBinding] = []
        self.lines: list[Line] = []
        self.aliases: list[tuple[str, str, str, str]] = []
        self.aws_people: dict[str, AwsPerson] = {}  # by account
        self.aws_logins: list[AwsLogin] = []
        self.plants: list[Plant] = []
        numbers = (f"{1001 + 7 * i:06d}" for i in range(HEADCOUNT))
        self._numbers = sorted(numbers, key=lambda number: draw(f"number {number}", 2**40))
        self._names = names.shuffled(lambda name: draw(f"name {name}", 2**40))
        self._handles: set[str] = set()

    # People

    def person(
        self,
        department: str = "Technology",
        title: str = "Engineer",
        *,
        name: str = "",
        email: str = "",
        status: str = "active",
        kind: str = "person",
    ) -> str:
        """Hire somebody; returns the employee number."""
        number = self._numbers.pop()
        name = name or self._names.pop()
        email = email or f"{self._handle(name)}@northbank.example"
        start = f"{2008 + draw('y' + number, 18)}-{1 + draw('m' + number, 12):02d}-01"
        end = ""
        if status == "leaver":
            end = f"2026-{7 + draw('e' + number, 3):02d}-15"
        if status == "future":
            start = "2026-12-01"
        self.people[number] = Person(
            number, name, email, department, title, "", status, kind, start, end
        )
        return number

    def _handle(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
        plain = plain.replace("ø", "o").replace("Ø", "O").replace("ß", "ss")
        words = [
            "".join(c for c in word if c.isascii() and c.isalpha()).lower()
            for word in plain.split()
        ]
        words = [word for word in words if word] or ["staff"]
        stem = handle = f"{words[0]}.{words[-1]}" if len(words) > 1 else words[0]
        count = 1
        while handle in self._handles:
            count += 1
            handle = f"{stem}{count}"
        self._handles.add(handle)
        return handle

    # Access

    def ldap(
        self,
        number: str,
        *groups: str,
        uid: str = "",
        lock: str = "",
        mail: str | None = None,
        employee: str | None = None,
        gid: int = 0,
        linked: bool = True,
        candidates: tuple[str, ...] = (),
        ou: str = "people",
    ) -> str:
        """A directory account in these groups; returns its key.

        `mail` and `employee` are what the entry says; by default what the roster says.
        """
        who = self.people[number]
        uid = uid or who.handle
        entry = LdapEntry(
            uid,
            who.name,
            who.email if mail is None else mail,
            number if employee is None else employee,
            who.title,
            who.department,
            lock,
            gid,
            ou,
        )
        self.ldap_entries[uid] = entry
        key = f"ldap-north:{entry.dn}"
        dormant = "locked" if lock in bank.LOCKS else ""
        owner = number if linked and not candidates else None
        service = ou == "services"
        account = Account(key, "ldap-north", who.name, owner, candidates, dormant, service)
        self.accounts[key] = account
        for cn in groups:
            self.group_members[cn].append(entry.dn)
            self._give(account, bank.GROUPS[cn].gives)
            account.unrestricted |= bank.GROUPS[cn].unrestricted
        if gid:
            self._give(account, bank.GIDS[gid])
        return key

    def memberuid(self, key: str, cn: str) -> None:
        """Name the account in a posixGroup's memberUid."""
        uid = key.partition("uid=")[2].partition(",")[0]
        self.memberuids.setdefault(cn, []).append(uid)
        self._give(self.accounts[key], bank.GIDS[bank.POSIX_GROUPS[cn]])

    def signed_in(self, account: Account) -> set[Fact]:
        """What a directory account can do in the clusters under the name it signs in with there."""
        mails = {
            entry.mail
            for entry in self.ldap_entries.values()
            if account.key == f"ldap-north:{entry.dn}" and entry.mail
        }
        names = {f"{cluster}:oidc:{mail}" for cluster in ("k8s-prod", "k8s-test") for mail in mails}
        return {fact for name in names & self.accounts.keys() for fact in self.accounts[name].facts}

    def github(
        self,
        number: str,
        *teams: str,
        repos: dict[str, str] | None = None,
        owner: bool = False,
        outside: bool = False,
        maintains: tuple[str, ...] = (),
        login: str = "",
        linked: bool = True,
    ) -> str:
        """A GitHub account in these teams; returns its key."""
        who = self.people[number]
        first, _, last = who.handle.partition(".")
        login = login or f"{last or first}-{first[:2]}-nb"
        self.github_members[login] = GithubMember(
            login, owner, outside, (*teams, *maintains), maintains, repos or {}
        )
        key = f"github-north:{login.lower()}"
        account = Account(key, "github-north", login, number if linked else None)
        account.unrestricted = owner
        self.accounts[key] = account
        for slug in (*teams, *maintains):
            self._give(account, bank.TEAMS[slug].gives)
        for repo, level in (repos or {}).items():
            if repo not in bank.ARCHIVED:
                self._give(
                    account, (f"{d} github-north {bank.ORG}/{repo}" for d in bank.LEVELS[level])
                )
        if owner:
            self._give(account, (f"{duty} github-north *" for duty in bank.OWNER_DUTIES))
        if linked:
            self.aliases.append(
                (key, number, "2025-03-01", "Single sign-on export of the organisation")
            )
        return key

    def kube(
        self,
        number: str | None,
        cluster: str,
        namespace: str,
        role: str,
        *,
        subject: str = "",
        role_kind: str = "ClusterRole",
    ) -> str:
        """Name a Kubernetes user in a binding; an `oidc:` e-mail is the person's own."""
        subject = subject or f"oidc:{self.people[str(number)].email}"
        self.user_bindings.append(UserBinding(cluster, namespace, role_kind, role, subject))
        key = f"{cluster}:{subject}"
        account = self.accounts.setdefault(key, Account(key, cluster, subject, number))
        duties = bank.KUBE_DUTIES.get((cluster, role_kind, role, namespace))
        if duties is None:
            duties = bank.KUBE_DUTIES[cluster, role_kind, role, "any"]
        self._give(account, (f"{duty} {cluster} {namespace or '*'}" for duty in duties))
        return key

    def mainframe(
        self,
        number: str,
        letters: str,
        code: str,
        *,
        since: str = "",
        until: str = "",
        login: str = "",
        written: str | None = None,
        linked: bool = True,
        valid: bool = True,
    ) -> str:
        """A line in the change manager; `written` is what its employee column says."""
        who = self.people[number]
        login = login or f"NB{number[1:]}"
        shown = number if written is None else written
        self.lines.append(Line(login, shown, who.name, letters, code, since, until))
        key = f"changeman:{login}"
        account = self.accounts.setdefault(
            key, Account(key, "changeman", login, number if linked else None)
        )
        if valid:
            for letter in letters.split(","):
                self._give(account, (f"{duty} changeman {code}" for duty in bank.LETTERS[letter]))
        return key

    def alias(self, key: str, number: str, why: str) -> None:
        """Link an account to a person by the alias file."""
        self.aliases.append((key, number, "2026-02-01", why))
        self.accounts[key].owner = number

    def open_account(
        self,
        key: str,
        name: str,
        owner: str | None,
        facts: Iterable[str],
        *,
        workload: bool = False,
        minded: bool = False,
        unrestricted: bool = False,
    ) -> str:
        """An account that can do this; returns its key."""
        account = Account(key, key.partition(":")[0], name, owner, workload=workload)
        account.minded, account.unrestricted = minded, unrestricted
        self._give(account, facts)
        self.accounts[key] = account
        return key

    @staticmethod
    def _give(account: Account, facts: Iterable[str]) -> None:
        for fact in facts:
            account.facts.add(Fact(*fact.split(" ", 2)))

    # Plants

    def plant(
        self,
        title: str,
        who: tuple[str, str],
        rule: str,
        place: str,
        fact: str,
        *,
        verdict: str = "violation",
        near_miss_verdict: str = "clear",
    ) -> None:
        """Write down what was planted, for whom, who only nearly has it, and the answers."""
        self.plants.append(Plant(title, *who, rule, place, verdict, near_miss_verdict, fact))
