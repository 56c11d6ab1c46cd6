"""Which actions policies treat alike, so that no two are looked for that are allowed nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.decide import ASSUMING, OF_ALL
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.principals import Principal
from sod_analyzer.cloud.aws.steps import speaking


class Groups:
    """Groups a caller's actions by what decides them: by statements, and by kinds of resources.

    Errs: towards groups of their own. Actions that assume roles are alone, since the policies of
    their resources are those of the roles.

    Cost: per action a look at every policy that may have a say.
    """

    def __init__(
        self, estate: Estate, caller: Principal, catalogue: Catalogue, sessions: Sequence[Policy]
    ) -> None:
        self._estate = estate
        self._caller = caller
        self._catalogue = catalogue
        self._sessions = sessions
        self._known: dict[str, object] = {}

    def of(self, action: str) -> object:
        """What the action has in common with all that are allowed where it is, and nowhere else."""
        found = self._known.get(action)
        if found is None:
            found = self._known[action] = self._group(action)
        return found

    def _group(self, action: str) -> object:
        if action in ASSUMING or action == OF_ALL:
            return action
        said = tuple(
            id(statement)
            for policy in self._policies
            for allows in (True, False)
            for statement in speaking(policy, action, allows=allows)
        )
        arns = self._catalogue.arns_of(action)
        return action.partition(":")[0], arns, self._catalogue.needed_by(action), said

    @cached_property
    def _policies(self) -> tuple[Policy, ...]:
        """Every policy that may have a say, once."""
        caller, accounts = self._caller, self._estate.accounts
        near = accounts.get(caller.account)
        bound = (near.levels if near is not None else None) or ()
        every = [
            *caller.policies,
            *([] if caller.boundary is None else [caller.boundary]),
            *self._sessions,
            *(scp for level in bound for scp in level.scps),
            *(r for each in accounts.values() for level in each.levels or () for r in level.rcps),
            *(policy for _, policy in sorted(self._estate.resources.items())),
        ]
        return tuple({id(policy): policy for policy in every}.values())
