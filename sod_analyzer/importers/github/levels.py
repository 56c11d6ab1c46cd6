"""What a repository role allows, and which role an API record states.

Source: GitHub's list of repository roles for organisations, and the REST shapes of collaborators,
teams and custom repository roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.shapes import (
    ShapeError,
    name_at,
    object_at,
    text_at,
    texts_at,
)

_READ = ("pull",)
_TRIAGE = (*_READ, "triage")
_WRITE = (*_TRIAGE, "push", "merge", "approve", "edit-workflow", "run-workflow")
_MAINTAIN = (*_WRITE, "manage-repository")
_ADMIN = (*_MAINTAIN, "administer-access", "administer-gates", "administer-pipeline")

#: Actions by level, lowest level first; every level lists all of its own.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "read": _READ,
    "triage": _TRIAGE,
    "write": _WRITE,
    "maintain": _MAINTAIN,
    "admin": _ADMIN,
}
#: What an archived repository leaves of every role.
ARCHIVED = _READ

#: The same levels under the names of `permission` and of the keys of `permissions`.
_OTHER_NAMES = {"pull": "read", "push": "write"}
_NO_ACCESS = frozenset({"none", "no access"})
#: Extra rights of a custom role that are one of our actions as well. The others stand under their
#: own name only.
_EXTRA_ACTIONS = {"edit_repo_protections": ("administer-gates",)}


@dataclass(frozen=True, slots=True)
class RepositoryRole:
    """A level or a custom role: its name, and every action it allows on a repository."""

    name: str
    actions: tuple[str, ...]
    custom: bool = False


#: No access at all, as a record may state it.
NOTHING = RepositoryRole("none", ())
_LEVEL_ROLES = {name: RepositoryRole(name, actions) for name, actions in LEVELS.items()}


@dataclass(frozen=True, slots=True)
class Stated:
    """The role a record states; `undefined` names a custom role that no file defines."""

    role: RepositoryRole
    undefined: str | None = None


def level(name: str) -> RepositoryRole | None:
    """The level of this name, null if it is none; `none` is a level without actions."""
    lowered = name.lower()
    if lowered in _NO_ACCESS:
        return NOTHING
    return _LEVEL_ROLES.get(_OTHER_NAMES.get(lowered, lowered))


def custom_role(record: Mapping[str, object]) -> RepositoryRole:
    """A custom role from its definition: its base role's actions and its extra rights.

    Raises:
        ShapeError: no name, or no base role that we know.
    """
    name = name_at(record, "name")
    stated = name_at(record, "base_role")
    base = level(stated)
    if base is None:
        raise ShapeError(f"'base_role' is '{stated[:40]}', expected one of {', '.join(LEVELS)}")
    actions = dict.fromkeys(base.actions)
    for extra in texts_at(record, "permissions"):
        actions.update(dict.fromkeys((extra, *_EXTRA_ACTIONS.get(extra, ()))))
    return RepositoryRole(name.lower(), tuple(actions), custom=True)


def stated_role(record: Mapping[str, object], customs: Mapping[str, RepositoryRole]) -> Stated:
    """The role that a collaborator or team record states, in any of the API's three shapes.

    `role_name` wins: it is the highest role over all sources and may be a custom one. Without it,
    or where it names a custom role nobody defined, the highest flag of `permissions` counts, and
    `permission` where that is higher.

    Errs: an undefined custom role is taken for its base level, so its extra rights are missed;
    `undefined` says so.

    Raises:
        ShapeError: the record states no role at all.
    """
    named = text_at(record, "role_name")
    single = text_at(record, "permission")
    undefined = None
    found = []
    for name in filter(None, (named, single)):
        role = level(name) or customs.get(name.lower())
        if role is None:
            undefined = undefined or name
        else:
            found.append(role)
            if name is named:
                return Stated(role)
    found += (role for role in (_highest_flag(record),) if role is not None)
    if not found:
        what = f"role '{undefined[:40]}', which nothing explains" if undefined else "no role"
        raise ShapeError(f"the record states {what}")
    return Stated(max(found, key=lambda role: len(role.actions)), undefined)


def _highest_flag(record: Mapping[str, object]) -> RepositoryRole | None:
    flags = object_at(record, "permissions")
    levels = [level(name) for name, value in flags.items() if value is True]
    known = [role for role in levels if role is not None]
    if known:
        return max(known, key=lambda role: len(role.actions))
    return NOTHING if flags else None
