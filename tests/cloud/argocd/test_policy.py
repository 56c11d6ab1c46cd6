"""Requests to Argo CD with the answers that its documentation gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.cloud.argocd.policy import Layer
from sod_analyzer.evaluate import argocd
from sod_analyzer.evaluate.argocd import Answer, ArgoCd, Subject

NO, UNKNOWN, CONDITIONAL, YES = Answer
NONE: Mapping[str, Any] = {}
V3 = {"users.anonymous.enabled": "false"}


def config(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": dict(data)}


def project(name: str, *roles: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "AppProject", "metadata": {"name": name}, "spec": {"roles": list(roles)}}


def instance(
    *lines: str,
    default: str = "",
    settings: Mapping[str, str] | None = V3,
    projects: tuple[dict[str, Any], ...] = (project("other"),),
    keys: Mapping[str, Any] = NONE,
) -> ArgoCd:
    data = {"policy.csv": "\n".join(lines), "policy.default": default, **keys}
    objects = [config("argocd-rbac-cm", data), *projects]
    if settings is not None:
        objects.append(config("argocd-cm", settings))
    return argocd.load([("argo.json", objects)])


#: Lines of the policy; who asks, of which groups; for what; and the answer.
CASES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...], str, Answer]] = {
    "a rule of one's name": (
        ("p, ann, applications, sync, shop/*, allow",), "ann", (), "applications, sync, shop/web",
        YES),
    "another project": (
        ("p, ann, applications, sync, shop/*, allow",), "ann", (), "applications, sync, bank/web",
        NO),
    "another action": (
        ("p, ann, applications, sync, shop/*, allow",), "ann", (), "applications, delete, shop/web",
        NO),
    "another resource": (
        ("p, ann, applications, *, */*, allow",), "ann", (), "logs, get, shop/web", NO),
    "somebody else": (
        ("p, ann, applications, sync, */*, allow",), "bob", (), "applications, sync, shop/web", NO),
    "nothing is said": ((), "ann", (), "applications, get, shop/web", NO),
    "a deny beats an allow": (
        ("p, ann, applications, *, */*, allow", "p, ann, applications, delete, shop/web, deny"),
        "ann", (), "applications, delete, shop/web", NO),
    "a deny beats an allow that is narrower": (
        ("p, ann, applications, delete, shop/web, allow", "p, ann, applications, *, */*, deny"),
        "ann", (), "applications, delete, shop/web", NO),
    "a deny elsewhere": (
        ("p, ann, applications, *, */*, allow", "p, ann, applications, delete, bank/*, deny"),
        "ann", (), "applications, delete, shop/web", YES),
    "a deny comes first in the file": (
        ("p, ann, applications, sync, */*, deny", "p, ann, applications, sync, */*, allow"),
        "ann", (), "applications, sync, shop/web", NO),
    "a role": (
        ("p, role:ops, applications, sync, */*, allow", "g, ann, role:ops"),
        "ann", (), "applications, sync, shop/web", YES),
    "a role of a role": (
        ("p, role:a, applications, sync, */*, allow", "g, role:b, role:a", "g, ann, role:b"),
        "ann", (), "applications, sync, shop/web", YES),
    "roles in a circle": (
        ("g, role:b, role:a", "g, role:a, role:b", "g, ann, role:b"),
        "ann", (), "applications, sync, shop/web", NO),
    "a deny of a role counts for its members": (
        ("p, ann, applications, sync, */*, allow", "p, role:x, applications, sync, */*, deny",
         "g, ann, role:x"),
        "ann", (), "applications, sync, shop/web", NO),
    "a group with a role": (
        ("p, role:ops, applications, sync, */*, allow", "g, north:ops, role:ops"),
        "ann", ("north:ops",), "applications, sync, shop/web", YES),
    "another group": (
        ("p, role:ops, applications, sync, */*, allow", "g, north:ops, role:ops"),
        "ann", ("north:dev",), "applications, sync, shop/web", NO),
    "a deny of one's name stops no group": (
        ("p, ann, applications, sync, */*, deny", "p, role:ops, applications, sync, */*, allow",
         "g, north:ops, role:ops"),
        "ann", ("north:ops",), "applications, sync, shop/web", YES),
    "a deny of one group stops no other one": (
        ("p, role:no, applications, sync, */*, deny", "p, role:ops, applications, sync, */*, allow",
         "g, a, role:no", "g, b, role:ops"),
        "ann", ("a", "b"), "applications, sync, shop/web", YES),
    "a group of a rule alone, as the documentation has it": (
        ("p, north:ops, applications, sync, */*, allow",), "ann", ("north:ops",),
        "applications, sync, shop/web", CONDITIONAL),
    "a group of a rule, which has some role": (
        ("p, north:ops, applications, sync, */*, allow", "g, north:ops, role:x"),
        "ann", ("north:ops",), "applications, sync, shop/web", YES),
    "the account admin": ((), "admin", (), "applications, override, shop/web", YES),
    "admin enters pods": ((), "admin", (), "exec, create, shop/web", YES),
    "the role admin may do no new action": ((), "admin", (), "extensions, invoke, httpbin", NO),
    "the role admin looks as readers do": (
        ("g, ann, role:admin",), "ann", (), "clusters, get, https://kubernetes", YES),
    "a reader reads": (("g, ann, role:readonly",), "ann", (), "logs, get, shop/web", YES),
    "a reader does not enter": (("g, ann, role:readonly",), "ann", (), "exec, create, a/b", NO),
    "a reader does not synchronise": (
        ("g, ann, role:readonly",), "ann", (), "applications, sync, shop/web", NO),
    "what is built in can be denied": (
        ("g, ann, role:admin", "p, role:admin, exec, create, */*, deny"),
        "ann", (), "exec, create, shop/web", NO),
    "a star crosses a slash": (
        ("p, ann, applications, get, */web, allow",), "ann", (), "applications, get, shop/ns/web",
        YES),
    "a star and a slash need a slash": (
        ("p, ann, clusters, get, */*, allow",), "ann", (), "clusters, get, in-cluster", NO),
    "either of two": (
        ('p, ann, applications, "{sync,get}", shop/*, allow',), "ann", (),
        "applications, sync, shop/web", YES),
    "neither of two": (
        ('p, ann, applications, "{sync,get}", shop/*, allow',), "ann", (),
        "applications, delete, shop/web", NO),
    "one of some characters": (
        ("p, ann, applications, sync, shop/web-[1-3], allow",), "ann", (),
        "applications, sync, shop/web-2", YES),
    "none of some characters": (
        ("p, ann, applications, sync, shop/web-[!1-3], allow",), "ann", (),
        "applications, sync, shop/web-2", NO),
    "a pattern that is none matches nothing": (
        ("p, ann, applications, sync, shop/[, allow",), "ann", (), "applications, sync, shop/[",
        NO),
    "case matters": (
        ("p, ann, applications, sync, Shop/*, allow",), "ann", (), "applications, sync, shop/web",
        NO),
    "an effect that is none": (
        ("p, ann, applications, sync, */*, Allow",), "ann", (), "applications, sync, shop/web",
        NO),
    "a deny that is none": (
        ("p, ann, applications, sync, */*, allow", "p, ann, applications, sync, */*, Deny"),
        "ann", (), "applications, sync, shop/web", YES),
    "a blank behind a name": (
        ("p, ann , applications, sync, */*, allow",), "ann", (), "applications, sync, shop/web",
        NO),
    "blanks before values": (
        ("p,   ann,   applications, sync,   */*,  allow",), "ann", (),
        "applications, sync, shop/web", YES),
    "a value in quotes": (
        ('p, ann, applications, sync, "shop/{web,api}", allow',), "ann", (),
        "applications, sync, shop/api", YES),
    "a remark": (
        ("# p, ann, applications, sync, */*, allow",), "ann", (), "applications, sync, shop/web",
        NO),
    "a line of another kind": (
        ("p, ann, applications, sync, */*, allow", "x, y, z"), "ann", (),
        "applications, sync, shop/web", UNKNOWN),
    "a rule without an effect": (
        ("p, ann, applications, sync, */*, allow", "p, bob, applications, get, */*"), "ann", (),
        "applications, sync, shop/web", UNKNOWN),
    "an application's resources": (
        ("p, ann, applications, delete/*/Pod/*/*, shop/web, allow",), "ann", (),
        "applications, delete//Pod/payments/web-1, shop/web", YES),
    "an application's resources, and not the application": (
        ("p, ann, applications, delete/*, shop/web, allow",), "ann", (),
        "applications, delete, shop/web", NO),
    "the application, and not its resources": (
        ("p, ann, applications, delete, shop/web, allow",), "ann", (),
        "applications, delete//Pod/payments/web-1, shop/web", NO),
    "one of the actions that a resource knows": (
        ("p, ann, applications, action/apps/Deployment/restart, shop/*, allow",), "ann", (),
        "applications, action/apps/Deployment/restart, shop/web", YES),
    "another one of these": (
        ("p, ann, applications, action/apps/Deployment/restart, shop/*, allow",), "ann", (),
        "applications, action/apps/Deployment/pause, shop/web", NO),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_documented_answer_is_given(name: str) -> None:
    lines, who, groups, what, expected = CASES[name]

    found = instance(*lines).decide(who, *what.split(", "), groups=groups)

    assert found.answer is expected
    if expected in (YES, CONDITIONAL):
        assert found.rule is not None
        assert found.rule.effect == "allow"


def test_enough_cases_are_denied() -> None:
    denied = [each for *_, each in CASES.values() if each is not YES]

    assert len(denied) * 2 >= len(CASES) >= 25


def test_a_decision_names_its_rule_and_how_it_is_had() -> None:
    asked = instance(
        "p, role:ops, applications, sync, */*, allow", "g, role:lead, role:ops", "g, ann, role:lead"
    )

    found = asked.decide("ann", "applications", "sync", "shop/web")

    assert found.layer is Layer.NAME
    assert str(found.rule) == "p, role:ops, applications, sync, */*, allow"
    assert found.rule is not None
    assert str(found.rule.place) == "argo.json record 0 policy.csv line 1"
    assert [f"{each} ({each.place.line})" for each in found.through] == [
        "g, ann, role:lead (3)",
        "g, role:lead, role:ops (2)",
    ]


# -- the role of everybody ------------------------------------------------------------------------


def test_everybody_has_the_default_role_and_nobody_denies_it() -> None:
    asked = instance("p, ann, applications, get, */*, deny", default="role:readonly")

    found = asked.decide("ann", "applications", "get", "shop/web")

    assert (found.answer, found.layer) == (YES, Layer.DEFAULT)
    assert asked.decide("ann", "applications", "sync", "shop/web").answer is NO


def test_a_deny_of_the_default_role_stops_nobody_who_is_allowed() -> None:
    asked = instance(
        "p, role:all, applications, sync, */*, deny",
        "p, ann, applications, sync, shop/*, allow",
        default="role:all",
    )

    assert asked.decide("ann", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("bob", "applications", "sync", "shop/web").answer is NO


@pytest.mark.parametrize(
    ("settings", "answer"),
    [({"users.anonymous.enabled": "true"}, YES), (V3, NO), ({}, NO), (None, UNKNOWN)],
)
def test_who_does_not_sign_in_has_it_where_that_is_allowed(
    settings: Mapping[str, str] | None, answer: Answer
) -> None:
    asked = instance(default="role:readonly", settings=settings)

    assert asked.decide("", "applications", "get", "shop/web").answer is answer
    assert asked.decide("", "applications", "sync", "shop/web").answer is NO


@pytest.mark.parametrize(("value", "answer"), [("true", YES), ("false", NO)])
def test_the_account_admin_can_be_switched_off(value: str, answer: Answer) -> None:
    asked = instance(settings={"admin.enabled": value})

    assert asked.decide("admin", "applications", "sync", "shop/web").answer is answer


# -- projects -------------------------------------------------------------------------------------

DEPLOYER = {
    "name": "deployer",
    "policies": ["p, proj:shop:deployer, applications, sync, shop/*, allow"],
    "groups": ["north:shop"],
}


def test_a_role_of_a_project_counts_in_requests_about_it() -> None:
    asked = instance(projects=(project("shop", DEPLOYER), project("bank")))
    group = ["north:shop"]

    assert asked.decide("ann", "applications", "sync", "shop/web", groups=group).answer is YES
    assert asked.decide("ann", "applications", "sync", "bank/web", groups=group).answer is NO
    assert asked.decide("proj:shop:deployer", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("ann", "projects", "get", "shop", groups=group).answer is YES
    assert asked.decide("ann", "projects", "update", "shop", groups=group).answer is NO


def test_a_role_of_a_project_that_speaks_of_another_one_is_not_asked_there() -> None:
    wide = {**DEPLOYER, "policies": ["p, proj:shop:deployer, applications, *, */*, allow"]}
    asked = instance(projects=(project("shop", wide), project("bank")))

    assert asked.decide("proj:shop:deployer", "applications", "delete", "shop/web").answer is YES
    assert asked.decide("proj:shop:deployer", "applications", "delete", "bank/web").answer is NO


def test_a_deny_for_all_instances_counts_in_projects_too() -> None:
    asked = instance(
        "p, proj:shop:deployer, applications, sync, shop/web, deny",
        projects=(project("shop", DEPLOYER),),
    )

    assert asked.decide("proj:shop:deployer", "applications", "sync", "shop/web").answer is NO
    assert asked.decide("proj:shop:deployer", "applications", "sync", "shop/api").answer is YES


def test_projects_that_were_not_read_leave_a_no_open() -> None:
    asked = instance("p, ann, applications, sync, shop/web, allow", projects=())

    found = asked.decide("ann", "applications", "sync", "shop/api")

    assert (found.answer, found.missing) == (UNKNOWN, ("the roles of project shop",))
    assert asked.decide("ann", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("ann", "accounts", "update", "bob").answer is NO


@pytest.mark.parametrize(
    "damaged",
    [
        {"kind": "AppProject", "metadata": {"name": "shop"}, "spec": {"roles": 3}},
        {"kind": "AppProject", "metadata": {}, "spec": {}},
        project("shop", {"name": "x", "policies": ["p, proj:shop:x, applications"]}),
    ],
)
def test_a_project_that_cannot_be_read_leaves_a_no_open(damaged: dict[str, Any]) -> None:
    lines = ("p, ann, applications, sync, shop/web, allow",)
    asked = instance(*lines, projects=(damaged, project("bank")))

    assert asked.problems
    assert asked.decide("ann", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("ann", "applications", "sync", "shop/api").answer is UNKNOWN
    assert asked.decide("ann", "applications", "sync", "bank/api").answer is NO


# -- files and settings ---------------------------------------------------------------------------


def test_further_policies_are_taken_by_their_names() -> None:
    extra = {
        "policy.b.csv": "g, ann, role:x",
        "policy.a.csv": "p, role:x, applications, sync, */*, allow",
        "policy.note": "p, bob, applications, sync, */*, allow",
    }
    asked = instance(keys=extra)

    assert asked.decide("ann", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("bob", "applications", "sync", "shop/web").answer is NO


def test_expressions_match_anywhere() -> None:
    lines = ("p, ann, applications, sync|get, ^shop/, allow", "p, bob, app, ^sync$, web, allow")
    asked = instance(*lines, keys={"policy.matchMode": "regex"})

    assert asked.decide("ann", "applications", "sync", "shop/web").answer is YES
    assert asked.decide("ann", "applications", "sync", "my-shop/web").answer is NO
    assert asked.decide("bob", "applications", "sync", "my-shop/web").answer is YES
    assert instance(*lines).decide("ann", "applications", "sync", "shop/web").answer is NO


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({"server.rbac.disableApplicationFineGrainedRBACInheritance": "false"}, YES),
        ({"server.rbac.disableApplicationFineGrainedRBACInheritance": "true"}, NO),
        ({}, NO),
        (None, UNKNOWN),
    ],
)
def test_whoever_deletes_an_application_deletes_its_resources_where_that_is_set(
    settings: Mapping[str, str] | None, answer: Answer
) -> None:
    asked = instance(
        "p, ann, applications, delete, shop/web, allow",
        "p, ann, applications, delete/*/Pod/*/*, shop/web, deny",
        settings=settings,
    )

    found = asked.decide("ann", "applications", "delete//Pod/payments/web-1", "shop/web")
    assert found.answer is answer
    assert asked.decide("bob", "applications", "delete//Pod/a/b", "shop/web").answer is NO


def test_without_its_rules_only_what_is_built_in_is_known() -> None:
    asked = argocd.load([("argo.json", [config("argocd-cm", V3), project("shop")])])

    found = asked.decide("ann", "applications", "sync", "shop/web")

    assert (found.answer, found.missing) == (UNKNOWN, ("ConfigMap argocd-rbac-cm",))
    assert asked.decide("admin", "applications", "sync", "shop/web").answer is YES


def test_two_instances_at_once_are_none() -> None:
    twice = [config("argocd-rbac-cm", {"policy.csv": ""})] * 2

    asked = argocd.load([("argo.json", twice)])

    assert asked.decide("ann", "applications", "sync", "shop/web").answer is UNKNOWN
    assert "second argocd-rbac-cm" in asked.problems[0]


def test_what_does_nothing_or_cannot_be_read_is_said() -> None:
    asked = instance(
        "p, ann , applications, sync, */*, allow",
        "p, ann, applications, sync, shop/[, allow",
        "p, ann, applications, sync, */*, permit",
        projects=({"kind": "AppProject", "metadata": {"name": "x"}, "spec": {"roles": 3}},),
        keys={"number": 7},
    )

    said = "\n".join(asked.problems)
    for text in (
        "line 1: the blank behind 'ann' counts",
        "line 2: 'shop/[' is no glob",
        "line 3: the effect 'permit'",
        "project x: 'roles' is a number",
        "number is no text",
    ):
        assert text in said


def test_half_a_character_matches_nothing() -> None:
    asked = instance("p, ann, applications, sync, */*, allow")

    assert asked.decide("ann", "applications", "sync", "shop/\ud800").answer is NO


# -- who can --------------------------------------------------------------------------------------


def test_who_can_names_names_groups_and_tokens() -> None:
    asked = instance(
        "p, role:ops, applications, sync, */*, allow",
        "p, cat, applications, sync, shop/web, allow",
        "g, ann, role:ops",
        "p, dan, applications, get, */*, allow",
        projects=(project("shop", DEPLOYER),),
    )

    found = asked.who_can("applications", "sync", "shop/web")

    assert {(each.name, each.is_group): said.answer for each, said in found.items()} == {
        ("admin", False): YES,
        ("admin", True): YES,
        ("ann", False): YES,
        ("ann", True): YES,
        ("cat", False): YES,
        ("cat", True): CONDITIONAL,
        ("north:shop", False): YES,
        ("north:shop", True): YES,
        ("proj:shop:deployer", False): YES,
    }
    assert list(found) == sorted(found)


def test_whoever_signs_in_is_named_first_where_all_of_them_can() -> None:
    asked = instance("p, cat, applications, sync, shop/web, allow", default="role:readonly")

    assert next(iter(asked.who_can("applications", "get", "shop/web"))) == Subject("")
    assert Subject("") not in asked.who_can("applications", "sync", "shop/web")
    nothing = argocd.load([("argo.json", [])])
    assert nothing.who_can("accounts", "update", "bob")[Subject("")].answer is UNKNOWN


# -- laws -----------------------------------------------------------------------------------------

_TEXTS = st.sampled_from(["a", "b", "a/b", "*", "a*", "*/b", "?"])
_NAMES = st.sampled_from(["ann", "role:x", "role:y", "north:z"])
_RULES = st.builds(
    lambda who, act, what, effect: f"p, {who}, applications, {act}, {what}, {effect}",
    _NAMES, _TEXTS, _TEXTS, st.sampled_from(["allow", "allow", "deny"]),
)  # fmt: skip
_GROUPS = st.builds(lambda who, role: f"g, {who}, {role}", _NAMES, _NAMES)
_LINES = st.lists(_RULES | _GROUPS, max_size=7)


def oracle(lines: list[str], who: str, groups: list[str], action: str, what: str) -> bool:
    """The same in the fewest words: subject by subject, by what each has."""
    from fnmatch import fnmatchcase

    split = [line.split(", ") for line in lines]
    for subject in (
        who,
        *(each for each in groups if any(x[1] == each for x in split if x[0] == "g")),
    ):
        had = {subject}
        for _ in range(10):
            had |= {each[2] for each in split if each[0] == "g" and each[1] in had}
        effects = {
            each[5]
            for each in split
            if each[0] == "p"
            and each[1] in had
            and fnmatchcase(action, each[3])
            and fnmatchcase(what, each[4])
        }
        if effects == {"allow"}:
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(_LINES, st.sampled_from(["a", "b"]), st.sampled_from(["a", "b", "a/b"]))
def test_answers_are_those_of_the_few_words(lines: list[str], action: str, what: str) -> None:
    found = instance(*lines).decide("ann", "applications", action, what, groups=["north:z"])

    assert (found.answer is YES) is oracle(lines, "ann", ["north:z"], action, what)


@settings(max_examples=150, deadline=None)
@given(_LINES, st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_answer(lines: list[str], random: Any) -> None:
    mixed = lines + lines[:2]
    random.shuffle(mixed)
    one, other = instance(*lines), instance(*mixed)

    for action in ("a", "b"):
        first = one.decide("ann", "applications", action, "a/b", groups=["north:z"])
        second = other.decide("ann", "applications", action, "a/b", groups=["north:z"])
        assert first.answer is second.answer


@settings(max_examples=150, deadline=None)
@given(_LINES, _RULES)
def test_an_allow_never_takes_and_a_deny_never_gives(lines: list[str], further: str) -> None:
    before = instance(*lines).decide("ann", "applications", "a", "a/b", groups=["north:z"])
    after = instance(*lines, further).decide("ann", "applications", "a", "a/b", groups=["north:z"])

    if further.endswith("allow"):
        assert after.answer >= before.answer
    else:
        assert after.answer <= before.answer
