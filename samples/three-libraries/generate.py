"""Makes the files of this sample: a savings bank's libraries, and what must be found in them.

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

#: Short name, application id, title, tier.
APPLICATIONS = (
    ("PAY", "payments", "Payments", "move-money"),
    ("DEP", "deposits", "Deposits", "customer-facing"),
    ("LOA", "loans", "Loans", "customer-facing"),
    ("SAL", "salaries", "Salaries", "sensitive"),
)
PLACE = {code: place for code, place, _, _ in APPLICATIONS}
#: Library suffix and its environment.
LIBRARIES = (
    ("TEST", "test"),
    ("RELEASE", "release"),
    ("PROD", "prod"),
    ("FIX", "emergency"),
    ("VENDOR", "vendor"),
)

GIVEN_NAMES = """
Aino Birk Carl Disa Egil Frida Gorm Hedda Ivar Jorunn Knut Liv Mads Nora Odd Pia Ragna
Sindre Tora Ulla Viggo Ylva Askel Embla
"""
FAMILY_NAMES = """
Aas Berg Dahl Eide Foss Gran Haug Isaksen Juul Krog Lund Moe Naess Oien Prytz Rud Sand Toft
Ulvik Vik
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
    near_verdict: str
    fact: str


@dataclass
class World:
    """The rows of every file, and what is expected of them."""

    chance: random.Random
    roster: list[list[str]] = field(default_factory=list)
    access: list[list[str]] = field(default_factory=list)
    checkouts: list[list[str]] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)
    results: set[tuple[str, str, str, str]] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def hire(self, department: str, title: str, *, kind: str = "person") -> str:
        """A new person; returns the employee id."""
        number = f"{len(self.roster) * 3 + 40017:06d}"
        taken = set(self.names.values())
        name = ""
        while not name or name in taken:
            name = f"{self.chance.choice(GIVEN)} {self.chance.choice(FAMILY)}"
        self.names[number] = name
        email = f"{name.lower().replace(' ', '.')}@eastholm.example"
        self.roster.append([number, name, email, department, title, "active", kind])
        return number

    def give(self, number: str, library: str, letters: str, *, confirm: str = "N") -> None:
        """Gives a person's login access to a library."""
        login = f"EH{number[1:]}"
        self.access.append([login, number, "P", library, " ".join(letters), confirm])

    def machine(self, login: str, library: str, letters: str, kind: str = "S") -> None:
        """Gives a login of no person access to a library."""
        self.access.append([login, "", kind, library, " ".join(letters), "N"])

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
        near_verdict: str = "clear",
    ) -> None:
        """A plant and its near miss; the finding itself is expected here too."""
        self.plants.append(Plant(title, rule, who, place, verdict, near, near_verdict, fact))
        for subject, told in ((who, verdict), (near, near_verdict)):
            if told != "clear":
                self.expect(rule, subject, told, place)


def make_world() -> World:
    """The bank: everyone in order first, then what is not."""
    world = World(random.Random(SEED))
    crowd(world)
    plant_developers(world)
    plant_releasers(world)
    plant_machines(world)
    plant_emergencies(world)
    plant_vendors(world)
    plant_unknowns(world)
    return world


def crowd(world: World) -> None:
    """Developers, releasers and vendors who keep to their libraries, and the utility."""
    for code, _, _, tier in APPLICATIONS:
        for _ in range(3):
            developer(world, code, reads_production=tier != "sensitive")
        for _ in range(2):
            releaser(world, code)
        vendor(world, code)
        world.machine("RELUTIL1", f"{code}.PROD", "CRUD")
        world.machine("RELUTIL1", f"{code}.RELEASE", "R")
        world.machine(f"FIRE{code}1", f"{code}.FIX", "CRUD", "E")
        world.machine(f"FIRE{code}2", f"{code}.FIX", "CRUD", "E")


def developer(world: World, code: str, *, reads_production: bool = True) -> str:
    """Reads and writes TEST, writes into RELEASE, and reads PRODUCTION."""
    title = next(title for short, _, title, _ in APPLICATIONS if short == code)
    number = world.hire(f"{title} Development", world.chance.choice(("Developer", "Programmer")))
    world.give(number, f"{code}.TEST", "CRUD")
    world.give(number, f"{code}.RELEASE", "CR")
    if reads_production:
        world.give(number, f"{code}.PROD", "R")
    return number


def releaser(world: World, code: str) -> str:
    """Moves releases through the utility, and sees what is moved."""
    number = world.hire("Release Desk", "Release operator")
    world.give(number, f"{code}.PROD", "M")
    world.give(number, f"{code}.RELEASE", "R")
    return number


