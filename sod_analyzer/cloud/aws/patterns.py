"""Whether a principal may do any of some actions on any of a set of resources.

Resources are sets of ARNs, written as patterns; what is decided is whether some ARN exists in them
that the single-request evaluator allows, by comparing languages of patterns and not by trying ARNs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import (
    ASSUMING,
    OWN_POLICIES,
    Decision,
    Subject,
    decide,
    decide_one,
    formula_of,
    notes_of,
    request_of,
    several,
    trust_of_none,
    unread,
)
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.formula import Formula, Part
from sod_analyzer.cloud.aws.groups import Groups
from sod_analyzer.cloud.aws.kinds import BLANK, beside, kinds_in, listed, of_account
from sod_analyzer.cloud.aws.principals import Match, Principal
from sod_analyzer.cloud.aws.steps import Area, Layer, Request, Step, areas
from sod_analyzer.cloud.globs import Glob, Wildcard
from sod_analyzer.cloud.languages import BUDGET, Outcome, witness
from sod_analyzer.cloud.truth import Answer

#: Ways to choose one set of resources per layer; with more, an answer is too complex.
_CHOICES = 512
_TOO_COMPLEX = "the patterns are too many to compare: whether they leave anything is open"
#: Services whose documentation marks as needed what every request needs. That of others marks
#: also what may stand in for one another, so that there the answer is left open.
_ALL_NEEDED = frozenset({"ec2", "glue"})
#: What is said of the other resources that a request needs, by the answer that each gives at least.
_FOUND = {
    Answer.YES: "it is allowed on",
    Answer.CONDITIONAL: "it is allowed, perhaps under conditions, on",
    Answer.UNKNOWN: "whether it is allowed depends on what was not read, on",
}
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
    also actions that work on no resource. A pattern that has the number of an account where an ARN
    has it is of resources of that account alone.

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
    sought = seek(
        estate,
        caller,
        names,
        resources,
        context,
        catalogue=catalogue,
        sessions=sessions,
        within=within,
        without=without,
        budget=budget,
    )
    found = told(sought, estate, caller, context, catalogue=catalogue, sessions=sessions)
    notes = tuple(dict.fromkeys([*unlike, *found.decision.notes]))
    return replace(found, decision=replace(found.decision, notes=notes))


#: From so many actions on it is worth the while to find out which of them come to the same.
_MANY = 2


@dataclass(frozen=True)
class Sought:
    """Where the best answer is: an action and a resource, or None twice if it is a no.

    `open_` is whether patterns were too many to compare before. What was taken for granted on the
    way stands in `notes`, where that is told.
    """

    action: str | None
    resource: str | None
    open_: bool
    notes: tuple[str, ...] = ()
    #: The best that the whole request can be, the kinds of all that it needs to be allowed on, and
    #: those of which it was not found that it is.
    level: Answer = Answer.YES
    needed: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def seek(
    estate: Estate,
    caller: Principal,
    names: Sequence[str],
    resources: Iterable[str],
    context: Context,
    *,
    catalogue: Catalogue,
    sessions: Sequence[Policy] = (),
    within: Iterable[str] = ("*",),
    without: Iterable[str] = (),
    budget: int = BUDGET,
) -> Sought:
    """As `decide_any` of actions by their names, sorted: where the answer is, not what it says.

    It is the same for all callers of an account whose policies say the same, as long as these
    say nothing that depends on the caller itself.
    """
    wanted = tuple(_globs(tuple(sorted(set(texts)))) for texts in (resources, within))
    spared = _globs(tuple(sorted(set(without))))
    asking = _Asking(estate, caller, wanted, spared, context, catalogue, tuple(sessions), budget)
    open_ = False
    said: dict[str, None] = {}
    groups = Groups(estate, caller, catalogue, sessions) if len(names) >= _MANY else None
    for level in _LEVELS:
        without_any: set[object] = set()
        for name in names:
            like = name if groups is None else groups.of(name)
            if like in without_any:
                continue
            found = asking.at_least(level, name)
            if isinstance(found, str):
                others = asking.lacking(level, name)
                if others and (level is Answer.YES or name.partition(":")[0] in _ALL_NEEDED):
                    said[_alone(catalogue.spelled(name), others)] = None
                    continue
                notes = asking.notes(names) if open_ else ()
                needed = catalogue.needed_by(name)
                kept = tuple(dict.fromkeys(notes))
                return Sought(name, found, open_, kept, level, needed, others)
            open_ = open_ or found is None
            without_any.add(like)
    return Sought(None, None, open_, tuple(dict.fromkeys([*said, *asking.notes(names)])))


def _alone(name: str, others: tuple[str, ...]) -> str:
    return f"{name} needs {listed(others)} too, where it is not allowed"


def told(
    sought: Sought,
    estate: Estate,
    caller: Principal,
    context: Context,
    *,
    catalogue: Catalogue,
    sessions: Sequence[Policy] = (),
) -> Found:
    """What the single-request evaluator says of what was sought."""
    name, text = sought.action, sought.resource
    if name is not None and text is not None:
        decision = decide_one(
            estate, caller, name, text, context, catalogue=catalogue, sessions=sessions
        )
        if not (sought.open_ and decision.answer is Answer.UNKNOWN):
            if sought.needed:
                decision = _of_all(decision, sought, catalogue.spelled(name), text)
            return Found(decision, name, text)
    if sought.open_:
        open_ = (_TOO_COMPLEX,)
        return Found(
            Decision(Answer.CONDITIONAL, Layer.IDENTITY, conditions=open_, notes=sought.notes)
        )
    return Found(Decision(Answer.NO, Layer.IDENTITY, notes=sought.notes))


def _of_all(decision: Decision, sought: Sought, action: str, resource: str) -> Decision:
    """What is said of one resource, no better than what is said of all that a request needs."""
    others = beside(resource, sought.needed)
    found = tuple(arn for arn in others if arn not in sought.lacking)
    said = [several(action, resource)]
    if found:
        said.append(f"{_FOUND[sought.level]} {listed(found)}, which it needs too")
    if sought.lacking:
        said.append(f"it was not found to be allowed on {listed(sought.lacking)}")
    decision = replace(decision, notes=("; ".join(said), *decision.notes))
    if decision.answer <= sought.level:
        return decision
    why = (f"{action} is allowed on {listed(others)}, which it needs too",)
    if sought.level is Answer.UNKNOWN:
        return replace(decision, answer=sought.level, missing=(*decision.missing, *why))
    return replace(decision, answer=sought.level, conditions=(*decision.conditions, *why))


@lru_cache(maxsize=4_096)
def _globs(texts: tuple[str, ...]) -> tuple[Glob, ...]:
    return tuple(map(Glob.parse, texts))


@dataclass(frozen=True)
class _Region:
    """Resources of one owner and policy: some patterns, less others."""

    inside: tuple[tuple[Glob, ...], ...]
    outside: tuple[Glob, ...]
    subject: Subject


@dataclass(frozen=True)
class _Said:
    """What all that decides says of one owner's resources, each statement with its area.

    `grants` has sets of parts, `needed` parts: each a step, or the areas of what allows. `graded`
    is whether it makes a difference how good an answer must be.
    """

    grants: tuple[tuple[Step | tuple[Area, ...], ...], ...]
    needed: tuple[tuple[Area, ...], ...]
    denies: tuple[Area, ...]
    graded: bool


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
    #: The one kind of resource that is asked about, by its ARN; else all of an action's.
    only: str | None = None

    def lacking(self, level: Answer, action: str) -> tuple[str, ...]:
        """Kinds of resources that the action needs, too, and is not as well allowed on."""
        return tuple(
            arn
            for arn in self.catalogue.needed_by(action)
            if not isinstance(self._beside(action, arn).at_least(level, action), str)
        )

    def _beside(self, action: str, arn: str) -> _Asking:
        """About one kind of resource alone, whatever was asked about."""
        found = self._others.get((action, arn))
        if found is None:
            # A `*` crosses colons, so that patterns of two kinds have strings in common that are
            # ARNs of neither: those of all kinds that this one is no special case of are left out.
            like = BLANK.sub("x", arn)
            kinds = (BLANK.sub("*", each) for each in self.catalogue.needed_by(action))
            spared = tuple(glob for glob in _globs(tuple(kinds)) if not glob.matches(like))
            wanted = (_globs(("*",)),)
            found = self._others[action, arn] = replace(
                self, wanted=wanted, spared=spared, only=arn
            )
        return found

    @cached_property
    def _others(self) -> dict[tuple[str, str], _Asking]:
        return {}

    def at_least(self, level: Answer, action: str) -> str | bool | None:
        """A resource with this answer or a better one; False if there is none, None if open."""
        arns = self.catalogue.arns_of(action) if self.only is None else (self.only,)
        if not arns:
            if self.spared:
                return False
            return "*" if self._of_none(action) >= level else False
        open_ = False
        for number, region in enumerate(self._regions_of(action, arns)):
            if (action, number) in self._nowhere or self._most(region.subject) < level:
                continue
            said = self._said(action, region.subject)
            found = self._in(region, said, level)
            if found is False and not said.graded:
                self._nowhere.add((action, number))
            if isinstance(found, str):
                return found
            open_ = open_ or found is None
        return None if open_ else False

    def notes(self, names: Iterable[str]) -> Iterator[str]:
        """What was taken for granted, wherever a resource of some actions may be."""
        for name in names:
            for region in self._regions_of(name, self.catalogue.arns_of(name) or ()):
                yield from region.subject.notes
                yield from notes_of(self.estate, self.caller, region.subject.owner)

    def _most(self, subject: Subject) -> Answer:
        """The best answer that there may be on resources of one owner and policy."""
        if subject.owner == self.caller.account or self.caller.kind not in OWN_POLICIES:
            return Answer.YES
        # Across accounts, the policy of the resource must allow, too.
        if subject.policy is None:
            return Answer.NO
        return Answer.YES if subject.policy.statements else Answer.UNKNOWN

    def _of_none(self, action: str) -> Answer:
        """Of an action that works on no resource."""
        found = self._answers.get(action)
        if found is None:
            found = self._answers[action] = decide(
                self.estate, self.caller, action, "*", self.context,
                catalogue=self.catalogue, sessions=self.sessions,
            ).answer  # fmt: skip
        return found

    # -- what was found out already --------------------------------------------------------------

    @cached_property
    def _nowhere(self) -> set[tuple[str, int]]:
        """Regions where nothing is, however little is asked for."""
        return set()

    @cached_property
    def _answers(self) -> dict[str, Answer]:
        return {}

    @cached_property
    def _all_said(self) -> dict[tuple[str, str, int | None], _Said]:
        return {}

    @cached_property
    def _subjects(self) -> dict[tuple[str, str], Subject]:
        return {}

    @cached_property
    def _kept(self) -> dict[str, Sequence[_Region]]:
        return {}

    # -- where resources may be ------------------------------------------------------------------

    @cached_property
    def _accounts(self) -> tuple[str, ...]:
        """Accounts whose resources are asked about.

        By its `*` alone a pattern of one account's ARNs has strings that name another one first.
        """
        return tuple(
            number
            for number in self.estate.numbers
            if all(of_account(group, number) for group in self.wanted)
        )

    def _regions_of(self, action: str, arns: Sequence[str]) -> Sequence[_Region]:
        found = self._kept.get(action)
        if found is None:
            found = self._kept[action] = [
                region
                for kind, owner in kinds_in(self._here(arns), self._accounts)
                for region in self._of_kind(action, kind, owner)
            ]
        return found

    def _here(self, arns: Iterable[str]) -> tuple[str, ...]:
        """ARNs of kinds of resources, those of the caller's own partition alone."""
        partition = self.caller.arn.split(":", 2)[1] if self.caller.arn else "*"
        return tuple(arn.replace("${Partition}", partition) for arn in arns)

    def _of_kind(self, action: str, kind: Glob, owner: str | None) -> Iterator[_Region]:
        """Resources with a policy of their own, each by itself, and then all others."""
        taken = list(self.spared)
        wanted = (
            self.wanted if owner is None else [of_account(group, owner) for group in self.wanted]
        )
        inside = (*wanted, (kind,))
        for mine, account, policy in self._known(action, owner):
            yield _Region((*inside, mine), self.spared, Subject(account, policy))
        taken += self._taken(action, owner)
        for mine, account in self._owned(owner):
            yield _Region((*inside, mine), tuple(taken), self._plain(action, account))
            taken += mine
        last = owner or self.estate.owner or self.caller.account
        yield _Region(inside, tuple(taken), self._plain(action, last))

    def _known(
        self, action: str, owner: str | None
    ) -> Iterator[tuple[tuple[Glob, ...], str, Policy]]:
        """Resources with a policy that may name the caller, of an account or of all."""
        if action.lower() in ASSUMING:
            roles = self.estate.trusting.that_name(self.caller)
            if self.caller.kind not in OWN_POLICIES:
                roles = self.estate.principals
            for arn, role in sorted(roles.items()):
                if role.trust is not None and owner in (None, role.account):
                    yield (Glob.literal(arn),), role.account, role.trust
            return
        for arn, policy in sorted(self.estate.resources.items()):
            account = self.estate.owner_of(arn) or self.caller.account
            if owner in (None, account):
                yield _itself(arn), account, policy

    def _taken(self, action: str, owner: str | None) -> Iterator[Glob]:
        """All resources with a policy of their own, of an account or of all."""
        if action.lower() in ASSUMING:
            for account, roles in self.estate.roles_in.items():
                if owner in (None, account):
                    yield from roles
            return
        for arn in sorted(self.estate.resources):
            if owner in (None, self.estate.owner_of(arn) or self.caller.account):
                yield from _itself(arn)

    def _owned(self, owner: str | None) -> Iterator[tuple[tuple[Glob, ...], str]]:
        """Resources without a policy of which the export says whose they are."""
        if owner is not None:
            return
        for arn, account in sorted(self.estate.owners.items()):
            yield with_objects(arn), account

    def _plain(self, action: str, owner: str) -> Subject:
        found = self._subjects.get((action, owner))
        if found is None:
            found = self._subjects[action, owner] = self._unknown(action, owner)
        return found

    def _unknown(self, action: str, owner: str) -> Subject:
        if action.lower() in ASSUMING:
            return Subject(owner, trust_of_none(self.estate, "any other role", owner))
        service = action.partition(":")[0]
        what = f"resources of {service} in account {owner}"
        policy, said = unread(self.estate, self.caller, action, what, owner)
        return Subject(owner, policy, tuple(said))

    # -- one region ------------------------------------------------------------------------------

    def _said(self, action: str, subject: Subject) -> _Said:
        """What is said of an action on the resources of one owner and policy."""
        key = (action, subject.owner, None if subject.policy is None else id(subject.policy))
        found = self._all_said.get(key)
        if found is None:
            formula, _ = formula_of(
                self.estate, self.caller, action, subject, sessions=self.sessions
            )
            request = request_of(self.caller, action, "", self.context, subject.owner)
            found = self._all_said[key] = _said_by(formula, request)
        return found

    def _in(self, region: _Region, said: _Said, level: Answer) -> str | bool | None:
        open_ = False
        for parts in said.grants:
            found = self._by(parts, said, region, level)
            if isinstance(found, str):
                return found
            open_ = open_ or found is None
        return None if open_ else False

    def _by(
        self,
        parts: Sequence[Step | tuple[Area, ...]],
        said: _Said,
        region: _Region,
        level: Answer,
    ) -> str | bool | None:
        options: list[list[Area]] = []
        for part in (*parts, *said.needed):
            if isinstance(part, Step):
                if part.answer < level:
                    return False
                continue
            mine = [area.where(level) for area in part if area.answer >= level]
            if not mine:
                return False
            options.append(_together(mine))
        inside, outside = list(region.inside), list(region.outside)
        for area in said.denies:
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


