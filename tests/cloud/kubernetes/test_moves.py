"""What rights lead to, by one step each; every case names the rule that it follows from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sod_analyzer.evaluate.kubernetes import Become, Caller, Target, load
from tests.cloud.kubernetes.test_decide import CI, given, local, may
from tests.importers.kubernetes_world import (
    EVERYTHING,
    FILLER,
    RBAC,
    bind,
    group,
    obj,
    person,
    role,
)

Obj = Mapping[str, Any]
ANN, BOB = person("ann"), person("bob")
CERTIFICATES = "certificates.k8s.io"


def rbac(resources: str, verbs: str, **more: Any) -> dict[str, Any]:
    return may(resources, verbs, RBAC, **more)


def several(*rules: Obj, at: str | None = None, to: Obj = ANN) -> tuple[Obj, ...]:
    """A ClusterRole of several rules, bound to somebody."""
    return role("r", *rules), bind("r", dict(to), namespace=at)


def split(*rules: Obj, at: str | None = None) -> tuple[Obj, ...]:
    """A ClusterRole for each rule, all bound to ann."""
    found: list[Obj] = []
    for number, rule in enumerate(rules):
        found += [role(f"r{number}", rule), bind(f"r{number}", ANN, namespace=at)]
    return tuple(found)


@dataclass(frozen=True)
class Case:
    """`to` is reached by a change of one's own or without, surely or not; `no`: not at all."""

    rule: str
    title: str
    to: Target
    objects: tuple[Obj, ...]
    how: str = "own"  # own | held | perhaps | no
    caller: Caller | str = "ann"


def where(what: Become, place: str = "", name: str = "", home: str = "") -> Target:
    return Target(what, place, name, home)


ADMIN = role("cluster-admin", EVERYTHING)
STRONG = where(Become.ROLE, "", "cluster-admin")
STRONG_IN_PAY = where(Become.ROLE, "pay", "cluster-admin")
ALL, ALL_IN_PAY = where(Become.EVERYTHING), where(Become.EVERYTHING, "pay")
ANY, ANY_IN_PAY = where(Become.WORKLOADS), where(Become.WORKLOADS, "pay")
CI_IN_PAY = where(Become.WORKLOAD, "pay", "ci")
ACCOUNT = obj("ServiceAccount", "ci", "pay")

