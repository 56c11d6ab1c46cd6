"""ClusterRoles that take their rules from others, found by label.

Source: the aggregation controller of Kubernetes: a role never lends to itself, selectors are
alternatives, and a role that was filled lends what it was given on to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sod_analyzer.cloud.kubernetes.objects import Requirement, RoleObject

OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def lenders(role: RoleObject, cluster_roles: Sequence[RoleObject]) -> tuple[RoleObject, ...]:
    """The other ClusterRoles whose own rules this one has by aggregation, directly or through more.

    An export of a running cluster has these rules already filled in; a manifest has not. Taking
    the union serves both.

    Cost: every aggregating role on the way is compared with every ClusterRole.
    """
    found: dict[int, RoleObject] = {}
    seen = {role.name}
    todo = [role]
    while todo:
        current = todo.pop()
        for other in cluster_roles:
            if other.name != current.name and meets(current.selectors, other.labels):
                if other.name != role.name:
                    found[id(other)] = other
                if other.name not in seen:
                    seen.add(other.name)
                    todo += [each for each in cluster_roles if each.name == other.name]
    return tuple(sorted(found.values(), key=lambda each: (each.name, each.origin)))


def meets(selectors: Iterable[Iterable[Requirement]], labels: Mapping[str, str]) -> bool:
    """Whether the labels meet all requirements of at least one selector."""
    return any(all(_holds(each, labels) for each in selector) for selector in selectors)


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    present = requirement.key in labels
    match requirement.operator:
        case "In":
            return present and labels[requirement.key] in requirement.values
        case "NotIn":
            return not present or labels[requirement.key] not in requirement.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case _:  # Kubernetes refuses the whole selector
            return False
