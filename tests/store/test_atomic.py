"""Files and folders appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.errors import StoreError
from sod_analyzer.store import atomic_file, atomic_folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def fill(target: Path, text: str, *, replace: bool = False, marker: str | None = None) -> None:
    with atomic_folder(target, replace=replace, marker=marker) as folder:
        (folder / "mark").write_text(text, encoding="utf-8")


def test_a_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"

    with atomic_folder(target, replace=False) as folder:
        (folder / "a").write_text("x", encoding="utf-8")
        before = target.exists()

    assert not before
    assert names(tmp_path) == ["deep", "deep/out", "deep/out/a"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "out", replace=False) as folder:
        (folder / "a").write_text(str(1 // 0), encoding="utf-8")

    assert names(tmp_path) == []


def test_an_existing_folder_is_refused_and_kept(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")

    with pytest.raises(StoreError, match="exists; name another folder, or ask to replace it"):
        fill(tmp_path / "out", "new")

    assert (tmp_path / "out" / "mark").read_text(encoding="utf-8") == "old"


def test_an_empty_folder_may_stand_there_already(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    fill(tmp_path / "out", "new")

    assert names(tmp_path) == ["out", "out/mark"]


def test_replacing_exchanges_the_whole_folder(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    (tmp_path / "out" / "stale").touch()

    fill(tmp_path / "out", "new", replace=True, marker="mark")

    assert names(tmp_path) == ["out", "out/mark"]
    assert (tmp_path / "out" / "mark").read_text(encoding="utf-8") == "new"


def test_a_failure_while_replacing_keeps_the_old_folder(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")

    with (
        pytest.raises(KeyboardInterrupt),
        atomic_folder(tmp_path / "out", replace=True),
    ):
        raise KeyboardInterrupt

    assert names(tmp_path) == ["out", "out/mark"]


def test_a_failed_exchange_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "out", "old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".new-" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StoreError, match="No space left on device"):
        fill(tmp_path / "out", "new", replace=True)

    assert (tmp_path / "out" / "mark").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["out", "out/mark"]


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").touch()

    with pytest.raises(StoreError, match=r"did not write \(it has no mark\)"):
        fill(tmp_path / "home", "new", replace=True, marker="mark")

    assert names(tmp_path) == ["home", "home/thesis.txt"]


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").touch()

    with pytest.raises(StoreError, match="is a file where a folder should be written"):
        fill(tmp_path / "out", "new", replace=True)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    fill(tmp_path / "real", "old")
    (tmp_path / "out").symlink_to(tmp_path / "real")

    fill(tmp_path / "out", "new", replace=True)

    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "mark").read_text(encoding="utf-8") == "new"


def test_a_parent_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a").touch()

    with pytest.raises(StoreError, match="cannot"):
        fill(tmp_path / "a" / "out", "new")


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_text("old", encoding="utf-8")

    with atomic_file(target) as stream:
        stream.write(b"new")
        before = target.read_text(encoding="utf-8")

    assert (before, target.read_text(encoding="utf-8")) == ("old", "new")
    assert names(tmp_path) == ["f"]


def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_text("old", encoding="utf-8")

    with pytest.raises(ZeroDivisionError), atomic_file(target) as stream:
        stream.write(b"half" * (1 // 0))

    assert target.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["f"]


def test_a_folder_where_a_file_should_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"), atomic_file(tmp_path):
        pass
