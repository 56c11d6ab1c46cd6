"""docs/identity.md names every method, outcome and issue."""

from __future__ import annotations

import re

import pytest

from sod_analyzer.model.access import LinkOutcome, MatchMethod
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "sod_analyzer" / "identity").glob("*.py"))
]


@pytest.mark.parametrize("word", [*LinkOutcome, *(set(MatchMethod) - {MatchMethod.NONE})])
def test_every_method_and_outcome_is_documented(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_every_issue_is_documented() -> None:
    found = {
        kind
        for source in SOURCES
        for kind in re.findall(r'^\s+(?:kind=)?"([a-z]+(?:-[a-z]+)+)",$', source, re.MULTILINE)
    }
    found |= {
        kind for source in SOURCES for kind in re.findall(r'account, "([a-z-]+)", text', source)
    }

    assert {"undecided-link", "group-without-members", "incomplete-alias"} <= found
    assert [kind for kind in sorted(found) if f"`{kind}`" not in TEXT] == []
