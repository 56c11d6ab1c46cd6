"""Who breaks which rule of this sample, and who only almost does."""

from __future__ import annotations

from collections.abc import Iterable

from world import World

ATTACH, ASSIGN = "iam:AttachUserPolicy", "sso:CreateAccountAssignment"


def plant_everything(world: World) -> None:
    """Every rule of the ruleset, with a near miss each."""
    plant_steps(world)
    plant_identities(world)
    plant_roles(world)
    plant_rules(world)
    plant_reviews(world)
    plant_tool(world)
    plant_numbers(world)
    plant_hygiene(world)


def somebody(world: World, department: str, *rights: tuple[str, str]) -> str:
    """A person with rights in the governance tool, each a word and what it is about."""
    person = world.hire(department, "Specialist")
    for right, target in rights:
        world.in_iga(person, right, target)
    return person


def pair(
    world: World,
    department: str,
    shared: Iterable[tuple[str, str]],
    own: tuple[str, str],
    near: tuple[str, str],
) -> tuple[str, str]:
    """Two people who share rights and differ in one."""
    return (
        somebody(world, department, *shared, own),
        somebody(world, department, *shared, near),
    )


def plant_steps(world: World) -> None:
    """Request, approve, grant, certify."""
    who, near = pair(
        world,
        "Claims",
        [("request-for-others", "claims")],
        ("approve-request", "claims"),
        ("approve-request", "policies"),
    )
    fact = "approves for the application requested for; the near miss for another"
    world.plant("IAM-01", "Asks and agrees", who, "claims", near, fact)

    who, near = (somebody(world, "Claims", ("approve-request", "claims")) for _ in range(2))
    world.in_cloud(who, ASSIGN, "claims")
    world.in_cloud(near, "sso:ListAccountAssignments", "claims")
    fact = "assigns access in the cloud; the near miss lists it"
    world.plant("IAM-02", "Agrees in the tool, grants in the cloud", who, "claims", near, fact)

    who, near = pair(
        world,
        "Claims",
        [("certify", "claims")],
        ("request-for-others", "claims"),
        ("request-for-others", "policies"),
    )
    fact = "requests what they certify; the near miss for another application"
    world.plant("IAM-03", "Asks for access and certifies it", who, "claims", near, fact)

    who, near = pair(
        world,
        "Claims",
        [("request-for-others", "claims"), ("grant", "claims")],
        ("certify", "claims"),
        ("view-campaign", "claims"),
    )
    world.expect("IAM-03", who, "claims")
    fact = "certifies besides; the near miss looks on"
    world.plant("IAM-05", "Three steps of four", who, "claims", near, fact)


def plant_identities(world: World) -> None:
    """New people, and facts about people."""
    who, near = (world.hire("Platform", "Specialist") for _ in range(2))
    for person, right in ((who, "hire"), (near, "view-person")):
        world.in_hr(person, right)
        world.in_cloud(person, ATTACH, "policies")
    fact = "enters people; the near miss looks them up"
    world.plant("IAM-04", "Creates people and gives them access", who, "anywhere", near, fact)

    who, near = (somebody(world, "Identity", ("edit-role", "*")) for _ in range(2))
    world.in_hr(who, "change-department")
    world.in_hr(near, "view-person")
    fact = "moves people between departments; the near miss looks them up"
    world.plant("IAM-14", "Moves people, and decides what that gives", who, "anywhere", near, fact)


def plant_roles(world: World) -> None:
    """What roles contain, and roles that break a rule by themselves."""
    who, near = (somebody(world, "Identity", ("edit-role", "*")) for _ in range(2))
    world.in_iga(who, "grant", "policies")
    world.in_life(near, "grant", "policies")
    fact = "grants in the same tool; the near miss in the other one"
    world.plant("IAM-06", "Fills roles and hands them out", who, "iga", near, fact)

    who, near = pair(
        world,
        "Identity",
        [("edit-role", "*")],
        ("approve-role", "*"),
        ("view-role", "*"),
    )
    fact = "approves roles; the near miss looks at them"
    world.plant("IAM-07", "Builds a role and approves it", who, "iga", near, fact)

    for group, granted in (("Regional leads", "policies"), ("Branch leads", "claims")):
        world.contain(group, "approve-request", "policies")
        world.contain(group, "grant", granted)
    fact = "grants where it approves; the near miss grants elsewhere"
    world.plant(
        "IAM-21",
        "A role that nobody has yet",
        "iga:Regional leads",
        "policies",
        "iga:Branch leads",
        fact,
    )


def plant_rules(world: World) -> None:
    """Rules on separation, and what excuses from them."""
    who, near = pair(
        world,
        "Risk",
        [("edit-sod-rule", "*")],
        ("approve-request", "policies"),
        ("view-request", "policies"),
    )
    fact = "approves access; the near miss looks at requests"
    world.plant("IAM-08", "Writes the rules and approves access", who, "anywhere", near, fact)

    who, near = pair(
        world,
        "Risk",
        [("approve-sod-rule", "*")],
        ("exclude-from-sod-rule", "*"),
        ("view-sod-rule", "*"),
    )
    fact = "leaves people out of rules; the near miss reads them"
    world.plant("IAM-09", "Changes the rules and signs them", who, "iga", near, fact)

    who, near = pair(
        world,
        "Risk",
        [("approve-mitigation", "*")],
        ("perform-control", "*"),
        ("view-control", "*"),
    )
    fact = "performs controls; the near miss looks at them"
    world.plant("IAM-10", "Performs a control and approves it", who, "iga", near, fact)


