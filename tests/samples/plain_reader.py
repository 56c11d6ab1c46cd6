"""A second, plain reader of the sample bank's files: from files to duties, nothing of the tool.

It knows only what the sample contains, and raises on anything else. `test_northbank` compares what
it reads with what was planted.
"""

from __future__ import annotations

import base64
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

AS_OF = date(2026, 10, 31)
Fact = tuple[str, str, str]  # duty, system, resource
Facts = dict[str, set[Fact]]

_LETTERS = {
    "C": "commit",
    "A": "approve-own",
    "P": "deploy",
    "E": "administer-pipeline",
    "U": "administer-access",
    "L": "stop-logs",
}
_WRITING = {"commit", "review", "merge", "edit-workflow"}
_ADMINISTERING = {"administer-access", "control-gates", "administer-pipeline"}
_RBAC = "rbac.authorization.k8s.io"


def ldif_entries(path: Path) -> Iterator[dict[str, list[str]]]:
    """The entries of an LDIF file: attribute names in lower case, values decoded."""
    text = path.read_text("utf-8").replace("\n ", "")
    for block in text.split("\n\n"):
        entry: dict[str, list[str]] = defaultdict(list)
        for line in block.strip().splitlines():
            name, _, value = line.partition(":")
            if value.startswith(":"):
                value = base64.b64decode(value[1:].strip(), validate=True).decode()
            entry[name.lower()].append(value.strip())
        if "dn" in entry:
            yield entry


def dn_key(dn: str) -> str:
    """A name as it compares: letter case and blanks after commas aside, one way of escaping."""
    return re.sub(r"(?<!\\),\s*", ",", dn.replace("\\2C", "\\,")).lower()


def facts_of(folder: Path) -> Facts:
    """Every account of the files with its duties, as the files state them."""
    groups_of, cn_of = _directory(folder)
    facts: Facts = {f"ldap-north:{dn}": set() for dn in groups_of}
    bound = defaultdict(set)
    for cluster in ("k8s-prod", "k8s-test"):
        for kind, name, fact in _cluster(folder, cluster):
            if kind == "Group":
                bound[name].add(fact)
            else:
                facts.setdefault(f"{cluster}:{name}", set()).update(fact)
    for dn, groups in groups_of.items():
        for group in groups:
            cn = cn_of[group]
            for fact in bound[f"oidc:{cn}"]:
                facts[f"ldap-north:{dn}"] |= fact
            if cn == "directory-admins":
                facts[f"ldap-north:{dn}"].add(("administer-access", "ldap-north", f"cn={cn}"))
    _github(folder, facts)
    _change_manager(folder, facts)
    return facts


def locked_accounts(folder: Path) -> set[str]:
    """The directory accounts that are switched off."""
    return {
        f"ldap-north:{dn_key(entry['dn'][0])}"
        for entry in ldif_entries(folder / "ldap/people.ldif")
        if entry["pwdaccountlockedtime"] or entry["logindisabled"] == ["TRUE"]
    }


