"""Exports of AWS taken apart into single records, as they are kept, and put together again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sod_analyzer.cloud.aws.authorization import Details, read


class Record(StrEnum):
    """What a record is about."""

    LOGIN = "user"
    GROUP = "group"
    ROLE = "role"
    POLICY = "managed policy"
    ORGANISATION = "organisation"  # what one call printed
    RESOURCES = "resource policies"  # what one call printed
    INVENTORY = "inventory"  # what runs as which role, in short
    EXPORT = "export"  # a whole file: what of it is not there
    PEOPLE = "identity center"  # that people were read, and to which roles assignments lead
    ACCOUNT = "account"  # which system an account is
    RIGHTS = "rights"  # an entitlement, and whose rights it stands for


#: The lists of an export, and what their records are.
LISTS: Mapping[str, Record] = {
    "UserDetailList": Record.LOGIN,
    "GroupDetailList": Record.GROUP,
    "RoleDetailList": Record.ROLE,
    "Policies": Record.POLICY,
}
#: Of these, an export says that something of it is missing.
_CUT = ("IsTruncated", "Marker")


@dataclass(frozen=True, order=True)
class Kept:
    """One record: its kind, what it is about, and what it says, as JSON."""

    kind: Record
    about: str
    document: str

    @property
    def said(self) -> dict[str, object]:
        """What it says."""
        found = json.loads(self.document)
        return found if isinstance(found, dict) else {}

    @property
    def export(self) -> tuple[str, object]:
        """The name of a file, and what it held."""
        return self.about, self.said.get("export")


def kept(kind: Record, about: str, document: object) -> Kept:
    """A record, spelled in one way."""
    return Kept(kind, about, json.dumps(document, sort_keys=True, ensure_ascii=False))


def cut_of(name: str, *, export: Mapping[str, object], lost: bool) -> Kept:
    """What is missing of an export: lists, a page, or a record that could not be read."""
    missing = sorted(key for key in LISTS if key not in export)
    cut = lost or any(export.get(key) for key in _CUT)
    return kept(Record.EXPORT, name, {"missing": missing, "cut": cut})


def details(records: Iterable[Kept]) -> Details:
    """What records say together, in whatever order.

    Records of a list that cannot be read were said when they were taken in, so that the problems
    of the result repeat those.
    """
    lists: dict[str, list[object]] = {key: [] for key in LISTS}
    names = {kind: key for key, kind in LISTS.items()}
    cut = False
    for each in sorted(records):
        key = names.get(each.kind)
        if key is not None:
            lists[key].append(each.said)
        elif each.kind is Record.EXPORT:
            cut = cut or bool(each.said.get("cut") or each.said.get("missing"))
    return read([("the exports", {**lists, "IsTruncated": cut})])
