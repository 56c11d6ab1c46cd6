"""The generator's own reading of the ruleset: which facts perform a duty, and what each rule asks.

Written by hand from the rules' texts, for the products that the bank has. It is the second opinion
that the expected answers rest on: nothing here is read from the ruleset's file.
"""

from __future__ import annotations

from typing import NamedTuple

from maker import bank

#: A fact's duty to the systems in which it exists: who covers them all has it everywhere.
_AWS = bank.AWS_SYSTEMS
WAYS: dict[str, tuple[str, ...]] = {
    bank.COMMIT: (*_AWS, "changeman", "github-north"),
    bank.REVIEW: (*_AWS, "github-north"),
    bank.APPROVE_OWN: (*_AWS, "changeman"),
    bank.MERGE: (*_AWS, "github-north"),
    bank.MERGE_UNREVIEWED: (*_AWS, "github-north"),
    bank.DEPLOY: ("aws-prod", "changeman", "k8s-prod"),
    bank.DEVELOP: ("aws-build", "k8s-test"),
    bank.WORKFLOW: ("github-north",),
    bank.PIPELINE: (*_AWS, "changeman", "github-north", "k8s-prod"),
    bank.GATES: (*_AWS, "github-north", "k8s-prod", "k8s-test"),
    bank.ACCESS: ("changeman", "github-north", "ldap-north"),
    bank.CLUSTER_ACCESS: ("k8s-prod", "k8s-test"),
    bank.CLOUD_ACCESS: _AWS,
    bank.STOP_LOGS: (*_AWS, "changeman", "github-north", "k8s-prod", "k8s-test"),
    bank.LOGS: ("k8s-prod", "k8s-test"),
    bank.SECRETS: ("aws-prod", "k8s-prod"),
    bank.BACKUPS: ("aws-prod", "k8s-prod"),
    bank.NETWORK: ("aws-prod", "k8s-prod"),
    bank.TOUCH: ("k8s-prod",),
    bank.RELEASE: _AWS,
    bank.DETECTION: _AWS,
    bank.IDENTITIES: (*_AWS, "hr-north"),
    bank.EMERGENCY: _AWS,
    bank.KEYS: ("aws-prod",),
    bank.DATA: ("aws-prod",),
    bank.DATABASE_AUDIT: ("aws-prod",),
}

# Duties that several facts perform, any of them.
_APPROVE = (bank.REVIEW, bank.APPROVE_OWN)
_CHANGE_PIPELINE = (bank.PIPELINE, bank.WORKFLOW)
_ACCESS = (bank.ACCESS, bank.CLUSTER_ACCESS, bank.CLOUD_ACCESS)
_LOGS = (bank.LOGS, bank.STOP_LOGS)

#: Duties of products that the bank has declared as not used, or out of scope.
ABSENT = frozenset({"certify-access", "review-emergency-access", "sign-off-tests"})
#: Duties of a product that the bank has, and whose rights no export tells.
UNTOLD: frozenset[str] = frozenset()

EVALUATED, NOT_EVALUABLE, NOT_APPLICABLE = "evaluated", "not evaluable", "not applicable"

Leg = tuple[str, ...]


class Conflict(NamedTuple):
    """Duties that nobody has together: each leg is any of its facts."""

    legs: tuple[Leg, ...]
    scope: str = "application"
    count: int = 0  # so many legs break it; 0: all
    holder: str = "identity"
    kind: str = ""  # of the people judged; empty: all but robots

    @property
    def needed(self) -> int:
        """How many legs break the rule."""
        return self.count or len(self.legs)

    @property
    def state(self) -> str:
        """Whether the rule can be judged here at all."""
        possible = [leg for leg in self.legs if not ABSENT.issuperset(leg)]
        if len(possible) < self.needed:
            return NOT_APPLICABLE
        told = [leg for leg in possible if not UNTOLD.issuperset(leg)]
        return EVALUATED if len(told) >= self.needed else NOT_EVALUABLE


def _all(*legs: str | Leg, scope: str = "application") -> Conflict:
    return Conflict(tuple((leg,) if isinstance(leg, str) else leg for leg in legs), scope)


_OF_CHANGE = (_APPROVE, (bank.COMMIT,), (bank.DEPLOY,), ("sign-off-tests",))
_TWO_LAYERS = ((bank.CLOUD_ACCESS,), (bank.CLUSTER_ACCESS,), (bank.GATES,))
_MANAGE_OR_SHIP = (*_ACCESS, bank.DATA, bank.DEPLOY)

