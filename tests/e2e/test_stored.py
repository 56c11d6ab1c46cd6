"""What an analysis stores for questions changes no answer, and is never used for another one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer import pipeline, store
from sod_analyzer.compose.questions import Question
from sod_analyzer.errors import StoreError
from sod_analyzer.graph.edges import Edges
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline import folders, stored
from sod_analyzer.pipeline.duties import duty_told, told_duty
from sod_analyzer.rules import builtin_rulesets, load_ruleset
from tests.e2e.conftest import Ran
from tests.e2e.estate import RULES, Estate
from tests.e2e.shell import sod

QUESTIONS = (
    Question("deploy"),
    Question("deploy", application="payments"),
    Question("administer-access"),
    Question("kubernetes:get secrets"),
)


@pytest.fixture
def bank(northbank: Ran, tmp_path: Path) -> Path:
    """The sample bank, to be changed."""
    return shutil.copytree(northbank.folder, tmp_path / "bank")


def answers(space: pipeline.Space, question: Question, basis: pipeline.Basis) -> list[Any]:
    asker = pipeline.ask(space, question, basis=basis)
    people = list(space.snapshot.ranges[NodeKind.IDENTITY])[::7]
    return [list(asker.who_can().rows), asker.caveats(), *(asker.can(code) for code in people)]


def test_a_question_finds_what_was_stored(northbank: Ran) -> None:
    basis = pipeline.basis_of(pipeline.Space(northbank.folder))

    assert basis.notes == ()
    assert not basis.packed.target.flags.writeable


def test_what_is_stored_answers_as_what_is_computed(northbank: Ran, bank: Path) -> None:
    shutil.rmtree(bank / stored.REACH)
    here, there = pipeline.Space(northbank.folder), pipeline.Space(bank)
    found, computed = pipeline.basis_of(here), pipeline.basis_of(there)

    assert computed.notes == (
        "no reach is stored here, so it was computed; 'sod analyze' stores it",
    )
    assert found.verdict == computed.verdict
    assert found.duties.duties == computed.duties.duties
    for question in QUESTIONS:
        assert answers(here, question, found) == answers(there, question, computed)
    who = here.snapshot.id_of(0)
    assert pipeline.access_of(here, who, found) == pipeline.access_of(there, who, computed)


def test_another_day_is_computed_and_said(bank: Path) -> None:
    space = pipeline.Space(bank)
    day = space.snapshot.as_of - timedelta(days=1)

    basis = pipeline.basis_of(space, as_of=day)

    assert basis.as_of == basis.packed.as_of == day
    assert basis.notes == ("the reach stored here is of another day, so it was computed anew",)
    said = sod("who-can", "deploy", "--as-of", day.isoformat(), "--in", bank, cwd=bank)
    assert "note: the reach stored here is of another day" in said.err


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [("snapshot", "0" * 64, "snapshot"), ("tool", "0.0.0", "version"), ("words", {}, "version")],
)
def test_what_is_of_something_else_is_not_used(bank: Path, key: str, value: Any, word: str) -> None:
    retold(bank, **{key: value})

    basis = pipeline.basis_of(pipeline.Space(bank))

    assert basis.notes == (f"the reach stored here is of another {word}, so it was computed anew",)


@pytest.mark.parametrize(("key", "word"), [("settings", "settings"), ("own", "rules")])
def test_a_verdict_under_other_rules_or_settings_is_computed(
    northbank: Ran, bank: Path, key: str, word: str
) -> None:
    """The edges are used, since they rest on neither."""
    verdict = pipeline.basis_of(pipeline.Space(northbank.folder)).verdict
    retold(bank, **{key: None, "unknown_systems": ["core"]})

    basis = pipeline.basis_of(pipeline.Space(bank))

    (note,) = basis.notes
    assert note.startswith(f"the verdict on the input stored here is of other {word}")
    assert basis.verdict == verdict


def retold(bank: Path, **said: Any) -> None:
    """Store the same arrays with something else said of them."""
    found = store.arrays.read_arrays(bank / stored.REACH)
    assert found is not None
    arrays = {name: array.copy() for name, array in found.arrays.items()}
    store.arrays.write_arrays(bank / stored.REACH, arrays, {**found.about, **said})


def changed(bank: Path, **arrays: Any) -> None:
    """Store what nobody would, with hashes that are right."""
    found = store.arrays.read_arrays(bank / stored.REACH)
    assert found is not None
    every = {name: array.copy() for name, array in found.arrays.items()}
    for name, change in arrays.items():
        every[name] = change(every[name])
    kept = {name: array for name, array in every.items() if array is not None}
    store.arrays.write_arrays(bank / stored.REACH, kept, found.about)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"target": lambda a: a + a.max()}, "names what does not exist"),
        ({"target": lambda a: a - a.max()}, "names what does not exist"),
        ({"kind": lambda a: a + 100}, "names what does not exist"),
        ({"target": lambda a: a[:-1]}, "do not belong together"),
        ({"flags": lambda a: a[1:]}, "do not belong together"),
        ({"leaving": lambda a: a[::-1].copy()}, "do not belong together"),
        ({"leaving": lambda a: a[1:]}, "another number of nodes"),
        ({"target": lambda a: a.astype("int64")}, "wrong types"),
        ({"target": lambda _: None}, "are not those of edges"),
    ],
)
def test_arrays_that_cannot_be_edges_are_refused(
    bank: Path, change: dict[str, Callable[[Any], Any]], why: str
) -> None:
    changed(bank, **change)

    with pytest.raises(StoreError, match=why):
        pipeline.basis_of(pipeline.Space(bank))


@pytest.mark.parametrize("name", ["target.npy", "flags.npy", "manifest.json"])
def test_a_damaged_file_is_named(bank: Path, name: str) -> None:
    path = bank / stored.REACH / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"2026", b"2025", 1) if b"2026" in content else content[:-1])

    said = sod("who-can", "deploy", "--in", bank, cwd=bank)

    assert said.code == 1
    assert f"{stored.REACH}/{name}" in said.err


def test_analyze_by_other_rules_replaces_what_is_stored(estate: Estate) -> None:
    sod("run", cwd=estate.folder)
    out = estate.folder / "out"
    before = (out / stored.REACH / "manifest.json").read_bytes()
    other = estate.folder / "other.yaml"
    other.write_text(RULES.replace("title: Grant access", "title: Give access"), encoding="utf-8")

    sod("analyze", "--rules", other, "--in", out, cwd=estate.folder)

    assert (out / stored.REACH / "manifest.json").read_bytes() != before
    asked = sod("who-can", "deploy", "--rules", other, "--in", out, cwd=estate.folder)
    assert "note:" not in asked.err
    own = sod("who-can", "deploy", "--in", out, cwd=estate.folder)
    assert "note: the verdict on the input stored here is of other rules" in own.err
    assert asked.out == own.out
    sod("analyze", "--in", out, cwd=estate.folder)
    assert (out / stored.REACH / "manifest.json").read_bytes() == before


def test_an_import_is_enough_to_ask(estate: Estate) -> None:
    sod("import", cwd=estate.folder)

    said = sod("who-can", "deploy", "--in", estate.folder / "out", cwd=estate.folder)

    assert said.code == 0
    assert "Ann Lee" in said.out
    assert "note:" not in said.err


def test_nothing_is_left_when_what_questions_need_cannot_be_written(
    northbank: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, *_: object) -> None:
        raise StoreError(f"cannot write '{folder.name}': No space left on device")

    space = pipeline.open_workspace(northbank.folder)
    monkeypatch.setattr(folders, "write_reach", full)

    with pytest.raises(StoreError, match="No space left"):
        pipeline.write_import(
            space.snapshot, space.config, space.ruleset, tmp_path / "out", replace_existing=False
        )

    assert list(tmp_path.iterdir()) == []


def test_edges_that_are_not_all_there_are_not_stored(bank: Path) -> None:
    space = pipeline.open_workspace(bank)
    basis = pipeline.basis_of(pipeline.Space(bank))
    shutil.rmtree(bank / stored.REACH)
    some: Edges = basis.packed.only(basis.packed.onward(0), space.snapshot)

    stored.write_reach(bank, some, space.ruleset, basis.verdict)

    assert not (bank / stored.REACH).exists()


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_duties_are_told_and_read_again(name: str) -> None:
    ruleset: Ruleset = load_ruleset(builtin_rulesets()[name])

    for duty in ruleset.duties:
        told = json.loads(json.dumps(told_duty(duty)))
        assert duty_told(told) == duty
        assert asdict(duty_told(told))["title"] == duty.title


@pytest.mark.parametrize("said", [{}, {"duty_id": 3}, [], {"ways": None}])
def test_what_is_no_duty_is_refused(said: Any) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        duty_told(said)
