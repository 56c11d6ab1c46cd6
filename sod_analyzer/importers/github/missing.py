"""What the folder lacks, and whether that could hide a conflict."""

from __future__ import annotations

from collections.abc import Iterable

from sod_analyzer.importers.github.folder import Part, PartFile
from sod_analyzer.importers.github.load import Loader
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Raw

#: Answers about the whole organisation: file, what is unknown without it.
_WHOLE = (
    (Part.ORGANISATION, "what every member may do (base permission) is not known"),
    (Part.MEMBERS, "who is a member, and so has the base permission, is not known"),
    (Part.REPOSITORIES, "which repositories exist or are archived is not known"),
    (Part.TEAMS, "which teams exist, and under which parents, is not known"),
)


def note_gaps(raw: Raw, files: Iterable[PartFile], loader: Loader) -> None:
    """Issues for every answer that should be there and is not.

    A file that is there and cannot be read is not missing: it has an issue of its own.
    """
    gaps = _Gaps(raw, files, loader)
    for part, unknown in _WHOLE:
        if not gaps.has(part):
            gaps.add(f"{part}.json", unknown)
    if not (gaps.has(Part.OWNERS) or loader.owners_known):
        gaps.add(f"{Part.OWNERS}.json", "who owns the organisation, and may do all, is not known")
    if not gaps.has(Part.OUTSIDERS):
        unknown = "who is no member is not known by name; their access stands at each repository"
        gaps.add(f"{Part.OUTSIDERS}.json", unknown, hides=Hides.NO)
    _note_teams(gaps, loader)
    _note_repositories(gaps, loader)


def _note_teams(gaps: _Gaps, loader: Loader) -> None:
    gaps.each(
        "teams/{}/members.json",
        [slug for slug in loader.teams if not gaps.has(Part.TEAM_MEMBERS, slug)],
        of=loader.teams,
        unknown="who is in the team is not known",
    )
    listed = {name.partition("/")[2] for name in loader.listed_repositories}
    asked = all(gaps.has_repository(Part.REPOSITORY_TEAMS, name) for name in listed)
    if not (listed and asked):
        gaps.each(
            "teams/{}/repos.json",
            [slug for slug in loader.teams if not gaps.has(Part.TEAM_REPOSITORIES, slug)],
            of=loader.teams,
            unknown="what the team may do is not known",
        )
    if gaps.has(Part.TEAMS):
        about = {each.about.lower() for each in gaps.files if each.part is Part.TEAM_MEMBERS}
        for slug in sorted(about - loader.teams):
            unknown = f"it lacks team '{slug}', whose parent, if any, is not known"
            gaps.add("teams.json", unknown, hides=Hides.UNKNOWN, subject=f"teams/{slug}")
        for slug in sorted(loader.parents - loader.teams):
            unknown = f"it lacks team '{slug}', which is a parent of others"
            gaps.add("teams.json", unknown, subject=f"teams/{slug}")


def _note_repositories(gaps: _Gaps, loader: Loader) -> None:
    names = {name.partition("/")[2] for name in loader.listed_repositories}
    every = {name for name in names if gaps.has_repository(Part.COLLABORATORS, name)}
    direct = {name for name in names if gaps.has_repository(Part.DIRECT_COLLABORATORS, name)}
    gaps.each(
        "repos/{}/collaborators.json",
        sorted(names - every - direct),
        of=names,
        unknown="who was given access to the repository directly is not known",
    )
    if direct - every and not gaps.has(Part.ORGANISATION_ROLES):
        # The list of all collaborators would show what an organisation role gives.
        unknown = "access through organisation roles is not known for repositories of which only "
        gaps.add(
            f"{Part.ORGANISATION_ROLES}.json",
            f"{unknown}direct_collaborators.json is there",
            hides=Hides.UNKNOWN,
        )


class _Gaps:
    """Writes issues, under the first file's id: a missing file has none of its own."""

    def __init__(self, raw: Raw, files: Iterable[PartFile], loader: Loader) -> None:
        self.files = tuple(files)
        self._there = {(each.part, each.about.lower()) for each in self.files}
        self._named = {(part, about.rpartition("/")[2]) for part, about in self._there}
        self._source_id = raw.files[0].source_id
        self._folder = raw.spec.path
        self._builder = loader.builder

    def has(self, part: Part, about: str = "") -> bool:
        return (part, about) in self._there

    def has_repository(self, part: Part, name: str) -> bool:
        """The folder of a repository may carry its owner's name too."""
        return (part, name) in self._named

    def each(self, pattern: str, lacking: list[str], *, of: set[str], unknown: str) -> None:
        """One issue per missing file, or a single one where all of its kind are missing."""
        if lacking and len(lacking) == len(of):
            self.add(pattern.format("*"), f"{unknown}, for all {len(of)}")
            return
        for name in sorted(lacking):
            self.add(pattern.format(name), unknown)

    def add(
        self, name: str, unknown: str, *, hides: Hides = Hides.YES, subject: str | None = None
    ) -> None:
        said = f"{self._folder} has no {name}" if subject is None else f"{self._folder}/{name}"
        self._builder.issue(
            "missing-part",
            f"{said}: {unknown}",
            hides=hides,
            source_id=self._source_id,
            subject=subject or name,
        )