def vendor(world: World, code: str) -> str:
    """Delivers into the vendors' staging library."""
    number = world.hire("Suppliers", "Developer", kind="vendor")
    world.give(number, f"{code}.VENDOR", "CRU")
    return number


def plant_developers(world: World) -> None:
    """Developers beyond TEST."""
    who, near = developer(world, "PAY"), developer(world, "PAY")
    world.give(who, "PAY.PROD", "U")
    world.expect("LIB-04", who, "violation", "payments")
    world.plant(
        "A developer updates production",
        "LIB-01",
        who,
        "payments",
        near,
        "may update besides reading; the near miss only reads",
    )
    who = developer(world, "LOA")
    world.give(who, "DEP.PROD", "M")
    world.plant(
        "A developer moves another application's releases",
        "LIB-01",
        who,
        "deposits",
        releaser(world, "DEP"),
        "is a developer by title; the near miss is a release operator",
    )
    who, near = developer(world, "LOA"), developer(world, "LOA")
    world.give(who, "SAL.PROD", "R")
    world.give(near, "PAY.PROD", "R")
    world.plant(
        "A developer reads the salaries",
        "LIB-02",
        who,
        "salaries",
        near,
        "reads the production of a sensitive application; the near miss of another",
    )
    who, near = developer(world, "DEP"), developer(world, "DEP")
    world.give(who, "DEP.RELEASE", "U")
    world.give(near, "LOA.TEST", "U")
    world.plant(
        "A developer changes what is staged",
        "LIB-03",
        who,
        "deposits",
        near,
        "may update RELEASE; the near miss may update a TEST library",
    )


def plant_releasers(world: World) -> None:
    """Releasers with full access, and releasers who stage."""
    who, near = releaser(world, "PAY"), releaser(world, "PAY")
    world.give(who, "PAY.RELEASE", "D")
    world.give(near, "LOA.RELEASE", "D")
    world.plant(
        "A releaser deletes what is staged",
        "LIB-05",
        who,
        "payments",
        near,
        "may delete from the RELEASE that is moved; the near miss from another",
    )
    for confirm, told in (("N", "violation"), ("Y", "gated")):
        number = world.hire("Architecture", "Architect")
        world.give(number, "LOA.RELEASE", "C")
        world.give(number, "LOA.PROD", "M", confirm=confirm)
        if told == "violation":
            who = number
    world.plant(
        "An architect stages and moves",
        "LIB-06",
        who,
        "loans",
        number,
        "moves alone; for the near miss somebody else confirms each move",
        near_verdict="gated",
    )


def plant_machines(world: World) -> None:
    """Logins of no person that write into production, and one that writes everywhere."""
    world.machine("BATCH9", "LOA.PROD", "RU")
    world.plant(
        "A scheduler's login changes production",
        "LIB-04",
        "libraries:BATCH9",
        "loans",
        "libraries:RELUTIL1",
        "is no release utility; the near miss is",
    )
    who, near = (world.hire("Storage", "Storage administrator") for _ in range(2))
    world.give(who, "*", "RU")
    world.give(near, "*", "R")
    # A right to everything that has no end is a hold on the emergency libraries, and a way into
    # the vendors' as well.
    for rule in ("LIB-07", "LIB-09"):
        world.expect(rule, who, "violation", "all")
    world.plant(
        "A right to every library",
        "LIB-04",
        who,
        "all",
        near,
        "may update everything; the near miss may read everything",
    )


def plant_emergencies(world: World) -> None:
    """Emergency ids and for how long people have them."""
    operators = [world.hire("Operations", "Duty officer") for _ in range(9)]
    long, day, early, dated, same, standing, reader, past, lent = operators
    checkouts = world.checkouts
    checkouts.append(["FIREPAY1", long, "29.10.2026 21:00", "31.10.2026 09:00"])
    checkouts.append(["FIREPAY2", day, "30.10.2026 22:00", "31.10.2026 22:00"])
    world.plant(
        "An emergency id for a day and a half",
        "LIB-07",
        long,
        "payments",
        day,
        "has the id for 36 hours; the near miss for 24",
    )
    checkouts.append(["FIREDEP1", early, "30.10.2026 20:00", "31.10.2026 20:15"])
    checkouts.append(["FIREDEP2", past, "05.10.2026 08:00", "07.10.2026 08:00"])
    world.plant(
        "A quarter of an hour too long",
        "LIB-07",
        early,
        "deposits",
        past,
        "has the id now; the near miss had one for two days, three weeks ago",
    )
    checkouts.append(["FIRELOA1", dated, "30.10.2026", "31.10.2026"])
    checkouts.append(["FIRELOA2", same, "31.10.2026", "31.10.2026"])
    world.plant(
        "Days that may be 2 hours or 48",
        "LIB-07",
        dated,
        "loans",
        same,
        "the desk wrote down two days without hours; for the near miss one day",
        verdict="not-evaluable",
    )
    checkouts.append(["FIRESAL1", lent, "30.10.2026 23:00", "31.10.2026 11:00"])
    world.give(standing, "SAL.FIX", "U")
    world.give(reader, "SAL.FIX", "R")
    world.plant(
        "Emergency access for good",
        "LIB-07",
        standing,
        "salaries",
        reader,
        "may update the emergency library at any time; the near miss may read it",
    )


