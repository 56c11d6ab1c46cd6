"""What was hidden in the bank: each plant beside somebody for whom one fact is different.

Plants that are about one system's way of granting rights stand in `plants_systems.py`.
"""

from __future__ import annotations

from maker.world import World

ENGINEERING = "Payments Engineering"
OPERATIONS = "Release Operations"
DIGITAL = "Digital Engineering"


def plant_people(world: World) -> None:
    """Plants about who somebody is: accounts, links, lifecycle, time."""
    _split(world)
    _swapped(world)
    _lifecycle(world)
    _links(world)
    _classes(world)
    _time(world)


def _split(w: World) -> None:
    a = w.person(ENGINEERING, "Senior developer", name="Siobhán O'Rourke")
    w.github(a, "payments-dev")
    w.ldap(a, "payments-deployers", "vpn")
    b = w.person(ENGINEERING, "Developer", name="Marlow, Jr., Peter")
    w.github(b, "payments-dev")
    w.ldap(b, "payments-viewers", "vpn")
    w.plant(
        "One person, two systems",
        (a, b),
        "DEV-01",
        "payments",
        "commits through GitHub and deploys through a directory group; the near miss may only view",
    )

    c = w.person(DIGITAL, "Developer")
    w.github(c, "onboarding-dev")
    w.ldap(c, "onboarding-deployers")
    d = w.person(DIGITAL, "Developer")
    w.github(d, "payments-dev")
    w.ldap(d, "onboarding-deployers")
    w.plant(
        "The same duties on two applications",
        (c, d),
        "DEV-01",
        "onboarding",
        "commits and deploys Onboarding; the near miss commits Payments and deploys Onboarding",
    )

    e = w.person(ENGINEERING, "Release engineer")
    w.ldap(e, "payments-deployers")
    w.mainframe(e, "A", "PAY")
    f = w.person(ENGINEERING, "Release engineer")
    w.ldap(f, "payments-deployers")
    w.mainframe(f, "B", "PAY")
    w.plant(
        "Approves on the mainframe, deploys in the cluster",
        (e, f),
        "DEV-02",
        "payments",
        "may approve mainframe changes of Payments; the near miss may only browse them",
    )

    g = w.person("Internal Audit", "IT auditor", name="Zoë Clean")
    w.github(g, "audit")
    w.ldap(g, "payments-viewers", "onboarding-viewers", "ib-viewers", "log-readers")
    w.mainframe(g, "B", "*")
    h = w.person("Internal Audit", "IT auditor")
    w.github(h, "audit", repos={"onboarding-web": "write"})
    w.ldap(h, "onboarding-deployers")
    w.mainframe(h, "B", "*")
    w.plant(
        "Someone clean",
        (g, h),
        "DEV-01",
        "onboarding",
        "reads everything and changes nothing; the near miss may also write and deploy Onboarding",
        verdict="clear",
        near_miss_verdict="violation",
    )


def _swapped(w: World) -> None:
    a = w.person(DIGITAL, "Release manager")
    w.github(a, "ib-dev")
    w.ldap(a, "release-prod")
    b = w.person(DIGITAL, "Release manager")
    w.github(b, "ib-dev")
    w.ldap(b, "release-test")
    w.plant(
        "Test is not production",
        (a, b),
        "DEV-01",
        "internet-banking",
        "release-manager in production; the near miss has the role of the same name in test",
    )


def _lifecycle(w: World) -> None:
    a = w.person(ENGINEERING, "Developer")
    w.github(a, "payments-dev")
    w.ldap(a, "payments-squad", lock="loginDisabled: FALSE")
    b = w.person(ENGINEERING, "Developer")
    w.github(b, "payments-dev")
    w.ldap(b, "payments-squad", lock="loginDisabled: TRUE")
    w.plant(
        "A disabled account is dormant",
        (a, b),
        "DEV-01",
        "payments",
        "the directory account works; the near miss has loginDisabled: TRUE and is dormant",
    )

    c = w.person(DIGITAL, "Developer", status="leaver")
    w.github(c, "onboarding-dev")
    w.ldap(c, "onboarding-deployers")
    d = w.person(DIGITAL, "Developer", status="leaver")
    w.github(d, "onboarding-dev")
    w.ldap(d, "onboarding-deployers", lock="pwdAccountLockedTime: 000001010000Z")
    w.plant(
        "A leaver whose account still works",
        (c, d),
        "DEV-01",
        "onboarding",
        "left, and the directory account is live; the near miss left and is locked",
    )

    e = w.person(ENGINEERING, "Developer", status="future")
    w.github(e, "payments-dev")
    w.ldap(e, "payments-deployers")
    f = w.person(ENGINEERING, "Developer", status="future")
    w.github(f, "payments-dev")
    w.ldap(f, "all-staff")
    w.plant(
        "A joiner equipped before the first day",
        (e, f),
        "DEV-01",
        "payments",
        "starts in December and can already commit and deploy; the near miss can only commit",
    )


