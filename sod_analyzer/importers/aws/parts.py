"""What a folder of AWS exports has beside logins and roles: by the names of its folders."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from sod_analyzer.importers.files import open_text
from sod_analyzer.model.batch import RawFile

#: A credential report is some hundred bytes a login.
_MOST_BYTES = 256 * 1024**2


class Part(StrEnum):
    """What files of one folder are about; each is named as the pull names it."""

    DETAILS = "iam"
    ORGANISATION = "organizations"
    PEOPLE = "identity-center"
    RESOURCES = "resource-policies"
    INVENTORY = "inventory"
    CREDENTIALS = "get-credential-report"
    NOTES = "pull"


_BY_FOLDER: Mapping[str, Part] = {
    str(part): part
    for part in (Part.ORGANISATION, Part.PEOPLE, Part.RESOURCES, Part.INVENTORY, Part.DETAILS)
}


def part_of(file: RawFile) -> Part:
    """What a file is about: by its own name, else the nearest folder that says so."""
    path = PurePosixPath(file.path)
    stem = path.name.partition(".")[0]
    if path.suffix.lower() == ".csv" or stem == Part.CREDENTIALS:
        return Part.CREDENTIALS
    if stem == Part.NOTES:
        return Part.NOTES
    for folder in reversed(path.parent.parts):
        found = _BY_FOLDER.get(folder)
        if found is not None:
            return found
    return Part.DETAILS


def read_csv(file: RawFile) -> str:
    """The text of a credential report. Raises `InputError` where it cannot be read."""
    with open_text(file, max_bytes=_MOST_BYTES) as opened:
        return opened.stream.read()
