"""Finds the kinds of issue that the code can raise, by reading the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sod_analyzer.model.settings import Unread
from tests.conftest import ROOT

#: Rooms that raise issues.
ROOMS = ("importers", "identity", "assemble", "completeness", "compose", "pipeline")
#: Words of that shape which are no kinds of issue.
OTHERS = frozenset(
    {"well-known", "custom-repository-roles", "organization-roles", "unrestricted-access"}
)

_KIND = re.compile(r"(?!utf-)[a-z0-9]+(-[a-z0-9]+)+")


def found() -> frozenset[str]:
    """Every kind that a call names among its first two arguments, or as `kind`."""
    named = {
        kind
        for room in ROOMS
        for path in _files(ROOT / "sod_analyzer" / room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for kind in _kinds(node)
    }
    return frozenset((named | set(Unread)) - OTHERS)


def _files(room: Path) -> list[Path]:
    return sorted(room.rglob("*.py")) if room.is_dir() else [room]


def _kinds(call: ast.Call) -> Iterator[str]:
    stated = [keyword.value for keyword in call.keywords if keyword.arg == "kind"]
    alone = len(call.args) + len(call.keywords) < 2  # an issue has a text, too
    for argument in [] if alone else [*call.args[:2], *stated]:
        choices = (
            [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
        )
        for choice in choices:
            text = choice.value if isinstance(choice, ast.Constant) else None
            if isinstance(text, str) and _KIND.fullmatch(text):
                yield text
