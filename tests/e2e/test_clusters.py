"""A cluster and AWS beside it: service accounts that take roles, principals that sign in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import aws_world as world
from tests.e2e.shell import sod
from tests.e2e.test_aws import BURNERS, WRITERS, ask, who
from tests.importers.kubernetes_world import FILLER, bind, group, obj, person, role

HOST = "oidc.example/id/1"
ISSUER = f"https://{HOST}"
PROVIDER = f"arn:aws:iam::{world.PROD}:oidc-provider/{HOST}"
CI, DB, ELSE = (f"system:serviceaccount:{name}" for name in ("lib:ci", "lib:db", "else:ci"))
Record = dict[str, Any]

CLUSTER = f"""  eks:
    system: eks
    importer: kubernetes
    path: eks
    issuer: {ISSUER}
    extracted_at: 2026-11-20T00:00:00Z
    extracted_by: the library
    query: kubectl get
"""


def trusting(name: str, operator: str, subject: str, *statements: Record) -> Record:
    """A role that lets in service accounts of the cluster."""
    found = world.role(name, {}, *statements)
    audience = {f"{HOST}:aud": "sts.amazonaws.com"}
    condition: dict[str, dict[str, str]] = {"StringEquals": audience}
    condition.setdefault(operator, {})[f"{HOST}:sub"] = subject
    found["AssumeRolePolicyDocument"] = world.document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": PROVIDER},
            "Condition": condition,
        }
    )
    return found


def podded(name: str, *statements: Record, **tags: str) -> Record:
    """A role that lets in pods of EKS, with these tags of their session."""
    found = world.role(name, {}, *statements)
    allowed: Record = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"Service": "pods.eks.amazonaws.com"},
    }
    if tags:
        asked = {f"aws:RequestTag/kubernetes-{key}": text for key, text in tags.items()}
        allowed["Condition"] = {"StringEquals": asked}
    found["AssumeRolePolicyDocument"] = world.document(allowed)
    return found


def association(name: str, namespace: str, role_name: str, **more: Any) -> Record:
    arn = f"arn:aws:eks:eu-west-1:{world.PROD}:podidentityassociation/prod/a-{name}"
    said = {"clusterName": "prod", "namespace": namespace, "serviceAccount": name}
    given = {"roleArn": world.of("role", role_name), "associationArn": arn}
    return {"association": {**said, **given, **more}}


ROLES = [
    podded("given", world.allow("s3:DeleteObject", f"{world.BOOKS}/*"), namespace="pods"),
    podded("idle", world.allow("s3:*")),
    trusting("books", "StringEquals", CI, world.allow("s3:PutObject", f"{world.BOOKS}/*")),
    trusting("burner", "StringLike", "system:serviceaccount:lib:*",
             world.allow("s3:DeleteObject", f"{world.BOOKS}/*")),
    trusting("strange", "StringEquals", "system:serviceaccount:other:ci", world.allow("s3:*")),
]  # fmt: skip


def account(name: str, namespace: str, takes: str | None = None) -> Record:
    found = obj("ServiceAccount", name, namespace)
    if takes is not None:
        found["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": takes}
    return found


def rule(resources: str, *verbs: str, groups: str = "", **more: Any) -> Record:
    return {"apiGroups": [groups], "resources": [resources], "verbs": list(verbs), **more}


OBJECTS = [
    *FILLER,
    account("ci", "lib", world.of("role", "books")),
    account("db", "lib"),
    account("liar", "lib", world.of("role", "strange")),
    account("lost", "lib", world.of("role", "gone")),
    account("ci", "else"),
    role("starter", rule("pods", "create")),
    bind("starter", person("kim"), namespace="lib"),
    bind("starter", person("els"), namespace="else"),
    role("token", rule("serviceaccounts/token", "create", resourceNames=["ci"])),
    bind("token", person("tok"), namespace="lib"),
    role("edit", rule("deployments", "create", groups="apps")),
    role("nurse", rule("deployments", "create", groups="apps")),
    bind("nurse", group("nurses"), namespace="lib"),
]
AUTH = f"""
- rolearn: {world.of("role", "deploy")}
  username: deploy-bot
  groups: [system:masters]