BIND = rbac("clusterroles roles", "bind")
BINDINGS = rbac("rolebindings clusterrolebindings", "create")
WRITE_ROLES = rbac("roles clusterroles", "create update patch")
ESCALATE = rbac("roles clusterroles", "escalate")
K9 = (
    Case("K9", "bindings without bind", STRONG, (ADMIN, *given(BINDINGS)), "no"),
    Case("K9", "bind without bindings", STRONG, (ADMIN, *given(BIND)), "no"),
    Case("K9", "bind and bindings", STRONG, (ADMIN, *several(BIND, BINDINGS))),
    Case("K9", "of two roles", STRONG, (ADMIN, *split(BIND, BINDINGS))),
    Case("K9", "bind of another role", STRONG, (ADMIN, *several(rbac("clusterroles", "bind",
         resourceNames=["view"]), BINDINGS)), "no"),
    Case("K9", "bind of that role", STRONG, (ADMIN, *several(rbac("clusterroles", "bind",
         resourceNames=["cluster-admin"]), BINDINGS))),
    Case("K9", "roles written without escalate", ALL, given(WRITE_ROLES), "no"),
    Case("K9", "escalate on roles that one cannot write", ALL, given(ESCALATE), "no"),
    Case("K9", "escalate on one's own role", ALL, several(WRITE_ROLES, ESCALATE)),
    Case("K9", "escalate on a role that one has not got", ALL, several(rbac("clusterroles",
         "update", resourceNames=["x"]), ESCALATE), "no"),
    Case("K9", "escalate on a role of that name", ALL, several(rbac("clusterroles",
         "update escalate", resourceNames=["r"]))),
    Case("K9", "made, and bound then", where(Become.MADE, "pay"), several(rbac("roles",
         "create escalate bind"), rbac("rolebindings", "create"), at="pay")),
    Case("K9", "made, and nothing to bind it with", where(Become.MADE, "pay"),
         several(rbac("roles", "create escalate bind"), at="pay"), "no"),
    Case("K9", "added to a binding that is there", where(Become.ROLE, "pay", "strong"),
         (role("strong", EVERYTHING), bind("strong", BOB, namespace="pay"),
         *several(rbac("rolebindings", "patch"), BIND, at="pay"))),
    Case("K9", "added to a binding that is there, of the weaker role",
         where(Become.ROLE, "pay", "weak"),
         (ADMIN, role("weak", may("pods")), bind("weak", BOB, namespace="pay"),
          *several(rbac("rolebindings", "patch"), BIND, at="pay"))),
    Case("K9", "added, where no binding is", where(Become.ROLE, "pay", "strong"), (role("strong",
         EVERYTHING), *several(rbac("rolebindings", "patch"), BIND, at="pay")), "no"),
    Case("K9", "added to a binding of another name", where(Become.ROLE, "pay", "strong"),
         (role("strong", EVERYTHING), bind("strong", BOB, namespace="pay"),
         *several(rbac("rolebindings", "patch", resourceNames=["x"]), BIND, at="pay")), "no"),
    Case("K9", "with a role that is gone, made anew", ALL, (bind("gone", ANN),
         *several(WRITE_ROLES, ESCALATE))),
    Case("K9", "with what lends to one's own role", ALL, (*several(rbac("clusterroles",
         "create escalate")), role("sum",
         aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "1"}}]}), bind("sum",
         ANN))),
    Case("K9", "with what would lend to a role of somebody else", ALL,
         (*several(rbac("clusterroles", "create escalate")), role("sum",
         aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "1"}}]}), bind("sum",
         BOB)), "no"),
    Case("K9", "whoever has everything gains nothing", STRONG, (ADMIN, *given(EVERYTHING)), "no"),
)  # fmt: skip
K11 = (
    Case("K11", "bound in the namespace", STRONG_IN_PAY, (ADMIN, *several(BIND, BINDINGS,
         at="pay"))),
    Case("K11", "and not beyond", STRONG, (ADMIN, *several(BIND, BINDINGS, at="pay")), "no"),
    Case("K11", "nor in another namespace", where(Become.ROLE, "lend", "cluster-admin"), (ADMIN,
         *several(BIND, BINDINGS, at="pay")), "no"),
    Case("K11", "nor by parts of two namespaces", STRONG_IN_PAY, (ADMIN, role("b", BIND),
         bind("b", ANN, namespace="pay"), role("w", BINDINGS), bind("w", ANN, namespace="lend")),
         "no"),
    Case("K11", "RoleBindings everywhere reach no further", STRONG, (ADMIN, *several(BIND,
         rbac("rolebindings", "create"))), "no"),
    Case("K11", "than each namespace", STRONG_IN_PAY, (ADMIN, ACCOUNT, *several(BIND,
         rbac("rolebindings", "create")))),
    Case("K11", "escalate in the namespace", ALL_IN_PAY, local({**WRITE_ROLES, "verbs": ["update",
         "escalate"]})),
    Case("K11", "and not beyond", ALL, local({**WRITE_ROLES, "verbs": ["update", "escalate"]}),
         "no"),
    Case("K11", "a ClusterRole cannot be changed from a namespace", ALL_IN_PAY,
         several(rbac("clusterroles", "update escalate"), at="pay"), "no"),
    Case("K11", "a ClusterRole that one has in a namespace, changed everywhere", ALL_IN_PAY,
         (*several(rbac("clusterroles", "update escalate"), at="pay"), role("w",
         rbac("clusterroles", "update escalate")), bind("w", ANN))),
    Case("K11", "pods of the namespace", ANY_IN_PAY, given(may("pods", "create"), at="pay")),
    Case("K11", "and not of all", ANY, given(may("pods", "create"), at="pay"), "no"),
)  # fmt: skip


def pod(name: str, account: str | None = None, namespace: str = "pay") -> Obj:
    return obj("Pod", name, namespace, spec={"serviceAccountName": account} if account else {})


def secret(name: str, account: str, kind: str = "kubernetes.io/service-account-token") -> Obj:
    found = obj("Secret", name, "pay", type=kind)
    found["metadata"]["annotations"] = {"kubernetes.io/service-account.name": account}
    return found


