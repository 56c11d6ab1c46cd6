"""The credential report of an AWS account: passwords, second factors and access keys of logins.

Source: "Getting credential reports for your AWS account" of the IAM documentation.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sod_analyzer.cloud.aws.pages import Pages, account_in, shown

#: What stands in place of a date or of yes and no where there is none.
_NONE = frozenset({"", "N/A", "no_information", "not_supported"})
_NEEDED = ("user", "arn", "password_enabled", "mfa_active", "access_key_1_active")
_SLOTS = (1, 2)


@dataclass(frozen=True)
class Key:
    """An access key; `used_at` is None where no use of it was recorded."""

    slot: int
    active: bool
    rotated_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True)
class Credentials:
    """What a login can sign in with; None stands for what the report does not say.

    `password_used_at` is None where no use was recorded. `keys` has active ones and others.
    """

    arn: str
    name: str
    root: bool
    created_at: datetime | None
    password: bool | None
    password_used_at: datetime | None
    password_changed_at: datetime | None
    mfa: bool | None
    keys: tuple[Key, ...]

    @property
    def usable(self) -> bool | None:
        """Whether somebody can sign in with a password or a key; None if it may be."""
        if self.password or any(key.active for key in self.keys):
            return True
        return None if self.password is None else False


@dataclass(frozen=True)
class Report:
    """Credentials by the ARN of the login, and what could not be read."""

    logins: Mapping[str, Credentials]
    problems: tuple[str, ...] = ()


def read(exports: Iterable[tuple[str, object]]) -> Report:
    """What named reports say: each is the text of a CSV, or what `get-credential-report` printed.

    A row that cannot be read in part is kept, and what could not be read is None and said.
    """
    pages = Pages()
    logins: dict[str, Credentials] = {}
    for name, export in exports:
        text = _text(pages, name, export)
        if text is not None:
            _rows(pages, name, text, logins)
    return Report(dict(sorted(logins.items())), pages.done())


def _text(pages: Pages, name: str, export: object) -> str | None:
    """The CSV, which the API has in base 64."""
    if isinstance(export, str):
        return export
    content = export.get("Content") if isinstance(export, Mapping) else None
    if not isinstance(content, str):
        pages.say(name, f"{shown(export)} is no credential report")
        return None
    if content.startswith("user,"):
        return content
    try:
        return base64.b64decode(content, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pages.say(name, f"Content {shown(content)} is no text in base 64")
        return None


def _rows(pages: Pages, name: str, text: str, logins: dict[str, Credentials]) -> None:
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in rows:
            where = f"{name}: line {rows.line_num}"
            if header is None:
                header = row
                lacking = [each for each in _NEEDED if each not in header]
                if lacking:
                    pages.say(where, f"it is no credential report, it lacks {', '.join(lacking)}")
                    return
            elif len(row) != len(header):
                pages.say(
                    where, f"it has {len(row)} fields, expected {len(header)}; it is left out"
                )
            else:
                _row(pages, where, dict(zip(header, row, strict=True)), logins)
    except csv.Error as error:
        pages.say(f"{name}: line {rows.line_num}", f"{error}; what follows is left out")
    if header is None:
        pages.say(name, "it is empty")


@dataclass(frozen=True)
class _Row:
    """One row, and where it stands."""

    pages: Pages
    where: str
    cells: Mapping[str, str]

    def flag(self, column: str) -> bool | None:
        """Yes or no; None where the report has neither."""
        value = self.cells.get(column, "")
        if value in _NONE:
            return None
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        self.pages.say(self.where, f"{column} is {shown(value)}, not true or false")
        return None

    def at(self, column: str) -> datetime | None:
        """A time with its zone; None where the report has none."""
        value = self.cells.get(column, "")
        if value in _NONE:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.pages.say(self.where, f"{column} is {shown(value)}, no date")
            return None
        if found.tzinfo is None:
            self.pages.say(self.where, f"{column} is {shown(value)}, without a time zone")
            return None
        return found

    def key(self, slot: int) -> Key | None:
        """The key of a slot; None where there is none."""
        active = self.flag(f"access_key_{slot}_active")
        rotated = self.at(f"access_key_{slot}_last_rotated")
        used = self.at(f"access_key_{slot}_last_used_date")
        # The report says false of a key that there is not; one that there is was made some day.
        if not active and rotated is None and used is None:
            return None
        return Key(slot, active is not False, rotated, used)


def _row(
    pages: Pages, where: str, cells: Mapping[str, str], logins: dict[str, Credentials]
) -> None:
    arn = cells["arn"]
    if not account_in(arn):
        pages.say(where, f"{shown(arn)} is no ARN; the row is left out")
        return
    row = _Row(pages, where, cells)
    found = Credentials(
        arn,
        cells["user"],
        cells["user"] == "<root_account>" or arn.endswith(":root"),
        row.at("user_creation_time"),
        row.flag("password_enabled"),
        row.at("password_last_used"),
        row.at("password_last_changed"),
        row.flag("mfa_active"),
        tuple(key for slot in _SLOTS if (key := row.key(slot)) is not None),
    )
    if logins.setdefault(arn, found) != found:
        pages.say(where, f"{arn} is there twice and differs; the first is taken")
