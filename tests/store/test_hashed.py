"""Files are hashed once, beside other work or by whoever asks, and read as what was hashed."""

from __future__ import annotations

import hashlib
import mmap
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.store import hashed
from sod_analyzer.store.hashed import Ahead, Hashed, hash_of
from tests.conftest import ROOT


@given(content=st.binary(max_size=40), piece=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_a_hash_is_that_of_all_bytes(
    content: bytes, piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("file") / "file"
    path.write_bytes(content)
    before, hashed._PIECE = hashed._PIECE, piece
    file = Hashed(path)
    try:
        stream, found = file.open()
    finally:
        hashed._PIECE = before

    assert found == hashlib.sha256(content).hexdigest()
    assert stream.read() == content


def test_a_file_is_hashed_once_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name, encoding="utf-8")
    asked: list[str] = []

    def counted(stream: BinaryIO, room: mmap.mmap | None = None) -> str:
        asked.append(Path(stream.name).name)
        return hash_of(stream, room)

    monkeypatch.setattr(hashed, "hash_of", counted)
    ahead = Ahead([tmp_path / "a", tmp_path / "b"])

    told = {name: ahead.file(tmp_path / name).open() for name in "cbaab"}

    assert sorted(asked) == ["a", "b", "c"]
    assert {name: found for name, (_, found) in told.items()} == {
        name: hashlib.sha256(name.encode()).hexdigest() for name in "abc"
    }


def test_what_is_read_is_what_was_hashed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    file = Ahead([path]).file(path)
    file.hash()
    (tmp_path / "other").write_bytes(b"after")
    (tmp_path / "other").replace(path)

    stream, found = file.open()

    assert stream.read() == b"before"
    assert found == hashlib.sha256(b"before").hexdigest()


def test_a_file_that_is_not_there_is_told_to_whoever_opens_it(tmp_path: Path) -> None:
    ahead = Ahead([tmp_path / "none"])

    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            ahead.file(tmp_path / "none").open()


def test_hashing_begins_before_arrow_is_loaded() -> None:
    code = """
import sys
from sod_analyzer.pipeline.ahead import look_ahead
print(sorted({"numpy", "pyarrow"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)

    assert ran.stdout.decode().strip() == "[]"
