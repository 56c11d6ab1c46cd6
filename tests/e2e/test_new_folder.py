"""A run's folder: its snapshot is written while the analysis goes on, and all of it or nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import cast

import pyarrow as pa
import pytest

from sod_analyzer import pipeline, store
from sod_analyzer.compose import finding_tables, held, ids, legs, report, steps
from sod_analyzer.config import Config, load_config
from sod_analyzer.errors import StoreError
from sod_analyzer.graph import edges
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import Report, RunFacts
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline import folders
from sod_analyzer.report import canonical
from sod_analyzer.rules import find_ruleset, load_ruleset
from sod_analyzer.store import lazily, spilled
from sod_analyzer.store.lazily import StoredTable
from tests.e2e.estate import Estate

Parts = tuple[Snapshot, Config, Ruleset]


@pytest.fixture
def parts(estate: Estate) -> Parts:
    config = load_config(estate.save())
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    return pipeline.import_exports(config), config, ruleset


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Writing a snapshot waits until it is told to go on."""
    go_on = threading.Event()
    write = store.write_snapshot

    def waiting(snapshot: Snapshot, folder: Path) -> None:
        assert go_on.wait(30)
        write(snapshot, folder)

    monkeypatch.setattr(folders, "write_snapshot", waiting)
    return go_on


def written(parts: Parts, target: Path, *, then: Callable[[pipeline.NewFolder], object]) -> None:
    """Write a snapshot into a folder, and do something more while it is written."""
    with pipeline.new_folder(target, replace_existing=True) as folder:
        folder.snapshot(*parts)
        then(folder)


def fail(folder: pipeline.NewFolder) -> None:
    raise ZeroDivisionError(str(folder))


def writers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "snapshot"]


def test_the_analysis_goes_on_while_the_snapshot_is_written(
    parts: Parts, slow: threading.Event, tmp_path: Path
) -> None:
    target = tmp_path / "out"

    with pipeline.new_folder(target, replace_existing=False) as folder:
        folder.snapshot(*parts)
        assert len(writers()) == 1
        assert not target.exists()
        slow.set()

    assert writers() == []
    assert pipeline.open_workspace(target).snapshot.digest == parts[0].digest


