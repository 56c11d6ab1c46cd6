"""The page about mitigations: its examples load, and it explains every key, standing and state."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from sod_analyzer.model.mitigation import Standing
from sod_analyzer.rules.approvals import ApprovalState, What, load_approvals
from sod_analyzer.rules.frequency import FREQUENCIES
from sod_analyzer.rules.pins import load_pins
from sod_analyzer.rules.register import load_register
from sod_analyzer.rules.register_entries import KEYS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "mitigations.md").read_text(encoding="utf-8")
REGISTER, PINS, INDEX = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def explained() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))


def test_the_page_shows_a_register_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "mitigations.yaml"
    path.write_text(REGISTER, encoding="utf-8")

    found = load_register(path).mitigations

    assert [(m.mitigation_id, m.subject_key, m.place) for m in found] == [
        ("M-001", "E1001", "payments"),
        ("M-001", "E1002", "payments"),
        ("M-002", "lending", "lending"),
        ("M-002", "payments", "payments"),
    ]


def test_the_page_shows_pins_that_fit_their_digest_and_the_register(tmp_path: Path) -> None:
    (tmp_path / "pins.yaml").write_text(PINS, encoding="utf-8")
    (tmp_path / "mitigations.yaml").write_text(REGISTER, encoding="utf-8")

    pins = load_pins(tmp_path / "pins.yaml")
    found = load_register(tmp_path / "mitigations.yaml", pins=pins).mitigations

    assert [m.subject_key for m in found if m.pin] == ["E1001"]


def test_the_page_shows_an_index_that_loads(tmp_path: Path) -> None:
    (tmp_path / "approvals.yaml").write_text(INDEX, encoding="utf-8")

    found = load_approvals(tmp_path).approved[What.CATALOGUE]

    assert (found.by, found.on, found.meaning) == (
        "Change Advisory Board",
        date(2026, 10, 1),
        None,
    )


@pytest.mark.parametrize("words", [KEYS, tuple(Standing), tuple(What)])
def test_everything_that_can_be_written_or_printed_has_a_line(words: tuple[str, ...]) -> None:
    assert {str(word) for word in words} - explained() == set()


@pytest.mark.parametrize("word", [*FREQUENCIES, ApprovalState.APPROVED, ApprovalState.CHANGED])
def test_every_word_is_named(word: str) -> None:
    assert word in PAGE
