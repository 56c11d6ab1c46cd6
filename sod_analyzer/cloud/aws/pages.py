"""What the AWS command line prints: pages of records, looked through with an eye on what is not so.

Nothing here raises: whatever is not as AWS documents it is a text with its file and place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias

Record: TypeAlias = Mapping[str, object]
#: What AWS calls the way to the next page; which one depends on the service.
_GOES_ON = ("NextToken", "nextToken", "NextMarker", "nextMarker", "Marker", "NextPageToken")
#: With this, or without a word on it, a marker is said to go on.
_CUT = ("IsTruncated", "isTruncated", "Truncated")
_SHOWN = 60


@dataclass
class Pages:
    """Looks into exports, and gathers what is wrong with them."""

    problems: list[str] = field(default_factory=list)

    def say(self, where: str, text: str) -> None:
        """Something is wrong at a place."""
        self.problems.append(f"{where}: {text}")

    def opened(self, name: str, export: object) -> Iterator[tuple[str, Record]]:
        """The objects of an export, each with its place: one, or a list of pages."""
        if isinstance(export, Mapping):
            if goes_on(export):
                self.say(name, "a page is missing, the export says that it goes on")
            yield name, export
        elif isinstance(export, list):
            for number, each in enumerate(export, 1):
                where = f"{name}[{number}]"
                if isinstance(each, Mapping):
                    if goes_on(each) and number == len(export):
                        self.say(where, "a page is missing, the export says that it goes on")
                    yield where, each
                else:
                    self.say(where, f"{shown(each)} is no object")
        else:
            self.say(name, f"{shown(export)} is no object and no list")

    def records(self, where: str, holder: Record, key: str) -> list[tuple[str, Record]]:
        """The objects of a list, each with its place; none where it is null or is not there."""
        found = holder.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.say(f"{where}: {key}", f"{shown(found)} is no list")
            return []
        kept = []
        for number, each in enumerate(found, 1):
            place = f"{where}: {key}[{number}]"
            if isinstance(each, Mapping):
                kept.append((place, each))
            else:
                self.say(place, f"{shown(each)} is no object")
        return kept

    def texts(self, where: str, holder: Record, key: str) -> list[str]:
        """The texts of a list; none where it is null or is not there."""
        found = holder.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.say(f"{where}: {key}", f"{shown(found)} is no list")
            return []
        for number, each in enumerate(found, 1):
            if not isinstance(each, str):
                self.say(f"{where}: {key}[{number}]", f"{shown(each)} is no text")
        return [each for each in found if isinstance(each, str)]

    def needed(self, where: str, record: Record, key: str) -> str | None:
        """A text without which the record is of no use; None and said where it is not there."""
        found = record.get(key)
        if isinstance(found, str) and found:
            return found
        said = "is missing" if found is None else f"is {shown(found)}, not a text"
        self.say(where, f"{key} {said}; the record is left out")
        return None

    def text(self, where: str, record: Record, key: str) -> str:
        """A text that may be absent; what is there and is none is said."""
        found = record.get(key)
        if found is None or isinstance(found, str):
            return found or ""
        self.say(where, f"{key} is {shown(found)}, not a text")
        return ""

    def inner(self, where: str, record: Record, key: str) -> Record:
        """An object that may be absent; what is there and is none is said."""
        found = record.get(key)
        if isinstance(found, Mapping):
            return found
        if found is not None:
            self.say(where, f"{key} is {shown(found)}, not an object")
        return {}

    def done(self) -> tuple[str, ...]:
        """All that was said, each once, in the order in which it was found."""
        return tuple(dict.fromkeys(self.problems))


def goes_on(export: Record) -> bool:
    """Whether a page says that another one follows it."""
    cut = [export[key] for key in _CUT if key in export]
    if cut and not any(cut):
        return False  # some services repeat the marker of the page itself
    return any(cut) or any(export.get(key) for key in _GOES_ON)


def stem(name: str) -> str:
    """What a file's name says it is about: `list-accounts-for-parent/ou-1.json` about `ou-1`."""
    return PurePosixPath(name.replace("\\", "/").partition("[")[0]).name.partition(".")[0]


def account_in(arn: str) -> str:
    """The account that an ARN names; empty where it names none or is no ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else ""  # noqa: PLR2004 - segments


def shown(value: object) -> str:
    """A value for a message, short."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
