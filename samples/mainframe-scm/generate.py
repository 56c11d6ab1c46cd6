"""Makes the files of this sample: an insurer's change manager, and what must be found in it.

Everything is planted first and written down in EXPECTED.json; no tool takes part. The same bytes
come out on every run.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from pages import CONFIGURATION, PAGE

HERE = Path(__file__).resolve().parent
SEED = 20261031

#: Code in the change manager, application id, title, tier.
APPLICATIONS = (
    ("PAY", "payments", "Payments", "move-money"),
    ("CLM", "claims", "Claims", "customer-facing"),
    ("POL", "policies", "Policies", "customer-facing"),
    ("GLD", "ledger", "General ledger", "finance"),
    ("ARC", "archive", "Archive", "internal"),
)
PLACE = {code: place for code, place, _, _ in APPLICATIONS}
#: Library suffix and its environment.
LIBRARIES = (("UNIT", "unit-test"), ("QA", "qa"), ("PROD", "prod"), ("WORK", "work"))

GIVEN_NAMES = """
Ada Bela Cora Dario Edda Fritz Gesa Hauke Ilse Jost Karla Levin Mette Nils Olga Piet Quirin
Rieke Sven Thea Ulf Vera Wim Xenia York Zita
"""
FAMILY_NAMES = """
Abel Brandt Claasen Dirks Ehlers Fock Gerdes Harms Ihnen Jansen Kruse Lorenz Mertens Nissen
Oltmann Petersen Quast Rieken Siemens Tammen Uphoff Voss Wiards Ziegler
"""
GIVEN, FAMILY = GIVEN_NAMES.split(), FAMILY_NAMES.split()


@dataclass(frozen=True)
class Plant:
    """Somebody, or something, who breaks a rule, and a twin who differs in one fact."""

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
    """The rows of every file, and what is expected of them."""

    chance: random.Random
    roster: list[list[str]] = field(default_factory=list)
    members: list[list[str]] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)
    direct: list[list[str]] = field(default_factory=list)
    libraries: list[list[str]] = field(default_factory=list)
    keys: list[list[str]] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)
    results: set[tuple[str, str, str, str]] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def hire(self, department: str, title: str, *, status: str = "active") -> str:
        """A new person; returns the employee id."""
        number = f"{len(self.roster) * 7 + 2003:06d}"
        taken = set(self.names.values())
        name = ""
        while not name or name in taken:
            name = f"{self.chance.choice(GIVEN)} {self.chance.choice(FAMILY)}"
        self.names[number] = name
        email = f"{name.lower().replace(' ', '.')}@southgate.example"
        self.roster.append([number, name, email, department, title, status, "person"])
        return number

    def join(
        self, number: str, group: str, *, suffix: str = "", until: str = "", status: str = "ACTIVE"
    ) -> None:
        """Puts the person's login into a group."""
        self.members.append([f"SG{number[1:]}{suffix}", number, group, until, status])

    def allow(self, number: str, right: str, code: str, *, suffix: str = "") -> None:
        """Gives the person's login a right of its own."""
        mode = "A" if right.endswith("+") else "D"
        login = f"SG{number[1:]}{suffix}"
        self.direct.append([login, number, "P", right.rstrip("+"), code, mode])

    def contain(self, group: str, right: str, code: str) -> None:
        """Gives a group a right; `+` behind the right means that it waits for the approvals."""
        mode = "A" if right.endswith("+") else "D"
        self.groups.append([group, right.rstrip("+"), code, mode])

    def open(self, login: str, number: str, kind: str, library: str, letters: str) -> None:
        """Gives a login access to a library."""
        self.libraries.append([login, number, kind, library, letters])

    def expect(self, rule: str, subject: str, verdict: str, *places: str) -> None:
        """States a finding."""
        self.results |= {(rule, subject, place, verdict) for place in places}

    def plant(  # noqa: PLR0917 - a plant is a row of a table
        self,
        title: str,
        rule: str,
        who: str,
        place: str,
        near: str,
        fact: str,
        *,
        verdict: str = "violation",
        near_place: str = "",
        near_verdict: str = "clear",
    ) -> None:
        """A plant and its near miss; the finding itself is expected here too."""
        other = near_place or place
        self.plants.append(Plant(title, rule, who, place, verdict, near, other, near_verdict, fact))
        for subject, spot, told in ((who, place, verdict), (near, other, near_verdict)):
            if told != "clear":
                self.expect(rule, subject, told, spot)


