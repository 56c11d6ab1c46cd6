"""Decisions whose answers follow from one rule of Kubernetes each, which the case names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sod_analyzer.cloud.kubernetes.decide import NOT_EVALUATED
from sod_analyzer.evaluate.kubernetes import Answer, Caller, Layer, load
from tests.importers.kubernetes_world import (
    APPS,
    EVERYTHING,
    FILLER,
    RBAC,
    bind,
    group,
    obj,
    person,
    role,
)

NO, UNKNOWN, YES = Answer.NO, Answer.UNKNOWN, Answer.YES
ANN = person("ann")
CI = {"kind": "ServiceAccount", "name": "ci", "namespace": "pay"}
CI_LOGIN = "system:serviceaccount:pay:ci"
Obj = Mapping[str, Any]


def may(resources: str, verbs: str = "get", groups: str = "", **more: Any) -> dict[str, Any]:
    """A rule, its lists in words; the core group is `core`."""
    names = ["" if each == "core" else each for each in (groups or "core").split()]
    return {"apiGroups": names, "resources": resources.split(), "verbs": verbs.split(), **more}


def url(*urls: str, verbs: str = "get") -> dict[str, Any]:
    return {"nonResourceURLs": list(urls), "verbs": verbs.split()}


def given(rule: Obj, to: Obj = ANN, *, at: str | None = None, **more: Any) -> tuple[Obj, ...]:
    """A ClusterRole with the rule, bound in a namespace or everywhere."""
    return role("r", rule, **more), bind("r", dict(to), namespace=at)


def local(rule: Obj, *, home: str = "pay", at: str = "pay") -> tuple[Obj, ...]:
    """A Role with the rule, and a binding that names it, each in its namespace."""
    return role("r", rule, namespace=home), bind("r", ANN, namespace=at, kind="Role")


@dataclass(frozen=True)
class Case:
    """Who asks is ann, unless it says something else."""

    rule: str
    title: str
    answer: Answer
    objects: tuple[Obj, ...]
    verb: str
    what: str
    namespace: str = ""
    name: str = ""
    caller: Caller | str = "ann"
    without: str = ""  # a kind that the export has none of


SECRETS, PODS = may("secrets"), may("pods", "list")
LENT = {"a": "1"}
ALSO_LENT = {"b": "1"}
BY_LABEL = {"clusterRoleSelectors": [{"matchLabels": LENT}]}


def aggregated(selectors: Any, *lenders: Obj, rules: tuple[Obj, ...] = ()) -> tuple[Obj, ...]:
    """A ClusterRole that takes rules from those with labels; ann has it."""
    whole = role("r", *rules, aggregationRule={"clusterRoleSelectors": selectors})
    return (whole, bind("r", ANN), *lenders)


def lender(name: str, labels: dict[str, str], rule: Obj = SECRETS, **more: Any) -> Obj:
    return role(name, rule, labels=labels, **more)


K1 = (
    Case("K1", "nothing is bound", NO, (role("r", SECRETS),), "get", "secrets", "pay"),
    Case("K1", "a binding of the namespace", YES, given(SECRETS, at="pay"), "get", "secrets",
         "pay"),
    Case("K1", "of another namespace", NO, given(SECRETS, at="lend"), "get", "secrets", "pay"),
    Case("K1", "everywhere", YES, given(SECRETS), "get", "secrets", "pay"),
    Case("K1", "of one, asked for all", NO, given(SECRETS, at="pay"), "get", "secrets"),
    Case("K1", "nodes by a RoleBinding", NO, given(may("nodes"), at="pay"), "get", "nodes"),
    Case("K1", "nodes with a namespace", NO, given(may("nodes"), at="pay"), "get", "nodes", "pay"),
    Case("K1", "nodes by a ClusterRoleBinding", YES, given(may("nodes")), "get", "nodes"),
    Case("K1", "by two bindings, of which one allows", YES, (*given(PODS, at="pay"), role("s",
         SECRETS), bind("s", ANN, namespace="pay")), "get", "secrets", "pay"),
    Case("K1", "no ClusterRoleBindings in the export", UNKNOWN, given(PODS, at="pay"), "get",
         "secrets", "pay", without="ClusterRoleBinding"),
    Case("K1", "no RoleBindings in the export", UNKNOWN, given(PODS), "get", "secrets", "pay",
         without="RoleBinding"),
    Case("K1", "no RoleBindings, and nothing they could give", NO, given(PODS), "get", "nodes",
         without="RoleBinding"),
)  # fmt: skip
K2 = (
    Case("K2", "a Role of the namespace", YES, local(SECRETS), "get", "secrets", "pay"),
    Case("K2", "a Role of another namespace", NO, local(SECRETS, home="lend"), "get", "secrets",
         "pay"),
    Case("K2", "asked where the Role is, not the binding", NO, local(SECRETS, home="lend"), "get",
         "secrets", "lend"),
    Case("K2", "a ClusterRole of that name does not stand in", NO, (role("r", SECRETS), bind("r",
         ANN, namespace="pay", kind="Role")), "get", "secrets", "pay"),
    Case("K2", "a Role does not stand in for a ClusterRole", NO, (role("r", SECRETS,
         namespace="pay"), bind("r", ANN, namespace="pay")), "get", "secrets", "pay"),
    Case("K2", "a ClusterRoleBinding cannot name a Role", NO, (role("r", SECRETS, namespace="pay"),
         bind("r", ANN, kind="Role")), "get", "secrets", "pay"),
    Case("K2", "nor does it take the ClusterRole of that name", NO,
         (role("r", SECRETS), bind("r", ANN, kind="Role")), "get", "secrets", "pay"),
    Case("K2", "of two Roles of that name", YES, (*local(SECRETS), role("r", PODS,
         namespace="lend")), "get", "secrets", "pay"),
)  # fmt: skip
K3 = (
    Case("K3", "another verb", NO, given(SECRETS), "list", "secrets"),
    Case("K3", "every verb", YES, given(may("secrets", "*")), "list", "secrets"),
    Case("K3", "a star in a word", NO, given(may("secrets", "g*")), "get", "secrets"),
    Case("K3", "a star in a resource", NO, given(may("sec*")), "get", "secrets"),
    Case("K3", "another group", NO, given(may("deployments", groups="extensions")), "get",
         "deployments.apps"),
    Case("K3", "every group", YES, given(may("deployments", groups="*")), "get",
         "deployments.apps"),
    Case("K3", "the core group has no name", NO, given(may("pods", groups="core.io")), "get",
         "pods"),
    Case("K3", "a resource is not its parts", NO, given(may("pods")), "get", "pods/exec"),
    Case("K3", "everything has its parts", YES, given(may("*")), "get", "pods/exec"),
    Case("K3", "a part of any resource", YES, given(may("*/scale", groups="apps")), "get",
         "deployments.apps/scale"),
    Case("K3", "another part of any resource", NO, given(may("*/scale", groups="apps")), "get",
         "deployments.apps/status"),
    Case("K3", "a part of any resource is not the resource", NO, given(may("*/scale",
         groups="apps")), "get", "deployments.apps"),
    Case("K3", "any part of a resource cannot be said", NO, given(may("pods/*")), "get",
         "pods/exec"),
    Case("K3", "verb and resource of two rules do not meet", NO, (role("r", SECRETS, PODS),
         bind("r", ANN)), "list", "secrets"),
)  # fmt: skip
DB = may("secrets", "get list create delete deletecollection", resourceNames=["db"])
K4 = (
    Case("K4", "the object of that name", YES, given(DB), "get", "secrets", "pay", "db"),
    Case("K4", "another object", NO, given(DB), "get", "secrets", "pay", "web"),
    Case("K4", "all of them", NO, given(DB), "list", "secrets", "pay"),
    Case("K4", "one that has no name yet", NO, given(DB), "create", "secrets", "pay"),
    Case("K4", "delete all", NO, given(DB), "deletecollection", "secrets", "pay"),
    Case("K4", "list by name", YES, given(DB), "list", "secrets", "pay", "db"),
    Case("K4", "no names are all names", YES, given(may("secrets", resourceNames=[])), "get",
         "secrets", "pay", "db"),
    Case("K4", "null names are all names", YES, given(may("secrets", resourceNames=None)), "get",
         "secrets", "pay", "db"),
    Case("K4", "a star is no name for all", NO, given(may("secrets", resourceNames=["*"])), "get",
         "secrets", "pay", "db"),
    Case("K4", "and a namespace", NO, given(DB, at="lend"), "get", "secrets", "pay", "db"),
)  # fmt: skip
K5 = (
    Case("K5", "that URL", YES, given(url("/healthz")), "get", "/healthz"),
    Case("K5", "below it", NO, given(url("/healthz")), "get", "/healthz/etcd"),
    Case("K5", "all that begin so", YES, given(url("/healthz/*")), "get", "/healthz/etcd"),
    Case("K5", "what they begin with", NO, given(url("/healthz/*")), "get", "/healthz"),
    Case("K5", "every URL", YES, given(url("*")), "get", "/metrics"),
    Case("K5", "another verb", NO, given(url("*")), "post", "/metrics"),
    Case("K5", "by a RoleBinding", NO, given(url("*"), at="pay"), "get", "/metrics"),
    Case("K5", "by every resource", NO, given(EVERYTHING), "get", "/metrics"),
    Case("K5", "a star inside", NO, given(url("/a/*/b")), "get", "/a/x/b"),
)  # fmt: skip
K6 = (
    Case("K6", "another case", NO, given(SECRETS, person("Ann")), "get", "secrets"),
    Case("K6", "a group of that name", NO, given(SECRETS, group("ann")), "get", "secrets"),
    Case("K6", "a login of a group's name", NO, given(SECRETS, person("devs")), "get", "secrets",
         caller=Caller("ann", ("devs",))),
    Case("K6", "a group", YES, given(SECRETS, group("devs")), "get", "secrets",
         caller=Caller("ann", ("devs",))),
    Case("K6", "a service account", YES, given(SECRETS, CI), "get", "secrets", caller=CI_LOGIN),
    Case("K6", "of the binding's namespace", YES, given(SECRETS, {"kind": "ServiceAccount",
         "name": "ci"}, at="pay"), "get", "secrets", "pay", caller=CI_LOGIN),
    Case("K6", "of the binding's, which is another", NO, given(SECRETS, {"kind": "ServiceAccount",
         "name": "ci"}, at="lend"), "get", "secrets", "lend", caller=CI_LOGIN),
    Case("K6", "of no namespace is nobody", NO, given(SECRETS, {"kind": "ServiceAccount",
         "name": "ci"}), "get", "secrets", "pay", caller=CI_LOGIN),
    Case("K6", "by the name it signs in with", YES, given(SECRETS, person(CI_LOGIN)), "get",
         "secrets", caller=CI_LOGIN),
    Case("K6", "of another namespace", NO, given(SECRETS, CI), "get", "secrets",
         caller="system:serviceaccount:lend:ci"),
)  # fmt: skip
K7 = (
    Case("K7", "everybody who signed in", YES, given(SECRETS, group("system:authenticated")),
         "get", "secrets"),
    Case("K7", "whoever did not", NO, given(SECRETS, group("system:authenticated")), "get",
         "secrets", caller="system:anonymous"),
    Case("K7", "what nobody in particular has", YES, given(SECRETS,
         group("system:unauthenticated")), "get", "secrets"),
    Case("K7", "service accounts", YES, given(SECRETS, group("system:serviceaccounts")), "get",
         "secrets", caller=CI_LOGIN),
    Case("K7", "people are none", NO, given(SECRETS, group("system:serviceaccounts")), "get",
         "secrets"),
    Case("K7", "service accounts of the namespace", YES, given(SECRETS,
         group("system:serviceaccounts:pay")), "get", "secrets", caller=CI_LOGIN),
    Case("K7", "of another namespace", NO, given(SECRETS, group("system:serviceaccounts:lend")),
         "get", "secrets", caller=CI_LOGIN),
    Case("K7", "superusers", YES, (), "delete", "nodes", caller=Caller("ann", ("system:masters",))),
    Case("K7", "superusers and URLs", YES, (), "get", "/metrics", caller=Caller("ann",
         ("system:masters",))),
    Case("K7", "a service account without a name is none", NO, given(SECRETS,
         group("system:serviceaccounts")), "get", "secrets", caller="system:serviceaccount:pay"),
    Case("K7", "whoever did not sign in is no service account", NO, given(SECRETS,
         group("system:serviceaccounts")), "get", "secrets", caller="system:anonymous"),
    Case("K7", "a login of their name", NO, (), "delete", "nodes", caller="system:masters"),
)  # fmt: skip
K8 = (
    Case("K8", "by label", YES, aggregated([{"matchLabels": LENT}], lender("l", LENT)), "get",
         "secrets"),
    Case("K8", "another label", NO, aggregated([{"matchLabels": LENT}], lender("l", ALSO_LENT)),
         "get", "secrets"),
    Case("K8", "two labels of one selector", NO, aggregated([{"matchLabels": LENT | ALSO_LENT}],
         lender("l", LENT)), "get", "secrets"),
    Case("K8", "two selectors", YES, aggregated([{"matchLabels": ALSO_LENT},
         {"matchLabels": LENT}], lender("l", LENT)), "get", "secrets"),
    Case("K8", "in turn", YES, aggregated([{"matchLabels": LENT}], lender("m", LENT, PODS,
         aggregationRule={"clusterRoleSelectors": [{"matchLabels": ALSO_LENT}]}), lender("l",
         ALSO_LENT)), "get", "secrets"),
    Case("K8", "what is filled in already", YES, aggregated([{"matchLabels": LENT}],
         rules=(SECRETS,)), "get", "secrets"),
    Case("K8", "a Role does not lend", NO, aggregated([{"matchLabels": LENT}], lender("l", LENT,
         namespace="pay")), "get", "secrets", "pay"),
    Case("K8", "the lender does not borrow", NO, (*aggregated([{"matchLabels": LENT}], lender("l",
         LENT, PODS), rules=(SECRETS,)), bind("l", person("bob"))), "get", "secrets",
         caller="bob"),
    Case("K8", "and a namespace", NO, (role("r", aggregationRule=BY_LABEL), bind("r", ANN,
         namespace="lend"), lender("l", LENT)), "get", "secrets", "pay"),
)  # fmt: skip
K10 = (
    Case("K10", "no such ClusterRole", NO, (bind("gone", ANN),), "get", "secrets"),
    Case("K10", "no such Role", NO, (bind("gone", ANN, namespace="pay", kind="Role"),), "get",
         "secrets", "pay"),
    Case("K10", "beside one that is there", YES, (bind("gone", ANN), *given(SECRETS)), "get",
         "secrets"),
    Case("K10", "no ClusterRoles in the export", UNKNOWN, (bind("gone", ANN),), "get", "secrets",
         without="ClusterRole"),
    Case("K10", "no Roles in the export", UNKNOWN, (bind("gone", ANN, namespace="pay",
         kind="Role"),), "get", "secrets", "pay", without="Role"),
    Case("K10", "no Roles in the export, but a ClusterRole is named", NO, (bind("gone", ANN,
         namespace="pay"),), "get", "secrets", "pay", without="Role"),
    Case("K10", "a Role is gone, and asked elsewhere", NO, (bind("gone", ANN, namespace="pay",
         kind="Role"),), "get", "secrets", "lend", without="Role"),
)  # fmt: skip
CASES = (*K1, *K2, *K3, *K4, *K5, *K6, *K7, *K8, *K10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.title}")
def test_case(case: Case) -> None:
    objects = [each for each in (*FILLER, *case.objects) if each["kind"] != case.without]
    cluster = load([("all.json", {"kind": "List", "items": objects})])
    assert cluster.problems == ()

    said = cluster.decide(
        case.caller, case.verb, case.what, namespace=case.namespace, name=case.name
    )

    assert said.answer is case.answer, said
    assert NOT_EVALUATED in said.notes
    if said.answer is UNKNOWN:
        assert said.layer is Layer.MISSING
        assert case.without in said.statement
    named = cluster.who_can(case.verb, case.what, namespace=case.namespace, name=case.name)
    if isinstance(case.caller, str) and Caller(case.caller) in cluster.authority.callers:
        assert (Caller(case.caller) in named) == (case.answer is not NO)


@pytest.mark.parametrize("rule", sorted({case.rule for case in CASES}))
def test_every_rule_has_six_cases_and_half_of_them_are_not_yes(rule: str) -> None:
    answers = Counter(case.answer is YES for case in CASES if case.rule == rule)

    assert answers.total() >= 6
    assert answers[False] * 2 >= answers.total()


def test_a_yes_names_the_rule_the_binding_and_their_records() -> None:
    objects = [role("r", PODS, SECRETS), bind("r", group("devs"), namespace="pay")]
    cluster = load([("a.json", objects[:1]), ("b.json", {"items": [*FILLER, objects[1]]})])

    said = cluster.decide(Caller("ann", ("devs",)), "get", "secrets", namespace="pay")

    assert said.layer is Layer.BINDING
    assert said.statement == "ClusterRole r, rule 2 by RoleBinding pay/bind-r to group devs"
    assert [(each.source_id, each.record) for each in said.records] == [
        ("b.json", len(FILLER)),
        ("a.json", 0),
    ]


def test_a_no_names_the_role_that_somebody_could_create() -> None:
    cluster = load([("all.json", [*FILLER, bind("gone", ANN)])])

    said = cluster.decide("ann", "get", "secrets")

    assert said.notes[0] == (
        "ClusterRoleBinding bind-gone names ClusterRole gone, which does not exist: whoever "
        "creates it decides what it allows"
    )
    assert [each.record for each in said.records] == [len(FILLER)]


def test_binding_a_cluster_role_is_asked_in_the_bindings_namespace() -> None:
    rule = may("clusterroles", "bind", RBAC)
    cluster = load([("all.json", [*FILLER, *given(rule, at="pay")])])

    inside = cluster.decide("ann", "bind", f"clusterroles.{RBAC}", namespace="pay", name="edit")
    outside = cluster.decide("ann", "bind", f"clusterroles.{RBAC}", name="edit")
    changed = cluster.decide("ann", "update", f"clusterroles.{RBAC}", namespace="pay", name="edit")

    assert [inside.answer, outside.answer, changed.answer] == [YES, NO, NO]


def test_groups_are_asked_as_anybody_in_them() -> None:
    cluster = load([("all.json", [*FILLER, *given(APPS, group("devs"), at="pay")])])

    named = cluster.who_can("patch", "deployments.apps", namespace="pay")

    assert set(named) == {Caller("", ("devs",))}


def test_an_object_that_cannot_be_read_is_a_problem() -> None:
    cluster = load([("all.json", [*FILLER, obj("Role", "r", "pay", rules="all")])])

    assert cluster.problems == (
        f"all.json items/{len(FILLER)}: 'rules' is a text, expected a list",
    )
