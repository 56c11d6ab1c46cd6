"""A Kubernetes cluster to ask, from Python: who may do what, decided offline from its objects.

    cluster = load([("prod.json", json.load(stream))])
    cluster.decide("ann@north.example", "patch", "deployments.apps", namespace="payments")

The groups of people are in no export: `decide` takes them with a `Caller`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.kubernetes.decide import Authority, Caller, Decision, Layer, Request
from sod_analyzer.cloud.kubernetes.listing import listing
from sod_analyzer.cloud.kubernetes.moves import Become, Move, Moves, Target, held_by
from sod_analyzer.cloud.kubernetes.objects import Cluster, Origin
from sod_analyzer.cloud.shapes import ShapeError, as_object
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.errors import InputError, SourceRef

__all__ = [
    "Answer",
    "Become",
    "Caller",
    "Decision",
    "Kubernetes",
    "Layer",
    "Move",
    "Origin",
    "Request",
    "Target",
    "load",
]


@dataclass(frozen=True)
class Kubernetes:
    """What objects say of one cluster; `problems` names those that could not be read."""

    authority: Authority
    problems: tuple[str, ...]

    def decide(
        self,
        caller: Caller | str,
        verb: str,
        what: str,
        *,
        namespace: str = "",
        name: str = "",
    ) -> Decision:
        """Whether somebody may do something.

        Args:
            caller: A login such as `system:serviceaccount:payments:ci`; or a `Caller` with its
                groups, or of groups alone. A login that no object names has what everybody has.
            verb: Such as `get`, `create`, `escalate`.
            what: `pods`, `pods/exec`, `deployments.apps`, `deployments.apps/scale`, or a URL.
            namespace: Without one, in all namespaces at once.
            name: Without one, all objects, or one that has no name yet.

        Cost: of the rules of the caller's roles.
        """
        asked = Request.of(verb, what, namespace=namespace, name=name)
        return self.authority.decide(_caller(caller), asked)

    def who_can(
        self, verb: str, what: str, *, namespace: str = "", name: str = ""
    ) -> Mapping[Caller, Decision]:
        """Every login and every group of whom `decide` does not say no, sorted.

        Errs: somebody of two groups can do what either can, and is not listed.
        """
        asked = Request.of(verb, what, namespace=namespace, name=name)
        found = {each: self.authority.decide(each, asked) for each in self.authority.callers}
        return {each: said for each, said in found.items() if said.answer is not Answer.NO}

    def moves(self, caller: Caller | str) -> tuple[Move, ...]:
        """What somebody can become or give itself by one step, by target.

        A step with `own` leaves a change of one's own behind; one with a
        `condition` takes something besides that the export does not say. Whoever has every right
        in a place is told which service accounts it can become there, and nothing else.
        """
        return Moves(held_by(self.authority, _caller(caller)), self.authority).found()


def _caller(caller: Caller | str) -> Caller:
    return Caller(caller) if isinstance(caller, str) else caller


def load(exports: Iterable[tuple[str, object]]) -> Kubernetes:
    """A cluster from named exports of `kubectl get -o json`: `List` objects, lists, or objects.

    A decision names the name of the export, and the object's place in it from 0, in `records`.

    Raises:
        InputError: an export is something else, or has a part of its list only.
    """
    cluster = Cluster()
    problems = []
    for name, value in exports:
        found = listing([value], None)
        if found.refusal is not None:
            raise InputError(found.refusal, where=SourceRef(name))
        if found.continued:
            raise InputError(
                "one part of a longer list: metadata.continue is set", where=SourceRef(name)
            )
        for record, stated in enumerate(found.records):
            try:
                cluster.add(as_object(stated, "the record"), found.kind, Origin(name, record))
            except ShapeError as error:
                problems.append(f"{name} items/{record}: {error}")
    return Kubernetes(Authority(cluster), tuple(problems))
