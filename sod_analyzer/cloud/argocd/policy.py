"""One request to Argo CD, decided by its access rules.

Source: "RBAC Configuration" and "Projects" of the Argo CD documentation, and its enforcers in
`util/rbac` and `server/rbacpolicy`. The role for everybody is asked first, and what it allows
nobody denies; then the name, and then each group by itself: whoever of these is allowed and not
denied may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sod_analyzer.cloud.argocd.lines import Effect, Grouping, Lines, Rule, read
from sod_analyzer.cloud.expressions import Expression, PatternError, alternatives_glob, regex
from sod_analyzer.cloud.truth import Answer

ADMIN, READ_ONLY = "role:admin", "role:readonly"
#: Resources whose objects are of a project: `project/name` or `project/namespace/name`.
OF_PROJECTS = frozenset(
    {"applications", "applicationsets", "logs", "exec", "repositories", "clusters"}
)
_PROJECTS = "projects"
#: Actions on an application that may be about a resource of it: `action/group/kind/ns/name`.
_FINE = ("update/", "delete/")
#: So many roles stand in one another, and no more.
_DEPTH = 10
_WHOLE = {
    "applications": ("create", "update", "update/*", "delete", "delete/*", "sync", "rollback",
                     "override", "action/*"),
    "applicationsets": ("create", "update", "delete"),
    "exec": ("create",),
}  # fmt: skip
_OTHER = {
    "certificates": ("create", "update", "delete"),
    "clusters": ("create", "update", "delete"),
    "repositories": ("create", "update", "delete"),
    "write-repositories": ("create", "update", "delete"),
    "projects": ("create", "update", "delete"),
    "accounts": ("update",),
    "gpgkeys": ("create", "delete"),
}
_READ = ("applications", "applicationsets", "logs")
_READ_OTHER = ("certificates", "clusters", "repositories", "write-repositories", "projects",
               "accounts", "gpgkeys")  # fmt: skip


class Layer(StrEnum):
    """What decided."""

    DEFAULT = "role of everybody"
    NAME = "name"
    GROUP = "group"
    NOTHING = "no rule"
    MISSING = "not in the export"


class Mode(StrEnum):
    """How values of rules are compared with those of a request."""

    GLOB = "glob"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    resource: str
    action: str
    object: str

    def __str__(self) -> str:
        return f"{self.resource}, {self.action}, {self.object}"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, with the rule that allows it or denies it, and how its subject is had."""

    answer: Answer
    layer: Layer
    rule: Rule | None = None
    through: tuple[Grouping, ...] = ()
    conditions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """All that an instance of Argo CD goes by.

    `projects` are the lines of each project; `all_projects` is whether there are no others.
    `inherits` says whether who may update or delete an application may do so to each resource of
    it; None if that is not known.
    """

    lines: Lines
    everybody: str = ""
    mode: Mode = Mode.GLOB
    projects: Mapping[str, Lines] = field(default_factory=dict)
    all_projects: bool = False
    inherits: bool | None = False

    def decide(self, name: str, groups: Iterable[str], request: Request) -> Decision:
        """Whether somebody of this name and these groups may.

        Cost: a comparison per rule and subject.
        """
        found = self._decide(name, tuple(sorted(set(groups))), request)
        if found.answer is Answer.YES or not request.action.startswith(_FINE):
            return found
        if request.resource != "applications" or self.inherits is False:
            return found
        action = request.action.partition("/")[0]
        whole = self._decide(
            name, tuple(sorted(set(groups))), Request(request.resource, action, request.object)
        )
        if whole.answer is not Answer.YES or self.inherits:
            return whole if whole.answer > found.answer else found
        missing = f"whether {action} of an application is {action} of its resources (argocd-cm)"
        return Decision(
            Answer.UNKNOWN, Layer.MISSING, whole.rule, whole.through, missing=(missing,)
        )

    def _decide(self, name: str, groups: tuple[str, ...], request: Request) -> Decision:
        if self.lines.refused:
            return Decision(Answer.UNKNOWN, Layer.MISSING, missing=self.lines.refused)
        bench = self._bench(_project(request))
        asked = [(Layer.DEFAULT, self.everybody)] if self.everybody else []
        asked += [(Layer.NAME, name)] if name else []
        asked += [(Layer.GROUP, group) for group in groups]
        best = Decision(Answer.NO, Layer.NOTHING)
        for layer, subject in asked:
            found = bench.decide(layer, subject, request)
            if found.answer > best.answer or (best.rule is None and found.rule is not None):
                best = found
            if best.answer is Answer.YES:
                return best
        missing = self._missing(_project(request))
        if best.answer is Answer.NO and missing:
            return Decision(Answer.UNKNOWN, Layer.MISSING, best.rule, best.through, (), missing)
        return best

    def _missing(self, project: str) -> tuple[str, ...]:
        """What is not known of the roles of a project."""
        known = self.projects.get(project)
        if known is not None:
            return known.refused
        return () if self.all_projects or not project else (f"the roles of project {project}",)

    def _bench(self, project: str) -> _Bench:
        """The rules for requests about one project: those of its roles are asked besides."""
        own = self.projects.get(project, Lines())
        # The server goes on without the rules of a project that it cannot take.
        project = "" if own.refused else project
        found = self._benches.get(project)
        if found is None:
            lines = self.lines if own.refused else self.lines + own
            found = self._benches[project] = _Bench(lines, self.mode)
        return found

    @cached_property
    def _benches(self) -> dict[str, _Bench]:
        return {}


