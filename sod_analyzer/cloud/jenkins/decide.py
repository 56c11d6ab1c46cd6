"""One request to Jenkins, decided by its matrices or roles.

Source: `AuthorizationContainer`, the strategies of inheritance and
`ProjectMatrixAuthorizationStrategy` of the plugin matrix-auth, `RoleMap` of role-strategy, and
`SidACL` of Jenkins: what anybody may without signing in, everybody may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sod_analyzer.cloud.expressions import PatternError, regex
from sod_analyzer.cloud.jenkins.model import (
    ANONYMOUS,
    AUTHENTICATED,
    Entry,
    Grant,
    Inherits,
    Instance,
    Kind,
    Matrix,
    Role,
    Strategy,
)
from sod_analyzer.cloud.jenkins.rights import (
    ADMINISTER,
    CONFIGURE,
    implying,
    is_of_agents,
    is_of_items,
)
from sod_analyzer.cloud.truth import Answer

_READS = frozenset({"Overall/Read", "Job/Read", "Job/Discover", "View/Read"})


class Layer(StrEnum):
    """What decided."""

    GLOBAL = "global"
    FOLDER = "folder"
    JOB = "job"
    AGENT = "agent"
    STRATEGY = "strategy"
    NOTHING = "no entry"
    MISSING = "not in the files"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and its groups: anybody of these without a name, or nobody who signs in."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def entries(self) -> Iterator[Entry]:
        """How entries name it: what nobody needs to sign in for is everybody's."""
        yield Entry(Kind.NAME, ANONYMOUS)
        if self.name:
            yield Entry(Kind.NAME, self.name)
        if self.signs_in:
            for group in (AUTHENTICATED, *self.groups):
                yield Entry(Kind.GROUP, group)

    @property
    def signs_in(self) -> bool:
        """Whether it is known to Jenkins at all."""
        return bool(self.name or self.groups)


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, with the grant or the role that gives it."""

    answer: Answer
    layer: Layer
    by: Grant | Role | None = None
    where: str = ""
    conditions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


_NO = Decision(Answer.NO, Layer.NOTHING)


class Authority:
    """Decides for an instance.

    Cost: a comparison per entry of the job, of its folders and of the instance.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def decide(
        self, caller: Caller, right: str, *, job: str | None = None, agent: str | None = None
    ) -> Decision:
        """Whether somebody has a right: on a job or folder, on an agent, or everywhere."""
        strategy = self._instance.strategy
        if strategy is Strategy.UNKNOWN:
            return Decision(Answer.UNKNOWN, Layer.MISSING, missing=(self._instance.why,))
        if strategy is Strategy.UNSECURED:
            return Decision(Answer.YES, Layer.STRATEGY, where=str(strategy))
        if strategy in (Strategy.SIGNED_IN, Strategy.SIGNED_IN_OR_READ):
            reads = strategy is Strategy.SIGNED_IN_OR_READ and right in _READS
            may = caller.signs_in or reads
            return Decision(Answer.YES, Layer.STRATEGY, where=str(strategy)) if may else _NO
        if strategy is Strategy.ROLES:
            return self._by_roles(caller, right, job, agent)
        return self._by_matrices(caller, right, job, agent)

    def after_a_change(
        self, caller: Caller, right: str, *, job: str | None = None, agent: str | None = None
    ) -> Decision:
        """As `decide`, once somebody has changed the entries or roles that he may change.

        Whoever may configure a job or folder edits its matrix. What decides is then the grant or
        the role by which he may.
        """
        best = self.decide(caller, right, job=job, agent=agent)
        for needed, there in self._changes(right, job, agent):
            best = _best(best, self.decide(caller, needed, job=there))
        return best

    def _changes(
        self, right: str, job: str | None, agent: str | None
    ) -> Iterator[tuple[str, str | None]]:
        """Rights by which one can change who has this one, and on which job or folder."""
        yield ADMINISTER, None
        strategy = self._instance.strategy
        if strategy is Strategy.ROLES:
            if job is not None and is_of_items(right):
                yield "Role Based Strategy/ItemRoles", None
            if agent is not None and is_of_agents(right):
                yield "Role Based Strategy/AgentRoles", None
        if strategy is not Strategy.PROJECT_MATRIX or not is_of_items(right):
            return
        while job:
            yield CONFIGURE, job
            own = self._instance.items.get(job)
            if own is not None and own.inherits is not Inherits.PARENT:
                return
            job = job.rpartition("/")[0]

    # -- matrices --------------------------------------------------------------------------------

    def _by_matrices(
        self, caller: Caller, right: str, job: str | None, agent: str | None
    ) -> Decision:
        known = self._instance
        top = _found(known.matrix, caller, right, Layer.GLOBAL, "")
        if known.strategy is Strategy.MATRIX or (job is None and agent is None):
            return top
        if agent is not None:
            own = known.agents.get(agent)
            if own is None:
                return top
            here = _found(own, caller, right, Layer.AGENT, agent)
            return _best(here, self._limited(own, caller, right, top))
        return self._of_job(caller, right, job or "", top)

    def _of_job(self, caller: Caller, right: str, job: str, top: Decision) -> Decision:
        if not job:
            return top
        parent = job.rpartition("/")[0]
        own = self._instance.items.get(job)
        if own is None:
            return self._of_job(caller, right, parent, top)
        layer = Layer.JOB
        here = _found(own, caller, right, layer, job)
        if own.inherits is Inherits.PARENT:
            above = self._of_job(caller, right, parent, top)
            above = replace(above, layer=Layer.FOLDER) if above.layer is Layer.JOB else above
            return _best(here, above)
        return _best(here, self._limited(own, caller, right, top))

    def _limited(self, own: Matrix, caller: Caller, right: str, top: Decision) -> Decision:
        """What is left of the instance's own entries where not all of them are inherited."""
        if own.inherits is not Inherits.NOTHING:
            return top
        # Nobody takes anything from an administrator.
        if ADMINISTER not in implying(right):
            return _NO
        return _found(self._instance.matrix, caller, ADMINISTER, Layer.GLOBAL, "")

    # -- roles -----------------------------------------------------------------------------------

    def _by_roles(self, caller: Caller, right: str, job: str | None, agent: str | None) -> Decision:
        known = self._instance
        best = _of_roles(known.global_roles, caller, right, Layer.GLOBAL, None)
        if job is not None:
            best = _best(best, _of_roles(known.item_roles, caller, right, Layer.JOB, job))
        if agent is not None:
            best = _best(best, _of_roles(known.agent_roles, caller, right, Layer.AGENT, agent))
        return best


