"""Objects of a cluster to what one instance of Argo CD goes by.

Source: `argocd-rbac-cm.yaml`, `argocd-cm.yaml` and "Projects" of the Argo CD documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sod_analyzer.cloud.argocd.lines import Effect, Grouping, Lines, Place, Rule, composed, read
from sod_analyzer.cloud.argocd.policy import (
    Decision,
    Layer,
    Mode,
    Policy,
    Request,
    built_in,
    warnings_of,
)
from sod_analyzer.cloud.shapes import (
    ShapeError,
    as_object,
    list_at,
    name_at,
    object_at,
    text_at,
    texts_at,
)
from sod_analyzer.cloud.truth import Answer

_RULES, _SETTINGS, _PROJECT = "argocd-rbac-cm", "argocd-cm", "AppProject"
_INHERITANCE = "server.rbac.disableApplicationFineGrainedRBACInheritance"
_ADMIN = "admin"
#: Begins the name of a role of a project, which is that of its tokens too.
PROJECT_ROLE = "proj:"
_ROLE = "role:"


@dataclass(frozen=True)
class Instance:
    """An instance of Argo CD. `has_rules` is whether its own rules were read."""

    policy: Policy
    has_rules: bool
    is_open: bool | None  # to whoever does not sign in; None if that is not known
    has_admin: bool | None
    problems: tuple[str, ...] = ()

    def decide(self, name: str, groups: Iterable[str], request: Request) -> Decision:
        """Whether somebody may. Nobody at all, with neither name nor groups, does not sign in."""
        asked = tuple(groups)
        if not name and not asked:
            return self._of_nobody(request)
        if name == _ADMIN and self.has_admin is False:
            return Decision(Answer.NO, Layer.NOTHING)
        return self._known(self.policy.decide(name, asked, request))

    def of_anybody(self, request: Request) -> Decision:
        """Whether whoever signs in may, of whatever name and groups."""
        return self._known(self.policy.decide("", (), request))

    def _known(self, found: Decision) -> Decision:
        if self.has_rules or found.answer is Answer.YES:
            return found
        return Decision(Answer.UNKNOWN, Layer.MISSING, missing=(f"ConfigMap {_RULES}",))

    def _of_nobody(self, request: Request) -> Decision:
        if self.is_open is False:
            return Decision(Answer.NO, Layer.NOTHING)
        found = self.policy.decide("", (), request)
        if self.is_open or found.answer is Answer.NO:
            return found
        missing = ("whether anybody may come in without signing in (argocd-cm)",)
        return Decision(Answer.UNKNOWN, Layer.MISSING, found.rule, missing=missing)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Every name that rules give something and that is no role of theirs, sorted."""
        every = (self.policy.lines, *self.policy.projects.values())
        found = {each.subject for lines in every for each in lines.rules}
        found |= {each.member for lines in every for each in lines.groupings}
        roles = {each.role for lines in every for each in lines.groupings}
        # A token of a project has the name of its role.
        return tuple(
            sorted(
                each
                for each in found
                if each.startswith(PROJECT_ROLE)
                or not (each.startswith(_ROLE) or each in roles or each == self.policy.everybody)
            )
        )


def instance(records: Iterable[tuple[str, object]]) -> Instance:
    """What objects say, each with a name for messages; other objects are passed over."""
    reader = _Reader()
    for name, value in records:
        try:
            reader.take(name, as_object(value, "it"))
        except ShapeError as error:
            reader.damaged(f"{name}: {error}")
    return reader.instance()


class _Reader:
    def __init__(self) -> None:
        self.problems: list[str] = []
        self._values: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._projects: dict[str, Lines] = {}
        self._refused: tuple[str, ...] = ()
        self._cut = False

    def take(self, where: str, found: Mapping[str, object]) -> None:
        """One object.

        Raises:
            ShapeError: a part of it has another shape than it should.
        """
        name = name_at(object_at(found, "metadata"), "name")
        if found.get("kind") == _PROJECT:
            try:
                lines = self._of_project(where, name, object_at(found, "spec"))
            except ShapeError as error:
                lines = Lines(refused=(f"{where} project {name}: {error}",))
            self._projects[name] = self._projects.get(name, Lines()) + lines
            return
        if name in (_RULES, _SETTINGS):
            if name in self._values:
                self._refused += (f"{where}: a second {name}; give one instance at a time",)
            self._values[name] = where, self._texts(where, found)

    def damaged(self, said: str) -> None:
        """An object of which it is not known what it is about."""
        self.problems.append(said)
        self._cut = True

    def _texts(self, where: str, found: Mapping[str, object]) -> Mapping[str, str]:
        values = object_at(found, "data")
        for key, value in sorted(values.items()):
            if not isinstance(value, str):
                self.problems.append(f"{where}: {key} is no text")
        return {key: value for key, value in values.items() if isinstance(value, str)}

    def _of_project(self, where: str, name: str, spec: Mapping[str, object]) -> Lines:
        lines = Lines()
        for value in list_at(spec, "roles"):
            role = as_object(value, "an entry of 'roles'")
            title = text_at(role, "name") or ""
            subject = f"{PROJECT_ROLE}{name}:{title}"
            at = f"{where} role {title}"
            # Whoever has a role of a project may look at it.
            looks = Rule(subject, "projects", "get", name, Effect.ALLOW, Place(at, 0))
            lines += Lines(rules=(looks,)) + read([(at, "\n".join(texts_at(role, "policies")))])
            members = enumerate(texts_at(role, "groups"))
            lines += Lines(
                groupings=tuple(Grouping(each, subject, Place(at, n)) for n, each in members)
            )
        return lines

    def instance(self) -> Instance:
        """All that was taken."""
        where, values = self._values.get(_RULES, ("", {}))
        own = composed(values, where) + Lines(refused=self._refused)
        mode = Mode.REGEX if values.get("policy.matchMode") == Mode.REGEX else Mode.GLOB
        settings = self._values[_SETTINGS][1] if _SETTINGS in self._values else None
        policy = Policy(
            built_in() + own,
            values.get("policy.default", "").strip(),
            mode,
            self._projects,
            bool(self._projects) and not self._cut,
            None if settings is None else settings.get(_INHERITANCE, "true") == "false",
        )
        every = (own, *self._projects.values())
        refused = [each for lines in every for each in lines.refused]
        odd = [each for lines in every for each in warnings_of(lines, mode)]
        return Instance(
            policy,
            _RULES in self._values,
            None if settings is None else settings.get("users.anonymous.enabled") == "true",
            None if settings is None else settings.get("admin.enabled", "true") != "false",
            (*self.problems, *refused, *odd),
        )