CONFLICTS: dict[str, Conflict] = {
    "DEV-01": _all(bank.COMMIT, bank.DEPLOY),
    "DEV-02": _all(_APPROVE, bank.DEPLOY),
    "DEV-03": _all(_ACCESS, bank.DEPLOY),
    "DEV-04": _all(_ACCESS, _LOGS, scope="system"),
    "DEV-05": _all(_CHANGE_PIPELINE, _ACCESS),
    "DEV-06": _all(bank.COMMIT, bank.APPROVE_OWN),
    "DEV-07": _all(bank.COMMIT, bank.MERGE_UNREVIEWED),
    "DEV-08": Conflict(_OF_CHANGE, count=3),
    "DEV-09": _all((bank.COMMIT, bank.DEPLOY), bank.GATES),
    "DEV-10": _all(bank.PIPELINE, bank.COMMIT),
    "DEV-11": _all((bank.DEPLOY, bank.SECRETS), bank.STOP_LOGS, scope="system"),
    "DEV-12": _all(_ACCESS, "certify-access"),
    "DEV-13": _all(_ACCESS, bank.IDENTITIES, scope="anywhere"),
    "DEV-14": _all(bank.DATA, bank.COMMIT),
    "DEV-15": _all(bank.DATABASE_AUDIT, bank.DATA),
    "DEV-16": _all(bank.DATA, bank.KEYS),
    "DEV-18": _all(_MANAGE_OR_SHIP, bank.BACKUPS),
    "DEV-19": _all(bank.COMMIT, "sign-off-tests"),
    "DEV-20": _all(bank.DETECTION, _MANAGE_OR_SHIP, scope="system"),
    "DEV-21": _all(bank.PIPELINE, bank.SECRETS),
    "DEV-22": _all("review-emergency-access", bank.EMERGENCY, scope="system"),
    "DEV-23": _all(bank.EMERGENCY, scope="anywhere"),
    "DEV-24": Conflict(_TWO_LAYERS, scope="anywhere", count=2),
    "DEV-25": Conflict(((bank.DEPLOY,), (bank.DEVELOP,)), holder="account"),
    "DEV-26": _all(_APPROVE, bank.NETWORK),
    "DEV-27": Conflict(((*_ACCESS, *_LOGS),), scope="system", kind="vendor"),
    "DEV-28": _all(bank.RELEASE),
    "DEV-29": _all(bank.COMMIT, bank.RELEASE),
    "DEV-33": Conflict(((bank.TOUCH,),), scope="system", kind="vendor"),
    # No role of the bank spans the two systems that committing and deploying need; the change
    # manager, which has both, gives its rights to accounts and knows no roles.
    "DEV-34": Conflict(((bank.COMMIT,), (bank.DEPLOY,)), holder="role"),
}


class Headcount(NamedTuple):
    """A rule about all people of an application: each leg is any of its facts."""

    kind: str  # most | least | team
    legs: tuple[Leg, ...]
    count: int


HEADCOUNTS: dict[str, Headcount] = {
    "DEV-17": Headcount("least", ((bank.KEYS,),), 2),
    "DEV-30": Headcount("most", ((bank.DEPLOY,),), 7),
    "DEV-31": Headcount("least", ((bank.DEPLOY,),), 2),
    "DEV-32": Headcount("team", ((bank.COMMIT,), (*_APPROVE, bank.MERGE), (bank.DEPLOY,)), 3),
}

#: Checks of accounts and groups by themselves, and whom each is about.
HYGIENE: dict[str, str] = {
    "DEV-35": "identity",  # left, and a login works
    "DEV-36": "account",  # privileged, and not used for 90 days
    "DEV-37": "account",  # nobody behind a login
    "DEV-38": "role",  # a member manages the group
}
DORMANT_AFTER_DAYS = 90


def states() -> dict[str, str]:
    """Every rule and whether it can be judged."""
    told = {rule: conflict.state for rule, conflict in CONFLICTS.items()}
    told |= {
        rule: NOT_APPLICABLE if ABSENT.issuperset(rule_.legs[0]) else EVALUATED
        for rule, rule_ in HEADCOUNTS.items()
    }
    return dict(sorted((told | dict.fromkeys(HYGIENE, EVALUATED)).items()))


def systems_of(leg: Leg) -> tuple[str, ...]:
    """The systems in which somebody could have the leg."""
    return tuple(sorted({system for duty in leg for system in WAYS.get(duty, ())}))