def make_world() -> World:
    """The insurer: everyone in order first, then what is not."""
    world = World(random.Random(SEED))
    seats(world)
    release_managers(world)
    server(world)
    plant_people(world)
    plant_logins(world)
    plant_libraries(world)
    plant_groups(world)
    plant_places(world)
    return world


def seats(world: World) -> None:
    """Four developers and two end users per application, each on one seat only."""
    for code, _, title, _ in APPLICATIONS:
        world.contain(f"GrpDevs.{code}", "PrmUnit", code)
        world.contain(f"GrpEnduser.{code}", "PrdEnduser", code)
        for _ in range(4):
            number = world.hire(f"{title} Development", "Programmer")
            world.join(number, f"GrpDevs.{code}")
            world.open(f"SG{number[1:]}", number, "P", f"{code}.WORK", "CRUD")
            world.open(f"SG{number[1:]}", number, "P", f"{code}.PROD", "R")
        for _ in range(2):
            number = world.hire(title, "Clerk")
            world.join(number, f"GrpEnduser.{code}")


def release_managers(world: World) -> None:
    """One group for three applications, and a small one for each of the other two."""
    for code in ("PAY", "CLM", "POL"):
        world.contain("GrpRelMgnt", "PrmQA+", code)
        world.contain("GrpRelMgnt", "PrdRelmgnt", code)
    for _ in range(5):
        number = world.hire("Release Management", "Release manager")
        world.join(number, "GrpRelMgnt")
        world.expect("SCM-05", number, "gated", "payments", "claims", "policies")
    for code in ("GLD", "ARC"):
        world.contain(f"GrpRelMgnt.{code}", "PrmQA+", code)
        world.contain(f"GrpRelMgnt.{code}", "PrdRelmgnt", code)
    for code, status in (
        ("GLD", "active"),
        ("GLD", "leaver"),
        ("ARC", "active"),
        ("ARC", "active"),
    ):
        number = world.hire("Release Management", "Release manager", status=status)
        world.join(number, f"GrpRelMgnt.{code}")
        world.expect("SCM-05", number, "gated", PLACE[code])


def server(world: World) -> None:
    """The server's logins: they alone change the controlled libraries."""
    for login, codes in (("CMSRV01", ("PAY", "CLM")), ("CMSRV02", ("POL", "GLD", "ARC"))):
        for code in codes:
            world.direct.append([login, "", "S", "PrdActivate", code, "D"])
            for suffix, environment in LIBRARIES:
                if environment != "work":
                    world.open(login, "", "S", f"{code}.{suffix}", "CRUD")
    world.open("READ1", "", "S", "PAY.PROD", "R")


def developer(world: World, code: str) -> str:
    """A further developer of an application."""
    title = next(title for short, _, title, _ in APPLICATIONS if short == code)
    number = world.hire(f"{title} Development", "Programmer")
    world.join(number, f"GrpDevs.{code}")
    return number


def plant_people(world: World) -> None:
    """Two seats in one person, through groups and rights of their own."""
    who, near = developer(world, "PAY"), developer(world, "PAY")
    world.join(who, "GrpEnduser.PAY")
    world.join(near, "GrpEnduser.CLM")
    world.plant(
        "A programmer signs for the end users",
        "SCM-01",
        who,
        "payments",
        near,
        "is in the end users' group of the same application; the near miss in another's",
    )
    who, near = developer(world, "CLM"), developer(world, "CLM")
    world.allow(who, "PrmQA+", "CLM")
    world.allow(near, "PrmQA+", "POL")
    world.expect("SCM-05", who, "gated", "claims")
    world.expect("SCM-05", near, "gated", "policies")
    world.plant(
        "A programmer promotes to quality assurance",
        "SCM-02",
        who,
        "claims",
        near,
        "has the right for the application developed; the near miss for another",
    )
    title = "Claims"
    who, near = world.hire(title, "Clerk"), world.hire(title, "Clerk")
    for number, code in ((who, "CLM"), (near, "POL")):
        world.join(number, "GrpEnduser.CLM")
        world.allow(number, "PrdRelmgnt", code)
    world.plant(
        "One person gives both signatures",
        "SCM-03",
        who,
        "claims",
        near,
        "authorises the application signed for; the near miss another",
    )
    who, near = developer(world, "GLD"), developer(world, "GLD")
    world.allow(who, "PrdEnduser", "*")
    world.allow(near, "PrdEnduser", "PAY")
    world.plant(
        "A right to everything is a right to the ledger",
        "SCM-01",
        who,
        "ledger",
        near,
        "may sign for every application; the near miss for Payments",
    )
    who = world.hire("Operations", "Operator")
    near = world.hire("Operations", "Operator")
    world.allow(who, "PrdActivate", "PAY")
    world.allow(near, "PrdActivate+", "PAY")
    world.plant(
        "An activation that waits for nobody",
        "SCM-05",
        who,
        "payments",
        near,
        "the right works at any time; the near miss has it only once both signatures are there",
        near_verdict="gated",
    )


