"""What a change adds to a principal, in words, and what takes its own denies away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.documents import Policy, parse
from sod_analyzer.cloud.aws.principals import Kind, Principal

#: What can be gained, in words; all else is the ARN of a group, or of a policy with its version.
ANY_POLICY = "any policy"
NO_BOUNDARY = "no boundary"
NO_DENIES = "no denies of its own"
ANY_TAGS = "any tags"
#: The policy of somebody who may have any.
FULL = parse(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    },
    "a policy of its own making",
)
#: With one of these, a policy in a login or role is no more, or says something else.
_INLINE = {
    Kind.LOGIN: ("iam:DeleteUserPolicy", "iam:PutUserPolicy"),
    Kind.ROLE: ("iam:DeleteRolePolicy", "iam:PutRolePolicy"),
}
_ATTACHED = {Kind.LOGIN: ("iam:DetachUserPolicy",), Kind.ROLE: ("iam:DetachRolePolicy",)}
#: With one of these, members of a group have its policy no more.
_INLINE_OF_GROUP = ("iam:RemoveUserFromGroup", "iam:DeleteGroupPolicy", "iam:PutGroupPolicy")
_ATTACHED_TO_GROUP = ("iam:RemoveUserFromGroup", "iam:DetachGroupPolicy")
_RENEW = "iam:CreatePolicyVersion"

#: An action of IAM, and the resource that it is done to.
Change: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class OwnDenies:
    """Knows which policies of a principal deny something, and how they are taken away.

    Only what the export says of it: what it joined since, or put in force, is not taken away. A
    policy is taken away whole, with what it allows. Errs: towards fewer gains.
    """

    details: Details

    def ways(self, principal: Principal) -> Sequence[Sequence[Change]]:
        """Changes that take all of them away: one of each list. Nothing if nothing denies."""
        # The principal is kept, so that no other policy gets the number of one of its own.
        key = (principal.arn, tuple(map(id, principal.policies)))
        found = self._known.get(key)
        if found is None:
            ways = tuple(dict.fromkeys(self._ways(principal)))
            found = self._known[key] = principal, ways
        return found[1]

    @cached_property
    def _known(
        self,
    ) -> dict[tuple[str, tuple[int, ...]], tuple[Principal, Sequence[Sequence[Change]]]]:
        return {}

    def _ways(self, principal: Principal) -> Iterator[tuple[Change, ...]]:
        groups = [
            (arn, self.details.groups[arn].policies)
            for arn in self.details.members.get(principal.arn, ())
        ]
        for policy in self._denying(principal):
            if policy.name.startswith(f"{principal.arn}: "):
                yield tuple((each, principal.arn) for each in _INLINE[principal.kind])
                continue
            anew = ((_RENEW, policy.name),) if policy.name in self.details.managed else ()
            inside = sum(_has(policies, policy) for _, policies in groups)
            if sum(each is policy for each in principal.policies) > inside:
                here = tuple((each, principal.arn) for each in _ATTACHED[principal.kind])
                yield (*here, *anew)
            for arn, policies in groups:
                if _has(policies, policy):
                    inline = policy.name.startswith(f"{arn}: ")
                    actions = _INLINE_OF_GROUP if inline else _ATTACHED_TO_GROUP
                    yield (*((each, arn) for each in actions), *anew)

    def without(self, principal: Principal) -> Principal:
        """The principal without them."""
        gone = self._denying(principal)
        left = tuple(each for each in principal.policies if not _has(gone, each))
        return replace(principal, policies=left)

    def _denying(self, principal: Principal) -> Sequence[Policy]:
        itself = self.details.principals.get(principal.arn, principal)
        mine = {id(each): each for each in itself.policies if _has(principal.policies, each)}
        return tuple(each for each in mine.values() if _denies(each))


def has_all(principal: Principal) -> bool:
    """Whether nothing of its own limits a principal that may have any policy, for sure."""
    limits = any(_denies(each) or each.damaged for each in principal.policies)
    return principal.boundary is None and not limits


def strengthened(details: Details, principal: Principal, gained: Iterable[str]) -> Principal:
    """A principal as it is in the details, with what it gained.

    Raises:
        KeyError: the details have no such group, or no such version of a policy.
    """
    labels = frozenset(gained)
    words = {ANY_POLICY, NO_BOUNDARY, NO_DENIES, ANY_TAGS}
    for label in sorted(labels - words - set(details.groups)):
        arn, _, number = label.rpartition(" ")
        version = details.managed[arn].others[number]
        changed = tuple(version if each.name == arn else each for each in principal.policies)
        principal = replace(principal, policies=changed)
    if NO_DENIES in labels:
        principal = OwnDenies(details).without(principal)
    for label in sorted(labels & set(details.groups)):
        joined = (*principal.policies, *details.groups[label].policies)
        principal = replace(principal, policies=joined)
    if ANY_POLICY in labels:
        principal = replace(principal, policies=(*principal.policies, FULL))
    if NO_BOUNDARY in labels:
        principal = replace(principal, boundary=None)
    if ANY_TAGS in labels:
        principal = replace(principal, any_tags=True)
    return principal


def _denies(policy: Policy) -> bool:
    return any(not each.allows for each in policy.statements)


def _has(policies: Iterable[Policy], policy: Policy) -> bool:
    return any(each is policy for each in policies)
