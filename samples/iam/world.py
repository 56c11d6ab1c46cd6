"""The rows of every file of this sample, and what is expected of them."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

SEED = 20261031

#: Application id to title and tier.
APPLICATIONS = {
    "claims": ("Claims", "move-money"),
    "policies": ("Policies", "customer-facing"),
    "pricing": ("Pricing", "internal"),
}

GIVEN_NAMES = """
Ada Bruno Clara Dario Elsa Fabio Greta Hugo Irma Jonas Katja Luca Mira Nico Olga Paul Rita
Sven Tilda Ugo Vera Wim Xenia Yves
"""
FAMILY_NAMES = """
Abel Brandt Conti Drews Engel Falk Gallo Huber Iven Jahn Klee Lang Moser Noll Orth Pohl Quast
Reiter Stahl Thoma Unger
"""
GIVEN, FAMILY = GIVEN_NAMES.split(), FAMILY_NAMES.split()


@dataclass(frozen=True)
class Plant:
    """Somebody who breaks a rule, and a twin who differs in one fact."""

    title: str
    rule: str
    who: str
    place: str
    verdict: str
    near: str
    near_place: str
    near_verdict: str
    fact: str


@dataclass
class World:
    """People and their rights. A person is an employee id, or the login of no person."""

    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    roster: list[list[str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[str, str] = field(default_factory=dict)
    plants: list[Plant] = field(default_factory=list)
    results: set[tuple[str, str, str, str]] = field(default_factory=set)

    def hire(
        self, department: str, title: str, *, kind: str = "person", status: str = "active"
    ) -> str:
        """A new person; returns the employee id."""
        number = f"{len(self.roster) * 7 + 70013:06d}"
        taken = set(self.names.values())
        name = ""
        while not name or name in taken:
            name = f"{self.chance.choice(GIVEN)} {self.chance.choice(FAMILY)}"
        self.names[number] = name
        email = f"{name.lower().replace(' ', '.')}@tidemark.example"
        self.roster.append([number, name, email, department, title, status, kind])
        return number

    def login(self, person: str, *, last: str = "20.10.2026", enabled: str = "yes") -> str:
        """The person's login in the governance tool, made on first use."""
        login = f"T{person[2:]}" if person.isdigit() else person
        number = person if person.isdigit() else ""
        self.accounts.setdefault(login, [login, number, "P", enabled, "", last])
        return login

    def machine(self, login: str, *, owner: str) -> None:
        """A login of the governance tool that belongs to a program."""
        self.accounts[login] = [login, "", "M", "yes", owner, "31.10.2026"]

    def in_iga(self, person: str, right: str, target: str) -> None:
        """A right in the governance tool."""
        self.rows["iga"].append([self.login(person), right, target])

    def join(self, person: str, group: str) -> None:
        """A place in a group of the governance tool."""
        self.rows["members"].append([self.login(person), group])

    def contain(self, group: str, right: str, target: str, *, privileged: bool = False) -> None:
        """A right of a group of the governance tool."""
        owner = self.owners.get(group, "")
        flag = "yes" if privileged else "no"
        self.rows["groups"].append([group, owner, flag, right, target])

    def in_hr(self, person: str, right: str) -> None:
        """A right in the personnel system."""
        self.rows["hr"].append([f"H{person[2:]}", person, right, "*"])

    def in_life(self, person: str, right: str, target: str) -> None:
        """A right in the other governance tool."""
        self.rows["life"].append([f"L{person[2:]}", person, right, target])

    def in_cloud(self, person: str, right: str, target: str) -> None:
        """A right in the cloud."""
        self.rows["cloud"].append([f"c-{person[2:]}", person, right, target])

    def check_out(self, person: str, emergency_id: str, out: str, back: str) -> None:
        """An emergency id in somebody's hands."""
        row = [f"V{person[2:]}", person, "check-out-emergency", emergency_id, out, back]
        self.rows["vault"].append(row)

    def expect(self, rule: str, subject: str, place: str, verdict: str = "violation") -> None:
        """States a finding."""
        self.results.add((rule, subject, place, verdict))

    def plant(  # noqa: PLR0917 - a plant is a row of a table
        self,
        rule: str,
        title: str,
        who: str,
        place: str,
        near: str,
        fact: str,
        *,
        near_place: str = "",
    ) -> None:
        """A plant and its near miss, which is clear; the finding itself is expected here too."""
        other = near_place or place
        self.plants.append(Plant(title, rule, who, place, "violation", near, other, "clear", fact))
        self.expect(rule, who, place)
