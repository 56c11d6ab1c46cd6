"""A generated bank of any size: a roster, memberships, nested groups with cycles, rights."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

APPLICATIONS = 50
ACTIONS = ("check-in", "approve", "promote", "browse", "edit-processor", "administer-access")
MEMBERSHIPS_EACH = 10

_CONFIG = """\
name: Benchmark
as_of: 2026-10-31
ruleset: devops
catalogue: catalogue.yaml
systems:
  hr: {product: hr}
  cm: {product: change-manager, environment: prod}
sources:
  people:
    {system: hr, importer: hr, path: people.csv, extracted_at: 2026-10-31T00:00:00Z}
  members:
    system: cm
    importer: csv
    path: members.csv
    extracted_at: 2026-10-31T00:00:00Z
    columns: {account: login, employee_id: number, group: group}
  nesting:
    system: cm
    importer: csv
    path: nesting.csv
    extracted_at: 2026-10-31T00:00:00Z
    columns: {member: group, group: parent}
  rights:
    system: cm
    importer: csv
    path: rights.csv
    extracted_at: 2026-10-31T00:00:00Z
    columns: {group: group, permission: right, resource: application}
"""


@dataclass(frozen=True)
class Bank:
    """What was written, as a peer reads it: numbers only."""

    folder: Path
    members: Sequence[tuple[int, int]]  # person, group
    nesting: Sequence[tuple[int, int]]  # group, parent
    rights: Sequence[tuple[int, str, int]]  # group, action, application


def bank(folder: Path, *, people: int, seed: int = 7) -> Bank:
    """Write a bank of so many people; the same size and seed give the same files."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    groups = max(people // 10, 10)
    members = [
        (person, group)
        for person in range(people)
        for group in chance.sample(range(groups), MEMBERSHIPS_EACH)
    ]
    nesting = [(chance.randrange(groups), chance.randrange(groups)) for _ in range(groups)]
    # One group in fifty has a right: most access is harmless, as in a real bank.
    rights = [
        (chance.randrange(groups), chance.choice(ACTIONS), chance.randrange(APPLICATIONS))
        for _ in range(max(groups // 50, len(ACTIONS)))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "people.csv",
        ("employee_id", "name", "email", "department", "title", "status"),
        ((f"{n:07d}", f"Person {n}", f"p{n}@x.example", "D", "T", "active") for n in range(people)),
    )
    _write(
        folder / "members.csv",
        ("login", "number", "group"),
        ((f"u{person}", f"{person:07d}", f"g{group}") for person, group in members),
    )
    _write(
        folder / "nesting.csv",
        ("group", "parent"),
        ((f"g{group}", f"g{parent}") for group, parent in nesting),
    )
    _write(
        folder / "rights.csv",
        ("group", "right", "application"),
        ((f"g{group}", action, f"APP{app}") for group, action, app in rights),
    )
    catalogue = "".join(
        f"  app{n}:\n    title: Application {n}\n    resources: "
        f"[{{system: cm, resource: APP{n}}}]\n"
        for n in range(APPLICATIONS)
    )
    folder.joinpath("catalogue.yaml").write_text(f"applications:\n{catalogue}", encoding="utf-8")
    folder.joinpath("sod.yaml").write_text(_CONFIG, encoding="utf-8")
    return Bank(folder, members, nesting, rights)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