def _links(w: World) -> None:
    # The leaver's address was given to the joiner: it says nothing about whose account it is.
    shared = "m.byrne@northbank.example"
    w.person(ENGINEERING, "Developer", name="Maeve Byrne", email=shared, status="leaver")
    a = w.person(ENGINEERING, "Developer", name="Malachy Byrne", email=shared)
    w.github(a, "payments-dev", login="malachy-b-nb")
    w.ldap(a, "payments-deployers", uid="m.byrne", employee="", linked=False)
    b = w.person(ENGINEERING, "Developer")
    w.github(b, "payments-dev")
    w.ldap(b, "payments-deployers", employee="")
    w.plant(
        "A recycled e-mail address links nobody",
        (b, a),
        "DEV-01",
        "payments",
        "the deploying account carries an e-mail address only one person ever had; the near miss "
        "inherited the address of a leaver, so the account stays unmatched",
    )

    c = w.person(ENGINEERING, "Developer")
    d = w.person(ENGINEERING, "Developer")
    w.github(c, "payments-dev")
    w.ldap(c, "payments-deployers", uid="ops7", employee=d, candidates=(c, d))
    e = w.person(ENGINEERING, "Developer")
    w.github(e, "payments-dev")
    w.ldap(e, "payments-deployers", uid="ops8", employee=e)
    w.plant(
        "E-mail says one, employee number says another",
        (c, e),
        "DEV-01",
        "payments",
        "the deploying account has this person's e-mail and somebody else's number: undecided; "
        "for the near miss both agree",
        verdict="not-evaluable",
        near_miss_verdict="violation",
    )
    w.plant(
        "The other candidate lacks the first duty",
        (c, d),
        "DEV-02",
        "payments",
        "approves Payments and may own the deploying account; the near miss may own it and does "
        "nothing else",
        verdict="not-evaluable",
    )

    f = w.person(OPERATIONS, "Operator")
    w.ldap(f, "payments-deployers")
    key = w.ldap(f, "directory-admins", uid="adm-4711", mail="", employee="", linked=False)
    w.alias(key, f, "Confirmed by the directory team")
    g = w.person(OPERATIONS, "Operator")
    w.ldap(g, "payments-deployers")
    w.ldap(g, "directory-admins", uid="adm-4712", mail="", employee="", linked=False)
    w.plant(
        "Two accounts in one system",
        (f, g),
        "DEV-03",
        "payments",
        "the alias file ties the nameless administration account to the person; for the near miss "
        "no alias does, and the account stands alone",
    )

    h = w.person("Mainframe", "Programmer")
    w.mainframe(h, "C,P", "ONB")
    i = w.person("Mainframe", "Programmer")
    w.mainframe(i, "C,P", "ONB", written=i.lstrip("0"), linked=False)
    w.plant(
        "Employee numbers are text",
        (h, i),
        "DEV-01",
        "onboarding",
        "the change manager writes the number in full; for the near miss it dropped the leading "
        "zeros, and the account is unmatched",
    )

    j = w.person("Mainframe", "Operator")
    k = w.person("Mainframe", "Operator")
    hit = w.mainframe(j, "C,P", "IBK", login="OPSBAT1", written="", linked=False)
    miss = w.mainframe(k, "C", "IBK", login="OPSBAT2", written="", linked=False)
    w.mainframe(k, "P", "ONB", login="OPSBAT2", written="", linked=False)
    w.plant(
        "An account nobody owns is judged under its own name",
        (hit, miss),
        "DEV-01",
        "internet-banking",
        "checks in and promotes Internet Banking; the near miss promotes Onboarding instead",
    )


def _classes(w: World) -> None:
    a = w.person("External", "Consultant", kind="vendor")
    w.github(a, outside=True, repos={"payments-web": "write"})
    w.ldap(a, "payments-deployers", ou="contractors")
    b = w.person("External", "Consultant", kind="vendor")
    w.github(b, outside=True, repos={"payments-web": "read"})
    w.ldap(b, "payments-deployers", ou="contractors")
    w.plant(
        "An outside collaborator who deploys",
        (a, b),
        "DEV-01",
        "payments",
        "a vendor writes one repository as outside collaborator; the near miss reads it",
    )

    c = w.person("External", "Mainframe contractor", kind="vendor")
    w.mainframe(c, "C,P", "PAY")
    d = w.person("External", "Mainframe contractor", kind="vendor")
    w.mainframe(d, "C", "PAY")
    w.plant(
        "Vendors are judged like staff",
        (c, d),
        "DEV-01",
        "payments",
        "a vendor checks in and promotes; the near miss checks in",
    )

    e = w.person(OPERATIONS, "Treasury desk login", name="Night Desk", kind="shared")
    w.github(e, "onboarding-dev", login="night-desk-nb")
    w.ldap(e, "onboarding-deployers")
    f = w.person(OPERATIONS, "Release robot", name="Release Robot", kind="workload")
    w.github(f, "onboarding-dev", login="release-robot-nb")
    w.ldap(f, "onboarding-deployers")
    w.plant(
        "A robot is not a person, a shared login is",
        (e, f),
        "DEV-01",
        "onboarding",
        "a shared login commits and deploys; the near miss is a robot, which these rules do not "
        "judge",
    )


def _time(w: World) -> None:
    a = w.person("Mainframe", "Programmer")
    w.mainframe(a, "C", "PAY")
    w.mainframe(a, "P", "PAY", until="2026-10-31")
    b = w.person("Mainframe", "Programmer")
    w.mainframe(b, "C", "PAY")
    w.mainframe(b, "P", "PAY", until="2026-10-30", valid=False)
    w.plant(
        "The last day counts",
        (a, b),
        "DEV-01",
        "payments",
        "the right to promote ends on the day of the review; for the near miss it ended the day "
        "before",
    )

    c = w.person("Mainframe", "Programmer")
    w.mainframe(c, "C", "IBK")
    w.mainframe(c, "P", "IBK", since="2026-10-31")
    d = w.person("Mainframe", "Programmer")
    w.mainframe(d, "C", "IBK")
    w.mainframe(d, "P", "IBK", since="2026-11-01", valid=False)
    w.plant(
        "The first day counts",
        (c, d),
        "DEV-01",
        "internet-banking",
        "the right to promote begins on the day of the review; for the near miss one day later",
    )
