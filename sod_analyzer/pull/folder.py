"""The folder that a pull fills: each file whole or not there."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeAlias
from urllib.parse import quote

from sod_analyzer.errors import ConfigError

#: What is kept of an answer: None for all of it, or the keys to keep, at any depth of lists.
Shape: TypeAlias = "Mapping[str, Shape] | None"
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass
class Folder:
    """An empty folder, and what was written into it."""

    path: Path
    files: list[str] = field(default_factory=list)

    @classmethod
    def made(cls, path: Path) -> Folder:
        """The folder, made if it is not there.

        Raises:
            ConfigError: it is not empty, so that old files would be taken for new ones.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(f"{path} is not empty; name a folder that is not there yet")
        path.mkdir(parents=True, exist_ok=True)
        return cls(path)

    def write(self, name: str, answer: object) -> None:
        """One file, by a temporary name first; readable by nobody else."""
        path = self.path.joinpath(*(safe(each) for each in name.split("/")))
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(answer, default=_plain, ensure_ascii=False, indent=1, sort_keys=True)
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".", delete=False
        ) as stream:
            try:
                stream.write(text + "\n")
                stream.flush()
                os.replace(stream.name, path)  # noqa: PTH105 - one call, whole or not at all
            except BaseException:
                with suppress(OSError):
                    Path(stream.name).unlink()
                raise
        self.files.append(path.relative_to(self.path).as_posix())


def safe(name: str) -> str:
    """A part of a file's name that leads nowhere else; what is plain stays as it is."""
    if _PLAIN.fullmatch(name):
        return name
    quoted = quote(name, safe="")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


def kept(answer: object, shape: Shape) -> object:
    """What is kept of an answer: keys that are not named are gone, whatever they hold."""
    if shape is None:
        return answer
    if isinstance(answer, list):
        return [kept(each, shape) for each in answer]
    if isinstance(answer, Mapping):
        return {key: kept(answer[key], below) for key, below in shape.items() if key in answer}
    return None


def _plain(value: object) -> object:
    """Dates and bytes, as the command line prints them."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"an answer holds {type(value).__name__}")