"""
ENTRY = {
    "accessEntry": {
        "principalArn": world.of("user", "member"),
        "username": "member-of-aws",
        "kubernetesGroups": ["nurses"],
    }
}
POLICY = {
    "principalArn": world.of("user", "keyed"),
    "associatedAccessPolicies": [
        {
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["lib"]},
        },
        {
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSSecretReaderPolicy",
            "accessScope": {"type": "cluster", "namespaces": []},
        },
    ],
}
ASSOCIATIONS = [
    association("pod", "pods", "given"),
    association("pod", "elsewhere", "given"),
    association("far", "pods", "gone"),
]
STRANGER = {"accessEntry": {"principalArn": "arn:aws:iam::999999999999:role/x", "username": "x"}}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = world.write(tmp_path_factory.mktemp("bank"), RoleDetailList=[*world.ROLES, *ROLES])
    (folder / "eks").mkdir()
    auth = obj("ConfigMap", "aws-auth", "kube-system", data={"mapRoles": AUTH, "key": "hunter2"})
    files = {
        "rbac.json": {"kind": "List", "items": [*OBJECTS, auth]},
        "entry.json": ENTRY,
        "policies.json": POLICY,
        "stranger.json": STRANGER,
        "associations.json": ASSOCIATIONS,
        "none.json": {"associations": []},
    }
    for name, value in files.items():
        (folder / "eks" / name).write_text(json.dumps(value), encoding="utf-8")
    config = (folder / "sod.yaml").read_text(encoding="utf-8")
    config = config.replace(
        "sources:\n", "  eks: {product: kubernetes, environment: prod, owner: L}\nsources:\n"
    )
    (folder / "sod.yaml").write_text(config + CLUSTER, encoding="utf-8")
    said = sod("run", "--config", "sod.yaml", "--out", "out", cwd=folder)
    assert said.code == 4, said.err
    return folder


#: Whoever is a superuser of the cluster is any service account, and so takes their roles.
SUPER = {"trusted", "deploy", "deploy-bot"}


IN_LIB = {f"system:serviceaccount:lib:{name}" for name in ("ci", "db", "liar", "lost")}
POD = "system:serviceaccount:pods:pod"
KEYED = world.of("user", "keyed")


@pytest.mark.parametrize(
    ("action", "further", "able"),
    [
        (
            "aws:s3:PutObject",
            ["--on", world.BOOKS],
            WRITERS | SUPER | {"tok", CI, "books", "strange", "idle"},
        ),
        (
            "aws:s3:DeleteObject",
            ["--on", world.BOOKS],
            BURNERS | SUPER | IN_LIB | {"tok", "burner", "strange"} | {POD, "given", "idle"},
        ),
        (
            "kubernetes:create deployments.apps",
            ["--on", "eks:lib"],
            SUPER | {"member", "member-of-aws", "keyed", KEYED},
        ),
        ("kubernetes:create deployments.apps", ["--on", "eks:else"], SUPER),
    ],
)
def test_rights_cross_from_one_to_the_other(
    bank: Path, action: str, further: list[str], able: set[str]
) -> None:
    can, _ = who(bank, action, *further)

    assert can == able


def test_whoever_may_start_pods_could_take_their_roles(bank: Path) -> None:
    held, _ = who(bank, "aws:s3:PutObject", "--on", world.BOOKS)
    could, _ = who(bank, "aws:s3:PutObject", "--on", world.BOOKS, "--means", "self-grant")

    assert {"kim", KEYED} <= could - held
    assert "els" not in could


def test_the_path_names_a_record_of_each_system(bank: Path) -> None:
    told = ask(bank, "can", "tok", "aws:s3:PutObject", "--on", world.BOOKS)

    assert told["answer"] == "yes"
    files = [hop["file"] for hop in told["rows"][0]["hops"]]
    assert files[0] == "eks/rbac.json"
    assert files[-1] == "aws/iam/prod.json"


def test_what_leads_nowhere_is_said(bank: Path) -> None:
    rows = pq.read_table(bank / "out" / "snapshot" / "issues.parquet").to_pylist()
    kinds = ("link-refused", "unread-cloud-identity", "unread-access-policy")
    told = {(row["kind"], row["subject"], row["hides"]) for row in rows if row["kind"] in kinds}

    trusting = {row["subject"] for row in rows if row["kind"] == "outside-trust"}
    assert trusting == {world.of("role", "vendor")}
    assert told == {
        ("link-refused", "eks:system:serviceaccount:lib:liar", "no"),
        ("unread-cloud-identity", "eks:system:serviceaccount:lib:lost", "unknown"),
        ("unread-cloud-identity", "eks:x", "unknown"),
        ("link-refused", f"eks:{POD.replace('pods', 'elsewhere')}", "no"),
        ("unread-cloud-identity", "eks:system:serviceaccount:pods:far", "unknown"),
        ("unread-cloud-identity", world.of("role", "idle"), "unknown"),
        ("unread-access-policy", KEYED, "unknown"),
    }


def test_links_are_not_kept_and_no_map_is_read_for_more(bank: Path) -> None:
    snapshot = bank / "out" / "snapshot"
    kinds = set(pq.read_table(snapshot / "policies.parquet").column("kind").to_pylist())
    every = "".join(str(pq.read_table(path).to_pylist()) for path in snapshot.glob("*.parquet"))

    assert kinds.isdisjoint({"service account", "access entry", "pod identity association"})
    assert "hunter2" not in every
