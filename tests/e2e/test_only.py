"""A run, and a report, write the files that they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.estate import Estate
from tests.e2e.shell import sod


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_a_run_writes_only_the_files_of_the_reporters_named(estate: Estate) -> None:
    every = sod("run", cwd=estate.folder)
    only = ("--only", "findings-csv", "--only", "paths-csv", "--only", "findings-csv")

    some = sod("run", *only, "--out", "some", cwd=estate.folder)

    assert (every.code, some.code) == (0, 0)
    assert every.out == some.out
    assert files(estate.folder / "some") == {"findings.csv", "paths.csv"}
    assert [line for line in some.err.splitlines() if line.startswith("wrote ")] == [
        "wrote some/findings.csv",
        "wrote some/paths.csv",
    ]
    for name in ("findings.csv", "paths.csv", "snapshot/manifest.json", "settings/SHA256SUMS"):
        one, other = estate.folder / "out" / name, estate.folder / "some" / name
        assert one.read_bytes() == other.read_bytes(), name


def test_what_was_left_out_can_be_written_after_an_analysis(estate: Estate) -> None:
    sod("run", "--only", "paths-csv", cwd=estate.folder)

    before = sod("report", "--only", "findings-csv", cwd=estate.folder)
    sod("analyze", cwd=estate.folder)
    after = sod("report", "--only", "findings-csv", cwd=estate.folder)

    assert before.code == 1
    assert "write it with `sod analyze`" in before.err
    assert (after.code, after.out) == (0, f"{(estate.folder / 'out/findings.csv').as_posix()}\n")
    assert files(estate.folder / "out") == {"paths.csv", "findings.json", "findings.csv"}


@pytest.mark.parametrize("command", ["run", "report"])
def test_an_unknown_reporter_is_a_usage_error_that_names_those_there_are(
    estate: Estate, command: str
) -> None:
    if command == "report":
        sod("run", cwd=estate.folder)

    said = sod(command, "--only", "html", "--only", "pdf", "--only", "xls", cwd=estate.folder)

    assert said.code == 2
    known = "findings-csv, findings-json, html, paths-csv, workbook"
    assert f"no reporter is called 'pdf'; there are {known}" in said.err
    assert f"no reporter is called 'xls'; there are {known}" in said.err
    # Said before the work, not after it.
    assert (estate.folder / "out").exists() == (command == "report")
