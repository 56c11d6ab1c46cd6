"""What the bank has before anybody is hired: applications, groups, teams, roles.

`gives` states by hand which duties a bundle ends up giving its members, nesting included. The files
show the same bundles as raw objects; nothing computes one from the other.
"""

from __future__ import annotations

from typing import NamedTuple

BASE_DN = "dc=northbank,dc=example"
ORG = "northbank"

# Duties as facts. `rules.py` says which of them perform which duty of the ruleset.
COMMIT = "commit"
REVIEW = "review"
APPROVE_OWN = "approve-own"
MERGE = "merge"
MERGE_UNREVIEWED = "merge-unreviewed"
DEPLOY = "deploy"
DEVELOP = "develop"
WORKFLOW = "edit-workflow"
PIPELINE = "administer-pipeline"
GATES = "control-gates"
ACCESS = "administer-access"
CLUSTER_ACCESS = "administer-cluster-access"
STOP_LOGS = "stop-logs"
LOGS = "administer-logs"
SECRETS = "read-secrets"
BACKUPS = "delete-backups"
NETWORK = "change-network-rules"
CLOUD_ACCESS = "administer-cloud-access"
DATA = "change-production-data"
DATABASE_AUDIT = "administer-database-audit"
DETECTION = "administer-detection"
EMERGENCY = "use-emergency-access"
IDENTITIES = "create-identities"
KEYS = "manage-keys"
RELEASE = "release"
#: More than looking, in the production cluster: any right at all there but to read.
TOUCH = "change-anything-in-production"

APPLICATIONS = ("internet-banking", "logging", "onboarding", "payments")
AWS_SYSTEMS = ("aws-build", "aws-prod", "aws-root")
SYSTEMS = (
    *AWS_SYSTEMS, "changeman", "github-north", "hr-north", "k8s-prod", "k8s-test", "ldap-north",
)  # fmt: skip

#: Which applications a resource belongs to. A resource that is not here is unmapped.
PLACED: dict[tuple[str, str], tuple[str, ...]] = {
    ("github-north", "northbank/payments-api"): ("payments",),
    ("github-north", "northbank/payments-web"): ("payments",),
    ("github-north", "northbank/payments-legacy"): ("payments",),
    ("github-north", "northbank/onboarding-api"): ("onboarding",),
    ("github-north", "northbank/onboarding-web"): ("onboarding",),
    ("github-north", "northbank/ib-web"): ("internet-banking",),
    ("github-north", "northbank/ib-mobile"): ("internet-banking",),
    ("github-north", "northbank/shared-auth"): ("internet-banking", "payments"),
    ("github-north", "northbank/observability"): ("logging",),
    ("k8s-prod", "payments"): ("payments",),
    ("k8s-prod", "payments/payments-api"): ("payments",),
    ("k8s-prod", "onboarding"): ("onboarding",),
    ("k8s-prod", "internet-banking"): ("internet-banking",),
    ("k8s-prod", "logging"): ("logging",),
    ("k8s-test", "payments"): ("payments",),
    ("k8s-test", "onboarding"): ("onboarding",),
    ("k8s-test", "internet-banking"): ("internet-banking",),
    ("k8s-test", "logging"): ("logging",),
    ("changeman", "PAY"): ("payments",),
    ("changeman", "ONB"): ("onboarding",),
    ("changeman", "IBK"): ("internet-banking",),
    ("ldap-north", "cn=directory-admins"): APPLICATIONS,
    # In AWS, what an application has in an account is called by the application's name here.
    ("aws-prod", "onboarding"): ("onboarding",),
    ("aws-prod", "payments"): ("payments",),
    ("aws-build", "onboarding"): ("onboarding",),
    ("aws-build", "payments"): ("payments",),
}

# The change manager's right letters.
LETTERS: dict[str, tuple[str, ...]] = {
    "C": (COMMIT,),
    "A": (APPROVE_OWN,),
    "P": (DEPLOY,),
    "E": (PIPELINE,),
    "U": (ACCESS,),
    "L": (STOP_LOGS,),
    "B": (),
}

