"""Every planted mistake gets a message with file and line that names the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.mistakes_asking import DUTIES, IMPORTS, RULES
from tests.rules.mistakes_bench import STAGES, Mistake, right, told
from tests.rules.mistakes_linting import OF_RULESETS
from tests.rules.mistakes_loading import LOADING
from tests.rules.mistakes_standing import (
    OF_APPROVALS,
    OF_CASES,
    OF_THE_CATALOGUE,
    OF_THE_REGISTER,
    OF_WHO_HOLDS_WHAT,
)

MISTAKES: tuple[Mistake, ...] = (
    *LOADING,
    *DUTIES,
    *RULES,
    *IMPORTS,
    *OF_RULESETS,
    *OF_CASES,
    *OF_THE_REGISTER,
    *OF_WHO_HOLDS_WHAT,
    *OF_APPROVALS,
    *OF_THE_CATALOGUE,
)


@pytest.mark.parametrize("stage", STAGES)
def test_of_a_bank_in_order_no_stage_says_anything(tmp_path: Path, stage: str) -> None:
    assert told(tmp_path, right(stage)) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_gets_one_message_where_it_stands(tmp_path: Path, mistake: Mistake) -> None:
    messages = told(tmp_path, mistake)

    begin = f"{mistake.told_of or mistake.file}:{line_of(tmp_path, mistake)}: "
    found = [
        (text, code)
        for text, code in messages
        if text.startswith(begin) and all(word in text for word in mistake.words)
    ]
    assert [code for _, code in found] == [mistake.code or ""], (begin, messages)
    assert len(messages) == 1 + mistake.also, messages


def line_of(folder: Path, mistake: Mistake) -> int:
    """The line in which the one text stands that the mistake is told by."""
    path = folder / (mistake.told_of or mistake.file)
    text = path.read_bytes().decode("utf-8", errors="surrogateescape")
    assert text.count(mistake.at) == 1, f"{mistake.at!r} stands {text.count(mistake.at)} times"
    start = text.index(mistake.at) + len(mistake.at) - len(mistake.at.lstrip("\n"))
    return text.count("\n", 0, start) + 1


def test_there_are_many_kinds_of_mistakes() -> None:
    names = [mistake.name for mistake in MISTAKES]

    assert len(set(names)) == len(names) >= 100
