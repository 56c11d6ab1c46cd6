"""Logins of clusters joined to those of AWS: who may take which role, who signs in as whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.kubernetes.links import (
    ASSOCIATION,
    ENTRY,
    WORKLOAD,
    Association,
    Workload,
    host_of,
)
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.model.rows import shown

_ASSUME = "sts:AssumeRoleWithWebIdentity"
_AUDIENCE = "sts.amazonaws.com"
_PLAINLY = "sts:AssumeRole"
_TAG = "sts:TagSession"
#: Who assumes roles for pods, and the tags that it gives their sessions.
PODS = "pods.eks.amazonaws.com"
_TAGS = (
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
    "kubernetes-service-account",
)
_PROVIDER = ":oidc-provider/"


@dataclass(frozen=True, slots=True)
class Link:
    """A row that an importer kept: which account of which cluster, and what it says of it."""

    account: str
    system: str
    kind: str
    said: str
    source_id: str
    record: int


class Issue(NamedTuple):
    """What is not known, or cannot be."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """An edge between an account of a cluster and a principal of AWS, one way or the other.

    Where there is none, `issue` says why.
    """

    link: Link
    principal: str
    into_cluster: bool = False
    answer: Answer = Answer.NO
    condition: str = ""
    issue: Issue | None = None


def issuers(links: Iterable[Link]) -> frozenset[str]:
    """Those who sign the tokens of clusters that were read."""
    found = (Workload.of(link.said).issuer for link in links if link.kind == WORKLOAD)
    return frozenset(host_of(each) for each in found if each is not None)


def joined(
    links: Iterable[Link], principals: Mapping[str, Principal], catalogue: Catalogue
) -> Iterator[Found]:
    """What becomes of links, in their order.

    Cost: where a cluster's issuer is known, each of its service accounts is held against each role
    that trusts it.
    """
    plain = {_without_path(arn): arn for arn in sorted(principals)}
    trusting: dict[str, list[Principal]] = {}
    for arn in sorted(principals):
        for host in _hosts(principals[arn]):
            trusting.setdefault(host, []).append(principals[arn])
    for link in links:
        if link.kind == ENTRY:
            entered = link.said if link.said in principals else plain.get(link.said)
            if entered is None:
                text = f"{shown(link.said)} may sign in to {link.system} and is in no export"
                yield Found(link, link.said, issue=Issue("unread-cloud-identity", text))
            else:
                yield Found(link, entered, into_cluster=True, answer=Answer.YES)
        elif link.kind == ASSOCIATION:
            yield _associated(link, Association.of(link.said), principals, catalogue)
        elif link.kind == WORKLOAD:
            yield from _taken(link, Workload.of(link.said), principals, trusting, catalogue)


def _taken(
    link: Link,
    workload: Workload,
    principals: Mapping[str, Principal],
    trusting: Mapping[str, list[Principal]],
    catalogue: Catalogue,
) -> Iterator[Found]:
    """The roles that a service account may take."""
    named = workload.role
    if workload.issuer is not None:
        for role in trusting.get(host_of(workload.issuer), ()):
            said = _asked(workload, role, host_of(workload.issuer), catalogue)
            if said.answer is not Answer.NO:
                yield _let_in(link, role, said)
            elif role.arn == named:
                yield Found(link, role.arn, issue=Issue("link-refused", _refused(link, role.arn)))
    if named is None:
        return
    taken = principals.get(named)
    if taken is None:
        text = f"{link.account} says that it takes {shown(named)}, which is in no export"
        yield Found(link, named, issue=Issue("unread-cloud-identity", text))
    elif workload.issuer is None:
        yield _perhaps(link, workload, taken, catalogue)
    elif host_of(workload.issuer) not in _hosts(taken):
        yield Found(link, named, issue=Issue("link-refused", _refused(link, named)))


def _perhaps(link: Link, workload: Workload, role: Principal, catalogue: Catalogue) -> Found:
    """Whether a role lets a service account in, if one of those whom it trusts is the cluster."""
    for host in _hosts(role):
        said = _asked(workload, role, host, catalogue)
        if said.answer is not Answer.NO:
            condition = f"the cluster's tokens are signed by {host}"
            answer = min(said.answer, Answer.CONDITIONAL)
            open_ = (condition, *said.conditions)
            return _let_in(link, role, replace(said, answer=answer, conditions=open_))
    return Found(link, role.arn, issue=Issue("link-refused", _refused(link, role.arn)))


def _associated(
    link: Link,
    association: Association,
    principals: Mapping[str, Principal],
    catalogue: Catalogue,
) -> Found:
    """The role whose credentials EKS gives to a service account's pods."""
    role = principals.get(association.role)
    if role is None:
        text = f"{link.account} is given {shown(association.role)}, which is in no export"
        return Found(link, association.role, issue=Issue("unread-cloud-identity", text))
    estate = replace(Estate(), principals={role.arn: role})
    service = Principal("", "", Kind.SERVICE, PODS)
    said = decide(estate, service, _PLAINLY, role.arn, _told(association), catalogue=catalogue)
    if association.tagged:
        tagged = decide(estate, service, _TAG, role.arn, _told(association), catalogue=catalogue)
        said = min(said, tagged, key=lambda each: each.answer)
    if said.answer is Answer.NO:
        text = f"{link.account} is given {shown(role.arn)}, whose trust policy does not let it in"
        return Found(link, role.arn, issue=Issue("link-refused", text))
    if association.limited:
        open_ = (*said.conditions, "the policy of the association allows it")
        said = replace(said, answer=min(said.answer, Answer.CONDITIONAL), conditions=open_)
    return _let_in(link, role, said)