def test_the_folder_appears_only_when_the_snapshot_is_whole(
    parts: Parts, slow: threading.Event, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    threading.Timer(0.2, slow.set).start()

    with pipeline.new_folder(target, replace_existing=False) as folder:
        folder.snapshot(*parts)

    assert (target / pipeline.SNAPSHOT / "manifest.json").is_file()


def test_large_tables_are_let_go_of_once_they_are_written(
    parts: Parts, slow: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = parts[0]
    grants = snapshot["grants"].to_pylist()
    monkeypatch.setattr(lazily, "MANY", len(grants) - 1)
    threading.Timer(0.2, slow.set).start()

    with pipeline.new_folder(tmp_path / "out", replace_existing=False) as folder:
        folder.snapshot(*parts)
        folder.let_go(snapshot)

        assert isinstance(snapshot["grants"], StoredTable)
        assert snapshot["grants"].to_pylist() == grants
        assert isinstance(snapshot["applications"], pa.Table)


def in_small_pieces(patch: pytest.MonkeyPatch) -> None:
    """As if everything were large: tables on disk, and a few rows looked at together."""
    patch.setattr(lazily, "MANY", 0)
    patch.setattr(spilled, "LARGE", -1)
    patch.setattr(edges, "_BLOCK", 50)
    patch.setattr(held, "_TOGETHER", 20)
    patch.setattr(ids, "_TOGETHER", 7)
    patch.setattr(steps, "_TOGETHER", 7)
    patch.setattr(legs, "_TOGETHER", 30)
    patch.setattr(legs, "_TOLD", 20)
    patch.setattr(legs, "_MANY", 0)
    patch.setattr(finding_tables, "_LEGS", 10)
    patch.setattr(report, "_FEW_BYTES", -1)


def report_of(parts: Parts, target: Path) -> Report:
    """The report of a run that lets go of what it can."""
    snapshot, config, ruleset = parts
    papers = pipeline.load_papers(config, ruleset)
    with pipeline.new_folder(target, replace_existing=False) as folder:
        folder.snapshot(*parts)
        folder.let_go(snapshot)
        judged = pipeline.judge(config, snapshot, ruleset, papers, compiled=snapshot.release)
        return pipeline.report_of(judged, config, run=RunFacts("1", "", "", "", {}))


def test_what_is_on_disk_gives_the_report_of_what_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(Path("samples/northbank/sod.yaml"))
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    expected = report_of((pipeline.import_exports(config), config, ruleset), tmp_path / "memory")
    in_small_pieces(monkeypatch)
    snapshot = pipeline.import_exports(config)

    found = report_of((snapshot, config, ruleset), tmp_path / "disk")

    assert isinstance(snapshot["identities"], StoredTable)
    assert found.findings_digest == expected.findings_digest
    assert found.numbers == expected.numbers
    assert set(found.tables) == set(expected.tables)
    for name, table in expected.tables.items():
        assert found.tables[name].to_pylist() == table.to_pylist(), name


def test_a_stored_snapshot_is_judged_alike_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(Path("samples/northbank/sod.yaml"))
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    expected = report_of((pipeline.import_exports(config), config, ruleset), tmp_path / "out")
    in_small_pieces(monkeypatch)
    monkeypatch.setattr(legs, "_MANY", 0)

    space = pipeline.open_workspace(tmp_path / "out", by_column=True)

    assert isinstance(space.snapshot["grants"], StoredTable)
    judged = pipeline.judge(
        space.config,
        space.snapshot,
        space.ruleset,
        space.papers,
        compiled=space.snapshot.release,
    )
    with pipeline.SpilledTables(tmp_path) as tables:
        found = pipeline.report_of(
            judged, space.config, run=RunFacts("1", "", "", "", {}), into=tables, last=True
        )
        assert written_out(found) == written_out(expected)
    with pytest.raises(RuntimeError, match="edges were let go of"):
        len(judged.analysis.judge.engine.edges.holder)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def written_out(report: Report) -> bytes:
    """The report as `findings.json` has it."""
    stream = BytesIO()
    canonical.REPORTER.render(report, stream)
    return stream.getvalue()


def test_nothing_is_let_go_of_that_was_not_written(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(snapshot: Snapshot, folder: Path) -> None:
        del snapshot
        raise StoreError(f"cannot write '{folder.name}': No space left on device")

    monkeypatch.setattr(folders, "write_snapshot", full)

    with pytest.raises(StoreError, match="No space left"):
        written(parts, tmp_path / "out", then=lambda folder: folder.let_go(parts[0]))
    assert isinstance(parts[0]["grants"], pa.Table)


def test_what_goes_wrong_with_the_snapshot_is_raised_at_the_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(snapshot: Snapshot, folder: Path) -> None:
        del snapshot
        time.sleep(0.1)
        raise StoreError(f"cannot write '{folder.name}': No space left on device")

    monkeypatch.setattr(folders, "write_snapshot", full)

    with pytest.raises(StoreError, match="No space left"):
        written(parts, tmp_path / "out", then=str)

    assert [path.name for path in tmp_path.iterdir() if path.name != "estate"] == []


def test_no_report_is_written_once_the_snapshot_has_failed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(snapshot: Snapshot, folder: Path) -> None:
        raise StoreError(f"cannot write {snapshot.name} to {folder}")

    monkeypatch.setattr(folders, "write_snapshot", full)
    reported: list[str] = []
    monkeypatch.setattr(folders, "write_reports", lambda *_, **__: reported.append("all"))

    def late(folder: pipeline.NewFolder) -> None:
        folder.join()
        folder.reports(cast("Report", None))

    with pytest.raises(StoreError, match="cannot write"):
        written(parts, tmp_path / "out", then=late)

    assert reported == []


def test_an_analysis_that_fails_waits_for_the_writer_and_leaves_nothing(
    parts: Parts, slow: threading.Event, tmp_path: Path
) -> None:
    threading.Timer(0.2, slow.set).start()

    with pytest.raises(ZeroDivisionError):
        written(parts, tmp_path / "out", then=fail)

    assert writers() == []
    assert [path.name for path in tmp_path.iterdir() if path.name != "estate"] == []


def test_a_failure_leaves_the_folder_that_was_there(parts: Parts, tmp_path: Path) -> None:
    target = tmp_path / "out"
    pipeline.write_import(*parts, target, replace_existing=False)

    with pytest.raises(ZeroDivisionError):
        written(parts, target, then=fail)

    assert pipeline.open_workspace(target).snapshot.digest == parts[0].digest


def test_one_folder_takes_one_snapshot(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="one snapshot"):
        written(parts, tmp_path / "out", then=lambda folder: folder.snapshot(*parts))
