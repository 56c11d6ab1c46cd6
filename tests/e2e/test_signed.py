"""From a register and a ruleset that nobody signed to papers that say what changed since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.shell import Said, sod

GROUP = ROOT / "samples" / "finance"


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """The sample group of companies, in a folder of its own, run once."""
    folder = tmp_path / "group"
    shutil.copytree(GROUP, folder)
    return folder


def run(folder: Path, *further: str) -> dict[str, Any]:
    """What `sod run` prints and what it wrote as findings."""
    said = sod(
        "run", "--config", "sod.yaml", "--out", "out", "--force", "--format", "json", *further,
        cwd=folder,
    )  # fmt: skip
    assert said.code in {0, 4}, said.err
    told: dict[str, Any] = json.loads(said.out)
    return {**told, "said": said.err}


def analyzed(folder: Path) -> dict[str, Any]:
    """What `sod analyze` says of the folder that was written."""
    said = sod("analyze", "--in", "out", "--format", "json", cwd=folder)
    told: dict[str, Any] = json.loads(said.out)
    return told


def states(folder: Path) -> dict[str, tuple[str, str | None]]:
    """What was approved, as the findings file has it: state, and what changed."""
    found = json.loads((folder / "out" / "findings.json").read_text(encoding="utf-8"))
    table = found["context"]["tables"]["approvals"]
    return dict(zip(table["what"], zip(table["state"], table["changes"], strict=True), strict=True))


def approve(folder: Path, *what: str) -> Said:
    """Everything that is named, approved by the board."""
    return sod(
        "rules", "approve", *what, "--by", "Audit board", "--on", "2026-10-30",
        "--config", "sod.yaml", "--in", "out", cwd=folder,
    )  # fmt: skip


def test_nothing_excuses_until_it_is_approved_and_then_exactly_what_was(group: Path) -> None:
    before = run(group)
    said = approve(group)
    after = run(group)

    assert said.code == 0, said.err
    assert before["numbers"]["mitigated"] == 0
    assert after["numbers"]["mitigated"] == 1
    assert after["numbers"]["violations"] == before["numbers"]["violations"] - 1
    assert {state for state, _ in states(group).values()} == {"approved"}


def test_a_changed_rule_is_told_with_what_changed_in_it(group: Path) -> None:
    run(group)
    approve(group)
    path = group / "catalogue.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("CFO Northern", "Somebody new"),
        encoding="utf-8",
    )

    run(group)

    found = states(group)
    assert found["ruleset"] == ("approved", None)
    state, changes = found["catalogue"]
    assert state == "changed since approval"
    assert changes is not None
    assert "Somebody new" in changes


def test_a_written_folder_says_the_same_without_the_files_it_was_told_by(group: Path) -> None:
    run(group)
    approve(group)
    told = run(group)
    for name in ("rules.yaml", "mitigations.yaml", "catalogue.yaml"):
        (group / name).unlink()
    shutil.rmtree(group / "approvals")

    again = analyzed(group)

    assert again["findings_digest"] == told["findings_digest"]
    assert again["numbers"] == told["numbers"]


def test_pins_that_somebody_wrote_by_hand_are_refused(group: Path) -> None:
    run(group)
    approve(group)
    path = group / "approvals" / "pins.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("held, sure", "held, conditional"), encoding="utf-8")

    said = sod("run", "--config", "sod.yaml", "--out", "out", "--force", cwd=group)

    assert said.code == 2
    assert "approvals/pins.yaml:" in said.err
    assert "changed by hand" in said.err
