"""Plants for the kinds of rules: one login for two environments, vendors, groups, hygiene.

They stand last, and hire a fixed number of people, so that everybody else stays who they are.
"""

from __future__ import annotations

from maker.plants import ENGINEERING, OPERATIONS
from maker.world import World

#: How many people these plants hire.
HIRED = 9


def plant_rules(world: World) -> None:
    """Every plant that is about a kind of rule, and not about how rights are granted."""
    before = len(world.people)
    for plant in (_approvals, _environments, _vendors, _steps, _keepers, _checks, _lapsing):
        plant(world)
    if len(world.people) != before + HIRED:
        message = f"{len(world.people) - before} people hired, {HIRED} announced"
        raise ValueError(message)


def _known(w: World, title: str) -> tuple[str, str]:
    """Person and near miss of an earlier plant."""
    plant = next(p for p in w.plants if p.title == title)
    return plant.person, plant.near_miss


def _approvals(w: World) -> None:
    a = w.person("Mainframe", "Programmer")
    w.mainframe(a, "C,A", "PAY")
    b = w.person("Mainframe", "Programmer")
    w.github(b, "payments-dev")
    w.mainframe(b, "A", "ONB")
    w.plant(
        "Approving one's own work",
        (a, b),
        "DEV-06",
        "payments",
        "checks in and approves Payments where nobody asks who wrote it; the near miss commits "
        "Payments through GitHub, which asks, and approves Onboarding",
    )


def _environments(w: World) -> None:
    a = w.person(OPERATIONS, "Operator")
    one = w.ldap(a, "ib-deployers", "release-test")
    b = w.person(OPERATIONS, "Operator")
    two = w.ldap(b, "ib-deployers")
    w.ldap(b, "release-test", uid=f"{w.people[b].handle}-test", mail="")
    w.plant(
        "One login for test and production",
        (one, two),
        "DEV-25",
        "internet-banking",
        "one account deploys in both clusters; the near miss has an account for each",
    )


def _vendors(w: World) -> None:
    a = w.person("External", "Mainframe contractor", kind="vendor")
    w.mainframe(a, "L", "PAY")
    b = w.person("External", "Mainframe contractor", kind="vendor")
    w.mainframe(b, "E", "PAY")
    w.plant(
        "A vendor keeps the log",
        (a, b),
        "DEV-27",
        "changeman",
        "a vendor administers the change manager's log; the near miss its processors",
    )
    insider, _ = _known(w, "Access and logs in one system")
    w.plant(
        "The rule about vendors leaves staff alone",
        (a, insider),
        "DEV-27",
        "changeman",
        "is a vendor; the near miss has the same right and is staff",
    )
    c, _ = _known(w, "An outside collaborator who deploys")
    d = w.person("External", "Consultant", kind="vendor")
    w.ldap(d, "payments-viewers", ou="contractors")
    w.plant(
        "A vendor does more than look",
        (c, d),
        "DEV-33",
        "k8s-prod",
        "a vendor may deploy to production; the near miss may view it",
    )


def _steps(w: World) -> None:
    split, _ = _known(w, "One person, two systems")
    approver, _ = _known(w, "Approves on the mainframe, deploys in the cluster")
    w.plant(
        "Three of four steps",
        (split, approver),
        "DEV-08",
        "payments",
        "commits, approves and deploys Payments; the near miss approves and deploys",
    )
    ops, config = _known(w, "A log agent's image is code")
    w.plant(
        "Who deploys must not stop the log",
        (ops, config),
        "DEV-11",
        "k8s-prod",
        "replaces the log agent and edits its settings; the near miss only edits them",
    )


