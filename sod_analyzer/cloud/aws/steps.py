"""What single statements, policies and layers say of one request, and how that is combined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from sod_analyzer.cloud.aws import conditions
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.documents import Listed, Policy, Statement
from sod_analyzer.cloud.aws.principals import Match, Named, Principal, match
from sod_analyzer.cloud.aws.variables import fill
from sod_analyzer.cloud.globs import Glob
from sod_analyzer.cloud.truth import Answer


class Layer(StrEnum):
    """What a decision rests on."""

    SCP = "service control policy"
    RCP = "resource control policy"
    RESOURCE = "resource policy"
    TRUST = "trust policy"
    IDENTITY = "identity policy"
    BOUNDARY = "boundary"
    SESSION = "session policy"
    SERVICE = "the service"


@dataclass(frozen=True)
class Request:
    """One question: may this caller do this action on this resource, as far as is known?"""

    caller: Principal
    action: str
    resource: str
    context: Context


@dataclass(frozen=True)
class Step:
    """What a part of the evaluation says, by which statement, and what it leaves open.

    `open` has the conditions it rests on, `missing` what could not be read.
    """

    answer: Answer
    layer: Layer
    statement: Statement | None = None
    open: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def both(*steps: Step) -> Step:
    """What is left where all of them must allow: the least says so, the first of several."""
    least = min(steps, key=lambda step: step.answer)
    return _with_reasons(least, steps)


def either(first: Step, *others: Step) -> Step:
    """What is had where one of them suffices: the greatest says so, the first of several."""
    greatest = max((first, *others), key=lambda step: step.answer)
    alike = [step for step in (first, *others) if step.answer is greatest.answer]
    if greatest.answer is Answer.UNKNOWN:
        return _with_reasons(greatest, alike)
    return greatest


def _with_reasons(chosen: Step, steps: Sequence[Step]) -> Step:
    """With all that steps of the same answer leave open."""
    if chosen.answer not in (Answer.CONDITIONAL, Answer.UNKNOWN):
        return chosen
    alike = [step for step in steps if step.answer is chosen.answer]
    return Step(
        chosen.answer,
        chosen.layer,
        chosen.statement,
        tuple(sorted({text for step in alike for text in step.open})),
        tuple(sorted({text for step in alike for text in step.missing})),
    )


def scan(
    policies: Iterable[Policy],
    request: Request,
    layer: Layer,
    *,
    allows: bool,
    names: Callable[[Match], bool] | None = None,
) -> Step:
    """The most that statements of one effect say; unknown where a policy cannot be read.

    `names` is for policies that name callers: how closely a statement must do so.
    """
    best = Step(Answer.NO, layer)
    for policy in policies:
        for statement in speaking(policy, request.action, allows=allows):
            best = either(best, _statement(statement, request, layer, names))
            if best.answer is Answer.YES:
                return best
        if policy.damaged:
            best = either(best, Step(Answer.UNKNOWN, layer, missing=policy.problems))
    return best


def speaking(policy: Policy, action: str, *, allows: bool) -> tuple[Statement, ...]:
    """Its statements of one effect that are about an action; found once."""
    found = policy.about.get((action, allows))
    if found is None:
        found = policy.about[action, allows] = tuple(
            each for each, near in _of_service(policy, action, allows) if about(near, action)
        )
    return found


def _of_service(
    policy: Policy,
    action: str,
    allows: bool,  # noqa: FBT001 - as in the key
) -> tuple[tuple[Statement, Listed], ...]:
    """Its statements of one effect, each with those of its actions that may be of a service."""
    service = action.lower().partition(":")[0]
    found = policy.of_service.get((service, allows))
    if found is None:
        every = (
            (each, replace(each.actions, texts=_texts_of(each.actions.texts, service)))
            for each in policy.statements
            if each.allows is allows
        )
        found = policy.of_service[service, allows] = tuple(
            (each, near) for each, near in every if near.negated or near.texts
        )
    return found


def _texts_of(texts: Iterable[str], service: str) -> tuple[str, ...]:
    """Patterns of actions that may be like one of a service."""
    return tuple(text for text in texts if _is_of(text.partition(":")[0], service))


def _is_of(prefix: str, service: str) -> bool:
    return "*" in prefix or "?" in prefix or prefix.lower() == service


def _statement(
    statement: Statement,
    request: Request,
    layer: Layer,
    names: Callable[[Match], bool] | None,
    *,
    anywhere: bool = False,
) -> Step:
    """What a statement about the action says; with `anywhere`, whatever the resource."""
    nothing = Step(Answer.NO, layer)
    answer, open_ = Answer.YES, set[str]()
    if names is not None:
        named = match(statement.principals, request.caller, allows=statement.allows)
        if named.named is Named.NOT or named.answer is Answer.NO or not names(named):
            return nothing
        answer = min(answer, named.answer)
        open_ |= set(named.open)
    if statement.resources is not None and not anywhere:
        fits, unsettled = _on(statement, statement.resources, request)
        if fits is Answer.NO:
            return nothing
        answer = min(answer, fits)
        open_ |= set(unsettled)
    held = conditions.evaluate(statement.conditions, request.context, variables=statement.variables)
    if held.answer is Answer.NO:
        return nothing
    return Step(min(answer, held.answer), layer, statement, tuple(sorted(open_ | set(held.open))))


@dataclass(frozen=True)
class Area:
    """Resources on which a statement says something: some patterns, or with `negated` all others.

    `answer` is what it says there. Patterns in `open` hold a variable that nobody knows: there it
    says no more than that it depends.
    """

    answer: Answer
    globs: tuple[Glob, ...]
    negated: bool = False
    open: tuple[Glob, ...] = ()

    def where(self, level: Answer) -> Area:
        """Where an allow says at least so much."""
        if level > Answer.CONDITIONAL:
            # What may be left out is left out.
            globs = (*self.globs, *self.open) if self.negated else self.globs
        else:
            globs = self.globs if self.negated else (*self.globs, *self.open)
        return Area(self.answer, globs, self.negated)

    def spared(self, level: Answer) -> Area:
        """Where a deny leaves at least so much; `negated`, everywhere but on some patterns."""
        harmless = min(self.answer, Answer.CONDITIONAL).without >= level
        if self.negated:
            globs = (*self.globs, *self.open) if harmless else self.globs
            return Area(self.answer, globs)
        globs = self.globs if harmless else (*self.globs, *self.open)
        return Area(self.answer, globs, negated=True)


def areas(
    policies: Iterable[Policy],
    request: Request,
    *,
    allows: bool,
    names: Callable[[Match], bool] | None = None,
) -> Iterator[Area]:
    """Of each statement about a request, whatever its resource: where it says what."""
    for policy in policies:
        if policy.damaged:
            yield Area(Answer.UNKNOWN, (), negated=True)
        for statement in speaking(policy, request.action, allows=allows):
            step = _statement(statement, request, Layer.IDENTITY, names, anywhere=True)
            if step.answer is not Answer.NO:
                yield _area(statement, request, step.answer)


def _area(statement: Statement, request: Request, answer: Answer) -> Area:
    if statement.resources is None:
        return Area(answer, (), negated=True)
    sure, open_ = list[Glob](), list[Glob]()
    for text in statement.resources.texts:
        if not (statement.variables and "${" in text):
            sure.append(_glob(text))
            continue
        filled = fill(text, request.context, variables=True)
        if not filled.absent:
            (open_ if filled.unknown else sure).append(Glob.of(filled.pieces))
    return Area(answer, tuple(sure), statement.resources.negated, tuple(open_))


@lru_cache(maxsize=65_536)
def _glob(text: str) -> Glob:
    return Glob.parse(text)


def may_allow(policy: Policy, action: str) -> bool:
    """Whether a policy may allow an action on something: one that cannot be read may."""
    return policy.damaged or bool(speaking(policy, action, allows=True))


def may_allow_on(policy: Policy, action: str, resource: str) -> bool:
    """Whether a policy may allow an action on a resource. Errs: towards yes, with variables."""
    return policy.damaged or any(
        each.resources is None
        or each.resources.negated
        or any("${" in text or _glob(text).matches(resource) for text in each.resources.texts)
        for each in speaking(policy, action, allows=True)
    )


def about(actions: Listed, action: str) -> bool:
    """Whether an action is among those of a statement; the case of names does not matter."""
    among = any(_glob(text).matches(action, fold=True) for text in actions.texts)
    return among is not actions.negated


def _on(
    statement: Statement, resources: Listed, request: Request
) -> tuple[Answer, tuple[str, ...]]:
    """Whether a resource is among those of a statement, and which variables that depends on."""
    answer, open_ = Answer.NO, list[str]()
    for text in resources.texts:
        fits, unsettled = _fits(text, request, variables=statement.variables)
        if fits is Answer.CONDITIONAL:
            open_ += unsettled
        answer = max(answer, fits)
    if answer is Answer.CONDITIONAL:
        return answer, tuple(open_)
    return (answer.without if resources.negated else answer), ()


def _fits(text: str, request: Request, *, variables: bool) -> tuple[Answer, tuple[str, ...]]:
    """Whether a resource is one that a text of a statement stands for."""
    if not (variables and "${" in text):
        return (Answer.YES if _glob(text).matches(request.resource) else Answer.NO), ()
    filled = fill(text, request.context, variables=True)
    if filled.absent or not Glob.of(filled.pieces).matches(request.resource):
        return Answer.NO, ()
    if filled.unknown:
        return Answer.CONDITIONAL, (f"{text} is {request.resource}",)
    return Answer.YES, ()
