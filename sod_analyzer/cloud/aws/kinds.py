"""Kinds of resources, as patterns of the ARNs that they have in accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from sod_analyzer.cloud.globs import Glob

#: Where a service's ARNs have something of their own to fill in.
BLANK = re.compile(r"\$\{[^}]*\}")


@lru_cache(maxsize=1_024)
def listed(arns: tuple[str, ...]) -> str:
    """Kinds of resources as a reader sees them, by patterns of their ARNs."""
    return " and ".join(BLANK.sub("*", arn) for arn in arns)


@lru_cache(maxsize=1_024)
def beside(resource: str, arns: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some kinds of resources, by their ARNs, that a resource is not of.

    All of them, if it is of none. Some ARNs have the form of two kinds, of a thing and of a part of
    it: such a one is of the kind with the longer pattern. Errs: where it is of the other one.
    """
    like = [arn for arn in arns if _is_of(resource, arn)]
    rest = list(arns)
    if like:
        rest.remove(max(like, key=lambda arn: (len(BLANK.sub("*", arn)), arn)))
    return tuple(dict.fromkeys(rest))


def _is_of(resource: str, arn: str) -> bool:
    """Whether a resource has the form of a kind, segment by segment: no `*` crosses those."""
    parts, form = resource.split(":", 5), _form(arn)
    # The last segment is the one in which kinds of one service differ.
    return len(parts) == len(form) and all(
        glob.matches(part) for glob, part in zip(reversed(form), reversed(parts), strict=True)
    )


@lru_cache(maxsize=4_096)
def _form(arn: str) -> tuple[Glob, ...]:
    return tuple(map(Glob.parse, BLANK.sub("*", arn).split(":", 5)))


@lru_cache(maxsize=65_536)
def of_account(globs: tuple[Glob, ...], account: str) -> tuple[Glob, ...]:
    """Those that do not say that they are of another account, or of none."""
    return tuple(glob for glob in globs if _account_of(glob) in (None, account))


@lru_cache(maxsize=4_096)
def _account_of(glob: Glob) -> str | None:
    """The account of all ARNs of a pattern, empty if they name none; None if that is open."""
    parts = str(glob).split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - segments of an ARN
        return None
    return parts[4] if re.fullmatch(r"\d*", parts[4]) else None


@lru_cache(maxsize=4_096)
def kinds_in(
    arns: tuple[str, ...], accounts: tuple[str, ...]
) -> tuple[tuple[Glob, str | None], ...]:
    """Patterns of kinds of resources in some accounts, each with its account, sorted."""
    kinds = {each for arn in arns for each in _kinds(arn, accounts)}
    return tuple(
        (Glob.parse(text), owner)
        for text, owner in sorted(kinds, key=lambda kind: (kind[0], kind[1] or ""))
    )


def _kinds(arn: str, accounts: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """ARNs of one kind of resource as patterns, each with its account; None if it has none."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and BLANK.fullmatch(parts[4]):  # noqa: PLR2004 - segments of an ARN
        for account in accounts:
            filled = [*parts[:4], account, parts[5]]
            yield BLANK.sub("*", ":".join(filled)), account
        return
    yield BLANK.sub("*", arn), None
