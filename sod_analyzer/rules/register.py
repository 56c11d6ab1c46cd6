"""The register of mitigations: which control stands for whom in which place, and who answers.

A YAML file, a workbook or a CSV; all three are read into the same stated entries and checked by
the same code. A list of people or places becomes one mitigation each, so that each is pinned,
judged and printed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sod_analyzer.documents import Document, document_source_row, quoted, read_document, suggest
from sod_analyzer.documents.scalars import CONVERSIONS
from sod_analyzer.errors import Problem, RulesetError, SourceRef
from sod_analyzer.model.mitigation import Mitigation
from sod_analyzer.rules.frequency import FREQUENCIES, frequency_days
from sod_analyzer.rules.pins import Pins, canonical_digest
from sod_analyzer.rules.register_entries import (
    ID_COLUMNS,
    KEYS,
    LISTS,
    NEEDED,
    REGISTER_SOURCE,
    SHEET,
    Stated,
    called,
    entries_of_document,
    entries_of_grid,
    source_row,
    within,
)
from sod_analyzer.rules.sheets import TEXTS, WORKBOOKS, read_grid

#: More people times places than this is no list that anybody went through.
MOST = 20_000

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EVERYONE = frozenset({"all", "any", "everyone", "everybody", "everywhere"})


@dataclass(frozen=True)
class Register:
    """The mitigations of one file, sorted by id, subject and place.

    `digest` is of what is stated, not of comments, order or format: the same entries in YAML and
    in a workbook have the same digest. `last_performed` is not in it, since recording that a
    control was performed is its use, not a change of what was approved (ADR 11).
    """

    path: str
    mitigations: tuple[Mitigation, ...]
    digest: str
    meaning: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)  # the file verbatim, for the evidence
    sha256: str
    source: Mapping[str, object] = field(repr=False)  # its row of `sources`
    pinned_digest: str | None = None  # of the register that the pins were made for

    @property
    def suffix(self) -> str:
        """`.yaml`, `.xlsx` …, in lower case."""
        return Path(self.path).suffix.lower()


def load_register(path: Path, *, pins: Pins | None = None, shown: str | None = None) -> Register:
    """The register in this file, each mitigation with the pin that `pins` hold for it.

    The name's ending tells the format: .yaml, .yml, .xlsx, .xlsm or .csv. `shown` is how messages
    and reports name the file.

    Raises:
        RulesetError: with every problem and its place: file and line, or sheet and cell.
    """
    name = path.name if shown is None else shown
    problems: list[Problem] = []
    suffix = path.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        document = read_document(path, error=RulesetError, shown=name)
        stated = entries_of_document(document, problems)
        content, sha256 = _bytes(document), document.sha256
        lines = [entry.where.line or 0 for entry in stated]
        source = document_source_row(
            document, source_id=REGISTER_SOURCE, kind="mitigations", records=lines
        )
    elif suffix in WORKBOOKS | TEXTS:
        known = {*KEYS, *ID_COLUMNS}
        grid = read_grid(path, shown=name, known=known, sheet=SHEET)
        stated = entries_of_grid(grid, name, problems)
        content, sha256 = grid.content, grid.sha256
        source = source_row(grid, name, suffix)
    else:
        raise RulesetError(
            "a register of mitigations is a .yaml, .xlsx or .csv file", where=SourceRef(name)
        )
    mitigations = _checked(stated, pins, problems)
    if problems:
        raise RulesetError(sorted(dict.fromkeys(problems), key=_order))
    meaning = _meaning(mitigations)
    return Register(
        path=name,
        mitigations=mitigations,
        digest=canonical_digest(meaning),
        meaning=meaning,
        content=content,
        sha256=sha256,
        source=source,
        pinned_digest=None if pins is None else pins.register,
    )


def _bytes(document: Document) -> bytes:
    return document.text.encode(document.encoding)


def _days(text: str) -> int:
    """How many days may pass between two performances.

    Raises:
        ValueError: with a text that goes on after the quoted value.
    """
    days = frequency_days(text)
    if days is None:
        near = suggest(text, FREQUENCIES)
        near = near if "did you" in near else ""
        known = ", ".join(FREQUENCIES)
        raise ValueError(f"is neither {known} nor a number such as '30 days'{near}")
    return days


# -- checks ----------------------------------------------------------------------------------------


def _checked(
    stated: Iterable[Stated], pins: Pins | None, problems: list[Problem]
) -> tuple[Mitigation, ...]:
    found: list[Mitigation] = []
    for entry in stated:
        found.extend(_mitigations(entry, problems))
        if len(found) > MOST:
            text = (
                f"more than {MOST:,} people and places in all; nobody went through these one by one"
            )
            problems.append(Problem(text, entry.where))
            break
    _refuse_overlaps(found, problems)
    held = {} if pins is None else pins.pins
    pinned = [
        replace(each, pin=held.get((each.mitigation_id, each.subject_key, each.place)))
        for each in found
    ]
    return tuple(sorted(pinned, key=lambda m: (m.mitigation_id, m.subject_key, m.place)))


class _Reader:
    """One entry's fields, and what is wrong with them; a class to carry the entry along."""

    def __init__(self, entry: Stated, problems: list[Problem]) -> None:
        self._entry = entry
        self._problems = problems
        self.name = called(entry.mitigation_id)

    def say(self, text: str, key: str | None = None) -> None:
        """A problem, at the place of the key where that stands in the file."""
        stated = self._entry.fields.get(key) if key else None
        where = stated.where if stated else self._entry.where
        self._problems.append(Problem(f"{self.name}: {text}", where))

    def text(self, key: str) -> str | None:
        """The one text of a key; None when it is absent or refused."""
        stated = self._entry.fields.get(key)
        if stated is None or (stated.fault is None and not any(stated.texts)):
            if key in NEEDED:
                self.say(f"'{key}' is missing: {NEEDED[key]}", key)
            return None
        if stated.fault is not None:
            # An empty fault was told already.
            if stated.fault:
                self.say(f"{key} is {stated.fault}", key)
            return None
        if len(stated.texts) > 1:
            self.say(f"{key}: must be one, not a list", key)
            return None
        return stated.texts[0]

    def converted(self, key: str, convert: Callable[[str], Any]) -> Any:
        """The key's value, or None when it is absent or refused."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.say(f"{key}: {quoted(text)} {error}", key)
            return None

    def several(self, one: str) -> tuple[str, ...] | None:
        """What 'person' or 'people' names, none of it twice and none of it a wildcard."""
        many = LISTS[one]
        given = [key for key in (one, many) if key in self._entry.fields]
        if len(given) > 1:
            self.say(f"has both '{one}' and '{many}'; keep one", many)
            return None
        if not given:
            return ()
        (key,) = given
        stated = self._entry.fields[key]
        if stated.fault is not None:
            self.say(f"{key} is {stated.fault}", key)
            return None
        if not stated.texts or not all(stated.texts):
            self.say(f"{key}: is empty", key)
            return None
        well = True
        for text in dict.fromkeys(stated.texts):
            if stated.texts.count(text) > 1:
                self.say(f"{key}: {quoted(text)} stands twice", key)
                well = False
            well = self._named(key, text, one) and well
        return stated.texts if well else None

    def _named(self, key: str, text: str, one: str) -> bool:
        if "*" not in text and "?" not in text and text.lower() not in _EVERYONE:
            return True
        self.say(f"{key}: {quoted(text)} is a wildcard; name each {one}, as a list", key)
        return False

    def rule(self) -> str | None:
        """The rule's id."""
        text = self.text("rule")
        return text if text is not None and self._named("rule", text, "rule") else None