def _said_by(formula: Formula, request: Request) -> _Said:
    """What a formula's parts say of a request, whatever its resource."""

    def allowed(part: Part | Step) -> Step | tuple[Area, ...]:
        if isinstance(part, Step):
            return part
        return tuple(areas(part.policies, request, allows=True, names=_names(part)))

    needed = tuple(
        tuple(areas(part.policies, request, allows=True, names=_names(part)))
        for part in formula.needed
    )
    grants: list[tuple[Step | tuple[Area, ...], ...]] = []
    for parts in formula.grants:
        told = tuple(map(allowed, parts))
        # Of what is allowed nowhere, nothing more is asked.
        if all(part.answer is not Answer.NO if isinstance(part, Step) else part for part in told):
            grants.append(told)
    denies: list[Area] = []
    for part in formula.denies if grants else ():
        denies += areas(part.policies, request, allows=False, names=_names(part))
    answers = [part for told in grants for part in told if isinstance(part, Step)]
    every = [area for told in (*grants, needed) for part in told for area in _areas(part)]
    graded = any(step.answer is not Answer.YES for step in answers) or any(
        area.open or area.answer is not Answer.YES for area in (*every, *denies)
    )
    return _Said(tuple(grants), needed, tuple(denies), graded)


def _areas(part: Step | tuple[Area, ...]) -> tuple[Area, ...]:
    return () if isinstance(part, Step) else part


def _itself(arn: str) -> tuple[Glob, ...]:
    """A resource that has a policy, with what that is about."""
    return with_objects(arn) if ":s3:::" in arn else (Glob.literal(arn),)


def with_objects(arn: str) -> tuple[Glob, ...]:
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
