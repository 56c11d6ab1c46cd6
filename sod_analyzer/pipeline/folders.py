"""Folders that runs write, and opening them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sod_analyzer import plugins
from sod_analyzer.config import (
    Config,
    load_config,
)
from sod_analyzer.errors import ConfigError, StoreError
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import Report
from sod_analyzer.model.rows import shown
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.papers import Papers, copy_papers, load_papers, stored_imports
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.report.canonical import REPORTER as CANONICAL
from sod_analyzer.report.canonical import load as load_report
from sod_analyzer.rules import find_ruleset, load_ruleset
from sod_analyzer.store import (
    atomic_file,
    atomic_folder,
    check_seal,
    read_snapshot,
    seal,
    write_snapshot,
)

SNAPSHOT = "snapshot"
#: Copies of what the analysis was told, so that a folder explains itself.
SETTINGS = "settings"
FINDINGS = "findings.json"
_CONFIG_COPY = "sod.yaml"
_RULESET_COPY = "ruleset.yaml"
#: The file by which a folder is known to be this tool's own, to be replaced when asked.
_MARKER = f"{SETTINGS}/{_CONFIG_COPY}"


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse early what writing would refuse after all the work.

    Raises:
        ConfigError: the folder is there and may not be replaced, or is no folder of this tool's,
            or nothing can have such a name.
    """
    try:
        target.stat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"'{shown(target.as_posix())}' cannot be written: {why}") from None
    ours = (target / _MARKER).is_file()
    if not target.is_dir() or (not ours and any(target.iterdir())):
        raise ConfigError(
            f"{target.as_posix()} was not written by this tool; name another folder with --out"
        )
    if not replace:
        raise ConfigError(f"{target.as_posix()} is there already; replace it with --force")


@dataclass(frozen=True)
class Pack:
    """Everything that one run writes."""

    report: Report
    snapshot: Snapshot
    config: Config
    ruleset: Ruleset


def steps_of(config: Config, *, builtin_only: bool = False) -> int:
    """How many steps a whole run tells its progress of."""
    return len(config.sources) + 3 + reports_of(builtin_only=builtin_only)


def reports_of(only: Sequence[str] = (), *, builtin_only: bool = False) -> int:
    """How many files `write_reports` writes."""
    return len(only) or len(plugins.reporters(builtin_only=builtin_only))


def write_all(
    pack: Pack,
    target: Path,
    *,
    replace_existing: bool,
    builtin_only: bool = False,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Write snapshot, settings and every report into a folder at once; returns the file names."""
    with atomic_folder(target, replace=replace_existing, marker=_MARKER) as folder:
        _write_snapshot(pack.snapshot, pack.config, pack.ruleset, folder)
        return write_reports(pack.report, folder, progress=progress, builtin_only=builtin_only)


def write_import(
    snapshot: Snapshot, config: Config, ruleset: Ruleset, target: Path, *, replace_existing: bool
) -> None:
    """Write a snapshot and what it was told into a folder."""
    with atomic_folder(target, replace=replace_existing, marker=_MARKER) as folder:
        _write_snapshot(snapshot, config, ruleset, folder)


def _write_snapshot(snapshot: Snapshot, config: Config, ruleset: Ruleset, folder: Path) -> None:
    write_snapshot(snapshot, folder / SNAPSHOT)
    settings = folder / SETTINGS
    settings.mkdir()
    (settings / _CONFIG_COPY).write_text(config.text, encoding="utf-8")
    (settings / _RULESET_COPY).write_text(ruleset.text, encoding="utf-8")
    copy_papers(config, ruleset, settings)
    seal(settings)


def write_findings(report: Report, folder: Path) -> None:
    """Write the analysis itself, from which every other file can be written again."""
    with atomic_file(folder / FINDINGS) as stream:
        CANONICAL.render(report, stream)


def write_reports(
    report: Report,
    folder: Path,
    *,
    progress: Progress = silent,
    only: Iterable[str] = (),
    builtin_only: bool = False,
) -> tuple[str, ...]:
    """Write every registered format, or only those named; returns the file names, sorted."""
    wanted = tuple(only) or tuple(plugins.reporters(builtin_only=builtin_only))
    names = []
    for name in wanted:
        reporter = plugins.reporter(name, builtin_only=builtin_only)
        progress(f"writing {reporter.filename}")
        with atomic_file(folder / reporter.filename) as stream:
            reporter.render(report, stream)
        names.append(reporter.filename)
    return tuple(sorted(names))


@dataclass(frozen=True)
class Workspace:
    """A folder that `sod run` or `sod import` wrote, with what it was told then."""

    folder: Path
    config: Config
    ruleset: Ruleset
    snapshot: Snapshot
    papers: Papers = field(default_factory=Papers)


def open_workspace(folder: Path, *, rules: str | None = None) -> Workspace:
    """A folder as it was written; `rules` names another ruleset than the one it was written with.

    Raises:
        StoreError: the folder holds no snapshot, or a damaged or changed one.
    """
    settings = folder / SETTINGS / _CONFIG_COPY
    if not settings.is_file():
        raise StoreError(
            f"{folder.as_posix()} holds no snapshot; write one with `sod import` or `sod run`"
        )
    # A changed copy would be judged by rules, or clear itself by gaps, that nobody imported with.
    check_seal(settings.parent, again="run 'sod import' again")
    config = load_config(settings)
    snapshot = read_snapshot(folder / SNAPSHOT)
    if rules is None:
        imported = stored_imports(settings.parent)
        ruleset = load_ruleset(settings.parent / _RULESET_COPY, imported=imported)
    else:
        ruleset = load_ruleset(find_ruleset(rules, Path.cwd()))
    papers = load_papers(config, ruleset, copies=True)
    return Workspace(folder, config, ruleset, snapshot, papers)


def stored_report(folder: Path) -> Report:
    """The analysis that a folder holds.

    Raises:
        StoreError: there is none, or it is damaged.
    """
    path = folder / FINDINGS
    if not path.is_file():
        raise StoreError(f"{path.as_posix()} is not there; write it with `sod analyze`")
    return load_report(path)