def _told(association: Association) -> Context:
    """What a role's trust policy is told: the session's tags, of which two name the pod."""
    tags = {
        "eks-cluster-name": association.cluster,
        "kubernetes-namespace": association.namespace,
        "kubernetes-service-account": association.account,
    }
    if association.arn is not None:
        tags["eks-cluster-arn"] = association.arn
    named = {f"aws:RequestTag/{name}": text for name, text in tags.items()}
    if association.tagged:
        return Context.of({**named, "aws:TagKeys": sorted({*tags, *_TAGS})})
    absent = [f"aws:RequestTag/{name}" for name in _TAGS]
    return Context.of(absent=[*absent, "aws:TagKeys"])


def _let_in(link: Link, role: Principal, said: Decision) -> Found:
    return Found(link, role.arn, answer=said.answer, condition="; ".join(said.conditions))


def _refused(link: Link, arn: str) -> str:
    return f"{link.account} says that it takes {shown(arn)}, whose trust policy does not let it in"


def _asked(workload: Workload, role: Principal, host: str, catalogue: Catalogue) -> Decision:
    """Whether a role's trust policy lets in whoever shows a token of a service account."""
    partition = role.arn.split(":", 2)[1]
    provider = f"arn:{partition}:iam::{role.account}{_PROVIDER}{host}"
    claims = {f"{host}:sub": workload.subject, f"{host}:aud": _AUDIENCE}
    return decide(
        replace(Estate(), principals={role.arn: role}),
        Principal("", "", Kind.FEDERATED, provider),
        _ASSUME,
        role.arn,
        Context.of(claims),
        catalogue=catalogue,
    )


def _hosts(role: Principal) -> list[str]:
    """The issuers that a role trusts."""
    if role.trust is None:
        return []
    named = {
        name
        for each in role.trust.statements
        if each.allows and each.principals is not None
        for name in each.principals.federated
    }
    return sorted(name.partition(_PROVIDER)[2] for name in named if _PROVIDER in name)


def _without_path(arn: str) -> str:
    """An ARN as `aws-auth` has to name it: without the path of the role."""
    head, _, rest = arn.rpartition(":")
    kind, _, name = rest.partition("/")
    return f"{head}:{kind}/{name.rpartition('/')[2]}"
