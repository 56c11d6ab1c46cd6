"""The hashes of a folder's files, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from sod_analyzer.errors import Problem, SourceRef, StoreError

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\n]+)")


def seal(folder: Path) -> None:
    """Write the hash of every file in a folder, folders below aside, into the file `SHA256SUMS`."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    lines = (f"{_digest(folder / name)}  {name}\n" for name in names)
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def check_seal(folder: Path, *, again: str) -> None:
    """See that every file of a folder is as it was when the folder was sealed.

    `again` says what to do otherwise. A file that came later changes nothing.

    Raises:
        StoreError: the folder has no seal, or a file is missing or changed; every such file.
    """
    problems: list[Problem] = []
    for name, digest in _stated(folder, again).items():
        path = folder / name
        try:
            said = None if _digest(path) == digest else "the file was changed since it was written"
        except OSError as error:
            said = error.strerror or str(error)
        if said:
            problems.append(Problem(f"{said}; {again}", SourceRef(path.as_posix())))
    if problems:
        raise StoreError(problems)


def _stated(folder: Path, again: str) -> dict[str, str]:
    where = SourceRef((folder / SUMS).as_posix())
    try:
        text = (folder / SUMS).read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{error.strerror or error}; {again}", where=where) from None
    except UnicodeDecodeError:
        text = "?"
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    if not found or None in found:
        raise StoreError(f"this is no list of hashes; {again}", where=where)
    return {match[2]: match[1] for match in found if match}


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
