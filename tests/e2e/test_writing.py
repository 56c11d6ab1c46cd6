"""A report's files are written two at a time, and each of them whole or not at all."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from sod_analyzer.model.finding import Report, Reporter
from sod_analyzer.pipeline.writing import Writing
from tests.report.bank import clean

_LONG = 30


@dataclass
class Told:
    """What a terminal was told."""

    texts: list[str] = field(default_factory=list)

    def __call__(self, text: str, /) -> None:
        self.texts.append(text)

    def of(self, total: int | None, *, unit: str) -> None:
        """Nothing is counted."""

    def advance(self, count: int = 1) -> None:
        """Nothing is counted."""


@dataclass
class Plain:
    """Writes its name, and remembers the thread that asked it to."""

    filename: str
    thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        return self.filename

    def render(self, report: Report, stream: BinaryIO) -> None:
        self.thread = threading.current_thread()
        stream.write(f"{self.filename} {report.findings_digest}".encode())


@dataclass
class Beside(Plain):
    """The same, beside others: once so many of its kind, or `meets`, are at it."""

    meets: threading.Barrier | None = None
    beside: bool = True

    def render(self, report: Report, stream: BinaryIO) -> None:
        if self.meets is not None:
            self.meets.wait(_LONG)
        super().render(report, stream)


@dataclass
class Meeting(Plain):
    """A reporter that waits, and does not say that it can be beside others."""

    meets: threading.Barrier | None = None

    def render(self, report: Report, stream: BinaryIO) -> None:
        assert self.meets is not None
        self.meets.wait(_LONG)
        super().render(report, stream)


class Broken(Beside):
    """Writes something and gives up."""

    def render(self, report: Report, stream: BinaryIO) -> None:
        super().render(report, stream)
        raise IndexError("no such row")


def written(folder: Path, *reporters: Reporter) -> Told:
    told = Told()
    Writing(clean(), folder, told).write(reporters)
    return told


def test_every_file_is_written(tmp_path: Path) -> None:
    reporters = [Beside("a"), Plain("b"), Beside("c"), Plain("d"), Beside("e")]

    told = written(tmp_path, *reporters)

    expected = {each.filename: f"{each.filename} {clean().findings_digest}" for each in reporters}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == expected
    assert sorted(told.texts) == [f"writing {name}" for name in "abcde"]


def test_nothing_to_write_is_nothing_written(tmp_path: Path) -> None:
    assert written(tmp_path).texts == []
    assert list(tmp_path.iterdir()) == []


def test_two_are_written_at_the_same_time(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    # Neither goes on before the other has begun.
    written(tmp_path, Beside("a", meets=both), Beside("b", meets=both))

    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_says_nothing_is_written_by_whoever_asked(tmp_path: Path) -> None:
    both = threading.Barrier(2)
    alone = [Meeting("a", meets=both), Plain("b"), Plain("c")]
    further = Beside("d", meets=both)

    written(tmp_path, *alone, further)

    assert {each.thread for each in alone} == {threading.main_thread()}
    assert further.thread is not threading.main_thread()


@pytest.mark.parametrize("names", [("broken",), ("a", "broken", "b"), ("broken", "a", "b", "c")])
def test_a_file_that_cannot_be_written_is_said_and_not_there(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    reporters = [Broken(name) if name == "broken" else Beside(name) for name in names]

    with pytest.raises(IndexError, match="no such row"):
        written(tmp_path, *reporters)

    left = {path.name for path in tmp_path.iterdir()}
    assert left <= set(names) - {"broken"}


def test_what_fails_first_ends_the_others(tmp_path: Path) -> None:
    class Wrong(Plain):
        def render(self, report: Report, stream: BinaryIO) -> None:
            raise ZeroDivisionError(f"{report.name} {stream}")

    go_on = threading.Event()

    class Slow(Beside):
        def render(self, report: Report, stream: BinaryIO) -> None:
            assert go_on.wait(_LONG)
            super().render(report, stream)

    never = Beside("never")
    threading.Timer(0.2, go_on.set).start()

    with pytest.raises(ZeroDivisionError):
        written(tmp_path, Slow("slow"), never, Wrong("wrong"))

    # What was being written is finished, and nothing more is begun.
    assert {path.name for path in tmp_path.iterdir()} <= {"slow"}
    assert never.thread is None


def test_nothing_more_is_begun_once_another_thread_has_failed(tmp_path: Path) -> None:
    failed = threading.Event()

    class Failing(Broken):
        def render(self, report: Report, stream: BinaryIO) -> None:
            threading.Timer(0.2, failed.set).start()
            super().render(report, stream)

    class Waiting(Plain):
        def render(self, report: Report, stream: BinaryIO) -> None:
            assert failed.wait(_LONG)
            super().render(report, stream)

    never = Plain("never")

    with pytest.raises(IndexError, match="no such row"):
        written(tmp_path, Failing("failing"), Waiting("waiting"), never)

    assert never.thread is None