def _keepers(w: World) -> None:
    admin, maintainer = _known(w, "A repository's administrator")
    both = "administers a repository; the near miss maintains it"
    w.plant("The gate's keeper commits", (admin, maintainer), "DEV-09", "internet-banking", both)
    w.plant(
        "The pipeline's keeper commits", (admin, maintainer), "DEV-10", "internet-banking", both
    )
    owner, keeper = _known(w, "An organisation owner is unrestricted")
    w.plant(
        "An owner merges past the review",
        (owner, keeper),
        "DEV-07",
        "logging",
        "owns the organisation, so no rule of a branch binds; the near miss maintains repositories",
    )
    _, deputy = _known(w, "Everything, everywhere")
    deployer, _ = _known(w, "A cover reaches only what lives in its system")
    for title, rule, place, near, fact in (
        (
            "Deploys and deletes the backups", "DEV-18", "payments", deployer,
            "has everything in the cluster; the near miss only deploys there",
        ),
        (
            "Pipelines and their secrets", "DEV-21", "payments", owner,
            "sets up pipelines and reads the cluster's secrets; the near miss sets up pipelines",
        ),
        (
            "Two layers at once", "DEV-24", "anywhere", owner,
            "grants access to the cluster and controls gates; the near miss controls gates",
        ),
        (
            "Opens the network and approves", "DEV-26", "all", owner,
            "approves everywhere and changes the cluster's network; the near miss approves",
        ),
    ):  # fmt: skip
        w.plant(title, (deputy, near), rule, place, fact)


def _checks(w: World) -> None:
    gone, locked = _known(w, "A leaver whose account still works")
    w.plant(
        "A leaver can still sign in",
        (gone, locked),
        "DEV-35",
        "ldap-north",
        "left, and the directory account works; the near miss is locked",
    )
    chief, deputy = (_directory_account(w, n) for n in _known(w, "Everything, everywhere"))
    w.last_used[chief], w.last_used[deputy] = "2026-10-29", "2026-06-02"
    w.plant(
        "Nobody uses it, nobody would miss it",
        (deputy, chief),
        "DEV-36",
        "ldap-north",
        "has everything in the cluster and last signed in in June; the near miss did this week",
    )
    _, keeper = _known(w, "An organisation owner is unrestricted")
    w.plant(
        "Nobody says when it was used",
        ("github-north:chief-nb", _account(w, keeper, "github-north")),
        "DEV-36",
        "github-north",
        "owns the organisation, and no export tells of sign-ins; the near miss is not privileged",
        verdict="not-evaluable",
    )
    mine, _ = _known(w, "One person, two systems")
    w.plant(
        "A login that nobody answers for",
        ("changeman:OPSBAT1", _account(w, mine, "github-north")),
        "DEV-37",
        "changeman",
        "belongs to nobody; the near miss is somebody's",
    )
    owner, _ = _known(w, "The right to bind is the right to grant")
    entry = _directory_account(w, owner).partition(":")[2]
    for cn in ("ib-deployers", "onboarding-deployers"):
        w.group_owners[cn] = entry
    w.plant(
        "A member who manages the group",
        tuple(  # type: ignore[arg-type]  # two groups, two keys
            f"ldap-north:cn={cn},ou=groups,dc=northbank,dc=example"
            for cn in ("ib-deployers", "onboarding-deployers")
        ),
        "DEV-38",
        "ldap-north",
        "its owner is a member; the near miss is owned by the same person, who is not",
    )


def _account(w: World, number: str, system: str) -> str:
    return next(a.key for a in w.accounts.values() if a.owner == number and a.system == system)


def _directory_account(w: World, number: str) -> str:
    return _account(w, number, "ldap-north")


def _lapsing(w: World) -> None:
    a = w.person("Mainframe", "Programmer")
    w.mainframe(a, "C,P", "PAY")
    w.ldap(a, "all-staff", *(() if w.as_approved else ("payments-deployers",)))
    b = w.person(ENGINEERING, "Developer")
    w.github(b, "payments-dev")
    w.ldap(b, "vpn")
    w.plant(
        "One more way lapses a mitigation",
        (a, b),
        "DEV-01",
        "payments",
        "checks in and promotes Payments, and since the register was approved deploys in the "
        "cluster too; the near miss commits",
    )