def _directory(folder: Path) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The groups of each account, nested ones included, and the names of groups."""
    people, groups = (
        {dn_key(e["dn"][0]): e for e in ldif_entries(folder / f"ldap/{name}.ldif")}
        for name in ("people", "groups")
    )
    by_gid = {gid: dn for dn, group in groups.items() for gid in group["gidnumber"]}
    by_uid = {uid: dn for dn, person in people.items() for uid in person["uid"]}
    holders: dict[str, set[str]] = defaultdict(set)
    for dn, group in groups.items():
        for member in group["member"]:
            holders[dn_key(member)].add(dn)
        for uid in group["memberuid"]:
            holders[by_uid[uid]].add(dn)
    for dn, person in people.items():
        holders[dn] |= {by_gid[gid] for gid in person["gidnumber"]}
    accounts = by_uid.values()
    names = {dn: group["cn"][0] for dn, group in groups.items()}
    return {dn: _above(dn, holders) for dn in accounts}, names


def _above(start: str, holders: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for group in holders.get(waiting.pop(), ()):
            if group not in found:
                found.add(group)
                waiting.append(group)
    return found


def _cluster(folder: Path, cluster: str) -> Iterator[tuple[str, str, frozenset[Fact]]]:
    """Each subject of each binding with the duties that the binding gives it."""
    items = json.loads((folder / cluster / "rbac.json").read_text("utf-8"))["items"]
    roles = {
        (i["kind"], i["metadata"].get("namespace", ""), i["metadata"]["name"]): i["rules"]
        for i in items
        if i["kind"] in ("Role", "ClusterRole")
    }
    for item in items:
        if not item["kind"].endswith("Binding"):
            continue
        space, ref = item["metadata"].get("namespace", ""), item["roleRef"]
        rules = roles.get((ref["kind"], space if ref["kind"] == "Role" else "", ref["name"]), [])
        given = frozenset(
            (duty, cluster, place)
            for rule in rules
            for duty, place in _rule_duties(rule, space, cluster)
        )
        for subject in item["subjects"]:
            name = subject["name"]
            if subject["kind"] == "ServiceAccount":
                name = f"system:serviceaccount:{subject['namespace']}:{name}"
            yield subject["kind"], name, given


def _rule_duties(rule: Mapping[str, Any], space: str, cluster: str) -> Iterator[tuple[str, str]]:
    (group,) = rule["apiGroups"]
    names = rule.get("resourceNames", [])
    verbs = set(rule["verbs"]) - ({"create"} if names else set())
    spots = [f"{space}/{name}" if name else space or "*" for name in names or [""]]
    if cluster == "k8s-prod" and verbs - _LOOKING:
        yield from (("change-anything-in-production", spot) for spot in spots)
    for resource in rule["resources"]:
        for duty, wanted, in_group, on, only in _WANTED:
            if only and cluster != only and (only in _CLUSTERS or space not in ("", only)):
                continue
            if not verbs & {*wanted, "*"} or group not in (in_group, "*"):
                continue
            if resource in on or resource == "*":
                yield from ((duty, spot) for spot in spots)


_LOOKING = {"get", "list", "watch"}
_CHANGE = ("create", "update", "patch")
_STOP = ("update", "patch", "delete")
_BINDINGS = ("rolebindings", "clusterrolebindings")
_PROD = "k8s-prod"
_CLUSTERS = {_PROD, "k8s-test"}
#: Duty, verbs, API group, resources, and the one namespace or cluster in which it is one.
_WANTED = (
    (
        "deploy",
        _CHANGE,
        "apps",
        ("deployments", "statefulsets", "daemonsets", "replicasets"),
        _PROD,
    ),
    ("deploy", _CHANGE, "batch", ("jobs", "cronjobs"), _PROD),
    ("deploy", _CHANGE, "", ("pods",), _PROD),
    ("deploy", ("create", "get"), "", ("pods/exec",), _PROD),
    ("deploy", ("patch", "update"), "", ("pods/ephemeralcontainers",), _PROD),
    ("develop", _CHANGE, "apps", ("deployments",), "k8s-test"),
    ("develop", ("create",), "", ("pods/exec",), "k8s-test"),
    ("administer-cluster-access", _CHANGE, _RBAC, _BINDINGS, ""),
    ("administer-cluster-access", ("bind", "escalate"), _RBAC, ("roles", "clusterroles"), ""),
    ("administer-pipeline", _CHANGE, "argoproj.io", ("applications",), _PROD),
    (
        "control-gates",
        _CHANGE,
        "admissionregistration.k8s.io",
        ("validatingwebhookconfigurations",),
        "",
    ),
    ("administer-logs", _STOP, "apps", ("daemonsets",), "logging"),
    ("stop-logs", _STOP, "", ("configmaps",), "logging"),
    ("read-secrets", ("get", "list", "watch"), "", ("secrets",), _PROD),
    ("delete-backups", ("delete",), "velero.io", ("backups",), _PROD),
    (
        "change-network-rules",
        (*_CHANGE, "delete"),
        "networking.k8s.io",
        ("networkpolicies",),
        _PROD,
    ),
)


def _github(folder: Path, facts: Facts) -> None:
    """Teams with their parents, direct grants and owners; `affiliation=all` is not trusted."""
    hub = folder / "github"
    archived = {r["full_name"] for r in _json(hub / "repos.json") if r["archived"]}
    parents = {t["slug"]: t["parent"] and t["parent"]["slug"] for t in _json(hub / "teams.json")}
    owners = {m["login"] for m in _json(hub / "owners.json")}
    everyone = _json(hub / "members.json") + _json(hub / "outside_collaborators.json")
    assert _json(hub / "org.json")["default_repository_permission"] == "read"
    for member in everyone:
        facts[f"github-north:{member['login'].lower()}"] = set()
    for slug in parents:
        above: str | None = slug
        while above:
            for repo in _json(hub / f"teams/{above}/repos.json"):
                for member in _json(hub / f"teams/{slug}/members.json"):
                    _repository(facts, member["login"], repo["full_name"], repo, archived)
            above = parents[above]
    for path in sorted(hub.glob("repos/*/collaborators.json")):
        for member in _json(path):
            if member["login"] not in owners:
                _repository(
                    facts, member["login"], f"northbank/{path.parent.name}", member, archived
                )
    for login in owners:
        facts[f"github-north:{login.lower()}"] |= {
            (duty, "github-north", "*")
            for duty in (*_WRITING, *_ADMINISTERING, "merge-unreviewed", "stop-logs")
        }


def _repository(
    facts: Facts, login: str, repo: str, record: Mapping[str, Any], archived: set[str]
) -> None:
    level = record["role_name"]
    duties = set(_WRITING) if level in ("write", "maintain", "admin") else set()
    duties |= _ADMINISTERING if level == "admin" else set()
    if repo not in archived:
        facts[f"github-north:{login.lower()}"] |= {(duty, "github-north", repo) for duty in duties}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _change_manager(folder: Path, facts: Facts) -> None:
    text = (folder / "changeman/access.csv").read_text("cp1252")
    for row in csv.DictReader(text.splitlines(), delimiter=";"):
        held = facts.setdefault(f"changeman:{row['BENUTZER']}", set())
        since, until = _day(row["GUELTIG_AB"]), _day(row["GUELTIG_BIS"])
        if (since or AS_OF) <= AS_OF <= (until or AS_OF):
            letters = [each for each in row["RECHTE"].split(",") if each != "B"]
            held |= {(_LETTERS[letter], "changeman", row["ANWENDUNG"]) for letter in letters}


def _day(text: str) -> date | None:
    return datetime.strptime(text, "%d.%m.%Y").date() if text else None  # noqa: DTZ007  a day only
