"""Folders that runs write. `workspace` opens them again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sod_analyzer import plugins
from sod_analyzer.completeness import CompletenessResult
from sod_analyzer.config import Config
from sod_analyzer.errors import ConfigError, Problem, StoreError
from sod_analyzer.graph.edges import Edges, compile_edges
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import Report
from sod_analyzer.model.memory import give_back
from sod_analyzer.model.rows import shown
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.checking import input_for, verdict_of
from sod_analyzer.pipeline.guests import receive
from sod_analyzer.pipeline.judging import Judged
from sod_analyzer.pipeline.papers import copy_papers
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.pipeline.spaces import CONFIG_COPY, RULESET_COPY, SETTINGS, SNAPSHOT
from sod_analyzer.pipeline.stored import InputVerdict, write_reach
from sod_analyzer.pipeline.writing import Writing
from sod_analyzer.report.canonical import REPORTER as CANONICAL
from sod_analyzer.report.canonical import load as load_report
from sod_analyzer.store import atomic_file, atomic_folder, seal, write_snapshot
from sod_analyzer.store.lazily import Resident

FINDINGS = "findings.json"
#: The file by which a folder is known to be this tool's own, to be replaced when asked.
_MARKER = f"{SETTINGS}/{CONFIG_COPY}"


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


def steps_of(config: Config, only: Sequence[str] = (), *, builtin_only: bool = False) -> int:
    """How many stages a whole run tells its progress of."""
    return len(config.sources) + 3 + len(reporters_of(only, builtin_only=builtin_only))


def reporters_of(only: Sequence[str] = (), *, builtin_only: bool = False) -> tuple[str, ...]:
    """The names of the reporters that are asked for, each once; without `only`, of all.

    Raises:
        ConfigError: there is no reporter of such a name; every such name.
        PluginError: two packages claim one name.
    """
    known = plugins.reporters(builtin_only=builtin_only)
    strange = sorted(set(only) - known.keys())
    if strange:
        raise ConfigError(Problem(_no_reporter(name, known)) for name in strange)
    return tuple(dict.fromkeys(only)) or tuple(known)


def _no_reporter(name: str, known: Iterable[str]) -> str:
    return f"no reporter is called '{shown(name)}'; there are {', '.join(sorted(known))}"


class NewFolder:
    """A folder that a run is writing: hidden until the block of `new_folder` ends well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None

    def snapshot(self, snapshot: Snapshot, config: Config, ruleset: Ruleset) -> None:
        """Begin to write a snapshot and what it was told, while the analysis goes on.

        Returns at once; what goes wrong is raised by `reports` or at the end of the block. Asked
        for once.
        """
        if self._threads:
            raise RuntimeError("one snapshot to a folder")
        self._begin("snapshot", partial(_write_snapshot, snapshot, config, ruleset, self._folder))

    def let_go(self, snapshot: Snapshot) -> None:
        """Wait until the snapshot is written, and keep its large tables in memory no longer.

        An analysis asks for few of their columns, one after the other: those are read again.
        """
        self.settle()
        if isinstance(snapshot.tables, Resident):
            snapshot.tables.let_go(self._folder / SNAPSHOT, *snapshot.tables.large())
        snapshot.release()
        give_back()

    def judged(self, judged: Judged) -> None:
        """Begin to write what questions need of an analysis, once the snapshot is written."""
        analysis = judged.analysis
        self.reach(analysis.judge.engine.edges, analysis.ruleset, judged.verdict)

    def reach(self, edges: Edges, ruleset: Ruleset, verdict: InputVerdict) -> None:
        """Begin to write edges and a verdict on the input for questions, as `snapshot` does."""
        self._begin("reach", partial(write_reach, self._folder, edges, ruleset, verdict))

    def _begin(self, name: str, write: Callable[[], None]) -> None:
        before = tuple(self._threads)

        def wait_and_write() -> None:
            for thread in before:
                thread.join()
            try:
                if self._failure is None:
                    write()
            except BaseException as error:  # noqa: BLE001 - raised again where somebody listens
                self._failure = error

        thread = threading.Thread(target=wait_and_write, name=name)
        self._threads.append(thread)
        thread.start()

    def reports(
        self,
        report: Report,
        *,
        only: Sequence[str] = (),
        builtin_only: bool = False,
        progress: Progress = silent,
    ) -> tuple[str, ...]:
        """Write the report in every format, or in those named; returns the file names, sorted."""
        self._raise()
        return write_reports(
            report, self._folder, progress=progress, only=only, builtin_only=builtin_only
        )

    def settle(self) -> None:
        """Wait until everything is written; raises what went wrong with it."""
        self.join()
        self._raise()

    def join(self) -> None:
        """Wait until nothing is being written any more, well or not."""
        for thread in self._threads:
            thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


@contextmanager
def new_folder(target: Path, *, replace_existing: bool) -> Iterator[NewFolder]:
    """A folder to write a run into, which appears at `target` when the block ends well.

    What is still being written then is waited for. If the block raises, or the snapshot cannot be
    written, nothing is left behind and `target` is as it was.

    Raises:
        StoreError: something cannot be written, or `target` may not be replaced.
    """
    with atomic_folder(target, replace=replace_existing, marker=_MARKER) as folder:
        grown = NewFolder(folder)
        try:
            yield grown
            grown.settle()
        finally:
            # The folder must not be swept away under somebody who writes into it.
            grown.join()


def write_import(
    snapshot: Snapshot, config: Config, ruleset: Ruleset, target: Path, *, replace_existing: bool
) -> CompletenessResult:
    """Write a snapshot and what it was told into a folder; returns what the input leaves open."""
    with new_folder(target, replace_existing=replace_existing) as folder:
        folder.snapshot(snapshot, config, ruleset)
        folder.let_go(snapshot)
        edges = compile_edges(snapshot, as_of=snapshot.as_of)
        snapshot.release()
        found = input_for(config, ruleset, snapshot, edges)
        folder.reach(edges, ruleset, verdict_of(config, found))
    return found


def store_reach(judged: Judged, folder: Path) -> None:
    """Store what questions need of an analysis in the folder of its snapshot."""
    analysis = judged.analysis
    write_reach(folder, analysis.judge.engine.edges, analysis.ruleset, judged.verdict)


def _write_snapshot(snapshot: Snapshot, config: Config, ruleset: Ruleset, folder: Path) -> None:
    write_snapshot(snapshot, folder / SNAPSHOT)
    settings = folder / SETTINGS
    settings.mkdir()
    (settings / CONFIG_COPY).write_text(config.text, encoding="utf-8")
    (settings / RULESET_COPY).write_text(ruleset.text, encoding="utf-8")
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
    only: Sequence[str] = (),
    builtin_only: bool = False,
) -> tuple[str, ...]:
    """Write every registered format, or only those named; returns the file names, sorted.

    Raises:
        ConfigError: there is no reporter of such a name.
    """
    wanted = reporters_of(only, builtin_only=builtin_only)
    known = plugins.reporters(builtin_only=builtin_only)
    receive(known[name] for name in wanted)
    reporters = [plugins.reporter(name, builtin_only=builtin_only) for name in wanted]
    Writing(report, folder, progress).write(reporters)
    return tuple(sorted(reporter.filename for reporter in reporters))


def stored_report(folder: Path) -> Report:
    """The analysis that a folder holds.

    Raises:
        StoreError: there is none, or it is damaged.
    """
    path = folder / FINDINGS
    if not path.is_file():
        raise StoreError(f"{path.as_posix()} is not there; write it with `sod analyze`")
    return load_report(path)
