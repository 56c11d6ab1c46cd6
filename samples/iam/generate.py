"""Makes the files of this sample: an insurer's access to access, and what must be found in it.

Everything is planted first and written down in EXPECTED.json; no tool takes part. The same bytes
come out on every run.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from pages import CONFIGURATION, PAGE  # noqa: E402  found beside this file
from plants import plant_everything  # noqa: E402  found beside this file
from world import APPLICATIONS, World  # noqa: E402  found beside this file


def make_world() -> World:
    """The insurer: everyone in order first, then what is not."""
    world = World()
    crowd(world)
    plant_everything(world)
    return world


def crowd(world: World) -> None:
    """People who keep to one step each."""
    for _ in range(2):
        person = world.hire("Human Resources", "HR clerk")
        for right in ("hire", "change-department", "change-manager", "view-person"):
            world.in_hr(person, right)
    for _ in range(2):
        person = world.hire("Access Desk", "Access administrator")
        world.join(person, "Access desk")
    for application in APPLICATIONS:
        world.contain("Access desk", "grant", application)
    for right in ("request-for-others", "approve-request", "certify"):
        world.in_iga(world.hire("Pricing", "Team lead"), right, "pricing")
    for _ in range(3):
        person = world.hire("Identity", "Identity engineer")
        world.join(person, "Tool administrators")
    world.contain("Tool administrators", "administer", "*", privileged=True)
    for _ in range(5):
        world.in_life(world.hire("Life", "Systems engineer"), "administer", "*")
    desk = world.hire("Service Desk", "Service Desk analyst")
    for right in ("request-for-others", "reset-password", "view-account"):
        world.in_iga(desk, right, "pricing" if right.startswith("request") else "*")
    world.machine("svc-connector", owner="iga-owner")
    world.in_iga("svc-connector", "provision", "*")


def catalogue() -> str:
    """The application catalogue."""
    lines = ["# Which resources make up which application.", "applications:"]
    for place, (title, tier) in APPLICATIONS.items():
        lines += [f"  {place}:", f"    title: {title}", f"    tier: {tier}", "    resources:"]
        lines += [
            f"      - {{system: {system}, resource: {place}}}"
            for system in ("iga", "iga-life", "cloud")
        ]
    lines += ["  platform:", "    title: Platform", "    resources:"]
    lines += ['      - {system: vault, resource: "root*"}']
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
        "hr/access.csv": table("LOGIN EMPNO RIGHT OBJECT", world.rows["hr"]),
        "iga/accounts.csv": table(
            "LOGIN EMPNO CLASS ENABLED OWNER LAST", list(world.accounts.values())
        ),
        "iga/rights.csv": table("LOGIN RIGHT OBJECT", world.rows["iga"]),
        "iga/groups.csv": table("GROUP OWNER PRIVILEGED RIGHT OBJECT", world.rows["groups"]),
        "iga/members.csv": table("LOGIN GROUP", world.rows["members"]),
        "iga-life/rights.csv": table("LOGIN EMPNO RIGHT OBJECT", world.rows["life"]),
        "cloud/access.csv": table("LOGIN EMPNO RIGHT OBJECT", world.rows["cloud"]),
        "vault/checkouts.csv": table("LOGIN EMPNO RIGHT OBJECT OUT BACK", world.rows["vault"]),
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