SEE, EXEC = may("secrets", "get"), may("pods/exec", "create")
PAY_ONLY = {"at": "pay"}
WORKLOADS = (
    Case("W", "every kind that makes pods", ANY_IN_PAY, given(may("cronjobs", "create", "batch"),
         at="pay")),
    Case("W", "named pods cannot be made", ANY_IN_PAY, given(may("pods", "create",
         resourceNames=["x"]), at="pay"), "no"),
    Case("W", "deployments that may be there", ANY_IN_PAY, given(may("deployments", "patch",
         "apps"), at="pay"), "perhaps"),
    Case("W", "deployments that are there", ANY_IN_PAY, (obj("Deployment", "web", "pay",
         apiVersion="apps/v1", spec={}), *given(may("deployments", "patch", "apps"), at="pay"))),
    Case("W", "deployments of another name", ANY_IN_PAY, (obj("Deployment", "web", "pay",
         apiVersion="apps/v1", spec={}), *given(may("deployments", "patch", "apps",
         resourceNames=["db"]), at="pay")), "no"),
    Case("W", "deployments of another namespace", ANY_IN_PAY, (obj("Deployment", "web", "lend",
         apiVersion="apps/v1", spec={}), *given(may("deployments", "patch", "apps"), at="pay")),
         "no"),
    Case("W", "jobs cannot be changed", ANY_IN_PAY, given(may("jobs", "patch", "batch"), at="pay"),
         "no"),
    Case("W", "into pods that may be there", ANY_IN_PAY, given(EXEC, at="pay"), "perhaps"),
    Case("W", "into a pod that is there", CI_IN_PAY, (pod("web", "ci"), *given(EXEC, at="pay")),
         "held"),
    Case("W", "a pod runs as the default account", where(Become.WORKLOAD, "pay", "default"),
         (pod("web"), *given(EXEC, at="pay")), "held"),
    Case("W", "into a pod of another name", CI_IN_PAY, (pod("web", "ci"), *given(may("pods/exec",
         "create", resourceNames=["db"]), at="pay")), "no"),
    Case("W", "a pod's image", CI_IN_PAY, (pod("web", "ci"), *given(may("pods", "patch"),
         at="pay"))),
    Case("W", "a pod's log is no way in", CI_IN_PAY, (pod("web", "ci"), *given(may("pods/log"),
         at="pay")), "no"),
    Case("W", "through the nodes", CI_IN_PAY, (pod("web", "ci"), *given(may("nodes/proxy"))),
         "held"),
    Case("W", "the nodes, from a namespace", CI_IN_PAY, (pod("web", "ci"),
         *given(may("nodes/proxy"), at="pay")), "no"),
    Case("W", "tokens asked for", ANY_IN_PAY, given(may("serviceaccounts/token", "create"),
         at="pay"), "held"),
    Case("W", "tokens of one", CI_IN_PAY, given(may("serviceaccounts/token", "create",
         resourceNames=["ci"]), at="pay"), "held"),
    Case("W", "and of no other", ANY_IN_PAY, given(may("serviceaccounts/token", "create",
         resourceNames=["ci"]), at="pay"), "no"),
    Case("W", "making service accounts makes nobody", ANY_IN_PAY, given(may("serviceaccounts",
         "create"), at="pay"), "no"),
    Case("W", "tokens that may be kept", ANY_IN_PAY, given(SEE, at="pay"), "perhaps"),
    Case("W", "a token that is kept", CI_IN_PAY, (secret("t", "ci"), *given(SEE, at="pay")),
         "held"),
    Case("W", "a secret that is no token", CI_IN_PAY, (secret("t", "ci", "Opaque"), *given(SEE,
         at="pay")), "no"),
    Case("W", "tokens made and read", ANY_IN_PAY, (secret("t", "x"), *split(SEE, may("secrets",
         "create"), at="pay"))),
    Case("W", "tokens made and not read", ANY_IN_PAY, given(may("secrets", "create"), at="pay"),
         "no"),
    Case("W", "impersonated", ANY_IN_PAY, given(may("serviceaccounts", "impersonate"), at="pay"),
         "held"),
    Case("W", "impersonated by name, everywhere", CI_IN_PAY, (ACCOUNT,
         *given(may("serviceaccounts", "impersonate", resourceNames=["ci"]))), "held"),
    Case("W", "by whoever has everything there", ANY_IN_PAY, given(EVERYTHING, at="pay"), "held"),
)  # fmt: skip
PEOPLE = (
    Case("P", "impersonated", where(Become.LOGINS), given(may("users", "impersonate")), "held"),
    Case("P", "one of them", where(Become.LOGIN, "", "bob"), given(may("users", "impersonate",
         resourceNames=["bob"])), "held"),
    Case("P", "from a namespace", where(Become.LOGINS), given(may("users", "impersonate"),
         at="pay"), "no"),
    Case("P", "a group without anybody of it", where(Become.GROUP, "", "system:masters"),
         given(may("groups", "impersonate")), "no"),
    Case("P", "a group and somebody", where(Become.GROUP, "", "system:masters"),
         split(may("groups", "impersonate"), may("users", "impersonate")), "held"),
    Case("P", "a group and a service account", where(Become.GROUP, "", "devs"), split(may("groups",
         "impersonate", resourceNames=["devs"]), may("serviceaccounts", "impersonate")), "held"),
    Case("P", "no other group", where(Become.GROUP, "", "system:masters"), split(may("groups",
         "impersonate", resourceNames=["devs"]), may("users", "impersonate")), "no"),
    Case("P", "certificates", where(Become.LOGINS), several(may("certificatesigningrequests",
         "create", CERTIFICATES), may("certificatesigningrequests/approval", "update",
         CERTIFICATES), may("signers", "approve", CERTIFICATES,
         resourceNames=["kubernetes.io/kube-apiserver-client"]))),
    Case("P", "certificates of another signer", where(Become.LOGINS),
         several(may("certificatesigningrequests", "create", CERTIFICATES),
         may("certificatesigningrequests/approval", "update", CERTIFICATES), may("signers",
         "approve", CERTIFICATES, resourceNames=["x/y"])), "no"),
    Case("P", "certificates that somebody else approves", where(Become.LOGINS),
         several(may("certificatesigningrequests", "create", CERTIFICATES), may("signers",
         "approve", CERTIFICATES)), "no"),
    Case("P", "a group has it", where(Become.LOGINS), given(may("users", "impersonate"),
         group("devs")), "held", Caller("x", ("devs",))),
)  # fmt: skip
CASES = (*K9, *K11, *WORKLOADS, *PEOPLE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.title}")
def test_case(case: Case) -> None:
    cluster = load([("all.json", [*FILLER, *case.objects])])
    assert cluster.problems == ()

    moves = {move.target: move for move in cluster.moves(case.caller)}

    found = moves.get(case.to)
    if found is None:
        assert case.how == "no", moves
        return
    assert found.rules
    if found.condition:
        assert case.how == "perhaps", found
    else:
        assert case.how == ("own" if found.own else "held"), found


