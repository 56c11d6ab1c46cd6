"""What `sod.yaml` may say about an LDIF source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sod_analyzer.errors import ConfigError, Problem
from sod_analyzer.importers.ldif.vocabulary import SECRET
from sod_analyzer.model.batch import SourceSpec

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+")
_AROUND = re.compile(r" *([,=+]) *")


@dataclass(frozen=True, slots=True, kw_only=True)
class LdifOptions:
    """The keys that an LDIF source adds to its entry.

    Globs match a whole distinguished name, in any of its spellings, letter case aside.
    """

    #: attribute with the employee number; default employeeNumber, then employeeID
    employee_id_attribute: str | None = None
    #: further object classes that are accounts, and groups
    account_classes: tuple[str, ...] = ()
    group_classes: tuple[str, ...] = ()
    #: further attributes of a group that name members, and of a member that name groups
    member_attributes: tuple[str, ...] = ()
    member_of_attributes: tuple[str, ...] = ()
    #: globs on the names of accounts that are no person of their own, the first that fits counts
    shared: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    #: globs on the names of entries to leave out; they are counted
    ignore: tuple[str, ...] = ()


def check_options(options: LdifOptions, spec: SourceSpec) -> None:
    """Refuses attribute names that are none, or that hold secrets.

    Raises:
        ConfigError: with every such name.
    """
    asked = [
        *((options.employee_id_attribute,) if options.employee_id_attribute else ()),
        *options.member_attributes,
        *options.member_of_attributes,
    ]
    problems = []
    for name in asked:
        if not _ATTRIBUTE.fullmatch(name):
            problems.append(Problem(f"'{name}' is not the name of an LDAP attribute", spec.where))
        elif name.lower() in SECRET:
            problems.append(
                Problem(f"attribute '{name}' holds secrets, it is never read", spec.where)
            )
    if problems:
        raise ConfigError(problems)


def name_matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether a normalised name fits one of the globs."""
    wanted = [_AROUND.sub(r"\1", each.strip()).casefold() for each in globs]
    if not wanted:
        return lambda _: False
    pattern = re.compile("|".join(_expression(each) for each in wanted), re.DOTALL)
    return lambda normal: pattern.fullmatch(normal) is not None


def _expression(wanted: str) -> str:
    # `*+` in a row would make the expression try every split of the name.
    parts = re.split(r"(\*+|\?)", wanted)
    return "".join(
        ".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts
    )
