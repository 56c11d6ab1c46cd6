"""Requests to Jenkins with the answers that its plugins give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.jenkins.decide import Layer
from sod_analyzer.evaluate import jenkins
from sod_analyzer.evaluate.jenkins import Answer, Caller, Jenkins

NO, UNKNOWN, CONDITIONAL, YES = Answer
_MATRIX = "hudson.security.ProjectMatrixAuthorizationStrategy"
_GLOBAL = "hudson.security.GlobalMatrixAuthorizationStrategy"
_ROLES = "com.michelin.cio.hudson.plugins.rolestrategy.RoleBasedAuthorizationStrategy"
_FOLDER = "com.cloudbees.hudson.plugins.folder.properties.AuthorizationMatrixProperty"
_JOB = "hudson.security.AuthorizationMatrixProperty"
_NODE = "org.jenkinsci.plugins.matrixauth.AuthorizationMatrixNodeProperty"
_INHERITANCE = "org.jenkinsci.plugins.matrixauth.inheritance."
BUILD, READ, CONFIGURE = (f"hudson.model.Item.{each}" for each in ("Build", "Read", "Configure"))
ADMIN = "hudson.model.Hudson.Administer"


def permissions(entries: Iterable[str]) -> str:
    return "".join(f"<permission>{each}</permission>" for each in entries)


def whole(*entries: str, strategy: str = _MATRIX, inside: str = "") -> bytes:
    return (
        f"<hudson><useSecurity>true</useSecurity><authorizationStrategy class='{strategy}'>"
        f"{permissions(entries)}{inside}</authorizationStrategy></hudson>"
    ).encode()


def own(*entries: str, of: str = _JOB, inherits: str = "", blocks: str = "") -> bytes:
    stated = f"<inheritanceStrategy class='{_INHERITANCE}{inherits}Strategy'/>" if inherits else ""
    old = f"<blocksInheritance>{blocks}</blocksInheritance>" if blocks else ""
    return (
        f"<project><properties><{of}>{stated}{old}{permissions(entries)}</{of}></properties>"
        "</project>"
    ).encode()


def role(
    name: str, rights: Iterable[str], *members: str, pattern: str = ".*", more: str = ""
) -> str:
    """A role; each member is TYPE:NAME, or a name alone."""
    sids = ""
    for each in members:
        kind, colon, who = each.partition(":")
        sids += f"<sid type='{kind}'>{who}</sid>" if colon else f"<sid>{each}</sid>"
    return (
        f"<role name='{name}' pattern='{pattern}'{more}><permissions>{permissions(rights)}"
        f"</permissions><assignedSIDs>{sids}</assignedSIDs></role>"
    )


def roles(*everywhere: str, items: Iterable[str] = (), agents: Iterable[str] = ()) -> bytes:
    inside = "".join(
        f"<roleMap type='{kind}'>{''.join(some)}</roleMap>"
        for kind, some in (
            ("globalRoles", everywhere),
            ("projectRoles", items),
            ("slaveRoles", agents),
        )
    )
    return whole(strategy=_ROLES, inside=inside)


def home(top: bytes, files: Mapping[str, bytes] | None = None) -> Jenkins:
    return jenkins.load(xml=[("config.xml", top), *(files or {}).items()])


WEB, SHOP = "jobs/shop/jobs/web/config.xml", "jobs/shop/config.xml"
#: The instance's entries, files, who asks, of which groups, for what, and the answer.
MATRICES: dict[str, tuple[Jenkins, str, tuple[str, ...], str, Answer]] = {
    "an entry of one's name": (home(whole(f"USER:{BUILD}:ann")), "ann", (), "Job/Build", YES),
    "an older entry without a kind": (home(whole(f"{BUILD}:ann")), "ann", (), "Job/Build", YES),
    "an older entry of a group": (home(whole(f"{BUILD}:ops")), "ann", ("ops",), "Job/Build", YES),
    "somebody else": (home(whole(f"USER:{BUILD}:ann")), "bob", (), "Job/Build", NO),
    "another right": (home(whole(f"USER:{BUILD}:ann")), "ann", (), "Job/Configure", NO),
    "a group of one's name": (home(whole(f"GROUP:{BUILD}:ann")), "ann", (), "Job/Build", NO),
    "a name of one's group": (home(whole(f"USER:{BUILD}:ops")), "ann", ("ops",), "Job/Build", NO),
    "a name with colons": (
        home(whole(f"GROUP:{BUILD}:cn:ops:x")), "ann", ("cn:ops:x",), "Job/Build", YES),
    "a name that differs by case": (
        home(whole(f"USER:{BUILD}:Ann")), "ann", (), "Job/Build", CONDITIONAL),
    "whoever signs in": (
        home(whole(f"GROUP:{BUILD}:authenticated")), "ann", (), "Job/Build", YES),
    "who does not sign in is not of it": (
        home(whole(f"GROUP:{BUILD}:authenticated")), "", (), "Job/Build", NO),
    "what anybody may, everybody may": (
        home(whole(f"USER:{READ}:anonymous")), "ann", (), "Job/Read", YES),
    "anybody may": (home(whole(f"{READ}:anonymous")), "", (), "Job/Read", YES),
    "an administrator builds": (home(whole(f"USER:{ADMIN}:ann")), "ann", (), "Job/Build", YES),
    "an administrator has no optional right": (
        home(whole(f"USER:{ADMIN}:ann")), "ann", (), "Run/Artifacts", NO),
    "who reads discovers": (home(whole(f"USER:{READ}:ann")), "ann", (), "Job/Discover", YES),
    "who discovers does not read": (
        home(whole("USER:hudson.model.Item.Discover:ann")), "ann", (), "Job/Read", NO),
    "who configures replays": (home(whole(f"USER:{CONFIGURE}:ann")), "ann", (), "Run/Replay", YES),
    "who replays does not configure": (
        home(whole("USER:hudson.model.Run.Replay:ann")), "ann", (), "Job/Configure", NO),
    "who builds does not replay": (home(whole(f"USER:{BUILD}:ann")), "ann", (), "Run/Replay", NO),
    "a dangerous right alone is none": (
        home(whole("USER:hudson.model.Hudson.RunScripts:ann")), "ann", (), "Overall/RunScripts",
        NO),
    "an administrator has dangerous rights": (
        home(whole(f"USER:{ADMIN}:ann")), "ann", (), "Overall/RunScripts", YES),
    "an entry of the job": (
        home(whole(), {WEB: own(f"USER:{BUILD}:ann")}), "ann", (), "Job/Build", YES),
    "an entry of the folder": (
        home(whole(), {SHOP: own(f"USER:{BUILD}:ann", of=_FOLDER)}), "ann", (), "Job/Build", YES),
    "the folder's beside the job's own": (
        home(whole(), {SHOP: own(f"USER:{BUILD}:ann", of=_FOLDER), WEB: own(f"USER:{READ}:ann")}),
        "ann", (), "Job/Build", YES),
    "the folder's, where only the instance's are inherited": (
        home(whole(), {SHOP: own(f"USER:{BUILD}:ann", of=_FOLDER),
                       WEB: own(inherits="InheritGlobal")}), "ann", (), "Job/Build", NO),
    "the instance's, where these are inherited": (
        home(whole(f"USER:{BUILD}:ann"), {WEB: own(inherits="InheritGlobal")}), "ann", (),
        "Job/Build", YES),
    "nothing is inherited": (
        home(whole(f"USER:{BUILD}:ann"), {WEB: own(inherits="NonInheriting")}), "ann", (),
        "Job/Build", NO),
    "nothing is inherited, as older files say it": (
        home(whole(f"USER:{BUILD}:ann"), {WEB: own(blocks="true")}), "ann", (), "Job/Build", NO),
    "something is inherited, as older files say it": (
        home(whole(f"USER:{BUILD}:ann"), {WEB: own(blocks="false")}), "ann", (), "Job/Build", YES),
    "a folder inherits nothing": (
        home(whole(f"USER:{BUILD}:ann"), {SHOP: own(of=_FOLDER, inherits="NonInheriting")}), "ann",
        (), "Job/Build", NO),
    "an administrator where nothing is inherited": (
        home(whole(f"USER:{ADMIN}:ann"), {WEB: own(inherits="NonInheriting")}), "ann", (),
        "Job/Build", YES),
    "nobody is an administrator by a job": (
        home(whole(), {WEB: own(f"USER:{ADMIN}:ann")}), "ann", (), "Job/Build", NO),
    "an entry of another job": (
        home(whole(), {"jobs/shop/jobs/api/config.xml": own(f"USER:{BUILD}:ann")}), "ann", (),
        "Job/Build", NO),
    "jobs do not count where one matrix is for all": (
        home(whole(strategy=_GLOBAL), {WEB: own(f"USER:{BUILD}:ann")}), "ann", (), "Job/Build", NO),
    "whoever signs in may do everything": (
        home(whole(strategy="hudson.security.FullControlOnceLoggedInAuthorizationStrategy")), "ann",
        (), "Overall/Administer", YES),
    "and who does not may read": (
        home(whole(strategy="hudson.security.FullControlOnceLoggedInAuthorizationStrategy")), "",
        (), "Job/Read", YES),
    "and not build": (
        home(whole(strategy="hudson.security.FullControlOnceLoggedInAuthorizationStrategy")), "",
        (), "Job/Build", NO),
    "and not even read": (
        home(whole(strategy="hudson.security.FullControlOnceLoggedInAuthorizationStrategy",
                   inside="<denyAnonymousReadAccess>true</denyAnonymousReadAccess>")), "", (),
        "Job/Read", NO),
    "no security": (
        home(b"<hudson><useSecurity>false</useSecurity></hudson>"), "", (), "Overall/Administer",
        YES),
    "a strategy that nobody knows": (
        home(whole(strategy="com.example.Odd")), "ann", (), "Job/Build", UNKNOWN),
    "a job that cannot be read": (
        home(whole(f"USER:{BUILD}:ann"), {WEB: b"<project"}), "ann", (), "Job/Build", UNKNOWN),
    "an administrator on a job that cannot be read": (
        home(whole(f"USER:{ADMIN}:ann"), {WEB: b"<project"}), "ann", (), "Job/Build", YES),
    "another job cannot be read": (
        home(whole(f"USER:{BUILD}:ann"), {"jobs/api/config.xml": b"<project"}), "ann", (),
        "Job/Build", YES),
    "an entry that is none": (
        home(whole(f"USER:{BUILD}:ann", "what")), "ann", (), "Job/Build", UNKNOWN),
}  # fmt: skip
ALL = role("ops", [BUILD], "USER:ann")
ROLES: dict[str, tuple[Jenkins, str, tuple[str, ...], str, Answer]] = {
    "a role for everything": (home(roles(ALL)), "ann", (), "Job/Build", YES),
    "somebody without it": (home(roles(ALL)), "bob", (), "Job/Build", NO),
    "another right of it": (home(roles(ALL)), "ann", (), "Job/Delete", NO),
    "a group has it": (
        home(roles(role("ops", [BUILD], "GROUP:ops"))), "ann", ("ops",), "Job/Build", YES),
    "a name of one's group": (
        home(roles(role("ops", [BUILD], "USER:ops"))), "ann", ("ops",), "Job/Build", NO),
    "a group of one's name": (
        home(roles(role("ops", [BUILD], "GROUP:ann"))), "ann", (), "Job/Build", NO),
    "either": (home(roles(role("ops", [BUILD], "EITHER:ann"))), "ann", (), "Job/Build", YES),
    "an older file does not say which": (
        home(roles(role("ops", [BUILD], "ops"))), "ann", ("ops",), "Job/Build", YES),
    "a name that differs by case": (
        home(roles(role("ops", [BUILD], "USER:ANN"))), "ann", (), "Job/Build", CONDITIONAL),
    "whoever signs in": (
        home(roles(role("ops", [BUILD], "GROUP:authenticated"))), "ann", (), "Job/Build", YES),
    "anybody, so everybody": (
        home(roles(role("ops", [READ], "USER:anonymous"))), "ann", (), "Job/Read", YES),
    "who does not sign in": (home(roles(ALL)), "", (), "Job/Build", NO),
    "a role of the folder's jobs": (
        home(roles(items=[role("shop", [BUILD], "USER:ann", pattern="shop/.*")])), "ann", (),
        "Job/Build", YES),
    "a role of other jobs": (
        home(roles(items=[role("bank", [BUILD], "USER:ann", pattern="bank/.*")])), "ann", (),
        "Job/Build", NO),
    "the pattern is of the whole name": (
        home(roles(items=[role("shop", [BUILD], "USER:ann", pattern="shop")])), "ann", (),
        "Job/Build", NO),
    "the pattern is of the folder and the job": (
        home(roles(items=[role("web", [BUILD], "USER:ann", pattern="web")])), "ann", (),
        "Job/Build", NO),
    "the case of a pattern matters": (
        home(roles(items=[role("shop", [BUILD], "USER:ann", pattern="SHOP/.*")])), "ann", (),
        "Job/Build", NO),
    "unless it says otherwise": (
        home(roles(items=[role("shop", [BUILD], "USER:ann", pattern="(?i)SHOP/.*")])), "ann", (),
        "Job/Build", YES),
    "a pattern that looks ahead is not decided": (
        home(roles(items=[role("shop", [BUILD], "USER:ann", pattern="(?!bank).*")])), "ann", (),
        "Job/Build", CONDITIONAL),
    "a pattern of a role for everything means nothing": (
        home(roles(role("ops", [BUILD], "USER:ann", pattern="bank/.*"))), "ann", (), "Job/Build",
        YES),
    "a macro is not decided": (
        home(roles(items=[role("@BuildableJob", [BUILD], "USER:ann")])), "ann", (), "Job/Build",
        CONDITIONAL),
    "a role of agents is none of jobs": (
        home(roles(agents=[role("a", [BUILD], "USER:ann")])), "ann", (), "Job/Build", NO),
    "an administrator": (
        home(roles(role("admin", [ADMIN], "USER:ann"))), "ann", (), "Job/Build", YES),
    "a role of jobs with everything": (
        home(roles(items=[role("shop", [CONFIGURE], "USER:ann")])), "ann", (), "Run/Replay", YES),
    "a dangerous right alone is none": (
        home(roles(role("x", ["hudson.PluginManager.UploadPlugins"], "USER:ann"))), "ann", (),
        "Overall/UploadPlugins", NO),
    "the rights of a template": (
        home(roles(
            "<permissionTemplate name='t'><permissions><permission>hudson.model.Item.Delete"
            "</permission></permissions></permissionTemplate>",
            items=[role("x", [BUILD], "USER:ann", more=" templateName='t'")])),
        "ann", (), "Job/Delete", YES),
    "a template's rights alone": (
        home(roles(
            "<permissionTemplate name='t'><permissions/></permissionTemplate>",
            items=[role("x", [BUILD], "USER:ann", more=" templateName='t'")])),
        "ann", (), "Job/Build", NO),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "name"),
    [(cases, name) for cases in (MATRICES, ROLES) for name in cases],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_documented_answer_is_given(
    cases: Mapping[str, tuple[Jenkins, str, tuple[str, ...], str, Answer]], name: str
) -> None:
    asked, who, groups, right, expected = cases[name]
    job = None if right.startswith("Overall/") else "shop/web"

    found = asked.decide(Caller(who, groups), right, job=job)

    assert found.answer is expected
    if expected is UNKNOWN:
        assert found.missing
        assert asked.problems or "strategy" in found.missing[0]


@pytest.mark.parametrize("cases", [MATRICES, ROLES])
def test_enough_cases_are_denied(cases: Mapping[str, tuple[Any, ...]]) -> None:
    assert len(cases) >= 25
    assert sum(each[-1] is not YES for each in cases.values()) * 5 >= len(cases) * 2


def test_a_decision_says_where_it_was_found() -> None:
    asked = home(
        whole(f"USER:{BUILD}:ann", f"USER:{BUILD}:bob"),
        {SHOP: own(f"GROUP:{CONFIGURE}:ops", of=_FOLDER), WEB: own(f"USER:{CONFIGURE}:cat")},
    )

    def found(who: Caller, right: str) -> tuple[Layer, str, str]:
        said = asked.decide(who, right, job="shop/web")
        return said.layer, said.where, str(said.by)

    assert found(Caller("bob"), "Job/Build") == (Layer.GLOBAL, "", "user bob: Job/Build")
    assert found(Caller("", ("ops",)), "Job/Configure") == (
        Layer.FOLDER, "shop", "group ops: Job/Configure")  # fmt: skip
    assert found(Caller("cat"), "Job/Configure") == (
        Layer.JOB, "shop/web", "user cat: Job/Configure")  # fmt: skip
    second = asked.decide("bob", "Job/Build", job="shop/web").by
    assert second is not None
    assert (second.source, second.record) == ("config.xml", 1)


# -- agents ---------------------------------------------------------------------------------------

CONNECT = "hudson.model.Computer.Connect"
DISCONNECT = "hudson.model.Computer.Disconnect"
NODE = "nodes/linux/config.xml"


@pytest.mark.parametrize(
    ("asked", "right", "answer"),
    [
        (home(whole(), {NODE: own(f"USER:{CONNECT}:ann", of=_NODE)}), "Agent/Connect", YES),
        (home(whole(), {NODE: own(f"USER:{DISCONNECT}:ann", of=_NODE)}), "Agent/Connect", YES),
        (home(whole(), {NODE: own(f"USER:{CONNECT}:ann", of=_NODE)}), "Agent/Disconnect", NO),
        (home(whole(), {NODE: own(f"USER:{ADMIN}:ann", of=_NODE)}), "Agent/Connect", NO),
        (home(whole(f"{CONNECT}:ann"), {NODE: own(of=_NODE)}), "Agent/Connect", YES),
        (home(whole(f"{CONNECT}:ann"), {NODE: own(of=_NODE, inherits="NonInheriting")}),
         "Agent/Connect", NO),
        (home(whole(f"{CONNECT}:ann"), {NODE: b"<slave"}), "Agent/Connect", UNKNOWN),
        (home(whole(), {"nodes/mac/config.xml": own(f"{CONNECT}:ann", of=_NODE)}), "Agent/Connect",
         NO),
        (home(roles(agents=[role("a", [CONNECT], "USER:ann", pattern="lin.*")])), "Agent/Connect",
         YES),
        (home(roles(agents=[role("a", [CONNECT], "USER:ann", pattern="mac")])), "Agent/Connect",
         NO),
        (home(roles(items=[role("a", [CONNECT], "USER:ann")])), "Agent/Connect", NO),
    ],
)  # fmt: skip
def test_agents_have_entries_and_roles_of_their_own(
    asked: Jenkins, right: str, answer: Answer
) -> None:
    assert asked.decide("ann", right, agent="linux").answer is answer


# -- own changes ----------------------------------------------------------------------------------

ITEM_ROLES = f"{_ROLES}.ItemRoles"


@pytest.mark.parametrize(
    ("asked", "right", "answer"),
    [
        (home(whole(), {WEB: own(f"USER:{CONFIGURE}:ann")}), "Job/Build", YES),
        (home(whole(), {SHOP: own(f"USER:{CONFIGURE}:ann", of=_FOLDER)}), "Job/Build", YES),
        (home(whole(f"USER:{CONFIGURE}:ann")), "Credentials/Update", YES),
        (home(whole(f"USER:{BUILD}:ann")), "Job/Delete", NO),
        (home(whole(), {WEB: own(f"USER:{CONFIGURE}:ann")}), "Overall/Administer", NO),
        (home(whole(), {"jobs/api/config.xml": own(f"USER:{CONFIGURE}:ann")}), "Job/Build", NO),
        # Who configures the folder alone changes no job that inherits nothing from it.
        (home(whole(), {SHOP: own(f"USER:{CONFIGURE}:ann", of=_FOLDER),
                        WEB: own(inherits="NonInheriting")}), "Job/Build", NO),
        (home(whole(f"USER:{CONFIGURE}:ann", strategy=_GLOBAL)), "Job/Delete", NO),
        (home(whole(f"USER:{ADMIN}:ann")), "Run/Artifacts", YES),
        (home(roles(role("x", [CONFIGURE], "USER:ann"))), "Job/Delete", NO),
        (home(roles(role("x", [ITEM_ROLES], "USER:ann"))), "Job/Delete", YES),
        (home(roles(role("x", [ITEM_ROLES], "USER:ann"))), "Overall/Administer", NO),
    ],
)  # fmt: skip
def test_whoever_changes_entries_gives_himself_what_they_give(
    asked: Jenkins, right: str, answer: Answer
) -> None:
    assert asked.decide("ann", right, job="shop/web", own_change=True).answer is answer
    assert asked.decide("ann", right, job="shop/web").answer is NO


# -- configuration as code ------------------------------------------------------------------------


def coded(strategy: object, **more: object) -> Jenkins:
    return jenkins.load(code=[("c.yaml", {"jenkins": {"authorizationStrategy": strategy, **more}})])


@pytest.mark.parametrize(
    ("strategy", "right", "answer"),
    [
        ({"projectMatrix": {"permissions": ["Job/Build:ann"]}}, "Job/Build", YES),
        ({"projectMatrix": {"permissions": ["USER:Job/Build:ann"]}}, "Job/Build", YES),
        ({"projectMatrix": {"permissions": ["GROUP:Job/Build:ann"]}}, "Job/Build", NO),
        ({"globalMatrix": {"grantedPermissions": ["Job/Build:ann"]}}, "Job/Build", YES),
        ({"globalMatrix": {"entries": [{"user": {"name": "ann", "permissions": ["Job/Build"]}}]}},
         "Job/Build", YES),
        ({"globalMatrix": {"entries": [{"group": {"name": "ann", "permissions": ["Job/Build"]}}]}},
         "Job/Build", NO),
        ({"globalMatrix": {"entries": [{"robot": {"name": "ann"}}]}}, "Job/Build", UNKNOWN),
        ({"roleBased": {"roles": {"items": [
            {"name": "x", "pattern": "shop/.*", "permissions": ["Job/Build"],
             "entries": [{"user": "ann"}]}]}}}, "Job/Build", YES),
        ({"roleBased": {"roles": {"items": [
            {"name": "x", "pattern": "bank/.*", "permissions": ["Job/Build"],
             "entries": [{"user": "ann"}]}]}}}, "Job/Build", NO),
        ({"roleBased": {"roles": {"global": [
            {"name": "x", "permissions": ["Job/Build"], "assignments": ["ann"]}]}}},
         "Job/Build", YES),
        ({"roleBased": {"permissionTemplates": [{"name": "t", "permissions": ["Job/Delete"]}],
                        "roles": {"items": [{"name": "x", "templateName": "t",
                                             "entries": [{"user": "ann"}]}]}}},
         "Job/Delete", YES),
        ({"roleBased": {"roles": {"items": [{"name": "x", "templateName": "lost",
                                             "permissions": ["Job/Build"],
                                             "entries": [{"user": "ann"}]}]}}}, "Job/Build", NO),
        ("unsecured", "Overall/Administer", YES),
        ({"loggedInUsersCanDoAnything": {"allowAnonymousRead": False}}, "Job/Build", YES),
        ({"somethingElse": {}}, "Job/Build", UNKNOWN),
        ({}, "Job/Build", UNKNOWN),
        (7, "Job/Build", UNKNOWN),
    ],
)  # fmt: skip
def test_configuration_as_code_says_the_same(strategy: object, right: str, answer: Answer) -> None:
    assert coded(strategy).decide("ann", right, job="shop/web").answer is answer


def test_agents_of_configuration_as_code_have_entries() -> None:
    entries = {"entries": [{"user": {"name": "ann", "permissions": ["Agent/Connect"]}}]}
    matrix = {"inheritanceStrategy": "nonInheriting", **entries}
    nodes = [{"permanent": {"name": "linux", "nodeProperties": [{"authorizationMatrix": matrix}]}}]
    top = {"projectMatrix": {"permissions": ["USER:Agent/Connect:bob"]}}

    asked = coded(top, nodes=nodes)

    assert asked.decide("ann", "Agent/Connect", agent="linux").answer is YES
    assert asked.decide("bob", "Agent/Connect", agent="linux").answer is NO
    assert asked.decide("bob", "Agent/Connect", agent="mac").answer is YES


def test_two_strategies_are_none() -> None:
    both = jenkins.load(
        xml=[("config.xml", whole(f"USER:{BUILD}:ann"))],
        code=[("c.yaml", {"jenkins": {"authorizationStrategy": "unsecured"}})],
    )

    assert both.decide("ann", "Job/Build").answer is UNKNOWN
    assert both.problems == ("c.yaml: another strategy was read before",)


def test_no_files_say_nothing() -> None:
    found = jenkins.load().decide("ann", "Job/Build")

    assert (found.answer, found.layer) == (UNKNOWN, Layer.MISSING)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<hudson",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><hudson>&b;</hudson>",
        b"<hudson><useSecurity>true</useSecurity></hudson>",
        whole(strategy=_ROLES, inside="<roleMap type='odd'/>"),
    ],
)
def test_a_damaged_file_leaves_everything_open(content: bytes) -> None:
    assert home(content).decide("ann", "Job/Build").answer is UNKNOWN


def test_entries_of_an_inheritance_that_nobody_knows_leave_the_job_open() -> None:
    asked = home(whole(f"USER:{BUILD}:ann"), {WEB: own(f"USER:{BUILD}:ann", inherits="Odd")})

    assert asked.decide("ann", "Job/Build", job="shop/web").answer is UNKNOWN
    assert asked.decide("ann", "Job/Build", job="shop").answer is YES


# -- who can --------------------------------------------------------------------------------------


def test_who_can_names_everybody_of_the_files() -> None:
    asked = home(
        whole(f"USER:{ADMIN}:root", f"GROUP:{BUILD}:ops", f"{READ}:old"),
        {WEB: own(f"USER:{BUILD}:ann", f"USER:{CONFIGURE}:cat")},
    )

    builders = asked.who_can("Job/Build", job="shop/web")
    assert list(builders) == [Caller("ann"), Caller("root"), Caller("", ("ops",))]
    changed = asked.who_can("Job/Build", job="shop/web", own_change=True)
    assert Caller("cat") in changed
    readers = home(whole(f"USER:{READ}:anonymous")).who_can("Job/Read")
    assert list(readers) == [Caller(""), Caller("", ("authenticated",))]


# -- laws -----------------------------------------------------------------------------------------

_ENTRIES = st.builds(
    lambda kind, right, who: f"{kind}{right}:{who}",
    st.sampled_from(["USER:", "GROUP:", ""]),
    st.sampled_from([BUILD, READ, CONFIGURE, ADMIN]),
    st.sampled_from(["ann", "ops", "anonymous", "authenticated"]),
)
_SOME = st.lists(_ENTRIES, max_size=3)
_KINDS_OF_INHERITANCE = st.sampled_from(["", "InheritParent", "InheritGlobal", "NonInheriting"])


def worlds(top: list[str], folder: list[str], job: list[str], how: tuple[str, str]) -> Jenkins:
    files = {SHOP: own(*folder, of=_FOLDER, inherits=how[0]), WEB: own(*job, inherits=how[1])}
    return home(whole(*top), files)


@settings(max_examples=150, deadline=None)
@given(_SOME, _SOME, _SOME, st.tuples(_KINDS_OF_INHERITANCE, _KINDS_OF_INHERITANCE), _ENTRIES)
def test_one_more_entry_never_takes_anything(
    top: list[str], folder: list[str], job: list[str], how: tuple[str, str], further: str
) -> None:
    before = worlds(top, folder, job, how)
    for after in (
        worlds([*top, further], folder, job, how),
        worlds(top, [further, *folder], job, how),
        worlds(top, folder, [*job, further, *job], how),
    ):
        for who in (Caller("ann", ("ops",)), Caller("bob"), Caller("")):
            for right in ("Job/Build", "Run/Replay", "Overall/Administer"):
                about = None if right.startswith("Overall") else "shop/web"
                one = before.decide(who, right, job=about)
                assert after.decide(who, right, job=about).answer >= one.answer


@settings(max_examples=150, deadline=None)
@given(_SOME, _SOME, _SOME, st.tuples(_KINDS_OF_INHERITANCE, _KINDS_OF_INHERITANCE))
def test_matrices_decide_as_in_the_fewest_words(
    top: list[str], folder: list[str], job: list[str], how: tuple[str, str]
) -> None:
    def has(entries: list[str], rights: set[str]) -> bool:
        for entry in entries:
            kind, right, who = (
                entry.split(":") if entry.count(":") == 2 else ("", *entry.split(":"))
            )
            me = who in ("ann", "anonymous") and kind != "GROUP"
            mine = who in ("ops", "authenticated") and kind != "USER"
            if right in rights and (me or mine):
                return True
        return False

    rights, admin = {BUILD}, {ADMIN}
    of_all = has(top, rights | admin)
    of_folder = has(folder, rights) or (has(top, admin) if how[0] == "NonInheriting" else of_all)
    left = {
        "NonInheriting": has(top, admin),
        "InheritGlobal": of_all,
    }.get(how[1], of_folder)

    found = worlds(top, folder, job, how).decide(
        Caller("ann", ("ops",)), "Job/Build", job="shop/web"
    )
    assert (found.answer is YES) is (has(job, rights) or left)