def plant_reviews(world: World) -> None:
    """Around the review: passwords and links."""
    who, near = pair(
        world,
        "Policies",
        [("reset-password", "*")],
        ("certify", "policies"),
        ("view-campaign", "policies"),
    )
    fact = "certifies; the near miss looks on"
    world.plant("IAM-11", "Signs, and can sign for others", who, "iga", near, fact)

    who, near = (somebody(world, "Identity", ("link-account", "*")) for _ in range(2))
    world.in_iga(who, "open-campaign", "*")
    world.in_life(near, "open-campaign", "*")
    fact = "runs reviews in the same tool; the near miss in the other one"
    world.plant("IAM-12", "Says whose accounts are, and runs the review", who, "iga", near, fact)


def plant_tool(world: World) -> None:
    """The governance tool itself."""
    who, near = pair(
        world,
        "Identity",
        [("administer-log", "*")],
        ("edit-workflow", "*"),
        ("view-workflow", "*"),
    )
    fact = "edits workflows; the near miss looks at them"
    world.plant("IAM-13", "Skips a step and shortens the log", who, "iga", near, fact)

    who = world.hire("Suppliers", "Consultant", kind="vendor")
    near = world.hire("Identity", "Consultant")
    for person in (who, near):
        world.in_iga(person, "edit-connector", "*")
    fact = "is a vendor; the near miss is staff"
    world.plant("IAM-15", "A vendor rewires the tool", who, "iga", near, fact)

    who = somebody(world, "Identity", ("provision", "*"))
    fact = "is a person; the near miss is the connector"
    world.plant("IAM-16", "Grants written by hand", who, "iga", "iga:svc-connector", fact)

    who, near = (world.hire("Platform", "Duty engineer") for _ in range(2))
    world.check_out(who, "root", "30.10.2026 08:00", "31.10.2026 14:00")
    world.check_out(near, "root-2", "30.10.2026 21:00", "31.10.2026 09:00")
    world.check_out(near, "root", "05.10.2026 08:00", "07.10.2026 08:00")  # over since then
    fact = "has the id for 30 hours; the near miss for 12"
    world.plant("IAM-20", "An emergency that did not end", who, "anywhere", near, fact)

    who, near = (world.hire("Service Desk", "Service Desk analyst") for _ in range(2))
    world.in_iga(who, "link-account", "*")
    world.in_iga(near, "reset-password", "*")
    fact = "links accounts; the near miss resets passwords"
    world.plant("IAM-22", "The desk does more than its work", who, "iga", near, fact)


def plant_numbers(world: World) -> None:
    """Too many, too few, too small a team. Who makes up the numbers is planted above."""
    fact = "has six administrators: a group of three, a vendor and two others; the near miss five"
    world.plant(
        "IAM-17",
        "A tool with many masters",
        "iga",
        "iga",
        "iga-life",
        fact,
        near_place="iga-life",
    )
    fact = "has one approver; the near miss has several"
    world.plant(
        "IAM-18",
        "Only one can agree",
        "pricing",
        "pricing",
        "policies",
        fact,
        near_place="policies",
    )
    fact = "has somebody with two of the steps; in the near miss each step has people of its own"
    world.plant(
        "IAM-19",
        "Two people are enough",
        "claims",
        "claims",
        "policies",
        fact,
        near_place="policies",
    )


def plant_hygiene(world: World) -> None:
    """Logins and groups by themselves."""
    who, near = (world.hire("Policies", "Specialist", status="leaver") for _ in range(2))
    world.login(near, enabled="no")
    for person in (who, near):
        world.in_iga(person, "view-account", "policies")
    fact = "has a login that works; the near miss one that is switched off"
    world.plant("IAM-23", "Gone, and still signed in", who, "iga", near, fact)

    who, near = (world.hire("Internal Audit", "Auditor") for _ in range(2))
    logins = [world.login(who, last="01.06.2026"), world.login(near, last="01.10.2026")]
    for person in (who, near):
        world.join(person, "Tool auditors")
    world.contain("Tool auditors", "view-log", "*", privileged=True)
    fact = "was last used in June; the near miss this month"
    world.plant(
        "IAM-24", "Privileged, and asleep", f"iga:{logins[0]}", "iga", f"iga:{logins[1]}", fact
    )

    near = somebody(world, "Pricing", ("view-account", "pricing"))
    world.in_iga("TEMP01", "view-account", "pricing")
    fact = "belongs to nobody; the near miss has an employee number"
    login = world.login(near)
    world.plant("IAM-25", "A login of nobody", "iga:TEMP01", "iga", f"iga:{login}", fact)

    for group in ("Pricing readers", "Policy readers"):
        owner, member = (world.hire("Pricing", "Analyst") for _ in range(2))
        world.owners[group] = world.login(owner)
        world.contain(group, "view-request", "pricing")
        world.join(member, group)
        if group == "Pricing readers":
            world.join(owner, group)
    fact = "has an owner who is a member; the near miss has one who is not"
    world.plant(
        "IAM-26",
        "A group that lets itself in",
        "iga:Pricing readers",
        "iga",
        "iga:Policy readers",
        fact,
    )
