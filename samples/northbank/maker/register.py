"""The register of mitigations, and how each entry must stand."""

from __future__ import annotations

from typing import NamedTuple

from maker.world import World

IN_FORCE = "in force"


class Entry(NamedTuple):
    """One entry: a control that stands, or ought to stand, for somebody in a place."""

    rule: str
    person: str  # employee number; empty for a rule that counts people
    place: str
    control: str
    approved: str
    until: str
    performed: str
    frequency: str
    evidence: str
    standing: str
    why: str  # for the reader of the sample
    performer: str = ""  # empty: the one who performs most of them
    later: bool = False  # entered after the register was approved


def entries(world: World) -> list[Entry]:
    """The register in the order of its ids."""
    hit = {plant.title: plant.person for plant in world.plants}
    near = {plant.title: plant.near_miss for plant in world.plants}
    weekly = ("2026-10-26", "weekly", "Deployment list of the week, signed by the performer")
    head = near["E-mail says one, employee number says another"]
    report = near["Bound by e-mail"]
    if world.people[report].manager != head:
        message = f"{report} does not report to {head}"
        raise ValueError(message)
    return [
        Entry(
            "DEV-01", hit["Test is not production"], "internet-banking", "CC-DEPLOY-REVIEW",
            "2026-09-01", "2026-11-29", *weekly, IN_FORCE,
            "approved, performed each week, by somebody independent",
        ),
        Entry(
            "DEV-30", "", "onboarding", "CC-ACCESS-RECERT", "2026-09-01", "2026-12-31",
            "2026-09-15", "quarterly", "Review of all deployers, minutes of 15 September", IN_FORCE,
            "for an application and not for a person: it stands until one more can deploy",
        ),
        Entry(
            "DEV-01", hit["The same duties on two applications"], "onboarding",
            "CC-DEPLOY-REVIEW", "2026-06-01", "2026-08-30", *weekly, "expired",
            "nobody renewed it in August",
        ),
        Entry(
            "DEV-01", hit["Scaling is not deploying"], "internet-banking", "CC-DEPLOY-REVIEW",
            "2026-09-01", "2026-11-29", "2026-10-05", *weekly[1:], "overdue",
            "weekly, and last performed 26 days ago",
        ),
        Entry(
            "DEV-01", hit["One more way lapses a mitigation"], "payments", "CC-DEPLOY-REVIEW",
            "2026-09-01", "2026-11-29", *weekly, "lapsed",
            "approved for the mainframe alone; deploying in the cluster came later",
        ),
        Entry(
            "DEV-01", head, "payments", "CC-DEPLOY-REVIEW",
            "2026-09-01", "2026-11-29", *weekly, "not independent",
            "the performer reports to the person", performer=report,
        ),
        Entry(
            "DEV-01", hit["Four levels of groups"], "payments", "CC-DEPLOY-REVIEW",
            "2026-10-20", "2026-12-31", *weekly, "not pinned",
            "entered after the register was approved", later=True,
        ),
        Entry(
            "DEV-01", near["One person, two systems"], "payments", "CC-DEPLOY-REVIEW",
            "2026-09-01", "2026-11-29", *weekly, "unused",
            "there is nothing to excuse: this person may only view",
        ),
        Entry(
            "DEV-03", hit["One role breaks the rule by itself"], "payments", "CC-LOG-OFFSITE",
            "2026-09-01", "2026-11-29", "2026-10-12", "monthly", "Comparison of 12 October",
            "not allowed", "a copy of the log does not undo what the rule is about",
        ),
    ]  # fmt: skip


def _staff(world: World) -> tuple[str, str, str]:
    """Owner, approver and performer: three people of other departments, none a head."""
    found = []
    for department in ("Risk", "Compliance", "Treasury"):
        numbers = sorted(n for n, p in world.people.items() if p.department == department)
        found.append(numbers[1])
    return found[0], found[1], found[2]


def _numbered(world: World) -> list[tuple[str, Entry]]:
    return [(f"M-{n:03d}", entry) for n, entry in enumerate(entries(world), start=1)]


def write_register(world: World) -> bytes:
    """`mitigations.yaml`; as it was approved, it lacks what was entered later."""
    owner, approver, performer = _staff(world)
    lines = [
        "# Compensating controls for people whose duties could not be separated.",
        "mitigations:",
    ]
    for number, entry in _numbered(world):
        if entry.later and world.as_approved:
            continue
        lines += [f"  {number}:  # {entry.why}", f"    rule: {entry.rule}"]
        lines += [f'    person: "{entry.person}"'] if entry.person else []
        lines += [
            f"    place: {entry.place}",
            f"    control: {entry.control}",
            f'    owner: "{owner}"',
            f'    approver: "{approver}"',
            f'    performer: "{entry.performer or performer}"',
            f"    approved_on: {entry.approved}",
            f"    valid_until: {entry.until}",
            f"    frequency: {entry.frequency}",
            f"    last_performed: {entry.performed}",
            f"    evidence: {entry.evidence}",
        ]
    return ("\n".join(lines) + "\n").encode()


def standings(world: World) -> dict[str, str]:
    """How each entry must stand on the day of the review."""
    return {number: entry.standing for number, entry in _numbered(world)}


def later(world: World) -> str:
    """The id of what was entered after the register was approved."""
    return ", ".join(number for number, entry in _numbered(world) if entry.later)


def excuse(world: World, results: dict[str, dict[str, dict[str, str]]]) -> None:
    """What a mitigation in force stands for is mitigated."""
    for number, entry in _numbered(world):
        subject = entry.person or entry.place
        places = results.get(entry.rule, {}).get(subject, {})
        if (places.get(entry.place) == "violation") != (entry.standing != "unused"):
            message = f"{number} is {entry.standing}, but {subject} is {places.get(entry.place)}"
            raise ValueError(message)
        if entry.standing == IN_FORCE:
            places[entry.place] = "mitigated"


def rows(world: World) -> list[str]:
    """Lines of the reader's table."""
    names = {number: person.name for number, person in world.people.items()}
    return [
        f"| {number} | {entry.rule} | {names.get(entry.person, 'the application')} | {entry.place} "
        f"| {entry.standing} | {entry.why} |"
        for number, entry in _numbered(world)
    ]
