"""Which file of the folder holds which API answer, and the records of one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from sod_analyzer.importers.json_text import Documents
from sod_analyzer.model.batch import RawFile


class Part(StrEnum):
    """What a file holds. The order is the order of reading: later parts lean on earlier ones."""

    ORGANISATION = "org"
    CUSTOM_ROLES = "custom-repository-roles"
    ORGANISATION_ROLES = "organization-roles"
    REPOSITORIES = "repos"
    TEAMS = "teams"
    MEMBERS = "members"
    OWNERS = "owners"
    OUTSIDERS = "outside_collaborators"
    TEAM_MEMBERS = "team members"
    TEAM_MAINTAINERS = "team maintainers"
    TEAM_REPOSITORIES = "team repos"
    ROLE_TEAMS = "organization-role teams"
    ROLE_MEMBERS = "organization-role users"
    REPOSITORY_TEAMS = "repo teams"
    DIRECT_COLLABORATORS = "repo direct collaborators"
    COLLABORATORS = "repo collaborators"
    NOT_USED = "not used"


_TOP = {
    part.value: part
    for part in (
        Part.ORGANISATION,
        Part.CUSTOM_ROLES,
        Part.ORGANISATION_ROLES,
        Part.REPOSITORIES,
        Part.TEAMS,
        Part.MEMBERS,
        Part.OWNERS,
        Part.OUTSIDERS,
    )
}
_BELOW = {
    ("teams", "members"): Part.TEAM_MEMBERS,
    ("teams", "maintainers"): Part.TEAM_MAINTAINERS,
    ("teams", "repos"): Part.TEAM_REPOSITORIES,
    ("organization-roles", "teams"): Part.ROLE_TEAMS,
    ("organization-roles", "users"): Part.ROLE_MEMBERS,
    ("repos", "teams"): Part.REPOSITORY_TEAMS,
    ("repos", "direct_collaborators"): Part.DIRECT_COLLABORATORS,
    ("repos", "collaborators"): Part.COLLABORATORS,
}
#: Where an answer that wraps its list puts it.
_LISTS = {Part.CUSTOM_ROLES: ("custom_roles", "roles"), Part.ORGANISATION_ROLES: ("roles",)}
#: Sizes of a full page: the API's default, and the largest it gives.
FULL_PAGES = frozenset({30, 100})


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file, what it holds, and the team, role or repository it is about."""

    part: Part
    about: str
    file: RawFile


def sort_out(files: Iterable[RawFile], source_id: str) -> tuple[PartFile, ...]:
    """The files in the order of reading, by part and then by path. Letter case does not matter."""
    order = list(Part)
    parts = [_part_of(file, source_id) for file in files]
    return tuple(sorted(parts, key=lambda each: (order.index(each.part), each.file.path)))


def _part_of(file: RawFile, source_id: str) -> PartFile:
    below = PurePosixPath(file.source_id.removeprefix(f"{source_id}/"))
    stem = below.name.lower().removesuffix(".gz").removesuffix(".json")
    folders = below.parts[:-1]
    if not folders:
        return PartFile(_TOP.get(stem, Part.NOT_USED), "", file)
    part = _BELOW.get((folders[0].lower(), stem), Part.NOT_USED)
    return PartFile(part, "/".join(folders[1:]), file)


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one API answer, over all its pages.

    `refusal` is set when the file holds no answer of this part. `cut` says why the list may be
    longer than what is here; `surely` when it is.
    """

    records: tuple[object, ...]
    refusal: str | None = None
    cut: str | None = None
    surely: bool = False


def answer_of(part: Part, documents: Documents) -> Answer:
    """The records among the file's values: pages one after the other, slurped or merged."""
    if part is Part.ORGANISATION:
        return _single(documents.values)
    records: list[object] = []
    pages = 0
    stated = 0
    for value in documents.values:
        found = _page(part, value)
        if found is None:
            return Answer((), refusal=_refusal(value))
        # `gh api --slurp` wraps the pages into one more list.
        slurped = bool(found) and all(isinstance(page, list) for page in found)
        for page in found if slurped else [found]:
            pages += 1
            records += page if isinstance(page, list) else []
        if isinstance(value, dict) and isinstance(value.get("total_count"), int):
            stated = max(stated, value["total_count"])
    if stated > len(records):
        cut = f"the answer counts {stated:,} records and holds {len(records):,}"
        return Answer(tuple(records), cut=cut, surely=True)
    if pages == 1 and len(records) in FULL_PAGES and not stated:
        cut = f"one page of exactly {len(records)} records, which is the size of a full page"
        return Answer(tuple(records), cut=cut)
    return Answer(tuple(records))


def _single(values: tuple[object, ...]) -> Answer:
    if len(values) == 1 and isinstance(values[0], dict) and "login" in values[0]:
        return Answer(values)
    return Answer((), refusal=_refusal(values[0], expected="one object with 'login'"))


def _page(part: Part, value: object) -> list[object] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for key in _LISTS.get(part, ()):
            if isinstance(value.get(key), list):
                return list(value[key])
    return None


def _refusal(value: object, *, expected: str = "a list") -> str:
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        # The API's own words are left out: an error text may quote the request with its token.
        return f"the file holds an error message of the API instead of {expected}"
    return f"the file does not hold {expected}"


def login_record(record: Mapping[str, object]) -> Mapping[str, object]:
    """The account's object: the record itself, or what a membership record has under `user`."""
    nested = record.get("user")
    return nested if isinstance(nested, dict) and "login" not in record else record
