"""All that is known of an organisation's AWS accounts when a request is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.aws.trusting import Trusting
from sod_analyzer.cloud.globs import Glob


@dataclass(frozen=True)
class Level:
    """A root, unit or account of the organisation, and the limits attached to it."""

    name: str
    scps: tuple[Policy, ...] = ()
    rcps: tuple[Policy, ...] = ()


@dataclass(frozen=True)
class Account:
    """An account and the levels it lies under, from the root to itself.

    `levels` is None where the organisation was not exported: then no limit of it is applied.
    """

    account: str
    levels: tuple[Level, ...] | None = None
    management: bool = False


@dataclass(frozen=True)
class Estate:
    """Principals by ARN, accounts by number, and policies of resources by ARN.

    `read_services` are those whose resource policies were all exported: there, a resource without
    a policy has none. Of other services' resources nobody knows. `read_accounts` are those whose
    roles were all exported. `owners` are accounts of resources whose ARN names none, such as
    buckets; any other such resource is of the account `owner`, or of the caller's without one.
    """

    principals: Mapping[str, Principal] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    resources: Mapping[str, Policy] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    read_services: frozenset[str] = frozenset()
    read_accounts: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    owner: str | None = None

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The accounts of all principals, sorted."""
        return tuple(sorted({each.account for each in self.principals.values()}))

    @cached_property
    def trusting(self) -> Trusting:
        """The roles, by whom they trust."""
        return Trusting(each for each in self.principals.values() if each.kind is Kind.ROLE)

    @cached_property
    def roles_in(self) -> Mapping[str, tuple[Glob, ...]]:
        """Roles with a trust policy as patterns, by account."""
        found: dict[str, list[Glob]] = {}
        for arn, each in sorted(self.principals.items()):
            if each.trust is not None:
                found.setdefault(each.account, []).append(Glob.literal(arn))
        return {account: tuple(globs) for account, globs in found.items()}

    def policy_of(self, resource: str) -> Policy | None:
        """The policy of a resource; that of an object in a bucket is the bucket's."""
        in_bucket = resource.startswith("arn:") and ":s3:::" in resource
        return self.resources.get(resource.partition("/")[0] if in_bucket else resource)

    def owner_of(self, resource: str) -> str | None:
        """The account of a resource, as its ARN or the export says it."""
        parts = resource.split(":", 5)
        if len(parts) == 6 and parts[4]:  # noqa: PLR2004 - segments of an ARN
            return parts[4]
        named = self.owners.get(resource) or self.owners.get(resource.partition("/")[0])
        return named or self.owner
