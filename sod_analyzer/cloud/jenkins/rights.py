"""Rights of Jenkins by one name each, whichever way a file spells them, and what implies them.

XML has ids such as `hudson.model.Item.Build`, YAML names such as `Job/Build`. Source: the
permissions that Jenkins and its plugins `credentials`, `workflow-cps` and `role-strategy` declare.
"""

from __future__ import annotations

from collections.abc import Iterator

ADMINISTER = "Overall/Administer"
CONFIGURE = "Job/Configure"
#: The groups of rights by the classes that declare them.
_GROUPS = {
    "hudson.model.Hudson": "Overall",
    "jenkins.model.Jenkins": "Overall",
    "hudson.PluginManager": "Overall",
    "hudson.model.Item": "Job",
    "hudson.model.Run": "Run",
    "hudson.model.Computer": "Agent",
    "hudson.model.View": "View",
    "hudson.scm.SCM": "SCM",
    "hudson.slaves.Cloud": "Cloud",
    "com.cloudbees.plugins.credentials.CredentialsProvider": "Credentials",
    "org.jenkins.plugins.lockableresources.LockableResourcesManager": "Lockable Resources",
    "com.synopsys.arc.jenkins.plugins.ownership.OwnershipPlugin": "Manage Ownership",
    "com.michelin.cio.hudson.plugins.rolestrategy.RoleBasedAuthorizationStrategy": (
        "Role Based Strategy"
    ),
}
#: Older names of groups.
_OLDER = {"Slave": "Agent"}
#: Nobody has these but by these grants: neither by another right nor as an administrator.
_BY_THEMSELVES = frozenset({"Job/WipeOut", "Run/Artifacts"})
_IMPLIED = {
    "Job/Discover": "Job/Read",
    "Job/ExtendedRead": CONFIGURE,
    "Run/Replay": CONFIGURE,
    "Agent/ExtendedRead": "Agent/Configure",
    "Agent/Connect": "Agent/Disconnect",
    "Credentials/UseItem": CONFIGURE,
    "Credentials/UseOwn": "Job/Build",
}
#: Whoever has these has everything: granted alone they count for nothing.
_DANGEROUS = frozenset(
    {"Overall/RunScripts", "Overall/UploadPlugins", "Overall/ConfigureUpdateCenter"}
)


def named(text: str) -> str:
    """A right by its one name; as it stands if nobody knows its class."""
    if "/" in text:
        group, _, name = text.partition("/")
        return f"{_OLDER.get(group, group)}/{name}"
    owner, _, name = text.rpartition(".")
    return f"{_GROUPS[owner]}/{name}" if owner in _GROUPS else text


def implying(right: str) -> Iterator[str]:
    """The right, and every one that implies it."""
    seen = right
    if right in _DANGEROUS:
        yield ADMINISTER
        return
    yield seen
    while seen in _IMPLIED:
        seen = _IMPLIED[seen]
        yield seen
    if right not in _BY_THEMSELVES and seen != ADMINISTER:
        yield ADMINISTER


def is_of_items(right: str) -> bool:
    """Whether it can be granted on a job or folder alone; rights nobody knows can."""
    group, slash, _ = right.partition("/")
    return not slash or group not in {"Overall", "Agent", "Cloud", "Role Based Strategy"}


def is_of_agents(right: str) -> bool:
    """Whether it can be granted on an agent alone."""
    group, slash, _ = right.partition("/")
    return not slash or group == "Agent"
