"""Plants about how systems grant rights: directory groups, GitHub, Kubernetes, the mainframe."""

from __future__ import annotations

from maker.plants import DIGITAL, ENGINEERING, OPERATIONS
from maker.world import World


def plant_systems(world: World) -> None:
    """Every plant that is about one system's way of granting rights, and about scope."""
    for plant in (
        _nesting, _spelling, _posix, _teams, _repositories, _owners, _bindings, _roles,
        _kube_rights, _subresources, _access, _mainframe, _places,
    ):  # fmt: skip
        plant(world)


def _pair(
    w: World, team: str, groups: tuple[str, str], title: str, *, place: str, fact: str
) -> None:
    """Two committers of the same team; the first's group deploys, the second's does not."""
    first, second = w.person(DIGITAL, "Developer"), w.person(DIGITAL, "Developer")
    for number, group in zip((first, second), groups, strict=True):
        w.github(number, team)
        w.ldap(number, group)
    w.plant(title, (first, second), "DEV-01", place, fact)


def _nesting(w: World) -> None:
    _pair(
        w,
        "payments-dev",
        ("payments-juniors", "payments-guests"),
        "Four levels of groups",
        place="payments",
        fact="reaches the deployers through four nested groups; the near miss sits in a chain of "
        "the same shape that ends before the deployers",
    )
    _pair(
        w,
        "onboarding-dev",
        ("onboarding-weekend", "onboarding-everyone"),
        "A cycle of groups",
        place="onboarding",
        fact="is in a ring of groups of which one deploys; the near miss is in a group that "
        "contains the ring",
    )


def _spelling(w: World) -> None:
    _pair(
        w,
        "payments-dev",
        ("Release, Night", "Release Night"),
        "A comma inside a name",
        place="payments",
        fact="is in the group whose name has a comma, which its parent group escapes in another "
        "way; the near miss is in the group without the comma",
    )
    a = w.person(DIGITAL, "Developer", name="Łukasz Übel")
    w.github(a, "onboarding-dev")
    w.ldap(a, "onboarding-übergabe")
    b = w.person(DIGITAL, "Developer")
    w.github(b, "onboarding-dev")
    w.ldap(b, "all-staff")
    w.group_members["onboarding-übergabe"].append(
        f"uid={w.people[b].handle},ou=former,dc=northbank,dc=example"
    )
    w.plant(
        "A dangling member is nobody",
        (a, b),
        "DEV-01",
        "onboarding",
        "is in the group; for the near miss the group lists the same uid in another branch of the "
        "directory, where no such entry exists",
    )


def _posix(w: World) -> None:
    a = w.person(ENGINEERING, "Developer")
    w.github(a, "payments-dev")
    w.ldap(a, "all-staff", gid=7100)
    b = w.person(ENGINEERING, "Developer")
    w.github(b, "payments-dev")
    key = w.ldap(b, "all-staff", gid=7000)
    w.plant(
        "The primary POSIX group alone",
        (a, b),
        "DEV-01",
        "payments",
        "deploys by gidNumber only; the near miss has the staff group as primary group",
    )
    w.memberuid(key, "unix-staff")
    c = w.person(OPERATIONS, "Operator")
    w.memberuid(w.ldap(c, "vpn"), "payments-release")


def _teams(w: World) -> None:
    a = w.person(ENGINEERING, "Developer")
    w.github(a, "payments-core")
    w.ldap(a, "payments-tribe")
    b = w.person(ENGINEERING, "Developer")
    w.github(b, "engineering")
    w.ldap(b, "payments-tribe")
    w.plant(
        "A child team inherits, a parent does not",
        (a, b),
        "DEV-01",
        "payments",
        "is in a child of the writing team; the near miss is in its parent",
    )
    c = w.person(ENGINEERING, "Team lead")
    w.github(c, maintains=("payments-dev",))
    w.ldap(c, "payments-deployers")
    d = w.person(ENGINEERING, "Team lead")
    w.github(d, maintains=("payments-readers",))
    w.ldap(d, "payments-deployers")
    w.plant(
        "A team maintainer is a member",
        (c, d),
        "DEV-01",
        "payments",
        "maintains the writing team; the near miss maintains a team that reads",
    )


