"""An instance of Jenkins to ask, from Python: who may do what, decided offline from its files.

    jenkins = load(xml=[("config.xml", content), ("jobs/shop/config.xml", other)])
    jenkins.decide(Caller("ann", ("deployers",)), "Job/Build", job="shop/deploy")

The groups of people come from the way they sign in, and are in no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sod_analyzer.cloud.jenkins.decide import Authority, Caller, Decision, Layer
from sod_analyzer.cloud.jenkins.model import AUTHENTICATED, Entry, Instance, Kind
from sod_analyzer.cloud.jenkins.read import Reader
from sod_analyzer.cloud.jenkins.rights import named
from sod_analyzer.cloud.truth import Answer

__all__ = ["Answer", "Caller", "Decision", "Jenkins", "Layer", "load"]


@dataclass(frozen=True)
class Jenkins:
    """What files say of one instance."""

    instance: Instance

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read."""
        return self.instance.problems

    @cached_property
    def _authority(self) -> Authority:
        return Authority(self.instance)

    def decide(
        self,
        caller: Caller | str,
        right: str,
        *,
        job: str | None = None,
        agent: str | None = None,
        own_change: bool = False,
    ) -> Decision:
        """Whether somebody has a right.

        Args:
            caller: A name; or a `Caller` with its groups, or of groups alone. An empty name is
                whoever does not sign in.
            right: Such as `Job/Build`, `Run/Replay`, `hudson.model.Item.Configure`.
            job: The full name of a job or folder, such as `shop/deploy`; without one, of all.
            agent: The name of an agent instead.
            own_change: Also what he could give himself by one change of entries or roles.

        Cost: a comparison per entry of the job, its folders and the instance.
        """
        asked = Caller(caller) if isinstance(caller, str) else caller
        ask = self._authority.after_a_change if own_change else self._authority.decide
        return ask(asked, named(right), job=job, agent=agent)

    def who_can(
        self,
        right: str,
        *,
        job: str | None = None,
        agent: str | None = None,
        own_change: bool = False,
    ) -> Mapping[Caller, Decision]:
        """Everybody in the files of whom `decide` does not say no, sorted.

        Names come before groups; `Caller("")` is whoever does not sign in, and the group
        `authenticated` whoever does. Errs: somebody of two groups can do what either can, and is
        not listed.
        """
        found = {}
        for caller in self._callers:
            said = self.decide(caller, right, job=job, agent=agent, own_change=own_change)
            if said.answer is not Answer.NO:
                found[caller] = said
        return found

    @cached_property
    def _callers(self) -> tuple[Caller, ...]:
        known = self.instance
        matrices = (known.matrix, *known.items.values(), *known.agents.values())
        roles = (*known.global_roles, *known.item_roles, *known.agent_roles)
        entries = {grant.who for matrix in matrices for grant in matrix.grants}
        entries |= {member for role in roles for member in role.members}
        entries |= {Entry(Kind.NAME, ""), Entry(Kind.GROUP, AUTHENTICATED)}
        names = {each.name for each in entries if each.kind is not Kind.GROUP} - {"anonymous"}
        groups = {each.name for each in entries if each.kind is not Kind.NAME} - {"anonymous"}
        people = [Caller(name) for name in sorted(names - {AUTHENTICATED})]
        return (*people, *(Caller("", (name,)) for name in sorted(groups)))


def load(
    *, xml: Iterable[tuple[str, bytes]] = (), code: Iterable[tuple[str, object]] = ()
) -> Jenkins:
    """An instance from its files, each with its path in the home of Jenkins.

    Args:
        xml: `config.xml` of the instance, of its jobs and folders (`jobs/a/jobs/b/config.xml`)
            and agents (`nodes/a/config.xml`).
        code: Documents of configuration as code, parsed.

    Without the instance's own every answer is unknown, and so it is with a file that cannot be
    read; `problems` says which.
    """
    reader = Reader()
    for path, content in xml:
        reader.xml(path, content)
    for path, value in code:
        reader.code(path, value)
    return Jenkins(reader.instance())
