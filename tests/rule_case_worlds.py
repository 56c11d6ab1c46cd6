"""Cases files as worlds for the oracle: read with PyYAML alone, nothing of the package.

Each case gets a world of its own: its people, and every right that any case of the file names.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tests.rule_texts import Edge, Plain, World

USUAL_DAY = date(2026, 10, 1)
LISTS = {
    "hit": "violation",
    "miss": "clear",
    "gated": "gated",
    "mitigated": "mitigated",
    "not-evaluable": "not-evaluable",
}
_HEAD = ("ruleset", "systems", "applications", "roles", "as_of")
_MARKS = ("at", "differs", "exists", "mitigation")


@dataclass(frozen=True)
class Case:
    """One entry of a cases file."""

    rule_id: str
    expected: str
    line: int
    people: Mapping[str, Plain]  # in the order written
    at: str | None = None
    mitigation: Plain | None = None
    exists: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseFile:
    """A cases file: its head as written, and its entries."""

    head: Plain
    cases: tuple[Case, ...]

    @property
    def today(self) -> date:
        return date.fromisoformat(self.head.get("as_of", USUAL_DAY.isoformat()))


@dataclass(frozen=True)
class Stage:
    """The nodes of a case's first person, by what a rule may judge."""

    identity: tuple[str, ...]
    account: tuple[str, ...]
    role: tuple[str, ...]
    keys: Mapping[str, str]  # name of a person to the node


def plain(node: yaml.Node) -> Any:
    """A YAML node with every scalar as the text that stands there."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(each) for each in node.value]
    return node.value


def read(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("a mapping was expected")
    return root


def read_ruleset(path: Path) -> Plain:
    """A ruleset file as plain dictionaries."""
    found: Plain = plain(read(path.read_text(encoding="utf-8")))
    return found


def read_cases(text: str) -> CaseFile:
    """A cases file, entry by entry, each with its line."""
    head: dict[str, Any] = {}
    cases: list[Case] = []
    for key, value in read(text).value:
        if key.value in _HEAD:
            head[key.value] = plain(value)
            continue
        for name, entries in value.value:
            cases += [_case(key.value, name.value, entry) for entry in entries.value]
    return CaseFile(head, tuple(cases))


def _case(rule_id: str, name: str, node: yaml.Node) -> Case:
    tree = plain(node)
    people = {
        person: facts if isinstance(facts, dict) else {"rights": facts}
        for person, facts in tree.items()
        if person not in _MARKS
    }
    return Case(
        rule_id,
        LISTS[name],
        node.start_mark.line + 1,
        people,
        tree.get("at"),
        tree.get("mitigation"),
        tuple(tree.get("exists", ())),
    )


# -- rights ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Right:
    """One right as a line of words."""

    system: str
    action: str
    resource: str
    flags: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        return "with-approval" if "with-approval" in self.flags else "alone"

    @property
    def node(self) -> str:
        return f"right {self.system} {self.action} {self.resource} {self.mode}"

    @property
    def via(self) -> list[str]:
        return self.values["via"].split(">") if "via" in self.values else []

    def day(self, name: str) -> date | None:
        return date.fromisoformat(self.values[name]) if name in self.values else None


def read_right(text: str) -> Right:
    system, action, resource, *tags = shlex.split(text)
    flags = {tag for tag in tags if "=" not in tag and not tag.startswith("@")}
    values = dict(tag.split("=", 1) for tag in tags if "=" in tag and not tag.startswith("@"))
    values |= {tag[0]: tag[1:] for tag in tags if tag.startswith("@")}
    return Right(system, action, resource, frozenset(flags), values)


def rights_of(file: CaseFile) -> list[Right]:
    """Every right that stands anywhere in the file."""
    lines = [
        line for role in file.head.get("roles", {}).values() for line in role.get("rights", ())
    ]
    for case in file.cases:
        lines += [line for person in case.people.values() for line in person["rights"]]
        lines += case.exists
    return [read_right(line) for line in lines]


# -- worlds ----------------------------------------------------------------------------------------


def world_of(file: CaseFile, case: Case, rights: Iterable[Right]) -> tuple[World, Stage]:
    """The world of one case, in which all these rights exist."""
    builder = _Builder(file, case)
    return builder.world(rights), builder.stage()


def _own(account: str) -> str:
    """An account that is nobody's known stands for itself."""
    return f"own {account}"


