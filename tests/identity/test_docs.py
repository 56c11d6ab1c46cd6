"""docs/identity.md names every method and outcome."""

from __future__ import annotations

import pytest

from sod_analyzer.model.access import LinkOutcome, MatchMethod
from tests.conftest import ROOT

WORDS = sorted({*LinkOutcome, *MatchMethod} - {MatchMethod.NONE})


@pytest.mark.parametrize("word", WORDS)
def test_every_method_and_outcome_is_documented(word: str) -> None:
    text = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")

    assert f"`{word}`" in text
