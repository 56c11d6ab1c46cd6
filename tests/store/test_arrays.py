"""Arrays on disk: what was written comes back, and nothing else does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sod_analyzer.errors import StoreError
from sod_analyzer.store.arrays import read_about, read_arrays, write_arrays
from sod_analyzer.store.hashed import Ahead


def stored(folder: Path) -> Path:
    place = folder / "reach"
    arrays: dict[str, npt.NDArray[Any]] = {
        "holder": np.arange(5, dtype=np.int32),
        "flags": np.array([1, 2], np.uint8),
    }
    write_arrays(place, arrays, {"digest": "abc", "days": [1, 2]})
    return place


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    found = read_arrays(stored(tmp_path))

    assert found is not None
    assert found.about == {"digest": "abc", "days": [1, 2]}
    assert found.arrays["holder"].tolist() == [0, 1, 2, 3, 4]
    assert found.arrays["flags"].dtype == np.uint8
    assert not found.arrays["holder"].flags.writeable


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = stored(tmp_path / "a"), stored(tmp_path / "b")

    assert {p.name: p.read_bytes() for p in one.iterdir()} == {
        p.name: p.read_bytes() for p in other.iterdir()
    }


def test_writing_again_replaces_all_of_it(tmp_path: Path) -> None:
    place = stored(tmp_path)

    write_arrays(place, {"other": np.zeros(1)}, {})

    assert sorted(p.name for p in place.iterdir()) == ["manifest.json", "other.npy"]


@pytest.mark.parametrize("change", ["flip", "cut", "drop"])
def test_a_changed_file_is_found_out(tmp_path: Path, change: str) -> None:
    place = stored(tmp_path)
    path = place / "holder.npy"
    content = path.read_bytes()
    if change == "drop":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if change == "cut" else content[:-1] + b"\x09")

    with pytest.raises(StoreError, match=r"holder\.npy"):
        read_arrays(place)


@pytest.mark.parametrize(
    "manifest",
    [
        "{",
        "[]",
        '{"format": "another", "version": 1, "files": {}, "about": {}}',
        '{"format": "sod-analyzer arrays", "version": 99, "files": {}, "about": {}}',
        '{"format": "sod-analyzer arrays", "version": 1, "files": {"../x": "0"}, "about": {}}',
        '{"format": "sod-analyzer arrays", "version": 1, "files": {"a": 0}, "about": {}}',
    ],
)
def test_what_is_no_manifest_of_this_version_holds_nothing(tmp_path: Path, manifest: str) -> None:
    place = stored(tmp_path)
    (place / "manifest.json").write_text(manifest, encoding="utf-8")

    assert read_arrays(place) is None
    assert read_about(place) is None


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    """A file that its own manifest vouches for, and that would run code."""
    place = stored(tmp_path)
    np.save(place / "holder.npy", np.array([{}], dtype=object), allow_pickle=True)
    text = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    text["files"]["holder"] = hashlib.sha256((place / "holder.npy").read_bytes()).hexdigest()
    said = json.dumps([text["files"], text["about"]], sort_keys=True, separators=(",", ":"))
    text["sha256"] = hashlib.sha256(said.encode()).hexdigest()
    (place / "manifest.json").write_text(json.dumps(text), encoding="utf-8")

    with pytest.raises(StoreError, match=r"holder\.npy"):
        read_arrays(place)


def test_arrays_of_every_shape_come_back(tmp_path: Path) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {
        "none": np.empty(0, dtype=np.int32),
        "rows": np.arange(6, dtype=np.int64).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int8).reshape(2, 3)),
    }
    write_arrays(tmp_path / "reach", arrays, {})

    found = read_arrays(tmp_path / "reach", Ahead([tmp_path / "reach" / "rows.npy"]))

    assert found is not None
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].tolist() == array.tolist()


def test_nothing_there_is_nothing(tmp_path: Path) -> None:
    assert read_arrays(tmp_path / "none") is None
    assert read_about(tmp_path / "none") is None
