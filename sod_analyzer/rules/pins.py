"""What was approved for each mitigation, kept in `approvals/pins.yaml` beside the configuration.

Written when somebody approves, never by hand: a file whose content does not fit its own digest is
refused. Its texts are written as JSON, which is YAML too, so that nothing in a name can be read in
a second way.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sod_analyzer.documents import Problems, bind, bound, read_document
from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.mitigation import Pin

PINS_NAME = "pins.yaml"
#: The mitigation's id, the subject's key and the place.
PinKey = tuple[str, str, str]

#: A document may not be longer, see `documents`.
MAX_BYTES = 5 * 1024**2
_MARKS = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_HEAD = "# Written by `sod rules approve`; a change by hand is refused.\n"


@dataclass(frozen=True, slots=True)
class Pins:
    """Pins by mitigation, subject and place, and the digest of the register they were made for."""

    register: str
    pins: Mapping[PinKey, Pin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _HeldShape:
    duty: str
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PinShape:
    mitigation: str
    subject: str
    place: str
    rule_digest: str
    means: tuple[str, ...]
    ways: tuple[_HeldShape, ...]
    where: SourceRef


@dataclass(frozen=True, slots=True)
class _PinsShape:
    register: str
    digest: str
    pins: tuple[_PinShape, ...]


def load_pins(path: Path, *, shown: str | None = None) -> Pins | None:
    """The pins in this file; None when there is no such file, so nothing was ever approved.

    Raises:
        RulesetError: the file is damaged or was changed by hand.
    """
    if not path.exists():
        return None
    document = read_document(path, error=RulesetError, shown=path.name if shown is None else shown)
    problems = Problems(document.path, RulesetError)
    shape = bound(bind(document.root, _PinsShape, problems), problems)
    pins: dict[PinKey, Pin] = {}
    for each in shape.pins:
        key = (each.mitigation, each.subject, each.place)
        if key in pins:
            problems.say(each.where.line, f"{' '.join(key)}: stands twice")
        ways = {held.duty: tuple(sorted(held.held)) for held in each.ways}
        pins[key] = Pin(each.rule_digest, each.means, ways)
    if _digest(shape.register, pins) != shape.digest:
        problems.say(
            document.line("digest"),
            "digest: the file does not fit it, so it was changed by hand; "
            "approve the mitigations again with `sod rules approve`",
        )
    problems.settle()
    return Pins(shape.register, dict(sorted(pins.items())))


def write_pins(path: Path, pins: Pins) -> None:
    """Replaces the file in one step; the same pins give the same bytes.

    Raises:
        RulesetError: it cannot be written, or would be too long to be read again.
    """
    text = pins_text(pins)
    size = len(text.encode("utf-8"))
    if size > MAX_BYTES:
        raise RulesetError(
            f"{len(pins.pins):,} pins need {size:,} bytes; at most {MAX_BYTES:,} can be read again",
            where=SourceRef(path.name),
        )
    write_text(path, text)


def pins_text(pins: Pins) -> str:
    """The file as it is written: sorted, one pin after the other."""
    lines = [
        _HEAD,
        f"register: {quoted_text(pins.register)}\n",
        f"digest: {quoted_text(_digest(pins.register, pins.pins))}\n",
        "pins:\n" if pins.pins else "pins: []\n",
    ]
    for (mitigation, subject, place), pin in sorted(pins.pins.items()):
        ways = [
            f"      - {{duty: {quoted_text(duty)}, held: {_listed(held)}}}\n"
            for duty, held in sorted(pin.ways.items())
        ]
        lines += [
            f"  - mitigation: {quoted_text(mitigation)}\n",
            f"    subject: {quoted_text(subject)}\n",
            f"    place: {quoted_text(place)}\n",
            f"    rule_digest: {quoted_text(pin.rule_digest)}\n",
            f"    means: {_listed(pin.means)}\n",
            "    ways:\n" if ways else "    ways: []\n",
            *ways,
        ]
    return "".join(lines)


def canonical_digest(meaning: object) -> str:
    """SHA-256, in hex, over JSON with sorted keys: what was parsed, not how it was written."""
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def quoted_text(text: str) -> str:
    """The text as a YAML scalar that nobody can read in a second way."""
    return _MARKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def write_text(path: Path, text: str | bytes) -> None:
    """The file `path`, whole or not at all.

    Raises:
        RulesetError: it cannot be written.
    """
    grown = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with grown.open("xb") as stream:
            stream.write(text.encode("utf-8") if isinstance(text, str) else text)
            stream.flush()
            os.fsync(stream.fileno())
        grown.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RulesetError(f"cannot be written: {reason}", where=SourceRef(path.name)) from error
    finally:
        grown.unlink(missing_ok=True)


def _listed(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(quoted_text(text) for text in texts)}]"


def _digest(register: str, pins: Mapping[PinKey, Pin]) -> str:
    meaning: list[Any] = [
        [
            list(key),
            pin.rule_digest,
            list(pin.means),
            {duty: sorted(held) for duty, held in pin.ways.items()},
        ]
        for key, pin in sorted(pins.items())
    ]
    return canonical_digest({"register": register, "pins": meaning})