def plant_logins(world: World) -> None:
    """Several logins, ends of validity, a login that nobody owns."""
    who, near = developer(world, "POL"), developer(world, "POL")
    world.allow(who, "PrdRelmgnt", "POL", suffix="A")
    world.allow(near, "Browse", "POL", suffix="A")
    world.plant(
        "Two logins are one person",
        "SCM-02",
        who,
        "policies",
        near,
        "authorises under a second login; the second login of the near miss only browses",
    )
    who, near = developer(world, "PAY"), developer(world, "PAY")
    world.join(who, "GrpEnduser.PAY", suffix="B")
    world.join(near, "GrpEnduser.PAY", suffix="B", status="SUSPENDED")
    world.plant(
        "A suspended login does nothing",
        "SCM-01",
        who,
        "payments",
        near,
        "signs under a second login; the second login of the near miss is suspended",
    )
    who, near = developer(world, "CLM"), developer(world, "CLM")
    world.join(who, "GrpEnduser.CLM", until="31.10.2026")
    world.join(near, "GrpEnduser.CLM", until="30.10.2026")
    world.plant(
        "The last day counts",
        "SCM-01",
        who,
        "claims",
        near,
        "the second seat ends on the day of the review; for the near miss the day before",
    )
    for login, rights in (("SGTEMP1", ("PrmUnit", "PrdEnduser")), ("SGTEMP2", ("PrmUnit",))):
        for right in rights:
            world.direct.append([login, "", "P", right, "PAY", "D"])
    world.plant(
        "A login that nobody owns is judged under its own name",
        "SCM-01",
        "changeman:SGTEMP1",
        "payments",
        "changeman:SGTEMP2",
        "requests and signs; the near miss requests",
    )


def plant_libraries(world: World) -> None:
    """Libraries changed past the server."""
    who = world.hire("Systems", "Systems programmer")
    near = world.hire("Systems", "Systems programmer")
    world.open(f"SG{who[1:]}", who, "P", "PAY.PROD", "RU")
    world.open(f"SG{near[1:]}", near, "P", "PAY.PROD", "R")
    world.plant(
        "A systems programmer writes into production",
        "SCM-04",
        who,
        "payments",
        near,
        "may update the library; the near miss may read it",
    )
    world.open("BATCH7", "", "S", "CLM.QA", "RU")
    world.plant(
        "A robot that is not the server",
        "SCM-04",
        "libraries:BATCH7",
        "claims",
        "libraries:CMSRV01",
        "a scheduler's login updates the library; the near miss is the server",
    )
    who = world.hire("Systems", "Server administrator")
    near = world.hire("Systems", "Server administrator")
    world.keys += [[who, "CMSRV02"], [near, "READ1"]]
    world.expect("SCM-04", who, "violation", "policies", "ledger", "archive")
    world.plant(
        "Who holds the server's keys is the server",
        "SCM-04",
        who,
        "archive",
        near,
        "holds the keys of a login that updates; the near miss of one that reads",
    )
    who = world.hire("Systems", "Systems programmer")
    near = world.hire("Systems", "Systems programmer")
    world.open(f"SG{who[1:]}", who, "P", "OLD.STUFF", "RU")
    world.open(f"SG{near[1:]}", near, "P", "OLD.STUFF", "R")
    world.plant(
        "A library that no application claims",
        "SCM-04",
        who,
        "unmapped",
        near,
        "may update it; the near miss may read it",
        verdict="not-evaluable",
    )


def plant_groups(world: World) -> None:
    """Groups that hold more than their seat."""
    for rule, group, code, near, other, right in (
        ("SCM-06", "GrpDevs.CLM", "CLM", "GrpDevs.POL", "POL", "EditProcessor"),
        ("SCM-07", "GrpEnduser.GLD", "GLD", "GrpEnduser.ARC", "ARC", "EditProcessor"),
        ("SCM-08", "GrpRelMgnt", "PAY", "GrpRelMgnt.ARC", "ARC", "AdministerAccess"),
    ):
        world.contain(group, right, code)
        world.contain(near, "Browse", other)
        world.plant(
            f"{group} holds {right}",
            rule,
            f"changeman:{group}",
            "changeman",
            f"changeman:{near}",
            "the group has one right more than its seat; the near miss may browse besides",
        )
    world.contain("GrpProject", "PrmUnit", "PAY")
    world.contain("GrpProject", "PrdEnduser", "PAY")
    world.contain("GrpMigration", "PrmUnit", "PAY")
    world.contain("GrpMigration", "PrdEnduser", "CLM")
    world.plant(
        "An empty group on two seats",
        "SCM-09",
        "changeman:GrpProject",
        "payments",
        "changeman:GrpMigration",
        "both seats are of one application; those of the near miss are of two",
    )


