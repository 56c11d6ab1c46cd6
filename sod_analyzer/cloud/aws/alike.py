"""Which principals policies treat alike, so that what is found out of one is found of all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sod_analyzer.cloud.aws.documents import Policy, Statement
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.principals import Principal

#: Beginnings of condition keys that tell one caller of an account from another.
_OF_CALLERS = ("aws:principal", "aws:user", "aws:source", "aws:token")


class Alike:
    """Tells principals apart by what decides: by their policies' content, not by their names.

    Errs: towards telling apart. A principal is alone where a policy has a variable or a condition
    on who asks, and in questions about `named`, the actions of which policies of resources decide,
    which name principals.
    """

    def __init__(self, estate: Estate, named: Iterable[str]) -> None:
        self._estate = estate
        self._named = frozenset(named)
        self._contents: dict[object, int] = {}
        #: By the number of a policy: the policy, its content's number, whether it is personal.
        self._known: dict[int, tuple[Policy, int, bool]] = {}

    def of(self, caller: Principal, names: Iterable[str]) -> tuple[object, ...]:
        """What a caller shares with all who get the same answers about these actions."""
        own = [self._of(policy) for policy in caller.policies]
        bound = [] if caller.boundary is None else [self._of(caller.boundary)]
        alone = (
            self._limits
            or any(personal for _, personal in (*own, *bound))
            or not self._named.isdisjoint(names)
        )
        return (
            caller.arn if alone else "",
            caller.arn.partition(":iam:")[0],  # the partition
            caller.account,
            caller.kind,
            caller.service_linked,
            caller.any_tags,
            tuple(number for number, _ in own),
            tuple(number for number, _ in bound),
        )

    @cached_property
    def _limits(self) -> bool:
        """Whether a limit of the organisation depends on who asks."""
        return any(
            self._of(policy)[1]
            for account in self._estate.accounts.values()
            for level in account.levels or ()
            for policy in (*level.scps, *level.rcps)
        )

    def _of(self, policy: Policy) -> tuple[int, bool]:
        found = self._known.get(id(policy))
        if found is None:
            content = (tuple(map(_content, policy.statements)), policy.damaged)
            number = self._contents.setdefault(content, len(self._contents))
            personal = any(map(_is_personal, policy.statements))
            found = self._known[id(policy)] = policy, number, personal
        return found[1:]


def _content(statement: Statement) -> tuple[object, ...]:
    """What a statement says, whichever policy it is in."""
    return (
        statement.allows,
        statement.actions,
        statement.resources,
        statement.principals,
        statement.conditions,
        statement.variables,
    )


def _is_personal(statement: Statement) -> bool:
    """Whether it may say one thing of one caller and another thing of another one."""
    texts = list(statement.resources.texts) if statement.resources is not None else []
    for each in statement.conditions.each:
        if each.key.lower().startswith(_OF_CALLERS):
            return True
        texts += [text for text in each.values if text is not None]
    return statement.variables and any("${" in text for text in texts)