def _repositories(w: World) -> None:
    a = w.person(ENGINEERING, "Developer")
    w.github(a, repos={"payments-api": "write"})
    w.ldap(a, "payments-deployers")
    b = w.person(ENGINEERING, "Developer")
    w.github(b)
    w.ldap(b, "payments-deployers")
    w.plant(
        "The base permission reads",
        (a, b),
        "DEV-01",
        "payments",
        "writes one repository by direct grant; the near miss has the organisation's base "
        "permission, which reads",
    )
    c = w.person(ENGINEERING, "Developer")
    w.github(c, repos={"payments-api": "triage"})
    w.ldap(c, "payments-deployers")
    w.plant(
        "Triage is not write",
        (a, c),
        "DEV-02",
        "payments",
        "has write on the repository; the near miss has triage",
    )
    d = w.person(ENGINEERING, "Developer")
    w.github(d, "payments-archivists")
    w.ldap(d, "payments-deployers")
    w.plant(
        "Nobody pushes to an archive",
        (a, d),
        "DEV-01",
        "payments",
        "writes a live repository of Payments; the near miss writes an archived one",
    )
    e = w.person(DIGITAL, "Tech lead")
    w.github(e, "ib-keepers")
    f = w.person(DIGITAL, "Tech lead")
    w.github(f, "ib-maintainers")
    w.plant(
        "A repository's administrator",
        (e, f),
        "DEV-05",
        "internet-banking",
        "administers a repository: edits its pipeline and its access; the near miss maintains it",
    )
    g = w.person(DIGITAL, "Developer")
    w.github(g, "auth-dev")
    w.ldap(g, "ib-deployers")
    h = w.person(DIGITAL, "Developer")
    w.github(h, "auth-dev")
    w.ldap(h, "onboarding-deployers")
    w.plant(
        "A shared repository belongs to Internet Banking",
        (g, h),
        "DEV-01",
        "internet-banking",
        "writes the shared repository and deploys Internet Banking; the near miss deploys "
        "Onboarding, which does not share it",
    )
    i = w.person(ENGINEERING, "Developer")
    w.github(i, "auth-dev")
    w.ldap(i, "payments-deployers")
    w.plant(
        "The same repository belongs to Payments",
        (i, h),
        "DEV-01",
        "payments",
        "writes the shared repository and deploys Payments; the near miss deploys Onboarding",
    )


def _owners(w: World) -> None:
    a = w.person("Platform", "Head of engineering tools")
    w.github(a, owner=True)
    b = w.person("Platform", "Engineering tools")
    w.github(b, repos={"payments-api": "maintain", "observability": "maintain"})
    w.plant(
        "An organisation owner is unrestricted",
        (a, b),
        "DEV-05",
        "payments",
        "owns the organisation; the near miss maintains repositories",
    )
    w.plant(
        "An owner administers access and its log",
        (a, b),
        "DEV-04",
        "github-north",
        "owns the organisation; the near miss maintains repositories",
    )
    c = w.person("Platform", "Chief engineer", name="=cmd|' /C calc'!A1 Quill")
    w.github(c, owner=True, login="chief-nb")
    w.ldap(c, "platform-breakglass", "vpn")
    w.mainframe(c, "C,A,P", "*")
    d = w.person("Platform", "Deputy chief engineer")
    w.github(d, owner=True)
    w.ldap(d, "platform-breakglass", "vpn")
    w.mainframe(d, "A,P", "*")
    w.plant(
        "Everything, everywhere",
        (c, d),
        "DEV-01",
        "all",
        "covers every system in which code is committed or deployed; the near miss may not check "
        "in on the mainframe",
    )
    w.plant(
        "Everything but one system is not all",
        (d, c),
        "DEV-01",
        "payments",
        "breaks the rule application by application; the near miss breaks it in the place all",
        near_miss_verdict="all",
    )


def _bindings(w: World) -> None:
    a = w.person(ENGINEERING, "Site engineer")
    w.github(a, "payments-dev")
    w.ldap(a, "all-staff")
    w.kube(a, "k8s-prod", "payments", "nb-deployer")
    b = w.person(ENGINEERING, "Site engineer")
    w.github(b, "payments-dev")
    w.ldap(b, "all-staff")
    w.kube(b, "k8s-prod", "payments", "view")
    w.plant(
        "Bound by e-mail",
        (a, b),
        "DEV-01",
        "payments",
        "a binding names the person's sign-in; the near miss is bound to view",
    )
    c = w.person(ENGINEERING, "Site engineer")
    w.github(c, "payments-dev")
    w.ldap(c, "vpn")
    w.kube(c, "k8s-prod", "", "nb-deployer")
    d = w.person(ENGINEERING, "Site engineer")
    w.github(d, "payments-dev")
    w.ldap(d, "vpn")
    w.kube(d, "k8s-prod", "onboarding", "nb-deployer")
    w.plant(
        "A binding limits a cluster role to its namespace",
        (c, d),
        "DEV-01",
        "payments",
        "bound cluster-wide; the near miss has the same role in the namespace of Onboarding",
    )
    w.plant(
        "A cluster-wide right reaches the unmapped namespace",
        (c, d),
        "DEV-01",
        "unmapped",
        "bound cluster-wide, so in a namespace that no application claims too; the near miss is "
        "bound in one namespace",
        verdict="not-evaluable",
    )


