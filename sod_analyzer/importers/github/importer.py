"""Reads the folder of a GitHub organisation's API answers; see `docs/importers/github.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.github.folder import Part, sort_out
from sod_analyzer.importers.github.load import Loader
from sod_analyzer.importers.github.missing import note_gaps
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, SourceSpec


@dataclass(frozen=True, slots=True)
class GitHubOptions:
    """Keys a GitHub source adds to its entry.

    `organization` is its login, needed only where the folder has no `org.json`.
    """

    organization: str | None = None


@dataclass(frozen=True, slots=True)
class GitHubImporter:
    """One organisation: one system. Two organisations are two sources and two systems."""

    name: str = "github"
    options: type[Any] = GitHubOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The folder's JSON files. Raises `InputError` when it is no folder or holds none."""
        files = find_files(spec, patterns=("*.json", "*.json.gz"), folders="required")
        return Raw(spec, files)

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """Accounts, teams, repository roles and who has them.

        Every repository role is a role per repository and level, which contains the level's
        actions on `<organisation>/<repository>`; base permission and ownership hold on `*`.

        Cost: each file is in memory once; logins, teams and repositories are kept.

        Errs: on archived repositories the base permission and organisation roles still count in
        full (over-reports); branch rules, environments and workflows are not read.
        """
        options: GitHubOptions = raw.spec.options
        builder = BatchBuilder(raw.spec)
        loader = Loader(builder, organisation=options.organization)
        parts = sort_out(raw.files, raw.spec.source_id)
        for part_file in parts:
            loader.load(part_file)
            if part_file.part is Part.REPOSITORIES:
                _note_archived(loader, part_file.file.source_id)
            if builder.full:
                yield builder.take()
        loader.nodes.finish()
        note_gaps(raw, parts, loader)
        yield builder.take()


def _note_archived(loader: Loader, source_id: str) -> None:
    count = sum(repository.archived for repository in loader.repositories.values())
    if count:
        loader.builder.issue(
            "archived-repository",
            f"archived repositories ({count}) are loaded with read access only, since nobody can "
            "change them while they are archived",
            hides=Hides.NO,
            source_id=source_id,
        )


IMPORTER = GitHubImporter()
