"""Kinds of resources, as patterns of the ARNs that they have in accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from sod_analyzer.cloud.globs import Glob

#: Where a service's ARNs have something of their own to fill in.
BLANK = re.compile(r"\$\{[^}]*\}")


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
