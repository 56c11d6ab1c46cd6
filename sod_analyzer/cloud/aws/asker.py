"""What one principal may do as it is, asked again and again: every answer is found once.

Moves ask of each principal about every other one of its account, mostly about nothing that any of
its policies speaks of, or with statements that are about every resource alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.documents import Form, Policy, Statement, parse
from sod_analyzer.cloud.aws.estate import Account, Estate
from sod_analyzer.cloud.aws.patterns import decide_any
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.aws.steps import Layer, may_allow, may_allow_on, speaking
from sod_analyzer.cloud.truth import Answer

ASSUME = "sts:AssumeRole"
#: What stands for the decision where no policy allows.
NOTHING = Decision(Answer.NO, Layer.IDENTITY)


class Asker:
    """One principal, with the policies that it has at the time, in an estate.

    Cost: a decision is made once for a resource, and once for all of an account where whatever
    speaks of the action is about every resource. Where no statement of the principal's own allows,
    nothing is decided: that is for actions of IAM, which knows no policies of resources but trust.
    """

    def __init__(
        self, me: Principal, estate: Estate, catalogue: Catalogue, context: Context
    ) -> None:
        self.me = me
        self._estate = estate
        self._catalogue = catalogue
        self._context = context
        self._decisions: dict[tuple[str, str, str], Decision] = {}
        self._anything: dict[str, Decision] = {}
        self._alike: dict[str, bool] = {}

    def speaks(self, action: str) -> bool:
        """Whether some policy of its own may allow an action on something."""
        return any(may_allow(policy, action) for policy in self.me.policies)

    def may(
        self, action: str, resource: str, context: Context | None = None, told: str = ""
    ) -> Decision:
        """Whether it may do an action of IAM; `told` names a context other than the usual one."""
        account = resource.split(":", 5)[4]
        if account != self.me.account:
            return NOTHING
        alike = self._is_alike(action)
        key = (action, "" if alike else resource, told)
        found = self._decisions.get(key)
        if found is None:
            found = NOTHING
            if any(may_allow_on(policy, action, resource) for policy in self.me.policies):
                found = self._decided(self._estate, action, resource, context)
            self._decisions[key] = found
        return found

    def on(self, action: str, resource: str) -> Decision:
        """Whether it may do any action, of a service whose resources may have policies."""
        key = (action, resource, "on")
        found = self._decisions.get(key)
        if found is None:
            found = self._decisions[key] = self._decided(self._estate, action, resource, None)
        return found

    def assumes(self, role: Principal) -> Decision:
        """Whether it may assume a role as that trusts now."""
        if role.account != self.me.account and not self.speaks(ASSUME):
            # Across accounts both sides must allow.
            return NOTHING
        return self.on(ASSUME, role.arn)

    def once_trusted(self, role: Principal) -> Decision:
        """Whether it may assume a role whose trust policy it has written anew."""
        alike = self._is_alike(ASSUME) and role.account == self.me.account
        key = (ASSUME, "" if alike else role.arn, "trusted")
        found = self._decisions.get(key)
        if found is None:
            # One request is about one role alone.
            estate = replace(self._estate, principals={role.arn: replace(role, trust=self._trust)})
            found = self._decisions[key] = self._decided(estate, ASSUME, role.arn, None)
        return found

    def anything(self, action: str) -> Decision:
        """Whether it may do an action on something."""
        found = self._anything.get(action)
        if found is None:
            found = self._anything[action] = decide_any(
                self._estate, self.me, [action], ["*"], self._context, catalogue=self._catalogue
            ).decision
        return found

    @cached_property
    def _trust(self) -> Policy:
        arn = self.me.arn
        statement = {"Effect": "Allow", "Action": ASSUME, "Principal": {"AWS": arn}}
        document = {"Version": "2012-10-17", "Statement": statement}
        return parse(document, f"a trust policy made by {arn}", Form.TRUST)

    def _decided(
        self, estate: Estate, action: str, resource: str, context: Context | None
    ) -> Decision:
        return decide(
            estate,
            self.me,
            action,
            resource,
            self._context if context is None else context,
            catalogue=self._catalogue,
        )

    def _is_alike(self, action: str) -> bool:
        """Whether whatever is said of an action is said of every resource of an account."""
        found = self._alike.get(action)
        if found is None:
            found = self._alike[action] = all(
                _of_all(statement)
                for policy in self._policies()
                for allows in (True, False)
                for statement in speaking(policy, action, allows=allows)
            )
        return found

    def _policies(self) -> Iterator[Policy]:
        """Whatever decides beside the policy of a resource."""
        yield from self.me.policies
        if self.me.boundary is not None:
            yield self.me.boundary
        bound = self._estate.accounts.get(self.me.account, Account(self.me.account))
        for level in bound.levels or ():
            yield from level.scps
            yield from level.rcps


def _of_all(statement: Statement) -> bool:
    named = statement.resources
    return named is None or (not named.negated and "*" in named.texts)