def _roles(w: World) -> None:
    a = w.person(DIGITAL, "Site engineer")
    w.github(a, "payments-dev", "onboarding-dev")
    w.ldap(a, "all-staff")
    w.kube(a, "k8s-prod", "payments", "releaser", role_kind="Role")
    b = w.person(DIGITAL, "Site engineer")
    w.github(b, "payments-dev", "onboarding-dev")
    w.ldap(b, "all-staff")
    w.kube(b, "k8s-prod", "onboarding", "releaser", role_kind="Role")
    w.plant(
        "A role is its namespace's own",
        (a, b),
        "DEV-01",
        "payments",
        "bound to releaser in the namespace of Payments; the near miss to the role of the same "
        "name in Onboarding, which only reads",
    )
    c = w.person(DIGITAL, "Site engineer")
    w.github(c, "ib-dev")
    w.ldap(c, "all-staff")
    w.kube(c, "k8s-prod", "internet-banking", "nb-deployer")
    d = w.person(DIGITAL, "Site engineer")
    w.github(d, "ib-dev")
    w.ldap(d, "all-staff")
    w.kube(d, "k8s-prod", "internet-banking", "releaser", role_kind="Role")
    w.plant(
        "A role that does not exist grants nothing",
        (c, d),
        "DEV-01",
        "internet-banking",
        "bound to a role that exists; the near miss to releaser, which this namespace has not",
    )
    e = w.person(DIGITAL, "Site engineer")
    w.github(e, "ib-dev")
    w.ldap(e, "all-staff")
    w.kube(e, "k8s-test", "internet-banking", "nb-deployer")
    w.plant(
        "Two clusters are two systems",
        (c, e),
        "DEV-02",
        "internet-banking",
        "approves, and is bound in production; the near miss is bound to the same role in test",
    )


def _kube_rights(w: World) -> None:
    _pair(
        w,
        "ib-dev",
        ("ib-patchers", "ib-scalers"),
        "Scaling is not deploying",
        place="internet-banking",
        fact="may patch deployments; the near miss deployments/scale",
    )
    _pair(
        w,
        "ib-dev",
        ("ib-workload-admins", "ib-all-scalers"),
        "A wildcard counts as far as it reaches",
        place="internet-banking",
        fact="may update every resource of the group apps; the near miss the scale "
        "of every resource",
    )
    _pair(
        w,
        "payments-dev",
        ("payments-api-patchers", "payments-api-creators"),
        "A named resource can be patched, not created",
        place="payments",
        fact="may patch one named deployment; the near miss may create it by name, "
        "which never applies",
    )


def _subresources(w: World) -> None:
    _pair(
        w,
        "onboarding-dev",
        ("onboarding-debuggers", "onboarding-log-readers"),
        "A shell in the container deploys",
        place="onboarding",
        fact="may exec into pods; the near miss may read their logs",
    )
    _pair(
        w,
        "ib-dev",
        ("ib-ephemeral-fixers", "ib-pod-watchers"),
        "A debugging container deploys",
        place="internet-banking",
        fact="may add ephemeral containers to pods; the near miss may watch pods",
    )
    a = w.person(OPERATIONS, "Namespace owner")
    w.ldap(a, "payments-ns-admins")
    b = w.person(OPERATIONS, "Namespace owner")
    w.ldap(b, "payments-ns-editors")
    w.plant(
        "One role breaks the rule by itself",
        (a, b),
        "DEV-03",
        "payments",
        "has the cluster's own role admin in the namespace; the near miss has edit",
    )


