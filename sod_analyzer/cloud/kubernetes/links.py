"""Logins of a cluster that are somebody in AWS as well, as importers keep them until all is read.

Sources: IAM roles for service accounts (a token of the cluster, shown to a role that trusts its
issuer), access entries of EKS, and the configuration map `aws-auth` that they replace.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

#: What a row of `policies` is that is no policy; none is in a snapshot.
WORKLOAD = "service account"
ENTRY = "access entry"
LINKS = frozenset({WORKLOAD, ENTRY})


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


def host_of(issuer: str) -> str:
    """An issuer as the names of providers and of condition keys have it."""
    return issuer.removeprefix("https://").rstrip("/")
