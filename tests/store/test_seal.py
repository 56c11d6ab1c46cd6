from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sod_analyzer.errors import StoreError
from sod_analyzer.store import SUMS, check_seal, seal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed folder of two files."""
    (tmp_path / "a.txt").write_text("one", encoding="utf-8")
    (tmp_path / "b c.txt").write_text("two", encoding="utf-8")
    seal(tmp_path)
    return tmp_path


def test_an_untouched_folder_passes(folder: Path) -> None:
    check_seal(folder, again="again")


def test_the_seal_is_what_other_tools_check(folder: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    done = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder, check=False)

    assert done.returncode == 0


def test_sealing_twice_changes_nothing(folder: Path) -> None:
    before = (folder / SUMS).read_bytes()

    seal(folder)

    assert before == (folder / SUMS).read_bytes()


def test_every_changed_or_missing_file_is_named(folder: Path) -> None:
    (folder / "a.txt").write_text("three", encoding="utf-8")
    (folder / "b c.txt").unlink()

    with pytest.raises(StoreError) as caught:
        check_seal(folder, again="run it again")

    changed, missing = str(caught.value).splitlines()
    assert changed.endswith("a.txt: the file was changed since it was written; run it again")
    assert missing.endswith("b c.txt: No such file or directory; run it again")


@pytest.mark.parametrize("text", ["", "nonsense\n", "0" * 64 + "  ../up.txt\n", "\udcff\n"])
def test_a_seal_that_is_none_passes_nothing(folder: Path, text: str) -> None:
    (folder / SUMS).write_text(text, encoding="utf-8", errors="surrogateescape")

    with pytest.raises(StoreError, match="this is no list of hashes"):
        check_seal(folder, again="again")


def test_a_folder_without_a_seal_passes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="SHA256SUMS: No such file or directory"):
        check_seal(tmp_path, again="again")