class _Builder:
    def __init__(self, file: CaseFile, case: Case) -> None:
        self.file = file
        self.case = case
        self.people: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, dict[str, Any]] = {}
        self.edges: list[Edge] = []
        self.first: tuple[list[str], list[str]] = ([], [])
        self.logins: dict[tuple[str, str], str] = {}
        self.reached: dict[tuple[str, str, str], list[bool]] = {}

    def world(self, rights: Iterable[Right]) -> World:
        for name, facts in self.case.people.items():
            if self.in_roster(name):
                key = facts.get("employee_id", name)
                told = {k: facts.get(k) for k in ("department", "title", "manager")}
                self.people[name] = {
                    "class": facts.get("class", "person"),
                    "status": facts.get("status", "active"),
                    "key": key,
                    **told,
                }
        for n, (name, facts) in enumerate(self.case.people.items()):
            for line in facts["rights"]:
                accounts, roles = self.right(name, read_right(line))
                if n == 0:
                    self.first[0].extend(accounts)
                    self.first[1].extend(roles)
        self.link()
        for declared in self.file.head.get("roles", {}):
            system, _, name = declared.partition(":")
            self.role(system, name)
        for facts in self.roles.values():
            owner = facts["owner"]
            # A person's login in that system, else whatever has that name there.
            named = f"{facts['system']}:{owner}"
            known = named if named in self.roles or named in self.accounts else owner
            facts["owner"] = self.logins.get((str(owner), facts["system"]), known)
        head = self.file.head
        return World(
            today=self.file.today,
            systems={
                name: {
                    "product": facts["product"],
                    "environment": facts.get("environment"),
                    "missing": facts.get("missing") == "true",
                    "scope": facts.get("scope", "in-scope"),
                }
                for name, facts in head["systems"].items()
            },
            placements=[
                (app, place["system"], place["resource"], place.get("environment"))
                for app, facts in head["applications"].items()
                for place in facts["resources"]
            ],
            tiers={app: facts.get("tier") for app, facts in head["applications"].items()},
            people=self.people,
            accounts=self.accounts,
            roles=self.roles,
            rights={r.node: (r.system, r.action, r.resource, r.mode) for r in rights},
            edges=list(dict.fromkeys(self.edges)),
        )

    def stage(self) -> Stage:
        lead = next(iter(self.case.people))
        accounts, roles = (tuple(dict.fromkeys(each)) for each in self.first)
        identities = (lead,) if self.in_roster(lead) else tuple(map(_own, accounts))
        known = {name: name for name in self.case.people if self.in_roster(name)}
        return Stage(identities, accounts, roles, known)

    def in_roster(self, name: str) -> bool:
        facts = self.case.people[name]
        return (
            facts.get("class", "person") in ("person", "vendor")
            and facts.get("status") != "unknown"
        )

    def right(self, name: str, right: Right) -> tuple[list[str], list[str]]:
        """States one right of a person; the accounts and roles it leads through."""
        roles = [self.role(right.system, each) for each in right.via]
        if roles:
            inner = self.roles[roles[-1]]
            inner["privileged"] = inner["privileged"] or "privileged" in right.flags
            inner["owner"] = right.values.get("owner", inner["owner"])
        if self.case.people[name].get("class") == "role":
            start = self.role(right.system, name)
            self.chain([start, *roles, right.node], None)
            return [], [start, *roles]
        account = self.account(name, right)
        self.chain([account, *roles, right.node], right)
        return [account], roles

    def chain(self, nodes: list[str], right: Right | None) -> None:
        """One edge from each node to the next; the tags of a grant are about the first."""
        for n, (holder, target) in enumerate(pairwise(nodes)):
            if n or right is None:
                self.edges.append(Edge(holder, target))
                continue
            over = self.file.today - timedelta(days=1) if "expired" in right.flags else None
            hours = right.values.get("hours")
            self.edges.append(
                Edge(
                    holder,
                    target,
                    eligible="eligible" in right.flags,
                    conditional="conditional" in right.flags,
                    self_grant="self-grant" in right.flags,
                    since=right.day("from"),
                    until=over or right.day("until"),
                    hours=None if hours is None else int(hours),
                )
            )

    def role(self, system: str, name: str) -> str:
        node = f"{system}:{name}"
        if node not in self.roles:
            facts = self.file.head.get("roles", {}).get(node, {})
            self.roles[node] = {
                "system": system,
                "privileged": facts.get("privileged") == "true",
                "owner": facts.get("owner"),
            }
            for line in facts.get("rights", ()):
                right = read_right(line)
                inner = [self.role(right.system, each) for each in right.via]
                self.chain([node, *inner, right.node], None)
        return node

    def account(self, name: str, right: Right) -> str:
        bot, shared = right.values.get("bot"), right.values.get("shared")
        node = f"{right.system}:{bot or shared or right.values.get('@') or name}"
        kind = self.case.people[name].get("class", "person")
        facts = self.accounts.setdefault(
            node,
            {
                "system": right.system,
                "class": "workload" if bot else "shared" if shared else kind,
                "unused": 0,
                "of": set(),
                "maybe": set(),
            },
        )
        undecided = "undecided" in right.flags
        if bot or shared:
            how = "controls" if bot else "uses"
            self.reached.setdefault((name, node, how), []).append(undecided)
        elif self.in_roster(name):
            facts["maybe" if undecided else "of"].add(name)
            self.logins.setdefault((name, right.system), node)
        self.describe(facts, right)
        return node

    def describe(self, facts: dict[str, Any], right: Right) -> None:
        if "disabled" in right.flags:
            facts["enabled"] = False
        if "unused" in right.values:
            facts["unused"] = int(right.values["unused"])
        if "use-unknown" in right.flags:
            facts["unused"] = None
        for name in ("created", "expires"):
            if name in right.values:
                facts[name] = right.day(name)
        if "owner" in right.values and not right.via:
            facts["owner"] = right.values["owner"]

    def link(self) -> None:
        """Gives each account its person, or stands it up by itself."""
        for (person, node, how), open_ in self.reached.items():
            # What a tag says of an account holds for all rights through it.
            self.edges.append(Edge(person, node, how, undecided=any(open_)))
        for node, facts in self.accounts.items():
            if facts["of"] and not facts["maybe"]:
                (person,) = facts["of"]
                self.edges.append(Edge(person, node, "holds"))
                continue
            self.people[_own(node)] = {"class": facts["class"], "status": "unknown", "key": node}
            self.edges.append(Edge(_own(node), node, "holds"))
            for person in sorted(facts["maybe"]):
                self.edges.append(Edge(person, node, "holds", undecided=True))
