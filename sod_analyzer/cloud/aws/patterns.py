"""Whether a principal may do any of some actions on any of a set of resources.

Resources are sets of ARNs, written as patterns; what is decided is whether some ARN exists in them
that the single-request evaluator allows, by comparing languages of patterns and not by trying ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import (
    ASSUMING,
    Decision,
    Subject,
    decide,
    formula_of,
    request_of,
    trust_of_none,
    unread,
)
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.formula import Formula, Part
from sod_analyzer.cloud.aws.principals import Match, Principal
from sod_analyzer.cloud.aws.steps import Area, Layer, Request, Step, areas
from sod_analyzer.cloud.globs import Glob, Wildcard
from sod_analyzer.cloud.languages import BUDGET, Outcome, witness
from sod_analyzer.cloud.truth import Answer

#: Ways to choose one set of resources per layer; with more, an answer is too complex.
_CHOICES = 512
#: Where a service's ARNs have something of their own to fill in.
_BLANK = re.compile(r"\$\{[^}]*\}")
_TOO_COMPLEX = "the patterns are too many to compare: whether they leave anything is open"
#: From the best answer down; a no is what is left.
_LEVELS = (Answer.YES, Answer.CONDITIONAL, Answer.UNKNOWN)


@dataclass(frozen=True)
class Found:
    """The best answer, and a request of which the single-request evaluator says just that.

    `action` and `resource` are None where the answer is no, and where the patterns were too many
    to compare, which `decision` then says; such an answer is conditional, never no.
    """

    decision: Decision
    action: str | None = None
    resource: str | None = None


def decide_any(
    estate: Estate,
    caller: Principal,
    actions: Iterable[str],
    resources: Iterable[str],
    context: Context,
    *,
    catalogue: Catalogue,
    sessions: Sequence[Policy] = (),
    within: Iterable[str] = ("*",),
    without: Iterable[str] = (),
    budget: int = BUDGET,
) -> Found:
    """The best answer to any of the actions, by patterns, on any of the resources, by patterns.

    Resources are those of the kinds that an action works on, in accounts that were exported. An
    action that works on no resource is asked of as such, whatever the resources. Resources must be
    of a pattern of `within`, too. Those that are of a pattern of `without` are left out, and then
    also actions that work on no resource.

    A pattern that no action is like is noted; where that leaves none, the answer is unknown.

    Cost: per action and kind of resource a comparison of the patterns that the policies have of
    it; over `budget` states the answer is conditional.
    """
    meant = {text: catalogue.actions_like(text) for text in sorted(set(actions))}
    unlike = tuple(
        f"no action of {catalogue.version} is like {text}"
        for text, names in meant.items()
        if not names
    )
    names = sorted({name for some in meant.values() for name in some})
    if unlike and not names:
        return Found(Decision(Answer.UNKNOWN, Layer.IDENTITY, missing=unlike))
    wanted = tuple(
        tuple(Glob.parse(text) for text in sorted(set(texts))) for texts in (resources, within)
    )
    notes = dict.fromkeys(unlike)
    spared = tuple(Glob.parse(text) for text in sorted(set(without)))
    asking = _Asking(
        estate, caller, wanted, spared, context, catalogue, tuple(sessions), budget, notes
    )
    complex_ = False
    for level in _LEVELS:
        for name in names:
            found = asking.at_least(level, name)
            if isinstance(found, str):
                decision = decide(
                    estate, caller, name, found, context, catalogue=catalogue, sessions=sessions
                )
                if complex_ and decision.answer is Answer.UNKNOWN:
                    break
                said = tuple(dict.fromkeys([*unlike, *decision.notes]))
                return Found(replace(decision, notes=said), name, found)
            complex_ = complex_ or found is None
    told = tuple(asking.notes)
    if complex_:
        open_ = (_TOO_COMPLEX,)
        return Found(Decision(Answer.CONDITIONAL, Layer.IDENTITY, conditions=open_, notes=told))
    return Found(Decision(Answer.NO, Layer.IDENTITY, notes=told))


@dataclass(frozen=True)
class _Region:
    """Resources of one owner and policy: some patterns, less others."""

    inside: tuple[tuple[Glob, ...], ...]
    outside: tuple[Glob, ...]
    subject: Subject


@dataclass(frozen=True)
class _Asking:
    estate: Estate
    caller: Principal
    wanted: tuple[tuple[Glob, ...], ...]
    spared: tuple[Glob, ...]
    context: Context
    catalogue: Catalogue
    sessions: tuple[Policy, ...]
    budget: int
    notes: dict[str, None]  # in the order in which they came up

    def at_least(self, level: Answer, action: str) -> str | bool | None:
        """A resource with this answer or a better one; False if there is none, None if open."""
        arns = self.catalogue.arns_of(action)
        if not arns:
            if self.spared:
                return False
            answer = decide(
                self.estate, self.caller, action, "*", self.context,
                catalogue=self.catalogue, sessions=self.sessions,
            ).answer  # fmt: skip
            return "*" if answer >= level else False
        open_ = False
        for region in self._regions(action, arns):
            found = self._in(region, action, level)
            if isinstance(found, str):
                return found
            open_ = open_ or found is None
        return None if open_ else False

    # -- where resources may be ------------------------------------------------------------------

    def _regions(self, action: str, arns: Sequence[str]) -> Iterator[_Region]:
        accounts = sorted({each.account for each in self.estate.principals.values()})
        kinds = {text for arn in arns for text in _kinds(arn, accounts)}
        for text, owner in sorted(kinds):
            yield from self._of_kind(action, Glob.parse(text), owner)

    def _of_kind(self, action: str, kind: Glob, owner: str | None) -> Iterator[_Region]:
        """Resources with a policy of their own, each by itself, and then all others."""
        taken = list(self.spared)
        inside = (*self.wanted, (kind,))
        for mine, account, policy in self._known(action):
            if owner not in (None, account):
                continue
            yield _Region((*inside, mine), self.spared, Subject(account, policy))
            taken += mine
        for mine, account in self._owned(owner):
            yield _Region((*inside, mine), tuple(taken), self._plain(action, account))
            taken += mine
        last = owner or self.estate.owner or self.caller.account
        yield _Region(inside, tuple(taken), self._plain(action, last))

    def _known(self, action: str) -> Iterator[tuple[tuple[Glob, ...], str, Policy]]:
        if action.lower() in ASSUMING:
            for arn, role in sorted(self.estate.principals.items()):
                if role.trust is not None:
                    yield (Glob.literal(arn),), role.account, role.trust
            return
        for arn, policy in sorted(self.estate.resources.items()):
            mine = _with_objects(arn) if ":s3:::" in arn else (Glob.literal(arn),)
            yield mine, self.estate.owner_of(arn) or self.caller.account, policy

    def _owned(self, owner: str | None) -> Iterator[tuple[tuple[Glob, ...], str]]:
        """Resources without a policy of which the export says whose they are."""
        if owner is not None:
            return
        for arn, account in sorted(self.estate.owners.items()):
            yield _with_objects(arn), account

    def _plain(self, action: str, owner: str) -> Subject:
        if action.lower() in ASSUMING:
            return Subject(owner, trust_of_none(self.estate, "any other role", owner))
        service = action.partition(":")[0]
        what = f"resources of {service} in account {owner}"
        policy, said = unread(self.estate, self.caller, action, what, owner)
        return Subject(owner, policy, tuple(said))

    # -- one region ------------------------------------------------------------------------------

    def _in(self, region: _Region, action: str, level: Answer) -> str | bool | None:
        formula, said = formula_of(
            self.estate, self.caller, action, region.subject, sessions=self.sessions
        )
        self.notes.update(dict.fromkeys([*region.subject.notes, *said]))
        request = request_of(self.caller, action, "", self.context, region.subject.owner)
        open_ = False
        for parts in formula.grants:
            found = self._by(parts, formula, region, request, level)
            if isinstance(found, str):
                return found
            open_ = open_ or found is None
        return None if open_ else False

    def _by(
        self,
        parts: Sequence[Part | Step],
        formula: Formula,
        region: _Region,
        request: Request,
        level: Answer,
    ) -> str | bool | None:
        options: list[list[Area]] = []
        for part in (*parts, *formula.needed):
            if isinstance(part, Step):
                if part.answer < level:
                    return False
                continue
            mine = [
                area.where(level)
                for area in areas(part.policies, request, allows=True, names=_names(part))
                if area.answer >= level
            ]
            if not mine:
                return False
            options.append(_together(mine))
        inside, outside = list(region.inside), list(region.outside)
        for part in formula.denies:
            for area in areas(part.policies, request, allows=False, names=_names(part)):
                if area.answer.without >= level:
                    continue
                spared = area.spared(level)
                if spared.negated:
                    outside += spared.globs
                else:
                    inside.append(spared.globs)
        return self._some(inside, outside, options)

    def _some(
        self,
        inside: Sequence[Sequence[Glob]],
        outside: Sequence[Glob],
        options: Sequence[Sequence[Area]],
    ) -> str | bool | None:
        open_ = False
        for count, chosen in enumerate(product(*options)):
            if count == _CHOICES:
                return None
            groups = [*inside, *(area.globs for area in chosen if not area.negated)]
            out = [*outside, *(glob for area in chosen if area.negated for glob in area.globs)]
            found = witness(groups, out, budget=self.budget)
            if found.outcome is Outcome.FOUND:
                return found.text
            open_ = open_ or found.outcome is Outcome.TOO_COMPLEX
        return None if open_ else False


def _with_objects(arn: str) -> tuple[Glob, ...]:
    """A bucket, and everything in it."""
    return Glob.literal(arn), Glob.of((f"{arn}/", Wildcard.MANY))


def _names(part: Part) -> Callable[[Match], bool] | None:
    return None if part.least is None else part.close


def _together(found: Sequence[Area]) -> list[Area]:
    """Sets of patterns as one; those of everything but some patterns each by itself."""
    plain = tuple(sorted({g for area in found if not area.negated for g in area.globs}, key=str))
    others = [area for area in found if area.negated]
    if any(not area.globs for area in others):
        return [Area(Answer.YES, (), negated=True)]
    head = [replace(found[0], globs=plain, negated=False)] if plain else []
    return [*head, *others]


def _kinds(arn: str, accounts: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """ARNs of one kind of resource as patterns, each with its account; None if it has none."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and _BLANK.fullmatch(parts[4]):  # noqa: PLR2004 - segments of an ARN
        for account in accounts:
            filled = [*parts[:4], account, parts[5]]
            yield _BLANK.sub("*", ":".join(filled)), account
        return
    yield _BLANK.sub("*", arn), None