# GitHub.
_WRITE = (COMMIT, REVIEW, MERGE, WORKFLOW)
_ADMIN = (*_WRITE, ACCESS, GATES, PIPELINE)
LEVELS: dict[str, tuple[str, ...]] = {
    "read": (),
    "triage": (),
    "write": _WRITE,
    "maintain": _WRITE,
    "admin": _ADMIN,
}
OWNER_DUTIES = (*_ADMIN, MERGE_UNREVIEWED, STOP_LOGS)
REPOSITORIES = tuple(
    resource.partition("/")[2] for system, resource in PLACED if system == "github-north"
)
ARCHIVED = frozenset({"payments-legacy"})


def _repo_facts(duties: tuple[str, ...], *repos: str) -> tuple[str, ...]:
    return tuple(f"{duty} github-north {ORG}/{repo}" for repo in repos for duty in duties)


class Team(NamedTuple):
    """A GitHub team: its parent, the repositories given to itself, and what members can do."""

    name: str
    parent: str
    repos: dict[str, str]
    gives: tuple[str, ...]


_PAYMENTS = _repo_facts(_WRITE, "payments-api", "payments-web")
TEAMS: dict[str, Team] = {
    "engineering": Team("Engineering", "", {"payments-api": "read", "ib-web": "read"}, ()),
    "payments-dev": Team(
        "Payments developers",
        "engineering",
        {"payments-api": "write", "payments-web": "write"},
        _PAYMENTS,
    ),
    "payments-core": Team("Payments core", "payments-dev", {}, _PAYMENTS),
    "payments-archivists": Team("Payments archivists", "", {"payments-legacy": "write"}, ()),
    "payments-readers": Team("Payments readers", "", {"payments-api": "read"}, ()),
    "onboarding-dev": Team(
        "Onboarding developers",
        "engineering",
        {"onboarding-api": "write", "onboarding-web": "write"},
        _repo_facts(_WRITE, "onboarding-api", "onboarding-web"),
    ),
    "ib-dev": Team(
        "Internet Banking developers",
        "engineering",
        {"ib-web": "write", "ib-mobile": "write"},
        _repo_facts(_WRITE, "ib-web", "ib-mobile"),
    ),
    "ib-keepers": Team(
        "Internet Banking keepers", "", {"ib-web": "admin"}, _repo_facts(LEVELS["admin"], "ib-web")
    ),
    "ib-maintainers": Team(
        "Internet Banking maintainers", "", {"ib-web": "maintain"}, _repo_facts(_WRITE, "ib-web")
    ),
    "auth-dev": Team(
        "Sign-in developers", "", {"shared-auth": "write"}, _repo_facts(_WRITE, "shared-auth")
    ),
    "observability-dev": Team(
        "Observability developers",
        "",
        {"observability": "write"},
        _repo_facts(_WRITE, "observability"),
    ),
    "audit": Team("Internal audit", "", dict.fromkeys(REPOSITORIES, "read"), ()),
}


# The directory. `contains` are the groups that are members of this one.
class Group(NamedTuple):
    """A directory group: its member groups, and what a member ends up with."""

    gives: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    unrestricted: bool = False
    about: str = ""


def _prod(place: str, *duties: str) -> tuple[str, ...]:
    """Duties in the production cluster, where having any of them is more than looking."""
    return tuple(f"{duty} k8s-prod {place}" for duty in (*duties, TOUCH))


_PAY = _prod("payments", DEPLOY)
_ONB = _prod("onboarding", DEPLOY)
_IB = _prod("internet-banking", DEPLOY)
_DIRECTORY = ("administer-access ldap-north cn=directory-admins",)

