"""Files and folders that appear whole, or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sod_analyzer.errors import StoreError


@contextmanager
def atomic_folder(target: Path, *, replace: bool, marker: str | None = None) -> Iterator[Path]:
    """A new folder to write into, which becomes `target` when the block ends well.

    The folder grows beside `target`, under a hidden name. An empty folder may stand at `target`
    already. With `replace`, a folder that holds something is exchanged for the new one: it is set
    aside first and deleted last, and put back if the exchange fails. `marker` is the path of a
    file in it which shows that this tool wrote it; without that file nothing is replaced. If the
    block raises, nothing is left behind and `target` is as it was.

    Raises:
        StoreError: something stands at `target` that may not be replaced, or cannot be written.
    """
    place = _resolved(target)
    _check_replaceable(place, marker=marker, replace=replace)
    grown = _beside(place, "new")
    with _explained(f"cannot write into '{place.parent}'"):
        place.parent.mkdir(parents=True, exist_ok=True)
        grown.mkdir()
    try:
        yield grown
        # Again: it may have changed while the block ran.
        _check_replaceable(place, marker=marker, replace=replace)
        with _explained(f"cannot write '{place}'"):
            _exchange(grown, place)
    finally:
        shutil.rmtree(grown, ignore_errors=True)


@contextmanager
def atomic_file(target: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `target` when the block ends well.

    A plain file at `target` is replaced in one step. If the block raises, nothing is left behind.

    Raises:
        StoreError: a folder stands at `target`, or it cannot be written.
    """
    place = _resolved(target)
    if place.is_dir():
        raise StoreError(f"'{place}' is a folder; name a file in it")
    grown = _beside(place, "new")
    try:
        with _explained(f"cannot write '{place}'"):
            place.parent.mkdir(parents=True, exist_ok=True)
            stream = grown.open("xb")
        with stream:
            yield stream
        with _explained(f"cannot write '{place}'"):
            grown.replace(place)
    finally:
        grown.unlink(missing_ok=True)


def _resolved(target: Path) -> Path:
    """The place itself, behind any symbolic link, so that a link stays a link."""
    with _explained(f"cannot find '{target}'"):
        return target.resolve()


def _beside(place: Path, word: str) -> Path:
    """A name in the same folder that nobody else takes."""
    return place.with_name(f".{place.name}.{word}-{secrets.token_hex(6)}")


def _check_replaceable(place: Path, *, marker: str | None, replace: bool) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise StoreError(f"'{place}' is a file where a folder should be written; name another")
    with _explained(f"cannot look into '{place}'"):
        holds = any(place.iterdir())
    if not holds:
        return
    if not replace:
        raise StoreError(f"'{place}' exists; name another folder, or ask to replace it")
    if marker is not None and not (place / marker).is_file():
        raise StoreError(
            f"'{place}' holds files that this tool did not write (it has no {marker}), "
            "so it is not replaced; name another folder"
        )


def _exchange(grown: Path, place: Path) -> None:
    if not place.exists():
        grown.rename(place)
        return
    old = _beside(place, "old")
    place.rename(old)
    try:
        grown.rename(place)
    except BaseException:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or error}") from error