def _best(one: Decision, other: Decision) -> Decision:
    return other if other.answer > one.answer else one


def _found(matrix: Matrix, caller: Caller, right: str, layer: Layer, where: str) -> Decision:
    if matrix.damaged:
        return Decision(Answer.UNKNOWN, Layer.MISSING, where=where, missing=(matrix.damaged,))
    best = _NO
    wanted = tuple(implying(right))
    entries = tuple(caller.entries)
    for grant in matrix.grants:
        if grant.right not in wanted or not _applies(grant.right, layer):
            continue
        for entry in entries:
            alike = _is_named(grant.who, entry)
            if alike is not Answer.NO:
                best = _best(best, _said(alike, (grant.who, entry), layer, grant, where))
    return best


def _applies(right: str, layer: Layer) -> bool:
    """Whether an entry there may have such a right at all; else it is passed over."""
    if layer is Layer.GLOBAL:
        return True
    return is_of_agents(right) if layer is Layer.AGENT else is_of_items(right)


def _of_roles(
    roles: tuple[Role, ...], caller: Caller, right: str, layer: Layer, name: str | None
) -> Decision:
    best = _NO
    wanted = set(implying(right))
    for role in roles:
        if wanted.isdisjoint(role.rights):
            continue
        reach = _reaches(role, name)
        if reach is Answer.NO:
            continue
        for member in sorted(role.members):
            for entry in caller.entries:
                alike = _is_named(member, entry)
                if alike is Answer.NO:
                    continue
                said = _said(alike, (member, entry), layer, role, name or "")
                if reach is Answer.CONDITIONAL:
                    said = replace(
                        said,
                        answer=Answer.CONDITIONAL,
                        conditions=(*said.conditions, f"what {role} is about is not decided here"),
                    )
                best = _best(best, said)
    return best


def _reaches(role: Role, name: str | None) -> Answer:
    """Whether a role is about a job or an agent: its pattern is of the whole name."""
    if role.name.startswith("@"):
        return Answer.CONDITIONAL  # a macro, which a plugin decides
    if role.pattern is None or name is None:
        return Answer.YES
    try:
        return Answer.YES if regex(role.pattern).fullmatch(name) is not None else Answer.NO
    except (PatternError, UnicodeEncodeError):
        return Answer.CONDITIONAL


def _is_named(who: Entry, entry: Entry) -> Answer:
    if who.kind is not Kind.EITHER and who.kind is not entry.kind:
        return Answer.NO
    if who.name == entry.name:
        return Answer.YES
    return Answer.CONDITIONAL if who.name.casefold() == entry.name.casefold() else Answer.NO


def _said(
    alike: Answer, names: tuple[Entry, Entry], layer: Layer, by: Grant | Role, where: str
) -> Decision:
    one, other = names
    told = (f"{other.name} and {one.name} are one, which the way to sign in decides",)
    return Decision(alike, layer, by, where, () if alike is Answer.YES else told)