@pytest.mark.parametrize("rule", ["K9", "K11"])
def test_every_rule_has_six_cases_and_half_of_them_say_no(rule: str) -> None:
    answers = Counter(case.how == "no" for case in CASES if case.rule == rule)

    assert answers.total() >= 6
    assert answers[True] * 2 >= answers.total() - 1


def test_of_roles_that_may_be_bound_one_that_can_do_everything_stands_for_all() -> None:
    objects = [*FILLER, ADMIN, role("small", may("pods")), *several(BIND, BINDINGS)]

    moves = load([("all.json", objects)]).moves("ann")

    assert {move.target.name for move in moves if move.target.what is Become.ROLE} == {
        "cluster-admin"
    }


def test_a_move_names_the_rules_that_allow_it() -> None:
    objects = [*FILLER, ADMIN, *split(BIND, BINDINGS)]

    found = [move for move in load([("a.json", objects)]).moves("ann") if move.target == STRONG]

    assert [sorted(str(rule) for rule in move.rules) for move in found] == [
        ["ClusterRole r0, rule 1", "ClusterRole r1, rule 1"]
    ]
    assert found[0].how == "bind clusterroles"


def test_somebody_without_rights_has_no_move() -> None:
    objects = [*FILLER, ADMIN, *given(EVERYTHING, BOB), bind("r", CI, namespace="pay")]

    assert load([("a.json", objects)]).moves("ann") == ()