def plant_places(world: World) -> None:
    """Too many, too few, and teams that are too small."""
    # Claims: five release managers, the clerk with both signatures, and this deputy: seven.
    # Policies: five, the programmer's second login, the clerk of Claims, and this deputy: eight.
    for code in ("CLM", "POL"):
        world.allow(world.hire("Release Management", "Deputy"), "PrdRelmgnt", code)
    world.plant(
        "Eight people can authorise",
        "SCM-11",
        "policies",
        "policies",
        "claims",
        "eight people hold the right; for the near miss seven do",
        near_place="claims",
    )
    world.plant(
        "Nobody stands in",
        "SCM-12",
        "ledger",
        "ledger",
        "archive",
        "of two people with the right one has left; for the near miss both work here",
        near_place="archive",
    )
    for place in ("claims", "policies", "ledger"):
        world.expect("SCM-10", place, "violation", place)
    world.plant(
        "Two people are enough",
        "SCM-10",
        "payments",
        "payments",
        "archive",
        "one person sits on two seats; in the near miss three people are needed",
        near_place="archive",
    )


def catalogue() -> str:
    """The application catalogue: each library says what it is by its environment."""
    lines = ["# Which resources make up which application. OLD.STUFF is missing on purpose."]
    lines.append("applications:")
    for code, place, title, tier in APPLICATIONS:
        lines += [f"  {place}:", f"    title: {title}", f"    tier: {tier}", "    resources:"]
        lines.append(f"      - {{system: changeman, resource: {code}}}")
        lines += [
            f"      - {{system: libraries, resource: {code}.{suffix}, environment: {environment}}}"
            for suffix, environment in LIBRARIES
        ]
    return "\n".join(lines) + "\n"


def page(world: World) -> str:
    """This folder's README."""
    rows = [
        f"| {each.title} | {each.rule} | {told(world, each.who)} at {each.place}: {each.verdict} "
        f"| {told(world, each.near)} at {each.near_place}: {each.near_verdict} | {each.fact} |"
        for each in world.plants
    ]
    text = PAGE.replace("@PEOPLE@", str(len(world.roster)))
    return text.replace("@PLANTS@", "\n".join(rows))


def told(world: World, subject: str) -> str:
    """A subject as a reader would name it."""
    name = world.names.get(subject)
    return f"{name} ({subject})" if name else f"`{subject}`"


def table(header: str, rows: list[list[str]], delimiter: str = ",") -> str:
    """Rows as CSV, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header.split())
    writer.writerows(sorted(rows))
    return text.getvalue()


def make_files() -> dict[str, str]:
    """Every file of the sample by its path in the folder."""
    world = make_world()
    for row in world.libraries:
        row[4] = " ".join(row[4])
    expected = {
        "results": [
            dict(zip(("rule", "subject", "place", "verdict"), row, strict=True))
            for row in sorted(world.results)
        ],
        "plants": [vars(each) for each in world.plants],
    }
    return {
        "hr/roster.csv": table("employee_id name email department title status kind", world.roster),
        "changeman/members.csv": table("LOGIN EMPNO GROUP UNTIL STATUS", world.members, ";"),
        "changeman/groups.csv": table("GROUP RIGHT APPL MODE", world.groups, ";"),
        "changeman/direct.csv": table("LOGIN EMPNO CLASS RIGHT APPL MODE", world.direct, ";"),
        "libraries/access.csv": table("LOGIN EMPNO CLASS LIBRARY ACCESS", world.libraries),
        "libraries/keys.csv": table("EMPNO LOGIN", world.keys),
        "sod.yaml": CONFIGURATION.replace("@PEOPLE@", str(len(world.roster))),
        "catalogue.yaml": catalogue(),
        "README.md": page(world),
        "EXPECTED.json": json.dumps(expected, indent=1, ensure_ascii=True) + "\n",
    }


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    folder: Path = parser.parse_args().out
    for path, content in make_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode())


if __name__ == "__main__":
    main()