def _access(w: World) -> None:
    a = w.person(OPERATIONS, "Operator")
    w.ldap(a, "onboarding-deployers", "directory-admins-oncall")
    b = w.person(OPERATIONS, "Operator")
    w.ldap(b, "onboarding-deployers", "helpdesk")
    w.plant(
        "Who runs the directory runs every application's access",
        (a, b),
        "DEV-03",
        "onboarding",
        "is a directory administrator by a nested group; the near miss is on the help desk",
    )
    c = w.person(OPERATIONS, "Operator")
    w.ldap(c, "ib-deployers", "platform-binders")
    d = w.person(OPERATIONS, "Operator")
    w.ldap(d, "ib-deployers", "platform-role-readers")
    w.plant(
        "The right to bind is the right to grant",
        (c, d),
        "DEV-03",
        "internet-banking",
        "may bind cluster roles; the near miss may read them",
    )
    e = w.person("Security Operations", "Security engineer")
    w.ldap(e, "payments-binders", "log-config")
    f = w.person("Security Operations", "Security engineer")
    w.ldap(f, "payments-test-binders", "log-config")
    w.plant(
        "Access and logs in one cluster",
        (e, f),
        "DEV-04",
        "k8s-prod",
        "grants access and changes the log agent in production; the near miss grants access in "
        "test",
    )
    # Nobody of the roster: a certificate that names itself, and its twin with one right less.
    g = w.kube(None, "k8s-prod", "onboarding", "admin", subject="break-glass-1")
    h = w.kube(None, "k8s-prod", "onboarding", "edit", subject="break-glass-2")
    w.plant(
        "A certificate nobody owns",
        (g, h),
        "DEV-03",
        "onboarding",
        "an unmatched cluster account with the role admin; the near miss has edit",
    )


def _mainframe(w: World) -> None:
    a = w.person("Mainframe", "Systems programmer")
    w.mainframe(a, "U", "ONB")
    w.ldap(a, "onboarding-deployers")
    b = w.person("Mainframe", "Systems programmer")
    w.mainframe(b, "U", "PAY")
    w.ldap(b, "onboarding-deployers")
    w.plant(
        "Grants on the mainframe, deploys in the cluster",
        (a, b),
        "DEV-03",
        "onboarding",
        "administers mainframe access of Onboarding; the near miss of Payments",
    )
    c = w.person("Mainframe", "Systems programmer")
    w.mainframe(c, "U", "PAY")
    w.mainframe(c, "L", "PAY")
    d = w.person("Mainframe", "Systems programmer")
    w.mainframe(d, "U", "PAY")
    w.ldap(d, "log-config")
    w.plant(
        "Access and logs in one system",
        (c, d),
        "DEV-04",
        "changeman",
        "administers the change manager's access and its log; the near miss changes the cluster's "
        "log agent instead",
    )
    e = w.person("Mainframe", "Change manager")
    w.mainframe(e, "E", "ONB")
    w.mainframe(e, "U", "ONB")
    f = w.person("Mainframe", "Change manager")
    w.mainframe(f, "E", "ONB")
    w.mainframe(f, "U", "IBK")
    w.plant(
        "Pipeline and access of one application",
        (e, f),
        "DEV-05",
        "onboarding",
        "edits the processor and administers access of Onboarding; the near miss administers "
        "access of Internet Banking",
    )


def _places(w: World) -> None:
    a = w.person("Treasury IT", "Developer")
    w.github(a, "payments-dev")
    w.ldap(a, "treasury-deployers")
    b = w.person("Treasury IT", "Developer")
    w.github(b, "payments-dev")
    w.ldap(b, "treasury-viewers")
    w.plant(
        "A namespace no application claims",
        (a, b),
        "DEV-01",
        "unmapped",
        "commits Payments and deploys into a namespace missing from the catalogue; the near miss "
        "may only view it",
        verdict="not-evaluable",
    )
    c = w.person("Platform", "Observability engineer")
    w.github(c, "observability-dev")
    w.ldap(c, "platform-deployers")
    d = w.person("Platform", "Observability engineer")
    w.github(d, "observability-dev")
    w.mainframe(d, "P", "*")
    w.plant(
        "A cover reaches only what lives in its system",
        (c, d),
        "DEV-01",
        "logging",
        "deploys everywhere in the cluster, where Logging lives; the near miss promotes everything "
        "on the mainframe, where Logging has nothing",
    )
    e = w.person("Platform", "Observability engineer")
    w.github(e, "observability-dev")
    w.ldap(e, "logging-ops")
    f = w.person("Platform", "Observability engineer")
    w.github(f, "observability-dev")
    w.ldap(f, "log-config")
    w.plant(
        "A log agent's image is code",
        (e, f),
        "DEV-01",
        "logging",
        "may replace the log agent; the near miss may only edit its configuration",
    )
    g = w.person(DIGITAL, "Developer")
    w.github(g, "ib-dev")
    w.mainframe(g, "P", "*")
    h = w.person(DIGITAL, "Developer")
    w.github(h, "ib-dev")
    w.mainframe(h, "P", "ONB")
    w.plant(
        "A star on the mainframe is every application there",
        (g, h),
        "DEV-01",
        "internet-banking",
        "promotes every application; the near miss promotes Onboarding",
    )
