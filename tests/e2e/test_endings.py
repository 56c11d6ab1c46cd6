"""How a command ends: quietly when its reader leaves, clearly when a folder is damaged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import Ran
from tests.e2e.shell import cold_sod, command, plain, sod

COUNT_THREADS = """
import os, sys, time
from pathlib import Path
from sod_analyzer.store import read_snapshot
before = len(os.listdir("/proc/self/task"))
read_snapshot(Path(sys.argv[1]))
# A thread that was joined is gone a moment later.
until = time.monotonic() + 10
while len(os.listdir("/proc/self/task")) > before and time.monotonic() < until:
    time.sleep(0.01)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.parametrize(
    "question",
    [
        ("who-can", "commit", "--format", "json"),
        ("access", "002422", "--format", "csv"),
        ("explain", "F-37ea3ef2f643"),
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves_early_is_no_error(northbank: Ran, question: tuple[str, ...]) -> None:
    with subprocess.Popen(
        command(*question, "--in", northbank.folder),
        cwd=ROOT,
        env={**plain(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    code = process.wait()

    assert code in {0, 1, 4}, err
    for word in ("Traceback", "BrokenPipe", "Exception ignored", "error", "terminate"):
        assert word not in err, err


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_reading_a_snapshot_leaves_no_thread_that_could_abort_the_exit(northbank: Ran) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS, str(northbank.folder / "snapshot")],
        cwd=ROOT,
        env=plain(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert done.stdout == "0\n"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def _edit_ruleset(folder: Path) -> None:
    path = folder / "settings" / "ruleset.yaml"
    path.write_text(path.read_text("utf-8").replace("severity: high", "severity: low"), "utf-8")


def _accept_a_gap(folder: Path) -> None:
    path = folder / "settings" / "sod.yaml"
    gap = "{gap: unmatched-account:ldap-north, owner: Me, reason: none, until: 2099-01-01}"
    path.write_text(f"{path.read_text('utf-8')}accepted_gaps: [{gap}]\n", "utf-8")


def _other_schema(folder: Path) -> None:
    path = folder / "snapshot" / "manifest.json"
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**told, "schema_version": 999}), "utf-8")


DAMAGES: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "table cut short": (
        lambda f: _cut(f / "snapshot" / "grants.parquet"),
        1,
        "snapshot/grants.parquet: the file is damaged or was changed",
    ),
    "table missing": (
        lambda f: (f / "snapshot" / "nodes.parquet").unlink(),
        1,
        "snapshot/nodes.parquet: No such file or directory",
    ),
    "manifest missing": (
        lambda f: (f / "snapshot" / "manifest.json").unlink(),
        1,
        "snapshot' holds no snapshot (it has no manifest.json)",
    ),
    "manifest cut short": (
        lambda f: _cut(f / "snapshot" / "manifest.json"),
        1,
        "snapshot/manifest.json: this is no manifest of a snapshot",
    ),
    "manifest of a later version": (_other_schema, 1, "schema version 999"),
    "snapshot missing": (
        lambda f: shutil.rmtree(f / "snapshot"),
        1,
        "no snapshot at",
    ),
    "settings missing": (
        lambda f: shutil.rmtree(f / "settings"),
        1,
        "holds no snapshot; write one with `sod import` or `sod run`",
    ),
    "ruleset copy edited": (
        _edit_ruleset,
        1,
        "settings/ruleset.yaml: the file was changed since it was written; run 'sod import' again",
    ),
    "accepted gaps added to the copy": (
        _accept_a_gap,
        1,
        "settings/sod.yaml: the file was changed since it was written",
    ),
    "ruleset copy missing": (
        lambda f: (f / "settings" / "ruleset.yaml").unlink(),
        1,
        "settings/ruleset.yaml: No such file or directory",
    ),
}


@pytest.mark.parametrize(("damage", "code", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_named_and_answers_nothing(
    northbank: Ran, tmp_path: Path, damage: Callable[[Path], object], code: int, message: str
) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(northbank.folder, folder)
    damage(folder)

    for question in (("who-can", "deploy"), ("analyze",)):
        said = sod(*question, "--in", folder, cwd=tmp_path)

        assert (code, "") == (said.code, said.out), said
        assert message in said.err


def test_findings_that_are_damaged_or_missing_are_named(northbank: Ran, tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(northbank.folder, folder)
    _cut(folder / "findings.json")

    damaged = sod("report", "--in", folder, cwd=tmp_path)
    (folder / "findings.json").unlink()
    missing = sod("report", "--in", folder, cwd=tmp_path)

    assert damaged.code == 1
    assert "findings.json" in damaged.err
    assert missing.code == 1
    assert "findings.json is not there; write it with `sod analyze`" in missing.err


@pytest.mark.slow
def test_no_exit_aborts_however_often_it_is_tried(northbank: Ran, tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(northbank.folder, folder)
    _cut(folder / "snapshot" / "systems.parquet")

    for _ in range(15):
        failed = cold_sod("who-can", "deploy", "--in", folder, cwd=tmp_path)
        answered = cold_sod("who-can", "deploy", "--in", northbank.folder, cwd=tmp_path)

        assert (failed.code, answered.code) == (1, 4)
        assert os.linesep not in failed.err.strip()