def _mitigations(entry: Stated, problems: list[Problem]) -> Iterator[Mitigation]:
    reader = _Reader(entry, problems)
    before = len(problems)
    if _ID.fullmatch(entry.mitigation_id) is None:
        reader.say("an id has letters, digits, '.', '_' and '-' only, at most 64")
    for key in entry.fields:
        if key not in KEYS:
            reader.say(f"unknown key {quoted(key)}{suggest(key, KEYS)}", key)
    rule_id = reader.rule()
    texts = {key: reader.text(key) for key in ("control", "owner", "approver", "performer")}
    evidence = reader.text("evidence")
    days: dict[str, date | None] = {
        key: reader.converted(key, CONVERSIONS[date])
        for key in ("approved_on", "valid_until", "last_performed")
    }
    frequency = reader.converted("frequency", _days)
    people, places = reader.several("person"), reader.several("place")
    if places == ():
        reader.say("'place' is missing: the application, system or resource it is for")
    approved_on, valid_until = days["approved_on"], days["valid_until"]
    if approved_on and valid_until and valid_until < approved_on:
        reader.say(
            f"valid_until: {valid_until} is before {approved_on}, when it was approved",
            "valid_until",
        )
    if len(problems) > before or not (approved_on and valid_until and rule_id and places):
        return
    if len(people or places) * len(places) > MOST:
        reader.say(f"more than {MOST:,} people and places")
        return
    for place in places:
        # A rule that counts people judges the place itself.
        for subject in people or (place,):
            yield Mitigation(
                mitigation_id=entry.mitigation_id,
                control=texts["control"] or "",
                rule_id=rule_id,
                subject_key=subject,
                place=place,
                owner=texts["owner"] or "",
                approver=texts["approver"] or "",
                performer=texts["performer"] or "",
                approved_on=approved_on,
                valid_until=valid_until,
                frequency_days=frequency,
                last_performed=days["last_performed"],
                evidence=evidence,
                where=entry.where,
            )


def _refuse_overlaps(found: Iterable[Mitigation], problems: list[Problem]) -> None:
    """One rule, subject and place has one mitigation a day; a later one may follow it."""
    latest: dict[tuple[str, str, str], Mitigation] = {}
    for each in sorted(found, key=lambda m: (m.approved_on, m.valid_until, m.mitigation_id)):
        key = (each.rule_id, each.subject_key, each.place)
        earlier = latest.get(key)
        if earlier is not None and each.approved_on <= earlier.valid_until:
            text = (
                f"{called(each.mitigation_id)}: {each.rule_id} for {each.subject_key} in "
                f"{each.place} stands twice: {earlier.mitigation_id} in "
                f"{within(earlier.where)} holds until {earlier.valid_until}; "
                "remove one, or end it before the other is approved"
            )
            problems.append(Problem(text, each.where))
        if earlier is None or each.valid_until > earlier.valid_until:
            latest[key] = each


def _meaning(mitigations: Iterable[Mitigation]) -> dict[str, Any]:
    """What is stated, one entry for each id, subject and place, as JSON."""
    return {
        f"{each.mitigation_id} {each.subject_key} in {each.place}": {
            "rule": each.rule_id,
            "control": each.control,
            "owner": each.owner,
            "approver": each.approver,
            "performer": each.performer,
            "approved_on": each.approved_on.isoformat(),
            "valid_until": each.valid_until.isoformat(),
            "frequency_days": each.frequency_days,
            "evidence": each.evidence,
        }
        for each in mitigations
    }


def _order(problem: Problem) -> tuple[int, str]:
    where = problem.where
    return ((where.line or 0), where.pointer or "") if where else (0, "")
