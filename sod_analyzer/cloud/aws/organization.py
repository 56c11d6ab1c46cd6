"""An organisation of AWS accounts: its tree, and the policies that limit what lies below.

Source: "DescribeOrganization", "ListRoots", "ListOrganizationalUnitsForParent",
"ListAccountsForParent", "ListPolicies", "DescribePolicy" and "ListTargetsForPolicy" of the
Organizations API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.estate import Account, Level
from sod_analyzer.cloud.aws.pages import Pages, Record, account_in, shown, stem

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
_KINDS = (SCP, RCP)
#: Lists and objects by which an export is known; a nested tree is known by its children.
_KNOWN = (
    "Organization", "Roots", "OrganizationalUnits", "Accounts", "Policies", "Policy", "Targets",
    "Children",
)  # fmt: skip
#: An organisation without policies of a kind allows everything, as far as that kind goes.
_OFF = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    "service control policies are switched off",
)


@dataclass(frozen=True)
class Organization:
    """Accounts by number with the levels above them; `problems` has what is missing or wrong."""

    name: str
    management: str | None
    accounts: Mapping[str, Account]
    titles: Mapping[str, str]  # what accounts are called, by number
    problems: tuple[str, ...] = ()

    def compared(self, exported: Iterable[str]) -> tuple[str, ...]:
        """Accounts of which only the organisation or only an export of IAM speaks."""
        exports = {number for number in exported if number}
        return (
            *(
                f"account {number} ({self.titles.get(number) or 'without a name'}) is in the "
                "organisation and has no export of IAM"
                for number in sorted({*self.accounts} - exports)
            ),
            *(
                f"account {number} has an export of IAM and is not in the organisation: "
                "no limit of it is applied there"
                for number in sorted(exports - {*self.accounts})
            ),
        )


@dataclass
class _Listed:
    """A policy as it is listed: its kind, its name and, where it was read, its document."""

    kind: str
    title: str = ""
    document: object = None
    targets: set[str] | None = None  # None where nobody said


def read(exports: Iterable[tuple[str, object]]) -> Organization:
    """The organisation that named exports describe.

    Each is what one call printed, all in one object, or a tree of `Children` with their
    `Policies`. What a list is about stands in its records (`ParentId`), or in its file's name,
    such as `list-accounts-for-parent/ou-1.json`.

    A policy that is attached and whose content is missing makes what it limits unknown; so does
    one of which nobody said where it is attached. Where no service control policy was listed at
    all the accounts have no levels, as if there were no organisation, and that is said.
    """
    reader = _Reader(Pages())
    for name, export in exports:
        for where, each in reader.pages.opened(name, export):
            reader.take(where, each)
    return reader.made()


@dataclass
class _Reader:
    pages: Pages
    titles: dict[str, str] = field(default_factory=dict)
    parents: dict[str, set[str]] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    policies: dict[str, _Listed] = field(default_factory=dict)
    read_kinds: set[str] = field(default_factory=set)
    switched: dict[str, bool] = field(default_factory=dict)
    managing: set[str] = field(default_factory=set)
    looked: dict[str, set[str]] = field(default_factory=dict)  # whose lists there are
    name: str = ""

    def take(self, where: str, export: Record) -> None:
        """What one call printed, or several in one object."""
        if not any(key in export for key in _KNOWN):
            self.pages.say(where, f"it has none of {', '.join(_KNOWN)} and is left out")
            return
        if "Children" in export or ("Id" in export and "Organization" not in export):
            self._tree(where, export)
            return
        self._about(where, export)
        for place, each in self.pages.records(where, export, "Roots"):
            self._root(place, each)
        for key, kept in (("OrganizationalUnits", self.units), ("Accounts", self.accounts)):
            if key in export:
                self.looked.setdefault(key, set()).add(stem(where))
            for place, each in self.pages.records(where, export, key):
                self._placed(place, each, kept, stem(where))
        self._policies(where, export)
        if "Targets" in export:
            self._targets(where, export, stem(where))

    def _policies(self, where: str, export: Record) -> None:
        if "Policies" in export and stem(where) in _KINDS:
            self.read_kinds.add(stem(where))
        for place, each in self.pages.records(where, export, "Policies"):
            self._policy(place, each)
        if export.get("Policy") is not None:
            self._policy(f"{where}: Policy", self.pages.inner(where, export, "Policy"))

    def _about(self, where: str, export: Record) -> None:
        found = self.pages.inner(where, export, "Organization")
        place = f"{where}: Organization"
        self.name = self.name or self.pages.text(place, found, "Id")
        for key in ("MasterAccountId", "ManagementAccountId"):
            if number := self.pages.text(place, found, key):
                self.managing.add(number)
        if self.pages.text(place, found, "FeatureSet") == "CONSOLIDATED_BILLING":
            self.switched.update(dict.fromkeys(_KINDS, False))

    def _root(self, where: str, record: Record) -> None:
        code = self.pages.needed(where, record, "Id")
        if code is None:
            return
        self.roots.add(code)
        self._known(where, code, record)
        if record.get("PolicyTypes") is None:
            return
        # What is about to be switched on or off binds nobody for sure: it is taken to be off.
        on = {
            each.get("Type")
            for _, each in self.pages.records(where, record, "PolicyTypes")
            if each.get("Status") == "ENABLED"
        }
        self.switched.update({kind: kind in on for kind in _KINDS})

    def _known(self, where: str, code: str, record: Record) -> None:
        if title := self.pages.text(where, record, "Name"):
            self.titles[code] = title
        # The ARN of whatever belongs to an organisation has the managing account in it.
        arn = self.pages.text(where, record, "Arn")
        if arn.partition(":organizations:")[1] and account_in(arn):
            self.managing.add(account_in(arn))
            self.name = self.name or [*arn.split("/"), ""][1]

    def _placed(self, where: str, record: Record, kept: set[str], about: str) -> None:
        """A unit or account, with what it lies under."""
        code = self.pages.needed(where, record, "Id")
        if code is None:
            return
        kept.add(code)
        self._known(where, code, record)
        parent = self.pages.text(where, record, "ParentId")
        if not parent and about.startswith(("r-", "ou-")):
            parent = about
        if parent:
            self.parents.setdefault(code, set()).add(parent)
        if parent.startswith("r-"):
            self.roots.add(parent)

    def _policy(self, where: str, record: Record) -> None:
        """A policy as `list-policies` or `describe-policy` prints it, or both in one."""
        summary = self.pages.inner(where, record, "PolicySummary") or record
        code = self.pages.needed(where, summary, "Id")
        kind = self.pages.text(where, summary, "Type") or _kind_in(
            self.pages.text(where, summary, "Arn")
        )
        if code is None:
            return
        if not kind:
            self.pages.say(where, f"{code} has no Type and is left out")
            return
        self.read_kinds.add(kind)
        if kind not in _KINDS:
            return  # of tags, backups and the like, which limit nobody's rights
        listed = self.policies.setdefault(code, _Listed(kind))
        listed.kind = listed.kind or kind  # its targets may have come first
        listed.title = self.pages.text(where, summary, "Name") or listed.title
        content = record.get("Content")
        if content is not None:
            if listed.document is not None and listed.document != content:
                self.pages.say(where, f"{code} is there twice and differs; neither is sure")
                content = f"{code} is there twice and differs"
            listed.document = content
        if "Targets" in record:
            self._targets(where, record, code)

    def _targets(self, where: str, export: Record, about: str) -> None:
        if not about.startswith("p-"):
            self.pages.say(
                where, "no policy is named of which these are the Targets; name the file p-….json"
            )
            return
        found = set()
        for place, each in self.pages.records(where, export, "Targets"):
            target = self.pages.needed(place, each, "TargetId")
            if target is not None:
                found.add(target)
        listed = self.policies.setdefault(about, _Listed(""))
        listed.targets = (listed.targets or set()) | found

    # -- a tree ----------------------------------------------------------------------------------

    def _tree(self, where: str, top: Record) -> None:
        """A root or unit with its policies and what lies below it, however deep."""
        # A tree whose makers knew nothing of resource control policies has the others whole.
        self.read_kinds.add(SCP)
        pending: list[tuple[str, Record, str | None]] = [(where, top, None)]
        while pending:
            place, record, above = pending.pop()
            code = self.pages.needed(place, record, "Id")
            if code is None:
                continue
            self._known(place, code, record)
            if above is None:
                self.roots.add(code)
            else:
                self.parents.setdefault(code, set()).add(above)
                (self.units if code.startswith("ou-") else self.accounts).add(code)
            self._attached(place, code, record)
            for below, child in reversed(self.pages.records(place, record, "Children")):
                pending.append((below, child, code))

    def _attached(self, where: str, code: str, record: Record) -> None:
        for number, (place, each) in enumerate(self.pages.records(where, record, "Policies"), 1):
            summary = self.pages.inner(place, each, "PolicySummary") or each
            name = self.pages.text(place, summary, "Id") or f"policy {number} of {code}"
            kind = self.pages.text(place, summary, "Type") or _kind_in(
                self.pages.text(place, summary, "Arn")
            )
            kind = kind or SCP
            self.read_kinds.add(kind)
            if kind not in _KINDS:
                continue
            listed = self.policies.setdefault(name, _Listed(kind))
            listed.title = self.pages.text(place, summary, "Name") or listed.title
            listed.document = each.get("Content") if listed.document is None else listed.document
            if each.get("Content") not in (None, listed.document):
                self.pages.say(place, f"{name} is there twice and differs; neither is sure")
                listed.document = f"{name} is there twice and differs"
            listed.targets = {*(listed.targets or ()), code}

    # -- the whole -------------------------------------------------------------------------------

    def made(self) -> Organization:
        """Everything that was taken, put together."""
        say = self.pages.say
        name = f"organisation {self.name}" if self.name else "organisation"
        management = self._management(name)
        self._unlisted(name)
        attached = self._by_target(name)
        on = {kind: self.switched.get(kind, True) for kind in _KINDS}
        limited = SCP in self.read_kinds or RCP in self.read_kinds or not on[SCP]
        if not limited:
            say(name, "no service control policies were read: none limits an answer")
        elif on[SCP] and SCP not in self.read_kinds:
            say(name, "service control policies were not read: what they limit is unknown")
        if limited and on[RCP] and RCP not in self.read_kinds:
            say(name, "no resource control policies were read: none limits an answer")
        accounts = {number: Account(number) for number in sorted(self.accounts)}
        levels: dict[str, Level] = {}
        for number in accounts if limited else ():
            chain = self._chain(name, number)
            made = []
            for code in chain:
                if code not in levels:
                    levels[code] = self._level(code, attached.get(code, ()), on)
                made.append(levels[code])
            accounts[number] = Account(number, tuple(made), number == management)
        if not accounts:
            say(name, "it has no accounts")
        said = {text for level in levels.values() for text in _problems(level)}
        titles = {number: self.titles.get(number, "") for number in accounts}
        problems = (*self.pages.done(), *sorted(said))
        return Organization(self.name, management, accounts, titles, problems)

    def _management(self, name: str) -> str | None:
        if len(self.managing) == 1:
            [found] = self.managing
            return found
        if self.managing:
            said = f"{' and '.join(sorted(self.managing))} are both said to manage it"
        else:
            said = "no account is said to manage it"
        self.pages.say(name, f"{said}: limits are taken to bind every account")
        return None

    def _unlisted(self, name: str) -> None:
        """Places whose own lists are missing, where other places have them."""
        for key in ("OrganizationalUnits", "Accounts"):
            looked = self.looked.get(key, set())
            if any(about.startswith(("r-", "ou-")) for about in looked):
                for code in sorted((self.roots | self.units) - looked):
                    self.pages.say(name, f"nobody says which {key} lie under {code}")

    def _by_target(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """Policies by the root, unit or account that they are attached to."""
        found: dict[str, list[str]] = {}
        known = self.roots | self.units | self.accounts
        for code, listed in sorted(self.policies.items()):
            if not listed.kind:
                if listed.targets:
                    # Nobody says which kind it is: it may limit callers, so it is taken to.
                    self.pages.say(name, f"policy {code} has targets and is not listed")
                    listed.kind = SCP
                    self.read_kinds.add(SCP)
                else:
                    continue
            targets = listed.targets
            if targets is None:
                self.pages.say(
                    name, f"nobody says where policy {code} is attached: it may be anywhere"
                )
                targets = known
                listed.document = None
            for target in sorted(targets):
                found.setdefault(target, []).append(code)
                if target not in known:
                    self.pages.say(name, f"policy {code} is attached to {shown(target)}, unknown")
        return {target: tuple(codes) for target, codes in found.items()}

    def _chain(self, name: str, number: str) -> tuple[str, ...]:
        """From the root to the account; a place in it that is missing is named."""
        chain = [number]
        while chain[-1] not in self.roots:
            above = sorted(self.parents.get(chain[-1], ()))
            if len(above) != 1 or above[0] in chain:
                said = "lies under nothing" if not above else f"lies under {' and '.join(above)}"
                if above and above[0] in chain:
                    said = "lies under itself"
                self.pages.say(name, f"{chain[-1]} {said}: what limits account {number} is unknown")
                return ("", *reversed(chain))
            chain.append(above[0])
        return tuple(reversed(chain))

    def _level(self, code: str, attached: Iterable[str], on: Mapping[str, bool]) -> Level:
        title = self.titles.get(code)
        name = f"{code} ({title})" if title else code
        if not code:
            unknown = Policy.missing("a level that the export does not name")
            return Level("a level that the export does not name", (unknown,), (unknown,))
        kinds: dict[str, list[Policy]] = {SCP: [], RCP: []}
        for each in attached:
            kinds[self.policies[each].kind].append(self._document(each))
        if not on[SCP]:
            kinds[SCP] = [_OFF]
        elif SCP not in self.read_kinds:
            kinds[SCP] = [Policy.missing(f"service control policies of {name}")]
        return Level(name, tuple(kinds[SCP]), tuple(kinds[RCP]) if on[RCP] else ())

    def _document(self, code: str) -> Policy:
        listed = self.policies[code]
        kind = "SCP" if listed.kind == SCP else "RCP"
        name = f"{kind} {code}" + (f" ({listed.title})" if listed.title else "")
        if listed.document is None:
            return Policy.missing(name)
        form = Form.IDENTITY if listed.kind == SCP else Form.RESOURCE
        return parse(listed.document, name, form)


def _kind_in(arn: str) -> str:
    """The kind that a policy's ARN names; empty where it names none."""
    for kind in _KINDS:
        if f"/{kind.lower()}/" in arn:
            return kind
    return ""


def _problems(level: Level) -> Iterator[str]:
    for policy in (*level.scps, *level.rcps):
        yield from policy.problems
