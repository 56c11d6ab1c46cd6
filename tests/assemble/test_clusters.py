"""Which roles of AWS let in which service accounts, and who signs in to a cluster as whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sod_analyzer.assemble.clusters import PODS, Found, Link, issuers, joined
from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.aws.documents import Form, parse
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.kubernetes.links import ASSOCIATION, ENTRY, WORKLOAD, Association, Workload
from sod_analyzer.cloud.truth import Answer

ACCOUNT = "111122223333"
HOST = "oidc.example/id/1"
CI = "system:serviceaccount:pay:ci"
LOGIN = f"arn:aws:iam::{ACCOUNT}:user/ci"
ELSEWHERE = "arn:aws:iam::444455556666:role/ci"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/ci"


def trusting(subject: str, *, host: str = HOST, audience: str = "sts.amazonaws.com") -> Principal:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
                "Condition": {
                    "StringLike": {f"{host}:sub": subject},
                    "StringEquals": {f"{host}:aud": audience},
                },
            }
        ],
    }
    return Principal(ROLE, ACCOUNT, Kind.ROLE, "ci", trust=parse(document, "trust", Form.TRUST))


def found(link: Link, *principals: Principal) -> list[Found]:
    return list(joined([link], {each.arn: each for each in principals}, Published()))


def workload(*, issuer: str | None = f"https://{HOST}/", takes: str | None = None) -> Link:
    said = Workload(CI, issuer, takes).text
    return Link(f"k8s:{CI}", "k8s", WORKLOAD, said, "k8s", 3)


@pytest.mark.parametrize(
    ("principal", "link", "expected"),
    [
        (trusting(CI), workload(), [(Answer.YES, None)]),
        (trusting("system:serviceaccount:pay:*"), workload(), [(Answer.YES, None)]),
        (trusting("system:serviceaccount:lend:*"), workload(), []),
        (trusting(CI, host="other.example"), workload(), []),
        (trusting(CI, audience="other"), workload(), []),
        (trusting(CI), workload(takes=ROLE), [(Answer.YES, None)]),
        (trusting("x"), workload(takes=ROLE), [(Answer.NO, "link-refused")]),
        (
            trusting(CI, host="other.example"),
            workload(takes=ROLE),
            [(Answer.NO, "link-refused")],
        ),
        (trusting(CI), workload(issuer=None), []),
        (trusting(CI), workload(issuer=None, takes=ROLE), [(Answer.CONDITIONAL, None)]),
        (trusting("x"), workload(issuer=None, takes=ROLE), [(Answer.NO, "link-refused")]),
        (
            trusting(CI),
            workload(takes=f"{ROLE}s"),
            [(Answer.YES, None), (Answer.NO, "unread-cloud-identity")],
        ),
        (
            Principal(ROLE, ACCOUNT, Kind.ROLE, "ci"),
            workload(takes=ROLE),
            [(Answer.NO, "link-refused")],
        ),
    ],
)
def test_a_service_account_takes_the_roles_that_let_it_in(
    principal: Principal, link: Link, expected: list[tuple[Answer, str | None]]
) -> None:
    said = [(each.answer, each.issue[0] if each.issue else None) for each in found(link, principal)]

    assert said == expected


NAMED = {"aws:RequestTag/kubernetes-namespace": "pay"}
OF_CLUSTER = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"
TAGGED = Association("pay", "ci", ROLE, "prod", OF_CLUSTER)


def podded(*actions: str, service: str = PODS, **when: dict[str, str]) -> Principal:
    statement = {
        "Effect": "Allow",
        "Action": list(actions or ("sts:AssumeRole", "sts:TagSession")),
        "Principal": {"Service": service},
        "Condition": when,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return Principal(ROLE, ACCOUNT, Kind.ROLE, "ci", trust=parse(document, "trust", Form.TRUST))


@pytest.mark.parametrize(
    ("principal", "association", "expected"),
    [
        (podded(), TAGGED, (Answer.YES, None)),
        (podded(StringEquals=NAMED), TAGGED, (Answer.YES, None)),
        (
            podded(StringEquals={"aws:RequestTag/eks-cluster-arn": OF_CLUSTER}),
            TAGGED,
            (Answer.YES, None),
        ),
        (
            podded(StringEquals={"aws:RequestTag/eks-cluster-name": "test"}),
            TAGGED,
            (Answer.NO, "link-refused"),
        ),
        (
            podded(StringEquals={"aws:RequestTag/eks-cluster-arn": OF_CLUSTER}),
            replace(TAGGED, arn=None),
            (Answer.CONDITIONAL, None),
        ),
        (podded(StringEquals=NAMED), replace(TAGGED, namespace="x"), (Answer.NO, "link-refused")),
        (podded(StringEquals=NAMED), replace(TAGGED, tagged=False), (Answer.NO, "link-refused")),
        (
            podded(StringLike={"aws:RequestTag/kubernetes-pod-name": "a*"}),
            TAGGED,
            (Answer.CONDITIONAL, None),
        ),
        (podded("sts:AssumeRole"), TAGGED, (Answer.NO, "link-refused")),
        (podded("sts:AssumeRole"), replace(TAGGED, tagged=False), (Answer.YES, None)),
        (podded(service="ec2.amazonaws.com"), TAGGED, (Answer.NO, "link-refused")),
        (trusting(CI), TAGGED, (Answer.NO, "link-refused")),
        (podded(), replace(TAGGED, limited=True), (Answer.CONDITIONAL, None)),
        (podded(), replace(TAGGED, role=ELSEWHERE), (Answer.NO, "unread-cloud-identity")),
        (
            podded(StringEquals={"aws:SourceAccount": ACCOUNT}),
            TAGGED,
            (Answer.CONDITIONAL, None),
        ),
    ],
)
def test_pods_get_the_role_of_an_association_if_it_lets_them_in(
    principal: Principal, association: Association, expected: tuple[Answer, str | None]
) -> None:
    link = Link(f"k8s:{CI}", "k8s", ASSOCIATION, association.text, "k8s", 3)

    (only,) = found(link, principal)

    assert (only.answer, only.issue[0] if only.issue else None) == expected
    assert Association.of(association.text) == association


def test_without_an_issuer_it_is_said_what_it_takes() -> None:
    (only,) = found(workload(issuer=None, takes=ROLE), trusting(CI))

    assert only.condition == f"the cluster's tokens are signed by {HOST}"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (ROLE, [(ROLE, None)]),
        # The map of a cluster names roles without their paths.
        (f"arn:aws:iam::{ACCOUNT}:role/ci", [(ROLE, None)]),
        (LOGIN, [(LOGIN, "unread-cloud-identity")]),
        (ELSEWHERE, [(ELSEWHERE, "unread-cloud-identity")]),
    ],
)  # fmt: skip
def test_a_principal_signs_in_under_its_name(
    arn: str, expected: list[tuple[str, str | None]]
) -> None:
    link = Link("k8s:ci-bot", "k8s", ENTRY, arn, "k8s", 3)

    said = found(link, trusting(CI))

    assert [(each.principal, each.issue[0] if each.issue else None) for each in said] == expected
    assert all(each.into_cluster for each in said if each.issue is None)


def test_those_who_sign_tokens_of_clusters_that_were_read_are_known() -> None:
    assert issuers([workload(), workload(issuer=None, takes=ROLE)]) == {HOST}