def built_in() -> Lines:
    """What every instance has, whatever it is told."""
    rules = [f"p, {READ_ONLY}, {each}, get, */*, allow" for each in _READ]
    rules += [f"p, {READ_ONLY}, {each}, get, *, allow" for each in _READ_OTHER]
    for objects, known in (("*/*", _WHOLE), ("*", _OTHER)):
        for resource, actions in known.items():
            rules += [f"p, {ADMIN}, {resource}, {each}, {objects}, allow" for each in actions]
    rules.append(f"p, {ADMIN}, applicationsets, get, */*, allow")
    rules += [f"g, {ADMIN}, {READ_ONLY}", f"g, admin, {ADMIN}"]
    return read([("built-in policy", "\n".join(rules))])


def _project(request: Request) -> str:
    """The project whose roles are asked, too; empty if it is of none."""
    if request.resource == _PROJECTS:
        return request.object
    first, slash, _ = request.object.partition("/")
    return first if request.resource in OF_PROJECTS and slash else ""


class _Bench:
    """Rules and roles, ready to be asked."""

    def __init__(self, lines: Lines, mode: Mode) -> None:
        self.lines = lines
        self._compile = regex if mode is Mode.REGEX else alternatives_glob
        self._mode = mode

    def decide(self, layer: Layer, subject: str, request: Request) -> Decision:
        had = self._had(subject)
        allowed: Rule | None = None
        for rule in self.lines.rules:
            if rule.effect is Effect.NEITHER or rule.subject not in had:
                continue
            if not self._is_about(rule, request):
                continue
            if rule.effect is Effect.DENY:
                return Decision(Answer.NO, layer, rule, had[rule.subject])
            allowed = allowed or rule
        if allowed is None:
            return Decision(Answer.NO, Layer.NOTHING)
        through = had[allowed.subject]
        if layer is Layer.GROUP and not through and subject not in self._members:
            # The documentation has such rules; the server asks only about groups of `g` lines.
            told = f"{subject} is a name, or the server asks about groups that have no role"
            return Decision(Answer.CONDITIONAL, layer, allowed, through, (told,))
        return Decision(Answer.YES, layer, allowed, through)

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(each.member for each in self.lines.groupings)

    @cached_property
    def _roles(self) -> Mapping[str, tuple[Grouping, ...]]:
        found: dict[str, tuple[Grouping, ...]] = {}
        for each in self.lines.groupings:
            found[each.member] = (*found.get(each.member, ()), each)
        return found

    def _had(self, subject: str) -> Mapping[str, tuple[Grouping, ...]]:
        """The subject and every role that it has, each with the lines that lead there."""
        found: dict[str, tuple[Grouping, ...]] = {subject: ()}
        level = [subject]
        for _ in range(_DEPTH):
            fresh = []
            for member in level:
                for each in self._roles.get(member, ()):
                    if each.role not in found:
                        found[each.role] = (*found[member], each)
                        fresh.append(each.role)
            level = fresh
        return found

    def _is_about(self, rule: Rule, request: Request) -> bool:
        pairs = (
            (rule.resource, request.resource),
            (rule.action, request.action),
            (rule.object, request.object),
        )
        return all(self._matches(pattern, text) for pattern, text in pairs)

    def _matches(self, pattern: str, text: str) -> bool:
        try:
            compiled: Expression = self._compile(pattern)
            found = compiled.search(text) if self._mode is Mode.REGEX else compiled.fullmatch(text)
        except (PatternError, UnicodeEncodeError):
            return False  # a pattern that is none matches nothing in the server either
        return found is not None


def warnings_of(lines: Lines, mode: Mode) -> Iterator[str]:
    """What is odd about lines: patterns that are none, so that their rules do nothing."""
    yield from lines.warnings
    compile_ = regex if mode is Mode.REGEX else alternatives_glob
    for rule in lines.rules:
        for pattern in (rule.resource, rule.action, rule.object):
            try:
                compile_(pattern)
            except PatternError as error:
                yield f"{rule.place}: '{pattern[:80]}' is no {mode} and matches nothing: {error}"
