"""Which layers must say what of a request: the same for one resource and for patterns of them.

A request is granted if one of several sets of parts all allow it, if every level of the
organisation allows it, and if nothing denies it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.principals import Match, Named
from sod_analyzer.cloud.aws.steps import Layer, Request, Step, both, either, scan
from sod_analyzer.cloud.truth import Answer


@dataclass(frozen=True)
class Part:
    """Policies of one layer; `least` and `most` say how closely they must name the caller."""

    layer: Layer
    policies: tuple[Policy, ...]
    least: Named | None = None
    most: Named = Named.CALLER

    def close(self, found: Match) -> bool:
        """Whether a statement names the caller as closely as it must, and not closer."""
        return self.least is not None and self.least <= found.named <= self.most

    def said(self, request: Request, *, allows: bool) -> Step:
        """The most that its statements of one effect say."""
        names = None if self.least is None else self.close
        return scan(self.policies, request, self.layer, allows=allows, names=names)


@dataclass(frozen=True)
class Formula:
    """Parts that grant, one set of them being enough; parts all needed; parts that may deny.

    A step among parts stands for what no policy says.
    """

    grants: tuple[tuple[Part | Step, ...], ...]
    needed: tuple[Part, ...]
    denies: tuple[Part, ...]

    def answer(self, request: Request) -> Step:
        """All of it together, for one resource."""
        needed = [part.said(request, allows=True) for part in self.needed]
        return both(self._granted(request), *needed, self._not_denied(request))

    def _granted(self, request: Request) -> Step:
        found: list[Step] = []
        telling: Step | None = None
        for parts in self.grants:
            steps = [
                part if isinstance(part, Step) else part.said(request, allows=True)
                for part in parts
            ]
            found.append(both(*steps))
            if steps[0].answer is not Answer.NO:
                telling = telling or found[-1]
        best = either(found[0], *found[1:])
        # What limits a grant says more than that there is no other.
        return telling if telling is not None and best.answer is Answer.NO else best

    def _not_denied(self, request: Request) -> Step:
        """Full access, less what any policy denies; the first of the surest says so."""
        denies = [part.said(request, allows=False) for part in self.denies]
        if not denies:
            return Step(Answer.YES, Layer.IDENTITY)
        found = either(denies[0], *denies[1:])
        said = tuple(f"not denied by {found.statement}: {text}" for text in found.open)
        return replace(found, answer=found.answer.without, open=said)
