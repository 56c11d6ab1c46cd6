"""One part of the folder after the other, turned into roles, accounts and grants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from sod_analyzer.cloud.shapes import (
    ShapeError,
    as_object,
    name_at,
    object_at,
    shown,
    text_at,
    texts_at,
)
from sod_analyzer.importers.github.folder import Part, PartFile, answer_of
from sod_analyzer.importers.github.levels import (
    NOTHING,
    RepositoryRole,
    custom_role,
    level,
    stated_role,
)
from sod_analyzer.importers.github.nodes import Node, Nodes, Origin, Repository
from sod_analyzer.importers.github.reach import Reach
from sod_analyzer.importers.json_text import (
    Elements,
)
from sod_analyzer.model.access import GrantKind, Hides
from sod_analyzer.model.batch import BatchBuilder

Record = Mapping[str, object]
#: Loads one record; returns why it is passed over, or null when it is loaded.
LoadOne = Callable[[Elements, Origin, Record], str | None]

RECORD_TEMPLATE = "[{record}]"
_PENDING = "pending invitations"


class Loader:
    """Loads part files in the order of `Part` and remembers what later parts lean on.

    Cost: each file is in memory while it is loaded; of each the logins, teams and repositories are
    kept, none of the records.
    """

    def __init__(self, builder: BatchBuilder, *, organisation: str | None) -> None:
        self.builder = builder
        self.nodes = Nodes(builder)
        self.organisation = organisation
        self.base: RepositoryRole | None = None
        self.base_origin: Origin | None = None
        self.customs: dict[str, RepositoryRole] = {}
        self.repositories: dict[str, Repository] = {}
        self.teams: set[str] = set()
        self.owners_known = False
        self.listed_repositories: set[str] = set()
        self.direct_known: set[str] = set()
        self._organisation_roles: dict[str, tuple[RepositoryRole, Origin]] = {}
        self._reach = Reach()
        self._undefined: set[str] = set()
        self._named: dict[str, str] = {}  # full name by bare name, of listed repositories

    @property
    def parents(self) -> set[str]:
        """Slugs of the teams that are a parent of some team."""
        return set(self._reach.parents.values())

    def load(self, part_file: PartFile) -> None:
        """One file: its records, its oddities and its row of `sources`."""
        part, about, file = part_file.part, part_file.about.lower(), part_file.file
        template = "object {record}" if part is Part.ORGANISATION else RECORD_TEMPLATE
        elements = Elements(self.builder, file, kind="github", record_template=template)
        if part is Part.NOT_USED:
            self._pass_over(elements)
        elif elements.documents is not None:
            answer = answer_of(part, elements.documents)
            if answer.refusal is not None:
                elements.fail(f"{file.path}: {answer.refusal}")
            if answer.cut is not None:
                elements.issue(
                    "truncated-export" if answer.surely else "possibly-truncated",
                    f"{file.path}: {answer.cut}; the rest may be missing",
                    hides=Hides.YES if answer.surely else Hides.UNKNOWN,
                    subject=file.path,
                )
            self._each(elements, answer.records, self._load_one(part, about))
        elements.close()

    def _load_one(self, part: Part, about: str) -> LoadOne:
        plain: dict[Part, LoadOne] = {
            Part.ORGANISATION: self._load_organisation,
            Part.CUSTOM_ROLES: self._load_custom_role,
            Part.ORGANISATION_ROLES: self._load_organisation_role,
            Part.REPOSITORIES: self._load_repository,
            Part.TEAMS: self._load_team,
            Part.MEMBERS: self._load_member,
            Part.OWNERS: self._load_owner,
            Part.OUTSIDERS: self._load_outsider,
        }
        narrow: dict[Part, Callable[[Elements, Origin, Record, str], str | None]] = {
            Part.TEAM_MEMBERS: self._load_team_member,
            Part.TEAM_MAINTAINERS: self._load_team_member,
            Part.TEAM_REPOSITORIES: self._load_team_repository,
            Part.ROLE_TEAMS: self._load_role_team,
            Part.ROLE_MEMBERS: self._load_role_member,
            Part.REPOSITORY_TEAMS: self._load_repository_team,
            Part.DIRECT_COLLABORATORS: self._load_direct,
            Part.COLLABORATORS: self._load_collaborator,
        }
        if part is Part.DIRECT_COLLABORATORS:
            self.direct_known.add(self._full_name(about))
        return plain[part] if part in plain else partial(_about, narrow[part], about)

    def _each(self, elements: Elements, records: Iterable[object], load_one: LoadOne) -> None:
        for record, value in elements.distinct(records):
            origin = Origin(elements.source_id, record)
            try:
                passed_over = load_one(elements, origin, as_object(value, "the record"))
            except ShapeError as error:
                elements.reject(record, str(error))
                continue
            if passed_over is not None:
                elements.counts.pass_over(passed_over)

    def _pass_over(self, elements: Elements) -> None:
        documents = elements.documents
        for value in documents.values if documents else ():
            for _ in elements.distinct(value if isinstance(value, list) else [value]):
                elements.counts.pass_over("in a file that is not read")
        elements.issue(
            "file-not-used",
            f"{elements.file.path} is no file that this importer knows; nothing in it is read",
            hides=Hides.NO,
            subject=elements.file.path,
        )

    # The organisation, and what it defines.

    def _load_organisation(self, elements: Elements, origin: Origin, record: Record) -> str | None:
        self.organisation = name_at(record, "login")
        self.base_origin = origin
        stated = text_at(record, "default_repository_permission")
        self.base = level(stated) if stated else None
        if self.base is not None:
            self._reach.base = frozenset(self.base.actions)
        else:
            elements.issue(
                "missing-part",
                f"{elements.file.path} does not say what every member may do "
                f"(default_repository_permission is {shown(repr(stated))}); only an owner's token "
                "is told",
                hides=Hides.YES,
                record=origin.record,
                subject="org.json default_repository_permission",
            )
        return None

    def _load_custom_role(self, _elements: Elements, _origin: Origin, record: Record) -> str | None:
        role = custom_role(record)
        self.customs[role.name] = role
        return None

    def _load_organisation_role(
        self, _elements: Elements, origin: Origin, record: Record
    ) -> str | None:
        name = name_at(record, "name").lower()
        base = level(text_at(record, "base_role") or name.removeprefix("all_repo_")) or NOTHING
        actions = dict.fromkeys((*base.actions, *texts_at(record, "permissions")))
        role = RepositoryRole(name, tuple(actions), custom=True)
        for key in {name, str(record.get("id"))}:
            self._organisation_roles[key] = role, origin
        return None

    def _load_repository(self, _elements: Elements, origin: Origin, record: Record) -> str | None:
        name = self._repository_name(record)
        archived = record.get("archived") is True
        self.listed_repositories.add(name.lower())
        self._named[name.lower().partition("/")[2]] = name.lower()
        self.repositories[name.lower()] = Repository(name, archived, origin)
        return None

    def _load_team(self, _elements: Elements, origin: Origin, record: Record) -> str | None:
        slug = name_at(record, "slug").lower()
        parent = object_at(record, "parent")
        above = name_at(parent, "slug").lower() if parent else None
        node = self.nodes.team(slug, origin, title=text_at(record, "name"))
        self.teams.add(slug)
        if above is not None:
            self._reach.parents[slug] = above
            higher = self.nodes.team(above, origin, title=text_at(parent, "name"))
            self._grant(node, higher, GrantKind.MEMBER, origin)
        return None

    # People.

    def _load_member(self, _elements: Elements, origin: Origin, record: Record) -> str | None:
        role = text_at(record, "role")
        if text_at(record, "state") == "pending":
            return _PENDING
        login, account = self.nodes.account(record, origin)
        self._reach.members.add(login)
        if role is not None:
            self.owners_known = True
            if role.lower() in {"admin", "owner"}:
                self._own(login, account, origin)
        base = self.nodes.member(self._org(), self.base, self.base_origin or origin)
        self._grant(account, base, GrantKind.MEMBER, origin)
        return None

    def _load_owner(self, _elements: Elements, origin: Origin, record: Record) -> str | None:
        if text_at(record, "state") == "pending":
            return _PENDING
        if (text_at(record, "role") or "admin").lower() not in {"admin", "owner"}:
            return "members who are no owners"
        self._own(*self.nodes.account(record, origin), origin)
        return None

    def _own(self, login: str, account: Node, origin: Origin) -> None:
        self._reach.owners.add(login)
        owner = self.nodes.owner(self._org(), self.base_origin or origin)
        self._grant(account, owner, GrantKind.ASSIGNED, origin)

    def _load_outsider(self, _elements: Elements, origin: Origin, record: Record) -> str | None:
        self.nodes.account(record, origin)
        return None

    def _load_team_member(
        self, _elements: Elements, origin: Origin, record: Record, slug: str
    ) -> str | None:
        if text_at(record, "state") == "pending":
            return _PENDING
        login, account = self.nodes.account(record, origin)
        self._reach.join(login, slug)
        self._grant(account, self.nodes.team(slug, origin), GrantKind.MEMBER, origin)
        return None

    def _load_role_team(
        self, _elements: Elements, origin: Origin, record: Record, about: str
    ) -> str | None:
        slug = name_at(record, "slug").lower()
        role, defined = self._organisation_role(about)
        self._reach.give_team(slug, role.actions)
        target = self.nodes.organisation_role(self._org(), role, defined)
        self._grant(self.nodes.team(slug, origin), target, GrantKind.ASSIGNED, origin)
        return None

    def _load_role_member(
        self, _elements: Elements, origin: Origin, record: Record, about: str
    ) -> str | None:
        role, defined = self._organisation_role(about)
        login, account = self.nodes.account(record, origin)
        self._reach.give_login(login, role.actions)
        target = self.nodes.organisation_role(self._org(), role, defined)
        self._grant(account, target, GrantKind.ASSIGNED, origin)
        return None

    def _organisation_role(self, about: str) -> tuple[RepositoryRole, Origin]:
        found = self._organisation_roles.get(about)
        if found is None:
            raise ShapeError(f"organization-roles.json defines no role '{shown(about)}'")
        return found

    # Repositories.

    def _load_team_repository(
        self, elements: Elements, origin: Origin, record: Record, slug: str
    ) -> str | None:
        name = self._repository_name(record)
        role = self._stated(elements, origin, record)
        self._give_team(slug, self._repository(elements, name, origin), role, origin)
        return None

    def _load_repository_team(
        self, elements: Elements, origin: Origin, record: Record, about: str
    ) -> str | None:
        slug = name_at(record, "slug").lower()
        role = self._stated(elements, origin, record)
        repository = self._repository(elements, self._full_name(about), origin)
        self._give_team(slug, repository, role, origin)
        return None

    def _give_team(
        self, slug: str, repository: Repository, role: RepositoryRole, origin: Origin
    ) -> None:
        team = self.nodes.team(slug, origin)
        if role is NOTHING:
            return
        self._reach.give_team(slug, role.actions, repository=repository.name.lower())
        self._grant(team, self.nodes.repository(repository, role), GrantKind.ASSIGNED, origin)

    def _load_direct(
        self, elements: Elements, origin: Origin, record: Record, about: str
    ) -> str | None:
        role = self._stated(elements, origin, record)
        login, account = self.nodes.account(record, origin)
        repository = self._repository(elements, self._full_name(about), origin)
        self._reach.give_login(login, role.actions, repository=repository.name.lower())
        self._give(account, repository, role, origin)
        return None

    def _load_collaborator(
        self, elements: Elements, origin: Origin, record: Record, about: str
    ) -> str | None:
        """The check of everything else: a role that no other record explains is granted here.

        Errs: a direct grant that a team's or the base role covers stays unseen where only
        `collaborators.json` was saved; the access is the same, the path is not.
        """
        role = self._stated(elements, origin, record)
        login, account = self.nodes.account(record, origin)
        repository = self._repository(elements, self._full_name(about), origin)
        key = repository.name.lower()
        if self._reach.explains(login, key, role.actions):
            return None
        self._give(account, repository, role, origin)
        if key in self.direct_known:
            elements.issue(
                "access-not-explained",
                f"{elements.place(origin.record)}: '{shown(login)}' has {role.name} on "
                f"{shown(repository.name)}, which no team, base permission or direct grant "
                "explains; it counts as granted by this record",
                hides=Hides.NO,
                record=origin.record,
                subject=f"{login} {repository.name}",
            )
        return None

    def _give(
        self, account: Node, repository: Repository, role: RepositoryRole, origin: Origin
    ) -> None:
        if role is not NOTHING:
            target = self.nodes.repository(repository, role)
            self._grant(account, target, GrantKind.ASSIGNED, origin)

    def _stated(self, elements: Elements, origin: Origin, record: Record) -> RepositoryRole:
        stated = stated_role(record, self.customs)
        name = stated.undefined
        if name is not None and name.lower() not in self._undefined:
            self._undefined.add(name.lower())
            elements.issue(
                "undefined-role",
                f"{elements.place(origin.record)} names the custom role '{shown(name)}', which "
                f"custom-repository-roles.json does not define; it counts as "
                f"{stated.role.name}, and its extra rights are not known",
                hides=Hides.UNKNOWN,
                record=origin.record,
                subject=name,
            )
        return stated.role

    def _repository(self, elements: Elements, name: str, origin: Origin) -> Repository:
        found = self.repositories.get(name.lower())
        if found is None:
            found = self.repositories[name.lower()] = Repository(
                name, archived=False, origin=origin
            )
            if self.listed_repositories:
                elements.issue(
                    "unlisted-repository",
                    f"{elements.place(origin.record)} names {shown(name)}, which repos.json does "
                    "not list; it counts as a repository that is not archived",
                    hides=Hides.NO,
                    record=origin.record,
                    subject=name,
                )
        return found

    def _repository_name(self, record: Record) -> str:
        full = text_at(record, "full_name")
        if full is not None and "/" in full:
            return full
        owner = text_at(object_at(record, "owner"), "login")
        return f"{owner or self._org()}/{name_at(record, 'name')}"

    def _full_name(self, about: str) -> str:
        """The full name of the repository whose folder this is, in lower case."""
        return about if "/" in about else self._named.get(about, f"{self._org()}/{about}".lower())

    def _org(self) -> str:
        """The organisation's login; without org.json, the owner of the first repository."""
        if self.organisation is None:
            owners = {name.partition("/")[0] for name in self.listed_repositories}
            self.organisation = min(owners) if owners else self.builder.spec.system
        return self.organisation

    def _grant(self, holder: Node, target: Node, kind: GrantKind, origin: Origin) -> None:
        self.builder.grant(holder, target, kind, source_id=origin.source_id, record=origin.record)


def _about(
    load_one: Callable[[Elements, Origin, Record, str], str | None],
    about: str,
    elements: Elements,
    origin: Origin,
    record: Record,
) -> str | None:
    return load_one(elements, origin, record, about)
