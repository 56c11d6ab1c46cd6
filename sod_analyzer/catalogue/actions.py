"""Whether an entitlement's action and a rule's pattern have an action in common, per product."""

from __future__ import annotations

from functools import lru_cache

from sod_analyzer.catalogue.globs import globs_meet, matches
from sod_analyzer.model.access import EVERY_ACTION

#: Kubernetes' suffix for "every resource of the core group", which has no name of its own.
_CORE = "core"


@lru_cache(maxsize=262_144)
def actions_meet(product: str, action: str, pattern: str, *, wildcard: bool) -> bool:
    """Whether the right to `action` includes an action that `pattern` names.

    With `wildcard`, `*` in the action is the source's own and covers what it stands for there.
    """
    if wildcard and action == EVERY_ACTION:
        return True
    if product == "kubernetes":
        return _kubernetes_meet(action, pattern, wildcard=wildcard)
    if wildcard:
        return globs_meet(action, pattern)
    return matches(pattern, action)


@lru_cache(maxsize=262_144)
def action_within(product: str, action: str, pattern: str, *, wildcard: bool) -> bool:
    """Whether the right to `action` includes nothing that `pattern` does not name.

    Errs: with `?` in the pattern, a source's wildcard is never within it.
    """
    if wildcard and "?" in pattern:
        return False
    if pattern == EVERY_ACTION:
        return True
    if wildcard and action == EVERY_ACTION:
        return False
    # A wildcard's own star is a letter here, and only a star stands for it.
    if product == "kubernetes":
        return _kubernetes_meet(action, pattern, wildcard=False)
    return matches(pattern, action)


def _kubernetes_meet(action: str, pattern: str, *, wildcard: bool) -> bool:
    held, wanted = _fields(action), _fields(pattern)
    if held is None or wanted is None:
        return globs_meet(action, pattern) if wildcard else matches(pattern, action)
    if wildcard:
        return all(globs_meet(a, b) for a, b in zip(held, wanted, strict=True))
    return all(matches(b, a) for a, b in zip(held, wanted, strict=True))


def _fields(action: str) -> tuple[str, str, str] | None:
    """Verb, resource and API group; None for a URL, which has neither.

    The group is compared apart from the resource, since `*` of the core group must not match
    `deployments.apps`, and `pods` in a pattern means the core group's only.
    """
    verb, space, rest = action.partition(" ")
    if not space:
        return ("*", "*", "*") if verb == EVERY_ACTION else None
    if rest.startswith("/"):
        return None
    resource, dot, group = rest.partition(".")
    if not dot:
        group = "*" if resource == "*" else ""
    elif group == _CORE:
        group = ""
    return verb, resource, group
