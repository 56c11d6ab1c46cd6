"""Files of a Jenkins home, and of configuration as code, to what they say about access.

Source: what the plugins matrix-auth and role-strategy store, in every form that they still read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sod_analyzer.cloud.jenkins.model import (
    Entry,
    Grant,
    Inherits,
    Instance,
    Kind,
    Matrix,
    Role,
    Strategy,
)
from sod_analyzer.cloud.jenkins.rights import named
from sod_analyzer.cloud.shapes import ShapeError, as_object, list_at, object_at, text_at, texts_at

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_STRATEGIES = {
    "hudson.security.GlobalMatrixAuthorizationStrategy": Strategy.MATRIX,
    "hudson.security.ProjectMatrixAuthorizationStrategy": Strategy.PROJECT_MATRIX,
    "com.michelin.cio.hudson.plugins.rolestrategy.RoleBasedAuthorizationStrategy": Strategy.ROLES,
    "hudson.security.FullControlOnceLoggedInAuthorizationStrategy": Strategy.SIGNED_IN,
    "hudson.security.AuthorizationStrategy$Unsecured": Strategy.UNSECURED,
}
_PROPERTY = "AuthorizationMatrixProperty"
_OF_NODE = "AuthorizationMatrixNodeProperty"
_INHERITS = {
    "InheritParentStrategy": Inherits.PARENT,
    "InheritGlobalStrategy": Inherits.GLOBAL,
    "NonInheritingStrategy": Inherits.NOTHING,
    "inheriting": Inherits.PARENT,
    "inheritingGlobal": Inherits.GLOBAL,
    "nonInheriting": Inherits.NOTHING,
}
_KINDS = {"USER": Kind.NAME, "GROUP": Kind.GROUP, "EITHER": Kind.EITHER}
_OF_CODE = {"user": Kind.NAME, "group": Kind.GROUP, "userOrGroup": Kind.EITHER}
_ROLES = {"globalRoles": "global", "projectRoles": "items", "slaveRoles": "agents"}
#: Names of folders in a home, in which the parts of a job's full name lie.
_JOBS, _NODES, _CONFIG = "jobs", "nodes", "config.xml"


class Reader:
    """Takes files, one after the other; the instance is what all of them say."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._strategy: tuple[Strategy, str] | None = None
        self._matrix = Matrix()
        self._items: dict[str, Matrix] = {}
        self._agents: dict[str, Matrix] = {}
        self._roles: dict[str, tuple[Role, ...]] = {}
        self._templates: dict[str, frozenset[str]] = {}

    def xml(self, path: str, content: bytes) -> None:
        """A `config.xml`, by its path in the home; others are passed over."""
        try:
            root = fromstring(content, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            self._damaged(path, f"no XML that can be read: {error}")
            return
        whole = root.find("authorizationStrategy")
        if root.tag == "hudson":
            self._whole(path, root, whole)
            return
        for element in root.iter():
            kind = element.tag.rpartition(".")[2]
            if kind in (_PROPERTY, _OF_NODE):
                self._own(path, element, is_node=kind == _OF_NODE)

    def code(self, path: str, value: object) -> None:
        """A document of configuration as code, parsed."""
        try:
            jenkins = object_at(as_object(value, "it"), "jenkins")
            self._coded_agents(path, jenkins)
            if "authorizationStrategy" in jenkins:
                self._coded(path, jenkins["authorizationStrategy"])
        except ShapeError as error:
            self._damaged(path, str(error))

    def instance(self) -> Instance:
        """All that was taken."""
        strategy, why = self._strategy or (
            Strategy.UNKNOWN,
            "the config.xml of the instance, or its configuration as code",
        )
        return Instance(
            strategy,
            why,
            self._matrix,
            dict(sorted(self._items.items())),
            dict(sorted(self._agents.items())),
            global_roles=self._filled("global"),
            item_roles=self._filled("items"),
            agent_roles=self._filled("agents"),
            problems=tuple(self.problems),
        )

    def _filled(self, kind: str) -> tuple[Role, ...]:
        """Roles, each with the rights of its template if it has one."""
        found = []
        for role in self._roles.get(kind, ()):
            rights = role.rights
            if role.template is not None:
                if role.template not in self._templates:
                    said = f"{role.source}: {role} is of template {role.template}, which is nowhere"
                    self.problems.append(said)
                rights = self._templates.get(role.template, frozenset())
            found.append(
                Role(role.name, role.pattern, rights, role.members, role.source, role.record)
            )
        return tuple(found)

    def _decided(self, path: str, strategy: Strategy, why: str = "") -> None:
        if self._strategy is not None and self._strategy[0] is not strategy:
            strategy, why = Strategy.UNKNOWN, "which of several strategies is in force"
            self.problems.append(f"{path}: another strategy was read before")
        self._strategy = strategy, why

    def _damaged(self, path: str, said: str) -> None:
        """A file of a job or agent leaves that one unknown, any other one everything."""
        text = f"{path}: {said}"
        self.problems.append(text)
        job, agent = _full_name(path, _JOBS), _full_name(path, _NODES)
        if job is not None:
            self._items[job] = Matrix(inherits=Inherits.NOTHING, damaged=text)
        elif agent is not None:
            self._agents[agent] = Matrix(inherits=Inherits.NOTHING, damaged=text)
        else:
            self._decided(path, Strategy.UNKNOWN, text)

    # -- XML -------------------------------------------------------------------------------------

    def _whole(self, path: str, root: Element, found: Element | None) -> None:
        if (root.findtext("useSecurity") or "").strip() == "false":
            self._decided(path, Strategy.UNSECURED)
            return
        if found is None:
            self._decided(path, Strategy.UNKNOWN, f"{path}: no authorizationStrategy")
            return
        stated = found.get("class", "")
        strategy = _STRATEGIES.get(stated)
        if strategy is None:
            self._decided(path, Strategy.UNKNOWN, f"{path}: strategy {stated}")
            return
        denied = (found.findtext("denyAnonymousReadAccess") or "").strip()
        if strategy is Strategy.SIGNED_IN and denied != "true":
            strategy = Strategy.SIGNED_IN_OR_READ
        self._decided(path, strategy)
        self._matrix = Matrix(tuple(self._grants(path, found)))
        for template in found.iter("permissionTemplate"):
            rights = {named(each) for each in _texts(template.iter("permission"))}
            self._templates[template.get("name", "")] = frozenset(rights)
        record = 0
        for listed in found.iter("roleMap"):
            kind = _ROLES.get(listed.get("type", ""))
            if kind is None:
                self._damaged(path, f"roles of a kind nobody knows: {listed.get('type')}")
                continue
            for element in listed.iter("role"):
                self._add(kind, _role(path, element, record, has_pattern=kind != "global"))
                record += 1

    def _grants(self, path: str, holder: Element) -> Iterator[Grant]:
        for record, text in enumerate(_texts(holder.findall("permission"))):
            grant = self._grant(path, text, record)
            if grant is not None:
                yield grant

    def _grant(self, path: str, text: str, record: int) -> Grant | None:
        """`TYPE:right:name`, of which older files have no type; a name may have colons."""
        first, _, rest = text.partition(":")
        kind = _KINDS.get(first)
        right, colon, name = (text if kind is None else rest).partition(":")
        if not colon or not name:
            self._damaged(path, f"element {record}: expected RIGHT:NAME, found '{text[:80]}'")
            return None
        return Grant(Entry(kind or Kind.EITHER, name), named(right), path, record)

    def _own(self, path: str, element: Element, *, is_node: bool) -> None:
        inherits = Inherits.GLOBAL if is_node else Inherits.PARENT
        if (element.findtext("blocksInheritance") or "").strip() == "true":
            inherits = Inherits.NOTHING
        stated = element.find("inheritanceStrategy")
        if stated is not None:
            name = stated.get("class", "").rpartition(".")[2]
            if name not in _INHERITS:
                self._damaged(path, f"an inheritance that nobody knows: {name}")
                return
            inherits = _INHERITS[name]
        matrix = Matrix(tuple(self._grants(path, element)), inherits)
        where = _full_name(path, _NODES if is_node else _JOBS)
        if where is None:
            self.problems.append(f"{path}: entries of no job and no agent, by its path")
            return
        of = self._agents if is_node else self._items
        if where not in of or not of[where].damaged:
            of[where] = matrix

    # -- configuration as code -------------------------------------------------------------------

    def _coded(self, path: str, value: object) -> None:
        if isinstance(value, str):
            value = {value: {}}
        stated = as_object(value, "'authorizationStrategy'")
        (kind,) = stated if len(stated) == 1 else ("",)
        said = stated.get(kind)
        found = {} if said is None or said == "" else as_object(said, f"'{kind}'")
        if kind in ("globalMatrix", "projectMatrix"):
            matrix = kind == "globalMatrix"
            self._decided(path, Strategy.MATRIX if matrix else Strategy.PROJECT_MATRIX)
            self._matrix = Matrix(tuple(self._coded_grants(path, found)))
        elif kind == "roleBased":
            self._decided(path, Strategy.ROLES)
            self._coded_roles(path, found)
        elif kind == "loggedInUsersCanDoAnything":
            reads = found.get("allowAnonymousRead", True) is not False
            self._decided(path, Strategy.SIGNED_IN_OR_READ if reads else Strategy.SIGNED_IN)
        elif kind == "unsecured":
            self._decided(path, Strategy.UNSECURED)
        else:
            self._decided(path, Strategy.UNKNOWN, f"{path}: strategy {kind or 'of several names'}")

    def _coded_grants(self, path: str, found: Mapping[str, object]) -> Iterator[Grant]:
        record = 0
        for text in (*texts_at(found, "permissions"), *texts_at(found, "grantedPermissions")):
            grant = self._grant(path, text, record)
            record += 1
            if grant is not None:
                yield grant
        for value in list_at(found, "entries"):
            for kind, said in as_object(value, "an entry of 'entries'").items():
                if kind not in _OF_CODE:
                    raise ShapeError(f"an entry is of '{kind}', expected user or group")
                entry = as_object(said, f"'{kind}'")
                who = Entry(_OF_CODE[kind], text_at(entry, "name") or "")
                for right in texts_at(entry, "permissions"):
                    yield Grant(who, named(right), path, record)
                    record += 1

    def _coded_agents(self, path: str, jenkins: Mapping[str, object]) -> None:
        for value in list_at(jenkins, "nodes"):
            for said in as_object(value, "an entry of 'nodes'").values():
                node = as_object(said, "a node")
                for listed in list_at(node, "nodeProperties"):
                    found = object_at(as_object(listed, "a node property"), "authorizationMatrix")
                    if found:
                        stated = found.get("inheritanceStrategy", "inheritingGlobal")
                        name = next(iter(stated)) if isinstance(stated, dict) else str(stated)
                        if name not in _INHERITS:
                            raise ShapeError(f"an inheritance that nobody knows: {name}")
                        grants = tuple(self._coded_grants(path, found))
                        agent = text_at(node, "name") or ""
                        self._agents[agent] = Matrix(grants, _INHERITS[name])

    def _coded_roles(self, path: str, found: Mapping[str, object]) -> None:
        for value in list_at(found, "permissionTemplates"):
            template = as_object(value, "a template")
            rights = map(named, texts_at(template, "permissions"))
            self._templates[text_at(template, "name") or ""] = frozenset(rights)
        roles = object_at(found, "roles")
        record = 0
        for kind in _ROLES.values():
            for value in list_at(roles, kind):
                role = as_object(value, "a role")
                self._add(kind, _coded_role(path, role, record, has_pattern=kind != "global"))
                record += 1

    def _add(self, kind: str, role: Role) -> None:
        self._roles[kind] = (*self._roles.get(kind, ()), role)


def _texts(elements: Iterable[Element]) -> Iterator[str]:
    for element in elements:
        text = (element.text or "").strip()
        if text:
            yield text


def _role(path: str, element: Element, record: int, *, has_pattern: bool) -> Role:
    rights = frozenset(named(each) for each in _texts(element.iter("permission")))
    members = frozenset(
        Entry(_KINDS.get(sid.get("type", "EITHER"), Kind.EITHER), (sid.text or "").strip())
        for sid in element.iter("sid")
    )
    pattern = element.get("pattern", ".*") if has_pattern else None
    template = element.get("templateName") or None
    return Role(element.get("name", ""), pattern, rights, members, path, record, template)


def _coded_role(path: str, role: Mapping[str, object], record: int, *, has_pattern: bool) -> Role:
    members = {Entry(Kind.EITHER, each) for each in texts_at(role, "assignments")}
    for value in list_at(role, "entries"):
        entry = as_object(value, "an entry of a role")
        for kind, name in entry.items():
            known = {**_OF_CODE, "either": Kind.EITHER}.get(kind)
            if known is None or not isinstance(name, str):
                raise ShapeError(f"an entry of a role is of '{kind}', expected user or group")
            members.add(Entry(known, name))
    return Role(
        text_at(role, "name") or "",
        (text_at(role, "pattern") or ".*") if has_pattern else None,
        frozenset(map(named, texts_at(role, "permissions"))),
        frozenset(members),
        path,
        record,
        text_at(role, "templateName"),
    )


def _full_name(path: str, folder: str) -> str | None:
    """The name of a job or agent by where its file lies: `jobs/a/jobs/b/config.xml` is `a/b`."""
    parts = PurePosixPath(path).parts
    if not parts or parts[-1] != _CONFIG:
        return None
    found: list[str] = []
    at = len(parts) - 3
    while at >= 0 and parts[at] == folder:
        found.insert(0, parts[at + 1])
        at -= 2
    return "/".join(found) or None
