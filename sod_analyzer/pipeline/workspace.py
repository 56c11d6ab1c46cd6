"""A folder that a run wrote, opened to be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sod_analyzer.config import Config, load_config
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.spaces import (
    CONFIG_COPY,
    IMPORTS_COPY,
    RULESET_COPY,
    SETTINGS,
    SNAPSHOT,
    check_settings,
)
from sod_analyzer.rules import find_ruleset, load_ruleset
from sod_analyzer.store import read_snapshot
from sod_analyzer.store.lazily import open_snapshot, read_by_column

if TYPE_CHECKING:
    from sod_analyzer.pipeline.papers import Papers

__all__ = ["SETTINGS", "SNAPSHOT", "Workspace", "open_to_ask", "open_workspace"]


@dataclass(frozen=True)
class Workspace:
    """A folder that `sod run` or `sod import` wrote, with what it was told then."""

    folder: Path
    config: Config
    ruleset: Ruleset
    snapshot: Snapshot
    papers: Papers | None = None  # None: nobody asked for them


def open_workspace(folder: Path, *, rules: str | None = None, by_column: bool = False) -> Workspace:
    """A folder as it was written; `rules` names another ruleset than the one it was written with.

    With `by_column`, large tables stay on disk, and columns are read when they are asked for.

    Raises:
        StoreError: the folder holds no snapshot, or a damaged or changed one.
    """
    from sod_analyzer.pipeline.papers import load_papers  # noqa: PLC0415 - a question needs none

    config = _config(folder)
    snapshot = (read_by_column if by_column else read_snapshot)(folder / SNAPSHOT)
    ruleset = _ruleset(folder, rules)
    papers = load_papers(config, ruleset, copies=True)
    return Workspace(folder, config, ruleset, snapshot, papers)


def open_to_ask(folder: Path, *, rules: str | None = None) -> Workspace:
    """As `open_workspace`, of which only what a question needs is read; without papers.

    Raises:
        StoreError: the folder holds no snapshot, or its settings were changed; of the snapshot,
            what is missing, damaged or changed is found when it is asked for.
    """
    return Workspace(
        folder, _config(folder), _ruleset(folder, rules), open_snapshot(folder / SNAPSHOT)
    )


def _config(folder: Path) -> Config:
    check_settings(folder)
    return load_config(folder / SETTINGS / CONFIG_COPY)


def _ruleset(folder: Path, rules: str | None) -> Ruleset:
    if rules is not None:
        return load_ruleset(find_ruleset(rules, Path.cwd()))
    settings = folder / SETTINGS
    return load_ruleset(settings / RULESET_COPY, imported=_imports(settings))


def _imports(settings: Path) -> Mapping[str, str]:
    """The imported rulesets of a written folder: key to text."""
    path = settings / IMPORTS_COPY
    if not path.is_file():
        return {}
    # Written by this program and sealed with the folder.
    index = json.loads(path.read_text(encoding="utf-8"))
    return {
        str(key): (settings / str(name)).read_text(encoding="utf-8")
        for key, name in sorted(index.items())
    }
