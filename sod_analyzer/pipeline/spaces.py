"""A written folder that is only asked: what no answer needs is not read."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sod_analyzer.errors import StoreError
from sod_analyzer.pipeline import ahead as looking
from sod_analyzer.store import check_seal
from sod_analyzer.store.hashed import Ahead
from sod_analyzer.store.lazily import open_snapshot

if TYPE_CHECKING:
    from sod_analyzer.config import Config
    from sod_analyzer.model.ruleset import Ruleset
    from sod_analyzer.pipeline.workspace import Workspace

SNAPSHOT = looking.SNAPSHOT
#: Copies of what the analysis was told, so that a folder explains itself.
SETTINGS = "settings"
CONFIG_COPY = "sod.yaml"
RULESET_COPY = "ruleset.yaml"
IMPORTS_COPY = "imports.json"


def open_space(folder: Path, *, rules: str | None = None, ahead: Ahead | None = None) -> Space:
    """A folder to ask one question of, in a process that does nothing else.

    `ahead` is what `look_ahead` began for this folder.

    Raises:
        StoreError: the folder holds no snapshot, or its settings were changed.
    """
    # Columns are read, looked into and dropped. This allocator gives back what was dropped; the
    # one that Arrow takes by itself keeps a third more of it.
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    return Space(folder, rules=rules, ahead=ahead)


class Space:
    """A folder that `sod run` or `sod import` wrote, and perhaps the name of another ruleset.

    Of the snapshot, what is missing, damaged or changed is found when it is asked for.

    Raises:
        StoreError: the folder holds no snapshot, or its settings were changed.
    """

    def __init__(
        self, folder: Path, *, rules: str | None = None, ahead: Ahead | None = None
    ) -> None:
        check_settings(folder)
        self.folder = folder
        self.rules = rules
        self.ahead = ahead or looking.look_ahead(folder)
        self.snapshot = open_snapshot(folder / SNAPSHOT, self.ahead)

    def expect_everyone(self) -> None:
        """Begin to read what puts people in order: a question about everyone follows."""
        self.snapshot.read_ahead("identities", "name", "kind", "status")

    @cached_property
    def _workspace(self) -> Workspace:
        from sod_analyzer.pipeline.workspace import open_to_ask  # noqa: PLC0415 - seldom needed

        return open_to_ask(self.folder, rules=self.rules)

    @property
    def config(self) -> Config:
        """What the folder was written with."""
        return self._workspace.config

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset that is asked with."""
        return self._workspace.ruleset


def check_settings(folder: Path) -> None:
    """See that a folder has settings, and that they are as they were written.

    Raises:
        StoreError: it has none, or one of them was changed.
    """
    settings = folder / SETTINGS
    if not (settings / CONFIG_COPY).is_file():
        raise StoreError(
            f"{folder.as_posix()} holds no snapshot; write one with `sod import` or `sod run`"
        )
    # A changed copy would be judged by rules, or clear itself by gaps, that nobody imported with.
    check_seal(settings, again="run 'sod import' again")
