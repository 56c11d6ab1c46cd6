"""Whether policies ask for a principal's tags, so that whoever may change these gains by it."""

from __future__ import annotations

from functools import cached_property

from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.principals import Kind, Principal

#: With one of these the tags of a login or role are others.
TAG = {
    Kind.LOGIN: ("iam:TagUser", "iam:UntagUser"),
    Kind.ROLE: ("iam:TagRole", "iam:UntagRole"),
}
_OF_TAGS = "aws:principaltag/"


class AskedFor:
    """Knows of an estate which principals' tags decide anything.

    Errs: towards deciding. What a statement is about is not looked at.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def of(self, principal: Principal) -> bool:
        """Whether a policy that may decide about it asks for a principal's tags."""
        near = self._estate.accounts.get(principal.account)
        levels = near.levels if near is not None else None
        return self._of_anybody or any(
            _asks(policy)
            for policy in (
                *principal.policies,
                *([] if principal.boundary is None else [principal.boundary]),
                *(scp for level in levels or () for scp in level.scps),
            )
        )

    @cached_property
    def _of_anybody(self) -> bool:
        """Whether a trust policy, or one of a resource or a limit on all, asks for tags."""
        estate = self._estate
        levels = (level for each in estate.accounts.values() for level in each.levels or ())
        return any(
            _asks(policy)
            for policy in (
                *(each.trust for each in estate.principals.values() if each.trust is not None),
                *estate.resources.values(),
                *(rcp for level in levels for rcp in level.rcps),
            )
        )


def _asks(policy: Policy) -> bool:
    """Whether conditions of a statement, or variables in it, are about a principal's tags."""
    for each in policy.statements:
        texts = list(each.resources.texts) if each.resources is not None else []
        for condition in each.conditions.each:
            if condition.key.lower().startswith(_OF_TAGS):
                return True
            texts += [text for text in condition.values if text is not None]
        if any("${" in text and _OF_TAGS in text.lower() for text in texts):
            return True
    return False