GROUPS: dict[str, Group] = {
    "all-staff": Group(about="Everyone with a login"),
    "vpn": Group(about="May use the remote access gateway"),
    "helpdesk": Group(about="First line support"),
    "payments-deployers": Group(_PAY, ("payments-tribe", "Release, Night")),
    "payments-tribe": Group(_PAY, ("payments-squad",)),
    "payments-squad": Group(_PAY, ("payments-juniors",)),
    "payments-juniors": Group(_PAY),
    "payments-tribe-guests": Group((), ("payments-squad-guests",)),
    "payments-squad-guests": Group((), ("payments-guests",)),
    "payments-guests": Group(()),
    "payments-viewers": Group(),
    "payments-ns-admins": Group(_prod("payments", DEPLOY, CLUSTER_ACCESS)),
    "payments-ns-editors": Group(_PAY),
    "payments-binders": Group(_prod("payments", CLUSTER_ACCESS)),
    "payments-test-binders": Group((f"{CLUSTER_ACCESS} k8s-test payments",)),
    "payments-api-patchers": Group(_prod("payments/payments-api", DEPLOY)),
    "payments-api-creators": Group(),
    "Release, Night": Group(_PAY, about="The comma belongs to the name"),
    "Release Night": Group(about="Sees the release calendar"),
    "onboarding-deployers": Group(_ONB, ("onboarding-night",)),
    "onboarding-night": Group(_ONB, ("onboarding-day",)),
    "onboarding-day": Group(_ONB, ("onboarding-weekend",)),
    "onboarding-weekend": Group(_ONB, ("onboarding-night",)),
    "onboarding-everyone": Group((), ("onboarding-weekend",)),
    "onboarding-viewers": Group(),
    "onboarding-debuggers": Group(_ONB),
    "onboarding-log-readers": Group(),
    "onboarding-übergabe": Group(_ONB, about="Handover"),
    "ib-deployers": Group(_IB),
    "ib-viewers": Group(),
    "ib-patchers": Group(_IB),
    "ib-scalers": Group(_prod("internet-banking")),
    "ib-workload-admins": Group(_IB),
    "ib-all-scalers": Group(_prod("internet-banking")),
    "ib-ephemeral-fixers": Group(_IB),
    "ib-pod-watchers": Group(),
    "release-prod": Group(_IB),
    "release-test": Group((f"{DEVELOP} k8s-test internet-banking",)),
    "treasury-deployers": Group(_prod("treasury", DEPLOY)),
    "treasury-viewers": Group(),
    "logging-ops": Group(_prod("logging", DEPLOY, LOGS, STOP_LOGS)),
    "log-config": Group(_prod("logging", STOP_LOGS)),
    "log-readers": Group(),
    "platform-deployers": Group(_prod("*", DEPLOY)),
    "platform-binders": Group(_prod("*", CLUSTER_ACCESS)),
    "platform-role-readers": Group(),
    "platform-breakglass": Group(
        _prod(
            "*", DEPLOY, CLUSTER_ACCESS, LOGS, STOP_LOGS, PIPELINE, GATES, SECRETS, BACKUPS, NETWORK
        ),
        unrestricted=True,
    ),
    "test-deployers": Group((f"{DEVELOP} k8s-test *",)),
    "directory-admins": Group(_DIRECTORY, ("directory-admins-oncall",)),
    "directory-admins-oncall": Group(_DIRECTORY),
}

POSIX_GROUPS: dict[str, int] = {"payments-release": 7100, "unix-staff": 7000}
GIDS: dict[int, tuple[str, ...]] = {7100: _PAY, 7000: ()}

#: LDIF lines by which an account is locked, and one by which it is not.
LOCKS = ("pwdAccountLockedTime: 000001010000Z", "loginDisabled: TRUE")
NOT_LOCKED = "loginDisabled: FALSE"

#: What a Kubernetes role gives a user bound to it: by cluster, kind, role and namespace.
#: A namespace of "" means a cluster-wide binding, "any" any other namespace.
KUBE_DUTIES: dict[tuple[str, str, str, str], tuple[str, ...]] = {
    ("k8s-prod", "ClusterRole", "nb-deployer", "any"): (DEPLOY, TOUCH),
    ("k8s-prod", "ClusterRole", "view", "any"): (),
    ("k8s-prod", "ClusterRole", "admin", "any"): (DEPLOY, CLUSTER_ACCESS, TOUCH),
    ("k8s-prod", "ClusterRole", "edit", "any"): (DEPLOY, TOUCH),
    ("k8s-prod", "Role", "releaser", "payments"): (DEPLOY, TOUCH),
    # The role of the same name there only reads, and in Internet Banking there is none.
    ("k8s-prod", "Role", "releaser", "onboarding"): (),
    ("k8s-prod", "Role", "releaser", "internet-banking"): (),
    ("k8s-test", "ClusterRole", "nb-deployer", "any"): (DEVELOP,),
}
