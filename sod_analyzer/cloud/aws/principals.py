"""Who asks, and how a statement names them.

Source: "AWS JSON policy elements: Principal" and "NotPrincipal" of the IAM documentation, and for
callers with a boundary "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property

from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.documents import Policy, Principals
from sod_analyzer.cloud.truth import Answer


class Kind(StrEnum):
    """What a caller is."""

    LOGIN = "user"
    ROLE = "role"
    ROOT = "root"
    SERVICE = "service"
    FEDERATED = "federated"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Principal:
    """A caller, with the policies that are its own.

    A role stands for its sessions. `boundary` is None where there is none; a boundary whose
    document is missing is a damaged policy. `session` is the name of a role's session, if known.
    `any_tags` says that its tags are not known, or whatever it likes; else it has none but `tags`.
    """

    arn: str
    account: str
    kind: Kind
    name: str = ""
    path: str = "/"
    unique_id: str = ""
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    trust: Policy | None = None
    tags: tuple[tuple[str, str], ...] = ()
    session: str | None = None
    any_tags: bool = False

    @cached_property
    def known(self) -> dict[str, tuple[Context, Context]]:
        """By the owner of resources: the last context asked with, and what is known with it."""
        return {}

    @property
    def service_linked(self) -> bool:
        """Whether it is the role of a service, which no SCP and no RCP binds."""
        return self.kind is Kind.ROLE and self.path.startswith("/aws-service-role/")


class Named(IntEnum):
    """How closely a policy names a caller: what still limits the grant depends on it."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    CALLER = 3


@dataclass(frozen=True)
class Match:
    """How a statement names a caller, how surely, and on what that depends."""

    named: Named
    answer: Answer
    open: tuple[str, ...] = ()


_NOBODY = Match(Named.NOT, Answer.NO)


def match(principals: Principals | None, caller: Principal, *, allows: bool) -> Match:
    """Whether a statement is about a caller. One that names nobody is about nobody.

    `NotPrincipal` counts as naming the caller. It spares whom it names; where it names a role
    without its session, or an account alone, documents and practice disagree: conditional.
    """
    if principals is None:
        return _NOBODY
    found = _named(principals, caller)
    if not principals.negated:
        return found
    if not allows and caller.boundary is not None:
        # It denies every caller that has a boundary, whomever it names.
        return Match(Named.CALLER, Answer.YES)
    if found.named is Named.CALLER:
        return Match(Named.CALLER, found.answer.without, found.open)
    if found.named is Named.NOT:
        return Match(Named.CALLER, Answer.YES)
    said = "role" if found.named is Named.ROLE else "account"
    return Match(
        Named.CALLER,
        Answer.CONDITIONAL,
        (f"NotPrincipal names the {said} of {caller.arn}, not the caller itself",),
    )


def _named(principals: Principals, caller: Principal) -> Match:
    best = _NOBODY
    if caller.kind is Kind.SERVICE:
        names, one = principals.services, caller.name
    elif caller.kind is Kind.FEDERATED:
        names, one = principals.federated, caller.name
    else:
        names, one = (), ""
    if one in names or (names and "*" in names):
        best = Match(Named.CALLER, Answer.YES)
    for text in principals.aws:
        found = _one(text, caller)
        if (found.named, found.answer) > (best.named, best.answer):
            best = found
    return best


def _one(text: str, caller: Principal) -> Match:
    if text == "*":
        return Match(Named.CALLER, Answer.YES)
    if caller.kind in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS):
        return _NOBODY
    if text in (caller.account, f"{_head(caller.arn)}:iam::{caller.account}:root"):
        itself = caller.kind is Kind.ROOT
        return Match(Named.CALLER if itself else Named.ACCOUNT, Answer.YES)
    if text == caller.arn or (caller.unique_id and text == caller.unique_id):
        return Match(Named.ROLE if caller.kind is Kind.ROLE else Named.CALLER, Answer.YES)
    return _session(text, caller) if caller.kind is Kind.ROLE else _NOBODY


def _session(text: str, caller: Principal) -> Match:
    """A session, which is named without the path of its role."""
    start = f"{_head(caller.arn)}:sts::{caller.account}:assumed-role/{caller.name}/"
    session = text.removeprefix(start)
    if session == text or caller.session not in (None, session):
        return _NOBODY
    if caller.session is None:
        return Match(Named.CALLER, Answer.CONDITIONAL, (f"the session is called {session}",))
    return Match(Named.CALLER, Answer.YES)


def _head(arn: str) -> str:
    """The beginning of an ARN with its partition."""
    return ":".join(arn.split(":", 2)[:2])
