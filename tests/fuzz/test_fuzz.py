"""Damaged documents get an answer or a located error, and whatever is neither is noticed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sod_analyzer import plugins
from sod_analyzer.errors import InputError, Problem, SourceRef
from sod_analyzer.model.batch import Batch, Importer, Raw, SourceSpec
from tests.fuzz import trial
from tests.fuzz.documents import AWS, IMPORTERS, Start, starts
from tests.fuzz.trial import attempt, damaged

EVERY = (*IMPORTERS, AWS)
PAST = Path(__file__).parent / "past"
#: For each of ten readers, so that there are two thousand in all.
COUNT = 200


@pytest.mark.slow
@pytest.mark.parametrize("importer", EVERY)
def test_damaged_documents_are_answered(tmp_path: Path, importer: str) -> None:
    known = starts(importer, None)

    failures = {}
    for seed in range(COUNT):
        start = known[seed % len(known)]
        outcome = attempt(importer, start, damaged(importer, start, seed), tmp_path / "source")
        if outcome.failure is not None:
            failures[seed, start.name] = outcome.failure

    assert failures == {}


@pytest.mark.parametrize("importer", EVERY)
def test_whole_documents_are_read(tmp_path: Path, importer: str) -> None:
    answers = {
        start.name: attempt(importer, start, start.files, tmp_path / "source")
        for start in starts(importer, None)
    }

    assert answers
    assert {name: each for name, each in answers.items() if each.answer != "read"} == {}


def past() -> list[Path]:
    """Folders of what failed once: importer, whole document, what it was."""
    return sorted(folder for folder in PAST.glob("*/*/*") if folder.is_dir())


@pytest.mark.parametrize("folder", past(), ids=lambda folder: folder.name)
def test_what_failed_once_is_answered(tmp_path: Path, folder: Path) -> None:
    importer, name = folder.parts[-3:-1]
    (start,) = (start for start in starts(importer, None) if start.name == name)
    files = {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }

    assert files
    assert attempt(importer, start, files, tmp_path / "source").failure is None


@pytest.mark.parametrize("importer", EVERY)
def test_a_seed_gives_the_same_damage(importer: str) -> None:
    start = starts(importer, None)[0]

    made = [damaged(importer, start, seed) for seed in range(20)]

    if importer != "parquet":  # its writer may say when and by what it wrote
        assert made == [damaged(importer, start, seed) for seed in range(20)]
    assert sum(files != start.files for files in made) > 10


@dataclass
class _Odd:
    """The CSV importer, but for one fault."""

    fault: str
    inner: Importer
    name: str = "csv"

    @property
    def options(self) -> type[object]:
        return self.inner.options

    def fetch(self, spec: SourceSpec) -> Raw:
        if self.fault == "no place":
            raise InputError("something is wrong")
        if self.fault == "place":
            raise InputError(Problem("something is wrong", SourceRef("a.csv", 1)))
        return self.inner.fetch(spec)

    def parse(self, raw: Raw) -> Iterator[Batch]:
        if self.fault == "crash":
            raise KeyError("account")
        if self.fault == "hang":
            time.sleep(5)
        for batch in self.inner.parse(raw):
            tables = dict(batch.tables)
            if self.fault == "loses rows":
                column = tables["sources"].column("parsed")
                place = tables["sources"].schema.get_field_index("parsed")
                less = [value.as_py() - 1 for value in column]
                tables["sources"] = tables["sources"].set_column(
                    place, tables["sources"].schema.field(place), [less]
                )
            if self.fault == "silent":
                tables["issues"] = tables["issues"].slice(0, 0)
            yield replace(batch, tables=tables)


@pytest.mark.parametrize(
    ("fault", "answer", "told"),
    [
        ("none", "read", ""),
        ("place", "refused", ""),
        ("no place", "failed", "without a place"),
        ("crash", "failed", "KeyError: 'account'"),
        ("hang", "failed", "took more than"),
        ("loses rows", "failed", "is not parsed"),
    ],
)
def test_a_fault_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, answer: str, told: str
) -> None:
    start = _watch(monkeypatch, fault)

    outcome = attempt("csv", start, start.files, tmp_path / "source")

    assert (outcome.answer, told in (outcome.failure or "")) == (answer, True)


def test_a_file_that_fails_in_silence_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = _watch(monkeypatch, "silent")
    empty: Mapping[str, bytes] = dict.fromkeys(start.files, b"\x00\xff" * 50)

    outcome = attempt("csv", start, empty, tmp_path / "source")

    assert "and no issue says so" in (outcome.failure or "")


def _watch(monkeypatch: pytest.MonkeyPatch, fault: str) -> Start:
    odd = _Odd(fault, plugins.importer("csv", builtin_only=True))
    monkeypatch.setattr(trial, "_importer", lambda name: odd)
    if fault == "hang":
        monkeypatch.setattr(trial, "SECONDS", 0.3)
    return starts("csv", None)[0]
