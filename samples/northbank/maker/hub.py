"""Writes the GitHub organisation, in the shapes of the REST API's answers."""

from __future__ import annotations

import json

from maker import bank
from maker.tables import Counts, counts
from maker.world import GithubMember, World, draw

_RANK = ("read", "triage", "write", "maintain", "admin")
#: Names of the levels in `permission` and `permissions`.
_FLAGS = ("pull", "triage", "push", "maintain", "admin")
_BASE_LEVEL = "read"

Json = dict[str, object]


def write_github(world: World) -> tuple[dict[str, bytes], dict[str, Counts]]:
    """The folder's files, and how many records each holds."""
    logins = [member for _, member in sorted(world.github_members.items())]
    inside = [member for member in logins if not member.outside]
    answers: dict[str, list[Json]] = {
        "members.json": [_login(m) for m in inside],
        "owners.json": [_login(m) for m in inside if m.owner],
        "outside_collaborators.json": [_login(m) for m in logins if m.outside],
        "teams.json": [_team(slug) for slug in sorted(bank.TEAMS)],
        "repos.json": [_repository(name) for name in sorted(bank.REPOSITORIES)],
    }
    for slug in bank.TEAMS:
        family = {slug, *_below(slug)}
        answers[f"teams/{slug}/members.json"] = [_login(m) for m in inside if family & set(m.teams)]
        keepers = [_login(m) for m in inside if slug in m.maintains]
        if keepers:
            answers[f"teams/{slug}/maintainers.json"] = keepers
        answers[f"teams/{slug}/repos.json"] = [
            {**_repository(name), **_level(level)} for name, level in bank.TEAMS[slug].repos.items()
        ]
    for name in bank.REPOSITORIES:
        answers[f"repos/{name}/collaborators.json"] = [
            {**_login(m), **_level(level)} for m in logins if (level := _effective(m, name))
        ]
    files = {"github/org.json": _bytes(_organisation())}
    told = {"github/org.json": counts(lines=1, parsed=1)}
    for path, records in answers.items():
        if len(records) in (30, 100):
            message = f"{path} has exactly {len(records)} records, as a cut-off page would"
            raise ValueError(message)
        files[f"github/{path}"] = _bytes(records)
        told[f"github/{path}"] = counts(lines=len(records), parsed=len(records))
    return files, told


def _bytes(value: object) -> bytes:
    """JSON as the command line client saves it, one record a line."""
    if isinstance(value, list):
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in value)
        return f"[{lines}]\n".encode()
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _login(member: GithubMember) -> Json:
    return {
        "login": member.login,
        "id": 40_000_000 + draw(f"github {member.login}", 9_000_000),
        "url": f"https://api.github.com/users/{member.login}",
        "type": "User",
        "site_admin": False,
    }


def _organisation() -> Json:
    return {
        "login": bank.ORG,
        "id": 7_700_123,
        "url": f"https://api.github.com/orgs/{bank.ORG}",
        "name": "Northbank plc",
        "type": "Organization",
        "default_repository_permission": _BASE_LEVEL,
        "members_can_create_repositories": False,
        "two_factor_requirement_enabled": True,
        "plan": {"name": "enterprise", "seats": 200, "filled_seats": 120, "private_repos": 999999},
    }


def _team(slug: str) -> Json:
    team = bank.TEAMS[slug]
    return {**_team_head(slug), "parent": _team_head(team.parent) if team.parent else None}


def _team_head(slug: str) -> Json:
    return {
        "id": 900_000 + draw(f"team {slug}", 90_000),
        "url": f"https://api.github.com/organizations/7700123/team/{slug}",
        "name": bank.TEAMS[slug].name,
        "slug": slug,
        "description": "",
        "privacy": "closed",
        "permission": "pull",
    }


def _repository(name: str) -> Json:
    return {
        "id": 500_000_000 + draw(f"repository {name}", 90_000_000),
        "name": name,
        "full_name": f"{bank.ORG}/{name}",
        "owner": {"login": bank.ORG, "id": 7_700_123, "type": "Organization", "site_admin": False},
        "private": True,
        "visibility": "private",
        "fork": False,
        "archived": name in bank.ARCHIVED,
        "disabled": False,
        "default_branch": "main",
    }


def _level(level: str) -> Json:
    rank = _RANK.index(level)
    flags = {flag: place <= rank for place, flag in enumerate(_FLAGS)}
    return {"permissions": flags, "role_name": level}


def _below(slug: str) -> set[str]:
    """The teams under a team; the API lists their members under it too."""
    children = {name for name, team in bank.TEAMS.items() if team.parent == slug}
    return children.union(*(_below(child) for child in children))


def _effective(member: GithubMember, repo: str) -> str:
    """The highest role over every source, as `affiliation=all` states it; empty for none."""
    if member.owner:
        return "admin"
    found = [member.repos.get(repo, ""), "" if member.outside else _BASE_LEVEL]
    for slug in member.teams:
        above = slug
        while above:
            found.append(bank.TEAMS[above].repos.get(repo, ""))
            above = bank.TEAMS[above].parent
    known = [level for level in found if level]
    return max(known, key=_RANK.index, default="")
