"""Arrays on disk that are looked into without being read: one .npy file each, and a manifest.

Source: the format is NumPy's own, version 1 (NEP 1), without pickles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from sod_analyzer.errors import Problem, SourceRef, StoreError
from sod_analyzer.store.atomic import atomic_folder
from sod_analyzer.store.hashed import Ahead

_MANIFEST = "manifest.json"
_FORMAT = "sod-analyzer arrays"
_VERSION = 1
_MAX_MANIFEST_BYTES = 16 * 1024**2

_THREADS = 2

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Arrays:
    """Named arrays, mapped into memory and not writable, and what was said of them."""

    about: Mapping[str, Any]
    arrays: Mapping[str, Array]


def write_arrays(folder: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Store arrays and what there is to say of them, in place of any that the folder holds.

    `about` is what JSON can hold. The same arrays give the same bytes.

    Raises:
        StoreError: the folder holds something else, or cannot be written.
    """
    with atomic_folder(folder, replace=True, marker=_MANIFEST) as grown:
        try:
            files = {name: _write(grown / f"{name}.npy", arrays[name]) for name in sorted(arrays)}
            manifest = {
                "format": _FORMAT,
                "version": _VERSION,
                "files": files,
                "about": dict(about),
                "sha256": _own_digest(files, about),
            }
            text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
            (grown / _MANIFEST).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise StoreError(f"cannot write '{folder}': {error.strerror or error}") from error


def _write(path: Path, array: Array) -> str:
    np.save(path, array, allow_pickle=False)
    return _digest(path)


def read_about(folder: Path) -> Mapping[str, Any] | None:
    """What was said of the arrays in a folder; None where there are none of this version.

    Raises:
        StoreError: the manifest is not as it was written.
    """
    found = _manifest(folder)
    return None if found is None else found["about"]


def read_arrays(folder: Path, ahead: Ahead | None = None) -> Arrays | None:
    """The arrays in a folder; None where there are none of this version.

    `ahead` has files of which the hash was asked for before.

    Cost: hashes every file; the arrays themselves are read where they are looked at.

    Raises:
        StoreError: a file is missing or was changed; every such file.
    """
    found = _manifest(folder)
    if found is None:
        return None
    files = sorted(found["files"].items())
    with ThreadPoolExecutor(_THREADS) as threads:
        results = list(threads.map(partial(_read, folder, ahead or Ahead()), files))
    problems = [each for each in results if isinstance(each, Problem)]
    if problems:
        raise StoreError(problems)
    arrays = {
        name: each
        for (name, _), each in zip(files, results, strict=True)
        if not isinstance(each, Problem)
    }
    return Arrays(found["about"], arrays)


def _read(folder: Path, ahead: Ahead, file: tuple[str, str]) -> Array | Problem:
    name, digest = file
    path = folder / f"{name}.npy"
    hashed = ahead.file(path)
    try:
        stream, found = hashed.open()
        if found != digest:
            text = "the file is damaged or was changed: its hash is not the manifest's"
            return Problem(text, SourceRef(path.as_posix()))
        return _mapped(stream)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return Problem(said, SourceRef(path.as_posix()))


def _mapped(stream: BinaryIO) -> Array:
    """An array of the stream that was hashed: what is checked is what is looked into."""
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"version {version} of the format is not known here")
    shape, columns_first, kind = np.lib.format.read_array_header_1_0(stream)
    if kind.hasobject:
        raise ValueError("it holds objects, not numbers")
    order: Literal["C", "F"] = "F" if columns_first else "C"
    return np.memmap(stream, kind, "r", stream.tell(), shape, order)


def _manifest(folder: Path) -> dict[str, Any] | None:
    path = folder / _MANIFEST
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(_MAX_MANIFEST_BYTES))
        known = found["format"] == _FORMAT and found["version"] == _VERSION
        names = all(isinstance(name, str) and name.isidentifier() for name in found["files"])
        if not known or not names or not isinstance(found["about"], dict):
            return None
        same = found["sha256"] == _own_digest(found["files"], found["about"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not same:
        text = "the file is damaged or was changed: its hash is not the one it states"
        raise StoreError(text, where=SourceRef(path.as_posix()))
    return dict(found)


def _own_digest(files: Mapping[str, str], about: Mapping[str, Any]) -> str:
    """The hash of what a manifest says, which finds out accidents."""
    text = json.dumps([files, about], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
