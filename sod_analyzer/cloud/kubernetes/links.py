"""Logins of a cluster that are somebody in AWS as well, as importers keep them until all is read.

Sources: IAM roles for service accounts (a token of the cluster, shown to a role that trusts its
issuer), EKS Pod Identity (the page "Create IAM role with trust policy required by EKS Pod
Identity", and the type PodIdentityAssociation of its API), access entries of EKS, and the
configuration map `aws-auth` that they replace.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

#: What a row of `policies` is that is no policy; none is in a snapshot.
WORKLOAD = "service account"
ENTRY = "access entry"
ASSOCIATION = "pod identity association"
LINKS = frozenset({WORKLOAD, ENTRY, ASSOCIATION})


@dataclass(frozen=True, slots=True)
class Workload:
    """A service account that AWS could let in.

    `subject` is the name it signs in with, `issuer` who signs its tokens, if that is known, and
    `role` the role that it says it takes.
    """

    subject: str
    issuer: str | None
    role: str | None

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps([self.subject, self.issuer, self.role], ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Workload:
        """From how it is kept."""
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class Association:
    """A service account whose pods EKS gives the credentials of a role.

    `cluster` is its name and `arn` its ARN, if that is known. `tagged` says whether the session
    has tags, and `limited` whether a policy of the association limits it.
    """

    namespace: str
    account: str
    role: str
    cluster: str
    arn: str | None
    tagged: bool = True
    limited: bool = False

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps([getattr(self, name) for name in self.__slots__], ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Association:
        """From how it is kept."""
        return cls(*json.loads(text))


def host_of(issuer: str) -> str:
    """An issuer as the names of providers and of condition keys have it."""
    return issuer.removeprefix("https://").rstrip("/")
