"""An API server small enough to try everything on: what callers may do, and what they then may.

It shares no code with the product. Objects are plain, the only answers are those of
`tests.importers.kubernetes_oracle`, and steps are what a request would do: impersonate, ask for a
token, start a pod, write a role or a binding past the checks of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tests.importers.kubernetes_oracle import Request, allowed, rules_of

Obj = Mapping[str, Any]
#: A login, and the groups that it was told to be of.
Session = tuple[str, frozenset[str]]
RBAC = "rbac.authorization.k8s.io"
NAMESPACES = ("pay", "lend")
ACCOUNTS = tuple(
    f"system:serviceaccount:{where}:{name}" for where in NAMESPACES for name in ("ci", "db")
)
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def groups_of(session: Session) -> set[str]:
    login, told = session
    found = {"system:authenticated", "system:unauthenticated", *told}
    if login in ACCOUNTS:
        found |= {"system:serviceaccounts", f"system:serviceaccounts:{login.split(':')[2]}"}
    return found


def can(objects: Iterable[Obj], session: Session, request: Request) -> bool:
    return allowed(objects, session[0], groups_of(session), request)


def as_others(objects: list[Obj], session: Session, logins: Iterable[str]) -> Iterator[Session]:
    """Whom a session can be without leaving a trace in the objects."""
    people = [login for login in logins if login not in ACCOUNTS]
    told: list[str] = []
    for login in ACCOUNTS:
        _, _, where, name = login.split(":")
        asked = Request("impersonate", "", "serviceaccounts", "", where, name)
        token = Request("create", "", "serviceaccounts", "token", where, name)
        if can(objects, session, asked):
            told.append(login)
        if can(objects, session, token):
            yield login, frozenset()
    told += [
        login
        for login in people
        if can(objects, session, Request("impersonate", "", "users", name=login))
    ]
    for login in told:
        yield login, frozenset()
        for group in ("devs", "system:masters"):
            if can(objects, session, Request("impersonate", "", "groups", name=group)):
                yield login, frozenset({group})


def changes(objects: list[Obj], session: Session) -> Iterator[tuple[list[Obj], Session]]:
    """What one change of a session leads to: other objects, or another session."""
    for login in ACCOUNTS:
        where = login.split(":")[2]
        if can(objects, session, Request("create", "", "pods", "", where)):
            yield objects, (login, frozenset())
    for where in ("", *NAMESPACES):
        yield from _bindings(objects, session, where)
    for number, role in enumerate(objects):
        if role["kind"] not in {"Role", "ClusterRole"}:
            continue
        kind = f"{role['kind'].lower()}s"
        where, name = role["metadata"].get("namespace", ""), role["metadata"]["name"]
        asked = Request("update", RBAC, kind, "", where, name)
        if can(objects, session, asked) and can(objects, session, replace(asked, verb="escalate")):
            wider = deepcopy(objects)
            wider[number] = {**role, "rules": [EVERYTHING]}
            yield wider, session


def _bindings(
    objects: list[Obj], session: Session, where: str
) -> Iterator[tuple[list[Obj], Session]]:
    kind = "RoleBinding" if where else "ClusterRoleBinding"
    resource = f"{kind.lower()}s"
    subject = [{"kind": "User", "name": session[0]}]
    metadata = {"name": "own", "namespace": where} if where else {"name": "own"}
    for role in objects:
        home = role["metadata"].get("namespace", "")
        if role["kind"] not in {"Role", "ClusterRole"} or home not in {"", where}:
            continue
        named = {"kind": role["kind"], "name": role["metadata"]["name"]}
        if not (_binds(objects, session, named, where) or _has(objects, session, named, where)):
            continue
        if can(objects, session, Request("create", RBAC, resource, "", where)):
            new = {"kind": kind, "metadata": metadata, "roleRef": named, "subjects": subject}
            yield [*objects, new], session
        for number, each in enumerate(objects):
            if each["kind"] != kind or each["metadata"].get("namespace", "") != where:
                continue
            asked = Request("update", RBAC, resource, "", where, each["metadata"]["name"])
            same = (each["roleRef"]["kind"], each["roleRef"]["name"]) == (
                named["kind"],
                named["name"],
            )
            if same and can(objects, session, asked):
                wider = list(objects)
                wider[number] = {**each, "subjects": [*(each.get("subjects") or ()), *subject]}
                yield wider, session


def _binds(objects: list[Obj], session: Session, named: Obj, where: str) -> bool:
    asked = Request("bind", RBAC, f"{named['kind'].lower()}s", "", where, named["name"])
    return can(objects, session, asked)


def _has(objects: list[Obj], session: Session, named: Obj, where: str) -> bool:
    """Whether the session has every right of a role already, in the place of the binding.

    Errs: a star is asked for as a word, which only a star answers, as Kubernetes does.
    """
    for rule in rules_of(list(objects), named, where or None):
        for verb in rule.get("verbs") or ():
            for group in rule.get("apiGroups") or ():
                for resource in rule.get("resources") or ():
                    base, _, sub = resource.partition("/")
                    for name in rule.get("resourceNames") or [""]:
                        if not can(objects, session, Request(verb, group, base, sub, where, name)):
                            return False
    return True


def everywhere(objects: list[Obj], start: Session, logins: Iterable[str]) -> set[Session]:
    """All sessions that one can have without a change."""
    seen = {start}
    todo = [start]
    while todo:
        new = set(as_others(objects, todo.pop(), logins)) - seen
        seen |= new
        todo += new
    return seen
