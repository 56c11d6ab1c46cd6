"""A GitHub organisation's saved API answers become accounts, teams, roles and grants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.errors import InputError
from sod_analyzer.importers.github import IMPORTER
from sod_analyzer.importers.github.levels import LEVELS
from tests.importers.access_world import (
    Tables,
    edges,
    issues,
    load,
    reach,
    rows,
    waterfall,
    write,
)

READ, TRIAGE, WRITE, MAINTAIN, ADMIN = (set(actions) for actions in LEVELS.values())


def person(login: str, **more: Any) -> dict[str, Any]:
    return {"login": login, "type": "User", **more}


def repository(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "full_name": f"acme/{name}", "archived": False, **more}


def whole(**more: object) -> dict[str, object]:
    """A complete export of one organisation without repositories, changed as asked."""
    files: dict[str, object] = {
        "org.json": {"login": "acme", "default_repository_permission": "read"},
        "members.json": [person("ann")],
        "owners.json": [],
        "outside_collaborators.json": [],
        "teams.json": [],
        "repos.json": [],
    }
    return files | {name.replace("__", "/") + ".json": value for name, value in more.items()}


def team_world() -> dict[str, object]:
    return whole(
        teams=[
            {"slug": "all", "name": "All", "parent": None},
            {"slug": "devs", "name": "Devs", "parent": {"slug": "all", "name": "All"}},
        ],
        teams__devs__members=[person("ann")],
        teams__all__members=[person("bob")],
        teams__devs__repos=[],
        teams__all__repos=[
            repository("api", permissions={"pull": True, "push": True}, role_name="write")
        ],
        repos=[repository("api")],
        repos__api__collaborators=[],
    )


def load_files(tmp_path: Path, files: dict[str, object], **options: Any) -> Tables:
    write(tmp_path / "gh", files)
    return load(IMPORTER, tmp_path, "gh", "gh", **options)


def on(actions: set[str], resource: str) -> set[tuple[str, str]]:
    return {(action, resource) for action in actions}


def test_a_complete_export_of_a_quiet_organisation_has_no_issue(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole())

    assert set() == issues(tables)


def test_a_member_has_the_base_permission_on_everything(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole())

    assert on(READ, "*") == reach(tables, "gh:ann")


def test_a_base_permission_of_none_gives_nothing(tmp_path: Path) -> None:
    org = {"login": "acme", "default_repository_permission": "none"}

    tables = load_files(tmp_path, whole(org=org))

    assert (set(), set()) == (reach(tables, "gh:ann"), issues(tables))


def test_an_owner_is_unrestricted(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole(owners=[person("Ann")]))

    assert {("*", "*"), ("pull", "*")} == reach(tables, "gh:ann")
    assert ("gh:ann", "assigned", "gh:org/acme#owner") in edges(tables)
    assert [
        right
        for right in rows(tables, "entitlements", "action", "resource", "wildcard")
        if right[2]
    ] == [("*", "*", True)]


def test_a_child_team_has_what_its_parent_has_and_not_the_reverse(tmp_path: Path) -> None:
    files = team_world()
    files["teams/all/repos.json"], files["teams/devs/repos.json"] = (
        [],
        files["teams/all/repos.json"],
    )

    inherited = load_files(tmp_path / "1", team_world())
    own = load_files(tmp_path / "2", files)

    assert on(WRITE, "acme/api") | {("pull", "*")} == reach(inherited, "gh:ann")
    assert on(WRITE, "acme/api") == reach(inherited, "gh:bob")
    assert set() == reach(own, "gh:bob")
    assert ("gh:team/devs", "member", "gh:team/all") in edges(own)


def test_a_circle_of_parent_teams_is_loaded(tmp_path: Path) -> None:
    files = team_world()
    files["teams.json"] = [
        {"slug": "devs", "parent": {"slug": "all"}},
        {"slug": "all", "parent": {"slug": "devs"}},
    ]
    files["repos/api/collaborators.json"] = [person("ann", role_name="admin")]

    tables = load_files(tmp_path, files)

    assert on(ADMIN, "acme/api") <= reach(tables, "gh:ann")


@pytest.mark.parametrize(
    ("stated", "actions"),
    [
        ({"role_name": "maintain", "permissions": {"pull": True}}, MAINTAIN),
        ({"permissions": {"pull": True, "triage": True, "push": False}}, TRIAGE),
        ({"permissions": {"pull": True, "push": True, "admin": True}}, ADMIN),
        ({"permission": "push"}, WRITE),
        ({"permission": "admin"}, ADMIN),
        ({"permission": "pull", "permissions": {"pull": True, "push": True}}, WRITE),
        ({"role_name": "Deployer"}, WRITE | {"edit_repo_protections", "administer-gates"}),
        ({"permissions": {"pull": False, "push": False}}, set()),
        ({"role_name": "none"}, set()),
    ],
)
def test_each_shape_of_a_role_is_read(
    tmp_path: Path, stated: dict[str, object], actions: set[str]
) -> None:
    definition = {
        "name": "deployer",
        "base_role": "write",
        "permissions": ["edit_repo_protections"],
    }
    files = team_world() | {
        "custom-repository-roles.json": {"total_count": 1, "custom_roles": [definition]},
        "repos/api/direct_collaborators.json": [person("cat", **stated)],
    }

    tables = load_files(tmp_path, files)

    assert on(actions, "acme/api") == reach(tables, "gh:cat")


def test_an_undefined_custom_role_counts_by_its_flags_and_is_reported(tmp_path: Path) -> None:
    cat = person("cat", role_name="release", permissions={"pull": True, "push": True})

    tables = load_files(tmp_path, team_world() | {"repos/api/collaborators.json": [cat]})

    assert on(WRITE, "acme/api") == reach(tables, "gh:cat")
    assert {("undefined-role", "release", "unknown")} == issues(tables)


def test_a_role_that_nothing_explains_is_a_bad_record(tmp_path: Path) -> None:
    cats = [person("cat", role_name="release"), person("dan")]

    tables = load_files(tmp_path, team_world() | {"repos/api/collaborators.json": cats})

    path = "gh/repos/api/collaborators.json"
    assert waterfall(tables)[path] == (2, 2, 0, 0, 0)
    assert {("bad-record", path, "yes")} == issues(tables)


def test_access_that_a_team_explains_gets_no_second_grant(tmp_path: Path) -> None:
    people = [person("bob", role_name="write"), person("ann", role_name="write")]

    tables = load_files(tmp_path, team_world() | {"repos/api/collaborators.json": people})

    assert [edge for edge in edges(tables) if "#" in edge[2] and edge[0] == "gh:bob"] == []
    assert set() == issues(tables)


def test_access_above_what_is_explained_is_granted_by_its_record(tmp_path: Path) -> None:
    people = [person("bob", role_name="admin")]
    alone = team_world() | {"repos/api/collaborators.json": people}
    both = alone | {"repos/api/direct_collaborators.json": []}

    alone_tables = load_files(tmp_path / "1", alone)
    both_tables = load_files(tmp_path / "2", both)

    assert on(ADMIN, "acme/api") == reach(alone_tables, "gh:bob")
    assert on(ADMIN, "acme/api") == reach(both_tables, "gh:bob")
    assert set() == issues(alone_tables)
    assert {("access-not-explained", "bob acme/api", "no")} == issues(both_tables)


def test_a_repository_lists_its_teams_too(tmp_path: Path) -> None:
    files = team_world() | {
        "teams/all/repos.json": [],
        "repos/API/teams.json": [{"slug": "all", "permission": "push"}],
    }

    tables = load_files(tmp_path, files)

    assert on(WRITE, "acme/api") == reach(tables, "gh:bob")


def test_an_archived_repository_can_only_be_read(tmp_path: Path) -> None:
    files = team_world() | {"repos.json": [repository("api", archived=True)]}

    tables = load_files(tmp_path, files)

    assert on(READ, "acme/api") == reach(tables, "gh:bob")
    assert rows(tables, "issues", "kind", "subject") == [("archived-repository", None)]


def test_organisation_roles_hold_on_every_repository(tmp_path: Path) -> None:
    files = team_world() | {
        "organization-roles.json": {
            "roles": [{"id": 7, "name": "all_repo_write", "permissions": []}]
        },
        "organization-roles/7/teams.json": [{"slug": "all"}],
        "organization-roles/7/users.json": [person("eve")],
    }

    tables = load_files(tmp_path, files)

    assert on(WRITE, "*") == reach(tables, "gh:eve")
    assert on(WRITE, "*") <= reach(tables, "gh:bob")


def test_logins_are_compared_without_case_and_shown_as_written(tmp_path: Path) -> None:
    files = whole(members=[person("Ann", name="Ann Lee")], owners=[person("ANN", email="a@x.org")])

    tables = load_files(tmp_path, files)

    assert rows(tables, "accounts", "account", "login", "name", "email", "enabled") == [
        ("gh:ann", "Ann", "Ann Lee", "a@x.org", None)
    ]


def test_bots_are_workloads_and_the_suspended_are_off(tmp_path: Path) -> None:
    members = [
        {"login": "ci", "type": "Bot"},
        person("renovate[bot]"),
        person("zed", suspended_at="2026-01-01T00:00:00Z"),
    ]

    tables = load_files(tmp_path, whole(members=members))

    assert rows(tables, "accounts", "account", "kind", "enabled") == [
        ("gh:ci", "workload", None),
        ("gh:renovate[bot]", "workload", None),
        ("gh:zed", "person", False),
    ]


def test_members_with_a_role_stand_in_for_the_list_of_owners(tmp_path: Path) -> None:
    files = whole(
        members=[
            {"role": "admin", "state": "active", "user": person("ann")},
            {"role": "member", "state": "active", "user": person("bob")},
            {"role": "admin", "state": "pending", "user": person("cat")},
        ]
    )
    del files["owners.json"]

    tables = load_files(tmp_path, files)

    assert set() == issues(tables)
    assert [(holder, "*") for holder, _, target in edges(tables) if target.endswith("#owner")] == [
        ("gh:ann", "*")
    ]
    assert waterfall(tables)["gh/members.json"] == (3, 0, 0, 1, 2)


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ("org.json", {("org.json", "yes")}),
        ("members.json", {("members.json", "yes")}),
        ("owners.json", {("owners.json", "yes")}),
        ("teams/devs/members.json", {("teams/devs/members.json", "yes")}),
        ("teams/all/repos.json", {("teams/all/repos.json", "yes")}),
        ("repos/api/collaborators.json", {("repos/*/collaborators.json", "yes")}),
        ("outside_collaborators.json", {("outside_collaborators.json", "no")}),
        ("repos.json", {("repos.json", "yes")}),
        ("teams.json", {("teams.json", "yes")}),
    ],
)
def test_a_missing_answer_is_a_gap(
    tmp_path: Path, absent: str, expected: set[tuple[str, str]]
) -> None:
    files = team_world()
    del files[absent]

    tables = load_files(tmp_path, files)

    missing = {
        (subject, hides) for kind, subject, hides in issues(tables) if kind == "missing-part"
    }
    assert expected == missing


def test_a_team_known_only_by_its_folder_or_as_a_parent_is_a_gap(tmp_path: Path) -> None:
    files = team_world() | {
        "teams.json": [{"slug": "devs", "parent": {"slug": "gone"}}],
    }

    tables = load_files(tmp_path, files)

    assert {
        ("missing-part", "teams/all", "unknown"),
        ("missing-part", "teams/gone", "yes"),
    } == issues(tables)


def test_the_base_permission_that_is_not_told_is_a_gap(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole(org={"login": "acme"}))

    assert {("missing-part", "org.json default_repository_permission", "yes")} == issues(tables)


@pytest.mark.parametrize(("size", "count"), [(29, 0), (30, 1), (100, 1), (101, 0)])
def test_one_full_page_may_be_the_first_of_many(tmp_path: Path, size: int, count: int) -> None:
    tables = load_files(tmp_path, whole(members=[person(f"p{n}") for n in range(size)]))

    expected = [("possibly-truncated", "gh/members.json", "unknown")] * count
    assert expected == sorted(issues(tables))


def test_pages_one_after_the_other_are_one_list(tmp_path: Path) -> None:
    first = [person(f"p{n}") for n in range(100)]
    pages = json.dumps(first) + json.dumps([person("last")])
    slurped = [first, [person("last")]]

    printed = load_files(tmp_path / "1", whole(members=pages))
    wrapped = load_files(tmp_path / "2", whole(members=slurped))

    assert set() == issues(printed) | issues(wrapped)
    assert rows(printed, "accounts", "account", "record") == rows(
        wrapped, "accounts", "account", "record"
    )
    assert ("gh:last", 100) in rows(printed, "accounts", "account", "record")


def test_an_answer_that_counts_more_than_it_holds_is_cut(tmp_path: Path) -> None:
    tables = load_files(
        tmp_path, whole() | {"custom-repository-roles.json": {"total_count": 3, "custom_roles": []}}
    )

    assert {("truncated-export", "gh/custom-repository-roles.json", "yes")} == issues(tables)


@pytest.mark.parametrize(
    "content",
    [
        '[{"login": "ann"}, {"log',
        "",
        "null",
        '{"message": "Not Found"}',
        '"x"',
        b"\xff\xfe\xfa",
        "7",
    ],
)
def test_a_file_that_is_no_answer_fails_and_the_rest_is_loaded(
    tmp_path: Path, content: str | bytes
) -> None:
    tables = load_files(tmp_path, whole() | {"owners.json": content})

    assert {("unreadable-file", "gh/owners.json", "yes")} == issues(tables)
    assert ("gh/owners.json", "failed") in rows(tables, "sources", "path", "status")
    assert rows(tables, "accounts", "account") == ["gh:ann"]


def test_the_apis_own_error_text_is_not_repeated(tmp_path: Path) -> None:
    answer = {"message": "Bad credentials for token ghp_SECRET"}

    tables = load_files(tmp_path, whole() | {"owners.json": answer})

    assert not any("SECRET" in text for text in rows(tables, "issues", "text"))


HOSTILE: list[object] = [
    None, 1, "x", [], {}, True, {"login": 5}, {"login": ""}, {"login": " "}, {"login": None},
    {"slug": ["a"]}, {"slug": "a", "parent": 5}, {"full_name": {}}, {"name": "x", "owner": []},
    {"login": "a", "permissions": []}, {"login": "a", "role_name": 5}, {"login": "x" * 1_000_001},
    {"name": "r", "base_role": "emperor"}, {"name": "r", "base_role": "read", "permissions": [1]},
    {"user": {"login": 7}}, {"login": "a", "email": {}}, {"slug": "a", "parent": {"slug": None}},
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["org", "custom-repository-roles", "organization-roles", "repos", "teams", "members", "owners",
     "outside_collaborators", "teams/devs/members", "teams/devs/maintainers", "teams/devs/repos",
     "organization-roles/1/teams", "organization-roles/1/users", "repos/api/teams",
     "repos/api/direct_collaborators", "repos/api/collaborators", "repos/api/environments"],
)  # fmt: skip
def test_records_of_the_wrong_shape_are_counted_not_raised(tmp_path: Path, name: str) -> None:
    tables = load_files(tmp_path, team_world() | {f"{name}.json": HOSTILE})

    parsed, rejected, duplicate, filtered, loaded = waterfall(tables)[f"gh/{name}.json"]
    assert parsed - rejected - duplicate - filtered == loaded
    assert name == "org" or parsed == len(HOSTILE)
    assert any(
        kind in {"bad-record", "unreadable-file", "file-not-used"} for kind, *_ in issues(tables)
    )


def test_hostile_names_pass_through_as_text(tmp_path: Path) -> None:
    names = ["=cmd()", "</script>", "\u202egpj.exe", "x" * 32_768, "a\nb", "../../etc"]

    tables = load_files(tmp_path, whole(members=[person(name) for name in names]))

    assert sorted(names) == sorted(rows(tables, "accounts", "login"))


def test_equal_records_count_once(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole(members=[person("ann"), person("bob"), person("ann")]))

    assert waterfall(tables)["gh/members.json"] == (3, 0, 1, 0, 2)
    assert rows(tables, "accounts", "account", "record") == [("gh:ann", 0), ("gh:bob", 1)]


def test_files_of_other_names_are_listed_as_not_used(tmp_path: Path) -> None:
    tables = load_files(tmp_path, whole() | {"repos/api/environments.json": [{"a": 1}]})

    path = "gh/repos/api/environments.json"
    assert {("file-not-used", path, "no")} == issues(tables)
    assert waterfall(tables)[path] == (1, 0, 0, 1, 0)


def test_packed_files_are_read(tmp_path: Path) -> None:
    files = whole()
    files["members.json.gz"] = files.pop("members.json")

    tables = load_files(tmp_path, files)

    assert (["gh:ann"], set()) == (rows(tables, "accounts", "account"), issues(tables))


def test_every_grant_and_role_names_a_record_of_its_file(tmp_path: Path) -> None:
    files = team_world()
    tables = load_files(tmp_path, files)
    counts = dict(rows(tables, "sources", "source_id", "lines"))

    for table in ("grants", "roles", "accounts"):
        for source_id, record in rows(tables, table, "source_id", "record"):
            assert 0 <= record < counts[source_id]


def test_a_role_of_a_repository_rests_on_the_repositorys_record(tmp_path: Path) -> None:
    files = team_world() | {"repos.json": [repository("other"), repository("api")]}

    tables = load_files(tmp_path, files)

    contains = {
        (source_id, record)
        for holder, source_id, record in rows(tables, "grants", "holder", "source_id", "record")
        if holder == "gh:repo/acme/api#write" and source_id != "src/teams/all/repos.json"
    }
    assert {("src/repos.json", 1)} == contains


def test_the_order_of_records_changes_no_access(tmp_path: Path) -> None:
    files = team_world()
    files["members.json"] = [person(f"p{n}") for n in range(20)]
    shuffled = dict(files)
    shuffled["members.json"] = [person(f"p{n}") for n in reversed(range(20))]

    plain = load_files(tmp_path / "1", files)
    mixed = load_files(tmp_path / "2", shuffled)

    assert edges(plain) == edges(mixed)
    assert set(rows(plain, "accounts", "account")) == set(rows(mixed, "accounts", "account"))


def test_without_org_json_the_repositories_name_the_organisation(tmp_path: Path) -> None:
    files = team_world() | {"owners.json": [person("ann")]}
    del files["org.json"]

    tables = load_files(tmp_path, files)

    assert ("gh:ann", "assigned", "gh:org/acme#owner") in edges(tables)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gh").write_text("[]")

    with pytest.raises(InputError, match="folder should be"):
        load(IMPORTER, tmp_path, "gh", "gh")


@pytest.mark.realdata
def test_real_answers_arranged_as_documented_are_read(tmp_path: Path, realdata: Path) -> None:
    real = realdata / "github_api"
    places = {
        "org.json": "org.json",
        "repos.json": "repositories.json",
        "members.json": "org-role-users.json",
        "owners.json": "repo-collaborators.json",
        "outside_collaborators.json": "repo-collaborators.json",
        "teams.json": "repo-teams.json",
        "teams/justice-league/members.json": "org-role-users.json",
        "teams/justice-league/repos.json": "repositories.json",
        "repos/Hello-World/teams.json": "repo-teams.json",
        "repos/Hello-World/collaborators.json": "repo-collaborators.json",
        "organization-roles.json": "org-roles.json",
        "organization-roles/8030/users.json": "org-role-users.json",
        "organization-roles/8030/teams.json": "org-role-teams.json",
        "repos/Hello-World/environments.json": "environments.json",
    }
    write(tmp_path / "gh", {to: (real / name).read_bytes() for to, name in places.items()})

    tables = load(IMPORTER, tmp_path, "gh", "gh")

    assert {"read"} == set(rows(tables, "sources", "status"))
    assert set() == {
        issue for issue in issues(tables) if issue[0] in {"bad-record", "missing-part"}
    }
    assert on(ADMIN, "octocat/Hello-World") <= reach(tables, "gh:team/justice-league")
    assert ("*", "*") in reach(tables, "gh:octocat")