def plant_vendors(world: World) -> None:
    """The vendors' path, left by a vendor and used by somebody of the house."""
    who, near = vendor(world, "LOA"), vendor(world, "LOA")
    world.give(who, "LOA.TEST", "R")
    world.give(near, "LOA.VENDOR", "D")
    world.plant(
        "A vendor reads TEST",
        "LIB-08",
        who,
        "loans",
        near,
        "reads a library of the house; the near miss clears out the vendors' own",
    )
    who, near = developer(world, "LOA"), developer(world, "LOA")
    world.give(who, "LOA.VENDOR", "C")
    world.give(near, "LOA.VENDOR", "R")
    world.plant(
        "A developer uses the vendors' path",
        "LIB-09",
        who,
        "loans",
        near,
        "puts members into the vendors' library; the near miss reads it",
    )


def plant_unknowns(world: World) -> None:
    """People without a title, and logins without a person."""
    who, near = world.hire("Projects", ""), world.hire("Projects", "Consultant")
    for number in (who, near):
        world.give(number, "DEP.PROD", "U")
        world.expect("LIB-04", number, "violation", "deposits")
    world.plant(
        "Nobody says whether this is a developer",
        "LIB-01",
        who,
        "deposits",
        near,
        "has no title in the roster; the near miss has one that does not develop",
        verdict="not-evaluable",
    )
    for login, letters in (("TEMP01", "RU"), ("TEMP02", "R")):
        world.access.append([login, "", "P", "LOA.PROD", " ".join(letters), "N"])
    world.expect("LIB-01", "libraries:TEMP01", "not-evaluable", "loans")
    world.plant(
        "A login that nobody owns",
        "LIB-04",
        "libraries:TEMP01",
        "loans",
        "libraries:TEMP02",
        "may update production; the near miss may read it",
    )


def catalogue() -> str:
    """The application catalogue: each library says what it is by its environment."""
    lines = ["# Which libraries make up which application.", "applications:"]
    for code, place, title, tier in APPLICATIONS:
        lines += [f"  {place}:", f"    title: {title}", f"    tier: {tier}", "    resources:"]
        lines += [
            f"      - {{system: libraries, resource: {code}.{suffix}, environment: {environment}}}"
            for suffix, environment in LIBRARIES
        ]
    return "\n".join(lines) + "\n"


def page(world: World) -> str:
    """This folder's README."""
    rows = [
        f"| {each.title} | {each.rule} | {told(world, each.who)} at {each.place}: {each.verdict} "
        f"| {told(world, each.near)}: {each.near_verdict} | {each.fact} |"
        for each in world.plants
    ]
    text = PAGE.replace("@PEOPLE@", str(len(world.roster)))
    return text.replace("@PLANTS@", "\n".join(rows))


def told(world: World, subject: str) -> str:
    """A subject as a reader would name it."""
    name = world.names.get(subject)
    return f"{name} ({subject})" if name else f"`{subject}`"


def table(header: str, rows: list[list[str]]) -> str:
    """Rows as CSV, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split())
    writer.writerows(sorted(rows))
    return text.getvalue()


def make_files() -> dict[str, str]:
    """Every file of the sample by its path in the folder."""
    world = make_world()
    expected = {
        "results": [
            dict(zip(("rule", "subject", "place", "verdict"), row, strict=True))
            for row in sorted(world.results)
        ],
        "plants": [vars(each) for each in world.plants],
    }
    return {
        "hr/roster.csv": table("employee_id name email department title status kind", world.roster),
        "libraries/access.csv": table("LOGIN EMPNO CLASS LIBRARY ACCESS CONFIRM", world.access),
        "libraries/checkouts.csv": table("ID EMPNO OUT BACK", world.checkouts),
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
