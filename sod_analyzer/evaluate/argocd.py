"""An instance of Argo CD to ask, from Python: who may do what, decided offline from its objects.

    argo = load([("argocd.json", json.load(stream))])
    argo.decide("ann@north.example", "applications", "sync", "payments/api", groups=["deployers"])

The groups of people come from the sign-in, and are in no export.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.argocd.instance import PROJECT_ROLE, Instance, instance
from sod_analyzer.cloud.argocd.policy import Decision, Layer, Request
from sod_analyzer.cloud.kubernetes.listing import listing
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.errors import InputError, SourceRef

__all__ = ["Answer", "ArgoCd", "Decision", "Layer", "Subject", "load"]


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A name or a group that rules name. Without a name it is whoever signs in."""

    name: str
    is_group: bool = False


@dataclass(frozen=True)
class ArgoCd:
    """What objects say of one instance. `problems` is what could not be read, or does nothing."""

    instance: Instance

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read, and lines that do nothing."""
        return self.instance.problems

    def decide(
        self, name: str, resource: str, action: str, what: str, *, groups: Iterable[str] = ()
    ) -> Decision:
        """Whether somebody may do something.

        Args:
            name: A local account, the name of a sign-in, or `proj:PROJECT:ROLE` for a token of a
                project. Empty for anybody of the groups.
            resource: Such as `applications`, `clusters`, `exec`.
            action: Such as `sync`, `override`, `delete/apps/Deployment/payments/api`.
            what: `project/application`, or the name of whatever it is.
            groups: The values of the sign-in that Argo CD takes for groups.

        Cost: a comparison per rule and group.
        """
        return self.instance.decide(name, groups, Request(resource, action, what))

    def who_can(self, resource: str, action: str, what: str) -> Mapping[Subject, Decision]:
        """Every name and group in the rules of whom `decide` does not say no, sorted.

        Whoever signs in comes first, where all of them can. A name without a role may be that of
        a person or of a group, and is asked as both. Errs: somebody of two groups can do what
        either can, and is not listed.
        """
        asked = Request(resource, action, what)
        found: dict[Subject, Decision] = {}
        anybody = self.instance.of_anybody(asked)
        if anybody.answer is not Answer.NO:
            found[Subject("")] = anybody
        for each in self.instance.subjects:
            asked_as = [Subject(each)]
            if not each.startswith(PROJECT_ROLE):
                asked_as.append(Subject(each, is_group=True))
            for subject in asked_as:
                said = (
                    self.instance.decide("", [each], asked)
                    if subject.is_group
                    else self.instance.decide(each, [], asked)
                )
                if said.answer is not Answer.NO:
                    found[subject] = said
        return dict(sorted(found.items()))


def load(exports: Iterable[tuple[str, object]]) -> ArgoCd:
    """An instance from named exports of `kubectl get -o json`: ConfigMaps and AppProjects.

    Without `argocd-rbac-cm` every answer that is no more than what is built in is unknown; without
    any AppProject, what only the roles of a project could allow.

    Raises:
        InputError: an export is something else, or has a part of its list only.
    """
    records: list[tuple[str, object]] = []
    for name, value in exports:
        found = listing([value], None)
        if found.refusal is not None:
            raise InputError(found.refusal, where=SourceRef(name))
        if found.continued:
            raise InputError(
                "one part of a longer list: metadata.continue is set", where=SourceRef(name)
            )
        records += [(f"{name} record {at}", each) for at, each in enumerate(found.records)]
    return ArgoCd(instance(records))
